package policy

import (
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Rights that hang on no single ticket and on no account: over articles, groups, and what makes the desk.

// DeskAct is something a person may or may not do at the desk.
type DeskAct uint8

// The acts at the desk. Each has its row in deskRights; see table.go.
const (
	ReadPublic   DeskAct = iota + 1 // published articles for everybody
	ReadSignedIn                    // those for people who are signed in
	ReadAgents                      // those for agents
	ReadDraft                       // what is not published
	WriteArticle                    // and drafts of it
	Publish                         // an article of a module, and take it back
	TendGroup                       // see the people of a group and its figures
	Run                             // groups, catalogue, organisations and where they go, texts, matrix, settings
	lastDeskAct  = Run
)

// deskRelation is a person's relation to the desk.
type deskRelation uint8

const (
	asAnybody deskRelation = iota // signed in or not
	asSignedIn
	asAgent
	asTender // supervisor of the group that the act is about
	asDeskEditor
	asDeskRunner
	deskRelations
)

// deskCell is the entry of the table for an act and a relation.
type deskCell uint8

const (
	notAtDesk deskCell = iota
	atDesk
	unreviewed // if the product needs no review
)

// deskFacts are what rights at the desk depend on besides the person.
type deskFacts struct {
	group    uint64 // the group that the act is about
	reviewed bool   // the product needs a review
}

// mayAtDesk reports whether the actor may do the act. Relations add up; an act without a row is refused.
func mayAtDesk(a Actor, act DeskAct, of deskFacts) bool {
	row, ok := deskRights[act]
	if !ok {
		return false
	}
	is := [deskRelations]bool{asAnybody: true, asSignedIn: a.SignedIn(), asAgent: a.IsAgent(), asDeskRunner: a.IsAdministrator()}
	if a.Person != nil {
		is[asTender], is[asDeskEditor] = of.group != 0 && a.Person.Supervises(of.group), a.Person.Editor
	}
	for r, has := range is {
		if has && (row[r] == atDesk || row[r] == unreviewed && !of.reviewed) {
			return true
		}
	}
	return false
}

// allowed returns nil when the actor may do the act, else what Denied returns.
func allowed(a Actor, act DeskAct, of deskFacts) error {
	if mayAtDesk(a, act, of) {
		return nil
	}
	return Denied(a)
}

// MayAdminister returns nil for those who run the desk, administrators, and a Denied error for others.
func MayAdminister(a Actor) error { return allowed(a, Run, deskFacts{}) }

// MaySupervise returns nil for administrators and for supervisors of the group.
func MaySupervise(a Actor, group uint64) error { return allowed(a, TendGroup, deskFacts{group: group}) }

// MayRead reports whether the actor may read articles of the module and audience; only writers may read drafts.
func MayRead(tx *db.Tx, a Actor, module uint64, audience store.Audience, pub store.Publication) bool {
	act := ReadDraft // also of an audience that only another release knows
	if pub == store.Published {
		switch audience {
		case store.Public:
			act = ReadPublic
		case store.SignedIn:
			act = ReadSignedIn
		case store.Agents:
			act = ReadAgents
		}
	}
	return a.Reaches(tx, scope.Articles, module) && mayAtDesk(a, act, deskFacts{})
}

// MayDraft returns nil for people who may write articles: agents, editors, administrators.
func MayDraft(a Actor) error { return allowed(a, WriteArticle, deskFacts{}) }

// MayPublish returns nil for people who may publish an article of the module: editors, administrators, supervisors of
// its group, and agents if the product requires no review. A module that does not exist (see Nowhere) counts as
// requiring a review as soon as any product does, so that the answer does not reveal which modules exist.
func MayPublish(tx *db.Tx, a Actor, module uint64) error {
	of := deskFacts{reviewed: true}
	if mayAtDesk(a, Publish, of) || !a.IsAgent() { // supervisors are agents
		return allowed(a, Publish, of)
	}
	review := store.CurrentSettings(tx).ReviewModules
	if module == Nowhere {
		of.reviewed = false
		for _, needed := range review {
			of.reviewed = of.reviewed || needed
		}
		return allowed(a, Publish, of)
	}
	if of.reviewed = review[product(tx, module)]; of.reviewed {
		group, err := GroupOf(tx, module)
		if err != nil {
			return err
		}
		of.group = group
	}
	return allowed(a, Publish, of)
}

// GroupOf returns the group that looks after the module: the general one for a module without, and for no module.
func GroupOf(tx *db.Tx, module uint64) (uint64, error) {
	p, err := Placement(tx, module)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return 0, err
	}
	if p.Group != 0 {
		return p.Group, nil
	}
	general, err := store.GroupsByCode.PeekFirst(tx, store.GeneralGroup)
	if err != nil {
		return 0, err
	}
	return general.ID, nil
}
