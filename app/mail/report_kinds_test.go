package mail

import (
	"fmt"
	"strings"
	"testing"
)

// TestReportsInTheWordsOfManyMailSystems: for mail systems of thirty years, each in its own words: who sends the
// report, what it says, and about which recipient.
func TestReportsInTheWordsOfManyMailSystems(t *testing.T) {
	const end = "\n\n--- Original message follows.\n\nReceived: from desk by mx\nMessage-ID: <m@desk>\nFrom: csa@ateneo.it\nTo: altro@z.it\n"
	for name, c := range map[string]struct {
		head, text string
		want       string // address, action and h for hard, for each recipient
	}{
		"Sendmail's list": {"From: Mail Delivery Subsystem <MAILER-DAEMON>\nSubject: Returned mail: see transcript for details\n",
			"The original message was received at Mon, 3 Mar 2025 10:12:13 +0100\nfrom desk.ateneo.it [192.0.2.1]\n\n   ----- The following addresses had permanent fatal errors -----\n<luca@x.it>\n    (reason: 550 5.1.1 <luca@x.it>... User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.x.it.:\n>>> RCPT To:<luca@x.it>\n<<< 550 5.1.1 <luca@x.it>... User unknown\n550 5.1.1 <luca@x.it>... User unknown\n", "luca@x.it failed h"},
		"Sendmail's transcript alone": {"From: MAILER-DAEMON <>\nSubject: Returned mail: User unknown\n",
			"   ----- Transcript of session follows -----\n550 luca@x.it... User unknown\n550 bea@x.it... User unknown\n\n   ----- Unsent message follows -----\nFrom: csa@ateneo.it\nTo: altro@z.it\n", "luca@x.it failed h, bea@x.it failed h"},
		"Sendmail's dialogue": {"From: MAILER-DAEMON\nSubject: Returned mail: Service unavailable\n",
			"   ----- Transcript of session follows -----\n... while talking to mx.x.it.:\n>>> RCPT To:<luca@x.it>\n<<< 554 5.7.1 Service unavailable; blocked using zen.spamhaus.org\n554 Service unavailable\n", "luca@x.it failed"},
		"Sendmail's several": {"From: MAILER-DAEMON <>\nSubject: Returned mail\n",
			"   ----- The following addresses had permanent fatal errors -----\n<luca@x.it>\n    (reason: 550 5.1.1 User unknown)\n<bea@y.it>\n    (reason: 552 5.2.2 Over quota)\n<ugo@z.it>\n    (reason: 550 Host unknown)\n", "luca@x.it failed h, bea@y.it failed, ugo@z.it failed h"},
		"GroupWise":        {"From: Mailer-Daemon@gw.x.it\nSubject: Message status - undeliverable\n", "The message that you sent was undeliverable to the following:\n\tluca@x.it (user not found)\n\tbea@y.it (mailbox is full)\n\nThe original message follows:\n\nugo@z.it\n", "luca@x.it failed h, bea@y.it failed"},
		"IMail":            {"From: Postmaster@mail.x.it\nReturn-Path: <>\nSubject: Undeliverable Mail\n", "Unknown user: luca@x.it\n\nOriginal message follows.\n\nReceived: from desk\nMessage-ID: <m@desk>\nTo: altro@z.it\n", "luca@x.it failed h"},
		"IMail, full":      {"From: \"Mail Administrator\" <Postmaster@mail.x.it>\nReturn-Path: <>\nSubject: Undeliverable Mail\n", "User mailbox exceeds allowed size: luca@x.it\n" + end, "luca@x.it failed"},
		"IMail, by server": {"From: Postmaster@mail.x.it\nReturn-Path: <>\nSubject: Undeliverable Mail\n", "undeliverable to luca@x.it\n" + end, "luca@x.it failed"},
		"GMX": {"From: GMX Mailer Daemon <mailer-daemon@gmx.net>\nSubject: Mail delivery failed: returning message to sender\n",
			"This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following address\nfailed:\n\n\"luca@x.it\":\nSMTP error from remote server after RCPT command:\nhost: mx.x.it\n5.1.1 <luca@x.it>... User Unknown\n\n--- The header of the original message is following. ---\n\nReceived: from x\nMessage-ID: <m@desk>\n", "luca@x.it failed h"},
		"dma": {"From: MAILER-DAEMON <>\nSubject: Mail delivery failed\n",
			"This is the DragonFly Mail Agent v0.13 at df.x.it.\n\nThere was an error delivering your mail to <luca@x.it>.\n\nmx.x.it [192.0.2.1] did not like our RCPT TO:\n550 5.1.1 <luca@x.it>: Recipient address rejected: User unknown\n\nMessage headers follow.\n\nReceived: from x\nMessage-ID: <m@desk>\nTo: altro@z.it\n", "luca@x.it failed h"},
		"EZweb":            {"From: <Postmaster@ezweb.ne.jp>\nReturn-Path: <>\nSubject: Mail System Error - Returned Mail\n", "The user(s) account is disabled.\n\n<luca@ezweb.ne.jp>: 550 user unknown (in reply to RCPT TO command)\n" + end, "luca@ezweb.ne.jp failed h"},
		"EZweb, relayed":   {"From: <Postmaster@ezweb.ne.jp>\nReturn-Path: <>\nSubject: Mail System Error - Returned Mail\n", "Each of the following recipients was rejected by a remote mail server.\n\n    Recipient: <luca@ezweb.ne.jp>\n    >>> RCPT TO:<luca@ezweb.ne.jp>\n    <<< 550 <luca@ezweb.ne.jp>: User unknown\n" + end, "luca@ezweb.ne.jp failed h"},
		"EZweb, a list":    {"From: <Postmaster@ezweb.ne.jp>\nReturn-Path: <>\nSubject: Mail System Error - Returned Mail\n", "The following recipients did not receive this message:\n\n    <luca@ezweb.ne.jp>\n    <bea@ezweb.ne.jp>\n\nPlease reply to Postmaster@ezweb.ne.jp\nif you feel this message to be in error.\n" + end, "luca@ezweb.ne.jp failed, bea@ezweb.ne.jp failed"},
		"KDDI":             {"From: Postmaster@dion.ne.jp\nReturn-Path: <>\nSubject: Mail could not be delivered\n", "Your mail sent on: Thu, 29 Apr 2010 11:04:47 +0900\n    Could not be delivered to: <luca@dion.ne.jp>\n    As their mailbox is full.\n" + end, "luca@dion.ne.jp failed"},
		"qmail, several":   {"From: MAILER-DAEMON@mx.it\nSubject: failure notice\n", "Hi. This is the qmail-send program at mx.it.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<luca@x.it>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n<bea@y.it>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 mailbox full\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <m@desk>\n", "luca@x.it failed h, bea@y.it failed"},
		"Yahoo":            {"From: MAILER-DAEMON@yahoo.com\nSubject: Failure Notice\nPrecedence: list\n", "Sorry, we were unable to deliver your message to the following address.\n\n<luca@x.it>:\nRemote host said:\n550 5.1.1 User unknown\n[RCPT_TO]\n\n--- Below this line is a copy of the message.\n", "luca@x.it failed h"},
		"Exim, several":    {"From: Mail Delivery System <Mailer-Daemon@mx.it>\nSubject: Mail failed, returning to sender\n", "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  luca@x.it:\n    unknown local-part \"luca\" in domain \"x.it\"\n  bea@y.it\n    SMTP error from remote mailer after RCPT TO:<bea@y.it>:\n    host mx.y.it [192.0.2.1]: 552 quota exceeded\n  ugo@z.it\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nMessage-ID: <m@desk>\n", "luca@x.it failed h, bea@y.it failed, ugo@z.it failed h"},
		"Exim, delayed":    {"From: Mail Delivery System <Mailer-Daemon@mx.it>\nSubject: Warning: message 1abc delayed 24 hours\n", "A message that you sent has not yet been delivered.\n\n  luca@x.it\n    host mx.x.it: 450 4.2.0 greylisted\n\nNo action is required on your part.\n", "luca@x.it delayed"},
		"Exchange 2003":    {"From: System Administrator <>\nSubject: Undeliverable: Stampa\n", "Your message\n\n  To:      luca@x.it\n  Subject: Stampa\n  Sent:    Mon, 3 Mar 2025 10:12:13 +0100\n\ndid not reach the following recipient(s):\n\nluca@x.it on Mon, 3 Mar 2025 10:12:14 +0100\n    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=us;a= ;p=x\n    MSEXCH:IMS:x 0 (000C05A6) Unknown Recipient\n", "luca@x.it failed h"},
		"Exchange, quoted": {"From: System Administrator <postmaster@x.it>\nReturn-Path: <>\nSubject: Undeliverable: Stampa\n", "The following recipient(s) cannot be reached:\n\n      'luca@x.it' on 3/3/2025 10:12 AM\n            The e-mail account does not exist at the organization this message was sent to.\n            <mx.x.it #5.1.1>\n", "luca@x.it failed h"},
		"Domino":           {"From: Postmaster@x.it\nReturn-Path: <>\nSubject: DELIVERY FAILURE: User luca (luca@x.it) not listed in Domino Directory\n", "Your message\n\n  Subject: Stampa\n\nwas not delivered to:\n\n  luca@x.it\n\nbecause:\n\n  User luca (luca@x.it) not listed in Domino Directory\n", "luca@x.it failed h"},
		"Courier":          {"From: \"Courier mail server at mx.it\" <>\nReturn-Path: <>\nSubject: NOTICE: mail delivery status.\n", "          UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<luca@x.it>:\n    mx.x.it [192.0.2.1]:\n>>> RCPT TO:<luca@x.it>\n<<< 550 5.1.1 <luca@x.it>: User unknown\n" + end, "luca@x.it failed h"},
		"SmarterMail":      {"From: System Administrator <>\nSubject: Permanent Delivery Failure\n", "Could not deliver message to the following recipient(s):\n\nFailed Recipient: luca@x.it\nReason: Remote host said: 550 5.1.1 no such user\n\n   -- The header and top 20 lines of the message follows --\n\nReceived: from x\nMessage-ID: <m@desk>\n", "luca@x.it failed h"},
		"James":            {"From: postmaster@x.it\nReturn-Path: <>\nSubject: Error delivering mail\n", "Hi. This is the James mail server at x.it.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\nluca@x.it\nError message below:\n550 - Requested action not taken: no such user here\n", "luca@x.it failed h"},
		"nobody at all":    {"Subject: Delivery failure\n", "Your message could not be delivered to <luca@x.it>: user unknown\n" + end, "luca@x.it failed h"},
		"an empty From":    {"From: <>\nSubject: Mail delivery failed\n", "<luca@x.it>: Domain name not found\n" + end, "luca@x.it failed h"},
		"Postfix, a list":  {"From: MAILER-DAEMON (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender\nPrecedence: list\n", "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n<luca@x.it>: host mx.x.it[192.0.2.1] said: 550 5.1.1 <luca@x.it>: unknown (in\n    reply to RCPT TO command)\n\n<bea@y.it>: connect to mx.y.it[192.0.2.2]:25: Connection timed out\n" + end, "luca@x.it failed h, bea@y.it failed"},
		"Italian":          {"From: Sistema di posta <postmaster@x.it>\nReturn-Path: <>\nSubject: Mancato recapito: Stampa\n", "Il messaggio non è stato recapitato a luca@x.it perché l'indirizzo del destinatario non esiste.\n", "luca@x.it failed h"},
		"a phone company":  {"From: mail-daemon@x.it\nReturn-Path: <>\nSubject: Message could not be delivered to mobile\n", "Message could not be delivered to mobile.\nError: No valid recipients for this MM\n\nRCPT TO: luca@x.it\n", "luca@x.it failed"},
	} {
		t.Run(name, func(t *testing.T) {
			m := read(t, []byte(c.head+"To: csa@ateneo.it\n\n"+c.text), Options{})
			if m.Automatic != Bounce || m.Report == nil {
				t.Fatalf("it is %q because %q, report %v", m.Automatic, m.AutomaticWhy, m.Report)
			}
			var got []string
			for _, l := range m.Report.Recipients {
				s := l.Address + " " + l.Action
				if l.Verdict() == Hard {
					s += " h"
				}
				got = append(got, s)
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("%s, want %s\n%+v", s, c.want, m.Report)
			}
			if strings.Contains(c.text, "<m@desk>") && m.Report.Original != "m@desk" {
				t.Errorf("about %q", m.Report.Original)
			}
		})
	}
}

// TestAPersonWhoWritesAboutAReportIsNoMailSystem: a person is never taken for a mail system, whatever they write about.
func TestAPersonWhoWritesAboutAReportIsNoMailSystem(t *testing.T) {
	text := "<luca@x.it>: 550 5.1.1 User unknown\n"
	for i, head := range []string{"From: Anna <anna@x.it>\n", "From: Anna <anna@x.it>\nReturn-Path: <anna@x.it>\n", "From: Posta <postmaster.anna@x.it>\n", "From: Anna\nReturn-Path: <anna@x.it>\n", "From: Anna Maria Failure <anna@x.it>\n", "Return-Path: <anna@x.it>\n", "From: <>\nSender: anna@x.it\n"} {
		for _, subject := range []string{"Permanent Delivery Failure", "mail failed, returning to sender", "Undeliverable Mail", "Mail System Error - Returned Mail", "Returned mail: User unknown", "Error delivering mail"} {
			if m := read(t, []byte(head+"Subject: "+subject+"\n\n"+text), Options{}); m.Report != nil || m.Automatic != Personal {
				t.Errorf("%d, %s: %q because %q, %+v", i, subject, m.Automatic, m.AutomaticWhy, m.Report)
			}
		}
	}
}

func TestFeedbackReportsAreMachines(t *testing.T) {
	for _, from := range []string{"From: Anna <anna@x.it>\n", "From: <>\n", "", "From: complaints@x.it\n"} {
		for _, root := range []string{"multipart/report; report-type=feedback-report", "multipart/report; report-type=\"Feedback-Report\"", "multipart/mixed", "multipart/report"} {
			raw := from + "To: csa@ateneo.it\nSubject: complaint about message from 192.0.2.1\nContent-Type: " + root + "; boundary=x\n\n--x\n\nThis is an email abuse report for luca@x.it.\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: luca@x.it\n--x\nContent-Type: message/rfc822\n\nMessage-ID: <m@desk>\nSubject: x\n\nciao\n--x--\n"
			m := read(t, []byte(raw), Options{})
			if m.Automatic != Notification {
				t.Errorf("%q, %s: %q because %q", from, root, m.Automatic, m.AutomaticWhy)
			}
			if m.Report != nil && (m.Report.Hard || len(m.Report.Recipients) > 0) {
				t.Errorf("%q, %s: %+v", from, root, m.Report)
			}
			if m.From.Email == "" && m.Report == nil {
				t.Errorf("%q, %s: no report, it would fail as without sender", from, root)
			}
		}
	}
}

// TestStatusLines: a report may have lines of blanks between its recipients, no action, and the address in another
// field.
func TestStatusLines(t *testing.T) {
	for in, want := range map[string]string{
		"Reporting-MTA: dns; x\n \nFinal-Recipient: rfc822; a@x.it\nAction: failed\nStatus: 5.1.1\n\t\nFinal-Recipient: rfc822; b@x.it\nAction: failed\nStatus: 5.2.2\n": "a@x.it failed 5.1.1, b@x.it failed 5.2.2",
		"Reporting-MTA: dns; x\r\n \r\nFinal-Recipient: rfc822; a@x.it\r\nStatus: 5.1.1\r\n":                                                                             "a@x.it failed 5.1.1",
		"Final-Recipient: rfc822; a@x.it\nStatus: 4.4.7\n":                                                                                                               "a@x.it delayed 4.4.7",
		"Final-Recipient: LOCAL;luca\nX-Actual-Recipient: rfc822; a@x.it\nAction: failed\nStatus: 5.1.1":                                                                 "a@x.it failed 5.1.1",
		"Final-Recipient: rfc822;<a@x_y.it>\nAction: FAILED (x)\nStatus: 5.0.0 (no)\nDiagnostic-Code: smtp; 550 5.1.1 no":                                                "a@x_y.it failed 5.1.1",
	} {
		var got []string
		for _, l := range statusLines([]byte(in)) {
			got = append(got, fmt.Sprint(l.Address, " ", l.Action, " ", l.Status))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%q: %s, want %s", in, s, want)
		}
	}
}
