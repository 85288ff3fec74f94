package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/desk/policy"
	"sportello/app/desk/problem"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
)

// TestTwoThousandTicketsFollowThroughKills kills a serving process with SIGKILL at random moments while 2,000 tickets follow their known
// problem. After each the data check is clean; in the end each is planned, with one message, of which its requester has one notice.
func TestTwoThousandTicketsFollowThroughKills(t *testing.T) {
	const many, people = 2000, 400
	d := newKilledDesk(t, "[smtp]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nfrom = \"csa@desk.example\"\n")
	system := policy.Actor{Via: door.Command, System: true}
	d.open(func(a *app.App) {
		v, err := a.Desk.Problems.Save(system, 0, problem.Form{Module: "csa", State: store.ProblemConfirmed, Title: store.Words{IT: "Il cedolino resta bianco"}})
		must(t, err)
		must(t, a.Store.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
			var ids []uint64
			for i := range people {
				p := &store.Person{Email: fmt.Sprintf("p%d@example.it", i), Name: "Persona"}
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
				ids = append(ids, p.ID)
			}
			for i := range many {
				row := &store.Ticket{Subject: "Cedolino bianco", Kind: store.Malfunction, Module: v.Problem.Module, Group: v.Problem.Group, Requester: ids[i%people], State: store.StateNew, Language: "it", Opened: tx.Now()}
				if err := store.Tickets.Put(tx, row); err != nil {
					return err
				}
				if err := store.Cases.Put(tx, &store.Case{Problem: v.ID, Ticket: row.ID}); err != nil {
					return err
				}
			}
			return nil
		}))
		f := problem.FormOf(v)
		f.FixedIn = []string{"25.02"}
		_, err = a.Desk.Problems.Save(system, v.ID, f)
		must(t, err)
	})
	followed := func(a *app.App) (tickets int, done bool) {
		must(t, a.Store.View(func(tx *db.Tx) error {
			tickets, done = 0, false
			for row, err := range store.Tickets.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if row.State == store.StatePlanned {
					tickets++
				}
			}
			for e, err := range store.Errands.All(tx, 0, false) {
				if err != nil {
					return err
				}
				done = !e.Done.IsZero()
			}
			return nil
		}))
		return tickets, done
	}
	middle := 0
	for range 20 {
		d.serveAndKill(200*time.Millisecond, 600*time.Millisecond)
		tickets, done := 0, false
		d.open(func(a *app.App) { tickets, done = followed(a) })
		t.Logf("after a kill: %d tickets", tickets)
		if tickets > 0 && !done {
			middle++
		}
		if done || middle > 3 {
			break
		}
	}
	if middle == 0 {
		t.Error("no kill came in the middle")
	}
	d.open(func(a *app.App) {
		_, err := a.Store.CatchUp(context.Background(), a.Desk.Problems.Following())
		must(t, err)
		for more := true; more; {
			var err error
			more, err = a.Desk.Problems.Step()
			must(t, err)
		}
		_, err = a.Desk.Notices.Plan()
		must(t, err)
		if tickets, done := followed(a); tickets != many || !done {
			t.Errorf("%d tickets follow, done %v", tickets, done)
		}
		must(t, a.Store.View(func(tx *db.Tx) error {
			told := map[uint64]int{}
			for n, err := range store.Notices.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if n.Event == event.Planned || n.Event == event.Message {
					told[n.Ticket]++
				}
			}
			for row, err := range store.Tickets.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if row.Messages != 1 || told[row.ID] != 1 {
					t.Errorf("ticket %d has %d messages and %d notices", row.ID, row.Messages, told[row.ID])
				}
			}
			return nil
		}))
	})
}
