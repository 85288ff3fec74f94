package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/intake"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	mailread "sportello/app/mail"
	mailpeer "sportello/app/mail/peer"
	"sportello/app/web/health"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// freePort is a port nobody listens on now.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", mailpeer.Host+":0")
	must(t, err)
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// mailDesk is a desk that takes mail for its own domain over LMTP and sends through the port.
func mailDesk(t *testing.T, domain string, lmtp, smtp int, more ...func(*config.Config)) *testDesk {
	t.Helper()
	return newTestDesk(t, append([]func(*config.Config){func(c *config.Config) {
		c.Trial.MailGather = 10 * time.Millisecond
		c.Mail.Listen = fmt.Sprintf("%s:%d", mailpeer.Host, lmtp)
		c.Mail.TrustedServers = []string{"mx." + domain}
		c.SMTP.Host, c.SMTP.Port, c.SMTP.TLS, c.SMTP.From = mailpeer.Host, smtp, "none", "sportello@"+domain
		c.Mailboxes = []config.Mailbox{{Address: "csa@" + domain, Group: "csa", Module: "csa"}}
	}}, more...)...)
}

func (d *testDesk) count(state store.LetterState) (n int) {
	d.t.Helper()
	must(d.t, d.app.Store.View(func(tx *db.Tx) error { n = store.Letters.Count(tx, string(state)); return nil }))
	return n
}

func (d *testDesk) tickets() (n uint64) {
	d.t.Helper()
	must(d.t, d.app.Store.View(func(tx *db.Tx) error { n = store.Tickets.Last(tx); return nil }))
	return n
}

// memberOf is the membership of an agent of the group.
func (d *testDesk) memberOf(code string) (out []store.Membership) {
	d.t.Helper()
	must(d.t, d.app.Store.View(func(tx *db.Tx) error {
		g, err := store.GroupsByCode.First(tx, code)
		out = []store.Membership{{Group: g.ID}}
		return err
	}))
	return out
}

func (d *testDesk) ticket(n uint64) *ticket.View {
	d.t.Helper()
	v, err := d.app.Desk.Tickets.Read(theDesk, n)
	must(d.t, err)
	return v
}

var (
	replyTo   = regexp.MustCompile(`(?mi)^Reply-To:[^<]*<([^>]+@sportello\.example)>`)
	messageID = regexp.MustCompile(`(?mi)^Message-ID: <([^>]+)>`)
)

func TestMailGoesThroughRealServersBothWays(t *testing.T) {
	dovecot := mailpeer.Dovecot(t, "ada@ateneo.example", "bruno@ateneo.example")
	lmtp := freePort(t)
	postfix := mailpeer.Postfix(t, mailpeer.Routes{LMTP: map[string]int{"sportello.example": lmtp, "ateneo.example": dovecot.LMTP}})
	d := mailDesk(t, "sportello.example", lmtp, postfix.Port)
	// Of a domain of the desk's own: a stranger whom nothing proves would get the plain acknowledgement alone.
	must(t, d.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		return store.Organisations.Put(tx, &store.Organisation{Name: "Ateneo di prova", Domains: []string{"ateneo.example"}})
	}))
	agent := d.add("Bruno Agente", people.Form{Groups: d.memberOf("csa"), Email: "bruno@ateneo.example"})

	postfix.Submit(t, "ada@ateneo.example", "csa@sportello.example",
		"From: Ada Neri <ada@ateneo.example>\r\nTo: csa@sportello.example\r\nSubject: =?utf-8?q?Cedolino_di_marzo=2C_perch=C3=A9?=\r\nMessage-ID: <prima@ateneo.example>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0100\r\n"+
			"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nPerch=E9 non lo trovo?\r\n")
	eventually(t, "a ticket", func() bool { return d.tickets() == 1 })
	v := d.ticket(1)
	if v.Ticket.Subject != "Cedolino di marzo, perché" || v.Messages[0].Body != "Perché non lo trovo?" || v.Ticket.Via != door.Mail {
		t.Fatalf("ticket %+v, message %+v", v.Ticket, v.Messages[0])
	}
	var confirmation string
	eventually(t, "the confirmation in Ada's mailbox", func() bool {
		if box := dovecot.Inbox(t, "ada@ateneo.example"); len(box) == 1 {
			confirmation = box[0]
		}
		return confirmation != ""
	})
	for _, want := range []string{"Auto-Submitted: auto-replied", "In-Reply-To: <prima@ateneo.example>", "Content-Type: multipart/alternative", "X-Auto-Response-Suppress"} {
		if !strings.Contains(confirmation, want) {
			t.Errorf("the confirmation lacks %q:\n%s", want, confirmation)
		}
	}
	to := replyTo.FindStringSubmatch(confirmation)
	if to == nil || !strings.HasPrefix(to[1], "csa+") {
		t.Fatalf("no reply address:\n%s", confirmation)
	}
	// A program that drops every other line of the thread still answers to the reply address.
	postfix.Submit(t, "ada@ateneo.example", to[1], "From: ada@ateneo.example\r\nTo: "+to[1]+"\r\nSubject: altro oggetto\r\nMessage-ID: <seconda@ateneo.example>\r\n\r\nEcco il numero: 1234.\r\n")
	eventually(t, "the answer", func() bool { return d.ticket(1).Ticket.Messages == 2 })

	_, err := d.app.Desk.Tickets.Do(policy.Actor{Person: agent, Via: door.Page}, 1, ticket.Step{Message: &ticket.Text{Body: "Sta sul **portale**."}})
	must(t, err)
	var answer string
	eventually(t, "the agent's answer in Ada's mailbox", func() bool {
		for _, m := range dovecot.Inbox(t, "ada@ateneo.example") {
			if strings.Contains(m, "portale") {
				answer = m
			}
		}
		return answer != ""
	})
	if strings.Contains(answer, "Auto-Submitted: auto") || strings.Contains(answer, "X-Sportello-Ticket") || !strings.Contains(answer, "References: ") || messageID.FindString(answer) == messageID.FindString(confirmation) {
		t.Errorf("the answer:\n%s", answer)
	}
	postfix.Empty(t)
}

func TestAFolderIsFetchedAndOneThatFailsHoldsUpNoOther(t *testing.T) {
	dovecot := mailpeer.Dovecot(t, "csa", "cia")
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	must(t, os.WriteFile(ca, dovecot.Authority.PEM(), 0o600))
	password := filepath.Join(dir, "password")
	must(t, os.WriteFile(password, []byte(mailpeer.Password+"\n"), 0o600))
	dovecot.Deliver(t, "csa", "From: ada@ateneo.example\r\nTo: csa@sportello.example\r\nSubject: Prima\r\nMessage-ID: <a@x>\r\n\r\nuno\r\n")
	silent := mailpeer.Silent(t)
	d := newTestDesk(t, func(c *config.Config) {
		c.Mailboxes = []config.Mailbox{
			{Address: "cia@sportello.example", Group: "contabilita", Host: mailpeer.Host, Port: silent, User: "cia", PasswordFile: password, CAFile: ca},
			{Address: "lost@sportello.example", Host: "localhost", Port: dovecot.TLS, User: "cia", Password: "wrong", CAFile: ca},
			{Address: "csa@sportello.example", Group: "csa", Module: "csa", Host: "localhost", Port: dovecot.TLS, User: "csa", PasswordFile: password, CAFile: ca, After: "move", MoveTo: "Fatte"},
		}
	})
	eventually(t, "what lay in the folder", func() bool { return d.tickets() == 1 })
	dovecot.Deliver(t, "csa", "From: ada@ateneo.example\r\nTo: csa@sportello.example\r\nSubject: Seconda\r\nMessage-ID: <b@x>\r\n\r\ndue\r\n")
	eventually(t, "what arrived while it was watched", func() bool { return d.tickets() == 2 })
	eventually(t, "the messages moved", func() bool { return len(dovecot.Folder(t, "csa", "Fatte")) == 2 })
	eventually(t, "the wrong password on /readyz", func() bool {
		res, err := http.Get(d.url + "/readyz")
		must(t, err)
		defer res.Body.Close()
		var r health.Readiness
		must(t, json.NewDecoder(res.Body).Decode(&r))
		for _, c := range r.Causes {
			if res.StatusCode == 200 && r.Status == "degraded" && c.Part == "mail" && strings.Contains(c.Text, "lost@sportello.example") && !strings.Contains(c.Text, "csa@") {
				return true
			}
		}
		return false
	})
	if err := d.app.Mail.TryMailbox(context.Background(), "csa@sportello.example"); err != nil {
		t.Errorf("the button of the good one: %v", err)
	}
	if err := d.app.Mail.TryMailbox(context.Background(), "lost@sportello.example"); err == nil {
		t.Error("the button of the bad one says all is well")
	}
}

func TestTwoDesksThatBothConfirmFallSilent(t *testing.T) {
	portA, portB := freePort(t), freePort(t)
	postfix := mailpeer.Postfix(t, mailpeer.Routes{LMTP: map[string]int{"uno.example": portA, "due.example": portB}})
	one, two := mailDesk(t, "uno.example", portA, postfix.Port), mailDesk(t, "due.example", portB, postfix.Port)
	// The mailbox of one desk writes to the mailbox of the other, as a person would who made it a forwarding address.
	postfix.Submit(t, "csa@due.example", "csa@uno.example", "From: csa@due.example\r\nTo: csa@uno.example\r\nSubject: Un guasto\r\nMessage-ID: <inizio@due.example>\r\n\r\nNon funziona.\r\n")
	eventually(t, "a ticket", func() bool { return one.tickets() == 1 })
	eventually(t, "its confirmation", func() bool { return one.count(store.LetterSent) == 1 })
	agent := one.add("Bruno Agente", people.Form{Groups: one.memberOf("csa"), Email: "bruno@altrove.example"})
	_, err := one.app.Desk.Tickets.Do(policy.Actor{Person: agent, Via: door.Page}, 1, ticket.Step{Message: &ticket.Text{Body: "Ci guardiamo."}})
	must(t, err)
	eventually(t, "the answer of a person at the other desk", func() bool { return two.tickets() == 1 })
	postfix.Empty(t)
	must(t, two.app.Desk.Intake.Process(t.Context()))
	must(t, one.app.Desk.Intake.Process(t.Context()))
	_, err = two.app.Desk.Notices.Plan()
	must(t, err)
	_, err = one.app.Desk.Notices.Plan()
	must(t, err)
	eventually(t, "nothing to send", func() bool { return one.count(store.LetterQueued)+two.count(store.LetterQueued) == 0 })
	postfix.Empty(t)
	if n := two.count(store.LetterSent); n != 0 {
		t.Errorf("the other desk sent %d letters by itself", n)
	}
	if one.tickets() != 1 || one.ticket(1).Ticket.Messages != 2 || two.ticket(1).Ticket.Messages != 1 {
		t.Errorf("tickets %d and %d, messages %d", one.tickets(), two.tickets(), one.ticket(1).Ticket.Messages)
	}
}

func TestALetterIsTriedAgainAndSentOnce(t *testing.T) {
	relay := mailpeer.NewRelay(t, nil)
	d := mailDesk(t, "sportello.example", freePort(t), relay.Port)
	relay.LoseAnswers(1)
	_, err := d.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader(aMail))
	must(t, err)
	eventually(t, "the first try", func() bool { return len(relay.Taken()) == 1 })
	var page notice.LetterPage
	eventually(t, "the letter waits, its fate unknown", func() bool {
		page, err = d.app.Desk.Notices.Letters(theDesk, store.LetterQueued, 0, 10)
		must(t, err)
		return len(page.Letters) == 1 && page.Letters[0].Tries == 1 && page.Letters[0].Unsure
	})
	must(t, d.app.Desk.Notices.DecideLetter(theDesk, page.Letters[0].ID, notice.LetterRetry))
	eventually(t, "the second try", func() bool { return d.count(store.LetterSent) == 1 })
	taken := relay.Taken()
	if len(taken) != 2 || messageID.FindString(string(taken[0].Data)) != messageID.FindString(string(taken[1].Data)) {
		t.Errorf("%d mails, with Message-IDs of their own", len(taken))
	}
}

func TestTheWordsOfNotesAreInNothingThatIsSent(t *testing.T) {
	relay := mailpeer.NewRelay(t, nil)
	d := mailDesk(t, "sportello.example", freePort(t), relay.Port)
	agent := d.add("Bruno Agente", people.Form{Groups: d.memberOf("csa"), Email: "bruno@ateneo.example"})
	second := d.add("Bianca Agente", people.Form{Groups: d.memberOf("csa"), Email: "bianca@ateneo.example"})
	_, err := d.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader(strings.Replace(aMail, "csa@ateneo", "csa@sportello", 1)))
	must(t, err)
	eventually(t, "a ticket", func() bool { return d.tickets() == 1 })
	by := func(p *store.Person, s ticket.Step) {
		t.Helper()
		_, err := d.app.Desk.Tickets.Do(policy.Actor{Person: p, Via: door.Page}, 1, s)
		must(t, err)
	}
	secret := "zzsegretissimo"
	note := func(s string) *ticket.Text {
		return &ticket.Text{Body: secret + " " + s, Internal: true, Mentions: []uint64{agent.ID, second.ID}}
	}
	by(agent, ticket.Step{Take: true})
	by(second, ticket.Step{Message: note("a")})
	by(agent, ticket.Step{Message: &ticket.Text{Body: "Quale anno, pubblicamente?"}, To: store.StateWaiting})
	by(agent, ticket.Step{Message: note("b")})
	by(second, ticket.Step{Assignee: &second.ID})
	// An agent's answer that nothing proves stays a note until it is confirmed; its words stay too.
	_, err = d.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader("From: bruno@ateneo.example\nTo: "+d.app.Desk.Notices.ReplyAddress("csa@sportello.example", 1, agent.ID, notice.PurposePublic)+
		"\nSubject: Re: Cedolino\nMessage-ID: <agente@x>\n\n"+secret+" non confermata\n"))
	must(t, err)
	eventually(t, "the unconfirmed answer", func() bool { return len(d.ticket(1).Messages) == 5 })
	by(second, ticket.Step{Message: &ticket.Text{Body: "Risolto pubblicamente."}, To: store.StateResolved, Outcome: store.Answered})
	// What was said last is sent last: when it is out, so is everything before.
	eventually(t, "the solution to be sent", func() bool {
		return d.count(store.LetterQueued) == 0 && strings.Contains(sentTo(relay, "ada@ateneo.example"), "Risolto pubblicamente")
	})
	told := 0
	for _, m := range relay.Taken() {
		if s := decoded(t, m.Data); strings.Contains(s, secret) {
			t.Errorf("to %s:\n%s", m.To, s)
		}
		if m.To != "ada@ateneo.example" {
			told++
		}
	}
	if told == 0 {
		t.Error("no agent was told of anything")
	}
}

// sentTo is all that was sent to the address, decoded.
func sentTo(r *mailpeer.Relay, address string) string {
	var b strings.Builder
	for _, m := range r.Taken() {
		if m.To == address {
			s, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(m.Data)))
			b.Write(s)
		}
	}
	return b.String()
}

// decoded is a mail with its text as it is read, whatever its encoding.
func decoded(t *testing.T, raw []byte) string {
	t.Helper()
	m, err := mailread.Read(bytes.NewReader(raw), int64(len(raw)), mailread.Options{})
	must(t, err)
	qp, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
	return m.Subject + "\n" + m.Text + "\n" + m.HTML + "\n" + string(qp)
}

func TestFilesGoAlongWhileTheyAreSmall(t *testing.T) {
	for _, c := range []struct {
		name string
		mb   int
		goes bool
	}{{"below the size they are attached", 10, true}, {"above it the mail says where they are", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			relay := mailpeer.NewRelay(t, nil)
			d := mailDesk(t, "sportello.example", freePort(t), relay.Port, func(cfg *config.Config) { cfg.SMTP.AttachMB = c.mb })
			agent := d.add("Bruno Agente", people.Form{Groups: d.memberOf("csa"), Email: "bruno@ateneo.example"})
			_, err := d.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader(strings.Replace(aMail, "csa@ateneo", "csa@sportello", 1)))
			must(t, err)
			eventually(t, "a ticket", func() bool { return d.tickets() == 1 })
			a := policy.Actor{Person: agent, Via: door.Page}
			f, err := d.app.Desk.Files.Keep(a, "cedolino è qui.pdf", strings.NewReader("%PDF-1.4 cedolino"))
			must(t, err)
			_, err = d.app.Desk.Tickets.Do(a, 1, ticket.Step{Message: &ticket.Text{Body: "Eccolo.", Files: []uint64{f.ID}}})
			must(t, err)
			eventually(t, "the answer", func() bool { return strings.Contains(sentTo(relay, "ada@ateneo.example"), "Eccolo.") })
			for _, m := range relay.Taken() {
				read, err := mailread.Read(bytes.NewReader(m.Data), int64(len(m.Data)), mailread.Options{})
				must(t, err)
				if m.To != "ada@ateneo.example" || !strings.Contains(read.Text, "Eccolo.") {
					continue
				}
				if attached := len(read.Parts) == 1 && string(read.Parts[0].Content) == "%PDF-1.4 cedolino" && read.Parts[0].Name == "cedolino è qui.pdf"; attached != c.goes {
					t.Errorf("attached %t: %+v", attached, read.Parts)
				}
				link := regexp.MustCompile(regexp.QuoteMeta(d.url) + `(/r/[a-z2-7]+/files/[0-9]+)`).FindStringSubmatch(read.Text)
				if (link == nil) != c.goes {
					t.Fatalf("link %v:\n%s", link, read.Text)
				}
				if link != nil {
					if got := d.browser().get(link[1]); got.status != http.StatusOK || got.body != "%PDF-1.4 cedolino" {
						t.Errorf("the link gives %d %q", got.status, got.body)
					}
				}
			}
		})
	}
}
