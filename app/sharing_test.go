package app_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

// sharedWorld is a world with colleagues of the requester, and one ticket that has a word of its own.
type sharedWorld struct {
	*world
	home, unit, other uint64
	ticket            *store.Ticket
	file              string
	callers           map[string]caller
	visitors          map[string]*browser
}

const ownWord = "zibaldoni"

// onlookers are those who may or may not see a ticket of others.
var onlookers = []string{"requester", "participant", "stranger", "coordinator", "unit-coordinator", "unit-colleague", "colleague", "chosen", "former", "two-hats", "other-unit",
	"elsewhere", "agent", "supervisor", "editor", "administrator"}

func newSharedWorld(t *testing.T) *sharedWorld {
	w := &sharedWorld{world: newWorld(t), callers: map[string]caller{}, visitors: map[string]*browser{}}
	hat := w.people["requester"].Affiliations[0]
	w.home, w.unit = hat.Organisation, hat.Unit
	must(t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		u := &store.Unit{Organisation: w.home, Name: "Ragioneria"}
		err := store.Units.Put(tx, u)
		w.other = u.ID
		return err
	}))
	of := func(organisation, unit uint64, coordinator bool) store.Affiliation {
		return store.Affiliation{Organisation: organisation, Unit: unit, Coordinator: coordinator}
	}
	for role, hats := range map[string][]store.Affiliation{
		"unit-coordinator": {of(w.home, w.unit, true)}, "unit-colleague": {of(w.home, w.unit, false)}, "colleague": {of(w.home, 0, false)}, "chosen": {of(w.home, w.unit, false)},
		"former":     {{Organisation: w.home, Unit: w.unit, Coordinator: true, Until: w.app.Desk.Now().Add(-1)}, of(w.people["stranger"].Affiliations[0].Organisation, 0, false)},
		"two-hats":   {of(w.people["stranger"].Affiliations[0].Organisation, 0, true), of(w.home, w.unit, false)},
		"other-unit": {of(w.home, w.other, true)},
	} {
		w.people[role] = w.add("Persona "+role, people.Form{Email: role + "@example.it"})
		must(t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
			p, err := store.People.Get(tx, w.people[role].ID)
			if err != nil {
				return err
			}
			p.Affiliations = hats
			w.people[role] = p
			return store.People.Put(tx, p)
		}))
	}
	f := w.keep("requester", "prova.txt", "testo di "+ownWord)
	var err error
	w.ticket, err = w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: "Cedolino e " + ownWord, Body: "Da ieri i " + ownWord + " non si aprono.", Kind: store.Malfunction,
		Module: w.module["csa"], Severity: store.High, Urgency: store.NoDate, Files: []uint64{f}})
	must(t, err)
	w.ticket = w.do("requester", w.ticket.ID, ticket.Step{Add: []string{"participant@example.it"}})
	w.file = fmt.Sprintf("/files/%d", f)
	for _, role := range onlookers {
		w.callers[role], w.visitors[role] = w.caller(w.people[role]), w.visitor(role)
	}
	return w
}

// situation is what somebody's sight of the ticket depends on besides themselves.
type situation struct {
	organisation, unit store.Sharing
	narrowed           bool
	group, module      bool // confidential
}

func (s situation) String() string {
	return fmt.Sprintf("organisation %q, unit %q, narrowed %v, group confidential %v, module confidential %v", s.organisation, s.unit, s.narrowed, s.group, s.module)
}

func (w *sharedWorld) put(s situation) {
	w.t.Helper()
	chosen := map[bool][]string{true: {"chosen@example.it"}}
	root := w.as("administrator")
	must(w.t, w.app.Desk.People.Share(root, w.home, 0, 0, people.SharingForm{With: s.organisation, Chosen: chosen[s.organisation == store.SharedChosen]}))
	must(w.t, w.app.Desk.People.Share(root, w.home, w.unit, 0, people.SharingForm{With: s.unit, Chosen: chosen[s.unit == store.SharedChosen]}))
	w.do("requester", w.ticket.ID, ticket.Step{Narrow: &s.narrowed})
	must(w.t, w.app.Store.Update(db.By{Via: door.Command, Act: act.ChangeGroup}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, w.group["csa"])
		if err != nil {
			return err
		}
		m, err := store.Modules.Get(tx, w.module["csa"])
		if err != nil {
			return err
		}
		g.Confidential, m.Confidential = s.group, s.module
		if err := store.Groups.Put(tx, g); err != nil {
			return err
		}
		return store.Modules.Put(tx, m)
	}))
	w.indexed()
}

// mustSee says what domain.md says, in other words than the program.
func (w *sharedWorld) mustSee(role string, s situation) bool {
	secret := s.group || s.module
	switch role {
	case "requester", "participant", "agent", "supervisor":
		return true
	case "administrator", "elsewhere":
		if !secret {
			return true
		}
	}
	if secret || s.narrowed {
		return false
	}
	with, here := s.unit, []string{"unit-coordinator", "unit-colleague", "chosen", "two-hats"}
	if with == store.SharedAbove {
		with, here = s.organisation, append(here, "colleague", "coordinator", "other-unit", "elsewhere", "editor", "administrator")
	}
	switch with {
	case store.SharedNobody:
		return false
	case store.SharedEverybody:
		return role == "coordinator" || slices.Contains(here, role)
	case store.SharedChosen:
		return role == "coordinator" || role == "unit-coordinator" || role == "chosen"
	}
	return role == "coordinator" || role == "unit-coordinator"
}

// sights are the doors to a ticket: each reports whether the person comes to see it there.
var sights = []struct {
	name string
	sees func(w *sharedWorld, role string) bool
}{
	{"page", func(w *sharedWorld, role string) bool {
		got := w.visitors[role].get(fmt.Sprintf("/tickets/%d", w.ticket.ID))
		return strings.Contains(got.body, ownWord)
	}},
	{"file", func(w *sharedWorld, role string) bool { return w.visitors[role].get(w.file).status == http.StatusOK }},
	{"lists of tickets", func(w *sharedWorld, role string) bool {
		own, others := w.visitors[role].get("/tickets"), w.visitors[role].get("/tickets?of=organisation")
		desk := w.visitors[role].get("/desk/all")
		return strings.Contains(own.body+others.body+desk.body, ownWord)
	}},
	{"API", func(w *sharedWorld, role string) bool {
		got, _ := w.callers[role].call("GET", fmt.Sprintf("/tickets/%d", w.ticket.ID), nil)
		return strings.Contains(got.body, ownWord)
	}},
	{"list of the API", func(w *sharedWorld, role string) bool {
		got, _ := w.callers[role].call("GET", "/tickets?limit=200", nil)
		return strings.Contains(got.body, ownWord)
	}},
	{"total of the API", func(w *sharedWorld, role string) bool {
		_, all := w.callers[role].call("GET", "/tickets?requester=requester@example.it&state=new&limit=1", nil)
		return all["total"] != float64(0)
	}},
	{"search", func(w *sharedWorld, role string) bool {
		got := w.visitors[role].get("/search?q=" + ownWord)
		return strings.Contains(got.body, fmt.Sprintf("/tickets/%d", w.ticket.ID))
	}},
	{"total of a search", func(w *sharedWorld, role string) bool {
		_, found := w.callers[role].call("GET", "/search?q="+ownWord+"&facets=1", nil)
		facets, _ := found["facets"].(map[string]any)
		if states, _ := facets["state"].(map[string]any); len(states) > 0 && found["total"] == float64(0) {
			w.t.Errorf("%s: facets tell of %v", role, states)
		}
		return found["total"] != float64(0)
	}},
	{"live", func(w *sharedWorld, role string) bool {
		news, err := w.app.Desk.Tickets.Revisions(w.as(role), []uint64{w.ticket.ID})
		must(w.t, err)
		_, sees := news[w.ticket.ID]
		return sees
	}},
	{"bell", func(w *sharedWorld, role string) bool {
		must(w.t, w.app.Store.Update(db.By{Via: door.Desk, Act: act.Notify}, func(tx *db.Tx) error {
			return store.Notices.Put(tx, &store.Notice{Person: w.people[role].ID, Ticket: w.ticket.ID, Event: event.Message, At: tx.Now()})
		}))
		return strings.Contains(w.visitors[role].get("/notices").body, ownWord)
	}},
	{"letter", func(w *sharedWorld, role string) bool {
		id, goes := w.letterTo(w.people[role], w.ticket.ID, store.LetterQueued, ""), false
		must(w.t, w.app.Store.Update(db.By{Via: door.Desk, Act: act.Letter}, func(tx *db.Tx) error {
			l, err := store.Letters.Get(tx, id)
			if err == nil {
				l.Next = tx.Now().Add(-1)
				err = store.Letters.Put(tx, l)
			}
			return err
		}))
		_, err := w.app.Desk.Notices.SendLetters(context.Background(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
			goes = goes || o.Letter.ID == id
			return notice.Sent{OK: true, Subject: "prova"}
		})
		must(w.t, err)
		return goes
	}},
}

// notHere are the doors that some do not have, whatever they may see: a list is of what is shared, not of all.
func notHere(door, role string) bool {
	return door == "lists of tickets" && role == "former"
}

// TestATicketIsSeenThroughEveryDoorOrNone asks every door, as everybody, in every situation that matters: nobody sees through
// one what is closed at another.
func TestATicketIsSeenThroughEveryDoorOrNone(t *testing.T) {
	t.Parallel()
	w := newSharedWorld(t)
	var all []situation
	for _, with := range []store.Sharing{store.SharedAbove, store.SharedNobody, store.SharedCoordinators, store.SharedChosen, store.SharedEverybody} {
		all = append(all, situation{organisation: with})
		if with != store.SharedAbove {
			all = append(all, situation{unit: with, organisation: store.SharedEverybody})
		}
	}
	all = append(all, situation{organisation: store.SharedNobody, unit: store.SharedEverybody}, situation{organisation: store.SharedEverybody, narrowed: true},
		situation{unit: store.SharedEverybody, narrowed: true}, situation{organisation: store.SharedEverybody, group: true}, situation{unit: store.SharedEverybody, module: true})
	for _, s := range all {
		w.put(s)
		for _, role := range onlookers {
			want := w.mustSee(role, s)
			why, err := w.app.Desk.Tickets.Why(w.as("administrator"), w.people[role].ID, w.ticket.ID)
			if secret := s.group || s.module; (fault.KindOf(err) == fault.Denied) != secret {
				t.Errorf("%s: an administrator without a reason reads why %s sees it: %v", s, role, err)
			}
			if err == nil && (why.Sees != want || want != slices.ContainsFunc(why.Rules, func(r policy.Rule) bool { return r.Opens })) {
				t.Errorf("%s: %s is told to see %v, want %v: %+v", s, role, why.Sees, want, why.Rules)
			}
			for _, door := range sights {
				if got := door.sees(w, role); got != want && !notHere(door.name, role) {
					t.Errorf("%s: %s: %s sees %v, want %v", s, door.name, role, got, want)
				}
			}
		}
	}
}

// TestNobodyHearsOfAConfidentialTicketBesideIt counts, exports and lists as those who may not see it.
func TestNobodyHearsOfAConfidentialTicketBesideIt(t *testing.T) {
	t.Parallel()
	w := newSharedWorld(t)
	for _, s := range []situation{{group: true}, {module: true}, {group: true, module: true}} {
		w.put(situation{})
		before := map[string]queue.Counts{}
		for _, role := range []string{"elsewhere", "administrator", "agent"} {
			counts, err := w.app.Desk.Queues.Counts(w.as(role))
			must(t, err)
			before[role] = counts
		}
		w.put(s)
		for _, role := range []string{"elsewhere", "administrator", "agent"} {
			counts, err := w.app.Desk.Queues.Counts(w.as(role))
			must(t, err)
			for _, view := range queue.Views {
				page, err := w.app.Desk.Queues.Queue(w.as(role), queue.Query{View: view, Limit: 200})
				must(t, err)
				if view != queue.ViewBeside && counts[view] != len(page.Tickets) {
					t.Errorf("%v: %s counts %d in %s and lists %d", s, role, counts[view], view, len(page.Tickets))
				}
			}
			if role == "agent" && counts[queue.ViewGroup] != before[role][queue.ViewGroup] {
				t.Errorf("%v: the group's own agent counts %d, before %d", s, counts[queue.ViewGroup], before[role][queue.ViewGroup])
			}
		}
	}
}

// TestALetterAboutAConfidentialTicketNamesItsNumberAlone writes the letter of every event, and plans one as the desk does.
func TestALetterAboutAConfidentialTicketNamesItsNumberAlone(t *testing.T) {
	t.Parallel()
	w := newSharedWorld(t)
	for _, e := range event.All() {
		if e.OfAccount() || e == event.Received || e == event.Digest || e.OfRelease() || e.OfProblem() || e == event.ReceiptUnclear || e == event.ContactAsked {
			continue // these are about no ticket
		}
		l := w.letterOfEvent(w.people["requester"], e, func(o *notice.Outgoing) {
			for i := range o.Lines {
				o.Lines[i].Secret = true
			}
		})
		if l.Subject != "[#12]" {
			t.Errorf("%s: %q", e, l.Subject)
		}
	}
	for _, s := range []situation{{}, {group: true}, {module: true}} {
		w.put(s)
		id := w.letterTo(w.people["requester"], w.ticket.ID, store.LetterQueued, "")
		must(t, w.app.Desk.Notices.DecideLetter(w.as("administrator"), id, notice.LetterRetry))
		_, err := w.app.Desk.Notices.SendLetters(context.Background(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
			if o.Letter.ID == id && o.Lines[0].Secret != (s.group || s.module) {
				t.Errorf("%s: the letter is confidential %v", s, o.Lines[0].Secret)
			}
			return notice.Sent{OK: true, Subject: "[#1] " + ownWord}
		})
		must(t, err)
		list, err := w.app.Desk.Notices.Letters(w.as("administrator"), store.LetterSent, 0, 200)
		must(t, err)
		for _, l := range list.Letters {
			if l.Ticket == w.ticket.ID && strings.Contains(l.Subject, ownWord) == (s.group || s.module) {
				t.Errorf("%s: an administrator reads the subject %q", s, l.Subject)
			}
		}
	}
}

// TestOnlyItsRequesterNarrowsATicket tries it as everybody, by the API and by the button.
func TestOnlyItsRequesterNarrowsATicket(t *testing.T) {
	t.Parallel()
	w := newSharedWorld(t)
	w.put(situation{organisation: store.SharedEverybody})
	for _, role := range onlookers {
		got, _ := w.callers[role].call("PATCH", fmt.Sprintf("/tickets/%d", w.ticket.ID), box{"narrowed": true})
		want := map[bool]int{true: http.StatusForbidden, false: http.StatusNotFound}[w.mustSee(role, situation{organisation: store.SharedEverybody})]
		if role == "requester" {
			want = http.StatusOK
		}
		if got.status != want {
			t.Errorf("%s: %d, want %d", role, got.status, want)
		}
		w.do("requester", w.ticket.ID, ticket.Step{Narrow: new(bool)})
	}
	for role, want := range map[string]int{"requester": http.StatusCreated, "agent": http.StatusForbidden, "coordinator": http.StatusForbidden, "administrator": http.StatusCreated} {
		got, opened := w.callers[role].call("POST", "/tickets", box{"subject": "S", "body": "B", "module": "csa", "requester_email": "requester@example.it", "narrowed": true})
		if got.status != want || (opened["narrowed"] == true) != (want == http.StatusCreated) {
			t.Errorf("%s opens a narrowed ticket: %d %s", role, got.status, got.body)
		}
	}
	b, path := w.visitors["requester"], fmt.Sprintf("/tickets/%d", w.ticket.ID)
	b.must(b.get(path), 200, "anche tutte le persone di Ateneo", "Solo io e l&#39;assistenza")
	if got := b.post(path+"/narrow", map[string][]string{"narrowed": {"1"}}); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	b.must(b.get(path), 200, "La vedete solo tu, chi partecipa e l&#39;assistenza.", "la tiene per sé", "Falla vedere di nuovo")
	if got := w.visitors["coordinator"].get(path); got.status != http.StatusNotFound {
		t.Errorf("the coordinator still sees it: %d", got.status)
	}
	agent := w.visitors["agent"]
	agent.must(agent.get(path), 200, "Solo richiedente e assistenza")
	if got := b.post(path+"/narrow", map[string][]string{"narrowed": {"0"}}); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	w.visitors["coordinator"].must(w.visitors["coordinator"].get(path), 200, ownWord)
}

// TestAChangeOfSharingSaysWhoseEyesItOpens compares the number on the page with who sees tickets of others before and after,
// asked one by one, and finds that nothing was saved by looking.
func TestAChangeOfSharingSaysWhoseEyesItOpens(t *testing.T) {
	t.Parallel()
	w := newSharedWorld(t)
	outsider := w.add("Chi Apre", people.Form{Email: "chi.apre@example.it"})
	sight := func(unit uint64) map[uint64]bool {
		out := map[uint64]bool{}
		must(t, w.app.Store.View(func(tx *db.Tx) error {
			for p, err := range store.People.All(tx, 0, false) {
				if err != nil {
					return err
				}
				for _, in := range []uint64{0, w.unit, w.other} {
					s := w.app.Desk.Rights.Stand(tx, policy.Actor{Person: p}, &store.Ticket{Requester: outsider.ID, Organisation: w.home, Unit: in, Group: w.group["csa"]})
					if unit == 0 || in == unit {
						out[p.ID] = out[p.ID] || s.Is[policy.AsCoordinator] || s.Is[policy.AsColleague]
					}
				}
			}
			return nil
		}))
		return out
	}
	root, path := w.visitors["administrator"], fmt.Sprintf("/admin/organisations/%d/sharing", w.home)
	count := func(key string, n int) string {
		if n == 0 {
			return w.app.Site.Words.Text("it", key+"-none")
		}
		return w.app.Site.Words.Plural("it", key, n)
	}
	for _, unit := range []uint64{0, w.unit} {
		for _, with := range []string{"everybody", "chosen", "nobody", "coordinators", "chosen", "everybody", "above"} {
			if with == "above" && unit == 0 {
				continue
			}
			form := map[string][]string{"unit": {fmt.Sprint(unit)}, "with": {with}, "chosen": {"chosen@example.it\r\nunit-colleague@example.it"}}
			before := sight(unit)
			shown := root.post(path, form)
			if fmt.Sprint(sight(unit)) != fmt.Sprint(before) {
				t.Fatalf("%s: looking changed who sees", with)
			}
			seen := regexp.MustCompile(`name="seen" value="([^"]*)"`).FindStringSubmatch(shown.body)
			if shown.status != http.StatusOK || seen == nil {
				t.Fatalf("%s: %d\n%s", with, shown.status, shown.body)
			}
			form["seen"] = []string{html.UnescapeString(seen[1])}
			if got := root.post(path, form); got.status != http.StatusSeeOther {
				t.Fatalf("%s: %d\n%s", with, got.status, got.body)
			}
			opens, closes := 0, 0
			for p, after := range sight(unit) {
				switch {
				case after && !before[p]:
					opens++
				case !after && before[p]:
					closes++
				}
			}
			for _, want := range []string{count("sharing.opens", opens), count("sharing.closes", closes)} {
				if !strings.Contains(shown.body, want) {
					t.Errorf("unit %d, %s: the page does not say %q", unit, with, want)
				}
			}
		}
	}
	for _, chosen := range []string{"", "stranger@example.it", "mai.visto@example.it", "former@example.it"} {
		got := root.post(path, map[string][]string{"unit": {"0"}, "with": {"chosen"}, "chosen": {chosen}})
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%q was chosen: %d", chosen, got.status)
		}
	}
}

// TestAPageSaysWhyAPersonSeesATicket asks as an administrator and as supervisors, for tickets that they see and others.
func TestAPageSaysWhyAPersonSeesATicket(t *testing.T) {
	t.Parallel()
	w := newSharedWorld(t)
	w.put(situation{organisation: store.SharedEverybody, narrowed: true})
	ask := func(role, about string, number uint64) answer {
		return w.visitors[role].get(fmt.Sprintf("/admin/people/%d/sight?ticket=%d", w.people[about].ID, number))
	}
	root := w.visitors["administrator"]
	root.must(ask("administrator", "coordinator", w.ticket.ID), 200, "non vede la richiesta", "il richiedente la tiene per sé")
	root.must(ask("administrator", "agent", w.ticket.ID), 200, "con le note interne", "Operatore del gruppo")
	w.visitors["supervisor"].must(ask("supervisor", "agent", w.ticket.ID), 200, "con le note interne")
	if got := ask("supervisor", "coordinator", w.ticket.ID); got.status != http.StatusNotFound {
		t.Errorf("a supervisor reads of somebody who is not theirs: %d", got.status)
	}
	// What else the page shows, such as how many notices wait, may change between two requests: there is one on each side.
	before, there, after := ask("administrator", "agent", 99999), ask("administrator", "agent", w.ticket.ID+100), ask("administrator", "agent", 99999)
	gone := func(got answer) string {
		return strings.ReplaceAll(sameAnswer(got), "99999", fmt.Sprint(w.ticket.ID+100))
	}
	if there.status != http.StatusUnprocessableEntity || sameAnswer(there) != gone(before) && sameAnswer(there) != gone(after) {
		t.Errorf("%d %d %d\n%s\n%s", before.status, there.status, after.status, gone(before), sameAnswer(there))
	}
	w.put(situation{group: true})
	root.must(ask("administrator", "agent", w.ticket.ID), 200, "scrivi prima perché devi vederla tu")
	must(t, w.app.Desk.Rights.GiveReason(w.as("administrator"), w.ticket.ID, "reclamo del richiedente"))
	root.must(ask("administrator", "coordinator", w.ticket.ID), 200, "la richiesta è riservata")
	root.must(root.get("/admin/changes"), 200, "ha aperto una richiesta riservata", "reclamo del richiedente", fmt.Sprintf("#%d", w.ticket.ID))
}

// TestATicketIsKeptToOneselfFromTheBeginning opens it on the form, with the box that says so, and in another's name, where
// that is not for the opener to say.
func TestATicketIsKeptToOneselfFromTheBeginning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := url.Values{"act": {"open"}, "module": {"csa"}, "kind": {"clarification"}, "severity": {"medium"}, "urgency": {"none"}, "subject": {"Una cosa mia"}, "body": {"Come si fa?"}, "narrowed": {"1"}}
	b := w.visitor("requester")
	b.must(b.get("/tickets/new?module=csa"), 200, `name="narrowed"`, "Solo io e l&#39;assistenza")
	answer := b.post("/tickets/new", form)
	b.must(answer, 303)
	page := answer.header.Get("Location")
	b.must(b.get(page), 200)
	for role, want := range map[string]int{"coordinator": 404, "agent": 200} {
		o := w.visitor(role)
		if got := o.get(page); got.status != want {
			t.Errorf("%s gets %d for %s, want %d", role, got.status, page, want)
		}
	}
	agent := w.visitor("agent")
	form.Set("requester", w.people["requester"].Email)
	agent.must(agent.post("/tickets/new", form), 422, "apri a tuo nome", "Come si fa?")
}
