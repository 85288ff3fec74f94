package desk

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app/desk/article"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

var importing = policy.Actor{System: true, Via: door.Import}

func TestRecordsTakeFromEachWhatTheyMayGive(t *testing.T) {
	o := newOffice(t)
	rec := func(change func(*ticket.Record)) ticket.Record {
		r := ticket.Record{Subject: "Oggetto", Body: "Testo"}
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		rec   ticket.Record
		who   string // people who may; the others may not
		field string
	}{
		"created_at":  {rec(func(r *ticket.Record) { r.CreatedAt = "2025-01-02T10:00:00Z" }), "amministratore", "created_at"},
		"state":       {rec(func(r *ticket.Record) { r.State = "closed" }), "amministratore", "state"},
		"outcome":     {rec(func(r *ticket.Record) { r.Outcome = "solved" }), "", "outcome"},
		"external_id": {rec(func(r *ticket.Record) { r.ExternalID = "X-1" }), "amministratore", "external_id"},
		"messages": {rec(func(r *ticket.Record) {
			r.Messages = []ticket.MessageRecord{{AuthorEmail: "ada@ateneo.example", Body: "Ciao"}}
		}), "amministratore", "messages"},
		"group":     {rec(func(r *ticket.Record) { r.Group = "csa" }), "agente agente2 altrove responsabile amministratore", "group"},
		"requester": {rec(func(r *ticket.Record) { r.RequesterEmail = "ada@ateneo.example" }), "ada referente unita agente agente2 altrove responsabile amministratore", "requester_email"},
		"stranger":  {rec(func(r *ticket.Record) { r.RequesterEmail = "mai@visto.example" }), "agente agente2 altrove responsabile amministratore", "requester_email"},
		"own":       {rec(func(*ticket.Record) {}), "ada collega estraneo referente unita agente agente2 altrove responsabile redattore amministratore", ""},
	} {
		for who := range o.people {
			_, _, err := o.Tickets.Put(o.as(who), c.rec)
			if slices.Contains(strings.Fields(c.who), who) {
				if err != nil {
					t.Errorf("%s by %s: %v", name, who, err)
				}
				continue
			}
			if who == "amministratore" {
				continue
			}
			wants(t, err, fault.Denied, "", c.field)
		}
		_, _, err := o.Tickets.Put(policy.Actor{}, c.rec)
		wants(t, err, fault.SignIn, "", "")
	}
}

func TestATicketRecordHasTheDefaultsOfTheDesign(t *testing.T) {
	o := newOffice(t)
	tk, created, err := o.Tickets.Put(o.as("ada"), ticket.Record{Subject: "Oggetto", Body: "Testo"})
	if err != nil || !created {
		t.Fatal(err)
	}
	if tk.Kind != store.Clarification || tk.Severity != store.Medium || tk.Urgency != store.NoDate || tk.Module != 0 || tk.Group != o.group["generale"] ||
		tk.State != store.StateNew || tk.Priority != 4 || tk.Due.IsZero() || tk.Requester != o.people["ada"].ID || tk.Organisation != o.organis["Ateneo"] {
		t.Errorf("%+v", tk)
	}
}

func TestATicketRecordTellsAllThatIsWrong(t *testing.T) {
	o := newOffice(t)
	seq := o.Store().Last()
	_, _, err := o.Tickets.Put(importing, ticket.Record{Kind: "bug", Severity: "huge", Urgency: "now", State: "gone", Outcome: "solved", Module: "nessuno", Group: "nessuno",
		RequesterEmail: "nuova@ateneo.example", CreatedAt: "ieri", Messages: []ticket.MessageRecord{{AuthorEmail: "x", At: "2999-01-01"}}})
	for _, field := range []string{"subject", "body", "kind", "severity", "urgency", "state", "outcome", "module", "group", "created_at", "messages[0].author_email",
		"messages[0].at", "messages[0].body"} {
		wants(t, err, fault.Invalid, "", field)
	}
	_, _, err = o.Tickets.Put(importing, ticket.Record{Subject: strings.Repeat("è", 251), Body: "Testo"})
	wants(t, err, fault.Invalid, "error.too-long", "subject")
	wants(t, err, fault.Invalid, "error.required", "requester_email")
	_, _, err = o.Tickets.Put(importing, ticket.Record{Subject: "S", Body: "B", RequesterEmail: "ada@ateneo.example", State: "planned"})
	wants(t, err, fault.Invalid, "error.plan-kind", "state")
	if o.Store().Last() != seq {
		t.Error("a refused record left something behind")
	}
}

func TestAModuleServedElsewhereLeadsRequestersThere(t *testing.T) {
	o := newOffice(t)
	_, _, err := o.Tickets.Put(o.as("ada"), ticket.Record{Subject: "S", Body: "B", Module: "esse3"})
	wants(t, err, fault.Invalid, "error.module-elsewhere", "module")
	if e := err.(fault.Problems)[0]; e.Args["channel"] != "desk" || e.Args["address"] != "https://esse3.example" {
		t.Errorf("%v", e.Args)
	}
	for _, a := range []policy.Actor{o.as("agente"), importing} {
		if tk, _, err := o.Tickets.Put(a, ticket.Record{Subject: "S", Body: "B", Module: "esse3", RequesterEmail: "ada@ateneo.example"}); err != nil || tk.Group != o.group["generale"] {
			t.Errorf("%v", err)
		}
	}
}

func TestImportedTicketsKeepTheirPastAndTellNobody(t *testing.T) {
	o := newOffice(t)
	rec := ticket.Record{Subject: "Vecchia richiesta", Body: "Testo\x00 antico\r\n", RequesterEmail: "Nuova@Ateneo.example", RequesterName: "Nuova Persona", Module: "csa",
		Kind: "malfunction", Severity: "high", State: "closed", Outcome: "known-problem", CreatedAt: "2024-01-10T09:00:00+01:00", ExternalID: "OTRS-17",
		Answers: map[string]ticket.Scalar{"matricola": "123"},
		Messages: []ticket.MessageRecord{
			{AuthorEmail: "agente@ateneo.example", At: "2024-01-11T10:00:00Z", Body: "Risposta"},
			{AuthorEmail: "agente@ateneo.example", At: "2024-01-11T09:00:00Z", Body: "Una nota", Internal: true},
			{AuthorEmail: "nuova@ateneo.example", At: "2024-01-12T10:00:00Z", Body: "Grazie"},
		}}
	tk, created, err := o.Tickets.Put(importing, rec)
	if err != nil || !created {
		t.Fatal(err)
	}
	last := time.Date(2024, 1, 12, 10, 0, 0, 0, time.UTC)
	if tk.State != store.StateClosed || tk.Outcome != store.KnownProblem || !tk.Closed.Equal(last) || !tk.Resolved.Equal(last) || tk.Taken.IsZero() || !tk.Wake.IsZero() ||
		!tk.Answered.Equal(time.Date(2024, 1, 11, 10, 0, 0, 0, time.UTC)) || !tk.PublicUpdated.Equal(last) || tk.Messages != 3 || tk.Notes != 1 || tk.LastAgent ||
		!tk.Opened.Equal(time.Date(2024, 1, 10, 8, 0, 0, 0, time.UTC)) || !tk.Created.Equal(tk.Opened) || tk.Due.Year() != 2024 || tk.Answers["matricola"] != "123" {
		t.Errorf("%+v", tk)
	}
	v, err := o.Tickets.Read(o.as("agente"), tk.ID)
	if err != nil || len(v.Messages) != 4 {
		t.Fatalf("%v", err)
	}
	seq := o.Store().Last()
	again, created, err := o.Tickets.Put(importing, rec)
	if err != nil || created || again.ID != tk.ID || again.Rev != tk.Rev || o.Store().Last() != seq {
		t.Errorf("the same record again: created %v, %+v, %v", created, again, err)
	}
	rec.Subject, rec.Severity, rec.Body = "Altro oggetto", "low", "Testo corretto"
	rec.Messages = append(rec.Messages, ticket.MessageRecord{AuthorEmail: "nuova@ateneo.example", At: "2024-01-13T10:00:00Z", Body: "Un'altra cosa"})
	again, created, err = o.Tickets.Put(importing, rec)
	if err != nil || created || again.ID != tk.ID || again.Subject != "Altro oggetto" || again.Priority != 4 || again.Messages != 4 || again.State != store.StateClosed {
		t.Errorf("an update: created %v, %+v, %v", created, again, err)
	}
	rec.State, rec.Outcome = "open", ""
	if again, _, err = o.Tickets.Put(importing, rec); err != nil || again.State != store.StateOpen || again.Outcome != store.OutcomeNone || !again.Closed.IsZero() {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := o.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	for name, p := range o.people {
		n := 0
		err := o.Store().View(func(tx *db.Tx) error { n = store.Notices.Count(tx, store.CountUnread, p.ID); return nil })
		if err != nil || n != 0 {
			t.Errorf("%s was told of an import (%d), %v", name, n, err)
		}
	}
}

func TestImportedStatesHaveTheDatesThatGoWithThem(t *testing.T) {
	o := newOffice(t)
	for state, check := range map[string]func(*store.Ticket) bool{
		"new":     func(t *store.Ticket) bool { return t.Taken.IsZero() && t.Stands.IsZero() },
		"open":    func(t *store.Ticket) bool { return !t.Taken.IsZero() && t.Stands.IsZero() },
		"waiting": func(t *store.Ticket) bool { return !t.Taken.IsZero() && !t.Stands.IsZero() },
		"planned": func(t *store.Ticket) bool { return !t.Taken.IsZero() && !t.Stands.IsZero() },
		"resolved": func(t *store.Ticket) bool {
			return !t.Resolved.IsZero() && !t.Wake.IsZero() && t.Outcome == store.Solved
		},
		"closed": func(t *store.Ticket) bool {
			return !t.Resolved.IsZero() && !t.Closed.IsZero() && t.Outcome == store.Solved
		},
	} {
		tk, _, err := o.Tickets.Put(importing, ticket.Record{Subject: "S", Body: "B", Kind: "malfunction", State: state, RequesterEmail: "ada@ateneo.example"})
		if err != nil || tk.State.String() != state || !check(tk) {
			t.Errorf("%s: %+v, %v", state, tk, err)
		}
	}
}

func TestExportedTicketsReadBackInAnotherDesk(t *testing.T) {
	o := newOffice(t)
	tk := o.open("csa")
	o.do("agente", tk.ID, ticket.Step{Message: say("Che cosa compare?"), To: store.StateWaiting})
	o.do("agente", tk.ID, ticket.Step{Message: note("Da sentire il fornitore")})
	var lines []string
	_, err := o.ExportTickets(t.Context(), o.as("amministratore"), "", func(r ticket.Record) error {
		b, err := json.Marshal(r)
		lines = append(lines, string(b))
		return err
	})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%v, %v", lines, err)
	}
	d := newDesk(t)
	var rec ticket.Record
	if err := json.Unmarshal([]byte(lines[0]), &rec); err != nil {
		t.Fatal(err)
	}
	back, created, err := d.Tickets.Put(importing, rec)
	if err != nil || !created || back.State != store.StateWaiting || back.Messages != 2 || back.Notes != 1 || back.Subject != tk.Subject || !back.Opened.Equal(tk.Opened) {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestArticleRecordsOfOneNameAreOneArticle(t *testing.T) {
	o := newOffice(t)
	put := func(rec article.Record) (*store.Article, bool) {
		t.Helper()
		a, created, err := o.Articles.Put(importing, rec)
		if err != nil {
			t.Fatal(err)
		}
		return a, created
	}
	base := article.Record{Body: "<h1>Il titolo</h1><p>Testo</p>", Format: "html", Language: "it", Audience: "public", State: "published", ExternalID: "help/a.html", Module: "csa"}
	a, created := put(base)
	if !created || a.Slug != "il-titolo" {
		t.Errorf("%+v", a)
	}
	seq := o.Store().Last()
	if again, created := put(base); created || again.ID != a.ID || o.Store().Last() != seq {
		t.Error("the same record again wrote something")
	}
	en := base
	en.Language, en.Title = "en", "The title"
	if b, created := put(en); !created || b.ID != a.ID {
		t.Error("another language made another article")
	}
	// An update without these members leaves them unchanged.
	short := article.Record{Title: "Il titolo nuovo", Body: "Altro", Format: "text", Language: "it", ExternalID: "help/a.html"}
	if b, created := put(short); created || b.ID != a.ID || b.Module != o.module["csa"] {
		t.Errorf("%+v", b)
	}
	if v, err := o.Articles.Read(policy.Actor{}, a.Slug, "it"); err != nil || v.Version.Title != "Il titolo nuovo" || len(v.Languages) != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	// If another article has the slug, it is only a wish; without an external_id it identifies the article.
	other := base
	other.ExternalID, other.Slug = "help/b.html", "il-titolo"
	if b, _ := put(other); b.Slug != "il-titolo-2" {
		t.Errorf("%+v", b)
	}
	if b, created := put(article.Record{Slug: "il-titolo-2", Title: "T", Body: "B", Format: "markdown", Language: "en"}); !created || b.Slug != "il-titolo-2" || b.External != "help/b.html" {
		t.Errorf("%+v", b)
	}
	x, _ := put(article.Record{Title: "Stesso", Body: "B", Format: "markdown", Language: "it"})
	y, _ := put(article.Record{Title: "Stesso", Body: "B", Format: "markdown", Language: "it"})
	if x.Slug != "stesso" || y.Slug != "stesso-2" || x.Audience != store.SignedIn {
		t.Errorf("%+v %+v", x, y)
	}
	_, _, err := o.Articles.Put(importing, article.Record{Slug: "No!", Format: "pdf", Language: "fr", Audience: "all", State: "old", Module: "x"})
	for _, field := range []string{"slug", "format", "language", "audience", "state", "module", "title", "body"} {
		wants(t, err, fault.Invalid, "", field)
	}
	n := 0
	err = o.ExportArticles(t.Context(), importing, func(article.Record) error { n++; return nil })
	if err != nil || n != 6 {
		t.Errorf("exported %d, %v", n, err)
	}
}

func TestPersonRecordsGiveRolesAndPlaces(t *testing.T) {
	o := newOffice(t)
	p, created, err := o.People.Put(importing, people.Record{Email: "Lia@Nuovo.example", Name: "Lia Verdi", Language: "it", Organisation: "Nuovo ente", Unit: "Ufficio",
		Roles: []string{"requester", "coordinator", "supervisor"}, Groups: []string{"csa"}})
	if err != nil || !created || !p.Covers(p.Hat(o.st.Now()).Organisation, p.Hat(o.st.Now()).Unit, o.st.Now()) || p.Hat(o.st.Now()).Unit == 0 || !p.Supervises(o.group["csa"]) {
		t.Fatalf("%+v, %v", p, err)
	}
	seq := o.Store().Last()
	if _, created, err := o.People.Put(importing, people.Record{Email: "lia@nuovo.example", Name: "Lia Verdi", Organisation: "NUOVO ente"}); err != nil || created || o.Store().Last() != seq {
		t.Errorf("an equal record wrote something: %v", err)
	}
	p, _, err = o.People.Put(importing, people.Record{Email: "lia@nuovo.example", Roles: []string{"agent"}})
	if err != nil || p.Supervises(o.group["csa"]) || !p.InGroup(o.group["csa"]) || p.WillCoordinate() || p.Name != "Lia Verdi" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, _, err = o.People.Put(importing, people.Record{Email: "op@ateneo.example", Name: "Op", Roles: []string{"agent"}}); err != nil || !p.InGroup(o.group["generale"]) {
		t.Errorf("%+v, %v", p, err)
	}
	_, _, err = o.People.Put(importing, people.Record{Email: "x@solo.example", Name: "X", Language: "de", Roles: []string{"boss", "coordinator"}, Groups: []string{"nessuno"}})
	wants(t, err, fault.Invalid, "error.language", "language")
	_, _, err = o.People.Put(importing, people.Record{Email: "x@solo.example", Name: "X", Roles: []string{"boss", "coordinator"}, Groups: []string{"nessuno"}})
	for _, field := range []string{"roles", "organisation", "groups"} {
		wants(t, err, fault.Invalid, "", field)
	}
	var got []people.Record
	if err := o.ExportPeople(t.Context(), importing, func(r people.Record) error { got = append(got, r); return nil }); err != nil || len(got) != len(o.people)+3 {
		t.Errorf("exported %d, %v", len(got), err)
	}
}

func TestWritersThatShareACommitDoNotMixTheirRecords(t *testing.T) {
	o := newOffice(t)
	const n = 20
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			if _, created, err := o.Articles.Put(importing, article.Record{Title: "Stesso titolo", Body: "Testo", Format: "markdown", Language: "it"}); err != nil || !created {
				t.Errorf("created %v, %v", created, err)
			}
		})
		wait.Go(func() {
			// A transaction that fails after its first write makes its neighbours run again.
			_ = o.Store().Update(db.By{}, func(tx *db.Tx) error {
				if err := store.Organisations.Put(tx, &store.Organisation{Name: "Ente " + strconv.Itoa(i)}); err != nil {
					return err
				}
				return errors.New("changed my mind")
			})
		})
		wait.Go(func() {
			rec := ticket.Record{Subject: "S", Body: "B", RequesterEmail: "nuova" + strconv.Itoa(i) + "@ateneo.example", ExternalID: "X" + strconv.Itoa(i),
				Messages: []ticket.MessageRecord{{AuthorEmail: "ada@ateneo.example", Body: "Uno"}, {AuthorEmail: "ada@ateneo.example", Body: "Due"}}}
			if tk, created, err := o.Tickets.Put(importing, rec); err != nil || !created || tk.Messages != 3 {
				t.Errorf("%+v, created %v, %v", tk, created, err)
			}
		})
	}
	wait.Wait()
	page, err := o.Articles.List(o.as("redattore"), article.Filter{Publication: store.Draft, Limit: 200})
	if err != nil || len(page.Items) != n {
		t.Errorf("%d articles, want %d, %v", len(page.Items), n, err)
	}
}

// TestATicketInWhichTheDeskItselfWroteIsExportedAndComesBack: such a message has no author, of whom the record would be.
func TestATicketInWhichTheDeskItselfWroteIsExportedAndComesBack(t *testing.T) {
	o := newOffice(t)
	tk := o.open("csa")
	must(t, o.st.Update(db.By{Via: door.Desk, Act: act.Reply}, func(tx *db.Tx) error {
		row, err := store.Tickets.Get(tx, tk.ID)
		if err != nil {
			return err
		}
		if err := o.Tickets.AppendMessage(tx, row, &store.Message{At: tx.Now(), Body: "È uscita la versione 24.01.", Agent: true, Via: door.Desk}, nil); err != nil {
			return err
		}
		return store.Tickets.Put(tx, row)
	}))
	var rec ticket.Record
	_, err := o.ExportTickets(t.Context(), o.as("amministratore"), "prova", func(r ticket.Record) error {
		if r.Number == tk.ID {
			rec = r
		}
		return nil
	})
	must(t, err)
	if len(rec.Messages) != 1 || !rec.Messages[0].Desk || rec.Messages[0].AuthorEmail != "" {
		t.Fatalf("%+v", rec.Messages)
	}
	rec.Number, rec.ExternalID = 0, "ALTROVE-1"
	for range 2 { // again it changes nothing
		back, _, err := o.Tickets.Put(importing, rec)
		must(t, err)
		v, err := o.Tickets.Read(o.as("agente"), back.ID)
		must(t, err)
		if len(v.Messages) != 2 || v.Messages[1].Author != 0 || !v.Messages[1].Agent || v.Messages[1].Body != "È uscita la versione 24.01." || !back.Answered.IsZero() {
			t.Errorf("%+v, answered %v", v.Messages[len(v.Messages)-1], back.Answered)
		}
	}
}
