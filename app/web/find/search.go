package find

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/find"
	"sportello/app/help"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/search"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/store"
	"sportello/store/fault"
)

// The limits of a search page. Nobody turns pages beyond a thousand hits: the page suggests a more precise search.
const (
	hitsPerPage = 20
	searchReach = 1000
	facetValues = 8 // values shown for one filter
	searchText  = 2000
	helpFound   = 3 // questions of the built-in help that stand above the hits
)

// searchPage is the search for tickets, articles, updates, known problems and plans.
type searchPage struct {
	web.Page
	Text     string // as typed
	Asked    bool
	Hidden   []show.Hidden // hidden form values of the clicked filters
	Tabs     []web.Link
	Facets   []searchFacet
	Chosen   []web.Link // filters in effect, each linking to the search without it
	Sorts    []web.Link
	Count    string
	Hits     []searchHit
	Pages    searchPages
	Any      bool // no hit contains all the words
	Some     string
	Instead  string
	Original web.Link // the search as typed, when a corrected one was answered
	Meant    web.Link
	Cut      bool
	Trouble  string       // why the search is not available at the moment
	Notice   string       // state of the index, when it is incomplete
	Direct   web.Link     // the ticket whose number was typed
	HowTo    []help.Found // of the built-in help
	Help     []searchExample
	OpenHelp bool
	SaveView string // address where agents save the search as a view
}

type searchFacet struct {
	Heading string
	Values  []web.Link
}

// searchHit is one line of the results.
type searchHit struct {
	Kind       string // Richiesta #12, Articolo
	Address    string
	Title      template.HTML
	Lang       string // of title and text, when it differs from the page's
	Text       template.HTML
	Attachment string // name of the file, when only a file contains the words
	State      string // code of a ticket's state, for its colour
	StateWord  string
	Module     string
	When       string
	Draft      bool
	AgentsOnly bool
	Secret     string
}

type searchPages struct {
	Range, Before, After string
	TooFar               bool
}

type searchExample struct {
	Example, Address, Text string
}

// tabKinds are the types that have a tab, whoever asks.
var tabKinds = append([]string{query.TypeArticle, query.TypeTicket}, record.Types()...)

func (a pages) readAsked(r *web.Request) show.Asked {
	q := r.QueryForm()
	s := show.Asked{Text: strings.TrimSpace(strings.ToValidUTF8(q.Raw("q"), " ")), Page: q.Int("page", 1, searchReach/hitsPerPage, 1), With: map[string][]string{}}
	if len(s.Text) > searchText {
		s.Text = strings.ToValidUTF8(s.Text[:searchText], "")
	}
	if t := q.Raw("type"); slices.Contains(tabKinds, t) || t == query.TypeMail {
		s.Kind = t
	}
	if q.Raw("sort") == "date" {
		s.Sort = "date"
	}
	for _, name := range show.SearchFilters {
		for _, value := range q.List(name) {
			if isCode(value) && !slices.Contains(s.With[name], value) {
				s.With[name] = append(s.With[name], value)
			}
		}
	}
	return s
}

// isCode reports whether the value is a code of the catalogue or of the domain, which only one filter can have.
func isCode(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '/' {
			return false
		}
	}
	return s != "" && len(s) <= 200
}

func (a pages) getSearch(r *web.Request) error {
	s := a.readAsked(r)
	direct, err := a.askedTicket(r, s)
	if err != nil {
		return err
	}
	if direct != nil && strings.HasPrefix(s.Text, "#") {
		return r.Redirect(fmt.Sprintf("/tickets/%d", direct.ID), http.StatusSeeOther)
	}
	v := &searchPage{Page: r.Page("search.title"), Text: s.Text}
	v.Query = s.Text
	v.Path = s.Address() // the page to return to after changing the language
	v.Asked = strings.TrimSpace(s.Question()) != ""
	if v.Asked && s.Text != "" {
		v.Title = v.T("search.title-for", "text", s.Text)
	}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.T("search.title"), "")
	v.hold(s)
	v.help()
	v.Notice = a.indexNotice(&v.Page)
	if !v.Asked {
		v.OpenHelp = true
		if err := show.House(a.Site, r, &v.Page, "/search"); err != nil {
			return err
		}
		return r.Render("page/search", v)
	}
	if v.SignedIn && s.Page == 1 {
		if v.HowTo, err = help.Find(v.Lang, s.Text, helpFound); err != nil {
			return err
		}
	}
	q := find.Query{Text: s.Question(), Limit: hitsPerPage, Offset: (s.Page - 1) * hitsPerPage, Facets: true, Sort: s.Sort}
	if s.Kind != "" {
		q.Types = []string{s.Kind}
	}
	found, err := a.Desk.Find.Search(r.Ctx(), r.Actor(), q)
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		a.Log.Warn("search", "err", err)
		v.Trouble = show.SearchTrouble(a.Site, &v.Page, err) // the rest of the page still works
	case err != nil:
		return err
	}
	if a.mayViewSearch(r, s) {
		v.SaveView = "/desk/views/new?" + url.Values{"text": {s.Question()}}.Encode()
	}
	asked := err == nil
	if err := a.answerSearch(r, v, s, found); err != nil {
		return err
	}
	if asked {
		a.noteSearch(r, v, s, found)
	}
	if direct != nil && !slices.ContainsFunc(found.Hits, func(f find.Found) bool { return f.Ticket != nil && f.Ticket.ID == direct.ID }) {
		// The store finds it even while the index does not.
		v.Direct = web.Link{Label: v.T("search.direct", "number", direct.ID, "subject", direct.Subject), Address: fmt.Sprintf("/tickets/%d", direct.ID)}
	}
	if err := show.House(a.Site, r, &v.Page, "/search"); err != nil {
		return err
	}
	return r.Render("page/search", v)
}

// hold keeps the clicked filters in the form, and lists them with links that remove them.
func (v *searchPage) hold(s show.Asked) {
	keep := func(name, value string) { v.Hidden = append(v.Hidden, show.Hidden{Name: name, Value: value}) }
	if s.Kind != "" {
		keep("type", s.Kind)
	}
	if s.Sort != "" {
		keep("sort", s.Sort)
	}
	for _, name := range show.SearchFilters {
		for _, value := range s.With[name] {
			keep(name, value)
		}
	}
}

// answerSearch fills the page with the results.
func (a pages) answerSearch(r *web.Request, v *searchPage, s show.Asked, found find.Page) error {
	names, err := a.searchNames(v)
	if err != nil {
		return err
	}
	v.Any, v.Cut = found.Parsed.Any && len(found.Hits) > 0, found.Parsed.Cut
	v.Count = v.Plural("search.count", found.Total)
	if found.AtLeast {
		v.Count = v.Plural("search.at-least", found.Total)
	}
	reword := func(text string) string { return s.But(func(n *show.Asked) { n.Text = text }).Address() }
	clicked := strings.TrimSuffix(s.Question(), s.Text) // it is in the address already
	if found.Corrected != "" {
		v.Instead = strings.TrimPrefix(found.Corrected, clicked)
		v.Original = web.Link{Label: s.Text, Address: reword(strings.TrimPrefix(found.AsTyped, clicked))}
	}
	if found.DidYouMean != "" {
		meant := strings.TrimPrefix(found.DidYouMean, clicked)
		v.Meant = web.Link{Label: meant, Address: reword(meant)}
	}
	if found.All > 0 && found.All < found.Total {
		v.Some = v.Plural("search.some", found.All)
	}
	for _, f := range found.Hits {
		v.Hits = append(v.Hits, v.hit(f, found.Parsed))
	}
	if err := a.searchTabs(r, v, s, found); err != nil {
		return err
	}
	v.facets(s, found, names)
	for _, sort := range []string{"", "date"} {
		code := sort
		if code == "" {
			code = "relevance"
		}
		v.Sorts = append(v.Sorts, web.Link{Label: v.T("search.sort-" + code), Address: s.But(func(n *show.Asked) { n.Sort = sort }).Address(), Current: s.Sort == sort})
	}
	v.Pages = v.pages(s, found.Total)
	return nil
}

func (v *searchPage) pages(s show.Asked, total int) searchPages {
	var p searchPages
	first := (s.Page-1)*hitsPerPage + 1
	last := min(s.Page*hitsPerPage, total)
	if total <= hitsPerPage || first > last {
		if s.Page > 1 {
			p.Before = s.But(func(*show.Asked) {}).Address()
		}
		return p
	}
	p.Range = v.T("articles.range", "first", v.Number(first), "last", v.Number(last), "total", v.Number(total))
	turn := func(page int) string { return s.But(func(n *show.Asked) { n.Page = page }).Address() }
	if s.Page > 1 {
		p.Before = turn(s.Page - 1)
	}
	switch {
	case last >= total:
	case last >= searchReach:
		p.TooFar = true
	default:
		p.After = turn(s.Page + 1)
	}
	return p
}

// hit returns the line of one result.
func (v *searchPage) hit(f find.Found, parsed query.Parsed) searchHit {
	h := searchHit{Text: f.Snippet, Attachment: f.Attachment}
	lang := v.Lang
	if f.Module != nil {
		h.Module = f.Module.Name.In(v.Lang)
	}
	switch {
	case f.Ticket != nil:
		t := f.Ticket
		h.Kind, h.Address = v.T("search.ticket", "number", t.ID), fmt.Sprintf("/tickets/%d", t.ID)
		h.State, h.StateWord = t.State.String(), stateWord(&v.Page, t.State.String())
		h.When = v.Day(t.Opened)
		if t.Language != "" {
			lang = t.Language
		}
	case f.Mail != nil:
		h.Kind, h.Address, h.When = v.T("search.mail"), address.Mail(f.Mail.ID), v.Day(f.Mail.Created)
		h.StateWord, h.State = v.T("mails.state-"+string(f.Mail.State)), string(f.Mail.State)
		if f.Title == "" {
			h.Title = template.HTML(template.HTMLEscapeString(v.T("mails.no-subject"))) // #nosec G203 -- escaped
			return h
		}
	case f.Article != nil:
		h.Kind, h.Address = v.T("search.article"), address.Article(f.Article.Slug)
		h.When = v.T("articles.updated", "date", v.Date(f.Version.Updated))
		h.Draft, h.AgentsOnly = f.Version.Publication == store.Draft, f.Article.Audience == store.Agents
		if lang = f.Version.Language; lang != v.Lang {
			h.Address += "?lang=" + lang
		}
	default:
		r := recordLineOf(&v.Page, f)
		h.Kind, h.Address, h.StateWord, h.When, lang = r.name, r.address, r.state, v.Day(r.day), f.Lang
	}
	if lang != v.Lang {
		h.Lang = lang
	}
	h.Title = query.Snippet(f.Title, parsed, lang, 8*len(f.Title)+8) // the whole title, with its marks
	return h
}

// stateWord returns a state in the words of the reader's side.
func stateWord(p *web.Page, code string) string {
	if p.IsAgent || p.IsAdministrator {
		return p.T("state.agent." + code)
	}
	return p.T("state." + code)
}

// searchTabs fills in the tabs: all, articles, tickets, those of updates, known problems and plans that something was found
// of and, for those who judge it, mail. The counts of the tabs that are not open need another query.
func (a pages) searchTabs(r *web.Request, v *searchPage, s show.Asked, found find.Page) error {
	kinds := append([]string{""}, tabKinds...)
	if v.IsAgent || v.IsAdministrator {
		kinds = append(kinds, query.TypeMail)
	}
	counts := map[string]int{s.Kind: found.Total}
	for _, f := range found.Facets {
		for _, value := range f.Values {
			if f.Name == "type" {
				counts[value.Code] = value.Count
			}
		}
	}
	if s.Kind != "" && v.Trouble == "" {
		all, err := a.Desk.Find.Search(r.Ctx(), r.Actor(), find.Query{Text: s.Question(), Limit: 1, Facets: true})
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			return err
		}
		counts[""] = all.Total
		for _, kind := range kinds[1:] {
			if kind != s.Kind {
				counts[kind] = 0
			}
		}
		for _, f := range all.Facets {
			for _, value := range f.Values {
				if f.Name == "type" && value.Code != s.Kind {
					counts[value.Code] = value.Count
				}
			}
		}
		if all.Parsed.Any != found.Parsed.Any { // the two queries were answered differently
			counts = map[string]int{"": all.Total, s.Kind: found.Total}
		}
	}
	for _, kind := range kinds {
		code := kind
		if code == "" {
			code = "all"
		}
		l := web.Link{Label: v.T("search.in-" + code), Address: s.But(func(n *show.Asked) { n.Kind = kind }).Address(), Current: s.Kind == kind}
		if n, ok := counts[kind]; ok || s.Kind == "" {
			l.Count = v.Number(n)
		}
		if slices.Contains(record.Types(), kind) && counts[kind] == 0 && s.Kind != kind {
			continue
		}
		v.Tabs = append(v.Tabs, l)
	}
	return nil
}

// facets lists the filters with the counts of their values. Clicking a value narrows the search; clicking one in effect
// removes it.
func (v *searchPage) facets(s show.Asked, found find.Page, names map[string]map[string]string) {
	holds := func(name, value string) bool {
		return slices.Contains(s.With[name], value) || slices.ContainsFunc(found.Parsed.Filters, func(f query.Filter) bool {
			return f.Name == name && f.Value == value && !f.Not
		})
	}
	for _, name := range show.SearchFilters {
		for _, value := range s.With[name] {
			label := names[name][value]
			if label == "" {
				label = value
			}
			v.Chosen = append(v.Chosen, web.Link{Label: label, Address: s.Without(name, value).Address()})
		}
		i := slices.IndexFunc(found.Facets, func(f search.Facet) bool { return f.Name == name })
		if i < 0 {
			continue
		}
		list := searchFacet{Heading: v.T("search.facet-" + name)}
		for _, value := range found.Facets[i].Values {
			label := names[name][value.Code]
			if label == "" || len(list.Values) == facetValues {
				continue
			}
			l := web.Link{Label: label, Count: v.Number(value.Count), Current: holds(name, value.Code)}
			switch {
			case slices.Contains(s.With[name], value.Code):
				l.Address = s.Without(name, value.Code).Address()
			case !l.Current:
				l.Address = s.But(func(n *show.Asked) { n.With[name] = append(n.With[name], value.Code) }).Address()
			}
			list.Values = append(list.Values, l)
		}
		// A single value that every hit has says nothing, unless the reader chose it.
		all := found.Facets[i].Values
		if len(all) > 1 || len(all) == 1 && (all[0].Count < found.Total || len(list.Values) == 1 && list.Values[0].Current) {
			v.Facets = append(v.Facets, list)
		}
	}
}

// searchNames returns the words for the codes of each filter.
func (a pages) searchNames(v *searchPage) (map[string]map[string]string, error) {
	out := map[string]map[string]string{"state": {}, "kind": {}, "module": {}, "group": {}, "organisation": {}, "year": {}, "language": {}}
	for y := 1990; y <= v.Now.Year()+1; y++ {
		out["year"][strconv.Itoa(y)] = strconv.Itoa(y)
	}
	for _, l := range words.Languages {
		out["language"][l] = v.T("admin.language-" + l)
	}
	for s := store.StateNew; s <= store.StateClosed; s++ {
		out["state"][s.String()] = stateWord(&v.Page, s.String())
	}
	for k := store.Clarification; k <= store.Access; k++ {
		out["kind"][k.String()] = v.T("kind." + k.String())
	}
	v.recordNames(out)
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return nil, err
	}
	for _, l := range levels {
		out["module"][l.Code] = l.Path.In(v.Lang)
	}
	err = a.Desk.Names(func(n desk.Names) {
		for _, g := range n.Groups() {
			out["group"][g.Code] = g.Name.In(v.Lang)
		}
		for _, o := range n.Organisations() {
			out["organisation"][strconv.FormatUint(o.ID, 10)] = o.Name
		}
	})
	return out, err
}

// indexNotice describes the state of the index when results may be incomplete.
func (a pages) indexNotice(p *web.Page) string {
	switch s := a.Index.State(); s.State {
	case search.Rebuilding:
		if s.Total > 0 && s.Docs > 0 {
			return p.T("search.rebuilding", "percent", min(99, s.Done*100/s.Total))
		}
	case search.CatchingUp:
		if s.Behind > 200 {
			return p.Plural("search.behind", int(s.Behind)) // #nosec G115 -- changes are counted from one
		}
	}
	return ""
}

// askedTicket returns the ticket if the whole text is its number, with or without #, and the reader may see it. For
// other readers a number is an ordinary word.
func (a pages) askedTicket(r *web.Request, s show.Asked) (*store.Ticket, error) {
	if len(s.With) > 0 || s.Kind != "" && s.Kind != query.TypeTicket || s.Page > 1 {
		return nil, nil
	}
	return a.ticketByNumber(r, s.Text)
}

func (a pages) ticketByNumber(r *web.Request, text string) (*store.Ticket, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "#")), 10, 64)
	if err != nil || n == 0 {
		return nil, nil // not a number
	}
	t, err := a.Desk.Tickets.Read(r.Actor(), n)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Denied:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return t.Ticket, nil
}

// helpExamples is how many examples the help has: search.help-N-example is a search to click, search.help-N explains
// it.
const helpExamples = 9

func (v *searchPage) help() {
	for i := 1; i <= helpExamples; i++ {
		example := v.T(fmt.Sprintf("search.help-%d-example", i))
		v.Help = append(v.Help, searchExample{Example: example, Address: show.Asked{Text: example}.Address(), Text: v.T(fmt.Sprintf("search.help-%d", i))})
	}
}

// suggestFragment lists suggestions for the words being typed.
type suggestFragment struct {
	web.Page
	Lines []searchSuggestion
}

type searchSuggestion struct{ Title, Address, Text, Lang string }

const maxSuggestions = 8

// getSuggest answers the search boxes while somebody types: completions of the text, modules, articles and the reader's
// own tickets. Without an index it offers nothing.
func (a pages) getSuggest(r *web.Request) error {
	v := &suggestFragment{Page: r.Page("search.title")}
	text, kind := strings.ToValidUTF8(r.Query("q"), " "), r.Query("type")
	found, err := a.Desk.Find.Complete(r.Ctx(), r.Actor(), text, maxSuggestions)
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return err
	}
	if !slices.Contains(tabKinds, kind) {
		kind = ""
	}
	if kind == "" || kind == query.TypeTicket {
		t, err := a.ticketByNumber(r, text)
		if err != nil {
			return err
		}
		if t != nil {
			found.Hits = slices.DeleteFunc(found.Hits, func(f find.Found) bool { return f.Ticket != nil && f.Ticket.ID == t.ID })
			v.Lines = append(v.Lines, suggestion(&v.Page, find.Found{Type: query.TypeTicket, Ticket: t, Title: t.Subject}))
		}
	}
	for _, f := range found.Filters {
		v.Lines = append(v.Lines, searchSuggestion{Title: f, Address: show.Asked{Text: f, Kind: kind}.Address(), Text: v.T("search.suggest-filter")})
	}
	for _, w := range found.Words {
		v.Lines = append(v.Lines, searchSuggestion{Title: w, Address: show.Asked{Text: w, Kind: kind}.Address(), Text: v.T("search.suggest-word")})
	}
	if kind == "" {
		for _, m := range found.Modules {
			v.Lines = append(v.Lines, searchSuggestion{Title: m.Name.In(v.Lang), Address: "/modules/" + m.Code, Text: v.T("search.suggest-module")})
		}
	}
	for _, f := range found.Hits {
		if kind == "" || kind == f.Type {
			v.Lines = append(v.Lines, suggestion(&v.Page, f))
		}
	}
	return r.Fragment("part/suggest", v)
}

func suggestion(p *web.Page, f find.Found) searchSuggestion {
	s := searchSuggestion{Title: f.Title}
	var about []string
	switch {
	case f.Ticket != nil:
		s.Address = fmt.Sprintf("/tickets/%d", f.Ticket.ID)
		about = append(about, p.T("search.ticket", "number", f.Ticket.ID), stateWord(p, f.Ticket.State.String()))
		if f.Ticket.Language != p.Lang {
			s.Lang = f.Ticket.Language
		}
	case f.Article != nil:
		s.Address = address.Article(f.Article.Slug)
		about = append(about, p.T("search.article"))
		if f.Version.Language != p.Lang {
			s.Lang = f.Version.Language
			s.Address += "?lang=" + s.Lang
		}
	default:
		r := recordLineOf(p, f)
		s.Address, about = r.address, append(about, r.name, r.state)
		if f.Lang != p.Lang {
			s.Lang = f.Lang
		}
	}
	if f.Module != nil {
		about = append(about, f.Module.Name.In(p.Lang))
	}
	s.Text = strings.Join(about, ", ")
	return s
}
