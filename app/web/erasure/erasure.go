// Package erasure serves the pages on which administrators take people and tickets out of the desk for good.
package erasure

import (
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/erasure"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of erasures.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/admin/erasures", "erasures.list", web.Administrator, a.getList),
		web.Post("/admin/erasures/retention", "erasures.retention", web.Administrator, a.postRetention, "/admin/erasures").Confirmed(web.Lately),
		web.Get("/admin/people/:n<int>/erase", "erasures.person", web.Administrator, a.getPerson),
		web.Post("/admin/people/:n<int>/erase", "erasures.erase-person", web.Administrator, a.postPerson, "/admin/people/:n/erase").Confirmed(web.Lately),
		web.Get("/admin/tickets/:n<int>/erase", "erasures.ticket", web.Administrator, a.getTicket),
		web.Post("/admin/tickets/:n<int>/erase", "erasures.erase-ticket", web.Administrator, a.postTicket, "/admin/tickets/:n/erase").Confirmed(web.Lately),
	}
}

// personPage shows what erasing somebody would take away.
type personPage struct {
	show.AdminPage
	Who     *store.Person
	Why     string
	Alike   bool
	Tickets string
	Words   []string
	Samples []sample
	Files   []string
	More    bool
	Address string // of the person's own page
}

type sample struct{ Number, Address, Before, After string }

func (a pages) getPerson(r *web.Request) error {
	v, err := a.personPage(r)
	if err != nil {
		return err
	}
	return r.Render("page/erasure-person", v)
}

func (a pages) personPage(r *web.Request) (*personPage, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	p, err := a.Desk.Erasures.Preview(r.Actor(), n)
	if err != nil {
		return nil, err
	}
	v := &personPage{AdminPage: show.Admin(a.Site, r, "people", "erasure.person-title", "name", p.Who.Name), Who: p.Who, Alike: p.Alike, More: p.More, Address: address.Person(n), Words: p.Words}
	v.Path = v.Address + "/erase"
	v.Crumb(p.Who.Name, v.Address)
	v.End(v.T("erasure.short"))
	if p.Why != "" {
		v.Why = v.T(p.Why)
	}
	v.Tickets = v.Plural("erasure.tickets", p.Tickets)
	for _, s := range p.Samples {
		v.Samples = append(v.Samples, sample{strconv.FormatUint(s.Ticket, 10), address.Ticket(s.Ticket), s.Before, s.After})
	}
	for _, f := range p.Files {
		v.Files = append(v.Files, f.Name)
	}
	return v, nil
}

func (a pages) postPerson(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if _, err = a.Desk.Erasures.ErasePerson(r.Actor(), n, r.Form().Raw("files") == "1"); err == nil {
		return r.Done("flash.erased-person", "/admin/erasures")
	}
	v, bad := a.personPage(r)
	if bad != nil {
		return bad
	}
	if !v.Refuse(err) {
		return err
	}
	return r.Render("page/erasure-person", v)
}

// ticketPage shows what removing a ticket would take away.
type ticketPage struct {
	show.AdminPage
	Number  uint64
	Subject string // empty: the reader may not read the ticket
	Address string
	Why     string
	Facts   []string
	Files   []string
}

func (a pages) getTicket(r *web.Request) error {
	v, err := a.ticketPage(r)
	if err != nil {
		return err
	}
	return r.Render("page/erasure-ticket", v)
}

func (a pages) ticketPage(r *web.Request) (*ticketPage, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	p, err := a.Desk.Erasures.PreviewTicket(r.Actor(), n)
	if err != nil {
		return nil, err
	}
	v := &ticketPage{AdminPage: show.Admin(a.Site, r, "erasures", "erasure.ticket-title", "number", n), Number: n, Address: address.Ticket(n)}
	v.Path = "/admin/tickets/" + strconv.FormatUint(n, 10) + "/erase"
	v.End("#" + strconv.FormatUint(n, 10))
	if p.Why != "" {
		v.Why = v.T(p.Why)
	}
	v.Facts = []string{v.Plural("erasure.messages", p.Messages), v.Plural("erasure.files", len(p.Files)), v.Plural("erasure.mails", p.Mails), v.Plural("erasure.letters", p.Letters)}
	if t, err := a.Desk.Tickets.Read(r.Actor(), n); err == nil { // who may not read it erases it by its number
		v.Subject = t.Ticket.Subject
		for _, f := range p.Files {
			v.Files = append(v.Files, f.Name)
		}
	}
	return v, nil
}

func (a pages) postTicket(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if _, err = a.Desk.Erasures.EraseTicket(r.Actor(), n); err == nil {
		return r.Done("flash.erased-ticket", "/admin/erasures", "number", n)
	}
	v, bad := a.ticketPage(r)
	if bad != nil {
		return bad
	}
	if !v.Refuse(err) {
		return err
	}
	return r.Render("page/erasure-ticket", v)
}

// listPage lists erasures and what becomes of old tickets.
type listPage struct {
	show.AdminPage
	Lines []line
	Rules []rule
	Shown bool // what the rules would take stands beside them
}

type line struct {
	At          words.Moment
	What, By    string
	State, Hint string
	Rows        int
}

// rule is a row of the form: of an existing rule, or an empty one.
type rule struct {
	Title   string
	Modules []show.ChoiceGroup
	Kinds   []show.Choice
	Dos     []show.Choice
	Years   string
	Takes   string
	// the names of its fields
	ModuleAt, KindAt, YearsAt, DoAt string
}

func (a pages) getList(r *web.Request) error {
	rules, rev, err := a.Desk.Erasures.Rules(r.Actor())
	if err != nil {
		return err
	}
	v, err := a.listPage(r)
	if err != nil {
		return err
	}
	if err := a.showRules(v, rules, nil, nil, rev); err != nil {
		return err
	}
	return r.Render("page/erasures", v)
}

func (a pages) listPage(r *web.Request) (*listPage, error) {
	v := &listPage{AdminPage: show.Admin(a.Site, r, "erasures", "erasure.title")}
	v.Path = "/admin/erasures"
	v.Top()
	list, err := a.Desk.Erasures.List(r.Actor())
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		l := line{At: v.Moment(e.Created), By: e.Orderer, Rows: e.Rows, State: v.T("erasure.state-" + e.State.String()), Hint: v.T("erasure.state-hint-" + e.State.String())}
		if l.What = v.T("erasure.kind-"+e.Kind.String(), "number", e.Of); l.By == "" {
			l.By = v.T("admin-changes.desk")
		}
		v.Lines = append(v.Lines, l)
	}
	return v, nil
}

// showRules makes the rows of the form, one more than there are rules, with what was typed for the years, if anything was, and what
// each would take, if that is known.
func (a pages) showRules(v *listPage, rules []store.Retention, typed []string, takes []erasure.Affected, rev uint64) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	codes := map[uint64]string{}
	for _, l := range levels {
		codes[l.ID] = l.Code
	}
	v.Shown = takes != nil
	if v.Form == nil {
		v.Fill(map[string][]string{"rev": {strconv.FormatUint(rev, 10)}})
	}
	for i := range len(rules) + 1 {
		var r store.Retention
		n := "-" + strconv.Itoa(i)
		out := rule{Title: v.T("erasure.rule", "n", i+1), ModuleAt: "module" + n, KindAt: "kind" + n, YearsAt: "years" + n, DoAt: "do" + n}
		if i < len(rules) {
			r, out.Years = rules[i], strconv.Itoa(rules[i].Years)
		}
		if i < len(typed) {
			out.Years = typed[i]
		}
		if i < len(takes) {
			out.Takes = v.Plural("erasure.takes", takes[i].Tickets)
		}
		out.Modules = show.ModuleChoices(&v.Page, levels, codes[r.Module], true)
		for _, k := range show.TicketKinds {
			out.Kinds = append(out.Kinds, show.Choice{Value: k.String(), Label: v.T("kind." + k.String()), Chosen: k == r.Kind})
		}
		out.Dos = []show.Choice{{Value: "people", Label: v.T("erasure.do-people"), Chosen: !r.Remove}, {Value: "remove", Label: v.T("erasure.do-remove"), Chosen: r.Remove}}
		v.Rules = append(v.Rules, out)
	}
	return nil
}

// rulesOf reads the rows of the form with what was typed for the years of each. A row without years is none, and the rows after
// it move up, as they do when the form is shown again.
func (a pages) rulesOf(f *web.Form) (out []store.Retention, typed []string, err error) {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return nil, nil, err
	}
	for i := range store.Most("settings.retention") {
		of := func(field string) string { return field + "-" + strconv.Itoa(i) }
		if !f.Has(of("years")) {
			break
		}
		years := f.Text(of("years"), 20)
		if years == "" {
			continue
		}
		at := func(field string) string { return field + "-" + strconv.Itoa(len(out)) }
		r := store.Retention{Kind: web.FormCode[store.TicketKind](f, of("kind")), Remove: f.Raw(of("do")) == "remove"}
		if r.Years, err = strconv.Atoi(years); err != nil {
			f.Refuse(at("years"), "error.number-between", "least", 1, "most", erasure.MostYears)
		}
		if code := f.Raw(of("module")); code != "" {
			for _, l := range levels {
				if l.Code == code {
					r.Module = l.ID
				}
			}
			if r.Module == 0 {
				f.Refuse(at("module"), "error.module-unknown")
			}
		}
		out, typed = append(out, r), append(typed, years)
	}
	return out, typed, nil
}

func (a pages) postRetention(r *web.Request) error {
	f := r.Form()
	rules, typed, err := a.rulesOf(f)
	if err != nil {
		return err
	}
	var takes []erasure.Affected
	if err = f.Err(); err == nil {
		if takes, err = a.Desk.Erasures.PreviewRules(r.Actor(), rules); err == nil && f.Raw("do") == "save" {
			if err = a.Desk.Erasures.SetRules(r.Actor(), f.ID("rev"), rules); err == nil {
				return r.Done("flash.retention-saved", "/admin/erasures")
			}
		}
	}
	v, bad := a.listPage(r)
	if bad != nil {
		return bad
	}
	v.Form = f
	if err != nil {
		_, rev, bad := a.Desk.Erasures.Rules(r.Actor())
		if bad != nil {
			return bad
		}
		if err := v.Again(f, err, map[string][]string{"rev": {strconv.FormatUint(rev, 10)}}, nil); err != nil {
			return err
		}
	}
	if err := a.showRules(v, rules, typed, takes, f.ID("rev")); err != nil {
		return err
	}
	return r.Render("page/erasures", v)
}
