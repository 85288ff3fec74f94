package ticket

import (
	"html/template"
	"slices"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/mail"
	"sportello/app/message"
	"sportello/app/web"
	"sportello/app/web/mailroom"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/door"
	"sportello/store/fault"
)

// byMail is what a message that came by mail shows beside its text, on the agents' page and on the requester's side.
type byMail struct {
	Page     *web.Page
	Rest     template.HTML // the quoted text and the signature
	RestName string        // label of the fold
	Marks    []show.MailMark
	Joined   string // why the mail joined this ticket; for agents only
	Original string // address of the page with the whole mail, for those who may see it
	File     string // address of the mail's original bytes
	Folded   string // label of the folded line when a machine wrote the message
	Address  string // of an author who does not belong to the ticket, for those who may add them
}

// machines lists the kinds of automatic mail that nobody has to read in the thread. Mail from a list or from another
// system may be somebody's question.
var machines = map[mail.Automatic]bool{mail.AutoReply: true, mail.OutOfOffice: true, mail.Bounce: true, mail.Receipt: true}

// byMailOf returns what the page says about the mail of a message, nil for a message that did not come by mail. mails
// are the mail rows by message, for agents only.
func byMailOf(p *web.Page, m *store.Message, t *ticket.View, mails map[uint64]*store.Mail) *byMail {
	if m.Via != door.Mail && m.Mail == 0 {
		return nil
	}
	v := &byMail{Page: p}
	mark := func(class, icon, key string) {
		v.Marks = append(v.Marks, show.MailMark{Class: class, Icon: icon, Text: p.T(key)})
	}
	mark("", "mail", "by-mail.mail")
	if m.PEC != "" {
		v.Marks = append(v.Marks, show.MailMark{Class: "mark-calm", Icon: "check", Text: p.T("by-mail.pec", "kind", mailroom.PECKind(p, m.PEC))})
	}
	automatic := mail.Automatic(m.Automatic)
	if automatic != mail.Personal {
		words := p.T("by-mail.automatic-" + m.Automatic)
		if machines[automatic] && !m.Opening {
			v.Folded = words
		} else {
			v.Marks = append(v.Marks, show.MailMark{Class: "", Icon: "gear", Text: words})
		}
	}
	switch {
	case m.NotVerified() && m.Author == p.Person && p.Person != 0 && !m.Internal:
		mark("", "info", "by-mail.unproven-own")
	case m.NotVerified():
		mark("mark-wait", "warn", "by-mail.unproven")
	case m.Unproven && m.Known:
		mark("", "check", "by-mail.known")
	}
	if m.Outside && !m.Internal && !t.Ticket.OnSide(m.Author) {
		mark("mark-wait", "people", "by-mail.outside")
		if author := t.People[m.Author]; author != nil && t.May[policy.AddPerson] && automatic == mail.Personal {
			v.Address = author.Email
		}
	}
	if m.Beside == store.BesideWaiting {
		mark("mark-wait", "people", "by-mail.outside")
	}
	if m.Rest != "" {
		v.RestName, v.Rest = p.T("by-mail.rest"), message.Rest(m, p.T("ticket.quoted"), message.Pictures(t.Files, m))
	}
	if m.Mail != 0 && m.Ticket == t.Ticket.ID && (t.Agents || m.Author == p.Person && p.SignedIn && !m.Internal) {
		v.Original = address.Original(m.Ticket, m.ID)
		v.File = v.Original + ".eml"
	}
	if row := mails[m.Mail]; row != nil && t.Agents {
		v.Joined = show.JoinedWords(p, row)
	}
	return v
}

// fromServer reports whether a mail server wrote the message, on nobody's behalf.
func fromServer(m *store.Message) bool {
	return m.Automatic == string(mail.Bounce) || m.Automatic == string(mail.Receipt)
}

// linkHolder is a person who reads the ticket through a link.
type linkHolder struct{ Name, Until string }

// linkHolders lists the people who read the ticket through a link, for those who may withdraw the links.
func (a pages) linkHolders(p *web.Page, actor policy.Actor, number uint64) ([]linkHolder, error) {
	holders, err := a.Desk.Notices.LinkHolders(actor, number)
	var out []linkHolder
	for _, h := range holders {
		out = append(out, linkHolder{h.Person.Name, p.Day(h.Ends)})
	}
	return out, err
}

// postMailAnswer sends an agent's unproved answer by mail to the requester, or keeps it as a note.
func (a pages) postMailAnswer(_ *web.Request, _ uint64, f *web.Form) (ticketAct, error) {
	message := f.ID("message")
	act := ticketAct{part: "message-" + strconv.FormatUint(message, 10)}
	switch f.Raw("act") {
	case "send":
		act.step.ConfirmMail, act.flash = message, "flash.mail-answer-sent"
	case "keep":
		act.step.KeepNote, act.flash = message, "flash.mail-answer-kept"
	}
	if message == 0 || act.flash == "" {
		f.Refuse("message", "error.choice")
	}
	return act, nil
}

// postReachable clears the mark that mail to a person of the ticket is returned.
func (a pages) postReachable(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	t, err := a.Desk.Tickets.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	if !t.Agents {
		return fault.New(fault.NotFound, "error.not-found")
	}
	f := r.Form()
	person := f.ID("person")
	if err := f.Err(); err != nil {
		return err
	}
	if person != t.Ticket.Requester && !slices.Contains(t.Ticket.Participants, person) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if err := a.Desk.Notices.ReachAgain(r.Actor(), person); err != nil {
		return err
	}
	return r.Done("flash.reachable", a.afterStep(r, n, f))
}

// postWithdrawLinks withdraws the links through which people read the ticket without signing in.
func (a pages) postWithdrawLinks(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	if err := a.Desk.Notices.WithdrawLinks(r.Actor(), n); err != nil {
		return err
	}
	to := address.Ticket(n)
	if f.Has("seen") { // the agents' page sends it
		to = a.afterStep(r, n, f)
	}
	return r.Done("flash.links-withdrawn", to)
}
