package article

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/article"
	"sportello/app/desk/find"
	"sportello/app/markup"
	"sportello/app/message"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
)

// articleEditPage is the editor of an article in one language.
type articleEditPage struct {
	web.Page
	Address      string // address the form is posted to
	Language     string // of the text
	LanguageName string
	New          bool // the article has no text in the language yet
	Tabs         []web.Link
	Modules      []show.Choice
	Audiences    []show.Choice
	States       []show.Choice
	NoPublish    string // why the text cannot be published
	HTML         bool   // the text is HTML, like imported pages
	Draft        string // the name under which the browser stores what is being typed
	Preview      template.HTML
	Previewed    bool
	PreviewURL   string
	Uploads      []insertable
	Files        []insertable
	Other        *otherVersion
	Delete       string
	Cancel       string
}

// insertable is a file with the text that inserts it.
type insertable struct {
	ID       uint64
	Card     show.FileCard
	Markdown string
	Anchor   string // id of the text to copy
}

// otherVersion is what somebody else saved in the meantime, shown beside the form.
type otherVersion struct {
	Gone  bool
	Title string
	Diff  []show.DiffLine
	When  words.Moment
}

// articleText is the form of one language version.
type articleText struct {
	form   article.Form
	act    string
	before []uint64 // uploads that an earlier attempt at the form stored
}

func (a pages) getNewArticle(r *web.Request) error {
	return a.articleEditPage(r, nil, &articleEditPage{}, nil, nil)
}

func (a pages) getEditArticle(r *web.Request) error {
	art, err := a.Desk.Articles.Read(r.Actor(), r.Param("slug"), a.editLanguage(r, nil))
	if err != nil {
		return err
	}
	return a.articleEditPage(r, art, &articleEditPage{}, nil, nil)
}

// editLanguage returns the language of the text in the form: from the form, else the address, else the reader's.
func (a pages) editLanguage(r *web.Request, f *web.Form) string {
	lang := r.Query("lang")
	if f != nil {
		lang = f.Raw("lang")
	} else if kept := r.Draft(); kept != nil {
		lang = kept.Get("lang")
	}
	if slices.Contains(words.Languages, lang) {
		return lang
	}
	return r.Lang()
}

// articleEditPage shows the editor: for a new article when art is nil, else for art in the requested language, in which
// it may have no text yet.
func (a pages) articleEditPage(r *web.Request, art *article.View, v *articleEditPage, f *web.Form, err error) error {
	preview, previewed, other, status := v.Preview, v.Previewed, v.Other, v.Page.Status
	v.Page = r.Page("article.new-title")
	v.Nav, v.Preview, v.Previewed, v.Other, v.Page.Status = "articles", preview, previewed, other, status
	v.Language = a.editLanguage(r, f)
	v.LanguageName = v.T("articles.language-" + v.Language)
	v.Crumb(v.T("articles.title"), "/articles")
	version, err2 := v.open(a, r, art)
	if err2 != nil {
		return err2
	}
	v.Crumb(v.Title, "")
	if f == nil && !v.Resume(r) {
		v.Fill(firstValues(r, art, version))
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	v.HTML = v.Value("format") == store.HTML.String()
	v.PreviewURL = "/preview?as=article"
	if v.HTML {
		v.PreviewURL += "&format=html"
	}
	if v.New {
		v.Draft = fmt.Sprintf("%d-article-%s-%s", v.Person, r.Param("slug"), v.Language)
	}
	if err := v.options(a, art); err != nil {
		return err
	}
	for _, k := range v.Kept() {
		v.Uploads = append(v.Uploads, v.insertable(k.ID, show.FileCard{Name: k.Name, Address: address.File(k.ID), Kind: fileEnding(k.Name), Size: k.Size}))
	}
	if art != nil {
		for _, file := range art.Files {
			v.Files = append(v.Files, v.insertable(file.ID, show.FileCardOf(&v.Page, file)))
		}
	}
	return r.Render("page/article-edit", v)
}

// open determines which text is edited, and returns a Denied error when the actor may not change it. It returns the
// existing version, nil when there is none in the language.
func (v *articleEditPage) open(a pages, r *web.Request, art *article.View) (*store.Version, error) {
	v.Address, v.Cancel, v.New = "/articles/new", "/articles", true
	at := v.Address
	var version *store.Version
	if art != nil {
		at = address.Article(art.Slug) + "/edit"
		v.Address, v.Cancel = at, address.Article(art.Slug)
		v.Title = v.T("article.edit-title")
		v.Crumb(markup.Excerpt(art.Version.Title, 60), v.Cancel)
		if art.Version.Language == v.Language {
			version, v.New = art.Version, false
			if !art.MayChange {
				return nil, fault.New(fault.Denied, "error.publish-denied")
			}
			v.Cancel += "?lang=" + v.Language
		} else {
			v.Title = v.T("article.write-in-" + v.Language)
		}
		if !art.MayPublish {
			v.NoPublish = v.T("article.no-publish")
		}
		if art.MayDelete && !v.New {
			v.Delete = address.Article(art.Slug) + "/delete"
		}
	}
	for _, l := range words.Languages {
		link := web.Link{Label: v.T("articles.language-" + l), Lang: l, Address: at + "?lang=" + l, Current: l == v.Language}
		if art == nil && r.Query("module") != "" {
			link.Address += "&module=" + url.QueryEscape(r.Query("module"))
		}
		if art == nil && r.Query("title") != "" {
			link.Address += "&title=" + url.QueryEscape(r.Query("title"))
		}
		if art != nil && !slices.Contains(art.Languages, l) {
			link.Count = v.T("article.not-there")
		}
		v.Tabs = append(v.Tabs, link)
	}
	return version, nil
}

// firstValues returns the initial values of the form.
func firstValues(r *web.Request, art *article.View, version *store.Version) url.Values {
	values := url.Values{"rev": {"0"}, "state": {store.Draft.String()}, "audience": {store.SignedIn.String()}, "format": {store.Markdown.String()}}
	if art != nil {
		values.Set("audience", art.Audience.String())
		values.Set("module", show.IDValue(art.Article.Module))
	} else {
		values.Set("module", r.Query("module"))
		if title := strings.Clone(r.Query("title")); utf8.RuneCountInString(title) <= 200 {
			values.Set("title", strings.ToValidUTF8(title, ""))
		}
	}
	if version != nil {
		values.Set("rev", fmt.Sprint(version.Rev))
		values.Set("state", version.Publication.String())
		values.Set("format", version.Format.String())
		values.Set("title", version.Title)
		values.Set("body", version.Body)
		values.Set("labels", strings.Join(version.Labels, ", "))
	}
	return values
}

// options fills in the choices.
func (v *articleEditPage) options(a pages, art *article.View) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	for _, l := range levels {
		value := fmt.Sprint(l.ID)
		if l.Retired && !v.Chosen("module", value) {
			continue
		}
		v.Modules = append(v.Modules, show.Choice{Value: value, Label: l.Path.In(v.Lang), Chosen: v.Chosen("module", value)})
	}
	for _, aud := range []store.Audience{store.Public, store.SignedIn, store.Agents} {
		code := aud.String()
		v.Audiences = append(v.Audiences, show.Choice{Value: code, Label: v.T("article.audience-" + code), Hint: v.T("article.audience-hint-" + code), Chosen: v.Chosen("audience", code)})
	}
	for _, pub := range []store.Publication{store.Draft, store.Published} {
		code := pub.String()
		o := show.Choice{Value: code, Label: v.T("article.state-" + code), Hint: v.T("article.state-hint-" + code), Chosen: v.Chosen("state", code)}
		if pub == store.Published && v.NoPublish != "" {
			o.Hint, o.Off = v.NoPublish, !o.Chosen
		}
		v.States = append(v.States, o)
	}
	return nil
}

func (v *articleEditPage) insertable(id uint64, card show.FileCard) insertable {
	return insertable{ID: id, Card: card, Markdown: fileMarkdown(id, card.Name, v.HTML), Anchor: fmt.Sprintf("insert-%d", id)}
}

// fileMarkdown returns the text that inserts a file: an image, or a link.
func fileMarkdown(id uint64, name string, html bool) string {
	picture := slices.Contains([]string{"PNG", "JPG", "JPEG", "GIF", "WEBP"}, fileEnding(name))
	if html {
		name = template.HTMLEscapeString(name)
		if picture {
			return fmt.Sprintf(`<img src="%s" alt="%s">`, address.File(id), name)
		}
		return fmt.Sprintf(`<a href="%s">%s</a>`, address.File(id), name)
	}
	name = strings.NewReplacer("[", `\[`, "]", `\]`, `\`, `\\`).Replace(name)
	text := fmt.Sprintf("[%s](%s)", name, address.File(id))
	if picture {
		return "!" + text
	}
	return text
}

func (a pages) postNewArticle(r *web.Request) error { return a.saveArticle(r, nil) }

func (a pages) postEditArticle(r *web.Request) error {
	art, err := a.Desk.Articles.Read(r.Actor(), r.Param("slug"), a.editLanguage(r, r.Form()))
	if err != nil {
		return err
	}
	return a.saveArticle(r, art)
}

// maxLabels is the maximum length of all labels as typed.
var maxLabels = store.Most("versions.labels") * (store.Versions.MostOfEach("labels") + 2)

// readArticle reads the form. It keeps uploads even if the form has problems.
func (a pages) readArticle(r *web.Request, f *web.Form, art *article.View) articleText {
	t := articleText{act: f.Raw("act"), before: f.IDs("kept_file")}
	t.form = article.Form{Title: f.Text("title", store.Most("versions.title")), Body: f.Body("body"), Module: f.ID("module"), Rev: f.ID("rev"),
		Audience: web.FormCode[store.Audience](f, "audience"), Publication: web.FormCode[store.Publication](f, "state"),
		Format: web.FormCode[store.Format](f, "format"), Language: a.editLanguage(r, f), Files: f.Files("files")}
	if art != nil {
		t.form.Slug = art.Slug
	}
	if f.Has("labels") {
		t.form.Labels = strings.FieldsFunc(f.Text("labels", maxLabels), func(ch rune) bool { return ch == ',' || ch == ';' })
		if t.form.Labels == nil {
			t.form.Labels = []string{}
		}
	}
	return t
}

// saveArticle saves the text, or previews it, or stores files and adds them to the end of the text.
func (a pages) saveArticle(r *web.Request, art *article.View) error {
	f := r.Form()
	t := a.readArticle(r, f, art)
	v := &articleEditPage{}
	switch t.act {
	case "preview":
		v.Previewed, v.Preview = true, markup.HTML(t.form.Format.String(), f.Raw("body"))
		return a.articleEditPage(r, art, v, f, f.Err())
	case "upload":
		t.insert(f)
		return a.articleEditPage(r, art, v, f, f.Err())
	}
	err := f.Err()
	var saved *article.View
	if err == nil {
		saved, err = a.Desk.Articles.Save(r.Actor(), t.form)
	}
	if err == nil {
		key := "flash.article-saved"
		if saved.Version.Publication == store.Published {
			key = "flash.article-published"
		}
		return r.Done(key, address.Article(saved.Slug)+"?lang="+saved.Version.Language)
	}
	if fault.KindOf(err) == fault.Conflict {
		if v.Other, err = a.otherVersion(r, t.form, f); err != nil {
			return err
		}
		v.Page.Status = http.StatusConflict
		if art, err = a.Desk.Articles.Read(r.Actor(), r.Param("slug"), t.form.Language); err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		return a.articleEditPage(r, art, v, f, nil)
	}
	return a.articleEditPage(r, art, v, f, besideField(err))
}

// insert adds the files just uploaded to the end of the text.
func (t *articleText) insert(f *web.Form) {
	html := t.form.Format == store.HTML
	body := strings.TrimRight(f.Raw("body"), "\r\n ")
	for _, k := range f.Kept {
		if slices.Contains(t.before, k.ID) {
			continue
		}
		if body != "" {
			body += "\n\n"
		}
		body += fileMarkdown(k.ID, k.Name, html)
	}
	f.Values.Set("body", body+"\n")
}

// besideField turns the desk's errors into problems of the form's fields. A missing right becomes a problem of the
// choice that needs it, so that the form comes back complete and names what is missing.
func besideField(err error) error {
	var one *fault.Error
	var many fault.Problems
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one) && one.Field != "":
		many = fault.Problems{one}
	default:
		return err
	}
	out := make(fault.Problems, 0, len(many))
	for _, e := range many {
		switch {
		case e.Kind == fault.Denied && e.Field != "":
			e = fault.New(fault.Invalid, e.Key).At(e.Field)
		case e.Key == "error.required" && (e.Field == "title" || e.Field == "body"):
			e = fault.New(fault.Invalid, "article.need-"+e.Field).At(e.Field)
		}
		out = append(out, e)
	}
	return out
}

// otherVersion returns what somebody saved after the form was opened. The form gets the newest revision: whoever saves
// again has seen that version.
func (a pages) otherVersion(r *web.Request, mine article.Form, f *web.Form) (*otherVersion, error) {
	art, err := a.Desk.Articles.Read(r.Actor(), mine.Slug, mine.Language)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return nil, err
	}
	if err != nil || art.Version.Language != mine.Language {
		f.Values.Set("rev", "0")
		return &otherVersion{Gone: true}, nil
	}
	f.Values.Set("rev", fmt.Sprint(art.Version.Rev))
	now := a.Desk.Now().In(a.Desk.Location())
	return &otherVersion{Title: art.Version.Title, When: a.Words.Moment(r.Lang(), art.Version.Updated, now), Diff: show.Difference(a.Words, r.Lang(), art.Version.Body, mine.Body)}, nil
}

func (a pages) postDeleteArticle(r *web.Request) error {
	f := r.Form()
	slug, lang := r.Param("slug"), a.editLanguage(r, f)
	rev := f.ID("rev")
	if err := f.Err(); err != nil {
		return err
	}
	if err := a.Desk.Articles.Remove(r.Actor(), slug, lang, rev); err != nil {
		return err
	}
	return r.Done("flash.article-deleted", "/articles/drafts")
}

// draftsPage lists the drafts, for writers.
type draftsPage struct {
	web.Page
	Lines []draftLine
	More  bool
}

type draftLine struct {
	articleLine
	Author  string
	Changed words.Moment
}

const maxDrafts = 200

func (a pages) getDrafts(r *web.Request) error {
	v := &draftsPage{Page: r.Page("articles.drafts")}
	v.Nav = "articles"
	v.Crumb(v.T("articles.title"), "/articles")
	v.Crumb(v.Title, "")
	list, err := a.Desk.Articles.Drafts(r.Actor(), maxDrafts)
	if err != nil {
		return err
	}
	v.More = len(list) == maxDrafts
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	g := &guideCatalogue{levels: levels}
	names := map[uint64]string{}
	err = a.Desk.Names(func(n desk.Names) {
		for _, item := range list {
			if p := n.Person(item.Version.Author); p != nil {
				names[p.ID] = p.Name // people who no longer exist have no name
			}
		}
	})
	if err != nil {
		return err
	}
	for _, item := range list {
		l := draftLine{articleLine: line(&v.Page, item, g.path(item.Module, v.Lang)), Author: names[item.Version.Author], Changed: v.Moment(item.Version.Updated)}
		l.Address = address.Article(item.Slug) + "?lang=" + item.Version.Language
		l.Language = v.T("articles.language-" + item.Version.Language)
		v.Lines = append(v.Lines, l)
	}
	return r.Render("page/article-drafts", v)
}

// previewFragment is the preview of a text.
type previewFragment struct {
	web.Page
	HTML template.HTML
}

// postPreview previews a text while it is being written: a message, in the format of the named ticket, or with
// as=article an article. With as=markdown it answers with pasted content converted to Markdown.
func (a pages) postPreview(r *web.Request) error {
	f := r.Form()
	as, format, text := r.Query("as"), store.Markdown, ""
	if as != "markdown" {
		text = f.Body("text")
	}
	if err := f.Err(); err != nil {
		return err
	}
	if n := r.Query("ticket"); n != "" {
		number, err := strconv.ParseUint(n, 10, 64)
		if err != nil {
			return fault.New(fault.NotFound, "error.not-found")
		}
		t, err := a.Desk.Tickets.Read(r.Actor(), number)
		if err != nil {
			return err
		}
		format = t.Speaks(f.Raw("mode") == "note")
	}
	v := &previewFragment{Page: r.Page("article.preview")}
	switch {
	case as == "markdown" && format == store.Markdown:
		said := cmp.Or(markup.FromPaste(f.Raw("html")), f.Raw("text"))
		if strings.HasPrefix(said, "| ") || strings.HasPrefix(said, "```") {
			said = "\n" + said // Markdown reads it as a block only at the beginning of a line
		}
		return r.JSON(said)
	case as == "markdown":
		return r.JSON(f.Raw("text"))
	case as != "article":
		v.HTML = message.Passage(format, text, "", v.T("article.quoted"), nil)
	case r.Query("format") == store.HTML.String():
		v.HTML = markup.HTML(markup.RichText, text)
	default:
		v.HTML = markup.HTML(markup.Markdown, text)
	}
	return r.Fragment("part/preview", v)
}

// getArticlePick lists published articles for the editor's ??: first those whose title begins with the words, then
// those that contain them. Articles that only agents may read are marked, because they must not be sent to anybody
// else.
func (a pages) getArticlePick(r *web.Request) error {
	actor := r.Actor()
	text := strings.TrimSpace(strings.ToValidUTF8(r.Query("q"), ""))
	var items []article.Item
	var err error
	if text == "" {
		items, err = a.Desk.Articles.Recent(actor, actor.Language, maxPicks)
	} else {
		items, err = a.Desk.Articles.Pick(actor, text, maxPicks)
	}
	if err != nil {
		return err
	}
	if len(items) < maxPicks && text != "" {
		found, err := a.Desk.Find.Search(r.Ctx(), actor, find.Query{Text: text, Types: []string{"article"}, Limit: 2 * maxPicks})
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			return err
		}
		for _, h := range found.Hits {
			known := slices.ContainsFunc(items, func(i article.Item) bool { return i.Article.ID == h.Article.ID })
			if !known && h.Version.Publication == store.Published && len(items) < maxPicks {
				items = append(items, article.Item{Article: h.Article, Version: h.Version})
			}
		}
	}
	slices.SortStableFunc(items, func(x, y article.Item) int {
		return agentsLast(x.Audience == store.Agents, y.Audience == store.Agents)
	})
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	g := &guideCatalogue{levels: levels}
	out := []pickedArticle{}
	for _, i := range items {
		p := pickedArticle{Title: i.Version.Title, URL: address.Article(i.Slug), Text: g.path(i.Module, actor.Language)}
		if i.Version.Language != actor.Language {
			p.URL += "?lang=" + i.Version.Language
		}
		if i.Audience == store.Agents {
			p.Text = strings.Trim(p.Text+", "+a.Words.Text(actor.Language, "articles.agents-only"), ", ")
		}
		out = append(out, p)
	}
	return r.JSON(out)
}

const maxPicks = 8

type pickedArticle struct {
	Title string `json:"title"`
	URL   string `json:"url"`
	Text  string `json:"text"`
}

func agentsLast(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
