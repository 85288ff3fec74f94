package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
)

// Invitation offers an affiliation to whoever reads the mail of an address. It holds what was typed and nothing of the
// person with that address, if there is one. Once accepted it is gone, and the affiliation stands with its person.
type Invitation struct {
	db.Row
	Email        string    `json:"email"`
	Name         string    `json:"name"`
	Language     string    `json:"language,omitzero"` // of the letter to an address that the desk does not know
	Organisation uint64    `json:"organisation"`
	Unit         uint64    `json:"unit,omitzero"`
	Position     string    `json:"position,omitzero"`
	Modules      []uint64  `json:"modules,omitempty"`
	From         time.Time `json:"from,omitzero"`
	Until        time.Time `json:"until,omitzero"`
	By           uint64    `json:"by,omitzero"` // who invited
	Answer       Answer    `json:"answer,omitzero"`
	Ends         time.Time `json:"ends"`          // the first moment at which it can no longer be accepted
	Hash         string    `json:"hash,omitzero"` // of the secret in the letter that went out last
}

// Hat returns where the invitation leads to.
func (i *Invitation) Hat() Hat { return Hat{i.Organisation, i.Unit} }

// Gives returns the affiliation of whoever accepts the invitation.
func (i *Invitation) Gives() Affiliation {
	return Affiliation{Organisation: i.Organisation, Unit: i.Unit, Position: i.Position, Modules: i.Modules, From: i.From, Until: i.Until, By: i.By}
}

// The times of an invitation.
const (
	InvitationLife = 14 * 24 * time.Hour // for how long it can be accepted
	InvitationKept = 16 * 24 * time.Hour // for how long it is still listed after that
)

// Waits reports whether the invitation can be accepted at the moment.
func (i *Invitation) Waits(now time.Time) bool { return i.Answer == Unanswered && now.Before(i.Ends) }

// Answer is what became of an invitation that was not accepted.
type Answer uint8

// The answers.
const (
	Unanswered Answer = iota
	Declined
	TakenBack // by a coordinator or administrator
)

var answers = []string{"", "declined", "taken-back"}

// String returns the code.
func (v Answer) String() string { return enum.Word(answers, byte(v)) }

// MarshalText writes the code.
func (v Answer) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *Answer) UnmarshalText(b []byte) error { return enum.Read(answers, b, v) }

// The ways into the invitations.
var (
	InvitationsByPlace = Invitations.Index("place", func(i *Invitation) [][]byte { return key.One(i.Organisation, i.Unit) })
	InvitationsByEmail = Invitations.Index("email", func(i *Invitation) [][]byte { return key.One(i.Email) })
	InvitationsByHash  = Invitations.UniqueIndex("hash", func(i *Invitation) [][]byte {
		if i.Hash == "" {
			return nil
		}
		return key.One(i.Hash)
	})
	// when the row goes.
	InvitationsByEnd = Invitations.Index("ends", func(i *Invitation) [][]byte { return key.One(i.Ends.Add(InvitationKept)) })
)
