package db

import (
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/disk"
)

// Schema says what a file holds: its tables, in the order in which Check and the inventory of a backup walk them, and the
// steps that lead from version 1 upwards: the first makes version 2 of version 1.
type Schema struct {
	Tables []AnyTable
	Steps  []Step
}

// Step leads a file from one version to the next, in one transaction with the new version number. The time of its
// transaction is that of the desk's clock. A table that the file does not have yet has no rows to change.
type Step struct {
	Name string
	Run  func(*Tx) error
}

// Version is the version of a file of this schema.
func (s *Schema) Version() int { return len(s.Steps) + 1 }

func (s *Schema) steps() []disk.Step {
	var out []disk.Step
	for _, step := range s.Steps {
		out = append(out, disk.Step{Name: step.Name, Run: func(b *bbolt.Tx, now time.Time) error {
			return step.Run(&Tx{bolt: b, now: now})
		}})
	}
	return out
}
