package people

import (
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// Once in so many months a coordinator of the whole organisation says that the list of its people is right. They are asked
// some days before. When nobody says so, what coordinators gave to people and nobody has confirmed since gets an end, of which
// the people are told as of any other; saying so after all takes that end away. Nothing ends where nobody could say so.

// fadesAfter is how many days after the last day for confirming an affiliation ends: the first warning of its end is told at once.
const fadesAfter = 31

// ListState is how it stands with the confirmation of a list.
type ListState struct {
	Confirmed time.Time // the last time; zero: never
	Until     time.Time // the first moment at which it is late
	Asked     bool      // its coordinators were asked to confirm it
	Fading    bool      // the affiliations of some are about to end because nobody did
	May       bool      // the actor may confirm it
}

// ListState returns how it stands with the list. It returns a NotFound error for those who see nobody of it.
func (ps *People) ListState(a policy.Actor, organisation uint64) (ListState, error) {
	var out ListState
	err := ps.st.View(func(tx *db.Tx) error {
		o, err := ps.listOf(tx, a, organisation)
		if err != nil {
			return err
		}
		out = ListState{o.ListConfirmed, o.ListUntil, !o.ListUntil.IsZero(), o.ListFading, mayConfirm(tx, a, organisation)}
		if !out.Asked {
			out.Until = ps.listDue(o, store.CurrentSettings(tx))
		}
		return nil
	})
	return out, err
}

// ConfirmList records that the actor looked at the whole list and that it is right. It returns a NotFound error for those who see
// nobody of it, a Denied error for the others who are not its coordinator as a whole or an administrator.
func (ps *People) ConfirmList(a policy.Actor, organisation uint64) error {
	err := ps.st.Update(a.By(act.ConfirmList), func(tx *db.Tx) error {
		o, err := ps.listOf(tx, a, organisation)
		if err != nil {
			return err
		}
		if !mayConfirm(tx, a, organisation) {
			return policy.Denied(a)
		}
		o.ListConfirmed, o.ListUntil = tx.Now(), time.Time{}
		return store.Organisations.Put(tx, o)
	})
	if err != nil {
		return err
	}
	_, err = ps.turnList(organisation)
	return err
}

// listOf returns the organisation, if the actor sees somebody of it.
func (ps *People) listOf(tx *db.Tx, a policy.Actor, organisation uint64) (*store.Organisation, error) {
	o, err := store.Organisations.Get(tx, organisation)
	if err != nil {
		return nil, err
	}
	if units, all := lookedAfter(a, organisation, tx.Now()); !all && len(units) == 0 {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return o, nil
}

func mayConfirm(tx *db.Tx, a policy.Actor, organisation uint64) bool {
	return policy.MayAccount(a, policy.ConfirmList, policy.Account{Person: &store.Person{}, Hat: store.Hat{Organisation: organisation}, At: tx.Now()})
}

// listDue returns the first moment at which the list is late: some months after it was confirmed or, never confirmed, began.
func (ps *People) listDue(o *store.Organisation, set *store.Settings) time.Time {
	since := o.ListConfirmed
	if since.IsZero() {
		since = o.Created
	}
	return ps.dayAfter(since.AddDate(0, set.ListMonths, 0))
}

// dayAfter returns the beginning of the next day.
func (ps *People) dayAfter(at time.Time) time.Time {
	y, m, d := at.In(ps.loc).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, ps.loc).UTC()
}

// KeepsList reports whether the person may confirm the list of the organisation as its coordinator.
func KeepsList(p *store.Person, organisation uint64, now time.Time) bool {
	return !p.Disabled && p.Covers(organisation, 0, now)
}

// kept reports whether somebody may confirm the list as its coordinator.
func kept(tx *db.Tx, organisation uint64) (bool, error) {
	for p, err := range store.PeopleByCoordination.Rows(tx, db.Span{Prefix: key.Of(organisation, uint64(0))}) {
		if err != nil || KeepsList(p, organisation, tx.Now()) {
			return err == nil, err
		}
	}
	return false, nil
}

// TurnLists asks the coordinators of lists that are due soon to confirm them, and has fade whom nobody confirmed. It returns how
// many coordinators' lists and people it was something for.
func (ps *People) TurnLists() (int, error) {
	var ask, turn []uint64
	err := ps.st.View(func(tx *db.Tx) error {
		ask, turn = nil, nil
		set := store.CurrentSettings(tx)
		for o, err := range store.OrganisationsByName.Rows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			if o.Retired {
				continue
			}
			late := !o.ListUntil.IsZero() && !tx.Now().Before(o.ListUntil)
			switch {
			case late || o.ListFading:
				turn = append(turn, o.ID)
			case o.ListUntil.IsZero() && !tx.Now().Before(ps.listDue(o, set).AddDate(0, 0, -set.ListDays)):
				ask = append(ask, o.ID)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	done := 0
	for _, id := range ask {
		asked, err := ps.askList(id)
		if err != nil {
			return done, err
		}
		if asked {
			done++
		}
	}
	for _, id := range turn {
		n, err := ps.turnList(id)
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// askList records until when the list is to be confirmed, of which its coordinators are told. Asked late, they have as many days
// as in time.
func (ps *People) askList(organisation uint64) (asked bool, err error) {
	err = ps.st.Update(db.By{Via: door.Desk, Act: act.AskList}, func(tx *db.Tx) error {
		asked = false
		o, err := store.Organisations.Get(tx, organisation)
		if err != nil {
			return fault.IgnoreNotFound(err)
		}
		able, err := kept(tx, organisation)
		if err != nil || !able || !o.ListUntil.IsZero() {
			return err
		}
		set := store.CurrentSettings(tx)
		due, soon := ps.listDue(o, set), tx.Now().AddDate(0, 0, set.ListDays)
		if tx.Now().Before(due.AddDate(0, 0, -set.ListDays)) {
			return nil // confirmed meanwhile
		}
		if due.Before(soon) {
			due = ps.dayAfter(soon)
		}
		o.ListUntil, asked = due, true
		return store.Organisations.Put(tx, o)
	})
	return asked, err
}

// turnList gives an end to what nobody confirmed on a list that is late, and takes such ends away where somebody did. It goes in
// steps, and returns for how many people it was something.
func (ps *People) turnList(organisation uint64) (int, error) {
	done := 0
	for after := uint64(0); ; {
		var due []uint64
		err := ps.st.View(func(tx *db.Tx) error {
			due = nil
			l, err := ps.fading(tx, organisation)
			if err != nil {
				return fault.IgnoreNotFound(err)
			}
			for e := range store.PeopleByOrganisation.Entries(tx, db.Span{Prefix: key.Of(organisation, false)}) {
				if e.ID <= after {
					continue
				}
				p, err := store.People.Peek(tx, e.ID)
				if err != nil {
					return err
				}
				if _, differs := l.turned(tx, p); differs != unturned {
					due = append(due, e.ID)
				}
			}
			slices.Sort(due)
			due = due[:min(len(due), turnAtOnce)]
			return nil
		})
		if err != nil {
			return done, err
		}
		if len(due) == 0 {
			break
		}
		after = due[len(due)-1]
		n := 0
		err = ps.st.Update(db.By{Via: door.Desk, Act: act.FadeHats}, func(tx *db.Tx) error {
			n = 0
			l, err := ps.fading(tx, organisation)
			if err != nil {
				return fault.IgnoreNotFound(err)
			}
			for _, id := range due {
				p, err := store.People.Get(tx, id)
				if err != nil {
					if err = fault.IgnoreNotFound(err); err != nil {
						return err
					}
					continue
				}
				hats, how := l.turned(tx, p)
				if how == unturned {
					continue
				}
				if how == fades && !l.of.ListFading {
					tx.Act(act.FadeHats)
					l.of.ListFading = true
					if err := store.Organisations.Put(tx, l.of); err != nil {
						return err
					}
				}
				if tx.Act(act.KeepHats); how == fades {
					tx.Act(act.FadeHats)
				}
				p.Affiliations = hats
				n++
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if done += n; err != nil {
			return done, err
		}
	}
	return done, ps.listDone(organisation)
}

// listDone records that nothing of the list fades any more, once it is confirmed.
func (ps *People) listDone(organisation uint64) error {
	return ps.st.Update(db.By{Via: door.Desk, Act: act.KeepHats}, func(tx *db.Tx) error {
		o, err := store.Organisations.Get(tx, organisation)
		if err != nil || !o.ListFading || !o.ListUntil.IsZero() {
			return fault.IgnoreNotFound(err)
		}
		o.ListFading = false
		return store.Organisations.Put(tx, o)
	})
}

// fadingList is a list with the rule by which people fade from it.
type fadingList struct {
	of     *store.Organisation
	late   bool      // nobody confirmed it in time, and somebody could have
	before time.Time // what was given or confirmed later counts as confirmed
	end    time.Time // when what fades from now on ends
}

func (ps *People) fading(tx *db.Tx, organisation uint64) (*fadingList, error) {
	o, err := store.Organisations.Get(tx, organisation)
	if err != nil {
		return nil, err
	}
	able, err := kept(tx, organisation)
	late := able && !o.ListUntil.IsZero() && !tx.Now().Before(o.ListUntil)
	return &fadingList{o, late, tx.Now().AddDate(0, -store.CurrentSettings(tx).ListMonths, 0), ps.dayAfter(tx.Now().AddDate(0, 0, fadesAfter-1))}, err
}

// turn says what the rule does to somebody.
type turn uint8

const (
	unturned turn = iota
	fades
	stays
)

// turned returns the person's affiliations as the rule has them, and what it does to them.
func (l *fadingList) turned(tx *db.Tx, p *store.Person) ([]store.Affiliation, turn) {
	out, how := slices.Clone(p.Affiliations), unturned
	for i := range out {
		h := &out[i]
		if h.Organisation != l.of.ID || h.Past(tx.Now()) {
			continue
		}
		switch unconfirmed := l.late && fromList(tx, h) && h.Given.Before(l.before) && l.of.ListConfirmed.Before(l.before); {
		case h.Fading && !unconfirmed:
			h.Until, h.Else, h.Fading = h.Else, time.Time{}, false
			h.Warned = 0
			h.Warned = warned(h, tx.Now())
			how = max(how, stays)
		case !h.Fading && unconfirmed && (h.Until.IsZero() || l.end.Before(h.Until)):
			h.Until, h.Else, h.Fading, h.Warned = l.end, h.Until, true, 0
			how = fades
		}
	}
	return out, how
}

// fromList reports whether the affiliation is there because a coordinator, or whoever decided a request for credentials, gave it.
// What an administrator or the desk itself gave does not fade, and neither does what makes a coordinator.
func fromList(tx *db.Tx, h *store.Affiliation) bool {
	if h.Coordinator || h.By == 0 || h.Source != store.ByHand && h.Source != store.FromRequest && h.Source != store.FromList {
		return false
	}
	by, err := store.People.Peek(tx, h.By)
	return err == nil && !by.Administrator
}
