package app_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/config"
)

// pictured is a desk with three releases of CSA: the first for all, installed at one organisation and failed at the other;
// the second for Altro alone; the third for all, which is late. It returns their addresses.
func pictured(t *testing.T) (d *releaseDesk, paths []string) {
	t.Helper()
	var ahead atomic.Int64
	d = newReleaseDesk(t, func(c *config.Config) {
		c.Trial.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	day := d.app.Desk.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	both := box{"organisations": []string{"ateneo", "altro"}} // who comes later stays out of them
	for version, audience := range map[string]any{"26.01": both, "26.02": box{"organisations": []string{"altro"}}, "26.03": both} {
		path := d.draft(version, audience)
		d.mustCall(d.agent, "PATCH", path, box{"install_by": box{"production": day}}, http.StatusOK)
		paths = append(paths, path+" "+version)
	}
	slices.SortFunc(paths, func(a, b string) int { return strings.Compare(a[strings.Index(a, " "):], b[strings.Index(b, " "):]) })
	for i := range paths {
		paths[i], _, _ = strings.Cut(paths[i], " ")
		d.mustCall(d.agent, "POST", paths[i]+"/publish", nil, http.StatusOK)
		ahead.Add(int64(time.Hour))
	}
	d.told()
	d.mustCall(d.rita, "PUT", paths[0]+"/receipts/ateneo", box{"environment": "production", "state": "installed", "date": d.app.Desk.Now().Format(time.DateOnly)}, http.StatusOK)
	d.mustCall(d.elena, "PUT", paths[0]+"/receipts/altro", box{"environment": "production", "state": "failed", "reason": "Si ferma"}, http.StatusOK)
	d.mustCall(d.rita, "PUT", paths[2]+"/receipts/ateneo", box{"environment": "production", "state": "read"}, http.StatusOK)
	ahead.Add(int64(100 * time.Hour))
	return d, paths
}

func TestThePictureIsForThoseWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	d, _ := pictured(t)
	for name, c := range map[string]caller{"a requester": d.requester, "a stranger": d.stranger, "a member": d.both, "an agent of another group": d.elsewhere} {
		known, _ := c.call("GET", "/releases/picture?module=csa", nil)
		none, _ := c.call("GET", "/releases/picture?module=mai", nil)
		if known.status != http.StatusNotFound || known.body != none.body {
			t.Errorf("%s: %d %s, and of none %d %s", name, known.status, known.body, none.status, none.body)
		}
	}
	asked := d.mustCall(d.agent, "GET", "/releases/picture", nil, http.StatusUnprocessableEntity)
	if !strings.Contains(fmt.Sprint(asked["errors"]), "field:module") {
		t.Errorf("without a module: %v", asked)
	}
	d.mustCall(d.agent, "GET", "/releases/picture?module=csa&only=nulla", nil, http.StatusUnprocessableEntity)
	for _, c := range []struct {
		name, query string
		by          caller
		releases    string
		places      []string
		counts      string
	}{
		{"agent", "", d.agent, "26.03 26.02 26.01", []string{"altro production 26.03:told! 26.02:told! 26.01:failed", "ateneo production 26.03:read! 26.01:installed"}, "3 1 2"},
		{"supervisor", "", d.supervisor, "26.03 26.02 26.01", []string{"altro production 26.03:told! 26.02:told! 26.01:failed", "ateneo production 26.03:read! 26.01:installed"}, "3 1 2"},
		{"Rita", "", d.rita, "26.03 26.01", []string{"ateneo production 26.03:read! 26.01:installed"}, "1 0 0"},
		{"Elena", "", d.elena, "26.03 26.02 26.01", []string{"altro production 26.03:told! 26.02:told! 26.01:failed"}, "2 1 2"},
		{"late", "&only=late", d.agent, "26.03 26.02", []string{"altro production 26.03:told! 26.02:told!", "ateneo production 26.03:read!"}, "3 1 2"},
		{"failed", "&only=failed", d.agent, "26.01", []string{"altro production 26.01:failed"}, "3 1 2"},
		{"unread", "&only=unread", d.agent, "26.03 26.02", []string{"altro production 26.03:told! 26.02:told!"}, "3 1 2"},
		{"what failed, to Rita", "&only=failed", d.rita, "", nil, "1 0 0"},
		{"test", "&environment=test", d.agent, "26.03 26.02 26.01", nil, "0 0 0"},
		{"production", "&environment=production", d.administrator, "26.03 26.02 26.01", []string{"altro production 26.03:told! 26.02:told! 26.01:failed", "ateneo production 26.03:read! 26.01:installed"}, "3 1 2"},
	} {
		out := d.mustCall(c.by, "GET", "/releases/picture?module=csa"+c.query, nil, http.StatusOK)
		var releases, places []string
		version := map[any]string{}
		for _, one := range out["releases"].([]any) {
			r := one.(box)
			releases = append(releases, fmt.Sprint(r["version"]))
			version[r["number"]] = fmt.Sprint(r["version"])
		}
		for _, one := range out["places"].([]any) {
			p := one.(box)
			line := fmt.Sprint(p["organisation"], " ", p["environment"])
			for _, cell := range p["receipts"].([]any) {
				r := cell.(box)
				line += fmt.Sprint(" ", version[r["release"]], ":", r["state"])
				if r["late"] == true {
					line += "!"
				}
			}
			places = append(places, line)
		}
		if got := strings.Join(releases, " "); got != c.releases || !slices.Equal(places, c.places) {
			t.Errorf("%s:\n%s %q, want\n%s %q", c.name, got, places, c.releases, c.places)
		}
		if got := fmt.Sprint(out["late"], " ", out["failed"], " ", out["unread"]); got != c.counts {
			t.Errorf("%s: late, failed, unread %s, want %s", c.name, got, c.counts)
		}
	}
}

// TestThePageOfThePicture: what the table says to those who see it, hear it, or have it as a list, and where it leads.
func TestThePageOfThePicture(t *testing.T) {
	t.Parallel()
	d, paths := pictured(t)
	bruno, rita := d.signedIn(d.person("bruno.galli@example.it")), d.signedIn(d.person("rita@example.it"))
	for _, name := range []string{"elsa.estranea@example.it", "ada.due@example.it", "aldo.altrove@example.it"} {
		b := d.signedIn(d.person(name))
		for _, end := range []string{"", ".csv", ".xlsx"} {
			for _, query := range []string{"", "?module=csa", "?module=mai", "?module=csa&only=late"} {
				if got := b.get("/releases/picture" + end + query); got.status != http.StatusNotFound {
					t.Errorf("%s, %s%s: %d", name, end, query, got.status)
				}
			}
		}
		b.must(b.get("/releases"), http.StatusOK)
		if got := b.get("/releases"); strings.Contains(got.body, "/releases/picture") {
			t.Errorf("%s is led to the picture", name)
		}
	}
	bruno.must(bruno.get("/releases"), http.StatusOK, `href="/releases/picture?module=csa"`)
	bruno.must(bruno.get("/releases?module=csa"), http.StatusOK, `href="/releases/picture?module=csa"`)
	bruno.must(bruno.get(paths[0]), http.StatusOK, `href="/releases/picture?module=csa"`)
	got := bruno.get("/releases/picture")
	bruno.must(got, http.StatusOK, "<h1>Quadro degli aggiornamenti: CSA", "Ateneo", "Altro", "In ritardo", "Non riuscito", "Installato", "gira la 26.01",
		`href="`+paths[0]+`/receipts/altro"`, `href="`+paths[1]+`/receipts/altro"`, `data-under="26.03"`, `<th scope="col">`, `<th scope="row">`, "26.01, Altro, Produzione", `role="region"`, `tabindex="0"`)
	if strings.Contains(got.body, paths[1]+"/receipts/ateneo") {
		t.Error("there is a cell where the update did not go")
	}
	bruno.must(bruno.get(paths[0]+"/receipts/altro"), http.StatusOK)
	got = rita.get("/releases/picture?module=csa")
	rita.must(got, http.StatusOK, "Ateneo")
	for _, hidden := range []string{"Altro", "/receipts/altro", "26.02"} {
		if strings.Contains(got.body, hidden) {
			t.Errorf("Rita reads %s", hidden)
		}
	}
	rita.must(rita.get(paths[2]+"/receipts/ateneo"), http.StatusOK)
	rita.must(rita.get("/releases/picture?only=failed"), http.StatusOK, "Nessun ente in questa situazione")
	failed := bruno.get("/releases/picture?only=failed")
	bruno.must(failed, http.StatusOK, "Altro")
	if strings.Contains(failed.body, "Ateneo") || strings.Contains(failed.body, "26.03") {
		t.Error("what did not fail stands in the picture of what did")
	}
	for _, query := range []string{"?page=99&across=-1", "?page=x&across=99", "?only=x&environment=y", "?module=csa&page=0"} {
		bruno.must(bruno.get("/releases/picture"+query), http.StatusOK, "Ateneo")
	}
}

// TestThePictureInASpreadsheet: Excel opens it, with what is looked for alone, and no name becomes a formula.
func TestThePictureInASpreadsheet(t *testing.T) {
	t.Parallel()
	d, _ := pictured(t)
	d.mustCall(d.administrator, "POST", "/organisations", box{"name": `=HYPERLINK("http://x";"y")`, "code": "terzo"}, http.StatusCreated)
	if status, body := d.putInstallations(d.administrator, "terzo", `[{"module":"csa","environment":"production","version":"+39"}]`); status != http.StatusOK {
		t.Fatal(status, body)
	}
	path := d.draft("26.04", box{"all": true})
	d.mustCall(d.agent, "POST", path+"/publish", box{"nobody": true}, http.StatusOK)
	d.told()
	bruno := d.signedIn(d.person("bruno.galli@example.it"))
	read := func(query string) [][]string {
		got := bruno.get("/releases/picture.csv?" + query)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(got.header.Get("Content-Disposition"), `attachment; filename="csa`) {
			t.Fatal(got.status, got.header)
		}
		text, ok := strings.CutPrefix(got.body, "\ufeff")
		if !ok || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
			t.Fatalf("%q", got.body)
		}
		r := csv.NewReader(strings.NewReader(text))
		r.Comma = ';'
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if got, want := fmt.Sprint(read("module=csa")), fmt.Sprint([][]string{{"Ente", "Struttura", "Ambiente", "Versione in uso", "26.04", "26.03", "26.02", "26.01"},
		{`'=HYPERLINK("http://x";"y")`, "", "Produzione", "'+39", "Avvisati", "", "", ""},
		{"Altro", "", "Produzione", "25.01", "Avvisati", "Avvisati, in ritardo", "Avvisati, in ritardo", "Non riuscito"},
		{"Ateneo", "", "Produzione", "26.01", "Avvisati", "Letto, in ritardo", "", "Installato"}}); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
	if got := read("only=failed"); len(got) != 2 || got[1][4] != "Non riuscito" {
		t.Errorf("what failed: %q", got)
	}
	got := bruno.get("/releases/picture.xlsx?module=csa")
	if got.status != http.StatusOK || !strings.HasPrefix(got.body, "PK") || !strings.Contains(got.header.Get("Content-Type"), "spreadsheetml.sheet") {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// TestHowFarAnUpdateIs: those who see all receipts see the states as bars and what was installed as a line, each with its
// numbers in words; everybody else sees none of it.
func TestHowFarAnUpdateIs(t *testing.T) {
	t.Parallel()
	d, paths := pictured(t)
	bruno, rita := d.signedIn(d.person("bruno.galli@example.it")), d.signedIn(d.person("rita@example.it"))
	got := bruno.get(paths[0])
	bruno.must(got, http.StatusOK, "A che punto siamo", `<ul class="bars">`, "Le stesse cifre in tabella")
	if strings.Contains(got.body, "<polyline") {
		t.Error("a single day is drawn as a line")
	}
	today := d.app.Desk.Now().In(d.app.Desk.Location())
	d.mustCall(d.elena, "PUT", paths[0]+"/receipts/altro", box{"environment": "production", "state": "installed", "date": today.Format(time.DateOnly)}, http.StatusOK)
	got = bruno.get(paths[0])
	bruno.must(got, http.StatusOK, "<figure", "<figcaption>", `role="img" aria-label="Al `, fmt.Sprintf("Al %d ", today.Day()), "risulta installato in 2 posti su 2", `points="0,60 0,30 300,30 300,0"`, "Le stesse cifre in tabella")
	if got := rita.get(paths[0]); got.status != http.StatusOK || strings.Contains(got.body, "<polyline") || strings.Contains(got.body, "A che punto siamo") {
		t.Errorf("a coordinator sees how far others are: %d", got.status)
	}
}

// TestWhichVersionsRunWhere: those of the desk see, of the modules of their groups, what each organisation runs and which
// of the updates that went to it is missing there.
func TestWhichVersionsRunWhere(t *testing.T) {
	t.Parallel()
	d, _ := pictured(t) // Ateneo runs 26.01 and was told of 26.03; Altro runs 25.01 and was told of three
	if status, body := d.putInstallations(d.administrator, "altro", `[{"module":"csa","environment":"production","version":"25.01"},{"module":"csa","environment":"test","version":"26.3"},{"module":"esse3","environment":"production","version":"1"}]`); status != http.StatusOK {
		t.Fatal(status, body)
	}
	ada, rita := d.signedIn(d.person("ada.due@example.it")), d.signedIn(d.person("rita@example.it"))
	for _, b := range []*browser{ada, rita} {
		known, none := b.get("/installations?module=csa"), b.get("/installations?module=mai")
		if known.status != http.StatusForbidden || none.status != known.status || b.get("/installations").status != known.status {
			t.Errorf("somebody of no group: %d, %d", known.status, none.status)
		}
	}
	aldo, sara := d.signedIn(d.person("aldo.altrove@example.it")), d.signedIn(d.person("sara.responsabile@example.it"))
	if got := aldo.get("/installations"); got.status != http.StatusOK || strings.Contains(got.body, "module=csa") {
		t.Errorf("an agent of another group: %d", got.status)
	}
	if known, none := aldo.get("/installations?module=csa"), aldo.get("/installations?module=mai"); known.status != http.StatusNotFound || none.status != known.status {
		t.Errorf("an agent of another group: %d, %d", known.status, none.status)
	}
	all := sara.get("/installations")
	sara.must(all, http.StatusOK, `href="/installations?module=csa"`, "26.03")
	if strings.Contains(all.body, "esse3") {
		t.Error("a supervisor is shown a module of another group")
	}
	administrator := d.signedIn(d.person("anna.monti@example.it"))
	administrator.must(administrator.get("/installations"), http.StatusOK, `href="/installations?module=csa"`, `href="/installations?module=esse3"`)
	one := sara.get("/installations?module=csa")
	sara.must(one, http.StatusOK, "L&#39;ultima pubblicata è la 26.03", "Mancano 3 aggiornamenti, fino alla 26.03", "Manca la 26.03", "Aggiornata", `href="/organisations/altro/installations"`, `href="/releases/picture?module=csa"`)
	if got := sara.get("/installations?module=csa&only=behind"); strings.Contains(got.body, "Aggiornata") || !strings.Contains(got.body, "Manca la 26.03") {
		t.Error("what is up to date stands among what is behind")
	}
	sara.must(sara.get("/releases/picture"), http.StatusOK, `href="/installations"`)
	sara.must(sara.get("/organisations/altro/installations"), http.StatusOK, `href="/installations"`)
	if got := rita.get("/releases/picture"); strings.Contains(got.body, `href="/installations"`) {
		t.Error("a coordinator is led to what they may not see")
	}
}
