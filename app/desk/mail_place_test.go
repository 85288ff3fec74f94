package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/intake"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// newOffices has two mailboxes of two groups, and a group without a mailbox that is reached at its own address.
func newOffices(t *testing.T) *mailOffice {
	o := newMailOffice(t)
	opts := o.Post.Mail()
	opts.Mailboxes = append(opts.Mailboxes, post.Mailbox{Address: "generale@ateneo.example", Group: "generale"})
	o.Post.SetMail(opts)
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, o.group["legale"])
		if err != nil {
			return err
		}
		g.Email = "Sportello-Legale@ateneo.example"
		return store.Groups.Put(tx, g)
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// every returns all mails of the desk.
func (o *mailOffice) every() (out []*store.Mail) {
	o.t.Helper()
	err := o.st.View(func(tx *db.Tx) error {
		out = nil
		for m, err := range store.Mails.All(tx, 0, false) {
			if err != nil {
				return err
			}
			out = append(out, m)
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

// TestOneMailToSeveralMailboxesIsHandledOnceForEach: one mail to several mailboxes is processed once for each, however
// its copies arrive, and the tickets are linked for agents.
func TestOneMailToSeveralMailboxesIsHandledOnceForEach(t *testing.T) {
	raw := func(id, to, refs, more string) string {
		if refs != "" {
			refs = "References: <" + refs + "@x>\r\n"
		}
		return fmt.Sprintf("%sFrom: Ada Neri <ada@ateneo.example>\r\nTo: %s\r\nSubject: Cedolino\r\nMessage-ID: <%s@x>\r\n%s\r\nNon si apre (%s).\r\n", more, to, id, refs, id)
	}
	both := "csa@ateneo.example, generale@ateneo.example"
	type copy struct {
		from intake.From
		raw  string
	}
	for name, copies := range map[string][]copy{
		"one envelope":                       {{intake.From{Source: "lmtp", To: []string{"csa@ateneo.example", "generale@ateneo.example"}}, raw("a", both, "", "")}},
		"an envelope each, the same bytes":   {{intake.From{Source: "lmtp", To: []string{"csa@ateneo.example"}}, raw("a", both, "", "")}, {intake.From{Source: "lmtp", To: []string{"generale@ateneo.example"}}, raw("a", both, "", "")}},
		"two folders that are fetched":       {{intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, raw("a", both, "", "Delivered-To: csa@ateneo.example\r\n")}, {intake.From{Source: "imap", Mailbox: "generale@ateneo.example"}, raw("a", both, "", "Delivered-To: generale@ateneo.example\r\n")}},
		"two folders, the same bytes":        {{intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, raw("a", both, "", "")}, {intake.From{Source: "imap", Mailbox: "generale@ateneo.example"}, raw("a", both, "", "")}},
		"a pipe that knows no envelope":      {{intake.From{Source: "pipe"}, raw("a", both, "", "")}},
		"both ways, and each of them again":  {{intake.From{Source: "pipe"}, raw("a", both, "", "")}, {intake.From{Source: "imap", Mailbox: "csa@ateneo.example"}, raw("a", both, "", "X: 1\r\n")}, {intake.From{Source: "lmtp", To: []string{"generale@ateneo.example"}}, raw("a", both, "", "X: 2\r\n")}, {intake.From{Source: "pipe"}, raw("a", both, "", "")}},
		"a copy, and two addresses of a box": {{intake.From{Source: "pipe"}, raw("a", "csa@ateneo.example, csa+x@ateneo.example, sportello@ateneo.example", "", "Cc: generale@ateneo.example\r\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffices(t)
			for _, c := range copies {
				if _, err := o.Intake.Take(c.from, strings.NewReader(c.raw)); err != nil {
					t.Fatal(err)
				}
				if err := o.Intake.Process(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			var done []*store.Mail
			for _, m := range o.every() {
				switch m.State {
				case store.MailDone:
					done = append(done, m)
				case store.MailSame:
				default:
					t.Errorf("a copy is %s", m.State)
				}
			}
			if len(done) != 2 || done[0].Ticket == done[1].Ticket {
				t.Fatalf("%d tickets", len(done))
			}
			groups := []uint64{o.group["csa"], o.group["generale"]}
			for i, m := range done {
				k := o.ticket(m.Ticket)
				if !slices.Contains(groups, k.Group) || !slices.Equal(k.Links, []uint64{done[1-i].Ticket}) || k.Messages != 1 || k.PublicRev != 1 {
					t.Errorf("%+v", k)
				}
				if v, err := o.Tickets.Read(o.as("ada"), k.ID); err != nil || len(v.Messages) != 1 {
					t.Errorf("its requester sees %v, %v", v, err)
				}
			}
			if o.ticket(done[0].Ticket).Group == o.ticket(done[1].Ticket).Group {
				t.Error("both stand in one group")
			}
			// Their next mail reaches the ticket of the mailbox they write to, and both when they write to both.
			for _, next := range []struct {
				to     string
				groups []string
			}{{"csa@ateneo.example", []string{"csa"}}, {"generale@ateneo.example", []string{"generale"}}, {both, []string{"csa", "generale"}}} {
				id := "b" + strings.Join(next.groups, "")
				if _, err := o.Intake.Take(intake.From{Source: "pipe"}, strings.NewReader(raw(id, next.to, "a", ""))); err != nil {
					t.Fatal(err)
				}
				if err := o.Intake.Process(t.Context()); err != nil {
					t.Fatal(err)
				}
				var got []uint64
				for _, m := range o.every() {
					if m.MessageID == id+"@x" && m.State == store.MailDone {
						got = append(got, o.ticket(m.Ticket).Group)
						if m.Ticket != done[0].Ticket && m.Ticket != done[1].Ticket {
							t.Errorf("%s opened #%d", id, m.Ticket)
						}
					}
				}
				var want []uint64
				for _, g := range next.groups {
					want = append(want, o.group[g])
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s went to groups %v, want %v", id, got, want)
				}
			}
		})
	}
}

// TestTheAddressOfAGroupIsTheDesksOwn: a group's address belongs to the desk: mail to it goes to that group, and nobody
// can add it to a ticket.
func TestTheAddressOfAGroupIsTheDesksOwn(t *testing.T) {
	o := newOffices(t)
	m := o.mail(letter{from: "ada@ateneo.example", to: "sportello-legale@ateneo.example", subject: "D", body: "?"})
	if k := o.ticket(m.Ticket); k.Group != o.group["legale"] {
		t.Errorf("it went to group %d", k.Group)
	}
	m = o.mail(letter{from: "ada@ateneo.example", to: "csa@ateneo.example", cc: "sportello-legale@ateneo.example, collega@ateneo.example", subject: "E", body: "?", proven: true})
	for _, k := range []*store.Ticket{o.ticket(m.Ticket), o.ticket(m.Ticket + 1)} {
		if !slices.Equal(k.Wishes, []string{"collega@ateneo.example"}) || len(k.Participants) != 0 {
			t.Errorf("ticket %d: wishes %v, participants %v", k.ID, k.Wishes, k.Participants)
		}
	}
}

// TestAColleaguesAddressIsNotTheDesksOwn: a group that gives a colleague's own address for questions does not cut off
// that colleague.
func TestAColleaguesAddressIsNotTheDesksOwn(t *testing.T) {
	o := newOffices(t)
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, o.group["legale"])
		if err != nil {
			return err
		}
		g.Email = "agente@ateneo.example"
		return store.Groups.Put(tx, g)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.mail(letter{from: "ada@ateneo.example", subject: "Cedolino", body: "Non si apre.", proven: true})
	if l := o.post()["agente@ateneo.example"]; !hasText(l, "Non si apre.") {
		t.Errorf("they were told %+v", l)
	}
}

// TestAnOfficeWritesToAnotherOffice: an office that writes from the address at which the desk receives mail counts as a
// person: its mail opens a ticket, and the answer reaches the people of that office. The desk recognises its own mail
// by Message-ID and its own mark.
func TestAnOfficeWritesToAnotherOffice(t *testing.T) {
	o := newOffices(t)
	m := o.mail(letter{from: "csa@ateneo.example", to: "generale@ateneo.example", subject: "Chiavi", body: "Chi le ha?"})
	if m.State != store.MailDone || m.Joined != intake.JoinedNew {
		t.Fatalf("%+v", m)
	}
	k := o.ticket(m.Ticket)
	if k.Group != o.group["generale"] {
		t.Errorf("%+v", k)
	}
	o.post()
	o.do("amministratore", k.ID, ticket.Step{Group: ptr(o.group["generale"])})
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, o.people["altrove"].ID)
		if err != nil {
			return err
		}
		p.Groups = append(p.Groups, store.Membership{Group: o.group["generale"]})
		o.people["altrove"] = p
		return store.People.Put(tx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.do("altrove", k.ID, ticket.Step{Message: say("Le ha il portiere.")})
	out := o.post()
	for _, address := range []string{"agente@ateneo.example", "agente2@ateneo.example"} {
		if l := out[address]; !hasText(l, "Le ha il portiere.") {
			t.Errorf("%s was told %+v", address, l)
		}
	}
	if l := out["csa@ateneo.example"]; l != nil {
		t.Error("the desk wrote to itself")
	}
	sent := o.sent[0].Letter
	for name, header := range map[string]string{"by its mark": "X-Sportello-Desk: this-desk\r\n", "by its Message-ID": ""} {
		back := o.mail(letter{from: "sportello@ateneo.example", to: "csa@ateneo.example", subject: name, body: name, id: sent.MessageID, header: header})
		if back.State != store.MailAside || back.Why != "own" || back.Group != 0 {
			t.Errorf("%s: %s %s", name, back.State, back.Why)
		}
	}
}

func ptr[T any](v T) *T { return &v }
