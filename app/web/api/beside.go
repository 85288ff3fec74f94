package api

import (
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store/fault"
)

type apiBeside struct {
	ID          uint64     `json:"id"`
	From        *apiPerson `json:"from"`
	Subject     string     `json:"subject"`
	Body        string     `json:"body"`
	At          *time.Time `json:"at"`
	Attachments []apiFile  `json:"attachments"`
	Proven      bool       `json:"proven"`
}

// apiDecision says what to do with a message kept beside a ticket.
type apiDecision struct {
	Do     ticket.BesideDo `json:"do"` // join, join-and-add-person, own-ticket or dismiss
	Reason string          `json:"reason,omitempty"`
}

// apiBesideTicket accepts or dismisses a message kept beside a ticket, and answers with the ticket afterwards.
func (a pages) apiBesideTicket(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	v, err := a.Desk.Tickets.Read(r.Actor(), number)
	if err != nil {
		return err
	}
	if !v.Agents {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if !v.May[policy.Arrange] {
		return fault.New(fault.Denied, "error.denied")
	}
	var in apiDecision
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	if _, err := a.Desk.Tickets.Do(r.Actor(), number, ticket.Step{Beside: id, BesideDo: in.Do, Reason: in.Reason}); err != nil {
		return err
	}
	return program.Sends(r)(a.ticketDocument(r, number))
}
