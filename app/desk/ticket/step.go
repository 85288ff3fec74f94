package ticket

import (
	"errors"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/scope"
	"sportello/store/spelling"
)

// Text is a message or note to be written.
type Text struct {
	Body     string
	Internal bool
	Files    []uint64     // pending files of the actor
	Mentions []uint64     // agents whom the note mentions
	Format   store.Format // of Body, if the sending program names one
}

// Step is everything that one form or call changes in a ticket, done completely or not at all. Nil and zero fields
// leave the ticket unchanged.
type Step struct {
	Rev       uint64 // the revision the actor saw (Ticket.Rev, on the requester's side PublicRev); another one is a Conflict. 0 skips the check
	PublicRev uint64 // the public revision the actor saw

	Message *Text
	Take    bool // take charge: become assignee; new becomes open

	To          store.State // the new state; StateNone leaves it
	Outcome     store.Outcome
	Version     string
	PlannedFor  time.Time
	DuplicateOf uint64
	Confirm     bool // the requester's side confirms the solution
	Reopen      bool // reopen a resolved or closed ticket

	Group    *uint64
	Assignee *uint64 // 0 unassigns

	Subject    *string
	Kind       *store.TicketKind
	Module     *uint64
	Severity   *store.Severity
	Urgency    *store.Urgency
	Deadline   *time.Time
	Affected   *string
	Regression *bool
	WorkedIn   *string
	Answers    map[string]string

	Add    []string // addresses of participants
	Remove []uint64 // participants
	For    string   // address of the person concerned: they become the requester, the previous one stays as a participant
	Grant  string   // a requested address that becomes a participant
	Refuse string   // a requested address that does not

	Narrow *bool // keep the ticket from coordinators and colleagues; false shares it again

	Link   uint64
	Unlink uint64

	Spam          *bool
	UndoDuplicate bool

	MoveMessage uint64 // a message to move
	MoveTo      uint64 // to this ticket; 0 makes it a new ticket

	Beside   uint64   // a message beside the ticket
	BesideDo BesideDo // what to do with it

	Apart bool // the ticket does not belong to the one its mail pointed to

	ConfirmMail uint64 // a note that came by mail, perhaps meant as a message: it becomes one
	KeepNote    uint64 // the same, but it stays a note

	Reason string // why severity, urgency or another field was changed
}

// Done is what a step came to.
type Done struct {
	Ticket  *store.Ticket  // as it is afterwards; a new one when the message of the step opened one
	Rev     uint64         // its revision as the actor knows it: the public one on the requester's side
	Message *store.Message // what the step wrote, nil when it wrote nothing
	Files   []*store.File  // those of the message
}

// Do changes a ticket. It checks each part of the step against the tables of rights and of moves, beginning with the
// rights to all parts; one refusal refuses the whole step. A message to a ticket closed too long ago opens a new ticket,
// which is then the one returned.
//
// Errors: NotFound for a ticket the actor may not see, Denied for an act they may not do, Conflict
// "error.changed-meanwhile" when the ticket has another revision than the step's, Invalid naming the field.
func (ts *Tickets) Do(a policy.Actor, number uint64, s Step) (Done, error) {
	var out Done
	err := ts.st.Update(a.By(act.Change), func(tx *db.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		out, err = ts.step(tx, a, t, s)
		return err
	})
	return out, err
}

// step is Do within a transaction.
func (ts *Tickets) step(tx *db.Tx, a policy.Actor, t *store.Ticket, s Step) (Done, error) {
	if err := ts.judge(tx, a, t, s.fields()); err != nil {
		return Done{}, err
	}
	if err := ts.fresh(tx, a, t, s); err != nil {
		return Done{}, err
	}
	if s.Confirm && t.State != store.StateResolved {
		return Done{}, fault.New(fault.Invalid, "error.nothing-to-confirm")
	}
	w := ts.Begin(tx, a, t)
	w.s = s
	if err := w.do(); err != nil {
		return Done{}, err
	}
	out := Done{Ticket: w.t, Rev: w.t.PublicRev, Message: w.said, Files: w.files}
	if ts.rights.OnAgentsSide(tx, a, w.t) {
		out.Rev = w.t.Rev
	}
	return out, nil
}

// fresh returns a Conflict error with the argument rev when the ticket no longer has the revision the actor saw. On the
// requester's side both revisions of the step mean the public one, because the other would reveal notes.
func (ts *Tickets) fresh(tx *db.Tx, a policy.Actor, t *store.Ticket, s Step) error {
	current, public := t.Rev, t.PublicRev
	if !ts.rights.OnAgentsSide(tx, a, t) {
		current = public
	}
	stale := func(now uint64) error { return fault.New(fault.Conflict, "error.changed-meanwhile", "rev", now) }
	if s.Rev != 0 && s.Rev != current {
		return stale(current)
	}
	if s.PublicRev != 0 && s.PublicRev != public {
		return stale(public)
	}
	return nil
}

func (w *Change) do() error {
	for _, part := range []func() error{w.spam, w.arrange, w.moveMessage, w.beside, w.confirmMail, w.take, w.place, w.correct, w.people, w.narrow, w.speak, w.move, w.undoDuplicate, w.Flush} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// take makes the actor the assignee, as a separate step in the history.
func (w *Change) take() error {
	if !w.s.Take {
		return nil
	}
	if err := w.need(policy.Take); err != nil {
		return err
	}
	if !w.stand.Is[policy.AsAgentHere] {
		return fault.New(fault.Denied, "error.take-own-group")
	}
	return w.takeCharge()
}

func (w *Change) takeCharge() error {
	if w.t.State == store.StateNew {
		if err := (attempt{from: w.t.State, to: store.StateOpen, by: agentSide}).legal(); err != nil {
			return err
		}
		w.ts.due.Enter(w.set, w.t, store.StateOpen, w.tx.Now())
	} else if w.t.Assignee == w.a.ID() {
		return nil
	}
	w.t.Assignee = w.a.ID()
	if w.t.Taken.IsZero() {
		w.t.Taken = w.tx.Now()
	}
	w.changed(act.Take)
	return w.Flush()
}

// place moves the ticket to another group and assigns it. Assigning leaves the state; moving removes the assignee.
func (w *Change) place() error {
	if g := w.s.Group; g != nil {
		if w.need(policy.Take) != nil && (w.need(policy.MoveHere) != nil || w.a.Person == nil || !w.a.Person.InGroup(*g)) {
			return fault.New(fault.Denied, "error.denied").At("group")
		}
	}
	if g := w.s.Group; g != nil && *g != w.t.Group {
		group, err := store.Groups.Get(w.tx, *g)
		if err != nil || group.Retired {
			return fault.New(fault.Invalid, "error.group-unknown").At("group")
		}
		w.t.Group, w.t.Assignee = group.ID, 0
		w.changed(act.Move)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if p := w.s.Assignee; p != nil && w.need(policy.Take) != nil && !(w.a.Person != nil && w.a.Person.InGroup(w.t.Group)) {
		return fault.New(fault.Denied, "error.denied").At("assignee")
	}
	if p := w.s.Assignee; p != nil && *p != w.t.Assignee {
		if *p != 0 {
			person, err := store.People.Get(w.tx, *p)
			if err != nil || person.Disabled || !person.InGroup(w.t.Group) {
				return fault.New(fault.Invalid, "error.assignee-not-in-group").At("assignee")
			}
		}
		w.t.Assignee = *p
		w.changed(act.Assign)
		return w.Flush()
	}
	return nil
}

// correct changes the ticket's facts.
func (w *Change) correct() error {
	s, t := w.s, w.t
	var wrong fault.Problems
	before := *t
	if s.Subject != nil {
		t.Subject = markup.Line(*s.Subject)
		entry.CheckText(&wrong, "subject", t.Subject, entry.MaxSubject)
	}
	if s.Kind != nil && *s.Kind != store.KindNone {
		t.Kind = *s.Kind
	}
	if s.Module != nil && *s.Module != t.Module {
		if !w.a.Reaches(w.tx, scope.Tickets, *s.Module) {
			wrong.Add("module", "error.token-module")
		}
		if *s.Module != 0 {
			p, err := policy.Placement(w.tx, *s.Module)
			if err != nil || p.Retired && !w.a.IsAgent() && !w.a.IsAdministrator() {
				wrong.Add("module", "error.module-unknown")
			} else if p.Channel != store.Here && !w.a.IsAgent() && !w.a.IsAdministrator() {
				wrong = append(wrong, fault.New(fault.Invalid, "error.module-elsewhere", "channel", p.Channel.String(), "address", p.Address, "module", p.Code).At("module"))
			}
		}
		t.Module = *s.Module
	}
	if s.Severity != nil && *s.Severity != store.SeverityNone {
		t.Severity = *s.Severity
	}
	if s.Urgency != nil && *s.Urgency != store.UrgencyNone {
		t.Urgency = *s.Urgency
		if t.Urgency == store.NoDate {
			t.Deadline = time.Time{}
		}
	}
	if s.Deadline != nil {
		t.Deadline = s.Deadline.UTC()
		if s.Deadline.IsZero() {
			t.Deadline = time.Time{}
		}
	}
	if s.Affected != nil {
		t.Affected = markup.Line(*s.Affected)
	}
	if s.Regression != nil {
		t.Regression = *s.Regression
	}
	if s.WorkedIn != nil {
		t.WorkedIn = markup.Line(*s.WorkedIn)
	}
	if t.Kind != store.Malfunction {
		t.Regression, t.WorkedIn = false, ""
	}
	if s.Answers != nil {
		if given := checkAnswers(w.tx, t.Module, s.Answers, false, &wrong); given != nil {
			answers := map[string]string{}
			for k, v := range t.Answers {
				answers[k] = v
			}
			for k, v := range given {
				answers[k] = v
			}
			t.Answers = answers
		}
	}
	priority := before.Severity != t.Severity || before.Urgency != t.Urgency
	other := before.Subject != t.Subject || before.Kind != t.Kind || before.Module != t.Module || !before.Deadline.Equal(t.Deadline) ||
		before.Affected != t.Affected || before.Regression != t.Regression || before.WorkedIn != t.WorkedIn || s.Answers != nil
	if !priority && !other {
		return nil
	}
	if err := w.need(policy.Correct); err != nil {
		*t = before
		return err
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if priority && !w.stand.Side() && w.s.Reason == "" && w.a.Via != door.Import {
		// The requester sees that the severity changed and must be given the reason.
		return fault.New(fault.Invalid, "error.reason-for-priority").At("reason")
	}
	if priority {
		w.changed(act.Priority)
	} else {
		w.changed(act.Correct)
	}
	return w.Flush()
}

// people adds and removes participants and answers wishes to add some.
func (w *Change) people() error {
	s, t := w.s, w.t
	if err := w.passedOn(); err != nil {
		return err
	}
	for _, address := range s.Add {
		if err := w.add(spelling.Address(address)); err != nil {
			return err
		}
	}
	for _, id := range s.Remove {
		if !w.ts.rights.MayRemove(w.tx, w.a, t, id) { // checked before it is known whether they participate
			return fault.New(fault.Denied, "error.denied").At("participants")
		}
		if !slices.Contains(t.Participants, id) {
			continue
		}
		t.Participants = db.Without(t.Participants, id)
		delete(t.AddedBy, id)
		w.changed(act.RemoveParticipant)
	}
	for _, wish := range []string{s.Grant, s.Refuse} {
		wish = spelling.Address(wish)
		if wish == "" || !slices.Contains(t.Wishes, wish) {
			continue
		}
		if err := w.mayAnswerWish(wish); err != nil {
			return err
		}
		t.Wishes = slices.DeleteFunc(slices.Clone(t.Wishes), func(x string) bool { return x == wish })
		if wish == spelling.Address(s.Grant) {
			p, err := w.ts.people.EnsureRequester(w.tx, wish, "")
			if err != nil {
				return err
			}
			w.Join(p.ID)
			continue
		}
		w.changed(act.RefuseWish) // the requester sees the wishes
	}
	if len(t.AddedBy) == 0 {
		t.AddedBy = nil
	}
	return w.Flush()
}

// narrow keeps the ticket from coordinators and colleagues, or shares it with them again.
func (w *Change) narrow() error {
	if w.s.Narrow == nil || *w.s.Narrow == w.t.Narrowed {
		return nil
	}
	if err := w.need(policy.Narrow); err != nil {
		return err
	}
	w.t.Narrowed = *w.s.Narrow
	if w.t.Narrowed {
		w.changed(act.Narrow)
	} else {
		w.changed(act.Widen)
	}
	return w.Flush()
}

// mayAnswerWish returns nil for people who may grant or refuse the wish: agents, and the requester's side if they could
// add the person themselves.
func (w *Change) mayAnswerWish(wish string) error {
	err := w.need(policy.Arrange)
	if err == nil || w.need(policy.AddPerson) != nil {
		return err
	}
	if own, bad := ofOrganisation(w.tx, wish, w.t.Organisation); bad != nil || own {
		return bad
	}
	return err
}

// ofOrganisation reports whether the address belongs to the organisation, by its person or else by its domain.
func ofOrganisation(tx *db.Tx, address string, organisation uint64) (bool, error) {
	have, err := people.OrganisationOf(tx, address)
	if p, bad := store.PeopleByEmail.PeekFirst(tx, address); bad == nil {
		return organisation != 0 && p.Belongs(organisation, 0, tx.Now()), err
	}
	return err == nil && have != 0 && have == organisation, err
}

// Join makes the person a participant of the ticket.
func (w *Change) Join(person uint64) {
	t := w.t
	if t.OnSide(person) {
		return
	}
	t.Participants = append(slices.Clone(t.Participants), person)
	added := map[uint64]uint64{person: w.a.ID()}
	for k, v := range t.AddedBy {
		added[k] = v
	}
	t.AddedBy = added
	w.changed(act.Participant)
}

// add makes a person a participant. Agents may add anybody. The requester's side may add people of their organisation;
// any other address, known or not, becomes a wish for an agent to grant, and the answer is the same.
func (w *Change) add(address string) error {
	if err := w.need(policy.AddPerson); err != nil {
		return err
	}
	if !entry.PlausibleAddress(address) {
		return fault.New(fault.Invalid, "error.email").At("participants")
	}
	if len(w.t.Participants)+len(w.t.Wishes) >= entry.MaxPeople {
		return fault.New(fault.Invalid, "error.too-many-participants", "max", entry.MaxPeople).At("participants")
	}
	p, err := store.PeopleByEmail.First(w.tx, address)
	known := err == nil && !p.Disabled
	if w.stand.Is[policy.AsAgentHere] || w.stand.Is[policy.AsSupervisorHere] || w.stand.Is[policy.AsAdministrator] {
		if !known {
			if p, err = w.ts.people.EnsureRequester(w.tx, address, ""); err != nil {
				return err
			}
		}
		w.Join(p.ID)
		return nil
	}
	switch {
	case known && p.Belongs(w.t.Organisation, 0, w.tx.Now()):
		w.Join(p.ID)
		return nil
	case errors.Is(err, fault.ErrNotFound):
		// The same as for a known person: nobody may learn whether they are known.
		organisation, err := people.OrganisationOf(w.tx, address)
		if err != nil {
			return err
		}
		if organisation == 0 || organisation != w.t.Organisation {
			break
		}
		if p, err = w.ts.people.EnsureRequester(w.tx, address, ""); err != nil {
			return err
		}
		w.Join(p.ID)
		return nil
	}
	if !slices.Contains(w.t.Wishes, address) {
		w.t.Wishes = append(slices.Clone(w.t.Wishes), address)
		w.changed(act.Wish)
	}
	return nil
}

// Wish records the addresses as wishes to participate, which an agent grants. It leaves out people who belong to the
// ticket already, and invalid addresses.
func (w *Change) Wish(addresses ...string) error {
	for _, address := range addresses {
		if !entry.PlausibleAddress(address) || len(w.t.Participants)+len(w.t.Wishes) >= entry.MaxPeople || slices.Contains(w.t.Wishes, address) {
			continue
		}
		if p, err := store.PeopleByEmail.PeekFirst(w.tx, address); err == nil && (w.t.OnSide(p.ID) || p.InGroup(w.t.Group)) {
			continue
		}
		w.t.Wishes = append(slices.Clone(w.t.Wishes), address)
		w.changed(act.Wish)
	}
	return w.Flush()
}
