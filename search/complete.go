package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/segment"
	"sportello/store/spelling"
)

// Completion is what a search box offers while somebody is still typing.
type Completion struct {
	Hits    []Hit    // articles, records and own tickets whose title looks like the text
	Modules []uint64 // levels of the catalogue whose name has the words, those above first
	Words   []string // the text with its last word completed, the most frequent first
	Filters []string // the text with the name of a filter or its value completed
}

const (
	mostWords     = 5
	mostFilters   = 8
	mostBeginning = 300 // words of one segment that begin alike and are weighed
)

// Complete offers how the text may go on, from its third letter. Words come from articles and records the reader may read, for
// agents also from subjects of tickets that are not confidential; modules from the catalogue; hits as in Suggest. It
// fails as Search does.
func (ix *Index) Complete(ctx context.Context, text string, a Access, language string, limit int) (c Completion, err error) {
	if text = strings.ToValidUTF8(text, " "); len(text) > query.MaxQuestion {
		return c, nil
	}
	err = ix.read(ctx, func(ctx context.Context, snap *segment.Snapshot) error {
		cat, err := ix.catalogue.Get(ix.st)
		if err != nil {
			return err
		}
		head, last := lastWord(text)
		for _, f := range completeFilter(last, cat, a, language) {
			c.Filters = append(c.Filters, head+f)
		}
		if strings.ContainsAny(last, ":\"*#+") || strings.HasPrefix(last, "-") || utf8.RuneCountInString(strings.TrimSpace(text)) < analysis.MinPrefix {
			return nil
		}
		words, err := knownWords(ctx, snap, cat, a, last)
		if err != nil {
			return err
		}
		for _, w := range words {
			c.Words = append(c.Words, head+w)
		}
		c.Modules = cat.Named(text)
		c.Hits, err = ix.suggest(ctx, snap, cat, text, Query{Access: a, Language: language, Limit: limit})
		return err
	})
	return c, err
}

// lastWord cuts the text in front of the word that is being typed, which is empty after a space.
func lastWord(text string) (head, last string) {
	i := strings.LastIndexFunc(text, unicode.IsSpace)
	if i < 0 {
		return "", text
	}
	_, w := utf8.DecodeRuneInString(text[i:])
	return text[:i+w], text[i+w:]
}

// knownWords returns words that begin so and that the reader may be told, one of each stem, the most frequent first.
func knownWords(ctx context.Context, snap *segment.Snapshot, cat *query.Catalogue, a Access, typed string) ([]string, error) {
	list := analysis.Tokens(typed)
	if len(list) != 1 || utf8.RuneCountInString(list[0].Term) < analysis.MinPrefix {
		return nil, nil
	}
	beginning := list[0].Term
	counts := map[string]uint64{}
	names := []string{fieldWord}
	if a.knownField() == fieldText {
		names = append(names, fieldTitle)
	}
	for _, p := range snap.Segments {
		known, err := a.knows(p, cat)
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, name := range names {
			weighed, fail := 0, error(nil)
			if err := p.Prefixed(name, beginning, func(t string) bool {
				if t == beginning || strings.IndexFunc(t, func(r rune) bool { return !analysis.IsWord(r) }) >= 0 {
					return true
				}
				var docs *roaring.Bitmap
				if docs, fail = p.Docs(name, t); fail != nil {
					return false
				}
				if n := docs.AndCardinality(known); n > 0 { // words that the reader may not be told take no place from others
					counts[t] += n
					weighed++
				}
				return weighed < mostBeginning
			}); err != nil || fail != nil {
				return nil, cmp.Or(fail, err)
			}
		}
	}
	words := sortedKeys(counts)
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var out []string
	seen := map[string]bool{}
	for _, w := range words {
		s := cmp.Or(analysis.Stem(analysis.GuessLanguage(w), w), w)
		if !seen[s] && len(out) < mostWords {
			seen[s] = true
			out = append(out, w)
		}
	}
	return out, nil
}

// completeFilter returns the filters that what is being typed may become: names first, then values.
func completeFilter(typed string, cat *query.Catalogue, a Access, language string) []string {
	sign := ""
	if strings.HasPrefix(typed, "-") {
		sign, typed = "-", typed[1:]
	}
	name, value, has := strings.Cut(strings.ToLower(typed), ":")
	var out []string
	if !has {
		if len(name) < 2 {
			return nil
		}
		for _, f := range query.FilterHelp {
			if n := f.Name(language); strings.HasPrefix(n, name) && (!f.Agents || a.Agent || a.AllTickets) {
				out = append(out, sign+n+":")
			}
		}
		return out
	}
	code := query.FilterNames[name]
	for _, v := range filterOffers(code, cat, a, language) {
		if folded := spelling.Fold(v); strings.HasPrefix(folded, spelling.Fold(value)) && folded != value && len(out) < mostFilters {
			if strings.ContainsFunc(v, unicode.IsSpace) {
				v = `"` + v + `"`
			}
			out = append(out, sign+name+":"+v)
		}
	}
	return out
}

// filterOffers returns the values of a filter as people write them.
func filterOffers(code string, cat *query.Catalogue, a Access, language string) []string {
	switch code {
	case "module":
		var out []string
		for _, m := range cat.Modules {
			if !m.Retired {
				out = append(out, m.Code)
			}
		}
		slices.Sort(out)
		return out
	case "group":
		if !a.Agent && !a.AllTickets {
			return nil
		}
		var out []string
		for _, g := range cat.Groups {
			out = append(out, g.Code)
		}
		slices.Sort(out)
		return out
	case "organisation":
		if !a.Agent && !a.AllTickets {
			return nil
		}
		var out []string
		for _, o := range cat.Organisations {
			out = append(out, o.Name)
		}
		slices.Sort(out)
		return out
	}
	for _, f := range query.FilterHelp {
		if f.Code == code {
			return f.Values(language)
		}
	}
	return nil
}
