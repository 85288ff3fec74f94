package home

import (
	"html/template"
	"net/url"

	"sportello/app/address"
	"sportello/app/desk/article"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/problem"
	"sportello/app/desk/release"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// modulePage is one level of the catalogue: what it is for, who supports it, what to read and where to ask.
type modulePage struct {
	web.Page
	Stops    []show.StopLine
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
	Asks     string // address of the form that asks for credentials for it, at a desk that sends mail
	Away     *show.AwayBox
	Retired  bool

	Updates    []show.ReleaseLine // the latest that the reader may see
	AllUpdates string             // address of all of them
	MayFollow  bool
	Follows    bool

	Problems    []show.ProblemLine // known ones that the reader may see
	AllProblems string             // address of all of them
}

// How many articles and updates the page of a level lists.
const (
	moduleArticles = 10
	moduleUpdates  = 5
	moduleProblems = 5
)

// level returns the level of the address, and all levels.
func (a pages) level(r *web.Request) ([]catalogue.Level, *catalogue.Level, error) {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return nil, nil, err
	}
	code, err := url.PathUnescape(r.Param("*"))
	if err == nil {
		if l := show.LevelByCode(levels, code); l != nil {
			return levels, l, nil
		}
	}
	return nil, nil, fault.New(fault.NotFound, "error.not-found")
}

func (a pages) getModule(r *web.Request) error {
	levels, l, err := a.level(r)
	if err != nil {
		return err
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
		if a.Desk.Post.Mail().From != "" {
			v.Asks = address.NewAccessTo(l.Code)
		}
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
	if r.Actor().SignedIn() {
		if err := a.moduleUpdates(r, v, levels, l); err != nil {
			return err
		}
	}
	if v.Stops, err = show.StopLines(a.Site, r, &v.Page, l.ID); err != nil {
		return err
	}
	if err := a.moduleProblems(r, v, levels, l); err != nil {
		return err
	}
	return r.Render("page/module", v)
}

// moduleProblems fills in the known problems of the level.
func (a pages) moduleProblems(r *web.Request, v *modulePage, levels []catalogue.Level, l *catalogue.Level) error {
	list, err := a.Desk.Problems.List(r.Actor(), problem.Filter{Module: l.ID, Limit: moduleProblems})
	if err == nil {
		err = a.Desk.Problems.Count(r.Actor(), list.Problems)
	}
	if err != nil {
		return err
	}
	for _, one := range list.Problems {
		v.Problems = append(v.Problems, show.ProblemLineOf(&v.Page, one, levels))
	}
	if list.Total > 0 {
		v.AllProblems = address.ProblemsOf(l.Code)
	}
	return nil
}

// moduleUpdates fills in the latest updates of the level, and whether the reader follows them.
func (a pages) moduleUpdates(r *web.Request, v *modulePage, levels []catalogue.Level, l *catalogue.Level) error {
	list, err := a.Desk.Releases.List(r.Actor(), release.Filter{Module: l.ID, Out: true, Limit: moduleUpdates})
	if err != nil {
		return err
	}
	for _, one := range list.Releases {
		v.Updates = append(v.Updates, show.ReleaseLineOf(&v.Page, one, levels, nil))
	}
	if list.Next != 0 {
		v.AllUpdates = address.ReleasesOf(l.Code)
	}
	v.Follows, err = a.Desk.Releases.Follows(r.Actor(), l.ID)
	v.MayFollow = v.Follows || !l.Retired
	return err
}

// postFollow has the reader told of the updates of the level, or no longer.
func (a pages) postFollow(r *web.Request) error {
	_, l, err := a.level(r)
	if err != nil {
		return err
	}
	yes := r.Form().Bool("follow")
	if err := a.Desk.Releases.Follow(r.Actor(), l.Code, yes); err != nil {
		return err
	}
	if yes {
		return r.Done("flash.module-followed", "/modules/"+l.Code+"#updates")
	}
	return r.Done("flash.module-unfollowed", "/modules/"+l.Code+"#updates")
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
