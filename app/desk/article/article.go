package article

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/entry"
	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// View is an article in one language with everything the actor may know about it.
type View struct {
	*store.Article
	Version    *store.Version
	Languages  []string         // languages the actor may read, including the one shown
	Module     *catalogue.Level // nil when the article has no module
	Author     string
	Files      []*store.File // of the shown version
	MayChange  bool
	MayPublish bool
	MayDelete  bool // this version
}

// Read returns the article with the slug in the language if the actor may read that version, else in the other one. It
// returns a NotFound error when the actor may read neither.
func (as *Articles) Read(a policy.Actor, slug, lang string) (*View, error) {
	var out *View
	err := as.st.View(func(tx *db.Tx) error {
		art, err := store.ArticlesBySlug.First(tx, slug)
		if err != nil {
			return err
		}
		out, err = as.viewArticle(tx, a, art, lang)
		return err
	})
	return out, err
}

// ReadByID is Read by the id of the row, as search returns it.
func (as *Articles) ReadByID(a policy.Actor, id uint64, lang string) (*View, error) {
	var out *View
	err := as.st.View(func(tx *db.Tx) error {
		art, err := store.Articles.Get(tx, id)
		if err != nil {
			return err
		}
		out, err = as.viewArticle(tx, a, art, lang)
		return err
	})
	return out, err
}

func (as *Articles) viewArticle(tx *db.Tx, a policy.Actor, art *store.Article, lang string) (*View, error) {
	versions, err := store.VersionsByArticle.Glance(tx, art.ID)
	if err != nil {
		return nil, err
	}
	v := &View{Article: art}
	for _, ver := range versions {
		if !policy.MayRead(tx, a, art.Module, art.Audience, ver.Publication) {
			continue
		}
		v.Languages = append(v.Languages, ver.Language)
		if v.Version == nil || ver.Language == lang {
			v.Version = ver
		}
	}
	if v.Version == nil {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	if v.Version, err = store.Versions.Get(tx, v.Version.ID); err != nil {
		return nil, err
	}
	if art.Module != 0 {
		levels, err := catalogue.All(tx)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(levels, func(l catalogue.Level) bool { return l.ID == art.Module }); i >= 0 {
			v.Module = &levels[i]
		}
	}
	if p, err := store.People.Get(tx, v.Version.Author); err == nil {
		v.Author = p.Name
	}
	files, err := store.FilesByVersion.Find(tx, v.Version.ID)
	if err != nil {
		return nil, err
	}
	if v.Files, err = as.files.Readable(tx, a, files); err != nil {
		return nil, err
	}
	v.MayPublish = policy.MayPublish(tx, a, art.Module) == nil
	v.MayChange = policy.MayDraft(a) == nil && (v.Version.Publication == store.Draft || v.MayPublish)
	v.MayDelete = v.Version.Publication == store.Draft && mayDiscard(tx, a, art, v.Version) == nil
	return v, nil
}

// Form is one language version of an article as somebody submits it.
type Form struct {
	Slug        string // of the article; if empty, one is made from the title
	Module      uint64
	Audience    store.Audience // signed-in when none is chosen
	Language    string
	Title       string
	Body        string
	Format      store.Format // Markdown when none is chosen
	Labels      []string     // nil leaves the existing ones
	Publication store.Publication
	Rev         uint64   // revision the actor saw; 0 for a new version
	Files       []uint64 // pending files of the actor, to be attached to the article
}

var (
	maxTitle       = store.Versions.Most("title")
	maxArticleBody = store.Versions.Most("body") // bytes
)

// Save writes one language version: a new article when the slug is empty or unknown, a new version when the article has
// none in the language, else the next revision of the existing one. Module and audience belong to the article and
// change for all its versions. Everyone who may write drafts may call it; publishing, and changing a published version,
// requires more (see mayPublish). It returns Conflict "error.changed-meanwhile" when the version has another revision
// than the form's.
func (as *Articles) Save(a policy.Actor, f Form) (*View, error) {
	if err := policy.MayDraft(a); err != nil {
		return nil, err
	}
	var out *View
	err := as.st.Update(a.By(act.WriteArticle), func(tx *db.Tx) error {
		var wrong fault.Problems
		slug := strings.TrimSpace(f.Slug)
		var art *store.Article
		if slug != "" {
			found, err := store.ArticlesBySlug.First(tx, slug)
			switch {
			case err == nil:
				art = found
			case !errors.Is(err, fault.ErrNotFound):
				return err
			default:
				slug = entry.CleanCode(&wrong, "slug", slug, maxSlug)
			}
		}
		var v *store.Version
		if art != nil {
			var err error
			if v, err = versionIn(tx, art.ID, f.Language); err != nil {
				return err
			}
		}
		if (v == nil) != (f.Rev == 0) || v != nil && v.Rev != f.Rev {
			current := uint64(0)
			if v != nil {
				current = v.Rev
			}
			return fault.New(fault.Conflict, "error.changed-meanwhile", "rev", current)
		}
		files, err := file.Pending(tx, a, f.Files)
		if err != nil {
			return err
		}
		w := written{article: art, version: v, slug: slug, form: f}
		if art, v, err = w.put(tx, a, &wrong); err != nil {
			return err
		}
		for _, file := range files {
			file.Article, file.Versions = art.ID, []uint64{v.ID}
			if err := store.Files.Put(tx, file); err != nil {
				return err
			}
		}
		if err := as.shareFiles(tx, a, v); err != nil {
			return err
		}
		out, err = as.viewArticle(tx, a, art, v.Language)
		return err
	})
	return out, err
}

// shareFiles lets the version show those files of the article's other versions that its text names and its writer may
// read, as a translation shows the pictures of the original. It removes shared files that the text no longer names.
// Files sent with the version stay with it.
func (as *Articles) shareFiles(tx *db.Tx, a policy.Actor, v *store.Version) error {
	files, err := store.FilesByArticle.Find(tx, v.Article)
	if err != nil {
		return err
	}
	for _, f := range files {
		has, names := slices.Contains(f.Versions, v.ID), v.Names(f.ID)
		switch {
		case names && !has:
			if as.files.MayRead(tx, a, f) != nil {
				continue
			}
			f.Versions = append(slices.Clone(f.Versions), v.ID)
		case has && !names && f.Versions[0] != v.ID:
			f.Versions = db.Without(f.Versions, v.ID)
		default:
			continue
		}
		if err := store.Files.Put(tx, f); err != nil {
			return err
		}
	}
	return nil
}

// written is a version about to be stored, from a form or a record.
type written struct {
	article  *store.Article // nil: a new one
	version  *store.Version // nil: a new one
	slug     string         // of a new article; if empty, it is made from the title
	external string
	form     Form
	added    bool // set by put: the version is new
	changed  bool // set by put: something was written
}

// put checks the form and the actor's rights, and writes what differs. It adds the form's problems to wrong.
func (w *written) put(tx *db.Tx, a policy.Actor, wrong *fault.Problems) (*store.Article, *store.Version, error) {
	f := w.form
	title := markup.Line(f.Title)
	entry.CheckText(wrong, "title", title, maxTitle)
	body := markup.Clean(f.Body)
	switch {
	case strings.TrimSpace(body) == "":
		wrong.Add("body", "error.required")
	case len(body) > maxArticleBody:
		wrong.Add("body", "error.too-large", "megabytes", maxArticleBody>>20)
	}
	if f.Language == "" {
		wrong.Add("language", "error.required")
	}
	entry.CleanLanguage(wrong, "language", f.Language)
	if f.Audience == store.AudienceNone {
		f.Audience = store.SignedIn
	}
	if f.Format == store.FormatNone {
		f.Format = store.Markdown
	}
	if f.Publication == store.PublicationNone {
		f.Publication = store.Draft
	}
	if f.Audience > store.Agents || f.Format > store.Text || f.Publication > store.Published {
		wrong.Add("audience", "error.code", "value", "")
	}
	if f.Module != 0 && f.Module != policy.Nowhere {
		if _, err := store.Modules.Get(tx, f.Module); err != nil {
			wrong.Add("module", "error.module-unknown")
		}
	}
	if !a.Reaches(tx, scope.Articles, f.Module) && f.Module != policy.Nowhere {
		wrong.Add("module", "error.token-module")
	}
	if err := w.may(tx, a, f); err != nil {
		return nil, nil, err
	}
	if err := wrong.Err(); err != nil {
		return nil, nil, err
	}
	art, v := w.article, w.version
	if art == nil {
		art = &store.Article{Slug: w.slug, External: w.external, Author: a.ID()}
		if art.Slug == "" {
			art.Slug = freeSlug(tx, markup.Slug(title))
		}
	}
	if art.ID == 0 || art.Module != f.Module || art.Audience != f.Audience {
		art.Module, art.Audience = f.Module, f.Audience
		if err := store.Articles.Put(tx, art); err != nil {
			return nil, nil, err
		}
		w.changed = true
		if err := followArticle(tx, art, v); err != nil {
			return nil, nil, err
		}
	}
	before := store.Version{}
	if v == nil {
		v = &store.Version{Article: art.ID, Language: f.Language, Author: a.ID()}
		w.added = true
	} else {
		before = *v
	}
	v.Module, v.Audience = art.Module, art.Audience
	v.Title, v.Body, v.Format, v.Publication = title, body, f.Format, f.Publication
	if f.Labels != nil {
		v.Labels = cleanLabels(f.Labels)
	}
	switch {
	case v.Publication != store.Published:
		v.Published = time.Time{}
	case v.Published.IsZero():
		v.Published = tx.Now()
		tx.Act(act.PublishArticle)
	}
	if v.ID != 0 && reflect.DeepEqual(before, *v) {
		return art, v, nil
	}
	w.changed = true
	return art, v, store.Versions.Put(tx, v)
}

// cleanLabels returns the labels, each on one line, without duplicates.
func cleanLabels(list []string) []string {
	var out []string
	for _, l := range list {
		if l = markup.Line(l); l != "" && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, l) }) {
			out = append(out, l)
		}
	}
	return out
}

// may returns a Denied error unless the actor may make this change. Everyone who writes articles may change drafts;
// what is or becomes published requires the right to publish for the article's present module and for its new one.
func (w *written) may(tx *db.Tx, a policy.Actor, f Form) error {
	if a.System {
		return nil
	}
	if err := policy.MayDraft(a); err != nil {
		return err
	}
	if w.article != nil && !a.Reaches(tx, scope.Articles, w.article.Module) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	public := f.Publication == store.Published || w.version != nil && w.version.Publication == store.Published
	if w.article != nil && (w.article.Module != f.Module || w.article.Audience != f.Audience) {
		versions, err := store.VersionsByArticle.Glance(tx, w.article.ID)
		if err != nil {
			return err
		}
		public = public || slices.ContainsFunc(versions, func(v *store.Version) bool { return v.Publication == store.Published })
	}
	if !public {
		return nil
	}
	if err := policy.MayPublish(tx, a, f.Module); err != nil {
		return fault.New(fault.Denied, "error.publish-denied").At("state")
	}
	if w.article != nil && policy.MayPublish(tx, a, w.article.Module) != nil {
		return fault.New(fault.Denied, "error.publish-denied").At("module")
	}
	return nil
}

// followArticle gives the article's module and audience to all its versions except but, which is about to be written.
func followArticle(tx *db.Tx, art *store.Article, but *store.Version) error {
	versions, err := store.VersionsByArticle.Find(tx, art.ID)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if but != nil && v.ID == but.ID || v.Module == art.Module && v.Audience == art.Audience {
			continue
		}
		v.Module, v.Audience = art.Module, art.Audience
		if err := store.Versions.Put(tx, v); err != nil {
			return err
		}
	}
	return nil
}

var maxSlug = store.Articles.Most("slug")

// reservedSlugs are words that stand for other pages in the place of an article's slug.
var reservedSlugs = []string{"new", "in", "drafts", "missing", "pick"}

// freeSlug returns the wish or, when it is taken, the wish with -2, -3 and so on, within 80 characters.
func freeSlug(tx *db.Tx, wish string) string {
	if wish == "" {
		wish = "articolo"
	}
	slug := wish
	for n := 2; slices.Contains(reservedSlugs, slug) || store.ArticlesBySlug.Has(tx, slug); n++ {
		end := "-" + strconv.Itoa(n)
		slug = strings.TrimRight(wish[:min(len(wish), maxSlug-len(end))], "-") + end
	}
	return slug
}

// Remove removes a draft in one language, and the article with its files if that was its last version. Its author may
// remove it, and everyone who may publish it. It returns Conflict "error.article-published" for a published version.
func (as *Articles) Remove(a policy.Actor, slug, lang string, saw uint64) error {
	if err := policy.MayDraft(a); err != nil {
		return err
	}
	return as.st.Update(a.By(act.DeleteArticle), func(tx *db.Tx) error {
		art, err := store.ArticlesBySlug.First(tx, slug)
		if err != nil {
			return err
		}
		v, err := store.VersionsByArticle.First(tx, art.ID, lang)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, v.Rev); err != nil {
			return err
		}
		if v.Publication != store.Draft {
			return entry.Conflict("error.article-published")
		}
		if err := mayDiscard(tx, a, art, v); err != nil {
			return err
		}
		files, err := store.FilesByVersion.Find(tx, v.ID)
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.Versions = db.Without(f.Versions, v.ID); len(f.Versions) > 0 {
				err = store.Files.Put(tx, f)
			} else {
				err = store.DeleteFile(tx, f.ID)
			}
			if err != nil {
				return err
			}
		}
		if err := store.Versions.Delete(tx, v.ID); err != nil {
			return err
		}
		if store.VersionsByArticle.Has(tx, art.ID) {
			return nil
		}
		return store.Articles.Delete(tx, art.ID)
	})
}

func mayDiscard(tx *db.Tx, a policy.Actor, art *store.Article, v *store.Version) error {
	if a.SignedIn() && v.Author == a.ID() && policy.MayDraft(a) == nil {
		return nil
	}
	return policy.MayPublish(tx, a, art.Module)
}
