// Package catalogue is what the desk offers and how it presents itself: modules and their placement, settings, branding,
// synonyms, and the texts of mail.
package catalogue

import "sportello/store"

// Catalogue is the catalogue of one desk, with its settings.
type Catalogue struct{ st *store.Store }

// New returns the catalogue of the store.
func New(st *store.Store) *Catalogue { return &Catalogue{st: st} }
