// Package catalogue has what the desk supports and how the desk presents itself: modules and their channels, settings,
// branding, synonyms, and the texts of mail.
package catalogue

import (
	"sportello/store/db"
)

// Catalogue is the catalogue of one desk, with its settings.
type Catalogue struct{ st *db.Store }

// New returns the catalogue of the store.
func New(st *db.Store) *Catalogue { return &Catalogue{st: st} }
