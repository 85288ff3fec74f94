package ticket

import (
	"encoding/json"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup/quote"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/key"
)

// View is everything one actor may see of a ticket. Its rows are shared and must not be changed (db.Table.Peek).
type View struct {
	Ticket    *store.Ticket
	Messages  []*store.Message // by time; including notes if the actor may see them
	Folds     []Fold           // where messages are left out, in their order
	LeftOff   uint64           // the oldest of Messages that the actor has not read, when the thread has folds
	Beside    []*store.Message // messages kept beside the ticket that wait, if the actor may see notes
	Unsent    []*store.Letter  // letters about it that were not sent, the newest first, for agents
	Files     map[uint64][]*store.File
	Attached  []*store.File // on the requester's side: the files of all messages, the folded ones too; at most MostAttached
	History   []Event
	People    map[uint64]*store.Person // everyone named in the ticket, its messages and its history
	Group     *store.Group
	Module    *store.Module // nil without one
	Path      []*store.Module
	Questions []store.Question // questions of the module that have an answer or could get one
	Links     []*store.Ticket  // linked tickets that the actor may see
	Inner     *quote.Inner     // the author of the forwarded opening mail, as its text says, if the actor may make them the requester
	MayBelong *store.Ticket    // the ticket it may belong to, for agents who may see that one
	Duplicate *store.Ticket    // the ticket this one is a duplicate of, when the actor may see it
	May       map[policy.Act]bool
	Agents    bool         // the actor is on the agents' side of this ticket
	ForGroup  bool         // the actor's public messages are in the group's name
	Side      bool         // the actor is requester, participant or coordinator
	Secret    bool         // the group or module is confidential
	Share     policy.Share // with whom tickets are shared that are opened where it was; zero without an organisation
	MayRemove map[uint64]bool
	MayGrant  map[string]bool // wishes that the actor may grant
	Reachable []store.State   // states to which the actor's side can move it
	Settings  *store.Settings
	Closes    time.Time // when a resolved ticket is closed automatically; until when a closed one can be reopened
	InGrace   bool
}

// MostAttached is how many files View.Attached has at most.
const MostAttached = 500

// Event is one line of a ticket's history.
type Event struct {
	Seq      uint64
	At       time.Time
	By       uint64
	Act      act.Act
	Why      string
	Internal bool
	Fields   []db.Field
	Message  uint64 // the message it is about, if any
	Cut      bool   // it stands for those before it, which are too many to be read; Seq and At alone are set
}

// Read returns what the actor may see of the ticket, or a NotFound error when that is nothing. Of a long thread it reads
// the first message, the newest, and those from where the actor left off.
func (ts *Tickets) Read(a policy.Actor, number uint64) (*View, error) {
	return ts.ReadPiece(a, number, Piece{})
}

// ReadPiece is Read with the piece of a long thread that is asked for.
func (ts *Tickets) ReadPiece(a policy.Actor, number uint64, p Piece) (*View, error) {
	return ts.view(a, number, func(tx *db.Tx, v *View, h *thread) ([]run, error) {
		left, err := h.leftOff(a)
		if err != nil {
			return nil, err
		}
		if p == (Piece{}) {
			p.Message = left
		}
		runs, err := h.runs(p)
		if err != nil {
			return nil, err
		}
		v.fold(runs)
		if len(v.Folds) > 0 && slices.ContainsFunc(v.Messages, func(m *store.Message) bool { return m.ID == left }) {
			v.LeftOff = left
		}
		if len(v.Folds) == 1 {
			v.Folds[0].Count = h.left(len(v.Messages))
		}
		return runs, nil
	})
}

// ReadBetween is Read with what lies between the messages p.After and p.Before alone, or a piece of it: what follows the
// first or, going back, what comes before the second. NotFound unless the actor may read both in the ticket.
func (ts *Tickets) ReadBetween(a policy.Actor, number uint64, p Piece, back bool) (*View, error) {
	return ts.view(a, number, func(tx *db.Tx, v *View, h *thread) ([]run, error) {
		r, left, err := h.between(p, back)
		if err != nil || len(r.list) == 0 {
			return nil, err
		}
		if v.Messages = r.list; left != nil {
			v.Folds = []Fold{*left}
		}
		return []run{r}, nil
	})
}

// ReadAll is Read with all messages, however many there are: for programs.
func (ts *Tickets) ReadAll(a policy.Actor, number uint64) (*View, error) {
	return ts.view(a, number, func(tx *db.Tx, v *View, h *thread) ([]run, error) {
		for m, err := range h.walk(spot{}, false) {
			if err != nil {
				return nil, err
			}
			v.Messages = append(v.Messages, m)
		}
		return []run{{list: v.Messages}}, nil
	})
}

// view reads the ticket and, of its thread, the runs that read chooses.
func (ts *Tickets) view(a policy.Actor, number uint64, read func(*db.Tx, *View, *thread) ([]run, error)) (*View, error) {
	var v *View
	err := ts.st.View(func(tx *db.Tx) error {
		v = &View{Files: map[uint64][]*store.File{}, People: map[uint64]*store.Person{}, May: map[policy.Act]bool{}, MayRemove: map[uint64]bool{}}
		t, err := store.Tickets.Peek(tx, number)
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
		v.Agents, v.Secret = v.May[policy.SeeNotes], s.Confidential()
		if t.Organisation != 0 {
			v.Share = policy.ShareOf(tx, t.Hat())
		}
		h, err := openThread(tx, t, s)
		if err != nil {
			return err
		}
		runs, err := read(tx, v, h)
		if err != nil {
			return err
		}
		if v.Beside, err = h.beside(); err != nil {
			return err
		}
		if err := ts.history(tx, v, runs); err != nil {
			return err
		}
		return ts.fillView(tx, a, v, s)
	})
	if err != nil {
		return nil, err
	}
	if v.Secret && !v.Side && ts.readBy != nil {
		ts.readBy(a, number)
	}
	return v, nil
}

// fold puts the messages of the runs one after the other, and a fold between two runs.
func (v *View) fold(runs []run) {
	for _, r := range runs {
		if n := len(v.Messages); n > 0 && len(r.list) > 0 {
			v.Folds = append(v.Folds, Fold{At: n, After: v.Messages[n-1].ID, Before: r.list[0].ID})
		}
		v.Messages = append(v.Messages, r.list...)
	}
}

func (ts *Tickets) fillView(tx *db.Tx, a policy.Actor, v *View, s policy.Standing) error {
	t := v.Ticket
	var err error
	for _, m := range slices.Concat(v.Messages, v.Beside) {
		if t.Files == 0 && t.Notes == 0 && m.Origin == 0 && !m.Merged() {
			continue // no file can be there: saves a lookup per message
		}
		files, err := store.FilesByMessage.Peek(tx, m.ID)
		if err != nil {
			return err
		}
		if len(files) > 0 {
			v.Files[m.ID] = files
		}
	}
	if v.Side || !v.Agents {
		for f, err := range store.SideFiles(tx, t) {
			if err != nil {
				return err
			}
			if v.Attached = append(v.Attached, f); len(v.Attached) == MostAttached {
				break
			}
		}
	}
	for _, m := range v.Beside {
		v.know(tx, m.Author)
	}
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
				if e.Act == act.Requester && f.Name == "requester" && len(raw) > 0 && json.Unmarshal(raw, &person) == nil {
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

func (v *View) know(tx *db.Tx, ids ...uint64) {
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
func unsent(tx *db.Tx, ticket uint64) ([]*store.Letter, error) {
	var out []*store.Letter
	looked := 0
	for l, err := range store.LettersByTicket.Rows(tx, db.Span{Prefix: key.Of(ticket), Desc: true}) {
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

// history reads the change log of the ticket into the lines the actor may see, those that belong to the runs. A change
// of the ticket's row is one line, named by its act; messages are lines only where no message is shown for them.
func (ts *Tickets) history(tx *db.Tx, v *View, runs []run) error {
	for _, r := range runs {
		var lines []Event
		looked := 0
		for c, err := range tx.TicketChangesBetween(v.Ticket.ID, r.from, r.until) {
			if err != nil {
				return err
			}
			line, ok := v.line(c)
			if looked++; looked > maxChanges && !v.Agents {
				break // what they may not read is not to be seen even by this
			}
			if looked > maxChanges || ok && len(lines) == maxEvents {
				lines = append(lines, Event{Seq: c.Seq, At: c.At, Cut: true})
				break
			}
			if ok {
				lines = append(lines, line)
			}
		}
		slices.Reverse(lines)
		v.History = append(v.History, lines...)
	}
	return nil
}

// line returns the line of history that the change is to the actor, if it is one.
func (v *View) line(c *db.Change) (Event, bool) {
	if c.Table != store.Tickets.Name() {
		return Event{}, false
	}
	known := c.Act.ForSide() && !c.Internal
	if v.May[policy.SeeHistory] && c.Act.ForAgents() && !c.Act.ForSide() {
		known = true
	}
	did := c.Act
	if !known {
		// A message that also changed the state is shown as that change.
		f, moved := c.Field("state")
		if !moved || c.Internal || len(f.New) == 0 {
			return Event{}, false
		}
		did = act.State
	}
	return Event{Seq: c.Seq, At: c.At, By: c.By, Act: did, Why: c.Why, Internal: c.Internal, Fields: c.Fields}, true
}

// Speaks returns the format of a message, or of a note, that the actor would write in the ticket now.
func (v *View) Speaks(note bool) store.Format {
	m := store.Message{Agent: note || v.ForGroup}
	entry.Phrase(&m)
	return m.Format
}
