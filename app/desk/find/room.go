// Package find queries the index for a person, so that everyone finds only what they may read, and counts what was not
// found.
package find

import (
	"time"

	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/search"
	"sportello/store/db"
)

// Finder searches one desk.
type Finder struct {
	st         *db.Store
	ix         *search.Index
	clock      func() time.Time
	loc        *time.Location
	missMonths int
	rights     *policy.Rights
	files      *file.Files
	misses     missWork
	kept       answers
}

// New returns the search over the store. Without an index every search returns an Unavailable error. What people did
// not find is kept for missMonths months.
func New(st *db.Store, ix *search.Index, loc *time.Location, missMonths int, rights *policy.Rights, files *file.Files) *Finder {
	return &Finder{st: st, ix: ix, clock: st.Now, loc: loc, missMonths: missMonths, rights: rights, files: files}
}
