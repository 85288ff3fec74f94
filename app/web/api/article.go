package api

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/article"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

type apiArticle struct {
	Slug       string            `json:"slug"`
	Title      string            `json:"title"`
	Body       string            `json:"body,omitempty"`
	Format     store.Format      `json:"format,omitzero"`
	Language   string            `json:"language"`
	Languages  []string          `json:"languages,omitempty"`
	Module     string            `json:"module,omitempty"`
	Audience   store.Audience    `json:"audience"`
	State      store.Publication `json:"state"`
	ExternalID string            `json:"external_id,omitempty"`
	Labels     []string          `json:"labels,omitempty"`
	UpdatedAt  *time.Time        `json:"updated_at"`
	Rev        uint64            `json:"rev"`
	Files      []apiFile         `json:"attachments,omitempty"`
}

type apiArticleList struct {
	Next     *string      `json:"next"`
	Articles []apiArticle `json:"articles"`
}

func articleAnswer(n names, art *store.Article, v *store.Version) apiArticle {
	return apiArticle{Slug: art.Slug, Title: v.Title, Format: v.Format, Language: v.Language, Module: n.module(art.Module), Audience: art.Audience,
		State: v.Publication, ExternalID: art.External, Labels: v.Labels, UpdatedAt: program.Moment(v.Updated), Rev: v.Rev}
}

func (a pages) apiArticles(r *web.Request) error {
	q := program.QueryOf(r)
	f := article.Filter{Limit: q.Limit(), After: q.Raw("after"), Language: q.Raw("lang"), Only: q.Raw("language"),
		Publication: web.FormCode[store.Publication](q.Form, "state"), Audience: web.FormCode[store.Audience](q.Form, "audience"), Below: true}
	if code := q.Raw("module"); code != "" {
		l, err := a.Desk.Catalogue.LevelByCode(code)
		if err != nil {
			q.Refuse("module", "error.module-unknown")
		} else {
			f.Module = &l.ID
		}
	}
	if err := q.Err(); err != nil {
		return err
	}
	page, err := a.Desk.Articles.List(r.Actor(), f)
	if err != nil {
		return err
	}
	out := apiArticleList{Articles: []apiArticle{}}
	if page.Next != "" {
		out.Next = &page.Next
	}
	err = a.Desk.Names(func(n desk.Names) {
		for _, item := range page.Items {
			out.Articles = append(out.Articles, articleAnswer(names{n}, item.Article, item.Version))
		}
	})
	if err != nil {
		return err
	}
	return r.JSON(out)
}

func (a pages) apiArticle(r *web.Request) error {
	slug, err := url.PathUnescape(r.Param("slug"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	lang := r.QueryForm().Raw("lang")
	if lang == "" {
		lang = r.Lang()
	}
	return a.articleDocument(r, slug, lang)
}

func (a pages) articleDocument(r *web.Request, slug, lang string) error {
	v, err := a.Desk.Articles.Read(r.Actor(), slug, lang)
	if err != nil {
		return err
	}
	var out apiArticle
	err = a.Desk.Names(func(n desk.Names) { out = articleAnswer(names{n}, v.Article, v.Version) })
	if err != nil {
		return err
	}
	out.Body, out.Languages = v.Version.Body, v.Languages
	for _, f := range v.Files {
		out.Files = append(out.Files, fileAnswer(f))
	}
	return r.JSON(out)
}

func (a pages) apiPostArticle(r *web.Request) error {
	if err := a.Desk.Tickets.MayWriteArticles(r.Actor()); err != nil {
		return err
	}
	var rec article.Record
	if err := program.ReadJSON(r, &rec); err != nil {
		return err
	}
	return a.putArticle(r, rec)
}

func (a pages) apiPutArticle(r *web.Request) error {
	if err := a.Desk.Tickets.MayWriteArticles(r.Actor()); err != nil {
		return err
	}
	slug, err := url.PathUnescape(r.Param("slug"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	var rec article.Record
	if err := program.ReadJSON(r, &rec); err != nil {
		return err
	}
	if rec.Slug != "" && rec.Slug != slug {
		return fault.New(fault.Invalid, "error.slug-differs").At("slug")
	}
	rec.Slug = slug
	return a.putArticle(r, rec)
}

func (a pages) putArticle(r *web.Request, rec article.Record) error {
	art, created, err := a.Desk.Articles.Put(r.Actor(), rec)
	if err != nil {
		return err
	}
	if created {
		r.Status(http.StatusCreated)
		r.SetLocation("/api/v1/articles/" + url.PathEscape(art.Slug))
	}
	return a.articleDocument(r, art.Slug, strings.TrimSpace(rec.Language))
}
