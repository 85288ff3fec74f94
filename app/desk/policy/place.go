package policy

import (
	"slices"

	"sportello/store"
	"sportello/store/db"
)

// Place is a level of the catalogue with what it inherits from the levels above.
type Place struct {
	Code    string
	Group   uint64
	Channel store.Channel
	Address string
	reason  store.Words
	Retired bool
	path    []uint64 // from the level itself up to the product
}

// Placement returns the place of the module in the catalogue, or a NotFound error.
func Placement(tx *db.Tx, module uint64) (Place, error) {
	var p Place
	for id := module; id != 0 && len(p.path) < 10; {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return p, err
		}
		if p.Code == "" {
			p.Code = m.Code
		}
		p.path = append(p.path, m.ID)
		p.Retired = p.Retired || m.Retired
		if p.Group == 0 {
			p.Group = m.Group
		}
		if p.Channel == store.ChannelAbove {
			p.Channel, p.Address, p.reason = m.Channel, m.Address, m.Reason
		}
		id = m.Parent
	}
	if p.Channel == store.ChannelAbove {
		p.Channel = store.Here
	}
	return p, nil
}

// Questions returns the questions of the module and of the levels above it, the general ones first.
func Questions(tx *db.Tx, module uint64) []store.Question {
	var out []store.Question
	for range 10 {
		m, err := store.Modules.Peek(tx, module)
		if err != nil {
			break
		}
		out = append(slices.Clone(m.Questions), out...)
		module = m.Parent
	}
	return out
}
