package ticket

import (
	"net/url"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/find"
	"sportello/app/desk/people"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// callPage is the agents' own form: somebody calls or stands at the counter, and the agent writes what they say. Each
// button posts the whole form, so that it works without scripts. The first one looks the caller up, which is therefore
// what Enter does.
type callPage struct {
	web.Page
	Callers  callersBox
	Caller   *people.Pick // who was chosen
	Open     []ticketLine // their tickets that are not closed
	Contacts []show.Choice
	Modules  []show.ChoiceGroup
	NoModule bool
	Kinds    []show.Choice
	Members  []show.Choice
	Alike    alike
}

// callersBox is the fragment under the name being typed: the people it may be.
type callersBox struct {
	web.Page
	List    []callerLine
	Nothing bool // there is nobody of that name
}

type callerLine struct{ ID, Name, Email string }

// callersMost is how many people are offered for a name.
const callersMost = 8

func (a pages) getCallers(r *web.Request) error {
	v := &callersBox{Page: r.Page("call.title")}
	if err := a.callers(r, v, r.QueryForm().Text("q", store.Most("people.email"))); err != nil {
		return err
	}
	return r.Fragment("part/callers", v)
}

func (a pages) callers(r *web.Request, v *callersBox, text string) error {
	if len([]rune(text)) < 2 {
		return nil
	}
	found, err := a.Desk.People.PickRequesters(r.Actor(), text, callersMost)
	if err != nil {
		return err
	}
	v.Nothing = len(found) == 0
	for _, p := range found {
		v.List = append(v.List, callerLine{strconv.FormatUint(p.ID, 10), p.Name, p.Email})
	}
	return nil
}

// getSimilar answers the agents' form while the subject is typed: articles that fit, and tickets of everybody.
func (a pages) getSimilar(r *web.Request) error {
	q := r.QueryForm()
	v := &alikeBox{Page: r.Page("new-ticket.alike")}
	var err error
	if v.Alike, err = a.similar(r, &v.Page, q.Raw("q"), q.Raw("module")); err != nil {
		return err
	}
	return r.Fragment("part/look-alike", v)
}

// similar is alike for agents, with the tickets of everybody.
func (a pages) similar(r *web.Request, p *web.Page, subject, module string) (alike, error) {
	return a.alikeOf(p, subject, "call.alike-hint", "new-ticket.alike-other", func() ([]find.Found, error) {
		return a.Desk.Find.Similar(r.Ctx(), r.Actor(), subject, module, alikeMost)
	})
}

func (a pages) getCall(r *web.Request) error {
	v := &callPage{Page: r.Workbench("call.title")}
	first := url.Values{"contact": {store.Phone.String()}, "kind": {store.Clarification.String()}}
	if n := r.QueryForm().ID("caller"); n != 0 {
		first.Set("caller", strconv.FormatUint(n, 10))
	}
	return a.callPage(r, v, first, nil, nil)
}

// callPage shows the form with the first values, or as it was posted with what is wrong.
func (a pages) callPage(r *web.Request, v *callPage, first url.Values, f *web.Form, wrong error) error {
	if f == nil && !v.Resume(r) {
		v.Fill(first)
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	}
	v.Crumb(v.T("nav.desk"), "/desk")
	v.Crumb(v.Title, "")
	if err := a.caller(r, v); err != nil {
		return err
	}
	if err := a.callChoices(r, v); err != nil {
		return err
	}
	var err error
	if v.Alike, err = a.similar(r, &v.Page, v.Value("subject"), v.Value("module")); err != nil {
		return err
	}
	if err := show.QueueSide(a.Site, r, &v.Page, "/tickets/call"); err != nil {
		return err
	}
	return r.Render("page/ticket-call", v)
}

// callChoices fills the lists of the form.
func (a pages) callChoices(r *web.Request, v *callPage) error {
	for c := store.Phone; c <= store.InPerson; c++ {
		v.Contacts = append(v.Contacts, show.Choice{Value: c.String(), Label: v.T("call.contact-" + c.String()), Chosen: v.Chosen("contact", c.String())})
	}
	for k := store.Clarification; k < store.Access; k++ {
		v.Kinds = append(v.Kinds, show.Choice{Value: k.String(), Label: v.T("new-ticket.kind-" + k.String()), Chosen: v.Chosen("kind", k.String())})
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v.NoModule = v.Value("module") == show.NoModule
	v.Modules = show.ModuleChoices(&v.Page, levels, v.Value("module"), false)
	v.Members = []show.Choice{{Label: v.T("ticket.nobody")}}
	listed := map[uint64]bool{}
	for _, g := range r.Actor().Person.Groups {
		members, err := a.Desk.People.GroupMembers(r.Actor(), g.Group)
		if err != nil {
			return err
		}
		for _, m := range members {
			if id := strconv.FormatUint(m.ID, 10); !m.Disabled && !listed[m.ID] {
				listed[m.ID] = true
				v.Members = append(v.Members, show.Choice{Value: id, Label: m.Name, Chosen: v.Chosen("assignee", id)})
			}
		}
	}
	return nil
}

// caller fills who calls: the person that was chosen, with their open tickets, or those whom the name may mean.
func (a pages) caller(r *web.Request, v *callPage) error {
	v.Callers.Page = v.Page
	id, err := strconv.ParseUint(v.Value("caller"), 10, 64)
	if err != nil || id == 0 {
		return a.callers(r, &v.Callers, v.Value("requester"))
	}
	p, err := a.Desk.People.Requester(r.Actor(), id)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	v.Caller = &p
	open, err := a.Desk.Queues.OpenTickets(r.Actor(), id, 5)
	for _, t := range open {
		v.Open = append(v.Open, lineOf(&v.Page, t))
	}
	return err
}

// postCall opens the ticket in the caller's name, or only looks the caller up when that is what was pressed.
func (a pages) postCall(r *web.Request) error {
	f := r.Form()
	v := &callPage{Page: r.Workbench("call.title")}
	act := f.Raw("act")
	if id, is := strings.CutPrefix(act, "caller-"); is {
		f.Values.Set("caller", id)
		return a.callPage(r, v, nil, f, f.Err())
	}
	switch act {
	case "open", "solve":
	case "stay":
		return a.callPage(r, v, nil, f, f.Err())
	case "other":
		f.Values.Del("requester")
		fallthrough
	default:
		f.Values.Del("caller")
		return a.callPage(r, v, nil, f, f.Err())
	}
	n, err := a.readCall(r, f, act == "solve")
	if err == nil {
		err = f.Err()
	}
	var t *store.Ticket
	if err == nil {
		t, err = a.Desk.Tickets.Open(r.Actor(), n)
	}
	if err != nil {
		return a.callPage(r, v, nil, f, err)
	}
	if act == "solve" {
		return r.Done("flash.call-solved", address.Ticket(t.ID))
	}
	return r.Done("flash.call-opened", address.Ticket(t.ID))
}

// readCall reads the form. What is wrong with it is collected in the form, in the order of the page.
func (a pages) readCall(r *web.Request, f *web.Form, solved bool) (ticket.Opening, error) {
	n := ticket.Opening{Contact: web.FormCode[store.Approach](f, "contact"), Kind: web.FormCode[store.TicketKind](f, "kind")}
	var err error
	if n.For = f.ID("caller"); n.For == 0 {
		if n.For, err = a.formRequester(r, f); err != nil {
			return n, err
		}
		if n.For == 0 && f.Err() == nil {
			f.Refuse("requester", "error.caller-needed")
		}
	}
	level, err := a.formModule(f)
	if err != nil {
		return n, err
	}
	if level != nil {
		n.Module = level.ID
	}
	if n.Subject = f.Text("subject", store.Most("tickets.subject")); n.Subject == "" {
		f.Refuse("subject", "error.subject-needed")
	}
	if n.Body = f.Body("body"); strings.TrimSpace(n.Body) == "" {
		n.Body = n.Subject // what was said may fit into one line
	}
	answer, note := f.Body("answer"), f.Body("note")
	if strings.TrimSpace(note) != "" {
		n.Then = append(n.Then, ticket.Step{Message: &ticket.Text{Body: note, Internal: true}})
	}
	var s ticket.Step
	if to := f.ID("assignee"); solved || f.Bool("take") {
		s.Take = true
	} else if to != 0 {
		s.Assignee = &to
	}
	if strings.TrimSpace(answer) != "" {
		s.Message = &ticket.Text{Body: answer}
	} else if solved {
		f.Refuse("answer", "error.call-answer-needed")
	}
	if solved {
		s.To, s.Outcome = store.StateResolved, store.Solved
	}
	n.Then = append(n.Then, s)
	return n, nil
}
