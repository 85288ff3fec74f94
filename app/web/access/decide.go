package access

import (
	"cmp"
	"strconv"
	"time"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/access"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// listPage lists the requests that the reader sees.
type listPage struct {
	web.Page
	Unproven              []unproven
	Waiting, Folded, Done []line
	Many                  string // how many are folded
	More                  bool
}

// unproven is a request that no letter asks to confirm.
type unproven struct {
	Name, Email, Organisation, Why, Action string
	Asked                                  string // when
}

// line is a request in the list.
type line struct {
	Name, Address, Email, Organisation string
	At                                 string
	Modules                            []module
	Marks                              []show.Mark // what asks for a second look
}

func (a pages) getList(r *web.Request) error {
	list, err := a.Desk.Access.List(r.Actor(), 0)
	if err != nil {
		return err
	}
	v := &listPage{Page: r.Page("access.list-title"), More: list.More}
	v.Nav = "tickets"
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	err = a.Desk.Names(func(n desk.Names) {
		v.Waiting, v.Folded, v.Done = lines(&v.Page, n, list.Waiting), lines(&v.Page, n, list.Folded), lines(&v.Page, n, list.Done)
	})
	if err != nil {
		return err
	}
	v.Many = v.Plural("access.folded", len(v.Folded))
	if r.Actor().IsAdministrator() {
		list, err := a.Desk.Access.Unproven(r.Actor())
		if err != nil {
			return err
		}
		for _, q := range list {
			v.Unproven = append(v.Unproven, unproven{q.Name, q.Email, q.Named, q.Why, address.AccessRequest(q.ID) + "/confirm", v.When(q.Created)})
		}
	}
	if err := show.House(a.Site, r, &v.Page, address.AccessRequests); err != nil {
		return err
	}
	return r.Render("page/access-list", v)
}

func lines(p *web.Page, n desk.Names, list []*access.View) []line {
	var out []line
	for _, r := range list {
		l := line{Name: r.Name, Address: address.AccessRequest(r.ID), Email: r.Email, Organisation: r.Named, At: p.When(r.Confirmed)}
		if r.Open {
			l.Marks = append(l.Marks, show.Mark{Icon: "warn", Words: p.T("access.mark-open")})
		}
		if o := n.Organisation(r.Organisation); o != nil {
			l.Organisation = o.Name
		} else {
			l.Marks = append(l.Marks, show.Mark{Icon: "warn", Words: p.T("access.mark-unknown")})
		}
		for _, k := range r.Asks {
			l.Modules = append(l.Modules, module{Name: k.Of.Name.In(p.Lang), State: stateOf(p, k.State, k.Asked)})
		}
		out = append(out, l)
	}
	return out
}

// requestPage is a request as those who decide see it.
type requestPage struct {
	web.Page
	Is        *access.View
	Action    string
	Place     string // name of the organisation; empty: nobody has said which one is meant
	Owner     string // name of the organisation that owns the domain of the address, where it is another one
	Position  string
	At        string
	Asks      []ask
	Talk      []message
	Choices   []show.Choice // organisations, for who may say which one is meant
	Elsewhere bool          // the address is of no organisation's domain
}

// ask is one module of the request, with the form of who may decide it.
type ask struct {
	Name, Code, Group  string
	Mark               show.Mark
	Reason, Ends       string // why it was refused; the last day of what was granted
	Waits, Gone        bool
	MayDecide, MayAsk  bool
	MayCoordinate      bool
	Suffix             string   // tells the fields of several forms apart
	Bad                bool     // this form was posted and has problems
	Rule               string   // who must agree
	Agreed             []string // who has
	Ticket             string   // address of the ticket, for the desk's people
	Units, Positions   []show.Choice
	Last               string // the last day, as typed or agreed
	Coordinates, Whole bool
}

func (a pages) getRequest(r *web.Request) error { return a.requestPage(r, nil, nil) }

func (a pages) requestPage(r *web.Request, f *web.Form, wrong error) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	is, err := a.Desk.Access.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	v := &requestPage{Page: r.Page("access.request-title", "name", is.Name), Is: is, Action: address.AccessRequest(n)}
	v.Nav, v.At = "tickets", v.When(is.Confirmed)
	v.Crumb(v.T("access.list-title"), address.AccessRequests)
	v.Crumb(is.Name, "")
	if f == nil {
		v.Resume(r)
	}
	if err := v.Refill(f, wrong); err != nil {
		return err
	}
	v.Position = show.PositionName(r.Settings().Positions, is.Position, v.Lang)
	v.Elsewhere = is.Owner == 0 && !is.Open
	var all []people.OrganisationView
	if is.Assign {
		if all, err = a.Desk.People.Organisations(r.Actor()); err != nil {
			return err
		}
	}
	for _, o := range all {
		v.Choices = append(v.Choices, show.Choice{Value: show.IDValue(o.ID), Label: o.Name, Chosen: o.ID == is.Organisation})
	}
	err = a.Desk.Names(func(names desk.Names) {
		v.Asks, v.Talk = nil, nil
		if o := names.Organisation(is.Organisation); o != nil {
			v.Place = o.Name
		}
		if o := names.Organisation(is.Owner); o != nil && is.Owner != is.Organisation {
			v.Owner = o.Name
		}
		for i, k := range is.Asks {
			v.Asks = append(v.Asks, a.ask(r, v, names, i, k))
		}
		for _, m := range is.Talk {
			one := message{At: v.Moment(m.At), Text: m.Body}
			if p := names.Person(m.Author); p != nil {
				one.Who = p.Name
			}
			v.Talk = append(v.Talk, one)
		}
	})
	if err != nil {
		return err
	}
	if err := show.House(a.Site, r, &v.Page, address.AccessRequests); err != nil {
		return err
	}
	return r.Render("page/access-request", v)
}

// ask returns one module of the request with its form, filled with what was asked for, agreed or just typed.
func (a pages) ask(r *web.Request, v *requestPage, n desk.Names, i int, k access.AskView) ask {
	out := ask{Name: k.Of.Name.In(v.Lang), Code: k.Of.Code, Mark: stateOf(&v.Page, k.State, k.Asked), Reason: k.Reason, Waits: k.State == store.AskWaits, Gone: k.State == store.AskWaits && k.Gone,
		MayDecide: k.MayDecide, MayAsk: k.MayAsk, MayCoordinate: k.MayCoordinate, Suffix: "-" + strconv.Itoa(i+1), Whole: v.Is.Whole}
	if out.Bad = len(v.Wrongs) > 0 && v.Value("module") == k.Of.Code; out.Bad {
		out.Suffix = ""
	}
	if k.State == store.AskGranted && !k.Terms.Until.IsZero() {
		out.Ends = v.Date(k.Terms.Until.Add(-1))
	}
	if g := n.Group(k.In); g != nil {
		out.Group = g.Name.In(v.Lang)
	}
	out.Rule = ruleWords(&v.Page, k.Needed)
	if out.Waits {
		for _, of := range []struct {
			who uint64
			key string
		}{{k.Coordinator, "access.agreed-place"}, {k.AccessAsk.Group, "access.agreed-group"}} {
			if p := n.Person(of.who); p != nil {
				out.Agreed = append(out.Agreed, v.T(of.key, "who", p.Name))
			}
		}
	}
	if k.Ticket != 0 && (v.IsAgent || v.IsAdministrator) {
		out.Ticket = address.Ticket(k.Ticket)
	}
	unit, position, until := v.Is.Unit, v.Is.Position, time.Time{}
	out.Coordinates = out.Bad && v.Value("coordinator") != ""
	if len(out.Agreed) > 0 {
		out.Coordinates = out.Coordinates || !out.Bad && k.Terms.Coordinator
		unit, position, until = k.Terms.Unit, k.Terms.Position, k.Terms.Until
	}
	chosen := func(field, value, else_ string) bool {
		if out.Bad {
			return v.Value(field) == value
		}
		return value == else_
	}
	for _, u := range v.Is.Units {
		out.Units = append(out.Units, show.Choice{Value: show.IDValue(u.ID), Label: u.Name, Chosen: chosen("unit", show.IDValue(u.ID), show.IDValue(unit))})
	}
	for _, o := range r.Settings().Positions {
		out.Positions = append(out.Positions, show.Choice{Value: o.Code, Label: o.Name.In(v.Lang), Chosen: chosen("position", o.Code, position)})
	}
	if out.Last = v.Value("until"); !out.Bad {
		out.Last = ""
		if !until.IsZero() {
			out.Last = until.Add(-1).In(a.Desk.Location()).Format(time.DateOnly)
		}
	}
	return out
}

// ruleWords says who must agree.
func ruleWords(p *web.Page, n policy.Needed) string {
	switch {
	case n.Either:
		return p.T("access.rule-either")
	case n.Place && n.NoSpeaker && n.Group:
		return p.T("access.rule-administrator-and-group")
	case n.Place && n.NoSpeaker:
		return p.T("access.rule-administrator")
	case n.Place && n.Group:
		return p.T("access.rule-both")
	case n.Place:
		return p.T("access.rule-coordinator")
	}
	return p.T("access.rule-group")
}

func (a pages) postDecision(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if _, err := a.Desk.Access.Read(r.Actor(), n); err != nil {
		return err
	}
	f := r.Form()
	d := access.Decision{Module: f.Raw("module"), Do: web.FormCode[access.Do](f, "do"), Unit: f.ID("unit"), Position: f.Raw("position"), Coordinator: f.Bool("coordinator"),
		Until: f.Time("until"), Reason: f.Body("reason")}
	if !d.Until.IsZero() {
		d.Until = d.Until.In(a.Desk.Location()).AddDate(0, 0, 1) // through the last day
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Access.Decide(r.Actor(), n, d)
	}
	if err != nil {
		return a.requestPage(r, f, err)
	}
	return r.Done("flash.access-decided", address.AccessRequest(n))
}

// postConfirmFor confirms in the place of a letter.
func (a pages) postConfirmFor(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	stands, err := a.Desk.Access.ConfirmFor(r.Actor(), n)
	if err != nil {
		return err
	}
	if stands == 0 {
		return r.Done("flash.access-confirmed-for", address.AccessRequests)
	}
	return r.Done("flash.access-confirmed-for", address.AccessRequest(stands))
}

func (a pages) postAssign(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if is, err := a.Desk.Access.Read(r.Actor(), n); err != nil || !is.Assign && is.Waits() {
		return cmp.Or(err, policy.Denied(r.Actor()))
	}
	f := r.Form()
	organisation := f.ID("organisation")
	if err = f.Err(); err == nil {
		err = a.Desk.Access.Assign(r.Actor(), n, organisation)
	}
	if err != nil {
		return a.requestPage(r, f, err)
	}
	return r.Done("flash.access-assigned", address.AccessRequest(n))
}
