package live

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/listen"
	"sportello/app/web"
	"sportello/store/fault"
)

const (
	livePing = 20 * time.Second // keeps proxies and the browser from closing the stream
	liveEnds = 50 * time.Second // before the server's write timeout; the browser reconnects automatically
)

// Event is everything a stream sends: which ticket changed, and its revision as this person sees it.
type Event struct {
	Ticket uint64 `json:"ticket"`
	Rev    uint64 `json:"rev"`
}

// getLive streams an event for each changed ticket that the person may see; the right is checked for each event. For
// the requester's side an internal change is no change. The stream starts after the change that the page names, so that
// nothing is missed between showing the page and opening the stream.
func (a *pages) getLive(r *web.Request) error {
	actor := r.Actor()
	secret := r.Cookie(a.CookieName("session"))
	after, err := strconv.ParseUint(cmp.Or(r.Header("Last-Event-ID"), r.Query("after")), 10, 64)
	if err != nil || after > a.Store.Last() {
		if after = a.Store.Last(); !web.HearsAll(actor) {
			if after, err = a.Desk.Tickets.LastPublic(); err != nil {
				return err
			}
		}
	}
	leave, ok := a.streams.enter("session "+secretName(secret), fmt.Sprintf("person %d", actor.ID()), "network "+listen.Network(r.ClientIP()).String())
	if !ok {
		return fault.New(fault.TooMany, "error.too-much-at-once", "seconds", 60) // the page polls in the meantime
	}
	r.SetHeader("Content-Type", "text/event-stream")
	r.SetHeader("Cache-Control", "no-store")
	r.SetHeader("X-Accel-Buffering", "no")
	r.Stream(func(w *bufio.Writer) {
		// The request is over here and may not be used, and a panic would end the process.
		defer func() {
			if p := recover(); p != nil {
				a.Log.Error("live stream", "err", web.Panicked(p))
			}
		}()
		defer leave()
		a.Metrics.Streams.Inc()
		defer a.Metrics.Streams.Dec()
		ctx, cancel := context.WithTimeout(a.Live, liveEnds)
		defer cancel()
		if err := a.stream(ctx, w, actor, secret, after); err != nil && ctx.Err() == nil {
			a.Log.Debug("live stream ended", "person", actor.ID(), "err", err)
		}
	})
	return nil
}

func (a *pages) stream(ctx context.Context, w *bufio.Writer, actor policy.Actor, secret string, after uint64) error {
	fmt.Fprintf(w, "retry: 2000\nid: %d\n: hello\n\n", after)
	if err := w.Flush(); err != nil {
		return err
	}
	sent := map[uint64]uint64{}
	for {
		wait, cancel := context.WithTimeout(ctx, livePing)
		err := a.Store.Wait(wait, after)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, context.DeadlineExceeded) {
			fmt.Fprint(w, ": ping\n\n")
			if err := w.Flush(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		// The actor may have changed too: their rights, or the session itself.
		_, p, err := a.Desk.Keeper().Session(ctx, secret)
		if err != nil {
			return nil
		}
		actor.Person = p
		events, upTo, err := Events(a.Site, actor, after)
		if err != nil {
			return err
		}
		after = upTo
		for _, e := range events {
			if sent[e.Ticket] == e.Rev {
				continue
			}
			sent[e.Ticket] = e.Rev
			raw, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("app: encode live event: %w", err)
			}
			fmt.Fprintf(w, "id: %d\ndata: %s\n\n", after, raw)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

// Events returns the actor's events for the changes after the number, and the last change it examined.
func Events(s *web.Site, actor policy.Actor, after uint64) ([]Event, uint64, error) {
	news, upTo, err := s.Desk.Tickets.News(actor, after)
	if err != nil {
		return nil, after, err
	}
	var out []Event
	for _, n := range news {
		out = append(out, Event{n.Ticket, n.Rev})
	}
	return out, upTo, nil
}

// How many streams may be open. A browser needs one for all its pages: see live.js. A browser that gets none polls
// every half minute and tries again.
const (
	MostOfSession = 8
	MostOfPerson  = 24
	liveOfNetwork = 1000
	liveOfAll     = 3000
)

// streams counts the open streams.
type streams struct {
	mu  sync.Mutex
	all int
	of  map[string]int
}

// enter reserves a stream for the session, the person and the network; leave releases it. ok is false when one of them
// has reached its limit.
func (s *streams) enter(session, person, network string) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string]int{}
	}
	if s.all >= liveOfAll || s.of[session] >= MostOfSession || s.of[person] >= MostOfPerson || s.of[network] >= liveOfNetwork {
		return nil, false
	}
	names := []string{session, person, network}
	s.all++
	for _, n := range names {
		s.of[n]++
	}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		for _, n := range names {
			if s.of[n]--; s.of[n] == 0 {
				delete(s.of, n)
			}
		}
	}), true
}

// secretName returns a name for the secret that does not reveal it.
func secretName(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return string(sum[:])
}
