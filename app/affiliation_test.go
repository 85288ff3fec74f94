package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/problem"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// hatDesk is a desk with two organisations, a coordinator of each, somebody of both, and a program for each of them.
type hatDesk struct {
	*apiDesk
	ada               *store.Person
	both, rita, elena caller // of both organisations; coordinators of Ateneo and of Altro
}

func newHatDesk(t *testing.T, configure ...func(*config.Config)) *hatDesk {
	t.Helper()
	d := &hatDesk{apiDesk: newAPIDesk(t, configure...)}
	for _, o := range []box{{"name": "Ateneo", "units": []string{"Ragioneria", "Personale"}}, {"name": "Altro", "code": "altro"}} {
		if got, _ := d.administrator.call("POST", "/organisations", o); got.status != http.StatusCreated {
			t.Fatalf("add organisation: %d %s", got.status, got.body)
		}
	}
	hat := func(code string, coordinator bool) store.Affiliation {
		var out store.Affiliation
		if err := d.app.Store.View(func(tx *db.Tx) error {
			o, err := store.OrganisationsByCode.First(tx, code)
			out = store.Affiliation{Organisation: o.ID, Coordinator: coordinator}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	d.ada = d.add("Ada D'Angelo", people.Form{Email: "ada.due@example.it", Affiliations: []store.Affiliation{hat("ateneo", false), hat("altro", false)}})
	d.both = d.caller(d.ada)
	d.rita = d.caller(d.add("Rita De' Medici", people.Form{Email: "rita@example.it", Affiliations: []store.Affiliation{hat("ateneo", true)}}))
	d.elena = d.caller(d.add("Elena 王", people.Form{Email: "elena@example.it", Affiliations: []store.Affiliation{hat("altro", true)}}))
	return d
}

// list calls and reads an answer that is a list.
func (d *hatDesk) list(c caller, path string) (int, []box) {
	d.t.Helper()
	got := c.do("GET", "/api/v1"+path, nil, "")
	var out []box
	if got.status == http.StatusOK {
		if err := json.Unmarshal([]byte(got.body), &out); err != nil {
			d.t.Fatalf("%s: %v\n%s", path, err, got.body)
		}
	}
	return got.status, out
}

// put puts the affiliations and returns the status.
func (d *hatDesk) put(c caller, id uint64, hats string) int {
	d.t.Helper()
	return c.do("PUT", fmt.Sprintf("/api/v1/people/%d/affiliations", id), strings.NewReader(hats), "application/json").status
}

func TestProgramsSeeTheAffiliationsTheirPersonMaySee(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	path := fmt.Sprintf("/people/%d/affiliations", d.ada.ID)
	for _, c := range []struct {
		name string
		by   caller
		want int // affiliations; -1: it is not there
	}{{"administrator", d.administrator, 2}, {"agent", d.agent, 2}, {"the person", d.both, 2}, {"coordinator", d.rita, 1}, {"stranger", d.stranger, -1}, {"requester", d.requester, -1}} {
		status, hats := d.list(c.by, path)
		if c.want < 0 && status != http.StatusNotFound || c.want >= 0 && len(hats) != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, status, hats, c.want)
		}
		for _, h := range hats {
			if h["source"] != "hand" || h["coordinator"] != false || h["organisation"] == "" {
				t.Errorf("%s: %v", c.name, h)
			}
		}
	}
	for _, c := range []struct {
		name string
		by   caller
		path string
		want int // people; -1: it is not there
	}{{"administrator", d.administrator, "/organisations/ateneo/people", 2}, {"agent", d.agent, "/organisations/altro/people", 2}, {"coordinator", d.rita, "/organisations/ateneo/people", 2},
		{"coordinator of another", d.rita, "/organisations/altro/people", -1}, {"somebody of it", d.both, "/organisations/ateneo/people", -1}, {"nobody's", d.administrator, "/organisations/mai-vista/people", -1}} {
		got, out := c.by.call("GET", c.path, nil)
		list, _ := out["people"].([]any)
		if c.want < 0 && got.status != http.StatusNotFound || c.want >= 0 && len(list) != c.want {
			t.Errorf("%s asks %s: %d %s; want %d", c.name, c.path, got.status, got.body, c.want)
		}
	}
}

func TestProgramsGiveOnlyWhatTheirPersonMayGive(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	id := d.ada.ID
	for _, c := range []struct {
		name string
		by   caller
		body string
		want int
	}{
		{"somebody else", d.stranger, `[]`, http.StatusNotFound},
		{"somebody else, with nonsense", d.stranger, `nonsense`, http.StatusNotFound},
		{"the person", d.both, `[{"organisation":"ateneo","coordinator":true}]`, http.StatusForbidden},
		{"an agent", d.agent, `nonsense`, http.StatusForbidden},
		{"a coordinator: another organisation", d.rita, `[{"organisation":"ateneo"},{"organisation":"altro"}]`, http.StatusForbidden},
		{"a coordinator: none at all", d.rita, `[{"organisation":"ateneo"},{"organisation":"mai-vista"}]`, http.StatusForbidden},
		{"a coordinator: a coordinator", d.rita, `[{"organisation":"ateneo","coordinator":true}]`, http.StatusForbidden},
		{"a coordinator: a position that is none", d.rita, `[{"organisation":"ateneo","position":"re"}]`, http.StatusUnprocessableEntity},
		{"a coordinator: a unit that is none", d.rita, `[{"organisation":"ateneo","unit":"Cucina"}]`, http.StatusUnprocessableEntity},
		{"a coordinator: a date that is none", d.rita, `[{"organisation":"ateneo","until":"domani"}]`, http.StatusUnprocessableEntity},
		{"a coordinator: their own people", d.rita, `[{"organisation":"ateneo","unit":"personale","position":"teaching","coordinator":false,"until":"2099-12-31"}]`, http.StatusOK},
	} {
		if got := d.put(c.by, id, c.body); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	_, hats := d.list(d.administrator, fmt.Sprintf("/people/%d/affiliations", id))
	if len(hats) != 2 || hats[0]["unit"] != "Personale" || hats[0]["position"] != "teaching" || hats[1]["organisation"] != "altro" {
		t.Errorf("afterwards: %v", hats)
	}
	got := d.administrator.do("PUT", fmt.Sprintf("/api/v1/people/%d/affiliations?rev=1", id), strings.NewReader(`[]`), "application/json")
	if got.status != http.StatusConflict {
		t.Errorf("with a revision of before: %d", got.status)
	}
	if got := d.put(d.administrator, id, `[{"organisation":"altro","coordinator":true,"from":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}]`); got != http.StatusOK {
		t.Errorf("the administrator: %d", got)
	}
	if status, _ := d.list(d.rita, fmt.Sprintf("/people/%d/affiliations", id)); status != http.StatusNotFound {
		t.Errorf("who left the organisation is still seen there: %d", status)
	}
}

func TestATicketIsOpenedUnderTheHatThatWasChosen(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	b := d.signedIn(d.ada)
	page := b.get("/tickets/new")
	if !strings.Contains(page.body, `name="hat"`) || strings.Contains(d.signedIn(d.person("elena@example.it")).get("/tickets/new").body, `name="hat"`) {
		t.Fatal("who has two hats chooses, and nobody else")
	}
	value := regexp.MustCompile(`<option value="(o\d+)"[^>]*>\s*Altro`).FindStringSubmatch(page.body)
	if value == nil {
		t.Fatal("no choice for Altro")
	}
	form := url.Values{"module": {"-"}, "kind": {"clarification"}, "subject": {"Una domanda"}, "body": {"Come si fa?"}, "severity": {"low"}, "urgency": {"none"}, "hat": {value[1]}, "act": {"open"}}
	got := b.post("/tickets/new", form)
	if got.status != http.StatusSeeOther {
		t.Fatalf("open: %d\n%s", got.status, got.body)
	}
	path := "/api/v1" + got.header.Get("Location")
	if a, c := d.elena.do("GET", path, nil, "").status, d.rita.do("GET", path, nil, "").status; a != http.StatusOK || c != http.StatusNotFound {
		t.Errorf("the coordinator of the hat reads it: %d, the other one %d", a, c)
	}
	page = b.get("/tickets/new")
	if first := regexp.MustCompile(`(?s)<select id="hat".*?<option value="(o\d+)"`).FindStringSubmatch(page.body); first == nil || first[1] != value[1] {
		t.Errorf("the hat that was worn last does not come first: %v", first)
	}
	form.Set("hat", "o999999")
	if got := b.post("/tickets/new", form); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a hat of nobody: %d", got.status)
	}
}

func TestAProgramOpensATicketUnderTheHatItNames(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	tomorrow := time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	for _, h := range []string{`{"organisation":"ateneo"},{"organisation":"altro"},{"organisation":"ateneo","unit":"Ragioneria"},{"organisation":"ateneo","unit":"Personale","from":"` + tomorrow + `"}`} {
		if got := d.put(d.administrator, d.ada.ID, "["+h+"]"); got != http.StatusOK {
			t.Fatalf("affiliations: %d", got)
		}
	}
	open := func(c caller, more box) (answer, string) {
		in := box{"subject": "Una domanda", "body": "Come si fa?"}
		for k, v := range more {
			in[k] = v
		}
		got, _ := c.call("POST", "/tickets", in)
		return got, got.header.Get("Location")
	}
	sees := func(c caller, path string) bool { return c.do("GET", path, nil, "").status == http.StatusOK }
	for name, c := range map[string]struct {
		hat         box
		rita, elena bool // see it
	}{
		"an organisation":       {box{"organisation": "altro"}, false, true},
		"another one":           {box{"organisation": "ateneo"}, true, false},
		"a unit, however cased": {box{"organisation": "ateneo", "unit": "ragioneria"}, true, false},
	} {
		got, path := open(d.both, c.hat)
		if got.status != http.StatusCreated || sees(d.rita, path) != c.rita || sees(d.elena, path) != c.elena {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got, path := open(d.both, box{"organisation": "altro"}); got.status != http.StatusCreated {
		t.Fatal(got.body)
	} else if got, again := open(d.both, nil); got.status != http.StatusCreated || !sees(d.elena, path) || !sees(d.elena, again) {
		t.Error("who names none does not get the last one")
	}
	// What somebody does not wear is answered as what is not there, and a hat from tomorrow cannot be chosen today.
	first := ""
	for name, hat := range map[string]box{
		"nobody's":             {"organisation": "mai-vista"},
		"a unit that is none":  {"organisation": "ateneo", "unit": "Cucina"},
		"a unit from tomorrow": {"organisation": "ateneo", "unit": "Personale"},
		"a unit alone":         {"unit": "Ragioneria"},
	} {
		got, _ := open(d.both, hat)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "organisation") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if first == "" {
			first = got.body
		}
		if got.body != first {
			t.Errorf("%s is answered in its own way: %s", name, got.body)
		}
	}
	if got, _ := open(d.stranger, box{"organisation": "altro"}); got.body != first {
		t.Errorf("an organisation of others: %s", got.body)
	}
	if got, _ := open(d.rita, box{"requester_email": "ada.due@example.it", "organisation": "altro"}); got.body != first {
		t.Errorf("a coordinator, under a hat that they do not cover: %s", got.body)
	}
	if got, _ := open(d.rita, box{"requester_email": "ada.due@example.it", "organisation": "ateneo"}); got.status != http.StatusCreated {
		t.Errorf("a coordinator, under their own: %d %s", got.status, got.body)
	}
}

func TestACoordinatorLooksAfterTheirPeopleOnPages(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	rita, stranger := d.signedIn(d.person("rita@example.it")), d.signedIn(d.person("elsa.estranea@example.it"))
	path := fmt.Sprintf("/people/%d/affiliations", d.ada.ID)
	rita.must(rita.get("/tickets?of=organisation"), http.StatusOK, `href="/organisations/ateneo/people"`, "!/organisations/altro/people")
	rita.must(rita.get("/organisations/ateneo/people"), http.StatusOK, path, "D&#39;Angelo", "!Altro")
	for _, c := range []struct {
		b    *browser
		path string
	}{{rita, "/organisations/altro/people"}, {rita, "/organisations/mai-vista/people"}, {stranger, "/organisations/ateneo/people"}, {stranger, path}, {d.signedIn(d.ada), "/organisations/ateneo/people"}} {
		c.b.must(c.b.get(c.path), http.StatusNotFound)
	}
	page := rita.get(path)
	rita.must(page, http.StatusOK, "!Altro", "!hat-1-coordinator")
	field := func(name string) string {
		t.Helper()
		m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page.body)
		if m == nil {
			t.Fatalf("no field %s", name)
		}
		return m[1]
	}
	place := regexp.MustCompile(`<option value="(u\d+)"[^>]*>\s*Ragioneria`).FindStringSubmatch(page.body)
	if place == nil {
		t.Fatal("no unit to choose")
	}
	form := url.Values{"rev": {field("rev")}, "hat-1-place": {place[1]}, "hat-1-position": {"teaching"}, "hat-1-coordinator": {"1"}, "hat-1-until": {"2099-12-31"}}
	rita.must(rita.post(path, form), http.StatusSeeOther)
	p := d.person("ada.due@example.it")
	if h := p.Affiliations[0]; h.Unit == 0 || h.Position != "teaching" || h.Coordinator || h.Until.In(d.app.Desk.Location()).Format(time.DateTime) != "2100-01-01 00:00:00" || !p.Affiliations[1].Ended.IsZero() {
		t.Errorf("afterwards %+v", p.Affiliations)
	}
	rita.must(rita.post(path, form), http.StatusConflict) // of the revision before
	form.Set("rev", fmt.Sprint(p.Rev))
	form.Set("hat-1-until", "domani")
	rita.must(rita.post(path, form), http.StatusUnprocessableEntity, `value="domani"`)
	own := d.signedIn(p)
	own.must(own.get(path), http.StatusOK, "Altro", "Ragioneria", "!<form class=\"form\"")
	own.must(own.post(path, form), http.StatusForbidden)
}

func TestTheModulesOfAnAffiliationAreChosenOnPages(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	rita, admin := d.signedIn(d.person("rita@example.it")), d.signedIn(d.add("Anna Amministra", people.Form{Email: "anna@example.it", Administrator: true}))
	path := fmt.Sprintf("/people/%d/affiliations", d.ada.ID)
	csa, contabilita := itoa(d.levelOf("csa")), itoa(d.levelOf("u-gov/contabilita"))
	if got := d.put(d.administrator, d.ada.ID, `[{"organisation":"ateneo","modules":["csa"]},{"organisation":"altro","modules":["esse3"]}]`); got != http.StatusOK {
		t.Fatalf("affiliations: %d", got)
	}
	page := rita.get(path)
	rita.must(page, http.StatusOK, "Moduli: 1 scelto", `name="hat-1-module" value="`+csa+`" checked`, `name="hat-1-module" value="`+contabilita+`"`)
	place := regexp.MustCompile(`<option value="(o\d+)" selected`).FindStringSubmatch(page.body)
	if place == nil {
		t.Fatal("no place")
	}
	modules := func() string {
		_, hats := d.list(d.administrator, path)
		return fmt.Sprint(hats[0]["modules"], hats[1]["modules"])
	}
	form := func(more url.Values) url.Values {
		out := url.Values{"rev": {fmt.Sprint(d.person("ada.due@example.it").Rev)}, "hat-1-place": {place[1]}}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	for _, c := range []struct {
		name, want string
		status     int
		form       url.Values
	}{
		{"a form that does not show them", "[csa] [esse3]", http.StatusSeeOther, nil},
		{"two", "[csa u-gov/contabilita] [esse3]", http.StatusSeeOther, url.Values{"hat-1-modules": {"1"}, "hat-1-module": {csa, contabilita}}},
		{"one that is none", "[csa u-gov/contabilita] [esse3]", http.StatusUnprocessableEntity, url.Values{"hat-1-modules": {"1"}, "hat-1-module": {"999999"}}},
		{"no number", "[csa u-gov/contabilita] [esse3]", http.StatusUnprocessableEntity, url.Values{"hat-1-modules": {"1"}, "hat-1-module": {"csa"}}},
		{"none", "<nil> [esse3]", http.StatusSeeOther, url.Values{"hat-1-modules": {"1"}}},
	} {
		rita.must(rita.post(path, form(c.form)), c.status)
		if got := modules(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	admin.must(admin.get(fmt.Sprintf("/admin/people/%d", d.ada.ID)), http.StatusOK, "Moduli: nessuno indicato", "Moduli: 1 scelto")
}

// levelOf returns the id of the level of the catalogue with the code.
func (d *testDesk) levelOf(code string) uint64 {
	d.t.Helper()
	l, err := d.app.Desk.Catalogue.LevelByCode(code)
	if err != nil {
		d.t.Fatal(err)
	}
	return l.ID
}

// asOthers calls visit for every address of the API with a number or code, for people of another organisation and bodies
// that make sense and none: there is the address of what they may not see, gone that of what is not there.
func asOthers(w *world, visit func(name, role string, c caller, method, there, gone, body string)) {
	w.t.Helper()
	w.sendElsewhere("editor")
	callers := map[string]caller{"stranger": w.caller(w.people["stranger"]), "editor": w.caller(w.people["editor"])}
	if err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, w.people["stranger"].ID)
		if err != nil {
			return err
		}
		n := *p
		n.Row, n.Email, n.Affiliations = db.Row{}, "referente.altrove@example.it", []store.Affiliation{{Organisation: p.Affiliations[0].Organisation, Coordinator: true}}
		if err := store.People.Put(tx, &n); err != nil {
			return err
		}
		w.people["coordinator elsewhere"] = &n
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	callers["coordinator elsewhere"] = w.caller(w.people["coordinator elsewhere"])
	v, err := w.app.Desk.Problems.Save(w.as("agent"), 0, problem.Form{Module: "csa", Title: store.Words{IT: "Un calcolo sbagliato"}, Audience: store.Agents})
	if err != nil {
		w.t.Fatal(err)
	}
	hidden := fmt.Sprint(v.ID)
	w.caller(w.people["requester"])
	theirs := "" // the token that was just made
	if err := w.app.Store.View(func(tx *db.Tx) error { theirs = itoa(store.Tokens.Last(tx)); return nil }); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range w.app.Site.Routes {
		if r.Who != web.Program || !strings.Contains(r.Path, ":") || strings.Contains(r.Path, ":slug") {
			continue
		}
		there := w.address(r)
		switch {
		case strings.Contains(r.Path, "/tokens/"):
			there = strings.Replace(r.Path, ":id<int>", theirs, 1)
		case strings.Contains(r.Path, "/problems/"):
			there = strings.Replace(there, "/problems/"+strings.Split(there, "/")[4], "/problems/"+hidden, 1)
		}
		// What is not there differs from it in one of its names.
		var elsewhere []string
		for i, part := range strings.Split(r.Path, "/") {
			if !strings.HasPrefix(part, ":") {
				continue
			}
			parts := strings.Split(there, "/")
			parts[i] = map[bool]string{true: "999999", false: "mai-vista"}[strings.HasSuffix(part, "<int>")]
			elsewhere = append(elsewhere, strings.Join(parts, "/"))
		}
		for role, c := range callers {
			if role == "editor" && (strings.Contains(r.Path, "/problems/") || strings.Contains(r.Path, "/templates/")) {
				continue // who reads what is for agents, and published templates
			}
			for _, body := range []string{"", "{}", "[]", `{"body":"x"}`, "nonsense"} {
				for _, gone := range elsewhere {
					if body == "" || r.Method != http.MethodGet {
						visit(r.Name, role, c, r.Method, there, gone, body)
					}
				}
			}
		}
	}
}

// TestNoProgramLearnsWhatIsElsewhere walks every address of the API as people of another organisation: what is there and
// they may not see is answered as what is not there, byte for byte.
func TestNoProgramLearnsWhatIsElsewhere(t *testing.T) {
	t.Parallel()
	asked := 0
	asOthers(newWorld(t), func(name, role string, c caller, method, there, gone, body string) {
		asked++
		one, other := c.do(method, there, strings.NewReader(body), "application/json"), c.do(method, gone, strings.NewReader(body), "application/json")
		strip := func(a answer) string {
			return fmt.Sprint(a.status, " ", strings.NewReplacer(there, "_", gone, "_").Replace(a.body))
		}
		// A refusal that comes before the name is looked at is the same for all names.
		if one.status != http.StatusNotFound && one.status != http.StatusForbidden || strip(one) != strip(other) {
			t.Errorf("%s as %s with %q: what is there is answered\n%s\nwhat is not there\n%s", name, role, body, strip(one), strip(other))
		}
	})
	if asked < 50 {
		t.Errorf("only %d answers were compared", asked)
	}
}

// TestTimesOfWhatIsElsewhere compares how long the same answers take, and reports those that differ by more than the noise.
// It asserts nothing, because on a busy machine it would be wrong now and then: make times runs it on a quiet one.
func TestTimesOfWhatIsElsewhere(t *testing.T) {
	if os.Getenv("SPORTELLO_TIMES") == "" {
		t.Skip("make times reports how long answers take")
	}
	const rounds = 150
	apart, asked := 0, 0
	asOthers(newWorld(t), func(name, role string, c caller, method, there, gone, body string) {
		var one, other, again []time.Duration
		for range rounds { // in turn, so that what slows the machine slows all alike
			for _, s := range []struct {
				list *[]time.Duration
				path string
			}{{&one, there}, {&other, gone}, {&again, gone}} {
				began := time.Now()
				c.do(method, s.path, strings.NewReader(body), "application/json")
				*s.list = append(*s.list, time.Since(began))
			}
		}
		middle := func(list []time.Duration) time.Duration { slices.Sort(list); return list[len(list)/2] }
		spread := func(list []time.Duration) time.Duration { return list[len(list)*3/4] - list[len(list)/4] }
		a, b, b2 := middle(one), middle(other), middle(again)
		noise := max((b - b2).Abs(), spread(other)/4)
		asked++
		if (a - b).Abs() > noise {
			apart++
			t.Logf("%-28s %-22s %-14q there %v, gone %v: apart by %v, noise %v", name, role, body, a, b, a-b, noise)
		}
	})
	t.Logf("%d of %d pairs of answers are further apart than the noise", apart, asked)
}
