package access

import (
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/fault"
)

// Do is what somebody decides of a module.
type Do uint8

// What may be decided.
const (
	Approve Do = iota + 1
	Refuse
	AskBack
)

var dos = []string{"", "approve", "refuse", "ask"}

// String returns the code.
func (v Do) String() string { return enum.Word(dos, byte(v)) }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *Do) UnmarshalText(b []byte) error { return enum.Read(dos, b, v) }

// Decision is what somebody decides of one module. Unit, Position, Coordinator and Until are the terms of an approval.
type Decision struct {
	Module      string // code
	Do          Do
	Unit        uint64
	Position    string // code, or name in either language
	Coordinator bool
	Until       time.Time
	Reason      string // why it is refused, or what is asked
}

// voice is for whom an actor speaks about a module of a request.
type voice struct {
	place, group, alone bool
	needed              policy.Needed
}

// decides reports whether the actor's word counts.
func (s voice) decides() bool {
	return s.alone || s.place && s.needed.Place || s.group && s.needed.Group
}

// voiceOf returns for whom the actor speaks about the module, where it leads to the unit.
func voiceOf(tx *db.Tx, a policy.Actor, r *store.AccessRequest, module, unit uint64) (voice, error) {
	at := *r
	at.Unit = unit
	needed, err := policy.NeededFor(tx, module, at.Hat(), people.IsOpen(r.Email))
	may := func(act policy.AccessAct, of *store.AccessRequest) bool {
		return policy.MayAccess(tx, a, act, of, module)
	}
	return voice{place: may(policy.AgreePlace, &at), group: may(policy.AgreeGroup, r), alone: may(policy.AgreeAlone, r), needed: needed}, err
}

// Decide grants or refuses a module of the request, or asks back. Where two must agree the first word is kept, and the other
// side agrees to the same terms; other terms begin anew. It returns the request as it is then.
//
// Errors: NotFound for who may not see the request, Denied for who has no word about the module, or none for the unit or for
// making a coordinator; Conflict for a module that was decided, that is no longer served here, or of a request whose
// organisation nobody has assigned; all problems of the values as fault.Problems.
func (rs *Requests) Decide(a policy.Actor, number uint64, d Decision) (*View, error) {
	var out *View
	err := rs.st.Update(a.By(act.AskBackAccess), func(tx *db.Tx) error {
		r, err := rs.seenBy(tx, a, number)
		if err != nil {
			return err
		}
		k, err := rs.ask(tx, a, r, d)
		if err != nil {
			return err
		}
		switch d.Do {
		case Approve:
			err = rs.approve(tx, a, r, k, d)
		case Refuse:
			err = rs.refuse(tx, a, r, k, d)
		case AskBack:
			err = rs.askBack(tx, a, r, k, d)
		default:
			err = fault.Problems{fault.New(fault.Invalid, "error.choice").At("do")}
		}
		if err != nil {
			return err
		}
		if r, err = store.AccessRequests.Get(tx, r.ID); err == nil {
			out, err = rs.view(tx, a, r)
		}
		return err
	})
	return out, err
}

// ask returns the part of the request that the decision is about, for whoever may decide so; of no known module, for whoever
// may decide of any.
func (rs *Requests) ask(tx *db.Tx, a policy.Actor, r *store.AccessRequest, d Decision) (*store.AccessAsk, error) {
	m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(d.Module)))
	if fault.IgnoreNotFound(err) != nil {
		return nil, err
	}
	var k *store.AccessAsk
	if err == nil {
		k = r.Ask(m.ID)
	}
	may := false
	for i := range r.Asks {
		if k != nil && k != &r.Asks[i] {
			continue
		}
		says, err := voiceOf(tx, a, r, r.Asks[i].Module, r.Unit)
		if err != nil {
			return nil, err
		}
		may = may || says.decides() || d.Do == AskBack && policy.MayAccess(tx, a, policy.AskBack, r, r.Asks[i].Module)
	}
	switch {
	case !may:
		return nil, policy.Denied(a)
	case k == nil:
		return nil, fault.Problems{fault.New(fault.Invalid, "error.module-unknown").At("module")}
	case k.State != store.AskWaits:
		return nil, fault.New(fault.Conflict, "error.access-decided")
	}
	return k, nil
}

// terms reads the terms of the approval.
func (rs *Requests) terms(tx *db.Tx, r *store.AccessRequest, d Decision) (store.Terms, error) {
	var wrong fault.Problems
	t := store.Terms{Unit: d.Unit, Coordinator: d.Coordinator, Until: d.Until.UTC()}
	if t.Unit != 0 {
		if u, err := store.Units.Peek(tx, t.Unit); fault.IgnoreNotFound(err) != nil {
			return t, err
		} else if err != nil || u.Organisation != r.Organisation {
			wrong.Add("unit", "error.unit-unknown")
		}
	}
	if position := strings.TrimSpace(d.Position); position != "" {
		if t.Position = people.PositionOf(store.CurrentSettings(tx), position); t.Position == "" {
			wrong.Add("position", "error.position-unknown", "value", entry.Cut(markup.Line(position), 60))
		}
	}
	if !t.Until.IsZero() && !tx.Now().Before(t.Until) {
		wrong.Add("until", "error.until-past")
	}
	return t, wrong.Err()
}

func (rs *Requests) approve(tx *db.Tx, a policy.Actor, r *store.AccessRequest, k *store.AccessAsk, d Decision) error {
	says, err := voiceOf(tx, a, r, k.Module, d.Unit)
	switch {
	case err != nil:
		return err
	case !says.decides():
		return fault.New(fault.Denied, "error.denied").At("unit")
	case d.Coordinator && !says.alone:
		return fault.New(fault.Denied, "error.denied").At("coordinator")
	case r.Organisation == 0:
		return fault.New(fault.Conflict, "error.access-no-organisation").At("organisation")
	}
	if m, err := policy.Placement(tx, k.Module); err != nil || m.Retired || m.Channel != store.Here {
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		return fault.New(fault.Conflict, "error.access-module-gone")
	}
	terms, err := rs.terms(tx, r, d)
	if err != nil {
		return err
	}
	if !k.Terms.Same(terms) {
		k.Coordinator, k.Group = 0, 0 // nobody has agreed to these
	}
	k.Terms, k.By, k.At = terms, a.ID(), tx.Now()
	says.agree(k, a.ID())
	if !says.alone && !says.needed.Met(k.Coordinator != 0, k.Group != 0) {
		tx.Act(act.AgreeAccess)
		return store.AccessRequests.Put(tx, r)
	}
	k.State = store.AskGranted
	p, err := store.People.Get(tx, r.Person)
	if err != nil {
		return err
	}
	if p.Disabled {
		return fault.New(fault.Conflict, "error.person-disabled")
	}
	tx.Act(act.GrantAccess)
	err = rs.people.Grant(tx, p, store.Affiliation{Organisation: r.Organisation, Unit: terms.Unit, Position: terms.Position, Modules: []uint64{k.Module},
		Coordinator: terms.Coordinator, From: tx.Now(), Until: terms.Until, By: a.ID()})
	if err != nil {
		return err
	}
	return rs.decided(tx, r, k, act.GrantAccess)
}

// agree writes down for whom the person has agreed. Where two must, nobody speaks for both.
func (s voice) agree(k *store.AccessAsk, person uint64) {
	place, group := s.alone || s.place && s.needed.Place, s.alone || s.group && s.needed.Group
	if place && group && !s.alone && !s.needed.Either {
		place = k.Coordinator == 0 || k.Coordinator == person
		group = !place
	}
	if place {
		k.Coordinator = person
	}
	if group {
		k.Group = person
	}
}

func (rs *Requests) refuse(tx *db.Tx, a policy.Actor, r *store.AccessRequest, k *store.AccessAsk, d Decision) error {
	reason, err := said(d)
	if err != nil {
		return err
	}
	k.State, k.By, k.At, k.Reason = store.AskRefused, a.ID(), tx.Now(), reason
	return rs.decided(tx, r, k, act.RefuseAccess)
}

// said returns the words that a decision must come with.
func said(d Decision) (string, error) {
	var wrong fault.Problems
	words := strings.TrimSpace(markup.Clean(d.Reason))
	entry.CheckText(&wrong, "reason", words, store.AccessRequests.Most("asks.reason"))
	return words, wrong.Err()
}

// decided writes the request after one of its modules was decided, and ends its ticket where all of its modules were.
func (rs *Requests) decided(tx *db.Tx, r *store.AccessRequest, k *store.AccessAsk, did act.Act) error {
	if !r.Waits() {
		r.Decided = tx.Now()
	}
	if k.Ticket != 0 {
		if err := rs.conclude(tx, r, k.Ticket); err != nil {
			return err
		}
	}
	tx.Act(did)
	return store.AccessRequests.Put(tx, r)
}

// conclude closes the ticket of the request once nothing of it waits: solved if one of its modules was granted, refused if one
// was refused, else withdrawn.
func (rs *Requests) conclude(tx *db.Tx, r *store.AccessRequest, id uint64) error {
	t, err := store.Tickets.Get(tx, id)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	outcome := store.Withdrawn
	var lines []string
	for i := range r.Asks {
		k := &r.Asks[i]
		if k.Ticket != id {
			continue
		}
		m, err := store.Modules.Peek(tx, k.Module)
		if err != nil {
			return err
		}
		lang := t.Language
		switch k.State {
		case store.AskWaits:
			return nil
		case store.AskGranted:
			outcome = store.Solved
			lines = append(lines, rs.say(lang, "access.ticket-granted", "module", m.Name.In(lang)))
		case store.AskRefused:
			if outcome != store.Solved {
				outcome = store.Refused
			}
			lines = append(lines, rs.say(lang, "access.ticket-refused", "module", m.Name.In(lang), "reason", k.Reason))
		default:
			lines = append(lines, rs.say(lang, "access.ticket-withdrawn", "module", m.Name.In(lang)))
		}
	}
	return rs.tickets.Conclude(tx, t, outcome, strings.Join(lines, "\n\n"))
}

// askBack asks whoever asked, in the ticket of the module's group; of a folded request it is opened for that.
func (rs *Requests) askBack(tx *db.Tx, a policy.Actor, r *store.AccessRequest, k *store.AccessAsk, d Decision) error {
	question, err := said(d)
	if err != nil {
		return err
	}
	if k.Ticket == 0 {
		p, err := store.People.Get(tx, r.Person)
		if err != nil {
			return err
		}
		if err := rs.open(tx, p, r, []*store.AccessAsk{k}); err != nil {
			return err
		}
	}
	t, err := store.Tickets.Get(tx, k.Ticket)
	if err != nil {
		return err
	}
	if err := rs.tickets.AskBack(tx, t, a.ID(), question); err != nil {
		return err
	}
	tx.Act(act.AskBackAccess)
	return store.AccessRequests.Put(tx, r)
}

// Assign says which organisation was meant, and which of its units; what was agreed for another begins anew. It returns
// NotFound for who may not see the request, Denied for who may not say so, and Invalid for one that is not there.
func (rs *Requests) Assign(a policy.Actor, number, organisation uint64) error {
	return rs.st.Update(a.By(act.AssignAccess), func(tx *db.Tx) error {
		r, err := rs.seenBy(tx, a, number)
		if err != nil {
			return err
		}
		if !policy.MayAccess(tx, a, policy.AssignPlace, r, 0) {
			return policy.Denied(a)
		}
		if !r.Waits() {
			return fault.New(fault.Conflict, "error.access-decided")
		}
		if _, err := store.Organisations.Peek(tx, organisation); err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			return fault.Problems{fault.New(fault.Invalid, "error.organisation-unknown").At("organisation")}
		}
		if r.Has(store.AskGranted) && r.Organisation != organisation {
			return fault.New(fault.Conflict, "error.access-granted-there")
		}
		if r.Organisation != organisation {
			r.Organisation, r.Unit = organisation, 0
			for i := range r.Asks {
				if k := &r.Asks[i]; k.State == store.AskWaits {
					k.Coordinator, k.Group, k.Terms = 0, 0, store.Terms{}
				}
			}
			if err := unitOf(tx, r); err != nil {
				return err
			}
		}
		return store.AccessRequests.Put(tx, r)
	})
}
