package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sportello/app/desk"
	"sportello/app/desk/policy"
	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
)

// TestWhomACoordinatorNamesAnswersForUpdates: a member neither answers nor keeps versions until a coordinator of their
// organisation names them, on the page or by a program, and then only about the modules they are named for; nobody else's
// word names them. They are told as coordinators are, and all of it ends when they are no longer named.
func TestWhomACoordinatorNamesAnswersForUpdates(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	publish := func(module, version string) uint64 {
		v, err := d.app.Desk.Releases.SaveOut(policy.Actor{Via: door.Command, System: true}, release.Form{Modules: []string{module}, Version: version,
			Title: store.Words{IT: "Conguaglio"}, Audience: release.Audience{Organisations: []string{"ateneo"}}})
		must(t, err)
		for more := true; more; {
			more, err = d.app.Desk.Releases.Step()
			must(t, err)
		}
		return v.Release.ID
	}
	told := func(number uint64) (yes bool) {
		must(t, d.app.Store.View(func(tx *db.Tx) error {
			for n, err := range store.NoticesByRelease.Rows(tx, db.Span{Prefix: key.Of(number)}) {
				if err != nil {
					return err
				}
				yes = yes || n.Person == d.ada.ID
			}
			return nil
		}))
		return yes
	}
	answer := func(number uint64) int {
		return d.both.do("PUT", fmt.Sprintf("/api/v1/releases/%d/receipts/ateneo", number), strings.NewReader(`{"environment":"production","state":"installed"}`), "application/json").status
	}
	version := func(module string) int {
		status, _ := d.putInstallations(d.both, "ateneo", fmt.Sprintf(`[{"module":%q,"environment":"test","version":"24.9"}]`, module))
		return status
	}
	ada := d.signedIn(d.person("ada.due@example.it"))
	before := publish("csa", "24.01")
	if told(before) || answer(before) != http.StatusForbidden || version("csa") != http.StatusForbidden {
		t.Fatal("a member is told, answers or keeps versions without being named")
	}
	ada.must(ada.get(fmt.Sprintf("/releases/%d", before)), 200, "lo danno i referenti")

	named := `[{"organisation":"ateneo","coordinator":false,"named":true,"modules":["csa"]}]`
	for name, by := range map[string]caller{"the coordinator of another organisation": d.elena, "an agent": d.agent, "the person": d.both} {
		if status := d.put(by, d.ada.ID, named); status < 400 {
			t.Errorf("%s names somebody: %d", name, status)
		}
	}
	if answer(before) != http.StatusForbidden {
		t.Fatal("what was refused names somebody")
	}
	rita := d.signedIn(d.person("rita@example.it"))
	path := fmt.Sprintf("/people/%d/affiliations", d.ada.ID)
	rita.must(rita.get(path), 200, `name="hat-1-named"`, "Risponde per gli aggiornamenti")
	var csa uint64
	must(t, d.app.Desk.Names(func(n desk.Names) { csa = n.ModuleOf("csa").ID }))
	rita.must(rita.post(path, url.Values{"rev": {fmt.Sprint(d.person("ada.due@example.it").Rev)}, "hat-1-place": {fmt.Sprint("o", d.organisation("ateneo").ID)}, "hat-1-position": {""},
		"hat-1-named": {"1"}, "hat-1-modules": {"1"}, "hat-1-module": {fmt.Sprint(csa)}}), 303)
	rita.must(rita.get("/organisations/ateneo/people"), 200, "risponde per gli aggiornamenti")
	if _, hats := d.list(d.rita, path); len(hats) != 1 || hats[0]["named"] != true {
		t.Errorf("a program reads %v", hats)
	}

	number, other := publish("csa", "24.03"), publish("u-gov/contabilita", "24.03")
	if !told(number) || told(other) {
		t.Errorf("told of the module they are named for: %v, of another: %v", told(number), told(other))
	}
	ada.must(ada.get(fmt.Sprintf("/releases/%d", number)), 200, "Il vostro riscontro", "È installato", "!lo danno i referenti")
	ada.must(ada.get("/releases"), 200, "Aspetta il vostro riscontro")
	if got := answer(number); got != http.StatusOK {
		t.Errorf("who is named answers %d", got)
	}
	if got := answer(other); got != http.StatusForbidden {
		t.Errorf("who is named answers about another module: %d", got)
	}
	if got := version("u-gov/contabilita"); got != http.StatusForbidden {
		t.Errorf("who is named keeps another module's versions: %d", got)
	}
	if got := version("csa"); got != http.StatusOK {
		t.Errorf("who is named does not keep the versions: %d", got)
	}
	got := d.both.do("GET", fmt.Sprintf("/api/v1/releases/%d/receipts", number), nil, "")
	if !strings.Contains(got.body, `"state":"installed"`) || strings.Contains(got.body, "by_desk") {
		t.Errorf("they read %s", got.body)
	}

	if status := d.put(d.rita, d.ada.ID, `[{"organisation":"ateneo","coordinator":false,"modules":["csa"]}]`); status != http.StatusOK {
		t.Fatalf("taking it back: %d", status)
	}
	if answer(number) != http.StatusForbidden || version("csa") != http.StatusForbidden {
		t.Error("who is no longer named answers or keeps versions")
	}
}
