package store

import (
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
)

type write struct {
	by    By
	fn    func(*Tx) error
	err   error
	panic any
	stack []byte
	done  chan struct{}
}

// Waiting returns how many writes wait for the next commit.
func (s *Store) Waiting() int {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	return len(s.queue)
}

// Committing returns how long the current commit has taken so far, 0 when there is none.
func (s *Store) Committing() time.Duration {
	if began := s.began.Load(); began != 0 {
		return time.Since(time.Unix(0, began))
	}
	return 0
}

func (s *Store) poke() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// maxGroup bounds how many writers share one commit, so that the first of them does not wait too long.
const maxGroup = 256

func (s *Store) commitLoop() {
	defer close(s.ended)
	for {
		s.queueMu.Lock()
		batch := s.queue
		if len(batch) > maxGroup {
			batch = batch[:maxGroup:maxGroup]
			s.queue = s.queue[maxGroup:]
		} else {
			s.queue = nil
		}
		closed := s.closed
		s.queueMu.Unlock()
		if len(batch) == 0 {
			if closed {
				return
			}
			<-s.kick
			continue
		}
		for len(batch) > 0 {
			batch = s.commitSome(batch)
		}
	}
}

// commitSome commits a run of writers from the front of the batch in one transaction and returns the rest. A writer
// that fails before its first write is dropped from the run. One that fails after it spoils the transaction: those in
// front of it are run again without it, and it begins the next run, alone in front, so that its error is judged
// against what is really there.
func (s *Store) commitSome(batch []*write) (rest []*write) {
	if err := s.Fault(); err != nil {
		for _, w := range batch {
			w.finish(err)
		}
		return nil
	}
	n := len(batch)
	for {
		b, err := s.db.Begin(true)
		if err != nil {
			s.poison(err)
			return batch
		}
		spoiled := -1
		wrote := false
		var seq uint64
		for i, w := range batch[:n] {
			tx := &Tx{bolt: b, store: s, now: s.tick(), by: w.by}
			w.err, w.panic, w.stack = nil, nil, nil
			s.run(w, tx)
			if (w.err != nil || w.panic != nil) && tx.wrote {
				spoiled = i
				break
			}
			wrote = wrote || tx.wrote
		}
		if spoiled == 0 {
			s.rollback(b)
			close(batch[0].done)
			return batch[1:]
		}
		if spoiled > 0 {
			s.rollback(b)
			n = spoiled
			continue
		}
		if !wrote {
			s.rollback(b)
		} else {
			seq = b.Bucket(bucketChanges).Bucket([]byte("rows")).Sequence()
			began := time.Now()
			s.began.Store(began.UnixNano())
			err := s.commit(b)
			s.began.Store(0)
			if err != nil {
				s.poison(err)
				return batch
			}
			if s.committed != nil {
				s.committed(time.Since(began))
			}
			s.announce(seq)
		}
		for _, w := range batch[:n] {
			close(w.done)
		}
		return batch[n:]
	}
}

// commit writes the transaction to disk. After an error the file has to be opened again.
func (s *Store) commit(b *bbolt.Tx) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if err = unreadable(p); err == nil {
				panic(p)
			}
			defer func() { _ = recover() }() // it reads pages too; what counts is that it lets go of its lock
			s.rollback(b)
		}
	}()
	return b.Commit()
}

func (w *write) finish(err error) {
	w.err, w.panic = err, nil
	close(w.done)
}

func (s *Store) run(w *write, tx *Tx) {
	returned := false
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		tx.done = true
		if p := recover(); p != nil {
			if w.err = unreadable(p); w.err != nil {
				s.log.Error("store: read", "err", w.err)
				return
			}
			w.panic, w.stack = p, debug.Stack()
		} else if !returned {
			panic("store: a transaction ended its goroutine; t.Fatal has no place in one")
		}
	}()
	w.err = w.fn(tx)
	returned = true
}

func (s *Store) rollback(b *bbolt.Tx) {
	if err := b.Rollback(); err != nil {
		s.log.Error("store: roll back", "err", err)
	}
}

// tick reads the clock, never earlier than the reading before it.
func (s *Store) tick() time.Time {
	now := s.clock().UTC()
	if now.Before(s.lastNow) {
		now = s.lastNow
	}
	s.lastNow = now
	return now
}
