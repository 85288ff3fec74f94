// Package store owns the types of the desk: each noun is a row with its table, its indexes and its limits, in one list of
// tables. How rows are kept is the work of the package db below it.
package store

import (
	"slices"
	"strings"

	"sportello/store/db"
)

// Open opens the data folder as the desk's: see Schema.Open.
func Open(dir string, o db.Options) (*db.Store, error) { return schema.Open(dir, o) }

// Inspect runs fn on the rows of a copy of the desk's file: see Schema.Inspect.
func Inspect(path string, fn func(*db.Tx) error) error { return schema.Inspect(path, fn) }

// SchemaVersion is the version of the rows that this release reads and writes.
func SchemaVersion() int { return schema.Version() }

// Tables returns all kinds of record there are.
func Tables() []db.AnyTable { return slices.Clone(tables) }

// Most returns the limit of a field that is named with its table, tickets.subject: see Table.Most.
func Most(field string) int {
	table, name, _ := strings.Cut(field, ".")
	for _, t := range tables {
		if t.Name() == table {
			return t.Most(name)
		}
	}
	panic("store: no table " + table)
}
