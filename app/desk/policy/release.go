package policy

import (
	"slices"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// ReleaseAct is something a person may or may not do with a release, a receipt of it, or the contacts of an organisation.
type ReleaseAct uint8

// The acts on releases. Each has its row in releaseRights; see table.go.
const (
	SeeRelease     ReleaseAct = iota + 1 // one that was published, and its files
	SeeDraft                             // one that is not
	WriteRelease                         // and send its files
	CheckRelease                         // as the second person
	PublishRelease                       // withdraw it, tell people again, widen its audience
	SeeReceipt                           // of a place
	AnswerReceipt                        // for a place
	SeeDownloads                         // who fetched what
	KeepContacts                         // of an organisation
	lastReleaseAct = KeepContacts
)

// releaseRelation is a person's relation to a release, or to a place that it went to.
type releaseRelation uint8

const (
	asAddressee         releaseRelation = iota // belongs to an organisation that it went to
	asReleaseNamed                             // named by a coordinator of such an organisation for its modules; about a place, of that place
	asSpeaker                                  // coordinator of such an organisation; about a place, of that place
	asReleaseAgent                             // of the groups of its modules: to see it, of one of them
	asReleaseOutsider                          // agent of other groups
	asReleaseSupervisor                        // of the groups of its modules
	asReleaseRunner                            // administrator
	releaseRelations
)

// releaseCell is the entry of the table for an act and a relation.
type releaseCell uint8

const (
	neverRelease releaseCell = iota
	alwaysRelease
	openRelease
	secondPerson
	uncheckedRelease
)

// ReleaseFacts are what rights over a release depend on besides the person. They are gathered once for each release.
type ReleaseFacts struct {
	release      *store.Release
	groups       []uint64 // of its modules, the general one for a module without
	confidential bool
	checked      bool // the product asks for a second person, who has not checked it
}

// FactsOfRelease gathers the facts of a release.
func FactsOfRelease(tx *db.Tx, r *store.Release) (ReleaseFacts, error) {
	f := ReleaseFacts{release: r}
	check := store.CurrentSettings(tx).CheckModules
	for _, m := range r.Modules {
		group, err := GroupOf(tx, m)
		if err != nil {
			return f, err
		}
		f.groups = append(f.groups, group)
		f.confidential = f.confidential || Confidential(tx, group, m)
		f.checked = f.checked || check[product(tx, m)]
	}
	return f, nil
}

// NeedsCheck reports whether a second person has to check the release before it is published.
func (f ReleaseFacts) NeedsCheck() bool { return f.checked }

// Groups returns the groups that look after the release.
func (f ReleaseFacts) Groups() []uint64 { return f.groups }

// Inside reports whether the actor has to do with the release as somebody of the desk.
func (f ReleaseFacts) Inside(a Actor) bool {
	return a.System || a.IsAdministrator() || a.Person != nil && slices.ContainsFunc(f.groups, a.Person.InGroup)
}

// may reports whether the actor may do the act with the release; about a receipt, a contact or an answer, at the place.
func (f ReleaseFacts) may(tx *db.Tx, a Actor, act ReleaseAct, at store.Hat) bool {
	if a.System {
		return true
	}
	row, ok := releaseRights[act]
	if !ok || a.Person == nil || a.Person.Disabled {
		return false
	}
	p, now := a.Person, tx.Now()
	if !a.reachesAll(tx, scope.Releases, f.release.Modules) {
		return false
	}
	here, supervises := f.everyGroup(p.InGroup), f.everyGroup(p.Supervises)
	if act == SeeRelease || act == SeeDraft || act == SeeReceipt {
		here, supervises = slices.ContainsFunc(f.groups, p.InGroup), slices.ContainsFunc(f.groups, p.Supervises)
	}
	is := [releaseRelations]bool{asReleaseAgent: here, asReleaseOutsider: p.IsAgent() && !here, asReleaseSupervisor: supervises, asReleaseRunner: a.IsAdministrator()}
	if at.Organisation != 0 {
		is[asReleaseNamed] = f.release.WentTo(at.Organisation) && AnswersFor(tx, p, at, f.release.Modules...)
		is[asSpeaker] = (f.release.WentTo(at.Organisation) || act == KeepContacts) && p.Covers(at.Organisation, at.Unit, now)
	} else {
		for _, h := range p.Affiliations {
			is[asAddressee] = is[asAddressee] || h.Holds(now) && f.release.WentTo(h.Organisation)
			is[asReleaseNamed] = is[asReleaseNamed] || h.Named && h.Holds(now) && f.release.WentTo(h.Organisation) && answersAbout(tx, &h, f.release.Modules)
			is[asSpeaker] = is[asSpeaker] || h.Coordinator && h.Holds(now) && f.release.WentTo(h.Organisation)
		}
	}
	for r, has := range is {
		if !has {
			continue
		}
		switch row[r] {
		case alwaysRelease:
			return true
		case openRelease:
			if !f.confidential {
				return true
			}
		case secondPerson:
			if f.release.Author != p.ID {
				return true
			}
		case uncheckedRelease:
			if !f.checked {
				return true
			}
		case neverRelease:
		}
	}
	return false
}

func (f ReleaseFacts) everyGroup(is func(uint64) bool) bool {
	return len(f.groups) > 0 && !slices.ContainsFunc(f.groups, func(g uint64) bool { return !is(g) })
}

// MayRelease returns nil when the actor may do the act with the release, else what Denied returns; NotFound when they may
// not even see it.
func MayRelease(tx *db.Tx, a Actor, act ReleaseAct, r *store.Release) error {
	return MayReceipt(tx, a, act, r, store.Hat{})
}

// MayReceipt is MayRelease for what concerns a place that the release went to.
func MayReceipt(tx *db.Tx, a Actor, act ReleaseAct, r *store.Release, at store.Hat) error {
	f, err := FactsOfRelease(tx, r)
	if err != nil {
		return err
	}
	return f.May(tx, a, act, at)
}

// May is MayReceipt with the facts of the release.
func (f ReleaseFacts) May(tx *db.Tx, a Actor, act ReleaseAct, at store.Hat) error {
	see := SeeDraft
	if f.release.Out() {
		see = SeeRelease
	}
	switch {
	case f.release.ID != 0 && !f.may(tx, a, see, store.Hat{}):
		return fault.New(fault.NotFound, "error.not-found")
	case act != see && !(act == SeeRelease && see == SeeDraft) && !f.may(tx, a, act, at):
		return Denied(a)
	}
	return nil
}

// MayKeepContacts reports whether the actor may keep the contacts of the organisation for the module; 0 is all modules.
func MayKeepContacts(tx *db.Tx, a Actor, organisation, module uint64) (bool, error) {
	r := &store.Release{}
	if module != 0 {
		r.Modules = []uint64{module}
	}
	f, err := FactsOfRelease(tx, r)
	return err == nil && f.may(tx, a, KeepContacts, store.Hat{Organisation: organisation}), err
}
