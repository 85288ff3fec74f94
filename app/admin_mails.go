package app

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk"
	"sportello/store"
)

// mailsPage lists the mail that came, by what became of it.
type mailsPage struct {
	adminPage
	Tabs  []Link
	State string
	What  string // what the state means
	Empty string
	Lines []mailLine
	Next  string
	First string
}

type mailLine struct {
	Page     *Page
	State    string
	ID       uint64
	At       Moment
	Name     string
	Email    string
	Subject  string
	Mailbox  string
	Why      string
	Detail   string
	Size     string
	Original string // address of the page that shows it
	Ticket   string // number, for one that stands in a ticket
	Marks    []mailMark
	Retry    string // words on the button, empty when it cannot be tried again
	Drop     bool
}

// mailStates are the lists of the page, the ones that wait for a decision first.
var mailStates = []store.MailState{store.MailHeld, store.MailFailed, store.MailAside, store.MailWaiting, store.MailDone, store.MailDropped, store.MailSame}

const mailsShown = 50

func (a *App) getMails(c *fiber.Ctx) error { return a.mailsPage(c, nil) }

// mailsPage shows the list; refused is why a decision could not be made.
func (a *App) mailsPage(c *fiber.Ctx, refused error) error {
	v := &mailsPage{adminPage: a.admin(c, "mails", "mails.title")}
	v.top()
	q := a.query(c)
	state := store.MailState(q.Raw("state"))
	if !slices.Contains(mailStates, state) || !v.IsAdministrator {
		state = store.MailHeld // what supervisors decide about
	}
	if refused != nil {
		if !v.refuse(refused) {
			return refused
		}
		v.Path = "/admin/mails"
	}
	page, err := a.desk.Mails(a.actor(c), state, q.ID("before"), mailsShown)
	if err != nil {
		return err
	}
	v.State, v.What, v.Empty = string(state), v.T("mails.what-"+string(state)), v.T("mails.empty-"+string(state))
	if v.IsAdministrator {
		for _, s := range mailStates {
			v.Tabs = append(v.Tabs, Link{Label: v.T("mails.state-" + string(s)), Address: "/admin/mails?state=" + string(s), Current: s == state, Count: v.Number(page.Count[s])})
		}
	}
	for _, m := range page.Mails {
		v.Lines = append(v.Lines, v.mailLine(m))
	}
	if page.Next != 0 {
		v.Next = withQuery(c, "before", strconv.FormatUint(page.Next, 10))
	}
	if q.ID("before") != 0 {
		v.First = withQuery(c, "before", "")
	}
	return a.render(c, "page/mails", v)
}

func mailAddress(id uint64) string { return idAddress("mails", id) + "/original" }

func (p *Page) mailLine(m *store.Mail) mailLine {
	line := mailLine{Page: p, State: string(m.State), ID: m.ID, At: p.Moment(m.Created), Name: m.FromName, Email: m.From, Subject: m.Subject, Mailbox: m.Mailbox, Detail: m.Detail, Size: p.Size(m.Size),
		Original: mailAddress(m.ID)}
	if line.Name == line.Email {
		line.Name = ""
	}
	if line.Email == "" {
		line.Email = m.Return
	}
	if m.Why != "" {
		line.Why = p.known("mails.why-"+m.Why, p.known("error."+m.Why, p.T("mails.why-other", "code", m.Why)))
	}
	if m.Ticket != 0 {
		line.Ticket = strconv.FormatUint(m.Ticket, 10)
	}
	if m.Cut {
		line.Marks = append(line.Marks, mailMark{"mark-wait", "warn", p.T("mails.cut")})
	}
	if m.PEC != "" {
		line.Marks = append(line.Marks, mailMark{"mark-calm", "check", p.T("by-mail.pec", "kind", p.pecKind(m.PEC))})
	}
	switch m.State {
	case store.MailHeld:
		line.Retry, line.Drop = p.T("mails.approve"), true
	case store.MailFailed:
		line.Retry, line.Drop = p.T("mails.retry"), true
	case store.MailAside:
		line.Retry, line.Drop = p.T("mails.open"), true
	}
	return line
}

// postRetryMail has a mail processed anew: approved, tried once more, or opened as a ticket.
func (a *App) postRetryMail(c *fiber.Ctx) error {
	return a.decideMail(c, "flash.mail-retried", a.desk.RetryMail)
}

func (a *App) postDropMail(c *fiber.Ctx) error {
	return a.decideMail(c, "flash.mail-dropped", a.desk.DropMail)
}

func (a *App) decideMail(c *fiber.Ctx, flash string, decide func(desk.Actor, uint64) error) error {
	id, err := a.number(c)
	if err != nil {
		return err
	}
	f := a.form(c)
	state := store.MailState(f.Raw("state"))
	if err := decide(a.actor(c), id); err != nil {
		return a.mailsPage(c, err)
	}
	to := "/admin/mails"
	if slices.Contains(mailStates, state) {
		to += "?state=" + string(state)
	}
	return a.done(c, flash, to)
}

// mailOriginalPage is a mail that somebody decides about.
type mailOriginalPage struct {
	adminPage
	Line     mailLine
	State    string
	Original originalView
}

func (a *App) getMailOriginal(c *fiber.Ctx) error {
	id, err := a.number(c)
	if err != nil {
		return err
	}
	o, err := a.desk.ReadMail(a.actor(c), id)
	if err != nil {
		return err
	}
	v := &mailOriginalPage{adminPage: a.admin(c, "mails", "mails.one", "number", id), State: string(o.Mail.State)}
	v.end(v.Title)
	v.Line = v.mailLine(o.Mail)
	a.fillOriginal(c, &v.Page, &v.Original, o, mailAddress(id))
	return a.render(c, "page/mail", v)
}

func (a *App) getMailPicture(c *fiber.Ctx) error {
	id, err := a.number(c)
	if err != nil {
		return err
	}
	o, err := a.desk.ReadMail(a.actor(c), id)
	if err != nil {
		return err
	}
	return sendPicture(c, o.Read)
}

// getMailFile hands over the bytes of a mail as they came.
func (a *App) getMailFile(c *fiber.Ctx) error {
	id, err := a.number(c)
	if err != nil {
		return err
	}
	row, f, err := a.desk.OpenMail(a.actor(c), id)
	if err != nil {
		return err
	}
	return sendMailFile(c, row, f)
}
