package find

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk/find"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/search"
	"sportello/search/query"
)

// missingPage shows writers what people searched for without finding it.
type missingPage struct {
	web.Page
	Lines   []missingLine
	Months  []show.Choice
	Modules []show.Choice
	Narrow  bool // a filter is set
	More    bool
	Kept    string // how long it is kept
}

type missingLine struct {
	Text      string
	Search    string // address of the same search
	Module    string
	None      string
	Unclicked string
	Last      string
	Write     string // address of a new article with that title
}

var monthForm = regexp.MustCompile(`^\d{4}-\d{2}$`)

func (a pages) getMissing(r *web.Request) error {
	v := &missingPage{Page: r.Page("missing.title")}
	v.Nav = "articles"
	v.Crumb(v.T("articles.title"), "/articles")
	v.Crumb(v.T("articles.drafts"), "/articles/drafts")
	v.Crumb(v.Title, "")
	q := r.QueryForm()
	ask := find.MissingQuery{Module: q.ID("module"), Month: q.Raw("month")}
	if !monthForm.MatchString(ask.Month) {
		ask.Month = ""
	}
	page, err := a.Desk.Find.Missing(r.Actor(), ask)
	if err != nil {
		return err
	}
	v.Narrow, v.More = ask.Module != 0 || ask.Month != "", page.More
	switch n := a.Config.MissesMonths; n {
	case 0:
		v.Kept = v.T("missing.not-kept")
	default:
		v.Kept = v.Plural("missing.kept", n)
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	codes := map[uint64]string{}
	for _, l := range levels {
		codes[l.ID] = l.Code
		if !l.Retired || l.ID == ask.Module {
			v.Modules = append(v.Modules, show.LevelOption(l, v.Lang, l.ID == ask.Module))
		}
	}
	for _, m := range page.Months {
		v.Months = append(v.Months, show.Choice{Value: m, Label: month(&v.Page, m), Chosen: m == ask.Month})
	}
	for _, m := range page.List {
		line := missingLine{Text: m.Text, Module: m.Path.In(v.Lang), None: v.Number(m.None), Unclicked: v.Number(m.Unclicked), Last: v.Date(m.Last)}
		s := show.Asked{Text: m.Text, Kind: query.TypeArticle, With: map[string][]string{}}
		if code := codes[m.Module]; code != "" {
			s.With["module"] = []string{code}
		}
		line.Search = s.Address() + "&s=look" // a search from this page is not recorded
		to := url.Values{"title": {show.UpperFirst(m.Text)}}
		if m.Module != 0 {
			to.Set("module", strconv.FormatUint(m.Module, 10))
		}
		line.Write = "/articles/new?" + to.Encode()
		v.Lines = append(v.Lines, line)
	}
	return r.Render("page/missing", v)
}

// month returns a month in words: novembre 2026.
func month(p *web.Page, s string) string {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return s
	}
	return p.T("month."+strconv.Itoa(int(t.Month()))) + " " + strconv.Itoa(t.Year())
}

// noteSearch records the search for the list of what people did not find, and adds its name to the links of the answer:
// opening one records that something was found. It records no search that is only about tickets or other things than articles, and none while the
// index is incomplete. The links also work without the name.
func (a pages) noteSearch(r *web.Request, v *searchPage, s show.Asked, found find.Page) {
	if r.Method() != http.MethodGet || r.Query("s") != "" || s.Text == "" || a.Index.State().State != search.Following {
		return
	}
	q := find.Asked{Words: slices.Concat(found.Parsed.Words, found.Parsed.Phrases), Guide: s.Kind == query.TypeArticle, Found: found.Total}
	tickets := s.Kind != "" && s.Kind != query.TypeArticle
	for _, f := range found.Parsed.Filters {
		switch {
		case f.Name == "module" && !f.Not:
			if l, err := a.Desk.Catalogue.LevelByCode(f.Value); err == nil {
				q.Module = l.ID
			}
		case f.Name == "in" && !f.Not:
			q.Guide = q.Guide || f.Value == query.TypeArticle
			tickets = tickets || f.Value != query.TypeArticle
		case f.Name != "module" && f.Name != "language":
			tickets = true // state, kind, group, from, ...
		}
	}
	actor := r.Actor()
	name := ""
	if narrowed := s.Kind != "" || s.Sort != "" || s.Page > 1 || len(s.With) > 0; narrowed {
		name = a.Desk.Find.Asked(actor, q)
	}
	if name == "" && !tickets && s.Sort == "" && s.Page == 1 {
		q.First = true
		name = a.Desk.Find.Asked(actor, q)
	}
	if name == "" {
		return
	}
	for i := range v.Hits {
		h := &v.Hits[i]
		mark := "?"
		if strings.Contains(h.Address, "?") {
			mark = "&"
		}
		h.Address += mark + "s=" + name
	}
}

// mayViewSearch reports whether the search can be saved as a view: agents may save searches for tickets.
func (a pages) mayViewSearch(r *web.Request, s show.Asked) bool {
	actor := r.Actor()
	return (actor.IsAgent() || actor.IsAdministrator()) && (s.Kind == "" || s.Kind == query.TypeTicket || s.Kind == query.TypeMail) && strings.TrimSpace(s.Question()) != ""
}
