package api

import (
	"strings"

	"sportello/app/desk/find"
	"sportello/app/web"
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
}

type apiFound struct {
	Total      int                       `json:"total"`
	TookMS     float64                   `json:"took_ms"`
	Hits       []apiHit                  `json:"hits"`
	Facets     map[string]map[string]int `json:"facets,omitempty"`
	Corrected  string                    `json:"corrected,omitempty"`
	DidYouMean string                    `json:"did_you_mean,omitempty"`
}

func (a pages) apiSearch(r *web.Request) error {
	q := a.apiQuery(r)
	actor := r.Actor()
	if lang := q.Raw("lang"); lang == "it" || lang == "en" {
		actor.Language = lang
	} else if lang != "" {
		q.Refuse("lang", "error.choice")
	}
	s := find.Query{Text: q.Raw("q"), Limit: q.Int("limit", 1, 100, 20), Offset: q.Int("offset", 0, 1000, 0), Facets: q.Bool("facets"), Sort: q.Raw("sort")}
	for _, t := range strings.FieldsFunc(strings.Join(q.List("type"), ","), func(ch rune) bool { return ch == ',' }) {
		switch t {
		case "ticket", "article", "release", "mail":
			s.Types = append(s.Types, t)
		default:
			q.Refuse("type", "error.choice")
		}
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
		h := apiHit{Type: f.Type, Title: f.Title, Snippet: string(f.Snippet), Attachment: f.Attachment}
		if f.Module != nil {
			h.Module = f.Module.Code
		}
		if f.Ticket != nil {
			h.ID, h.Number, h.State, h.Language = f.Ticket.ID, f.Ticket.ID, f.Ticket.State.String(), f.Ticket.Language
			if actor.IsAgent() || actor.IsAdministrator() {
				h.ExternalID = f.Ticket.External
			}
		} else if f.Mail != nil {
			h.ID, h.State = f.Mail.ID, string(f.Mail.State)
		} else {
			h.ID, h.Slug, h.ExternalID = f.Article.ID, f.Article.Slug, f.Article.External
			h.State, h.Language = f.Version.Publication.String(), f.Version.Language
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
	return r.JSON(openAPI(a.Routes))
}
