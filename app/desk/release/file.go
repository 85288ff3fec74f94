package release

import (
	"io"
	"os"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// MaxFile is the largest file of a release, in bytes.
const MaxFile = 2 << 30

// Sums is what the list of the sums of all files of a release is called, which no file of it is.
const Sums = "SHA256SUMS"

// maxFiles is how many files a release may have at a time.
const maxFiles = 200

// filesOf returns the files of the release, and those that another one took the place of, each in the order in which they
// were sent.
func filesOf(tx *db.Tx, release uint64) (files, superseded []*store.File, err error) {
	all, err := store.FilesByRelease.Find(tx, release)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range all {
		if slices.ContainsFunc(all, func(o *store.File) bool { return o.Instead == f.ID }) {
			superseded = append(superseded, f)
		} else {
			files = append(files, f)
		}
	}
	return files, superseded, nil
}

// attach attaches pending files to the release. One that is called like another takes its place: in a draft the other one
// goes, in what was published it stays and is named. instead is the file that the first one takes the place of, 0 for none
// but one called the same.
func attach(tx *db.Tx, r *store.Release, files []*store.File, instead uint64) error {
	for _, f := range files {
		there, _, err := filesOf(tx, r.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(there, func(o *store.File) bool { return o.ID == instead || o.Name == f.Name && instead == 0 })
		switch {
		case f.Name == Sums:
			return fault.Problems{fault.New(fault.Invalid, "error.file-name-sums", "name", f.Name).At("files")}
		case instead != 0 && i < 0:
			return fault.Problems{fault.New(fault.Invalid, "error.file-gone").At("instead")}
		case i < 0 && len(there) >= maxFiles:
			return fault.Problems{fault.New(fault.Invalid, "error.too-many-files", "max", maxFiles).At("files")}
		case instead != 0 && slices.ContainsFunc(there, func(o *store.File) bool { return o.Name == f.Name && o.ID != instead }):
			return fault.Problems{fault.New(fault.Invalid, "error.file-name-twice", "name", f.Name).At("files")}
		case i >= 0 && r.Out():
			f.Instead = there[i].ID
		case i >= 0:
			if err := deleteFile(tx, there[i].ID); err != nil {
				return err
			}
		}
		f.Release = r.ID
		if err := store.Files.Put(tx, f); err != nil {
			return err
		}
		instead = 0
	}
	return nil
}

// deleteFile deletes the file of a draft, and with it who fetched it.
func deleteFile(tx *db.Tx, id uint64) error {
	var fetched []uint64
	for e := range store.DownloadsByDay.Entries(tx, db.Span{Prefix: key.Of(id)}) {
		fetched = append(fetched, e.ID)
	}
	for _, d := range fetched {
		if err := store.Downloads.Delete(tx, d); err != nil {
			return err
		}
	}
	return store.DeleteFile(tx, id)
}

// Attach keeps the bytes as a file of the release. They go to the disk as they come, at most MaxFile of them; whoever may
// not write the release is refused before the first one. Of a published release a file is never replaced: the new one
// takes the place of the one that instead names, or that is called the same, and that one stays to be seen. It returns
// TooLarge "error.file-too-large" above the limit.
func (rs *Releases) Attach(a policy.Actor, number uint64, name string, instead uint64, body io.Reader) (*store.File, error) {
	may := func(tx *db.Tx) (*store.Release, error) {
		r, err := store.Releases.Get(tx, number)
		if err != nil {
			return nil, err
		}
		need := policy.WriteRelease
		if r.Out() {
			need = policy.PublishRelease
		}
		if err := policy.MayRelease(tx, a, need, r); err != nil {
			return nil, err
		}
		switch r.State {
		case store.ReleaseWithdrawn:
			return nil, entry.Conflict("error.release-withdrawn")
		case store.ReleaseScheduled:
			return nil, entry.Conflict("error.release-scheduled")
		}
		return r, nil
	}
	if err := rs.st.View(func(tx *db.Tx) error { _, err := may(tx); return err }); err != nil {
		return nil, err
	}
	kept, err := rs.files.KeepUpTo(a, name, body, MaxFile)
	if err != nil {
		return nil, err
	}
	var out *store.File
	err = rs.st.Update(a.By(act.AttachRelease), func(tx *db.Tx) error {
		r, err := may(tx)
		if err != nil {
			return err
		}
		f, err := store.Files.Get(tx, kept.ID)
		if err != nil {
			return err
		}
		if err := attach(tx, r, []*store.File{f}, instead); err != nil {
			return err
		}
		if r.State == store.ReleaseChecked {
			if err := move(r, store.ReleaseDraft); err != nil {
				return err
			}
			r.Checker = 0
		}
		out = f
		return store.Releases.Put(tx, r)
	})
	return out, err
}

// Detach takes a file away from a draft. What was published keeps its files.
func (rs *Releases) Detach(a policy.Actor, number, file uint64) error {
	return rs.st.Update(a.By(act.AttachRelease), func(tx *db.Tx) error {
		r, err := store.Releases.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.WriteRelease, r); err != nil {
			return err
		}
		if r.State != store.ReleaseDraft && r.State != store.ReleaseChecked {
			return entry.Conflict("error.release-locked")
		}
		f, err := store.Files.Get(tx, file)
		if err != nil {
			return err
		}
		if f.Release != r.ID {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if err := deleteFile(tx, f.ID); err != nil {
			return err
		}
		r.State, r.Checker = store.ReleaseDraft, 0
		return store.Releases.Put(tx, r)
	})
}

// Open opens the file of the release that is called so, for whoever may have it at this moment. The caller closes it. Of
// several called the same, the one that counts is opened. It returns Conflict "error.release-withdrawn" for the files of
// what was withdrawn.
func (rs *Releases) Open(a policy.Actor, number uint64, name string) (*store.File, *os.File, error) {
	var f *store.File
	err := rs.st.View(func(tx *db.Tx) error {
		f = nil
		r, err := store.Releases.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.SeeRelease, r); err != nil {
			return err
		}
		files, superseded, err := filesOf(tx, r.ID)
		if err != nil {
			return err
		}
		for _, o := range append(files, superseded...) {
			if o.Name == name && f == nil {
				f = o
			}
		}
		if f == nil {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if r.State == store.ReleaseWithdrawn {
			return entry.Conflict("error.release-withdrawn")
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	body, err := rs.st.OpenBlob(f.Sum)
	return f, body, err
}

// Fetched writes down that the actor fetches the file. Parts of one file that follow each other are one time.
func (rs *Releases) Fetched(a policy.Actor, f *store.File) error {
	if a.Person == nil || f.Release == 0 {
		return nil
	}
	return rs.st.Update(a.By(act.FetchRelease), func(tx *db.Tx) error {
		day := tx.Now().In(rs.loc).Format(time.DateOnly)
		d, err := store.DownloadsByDay.First(tx, f.ID, a.ID(), day)
		if fault.KindOf(err) == fault.NotFound {
			d, err = &store.Download{Release: f.Release, File: f.ID, Person: a.ID(), Day: day}, nil
		}
		if err != nil {
			return err
		}
		if d.ID == 0 || tx.Now().Sub(d.Last) > 10*time.Minute {
			d.Times++
		}
		d.Last = tx.Now()
		return store.Downloads.Put(tx, d)
	})
}

// Fetch is one line of who fetched what.
type Fetch struct {
	*store.Download
	File   *store.File
	Person *store.Person
}

// Downloads returns who fetched which file of the release, the newest first. Only supervisors of its group and
// administrators may call it.
func (rs *Releases) Downloads(a policy.Actor, number uint64) ([]Fetch, error) {
	var out []Fetch
	err := rs.st.View(func(tx *db.Tx) error {
		out = nil
		r, err := store.Releases.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.SeeDownloads, r); err != nil {
			return err
		}
		for d, err := range store.DownloadsByRelease.Rows(tx, db.Span{Prefix: key.Of(r.ID), Desc: true}) {
			if err != nil {
				return err
			}
			one := Fetch{Download: d}
			if one.File, err = store.Files.Peek(tx, d.File); err != nil {
				return err
			}
			if one.Person, err = store.People.Peek(tx, d.Person); err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

// ForgetDownloads removes what was kept for the months of the settings, and returns how many rows these were.
func (rs *Releases) ForgetDownloads() (int, error) {
	forgot := 0
	for {
		n := 0
		err := rs.st.Update(db.By{Via: door.Desk, Act: act.EraseFetched}, func(tx *db.Tx) error {
			n = 0
			var old []uint64
			for e := range store.DownloadsByTime.Entries(tx, db.Span{High: key.Of(tx.Now().AddDate(0, -store.CurrentSettings(tx).FetchedMonths, 0))}) {
				if old = append(old, e.ID); len(old) == 100 {
					break
				}
			}
			for _, id := range old {
				if err := store.Downloads.Delete(tx, id); err != nil {
					return err
				}
			}
			n = len(old)
			return nil
		})
		if forgot += n; err != nil || n == 0 {
			return forgot, err
		}
	}
}
