package relocation

import (
	"slices"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// moveReleases takes along what releases are to the place: whom they went to, what was answered, who is told. It moves at
// most atOnce rows and returns how many there were.
func moveReleases(tx *db.Tx, r *store.Relocation) (int, error) {
	if n, err := moveReceipts(tx, r); err != nil || n > 0 || r.From.Unit != 0 {
		return n, err
	}
	if n, err := moveContacts(tx, r); err != nil || n > 0 {
		return n, err
	}
	if n, err := moveRounds(tx, r); err != nil || n > 0 {
		return n, err
	}
	return moveAudiences(tx, r)
}

// moveReceipts moves the receipts of the place. Where the other organisation has one of its own, that one stays.
func moveReceipts(tx *db.Tx, r *store.Relocation) (int, error) {
	var list []uint64
	for e := range store.ReceiptsByOrganisation.Entries(tx, db.Span{Prefix: key.Of(r.From.Organisation)}) {
		row, err := store.Receipts.Peek(tx, e.ID)
		if err != nil {
			return 0, err
		}
		if r.Takes(store.Hat{Organisation: row.Organisation, Unit: row.Unit}) {
			if list = append(list, row.ID); len(list) == atOnce {
				break
			}
		}
	}
	for _, id := range list {
		row, err := store.Receipts.Get(tx, id)
		if err != nil {
			return 0, err
		}
		release, err := store.Releases.Get(tx, row.Release)
		if err != nil {
			return 0, err
		}
		if !release.WentTo(r.To) {
			release.To = append(slices.Clone(release.To), r.To)
			slices.Sort(release.To)
			if err := store.Releases.Put(tx, release); err != nil {
				return 0, err
			}
		}
		is := r.After(store.Hat{Organisation: row.Organisation, Unit: row.Unit})
		if store.ReceiptsByPlace.Has(tx, row.Release, is.Organisation, is.Unit, row.Module, row.Environment) {
			err = store.Receipts.Delete(tx, row.ID)
		} else {
			row.Organisation, row.Unit = is.Organisation, is.Unit
			err = store.Receipts.Put(tx, row)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func moveContacts(tx *db.Tx, r *store.Relocation) (int, error) {
	var list []*store.Contact
	for c, err := range store.ContactsByOrganisation.Rows(tx, db.Span{Prefix: key.Of(r.From.Organisation)}) {
		if err != nil {
			return 0, err
		}
		if list = append(list, c); len(list) == atOnce {
			break
		}
	}
	for _, c := range list {
		var err error
		if store.ContactsByOrganisation.Has(tx, r.To, c.Email, c.Module) {
			err = store.Contacts.Delete(tx, c.ID)
		} else {
			c.Organisation = r.To
			err = store.Contacts.Put(tx, c)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// moveRounds has the rounds that are under way go on to the organisation that took the other one in.
func moveRounds(tx *db.Tx, r *store.Relocation) (int, error) {
	n := 0
	var list []*store.Round
	for round, err := range store.RoundsOpen.Rows(tx, db.Span{}) {
		if err != nil {
			return 0, err
		}
		if slices.Contains(round.Organisations, r.From.Organisation) {
			list = append(list, round)
		}
	}
	for _, round := range list {
		round.Organisations = replaced(round.Organisations, r)
		round.Placed, round.At = 0, 0 // it begins anew; nobody is told twice
		if err := store.Rounds.Put(tx, round); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func moveAudiences(tx *db.Tx, r *store.Relocation) (int, error) {
	var list []uint64
	for e := range store.ReleasesByOrganisation.Entries(tx, db.Span{Prefix: key.Of(r.From.Organisation)}) {
		if list = append(list, e.ID); len(list) == atOnce {
			break
		}
	}
	for _, state := range []store.ReleaseState{store.ReleaseDraft, store.ReleaseChecked, store.ReleaseScheduled} {
		for release, err := range store.ReleasesByState.PeekRows(tx, db.Span{Prefix: key.Of(state)}) {
			if err != nil {
				return 0, err
			}
			if slices.Contains(release.Audience.Organisations, r.From.Organisation) && len(list) < atOnce {
				list = append(list, release.ID)
			}
		}
	}
	for _, id := range list {
		release, err := store.Releases.Get(tx, id)
		if err != nil {
			return 0, err
		}
		if release.WentTo(r.From.Organisation) {
			release.To = replaced(release.To, r)
		}
		if slices.Contains(release.Audience.Organisations, r.From.Organisation) {
			release.Audience.Organisations = replaced(release.Audience.Organisations, r)
		}
		if err := store.Releases.Put(tx, release); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// replaced returns the organisations with the one that was taken in replaced by the one that took it, in ascending order.
func replaced(organisations []uint64, r *store.Relocation) []uint64 {
	out := append(db.Without(organisations, r.From.Organisation), r.To)
	slices.Sort(out)
	return slices.Compact(out)
}
