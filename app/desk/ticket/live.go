package ticket

import (
	"errors"

	"sportello/app/desk/policy"
	"sportello/store"
)

// Revision is that of a ticket by the clock of its reader's side.
type Revision struct {
	Rev    uint64
	Agents bool // by the clock of everything: the reader may see notes
}

// Revisions returns, for those of the tickets that the actor may see, the revision as the actor knows it: of
// everything for who may see notes, of what is public for the requester's side. Others are left out, without telling
// whether they are there.
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
