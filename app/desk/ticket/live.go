package ticket

import (
	"errors"

	"sportello/app/desk/policy"
	"sportello/store"
)

// Revision is the revision of a ticket as its reader sees it.
type Revision struct {
	Rev    uint64
	Agents bool // it counts internal changes too: the reader may see notes
}

// Revisions returns the revisions of those tickets that the actor may see: the full one if they may see notes, the
// public one on the requester's side. It leaves out the others without revealing whether they exist.
func (ts *Tickets) Revisions(a policy.Actor, numbers []uint64) (map[uint64]Revision, error) {
	out := make(map[uint64]Revision, len(numbers))
	err := ts.st.View(func(tx *store.Tx) error {
		for _, n := range numbers {
			t, err := store.Tickets.Glance(tx, n)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if ts.rights.May(tx, a, policy.See, t) != nil {
				continue
			}
			out[n] = Revision{Rev: t.PublicRev}
			if ts.rights.OnAgentsSide(tx, a, t) {
				out[n] = Revision{Rev: t.Rev, Agents: true}
			}
		}
		return nil
	})
	return out, err
}
