package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/intake"
	"sportello/app/desk/notice"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// comeBack returns a mail server's report about several recipients: address, status and words for each.
func comeBack(id string, lines ...[3]string) string {
	b := "From: MAILER-DAEMON@mx.altrove.example\r\nTo: csa@ateneo.example\r\nReturn-Path: <>\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\nMessage-ID: <bounce." + fmt.Sprint(len(lines)) + id + "@mx>\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nNon consegnato.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
	for _, l := range lines {
		b += "Final-Recipient: rfc822; " + l[0] + "\r\nAction: failed\r\nStatus: " + l[1] + "\r\nDiagnostic-Code: smtp; " + l[2] + "\r\n\r\n"
	}
	return b + "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <" + id + ">\r\nSubject: x\r\n\r\n--b--\r\n"
}

// failed returns why mail to the person is returned, and the newest letter to them.
func (o *mailOffice) failed(who string) (why string, l *store.Letter) {
	o.t.Helper()
	if err := o.st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, o.people[who].ID)
		if err != nil {
			return err
		}
		why = p.MailFailedWhy
		for row, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(p.Email), Desc: true}) {
			if err != nil {
				return err
			}
			if l == nil {
				l = row
			}
		}
		return nil
	}); err != nil {
		o.t.Fatal(err)
	}
	return why, l
}

// TestNobodyIsCutOffByARefusalThatSaysNothingAgainstTheirAddress: a server's later report and its immediate refusal are
// judged alike: nobody whose address exists is marked, and later letters are sent.
func TestNobodyIsCutOffByARefusalThatSaysNothingAgainstTheirAddress(t *testing.T) {
	const ada = "ada@ateneo.example"
	for name, c := range map[string]struct {
		lines        [][3]string
		hard, ours   bool
		state, after store.LetterState // after a report; after an immediate refusal
	}{
		"no such user":               {[][3]string{{ada, "5.1.1", "550 5.1.1 no such user"}}, true, false, store.LetterBounced, store.LetterBounced},
		"no such user, in words":     {[][3]string{{ada, "5.0.0", "550 User unknown"}}, true, false, store.LetterBounced, store.LetterBounced},
		"no such domain":             {[][3]string{{ada, "5.4.4", "Host not found"}}, true, false, store.LetterBounced, store.LetterBounced},
		"full":                       {[][3]string{{ada, "5.0.0", "550 mailbox full"}}, false, false, store.LetterSent, store.LetterQueued},
		"full, with a hard code":     {[][3]string{{ada, "5.1.1", "554 over quota"}}, false, false, store.LetterSent, store.LetterQueued},
		"too many recipients":        {[][3]string{{ada, "5.5.3", "550 too many recipients"}}, false, false, store.LetterSent, store.LetterQueued},
		"too large":                  {[][3]string{{ada, "5.3.4", "552 5.3.4 message too large"}}, false, false, store.LetterSent, store.LetterFailed},
		"disabled":                   {[][3]string{{ada, "5.2.1", "550 5.2.1 account disabled"}}, false, false, store.LetterSent, store.LetterQueued},
		"greylisting":                {[][3]string{{ada, "5.0.0", "550 greylisted"}}, false, false, store.LetterSent, store.LetterQueued},
		"a blocklist":                {[][3]string{{ada, "5.1.1", "550 5.7.1 blocked using zen.spamhaus.org"}}, false, true, store.LetterFailed, store.LetterQueued},
		"no PTR":                     {[][3]string{{ada, "5.0.0", "550 no PTR record"}}, false, true, store.LetterFailed, store.LetterQueued},
		"policy":                     {[][3]string{{ada, "5.7.1", "554 5.7.1 rejected by local policy"}}, false, true, store.LetterFailed, store.LetterQueued},
		"somebody else is not there": {[][3]string{{"altra@ateneo.example", "5.1.1", "550 no such user"}, {ada, "5.2.2", "550 full"}}, false, false, store.LetterSent, store.LetterQueued},
	} {
		t.Run(name, func(t *testing.T) {
			o := newMailOffice(t)
			first := o.mail(letter{from: ada, subject: "D", body: "?"})
			id := o.post()[ada].Letter.MessageID
			if m := o.take(comeBack(id, c.lines...)); m.State != store.MailDone || m.Ticket != first.Ticket {
				t.Fatalf("%+v", m)
			}
			why, l := o.failed("ada")
			if (why != "") != c.hard || l.State != c.state || l.Error == "" {
				t.Errorf("marked %q, the letter %s: %s", why, l.State, l.Error)
			}
			told, _, err := o.Intake.MailRefused()
			if err != nil || (told != "") != c.ours {
				t.Errorf("the administrator is told %q, %v", told, err)
			}
			o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "Eccomi."}})
			if out := o.post(); (out[ada] == nil) != c.hard {
				t.Errorf("the next letter: %v", out[ada])
			}
			o.later(8 * 24 * time.Hour)
			if told, _, _ := o.Intake.MailRefused(); told != "" {
				t.Errorf("still told after a week: %q", told)
			}
		})
		t.Run(name+", at once", func(t *testing.T) {
			o := newMailOffice(t)
			first := o.mail(letter{from: ada, subject: "D", body: "?"})
			i := slices.IndexFunc(c.lines, func(l [3]string) bool { return l[0] == ada })
			status, words := c.lines[i][1], "transport: send: "+c.lines[i][2]
			tries := 0
			refuse := func(_ context.Context, l *notice.Outgoing) notice.Sent {
				if l.Letter.To != ada {
					return notice.Sent{OK: true}
				}
				tries++
				return notice.Sent{Permanent: true, Status: status, Text: words}
			}
			send := func() (string, *store.Letter) {
				if _, err := o.Notices.Plan(); err != nil {
					t.Fatal(err)
				}
				o.later(2 * time.Minute)
				if _, err := o.Notices.SendLetters(context.Background(), refuse); err != nil {
					t.Fatal(err)
				}
				return o.failed("ada")
			}
			why, l := send()
			if (why != "") != c.hard || l.State != c.after || !strings.Contains(l.Error, words) {
				t.Errorf("marked %q, the letter %s: %s", why, l.State, l.Error)
			}
			for range 6 {
				o.later(25 * time.Hour)
				why, l = send()
			}
			if l.State == store.LetterQueued || tries > 4 || (why != "") != c.hard {
				t.Errorf("in the end %d tries, marked %q, the letter %s", tries, why, l.State)
			}
			if told, _, err := o.Intake.MailRefused(); err != nil || (told != "") != (c.ours && o.Now().Sub(l.Created) < 7*24*time.Hour) {
				t.Errorf("the administrator is told %q, %v", told, err)
			}
			o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "Eccomi."}})
			if out := o.post(); (out[ada] == nil) != c.hard {
				t.Errorf("the next letter: %v", out[ada])
			}
		})
	}
}

// TestAReportFromNobodyFindsItsLetter: reports have no sender but find their letter nevertheless; one that finds none
// is set aside, not failed.
func TestAReportFromNobodyFindsItsLetter(t *testing.T) {
	const ada = "ada@ateneo.example"
	const back = "\r\n\r\n--- Original message follows.\r\n\r\nReceived: from desk\r\nTo: altra@ateneo.example\r\nMessage-ID: <%s>\r\n"
	for name, head := range map[string]string{
		"MAILER-DAEMON":             "From: MAILER-DAEMON <>\r\nSubject: Mail delivery failed\r\n",
		"a name alone":              "From: Mail Delivery Subsystem\r\nSubject: Returned mail: see transcript\r\n",
		"nothing":                   "From: <>\r\nSubject: Permanent Delivery Failure\r\n",
		"no field":                  "Subject: mail failed, returning to sender\r\n",
		"with a list's precedence":  "From: MAILER-DAEMON <>\r\nPrecedence: list\r\nSubject: Undeliverable\r\n",
		"the null path, no subject": "From: MAILER-DAEMON\r\nReturn-Path: <>\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := newMailOffice(t)
			first := o.mail(letter{from: ada, subject: "D", body: "?"})
			id := o.post()[ada].Letter.MessageID
			raw := "To: csa@ateneo.example\r\n" + head + "\r\nThere was an error delivering your mail to <%s>.\r\n\r\n550 5.1.1 User unknown" + back
			if m := o.take(fmt.Sprintf(raw, ada, "mai@spedito.example")); m.State != store.MailAside {
				t.Errorf("about another letter: %+v", m)
			}
			if m := o.take(fmt.Sprintf(raw, "altra@ateneo.example", id)); m.State != store.MailAside {
				t.Errorf("about another address: %+v", m)
			}
			if why, _ := o.failed("ada"); why != "" {
				t.Errorf("marked already: %s", why)
			}
			if m := o.take(fmt.Sprintf(raw, ada, id)); m.State != store.MailDone || m.Ticket != first.Ticket || m.Joined != intake.JoinedReport {
				t.Fatalf("%+v", m)
			}
			if why, l := o.failed("ada"); why == "" || l.State != store.LetterBounced {
				t.Errorf("not marked, the letter %s", l.State)
			}
		})
	}
}

// TestAnImportKeepsReportsFromNobodyAside: an import does not refuse a report for having no sender.
func TestAnImportKeepsReportsFromNobodyAside(t *testing.T) {
	o := newMailOffice(t)
	n := 0
	var told []string
	_, err := o.Intake.Import(t.Context(), o.as("amministratore"), intake.Import{Group: "csa", Module: "csa", Each: func(m intake.Imported) {
		told = append(told, fmt.Sprint(m.Why, " ", m.Refused != nil))
	}}, func(give func(string, []byte) error) error {
		for _, head := range []string{"From: MAILER-DAEMON <>\r\nSubject: Mail delivery failed\r\n", "Subject: Permanent Delivery Failure\r\n", "From: Anna\r\nSubject: Ciao\r\n"} {
			n++
			if err := give(fmt.Sprint(n), []byte(head+"To: csa@ateneo.example\r\n\r\nThere was an error delivering your mail to <ada@ateneo.example>.\r\n")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(told)
	if got := strings.Join(told, ", "); got != " true, bounce false, bounce false" {
		t.Errorf("told %q", got)
	}
}
