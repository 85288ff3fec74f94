package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
)

// Receipt is what an organisation, or one of its units, says of a release of a module in an environment. There is one row
// for each of these from the moment they are told; what was said before the last answer stays in it.
type Receipt struct {
	db.Row
	Release      uint64      `json:"release"`
	Organisation uint64      `json:"organisation"`
	Unit         uint64      `json:"unit,omitzero"` // 0: the organisation as a whole
	Module       uint64      `json:"module"`
	Environment  Environment `json:"environment"`
	Last         Statement   `json:"last"`            // which counts
	Asked        bool        `json:"asked,omitzero"`  // an answer is awaited: the organisation installs itself
	Due          time.Time   `json:"due,omitzero"`    // the day by which it is to be installed
	Opened       time.Time   `json:"opened,omitzero"` // when somebody of the place first opened the release
	Remind       int         `json:"remind,omitzero"` // how many reminders are past
	Ticket       uint64      `json:"ticket,omitzero"` // the malfunction that a failure opened
	Earlier      []Statement `json:"earlier,omitempty"`
}

// Statement is one thing that was said of a release.
type Statement struct {
	State  ReceiptState `json:"state"`
	Date   time.Time    `json:"date,omitzero"` // the day it is planned for, or was installed
	Reason string       `json:"reason,omitzero"`
	By     uint64       `json:"by,omitzero"`      // who said it; 0 is the desk, or whoever had the link
	ByDesk bool         `json:"by_desk,omitzero"` // said for the organisation by somebody of the desk
	ByLink uint64       `json:"by_link,omitzero"` // the contact whose link was used
	At     time.Time    `json:"at"`
}

// Answered reports whether the place has said what it had to: nobody reminds it.
func (r *Receipt) Answered() bool {
	return r.Last.State == ReceiptInstalled || r.Last.State == ReceiptNotApplicable || r.Last.State == ReceiptFailed
}

// The ways into the receipts.
var (
	ReceiptsByPlace = Receipts.UniqueIndex("place", func(r *Receipt) [][]byte {
		return key.One(r.Release, r.Organisation, r.Unit, r.Module, r.Environment)
	})
	ReceiptsByOrganisation = Receipts.Index("organisation", func(r *Receipt) [][]byte { return key.One(r.Organisation, r.Release) })
	// for the picture of a module, which is read from the keys alone.
	ReceiptsByModule = Receipts.Index("module", func(r *Receipt) [][]byte {
		return key.One(r.Module, r.Release, r.Organisation, r.Unit, r.Environment, r.Last.State, r.Asked)
	})
	// module and day, of what is still to be installed by those who were asked.
	ReceiptsDue = Receipts.Index("due", func(r *Receipt) [][]byte {
		if !r.Asked || r.Answered() || r.Due.IsZero() {
			return nil
		}
		return key.One(r.Module, r.Due)
	})
	// organisation, of what waits for its word.
	ReceiptsOpen = Receipts.Index("open", func(r *Receipt) [][]byte {
		if !r.Asked || r.Answered() {
			return nil
		}
		return key.One(r.Organisation)
	})
	ReceiptsFailed = Receipts.Index("failed", func(r *Receipt) [][]byte {
		if r.Last.State != ReceiptFailed {
			return nil
		}
		return key.One(r.Module)
	})
)

// ReceiptState is what an organisation says of a release.
type ReceiptState uint8

// The states of a receipt.
const (
	ReceiptTold ReceiptState = iota + 1
	ReceiptRead
	ReceiptPlanned
	ReceiptInstalled
	ReceiptNotApplicable
	ReceiptFailed
)

var receiptStates = []string{"", "told", "read", "planned", "installed", "not-applicable", "failed"}

func (v ReceiptState) Byte() byte { return byte(v) }

func (v ReceiptState) String() string { return enum.Word(receiptStates, byte(v)) }

// MarshalText writes the code.
func (v ReceiptState) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *ReceiptState) UnmarshalText(b []byte) error { return enum.Read(receiptStates, b, v) }
