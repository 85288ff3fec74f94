package ticket

import (
	"encoding/json"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/message"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
)

// threadItem is one line of a ticket's thread: a message, one event, or several folded events.
type threadItem struct {
	Message *messageView
	Event   *eventView
	Folded  []eventView
	Words   string // label of the fold
	Gap     *gap   // where messages are left out
}

type messageView struct {
	On       *ticketPage // the page it is on
	Anchor   string
	ID       uint64
	Who      string
	Role     string
	Initials string
	At       words.Moment
	Note     bool
	Desk     bool // written by an agent
	Body     template.HTML
	Files    []show.FileCard
	Origin   string // the ticket it was moved from
	OriginTo string // the number of the ticket it may be moved back to, empty when it may not
	MayMove  bool
	MaySplit bool
	Mail     *byMail // nil when the message did not come by mail
	Folded   bool    // shown as one line until it is opened
	Confirm  bool    // the reader's own answer by mail, which they must confirm
	Publish  bool    // an answer to an internal message, which the reader may publish

	Subject     string // of a message kept beside the ticket
	Dismissed   string // why the message beside the ticket was dismissed
	ReasonField string
	ReasonError string

	Moving    bool // the form that moves the message is unfolded
	MoveField string
	MoveTo    string
	MoveError string
}

type eventView struct {
	Text string
	Why  string
	At   words.Moment
	Icon string
	act  act.Act
	seq  uint64
	at   time.Time
}

// ticketNames has the names of the people and things in a ticket's history.
type ticketNames struct {
	people  map[uint64]*store.Person
	groups  []*store.Group
	modules map[uint64]*store.Module
	units   map[uint64]string
}

// ticketNames looks up the names behind the numbers in the view's history.
func (a pages) ticketNames(t *ticket.View) (*ticketNames, error) {
	now := a.Desk.Now()
	n := &ticketNames{people: map[uint64]*store.Person{}, modules: map[uint64]*store.Module{}, units: map[uint64]string{}}
	for id, p := range t.People {
		n.people[id] = p
	}
	err := a.Desk.Names(func(known desk.Names) {
		person := func(ids ...uint64) {
			for _, id := range ids {
				if n.people[id] == nil {
					if p := known.Person(id); p != nil {
						n.people[id] = p
					}
				}
			}
		}
		module := func(id uint64) {
			for id != 0 && n.modules[id] == nil {
				m := known.Module(id)
				if m == nil {
					return // an event about a deleted module is shown without its name
				}
				n.modules[id] = m
				id = m.Parent
			}
		}
		module(t.Ticket.Module)
		for _, e := range t.History {
			for _, f := range e.Fields {
				switch f.Name {
				case "assignee":
					person(jsonID(f.Old), jsonID(f.New))
				case "participants":
					person(append(jsonIDs(f.Old), jsonIDs(f.New)...)...)
				case "module":
					module(jsonID(f.Old))
					module(jsonID(f.New))
				}
			}
		}
		n.groups = known.Groups()
		for _, p := range n.people {
			hat := p.HatNear(t.Ticket.Hat(), now)
			n.units[p.ID] = known.Place(hat.Organisation, hat.Unit)
		}
	})
	return n, err
}

func (n *ticketNames) person(id uint64) string {
	if p := n.people[id]; p != nil {
		return p.Name
	}
	return "?"
}

func (n *ticketNames) view(id uint64) personView {
	p := n.people[id]
	if p == nil {
		return personView{ID: strconv.FormatUint(id, 10), Name: "?"}
	}
	return personView{strconv.FormatUint(p.ID, 10), p.Name, p.Email, n.units[p.ID], p.Phone, show.Initials(p.Name)}
}

func (n *ticketNames) group(id uint64, lang string) string {
	for _, g := range n.groups {
		if g.ID == id {
			return g.Name.In(lang)
		}
	}
	return "?"
}

// groupOf names the group for which an agent writes: the ticket's group, else the agent's first.
func (n *ticketNames) groupOf(p *store.Person, group uint64, lang string) string {
	switch {
	case p == nil:
		return ""
	case p.InGroup(group):
		return n.group(group, lang)
	case len(p.Groups) > 0:
		return n.group(p.Groups[0].Group, lang)
	}
	return n.units[p.ID]
}

func (n *ticketNames) module(id uint64, lang string) string {
	var path []string
	for m := n.modules[id]; m != nil && len(path) < 10; m = n.modules[m.Parent] {
		path = append([]string{m.Name.In(lang)}, path...)
	}
	return strings.Join(path, catalogue.PathSeparator)
}

// foldFrom is the number of consecutive events from which they are folded.
const foldFrom = 3

// thread merges messages and events into one list by time.
func (v *ticketPage) thread(t *ticket.View, n *ticketNames) []threadItem {
	var events []eventView
	for _, e := range t.History {
		if line, ok := v.event(e, t, n); ok {
			events = append(events, line)
		}
	}
	var messages []*messageView
	var at []spot
	for _, m := range t.Messages {
		messages = append(messages, v.messageOf(m, t, n))
		at = append(at, spot{at: m.At})
	}
	return v.weave(messages, at, events, gaps(&v.Page, t, v.Act, true))
}

// weave makes lines of messages, events and gaps in the order in which they happened. Many events in a row are folded.
func (v *ticketPage) weave(messages []*messageView, at []spot, events []eventView, gaps []*gap) []threadItem {
	when := make([]spot, len(events))
	for i, e := range events {
		when[i] = spot{at: e.at, first: e.act == act.Take}
	}
	var out []threadItem
	for part := range weave(at, when, gaps) {
		run := events[part.events:part.upTo]
		switch {
		case part.message >= 0:
			out = append(out, threadItem{Message: messages[part.message]})
		case part.gap != nil:
			out = append(out, threadItem{Gap: part.gap})
		case len(run) >= foldFrom:
			key, from, to := "ticket.folded", run[0].At.Words, run[len(run)-1].At.Words
			if from == to {
				key = "ticket.folded-once"
			}
			out = append(out, threadItem{Folded: run, Words: v.T(key, "n", len(run), "from", from, "to", to)})
		default:
			for i := range run {
				out = append(out, threadItem{Event: &run[i]})
			}
		}
	}
	return out
}

// since lists what came after the mark that the page carried: what the writer of the posted form has not seen.
func (v *ticketPage) since(t *ticket.View, n *ticketNames, seen string) []threadItem {
	first, second, _ := strings.Cut(seen, "-")
	change, err := strconv.ParseUint(first, 10, 64)
	message, err2 := strconv.ParseUint(second, 10, 64)
	if err != nil || err2 != nil {
		return nil
	}
	var events []eventView
	for _, e := range t.History {
		if line, ok := v.event(e, t, n); ok && e.Seq > change {
			events = append(events, line)
		}
	}
	var messages []*messageView
	var at []spot
	for _, m := range t.Messages {
		if m.ID > message {
			view := v.messageOf(m, t, n)
			view.MayMove, view.Anchor = false, "new-"+view.Anchor
			for i := range view.Files {
				view.Files[i].Zoom = "new-" + view.Files[i].Zoom
			}
			messages = append(messages, view)
			at = append(at, spot{at: m.At})
		}
	}
	return v.weave(messages, at, events, nil)
}

func (v *ticketPage) messageOf(m *store.Message, t *ticket.View, n *ticketNames) *messageView {
	who := n.view(m.Author)
	id := strconv.FormatUint(m.ID, 10)
	view := &messageView{On: v, Anchor: "m" + id, ID: m.ID, Who: who.Name, Role: who.Place, Initials: who.Initials, At: v.Moment(m.At), Note: m.Internal, Desk: m.Agent && !m.Internal,
		Body: message.HTML(m, v.T("ticket.quoted"), message.Pictures(t.Files, m))}
	switch {
	case m.Agent && m.Author == 0 && m.Mail == 0: // the desk itself
		view.Who = n.group(t.Ticket.Group, v.Lang)
		view.Initials = show.Initials(view.Who)
	case m.Agent:
		view.Role = n.groupOf(n.people[m.Author], t.Ticket.Group, v.Lang)
	}
	for _, f := range t.Files[m.ID] {
		view.Files = append(view.Files, show.FileCardOf(&v.Page, f))
	}
	if view.Mail = byMailOf(&v.Page, m, t, v.mails); view.Mail != nil {
		if fromServer(m) {
			view.Who = v.T("by-mail.server")
			view.Role, view.Initials = "", "@"
		}
		view.Folded = view.Mail.Folded != ""
		view.Confirm = m.Unconfirmed && m.Author == v.Person
		view.Publish = m.AnswersNote && t.May[policy.Write]
		view.Dismissed = m.BesideWhy
		if row := v.mails[m.Mail]; row != nil && m.Beside == store.BesideWaiting {
			view.Subject = row.Subject
		}
	}
	view.MayMove = v.MayArrange && !(m.Opening && m.Origin == 0)
	view.MaySplit = view.MayMove && !m.Internal && !m.Opening
	view.MoveField, view.ReasonField = "move_to-"+id, "reason-"+id
	view.ReasonError = v.Err(view.ReasonField)
	view.MoveTo, view.MoveError, view.Moving = v.Value(view.MoveField), v.Err(view.MoveField), v.OpenPart == "message-"+id
	if m.Origin != 0 {
		view.Origin = v.T("ticket.moved-from", "number", m.Origin)
		if view.MayMove && m.Ticket == t.Ticket.ID {
			view.OriginTo = strconv.FormatUint(m.Origin, 10)
		}
	}
	return view
}

// event describes one line of the history: who did what, and the values before and after. It returns false for the
// opening, which the first message shows, unless somebody else opened the ticket.
func (v *ticketPage) event(e ticket.Event, t *ticket.View, n *ticketNames) (eventView, bool) {
	if e.Cut {
		return eventView{Text: v.T("thread.cut"), At: v.Moment(e.At), Icon: "edit", seq: e.Seq, at: e.At}, true
	}
	line := eventView{Why: e.Why, At: v.Moment(e.At), Icon: e.Act.Icon(), act: e.Act, seq: e.Seq, at: e.At}
	if e.Act == act.Open {
		if t.Ticket.OpenedBy == 0 {
			return line, false
		}
		key := e.Act.History()
		if t.Ticket.Contact != store.ApproachNone {
			key += "-" + t.Ticket.Contact.String()
		}
		line.Text = v.T(key, "who", n.person(t.Ticket.OpenedBy), "requester", n.person(t.Ticket.Requester))
		return line, true
	}
	who := v.T("history.desk")
	if e.By != 0 {
		who = n.person(e.By)
	}
	key, args := e.Act.History(), []any{"who", who}
	changes := v.changes(e, t, n)
	switch e.Act {
	case act.Assign:
		if f := field(e, "assignee"); jsonID(f.New) == 0 {
			key = "history.unassign"
		} else {
			args = append(args, "person", n.person(jsonID(f.New)))
		}
	case act.Move:
		args = append(args, "group", n.group(jsonID(field(e, "group").New), v.Lang))
	case act.Participant, act.RemoveParticipant:
		f := field(e, "participants")
		before, after := jsonIDs(f.Old), jsonIDs(f.New)
		if e.Act == act.RemoveParticipant {
			before, after = after, before
		}
		var names []string
		for _, id := range after {
			if !slices.Contains(before, id) {
				names = append(names, n.person(id))
			}
		}
		args = append(args, "person", listWords(v.T("ticket.and"), names))
	case act.Requester:
		f := field(e, "requester")
		args = append(args, "old", n.person(jsonID(f.Old)), "person", n.person(jsonID(f.New)))
	case act.Wish, act.RefuseWish:
		f := field(e, "wishes")
		before, after := jsonTexts(f.Old), jsonTexts(f.New)
		if e.Act == act.RefuseWish {
			before, after = after, before
		}
		after = slices.DeleteFunc(after, func(s string) bool { return slices.Contains(before, s) })
		args = append(args, "address", strings.Join(after, ", "))
	}
	line.Text = v.T(key, args...)
	if len(changes) > 0 {
		line.Text += ": " + strings.Join(changes, "; ")
	}
	return line, true
}

func field(e ticket.Event, name string) db.Field {
	for _, f := range e.Fields {
		if f.Name == name {
			return f
		}
	}
	return db.Field{}
}

// changes describes what an event changed, for the acts that need it: "Gravità da Media a Alta".
func (v *ticketPage) changes(e ticket.Event, t *ticket.View, n *ticketNames) []string {
	var out []string
	from := func(name, old, is string) {
		switch {
		case old == "" && is == "":
		case old == "":
			out = append(out, v.T("history.set", "name", v.T(name), "new", is))
		case is == "":
			out = append(out, v.T("history.unset", "name", v.T(name), "old", old))
		default:
			out = append(out, v.T("history.from", "name", v.T(name), "old", old, "new", is))
		}
	}
	word := func(prefix string, raw json.RawMessage) string {
		if s := jsonText(raw); s != "" {
			return v.T(prefix + s)
		}
		return ""
	}
	of := func(acts ...act.Act) bool { return slices.Contains(acts, e.Act) }
	for _, f := range e.Fields {
		switch {
		case f.Name == "outcome" && of(act.Resolve):
			if words := word("outcome.", f.New); words != "" {
				out = append(out, words)
			}
		case f.Name == "version" && of(act.Plan, act.Resolve):
			from("ticket.version", "", jsonText(f.New))
		case f.Name == "planned_for" && of(act.Plan):
			if at := jsonTime(f.New); !at.IsZero() {
				from("ticket.planned-for", "", v.Date(at))
			}
		case f.Name == "severity" && of(act.Priority, act.Correct):
			from("ticket.severity", word("severity.", f.Old), word("severity.", f.New))
		case f.Name == "urgency" && of(act.Priority, act.Correct):
			from("ticket.urgency", word("urgency.", f.Old), word("urgency.", f.New))
		case f.Name == "deadline" && of(act.Priority, act.Correct):
			from("ticket.deadline", v.When(jsonTime(f.Old)), v.When(jsonTime(f.New)))
		case f.Name == "subject" && of(act.Correct, act.Priority):
			from("ticket.subject", "«"+jsonText(f.Old)+"»", "«"+jsonText(f.New)+"»")
		case f.Name == "kind" && of(act.Correct, act.Priority):
			from("ticket.kind", word("kind.", f.Old), word("kind.", f.New))
		case f.Name == "module" && of(act.Correct, act.Priority):
			from("ticket.module", n.module(jsonID(f.Old), v.Lang), n.module(jsonID(f.New), v.Lang))
		case f.Name == "affected" && of(act.Correct):
			from("ticket.affected", jsonText(f.Old), jsonText(f.New))
		case f.Name == "worked_in" && of(act.Correct):
			from("ticket.worked-in", jsonText(f.Old), jsonText(f.New))
		case f.Name == "regression" && of(act.Correct):
			out = append(out, v.T("ticket.regression"))
		case f.Name == "answers" && of(act.Correct):
			out = append(out, v.T("ticket.answers"))
		case f.Name == "state" && of(act.State):
			from("ticket.state", word("state.agent.", f.Old), word("state.agent.", f.New))
		case f.Name == "links" && of(act.Link, act.Unlink):
			before, after := jsonIDs(f.Old), jsonIDs(f.New)
			if e.Act == act.Unlink {
				before, after = after, before
			}
			for _, id := range after {
				// Not even the number of a ticket that the reader may not see is shown.
				if !slices.Contains(before, id) && slices.ContainsFunc(t.Links, func(l *store.Ticket) bool { return l.ID == id }) {
					out = append(out, "#"+strconv.FormatUint(id, 10))
				}
			}
		}
	}
	return out
}

// The values of a change are JSON, and absent where there was none; a value that cannot be read is shown as none.

func jsonID(raw json.RawMessage) uint64 {
	n, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func jsonIDs(raw json.RawMessage) []uint64 {
	var out []uint64
	if len(raw) > 0 && json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

func jsonText(raw json.RawMessage) string {
	var s string
	if len(raw) > 0 && json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func jsonTexts(raw json.RawMessage) []string {
	var out []string
	if len(raw) > 0 && json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

func jsonTime(raw json.RawMessage) time.Time {
	var t time.Time
	if len(raw) > 0 && json.Unmarshal(raw, &t) != nil {
		return time.Time{}
	}
	return t
}
