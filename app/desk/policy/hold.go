package policy

import (
	"sportello/store"
	"sportello/store/db"
)

// MayHold reports whether an active ticket may be assigned to the person: an agent of its group who may sign in, or an
// administrator who sees it without giving a reason. What somebody else holds goes back to its group.
func (rs *Rights) MayHold(tx *db.Tx, p *store.Person, t *store.Ticket) bool {
	if !p.MayEnter(tx.Now()) {
		return false
	}
	return p.InGroup(t.Group) || p.Administrator && !Confidential(tx, t.Group, t.Module)
}
