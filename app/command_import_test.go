package app_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
)

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// write puts a file below a new folder and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const someTickets = `{"subject":"Prima","body":"Testo della prima","requester_email":"ada@ateneo.example","requester_name":"Ada Neri","external_id":"a-1"}

{"subject":"Seconda","body":"Testo","requester_email":"ada@ateneo.example","requester_name":"Ada Neri","module":"csa","kind":"malfunction","severity":"high","state":"closed","outcome":"solved","created_at":"2025-02-03T10:00:00Z","messages":[{"author_email":"ivo@ateneo.example","author_name":"Ivo","at":"2025-02-03T12:00:00Z","body":"Fatto"}],"other":1}
{"subject":"","body":"","requester_email":"ada@ateneo.example","requester_name":"Ada Neri","kind":"wish"}
{"subject":"Senza nessuno","body":"x"}
{"subject":"Mezza lettera \ud83d","body":"x","requester_email":"ada@ateneo.example","requester_name":"Ada"}
no json
{"subject":"Tipo sbagliato","body":7,"requester_email":"ada@ateneo.example","requester_name":"Ada"}
{"subject":"Prima, di nuovo","body":"Testo della prima","requester_email":"ada@ateneo.example","requester_name":"Ada Neri","external_id":"a-1"}`

func TestImportOfTicketsSaysWhatItRefusedAndWhy(t *testing.T) {
	t.Setenv("LC_ALL", "en_GB.UTF-8")
	data := filepath.Join(t.TempDir(), "data")
	path := write(t, "tickets.jsonl", "\ufeff"+someTickets)
	status, out, errOut := commandLine(t, "", "import", "tickets", path, "--data", data)
	if status != 0 || lastLine(out) != "imported 2, updated 1, refused 5" {
		t.Errorf("status %d\n%s\n%s", status, out, errOut)
	}
	var refused []string
	for line := range strings.Lines(errOut) {
		if parts := strings.SplitN(line, ": ", 3); len(parts) == 3 {
			refused = append(refused, parts[0]+" "+parts[1])
		}
	}
	slices.Sort(refused)
	want := []string{"4 body", "4 kind", "4 subject", "5 requester_email", "6 record", "7 record", "8 body"}
	if !slices.Equal(refused, want) {
		t.Errorf("refused %q, want %q\n%s", refused, want, errOut)
	}
	t.Setenv("LC_ALL", "it_IT.UTF-8")
	status, out, errOut = commandLine(t, someTickets, "import", "tickets", "-", "--strict", "--data", data)
	if status != 1 || lastLine(out) != "imported 1, updated 2, refused 5" || !strings.Contains(errOut, "7: record: Il contenuto") {
		t.Errorf("--strict: status %d\n%s\n%s", status, out, errOut)
	}
	status, out, _ = commandLine(t, "", "export", "tickets", "--data", data)
	if status != 0 || strings.Count(out, "\n") != 3 || !strings.Contains(out, `"subject":"Prima, di nuovo"`) || !strings.Contains(out, `"created_at":"2025-02-03T10:00:00Z"`) {
		t.Errorf("export: status %d\n%s", status, out)
	}
	other := filepath.Join(t.TempDir(), "other")
	status, again, errOut := commandLine(t, out, "import", "tickets", "-", "--data", other)
	if status != 0 || lastLine(again) != "imported 3, updated 0, refused 0" {
		t.Errorf("what was exported: status %d\n%s\n%s", status, again, errOut)
	}
}

func TestImportEndsWithOneWhenTheSourceCannotBeRead(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"import", "tickets", "/nowhere/at/all"}, 1, "no such file"},
		{[]string{"import", "articles", "/nowhere/at/all"}, 1, "no such file"},
		{[]string{"import", "people", write(t, "people.csv", "name\nAda\n")}, 1, "no column email"},
		{[]string{"import", "catalogue", write(t, "c.toml", "[[group]\n")}, 1, "line 1"},
		{[]string{"import", "mbox", "/nowhere/at/all"}, 1, "no such file"},
		{[]string{"import", "maildir", "/nowhere/at/all"}, 1, "no such file"},
		{[]string{"import", "maildir", t.TempDir()}, 1, "is not a Maildir"},
		{[]string{"import", "mbox", write(t, "m", "x"), "--group", "nobody"}, 1, "group"},
		{[]string{"import"}, 2, "needs one of its commands"},
		{[]string{"import", "tickets"}, 2, "accepts 1 arg"},
		{[]string{"import", "articles", "x", "--language", "de"}, 2, "neither it nor en"},
		{[]string{"import", "articles", "x", "--audience", "all"}, 2, "none of public"},
		{[]string{"import", "articles", "x", "--content", "a >"}, 2, "selector"},
	} {
		status, out, errOut := commandLine(t, "", append(c.args, "--data", data)...)
		if status != c.status || !strings.Contains(out+errOut, c.want) {
			t.Errorf("%v: status %d\n%s\n%s", c.args, status, out, errOut)
		}
	}
}

func TestImportOfPeopleReadsWhatSpreadsheetsWrite(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct{ name, csv, want string }{
		{"with commas", "email,name,language,organisation,unit,roles,groups\nada@ateneo.example,\"Neri, Ada\",it,Ateneo,Ufficio,agent;editor,csa;generale\nno address,Ivo,,,,,\n", "imported 1, updated 0, refused 1"},
		{"with semicolons and a mark", "\ufeffNome;Email;name\nx;ivo@ateneo.example;Ivo Bo\n;ada@ateneo.example;\n", "imported 1, updated 1, refused 0"},
		{"with a broken line", "email,name\n\"a\"b,c\nugo@ateneo.example,Ugo\n", "imported 1, updated 0, refused 1"},
	} {
		status, out, errOut := commandLine(t, c.csv, "import", "people", "-", "--data", data)
		if status != 0 || lastLine(out) != c.want {
			t.Errorf("%s: status %d\n%s\n%s", c.name, status, out, errOut)
		}
	}
	status, out, _ := commandLine(t, "", "export", "people", "--data", data)
	if status != 0 || !strings.Contains(out, `ada@ateneo.example,"Neri, Ada",it,Ateneo,Ufficio,requester;agent;editor,`) {
		t.Errorf("export: status %d\n%s", status, out)
	}
}

// TestFiveThousandPeopleWithTwoHatsComeFromAList: whatever they are called, each comes once with both affiliations, and
// the same list again changes nothing.
func TestFiveThousandPeopleWithTwoHatsComeFromAList(t *testing.T) {
	d := newTestDesk(t)
	const many = 5000
	called := []string{"Ada D'Angelo", "Rita De\u2019 Medici", "O", "王", strings.Repeat("è", 200), "Neri; \"Ada\", figlia"}
	var list bytes.Buffer
	table := csv.NewWriter(&list)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(table.Write([]string{"email", "name", "organisation", "unit", "position", "until"}))
	for i := range many {
		email, name := fmt.Sprintf("persona%d@ateneo.example", i), called[i%len(called)]
		must(table.Write([]string{email, name, "Ateneo", fmt.Sprint("Struttura ", i%60), "teaching", ""}))
		must(table.Write([]string{email, name, "Altro ente", "", "student", "2099-12-31"}))
	}
	table.Flush()
	for _, want := range []string{"imported 5000, updated 5000, refused 0", "imported 0, updated 10000, refused 0"} {
		at := d.app.Store.Last()
		status, out, errOut := commandLine(t, list.String(), "import", "people", "-", "--data", d.app.Config.Data)
		if status != 0 || lastLine(out) != want {
			t.Errorf("status %d: %s, want %s\n%.500s", status, lastLine(out), want, errOut)
		}
		if strings.HasPrefix(want, "imported 0") && d.app.Store.Last() != at {
			t.Error("the same list again changes something")
		}
	}
	must(d.app.Store.View(func(tx *db.Tx) error {
		n := 0
		for p, err := range store.People.All(tx, 0, false) {
			if err != nil {
				return err
			}
			hats := p.Hats(tx.Now())
			if len(hats) != 2 || hats[0].Position != "teaching" || hats[0].Unit == 0 || hats[1].Position != "student" || hats[0].Source != store.FromList || p.Name != called[n%len(called)] {
				t.Fatalf("%s, %q: %+v", p.Email, p.Name, hats)
			}
			n++
		}
		if n != many || store.Units.Last(tx) != 60 || store.Organisations.Last(tx) != 2 {
			t.Errorf("%d people, %d units, %d organisations", n, store.Units.Last(tx), store.Organisations.Last(tx))
		}
		return nil
	}))
}

func TestTheCatalogueGoesOutAndComesBack(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	status, out, _ := commandLine(t, "", "export", "catalogue", "--data", data)
	if status != 0 || !strings.Contains(out, "u-gov/ricerca/gestione-progetti") {
		t.Fatalf("export: status %d\n%s", status, out)
	}
	status, again, errOut := commandLine(t, out+"\n[[module]]\ncode = \"nuovo\"\nname = { it = \"Nuovo\" }\n", "import", "catalogue", "-", "--data", data)
	if status != 0 || lastLine(again) != "imported 1, updated 0, refused 0" {
		t.Errorf("status %d\n%s\n%s", status, again, errOut)
	}
	status, again, errOut = commandLine(t, "[[module]]\ncode = \"a/b\"\nname = { it = \"B\" }\nchannel = \"phone\"\n", "import", "catalogue", "-", "--strict", "--data", data)
	if status != 1 || lastLine(again) != "imported 0, updated 0, refused 1" || !strings.Contains(errOut, "module a/b: channel: ") {
		t.Errorf("status %d\n%s\n%s", status, again, errOut)
	}
}

// manual makes a folder of pages in the language.
func manual(t *testing.T, lang string) string {
	t.Helper()
	root := t.TempDir()
	page := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page("calc/Primo Foglio.html", `<html lang="`+lang+`"><head><title>Foglio `+lang+`</title></head><body><nav>no</nav><main><h1>Foglio `+lang+`</h1><p>Testo del foglio.</p><p><a href="../writer/due.html#b">due</a> <a href="https://www.example.org/x">fuori</a> <a href="gone.html">via</a> <img src="http://example.org/p.png" alt="figura"></p></main></body></html>`)
	page("writer/due.html", `<html><head><base href="../../"></head><body><div id="c"><p>Seconda pagina, senza titolo. <a href="`+filepath.Base(root)+`/note.md">note</a></p></div></body></html>`)
	page("note.md", "# Le note\n\nTesto **in** Markdown.\n")
	page("empty.html", "")
	page("new.md", "# Nuovo\n\nTesto.\n")
	page(".hidden.md", "# No\n\nno\n")
	page("picture.png", "no page")
	return root
}

func TestImportOfAFolderMakesArticlesThatLeadToEachOther(t *testing.T) {
	d := newTestDesk(t)
	data := d.app.Config.DataFolder()
	// The desk is being served: the command hands itself over to it.
	status, out, errOut := commandLine(t, "", "import", "articles", manual(t, "it"), "--language", "it", "--module", "csa", "--audience", "public", "--data", data)
	if status != 0 || lastLine(out) != "imported 4, updated 0, refused 1" || !strings.Contains(errOut, "empty.html: ") {
		t.Fatalf("status %d\n%s\n%s", status, out, errOut)
	}
	status, out, errOut = commandLine(t, "", "import", "articles", manual(t, "en"), "--language", "en", "--module", "csa", "--audience", "public", "--data", data)
	if status != 0 || lastLine(out) != "imported 4, updated 0, refused 1" {
		t.Fatalf("the other language: status %d\n%s\n%s", status, out, errOut)
	}
	v, err := d.app.Desk.Articles.Read(policy.Actor{}, "calc-primo-foglio", "en")
	if err != nil {
		t.Fatal(err)
	}
	if v.Version.Title != "Foglio en" || len(v.Languages) != 2 || v.Audience != store.Public || v.Module == nil || v.Module.Code != "csa" {
		t.Errorf("%+v", v.Version)
	}
	body := v.Version.Body
	for want, there := range map[string]bool{`href="/articles/writer-due#s-b"`: true, `https://www.example.org/x`: true, "gone.html": false, "p.png": false, "figura": true, "<h1": false, "<nav": false} {
		if strings.Contains(body, want) != there {
			t.Errorf("%s: %v, want %v in %s", want, !there, there, body)
		}
	}
	if v, err := d.app.Desk.Articles.Read(policy.Actor{}, "writer-due", "it"); err != nil || !strings.Contains(v.Version.Body, `href="/articles/note"`) {
		t.Errorf("a link beside a base: %v", err)
	}
	for slug, title := range map[string]string{"writer-due": "Seconda pagina, senza titolo. note", "note": "Le note", "new-2": "Nuovo"} {
		if v, err := d.app.Desk.Articles.Read(policy.Actor{}, slug, "it"); err != nil || v.Version.Title != title {
			t.Errorf("%s: %v, %v", slug, v, err)
		}
	}
	status, out, errOut = commandLine(t, "", "import", "articles", manual(t, "it"), "--language", "it", "--content", "#c", "--data", data)
	if status != 0 || lastLine(out) != "imported 0, updated 3, refused 2" {
		t.Errorf("a second run with a selector: status %d\n%s\n%s", status, out, errOut)
	}
}

func TestImportOfArticlesJoinsLanguagesAndMakesUpWhatIsMissing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	var lines strings.Builder
	for i := range 60 {
		fmt.Fprintf(&lines, `{"title":"Pagina %d","body":"Testo","format":"markdown","language":"it","external_id":"p-%d","state":"published","audience":"public"}`+"\n", i, i)
		fmt.Fprintf(&lines, `{"title":"Page %d","body":"Text","format":"text","language":"en","external_id":"p-%d"}`+"\n", i, i)
	}
	lines.WriteString(`{"title":"","body":"La prima riga\nil resto","format":"text","language":"it"}` + "\n")
	lines.WriteString(`{"title":"","body":"","format":"pdf","language":"fr"}` + "\n")
	status, out, errOut := commandLine(t, lines.String(), "import", "articles", "-", "--data", data)
	if status != 0 || lastLine(out) != "imported 121, updated 0, refused 1" || !strings.Contains(errOut, "122: format: ") {
		t.Fatalf("status %d\n%s\n%s", status, out, errOut)
	}
	status, out, _ = commandLine(t, lines.String(), "import", "articles", "-", "--data", data)
	if status != 0 || lastLine(out) != "imported 1, updated 120, refused 1" {
		t.Errorf("a second run makes anew only what has neither external_id nor slug: %s", lastLine(out))
	}
	status, out, _ = commandLine(t, "", "export", "articles", "--data", data)
	if status != 0 || !strings.Contains(out, `"slug":"pagina-7","title":"Page 7"`) || !strings.Contains(out, `"title":"La prima riga"`) {
		t.Errorf("export: status %d, %d lines", status, strings.Count(out, "\n"))
	}
}
