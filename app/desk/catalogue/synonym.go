package catalogue

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/assets"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// The limits of the list of synonyms.
const (
	maxSynonymSets = 2000 // of one language
)

var (
	maxSynonymWords = store.Synonyms.Most("words")       // of one set
	maxSynonym      = store.Synonyms.MostOfEach("words") // characters of one word
)

// SynonymLists has, for each language, the sets of words with the same meaning, in the order in which they were
// written.
type SynonymLists map[string][][]string

// Synonyms returns the lists and a mark of their current state, to be passed to ChangeSynonyms. Only administrators may
// call it.
func (ct *Catalogue) Synonyms(a policy.Actor) (lists SynonymLists, mark string, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, "", err
	}
	err = ct.st.View(func(tx *db.Tx) error {
		now, err := readSynonyms(tx)
		lists, mark = SynonymLists{}, synonymMark(now)
		for _, language := range synonymLanguages {
			for _, s := range now[language] {
				lists[language] = append(lists[language], s.Words)
			}
		}
		return err
	})
	return lists, mark, err
}

var synonymLanguages = []string{"it", "en"}

func readSynonyms(tx *db.Tx) (map[string][]*store.SynonymSet, error) {
	out := map[string][]*store.SynonymSet{}
	for _, language := range synonymLanguages {
		sets, err := store.SynonymsByLanguage.Find(tx, language)
		if err != nil {
			return nil, err
		}
		out[language] = sets
	}
	return out, nil
}

func synonymMark(now map[string][]*store.SynonymSet) string {
	h := fnv.New64a()
	for _, language := range synonymLanguages {
		for _, s := range now[language] {
			fmt.Fprintf(h, "%d %d\n", s.ID, s.Rev)
		}
	}
	return fmt.Sprintf("%x", h.Sum64())
}

// ChangeSynonyms replaces the lists, with effect at once. Unchanged sets are not written again. saw is the mark that
// the actor saw; empty skips the check. Only administrators may call it. Problems name the field synonyms-it or
// synonyms-en. It returns Conflict "error.changed-meanwhile" when somebody else changed a list.
func (ct *Catalogue) ChangeSynonyms(a policy.Actor, saw string, lists SynonymLists) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	return ct.st.Update(a.By(act.ChangeSynonyms), func(tx *db.Tx) error {
		now, err := readSynonyms(tx)
		if err != nil {
			return err
		}
		if saw != "" && saw != synonymMark(now) {
			return entry.Conflict("error.changed-meanwhile")
		}
		var wrong fault.Problems
		wants := SynonymLists{}
		for _, language := range synonymLanguages {
			wants[language] = cleanSynonyms(&wrong, "synonyms-"+language, lists[language])
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		for _, language := range synonymLanguages {
			wanted := wants[language]
			for _, s := range now[language] {
				if i := slices.IndexFunc(wanted, func(w []string) bool { return slices.Equal(w, s.Words) }); i >= 0 {
					wanted = slices.Delete(wanted, i, i+1)
				} else if err := store.Synonyms.Delete(tx, s.ID); err != nil {
					return err
				}
			}
			if err := addSynonyms(tx, language, wanted); err != nil {
				return err
			}
		}
		return nil
	})
}

func addSynonyms(tx *db.Tx, language string, sets [][]string) error {
	for _, words := range sets {
		if err := store.Synonyms.Put(tx, &store.SynonymSet{Language: language, Words: words}); err != nil {
			return err
		}
	}
	return nil
}

func cleanSynonyms(wrong *fault.Problems, field string, sets [][]string) [][]string {
	var out [][]string
	for _, set := range sets {
		set = entry.CleanLines(set)
		switch {
		case len(set) == 0:
			continue
		case len(set) == 1:
			wrong.Add(field, "error.synonym-alone", "word", set[0])
		case len(set) > maxSynonymWords:
			wrong.Add(field, "error.synonyms-many", "word", set[0], "max", maxSynonymWords)
		}
		for _, w := range set {
			if len([]rune(w)) > maxSynonym || strings.Contains(w, ",") {
				wrong.Add(field, "error.synonym-long", "word", markup.Excerpt(w, 40), "max", maxSynonym)
			}
		}
		if !slices.ContainsFunc(out, func(o []string) bool { return slices.Equal(o, set) }) {
			out = append(out, set)
		}
	}
	if len(out) > maxSynonymSets {
		wrong.Add(field, "error.too-many-of", "max", maxSynonymSets)
	}
	return out
}

// seedSynonyms writes the built-in synonyms.
func seedSynonyms(tx *db.Tx) error {
	var file map[string][][]string
	if err := toml.Unmarshal(assets.Synonyms, &file); err != nil {
		return fmt.Errorf("desk: read built-in synonyms: %w", err)
	}
	for _, language := range synonymLanguages {
		var wrong fault.Problems
		sets := cleanSynonyms(&wrong, "synonyms", file[language])
		if err := wrong.Err(); err != nil {
			return fmt.Errorf("desk: built-in synonyms: %w", err)
		}
		if err := addSynonyms(tx, language, sets); err != nil {
			return err
		}
	}
	return nil
}
