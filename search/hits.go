package search

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/query"
	"sportello/search/record"
)

// versioned are the tags of what there is in several languages.
var versioned = prefixAll("type:", append(record.Types(), query.TypeArticle))

// oneVersion leaves of each article and record the version in the reader's language, else the best of those that match.
func (r *run) oneVersion() error {
	type best struct {
		part  *partRun
		doc   uint32
		score float64
		mine  bool
	}
	chosen := map[string]best{}
	for _, p := range r.parts {
		articles, err := p.Any(fieldTag, versioned...)
		if err != nil {
			return err
		}
		articles.And(p.match)
		if articles.IsEmpty() {
			continue
		}
		err = p.Values(fieldKey, articles.Iterator(), func(doc uint32, value string) {
			article, language, _ := strings.Cut(value, ".")
			n := best{part: p, doc: doc, score: p.score(doc), mine: language == r.language}
			o, ok := chosen[article]
			switch {
			case !ok:
			case n.mine && !o.mine, n.mine == o.mine && n.score > o.score:
				o.part.match.Remove(o.doc)
			default:
				p.match.Remove(doc)
				return
			}
			chosen[article] = n
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *partRun) score(doc uint32) float64 {
	if i, ok := slices.BinarySearch(p.list, doc); ok {
		return p.scores[i]
	}
	return 0
}

// candidate is one document on its way to become a hit. Kind and id are read where scores are equal.
type candidate struct {
	part  *partRun
	doc   uint32
	score float64
	kind  string
	id    uint64
}

// name reads what the document was made from.
func (c *candidate) name() (err error) {
	if c.kind == "" {
		c.kind, c.id, err = rowID(c.part.Part, c.doc)
	}
	return err
}

// maxEqual bounds of how many documents with one and the same score the latest are looked for.
const maxEqual = 20_000

// best returns the n matches with the highest scores, the best first. Of equal ones articles come first, then the
// latest: each match has one place, whatever n is, so that no page repeats or leaves out what another one shows.
func (r *run) best(n int) ([]candidate, error) {
	floor := r.floor(n)
	var best, equal []candidate
	for k := len(r.parts) - 1; k >= 0; k-- {
		p := r.parts[k]
		for i := len(p.list) - 1; i >= 0; i-- {
			if p.scores[i] < floor || !p.match.Contains(p.list[i]) {
				continue
			}
			c := candidate{part: p, doc: p.list[i], score: p.scores[i]}
			switch {
			case c.score > floor:
				best = append(best, c)
			case len(equal) < maxEqual:
				equal = append(equal, c)
			}
		}
	}
	slices.SortFunc(best, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	for from, to := 0, 0; from < len(best); from = to {
		for to = from + 1; to < len(best) && best[to].score == best[from].score; to++ {
		}
		if err := byName(best[from:to]); err != nil {
			return nil, err
		}
	}
	if err := byName(equal); err != nil {
		return nil, err
	}
	best = append(best, equal...)
	return best[:min(n, len(best))], nil
}

// floor returns the score that the n best matches have at least, the least of all when there are fewer.
func (r *run) floor(n int) float64 {
	// A heap with the worst on top would do; sorting now and then what was gathered is as fast and easier to read.
	scores := make([]float64, 0, 2*n+64)
	floor := math.Inf(-1)
	for _, p := range r.parts {
		for i, s := range p.scores {
			if s <= floor || !p.match.Contains(p.list[i]) {
				continue
			}
			if scores = append(scores, s); len(scores) == cap(scores) {
				slices.Sort(scores)
				scores = append(scores[:0], scores[len(scores)-n:]...)
				floor = scores[0]
			}
		}
	}
	slices.Sort(scores)
	if len(scores) < n {
		return math.Inf(-1)
	}
	return scores[len(scores)-n]
}

// byName puts candidates with the same score in order.
func byName(list []candidate) error {
	if len(list) < 2 {
		return nil
	}
	for i := range list {
		if err := list[i].name(); err != nil {
			return err
		}
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(b.id, a.id)) })
	return nil
}

// top returns the hits of the page that is asked for.
func (r *run) top() ([]Hit, error) {
	limit := r.q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	from := max(0, r.q.Offset)
	reach := min(from+limit, maxReach)
	if from >= reach {
		return nil, nil
	}
	best, err := r.best(reach)
	if err != nil {
		return nil, err
	}
	var hits []Hit
	units := r.unitsOf()
	for _, c := range best[min(from, len(best)):] {
		h, err := r.hit(c)
		if err != nil {
			return nil, err
		}
		for k, cl := range r.parsed.Clauses {
			if !cl.Optional && !c.part.has(c.doc, units[k]) {
				h.Lacks++
			}
		}
		hits = append(hits, h)
	}
	return hits, nil
}

func (r *run) hit(c candidate) (Hit, error) {
	err := c.name()
	if _, is := record.Of(c.kind); is && err == nil {
		h := Hit{Type: c.kind, Score: c.score}
		h.ID, h.Language = record.Row(c.id)
		return h, nil
	}
	if err != nil || c.kind != query.TypeArticle {
		return Hit{Type: c.kind, ID: c.id, Score: c.score}, err
	}
	h := Hit{Type: c.kind, Version: c.id, Score: c.score}
	err = c.part.Values(fieldKey, roaring.BitmapOf(c.doc).Iterator(), func(_ uint32, value string) {
		article, language, _ := strings.Cut(value, ".")
		h.Language = language
		h.ID, _ = strconv.ParseUint(article, 10, 64) // ours, checked when it was written
	})
	return h, err
}
