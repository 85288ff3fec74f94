package release

import (
	"strings"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// What is asked before the values of a form are looked at, so that whoever may not learns nothing of them.

// MayDraft returns nil when the actor may write releases of the modules of the codes; those that nobody knows are left to
// Save. Without a code it tells whether they may write releases at all.
func (rs *Releases) MayDraft(a policy.Actor, codes []string) error {
	if !a.System && !a.IsAgent() && !a.IsAdministrator() {
		return policy.Denied(a)
	}
	return rs.st.View(func(tx *db.Tx) error {
		var wrong fault.Problems
		_, err := rs.modulesOf(tx, a, codes, &wrong)
		return err
	})
}

// MayAnswer returns nil when the actor may answer for the organisation, or for one of its units, about the release, or
// what Answer would return.
func (rs *Releases) MayAnswer(a policy.Actor, number uint64, organisation string) error {
	return rs.st.View(func(tx *db.Tx) error {
		r, err := store.Releases.Glance(tx, number)
		if err != nil {
			return err
		}
		facts, err := policy.FactsOfRelease(tx, r)
		if err != nil {
			return err
		}
		if err := facts.May(tx, a, policy.SeeRelease, store.Hat{}); err != nil {
			return err
		}
		o, err := store.OrganisationsByCode.First(tx, organisation)
		if err != nil {
			return err
		}
		if !r.WentTo(o.ID) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if facts.May(tx, a, policy.AnswerReceipt, store.Hat{Organisation: o.ID}) == nil {
			return nil
		}
		if a.Person != nil {
			for _, h := range a.Person.Answering(tx.Now()) {
				if h.Organisation == o.ID && facts.May(tx, a, policy.AnswerReceipt, store.Hat{Organisation: o.ID, Unit: h.Unit}) == nil {
					return nil
				}
			}
		}
		return notFor(tx, a, facts, o.ID)
	})
}

// notFor returns the error for whoever may not answer for the organisation: Denied to those who know that the release went
// there, because they look after it or belong there, else NotFound.
func notFor(tx *db.Tx, a policy.Actor, facts policy.ReleaseFacts, organisation uint64) error {
	if facts.Inside(a) || a.Person != nil && a.Person.Belongs(organisation, 0, tx.Now()) {
		return policy.Denied(a)
	}
	return fault.New(fault.NotFound, "error.not-found")
}

// MayAddContact returns nil when the actor may add a contact of the organisation for the module, both by code.
func (rs *Releases) MayAddContact(a policy.Actor, code, module string) error {
	return rs.st.View(func(tx *db.Tx) error {
		id := uint64(0)
		m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(module)))
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		if err == nil {
			id = m.ID
		}
		_, err = contactsPlace(tx, a, code, id)
		return err
	})
}

// Called returns the release that the system it came from calls so, for whoever may see it; nil when there is none.
func (rs *Releases) Called(a policy.Actor, external string) (*View, error) {
	var out *View
	err := rs.st.View(func(tx *db.Tx) error {
		out = nil
		r, err := store.ReleasesByExternal.First(tx, strings.TrimSpace(external))
		if err == nil {
			out, err = rs.view(tx, a, r)
		}
		return fault.IgnoreNotFound(err)
	})
	return out, err
}
