package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/words"
	"sportello/store/fault"
)

func TestEveryKindOfErrorHasItsStatusAndItsHeading(t *testing.T) {
	d := dictionaryOf(t)
	for kind, status := range map[fault.Kind]int{fault.Internal: 500, fault.Invalid: 422, fault.NotFound: 404, fault.Conflict: 409, fault.Denied: 403,
		fault.SignIn: 401, fault.TooLarge: 413, fault.TooMany: 429, fault.Unavailable: 503} {
		if web.StatusOf[kind] != status {
			t.Errorf("%s: %d, want %d", kind, web.StatusOf[kind], status)
		}
		for _, lang := range words.Languages {
			if !d.Has(lang, "error.heading-"+kind.String()) || !d.Has(lang, "error."+kind.String()) {
				t.Errorf("%s has no sentence in %s", kind, lang)
			}
		}
	}
	if len(web.StatusOf) != 9 {
		t.Errorf("the table has %d kinds", len(web.StatusOf))
	}
}

func TestErrorsBecomePagesOrProblemDocuments(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	for _, c := range []struct {
		err    error
		status int
		page   string
		key    string
	}{
		{fault.New(fault.NotFound, "error.not-found"), 404, "Questa pagina non c&#39;è", ""},
		{fmt.Errorf("desk: look: %w", fault.New(fault.Denied, "error.denied")), 403, "Non puoi farlo", ""},
		{fault.New(fault.Conflict, "error.changed-meanwhile"), 409, "mentre scrivevi", ""},
		{fault.Problems{fault.New(fault.Invalid, "error.required").At("name"), fault.New(fault.Invalid, "error.email").At("email")}, 422, "Scrivi qualcosa qui. Non è un indirizzo e-mail.", "error.required"},
		{fault.New(fault.TooMany, "error.too-many", "seconds", 7), 429, "tra 7 secondi", ""},
		{&fault.Error{Kind: fault.Unavailable, Key: "error.disk", Err: errors.New("secret")}, 503, "Riferimento", ""},
		{errors.New("secret"), 500, "Riferimento", ""},
		{fiber.ErrRequestEntityTooLarge, 413, "troppo grande", ""},
		{fiber.ErrMethodNotAllowed, 405, "Questa pagina non c&#39;è", ""},
	} {
		f := failing(d, "/fails", func(*web.Request) error { return c.err })
		a := d.ask(f, "/fails")
		b.must(a, c.status, c.page, "!secret")
		if c.status == 429 && a.header.Get("Retry-After") != "7" {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
		f = failing(d, "/api/v1/fails", func(*web.Request) error { return c.err })
		a = d.ask(f, "/api/v1/fails", "Accept-Language", "en")
		var doc web.ProblemDocument
		if err := json.Unmarshal([]byte(a.body), &doc); err != nil || a.header.Get("Content-Type") != "application/problem+json" || doc.Status != c.status || a.status != c.status {
			t.Errorf("%v: %s %d %s", c.err, a.header.Get("Content-Type"), a.status, a.body)
		}
		if strings.Contains(a.body, "secret") {
			t.Errorf("%v: the cause is told: %s", c.err, a.body)
		}
		if c.key != "" && (len(doc.Errors) != 2 || doc.Errors[0].Key != c.key || doc.Errors[0].Field != "name") {
			t.Errorf("%v: %s", c.err, a.body)
		}
	}
}

func TestWhoIsNotSignedInIsAskedTo(t *testing.T) {
	d := newTestDesk(t)
	fail := func(*web.Request) error { return fault.New(fault.SignIn, "error.sign-in-needed") }
	a := d.ask(failing(d, "/fails", fail), "/fails?x=1")
	if a.status != 303 || a.header.Get("Location") != "/sign-in?next=%2Ffails%3Fx%3D1" {
		t.Errorf("a page leads to %d %s", a.status, a.header.Get("Location"))
	}
	if a := d.ask(failing(d, "/fails", fail), "/fails", "Sec-Fetch-Mode", "cors"); a.status != 401 || strings.Contains(a.body, "<html") {
		t.Errorf("a script gets %d %s", a.status, a.body)
	}
	if a := d.ask(failing(d, "/api/v1/fails", fail), "/api/v1/fails"); a.status != 401 || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("a program gets %d %v", a.status, a.header)
	}
}

func TestTextIsNotLostToAConflictOrAFault(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.signedIn(p)
	// The newest session is ended by its number, which is none of theirs: the error page answers a POST with text.
	a := b.post("/me/sessions/999999/end", url.Values{"body": {"un testo lungo che qualcuno ha scritto"}, "password": {"a secret with spaces in it"}})
	b.must(a, http.StatusNotFound, "!a secret with spaces")
	for kind, status := range map[fault.Kind]int{fault.Conflict: 409, fault.Internal: 500} {
		d.app.Site.Routes = append([]web.Route{web.Post("/fails", "test.fails", web.Guest, func(*web.Request) error { return fault.New(kind, "error."+kind.String()) }, "/me")}, d.app.Site.Routes...)
		f := d.app.Site.Server()
		d.app.Site.Routes = d.app.Site.Routes[1:]
		q, err := http.NewRequest(http.MethodPost, "http://desk/fails", strings.NewReader(url.Values{"body": {"un testo <b>lungo</b> che qualcuno ha scritto"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Sec-Fetch-Site", "same-origin")
		q.Header.Set("Sec-Fetch-Mode", "navigate")
		resp, err := f.Test(q, -1)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		b.must(answer{resp.StatusCode, resp.Header, string(body)}, status, "un testo &lt;b&gt;lungo", `href="/me"`)
	}
}
