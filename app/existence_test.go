package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/door"
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
	for _, r := range posts(w.app) {
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
			for name := range names {
				for _, pair := range [][2]string{{"csa", "nessuno"}, {fmt.Sprint(foreign), "999999"}, {"agent@example.it", "mai.visto@example.it"}} {
					var answers [2]answer
					var told [2]string
					ask := func() bool {
						for i, v := range pair {
							answers[i] = b.post(address, url.Values{name: {v}})
							asked++
							// What was typed comes back, and what can be chosen is offered.
							told[i] = strings.NewReplacer(`value="`+pair[0]+`"`, "_", `value="`+pair[1]+`"`, "_", v+"</textarea>", "_", " selected", "").Replace(sameAnswer(answers[i]))
						}
						return told[0] == told[1]
					}
					alike(ask)
					if refused := func(a answer) bool { return a.status == http.StatusForbidden || a.status == http.StatusNotFound }; !refused(answers[0]) && !refused(answers[1]) || answers[0].status == http.StatusSeeOther {
						continue // the second one may have come too late
					}
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
