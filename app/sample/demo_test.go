package sample

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/app/desk"
	"sportello/app/desk/article"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
)

// demoNow is a Tuesday morning.
var demoNow = time.Date(2026, 3, 17, 9, 40, 0, 0, time.UTC)

// fill creates a demo in its own folder.
func fill(t *testing.T, seed uint64, now time.Time) (*desk.Desk, Accounts) {
	t.Helper()
	clock := NewClock(Start(now))
	st, err := store.Open(t.TempDir(), db.Options{Clock: clock.Now, NoSync: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, f := range st.Check() {
			t.Errorf("store: %s", f)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	d := desk.New(desk.Options{Store: st, Log: slog.New(slog.DiscardHandler)})
	if err := d.Catalogue.Seed(context.Background()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	accounts, err := Demo(context.Background(), d, clock, seed, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("filled in %v", time.Since(began).Round(time.Millisecond))
	return d, accounts
}

func TestTheDemoIsADeskAtWork(t *testing.T) {
	d, accounts := fill(t, 1, demoNow)
	states, groups, kinds, outcomes := map[store.State]int{}, map[uint64]int{}, map[store.TicketKind]int{}, map[store.Outcome]int{}
	notes, files, participants, links, overdue, today, reopened := 0, 0, 0, 0, 0, 0, 0
	err := d.Store().View(func(tx *db.Tx) error {
		last := time.Time{}
		for ticket, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if ticket.Opened.Before(last) || ticket.Opened.After(demoNow) || ticket.Opened.Before(demoNow.AddDate(-1, 0, -3)) {
				t.Errorf("#%d opened %v, the one before %v", ticket.ID, ticket.Opened, last)
			}
			last = ticket.Opened
			states[ticket.State]++
			kinds[ticket.Kind]++
			outcomes[ticket.Outcome]++
			if ticket.State == store.StateNew && ticket.Assignee == 0 {
				groups[ticket.Group]++
			}
			if ticket.State.Active() && (ticket.Subject == "" || strings.Contains(ticket.Subject, "{")) {
				t.Errorf("#%d %q", ticket.ID, ticket.Subject)
			}
			notes += ticket.Notes
			files += ticket.Files
			participants += len(ticket.Participants)
			links += len(ticket.Links)
			if ticket.Overdue(demoNow) {
				overdue++
			} else if ticket.State.Active() && ticket.Due.Before(demoNow.Add(9*time.Hour)) {
				today++
			}
			changes, err := tx.TicketChanges(ticket.ID)
			if err != nil {
				return err
			}
			if len(changes) == 0 || !changes[0].At.Equal(ticket.Opened) {
				t.Errorf("#%d: the history does not begin with the opening", ticket.ID)
			}
			for _, c := range changes {
				if c.At.After(demoNow.Add(time.Minute)) {
					t.Errorf("#%d: %s at %v", ticket.ID, c.Act, c.At)
				}
				if c.Act == act.Reopen {
					reopened++
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	total, active := 0, 0
	for s, n := range states {
		total += n
		if s.Active() {
			active += n
		}
	}
	t.Logf("states %v, kinds %v, outcomes %v, notes %d, files %d, participants %d, links %d, overdue %d, today %d, reopened %d", states, kinds, outcomes, notes, files, participants, links, overdue, today, reopened)
	const ofRequests = 6 // tickets that stand for requests for credentials
	if total != demoTickets+ofRequests || active < 25 || active > 40 || states[store.StateWaiting] < 3 || states[store.StatePlanned] < 3 || states[store.StateResolved] < 4 {
		t.Errorf("%d tickets, %d of them active: %v", total, active, states)
	}
	if len(groups) != 6 {
		t.Errorf("unassigned tickets in %d groups", len(groups))
	}
	if notes < 60 || files < 50 || participants < 15 || links < 6 || overdue < 3 || today < 3 || reopened < 2 || outcomes[store.Duplicate] != duplicates {
		t.Error("something of a desk's life is missing")
	}
	articles, err := d.Articles.List(policy.Actor{System: true}, article.Filter{Limit: 200})
	if err != nil || len(articles.Items) < 36 {
		t.Errorf("%d published articles, %v", len(articles.Items), err)
	}
	for _, a := range articles.Items {
		if strings.Contains(a.Version.Body, "picture:") {
			t.Errorf("%s: a picture without a file", a.Slug)
		}
	}
	signIn(t, d, accounts)
}

// signIn signs in with the accounts: each has its role, and the agent has unread notices.
func signIn(t *testing.T, d *desk.Desk, accounts Accounts) {
	t.Helper()
	if len(accounts) != len(people.Roles) {
		t.Errorf("%d accounts", len(accounts))
	}
	for _, a := range accounts {
		_, p, err := d.Keeper().SignIn(context.Background(), a.Email, a.Password, "test", "127.0.0.1")
		if err != nil {
			t.Errorf("%s: %v", a.Role, err)
			continue
		}
		if err := credential.Rule(a.Password, a.Email, a.Name); err != nil {
			t.Errorf("%s: %v", a.Role, err)
		}
		unread, err := d.Notices.Unread(policy.Actor{Person: p})
		if err != nil {
			t.Error(err)
		}
		if a.Role == "agent" && unread == 0 || unread > 60 {
			t.Errorf("%s: %d unread notices", a.Role, unread)
		}
	}
}

func TestTheSameSeedMakesTheSameDemo(t *testing.T) {
	// On a Sunday night nobody works, and there must be a demo nevertheless.
	now := time.Date(2026, 11, 22, 23, 10, 0, 0, time.UTC)
	one, _ := fill(t, 7, now)
	two, _ := fill(t, 7, now.In(one.Location())) // the same moment in another time zone
	if a, b := everything(t, one), everything(t, two); a != b {
		t.Error("two demos differ")
	}
}

func everything(t *testing.T, d *desk.Desk) string {
	t.Helper()
	var b strings.Builder
	put := func(v any) error { return json.NewEncoder(&b).Encode(v) }
	system := policy.Actor{System: true}
	_, err := d.ExportTickets(context.Background(), system, "prova", func(r ticket.Record) error { return put(r) })
	if err == nil {
		err = d.ExportArticles(context.Background(), system, func(r article.Record) error { return put(r) })
	}
	if err == nil {
		err = d.ExportPeople(context.Background(), system, func(r people.Record) error { return put(r) })
	}
	if err == nil { // the log contains every row with its number and times, and its content except secrets
		err = d.Store().View(func(tx *db.Tx) error {
			for c, err := range tx.Changes(0) {
				if err == nil {
					err = put(c)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
