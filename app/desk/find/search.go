package find

import (
	"context"
	"html/template"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/search"
	"sportello/search/query"
	"sportello/store"
)

// Query is what a person searches for.
type Query struct {
	Text   string
	Types  []string // ticket, article, mail; empty: all
	Limit  int      // 20 when 0, at most 100
	Offset int      // at most 1000
	Facets bool
	Sort   string // "" by relevance, "date"
}

// Page is the answer: hits the actor may read, with snippets of what the actor may read of each.
type Page struct {
	Total      int
	All        int  // of Total, how many have all the words; the others have most of them
	AtLeast    bool // Total is a lower bound
	Took       time.Duration
	Hits       []Found
	Facets     []search.Facet
	Corrected  string // the question that was answered, with what was perhaps misspelt put right
	AsTyped    string // then, the question that insists on what was typed
	DidYouMean string
	Parsed     query.Parsed // what was understood of the question; Any: nothing had all the words, these have some
}

// Found is one hit with what its line shows.
type Found struct {
	Type    string
	Ticket  *store.Ticket
	Article *store.Article
	Version *store.Version
	Mail    *store.Mail // one that the actor judges
	Title   string
	Snippet template.HTML

	Attachment string // the file whose text the snippet is from, when some of the words stand nowhere else

	text   string // of the ticket or article itself, as the actor may read it
	Module *store.Module
	Group  *store.Group
}

// Access tells the index what the actor may read. It is the first of two gates: each hit is judged again by the
// policy on the row that is there now.
func (fi *Finder) Access(a policy.Actor) search.Access {
	x := search.Access{Person: a.ID(), Agent: a.IsAgent(), AllTickets: a.IsAdministrator()}
	x.AllArticles = a.IsAdministrator() || a.Person != nil && a.Person.Editor
	if a.Person != nil {
		for _, m := range a.Person.Groups {
			x.Groups = append(x.Groups, m.Group)
		}
		for _, c := range a.Person.Coordinates {
			if c.Unit != 0 {
				x.Units = append(x.Units, c.Unit)
			} else {
				x.Organisations = append(x.Organisations, c.Organisation)
			}
		}
	}
	return x
}

// searchTime bounds one search.
const searchTime = 3 * time.Second

// Search answers a question of text over tickets, articles, and the mail that the actor judges. Anybody may ask and finds what they may read.
// Unavailable when there is no index.
func (fi *Finder) Search(ctx context.Context, a policy.Actor, q Query) (Page, error) {
	var page Page
	if fi.ix == nil {
		return page, store.Fail(store.Unavailable, "error.search")
	}
	if q.Limit <= 0 {
		q.Limit = 20
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	r, err := fi.ix.Search(ctx, search.Query{Text: q.Text, Access: fi.Access(a), Types: q.Types, Language: a.Lang(), Limit: min(q.Limit, 100),
		Offset: min(max(q.Offset, 0), 1000), Facets: q.Facets, Sort: q.Sort})
	if err != nil {
		return page, &store.Error{Kind: store.Unavailable, Key: "error.search", Err: err}
	}
	page = Page{Total: r.Total, All: r.All, AtLeast: r.AtLeast, Took: r.Took, Facets: r.Facets, Corrected: r.Corrected, AsTyped: r.AsTyped, DidYouMean: r.DidYouMean, Parsed: r.Parsed}
	err = fi.st.View(func(tx *store.Tx) error {
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

// snippetLength is how many characters of text a hit shows.
const snippetLength = 220

func (fi *Finder) found(tx *store.Tx, a policy.Actor, h search.Hit, parsed query.Parsed) (Found, bool, error) {
	f := Found{Type: h.Type}
	switch h.Type {
	case "ticket":
		t, err := store.Tickets.Glance(tx, h.ID)
		if err != nil || t.IsSpam() || fi.rights.May(tx, a, policy.See, t) != nil {
			return f, false, nil
		}
		text, err := fi.readableText(tx, a, t)
		if err != nil {
			return f, false, err
		}
		f.text = text
		f.Ticket, f.Title, f.Snippet = t, t.Subject, query.Snippet(text, parsed, t.Language, snippetLength)
		f.Group, _ = store.Groups.Get(tx, t.Group) // a line without its group is still a line
		if t.Module != 0 {
			f.Module, _ = store.Modules.Get(tx, t.Module)
		}
	case "article":
		art, err := store.Articles.Get(tx, h.ID)
		if err != nil {
			return f, false, nil
		}
		v, err := store.Versions.Get(tx, h.Version)
		if err != nil || !policy.MayRead(a, art.Audience, v.Publication) {
			return f, false, nil
		}
		f.Article, f.Version, f.Title = art, v, v.Title
		f.text = markup.Plain(v.Format.String(), v.Body)
		f.Snippet = query.Snippet(f.text, parsed, v.Language, snippetLength)
		if art.Module != 0 {
			f.Module, _ = store.Modules.Get(tx, art.Module)
		}
	case query.TypeMail:
		m, err := store.Mails.Get(tx, h.ID)
		if err != nil || !m.Judged() || fi.rights.MayJudge(tx, a, m) != nil {
			return f, false, nil
		}
		f.Mail, f.Title, f.text = m, m.Subject, markup.Plain("markdown", m.Text)
		f.Snippet = query.Snippet(f.text, parsed, "", snippetLength)
		f.Group, _ = store.Groups.Get(tx, m.Group) // a line without its group is still a line
	default:
		return f, false, nil
	}
	return f, true, nil
}

// maxSnippetText bounds the text of one ticket that is looked through for a snippet, in bytes.
const maxSnippetText = 256 << 10

// readableText joins what the actor may read of the ticket's messages.
func (fi *Finder) readableText(tx *store.Tx, a policy.Actor, t *store.Ticket) (string, error) {
	messages, err := fi.rights.Messages(tx, t, fi.rights.Stand(tx, a, t))
	var b strings.Builder
	for _, m := range messages {
		if b.Len()+len(m.Body) > maxSnippetText {
			break
		}
		b.WriteString(entry.Words(m))
		b.WriteString("\n")
	}
	return b.String(), err
}

// LookAlike finds articles and the actor's own tickets that resemble what is being typed as a subject.
func (fi *Finder) LookAlike(ctx context.Context, a policy.Actor, text string, limit int) ([]Found, error) {
	if fi.ix == nil || len([]rune(strings.TrimSpace(text))) < 3 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	x := fi.Access(a)
	// While asking, own tickets alone: an agent's reading rights are for the workbench.
	x.Agent, x.AllTickets, x.Groups, x.Organisations, x.Units = false, false, nil, nil, nil
	hits, err := fi.ix.SuggestIn(ctx, text, x, a.Lang(), limit)
	if err != nil {
		return nil, &store.Error{Kind: store.Unavailable, Key: "error.search", Err: err}
	}
	var out []Found
	err = fi.st.View(func(tx *store.Tx) error {
		for _, h := range hits {
			f, ok, err := fi.found(tx, a, h, query.Parsed{})
			if err != nil {
				return err
			}
			if ok && (f.Ticket == nil || f.Ticket.OnSide(a.ID())) {
				out = append(out, f)
			}
		}
		return nil
	})
	return out, err
}

// Completions are what a search box offers while somebody is typing.
type Completions struct {
	Hits    []Found
	Modules []*store.Module
	Words   []string // the text with its last word completed
	Filters []string // the text with a filter or its value completed
}

// Complete offers how the text may go on. Anybody may ask; what is offered is what they may read, tickets only their own.
func (fi *Finder) Complete(ctx context.Context, a policy.Actor, text string, limit int) (Completions, error) {
	var out Completions
	if fi.ix == nil {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	// Hits are one's own, whoever asks; what an agent may be told of words is more.
	c, err := fi.ix.Complete(ctx, text, fi.Access(a), a.Lang(), limit)
	if err != nil {
		return out, &store.Error{Kind: store.Unavailable, Key: "error.search", Err: err}
	}
	out.Words, out.Filters = c.Words, c.Filters
	err = fi.st.View(func(tx *store.Tx) error {
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
