package app_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/article"
	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/problem"
	"sportello/app/desk/queue"
	"sportello/app/desk/release"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

var update = flag.Bool("update", false, "write the reviewed texts under testdata anew")

// cast is everybody who may come to a route, in the order of the table's columns.
var cast = []string{"nobody", "requester", "participant", "stranger", "coordinator", "elsewhere", "agent", "supervisor", "editor", "administrator"}

// world is a desk with everybody of the cast and one of each thing that an address can name.
type world struct {
	*testDesk
	people          map[string]*store.Person
	group           map[string]uint64
	module          map[string]uint64
	things          map[string]string // what a parameter of an address stands for, by the beginning of the address
	now             int
	elsewhereTicket uint64 // of another organisation
}

func newWorld(t *testing.T, configure ...func(*config.Config)) *world {
	w := &world{testDesk: newTestDesk(t, append([]func(*config.Config){withMail}, configure...)...), people: map[string]*store.Person{}, group: map[string]uint64{}, module: map[string]uint64{}, things: map[string]string{}}
	d := w.app.Desk
	system := policy.Actor{Via: door.Command, System: true}
	for _, code := range []string{"csa", "contabilita", "generale"} {
		g, err := d.People.GroupByCode(code)
		if err != nil {
			t.Fatal(err)
		}
		w.group[code] = g.ID
	}
	for _, code := range []string{"csa", "esse3", "u-gov/contabilita"} {
		l, err := d.Catalogue.LevelByCode(code)
		if err != nil {
			t.Fatal(err)
		}
		w.module[code] = l.ID
	}
	var home, other uint64
	var unit uint64
	err := w.app.Store.Update(db.By{Via: door.Command, Act: act.AddPerson}, func(tx *db.Tx) error {
		for name, id := range map[string]*uint64{"Ateneo": &home, "Altro ente": &other} {
			o := &store.Organisation{Code: store.FreeCode(tx, name), Name: name}
			if err := store.Organisations.Put(tx, o); err != nil {
				return err
			}
			*id = o.ID
		}
		u := &store.Unit{Organisation: home, Name: "Personale"}
		err := store.Units.Put(tx, u)
		unit = u.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	add := func(role, name string, f people.Form) {
		f.Name, f.Email = name, role+"@example.it"
		if len(f.Affiliations) == 0 {
			f.Affiliations = []store.Affiliation{{Organisation: home}}
		}
		p, _, err := d.People.Add(system, f)
		if err != nil {
			t.Fatal(err)
		}
		w.people[role] = p
	}
	add("requester", "Ada Neri", people.Form{Affiliations: []store.Affiliation{{Organisation: home, Unit: unit}}})
	add("participant", "Carlo Collega", people.Form{})
	add("stranger", "Elsa Estranea", people.Form{Affiliations: []store.Affiliation{{Organisation: other}}})
	add("coordinator", "Rita Referente", people.Form{Affiliations: []store.Affiliation{{Organisation: home, Coordinator: true}}})
	add("elsewhere", "Aldo Altrove", people.Form{Groups: []store.Membership{{Group: w.group["contabilita"]}}})
	add("agent", "Bruno Galli", people.Form{Groups: []store.Membership{{Group: w.group["csa"]}}})
	add("supervisor", "Sara Responsabile", people.Form{Groups: []store.Membership{{Group: w.group["csa"], Supervisor: true}}})
	add("editor", "Renzo Redattore", people.Form{Editor: true})
	add("administrator", "Anna Monti", people.Form{Administrator: true})
	w.fill(home, unit)
	return w
}

func (w *world) as(role string) policy.Actor {
	return policy.Actor{Person: w.people[role], Via: door.Page, Language: "it"}
}

// picture is a small real PNG.
func picture() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ticket opens a ticket of CSA in the requester's name, with the participant, a file, an answer and a note.
func (w *world) ticket() *store.Ticket {
	w.t.Helper()
	d := w.app.Desk
	w.now++
	f, err := d.Files.Keep(w.as("requester"), "schermata.png", bytes.NewReader(picture()))
	if err != nil {
		w.t.Fatal(err)
	}
	t, err := d.Tickets.Open(w.as("requester"), ticket.Opening{Subject: fmt.Sprintf("Il cedolino di ottobre non si apre (%d)", w.now), Body: "Da ieri esce **l'errore 500**.",
		Kind: store.Malfunction, Module: w.module["csa"], Severity: store.High, Urgency: store.NoDate, Files: []uint64{f.ID}})
	if err != nil {
		w.t.Fatal(err)
	}
	steps := []struct {
		role string
		ticket.Step
	}{
		{"requester", ticket.Step{Add: []string{"participant@example.it", "mai.visto@altro.example"}}},
		{"agent", ticket.Step{Take: true}},
		{"agent", ticket.Step{Message: &ticket.Text{Body: "Buongiorno, quale mese?"}, To: store.StateWaiting}},
		{"agent", ticket.Step{Message: &ticket.Text{Body: "Nota: parolasegreta", Internal: true, Mentions: []uint64{w.people["supervisor"].ID}}}},
		{"participant", ticket.Step{Message: &ticket.Text{Body: "Ottobre, grazie."}}},
	}
	for _, s := range steps {
		done, err := d.Tickets.Do(w.as(s.role), t.ID, s.Step)
		if err != nil {
			w.t.Fatal(err)
		}
		t = done.Ticket
	}
	return t
}

// reply adds a saved reply of CSA and returns its number.
func (w *world) reply() string {
	w.t.Helper()
	r, err := w.app.Desk.Queues.AddReply(w.as("agent"), queue.ReplyForm{Group: w.group["csa"], Title: store.Words{IT: "Saluti", EN: "Regards"}, Body: store.Words{IT: "Cordiali saluti", EN: "Kind regards"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(r.ID)
}

// savedView saves a view of CSA, in the agent's name, and returns its number.
func (w *world) savedView() string {
	w.t.Helper()
	w.now++
	v, err := w.app.Desk.Queues.AddView(w.as("agent"), queue.ViewForm{Name: fmt.Sprintf("Cedolini %d", w.now), Group: w.group["csa"], Text: "cedolino ottobre"})
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(v.ID)
}

// fill puts in one of each thing that pages show.
func (w *world) fill(home, unit uint64) {
	d := w.app.Desk
	t := w.ticket()
	w.things["organisation"], w.things["unit"] = fmt.Sprint(home), fmt.Sprint(unit)
	w.things["group"], w.things["module"] = fmt.Sprint(w.group["csa"]), fmt.Sprint(w.module["csa"])
	somebody, _, err := d.People.Add(policy.Actor{Via: door.Command, System: true}, people.Form{Name: "Sonia Altra", Email: "altra@example.it", Affiliations: []store.Affiliation{{Organisation: home}}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.things["person"] = fmt.Sprint(somebody.ID)
	save := func(f article.Form) {
		if _, err := d.Articles.Save(w.as("administrator"), f); err != nil {
			w.t.Fatal(err)
		}
	}
	body := "Quando serve.\n\n# Passi\n\n1. Apri **Documenti**.\n2. Premi Stampa.\n\n# Se non funziona\n\nScrivi a [noi](/tickets/new).\n\n# Altro\n\nTesto."
	save(article.Form{Title: "Stampare il cedolino", Language: "it", Module: w.module["csa"], Audience: store.Public, Body: body, Format: store.Markdown, Publication: store.Published})
	v, err := d.Articles.Read(w.as("administrator"), "stampare-il-cedolino", "it")
	if err != nil {
		w.t.Fatal(err)
	}
	save(article.Form{Slug: v.Slug, Title: "Printing the payslip", Language: "en", Module: w.module["csa"], Audience: store.Public, Body: "Open Documents.", Format: store.Markdown, Publication: store.Published})
	save(article.Form{Title: "Bozza riservata", Language: "it", Module: w.module["csa"], Audience: store.Agents, Body: body, Format: store.Markdown, Publication: store.Draft})
	w.things["slug"] = "stampare-il-cedolino"
	view, err := d.Tickets.Read(w.as("agent"), t.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, list := range view.Files {
		w.things["file"] = fmt.Sprint(list[0].ID)
	}
	w.held()
	w.letterTo(w.people["requester"], t.ID, store.LetterQueued, "")
	w.letterTo(w.people["participant"], t.ID, store.LetterFailed, "")
	if _, err := d.Notices.Plan(); err != nil {
		w.t.Fatal(err)
	}
}

// visitor is a browser in which the role is signed in, with a session of its own.
func (w *world) visitor(role string) *browser {
	w.t.Helper()
	b := w.browser()
	if role == "nobody" {
		return b
	}
	raw := make([]byte, 32)
	rand.Read(raw)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(secret))
	now := w.app.Desk.Now()
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		return store.Sessions.Put(tx, &store.Session{Hash: hex.EncodeToString(sum[:]), Person: w.people[role].ID, Seen: now, Ends: now.Add(time.Hour)})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	b.header.Set("Cookie", w.app.Site.CookieName("session")+"="+secret)
	return b
}

// sendElsewhere makes the person one of the stranger's organisation alone.
func (w *world) sendElsewhere(role string) {
	w.t.Helper()
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, w.people[role].ID)
		if err != nil {
			return err
		}
		p.Affiliations = slices.Clone(w.people["stranger"].Affiliations)
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		w.people[role] = p
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// installation returns the number of something that the organisation has installed.
func (w *world) installation() (number string) {
	w.t.Helper()
	code := w.code(w.things["organisation"])
	e := installation.Entry{Module: "csa", Environment: store.Test, Version: "24.01"}
	if err := w.app.Desk.Installations.Put(w.as("administrator"), code, e); err != nil {
		w.t.Fatal(err)
	}
	list, err := w.app.Desk.Installations.List(w.as("administrator"), code)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(list.Installed[0].ID)
}

// release returns the number of a release of CSA that went to the organisation, or of a draft of it; both have a file.
func (w *world) release(draft bool) string {
	w.t.Helper()
	w.now++
	d := w.app.Desk.Releases
	f := release.Form{Modules: []string{"csa"}, Version: fmt.Sprintf("24.%d", w.now), Title: store.Words{IT: "Aggiornamento"}, Audience: release.Audience{Organisations: []string{w.code(w.things["organisation"])}}}
	v, err := d.Save(w.as("agent"), 0, f)
	if err == nil {
		_, err = d.Attach(w.as("agent"), v.Release.ID, "nota.txt", 0, strings.NewReader("nota"))
	}
	if err == nil && !draft {
		_, _, err = d.Publish(w.as("agent"), v.Release.ID, release.Publication{Nobody: true})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(v.Release.ID)
}

// contact returns the number of a contact of the organisation.
func (w *world) contact() string {
	w.t.Helper()
	w.now++
	c, err := w.app.Desk.Releases.AddContact(w.as("coordinator"), w.code(w.things["organisation"]), release.NewContact{Email: fmt.Sprintf("tecnico%d@ateneo.example", w.now)})
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(c.ID)
}

// problem returns the number of a known problem of CSA, for everybody who is signed in.
func (w *world) problem() string {
	w.t.Helper()
	v, err := w.app.Desk.Problems.Save(w.as("agent"), 0, problem.Form{Module: "csa", Title: store.Words{IT: "Il cedolino resta bianco"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(v.ID)
}

// messageToAll writes to everybody of the known problem and returns the number of the message.
func (w *world) messageToAll(number string) string {
	w.t.Helper()
	n, err := strconv.ParseUint(number, 10, 64)
	if err == nil {
		_, err = w.app.Desk.Problems.Message(w.as("agent"), n, store.Words{IT: "Ci lavoriamo"})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := w.app.Desk.Problems.Messages(w.as("agent"), n)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(list[0].Number)
}

// sentRelease returns the number of an update of CSA that went to the organisation, with a file.
func (w *world) sentRelease() uint64 {
	w.t.Helper()
	w.installation()
	code := w.code(w.things["organisation"])
	list, err := w.app.Desk.Releases.List(w.as("administrator"), release.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, v := range list.Releases {
		if v.State == store.ReleasePublished {
			return v.Release.ID
		}
	}
	w.now++
	f, err := w.app.Desk.Files.Keep(w.as("agent"), "note.txt", strings.NewReader("Note"))
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := w.app.Desk.Releases.Save(w.as("agent"), 0, release.Form{Modules: []string{"csa"}, Version: fmt.Sprintf("24.%d", w.now), Title: store.Words{IT: "Aggiornamento", EN: "Update"},
		Notes: store.Words{IT: "Si installa **come al solito**."}, Audience: release.Audience{Organisations: []string{code}}, Files: []uint64{f.ID}})
	if err != nil {
		w.t.Fatal(err)
	}
	if v, _, err = w.app.Desk.Releases.Publish(w.as("agent"), v.Release.ID, release.Publication{Nobody: true}); err != nil {
		w.t.Fatal(err)
	}
	w.settled() // what is told is not told while something else is looked at
	return v.Release.ID
}

// askedContact returns the number of a technical contact of the organisation, who has confirmed the address or not.
func (w *world) askedContact(confirmed bool) uint64 {
	w.t.Helper()
	w.now++
	o, err := strconv.ParseUint(w.things["organisation"], 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &store.Contact{Organisation: o, Email: fmt.Sprintf("tecnico-%d@example.it", w.now), Language: "it"}
	if confirmed {
		c.Confirmed = w.app.Desk.Now()
	}
	if err := w.app.Store.Update(db.By{Act: act.ChangeContacts}, func(tx *db.Tx) error { return store.Contacts.Put(tx, c) }); err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

// code returns the code of the organisation with the number.
func (w *world) code(number string) (code string) {
	w.t.Helper()
	id, err := strconv.ParseUint(number, 10, 64)
	if err == nil {
		err = w.app.Store.View(func(tx *db.Tx) error {
			o, err := store.Organisations.Get(tx, id)
			if err == nil {
				code = o.Code
			}
			return err
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// address puts real things in the place of the route's parameters.
func (w *world) address(r web.Route) string {
	w.t.Helper()
	parts := strings.Split(strings.TrimPrefix(r.Path, "/"), "/")
	for i, p := range parts {
		if p == "*" {
			parts[i] = "csa"
			continue
		}
		name, ok := strings.CutPrefix(p, ":")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "<")
		before := ""
		if i > 0 {
			before = parts[i-1]
		}
		thing := ""
		switch {
		case before == "problems" && strings.Contains(r.Path, "/messages/:"):
			thing = w.problem()
			message := w.messageToAll(thing)
			return strings.NewReplacer(p, thing, ":message<int>", message).Replace(r.Path)
		case strings.Contains(r.Path, "/messages/:"):
			number, message := w.mailed()
			return strings.NewReplacer(":n<int>", fmt.Sprint(number), ":m<int>", fmt.Sprint(message), ":i<int>", "0").Replace(r.Path)
		case before == "feeds":
			thing = w.feed(w.people["participant"])
		case name == "topic":
			thing = "tokens"
		case name == "token" && before == "own":
			thing = w.app.Desk.Access.Token(w.accessRequest())
		case before == "access-requests":
			thing = fmt.Sprint(w.accessRequest())
		case name == "token" && before == "link":
			thing = w.app.Desk.Releases.LinkToken(w.askedContact(true), w.sentRelease(), w.app.Desk.Now())
		case name == "token" && before == "contacts":
			thing = w.app.Desk.Releases.ContactToken(w.askedContact(false), w.app.Desk.Now())
		case before == "contacts" && !strings.HasPrefix(r.Path, "/api/"):
			thing = fmt.Sprint(w.askedContact(false))
		case name == "token":
			t := w.ticket()
			v, err := w.app.Desk.Tickets.Read(w.as("requester"), t.ID)
			if err != nil {
				w.t.Fatal(err)
			}
			return strings.NewReplacer(":token", w.linked(w.people["participant"], t.ID), ":n<int>", fmt.Sprint(v.Files[v.Messages[0].ID][0].ID)).Replace(r.Path)
		case before == "releases" && !strings.HasPrefix(r.Path, "/api/"):
			thing = fmt.Sprint(w.sentRelease())
		case before == "files" && name == "name" && !strings.HasPrefix(r.Path, "/api/"):
			thing = "note.txt"
		case before == "plans" || before == "templates" || before == "decisions" || before == "steps" || before == "norms" || before == "freezes" || before == "parts":
			thing = w.plan()[before]
		case before == "service-accounts":
			thing = fmt.Sprint(w.service())
		case before == "mail":
			thing = fmt.Sprint(w.held())
		case before == "letters":
			thing = fmt.Sprint(w.letterTo(w.people["requester"], w.ticket().ID, store.LetterFailed, ""))
		case before == "mail-texts":
			thing = "opened"
		case before == "pictures":
			thing = "0"
		case before == "tickets":
			thing = fmt.Sprint(w.ticket().ID)
		case name == "slug":
			thing = w.things["slug"]
		case name == "view":
			thing = "group"
		case before == "people" && strings.HasSuffix(r.Path, "/erase"):
			thing = fmt.Sprint(w.leaving())
		case before == "people" || before == "members":
			thing = w.things["person"]
		case before == "mailboxes":
			thing = fmt.Sprint(w.enteredMailbox())
		case before == "invitations":
			thing = fmt.Sprint(w.invitation(strings.Contains(r.Path, "/people/")))
		case before == "installations":
			thing = w.installation()
		case before == "organisations" && name == "code":
			thing = w.code(w.things["organisation"])
		case before == "organisations":
			thing = w.things["organisation"]
		case before == "units":
			thing = w.things["unit"]
		case before == "groups":
			thing = w.things["group"]
		case before == "catalogue" || before == "modules":
			thing = w.things["module"]
		case before == "releases":
			thing = w.release(strings.Contains(r.Path, "/files/"))
		case before == "problems":
			thing = w.problem()
		case before == "receipts":
			thing = w.code(w.things["organisation"])
		case before == "contacts":
			thing = w.contact()
		case before == "files" && name == "name":
			thing = "nota.txt"
		case before == "files":
			thing = w.things["file"]
		case before == "replies":
			thing = w.reply()
		case before == "views":
			thing = w.savedView()
		case before == "sessions" || before == "tokens" || before == "beside":
			thing = "1"
		case name == "secret" || name == "hash" || before == "set-up" || before == "password":
			thing = "nothing"
		case before == "assets":
			return w.app.Site.Public.URL("css/desk.css")
		default:
			w.t.Errorf("%s %s: what does %s stand for? Say it here", r.Method, r.Path, p)
		}
		parts[i] = thing
	}
	return "/" + strings.Join(parts, "/")
}

// invitation invites the requester or, elsewhere, an address that nobody has, and returns the number of the invitation.
func (w *world) invitation(elsewhere bool) uint64 {
	w.t.Helper()
	w.now++
	to := w.people["requester"].Email
	if elsewhere {
		to = fmt.Sprintf("nuova-%d@example.it", w.now)
	}
	o, err := strconv.ParseUint(w.things["organisation"], 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	if list, err := w.app.Desk.People.Invited(w.as("requester")); err == nil && len(list) > 0 && !elsewhere {
		return list[0].ID
	}
	i := &store.Invitation{Email: to, Name: "Nuova Persona", Organisation: o, Ends: w.app.Desk.Now().Add(store.InvitationLife)}
	if err := w.app.Store.Update(db.By{Act: act.Invite}, func(tx *db.Tx) error { return store.Invitations.Put(tx, i) }); err != nil { // the small world sends no mail
		w.t.Fatal(err)
	}
	return i.ID
}

// leaving adds somebody who is to be erased.
func (w *world) leaving() uint64 {
	w.t.Helper()
	w.now++
	p := &store.Person{Email: fmt.Sprintf("parte-%d@example.it", w.now), Name: fmt.Sprintf("Ida Parte %d", w.now)}
	must(w.t, w.app.Store.Update(db.By{Via: door.Command, Act: act.AddPerson}, func(tx *db.Tx) error { p.Row = db.Row{}; return store.People.Put(tx, p) }))
	return p.ID
}

// service adds a service account that belongs to the requester and the agent.
func (w *world) service() uint64 {
	w.t.Helper()
	w.now++
	p, err := w.app.Desk.People.AddService(w.as("administrator"), people.ServiceForm{Name: fmt.Sprintf("Sonda %d", w.now), Email: fmt.Sprintf("sonda-%d@example.it", w.now),
		Owners: [2]string{"requester@example.it", "agent@example.it"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return p.ID
}

// TestWhoReachesWhichRoute asks every route as everybody of the cast. The reviewed table is testdata/routes.txt: a new
// route fails until it has its row, and a row changes only on purpose.
func TestWhoReachesWhichRoute(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.Mail.MostPerAddress = 0 }) // every role makes mails of one sender
	file := filepath.Join("testdata", "routes.txt")
	raw, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, line := range strings.Split(string(raw), "\n") {
		if fields := strings.Fields(line); len(fields) == len(cast)+1 && fields[0] != "route" {
			want[fields[0]] = strings.Join(fields[1:], " ")
		}
	}
	var table []string
	for _, r := range w.app.Site.Routes {
		if strings.HasSuffix(r.Path, "/live") {
			continue // a stream; its rights are tested beside it
		}
		var cells []string
		for _, role := range cast {
			b := w.visitor(role)
			address := w.address(r)
			kind := "application/x-www-form-urlencoded"
			var got answer
			if r.Method == http.MethodGet {
				got = b.get(address)
			} else {
				got = b.do(r.Method, address, strings.NewReader(""), kind)
			}
			cells = append(cells, fmt.Sprint(got.status))
			w.invariants(r, role, address, got)
		}
		row := strings.Join(cells, " ")
		table = append(table, fmt.Sprintf("%-32s %s", r.Name, row))
		if !*update && want[r.Name] != row {
			t.Errorf("%s %s %s\n got %s\nwant %s", r.Name, r.Method, r.Path, row, want[r.Name])
		}
		delete(want, r.Name)
	}
	for name := range want {
		if !*update {
			t.Errorf("%s stands in the table and is no route", name)
		}
	}
	if *update {
		head := fmt.Sprintf("%-32s %s\n", "route", strings.Join(cast, " "))
		if err := os.WriteFile(file, []byte(head+strings.Join(table, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// invariants hold whatever the table says.
func (w *world) invariants(r web.Route, role, address string, got answer) {
	w.t.Helper()
	if got.status >= 500 {
		w.t.Errorf("%s as %s: %d\n%s", r.Name, role, got.status, got.body)
	}
	if keys := rawKeys(w.t, got.body); len(keys) > 0 {
		w.t.Errorf("%s as %s shows keys in the place of sentences: %q", r.Name, role, keys)
	}
	if role == "nobody" && r.Who != web.Guest {
		if got.status != 401 && !(got.status == 303 && strings.HasPrefix(got.header.Get("Location"), "/sign-in")) {
			w.t.Errorf("%s: nobody gets %d to %s", r.Name, got.status, got.header.Get("Location"))
		}
	}
	if strings.Contains(r.Path, "/tickets/:") && slices.Contains([]string{"stranger", "editor"}, role) && got.status < 400 {
		w.t.Errorf("%s: the %s gets %d", r.Name, role, got.status)
	}
	if slices.Contains([]string{"requester", "participant", "coordinator", "stranger", "editor", "nobody"}, role) && strings.Contains(got.body, "parolasegreta") {
		w.t.Errorf("%s: the %s reads a note", r.Name, role)
	}
	for _, s := range []string{"%!", "&lt;nil&gt;", "<nil>", "no value", "ZgotmplZ"} {
		if strings.Contains(got.header.Get("Content-Type"), "html") && strings.Contains(got.body, s) {
			w.t.Errorf("%s as %s: the page says %s", r.Name, role, s)
		}
	}
}

var administratorForm = people.Form{Administrator: true}

// person returns the row of the address.
func (d *testDesk) person(address string) *store.Person {
	d.t.Helper()
	var p *store.Person
	err := d.app.Store.View(func(tx *db.Tx) error {
		var err error
		p, err = store.PeopleByEmail.First(tx, address)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}
