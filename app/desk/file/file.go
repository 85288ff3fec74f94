package file

import (
	"bytes"
	"io"
	"os"

	"github.com/gabriel-vasile/mimetype"

	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// maxPending limits one person's unused uploads, and maxPendingFiles their total size in multiples of the largest
// allowed file, so that nobody can fill the disk with files that belong to nothing.
const (
	maxPending      = 200
	maxPendingFiles = 20
)

// Witness makes read run after somebody of the desk has opened a file of a confidential ticket, each time they do. It is called
// before anything else.
func (fs *Files) Witness(read func(a policy.Actor, ticket, file uint64)) { fs.readBy = read }

// Keep stores a person's upload as a pending file: it belongs only to them until a message, note or article uses it,
// and is removed after a day. The media type comes from the content, never from the name. Empty files are stored too.
// It stores nothing and returns TooLarge "error.file-too-large" above the limit, and Invalid "error.pending-files" when
// the person has too many pending files.
func (fs *Files) Keep(a policy.Actor, name string, r io.Reader) (*store.File, error) {
	return fs.KeepUpTo(a, name, r, fs.maxFile)
}

// KeepUpTo is Keep with another limit of bytes. The bytes go to the disk as they come.
func (fs *Files) KeepUpTo(a policy.Actor, name string, r io.Reader, most int64) (*store.File, error) {
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	a.Once = nil // a form that is refused keeps its files and its key
	if err := fs.mayKeepMore(a); err != nil {
		return nil, err
	}
	head := make([]byte, 3072)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	blob, err := fs.st.PutBlob(io.MultiReader(bytes.NewReader(head), r), most)
	if err != nil {
		return nil, err
	}
	f := &store.File{Person: a.ID(), Name: markup.FileName(name), Type: mimetype.Detect(head).String(), Size: blob.Size, Sum: blob.Sum}
	err = fs.st.Update(a.By(act.Upload), func(tx *db.Tx) error {
		c := *f
		if err := store.Files.Put(tx, &c); err != nil {
			return err
		}
		f.Row = c.Row
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (fs *Files) mayKeepMore(a policy.Actor) error {
	return fs.st.View(func(tx *db.Tx) error {
		n, size := 0, int64(0)
		for f, err := range store.FilesPending.Rows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			if f.Person == a.ID() {
				n, size = n+1, size+f.Size
			}
		}
		if n >= maxPending || size >= maxPendingFiles*fs.maxFile {
			return fault.New(fault.Invalid, "error.pending-files")
		}
		return nil
	})
}

// Pending returns those of the ids that are pending files of the actor, so that a form can show them again.
func (fs *Files) Pending(a policy.Actor, ids []uint64) ([]*store.File, error) {
	var out []*store.File
	err := fs.st.View(func(tx *db.Tx) error {
		for _, id := range ids {
			if f, err := store.Files.Get(tx, id); err == nil && f.Pending() && f.Person == a.ID() && a.SignedIn() {
				out = append(out, f)
			}
		}
		return nil
	})
	return out, err
}

// Open opens a file for reading. The caller closes it. It returns a NotFound error for a file the actor may not read.
func (fs *Files) Open(a policy.Actor, id uint64) (*store.File, *os.File, error) {
	var f *store.File
	secret := false
	err := fs.st.View(func(tx *db.Tx) error {
		var err error
		secret = false
		if f, err = store.Files.Get(tx, id); err != nil {
			return err
		}
		if f.Release != 0 {
			return fault.New(fault.NotFound, "error.not-found") // see Releases.Open, after which it is written down who fetched it
		}
		if err := fs.MayRead(tx, a, f); err != nil || f.Ticket == 0 {
			return err
		}
		t, err := store.Tickets.Peek(tx, f.Ticket)
		if err != nil {
			return err
		}
		s := fs.rights.Stand(tx, a, t)
		secret = s.Confidential() && !s.Side()
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if secret && fs.readBy != nil {
		fs.readBy(a, f.Ticket, f.ID)
	}
	r, err := fs.st.OpenBlob(f.Sum)
	return f, r, err
}

// MayRead returns nil when the actor may read the file: they may read its message or note, a version of an
// article that shows it, or its release or plan, or the file is their own pending upload. Otherwise it returns a NotFound error.
func (fs *Files) MayRead(tx *db.Tx, a policy.Actor, f *store.File) error {
	return MayRead(tx, fs.rights, a, f)
}

// MayRead is Files.MayRead, judged by the rights.
func MayRead(tx *db.Tx, rights *policy.Rights, a policy.Actor, f *store.File) error {
	gone := fault.New(fault.NotFound, "error.not-found")
	switch {
	case f.Ticket != 0:
		m, err := store.Messages.Get(tx, f.Message)
		if err != nil {
			return err
		}
		return rights.MayReadMessage(tx, a, m)
	case f.Article != 0:
		for _, id := range f.Versions {
			v, err := store.Versions.Glance(tx, id)
			if err != nil {
				return err
			}
			if policy.MayRead(tx, a, v.Module, v.Audience, v.Publication) {
				return nil
			}
		}
	case f.Release != 0:
		r, err := store.Releases.Glance(tx, f.Release)
		if err != nil {
			return err
		}
		if r.State == store.ReleaseWithdrawn {
			return gone // see Releases.Open
		}
		return policy.MayRelease(tx, a, policy.SeeRelease, r)
	case f.Plan != 0:
		p, err := store.Plans.Glance(tx, f.Plan)
		if err != nil {
			return err
		}
		return policy.MayPlan(tx, a, policy.SeePlan, p)
	case a.SignedIn() && f.Person == a.ID():
		return nil
	}
	return gone
}

// Readable returns the files that the actor may read, in the same order.
func (fs *Files) Readable(tx *db.Tx, a policy.Actor, files []*store.File) ([]*store.File, error) {
	var out []*store.File
	for _, f := range files {
		switch err := fs.MayRead(tx, a, f); {
		case err == nil:
			out = append(out, f)
		case fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Denied:
			return nil, err
		}
	}
	return out, nil
}

// Pending returns the pending uploads of the actor among the ids.
func Pending(tx *db.Tx, a policy.Actor, ids []uint64) ([]*store.File, error) {
	var out []*store.File
	for _, id := range ids {
		f, err := store.Files.Get(tx, id)
		if err != nil || !f.Pending() || f.Person != a.ID() {
			return nil, fault.New(fault.Invalid, "error.file-gone").At("files")
		}
		out = append(out, f)
	}
	return out, nil
}
