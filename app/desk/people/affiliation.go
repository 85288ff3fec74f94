package people

import (
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// keptEnded is how many affiliations that have ended a person's row keeps; older ones stand in the change log alone.
const keptEnded = 50

// Affiliations returns the affiliations of the person whose end is not recorded and that the actor may see: all for the
// person themselves, for agents and for administrators, for a coordinator those they cover. It returns a NotFound error
// when there is nothing that the actor may see.
func (ps *People) Affiliations(a policy.Actor, id uint64) (*store.Person, []store.Affiliation, error) {
	var p *store.Person
	var out []store.Affiliation
	err := ps.st.View(func(tx *db.Tx) (err error) {
		p, err = store.People.Get(tx, id)
		if err != nil {
			return err
		}
		var all bool
		out, all = policy.HatsSeen(a, p, tx.Now())
		if !all && len(out) == 0 {
			return fault.New(fault.NotFound, "error.not-found")
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return Bare(p), out, nil
}

// MayGiveAffiliations returns nil for those who may give the person an affiliation, or end one. It returns a NotFound
// error as Affiliations does, and a Denied error for people who only see them.
func (ps *People) MayGiveAffiliations(a policy.Actor, id uint64) error {
	return ps.st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		hats, all := policy.HatsSeen(a, p, tx.Now())
		if !all && len(hats) == 0 {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if a.IsAdministrator() || slices.ContainsFunc(hats, func(h store.Affiliation) bool {
			return policy.MayAccount(a, policy.GiveHat, policy.Account{Person: p, Hat: h.Hat(), At: tx.Now()})
		}) {
			return nil
		}
		return policy.Denied(a)
	})
}

// Begins reads the beginning of an affiliation: a moment, or its first day. It reports whether it could; empty is zero.
func Begins(s string, in *time.Location) (time.Time, bool) { return moment(s, in, 0) }

// Ends reads the end of an affiliation: the first moment at which it no longer holds, or its last day.
func Ends(s string, in *time.Location) (time.Time, bool) { return moment(s, in, 1) }

func moment(s string, in *time.Location, days int) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, true
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), true
	}
	t, err := time.ParseInLocation(time.DateOnly, s, in)
	return t.AddDate(0, 0, days).UTC(), err == nil
}

// PutAffiliations gives the person exactly these affiliations, of those that the actor may see; the others stay. Those
// that are left out end at once, and those that had yet to begin are gone. Of each it reads what was said of the person:
// who gave it, from where and when is the desk's to say. saw is the revision of the person that the actor saw; 0 skips
// the check. It returns a NotFound error as Affiliations does, and Denied for what the actor may not give or end.
func (ps *People) PutAffiliations(a policy.Actor, id, saw uint64, given []store.Affiliation) (*store.Person, error) {
	var out *store.Person
	err := ps.st.Update(a.By(act.ChangeHats), func(tx *db.Tx) error {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		seen, all := policy.HatsSeen(a, p, tx.Now())
		if !all && len(seen) == 0 {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if !all && slices.ContainsFunc(given, func(h store.Affiliation) bool { return !a.Person.Covers(h.Organisation, h.Unit, tx.Now()) }) {
			return fault.New(fault.Denied, "error.denied").At("affiliations") // also what they have there already, and do not show
		}
		before := *p
		var hidden []store.Affiliation
		for h := range p.Open {
			if !slices.ContainsFunc(seen, h.Same) {
				hidden = append(hidden, h)
			}
		}
		var wrong fault.Problems
		p.Affiliations = affiliations(tx, a, &wrong, append(slices.Clone(given), hidden...), before.Affiliations, store.ByHand)
		if err := policy.MayChangeAccount(a, &before, p, tx.Now()); err != nil {
			return err
		}
		if err := entry.SameRev(saw, p.Rev); err != nil {
			return err
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		if err := ps.endWithChange(tx, &before, p); err != nil {
			return err
		}
		out = p
		return store.People.Put(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return Bare(out), nil
}

// affiliations returns the row's list for the affiliations that somebody gives to a person who had others: those that
// they had already keep who gave them, those that are not given any more end now, and those that had ended stay.
func affiliations(tx *db.Tx, a policy.Actor, wrong *fault.Problems, given, had []store.Affiliation, source store.Source) []store.Affiliation {
	now := tx.Now()
	left := slices.Clone(had)
	var out []store.Affiliation
	for i := range given {
		h := &given[i]
		if code := PositionOf(store.CurrentSettings(tx), h.Position); code != "" {
			h.Position = code
		}
		h.From, h.Until = h.From.UTC(), h.Until.UTC()
		at := oldOf(left, h)
		if at < 0 || !left[at].Same(*h) {
			checkAffiliation(tx, wrong, h)
		}
		if slices.ContainsFunc(out, func(o store.Affiliation) bool {
			return o.Hat() == h.Hat() && o.Position == h.Position && o.From.Equal(h.From)
		}) {
			continue // the same twice
		}
		kept := store.Affiliation{Organisation: h.Organisation, Unit: h.Unit, Position: h.Position, Modules: h.Modules, Coordinator: h.Coordinator, Named: h.Named,
			From: h.From, Until: h.Until, Source: source, By: a.ID(), Given: now}
		if at >= 0 {
			o := left[at]
			kept.Source, kept.By, kept.Given = o.Source, o.By, o.Given
			switch {
			case kept.Until.Equal(o.Until):
				kept.Warned, kept.Fading, kept.Else = o.Warned, o.Fading, o.Else
			case o.Fading: // somebody looked at it and said how long it goes on
				kept.By, kept.Given = a.ID(), now
			}
			left = slices.Delete(left, at, at+1)
		} else {
			kept.Warned = warned(&kept, now) // who is given something for a week knows that it ends
		}
		out = append(out, kept)
	}
	var ended []store.Affiliation
	for _, h := range left {
		switch {
		case !h.Ended.IsZero():
		case now.Before(h.From):
			continue // it never began
		default:
			if !h.Past(now) {
				h.Until = now
			}
			h.Ended = now
		}
		ended = append(ended, h)
	}
	return append(out, ended[max(0, len(ended)-keptEnded):]...)
}

// oldOf returns where the list has the affiliation as it was before somebody changed it, -1 when it is new.
func oldOf(list []store.Affiliation, h *store.Affiliation) int {
	for _, like := range []func(store.Affiliation) bool{
		h.Same,
		func(o store.Affiliation) bool { return o.Position == h.Position && o.Coordinator == h.Coordinator },
		func(o store.Affiliation) bool { return o.Coordinator == h.Coordinator },
		func(store.Affiliation) bool { return true },
	} {
		if i := slices.IndexFunc(list, func(o store.Affiliation) bool { return o.Ended.IsZero() && o.Hat() == h.Hat() && like(o) }); i >= 0 {
			return i
		}
	}
	return -1
}

// warned returns how many warnings of the affiliation's end are past or due.
func warned(h *store.Affiliation, now time.Time) int {
	n := h.Warned
	for n < len(store.Warnings) && !h.Until.IsZero() && !now.Before(h.Until.Add(-store.Warnings[n])) {
		n++
	}
	return n
}

// checkAffiliation adds what is wrong with the values of one affiliation.
func checkAffiliation(tx *db.Tx, wrong *fault.Problems, h *store.Affiliation) {
	const field = "affiliations"
	n := len(*wrong)
	checkPlace(tx, wrong, &h.Organisation, h.Unit)
	if h.Organisation == 0 && len(*wrong) == n {
		wrong.Add(field, "error.organisation-unknown")
	}
	for i := n; i < len(*wrong); i++ {
		(*wrong)[i] = (*wrong)[i].At(field)
	}
	if !h.Until.IsZero() && !h.From.Before(h.Until) {
		wrong.Add(field, "error.until-before-from")
	}
	if h.Position != "" && PositionOf(store.CurrentSettings(tx), h.Position) == "" {
		wrong.Add(field, "error.position-unknown", "value", entry.Cut(h.Position, 60))
	}
	for _, m := range h.Modules {
		if _, err := store.Modules.Peek(tx, m); err != nil {
			wrong.Add(field, "error.module-unknown")
		}
	}
}

// PositionOf returns the code of the position that is called so, by its code or its name in either language, "" when
// there is none.
func PositionOf(set *store.Settings, called string) string {
	called = markup.Slug(called)
	for _, p := range set.Positions {
		if called == p.Code || called == markup.Slug(p.Name.IT) || called == markup.Slug(p.Name.EN) || called == strings.ReplaceAll(markup.Slug(p.Name.EN), "-and-", "-") {
			return p.Code
		}
	}
	return ""
}

// OfOrganisation returns a page of the people of an organisation whom the actor may see, by name, without their
// passwords. It returns a NotFound error when the actor may see nobody there: it is for administrators, for agents, and
// for coordinators of the organisation or of one of its units, who see those they cover.
func (ps *People) OfOrganisation(a policy.Actor, organisation uint64, q Query) (Page, error) {
	q.Organisation = organisation
	var page Page
	err := ps.st.View(func(tx *db.Tx) error {
		if _, err := store.Organisations.Get(tx, organisation); err != nil {
			return err
		}
		may := func(*store.Person) bool { return true }
		units, all := lookedAfter(a, organisation, tx.Now())
		switch {
		case all:
		case len(units) == 0:
			return fault.New(fault.NotFound, "error.not-found")
		case len(units) == 1:
			q.Unit = units[0]
		default:
			may = func(p *store.Person) bool {
				hats, _ := policy.HatsSeen(a, p, tx.Now())
				return len(hats) > 0
			}
		}
		var err error
		page, err = list(tx, q, may)
		return err
	})
	return page, err
}

// lookedAfter returns the units of the organisation whose people the actor sees, or that they see those of all.
func lookedAfter(a policy.Actor, organisation uint64, now time.Time) (units []uint64, all bool) {
	if a.IsAdministrator() || a.IsAgent() {
		return nil, true
	}
	if a.Person == nil {
		return nil, false
	}
	for _, h := range a.Person.Coordinated(now) {
		if h.Organisation == organisation {
			units = append(units, h.Unit)
		}
	}
	return units, slices.Contains(units, 0)
}

// Wear remembers the hat under which the actor opened a ticket of their own, if they could have chosen another.
func Wear(tx *db.Tx, a policy.Actor, t *store.Ticket) error {
	if a.Person == nil || t.Requester != a.ID() || t.Hat() == a.Person.Wore || t.Hat() == a.Person.Hat(tx.Now()) {
		return nil
	}
	p, err := store.People.Get(tx, a.ID())
	if err != nil {
		return err
	}
	p.Wore = t.Hat()
	return store.People.Put(tx, p)
}
