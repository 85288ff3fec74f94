package app_test

import (
	"context"
	"fmt"
	"net/http"
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
				list, err := w.app.Desk.Queues.List(w.as(role), queue.TicketFilter{Limit: 1})
				must(t, err)
				page, err := w.app.Desk.Queues.Queue(w.as(role), queue.Query{View: view, Limit: 200})
				must(t, err)
				if view != queue.ViewBeside && counts[view] != len(page.Tickets) {
					t.Errorf("%v: %s counts %d in %s and lists %d", s, role, counts[view], view, len(page.Tickets))
				}
				_ = list
			}
			if role == "agent" && counts[queue.ViewGroup] != before[role][queue.ViewGroup] {
				t.Errorf("%v: the group's own agent counts %d, before %d", s, counts[queue.ViewGroup], before[role][queue.ViewGroup])
			}
		}
	}
}

var _ = policy.See
