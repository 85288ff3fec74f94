package search

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/record"
)

// facetNames are the traits that are counted, each also the name of a filter ("in" is type's).
var facetNames = []string{"type", "state", "kind", "module", "group", "organisation", "year", "language"}

// mostValues bounds what is listed of one trait.
const mostValues = 50

// facets counts the matches by their traits.
func (r *run) facets() ([]Facet, error) {
	counts := map[string]map[string]int{}
	for _, name := range facetNames {
		counts[name] = map[string]int{}
	}
	modules := map[uint64]int{}
	for _, p := range r.parts {
		if p.match.IsEmpty() {
			continue
		}
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		count := func(field, term string, add func(docs *roaring.Bitmap, n int)) error {
			docs, err := p.Docs(field, term)
			if err != nil {
				return err
			}
			if n := int(docs.AndCardinality(p.match)); n > 0 { // #nosec G115 -- documents are counted in 32 bits
				add(docs, n)
			}
			return nil
		}
		var tags, owners []string
		if err := p.Prefixed(fieldTag, "", func(t string) bool { tags = append(tags, t); return true }); err != nil {
			return nil, err
		}
		several, err := p.Docs(fieldTag, record.Several)
		if err != nil {
			return nil, err
		}
		several = roaring.And(several, p.match)
		levels := map[uint64]*roaring.Bitmap{} // with those of several that belong to them, which count once
		for _, t := range tags {
			name, code, _ := strings.Cut(t, ":")
			if name == "version" {
				continue
			}
			id, _ := strconv.ParseUint(code, 10, 64)
			err := count(fieldTag, t, func(docs *roaring.Bitmap, n int) {
				switch name {
				case "module":
					for _, m := range r.cat.Line(id) {
						modules[m.ID] += n - int(docs.AndCardinality(several)) // #nosec G115 -- documents are counted in 32 bits
						if !several.IsEmpty() {
							levels[m.ID] = roaring.Or(cmp.Or(levels[m.ID], roaring.New()), roaring.And(docs, several))
						}
					}
				case "organisation":
					if r.cat.Organisations[id] != nil {
						counts["organisation"][code] += n
					}
				case "group":
					if g := r.cat.Groups[id]; g != nil {
						counts["group"][g.Code] += n
					}
				case "lang":
					counts["language"][code] += n
				case "type", "state", "kind":
					counts[name][code] += n
				}
			})
			if err != nil {
				return nil, err
			}
		}
		for id, docs := range levels {
			modules[id] += int(docs.GetCardinality()) // #nosec G115 -- documents are counted in 32 bits
		}
		if err := p.Prefixed(fieldAccess, "o", func(t string) bool { owners = append(owners, t); return true }); err != nil {
			return nil, err
		}
		for _, t := range owners {
			id, err := strconv.ParseUint(t[1:], 10, 64)
			if err != nil || r.cat.Organisations[id] == nil {
				continue
			}
			if err := count(fieldAccess, t, func(_ *roaring.Bitmap, n int) { counts["organisation"][t[1:]] += n }); err != nil {
				return nil, err
			}
		}
		for y := 1990; y <= r.st.Now().Year()+1; y++ {
			year := strconv.Itoa(y)
			if err := count(fieldDay, year, func(_ *roaring.Bitmap, n int) { counts["year"][year] += n }); err != nil {
				return nil, err
			}
		}
	}
	for id, n := range modules {
		counts["module"][r.cat.Modules[id].Code] += n
	}
	out := make([]Facet, 0, len(facetNames))
	for _, name := range facetNames {
		f := Facet{Name: name}
		for code, n := range counts[name] {
			f.Values = append(f.Values, FacetValue{code, n})
		}
		slices.SortFunc(f.Values, func(a, b FacetValue) int {
			if name == "year" {
				return cmp.Compare(b.Code, a.Code)
			}
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
		})
		f.Values = f.Values[:min(len(f.Values), mostValues)]
		out = append(out, f)
	}
	return out, nil
}
