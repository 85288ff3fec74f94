package sample

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
)

// TestNobodyOfADemoIsRefused makes everybody try every invented step on tickets in every state: what the ticket offers
// succeeds, and the rest is skipped.
func TestNobodyOfADemoIsRefused(t *testing.T) {
	clock := NewClock(Start(demoNow))
	quiet := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.TempDir(), db.Options{Clock: clock.Now, NoSync: true, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d := desk.New(desk.Options{Store: st, Log: quiet})
	if err := d.Catalogue.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newStage(t.Context(), d, clock, 1, demoNow, demoTickets)
	defer func() { // files are still being written when the steps are done
		if err := s.storing.Wait(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.scene(); err != nil {
		t.Fatal(err)
	}
	s.now = demoNow.AddDate(10, 0, 0) // there is time for everything
	stories, err := Tickets()
	if err != nil {
		t.Fatal(err)
	}
	story := &stories[slices.IndexFunc(stories, func(x Ticket) bool {
		return x.Kind == "malfunction" && x.Outcome == "solved" && s.modules[x.Module] != nil && s.modules[x.Module].Here()
	})]
	open := func() *matter {
		m := s.new(story, 0, clock.Now(), untouched)
		if err := m.open(); err != nil {
			t.Fatal(err)
		}
		return m
	}
	other, twin := open(), open()
	do := func(m *matter, by *player, what ticket.Step) {
		if _, err := d.Tickets.Do(by.actor(), m.number, what); err != nil {
			t.Fatal(err)
		}
	}
	pass := func(days int) {
		at := clock.Now().AddDate(0, 0, days)
		if err := s.elapse(at); err != nil {
			t.Fatal(err)
		}
		clock.Set(at)
	}
	solved := ticket.Step{Message: public("Fatto."), To: store.StateResolved, Outcome: store.Solved}
	do(twin, twin.agent, ticket.Step{Message: public("Doppio."), To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: other.number})

	high := store.Blocking
	steps := []struct {
		name string
		what func(m *matter) (*player, ticket.Step)
	}{
		{"take", func(m *matter) (*player, ticket.Step) { return m.agent, ticket.Step{Take: true} }},
		{"assign", func(m *matter) (*player, ticket.Step) {
			return s.supervisor(m.group), ticket.Step{Assignee: &m.agent.row.ID}
		}},
		{"priority", func(m *matter) (*player, ticket.Step) {
			return m.agent, ticket.Step{Take: true, Severity: &high, Reason: "Urgente."}
		}},
		{"reply", func(m *matter) (*player, ticket.Step) { return m.agent, ticket.Step{Message: public("Guardo.")} }},
		{"ask", func(m *matter) (*player, ticket.Step) {
			return m.agent, ticket.Step{Message: public("Quale?"), To: store.StateWaiting}
		}},
		{"plan", func(m *matter) (*player, ticket.Step) {
			return m.agent, ticket.Step{Message: public("Arriva."), To: store.StatePlanned, Version: "2"}
		}},
		{"solve", func(m *matter) (*player, ticket.Step) { return m.agent, solved }},
		{"duplicate", func(m *matter) (*player, ticket.Step) {
			return m.agent, ticket.Step{Message: public("Doppio."), To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: other.number}
		}},
		{"duplicate-of-duplicate", func(m *matter) (*player, ticket.Step) {
			return m.agent, ticket.Step{Message: public("Doppio."), To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: twin.number}
		}},
		{"note", func(m *matter) (*player, ticket.Step) { return m.agent, ticket.Step{Message: note("Da guardare.")} }},
		{"note-of-a-stranger", func(m *matter) (*player, ticket.Step) { return m.requester, ticket.Step{Message: note("Da guardare.")} }},
		{"link", func(m *matter) (*player, ticket.Step) {
			return m.agent, ticket.Step{Link: other.number, Message: note("Come quella.")}
		}},
		{"link-to-nothing", func(m *matter) (*player, ticket.Step) {
			return m.agent, ticket.Step{Link: 1 << 40, Message: note("Come quella.")}
		}},
		{"answer", func(m *matter) (*player, ticket.Step) { return m.requester, ticket.Step{Message: public("Quello.")} }},
		{"colleague", func(m *matter) (*player, ticket.Step) {
			return m.requester, ticket.Step{Message: public("Con me."), Add: []string{m.agent.Email}}
		}},
		{"confirm", func(m *matter) (*player, ticket.Step) {
			return m.requester, ticket.Step{Message: public("Grazie."), Confirm: true}
		}},
		{"reopen", func(m *matter) (*player, ticket.Step) {
			return m.requester, ticket.Step{Message: public("Ancora."), Reopen: true}
		}},
	}
	const atWork = "take assign priority reply ask plan solve duplicate note link answer colleague"
	for _, c := range []struct {
		name    string
		become  func(m *matter)
		offered string
	}{
		{"new", func(*matter) {}, "take assign priority reply ask solve duplicate note link answer colleague"},
		{"open", func(m *matter) { do(m, m.agent, ticket.Step{Take: true}) }, atWork},
		{"waiting", func(m *matter) {
			do(m, m.agent, ticket.Step{Message: public("Quale?"), To: store.StateWaiting})
		}, strings.Replace(atWork, "ask ", "", 1) + " reopen"},
		{"planned", func(m *matter) {
			do(m, m.agent, ticket.Step{Take: true})
			do(m, m.agent, ticket.Step{To: store.StatePlanned, Version: "1"})
		}, strings.Replace(atWork, "plan ", "", 1)},
		{"resolved", func(m *matter) { do(m, m.agent, solved) }, "note link confirm reopen"},
		{"confirmed", func(m *matter) {
			do(m, m.agent, solved)
			do(m, m.requester, ticket.Step{Confirm: true})
		}, "note link reopen"},
		{"closed by itself", func(m *matter) { do(m, m.agent, solved); pass(11) }, "note link reopen"},
		{"closed long ago", func(m *matter) { do(m, m.agent, solved); pass(40) }, "note link"},
		{"a duplicate", func(m *matter) {
			do(m, m.agent, ticket.Step{Message: public("Doppio."), To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: other.number})
		}, "note link confirm reopen"},
	} {
		var offered []string
		for _, step := range steps {
			m := open()
			c.become(m)
			by, what := step.what(m)
			m.step(clock.Now(), by, what)
			left := s.left
			if err := s.play(); err != nil {
				t.Errorf("%s, %s: %v", c.name, step.name, err)
			}
			if s.left == left {
				offered = append(offered, step.name)
			}
			pass(0)
			clock.Set(clock.Now().Add(time.Second))
		}
		if got := strings.Join(offered, " "); got != c.offered {
			t.Errorf("a ticket that is %s offers %s, not %s", c.name, got, c.offered)
		}
	}
}
