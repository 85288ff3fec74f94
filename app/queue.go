package app

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/web"
	"sportello/app/words"
	"sportello/store"
)

// queuePage is one view of the agent's queue with its filters and the bar that acts on what is ticked.
type queuePage struct {
	web.Page
	View       string
	Here       string // this list with its filters: where acting on many leads back to
	Count      string
	Span       string // which part of the list this is
	Rows       []queueRow
	First      string // address of the beginning, when this is not it
	NextPage   string
	Cut        bool // the filters left most of what was looked at
	Filtered   bool
	Plain      string // the view without filters
	Groups     []option
	Modules    []option
	States     []option
	Kinds      []option
	Priorities []option
	Assignees  []option
	Overdue    bool
	InSpam     bool
	Empty      string
	EmptyHint  string
	Elsewhere  web.Link // what to look at when there is nothing here

	MoveTo   []option
	AssignTo []option
	To       []option
	Outcomes []option
	Result   *bulkResult

	Save       *viewEditPage // what is shown can be saved as a view
	ChangeView string        // what is shown is a saved view that the reader may change
	Words      string        // of a view with words
	NoBulk     bool
}

// option is one thing that can be chosen.
type option struct {
	Value, Label, Hint string
	Chosen, Off        bool
}

// badge is a state in words with the class that colours it.
type badge struct{ Class, Words string }

// dueView says when a ticket is due, in few words and exactly.
type dueView struct {
	Words string
	Long  string // in a sentence of its own: scaduta da 2 h, entro domani
	Class string
	Late  bool
	At    words.Moment
}

type queueRow struct {
	ID        uint64
	Address   string
	Subject   string
	Unread    bool // its requester waits for an answer
	Files     bool
	Beside    string // how many words lie beside it, for whom may see notes; empty for none
	Module    string
	Path      string
	Requester string
	Agent     string
	State     badge
	Priority  string
	Due       dueView
	Chosen    bool
}

// queueNames are the parameters that make a queue; from names its view on the pages of tickets.
var queueNames = []string{"group", "module", "state", "kind", "priority", "assignee", "overdue"}

// queueQuery reads the filters of a list. What cannot be read filters nothing.
func queueQuery(f *web.Form, view string) desk.QueueQuery {
	q := desk.QueueQuery{View: view, Group: f.ID("group"), Module: f.ID("module"), State: web.FormCode[store.State](f, "state"),
		Kind: web.FormCode[store.TicketKind](f, "kind"), Priority: f.Int("priority", 1, 4, 0), Assignee: f.ID("assignee"), Overdue: f.Bool("overdue")}
	if after := f.Raw("after"); len(after) < 200 {
		q.After = after
	}
	f.Problems = nil
	return q
}

// queueString writes the filters as a query string: with the view as "from" for the pages of tickets, without it for
// the list itself.
func queueString(f *web.Form, from string) string {
	v := url.Values{}
	if from != "" {
		v.Set("from", from)
	}
	for _, name := range queueNames {
		if s := f.Raw(name); s != "" && len(s) < 100 {
			v.Set(name, strings.ToValidUTF8(s, ""))
		}
	}
	return v.Encode()
}

// withQuery joins path and query string.
func joinQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// getDesk leads to the view where there is work: one's own tickets, else what is to be taken, else the group's.
func (a *App) getDesk(r *web.Request) error {
	counts, err := a.Desk.Counts(r.Actor())
	if err != nil {
		return err
	}
	view := desk.ViewGroup
	for _, v := range []string{desk.ViewMine, desk.ViewUnassigned, desk.ViewGroup, desk.ViewAll} {
		if counts[v] > 0 {
			view = v
			break
		}
	}
	return r.Redirect("/desk/"+view, http.StatusSeeOther)
}

func (a *App) getQueue(r *web.Request) error {
	view := r.Param("view")
	if !slices.Contains(desk.Views, view) {
		return store.Fail(store.NotFound, "error.not-found")
	}
	return a.queuePage(r, view, r.QueryForm(), &queuePage{}, nil)
}

// queuePage shows the view with the filters of q; posted is the form of an act on many that was not all done.
func (a *App) queuePage(r *web.Request, view string, q *web.Form, v *queuePage, posted *web.Form) error {
	v.Page = r.Workbench("queue." + view)
	v.Nav, v.View, v.InSpam = "desk", view, view == desk.ViewSpam
	if v.Result != nil {
		v.Status = http.StatusUnprocessableEntity
	}
	v.Form = posted
	query := queueQuery(q, view)
	page, err := a.Desk.Queue(r.Actor(), query)
	if err != nil {
		return err
	}
	v.Plain = "/desk/" + view
	v.Here = joinQuery(v.Plain, queueString(q, ""))
	v.Filtered = v.Here != v.Plain
	v.Cut = page.Cut
	v.Count = v.Number(page.Count)
	at := q.Int("at", 0, 1<<30, 0)
	if query.After == "" {
		at = 0
	} else {
		v.First = v.Here
	}
	from := queueString(q, view)
	for _, t := range page.Tickets {
		v.Rows = append(v.Rows, v.row(t, page, from, posted))
	}
	if page.Next != "" {
		next := url.Values{"after": {page.Next}, "at": {strconv.Itoa(at + len(page.Tickets))}}.Encode()
		v.NextPage = joinQuery(v.Plain, strings.TrimPrefix(queueString(q, "")+"&"+next, "&"))
	}
	if n := len(page.Tickets); n > 0 && v.Filtered {
		v.Span = v.T("queue.span", "first", v.Number(at+1), "last", v.Number(at+n))
	} else if n > 0 {
		v.Span = v.T("queue.span-of", "first", v.Number(at+1), "last", v.Number(at+n), "count", v.Number(max(page.Count, at+n)))
	}
	v.Empty, v.EmptyHint = v.T("queue.empty-"+view), v.T("queue.empty-"+view+"-hint")
	v.Elsewhere = web.Link{Label: v.T("queue.see-group"), Address: "/desk/group"}
	switch {
	case v.Filtered:
		v.Empty, v.EmptyHint = v.T("queue.empty-filtered"), v.T("queue.empty-filtered-hint")
		v.Elsewhere = web.Link{Label: v.T("queue.no-filters"), Address: v.Plain}
	case view == desk.ViewMine:
		v.Elsewhere = web.Link{Label: v.T("queue.see-unassigned"), Address: "/desk/unassigned"}
	case view == desk.ViewGroup, view == desk.ViewUnassigned:
		v.Elsewhere = web.Link{Label: v.T("queue.see-all"), Address: "/desk/all"}
	}
	if err := a.queueChoices(r, v, query); err != nil {
		return err
	}
	if err := a.queueSaving(r, v, q); err != nil {
		return err
	}
	if err := a.queueSide(r, &v.Page, v.Here); err != nil {
		return err
	}
	return r.Render("page/queue", v)
}

// queueSaving names the list after the saved view that it is, or offers to save it as one where it is filtered.
func (a *App) queueSaving(r *web.Request, v *queuePage, q *web.Form) error {
	if !v.Filtered {
		return nil
	}
	list, err := a.Desk.Views(r.Actor())
	if err != nil {
		return err
	}
	for _, s := range list {
		if viewAddress(s) != v.Here {
			continue
		}
		if v.Title = s.Name; s.MayChange {
			v.ChangeView = address.View(s.ID) + "/edit"
		}
		return nil
	}
	v.Save = &viewEditPage{Page: v.Page, Kept: []searchHidden{{"view", v.View}}}
	for _, name := range queueNames {
		if s := q.Raw(name); s != "" && len(s) < 100 {
			v.Save.Kept = append(v.Save.Kept, searchHidden{name, strings.ToValidUTF8(s, "")})
		}
	}
	if v.View != desk.ViewMine {
		v.Save.Groups, err = a.shareOptions(r, &v.Page)
	}
	return err
}

func (v *queuePage) row(t *store.Ticket, page desk.QueuePage, from string, posted *web.Form) queueRow {
	r := queueRow{ID: t.ID, Address: joinQuery("/tickets/"+strconv.FormatUint(t.ID, 10), from), Subject: t.Subject, Files: t.Files > 0,
		Unread: !t.LastAgent && (t.State == store.StateNew || t.State == store.StateOpen), State: stateBadge(&v.Page, t), Priority: strconv.Itoa(t.Priority), Due: due(&v.Page, t)}
	if t.Beside > 0 {
		r.Beside = v.Plural("queue.beside-here", t.Beside)
	}
	if m := page.Modules[t.Module]; m != nil {
		r.Module = m.Name.In(v.Lang)
	} else if g := page.Groups[t.Group]; g != nil {
		r.Module = g.Name.In(v.Lang)
	}
	if p := page.People[t.Requester]; p != nil {
		r.Requester = p.Name
	}
	if p := page.People[t.Assignee]; p != nil {
		r.Agent = p.Name
	}
	r.Chosen = posted != nil && slices.Contains(posted.Values["ticket"], strconv.FormatUint(t.ID, 10))
	return r
}

// stateBadge says the state as agents read it.
func stateBadge(p *web.Page, t *store.Ticket) badge {
	return badge{"state-" + t.State.String(), p.T("state.agent." + t.State.String())}
}

// due says when the ticket is due: how late it is, how few hours are left, or the day. Where the clock stands there is
// nothing to hurry for, and where it has stopped nothing to say.
func due(p *web.Page, t *store.Ticket) dueView {
	switch {
	case t.Due.IsZero(), t.State == store.StateResolved, t.State == store.StateClosed:
		return dueView{}
	case t.State == store.StateWaiting, t.State == store.StatePlanned:
		return dueView{Words: p.T("due.stands"), Long: p.T("due.stands-long"), Class: "soft"}
	}
	d := dueView{At: p.Moment(t.Due)}
	key := "due.by"
	left := t.Due.Sub(p.Now)
	unit := func(key string, d time.Duration) string {
		switch {
		case d < time.Hour:
			return p.T(key+"-minutes", "n", int(d/time.Minute))
		case d < 48*time.Hour:
			return p.T(key+"-hours", "n", int(d/time.Hour))
		}
		return p.T(key+"-days", "n", p.Number(int(d/(24*time.Hour))))
	}
	at := t.Due.In(p.Now.Location())
	switch days := words.DaysBetween(p.Now, at); {
	case left < 0:
		d.Words, d.Class, d.Late, key = unit("due.late", -left), "due-late", true, "due.late-long"
	case left < 8*time.Hour:
		d.Words, d.Class, key = unit("due.in", left), "due-soon", "due.in-long"
	case days <= 1:
		d.Words, d.Class = p.Day(at), "due-soon"
	case days < 7:
		d.Words = p.Day(at)
	default:
		d.Words = p.T("due.date", "day", at.Day(), "month", p.T("due.month-"+strconv.Itoa(int(at.Month()))))
		if at.Year() != p.Now.Year() {
			d.Words += " " + strconv.Itoa(at.Year())
		}
	}
	d.Long = p.T(key, "words", d.Words)
	return d
}

// queueChoices fills the selects of the filters and of the bar.
func (a *App) queueChoices(r *web.Request, v *queuePage, q desk.QueueQuery) error {
	actor := r.Actor()
	groups, err := a.Desk.Groups(actor)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue()
	if err != nil {
		return err
	}
	mine := func(g uint64) bool { return actor.Person.InGroup(g) }
	bulk := func(name, value string) bool { return v.Chosen(name, value) }
	for _, g := range groups {
		id := strconv.FormatUint(g.ID, 10)
		if q.View == desk.ViewAll || mine(g.ID) || !actor.IsAgent() {
			v.Groups = append(v.Groups, option{Value: id, Label: g.Name.In(v.Lang), Chosen: q.Group == g.ID})
		}
		if !g.Retired {
			v.MoveTo = append(v.MoveTo, option{Value: id, Label: g.Name.In(v.Lang), Chosen: bulk("group", id)})
		}
	}
	if len(v.Groups) < 2 && q.Group == 0 {
		v.Groups = nil
	}
	for _, l := range levels {
		if !l.Retired || l.ID == q.Module {
			v.Modules = append(v.Modules, levelOption(l, v.Lang, q.Module == l.ID))
		}
	}
	states := store.ActiveStates
	if q.View == desk.ViewAll || q.View == desk.ViewSpam || q.View == desk.ViewBeside {
		states = append(slices.Clone(states), store.StateResolved, store.StateClosed)
	}
	if q.View != desk.ViewWaiting && q.View != desk.ViewResolved && q.View != desk.ViewClosed {
		for _, s := range states {
			v.States = append(v.States, option{Value: s.String(), Label: v.T("state.agent." + s.String()), Chosen: q.State == s})
		}
	}
	for _, k := range ticketKinds {
		v.Kinds = append(v.Kinds, option{Value: k.String(), Label: v.T("kind." + k.String()), Chosen: q.Kind == k})
	}
	for n := 1; n <= 4; n++ {
		v.Priorities = append(v.Priorities, option{Value: strconv.Itoa(n), Label: "P" + strconv.Itoa(n), Chosen: q.Priority == n})
	}
	v.Overdue = q.Overdue
	people, err := a.colleagues(r, groups)
	if err != nil {
		return err
	}
	for _, p := range people {
		id := strconv.FormatUint(p.ID, 10)
		if q.View != desk.ViewMine && q.View != desk.ViewUnassigned {
			v.Assignees = append(v.Assignees, option{Value: id, Label: p.Name, Chosen: q.Assignee == p.ID})
		}
		v.AssignTo = append(v.AssignTo, option{Value: id, Label: p.Name, Chosen: bulk("assignee", id)})
	}
	for _, s := range []store.State{store.StateWaiting, store.StateOpen, store.StatePlanned, store.StateResolved} {
		v.To = append(v.To, option{Value: s.String(), Label: v.T("state.agent." + s.String()), Chosen: bulk("to", s.String())})
	}
	v.Outcomes = outcomeOptions(&v.Page, bulk, false)
	return nil
}

// levelOption names a level of the catalogue with those above it.
func levelOption(l desk.Level, lang string, chosen bool) option {
	return option{Value: strconv.FormatUint(l.ID, 10), Label: l.Path.In(lang), Chosen: chosen}
}

var ticketKinds = []store.TicketKind{store.Clarification, store.Malfunction, store.Request, store.Guidance, store.Access}

// outcomeOptions are the outcomes an agent may choose; a duplicate needs the number of the other ticket and is left
// out where there is no field for it.
func outcomeOptions(p *web.Page, chosen func(name, value string) bool, duplicate bool) []option {
	out := []store.Outcome{store.Solved, store.Answered, store.KnownProblem, store.NotReproducible, store.Refused}
	if duplicate {
		out = append(out, store.Duplicate)
	}
	var list []option
	for _, o := range out {
		list = append(list, option{Value: o.String(), Label: p.T("outcome." + o.String()), Chosen: chosen("outcome", o.String())})
	}
	return list
}

// colleagues are the members of the actor's groups by name, the actor first; of all groups for an administrator who
// has none.
func (a *App) colleagues(r *web.Request, groups []*store.Group) ([]*store.Person, error) {
	actor := r.Actor()
	var out []*store.Person
	for _, g := range groups {
		if actor.IsAgent() && !actor.Person.InGroup(g.ID) {
			continue
		}
		members, err := a.Desk.GroupMembers(actor, g.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if !m.Disabled && !slices.ContainsFunc(out, func(p *store.Person) bool { return p.ID == m.ID }) {
				out = append(out, m.Person)
			}
		}
	}
	slices.SortStableFunc(out, func(x, y *store.Person) int {
		switch {
		case x.ID == actor.ID():
			return -1
		case y.ID == actor.ID():
			return 1
		}
		return strings.Compare(store.FoldName(x.Name), store.FoldName(y.Name))
	})
	return out, nil
}

var viewIcons = map[string]string{desk.ViewMine: "person", desk.ViewGroup: "people", desk.ViewUnassigned: "inbox", desk.ViewWaiting: "clock",
	desk.ViewBeside: "mail", desk.ViewAll: "list", desk.ViewResolved: "check", desk.ViewClosed: "lock", desk.ViewSpam: "trash"}

// queueSide fills the side bar of the workbench: the views with their counts, the agent's groups where there are
// several, and the tools. here is the address of the page, to mark its entry.
func (a *App) queueSide(r *web.Request, p *web.Page, here string) error {
	actor := r.Actor()
	counts, err := a.Desk.Counts(actor)
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
	saved, views, err := a.viewSide(r, p, here)
	if err != nil {
		return err
	}
	link := func(view string) web.Link {
		l := web.Link{Label: p.T("queue." + view), Address: "/desk/" + view, Icon: viewIcons[view], Current: path == "/desk/"+view && group == "" && !saved}
		if n := counts[view]; n > 0 {
			l.Count = p.Number(n)
			if view == desk.ViewSpam && n > 99 {
				l.Count = "99+"
			}
		}
		return l
	}
	queues := web.SideGroup{Heading: p.T("queue.queues")}
	for _, v := range []string{desk.ViewMine, desk.ViewGroup, desk.ViewUnassigned, desk.ViewWaiting, desk.ViewBeside, desk.ViewAll} {
		queues.Links = append(queues.Links, link(v))
	}
	waiting, err := a.Desk.MailCount(actor)
	if err != nil {
		return err
	}
	mails := web.Link{Label: p.T("mails.side"), Address: address.Mails, Icon: "inbox", Current: path == address.Mails}
	if waiting > 0 {
		mails.Count = p.Number(waiting)
	}
	queues.Links = append(queues.Links, mails)
	p.Side = append(p.Side, queues)
	if len(views.Links) > 0 {
		p.Side = append(p.Side, views)
	}
	if own := actor.Person.Groups; len(own) > 1 {
		groups, err := a.Desk.Groups(actor)
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
	for _, v := range []string{desk.ViewResolved, desk.ViewClosed, desk.ViewSpam} {
		done.Links = append(done.Links, link(v))
	}
	tools := web.SideGroup{Heading: p.T("queue.tools"), Links: []web.Link{
		{Label: p.T("views.title"), Address: "/desk/views", Icon: "eye", Current: path == "/desk/views" && !saved},
		{Label: p.T("replies.title"), Address: "/desk/replies", Icon: "reply", Current: strings.HasPrefix(path, "/desk/replies")},
		{Label: p.T("keys.help"), Address: "/desk/help", Icon: "info", Current: path == "/desk/help"}}}
	p.Side = append(p.Side, done, tools)
	return nil
}
