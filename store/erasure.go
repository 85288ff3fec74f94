package store

import (
	"slices"
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
	"sportello/store/limit"
)

// ErasureKind is what an erasure takes away.
type ErasureKind uint8

// The kinds of erasure.
const (
	ErasureNone ErasureKind = iota
	ErasePerson             // who somebody is; their tickets stay
	EraseTicket             // a ticket with everything that belongs to it
	EraseByAge              // what the retention took away in one night
)

var erasureKinds = []string{"", "person", "ticket", "retention"}

// Byte is the kind in index keys.
func (v ErasureKind) Byte() byte { return byte(v) }

func (v ErasureKind) String() string { return enum.Word(erasureKinds, byte(v)) }

// MarshalText writes the code.
func (v ErasureKind) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code.
func (v *ErasureKind) UnmarshalText(b []byte) error { return enum.Read(erasureKinds, b, v) }

// ErasureState is how far an erasure is.
type ErasureState uint8

// The states, in their order.
const (
	ErasureUnknown ErasureState = iota
	ErasureRunning              // rows and the change log are being cleaned
	ErasureOnDisk               // nothing shows it any more; old pages and segments hold it still
	ErasureDone                 // file and index were written anew since
)

var erasureStates = []string{"", "running", "on-disk", "done"}

// Byte is the state in index keys.
func (v ErasureState) Byte() byte { return byte(v) }

func (v ErasureState) String() string { return enum.Word(erasureStates, byte(v)) }

// MarshalText writes the code.
func (v ErasureState) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code.
func (v *ErasureState) UnmarshalText(b []byte) error { return enum.Read(erasureStates, b, v) }

// Erasure is one entry of the list of what must be removed. A backup of before is restored with the list applied, for
// which the kind and the number are enough.
type Erasure struct {
	db.Row
	Kind  ErasureKind  `json:"kind"`
	Of    uint64       `json:"of"`             // number of the person or ticket; of a night of the retention its day, 20261130
	By    uint64       `json:"by,omitzero"`    // 0: the desk
	Files bool         `json:"files,omitzero"` // of a person: the files they sent go too
	Alike bool         `json:"alike,omitzero"` // somebody else has the name: it is taken out of the person's own tickets alone
	State ErasureState `json:"state"`
	Words []string     `json:"words,omitempty"` // what is looked for, until it was cleaned
	Table string       `json:"table,omitzero"`  // being cleaned; empty: the first one, or the change log
	Next  uint64       `json:"next,omitzero"`   // the last row of it that was looked at
	Log   bool         `json:"log,omitzero"`    // the tables are clean: the change log is next
	Rows  int          `json:"rows,omitzero"`   // that were cleaned or removed, changes among them
	Clean time.Time    `json:"clean,omitzero"`  // when the last row was
	Ended time.Time    `json:"ended,omitzero"`  // when the file had been written anew
}

// Erasures is the list of what must be removed. Its steps leave no trace in the change log; that something was added to it
// does.
var Erasures = db.Declare("erasures", db.Table[Erasure]{
	Secret: []string{"words"},
	Quiet:  []string{"words", "table", "next", "log", "rows", "state", "clean", "ended"},
	Refs:   func(e *Erasure, to db.Refer) { to("by", "people", e.By) },
	Limits: limit.Fields{"words": limit.Texts(100, maxAddress), "table": limit.Text(maxWord)},
})

// The ways into the erasures.
var (
	ErasuresByState = Erasures.Index("state", func(e *Erasure) [][]byte { return key.One(e.State) })
	ErasuresOf      = Erasures.UniqueIndex("of", func(e *Erasure) [][]byte { return key.One(e.Kind, e.Of) })
)

// Retention says what becomes of closed tickets after some years.
type Retention struct {
	Module uint64     `json:"module,omitzero"` // and what lies below it; 0: every module
	Kind   TicketKind `json:"kind,omitzero"`   // empty: every kind
	Years  int        `json:"years"`           // since the ticket was closed
	Remove bool       `json:"remove,omitzero"` // the whole ticket; else its people are taken out of it
}

// AllTables are all kinds of record there are, in the order in which Check walks them.
func AllTables() []db.AnyTable { return slices.Clone(tables) }

// Removal is an entry of the list of what must be removed as it stands beside backups: it says nothing of whom it was.
type Removal struct {
	Kind  ErasureKind `json:"kind"`
	Of    uint64      `json:"of"`
	Files bool        `json:"files,omitzero"`
	At    time.Time   `json:"at"`
}

// Removals returns what must be removed from a backup of before. What the retention takes is not in it: a restored desk has its
// rules.
func Removals(tx *db.Tx) (out []Removal, err error) {
	for e, err := range Erasures.All(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		if e.Kind != EraseByAge {
			out = append(out, Removal{e.Kind, e.Of, e.Files, e.Created})
		}
	}
	return out, nil
}

// RemovalsName is the name of the file that holds the Removals as JSON Lines, in the data folder and beside backups.
const RemovalsName = "removals.jsonl"
