package desk

import (
	"fmt"
	"strings"
	"testing"

	"sportello/app/desk/intake"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
)

// TestWhomAFormNamesSeesNothingBeforeTheyClaimIt: a person named by a web form is the requester but learns nothing: no
// notice, letter, list, search or page mentions the ticket until they have signed in and claimed it. An agent's answer
// reaches them nevertheless.
func TestWhomAFormNamesSeesNothingBeforeTheyClaimIt(t *testing.T) {
	o := newMailOffice(t)
	opts := o.Post.Mail()
	opts.Forms = []string{"Modulo@ateneo.example"}
	o.Post.SetMail(opts)
	form := func(from, replyTo, header string) *store.Mail {
		o.t.Helper()
		return o.mail(letter{from: from, subject: "Modulo zibaldone", body: "Parole di chissà chi.", header: "Reply-To: " + replyTo + "\r\n" + header})
	}
	for name, c := range map[string]struct {
		from, replyTo, requester string
		unclaimed                bool
	}{
		"noreply":                      {"noreply@ateneo.example", "Ada Neri <ada@ateneo.example>", "ada@ateneo.example", true},
		"non rispondere":               {"non-rispondere@ateneo.example", "ada@ateneo.example", "ada@ateneo.example", true},
		"an address that is named":     {"modulo@ateneo.example", "ada@ateneo.example", "ada@ateneo.example", true},
		"somebody new":                 {"donotreply@ateneo.example", "nuova@altrove.example", "nuova@altrove.example", true},
		"a person with another reply":  {"collega@ateneo.example", "ada@ateneo.example", "collega@ateneo.example", false},
		"several people":               {"noreply@ateneo.example", "ada@ateneo.example, collega@ateneo.example", "noreply@ateneo.example", false},
		"the desk itself":              {"noreply@ateneo.example", "csa@ateneo.example", "noreply@ateneo.example", false},
		"another that nobody answers":  {"noreply@ateneo.example", "no-reply@altrove.example", "noreply@ateneo.example", false},
		"no address at all":            {"noreply@ateneo.example", "undisclosed", "noreply@ateneo.example", false},
		"somebody called like noreply": {"noreplica@ateneo.example", "ada@ateneo.example", "noreplica@ateneo.example", false},
	} {
		m := form(c.from, c.replyTo, "X-Case: "+name+"\r\n")
		if m.State != store.MailDone || m.Proven {
			t.Fatalf("%s: %+v", name, m)
		}
		k := o.ticket(m.Ticket)
		var p *store.Person
		_ = o.st.View(func(tx *db.Tx) (err error) { p, err = store.People.Get(tx, k.Requester); return err })
		if p.Email != c.requester || k.Unclaimed != c.unclaimed || !o.message(m.Message).NotVerified() && c.unclaimed {
			t.Errorf("%s: requester %s, unclaimed %v", name, p.Email, k.Unclaimed)
		}
	}

	o = newMailOffice(t)
	proof := "Authentication-Results: mx.ateneo.example; dmarc=pass header.from=ateneo.example\r\n"
	m := form("noreply@ateneo.example", "ada@ateneo.example", proof)
	n := m.Ticket
	ada, referente := o.as("ada"), o.as("referente")
	sees := func(a policy.Actor) bool {
		t.Helper()
		_, err := o.Tickets.Read(a, n)
		l, err2 := o.Queues.List(a, queue.TicketFilter{})
		q, err3 := o.Queues.SideTickets(a, queue.SideQuery{})
		if err2 != nil || err3 != nil {
			t.Fatal(err2, err3)
		}
		if (err == nil) != (len(l.Tickets) == 1) || a.ID() == ada.ID() && (err == nil) != (len(q.Tickets) == 1) {
			t.Errorf("page and lists disagree: %v, %d, %d", err, len(l.Tickets), len(q.Tickets))
		}
		return err == nil
	}
	if sees(ada) || sees(referente) {
		t.Error("it is seen before it was claimed")
	}
	out := o.post()
	ack := out["ada@ateneo.example"]
	if ack == nil || len(ack.Lines) != 1 || ack.Lines[0].Event != event.Received || ack.Ticket != nil || ack.Link != "" {
		t.Errorf("the acknowledgement: %+v", ack)
	}
	if list, _, err := o.Notices.List(ada, 10); err != nil || len(list) != 0 {
		t.Errorf("the bell: %v, %v", list, err)
	}
	o.do("agente", n, ticket.Step{Take: true})
	if l := o.post()["ada@ateneo.example"]; l != nil {
		t.Errorf("told of taking: %+v", l)
	}
	o.do("agente", n, ticket.Step{Message: say("Ecco la risposta.")})
	l := o.post()["ada@ateneo.example"]
	if !hasText(l, "Ecco la risposta.") || l.Link != "" || len(l.Lines) != 1 {
		t.Fatalf("the answer: %+v", l)
	}
	for _, line := range l.Lines {
		if line.Text != nil && strings.Contains(line.Text.Body, "chissà") {
			t.Error("the form's words went out")
		}
	}
	// Their answer by mail joins the ticket, and claims nothing.
	next := o.mail(letter{from: "ada@ateneo.example", to: l.ReplyTo, subject: "Re: x", body: "Grazie, ma non è mia.", proven: true})
	if k := o.ticket(n); next.Ticket != n || !k.Unclaimed || len(k.Wishes) != 0 || k.Messages != 3 {
		t.Errorf("the reply: %+v of %+v", next, k)
	}
	for _, who := range []string{"referente", "estraneo", "agente", "amministratore"} {
		if yes, err := o.Tickets.MayClaim(o.as(who), n); yes || err != nil {
			t.Errorf("%s may claim it: %v", who, err)
		}
		if err := o.Tickets.Claim(o.as(who), n); fault.KindOf(err) != fault.NotFound || err == nil {
			t.Errorf("%s claims it: %v", who, err)
		}
	}
	if yes, err := o.Tickets.MayClaim(ada, n); !yes || err != nil {
		t.Errorf("its requester may not claim it: %v", err)
	}
	if err := o.Tickets.Claim(ada, n); err != nil {
		t.Fatal(err)
	}
	if k := o.ticket(n); !sees(ada) || !sees(referente) || k.Organisation != o.organis["Ateneo"] {
		t.Error("it is not seen after it was claimed")
	}
	if err := o.Tickets.Claim(ada, n); fault.KindOf(err) != fault.NotFound || err == nil {
		t.Errorf("claimed twice: %v", err)
	}
}

// TestAFormCountsAsItself: a form gives no access that its own address does not have; the limits and rules of a mailbox
// apply to that address.
func TestAFormCountsAsItself(t *testing.T) {
	o := newMailOffice(t)
	o.most(3, 0)
	held := 0
	for i := range 5 {
		m := o.mail(letter{from: "noreply@altrove.example", subject: fmt.Sprint(i), body: fmt.Sprint("testo ", i), header: fmt.Sprintf("Reply-To: p%d@ateneo.example\r\n", i)})
		if m.State == store.MailHeld && m.Why == intake.WhyMany {
			held++
		}
	}
	if held != 2 {
		t.Errorf("%d are held", held)
	}
	for _, to := range []string{"noti@ateneo.example", "dominio@ateneo.example"} {
		m := o.mail(letter{from: "noreply@terzo.example", to: to, subject: to, body: to, header: "Reply-To: ada@ateneo.example\r\n"})
		if m.State != store.MailHeld {
			t.Errorf("%s lets it in: %s", to, m.State)
		}
	}
}
