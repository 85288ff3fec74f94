package desk

import (
	"errors"
	"slices"
	"strings"

	"sportello/app/markup"
	"sportello/store"
)

// ArticleRecord is one language version of an article as imports, exports and the API write it.
type ArticleRecord struct {
	Slug       string   `json:"slug,omitempty"`
	Title      string   `json:"title"`
	Body       string   `json:"body"`
	Format     string   `json:"format"`
	Language   string   `json:"language"`
	Module     string   `json:"module,omitempty"`
	Audience   string   `json:"audience,omitempty"`
	State      string   `json:"state,omitempty"`
	ExternalID string   `json:"external_id,omitempty"`
	Labels     []string `json:"labels,omitempty"` // words to find it by that the text lacks
	Files      []uint64 `json:"-"`                // that an import kept for it
}

// PutArticleRecord writes the version the record describes. Records of one external_id or, without one, of one slug are
// versions of one article; the same language again updates, and what a record then leaves out (module, audience, state)
// stays. A missing title is the first line of the body; a missing slug, or one that another article has, is made
// unique. created tells whether the version was not there. Rights are those of SaveArticle. It returns all that is
// wrong as store.Problems.
func (d *Desk) PutArticleRecord(a Actor, rec ArticleRecord) (art *store.Article, created bool, err error) {
	if !a.System {
		if err := mayDraft(a); err != nil {
			return nil, false, err
		}
	}
	var bad store.Problems
	f := ArticleForm{Title: markup.Line(rec.Title), Body: markup.Clean(rec.Body), Language: rec.Language, Labels: rec.Labels}
	f.Format = code[store.Format](&bad, "format", rec.Format)
	f.Audience = code[store.Audience](&bad, "audience", rec.Audience)
	f.Publication = code[store.Publication](&bad, "state", rec.State)
	external := strings.TrimSpace(rec.ExternalID)
	cleanLine(&bad, "external_id", external, maxExternal)
	if f.Title == "" && f.Format != store.FormatNone {
		f.Title = firstLine(f.Format.String(), f.Body)
	}
	named := strings.TrimSpace(rec.Slug)
	if named != "" {
		cleanCode(&bad, "slug", named, maxSlug)
	}
	act := "write-article"
	if a.Via == "import" {
		act = "import"
	}
	err = d.st.Update(a.by(act), func(tx *store.Tx) error {
		art, created = nil, false
		wrong := slices.Clone(bad)
		w := written{external: external, form: f}
		if code := strings.TrimSpace(rec.Module); code != "" {
			m, err := store.ModulesByCode.First(tx, code)
			if err != nil {
				wrong.Add("module", "error.module-unknown")
				w.form.Module = Nowhere
			} else {
				w.form.Module = m.ID
			}
		}
		var err error
		switch {
		case external != "":
			w.article, err = store.ArticlesByExternal.First(tx, external)
		case named != "":
			w.article, err = store.ArticlesBySlug.First(tx, named)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if w.article == nil {
			w.slug = named
			if named == "" {
				w.slug = markup.Slug(f.Title)
			}
			w.slug = freeSlug(tx, w.slug)
		} else {
			if w.version, err = versionIn(tx, w.article.ID, f.Language); err != nil {
				return err
			}
			w.keep(rec)
		}
		if art, _, err = w.put(tx, a, &wrong); err != nil {
			return err
		}
		created = w.added
		v, err := versionIn(tx, art.ID, w.form.Language)
		if err != nil {
			return err
		}
		return d.shareFiles(tx, a, v)
	})
	return art, created, err
}

// keep lets stay what the record does not say of an article that is there.
func (w *written) keep(rec ArticleRecord) {
	if rec.Module == "" {
		w.form.Module = w.article.Module
	}
	if rec.Audience == "" {
		w.form.Audience = w.article.Audience
	}
	if w.version == nil {
		return
	}
	if rec.State == "" {
		w.form.Publication = w.version.Publication
	}
	if rec.Format == "" {
		w.form.Format = w.version.Format
	}
}

// firstLine returns the first line of the body that says something, without marks, as a title.
func firstLine(format, body string) string {
	if len(body) > 64<<10 {
		body = body[:64<<10] // a title stands at the beginning
	}
	for line := range strings.Lines(markup.Plain(format, body)) {
		if line = markup.Line(line); line != "" {
			return markup.Excerpt(line, maxTitle)
		}
	}
	return ""
}
