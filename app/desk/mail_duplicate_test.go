package desk

import (
	"fmt"
	"strings"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/fault"
)

// TestAnAnswerToADuplicateReachesTheTicketThatLives: an answer to a duplicate, however it got there, reaches the ticket
// in which the matter continues. Its agents read it and are notified, the duplicate's requester sees it in their own
// ticket, and the other requester learns nothing. Undoing the merge moves it back.
func TestAnAnswerToADuplicateReachesTheTicketThatLives(t *testing.T) {
	for _, way := range []string{"the letter", "their own mail", "the number", "the token", "their last answer"} {
		for _, ownOrganisation := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, of one organisation %v", way, ownOrganisation), func(t *testing.T) {
				o := newMailOffice(t)
				who := "estraneo@altro.example"
				if ownOrganisation {
					who = "collega@ateneo.example"
				}
				live := o.mail(letter{from: "ada@ateneo.example", subject: "Cedolino", body: "Non si apre.", proven: true}).Ticket
				first := o.mail(letter{from: who, subject: "Cedolino rotto", body: "Nemmeno a me.", proven: true})
				double := first.Ticket
				out := o.post()
				confirmed := out[who]
				o.do("agente", double, ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: live, Message: say("Se ne occupano già.")})
				told := o.post()[who]
				answer := letter{from: who, subject: "Re: Cedolino rotto", body: "Zibaldone.", proven: true}
				switch way {
				case "the letter":
					answer.reply = told.Letter.MessageID
				case "their own mail":
					answer.reply = first.MessageID
				case "the number":
					answer.subject = fmt.Sprintf("Re: [#%d] Cedolino rotto", double)
				case "the token":
					answer.to = confirmed.ReplyTo
				case "their last answer":
					answer.reply = told.Letter.MessageID
					answer.body = "Prima di zibaldone."
					answer = letter{from: who, subject: "Re: ancora", body: "Zibaldone.", proven: true, reply: o.mail(answer).MessageID}
				}
				before := o.ticket(live)
				m := o.mail(answer)
				if m.State != store.MailDone || m.Ticket != live {
					t.Fatalf("it went to #%d, not to #%d: %+v", m.Ticket, live, m)
				}
				if k := o.ticket(live); k.PublicRev != before.PublicRev || k.State != before.State || k.LastBy != before.LastBy {
					t.Errorf("it moved what the other requester sees: %+v", k)
				}
				if k := o.ticket(double); k.State != store.StateResolved {
					t.Errorf("the duplicate is %s", k.State)
				}
				out = o.post()
				if !hasText(out["agente@ateneo.example"], "Zibaldone.") {
					t.Errorf("the agents were told %+v", out["agente@ateneo.example"])
				}
				if l := out["ada@ateneo.example"]; l != nil {
					t.Errorf("the other requester was told %+v", l.Lines)
				}
				reads := func(person string, n uint64) bool {
					t.Helper()
					for name, p := range o.people {
						if p.Email != person {
							continue
						}
						v, err := o.Tickets.Read(o.as(name), n)
						if fault.KindOf(err) == fault.NotFound && err != nil {
							return false
						}
						if err != nil {
							t.Fatal(err)
						}
						for _, m := range v.Messages {
							if strings.Contains(m.Body, "Zibaldone") {
								return true
							}
						}
					}
					return false
				}
				if !reads("agente@ateneo.example", live) || !reads(who, double) || reads("ada@ateneo.example", live) {
					t.Errorf("agent %v, its requester %v, the other %v", reads("agente@ateneo.example", live), reads(who, double), reads("ada@ateneo.example", live))
				}
				o.do("agente", double, ticket.Step{UndoDuplicate: true})
				if k := o.ticket(double); o.message(m.Message).Ticket != double || k.DuplicateOf != 0 {
					t.Errorf("after undoing it is in #%d", o.message(m.Message).Ticket)
				}
				if k := o.ticket(live); k.Messages != 1 {
					t.Errorf("the other keeps %d messages", k.Messages)
				}
				next := o.mail(letter{from: who, subject: "Re: x", body: "Ancora.", proven: true, reply: m.MessageID})
				if next.Ticket != double {
					t.Errorf("what they write next went to #%d", next.Ticket)
				}
			})
		}
	}
}
