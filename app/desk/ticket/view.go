package ticket

import (
	"encoding/json"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
)

// View is everything one actor may see of a ticket.
type View struct {
	Ticket    *store.Ticket
	Messages  []*store.Message // by time; including notes if the actor may see them
	Beside    []*store.Message // messages kept beside the ticket that wait, if the actor may see notes
	Unsent    []*store.Letter  // letters about it that were not sent, the newest first, for agents
	Files     map[uint64][]*store.File
	History   []Event
	People    map[uint64]*store.Person // everyone named in the ticket, its messages and its history
	Group     *store.Group
	Module    *store.Module // nil without one
	Path      []*store.Module
	Questions []store.Question // questions of the module that have an answer or could get one
	Links     []*store.Ticket  // linked tickets that the actor may see
	Inner     *markup.Inner    // the author of the forwarded opening mail, as its text says, if the actor may make them the requester
	MayBelong *store.Ticket    // the ticket it may belong to, for agents who may see that one
	Duplicate *store.Ticket    // the ticket this one is a duplicate of, when the actor may see it
	May       map[policy.Act]bool
	Agents    bool // the actor is on the agents' side of this ticket
	ForGroup  bool // the actor's public messages are in the group's name
	Side      bool // the actor is requester, participant or coordinator
	MayRemove map[uint64]bool
	MayGrant  map[string]bool // wishes that the actor may grant
	Reachable []store.State   // states to which the actor's side can move it
	Settings  *store.Settings
	Closes    time.Time // when a resolved ticket is closed automatically; until when a closed one can be reopened
	InGrace   bool
}

// Event is one line of a ticket's history.
type Event struct {
	Seq      uint64
	At       time.Time
	By       uint64
	Act      string
	Why      string
	Internal bool
	Fields   []store.Field
	Message  uint64 // the message it is about, if any
}

// Read returns what the actor may see of the ticket, or a NotFound error when that is nothing.
func (ts *Tickets) Read(a policy.Actor, number uint64) (*View, error) {
	v := &View{Files: map[uint64][]*store.File{}, People: map[uint64]*store.Person{}, May: map[policy.Act]bool{}, MayRemove: map[uint64]bool{}}
	err := ts.st.View(func(tx *store.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		if err := ts.rights.May(tx, a, policy.See, t); err != nil {
			return err
		}
		v.Ticket, v.Settings = t, store.CurrentSettings(tx)
		s := ts.rights.Stand(tx, a, t)
		for act := policy.See; act <= policy.LastAct; act++ {
			v.May[act] = s.Allows(act)
		}
		v.Side, v.ForGroup = s.Side(), s.SpeaksForGroup()
		v.Agents = v.May[policy.SeeNotes]
		return ts.fillView(tx, a, v, s)
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (ts *Tickets) fillView(tx *store.Tx, a policy.Actor, v *View, s policy.Standing) error {
	t := v.Ticket
	var err error
	if v.Messages, err = ts.rights.Messages(tx, t, s); err != nil {
		return err
	}
	for _, m := range v.Messages {
		if t.Files == 0 && t.Notes == 0 && m.Origin == 0 && !m.Merged() {
			break // no file can be there: saves a lookup per message
		}
		files, err := store.FilesByMessage.Find(tx, m.ID)
		if err != nil {
			return err
		}
		if len(files) > 0 {
			v.Files[m.ID] = files
		}
	}
	if err := ts.history(tx, v); err != nil {
		return err
	}
	v.Messages = slices.DeleteFunc(v.Messages, func(m *store.Message) bool {
		if m.Beside == store.BesideWaiting {
			v.Beside = append(v.Beside, m)
			v.know(tx, m.Author)
		}
		return m.Beside == store.BesideWaiting
	})
	if v.May[policy.Arrange] {
		if v.Inner, err = ts.inner(tx, t, v.Messages); err != nil {
			return err
		}
	}
	if v.Agents {
		if v.Unsent, err = unsent(tx, t.ID); err != nil {
			return err
		}
		for _, l := range v.Unsent {
			v.know(tx, l.Person)
		}
	}
	v.know(tx, t.Requester, t.Assignee, t.OpenedBy)
	v.know(tx, t.Participants...)
	for _, m := range v.Messages {
		v.know(tx, m.Author)
		v.know(tx, m.Mentions...)
	}
	for _, e := range v.History {
		v.know(tx, e.By)
		for _, f := range e.Fields {
			for _, raw := range []json.RawMessage{f.Old, f.New} {
				var person uint64
				if e.Act == "requester" && f.Name == "requester" && len(raw) > 0 && json.Unmarshal(raw, &person) == nil {
					v.know(tx, person)
				}
			}
		}
	}
	if v.Group, err = store.Groups.Peek(tx, t.Group); err != nil {
		return err
	}
	for id := t.Module; id != 0 && len(v.Path) < 10; {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return err
		}
		if v.Module == nil {
			v.Module = m
		}
		v.Path = append([]*store.Module{m}, v.Path...)
		id = m.Parent
	}
	if t.Module != 0 {
		v.Questions = policy.Questions(tx, t.Module)
	}
	for _, id := range t.Links {
		if o, err := store.Tickets.Glance(tx, id); err == nil && ts.rights.May(tx, a, policy.See, o) == nil {
			v.Links = append(v.Links, o)
			if id == t.DuplicateOf {
				v.Duplicate = o
			}
		}
	}
	if v.Agents && t.MayBelong != 0 {
		if o, err := store.Tickets.Glance(tx, t.MayBelong); err == nil && !o.IsSpam() && ts.rights.May(tx, a, policy.SeeNotes, o) == nil {
			v.MayBelong = o
		}
	}
	if len(t.Wishes) > 0 {
		w := &Change{ts: ts, tx: tx, a: a, t: t, stand: s}
		v.MayGrant = map[string]bool{}
		for _, wish := range t.Wishes {
			v.MayGrant[wish] = w.mayAnswerWish(wish) == nil
		}
	}
	for _, p := range t.Participants {
		v.MayRemove[p] = ts.rights.MayRemove(tx, a, t, p)
	}
	by := requesterSide
	if s.Is[policy.AsAgentHere] || s.Is[policy.AsSupervisorHere] {
		by = agentSide
	}
	v.Reachable = reachable(t, by)
	switch t.State {
	case store.StateResolved:
		v.Closes = t.Resolved.AddDate(0, 0, v.Settings.CloseAfter)
	case store.StateClosed:
		v.Closes = t.Closed.AddDate(0, 0, v.Settings.ReopenWithin)
		v.InGrace = tx.Now().Before(v.Closes)
	}
	return nil
}

func (v *View) know(tx *store.Tx, ids ...uint64) {
	for _, id := range ids {
		if id == 0 || v.People[id] != nil {
			continue
		}
		if p, err := store.People.Peek(tx, id); err == nil {
			v.People[id] = p
		}
	}
}

// How many unsent letters the page of a ticket shows, and how many of its letters are examined to find them.
const (
	maxUnsent       = 20
	maxUnsentLooked = 500
)

// unsent returns letters about the ticket that did not arrive and that somebody should know of: held, refused,
// returned, or tried without success so far.
func unsent(tx *store.Tx, ticket uint64) ([]*store.Letter, error) {
	var out []*store.Letter
	looked := 0
	for l, err := range store.LettersByTicket.Rows(tx, store.Span{Prefix: store.Key(ticket), Desc: true}) {
		if err != nil {
			return nil, err
		}
		if looked++; looked > maxUnsentLooked || len(out) == maxUnsent {
			break
		}
		switch {
		case l.State == store.LetterHeld, l.State == store.LetterFailed, l.State == store.LetterBounced, l.State == store.LetterQueued && l.Tries > 0:
			out = append(out, l)
		}
	}
	return out, nil
}

// publicActs are the steps of a ticket that the requester's side sees in the history.
var publicActs = []string{"open", "take", "move", "assign", "wait", "resume", "plan", "resolve", "confirm", "close", "reopen", "priority", "correct",
	"participant", "remove-participant", "import", "claim"}

// agentActs are the steps that only agents see.
var agentActs = []string{"link", "unlink", "merge", "unmerge", "move-message", "spam", "not-spam", "wish", "refuse-wish", "beside", "let-in", "own-ticket", "dismiss", "apart", "requester", "look-in", "remind"}

// history reads the ticket's change log into the lines the actor may see. A change of the ticket's row is one line,
// named by its act; a message is a line only if the message itself is not shown.
func (ts *Tickets) history(tx *store.Tx, v *View) error {
	changes, err := tx.TicketChanges(v.Ticket.ID)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if c.Table != store.Tickets.Name() {
			continue
		}
		known := slices.Contains(publicActs, c.Act) && !c.Internal
		if v.May[policy.SeeHistory] {
			known = known || slices.Contains(agentActs, c.Act)
		}
		act := c.Act
		if !known {
			// A message that also changed the state is shown as that change.
			f, moved := c.Field("state")
			if !moved || c.Internal || len(f.New) == 0 {
				continue
			}
			act = "state"
		}
		v.History = append(v.History, Event{Seq: c.Seq, At: c.At, By: c.By, Act: act, Why: c.Why, Internal: c.Internal, Fields: c.Fields})
	}
	return nil
}

// Speaks returns the format of a message, or of a note, that the actor would write in the ticket now.
func (v *View) Speaks(note bool) store.Format {
	m := store.Message{Agent: note || v.ForGroup}
	entry.Phrase(&m)
	return m.Format
}
