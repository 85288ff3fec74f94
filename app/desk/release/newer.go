package release

import (
	"sportello/app/desk/installation"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// has reports whether a place where the version runs needs the release no more: that version, or one after it in the order of the module,
// is there. What its people say themselves goes before that.
func has(order version.Order, runs string, r *store.Release) bool {
	return runs != "" && order.Compare(runs, r.Version) >= 0
}

// BeyondAt returns the version that runs at the place of the receipt and answers for it, for what its people have not answered
// themselves; empty for none.
func BeyondAt(tx *db.Tx, r *store.Release, row *store.Receipt) (string, error) {
	if row.Answered() {
		return "", nil
	}
	i, err := store.InstallationsByPlace.PeekFirst(tx, row.Organisation, row.Unit, row.Module, row.Environment)
	if err != nil {
		return "", fault.IgnoreNotFound(err)
	}
	order, err := installation.Order(tx, row.Module)
	if err != nil || !has(order, i.Version, r) {
		return "", err
	}
	return i.Version, nil
}

// Waits reports whether the word of the place is awaited: it was asked, has not answered, is still there, and runs nothing that answers for it. What took
// the place of a release answers for it.
func Waits(tx *db.Tx, r *store.Release, row *store.Receipt) (bool, error) {
	if r.State != store.ReleasePublished || !row.Asked || row.Answered() {
		return false, nil
	}
	if o, err := store.Organisations.Peek(tx, row.Organisation); err != nil || o.Retired {
		return false, err
	}
	runs, err := BeyondAt(tx, r, row)
	return err == nil && runs == "", err
}

// late reports whether the place is late with the release.
func (rs *Releases) late(tx *db.Tx, r *store.Release, row *store.Receipt) (bool, error) {
	if row.Due.IsZero() || !row.Due.Before(rs.today(tx)) {
		return false, nil
	}
	return Waits(tx, r, row)
}
