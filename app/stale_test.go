package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/config"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// staleRounds is how many random changes the test below makes.
func staleRounds() int {
	if n, err := strconv.Atoi(os.Getenv("SPORTELLO_STALE_ROUNDS")); err == nil {
		return n
	}
	return 150
}

// passing is what two answers to one request never have in common: the tokens and keys of forms, the sign of a search, how
// long it took, and the notices that are planned a moment after a change.
var passing = regexp.MustCompile(`(?s)"[A-Z2-7]{26}-[0-9]+"|"[0-9a-f]{64}"|"took_ms":[0-9.]+|[?;]s=[-_A-Za-z0-9]{12}|<a [^>]*href="/notices"[^>]*>.*?</a>`)

// TestNothingKeptIsEverStale changes the desk at random, rights, names, languages, settings, messages, merges and the
// clock, over midnight and the day on which the clocks change, and after each change reads pages as every role: as the
// desk answers that keeps decoded rows and what it found, and as it answers when it has forgotten all. The bytes are the
// same. The templates are written in both ways meanwhile (config.Trial.Twice).
func TestNothingKeptIsEverStale(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	var clock atomic.Int64
	clock.Store(time.Date(2030, 3, 30, 21, 0, 0, 0, rome).UnixNano())
	w := newWorld(t, func(c *config.Config) {
		c.Trial.Clock = func() time.Time { return time.Unix(0, clock.Load()).In(rome) }
	})
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number
	if n, err := strconv.ParseUint(os.Getenv("SPORTELLO_STALE_SEED"), 10, 64); err == nil {
		seed = n
	}
	r := rand.New(rand.NewPCG(seed, 1))
	defer func() {
		if t.Failed() {
			t.Logf("SPORTELLO_STALE_SEED=%d plays these changes again", seed)
		}
	}()
	var tickets []uint64
	var plans []string
	for range 6 {
		tickets = append(tickets, w.ticket().ID)
	}
	for range 2 {
		plans = append(plans, w.plan()["plans"])
	}
	var roles []string
	for role, p := range w.people {
		if err := w.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, testPassword); err != nil {
			t.Fatal(err)
		}
		roles = append(roles, role)
	}
	slices.Sort(roles)
	browsers, programs := map[string]*browser{"nobody": w.browser()}, map[string]caller{}
	enter := func() {
		for _, role := range roles {
			b := w.browser()
			if got := b.post("/sign-in", url.Values{"email": {w.people[role].Email}, "password": {testPassword}}); got.status == http.StatusSeeOther {
				browsers[role] = b
			} else if browsers[role] == nil {
				t.Fatalf("sign in as %s: %d", role, got.status)
			} // else so many signed in lately that one waits: the old session goes on
			browsers[role].header.Set("Sec-Purpose", "prefetch") // so that reading a ticket reads no notice
			if programs[role].browser == nil {
				programs[role] = w.caller(w.people[role])
			}
		}
	}
	enter()
	pages := []string{"/", "/tickets", "/desk/all", "/desk/group", "/desk/mine", "/desk/unassigned", "/desk/closed", "/articles", "/articles/in", "/search?q=cedolino", "/search?q=in%3Aarticles+errore",
		"/tickets/new?module=-", "/admin/groups", "/admin/catalogue", "/admin/people", "/api/v1/tickets?limit=50", "/api/v1/search?q=cedolino&facets=1"}
	pages = append(pages, "/plans", "/plans/overview", "/plans/figures", "/api/v1/plans", "/api/v1/plans/overview")
	for _, n := range plans {
		pages = append(pages, "/plans/"+n, "/api/v1/plans/"+n)
	}
	for _, n := range tickets {
		pages = append(pages, fmt.Sprintf("/tickets/%d", n), fmt.Sprintf("/tickets/%d?as=requester", n), fmt.Sprintf("/api/v1/tickets/%d", n))
	}
	if err := w.app.Store.View(func(tx *db.Tx) error {
		for a, err := range store.Articles.All(tx, 0, false) {
			if err != nil {
				return err
			}
			pages = append(pages, address.Article(a.Slug), "/api/v1/articles/"+a.Slug)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	read := func(role, page string) string {
		b := browsers[role]
		if strings.HasPrefix(page, "/api") {
			if b = programs[role].browser; b == nil {
				b = browsers["nobody"]
			}
		}
		got := b.get(page)
		return fmt.Sprintf("%d %s", got.status, passing.ReplaceAllString(got.body, ""))
	}
	everybody := append([]string{"nobody"}, roles...)
	for round := range staleRounds() {
		if round%400 == 399 {
			enter() // before sessions end
		}
		what := w.changeAtRandom(r, tickets, plans, roles, &clock)
		if err := w.app.Index.CatchUp(t.Context(), w.app.Store.Last()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			role, page := everybody[r.IntN(len(everybody))], pages[r.IntN(len(pages))]
			before := w.app.Store.Last()
			kept := read(role, page)
			w.app.Store.Forget()
			w.app.Desk.Find.Forget()
			fresh := read(role, page)
			again := read(role, page)
			if w.app.Store.Last() != before {
				continue // the desk itself did something meanwhile: a ticket was closed by its clock
			}
			for _, other := range []string{kept, again} {
				if other != fresh {
					i := 0
					for i < len(other) && i < len(fresh) && other[i] == fresh[i] {
						i++
					}
					t.Fatalf("round %d, after %s: %s reads %s, kept and fresh part at %q and %q", round, what, role, page,
						other[max(0, i-80):min(len(other), i+80)], fresh[max(0, i-80):min(len(fresh), i+80)])
				}
			}
		}
	}
}

// changeAtRandom changes one thing and says what. An act that the desk refuses changes nothing, which is as good.
func (w *world) changeAtRandom(r *rand.Rand, tickets []uint64, plans, roles []string, clock *atomic.Int64) string {
	clock.Add(int64(time.Duration(r.IntN(400)) * time.Second))
	if r.IntN(40) == 0 {
		clock.Add(int64(time.Duration(r.IntN(26*60)) * time.Minute))
	}
	person := w.people[roles[r.IntN(len(roles))]].ID
	n := tickets[r.IntN(len(tickets))]
	word := []string{"cedolino", "errore", "Ada & Co <b>", "è già chiuso", "stampa"}[r.IntN(5)] + " " + strconv.Itoa(r.IntN(1000))
	yes := r.IntN(2) == 0
	agent := w.as("agent")
	rows := func(what string, change func(tx *db.Tx) error) string {
		if err := w.app.Store.Update(db.By{Via: door.Command, Act: act.ChangeSettings}, change); err != nil {
			return what + ": " + err.Error()
		}
		return what
	}
	onPerson := func(what string, change func(p *store.Person)) string {
		return rows(what, func(tx *db.Tx) error {
			p, err := store.People.Get(tx, person)
			if err != nil {
				return err
			}
			change(p)
			return store.People.Put(tx, p)
		})
	}
	step := func(what string, s ticket.Step) string {
		agent.Person = w.person(w.people["agent"].Email)
		_, err := w.app.Desk.Tickets.Do(agent, n, s)
		return fmt.Sprintf("%s of ticket %d: %v", what, n, err)
	}
	number, _ := strconv.ParseUint(plans[r.IntN(len(plans))], 10, 64)
	switch r.IntN(19) {
	case 16:
		_, _, err := w.app.Desk.Plans.Decide(w.as("coordinator"), number, "months", plan.Saying{Option: []string{"one", "three"}[r.IntN(2)], Reason: word})
		return fmt.Sprint("a decision: ", err)
	case 17:
		code, state := []string{"pay", "again"}[r.IntN(2)], []store.StepState{store.StepOpen, store.StepWaiting, store.StepBlocked, store.StepDone, store.StepNotNeeded}[r.IntN(5)]
		_, err := w.app.Desk.Plans.Do(w.as("coordinator"), number, code, plan.Doing{State: state, Reason: word})
		return fmt.Sprint("a step: ", err)
	case 18:
		v, err := w.app.Desk.Plans.Read(w.as("administrator"), number)
		if err == nil {
			c := plan.Change{Rev: v.Plan.Rev, Facts: map[string][]string{"staff": {strconv.Itoa(r.IntN(600))}}}
			if yes {
				live := v.Plan.GoLive.AddDate(0, 0, r.IntN(60)-30)
				c.GoLive = &live
			}
			_, err = w.app.Desk.Plans.Arrange(w.as("agent"), number, c)
		}
		return fmt.Sprint("days or facts of a plan: ", err)
	case 0:
		return onPerson("a name", func(p *store.Person) { p.Name = word })
	case 1:
		return onPerson("a language", func(p *store.Person) { p.Language = []string{"", "it", "en"}[r.IntN(3)] })
	case 2:
		return onPerson("groups", func(p *store.Person) {
			p.Groups = nil
			if yes {
				p.Groups = []store.Membership{{Group: w.group[[]string{"csa", "contabilita", "generale"}[r.IntN(3)]], Supervisor: r.IntN(2) == 0}}
			}
		})
	case 3:
		return onPerson("rights", func(p *store.Person) { p.Editor, p.Administrator = yes, r.IntN(4) == 0 })
	case 4:
		return onPerson("what is coordinated", func(p *store.Person) {
			for i := range p.Affiliations {
				of := &p.Affiliations[i]
				if of.Coordinator, of.Until = yes, (time.Time{}); r.IntN(3) == 0 {
					of.Until = time.Unix(0, clock.Load()).Add(time.Duration(r.IntN(3600)) * time.Second) // it ends while the clock goes on
				}
			}
		})
	case 5:
		return rows("a group", func(tx *db.Tx) error {
			g, err := store.Groups.Get(tx, w.group["csa"])
			if err != nil {
				return err
			}
			g.Name, g.Confidential = store.Words{IT: word, EN: "en " + word}, r.IntN(4) == 0
			return store.Groups.Put(tx, g)
		})
	case 6:
		return rows("a module", func(tx *db.Tx) error {
			m, err := store.Modules.Get(tx, w.module["csa"])
			if err != nil {
				return err
			}
			m.Name, m.Confidential, m.Retired = store.Words{IT: word}, r.IntN(4) == 0, r.IntN(4) == 0
			return store.Modules.Put(tx, m)
		})
	case 7:
		return rows("settings", func(tx *db.Tx) error {
			s, err := store.StoredSettings(tx)
			if err != nil {
				return err
			}
			s.Name, s.Institution, s.CloseAfter = word, "Ateneo "+word, 1+r.IntN(30)
			return store.SettingsTable.Put(tx, s)
		})
	case 8:
		return rows("an article", func(tx *db.Tx) error {
			for v, err := range store.Versions.All(tx, 0, false) {
				if err != nil {
					return err
				}
				switch r.IntN(4) {
				case 0:
					v.Title = word
					return store.Versions.Put(tx, v)
				case 1:
					v.Body = "## " + word + "\n\n" + word
					return store.Versions.Put(tx, v)
				}
			}
			return nil
		})
	case 9:
		return rows("an audience", func(tx *db.Tx) error {
			for a, err := range store.Articles.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if r.IntN(2) == 0 {
					a.Audience = store.Audience(1 + r.IntN(3)) // #nosec G115 -- one of three
					return store.Articles.Put(tx, a)
				}
			}
			return nil
		})
	case 10:
		return step("a note", ticket.Step{Message: &ticket.Text{Body: word, Internal: true}})
	case 11:
		return step("an answer", ticket.Step{Message: &ticket.Text{Body: word}})
	case 12:
		return step("a subject", ticket.Step{Subject: &word})
	case 13:
		return step("a merge", ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: tickets[r.IntN(len(tickets))], UndoDuplicate: yes})
	case 14:
		to := []store.State{store.StateOpen, store.StateWaiting, store.StateResolved, store.StatePlanned}[r.IntN(4)]
		return step("a state", ticket.Step{To: to, Outcome: store.Solved, Message: &ticket.Text{Body: word}})
	}
	_, err := w.app.Desk.Tickets.Open(policy.Actor{Person: w.people["requester"], Via: door.Page, Language: "it"}, ticket.Opening{Subject: word, Body: word})
	return fmt.Sprint("a new ticket: ", err)
}
