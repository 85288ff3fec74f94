package home

import (
	"html/template"
	"net/url"

	"sportello/app/address"
	"sportello/app/desk/article"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// modulePage is one level of the catalogue: what it is for, who supports it, what to read and where to ask.
type modulePage struct {
	web.Page
	About    string
	Group    string
	Hours    string
	Email    string
	Phone    string
	Versions []string
	Below    []web.Link
	Articles []guideLine
	Read     string // address of all its articles, when not all are shown
	New      string
	Away     *show.AwayBox
	Retired  bool
}

// moduleArticles is how many articles the page of a level lists.
const moduleArticles = 10

func (a pages) getModule(r *web.Request) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	code, err := url.PathUnescape(r.Param("*"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	l := show.LevelByCode(levels, code)
	if l == nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	v := &modulePage{Page: r.Page("module.title", "name", l.Name.In(r.Lang()))}
	v.Nav = "articles"
	v.Crumb(v.T("nav.home"), "/")
	for _, id := range l.Above {
		if above := show.LevelOf(levels, id); above != nil {
			v.Crumb(above.Name.In(v.Lang), "/modules/"+above.Code)
		}
	}
	v.Crumb(v.Title, "")
	v.About, v.Versions, v.Retired = l.Description.In(v.Lang), l.Versions, l.Retired
	for i := range levels {
		if b := &levels[i]; b.Parent == l.ID && !b.Retired {
			v.Below = append(v.Below, web.Link{Label: b.Name.In(v.Lang), Address: "/modules/" + b.Code})
		}
	}
	if !l.Here() {
		if v.Away, err = show.Away(a.Site, &v.Page, l); err != nil {
			return err
		}
	} else if !l.Retired {
		v.New = address.NewTicket(l.Code)
	}
	if l.Here() || l.Module.Group != 0 {
		g, err := a.Desk.People.Group(l.Group)
		if err != nil {
			return err
		}
		v.Group, v.Hours, v.Email, v.Phone = g.Name.In(v.Lang), g.Hours.In(v.Lang), g.Email, g.Phone
	}
	page, err := a.Desk.Articles.List(r.Actor(), article.Filter{Module: &l.ID, Below: true, Language: v.Lang, Limit: moduleArticles})
	if err != nil {
		return err
	}
	for _, it := range page.Items {
		line := guideLine{Title: it.Version.Title, Address: address.Article(it.Article.Slug)}
		if of := show.LevelOf(levels, it.Module); of != nil && of.ID != l.ID {
			line.Module = of.Name.In(v.Lang)
		}
		v.Articles = append(v.Articles, line)
	}
	if len(v.Articles) > 0 {
		v.Read = address.Articles(l.Code)
	}
	return r.Render("page/module", v)
}

// textPage is a page of text: privacy, accessibility.
type textPage struct {
	web.Page
	Text template.HTML
}

func (a pages) getPrivacy(r *web.Request) error {
	v := &textPage{Page: r.Page("text.privacy-title")}
	return a.textPage(r, v, "privacy", v.T("text.privacy"))
}

func (a pages) getAccessibility(r *web.Request) error {
	v := &textPage{Page: r.Page("text.accessibility-title")}
	return a.textPage(r, v, "accessibility", v.T("text.accessibility"))
}

// textPage shows the administrator's text of the name, settings.Extra["privacy.it"], else the built-in one.
func (a pages) textPage(r *web.Request, v *textPage, name, builtIn string) error {
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	text := r.Settings().Extra[name+"."+v.Lang]
	if text == "" {
		text = builtIn
	}
	v.Text = markup.Show("markdown", text).HTML
	return r.Render("page/text", v)
}

type contactsPage struct {
	web.Page
	Hours    string
	Contacts []show.ContactLine
}

func (a pages) getContacts(r *web.Request) error {
	v := &contactsPage{Page: r.Page("text.contacts-title")}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	lines, err := show.ContactLines(a.Site, v.Lang)
	if err != nil {
		return err
	}
	v.Contacts, v.Hours = lines, r.Settings().Hours.In(v.Lang)
	return r.Render("page/contacts", v)
}
