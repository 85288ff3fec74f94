package policy

import (
	"time"

	"sportello/store"
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
	asPlaceKeeper                                // coordinator of the organisation, or of the unit whose installation it is
	asModuleAgent                                // of the module's group
	asOtherAgent                                 // of another group
	asModuleOverseer                             // supervisor of the module's group
	asDesksRunner                                // administrator
	installationRelations
)

var installationActNames = [...]string{SeeInstallations: "see-installations", KeepInstallations: "keep-installations"}

var installationRelationNames = [installationRelations]string{asMember: "member", asPlaceKeeper: "coordinator", asModuleAgent: "agent-here",
	asOtherAgent: "agent-elsewhere", asModuleOverseer: "supervisor", asDesksRunner: "administrator"}

// MayInstallation reports whether the actor may do the act with the installation, whose module's group is group.
func MayInstallation(a Actor, act InstallationAct, i *store.Installation, group uint64, now time.Time) bool {
	if a.System {
		return true
	}
	row, ok := installationRights[act]
	if !ok || a.Person == nil || a.Person.Disabled {
		return false
	}
	p := a.Person
	is := [installationRelations]bool{
		asMember:         p.Belongs(i.Organisation, 0, now),
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
