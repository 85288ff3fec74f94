// Package show renders the desk's nouns the same way on every page, and has the frames of the pages.
package show

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/queue"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/fault"
)

// ViewIcons are the icons of the built-in views.
var ViewIcons = map[string]string{queue.ViewMine: "person", queue.ViewGroup: "people", queue.ViewUnassigned: "inbox", queue.ViewWaiting: "clock",
	queue.ViewBeside: "mail", queue.ViewAll: "list", queue.ViewResolved: "check", queue.ViewClosed: "lock", queue.ViewSpam: "trash"}

// House puts the page of somebody who works at the desk into the workbench, so that they keep one frame wherever they
// go; everybody else stays in the portal. here is the address of the page, to mark its entry.
func House(s *web.Site, r *web.Request, p *web.Page, here string) error {
	if !p.IsAgent {
		return nil
	}
	p.Layout = "workbench"
	return QueueSide(s, r, p, here)
}

// QueueSide fills the side bar of the workbench: the views with their counts, the agent's groups if there are several,
// and the tools. here is the address of the page, whose entry is marked.
func QueueSide(s *web.Site, r *web.Request, p *web.Page, here string) error {
	actor := r.Actor()
	counts, err := s.Desk.Queues.Counts(actor)
	if err != nil {
		return err
	}
	path, query, _ := strings.Cut(here, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		values = nil
	}
	group := ""
	if path == "/desk/group" {
		group = values.Get("group")
	}
	saved, views, err := viewSide(s, r, p, here)
	if err != nil {
		return err
	}
	link := func(view string) web.Link {
		l := web.Link{Label: p.T("queue." + view), Address: "/desk/" + view, Icon: ViewIcons[view], Current: path == "/desk/"+view && group == "" && !saved}
		if n := counts[view]; n > 0 {
			l.Count = p.Number(n)
			if view == queue.ViewSpam && n > 99 {
				l.Count = "99+"
			}
		}
		return l
	}
	queues := web.SideGroup{Heading: p.T("queue.queues")}
	for _, v := range []string{queue.ViewMine, queue.ViewGroup, queue.ViewUnassigned, queue.ViewWaiting, queue.ViewBeside, queue.ViewAll} {
		queues.Links = append(queues.Links, link(v))
	}
	waiting, err := s.Desk.Intake.MailCount(actor)
	if err != nil {
		return err
	}
	mails := web.Link{Label: p.T("mails.side"), Address: address.Mails, Icon: "inbox", Current: path == address.Mails}
	if waiting > 0 {
		mails.Count = p.Number(waiting)
	}
	queues.Links = append(queues.Links, mails)
	folded, err := s.Desk.Access.Folded(actor)
	if err != nil {
		return err
	}
	if folded > 0 {
		queues.Links = append(queues.Links, web.Link{Label: p.T("access.side"), Address: address.AccessRequests, Icon: "people", Count: p.Number(folded), Current: path == address.AccessRequests})
	}
	p.Side = append(p.Side, queues)
	if len(views.Links) > 0 {
		p.Side = append(p.Side, views)
	}
	if own := actor.Person.Groups; len(own) > 1 {
		groups, err := s.Desk.People.Groups(actor)
		if err != nil {
			return err
		}
		mine := web.SideGroup{Heading: p.T("queue.groups")}
		for _, g := range groups {
			if id := strconv.FormatUint(g.ID, 10); actor.Person.InGroup(g.ID) {
				mine.Links = append(mine.Links, web.Link{Label: g.Name.In(p.Lang), Address: "/desk/group?group=" + id, Icon: "people", Current: group == id && !saved})
			}
		}
		p.Side = append(p.Side, mine)
	}
	done := web.SideGroup{Heading: p.T("queue.done")}
	for _, v := range []string{queue.ViewResolved, queue.ViewClosed, queue.ViewSpam} {
		done.Links = append(done.Links, link(v))
	}
	tools := web.SideGroup{Heading: p.T("queue.tools"), Links: []web.Link{
		{Label: p.T("call.title"), Address: "/tickets/call", Icon: "plus", Current: path == "/tickets/call"},
		{Label: p.T("views.title"), Address: "/desk/views", Icon: "eye", Current: path == "/desk/views" && !saved},
		{Label: p.T("replies.title"), Address: "/desk/replies", Icon: "reply", Current: strings.HasPrefix(path, "/desk/replies")},
		{Label: p.T("keys.help"), Address: "/desk/help", Icon: "info", Current: path == "/desk/help"}}}
	p.Side = append(p.Side, done, tools)
	return nil
}

// ViewAddress returns the address of a view. A view without search words is the queue with its filters.
func ViewAddress(v queue.SavedView) string {
	if v.Text != "" {
		return address.View(v.ID)
	}
	return JoinQuery("/desk/"+v.Queue, viewValues(v.Query()).Encode())
}

// viewCounter returns the last count of a view for the side bar, empty while there is none.
func viewCounter(p *web.Page, v queue.SavedView) string {
	switch {
	case v.Counted == 0:
		return ""
	case v.More:
		return p.Number(v.Counted) + "+"
	}
	return p.Number(v.Counted)
}

// viewSide returns the saved views for the side bar. here is the page's address; open reports whether it is one of
// them.
func viewSide(s *web.Site, r *web.Request, p *web.Page, here string) (open bool, group web.SideGroup, err error) {
	list, err := s.Desk.Queues.Views(r.Actor())
	if err != nil {
		return false, group, err
	}
	group.Heading = p.T("views.side")
	for _, v := range list {
		l := web.Link{Label: v.Name, Address: ViewAddress(v), Icon: "list", Count: viewCounter(p, v)}
		if v.Text != "" {
			l.Icon = "search"
		}
		if l.Current = l.Address == here && !open; l.Current {
			open = true
		}
		group.Links = append(group.Links, l)
	}
	return open, group, nil
}

// ExplainAll returns the text of an error in the reader's language, one problem after the other.
func ExplainAll(s *web.Site, r *web.Request, err error) string {
	var many fault.Problems
	var one *fault.Error
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = fault.Problems{one}
	}
	var out []string
	for _, e := range many {
		out = append(out, s.Words.Explain(r.Lang(), e))
	}
	return strings.Join(out, " ")
}

// JoinQuery joins path and query string.
func JoinQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// viewValues returns the filters of a view as its queue's query parameters.
func viewValues(q queue.Query) url.Values {
	v := url.Values{}
	number := func(name string, n uint64) {
		if n != 0 {
			v.Set(name, strconv.FormatUint(n, 10))
		}
	}
	number("group", q.Group)
	number("module", q.Module)
	number("priority", uint64(q.Priority)) // #nosec G115 -- a priority is never negative
	number("assignee", q.Assignee)
	if q.State != store.StateNone {
		v.Set("state", q.State.String())
	}
	if q.Kind != store.KindNone {
		v.Set("kind", q.Kind.String())
	}
	if q.Overdue {
		v.Set("overdue", "1")
	}
	return v
}
