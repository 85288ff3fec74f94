package plan

import (
	"strings"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// beside is the ticket that stands beside a decision or step, and the form that opens one.
type beside struct {
	Ticket *web.Link
	Number string
	State  show.Mark
	Answer string // what the desk said last
	Ask    string // address that opens one; empty: the plan is over
	Reason bool   // whoever decides may take the answer as their reason
}

// besideOf returns the question of a decision or step as the reader may see it.
func (a pages) besideOf(r *web.Request, p *web.Page, one *plan.View, code, here string) (beside, error) {
	var out beside
	if one.Plan.State != store.PlanClosed && one.Plan.State != store.PlanCancelled {
		out.Ask = here + "/question"
	}
	asked, err := a.Desk.Plans.Beside(r.Actor(), one.Plan.ID, code)
	if err != nil || asked == nil {
		return out, err
	}
	if asked.Secret {
		out.Ticket = &web.Link{Label: p.T("plan.its-ticket", "number", asked.ID), Address: address.Ticket(asked.ID)}
		out.State = show.Mark{Icon: "lock", Class: "badge-inner", Words: p.T("plan.secret-ticket")}
		return out, nil
	}
	out.Ticket = &web.Link{Label: p.T("plan.its-ticket", "number", asked.ID) + ": " + asked.Subject, Address: address.Ticket(asked.ID)}
	out.Number, out.Answer = show.IDValue(asked.ID), asked.Answer
	out.State = show.Mark{Icon: "clock", Class: "badge-wait", Words: p.T("plan.unanswered")}
	if out.Answer != "" {
		out.State = show.Mark{Icon: "check", Class: "badge-calm", Words: p.T("plan.answered")}
	}
	return out, nil
}

// postQuestion opens a ticket that stands beside the decision or step of the address.
func (a pages) postQuestion(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	here, page := address.Decision(one.Plan.ID, code(r)), a.decisionPage
	if one.Decision(code(r)) == nil {
		here, page = address.Step(one.Plan.ID, code(r)), a.stepPage
	}
	if one.Decision(code(r)) == nil && one.Step(code(r)) == nil || strings.Contains(r.Path(), "/steps/") != strings.Contains(here, "/steps/") {
		return fault.New(fault.NotFound, "error.not-found")
	}
	f := r.Form()
	f.Need("question")
	text := f.Body("question")
	if err = f.Err(); err == nil {
		_, err = a.Desk.Plans.Ask(r.Actor(), one.Plan.ID, code(r), plan.Question{Text: text})
	}
	if err != nil {
		return a.again(r, f, show.Besides(err, "question"), "question", page)
	}
	return r.Done("flash.plan-asked", here)
}
