package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sportello/app/mail/transport"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
)

// mailboxesPage lists every way in which mail arrives and leaves, with its state.
type mailboxesPage struct {
	show.AdminPage
	Boxes   []mailboxLine
	General string // the group that gets mail no mailbox claims
	From    string // the desk's sender address, empty when no mail is sent
	Server  string
	File    bool       // the configuration names it
	Edit    string     // address of the form of the entered server
	Unused  []web.Link // entered servers that the configuration replaces
	Out     []overviewFigure
	SentAt  words.Moment
	SendErr string
	SendWhy string
}

type mailboxLine struct {
	Address, Group, Module, Source string
	Edit                           string // address of its form, empty for a mailbox of the configuration
	State, Badge                   string
	Trouble, Detail                string // the problem in words, and the server's own message
	LastOK, NextTry                words.Moment
	Fetched                        string
	Tryable                        bool
}

// trialTime limits a trial of a mailbox or of the outgoing server.
const trialTime = 20 * time.Second

func (a pages) getMailboxes(r *web.Request) error { return a.mailboxesPage(r, "") }

// mailboxesPage shows the page; refused says why a trial failed.
func (a pages) mailboxesPage(r *web.Request, refused string) error {
	v := &mailboxesPage{AdminPage: show.Admin(a.Site, r, "mailboxes", "mailboxes.title")}
	v.Top()
	v.Path = "/admin/mailboxes"
	if refused != "" {
		v.Refused, v.Status = refused, http.StatusUnprocessableEntity
	}
	groups, err := a.Desk.People.Groups(r.Actor())
	if err != nil {
		return err
	}
	groupName := func(code string) string {
		for _, g := range groups {
			if g.Code == code {
				return g.Name.In(v.Lang)
			}
		}
		return code
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v.General = groupName(store.GeneralGroup)
	used := map[uint64]bool{}
	for _, s := range a.mail.Mailboxes() {
		line := mailboxLine{Address: s.Address, Group: groupName(s.Group), Source: v.T("mailboxes.source-" + s.Source), State: v.T("mailboxes.state-" + s.State),
			Badge: mailboxBadges[s.State], LastOK: v.Moment(s.LastOK), NextTry: v.Moment(s.NextTry), Fetched: v.Number(s.Fetched), Tryable: s.Tryable}
		for _, l := range levels {
			if l.Code == s.Module {
				line.Module = l.Path.In(v.Lang)
			}
		}
		if s.Row != 0 {
			line.Edit = serverAddress(s.Row)
			used[s.Row] = true
		}
		if s.Err != "" {
			line.Trouble, line.Detail = transportTrouble(&v.Page, s.Code), s.Err
		}
		v.Boxes = append(v.Boxes, line)
	}
	if err := a.outgoingFacts(r, v); err != nil {
		return err
	}
	rows, err := a.Desk.Post.MailServers(r.Actor())
	if err != nil {
		return err
	}
	for _, m := range rows {
		switch {
		case m.Out && !v.File:
			v.Edit = serverAddress(m.ID)
		case m.Out || !used[m.ID]:
			v.Unused = append(v.Unused, web.Link{Label: serverName(m), Address: serverAddress(m.ID)})
		}
	}
	return r.Render("page/mailboxes", v)
}

var mailboxBadges = map[string]string{transport.InboxFailed: "badge-alarm", transport.InboxConnecting: "badge-wait"}

// transportTrouble returns the kind of problem with a mail server in words.
func transportTrouble(p *web.Page, code string) string {
	return show.Known(p, "mailboxes.code-"+code, p.T("mailboxes.code-other"))
}

func (a pages) outgoingFacts(r *web.Request, v *mailboxesPage) error {
	server := a.mail.Server()
	v.From, v.Server, v.File = server.From, serverPort(server.Host, server.Port), server.File
	page, err := a.Desk.Notices.Letters(r.Actor(), store.LetterQueued, 0, 1)
	if err != nil {
		return err
	}
	for _, s := range []store.LetterState{store.LetterQueued, store.LetterHeld, store.LetterFailed, store.LetterSent} {
		v.Out = append(v.Out, overviewFigure{v.T("letters.state-" + string(s)), v.Number(page.Count[s]), "/admin/letters?state=" + string(s)})
	}
	sent, err := a.mail.Outgoing()
	v.SentAt = v.Moment(sent)
	if err != nil {
		v.SendWhy, v.SendErr = transportTrouble(&v.Page, string(transport.CodeOf(err))), err.Error()
	}
	return nil
}

// postTryMailbox signs in to the mailbox and changes nothing there.
func (a pages) postTryMailbox(r *web.Request) error {
	f := r.Form()
	address := f.Text("address", store.Most("people.email"))
	if err := f.Err(); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(r.Ctx(), trialTime)
	defer stop()
	err := a.mail.TryMailbox(ctx, address)
	if err == nil {
		return r.Done("flash.mailbox-works", "/admin/mailboxes", "address", address)
	}
	return a.tried(r, err, "mailboxes.try-failed", address)
}

// postTrySender connects to the outgoing server and sends nothing.
func (a pages) postTrySender(r *web.Request) error {
	ctx, stop := context.WithTimeout(r.Ctx(), trialTime)
	defer stop()
	server := a.mail.Server().Host
	err := a.mail.TrySender(ctx)
	if err == nil {
		return r.Done("flash.sender-works", "/admin/mailboxes", "server", server)
	}
	return a.tried(r, err, "mailboxes.try-sender-failed", server)
}

// tried reports what failed. It includes the answer of a mail server, but never that of another kind of server, which
// nobody needs to set up mail.
func (a pages) tried(r *web.Request, err error, key, what string) error {
	if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.TooMany {
		return err
	}
	p := r.Page("mailboxes.title")
	code := transport.CodeOf(err)
	why := transportTrouble(&p, string(code))
	if errors.Is(err, context.DeadlineExceeded) {
		why = transportTrouble(&p, string(transport.TooSlow))
	}
	if said := transport.Said(err); said != "" {
		why = p.T("mailboxes.try-said", "why", why, "said", said)
	}
	return a.mailboxesPage(r, p.T(key, "what", what, "why", why))
}
