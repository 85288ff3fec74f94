package app

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/web"
	"sportello/store"
)

// ownLine is one ticket in a list of the requester's side.
type ownLine struct {
	Number  uint64
	Address string
	Subject string
	Meta    string
	State   string // its code
	Words   string
}

func ownLines(p *web.Page, page desk.QueuePage, modules map[uint64]string, requester bool) []ownLine {
	out := make([]ownLine, 0, len(page.Tickets))
	for _, t := range page.Tickets {
		line := ownLineOf(p, t, modules)
		if who := page.People[t.Requester]; who != nil && (requester || t.Requester != p.Person) {
			line.Meta = joined(" · ", who.Name, line.Meta)
		}
		out = append(out, line)
	}
	return out
}

func ownLineOf(p *web.Page, t *store.Ticket, modules map[uint64]string) ownLine {
	when := ""
	switch {
	case t.State == store.StateClosed && !t.Closed.IsZero():
		when = p.T("own.closed", "when", inSentence(p, t.Closed))
	case t.State == store.StateResolved && !t.Resolved.IsZero():
		when = p.T("own.resolved", "when", inSentence(p, t.Resolved))
	case t.State == store.StateNew:
		when = p.T("own.opened", "when", inSentence(p, t.Opened))
	default:
		when = p.T("own.updated", "when", inSentence(p, t.PublicUpdated))
	}
	return ownLine{Number: t.ID, Address: address.Ticket(t.ID), Subject: t.Subject, Meta: joined(" · ", modules[t.Module], when),
		State: t.State.String(), Words: stateWords(p, t)}
}

// stateWords are what the requester's side reads of the state.
func stateWords(p *web.Page, t *store.Ticket) string {
	if t.State == store.StatePlanned && t.Version != "" {
		return p.T("state.planned-version", "version", t.Version)
	}
	return p.T("state." + t.State.String())
}

// joined joins what is not empty.
func joined(sep string, parts ...string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, sep)
}

// inSentence says a point in time as it stands in a sentence: ieri alle 10.42, il 12 novembre 2026.
func inSentence(p *web.Page, t time.Time) string {
	m := p.Moment(t)
	if m.Words != m.Date {
		return m.Words
	}
	return onDate(p, t)
}

// dayInSentence says a day as it stands in a sentence: domani, venerdì, l'8 dicembre 2026.
func dayInSentence(p *web.Page, t time.Time) string {
	if day := p.Day(t); day != p.Date(t) {
		return day
	}
	return onDate(p, t)
}

func onDate(p *web.Page, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if day := t.In(p.Now.Location()).Day(); day == 8 || day == 11 {
		return p.T("own.on-date-vowel", "date", p.Date(t))
	}
	return p.T("own.on-date", "date", p.Date(t))
}

// ownTicketsPage lists the tickets of one's own side, or of those one coordinates.
type ownTicketsPage struct {
	web.Page
	Tabs     []web.Link
	States   []choice
	Kinds    []choice
	Modules  []choices
	Tickets  []ownLine
	Of       string
	Count    string
	Filtered bool
	Clear    string // the address without filters
	Next     string
	First    string // the first page, when this is a later one
	Cut      bool
	Empty    string // heading of an empty list
	EmptyHow string
}

// choice is one entry of a list to choose from; choices is a headed group of them.
type choice struct {
	Code, Label, Hint string
	Chosen            bool
}

type choices struct {
	Label   string
	Entries []choice
}

// ownPerPage is how many tickets one page of the list shows.
const ownPerPage = 20

func (a *App) getOwnTickets(r *web.Request) error {
	q := r.QueryForm()
	actor := r.Actor()
	of := q.Raw("of")
	if of != "" && (of != "organisation" || len(actor.Person.Coordinates) == 0) {
		return store.Fail(store.NotFound, "error.not-found")
	}
	title := "own.title"
	if of != "" {
		title = "own.title-others"
	}
	v := &ownTicketsPage{Page: r.Page(title), Of: of}
	v.Nav, v.Live = "tickets", true
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	levels, err := a.Desk.Catalogue()
	if err != nil {
		return err
	}
	sq := desk.SideQuery{Of: of, After: q.Raw("after"), Limit: ownPerPage, Kind: web.FormCode[store.TicketKind](q, "kind")}
	only := store.StateNone
	if q.Raw("state") == stateNotClosed {
		sq.State = "open" // the desk's word for it
	} else if only = web.FormCode[store.State](q, "state"); only != store.StateNone {
		sq.State = only.String()
	}
	if l := levelByCode(levels, q.Raw("module")); l != nil {
		sq.Module = l.ID
	}
	page, err := a.sideTickets(actor, sq, only)
	if err != nil {
		return err
	}
	v.Tickets = ownLines(&v.Page, page, levelPaths(levels, v.Lang), of != "")
	v.choicesOf(q, levels)
	v.Filtered = sq.State != "" || sq.Kind != store.KindNone || sq.Module != 0
	v.Clear = "/tickets"
	if of != "" {
		v.Clear += "?of=" + of
	}
	v.pagesOf(q, page)
	if len(actor.Person.Coordinates) > 0 {
		name, err := a.coordinated(actor)
		if err != nil {
			return err
		}
		if name == "" {
			name = v.T("own.coordinated")
		}
		v.Tabs = []web.Link{{Label: v.T("own.mine"), Address: "/tickets", Current: of == ""}, {Label: name, Address: "/tickets?of=organisation", Current: of != ""}}
	}
	if v.Filtered {
		v.Empty, v.EmptyHow = v.T("own.none-fits"), v.T("own.none-fits-how")
	} else {
		v.Empty, v.EmptyHow = v.T("own.none"), v.T("own.none-how")
		if of != "" {
			v.EmptyHow = v.T("own.none-how-others")
		}
	}
	return r.Render("page/tickets", v)
}

// stateNotClosed is the filter's word for every state but the last.
const stateNotClosed = "not-closed"

// sideTickets is a page of the list. The desk's query knows open only as all that is not closed, so those that are in
// open itself are picked out here: such a page may be shorter than others, and is never empty while there are more.
func (a *App) sideTickets(actor desk.Actor, q desk.SideQuery, only store.State) (desk.QueuePage, error) {
	for looked := 0; ; looked++ {
		page, err := a.Desk.SideTickets(actor, q)
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

// ownLooks bounds how many pages are looked through for one that is not empty.
const ownLooks = 20

func (v *ownTicketsPage) choicesOf(q *web.Form, levels []desk.Level) {
	v.States = []choice{{Label: v.T("own.state-any")}, {Code: stateNotClosed, Label: v.T("own.state-not-closed"), Chosen: q.Raw("state") == stateNotClosed}}
	for s := store.StateNew; s <= store.StateClosed; s++ {
		v.States = append(v.States, choice{Code: s.String(), Label: v.T("state." + s.String()), Chosen: q.Raw("state") == s.String()})
	}
	v.Kinds = []choice{{Label: v.T("own.kind-any")}}
	for k := store.Clarification; k <= store.Access; k++ {
		v.Kinds = append(v.Kinds, choice{Code: k.String(), Label: v.T("kind." + k.String()), Chosen: q.Raw("kind") == k.String()})
	}
	v.Modules = moduleChoices(&v.Page, levels, q.Raw("module"), true)
}

func (v *ownTicketsPage) pagesOf(q *web.Form, page desk.QueuePage) {
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

// coordinated names the one organisation or unit that the actor coordinates, nothing when there are several.
func (a *App) coordinated(actor desk.Actor) (string, error) {
	if len(actor.Person.Coordinates) != 1 {
		return "", nil
	}
	k := actor.Person.Coordinates[0]
	name := ""
	err := a.Store.View(func(tx *store.Tx) error {
		if k.Unit != 0 {
			u, err := store.Units.Get(tx, k.Unit)
			if err == nil {
				name = u.Name
			}
			return err
		}
		o, err := store.Organisations.Get(tx, k.Organisation)
		if err == nil {
			name = o.Name
		}
		return err
	})
	return name, err
}

// moduleChoices lists the catalogue for a select, a group for each product with levels below it. all keeps the levels
// that are served elsewhere without saying so, for filters.
func moduleChoices(p *web.Page, levels []desk.Level, chosen string, all bool) []choices {
	var out []choices
	for i := range levels {
		l := &levels[i]
		if l.Retired && l.Code != chosen {
			continue
		}
		entry := choice{Code: l.Code, Label: l.Name.In(p.Lang), Chosen: l.Code == chosen}
		if !l.Here() && !all {
			entry.Hint = p.T("module.hint-desk")
			if l.Channel == store.ByEmail {
				entry.Hint = p.T("module.hint-email")
			}
			entry.Label = p.T("module.option-away", "name", entry.Label, "hint", entry.Hint)
		}
		switch {
		case l.Depth == 0 && l.Below == 0:
			out = append(out, choices{Entries: []choice{entry}})
			continue
		case l.Depth == 0:
			entry.Label = p.T("module.in-general", "name", l.Name.In(p.Lang))
			out = append(out, choices{Label: l.Name.In(p.Lang), Entries: []choice{entry}})
			continue
		case l.Depth > 1:
			entry.Label = "\u2003" + entry.Label // stands under its area
		}
		if n := len(out); n > 0 {
			out[n-1].Entries = append(out[n-1].Entries, entry)
		}
	}
	return out
}
