package desk

import (
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

const passedMail = "Vi inoltro per competenza.\r\n\r\n---------- Forwarded message ---------\r\nDa: Mario Rossi <Mario.Rossi@esterno.example>\r\nDate: lun 3 mar 2025 alle ore 10:12\r\nSubject: Badge\r\nTo: <ada@ateneo.example>\r\n\r\nIl badge non apre.\r\n"

// TestWhoMayNotArrangeMakesNobodyTheRequester: only people who may arrange the ticket are offered the inner sender, and
// may make them the requester.
func TestWhoMayNotArrangeMakesNobodyTheRequester(t *testing.T) {
	o := newMailOffice(t)
	m := o.mail(letter{from: "ada@ateneo.example", subject: "Fwd: Badge", body: passedMail})
	before := o.ticket(m.Ticket)
	for _, who := range []string{"ada", "altrove", "referente", "unita", "redattore"} {
		if _, err := o.Tickets.Do(o.as(who), m.Ticket, ticket.Step{For: "mario.rossi@esterno.example"}); err == nil {
			t.Errorf("%s may", who)
		}
		if v, err := o.Tickets.Read(o.as(who), m.Ticket); err == nil && v.Inner != nil {
			t.Errorf("%s is offered %+v", who, v.Inner)
		}
	}
	if k := o.ticket(m.Ticket); k.Requester != before.Requester || k.Rev != before.Rev {
		t.Errorf("the ticket changed: %+v", k)
	}
}

func TestTheInnerSenderIsOfferedAndBecomesTheRequester(t *testing.T) {
	o := newMailOffice(t)
	m := o.mail(letter{from: "ada@ateneo.example", subject: "Fwd: Badge", body: passedMail})
	before := o.ticket(m.Ticket)
	v, err := o.Tickets.Read(o.as("agente"), m.Ticket)
	if err != nil || v.Inner == nil {
		t.Fatalf("nobody is offered: %v", err)
	}
	if in := *v.Inner; in.Name != "Mario Rossi" || in.Email != "mario.rossi@esterno.example" || in.Date != "lun 3 mar 2025 alle ore 10:12" {
		t.Errorf("offered %+v", in)
	}
	o.post()
	o.do("agente", m.Ticket, ticket.Step{For: v.Inner.Email})
	k := o.ticket(m.Ticket)
	var p *store.Person
	_ = o.st.View(func(tx *db.Tx) (err error) { p, err = store.People.Get(tx, k.Requester); return err })
	if p == nil || p.Email != "mario.rossi@esterno.example" || p.Name != "Mario Rossi" || p.Password != "" || k.Organisation != p.Hat(o.st.Now()).Organisation {
		t.Fatalf("requester %+v of %+v", p, k)
	}
	if !slices.Contains(k.Participants, before.Requester) || slices.Contains(k.Participants, p.ID) {
		t.Errorf("participants %v", k.Participants)
	}
	if v, err = o.Tickets.Read(o.as("agente"), m.Ticket); err != nil || v.Inner != nil {
		t.Errorf("still offered: %+v, %v", v.Inner, err)
	}
	if v.People[before.Requester] == nil || v.History[len(v.History)-1].Act != act.Requester {
		t.Errorf("the history is %+v", v.History)
	}
	if v, err = o.Tickets.Read(o.as("ada"), m.Ticket); err != nil || !v.Side {
		t.Errorf("who passed it on reads it no more: %v", err)
	}
}

// TestNobodyIsOfferedWhoCannotBeARequester: the desk itself, addresses nobody reads, the sender, and names without an
// address are never offered.
func TestNobodyIsOfferedWhoCannotBeARequester(t *testing.T) {
	o := newMailOffice(t)
	for _, from := range []string{"csa@ateneo.example", "noreply@esterno.example", "ada@ateneo.example", "Mario Rossi", "Mario <mario@>"} {
		m := o.mail(letter{from: "ada@ateneo.example", subject: "Fwd: Badge", body: "Per competenza.\r\n\r\n---------- Forwarded message ---------\r\nDa: " + from + "\r\nDate: ieri\r\n\r\nNon apre " + from + ".\r\n"})
		if v, err := o.Tickets.Read(o.as("agente"), m.Ticket); err != nil || v.Inner != nil {
			t.Errorf("%s: %+v, %v", from, v.Inner, err)
		}
	}
	m := o.mail(letter{from: "ada@ateneo.example", subject: "Badge", body: "Non apre."})
	for _, address := range []string{"csa@ateneo.example", "nessuno", "a@b@c.example"} {
		if _, err := o.Tickets.Do(o.as("agente"), m.Ticket, ticket.Step{For: address}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestAnAttachedMailIsShownBelowTheWords: an attached mail counts as forwarded, whether the text above it is plain or
// HTML; the mail attached to a report does not.
func TestAnAttachedMailIsShownBelowTheWords(t *testing.T) {
	const inner = "From: Mario Rossi <mario@esterno.example>\r\nDate: Mon, 2 Mar 2026 10:12:00 +0100\r\nSubject: Badge\r\nMIME-Version: 1.0\r\n"
	for name, c := range map[string]struct{ words, inner, as string }{
		"text in text": {"Content-Type: text/plain\r\n\r\nVi inoltro.\r\n", inner + "\r\nIl badge <non> apre.\r\n", "attachment"},
		"HTML in HTML": {"Content-Type: text/html\r\n\r\n<p>Vi inoltro.</p>\r\n", inner + "Content-Type: text/html\r\n\r\n<p>Il badge &lt;non&gt; apre.</p><script>x</script>\r\n", "inline"},
		"text in HTML": {"Content-Type: text/html\r\n\r\n<p>Vi inoltro.</p>\r\n", inner + "\r\nIl badge <non> apre.\r\n-- \r\nMario\r\n", "attachment"},
		"HTML in text": {"Content-Type: text/plain\r\n\r\nVi inoltro.\r\n", inner + "Content-Type: text/html\r\n\r\n<p>Il badge &lt;non&gt; apre.</p>\r\n", "attachment"},
		"no words":     {"Content-Type: text/plain\r\n\r\n", inner + "\r\nIl badge <non> apre.\r\n", "attachment"},
	} {
		o := newMailOffice(t)
		m := o.mail(letter{from: "ada@ateneo.example", subject: "Fwd: Badge", header: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=zz\r\n",
			body: "--zz\r\n" + c.words + "--zz\r\nContent-Type: message/rfc822\r\nContent-Disposition: " + c.as + "\r\n\r\n" + c.inner + "--zz--\r\n"})
		v, err := o.Tickets.Read(o.as("agente"), m.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		msg := v.Messages[0]
		for _, want := range []string{"Da: Mario Rossi <mario@esterno.example>", "Il badge <non> apre."} {
			if !strings.Contains(msg.Body, want) {
				t.Errorf("%s: %q is not in %q", name, want, msg.Body)
			}
		}
		if name != "no words" && !strings.HasPrefix(msg.Body, "Vi inoltro.") || msg.HTML != "" && (!strings.Contains(msg.HTML, "&lt;non&gt;") || strings.Contains(msg.HTML, "script")) {
			t.Errorf("%s: %q %q", name, msg.Body, msg.HTML)
		}
		if len(v.Files[msg.ID]) != 1 {
			t.Errorf("%s: the file is not kept", name)
		}
		if v.Inner == nil || v.Inner.Email != "mario@esterno.example" || v.Inner.Name != "Mario Rossi" {
			t.Errorf("%s: offered %+v", name, v.Inner)
		}
	}
}
