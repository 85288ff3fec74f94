package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
)

// TestANewWayOfNumberingComesAfterTheOldOne: a supplier went from 2024.10 to 24.11, which the rule takes for older. Once the product
// says so, so it is for its modules everywhere: receipts, audiences, the picture, known problems.
func TestANewWayOfNumberingComesAfterTheOldOne(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	if status, body := d.putInstallations(d.administrator, "ateneo", `[{"module":"csa","environment":"production","version":"2024.10"}]`); status != http.StatusOK {
		t.Fatal(status, body)
	}
	audience := box{"installed": box{"module": "csa", "environment": "production", "from": "2024.1", "until": "24.11"}}
	refused := d.mustCall(d.agent, "POST", "/releases", box{"modules": []string{"csa"}, "version": "24.11", "title": "Nuova", "audience": audience}, http.StatusUnprocessableEntity)
	if !strings.Contains(fmt.Sprint(refused["errors"]), "audience") {
		t.Fatalf("a range that is none by the rule: %v", refused)
	}
	d.scheme("csa", "24..2000")
	path := d.draft("24.11", audience)
	d.mustCall(d.agent, "POST", path+"/publish", nil, http.StatusOK)
	d.told()
	if got := d.mustCall(d.agent, "GET", path+"/receipts", nil, http.StatusOK)["receipts"].([]any); len(got) != 1 || got[0].(box)["organisation"] != "ateneo" || got[0].(box)["state"] != "told" {
		t.Fatalf("the old numbering counts as newer: %v", got)
	}
	problem := d.mustCall(d.agent, "POST", "/problems", box{"module": "csa", "title": box{"it": "Errore"}, "text": box{"it": "Sbaglia."}, "affected": []box{{"from": "2024.9", "until": "24.11"}}}, http.StatusCreated)
	for version, want := range map[string]int{"2024.8": 0, "2024.10": 1, "24.11": 0, "24.12": 0} {
		if n := d.mustCall(d.agent, "GET", "/problems?module=csa&version="+version, nil, http.StatusOK)["total"]; fmt.Sprint(n) != fmt.Sprint(want) {
			t.Errorf("problem %v is in %s: %v, want %d", problem["number"], version, n, want)
		}
	}
	done := d.mustCall(d.rita, "PUT", path+"/receipts/ateneo", box{"environment": "production", "state": "installed"}, http.StatusOK)
	if receipt := done["receipt"].(box); receipt["running"] != "24.11" || done["runs"] != nil {
		t.Errorf("installed: %v", done)
	}
	if _, list := d.list(d.rita, "/organisations/ateneo/installations"); list[0]["version"] != "24.11" {
		t.Errorf("what runs there: %v", list)
	}
}

// scheme gives the level of the catalogue a new way of numbering versions.
func (d *releaseDesk) scheme(code, scheme string) {
	d.t.Helper()
	l, err := d.app.Desk.Catalogue.LevelByCode(code)
	must(d.t, err)
	f := catalogue.ModuleFormOf(l.Module)
	f.Schemes = []string{scheme}
	_, err = d.app.Desk.Catalogue.ChangeModule(policy.Actor{System: true}, l.ID, l.Rev, f)
	must(d.t, err)
}

// TestALevelHasItsOrderOfVersionsFromAbove: what a level leaves empty it has from the level above, the order of versions as well.
func TestALevelHasItsOrderOfVersionsFromAbove(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	d.scheme("u-gov", "24..2000")
	must(t, d.app.Store.View(func(tx *db.Tx) error {
		m, err := store.ModulesByCode.First(tx, "u-gov/contabilita")
		must(t, err)
		order, err := installation.Order(tx, m.ID)
		if order.Compare("2024.10", "24.11") >= 0 {
			t.Error("a module does not number as its product does")
		}
		return err
	}))
}

func TestAnAudienceThatShrinksAfterThePreviewIsShownAgain(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.draft("26.01", box{"installed": box{"module": "csa", "environment": "production", "from": "24", "until": "26"}})
	preview := d.mustCall(d.agent, "GET", path+"/audience", nil, http.StatusOK)
	if got := preview["counts"].(box)["organisations"]; got != 2.0 {
		t.Fatalf("%v organisations", got)
	}
	if status, body := d.putInstallations(d.administrator, "altro", `[{"module":"csa","environment":"production","version":"26.02"}]`); status != http.StatusOK {
		t.Fatal(status, body)
	}
	got := d.mustCall(d.agent, "POST", path+"/publish", box{"audience": preview["audience"]}, http.StatusConflict)
	fresh, ok := got["preview"].(box)
	if !ok || fresh["counts"].(box)["organisations"] != 1.0 || fresh["audience"] == preview["audience"] {
		t.Fatalf("it is answered with %v", got)
	}
	if d.mustCall(d.agent, "GET", path, nil, http.StatusOK)["state"] != "draft" {
		t.Error("it went out")
	}
	d.mustCall(d.agent, "POST", path+"/publish", box{"audience": fresh["audience"]}, http.StatusOK)
	d.told()
	d.mustCall(d.elena, "GET", path, nil, http.StatusNotFound)
	d.mustCall(d.rita, "GET", path, nil, http.StatusOK)
}

// TestWhenTheLastCoordinatorIsGoneTheGroupLooksAfterTheirPlace: before publishing it is a warning that must be answered; afterwards
// the group has it among its work, and may answer in the organisation's name.
func TestWhenTheLastCoordinatorIsGoneTheGroupLooksAfterTheirPlace(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	before := d.draft("26.01", box{"organisations": []string{"ateneo"}})
	d.mustCall(d.agent, "POST", before+"/publish", nil, http.StatusOK)
	d.told()
	var rita uint64
	must(t, d.app.Store.View(func(tx *db.Tx) error {
		p, err := store.PeopleByEmail.First(tx, "rita@example.it")
		rita = p.ID
		return err
	}))
	if status := d.put(d.administrator, rita, "[]"); status != http.StatusOK {
		t.Fatal(status)
	}
	d.mustCall(d.rita, "GET", before, nil, http.StatusUnauthorized)
	d.mustCall(d.agent, "POST", before+"/tell-again", box{"reason": "Mancava un file"}, http.StatusOK)
	d.told()
	why := func() (out []string) {
		for _, one := range d.mustCall(d.agent, "GET", "/work", nil, http.StatusOK)["work"].([]any) {
			out = append(out, fmt.Sprint(one.(box)["why"]))
		}
		return out
	}
	if got := why(); !slices.Contains(got, "nobody-to-tell") {
		t.Errorf("the group's work is %v", got)
	}
	after := d.draft("26.02", box{"organisations": []string{"ateneo"}})
	preview := d.mustCall(d.agent, "GET", after+"/audience", nil, http.StatusOK)
	if fmt.Sprint(preview["nobody_to_tell"]) != "[ateneo]" {
		t.Errorf("the preview says %v", preview)
	}
	d.mustCall(d.agent, "POST", after+"/publish", box{"nobody": false}, http.StatusConflict)
	d.mustCall(d.agent, "PUT", before+"/receipts/ateneo", box{"environment": "production", "state": "installed"}, http.StatusOK)
}

// TestAFileOfAnUpdateIsAskedForAnewWhateverAClientHolds: parts, tags and dates that a client has from before open nothing once the
// update is withdrawn, or its reader no longer belongs to whom it went to.
func TestAFileOfAnUpdateIsAskedForAnewWhateverAClientHolds(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.draft("26.01", box{"organisations": []string{"ateneo"}})
	for _, name := range []string{"csa.zip", "..\\..\\CON.txt", "a\u202egpj.exe", "b\x00\x07.txt", "c\r\nSet-Cookie: a.txt"} {
		if got := d.send(d.agent, path, name, "0123456789"); got.status != http.StatusOK && got.status != http.StatusCreated {
			t.Fatalf("%q: %d %s", name, got.status, got.body)
		}
	}
	var names []string
	for _, f := range d.mustCall(d.agent, "GET", path, nil, http.StatusOK)["files"].([]any) {
		names = append(names, fmt.Sprint(f.(box)["name"]))
	}
	if got := fmt.Sprintf("%q", names); got != `["csa.zip" "_CON.txt" "agpj.exe" "b.txt" "c Set-Cookie_ a.txt"]` {
		t.Errorf("files are called %s", got)
	}
	d.mustCall(d.agent, "POST", path+"/publish", nil, http.StatusOK)
	file := "/api/v1" + path + "/files/csa.zip"
	ask := func(c caller, method string, header ...string) answer {
		own := c.header
		defer func() { c.header = own }()
		c.header = own.Clone()
		for i := 0; i < len(header); i += 2 {
			c.header.Set(header[i], header[i+1])
		}
		return c.do(method, file, nil, "")
	}
	whole := ask(d.both, "GET")
	tag, day := whole.header.Get("ETag"), whole.header.Get("Last-Modified")
	if whole.status != http.StatusOK || whole.body != "0123456789" || tag == "" {
		t.Fatalf("%d %q %v", whole.status, whole.body, whole.header)
	}
	if part := ask(d.both, "GET", "Range", "bytes=5-", "If-Range", tag); part.status != http.StatusPartialContent || part.body != "56789" {
		t.Errorf("the rest of it: %d %q", part.status, part.body)
	}
	if same := ask(d.both, "GET", "If-None-Match", tag); same.status != http.StatusNotModified {
		t.Errorf("what one has already: %d", same.status)
	}
	tries := [][]string{nil, {"Range", "bytes=5-"}, {"Range", "bytes=5-", "If-Range", tag}, {"Range", "bytes=99-"}, {"If-None-Match", tag}, {"If-None-Match", "*"}, {"If-Match", `"other"`}, {"If-Modified-Since", day}}
	refused := func(c caller, status int) {
		t.Helper()
		for _, header := range tries {
			got := ask(c, "GET", header...)
			if got.status != status || strings.Contains(got.body, "56789") || got.header.Get("ETag") == tag || got.header.Get("Content-Range") != "" {
				t.Errorf("%v: %d %s %v, want %d", header, got.status, got.body, got.header, status)
			}
			if head := ask(c, "HEAD", header...); head.status != status || head.header.Get("ETag") == tag {
				t.Errorf("HEAD %v: %d", header, head.status)
			}
		}
	}
	refused(d.elena, http.StatusNotFound)
	if status := d.put(d.administrator, d.ada.ID, `[{"organisation":"altro"}]`); status != http.StatusOK {
		t.Fatal(status)
	}
	refused(d.both, http.StatusNotFound)
	d.mustCall(d.agent, "POST", path+"/withdraw", box{"reason": "Perde le ritenute"}, http.StatusOK)
	refused(d.rita, http.StatusConflict)
	refused(d.both, http.StatusNotFound)
}
