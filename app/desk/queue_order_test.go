package desk

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/spelling"
)

// stood puts tickets of the group of CSA on the desk as they are and returns them by subject.
func (o *office) stood(rows ...*store.Ticket) {
	o.t.Helper()
	err := o.st.Update(db.By{Via: door.Command, Act: act.Open}, func(tx *db.Tx) error {
		for _, row := range rows {
			row.ID, row.Rev = 0, 0
			row.Group, row.Requester = cmp.Or(row.Group, o.group["csa"]), cmp.Or(row.Requester, o.people["ada"].ID)
			row.Kind = cmp.Or(row.Kind, store.Clarification)
			if row.Opened.IsZero() {
				row.Opened = tx.Now()
			}
			if err := store.Tickets.Put(tx, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// shown reads a whole queue, page by page of the limit.
func (o *office) shown(a policy.Actor, q queue.Query) (rows []*store.Ticket, first queue.Page) {
	o.t.Helper()
	for n := 0; ; n++ {
		page, err := o.Queues.Queue(a, q)
		if err != nil {
			o.t.Fatal(err)
		}
		if n == 0 {
			first = page
		}
		if page.Count != first.Count {
			o.t.Errorf("%+v: %d on page %d, %d on the first", q, page.Count, n+1, first.Count)
		}
		rows = append(rows, page.Tickets...)
		if q.After = page.Next; q.After == "" || n > 1000 {
			return rows, first
		}
	}
}

func subjects(rows []*store.Ticket) string {
	var out []string
	for _, t := range rows {
		out = append(out, t.Subject)
	}
	return fmt.Sprint(out)
}

// TestWhatBurnsStandsFirst: what is overdue by priority, and of one priority by how long; then what falls due, whatever
// its priority; last what waits for somebody else.
func TestWhatBurnsStandsFirst(t *testing.T) {
	o := newOffice(t)
	now := o.st.Now()
	in := func(d time.Duration) time.Time { return now.Add(d) }
	o.stood(
		&store.Ticket{Subject: "tomorrow-P1", State: store.StateOpen, Priority: 1, Due: in(24 * time.Hour)},
		&store.Ticket{Subject: "waits-late-P1", State: store.StateWaiting, Priority: 1, Due: in(-72 * time.Hour)},
		&store.Ticket{Subject: "late-P4-long", State: store.StateNew, Priority: 4, Due: in(-90 * 24 * time.Hour)},
		&store.Ticket{Subject: "late-P1-short", State: store.StateOpen, Priority: 1, Due: in(-time.Hour)},
		&store.Ticket{Subject: "soon-P4", State: store.StateNew, Priority: 4, Due: in(time.Hour)},
		&store.Ticket{Subject: "late-P2", State: store.StateNew, Priority: 2, Due: in(-2 * time.Hour)},
		&store.Ticket{Subject: "planned-P2", State: store.StatePlanned, Priority: 2, Due: in(time.Hour)},
		&store.Ticket{Subject: "late-P1-long", State: store.StateNew, Priority: 1, Due: in(-3 * time.Hour)},
		&store.Ticket{Subject: "never", State: store.StateNew, Priority: 1},
	)
	want := "[late-P1-long late-P1-short late-P2 late-P4-long soon-P4 tomorrow-P1 never waits-late-P1 planned-P2]"
	for _, view := range []string{queue.ViewGroup, queue.ViewUnassigned, queue.ViewAll} {
		for _, limit := range []int{1, 2, 4, 50} {
			if rows, _ := o.shown(o.as("agente"), queue.Query{View: view, Limit: limit}); subjects(rows) != want {
				t.Errorf("%s by %d stands\n%s, want\n%s", view, limit, subjects(rows), want)
			}
		}
	}
	if rows, page := o.shown(o.as("agente"), queue.Query{View: queue.ViewGroup, Overdue: true}); subjects(rows) != "[late-P1-long late-P1-short late-P2 late-P4-long]" || page.Count != 4 {
		t.Errorf("overdue: %d, %s", page.Count, subjects(rows))
	}
	// Time alone brings one up.
	o.later(2 * time.Hour)
	if rows, _ := o.shown(o.as("agente"), queue.Query{View: queue.ViewGroup}); rows[4].Subject != "soon-P4" || rows[3].Subject != "late-P4-long" {
		t.Errorf("two hours later: %s", subjects(rows))
	}
}

// mixed puts many tickets of all sorts on the desk.
func (o *office) mixed(many int) {
	o.t.Helper()
	chance := rand.New(rand.NewPCG(7, 13))
	now := o.st.Now()
	people := []string{"ada", "collega", "estraneo"}
	agents := []uint64{0, o.people["agente"].ID, o.people["agente2"].ID}
	states := []store.State{store.StateNew, store.StateOpen, store.StateWaiting, store.StatePlanned, store.StateResolved, store.StateClosed}
	groups := []uint64{o.group["csa"], o.group["csa"], o.group["generale"], o.group["legale"]}
	var rows []*store.Ticket
	for i := range many {
		row := &store.Ticket{Subject: fmt.Sprintf("%c %d", 'a'+rune(chance.IntN(26)), i), State: states[chance.IntN(len(states))], Priority: 1 + chance.IntN(4),
			Kind: store.TicketKind(1 + chance.IntN(3)), Due: now.Add(time.Duration(chance.IntN(400)-200) * time.Hour), Opened: now.Add(-time.Duration(chance.IntN(5000)) * time.Hour),
			Group: groups[chance.IntN(len(groups))], Requester: o.people[people[chance.IntN(3)]].ID, Assignee: agents[chance.IntN(3)], Beside: max(0, chance.IntN(8)-6)}
		if chance.IntN(3) == 0 {
			row.Module = o.module[[]string{"csa", "legale"}[chance.IntN(2)]]
		}
		if chance.IntN(20) == 0 {
			row.SpamSince = now.Add(-time.Duration(chance.IntN(50)) * time.Hour)
		}
		rows = append(rows, row)
	}
	o.stood(rows...)
}

// filters are queries of every view with every filter, some of them together.
func (o *office) filters() (out []queue.Query) {
	for _, view := range queue.Views {
		q := queue.Query{View: view}
		out = append(out, q)
		for _, f := range []func(*queue.Query){
			func(q *queue.Query) { q.Group = o.group["csa"] },
			func(q *queue.Query) { q.Group = o.group["legale"] },
			func(q *queue.Query) { q.Module = o.module["csa"] },
			func(q *queue.Query) { q.State = store.StateOpen },
			func(q *queue.Query) { q.State = store.StateResolved },
			func(q *queue.Query) { q.Kind = store.Malfunction },
			func(q *queue.Query) { q.Priority = 2 },
			func(q *queue.Query) { q.Assignee = o.people["agente"].ID },
			func(q *queue.Query) { q.Overdue = true },
			func(q *queue.Query) { q.Overdue, q.Priority = true, 1 },
			func(q *queue.Query) { q.State, q.Kind = store.StateNew, store.Clarification },
		} {
			with := q
			f(&with)
			out = append(out, with)
		}
	}
	return out
}

// TestTheCountIsOfWhatIsShown reads every view under every filter to its end: the number in the heading is how many there
// were, on each page, for each sort of reader.
func TestTheCountIsOfWhatIsShown(t *testing.T) {
	o := newOffice(t)
	o.mixed(300)
	for _, hidden := range []bool{false, true} {
		if hidden { // a module inside an open group that others may not see
			err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
				m, err := store.Modules.Get(tx, o.module["csa"])
				if err != nil {
					return err
				}
				m.Confidential = true
				return store.Modules.Put(tx, m)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, who := range []string{"agente", "altrove", "amministratore"} {
			for _, q := range o.filters() {
				for _, sort := range []string{"", queue.SortDue, queue.SortRequester} {
					q.Sort, q.Limit = sort, 37
					rows, page := o.shown(o.as(who), q)
					if page.Count != len(rows) || page.More {
						t.Errorf("%s, confidential %v, %+v: %d are told (more: %v), %d shown", who, hidden, q, page.Count, page.More, len(rows))
					}
				}
			}
		}
	}
}

// TestAQueueStandsInTheOrderAsked: each heading sorts, both ways, over all pages, and keeps what the queue has.
func TestAQueueStandsInTheOrderAsked(t *testing.T) {
	o := newOffice(t)
	o.mixed(300)
	person := map[uint64]string{0: "\uffff"}
	for _, p := range o.people {
		person[p.ID] = spelling.Fold(p.Name)
	}
	names := map[uint64]string{o.module["csa"]: "stipendi", o.module["legale"]: "contratti", ^o.group["csa"]: "personale", ^o.group["generale"]: "tutto il resto", ^o.group["legale"]: "affari"}
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for id, name := range names {
			if m, err := store.Modules.Get(tx, id); err == nil {
				m.Name = store.Words{IT: name, EN: name}
				if err := store.Modules.Put(tx, m); err != nil {
					return err
				}
			}
			if g, err := store.Groups.Get(tx, ^id); err == nil {
				g.Name = store.Words{IT: name, EN: name}
				if err := store.Groups.Put(tx, g); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	place := func(t *store.Ticket) string {
		if t.Module != 0 {
			return names[t.Module]
		}
		return names[^t.Group]
	}
	by := map[string]func(x, y *store.Ticket) int{
		queue.SortNumber:    func(x, y *store.Ticket) int { return cmp.Compare(x.ID, y.ID) },
		queue.SortPriority:  func(x, y *store.Ticket) int { return cmp.Compare(x.Priority, y.Priority) },
		queue.SortSubject:   func(x, y *store.Ticket) int { return cmp.Compare(spelling.Fold(x.Subject), spelling.Fold(y.Subject)) },
		queue.SortModule:    func(x, y *store.Ticket) int { return cmp.Compare(place(x), place(y)) },
		queue.SortRequester: func(x, y *store.Ticket) int { return cmp.Compare(person[x.Requester], person[y.Requester]) },
		queue.SortAssignee:  func(x, y *store.Ticket) int { return cmp.Compare(person[x.Assignee], person[y.Assignee]) },
		queue.SortState:     func(x, y *store.Ticket) int { return cmp.Compare(x.State, y.State) },
		queue.SortAge:       func(x, y *store.Ticket) int { return y.Opened.Compare(x.Opened) },
		queue.SortDue:       func(x, y *store.Ticket) int { return x.Due.Compare(y.Due) },
	}
	for _, view := range queue.Views {
		plain, _ := o.shown(o.as("agente"), queue.Query{View: view})
		for _, sort := range queue.Sorts {
			for _, desc := range []bool{false, true} {
				q := queue.Query{View: view, Sort: sort, Desc: desc, Limit: 23}
				rows, _ := o.shown(o.as("agente"), q)
				if len(rows) != len(plain) {
					t.Errorf("%s by %s has %d, without %d", view, sort, len(rows), len(plain))
				}
				for i := 1; i < len(rows); i++ {
					x, y := rows[i-1], rows[i]
					if sort == queue.SortDue && x.Standing() != y.Standing() {
						continue
					}
					if c := by[sort](x, y); c > 0 && !desc || c < 0 && desc {
						t.Errorf("%s by %s, falling %v: %d stands before %d", view, sort, desc, x.ID, y.ID)
						break
					}
				}
			}
		}
	}
}

// TestNeighboursStandAsTheQueueDoes walks every order from ticket to ticket, there and back.
func TestNeighboursStandAsTheQueueDoes(t *testing.T) {
	o := newOffice(t)
	o.mixed(160)
	for _, view := range queue.Views {
		for _, sort := range append([]string{""}, queue.Sorts...) {
			for _, desc := range []bool{false, true} {
				q := queue.Query{View: view, Sort: sort, Desc: desc && sort != "", Priority: 0}
				rows, _ := o.shown(o.as("agente"), q)
				for i, row := range rows {
					before, next, err := o.Queues.Neighbours(o.as("agente"), q, row.ID)
					if err != nil {
						t.Fatal(err)
					}
					if i > 0 && before != rows[i-1].ID || i == 0 && before != 0 || i < len(rows)-1 && next != rows[i+1].ID || i == len(rows)-1 && next != 0 {
						t.Fatalf("%s by %q, falling %v: %d, number %d of %d, stands between %d and %d", view, sort, desc, row.ID, i, len(rows), before, next)
					}
				}
			}
		}
	}
}

// TestWhatIsTakenKeepsItsNeighbours: a ticket that leaves the queue by being taken still leads to those around it.
func TestWhatIsTakenKeepsItsNeighbours(t *testing.T) {
	o := newOffice(t)
	for range 5 {
		o.open("csa")
	}
	for _, sort := range append([]string{""}, queue.Sorts...) {
		if sort == queue.SortState || sort == queue.SortAssignee {
			continue // taking moves it within the order
		}
		q := queue.Query{View: queue.ViewUnassigned, Sort: sort}
		rows, _ := o.shown(o.as("agente"), q)
		o.do("agente", rows[2].ID, ticket.Step{Take: true})
		before, next, err := o.Queues.Neighbours(o.as("agente"), q, rows[2].ID)
		if err != nil || before != rows[1].ID || next != rows[3].ID {
			t.Errorf("by %q: between %d and %d (%v), stood between %d and %d", sort, before, next, err, rows[1].ID, rows[3].ID)
		}
		nobody := uint64(0)
		o.do("agente", rows[2].ID, ticket.Step{Assignee: &nobody})
	}
}

// TestNeighboursTellNothingOfWhatMayNotBeSeen: of a ticket that the reader may not see there are no neighbours.
func TestNeighboursTellNothingOfWhatMayNotBeSeen(t *testing.T) {
	o := newOffice(t)
	secret := o.open("legale")
	o.open("csa")
	for _, sort := range append([]string{""}, queue.Sorts...) {
		if b, n, err := o.Queues.Neighbours(o.as("agente"), queue.Query{View: queue.ViewAll, Sort: sort}, secret.ID); b != 0 || n != 0 || err != nil {
			t.Errorf("by %q: %d, %d, %v", sort, b, n, err)
		}
	}
	if !slices.Contains(queue.Sorts, queue.SortAge) {
		t.Error("age is no order")
	}
}
