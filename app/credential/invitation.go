package credential

import (
	"errors"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// NewInvitationLink gives the invitation another secret and returns it; the one before opens nothing any more. It returns
// NotFound "error.invitation-gone" for one that can no longer be accepted.
func (k *Keeper) NewInvitationLink(by db.By, id uint64) (string, error) {
	secret := ""
	err := k.store.Update(by, func(tx *db.Tx) error {
		i, err := store.Invitations.Get(tx, id)
		if errors.Is(err, fault.ErrNotFound) || err == nil && !i.Waits(tx.Now()) {
			return invitationGone()
		}
		if err != nil {
			return err
		}
		secret, i.Hash = newSecret()
		return store.Invitations.Put(tx, i)
	})
	return secret, err
}

// InvitationTx returns the invitation that the secret opens, or NotFound "error.invitation-gone" when it can no longer be
// accepted or never existed.
func (k *Keeper) InvitationTx(tx *db.Tx, secret string) (*store.Invitation, error) {
	if !looksLikeSecret(secret) {
		return nil, invitationGone()
	}
	i, err := store.InvitationsByHash.First(tx, hashSecret(secret))
	if errors.Is(err, fault.ErrNotFound) || err == nil && !i.Waits(tx.Now()) {
		return nil, invitationGone()
	}
	return i, err
}

func invitationGone() error { return fault.New(fault.NotFound, "error.invitation-gone") }
