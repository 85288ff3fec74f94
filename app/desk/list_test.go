package desk

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// planned returns what the list would do, as lines of words.
func (o *office) planned(who string, entries []people.ListEntry, whole bool) (*people.ListPlan, []string) {
	o.t.Helper()
	plan, err := o.People.PlanList(o.as(who), o.organis["Ateneo"], entries, whole)
	if err != nil {
		o.t.Fatal(who, err)
	}
	var out []string
	for what, items := range map[string][]people.ListItem{"new": plan.New, "changed": plan.Changed, "gone": plan.Gone} {
		for _, i := range items {
			name, _, _ := strings.Cut(i.Email, "@")
			out = append(out, fmt.Sprint(what, " ", name))
		}
	}
	for _, r := range plan.Refused {
		out = append(out, fmt.Sprint("refused ", r.Line, " ", r.Err.Field, " ", r.Err.Key))
	}
	slices.Sort(out)
	return plan, out
}

func (o *mailOffice) apply(who string, entries []people.ListEntry, whole bool) people.ListDone {
	o.t.Helper()
	plan, _ := o.planned(who, entries, whole)
	done, _, err := o.People.ApplyList(o.as(who), o.organis["Ateneo"], entries, whole, plan.Sum)
	if err != nil {
		o.t.Fatal(err)
	}
	return done
}

func TestTheListOfAnOrganisationIsForItsCoordinatorsAndAdministrators(t *testing.T) {
	o := newMailOffice(t)
	for who, want := range map[string]fault.Kind{"ada": fault.NotFound, "collega": fault.NotFound, "estraneo": fault.NotFound, "redattore": fault.NotFound,
		"agente": fault.Denied, "responsabile": fault.Denied, "referente": 0, "unita": 0, "amministratore": 0} {
		_, err := o.People.PlanList(o.as(who), o.organis["Ateneo"], nil, true)
		_, _, applied := o.People.ApplyList(o.as(who), o.organis["Ateneo"], nil, true, "")
		_, left := o.People.LeaveList(o.as(who), o.organis["Ateneo"], []uint64{o.people["ada"].ID})
		if want == 0 {
			if err != nil || fault.KindOf(applied) != fault.Conflict || left != nil {
				t.Errorf("%s: %v, %v, %v", who, err, applied, left)
			}
			continue
		}
		if fault.KindOf(err) != want || fault.KindOf(applied) != want || fault.KindOf(left) != want {
			t.Errorf("%s: %v, %v, %v; want %v", who, err, applied, left, want)
		}
	}
	if _, err := o.People.PlanList(o.as("referente"), o.organis["Altro ente"], nil, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of another organisation: %v", err)
	}
}

// TestAListIsShownBeforeItIsDone: who leaves, who changes and who comes, of each kind of line and of each reader.
func TestAListIsShownBeforeItIsDone(t *testing.T) {
	type lines = []people.ListEntry
	for name, c := range map[string]struct {
		who   string
		lines lines
		whole bool
		want  []string
	}{
		"nobody is taken off by a list that is not whole":               {"referente", nil, false, nil},
		"who is missing from a whole list leaves, but for coordinators": {"referente", nil, true, []string{"gone ada", "gone collega", "gone unita"}},
		"of a unit only its own":                                        {"unita", nil, true, []string{"gone ada"}},
		"by the unit nobody is put elsewhere":                           {"unita", lines{{Line: 2, Email: "ada@ateneo.example", Unit: "Segreteria"}}, false, []string{"refused 2 unit error.unit-unknown"}},
		"a newcomer of a unit comes to the unit":                        {"unita", lines{{Email: "nuova@ateneo.example"}}, false, []string{"new nuova"}},
		"who is known elsewhere is new as nobody is":                    {"referente", lines{{Email: "estraneo@altro.example"}, {Email: "mai@visto.example"}}, false, []string{"new estraneo", "new mai"}},
		"what a line does not say stays":                                {"referente", lines{{Email: "ada@ateneo.example"}}, false, nil},
		"a position, an end and a module":                               {"referente", lines{{Email: "ADA@ateneo.example", Position: "Docente"}, {Email: "collega@ateneo.example", Until: "2026-12-31", Modules: []string{"CSA"}}}, false, []string{"changed ada", "changed collega"}},
		"a coordinator stays one":                                       {"referente", lines{{Email: "referente@ateneo.example", Position: "Docente"}}, false, nil},
		"a line that cannot be read takes nobody off":                   {"referente", lines{{Line: 2, Email: "ada@ateneo.example", Position: "Papa"}, {Email: "collega@ateneo.example"}, {Email: "unita@ateneo.example"}}, true, []string{"refused 2 position error.position-unknown"}},
		"one address twice":                                             {"referente", lines{{Email: "a@ateneo.example"}, {Line: 3, Email: "A@ateneo.example"}}, false, []string{"new a", "refused 3 email error.list-twice"}},
		"nonsense": {"referente", lines{{Line: 2, Email: "?"}, {Line: 3, Email: "b@ateneo.example", Until: "ieri"}, {Line: 4, Email: "c@ateneo.example", Until: "2020-01-01"}, {Line: 5, Email: "d@ateneo.example", Modules: []string{"boh"}}}, false,
			[]string{"refused 2 email error.email", "refused 3 until error.date", "refused 4 until error.until-past", "refused 5 modules error.module-unknown"}},
	} {
		o := newMailOffice(t)
		before := o.st.Last()
		if _, got := o.planned(c.who, c.lines, c.whole); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if o.st.Last() != before {
			t.Errorf("%s: looking changed something", name)
		}
	}
}

func TestAListIsDoneAsItWasShownOrNotAtAll(t *testing.T) {
	o := newMailOffice(t)
	who, home := o.as("referente"), o.organis["Ateneo"]
	entries := []people.ListEntry{{Email: "ada@ateneo.example", Position: "teaching"}, {Email: "nuova@altrove.example", Name: "Nuova"}, {Email: "unita@ateneo.example"}}
	plan, _ := o.planned("referente", entries, true)
	for name, sum := range map[string]string{"no sum": "", "another sum": strings.Repeat("0", 64)} {
		if _, _, err := o.People.ApplyList(who, home, entries, true, sum); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := o.People.ApplyList(who, home, entries, false, plan.Sum); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what was shown for the whole list is done for another question: %v", err)
	}
	o.hats("ada", store.Affiliation{Organisation: home, Position: "student"})
	_, now, err := o.People.ApplyList(who, home, entries, true, plan.Sum)
	if fault.KindOf(err) != fault.Conflict || now == nil || now.Sum == plan.Sum {
		t.Fatalf("a list that changed meanwhile is done: %v", err)
	}
	done, _, err := o.People.ApplyList(who, home, entries, true, now.Sum)
	if want := (people.ListDone{Invited: 1, Changed: 1, Gone: 1}); err != nil || done != want {
		t.Fatalf("%+v, %v; want %+v", done, err, want)
	}
	o.turn()
	if h := o.people["ada"].Hats(o.st.Now()); len(h) != 1 || h[0].Position != "teaching" || h[0].Organisation != home {
		t.Errorf("ada is %+v", h)
	}
	if o.people["collega"].Belongs(home, 0, o.st.Now()) || o.people["collega"].MayEnter(o.st.Now()) {
		t.Error("who left still belongs there")
	}
	if !o.people["referente"].Covers(home, 0, o.st.Now()) {
		t.Error("the coordinator left")
	}
	if list := o.listed("referente"); len(list) != 1 || list[0].Email != "nuova@altrove.example" {
		t.Errorf("invited: %+v", list)
	}
	if again, _ := o.planned("referente", entries, true); again.Does() || again.Asked != 1 {
		t.Errorf("done twice, it would do %+v", again)
	}
}

// TestTwoWhoApplyOneListAtOnceDoItOnce: nobody is invited twice, and nobody's affiliation is ended twice.
func TestTwoWhoApplyOneListAtOnceDoItOnce(t *testing.T) {
	o := newMailOffice(t)
	var entries []people.ListEntry
	for n := range 250 {
		entries = append(entries, people.ListEntry{Email: fmt.Sprintf("p%d@ateneo.example", n)})
	}
	plan, _ := o.planned("referente", entries, true)
	var all sync.WaitGroup
	done := make([]people.ListDone, 2)
	for i, who := range []string{"referente", "amministratore"} {
		all.Go(func() {
			var err error
			done[i], _, err = o.People.ApplyList(o.as(who), o.organis["Ateneo"], entries, true, plan.Sum)
			if err != nil && fault.KindOf(err) != fault.Conflict {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if invited := done[0].Invited + done[1].Invited; invited != 250 || len(o.listed("referente")) != 250 {
		t.Errorf("%d invited, %d listed: %+v", invited, len(o.listed("referente")), done)
	}
	if gone := done[0].Gone + done[1].Gone; gone != 3 {
		t.Errorf("%d left", gone)
	}
}

func TestWhoIsTakenOffTheListIsOutAtTheNextClick(t *testing.T) {
	o := newMailOffice(t)
	n, err := o.People.LeaveList(o.as("referente"), o.organis["Ateneo"], []uint64{o.people["ada"].ID, o.people["estraneo"].ID, o.people["referente"].ID, 99999})
	if err != nil || n != 1 {
		t.Fatalf("%d left, %v", n, err)
	}
	o.turn()
	now := o.st.Now()
	if o.people["ada"].MayEnter(now) || !o.people["estraneo"].MayEnter(now) || !o.people["referente"].MayEnter(now) {
		t.Error("the wrong people left")
	}
}

// TestOnlyAddressesOfOtherDomainsAreLimited: an organisation invites as many of its own mail domains as it has people.
func TestOnlyAddressesOfOtherDomainsAreLimited(t *testing.T) {
	o := newMailOffice(t)
	var entries []people.ListEntry
	for n := range 230 {
		entries = append(entries, people.ListEntry{Email: fmt.Sprintf("p%d@altrove.example", n)}, people.ListEntry{Email: fmt.Sprintf("p%d@sub.ateneo.example", n)})
	}
	plan, _ := o.planned("referente", entries, false)
	if len(plan.New) != 430 || len(plan.Refused) != 30 || plan.Refused[0].Err.Key != "error.invitations-many" {
		t.Fatalf("%d new, %d refused", len(plan.New), len(plan.Refused))
	}
	if done := o.apply("referente", entries, false); done.Invited != 430 {
		t.Errorf("%+v", done)
	}
	if _, err := o.invite("referente", "uno@altrove.example", "Uno", store.Affiliation{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("one more from outside: %v", err)
	}
	o.mustInvite("uno@ateneo.example", "Uno")
}

func TestADomainWhereAnybodyGetsAnAddressBelongsToNobody(t *testing.T) {
	o := newOffice(t)
	for _, domain := range []string{"gmail.com", "Libero.it", "posta.gmail.com"} {
		_, err := o.People.ChangeOrganisation(o.as("amministratore"), o.organis["Ateneo"], 0, people.OrganisationForm{Name: "Ateneo", Domains: []string{"ateneo.example", domain}})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "error.domain-open") {
			t.Errorf("%s: %v", domain, err)
		}
	}
}

// BenchmarkListPreview previews a table of 5,000 lines on a list of 5,000 people: a third of the lines are new, a third change
// somebody, a third say what is, and as many people leave as come.
func BenchmarkListPreview(b *testing.B) {
	o := newOffice(b)
	home := o.organis["Ateneo"]
	err := o.st.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
		place, err := store.Organisations.Get(tx, home)
		if err != nil {
			return err
		}
		place.Domains = []string{"ateneo.example"}
		if err := store.Organisations.Put(tx, place); err != nil {
			return err
		}
		for n := range 5_000 {
			if err := store.People.Put(tx, &store.Person{Email: fmt.Sprintf("p%d@ateneo.example", n), Name: fmt.Sprint("Persona ", n),
				Affiliations: []store.Affiliation{{Organisation: home, Position: "student", Given: time.Unix(0, 0)}}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var entries []people.ListEntry
	for n := range 5_000 {
		e := people.ListEntry{Line: n + 2, Email: fmt.Sprintf("p%d@ateneo.example", n+1_667), Name: fmt.Sprint("Persona ", n+1_667), Position: "Studente"}
		if n%2 == 0 {
			e.Position, e.Until = "Docente", "2026-12-31"
		}
		entries = append(entries, e)
	}
	who := policy.Actor{System: true, Via: door.Command}
	for b.Loop() {
		plan, err := o.People.PlanList(who, home, entries, true)
		if err != nil || len(plan.New) != 1_667 || len(plan.Gone) < 1_667 {
			b.Fatalf("%d new, %d gone, %v", len(plan.New), len(plan.Gone), err)
		}
	}
}
