package ticket

import (
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// A form on a web page sends mail from an address that nobody reads, and names the person who filled it in in Reply-To.
// Anyone can enter any address there. The ticket has that person as its requester, but shows them nothing until they
// have signed in and confirmed that it is theirs.

// MayClaim reports whether the ticket waits for the actor to claim it.
func (ts *Tickets) MayClaim(a policy.Actor, number uint64) (yes bool, err error) {
	err = ts.st.View(func(tx *db.Tx) error {
		t, err := store.Tickets.Glance(tx, number)
		yes = err == nil && a.SignedIn() && t.Unclaimed && t.Requester == a.ID() && !t.IsSpam()
		return fault.IgnoreNotFound(err)
	})
	return yes, err
}

// Claim confirms that the ticket is the actor's and puts it under the hat that counts for them now. Everybody but the person
// it waits for gets a NotFound error.
func (ts *Tickets) Claim(a policy.Actor, number uint64) error {
	return ts.st.Update(a.By(act.Claim), func(tx *db.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		if !a.SignedIn() || !t.Unclaimed || t.Requester != a.ID() || t.IsSpam() {
			return fault.New(fault.NotFound, "error.not-found")
		}
		t.Unclaimed = false
		t.Wear(a.Person.Hat(tx.Now()))
		Touch(tx, t)
		return store.Tickets.Put(tx, t)
	})
}
