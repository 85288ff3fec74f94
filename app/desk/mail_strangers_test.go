package desk

import (
	"fmt"
	"testing"

	"sportello/app/desk/intake"
	"sportello/store"
	"sportello/store/db"
)

// TestStrangersOpenOnlySoManyTickets: the tickets that strangers open in an hour are limited for each address and each
// domain, also after a restart; the rest is held and nothing is lost. Answers to their own tickets, and the desk's own
// organisations, do not count.
func TestStrangersOpenOnlySoManyTickets(t *testing.T) {
	o := newMailOffice(t)
	o.most(3, 5)
	n := 0
	send := func(from string) *store.Mail {
		n++
		return o.mail(letter{from: from, subject: fmt.Sprintf("Numero %d", n), body: fmt.Sprintf("Testo %d", n)})
	}
	expect := func(from string, state store.MailState) *store.Mail {
		t.Helper()
		m := send(from)
		if m.State != state || state == store.MailHeld && (m.Why != intake.WhyMany || m.Ticket != 0) {
			t.Errorf("%d, %s: %s %s", n, from, m.State, m.Why)
		}
		return m
	}
	for range 3 {
		expect("uno@altrove.example", store.MailDone)
	}
	o.again(Options{})
	held := expect("uno@altrove.example", store.MailHeld)
	expect("due@altrove.example", store.MailDone)
	expect("tre@altrove.example", store.MailDone)
	expect("quattro@altrove.example", store.MailHeld)
	expect("uno@terzo.example", store.MailDone)
	for range 8 {
		expect("ada@ateneo.example", store.MailDone)
	}
	first := o.mail(letter{from: "uno@quarto.example", subject: "D", body: "?", proven: true})
	for i := range 8 {
		if m := o.mail(letter{from: "uno@quarto.example", subject: "Re: D", body: fmt.Sprintf("Ancora %d", i), reply: first.MessageID, proven: true}); m.Ticket != first.Ticket {
			t.Errorf("an answer is %s", m.State)
		}
	}
	if err := o.Intake.Judge(o.as("agente"), held.ID, intake.MailApprove); err != nil {
		t.Fatal(err)
	}
	if err := o.Intake.Process(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := o.st.View(func(tx *db.Tx) error {
		m, err := store.Mails.Get(tx, held.ID)
		if err == nil && (m.State != store.MailDone || m.Ticket == 0) {
			t.Errorf("approved, it is %s", m.State)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
