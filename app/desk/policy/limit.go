package policy

import (
	"slices"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// A token takes away from the rights of its person and adds none. What it leaves is decided here and nowhere else: by
// MayCall for the route, by Reaches for each thing.

// MayCall returns nil when the actor's token admits what a route of the API needs, else a Denied error. Whoever acts
// without a token calls no route of the API.
func MayCall(a Actor, need scope.Need) error {
	if a.Token == nil || !need.Said() {
		return fault.New(fault.Denied, "error.denied")
	}
	if !a.Token.Scope.Admits(need) {
		return fault.New(fault.Denied, "error.token-scope")
	}
	return nil
}

// Reaches reports whether the actor's token leaves them the things of the noun that belong to the module, 0 for none. It
// does for everybody who acts without a token.
func (a Actor) Reaches(tx *db.Tx, noun scope.Noun, module uint64) bool {
	if a.Token == nil {
		return true
	}
	s := &a.Token.Scope
	if !s.Names(noun) {
		return false
	}
	return !s.Modular || !noun.OfModules() || slices.ContainsFunc(s.Modules, func(m uint64) bool { return m != 0 && Under(tx, module, m) })
}

// reachesAll is Reaches for what belongs to each of the modules; what belongs to none is a thing of no module.
func (a Actor) reachesAll(tx *db.Tx, noun scope.Noun, modules []uint64) bool {
	if len(modules) == 0 {
		return a.Reaches(tx, noun, 0)
	}
	return !slices.ContainsFunc(modules, func(m uint64) bool { return !a.Reaches(tx, noun, m) })
}

// ReachedModules returns the modules that the actor's token is limited to, with those below, and whether it is limited.
func (a Actor) ReachedModules(tx *db.Tx) (modules []uint64, limited bool, err error) {
	if a.Token == nil || !a.Token.Scope.Modular {
		return nil, false, nil
	}
	for m, err := range store.Modules.PeekAll(tx, 0, false) {
		if err != nil {
			return nil, true, err
		}
		if slices.ContainsFunc(scope.Nouns(), func(n scope.Noun) bool { return n.OfModules() && a.Reaches(tx, n, m.ID) }) {
			modules = append(modules, m.ID)
		}
	}
	return modules, true, nil
}
