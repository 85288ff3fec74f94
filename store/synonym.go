package store

import (
	"sportello/store/db"
	"sportello/store/key"
)

// SynonymSet is a set of words that mean the same in searches in one language. A word may be a phrase: busta paga.
type SynonymSet struct {
	db.Row
	Language string   `json:"language"` // it or en
	Words    []string `json:"words"`
}

// SynonymsByLanguage leads to the sets of a language.
var SynonymsByLanguage = Synonyms.Index("language", func(s *SynonymSet) [][]byte { return key.One(s.Language, s.ID) })
