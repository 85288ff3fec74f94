package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
)

// stepsLeft are how many people and tickets are still where a relocation takes them from, and how many tickets a handover
// has yet to hand on.
type stepsLeft struct{ people, tickets, held int }

// TestWhatIsDoneInStepsOutlivesKills kills a serving process with SIGKILL at random moments while an organisation is taken in
// by another and the work of somebody is handed on. After each the data check is clean; in the end all has come over, each
// once.
func TestWhatIsDoneInStepsOutlivesKills(t *testing.T) {
	const many = 1500
	d := newKilledDesk(t, "")
	from, to, leaver, heir := &store.Organisation{Code: "piccolo", Name: "Piccolo"}, &store.Organisation{Code: "grande", Name: "Grande"}, &store.Person{}, &store.Person{}
	by := db.By{Via: door.Command, Act: act.Seed}
	d.open(func(a *app.App) {
		system := policy.Actor{Via: door.Command, System: true}
		csa, err := a.Desk.People.GroupByCode("csa")
		must(t, err)
		must(t, a.Store.Update(by, func(tx *db.Tx) error {
			*leaver = store.Person{Email: "va@example.it", Name: "Va Via", Groups: []store.Membership{{Group: csa.ID}}}
			*heir = store.Person{Email: "resta@example.it", Name: "Resta Qui", Groups: []store.Membership{{Group: csa.ID}}}
			from.ID, to.ID = 0, 0
			for _, put := range []func() error{
				func() error { return store.Organisations.Put(tx, from) }, func() error { return store.Organisations.Put(tx, to) },
				func() error { return store.People.Put(tx, leaver) }, func() error { return store.People.Put(tx, heir) },
			} {
				if err := put(); err != nil {
					return err
				}
			}
			for i := range many {
				p := &store.Person{Email: fmt.Sprintf("p%d@example.it", i), Name: fmt.Sprint("Persona ", i), Affiliations: []store.Affiliation{{Organisation: from.ID}}}
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
				tk := &store.Ticket{Subject: fmt.Sprint("Richiesta ", i), Requester: p.ID, Organisation: from.ID, Group: csa.ID, State: store.StateOpen, Assignee: leaver.ID}
				if err := store.Tickets.Put(tx, tk); err != nil {
					return err
				}
			}
			return store.Handovers.Put(tx, &store.Handover{Person: leaver.ID, Tickets: store.Receiver{Person: heir.ID}})
		}))
		said, err := a.Desk.Relocations.Preview(system, store.Hat{Organisation: from.ID}, to.ID)
		must(t, err)
		_, _, err = a.Desk.Relocations.Begin(system, store.Hat{Organisation: from.ID}, to.ID, said.Sum)
		must(t, err)
	})
	left := func(a *app.App) (n stepsLeft) {
		must(t, a.Store.View(func(tx *db.Tx) error {
			n = stepsLeft{}
			for range store.PeopleByOrganisation.Entries(tx, db.Span{Prefix: key.Of(from.ID)}) {
				n.people++
			}
			for range store.TicketsByHat.Entries(tx, db.Span{Prefix: key.Of(from.ID)}) {
				n.tickets++
			}
			for range store.TicketsByAssignee.Entries(tx, db.Span{Prefix: key.Of(leaver.ID, store.StateOpen)}) {
				n.held++
			}
			return nil
		}))
		return n
	}
	moving, handing := 0, 0 // kills that came in the middle
	for range 8 {
		d.serveAndKill(0, 150*time.Millisecond)
		var n stepsLeft
		d.open(func(a *app.App) { n = left(a) })
		t.Logf("after a kill: %+v", n)
		if n.people+n.tickets > 0 && n.people+n.tickets < 2*many {
			moving++
		}
		if n.held > 0 && n.held < many {
			handing++
		}
		if n == (stepsLeft{}) {
			break
		}
	}
	if moving == 0 || handing == 0 {
		t.Errorf("killed %d times in the middle of the relocation, %d in the middle of the handover", moving, handing)
	}
	d.open(func(a *app.App) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		go a.Desk.Leaving.RunHandovers(ctx)
		for more := true; more; {
			var err error
			more, err = a.Desk.Relocations.Step()
			must(t, err)
		}
		for at := a.Store.Last(); left(a) != (stepsLeft{}); at = a.Store.Last() {
			must(t, a.Store.Wait(ctx, at))
		}
		must(t, a.Store.View(func(tx *db.Tx) error {
			for row, err := range store.Relocations.All(tx, 0, false) {
				if err != nil || row.Ended.IsZero() || row.People != many || row.Tickets != many {
					t.Errorf("relocation %+v, %v", row, err)
				}
			}
			n := 0
			for range store.TicketsByAssignee.Entries(tx, db.Span{Prefix: key.Of(heir.ID, store.StateOpen)}) {
				n++
			}
			if o, err := store.OrganisationsByCode.First(tx, "piccolo"); err != nil || o.ID != to.ID || n != many {
				t.Errorf("%d tickets are the heir's; the code leads to %+v, %v", n, o, err)
			}
			return nil
		}))
		for {
			at, done := a.Store.Last(), false
			must(t, a.Store.View(func(tx *db.Tx) error {
				h, err := store.Handovers.Get(tx, 1)
				if done = err == nil && !h.Done.IsZero(); done && h.Moved != many {
					t.Errorf("handed on %d of %d", h.Moved, many)
				}
				return err
			}))
			if done {
				break
			}
			must(t, a.Store.Wait(ctx, at))
		}
	})
}
