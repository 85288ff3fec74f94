package app_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/address"
	"sportello/app/desk/ticket"
	"sportello/store"
)

// candidates lists the tickets that a page for merging offers, in its order.
func candidates(body string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`<input type="radio" name="duplicate_of" value="(\d+)"`).FindAllStringSubmatch(body, -1) {
		out = append(out, m[1])
	}
	return out
}

func mergeAt(n uint64) string { return address.Ticket(n) + "/merge" }

func TestWhoMayNotMerge(t *testing.T) {
	w := newWorld(t)
	into, n := w.fresh("Il conguaglio non torna").ID, w.fresh("Conguaglio sbagliato").ID
	for _, role := range []string{"requester", "participant", "stranger", "coordinator", "editor", "elsewhere", "administrator"} {
		b := w.visitor(role)
		b.must(b.get(mergeAt(n)), 403, "!duplicate_of", "!Il conguaglio non torna")
		b.must(b.post(mergeAt(n), url.Values{"duplicate_of": {itoa(into)}, "body": {"Ci lavoriamo già"}}), 403)
		b.must(b.post(mergeAt(n), url.Values{"act": {"search"}, "q": {"conguaglio"}}), 403, "!Il conguaglio non torna")
		if page := b.get(address.Ticket(n)); strings.Contains(page.body, mergeAt(n)) {
			t.Errorf("the %s is shown the way to merge", role)
		}
	}
	if got := w.visitor("nobody").get(mergeAt(n)); got.status != 303 {
		t.Errorf("nobody gets %d", got.status)
	}
	b := w.visitor("agent")
	b.must(b.get(mergeAt(99999)), 404)
	if row := w.row(n); row.State != store.StateNew || row.DuplicateOf != 0 {
		t.Errorf("it was merged: %+v", row)
	}
}

// TestOnlyWhatTheActorMayArrangeIsOffered: neither similar nor recent tickets of others, nor spam, nor duplicates; a
// number that is not theirs is answered as one that is not there.
func TestOnlyWhatTheActorMayArrangeIsOffered(t *testing.T) {
	w := newWorld(t)
	n := w.fresh("Il conguaglio non torna").ID
	similar, spam, duplicate, closed := w.fresh("Anche qui il conguaglio non torna").ID, w.fresh("Vinci con il conguaglio").ID, w.fresh("Conguaglio ripetuto").ID, w.fresh("Conguaglio di ieri").ID
	theirs, last := w.fresh("Buoni pasto").ID, w.asks("participant", "Timbrature").ID
	other, err := w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: "Il conguaglio non torna in bilancio", Body: "Da ieri.", Kind: store.Malfunction,
		Module: w.module["u-gov/contabilita"], Severity: store.Medium, Urgency: store.NoDate})
	must(t, err)
	yes := true
	w.does("agent", spam, ticket.Step{Spam: &yes})
	w.does("agent", duplicate, ticket.Step{Message: &ticket.Text{Body: "Già nota"}, To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: similar})
	w.does("agent", closed, ticket.Step{Message: &ticket.Text{Body: "Fatto"}, To: store.StateResolved, Outcome: store.Solved})
	w.does("requester", closed, ticket.Step{Confirm: true})
	w.searchable()

	b := w.visitor("agent")
	page := b.get(mergeAt(n))
	b.must(page, 200, "Simili", "Altre richieste di Ada Neri", "Aperte da poco nello stesso gruppo", "Anche qui il conguaglio non torna", "Buoni pasto", "Timbrature", "Carlo Collega")
	got := candidates(page.body)
	if len(got) == 0 || got[0] != itoa(similar) || !slices.Contains(got, itoa(theirs)) || !slices.Contains(got, itoa(last)) {
		t.Errorf("offered %v", got)
	}
	for what, not := range map[string]uint64{"itself": n, "spam": spam, "a duplicate": duplicate, "a closed one": closed, "another group's": other.ID} {
		if slices.Contains(got, itoa(not)) {
			t.Errorf("%s is offered: %v", what, got)
		}
	}
	sorted := slices.Sorted(slices.Values(got))
	if len(slices.Compact(sorted)) != len(got) {
		t.Errorf("offered twice: %v", got)
	}
	asked := func(q string) []string {
		t.Helper()
		page := b.get(mergeAt(n) + "?q=" + url.QueryEscape(q))
		b.must(page, 200)
		got := candidates(page.body)
		if strings.Contains(page.body, "non c&#39;è nessuna richiesta a cui puoi unirla") {
			return nil
		}
		return got[:1]
	}
	for q, want := range map[string]uint64{"#" + itoa(closed): closed, itoa(last): last, "timbrature": last} {
		if got := asked(q); !slices.Equal(got, []string{itoa(want)}) {
			t.Errorf("for %q comes %v", q, got)
		}
	}
	for _, q := range []string{"#" + itoa(other.ID), "#" + itoa(spam), "#" + itoa(n), "#99999", "bilancio", "niente di simile"} {
		if got := asked(q); got != nil {
			t.Errorf("for %q comes %v", q, got)
		}
	}
	if seen := b.get(mergeAt(n) + "?q=bilancio"); strings.Contains(seen.body, other.Subject) {
		t.Error("another group's subject is shown")
	}
}

// TestAMergeTakesThreeRequests opens the ticket, opens the page that offers others, and sends.
func TestAMergeTakesThreeRequests(t *testing.T) {
	w := newWorld(t)
	into, n := w.fresh("Il conguaglio non torna").ID, w.fresh("Conguaglio sbagliato").ID
	b := w.visitor("agent")

	page := b.get(address.Ticket(n) + "?from=group")
	link := regexp.MustCompile(`id="merge" href="([^"]+)"`).FindStringSubmatch(page.body)
	if link == nil {
		t.Fatal("no way to merge")
	}
	page = b.get(plainHTML(link[1]))
	b.must(page, 200, "Il conguaglio non torna", "Ada Neri")
	form := postable(page.body, mergeAt(n))
	form.Set("duplicate_of", itoa(into))
	done := b.post(mergeAt(n), form)
	b.must(done, 303)

	got := b.get(done.header.Get("Location"))
	b.must(got, 200, fmt.Sprintf("Unita alla #%d", into), "È un doppione", "Non è un doppione: riporta qui i messaggi")
	if row := w.row(n); row.State != store.StateResolved || row.Outcome != store.Duplicate || row.DuplicateOf != into {
		t.Errorf("%+v", row)
	}
	b.must(b.get(address.Ticket(into)), 200, fmt.Sprintf("spostato da #%d", n))
	reader := w.visitor("requester")
	reader.must(reader.get(address.Ticket(n)), 200, "Ci stiamo già occupando della stessa questione")
	b.must(b.get(mergeAt(n)), 422, "già risolta o chiusa")

	b.must(b.post(address.Ticket(n)+"/duplicate-undo", w.formOf(b, n)), 303)
	if row := w.row(n); row.State != store.StateOpen || row.DuplicateOf != 0 {
		t.Errorf("not undone: %+v", row)
	}
	b.must(b.get(address.Ticket(into)), 200, "!spostato da")
}

// TestNothingTypedIsLostOnTheWayToAMerge: by looking for others, by choosing none or one that is not there, by a change
// meanwhile.
func TestNothingTypedIsLostOnTheWayToAMerge(t *testing.T) {
	w := newWorld(t)
	into, n := w.fresh("Il conguaglio non torna").ID, w.fresh("Conguaglio sbagliato").ID
	b := w.visitor("agent")
	with := func(more ...string) url.Values {
		form := postable(b.get(mergeAt(n)).body, mergeAt(n))
		form.Set("body", "Ne parliamo di là")
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	b.must(b.post(mergeAt(n), with("act", "search", "q", "#"+itoa(into))), 200, "Ne parliamo di là", "Il conguaglio non torna", fmt.Sprintf(`value="#%d"`, into))
	b.must(b.post(mergeAt(n), with("act", "merge", "q", itoa(into))), 200, "Ne parliamo di là", "Trovate per") // sent before choosing
	b.must(b.post(mergeAt(n), with("act", "merge")), 422, "Ne parliamo di là", "Scegli la richiesta a cui unirla")
	b.must(b.post(mergeAt(n), with("duplicate_of", "99999")), 422, "Ne parliamo di là", "La richiesta #99999 non c&#39;è")
	b.must(b.post(mergeAt(n), with("duplicate_of", itoa(n))), 422, "Ne parliamo di là")
	b.must(b.post(mergeAt(n), with("duplicate_of", itoa(into), "body", " ")), 422, `id="body-e"`)
	if row := w.row(n); row.State != store.StateNew {
		t.Fatalf("%+v", row)
	}
	late := with("duplicate_of", itoa(into))
	w.does("requester", n, ticket.Step{Message: &ticket.Text{Body: "Aggiungo una cosa"}})
	again := b.post(mergeAt(n), late)
	b.must(again, 409, "Ne parliamo di là", "Nel frattempo la richiesta è cambiata", fmt.Sprintf(`value="%d" checked`, into))
	b.must(b.post(mergeAt(n), postable(again.body, mergeAt(n))), 303)
	if row := w.row(n); row.DuplicateOf != into {
		t.Errorf("%+v", row)
	}

	// Resolved by somebody else meanwhile: the ticket's page keeps the text.
	late = url.Values{"rev": {"1"}, "duplicate_of": {itoa(into)}, "body": {"Ne parliamo di là"}}
	b.must(b.post(mergeAt(n), late), 409, "Ne parliamo di là")
}
