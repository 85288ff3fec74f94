package desk

import (
	"context"
	"strings"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/event"
)

// TestUnprovenMailIsMarkedWhereverItIsTold: unproved mail keeps its mark wherever it goes.
func TestUnprovenMailIsMarkedWhereverItIsTold(t *testing.T) {
	for _, proven := range []bool{false, true} {
		o := newMailOffice(t)
		first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "Non va.", proven: proven})
		out := o.post()
		if l := out["agente@ateneo.example"]; l == nil || l.Lines[0].Unproven == proven {
			t.Errorf("proven %v: the letter about the new ticket: %+v", proven, l)
		}
		o.do("agente", first.Ticket, ticket.Step{Take: true})
		o.mail(letter{from: "ada@ateneo.example", subject: "Re: D", body: "Ancora.", reply: first.MessageID, proven: proven})
		out = o.post()
		l := out["agente@ateneo.example"]
		if l == nil || len(l.Lines) == 0 || l.Lines[len(l.Lines)-1].Unproven == proven {
			t.Errorf("proven %v: the letter about the message: %+v", proven, l)
		}
		lines, _, err := o.Notices.List(o.as("agente"), 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range lines {
			if (n.Event == event.Message || n.Event == event.New) && n.Unproven == proven {
				t.Errorf("proven %v: the notice of %s: %+v", proven, n.Event, n)
			}
		}
		_, err = o.ExportTickets(context.Background(), o.as("amministratore"), "", func(r ticket.Record) error {
			if r.Number == first.Ticket && (r.Unproven == proven || len(r.Messages) != 1 || r.Messages[0].Unproven == proven) {
				t.Errorf("proven %v: the export: %+v", proven, r)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestUnprovenMailReopensNothing: unproved mail ends waiting but reopens nothing, unless it answers a letter from the
// address to which the letter was sent.
func TestUnprovenMailReopensNothing(t *testing.T) {
	for _, c := range []struct {
		name           string
		proven, answer bool
		after          store.State
	}{{"unproven", false, false, store.StateClosed}, {"answers our letter", false, true, store.StateOpen}, {"proven", true, false, store.StateOpen}} {
		o := newMailOffice(t)
		first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "Non va.", proven: true})
		o.post()
		o.do("agente", first.Ticket, ticket.Step{To: store.StateResolved, Outcome: store.Solved, Message: &ticket.Text{Body: "Fatto."}})
		to := ""
		if l := o.post()["ada@ateneo.example"]; c.answer {
			to = l.ReplyTo
		}
		o.do("ada", first.Ticket, ticket.Step{Confirm: true})
		m := o.mail(letter{from: "ada@ateneo.example", to: to, subject: "Re: D", body: "Invece no.", reply: first.MessageID, proven: c.proven})
		v, err := o.Tickets.Read(o.as("agente"), m.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		last := v.Messages[len(v.Messages)-1]
		if m.Ticket != first.Ticket || v.Ticket.State != c.after || last.NotVerified() != (c.after == store.StateClosed) || !strings.Contains(last.Body, "Invece no.") {
			t.Errorf("%s: ticket %d is %s, %+v", c.name, m.Ticket, v.Ticket.State, last)
		}
	}
}

// TestAStrangerIsConfirmedWithoutWords: an unproved stranger's confirmation contains none of the words sent in their
// name.
func TestAStrangerIsConfirmedWithoutWords(t *testing.T) {
	o := newMailOffice(t)
	for _, c := range []struct {
		from   string
		proven bool
		event  event.Event
	}{{"ignota@altrove.example", false, event.Received}, {"provata@altrove.example", true, event.Opened}, {"ada@ateneo.example", false, event.Opened}} {
		o.mail(letter{from: c.from, subject: "Parola segreta", body: "Altra parola.", proven: c.proven})
		l := o.post()[c.from]
		if l == nil || l.Lines[0].Event != c.event || c.event == event.Received && (l.Ticket != nil || l.Link != "") {
			t.Errorf("%s: %+v", c.from, l)
		}
	}
}
