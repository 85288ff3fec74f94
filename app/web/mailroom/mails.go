package mailroom

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/intake"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
)

// mailsPage lists incoming mail by state: all of it in the administration, and beside the queue the mail that the
// reader may judge.
type mailsPage struct {
	show.AdminPage
	Tabs   []web.Link
	State  string
	What   string // what the state means
	Empty  string
	Lines  []mailLine
	Next   string
	First  string
	Acts   mailActs
	Back   string // address of this list, to return to after judging
	Result *mailResult
}

// mailActs are the labels of the buttons that judge mail of one state, empty where nothing can be judged.
type mailActs struct{ Approve, Drop string }

// mailResult lists the mails whose decision failed.
type mailResult struct {
	Words   string
	Refused []mailRefusal
}

type mailRefusal struct {
	ID      uint64
	Address string
	Reason  string
}

type mailLine struct {
	Page     *web.Page
	State    string
	ID       uint64
	At       words.Moment
	Name     string
	Email    string
	Subject  string
	Mailbox  string
	Group    string
	Why      string
	Detail   string
	Size     string
	Original string // address of the page that shows it
	Ticket   string // number of its ticket, if it has one
	Marks    []show.MailMark
	Acts     mailActs
	Chosen   bool
}

// mailStates are the lists of the administration's page, with mail that waits for a decision first.
var mailStates = append(slices.Clone(store.JudgedMail), store.MailWaiting, store.MailDone, store.MailReceipt, store.MailDropped, store.MailSame)

const (
	mailsShown     = 50
	adminMailsPath = "/admin/mails"
)

func (a pages) getMails(r *web.Request) error {
	return a.mailsPage(r, adminMailsPath, r.QueryForm(), &mailsPage{})
}

func (a pages) getGroupMails(r *web.Request) error {
	return a.mailsPage(r, address.Mails, r.QueryForm(), &mailsPage{})
}

// mailsPage shows the list at the path, with the parameters of q.
func (a pages) mailsPage(r *web.Request, path string, q *web.Form, v *mailsPage) error {
	states, list := store.JudgedMail, a.Desk.Intake.GroupMails
	if path == adminMailsPath {
		states, list = mailStates, a.Desk.Intake.Mails
		v.AdminPage = show.Admin(a.Site, r, "mails", "mails.title")
		v.Top()
	} else {
		v.AdminPage = show.AdminPage{Page: r.Workbench("mails.group-title")}
		v.Nav = "desk"
	}
	state := store.MailState(q.Raw("state"))
	if !slices.Contains(states, state) {
		state = states[0]
	}
	page, err := list(r.Actor(), state, q.ID("before"), mailsShown)
	if err != nil {
		return err
	}
	q.Problems = nil
	here := func(state store.MailState, before uint64) string {
		values := url.Values{"state": {string(state)}}
		if before != 0 {
			values.Set("before", strconv.FormatUint(before, 10))
		}
		return path + "?" + values.Encode()
	}
	v.State, v.What, v.Empty, v.Acts = string(state), v.T("mails.what-"+string(state)), v.T("mails.empty-"+string(state)), mailActsOf(&v.Page, state)
	v.Back = here(state, q.ID("before"))
	for _, s := range states {
		v.Tabs = append(v.Tabs, web.Link{Label: v.T("mails.state-" + string(s)), Address: here(s, 0), Current: s == state, Count: v.Number(page.Count[s])})
	}
	for _, m := range page.Mails {
		line := mailLineOf(&v.Page, m)
		if g := page.Groups[m.Group]; g != nil && len(page.Groups) > 1 {
			line.Group = g.Name.In(v.Lang)
		}
		line.Chosen = v.Form != nil && slices.Contains(v.Form.Values["mail"], strconv.FormatUint(m.ID, 10))
		v.Lines = append(v.Lines, line)
	}
	if page.Next != 0 {
		v.Next = here(state, page.Next)
	}
	if q.ID("before") != 0 {
		v.First = here(state, 0)
	}
	if path == address.Mails {
		if err := show.QueueSide(a.Site, r, &v.Page, address.Mails); err != nil {
			return err
		}
	}
	if v.Result != nil {
		v.Page.Status = http.StatusConflict
	}
	return r.Render("page/mails", v)
}

func mailActsOf(p *web.Page, state store.MailState) mailActs {
	switch state {
	case store.MailHeld:
		return mailActs{p.T("mails.approve"), p.T("mails.drop")}
	case store.MailFailed:
		return mailActs{p.T("mails.retry"), p.T("mails.drop")}
	case store.MailAside:
		return mailActs{p.T("mails.open"), p.T("mails.drop")}
	}
	return mailActs{}
}

func mailLineOf(p *web.Page, m *store.Mail) mailLine {
	line := mailLine{Page: p, State: string(m.State), ID: m.ID, At: p.Moment(m.Created), Name: m.FromName, Email: m.From, Subject: m.Subject, Mailbox: m.Mailbox, Detail: m.Detail, Size: p.Size(m.Size),
		Original: address.Mail(m.ID), Acts: mailActsOf(p, m.State)}
	if line.Name == line.Email {
		line.Name = ""
	}
	if line.Email == "" {
		line.Email = m.Return
	}
	if m.Why != "" {
		line.Why = show.Known(p, "mails.why-"+m.Why, show.Known(p, "error."+m.Why, p.T("mails.why-other", "code", m.Why)))
	}
	if m.Ticket != 0 {
		line.Ticket = strconv.FormatUint(m.Ticket, 10)
	}
	if m.Cut {
		line.Marks = append(line.Marks, show.MailMark{Class: "mark-wait", Icon: "warn", Text: p.T("mails.cut")})
	}
	if m.PEC != "" {
		line.Marks = append(line.Marks, show.MailMark{Class: "mark-calm", Icon: "check", Text: p.T("by-mail.pec", "kind", PECKind(p, m.PEC))})
	}
	if !m.Proven && m.From != "" && m.Source != "import" {
		line.Marks = append(line.Marks, show.MailMark{Class: "mark-wait", Icon: "warn", Text: p.T("mails.unproven")})
	}
	return line
}

// postJudgeMail approves or drops one mail or several. If one fails, the others are still judged.
func (a pages) postJudgeMail(r *web.Request) error {
	f := r.Form()
	ids, decision := f.IDs("mail"), f.Raw("do")
	for _, one := range []string{intake.MailApprove, intake.MailDrop} { // the buttons of one line
		if id := f.ID(one); id != 0 {
			ids, decision = []uint64{id}, one
		}
	}
	path, query, _ := strings.Cut(web.LocalPath(f.Raw("back")), "?")
	if path != adminMailsPath || !r.Actor().IsAdministrator() {
		path = address.Mails
	}
	q := a.FormWith(f.Actor, url.Values{}, nil)
	if values, err := url.ParseQuery(query); err == nil {
		q.Values = values
	}
	again := func(result *mailResult) error {
		v := &mailsPage{Result: result}
		return a.mailsPage(r, path, q, v)
	}
	if len(ids) == 0 {
		f.Refuse("mail", "error.choose-mails")
	}
	if decision != intake.MailApprove && decision != intake.MailDrop {
		f.Refuse("do", "error.choice")
	}
	if err := f.Err(); err != nil {
		return again(&mailResult{Words: show.ExplainAll(a.Site, r, err)})
	}
	done, refused, err := a.Desk.Intake.JudgeAll(r.Actor(), ids, decision)
	if err != nil {
		return err
	}
	if len(refused) == 0 {
		to := path
		if state := q.Raw("state"); state != "" {
			to += "?" + url.Values{"state": {state}}.Encode()
		}
		return r.Done("flash.mail-"+decision, to, "n", done)
	}
	if len(ids) == 1 && fault.KindOf(refused[ids[0]]) == fault.NotFound {
		return refused[ids[0]]
	}
	result := &mailResult{Words: a.Words.Plural(r.Lang(), "mails.done", done) + " " + a.Words.Plural(r.Lang(), "mails.refused", len(refused))}
	for _, id := range ids {
		if why := refused[id]; why != nil {
			result.Refused = append(result.Refused, mailRefusal{id, address.Mail(id), show.ExplainAll(a.Site, r, why)})
		}
	}
	return again(result)
}

// mailOriginalPage is a mail about which the reader decides.
type mailOriginalPage struct {
	show.AdminPage
	Line     mailLine
	State    string
	Back     string
	Original originalView
}

func (a pages) getMailOriginal(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	o, err := a.Desk.Intake.ReadMail(r.Actor(), id)
	if err != nil {
		return err
	}
	v := &mailOriginalPage{AdminPage: show.AdminPage{Page: r.Workbench("mails.one", "number", id)}, State: string(o.Mail.State)}
	v.Nav, v.Live, v.Back = "desk", false, address.Mails+"?state="+string(o.Mail.State)
	if v.IsAdministrator {
		v.Back = adminMailsPath + "?state=" + string(o.Mail.State)
	}
	if err := show.QueueSide(a.Site, r, &v.Page, address.Mails); err != nil {
		return err
	}
	v.Line = mailLineOf(&v.Page, o.Mail)
	a.fillOriginal(r, &v.Page, &v.Original, o, address.Mail(id))
	return r.Render("page/mail", v)
}

func (a pages) getMailPicture(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	o, err := a.Desk.Intake.ReadMail(r.Actor(), id)
	if err != nil {
		return err
	}
	return sendPicture(r, o.Read)
}

// getMailFile answers with the original bytes of a mail.
func (a pages) getMailFile(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	row, f, err := a.Desk.Intake.OpenMail(r.Actor(), id)
	if err != nil {
		return err
	}
	return sendMailFile(r, row, f)
}
