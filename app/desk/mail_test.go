package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/intake"
	"sportello/app/desk/notice"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

// mailOffice is an office that receives and sends mail; mx.ateneo.example is its own server.
type mailOffice struct {
	*office
	sent []*notice.Outgoing
	n    int
}

// confirmations and toAddress are how many letters one address gets in an hour: confirmations of tickets, and all
// letters.
const confirmations, toAddress = 5, 60

func newMailOffice(t *testing.T) *mailOffice {
	o := &mailOffice{office: newOffice(t)}
	o.Post.SetMail(post.Options{From: "sportello@ateneo.example", Servers: []string{"mx.ateneo.example"}, Key: []byte(strings.Repeat("k", 32)), Desk: "this-desk",
		Mailboxes: []post.Mailbox{{Address: "csa@ateneo.example", Group: "csa", Module: "csa"},
			{Address: "noti@ateneo.example", Who: post.WhoKnown}, {Address: "dominio@ateneo.example", Who: post.WhoDomains, Domains: []string{"ateneo.example"}},
			{Address: "approvare@ateneo.example", Who: post.WhoHold, Group: "csa"}}})
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		g, err := store.Organisations.Get(tx, o.organis["Ateneo"])
		if err != nil {
			return err
		}
		g.Domains = []string{"ateneo.example"}
		return store.Organisations.Put(tx, g)
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// letter is a mail to be built.
type letter struct {
	from, to, cc, subject, body string
	id, reply, refs             string
	header                      string // further lines
	at                          time.Time
	proven                      bool
}

func (o *mailOffice) mail(l letter) *store.Mail {
	o.t.Helper()
	o.n++
	if l.id == "" {
		l.id = fmt.Sprintf("m%d@elsewhere.example", o.n)
	}
	if l.to == "" {
		l.to = "csa@ateneo.example"
	}
	var b strings.Builder
	if l.proven {
		_, domain, _ := strings.Cut(l.from, "@")
		fmt.Fprintf(&b, "Authentication-Results: mx.ateneo.example; dmarc=pass header.from=%s\r\n", domain)
	}
	if l.at.IsZero() {
		l.at = o.Now()
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s>\r\nDate: %s\r\n", l.from, l.to, l.subject, l.id, l.at.Format(time.RFC1123Z))
	if l.cc != "" {
		fmt.Fprintf(&b, "Cc: %s\r\n", l.cc)
	}
	if l.reply != "" {
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\n", l.reply)
	}
	if l.refs != "" {
		fmt.Fprintf(&b, "References: %s\r\n", l.refs)
	}
	b.WriteString(l.header + "\r\n" + l.body + "\r\n")
	return o.take(b.String())
}

func (o *mailOffice) take(raw string) *store.Mail {
	o.t.Helper()
	m, err := o.Intake.Take(intake.From{Source: "lmtp"}, bytes.NewReader([]byte(raw)))
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.Intake.Process(context.Background()); err != nil {
		o.t.Fatal(err)
	}
	return o.row(m.ID)
}

func (o *mailOffice) row(id uint64) (m *store.Mail) {
	o.t.Helper()
	if err := o.st.View(func(tx *db.Tx) (err error) { m, err = store.Mails.Get(tx, id); return err }); err != nil {
		o.t.Fatal(err)
	}
	return m
}

func (o *mailOffice) ticket(n uint64) (t *store.Ticket) {
	o.t.Helper()
	if err := o.st.View(func(tx *db.Tx) (err error) { t, err = store.Tickets.Get(tx, n); return err }); err != nil {
		o.t.Fatal(err)
	}
	return t
}

func (o *mailOffice) message(n uint64) (m *store.Message) {
	o.t.Helper()
	if err := o.st.View(func(tx *db.Tx) (err error) { m, err = store.Messages.Get(tx, n); return err }); err != nil {
		o.t.Fatal(err)
	}
	return m
}

func (o *mailOffice) do(who string, n uint64, s ticket.Step) *store.Ticket {
	o.t.Helper()
	done, err := o.Tickets.Do(o.as(who), n, s)
	if err != nil {
		o.t.Fatal(err)
	}
	return done.Ticket
}

// post plans what is due and returns the letters sent since the last call, by recipient.
func (o *mailOffice) post() map[string]*notice.Outgoing {
	o.t.Helper()
	if _, err := o.Notices.Plan(); err != nil {
		o.t.Fatal(err)
	}
	o.later(2 * time.Minute)
	out := map[string]*notice.Outgoing{}
	_, err := o.Notices.SendLetters(context.Background(), func(_ context.Context, l *notice.Outgoing) notice.Sent {
		out[l.Letter.To] = l
		o.sent = append(o.sent, l)
		return notice.Sent{OK: true, Subject: "x"}
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

func TestMailOpensATicketOfItsMailbox(t *testing.T) {
	for _, c := range []struct {
		name, to, group, module string
	}{
		{"the mailbox's group and module", "csa@ateneo.example", "csa", "csa"},
		{"a tagged address", "csa+qualcosa@ateneo.example", "csa", "csa"},
		{"what no mailbox claims goes to the general group", "altro@ateneo.example", "generale", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailOffice(t)
			m := o.mail(letter{from: "Nuova Persona <nuova@ateneo.example>", to: c.to, subject: "Re: Cedolino di marzo", body: "Non lo trovo."})
			if m.State != store.MailDone || m.Joined != intake.JoinedNew {
				t.Fatalf("mail %+v", m)
			}
			k := o.ticket(m.Ticket)
			if k.Group != o.group[c.group] || k.Module != o.module[c.module] || k.Kind != store.Clarification || k.Severity != store.Medium || k.Urgency != store.NoDate || k.Subject != "Cedolino di marzo" {
				t.Errorf("ticket %+v", k)
			}
			var p *store.Person
			_ = o.st.View(func(tx *db.Tx) (err error) { p, err = store.People.Get(tx, k.Requester); return err })
			if p.Email != "nuova@ateneo.example" || p.Name != "Nuova Persona" || p.Password != "" || !p.Belongs(o.organis["Ateneo"], 0, o.st.Now()) {
				t.Errorf("requester %+v", p)
			}
		})
	}
}

func TestTheSameMessageTwiceIsOneMessage(t *testing.T) {
	o := newMailOffice(t)
	at := o.Now()
	first := o.mail(letter{from: "ada@ateneo.example", subject: "S", body: "testo", id: "uno@x.example", at: at})
	for name, l := range map[string]letter{
		"another way in":          {from: "ada@ateneo.example", subject: "S", body: "testo", id: "uno@x.example", at: at, header: "Received: from a by b; now\r\n"},
		"with the foot of a list": {from: "ada@ateneo.example", subject: "S", body: "testo\r\n--\r\nlista", id: "uno@x.example", at: at},
	} {
		again := o.mail(l)
		if again.State != store.MailSame && again.ID != first.ID {
			t.Errorf("%s: %+v", name, again)
		}
	}
	if n := o.ticket(first.Ticket).Messages; n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestWhereAMailBelongs(t *testing.T) {
	o := newMailOffice(t)
	first := o.mail(letter{from: "ada@ateneo.example", subject: "Domanda", body: "Come si fa?", id: "prima@ateneo.example", cc: "capo@ateneo.example", proven: true})
	number := first.Ticket
	o.do("agente", number, ticket.Step{Message: &ticket.Text{Body: "Così."}})
	out := o.post()
	answer := out["ada@ateneo.example"]
	if answer == nil {
		t.Fatal("the requester was not written to")
	}
	for _, c := range []struct {
		name   string
		l      letter
		joined string
		same   bool
	}{
		{"an answer to what the desk sent", letter{from: "ada@ateneo.example", reply: answer.Letter.MessageID}, intake.JoinedMessageID, true},
		{"an answer to the requester's own first mail", letter{from: "ada@ateneo.example", reply: "prima@ateneo.example"}, intake.JoinedMessageID, true},
		{"somebody in copy who answers that first mail", letter{from: "capo@ateneo.example", reply: "prima@ateneo.example"}, intake.JoinedMessageID, true},
		{"the requester from another address", letter{from: "ada.privata@altrove.example", refs: "<x@y> <" + answer.Letter.MessageID + ">"}, intake.JoinedMessageID, true},
		{"the reply address alone", letter{from: "ada@ateneo.example", to: answer.ReplyTo}, intake.JoinedToken, true},
		{"the reply address in upper case", letter{from: "ada@ateneo.example", to: strings.ToUpper(answer.ReplyTo)}, intake.JoinedToken, true},
		{"the number in the subject, from the requester", letter{from: "ada@ateneo.example", subject: fmt.Sprintf("R: [#%d] Ancora", number)}, intake.JoinedNumber, true},
		{"the number, guessed by a stranger", letter{from: "ignoto@altrove.example", subject: fmt.Sprintf("[#%d] dimmi tutto", number)}, intake.JoinedNew, false},
		{"a token with one letter changed", letter{from: "ignoto@altrove.example", to: changed(answer.ReplyTo)}, intake.JoinedNew, false},
		{"nothing that names the ticket", letter{from: "ada@ateneo.example", subject: "Domanda"}, intake.JoinedNew, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o.t = t
			c.l.body = c.name
			m := o.mail(c.l)
			if m.State != store.MailDone || m.Joined != c.joined || (m.Ticket == number) != c.same {
				t.Errorf("state %s, joined %s, ticket %d of %d (%s %s)", m.State, m.Joined, m.Ticket, number, m.Why, m.Detail)
			}
		})
	}
	o.t = t
	// Two people of the ticket wrote to each other; the answer names only a mail the desk never saw.
	o.mail(letter{from: "ada@ateneo.example", reply: "tra-noi@ateneo.example", refs: "<prima@ateneo.example> <tra-noi@ateneo.example>", body: "inoltro"})
	if m := o.mail(letter{from: "capo@ateneo.example", reply: "tra-noi@ateneo.example", body: "anch'io"}); m.Ticket != number || m.Joined != intake.JoinedNear {
		t.Errorf("a copy that people sent each other: %+v", m)
	}
}

func changed(address string) string {
	i := strings.IndexByte(address, '@') - 3
	c := byte('a')
	if address[i] == c {
		c = 'b'
	}
	return address[:i] + string(c) + address[i+1:]
}

func TestWhoMayWriteToAMailbox(t *testing.T) {
	for _, c := range []struct{ name, to, from, held string }{
		{"everybody to an ordinary one", "csa@ateneo.example", "ignoto@altrove.example", ""},
		{"known people alone", "noti@ateneo.example", "ignoto@altrove.example", "unknown"},
		{"known people", "noti@ateneo.example", "ada@ateneo.example", ""},
		{"named domains alone", "dominio@ateneo.example", "ignoto@altrove.example", "domain"},
		{"named domains and what is below", "dominio@ateneo.example", "x@studenti.ateneo.example", ""},
		{"a domain that only ends alike", "dominio@ateneo.example", "x@falsoateneo.example", "domain"},
		{"nobody without approval", "approvare@ateneo.example", "ada@ateneo.example", "hold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailOffice(t)
			m := o.mail(letter{from: c.from, to: c.to, subject: "S", body: "b"})
			if c.held == "" {
				if m.State != store.MailDone {
					t.Errorf("%+v", m)
				}
				return
			}
			if m.State != store.MailHeld || m.Why != c.held {
				t.Fatalf("%+v", m)
			}
			for _, who := range []string{"ada", "altrove", "redattore", "referente"} {
				if err := o.Intake.Judge(o.as(who), m.ID, intake.MailApprove); fault.KindOf(err) != fault.NotFound || err == nil {
					t.Errorf("%s approved it", who)
				}
			}
			if err := o.Intake.Judge(o.as("amministratore"), m.ID, intake.MailApprove); err != nil {
				t.Fatal(err)
			}
			if err := o.Intake.Process(context.Background()); err != nil {
				t.Fatal(err)
			}
			if m = o.row(m.ID); m.State != store.MailDone || m.Ticket == 0 {
				t.Errorf("after approval %+v", m)
			}
		})
	}
}

func TestMachinesAreStoredAndNeverAnswered(t *testing.T) {
	for _, c := range []struct {
		name, header string
		opens        bool // a ticket, if it answers nothing
	}{
		{"an out-of-office", "Auto-Submitted: auto-replied\r\n", false},
		{"an empty envelope sender", "Return-Path: <>\r\nAuto-Submitted: auto-generated\r\nContent-Type: text/plain\r\n", false},
		{"a list", "List-Id: <ufficio.ateneo.example>\r\nPrecedence: list\r\n", true},
		{"another desk's confirmation", "Auto-Submitted: auto-replied\r\nX-Sportello-Desk: other\r\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailOffice(t)
			alone := o.mail(letter{from: "macchina@altrove.example", subject: "Fuori ufficio", body: "Torno lunedì.", header: c.header})
			if (alone.Ticket != 0) != c.opens && c.name != "an empty envelope sender" {
				t.Errorf("alone: %+v", alone)
			}
			if out := o.post(); out["macchina@altrove.example"] != nil {
				t.Error("it was answered")
			}
			first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?", id: "prima@x"})
			o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "Fatto."}, To: store.StateResolved, Outcome: store.Answered})
			o.post()
			before := len(o.sent)
			m := o.mail(letter{from: "ada@ateneo.example", reply: "prima@x", subject: "Re: D", body: "Torno lunedì.", header: c.header, proven: true})
			if m.Ticket != first.Ticket || o.message(m.Message).Automatic == "" {
				t.Errorf("in a thread: %+v", m)
			}
			if k := o.ticket(first.Ticket); k.State != store.StateResolved {
				t.Errorf("it moved the ticket to %s", k.State)
			}
			o.post()
			if len(o.sent) != before {
				t.Errorf("it caused %d letters", len(o.sent)-before)
			}
		})
	}
}

// TestTheDesksOwnMailComingBackIsPutAside: the desk recognises its own mail by what it sent, not by its address: see
// TestAnOfficeWritesToAnotherOffice.
func TestTheDesksOwnMailComingBackIsPutAside(t *testing.T) {
	o := newMailOffice(t)
	for name, c := range map[string]struct {
		letter
		own bool
	}{
		"with its mark":             {letter{from: "ada@ateneo.example", subject: "x", body: "y", header: "X-Sportello-Desk: this-desk\r\n"}, true},
		"from its own address":      {letter{from: "sportello@ateneo.example", subject: "x", body: "z"}, false},
		"from one of its mailboxes": {letter{from: "csa@ateneo.example", subject: "x", body: "w"}, false},
		"with another desk's mark":  {letter{from: "ada@ateneo.example", subject: "x", body: "v", header: "X-Sportello-Desk: that-desk\r\n"}, false},
	} {
		m := o.mail(c.letter)
		if own := m.State == store.MailAside && m.Why == "own"; own != c.own || !own && m.Ticket == 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	o.post()
	for _, l := range o.sent {
		if l.Letter.To == "sportello@ateneo.example" || l.Letter.To == "csa@ateneo.example" {
			t.Errorf("the desk wrote to itself, of %s", l.Lines[0].Event)
		}
	}
}

func TestAnAgentAnswersByMail(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   string
		proven bool
		own    bool // through the agent's own reply address
		public bool
	}{
		{"by the own reply address and proven: an answer", "agente@ateneo.example", true, true, true},
		{"unproven: a note to confirm", "agente@ateneo.example", false, true, false},
		{"proven, by the requester's reply address: a note to confirm", "agente@ateneo.example", true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newMailOffice(t)
			k := o.open("csa")
			token := "agente"
			if !c.own {
				token = "ada"
			}
			to := o.Notices.ReplyAddress("csa@ateneo.example", k.ID, o.people[token].ID, notice.PurposePublic)
			m := o.mail(letter{from: c.from, to: to, subject: "Re: x", body: "Provi ora.", proven: c.proven})
			msg := o.message(m.Message)
			if msg.Internal == c.public || msg.Unconfirmed == c.public {
				t.Fatalf("message %+v", msg)
			}
			out := o.post()
			if (out["ada@ateneo.example"] != nil && hasText(out["ada@ateneo.example"], "Provi ora.")) != c.public {
				t.Errorf("the requester got it: %t", !c.public)
			}
			if c.public {
				if k := o.ticket(k.ID); k.State != store.StateOpen || k.Assignee != o.people["agente"].ID {
					t.Errorf("the answer did not take charge: %+v", k)
				}
				return
			}
			if _, err := o.Tickets.Do(o.as("agente2"), k.ID, ticket.Step{ConfirmMail: msg.ID}); err == nil {
				t.Error("somebody else confirmed it")
			}
			o.do("agente", k.ID, ticket.Step{ConfirmMail: msg.ID})
			if out := o.post(); !hasText(out["ada@ateneo.example"], "Provi ora.") {
				t.Error("confirmed, and the requester did not get it")
			}
		})
	}
}

func hasText(l *notice.Outgoing, s string) bool {
	if l == nil {
		return false
	}
	for _, line := range l.Lines {
		if line.Text != nil && strings.Contains(line.Text.Body, s) {
			return true
		}
	}
	return false
}

func TestNothingInternalLeaves(t *testing.T) {
	o := newMailOffice(t)
	k := o.open("csa")
	o.do("agente", k.ID, ticket.Step{Take: true})
	o.do("agente2", k.ID, ticket.Step{Message: &ticket.Text{Body: "segretissimo: il cedolino di Ada", Internal: true, Mentions: []uint64{o.people["agente"].ID}}})
	o.do("agente", k.ID, ticket.Step{Message: &ticket.Text{Body: "Risposta pubblica."}})
	o.do("agente", k.ID, ticket.Step{Message: &ticket.Text{Body: "Risolto."}, To: store.StateResolved, Outcome: store.Solved})
	o.post()
	if len(o.sent) == 0 {
		t.Fatal("nothing was sent")
	}
	told := false
	for _, l := range o.sent {
		told = told || l.Letter.To == "agente@ateneo.example"
		for _, line := range l.Lines {
			if line.Text != nil && (line.Text.Internal || strings.Contains(line.Text.Body, "segretissimo")) {
				t.Errorf("to %s: %+v", l.Letter.To, line.Text)
			}
		}
	}
	if !told {
		t.Error("the mentioned agent was not told that there is a note")
	}
}

func TestEventsWithinAMinuteAreOneLetter(t *testing.T) {
	o := newMailOffice(t)
	k := o.open("csa")
	o.post()
	before := len(o.sent)
	o.do("agente", k.ID, ticket.Step{Message: &ticket.Text{Body: "Uno."}})
	if _, err := o.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	o.later(20 * time.Second)
	o.do("agente", k.ID, ticket.Step{Message: &ticket.Text{Body: "Due."}})
	out := o.post()
	n := 0
	for _, l := range o.sent[before:] {
		if l.Letter.To == "ada@ateneo.example" {
			n++
		}
	}
	if l := out["ada@ateneo.example"]; n != 1 || !hasText(l, "Uno.") || !hasText(l, "Due.") {
		t.Errorf("%d letters, the last %+v", n, l)
	}
}

// hours sends what is due for n hours, and returns what the address was told, each event with its ticket and time, and
// the number of letters.
func (o *mailOffice) hours(n int, address string) (told map[string]int, letters int) {
	o.t.Helper()
	told = map[string]int{}
	from := len(o.sent)
	for range n * 20 {
		o.post()
		o.later(time.Minute)
	}
	for _, l := range o.sent[from:] {
		if l.Letter.To == address {
			letters++
			for _, line := range l.Lines {
				told[fmt.Sprintf("%s %d", line.Event, line.Ticket)]++
			}
		}
	}
	return told, letters
}

// noneHeld asserts that no letter is held.
func (o *mailOffice) noneHeld() {
	o.t.Helper()
	for _, s := range []store.LetterState{store.LetterHeld, store.LetterFailed} {
		if page, err := o.Notices.Letters(o.as("amministratore"), s, 0, 50); err != nil || len(page.Letters) != 0 {
			o.t.Errorf("%s: %d letters, %v", s, len(page.Letters), err)
		}
	}
}

// TestALetterTooManyComesLaterAndIsNeverHeld: the letters that the desk writes automatically to one address are limited
// per hour. What exceeds the limit is sent later, gathered, once.
func TestALetterTooManyComesLaterAndIsNeverHeld(t *testing.T) {
	o := newMailOffice(t)
	const n = 12
	for i := range n {
		o.mail(letter{from: "tante@altrove.example", subject: fmt.Sprintf("Numero %d", i), body: "x", proven: true})
	}
	o.post()
	now := 0
	for _, l := range o.sent {
		if l.Letter.To == "tante@altrove.example" {
			now++
		}
	}
	if now != confirmations {
		t.Errorf("%d confirmations at once", now)
	}
	o.noneHeld()
	told, letters := o.hours(3, "tante@altrove.example")
	if len(told) != n-confirmations || letters != 1 {
		t.Errorf("later %v in %d letters", told, letters)
	}
	for what, times := range told {
		if times != 1 {
			t.Errorf("%s was told %d times", what, times)
		}
	}
	o.noneHeld()
}

// TestTheLetterAboutANewTicketHasItsText: the letter about a new ticket has its text and files; from a letter that only
// announces something, no text leaves.
func TestTheLetterAboutANewTicketHasItsText(t *testing.T) {
	o := newMailOffice(t)
	o.mail(letter{from: "ada@ateneo.example", subject: "Cedolino", body: "Non si apre da stamani.", proven: true})
	out := o.post()
	l := out["agente@ateneo.example"]
	if !hasText(l, "Non si apre da stamani.") || l.Lines[0].Event != event.New {
		t.Errorf("%+v", l)
	}
	if l := out["ada@ateneo.example"]; hasText(l, "stamani") {
		t.Error("the confirmation repeats the words")
	}
	k := o.open("legale")
	for address, l := range o.post() {
		if l.Letter.Ticket == k.ID && hasText(l, "") && address != "altrove@ateneo.example" && address != "ada@ateneo.example" {
			t.Errorf("%s reads of a confidential ticket", address)
		}
	}
}

// TestATicketShowsTheLettersThatDidNotLeave: agents see which letters about a ticket were not sent, and why; its
// requester does not.
func TestATicketShowsTheLettersThatDidNotLeave(t *testing.T) {
	o := newMailOffice(t)
	k := o.open("csa")
	o.post()
	o.do("agente", k.ID, ticket.Step{Message: say("Ecco.")})
	if _, err := o.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	o.later(2 * time.Minute)
	_, err := o.Notices.SendLetters(t.Context(), func(_ context.Context, l *notice.Outgoing) notice.Sent {
		return notice.Sent{Permanent: true, Text: "554 refused"}
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.Tickets.Read(o.as("agente"), k.ID)
	if err != nil || len(v.Unsent) != 1 || v.Unsent[0].To != "ada@ateneo.example" || v.Unsent[0].Error != "554 refused" || v.People[v.Unsent[0].Person] == nil {
		t.Errorf("%+v, %v", v.Unsent, err)
	}
	for _, who := range []string{"ada", "referente"} {
		if v, err := o.Tickets.Read(o.as(who), k.ID); err != nil || len(v.Unsent) != 0 {
			t.Errorf("%s sees %+v, %v", who, v.Unsent, err)
		}
	}
}

// TestABusyAddressIsToldOfEverything: a busy group hears of each new ticket, a person's answer is sent at once, and two
// machines that answer each other slow down.
func TestABusyAddressIsToldOfEverything(t *testing.T) {
	o := newMailOffice(t)
	ada := o.open("csa")
	o.post()
	const many = toAddress + 40
	for range many {
		o.open("csa")
	}
	told, letters := o.hours(6, "agente2@ateneo.example")
	if len(told) != many || letters != toAddress {
		t.Errorf("of %d new tickets %d were told of, in %d letters", many, len(told), letters)
	}
	for what, times := range told {
		if times != 1 {
			t.Errorf("%s was told %d times", what, times)
		}
	}
	before := len(o.sent)
	for i := range many {
		o.do("agente", ada.ID, ticket.Step{Message: say(fmt.Sprintf("Risposta numero %d.", i))})
		out := o.post()
		if l := out["ada@ateneo.example"]; !hasText(l, fmt.Sprintf("Risposta numero %d.", i)) {
			t.Fatalf("answer %d did not go at once: %+v", i, l)
		}
	}
	if len(o.sent)-before < many {
		t.Errorf("%d letters for %d answers", len(o.sent)-before, many)
	}
	o.noneHeld()
}

func TestAReportIsBelievedOnlyAboutWhatWasSentThere(t *testing.T) {
	report := func(id, address string) string {
		return "From: MAILER-DAEMON@mx.altrove.example\r\nTo: csa@ateneo.example\r\nReturn-Path: <>\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\nMessage-ID: <bounce." + address + "." + id + "@mx>\r\n" +
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nNon consegnato.\r\n" +
			"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; " + address + "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n" +
			"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <" + id + ">\r\nSubject: x\r\n\r\n--b--\r\n"
	}
	o := newMailOffice(t)
	first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?"})
	out := o.post()
	id := out["ada@ateneo.example"].Letter.MessageID
	for name, raw := range map[string]string{"of a Message-ID never sent": report("inventato@x", "ada@ateneo.example"), "of another address": report(id, "collega@ateneo.example")} {
		if m := o.take(raw); m.State != store.MailAside {
			t.Errorf("%s: %+v", name, m)
		}
	}
	m := o.take(report(id, "ada@ateneo.example") + "\r\n")
	if m.State != store.MailDone || m.Ticket != first.Ticket || m.Joined != intake.JoinedReport || !o.message(m.Message).Internal {
		t.Fatalf("%+v", m)
	}
	var p *store.Person
	_ = o.st.View(func(tx *db.Tx) (err error) { p, err = store.People.Get(tx, o.people["ada"].ID); return err })
	if p.MailFailed.IsZero() || !strings.Contains(p.MailFailedWhy, "550") {
		t.Errorf("the address is not marked: %+v", p)
	}
	told := o.post()
	if told["agente@ateneo.example"] == nil {
		t.Error("no agent was told")
	}
	o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "Eccomi."}})
	if out := o.post(); out["ada@ateneo.example"] != nil {
		t.Error("the desk goes on writing to an address that comes back")
	}
}

func TestALinkReadsOneTicketForOnePerson(t *testing.T) {
	o := newMailOffice(t)
	first := o.mail(letter{from: "nuova@altrove.example", subject: "D", body: "?", proven: true})
	other := o.mail(letter{from: "nuova@altrove.example", subject: "E", body: "!", proven: true})
	o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "nota nascosta", Internal: true}})
	token := ""
	o.post()
	for _, l := range o.sent {
		if l.Ticket.ID == first.Ticket && l.Link != "" {
			token = l.Link
		}
	}
	v, p, err := o.Notices.LinkedTicket(token, ticket.Piece{})
	if err != nil || v.Ticket.ID != first.Ticket || p.Email != "nuova@altrove.example" || v.Agents || len(v.Messages) != 1 {
		t.Fatalf("%v %+v", err, v)
	}
	for name, bad := range map[string]string{"nothing": "", "changed": token[:len(token)-1] + "7", "of another purpose": o.Post.Token("reply", post.ReadMAC, other.Ticket, p.ID, 1), "never made": o.Post.Token("read", post.ReadMAC, other.Ticket, o.people["ada"].ID, 1)} {
		if _, _, err := o.Notices.LinkedTicket(bad, ticket.Piece{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := o.Notices.WithdrawLinks(o.as("agente"), first.Ticket); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Notices.LinkedTicket(token, ticket.Piece{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("withdrawn: %v", err)
	}
	o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "Ecco."}})
	fresh := o.post()["nuova@altrove.example"].Link
	if _, _, err := o.Notices.LinkedTicket(token, ticket.Piece{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the old link works again: %v", err)
	}
	if _, _, err := o.Notices.LinkedTicket(fresh, ticket.Piece{}); err != nil {
		t.Errorf("the new link: %v", err)
	}
	o.later(31 * 24 * time.Hour)
	if _, _, err := o.Notices.LinkedTicket(fresh, ticket.Piece{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("after 31 days: %v", err)
	}
}

func TestTheDailyMail(t *testing.T) {
	o := newMailOffice(t)
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, o.people["agente"].ID)
		if err != nil {
			return err
		}
		p.Notices = store.NoticeDigest
		return store.People.Put(tx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Notices.PlanDigest(); err != nil {
		t.Fatal(err)
	}
	k := o.open("csa")
	if out := o.post(); out["agente@ateneo.example"] != nil {
		t.Error("the event went at once")
	}
	if n, err := o.Notices.PlanDigest(); n != 0 || err != nil {
		t.Errorf("planned %d before its hour, %v", n, err)
	}
	o.later(24 * time.Hour)
	if n, err := o.Notices.PlanDigest(); n != 1 || err != nil {
		t.Fatalf("planned %d, %v", n, err)
	}
	l := o.post()["agente@ateneo.example"]
	if l == nil || l.Ticket != nil || len(l.Lines) != 1 || l.Lines[0].Ticket != k.ID || l.Lines[0].Subject != k.Subject {
		t.Fatalf("digest %+v", l)
	}
	if n, _ := o.Notices.PlanDigest(); n != 0 {
		t.Errorf("planned %d twice", n)
	}
}

func TestAMessageMovesToAnotherTicketAndBack(t *testing.T) {
	o := newMailOffice(t)
	first := o.mail(letter{from: "ada@ateneo.example", subject: "Uno", body: "uno", id: "uno@x", proven: true})
	second := o.mail(letter{from: "ada@ateneo.example", subject: "Re: Uno", body: "due", id: "due@x", reply: "uno@x", proven: true})
	other := o.mail(letter{from: "ada@ateneo.example", subject: "Altro", body: "altro", proven: true})
	where := func() uint64 { return o.message(second.Message).Ticket }
	answered := func() uint64 {
		return o.mail(letter{from: "ada@ateneo.example", reply: "due@x", subject: "Re: Uno", body: "risposta", proven: true}).Ticket
	}
	o.do("agente", first.Ticket, ticket.Step{MoveMessage: second.Message, MoveTo: other.Ticket})
	if where() != other.Ticket || o.row(second.ID).Ticket != other.Ticket {
		t.Fatalf("it stands in %d", where())
	}
	if k := answered(); k != other.Ticket {
		t.Errorf("an answer to the moved mail went to %d", k)
	}
	o.do("agente", other.Ticket, ticket.Step{MoveMessage: second.Message, MoveTo: first.Ticket})
	if m := o.message(second.Message); m.Ticket != first.Ticket || m.Origin != 0 {
		t.Errorf("after undoing %+v", m)
	}
	if k := answered(); k != first.Ticket {
		t.Errorf("an answer to the mail that is back went to %d", k)
	}
	o.do("agente", first.Ticket, ticket.Step{MoveMessage: second.Message})
	own := where()
	if k := o.ticket(own); own == first.Ticket || own == other.Ticket || k.Messages != 1 || k.Requester != o.people["ada"].ID {
		t.Fatalf("a ticket of its own: %d, %+v", own, k)
	}
	if k := answered(); k != own {
		t.Errorf("an answer to the mail with a ticket of its own went to %d", k)
	}
	o.do("agente", own, ticket.Step{MoveMessage: second.Message, MoveTo: first.Ticket})
	if m := o.message(second.Message); m.Ticket != first.Ticket || m.Origin != 0 || m.Opening {
		t.Errorf("after undoing the split %+v", m)
	}
	if last := o.ticket(own); last.Messages != 1 {
		t.Errorf("the answer did not stay: %+v", last)
	}
}

func TestATicketThatWasMadeOfAMessageGoesWithIt(t *testing.T) {
	o := newMailOffice(t)
	first := o.mail(letter{from: "ada@ateneo.example", subject: "Uno", body: "uno", id: "uno@x", proven: true})
	second := o.mail(letter{from: "ada@ateneo.example", subject: "Re: Uno", body: "due", reply: "uno@x", proven: true})
	o.do("agente", first.Ticket, ticket.Step{MoveMessage: second.Message})
	own := o.message(second.Message).Ticket
	o.do("agente", own, ticket.Step{MoveMessage: second.Message, MoveTo: first.Ticket})
	if k := o.ticket(own); k.State != store.StateClosed || k.Outcome != store.Duplicate || k.DuplicateOf != first.Ticket || k.Messages != 0 {
		t.Errorf("the empty ticket %+v", k)
	}
	if k := o.ticket(first.Ticket); k.Messages != 2 {
		t.Errorf("the first one has %d messages", k.Messages)
	}
}

func TestNoSenderIsProvenByALineTheySmuggled(t *testing.T) {
	o := newMailOffice(t)
	proof := "Authentication-Results: mx.ateneo.example; dmarc=pass header.from=ateneo.example"
	head := "From: ada@ateneo.example\r\nTo: csa@ateneo.example\r\nMessage-ID: <%s@x>\r\n"
	for name, raw := range map[string]string{
		"after a lone carriage return in the subject": fmt.Sprintf(head, "cr") + "Subject: x\r" + proof + "\r\n\r\ntesto",
		"in an encoded word":                          fmt.Sprintf(head, "ew") + "Subject: =?utf-8?q?x=0D=0A" + strings.ReplaceAll(proof, " ", "_") + "?=\r\n\r\ntesto",
		"folded into another line":                    fmt.Sprintf(head, "fold") + "Subject: x\r\n " + proof + "\r\n\r\ntesto",
		"by a server of another name":                 fmt.Sprintf(head, "other") + "Subject: x\r\n" + strings.Replace(proof, "mx.ateneo", "mx.altrove", 1) + "\r\n\r\ntesto",
		"by a server whose name only begins alike":    fmt.Sprintf(head, "alike") + "Subject: x\r\n" + strings.Replace(proof, "mx.ateneo.example;", "mx.ateneo.example.evil.example;", 1) + "\r\n\r\ntesto",
		"about another domain":                        fmt.Sprintf(head, "domain") + "Subject: x\r\n" + strings.Replace(proof, "from=ateneo", "from=altrove", 1) + "\r\n\r\ntesto",
		"in the body":                                 fmt.Sprintf(head, "body") + "Subject: x\r\n\r\n" + proof + "\r\n\r\ntesto",
		"below the server's own word that it failed":  "Authentication-Results: mx.ateneo.example; dmarc=fail header.from=ateneo.example\r\n" + fmt.Sprintf(head, "below") + "Subject: x\r\n" + proof + "\r\n\r\ntesto",
	} {
		if m := o.take(raw); m.Proven || m.State != store.MailDone {
			t.Errorf("%s: proven %t, state %s", name, m.Proven, m.State)
		}
	}
	if m := o.take(proof + "\r\n" + fmt.Sprintf(head, "good") + "Subject: x\r\n\r\ntesto"); !m.Proven {
		t.Error("the server's own line is not believed")
	}
}

// TestEveryMailOfAPublicCorpusBecomesAMessageOrSaysWhy processes the test messages of another mail parser.
func TestEveryMailOfAPublicCorpusBecomesAMessageOrSaysWhy(t *testing.T) {
	out, err := exec.Command("go", "mod", "download", "-json", "github.com/jhillyerd/enmime/v2").Output()
	var module struct{ Dir string }
	if err != nil || json.Unmarshal(out, &module) != nil {
		t.Fatalf("no corpus: %v", err)
	}
	o := newMailOffice(t)
	n, kept := 0, map[store.MailState]int{}
	err = filepath.WalkDir(filepath.Join(module.Dir, "testdata"), func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".raw") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		m := o.take(string(raw))
		kept[m.State]++
		f, err := o.st.OpenBlob(m.Sum)
		if err != nil {
			return err
		}
		defer f.Close()
		if same, err := io.ReadAll(f); err != nil || !bytes.Equal(same, raw) {
			t.Errorf("%s: the bytes are not those that came (%v)", path, err)
		}
		switch m.State {
		case store.MailDone, store.MailSame, store.MailAside:
		case store.MailFailed:
			if m.From != "" && entry.IsAddress(m.From) {
				t.Errorf("%s: failed although it has a sender: %s %s", path, m.Why, m.Detail)
			}
		default:
			t.Errorf("%s: %s", path, m.State)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 80 || kept[store.MailDone] < n/3 {
		t.Errorf("%d messages, %v", n, kept)
	}
}

func TestTheAcknowledgementSaysNothing(t *testing.T) {
	o := newMailOffice(t)
	k := o.open("csa")
	send := func(row *store.Mail) {
		if err := o.st.Update(db.By{Via: door.Mail}, func(tx *db.Tx) error { return o.Notices.PlanReceived(tx, row, "it") }); err != nil {
			t.Fatal(err)
		}
	}
	row := func(from string) *store.Mail {
		return &store.Mail{From: from, MessageID: "x@y", Subject: k.Subject, Ticket: k.ID}
	}
	people := func() (n int) {
		_ = o.st.View(func(tx *db.Tx) error {
			for range store.People.All(tx, 0, false) {
				n++
			}
			return nil
		})
		return n
	}
	before := people()
	machine := row("macchina@altrove.example")
	machine.Automatic = "auto-reply"
	for _, m := range []*store.Mail{row("ignoto@altrove.example"), machine, row("csa@ateneo.example"), row("")} {
		send(m)
	}
	out := o.post()
	if out["macchina@altrove.example"] != nil || out["csa@ateneo.example"] != nil || people() != before {
		t.Errorf("told, or added: %v", out)
	}
	l := out["ignoto@altrove.example"]
	if l == nil || l.Ticket != nil || l.Group != nil || l.Link != "" || l.ReplyTo != "sportello@ateneo.example" || len(l.Lines) != 1 || l.Lines[0].Subject != "" || l.Lines[0].Ticket != 0 {
		t.Fatalf("%+v", l)
	}
	for range 2 * confirmations {
		send(row("molti@altrove.example"))
	}
	o.post()
	n := 0
	for _, l := range o.sent {
		if l.Letter.To == "molti@altrove.example" {
			n++
		}
	}
	if n != confirmations {
		t.Errorf("%d went to one address in an hour", n)
	}
}

// TestAMachineOfAnInternalNetworkOpensATicket: printers and machines of internal networks write from host names with an
// underscore, and get answers there.
func TestAMachineOfAnInternalNetworkOpensATicket(t *testing.T) {
	o := newMailOffice(t)
	m := o.mail(letter{from: "Stampante <root@stampante_2.ateneo.example>", subject: "Toner", body: "Il toner sta finendo."})
	if m.State != store.MailDone || m.Joined != intake.JoinedNew {
		t.Fatalf("%+v", m)
	}
	if out := o.post(); out["root@stampante_2.ateneo.example"] == nil {
		t.Error("it is not answered")
	}
}
