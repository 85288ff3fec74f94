package app_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/door"
)

// releaseDesk is a hatDesk with programs for an agent of another group and a supervisor of CSA. Rita speaks for Ateneo,
// Elena for Altro, Ada belongs to both.
type releaseDesk struct {
	*hatDesk
	elsewhere, supervisor caller
}

func newReleaseDesk(t *testing.T, configure ...func(*config.Config)) *releaseDesk {
	t.Helper()
	d := &releaseDesk{hatDesk: newHatDesk(t, configure...)}
	group := func(code string) uint64 {
		g, err := d.app.Desk.People.GroupByCode(code)
		if err != nil {
			t.Fatal(err)
		}
		return g.ID
	}
	d.elsewhere = d.caller(d.add("Aldo Altrove", people.Form{Groups: []store.Membership{{Group: group("ricerca")}}}))
	d.supervisor = d.caller(d.add("Sara Responsabile", people.Form{Groups: []store.Membership{{Group: group("csa"), Supervisor: true}}}))
	for code, version := range map[string]string{"ateneo": "24.01", "altro": "25.01"} {
		if status, body := d.putInstallations(d.administrator, code, `[{"module":"csa","environment":"production","version":"`+version+`"}]`); status != http.StatusOK {
			t.Fatal(status, body)
		}
	}
	return d
}

// mustCall calls, and fails the test when the status is another.
func (d *releaseDesk) mustCall(c caller, method, path string, v any, status int) box {
	d.t.Helper()
	got, out := c.call(method, path, v)
	if got.status != status {
		d.t.Fatalf("%s %s %v: %d %s, want %d", method, path, v, got.status, got.body, status)
	}
	return out
}

// draft writes a draft of CSA in the agent's name and returns its address.
func (d *releaseDesk) draft(version string, audience any) string {
	d.t.Helper()
	out := d.mustCall(d.agent, "POST", "/releases", box{"modules": []string{"csa"}, "version": version, "title": box{"it": "Zibellino", "en": "Sable"}, "audience": audience}, http.StatusCreated)
	return fmt.Sprintf("/releases/%v", out["number"])
}

// send sends the bytes as a file of the release.
func (d *releaseDesk) send(c caller, path, name, content string) answer {
	d.t.Helper()
	return c.do("POST", "/api/v1"+path+"/files?name="+url.QueryEscape(name), strings.NewReader(content), "application/octet-stream")
}

// told goes the rounds to their end.
func (d *releaseDesk) told() {
	d.t.Helper()
	for more := true; more; {
		var err error
		if more, err = d.app.Desk.Releases.Step(); err != nil {
			d.t.Fatal(err)
		}
	}
}

func TestProgramsWriteReleasesWithAllTheirFields(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	whole := box{"modules": []string{"csa"}, "version": "24.02", "kind": "law", "title": box{"it": "Bonus", "en": "Bonus, in English"}, "notes": "Note *in italiano*", "news": box{"en": "New"},
		"norm": box{"text": "L. 12/2026", "date": "2026-12-31"}, "install_by": box{"test": "2026-12-10", "production": "2026-12-20"},
		"stop":     box{"from": "2026-12-19T18:00:00+01:00", "until": "2026-12-19T20:00:00+01:00", "latest": "2026-12-19T22:00:00+01:00", "text": box{"it": "Il cedolino"}},
		"way_back": box{"kind": "restore"}, "needs": []any{"23.10"}, "corrects": []any{}, "audience": box{"installed": box{"module": "csa", "environment": "production", "from": "24.01", "until": "25.01"}}}
	out := d.mustCall(d.agent, "POST", "/releases", whole, http.StatusCreated)
	path := fmt.Sprintf("/releases/%v", out["number"])
	read := d.mustCall(d.agent, "GET", path, nil, http.StatusOK)
	if fmt.Sprint(read) != fmt.Sprint(out) {
		t.Errorf("it was answered\n%v\nand reads\n%v", out, read)
	}
	for name, want := range map[string]string{"state": "draft", "kind": "law", "notes": "map[it:Note *in italiano*]", "news": "map[en:New]", "install_by": "map[production:2026-12-20 test:2026-12-10]",
		"norm": "map[date:2026-12-31 text:L. 12/2026]", "needs": "[23.10]", "replaces": "[]", "corrects": "[]", "files": "[]", "modules": "[csa]", "way_back": "map[kind:restore]",
		"audience": "map[installed:map[environment:production from:24.01 module:csa until:25.01]]", "published_at": "<nil>"} {
		if got := fmt.Sprint(read[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if stop := read["stop"].(box); stop["from"] != "2026-12-19T17:00:00Z" || fmt.Sprint(stop["text"]) != "map[it:Il cedolino]" {
		t.Errorf("stop is %v", stop)
	}
	changed := d.mustCall(d.agent, "PATCH", path, box{"rev": read["rev"], "version": "24.03", "needs": []any{out["number"]}}, http.StatusUnprocessableEntity)
	if !strings.Contains(fmt.Sprint(changed["errors"]), "needs") {
		t.Errorf("a release that needs itself: %v", changed)
	}
	changed = d.mustCall(d.agent, "PATCH", path, box{"rev": read["rev"], "version": "24.03"}, http.StatusOK)
	if changed["version"] != "24.03" || fmt.Sprint(changed["norm"], changed["stop"], changed["audience"], changed["title"]) != fmt.Sprint(read["norm"], read["stop"], read["audience"], read["title"]) {
		t.Errorf("a change of the version changed more: %v", changed)
	}
	stale := d.mustCall(d.agent, "PATCH", path, box{"rev": read["rev"], "version": "24.04"}, http.StatusConflict)
	if stale["rev"] != changed["rev"] {
		t.Errorf("the conflict names revision %v, want %v", stale["rev"], changed["rev"])
	}
	for name, one := range map[string]box{"corrects": {"corrects": []any{7}}, "stop.until": {"stop": box{"from": "2026-12-19T17:00:00Z"}}, "install_by.production": {"install_by": box{"test": "2026-12-10", "production": "2026-12-01"}},
		"title.it": {"title": box{}}, "norm": {"norm": box{}}, "audience": {"audience": box{"organisations": []string{"mai"}}}, "kind": {"kind": "nessuno"}, "stop.from": {"stop": box{"from": "ieri"}},
		"install_by.test": {"install_by": box{"test": "10/12/2026"}}, "state": {"state": "withdrawn"}, "way_back.until": {"way_back": box{"kind": "until"}}} {
		got := d.mustCall(d.agent, "PATCH", path, one, http.StatusUnprocessableEntity)
		if fields := fmt.Sprint(got["errors"]); !strings.Contains(fields, "field:"+name+" ") {
			t.Errorf("%v: %v, want a problem of %s", one, got, name)
		}
	}
	second := d.draft("24.02", box{"installed": []any{box{"environment": "test"}, box{"from": "24.01"}}})
	if got := d.mustCall(d.agent, "GET", second, nil, http.StatusOK); fmt.Sprint(got["audience"]) != "map[installed:[map[environment:test] map[from:24.01]]]" {
		t.Errorf("ranges: %v", got["audience"])
	}
	twice := d.mustCall(d.agent, "POST", "/releases", box{"modules": []string{"csa"}, "version": "24.2", "title": "Altro"}, http.StatusUnprocessableEntity)
	if !strings.Contains(fmt.Sprint(twice["errors"]), "field:version") {
		t.Errorf("a version twice: %v", twice)
	}
	out = d.mustCall(d.agent, "POST", "/releases", box{"modules": []string{"csa"}, "version": "24.09", "title": "Subito", "audience": box{"all": true}, "state": "published"}, http.StatusCreated)
	if out["state"] != "published" || out["published_at"] == nil {
		t.Errorf("published at once: %v", out)
	}
	list := d.mustCall(d.agent, "GET", "/releases?module=csa&limit=2", nil, http.StatusOK)
	if list["total"] != 3.0 || len(list["releases"].([]any)) != 2 || list["next"] == nil {
		t.Errorf("first page: %v", list)
	}
	list = d.mustCall(d.agent, "GET", fmt.Sprintf("/releases?module=csa&limit=2&after=%v", list["next"]), nil, http.StatusOK)
	if list["total"] != 3.0 || len(list["releases"].([]any)) != 1 || list["next"] != nil {
		t.Errorf("second page: %v", list)
	}
	for query, want := range map[string]float64{"state=draft": 2, "state=published": 1, "kind=law": 1, "kind=urgent": 0} {
		if list := d.mustCall(d.agent, "GET", "/releases?"+query, nil, http.StatusOK); list["total"] != want {
			t.Errorf("%s: %v, want %v", query, list["total"], want)
		}
	}
	d.mustCall(d.agent, "GET", "/releases?module=mai", nil, http.StatusUnprocessableEntity)
	d.mustCall(d.agent, "POST", "/releases", box{"modules": []string{"csa"}, "version": "30", "title": "x", "external_id": "a"}, http.StatusForbidden)
	named := d.mustCall(d.administrator, "POST", "/releases", box{"modules": []string{"csa"}, "version": "30", "title": "x", "external_id": "a"}, http.StatusCreated)
	again := d.mustCall(d.administrator, "POST", "/releases", box{"version": "30", "title": "y", "external_id": "a"}, http.StatusOK)
	if again["number"] != named["number"] || fmt.Sprint(again["title"]) != "map[it:y]" {
		t.Errorf("the same external_id again: %v", again)
	}
}

func TestWhoeverIsNotOfTheAudienceLearnsNothingOfARelease(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	draft := d.draft("24.02", box{"organisations": []string{"ateneo"}})
	path := d.draft("24.03", box{"organisations": []string{"ateneo"}})
	for _, p := range []string{draft, path} {
		if got := d.send(d.agent, p, "zibellino.zip", "contenuto"); got.status != http.StatusCreated {
			t.Fatal(got.status, got.body)
		}
	}
	d.mustCall(d.agent, "POST", path+"/publish", box{}, http.StatusOK)
	d.told()
	outside := map[string]caller{"a stranger": d.stranger, "a requester": d.requester, "a coordinator of another": d.elena}
	routes := []struct {
		method, at string
		body       any
	}{{"GET", "", nil}, {"PATCH", "", box{"version": 3}}, {"GET", "/audience", nil}, {"POST", "/publish", "no"}, {"POST", "/check", "no"}, {"POST", "/take-back", "no"}, {"POST", "/widen", "no"},
		{"POST", "/tell-again", "no"}, {"POST", "/withdraw", "no"}, {"POST", "/files?name=a", "no"}, {"GET", "/files/zibellino.zip", nil}, {"GET", "/files/SHA256SUMS", nil}, {"DELETE", "/files/zibellino.zip", nil},
		{"GET", "/receipts", nil}, {"PUT", "/receipts/ateneo", "no"}, {"PUT", "/receipts/mai", "no"}, {"GET", "/wordings", nil}}
	for name, c := range outside {
		for _, r := range routes {
			nothing, _ := c.call(r.method, "/releases/999999"+r.at, r.body)
			for _, p := range []string{draft, path} {
				if got, _ := c.call(r.method, p+r.at, r.body); got.status != http.StatusNotFound || got.body != nothing.body {
					t.Errorf("%s: %s %s%s: %d %s\nwant %s", name, r.method, p, r.at, got.status, got.body, nothing.body)
				}
			}
		}
		if got, _ := c.call("GET", "/releases", nil); strings.Contains(got.body, "Zibellino") || !strings.Contains(got.body, `"total":0`) {
			t.Errorf("%s lists %s", name, got.body)
		}
		for file := 1; file < 6; file++ { // files have numbers of their own
			if got, _ := c.call("GET", fmt.Sprint("/files/", file), nil); got.status != http.StatusNotFound {
				t.Errorf("%s reads file %d: %d", name, file, got.status)
			}
		}
		if got, _ := c.call("GET", "/search?q=zibellino", nil); strings.Contains(strings.ReplaceAll(got.body, "q=zibellino", ""), "Zibellino") {
			t.Errorf("%s finds it: %s", name, got.body)
		}
		if got, _ := c.call("GET", "/work", nil); !strings.Contains(got.body, `"work":[]`) {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if got, _ := d.rita.call("GET", draft, nil); got.status != http.StatusNotFound {
		t.Errorf("a coordinator of the audience reads a draft: %d", got.status)
	}
	for name, c := range map[string]caller{"the coordinator": d.rita, "a member": d.both} {
		out := d.mustCall(c, "GET", path, nil, http.StatusOK)
		for _, hidden := range []string{"audience", "told_to", "author", "external_id"} {
			if out[hidden] != nil {
				t.Errorf("%s reads %s: %v", name, hidden, out[hidden])
			}
		}
		if got := c.do("GET", "/api/v1"+path+"/files/zibellino.zip", nil, ""); got.status != http.StatusOK || got.body != "contenuto" {
			t.Errorf("%s fetches: %d %s", name, got.status, got.body)
		}
		for _, r := range routes {
			if r.method == "GET" && r.at != "/audience" || strings.HasPrefix(r.at, "/receipts") {
				continue
			}
			if got, _ := c.call(r.method, path+r.at, r.body); got.status != http.StatusForbidden {
				t.Errorf("%s: %s %s: %d %s", name, r.method, r.at, got.status, got.body)
			}
		}
		if got, _ := c.call("PUT", path+"/receipts/altro", box{"environment": "production", "state": "read"}); got.status != http.StatusNotFound {
			t.Errorf("%s answers for another: %d", name, got.status)
		}
	}
	wide := d.draft("24.04", box{"all": true})
	d.mustCall(d.agent, "POST", wide+"/publish", box{}, http.StatusOK)
	d.told()
	went, _ := d.rita.call("PUT", wide+"/receipts/altro", box{"environment": "production", "state": "read"})
	none, _ := d.rita.call("PUT", wide+"/receipts/mai", box{"environment": "production", "state": "read"})
	if went.status != http.StatusNotFound || went.body != none.body {
		t.Errorf("a coordinator learns where else it went: %d %s, %d %s", went.status, went.body, none.status, none.body)
	}
	if got, _ := d.both.call("PUT", wide+"/receipts/ateneo", "nonsense"); got.status != http.StatusForbidden {
		t.Errorf("a member answers: %d %s", got.status, got.body)
	}
	if got, _ := d.both.call("GET", wide+"/receipts", nil); strings.Contains(got.body, "altro") || strings.Contains(got.body, "ateneo") {
		t.Errorf("a member reads receipts: %s", got.body)
	}
	if got, _ := d.elsewhere.call("GET", wide+"/receipts", nil); got.status != http.StatusOK || strings.Contains(got.body, "altro") {
		t.Errorf("an agent of another group reads receipts: %d %s", got.status, got.body)
	}
}

func TestPublishingThroughTheAPI(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.draft("24.05", box{"all": true})
	preview := d.mustCall(d.agent, "GET", path+"/audience", nil, http.StatusOK)
	counts := preview["counts"].(box)
	if counts["organisations"] != 2.0 || counts["persons"] != 2.0 || counts["nobody_to_tell"] != 0.0 || len(preview["persons"].([]any)) != 2 {
		t.Fatalf("the preview: %v", preview)
	}
	d.mustCall(d.administrator, "POST", "/organisations", box{"name": "Terzo", "code": "terzo"}, http.StatusCreated)
	got := d.mustCall(d.agent, "POST", path+"/publish", box{"audience": preview["audience"]}, http.StatusConflict)
	fresh, ok := got["preview"].(box)
	if !ok || fresh["audience"] == preview["audience"] || fmt.Sprint(fresh["nobody_to_tell"]) != "[terzo]" {
		t.Fatalf("a changed audience is answered with %v", got)
	}
	if got := d.mustCall(d.agent, "POST", path+"/publish", box{"audience": fresh["audience"], "nobody": false}, http.StatusConflict); got["preview"] == nil {
		t.Errorf("nobody to tell is answered with %v", got)
	}
	d.mustCall(d.agent, "POST", path+"/publish", box{"rev": 999}, http.StatusConflict)
	d.mustCall(d.agent, "POST", path+"/publish", box{"at": "domani"}, http.StatusUnprocessableEntity)
	later := d.mustCall(d.agent, "POST", path+"/publish", box{"at": d.app.Desk.Now().Add(48 * time.Hour).Format(time.RFC3339)}, http.StatusOK)
	if later["state"] != "scheduled" || later["publish_at"] == nil {
		t.Errorf("scheduled: %v", later)
	}
	d.mustCall(d.agent, "PATCH", path, box{"title": "x"}, http.StatusConflict)
	d.mustCall(d.agent, "POST", path+"/take-back", nil, http.StatusOK)
	out := d.mustCall(d.agent, "POST", path+"/publish", box{"audience": fresh["audience"]}, http.StatusOK)
	if out["state"] != "published" || out["told_to"] != 3.0 {
		t.Errorf("published: %v", out)
	}
	d.mustCall(d.agent, "POST", path+"/publish", nil, http.StatusConflict) // not twice
	d.mustCall(d.agent, "POST", path+"/tell-again", box{"reason": " "}, http.StatusUnprocessableEntity)
	d.mustCall(d.agent, "POST", path+"/tell-again", box{"reason": "Mancava un file"}, http.StatusOK)
	d.mustCall(d.agent, "PATCH", path, box{"version": "24.06"}, http.StatusUnprocessableEntity)
	d.mustCall(d.agent, "PATCH", path, box{"notes": "Corretto"}, http.StatusOK)
	if w := d.mustCall(d.rita, "GET", path+"/wordings", nil, http.StatusOK); len(w["wordings"].([]any)) != 1 {
		t.Errorf("wordings: %v", w)
	}
	narrow := d.draft("24.07", box{"organisations": []string{"ateneo"}})
	d.mustCall(d.agent, "POST", narrow+"/publish", nil, http.StatusOK)
	d.mustCall(d.elena, "GET", narrow, nil, http.StatusNotFound)
	if got := d.mustCall(d.agent, "POST", narrow+"/widen", box{"audience": box{"all": true}, "seen": "other"}, http.StatusConflict); got["preview"] == nil {
		t.Errorf("widening unseen: %v", got)
	}
	if got := d.mustCall(d.agent, "POST", narrow+"/widen", box{"audience": box{"all": true}, "nobody": false}, http.StatusConflict); fmt.Sprint(got["preview"].(box)["nobody_to_tell"]) != "[terzo]" {
		t.Errorf("widening to whom nobody speaks for: %v", got)
	}
	d.mustCall(d.agent, "POST", narrow+"/widen", box{"audience": box{"all": true}}, http.StatusOK)
	d.mustCall(d.elena, "GET", narrow, nil, http.StatusOK)
	next := d.mustCall(d.agent, "POST", "/releases", box{"modules": []string{"csa"}, "version": "24.08", "title": "x", "audience": box{"all": true}, "replaces": []any{float(out["number"])}, "state": "published"}, http.StatusCreated)
	if old := d.mustCall(d.rita, "GET", path, nil, http.StatusOK); old["state"] != "replaced" || old["replaced_by"] != next["number"] {
		t.Errorf("replaced: %v", old)
	}
	key := d.agent
	key.header.Set("Idempotency-Key", "k1")
	first := d.mustCall(key, "POST", "/releases", box{"modules": []string{"csa"}, "version": "27", "title": "Una volta"}, http.StatusCreated)
	if again := d.mustCall(key, "POST", "/releases", box{"modules": []string{"csa"}, "version": "27", "title": "Una volta"}, http.StatusCreated); again["number"] != first["number"] {
		t.Errorf("the same key wrote twice: %v, %v", first["number"], again["number"])
	}
	key.header.Del("Idempotency-Key")
}

func float(v any) float64 { f, _ := v.(float64); return f }

func TestReceiptsThroughTheAPI(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.draft("24.05", box{"all": true})
	d.mustCall(d.agent, "PATCH", path, box{"install_by": box{"production": "2099-12-20"}}, http.StatusOK)
	d.mustCall(d.agent, "POST", path+"/publish", nil, http.StatusOK)
	d.told()
	states := func(c caller) []string {
		var out []string
		for _, one := range d.mustCall(c, "GET", path+"/receipts", nil, http.StatusOK)["receipts"].([]any) {
			r := one.(box)
			out = append(out, fmt.Sprint(r["organisation"], " ", r["environment"], " ", r["state"]))
		}
		return out
	}
	if got := states(d.agent); !slices.Equal(got, []string{"altro production told", "ateneo production told"}) {
		t.Errorf("told: %q", got)
	}
	if got := states(d.rita); !slices.Equal(got, []string{"ateneo production told"}) {
		t.Errorf("a coordinator reads %q", got)
	}
	if work := d.mustCall(d.rita, "GET", "/work", nil, http.StatusOK)["work"].([]any); len(work) != 1 || work[0].(box)["why"] != "answer" || work[0].(box)["due"] != "2099-12-20" {
		t.Errorf("what waits for the coordinator: %v", work)
	}
	for name, wrong := range map[string]box{"module": {"module": "mai", "environment": "production", "state": "read"}, "environment": {"environment": "prova", "state": "read"}, "state": {"environment": "production"},
		"date": {"environment": "production", "state": "planned"}, "reason": {"environment": "production", "state": "failed"}, "unit": {"environment": "production", "state": "read", "unit": "mai"}} {
		got := d.mustCall(d.rita, "PUT", path+"/receipts/ateneo", wrong, http.StatusUnprocessableEntity)
		if !strings.Contains(fmt.Sprint(got["errors"]), "field:"+name+" ") {
			t.Errorf("%v: %v", wrong, got)
		}
	}
	d.mustCall(d.rita, "PUT", path+"/receipts/ateneo", box{"module": "csa", "environment": "production", "state": "planned", "date": "2099-01-01"}, http.StatusOK)
	done := d.mustCall(d.rita, "PUT", path+"/receipts/ateneo", box{"environment": "production", "state": "installed"}, http.StatusOK)
	if receipt := done["receipt"].(box); receipt["state"] != "installed" || len(receipt["earlier"].([]any)) != 1 || receipt["running"] != "24.05" {
		t.Errorf("installed: %v", done)
	}
	if _, list := d.list(d.rita, "/organisations/ateneo/installations"); list[0]["version"] != "24.05" {
		t.Errorf("what runs there: %v", list)
	}
	older := d.mustCall(d.elena, "PUT", path+"/receipts/altro", box{"environment": "production", "state": "installed"}, http.StatusOK)
	if older["runs"] != "25.01" {
		t.Errorf("an older version was said to be installed: %v", older)
	}
	failed := d.mustCall(d.elena, "PUT", path+"/receipts/altro", box{"environment": "production", "state": "failed", "reason": "Errore 500"}, http.StatusOK)
	ticket := d.mustCall(d.elena, "GET", fmt.Sprintf("/tickets/%v", failed["ticket"]), nil, http.StatusOK)
	if ticket["kind"] != "malfunction" || ticket["module"] != "csa" || ticket["affected"] != "24.05" {
		t.Errorf("the malfunction: %v", ticket)
	}
	if said := fmt.Sprint(ticket["subject"]); !strings.HasPrefix(said, "Installazione non riuscita: ") || !strings.HasSuffix(said, " 24.05, produzione") {
		t.Errorf("the malfunction is called %v", ticket["subject"])
	}
	if work := d.mustCall(d.agent, "GET", "/work", nil, http.StatusOK)["work"].([]any); len(work) != 1 || work[0].(box)["why"] != "failed" {
		t.Errorf("what waits for the agent: %v", work)
	}
	if work := d.mustCall(d.rita, "GET", "/work", nil, http.StatusOK)["work"].([]any); len(work) != 0 {
		t.Errorf("what waits for whoever has answered: %v", work)
	}
}

func TestFilesOfReleasesThroughTheAPI(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.draft("24.05", box{"organisations": []string{"ateneo"}})
	content := strings.Repeat("0123456789", 1000)
	sum := sha256.Sum256([]byte(content))
	want := hex.EncodeToString(sum[:])
	got := d.send(d.agent, path, "csa 24.zip", content)
	if got.status != http.StatusCreated || !strings.Contains(got.body, want) || !strings.HasSuffix(got.header.Get("Location"), "/files/csa%2024.zip") {
		t.Fatalf("%d %s %s", got.status, got.body, got.header.Get("Location"))
	}
	if got := d.send(d.agent, path, "SHA256SUMS", "x"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a file called as the sums: %d %s", got.status, got.body)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, text := range map[string]string{"leggimi.txt": "Leggi", "via.txt": "Via"} {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(text))
	}
	_ = w.Close()
	if got := d.agent.do("POST", "/api/v1"+path+"/files", &form, w.FormDataContentType()); got.status != http.StatusCreated || !strings.Contains(got.body, "leggimi.txt") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := d.agent.do("POST", "/api/v1"+path+"/files", nil, ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("no file: %d %s", got.status, got.body)
	}
	if got := d.agent.do("DELETE", "/api/v1"+path+"/files/via.txt", nil, ""); got.status != http.StatusNoContent {
		t.Errorf("taken away: %d %s", got.status, got.body)
	}
	d.mustCall(d.agent, "POST", path+"/publish", nil, http.StatusOK)
	if got := d.agent.do("DELETE", "/api/v1"+path+"/files/leggimi.txt", nil, ""); got.status != http.StatusConflict {
		t.Errorf("taken away after publishing: %d %s", got.status, got.body)
	}
	sums := d.rita.do("GET", "/api/v1"+path+"/files/SHA256SUMS", nil, "")
	if !strings.Contains(sums.body, want+"  csa 24.zip\n") || strings.Count(sums.body, "\n") != 2 {
		t.Errorf("sums: %q", sums.body)
	}
	fetch := func(header ...string) answer {
		c := d.caller(d.person("rita@example.it"))
		for i := 0; i < len(header); i += 2 {
			c.header.Set(header[i], header[i+1])
		}
		return c.do("GET", "/api/v1"+path+"/files/csa%2024.zip", nil, "")
	}
	if got := fetch(); got.status != http.StatusOK || got.body != content || got.header.Get("ETag") != `"`+want+`"` || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := fetch("Range", "bytes=9990-"); got.status != http.StatusPartialContent || got.body != "0123456789" || got.header.Get("Content-Range") != "bytes 9990-9999/10000" {
		t.Errorf("%d %q %v", got.status, got.body, got.header)
	}
	if got := fetch("Range", "bytes=9990-", "If-Range", `"other"`); got.status != http.StatusOK || got.body != content {
		t.Errorf("another file: %d", got.status)
	}
	if got := fetch("Range", "bytes=9990-", "If-Range", `"`+want+`"`); got.status != http.StatusPartialContent {
		t.Errorf("the same file: %d", got.status)
	}
	if got := fetch("Range", "bytes=10000-"); got.status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: %d", got.status)
	}
	number := uint64(float(d.mustCall(d.agent, "GET", path, nil, http.StatusOK)["number"]))
	log, err := d.app.Desk.Releases.Downloads(policy.Actor{Person: d.person("sara.responsabile@example.it"), Via: door.API}, number)
	if err != nil || len(log) != 1 || log[0].Times != 1 || log[0].Person.Email != "rita@example.it" {
		t.Errorf("who fetched what: %v %v", log, err)
	}
	if got := d.send(d.agent, path, "csa 24.zip", "nuovo"); got.status != http.StatusCreated {
		t.Fatal(got.status, got.body)
	}
	read := d.mustCall(d.rita, "GET", path, nil, http.StatusOK)
	if len(read["files"].([]any)) != 2 || len(read["superseded"].([]any)) != 1 {
		t.Errorf("a file after publishing: %v", read)
	}
	d.mustCall(d.agent, "POST", path+"/withdraw", box{"reason": "Torna alla 24.01"}, http.StatusOK)
	for _, name := range []string{"csa%2024.zip", "SHA256SUMS"} {
		if got := d.rita.do("GET", "/api/v1"+path+"/files/"+name, nil, ""); got.status != http.StatusConflict {
			t.Errorf("%s of what was withdrawn: %d", name, got.status)
		}
	}
	if out := d.mustCall(d.rita, "GET", path, nil, http.StatusOK); out["state"] != "withdrawn" || out["reason"] != "Torna alla 24.01" {
		t.Errorf("withdrawn: %v", out)
	}
	if got := d.send(d.agent, path, "b.zip", "x"); got.status != http.StatusConflict {
		t.Errorf("a file for what was withdrawn: %d", got.status)
	}
}

// steady is left bytes that nobody keeps, and then the error.
type steady struct {
	left int64
	then error
}

func (s *steady) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, s.then
	}
	n := min(int64(len(p)), s.left)
	s.left -= n
	return int(n), nil
}

// TestALargeFileOfAReleaseTakesNoMemoryAndALineThatGoesDeadLeavesNothing sends more than attachments may have.
func TestALargeFileOfAReleaseTakesNoMemoryAndALineThatGoesDeadLeavesNothing(t *testing.T) {
	d := newReleaseDesk(t)
	path := d.draft("24.05", box{"organisations": []string{"ateneo"}})
	size := int64(d.app.Config.MaxFileMB)<<20 + 40<<20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := http.NewRequest("POST", d.url+"/api/v1"+path+"/files?name=grande.bin", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = d.agent.header.Clone()
	for _, dead := range []bool{true, false} {
		r.ContentLength = size
		r.Body = readCloser{&steady{size, io.EOF}}
		if dead {
			r.Body = readCloser{&steady{size / 10 * 9, errors.New("the line went dead")}}
		}
		got, err := http.DefaultTransport.RoundTrip(r)
		if dead {
			if err == nil && got.StatusCode < 400 {
				t.Fatalf("a line that went dead: %d", got.StatusCode)
			}
			if read := d.mustCall(d.agent, "GET", path, nil, http.StatusOK); len(read["files"].([]any)) != 0 {
				t.Errorf("it left %v", read["files"])
			}
			continue
		}
		if err != nil || got.StatusCode != http.StatusCreated {
			t.Fatal(got, err)
		}
		_ = got.Body.Close()
	}
	runtime.ReadMemStats(&after)
	if grew := int64(after.TotalAlloc - before.TotalAlloc); grew > size/2 {
		t.Errorf("%d MiB were allocated for %d MiB", grew>>20, size>>20)
	}
	read := d.mustCall(d.agent, "GET", path, nil, http.StatusOK)
	if files := read["files"].([]any); len(files) != 1 || int64(float(files[0].(box)["size"])) != size {
		t.Errorf("files: %v", files)
	}
}

type readCloser struct{ *steady }

func (readCloser) Close() error { return nil }

func TestContactsAndFollowingThroughTheAPI(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	for name, c := range map[string]caller{"a stranger": d.stranger, "a member": d.both, "a coordinator of another": d.elena} {
		there, _ := c.call("POST", "/organisations/ateneo/contacts", "nonsense")
		none, _ := c.call("POST", "/organisations/mai/contacts", "nonsense")
		if there.status != http.StatusNotFound || there.body != none.body {
			t.Errorf("%s: %d %s, %d %s", name, there.status, there.body, none.status, none.body)
		}
		if got, _ := c.call("GET", "/organisations/ateneo/contacts", nil); got.status != http.StatusNotFound {
			t.Errorf("%s reads them: %d", name, got.status)
		}
	}
	c := d.mustCall(d.rita, "POST", "/organisations/ateneo/contacts", box{"email": "Tecnico@ateneo.example", "module": "csa"}, http.StatusCreated)
	if c["email"] != "tecnico@ateneo.example" || c["confirmed_at"] != nil {
		t.Errorf("added: %v", c)
	}
	d.mustCall(d.rita, "POST", "/organisations/ateneo/contacts", box{"email": "tecnico@ateneo.example", "module": "csa"}, http.StatusUnprocessableEntity)
	if list := d.mustCall(d.agent, "GET", "/organisations/ateneo/contacts", nil, http.StatusOK)["contacts"].([]any); len(list) != 1 {
		t.Errorf("contacts: %v", list)
	}
	if list := d.mustCall(d.elsewhere, "GET", "/organisations/ateneo/contacts", nil, http.StatusOK)["contacts"].([]any); len(list) != 0 {
		t.Errorf("contacts for an agent of another group: %v", list)
	}
	at := fmt.Sprintf("/api/v1/organisations/ateneo/contacts/%v", c["id"])
	if got := d.elena.do("DELETE", at, nil, ""); got.status != http.StatusNotFound {
		t.Errorf("another's coordinator removes it: %d", got.status)
	}
	if got := d.rita.do("DELETE", at, nil, ""); got.status != http.StatusNoContent {
		t.Errorf("removed: %d %s", got.status, got.body)
	}
	d.mustCall(d.both, "POST", "/follow", box{"module": "csa", "on": true}, http.StatusOK)
	d.mustCall(d.both, "POST", "/follow", box{"module": "mai", "on": true}, http.StatusUnprocessableEntity)
	if list := d.mustCall(d.both, "GET", "/follow", nil, http.StatusOK); fmt.Sprint(list["modules"]) != "[csa]" {
		t.Errorf("followed: %v", list)
	}
	d.mustCall(d.both, "POST", "/follow", box{"module": "csa", "on": false}, http.StatusOK)
	if list := d.mustCall(d.both, "GET", "/follow", nil, http.StatusOK); fmt.Sprint(list["modules"]) != "[]" {
		t.Errorf("followed no longer: %v", list)
	}
}
