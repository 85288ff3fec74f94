package api

import (
	"slices"
	"strings"

	"sportello/app/desk/find"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/search/query"
	"sportello/search/record"
)

type apiHit struct {
	Type       string `json:"type"`
	ID         uint64 `json:"id"`
	Slug       string `json:"slug,omitempty"`
	Number     uint64 `json:"number,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	Title      string `json:"title"`
	Snippet    string `json:"snippet"`              // HTML: escaped text with the matching words in <mark>
	Attachment string `json:"attachment,omitempty"` // name of the file that the snippet comes from
	Language   string `json:"language,omitempty"`
	Module     string `json:"module,omitempty"`
	State      string `json:"state,omitempty"`
	Version    string `json:"version,omitempty"` // of a release
}

type apiFound struct {
	Total      int                       `json:"total"`
	TookMS     float64                   `json:"took_ms"`
	Hits       []apiHit                  `json:"hits"`
	Facets     map[string]map[string]int `json:"facets,omitempty"`
	Corrected  string                    `json:"corrected,omitempty"`
	DidYouMean string                    `json:"did_you_mean,omitempty"`
}

// found are the types of what is found.
var found = append([]string{query.TypeTicket, query.TypeArticle, query.TypeMail}, record.Types()...)

func (a pages) apiSearch(r *web.Request) error {
	q := program.QueryOf(r)
	actor := r.Actor()
	if lang := q.Raw("lang"); lang == "it" || lang == "en" {
		actor.Language = lang
	} else if lang != "" {
		q.Refuse("lang", "error.choice")
	}
	s := find.Query{Text: q.Raw("q"), Limit: q.Int("limit", 1, 100, 20), Offset: q.Int("offset", 0, 1000, 0), Facets: q.Bool("facets"), Sort: q.Raw("sort")}
	for _, t := range strings.FieldsFunc(strings.Join(q.List("type"), ","), func(ch rune) bool { return ch == ',' }) {
		if !slices.Contains(found, t) {
			q.Refuse("type", "error.choice")
		}
		s.Types = append(s.Types, t)
	}
	if s.Sort != "" && s.Sort != "date" {
		q.Refuse("sort", "error.choice")
	}
	if err := q.Err(); err != nil {
		return err
	}
	page, err := a.Desk.Find.Search(r.Ctx(), actor, s)
	if err != nil {
		return err
	}
	out := apiFound{Total: page.Total, TookMS: float64(page.Took.Microseconds()) / 1000, Hits: []apiHit{}, Corrected: page.Corrected, DidYouMean: page.DidYouMean}
	for _, f := range page.Hits {
		h := apiHit{Type: f.Type, Title: f.Title, Snippet: string(f.Snippet), Attachment: f.Attachment, Language: f.Lang}
		if f.Module != nil {
			h.Module = f.Module.Code
		}
		if h.ID, h.State = f.Row(); f.Article == nil && f.Mail == nil {
			h.Number = h.ID
		}
		if f.Release != nil {
			h.Version = f.Release.Version
		}
		if f.Article != nil {
			h.Slug, h.ExternalID = f.Article.Slug, f.Article.External
		} else if f.Ticket != nil && (actor.IsAgent() || actor.IsAdministrator()) {
			h.ExternalID = f.Ticket.External
		}
		out.Hits = append(out.Hits, h)
	}
	if s.Facets {
		out.Facets = map[string]map[string]int{}
		for _, f := range page.Facets {
			values := map[string]int{}
			for _, v := range f.Values {
				values[v.Code] = v.Count
			}
			out.Facets[f.Name] = values
		}
	}
	return r.JSON(out)
}

// apiOpenAPI answers with the description of this API.
func (a pages) apiOpenAPI(r *web.Request) error {
	r.SetHeader("Cache-Control", "no-cache")
	return r.JSON(program.OpenAPI(a.Routes, newSchemas()))
}
