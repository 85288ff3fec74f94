package queue

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/queue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// viewsPage lists the saved views that an agent may open: their own, then those shared with their groups.
type viewsPage struct {
	web.Page
	Lines []viewLine
}

type viewLine struct {
	Name    string
	Address string
	About   string
	Shared  string
	Notify  bool
	Edit    string // empty for readers who may only open it
}

// viewEditPage is the form of one view.
type viewEditPage struct {
	web.Page
	Act    string
	ID     uint64
	Edits  uint64
	About  string
	Kept   []show.Hidden // the view's query, sent along by the form of a new one
	Groups []show.Choice // groups it can be shared with
	Own    bool          // the reader saved the view, or is about to
	Shared string        // for somebody else's view: the group it is shared with
}

func (a pages) getViews(r *web.Request) error {
	v := &viewsPage{Page: r.Workbench("views.title")}
	v.Nav = "desk"
	list, err := a.Desk.Queues.Views(r.Actor())
	if err != nil {
		return err
	}
	for _, s := range list {
		line := viewLine{Name: s.Name, Address: show.ViewAddress(s), Notify: s.Notify && s.Own}
		if line.About, err = a.viewAbout(r, &v.Page, s.Text, s.Query()); err != nil {
			return err
		}
		if s.Group != 0 {
			line.Shared = v.T("views.shared-with", "group", s.GroupName)
		}
		if s.MayChange {
			line.Edit = address.View(s.ID) + "/edit"
		}
		v.Lines = append(v.Lines, line)
	}
	if err := show.QueueSide(a.Site, r, &v.Page, "/desk/views"); err != nil {
		return err
	}
	return r.Render("page/views", v)
}

// viewAbout describes in words what a view shows.
func (a pages) viewAbout(r *web.Request, p *web.Page, text string, q queue.Query) (string, error) {
	if text != "" {
		return p.T("views.about-words", "text", text), nil
	}
	said := []string{p.T("views.about-queue", "queue", p.T("queue."+q.View))}
	say := func(key, value string) {
		if value != "" {
			said = append(said, p.T(key)+": "+value)
		}
	}
	err := a.Desk.Names(func(n desk.Names) {
		if g := n.Group(q.Group); g != nil {
			say("ticket.group", g.Name.In(p.Lang))
		}
		if m := n.Module(q.Module); m != nil {
			say("ticket.module", m.Name.In(p.Lang))
		}
		if who := n.Person(q.Assignee); who != nil && who.IsAgent() {
			say("ticket.assignee", who.Name)
		}
	})
	if q.State != store.StateNone {
		say("ticket.state", p.T("state.agent."+q.State.String()))
	}
	if q.Kind != store.KindNone {
		say("ticket.kind", p.T("kind."+q.Kind.String()))
	}
	if q.Priority != 0 {
		say("ticket.priority", "P"+strconv.Itoa(q.Priority))
	}
	if q.Overdue {
		said = append(said, p.T("queue.overdue"))
	}
	return strings.Join(said, ", "), err
}

// getView shows a view with search words; a view without is the queue with its filters.
func (a pages) getView(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	actor := r.Actor()
	saved, err := a.Desk.Queues.View(actor, n)
	if err != nil {
		return err
	}
	if saved.Text == "" {
		return r.Redirect(show.ViewAddress(saved), http.StatusSeeOther)
	}
	v := &queuePage{Page: r.Workbench("views.title"), NoBulk: true}
	v.Nav, v.Title, v.Live = "desk", saved.Name, false // a search for each change of any ticket would cost too much
	v.Plain, v.Here = address.View(n), address.View(n)
	if saved.MayChange {
		v.ChangeView = address.View(n) + "/edit"
	}
	v.Words = saved.Text
	v.Elsewhere = web.Link{Label: v.T("views.in-search"), Address: show.Asked{Text: saved.Text, Kind: "ticket"}.Address()}
	v.Empty, v.EmptyHint = v.T("views.empty"), v.T("views.empty-hint")
	q := r.QueryForm()
	after := q.Raw("after")
	_, page, err := a.Desk.Queues.ViewTickets(r.Ctx(), actor, n, after)
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		a.Log.Warn("view", "err", err)
		v.Empty, v.EmptyHint = v.T("views.trouble"), show.SearchTrouble(a.Site, &v.Page, err)
	case err != nil:
		return err
	}
	v.Count = v.Number(page.Count)
	at := 0
	if at = q.Int("after", 0, 1000, 0); at > 0 {
		v.First = v.Plain
	}
	for _, t := range page.Tickets {
		v.Rows = append(v.Rows, v.row(t, page, "", nil))
	}
	if page.Next != "" {
		v.NextPage = v.Plain + "?after=" + page.Next
	}
	if len(page.Tickets) > 0 {
		v.Span = v.T("queue.span-of", "first", v.Number(at+1), "last", v.Number(at+len(page.Tickets)), "count", v.Number(page.Count))
	}
	if err := show.QueueSide(a.Site, r, &v.Page, v.Plain); err != nil {
		return err
	}
	return r.Render("page/view", v)
}

// shareOptions returns the groups with which the reader may share a view.
func (a pages) shareOptions(r *web.Request, p *web.Page) ([]show.Choice, error) {
	groups, err := a.Desk.People.Groups(r.Actor())
	if err != nil {
		return nil, err
	}
	var out []show.Choice
	for _, g := range groups {
		if id := strconv.FormatUint(g.ID, 10); !g.Retired && r.Actor().Person.InGroup(g.ID) {
			out = append(out, show.Choice{Value: id, Label: g.Name.In(p.Lang), Chosen: p.Chosen("share", id)})
		}
	}
	return out, nil
}

// viewNames lists the values that the form of a new view sends along: the search words, or the queue with its filters.
var viewNames = append([]string{"text", "view"}, queueNames...)

func (a pages) getNewView(r *web.Request) error { return a.newViewPage(r, r.QueryForm(), nil) }

// newViewPage is the form of a view that is not saved yet. f holds the address's parameters or, if err is set, the
// posted form.
func (a pages) newViewPage(r *web.Request, f *web.Form, err error) error {
	v := &viewEditPage{Page: r.Workbench("views.new"), Act: "/desk/views", Own: true}
	v.Nav = "desk"
	v.Crumb(v.T("views.title"), "/desk/views")
	v.Crumb(v.Title, "")
	switch {
	case err != nil:
		if problem := v.Refill(f, err); problem != nil {
			return problem
		}
	case v.Resume(r):
	default:
		v.Fill(f.Values)
	}
	for _, name := range viewNames {
		if s := v.Value(name); s != "" {
			v.Kept = append(v.Kept, show.Hidden{Name: name, Value: s})
		}
	}
	text, q := readView(v.Form)
	if v.About, err = a.viewAbout(r, &v.Page, text, q); err != nil {
		return err
	}
	if q.View != queue.ViewMine || text != "" {
		if v.Groups, err = a.shareOptions(r, &v.Page); err != nil {
			return err
		}
	}
	if err := show.QueueSide(a.Site, r, &v.Page, "/desk/views"); err != nil {
		return err
	}
	return r.Render("page/view-edit", v)
}

// readView returns the query of a new view: its search words or, without them, the queue and its filters.
func readView(f *web.Form) (string, queue.Query) {
	text := strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(f.Raw("text"), "\x00", " "), " "))
	q := Query(f, f.Raw("view"))
	q.After = ""
	if text == "" && show.ViewIcons[q.View] == "" {
		q.View = queue.ViewAll
	}
	return text, q
}

func (a pages) postView(r *web.Request) error {
	f := r.Form()
	unreadable := f.Err()
	form := queue.ViewForm{}
	form.Text, form.Query = readView(f)
	form.Name, form.Group, form.Notify = f.Text("name", store.Most("views.name")), f.ID("share"), f.Bool("notify")
	err := f.Err()
	if unreadable != nil {
		err = unreadable
	}
	if err != nil {
		return a.newViewPage(r, f, err)
	}
	row, err := a.Desk.Queues.AddView(r.Actor(), form)
	if err != nil {
		return a.newViewPage(r, f, err)
	}
	return r.Done("flash.view-saved", address.View(row.ID), "name", row.Name)
}

func (a pages) getEditView(r *web.Request) error { return a.editViewPage(r, nil, nil) }

func (a pages) editViewPage(r *web.Request, f *web.Form, err error) error {
	n, problem := r.Number()
	if problem != nil {
		return problem
	}
	s, problem := a.Desk.Queues.View(r.Actor(), n)
	if problem != nil {
		return problem
	}
	if !s.MayChange {
		return fault.New(fault.Denied, "error.denied")
	}
	v := &viewEditPage{Page: r.Workbench("views.edit"), Act: address.View(n), ID: n, Edits: s.Edits, Own: s.Own, Shared: s.GroupName}
	v.Nav = "desk"
	v.Crumb(v.T("views.title"), "/desk/views")
	v.Crumb(s.Name, show.ViewAddress(s))
	v.Crumb(v.Title, "")
	values := url.Values{"name": {s.Name}, "share": {show.IDValue(s.Group)}}
	if s.Notify {
		values.Set("notify", "1")
	}
	if f == nil && !v.Resume(r) {
		v.Fill(values)
	}
	if fault.KindOf(err) == fault.Conflict { // the text stays, and the form now has the current revision
		err = fault.New(fault.Invalid, "error.view-changed")
		v.Status = http.StatusConflict
	}
	if f != nil {
		if problem := v.Refill(f, err); problem != nil {
			return problem
		}
	}
	if v.About, problem = a.viewAbout(r, &v.Page, s.Text, s.Query()); problem != nil {
		return problem
	}
	if s.Own && (s.Queue != queue.ViewMine || s.Text != "") {
		if v.Groups, problem = a.shareOptions(r, &v.Page); problem != nil {
			return problem
		}
	}
	if err := show.QueueSide(a.Site, r, &v.Page, show.ViewAddress(s)); err != nil {
		return err
	}
	return r.Render("page/view-edit", v)
}

func (a pages) postEditView(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	form := queue.ViewForm{Name: f.Text("name", store.Most("views.name")), Group: f.ID("share"), Notify: f.Bool("notify")}
	edits := f.ID("edits")
	if err = f.Err(); err == nil {
		_, err = a.Desk.Queues.ChangeView(r.Actor(), n, edits, form)
	}
	if err != nil {
		return a.editViewPage(r, f, err)
	}
	return r.Done("flash.view-changed", "/desk/views")
}

func (a pages) postRemoveView(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.Queues.RemoveView(r.Actor(), n); err != nil {
		return err
	}
	return r.Done("flash.view-removed", "/desk/views")
}
