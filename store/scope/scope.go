// Package scope says how much of its person's rights a token leaves to a program. A scope gives nothing: it is a floor
// that nobody rises above, whatever the person may do.
package scope

import "slices"

// Noun is a kind of thing that the API serves.
type Noun string

// The nouns, in the order in which people are asked about them.
const (
	Tickets       Noun = "tickets"
	Articles      Noun = "articles"
	Organisations Noun = "organisations"
	People        Noun = "people"
	Tokens        Noun = "tokens"
	Releases      Noun = "releases"
	Problems      Noun = "problems"
	Plans         Noun = "plans" // and their templates
	Audit         Noun = "audit"
)

// Nouns returns every noun there is.
func Nouns() []Noun {
	return []Noun{Tickets, Articles, Organisations, People, Tokens, Releases, Problems, Plans, Audit}
}

// OfModules reports whether the things of the noun belong to modules of the catalogue.
func (n Noun) OfModules() bool {
	return n == Tickets || n == Articles || n == Releases || n == Problems || n == Plans
}

// Access says whether a token reads or also writes.
type Access string

// The accesses. Whoever may write also reads: the answer to a change is the thing as it is now.
const (
	None  Access = ""
	Read  Access = "read"
	Write Access = "write"
)

// Scope is what a token is limited to. The zero value admits nothing.
type Scope struct {
	Access  Access   `json:"access,omitzero"`
	All     bool     `json:"all,omitzero"`    // every noun, those of later releases too
	Nouns   []Noun   `json:"nouns,omitempty"` // else these
	Modular bool     `json:"modular,omitzero"`
	Modules []uint64 `json:"modules,omitempty"` // if Modular: only what belongs to these modules and of those below
}

// Valid reports whether the scope admits something, and names only what there is.
func (s Scope) Valid() bool {
	known := !slices.ContainsFunc(s.Nouns, func(n Noun) bool { return !slices.Contains(Nouns(), n) })
	return (s.Access == Read || s.Access == Write) && (s.All || len(s.Nouns) > 0) && known && s.Modular == (len(s.Modules) > 0)
}

// Whole is the scope that takes nothing away.
func Whole() Scope { return Scope{Access: Write, All: true} }

// Names reports whether the scope includes the noun.
func (s Scope) Names(n Noun) bool { return s.Access != None && (s.All || slices.Contains(s.Nouns, n)) }

// Need is what a route of the API asks of a token: to read or to write things of at least one of the nouns. The zero
// value is what no route may say.
type Need struct {
	Access Access
	Nouns  []Noun
	Whole  bool // a token that reaches every noun and every module
}

// Said reports whether the need says something.
func (n Need) Said() bool { return (n.Access == Read || n.Access == Write) && len(n.Nouns) > 0 }

// Admits reports whether the scope is enough for the need.
func (s Scope) Admits(n Need) bool {
	return n.Said() && (!n.Whole || s.All && !s.Modular) && (s.Access == Write || s.Access == Read && n.Access == Read) && slices.ContainsFunc(n.Nouns, s.Names)
}
