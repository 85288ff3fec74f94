package ticket

import (
	"strconv"
	"strings"

	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// The small forms around the thread: each changes one thing about the ticket.

func (a pages) postTake(_ *web.Request, _ uint64, _ *web.Form) (ticketAct, error) {
	return ticketAct{part: "take", step: ticket.Step{Take: true}, flash: "flash.ticket-taken"}, nil
}

func (a pages) postAssign(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	to := f.ID("assignee")
	if f.Raw("assignee") == "" { // nothing was chosen; nobody is 0
		f.Refuse("assignee", "error.choice")
	}
	act := ticketAct{part: "assignee", step: ticket.Step{Assignee: &to}, flash: "flash.ticket-assigned"}
	if to == 0 {
		act.flash = "flash.ticket-unassigned"
	}
	return act, nil
}

// postMoveGroup gives the ticket to another group and leaves it unassigned there.
func (a pages) postMoveGroup(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	to := f.ID("group")
	if to == 0 {
		f.Refuse("group", "error.group-needed")
	}
	return ticketAct{part: "group", step: ticket.Step{Group: &to, Reason: f.Text("move_reason", show.MaxReason)}, flash: "flash.ticket-moved"}, nil
}

// postState makes the moves that need no message; the editor makes the others.
func (a pages) postState(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	s := ticket.Step{To: web.FormCode[store.State](f, "to")}
	if s.To == store.StateNone {
		f.Refuse("to", "error.choice")
	}
	if s.To == store.StatePlanned {
		s.Version, s.PlannedFor = f.Text("state_version", show.MaxVersion), f.Time("state_planned_for")
	}
	return ticketAct{part: "state", step: s, asks: []string{"state"}, flash: "flash.ticket-state", moved: map[string]string{"state": "to", "version": "state_version", "body": "to", "outcome": "to"}}, nil
}

// postFacts corrects the part of the ticket's facts that the form names, and nothing else.
func (a pages) postFacts(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	act := ticketAct{part: f.Raw("part"), asks: []string{"subject"}, flash: "flash.ticket-facts"}
	s := &act.step
	switch act.part {
	case "subject":
		subject := f.Text("subject", store.Most("tickets.subject"))
		f.Need("subject")
		s.Subject = &subject
	case "priority":
		severity, urgency, deadline := web.FormCode[store.Severity](f, "severity"), web.FormCode[store.Urgency](f, "urgency"), f.Moment("deadline")
		if severity == store.SeverityNone {
			f.Refuse("severity", "error.choice")
		}
		if urgency == store.UrgencyNone {
			f.Refuse("urgency", "error.choice")
		}
		s.Severity, s.Urgency, s.Reason = &severity, &urgency, f.Text("reason", show.MaxReason)
		if urgency != store.NoDate {
			s.Deadline = &deadline
		}
	case "kind":
		kind, regression := web.FormCode[store.TicketKind](f, "kind"), f.Bool("regression")
		affected, worked := f.Text("affected", store.Most("tickets.affected")), f.Text("worked_in", store.Most("tickets.worked_in"))
		if kind == store.KindNone {
			f.Refuse("kind", "error.choice")
		}
		s.Kind, s.Affected = &kind, &affected
		if kind == store.Malfunction {
			s.Regression, s.WorkedIn = &regression, &worked
		}
	case "module":
		module := f.ID("module")
		if f.Raw("module") == "" {
			f.Refuse("module", "error.choice")
		}
		s.Module = &module
	case "answers":
		s.Answers = map[string]string{}
		for name := range f.Values {
			if code, ok := strings.CutPrefix(name, "answer-"); ok {
				s.Answers[code] = f.Text(name, store.Tickets.MostOfEach("answers"))
			}
		}
	default:
		f.Refuse("", "error.choice")
	}
	return act, nil
}

// postParticipantsDesk adds and removes participants and answers the requester's wishes to add some.
func (a pages) postParticipantsDesk(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	act := ticketAct{part: "participants", flash: "flash.ticket-participants", moved: map[string]string{"participants": "address"}}
	switch f.Raw("act") {
	case "add":
		f.Need("address")
		act.step.Add = []string{f.Text("address", store.Most("people.email"))}
	case "requester":
		act.step.For, act.flash, act.moved = f.Text("address", store.Most("people.email")), "flash.ticket-requester", map[string]string{"requester": "address"}
		f.Need("address")
	case "remove":
		act.step.Remove = []uint64{f.ID("person")}
	case "grant":
		act.step.Grant = f.Text("wish", store.Most("people.email"))
	case "refuse":
		act.step.Refuse = f.Text("wish", store.Most("people.email"))
	default:
		f.Refuse("address", "error.choice")
	}
	return act, nil
}

func (a pages) postLinks(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	act := ticketAct{part: "links", asks: []string{"link"}, flash: "flash.ticket-linked"}
	if f.Raw("act") == "unlink" {
		act.step.Unlink, act.flash = f.ID("unlink"), "flash.ticket-unlinked"
		return act, nil
	}
	f.Need("link")
	act.step.Link = f.ID("link")
	return act, nil
}

// postSpam marks the ticket as spam or removes the mark.
func (a pages) postSpam(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	spam := f.Bool("spam")
	if f.Raw("spam") == "" {
		f.Refuse("", "error.choice")
	}
	act := ticketAct{part: "spam", step: ticket.Step{Spam: &spam}, flash: "flash.ticket-spam"}
	if !spam {
		act.flash = "flash.ticket-not-spam"
	}
	return act, nil
}

func (a pages) postUndoDuplicate(_ *web.Request, _ uint64, _ *web.Form) (ticketAct, error) {
	return ticketAct{part: "duplicate", step: ticket.Step{UndoDuplicate: true}, flash: "flash.ticket-unmerged"}, nil
}

// postMoveMessage moves one message to another ticket or makes it a new one.
func (a pages) postMoveMessage(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	message := f.ID("message")
	id := strconv.FormatUint(message, 10)
	field := "move_to-" + id
	act := ticketAct{part: "message-" + id, step: ticket.Step{MoveMessage: message}, asks: []string{"move_message"}, flash: "flash.ticket-message-moved",
		moved: map[string]string{"to": field, "message": field}}
	if message == 0 {
		f.Refuse("", "error.choice")
	}
	switch f.Raw("act") {
	case "split":
		act.flash = "flash.ticket-message-split"
		return act, nil
	case "back":
		act.step.MoveTo = f.ID("origin")
	default:
		act.step.MoveTo = f.ID(field)
	}
	if act.step.MoveTo == 0 {
		f.Refuse(field, "error.ticket-number-needed")
	}
	act.args = []any{"number", act.step.MoveTo}
	return act, nil
}
