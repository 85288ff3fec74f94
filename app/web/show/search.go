package show

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sportello/app/web"
	"sportello/search"
	"sportello/store"
)

// Hidden is what a form keeps without showing it.
type Hidden struct{ Name, Value string }

// Asked is the question as the address has it: the text, and the filters that were clicked.
type Asked struct {
	Text string
	Kind string              // ticket, article or both
	Sort string              // "" or date
	Page int                 // from 1
	With map[string][]string // filter -> values
}

// SearchFilters are the traits that can be clicked, in the order of the page; each is a filter of the query language.
var SearchFilters = []string{"state", "kind", "module", "group", "organisation", "year", "language"}

// Question is what the index is asked: the clicked filters, then the text, which may end in the middle of a phrase.
func (s Asked) Question() string {
	var b strings.Builder
	for _, name := range SearchFilters {
		for _, value := range s.With[name] {
			b.WriteString(name + ":" + value + " ")
		}
	}
	return b.String() + s.Text
}

// Address is where the question is asked; a first page and what is usual are left out.
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

// But returns a copy to change, on its first page.
func (s Asked) But(change func(*Asked)) Asked {
	with := map[string][]string{}
	for name, values := range s.With {
		with[name] = slices.Clone(values)
	}
	s.With, s.Page = with, 1
	change(&s)
	return s
}

// Without returns the question without that value of the filter.
func (s Asked) Without(name, value string) Asked {
	return s.But(func(n *Asked) {
		n.With[name] = slices.DeleteFunc(n.With[name], func(v string) bool { return v == value })
		if len(n.With[name]) == 0 {
			delete(n.With, name)
		}
	})
}

// SearchTrouble says why nothing can be found.
func SearchTrouble(s *web.Site, p *web.Page, err error) string {
	if ix := s.Index.State(); ix.State == search.Rebuilding {
		return p.T("error.search-rebuilding", "done", p.Number(ix.Done), "total", p.Number(ix.Total))
	}
	if e, ok := err.(*store.Error); ok {
		return s.Words.Explain(p.Lang, e)
	}
	return p.T("error.search")
}

// OpenedHit notes that a page was opened from an answer of the search.
func OpenedHit(s *web.Site, r *web.Request) {
	if name := r.Query("s"); name != "" && len(name) < 40 && r.Method() == http.MethodGet {
		s.Desk.Find.Opened(name)
	}
}
