package ticket

import (
	"net/url"
	"time"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// sideValues returns the initial values of the page's forms.
func sideValues(t *store.Ticket, levels []catalogue.Level) url.Values {
	values := url.Values{"subject": {t.Subject}, "severity": {t.Severity.String()}, "urgency": {t.Urgency.String()}, "module": {show.NoModule}}
	if l := show.LevelOf(levels, t.Module); l != nil {
		values.Set("module", l.Code)
	}
	if !t.Deadline.IsZero() {
		values.Set("deadline", t.Deadline.Format(time.DateOnly))
	}
	return values
}

// correcting fills the form with which the requester's side corrects the ticket until an agent takes charge.
func (v *sidePage) correcting(levels []catalogue.Level) {
	v.Modules = show.ModuleChoices(&v.Page, levels, v.Value("module"), false)
	for s := store.Blocking; s <= store.Low; s++ {
		code := s.String()
		v.Severities = append(v.Severities, show.Choice{Value: code, Label: v.T("severity." + code), Chosen: v.Chosen("severity", code)})
	}
	for u := store.Today; u <= store.NoDate; u++ {
		code := u.String()
		v.Urgencies = append(v.Urgencies, show.Choice{Value: code, Label: v.T("urgency." + code), Chosen: v.Chosen("urgency", code)})
	}
	v.Today, v.Deadline = v.Now.Format(time.DateOnly), prefilled(&v.Page)
	for _, field := range []string{"subject", "module", "severity", "urgency", "deadline"} {
		v.Correcting = v.Correcting || v.Err(field) != ""
	}
}

// postSideMessage writes a message, with or without the step of the pressed button.
func (a pages) postSideMessage(r *web.Request) error {
	f := r.Form()
	switch f.Raw("act") {
	case "confirm":
		return a.sideStep(r, f, ticket.Step{Message: a.sideText(r, f, false), Confirm: true}, "flash.side-confirmed")
	case "solved", "withdrawn":
		return a.sideStep(r, f, settle(f, "act", a.sideText(r, f, false)), "flash.side-settled")
	case "reopen":
		return a.sideStep(r, f, ticket.Step{Message: a.sideText(r, f, true), Reopen: true}, "flash.side-sent")
	}
	return a.sideStep(r, f, ticket.Step{Message: a.sideText(r, f, true)}, "flash.side-sent")
}

func (a pages) postSideConfirm(r *web.Request) error {
	f := r.Form()
	return a.sideStep(r, f, ticket.Step{Message: a.sideText(r, f, false), Confirm: true}, "flash.side-confirmed")
}

func (a pages) postSideReopen(r *web.Request) error {
	f := r.Form()
	return a.sideStep(r, f, ticket.Step{Message: a.sideText(r, f, true), Reopen: true}, "flash.side-sent")
}

func (a pages) postSideSettle(r *web.Request) error {
	f := r.Form()
	return a.sideStep(r, f, settle(f, "outcome", a.sideText(r, f, false)), "flash.side-settled")
}

// settle returns the step with which the requester's side ends the ticket: solved closes it, since saying so confirms it
// too; no longer needed resolves it.
func settle(f *web.Form, field string, text *ticket.Text) ticket.Step {
	s := ticket.Step{Message: text, To: store.StateResolved, Outcome: web.FormCode[store.Outcome](f, field)}
	if s.Outcome == store.Solved {
		s.To = store.StateClosed
	}
	return s
}

// sideText returns the message of the form, nil when there is none and none is needed. Files alone count as a message.
func (a pages) sideText(r *web.Request, f *web.Form, needed bool) *ticket.Text {
	text := &ticket.Text{Body: f.Body("body"), Files: f.Files("files")}
	if text.Body == "" && len(text.Files) > 0 {
		text.Body = a.Words.Text(r.Lang(), "side.only-files")
	}
	if text.Body == "" && !needed {
		return nil
	}
	return text
}

func (a pages) postSideCorrect(r *web.Request) error {
	f := r.Form()
	subject, severity, urgency := f.Text("subject", store.Most("tickets.subject")), web.FormCode[store.Severity](f, "severity"), web.FormCode[store.Urgency](f, "urgency")
	deadline := a.deadline(r, f, urgency)
	level, err := a.formModule(f)
	if err != nil {
		return err
	}
	module := uint64(0)
	if level != nil {
		module = level.ID
	}
	return a.sideStep(r, f, ticket.Step{Subject: &subject, Module: &module, Severity: &severity, Urgency: &urgency, Deadline: &deadline}, "flash.side-corrected")
}

// postSideParticipants adds a person by address or removes one. It does not reveal whether the address is known.
func (a pages) postSideParticipants(r *web.Request) error {
	f := r.Form()
	if f.Has("remove") {
		return a.sideStep(r, f, ticket.Step{Remove: f.IDs("remove")}, "flash.side-removed")
	}
	if f.Has("grant") {
		return a.sideStep(r, f, ticket.Step{Grant: f.Text("grant", store.Most("people.email"))}, "flash.side-added")
	}
	add := formAddresses(f, "participants")
	if len(add) == 0 && f.Err() == nil {
		f.Refuse("participants", "error.required")
	}
	return a.sideStep(r, f, ticket.Step{Add: add}, "flash.side-added")
}

// sideStep does the step and returns to the ticket, or to the new ticket that a late message opened. On a problem the
// page comes back with everything typed; if the ticket has changed in the meantime, also with the text, to send it
// again.
func (a pages) sideStep(r *web.Request, f *web.Form, s ticket.Step, flashKey string) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	actor := r.Actor()
	s.Rev, s.PublicRev = f.ID("rev"), f.ID("public_rev")
	var done ticket.Done
	if err = a.Desk.Tickets.MayDo(actor, n, s); err == nil {
		err = f.Err()
	}
	if err == nil {
		done, err = a.Desk.Tickets.Do(actor, n, s)
	}
	if err != nil {
		tv, gone := a.Desk.Tickets.Read(actor, n)
		if gone != nil {
			return gone
		}
		return a.sideTicket(r, tv, f, err)
	}
	a.readNotices(r, n)
	if t := done.Ticket; t.ID != n {
		return r.Done("flash.side-followed", address.Ticket(t.ID), "number", n)
	}
	if _, err := a.Desk.Tickets.Read(actor, n); fault.KindOf(err) == fault.NotFound && err != nil {
		return r.Done(flashKey, "/tickets") // the actors removed themselves
	}
	return r.Done(flashKey, address.Ticket(n))
}
