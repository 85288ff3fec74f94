package ticket

import (
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// editorView is the one form in which agents write. It offers only what is possible in the ticket's state.
type editorView struct {
	Reply    bool // a reply is possible, not only a note
	Note     bool
	InNote   bool // the editor shows the note
	Main     sendButton
	More     []sendButton
	Resolve  bool
	Plan     bool
	Outcomes []show.Choice // each with what it needs
	Readers  string
	Replies  string // address that returns saved replies
	Preview  template.HTML
	Version  bool // a solution may name the version that brings it

	PreviewURL string // address that shows the text as the ticket will
}

type sendButton struct{ Act, Label string }

// SendPart reports whether the editor was posted with the act and came back, so that the act's fields are shown.
func (v *ticketPage) SendPart(act string) bool {
	return v.OpenPart == "editor" && v.Value("act") == act && len(v.Errors) > 0
}

// firstValues returns the initial values of the page's forms.
func (v *ticketPage) firstValues(t *ticket.View) url.Values {
	row := t.Ticket
	id := func(n uint64) string { return strconv.FormatUint(n, 10) }
	values := url.Values{"mode": {"reply"}, "outcome": {usual(row.Kind).String()}, "assignee": {id(row.Assignee)}, "group": {id(row.Group)}, "severity": {row.Severity.String()},
		"urgency": {row.Urgency.String()}, "kind": {row.Kind.String()}, "module": {id(row.Module)},
		"subject": {row.Subject}, "affected": {row.Affected}, "worked_in": {row.WorkedIn}, "version": {row.Version}, "state_version": {row.Version},
		"state_planned_for": {inputDate(&v.Page, row.PlannedFor)}}
	web.SetMoment(values, "deadline", row.Deadline, v.Now.Location())
	if row.Regression {
		values["regression"] = []string{"1"}
	}
	for code, answer := range row.Answers {
		values["answer-"+code] = []string{answer}
	}
	return values
}

// inputDate formats a time for a date field.
func inputDate(p *web.Page, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.Now.Location()).Format(time.DateOnly)
}

// editor fills the editor with what can be written and sent in the ticket's state.
func (v *ticketPage) editor(t *ticket.View) {
	row := t.Ticket
	e := &editorView{Reply: t.May[policy.Write], Note: t.May[policy.WriteNote], Replies: "/replies/pick?lang=" + url.QueryEscape(row.Language) + "&q=",
		PreviewURL: "/preview?ticket=" + strconv.FormatUint(row.ID, 10)}
	v.Editor = e
	e.InNote = v.Chosen("mode", "note") || !e.Reply
	var readers []string
	for _, id := range append([]uint64{row.Requester}, row.Participants...) {
		if p := t.People[id]; p != nil {
			readers = append(readers, p.Name)
		}
	}
	e.Readers = v.Plural("ticket.readers", len(readers), "names", listWords(v.T("ticket.and"), readers))
	reply := sendButton{"reply", v.T("ticket.send")}
	if !v.MayWork {
		e.Main = reply
		return
	}
	can := func(s store.State) bool { return slices.Contains(t.Reachable, s) }
	wait := sendButton{"wait", v.T("ticket.send-wait")}
	switch row.State {
	case store.StateNew:
		e.Main, e.More = wait, []sendButton{{"reply", v.T("ticket.send-take")}}
	case store.StateOpen:
		e.Main, e.More = wait, []sendButton{reply}
	case store.StateWaiting:
		e.Main, e.More = sendButton{"reply", v.T("ticket.send-waiting")}, []sendButton{{"resume", v.T("ticket.send-resume")}}
	case store.StatePlanned:
		e.Main, e.More = reply, []sendButton{wait, {"resume", v.T("ticket.send-resume")}}
	case store.StateResolved:
		e.Main, e.More = reply, []sendButton{{"resume", v.T("ticket.send-reopen")}}
	default:
		e.Main = reply
	}
	e.Resolve = can(store.StateResolved)
	e.Plan = can(store.StatePlanned) || row.State == store.StatePlanned
	e.Version = row.Kind == store.Malfunction || row.Kind == store.Request
	e.Outcomes = show.OutcomeOptions(&v.Page, func(name, value string) bool { return v.Chosen(name, value) }, v.MayArrange)
	for i := range e.Outcomes {
		e.Outcomes[i].Hint = v.T("ticket.outcome-" + e.Outcomes[i].Value)
	}
}

// usual is the outcome that tickets of the kind mostly have.
func usual(k store.TicketKind) store.Outcome {
	if k == store.Clarification || k == store.Guidance {
		return store.Answered
	}
	return store.Solved
}

// listWords joins names as people write them: Ada, Bruno e Carla.
func listWords(and string, names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " " + and + " " + names[n-1]
	}
	return strings.Join(names, "")
}
