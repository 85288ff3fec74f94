package find

import (
	"context"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/search"
	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Query is what a person searches for.
type Query struct {
	Text   string
	Types  []string // ticket, article, mail, release, problem, plan; empty: all
	Limit  int      // 20 when 0, at most 100
	Offset int      // at most 1000
	Facets bool
	Sort   string // "" by relevance, "date"
}

// Page is the answer: the hits the actor may read, with snippets of what the actor may read in each.
type Page struct {
	Total      int
	All        int  // how many of Total contain all the words; the others contain most of them
	AtLeast    bool // Total is a lower bound
	Took       time.Duration
	Hits       []Found
	Facets     []search.Facet
	Corrected  string // the corrected query, if that was answered
	AsTyped    string // in that case, the query that insists on the original words
	DidYouMean string
	Parsed     query.Parsed // the parsed query; Any: nothing contained all the words, the hits contain some
}

// Found is one hit with the data of its line.
type Found struct {
	Type    string
	Ticket  *store.Ticket
	Article *store.Article
	Version *store.Version
	Mail    *store.Mail // a mail that the actor judges
	Release *store.Release
	Problem *store.Problem
	Plan    *store.Plan
	Lang    string // in which it was found; of a ticket, in which it is written
	Title   string
	Snippet template.HTML

	Attachment string // the file the snippet comes from, when only a file contains some of the words

	read   *query.Reading // the title and the text of the hit itself, as the actor may read it
	lacks  int            // words and phrases of the question of which the hit has nothing, wherever one looks
	Module *store.Module
	Group  *store.Group
}

// Access returns what the actor may read, for the index. It is the first of two checks: the policy checks each hit
// again on the current row.
func (fi *Finder) Access(a policy.Actor) (search.Access, error) {
	x := fi.unshared(a)
	err := fi.st.View(func(tx *db.Tx) error {
		reach, err := policy.ReachOf(tx, a)
		x.Organisations, x.Closed, x.Units = reach.Organisations, reach.Closed, nil
		for _, h := range reach.Units {
			x.Units = append(x.Units, h.Unit)
		}
		if err == nil && a.Token != nil {
			err = leave(tx, a, &x)
		}
		return err
	})
	return x, err
}

// typesOf are the types of what is found that a token reaches with a noun.
var typesOf = map[scope.Noun][]string{
	scope.Tickets:  {query.TypeTicket, query.TypeMail},
	scope.Articles: {query.TypeArticle},
	scope.Releases: {query.TypeRelease},
	scope.Problems: {query.TypeProblem},
	scope.Plans:    {query.TypePlan},
}

// leave limits a search to what the actor's token leaves them.
func leave(tx *db.Tx, a policy.Actor, x *search.Access) error {
	var types, modules []string
	for noun, of := range typesOf {
		if a.Token.Scope.Names(noun) {
			for _, t := range of {
				types = append(types, "type:"+t)
			}
		}
	}
	reached, limited, err := a.ReachedModules(tx)
	if x.Only = [][]string{types}; !limited || err != nil {
		return err
	}
	for m, err := range store.Modules.PeekAll(tx, 0, false) {
		if err != nil {
			return err
		}
		tag := "module:" + analysis.Decimal(m.ID)
		if slices.Contains(reached, m.ID) {
			modules = append(modules, tag)
		} else {
			x.Never = append(x.Never, tag) // a release is reached with all of its modules
		}
	}
	x.Only = append(x.Only, modules)
	return nil
}

// unshared is Access without the tickets of others that are shared with the actor.
func (fi *Finder) unshared(a policy.Actor) search.Access {
	x := search.Access{Person: a.ID(), Agent: a.IsAgent(), AllTickets: a.IsAdministrator()}
	x.AllArticles = a.IsAdministrator() || a.Person != nil && a.Person.Editor
	if a.Person != nil {
		for _, m := range a.Person.Groups {
			x.Groups = append(x.Groups, m.Group)
		}
		for _, h := range a.Person.Affiliations {
			if !h.Holds(fi.clock()) {
				continue
			}
			x.Member = append(x.Member, h.Organisation)
			if h.Coordinator {
				x.Covers = append(x.Covers, h.Hat())
			}
		}
	}
	if a.Token != nil {
		x.Only = [][]string{nil} // Access says what a token leaves
	}
	return x
}

// searchTime is the time limit of one search.
const searchTime = 3 * time.Second

// Search searches the text of tickets, articles, and the mail that the actor judges. Everyone may call it and finds
// what they may read. It returns an Unavailable error without an index.
func (fi *Finder) Search(ctx context.Context, a policy.Actor, q Query) (Page, error) {
	var page Page
	if fi.ix == nil {
		return page, fault.New(fault.Unavailable, "error.search")
	}
	if q.Limit <= 0 {
		q.Limit = 20
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	x, err := fi.Access(a)
	if err != nil {
		return page, err
	}
	r, err := fi.ix.Search(ctx, search.Query{Text: q.Text, Access: x, Types: q.Types, Language: a.Lang(), Limit: min(q.Limit, 100),
		Offset: min(max(q.Offset, 0), 1000), Facets: q.Facets, Sort: q.Sort})
	if err != nil {
		return page, &fault.Error{Kind: fault.Unavailable, Key: "error.search", Err: err}
	}
	page = Page{Total: r.Total, All: r.All, AtLeast: r.AtLeast, Took: r.Took, Facets: r.Facets, Corrected: r.Corrected, AsTyped: r.AsTyped, DidYouMean: r.DidYouMean, Parsed: r.Parsed}
	err = fi.st.View(func(tx *db.Tx) error {
		for _, h := range r.Hits {
			f, ok, err := fi.found(tx, a, h, r.Parsed)
			if err != nil {
				return err
			}
			if ok {
				if err := fi.showAttachment(tx, a, &f, r.Parsed); err != nil {
					return err
				}
				page.Hits = append(page.Hits, f)
			}
		}
		return nil
	})
	return page, err
}

// snippetLength is the length of a hit's snippet in characters.
const snippetLength = 220

func (fi *Finder) found(tx *db.Tx, a policy.Actor, h search.Hit, parsed query.Parsed) (Found, bool, error) {
	f := Found{Type: h.Type, lacks: h.Lacks}
	switch h.Type {
	case "ticket":
		t, err := store.Tickets.Glance(tx, h.ID)
		if err != nil || t.IsSpam() || fi.rights.May(tx, a, policy.See, t) != nil {
			return f, false, nil
		}
		f.Ticket, f.Title, f.Lang, f.read = t, t.Subject, t.Language, parsed.Read(t.Language)
		f.read.Beside(t.Subject)
		if err := fi.readText(tx, a, t, &f); err != nil {
			return f, false, err
		}
		f.Group, _ = store.Groups.Peek(tx, t.Group) // a line without its group is still useful
		if t.Module != 0 {
			f.Module, _ = store.Modules.Peek(tx, t.Module)
		}
	case "article":
		if !foundArticle(tx, a, h, &f) {
			return f, false, nil
		}
		v, err := store.Versions.Peek(tx, h.Version)
		if err != nil {
			return f, false, err
		}
		f.Version, f.Lang, f.read = v, v.Language, parsed.Read(v.Language)
		f.read.Beside(f.Title)
		f.read.Add(markup.Plain(v.Format.String(), v.Body))
	case query.TypeMail:
		m, err := store.Mails.Get(tx, h.ID)
		if err != nil || !m.Judged() || fi.rights.MayJudge(tx, a, m) != nil {
			return f, false, nil
		}
		f.Mail, f.Title, f.read = m, m.Subject, parsed.Read("")
		f.read.Beside(m.Subject)
		f.read.Add(markup.Plain("markdown", m.Text))
		f.Group, _ = store.Groups.Get(tx, m.Group) // a line without its group is still useful
	default:
		ok, err := fi.foundRecord(tx, a, h, parsed, &f)
		if !ok || err != nil {
			return f, false, err
		}
	}
	f.Snippet = f.read.Snippet(snippetLength)
	return f, true, nil
}

// foundArticle fills in the line of an article without its text, and reports whether the actor may read it now.
func foundArticle(tx *db.Tx, a policy.Actor, h search.Hit, f *Found) bool {
	art, err := store.Articles.Peek(tx, h.ID)
	if err != nil {
		return false
	}
	v, err := store.Versions.Glance(tx, h.Version)
	if err != nil || !policy.MayRead(tx, a, art.Module, art.Audience, v.Publication) {
		return false
	}
	f.Type, f.Article, f.Version, f.Title = h.Type, art, v, v.Title
	if art.Module != 0 {
		f.Module, _ = store.Modules.Peek(tx, art.Module) // a line without its module is still useful
	}
	return true
}

// How many bytes of a ticket's text are read for a snippet: at least so many where there are as many, more while words
// are missing, never more than maxSnippetText.
const (
	minSnippetText = 2 << 10
	maxSnippetText = 256 << 10
)

// readText reads those of the ticket's messages that the actor may read: from the first one as far as is needed to hold,
// with the subject, all the words that the ticket has.
func (fi *Finder) readText(tx *db.Tx, a policy.Actor, t *store.Ticket, f *Found) error {
	for m, err := range fi.rights.Messages(tx, t, fi.rights.Stand(tx, a, t)) {
		if err != nil {
			return err
		}
		if f.read.Len()+len(m.Body) > maxSnippetText {
			break
		}
		f.read.Add(entry.Words(m) + "\n")
		if f.read.Len() >= minSnippetText && f.read.Missing() <= f.lacks {
			break
		}
	}
	return nil
}

// reach is how many of what a search finds are looked through for those of a module.
const reach = 20

// Fitting finds articles that fit a subject, at most limit: what a search for its words finds, in the order of the
// search, those of the module (its code, empty for none) and of what is below it before the others. What the search
// puts first is always among them. In a subject nothing is a command, whatever the language of search makes of it.
// Unavailable when there is no index.
func (fi *Finder) Fitting(ctx context.Context, a policy.Actor, subject, module string, limit int) ([]Found, error) {
	words := Plain(subject)
	if words == "" {
		return nil, nil
	}
	if fi.ix == nil {
		return nil, fault.New(fault.Unavailable, "error.search")
	}
	most := limit
	if module != "" {
		most = max(limit, reach)
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	hits, err := fi.articles(ctx, a, words, most)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Key: "error.search", Err: err}
	}
	var out []Found
	err = fi.st.View(func(tx *db.Tx) error {
		var near, rest []search.Hit
		for _, h := range hits {
			if module != "" && len(near) < limit-1 && below(tx, h.ID, module) {
				near = append(near, h)
			} else {
				rest = append(rest, h)
			}
		}
		for _, h := range append(near, rest...) { // only what is offered is read
			if len(out) == limit {
				break
			}
			var f Found
			if foundArticle(tx, a, h, &f) {
				out = append(out, f)
			}
		}
		return nil
	})
	return out, err
}

// below reports whether the article belongs to the module of the code or to one below it.
func below(tx *db.Tx, article uint64, module string) bool {
	row, err := store.Articles.Peek(tx, article)
	if err != nil || row.Module == 0 {
		return false // an article that is gone is passed over when it is read
	}
	m, err := store.Modules.Peek(tx, row.Module)
	return err == nil && (m.Code == module || strings.HasPrefix(m.Code, module+"/"))
}

// Similar finds articles that fit a subject, as Fitting does, and the tickets of everybody that the actor may read and
// that a search for its words finds, at most limit of each. Unavailable when there is no index.
func (fi *Finder) Similar(ctx context.Context, a policy.Actor, subject, module string, limit int) ([]Found, error) {
	out, err := fi.Fitting(ctx, a, subject, module, limit)
	if err != nil {
		return nil, err
	}
	page, err := fi.Search(ctx, a, Query{Text: Plain(subject), Types: []string{query.TypeTicket}, Limit: limit})
	return append(out, page.Hits...), err
}

// Plain takes out of a subject what the language of search would read as a command.
func Plain(subject string) string {
	return strings.Join(strings.FieldsFunc(subject, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// TicketsOfGroups finds the tickets of the actor's groups that a search for the text finds, at most limit. Unavailable
// when there is no index.
func (fi *Finder) TicketsOfGroups(ctx context.Context, a policy.Actor, text string, limit int) ([]uint64, error) {
	if fi.ix == nil {
		return nil, fault.New(fault.Unavailable, "error.search")
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	r, err := fi.ix.Search(ctx, search.Query{Text: text, Access: search.Access{Groups: fi.unshared(a).Groups}, Types: []string{query.TypeTicket},
		Language: a.Lang(), Limit: limit})
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Key: "error.search", Err: err}
	}
	var out []uint64
	for _, h := range r.Hits {
		out = append(out, h.ID)
	}
	return out, nil
}

// maxOwn is how many of the actor's own tickets LookAlike finds.
const maxOwn = 2

// LookAlike finds articles that fit what is being typed as a subject, as Fitting does, and the actor's own tickets that
// resemble it. The last word may be unfinished. Unavailable when there is no index.
func (fi *Finder) LookAlike(ctx context.Context, a policy.Actor, text, module string, limit int) ([]Found, error) {
	if fi.ix == nil || len([]rune(strings.TrimSpace(text))) < 3 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	out, err := fi.Fitting(ctx, a, text, module, limit)
	if err != nil {
		return nil, err
	}
	x := fi.unshared(a)
	// Search only the person's own tickets: an agent's reading rights are for the workbench.
	x.Agent, x.AllTickets, x.Groups = false, false, nil
	hits, err := fi.ix.SuggestIn(ctx, text, x, a.Lang(), limit)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Key: "error.search", Err: err}
	}
	var own []Found
	err = fi.st.View(func(tx *db.Tx) error {
		for _, h := range hits {
			f, ok, err := fi.found(tx, a, h, query.Parsed{})
			if err != nil {
				return err
			}
			switch {
			case !ok:
			case f.Ticket != nil && f.Ticket.OnSide(a.ID()) && len(own) < maxOwn:
				own = append(own, f)
			case f.Article != nil && !slices.ContainsFunc(out, func(o Found) bool { return o.Article.ID == f.Article.ID }):
				out = append(out, f)
			}
		}
		return nil
	})
	return append(out[:min(len(out), limit-len(own))], own...), err
}

// Completions are what a search box offers while somebody types.
type Completions struct {
	Hits    []Found
	Modules []*store.Module
	Words   []string // the text with a completed last word
	Filters []string // the text with a completed filter or value
}

// Complete returns completions of the text. Everyone may call it; they get what they may read, and only their own
// tickets.
func (fi *Finder) Complete(ctx context.Context, a policy.Actor, text string, limit int) (Completions, error) {
	var out Completions
	if fi.ix == nil {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	// Hits are the person's own tickets, whoever they are; for words an agent's rights count.
	c, err := fi.ix.Complete(ctx, text, fi.unshared(a), a.Lang(), limit)
	if err != nil {
		return out, &fault.Error{Kind: fault.Unavailable, Key: "error.search", Err: err}
	}
	out.Words, out.Filters = c.Words, c.Filters
	err = fi.st.View(func(tx *db.Tx) error {
		for _, h := range c.Hits {
			f, ok, err := fi.found(tx, a, h, query.Parsed{})
			if err != nil {
				return err
			}
			if ok && (f.Ticket == nil || f.Ticket.OnSide(a.ID())) {
				out.Hits = append(out.Hits, f)
			}
		}
		for _, id := range c.Modules {
			if m, err := store.Modules.Peek(tx, id); err == nil {
				out.Modules = append(out.Modules, m)
			}
		}
		return nil
	})
	return out, err
}
