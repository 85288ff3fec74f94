package policy

import (
	"slices"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Act is something a person may or may not do to a ticket.
type Act uint8

// The acts on tickets. Each has its row in rights; see table.go.
const (
	See          Act = iota + 1 // the ticket, its public messages and files
	SeeNotes                    // notes and their files
	Write                       // a message
	WriteNote                   // a note
	AddPerson                   // a participant
	RemovePerson                // any participant; mayRemove decides about those one may always remove
	Arrange                     // link, merge, move a message, undo these, mark as spam
	SeeHistory                  // the whole history, and the requester's other tickets
	Correct                     // subject, module, kind, severity, urgency
	Take                        // take charge, assign, move to a group
	MoveHere                    // move it to one's own group
	Work                        // wait, plan, resolve with any outcome
	Settle                      // resolve as solved or withdrawn, on the requester's side
	Confirm                     // confirm the solution
	Reopen
	Narrow  // keep it from coordinators and colleagues, and open it to them again
	LastAct = Narrow
)

// relation is a person's relation to a ticket. A person may have several; their rights add up.
type relation uint8

const (
	AsRequester relation = iota
	AsParticipant
	AsCoordinator
	AsColleague      // somebody of the organisation or unit, with whom its tickets are shared
	AsAgentHere      // agent of the ticket's group
	AsAgentElsewhere // agent of another group
	AsSupervisorHere
	asEditor
	AsAdministrator
	relations
)

// cell is the entry of the table for an act and a relation.
type cell uint8

const (
	no       cell = iota
	yes           // always
	notTaken      // until an agent takes charge
	openOnly      // unless the group or module is confidential
	reasoned      // if confidential, only with a logged reason
)

// Standing is everything on which rights over a ticket depend.
type Standing struct {
	Is           [relations]bool
	bars         [relations]Bar // what keeps those from counting in which the person stands, and that are not in Is
	confidential bool
	taken        bool // an agent has taken charge of the ticket
	reason       bool // the person gave a reason, which was logged
}

// Allows reports whether one of the person's relations allows the act.
func (s Standing) Allows(act Act) bool {
	for r := range relations {
		if s.grants(r, act) {
			return true
		}
	}
	return false
}

// grants reports whether the person stands in the relation and it allows the act.
func (s Standing) grants(r relation, act Act) bool {
	row, ok := rights[act]
	if !ok || !s.Is[r] {
		return false
	}
	switch row[r] {
	case yes:
		return true
	case notTaken:
		return !s.taken
	case openOnly:
		return !s.confidential
	case reasoned:
		return !s.confidential || s.reason
	}
	return false
}

// Side reports whether the person is on the requester's side, which speaks for the ticket; colleagues only read it.
func (s Standing) Side() bool { return s.Is[AsRequester] || s.Is[AsParticipant] || s.Is[AsCoordinator] }

// Confidential reports whether the ticket's group or module is confidential.
func (s Standing) Confidential() bool { return s.confidential }

// SpeaksForGroup reports whether the person writes here in the group's name: agents of the ticket's group do, unless
// the ticket is their own.
func (s Standing) SpeaksForGroup() bool {
	return (s.Is[AsAgentHere] || s.Is[AsSupervisorHere]) && !s.Is[AsRequester] && !s.Is[AsParticipant]
}

// Stand returns the actor's relation to the ticket.
func (rs *Rights) Stand(tx *db.Tx, a Actor, t *store.Ticket) Standing {
	return rs.Standing(tx, a, t, Confidential(tx, t.Group, t.Module))
}

// Standing returns the actor's relation to a ticket; the caller says whether it is confidential.
func (rs *Rights) Standing(tx *db.Tx, a Actor, t *store.Ticket, secret bool) Standing {
	s, p := rs.unshared(tx, a, t, secret)
	if p != nil {
		s.shared(tx, p, t)
	}
	return s
}

// Shows reports whether the actor may see the ticket, as Standing does. Whether it is shared with them is asked only where
// nothing else lets them: lists ask for thousands of tickets.
func (rs *Rights) Shows(tx *db.Tx, a Actor, t *store.Ticket, secret bool) bool {
	s, p := rs.unshared(tx, a, t, secret)
	if s.Allows(See) || p == nil {
		return s.Allows(See)
	}
	s.shared(tx, p, t)
	return s.Allows(See)
}

// unshared is Standing without the relations in which a ticket is shared with the person, and the person who may have
// them, nil for nobody.
func (rs *Rights) unshared(tx *db.Tx, a Actor, t *store.Ticket, secret bool) (Standing, *store.Person) {
	s := Standing{confidential: secret}
	if !a.Reaches(tx, scope.Tickets, t.Module) {
		return s, nil
	}
	s.taken = !t.Taken.IsZero() || t.State != store.StateNew
	p := a.Person
	if a.System {
		s.Is[AsAgentHere], s.Is[AsSupervisorHere], s.Is[AsAdministrator], s.reason = true, true, true, true
	}
	if p == nil || p.Disabled {
		return s, nil
	}
	s.Is[AsRequester] = t.Requester == p.ID && !t.Unclaimed
	s.Is[AsParticipant] = slices.Contains(t.Participants, p.ID)
	if t.Requester == p.ID && t.Unclaimed {
		s.bars[AsRequester] = BarUnclaimed
	}
	s.Is[AsAgentHere] = p.InGroup(t.Group)
	s.Is[AsAgentElsewhere] = p.IsAgent() && !s.Is[AsAgentHere]
	s.Is[AsSupervisorHere] = p.Supervises(t.Group)
	s.Is[asEditor] = p.Editor
	s.Is[AsAdministrator] = p.Administrator
	if p.Administrator && s.confidential {
		s.reason = gaveReason(tx, p.ID, t.ID)
	}
	return s, p
}

// May returns nil when the actor may do the act to the ticket. It returns a NotFound error when they may not even see
// the ticket, and a Denied error otherwise. For a confidential ticket, an administrator's error says that a reason is
// needed.
func (rs *Rights) May(tx *db.Tx, a Actor, act Act, t *store.Ticket) error {
	s := rs.Stand(tx, a, t)
	if t.IsSpam() && !s.Allows(Arrange) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if !s.Allows(See) {
		if s.Is[AsAdministrator] && s.confidential {
			return fault.New(fault.Denied, "error.reason-needed")
		}
		return fault.New(fault.NotFound, "error.not-found")
	}
	if !s.Allows(act) {
		return fault.New(fault.Denied, "error.denied")
	}
	return nil
}

// Sees reports whether the actor may see the ticket with the number.
func (rs *Rights) Sees(tx *db.Tx, a Actor, number uint64) bool {
	t, err := store.Tickets.Glance(tx, number)
	return err == nil && rs.May(tx, a, See, t) == nil
}

// MayRemove reports whether the actor may remove the participant from the ticket: people who may remove anybody, the
// requester those they added, and everyone themselves.
func (rs *Rights) MayRemove(tx *db.Tx, a Actor, t *store.Ticket, person uint64) bool {
	s := rs.Stand(tx, a, t)
	return s.Allows(RemovePerson) || person == a.ID() || s.Is[AsRequester] && t.AddedBy[person] == a.ID()
}

// Confidential reports whether the group, the module or a level above the module is confidential.
func Confidential(tx *db.Tx, group, module uint64) bool {
	if g, err := store.Groups.Peek(tx, group); err == nil && g.Confidential {
		return true
	}
	for range 10 {
		if module == 0 {
			return false
		}
		m, err := store.Modules.Peek(tx, module)
		if err != nil {
			return false
		}
		if m.Confidential {
			return true
		}
		module = m.Parent
	}
	return false
}

// reasonHolds is how long an administrator who gave a reason may see a confidential ticket.
const reasonHolds = time.Hour

func gaveReason(tx *db.Tx, person, ticket uint64) bool {
	l, err := store.LooksByPerson.First(tx, person, ticket)
	return err == nil && tx.Now().Before(l.Until)
}

// GiveReason lets an administrator see a confidential ticket for an hour. The reason is required and is written into
// the ticket's history and into the log of the administration. Everybody else gets a NotFound error.
func (rs *Rights) GiveReason(a Actor, number uint64, reason string) error {
	if !a.IsAdministrator() {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if reason == "" {
		return fault.New(fault.Invalid, "error.required").At("reason")
	}
	return rs.st.Update(a.By(act.LookIn), func(tx *db.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		l, err := store.LooksByPerson.First(tx, a.ID(), number)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			l, err = &store.Look{Person: a.ID(), Ticket: number}, nil
		}
		if err != nil {
			return err
		}
		tx.Because(reason)
		tx.Internally(true)
		if err := store.Tickets.Put(tx, t); err != nil || a.Person == nil {
			return err
		}
		l.Until = tx.Now().Add(reasonHolds)
		return store.Looks.Put(tx, l)
	})
}

// GiveReasonForPlan lets an administrator see a confidential plan for an hour, and do what administrators do with plans. The
// reason is required and is written into the log of the administration and the audit log. Everybody else gets a NotFound
// error.
func (rs *Rights) GiveReasonForPlan(a Actor, number uint64, reason string) error {
	if !a.IsAdministrator() || a.Person == nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if reason == "" {
		return fault.New(fault.Invalid, "error.required").At("reason")
	}
	return rs.st.Update(a.By(act.LookIn), func(tx *db.Tx) error {
		if _, err := store.Plans.Glance(tx, number); err != nil {
			return err
		}
		l, err := store.LooksByPlan.First(tx, a.ID(), number)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			l, err = &store.Look{Person: a.ID(), Plan: number}, nil
		}
		if err != nil {
			return err
		}
		tx.Because(reason)
		l.Until = tx.Now().Add(reasonHolds)
		return store.Looks.Put(tx, l)
	})
}

// GiveReasonToExport writes into the log of the administration why the actor exports confidential tickets. Only
// administrators may call it.
func (rs *Rights) GiveReasonToExport(a Actor, reason string) error {
	if err := MayAdminister(a); err != nil {
		return err
	}
	return rs.st.Update(a.By(act.ExportConfidential), func(tx *db.Tx) error {
		l, err := store.LooksByPerson.First(tx, a.ID(), uint64(0))
		if fault.KindOf(err) == fault.NotFound && err != nil {
			l, err = &store.Look{Person: a.ID()}, nil
		}
		if err != nil {
			return err
		}
		tx.Because(reason)
		l.Until = tx.Now()
		return store.Looks.Put(tx, l)
	})
}

// Rights that do not belong to a single ticket.

// Denied returns the error for an actor without the right: SignIn for nobody, Denied for others.
func Denied(a Actor) error {
	if !a.SignedIn() {
		return fault.New(fault.SignIn, "error.sign-in-first")
	}
	return fault.New(fault.Denied, "error.denied")
}

// product returns the top level of the catalogue above the module.
func product(tx *db.Tx, module uint64) uint64 {
	for range 10 {
		m, err := store.Modules.Peek(tx, module)
		if err != nil || m.Parent == 0 {
			break
		}
		module = m.Parent
	}
	return module
}

// OnAgentsSide reports whether the actor may see the ticket's notes, and with them its priority and its full revision.
func (rs *Rights) OnAgentsSide(tx *db.Tx, a Actor, t *store.Ticket) bool {
	return rs.May(tx, a, SeeNotes, t) == nil
}

// MayOpenFor reports whether the actor may open a ticket in the requester's name at the moment.
func MayOpenFor(a Actor, requester *store.Person, now time.Time) bool {
	return a.IsAdministrator() || a.IsAgent() || len(HatsFor(a, requester, now)) > 0
}

// HatsFor returns the affiliations of the requester under which the actor may open a ticket for them, the one that counts
// where nobody chooses first: the requester's own, and for a coordinator those they cover.
func HatsFor(a Actor, requester *store.Person, now time.Time) []store.Affiliation {
	hats := requester.Hats(now)
	if a.IsAdministrator() || a.IsAgent() || a.Person != nil && a.ID() == requester.ID {
		return hats
	}
	return slices.DeleteFunc(hats, func(h store.Affiliation) bool {
		return a.Person == nil || !a.Person.Covers(h.Organisation, h.Unit, now)
	})
}

// Nowhere is an id that no row has. An unknown code or address becomes Nowhere, which the desk refuses after checking
// the rights, like any id that does not exist.
const Nowhere = ^uint64(0)

// OwnGroups returns the agent's groups; for an administrator without a group, all that are not confidential.
func (rs *Rights) OwnGroups(tx *db.Tx, a Actor) []uint64 {
	var out []uint64
	if a.Person != nil {
		for _, m := range a.Person.Groups {
			out = append(out, m.Group)
		}
	}
	if len(out) == 0 && a.IsAdministrator() {
		for g, err := range store.Groups.PeekAll(tx, 0, false) {
			if err == nil && !g.Confidential {
				out = append(out, g.ID)
			}
		}
	}
	return out
}

// Under reports whether the module is the level or lies below it.
func Under(tx *db.Tx, module, level uint64) bool {
	for range 10 {
		if module == level {
			return true
		}
		m, err := store.Modules.Peek(tx, module)
		if err != nil || m.Parent == 0 {
			return false
		}
		module = m.Parent
	}
	return false
}

// MayJudge returns nil for people who may decide about the mail: administrators, who see no more of the confidential than
// elsewhere, and, for mail that waits for a decision, those who may arrange the tickets of its group. Everybody else gets a
// NotFound error.
func (rs *Rights) MayJudge(tx *db.Tx, a Actor, m *store.Mail) error {
	s := rs.Stand(tx, a, &store.Ticket{Group: m.Group})
	if a.IsAdministrator() && s.Allows(SeeNotes) && (m.Ticket == 0 || rs.Sees(tx, a, m.Ticket)) || m.Judged() && m.Group != 0 && s.Allows(Arrange) {
		return nil
	}
	return fault.New(fault.NotFound, "error.not-found")
}
