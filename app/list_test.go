package app_test

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"sportello/app/config"
)

// fieldOf returns the value of a hidden field of the page.
func fieldOf(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="?` + name + `"? value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no field %s in the page", name)
	}
	return html.UnescapeString(m[1])
}

// TestTheListOfPeopleGoesToASpreadsheetAndBack: what the desk writes and uploads again changes nothing, in either language; what
// Excel in Italy writes is read in each of its forms; nothing is done before it was shown.
func TestTheListOfPeopleGoesToASpreadsheetAndBack(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t, func(c *config.Config) { withSending(c) })
	rita, member, stranger := d.signedIn(d.person("rita@example.it")), d.signedIn(d.person("ada.due@example.it")), d.signedIn(d.person("elena@example.it"))
	path := "/organisations/ateneo/people/list"
	send := func(b *browser, file string, whole ...string) answer {
		return b.upload(path, "file", "v.csv", []byte(file), url.Values{"whole": whole})
	}
	for _, b := range []*browser{member, stranger} {
		for _, at := range []string{path, path + ".csv"} {
			if got := b.get(at); got.status != 404 {
				t.Errorf("%s: %d", at, got.status)
			}
		}
		b.must(send(b, "email\r\na@b.example\r\n"), 404)
		b.must(b.post(path+"/apply", url.Values{"entries": {"[]"}}), 404)
		b.must(b.post("/organisations/ateneo/people/leave", url.Values{"person": {"1"}}), 404)
	}
	rita.must(rita.post(path, url.Values{}), 422, "Scegli un file")
	rita.must(send(rita, "nessuna tabella"), 422, "Non è una tabella con la colonna Indirizzo e-mail.")
	rita.must(rita.post(path+"/apply", url.Values{"entries": {"{"}, "sum": {"x"}}), 422, "Non è una tabella")

	kept := rita.get(path + ".csv")
	want := "\ufeffIndirizzo e-mail;Nome;Ente;Struttura;Qualifica;Moduli;Dal giorno;Fino al giorno, compreso\r\nada.due@example.it;Ada D'Angelo;ateneo;;;;;\r\n"
	if kept.body != want || !strings.Contains(kept.header.Get("Content-Disposition"), "ateneo-persone.csv") {
		t.Errorf("the file is %q", kept.body)
	}
	rita.must(rita.post("/language", url.Values{"lang": {"en"}}), 303)
	other := rita.get(path + ".csv").body
	rita.must(rita.post("/language", url.Values{"lang": {"it"}}), 303)
	for _, file := range []string{kept.body, other} {
		rita.must(send(rita, file, "1"), 200, "Con questo file non cambia niente.", "1 riga dice quello che c&#39;è già.", "!Righe che non si possono usare")
	}

	latin, err := charmap.Windows1252.NewEncoder().String("Indirizzo e-mail;Nome;Qualifica;Scadenza\r\nnuova@example.it;\"Niccolò\r\nD'Alò\";Docente;31/12/2030\r\nADA.DUE@example.it;;Studente;\r\n")
	if err != nil {
		t.Fatal(err)
	}
	shown := send(rita, latin)
	rita.must(shown, 200, "1 persona nuova, da invitare", "Niccolò D&#39;Alò", "1 modifica", "Ateneo, Studente", "fino al 31 dicembre 2030")
	if got := rita.get(path + ".csv").body; got != want {
		t.Errorf("looking changed the list: %q", got)
	}
	form := url.Values{"entries": {fieldOf(t, shown.body, "entries")}, "sum": {fieldOf(t, shown.body, "sum")}}

	// Somebody else changes the list in between: nothing is done, and what would be done now is shown.
	leaves := send(rita, "email\r\n", "1")
	rita.must(leaves, 200, "1 persona esce dall&#39;elenco", "!nuova@")
	changed := url.Values{"entries": {fieldOf(t, shown.body, "entries")}, "sum": {fieldOf(t, leaves.body, "sum")}}
	stale := rita.post(path+"/apply", changed)
	rita.must(stale, 409, "Nel frattempo l&#39;elenco è cambiato", "1 persona nuova, da invitare")
	if got := rita.get(path + ".csv").body; got != want {
		t.Errorf("another plan was done: %q", got)
	}
	rita.must(rita.post(path+"/apply", form), 303)
	rita.must(rita.get("/organisations/ateneo/people"), 200, "Inviti: 1; modifiche: 1; uscite: 0.", "Ateneo, Studente")
	rita.must(rita.get("/organisations/ateneo/people/invitations"), 200, "nuova@example.it", "Niccolò D&#39;Alò", "Docente")

	bad := send(rita, "Ente;E-mail;Struttura;Note\r\nAltro;a@example.it;;\r\nateneo;b@example.it;Mai;\r\nateneo;c;;\r\nateneo;d@example.it;Ragioneria;x\r\n")
	rita.must(bad, 200, `<th scope="row" class="num">2</th><td>Ente</td>`, `<th scope="row" class="num">3</th><td>Struttura</td>`, `<th scope="row" class="num">4</th><td>Indirizzo e-mail</td>`, "<td>Note</td>", "d@example.it")

	// One of them is taken off: the session of somebody who belongs elsewhere too goes on.
	ada := d.person("ada.due@example.it")
	rita.must(rita.post("/organisations/ateneo/people/leave", url.Values{}), 303)
	rita.must(rita.post("/organisations/ateneo/people/leave", url.Values{"person": {itoa(ada.ID)}}), 303)
	rita.must(rita.get("/organisations/ateneo/people"), 200, "!ada.due@example.it")
	member.must(member.get("/tickets"), 200)
}

// TestAProgramBringsAListInLine: the preview changes nothing, its sum is what is asked for, and another list is 409 with what
// would be done now.
func TestAProgramBringsAListInLine(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t, func(c *config.Config) { withSending(c) })
	list := box{"people": []box{{"email": "ada.due@example.it", "position": "student"}, {"email": "nuova@example.it", "name": "Nuova"}, {"email": "x"}}, "whole": true, "preview": true}
	for _, c := range []caller{d.both, d.elena} {
		if got, _ := c.call("PUT", "/organisations/ateneo/people", list); got.status != http.StatusNotFound {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	got, plan := d.rita.call("PUT", "/organisations/ateneo/people", list)
	if got.status != 200 || len(plan["new"].([]any)) != 1 || len(plan["changed"].([]any)) != 1 || len(plan["gone"].([]any)) != 0 || len(plan["refused"].([]any)) != 1 || plan["done"] != nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	again, _ := d.rita.call("PUT", "/organisations/ateneo/people", list)
	if !bytes.Equal([]byte(got.body), []byte(again.body)) {
		t.Error("looking changed the list")
	}
	delete(list, "preview")
	for _, sum := range []any{nil, "", strings.Repeat("0", 64)} {
		list["sum"] = sum
		if got, problem := d.rita.call("PUT", "/organisations/ateneo/people", list); got.status != http.StatusConflict || !strings.Contains(got.body, plan["sum"].(string)) {
			t.Errorf("sum %v: %d %v", sum, got.status, problem)
		}
	}
	list["sum"] = plan["sum"]
	got, done := d.rita.call("PUT", "/organisations/ateneo/people", list)
	if what, _ := done["done"].(map[string]any); got.status != 200 || what["invited"] != 1.0 || what["changed"] != 1.0 || what["gone"] != 0.0 || what["passed"] != 0.0 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got, _ := d.rita.call("PUT", "/organisations/ateneo/people", list); got.status != http.StatusConflict {
		t.Errorf("done twice: %d", got.status)
	}
}

// TestAListIsConfirmedByOneButton: of the page by whoever coordinates the whole organisation, and by their programs.
func TestAListIsConfirmedByOneButton(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	rita, member, stranger := d.signedIn(d.person("rita@example.it")), d.signedIn(d.person("ada.due@example.it")), d.signedIn(d.person("elena@example.it"))
	const people, confirm, button = "/organisations/ateneo/people", "/organisations/ateneo/people/confirm", "Ho guardato tutto l&#39;elenco: è giusto"
	member.must(member.post(confirm, nil), 404)
	stranger.must(stranger.post(confirm, nil), 404)
	rita.must(rita.get(people), 200, "L&#39;elenco non è mai stato confermato.", button)
	rita.must(rita.post(confirm, nil), 303)
	rita.must(rita.get(people), 200, "Elenco confermato. Grazie.", "Elenco confermato l&#39;ultima volta il", "Va confermato entro il")
}
