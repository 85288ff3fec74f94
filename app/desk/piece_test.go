package desk

import (
	"fmt"
	"testing"
	"time"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// long is a ticket of Ada's with so many messages, hers and an agent's in turn, and a note after every fourth.
func (o *office) long(n int) *store.Ticket {
	o.t.Helper()
	t := o.open("csa")
	const step = 100
	for from := 1; from < n; from += step {
		o.later(time.Second)
		err := o.st.Update(db.By{Via: door.Page, Act: act.Message}, func(tx *db.Tx) error {
			row, err := store.Tickets.Get(tx, t.ID)
			if err != nil {
				return err
			}
			say := func(i int, m *store.Message) error {
				m.At = tx.Now().Add(time.Duration(i) * time.Microsecond)
				return o.Tickets.AppendMessage(tx, row, m, nil)
			}
			for i := range step {
				m := &store.Message{Author: o.people["ada"].ID, Format: store.Text, Body: fmt.Sprintf("Messaggio %d.", from+i)}
				if i%2 == 0 {
					m.Author, m.Agent = o.people["agente"].ID, true
				}
				if err := say(2*i, m); err != nil {
					return err
				}
				if i%4 == 0 {
					if err := say(2*i+1, &store.Message{Author: o.people["agente"].ID, Agent: true, Internal: true, Body: "Tra noi."}); err != nil {
						return err
					}
				}
			}
			return store.Tickets.Put(tx, row)
		})
		if err != nil {
			o.t.Fatal(err)
		}
	}
	return t
}

func TestWhatALongTicketCostsDoesNotGrowWithIt(t *testing.T) {
	for _, who := range []string{"ada", "agente", "referente"} {
		cost := func(n int) float64 {
			o := newOffice(t)
			row := o.long(n)
			return testing.AllocsPerRun(3, func() {
				v, err := o.Tickets.Read(o.as(who), row.ID)
				if err != nil || len(v.Folds) != 1 {
					t.Fatalf("%v, %d folds", err, len(v.Folds))
				}
			})
		}
		if short, long := cost(500), cost(5000); long > short*1.2 {
			t.Errorf("%s: 500 messages take %.0f allocations, 5000 take %.0f", who, short, long)
		}
	}
}

func TestTheHistoryOfALongTicketIsCutWithItsMessages(t *testing.T) {
	o := newOffice(t)
	row := o.long(400)
	o.do("agente", row.ID, ticket.Step{Take: true})
	o.do("agente", row.ID, ticket.Step{Message: say("Ecco."), To: store.StateResolved, Outcome: store.Solved})
	all, err := o.Tickets.ReadAll(o.as("agente"), row.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Folds) != 0 || len(all.Messages) < 500 {
		t.Errorf("a program reads %d messages with %d folds", len(all.Messages), len(all.Folds))
	}
	v, err := o.Tickets.Read(o.as("agente"), row.ID)
	if err != nil {
		t.Fatal(err)
	}
	lines := v.History
	for len(v.Folds) > 0 {
		f := v.Folds[0]
		if v, err = o.Tickets.ReadBetween(o.as("agente"), row.ID, ticket.Piece{After: f.After, Before: f.Before}, true); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, v.History...)
	}
	seen := map[uint64]int{}
	for _, e := range lines {
		seen[e.Seq]++
	}
	for _, e := range all.History {
		if seen[e.Seq] != 1 {
			t.Errorf("%s at %s is told %d times", e.Act, e.At, seen[e.Seq])
		}
	}
	if len(lines) != len(all.History) {
		t.Errorf("the pieces tell %d lines, all together %d", len(lines), len(all.History))
	}
}

func TestAMessageThatIsAskedForIsShown(t *testing.T) {
	o := newOffice(t)
	row := o.long(200)
	all, err := o.Tickets.ReadAll(o.as("ada"), row.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(all.Messages); i += 7 {
		for _, p := range []ticket.Piece{{Message: all.Messages[i].ID}, {After: all.Messages[i].ID}, {Before: all.Messages[i].ID}} {
			v, err := o.Tickets.ReadPiece(o.as("ada"), row.ID, p)
			if err != nil {
				t.Fatal(err)
			}
			at := map[uint64]bool{}
			last := store.Message{}
			for _, m := range v.Messages {
				if at[m.ID] || m.At.Before(last.At) {
					t.Errorf("%+v: message %d twice or out of order", p, m.ID)
				}
				at[m.ID], last = true, *m
			}
			if !at[all.Messages[i].ID] || p.Before == 0 && i+1 < len(all.Messages) && !at[all.Messages[i+1].ID] || p.Before != 0 && i > 0 && !at[all.Messages[i-1].ID] {
				t.Errorf("%+v, the message of place %d: shown are %d messages, not it and its neighbour", p, i, len(v.Messages))
			}
			if len(v.Messages) > 60 {
				t.Errorf("%+v: %d messages", p, len(v.Messages))
			}
		}
	}
}

func BenchmarkReadALongTicket(b *testing.B) {
	o := newOffice(b)
	row := o.long(5000)
	for b.Loop() {
		if _, err := o.Tickets.Read(o.as("agente"), row.ID); err != nil {
			b.Fatal(err)
		}
	}
}
