package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	// maxMissing is how many failed messages a position remembers. Beyond that the folder is not read further until
	// some of them have been delivered, so that a broken store does not make the position grow without end.
	maxMissing = 1000
	// inARow is how many consecutive failed deliveries end a round: the cause is then the desk, not the messages.
	inARow = 5
	// drops is how often a connection may break at the same message before the others take precedence.
	drops = 2
)

// Watch delivers what arrives in the folder until ctx ends, and returns ctx's error; it returns another error only for
// an invalid Inbox. It passes failures of the server to state and retries with back-off. It identifies messages by UID
// and UIDVALIDITY, not by \Seen, so a message that somebody has read in webmail is not missed. It calls save with the
// new position after messages were delivered and marked; an error of save stops the round, which is retried. A message
// that fails stays in Position.Missing and is retried with back-off while later ones are delivered. A message that is
// marked \Deleted or gone before it was fetched is not delivered. save, deliver and state are called from the calling
// goroutine.
func (in *Inbox) Watch(ctx context.Context, from Position, save func(Position) error, deliver Deliver, state func(InboxState)) error {
	if err := in.check(); err != nil {
		return err
	}
	w := &watcher{
		in: in, times: in.times(), clock: in.clock(), save: save, deliver: deliver, tell: state,
		at: from, lost: make(map[uint32]int),
	}
	w.at.Missing, w.at.Unmarked = slices.Clone(from.Missing), slices.Clone(from.Unmarked)
	w.saved = from
	w.retry, w.again = in.backOff(), in.backOff()
	for {
		err := w.run(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := w.retry.NextBackOff()
		w.now.Err, w.now.NextTry = err, w.clock().Add(wait)
		w.state(InboxFailed)
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

func (in *Inbox) backOff() *backoff.ExponentialBackOff {
	t := in.times()
	return &backoff.ExponentialBackOff{InitialInterval: t.First, MaxInterval: t.Longest, Multiplier: 2, RandomizationFactor: 0.3}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// watcher is a running Watch.
type watcher struct {
	in      *Inbox
	times   Times
	clock   func() time.Time
	save    func(Position) error
	deliver Deliver
	tell    func(InboxState)

	at    Position
	now   InboxState
	retry *backoff.ExponentialBackOff // of connections
	again *backoff.ExponentialBackOff // of missing messages
	due   time.Time                   // when missing messages are retried; zero: at once
	lost  map[uint32]int              // number of connections that broke at a message
	done  map[uint32]bool             // messages of the current batch
	saved Position                    // the position of the last save
	deaf  bool                        // the server refused IDLE
}

func (w *watcher) state(s string) {
	if w.now.State != s {
		w.now.State, w.now.Since = s, w.clock()
	}
	w.now.Missing = len(w.at.Missing)
	w.tell(w.now)
}

// run serves one connection and returns the error that ended it.
func (w *watcher) run(ctx context.Context) error {
	w.now.Idle = false
	w.state(InboxConnecting)
	s, err := w.in.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.drop()
	if s.validity != w.at.Validity || s.validity == 0 {
		next := s.next
		if next == 0 { // old servers do not report UIDNEXT
			all, err := s.search(1, 0, false)
			if err != nil {
				return err
			}
			next = 1
			if len(all) > 0 {
				next = all[len(all)-1] + 1
			}
		}
		w.at = Position{Validity: s.validity, Unread: next - 1}
		w.due = time.Time{}
		clear(w.lost)
	}
	for ctx.Err() == nil {
		if err := w.round(ctx, s); err != nil {
			return err
		}
		w.retry.Reset()
		w.now.LastOK = w.clock()
		w.now.NextTry = time.Time{}
		if len(w.at.Missing) > 0 {
			w.now.NextTry = w.due
		}
		w.state(InboxWatching)
		if err := w.wait(ctx, s); err != nil {
			return err
		}
	}
	s.end()
	return ctx.Err()
}

// round delivers new messages, then missing ones that are due.
func (w *watcher) round(ctx context.Context, s *session) error {
	if len(w.at.Missing) == 0 {
		w.now.Err = nil
	}
	if err := w.mark(s); err != nil {
		return err
	}
	if err := w.store(); err != nil {
		return err
	}
	var fresh []uint32
	if w.at.Unread > w.at.UID {
		unread, err := s.search(w.at.UID+1, w.at.Unread, true)
		if err != nil {
			return err
		}
		fresh = unread
	}
	above, err := s.search(max(w.at.UID, w.at.Unread)+1, 0, false)
	if err != nil {
		return err
	}
	fresh = append(fresh, above...)
	w.now.LastOK = w.clock()
	if len(fresh) > 0 && len(w.at.Missing) < maxMissing {
		w.state(InboxFetching)
		if err := w.fetch(ctx, s, fresh, false); err != nil {
			return err
		}
	}
	if before := w.at.UID; w.at.Unread > before && len(w.at.Missing) < maxMissing {
		// All initially unread messages are done: one that is marked unread again later is not new.
		w.at.UID = w.at.Unread
		if err := w.store(); err != nil {
			return err
		}
	}
	if len(w.at.Missing) > 0 && !w.clock().Before(w.due) {
		w.state(InboxFetching)
		failing := len(w.at.Missing)
		err := w.fetch(ctx, s, slices.Clone(w.at.Missing), true)
		if len(w.at.Missing) < failing {
			w.again.Reset()
		}
		w.due = w.clock().Add(w.again.NextBackOff())
		if err != nil {
			return err
		}
	}
	return nil
}

// fetch delivers messages in batches. missing says that they are those of at.Missing.
func (w *watcher) fetch(ctx context.Context, s *session, uids []uint32, missing bool) error {
	row := 0
	for len(uids) > 0 {
		n := min(batch, len(uids))
		part := uids[:n]
		uids = uids[n:]
		w.done = make(map[uint32]bool, n)
		under, err := s.fetch(ctx, part, w.deliver, func(f fetched) {
			w.dealt(f)
			if CodeOf(f.err) == DeliverFailed {
				row++
			} else if f.err == nil {
				row = 0
			}
		})
		if err != nil && under != 0 {
			if w.lost[under]++; w.lost[under] >= drops || missing {
				w.miss(under, err)
			}
		}
		if !missing {
			w.advance(part)
		}
		if err != nil {
			// Delivered messages count as delivered, although the connection broke before they were marked.
			return cmp.Or(w.store(), err)
		}
		if err := w.mark(s); err != nil {
			return cmp.Or(w.store(), err)
		}
		if err := w.store(); err != nil {
			return err
		}
		if row >= inARow {
			return w.now.Err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// dealt records the result for a message.
func (w *watcher) dealt(f fetched) {
	switch {
	case f.err == nil:
		w.now.Fetched++
		if f.cut && w.in.After == AfterDelete {
			break // the only complete copy is in the folder
		}
		w.at.Unmarked = append(w.at.Unmarked, f.uid)
	case !errors.Is(f.err, errGone):
		w.miss(f.uid, f.err)
		return
	}
	w.done[f.uid] = true
	delete(w.lost, f.uid)
	if i := slices.Index(w.at.Missing, f.uid); i >= 0 {
		w.at.Missing = slices.Delete(w.at.Missing, i, i+1)
	}
}

// miss puts a message at the end of those still to be delivered, so that it delays no other.
func (w *watcher) miss(uid uint32, err error) {
	w.done[uid] = true
	w.now.Err = err
	if len(w.at.Missing) == 0 {
		w.again.Reset()
		w.due = w.clock().Add(w.again.NextBackOff())
	}
	if i := slices.Index(w.at.Missing, uid); i >= 0 {
		w.at.Missing = slices.Delete(w.at.Missing, i, i+1)
	}
	w.at.Missing = append(w.at.Missing, uid)
}

// advance moves the position past the handled messages at the beginning of part.
func (w *watcher) advance(part []uint32) {
	for _, uid := range part {
		if !w.done[uid] {
			return
		}
		w.at.UID = uid
	}
}

// mark marks the delivered messages. A refusal (a read-only folder) is reported and does not stop delivery.
func (w *watcher) mark(s *session) error {
	if len(w.at.Unmarked) == 0 {
		return nil
	}
	err := s.mark(w.at.Unmarked)
	var no *imap.Error
	if errors.As(err, &no) && !s.raw.lost() {
		w.now.Err = fmt.Errorf("transport: mark messages: %w", err)
		if over := len(w.at.Unmarked) - maxMissing; over > 0 {
			w.at.Unmarked = slices.Delete(w.at.Unmarked, 0, over)
		}
		return nil
	}
	if err == nil {
		w.at.Unmarked = nil
	}
	return err
}

// store saves the position if it changed.
func (w *watcher) store() error {
	if reflect.DeepEqual(w.at, w.saved) {
		return nil
	}
	p := w.at
	p.Missing, p.Unmarked = slices.Clone(p.Missing), slices.Clone(p.Unmarked)
	if err := w.save(p); err != nil {
		return &Error{Code: DeliverFailed, Host: w.in.endpoint().addr(), Err: fmt.Errorf("save position: %w", err)}
	}
	w.saved = p
	return nil
}

// wait returns when there may be something to do: the server announced a message, a missing one is due, or it is time
// to poll. The error is that of the connection.
func (w *watcher) wait(ctx context.Context, s *session) error {
	var due <-chan time.Time
	if len(w.at.Missing) > 0 {
		t := time.NewTimer(w.due.Sub(w.clock()))
		defer t.Stop()
		due = t.C
	}
	if !w.deaf && s.client.Caps().Has(imap.CapIdle) {
		idle, err := s.client.Idle()
		var no *imap.Error
		if err == nil {
			if !w.now.Idle {
				w.now.Idle = true
				w.state(InboxWatching)
			}
			return w.idle(ctx, s, idle, due)
		} else if !errors.As(err, &no) {
			return s.fail(err)
		}
		w.deaf = true
	}
	w.now.Idle = false
	poll := time.NewTimer(w.times.Poll)
	defer poll.Stop()
	s.raw.patience(0)
	select {
	case <-ctx.Done():
	case <-due:
	case <-poll.C:
	case <-s.client.Closed():
		return s.fail(errors.New("the server closed the connection"))
	}
	s.raw.patience(w.times.Answer)
	return nil
}

func (w *watcher) idle(ctx context.Context, s *session, idle *imapclient.IdleCommand, due <-chan time.Time) error {
	renew := time.NewTimer(w.times.Renew)
	defer renew.Stop()
	s.raw.patience(0)
	select {
	case <-ctx.Done():
	case <-s.exists:
	case <-due:
	case <-renew.C:
	case <-s.client.Closed():
	}
	s.raw.patience(w.times.Answer)
	if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
		return s.fail(err)
	}
	return nil
}
