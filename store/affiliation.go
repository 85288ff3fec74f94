package store

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Affiliation is one hat of a person: the organisation or unit they belong to, as what, and from when until when. A
// person may have several at a time, also in one organisation. It opens nothing by itself; a coordinator's lets the
// person see and speak for the tickets that were opened under its organisation, or under its unit if it has one.
type Affiliation struct {
	Organisation uint64    `json:"organisation"`
	Unit         uint64    `json:"unit,omitzero"`
	Position     string    `json:"position,omitzero"` // a code of Settings.Positions; empty: nobody said
	Modules      []uint64  `json:"modules,omitempty"` // those the person works with there; empty: nobody said
	Coordinator  bool      `json:"coordinator,omitzero"`
	Named        bool      `json:"named,omitzero"` // answers for updates there, of Modules alone if there are any, and says which versions run
	From         time.Time `json:"from,omitzero"`  // zero: since ever
	Until        time.Time `json:"until,omitzero"` // the first moment at which it no longer holds; zero: open
	Source       Source    `json:"source"`
	By           uint64    `json:"by,omitzero"` // who gave it; 0 is the desk
	Given        time.Time `json:"given,omitzero"`
	Warned       int       `json:"warned,omitzero"` // how many of the warnings of its end are past
	Ended        time.Time `json:"ended,omitzero"`  // when its end was recorded: it never holds again, whatever the clock says
	Fading       bool      `json:"fading,omitzero"` // it ends because nobody confirmed the list of the organisation's people
	Else         time.Time `json:"else,omitzero"`   // while it fades: the end that it has when somebody does
}

// Source is where an affiliation comes from.
type Source uint8

// The sources.
const (
	ByHand        Source = iota // an administrator or coordinator gave it
	FromRequest                 // a request for access
	FromList                    // an import
	FromDirectory               // a directory of people
	FromProvider                // a system that signs people in
	FromAddress                 // the domain of the person's mail address
)

var sources = []string{"hand", "request", "list", "directory", "provider", "address"}

// Warnings say how long before the end of an affiliation its person and coordinators are told of it.
var Warnings = []time.Duration{30 * 24 * time.Hour, 7 * 24 * time.Hour}

// Holds reports whether the affiliation is in force at the moment.
func (h *Affiliation) Holds(now time.Time) bool {
	return h.Ended.IsZero() && !now.Before(h.From) && !h.Past(now)
}

// Past reports whether the affiliation is over at the moment.
func (h *Affiliation) Past(now time.Time) bool {
	return !h.Ended.IsZero() || !h.Until.IsZero() && !now.Before(h.Until)
}

// Turns returns when something is to be done about the affiliation: a warning, or its end. Zero is never.
func (h *Affiliation) Turns() time.Time {
	switch {
	case h.Until.IsZero() || !h.Ended.IsZero():
		return time.Time{}
	case h.Warned < len(Warnings):
		return h.Until.Add(-Warnings[h.Warned])
	}
	return h.Until
}

// Under reports whether the affiliation is one of the organisation, or of this unit of it if the unit is not 0.
func (h *Affiliation) Under(organisation, unit uint64) bool {
	return organisation != 0 && h.Organisation == organisation && (unit == 0 || h.Unit == unit)
}

// Coordinates reports whether the affiliation makes its person coordinator of the organisation as a whole or of this
// unit of it, while it holds.
func (h *Affiliation) Coordinates(organisation, unit uint64) bool {
	return h.Coordinator && organisation != 0 && h.Organisation == organisation && (h.Unit == 0 || h.Unit == unit)
}

// Answers reports whether the affiliation makes its person answer for the organisation as a whole or for this unit of it, of
// modules or of all: as its coordinator, or named by one.
func (h *Affiliation) Answers(organisation, unit uint64) bool {
	return (h.Coordinator || h.Named) && organisation != 0 && h.Organisation == organisation && (h.Unit == 0 || h.Unit == unit)
}

// Same reports whether the other affiliation says the same of its person, whoever gave it and whatever was told of it.
func (h *Affiliation) Same(o Affiliation) bool {
	return h.Hat() == o.Hat() && h.Position == o.Position && slices.Equal(h.Modules, o.Modules) && h.Coordinator == o.Coordinator && h.Named == o.Named &&
		h.From.Equal(o.From) && h.Until.Equal(o.Until) && h.Ended.Equal(o.Ended)
}

// Hats returns the affiliations that hold at the moment, the one under which the person last opened a ticket first.
func (p *Person) Hats(now time.Time) []Affiliation {
	var out []Affiliation
	for _, h := range p.Affiliations {
		if !h.Holds(now) {
			continue
		}
		if h.Hat() == p.Wore && len(out) > 0 {
			out = slices.Insert(out, 0, h)
		} else {
			out = append(out, h)
		}
	}
	return out
}

// Hat returns the hat of the first of Hats: the one that counts where nobody chooses. It is zero for a person without
// any.
func (p *Person) Hat(now time.Time) Hat {
	var first Hat
	for i := range p.Affiliations {
		switch h := &p.Affiliations[i]; {
		case !h.Holds(now):
		case h.Hat() == p.Wore:
			return p.Wore
		case first.Organisation == 0:
			first = h.Hat()
		}
	}
	return first
}

// HatNear returns the person's hat that is the nearest to the other one: the same, one of the same organisation, else Hat.
func (p *Person) HatNear(o Hat, now time.Time) Hat {
	near := p.Hat(now)
	for i := range p.Affiliations {
		switch h := &p.Affiliations[i]; {
		case !h.Holds(now):
		case h.Hat() == o:
			return o
		case h.Organisation == o.Organisation && near.Organisation != o.Organisation:
			near = h.Hat()
		}
	}
	return near
}

// Coordinated returns the affiliations by which the person is a coordinator at the moment.
func (p *Person) Coordinated(now time.Time) []Affiliation {
	var out []Affiliation
	for _, h := range p.Affiliations {
		if h.Coordinator && h.Holds(now) {
			out = append(out, h)
		}
	}
	return out
}

// Answering returns the affiliations by which the person answers for somebody at the moment.
func (p *Person) Answering(now time.Time) []Affiliation {
	var out []Affiliation
	for _, h := range p.Affiliations {
		if (h.Coordinator || h.Named) && h.Holds(now) {
			out = append(out, h)
		}
	}
	return out
}

// IsCoordinator reports whether the person coordinates something at the moment.
func (p *Person) IsCoordinator(now time.Time) bool {
	return slices.ContainsFunc(p.Affiliations, func(h Affiliation) bool { return h.Coordinator && h.Holds(now) })
}

// WillCoordinate reports whether the person coordinates something, or will once an affiliation begins.
func (p *Person) WillCoordinate() bool {
	for h := range p.Open {
		if h.Coordinator {
			return true
		}
	}
	return false
}

// Belongs reports whether one of the person's affiliations is in the organisation, or in this unit of it if the unit is
// not 0, at the moment.
func (p *Person) Belongs(organisation, unit uint64, now time.Time) bool {
	return slices.ContainsFunc(p.Affiliations, func(h Affiliation) bool { return h.Under(organisation, unit) && h.Holds(now) })
}

// Covers reports whether the person coordinates the organisation as a whole or this unit of it at the moment.
func (p *Person) Covers(organisation, unit uint64, now time.Time) bool {
	return slices.ContainsFunc(p.Affiliations, func(h Affiliation) bool { return h.Coordinates(organisation, unit) && h.Holds(now) })
}

// Lapsed reports whether all access of the person came from affiliations and the last of them is over: they had one,
// none holds, and they have no role at the desk.
func (p *Person) Lapsed(now time.Time) bool {
	if p.Administrator || p.Editor || p.IsAgent() {
		return false
	}
	over := false
	for i := range p.Affiliations {
		if p.Affiliations[i].Holds(now) {
			return false
		}
		over = over || p.Affiliations[i].Past(now)
	}
	return over
}

// MayEnter reports whether the person may sign in at the moment.
func (p *Person) MayEnter(now time.Time) bool { return !p.Disabled && !p.Lapsed(now) }

// Open returns the affiliations whose end is not recorded, also those that have yet to begin.
func (p *Person) Open(yield func(Affiliation) bool) {
	for _, h := range p.Affiliations {
		if h.Ended.IsZero() && !yield(h) {
			return
		}
	}
}

// Hat is the organisation and unit under which a ticket was opened; no organisation is none.
type Hat struct {
	Organisation uint64 `json:"organisation,omitzero"`
	Unit         uint64 `json:"unit,omitzero"`
}

// Hat returns the organisation and unit of the affiliation.
func (h *Affiliation) Hat() Hat { return Hat{h.Organisation, h.Unit} }

// belonging returns the keys of the person under each place that of names: whether all of their affiliations there have
// ended, then the name.
func (p *Person) belonging(of func(*Affiliation) uint64) [][]byte {
	var places []uint64
	open := map[uint64]bool{}
	for i := range p.Affiliations {
		h := &p.Affiliations[i]
		place := of(h)
		if _, seen := open[place]; !seen && place != 0 {
			places = append(places, place)
		}
		open[place] = open[place] || h.Ended.IsZero()
	}
	var out [][]byte
	for _, place := range places {
		out = append(out, key.Of(place, !open[place], spelling.Fold(p.Name)))
	}
	return out
}

// The ways to people by their affiliations.
var (
	// organisation, whether all of the person's affiliations there have ended, then the name.
	PeopleByOrganisation = People.Index("organisation", func(p *Person) [][]byte {
		return p.belonging(func(h *Affiliation) uint64 { return h.Organisation })
	})
	// unit, whether all of the person's affiliations there have ended, then the name.
	PeopleByUnit = People.Index("unit", func(p *Person) [][]byte {
		return p.belonging(func(h *Affiliation) uint64 { return h.Unit })
	})
	// organisation and unit of a coordinator, or of somebody whom one named.
	PeopleByCoordination = People.Index("coordination", func(p *Person) [][]byte {
		var out [][]byte
		for h := range p.Open {
			if h.Coordinator || h.Named {
				out = append(out, key.Of(h.Organisation, h.Unit))
			}
		}
		return out
	})
	// when something is to be done about one of the person's affiliations.
	PeopleByTurn = People.Index("turn", func(p *Person) [][]byte {
		var first time.Time
		for h := range p.Open {
			if at := h.Turns(); !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		if first.IsZero() {
			return nil
		}
		return key.One(first)
	})
)

// OrganisationsByCode leads to the organisation with the code, also by the codes of those it took in.
var OrganisationsByCode = Organisations.UniqueIndex("code", func(o *Organisation) [][]byte {
	var out [][]byte
	if o.Code != "" { // as in older files, until they are brought up to date
		out = key.One(o.Code)
	}
	for _, f := range o.Former {
		out = append(out, key.Of(f.Code))
	}
	return out
})

// maxOrganisationCode is how many characters the code of an organisation has at most.
const maxOrganisationCode = 80

// FreeCode returns a code for an organisation of the name: its words in lower-case ASCII letters and digits joined by
// hyphens, with -2, -3 and so on if another organisation has it.
func FreeCode(tx *db.Tx, name string) string {
	return freeCode(name, func(code string) bool { return OrganisationsByCode.Has(tx, code) })
}

func freeCode(name string, taken func(string) bool) string {
	words := strings.FieldsFunc(strings.ToLower(norm.NFKD.String(name)), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && (r < 0x300 || r > 0x36f)
	})
	base := strings.Map(func(r rune) rune {
		if r > 'z' {
			return -1
		}
		return r
	}, strings.Join(words, "-"))
	base = strings.Trim(base[:min(len(base), maxOrganisationCode)], "-")
	if base == "" {
		base = "ente"
	}
	code := base
	for n := 2; taken(code); n++ {
		end := "-" + strconv.Itoa(n)
		code = strings.TrimRight(base[:min(len(base), maxOrganisationCode-len(end))], "-") + end
	}
	return code
}

// Position is one of the positions that a person may have in an organisation.
type Position struct {
	Code string `json:"code"`
	Name Words  `json:"name"`
}

// DefaultPositions are those of a new desk.
var DefaultPositions = []Position{
	{"student", Words{"Studente", "Student"}},
	{"teaching", Words{"Docente", "Teaching"}},
	{"technical-administrative", Words{"Tecnico-amministrativo", "Technical and administrative"}},
	{"external", Words{"Esterno", "External"}},
}
