package sample

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// modules are the codes of the built-in catalogue.
var modules = []string{
	"u-gov", "u-gov/ricerca", "u-gov/ricerca/catalogo-valutazione", "u-gov/ricerca/gestione-progetti",
	"u-gov/contabilita", "u-gov/risorse-umane", "u-gov/risorse-umane/gestione-organico",
	"u-gov/risorse-umane/valutazione-prestazioni", "u-gov/pianificazione-controllo",
	"u-gov/pianificazione-controllo/data-mart", "u-gov/pianificazione-controllo/allocazione-costi",
	"u-gov/pianificazione-controllo/cruscotti", "u-gov/programmazione-didattica",
	"u-gov/gestione-documentale", "u-gov/gestione-documentale/titulus", "csa", "esse3", "cia",
}

var groups = []string{"ricerca", "contabilita", "risorse-umane", "pianificazione", "csa", "generale"}

func words(s string) int { return len(strings.Fields(s)) }

func oneOf(t *testing.T, where, what, got string, want ...string) {
	t.Helper()
	if !slices.Contains(want, got) {
		t.Errorf("%s: %s %q is none of %q", where, what, got, want)
	}
}

func TestArticles(t *testing.T) {
	articles, err := Articles()
	if err != nil {
		t.Fatal(err)
	}
	picture := regexp.MustCompile(`!\[([^\]]*)\]\(([^)]*)\)`)
	step := regexp.MustCompile(`(?m)^\d+\. `)
	covered, audiences := map[string]bool{}, map[string]int{}
	english, drafts, illustrated := 0, 0, 0
	for _, a := range articles {
		oneOf(t, a.Slug, "module", a.Module, modules...)
		oneOf(t, a.Slug, "audience", a.Audience, "public", "signed-in", "agents")
		covered[a.Module] = true
		audiences[a.Audience]++
		if a.Versions[0].Language != "it" {
			t.Errorf("%s: the first version is not Italian", a.Slug)
		}
		if a.Versions[0].State == "draft" {
			drafts++
		}
		if len(a.Versions) == 2 {
			english++
		}
		if picture.MatchString(a.Versions[0].Body) {
			illustrated++
		}
		for _, v := range a.Versions {
			where := a.Slug + "." + v.Language
			if n := words(v.Body); n < 150 || n > 300 {
				t.Errorf("%s: %d words", where, n)
			}
			if v.Title == "" {
				t.Errorf("%s: no title", where)
			}
			oneOf(t, where, "state", v.State, "published", "draft")
			if len(step.FindAllString(v.Body, -1)) < 4 {
				t.Errorf("%s: fewer than four numbered steps", where)
			}
			want := []string{"## Quando serve\n", "## Se non funziona\n"}
			if v.Language == "en" {
				want = []string{"## When you need this\n", "## If it does not work\n"}
			}
			for _, heading := range want {
				if !strings.Contains(v.Body, heading) {
					t.Errorf("%s: no heading %q", where, heading)
				}
			}
			for _, m := range picture.FindAllStringSubmatch(v.Body, -1) {
				name, ok := strings.CutPrefix(m[2], "picture:")
				if !ok || m[1] == "" {
					t.Errorf("%s: picture %q without name or description", where, m[0])
				}
				oneOf(t, where, "picture", name, PictureNames...)
			}
			if strings.Contains(v.Body, "!\n") || strings.Contains(v.Body, "! ") {
				t.Errorf("%s: exclamation mark", where)
			}
		}
	}
	if len(articles) != 40 || english != 12 || drafts != 3 || audiences["agents"] != 4 {
		t.Errorf("%d articles, %d in English, %d drafts, %d for agents", len(articles), english, drafts, audiences["agents"])
	}
	if illustrated < 12 {
		t.Errorf("only %d articles with a picture", illustrated)
	}
	for _, m := range modules {
		if !covered[m] {
			t.Errorf("no article about %s", m)
		}
	}
}

func TestTickets(t *testing.T) {
	tickets, err := Tickets()
	if err != nil {
		t.Fatal(err)
	}
	cast, err := People()
	if err != nil {
		t.Fatal(err)
	}
	brace := regexp.MustCompile(`\{([^}]*)\}`)
	subjects, kinds := map[string]bool{}, map[string]int{}
	english := 0
	for _, s := range tickets {
		where := s.Subject
		for _, subject := range append([]string{s.Subject}, s.Also...) {
			if subject == "" || subjects[subject] {
				t.Errorf("%s: subject %q is empty or not the only one", where, subject)
			}
			subjects[subject] = true
		}
		if s.Module != "" {
			oneOf(t, where, "module", s.Module, modules...)
		}
		oneOf(t, where, "kind", s.Kind, "clarification", "malfunction", "request", "guidance", "access")
		oneOf(t, where, "severity", s.Severity, "blocking", "high", "medium", "low")
		oneOf(t, where, "urgency", s.Urgency, "today", "week", "none")
		oneOf(t, where, "language", s.Language, "it", "en")
		oneOf(t, where, "who", s.Who, "staff", "academic", "anyone")
		oneOf(t, where, "outcome", s.Outcome, "", "solved", "answered", "known-problem", "not-reproducible", "refused")
		oneOf(t, where, "attachment", s.Attachment, "", "schermata.png", "estrazione.csv", "log.txt")
		kinds[s.Kind]++
		if s.Language == "en" {
			english++
		}
		if n := words(s.Body); n < 60 || n > 200 {
			t.Errorf("%s: %d words", where, n)
		}
		if err := flow(s); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		if !somebody(cast, s) {
			t.Errorf("%s: nobody in the demo would write it", where)
		}
		for _, m := range s.Months {
			if m < 1 || m > 12 {
				t.Errorf("%s: month %d", where, m)
			}
		}
		text := strings.Join(append([]string{s.Subject, s.Body, s.Version, s.LastWorked, s.FixedIn}, s.Also...), "\n")
		for _, r := range s.Replies {
			oneOf(t, where, "author", r.By, "agent", "requester")
			if strings.TrimSpace(r.Text) == "" || r.Note && r.By != "agent" {
				t.Errorf("%s: a reply is empty, or a note is not by an agent", where)
			}
			text += "\n" + r.Text
		}
		for _, m := range brace.FindAllStringSubmatch(text, -1) {
			oneOf(t, where, "placeholder", m[1], Placeholders...)
		}
	}
	if len(tickets) < 110 || english != 10 || kinds["access"] < 6 || kinds["guidance"] < 5 {
		t.Errorf("%d tickets, %d in English, kinds %v", len(tickets), english, kinds)
	}
}

// flow tells what the desk would refuse in a scenario: an ending without an answer, a wait without a
// question, a plan without a version.
func flow(s Ticket) error {
	var public []Reply
	answered := false
	for _, r := range s.Replies {
		if !r.Note {
			public = append(public, r)
			answered = answered || r.By == "agent"
		}
	}
	if len(s.Replies) > 5 {
		return fmt.Errorf("%d replies", len(s.Replies))
	}
	if len(public) > 0 && public[0].By != "agent" {
		return fmt.Errorf("the first answer is not by an agent")
	}
	if s.Outcome != "" {
		switch {
		case s.State != "":
			return fmt.Errorf("outcome %q and state %q", s.Outcome, s.State)
		case !answered:
			return fmt.Errorf("outcome %q without an answer", s.Outcome)
		case s.Outcome == "known-problem" && s.Kind != "malfunction":
			return fmt.Errorf("a known problem that is no malfunction")
		}
		return nil
	}
	switch s.State {
	case "new":
		if len(s.Replies) > 0 {
			return fmt.Errorf("new with replies")
		}
	case "open":
		if !answered {
			return fmt.Errorf("open without an answer")
		}
	case "waiting":
		if len(public) == 0 || public[len(public)-1].By != "agent" || !strings.Contains(public[len(public)-1].Text, "?") {
			return fmt.Errorf("waiting without a question")
		}
	case "planned":
		if s.FixedIn == "" || s.Kind != "malfunction" && s.Kind != "request" || !answered {
			return fmt.Errorf("planned without version or answer, or of kind %s", s.Kind)
		}
	default:
		return fmt.Errorf("neither outcome nor state")
	}
	return nil
}

// somebody tells whether a requester of the demo fits the scenario's unit, kind of person and language.
func somebody(c Cast, s Ticket) bool {
	return slices.ContainsFunc(c.Persons, func(p Person) bool {
		return slices.Contains(p.Roles, "requester") && p.Language == s.Language &&
			(len(s.From) == 0 || slices.Contains(s.From, p.Unit)) &&
			(s.Who == "anyone" || p.Academic == (s.Who == "academic"))
	})
}

func TestPeople(t *testing.T) {
	cast, err := People()
	if err != nil {
		t.Fatal(err)
	}
	organisations, units := map[string]Organisation{}, map[string]Unit{}
	for _, o := range cast.Organisations {
		if !strings.HasSuffix(o.Domain, ".example") {
			t.Errorf("%s: %s could be a real domain", o.Code, o.Domain)
		}
		organisations[o.Code] = o
	}
	perOrganisation := map[string]int{}
	for _, u := range cast.Units {
		if _, ok := organisations[u.Organisation]; !ok {
			t.Errorf("unit %s: no organisation %q", u.Code, u.Organisation)
		}
		units[u.Code] = u
		perOrganisation[u.Organisation]++
	}
	if perOrganisation["montevelino"] != 6 || perOrganisation["valfosca"] != 1 {
		t.Errorf("units: %v", perOrganisation)
	}
	roles, members, shown, seen := map[string]int{}, map[string]int{}, map[string]int{}, map[string]bool{}
	for _, p := range cast.Persons {
		u, ok := units[p.Unit]
		if !ok {
			t.Errorf("%s: no unit %q", p.Name, p.Unit)
		}
		if !strings.HasSuffix(p.Email, "@"+organisations[u.Organisation].Domain) || seen[p.Email] || seen[p.Name] {
			t.Errorf("%s: address %s has another domain, or name or address is not the only one", p.Name, p.Email)
		}
		seen[p.Email], seen[p.Name] = true, true
		oneOf(t, p.Name, "language", p.Language, "it", "en")
		for _, r := range p.Roles {
			oneOf(t, p.Name, "role", r, "requester", "coordinator", "agent", "supervisor", "editor", "administrator")
			roles[r]++
		}
		if slices.Contains(p.Roles, "agent") != (len(p.Groups) > 0) {
			t.Errorf("%s: agents have groups, and only they", p.Name)
		}
		for _, g := range p.Groups {
			oneOf(t, p.Name, "group", g, groups...)
			members[g]++
		}
		if slices.Contains(p.Roles, "coordinator") {
			oneOf(t, p.Name, "coordinates", p.Coordinates, "organisation", "unit")
		}
		if p.Show != "" {
			if !slices.Contains(p.Roles, p.Show) {
				t.Errorf("%s: shown as %s", p.Name, p.Show)
			}
			shown[p.Show]++
		}
	}
	for _, r := range []string{"requester", "coordinator", "agent", "supervisor", "editor", "administrator"} {
		if roles[r] == 0 || shown[r] != 1 {
			t.Errorf("%s: %d people, %d shown", r, roles[r], shown[r])
		}
	}
	for _, g := range groups {
		if members[g] < 2 {
			t.Errorf("group %s has %d members", g, members[g])
		}
	}
}

func TestReplies(t *testing.T) {
	replies, err := Replies()
	if err != nil {
		t.Fatal(err)
	}
	perGroup, titles := map[string]int{}, map[string]bool{}
	for _, r := range replies {
		oneOf(t, r.It.Title, "group", r.Group, groups...)
		perGroup[r.Group]++
		for _, v := range []SavedReplyText{r.It, r.En} {
			if v.Title == "" || titles[v.Title] || words(v.Body) < 30 {
				t.Errorf("%s: %q has no title of its own or too little text", r.Group, v.Title)
			}
			titles[v.Title] = true
		}
	}
	if len(replies) != 14 || len(perGroup) != len(groups) {
		t.Errorf("%d replies for %v", len(replies), perGroup)
	}
}

func TestHome(t *testing.T) {
	home, err := Home()
	if err != nil {
		t.Fatal(err)
	}
	for language, h := range map[string]HomeText{"it": home.It, "en": home.En} {
		if h.Welcome == "" || h.Intro == "" || h.Hours == "" || h.Contacts == "" || len(h.Searches) < 3 {
			t.Errorf("%s: something is missing: %+v", language, h)
		}
	}
}
