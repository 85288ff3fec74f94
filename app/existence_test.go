package app_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/scope"
)

var (
	naming    = regexp.MustCompile(`group|assignee|module|person|people|part|grant|add|remove|mention|organisation|unit|duplicate|article|ticket|mail|code|slug|move_to|origin|coordinat`)
	fieldName = regexp.MustCompile(`<(?:input|select|textarea)[^>]* name="([^"]+)"`)
	anyNumber = regexp.MustCompile(`(#|\[#|/tickets/|/articles/)[\w-]+|"[0-9a-f]{64}"|[0-9a-z-]+\.[0-9]+@|[A-Z2-7]{3}-[A-Z2-7]{4}|[A-Z2-7]{26}-\d+|<b>\d+</b><span class="hush">[^<]*`)
)

// sameAnswer is all of a page that could tell something, without what is another each time.
func sameAnswer(got answer) string {
	return fmt.Sprint(got.status, " ", got.header.Get("Location"), " ", anyNumber.ReplaceAllString(got.body, "_"))
}

// alike asks until two answers are alike, a few times at most: a page also shows what goes on at the desk meanwhile, how
// many notices there are and how long ago something was. What tells whether a thing is there tells it each time.
func alike(ask func() bool) {
	for range 4 {
		if ask() {
			return
		}
	}
}

// apart returns what two texts say where they first differ.
func apart(a, b string) (string, string) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	piece := func(s string) string {
		return s[:min(len(s), 4)] + "... " + s[max(0, min(len(s), n)-60):min(len(s), n+100)]
	}
	return piece(a), piece(b)
}

// TestNoFormTellsWhoMayNotWhatThereIs posts every form there is, each of its fields that names something in turn with a value that is there
// and one like it that is not, as people whom the route admits. Where the answer to one of the values is that they may not,
// or that there is nothing, it is so to the other, byte for byte.
func TestNoFormTellsWhoMayNotWhatThereIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Mail.MostPerAddress = 0 })
	asked := 0
	for i, r := range posts(w.app) {
		if r.Who == web.Guest || strings.HasSuffix(r.Path, "/live") || strings.HasPrefix(r.Path, "/me") || r.Name == "sign-out" {
			continue
		}
		page := web.Get(r.Form, "", r.Who, nil)
		names := map[string]bool{"group": true, "assignee": true, "module": true, "person": true, "email": true}
		for _, role := range []string{"administrator", "agent", "requester"} {
			if r.Form == "" {
				break
			}
			got := w.visitor(role).get(w.address(page))
			for _, m := range fieldName.FindAllStringSubmatch(got.body, -1) {
				names[m[1]] = true
			}
		}
		maps.DeleteFunc(names, func(name string, _ bool) bool { return !naming.MatchString(name) })
		for _, role := range []string{"requester", "elsewhere", "supervisor"} {
			if !r.Who.Admits(policy.Actor{Person: w.people[role]}) {
				continue // nothing of the form is looked at: TestWhoReachesWhichRoute
			}
			b := w.visitor(role)
			address := w.address(r)
			foreign := map[bool]uint64{true: w.group["contabilita"], false: w.group["csa"]}[role == "supervisor"]
			for n, name := range slices.Sorted(maps.Keys(names)) {
				if !everyWay() && (n+i)%2 == 1 { // the other half of the fields, of the next form
					continue
				}
				for _, pair := range [][2]string{{"csa", "nessuno"}, {fmt.Sprint(foreign), "999999"}, {"agent@example.it", "mai.visto@example.it"}} {
					var answers [2]answer
					var told [2]string
					ask := func() bool {
						for i, v := range pair {
							answers[i] = b.post(address, url.Values{name: {v}})
							asked++
						}
						if refused := func(a answer) bool { return a.status == http.StatusForbidden || a.status == http.StatusNotFound }; !refused(answers[0]) && !refused(answers[1]) || answers[0].status == http.StatusSeeOther {
							told = [2]string{} // the second one may have come too late
							return true
						}
						for i, v := range pair {
							// What was typed comes back, and what can be chosen is offered.
							told[i] = strings.NewReplacer(`value="`+pair[0]+`"`, "_", `value="`+pair[1]+`"`, "_", v+"</textarea>", "_", " selected", "").Replace(sameAnswer(answers[i]))
						}
						return told[0] == told[1]
					}
					alike(ask)
					if told[0] != told[1] {
						one, other := apart(told[0], told[1])
						t.Errorf("%s: %s tells the %s by %s: %q is answered\n%s\nand %q\n%s", r.Name, address, role, name, pair[0], one, pair[1], other)
					}
				}
			}
		}
	}
	t.Logf("%d answers", asked)
}

// TestNoNumberInAnAddressTellsWhatThereIs asks every page and form for things that are there and things that are not.
func TestNoNumberInAnAddressTellsWhatThereIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Mail.MostPerAddress = 0 })
	w.sendElsewhere("editor")
	number := regexp.MustCompile(`/\d+|/stampare-il-cedolino|/` + w.code(w.things["organisation"]))
	for _, r := range w.app.Site.Routes {
		if !strings.Contains(r.Path, ":") || r.Secret || r.Who == web.Program || r.Who == web.Guest || strings.HasSuffix(r.Path, "/live") {
			continue
		}
		for _, role := range []string{"requester", "stranger", "editor"} { // who may not see: agents see that there is a ticket, and may not act
			b := w.visitor(role)
			address := w.address(r)
			nothing := number.ReplaceAllString(address, "/999999")
			if nothing == address {
				continue
			}
			strip := func(a answer) string {
				return number.ReplaceAllString(strings.ReplaceAll(sameAnswer(a), "%2F999999", ""), "/_")
			}
			var there, gone answer
			alike(func() bool {
				there, gone = b.do(r.Method, address, strings.NewReader(""), "application/x-www-form-urlencoded"), b.do(r.Method, nothing, strings.NewReader(""), "application/x-www-form-urlencoded")
				return strip(there) == strip(gone)
			})
			if there.status != http.StatusNotFound && (there.status != http.StatusForbidden || role == "requester") {
				continue // the requester's own, which they see
			}
			if strip(there) != strip(gone) {
				one, other := apart(strip(there), strip(gone))
				t.Errorf("%s tells the %s: %s is answered\n%s\nand %s\n%s", r.Name, role, address, one, nothing, other)
			}
		}
	}
}

// TestNobodyOfElsewhereLearnsWhatThereIs walks every page, form and route of the API that names something, with the numbers
// and codes of things of an organisation and a confidential group that the caller has no part in, as everybody who can be of
// elsewhere: what is not found is answered as what never was, byte for byte, whether all of the address or its last part alone
// is invented.
func TestNobodyOfElsewhereLearnsWhatThereIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Mail.MostPerAddress = 0 })
	now := w.app.Desk.Now()
	number := func(s string) (n uint64) {
		_, err := fmt.Sscan(s, &n)
		must(t, err)
		return n
	}
	home, other := number(w.things["organisation"]), w.people["stranger"].Affiliations[0].Organisation
	away := []store.Membership{{Group: w.group["contabilita"]}}
	there := store.Affiliation{Organisation: other}
	roles := map[string]store.Person{
		"requester elsewhere":     {Affiliations: []store.Affiliation{there}},
		"coordinator elsewhere":   {Affiliations: []store.Affiliation{{Organisation: other, Coordinator: true}}},
		"of no organisation":      {},
		"of a hat that ended":     {Affiliations: []store.Affiliation{{Organisation: home, Coordinator: true, Until: now.Add(-time.Hour), Ended: now.Add(-time.Hour)}, there}},
		"of a hat just over":      {Affiliations: []store.Affiliation{{Organisation: home, Coordinator: true, Until: now.Add(-time.Second)}, there}},
		"of a hat from tomorrow":  {Affiliations: []store.Affiliation{{Organisation: home, Coordinator: true, From: now.Add(24 * time.Hour)}, there}},
		"agent of another group":  {Groups: away, Affiliations: []store.Affiliation{there}},
		"supervisor of another":   {Groups: []store.Membership{{Group: w.group["contabilita"], Supervisor: true}}, Affiliations: []store.Affiliation{there}},
		"editor elsewhere":        {Editor: true, Affiliations: []store.Affiliation{there}},
		"agent and coordinator":   {Groups: away, Affiliations: []store.Affiliation{{Organisation: other, Coordinator: true}}},
		"editor, of none":         {Editor: true},
		"service account":         {Owners: []uint64{w.people["requester"].ID, w.people["agent"].ID}},
		"service account, agents": {Owners: []uint64{w.people["requester"].ID, w.people["agent"].ID}, Groups: away},
	}
	type caller struct {
		role    string
		program bool
		b       *browser
	}
	var pages, programs []*caller
	enter := func(c *caller) {
		if c.program {
			c.b = w.scoped(w.people[c.role], credential.Grant{Scope: scope.Whole()}).browser
		} else {
			c.b = w.visitor(c.role)
		}
	}
	must(t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		n := 0
		for role, p := range roles {
			n++
			p.Email, p.Name = fmt.Sprintf("fuori-%d@altrove.example", n), "Fuori Posto"
			if err := store.People.Put(tx, &p); err != nil {
				return err
			}
			w.people[role] = &p
		}
		return nil
	}))
	addresses := map[string]string{} // before the group is confidential: an administrator makes some of the things
	for _, r := range w.app.Site.Routes {
		if strings.Contains(r.Path, ":") && !r.Secret && r.Who != web.Guest && !strings.HasSuffix(r.Path, "/live") {
			addresses[r.Name] = w.address(r)
		}
	}
	must(t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, w.group["csa"])
		if err != nil {
			return err
		}
		g.Confidential = true
		return store.Groups.Put(tx, g)
	}))
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		if !w.people[role].IsService() {
			pages = append(pages, &caller{role: role})
		}
		programs = append(programs, &caller{role: role, program: true})
	}
	for _, c := range append(slices.Clone(pages), programs...) {
		enter(c)
	}
	tail := regexp.MustCompile(`(/|%2F)\d+`)
	asked, refused, open, sees := 0, 0, map[string]bool{}, map[string]bool{}
	routes := slices.Clone(w.app.Site.Routes)
	slices.SortStableFunc(routes, func(x, y web.Route) int { // what is seen comes first
		return cmp.Compare(min(1, len(strings.TrimPrefix(x.Method, "GET"))), min(1, len(strings.TrimPrefix(y.Method, "GET"))))
	})
	for _, r := range routes {
		address, program := addresses[r.Name], r.Who == web.Program
		if address == "" {
			continue
		}
		real, shape := strings.Split(address, "/"), strings.Split(r.Path, "/")
		var named []int
		for i, p := range shape {
			if strings.HasPrefix(p, ":") && i < len(real) {
				named = append(named, i)
			}
		}
		invented := func(at ...int) string {
			out := slices.Clone(real)
			for _, i := range at {
				if out[i] = "mai-esistito"; strings.Contains(shape[i], "<int>") {
					out[i] = "999999"
				}
			}
			return strings.Join(out, "/")
		}
		others := []string{invented(named...)}
		if len(named) > 1 {
			others = append(others, invented(named[len(named)-1]))
		}
		body, kind, callers := "", "application/x-www-form-urlencoded", pages
		if program {
			body, kind, callers = "{}", "application/json", programs
		}
		for _, c := range callers {
			var ask func(address string, again bool) answer
			ask = func(address string, again bool) (got answer) {
				asked++
				if r.Method == http.MethodGet {
					got = c.b.do(r.Method, address, nil, "")
				} else {
					got = c.b.do(r.Method, address, strings.NewReader(body), kind)
				}
				if out := got.status == http.StatusUnauthorized || strings.HasPrefix(got.header.Get("Location"), "/sign-in"); out && again {
					enter(c) // sessions and tokens end with a hat
					return ask(address, false)
				}
				return got
			}
			strip := func(a answer, asked string) string {
				out := strings.NewReplacer(asked, "_", url.QueryEscape(asked), "_").Replace(sameAnswer(a))
				for _, i := range named {
					switch {
					case strings.Contains(shape[i], "<int>"):
					case len(real[i]) > 3:
						out = strings.ReplaceAll(out, real[i], "mai-esistito")
					default: // a short one may stand in any word
						out = strings.ReplaceAll(out, "/"+real[i], "/mai-esistito")
					}
				}
				return tail.ReplaceAllString(out, "/_")
			}
			for _, address2 := range others {
				var is, not answer
				alike(func() bool {
					is, not = ask(address, true), ask(address2, true)
					return strip(is, address) == strip(not, address2)
				})
				kindOf, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/api/v1"), ":")
				sees[c.role+kindOf] = sees[c.role+kindOf] || r.Method == http.MethodGet && is.status == http.StatusOK
				// Who sees a thing and may not change it is told so.
				if is.status != http.StatusNotFound && (is.status != http.StatusForbidden || sees[c.role+kindOf]) {
					open[fmt.Sprintf("%s (%d)", r.Name, is.status)] = true // what is for everybody, or theirs: TestWhoReachesWhichRoute
					continue
				}
				refused++
				if strip(is, address) != strip(not, address2) {
					one, two := apart(strip(is, address), strip(not, address2))
					t.Errorf("%s tells the %s: %s is answered\n%s\nand %s\n%s", r.Name, c.role, address, one, address2, two)
				}
			}
		}
	}
	t.Logf("%d answers, %d refusals compared; open: %v", asked, refused, slices.Sorted(maps.Keys(open)))
	if refused < 1000 {
		t.Errorf("only %d refusals were compared", refused)
	}
}

// TestNoFilterTellsWhatThereIs lists and searches with codes and addresses that are there, that are hidden, and that are
// not. Who may not see them gets one answer.
func TestNoFilterTellsWhatThereIs(t *testing.T) {
	t.Parallel()
	d := newAPIDesk(t)
	system := policy.Actor{Via: door.Command, System: true}
	if _, err := d.app.Desk.People.AddGroup(system, people.GroupForm{Code: "segreta", Name: store.Words{IT: "Segreta", EN: "Secret"}, Confidential: true}); err != nil {
		t.Fatal(err)
	}
	d.requester.call("POST", "/tickets", box{"subject": "Il cedolino non si apre", "body": "ecco"})
	if err := d.app.Index.CatchUp(t.Context(), d.app.Store.Last()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/tickets?group=%s", "/tickets?module=%s", "/tickets?requester=%s", "/tickets?group=%[1]s&module=%[1]s", "/search?q=group:%s", "/search?q=cedolino+group:%s", "/search?q=gruppo:%s&facets=1",
		"/search?q=cedolino+-group:%s", "/search?q=from:%s", "/search?q=cedolino+organisation:%s"} {
		for who, c := range map[string]caller{"requester": d.requester, "stranger": d.stranger} {
			var answers []string
			for _, v := range []string{"segreta", "nessuno", "mai.esistito"} {
				got, _ := c.call("GET", fmt.Sprintf(path, v), nil)
				body := regexp.MustCompile(`"took_ms":[\d.]+`).ReplaceAllString(strings.ReplaceAll(got.body, v, "_"), "")
				answers = append(answers, fmt.Sprint(got.status, body))
			}
			if slices.ContainsFunc(answers, func(a string) bool { return a != answers[0] }) {
				t.Errorf("%s tells the %s:\n%s", path, who, strings.Join(answers, "\n"))
			}
		}
	}
	// Who works here is told that a name was mistyped.
	if got, _ := d.agent.call("GET", "/tickets?group=nessuno", nil); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an agent: %d %s", got.status, got.body)
	}
}
