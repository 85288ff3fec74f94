package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/disk"
	"sportello/store/fault"
)

// ErrBusy is returned by Rewrite while a backup is made or another Rewrite goes on: it can be asked for again later.
var ErrBusy = errors.New("store: a backup is being made, or the file is being rewritten")

// ErrNoRoom is returned by Rewrite where the disk has no room for a second file.
var ErrNoRoom = errors.New("store: the disk has no room for a second desk.db")

// The measures of a Rewrite.
const (
	rewriteStep   = 1 << 20  // bytes that one step copies or compares
	rewriteSync   = 16 << 20 // bytes after which the new file is synced, so that little is left for the end
	rewriteBehind = 50_000   // keys of the journal that are caught up with at once, whatever else is to be done
	rewriteFew    = 500      // keys that may be left when writers are held
	rewriteRounds = 20       // of catching up until no more than a few are left; writers are held then in any case
	rewriteRoom   = 64 << 20 // bytes that have to stay free on the disk, for the desk
)

// Rewrite writes all that desk.db holds into a new file, which takes its place while the desk goes on, and returns the
// sizes of both. Of what was removed or changed before the call the new file has no byte. It reads in small steps, with
// breaks; readers notice nothing, and those that have begun see the old file to their end. Writers go on as well, but for
// the moment at the end in which what they wrote last is brought over. Before that the files are compared.
//
// On any error, and whenever the process ends, the old file is there as it was. It is refused with ErrBusy during a
// backup, which waits for it in turn, with ErrNoRoom where the disk is too small for both, and with the fault while the store cannot be written; Close ends it.
func (s *Store) Rewrite(ctx context.Context) (before, after int64, err error) {
	return s.rewrite(ctx, func(stage) {})
}

// stage is where a Rewrite has come to.
type stage int

const (
	atBegin    stage = iota // the journal is kept
	atCopied                // everything once
	atCaughtUp              // with almost all that was written meanwhile
	atCompared
	atHeld // nobody writes, the new file is whole and synced
	atSwapped
)

// rewrite is Rewrite; at is told of each stage.
func (s *Store) rewrite(ctx context.Context, at func(stage)) (before, after int64, err error) {
	if !s.rewriting.TryLock() {
		return 0, 0, ErrBusy
	}
	defer s.rewriting.Unlock()
	if !s.sweepMu.TryLock() {
		return 0, 0, ErrBusy
	}
	defer s.sweepMu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(s.ending, stop)()
	if err := s.mayGoOn(ctx); err != nil {
		return 0, 0, err
	}
	r := &rewriting{s: s, ctx: ctx, at: at, began: time.Now()}
	if before, err = size(s.path()); err != nil {
		return 0, 0, fmt.Errorf("store: rewrite: %w", err)
	}
	if err := r.room(before); err != nil {
		return before, 0, err
	}
	if r.fresh, err = disk.Beside(s.path()); err != nil {
		return before, 0, fmt.Errorf("store: rewrite: %w", err)
	}
	err = r.run()
	if s.isClosed() && errors.Is(err, context.Canceled) {
		err = fault.New(fault.Unavailable, "error.stopping")
	}
	if !r.swapped {
		err = errors.Join(err, r.fresh.Close(), disk.RemoveHalfMade(s.path())) // closing twice is none
	}
	if err != nil {
		return before, 0, fmt.Errorf("store: rewrite: %w", err)
	}
	if after, err = size(s.path()); err != nil {
		return before, 0, fmt.Errorf("store: rewrite: %w", err)
	}
	s.log.Info("store: desk.db was rewritten", "before", before, "after", after, "took", time.Since(r.began).Round(time.Millisecond), "held", r.held)
	return before, after, nil
}

func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// rewriting is a Rewrite on its way.
type rewriting struct {
	s        *Store
	ctx      context.Context
	at       func(stage)
	fresh    *bbolt.DB
	names    []bucketName // of the buckets, each after the one it is in
	opened   uint64       // how often the old file had been opened again
	unsynced int
	began    time.Time
	resting  time.Time     // when the last break was over
	held     time.Duration // how long nobody could write
	swapped  bool
}

// run does all of it.
func (r *rewriting) run() (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if err = unreadable(p); err == nil {
				panic(p)
			}
		}
	}()
	j := newJournal()
	release := r.s.writes.Hold() // a transaction under way would be half in the journal
	r.opened = r.s.opened.Load()
	r.s.journal.Store(j)
	release()
	defer r.s.journal.Store(nil)
	r.at(atBegin)
	for _, step := range []struct {
		do   func(*journal) error
		then stage
	}{{r.copy, atCopied}, {r.catchUp, atCaughtUp}, {r.compare, atCompared}, {r.catchUp, atCaughtUp}} {
		r.resting = time.Now()
		if err := step.do(j); err != nil {
			return err
		}
		r.at(step.then)
	}
	return r.swap(j)
}

// room refuses to go on where the disk has no room for so many bytes more: the desk needs the rest.
func (r *rewriting) room(more int64) error {
	if free, _, known := r.s.space(r.s.dir); known && free < more+rewriteRoom {
		return fmt.Errorf("%w: %d bytes are free", ErrNoRoom, free)
	}
	return nil
}

// rest is the break between two steps: as long as the step was, at most 20 milliseconds.
func (r *rewriting) rest() error {
	t := time.NewTimer(min(time.Since(r.resting), 20*time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.ctx.Done():
	}
	r.resting = time.Now()
	return r.s.mayGoOn(r.ctx)
}

// both runs fn with a picture of the old file and a write transaction of the new one.
func (r *rewriting) both(fn func(from, to *bbolt.Tx) (written int, err error)) error {
	if err := r.s.mayGoOn(r.ctx); err != nil {
		return err
	}
	n := 0
	err := r.s.read(func(from *bbolt.Tx) error {
		return r.fresh.Update(func(to *bbolt.Tx) (err error) { // within: what it puts lies in the old file until it is committed
			n, err = fn(from, to)
			return err
		})
	})
	if r.unsynced += n; err != nil || r.unsynced < rewriteSync {
		return err
	}
	return r.sync()
}

func (r *rewriting) sync() error {
	r.unsynced = 0
	if err := r.fresh.Sync(); err != nil {
		return err
	}
	return r.room(0)
}

// copy brings everything over once, each step as it is at that moment.
func (r *rewriting) copy(j *journal) error {
	err := r.both(func(from, to *bbolt.Tx) (int, error) {
		return 0, from.ForEach(func(table []byte, b *bbolt.Bucket) error {
			r.names = append(r.names, bucketName{string(table), ""})
			made, err := to.CreateBucket(table)
			if err != nil {
				return err
			}
			return b.ForEachBucket(func(part []byte) error {
				r.names = append(r.names, bucketName{string(table), string(part)})
				_, err := made.CreateBucket(part)
				return err
			})
		})
	})
	if err != nil {
		return err
	}
	for _, name := range r.names {
		for next := []byte{}; next != nil; {
			err := r.both(func(from, to *bbolt.Tx) (n int, err error) {
				b := name.in(to)
				b.FillPercent = 0.9 // as rows that come one after the other are put
				c := name.in(from).Cursor()
				k, v := c.Seek(next)
				for ; k != nil && n < rewriteStep; k, v = c.Next() {
					if v == nil {
						continue // a bucket, which has a name of its own
					}
					if err := b.Put(k, v); err != nil {
						return n, err
					}
					n += len(k) + len(v)
				}
				next = bytes.Clone(k)
				return n, nil
			})
			if err == nil {
				err = r.keepUp(j)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// keepUp ends a step: the journal must not grow without bound meanwhile.
func (r *rewriting) keepUp(j *journal) error {
	if j.size() > rewriteBehind {
		if err := r.apply(j); err != nil {
			return err
		}
	}
	return r.rest()
}

// catchUp brings over what was written since, until a few keys are left.
func (r *rewriting) catchUp(j *journal) error {
	for range rewriteRounds {
		if err := r.apply(j); err != nil {
			return err
		}
		if err := r.sync(); err != nil {
			return err
		}
		if j.size() <= rewriteFew {
			break
		}
	}
	return nil
}

// apply gives the keys of the journal the values that they have now.
func (r *rewriting) apply(j *journal) error {
	for keys := j.take(); len(keys) > 0; {
		err := r.both(func(from, to *bbolt.Tx) (n int, err error) {
			for ; len(keys) > 0 && n < rewriteStep; keys = keys[1:] {
				k := []byte(keys[0].key)
				b, v := keys[0].in.in(to), keys[0].in.in(from).Get(k)
				if v == nil {
					err = b.Delete(k)
				} else {
					err = b.Put(k, v)
				}
				if err != nil {
					return n, err
				}
				n += len(k) + len(v) + 1
			}
			return n, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compare goes through both files and refuses the new one when it differs in a key of which the journal knows nothing.
func (r *rewriting) compare(j *journal) error {
	for _, name := range r.names {
		for next := []byte{}; next != nil; {
			if err := r.s.mayGoOn(r.ctx); err != nil {
				return err
			}
			var differ []noted
			err := r.s.read(func(old *bbolt.Tx) error {
				return r.fresh.View(func(made *bbolt.Tx) error {
					next, differ = differences(name, old, made, next)
					return nil
				})
			})
			if err != nil {
				return err
			}
			if len(differ) > 0 {
				r.s.writes.Hold()() // a reader may see a commit a moment before the journal has it
				if n, is := j.missing(differ); is {
					return fmt.Errorf("store: %s/%s differs in %x, which nobody noted", n.in.table, n.in.part, n.key)
				}
			}
			if err := r.keepUp(j); err != nil {
				return err
			}
		}
	}
	return nil
}

// differences compares one step of a bucket and returns where the next begins, nil at the end.
func differences(name bucketName, old, made *bbolt.Tx, from []byte) (next []byte, differ []noted) {
	a, b := name.in(old).Cursor(), name.in(made).Cursor()
	ak, av := a.Seek(from)
	bk, bv := b.Seek(from)
	for n := 0; ak != nil || bk != nil; {
		at, order := ak, 0
		switch {
		case ak == nil:
			at, order = bk, 1
		case bk == nil:
			order = -1
		default:
			if order = bytes.Compare(ak, bk); order > 0 {
				at = bk
			}
		}
		if n >= rewriteStep {
			return bytes.Clone(at), differ
		}
		if order != 0 || !bytes.Equal(av, bv) || (av == nil) != (bv == nil) {
			differ = append(differ, noted{name, string(at)})
		}
		n += len(at) + len(av)
		if order <= 0 {
			ak, av = a.Next()
		}
		if order >= 0 {
			bk, bv = b.Next()
		}
	}
	return nil, differ
}

// swap holds the writers, brings over what is left, and puts the new file in the place of the old one.
func (r *rewriting) swap(j *journal) (err error) {
	defer r.s.writes.Hold()()
	began := time.Now()
	defer func() { r.held = time.Since(began).Round(time.Microsecond) }()
	if r.s.opened.Load() != r.opened {
		return errors.New("store: the file was opened again meanwhile")
	}
	if err := r.apply(j); err != nil {
		return err
	}
	if err := r.both(r.finish); err != nil {
		return err
	}
	if err := r.fresh.Sync(); err != nil {
		return err
	}
	r.at(atHeld)
	if err := r.s.mayGoOn(r.ctx); err != nil {
		return err
	}
	return r.replace()
}

// finish numbers the buckets as they are numbered, and looks at their ends.
func (r *rewriting) finish(from, to *bbolt.Tx) (int, error) {
	for _, name := range r.names {
		old, made := name.in(from), name.in(to)
		if old.Sequence() != made.Sequence() {
			if err := made.SetSequence(old.Sequence()); err != nil {
				return 0, err
			}
		}
		is, _ := made.Cursor().Last()
		if was, _ := old.Cursor().Last(); !bytes.Equal(was, is) {
			return 0, fmt.Errorf("store: %s/%s ends with %x, its copy with %x", name.table, name.part, was, is)
		}
	}
	return 0, nil
}

// replace renames the new file over the old one, which is closed when its last reader ends. From the renaming on the new
// one counts, also when there is an error: the store then stops writing until the file could be opened again.
func (r *rewriting) replace() error {
	s := r.s
	if err := r.fresh.Close(); err != nil { // it is opened again under the name that it keeps
		return err
	}
	replaced, err := disk.Replace(s.path())
	if !replaced {
		return err
	}
	r.swapped = true
	fresh, _, open := disk.Open(s.path(), s.noSync)
	if open == nil {
		s.mu.Lock()
		old := s.db
		s.db = fresh
		s.mu.Unlock()
		s.retired.Go(func() {
			if err := old.Close(); err != nil {
				s.log.Warn("store: close the file that was rewritten", "err", err)
			}
		})
	}
	if err = errors.Join(err, open); err != nil {
		s.poison(err)
		return err
	}
	r.at(atSwapped)
	return nil
}
