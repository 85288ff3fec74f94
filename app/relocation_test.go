package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// afterRelocations waits until nothing is under way.
func (d *testDesk) afterRelocations() {
	d.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for {
		at := d.app.Store.Last()
		r, err := d.app.Desk.Relocations.UnderWay(policy.Actor{System: true})
		if err != nil {
			d.t.Fatal(err)
		}
		if r == nil {
			return
		}
		if err := d.app.Store.Wait(ctx, at); err != nil {
			d.t.Fatal(err)
		}
	}
}

func TestAnAdministratorMergesOrganisationsOnPages(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	admin := d.signedIn(d.add("Anna Amministra", people.Form{Email: "anna@example.it", Administrator: true}))
	o := d.organisation("altro")
	if _, err := d.app.Desk.Tickets.Open(policy.Actor{Person: d.ada, Via: door.Page}, ticket.Opening{Subject: "Una", Body: "Una.", Hat: store.Hat{Organisation: o.ID}}); err != nil {
		t.Fatal(err)
	}
	path, to := fmt.Sprintf("/admin/organisations/%d/move", o.ID), fmt.Sprint(d.organisation("ateneo").ID)
	for _, who := range []string{"ada.due@example.it", "rita@example.it", "elsa.estranea@example.it"} {
		b := d.signedIn(d.person(who))
		b.must(b.get(path), http.StatusForbidden)
		b.must(b.post(path, url.Values{"to": {to}, "sum": {"x"}}), http.StatusForbidden)
	}
	admin.must(admin.get(fmt.Sprintf("/admin/organisations/%d", o.ID)), http.StatusOK, `href="`+path+`"`)
	admin.must(admin.get(path), http.StatusOK, "Ateneo", "!name=\"sum\"")
	admin.must(admin.get("/admin/organisations/999999/move"), http.StatusNotFound)
	admin.must(admin.get(path+"?to=999999"), http.StatusUnprocessableEntity, "!name=\"sum\"")
	page := admin.get(path + "?to=" + to)
	// Rita of Ateneo gains the one of Altro; Elena of Altro becomes a coordinator of Ateneo, where there is none.
	admin.must(page, http.StatusOK, "Altro confluisce in Ateneo", "2 persone cambiano ente", "Una richiesta va con loro", "Una persona vedrà", "Nessuno smetterà", "Rita De&#39; Medici")
	sum := func(body string) string {
		t.Helper()
		m := regexp.MustCompile(`name="sum" value="([^"]+)"`).FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("nothing to confirm:\n%s", body)
		}
		return m[1]
	}
	seen := sum(page.body)
	if _, err := d.app.Desk.Tickets.Open(policy.Actor{Person: d.ada, Via: door.Page}, ticket.Opening{Subject: "Due", Body: "Due.", Hat: store.Hat{Organisation: o.ID}}); err != nil {
		t.Fatal(err)
	}
	page = admin.post(path, url.Values{"to": {to}, "sum": {seen}})
	admin.must(page, http.StatusConflict, "2 richieste vanno con loro", "è cambiato qualcosa")
	if sum(page.body) == seen {
		t.Error("the old picture is offered again")
	}
	admin.must(admin.post(path, url.Values{"to": {to}, "sum": {sum(page.body)}}), http.StatusSeeOther)
	d.afterRelocations()
	rita := d.signedIn(d.person("rita@example.it"))
	rita.must(rita.get("/organisations/altro/people"), http.StatusOK, "Elena")
	if got, out := d.administrator.call("GET", "/organisations/altro/people", nil); got.status != http.StatusOK || len(out["people"].([]any)) != 3 {
		t.Errorf("the code leads nowhere: %d %s", got.status, got.body)
	}
	if got := d.put(d.administrator, d.ada.ID, `[{"organisation":"altro","position":"student"}]`); got != http.StatusOK {
		t.Errorf("an affiliation by the code of before: %d", got)
	}
	if _, hats := d.list(d.administrator, fmt.Sprintf("/people/%d/affiliations", d.ada.ID)); len(hats) != 1 || hats[0]["organisation"] != "ateneo" {
		t.Errorf("it is told as %v", hats)
	}
	list := admin.get("/admin/organisations").body
	if strings.Contains(list, ">Altro<") || !strings.Contains(list, ">Ateneo<") {
		t.Error("the list shows what is not there any more")
	}
	admin.must(admin.get("/admin/changes"), http.StatusOK, "ha spostato una struttura o unito un ente")
}

// organisation returns the organisation with the code.
func (d *testDesk) organisation(code string) *store.Organisation {
	d.t.Helper()
	var out *store.Organisation
	err := d.app.Store.View(func(tx *db.Tx) (err error) {
		out, err = store.OrganisationsByCode.First(tx, code)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

func TestAnAdministratorMovesAUnitAndSeesWhoseEyesChange(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		w := newWorld(t)
		s := w.walkAs(t, "administrator", scripts)
		s.visit("/admin/organisations")
		s.follow("Ateneo")
		s.follow("Sposta una struttura o unisci l'ente")
		s.sees("non cambia nulla finché non confermi")
		s.choose("Che cosa si sposta", "Personale")
		s.choose("In quale ente", "Altro ente")
		s.follow("Mostra che cosa cambia")
		s.in("#changes").sees("La struttura Personale passa a Altro ente", "Una persona cambia ente", "Rita Referente", "Una persona non vedrà più")
		s.follow("Sposta Personale in Altro ente")
		s.sees("Lo spostamento è cominciato.")
		w.afterRelocations()
		s.visit("/admin/organisations")
		s.follow("Altro ente")
		s.sees("Personale")
	})
}
