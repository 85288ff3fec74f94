package sample

import (
	"math/rand/v2"
	"time"

	"sportello/store"
	"sportello/store/door"
)

// one returns a choice at random, by weight.
func one[T any](r *rand.Rand, choices []T, weights ...int) T {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return choices[i]
		}
	}
	return choices[0]
}

// further is how many messages follow the first: 1.8 on average.
var further = []int{0, 1, 2, 3, 4, 5}

// ticket returns a ticket opened at the time. age is its position among all: 0 the newest, 1 the oldest.
func (g *generator) ticket(at time.Time, age float64) generated {
	r := g.r
	at = at.UTC()
	l := g.it
	if r.Float64() >= shareItalian {
		l = g.en
	}
	who := g.people[int(float64(len(g.people))*r.Float64()*r.Float64())] // some people ask much more than others
	module := g.modules[r.IntN(len(g.modules))]
	t := store.Ticket{
		Kind:     one(r, []store.TicketKind{store.Clarification, store.Malfunction, store.Request, store.Guidance, store.Access}, 36, 34, 20, 4, 6),
		Severity: one(r, []store.Severity{store.Blocking, store.High, store.Medium, store.Low}, 3, 15, 52, 30),
		Urgency:  one(r, []store.Urgency{store.Today, store.Week, store.NoDate}, 5, 25, 70),
		Module:   module.id, Group: module.group, Requester: who.ID,
		Language: l.code, Via: door.Page, Opened: at, State: store.StateNew,
		Subject: l.title(r, 3+r.IntN(6)),
	}
	t.Created = at
	t.Wear(who.Hat(at))
	if r.IntN(20) == 0 {
		if p := g.people[r.IntN(len(g.people))]; p.ID != who.ID {
			t.Participants, t.AddedBy = []uint64{p.ID}, map[uint64]uint64{p.ID: who.ID}
		}
	}
	if t.Urgency != store.NoDate && r.IntN(2) == 0 {
		t.Deadline = at.Add(time.Duration(4+r.IntN(16)) * time.Hour)
		if t.Urgency == store.Week {
			t.Deadline = at.AddDate(0, 0, 2+r.IntN(5))
		}
	}
	if t.Kind == store.Malfunction && r.IntN(2) == 0 {
		t.Affected = versionAt("u-gov", at, 0)
	}
	w := &written{g: g, l: l, at: at, out: generated{ticket: t}}
	w.message(store.Message{Author: who.ID, Opening: true}, g.firstLength())
	w.converse(age)
	g.schedule(&w.out.ticket)
	return w.out
}

// firstLength returns the number of words of a first message: 110 on average, most fewer, few many more.
func (g *generator) firstLength() int {
	for {
		if n := leastWords + int(g.r.ExpFloat64()*72.6); n <= mostWords {
			return n
		}
	}
}

// written is a ticket being played.
type written struct {
	g   *generator
	l   *language
	at  time.Time
	out generated
}

// message adds a message and updates the ticket's counts.
func (w *written) message(m store.Message, words int) {
	g, t := w.g, &w.out.ticket
	g.buf = w.l.text(g.buf[:0], g.r, words)
	m.Body, m.At, m.Via = string(g.buf), w.at, door.Page
	m.Created = w.at
	if m.Format = store.Text; m.Agent {
		m.Format = store.Markdown
	}
	if m.Internal {
		t.Notes++
	} else {
		t.Messages++
		t.LastBy, t.LastAgent = m.Author, m.Agent
		if m.Agent && t.Answered.IsZero() {
			t.Answered = w.at
		}
		w.public()
	}
	w.out.messages = append(w.out.messages, m)
}

// public updates the time that the requester's side sees.
func (w *written) public() {
	w.out.ticket.PublicRev++
	w.out.ticket.PublicUpdated = w.at
}

// pass advances by working time, but not beyond the present.
func (w *written) pass(hours float64) {
	next := w.g.cal.Add(w.at, time.Duration((0.1+w.g.r.ExpFloat64())*hours*float64(time.Hour))).UTC().Truncate(time.Second)
	if next.After(w.g.o.Now) {
		next = w.at.Add(w.g.o.Now.Sub(w.at) / 2).UTC().Truncate(time.Second)
	}
	w.at = next
}

func (w *written) take(agent uint64) {
	t := &w.out.ticket
	if t.State != store.StateNew {
		return
	}
	t.State, t.Assignee, t.Taken = store.StateOpen, agent, w.at
	w.public()
}

// converse adds the further messages and notes and brings the ticket to its state.
func (w *written) converse(age float64) {
	g, r, t := w.g, w.g.r, &w.out.ticket
	n := one(r, further, 14, 30, 31, 15, 7, 3)
	agents := g.agents[t.Group]
	agent := agents[r.IntN(len(agents))]
	notes := r.Float64() < shareNotes
	state := g.state(t.Kind, age)
	if state == store.StateNew && n > 0 {
		state = store.StateOpen // an answering agent takes charge
	}
	for i := range n {
		// An agent writes the first answer, and also the last one if it resolves or asks.
		agents := i%2 == 0 || r.IntN(5) == 0
		if i == n-1 {
			agents = agents || state != store.StateOpen
		}
		w.pass(5)
		if agents {
			w.take(agent)
			w.message(store.Message{Author: agent, Agent: true}, 12+int(min(300, r.ExpFloat64()*44)))
		} else {
			w.message(store.Message{Author: t.Requester}, 8+int(min(300, r.ExpFloat64()*36)))
		}
		if notes && (i == 0 || r.IntN(6) == 0) {
			w.pass(1)
			w.message(store.Message{Author: agent, Agent: true, Internal: true}, 10+int(min(300, r.ExpFloat64()*24)))
		}
	}
	if n == 0 && state != store.StateNew {
		w.pass(5)
		if state != store.StateClosed || r.IntN(2) == 0 {
			w.take(agent)
		}
	}
	if n == 0 && notes {
		w.message(store.Message{Author: agent, Agent: true, Internal: true}, 10+int(min(300, r.ExpFloat64()*24)))
	}
	w.end(state, n)
}

// state returns the state of the ticket. Half of the newest twentieth are not closed, more the newer they are, which
// makes 2.5 % of all.
func (g *generator) state(kind store.TicketKind, age float64) store.State {
	if age >= 2*shareOpen || g.r.Float64() >= 1-age/(2*shareOpen) {
		return store.StateClosed
	}
	s := one(g.r, []store.State{store.StateNew, store.StateOpen, store.StateWaiting, store.StatePlanned, store.StateResolved}, 30, 28, 16, 8, 18)
	if s == store.StatePlanned && kind != store.Malfunction && kind != store.Request {
		return store.StateOpen
	}
	return s
}

// end brings the ticket into its last state, after n further messages.
func (w *written) end(state store.State, n int) {
	g, r, t := w.g, w.g.r, &w.out.ticket
	if n == 0 && (state == store.StateWaiting || state == store.StatePlanned || state == store.StateResolved) {
		state = store.StateOpen // these need an answer
	}
	switch state {
	case store.StateWaiting, store.StatePlanned:
		t.State, t.Stands = state, w.at
		if state == store.StatePlanned {
			t.Version = versionAt("u-gov", w.at, 1)
		}
		w.public()
	case store.StateResolved:
		// Not more than a week ago, or the desk would close it at once.
		if week := g.o.Now.Add(-7 * 24 * time.Hour); w.at.Before(week) {
			w.at = week.Add(time.Duration(r.IntN(6*24)) * time.Hour).UTC().Truncate(time.Second)
		}
		t.State, t.Resolved, t.Outcome = state, w.at, g.outcome(t.Kind, n)
		w.public()
	case store.StateClosed:
		t.Resolved, t.Outcome = w.at, g.outcome(t.Kind, n)
		w.public()
		if r.IntN(3) == 0 || n == 0 {
			w.pass(8)
		} else if w.at = w.at.AddDate(0, 0, g.set.CloseAfter); w.at.After(g.o.Now) {
			w.at = g.o.Now.UTC().Truncate(time.Second)
		}
		t.State, t.Closed = state, w.at
		w.public()
	}
}

// outcome returns an outcome that fits the kind; without a message it is the requester's own.
func (g *generator) outcome(kind store.TicketKind, messages int) store.Outcome {
	if messages == 0 {
		return one(g.r, []store.Outcome{store.Solved, store.Withdrawn}, 1, 1)
	}
	if kind == store.Malfunction {
		return one(g.r, []store.Outcome{store.Solved, store.KnownProblem, store.NotReproducible, store.Answered}, 70, 14, 8, 8)
	}
	return one(g.r, []store.Outcome{store.Answered, store.Solved, store.Refused}, 60, 35, 5)
}

// schedule sets priority, due time and the next thing to happen, as the desk does.
func (g *generator) schedule(t *store.Ticket) {
	t.Priority = g.set.PriorityOf(t.Severity, t.Urgency)
	t.Due = t.Deadline
	if t.Due.IsZero() {
		t.Due = g.cal.Add(t.Opened, g.hours[t.Priority]).UTC()
	}
	if t.State == store.StateResolved {
		t.Wake = t.Resolved.AddDate(0, 0, g.set.CloseAfter)
		if warn := t.Wake.AddDate(0, 0, -2); warn.After(t.Resolved) {
			t.Wake = warn
		}
	}
}
