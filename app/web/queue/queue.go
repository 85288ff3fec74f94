package queue

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/queue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// queuePage is one view of the agent's queue with its filters and the bar that acts on the ticked tickets.
type queuePage struct {
	web.Page
	heading
	View       string
	Here       string // address of this list with its filters, to return to after an act on many tickets
	Count      string
	Span       string // the range of the list that is shown
	Rows       []queueRow
	First      string // address of the first page, set on later pages
	NextPage   string
	Cut        bool // the filters excluded most of the tickets examined
	Filtered   bool
	Plain      string // address of the view without filters
	Groups     []show.Choice
	Modules    []show.Choice
	States     []show.Choice
	Kinds      []show.Choice
	Priorities []show.Choice
	Assignees  []show.Choice
	Overdue    bool
	InSpam     bool
	Empty      string
	EmptyHint  string
	Elsewhere  web.Link // another view, offered when this one is empty

	MoveTo   []show.Choice
	AssignTo []show.Choice
	To       []show.Choice
	Outcomes []show.Choice
	Result   *bulkResult

	Save       *viewEditPage // the form that saves the list as a view
	ChangeView string        // address for changing the saved view, if the reader may
	Words      string        // search words of the view
	NoBulk     bool
}

type queueRow struct {
	ID        uint64
	Address   string
	Subject   string
	Unread    bool // the requester waits for an answer
	Files     bool
	Beside    string // number of messages kept beside the ticket, for those who may see notes; empty for none
	Module    string
	Requester string
	Agent     string
	Age       show.AgeView
	Here      string // who else has it open
	State     show.Badge
	Priority  string
	Due       show.DueView
	Chosen    bool
}

// filterNames lists the query parameters of a queue, queueNames those and its order. On pages of tickets, from names its
// view.
var (
	filterNames = []string{"group", "module", "state", "kind", "priority", "assignee", "overdue"}
	queueNames  = append(slices.Clone(filterNames), "sort")
)

// Query returns the filters of a list. A value that cannot be read filters nothing.
func Query(f *web.Form, view string) queue.Query {
	q := queue.Query{View: view, Group: f.ID("group"), Module: f.ID("module"), State: web.FormCode[store.State](f, "state"),
		Kind: web.FormCode[store.TicketKind](f, "kind"), Priority: f.Int("priority", 1, 4, 0), Assignee: f.ID("assignee"), Overdue: f.Bool("overdue")}
	if after := f.Raw("after"); len(after) < 400 {
		q.After = after
	}
	q.Sort, q.Desc = readSort(f)
	f.Problems = nil
	return q
}

// QueryString returns filters and order as a query string: with the view as "from" for the pages of tickets, without it
// for the list itself.
func QueryString(f *web.Form, from string) string { return queryOf(f, from, queueNames) }

func queryOf(f *web.Form, from string, names []string) string {
	v := url.Values{}
	if from != "" {
		v.Set("from", from)
	}
	for _, name := range names {
		if s := f.Raw(name); s != "" && len(s) < 100 {
			v.Set(name, strings.ToValidUTF8(s, ""))
		}
	}
	return v.Encode()
}

// getDesk redirects to the first view that has work: the agent's own tickets, else the unassigned ones, else the
// group's.
func (a pages) getDesk(r *web.Request) error {
	counts, err := a.Desk.Queues.Counts(r.Actor())
	if err != nil {
		return err
	}
	view := queue.ViewGroup
	for _, v := range []string{queue.ViewMine, queue.ViewUnassigned, queue.ViewGroup, queue.ViewAll} {
		if counts[v] > 0 {
			view = v
			break
		}
	}
	return r.Redirect("/desk/"+view, http.StatusSeeOther)
}

func (a pages) getQueue(r *web.Request) error {
	view := r.Param("view")
	if !slices.Contains(queue.Views, view) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	return a.queuePage(r, view, r.QueryForm(), &queuePage{}, nil)
}

// queuePage shows the view with the filters of q; posted is the form of an act on many tickets that partly failed.
func (a pages) queuePage(r *web.Request, view string, q *web.Form, v *queuePage, posted *web.Form) error {
	v.Page = r.Workbench("queue." + view)
	v.Nav, v.View, v.InSpam = "desk", view, view == queue.ViewSpam
	if v.Result != nil {
		v.Status = http.StatusUnprocessableEntity
	}
	v.Form = posted
	query := Query(q, view)
	page, err := a.Desk.Queues.Queue(r.Actor(), query)
	if err != nil {
		return err
	}
	v.Plain = "/desk/" + view
	v.Here = show.JoinQuery(v.Plain, QueryString(q, ""))
	bare := show.JoinQuery(v.Plain, queryOf(q, "", filterNames))
	v.Filtered = bare != v.Plain
	v.Cut = page.Cut
	v.Count = v.counted(page)
	v.heading = a.heading(v, q, page)
	at := q.Int("at", 0, 1<<30, 0)
	if query.After == "" {
		at = 0
	} else {
		v.First = v.Here
	}
	from := QueryString(q, view)
	for _, t := range page.Tickets {
		row := v.row(t, page, from, posted)
		row.Here = a.presence.Said(a.Words, r, t.ID, t.Group, a.Desk.Now())
		v.Rows = append(v.Rows, row)
	}
	if page.Next != "" {
		next := url.Values{"after": {page.Next}, "at": {strconv.Itoa(at + len(page.Tickets))}}.Encode()
		v.NextPage = show.JoinQuery(v.Plain, strings.TrimPrefix(QueryString(q, "")+"&"+next, "&"))
	}
	if n := len(page.Tickets); n > 0 {
		v.Span = v.T("queue.span-of", "first", v.Number(at+1), "last", v.Number(at+n), "count", v.Count)
	}
	v.Empty, v.EmptyHint = v.T("queue.empty-"+view), v.T("queue.empty-"+view+"-hint")
	v.Elsewhere = web.Link{Label: v.T("queue.see-group"), Address: "/desk/group"}
	switch {
	case v.Filtered:
		v.Empty, v.EmptyHint = v.T("queue.empty-filtered"), v.T("queue.empty-filtered-hint")
		v.Elsewhere = web.Link{Label: v.T("queue.no-filters"), Address: v.Plain}
	case view == queue.ViewMine:
		v.Elsewhere = web.Link{Label: v.T("queue.see-unassigned"), Address: "/desk/unassigned"}
	case view == queue.ViewGroup, view == queue.ViewUnassigned:
		v.Elsewhere = web.Link{Label: v.T("queue.see-all"), Address: "/desk/all"}
	}
	if err := a.queueChoices(r, v, query); err != nil {
		return err
	}
	if err := a.queueSaving(r, v, q, bare); err != nil {
		return err
	}
	if err := show.QueueSide(a.Site, r, &v.Page, bare); err != nil {
		return err
	}
	return r.Render("page/queue", v)
}

// queueSaving titles the list with its saved view, or offers to save a filtered list as a view. here is the address of
// the list without its order.
func (a pages) queueSaving(r *web.Request, v *queuePage, q *web.Form, here string) error {
	if !v.Filtered {
		return nil
	}
	list, err := a.Desk.Queues.Views(r.Actor())
	if err != nil {
		return err
	}
	for _, s := range list {
		if show.ViewAddress(s) != here {
			continue
		}
		if v.Title = s.Name; s.MayChange {
			v.ChangeView = address.View(s.ID) + "/edit"
		}
		return nil
	}
	v.Save = &viewEditPage{Page: v.Page, Kept: []show.Hidden{{Name: "view", Value: v.View}}}
	for _, name := range filterNames {
		if s := q.Raw(name); s != "" && len(s) < 100 {
			v.Save.Kept = append(v.Save.Kept, show.Hidden{Name: name, Value: strings.ToValidUTF8(s, "")})
		}
	}
	if v.View != queue.ViewMine {
		v.Save.Groups, err = a.shareOptions(r, &v.Page)
	}
	return err
}

func (v *queuePage) row(t *store.Ticket, page queue.Page, from string, posted *web.Form) queueRow {
	r := queueRow{ID: t.ID, Address: show.JoinQuery("/tickets/"+strconv.FormatUint(t.ID, 10), from), Subject: t.Subject, Files: t.Files > 0,
		Unread: !t.LastAgent && (t.State == store.StateNew || t.State == store.StateOpen), State: show.StateBadge(&v.Page, t), Priority: strconv.Itoa(t.Priority), Due: show.Due(&v.Page, t),
		Age: show.Age(&v.Page, t)}
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

// queueChoices fills the lists of the filters and of the bar.
func (a pages) queueChoices(r *web.Request, v *queuePage, q queue.Query) error {
	actor := r.Actor()
	groups, err := a.Desk.People.Groups(actor)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	mine := func(g uint64) bool { return actor.Person.InGroup(g) }
	bulk := func(name, value string) bool { return v.Chosen(name, value) }
	for _, g := range groups {
		id := strconv.FormatUint(g.ID, 10)
		if q.View == queue.ViewAll || mine(g.ID) || !actor.IsAgent() {
			v.Groups = append(v.Groups, show.Choice{Value: id, Label: g.Name.In(v.Lang), Chosen: q.Group == g.ID})
		}
		if !g.Retired {
			v.MoveTo = append(v.MoveTo, show.Choice{Value: id, Label: g.Name.In(v.Lang), Chosen: bulk("group", id)})
		}
	}
	if len(v.Groups) < 2 && q.Group == 0 {
		v.Groups = nil
	}
	for _, l := range levels {
		if !l.Retired || l.ID == q.Module {
			v.Modules = append(v.Modules, show.LevelOption(l, v.Lang, q.Module == l.ID))
		}
	}
	states := store.ActiveStates
	if q.View == queue.ViewAll || q.View == queue.ViewSpam || q.View == queue.ViewBeside {
		states = append(slices.Clone(states), store.StateResolved, store.StateClosed)
	}
	if q.View != queue.ViewWaiting && q.View != queue.ViewResolved && q.View != queue.ViewClosed {
		for _, s := range states {
			v.States = append(v.States, show.Choice{Value: s.String(), Label: v.T("state.agent." + s.String()), Chosen: q.State == s})
		}
	}
	for _, k := range show.TicketKinds {
		v.Kinds = append(v.Kinds, show.Choice{Value: k.String(), Label: v.T("kind." + k.String()), Chosen: q.Kind == k})
	}
	for n := 1; n <= 4; n++ {
		v.Priorities = append(v.Priorities, show.Choice{Value: strconv.Itoa(n), Label: "P" + strconv.Itoa(n), Chosen: q.Priority == n})
	}
	v.Overdue = q.Overdue
	people, err := a.colleagues(r, groups)
	if err != nil {
		return err
	}
	for _, p := range people {
		id := strconv.FormatUint(p.ID, 10)
		if q.View != queue.ViewMine && q.View != queue.ViewUnassigned {
			v.Assignees = append(v.Assignees, show.Choice{Value: id, Label: p.Name, Chosen: q.Assignee == p.ID})
		}
		v.AssignTo = append(v.AssignTo, show.Choice{Value: id, Label: p.Name, Chosen: bulk("assignee", id)})
	}
	for _, s := range []store.State{store.StateWaiting, store.StateOpen, store.StatePlanned, store.StateResolved} {
		v.To = append(v.To, show.Choice{Value: s.String(), Label: v.T("state.agent." + s.String()), Chosen: bulk("to", s.String())})
	}
	v.Outcomes = show.OutcomeOptions(&v.Page, bulk, false)
	return nil
}

// colleagues returns the members of the actor's groups by name, the actor first. For an administrator without groups it
// returns the members of all groups.
func (a pages) colleagues(r *web.Request, groups []*store.Group) ([]*store.Person, error) {
	actor := r.Actor()
	var out []*store.Person
	for _, g := range groups {
		if actor.IsAgent() && !actor.Person.InGroup(g.ID) {
			continue
		}
		members, err := a.Desk.People.GroupMembers(actor, g.ID)
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
		return strings.Compare(spelling.Fold(x.Name), spelling.Fold(y.Name))
	})
	return out, nil
}
