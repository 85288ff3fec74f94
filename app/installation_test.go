package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// putInstallations sends the list and returns the answer's status and body.
func (d *hatDesk) putInstallations(c caller, code, list string) (int, string) {
	d.t.Helper()
	got := c.do("PUT", "/api/v1/organisations/"+code+"/installations", strings.NewReader(list), "application/json")
	return got.status, got.body
}

func TestProgramsKeepTheInstallationsTheirPersonMayKeep(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	one := `[{"module":"csa","environment":"production","version":"23.10.01.00","since":"2026-01-15"},{"module":"csa","unit":"Ragioneria","environment":"test","version":"24.01","installs":"supplier"}]`
	for _, c := range []struct {
		name string
		by   caller
		code string
		body string
		want int
	}{
		{"a stranger", d.stranger, "ateneo", one, http.StatusNotFound},
		{"a stranger, with nonsense", d.stranger, "ateneo", "nonsense", http.StatusNotFound},
		{"a coordinator of another", d.elena, "ateneo", one, http.StatusNotFound},
		{"an organisation that is none", d.rita, "mai-vista", one, http.StatusNotFound},
		{"a member, with nonsense", d.both, "ateneo", "nonsense", http.StatusForbidden},
		{"a member", d.both, "ateneo", one, http.StatusForbidden},
		{"an agent, of another's module", d.agent, "ateneo", `[{"module":"u-gov/contabilita","environment":"production","version":"1"}]`, http.StatusForbidden},
		{"no list", d.rita, "ateneo", `{}`, http.StatusUnprocessableEntity},
		{"a module that is none", d.rita, "ateneo", `[{"module":"mai","environment":"production","version":"1"}]`, http.StatusUnprocessableEntity},
		{"an environment that is none", d.rita, "ateneo", `[{"module":"csa","environment":"prova","version":"1"}]`, http.StatusUnprocessableEntity},
		{"no version", d.rita, "ateneo", `[{"module":"csa","environment":"test"}]`, http.StatusUnprocessableEntity},
		{"a day that is none", d.rita, "ateneo", `[{"module":"csa","environment":"test","version":"1","since":"ieri"}]`, http.StatusUnprocessableEntity},
		{"a day to come", d.rita, "ateneo", `[{"module":"csa","environment":"test","version":"1","since":"2999-01-01"}]`, http.StatusUnprocessableEntity},
		{"twice", d.rita, "ateneo", `[{"module":"csa","environment":"test","version":"1"},{"module":"CSA","environment":"test","version":"2"}]`, http.StatusUnprocessableEntity},
		{"a field that is none", d.rita, "ateneo", `[{"module":"csa","environment":"test","version":"1","colour":"red"}]`, http.StatusUnprocessableEntity},
	} {
		if status, body := d.putInstallations(c.by, c.code, c.body); status != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, status, body, c.want)
		}
	}
	if _, list := d.list(d.administrator, "/organisations/ateneo/installations"); len(list) != 0 {
		t.Fatalf("something was written: %v", list)
	}
	status, body := d.putInstallations(d.rita, "ateneo", one)
	var written []box
	if err := json.Unmarshal([]byte(body), &written); status != http.StatusOK || err != nil || len(written) != 2 {
		t.Fatalf("%d %s", status, body)
	}
	for name, by := range map[string]caller{"a member": d.both, "an agent": d.agent, "the coordinator": d.rita, "an administrator": d.administrator} {
		status, list := d.list(by, "/organisations/ateneo/installations")
		if status != http.StatusOK || len(list) != 2 || list[0]["module"] != "csa" || list[0]["version"] != "23.10.01.00" || list[0]["since"] != "2026-01-15" || list[0]["installs"] != "organisation" ||
			list[1]["unit"] != "Ragioneria" || list[1]["environment"] != "test" || list[1]["installs"] != "supplier" || list[1]["since"] != nil {
			t.Errorf("%s reads %d %v", name, status, list)
		}
	}
	if status, _ := d.list(d.elena, "/organisations/ateneo/installations"); status != http.StatusNotFound {
		t.Errorf("a coordinator of another organisation reads them: %d", status)
	}
}

func TestACoordinatorKeepsTheVersionsOnThePageAndTheTicketFormKnowsThem(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	rita := d.signedIn(d.person("rita@example.it"))
	path := "/organisations/ateneo/installations"
	b := rita
	b.must(b.get(path), 200, "Nessuna versione indicata", "Aggiungi una versione")
	form := url.Values{"module": {"csa"}, "environment": {"production"}, "version": {"23.10.01.00"}, "since": {"15/01/2026"}, "installs": {"organisation"}}
	wrong := url.Values{"module": {"csa"}, "environment": {"production"}, "since": {"2999-01-01"}, "version": {"23.10"}}
	b.must(b.post(path, wrong), 422, "Scrivi una data che non sia nel futuro", `value="23.10"`)
	b.must(b.post(path, form), 303)
	page := b.get(path)
	b.must(page, 200, "23.10.01.00", "dal 15 gennaio 2026", "Rita De&#39; Medici", "Modifica", "Togli")
	if strings.Contains(page.body, "per conto dell") {
		t.Error("what a coordinator said is marked as said by the desk")
	}

	both := d.signedIn(d.person("ada.due@example.it"))
	member := both.get(path)
	both.must(member, 200, "23.10.01.00")
	if strings.Contains(member.body, "Aggiungi una versione") || strings.Contains(member.body, "/remove") {
		t.Error("a member is offered to change the list")
	}
	both.must(both.post(path, form), 403)
	both.must(both.get("/organisations/altro/installations"), 200)
	elena := d.signedIn(d.person("elena@example.it"))
	elena.must(elena.get(path), 404)

	known := both.get("/tickets/new?module=csa")
	both.must(known, 200, `name="affected" value="23.10.01.00"`, "dall&#39;elenco delle versioni in uso (Ateneo)")
	other := both.get("/tickets/new?module=u-gov/contabilita")
	if strings.Contains(other.body, "dall&#39;elenco delle versioni in uso") {
		t.Error("a version of another module is offered")
	}
	stays := both.post("/tickets/new", url.Values{"act": {"choose"}, "module": {"csa"}, "kind": {"malfunction"}, "affected": {"22.1"}, "known": {"23.10.01.00"}})
	if !strings.Contains(stays.body, `name="affected" value="22.1"`) {
		t.Error("the version that somebody wrote was replaced")
	}
	goes := both.post("/tickets/new", url.Values{"act": {"choose"}, "module": {"u-gov/contabilita"}, "kind": {"malfunction"}, "affected": {"23.10.01.00"}, "known": {"23.10.01.00"}})
	if strings.Contains(goes.body, `name="affected" value="23.10.01.00"`) {
		t.Error("the version of another module stayed in the form")
	}
}

// TestTheListOfVersionsGoesToASpreadsheetAndBack: the file is what Excel writes and reads in Italy, comes back in either
// language without loss, and a row that is refused is named with its line, its column and the reason and holds no other up.
func TestTheListOfVersionsGoesToASpreadsheetAndBack(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	b, member, stranger := d.signedIn(d.person("rita@example.it")), d.signedIn(d.person("ada.due@example.it")), d.signedIn(d.person("elena@example.it"))
	path := "/organisations/ateneo/installations"
	send := func(b *browser, file string) answer { return b.upload(path+".csv", "file", "v.csv", []byte(file), nil) }
	stranger.must(stranger.get(path+".csv"), 404)
	stranger.must(send(stranger, "Applicazione;Versione\r\ncsa;1\r\n"), 404)
	member.must(send(member, "Applicazione;Versione\r\ncsa;1\r\n"), 403)
	b.must(b.post(path+".csv", url.Values{}), 422, "Scegli un file")
	b.must(send(b, "nessuna tabella"), 422, "Non è una tabella")
	b.must(send(b, "Applicazione;Versione;Ambiente;Dal;Chi installa\r\ncsa;\"23.10\r\n(prova)\";Prova;15/01/2026;Il fornitore\r\ncsa;=1+1;;;\r\n"), 303)
	kept := b.get(path + ".csv")
	want := "\ufeffEnte;Struttura;Applicazione;Ambiente;Versione;Dal;Chi installa\r\nateneo;;csa;Prova;23.10 (prova);15/01/2026;Il fornitore\r\nateneo;;csa;Produzione;'=1+1;;L'ente\r\n"
	if kept.body != want || kept.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(kept.header.Get("Content-Disposition"), "ateneo-versioni.csv") {
		t.Errorf("the file is %q, %v", kept.body, kept.header)
	}
	b.must(b.post("/language", url.Values{"lang": {"en"}}), 303)
	other := b.get(path + ".csv").body
	b.must(b.post("/language", url.Values{"lang": {"it"}}), 303)
	for _, file := range []string{kept.body, other} {
		b.must(send(b, file), 303)
	}
	if again := b.get(path + ".csv").body; again != want || !strings.Contains(other, "Installed on") {
		t.Errorf("there and back: %q, in English %q", again, other)
	}
	got := send(b, "Ente;Applicazione;Versione;Dal;Note\r\nAltro;csa;3;;\r\nateneo;mai;3;;\r\n;csa;23.12;;x\r\nAteneo;csa;4;ieri;\r\n")
	b.must(got, 200, "Righe registrate: 1; non registrate: 3", `<th scope="row" class="num">2</th><td>Ente</td>`, `<th scope="row" class="num">3</th><td>Applicazione</td>`,
		`<th scope="row" class="num">5</th><td>Dal</td>`, "<td>Note</td>", "<b>23.12</b>")
	member.must(member.get(path), 200, path+".csv", "!type=\"file\"")
}

// TestImportOfInstallationsReadsWhatExcelInItalyWrites: semicolons, line ends with a carriage return, a mark in front or
// Windows-1252 where there is none, line ends within quotes, days as they are written here. What goes out comes in again
// without loss.
func TestImportOfInstallationsReadsWhatExcelInItalyWrites(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	people := "email,name,organisation,unit\nada@uni.example,Ada,Università di Prova,Contabilità\n"
	if status, out, errOut := commandLine(t, people, "import", "people", "-", "--data", data); status != 0 {
		t.Fatalf("%s %s", out, errOut)
	}
	windows := func(s string) string {
		out, err := charmap.Windows1252.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct{ name, csv, want, says string }{
		{"with a mark", "\ufeffEnte;Struttura;Modulo;Ambiente;Versione;Dal;Installa\r\nUniversità di Prova;;csa;Produzione;23.10.01.00;15/01/2026;Fornitore\r\n", "imported 1, updated 0, refused 0", ""},
		{"of Windows", windows("Ente;Struttura;Modulo;Versione;Ambiente\r\nUniversità di Prova;Contabilità;csa;\"24.01\r\n(prova)\";prova\r\n"), "imported 1, updated 0, refused 0", ""},
		{"with mistakes", "organisation,module,version,since,environment\nuniversita-di-prova,csa,23.10.02.00,2026-02-01,\nmai,csa,1,,\nuniversita-di-prova,mai,1,,\nuniversita-di-prova,csa,,,\nuniversita-di-prova,csa,1,ieri,luna\n",
			"imported 0, updated 1, refused 4", "3: organisation:"},
		{"without a column", "organisation,module\nuniversita-di-prova,csa\n", "imported 0, updated 0, refused 0", "no column version"},
	} {
		status, out, errOut := commandLine(t, c.csv, "import", "installations", "-", "--data", data)
		if lastLine(out) != c.want || !strings.Contains(errOut, c.says) || status != 0 && c.name != "without a column" {
			t.Errorf("%s: status %d\n%s\n%s", c.name, status, out, errOut)
		}
	}
	_, out, _ := commandLine(t, "", "export", "installations", "--data", data)
	for _, want := range []string{"organisation,unit,module,environment,version,since,installs\n", "universita-di-prova,,csa,production,23.10.02.00,2026-02-01,supplier\n", "universita-di-prova,Contabilità,csa,test,24.01 (prova),,organisation\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("export has no line %q:\n%s", want, out)
		}
	}
	status, again, errOut := commandLine(t, out, "import", "installations", "-", "--data", data)
	if _, same, _ := commandLine(t, "", "export", "installations", "--data", data); status != 0 || lastLine(again) != "imported 0, updated 2, refused 0" || same != out {
		t.Errorf("taken in again: %s\n%s\n%s", again, errOut, same)
	}
}
