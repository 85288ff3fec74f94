package desk

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/article"
	"sportello/app/desk/leave"
	"sportello/app/desk/people"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// heldWrongly returns the active tickets that are assigned to somebody who may not see their notes.
func (o *office) heldWrongly() (out []uint64) {
	o.t.Helper()
	err := o.st.View(func(tx *db.Tx) error {
		out = nil
		for tk, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if tk.Assignee == 0 || !tk.State.Active() {
				continue
			}
			p, err := store.People.Get(tx, tk.Assignee)
			if err != nil {
				return err
			}
			if p.Disabled || !p.InGroup(tk.Group) && (!p.Administrator || o.confidential(tx, tk)) {
				out = append(out, tk.ID)
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

func (o *office) confidential(tx *db.Tx, tk *store.Ticket) bool {
	g, err := store.Groups.Get(tx, tk.Group)
	if err != nil {
		o.t.Fatal(err)
	}
	if tk.Module == 0 {
		return g.Confidential
	}
	m, err := store.Modules.Get(tx, tk.Module)
	if err != nil {
		o.t.Fatal(err)
	}
	return g.Confidential || m.Confidential
}

// write changes a row as any method of the desk may.
func write[T any](o *office, table *db.Table[T], id uint64, change func(*T)) {
	o.t.Helper()
	err := o.st.Update(db.By{Via: door.Page, Act: act.ChangePerson}, func(tx *db.Tx) error {
		row, err := table.Get(tx, id)
		if err != nil {
			return err
		}
		change(row)
		return table.Put(tx, row)
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// TestNoActiveTicketStaysWithSomebodyWhoMayNotSeeIt changes groups, rights and confidentiality at random, and looks after
// each change.
func TestNoActiveTicketStaysWithSomebodyWhoMayNotSeeIt(t *testing.T) {
	for seed := range uint64(6) {
		o := newOffice(t)
		r := rand.New(rand.NewPCG(seed, 1))
		holders := []string{"agente", "agente2", "altrove", "responsabile", "amministratore"}
		var tickets []*store.Ticket
		for range 12 {
			tickets = append(tickets, o.open([]string{"csa", "legale", ""}[r.IntN(3)]))
		}
		given := 0
		for range 40 {
			p := o.people[holders[r.IntN(len(holders))]]
			tk := tickets[r.IntN(len(tickets))]
			switch r.IntN(8) {
			case 0, 1, 2: // whoever may hold it gets a ticket
				_ = o.st.Update(db.By{Via: door.Page, Act: act.Assign}, func(tx *db.Tx) error {
					row, err := store.Tickets.Get(tx, tk.ID)
					if err != nil {
						return err
					}
					row.Assignee = p.ID
					return store.Tickets.Put(tx, row)
				})
			case 3:
				write(o, store.People, p.ID, func(p *store.Person) { p.Groups = nil })
			case 4:
				g := []string{"csa", "legale", "generale"}[r.IntN(3)]
				write(o, store.People, p.ID, func(p *store.Person) { p.Groups = []store.Membership{{Group: o.group[g]}} })
			case 5:
				write(o, store.People, p.ID, func(p *store.Person) { p.Disabled = !p.Disabled && !p.Administrator })
			case 6:
				write(o, store.Groups, o.group["csa"], func(g *store.Group) { g.Confidential = !g.Confidential })
			case 7:
				write(o, store.Modules, o.module["csa"], func(m *store.Module) { m.Confidential = !m.Confidential })
			}
			given += len(o.heldWrongly())
			if err := o.Leaving.CatchUp(); err != nil {
				t.Fatal(err)
			}
			if wrong := o.heldWrongly(); len(wrong) > 0 {
				t.Fatalf("seed %d: tickets %v stay", seed, wrong)
			}
		}
		if given == 0 {
			t.Errorf("seed %d: nothing was ever held wrongly", seed)
		}
	}
}

func TestWhatNobodyHandedOnGoesBackToItsGroup(t *testing.T) {
	o := newMailOffice(t)
	var mine []*store.Ticket
	for range 3 {
		tk := o.open("csa")
		o.office.do("agente", tk.ID, ticket.Step{Take: true})
		mine = append(mine, tk)
	}
	other := o.open("csa")
	o.office.do("agente2", other.ID, ticket.Step{Take: true})
	done := o.open("csa")
	o.office.do("agente", done.ID, ticket.Step{Take: true})
	o.office.do("agente", done.ID, ticket.Step{To: store.StateResolved, Outcome: store.Solved, Message: &ticket.Text{Body: "Fatto."}})
	o.told(o.people["responsabile"].ID)
	was, _ := o.told(o.people["responsabile"].ID)

	f := people.FormOf(o.stored(o.people["agente"].ID))
	f.Groups = nil
	if _, err := o.People.Change(o.as("amministratore"), o.people["agente"].ID, 0, f); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := o.Leaving.CatchUp(); err != nil {
			t.Fatal(err)
		}
	}
	for _, tk := range mine {
		row := o.ticket(tk.ID)
		if row.Assignee != 0 || row.State != store.StateOpen || row.Group != o.group["csa"] {
			t.Errorf("ticket %+v", row)
		}
		err := o.st.View(func(tx *db.Tx) error {
			changes, err := tx.TicketChanges(tk.ID)
			if last := changes[len(changes)-1]; last.Act != act.GiveBack || last.By != 0 {
				t.Errorf("the history ends with %+v", last)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if o.ticket(other.ID).Assignee != o.people["agente2"].ID || o.ticket(done.ID).Assignee != o.people["agente"].ID {
		t.Error("a ticket of somebody else, or a finished one, was taken")
	}
	bell, mail := o.told(o.people["responsabile"].ID)
	if got := strings.TrimSpace(strings.TrimPrefix(bell, was)); got != "returned" || !slices.Contains(strings.Fields(mail), "returned>"+o.people["responsabile"].Email) {
		t.Errorf("the supervisor was told %q, by mail %q", got, mail)
	}
}

// held makes tickets of CSA that are all assigned to the person.
func (o *office) held(who string, n int) {
	o.t.Helper()
	for done := 0; done < n; {
		err := o.st.Update(db.By{Via: door.Import, Act: act.Import}, func(tx *db.Tx) error {
			for range min(200, n-done) {
				err := store.Tickets.Put(tx, &store.Ticket{Subject: "Una tra molte", Kind: store.Clarification, Severity: store.Low, Urgency: store.NoDate, Priority: 4, State: store.StateOpen,
					Module: o.module["csa"], Group: o.group["csa"], Assignee: o.people[who].ID, Requester: o.people["ada"].ID, Opened: tx.Now(), Taken: tx.Now()})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			o.t.Fatal(err)
		}
		done += min(200, n-done)
	}
}

// TestASupervisorHandsOnWhatBelongsToTheirGroupsAndNothingElse has an agent with things of two groups, whom the supervisor
// of one of them, and nobody else, takes them from.
func TestASupervisorHandsOnWhatBelongsToTheirGroupsAndNothingElse(t *testing.T) {
	o := newMailOffice(t)
	who, chief := o.people["agente"], o.as("responsabile")
	write(o.office, store.People, who.ID, func(p *store.Person) {
		p.Groups = []store.Membership{{Group: o.group["csa"]}, {Group: o.group["legale"]}}
	})
	o.people["agente"] = o.stored(who.ID)
	ours, theirs := o.open("csa"), o.open("legale")
	for _, tk := range []*store.Ticket{ours, theirs} {
		o.office.do("agente", tk.ID, ticket.Step{Take: true})
	}
	draft := func(module string) uint64 {
		a := o.office.write("agente", article.Form{Title: "Bozza " + module, Body: "Testo", Language: "it", Module: o.module[module], Publication: store.Draft})
		return a.Version.ID
	}
	our, their := draft("csa"), draft("legale")
	if _, err := o.Queues.AddReply(o.as("agente"), queue.ReplyForm{Title: store.Words{IT: "Mia"}, Body: store.Words{IT: "Buongiorno"}}); err != nil {
		t.Fatal(err)
	}
	has, err := o.Leaving.Holding(chief, who.ID)
	if err != nil || has.Tickets != 1 || has.Drafts != 1 || has.Replies != 0 || has.Views != 0 || has.First[0].ID != ours.ID || has.Whole {
		t.Fatalf("%+v, %v", has, err)
	}
	to, err := o.Leaving.Receivers(chief, who.ID)
	if err != nil || len(to) == 0 {
		t.Fatal(to, err)
	}
	for _, p := range to {
		if !p.InGroup(o.group["csa"]) {
			t.Errorf("%s of another group is offered", p.Name)
		}
	}
	heir := store.Receiver{Person: o.people["agente2"].ID}
	for field, f := range map[string]leave.Form{"views": {Views: heir}, "replies": {Tickets: heir, Replies: store.Receiver{Group: o.group["csa"]}}} {
		if _, err := o.Leaving.HandOn(t.Context(), chief, who.ID, f); fault.KindOf(err) != fault.Denied || err == nil {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := o.Leaving.HandOn(t.Context(), chief, who.ID, leave.Form{Tickets: store.Receiver{Person: o.people["altrove"].ID}}); fault.KindOf(err) != fault.Invalid || err == nil {
		t.Errorf("to another group: %v", err)
	}
	// The agent leaves the group; the ticket goes back by itself unless somebody is quicker, the draft stays.
	write(o.office, store.People, who.ID, func(p *store.Person) { p.Groups = []store.Membership{{Group: o.group["legale"]}} })
	done, err := o.Leaving.HandOn(t.Context(), chief, who.ID, leave.Form{Tickets: heir, Drafts: heir})
	if err != nil || done.Moved != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	author := func(id uint64) (out uint64) {
		err := o.st.View(func(tx *db.Tx) error {
			v, err := store.Versions.Get(tx, id)
			if err == nil {
				out = v.Author
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if o.ticket(ours.ID).Assignee != heir.Person || author(our) != heir.Person {
		t.Error("what belongs to the group was not handed on")
	}
	if o.ticket(theirs.ID).Assignee != who.ID || author(their) != who.ID || o.holding("agente").Replies != 1 {
		t.Error("what belongs to another group was taken")
	}
	if _, err := o.Leaving.Holding(chief, who.ID); fault.KindOf(err) != fault.NotFound || err == nil {
		t.Errorf("nothing of the group is left, and the supervisor sees %v", err)
	}
}

func TestNobodyButAdministratorsAndSupervisorsHandsOnWork(t *testing.T) {
	o := newOffice(t)
	for _, who := range []string{"ada", "agente", "agente2", "altrove", "redattore", "referente"} {
		if _, err := o.Leaving.Holding(o.as(who), o.people["agente"].ID); fault.KindOf(err) != fault.NotFound || err == nil {
			t.Errorf("%s looks: %v", who, err)
		}
		if _, err := o.Leaving.HandOn(t.Context(), o.as(who), o.people["agente"].ID, leave.Form{Tickets: store.Receiver{Back: true}}); fault.KindOf(err) != fault.NotFound || err == nil {
			t.Errorf("%s hands on: %v", who, err)
		}
	}
	if _, err := o.Leaving.Holding(o.as("responsabile"), o.people["altrove"].ID); fault.KindOf(err) != fault.NotFound || err == nil {
		t.Errorf("a supervisor looks at somebody of another group: %v", err)
	}
	for name, to := range map[string]store.Receiver{"nobody": {}, "themselves": {Person: o.people["agente"].ID}, "a requester": {Person: o.people["ada"].ID}, "somebody unknown": {Person: 9999}} {
		if _, err := o.Leaving.HandOn(t.Context(), o.as("amministratore"), o.people["agente"].ID, leave.Form{Tickets: to}); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("to %s: %v", name, err)
		}
	}
}

// TestWorkIsHandedOnInStepsAndGoesOnAfterAStop hands on 2,000 tickets and everything else, and stops the desk in between.
func TestWorkIsHandedOnInStepsAndGoesOnAfterAStop(t *testing.T) {
	o := newMailOffice(t)
	const many = 2000
	o.held("agente", many)
	for i := range 3 {
		if _, err := o.Queues.AddView(o.as("agente"), queue.ViewForm{Name: "Vista " + string(rune('a'+i)), Text: "state:open"}); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Queues.AddReply(o.as("agente"), queue.ReplyForm{Title: store.Words{IT: "Risposta " + string(rune('a'+i))}, Body: store.Words{IT: "Buongiorno"}}); err != nil {
			t.Fatal(err)
		}
	}
	o.office.write("agente", article.Form{Title: "Una bozza", Body: "Testo", Language: "it", Publication: store.Draft})
	heir := o.people["agente2"]
	form := leave.Form{Tickets: store.Receiver{Person: heir.ID}, Drafts: store.Receiver{Person: heir.ID}, Views: store.Receiver{Person: heir.ID}, Replies: store.Receiver{Group: o.group["csa"]}}

	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := o.Leaving.HandOn(stopped, o.as("amministratore"), o.people["agente"].ID, form); err == nil {
		t.Fatal("the stop was not noticed")
	}
	has, err := o.Leaving.Holding(o.as("amministratore"), o.people["agente"].ID)
	if err != nil || has.Moving == nil || has.Tickets != many || has.Views != 3 || has.Replies != 3 || has.Drafts != 1 {
		t.Fatalf("%+v, %v", has, err)
	}
	before := o.st.Last()
	running, end := context.WithCancel(t.Context())
	go func() {
		for o.holding("agente").Moving != nil {
			runtime.Gosched()
		}
		end()
	}()
	if err := o.Leaving.RunHandovers(running); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if left := o.holding("agente"); left.Tickets+left.Drafts+left.Views+left.Replies != 0 {
		t.Errorf("left: %+v", left)
	}
	if got := o.holding("agente2"); got.Tickets != many || got.Views != 3 || got.Drafts != 1 || got.Replies != 0 {
		t.Errorf("the heir has %+v", got)
	}
	most, at := 0, map[time.Time]int{}
	err = o.st.View(func(tx *db.Tx) error {
		for c, err := range tx.Changes(before) {
			if err != nil {
				return err
			}
			if c.Table == store.Tickets.Name() {
				at[c.At]++
				most = max(most, at[c.At])
			}
		}
		return nil
	})
	if err != nil || most == 0 || most > 20 {
		t.Errorf("a step changes %d tickets: %v", most, err)
	}
	if bell, mail := o.told(heir.ID); bell != "handed-on" || mail != "handed-on>"+heir.Email {
		t.Errorf("the heir was told %q, %q", bell, mail)
	}
}

func (o *office) holding(who string) *leave.Holding {
	o.t.Helper()
	has, err := o.Leaving.Holding(o.as("amministratore"), o.people[who].ID)
	if err != nil {
		o.t.Fatal(err)
	}
	return has
}

func TestATicketThatItsReceiverMayNotHoldGoesToItsGroup(t *testing.T) {
	o := newOffice(t)
	o.held("agente", 3)
	if _, err := o.Leaving.HandOn(t.Context(), o.as("amministratore"), o.people["agente"].ID, leave.Form{Tickets: store.Receiver{Person: o.people["altrove"].ID}}); err != nil {
		t.Fatal(err)
	}
	if a, b := o.holding("agente"), o.holding("altrove"); a.Tickets != 0 || b.Tickets != 0 {
		t.Errorf("%d and %d are held", a.Tickets, b.Tickets)
	}
}
