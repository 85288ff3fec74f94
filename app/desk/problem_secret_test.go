package desk

import (
	"testing"
	"time"

	"sportello/app/desk/problem"
	"sportello/app/desk/ticket"
	"sportello/store"
)

// knownProblem is a confirmed problem of csa with three tickets of csa and three of the confidential group, which its own people
// attached. It returns its number, and the confidential tickets.
func (o *office) knownProblem() (number uint64, secret []*store.Ticket) {
	o.t.Helper()
	v, err := o.Problems.Save(o.as("agente"), 0, problem.Form{Module: "csa", Title: both("Cedolino bianco", "Blank payslip"), Text: both("Non si vede nulla.", "Nothing shows."), State: store.ProblemConfirmed})
	if err != nil {
		o.t.Fatal(err)
	}
	for range 3 {
		if _, err := o.Problems.Attach(o.as("agente"), v.ID, o.open("csa").ID); err != nil {
			o.t.Fatal(err)
		}
		t := o.open("legale")
		if _, err := o.Problems.Attach(o.as("altrove"), v.ID, t.ID); err != nil {
			o.t.Fatal(err)
		}
		secret = append(secret, t)
	}
	return v.ID, secret
}

// goes does the errands of known problems that wait, and what follows of changes.
func (o *office) goes() {
	o.t.Helper()
	for range 3 {
		if _, err := o.st.CatchUp(o.t.Context(), o.Problems.Following()); err != nil {
			o.t.Fatal(err)
		}
		for more := true; more; {
			var err error
			if more, err = o.Problems.Step(); err != nil {
				o.t.Fatal(err)
			}
		}
	}
}

// TestNoNumberTellsAnotherGroupOfConfidentialTickets: neither whom a message reached, nor who keeps it, nor that it is possibly
// not fixed.
func TestNoNumberTellsAnotherGroupOfConfidentialTickets(t *testing.T) {
	o := newOffice(t)
	number, secret := o.knownProblem()
	message := func() problem.Message {
		list, err := o.Problems.Messages(o.as("agente"), number)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0]
	}
	reach, err := o.Problems.Reach(o.as("agente"), number)
	if err != nil || reach.Tickets != 3 {
		t.Fatalf("it is to reach %+v, %v", reach, err)
	}
	if _, err := o.Problems.Message(o.as("agente"), number, both("Ci lavoriamo.", "We are at it.")); err != nil {
		t.Fatal(err)
	}
	o.goes()
	for _, one := range secret {
		v, err := o.Tickets.Read(o.as("ada"), one.ID)
		if err != nil || len(v.Messages) != 2 {
			t.Errorf("a confidential ticket was not reached: %d messages, %v", len(v.Messages), err)
		}
	}
	if m := message(); m.Told != 3 {
		t.Errorf("it reached %d", m.Told)
	}
	if _, err := o.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	notices, _, err := o.Notices.List(o.as("ada"), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notices {
		if _, err := o.Notices.Read(o.as("ada"), n.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Problems.TakeBack(o.as("agente"), number, message().Number); err != nil {
		t.Fatal(err)
	}
	o.goes()
	if m := message(); m.Kept != 3 {
		t.Errorf("%d keep it", m.Kept)
	}

	v, err := o.Problems.Read(o.as("agente"), number)
	if err != nil {
		t.Fatal(err)
	}
	f := problem.FormOf(v)
	f.FixedIn, f.State = []string{"24.1"}, store.ProblemFixed
	if _, err := o.Problems.Save(o.as("agente"), number, f); err != nil {
		t.Fatal(err)
	}
	o.goes()
	o.later(time.Hour)
	back := func(n uint64) {
		t.Helper()
		o.do("ada", n, ticket.Step{Message: &ticket.Text{Body: "Non va ancora."}})
		o.goes()
	}
	for _, one := range secret {
		back(one.ID)
	}
	if v, err = o.Problems.Read(o.as("agente"), number); err != nil || !v.Doubtful.IsZero() || v.Counts.Back != 0 {
		t.Errorf("confidential tickets alone raise doubt: %v, back %d, %v", v.Doubtful, v.Counts.Back, err)
	}
	cases, err := o.Problems.Cases(o.as("agente"), number)
	if err != nil || len(cases) != 3 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		back(c.Ticket.ID)
	}
	if v, err = o.Problems.Read(o.as("agente"), number); err != nil || v.Doubtful.IsZero() || v.Counts.Back != 3 {
		t.Errorf("three of the group's own raise none: %v, back %d, %v", v.Doubtful, v.Counts.Back, err)
	}
}
