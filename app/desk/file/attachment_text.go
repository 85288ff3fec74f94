package file

import (
	"context"
	"os"
	"sync"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/extract"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// The text of attachments is read by a follower of the change log, so that nobody waits for it: whoever attaches a file
// is answered first, and search finds its words some seconds later.

// cursorAttachments is the follower's name in the store's cursors.
const cursorAttachments = "attachments"

const (
	readersAtOnce = 2
	maxRetried    = 1000
	filesAtOnce   = 2000 // changes or files examined in one transaction
)

// Reader returns the text of a file opened at its beginning; extract.Apart is one. Its errors are those of package
// extract, or the context's.
type Reader func(ctx context.Context, f *os.File, name, mediaType string) (string, error)

// attachments returns the follower that reads the text of files. After a crash it may read a file again, with the same
// result.
func (fs *Files) attachments(read Reader) db.Follower {
	return db.Follower{
		Name:   cursorAttachments,
		By:     db.By{Via: door.Desk, Act: act.ReadFiles},
		Gather: 300 * time.Millisecond,
		Most:   filesAtOnce,
		Tells: func(tx *db.Tx, c *db.Change) bool {
			id := fileOf(tx, c)
			return id != 0 && unread(tx, id) != nil
		},
		Begin:   func(ctx context.Context) error { return fs.readAllAttachments(ctx, read) },
		Prepare: func(ctx context.Context, changes []*db.Change) error { return fs.readAttached(ctx, read, changes) },
	}
}

// RunAttachments reads the text of new files until the context ends.
func (fs *Files) RunAttachments(ctx context.Context, read Reader) error {
	return fs.st.Follow(ctx, fs.attachments(read))
}

// ReadAttachments reads the text of the files attached since the last call, of all files the first time, and returns
// the sequence number of the last change it handled. If it is interrupted, the next call continues.
func (fs *Files) ReadAttachments(ctx context.Context, read Reader) (uint64, error) {
	return fs.st.CatchUp(ctx, fs.attachments(read))
}

// readAttached reads the files in the changes, each once.
func (fs *Files) readAttached(ctx context.Context, read Reader, changes []*db.Change) error {
	var todo []uint64
	err := fs.st.View(func(tx *db.Tx) error {
		todo = nil
		seen := map[uint64]bool{}
		for _, c := range changes {
			if id := fileOf(tx, c); id != 0 && !seen[id] {
				seen[id] = true
				todo = append(todo, id)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return fs.readFiles(ctx, read, todo)
}

// fileOf returns the file that may have to be read because of the change: it is new or must be read again. 0 for none.
func fileOf(tx *db.Tx, c *db.Change) uint64 {
	switch {
	case c.Op == db.Remove:
	case c.Table == store.Files.Name():
		return c.ID
	case c.Table == store.Texts.Name():
		if t, err := store.Texts.Get(tx, c.ID); err == nil && t.Waiting() {
			return t.File
		}
	}
	return 0
}

// readAllAttachments reads all files instead of following a long log.
func (fs *Files) readAllAttachments(ctx context.Context, read Reader) error {
	for next := uint64(1); next != 0; {
		var todo []uint64
		from := next
		err := fs.st.View(func(tx *db.Tx) error {
			todo, next = nil, 0
			n := 0
			for f, err := range store.Files.All(tx, from, false) {
				if err != nil {
					return err
				}
				if n++; n > filesAtOnce {
					next = f.ID
					break
				}
				if unread(tx, f.ID) != nil {
					todo = append(todo, f.ID)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := fs.readFiles(ctx, read, todo); err != nil {
			return err
		}
	}
	return nil
}

// unread returns the file if its text should be read: it is attached to something that search reads by it, is of a readable
// kind, and was not read yet. Otherwise it returns nil.
func unread(tx *db.Tx, id uint64) *store.File {
	f, err := store.Files.Get(tx, id)
	if err != nil || f.Pending() || f.Plan != 0 || !extract.Reads(f.Name, f.Type) {
		return nil
	}
	if t, err := store.TextOf(tx, id); err == nil && !t.Waiting() {
		return nil
	}
	return f
}

// readFiles reads several files in parallel. It returns when all are read, or the first error of the store or the
// context.
func (fs *Files) readFiles(ctx context.Context, read Reader, ids []uint64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan uint64)
	var readers sync.WaitGroup
	for range min(readersAtOnce, len(ids)) {
		readers.Go(func() {
			for id := range queue {
				if err := fs.readFile(ctx, read, id); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, id := range ids {
		select {
		case queue <- id:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(queue)
	readers.Wait()
	return context.Cause(ctx)
}

// readFile reads the text of one file and stores it, or why there is none. Exceeding a limit may have been the
// machine's fault, and is tried a second time.
func (fs *Files) readFile(ctx context.Context, read Reader, id uint64) error {
	var f *store.File
	if err := fs.st.View(func(tx *db.Tx) error { f = unread(tx, id); return nil }); err != nil || f == nil {
		return err
	}
	text, err := fs.readBlob(ctx, read, f)
	if r := extract.ReasonOf(err); err != nil && ctx.Err() == nil && (r == extract.OutOfBounds || r == extract.NotRun) {
		text, err = fs.readBlob(ctx, read, f)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed := ""
	if err != nil {
		failed = string(extract.ReasonOf(err))
		fs.log.Warn("no text in attachment", "file", id, "reason", failed, "err", err)
	}
	return fs.st.Update(db.By{Via: door.Desk, Act: act.ReadFile, Internal: true}, func(tx *db.Tx) error {
		now := unread(tx, id) // it may have been removed or moved meanwhile
		if now == nil {
			return nil
		}
		row, err := store.TextOf(tx, id) // exists when the file is read again
		if fault.KindOf(err) == fault.NotFound {
			row, err = &store.FileText{}, nil
		}
		if err != nil {
			return err
		}
		row.File, row.Ticket, row.Article, row.Text, row.Failed, row.At = id, now.Ticket, now.Article, text, failed, tx.Now()
		return store.Texts.Put(tx, row)
	})
}

func (fs *Files) readBlob(ctx context.Context, read Reader, f *store.File) (string, error) {
	b, err := fs.st.OpenBlob(f.Sum)
	if err != nil {
		return "", err
	}
	defer b.Close()
	return read(ctx, b, f.Name, f.Type)
}

// FailedAttachment is a file that search can find only by its name.
type FailedAttachment struct {
	File    *store.File
	Article *store.Article // the file's article, if it belongs to one
	Reason  string         // a reason word of package extract
	At      time.Time
}

// FailedAttachments returns up to limit files whose text could not be read, the newest first, and their total number.
// Only administrators may call it; of tickets they may not open it reveals only the number.
func (fs *Files) FailedAttachments(a policy.Actor, limit int) (list []FailedAttachment, total int, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, 0, err
	}
	err = fs.st.View(func(tx *db.Tx) error {
		list, total = nil, 0
		for e := range store.TextsFailed.Entries(tx, db.Span{Desc: true}) {
			if total++; len(list) >= limit {
				continue
			}
			t, err := store.Texts.Get(tx, e.ID)
			if err != nil {
				return err
			}
			f, err := store.Files.Get(tx, t.File)
			if err != nil {
				return err
			}
			if fs.MayRead(tx, a, f) != nil {
				f = &store.File{Row: f.Row, Ticket: f.Ticket, Size: f.Size}
			}
			v := FailedAttachment{File: f, Reason: t.Failed, At: t.At}
			if f.Article != 0 {
				if v.Article, err = store.Articles.Get(tx, f.Article); err != nil {
					return err
				}
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

// RetryAttachments marks up to a thousand files whose text could not be read, the newest first, to be read again, and
// returns how many it marked. Only administrators may call it.
func (fs *Files) RetryAttachments(a policy.Actor) (n int, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return 0, err
	}
	err = fs.st.Update(a.By(act.RetryFiles), func(tx *db.Tx) error {
		var ids []uint64
		for e := range store.TextsFailed.Entries(tx, db.Span{Desc: true}) {
			if ids = append(ids, e.ID); len(ids) == maxRetried {
				break
			}
		}
		n = len(ids)
		for _, id := range ids {
			t, err := store.Texts.Get(tx, id)
			if err != nil {
				return err
			}
			t.Failed, t.At = "", time.Time{}
			if err := store.Texts.Put(tx, t); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
