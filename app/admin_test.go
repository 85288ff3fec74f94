package app_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/intake"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/admin"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/door"
)

// administration is a desk with one person of each role.
type administration struct {
	*testDesk
	csa, ricerca                                                *store.Group
	organisation                                                uint64
	admin, supervisor, other, agent, editor, coordinator, asker *store.Person
}

func newAdministration(t *testing.T) *administration {
	t.Helper()
	d := &administration{testDesk: newTestDesk(t)}
	by := policy.Actor{Via: door.Command, System: true}
	o, err := d.app.Desk.People.AddOrganisation(by, people.OrganisationForm{Name: "Università di Vallombra", Domains: []string{"vallombra.it"}})
	if err != nil {
		t.Fatal(err)
	}
	d.organisation = o.ID
	if d.csa, err = d.app.Desk.People.GroupByCode("csa"); err != nil {
		t.Fatal(err)
	}
	if d.ricerca, err = d.app.Desk.People.GroupByCode("ricerca"); err != nil {
		t.Fatal(err)
	}
	in := func(g *store.Group, supervisor bool) []store.Membership {
		return []store.Membership{{Group: g.ID, Supervisor: supervisor}}
	}
	d.admin = d.add("Franca Gatti", people.Form{Administrator: true, Language: "it"})
	d.supervisor = d.add("Carla Serra", people.Form{Groups: in(d.csa, true), Language: "it"})
	d.other = d.add("Gino Riva", people.Form{Groups: in(d.ricerca, true), Language: "it"})
	d.agent = d.add("Bruno Galli", people.Form{Groups: in(d.csa, false), Language: "it"})
	d.editor = d.add("Elena Moro", people.Form{Editor: true, Language: "it"})
	d.coordinator = d.add("Dario Fonti", people.Form{Affiliations: []store.Affiliation{{Organisation: o.ID, Coordinator: true}}, Language: "it"})
	d.asker = d.add("Ada Neri", people.Form{Affiliations: []store.Affiliation{{Organisation: o.ID}}, Language: "it"})
	return d
}

func (d *administration) person(id uint64) *store.Person {
	d.t.Helper()
	p, err := d.app.Desk.People.Read(policy.Actor{System: true}, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *administration) level(code string) *catalogue.Level {
	d.t.Helper()
	l, err := d.app.Desk.Catalogue.LevelByCode(code)
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

// postable are the values of a page's form as a browser would send them: of what is hidden, typed, ticked or chosen.
func postable(page, action string) url.Values {
	v := url.Values{}
	start := strings.Index(page, `action="`+action+`"`)
	if start < 0 {
		start = strings.Index(page, `<form class="form`)
	}
	form := page[start:]
	form = form[:strings.Index(form, "</form>")]
	attribute := func(tag, name string) string {
		m := regexp.MustCompile(`\s` + name + `="([^"]*)"`).FindStringSubmatch(tag)
		if m == nil {
			return ""
		}
		return plainHTML(m[1])
	}
	for _, tag := range regexp.MustCompile(`<input [^>]*>`).FindAllString(form, -1) {
		switch attribute(tag, "type") {
		case "checkbox", "radio":
			if !strings.Contains(tag, " checked") {
				continue
			}
		case "file":
			continue
		}
		v.Add(attribute(tag, "name"), attribute(tag, "value"))
	}
	for _, m := range regexp.MustCompile(`(?s)<textarea ([^>]*)>\n?(.*?)</textarea>`).FindAllStringSubmatch(form, -1) {
		v.Add(attribute(" "+m[1], "name"), plainHTML(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<select ([^>]*)>(.*?)</select>`).FindAllStringSubmatch(form, -1) {
		options := regexp.MustCompile(`<option [^>]*>`).FindAllString(m[2], -1)
		chosen := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return !strings.Contains(o, " selected") })
		if len(chosen) == 0 && !strings.Contains(m[1], " multiple") {
			chosen = options[:1]
		}
		for _, o := range chosen {
			v.Add(attribute(" "+m[1], "name"), attribute(o, "value"))
		}
	}
	return v
}

func plainHTML(s string) string {
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;", "&").Replace(s)
}

func changed(v url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func TestTheAdministrationIsForThoseWhoRunTheDesk(t *testing.T) {
	d := newAdministration(t)
	browsers := map[string]*browser{"guest": d.browser(), "requester": d.signedIn(d.asker), "coordinator": d.signedIn(d.coordinator),
		"agent": d.signedIn(d.agent), "editor": d.signedIn(d.editor), "supervisor": d.signedIn(d.supervisor), "administrator": d.signedIn(d.admin)}
	for _, r := range routesBelow(d.app, "/admin") {
		path := strings.NewReplacer(":n<int>", "1", ":i<int>", "0").Replace(r.Path)
		for who, b := range browsers {
			if who == "administrator" || r.Who == web.Supervisor && who == "supervisor" {
				continue
			}
			var got answer
			want := http.StatusForbidden
			if r.Method == http.MethodGet {
				got = b.get(path)
				if who == "guest" {
					want = http.StatusSeeOther
				}
			} else {
				got = b.post(path, url.Values{})
				if who == "guest" {
					want = http.StatusUnauthorized
				}
			}
			if got.status != want {
				t.Errorf("%s %s as %s: %d, want %d", r.Method, path, who, got.status, want)
			}
		}
	}
}

func TestEveryPageOfTheAdministrationIsShownInBothLanguages(t *testing.T) {
	d := newAdministration(t)
	mail := letter{from: "Ada Neri <ada@example.it>", id: "uno@example.it", subject: "Cedolino", html: `<p>Vuoto</p><img src="cid:foto">`, picture: picture()}
	if _, err := d.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, bytes.NewReader(mail.bytes())); err != nil {
		t.Fatal(err)
	}
	d.enteredMailbox()
	for _, lang := range words.Languages {
		p := d.add("Capo "+lang, people.Form{Administrator: true, Language: lang})
		b := d.signedIn(p)
		for _, r := range routesBelow(d.app, "/admin") {
			if r.Method != http.MethodGet {
				continue
			}
			path := strings.NewReplacer(":n<int>", "1", ":i<int>", "0").Replace(r.Path)
			got := b.get(path)
			b.must(got, 200)
			for _, bad := range []string{"admin-", "admin.", "audit.", "<no value>", "%!"} {
				text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(got.body, " ")
				if i := strings.Index(text, bad); i >= 0 && r.Path != "/admin/catalogue/file" {
					t.Errorf("%s in %s holds %q: %s", path, lang, bad, text[max(0, i-40):min(len(text), i+60)])
				}
			}
		}
	}
}

func TestASupervisorSeesTheirGroupsPeopleOnly(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.supervisor)
	b.must(b.get("/admin"), 303)
	b.must(b.get("/admin/people"), 200, "Carla Serra", "Bruno Galli", "!Gino Riva", "!Ada Neri", "!Catalogo")
	b.must(b.get("/admin/people?group="+strconv.FormatUint(d.ricerca.ID, 10)), 200, "Bruno Galli", "!Gino Riva")
	b.must(b.get("/admin/people?text=gino"), 200, "!Gino Riva")
	b.must(b.get("/admin/groups"), 200, "CSA, carriere", "!Pianificazione")
	b.must(b.get(address.Admin("groups", d.csa.ID)), 200, "Bruno Galli", "!Elimina", "!Rendi responsabile")
	b.must(b.get(address.Person(d.agent.ID)), 200, "bruno.galli@example.it", "!Disattiva")

	for _, path := range []string{address.Person(d.other.ID), address.Person(d.asker.ID), address.Admin("groups", d.ricerca.ID)} {
		b.must(b.get(path), 404)
		b.must(b.post(path, url.Values{"name": {"x"}}), map[bool]int{true: 403, false: 404}[strings.Contains(path, "groups")])
	}
	b.must(b.post(address.Person(d.asker.ID)+"/link", url.Values{}), 404)
	b.must(b.post(address.Person(d.agent.ID)+"/disable", url.Values{}), 403)
	b.must(b.post(address.Admin("groups", d.ricerca.ID)+"/members", url.Values{"member": {d.asker.Email}}), 404)
	b.must(b.post(address.Admin("groups", d.csa.ID)+"/members/remove", url.Values{"person": {strconv.FormatUint(d.supervisor.ID, 10)}}), 403)
	b.must(b.post(address.Admin("groups", d.csa.ID)+"/members", url.Values{"member": {d.asker.Email}, "rank": {"supervisor"}}), 403)
}

func TestASupervisorLooksAfterTheAgentsOfTheirGroup(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.supervisor)
	group := address.Admin("groups", d.csa.ID)
	b.must(b.post(group+"/members", url.Values{"member": {"nessuno@example.it"}}), 422, "Aggiungi prima la persona", `value="nessuno@example.it"`)
	b.must(b.post(group+"/members", url.Values{"member": {d.asker.Email}}), 303)
	if !d.person(d.asker.ID).InGroup(d.csa.ID) {
		t.Error("the requester is no agent of the group")
	}
	page := b.get(address.Person(d.asker.ID))
	b.must(page, 200)
	v := postable(page.body, address.Person(d.asker.ID))
	// What the form does not offer is not read from it either.
	b.must(b.post(address.Person(d.asker.ID), changed(v, admin.MemberField(d.csa.ID), "", "administrator", "1", "name", "Altro Nome", admin.MemberField(d.ricerca.ID), "agent")), 403)
	v.Del(admin.MemberField(d.ricerca.ID))
	b.must(b.post(address.Person(d.asker.ID), v), 303)
	if p := d.person(d.asker.ID); p.InGroup(d.csa.ID) || p.Administrator || p.Name != "Ada Neri" {
		t.Errorf("after the supervisor's change: %+v", p)
	}

	got := b.post("/admin/people", url.Values{"name": {"Nino Bo"}, "email": {"nino@example.it"}, admin.MemberField(d.csa.ID): {"agent"}})
	b.must(got, 200, "Hai aggiunto Nino Bo", "/password/")
	b.must(b.post("/admin/people", url.Values{"name": {"Nina Bo"}, "email": {"nina@example.it"}}), 422, "Scegli un gruppo", `value="Nina Bo"`)
}

var passwordLink = regexp.MustCompile(`/password/[A-Za-z0-9_-]+`)

func TestAPersonWhoIsAddedGetsInByTheLinkThatIsShownOnce(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	b.must(b.post("/admin/people", url.Values{"name": {"Lia Testa"}, "email": {"non un indirizzo"}, "administrator": {"1"}}), 422,
		"Non è un indirizzo e-mail", `value="Lia Testa"`, `value="non un indirizzo"`, `name="administrator" value="1" checked`)
	place := show.HatValue(store.Hat{Organisation: d.organisation})
	got := b.post("/admin/people", url.Values{"name": {"Lia Testa"}, "email": {"Lia@Example.it"}, "hat-1-place": {place}, "hat-1-coordinator": {"1"}, "hat-2-place": {""}, "editor": {"1"},
		admin.MemberField(d.csa.ID): {"supervisor"}})
	b.must(got, 200, "Hai aggiunto Lia Testa", `id="link"`)
	link := passwordLink.FindString(got.body)
	guest := d.browser()
	guest.must(guest.get(link), 200, "lia@example.it")
	page, err := d.app.Desk.People.List(policy.Actor{System: true}, people.Query{Text: "lia@example.it"})
	if err != nil || len(page.People) != 1 {
		t.Fatal(err, page)
	}
	p := page.People[0]
	if !p.Editor || !p.Supervises(d.csa.ID) || !p.Covers(d.organisation, 0, d.app.Desk.Now()) || len(p.Affiliations) != 1 || p.Administrator {
		t.Errorf("added as %+v", p)
	}
	b.must(b.get(address.Person(p.ID)), 200, "!/password/")

	again := b.post(address.Person(p.ID)+"/link", url.Values{})
	b.must(again, 200, "Il collegamento è pronto")
	if passwordLink.FindString(again.body) == link {
		t.Error("the same link twice")
	}
	guest.must(guest.get(link), 404)
	guest.must(guest.get(passwordLink.FindString(again.body)), 200)
}

func TestDisablingAPersonEndsTheirSessionsAndCanBeTakenBack(t *testing.T) {
	d := newAdministration(t)
	b, theirs := d.signedIn(d.admin), d.signedIn(d.agent)
	theirs.must(theirs.get("/me"), 200)
	b.must(b.get(address.Person(d.agent.ID)), 200, "Disattiva Bruno Galli")
	b.must(b.post(address.Person(d.agent.ID)+"/disable", url.Values{}), 303)
	theirs.must(theirs.get("/me"), 303)
	b.must(b.get("/admin/people?access=disabled"), 200, "Bruno Galli", "!Ada Neri")
	b.must(b.post(address.Person(d.agent.ID)+"/link", url.Values{}), 422)
	b.must(b.post(address.Person(d.agent.ID)+"/enable", url.Values{}), 303)
	b.must(b.post(address.Person(d.admin.ID)+"/disable", url.Values{}), 422, "ultimo amministratore")
}

func TestPeopleAreFoundByNameRoleGroupAndOrganisation(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	for query, found := range map[string]string{"text=ner": "Ada Neri", "text=bruno.galli@": "Bruno Galli", "role=editor": "Elena Moro", "role=coordinator": "Dario Fonti",
		"group=" + show.IDValue(d.csa.ID) + "&role=supervisor": "Carla Serra", "organisation=" + show.IDValue(d.organisation) + "&text=ada": "Ada Neri"} {
		got := b.get("/admin/people?" + query)
		b.must(got, 200, found)
		if n := strings.Count(got.body, `<tr><td>`); n != 1 {
			t.Errorf("%s finds %d people", query, n)
		}
	}
	b.must(b.get("/admin/people?text=nessuno-qui"), 200, "Nessuna persona")
	for i := range 60 {
		d.addQuick(fmt.Sprintf("Zeta %02d", i))
	}
	got := b.get("/admin/people")
	b.must(got, 200, "Pagina successiva", "!Zeta 59")
	next := regexp.MustCompile(`href="(/admin/people\?after=[^"]+)"`).FindStringSubmatch(got.body)
	b.must(b.get(next[1]), 200, "Zeta 59", "Torna all&#39;inizio")
}

func (d *administration) addQuick(name string) {
	d.t.Helper()
	f := people.Form{Name: name, Email: strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.it"}
	if _, _, err := d.app.Desk.People.Add(policy.Actor{System: true}, f); err != nil {
		d.t.Fatal(err)
	}
}

func TestAFormThatCameTooLateKeepsItsTextAndSaysWhatIsThereNow(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	at := address.Admin("groups", d.csa.ID)
	mine := postable(b.get(at).body, at)
	theirs := postable(b.get(at).body, at)
	b.must(b.post(at, changed(theirs, "description-it", "Scritto dall'altra persona")), 303)
	got := b.post(at, changed(mine, "description-it", "Scritto da me"))
	b.must(got, 409, "Qualcuno ha salvato mentre scrivevi", "Scritto da me</textarea>", "Scritto dall&#39;altra persona")
	b.must(b.post(at, postable(got.body, at)), 303)
	g, err := d.app.Desk.People.Group(d.csa.ID)
	if err != nil || g.Description.IT != "Scritto da me" {
		t.Errorf("after saving again: %q, %v", g.Description.IT, err)
	}
}

func TestGroupsAreAddedChangedAndRemovedUnlessTheyAreInUse(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	b.must(b.post("/admin/groups", url.Values{"code": {"Non Va"}, "name-it": {"Nuovo"}}), 422, "lettere minuscole", `value="Nuovo"`, `value="Non Va"`)
	got := b.post("/admin/groups", url.Values{"code": {"nuovo"}, "name-it": {"Nuovo"}, "email": {"nuovo@example.it"}, "confidential": {"1"}})
	b.must(got, 303)
	at := got.header.Get("Location")
	b.must(b.get(at), 200, "Nel gruppo non c&#39;è ancora nessuno", `value="1" checked`)
	b.must(b.post(at+"/members", url.Values{"member": {"Ada Neri"}, "rank": {"supervisor"}}), 303)
	b.must(b.get(at), 200, "Ada Neri", "responsabile")
	b.must(b.post(at+"/remove", url.Values{"remove": {"1"}}), 409, "ancora in uso", `value="nuovo@example.it"`)
	b.must(b.post(at+"/members/remove", url.Values{"person": {show.IDValue(d.asker.ID)}}), 303)
	b.must(b.post(at+"/remove", url.Values{"remove": {"1"}}), 303)

	general, err := d.app.Desk.People.GroupByCode(store.GeneralGroup)
	if err != nil {
		t.Fatal(err)
	}
	b.must(b.get(address.Admin("groups", general.ID)), 200, "!Elimina")
	b.must(b.post(address.Admin("groups", general.ID)+"/remove", url.Values{"remove": {"1"}}), 409, "generale non si può togliere")
}

func TestOrganisationsAndUnitsAreKept(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	b.must(b.post("/admin/organisations", url.Values{"name": {"Altro"}, "domains": {"vallombra.it\naltro.it"}}), 422, "appartiene già a Università di Vallombra", "altro.it")
	got := b.post("/admin/organisations", url.Values{"name": {"Altro Ateneo"}, "domains": {"altro.it"}})
	b.must(got, 303)
	at := got.header.Get("Location")
	b.must(b.get(at), 200, `value="altro-ateneo"`)
	b.must(b.post(at, url.Values{"name": {"Altro Ateneo"}, "domains": {"altro.it"}, "code": {"Altro!"}}), 422, "Usa solo lettere minuscole", `value="Altro!"`)
	b.must(b.post(at, url.Values{"name": {"Altro Ateneo"}, "domains": {"altro.it"}, "code": {"universita-di-vallombra"}}), 422, "Questo codice c")
	b.must(b.post(at, url.Values{"name": {"Altro Ateneo"}, "domains": {"altro.it"}, "code": {"altro"}}), 303)
	b.must(b.post(at, url.Values{"name": {"Altro Ateneo"}, "domains": {"altro.it"}}), 303)
	b.must(b.get(at), 200, `value="altro"`, `!name="retired" value="1" checked`)
	b.must(b.post(at, url.Values{"name": {"Altro Ateneo"}, "domains": {"altro.it"}, "retired": {"1"}}), 303)
	b.must(b.get(at), 200, `name="retired" value="1" checked`)
	b.must(b.get("/admin/organisations"), 200, "non esiste più")
	b.must(b.post(at, url.Values{"name": {"Altro Ateneo"}, "domains": {"altro.it"}}), 303)
	b.must(b.get("/admin/organisations"), 200, "!non esiste più")
	b.must(b.post(at+"/units", url.Values{"unit": {"Chimica"}}), 303)
	b.must(b.post(at+"/units", url.Values{"unit": {"chimica"}}), 422, "Questo nome c&#39;è già", `value="chimica"`, `value="Altro Ateneo"`)
	page := b.get(at)
	unit := regexp.MustCompile(`name="unit-id" value="(\d+)"`).FindStringSubmatch(page.body)[1]
	rename := func(name string) url.Values { return url.Values{"unit-id": {unit}, "unit-" + unit: {name}} }
	b.must(b.post(at+"/units/rename", rename("")), 422)
	b.must(b.post(address.Admin("organisations", d.organisation)+"/units/rename", rename("Altrove")), 422, "Questa struttura non c")
	b.must(b.post(at+"/units/rename", rename("Dipartimento di Chimica")), 303)
	b.must(b.get("/admin/organisations"), 200, "Dipartimento di Chimica", "altro.it")
	id, _ := strconv.ParseUint(unit, 10, 64)
	d.add("Ugo Po", people.Form{Affiliations: []store.Affiliation{{Unit: id}}})
	b.must(b.post(at+"/units/remove", url.Values{"unit-id": {unit}}), 409, "ancora in uso")
	b.must(b.post(at+"/remove", url.Values{}), 409, "ancora in uso")
}

func TestPositionsAreAddedRenamedAndKeptWhileSomebodyHasThem(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	at := "/admin/positions"
	form := func(pairs ...string) url.Values { return changed(postable(b.get(at).body, at), pairs...) }
	b.must(b.get(at), 200, `value="technical-administrative"`, `value="Docente"`)
	b.must(b.post(at, form("position-5-it", "Dottorando", "position-5-en", "")), 422, "in italiano e in inglese", `value="Dottorando"`)
	b.must(b.post(at, form("position-5-it", "Dottorando", "position-5-en", "PhD student")), 303)
	b.must(b.post(at, form("position-6-it", "Altro", "position-6-en", "Other", "position-6-code", "phd-student")), 422, "Questo codice c")
	b.must(b.post(at, form("position-2-it", "Personale docente")), 303)
	b.must(b.get(at), 200, `value="phd-student"`, `value="Personale docente"`)
	p := d.add("Ugo Po", people.Form{Affiliations: []store.Affiliation{{Organisation: d.organisation, Position: "phd-student"}}})
	b.must(b.post(at, form("position-5-it", "", "position-5-en", "")), 409, "ancora la qualifica Dottorando")
	b.must(b.get(address.Admin("people", p.ID)), 200, "Dottorando")
	b.must(b.post(at, form("position-4-it", "", "position-4-en", "")), 303)
	b.must(b.get(at), 200, "!Esterno", "Dottorando")
}

func TestTheCatalogueIsEditedLevelByLevel(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	b.must(b.get("/admin/catalogue"), 200, "Gestione Progetti", "manca l&#39;indirizzo", "Aggiungi sotto")
	csa := d.level("csa")
	at := address.Admin("catalogue", csa.ID)
	v := postable(b.get(at).body, at)
	known := len(csa.Module.Questions)
	n := strconv.Itoa(known + 1)
	b.must(b.post(at, changed(v, "schemes", "24\r\n2000..24\r\n..")), 422, "«24» non è un intervallo di versioni", "2000..24")
	b.must(b.post(at, changed(v, "schemes", "2000..24")), 422, `id="schemes-e"`)
	form := changed(v, "versions", "25.1\r\n24.2\r\n", "schemes", " 24 .. 2000 \r\n", "questions-"+n+"-it", "Matricola del dipendente", "questions-"+n+"-type", "choice", "questions-"+n+"-choices", "una sola",
		"questions-"+n+"-place", "0")
	b.must(b.post(at, form), 422, "scelte", "Matricola del dipendente", "una sola</textarea>", `id="questions-`+n+`"`)
	b.must(b.post(at, changed(form, "questions-"+n+"-choices", "ruolo\r\ncontratto", "channel", "desk", "address", "ftp://altrove")), 422, "https://", `value="ftp://altrove"`)
	b.must(b.post(at, changed(form, "channel", "here", "address", "")), 303)
	m := d.level("csa").Module
	if len(m.Questions) != known+1 || m.Questions[0].Code != "matricola-del-dipendente" || len(m.Questions[0].Choices) != 2 || strings.Join(m.Versions, " ") != "25.1 24.2" || fmt.Sprint(m.Schemes) != "[{24 2000}]" {
		t.Errorf("after the change: %+v", m)
	}
	v = postable(b.get(at).body, at)
	b.must(b.post(at, changed(v, "questions-1-remove", "1", "retired", "1")), 303)
	if m = d.level("csa").Module; len(m.Questions) != known || !m.Retired {
		t.Errorf("after taking the question out: %+v", m)
	}

	b.must(b.get("/admin/catalogue/new?parent="+show.IDValue(csa.ID)), 200)
	b.must(b.post("/admin/catalogue", url.Values{"parent": {show.IDValue(csa.ID)}, "code": {"csa due"}, "name-it": {"Carriere"}}), 422, `value="csa due"`, `value="Carriere"`)
	got := b.post("/admin/catalogue", url.Values{"parent": {show.IDValue(csa.ID)}, "code": {"carriere"}, "name-it": {"Carriere"}, "rows": {"0"}})
	b.must(got, 303)
	if l := d.level("csa/carriere"); l.Parent != csa.ID {
		t.Errorf("added below %d", l.Parent)
	}
	b.must(b.post(at+"/remove", url.Values{"remove": {"1"}}), 409, "ancora in uso")
	b.must(b.post(got.header.Get("Location")+"/remove", url.Values{"remove": {"1"}}), 303)
}

func (b *browser) upload(path, field, name string, content []byte, values url.Values) answer {
	b.d.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, all := range values {
		for _, v := range all {
			if err := w.WriteField(k, v); err != nil {
				b.d.t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		b.d.t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		b.d.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.d.t.Fatal(err)
	}
	return b.do(http.MethodPost, path, &body, w.FormDataContentType())
}

func TestTheCatalogueGoesOutAndComesInAsAFile(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	file := b.get("/admin/catalogue/file")
	b.must(file, 200, "u-gov/ricerca/gestione-progetti")
	if !strings.Contains(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("sent as %q", file.header.Get("Content-Disposition"))
	}
	b.must(b.upload("/admin/catalogue/import", "file", "c.toml", []byte(file.body), nil), 303)
	b.must(b.upload("/admin/catalogue/import", "file", "c.toml", []byte("[[module]]\ncode = \"x\"\nname = { it = \"X\" }\nchannel = \"fax\"\n"), nil), 422,
		"Non è stato cambiato niente", "module x: channel", "fax")
	b.must(b.upload("/admin/catalogue/import", "file", "c.toml", []byte("nessun toml ="), nil), 422, "alla riga 1")
	b.must(b.post("/admin/catalogue/import", url.Values{}), 422, "Scegli un file")
	b.must(b.upload("/admin/catalogue/import", "file", "c.toml", []byte("[[module]]\ncode = \"nuovo\"\nname = { it = \"Nuovo prodotto\", en = \"New\" }\nschemes = [\"24..2000\"]\n"), nil), 303)
	b.must(b.get("/admin/catalogue"), 200, "Nuovo prodotto")
	b.must(b.get("/admin/catalogue/file"), 200, "24..2000")
}

func TestPrioritiesAreShownInWordsBeforeTheyAreSaved(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	page := b.get("/admin/priorities")
	b.must(page, 200, "4 ore lavorative", "Bloccante: entro oggi, entro la settimana; Alta: entro oggi")
	v := postable(page.body, "/admin/priorities")
	b.must(b.post("/admin/priorities", changed(v, "matrix-low-none", "1", "hours-due-1", "2", "act", "preview")), 200, "Non sono ancora salvati", "2 ore lavorative", "Bassa: senza scadenza")
	v.Del("act")
	b.must(b.post("/admin/priorities", changed(v, "day-ends", "5")), 422, "La giornata deve finire dopo il suo inizio", `name="hours-due-1" inputmode="numeric" value="2"`)
	b.must(b.post("/admin/priorities", changed(v, "day-ends", "x")), 422, "Scrivi un numero da 1 a 24", `value="x"`)
	b.must(b.post("/admin/priorities", changed(v, "day-ends", "19")), 303)
	s, err := d.app.Desk.Catalogue.Settings()
	if err != nil || s.Matrix["low/none"] != 1 || s.WorkingHours["1"] != 2 || s.DayEnds != 19 {
		t.Errorf("saved %+v, %v", s, err)
	}
	b.must(b.post("/admin/priorities", changed(postable(b.get("/admin/priorities").body, "/admin/priorities"), "act", "defaults")), 200, "valori iniziali",
		`name="day-ends" inputmode="numeric" value="18"`)
	if s, _ = d.app.Desk.Catalogue.Settings(); s.DayEnds != 19 {
		t.Error("showing the initial values saved them")
	}
}

func TestAColourOnWhichTextCannotBeReadIsRefusedWithTheNearestThatCan(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	v := postable(b.get("/admin/branding").body, "/admin/branding")
	got := b.post("/admin/branding", changed(v, "name", "Aiuto", "colour", "#7fb2f0"))
	b.must(got, 422, "#7fb2f0 si legge male", `value="Aiuto"`, `name="nearest"`)
	b.must(b.get("/admin/branding/colour?q=%237fb2f0"), 200, "#7fb2f0 si legge male", "!<html")
	b.must(b.get("/admin/branding/colour?q=%230b4f9e"), 200, "si legge bene")
	nearest := regexp.MustCompile(`name="nearest" value="(#[0-9a-f]{6})"`).FindStringSubmatch(got.body)[1]
	b.must(b.post("/admin/branding", changed(postable(got.body, "/admin/branding"), "nearest", nearest)), 303)
	if s, _ := d.app.Desk.Catalogue.Settings(); s.Colour != nearest || s.Name != "Aiuto" {
		t.Errorf("saved %s and %s", s.Colour, s.Name)
	}
}

func TestTheLogoIsARasterImageAndSurvivesAnErrorElsewhere(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 90, 72))); err != nil {
		t.Fatal(err)
	}
	v := func() url.Values { return postable(b.get("/admin/branding").body, "/admin/branding") }
	b.must(b.upload("/admin/branding", "logo", "logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), v()), 422,
		"PNG, JPEG o WebP", "!kept_file")
	got := b.upload("/admin/branding", "logo", "logo.png", picture.Bytes(), changed(v(), "name", "", "footer-1-it", "Privacy", "footer-1-address", "javascript:alert(1)"))
	b.must(got, 422, "Scrivi qualcosa qui", "kept_file", "logo.png", `value="Privacy"`)
	b.must(b.post("/admin/branding", changed(postable(got.body, "/admin/branding"), "name", "Sportello", "footer-1-address", "/privacy")), 303)
	page := b.get("/admin/branding")
	b.must(page, 200, "Logo di adesso", `value="/privacy"`)
	logo := regexp.MustCompile(`src="(/brand/[^"]+/logo)"`).FindStringSubmatch(page.body)
	if got := b.get(logo[1]); got.status != 200 || got.header.Get("Content-Type") != "image/png" {
		t.Errorf("the logo answers %d as %s", got.status, got.header.Get("Content-Type"))
	}
	b.must(b.post("/admin/branding", changed(v(), "no-logo", "1")), 303)
	b.must(b.get("/admin/branding"), 200, "!Logo di adesso")
}

func TestTheTextsOfTheHomePageAreShownBeforeTheyAreSaved(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	v := postable(b.get("/admin/home").body, "/admin/home")
	b.must(b.post("/admin/home", changed(v, "text-it", "Ciao **mondo** <script>x</script>", "act", "preview")), 200, "<strong>mondo</strong>", "!<script>x", "Anteprima, non ancora salvata")
	v.Del("act")
	b.must(b.post("/admin/home", changed(v, "searches", strings.Repeat("cerca questo\n", 1)+strings.Repeat("x", 61))), 422, "troppo lungo", strings.Repeat("x", 61))
	b.must(b.post("/admin/home", changed(v, "searches", "cedolino\r\nferie", "welcome-it", "Buongiorno")), 303)
	if s, _ := d.app.Desk.Catalogue.Settings(); s.Welcome.IT != "Buongiorno" || len(s.Searches) != 2 || !strings.Contains(s.HomeText.IT, "**mondo**") {
		t.Errorf("saved %+v", s)
	}
}

func TestEveryChangeIsInTheLogWithWhoAndWhat(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	v := postable(b.get("/admin/priorities").body, "/admin/priorities")
	b.must(b.post("/admin/priorities", changed(v, "matrix-low-none", "1")), 303)
	b.must(b.post(address.Admin("groups", d.csa.ID)+"/members", url.Values{"member": {"Ada Neri"}}), 303)
	got := b.get("/admin/changes")
	b.must(got, 200, "Franca Gatti", "Ada Neri", "<ins>CSA, carriere e stipendi</ins>", "<del>Bassa / Senza scadenza: P4</del>", "<ins>Bassa / Senza scadenza: P1</ins>", "!Bassa / Entro")
	b.must(b.get("/admin/changes?kind=settings"), 200, "Bassa / Senza scadenza", "!Ada Neri")
	b.must(b.get("/admin/changes?kind=catalogue"), 200, "Gestione Progetti", "!Senza scadenza")
	for range 60 {
		d.addQuick("Omega " + strconv.Itoa(int(d.app.Store.Last())))
	}
	page := b.get("/admin/changes?kind=people")
	next := regexp.MustCompile(`href="(/admin/changes\?before=[^"]+)"`).FindStringSubmatch(page.body)
	b.must(b.get(plainHTML(next[1])), 200, "Ada Neri", "Torna ai più recenti", "!Senza scadenza")
}

func TestTheIndexIsBuiltAnewWhenTheAdministratorAsks(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.admin)
	b.must(b.get("/admin"), 200, "Indice di ricerca", "Spazio libero", "In funzione da", "Nuova")
	before := d.app.Index.Rebuilds()
	b.must(b.post("/admin/index/rebuild", url.Values{}), 303)
	b.must(b.get("/admin/index"), 200, "è richiesta")
	if d.app.Index.Rebuilds() < before {
		t.Error("fewer indexes than before")
	}
}

func TestAnEndedSessionLosesNoTextOfTheAdministration(t *testing.T) {
	d := newAdministration(t)
	organisation, group := address.Admin("organisations", d.organisation), address.Admin("groups", d.csa.ID)
	for _, c := range []struct {
		path   string
		values url.Values
		texts  []string
	}{
		{organisation, url.Values{"name": {"Nome mai salvato"}, "domains": {"vallombra.it"}}, []string{`value="Nome mai salvato"`}},
		{organisation + "/units", url.Values{"unit": {"Struttura mai salvata"}}, []string{`value="Struttura mai salvata"`, `value="Università di Vallombra"`}},
		{group + "/members", url.Values{"member": {"qualcuno@example.it"}}, []string{`value="qualcuno@example.it"`, `value="CSA, carriere e stipendi"`}},
		{"/admin/catalogue", url.Values{"code": {"mai"}, "rows": {"1"}, "questions-1-it": {"Domanda mai salvata"}}, []string{`value="mai"`, `value="Domanda mai salvata"`}},
		{"/admin/home", url.Values{"text-it": {"Testo mai salvato"}}, []string{"Testo mai salvato</textarea>"}},
	} {
		b := d.signedIn(d.admin)
		if _, err := d.app.Desk.Keeper().EndOthers(d.admin.ID); err != nil {
			t.Fatal(err)
		}
		got := b.post(c.path, c.values)
		b.must(got, 401)
		got = b.post("/sign-in", changed(carried(got.body), "email", d.admin.Email, "password", testPassword))
		b.must(got, 303)
		b.must(b.get(got.header.Get("Location")), 200, c.texts...)
	}
}
