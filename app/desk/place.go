package desk

import (
	"slices"

	"sportello/store"
)

// placed is what a level of the catalogue says or has from the levels above it.
type placed struct {
	code    string
	group   uint64
	channel store.Channel
	address string
	reason  store.Words
	retired bool
	path    []uint64 // from the level itself up to the product
}

func placement(tx *store.Tx, module uint64) (placed, error) {
	var p placed
	for id := module; id != 0 && len(p.path) < 10; {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return p, err
		}
		if p.code == "" {
			p.code = m.Code
		}
		p.path = append(p.path, m.ID)
		p.retired = p.retired || m.Retired
		if p.group == 0 {
			p.group = m.Group
		}
		if p.channel == store.ChannelAbove {
			p.channel, p.address, p.reason = m.Channel, m.Address, m.Reason
		}
		id = m.Parent
	}
	if p.channel == store.ChannelAbove {
		p.channel = store.Here
	}
	return p, nil
}

// questions are those of the module and of the levels above it, the general ones first.
func questions(tx *store.Tx, module uint64) []store.Question {
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
