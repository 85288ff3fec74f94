package app_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/desk/find"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
)

// longTicket is a ticket of n messages by its requester and an agent in turn, with a note after every fourth.
type longTicket struct {
	*testDesk
	requester, agent *store.Person
	number           uint64
	messages, notes  []uint64 // by time
}

// newLongTicket writes the messages as steps do, many to a transaction.
func newLongTicket(t testing.TB, d *testDesk, n int) *longTicket {
	t.Helper()
	desk := d.app.Desk
	g, err := desk.People.GroupByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	level, err := desk.Catalogue.LevelByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	l := &longTicket{testDesk: d, requester: d.add("Ada Neri", people.Form{}), agent: d.add("Bruno Galli", people.Form{Groups: []store.Membership{{Group: g.ID}}})}
	row, err := desk.Tickets.Open(policy.Actor{Person: l.requester}, ticket.Opening{Subject: "La chiusura si blocca ogni notte", Body: "Messaggio 0.", Kind: store.Malfunction, Module: level.ID})
	if err != nil {
		t.Fatal(err)
	}
	l.number = row.ID
	first, err := desk.Tickets.ReadAll(policy.Actor{Person: l.requester}, row.ID)
	if err != nil {
		t.Fatal(err)
	}
	l.messages = append(l.messages, first.Messages[0].ID)
	for from := 1; from < n; from += 250 {
		var public, notes []uint64
		err := d.app.Store.Update(db.By{Via: door.Page, Act: act.Message}, func(tx *db.Tx) error {
			public, notes = nil, nil
			tk, err := store.Tickets.Get(tx, l.number)
			if err != nil {
				return err
			}
			for i := from; i < min(n, from+250); i++ {
				say := func(m *store.Message) error {
					m.At = tx.Now().Add(time.Duration(i) * time.Microsecond)
					if err := desk.Tickets.AppendMessage(tx, tk, m, nil); err != nil {
						return err
					}
					ticket.Touch(tx, tk)
					return store.Tickets.Put(tx, tk)
				}
				m := &store.Message{Author: l.requester.ID, Format: store.Text, Body: fmt.Sprintf("Messaggio %d. %s", i, strings.Repeat("Il controllo si ferma di nuovo. ", 12))}
				if i%2 == 0 {
					m.Author, m.Agent, m.Format = l.agent.ID, true, store.Markdown
				}
				if err := say(m); err != nil {
					return err
				}
				public = append(public, m.ID)
				if i%4 == 0 {
					note := &store.Message{Author: l.agent.ID, Agent: true, Internal: true, Format: store.Markdown, Body: fmt.Sprintf("Segreto %d.", i)}
					if err := say(note); err != nil {
						return err
					}
					notes = append(notes, note.ID)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		l.messages, l.notes = append(l.messages, public...), append(l.notes, notes...)
	}
	return l
}

func (l *longTicket) page() string { return address.Ticket(l.number) }

var shownMessage = regexp.MustCompile(`<li class="msg[^"]*" id=m(\d+)>|<li class="msg[^"]*" id="m(\d+)">|<li class=msg id="?m(\d+)"?>`)

// shownIn lists the messages that an answer shows, in its order.
func shownIn(body string) []uint64 {
	var out []uint64
	for _, m := range shownMessage.FindAllStringSubmatch(body, -1) {
		n, _ := strconv.ParseUint(m[1]+m[2]+m[3], 10, 64)
		out = append(out, n)
	}
	return out
}

func TestALongTicketIsOnePageOfBoundedSize(t *testing.T) {
	l := newLongTicket(t, newTestDesk(t), 5000)
	middle := l.messages[2500]
	for _, who := range []*store.Person{l.requester, l.agent} {
		b := l.signedIn(who)
		for _, path := range []string{l.page(), address.Message(l.number, middle), l.page() + "?before=" + itoa(middle), l.page() + "?after=" + itoa(middle)} {
			got := b.get(strings.SplitN(path, "#", 2)[0])
			if got.status != 200 || len(got.body) > 200_000 {
				t.Errorf("%s for %s: %d, %d bytes", path, who.Name, got.status, len(got.body))
			}
			shown := shownIn(got.body)
			if len(shown) == 0 || shown[0] != l.messages[0] || !slices.Contains(shown, l.messages[len(l.messages)-1]) {
				t.Errorf("%s for %s shows %v: neither first nor newest may be missing", path, who.Name, shown)
			}
			if strings.Contains(path, "message=") && !slices.Contains(shown, middle) {
				t.Errorf("%s for %s shows %v", path, who.Name, shown)
			}
		}
	}
}

func TestFoldsOpenPieceByPieceUntilAllIsRead(t *testing.T) {
	l := newLongTicket(t, newTestDesk(t), 300)
	var all []uint64
	for i, m := range l.messages {
		all = append(all, m)
		if i > 0 && i%4 == 0 {
			all = append(all, l.notes[i/4-1])
		}
	}
	link := regexp.MustCompile(`data-piece="?(/tickets/[^" >]+)`)
	for _, down := range []bool{false, true} {
		for who, want := range map[*store.Person][]uint64{l.requester: l.messages, l.agent: all} {
			b := l.signedIn(who)
			body := b.get(l.page()).body
			for range 100 {
				links := link.FindAllStringSubmatchIndex(body, -1)
				if links == nil {
					break
				}
				m := links[0]
				if down {
					m = links[len(links)-1]
				}
				path := strings.ReplaceAll(body[m[2]:m[3]], "&amp;", "&")
				got := b.get(path)
				b.must(got, 200)
				// The piece takes the place of its fold.
				start := strings.LastIndex(body[:m[0]], "<li")
				end := m[1] + strings.Index(body[m[1]:], "</li>") + len("</li>")
				body = body[:start] + got.body + body[end:]
				if len(got.body) > 120_000 {
					t.Errorf("%s for %s: %d bytes", path, who.Name, len(got.body))
				}
			}
			if shown := shownIn(body); !slices.Equal(shown, want) {
				t.Errorf("%s reads %d messages in the end, want %d:\n%v\n%v", who.Name, len(shown), len(want), shown, want)
			}
			if who == l.requester && strings.Contains(body, "Segreto") {
				t.Error("the requester reads notes")
			}
		}
	}
}

func TestNotesChangeNothingOfALongTicketForItsRequester(t *testing.T) {
	l := newLongTicket(t, newTestDesk(t), 120)
	b := l.signedIn(l.requester)
	piece := fmt.Sprintf("/tickets/%d/thread?after=%d&before=%d", l.number, l.messages[0], l.messages[80])
	before, of := shownIn(b.get(l.page()).body), shownIn(b.get(piece).body)
	words := foldWords(b.get(l.page()).body)
	err := l.app.Store.Update(db.By{Via: door.Page, Act: act.Note}, func(tx *db.Tx) error {
		for _, id := range l.notes {
			m, err := store.Messages.Get(tx, id)
			if err != nil {
				return err
			}
			tk, err := store.Tickets.Get(tx, l.number)
			if err != nil {
				return err
			}
			for range 40 {
				n := &store.Message{Author: l.agent.ID, Agent: true, Internal: true, At: m.At, Body: "Segreto."}
				if err := l.app.Desk.Tickets.AppendMessage(tx, tk, n, nil); err != nil {
					return err
				}
			}
			if err := store.Tickets.Put(tx, tk); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := shownIn(b.get(l.page()).body); !slices.Equal(got, before) {
		t.Errorf("with more notes the requester is shown %v, was %v", got, before)
	}
	if got := shownIn(b.get(piece).body); !slices.Equal(got, of) {
		t.Errorf("with more notes a piece is %v, was %v", got, of)
	}
	if got := foldWords(b.get(l.page()).body); !slices.Equal(got, words) {
		t.Errorf("with more notes the folds say %q, said %q", got, words)
	}
	for _, q := range []string{fmt.Sprintf("after=%d&before=%d", l.notes[3], l.messages[80]), fmt.Sprintf("after=%d&before=%d", l.messages[0], l.notes[9]), "after=1&before=999999999"} {
		if got := b.get(fmt.Sprintf("/tickets/%d/thread?%s", l.number, q)); got.status != 404 {
			t.Errorf("a piece between what the requester may not read: %d", got.status)
		}
	}
	stranger := l.signedIn(l.add("Luca Bassi", people.Form{}))
	if got := stranger.get(piece); got.status != 404 {
		t.Errorf("a stranger gets %d for a piece", got.status)
	}
}

func foldWords(body string) []string {
	return regexp.MustCompile(`(?s)<li class="?thread-fold.*?</li>`).FindAllString(body, -1)
}

func TestALongTicketOpensWhereItsReaderLeftOff(t *testing.T) {
	l := newLongTicket(t, newTestDesk(t), 200)
	left := l.messages[90]
	notice := func(message uint64, event event.Event) {
		t.Helper()
		err := l.app.Store.Update(db.By{Via: door.Page}, func(tx *db.Tx) error {
			m, err := store.Messages.Get(tx, message)
			if err != nil {
				return err
			}
			return store.Notices.Put(tx, &store.Notice{Person: l.requester.ID, Ticket: l.number, Event: event, At: m.At, Reply: message})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b := l.signedIn(l.requester)
	notice(l.notes[5], event.Note) // of what they may no longer read
	if got := shownIn(b.get(l.page()).body); slices.Contains(got, l.messages[25]) {
		t.Error("a note that the reader may not read decides where the ticket opens")
	}
	notice(left, event.Message)
	got := b.get(l.page())
	if !slices.Contains(shownIn(got.body), left) || !strings.Contains(got.body, `href=#m`+itoa(left)) && !strings.Contains(got.body, `href="#m`+itoa(left)+`"`) {
		t.Errorf("the page shows %v and leads nowhere; the reader left off at %d", shownIn(got.body), left)
	}
	if got := shownIn(l.signedIn(l.agent).get(l.page()).body); slices.Contains(got, left) {
		t.Error("what one person has not read opens the ticket of another there")
	}
	// Looking at the ticket has read what the bell told. What it tells next leads there as well.
	notice(left, event.Message)
	read := b.post("/notices/read", map[string][]string{"ticket": {itoa(l.number)}})
	if to := read.header.Get("Location"); to != address.Message(l.number, left) {
		t.Errorf("reading the notices leads to %s", to)
	}
}

// TestEveryFileIsListedWhereverItsMessageIs: the card of files has those of folded messages too, and none of a note.
func TestEveryFileIsListedWhereverItsMessageIs(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("La chiusura si blocca ogni notte").ID
	w.does("requester", n, ticket.Step{Message: &ticket.Text{Body: "Ecco.", Files: []uint64{w.keep("requester", "schermata-di-ieri.txt", "ieri")}}})
	w.does("agent", n, ticket.Step{Message: &ticket.Text{Body: "Per noi.", Internal: true, Files: []uint64{w.keep("agent", "appunti-interni.txt", "segreto")}}})
	for i := range 50 {
		w.does("requester", n, ticket.Step{Message: &ticket.Text{Body: fmt.Sprintf("Di nuovo, %d.", i)}})
	}
	for role, want := range map[string]int{"requester": 1, "coordinator": 1} {
		b := w.visitor(role)
		page := b.get(address.Ticket(n))
		b.must(page, 200, "Di nuovo, 49.", "!Ecco.", "!appunti-interni")
		if got := strings.Count(page.body, "schermata-di-ieri.txt</a>"); got != want {
			t.Errorf("the %s finds the file %d times", role, got)
		}
	}
	b := w.visitor("requester")
	b.must(b.get(address.Ticket(n)+"?after="+itoa(w.messages(n)[0])), 200, "Ecco.", "schermata-di-ieri.txt", "!appunti-interni")
}

// messages lists the ticket's messages and notes by time.
func (w *world) messages(n uint64) []uint64 {
	w.t.Helper()
	v, err := w.app.Desk.Tickets.ReadAll(policy.Actor{Via: door.Command, System: true}, n)
	must(w.t, err)
	var out []uint64
	for _, m := range v.Messages {
		out = append(out, m.ID)
	}
	return out
}

// TestAHitIsReadOnlyAsFarAsItsWords: to find a ticket of thousands of messages takes hardly more than to find a short
// one, whoever looks; words in its middle are shown all the same.
func TestAHitIsReadOnlyAsFarAsItsWords(t *testing.T) {
	d := newTestDesk(t)
	l := newLongTicket(t, d, 3000)
	_, err := d.app.Desk.Tickets.Open(policy.Actor{Person: l.requester}, ticket.Opening{Subject: "Stampante rotta", Body: "La stampante fa rumore.", Kind: store.Malfunction, Module: 16})
	must(t, err)
	_, err = d.app.Desk.Tickets.Do(policy.Actor{Person: l.requester}, l.number, ticket.Step{Message: &ticket.Text{Body: "Zibellino alla fine."}})
	must(t, err)
	(&world{testDesk: d}).searchable()
	for _, who := range []*store.Person{l.requester, l.agent} {
		cost := func(words string) float64 {
			return testing.AllocsPerRun(5, func() {
				page, err := d.app.Desk.Find.Search(t.Context(), policy.Actor{Person: who}, find.Query{Text: words, Types: []string{"ticket"}})
				if err != nil || len(page.Hits) != 1 {
					t.Fatalf("%s: %d hits, %v", words, len(page.Hits), err)
				}
			})
		}
		short, long := cost("stampante"), cost("chiusura")
		if long > 3*short {
			t.Errorf("%s: a long ticket takes %.0f allocations, a short one %.0f", who.Name, long, short)
		}
	}
	page, err := d.app.Desk.Find.Search(t.Context(), policy.Actor{Person: l.agent}, find.Query{Text: "controllo messaggio", Types: []string{"ticket"}})
	if err != nil || len(page.Hits) != 1 || !strings.Contains(string(page.Hits[0].Snippet), "<mark>controllo</mark>") {
		t.Errorf("%v %v", page.Hits, err)
	}
}
