package policy

import (
	"slices"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/scope"
)

// AccessAct is something a person may or may not do with a request for credentials.
type AccessAct uint8

// The acts on requests. Each has its row in accessRights; see table.go.
const (
	SeeAccess     AccessAct = iota + 1
	AskBack                 // ask whoever asks, about one module
	AgreePlace              // grant or refuse a module, for the organisation
	AgreeGroup              // the same, for the group that looks after the module
	AgreeAlone              // the same, whoever else would have to agree
	AssignPlace             // say which organisation was meant
	lastAccessAct = AssignPlace
)

// accessRelation is a person's relation to a request, or to one module of it.
type accessRelation uint8

const (
	asAccessSpeaker    accessRelation = iota // coordinator of the organisation, or of the unit that it names
	asAccessAgent                            // of the group that looks after the module; of the request, after one of its modules
	asAccessSupervisor                       // supervisor of that group
	asAccessRunner                           // administrator
	accessRelations
)

// accessActNames are the words for the acts on requests for credentials.
var accessActNames = [...]string{SeeAccess: "see-access", AskBack: "ask-back", AgreePlace: "agree-place", AgreeGroup: "agree-group", AgreeAlone: "agree-alone", AssignPlace: "assign-place"}

// accessRelationNames are the headings of the table of rights over requests for credentials.
var accessRelationNames = [accessRelations]string{asAccessSpeaker: "coordinator", asAccessAgent: "agent-here", asAccessSupervisor: "supervisor", asAccessRunner: "administrator"}

// MayAccess reports whether the actor may do the act with the module of the request; module 0 is the request as a whole, of
// which it takes one of its modules. To one's own request nobody may do anything, and before its address is confirmed nobody
// sees it.
func MayAccess(tx *db.Tx, a Actor, act AccessAct, r *store.AccessRequest, module uint64) bool {
	row, ok := accessRights[act]
	if !ok || a.Person == nil || a.Person.Disabled || r.Confirmed.IsZero() || a.ID() == r.Person {
		return false
	}
	p := a.Person
	is := [accessRelations]bool{asAccessSpeaker: r.Organisation != 0 && p.Covers(r.Organisation, r.Unit, tx.Now()), asAccessRunner: a.IsAdministrator()}
	reaches := false
	for _, k := range r.Asks {
		if module != 0 && k.Module != module {
			continue
		}
		if !a.Reaches(tx, scope.People, k.Module) {
			continue
		}
		reaches = true
		if group, err := GroupOf(tx, k.Module); err == nil {
			is[asAccessAgent] = is[asAccessAgent] || p.InGroup(group)
			is[asAccessSupervisor] = is[asAccessSupervisor] || p.Supervises(group)
		}
	}
	for rel, has := range is {
		if has && reaches && row[rel] == yes {
			return true
		}
	}
	return false
}

// Needed says who must agree before a module of a request is granted.
type Needed struct {
	Place, Group bool // both: each of them; with Either one of them is enough
	Either       bool
	NoSpeaker    bool // nobody coordinates the organisation: an administrator agrees in their place
	Open         bool // the address is one that anybody can have: the organisation and the group agree, whatever the rule
}

// NeededFor returns who must agree before the module is granted to somebody of the place: what the rule of the module says, or
// of the level above it. Without a rule one of both is enough where the organisation has a coordinator, else the group's word.
func NeededFor(tx *db.Tx, module uint64, at store.Hat, open bool) (Needed, error) {
	rule := store.RuleEither
	for id, n := module, 0; id != 0 && n < 10; n++ {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return Needed{}, fault.IgnoreNotFound(err)
		}
		if m.Access != store.RuleAbove {
			rule = m.Access
			break
		}
		id = m.Parent
	}
	speakers, err := Speakers(tx, at)
	if err != nil {
		return Needed{}, err
	}
	speaks := len(speakers) > 0
	n := Needed{NoSpeaker: !speaks, Open: open}
	switch {
	case open, rule == store.RuleBoth:
		n.Place, n.Group = true, true
	case rule == store.RuleCoordinator:
		n.Place = true
	case rule == store.RuleGroup, !speaks:
		n.Group = true
	default:
		n.Place, n.Group, n.Either = true, true, true
	}
	return n, nil
}

// Met reports whether those have agreed who must.
func (n Needed) Met(place, group bool) bool {
	if n.Either {
		return place || group
	}
	return (place || !n.Place) && (group || !n.Group)
}

// Speakers returns the people who coordinate the place at the moment.
func Speakers(tx *db.Tx, at store.Hat) ([]*store.Person, error) {
	var out []*store.Person
	if at.Organisation == 0 {
		return nil, nil
	}
	for _, place := range []store.Hat{{Organisation: at.Organisation}, at} {
		for e := range store.PeopleByCoordination.Entries(tx, db.Span{Prefix: key.Of(place.Organisation, place.Unit)}) {
			p, err := store.People.Get(tx, e.ID)
			if err != nil {
				return nil, err
			}
			if !p.Disabled && p.Covers(at.Organisation, at.Unit, tx.Now()) && !slices.ContainsFunc(out, func(o *store.Person) bool { return o.ID == p.ID }) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}
