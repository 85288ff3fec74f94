// Package commit lets many writers share one transaction of the file and so one sync of the disk. A writer that fails
// takes nothing of its neighbours with it, and each gets its own error. It knows no rows.
package commit

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// ErrClosed is returned to writers that come after Close.
var ErrClosed = errors.New("commit: the queue is closed")

// Options are what a queue asks of the file that it writes to. All functions but Bad are called by one goroutine.
type Options struct {
	Begin func() (*bbolt.Tx, error)
	Clock func() time.Time
	Log   *slog.Logger
	// Fault returns why nothing can be written now, nil when it can. Failed reports an error after which the file has to
	// be opened again; Fault has to return one from then on, until that was done.
	Fault  func() error
	Failed func(error)
	// Bad turns a panic raised by a page that cannot be read into an error, nil for any other panic.
	Bad func(any) error
	// Sequence is read from each transaction that wrote, before its commit; Committed is called with it afterwards.
	Sequence  func(*bbolt.Tx) uint64
	Committed func(seq uint64, took time.Duration)
}

// Queue holds the writers that wait for the next commit.
type Queue struct {
	o Options

	mu      sync.Mutex
	waiting []*write
	closed  bool
	kick    chan struct{}
	ended   chan struct{}
	gate    sync.Mutex   // held during each run of writers that share a transaction
	began   atomic.Int64 // when the commit under way began, 0 when there is none
	last    time.Time    // only the committer touches it
}

// Turn is a writer's turn in a transaction. Now is never earlier than that of the writer before it. The writer sets
// Wrote, also when it panics, if it wrote anything.
type Turn struct {
	Bolt  *bbolt.Tx
	Now   time.Time
	Wrote bool
}

// write is one writer with what became of it.
type write struct {
	fn    func(*Turn) error
	err   error
	panic any
	stack []byte
	done  chan struct{}
}

// New makes a queue and begins to commit what comes.
func New(o Options) *Queue {
	q := &Queue{o: o, kick: make(chan struct{}, 1), ended: make(chan struct{})}
	go q.loop()
	return q
}

// Do runs fn in a write transaction and returns when what it wrote is on disk, or with fn's error when nothing of it
// was kept. fn may run more than once, in another goroutine. Its panic is raised here.
func (q *Queue) Do(fn func(*Turn) error) error {
	w := &write{fn: fn, done: make(chan struct{})}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return ErrClosed
	}
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
	q.poke()
	<-w.done
	if w.panic != nil {
		q.o.Log.Error("store: panic in transaction", "panic", w.panic, "stack", string(w.stack))
		panic(w.panic)
	}
	return w.err
}

// Hold waits for the transaction under way and lets no other begin before release is called. Writers wait meanwhile.
func (q *Queue) Hold() (release func()) {
	q.gate.Lock()
	return q.gate.Unlock
}

// Close waits for the writers that have come and refuses others. It returns false when the queue was closed before.
func (q *Queue) Close() bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.closed = true
	q.mu.Unlock()
	q.poke()
	<-q.ended
	return true
}

// Closed reports whether Close was called.
func (q *Queue) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Waiting returns how many writers wait for the next commit.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Committing returns how long the current commit has taken so far, 0 when there is none.
func (q *Queue) Committing() time.Duration {
	if began := q.began.Load(); began != 0 {
		return time.Since(time.Unix(0, began))
	}
	return 0
}

func (q *Queue) poke() {
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

// maxGroup bounds how many writers share one commit, so that the first of them does not wait too long.
const maxGroup = 256

func (q *Queue) loop() {
	defer close(q.ended)
	for {
		q.mu.Lock()
		batch := q.waiting
		if len(batch) > maxGroup {
			batch = batch[:maxGroup:maxGroup]
			q.waiting = q.waiting[maxGroup:]
		} else {
			q.waiting = nil
		}
		closed := q.closed
		q.mu.Unlock()
		if len(batch) == 0 {
			if closed {
				return
			}
			<-q.kick
			continue
		}
		for len(batch) > 0 {
			batch = q.commitSome(batch)
		}
	}
}

// commitSome commits a run of writers from the front of the batch in one transaction and returns the rest. A writer
// that fails before its first write is dropped from the run. One that fails after it spoils the transaction: those in
// front of it are run again without it, and it begins the next run, alone in front, so that its error is judged
// against what is really there.
func (q *Queue) commitSome(batch []*write) (rest []*write) {
	q.gate.Lock()
	defer q.gate.Unlock()
	if err := q.o.Fault(); err != nil {
		for _, w := range batch {
			w.finish(err)
		}
		return nil
	}
	n := len(batch)
	for {
		b, err := q.o.Begin()
		if err != nil {
			q.o.Failed(err)
			return batch
		}
		spoiled := -1
		wrote := false
		for i, w := range batch[:n] {
			t := &Turn{Bolt: b, Now: q.tick()}
			w.err, w.panic, w.stack = nil, nil, nil
			q.run(w, t)
			if (w.err != nil || w.panic != nil) && t.Wrote {
				spoiled = i
				break
			}
			wrote = wrote || t.Wrote
		}
		if spoiled == 0 {
			q.rollback(b)
			close(batch[0].done)
			return batch[1:]
		}
		if spoiled > 0 {
			q.rollback(b)
			n = spoiled
			continue
		}
		if !wrote {
			q.rollback(b)
		} else {
			seq := q.o.Sequence(b)
			began := time.Now()
			q.began.Store(began.UnixNano())
			err := q.commit(b)
			q.began.Store(0)
			if err != nil {
				q.o.Failed(err)
				return batch
			}
			q.o.Committed(seq, time.Since(began))
		}
		for _, w := range batch[:n] {
			close(w.done)
		}
		return batch[n:]
	}
}

// commit writes the transaction to disk. After an error the file has to be opened again.
func (q *Queue) commit(b *bbolt.Tx) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if err = q.o.Bad(p); err == nil {
				panic(p)
			}
			defer func() { _ = recover() }() // it reads pages too; what counts is that it lets go of its lock
			q.rollback(b)
		}
	}()
	return b.Commit()
}

func (w *write) finish(err error) {
	w.err, w.panic = err, nil
	close(w.done)
}

func (q *Queue) run(w *write, t *Turn) {
	returned := false
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if w.err = q.o.Bad(p); w.err != nil {
				q.o.Log.Error("store: read", "err", w.err)
				return
			}
			w.panic, w.stack = p, debug.Stack()
		} else if !returned {
			panic("store: a transaction ended its goroutine; t.Fatal has no place in one")
		}
	}()
	w.err = w.fn(t)
	returned = true
}

func (q *Queue) rollback(b *bbolt.Tx) {
	if err := b.Rollback(); err != nil {
		q.o.Log.Error("store: roll back", "err", err)
	}
}

// tick reads the clock, never earlier than the reading before it.
func (q *Queue) tick() time.Time {
	now := q.o.Clock().UTC()
	if now.Before(q.last) {
		now = q.last
	}
	q.last = now
	return now
}
