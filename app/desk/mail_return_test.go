package desk

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/intake"
	"sportello/app/desk/notice"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/app/mail"
	"sportello/store"
)

// arrive takes a mail for the addresses as a server passed it on.
func (o *mailOffice) arrive(from intake.From, raw string) *store.Mail {
	o.t.Helper()
	m, err := o.Intake.Take(from, bytes.NewReader([]byte(raw)))
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.Intake.Process(context.Background()); err != nil {
		o.t.Fatal(err)
	}
	return o.row(m.ID)
}

// returning is an office where mail to csa with a tag is known to arrive, with a ticket of Ada's and the letter to her
// about it.
func returning(t *testing.T) (*mailOffice, *store.Mail, *notice.Outgoing) {
	o := newMailOffice(t)
	o.arrive(intake.From{Source: "lmtp", Return: "x@altrove.example", To: []string{"csa+prova@ateneo.example"}}, "From: x@altrove.example\r\nTo: csa+prova@ateneo.example\r\nAuto-Submitted: auto-replied\r\nSubject: prova\r\n\r\nx\r\n")
	first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?"})
	out := o.post()["ada@ateneo.example"]
	if !strings.HasPrefix(out.Return, "csa+b.") || !strings.HasSuffix(out.Return, "@ateneo.example") {
		t.Fatalf("the sender of the envelope is %q", out.Return)
	}
	return o, first, out
}

// TestNobodyMakesTheDeskTakeATagForOneThatArrives: letters have a token in their envelope only where mail with a tag is
// known to arrive, and nothing a sender can write makes the desk believe that.
func TestNobodyMakesTheDeskTakeATagForOneThatArrives(t *testing.T) {
	const head = "From: Eva <eva@altrove.example>\r\nSubject: Ciao\r\n"
	probe := func(o *mailOffice, box string) string {
		to, at := o.Intake.ProbeTags(box)
		if err := o.Intake.ProbedTags(box, at); err != nil || !strings.Contains(to, "+b.") {
			o.t.Fatalf("no probe: %q, %v", to, err)
		}
		return to
	}
	for name, c := range map[string]struct {
		from   intake.From
		raw    func(o *mailOffice) string
		tagged bool
	}{
		"nothing":     {intake.From{Source: "lmtp"}, func(*mailOffice) string { return head + "To: csa@ateneo.example\r\n\r\nx" }, false},
		"a tag in To": {intake.From{Source: "lmtp"}, func(*mailOffice) string { return head + "To: csa+x@ateneo.example\r\n\r\nx" }, false},
		"a line of the sender's, over IMAP": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(*mailOffice) string {
			return "Received: from a by b\r\nDelivered-To: csa+x@ateneo.example\r\n" + head + "\r\nx"
		}, false},
		"a line where no server wrote any": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(*mailOffice) string { return "Delivered-To: csa+x@ateneo.example\r\n" + head + "\r\nx" }, false},
		"a line below many": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(*mailOffice) string {
			return "Delivered-To: csa@ateneo.example\r\nReceived: from a by b for <csa+x@ateneo.example>\r\nX-Original-To: csa+x@ateneo.example\r\n" + head + "\r\nx"
		}, false},
		"the tag of another mailbox": {intake.From{Source: "lmtp", To: []string{"noti+x@ateneo.example"}}, func(*mailOffice) string { return head + "\r\nx" }, false},
		"an address of nobody's":     {intake.From{Source: "lmtp", To: []string{"csa+x@altrove.example"}}, func(*mailOffice) string { return head + "\r\nx" }, false},
		"a reply address that somebody holds": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(o *mailOffice) string {
			return head + "To: " + o.Notices.ReplyAddress("csa@ateneo.example", 1, 1, notice.PurposePublic) + "\r\n\r\nx"
		}, false},
		"a made-up token": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(o *mailOffice) string {
			return head + "To: csa+b.aaaaaaaaaaaaaaaaaaaaaaaaaaa@ateneo.example\r\n\r\nx"
		}, false},
		"what tries another mailbox": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(o *mailOffice) string {
			return head + "To: " + strings.Replace(probe(o, "noti@ateneo.example"), "noti+", "csa+", 1) + "\r\n\r\nx"
		}, false},
		"what tried it, long ago": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(o *mailOffice) string {
			to := probe(o, "csa@ateneo.example")
			o.later(8 * 24 * time.Hour)
			return head + "To: " + to + "\r\n\r\nx"
		}, false},
		"the envelope": {intake.From{Source: "lmtp", To: []string{"csa+x@ateneo.example"}}, func(*mailOffice) string { return head + "\r\nx" }, true},
		"the server's line above all, by IMAP": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(*mailOffice) string {
			return "Return-Path: <x@y.it>\r\nX-Original-To: CSA+x@ateneo.example\r\nReceived: from a by b\r\n" + head + "\r\nx"
		}, true},
		"what tries it, by IMAP": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(o *mailOffice) string {
			return "X-Sportello-Desk: this-desk\r\n" + head + "To: " + probe(o, "csa@ateneo.example") + "\r\n\r\nx"
		}, true},
		"what tries it, in letters of any size": {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, func(o *mailOffice) string {
			return head + "To: " + strings.ToUpper(probe(o, "csa@ateneo.example")) + "\r\n\r\nx"
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newMailOffice(t)
			o.arrive(c.from, c.raw(o))
			o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?"})
			l := o.post()["ada@ateneo.example"]
			if got := strings.HasPrefix(l.Return, "csa+b."); got != c.tagged || !got && l.Return != l.From {
				t.Errorf("the sender of the envelope is %q", l.Return)
			}
			if tags, err := o.Intake.Tags("csa@ateneo.example"); err != nil || tags.Arrive != c.tagged {
				t.Errorf("%+v, %v", tags, err)
			}
		})
	}
}

// TestTagsThatNoLongerArriveAreLeftOff: test mail shows when tags no longer arrive.
func TestTagsThatNoLongerArriveAreLeftOff(t *testing.T) {
	o, first, _ := returning(t)
	o.later(24 * time.Hour)
	_, at := o.Intake.ProbeTags("csa@ateneo.example")
	if err := o.Intake.ProbedTags("csa@ateneo.example", at); err != nil {
		t.Fatal(err)
	}
	send := func() *notice.Outgoing {
		o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "Eccomi."}})
		return o.post()["ada@ateneo.example"]
	}
	if l := send(); l.Return == l.From {
		t.Error("left off before it could come back")
	}
	o.later(2 * time.Hour)
	if l := send(); l.Return != l.From {
		t.Errorf("still %q", l.Return)
	}
	o.arrive(intake.From{Source: "lmtp", To: []string{"csa+x@ateneo.example"}}, "From: eva@altrove.example\r\nSubject: Ciao\r\n\r\nx")
	if l := send(); l.Return == l.From {
		t.Error("not taken up again")
	}
}

// TestEveryLetterCarriesItsOwnToken: every letter has its own token, whatever it is about.
func TestEveryLetterCarriesItsOwnToken(t *testing.T) {
	o, first, confirmation := returning(t)
	o.do("agente", first.Ticket, ticket.Step{Message: &ticket.Text{Body: "Eccomi."}})
	seen := map[string]bool{confirmation.Return: true}
	for to, l := range o.post() {
		if l.From == "csa@ateneo.example" && (seen[l.Return] || !strings.Contains(l.Return, "+b.")) {
			t.Errorf("to %s from %q", to, l.Return)
		}
		local, _, _ := strings.Cut(l.Return, "@")
		if seen[l.Return] = true; len(local) > 64 {
			t.Errorf("%q is longer than a server takes", l.Return)
		}
	}
	if len(seen) < 2 {
		t.Errorf("%d letters", len(seen))
	}
}

// TestWhoMayNotMarkAnybodyUnreachable: a report needs two signs: the token, and that a mail server wrote it. It applies
// only to the recipient of that letter.
func TestWhoMayNotMarkAnybodyUnreachable(t *testing.T) {
	const unknown = "\r\n\r\nUnknown user: %s\r\n550 5.1.1 no such user\r\n"
	server := func(to, about string) string {
		return "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.altrove.example\r\nTo: " + to + "\r\nSubject: Undeliverable Mail" + fmt.Sprintf(unknown, about)
	}
	for name, c := range map[string]struct {
		raw     func(o *mailOffice, l *notice.Outgoing) string
		after   time.Duration
		joined  string
		marked  bool
		waiting store.MailState
	}{
		"a server, about her": {func(_ *mailOffice, l *notice.Outgoing) string { return server(l.Return, "ada@ateneo.example") }, 0, intake.JoinedReport, true, store.MailDone},
		"a server, in other letters": {func(_ *mailOffice, l *notice.Outgoing) string {
			return server(strings.ToUpper(l.Return), "ada@ateneo.example")
		}, 0, intake.JoinedReport, true, store.MailDone},
		"a server, about her at a machine":          {func(_ *mailOffice, l *notice.Outgoing) string { return server(l.Return, "ada@mail.ateneo.example") }, 0, intake.JoinedReport, true, store.MailDone},
		"a server, about whom she had it passed to": {func(_ *mailOffice, l *notice.Outgoing) string { return server(l.Return, "ada@gmail.example") }, 0, intake.JoinedReport, false, store.MailDone},
		"a server, about somebody else here":        {func(_ *mailOffice, l *notice.Outgoing) string { return server(l.Return, "agente@ateneo.example") }, 0, intake.JoinedReport, false, store.MailDone},
		"a server, late":                            {func(_ *mailOffice, l *notice.Outgoing) string { return server(l.Return, "ada@ateneo.example") }, 40 * 24 * time.Hour, "", false, store.MailAside},
		"a made-up token": {func(*mailOffice, *notice.Outgoing) string {
			return server("csa+b.aeaaaaaaaaaaaaaaaaaaaa@ateneo.example", "ada@ateneo.example")
		}, 0, "", false, store.MailAside},
		"a token cut short": {func(_ *mailOffice, l *notice.Outgoing) string {
			return server(strings.Replace(l.Return, "@", "", 1)[:20]+"@ateneo.example", "ada@ateneo.example")
		}, 0, "", false, store.MailAside},
		"the token of another use": {func(o *mailOffice, l *notice.Outgoing) string {
			return server(strings.Replace(l.ReplyTo, "+", "+b.", 1), "ada@ateneo.example")
		}, 0, "", false, store.MailAside},
		"a reply address": {func(o *mailOffice, l *notice.Outgoing) string { return server(l.ReplyTo, "ada@ateneo.example") }, 0, "", false, store.MailAside},
		"the token of another desk": {func(o *mailOffice, l *notice.Outgoing) string {
			other := newMailOffice(o.t.(*testing.T))
			opts := other.Post.Mail()
			opts.Key = []byte(strings.Repeat("z", 32))
			other.Post.SetMail(opts)
			return server(other.Notices.Tagged("csa@ateneo.example", other.Post.Token("return", post.ReturnMAC, l.Letter.ID)), "ada@ateneo.example")
		}, 0, "", false, store.MailAside},
		"a person": {func(_ *mailOffice, l *notice.Outgoing) string {
			return "Return-Path: <ada@ateneo.example>\r\nFrom: ada@ateneo.example\r\nTo: " + l.Return + "\r\nSubject: Undeliverable Mail" + fmt.Sprintf(unknown, "ada@ateneo.example")
		}, 0, intake.JoinedNew, false, store.MailDone},
		"a person whom nobody knows": {func(_ *mailOffice, l *notice.Outgoing) string {
			return "Return-Path: <eva@altrove.example>\r\nFrom: eva@altrove.example\r\nTo: " + l.Return + "\r\nSubject: Ciao" + fmt.Sprintf(unknown, "ada@ateneo.example")
		}, 0, intake.JoinedNew, false, store.MailDone},
		"who is away": {func(_ *mailOffice, l *notice.Outgoing) string {
			return "Return-Path: <>\r\nAuto-Submitted: auto-replied\r\nFrom: ada@ateneo.example\r\nTo: " + l.Return + "\r\nSubject: Fuori ufficio\r\n\r\nQuesto indirizzo non esiste piu.\r\n"
		}, 0, "", false, store.MailAside},
		"a program of nobody's that says why in words": {func(_ *mailOffice, l *notice.Outgoing) string {
			return "Return-Path: <>\r\nFrom: ada@ateneo.example\r\nTo: " + l.Return + "\r\nSubject: Re: D\r\n\r\nQuesto indirizzo non esiste.\r\n"
		}, 0, intake.JoinedReport, false, store.MailDone},
		"a program of nobody's that gives the code": {func(_ *mailOffice, l *notice.Outgoing) string {
			return "Return-Path: <>\r\nFrom: relay@mx.altrove.example\r\nTo: " + l.Return + "\r\nSubject: x\r\n\r\n550 5.1.1 hier nicht bekannt\r\n"
		}, 0, intake.JoinedReport, true, store.MailDone},
		"a server that names nobody": {func(_ *mailOffice, l *notice.Outgoing) string {
			return "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.altrove.example\r\nTo: " + l.Return + "\r\nSubject: Returned mail\r\n\r\nUser unknown\r\n"
		}, 0, intake.JoinedReport, true, store.MailDone},
		"a complaint": {func(_ *mailOffice, l *notice.Outgoing) string {
			return "Return-Path: <>\r\nFrom: complaints@altrove.example\r\nTo: " + l.Return + "\r\nSubject: complaint\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x\r\n\r\n550 5.1.1 ada@ateneo.example\r\n--x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n--x--\r\n"
		}, 0, intake.JoinedNew, false, store.MailDone},
	} {
		t.Run(name, func(t *testing.T) {
			o, first, l := returning(t)
			raw := c.raw(o, l)
			o.later(c.after)
			m := o.take(raw)
			if m.State != c.waiting || m.Joined != c.joined || (c.joined == intake.JoinedReport) != (m.Ticket == first.Ticket) {
				t.Errorf("%s, %q because %q, ticket %d", m.State, m.Joined, m.Why, m.Ticket)
			}
			if why, _ := o.failed("ada"); (why != "") != c.marked {
				t.Errorf("marked %q", why)
			}
			for _, who := range []string{"agente", "luca", "amministratore"} {
				if o.people[who] == nil {
					continue
				}
				if why, _ := o.failed(who); why != "" {
					t.Errorf("%s is marked: %s", who, why)
				}
			}
			if m.Joined == intake.JoinedReport {
				if v := o.message(m.Message); !v.Internal || v.Automatic != string(mail.Bounce) {
					t.Errorf("the note: %+v", v)
				}
			}
		})
	}
}

// TestTheTokenOfALetterMarksNobodyElse: a token takes precedence over a Message-ID in the same report, because it is
// signed.
func TestTheTokenOfALetterMarksNobodyElse(t *testing.T) {
	o, _, ada := returning(t)
	var other *notice.Outgoing
	for _, l := range o.sent {
		if l.Letter.To == "agente@ateneo.example" {
			other = l
		}
	}
	if other == nil {
		t.Fatal("no letter to the other")
	}
	raw := strings.Replace(comeBack(other.Letter.MessageID, [3]string{"agente@ateneo.example", "5.1.1", "550 no such user"}), "To: csa@ateneo.example", "To: "+ada.Return, 1)
	o.take(raw)
	for _, who := range []string{"ada", "agente"} {
		if why, _ := o.failed(who); why != "" {
			t.Errorf("%s is marked: %s", who, why)
		}
	}
}

// TestReportsAboutOneLetterAreBounded: the number of reports about one letter is limited, and a report to an unknown
// letter does no harm.
func TestReportsAboutOneLetterAreBounded(t *testing.T) {
	o, first, l := returning(t)
	before := o.ticket(first.Ticket).Notes
	const most = 20 // reports about one letter that count
	for i := range most + 5 {
		o.take(fmt.Sprintf("Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.altrove.example\r\nTo: %s\r\nSubject: Warning: message delayed\r\nMessage-ID: <%d@mx>\r\n\r\nada@ateneo.example: 450 4.2.0 greylisted (%d)\r\n", l.Return, i, i))
	}
	if n := o.ticket(first.Ticket).Notes - before; n != most {
		t.Errorf("%d notes", n)
	}
	if why, row := o.failed("ada"); why != "" || row.State != store.LetterSent {
		t.Errorf("marked %q, the letter %s", why, row.State)
	}
	o.mail(letter{from: "eva@altrove.example", subject: "Ciao", body: "?"})
	received := o.post()["eva@altrove.example"]
	if received == nil {
		t.Fatal("no acknowledgement")
	}
	m := o.take(comeBack(received.Letter.MessageID, [3]string{"eva@altrove.example", "5.1.1", "550 no such user"}))
	if m.State == store.MailFailed {
		t.Errorf("the report about an acknowledgement failed: %s %s", m.Why, m.Detail)
	}
}
