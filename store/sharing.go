package store

import (
	"sportello/store/db"
	"sportello/store/enum"
)

// Sharing is with whom the tickets of an organisation or unit are shared, besides those whose tickets they are and the
// desk. SharedAbove takes what the organisation of a unit says; for an organisation it is SharedCoordinators.
type Sharing uint8

// The ways to share, the closest first. Those that follow SharedCoordinators include the coordinators.
const (
	SharedAbove Sharing = iota
	SharedNobody
	SharedCoordinators
	SharedChosen
	SharedEverybody
)

var sharings = []string{"", "nobody", "coordinators", "chosen", "everybody"}

func (v Sharing) Byte() byte     { return byte(v) }
func (v Sharing) String() string { return enum.Word(sharings, byte(v)) }

// MarshalText writes the code.
func (v Sharing) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *Sharing) UnmarshalText(b []byte) error { return enum.Read(sharings, b, v) }

// Share is what an organisation or unit says about the tickets that were opened under it.
type Share struct {
	With   Sharing  `json:"with,omitzero"`
	Chosen []uint64 `json:"chosen,omitempty"` // the people of SharedChosen, while they belong there
}

// maxChosen is how many people may be chosen.
const maxChosen = 500

func (s *Share) refs(to db.Refer) {
	for _, p := range s.Chosen {
		to("share", "people", p)
	}
}
