package search

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// oneVersion leaves of each article the version in the reader's language, else the best of those that match.
func (r *run) oneVersion() error {
	type best struct {
		part  *partRun
		doc   uint32
		score float64
		mine  bool
	}
	chosen := map[string]best{}
	for _, p := range r.parts {
		articles, err := p.docs(fieldTag, "type:article")
		if err != nil {
			return err
		}
		articles = roaring.And(articles, p.match)
		if articles.IsEmpty() {
			continue
		}
		err = p.values(fieldKey, articles.Iterator(), func(doc uint32, value string) {
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

// candidate is one document on its way to become a hit.
type candidate struct {
	part  *partRun
	doc   uint32
	score float64
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
	best := r.best(reach)
	hits := make([]Hit, 0, len(best))
	for _, c := range best {
		h, err := r.hit(c)
		if err != nil {
			return nil, err
		}
		hits = append(hits, h)
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Type, b.Type), cmp.Compare(b.ID, a.ID))
	})
	return hits[min(from, len(hits)):], nil
}

func (r *run) hit(c candidate) (Hit, error) {
	kind, id, err := c.part.id(c.doc)
	if err != nil || kind == TypeTicket {
		return Hit{Type: kind, ID: id, Score: c.score}, err
	}
	h := Hit{Type: kind, Version: id, Score: c.score}
	err = c.part.values(fieldKey, roaring.BitmapOf(c.doc).Iterator(), func(_ uint32, value string) {
		article, language, _ := strings.Cut(value, ".")
		h.Language = language
		h.ID, _ = strconv.ParseUint(article, 10, 64) // ours, checked when it was written
	})
	return h, err
}
