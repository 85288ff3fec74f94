// Package help serves the built-in help.
package help

import (
	"html/template"
	"slices"

	"sportello/app/help"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the help.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/help", "help.list", web.Person, a.getTopics),
		web.Get("/help/:topic", "help.show", web.Person, a.getTopic),
	}
}

type listPage struct {
	web.Page
	Topics []topicCard
}

// topicCard is a topic with links to its questions.
type topicCard struct {
	Title, Address string
	Questions      []web.Link
}

func (a pages) getTopics(r *web.Request) error {
	v := &listPage{Page: r.Page("help.title")}
	topics, err := help.Topics(v.Lang)
	if err != nil {
		return err
	}
	for _, t := range topics {
		c := topicCard{Title: t.Title, Address: "/help/" + t.Code}
		for _, q := range t.Questions {
			c.Questions = append(c.Questions, web.Link{Label: q.Title, Address: c.Address + "#" + q.ID})
		}
		v.Topics = append(v.Topics, c)
	}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	if err := show.House(a.Site, r, &v.Page, "/help"); err != nil {
		return err
	}
	return r.Render("page/help-list", v)
}

type topicPage struct {
	web.Page
	About     template.HTML
	Questions []help.Question
	Others    []web.Link
}

func (a pages) getTopic(r *web.Request) error {
	topics, err := help.Topics(r.Lang())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(topics, func(t help.Topic) bool { return t.Code == r.Param("topic") })
	if i < 0 {
		return fault.New(fault.NotFound, "error.not-found")
	}
	t := topics[i]
	v := &topicPage{Page: r.Page("help.title"), About: t.About, Questions: t.Questions}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "/help")
	v.Crumb(t.Title, "")
	v.Title = t.Title
	for _, other := range topics {
		v.Others = append(v.Others, web.Link{Label: other.Title, Address: "/help/" + other.Code, Current: other.Code == t.Code})
	}
	if err := show.House(a.Site, r, &v.Page, "/help"); err != nil {
		return err
	}
	return r.Render("page/help", v)
}
