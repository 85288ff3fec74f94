package policy

import (
	"slices"

	"sportello/store"
	"sportello/store/db"
)

// InstallationAct is something a person may or may not do with the installations of an organisation.
type InstallationAct uint8

// The acts on installations. Each has its row in installationRights; see table.go.
const (
	SeeInstallations    InstallationAct = iota + 1
	KeepInstallations                   // say which version runs, since when, and who installs there
	lastInstallationAct = KeepInstallations
)

// installationRelation is a person's relation to an installation.
type installationRelation uint8

const (
	asMember         installationRelation = iota // belongs to the organisation
	asPlaceNamed                                 // named by a coordinator of these, for the module
	asPlaceKeeper                                // coordinator of the organisation, or of the unit whose installation it is
	asModuleAgent                                // of the module's group
	asOtherAgent                                 // of another group
	asModuleOverseer                             // supervisor of the module's group
	asDesksRunner                                // administrator
	installationRelations
)

var installationActNames = [...]string{SeeInstallations: "see-installations", KeepInstallations: "keep-installations"}

var installationRelationNames = [installationRelations]string{asMember: "member", asPlaceNamed: "named", asPlaceKeeper: "coordinator", asModuleAgent: "agent-here",
	asOtherAgent: "agent-elsewhere", asModuleOverseer: "supervisor", asDesksRunner: "administrator"}

// AnswersFor reports whether the person answers for the place about all of the modules: as its coordinator, or named by one
// for these modules or levels above them, or for all. Module 0 is some module, of whom it takes one to tell.
func AnswersFor(tx *db.Tx, p *store.Person, at store.Hat, modules ...uint64) bool {
	if p == nil {
		return false
	}
	return slices.ContainsFunc(p.Affiliations, func(h store.Affiliation) bool {
		return h.Answers(at.Organisation, at.Unit) && h.Holds(tx.Now()) && answersAbout(tx, &h, modules)
	})
}

func answersAbout(tx *db.Tx, h *store.Affiliation, modules []uint64) bool {
	return h.Coordinator || len(h.Modules) == 0 || !slices.ContainsFunc(modules, func(m uint64) bool {
		return m != 0 && !slices.ContainsFunc(h.Modules, func(level uint64) bool { return Under(tx, m, level) })
	})
}

// MayInstallation reports whether the actor may do the act with the installation, whose module's group is group. Module 0 is
// some module, of whom it takes one to tell.
func MayInstallation(tx *db.Tx, a Actor, act InstallationAct, i *store.Installation, group uint64) bool {
	if a.System {
		return true
	}
	row, ok := installationRights[act]
	if !ok || a.Person == nil || a.Person.Disabled {
		return false
	}
	p, now := a.Person, tx.Now()
	is := [installationRelations]bool{
		asMember:         p.Belongs(i.Organisation, 0, now),
		asPlaceNamed:     AnswersFor(tx, p, store.Hat{Organisation: i.Organisation, Unit: i.Unit}, i.Module),
		asPlaceKeeper:    p.Covers(i.Organisation, i.Unit, now),
		asModuleAgent:    p.InGroup(group),
		asOtherAgent:     p.IsAgent() && !p.InGroup(group),
		asModuleOverseer: p.Supervises(group),
		asDesksRunner:    a.IsAdministrator(),
	}
	for r, has := range is {
		if has && row[r] == yes {
			return true
		}
	}
	return false
}
