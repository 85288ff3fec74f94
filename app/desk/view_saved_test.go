package desk

import (
	"context"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

func (o *office) save(who string, f queue.ViewForm) *store.View {
	o.t.Helper()
	v, err := o.Queues.AddView(o.as(who), f)
	if err != nil {
		o.t.Fatalf("%s saves %q: %v", who, f.Name, err)
	}
	return v
}

func (o *office) count() {
	o.t.Helper()
	if err := o.Queues.CountViews(context.Background()); err != nil {
		o.t.Fatal(err)
	}
}

// viewsOf returns the names of the views listed for the person.
func (o *office) viewsOf(who string) string {
	o.t.Helper()
	list, err := o.Queues.Views(o.as(who))
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, v := range list {
		out = append(out, v.Name)
	}
	return strings.Join(out, ", ")
}

func TestWhoIsNoAgentHasNoViews(t *testing.T) {
	o := newOffice(t)
	own := o.save("agente", queue.ViewForm{Name: "Scadute", Query: queue.Query{View: queue.ViewAll, Overdue: true}})
	shared := o.save("agente", queue.ViewForm{Name: "Del gruppo", Group: o.group["csa"], Query: queue.Query{View: queue.ViewGroup}})
	for _, who := range []string{"", "ada", "collega", "estraneo", "referente", "redattore"} {
		a, want := policy.Actor{Via: door.Page}, fault.SignIn
		if who != "" {
			a, want = o.as(who), fault.Denied
		}
		_, list := o.Queues.Views(a)
		_, save := o.Queues.AddView(a, queue.ViewForm{Name: "x", Query: queue.Query{View: queue.ViewAll}})
		for act, err := range map[string]error{"list": list, "save": save} {
			if fault.KindOf(err) != want {
				t.Errorf("%q %s: %v", who, act, err)
			}
		}
		for _, id := range []uint64{own.ID, shared.ID} {
			_, view := o.Queues.View(a, id)
			_, change := o.Queues.ChangeView(a, id, 0, queue.ViewForm{Name: "x"})
			_, _, tickets := o.Queues.ViewTickets(context.Background(), a, id, "")
			for act, err := range map[string]error{"view": view, "change": change, "remove": o.Queues.RemoveView(a, id), "tickets": tickets} {
				if fault.KindOf(err) != want {
					t.Errorf("%q %s: %v", who, act, err)
				}
			}
		}
	}
}

func TestAViewIsOnesOwnOrItsGroups(t *testing.T) {
	o := newOffice(t)
	own := o.save("agente", queue.ViewForm{Name: "Scadute", Query: queue.Query{View: queue.ViewAll, Overdue: true}})
	shared := o.save("agente", queue.ViewForm{Name: "Del gruppo", Group: o.group["csa"], Query: queue.Query{View: queue.ViewGroup}})
	if shared.Of != o.group["csa"] {
		t.Error("a shared view of \"my group\" is not that of the group it is shared with")
	}
	for _, c := range []struct {
		who                 string
		id                  uint64
		see, change, remove fault.Kind // Internal: allowed
	}{
		{"agente2", own.ID, fault.NotFound, fault.NotFound, fault.NotFound},
		{"responsabile", own.ID, fault.NotFound, fault.NotFound, fault.NotFound},
		{"amministratore", own.ID, fault.NotFound, fault.NotFound, fault.NotFound},
		{"altrove", shared.ID, fault.NotFound, fault.NotFound, fault.NotFound},
		{"agente2", shared.ID, 0, fault.Denied, fault.Denied},
	} {
		_, see := o.Queues.View(o.as(c.who), c.id)
		_, change := o.Queues.ChangeView(o.as(c.who), c.id, 0, queue.ViewForm{Name: "Altro"})
		remove := o.Queues.RemoveView(o.as(c.who), c.id)
		if (c.see == 0) != (see == nil) || see != nil && fault.KindOf(see) != c.see || fault.KindOf(change) != c.change || fault.KindOf(remove) != c.remove {
			t.Errorf("%s, view %d: %v, %v, %v", c.who, c.id, see, change, remove)
		}
	}
	for who, want := range map[string]string{"agente": "Scadute, Del gruppo", "agente2": "Del gruppo", "responsabile": "Del gruppo", "altrove": "", "amministratore": ""} {
		if got := o.viewsOf(who); got != want {
			t.Errorf("%s is shown %q, want %q", who, got, want)
		}
	}
	// A supervisor may rename a shared view; its owner and its notices stay.
	if _, err := o.Queues.ChangeView(o.as("responsabile"), shared.ID, shared.Edits, queue.ViewForm{Name: "Di tutti", Notify: true}); err != nil {
		t.Fatal(err)
	}
	v, err := o.Queues.View(o.as("agente"), shared.ID)
	if err != nil || v.Name != "Di tutti" || v.Notify || v.Group != o.group["csa"] || v.GroupName != "" && !v.Own {
		t.Errorf("after the supervisor: %+v, %v", v.View, err)
	}
	if _, err := o.Queues.ChangeView(o.as("agente"), shared.ID, shared.Edits, queue.ViewForm{Name: "Mia"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a stale form: %v", err)
	}
	if _, err := o.Queues.ChangeView(o.as("agente"), shared.ID, v.Edits, queue.ViewForm{Name: "Mia"}); err != nil {
		t.Fatal(err)
	}
	if got := o.viewsOf("agente2"); got != "" {
		t.Errorf("no longer shared and still shown: %q", got)
	}
	if err := o.Queues.RemoveView(o.as("agente"), own.ID); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeSavedAsAView(t *testing.T) {
	o := newOffice(t)
	csa, legale := o.group["csa"], o.group["legale"]
	for name, f := range map[string]queue.ViewForm{
		"no name":                  {Query: queue.Query{View: queue.ViewAll}},
		"nothing asked":            {Name: "x"},
		"no such queue":            {Name: "x", Query: queue.Query{View: "secret"}},
		"somebody's own, shared":   {Name: "x", Group: csa, Query: queue.Query{View: queue.ViewMine}},
		"another group's, shared":  {Name: "x", Group: csa, Query: queue.Query{View: queue.ViewGroup, Group: legale}},
		"words without end":        {Name: "x", Text: strings.Repeat("parola ", 400)},
		"shared with another team": {Name: "x", Group: legale, Query: queue.Query{View: queue.ViewAll}},
	} {
		_, err := o.Queues.AddView(o.as("agente"), f)
		if err == nil {
			t.Errorf("%s is saved", name)
		}
	}
	for i := range 50 {
		o.save("agente", queue.ViewForm{Name: strings.Repeat("x", i+1), Query: queue.Query{View: queue.ViewAll}})
	}
	if _, err := o.Queues.AddView(o.as("agente"), queue.ViewForm{Name: "una di troppo", Query: queue.Query{View: queue.ViewAll}}); err == nil {
		t.Error("views without end")
	}
}

func TestTheNumberOfAViewTellsNobodyMoreThanTheyMaySee(t *testing.T) {
	o := newOffice(t)
	for range 2 {
		o.open("legale")
	}
	o.open("csa")
	shared := o.save("amministratore", queue.ViewForm{Name: "Tutte", Group: o.group["csa"], Query: queue.Query{View: queue.ViewAll}})
	own := o.save("altrove", queue.ViewForm{Name: "Tutte", Query: queue.Query{View: queue.ViewAll}})
	other := o.save("agente", queue.ViewForm{Name: "Tutte", Query: queue.Query{View: queue.ViewAll}})
	o.viewsOf("agente")
	o.viewsOf("altrove")
	o.count()
	for id, want := range map[uint64]int{shared.ID: 1, own.ID: 3, other.ID: 1} {
		var v *store.View
		err := o.st.View(func(tx *db.Tx) (err error) { v, err = store.Views.Get(tx, id); return err })
		if err != nil || v.Counted != want || v.More {
			t.Errorf("view %d counts %d, want %d (%v)", id, v.Counted, want, err)
		}
	}
}

func TestAViewIsCountedAtMostOnceAMinuteAndOnlyWhenLookedAt(t *testing.T) {
	o := newOffice(t)
	v := o.save("agente", queue.ViewForm{Name: "Tutte", Query: queue.Query{View: queue.ViewAll, Kind: store.Malfunction}})
	counted := func(want int, when string) {
		t.Helper()
		o.count()
		now, err := o.Queues.View(o.as("agente"), v.ID)
		if err != nil || now.Counted != want {
			t.Errorf("%s: %d, want %d (%v)", when, now.Counted, want, err)
		}
	}
	o.open("csa")
	counted(0, "nobody looked")
	o.viewsOf("agente")
	counted(1, "looked at")
	o.open("csa")
	counted(1, "within the minute")
	o.later(time.Minute)
	counted(2, "a minute later")
	before := o.st.Last()
	o.later(time.Hour)
	o.open("csa")
	counted(2, "nobody looked for an hour")
	if o.st.Last() != before+2 { // ticket and message
		t.Error("counting leaves a trace in the change log")
	}
	for range 105 {
		o.open("csa")
	}
	o.viewsOf("agente")
	o.count()
	now, err := o.Queues.View(o.as("agente"), v.ID)
	if err != nil || now.Counted != store.MaxCounted || !now.More {
		t.Errorf("of 108: %d, more %t (%v)", now.Counted, now.More, err)
	}
}

func TestWhatIsNewInAViewIsToldOnceAndOnlyToWhomMaySeeIt(t *testing.T) {
	o := newOffice(t)
	o.open("csa")
	told := func(who string) (out []uint64) {
		t.Helper()
		lines, _, err := o.Notices.List(o.as(who), 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range lines {
			if n.Event == event.View {
				out = append(out, n.Ticket)
			}
		}
		return out
	}
	q := queue.Query{View: queue.ViewGroup, Module: o.module["csa"]}
	v := o.save("agente", queue.ViewForm{Name: "CSA", Notify: true, Query: q})
	o.save("agente2", queue.ViewForm{Name: "CSA", Query: q})
	o.save("altrove", queue.ViewForm{Name: "Altrui", Notify: true, Query: queue.Query{View: queue.ViewAll, Module: o.module["csa"]}})
	o.count()
	if got := told("agente"); len(got) != 0 {
		t.Errorf("told of what was there before: %v", got)
	}
	n := o.open("csa")
	o.open("legale")
	for range 3 {
		o.later(time.Minute)
		o.count()
	}
	if got := told("agente"); len(got) != 1 || got[0] != n.ID {
		t.Errorf("told of %v, want %d once", got, n.ID)
	}
	if got := told("agente2"); len(got) != 0 {
		t.Errorf("who did not ask is told of %v", got)
	}
	if got := told("altrove"); len(got) != 1 {
		t.Errorf("an agent elsewhere is told of %v", got)
	}
	// A person who leaves the group no longer gets the view's notices.
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, o.people["agente"].ID)
		if err != nil {
			return err
		}
		p.Groups = nil
		return store.People.Put(tx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.open("csa")
	o.later(time.Minute)
	o.count()
	if got := told("agente"); len(got) != 1 {
		t.Errorf("no agent any more and told of %v", got)
	}
	if _, err := o.Queues.View(policy.Actor{Person: &store.Person{Row: db.Row{ID: v.Person}}}, v.ID); fault.KindOf(err) != fault.Denied {
		t.Errorf("no agent any more: %v", err)
	}
}

func TestATicketThatComesToMatchAViewIsNewInItAsWell(t *testing.T) {
	o := newOffice(t)
	told := func() (n int) {
		t.Helper()
		o.later(2 * time.Minute)
		o.count()
		lines, _, err := o.Notices.List(o.as("agente"), 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if l.Event == event.View {
				n++
			}
		}
		return n
	}
	theirs, mine := o.open("csa"), o.open("csa")
	o.save("agente", queue.ViewForm{Name: "In attesa", Notify: true, Query: queue.Query{View: queue.ViewWaiting}})
	if n := told(); n != 0 {
		t.Fatalf("told of %d tickets that do not match", n)
	}
	wait := ticket.Step{Message: &ticket.Text{Body: "Quale mese?"}, To: store.StateWaiting}
	o.do("agente2", theirs.ID, wait)
	o.do("agente", mine.ID, wait)
	if n := told(); n != 1 {
		t.Errorf("told of %d, want the one that somebody else had wait", n)
	}
	o.do("agente2", theirs.ID, ticket.Step{Message: &ticket.Text{Body: "E quale anno?", Internal: true}})
	if n := told(); n != 1 {
		t.Errorf("told %d times of what was there before", n)
	}
	o.do("ada", theirs.ID, ticket.Step{Message: &ticket.Text{Body: "Ottobre."}})
	told()
	o.do("agente2", theirs.ID, wait)
	if n := told(); n != 2 {
		t.Errorf("told %d times of a ticket that left and came back", n)
	}
}
