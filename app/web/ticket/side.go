package ticket

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/message"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/fault"
)

// sidePage is a ticket as its requester's side sees it: first its state in a sentence, then the messages.
type sidePage struct {
	web.Page
	Number   uint64
	Rev      uint64
	Address  string
	Line     string // #1234, module, when it was opened
	Subject  string
	State    string
	Sentence string
	Next     string
	Solution *sideMessage  // the message that resolved it, shown with the state
	SeeOther *show.OwnLine // the ticket that this one duplicates, for those who may see it

	MayWrite   bool
	MayConfirm bool
	MaySettle  bool
	MayAdd     bool
	Reopens    bool // a message reopens the ticket
	Reply      replyBox
	Stale      bool // somebody wrote in the meantime: the typed text is in the box, unsent
	DraftName  string
	Taken      string // the drafts that the browser may delete, because their text was sent

	Thread       []sideItem
	LeftOff      string // the anchor of what the reader has not read, where that is folded in
	Facts        []show.FactLine
	Answers      []show.FactLine // to the questions of the module
	Participants []sidePerson
	Wishes       []sideWish
	Files        []show.FileCard
	FilesCut     string // says that there may be more files
	Links        []show.OwnLine
	Holders      []linkHolder // people who read the ticket through a link
	Sight        *sight       // who sees it besides the reader, for its requester

	MayCorrect bool
	Correcting bool // the form for corrections has problems and is unfolded
	Modules    []show.ChoiceGroup
	Severities []show.Choice
	Urgencies  []show.Choice
	Today      string
	Deadline   string
}

type replyBox struct{ Heading, Hint, Button string }

// sideItem is one line of the thread: a message, or the events between two messages.
type sideItem struct {
	Message *sideMessage
	Events  []sideEvent
	Folded  string // "5 cambiamenti", when there are too many events to show unfolded
	Gap     *gap   // where messages are left out
}

type sideMessage struct {
	On       *sidePage // the page it is on
	ID       uint64
	Desk     bool
	Initials string
	Who      string
	Role     string
	At       words.Moment
	HTML     template.HTML
	Files    []show.FileCard
	Mail     *byMail // nil when the message did not come by mail
	Folded   bool    // shown as one line until it is opened
}

type sideEvent struct {
	Text string
	At   words.Moment
}

type sidePerson struct {
	ID        uint64
	Name      string
	MayRemove bool
	Self      bool
}

// sideTicket answers with the ticket as its requester's side sees it. f and wrong are a posted form of the page and its
// error; a Conflict means that the ticket has changed in the meantime, and the text is kept.
func (a pages) sideTicket(r *web.Request, tv *ticket.View, f *web.Form, wrong error) error {
	t := tv.Ticket
	v := &sidePage{Page: r.Page("side.title", "number", t.ID, "subject", t.Subject), Number: t.ID, Rev: t.PublicRev, Address: address.Ticket(t.ID),
		Subject: t.Subject, State: t.State.String()}
	v.Path = v.Address
	if tv.Agents {
		v.Rev = t.Rev
	}
	v.Nav, v.Live = "tickets", true
	v.Crumb(v.T("own.title"), "/tickets")
	v.Crumb(fmt.Sprintf("#%d", t.ID), "")
	v.DraftName, v.LeftOff = draftName(v.Person, t.ID), leftOff(tv)
	v.taken(tv)
	if fault.KindOf(wrong) == fault.Conflict {
		v.Stale, v.Status, wrong = true, http.StatusConflict, nil
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v.first(tv)
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else if !v.Resume(r) {
		v.Fill(sideValues(t, levels))
	}
	names, err := a.sideNames(tv)
	if err != nil {
		return err
	}
	v.Line = show.Joined(" · ", v.T("side.number", "number", t.ID), show.LevelPaths(levels, v.Lang)[t.Module], v.T("side.opened", "when", show.InSentence(&v.Page, t.Opened)))
	if by := tv.People[t.OpenedBy]; by != nil && t.OpenedBy != t.Requester {
		v.Line = show.Joined(" · ", v.Line, v.T("side.opened-by", "who", by.Name))
	}
	v.standing(tv)
	v.thread(tv, names)
	v.attached(tv)
	v.solution(tv)
	v.facts(tv)
	v.people(tv)
	for _, o := range tv.Links {
		v.Links = append(v.Links, show.OwnLineOf(&v.Page, o, show.LevelPaths(levels, v.Lang)))
	}
	if v.Holders, err = a.linkHolders(&v.Page, r.Actor(), t.ID); err != nil {
		return err
	}
	if v.Sight, err = a.sightOf(v, tv); err != nil {
		return err
	}
	if v.MayCorrect {
		v.correcting(levels)
	}
	return r.Render("page/ticket-side", v)
}

func draftName(person, ticket uint64) string { return fmt.Sprintf("%d-ticket-%d", person, ticket) }

// taken finds out from the act that led here which text has just been sent.
func (v *sidePage) taken(tv *ticket.View) {
	switch v.FlashKey {
	case "flash.side-sent", "flash.side-confirmed":
		v.Taken = v.DraftName
	case "flash.new-ticket", "flash.new-ticket-alone":
		v.Taken = fmt.Sprintf("%d-new-ticket", v.Person)
	case "flash.side-followed":
		for _, o := range tv.Links {
			if slices.ContainsFunc(v.FlashArgs, func(a any) bool { return fmt.Sprint(a) == fmt.Sprint(o.ID) }) {
				v.Taken = draftName(v.Person, o.ID)
			}
		}
	}
}

// first fills in what the actor may do.
func (v *sidePage) first(tv *ticket.View) {
	t := tv.Ticket
	v.MayWrite = tv.May[policy.Write]
	v.MayConfirm = tv.May[policy.Confirm] && t.State == store.StateResolved
	v.MaySettle = tv.May[policy.Settle] && t.State.Active()
	v.MayAdd = tv.May[policy.AddPerson]
	v.MayCorrect = tv.May[policy.Correct] && !tv.Agents
	v.Reopens = t.State == store.StateResolved || t.State == store.StateClosed && tv.InGrace
}

// sideNames are the names that the view does not contain.
type sideNames struct {
	unit   string // of the requester
	people map[uint64]string
	groups map[uint64]store.Words
}

// sideNames looks up the names of what the history has as numbers, and the requester's unit.
func (a pages) sideNames(tv *ticket.View) (sideNames, error) {
	n := sideNames{people: map[uint64]string{}, groups: map[uint64]store.Words{}}
	err := a.Desk.Names(func(known desk.Names) {
		n.unit = known.Place(tv.Ticket.Organisation, tv.Ticket.Unit)
		for _, e := range tv.History {
			if p := known.Person(fieldNumber(e, "assignee")); p != nil {
				n.people[p.ID] = p.Name
			}
			if g := known.Group(fieldNumber(e, "group")); g != nil {
				n.groups[g.ID] = g.Name
			}
		}
	})
	return n, err
}

// fieldNumber returns the new value of a numeric field in an event, 0 when the event did not change it.
func fieldNumber(e ticket.Event, name string) uint64 {
	for _, f := range e.Fields {
		var n uint64
		if f.Name == name && json.Unmarshal(f.New, &n) == nil {
			return n
		}
	}
	return 0
}

func fieldWord(e ticket.Event, name string) (before, after string) {
	for _, f := range e.Fields {
		if f.Name == name {
			_ = json.Unmarshal(f.Old, &before) // a value that is not text stays empty and is not shown
			_ = json.Unmarshal(f.New, &after)
		}
	}
	return before, after
}

// thread puts messages and events in order of time. It leaves out what only agents may read, whoever the reader is.
func (v *sidePage) thread(tv *ticket.View, names sideNames) {
	var events []sideEvent
	var when []spot
	for _, e := range tv.History {
		if text := v.event(tv, names, e); text != "" {
			events = append(events, sideEvent{text, v.Moment(e.At)})
			when = append(when, spot{at: e.At, first: e.Act == act.Take || e.Act == act.Assign || e.Act == act.Move})
		}
	}
	at := make([]spot, len(tv.Messages))
	for i, m := range tv.Messages {
		at[i] = spot{at: m.At, apart: m.Internal}
	}
	for part := range weave(at, when, gaps(&v.Page, tv, v.Address, false)) {
		item := sideItem{Events: events[part.events:part.upTo], Gap: part.gap}
		if len(item.Events) > 3 {
			item.Folded = v.Plural("side.changes", len(item.Events))
		}
		if part.message >= 0 {
			item.Message = v.message(tv, names, tv.Messages[part.message])
		}
		v.Thread = append(v.Thread, item)
	}
}

func (v *sidePage) message(tv *ticket.View, names sideNames, m *store.Message) *sideMessage {
	out := &sideMessage{On: v, ID: m.ID, Desk: m.Agent, Who: v.T("side.somebody"), At: v.Moment(m.At), HTML: message.HTML(m, v.T("ticket.quoted"), message.Pictures(tv.Files, m))}
	switch p := tv.People[m.Author]; {
	case p != nil:
		out.Who = p.Name
	case m.Author == 0 && m.Agent: // the desk itself
		out.Who = tv.Group.Name.In(v.Lang)
	}
	out.Initials = show.Initials(out.Who)
	if out.Mail = byMailOf(&v.Page, m, tv, nil); out.Mail != nil {
		out.Folded = out.Mail.Folded != ""
	}
	switch {
	case m.Agent && m.Author != 0:
		out.Role = tv.Group.Name.In(v.Lang)
	case m.Author == tv.Ticket.Requester:
		out.Role = names.unit
	case slices.Contains(tv.Ticket.Participants, m.Author):
		out.Role = v.T("side.participant")
	}
	for _, f := range tv.Files[m.ID] {
		out.Files = append(out.Files, show.FileCardOf(&v.Page, f))
	}
	return out
}

// attached lists the files of all messages, whether the thread shows them or not.
func (v *sidePage) attached(tv *ticket.View) {
	for _, f := range tv.Attached {
		v.Files = append(v.Files, show.FileCardOf(&v.Page, f))
	}
	if len(v.Files) == ticket.MostAttached {
		v.FilesCut = v.T("side.files-cut", "n", v.Page.Number(len(v.Files)))
	}
}

// facts fills in the ticket's summary.
func (v *sidePage) facts(tv *ticket.View) {
	t := tv.Ticket
	add := func(name, text string) {
		if text != "" {
			v.Facts = append(v.Facts, show.FactLine{Name: v.T(name), Text: text})
		}
	}
	if p := tv.People[t.Requester]; p != nil && p.ID != v.Person {
		add("side.requester", p.Name)
	}
	add("side.kind", v.T("kind."+t.Kind.String()))
	add("side.severity", v.T("severity."+t.Severity.String()))
	urgency := v.T("urgency." + t.Urgency.String())
	if !t.Deadline.IsZero() {
		urgency = show.Joined(", ", urgency, show.DayInSentence(&v.Page, t.Deadline))
	}
	add("side.urgency", urgency)
	who := tv.Group.Name.In(v.Lang)
	if p := tv.People[t.Assignee]; p != nil {
		who = show.Joined(", ", p.Name, who)
	}
	add("side.looks-after", who)
	add("side.affected", t.Affected)
	if t.Regression {
		worked := v.T("side.worked-yes")
		if t.WorkedIn != "" {
			worked = v.T("side.worked-in", "version", t.WorkedIn)
		}
		add("side.worked", worked)
	}
	if t.State != store.StatePlanned {
		add("side.version", t.Version)
	}
	for _, q := range tv.Questions {
		s := t.Answers[q.Code]
		if day, err := time.ParseInLocation(time.DateOnly, s, v.Now.Location()); err == nil && q.Type == "date" {
			s = v.Date(day)
		}
		if s != "" {
			v.Answers = append(v.Answers, show.FactLine{Name: q.Label.In(v.Lang), Text: s})
		}
	}
}

// sideWish is an address that somebody asked to add.
type sideWish struct {
	Address string
	May     bool // the reader may add it
}

func (v *sidePage) people(tv *ticket.View) {
	for _, id := range tv.Ticket.Participants {
		p := tv.People[id]
		if p == nil {
			continue
		}
		v.Participants = append(v.Participants, sidePerson{ID: id, Name: p.Name, MayRemove: tv.MayRemove[id], Self: id == v.Person})
	}
	if v.MayAdd {
		for _, w := range tv.Ticket.Wishes {
			v.Wishes = append(v.Wishes, sideWish{w, tv.MayGrant[w]})
		}
	}
}
