package store

import (
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
)

// Installation is a version of a module that an organisation, or one of its units, has in use in an environment. There is
// one row for each of these; what ran before stands in the change log.
type Installation struct {
	db.Row
	Organisation uint64      `json:"organisation"`
	Unit         uint64      `json:"unit,omitzero"` // 0: the organisation as a whole
	Module       uint64      `json:"module"`
	Environment  Environment `json:"environment"`
	Version      string      `json:"version"`        // as the supplier writes it
	Since        time.Time   `json:"since,omitzero"` // the day it was installed; zero: nobody said
	Installs     Installer   `json:"installs,omitzero"`
	By           uint64      `json:"by,omitzero"`      // who said so last; 0 is the desk
	ByDesk       bool        `json:"by_desk,omitzero"` // said for the organisation by somebody of the desk
}

// The ways into the installations. An organisation's are found together, and so are those of a module.
var (
	InstallationsByPlace = Installations.UniqueIndex("place", func(i *Installation) [][]byte {
		return key.One(i.Organisation, i.Unit, i.Module, i.Environment)
	})
	InstallationsByModule = Installations.Index("module", func(i *Installation) [][]byte {
		return key.One(i.Module, i.Environment, i.Organisation, i.Unit)
	})
)

// Environment is where a version runs.
type Environment uint8

// The environments.
const (
	EnvironmentNone Environment = iota
	Test
	Production
)

var environments = []string{"", "test", "production"}

// Installer is who installs the versions of a module at an organisation. It decides who is asked whether an update is
// installed: what the desk or the supplier installs itself, the organisation is only told.
type Installer uint8

// The installers; the zero value is the organisation itself.
const (
	InstalledByOrganisation Installer = iota
	InstalledByDesk
	InstalledBySupplier
)

var installers = []string{"organisation", "desk", "supplier"}

func (v Environment) Byte() byte { return byte(v) }
func (v Installer) Byte() byte   { return byte(v) }

func (v Environment) String() string { return enum.Word(environments, byte(v)) }
func (v Installer) String() string   { return enum.Word(installers, byte(v)) }

// MarshalText writes the code.
func (v Environment) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
func (v Installer) MarshalText() ([]byte, error)   { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *Environment) UnmarshalText(b []byte) error { return enum.Read(environments, b, v) }
func (v *Installer) UnmarshalText(b []byte) error   { return enum.Read(installers, b, v) }
