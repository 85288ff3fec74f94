package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/segment"
	"sportello/store/fault"
)

const (
	defaultLimit = 20
	maxReach     = 1000            // hits that can be paged through; people refine their question
	maxTime      = 2 * time.Second // one search
)

// Query is one question and who asks it.
type Query struct {
	Text     string
	Access   Access
	Types    []string // ticket, article, mail, release, problem, plan; none is all
	Language string   // the reader's: how words are understood, and which version of what there is in several is returned
	Limit    int      // 20 when 0; Offset and Limit reach at most 1,000 hits
	Offset   int
	Facets   bool
	Sort     string // "" by relevance, "date" newest first; without words always newest first
}

// Result is what was found. Total and Facets count exactly what the reader may see, unless AtLeast says that a phrase
// of very common words was looked up in the newest texts only.
type Result struct {
	Total      int
	All        int // of Total, how many have all the words; the others have most of them
	AtLeast    bool
	Took       time.Duration
	Hits       []Hit
	Facets     []Facet
	Corrected  string // the question that was answered, when a word that nothing has was perhaps misspelt
	AsTyped    string // then, the question that insists on the words as they were typed
	DidYouMean string // a question that perhaps finds more
	Parsed     query.Parsed
}

// Hit names one row that was found. The caller loads it, asks the policy again, and makes the snippet.
type Hit struct {
	Type     string
	ID       uint64 // its number
	Version  uint64 // of an article, the version that was found
	Language string // of what there is in several: the one that was found
	Lacks    int    // how many of the clauses that are needed it has nothing of
	Score    float64
}

// Facet counts what was found by one trait: type, state, kind, module (with all below it), group, organisation, year of
// opening or writing, language. Codes are those of the catalogue, of organisations their number, and values of the
// filter of the same name.
type Facet struct {
	Name   string
	Values []FacetValue
}

// FacetValue is one value and how many have it, the most frequent first, years the latest first.
type FacetValue struct {
	Code  string
	Count int
}

// Search answers a question. Every text is a question; one that asks nothing finds nothing. It returns Unavailable
// while there is no index to ask (error.search-rebuilding with done and total), when the question took too long
// (error.search-slow) and when the index is damaged (error.search-failed): it is then rebuilt automatically.
func (ix *Index) Search(ctx context.Context, q Query) (res Result, err error) {
	begun := time.Now()
	err = ix.read(ctx, func(ctx context.Context, snap *segment.Snapshot) error {
		cat, err := ix.catalogue.Get(ix.st)
		if err != nil {
			return err
		}
		res, err = ix.answer(ctx, snap, cat, q, ix.st.Now())
		return err
	})
	res.Took = time.Since(begun)
	return res, err
}

// answer answers the question as it was typed; where it has words that nothing has, as they were perhaps meant.
func (ix *Index) answer(ctx context.Context, snap *segment.Snapshot, cat *query.Catalogue, q Query, now time.Time) (Result, error) {
	ask := func(text string) (*run, Result, error) {
		var res Result
		res.Parsed = query.Parse(text, cat, ix.o.Location, now, !q.Access.Agent && !q.Access.AllTickets)
		if res.Parsed.Empty() {
			return nil, res, nil
		}
		r := &run{ctx: ctx, st: ix.st, plans: ix.o.Plans, snap: snap, cat: cat, q: q, parsed: &res.Parsed, language: query.ReaderLanguage(q.Language), fields: textFields}
		return r, res, r.prepare()
	}
	r, res, err := ask(q.Text)
	if r == nil || err != nil {
		return res, err
	}
	r.parsed = &res.Parsed
	sure, maybe, err := r.correct()
	if err != nil {
		return res, err
	}
	if text := apply(q.Text, sure); len(sure) > 0 && text != q.Text {
		other, meant, err := ask(text)
		if err != nil {
			return res, err
		}
		other.parsed = &meant.Parsed
		if err := other.answer(&meant); err != nil {
			return res, err
		}
		if meant.Total > 0 {
			meant.Corrected = text
			for i, f := range sure {
				sure[i].word = "+" + q.Text[f.start:f.end]
			}
			meant.AsTyped = apply(q.Text, sure)
			return meant, nil
		}
	}
	if err := r.answer(&res); err != nil {
		return res, err
	}
	if len(maybe) > 0 && res.All < enough {
		res.DidYouMean = apply(q.Text, maybe)
	}
	return res, nil
}

// Suggest returns articles and own tickets whose title looks like the text, best first, while somebody is still
// typing: the last word may be unfinished. It fails as Search does.
func (ix *Index) Suggest(ctx context.Context, text string, a Access, limit int) (hits []Hit, err error) {
	return ix.SuggestIn(ctx, text, a, "", limit)
}

// SuggestIn is Suggest for a reader of the language.
func (ix *Index) SuggestIn(ctx context.Context, text string, a Access, language string, limit int) (hits []Hit, err error) {
	err = ix.read(ctx, func(ctx context.Context, snap *segment.Snapshot) error {
		cat, err := ix.catalogue.Get(ix.st)
		if err != nil {
			return err
		}
		hits, err = ix.suggest(ctx, snap, cat, text, Query{Access: a, Language: language, Limit: limit, Types: []string{query.TypeTicket, query.TypeArticle}})
		return err
	})
	return hits, err
}

func (ix *Index) suggest(ctx context.Context, snap *segment.Snapshot, cat *query.Catalogue, text string, q Query) ([]Hit, error) {
	if q.Limit <= 0 {
		q.Limit = 6
	}
	p := parseTitle(text)
	if p.Empty() {
		return nil, nil
	}
	language := cmp.Or(q.Language, analysis.GuessLanguage(text))
	r := &run{ctx: ctx, st: ix.st, plans: ix.o.Plans, snap: snap, cat: cat, q: q, parsed: &p, language: query.ReaderLanguage(language), fields: titleFields, own: true, least: leastOf(len(p.Clauses))}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	var res Result
	p.Any = true
	err := r.answer(&res)
	return res.Hits, err
}

// leastOf is how many of n words a look-alike has to share.
func leastOf(n int) int {
	switch {
	case n <= 2:
		return 1
	case n <= 5:
		return 2
	}
	return 3
}

// read runs fn on a snapshot of the index, with a deadline. A panic in it marks the index as damaged. An index of which
// the engine has said that it could not write it answers as far as it can: the engine then takes the segment of the
// failed batch away, although the index still names it, and a search that comes to it panics.
func (ix *Index) read(ctx context.Context, fn func(context.Context, *segment.Snapshot) error) (err error) {
	h := ix.acquire()
	if h == nil {
		s := ix.State()
		return fault.New(fault.Unavailable, "error.search-rebuilding", "done", s.Done, "total", s.Total)
	}
	defer h.mu.RUnlock()
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			if bad := h.fault(); bad != nil {
				ix.log.Warn("search: the index cannot answer", "index", filepath.Base(h.dir), "err", bad)
				err = &fault.Error{Kind: fault.Unavailable, Key: "error.search-failed", Err: bad}
				return
			}
			ix.log.Error("search: panic while searching", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("search: panic: %v", p)
		}
		if err == nil || fault.KindOf(err) != fault.Internal {
			return
		}
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			err = &fault.Error{Kind: fault.Unavailable, Key: "error.search-slow", Err: err}
			return
		}
		ix.spoil(h, err)
		err = &fault.Error{Kind: fault.Unavailable, Key: "error.search-failed", Err: err}
	}()
	snap, err := segment.Take(h.index, &h.memory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	return fn(ctx, snap)
}
