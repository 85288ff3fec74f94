package plan

import (
	"net/url"
	"slices"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// ticketStepPage makes a ticket a step of a plan that the reader arranges.
type ticketStepPage struct {
	web.Page
	Action, Back string
	Secret       bool // the ticket is confidential
	Plans        []show.Choice
	Sides        []show.Choice
}

// fromTicket returns the ticket of the address and the plans that the reader arranges. It is denied to who arranges none, and
// not there for who may not work in the ticket.
func (a pages) fromTicket(r *web.Request) (*ticket.View, []*plan.Line, error) {
	n, err := r.Number()
	if err != nil {
		return nil, nil, err
	}
	t, err := a.Desk.Tickets.Read(r.Actor(), n)
	if err == nil && !t.Agents {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	if err != nil {
		return nil, nil, err
	}
	lines, err := a.Desk.Plans.Arrangeable(r.Actor())
	if err == nil && len(lines) == 0 {
		err = policy.Denied(r.Actor())
	}
	return t, lines, err
}

func (a pages) getTicketStep(r *web.Request) error {
	t, lines, err := a.fromTicket(r)
	if err != nil {
		return err
	}
	return a.ticketStepPage(r, t, lines, nil, nil)
}

func (a pages) ticketStepPage(r *web.Request, t *ticket.View, lines []*plan.Line, f *web.Form, wrong error) error {
	v := &ticketStepPage{Page: r.Page("plan.ticket-step", "number", show.IDValue(t.Ticket.ID)), Action: address.TicketStep(t.Ticket.ID), Back: address.Ticket(t.Ticket.ID), Secret: t.Secret}
	p := &v.Page
	p.Nav = "plans"
	p.Crumb(p.T("plan.title"), address.Plans)
	p.Crumb(p.Title, "")
	switch {
	case f != nil:
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	case v.Resume(r):
	case !v.Secret:
		v.Fill(url.Values{"name": {t.Ticket.Subject}})
	}
	for _, l := range lines {
		id := show.IDValue(l.Plan.ID)
		v.Plans = append(v.Plans, show.Choice{Value: id, Label: show.Joined(", ", l.Plan.Name, l.Organisation.Name), Chosen: v.Chosen("plan", id)})
	}
	for _, side := range []store.Side{store.OfDesk, store.OfOrganisation, store.OfSupplier} {
		v.Sides = append(v.Sides, show.Choice{Value: side.String(), Label: p.T("plan.side-" + side.String()), Chosen: v.Chosen("who", side.String())})
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan-ticket-step", v)
}

func (a pages) postTicketStep(r *web.Request) error {
	t, lines, err := a.fromTicket(r)
	if err != nil {
		return err
	}
	f := r.Form()
	f.Need("plan", "name", "day")
	add := plan.Addition{Name: f.Raw("name"), On: dayOf(f.Time("day")), Side: web.FormCode[store.Side](f, "who"), Ticket: t.Ticket.ID}
	number := f.ID("plan")
	if !slices.ContainsFunc(lines, func(l *plan.Line) bool { return l.Plan.ID == number }) && number != 0 {
		f.Refuse("plan", "error.choice")
	}
	code := ""
	if err = f.Err(); err == nil {
		var one *plan.View
		if one, err = a.Desk.Plans.Read(r.Actor(), number); err == nil {
			add.Phase = now(one)
			_, code, err = a.Desk.Plans.Add(r.Actor(), number, add)
		}
	}
	if err != nil {
		return a.ticketStepPage(r, t, lines, f, show.Besides(err, "plan"))
	}
	return r.Done("flash.plan-ticket-step", address.Step(number, code))
}

// now is the code of the phase that the plan is in, of its last one when all is done.
func now(one *plan.View) string {
	if ph := one.Phase(); ph != nil {
		return ph.Code
	}
	return one.Phases[len(one.Phases)-1].Code
}
