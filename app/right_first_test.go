package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sportello/app/config"
	"sportello/app/credential"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/store/scope"
)

// brokenValue fits no field.
const brokenValue = "\u0000-1 ù"

// goodForm returns the values of the form of the route as somebody sees it who may send it, its free fields filled in, and
// nil where nobody of the cast sees one.
func (w *world) goodForm(r web.Route, address string) url.Values {
	w.t.Helper()
	if r.Form == "" {
		return nil
	}
	form := w.address(web.Get(r.Form, "", r.Who, nil))
	for _, role := range []string{"administrator", "agent", "coordinator", "requester"} {
		got := w.visitor(role).get(form)
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || got.status != http.StatusOK {
			continue
		}
		last := func(path string) string { return path[strings.LastIndex(path, "/")+1:] }
		for _, f := range formsOf(w.t, form, got.body) {
			if f.method != http.MethodPost || f.action != address && (last(f.action) != last(address) || strings.Trim(last(address), "0123456789") == "") {
				continue
			}
			values := maps.Clone(f.values)
			for name := range f.free {
				if values.Get(name) == "" {
					values.Set(name, "prova")
				}
			}
			for name, v := range f.places {
				values.Set(name, v)
			}
			values.Del("once")
			values.Del("csrf")
			return values
		}
	}
	return nil
}

// dependsOnValues are the acts of which some may do a part: what a person may not is refused by the field that asks for it,
// and another field of theirs may be wrong. TestWhoMayNotGiveAFieldLearnsNothingOfItsValues looks at each field of them.
var dependsOnValues = map[string]string{
	"access.decide":       "each module by its rule, and a coordinator by an administrator alone",
	"api.access.decide":   "each module by its rule, and a coordinator by an administrator alone",
	"mails.judge":         "each mail by itself, as a list of many",
	"reply.add":           "of one's own, or of a group that one belongs to",
	"ticket.step":         "each field by itself",
	"ticket.assign":       "whoever moves a ticket to their own group may assign it there",
	"ticket.move":         "to one's own group",
	"ticket.participants": "the form says what is to be done",
	"ticket.reachable":    "the form says who, among the people of the ticket",
	"admin-groups.member": "as agent, not as supervisor",
	"api.tickets.change":  "each field by itself",
	"api.releases.write":  "of modules of one's own groups",
	"api.templates.write": "of modules of one's own groups",
	"api.plans.begin":     "with templates of one's own groups",
	"plans.begin":         "with templates of one's own groups",
	"templates.add":       "for one's own groups",
	"plans.decide":        "whoever may only propose does not reopen",
	"api.plans.change":    "facts by whoever takes part, everything else by the desk",
	"api.plans.decide":    "whoever may only propose does not reopen",
	"api.problems.write":  "of modules of one's own groups",
	"api.problems.join":   "for oneself, or as an agent for somebody else",
	"api.contacts.add":    "of modules of one's own groups, or of all for one's own organisation",
	"api.tickets.beside":  "what lies beside is looked up once its decision is read",
}

// TestRightsAreDecidedBeforeValues sends every form there is as everybody of the cast: empty, with a value in every field that
// fits none, and as somebody sends it who may. Who is refused for any of these is refused alike for all.
func TestRightsAreDecidedBeforeValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Mail.MostPerAddress = 0 })
	refused, tried := 0, 0
	for _, r := range posts(w.app) {
		if r.Who == web.Guest || strings.HasPrefix(r.Path, "/me") || r.Name == "sign-out.do" {
			continue
		}
		for _, role := range []string{"requester", "participant", "stranger", "coordinator", "elsewhere", "agent", "supervisor", "editor"} {
			if !r.Who.Admits(policy.Actor{Person: w.people[role]}) {
				continue // the door is shut whatever is sent: TestWhoReachesWhichRoute
			}
			b := w.visitor(role)
			address := w.address(r)
			good := w.goodForm(r, address)
			broken := url.Values{"text": {brokenValue}, "name": {brokenValue}, "rev": {brokenValue}, "person": {brokenValue}}
			for name := range good {
				broken.Set(name, brokenValue)
			}
			kinds := []string{"empty", "broken", "good"}
			bodies := []url.Values{{}, broken, good}
			if good == nil {
				bodies = bodies[:2]
			}
			denied := map[bool][]string{}
			statuses := map[int]bool{}
			for i, body := range bodies {
				got := b.post(address, body)
				address = w.address(r) // what was done is gone
				is := got.status == http.StatusForbidden || got.status == http.StatusNotFound
				denied[is] = append(denied[is], kinds[i])
				if is {
					statuses[got.status] = true
				}
				if got.status >= 500 && got.status != http.StatusServiceUnavailable { // the small world sends no mail
					t.Errorf("%s as %s, %s: %d", r.Name, role, kinds[i], got.status)
				}
			}
			tried++
			if len(denied[true]) > 0 {
				refused++
			}
			if len(denied[true]) > 0 && len(denied[false]) > 0 && dependsOnValues[r.Name] == "" {
				t.Errorf("%s: the %s is refused for %v and not for %v", r.Name, role, denied[true], denied[false])
			}
			if len(statuses) > 1 {
				t.Errorf("%s: the %s is refused in two ways: %v", r.Name, role, statuses)
			}
		}
	}
	t.Logf("%d of %d refused", refused, tried)
}

// TestRightsAreDecidedBeforeValuesOverTheAPI does the same to every call that changes something.
func TestRightsAreDecidedBeforeValuesOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Mail.MostPerAddress = 0 })
	good := map[string]func() any{
		"api.tickets.open":          func() any { return box{"subject": "S", "body": "B"} },
		"api.tickets.change":        func() any { return box{"subject": "S"} },
		"api.tickets.write":         func() any { return box{"body": "B"} },
		"api.tickets.attach":        nil, // files: TestNobodyUploads
		"api.tickets.beside":        func() any { return box{"do": "dismiss", "reason": "r"} },
		"api.articles.write":        func() any { return box{"title": "T", "body": "B", "language": "it", "format": "text"} },
		"api.articles.put":          func() any { return box{"title": "T", "body": "B", "language": "it", "format": "text"} },
		"api.organisations.add":     func() any { return box{"name": "Nuovo ente"} },
		"api.organisations.invite":  func() any { return box{"email": "a@altrove.example", "name": "A"} },
		"api.installations.put":     func() any { return box{} }, // what is good answers no object
		"api.affiliations.put":      func() any { return box{} }, // nor here
		"api.handover.do":           func() any { return box{"tickets": "group"} },
		"api.invitations.take-back": nil, // it has no values
		"api.tokens.end":            nil, // nor has this
		"api.releases.write": func() any {
			return box{"modules": []string{"csa"}, "version": "99.1", "title": "T", "audience": box{"all": true}}
		},
		"api.releases.change":     func() any { return box{"notes": "N"} },
		"api.releases.publish":    func() any { return box{} },
		"api.releases.check":      func() any { return box{} },
		"api.releases.take-back":  func() any { return box{} },
		"api.releases.widen":      func() any { return box{"audience": box{"all": true}} },
		"api.releases.tell-again": func() any { return box{"reason": "r"} },
		"api.releases.withdraw":   func() any { return box{"reason": "r"} },
		"api.releases.attach":     nil, // files: TestNobodyUploads
		"api.releases.detach":     nil, // it has no values
		"api.templates.retire":    func() any { return box{"retired": false} },
		"api.plans.put-bands":     func() any { return box{"shown": false} },
		"api.plans.reason":        func() any { return box{"reason": "r"} },
		"api.plans.attach":        nil, // files: TestFilesOfAStepAreSentAndFetchedInTheBrowserAndByPrograms
		"api.plans.detach":        nil, // it has no values
		"api.templates.write":     func() any { return box{"code": "nuovo", "name": box{"it": "N", "en": "N"}} },
		"api.templates.put":       func() any { return box{"code": "prova", "name": box{"it": "N", "en": "N"}} },
		"api.templates.publish":   func() any { return box{} },
		"api.plans.begin": func() any {
			return box{"template": "prova", "organisation": w.code(w.things["organisation"]), "start": "2026-01-01", "go_live": "2027-01-01"}
		},
		"api.plans.change":          func() any { return box{"facts": box{}} },
		"api.plans.decide":          func() any { return box{"option": "one"} },
		"api.plans.ask":             func() any { return box{"text": "T"} },
		"api.plans.ask-step":        func() any { return box{"text": "T"} },
		"api.plans.read-freeze":     nil, // it has no values
		"api.templates.verify-norm": func() any { return box{"day": "2026-01-01"} },
		"api.plans.add-step":        func() any { return box{"phase": "work", "name": "P", "day": "start+1"} },
		"api.plans.do-step":         func() any { return box{"state": "blocked", "reason": "r"} },
		"api.receipts.put":          func() any { return box{"module": "csa", "environment": "production", "state": "read"} },
		"api.contacts.add":          func() any { return box{"email": "a@altrove.example", "module": "csa"} },
		"api.problems.write":        func() any { return box{"module": "csa", "title": "T"} },
		"api.problems.change":       func() any { return box{"workaround": "W"} },
		"api.problems.attach":       func() any { return box{"number": 1} },
		"api.problems.detach":       nil, // it has no values
		"api.problems.join":         func() any { return box{"text": "T"} },
		"api.problems.withdraw":     func() any { return box{"reason": "r"} },
		"api.problems.outage":       func() any { return box{"ended": true} },
		"api.problems.message":      func() any { return box{"it": "M"} },
		"api.problems.merge":        func() any { return box{"into": 1} },
		"api.problems.unmerge":      nil,
		"api.problems.message-back": nil,
		"api.access.decide":         func() any { return box{"module": "csa", "do": "refuse", "reason": "r"} },
		"api.list.put":              func() any { return box{"people": []box{{"email": "nuova@example.it"}}, "preview": true} },
		"api.list.confirm":          nil, // it has no values
		"api.contacts.remove":       nil, // nor has this
		"api.follow":                func() any { return box{"module": "csa", "on": true} },
	}
	for _, r := range w.app.Site.Routes {
		if r.Who != web.Program || r.Method == http.MethodGet {
			continue
		}
		call, said := good[r.Name]
		if !said {
			t.Errorf("%s: say here what a good call is", r.Name)
		}
		if call == nil {
			continue
		}
		for _, role := range []string{"requester", "participant", "stranger", "coordinator", "elsewhere", "agent", "supervisor", "editor"} {
			p := w.scoped(w.people[role], credential.Grant{Scope: scope.Whole()})
			address := strings.TrimPrefix(w.address(r), "/api/v1")
			denied := map[bool][]string{}
			texts := map[string]bool{}
			for name, body := range []any{nil, "x", []int{1}, box{"rev": "x", "email": 1, "subject": -1, "tickets": []int{}}, call()} { // the good one last: it may take away what there was
				got, _ := p.call(r.Method, address, body)
				is := got.status == http.StatusForbidden || got.status == http.StatusNotFound
				if denied[is] = append(denied[is], fmt.Sprint(name)); is {
					texts[got.body] = true
				}
			}
			if len(denied[true]) > 0 && len(denied[false]) > 0 && dependsOnValues[r.Name] == "" || len(texts) > 1 {
				t.Errorf("%s: the %s is refused for %v and not for %v: %v", r.Name, role, denied[true], denied[false], texts)
			}
		}
	}
}
