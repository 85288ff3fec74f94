package release

import (
	"net/url"
	"strconv"
	"time"

	"sportello/app/address"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// card is what one place says of an update, with the buttons to say it.
type card struct {
	*web.Page
	Key          string // of the card among those of its page
	Action       string // where an answer is posted
	Place        string // organisation and unit
	What         string // module and environment
	Organisation string // codes, for the form
	Unit         string
	Module       string
	Environment  string
	Running      string
	State        show.Mark
	Said         string // by whom and when
	Reason       string
	Due          string
	Late         bool
	Asked        bool
	May          bool
	Untested     bool
	Ticket       *web.Link // the malfunction that a failure opened, for those of the organisation and the desk
	Earlier      []string
	Today        string // for the day of an installation
	Wrong        string // which answer was refused: installed, planned, not-applicable, failed
	Text         string // the problem of it
	Date, Why    string // as they were typed
}

var receiptMarks = map[store.ReceiptState]show.Mark{
	store.ReceiptTold:          {Icon: "mail"},
	store.ReceiptRead:          {Icon: "eye", Class: "badge-brand"},
	store.ReceiptPlanned:       {Icon: "clock", Class: "badge-inner"},
	store.ReceiptInstalled:     {Icon: "check", Class: "badge-calm"},
	store.ReceiptNotApplicable: {Icon: "close"},
	store.ReceiptFailed:        {Icon: "warn", Class: "badge-alarm"},
}

func receiptMark(p *web.Page, s store.ReceiptState) show.Mark {
	m := receiptMarks[s]
	m.Words = p.T("releases.receipt-" + s.String())
	return m
}

// beyondMark is shown for what nobody said of a place that runs the version, or a newer one.
func beyondMark(p *web.Page) show.Mark {
	return show.Mark{Icon: "check", Class: "badge-calm", Words: p.T("releases.receipt-beyond")}
}

// lateMark is shown beside what a place said, when its day is past.
func lateMark(p *web.Page) show.Mark {
	return show.Mark{Icon: "clock", Class: "badge-alarm", Words: p.T("releases.late")}
}

func environmentName(p *web.Page, e store.Environment) string {
	return p.T("installations.in-" + e.String())
}

func cardOf(p *web.Page, n int, row release.ReceiptView, action string) card {
	state := receiptMark(p, row.Last.State)
	if row.Beyond != "" && row.Last.State != store.ReceiptPlanned {
		state = beyondMark(p)
	}
	c := card{Page: p, Key: strconv.Itoa(n), Action: action, Place: row.Organisation.Name, Organisation: row.Organisation.Code, Module: row.Module.Code, Environment: row.Environment.String(),
		What: show.ShortName(row.Module.Name.In(p.Lang)) + ", " + environmentName(p, row.Environment), Running: row.Running, State: state, Reason: row.Last.Reason,
		Late: row.Late, Asked: row.Asked, May: row.MayAnswer, Untested: row.Untested, Today: p.Now.Format(time.DateOnly)}
	if row.Unit != nil {
		c.Unit, c.Place = row.Unit.Name, show.Joined(", ", row.Organisation.Name, row.Unit.Name)
	}
	if !row.Due.IsZero() {
		c.Due = show.Weekday(p, row.Due)
	}
	if row.Last.State != store.ReceiptTold {
		c.Said = saidBy(p, row.Last, row.By)
	}
	for i := len(row.Earlier) - 1; i >= 0; i-- {
		old := row.Earlier[i]
		c.Earlier = append(c.Earlier, show.Joined(": ", show.Joined(", ", p.T("releases.receipt-"+old.State.String()), saidBy(p, old, "")), old.Reason))
	}
	return c
}

// saidBy says for which day something was said, by whom, and when.
func saidBy(p *web.Page, s store.Statement, by string) string {
	day := ""
	if !s.Date.IsZero() {
		day = p.T("releases.on-day", "date", p.Site.Words.Date(p.Lang, s.Date))
	}
	who := ""
	switch {
	case s.ByLink != 0:
		who = p.T("releases.by-link")
	case by != "" && s.ByDesk:
		who = p.T("releases.by-desk", "name", by)
	case by != "":
		who = p.T("releases.by-name", "name", by)
	}
	return show.Joined(", ", day, who, p.When(s.At))
}

// receiptsPage has the cards of one organisation.
type receiptsPage struct {
	web.Page
	Update string
	Cards  []card
}

func (a pages) getReceipts(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	return a.receiptsPage(r, n, nil, nil)
}

// code returns the organisation's code from the address.
func code(r *web.Request) string {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return "" // there is none of this code
	}
	return code
}

func (a pages) receiptsPage(r *web.Request, n uint64, f *web.Form, wrong error) error {
	one, err := a.Desk.Releases.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	rows, err := a.Desk.Releases.Receipts(r.Actor(), n)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v := &receiptsPage{Page: r.Page("releases.receipts-of")}
	v.Nav = "releases"
	v.Update = show.ReleaseName(&v.Page, one.Modules, one.Release, levels)
	place := ""
	for _, row := range rows {
		if row.Organisation.Code != code(r) {
			continue
		}
		place = row.Organisation.Name
		v.Cards = append(v.Cards, cardOf(&v.Page, len(v.Cards)+1, row, address.ReleaseReceipts(n, row.Organisation.Code)))
	}
	if len(v.Cards) == 0 {
		return fault.New(fault.NotFound, "error.not-found")
	}
	v.Title = v.T("releases.receipts-title", "organisation", place, "release", v.Update)
	v.Crumb(v.T("releases.title"), address.Releases)
	v.Crumb(v.Update, address.Release(n))
	v.Crumb(place, "")
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
		refuse(v.Cards, f, v.Errors)
	}
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/release-receipts", v)
}

// refuse puts the problem of a posted answer into its card, with what was typed.
func refuse(cards []card, f *web.Form, errors map[string]string) {
	for i := range cards {
		c := &cards[i]
		if c.Unit != f.Raw("unit") || c.Module != f.Raw("module") || c.Environment != f.Raw("environment") {
			continue
		}
		c.Wrong, c.Date, c.Why = f.Raw("state"), f.Raw("date"), f.Raw("reason")
		for _, field := range []string{"date", "reason", "state", "unit", "module", "environment", ""} {
			if c.Text == "" {
				c.Text = errors[field]
			}
		}
	}
}

// replyOf reads what somebody says of an update.
func replyOf(f *web.Form, organisation string) (release.Reply, error) {
	reply := release.Reply{Organisation: organisation, Unit: f.Raw("unit"), Module: f.Raw("module"), Environment: web.FormCode[store.Environment](f, "environment"),
		State: web.FormCode[store.ReceiptState](f, "state"), Reason: f.Raw("reason")}
	reply.Date = dayOf(f.Time("date"))
	return reply, f.Err()
}

// dayOf returns the day of a time at the desk, at its beginning in UTC.
func dayOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (a pages) postReceipt(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if _, err := a.Desk.Releases.Read(r.Actor(), n); err != nil {
		return err
	}
	f := r.Form()
	reply, err := replyOf(f, code(r))
	var done release.Replied
	if err == nil {
		done, err = a.Desk.Releases.Answer(r.Actor(), n, reply)
	}
	if err != nil {
		return a.receiptsPage(r, n, f, err)
	}
	return said(r, done, address.Release(n)+"#receipts")
}

// said ends an answer: the page says what it did.
func said(r *web.Request, done release.Replied, to string) error {
	switch {
	case done.Ticket != nil:
		return r.Done("flash.receipt-ticket", to, "number", done.Ticket.ID)
	case done.Ran != "":
		return r.Done("flash.receipt-newer", to, "version", done.Ran)
	}
	return r.Done("flash.receipt-said", to)
}
