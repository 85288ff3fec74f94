package ticket

import (
	"net/url"
	"slices"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// ownTicketsPage lists the tickets of the reader's side, or those of others that are shared with the reader.
type ownTicketsPage struct {
	web.Page
	Tabs     []web.Link
	States   []show.Choice
	Kinds    []show.Choice
	Modules  []show.ChoiceGroup
	Tickets  []show.OwnLine
	Of       string
	Count    string
	Filtered bool
	Clear    string // the address without filters
	Next     string
	First    string // address of the first page, set on later pages
	Cut      bool
	Empty    string // heading of the empty list
	EmptyHow string
}

// OwnPerPage is how many tickets one page of the list shows.
const OwnPerPage = 20

func (a pages) getOwnTickets(r *web.Request) error {
	q := r.QueryForm()
	actor := r.Actor()
	of := q.Raw("of")
	coordinates := actor.Person.IsCoordinator(a.Desk.Now())
	shared, err := a.Desk.Queues.Shared(actor)
	if err != nil {
		return err
	}
	if shared = shared || coordinates; of != "" && (of != "organisation" || !shared) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	title := "own.title"
	switch {
	case of == "":
	case coordinates:
		title = "own.title-others"
	default:
		title = "own.title-colleagues"
	}
	v := &ownTicketsPage{Page: r.Page(title), Of: of}
	v.Nav, v.Live = "tickets", true
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	sq := queue.SideQuery{Of: of, After: q.Raw("after"), Limit: OwnPerPage, Kind: web.FormCode[store.TicketKind](q, "kind")}
	only := store.StateNone
	if q.Raw("state") == stateNotClosed {
		sq.State = "open" // the query's word for it
	} else if only = web.FormCode[store.State](q, "state"); only != store.StateNone {
		sq.State = only.String()
	}
	if l := show.LevelByCode(levels, q.Raw("module")); l != nil {
		sq.Module = l.ID
	}
	page, err := a.sideTickets(actor, sq, only)
	if err != nil {
		return err
	}
	v.Tickets = show.OwnLines(&v.Page, page, show.LevelPaths(levels, v.Lang), of != "")
	v.choicesOf(q, levels)
	v.Filtered = sq.State != "" || sq.Kind != store.KindNone || sq.Module != 0
	v.Clear = "/tickets"
	if of != "" {
		v.Clear += "?of=" + of
	}
	v.pagesOf(q, page)
	if shared {
		name, err := a.coordinated(actor)
		switch {
		case err != nil:
			return err
		case !coordinates:
			name = v.T("own.colleagues")
		case name == "":
			name = v.T("own.coordinated")
		}
		members, err := a.members(actor)
		if err != nil {
			return err
		}
		v.Tabs = []web.Link{{Label: v.T("own.mine"), Address: "/tickets", Current: of == ""}, {Label: name, Address: "/tickets?of=organisation", Current: of != ""}}
		for _, m := range members {
			m.Label = v.T("own.people", "organisation", m.Label)
			v.Tabs = append(v.Tabs, m)
		}
	}
	if v.Filtered {
		v.Empty, v.EmptyHow = v.T("own.none-fits"), v.T("own.none-fits-how")
	} else {
		v.Empty, v.EmptyHow = v.T("own.none"), v.T("own.none-how")
		switch {
		case of == "":
		case coordinates:
			v.EmptyHow = v.T("own.none-how-others")
		default:
			v.EmptyHow = v.T("own.none-how-colleagues")
		}
	}
	if err := show.House(a.Site, r, &v.Page, "/tickets"); err != nil {
		return err
	}
	return r.Render("page/tickets", v)
}

// stateNotClosed is the filter's value for every state but closed.
const stateNotClosed = "not-closed"

// sideTickets returns a page of the list. The desk's query takes "open" for everything not closed, so this function
// picks the tickets whose state is open: such a page may be shorter than others, but is never empty while there are
// more.
func (a pages) sideTickets(actor policy.Actor, q queue.SideQuery, only store.State) (queue.Page, error) {
	for looked := 0; ; looked++ {
		page, err := a.Desk.Queues.SideTickets(actor, q)
		if err != nil || only != store.StateOpen {
			return page, err
		}
		page.Tickets = slices.DeleteFunc(page.Tickets, func(t *store.Ticket) bool { return t.State != store.StateOpen })
		if len(page.Tickets) > 0 || page.Next == "" {
			return page, nil
		}
		if looked == ownLooks {
			page.Cut = true
			return page, nil
		}
		q.After = page.Next
	}
}

// ownLooks limits how many pages are searched for one that is not empty.
const ownLooks = 20

func (v *ownTicketsPage) choicesOf(q *web.Form, levels []catalogue.Level) {
	v.States = []show.Choice{{Label: v.T("own.state-any")}, {Value: stateNotClosed, Label: v.T("own.state-not-closed"), Chosen: q.Raw("state") == stateNotClosed}}
	for s := store.StateNew; s <= store.StateClosed; s++ {
		label := v.T("state." + s.String())
		if v.Of != "" {
			label = show.StateOfOthers(&v.Page, s)
		}
		v.States = append(v.States, show.Choice{Value: s.String(), Label: label, Chosen: q.Raw("state") == s.String()})
	}
	v.Kinds = []show.Choice{{Label: v.T("own.kind-any")}}
	for k := store.Clarification; k <= store.Access; k++ {
		v.Kinds = append(v.Kinds, show.Choice{Value: k.String(), Label: v.T("kind." + k.String()), Chosen: q.Raw("kind") == k.String()})
	}
	v.Modules = show.ModuleChoices(&v.Page, levels, q.Raw("module"), true)
}

func (v *ownTicketsPage) pagesOf(q *web.Form, page queue.Page) {
	address := func(after string) string {
		values := url.Values{}
		for _, name := range []string{"of", "state", "kind", "module"} {
			if s := q.Raw(name); s != "" {
				values.Set(name, s)
			}
		}
		if after != "" {
			values.Set("after", after)
		}
		if len(values) == 0 {
			return "/tickets"
		}
		return "/tickets?" + values.Encode()
	}
	if page.Next != "" {
		v.Next = address(page.Next)
	}
	if q.Raw("after") != "" {
		v.First = address("")
	}
	v.Cut = page.Cut
	if v.Of == "" && !v.Filtered && page.Count > 0 {
		v.Count = v.Plural("own.count", page.Count)
	}
}

// members returns the lists of the people of the organisations in which the actor coordinates something.
func (a pages) members(actor policy.Actor) ([]web.Link, error) {
	var out []web.Link
	err := a.Desk.Names(func(n desk.Names) {
		out = nil
		for _, h := range actor.Person.Coordinated(a.Desk.Now()) {
			o := n.Organisation(h.Organisation)
			if o == nil || slices.ContainsFunc(out, func(l web.Link) bool { return l.Address == address.Members(o.Code) }) {
				continue
			}
			out = append(out, web.Link{Label: o.Name, Address: address.Members(o.Code)})
		}
	})
	return out, err
}

// coordinated returns the name of the one organisation or unit that the actor coordinates, nothing when there are
// several.
func (a pages) coordinated(actor policy.Actor) (string, error) {
	hats := actor.Person.Coordinated(a.Desk.Now())
	if len(hats) != 1 {
		return "", nil
	}
	name := ""
	err := a.Desk.Names(func(n desk.Names) { name = n.Place(hats[0].Organisation, hats[0].Unit) })
	return name, err
}
