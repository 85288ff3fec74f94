package home

import (
	"html/template"
	"net/url"
	"slices"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
)

// homePage starts with the search, for everybody. Signed-in people see their own tickets next; then come the
// applications with the way to each.
type homePage struct {
	web.Page
	Stops    []show.StopLine
	Welcome  string
	Text     template.HTML
	Searches []web.Link
	OpenText string // "(3 aperte)"
	Tickets  []show.OwnLine
	Updates  []show.ReleaseLine
	Plans    []show.PlanLine
	MorePlan string // how many more there are
	Apps     []appCard
	Articles []guideLine
}

// appCard is one application: what there is to read about it, and where to ask.
type appCard struct {
	Name  string
	About string     // one sentence
	Areas []web.Link // areas with their articles
	Guide string     // "38 articoli nella guida", empty when there are none
	Read  string     // address of its articles
	New   string     // address of the ticket form, empty when the application is served elsewhere
	Away  *show.AwayBox
}

// guideLine is one article in a list.
type guideLine struct{ Title, Address, Module string }

// How much the home page shows.
const (
	homeTickets  = 5
	homeArticles = 5
	homeUpdates  = 5
	newDays      = 14 // for so long an update stands here after people were told of it
)

func (a pages) getHome(r *web.Request) error {
	v := &homePage{Page: r.Page("home.title")}
	v.Layout, v.Nav, v.Live = "home", "home", true
	set, actor := r.Settings(), r.Actor()
	if v.Welcome = set.Welcome.In(v.Lang); v.Welcome == "" {
		v.Welcome = v.T("home.welcome")
	}
	if text := set.HomeText.In(v.Lang); text != "" {
		v.Text = markup.Show("markdown", text).HTML
	}
	for _, s := range set.Searches {
		v.Searches = append(v.Searches, web.Link{Label: s, Address: "/search?q=" + url.QueryEscape(s)})
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	if v.Stops, err = show.StopLines(a.Site, r, &v.Page, 0); err != nil {
		return err
	}
	if actor.SignedIn() {
		if err := a.homeTickets(actor, v, levels); err != nil {
			return err
		}
		if err := a.homeUpdates(actor, v, levels); err != nil {
			return err
		}
		plans, err := a.Desk.Plans.Glance(actor)
		if err != nil {
			return err
		}
		if v.Plans = show.PlanLinesOf(&v.Page, plans); plans.More > 0 {
			v.MorePlan = v.Plural("plan.more-plans", plans.More)
		}
	}
	if v.Apps, err = a.appCards(actor, &v.Page, levels); err != nil {
		return err
	}
	recent, err := a.Desk.Articles.Recent(actor, v.Lang, homeArticles)
	if err != nil {
		return err
	}
	names := show.LevelPaths(levels, v.Lang)
	for _, it := range recent {
		v.Articles = append(v.Articles, guideLine{it.Version.Title, address.Article(it.Article.Slug), names[it.Module]})
	}
	return r.Render("page/home", v)
}

func (a pages) homeTickets(actor policy.Actor, v *homePage, levels []catalogue.Level) error {
	page, err := a.Desk.Queues.SideTickets(actor, queue.SideQuery{Limit: homeTickets})
	if err != nil {
		return err
	}
	v.Tickets = show.OwnLines(&v.Page, page, show.LevelPaths(levels, v.Lang), false)
	open, err := a.Desk.Queues.OpenCount(actor)
	if err != nil {
		return err
	}
	v.OpenText = v.Plural("home.open", open)
	return nil
}

// homeUpdates are the updates that wait for the reader's word, and those that people were told of lately.
func (a pages) homeUpdates(actor policy.Actor, v *homePage, levels []catalogue.Level) error {
	lately, err := a.Desk.Releases.Lately(actor, v.Now.AddDate(0, 0, -newDays), homeUpdates)
	if err != nil {
		return err
	}
	for _, one := range lately.Releases {
		v.Updates = append(v.Updates, show.ReleaseLineOf(&v.Page, one, levels, lately.Waits))
	}
	return nil
}

// appCards returns a card for each product, and one for each area with a channel of its own. Applications served here
// come first.
func (a pages) appCards(actor policy.Actor, p *web.Page, levels []catalogue.Level) ([]appCard, error) {
	counts, err := a.Desk.Articles.Counts(actor)
	if err != nil {
		return nil, err
	}
	var here, elsewhere []appCard
	for i := range levels {
		l := &levels[i]
		if l.Retired || l.Depth > 1 || l.Depth == 1 && l.Here() {
			continue
		}
		if l.Depth == 1 {
			if product := show.LevelOf(levels, l.Above[0]); product == nil || !product.Here() {
				continue // the product's own card covers it
			}
		}
		card := appCard{Name: show.ShortName(l.Name.In(p.Lang)), About: l.Description.In(p.Lang)}
		if n := countBelow(levels, counts, l.ID); n > 0 {
			card.Guide, card.Read = p.Plural("home.articles", n), address.Articles(l.Code)
		}
		if !l.Here() {
			box, err := show.Away(a.Site, p, l)
			if err != nil {
				return nil, err
			}
			card.Away = box
			elsewhere = append(elsewhere, card)
			continue
		}
		card.New = address.NewTicket(l.Code)
		for j := range levels {
			area := &levels[j]
			if area.Depth == 1 && area.Parent == l.ID && area.Here() && !area.Retired {
				card.Areas = append(card.Areas, web.Link{Label: area.Name.In(p.Lang), Address: "/modules/" + area.Code})
			}
		}
		here = append(here, card)
	}
	return append(here, elsewhere...), nil
}

// countBelow adds up the articles of the level and of those below it.
func countBelow(levels []catalogue.Level, counts map[uint64]int, id uint64) int {
	n := counts[id]
	for _, l := range levels {
		if slices.Contains(l.Above, id) {
			n += counts[l.ID]
		}
	}
	return n
}
