package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/intake"
	"sportello/app/desk/notice"
	"sportello/app/desk/post"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

// confide makes the group's tickets confidential.
func (o *mailOffice) confide(group string) {
	o.t.Helper()
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, o.group[group])
		if err != nil {
			return err
		}
		g.Confidential = true
		return store.Groups.Put(tx, g)
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// fate is where a mail may end up.
type fate string

const (
	joins   fate = "joins"
	notes   fate = "a note"
	lies    fate = "lies beside"
	own     fate = "own ticket"
	suggest fate = "own ticket with a suggestion"
)

// TestBelonging checks the table of how mail belongs to tickets.
func TestBelonging(t *testing.T) {
	senders := []struct {
		name, from     string
		open, confided bool // belongs to the open ticket, to the confidential one
		agent          bool
	}{
		{"stranger", "ignoto@altrove.example", false, false, false},
		{"colleague", "collega@ateneo.example", false, false, false},
		{"agent elsewhere", "altrove@ateneo.example", false, false, false},
		{"addressed", "fornitore@ditta.example", true, false, false},
		{"coordinator", "referente@ateneo.example", true, false, false},
		{"participant", "estraneo@altro.example", true, true, false},
		{"requester", "ada@ateneo.example", true, true, false},
		{"agent of the group", "agente2@ateneo.example", true, true, true},
	}
	carries := []struct {
		name           string
		belongs, else_ fate
	}{
		{"a held ID", joins, lies}, {"a held ID in References", joins, lies}, {"a mentioned ID", joins, suggest}, {"a public token", joins, lies}, {"an internal token", notes, lies},
		{"the number", joins, own}, {"a seen ID with other content", own, own}, {"nothing", own, own},
	}
	for _, s := range senders {
		for _, c := range carries {
			for _, secret := range []bool{false, true} {
				for _, proven := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s, %s, confidential %t, proven %t", s.name, c.name, secret, proven), func(t *testing.T) {
						o := newMailOffice(t)
						first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?", id: "prima@x", reply: "citato@x", cc: "fornitore@ditta.example", proven: true})
						n := first.Ticket
						if secret {
							o.confide("csa")
						}
						o.do("agente", n, ticket.Step{Add: []string{"estraneo@altro.example"}, Message: &ticket.Text{Body: "Quale anno?"}, To: store.StateWaiting})
						before := o.ticket(n)
						l := letter{from: s.from, subject: "Privato", body: "parole", proven: proven}
						switch c.name {
						case "a held ID":
							l.reply = "prima@x"
						case "a held ID in References":
							l.refs = "<prima@x>"
						case "a mentioned ID":
							l.reply = "citato@x"
						case "a public token":
							l.to = o.Notices.ReplyAddress("csa@ateneo.example", n, o.people["ada"].ID, notice.PurposePublic)
						case "an internal token":
							l.to = o.Notices.ReplyAddress("csa@ateneo.example", n, o.people["agente"].ID, notice.PurposeInternal)
						case "the number":
							l.subject = fmt.Sprintf("Rif: R: [#%d] Privato", n)
						case "a seen ID with other content":
							l.id, l.reply = "prima@x", "prima@x"
						}
						want := c.else_
						if s.open && !secret || s.confided {
							want = c.belongs
						}
						m := o.mail(l)
						k, msg := o.ticket(m.Ticket), o.message(m.Message)
						got := own
						switch {
						case k.ID == n && msg.Beside != "":
							got = lies
						case k.ID == n && msg.AnswersNote:
							got = notes
						case k.ID == n:
							got = joins
						case k.MayBelong == n:
							got = suggest
						}
						if got != want {
							t.Fatalf("%s, want %s: %+v", got, want, msg)
						}
						after := o.ticket(n)
						if !slices.Equal(after.Participants, before.Participants) || msg.Unproven == proven {
							t.Errorf("participants %v, unproven %t", after.Participants, msg.Unproven)
						}
						if public := !msg.Internal && k.ID == n; public == s.agent && got == joins {
							t.Errorf("public %t", public)
						}
						if wakes := got == joins && !s.agent; (after.State == store.StateOpen) != wakes {
							t.Errorf("state %s", after.State)
						}
						if got != joins && (after.PublicRev != before.PublicRev || !after.PublicUpdated.Equal(before.PublicUpdated) || after.Messages != before.Messages || after.LastBy != before.LastBy) {
							t.Errorf("the requester's side sees something: %+v", after)
						}
						out := o.post()[s.from]
						if got == lies && (out == nil || out.Ticket != nil || out.Lines[0].Event != event.Received) {
							t.Errorf("acknowledged with %+v", out)
						}
					})
				}
			}
		}
	}
}

func TestEachAnswerToAnAnnouncementIsATicketOfItsOwn(t *testing.T) {
	o := newMailOffice(t)
	var tickets []uint64
	for i := range 3 * post.MostOfID {
		m := o.mail(letter{from: fmt.Sprintf("p%d@ateneo.example", i), subject: "Re: Novità sul cedolino", reply: "annuncio@ateneo.example", body: "una cosa mia", proven: true})
		if slices.Contains(tickets, m.Ticket) {
			t.Fatalf("%d joined #%d", i, m.Ticket)
		}
		tickets = append(tickets, m.Ticket)
		if k := o.ticket(m.Ticket); len(k.Participants) != 0 || k.Messages != 1 || k.Requester != o.message(m.Message).Author || (k.MayBelong != 0) != (i > 0) {
			t.Fatalf("%+v", k)
		}
	}
	// Someone who writes again about the announcement stays in the same ticket.
	if m := o.mail(letter{from: "p3@ateneo.example", reply: "annuncio@ateneo.example", body: "ancora", proven: true}); m.Ticket != tickets[3] {
		t.Errorf("#%d, not #%d", m.Ticket, tickets[3])
	}
}

func TestTwoMailsOfOneMessageIDAreTwoMatters(t *testing.T) {
	o := newMailOffice(t)
	one := o.mail(letter{from: "ada@ateneo.example", subject: "Uno", body: "uno", id: "stesso@x", proven: true})
	two := o.mail(letter{from: "ignoto@altrove.example", subject: "Due", body: "due", id: "stesso@x"})
	if one.Ticket == two.Ticket || two.Joined != intake.JoinedNew {
		t.Fatalf("%+v", two)
	}
	// Each person's answer goes to their own ticket.
	for from, n := range map[string]uint64{"ada@ateneo.example": one.Ticket, "ignoto@altrove.example": two.Ticket} {
		if m := o.mail(letter{from: from, body: "risposta di " + from, reply: "stesso@x"}); m.Ticket != n {
			t.Errorf("%s: #%d, not #%d", from, m.Ticket, n)
		}
	}
}

// beside returns a ticket with a message beside it.
func (o *mailOffice) beside() (n, id uint64) {
	o.t.Helper()
	first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?", id: "prima@x", proven: true})
	m := o.mail(letter{from: "ignoto@altrove.example", subject: "Oggetto suo", reply: "prima@x", body: "zibaldone",
		header: "Content-Type: multipart/mixed; boundary=b\r\n"})
	if o.message(m.Message).Beside != store.BesideWaiting {
		o.t.Fatalf("%+v", m)
	}
	return first.Ticket, m.Message
}

func TestWhoDecidesAboutWhatLiesBeside(t *testing.T) {
	for who, kind := range map[string]fault.Kind{"ada": fault.NotFound, "estraneo": fault.NotFound, "referente": fault.NotFound, "altrove": fault.Denied, "redattore": fault.NotFound} {
		for _, do := range []ticket.BesideDo{ticket.BesideJoin, ticket.BesidePerson, ticket.BesideOwn, ticket.BesideDrop, "", "tutto"} {
			o := newMailOffice(t)
			n, id := o.beside()
			if _, err := o.Tickets.Do(o.as(who), n, ticket.Step{Beside: id, BesideDo: do, Reason: "perché"}); err == nil || fault.KindOf(err) != kind {
				t.Errorf("%s, %q: %v", who, do, err)
			}
			if k := o.ticket(n); k.Beside != 1 {
				t.Errorf("%s, %q: done", who, do)
			}
		}
	}
}

func TestWhatBecomesOfWordsBeside(t *testing.T) {
	for _, do := range []ticket.BesideDo{ticket.BesideJoin, ticket.BesidePerson, ticket.BesideOwn, ticket.BesideDrop} {
		t.Run(string(do), func(t *testing.T) {
			o := newMailOffice(t)
			n, id := o.beside()
			author := o.message(id).Author
			if do == ticket.BesideDrop {
				o.refused("agente", n, ticket.Step{Beside: id, BesideDo: do}, fault.Invalid)
			}
			o.do("agente", n, ticket.Step{Beside: id, BesideDo: do, Reason: "non riguarda"})
			k := o.ticket(n)
			if k.Beside != 0 {
				t.Errorf("%d still wait", k.Beside)
			}
			ada, err := o.Tickets.Read(o.as("ada"), n)
			if err != nil {
				t.Fatal(err)
			}
			reads := slices.ContainsFunc(ada.Messages, func(m *store.Message) bool { return strings.Contains(m.Body, "zibaldone") && m.Author == author })
			if want := do == ticket.BesideJoin || do == ticket.BesidePerson; reads != want {
				t.Errorf("the requester reads it: %t", reads)
			}
			if k.OnSide(author) != (do == ticket.BesidePerson) {
				t.Errorf("participants %v", k.Participants)
			}
			out := o.post()
			switch do {
			case ticket.BesideOwn:
				l := ada.Ticket.Links
				if len(ada.Links) != 0 || len(l) != 1 {
					t.Fatalf("links %v, shown %v", l, ada.Links)
				}
				x := o.ticket(l[0])
				if x.Requester != author || x.Subject != "Oggetto suo" || x.Messages != 1 || k.PublicRev != 1 {
					t.Errorf("%+v", x)
				}
				if m := o.mail(letter{from: "ignoto@altrove.example", reply: "m2@elsewhere.example", body: "ancora"}); m.Ticket != x.ID {
					t.Errorf("the next one went to #%d", m.Ticket)
				}
			case ticket.BesideDrop:
				if m := o.message(id); m.Beside != store.BesideDismissed || m.BesideWhy != "non riguarda" || !m.Internal {
					t.Errorf("%+v", m)
				}
				o.refused("agente", n, ticket.Step{Beside: id, BesideDo: ticket.BesideDrop, Reason: "di nuovo"}, fault.Conflict)
				if x := o.do("agente", n, ticket.Step{Beside: id, BesideDo: ticket.BesideJoin}); x.Beside != 0 || x.Messages != k.Messages+1 || x.Notes != k.Notes-1 {
					t.Errorf("taken up again: %+v", x)
				}
			default:
				if l := out["ada@ateneo.example"]; !hasText(l, "zibaldone") || l.Lines[len(l.Lines)-1].Who == "Bruno Agente" {
					t.Errorf("the requester was told %+v", l)
				}
			}
		})
	}
}

// TestNothingOfWhatLiesBesideIsSeen compares everything the requester's side gets before and after.
func TestNothingOfWhatLiesBesideIsSeen(t *testing.T) {
	for _, who := range []string{"ada", "referente", "unita"} {
		o := newMailOffice(t)
		first := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?", id: "prima@x", proven: true})
		o.post()
		look := func() string {
			v, err := o.Tickets.Read(o.as(who), first.Ticket)
			if err != nil {
				t.Fatal(err)
			}
			list, err := o.Queues.List(o.as(who), queue.TicketFilter{})
			if err != nil {
				t.Fatal(err)
			}
			rev, err := o.Tickets.Revisions(o.as(who), []uint64{first.Ticket})
			if err != nil {
				t.Fatal(err)
			}
			notices, unread, err := o.Notices.List(o.as(who), 100)
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Beside) > 0 || v.MayBelong != nil {
				t.Errorf("%s sees what lies beside", who)
			}
			b, err := json.Marshal([]any{v.Messages, v.Files, v.History, len(v.People), v.Ticket.PublicRev, v.Ticket.PublicUpdated, v.Ticket.Messages, v.Ticket.Files, v.Ticket.LastBy,
				v.Ticket.Wishes, list.Total, len(list.Tickets), rev, len(notices), unread})
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		before := look()
		o.later(1e9)
		o.mail(letter{from: "collega@ateneo.example", reply: "prima@x", body: "zibaldone", proven: true})
		out := o.post()
		if after := look(); after != before {
			t.Errorf("%s sees:\n%s\n%s", who, before, after)
		}
		if out[o.people[who].Email] != nil {
			t.Errorf("%s was written to", who)
		}
		page, err := o.Queues.Queue(o.as("agente"), queue.Query{View: queue.ViewBeside})
		if err != nil || len(page.Tickets) != 1 || page.Count != 1 {
			t.Errorf("the queue has %d of %d, %v", len(page.Tickets), page.Count, err)
		}
		if page, err := o.Queues.Queue(o.as("altrove"), queue.Query{View: queue.ViewBeside}); err != nil || len(page.Tickets) != 0 {
			t.Errorf("another group's queue has %d, %v", len(page.Tickets), err)
		}
	}
}

func TestAWishIsOneClickForWhoMayAdd(t *testing.T) {
	o := newMailOffice(t)
	m := o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?", cc: "collega@ateneo.example, fornitore@ditta.example", proven: true})
	if k := o.ticket(m.Ticket); len(k.Participants) != 0 || len(k.Wishes) != 2 {
		t.Fatalf("participants %v, wishes %v", k.Participants, k.Wishes)
	}
	o.refused("altrove", m.Ticket, ticket.Step{Grant: "collega@ateneo.example"}, fault.Denied)
	o.refused("ada", m.Ticket, ticket.Step{Grant: "fornitore@ditta.example"}, fault.Denied)
	o.do("ada", m.Ticket, ticket.Step{Grant: "collega@ateneo.example"})
	o.do("agente", m.Ticket, ticket.Step{Grant: "fornitore@ditta.example"})
	if k := o.ticket(m.Ticket); len(k.Participants) != 2 || len(k.Wishes) != 0 {
		t.Errorf("participants %v, wishes %v", k.Participants, k.Wishes)
	}
}

func TestALetterThatTellsOfAnythingInternalIsInternal(t *testing.T) {
	o := newMailOffice(t)
	k := o.open("csa")
	o.post()
	o.do("agente", k.ID, ticket.Step{Take: true, Message: &ticket.Text{Body: "In breve, tra noi", Internal: true, Mentions: []uint64{o.people["agente2"].ID}}})
	o.do("ada", k.ID, ticket.Step{Message: &ticket.Text{Body: "C'è altro"}})
	l := o.post()["agente2@ateneo.example"]
	if l == nil || l.Purpose != notice.PurposeInternal {
		t.Fatalf("%+v", l)
	}
	answers := map[string]letter{
		"by the reply address": {to: l.ReplyTo}, "by the letter's Message-ID": {reply: l.Letter.MessageID}, "by References alone": {refs: "<altro@x> <" + l.Letter.MessageID + ">"},
		"by both":                                {to: l.ReplyTo, reply: l.Letter.MessageID},
		"by the Message-ID, to a public address": {to: o.Notices.ReplyAddress("csa@ateneo.example", k.ID, o.people["agente2"].ID, notice.PurposePublic), reply: l.Letter.MessageID},
		"by an address of before":                {to: "csa+" + o.Post.Token("reply", post.ReplyMAC, k.ID, o.people["agente2"].ID) + "@ateneo.example"},
		"by a purpose that is not known":         {to: "csa+" + o.Post.Token("reply", post.ReplyMAC, k.ID, o.people["agente2"].ID, 9) + "@ateneo.example"},
	}
	for name, m := range answers {
		m.from, m.body, m.proven = "agente2@ateneo.example", "franco: "+name, true
		row := o.mail(m)
		note := o.message(row.Message)
		if row.Ticket != k.ID || !note.Internal || !note.AnswersNote {
			t.Errorf("%s: %+v", name, note)
			continue
		}
		if out := o.post(); out["ada@ateneo.example"] != nil {
			t.Errorf("%s: the requester got %+v", name, out["ada@ateneo.example"].Lines)
		}
	}
	// Nobody who may not write messages there publishes it.
	row := o.mail(letter{from: "agente2@ateneo.example", to: l.ReplyTo, body: "da pubblicare", proven: true})
	for who, kind := range map[string]fault.Kind{"ada": fault.Invalid, "referente": fault.Invalid, "estraneo": fault.NotFound, "altrove": fault.Denied, "amministratore": fault.Denied} {
		o.refused(who, k.ID, ticket.Step{ConfirmMail: row.Message}, kind)
	}
	o.do("agente", k.ID, ticket.Step{ConfirmMail: row.Message})
	out := o.post()["ada@ateneo.example"]
	if !hasText(out, "da pubblicare") || out.Lines[len(out.Lines)-1].Who != "Bianca Agente" {
		t.Errorf("published as %+v", out)
	}
}

func TestAnAddressOfBeforeStillLeadsTheRequesterHome(t *testing.T) {
	o := newMailOffice(t)
	k := o.open("csa")
	m := o.mail(letter{from: "ada@ateneo.example", to: "csa+" + o.Post.Token("reply", post.ReplyMAC, k.ID, o.people["ada"].ID) + "@ateneo.example", body: "risposta", proven: true})
	if msg := o.message(m.Message); m.Ticket != k.ID || msg.Internal {
		t.Errorf("%+v", msg)
	}
}

func TestTheShortName(t *testing.T) {
	for name, want := range map[string]string{"": "Sportello", "Cineca": "Cineca", "Sportello [#1] di ateneo": "Sportello", "[[[]]]": "Sportello", strings.Repeat("x", 60): strings.Repeat("x", 20)} {
		if got := (&store.Settings{Name: name}).ShortName(); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	if got := (&store.Settings{Name: "Sportello", Short: "URP"}).ShortName(); got != "URP" {
		t.Errorf("%q", got)
	}
	o := newMailOffice(t) // its catalogue lists another desk
	k := o.open("csa")
	if l := o.post()["ada@ateneo.example"]; l == nil || !l.Named {
		t.Errorf("%+v", l)
	}
	for subject, joined := range map[string]bool{fmt.Sprintf("Re: [Sportello #%d] x", k.ID): true, fmt.Sprintf("R: [#%d] y", k.ID): true, fmt.Sprintf("Re: [Cineca #%d] z", k.ID): false} {
		if m := o.mail(letter{from: "ada@ateneo.example", subject: subject, body: subject}); (m.Ticket == k.ID) != joined {
			t.Errorf("%s: #%d", subject, m.Ticket)
		}
	}
}

func TestWordsBesideCountAmongWhatAStrangerMakes(t *testing.T) {
	o := newMailOffice(t)
	o.mail(letter{from: "ada@ateneo.example", subject: "D", body: "?", id: "prima@x", proven: true})
	o.most(3, 0)
	for i := range 5 {
		m := o.mail(letter{from: "ignoto@altrove.example", reply: "prima@x", body: fmt.Sprint("parole ", i)})
		if held := m.State == store.MailHeld && m.Why == intake.WhyMany; held != (i >= 3) {
			t.Errorf("%d: %s %s", i, m.State, m.Why)
		}
	}
}
