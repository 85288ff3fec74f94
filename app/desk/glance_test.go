package desk

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// TestAListReadsNothingThatItDoesNotShow damages, in the file, what lists do not show of tickets and articles. Every
// list still works, and the page of the one ticket or article says that it could not be read.
func TestAListReadsNothingThatItDoesNotShow(t *testing.T) {
	o := newOffice(t)
	const far = `"lontano `
	module := o.module["csa"]
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		m, err := store.Modules.Get(tx, module)
		if err != nil {
			return err
		}
		m.Questions = []store.Question{{Code: "menu", Label: store.Words{IT: "Menù", EN: "Menu"}, Type: "text"}}
		return store.Modules.Put(tx, m)
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "Cedolino", Body: "Non si apre", Module: module, Answers: map[string]string{"menu": "lontano dagli occhi"}})
	if err != nil {
		t.Fatal(err)
	}
	done, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "Cedolino di marzo", Body: "Non si apre", Module: module, Answers: map[string]string{"menu": "lontano dagli occhi"}})
	if err != nil {
		t.Fatal(err)
	}
	o.do("agente", done.ID, ticket.Step{To: store.StateResolved, Outcome: store.Solved, Message: say("Ora si apre")})
	o.do("agente", n.ID, ticket.Step{Take: true})
	art, err := o.Articles.Save(o.as("redattore"), article.Form{Title: "Il cedolino", Body: "lontano dal cuore", Language: "it", Audience: store.Public, Module: module, Publication: store.Draft})
	if err != nil {
		t.Fatal(err)
	}

	raw, err := os.ReadFile(filepath.Join(o.dir, "desk.db"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(raw, []byte(far)) < 3 {
		t.Fatalf("what was to be broken stands %d times in the file", bytes.Count(raw, []byte(far)))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "desk.db"), bytes.ReplaceAll(raw, []byte(far), []byte("lontano \x01 "[:len(far)])), 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(dir, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d := New(Options{Store: st})

	agent, ada, writer := o.as("agente"), o.as("ada"), o.as("redattore")
	lists := map[string]func() (int, error){
		"the API's list": func() (int, error) { l, err := d.Queues.List(agent, queue.TicketFilter{}); return len(l.Tickets), err },
		"the API's list of one's own": func() (int, error) {
			l, err := d.Queues.List(ada, queue.TicketFilter{})
			return len(l.Tickets), err
		},
		"the API's list by state": func() (int, error) {
			l, err := d.Queues.List(agent, queue.TicketFilter{States: []store.State{store.StateOpen}})
			return len(l.Tickets), err
		},
		"own tickets": func() (int, error) {
			l, err := d.Queues.SideTickets(ada, queue.SideQuery{})
			return len(l.Tickets), err
		},
		"the requester's other tickets": func() (int, error) {
			l, err := d.Queues.RequesterTickets(agent, n.ID, 5)
			return len(l), err
		},
		"live events": func() (int, error) { l, err := d.Tickets.Revisions(ada, []uint64{n.ID, done.ID}); return len(l), err },
		"neighbours": func() (int, error) {
			_, _, err := d.Queues.Neighbours(agent, queue.Query{View: queue.ViewMine}, n.ID)
			return 1, err
		},
		"notices": func() (int, error) { l, _, err := d.Notices.List(ada, 10); return max(len(l), 1), err },
		"drafts":  func() (int, error) { l, err := d.Articles.Drafts(writer, 10); return len(l), err },
		"articles": func() (int, error) {
			l, err := d.Articles.List(writer, article.Filter{Publication: store.Draft, Language: "it"})
			return len(l.Items), err
		},
	}
	for _, v := range []string{queue.ViewMine, queue.ViewGroup, queue.ViewAll, queue.ViewResolved} {
		lists["the queue, "+v] = func() (int, error) {
			l, err := d.Queues.Queue(agent, queue.Query{View: v})
			return len(l.Tickets), err
		}
	}
	for name, list := range lists {
		if n, err := list(); err != nil || n == 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	if _, err := d.Tickets.Read(agent, n.ID); err == nil || fault.KindOf(err) == fault.NotFound {
		t.Errorf("a ticket that cannot be read is shown, or said not to be there: %v", err)
	}
	if _, err := d.Articles.Read(writer, art.Article.Slug, "it"); err == nil || fault.KindOf(err) == fault.NotFound {
		t.Errorf("an article that cannot be read is shown, or said not to be there: %v", err)
	}
}

// BenchmarkQueue reads a page of fifty tickets: small ones, and ones with every field at its limit.
func BenchmarkQueue(b *testing.B) {
	for _, full := range []bool{false, true} {
		b.Run(fmt.Sprintf("full=%v", full), func(b *testing.B) {
			o := newOffice(b)
			answers := map[string]string{"menu": "Stampe"}
			if full {
				clear(answers)
				for i := range store.Tickets.Most("answers") {
					answers[fmt.Sprintf("domanda-%d", i)] = strings.Repeat("à", store.Tickets.MostOfEach("answers"))
				}
			}
			err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
				for range 50 {
					if err := store.Tickets.Put(tx, &store.Ticket{Subject: "Cedolino", State: store.StateNew, Group: o.group["csa"], Requester: o.people["ada"].ID, Answers: answers}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			a := o.as("agente")
			b.ReportAllocs()
			for b.Loop() {
				page, err := o.Queues.Queue(a, queue.Query{View: queue.ViewGroup})
				if err != nil || len(page.Tickets) != 50 {
					b.Fatal(len(page.Tickets), err)
				}
			}
		})
	}
}
