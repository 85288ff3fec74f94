package ticket

import (
	"fmt"
	"slices"

	"sportello/app/desk/ticket"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/act"
)

// standing says in a sentence what state the ticket is in, what comes next, and what a reply will do.
func (v *sidePage) standing(tv *ticket.View) {
	t := tv.Ticket
	group := tv.Group.Name.In(v.Lang)
	own := t.Requester == v.Person
	v.Reply = replyBox{v.T("side.reply-more"), "", v.T("side.send")}
	switch t.State {
	case store.StateNew:
		v.Sentence = v.T("side.new", "group", group, "when", show.InSentence(&v.Page, t.Opened))
		v.Next = v.T("side.new-next")
	case store.StateOpen:
		v.Sentence = v.T("side.open", "group", group)
		if !t.Taken.IsZero() {
			v.Sentence = v.T("side.open-taken", "group", group, "when", show.InSentence(&v.Page, t.Taken))
		}
		if p := tv.People[t.Assignee]; p != nil {
			v.Next = v.T("side.open-next", "who", p.Name)
		}
	case store.StateWaiting:
		v.waiting(tv, group, own)
	case store.StatePlanned:
		v.planned(t, group)
	case store.StateResolved:
		v.resolved(tv, group)
	case store.StateClosed:
		v.closed(tv)
	}
	if !v.MayWrite {
		v.Reply = replyBox{}
	}
}

func (v *sidePage) waiting(tv *ticket.View, group string, own bool) {
	who, when := group, ""
	for i := len(tv.Messages) - 1; i >= 0; i-- {
		if m := tv.Messages[i]; m.Agent && !m.Internal {
			if p := tv.People[m.Author]; p != nil {
				who = p.Name
			}
			when = show.InSentence(&v.Page, m.At)
			break
		}
	}
	switch requester := tv.People[tv.Ticket.Requester]; {
	case !own && requester != nil:
		v.Sentence = v.T("side.waiting-other", "requester", requester.Name)
	case when == "":
		v.Sentence = v.T("state.waiting") + "."
	default:
		v.Sentence = v.T("side.waiting", "who", who, "when", when)
	}
	v.Next = v.T("side.waiting-next")
	v.Reply = replyBox{v.T("side.reply-yours"), "", v.T("side.send-reply")}
	if !own {
		v.Reply.Heading = v.T("side.reply-more")
	}
}

func (v *sidePage) planned(t *store.Ticket, group string) {
	switch {
	case t.Version != "" && !t.PlannedFor.IsZero():
		v.Sentence = v.T("side.planned-both", "version", t.Version, "when", show.DayInSentence(&v.Page, t.PlannedFor))
	case t.Version != "":
		v.Sentence = v.T("side.planned-version", "version", t.Version)
	case !t.PlannedFor.IsZero():
		v.Sentence = v.T("side.planned-date", "when", show.DayInSentence(&v.Page, t.PlannedFor))
	default:
		v.Sentence = v.T("state.planned") + "."
	}
	v.Next = v.T("side.planned-next", "group", group)
}

// outcome says how the ticket ended. It names the duplicated ticket only to those who may see it.
func (v *sidePage) outcome(tv *ticket.View, group string) string {
	t := tv.Ticket
	switch t.Outcome {
	case store.Solved, store.Withdrawn:
		if by, own := v.settledBy(tv); own {
			return v.T("side.settled-you-" + t.Outcome.String())
		} else if by != "" {
			return v.T("side.settled-"+t.Outcome.String(), "who", by)
		}
		if t.Outcome == store.Solved && t.Version != "" {
			return v.asking("side.outcome-solved-version", tv, "group", group, "version", t.Version)
		}
	case store.KnownProblem:
		if t.Version != "" {
			return v.T("side.outcome-known-problem-version", "version", t.Version)
		}
	case store.Duplicate:
		if tv.Duplicate != nil {
			line := show.OwnLineOf(&v.Page, tv.Duplicate, nil)
			v.SeeOther = &line
			return v.T("side.outcome-duplicate-of", "number", tv.Duplicate.ID)
		}
		return v.T("side.outcome-duplicate")
	case store.OutcomeNone, store.Spam:
		return ""
	}
	return v.asking("side.outcome-"+t.Outcome.String(), tv, "group", group)
}

// asking says how the ticket ended, with the question that goes with it while the reader is the one to answer it.
func (v *sidePage) asking(key string, tv *ticket.View, args ...any) string {
	said := v.T(key, args...)
	if tv.Ticket.State == store.StateResolved && tv.Ticket.Requester == v.Person {
		said = show.Joined(" ", said, show.Known(&v.Page, key+"-ask", ""))
	}
	return said
}

// settledBy returns who of the requester's side resolved the ticket and whether that is the reader; nothing when an
// agent resolved it.
func (v *sidePage) settledBy(tv *ticket.View) (who string, own bool) {
	t := tv.Ticket
	for i := len(tv.History) - 1; i >= 0; i-- {
		e := tv.History[i]
		if _, outcome := fieldWord(e, "outcome"); e.Act != act.Resolve && (e.Act != act.Confirm || outcome == "") {
			continue
		}
		p := tv.People[e.By]
		if p == nil || !(t.OnSide(e.By) || p.Covers(t.Organisation, t.Unit, v.Now)) || p.InGroup(t.Group) && t.Requester != e.By {
			return "", false
		}
		return p.Name, e.By == v.Person
	}
	return "", t.Outcome == store.Withdrawn && t.Requester == v.Person
}

// solution finds in the thread the message with which an agent ended the ticket.
func (v *sidePage) solution(tv *ticket.View) {
	switch t := tv.Ticket; {
	case t.State != store.StateResolved && t.State != store.StateClosed, t.Outcome == store.Duplicate, t.Outcome == store.Withdrawn:
		return
	}
	if by, own := v.settledBy(tv); by != "" || own {
		return
	}
	last := uint64(0)
	for _, m := range tv.Messages {
		if m.Agent && !m.Internal && !m.At.After(tv.Ticket.Resolved) {
			last = m.ID
		}
	}
	for _, item := range v.Thread {
		if m := item.Message; m != nil && m.ID == last {
			s := *m // it is on the page twice
			s.Files = slices.Clone(m.Files)
			for i := range s.Files {
				s.Files[i].Zoom = "s" + s.Files[i].Zoom
			}
			v.Solution = &s
		}
	}
}

func (v *sidePage) resolved(tv *ticket.View, group string) {
	v.Sentence = v.outcome(tv, group)
	if v.Sentence == "" {
		v.Sentence = v.asking("side.outcome-solved", tv, "group", group)
	}
	if t := tv.Ticket; t.Outcome == store.Withdrawn && t.Requester == v.Person {
		v.MayConfirm = false // who said so is not asked whether it is so
	}
	if v.MayConfirm {
		v.Next = v.T("side.resolved-next", "when", show.DayInSentence(&v.Page, tv.Closes))
	} else {
		v.Next = v.T("side.resolved-next-other", "when", show.DayInSentence(&v.Page, tv.Closes))
	}
	v.Reply = replyBox{v.T("side.reply-not-solved"), v.T("side.reply-not-solved-hint"), v.T("side.send-reopen")}
}

func (v *sidePage) closed(tv *ticket.View) {
	v.Sentence = v.T("side.closed", "when", show.InSentence(&v.Page, tv.Ticket.Closed))
	if s := v.outcome(tv, tv.Group.Name.In(v.Lang)); s != "" {
		v.Sentence += " " + s
	}
	if tv.InGrace {
		v.Next = v.T("side.closed-grace", "when", show.DayInSentence(&v.Page, tv.Closes))
		v.Reply = replyBox{v.T("side.reply-reopen"), v.T("side.reply-reopen-hint"), v.T("side.send-reopen")}
		return
	}
	v.Next = v.T("side.closed-later")
	v.Reply = replyBox{v.T("side.reply-follow"), v.T("side.reply-follow-hint"), v.T("side.send-follow")}
}

// event describes an event in one line. It returns nothing for an event that the thread shows anyway.
func (v *sidePage) event(tv *ticket.View, names sideNames, e ticket.Event) string {
	if e.Cut {
		return v.T("thread.cut")
	}
	if e.Internal || !e.Act.SaidToSide() {
		return ""
	}
	who := v.T("side.the-desk")
	if p := tv.People[e.By]; p != nil {
		who = p.Name
	}
	switch e.Act {
	case act.Confirm:
		if _, outcome := fieldWord(e, "outcome"); outcome != "" {
			return v.T(act.Resolve.OnSide(), "who", who, "outcome", v.T("outcome."+outcome))
		}
	case act.Assign:
		id := fieldNumber(e, "assignee")
		if id == 0 {
			return v.T("side.event-unassign")
		}
		return v.T(e.Act.OnSide(), "who", names.people[id])
	case act.Move:
		return v.T(e.Act.OnSide(), "group", names.groups[fieldNumber(e, "group")].In(v.Lang))
	case act.Plan:
		if _, version := fieldWord(e, "version"); version != "" {
			return v.T("side.event-plan-version", "who", who, "version", version)
		}
		return v.T(e.Act.OnSide(), "who", who)
	case act.Resolve:
		_, outcome := fieldWord(e, "outcome")
		if outcome == "" || outcome == store.Spam.String() {
			outcome = store.Solved.String()
		}
		return v.T(e.Act.OnSide(), "who", who, "outcome", v.T("outcome."+outcome))
	case act.Priority:
		return v.priorityEvent(e, who)
	case act.State:
		_, state := fieldWord(e, "state")
		if state == "" {
			return ""
		}
		return v.T(e.Act.OnSide(), "state", v.T("state."+state))
	}
	return v.T(e.Act.OnSide(), "who", who)
}

// priorityEvent says how severity and urgency changed, and why.
func (v *sidePage) priorityEvent(e ticket.Event, who string) string {
	var parts []string
	if was, is := fieldWord(e, "severity"); is != "" {
		parts = append(parts, v.T("side.event-severity", "before", v.T("severity."+was), "after", v.T("severity."+is)))
	}
	if was, is := fieldWord(e, "urgency"); is != "" {
		parts = append(parts, v.T("side.event-urgency", "before", v.T("urgency."+was), "after", v.T("urgency."+is)))
	}
	text := v.T(e.Act.OnSide(), "who", who, "what", show.Joined(", ", parts...))
	if e.Why != "" {
		text = fmt.Sprintf("%s %s", text, v.T("side.event-why", "reason", e.Why))
	}
	return text
}
