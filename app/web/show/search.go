package show

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sportello/app/web"
	"sportello/search"
	"sportello/store/fault"
)

// Hidden is a form value that is not shown.
type Hidden struct{ Name, Value string }

// Asked is a search as its address has it: the text, and the filters that were clicked.
type Asked struct {
	Text string
	Kind string              // type of what is searched; empty: all
	Sort string              // "" or date
	Page int                 // from 1
	With map[string][]string // filter -> values
}

// SearchFilters lists the filters that can be clicked, in the order of the page. The query language has the same
// filters.
var SearchFilters = []string{"state", "kind", "module", "group", "organisation", "year", "language"}

// Question returns the query for the index: the clicked filters, then the text, whose last phrase may be incomplete.
func (s Asked) Question() string {
	var b strings.Builder
	for _, name := range SearchFilters {
		for _, value := range s.With[name] {
			b.WriteString(name + ":" + value + " ")
		}
	}
	return b.String() + s.Text
}

// Address returns the address of the search, without a first page or default values.
func (s Asked) Address() string {
	v := url.Values{}
	if s.Text != "" {
		v.Set("q", s.Text)
	}
	if s.Kind != "" {
		v.Set("type", s.Kind)
	}
	if s.Sort != "" {
		v.Set("sort", s.Sort)
	}
	for name, values := range s.With {
		v[name] = values
	}
	if s.Page > 1 {
		v.Set("page", strconv.Itoa(s.Page))
	}
	if len(v) == 0 {
		return "/search"
	}
	return "/search?" + v.Encode()
}

// But returns a changed copy, back on its first page.
func (s Asked) But(change func(*Asked)) Asked {
	with := map[string][]string{}
	for name, values := range s.With {
		with[name] = slices.Clone(values)
	}
	s.With, s.Page = with, 1
	change(&s)
	return s
}

// Without returns the search without one value of a filter.
func (s Asked) Without(name, value string) Asked {
	return s.But(func(n *Asked) {
		n.With[name] = slices.DeleteFunc(n.With[name], func(v string) bool { return v == value })
		if len(n.With[name]) == 0 {
			delete(n.With, name)
		}
	})
}

// SearchTrouble says why the search failed.
func SearchTrouble(s *web.Site, p *web.Page, err error) string {
	if ix := s.Index.State(); ix.State == search.Rebuilding {
		return p.T("error.search-rebuilding", "done", p.Number(ix.Done), "total", p.Number(ix.Total))
	}
	if e, ok := err.(*fault.Error); ok {
		return s.Words.Explain(p.Lang, e)
	}
	return p.T("error.search")
}

// OpenedHit records that the reader opened a page from a search result.
func OpenedHit(s *web.Site, r *web.Request) {
	if name := r.Query("s"); name != "" && len(name) < 40 && r.Method() == http.MethodGet {
		s.Desk.Find.Opened(name)
	}
}
