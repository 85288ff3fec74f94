package ticket

import (
	"sportello/app/desk/policy"
	"sportello/store"
)

// A form on a web page sends mail from an address that nobody answers, and names who filled it in Reply-To. Anybody can
// write any address there: the ticket has that person as its requester, but shows them nothing before they have signed in
// and said that it is theirs.

// MayClaim reports whether the ticket waits for the actor to claim it.
func (ts *Tickets) MayClaim(a policy.Actor, number uint64) (yes bool, err error) {
	err = ts.st.View(func(tx *store.Tx) error {
		t, err := store.Tickets.Glance(tx, number)
		yes = err == nil && a.SignedIn() && t.Unclaimed && t.Requester == a.ID() && !t.IsSpam()
		return store.IgnoreNotFound(err)
	})
	return yes, err
}

// Claim makes the ticket the actor's own, of their organisation and unit as of now. NotFound for everybody but the
// person it waits for.
func (ts *Tickets) Claim(a policy.Actor, number uint64) error {
	return ts.st.Update(a.By("claim"), func(tx *store.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		if !a.SignedIn() || !t.Unclaimed || t.Requester != a.ID() || t.IsSpam() {
			return store.Fail(store.NotFound, "error.not-found")
		}
		t.Unclaimed, t.Organisation, t.Unit = false, a.Person.Organisation, a.Person.Unit
		Touch(tx, t)
		return store.Tickets.Put(tx, t)
	})
}
