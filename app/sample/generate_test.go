package sample

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

func generate(t testing.TB, n int) (*db.Store, *desk.Desk) {
	t.Helper()
	clock := NewClock(demoNow.AddDate(-2, 0, -8))
	st, err := store.Open(t.TempDir(), db.Options{Clock: clock.Now, NoSync: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	d := desk.New(desk.Options{Store: st, Log: slog.New(slog.DiscardHandler)})
	if err := d.Catalogue.Seed(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := Generate(context.Background(), st, GenerateOptions{Tickets: n, Seed: 3, Now: demoNow, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	return st, d
}

func TestGeneratedTicketsHaveTheShapeOfADesk(t *testing.T) {
	const n = 2000
	st, d := generate(t, n)
	distinct := map[string]bool{}
	requesters, units, groups, modules := map[uint64]bool{}, map[uint64]bool{}, map[uint64]bool{}, map[uint64]bool{}
	words, least, most, messages, notes, italian, open, states := 0, 1<<30, 0, 0, 0, 0, 0, map[store.State]int{}
	err := st.View(func(tx *db.Tx) error {
		var last time.Time
		for ticket, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if ticket.Opened.Before(last) || ticket.Opened.After(demoNow) || ticket.Opened.Before(demoNow.AddDate(-2, 0, -1)) {
				t.Errorf("#%d opened %v after %v", ticket.ID, ticket.Opened, last)
			}
			last = ticket.Opened
			if ticket.PublicUpdated.After(demoNow) || ticket.Due.IsZero() || ticket.Priority == 0 || ticket.Closed.After(demoNow) || !ticket.Wake.IsZero() && ticket.Wake.Before(demoNow) {
				t.Errorf("#%d: updated %v, due %v, priority %d, closed %v, wake %v", ticket.ID, ticket.PublicUpdated, ticket.Due, ticket.Priority, ticket.Closed, ticket.Wake)
			}
			if (ticket.State == store.StateNew) != (ticket.Assignee == 0) && ticket.State != store.StateClosed {
				t.Errorf("#%d: %v with assignee %d", ticket.ID, ticket.State, ticket.Assignee)
			}
			if (ticket.Outcome == store.OutcomeNone) != (ticket.State.Active()) {
				t.Errorf("#%d: %v with outcome %v", ticket.ID, ticket.State, ticket.Outcome)
			}
			states[ticket.State]++
			if ticket.State != store.StateClosed {
				open++
			}
			if ticket.Language == "it" {
				italian++
			}
			if ticket.Notes > 0 {
				notes++
			}
			messages += ticket.Messages - 1
			requesters[ticket.Requester], units[ticket.Unit], groups[ticket.Group], modules[ticket.Module] = true, true, true, true
			count := 0
			for m, err := range store.MessagesByTicket.Rows(tx, db.Span{Prefix: key.Of(ticket.ID)}) {
				if err != nil {
					return err
				}
				for _, w := range strings.Fields(m.Body) {
					distinct[strings.ToLower(strings.Trim(w, ".,"))] = true
				}
				if m.Opening {
					w := len(strings.Fields(m.Body))
					words, least, most = words+w, min(least, w), max(most, w)
				} else if m.Internal {
					continue
				}
				count++
			}
			if count != ticket.Messages {
				t.Errorf("#%d: %d messages, says %d", ticket.ID, count, ticket.Messages)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	about := func(what string, got, want, off float64) {
		if got < want-off || got > want+off {
			t.Errorf("%s: %.3f, not about %.3f", what, got, want)
		}
	}
	about("words of a first message", float64(words)/n, firstWords, 6)
	about("further messages", float64(messages)/n, 1.8, 0.1)
	about("Italian", float64(italian)/n, shareItalian, 0.04)
	about("with notes", float64(notes)/n, shareNotes, 0.04)
	about("not closed", float64(open)/n, shareOpen, 0.008)
	if least < leastWords || most > mostWords || most < 250 {
		t.Errorf("first messages of %d to %d words", least, most)
	}
	if len(distinct) < 20000 || len(requesters) < 800 || len(units) != generatedUnits || len(groups) != 6 || len(modules) < 10 {
		t.Errorf("%d words, %d requesters, %d units, %d groups, %d modules", len(distinct), len(requesters), len(units), len(groups), len(modules))
	}
	for _, s := range []store.State{store.StateNew, store.StateOpen, store.StateWaiting, store.StateResolved} {
		if states[s] == 0 {
			t.Errorf("no ticket is %v", s)
		}
	}
	t.Logf("%d words, states %v", len(distinct), states)
	for _, f := range st.Check() {
		t.Errorf("store: %s", f)
	}
	it, en, err := languages(3)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, w := range append(it.words, en.words...) {
		all[w] = true
	}
	if len(all) < 40000 {
		t.Errorf("%d different words to choose from", len(all))
	}
	again(t, st, d)
}

// again generates a second time: numbers continue, people stay, and nobody is notified.
func again(t *testing.T, st *db.Store, d *desk.Desk) {
	t.Helper()
	if err := Generate(context.Background(), st, GenerateOptions{Tickets: 60, Seed: 4, Now: demoNow}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	err := st.View(func(tx *db.Tx) error {
		if last := store.Tickets.Last(tx); last != 2060 {
			t.Errorf("the last number is %d", last)
		}
		if n := store.People.Last(tx); n != generatedPeople+6*generatedAgents {
			t.Errorf("%d people", n)
		}
		if n := store.Notices.Last(tx); n != 0 {
			t.Errorf("%d notices", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := GeneratedAccounts(d, 2, 3)
	if err != nil || len(accounts) != 5 {
		t.Fatalf("%v, %v", accounts, err)
	}
	for _, a := range accounts {
		_, p, err := d.Keeper().SignIn(context.Background(), a.Email, a.Password, "test", "127.0.0.1")
		if err != nil || p.IsAgent() != (a.Role == "agent") {
			t.Errorf("%s: %v, %v", a.Role, p, err)
		}
	}
	page, err := d.Queues.Queue(policy.Actor{System: true}, queue.Query{View: "all"})
	if err != nil || len(page.Tickets) == 0 {
		t.Errorf("queue: %d tickets, %v", len(page.Tickets), err)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		generate(b, 20000)
	}
	b.ReportMetric(20000*float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
}
