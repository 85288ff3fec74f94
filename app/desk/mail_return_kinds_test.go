package desk

import (
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/intake"
	"sportello/app/mail"
	"sportello/store"
)

// dsn returns a report in the form of RFC 3464 with the fields about one recipient.
func dsn(from, subject, words, fields string) string {
	return "From: " + from + "\r\nSubject: " + subject + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + words +
		"\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.altrove.example\r\n\r\n" + fields + "\r\n--b--\r\n"
}

func words(from, subject, text string) string {
	return "From: " + from + "\r\nSubject: " + subject + "\r\n\r\n" + text + "\r\n"
}

// returnKinds are reports as written by many mail systems, none with the Message-ID of the letter; ADDRESS is its
// recipient. hard: the address does not exist; the others do not mark the person.
var returnKinds = []struct {
	name, raw string
	hard      bool
}{
	{"Postfix", dsn("MAILER-DAEMON@mx.altrove.example (Mail Delivery System)", "Undelivered Mail Returned to Sender", "This is the mail system at host mx.altrove.example.\r\n\r\n<ADDRESS>: host mx[192.0.2.1] said: 550 5.1.1 <ADDRESS>: Recipient address rejected: User unknown in local recipient table (in reply to RCPT TO command)\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"), true},
	{"Postfix, blocklist", dsn("MAILER-DAEMON@mx.altrove.example", "Undelivered Mail Returned to Sender", "<ADDRESS>: host mx said: 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: failed\r\nStatus: 5.7.1\r\nDiagnostic-Code: smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org\r\n"), false},
	{"Postfix, delayed", dsn("MAILER-DAEMON@mx.altrove.example", "Delayed Mail (still being retried)", "<ADDRESS>: connect to mx[192.0.2.1]:25: Connection timed out\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: delayed\r\nStatus: 4.4.1\r\nWill-Retry-Until: Mon, 10 Mar 2025 10:12:13 +0100\r\n"), false},
	{"Postfix, no such host", dsn("MAILER-DAEMON@mx.altrove.example", "Undelivered Mail Returned to Sender", "<ADDRESS>: Host or domain name not found.\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: failed\r\nStatus: 5.4.4\r\nDiagnostic-Code: X-Postfix; Host or domain name not found. Name service error for name=ateneo.example type=A: Host not found\r\n"), true},
	{"Exchange Online", dsn("Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@altrove.example>", "Undeliverable: Stampa", "Delivery has failed to these recipients or groups:\r\n\r\nADDRESS\r\nThe email address you entered couldn't be found.\r\n", "Final-Recipient: rfc822;ADDRESS\r\nAction: failed\r\nStatus: 5.1.10\r\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r\n"), true},
	{"Exchange Online, Italian", dsn("postmaster@altrove.example", "Non recapitabile: Stampa", "Impossibile recapitare il messaggio ai seguenti destinatari:\r\n\r\nADDRESS\r\n", "Final-Recipient: rfc822;ADDRESS\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException\r\n"), false},
	{"Exchange Online, DMARC", dsn("postmaster@altrove.example", "Undeliverable: Stampa", "Your message to ADDRESS couldn't be delivered.\r\n", "Final-Recipient: rfc822;ADDRESS\r\nAction: failed\r\nStatus: 5.7.509\r\nDiagnostic-Code: smtp;550 5.7.509 Access denied, sending domain does not pass DMARC verification\r\n"), false},
	{"Gmail", dsn("Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", "** Address not found **\r\n\r\nYour message wasn't delivered to ADDRESS because the address couldn't be found.\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\r\n"), true},
	{"Gmail, full", dsn("Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", "ADDRESS\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552-5.2.2 The email account that you tried to reach is over quota.\r\n"), false},
	{"Sendmail", dsn("Mail Delivery Subsystem <MAILER-DAEMON@mx.altrove.example>", "Returned mail: see transcript for details", "   ----- The following addresses had permanent fatal errors -----\r\n<ADDRESS>\r\n    (reason: 550 5.1.1 User unknown)\r\n", "Final-Recipient: RFC822; ADDRESS\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: SMTP; 550 5.1.1 User unknown\r\n"), true},
	{"Sendmail, in words", words("Mail Delivery Subsystem <MAILER-DAEMON>", "Returned mail: User unknown", "   ----- Transcript of session follows -----\r\n550 ADDRESS... User unknown\r\n\r\n   ----- Unsent message follows -----\r\nFrom: csa@ateneo.example\r\n"), true},
	{"Sendmail, delayed", words("Mail Delivery Subsystem <MAILER-DAEMON>", "Warning: could not send message for past 4 hours", "   ----- Transcript of session follows -----\r\n<ADDRESS>... Deferred: Connection refused by mx.\r\nMessage could not be delivered for 4 hours\r\nMessage will be deleted from queue\r\n"), false},
	{"qmail", words("MAILER-DAEMON@mx.altrove.example", "failure notice", "Hi. This is the qmail-send program at mx.altrove.example.\r\n\r\n<ADDRESS>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the message.\r\n\r\nReceived: from x\r\n"), true},
	{"qmail, full", words("MAILER-DAEMON@mx.altrove.example", "failure notice", "<ADDRESS>:\r\nUser is over the quota. You can try again later.\r\n\r\n--- Below this line is a copy of the message.\r\n"), false},
	{"Exim", words("Mail Delivery System <Mailer-Daemon@mx.altrove.example>", "Mail delivery failed: returning message to sender", "A message that you sent could not be delivered to one or more of its\r\nrecipients. This is a permanent error. The following address(es) failed:\r\n\r\n  ADDRESS\r\n    Unrouteable address\r\n\r\n------ This is a copy of the message, including all the headers. ------\r\n"), true},
	{"Exim, policy", words("Mail Delivery System <Mailer-Daemon@mx.altrove.example>", "Mail delivery failed: returning message to sender", "The following address(es) failed:\r\n\r\n  ADDRESS\r\n    host mx [192.0.2.1]\r\n    SMTP error from remote mail server after RCPT TO:<ADDRESS>:\r\n    550 rejected because 192.0.2.9 is in a black list\r\n"), false},
	{"Exim, delayed", words("Mail Delivery System <Mailer-Daemon@mx.altrove.example>", "Warning: message 1abcde-000001-AB delayed 24 hours", "A message that you sent has not yet been delivered to one or more of its\r\nrecipients after more than 24 hours on the queue.\r\n\r\n  ADDRESS\r\n    host mx [192.0.2.1]: 450 4.7.1 greylisted\r\n\r\nNo action is required on your part.\r\n"), false},
	{"Domino", words("Postmaster@altrove.example", "DELIVERY FAILURE: User ada (ADDRESS) not listed in Domino Directory", "Your message\r\n\r\n  Subject: Stampa\r\n\r\nwas not delivered to:\r\n\r\n  ADDRESS\r\n\r\nbecause:\r\n\r\n  User ada (ADDRESS) not listed in Domino Directory\r\n"), true},
	{"Exchange 2003", words("System Administrator <>", "Undeliverable: Stampa", "Your message did not reach some or all of the intended recipients.\r\n\r\nThe following recipient(s) could not be reached:\r\n\r\n      ADDRESS on 03/03/2025 10:12\r\n            The e-mail account does not exist at the organization this message was sent to.\r\n            <mx.altrove.example #5.1.1>\r\n"), true},
	{"GroupWise", words("Mailer-Daemon@gw.altrove.example", "Message status - undeliverable", "The message that you sent was undeliverable to the following:\r\n\tADDRESS (user not found)\r\n"), true},
	{"GroupWise, full", words("Mailer-Daemon@gw.altrove.example", "Message status - undeliverable", "The message that you sent was undeliverable to the following:\r\n\tADDRESS (mailbox is full)\r\n"), false},
	{"IMail", words("Postmaster@mail.altrove.example", "Undeliverable Mail", "Unknown user: ADDRESS\r\n\r\nOriginal message follows.\r\n"), true},
	{"MDaemon", words("MDaemon@altrove.example", "Permanent Delivery Failure", "The attached message had PERMANENT fatal delivery errors!\r\n\r\n  Failed address: ADDRESS\r\n\r\n  --- Session Transcript ---\r\n  --> RCPT To:<ADDRESS>\r\n  <-- 550 5.1.1 <ADDRESS>, Recipient unknown\r\n"), true},
	{"Courier", words("\"Courier mail server at mx\" <>", "NOTICE: mail delivery status.", "Your message to the following recipients cannot be delivered:\r\n\r\n<ADDRESS>:\r\n    <<< 550 User unknown.\r\n"), true},
	{"dma", words("MAILER-DAEMON <>", "Mail delivery failed", "This is the DragonFly Mail Agent v0.13 at df.\r\n\r\nThere was an error delivering your mail to <ADDRESS>.\r\n\r\n550 5.1.1 <ADDRESS>: User unknown\r\n"), true},
	{"OpenSMTPD", words("Mailer Daemon <MAILER-DAEMON@mx.altrove.example>", "Delivery status notification: error", "    Hi!\r\n\r\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\r\n\r\n    An error has occurred while attempting to deliver a message for\r\n    the following list of recipients:\r\n\r\nADDRESS: 550 5.1.1 no such user\r\n"), true},
	{"James", words("postmaster@altrove.example", "Error delivering mail", "Hi. This is the James mail server at mx.\r\nI'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\nADDRESS\r\n550 no such user here\r\n"), true},
	{"Zimbra", dsn("MAILER-DAEMON@zimbra.altrove.example", "Undelivered Mail Returned to Sender", "<ADDRESS>: 452 4.2.2 Over quota (in reply to end of DATA command)\r\n", "Final-Recipient: rfc822; ADDRESS\r\nOriginal-Recipient: rfc822;ADDRESS\r\nAction: failed\r\nStatus: 4.2.2\r\nDiagnostic-Code: smtp; 452 4.2.2 Over quota\r\n"), false},
	{"Libero", words("MAILER-DAEMON@libero.it", "Undelivered Mail Returned to Sender", "Il tuo messaggio non e' stato consegnato a:\r\n\r\n<ADDRESS>: 550 Utente sconosciuto\r\n"), true},
	{"Aruba", words("Mail Delivery System <mailer-daemon@aruba.it>", "Mancato recapito: Stampa", "Il messaggio non puo' essere recapitato a ADDRESS\r\nMotivo: casella inesistente\r\n"), true},
	{"Aruba, full", words("Mail Delivery System <mailer-daemon@aruba.it>", "Mancato recapito: Stampa", "Il messaggio non puo' essere recapitato a ADDRESS\r\nMotivo: la casella del destinatario e' piena\r\n"), false},
	{"Register", words("postmaster@register.it", "Impossibile recapitare il messaggio", "Destinatario: ADDRESS\r\nErrore: 552 5.2.2 quota superata\r\n"), false},
	{"GMX", words("GMX Mailer Daemon <mailer-daemon@gmx.net>", "Mail delivery failed: returning message to sender", "The following address\r\nfailed:\r\n\r\n\"ADDRESS\":\r\nSMTP error from remote server after RCPT command:\r\nhost: mx\r\n5.1.1 <ADDRESS>... User Unknown\r\n"), true},
	{"Web.de", words("Mailer-Daemon@web.de", "Unzustellbar: Stampa", "Ihre Nachricht an ADDRESS konnte nicht zugestellt werden:\r\n550 5.1.1 Empfaenger unbekannt\r\n"), true},
	{"Orange", words("MAILER-DAEMON@orange.fr", "Non remis : Stampa", "Votre message n'a pas pu etre remis a ADDRESS\r\n552 5.2.2 boite pleine\r\n"), false},
	{"Yahoo", words("MAILER-DAEMON@yahoo.com", "Failure Notice", "Sorry, we were unable to deliver your message to the following address.\r\n\r\n<ADDRESS>:\r\n554: delivery error: dd This user doesn't have a yahoo.com account (ADDRESS) [0]\r\n"), true},
	{"Proofpoint", dsn("MAILER-DAEMON@pps.altrove.example", "Returned mail: see transcript for details", "<ADDRESS>\r\n", "Final-Recipient: RFC822; ADDRESS\r\nAction: failed\r\nStatus: 5.7.0\r\nDiagnostic-Code: SMTP; 550 5.7.0 Local Policy Violation\r\n"), false},
	{"Mimecast", dsn("postmaster@mimecast.altrove.example", "[Postmaster] Email Delivery Failure", "ADDRESS\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: failed\r\nStatus: 5.4.14\r\nDiagnostic-Code: smtp; 550 Rejected by header based manually Blocked Senders\r\n"), false},
	{"Amazon SES", dsn("MAILER-DAEMON@amazonses.com", "Delivery Status Notification (Failure)", "An error occurred while trying to deliver the mail to the following recipients:\r\nADDRESS\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n"), true},
	{"a machine behind the address", dsn("MAILER-DAEMON@mx.altrove.example", "Undeliverable", "x\r\n", "Final-Recipient: rfc822; ada@mailstore1.ateneo.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no mailbox\r\n"), true},
	{"a copy that was passed on", dsn("MAILER-DAEMON@mx.altrove.example", "Undeliverable", "x\r\n", "Final-Recipient: rfc822; ada.neri@gmail.com\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no mailbox\r\n"), false},
	{"a status of no recipient", dsn("MAILER-DAEMON@mx.altrove.example", "Undelivered Mail Returned to Sender", "550 5.1.1 User unknown\r\n", "Final-Recipient: local; ada\r\nAction: failed\r\nStatus: 5.1.1\r\n"), true},
	{"nobody named, no such user", words("MAILER-DAEMON <>", "Returned mail", "Your message could not be delivered: user unknown\r\n"), true},
	{"nobody named, full", words("MAILER-DAEMON <>", "Returned mail", "Your message could not be delivered: mailbox full\r\n"), false},
	{"a gateway's own words", words("Gateway <gw@altrove.example>", "Bericht 4711", "Die Zustellung ist fehlgeschlagen.\r\n"), false},
	{"a gateway's own words and a code", words("Gateway <gw@altrove.example>", "Bericht 4711", "Zustellung fehlgeschlagen, 550 5.1.1 Empfaenger existiert nicht.\r\n"), true},
	{"a gateway of many words, disabled", words("Gateway <gw@altrove.example>", "Info", "L'account ADDRESS risulta disabilitato (550 5.2.1).\r\n"), false},
	{"relayed", dsn("MAILER-DAEMON@mx.altrove.example", "Successful Mail Delivery Report", "x\r\n", "Final-Recipient: rfc822; ADDRESS\r\nAction: relayed\r\nStatus: 2.0.0\r\n"), false},
}

// TestEveryReportFindsItsLetterByItsEnvelope: every report to the envelope sender of a letter finds its letter, whoever
// wrote it and whether or not it names the letter; and it marks the right person.
func TestEveryReportFindsItsLetterByItsEnvelope(t *testing.T) {
	const ada = "ada@ateneo.example"
	recognised, named, joined, without, right := 0, 0, 0, 0, 0
	for _, c := range returnKinds {
		t.Run(c.name, func(t *testing.T) {
			o, first, l := returning(t)
			raw := "Return-Path: <>\r\nTo: " + l.Return + "\r\n" + strings.ReplaceAll(c.raw, "ADDRESS", ada)
			read, err := mail.Read(strings.NewReader(raw), int64(len(raw)), mail.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if read.Report != nil {
				recognised++
				if slices.ContainsFunc(read.Report.Recipients, func(r mail.ReportLine) bool { return r.Address == ada }) {
					named++
				}
			}
			if m := o.take("Message-ID: <other@mx>\r\n" + strings.Replace(raw, l.Return, "csa@ateneo.example", 1)); m.Ticket == first.Ticket {
				without++
			}
			m := o.take(raw)
			if m.State != store.MailDone || m.Joined != intake.JoinedReport || m.Ticket != first.Ticket {
				t.Fatalf("%s, %q because %q, ticket %d", m.State, m.Joined, m.Why, m.Ticket)
			}
			joined++
			if why, _ := o.failed("ada"); (why != "") != c.hard {
				t.Errorf("marked %q", why)
			} else {
				right++
			}
		})
	}
	t.Logf("of %d: recognised by their words %d, with the recipient %d; joined by the token %d (without it %d); rightly marked or left alone %d", len(returnKinds), recognised, named, joined, without, right)
}
