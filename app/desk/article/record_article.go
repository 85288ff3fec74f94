package article

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// Record is one language version of an article in imports, exports and the API.
type Record struct {
	Slug       string    `json:"slug,omitempty"`
	Title      string    `json:"title"`
	Body       string    `json:"body"`
	Format     string    `json:"format"`
	Language   string    `json:"language"`
	Module     string    `json:"module,omitempty"`
	Audience   string    `json:"audience,omitempty"`
	State      string    `json:"state,omitempty"`
	ExternalID string    `json:"external_id,omitempty"`
	Labels     []string  `json:"labels,omitempty"` // search words that the text does not contain
	Pictures   []Picture `json:"-"`                // pictures of an import
}

// Picture is a picture imported with a record. The body contains its mark in place of its future address.
type Picture struct {
	Mark, Name string
	Content    []byte
}

// IsPicture reports whether the bytes are a picture of a kind that the desk shows.
func IsPicture(content []byte) bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, mimetype.Detect(content).String())
}

// Put writes the version that the record describes. Records with the same external_id or, without one, the same slug
// are versions of one article. A record in an existing language updates it; module, audience and state that it omits
// stay. A missing title becomes the first line of the body; a missing slug, or one that another article has, is made
// unique. created says whether the version is new. The rights are those of Save. It returns all problems as
// fault.Problems.
func (as *Articles) Put(a policy.Actor, rec Record) (art *store.Article, created bool, err error) {
	if !a.System {
		if err := policy.MayDraft(a); err != nil {
			return nil, false, err
		}
	}
	var bad fault.Problems
	f := Form{Title: markup.Line(rec.Title), Body: markup.Clean(rec.Body), Language: rec.Language, Labels: rec.Labels}
	f.Format = entry.Coded[store.Format](&bad, "format", rec.Format)
	f.Audience = entry.Coded[store.Audience](&bad, "audience", rec.Audience)
	f.Publication = entry.Coded[store.Publication](&bad, "state", rec.State)
	external := strings.TrimSpace(rec.ExternalID)
	entry.CleanLine(&bad, "external_id", external, entry.MaxExternal)
	if f.Title == "" && f.Format != store.FormatNone {
		f.Title = firstLine(f.Format.String(), f.Body)
	}
	named := strings.TrimSpace(rec.Slug)
	if named != "" {
		entry.CleanCode(&bad, "slug", named, maxSlug)
	}
	did := act.WriteArticle
	if a.Via == door.Import {
		did = act.Import
	}
	sums := make([]string, len(rec.Pictures))
	for i, p := range rec.Pictures {
		blob, err := as.st.PutBlob(bytes.NewReader(p.Content), as.maxFile)
		if err != nil {
			return nil, false, err
		}
		sums[i] = blob.Sum
	}
	err = as.st.Update(a.By(did), func(tx *db.Tx) error {
		art, created = nil, false
		wrong := slices.Clone(bad)
		w := written{external: external, form: f}
		if code := strings.TrimSpace(rec.Module); code != "" {
			m, err := store.ModulesByCode.First(tx, code)
			if err != nil {
				wrong.Add("module", "error.module-unknown")
				w.form.Module = policy.Nowhere
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
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
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
		if err := w.known(tx, rec.Pictures, sums); err != nil {
			return err
		}
		if art, _, err = w.put(tx, a, &wrong); err != nil {
			return err
		}
		created = w.added
		if err := w.addPictures(tx, a, art, rec.Pictures, sums, &wrong); err != nil {
			return err
		}
		v, err := versionIn(tx, art.ID, w.form.Language)
		if err != nil {
			return err
		}
		return as.shareFiles(tx, a, v)
	})
	return art, created, err
}

// known replaces the marks of pictures that the version already has with their addresses.
func (w *written) known(tx *db.Tx, pictures []Picture, sums []string) error {
	if w.version == nil || len(pictures) == 0 {
		return nil
	}
	files, err := store.FilesByVersion.Find(tx, w.version.ID)
	if err != nil {
		return err
	}
	for i, p := range pictures {
		for _, f := range files {
			if f.Sum == sums[i] {
				w.form.Body = strings.ReplaceAll(w.form.Body, p.Mark, "/files/"+entry.Digits(f.ID))
				break
			}
		}
	}
	return nil
}

// addPictures attaches the other pictures to the version and replaces their marks with their addresses.
func (w *written) addPictures(tx *db.Tx, a policy.Actor, art *store.Article, pictures []Picture, sums []string, wrong *fault.Problems) error {
	added := false
	for i, p := range pictures {
		if !strings.Contains(w.form.Body, p.Mark) {
			continue
		}
		v, err := versionIn(tx, art.ID, w.form.Language)
		if err != nil {
			return err
		}
		f := &store.File{Article: art.ID, Versions: []uint64{v.ID}, Person: a.ID(), Name: markup.FileName(p.Name), Type: mimetype.Detect(p.Content).String(), Size: int64(len(p.Content)), Sum: sums[i]}
		if err := store.Files.Put(tx, f); err != nil {
			return err
		}
		w.form.Body = strings.ReplaceAll(w.form.Body, p.Mark, "/files/"+entry.Digits(f.ID))
		w.article, w.version, added = art, v, true
	}
	if !added {
		return nil
	}
	_, _, err := w.put(tx, a, wrong)
	return err
}

// keep keeps the current values of an existing article that the record omits.
func (w *written) keep(rec Record) {
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

// firstLine returns the first line of the body that contains words, without markup, as a title.
func firstLine(format, body string) string {
	if len(body) > 64<<10 {
		body = body[:64<<10] // the title is near the beginning
	}
	for line := range strings.Lines(markup.Plain(format, body)) {
		if line = markup.Line(line); line != "" {
			return markup.Excerpt(line, maxTitle)
		}
	}
	return ""
}
