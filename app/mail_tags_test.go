package app_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"sportello/app/config"
	"sportello/app/delivery"
	"sportello/app/desk/intake"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	mailpeer "sportello/app/mail/peer"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// withLoop has the desk send through the address on which it takes mail: what it writes to its own mailbox arrives.
func withLoop(port int) func(*config.Config) {
	return func(c *config.Config) {
		c.Trial.MailGather = 10 * time.Millisecond
		c.Mail.Listen, c.Mail.Protocol = net.JoinHostPort(mailpeer.Host, strconv.Itoa(port)), "smtp"
		c.SMTP.Host, c.SMTP.Port, c.SMTP.TLS, c.SMTP.From = mailpeer.Host, port, "none", "sportello@desk.example"
		c.Mailboxes = []config.Mailbox{{Address: "csa@desk.example", Group: "csa", Module: "csa"}}
	}
}

// told are the lines of doctor's part about mail that hold the word.
func (d *testDesk) told(word string) string {
	d.t.Helper()
	var out []string
	for _, f := range d.app.Mail.Part().Check(context.Background(), true) {
		if strings.Contains(f.Text, word) {
			out = append(out, f.Level.String()+" "+f.Text+" "+f.Do)
		}
	}
	return strings.Join(out, "\n")
}

// TestDoctorTriesWhetherMailWithATagArrives: doctor tries whether mail with a tag arrives; once it did, letters
// carry theirs, without being asked about it again.
func TestDoctorTriesWhetherMailWithATagArrives(t *testing.T) {
	d := newTestDesk(t, withLoop(freePort(t)))
	eventually(t, "the listener", func() bool {
		return d.app.Mail.Listening() != ""
	})
	if got := d.told("csa@desk.example"); !strings.HasPrefix(got, "note csa@desk.example: mail was sent to try") {
		t.Fatalf("at first: %s", got)
	}
	eventually(t, "what was sent to arrive", func() bool {
		tags, err := d.app.Desk.Intake.Tags("csa@desk.example")
		return err == nil && tags.Arrive
	})
	for range 2 {
		if got := d.told("csa@desk.example"); !strings.HasPrefix(got, "ok csa@desk.example takes mail with a tag") {
			t.Errorf("then: %s", got)
		}
	}
	_, err := d.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader("From: ada@altrove.example\r\nTo: csa@desk.example\r\nSubject: D\r\nMessage-ID: <d@altrove.example>\r\n\r\n?\r\n"))
	must(t, err)
	agent := d.add("Bruno Agente", people.Form{Groups: d.memberOf("csa"), Email: "bruno@altrove.example"})
	eventually(t, "a ticket", func() bool { return d.tickets() == 1 })
	_, err = d.app.Desk.Tickets.Do(policy.Actor{Person: agent, Via: door.Page}, 1, ticket.Step{Message: &ticket.Text{Body: "Eccomi."}})
	must(t, err)
	eventually(t, "a letter with a token on its envelope", func() bool {
		found := false
		must(t, d.app.Store.View(func(tx *db.Tx) error {
			for m, err := range store.Mails.All(tx, 0, false) {
				if err != nil {
					return err
				}
				found = found || strings.HasPrefix(m.Return, "csa+b.") && m.Subject != "" && !strings.HasPrefix(m.MessageID, "probe.")
			}
			return nil
		}))
		return found
	})
}

// strict is a mail server that lets an account write in its bare name alone.
type strict struct {
	mu   sync.Mutex
	from []string
}

type strictSession struct{ *strict }

func (s *strict) NewSession(*smtp.Conn) (smtp.Session, error) { return strictSession{s}, nil }

func (s strictSession) Mail(from string, _ *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = append(s.from, from)
	if strings.Contains(from, "+") {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sender address rejected: not owned by user"}
	}
	return nil
}
func (strictSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (strictSession) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }
func (strictSession) Reset()                               {}
func (strictSession) Logout() error                        { return nil }

// TestAServerThatTakesNoTagGetsLettersAsEver: a server that takes no sender with a tag gets letters as ever: none is
// lost or waits for it.
func TestAServerThatTakesNoTagGetsLettersAsEver(t *testing.T) {
	s := &strict{}
	server := smtp.NewServer(s)
	ln, err := net.Listen("tcp", mailpeer.Host+":0")
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	t.Cleanup(func() {
		must(t, server.Close())
		if err := <-ended; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	d := newTestDesk(t, withLoop(freePort(t)), func(c *config.Config) { c.SMTP.Port = ln.Addr().(*net.TCPAddr).Port })
	if got := d.told("csa@desk.example"); !strings.Contains(got, "note csa@desk.example: mail with a tag cannot be sent") || !strings.Contains(got, "not owned by user") {
		t.Errorf("doctor: %s", got)
	}
	_, err = d.app.Desk.Intake.Take(intake.From{Source: "lmtp", To: []string{"csa+x@desk.example"}}, strings.NewReader("From: ada@altrove.example\r\nTo: csa@desk.example\r\nSubject: D\r\nMessage-ID: <d@altrove.example>\r\n\r\n?\r\n"))
	must(t, err)
	agent := d.add("Bruno Agente", people.Form{Groups: d.memberOf("csa"), Email: "bruno@altrove.example"})
	eventually(t, "a ticket", func() bool { return d.tickets() == 1 })
	sent := d.count(store.LetterSent)
	_, err = d.app.Desk.Tickets.Do(policy.Actor{Person: agent, Via: door.Page}, 1, ticket.Step{Message: &ticket.Text{Body: "Eccomi."}})
	must(t, err)
	eventually(t, "a letter from the mailbox", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Contains(s.from, "csa@desk.example") && d.count(store.LetterSent) > sent
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.from, "csa@desk.example"); i < 1 || !strings.HasPrefix(s.from[i-1], "csa+b.") {
		t.Errorf("senders %v", s.from)
	}
}

// TestTheAdministratorIsToldOnceOfCertifiedMail: the administrator is told of certified mail that nothing proves,
// once, with what to install and where the list is.
func TestTheAdministratorIsToldOnceOfCertifiedMail(t *testing.T) {
	d := newTestDesk(t, withMail)
	if got := d.told("PEC"); got != "" {
		t.Errorf("told already: %s", got)
	}
	for i := range 3 {
		raw := "X-Trasporto: posta-certificata\r\nFrom: posta-certificata@pec.gestore.example\r\nReply-To: anna@pec.altrove.example\r\nTo: csa@desk.example\r\nMessage-ID: <" + strconv.Itoa(i) + "@pec>\r\nSubject: POSTA CERTIFICATA: x\r\n\r\nx" + strconv.Itoa(i) + "\r\n"
		_, err := d.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader(raw))
		must(t, err)
	}
	eventually(t, "tickets", func() bool { return d.tickets() == 3 })
	got := d.told("PEC")
	if strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "note certified mail (PEC) comes") || !strings.Contains(got, "pec_certificates") || !strings.Contains(got, delivery.PECList) {
		t.Errorf("doctor: %s", got)
	}
	page := d.signedIn(d.add("Capo", people.Form{Administrator: true, Email: "capo@desk.example"})).get("/admin").body
	if strings.Count(page, delivery.PECList) != 1 || !strings.Contains(page, "pec_certificates") {
		t.Errorf("the page of the desk's state:\n%s", page)
	}
}
