package desk

import (
	"errors"

	"sportello/store"
)

// Revisions returns, for those of the tickets that the actor may see, the revision as the actor knows it: of
// everything for who may see notes, of what is public for the requester's side. Others are left out, without telling
// whether they are there.
func (d *Desk) Revisions(a Actor, numbers []uint64) (map[uint64]uint64, error) {
	out := make(map[uint64]uint64, len(numbers))
	err := d.st.View(func(tx *store.Tx) error {
		for _, n := range numbers {
			t, err := store.Tickets.Get(tx, n)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if d.may(tx, a, See, t) != nil {
				continue
			}
			rev := t.PublicRev
			if d.may(tx, a, SeeNotes, t) == nil {
				rev = t.Rev
			}
			out[n] = rev
		}
		return nil
	})
	return out, err
}
