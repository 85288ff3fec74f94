package relocation

import (
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// movePlans moves the plans of the place, at most atOnce, and returns how many there were.
func movePlans(tx *db.Tx, r *store.Relocation) (int, error) {
	var list []uint64
	for e := range store.PlansByOrganisation.Entries(tx, db.Span{Prefix: key.Of(r.From.Organisation)}) {
		p, err := store.Plans.Peek(tx, e.ID)
		if err != nil {
			return 0, err
		}
		if r.Takes(store.Hat{Organisation: p.Organisation, Unit: p.Unit}) {
			if list = append(list, p.ID); len(list) == atOnce {
				break
			}
		}
	}
	for _, id := range list {
		p, err := store.Plans.Get(tx, id)
		if err != nil {
			return 0, err
		}
		is := r.After(store.Hat{Organisation: p.Organisation, Unit: p.Unit})
		p.Organisation, p.Unit = is.Organisation, is.Unit
		if err := store.Plans.Put(tx, p); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}
