package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/key"
)

// Miss counts, for one month, how often the same words were searched for without finding anything, or without anything
// found being opened. It does not say who asked: no person, no address, no hour.
type Miss struct {
	db.Row
	Text      string    `json:"text"`            // the words, lower case, single spaces
	Module    uint64    `json:"module,omitzero"` // to which the search was limited; 0: to none
	Month     string    `json:"month"`           // 2026-11, in the desk's time zone
	None      int       `json:"none,omitzero"`
	Unclicked int       `json:"unclicked,omitzero"`
	Last      time.Time `json:"last"` // the day of the last one; the hour would help to guess who it was
}

// CountMisses keys the counter of misses: month.
const CountMisses = "month"

// MissesByMonth leads to the misses of a month: month, text, module.
var MissesByMonth = Misses.UniqueIndex("month", func(m *Miss) [][]byte { return key.One(m.Month, m.Text, m.Module) })
