package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// TestWhateverGoesWrongUnderTheAPIIsAProblemDocument asks the API, by the wire, for everything that it refuses, also
// before it knows for certain what was asked.
func TestWhateverGoesWrongUnderTheAPIIsAProblemDocument(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, func(c *config.Config) {
		c.Trial.HeadTime, c.Trial.BodyTime = 700*time.Millisecond, 700*time.Millisecond
	})
	token := func(name string, f people.Form) string {
		secret, _, err := d.app.Desk.Keeper().NewToken(db.By{Via: door.Command}, d.add(name, f).ID, "test")
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	admin, requester := token("Ada Neri", people.Form{Administrator: true}), token("Rita Bianchi", people.Form{})
	a := d.caller(nil)
	a.header.Set("Authorization", "Bearer "+admin)
	if got, _ := a.call(http.MethodPost, "/tickets", box{"subject": "Una richiesta", "body": "testo"}); got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	host := strings.TrimPrefix(d.url, "http://")
	ask := func(token, line string, rest ...string) string {
		head := line + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n"
		if token != "" {
			head += "Authorization: Bearer " + token + "\r\n"
		}
		return head + strings.Join(rest, "")
	}
	body := func(kind, text string) string {
		return fmt.Sprintf("Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(text), text)
	}
	boundary := "multipart/form-data; boundary=x"
	none := "\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"not signed in":                       {ask("", "GET /api/v1/tickets", none), 401},
		"a token that is none":                {ask("xyz", "GET /api/v1/tickets", none), 401},
		"no bearer":                           {ask("", "GET /api/v1/tickets", "Authorization: Basic eDp5\r\n", none), 401},
		"a body without a token":              {ask("", "POST /api/v1/tickets", body("application/json", `{"subject":"x"}`)), 401},
		"a right that is missing":             {ask(requester, "POST /api/v1/tickets", body("application/json", `{"subject":"x","body":"y","group":"generale"}`)), 403},
		"a number that is nobody's":           {ask(admin, "GET /api/v1/tickets/999", none), 404},
		"a number that is none":               {ask(admin, "GET /api/v1/tickets/abc", none), 404},
		"a slug that is nobody's":             {ask(admin, "GET /api/v1/articles/nessuno", none), 404},
		"no such route":                       {ask(admin, "GET /api/v1/nothing", none), 404},
		"no such route, and nobody":           {ask("", "GET /api/v1/nothing", none), 404},
		"the API itself":                      {ask(admin, "GET /api", none), 404},
		"the version itself":                  {ask(admin, "GET /api/v1", none), 404},
		"a slash too much":                    {ask(admin, "POST /api/v1/tickets/", body("application/json", "{}")), 404},
		"another version":                     {ask(admin, "GET /api/v2/tickets", none), 404},
		"a method that is not taken":          {ask(admin, "DELETE /api/v1/tickets/1", none), 405},
		"a method that is none":               {ask(admin, "FLY /api/v1/tickets", none), 400},
		"what may be asked":                   {ask(admin, "OPTIONS /api/v1/tickets", none), 405},
		"a trace":                             {ask(admin, "TRACE /api/v1/tickets", none), 405},
		"a stale revision":                    {ask(admin, "PATCH /api/v1/tickets/1", body("application/json", `{"rev":999,"subject":"z"}`)), 409},
		"no JSON":                             {ask(admin, "POST /api/v1/tickets", body("application/json", `{"subject":`)), 422},
		"nothing at all":                      {ask(admin, "POST /api/v1/tickets", body("application/json", "")), 422},
		"an unknown member":                   {ask(admin, "POST /api/v1/tickets", body("application/json", `{"subject":"x","body":"y","fly":1}`)), 422},
		"a member of another kind":            {ask(admin, "POST /api/v1/tickets", body("application/json", `{"subject":7}`)), 422},
		"bytes that are no text":              {ask(admin, "POST /api/v1/tickets", body("application/json", "{\"subject\":\"\xff\",\"body\":\"y\"}")), 422},
		"half a character":                    {ask(admin, "POST /api/v1/tickets", body("application/json", `{"subject":"\ud800","body":"y"}`)), 422},
		"a filter that is wrong":              {ask(admin, "GET /api/v1/tickets?state=flying", none), 422},
		"a limit that is none":                {ask(admin, "GET /api/v1/tickets?limit=x", none), 422},
		"a form instead of JSON":              {ask(admin, "POST /api/v1/tickets", body("application/x-www-form-urlencoded", "subject=x")), 422},
		"multipart without its boundary":      {ask(admin, "POST /api/v1/tickets/1/attachments", body("multipart/form-data", "x")), 422},
		"multipart that ends in the middle":   {ask(admin, "POST /api/v1/tickets/1/attachments", body(boundary, "--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nabc")), 422},
		"multipart that is none":              {ask(admin, "POST /api/v1/tickets/1/attachments", body(boundary, "abc")), 422},
		"a body in another coding":            {ask(admin, "POST /api/v1/tickets", "Content-Encoding: gzip\r\n", body("application/json", "{}")), 415},
		"a body that is too large":            {ask(admin, "POST /api/v1/tickets", "Content-Length: 900000000\r\n", none), 413},
		"too large, and nobody":               {ask("", "POST /api/v1/tickets", "Content-Length: 900000\r\n", none), 401},
		"too large for a small route":         {ask(admin, "POST /api/v1/tickets/1/beside/1", "Content-Length: 900000\r\n", none, strings.Repeat(" ", 900000)), 413},
		"too large, in pieces":                {ask(admin, "POST /api/v1/tickets/1/beside/1", "Transfer-Encoding: chunked\r\n\r\n", "200000\r\n", strings.Repeat(" ", 0x200000), "\r\n0\r\n\r\n"), 413},
		"pieces that are none":                {ask(admin, "POST /api/v1/tickets", "Transfer-Encoding: chunked\r\n\r\n", "xyz\r\n"), 400},
		"a body that does not come":           {ask(admin, "POST /api/v1/tickets", "Content-Length: 100\r\n", none), 408},
		"a body that stops":                   {ask(admin, "POST /api/v1/tickets", "Content-Length: 100\r\n", none, `{"subject"`), 408},
		"a head that stops":                   {"POST /api/v1/tickets HTTP/1.1\r\nHost: " + host + "\r\n", 408},
		"a line that is no header":            {ask(admin, "GET /api/v1/tickets", "no header\r\n", none), 400},
		"a name that is none":                 {ask(admin, "GET /api/v1/tickets", "a b: c\r\n", none), 400},
		"two lengths":                         {ask(admin, "POST /api/v1/tickets", "Content-Length: 2\r\nContent-Length: 3\r\n", none, "{}"), 400},
		"a length and pieces":                 {ask(admin, "POST /api/v1/tickets", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", none, "0\r\n\r\n"), 400},
		"a length that is none":               {ask(admin, "POST /api/v1/tickets", "Content-Length: x\r\n", none), 400},
		"two hosts":                           {"GET /api/v1/tickets HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"no host":                             {"GET /api/v1/tickets HTTP/1.1\r\n\r\n", 400},
		"a head that is too long":             {ask(admin, "GET /api/v1/tickets", "X-Long: "+strings.Repeat("x", 40<<10)+"\r\n", none), 431},
		"an address that is too long":         {ask(admin, "GET /api/v1/tickets?q="+strings.Repeat("x", 40<<10), none), 431},
		"another version of HTTP":             {"GET /api/v1/tickets HTTP/9.9\r\nHost: " + host + "\r\n\r\n", 400},
		"an expectation that is not met":      {ask("", "POST /api/v1/tickets", "Content-Length: 900000\r\nExpect: 100-continue\r\n", none), 401},
		"a key that is too long, and nothing": {ask(admin, "POST /api/v1/tickets", "Idempotency-Key: "+strings.Repeat("k", 500)+"\r\n", body("application/json", `{"subject":"x","body":"y"}`)), 422},
	} {
		t.Run(name, func(t *testing.T) {
			status, header, raw := d.raw(c.request)
			var doc struct {
				Type, Title string
				Status      int
			}
			if err := json.Unmarshal([]byte(raw), &doc); err != nil || header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("%d %s: %v\n%.300s", status, header.Get("Content-Type"), err, raw)
			}
			if status != c.status || doc.Status != status || doc.Type != "about:blank" || doc.Title == "" {
				t.Errorf("%d, want %d: %s", status, c.status, raw)
			}
			if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("the headers are %v", header)
			}
		})
	}
	// Who only asks for the head gets that of the same answer.
	for _, path := range []string{"/api/v1/nothing", "/api/v1/tickets/999", "/api/v2/x"} {
		got := a.do(http.MethodHead, path, nil, "")
		if got.header.Get("Content-Type") != "application/problem+json" || got.body != "" || got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
			t.Errorf("HEAD %s: %d %v %q", path, got.status, got.header, got.body)
		}
	}
	// And pages stay pages.
	for _, request := range []string{"GET /nothing HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", "GET /apis HTTP/1.1\r\nHost: " + host + "\r\nno header\r\n\r\n",
		"GET /?/api/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"} {
		if status, header, _ := d.raw(request); strings.Contains(header.Get("Content-Type"), "json") {
			t.Errorf("%q: %d %v", request, status, header)
		}
	}
}

func TestAFaultUnderTheAPIIsAProblemDocument(t *testing.T) {
	d := newTestDesk(t)
	for name, h := range map[string]func(*web.Request) error{
		"panic":       func(*web.Request) error { panic("secret") },
		"unavailable": func(*web.Request) error { return fault.New(fault.Unavailable, "error.disk") },
		"too many":    func(*web.Request) error { return fault.New(fault.TooMany, "error.too-many", "seconds", 3) },
	} {
		got := d.ask(failing(d, "/api/v1/fails", h), "/api/v1/fails")
		if got.header.Get("Content-Type") != "application/problem+json" || strings.Contains(got.body, "secret") || got.status < 400 {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
	}
}
