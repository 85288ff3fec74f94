package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
)

// certified returns a mail as a provider of certified mail passes it on, signed by an unknown provider. head are lines
// of the envelope, which has its own sender.
func certified(head string, parts ...string) string {
	b := "Return-Path: <posta-certificata@pec.gestore.example>\r\n" + head + "From: \"Per conto di: anna@pec.altrove.example\" <posta-certificata@pec.gestore.example>\r\n" +
		"To: csa@ateneo.example\r\nSubject: POSTA CERTIFICATA: Stampa\r\nMessage-ID: <opec1." + fmt.Sprint(len(head), len(strings.Join(parts, ""))) + "@pec.gestore.example>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/signed; protocol=\"application/x-pkcs7-signature\"; boundary=sig\r\n\r\n--sig\r\nContent-Type: multipart/mixed; boundary=mix\r\n\r\n--mix\r\nContent-Type: text/plain\r\n\r\nMessaggio di posta certificata\r\n"
	for _, p := range parts {
		b += "--mix\r\n" + p + "\r\n"
	}
	return b + "--mix--\r\n\r\n--sig\r\nContent-Type: application/x-pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMAA=\r\n--sig--\r\n"
}

func postacert(raw string) string {
	return "Content-Type: message/rfc822; name=postacert.eml\r\nContent-Disposition: attachment; filename=postacert.eml\r\n\r\n" + raw
}

const (
	transporto = "X-Trasporto: posta-certificata\r\nReply-To: anna@pec.altrove.example\r\n"
	machine    = "posta-certificata@pec.gestore.example"
)

func inner(from, more string) string {
	return "From: " + from + "\r\nTo: csa@ateneo.example\r\nSubject: Stampa\r\nMessage-ID: <inner." + strings.NewReplacer(" ", "", "<", "", ">", "", "@", "").Replace(from) + "@pec.altrove.example>\r\n" + more + "\r\nNon stampa.\r\n"
}

// TestCertifiedMailThatNothingProvesIsItsSenders: the requester of unproved certified mail is the person it names,
// never the machine; a person named by a machine gets no answer.
func TestCertifiedMailThatNothingProvesIsItsSenders(t *testing.T) {
	for name, c := range map[string]struct {
		raw       string
		from      string // "": it opens no ticket
		told      string // recipient of the letters, "" for nobody
		automatic string
	}{
		"an envelope":                         {certified(transporto, postacert(inner("Anna <anna@pec.altrove.example>", ""))), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"with other data":                     {certified(transporto, postacert(inner("Anna <anna@pec.altrove.example>", "")), "Content-Type: application/xml; name=daticert.xml\r\n\r\n<postacert tipo=\"posta-certificata\"><intestazione><mittente>altri@pec.it</mittente></intestazione></postacert>"), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"its sender wants answers elsewhere":  {certified(strings.Replace(transporto, "anna", "studio", 1), postacert(inner("Anna <anna@pec.altrove.example>", ""))), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"the message names nobody":            {certified(transporto, postacert("Subject: Stampa\r\n\r\nNon stampa.\r\n")), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"the message is not there":            {certified(transporto), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"there are two":                       {certified(transporto, postacert(inner("a@x.example", "")), postacert(inner("b@x.example", ""))), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"nobody is named at all":              {certified("X-Trasporto: posta-certificata\r\n"), machine, "", "notification"},
		"answers are for many":                {certified("X-Trasporto: posta-certificata\r\nReply-To: a@x.example, b@x.example\r\n"), machine, "", "notification"},
		"our server proves the machine":       {certified("Authentication-Results: mx.ateneo.example; dmarc=pass header.from=pec.gestore.example\r\n"+transporto, postacert(inner("Anna <anna@pec.altrove.example>", ""))), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"the message says it is proven":       {certified(transporto, postacert("Authentication-Results: mx.ateneo.example; dmarc=pass header.from=pec.altrove.example\r\n"+inner("Anna <anna@pec.altrove.example>", ""))), "anna@pec.altrove.example", "anna@pec.altrove.example", ""},
		"an envelope in the envelope":         {certified(transporto, postacert(certified(strings.Replace(transporto, "anna", "eva", 1), postacert(inner("eva@x.example", ""))))), machine, "", ""},
		"a machine wrote the message":         {certified(transporto, postacert(inner("anna@pec.altrove.example", "Auto-Submitted: auto-generated\r\n"))), "anna@pec.altrove.example", "", "notification"},
		"a machine wrote the envelope":        {certified("Auto-Submitted: auto-generated\r\n"+transporto, postacert(inner("anna@pec.altrove.example", ""))), "anna@pec.altrove.example", "", "notification"},
		"an automatic answer in the envelope": {certified(transporto, postacert(inner("anna@pec.altrove.example", "Auto-Submitted: auto-replied\r\n"))), "", "", ""},
		"an ordinary mail passed on":          {certified("X-Trasporto: errore\r\nReply-To: anna@pec.altrove.example\r\n", postacert(inner("Luca <luca@gmail.example>", ""))), "luca@gmail.example", "", "notification"},
		"a receipt of acceptance":             {certified("X-Ricevuta: accettazione\r\n"), "", "", ""},
		"a receipt of delivery":               {certified("X-Ricevuta: avvenuta-consegna\r\n", postacert(inner("anna@pec.altrove.example", ""))), "", "", ""},
		"an anomaly":                          {certified("X-Ricevuta: errore-consegna\r\n", postacert(inner("anna@pec.altrove.example", ""))), "", "", ""},
		"a receipt that says it is transport": {certified("X-Ricevuta: accettazione\r\n"+transporto, postacert(inner("anna@pec.altrove.example", ""))), "", "", ""},
		"our own, come back":                  {certified("X-Sportello-Desk: this-desk\r\n"+transporto, postacert(inner("anna@pec.altrove.example", ""))), "", "", ""},
		"our own, in the envelope":            {certified(transporto, postacert(inner("anna@pec.altrove.example", "X-Sportello-Desk: this-desk\r\n"))), "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newMailOffice(t)
			m := o.take(c.raw)
			var to []string
			for address := range o.post() {
				if !strings.HasSuffix(address, "@ateneo.example") {
					to = append(to, address)
				}
			}
			if name == "an envelope in the envelope" { // only one envelope is opened: the sender it names is a machine like any other
				if m.From != machine || slices.Contains(to, "eva@x.example") {
					t.Errorf("from %s, told %v", m.From, to)
				}
				return
			}
			if got := strings.Join(to, " "); got != c.told {
				t.Errorf("told %q", got)
			}
			if c.from == "" {
				if m.State != store.MailAside || m.Ticket != 0 {
					t.Errorf("%s, ticket %d", m.State, m.Ticket)
				}
				return
			}
			if m.State != store.MailDone || m.From != c.from || m.Proven && m.From != machine || m.PEC != "" {
				t.Fatalf("%s from %s, proven %v, certified %q", m.State, m.From, m.Proven, m.PEC)
			}
			v := o.message(m.Message)
			if !v.NotVerified() || v.PEC != "" || v.Automatic != c.automatic {
				t.Errorf("not verified %v, certified %q, a machine's %q", v.NotVerified(), v.PEC, v.Automatic)
			}
			if strings.Contains(c.raw, "Non stampa.") && !strings.Contains(name, "two") && v.Body != "Non stampa." {
				t.Errorf("it says %q", v.Body)
			}
			if last, err := o.Intake.MailUncertified(); err != nil || last.IsZero() != (c.from == machine) {
				t.Errorf("the administrator is told of %v, %v", last, err)
			}
		})
	}
}

// TestAnEnvelopeGivesNoMoreThanItsMessage: an unproved envelope gives nobody more than its message alone would, whoever
// it names, for a new ticket or an answer.
func TestAnEnvelopeGivesNoMoreThanItsMessage(t *testing.T) {
	for _, from := range []string{"ada@ateneo.example", "agente@ateneo.example", "collega@ateneo.example", "amministratore@ateneo.example", "eva@altrove.example", "noreply@altrove.example", "csa@ateneo.example", machine} {
		for _, how := range []string{"new", "answer", "number", "closed", "token of another"} {
			t.Run(from+" "+how, func(t *testing.T) {
				come := func(wrap bool) string {
					o := newMailOffice(t)
					first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?", proven: true})
					token := o.post()["ada@ateneo.example"].ReplyTo
					o.do("agente", first.Ticket, ticket.Step{Take: true})
					raw := inner(from, "Cc: luca@ateneo.example\r\n")
					switch how {
					case "answer":
						raw = inner(from, "In-Reply-To: <"+first.MessageID+">\r\n")
					case "number":
						raw = strings.Replace(inner(from, ""), "Subject: Stampa", fmt.Sprintf("Subject: Re: [#%d] D", first.Ticket), 1)
					case "closed":
						o.do("agente", first.Ticket, ticket.Step{To: store.StateResolved, Outcome: store.Solved, Message: &ticket.Text{Body: "Fatto."}})
						o.do("ada", first.Ticket, ticket.Step{Confirm: true})
						raw = inner(from, "In-Reply-To: <"+first.MessageID+">\r\n")
					case "token of another":
						raw = strings.Replace(inner(from, ""), "To: csa@ateneo.example", "To: "+token, 1)
					}
					o.post()
					before := len(o.sent)
					raw = "Return-Path: <" + from + ">\r\n" + raw
					if wrap {
						raw = certified("Authentication-Results: mx.ateneo.example; dmarc=pass header.from=pec.gestore.example\r\n"+transporto, postacert(raw))
					}
					m := o.take(raw)
					o.post()
					var told []string
					for _, l := range o.sent[before:] {
						var events []string
						for _, line := range l.Lines {
							events = append(events, fmt.Sprint(line.Event, line.Text != nil, line.Unproven))
						}
						told = append(told, l.Letter.To+" "+strings.Join(events, ","))
					}
					slices.Sort(told)
					out := fmt.Sprint(m.State, m.Why, m.From, m.Joined, m.Proven, told)
					if m.Ticket != 0 {
						tk, v := o.ticket(m.Ticket), o.message(m.Message)
						out += fmt.Sprint(tk.ID, tk.State, tk.Participants, tk.Wishes, tk.Unclaimed, tk.Beside, v.Internal, v.Agent, v.Unconfirmed, v.Outside, v.Known, v.NotVerified(), v.Automatic)
					}
					return out
				}
				if bare, wrapped := come(false), come(true); bare != wrapped {
					t.Errorf("by itself\n%s\nin an envelope\n%s", bare, wrapped)
				}
			})
		}
	}
}

// TestAnEnvelopeOpensNoDoorsAndHasTheBoundsOfItsMachine: a person named by an envelope gets no access to a mailbox
// through it, and mail is counted for the sending machine, however many people it names.
func TestAnEnvelopeOpensNoDoorsAndHasTheBoundsOfItsMachine(t *testing.T) {
	for _, box := range []string{"noti@ateneo.example", "dominio@ateneo.example", "approvare@ateneo.example"} {
		o := newMailOffice(t)
		m := o.take(strings.ReplaceAll(certified(transporto, postacert(inner("ada@ateneo.example", ""))), "csa@ateneo.example", box))
		if m.State != store.MailHeld {
			t.Errorf("%s: %s %s", box, m.State, m.Why)
		}
	}
	o := newMailOffice(t)
	opts := o.Post.Mail()
	opts.MostPerAddress = 3
	o.Post.SetMail(opts)
	states := map[store.MailState]int{}
	for i := range 8 {
		states[o.take(certified(transporto, postacert(inner(fmt.Sprintf("vittima%d@dominio%d.example", i, i), "")))).State]++
	}
	if states[store.MailDone] != 3 || states[store.MailHeld] != 5 {
		t.Errorf("%v", states)
	}
	told := 0
	for to := range o.post() {
		if strings.HasPrefix(to, "vittima") {
			told++
		}
	}
	if told > 3 {
		t.Errorf("%d people are written to", told)
	}
}
