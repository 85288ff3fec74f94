package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Relocation is a unit that goes with its people to another organisation, or an organisation that another one takes in.
// It is done in steps, and its row says how far they are. There is one at a time.
type Relocation struct {
	db.Row
	From    Hat               `json:"from"`           // the unit, or the organisation with all its units
	To      uint64            `json:"to"`             // the organisation that gets them
	Into    map[uint64]uint64 `json:"into,omitempty"` // units that become one with a unit there that is called the same
	Sum     string            `json:"sum"`            // of what was shown before, and confirmed
	By      uint64            `json:"by,omitzero"`    // who confirmed it
	People  int               `json:"people,omitzero"`
	Tickets int               `json:"tickets,omitzero"`
	Ended   time.Time         `json:"ended,omitzero"`
}

// Takes reports whether the relocation takes the place away from where it is.
func (r *Relocation) Takes(h Hat) bool {
	return h.Organisation == r.From.Organisation && (r.From.Unit == 0 || h.Unit == r.From.Unit)
}

// After returns where the place is after the relocation.
func (r *Relocation) After(h Hat) Hat {
	if !r.Takes(h) {
		return h
	}
	h.Organisation = r.To
	if into := r.Into[h.Unit]; into != 0 {
		h.Unit = into
	}
	return h
}

// RelocationsUnderWay leads to the relocation that has not come to its end.
var RelocationsUnderWay = Relocations.Index("under-way", func(r *Relocation) [][]byte {
	if !r.Ended.IsZero() {
		return nil
	}
	return key.One(r.Created)
})

// Former is an organisation that another one took in: its code and name still lead there.
type Former struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// OrganisationsByFormer leads to the organisations that took in one of the name.
var OrganisationsByFormer = Organisations.Index("former", func(o *Organisation) [][]byte {
	var out [][]byte
	for _, f := range o.Former {
		out = append(out, key.Of(spelling.Fold(f.Name)))
	}
	return out
})
