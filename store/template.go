package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/enum"
)

// Template is what plans are made from: the decisions and steps by which an application is set up, as the text of the file
// that people keep. Each publication is a row of its own, TemplateVersion, and a plan keeps the one that it began with.
type Template struct {
	db.Row
	Code      string   `json:"code"`
	Name      Words    `json:"name"`               // and Modules: as the published text says, of a new one as the draft does
	Modules   []uint64 `json:"modules,omitempty"`  // none: any application
	Group     uint64   `json:"group"`              // that looks after it: its agents write drafts
	Draft     string   `json:"draft,omitzero"`     // as it is being written; empty when nothing differs from what is published
	Published uint64   `json:"published,omitzero"` // the version that plans begin with
	Number    int      `json:"number,omitzero"`    // of that version
	Author    uint64   `json:"author,omitzero"`    // of the draft
	Retired   bool     `json:"retired,omitzero"`   // no plan begins with it any more

	// When an editor found that a norm is stated rightly, as year, month and day, by the sum of what is said of it: other words
	// have to be verified again. Empty: it was taken back.
	Verified map[string]string `json:"verified,omitempty"`
}

// TemplateVersion is a template as it was published. It never changes.
type TemplateVersion struct {
	db.Row
	Template uint64    `json:"template"`
	Number   int       `json:"number"` // 1, 2, 3 for each template
	Source   string    `json:"source"`
	By       uint64    `json:"by,omitzero"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason,omitzero"` // what changed
}

// Side says whose court something is in.
type Side uint8

// The sides of a plan.
const (
	OfOrganisation Side = iota
	OfDesk
	OfSupplier
)

var sides = []string{"organisation", "desk", "supplier"}

func (v Side) Byte() byte     { return byte(v) }
func (v Side) String() string { return enum.Word(sides, byte(v)) }

// MarshalText writes the code.
func (v Side) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *Side) UnmarshalText(b []byte) error { return enum.Read(sides, b, v) }
