package article

import (
	"encoding/hex"
	"fmt"
	"html/template"
	"net/url"
	"path"
	"slices"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/article"
	"sportello/app/desk/catalogue"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/fault"
)

// articlesPerPage is how many titles one page of a list shows.
const articlesPerPage = 50

// withoutModule stands in an address for the articles without a level. No level has this code.
const withoutModule = "-"

// guidePage is the front page of the knowledge base.
type guidePage struct {
	web.Page
	Boxes  []guideBox
	Recent []articleLine
	All    string // total number in words; empty when there are none
	Drafts bool
}

// guideBox is one product with the levels directly below it that contain articles.
type guideBox struct {
	Name    string
	Address string
	Count   string
	Levels  []web.Link
}

// articlesPage lists the articles of a level and of the levels below it by title.
type articlesPage struct {
	web.Page
	Tree    []guideNode
	Lines   []articleLine
	Total   string
	Range   string // 51-100 di 2560, if known
	Next    string
	First   string
	Letters []web.Link
	Only    []web.Link // links that list one language only
	Write   string

	address string // of the list's first page
}

// guideNode is one level in a tree of links.
type guideNode struct {
	Label, Address, Count string
	Current               bool
	Below                 []guideNode
}

// articleLine is one article in a list.
type articleLine struct {
	Title, Address, Text string
	Module               string
	Updated              string
	Lang                 string // of the title; empty when it is the reader's
	Language             string // the name of that language
	Draft, AgentsOnly    bool
}

// guideCatalogue is what every page of the knowledge base needs: the catalogue, and for each level the number of
// articles that the reader may read in it and below it.
type guideCatalogue struct {
	levels []catalogue.Level
	counts map[uint64]int // including the levels below
	total  int
	loose  int // without a level
}

func (a pages) guideCatalogue(r *web.Request) (*guideCatalogue, error) {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return nil, err
	}
	own, err := a.Desk.Articles.Counts(r.Actor())
	if err != nil {
		return nil, err
	}
	g := &guideCatalogue{levels: levels, counts: map[uint64]int{}, loose: own[0]}
	for _, n := range own {
		g.total += n
	}
	for _, l := range levels {
		g.counts[l.ID] += own[l.ID]
		for _, up := range l.Above {
			g.counts[up] += own[l.ID]
		}
	}
	return g, nil
}

// shown reports whether the level contains anything for the reader.
func (g *guideCatalogue) shown(l *catalogue.Level) bool { return g.counts[l.ID] > 0 }

func (a pages) getArticles(r *web.Request) error {
	v := &guidePage{Page: r.Page("articles.title")}
	v.Nav = "articles"
	g, err := a.guideCatalogue(r)
	if err != nil {
		return err
	}
	for i := range g.levels {
		l := &g.levels[i]
		switch {
		case !g.shown(l):
		case l.Depth == 0:
			v.Boxes = append(v.Boxes, guideBox{Name: l.Name.In(v.Lang), Address: address.Articles(l.Code), Count: v.Plural("articles.count", g.counts[l.ID])})
		case l.Depth == 1 && len(v.Boxes) > 0:
			box := &v.Boxes[len(v.Boxes)-1]
			box.Levels = append(box.Levels, web.Link{Label: l.Name.In(v.Lang), Address: address.Articles(l.Code), Count: v.Number(g.counts[l.ID])})
		}
	}
	if g.loose > 0 {
		v.Boxes = append(v.Boxes, guideBox{Name: v.T("articles.loose"), Address: address.Articles(withoutModule), Count: v.Plural("articles.count", g.loose)})
	}
	if g.total > 0 {
		v.All = v.Plural("articles.all", g.total)
	}
	recent, err := a.Desk.Articles.Recent(r.Actor(), v.Lang, 6)
	if err != nil {
		return err
	}
	for _, item := range recent {
		v.Recent = append(v.Recent, line(&v.Page, item, g.path(item.Module, v.Lang)))
	}
	v.Drafts = v.IsWriter
	return r.Render("page/articles", v)
}

// path returns the name of a level with the levels above it, empty for none.
func (g *guideCatalogue) path(id uint64, lang string) string {
	if l := g.level(id); l != nil {
		return l.Path.In(lang)
	}
	return ""
}

func (g *guideCatalogue) level(id uint64) *catalogue.Level {
	i := slices.IndexFunc(g.levels, func(l catalogue.Level) bool { return l.ID == id })
	if id == 0 || i < 0 {
		return nil
	}
	return &g.levels[i]
}

// excerptSource limits how many bytes of a body are read for the excerpt in a list.
const excerptSource = 2 << 10

// line returns the line of an article in a list.
func line(p *web.Page, item article.Item, module string) articleLine {
	v := item.Version
	l := articleLine{Title: v.Title, Address: address.Article(item.Slug), Module: module, Updated: p.T("articles.updated", "date", p.Date(v.Updated)),
		Draft: v.Publication == store.Draft, AgentsOnly: item.Audience == store.Agents}
	body := v.Body
	if len(body) > excerptSource {
		body = strings.ToValidUTF8(body[:excerptSource], "")
	}
	l.Text = markup.Excerpt(firstSentences(markup.Plain(v.Format.String(), body)), 170)
	if v.Language != p.Lang {
		l.Lang, l.Language = v.Language, p.T("articles.language-"+v.Language)
		l.Address += "?lang=" + v.Language
	}
	return l
}

// firstSentences removes what precedes the first sentence of a text: headings and remains of menus.
func firstSentences(text string) string {
	for rest := text; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		if line = strings.TrimSpace(line); len(line) > 60 || strings.HasSuffix(line, ".") {
			return rest
		}
		rest = after
	}
	return text
}

// getArticlesIn lists the articles of one level, of no level, or all of them.
func (a pages) getArticlesIn(r *web.Request) error {
	code := strings.Trim(r.Param("*"), "/")
	v := &articlesPage{Page: r.Page("articles.title")}
	v.Nav = "articles"
	g, err := a.guideCatalogue(r)
	if err != nil {
		return err
	}
	v.Crumb(v.T("articles.title"), "/articles")
	f := article.Filter{Language: v.Lang, Limit: articlesPerPage}
	total, here := g.total, uint64(0)
	switch code {
	case "":
		v.Title = v.T("articles.all-title")
		v.Crumb(v.Title, "")
	case withoutModule:
		f.Module, total = new(uint64), g.loose
		v.Title = v.T("articles.loose")
		v.Crumb(v.Title, "")
	default:
		i := slices.IndexFunc(g.levels, func(l catalogue.Level) bool { return l.Code == code })
		if i < 0 {
			return fault.New(fault.NotFound, "error.not-found")
		}
		l := &g.levels[i]
		f.Module, f.Below, total, here = &l.ID, true, g.counts[l.ID], l.ID
		v.Title = v.T("articles.in", "level", l.Path.In(v.Lang))
		for _, up := range l.Above {
			if u := g.level(up); u != nil {
				v.Crumb(u.Name.In(v.Lang), address.Articles(u.Code))
			}
		}
		v.Crumb(l.Name.In(v.Lang), "")
	}
	q := r.QueryForm()
	f.After = q.Raw("after")
	v.address = v.Path
	if l := q.Raw("only"); slices.Contains(words.Languages, l) {
		f.Only, v.address = l, v.Path+"?only="+l
	}
	begin := q.Int("n", 1, 1_000_000, 0)
	list, err := a.Desk.Articles.List(r.Actor(), f)
	if err != nil {
		return err
	}
	for _, item := range list.Items {
		module := ""
		if item.Module != here {
			module = g.path(item.Module, v.Lang)
		}
		v.Lines = append(v.Lines, line(&v.Page, item, module))
	}
	v.Tree = g.tree(&v.Page, code)
	v.Total = v.Plural("articles.count", total)
	v.pages(begin, f, list.Next, total)
	if v.IsWriter {
		v.Write = "/articles/new"
		if here != 0 {
			v.Write += fmt.Sprintf("?module=%d", here)
		}
	}
	return r.Render("page/articles-in", v)
}

// pages fills in the links of a list with more than one page: to the next page, the first one, each letter, and each
// language. The range is known as long as the reader turns pages one by one.
func (v *articlesPage) pages(begin int, f article.Filter, next string, total int) {
	if total <= articlesPerPage {
		return
	}
	if f.After == "" {
		begin = 1
	}
	last := v.Number(begin + len(v.Lines) - 1)
	switch {
	case begin == 0 || len(v.Lines) == 0:
		v.Range = v.Total
	case f.Only != "":
		v.Range = v.T("articles.range-open", "first", v.Number(begin), "last", last)
	default:
		v.Range = v.T("articles.range", "first", v.Number(begin), "last", last, "total", v.Number(total))
	}
	at := func(after string) string {
		if f.Only != "" {
			return v.address + "&after=" + after
		}
		return v.address + "?after=" + after
	}
	if f.After != "" {
		v.First = v.address
	}
	if next != "" {
		v.Next = at(url.QueryEscape(next))
		if begin > 0 {
			v.Next += fmt.Sprintf("&n=%d", begin+len(v.Lines))
		}
	}
	for r := 'a'; r <= 'z'; r++ {
		key := hex.EncodeToString([]byte{byte(r)}) // titles sort by their letters without accents and case
		v.Letters = append(v.Letters, web.Link{Label: strings.ToUpper(string(r)), Address: at(key), Current: f.After == key})
	}
	v.Only = append(v.Only, web.Link{Label: v.T("articles.only-all"), Address: v.Path, Current: f.Only == ""})
	for _, l := range words.Languages {
		v.Only = append(v.Only, web.Link{Label: v.T("articles.only-" + l), Address: v.Path + "?only=" + l, Current: f.Only == l})
	}
}

// tree returns the levels that contain articles. For products other than the current one it returns only the first
// level below.
func (g *guideCatalogue) tree(p *web.Page, code string) []guideNode {
	node := func(label, code, at string, n int) guideNode {
		return guideNode{Label: label, Address: strings.TrimSuffix(address.Articles(code), "/"), Count: p.Number(n), Current: code == at}
	}
	out := []guideNode{node(p.T("articles.everything"), "", code, g.total)}
	for i := range g.levels {
		l := &g.levels[i]
		if !g.shown(l) && l.Code != code {
			continue
		}
		n := node(l.Name.In(p.Lang), l.Code, code, g.counts[l.ID])
		switch l.Depth {
		case 0:
			out = append(out, n)
		case 1:
			up := &out[len(out)-1]
			up.Below = append(up.Below, n)
		default:
			area := path.Dir(l.Code)
			if code != area && !strings.HasPrefix(code, area+"/") {
				continue
			}
			if up := &out[len(out)-1]; len(up.Below) > 0 {
				last := &up.Below[len(up.Below)-1]
				last.Below = append(last.Below, n)
			}
		}
	}
	if g.loose > 0 {
		out = append(out, node(p.T("articles.loose"), withoutModule, code, g.loose))
	}
	return out
}

// articlePage is one article in one language.
type articlePage struct {
	web.Page
	Heading    string
	Lang2      string // of the article, when it differs from the page's
	Article    template.HTML
	Headings   []markup.Heading
	Module     web.Link
	Updated    string
	Others     []web.Link // the article in its other languages
	Missing    string     // says that there is no version in the reader's language; empty otherwise
	Draft      string     // says that only writers see it; empty otherwise
	AgentsOnly bool
	Labels     []web.Link // search labels of the article
	Files      []show.FileCard
	Updates    []web.Link // updates that it is linked to
	Edit       string
	Translate  web.Link
	Ask        string
	Clear      string // the browser's drafts that are saved now
}

// fileEnding returns the extension of a name in capitals, at most four letters.
func fileEnding(name string) string {
	ext := strings.ToUpper(strings.TrimPrefix(path.Ext(name), "."))
	if ext == "" || len(ext) > 4 {
		return "FILE"
	}
	return ext
}

func (a pages) getArticle(r *web.Request) error {
	v := &articlePage{Page: r.Page("articles.title")}
	v.Nav = "articles"
	want := v.Lang
	if l := r.Query("lang"); slices.Contains(words.Languages, l) {
		want = l
	}
	art, err := a.Desk.Articles.Read(r.Actor(), r.Param("slug"), want)
	if err != nil {
		return err
	}
	show.OpenedHit(a.Site, r)
	ver := art.Version
	v.Title, v.Heading = ver.Title, ver.Title
	if ver.Language != v.Lang {
		v.Lang2 = ver.Language
	}
	if ver.Language != want {
		v.Missing = v.T("article.missing-" + want)
	}
	if ver.Publication == store.Draft {
		v.Draft = v.T("article.draft-text")
	}
	v.AgentsOnly = art.Audience == store.Agents
	v.Updated = v.T("articles.updated", "date", v.Date(ver.Updated))
	shown := markup.Show(ver.Format.String(), ver.Body)
	v.Article = shown.HTML
	for _, l := range ver.Labels {
		v.Labels = append(v.Labels, web.Link{Label: l, Address: show.Asked{Text: `"` + strings.ReplaceAll(l, `"`, " ") + `"`, Kind: query.TypeArticle}.Address()})
	}
	v.Headings = chapters(shown.Headings)
	for _, l := range art.Languages {
		if l != ver.Language {
			v.Others = append(v.Others, web.Link{Label: a.Words.Text(l, "article.read-in-"+l), Lang: l, Address: address.Article(art.Slug) + "?lang=" + l})
		}
	}
	if v.Flash != "" {
		v.Clear = fmt.Sprintf("%d-article--%s %d-article-%s-%s", v.Person, ver.Language, v.Person, art.Slug, ver.Language)
	}
	if err := a.articlePlace(v, art); err != nil {
		return err
	}
	v.listFiles(art)
	if art.MayChange {
		v.Edit = address.Article(art.Slug) + "/edit?lang=" + ver.Language
	}
	if v.IsWriter && len(art.Languages) == 1 {
		other := otherLanguage(ver.Language)
		v.Translate = web.Link{Label: v.T("article.write-in-" + other), Address: address.Article(art.Slug) + "/edit?lang=" + other}
	}
	linked, err := a.Desk.Releases.OfArticle(r.Actor(), art.Article.ID)
	if err != nil {
		return err
	}
	if v.Updates, err = show.ReleaseLinks(a.Site, &v.Page, linked); err != nil {
		return err
	}
	return r.Render("page/article", v)
}

// listFiles lists the files of the version that its text neither shows nor links.
func (v *articlePage) listFiles(art *article.View) {
	for _, f := range art.Files {
		if !art.Version.Names(f.ID) {
			v.Files = append(v.Files, show.FileCardOf(&v.Page, f))
		}
	}
}

// articlePlace fills in where the article belongs: the path above it, its module, and where to ask about it.
func (a pages) articlePlace(v *articlePage, art *article.View) error {
	v.Crumb(v.T("articles.title"), "/articles")
	v.Ask = "/tickets/new"
	if l := art.Module; l != nil {
		levels, err := a.Desk.Catalogue.Levels()
		if err != nil {
			return err
		}
		for _, up := range levels {
			if slices.Contains(l.Above, up.ID) {
				v.Crumb(up.Name.In(v.Lang), address.Articles(up.Code))
			}
		}
		v.Crumb(l.Name.In(v.Lang), address.Articles(l.Code))
		v.Module = web.Link{Label: l.Path.In(v.Lang), Address: address.Articles(l.Code)}
		v.Ask = address.NewTicket(l.Code)
		if !l.Here() {
			v.Ask = "/modules/" + l.Code // that page says who serves it
		}
	} else {
		v.Crumb(v.T("articles.loose"), address.Articles(withoutModule))
	}
	v.Crumb(markup.Excerpt(v.Title, 60), "")
	return nil
}

func otherLanguage(lang string) string {
	if lang == "it" {
		return "en"
	}
	return "it"
}

// chapters returns the headings for the list beside an article: the chapters, and their sections when there are few
// chapters; nothing for a short article.
func chapters(all []markup.Heading) []markup.Heading {
	var chapters, parts []markup.Heading
	for _, h := range all {
		if h.Text == "" {
			continue
		}
		if h.Level == 2 {
			chapters = append(chapters, h)
		}
		if h.Level <= 3 {
			parts = append(parts, h)
		}
	}
	switch {
	case len(chapters) >= 3:
		return chapters
	case len(parts) >= 3:
		return parts
	}
	return nil
}
