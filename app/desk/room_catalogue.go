// Package catalogue is what the desk offers and how it presents itself: modules and their placement, settings, branding,
// synonyms, and the texts of mail.
package desk

import "sportello/store"

// Catalogue is the catalogue of one desk, with its settings.
type Catalogue struct{ st *store.Store }

// NewCatalogue returns the catalogue of the store.
func NewCatalogue(st *store.Store) *Catalogue { return &Catalogue{st: st} }
