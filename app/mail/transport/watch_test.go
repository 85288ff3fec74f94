package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app/mail/peer"
	"sportello/app/mail/transport"
)

// patience is how long a test waits for an event; tests do not depend on how long it took.
const patience = 30 * time.Second

func password() (string, error) { return peer.Password, nil }

func inbox(d *peer.IMAP, user string) *transport.Inbox {
	return &transport.Inbox{
		Name: "prova", Host: peer.Host, Port: d.TLS, User: user, Password: password, Roots: d.Roots,
		Times: transport.Times{First: 10 * time.Millisecond, Longest: 200 * time.Millisecond},
	}
}

func message(subject string) string {
	return "From: Anna <anna@uni.test>\r\nTo: help@desk.test\r\nSubject: " + subject + "\r\nMessage-ID: <" + strings.ReplaceAll(subject, " ", "-") + "@uni.test>\r\n\r\nBuongiorno,\r\n.una riga con il punto\r\nsaluti\r\n"
}

func subject(b []byte) string {
	_, rest, _ := bytes.Cut(b, []byte("Subject: "))
	s, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(s)
}

// watch is a running Inbox.Watch with its results.
type watch struct {
	t    *testing.T
	stop func() transport.Position // stops Watch and returns the position saved last

	mu        sync.Mutex
	moved     chan struct{} // closed and replaced whenever a field below changes
	delivered []string      // subjects of the delivered messages
	envelopes []transport.Envelope
	bodies    [][]byte
	state     transport.InboxState
	states    []string
	fail      func(subject string) error // deliver's result, requested before it keeps the message
}

func start(t *testing.T, in *transport.Inbox, from transport.Position, fail func(string) error) *watch {
	t.Helper()
	w := &watch{t: t, moved: make(chan struct{}), fail: fail}
	ctx, cancel := context.WithCancel(context.Background())
	var last []byte
	ended := make(chan error, 1)
	go func() {
		ended <- in.Watch(ctx, from, func(p transport.Position) (err error) {
			last, err = json.Marshal(p)
			return err
		}, func(_ context.Context, e transport.Envelope, r io.Reader) error {
			b, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			if w.fail != nil {
				if err := w.fail(subject(b)); err != nil {
					return err
				}
			}
			w.change(func() {
				w.delivered, w.envelopes, w.bodies = append(w.delivered, subject(b)), append(w.envelopes, e), append(w.bodies, b)
			})
			return nil
		}, func(s transport.InboxState) {
			w.change(func() { w.state, w.states = s, append(w.states, s.State) })
		})
	}()
	var once sync.Once
	position := from
	w.stop = func() transport.Position {
		once.Do(func() {
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("Watch returned %v", err)
			}
			if last != nil {
				position = transport.Position{}
				if err := json.Unmarshal(last, &position); err != nil {
					t.Error(err)
				}
			}
		})
		return position
	}
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *watch) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	close(w.moved)
	w.moved = make(chan struct{})
}

// until waits until ok returns true.
func (w *watch) until(what string, ok func() bool) {
	w.t.Helper()
	end := time.After(patience)
	for {
		w.mu.Lock()
		done, moved := ok(), w.moved
		w.mu.Unlock()
		if done {
			return
		}
		select {
		case <-moved:
		case <-end:
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("never %s: delivered %q, states %q, last %+v", what, w.delivered, w.states, w.state)
		}
	}
}

// quiet waits until the folder is watched again and the given number of messages was delivered.
func (w *watch) quiet(delivered int) {
	w.t.Helper()
	w.until(fmt.Sprintf("watching with %d delivered", delivered), func() bool {
		return w.state.State == transport.InboxWatching && len(w.delivered) >= delivered
	})
}

func (w *watch) check(want ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.delivered, want) {
		w.t.Errorf("delivered %q, want %q", w.delivered, want)
	}
}

func TestAnInboxDeliversEveryMessageOnce(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna", "bruno", "carla", "dario", "elena", "franco")
	deliver := func(user string, subjects ...string) {
		for _, s := range subjects {
			d.Deliver(t, user, message(s))
		}
	}

	t.Run("what is unread at first, what comes while watching, and nothing twice", func(t *testing.T) {
		deliver("anna", "uno", "due")
		w := start(t, inbox(d, "anna"), transport.Position{}, nil)
		w.quiet(2)
		w.until("idle", func() bool { return w.state.Idle })
		deliver("anna", "tre")
		w.quiet(3)
		at := w.stop()
		w.check("uno", "due", "tre")
		for i, e := range w.envelopes {
			if e.Source != transport.FromIMAP || e.Mailbox != "prova" || e.UID != uint32(i+1) || e.Validity == 0 || e.Validity != at.Validity || e.Cut {
				t.Errorf("envelope %+v", e)
			}
			if int(e.Size) != len(w.bodies[i]) || !bytes.HasSuffix(w.bodies[i], []byte("\r\n\r\nBuongiorno,\r\n.una riga con il punto\r\nsaluti\r\n")) {
				t.Errorf("size %d of %d bytes: %q", e.Size, len(w.bodies[i]), w.bodies[i])
			}
		}

		deliver("anna", "quattro")
		again := start(t, inbox(d, "anna"), at, nil)
		again.quiet(1)
		again.stop()
		again.check("quattro")
	})

	t.Run("what somebody read elsewhere before us is not missed, what was read before the first time is not new", func(t *testing.T) {
		deliver("bruno", "letto prima")
		reader := inbox(d, "bruno")
		first := start(t, reader, transport.Position{}, nil)
		first.quiet(1) // marks the message as read
		at := first.stop()
		first.check("letto prima")
		anew := start(t, inbox(d, "bruno"), transport.Position{}, nil)
		anew.quiet(0)
		zero := anew.stop()
		anew.check()

		deliver("bruno", "letto da altri")
		other := start(t, inbox(d, "bruno"), at, nil) // the zero position makes it another user
		other.quiet(1)
		other.stop()
		ours := start(t, inbox(d, "bruno"), zero, nil)
		ours.quiet(1)
		ours.stop()
		ours.check("letto da altri")
	})

	t.Run("after moving, the inbox is empty and the other folder has all", func(t *testing.T) {
		deliver("carla", "uno", "due")
		in := inbox(d, "carla")
		in.After, in.MoveTo = transport.AfterMove, "Fatto"
		w := start(t, in, transport.Position{}, nil)
		w.quiet(2)
		deliver("carla", "tre")
		w.quiet(3)
		at := w.stop()
		w.check("uno", "due", "tre")
		if left := d.Inbox(t, "carla"); len(left) != 0 || len(at.Unmarked) != 0 {
			t.Errorf("%d messages are left in the inbox, %v unmarked", len(left), at.Unmarked)
		}
		if moved := d.Folder(t, "carla", "Fatto"); len(moved) != 3 {
			t.Errorf("%d messages were moved", len(moved))
		}
	})

	t.Run("after deleting, the inbox is empty", func(t *testing.T) {
		deliver("dario", "uno", "due")
		in := inbox(d, "dario")
		in.After = transport.AfterDelete
		w := start(t, in, transport.Position{}, nil)
		w.quiet(2)
		w.stop()
		if left := d.Inbox(t, "dario"); len(left) != 0 {
			t.Errorf("%d messages are left in the inbox", len(left))
		}
	})

	t.Run("with another UIDVALIDITY what is unread counts as new, and what was read does not", func(t *testing.T) {
		deliver("elena", "vecchio")
		first := start(t, inbox(d, "elena"), transport.Position{}, nil)
		first.quiet(1)
		at := first.stop()
		deliver("elena", "nuovo")
		d.Renumber(t, "elena")
		w := start(t, inbox(d, "elena"), at, nil)
		w.quiet(1)
		if now := w.stop(); now.Validity == at.Validity {
			t.Errorf("validity is %d as before", now.Validity)
		}
		w.check("nuovo")
	})

	t.Run("a connection that the server ends is made again, and what came meanwhile is there", func(t *testing.T) {
		w := start(t, inbox(d, "franco"), transport.Position{}, nil)
		w.quiet(0)
		w.until("idle", func() bool { return w.state.Idle })
		d.Kick(t, "franco")
		w.until("failed", func() bool { return slices.Contains(w.states, transport.InboxFailed) })
		deliver("franco", "dopo")
		w.quiet(1)
		w.stop()
		w.check("dopo")
	})
}

func TestAMessageThatFailsIsNotLostAndStopsNoOther(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna", "bruno", "carla", "dario")

	t.Run("one that the desk cannot store is tried again", func(t *testing.T) {
		for _, s := range []string{"uno", "difficile", "tre"} {
			d.Deliver(t, "anna", message(s))
		}
		var mu sync.Mutex
		broken, tries := true, 0
		w := start(t, inbox(d, "anna"), transport.Position{}, func(s string) error {
			mu.Lock()
			defer mu.Unlock()
			if s == "difficile" && broken {
				tries++
				return errors.New("disk full")
			}
			return nil
		})
		w.until("one missing", func() bool { return w.state.Missing == 1 && w.state.State == transport.InboxWatching })
		w.until("what failed is told", func() bool { return transport.CodeOf(w.state.Err) == transport.DeliverFailed })
		at := w.stop()
		w.check("uno", "tre")
		if len(at.Missing) != 1 {
			t.Fatalf("position %+v", at)
		}
		mu.Lock()
		broken = false
		mu.Unlock()
		again := start(t, inbox(d, "anna"), at, w.fail)
		again.until("nothing missing", func() bool { return again.state.State == transport.InboxWatching && again.state.Missing == 0 })
		if at = again.stop(); len(at.Missing) != 0 {
			t.Errorf("position %+v", at)
		}
		again.check("difficile")
	})

	t.Run("a desk that can store nothing is failed, and gets everything when it can again", func(t *testing.T) {
		var want []string
		for i := range 40 {
			want = append(want, fmt.Sprint("numero ", i))
			d.Deliver(t, "bruno", message(want[i]))
		}
		var mu sync.Mutex
		broken := true
		w := start(t, inbox(d, "bruno"), transport.Position{}, func(string) error {
			mu.Lock()
			defer mu.Unlock()
			if broken {
				return errors.New("disk full")
			}
			return nil
		})
		w.until("failed", func() bool {
			return w.state.State == transport.InboxFailed && transport.CodeOf(w.state.Err) == transport.DeliverFailed
		})
		mu.Lock()
		broken = false
		mu.Unlock()
		w.until("all delivered", func() bool { return len(w.delivered) == 40 && w.state.Missing == 0 })
		w.stop()
		got := slices.Sorted(slices.Values(w.delivered))
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("delivered %q", got)
		}
	})

	t.Run("a connection that breaks in the middle of a message delivers no half message", func(t *testing.T) {
		big := message("grande") + strings.Repeat("riga lunga quanto basta per riempire\r\n", 5000)
		d.Deliver(t, "carla", message("prima"))
		d.Deliver(t, "carla", big)
		d.Deliver(t, "carla", message("dopo"))
		p := peer.NewProxy(t, d.Plain)
		in := inbox(d, "carla")
		in.Port, in.TLS = p.Port, transport.TLSNone
		p.CutAfter(60_000)
		w := start(t, in, transport.Position{}, nil)
		w.quiet(3)
		w.stop()
		w.check("prima", "grande", "dopo")
		if n := len(w.bodies[1]); int64(n) != w.envelopes[1].Size || n < len(big) {
			t.Errorf("%d bytes of %d", n, w.envelopes[1].Size)
		}
		if p.Connections() < 2 {
			t.Error("the connection was never cut")
		}
	})

	t.Run("one at which every connection breaks lets the others through", func(t *testing.T) {
		big := message("maledetto") + strings.Repeat("riga lunga quanto basta per riempire\r\n", 5000)
		d.Deliver(t, "dario", big)
		d.Deliver(t, "dario", message("dopo"))
		p := peer.NewProxy(t, d.Plain)
		in := inbox(d, "dario")
		in.Port, in.TLS = p.Port, transport.TLSNone
		p.CutAfter(60_000, 60_000, 60_000, 60_000)
		w := start(t, in, transport.Position{}, nil)
		w.quiet(2)
		at := w.stop()
		w.check("dopo", "maledetto")
		if len(at.Missing) != 0 {
			t.Errorf("position %+v", at)
		}
	})
}

func TestAMessageAboveTheLimitArrivesCut(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna")
	big := message("grande") + strings.Repeat("riga lunga quanto basta per riempire\r\n", 60_000)
	d.Deliver(t, "anna", message("prima"))
	d.Deliver(t, "anna", big)
	d.Deliver(t, "anna", message("dopo"))
	in := inbox(d, "anna")
	in.MaxMessage, in.After = 2<<20, transport.AfterDelete
	w := start(t, in, transport.Position{}, nil)
	w.quiet(3)
	w.stop()
	w.check("prima", "grande", "dopo")
	if e := w.envelopes[1]; !e.Cut || e.Size < int64(len(big)) || len(w.bodies[1]) != 1<<20 {
		t.Errorf("%+v with %d bytes", e, len(w.bodies[1]))
	}
	if w.envelopes[0].Cut || w.envelopes[2].Cut {
		t.Error("small messages were cut")
	}
	if left := d.Inbox(t, "anna"); len(left) != 1 || !strings.Contains(left[0], "Subject: grande") {
		t.Errorf("%d messages are left: the whole one has to be", len(left))
	}
}

func TestAServerWithoutIDLEAndMOVEIsAskedNowAndThen(t *testing.T) {
	t.Parallel()
	for _, after := range []string{transport.AfterKeep, transport.AfterMove, transport.AfterDelete} {
		t.Run(after, func(t *testing.T) {
			port := peer.OldIMAP(t, "anna", message("uno"), message("due"))
			in := &transport.Inbox{Host: peer.Host, Port: port, TLS: transport.TLSNone, User: "anna", Password: password, After: after, MoveTo: "Fatto"}
			in.Times.Poll = 10 * time.Millisecond
			w := start(t, in, transport.Position{}, nil)
			w.quiet(2)
			seen := 0
			w.mu.Lock()
			seen = len(w.states)
			w.mu.Unlock()
			w.until("asked again", func() bool { return len(w.states) > seen+2 })
			at := w.stop()
			w.check("uno", "due")
			if w.state.Idle || len(at.Unmarked) != 0 {
				t.Errorf("state %+v, position %+v", w.state, at)
			}
			walked := 0
			if err := in.Walk(t.Context(), func(_ context.Context, _ transport.Envelope, r io.Reader) error {
				walked++
				_, err := io.Copy(io.Discard, r)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if want := map[string]int{transport.AfterKeep: 2}[after]; walked != want {
				t.Errorf("%d messages are left undeleted, want %d", walked, want)
			}
		})
	}
}

func TestWalkReadsAFolderAndChangesNothing(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna")
	d.Fill(t, "anna", 60, func(i int) string { return message(fmt.Sprint("numero ", i)) })
	for range 2 {
		var got []string
		err := inbox(d, "anna").Walk(t.Context(), func(_ context.Context, e transport.Envelope, r io.Reader) error {
			b, err := io.ReadAll(r)
			got = append(got, subject(b))
			return err
		})
		if err != nil || len(got) != 60 || got[0] != "numero 0" || got[59] != "numero 59" {
			t.Fatalf("%d messages, %v: %q", len(got), err, got)
		}
	}
	w := start(t, inbox(d, "anna"), transport.Position{}, nil) // still unread
	w.quiet(60)
	w.stop()

	stop, n := errors.New("enough"), 0
	err := inbox(d, "anna").Walk(t.Context(), func(_ context.Context, e transport.Envelope, r io.Reader) error {
		if n++; n == 7 {
			return stop
		}
		return nil // without reading: the rest is skipped
	})
	if !errors.Is(err, stop) || n != 7 {
		t.Errorf("%d messages, %v", n, err)
	}
}
