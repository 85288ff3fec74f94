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
)

// byMail is what a message that came by mail has beside its text, for the agents' page and that of the requester's
// side alike.
type byMail struct {
	Page     *web.Page
	Rest     template.HTML // what it quotes, and its signature
	RestName string        // the words on the fold
	Marks    []show.MailMark
	Joined   string // why it stands in this ticket; for agents alone
	Original string // address of the page with all of it, for whom may see it
	File     string // address of the bytes as they came
	Folded   string // the words on its one line, when a machine wrote it
	Address  string // of an author who does not belong to the ticket, for whom may add them
}

// machines are those whose messages nobody has to read in the thread. What came over a list or from another system may
// be somebody's question.
var machines = map[mail.Automatic]bool{mail.AutoReply: true, mail.OutOfOffice: true, mail.Bounce: true, mail.Receipt: true}

// byMailOf says what has to be said of the message, nil for one that did not come by mail. mails are the rows behind the
// messages, for agents.
func byMailOf(p *web.Page, m *store.Message, t *ticket.View, mails map[uint64]*store.Mail) *byMail {
	if m.Via != "mail" && m.Mail == 0 {
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

// fromServer reports whether a mail server wrote the message, in nobody's name.
func fromServer(m *store.Message) bool {
	return m.Automatic == string(mail.Bounce) || m.Automatic == string(mail.Receipt)
}

// mailsOf reads the rows of the mails that messages of the ticket were.
func (a pages) mailsOf(t *ticket.View) (map[uint64]*store.Mail, error) {
	out := map[uint64]*store.Mail{}
	if !t.Agents {
		return out, nil
	}
	err := a.Store.View(func(tx *store.Tx) error {
		for _, m := range slices.Concat(t.Messages, t.Beside) {
			if m.Mail == 0 {
				continue
			}
			row, err := store.Mails.Get(tx, m.Mail)
			if err != nil {
				return err
			}
			out[m.Mail] = row
		}
		return nil
	})
	return out, err
}

// linkHolder is somebody who reads the ticket by a link.
type linkHolder struct{ Name, Until string }

// linkHolders lists who reads the ticket by a link, for those who may put an end to it.
func (a pages) linkHolders(p *web.Page, actor policy.Actor, number uint64) ([]linkHolder, error) {
	holders, err := a.Desk.Notices.LinkHolders(actor, number)
	var out []linkHolder
	for _, h := range holders {
		out = append(out, linkHolder{h.Person.Name, p.Day(h.Ends)})
	}
	return out, err
}

// postMailAnswer sends to the requester what the agent wrote by mail and nothing proves to be theirs, or leaves it a
// note.
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

// postReachable takes the mark off somebody of the ticket that mail to them comes back.
func (a pages) postReachable(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	person := f.ID("person")
	if err := f.Err(); err != nil {
		return err
	}
	t, err := a.Desk.Tickets.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	if !t.Agents || person != t.Ticket.Requester && !slices.Contains(t.Ticket.Participants, person) {
		return store.Fail(store.NotFound, "error.not-found")
	}
	if err := a.Desk.Notices.ReachAgain(r.Actor(), person); err != nil {
		return err
	}
	return r.Done("flash.reachable", a.afterStep(r, n, f))
}

// postWithdrawLinks ends the links by which people read the ticket without signing in.
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
