package app_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web/live"
	"sportello/store"
)

// listenLive follows the live events of a browser. Each answer of next is one event.
func listenLive(t *testing.T, b *browser) (next func() live.Event) {
	t.Helper()
	return listenAt(t, b, "/live")
}

func listenAt(t *testing.T, b *browser, address string) (next func() live.Event) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.d.url+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range b.header {
		q.Header[name] = values
	}
	resp, err := b.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && lines.Text() != ": hello" {
	}
	return func() live.Event {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e live.Event
				if err := json.Unmarshal([]byte(data), &e); err != nil {
					t.Fatal(err)
				}
				return e
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return live.Event{}
	}
}

func TestLiveEventsSayOnlyWhatThePersonMayKnow(t *testing.T) {
	d := newTestDesk(t)
	g, err := d.app.Desk.People.GroupByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.app.Desk.Catalogue.LevelByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	ada, luca := d.add("Ada Neri", people.Form{}), d.add("Luca Bassi", people.Form{})
	bruno := d.add("Bruno Galli", people.Form{Groups: []store.Membership{{Group: g.ID}}})
	adas, lucas, brunos := listenLive(t, d.signedIn(ada)), listenLive(t, d.signedIn(luca)), listenLive(t, d.signedIn(bruno))

	open := func(p *store.Person) *store.Ticket {
		t.Helper()
		tk, err := d.app.Desk.Tickets.Open(policy.Actor{Person: p}, ticket.Opening{Subject: "Il cedolino non si apre", Body: "Da ieri.", Kind: store.Clarification, Module: m.ID})
		if err != nil {
			t.Fatal(err)
		}
		return tk
	}
	first := open(ada)
	if e := adas(); e.Ticket != first.ID || e.Rev != first.PublicRev {
		t.Errorf("Ada hears %+v", e)
	}
	if e := brunos(); e.Ticket != first.ID {
		t.Errorf("Bruno hears %+v", e)
	}
	note, err := d.app.Desk.Tickets.Do(policy.Actor{Person: bruno}, first.ID, ticket.Step{Message: &ticket.Text{Body: "Tra noi.", Internal: true}})
	if err != nil {
		t.Fatal(err)
	}
	if e := brunos(); e.Ticket != first.ID || e.Rev != note.Rev {
		t.Errorf("Bruno hears %+v, want revision %d", e, note.Rev)
	}
	// Ada hears nothing of the note, Luca nothing of Ada's ticket: the next thing each of them hears is their own.
	second := open(ada)
	if e := adas(); e.Ticket != second.ID {
		t.Errorf("Ada hears %+v, want ticket %d", e, second.ID)
	}
	third := open(luca)
	if e := lucas(); e.Ticket != third.ID {
		t.Errorf("Luca hears %+v, want ticket %d", e, third.ID)
	}
}

func TestWhatHappensBetweenAPageAndItsStreamIsHeard(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("requester")
	tk := w.ticket()
	page := b.get(address.Ticket(tk.ID))
	_, rest, ok := strings.Cut(page.body, ` data-live="`)
	address, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("the page follows nothing\n%s", page.body)
	}
	done, err := w.app.Desk.Tickets.Do(w.as("agent"), tk.ID, ticket.Step{Message: &ticket.Text{Body: "Ecco."}})
	if err != nil {
		t.Fatal(err)
	}
	tk = done.Ticket
	if e := listenAt(t, b, address)(); e.Ticket != tk.ID || e.Rev != tk.PublicRev {
		t.Errorf("heard %+v, want revision %d of ticket %d", e, tk.PublicRev, tk.ID)
	}
}

func TestLiveEventsAreForPeopleAlone(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	b.header.Set("Sec-Fetch-Mode", "cors")
	b.must(b.get("/live"), http.StatusUnauthorized, "!event")
}

func TestPresenceTellsAgentsOfEachOther(t *testing.T) {
	var p live.Presence
	now := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	if got := p.Note(7, 1, "Ada", false, now); len(got) != 0 {
		t.Error(got)
	}
	if got := p.Note(7, 2, "Bruno", true, now); !slices.Equal(got, []live.Here{{Name: "Ada"}}) {
		t.Error(got)
	}
	if got := p.Others(7, 1, now); !slices.Equal(got, []live.Here{{Name: "Bruno", Writes: true}}) {
		t.Error(got)
	}
	if got := p.Note(8, 3, "Carla", false, now); len(got) != 0 {
		t.Error(got)
	}
	if got := p.Note(7, 2, "Bruno", false, now.Add(time.Minute)); len(got) != 0 {
		t.Errorf("%v did not go", got)
	}

	d := newTestDesk(t)
	g, err := d.app.Desk.People.GroupByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.app.Desk.Catalogue.LevelByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	in := []store.Membership{{Group: g.ID}}
	ada := d.add("Ada Neri", people.Form{})
	tk, err := d.app.Desk.Tickets.Open(policy.Actor{Person: ada}, ticket.Opening{Subject: "Il cedolino", Body: "Da ieri.", Kind: store.Clarification, Module: m.ID})
	if err != nil {
		t.Fatal(err)
	}
	path := "/tickets/" + itoa(tk.ID) + "/presence"
	bruno, carla := d.signedIn(d.add("Bruno Galli", people.Form{Groups: in})), d.signedIn(d.add("Carla Serra", people.Form{Groups: in}))
	bruno.must(bruno.post(path, nil), 200, `{"text":""}`)
	carla.must(carla.post(path, nil), 200, "Bruno Galli la sta guardando")
	asks := d.signedIn(ada)
	asks.must(asks.post(path, nil), 200, `{"text":""}`)
	bruno.must(bruno.post(path, nil), 200, "Carla Serra la sta guardando", "!Ada")
	bruno.must(bruno.post("/tickets/999/presence", nil), 404)

	// Who writes is told apart, on the ticket and in the queue.
	carla.must(carla.post(path, url.Values{"writes": {"1"}}), 200)
	bruno.must(bruno.post(path, nil), 200, "Carla Serra sta scrivendo")
	bruno.must(bruno.get("/desk/group"), 200, "Carla Serra sta scrivendo")
	bruno.must(bruno.get("/desk/presence?ticket="+itoa(tk.ID)+"&ticket=999"), 200, `{"`+itoa(tk.ID)+`":"Carla Serra sta scrivendo"}`)

	// Agents of another group and whoever administers the desk see the ticket, and nobody on it.
	other, err := d.app.Desk.People.GroupByCode("generale")
	if err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]people.Form{"Dario Fonti": {Groups: []store.Membership{{Group: other.ID}}}, "Anna Motta": {Administrator: true}} {
		b := d.signedIn(d.add(name, who))
		b.must(b.get("/desk/presence?ticket="+itoa(tk.ID)), 200, `{}`)
		b.must(b.get("/desk/all"), 200, "Il cedolino", "!sta scrivendo", "!guardando")
		b.must(b.get("/tickets/"+itoa(tk.ID)), 200, "!sta scrivendo", "!guardando")
		b.must(b.post(path, nil), 200, `{"text":""}`)
	}
	asks.must(asks.get("/desk/presence?ticket="+itoa(tk.ID)), 403)
	before := d.app.Store.Last()
	carla.must(carla.post(path, url.Values{"writes": {"1"}}), 200)
	if d.app.Store.Last() != before {
		t.Error("something was written down")
	}
}

// TestADownloadIsNotReadIntoMemory fetches a file with the default configuration, whose log tells how large each answer is.
func TestADownloadIsNotReadIntoMemory(t *testing.T) {
	w := newWorld(t)
	const size = 24 << 20
	file := w.keep("requester", "grande.bin", strings.Repeat("x", size))
	token := w.caller(w.people["requester"])
	for _, get := range []func() answer{
		func() answer { return w.visitor("requester").do(http.MethodHead, "/files/"+itoa(file), nil, "") },
		func() answer { return token.do(http.MethodHead, "/api/v1/files/"+itoa(file), nil, "") },
	} {
		was := allocated()
		if a := get(); a.status != http.StatusOK {
			t.Fatalf("%d", a.status)
		}
		if more := allocated() - was; more > size/4 {
			t.Errorf("%d MB of memory for a file of %d", more>>20, size>>20)
		}
	}
}

// TestStreamsAreBoundedForSessionAndPerson opens more streams than anybody needs. The next one is refused with a time to
// come back, other people's go on, and a place is free again when a stream ends.
func TestStreamsAreBoundedForSessionAndPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor("requester")
	b.header.Set("Sec-Fetch-Mode", "cors")
	for range live.MostOfSession {
		listenLive(t, b)
	}
	got := b.get("/live")
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("one more stream of the session: %d %v", got.status, got.header)
	}
	for n := live.MostOfSession; n < live.MostOfPerson; n++ {
		if n%live.MostOfSession == 0 {
			b = w.visitor("requester")
			b.header.Set("Sec-Fetch-Mode", "cors")
		}
		listenLive(t, b)
	}
	b = w.visitor("requester")
	b.header.Set("Sec-Fetch-Mode", "cors")
	if got := b.get("/live"); got.status != http.StatusTooManyRequests {
		t.Errorf("one more stream of the person: %d", got.status)
	}
	b.must(b.get("/tickets"), http.StatusOK)
	listenLive(t, w.visitor("agent"))

}
