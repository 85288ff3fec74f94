package desk

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// newDesk returns a new desk with the data of Seed. The store is checked at the end of the test.
func newDesk(t *testing.T) *Desk {
	t.Helper()
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if findings := st.Check(); len(findings) > 0 {
			t.Errorf("check: %s", strings.Join(findings, "\n"))
		}
		st.Close()
	})
	d := New(Options{Store: st})
	if err := d.Catalogue.Seed(context.Background()); err != nil {
		t.Fatal(err)
	}
	return d
}

var system = policy.Actor{System: true, Via: door.Command}

// wants fails unless the error has the kind and, if given, key and field in one of its problems.
func wants(t *testing.T, err error, kind fault.Kind, key, field string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %v %s (%s)", kind, key, field)
		return
	}
	list, ok := err.(fault.Problems)
	if !ok {
		e, ok := err.(*fault.Error)
		if !ok {
			t.Errorf("got %v, want %v %s (%s)", err, kind, key, field)
			return
		}
		list = fault.Problems{e}
	}
	for _, e := range list {
		if e.Kind == kind && (key == "" || e.Key == key) && (field == "" || e.Field == field) {
			return
		}
	}
	t.Errorf("got %v, want %v %s (%s)", err, kind, key, field)
}

// everybodyBut returns the people of the office except the named ones.
func everybodyBut(o *office, names ...string) []string {
	var out []string
	for n := range o.people {
		ok := true
		for _, not := range names {
			ok = ok && n != not
		}
		if ok {
			out = append(out, n)
		}
	}
	return out
}

func TestOnlyAdministratorsRunTheDesk(t *testing.T) {
	o := newOffice(t)
	for _, who := range everybodyBut(o, "amministratore") {
		a := o.as(who)
		for what, err := range map[string]error{
			"add organisation":    second(o.People.AddOrganisation(a, people.OrganisationForm{Name: "Nuovo"})),
			"change organisation": second(o.People.ChangeOrganisation(a, o.organis["Ateneo"], 0, people.OrganisationForm{Name: "Nuovo"})),
			"remove organisation": o.People.RemoveOrganisation(a, o.organis["Ateneo"]),
			"add unit":            second(o.People.AddUnit(a, o.organis["Ateneo"], "Nuova")),
			"change unit":         second(o.People.ChangeUnit(a, 1, 0, "Nuova")),
			"remove unit":         o.People.RemoveUnit(a, 1),
			"add group":           second(o.People.AddGroup(a, people.GroupForm{Code: "nuovo", Name: store.Words{IT: "Nuovo"}})),
			"change group":        second(o.People.ChangeGroup(a, o.group["csa"], 0, people.GroupForm{Name: store.Words{IT: "Nuovo"}})),
			"remove group":        o.People.RemoveGroup(a, o.group["csa"]),
			"add module":          second(o.Catalogue.AddModule(a, catalogue.ModuleForm{Code: "nuovo", Name: store.Words{IT: "Nuovo"}})),
			"change module":       second(o.Catalogue.ChangeModule(a, o.module["csa"], 0, catalogue.ModuleForm{Name: store.Words{IT: "Nuovo"}})),
			"remove module":       o.Catalogue.RemoveModule(a, o.module["csa"]),
			"import catalogue":    second(o.Catalogue.Import(a, strings.NewReader(""))),
			"export catalogue":    o.Catalogue.Export(a, &bytes.Buffer{}),
			"settings":            second(o.Catalogue.ChangeSettings(a, 0, catalogue.SettingsForm{Home: &catalogue.Home{}})),
			"audit":               third(o.Audit(a, 0, 10)),
			"export tickets":      exported(o.ExportTickets(context.Background(), a, "prova", func(ticket.Record) error { return nil })),
			"export articles":     o.ExportArticles(context.Background(), a, func(article.Record) error { return nil }),
			"export people":       o.ExportPeople(context.Background(), a, func(people.Record) error { return nil }),
			"import a person":     third(o.People.Put(a, people.Record{Email: "x@y.example", Name: "X"})),
		} {
			if fault.KindOf(err) != fault.Denied {
				t.Errorf("%s by %s: %v, want denied", what, who, err)
			}
		}
	}
	if err := o.People.RemoveGroup(policy.Actor{}, o.group["csa"]); fault.KindOf(err) != fault.SignIn {
		t.Errorf("nobody removes a group: %v", err)
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

func TestSeedMakesTheCatalogueOfTheDomainOnce(t *testing.T) {
	d := newDesk(t)
	levels, err := d.Catalogue.Levels()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	group := map[uint64]string{}
	list, err := d.People.Groups(system)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range list {
		group[g.ID] = g.Code
		if g.Name.IT == "" || g.Name.EN == "" || g.Description.IT == "" || g.Description.EN == "" {
			t.Errorf("group %s lacks a text", g.Code)
		}
	}
	if len(list) != 6 || list[0].Code != store.GeneralGroup {
		t.Errorf("groups: %v", group)
	}
	for _, l := range levels {
		got[l.Code] = l.Channel.String() + " " + group[l.Group]
		if l.Name.IT == "" || l.Name.EN == "" || l.Description.IT == "" || l.Description.EN == "" {
			t.Errorf("%s lacks a text", l.Code)
		}
		if !l.Here() && (l.Reason.IT == "" || l.Reason.EN == "") {
			t.Errorf("%s does not say why it is served elsewhere", l.Code)
		}
		if l.Here() && len(l.Versions) == 0 {
			t.Errorf("%s has no versions", l.Code)
		}
	}
	want := map[string]string{
		"u-gov": "here generale", "u-gov/ricerca": "here ricerca", "u-gov/ricerca/catalogo-valutazione": "here ricerca", "u-gov/ricerca/gestione-progetti": "here ricerca",
		"u-gov/contabilita": "here contabilita", "u-gov/risorse-umane": "here risorse-umane", "u-gov/risorse-umane/gestione-organico": "here risorse-umane",
		"u-gov/risorse-umane/valutazione-prestazioni": "here risorse-umane", "u-gov/pianificazione-controllo": "here pianificazione",
		"u-gov/pianificazione-controllo/data-mart": "here pianificazione", "u-gov/pianificazione-controllo/allocazione-costi": "here pianificazione",
		"u-gov/pianificazione-controllo/cruscotti": "here pianificazione", "u-gov/programmazione-didattica": "desk generale",
		"u-gov/gestione-documentale": "desk generale", "u-gov/gestione-documentale/titulus": "desk generale", "csa": "here csa", "esse3": "desk generale", "cia": "email contabilita",
	}
	for code, w := range want {
		if got[code] != w {
			t.Errorf("%s: %q, want %q", code, got[code], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d levels, want %d", len(got), len(want))
	}
	l, err := d.Catalogue.LevelByCode("u-gov/ricerca/gestione-progetti")
	if err != nil || l.Path.IT != "U-GOV › Ricerca › Gestione Progetti" || l.Depth != 2 || len(l.Above) != 2 {
		t.Errorf("path %+v, %v", l, err)
	}

	seq := d.Store().Last()
	if err := d.Catalogue.Seed(context.Background()); err != nil || d.Store().Last() != seq {
		t.Errorf("a second seed wrote something: %v", err)
	}
	contacts, err := d.Catalogue.Contacts()
	if err != nil || len(contacts) != 4 || len(contacts[0].Areas) == 0 {
		t.Errorf("contacts %v, %v", contacts, err)
	}
}

func TestExportedCatalogueReadsBackAsItWas(t *testing.T) {
	d := newDesk(t)
	var first, again bytes.Buffer
	if err := d.Catalogue.Export(system, &first); err != nil {
		t.Fatal(err)
	}
	n, err := d.Catalogue.Import(system, bytes.NewReader(first.Bytes()))
	if err != nil || n != (catalogue.Imported{}) {
		t.Errorf("the same desk: %+v, %v", n, err)
	}
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	empty := New(Options{Store: st})
	if n, err = empty.Catalogue.Import(system, bytes.NewReader(first.Bytes())); err != nil || n.Added != 24 {
		t.Errorf("an empty desk: %+v, %v", n, err)
	}
	if err := empty.Catalogue.Export(system, &again); err != nil || first.String() != again.String() {
		t.Errorf("differs after a round trip: %v", err)
	}
	_, err = d.Catalogue.Import(system, strings.NewReader("[[module]]\ncode='csa'\nname={it='CSA'}\nchanel='desk'\n"))
	wants(t, err, fault.Invalid, "error.catalogue-file", "file")
	seq := d.Store().Last()
	_, err = d.Catalogue.Import(system, strings.NewReader("[[module]]\ncode='nuovo'\nname={it='Nuovo'}\n[[module]]\ncode='x/y'\nname={it='Y'}\nchannel='fax'\n"))
	wants(t, err, fault.Invalid, "error.module-above", "module x/y: code")
	wants(t, err, fault.Invalid, "error.code", "module x/y: channel")
	if d.Store().Last() != seq {
		t.Error("part of a refused catalogue was written")
	}
}

func TestModulesAreChecked(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	ok := catalogue.ModuleForm{Code: "nuovo", Name: store.Words{IT: "Nuovo"}}
	for name, c := range map[string]struct {
		change     func(*catalogue.ModuleForm)
		key, field string
	}{
		"a name is needed":                   {func(f *catalogue.ModuleForm) { f.Name = store.Words{} }, "error.required", "name-it"},
		"a code has letters and hyphens":     {func(f *catalogue.ModuleForm) { f.Code = "A b" }, "error.code-form", "code"},
		"a code is taken once":               {func(f *catalogue.ModuleForm) { f.Code = "csa" }, "error.code-taken", "code"},
		"another desk has an https address":  {func(f *catalogue.ModuleForm) { f.Channel, f.Address = store.OtherDesk, "http://x.example" }, "error.address-https", "address"},
		"no script poses as an address":      {func(f *catalogue.ModuleForm) { f.Channel, f.Address = store.OtherDesk, "javascript:alert(1)" }, "error.address-https", "address"},
		"a mailbox is an e-mail address":     {func(f *catalogue.ModuleForm) { f.Channel, f.Address = store.ByEmail, "cia" }, "error.email", "address"},
		"what is served here has no address": {func(f *catalogue.ModuleForm) { f.Channel, f.Address = store.Here, "https://x.example" }, "error.address-here", "address"},
		"the group is there":                 {func(f *catalogue.ModuleForm) { f.Group = 99 }, "error.group-unknown", "group"},
		"the level above is there":           {func(f *catalogue.ModuleForm) { f.Parent = 99 }, "error.module-unknown", "parent"},
		"a question has a known type": {func(f *catalogue.ModuleForm) {
			f.Questions = []store.Question{{Code: "a", Label: store.Words{IT: "A"}, Type: "file"}}
		}, "error.question-type", "questions-1"},
		"a choice offers two things or more": {func(f *catalogue.ModuleForm) {
			f.Questions = []store.Question{{Code: "a", Label: store.Words{IT: "A"}, Type: "choice", Choices: []string{"uno", "uno"}}}
		}, "error.question-choices", "questions-1"},
		"two questions have different codes": {func(f *catalogue.ModuleForm) {
			f.Questions = []store.Question{{Code: "a", Label: store.Words{IT: "A"}, Type: "text"}, {Code: "a", Label: store.Words{IT: "B"}, Type: "text"}}
		}, "error.code-taken", "questions-2"},
		"a question says what it asks": {func(f *catalogue.ModuleForm) { f.Questions = []store.Question{{Code: "a", Type: "text"}} }, "error.required", "questions-1"},
		"a version is a short line":    {func(f *catalogue.ModuleForm) { f.Versions = []string{strings.Repeat("1", 41)} }, "error.too-long", "versions"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ok
			c.change(&f)
			_, err := o.Catalogue.AddModule(a, f)
			wants(t, err, fault.Invalid, c.key, c.field)
		})
	}
	m, err := o.Catalogue.AddModule(a, catalogue.ModuleForm{Parent: o.module["csa"], Code: "stipendi", Name: store.Words{IT: "Stipendi"}, Versions: []string{" 2 ", "2", "1"}})
	if err != nil || m.Code != "csa/stipendi" || len(m.Versions) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	if l, err := o.Catalogue.Level(m.ID); err != nil || l.Group != o.group["csa"] || l.Channel != store.Here {
		t.Errorf("does not inherit: %+v, %v", l, err)
	}
	f := catalogue.ModuleFormOf(m)
	f.Code = "paghe"
	_, err = o.Catalogue.ChangeModule(a, m.ID, m.Rev, f)
	wants(t, err, fault.Invalid, "error.code-fixed", "code")
	f.Code = ""
	if _, err = o.Catalogue.ChangeModule(a, m.ID, m.Rev, f); err != nil {
		t.Error(err)
	}
	_, err = o.Catalogue.ChangeModule(a, m.ID, m.Rev, f)
	wants(t, err, fault.Conflict, "error.changed-meanwhile", "")
	o.open("csa")
	wants(t, o.Catalogue.RemoveModule(a, o.module["csa"]), fault.Conflict, "error.module-in-use", "")
	if err := o.Catalogue.RemoveModule(a, m.ID); err != nil {
		t.Error(err)
	}
}

func TestGroupsAreKept(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	general := o.group["generale"]
	_, err := o.People.ChangeGroup(a, general, 0, people.GroupForm{Name: store.Words{IT: "Sportello"}, Retired: true})
	wants(t, err, fault.Conflict, "error.group-general", "")
	wants(t, o.People.RemoveGroup(a, general), fault.Conflict, "error.group-general", "")
	wants(t, o.People.RemoveGroup(a, o.group["csa"]), fault.Conflict, "error.group-in-use", "")
	_, err = o.People.ChangeGroup(a, o.group["csa"], 0, people.GroupForm{Name: store.Words{IT: "CSA"}, Retired: true})
	wants(t, err, fault.Conflict, "error.group-serves", "")
	_, err = o.People.ChangeGroup(a, o.group["csa"], 0, people.GroupForm{Code: "altro", Name: store.Words{IT: "CSA"}})
	wants(t, err, fault.Invalid, "error.code-fixed", "code")
	g, err := o.People.AddGroup(a, people.GroupForm{Code: "nuovo", Name: store.Words{IT: "Nuovo"}, Email: "Nuovo@Ateneo.example"})
	if err != nil || g.Email != "nuovo@ateneo.example" {
		t.Fatalf("%+v, %v", g, err)
	}
	if err := o.People.RemoveGroup(a, g.ID); err != nil {
		t.Error(err)
	}
	if err := o.People.PutMember(o.as("responsabile"), o.group["csa"], o.people["ada"].ID, false); err != nil {
		t.Errorf("a supervisor adds an agent: %v", err)
	}
	wants(t, o.People.PutMember(o.as("responsabile"), o.group["csa"], o.people["ada"].ID, true), fault.Denied, "", "")
	wants(t, o.People.PutMember(o.as("responsabile"), o.group["legale"], o.people["ada"].ID, false), fault.Denied, "", "")
	wants(t, o.People.RemoveMember(o.as("responsabile"), o.group["csa"], o.people["responsabile"].ID), fault.Denied, "", "")
	wants(t, o.People.PutMember(o.as("agente"), o.group["csa"], o.people["collega"].ID, false), fault.Denied, "", "")
	if m, err := o.People.GroupMembers(o.as("agente"), o.group["csa"]); err != nil || len(m) != 4 {
		t.Errorf("%d members, %v", len(m), err)
	}
	_, err = o.People.GroupMembers(o.as("collega"), o.group["csa"])
	wants(t, err, fault.Denied, "", "")
}

func TestOrganisationsAreRemovedOnlyWhenNothingNamesThem(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	wants(t, o.People.RemoveOrganisation(a, o.organis["Ateneo"]), fault.Conflict, "error.organisation-in-use", "")
	wants(t, o.People.RemoveUnit(a, 1), fault.Conflict, "error.unit-in-use", "")
	org, err := o.People.AddOrganisation(a, people.OrganisationForm{Name: "Nuovo ente", Domains: []string{"@Nuovo.example", "", "nuovo.example"}})
	if err != nil || len(org.Domains) != 1 || org.Domains[0] != "nuovo.example" {
		t.Fatalf("%+v, %v", org, err)
	}
	u, err := o.People.AddUnit(a, org.ID, "Ufficio")
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.People.AddUnit(a, org.ID, "UFFÌCIO")
	wants(t, err, fault.Invalid, "error.name-taken", "name")
	_, err = o.People.AddOrganisation(a, people.OrganisationForm{Name: "nuovo  ENTE", Domains: []string{"nuovo.example", "x y"}})
	wants(t, err, fault.Invalid, "error.name-taken", "name")
	wants(t, err, fault.Invalid, "error.domain-taken", "domains")
	wants(t, err, fault.Invalid, "error.domain", "domains")
	if _, err := o.People.ChangeUnit(a, u.ID, u.Rev, "Segreteria"); err != nil {
		t.Error(err)
	}
	if err := o.People.RemoveOrganisation(a, org.ID); err != nil {
		t.Error(err)
	}
	if list, err := o.People.Organisations(o.as("ada")); err != nil || len(list) != 1 {
		t.Errorf("a requester sees %d organisations, %v", len(list), err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	brand := func(colour string) catalogue.SettingsForm {
		return catalogue.SettingsForm{Branding: &catalogue.Branding{Name: "Sportello", Colour: colour}}
	}
	_, err := o.Catalogue.ChangeSettings(a, 0, brand("#ffcc00"))
	wants(t, err, fault.Invalid, "error.colour-contrast", "colour")
	nearest := err.(fault.Problems)[0].Args["nearest"].(string)
	if c, ok := catalogue.JudgeColour(nearest); !ok || c.Contrast < 4.5 || c.Contrast > 4.7 {
		t.Errorf("nearest %s has a contrast of %.2f", nearest, c.Contrast)
	}
	if _, err = o.Catalogue.ChangeSettings(a, 0, brand(nearest)); err != nil {
		t.Errorf("the colour offered is refused: %v", err)
	}
	_, err = o.Catalogue.ChangeSettings(a, 0, brand("red"))
	wants(t, err, fault.Invalid, "error.colour", "colour")

	logo := func(b []byte) catalogue.SettingsForm {
		return catalogue.SettingsForm{Branding: &catalogue.Branding{Name: "Sportello", Logo: bytes.NewReader(b)}}
	}
	_, err = o.Catalogue.ChangeSettings(a, 0, logo([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)))
	wants(t, err, fault.Invalid, "error.logo-type", "logo")
	_, err = o.Catalogue.ChangeSettings(a, 0, logo([]byte("\x89PNG\r\n\x1a\nnot really")))
	wants(t, err, fault.Invalid, "error.logo-type", "logo")
	_, err = o.Catalogue.ChangeSettings(a, 0, logo(make([]byte, catalogue.MaxLogo+1)))
	wants(t, err, fault.TooLarge, "error.logo-size", "logo")
	var pic bytes.Buffer
	if err := png.Encode(&pic, image.NewGray(image.Rect(0, 0, 40, 20))); err != nil {
		t.Fatal(err)
	}
	set, err := o.Catalogue.ChangeSettings(a, 0, logo(pic.Bytes()))
	if err != nil || set.LogoType != "image/png" {
		t.Fatalf("%+v, %v", set, err)
	}
	f, kind, err := o.Catalogue.Logo()
	if err != nil || kind != "image/png" {
		t.Fatal(err)
	}
	f.Close()

	service := catalogue.Service{Matrix: map[string]int{}, HoursDue: map[string]int{"1": 2, "2": 4, "3": 8, "4": 16}, DayBegins: 9, DayEnds: 17, CloseAfter: 7, ReopenWithin: 10}
	for k, v := range store.DefaultMatrix {
		service.Matrix[k] = v
	}
	bad := service
	bad.Matrix = map[string]int{"blocking/today": 5, "x/y": 1}
	bad.DayEnds = 9
	_, err = o.Catalogue.ChangeSettings(a, 0, catalogue.SettingsForm{Service: &bad})
	wants(t, err, fault.Invalid, "error.range", "matrix-blocking-today")
	wants(t, err, fault.Invalid, "error.range", "matrix-low-none")
	wants(t, err, fault.Invalid, "error.code", "matrix")
	wants(t, err, fault.Invalid, "error.day-ends", "day-ends")
	service.Matrix["medium/none"] = 1
	if set, err = o.Catalogue.ChangeSettings(a, set.Rev, catalogue.SettingsForm{Service: &service}); err != nil || set.PriorityOf(store.Medium, store.NoDate) != 1 || set.LogoType == "" {
		t.Errorf("%+v, %v", set, err)
	}
	_, err = o.Catalogue.ChangeSettings(a, 1, catalogue.SettingsForm{Service: &service})
	wants(t, err, fault.Conflict, "error.changed-meanwhile", "")

	links := []store.FooterLink{{Label: store.Words{IT: "Privacy"}, Address: "javascript:alert(1)"}, {Label: store.Words{IT: "Altro"}, Address: "//evil.example"}, {}, {Address: "/privacy"}}
	_, err = o.Catalogue.ChangeSettings(a, 0, catalogue.SettingsForm{Footer: &links})
	wants(t, err, fault.Invalid, "error.link", "footer-1")
	wants(t, err, fault.Invalid, "error.link", "footer-2")
	wants(t, err, fault.Invalid, "error.required", "footer-4")
	links = []store.FooterLink{{Label: store.Words{IT: "Privacy"}, Address: "/privacy"}, {Label: store.Words{EN: "Write"}, Address: "mailto:a@b.example"}, {Label: store.Words{IT: "Ateneo"}, Address: "https://ateneo.example/"}}
	if set, err = o.Catalogue.ChangeSettings(a, 0, catalogue.SettingsForm{Footer: &links}); err != nil || len(set.Footer) != 3 {
		t.Errorf("%+v, %v", set, err)
	}
}

func TestAuditTellsWhoChangedWhat(t *testing.T) {
	o := newOffice(t)
	a := o.as("amministratore")
	f := people.FormOf(o.people["ada"])
	f.Phone, f.Groups = "0999", []store.Membership{{Group: o.group["csa"], Supervisor: true}}
	if _, err := o.People.Change(a, o.people["ada"].ID, 0, f); err != nil {
		t.Fatal(err)
	}
	o.open("csa")
	lines, next, err := o.Audit(a, 0, 2)
	if err != nil || len(lines) != 2 || next == 0 {
		t.Fatalf("%d lines, next %d, %v", len(lines), next, err)
	}
	l := lines[0]
	if l.By != "Anna Amministra" || l.Act != act.ChangePerson || l.What != "Ada Neri" || l.Table != "people" {
		t.Errorf("%+v", l)
	}
	got := map[string]string{}
	for _, f := range l.Fields {
		got[f.Name] = f.Old + " -> " + f.New
	}
	if got["phone"] != " -> 0999" || !strings.HasSuffix(got["groups"], "(supervisor)") {
		t.Errorf("%v", got)
	}
	older, _, err := o.Audit(a, next, 100)
	if err != nil || len(older) == 0 || older[0].Seq >= next {
		t.Errorf("the next page: %v", err)
	}
}

func exported(_ int, err error) error { return err }
