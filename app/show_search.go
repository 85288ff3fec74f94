package app

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

type searchHidden struct{ Name, Value string }

// searchAsked is the question as the address has it: the text, and the filters that were clicked.
type searchAsked struct {
	text string
	kind string              // ticket, article or both
	sort string              // "" or date
	page int                 // from 1
	with map[string][]string // filter -> values
}

// searchFilters are the traits that can be clicked, in the order of the page; each is a filter of the query language.
var searchFilters = []string{"state", "kind", "module", "group", "organisation", "year", "language"}

// question is what the index is asked: the clicked filters, then the text, which may end in the middle of a phrase.
func (s searchAsked) question() string {
	var b strings.Builder
	for _, name := range searchFilters {
		for _, value := range s.with[name] {
			b.WriteString(name + ":" + value + " ")
		}
	}
	return b.String() + s.text
}

// address is where the question is asked; a first page and what is usual are left out.
func (s searchAsked) address() string {
	v := url.Values{}
	if s.text != "" {
		v.Set("q", s.text)
	}
	if s.kind != "" {
		v.Set("type", s.kind)
	}
	if s.sort != "" {
		v.Set("sort", s.sort)
	}
	for name, values := range s.with {
		v[name] = values
	}
	if s.page > 1 {
		v.Set("page", strconv.Itoa(s.page))
	}
	if len(v) == 0 {
		return "/search"
	}
	return "/search?" + v.Encode()
}

// but returns a copy to change, on its first page.
func (s searchAsked) but(change func(*searchAsked)) searchAsked {
	with := map[string][]string{}
	for name, values := range s.with {
		with[name] = slices.Clone(values)
	}
	s.with, s.page = with, 1
	change(&s)
	return s
}

func (s searchAsked) without(name, value string) searchAsked {
	return s.but(func(n *searchAsked) {
		n.with[name] = slices.DeleteFunc(n.with[name], func(v string) bool { return v == value })
		if len(n.with[name]) == 0 {
			delete(n.with, name)
		}
	})
}

// searchTrouble says why nothing can be found.
func searchTrouble(s *web.Site, p *web.Page, err error) string {
	if ix := s.Index.State(); ix.State == search.Rebuilding {
		return p.T("error.search-rebuilding", "done", p.Number(ix.Done), "total", p.Number(ix.Total))
	}
	if e, ok := err.(*store.Error); ok {
		return s.Words.Explain(p.Lang, e)
	}
	return p.T("error.search")
}

// openedHit notes that a page was opened from an answer of the search.
func openedHit(s *web.Site, r *web.Request) {
	if name := r.Query("s"); name != "" && len(name) < 40 && r.Method() == http.MethodGet {
		s.Desk.Opened(name)
	}
}
