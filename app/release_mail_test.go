package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sportello/store"
	"sportello/store/db"
)

// supplierMail is what a supplier sends: a new version with its files, some of which are called what no file should be.
var supplierMail = letter{from: "Fabio Fornitori CSA <fabio@altrove.example>", proven: true, subject: "Rilascio CSA 24.05.01-hf2: conguaglio",
	html: `<p>Buongiorno,</p><p>la versione 24.05.01-hf2 <b>corregge</b> il conguaglio.</p><ul><li>cedolino</li><li>CU 2026</li></ul><p>Tel. 06 12345678</p><p>Fabio Fornitori</p>` +
		`<p><img src="cid:foto" alt="marchio"></p><blockquote><p>Da: Elena Bianchi</p><p>quando arriva la correzione?</p></blockquote>`,
	picture: picture(), files: []attachedFile{{`filename="../../etc/csa.zip"`, "zip"}, {`filename="csa.zip"`, "un altro"}, {`filename="SHA256SUMS"`, "somme"}, {`filename*=utf-8''fattura%E2%80%AEgpj.exe`, "exe"},
		{`filename*=utf-8''leggimi%0D%0ASet-Cookie%3A%20a.txt`, "testo"}, {`filename="CON.txt"`, "con"}}}

// wantFiles are the names that the files of supplierMail get.
var wantFiles = []string{"csa.zip", "csa (2).zip", "SHA256SUMS (2)", "fatturagpj.exe", "leggimi Set-Cookie_ a.txt", "_CON.txt"}

func TestAMailOfASupplierBecomesADraftInTheBrowser(t *testing.T) {
	w := newWorld(t)
	row := w.comes(supplierMail)
	if row.Ticket == 0 {
		t.Fatalf("the mail is %s: %s", row.State, row.Why)
	}
	form := fmt.Sprintf("/releases/new?ticket=%d", row.Ticket)
	b := w.visitor("agent")
	nothing := b.get("/releases/new?ticket=999999")
	b.must(nothing, http.StatusNotFound)
	for who, status := range map[string]int{"requester": http.StatusForbidden, "coordinator": http.StatusForbidden, "stranger": http.StatusForbidden, "elsewhere": http.StatusNotFound} {
		b := w.visitor(who)
		b.must(b.get(form), status, "!24.05.01")
		if got := b.get(fmt.Sprintf("/tickets/%d", row.Ticket)); strings.Contains(got.body, form) {
			t.Errorf("the %s is led to the form", who)
		}
	}
	written := w.asks("requester", "Il cedolino non si apre")
	b.must(b.get(fmt.Sprintf("/releases/new?ticket=%d", written.ID)), http.StatusNotFound)

	b.must(b.get(fmt.Sprintf("/tickets/%d", row.Ticket)), http.StatusOK, form)
	shown := b.get(form)
	b.must(shown, http.StatusOK, `value="Rilascio CSA 24.05.01-hf2: conguaglio"`, `value="24.05.01-hf2"`, "**corregge** il conguaglio", "- cedolino", "!Fabio", `csa.zip <span`, "!12345678", "!quando arriva", "csa.zip", "!foto.png")
	if before := w.drafts(); before != 0 {
		t.Errorf("%d drafts stand after looking", before)
	}
	send := url.Values{"module": {"csa"}, "modules": {""}, "version": {""}, "kind": {"ordinary"}, "title-it": {"Conguaglio"}, "whom": {"all"}, "tickets": {fmt.Sprint(row.Ticket)}, "ticket": {fmt.Sprint(row.Ticket)}}
	for _, m := range regexp.MustCompile(`name="carry" value="(\d+)" checked`).FindAllStringSubmatch(shown.body, -1) {
		send.Add("carry", m[1])
	}
	if n := len(send["carry"]); n != len(wantFiles) {
		t.Fatalf("%d files are offered", n)
	}
	kept := send["carry"]
	send["carry"] = kept[:2]
	refused := b.post("/releases/new", send)
	b.must(refused, http.StatusUnprocessableEntity, `name="ticket" value="`+fmt.Sprint(row.Ticket)+`"`)
	if n := strings.Count(refused.body, `name="carry"`); n != len(kept) || strings.Count(refused.body, `" checked>`) < 2 {
		t.Errorf("a form that is refused offers %d files", n)
	}
	send["carry"], send["version"] = kept, []string{"24.05.01-hf2"}
	other := w.visitor("elsewhere")
	theirs := url.Values{"module": {"ricerca"}, "modules": {""}, "version": {"1"}, "kind": {"ordinary"}, "title-it": {"Furto"}, "whom": {"all"}, "carry": kept}
	if got := other.post("/releases/new", theirs); got.status != http.StatusUnprocessableEntity || w.drafts() != 0 {
		t.Errorf("files of a ticket that somebody does not see: %d, %d drafts", got.status, w.drafts())
	}
	made := b.post("/releases/new", send)
	b.must(made, http.StatusSeeOther)
	here := made.header.Get("Location")
	for i, name := range wantFiles {
		got := b.get(here + "/files/" + url.PathEscape(name))
		if want := supplierMail.files[i].content; got.status != http.StatusOK || got.body != want {
			t.Errorf("%s: %d %q, want %q", name, got.status, got.body, want)
		}
		if d := got.header.Get("Content-Disposition"); strings.ContainsAny(d, "\r\n\u202e") || !strings.HasPrefix(d, "attachment") {
			t.Errorf("%s comes with %q", name, d)
		}
	}
	sum := sha256.Sum256([]byte("zip"))
	b.must(b.get(here+"/SHA256SUMS"), http.StatusOK, hex.EncodeToString(sum[:])+"  csa.zip\n")
	b.must(b.get(here), http.StatusOK, fmt.Sprintf("/tickets/%d", row.Ticket))
	b.must(b.get(fmt.Sprintf("/tickets/%d", row.Ticket)), http.StatusOK, `href="`+here+`"`)
	w.visitor("requester").must(w.visitor("requester").get(here), http.StatusNotFound)

	again := b.post("/releases/new", send)
	b.must(again, http.StatusUnprocessableEntity, "24.05.01-hf2") // the module has this version
	rev := regexp.MustCompile(`name="rev" value="([^"]*)"`).FindStringSubmatch(b.get(here).body)
	b.must(b.post(here+"/delete", url.Values{"rev": {rev[1]}}), http.StatusSeeOther)
	if n := w.drafts(); n != 0 {
		t.Errorf("%d drafts are left", n)
	}
	b.must(b.get(fmt.Sprintf("/tickets/%d", row.Ticket)), http.StatusOK, "csa.zip")
	b.must(b.get(form), http.StatusOK)
}

// drafts counts the releases of the desk.
func (w *world) drafts() (n int) {
	w.t.Helper()
	must(w.t, w.app.Store.View(func(tx *db.Tx) error {
		n = 0
		for _, err := range store.Releases.All(tx, 0, false) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}))
	return n
}

func TestAMailOfASupplierBecomesADraftThroughTheAPI(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t, withMail)
	row := d.comes(supplierMail)
	in := box{"from_ticket": row.Ticket, "audience": box{"all": true}}
	for name, c := range map[string]caller{"requester": d.requester, "coordinator": d.rita} {
		if got, _ := c.call("POST", "/releases", in); got.status != http.StatusForbidden {
			t.Errorf("a %s is answered %d %s", name, got.status, got.body)
		}
	}
	elsewhere, _ := d.elsewhere.call("POST", "/releases", in)
	nothing, _ := d.elsewhere.call("POST", "/releases", box{"from_ticket": 999999, "audience": box{"all": true}})
	if elsewhere.status != http.StatusUnprocessableEntity || strings.NewReplacer(fmt.Sprint("#", row.Ticket), "#999999", fmt.Sprintf(`"number":%d`, row.Ticket), `"number":999999`).Replace(elsewhere.body) != nothing.body {
		t.Errorf("an agent elsewhere is answered\n%d %s\nand of a ticket that is not there\n%s", elsewhere.status, elsewhere.body, nothing.body)
	}
	d.mustCall(d.agent, "POST", "/releases", box{"from_ticket": row.Ticket, "audience": box{"all": true}, "state": "published"}, http.StatusUnprocessableEntity)
	out := d.mustCall(d.agent, "POST", "/releases", in, http.StatusCreated)
	notes := fmt.Sprint(out["notes"])
	if out["version"] != "24.05.01-hf2" || out["state"] != "draft" || fmt.Sprint(out["modules"]) != "[csa]" || fmt.Sprint(out["tickets"]) != fmt.Sprintf("[%d]", row.Ticket) ||
		!strings.Contains(notes, "**corregge**") || strings.Contains(notes, "Fabio") || strings.Contains(notes, "quando arriva") {
		t.Errorf("it became %v", out)
	}
	var names []string
	for _, f := range out["files"].([]any) {
		names = append(names, f.(box)["name"].(string))
	}
	if fmt.Sprint(names) != fmt.Sprint(wantFiles) {
		t.Errorf("the files are %q, want %q", names, wantFiles)
	}
	unnamed := d.comes(letter{from: "Fabio Fornitori <fabio@altrove.example>", proven: true, subject: "Novità", text: "Buongiorno,\r\necco le novità."})
	if got := d.mustCall(d.agent, "POST", "/releases", box{"from_ticket": unnamed.Ticket}, http.StatusUnprocessableEntity); !strings.Contains(fmt.Sprint(got["errors"]), "version") {
		t.Errorf("a mail that names no version: %v", got)
	}
	d.mustCall(d.agent, "POST", "/releases", box{"from_ticket": unnamed.Ticket, "version": "24.06"}, http.StatusCreated)
}

// TestAConfidentialMailIsMadeNoDraftOf: what is confidential goes to no other organisation, not even by mistake.
func TestAConfidentialMailIsMadeNoDraftOf(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t, withMail)
	row := d.comes(supplierMail)
	g, err := d.app.Desk.People.GroupByCode("csa")
	must(t, err)
	must(t, d.app.Store.Update(db.By{}, func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, g.ID)
		if err != nil {
			return err
		}
		g.Confidential = true
		return store.Groups.Put(tx, g)
	}))
	for name, c := range map[string]caller{"agent": d.agent, "supervisor": d.supervisor} {
		if got, _ := c.call("POST", "/releases", box{"from_ticket": row.Ticket}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("the %s is answered %d", name, got.status)
		}
	}
}
