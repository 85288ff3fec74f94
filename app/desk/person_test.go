package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

func TestPeopleAreForThoseWhoLookAfterPeople(t *testing.T) {
	o := newOffice(t)
	for _, who := range everybodyBut(o, "amministratore", "responsabile") {
		a := o.as(who)
		f := people.Form{Email: "nuova@ateneo.example", Name: "Nuova", Groups: []store.Membership{{Group: o.group["csa"]}}}
		for what, err := range map[string]error{
			"list":   second(o.People.List(a, people.Query{})),
			"add":    third(o.People.Add(a, f)),
			"change": second(o.People.Change(a, o.people["ada"].ID, 0, people.FormOf(o.people["ada"]))),
			"send":   o.People.SendPasswordLink(a, o.people["ada"].ID),
			"hand":   second(o.People.HandPasswordLink(a, o.people["ada"].ID, "")),
		} {
			if fault.KindOf(err) != fault.Denied {
				t.Errorf("%s by %s: %v, want denied", what, who, err)
			}
		}
	}
	_, err := o.People.Read(o.as("ada"), o.people["collega"].ID)
	wants(t, err, fault.NotFound, "", "")
	_, err = o.People.Read(policy.Actor{}, o.people["collega"].ID)
	wants(t, err, fault.NotFound, "", "")
	if p, err := o.People.Read(o.as("ada"), o.people["ada"].ID); err != nil || p.Name != "Ada Neri" {
		t.Errorf("oneself: %v", err)
	}
	if got, err := o.People.Pick(o.as("ada"), "b", 10); err != nil || len(got) != 0 {
		t.Errorf("a requester is offered %v, %v", got, err)
	}
	if got, err := o.People.PickRequesters(o.as("ada"), "c", 10); err != nil || len(got) != 0 {
		t.Errorf("a requester is offered %v, %v", got, err)
	}
}

func TestSupervisorsMakeAgentsOfTheirGroupsAndNothingElse(t *testing.T) {
	o := newOffice(t)
	s := o.as("responsabile")
	csa := store.Membership{Group: o.group["csa"]}
	ok := people.Form{Email: "nuova@ateneo.example", Name: "Nuova Agente", Groups: []store.Membership{csa}}
	for name, c := range map[string]struct {
		change func(*people.Form)
		kind   fault.Kind
		field  string
	}{
		"no administrator": {func(f *people.Form) { f.Administrator = true }, fault.Denied, "administrator"},
		"no editor":        {func(f *people.Form) { f.Editor = true }, fault.Denied, "editor"},
		"no coordinator": {func(f *people.Form) {
			f.Affiliations = []store.Affiliation{{Organisation: o.organis["Ateneo"], Coordinator: true}}
		}, fault.Denied, "affiliations"},
		"no other supervisor":    {func(f *people.Form) { f.Groups = []store.Membership{{Group: csa.Group, Supervisor: true}} }, fault.Denied, "groups"},
		"nobody of other groups": {func(f *people.Form) { f.Groups = []store.Membership{csa, {Group: o.group["legale"]}} }, fault.Denied, "groups"},
		"nobody of no group":     {func(f *people.Form) { f.Groups = nil }, fault.Invalid, "groups"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ok
			c.change(&f)
			_, _, err := o.People.Add(s, f)
			wants(t, err, c.kind, "", c.field)
		})
	}
	p, link, err := o.People.Add(s, ok)
	if err != nil || link == "" {
		t.Fatal(err)
	}
	if _, err := o.Keeper().ChoosePassword(link, "quattro tartarughe verdi"); err != nil {
		t.Errorf("the link does not work: %v", err)
	}
	f := people.FormOf(o.people["ada"])
	f.Groups = []store.Membership{csa}
	if _, err := o.People.Change(s, o.people["ada"].ID, 0, f); err != nil {
		t.Errorf("making somebody an agent: %v", err)
	}
	f.Name = "Un altro nome"
	_, err = o.People.Change(s, o.people["ada"].ID, 0, f)
	wants(t, err, fault.Denied, "error.supervisor-only-agents", "name")
	f = people.FormOf(o.people["altrove"])
	f.Groups = nil
	_, err = o.People.Change(s, o.people["altrove"].ID, 0, f)
	wants(t, err, fault.Denied, "", "groups")

	wants(t, o.People.SendPasswordLink(s, p.ID), fault.Invalid, "error.link-not-sent", "")
	_, err = o.People.HandPasswordLink(s, p.ID, "Non riceve")
	wants(t, err, fault.Denied, "", "") // a person with a row is known, even if the row was just added
	for _, who := range []string{"amministratore", "redattore", "referente", "altrove", "responsabile", "collega"} {
		wants(t, o.People.SendPasswordLink(s, o.people[who].ID), fault.Denied, "", "")
	}
}

func TestPersonFormsTellAllThatIsWrong(t *testing.T) {
	o := newOffice(t)
	_, _, err := o.People.Add(o.as("amministratore"), people.Form{Email: "ada@", Name: " ", Language: "fr", Affiliations: []store.Affiliation{{Organisation: o.organis["Altro ente"], Unit: 1}, {}},
		Groups: []store.Membership{{Group: 99}}, Phone: strings.Repeat("1", 101)})
	for field, key := range map[string]string{"email": "error.email", "name": "error.required", "language": "error.language",
		"groups": "error.group-unknown", "affiliations": "error.unit-elsewhere", "phone": "error.too-long"} {
		wants(t, err, fault.Invalid, key, field)
	}
	_, _, err = o.People.Add(o.as("amministratore"), people.Form{Email: " ADA@Ateneo.example", Name: "Un'altra"})
	wants(t, err, fault.Invalid, "error.email-taken", "email")
}

func TestAddressesAreBareAddresses(t *testing.T) {
	for s, want := range map[string]bool{
		"ada@ateneo.example": true, "a.b+c@x.y.example": true, "ada@intranet": true, "josé@ateneo.example": true, "o'neill@ateneo.example": true,
		"": false, "ada": false, "@x.example": false, "ada@": false, "ada@x..y": false, "ada@-x.example": false, "a b@x.example": false,
		"Ada <ada@x.example>": false, "ada@x.example,eva@x.example": false, "\"a b\"@x.example": false, "ada@x.example\nbcc: eva@x.example": false,
		"ada\x00@x.example": false, "ada@[127.0.0.1]": false, "ada@x.example (Ada)": false, "a\u202edb@x.example": false,
		strings.Repeat("a", 65) + "@x.example": false, "ada@" + strings.Repeat("a.", 130) + "example": false, "\xff@x.example": false,
	} {
		if got := entry.IsAddress(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	for field, change := range map[string]func(*people.Form){
		"administrator": func(f *people.Form) { f.Administrator = false },
		"disabled":      func(f *people.Form) { f.Disabled = true },
	} {
		f := people.FormOf(a.Person)
		change(&f)
		_, err := o.People.Change(a, a.ID(), 0, f)
		wants(t, err, fault.Invalid, "error.last-administrator", field)
	}
	_, _, err := o.People.Put(a, people.Record{Email: a.Person.Email, Roles: []string{"requester"}})
	wants(t, err, fault.Invalid, "error.last-administrator", "administrator")
	f := people.FormOf(o.people["ada"])
	f.Administrator = true
	if _, err := o.People.Change(a, o.people["ada"].ID, 0, f); err != nil {
		t.Fatal(err)
	}
	f = people.FormOf(a.Person)
	f.Administrator = false
	if _, err := o.People.Change(a, a.ID(), 0, f); err != nil {
		t.Errorf("with another administrator: %v", err)
	}
}

// TestNoDoorTakesTheLastAdministratorAway: whatever is done to the one administrator of a desk, through whichever door,
// they can still sign in and run it.
func TestNoDoorTakesTheLastAdministratorAway(t *testing.T) {
	for door, do := range map[string]func(o *office, p *store.Person) error{
		"the form": func(o *office, p *store.Person) error {
			_, err := o.People.Change(o.as("amministratore"), p.ID, 0, people.Form{Email: p.Email, Name: p.Name})
			return err
		},
		"the form, disabling": func(o *office, p *store.Person) error {
			f := people.FormOf(p)
			f.Disabled = true
			_, err := o.People.Change(o.as("amministratore"), p.ID, 0, f)
			return err
		},
		"a list": func(o *office, p *store.Person) error {
			_, _, err := o.People.Put(system, people.Record{Email: p.Email, Roles: []string{"requester"}})
			return err
		},
		"a list that names an organisation": func(o *office, p *store.Person) error {
			_, _, err := o.People.Put(system, people.Record{Email: p.Email, Organisation: "Ateneo", Roles: []string{"coordinator", "editor"}})
			return err
		},
		"affiliations that are taken": func(o *office, p *store.Person) error {
			_, err := o.People.PutAffiliations(o.as("amministratore"), p.ID, 0, nil)
			return err
		},
		"affiliations that end": func(o *office, p *store.Person) error {
			if _, err := o.People.PutAffiliations(o.as("amministratore"), p.ID, 0, []store.Affiliation{{Organisation: o.organis["Ateneo"], Until: o.st.Now().Add(time.Minute)}}); err != nil {
				return err
			}
			o.later(time.Hour)
			_, err := o.People.TurnAffiliations()
			return err
		},
		"an organisation that goes": func(o *office, p *store.Person) error {
			if _, err := o.People.PutAffiliations(o.as("amministratore"), p.ID, 0, []store.Affiliation{{Organisation: o.organis["Ateneo"]}}); err != nil {
				return err
			}
			from := store.Hat{Organisation: o.organis["Ateneo"]}
			said, err := o.Relocations.Preview(o.as("amministratore"), from, o.organis["Altro ente"])
			if err != nil {
				return err
			}
			if _, _, err := o.Relocations.Begin(o.as("amministratore"), from, o.organis["Altro ente"], said.Sum); err != nil {
				return err
			}
			for more := true; more && err == nil; {
				more, err = o.Relocations.Step()
			}
			return err
		},
	} {
		o := newOffice(t)
		err := do(o, o.people["amministratore"])
		p, bad := o.People.Read(system, o.people["amministratore"].ID)
		if bad != nil {
			t.Fatal(bad)
		}
		if !p.Administrator || !p.MayEnter(o.st.Now()) {
			t.Errorf("%s: %v; afterwards administrator %t, disabled %t", door, err, p.Administrator, p.Disabled)
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", door, err)
		}
	}
}

func TestDisablingEndsSessionsAndLinksAtOnce(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	ada := o.people["ada"]
	if err := o.Keeper().SetPassword(db.By{}, ada.ID, "quattro tartarughe verdi"); err != nil {
		t.Fatal(err)
	}
	secret, _, err := o.Keeper().SignIn(t.Context(), ada.Email, "quattro tartarughe verdi", "", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	link, err := o.People.HandPasswordLink(a, ada.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.People.Read(a, ada.ID)
	if err != nil || p.Password != "" {
		t.Fatalf("the password left the desk: %v", err)
	}
	f := people.FormOf(p)
	f.Disabled = true
	if _, err := o.People.Change(a, ada.ID, p.Rev, f); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Keeper().Session(t.Context(), secret); fault.KindOf(err) != fault.SignIn {
		t.Errorf("session: %v", err)
	}
	if list, err := o.Keeper().SessionsOf(ada.ID); err != nil || len(list) != 0 {
		t.Errorf("%d sessions, %v", len(list), err)
	}
	if _, err := o.Keeper().Link(link, credential.ForPassword); err == nil {
		t.Error("the link still works")
	}
	_, err = o.People.HandPasswordLink(a, ada.ID, "")
	wants(t, err, fault.Invalid, "error.person-disabled", "")
	_, err = o.People.Change(a, ada.ID, p.Rev, f)
	wants(t, err, fault.Conflict, "error.changed-meanwhile", "")
}

func TestPeopleAreListedByNameInPages(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	names := func(q people.Query) (out []string) {
		for {
			page, err := o.People.List(a, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page.People {
				out = append(out, strings.Fields(p.Name)[0])
			}
			if page.Next == "" {
				return out
			}
			q.After = page.Next
		}
	}
	for name, c := range map[string]struct {
		q    people.Query
		want string
	}{
		"everybody":              {people.Query{Limit: 3}, "Ada Aldo Anna Bianca Bruno Carlo Elsa Renzo Rita Sara Ugo"},
		"by beginnings":          {people.Query{Text: "age b", Limit: 1}, "Bianca Bruno"},
		"by address":             {people.Query{Text: "ada@at"}, "Ada"},
		"without accents":        {people.Query{Text: "unita"}, "Ugo"},
		"by organisation":        {people.Query{Organisation: o.organis["Ateneo"], Limit: 2}, "Ada Carlo Rita Ugo"},
		"by unit":                {people.Query{Organisation: o.organis["Ateneo"], Unit: 1}, "Ada Ugo"},
		"by group":               {people.Query{Group: o.group["csa"], Limit: 1}, "Bianca Bruno Sara"},
		"by role":                {people.Query{Role: "agent", Limit: 2}, "Aldo Bianca Bruno Sara"},
		"by group and role":      {people.Query{Group: o.group["csa"], Role: "supervisor"}, "Sara"},
		"an unknown role":        {people.Query{Role: "superuser"}, ""},
		"white space is no word": {people.Query{Text: "  ", Role: "editor"}, "Renzo"},
		"nobody":                 {people.Query{Text: "zzz"}, ""},
	} {
		if got := strings.Join(names(c.q), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got, err := o.People.PickRequesters(o.as("referente"), "", 50); err != nil || len(got) != 4 {
		t.Errorf("a coordinator is offered %v, %v", got, err)
	}
	if got, err := o.People.Pick(o.as("agente"), "bi", 5); err != nil || len(got) != 1 || got[0].Name != "Bianca Agente" {
		t.Errorf("an agent is offered %v, %v", got, err)
	}
}

func TestNobodyIsMissedWhereManyShareABeginning(t *testing.T) {
	o := newOffice(t)
	a, rita := o.as("amministratore"), o.as("referente")
	own, other := o.organis["Ateneo"], o.organis["Altro ente"]
	var want []string
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for n := range 6000 {
			p := &store.Person{Email: fmt.Sprintf("folla%d@altro.example", n), Name: fmt.Sprintf("%04d Folla Zelda", (n*7919)%6000), Affiliations: []store.Affiliation{{Organisation: other}}}
			if n%1000 == 999 { // the last ones to be added, and few of an organisation
				p.Affiliations = append(p.Affiliations, store.Affiliation{Organisation: own, Coordinator: n == 5999})
				want = append(want, p.Name)
			}
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	names := func(q people.Query) (out []string) {
		for {
			page, err := o.People.List(a, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page.People {
				out = append(out, p.Name)
			}
			if page.Next == "" {
				return out
			}
			q.After = page.Next
		}
	}
	for name, q := range map[string]people.Query{"a beginning of all": {Text: "fol"}, "two words": {Text: "zel folla"}, "of an organisation": {Text: "fol", Organisation: other}} {
		q.Limit = 200
		got := names(q)
		if len(got) != 6000 || !slices.IsSorted(got) || len(slices.Compact(got)) != 6000 {
			t.Errorf("%s: %d, by name: %v", name, len(got), slices.IsSorted(got))
		}
	}
	if got := names(people.Query{Text: "fol", Organisation: own, Limit: 4}); !slices.Equal(got, want) {
		t.Errorf("the few of an organisation: %v, want %v", got, want)
	}
	if got := names(people.Query{Text: "fol", Role: "coordinator"}); len(got) != 1 {
		t.Errorf("the coordinator among them: %v", got)
	}
	picked, err := o.People.PickRequesters(rita, "fol", 50)
	if err != nil || len(picked) != len(want) || picked[0].Name != want[0] {
		t.Errorf("a coordinator is offered %v, %v", picked, err)
	}
}

func TestEverybodyChangesTheirOwnSettingsOnly(t *testing.T) {
	o := newOffice(t)
	_, err := o.People.ChangeOwn(policy.Actor{}, people.OwnForm{Name: "Nessuno"})
	wants(t, err, fault.SignIn, "", "")
	_, err = o.People.ChangeOwn(o.as("ada"), people.OwnForm{Name: "", Language: "de", Theme: "pink"})
	for _, field := range []string{"name", "language", "theme"} {
		wants(t, err, fault.Invalid, "", field)
	}
	p, err := o.People.ChangeOwn(o.as("ada"), people.OwnForm{Name: "Ada  Neri\u202e", Language: "en", Theme: "dark", NoSingleKeys: true, Notices: store.NoticeOwn})
	if err != nil || p.Name != "Ada Neri" || !p.Belongs(o.organis["Ateneo"], 0, o.st.Now()) || !p.NoSingleKeys {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOnlyADeskWithoutAdministratorIsSetUp(t *testing.T) {
	o := newOffice(t)
	form := people.SetUpForm{Name: "Prima Persona", Email: "Prima@Ateneo.example", Password: "quattro tartarughe verdi", Desk: "Il nostro sportello"}
	_, err := o.People.SetUp(form)
	wants(t, err, fault.Denied, "error.set-up-done", "")

	d := newDesk(t)
	if has, err := d.People.HasAdministrator(); err != nil || has {
		t.Fatalf("%v, %v", has, err)
	}
	_, err = d.People.SetUp(people.SetUpForm{Email: "prima", Password: "corta"})
	for _, field := range []string{"email", "name", "password"} {
		wants(t, err, fault.Invalid, "", field)
	}
	p, err := d.People.SetUp(form)
	if err != nil || !p.Administrator || p.Email != "prima@ateneo.example" {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, _, err := d.Keeper().SignIn(t.Context(), p.Email, form.Password, "", "127.0.0.1"); err != nil {
		t.Error(err)
	}
	if set, err := d.Catalogue.Settings(); err != nil || set.Name != form.Desk || set.Welcome.IT == "" {
		t.Errorf("%+v, %v", set, err)
	}
	if has, err := d.People.HasAdministrator(); err != nil || !has {
		t.Errorf("%v, %v", has, err)
	}
	_, err = d.People.SetUp(form)
	wants(t, err, fault.Denied, "error.set-up-done", "")
}

func TestEnsureRequesterFindsTheOrganisationByItsMailDomain(t *testing.T) {
	d := newDesk(t)
	org, err := d.People.AddOrganisation(system, people.OrganisationForm{Name: "Ateneo", Domains: []string{"ateneo.example"}})
	if err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]uint64{"a@ateneo.example": org.ID, "b@studenti.ateneo.example": org.ID, "c@altro.example": 0, "d@nonateneo.example": 0} {
		err := d.Store().Update(db.By{Act: act.Mail}, func(tx *db.Tx) error {
			p, err := d.People.EnsureRequester(tx, email, "")
			if err != nil {
				return err
			}
			again, err := d.People.EnsureRequester(tx, strings.ToUpper(email), "Altro nome")
			if p.Hat(tx.Now()).Organisation != want || again.ID != p.ID || p.Password != "" || p.Name != email || tx.By().Act != act.Mail {
				t.Errorf("%s: %+v, then %+v", email, p, again)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
