package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// caller is a client of the API with a token of one person, or without.
type caller struct {
	*browser
}

func (d *testDesk) caller(p *store.Person) caller {
	d.t.Helper()
	b := d.browser()
	if p != nil {
		secret, _, err := d.app.Desk.Keeper().NewToken(db.By{Via: door.Command}, p.ID, "test")
		if err != nil {
			d.t.Fatal(err)
		}
		b.header.Set("Authorization", "Bearer "+secret)
	}
	return caller{b}
}

// call sends v as JSON, or as it is when it is a string, and reads the answer as JSON.
func (p caller) call(method, path string, v any) (answer, map[string]any) {
	p.d.t.Helper()
	var body io.Reader
	switch v := v.(type) {
	case nil:
	case string:
		body = strings.NewReader(v)
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			p.d.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	got := p.do(method, "/api/v1"+path, body, "application/json")
	out := map[string]any{}
	if got.body != "" {
		if err := json.Unmarshal([]byte(got.body), &out); err != nil {
			p.d.t.Fatalf("%s %s: answer is no JSON: %v\n%s", method, path, err, got.body)
		}
	}
	return got, out
}

type box = map[string]any

// apiDesk is a desk with a requester, a stranger, an agent of CSA and an administrator, and a program for each.
type apiDesk struct {
	*testDesk
	nobody, requester, stranger, agent, administrator caller
}

func newAPIDesk(t *testing.T, configure ...func(*config.Config)) *apiDesk {
	d := &apiDesk{testDesk: newTestDesk(t, configure...)}
	csa, err := d.app.Desk.People.GroupByCode("csa")
	if err != nil {
		t.Fatal(err)
	}
	d.nobody = d.caller(nil)
	d.requester = d.caller(d.add("Ada Neri", people.Form{}))
	d.stranger = d.caller(d.add("Elsa Estranea", people.Form{}))
	d.agent = d.caller(d.add("Bruno Galli", people.Form{Groups: []store.Membership{{Group: csa.ID}}}))
	d.administrator = d.caller(d.add("Anna Monti", people.Form{Administrator: true}))
	return d
}

func TestAPIWhoMayNot(t *testing.T) {
	d := newAPIDesk(t)
	_, opened := d.requester.call("POST", "/tickets", box{"subject": "Il cedolino non si apre", "body": "Errore 500", "module": "csa"})
	number := fmt.Sprint(opened["number"])
	for _, c := range []struct {
		name   string
		who    caller
		method string
		path   string
		body   any
		status int
	}{
		{"nobody lists tickets", d.nobody, "GET", "/tickets", nil, 401},
		{"nobody opens a ticket", d.nobody, "POST", "/tickets", box{"subject": "x", "body": "y"}, 401},
		{"nobody reads articles", d.nobody, "GET", "/articles", nil, 401},
		{"nobody searches", d.nobody, "GET", "/search?q=cedolino", nil, 401},
		{"a stranger reads a ticket", d.stranger, "GET", "/tickets/" + number, nil, 404},
		{"a stranger writes a message", d.stranger, "POST", "/tickets/" + number + "/messages", box{"body": "ciao"}, 404},
		{"a stranger changes a ticket", d.stranger, "PATCH", "/tickets/" + number, box{"subject": "mio"}, 404},
		{"a stranger with a wrong code learns nothing", d.stranger, "PATCH", "/tickets/" + number, box{"group": "nessuno"}, 404},
		{"a stranger attaches a file", d.stranger, "POST", "/tickets/" + number + "/attachments?name=a.txt", "ciao", 404},
		{"a requester writes a note", d.requester, "POST", "/tickets/" + number + "/messages", box{"body": "ciao", "internal": true}, 403},
		{"a requester takes charge", d.requester, "PATCH", "/tickets/" + number, box{"take": true}, 403},
		{"a requester moves a ticket", d.requester, "PATCH", "/tickets/" + number, box{"group": "generale"}, 403},
		{"a requester opens in another's name", d.requester, "POST", "/tickets", box{"subject": "x", "body": "y", "requester_email": "elsa.estranea@example.it"}, 403},
		{"a requester chooses the group", d.requester, "POST", "/tickets", box{"subject": "x", "body": "y", "group": "csa"}, 403},
		{"an agent dates a ticket back", d.agent, "POST", "/tickets", box{"subject": "x", "body": "y", "created_at": "2020-01-01T10:00:00Z"}, 403},
		{"an agent gives an external_id", d.agent, "POST", "/tickets", box{"subject": "x", "body": "y", "external_id": "a1"}, 403},
		{"a requester writes an article", d.requester, "POST", "/articles", box{"title": "x", "body": "y", "language": "it", "format": "markdown"}, 403},
		{"an administrator resolves a ticket", d.administrator, "PATCH", "/tickets/" + number, box{"state": "resolved", "outcome": "solved", "message": "fatto"}, 403},
		{"a ticket that is not there", d.agent, "GET", "/tickets/999999", nil, 404},
		{"a number beyond all numbers", d.agent, "GET", "/tickets/99999999999999999999999", nil, 404},
		{"an address that is none", d.agent, "GET", "/nothing", nil, 404},
	} {
		got, _ := c.who.call(c.method, c.path, c.body)
		if got.status != c.status {
			t.Errorf("%s: %d, want %d\n%s", c.name, got.status, c.status, got.body)
		}
		if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/problem+json") {
			t.Errorf("%s: answered as %s", c.name, kind)
		}
	}
}

func TestAPIALifeOfATicket(t *testing.T) {
	d := newAPIDesk(t)
	got, ticket := d.requester.call("POST", "/tickets", box{"subject": "Il cedolino di ottobre", "body": "Non si apre.", "module": "csa", "kind": "malfunction", "severity": "high", "urgency": "week"})
	if got.status != 201 || got.header.Get("Location") != fmt.Sprintf("/api/v1/tickets/%v", ticket["number"]) {
		t.Fatalf("open: %d %s %s", got.status, got.header.Get("Location"), got.body)
	}
	if ticket["state"] != "new" || ticket["group"] != "csa" || ticket["priority"] != nil {
		t.Errorf("the requester got %s", got.body)
	}
	path := fmt.Sprintf("/tickets/%v", ticket["number"])
	_, seen := d.agent.call("GET", path, nil)
	if seen["priority"] != 2.0 || len(seen["messages"].([]any)) != 1 {
		t.Errorf("the agent sees %v", seen)
	}
	got, taken := d.agent.call("PATCH", path, box{"rev": seen["rev"], "take": true})
	if got.status != 200 || taken["state"] != "open" {
		t.Fatalf("take: %d %s", got.status, got.body)
	}
	got, conflict := d.agent.call("PATCH", path, box{"rev": seen["rev"], "subject": "altro"})
	if got.status != 409 || conflict["rev"] != taken["rev"] {
		t.Errorf("a stale revision: %d %s, current %v", got.status, got.body, taken["rev"])
	}
	got, _ = d.agent.call("POST", path+"/messages", box{"body": "Nota riservata: parolasegreta", "internal": true})
	if got.status != 201 {
		t.Fatalf("note: %d %s", got.status, got.body)
	}
	got, public := d.requester.call("GET", path, nil)
	if strings.Contains(got.body, "parolasegreta") || len(public["messages"].([]any)) != 1 {
		t.Errorf("the requester reads %s", got.body)
	}
	got, stale := d.requester.call("PATCH", path, box{"rev": 999, "message": "x"})
	if got.status != 409 || stale["rev"] != public["rev"] {
		t.Errorf("a stale revision tells the requester %v, theirs is %v", stale["rev"], public["rev"])
	}
	got, _ = d.agent.call("PATCH", path, box{"state": "resolved", "message": "Fatto"})
	if got.status != 422 || !strings.Contains(got.body, `"outcome"`) {
		t.Errorf("resolved without an outcome: %d %s", got.status, got.body)
	}
	got, resolved := d.agent.call("PATCH", path, box{"state": "resolved", "outcome": "solved", "message": box{"body": "Fatto"}})
	if got.status != 200 || resolved["state"] != "resolved" || resolved["outcome"] != "solved" {
		t.Fatalf("resolve: %d %s", got.status, got.body)
	}
	got, closed := d.requester.call("PATCH", path, box{"state": "closed"})
	if got.status != 200 || closed["state"] != "closed" {
		t.Errorf("confirm: %d %s", got.status, got.body)
	}
	_, list := d.requester.call("GET", "/tickets?state=closed,resolved&module=csa&group=csa", nil)
	if list["total"] != 1.0 || list["total_is"] != "exact" || list["next"] != nil {
		t.Errorf("list: %v", list)
	}
	_, list = d.stranger.call("GET", "/tickets", nil)
	if list["total"] != 0.0 {
		t.Errorf("a stranger lists %v", list)
	}
}

func TestAPIAnswersWithTheMessageThatTheCallWrote(t *testing.T) {
	d := newAPIDesk(t)
	_, ticket := d.requester.call("POST", "/tickets", box{"subject": "Il cedolino di ottobre", "body": "Non si apre.", "module": "csa"})
	path := fmt.Sprintf("/tickets/%v", ticket["number"])
	var all sync.WaitGroup
	var answered sync.Map // body -> id
	for i := range 16 {
		all.Go(func() {
			body := fmt.Sprintf("Parola numero %d.", i)
			got := d.requester.do("POST", "/api/v1"+path+"/messages", strings.NewReader(`{"body": "`+body+`"}`), "application/json")
			var out struct{ ID uint64 }
			if err := json.Unmarshal([]byte(got.body), &out); got.status != 201 || err != nil {
				t.Errorf("%q: %d %s", body, got.status, got.body)
			}
			answered.Store(body, out.ID)
		})
	}
	all.Wait()
	_, seen := d.requester.call("GET", path, nil)
	for _, m := range seen["messages"].([]any)[1:] {
		m := m.(box)
		if id, _ := answered.Load(m["body"]); float64(id.(uint64)) != m["id"] {
			t.Errorf("%q is message %v, and its call was answered with %v", m["body"], m["id"], id)
		}
	}
}

func TestAPIListsPageByPage(t *testing.T) {
	d := newAPIDesk(t)
	for i := range 7 {
		if got, _ := d.requester.call("POST", "/tickets", box{"subject": fmt.Sprint("Richiesta ", i), "body": "testo"}); got.status != 201 {
			t.Fatal(got.body)
		}
	}
	var numbers []float64
	path := "/tickets?limit=3"
	for path != "" {
		got, page := d.requester.call("GET", path, nil)
		if got.status != 200 || page["total"] != 7.0 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		for _, row := range page["tickets"].([]any) {
			numbers = append(numbers, row.(box)["number"].(float64))
		}
		path = ""
		if page["next"] != nil {
			path = fmt.Sprintf("/tickets?limit=3&after=%v", page["next"])
		}
	}
	if fmt.Sprint(numbers) != "[7 6 5 4 3 2 1]" {
		t.Errorf("numbers %v", numbers)
	}
	for _, query := range []string{"", "&state=new", "&requester=ada.neri@example.it", "&updated_since=2001-01-01T00:00:00Z"} {
		for after := 8; after > 0; after-- { // the total is that of all pages, on each
			got, page := d.administrator.call("GET", fmt.Sprintf("/tickets?limit=2&after=%d%s", after, query), nil)
			if got.status != 200 || page["total"] != 7.0 || page["total_is"] != "exact" {
				t.Errorf("%s after %d: %d, %v %v", query, after, got.status, page["total"], page["total_is"])
			}
		}
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "state=aperto", "group=no", "module=no", "updated_since=ieri", "after=x"} {
		if got, _ := d.requester.call("GET", "/tickets?"+query, nil); got.status != 422 {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

func TestAPITextIsStoredAsSentOrRefused(t *testing.T) {
	d := newAPIDesk(t)
	open := func(body string) (answer, map[string]any) {
		return d.requester.call("POST", "/tickets", `{"subject":"Prova","body":"`+body+`"}`)
	}
	for name, body := range map[string]string{
		"NUL": `a\u0000b`, "half a character": `a\ud83db`, "the second half alone": `a\ude00`, "two first halves": `\ud83d\ud83d`, "bytes that are no text": "a\xff\xfe",
	} {
		if got, _ := open(body); got.status != 422 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for name, body := range map[string]string{
		"an emoji": `a\ud83d\ude00b`, "an escaped backslash": `\\ud83d`, "right to left": `\u202etesto\u202c \u05e9\u05dc\u05d5\u05dd`,
		"ten thousand lines": strings.Repeat(`riga\n`, 10000), "five megabytes": strings.Repeat("parola ", 5<<20/7),
	} {
		got, out := open(body)
		if got.status != 201 {
			t.Errorf("%s: %d %.300s", name, got.status, got.body)
			continue
		}
		_, read := d.requester.call("GET", fmt.Sprintf("/tickets/%v", out["number"]), nil)
		var want string
		if err := json.Unmarshal([]byte(`"`+body+`"`), &want); err != nil {
			t.Fatal(err)
		}
		if got := read["messages"].([]any)[0].(box)["body"].(string); got != want {
			t.Errorf("%s came back otherwise: %d bytes for %d", name, len(got), len(want))
		}
	}
	if got, _ := d.requester.call("POST", "/tickets", `{"subject":"Prova","body":"x","surprise":1}`); got.status != 422 || !strings.Contains(got.body, "surprise") {
		t.Errorf("a member that does not exist: %d %s", got.status, got.body)
	}
	for _, broken := range []string{``, `{`, `[]`, `"x"`, `{"subject":1}`, `{} {}`} {
		if got, _ := d.requester.call("POST", "/tickets", broken); got.status != 422 {
			t.Errorf("%q: %d", broken, got.status)
		}
	}
}

func TestAPIAModuleServedElsewhereSaysWhere(t *testing.T) {
	d := newAPIDesk(t)
	got, problem := d.requester.call("POST", "/tickets", box{"subject": "Iscrizione", "body": "Non va", "module": "esse3"})
	if got.status != 422 || problem["channel"] != "desk" || problem["address"] == nil {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got, _ = d.agent.call("POST", "/tickets", box{"subject": "Iscrizione", "body": "Non va", "module": "esse3"}); got.status != 201 {
		t.Errorf("an agent: %d %s", got.status, got.body)
	}
}

func TestAPIAttachmentsComeBackAsTheyWere(t *testing.T) {
	d := newAPIDesk(t)
	_, ticket := d.requester.call("POST", "/tickets", box{"subject": "Con file", "body": "In allegato"})
	path := fmt.Sprintf("/tickets/%v/attachments", ticket["number"])
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("file", "../../etc/pàsswd\r\n.html")
	io.WriteString(part, "<script>alert(1)</script>")
	form.WriteField("body", "Ecco il file")
	form.Close()
	got := d.requester.do("POST", "/api/v1"+path, &body, form.FormDataContentType())
	var out struct {
		Attachments []struct {
			URL, Name string
			Size      int
		}
	}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != 201 || len(out.Attachments) != 1 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if name := out.Attachments[0].Name; strings.ContainsAny(name, "/\\\r\n") {
		t.Errorf("name %q", name)
	}
	file := d.requester.do("GET", out.Attachments[0].URL, nil, "")
	if file.status != 200 || file.body != "<script>alert(1)</script>" || file.header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") || strings.Contains(file.header.Get("Content-Type"), "html") {
		t.Errorf("%d %v %q", file.status, file.header, file.body)
	}
	if got := d.stranger.do("GET", out.Attachments[0].URL, nil, ""); got.status != 404 {
		t.Errorf("a stranger reads the file: %d", got.status)
	}
	if got, _ := d.requester.call("POST", path, ""); got.status != 422 {
		t.Errorf("no file at all: %d %s", got.status, got.body)
	}
	got = d.requester.do("POST", "/api/v1"+path+"?name=grande.bin", bytes.NewReader(make([]byte, 26<<20)), "application/octet-stream")
	if got.status != 413 {
		t.Errorf("26 MB: %d %.200s", got.status, got.body)
	}
}

func TestAPIArticlesAndSearch(t *testing.T) {
	d := newAPIDesk(t)
	article := box{"title": "Stampare il cedolino", "body": "# Passi\n\nApri **Documenti** e premi Stampa.", "format": "markdown", "language": "it", "module": "csa", "audience": "public", "state": "published", "external_id": "g1"}
	got, written := d.administrator.call("POST", "/articles", article)
	if got.status != 201 || written["slug"] != "stampare-il-cedolino" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got, _ = d.administrator.call("POST", "/articles", article); got.status != 200 {
		t.Errorf("the same again: %d", got.status)
	}
	got, _ = d.administrator.call("PUT", "/articles/stampare-il-cedolino", box{"title": "Printing the payslip", "body": "Open Documents.", "format": "markdown", "language": "en", "state": "published"})
	if got.status != 201 {
		t.Errorf("an English version: %d %s", got.status, got.body)
	}
	_, read := d.requester.call("GET", "/articles/stampare-il-cedolino?lang=en", nil)
	if read["language"] != "en" || len(read["languages"].([]any)) != 2 {
		t.Errorf("read %v", read)
	}
	if got, _ = d.administrator.call("PUT", "/articles/stampare-il-cedolino", box{"slug": "altro", "title": "x", "body": "y", "language": "it", "format": "markdown"}); got.status != 422 {
		t.Errorf("two slugs: %d", got.status)
	}
	_, list := d.requester.call("GET", "/articles?module=csa", nil)
	if len(list["articles"].([]any)) != 1 {
		t.Errorf("list %v", list)
	}
	_, ticket := d.requester.call("POST", "/tickets", box{"subject": "Cedolino di ottobre", "body": "Come lo stampo?", "module": "csa"})
	if err := d.app.Index.CatchUp(t.Context(), d.app.Store.Last()); err != nil {
		t.Fatal(err)
	}
	got, found := d.requester.call("GET", "/search?q=cedolini&facets=1&lang=it", nil)
	if found["total"] != 2.0 || found["facets"].(box)["type"].(box)["ticket"] != 1.0 {
		t.Errorf("found %s", got.body)
	}
	for _, h := range found["hits"].([]any) {
		if hit := h.(box); hit["type"] == "ticket" && hit["number"] != ticket["number"] || hit["type"] == "article" && hit["slug"] != "stampare-il-cedolino" {
			t.Errorf("hit %v", hit)
		}
	}
	if _, found = d.stranger.call("GET", "/search?q=cedolini", nil); found["total"] != 1.0 {
		t.Errorf("a stranger finds %v", found)
	}
}

func TestOpenAPIAndRoutesAgree(t *testing.T) {
	d := newTestDesk(t)
	routes := routesBelow(d.app, "/api/v1")
	got, doc := d.caller(nil).call("GET", "/openapi.json", nil)
	if got.status != http.StatusOK || doc["openapi"] != "3.1.0" {
		t.Fatalf("%d %.200s", got.status, got.body)
	}
	paths := doc["paths"].(box)
	n := 0
	for _, item := range paths {
		n += len(item.(box))
	}
	if n != len(routes) {
		t.Errorf("%d operations described, %d routes", n, len(routes))
	}
	schemas := doc["components"].(box)["schemas"].(box)
	for _, ref := range strings.Split(got.body, `"$ref":"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		if schemas[name] == nil {
			t.Errorf("schema %s is named and not there", name)
		}
	}
}
