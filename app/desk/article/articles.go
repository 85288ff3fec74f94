package article

import (
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Filter selects articles; a zero field excludes nothing. After is the Next of the previous page.
type Filter struct {
	Module      *uint64 // only this level; 0 for articles without a module
	Below       bool    // with Module: also the levels below it
	Language    string  // of the reader: selects the version shown and the titles to sort by; excludes nothing
	Only        string  // it or en: only versions in that language
	Publication store.Publication
	Audience    store.Audience
	After       string
	Limit       int // 50 when 0, at most 200
}

// Item is one line of a list of articles.
type Item struct {
	*store.Article
	Version *store.Version
}

// Page is one page of a list. Next is empty on the last one.
type Page struct {
	Items []Item
	Next  string
}

// List returns the articles the actor may read, by title, each once, in the reader's language if it has a version in
// it. Without Publication it returns published ones; only writers may list drafts.
func (as *Articles) List(a policy.Actor, f Filter) (Page, error) {
	if f.Publication == store.PublicationNone {
		f.Publication = store.Published
	}
	if f.Publication == store.Draft {
		if err := policy.MayDraft(a); err != nil {
			return Page{}, err
		}
	}
	if f.Language == "" {
		f.Language = a.Lang()
	}
	limit := entry.PageSize(f.Limit)
	var low []byte
	if after, err := hex.DecodeString(f.After); err == nil && len(after) > 0 {
		low = append(after, 0)
	}
	var page Page
	err := as.st.View(func(tx *db.Tx) error {
		page = Page{}
		modules, err := f.modules(tx)
		if err != nil {
			return err
		}
		var spans []db.Span
		for _, m := range modules {
			for _, l := range []string{"it", "en"} {
				if f.Only == "" || f.Only == l {
					spans = append(spans, db.Span{Prefix: key.Of(f.Publication, m, l), Low: low})
				}
			}
		}
		var last []byte
		for e := range store.VersionsByModule.MergeEntries(tx, spans) {
			v, err := store.Versions.Glance(tx, e.ID)
			if err != nil {
				return err
			}
			if f.Audience != store.AudienceNone && v.Audience != f.Audience || !policy.MayRead(tx, a, v.Module, v.Audience, v.Publication) {
				continue
			}
			if v.Language != f.Language && f.Only == "" {
				twin, err := twinIn(tx, v.Article, f.Language)
				if err != nil {
					return err
				}
				if twin != nil && twin.Publication == f.Publication {
					continue // listed under its title in the reader's language
				}
			}
			if len(page.Items) == limit {
				page.Next = hex.EncodeToString(last)
				return nil
			}
			art, err := store.Articles.Get(tx, v.Article)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, Item{art, v})
			last = e.Rest
		}
		return nil
	})
	return page, err
}

// modules returns the levels whose articles the filter selects.
func (f Filter) modules(tx *db.Tx) ([]uint64, error) {
	if f.Module != nil && !f.Below {
		return []uint64{*f.Module}, nil
	}
	levels, err := catalogue.All(tx)
	if err != nil {
		return nil, err
	}
	var out []uint64
	if f.Module == nil || *f.Module == 0 {
		out = append(out, 0)
	}
	for _, l := range levels {
		if f.Module == nil || *f.Module == 0 || l.ID == *f.Module || slices.Contains(l.Above, *f.Module) {
			out = append(out, l.ID)
		}
	}
	return out, nil
}

// versionIn returns the article's version in the language, nil when there is none.
func versionIn(tx *db.Tx, article uint64, lang string) (*store.Version, error) {
	v, err := store.VersionsByArticle.First(tx, article, lang)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// twinIn is versionIn without the text.
func twinIn(tx *db.Tx, article uint64, lang string) (*store.Version, error) {
	id := store.VersionsByArticle.ID(tx, article, lang)
	if id == 0 {
		return nil, nil
	}
	return store.Versions.Glance(tx, id)
}

// ByModule returns the published articles of a level and of those below it: the first page of List.
func (as *Articles) ByModule(a policy.Actor, module uint64, lang string) (Page, error) {
	return as.List(a, Filter{Module: &module, Below: true, Language: lang, Limit: 200})
}

// Recent returns the articles published or changed last that the actor may read, newest first, each once.
func (as *Articles) Recent(a policy.Actor, lang string, limit int) ([]Item, error) {
	return as.recent(a, store.Published, lang, limit)
}

// Drafts returns the drafts, last changed first. It returns a Denied error to people who may not write articles.
func (as *Articles) Drafts(a policy.Actor, limit int) ([]Item, error) {
	if err := policy.MayDraft(a); err != nil {
		return nil, err
	}
	return as.recent(a, store.Draft, a.Lang(), limit)
}

func (as *Articles) recent(a policy.Actor, pub store.Publication, lang string, limit int) ([]Item, error) {
	if limit <= 0 {
		limit = 8
	}
	var out []Item
	err := as.st.View(func(tx *db.Tx) error {
		out = nil
		seen := map[uint64]bool{}
		for v, err := range store.VersionsByUpdate.GlanceRows(tx, db.Span{Prefix: key.Of(pub), Desc: true}) {
			if err != nil {
				return err
			}
			if seen[v.Article] && pub == store.Published || !policy.MayRead(tx, a, v.Module, v.Audience, v.Publication) {
				continue
			}
			seen[v.Article] = true
			if pub == store.Published && v.Language != lang {
				twin, err := twinIn(tx, v.Article, lang)
				if err != nil {
					return err
				}
				if twin != nil && twin.Publication == pub {
					v = twin
				}
			}
			art, err := store.Articles.Get(tx, v.Article)
			if err != nil {
				return err
			}
			if out = append(out, Item{art, v}); len(out) == limit {
				return nil
			}
		}
		return nil
	})
	return out, err
}

// Counts returns, by level, how many published articles the actor may read directly in it, without the levels below;
// those without a level count under 0. An article in two languages counts once.
func (as *Articles) Counts(a policy.Actor) (map[uint64]int, error) {
	var out map[uint64]int
	err := as.st.View(func(tx *db.Tx) (err error) {
		if a.Token != nil { // what it reaches is its own
			out, err = counts(tx, a)
			return err
		}
		var reads [4]bool
		for i, aud := range audiences {
			reads[i] = policy.MayRead(tx, a, 0, aud, store.Published)
		}
		reads[3] = policy.MayRead(tx, a, 0, store.Public, store.Draft) // and what has an audience that only another release knows
		kept, err := keptCounts.Get(tx, reads, func() (map[uint64]int, error) { return counts(tx, a) })
		out = maps.Clone(kept)
		return err
	})
	return out, err
}

// audiences are those of published articles.
var audiences = [3]store.Audience{store.Public, store.SignedIn, store.Agents}

// keptCounts are the counts for those who may read what is published for each audience: without a token that is the same
// in all modules.
var keptCounts = db.Keep[[4]bool, map[uint64]int](store.Versions, store.Articles, store.Modules, store.Groups)

func counts(tx *db.Tx, a policy.Actor) (map[uint64]int, error) {
	out := map[uint64]int{}
	levels, err := catalogue.All(tx)
	if err != nil {
		return nil, err
	}
	// The index contains the article of each version, so no row has to be read.
	article := map[uint64]uint64{}
	for e := range store.VersionsByArticle.Entries(tx, db.Span{}) {
		article[e.ID] = bigEndian(e.Rest)
	}
	for _, module := range append([]uint64{0}, ids(levels)...) {
		hidden := 0
		for _, aud := range audiences {
			if !policy.MayRead(tx, a, module, aud, store.Published) {
				hidden += store.Versions.Count(tx, store.CountPublished, module, aud, "it") + store.Versions.Count(tx, store.CountPublished, module, aud, "en")
			}
		}
		seen := map[uint64]bool{}
		for e := range store.VersionsByModule.Entries(tx, db.Span{Prefix: key.Of(store.Published, module)}) {
			id := article[e.ID]
			if seen[id] {
				continue
			}
			seen[id] = true
			if hidden > 0 {
				art, err := store.Articles.Get(tx, id)
				if err != nil {
					return nil, err
				}
				if !policy.MayRead(tx, a, art.Module, art.Audience, store.Published) {
					continue
				}
			}
			out[module]++
		}
	}
	return out, nil
}

func ids(levels []catalogue.Level) []uint64 {
	var out []uint64
	for _, l := range levels {
		out = append(out, l.ID)
	}
	return out
}

func bigEndian(b []byte) uint64 {
	var n uint64
	for _, c := range b[:8] {
		n = n<<8 | uint64(c)
	}
	return n
}

// Pick returns published articles the actor may read whose title has words beginning like each word of the text. It
// serves the editor's ?? while there is no index.
func (as *Articles) Pick(a policy.Actor, text string, limit int) ([]Item, error) {
	if limit <= 0 || limit > 50 {
		limit = 8
	}
	want := strings.Fields(spelling.Fold(text))
	var out []Item
	err := as.st.View(func(tx *db.Tx) error {
		out = nil
		seen := map[uint64]bool{}
		for _, lang := range []string{a.Lang(), ""} {
			for e := range store.VersionsByModule.Entries(tx, db.Span{Prefix: key.Of(store.Published)}) {
				in, title := titleOfEntry(e.Rest)
				if lang != "" && in != lang || !entry.BeginWords(title, want) {
					continue
				}
				v, err := store.Versions.Glance(tx, e.ID)
				if err != nil {
					return err
				}
				if seen[v.Article] || !policy.MayRead(tx, a, v.Module, v.Audience, v.Publication) {
					continue
				}
				seen[v.Article] = true
				art, err := store.Articles.Get(tx, v.Article)
				if err != nil {
					return err
				}
				if out = append(out, Item{art, v}); len(out) == limit {
					return nil
				}
			}
		}
		return nil
	})
	return out, err
}

// titleOfEntry returns language and folded title from the part of a VersionsByModule entry after the publication, so
// that no row with its long body has to be read.
func titleOfEntry(rest []byte) (lang, title string) {
	parts := strings.SplitN(string(rest[8:len(rest)-8]), "\x00\x01", 3)
	if len(parts) < 2 {
		return "", ""
	}
	return parts[0], parts[1]
}
