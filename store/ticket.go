package store

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
)

// Ticket is one matter. Its ID is its number, shown as #1234 and never given twice.
//
// What the requester's side may see has its own clock: PublicRev and PublicUpdated move only with acts that this side
// may know about. Rev and Updated move with every act, notes included, and are for agents.
type Ticket struct {
	db.Row
	Subject      string            `json:"subject"`
	Kind         TicketKind        `json:"kind"`
	Severity     Severity          `json:"severity"`
	Urgency      Urgency           `json:"urgency"`
	Priority     int               `json:"priority"` // 1 to 4, from severity and urgency by the matrix
	State        State             `json:"state"`
	Outcome      Outcome           `json:"outcome,omitzero"`
	Module       uint64            `json:"module,omitzero"`
	Group        uint64            `json:"group"`
	Assignee     uint64            `json:"assignee,omitzero"`
	Requester    uint64            `json:"requester"`
	Organisation uint64            `json:"organisation,omitzero"` // of the requester when the ticket was opened
	Unit         uint64            `json:"unit,omitzero"`
	Participants []uint64          `json:"participants,omitempty"`
	AddedBy      map[uint64]uint64 `json:"added_by,omitempty"` // participant -> who added them
	Anonymous    bool              `json:"anonymous,omitzero"` // its people were taken out of it, as the retention says
	Wishes       []string          `json:"wishes,omitempty"`   // addresses the requester asked to add; an agent grants them
	Language     string            `json:"language,omitzero"`  // it or en
	Via          door.Door         `json:"via,omitzero"`       // the door it came through
	Access       uint64            `json:"access,omitzero"`    // the request for credentials that it stands for in the queue
	OpenedBy     uint64            `json:"opened_by,omitzero"` // who opened it in the requester's name
	Contact      Approach          `json:"contact,omitzero"`   // how the requester reached them
	Narrowed     bool              `json:"narrowed,omitzero"`  // its requester keeps it from coordinators and colleagues
	Unclaimed    bool              `json:"unclaimed,omitzero"` // a mail named the requester, who has yet to say that it is theirs: until then they see nothing of it

	Opened   time.Time `json:"opened"`            // when it was opened; imported tickets keep their date
	Deadline time.Time `json:"deadline,omitzero"` // the date the requester gave with the urgency
	Due      time.Time `json:"due"`               // when it is due, with the time it stood added
	Stands   time.Time `json:"stands,omitzero"`   // since when the clock stands (waiting, planned)
	Stood    int64     `json:"stood,omitzero"`    // seconds of working time for which it stood before that
	Taken    time.Time `json:"taken,omitzero"`    // first taken in charge
	Answered time.Time `json:"answered,omitzero"` // first public message of an agent
	Resolved time.Time `json:"resolved,omitzero"`
	Closed   time.Time `json:"closed,omitzero"`
	Wake     time.Time `json:"wake,omitzero"` // when something happens automatically: notice, closing, end of spam
	Warned   bool      `json:"warned,omitzero"`

	Version     string    `json:"version,omitzero"`     // the version that has or will have the correction
	PlannedFor  time.Time `json:"planned_for,omitzero"` // or its date
	Affected    string    `json:"affected,omitzero"`    // the version in which it happens
	Regression  bool      `json:"regression,omitzero"`
	WorkedIn    string    `json:"worked_in,omitzero"` // the version in which it last worked
	DuplicateOf uint64    `json:"duplicate_of,omitzero"`
	Links       []uint64  `json:"links,omitempty"` // tickets that belong to it: followed, following, duplicates

	Answers  map[string]string `json:"answers,omitempty"` // question code -> answer
	External string            `json:"external,omitzero"` // the number in the system it was imported from

	SpamSince time.Time `json:"spam,omitzero"`

	Messages      int       `json:"messages"` // public ones
	Notes         int       `json:"notes,omitzero"`
	Beside        int       `json:"beside,omitzero"`     // messages beside it that wait for an agent
	MayBelong     uint64    `json:"may_belong,omitzero"` // the ticket to which its mail pointed without its sender belonging there; for agents
	Files         int       `json:"files,omitzero"`      // public ones
	LastBy        uint64    `json:"last_by,omitzero"`    // author of the newest public message
	LastAgent     bool      `json:"last_agent,omitzero"` // whether it was on the agents' side
	PublicRev     uint64    `json:"public_rev"`
	PublicUpdated time.Time `json:"public_updated"`
}

// IsSpam reports whether the ticket was marked as spam: gone from every list and from search.
func (t *Ticket) IsSpam() bool { return !t.SpamSince.IsZero() }

// OnSide reports whether the person is the requester, and has claimed the ticket, or a participant.
func (t *Ticket) OnSide(person uint64) bool {
	return person != 0 && (t.Requester == person && !t.Unclaimed || slices.Contains(t.Participants, person))
}

// Hat returns the organisation and unit under which the ticket was opened.
func (t *Ticket) Hat() Hat { return Hat{t.Organisation, t.Unit} }

// Wear sets the organisation and unit under which the ticket was opened.
func (t *Ticket) Wear(h Hat) { t.Organisation, t.Unit = h.Organisation, h.Unit }

// Standing reports whether the ticket's clock is stopped: it is not due until the ticket moves again, so that queues
// list it after the running ones.
func (t *Ticket) Standing() bool { return t.State == StateWaiting || t.State == StatePlanned }

// Ranks is how many priorities there are.
const Ranks = 4

// Rank is the priority as the queues' indexes have it: 1 to Ranks, the last for a ticket without one.
func (t *Ticket) Rank() uint8 {
	if t.Priority < 1 || t.Priority > Ranks {
		return Ranks
	}
	return uint8(t.Priority)
}

// Overdue reports whether the ticket is still open and past its due time.
func (t *Ticket) Overdue(now time.Time) bool {
	return (t.State == StateNew || t.State == StateOpen) && !t.Due.IsZero() && t.Due.Before(now)
}

// The ways into the tickets. A ticket marked as spam is only in TicketsBySpam, TicketsByWake and TicketsByExternal.
var (
	// group, state, rank, then due and id: the queue of a group.
	TicketsByGroup = Tickets.Index("group", shown(func(t *Ticket) [][]byte { return key.One(t.Group, t.State, t.Rank(), t.Due) }))
	// assignee, state, rank, then due and id: own tickets of an agent. Unassigned ones stand under 0.
	TicketsByAssignee = Tickets.Index("assignee", shown(func(t *Ticket) [][]byte { return key.One(t.Assignee, t.State, t.Rank(), t.Due) }))
	// group, state, rank, then due and id, only what nobody has: what is to be taken.
	TicketsUnassigned = Tickets.Index("unassigned", shown(func(t *Ticket) [][]byte {
		if t.Assignee != 0 {
			return nil
		}
		return key.One(t.Group, t.State, t.Rank(), t.Due)
	}))
	// state, rank, then due and id: everything.
	TicketsByState = Tickets.Index("state", shown(func(t *Ticket) [][]byte { return key.One(t.State, t.Rank(), t.Due) }))
	// person on the requester's side, then public update and id.
	TicketsBySide = Tickets.Index("side", shown(func(t *Ticket) [][]byte {
		var out [][]byte
		if !t.Unclaimed {
			out = key.One(t.Requester, t.PublicUpdated)
		}
		for _, p := range t.Participants {
			out = append(out, key.Of(p, t.PublicUpdated))
		}
		return out
	}))
	// organisation, unit, then public update and id; under unit 0 all of the organisation.
	TicketsByHat = Tickets.Index("hat", shown(func(t *Ticket) [][]byte {
		if t.Organisation == 0 {
			return nil
		}
		out := key.One(t.Organisation, uint64(0), t.PublicUpdated)
		if t.Unit != 0 {
			out = append(out, key.Of(t.Organisation, t.Unit, t.PublicUpdated))
		}
		return out
	}))
	// module, then update and id.
	TicketsByModule = Tickets.Index("module", shown(func(t *Ticket) [][]byte { return key.One(t.Module, t.Updated) }))
	// update, then id.
	TicketsByUpdate = Tickets.Index("update", shown(func(t *Ticket) [][]byte { return key.One(t.Updated) }))
	// the number in another system.
	TicketsByExternal = Tickets.UniqueIndex("external", func(t *Ticket) [][]byte {
		if t.External == "" {
			return nil
		}
		return key.One(t.External)
	})
	// group, then due and id: beside which words wait.
	TicketsBeside = Tickets.Index("beside", shown(func(t *Ticket) [][]byte {
		if t.Beside == 0 {
			return nil
		}
		return key.One(t.Group, t.Due)
	}))
	// when something happens automatically, then id.
	TicketsByWake = Tickets.Index("wake", func(t *Ticket) [][]byte {
		if t.Wake.IsZero() {
			return nil
		}
		return key.One(t.Wake)
	})
	// marked as spam, then since when.
	TicketsBySpam = Tickets.Index("spam", func(t *Ticket) [][]byte {
		if !t.IsSpam() {
			return nil
		}
		return key.One(t.Group, t.SpamSince)
	})
)

func shown(keys func(*Ticket) [][]byte) func(*Ticket) [][]byte {
	return func(t *Ticket) [][]byte {
		if t.IsSpam() {
			return nil
		}
		return keys(t)
	}
}

// What the counters of tickets are keyed by; the parts that follow are named beside each.
const (
	CountGroup      = "group"      // group, state
	CountAssignee   = "assignee"   // assignee, state
	CountUnassigned = "unassigned" // group, state
	CountSide       = "side"       // person, state
	CountState      = "state"      // state
	CountModule     = "module"     // module, state
	CountBeside     = "beside"     // group
)

// Message is what a person wrote in a ticket. An internal one is a note.
type Message struct {
	db.Row
	Ticket   uint64    `json:"ticket"`
	Author   uint64    `json:"author"`
	At       time.Time `json:"at"`
	Body     string    `json:"body"`            // as typed; of HTML the text taken from it
	Format   Format    `json:"format,omitzero"` // how Body and Rest are to be read; rows of before have none and are Markdown
	HTML     string    `json:"html,omitzero"`   // of HTML, what is shown: tidied, its inline pictures under their Content-IDs
	Internal bool      `json:"internal,omitzero"`
	Agent    bool      `json:"agent,omitzero"` // written on the agents' side
	Opening  bool      `json:"opening,omitzero"`
	Via      door.Door `json:"via,omitzero"`
	Mentions []uint64  `json:"mentions,omitempty"`
	Errand   uint64    `json:"errand,omitzero"`   // the message to all cases of a known problem that it is, until that was taken back
	Origin   uint64    `json:"origin,omitzero"`   // the ticket it was moved from; undoing leads back there
	Brought  []uint64  `json:"brought,omitempty"` // the tickets that merging brought it from, in order: it stays with the requester's side of the first

	// What follows is said of messages that came by mail.
	Mail        uint64   `json:"mail,omitzero"`         // the mail it was
	Rest        string   `json:"rest,omitzero"`         // what the mail quoted, and its signature: shown folded
	RestHTML    string   `json:"rest_html,omitzero"`    // the same, where the mail was HTML
	Unproven    bool     `json:"unproven,omitzero"`     // nothing proves who the sender is
	Known       bool     `json:"known,omitzero"`        // unproven, but sent to the reply address of a letter from the address the letter went to
	Outside     bool     `json:"outside,omitzero"`      // its author did not belong to the ticket
	Automatic   string   `json:"automatic,omitzero"`    // what sort of machine wrote it; nobody is notified
	Unconfirmed bool     `json:"unconfirmed,omitzero"`  // a note: an agent's answer by mail that the agent has yet to confirm
	Copied      []uint64 `json:"copied,omitempty"`      // people to whom the sender sent it too
	AnswersNote bool     `json:"answers_note,omitzero"` // a note: it answers a letter about something internal; anyone who may write messages may publish it
	Beside      Beside   `json:"beside,omitzero"`       // words that belong to nobody of the ticket: for agents alone, as a note is
	BesideWhy   string   `json:"beside_why,omitzero"`   // why they were dismissed
	PEC         string   `json:"pec,omitzero"`          // certified mail: its kind, once its signature was verified
}

// Written is the format of the message: Markdown for a row of before formats.
func (m *Message) Written() Format { return cmp.Or(m.Format, Markdown) }

// NotVerified reports whether the message came by mail and nothing proves who sent it: neither a mail server of ours
// nor that it answers a letter from the address the letter was sent to. A mail server's message is in nobody's name.
func (m *Message) NotVerified() bool {
	return m.Unproven && !m.Known && m.Automatic != "bounce" && m.Automatic != "receipt"
}

// Beside marks a message that is kept beside its ticket: it came by mail from somebody who does not belong to the
// ticket. Such a message is Internal.
type Beside string

// What became of words beside a ticket.
const (
	BesideWaiting   Beside = "waiting"   // an agent has to decide
	BesideDismissed Beside = "dismissed" // kept, and no more
)

// MessagesByTicket leads to the messages of a ticket by time.
var MessagesByTicket = Messages.Index("ticket", func(m *Message) [][]byte { return key.One(m.Ticket, m.At) })

// MessagesByErrand leads from a message to all cases of a known problem to what it is in each ticket.
var MessagesByErrand = Messages.Index("errand", func(m *Message) [][]byte {
	if m.Errand == 0 {
		return nil
	}
	return key.One(m.Errand)
})

// MessagesByOrigin leads to the messages that were moved away from a ticket.
var MessagesByOrigin = Messages.Index("origin", func(m *Message) [][]byte {
	if m.Origin == 0 {
		return nil
	}
	return key.One(m.Origin)
})

// MessagesByBrought leads from a ticket to the messages that merging took away from it, wherever they are now.
var MessagesByBrought = Messages.Index("brought", func(m *Message) [][]byte {
	var out [][]byte
	for _, t := range m.Brought {
		out = append(out, key.Of(t))
	}
	return out
})

// Side is the ticket whose requester's side reads the message, if it is no note: the one it is in or, for ever, the one
// from which merging first brought it. That ticket may be gone.
func (m *Message) Side() uint64 {
	if len(m.Brought) > 0 {
		return m.Brought[0]
	}
	return m.Ticket
}

// Merged reports whether the message belongs to the people of another ticket than the one it is in, found to be a
// duplicate of this one.
func (m *Message) Merged() bool { return m.Side() != m.Ticket }

// File is the name under which stored bytes belong to a message of a ticket, to an article, a release, a step of a plan or,
// while a form is being filled, to the person who sent them. Its ID is the only address it has.
type File struct {
	db.Row
	Ticket    uint64   `json:"ticket,omitzero"`
	Message   uint64   `json:"message,omitzero"`
	Article   uint64   `json:"article,omitzero"`
	Versions  []uint64 `json:"versions,omitempty"` // those of the article that show it; the first is the one it was sent with
	Release   uint64   `json:"release,omitzero"`
	Instead   uint64   `json:"instead,omitzero"` // of a release: the file that it takes the place of
	Plan      uint64   `json:"plan,omitzero"`
	Step      string   `json:"step,omitzero"`  // of the plan: the code of the step that it belongs to
	Asked     string   `json:"asked,omitzero"` // of the step: the code of what it is, of what the step asks for
	Person    uint64   `json:"person"`         // who sent it
	Name      string   `json:"name"`
	Type      string   `json:"type"`            // media type by content
	Size      int64    `json:"size"`            // bytes
	Sum       string   `json:"sum"`             // SHA-256, hexadecimal
	ContentID string   `json:"cid,omitzero"`    // by which the text of a mail shows it
	Inline    bool     `json:"inline,omitzero"` // a picture shown in the text of a mail
}

// Pending reports whether the file belongs to nothing yet but the person who sent it.
func (f *File) Pending() bool {
	return f.Ticket == 0 && f.Article == 0 && f.Release == 0 && f.Plan == 0
}

// The ways into the files.
var (
	FilesByTicket = Files.Index("ticket", func(f *File) [][]byte {
		if f.Ticket == 0 {
			return nil
		}
		return key.One(f.Ticket)
	})
	FilesByMessage = Files.Index("message", func(f *File) [][]byte {
		if f.Message == 0 {
			return nil
		}
		return key.One(f.Message)
	})
	FilesByArticle = Files.Index("article", func(f *File) [][]byte {
		if f.Article == 0 {
			return nil
		}
		return key.One(f.Article)
	})
	FilesByRelease = Files.Index("release", func(f *File) [][]byte {
		if f.Release == 0 {
			return nil
		}
		return key.One(f.Release)
	})
	// plan, step.
	FilesByPlan = Files.Index("plan", func(f *File) [][]byte {
		if f.Plan == 0 {
			return nil
		}
		return key.One(f.Plan, f.Step)
	})
	FilesBySum = Files.Index("sum", func(f *File) [][]byte { return key.One(f.Sum) })
	// by the versions of articles that show it.
	FilesByVersion = Files.Index("version", func(f *File) [][]byte {
		var out [][]byte
		for _, v := range f.Versions {
			out = append(out, key.Of(v))
		}
		return out
	})
	// what was sent and belongs to nothing yet, oldest first.
	FilesPending = Files.Index("pending", func(f *File) [][]byte {
		if !f.Pending() {
			return nil
		}
		return key.One(f.Created)
	})
)

// SideMessages returns the public messages that the requester's side of the ticket may read, by time: those of the
// ticket itself without what a duplicate brought in (its people are others), and those that merging took away.
func SideMessages(tx *db.Tx, t *Ticket) ([]*Message, error) {
	out, err := OwnMessages(tx, t)
	return slices.DeleteFunc(out, func(m *Message) bool { return m.Internal }), err
}

// OwnMessages returns the messages and notes that were written to the ticket or moved to it, wherever merging took them,
// by time.
func OwnMessages(tx *db.Tx, t *Ticket) ([]*Message, error) {
	here, err := MessagesByTicket.Find(tx, t.ID)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(here, func(m *Message) bool { return m.Merged() })
	away, err := MessagesByBrought.Find(tx, t.ID)
	if err != nil || len(away) == 0 {
		return out, err
	}
	for _, m := range away {
		if m.Side() == t.ID && m.Merged() {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b *Message) int { return a.At.Compare(b.At) })
	return out, nil
}

// SideMessagesAway returns those of SideMessages that merging took away, by time.
func SideMessagesAway(tx *db.Tx, t *Ticket) ([]*Message, error) {
	away, err := MessagesByBrought.Find(tx, t.ID)
	if err != nil {
		return nil, err
	}
	away = slices.DeleteFunc(away, func(m *Message) bool { return m.Internal || m.Ticket == t.ID || m.Side() != t.ID })
	slices.SortStableFunc(away, func(a, b *Message) int { return a.At.Compare(b.At) })
	return away, nil
}

// SideFiles yields the files of SideMessages: those in the ticket by number, then those that merging took away.
func SideFiles(tx *db.Tx, t *Ticket) iter.Seq2[*File, error] {
	side := map[uint64]bool{}
	reads := func(message uint64) (bool, error) {
		if may, known := side[message]; known || message == 0 {
			return may, nil
		}
		m, err := Messages.Get(tx, message)
		if err == nil {
			side[message] = !m.Internal && !m.Merged()
		}
		return side[message], err
	}
	return func(yield func(*File, error) bool) {
		for f, err := range FilesByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
			may := false
			if err == nil {
				may, err = reads(f.Message)
			}
			if err == nil && !may {
				continue
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
		away, err := SideMessagesAway(tx, t)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, m := range away {
			for f, err := range FilesByMessage.Rows(tx, db.Span{Prefix: key.Of(m.ID)}) {
				if !yield(f, err) || err != nil {
					return
				}
			}
		}
	}
}

// PublicChange reports whether the change moved the clock that the requester's side of a ticket sees.
func PublicChange(c *db.Change) bool {
	if c.Table != Tickets.Name() {
		return false
	}
	_, moved := c.Field("public_rev")
	return moved || c.Op == db.Insert
}
