package ticket

import (
	"strconv"

	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/store"
)

// postBeside accepts or dismisses a message that is kept beside the ticket.
func (a pages) postBeside(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	id := f.ID("message")
	field := "reason-" + strconv.FormatUint(id, 10)
	do := ticket.BesideDo(f.Raw("do"))
	act := ticketAct{part: "beside", flash: "flash.beside-" + string(do), moved: map[string]string{"reason": field}}
	switch do {
	case ticket.BesideJoin, ticket.BesidePerson, ticket.BesideOwn:
	case ticket.BesideDrop:
		act.step.Reason = f.Text(field, 100)
	default:
		f.Refuse("do", "error.choice")
	}
	act.step.Beside, act.step.BesideDo = id, do
	return act, nil
}

// postBelongs answers the suggestion that the ticket may belong to another one: link the two, merge them, or keep them
// apart.
func (a pages) postBelongs(r *web.Request, n uint64, f *web.Form) (ticketAct, error) {
	act := ticketAct{part: "belongs", flash: "flash.belongs-" + f.Raw("act")}
	act.step.Apart = true
	v, err := a.Desk.Tickets.Read(r.Actor(), n)
	if err != nil {
		return act, err
	}
	other := v.MayBelong
	switch f.Raw("act") {
	case "apart":
	case "link", "merge":
		if other == nil {
			f.Refuse("act", "error.choice")
			break
		}
		if act.step.Link = other.ID; f.Raw("act") == "merge" {
			act.step.Link, act.step.DuplicateOf, act.step.To, act.step.Outcome = 0, other.ID, store.StateResolved, store.Duplicate
			act.step.Message = &ticket.Text{Body: a.Words.Text(v.Ticket.Language, "ticket.belongs-merged")}
		}
	default:
		f.Refuse("act", "error.choice")
	}
	return act, nil
}
