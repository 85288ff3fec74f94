package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/article"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/scope"
)

// scoped is a program with a token of the person that is limited so.
func (d *testDesk) scoped(p *store.Person, g credential.Grant) caller {
	d.t.Helper()
	g.Life = time.Hour
	secret, _, err := d.app.Desk.Keeper().NewTokenFor(db.By{Via: door.Command}, p.ID, g)
	if err != nil {
		d.t.Fatal(err)
	}
	b := d.browser()
	b.header.Set("Authorization", "Bearer "+secret)
	return caller{b}
}

// TestNoRouteOfTheAPIDoesMoreThanTheScopeOfItsToken walks all routes of the API with every scope, with the rights of an
// administrator behind it.
func TestNoRouteOfTheAPIDoesMoreThanTheScopeOfItsToken(t *testing.T) {
	w := newWorld(t)
	var routes []web.Route
	addresses := map[string]string{}
	for _, r := range w.app.Site.Routes {
		if !strings.HasPrefix(r.Path, "/api/") || r.Who == web.Guest {
			continue
		}
		if r.Who != web.Program || !r.Needs.Said() {
			t.Fatalf("%s says nothing of what it needs", r.Name)
		}
		if reads := r.Method == http.MethodGet; reads != (r.Needs.Access == scope.Read) {
			t.Errorf("%s is a %s and needs %s", r.Name, r.Method, r.Needs.Access)
		}
		routes = append(routes, r)
		addresses[r.Name] = w.address(r)
	}
	if len(routes) < 20 {
		t.Fatalf("%d routes", len(routes))
	}
	var scopes []scope.Scope
	for _, a := range []scope.Access{scope.Read, scope.Write} {
		scopes = append(scopes, scope.Scope{Access: a, All: true}, scope.Scope{Access: a, All: true, Modular: true, Modules: []uint64{w.module["csa"]}})
		for _, n := range scope.Nouns() {
			scopes = append(scopes, scope.Scope{Access: a, Nouns: []scope.Noun{n}})
		}
	}
	refusal := w.app.Words.Text("en", "error.token-scope")
	reached := map[string]int{}
	for _, s := range scopes {
		p := w.scoped(w.people["administrator"], credential.Grant{Scope: s})
		p.header.Set("Accept-Language", "en")
		for _, r := range routes {
			got := p.do(r.Method, addresses[r.Name], strings.NewReader("{"), "application/json")
			may := false
			for _, n := range r.Needs.Nouns {
				may = may || s.All || s.Nouns[0] == n
			}
			may = may && (r.Needs.Access == scope.Read || s.Access == scope.Write) && (s.All && !s.Modular || !r.Needs.Whole)
			if refused := got.status == http.StatusForbidden && strings.Contains(got.body, refusal); refused == may {
				t.Errorf("%s with %+v: %d %s", r.Name, s, got.status, got.body)
			}
			if may {
				reached[r.Name]++
			}
		}
	}
	for _, r := range routes {
		if reached[r.Name] == 0 || reached[r.Name] == len(scopes) {
			t.Errorf("%s was reached with %d of %d scopes", r.Name, reached[r.Name], len(scopes))
		}
	}
}

// TestATokenLimitedToModulesReachesNothingElse compares what it is answered about things of other modules, byte for byte,
// with what it is answered about things that are not there.
func TestATokenLimitedToModulesReachesNothingElse(t *testing.T) {
	w := newWorld(t)
	open := func(module, subject string) string {
		tk, err := w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: subject, Body: "zibaldone", Module: w.module[module]})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(tk.ID)
	}
	in, out, none := open("csa", "dentro"), open("u-gov/contabilita", "fuori"), open("", "senza modulo")
	w.article(article.Form{Title: "zibaldone dentro", Audience: store.Public})
	w.article(article.Form{Title: "zibaldone fuori", Audience: store.Public, Module: w.module["u-gov/contabilita"]})
	w.article(article.Form{Title: "zibaldone senza", Audience: store.Public, Module: desk0})
	outside := w.attachedTo("u-gov/contabilita")
	w.indexed()
	p := w.scoped(w.people["administrator"], credential.Grant{Scope: scope.Scope{Access: scope.Write, All: true, Modular: true, Modules: []uint64{w.module["csa"]}}})

	for _, list := range []string{"/tickets", "/articles?lang=it", "/search?q=zibaldone&facets=1", "/search?q=fuori&type=ticket"} {
		got, _ := p.call("GET", list, nil)
		p.must(got, 200, "!fuori", "!senza", "!contabilita")
		if !strings.Contains(list, "q=fuori") {
			p.must(got, 200, "dentro")
		}
	}
	same := func(method, path, other string, body any) {
		t.Helper()
		one, _ := p.call(method, path, body)
		two, _ := p.call(method, other, body)
		if one.status != 404 || one.status != two.status || strings.ReplaceAll(one.body, path, "") != strings.ReplaceAll(two.body, other, "") {
			t.Errorf("%s %s: %d %s\nnot there: %d %s", method, path, one.status, one.body, two.status, two.body)
		}
	}
	for _, n := range []string{out, none} {
		same("GET", "/tickets/"+n, "/tickets/99999", nil)
		same("PATCH", "/tickets/"+n, "/tickets/99999", box{"subject": "x"})
		same("POST", "/tickets/"+n+"/messages", "/tickets/99999/messages", box{"body": "x", "internal": true})
		same("POST", "/tickets/"+n+"/attachments?name=a.txt", "/tickets/99999/attachments?name=a.txt", "x")
	}
	same("GET", "/articles/zibaldone-fuori", "/articles/mai-visto", nil)
	same("GET", "/files/"+outside, "/files/99999", nil)
	put, _ := p.call("PUT", "/articles/zibaldone-fuori", box{"title": "mio", "body": "mio", "language": "it", "module": "csa"})
	p.must(put, 404)

	got, _ := p.call("GET", "/tickets/"+in, nil)
	p.must(got, 200, "dentro")
	for _, module := range []string{"", "u-gov/contabilita"} {
		got, _ = p.call("POST", "/tickets", box{"subject": "x", "body": "y", "module": module})
		p.must(got, 422, `"module"`)
		got, _ = p.call("POST", "/articles", box{"title": "x", "body": "y", "language": "it", "format": "text", "module": module})
		p.must(got, 422, `"module"`)
	}
	got, _ = p.call("PATCH", "/tickets/"+in, box{"module": "u-gov/contabilita"})
	p.must(got, 422, `"module"`)
	got, _ = p.call("POST", "/tickets", box{"subject": "x", "body": "y", "module": "csa"})
	p.must(got, 201)
}

// attachedTo opens a ticket of the module with a file, and returns the file's number.
func (w *world) attachedTo(module string) string {
	w.t.Helper()
	f, err := w.app.Desk.Files.Keep(w.as("requester"), "a.txt", strings.NewReader("ciao"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.app.Desk.Tickets.Open(w.as("requester"), ticket.Opening{Subject: "con un allegato", Body: "ciao", Module: w.module[module], Files: []uint64{f.ID}}); err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(f.ID)
}

func TestNobodyUsesATokenFromElsewhere(t *testing.T) {
	w := newWorld(t)
	p := w.people["requester"]
	for _, c := range []struct {
		from []string
		want int
	}{{nil, 200}, {[]string{"127.0.0.0/8", "::1/128"}, 200}, {[]string{"192.0.2.0/24"}, 401}, {[]string{"2001:db8::/32"}, 401}} {
		got, _ := w.scoped(p, credential.Grant{Scope: scope.Whole(), Addresses: c.from}).call("GET", "/tickets", nil)
		if got.status != c.want {
			t.Errorf("taken from %v: %d, want %d", c.from, got.status, c.want)
		}
	}
}

func TestATokenIsMadeWithItsLimitsOnThePage(t *testing.T) {
	w := newWorld(t)
	w.password("requester")
	b := w.signedIn(w.people["requester"])
	make := func(v url.Values) answer {
		v.Set("token_name", "sonda")
		v.Set("password_now", testPassword)
		return b.post("/me/tokens", v)
	}
	b.must(make(url.Values{}), 422, "Scegli almeno una cosa", `!<code id="token">`)
	b.must(make(url.Values{"token_nouns": {"everything"}}), 422, `!<code id="token">`)
	b.must(make(url.Values{"token_nouns": {"tickets"}, "token_access": {"own"}}), 422, `!<code id="token">`)
	b.must(make(url.Values{"token_nouns": {"tickets"}, "token_addresses": {"192.0.2.0/24\nlocalhost"}}), 422, "localhost", `!<code id="token">`, "<details class=\"stack\" open>")
	b.must(make(url.Values{"token_nouns": {"tickets"}, "token_modules": {"99999"}}), 422, `!<code id="token">`)
	b.must(make(url.Values{"token_nouns": {"tickets"}, "token_modules": {itoa(w.module["csa"])}, "token_addresses": {"192.0.2.10"}}), 200, `<code id="token">`,
		"Legge: richieste", "Solo CSA", "192.0.2.10/32")
	list, err := w.app.Desk.People.Tokens(w.as("requester"), w.people["requester"].ID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if s := list[0].Scope; s.Access != scope.Read || s.All || !s.Modular || len(s.Nouns) != 1 {
		t.Errorf("scope %+v", s)
	}
}

func TestTokensAreListedAndEndedByPrograms(t *testing.T) {
	w := newWorld(t)
	p := w.people["requester"]
	own := w.scoped(p, credential.Grant{Name: "sonda", Scope: scope.Scope{Access: scope.Write, Nouns: []scope.Noun{scope.Tokens}}, Addresses: []string{"127.0.0.0/8"}})
	other := w.scoped(w.people["agent"], credential.Grant{Name: "altrui", Scope: scope.Whole()})
	w.service()
	got, list := own.call("GET", "/tokens", nil)
	own.must(got, 200, `"sonda"`, `"127.0.0.0/8"`, `"this":true`, "!altrui", "!hash")
	got, _ = own.call("GET", "/service-accounts", nil)
	own.must(got, 200, "Sonda", "requester@example.it", "agent@example.it")
	got, _ = w.scoped(w.people["participant"], credential.Grant{Scope: scope.Whole()}).call("GET", "/service-accounts", nil)
	own.must(got, 200, "!Sonda")
	id := fmt.Sprint(list["tokens"].([]any)[0].(box)["id"])
	got, _ = other.call("POST", "/tokens/"+id+"/end", nil)
	own.must(got, 404)
	got, _ = own.call("POST", "/tokens/"+id+"/end", nil)
	own.must(got, 200)
	got, _ = own.call("GET", "/tokens", nil)
	own.must(got, 401)
}

func TestAServiceAccountHasItsPages(t *testing.T) {
	w := newWorld(t)
	for _, role := range []string{"requester", "administrator"} {
		w.password(role)
	}
	admin, owner := w.signedIn(w.people["administrator"]), w.signedIn(w.people["requester"])
	admin.must(admin.post("/admin/service-accounts", url.Values{"name": {"Sonda"}, "email": {"sonda@example.it"}, "owner_1": {"requester@example.it"}, "owner_2": {"requester@example.it"}}), 422, "due persone diverse")
	admin.must(admin.post("/admin/service-accounts", url.Values{"name": {"Sonda"}, "email": {"sonda@example.it"}, "owner_1": {"requester@example.it"}, "owner_2": {"agent@example.it"}}), 303)
	admin.must(admin.get("/admin/service-accounts"), 200, "Sonda", "Ada Neri e Bruno Galli")
	list, err := w.app.Desk.People.Services(w.as("requester"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	at := "/service-accounts/" + itoa(list[0].ID)
	owner.must(owner.get("/me"), 200, at)
	owner.must(owner.get(at), 200, "Sonda", "Bruno Galli")
	owner.must(owner.post(at+"/tokens", url.Values{"token_name": {"letture"}, "token_nouns": {"tickets"}, "password_now": {testPassword}}), 200, `<code id="token">`)
	admin.must(admin.get(at), 200, "letture", `!id="token_name"`)
	admin.must(admin.post(at+"/tokens", url.Values{"token_name": {"letture"}, "token_nouns": {"tickets"}, "password_now": {testPassword}}), 404)
	stranger := w.visitor("stranger")
	stranger.must(stranger.get(at), 404)
	stranger.must(stranger.post(at+"/owners", url.Values{"owner_1": {"stranger@example.it"}, "owner_2": {"agent@example.it"}}), 404)
	owner.must(owner.post(at+"/owners", url.Values{"owner_1": {"requester@example.it"}, "owner_2": {"participant@example.it"}}), 403)
	admin.must(admin.post(at+"/owners", url.Values{"owner_1": {"requester@example.it"}, "owner_2": {"participant@example.it"}}), 303)
	tokens, err := w.app.Desk.People.Tokens(w.as("requester"), list[0].ID)
	if err != nil || len(tokens) != 1 {
		t.Fatal(tokens, err)
	}
	owner.must(owner.post(at+"/tokens/"+itoa(tokens[0].ID)+"/revoke", nil), 303)
}
