package store

import (
	"slices"
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
	"sportello/store/limit"
)

// AccessRequest asks for credentials, for whoever reads the mail of an address. Until they have said by the link of a letter
// that they ask, it is a text that somebody typed: nobody is told of it.
type AccessRequest struct {
	db.Row
	Email        string      `json:"email"`
	Name         string      `json:"name"`
	Language     string      `json:"language,omitzero"`
	Organisation uint64      `json:"organisation,omitzero"` // 0: what was typed is none of the desk's, and nobody has assigned one
	Named        string      `json:"named"`                 // the organisation as it was typed
	Unit         uint64      `json:"unit,omitzero"`         // 0: what was typed is none of the organisation's
	UnitNamed    string      `json:"unit_named,omitzero"`   // as it was typed
	Position     string      `json:"position,omitzero"`     // a code of Settings.Positions
	Why          string      `json:"why"`
	Voucher      string      `json:"voucher,omitzero"` // who can vouch: a name, to which nothing is sent
	Asks         []AccessAsk `json:"asks"`             // one for each module
	Person       uint64      `json:"person,omitzero"`  // who asks, once the address is confirmed
	Confirmed    time.Time   `json:"confirmed,omitzero"`
	Folded       bool        `json:"folded,omitzero"`  // it came when there were many: it has no ticket, and nobody was told
	Decided      time.Time   `json:"decided,omitzero"` // when the last of its modules was
}

// AccessAsk is one module of a request, with what was decided of it.
type AccessAsk struct {
	Module      uint64    `json:"module"`
	State       AskState  `json:"state,omitzero"`
	Ticket      uint64    `json:"ticket,omitzero"`         // in the queue of the group that looks after the module
	Coordinator uint64    `json:"by_coordinator,omitzero"` // who agreed for the organisation
	Group       uint64    `json:"by_group,omitzero"`       // who agreed for the group
	Terms       Terms     `json:"terms,omitzero"`          // what they agreed to
	By          uint64    `json:"by,omitzero"`             // who decided; 0: nobody, or the desk
	At          time.Time `json:"at,omitzero"`
	Reason      string    `json:"reason,omitzero"` // why it was refused
}

// Terms are what is granted with a module.
type Terms struct {
	Unit        uint64    `json:"unit,omitzero"`
	Position    string    `json:"position,omitzero"`
	Coordinator bool      `json:"coordinator,omitzero"`
	Until       time.Time `json:"until,omitzero"`
}

// Same reports whether the terms say the same.
func (t Terms) Same(o Terms) bool {
	return t.Unit == o.Unit && t.Position == o.Position && t.Coordinator == o.Coordinator && t.Until.Equal(o.Until)
}

// Hat returns where the request leads to.
func (r *AccessRequest) Hat() Hat { return Hat{r.Organisation, r.Unit} }

// Waits reports whether somebody has to decide of a module.
func (r *AccessRequest) Waits() bool {
	return !r.Confirmed.IsZero() && r.Has(AskWaits)
}

// Has reports whether one of its modules is in the state.
func (r *AccessRequest) Has(s AskState) bool {
	return slices.ContainsFunc(r.Asks, func(k AccessAsk) bool { return k.State == s })
}

// State returns what became of the request as a whole: it waits as long as one module does; else it was granted if one was.
func (r *AccessRequest) State() AskState {
	for _, s := range []AskState{AskWaits, AskGranted, AskRefused, AskWithdrawn} {
		if r.Has(s) {
			return s
		}
	}
	return AskVoid
}

// Ask returns the part of the request about the module, nil for none.
func (r *AccessRequest) Ask(module uint64) *AccessAsk {
	for i := range r.Asks {
		if r.Asks[i].Module == module {
			return &r.Asks[i]
		}
	}
	return nil
}

// The times of a request.
const (
	UnconfirmedLife     = 7 * 24 * time.Hour // for how long the address can be confirmed
	DefaultAccessMonths = 12                 // for how many months a decided request is kept
)

// AskState is how far one module of a request has got.
type AskState uint8

// The states.
const (
	AskWaits AskState = iota
	AskGranted
	AskRefused
	AskWithdrawn // by whoever asked
	AskVoid      // the module is no longer given
)

var askStates = []string{"waiting", "granted", "refused", "withdrawn", "void"}

func (v AskState) Byte() byte { return byte(v) }

// String returns the code.
func (v AskState) String() string { return enum.Word(askStates, byte(v)) }

// MarshalText writes the code.
func (v AskState) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *AskState) UnmarshalText(b []byte) error { return enum.Read(askStates, b, v) }

// AccessRule says who must agree before a module is granted.
type AccessRule uint8

// The rules.
const (
	RuleAbove       AccessRule = iota // that of the level above; of a product, RuleEither
	RuleCoordinator                   // a coordinator of the organisation
	RuleGroup                         // an agent of the group that looks after the module
	RuleBoth
	RuleEither
)

var accessRules = []string{"", "coordinator", "group", "both", "either"}

// AccessRules lists the rules in the order in which they are shown.
var AccessRules = []AccessRule{RuleAbove, RuleCoordinator, RuleGroup, RuleBoth, RuleEither}

func (v AccessRule) Byte() byte { return byte(v) }

// String returns the code.
func (v AccessRule) String() string { return enum.Word(accessRules, byte(v)) }

// MarshalText writes the code.
func (v AccessRule) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *AccessRule) UnmarshalText(b []byte) error { return enum.Read(accessRules, b, v) }

// AccessRequests holds one row for each request, until some time after it was decided. What a stranger typed stands in the
// row alone, so that nothing of it is left when the row goes.
var AccessRequests = db.Declare("access_requests", db.Table[AccessRequest]{
	Secret: []string{"email", "name", "named", "unit_named", "why", "voucher"},
	Whole:  []string{"asks"}, // whoever is told of a decision is told of the module
	Refs: func(r *AccessRequest, to db.Refer) {
		to("organisation", "organisations", r.Organisation)
		to("unit", "units", r.Unit)
		to("person", "people", r.Person)
		for _, k := range r.Asks {
			to("asks", "modules", k.Module)
			to("asks", "units", k.Terms.Unit)
		}
	},
	Limits: limit.Fields{
		"email": limit.Text(maxEmail), "name": limit.Text(maxName), "language": limit.Text(8), "named": limit.Text(maxName), "unit_named": limit.Text(maxName), "position": limit.Text(40),
		"why": limit.Text(2000), "voucher": limit.Text(maxName), "asks": limit.Entries(30), "asks.reason": limit.Text(2000), "asks.terms.position": limit.Text(40),
	},
})

// The stages of a request in its indexes.
const (
	StageWaits       = byte(1) // for somebody to decide
	StageDecided     = byte(2)
	StageUnconfirmed = byte(3)
)

func (r *AccessRequest) stage() byte {
	switch {
	case r.Confirmed.IsZero():
		return StageUnconfirmed
	case r.Waits():
		return StageWaits
	}
	return StageDecided
}

// The ways into the requests.
var (
	AccessRequestsByEmail = AccessRequests.Index("email", func(r *AccessRequest) [][]byte { return key.One(r.Email, r.Confirmed.IsZero()) })
	// organisation, then how far it is.
	AccessRequestsByPlace = AccessRequests.Index("place", func(r *AccessRequest) [][]byte { return key.One(r.Organisation, r.stage()) })
	// module, then how far that part of it is.
	AccessRequestsByModule = AccessRequests.Index("module", func(r *AccessRequest) [][]byte {
		var out [][]byte
		for _, k := range r.Asks {
			stage := r.stage()
			if stage == StageWaits && k.State != AskWaits {
				stage = StageDecided
			}
			out = append(out, key.Of(k.Module, stage))
		}
		return out
	})
	AccessRequestsByPerson = AccessRequests.Index("person", func(r *AccessRequest) [][]byte {
		if r.Person == 0 {
			return nil
		}
		return key.One(r.Person)
	})
	// when each was confirmed: how many came lately.
	AccessRequestsByTime = AccessRequests.Index("time", func(r *AccessRequest) [][]byte {
		if r.Confirmed.IsZero() {
			return nil
		}
		return key.One(r.Confirmed)
	})
	// whether it was decided, and since when it is what it is, of what goes some day.
	AccessRequestsByAge = AccessRequests.Index("age", func(r *AccessRequest) [][]byte {
		switch {
		case r.Confirmed.IsZero():
			return key.One(false, r.Created)
		case !r.Decided.IsZero():
			return key.One(true, r.Decided)
		}
		return nil
	})
)
