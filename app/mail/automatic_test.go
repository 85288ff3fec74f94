package mail

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNoSubjectAloneMakesAPersonAMachine: people write about absences, cars and automatic replies too, so the words of
// a subject alone never mark a mail as automatic.
func TestNoSubjectAloneMakesAPersonAMachine(t *testing.T) {
	for _, subject := range []string{"Auto: parcheggio", "Fuori sede: missione non liquidata", "Risposta automatica: non parte", "Out of office: how do I set it", "Assente dall'ufficio: come si registra",
		"Automatic reply: the wrong text goes out", "Vacation: request refused", "OOO - booking of a room", "Abwesenheit: Antrag", "Messaggio automatico di assenza: va cambiato", "Re: Fuori ufficio",
		"Autoreply", "Sono assente", "Undelivered Mail Returned to Sender", "Mancato recapito: lettera", "Letto: circolare", "Delivery failure", "Non recapitabile", "Ricevuta di ritorno: dove la trovo", "Message not delivered"} {
		for _, more := range []string{"", "In-Reply-To: <a@x.it>\nReferences: <a@x.it>\n", "Return-Path: <anna@x.it>\n", "X-Mailer: Outlook\nPrecedence: normal\nAuto-Submitted: no\n"} {
			m := read(t, []byte("From: Anna <anna@x.it>\nSubject: "+subject+"\n"+more+"\nciao\n"), Options{})
			if m.Automatic != Personal {
				t.Errorf("%q, %q: %q because %q", subject, more, m.Automatic, m.AutomaticWhy)
			}
		}
	}
}

func TestAutomatic(t *testing.T) {
	person := "From: Anna <anna@x.it>\nReturn-Path: <anna@x.it>\nSubject: Stampa\n"
	daemonHead := "From: MAILER-DAEMON@x.it\nReturn-Path: <>\n"
	for name, c := range map[string]struct {
		head string
		want Automatic
		why  string
	}{
		"a person":                               {person, Personal, ""},
		"a person who says so":                   {person + "Auto-Submitted: no\n", Personal, ""},
		"a person, with a precedence":            {person + "Precedence: first-class\n", Personal, ""},
		"a person, forwarded by rule":            {person + "X-MS-Exchange-Inbox-Rules-Loop: anna@x.it\nResent-From: a@x.it\n", Personal, ""},
		"a person who suppresses nothing":        {person + "X-Auto-Response-Suppress: None\n", Personal, ""},
		"RFC 3834, replied":                      {person + "Auto-Submitted: auto-replied (vacation)\n", AutoReply, "Auto-Submitted: auto-replied (vacation)"},
		"RFC 3834, generated":                    {person + "Auto-Submitted: auto-generated\n", Notification, "Auto-Submitted: auto-generated"},
		"RFC 3834, notified":                     {person + "auto-submitted: Auto-Notified; owner-email=x\n", Notification, "Auto-Submitted: Auto-Notified; owner-email=x"},
		"vacation of a program":                  {person + "X-Vacation: yes\n", OutOfOffice, "X-Vacation: yes"},
		"X-Autoreply":                            {person + "X-Autoreply: yes\n", AutoReply, "X-Autoreply: yes"},
		"Precedence: auto_reply":                 {person + "Precedence: auto_reply\n", AutoReply, "Precedence: auto_reply"},
		"absence by Exchange":                    {"From: Anna <anna@x.it>\nSubject: Risposta automatica: Stampa\nX-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n", OutOfOffice, "Auto-Submitted: auto-generated"},
		"absence in words, that nobody sent":     {"From: Anna <anna@x.it>\nReturn-Path: <>\nSubject: Fuori sede: Stampa\n", OutOfOffice, "Subject: Fuori sede: Stampa"},
		"an encoded subject":                     {"From: Anna <anna@x.it>\nReturn-Path: <>\nSubject: =?utf-8?Q?R=C3=A9ponse_automatique=3A_x?=\n", OutOfOffice, "Subject: Réponse automatique: x"},
		"no return path":                         {"From: Anna <anna@x.it>\nReturn-Path: <>\nSubject: Stampa\n", AutoReply, "Return-Path: <>"},
		"a list":                                 {person + "List-Id: <docenti.x.it>\nPrecedence: list\n", List, "List-Id: <docenti.x.it>"},
		"a list that only says so":               {person + "Precedence: list\n", List, "Precedence: list"},
		"bulk":                                   {person + "Precedence: bulk\n", Bulk, "Precedence: bulk"},
		"a newsletter":                           {person + "List-Unsubscribe: <https://x.it/u>\n", Bulk, "List-Unsubscribe: <https://x.it/u>"},
		"another desk":                           {person + "X-RT-Loop-Prevention: x\n", Notification, "X-RT-Loop-Prevention: x"},
		"our own desk":                           {person + "X-Sportello-Ticket: 12\n", Notification, "X-Sportello-Ticket: 12"},
		"a monitor":                              {"From: no-reply@x.it\nSubject: Disco pieno\n", Notification, "From: no-reply@x.it"},
		"Non rispondere":                         {"From: non_rispondere@x.it\nSubject: x\n", Notification, "From: non_rispondere@x.it"},
		"a person called Noreplica":              {"From: noreplica@x.it\nSubject: x\n", Personal, ""},
		"a bounce in words":                      {daemonHead + "Subject: Undelivered Mail Returned to Sender\n", Bounce, "Subject: Undelivered Mail Returned to Sender"},
		"a bounce in Italian":                    {daemonHead + "Subject: Non recapitabile: Stampa\n", Bounce, "Subject: Non recapitabile: Stampa"},
		"a daemon that says nothing":             {daemonHead + "Subject: x\n", Bounce, "From: MAILER-DAEMON@x.it"},
		"a bounce of Exim":                       {daemonHead + "X-Failed-Recipients: a@b.it\nSubject: x\n", Bounce, "X-Failed-Recipients: a@b.it"},
		"a person writes about a bounce":         {"From: Anna <anna@x.it>\nReturn-Path: <anna@x.it>\nSubject: Undelivered Mail Returned to Sender\n", Personal, ""},
		"a report":                               {daemonHead + "Subject: x\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n", Bounce, "Content-Type: multipart/report; report-type=delivery-status; boundary=x"},
		"a receipt of reading":                   {person + "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n", Receipt, "Content-Type: multipart/report; report-type=disposition-notification; boundary=x"},
		"a receipt of reading of old programs":   {"From: Anna <anna@x.it>\nSubject: Letto: Stampa\nAuto-Submitted: auto-generated\n", Receipt, "Auto-Submitted: auto-generated"},
		"a receipt of certified mail, unproven":  {person + "X-Ricevuta: accettazione\n", Receipt, "X-Ricevuta: accettazione"},
		"a complaint":                            {person + "Content-Type: multipart/report; report-type=feedback-report; boundary=x\n", Notification, "Content-Type: multipart/report; report-type=feedback-report; boundary=x"},
		"a header that hides another":            {person + "X-Note: x =?utf-8?Q?=0AAuto-Submitted:_auto-replied?=\n", Personal, ""},
		"a group of Google that a person writes": {person + "X-Google-Group-Id: 1\n", List, "X-Google-Group-Id: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			m := read(t, []byte(c.head+"\nciao\n"), Options{})
			if m.Automatic != c.want || m.AutomaticWhy != c.why {
				t.Errorf("%q because %q, want %q because %q", m.Automatic, m.AutomaticWhy, c.want, c.why)
			}
		})
	}
}

func TestReport(t *testing.T) {
	dsn := func(status, original string) string {
		return "From: MAILER-DAEMON@mx.it\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nnon va\n--x\nContent-Type: message/delivery-status\n\n" +
			"Reporting-MTA: dns; mx.it\nArrival-Date: x\n\n" + status + "\n--x\n" + original + "\n--x--\n"
	}
	const whole = "Content-Type: message/rfc822\n\nMessage-ID: <m@desk>\nSubject: x\n\nciao"
	const headers = "Content-Type: text/rfc822-headers\n\nMessage-Id: <m@desk>\nSubject: x\n"
	one := func(l ReportLine, hard bool) *Report { return &Report{"m@desk", []ReportLine{l}, hard} }
	for name, c := range map[string]struct {
		raw  string
		want *Report
		is   Automatic
	}{
		"an address that is not there": {dsn("Final-Recipient: rfc822; Luca@X.it\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user", whole), one(ReportLine{"luca@x.it", "failed", "5.1.1", "550 5.1.1 no such user"}, true), Bounce},
		"headers alone come back":      {dsn("Final-Recipient: rfc822; luca@x.it\nAction: failed\nStatus: 5.1.1", headers), one(ReportLine{"luca@x.it", "failed", "5.1.1", ""}, true), Bounce},
		"a full mailbox is not hard":   {dsn("Final-Recipient: rfc822; luca@x.it\nAction: failed\nStatus: 5.2.2", whole), one(ReportLine{"luca@x.it", "failed", "5.2.2", ""}, false), Bounce},
		"a refusal is not hard":        {dsn("Final-Recipient: rfc822; luca@x.it\nAction: failed\nStatus: 5.7.1", whole), one(ReportLine{"luca@x.it", "failed", "5.7.1", ""}, false), Bounce},
		"a delay is not hard":          {dsn("Final-Recipient: rfc822; luca@x.it\nAction: delayed\nStatus: 4.4.1", whole), one(ReportLine{"luca@x.it", "delayed", "4.4.1", ""}, false), Bounce},
		"a status that says little":    {dsn("Final-Recipient: rfc822; luca@x.it\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 5.2.2 full", whole), one(ReportLine{"luca@x.it", "failed", "5.2.2", "552 5.2.2 full"}, false), Bounce},
		"where we had written to":      {dsn("Original-Recipient: rfc822;luca@x.it\nFinal-Recipient: rfc822; l@y.it\nAction: failed\nStatus: 5.1.1", whole), one(ReportLine{"luca@x.it", "failed", "5.1.1", ""}, true), Bounce},
		"delivered":                    {dsn("Final-Recipient: rfc822; luca@x.it\nAction: relayed (to mailing list)\nStatus: 2.0.0", whole), one(ReportLine{"luca@x.it", "relayed", "2.0.0", ""}, false), Receipt},
		"two recipients": {dsn("Final-Recipient: rfc822; a@x.it\nAction: failed\nStatus: 5.1.1\n\n\nFinal-Recipient: rfc822; b@x.it\nAction: delayed\nStatus: 4.0.0", whole),
			&Report{"m@desk", []ReportLine{{"a@x.it", "failed", "5.1.1", ""}, {"b@x.it", "delayed", "4.0.0", ""}}, true}, Bounce},
		"qmail": {"From: MAILER-DAEMON@mx.it\nReturn-Path: <>\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.it.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<luca@x.it>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <desk@y.it>\nMessage-ID: <m@desk>\nTo: altro@z.it\n",
			one(ReportLine{"luca@x.it", "failed", "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)"}, true), Bounce},
		"Exim": {"From: Mail Delivery System <Mailer-Daemon@mx.it>\nReturn-Path: <>\nX-Failed-Recipients: luca@x.it\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\n  luca@x.it\n    host mx.x.it [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<luca@x.it>:\n    550 5.1.1 User unknown\n\n------ This is a copy of the message, including all the headers. ------\n\nMessage-Id: <m@desk>\n",
			one(ReportLine{"luca@x.it", "failed", "5.1.1", "host mx.x.it [192.0.2.1] SMTP error from remote mail server after RCPT TO:<luca@x.it>: 550 5.1.1 User unknown"}, true), Bounce},
		"Postfix in words": {"From: MAILER-DAEMON@mx.it (Mail Delivery System)\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender\n\nThis is the mail system.\n\n<luca@x.it>: host mx.x.it said: 550 unknown user (in reply to RCPT TO)\n\nMessage-ID: <m@desk>\n",
			one(ReportLine{"luca@x.it", "failed", "5.0.0", "host mx.x.it said: 550 unknown user (in reply to RCPT TO)"}, true), Bounce},
		"Gmail": {"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: luca@x.it\nAuto-Submitted: auto-replied\nReferences: <m@desk>\nIn-Reply-To: <m@desk>\nSubject: Delivery Status Notification (Failure)\n\n** Address not found **\n\nYour message wasn't delivered to luca@x.it because the address couldn't be found.\n\nThe response was:\n550 5.1.1 The email account that you tried to reach does not exist.\n",
			one(ReportLine{"luca@x.it", "failed", "5.1.1", "** Address not found ** Your message wasn't delivered to luca@x.it because the address couldn't be found. The response was: 550 5.1.1 The email account that you tried to reach does not exist."}, true), Bounce},
		"a person reports nothing": {"From: Anna <a@x.it>\nReturn-Path: <a@x.it>\nSubject: failure notice\n\n<luca@x.it>:\n550 5.1.1 no\n", nil, Personal},
		"a receipt of reading": {"From: Anna <a@x.it>\nContent-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n--x\n\nletto\n--x\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <m@desk>\nDisposition: manual-action/MDN-sent-manually; displayed\n--x--\n",
			&Report{Original: "m@desk"}, Receipt},
	} {
		t.Run(name, func(t *testing.T) {
			m := read(t, []byte(c.raw), Options{})
			if d := cmp.Diff(c.want, m.Report); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if m.Automatic != c.is {
				t.Errorf("it is %q", m.Automatic)
			}
		})
	}
}

func TestProven(t *testing.T) {
	const from = "From: Anna <anna@cs.ateneo.it>\n"
	for name, c := range map[string]struct {
		head string
		want bool
	}{
		"DMARC":                                    {"Authentication-Results: mx.desk.it; dmarc=pass (p=reject) header.from=cs.ateneo.it\n" + from, true},
		"DKIM of the domain":                       {"Authentication-Results: mx.desk.it; spf=fail smtp.mailfrom=x.it; dkim=pass header.d=cs.ateneo.it header.s=k\n" + from, true},
		"DKIM of the organisation":                 {"Authentication-Results: mx.desk.it; dkim=pass header.d=ateneo.it\n" + from, true},
		"DKIM by identity":                         {"Authentication-Results: mx.desk.it; dkim=pass header.i=@ateneo.it\n" + from, true},
		"the name of the server in another case":   {"Authentication-Results: MX.Desk.it 1; dkim=pass header.d=ateneo.it\n" + from, true},
		"one of two signatures":                    {"Authentication-Results: mx.desk.it; dkim=fail header.d=ateneo.it; dkim=pass header.d=cs.ateneo.it\n" + from, true},
		"folded, with a version":                   {"Authentication-Results: mx.desk.it 1;\n\tdkim = pass (good\n\t signature) header.d = ateneo.it\n" + from, true},
		"nobody says anything":                     {from, false},
		"DKIM fails":                               {"Authentication-Results: mx.desk.it; dkim=fail header.d=ateneo.it\n" + from, false},
		"DKIM of somebody else":                    {"Authentication-Results: mx.desk.it; dkim=pass header.d=ladro.it\n" + from, false},
		"DKIM of a public suffix":                  {"Authentication-Results: mx.desk.it; dkim=pass header.d=it\n" + from, false},
		"DKIM of a neighbour":                      {"Authentication-Results: mx.desk.it; dkim=pass header.d=xateneo.it\n" + from, false},
		"SPF alone":                                {"Authentication-Results: mx.desk.it; spf=pass smtp.mailfrom=cs.ateneo.it\n" + from, false},
		"DMARC of another domain":                  {"Authentication-Results: mx.desk.it; dmarc=pass header.from=ladro.it\n" + from, false},
		"DMARC without a domain":                   {"Authentication-Results: mx.desk.it; dmarc=pass\n" + from, false},
		"another server":                           {"Authentication-Results: mx.ladro.it; dmarc=pass header.from=cs.ateneo.it\n" + from, false},
		"ours said no above":                       {"Authentication-Results: mx.desk.it; dkim=none\nAuthentication-Results: mx.desk.it; dmarc=pass header.from=cs.ateneo.it\n" + from, false},
		"another server's above ours":              {"Authentication-Results: in.altro.it; dkim=none\nAuthentication-Results: mx.desk.it; dmarc=pass header.from=cs.ateneo.it\n" + from, true},
		"hidden in a comment":                      {"Authentication-Results: mx.desk.it; dkim=fail (x; dmarc=pass header.from=cs.ateneo.it ) header.d=x.it\n" + from, false},
		"hidden in quotes":                         {"Authentication-Results: mx.desk.it; dkim=fail reason=\"x; dmarc=pass header.from=cs.ateneo.it\" header.d=x.it\n" + from, false},
		"hidden in nested comments":                {"Authentication-Results: mx.desk.it; spf=fail (a (b) ; dmarc=pass header.from=cs.ateneo.it)\n" + from, false},
		"a property twice":                         {"Authentication-Results: mx.desk.it; dkim=pass header.d=ladro.it header.d=ateneo.it\n" + from, false},
		"two From":                                 {"Authentication-Results: mx.desk.it; dmarc=pass header.from=cs.ateneo.it\n" + from + "From: x@y.it\n", false},
		"a From of two":                            {"Authentication-Results: mx.desk.it; dmarc=pass header.from=cs.ateneo.it\nFrom: anna@cs.ateneo.it, x@y.it\n", false},
		"no From":                                  {"Authentication-Results: mx.desk.it; dmarc=pass header.from=cs.ateneo.it\nTo: x@y.it\n", false},
		"the server's name as part of a longer":    {"Authentication-Results: mx.desk.it.ladro.it; dmarc=pass header.from=cs.ateneo.it\n" + from, false},
		"ARC is not ours to believe":               {"ARC-Authentication-Results: i=1; mx.desk.it; dmarc=pass header.from=cs.ateneo.it\n" + from, false},
		"a From that hides a line end in the name": {"Authentication-Results: mx.desk.it; dmarc=pass header.from=cs.ateneo.it\nFrom: =?utf-8?Q?a=0D=0AFrom:_x@y.it?= <anna@cs.ateneo.it>\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			m := read(t, []byte(c.head+"Subject: x\n\ny\n"), Options{Servers: []string{"mx.desk.it"}})
			if m.Proven != c.want || m.ProvenWhy == "" {
				t.Errorf("proven %v because %q", m.Proven, m.ProvenWhy)
			}
			if m = read(t, []byte(c.head+"Subject: x\n\ny\n"), Options{}); m.Proven {
				t.Error("proven by a server nobody named")
			}
		})
	}
}

func TestSplitMbox(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                         {"", nil},
		"blank":                           {"\n\n", nil},
		"one":                             {"From a@b Mon Mar  3 10:12:13 2025\nSubject: a\n\nb\n\n", []string{"Subject: a\n\nb\n"}},
		"two":                             {"From a@b Mon Mar  3 10:12:13 2025\nSubject: a\n\nb\n\nFrom - Mon Mar  3 10:12:14 2025\nSubject: c\n\nd\n", []string{"Subject: a\n\nb\n", "Subject: c\n\nd\n"}},
		"no line before the first":        {"Subject: a\n\nb\n", []string{"Subject: a\n\nb\n"}},
		"CR LF":                           {"From a Mon Mar  3 10:12:13 2025\r\nSubject: a\r\n\r\nb\r\n\r\nFrom a Mon Mar  3 10:12:13 2025\r\nSubject: c\r\n\r\nd", []string{"Subject: a\r\n\r\nb\r\n", "Subject: c\r\n\r\nd"}},
		"From in a text":                  {"From a Mon Mar  3 10:12:13 2025\nSubject: a\n\nFrom here on it is 10:12 in 2025\n\nFrom Monday\n", []string{"Subject: a\n\nFrom here on it is 10:12 in 2025\n\nFrom Monday\n"}},
		"a date but no header below":      {"From a Mon Mar  3 10:12:13 2025\nSubject: a\n\nb\n\nFrom a Mon Mar  3 10:12:13 2025\nciao\n", []string{"Subject: a\n\nb\n\nFrom a Mon Mar  3 10:12:13 2025\nciao\n"}},
		"no blank line before":            {"From a Mon Mar  3 10:12:13 2025\nSubject: a\n\nb\nFrom a Mon Mar  3 10:12:13 2025\nX: y\n", []string{"Subject: a\n\nb\nFrom a Mon Mar  3 10:12:13 2025\nX: y\n"}},
		"quoted once":                     {"From a Mon Mar  3 10:12:13 2025\nSubject: a\n\n>From me\n>>From you\n> From\n", []string{"Subject: a\n\nFrom me\n>From you\n> From\n"}},
		"an empty message is left out":    {"From a Mon Mar  3 10:12:13 2025\n\nFrom a Mon Mar  3 10:12:13 2025\nSubject: a\n\nb", []string{"Subject: a\n\nb"}},
		"a zone in the date":              {"From a Mon Mar  3 10:12:13 +0100 2025\nSubject: a\n\nb", []string{"Subject: a\n\nb"}},
		"a line longer than memory reads": {"From a Mon Mar  3 10:12:13 2025\nSubject: a\n\n" + strings.Repeat("x", 600<<10) + "\n\nFrom a Mon Mar  3 10:12:13 2025\nSubject: c\n\nd", []string{"Subject: a\n\n" + strings.Repeat("x", 600<<10) + "\n", "Subject: c\n\nd"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			if err := SplitMbox(strings.NewReader(c.in), func(raw []byte) error {
				got = append(got, string(raw))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}
