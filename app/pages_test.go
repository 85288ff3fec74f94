package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"sportello/app"
	"sportello/app/web"
)

// pages are the routes that answer a GET with a page.
func pages(a *app.App) []web.Route {
	var out []web.Route
	for _, r := range a.Site.Routes {
		if r.Method == http.MethodGet && !strings.HasPrefix(r.Path, "/api/") && !strings.HasPrefix(r.Path, "/assets/") && r.Path != "/live" {
			out = append(out, r)
		}
	}
	return out
}

// reader is the first of the cast that the route is for, with the widest rights that still see it as its public does.
func reader(r web.Route) []string {
	switch r.Who {
	case web.Guest:
		return []string{"nobody", "requester"}
	case web.Person:
		return []string{"requester", "agent", "coordinator"}
	case web.Agent:
		return []string{"agent"}
	case web.Writer:
		return []string{"editor"}
	case web.Supervisor:
		return []string{"supervisor", "administrator"}
	}
	return []string{"administrator"}
}

func TestEveryPageIsWellFormedInBothLanguagesFullAndEmpty(t *testing.T) {
	full := newWorld(t)
	empty := newTestDesk(t)
	empty.add("Anna Monti", administratorForm)
	for _, r := range pages(full.app) {
		for _, role := range reader(r) {
			address := full.address(r)
			for _, lang := range []string{"it", "en"} {
				b := full.visitor(role)
				b.header.Set("Accept-Language", lang)
				got := b.get(address)
				if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
					continue
				}
				if got.status >= 400 && got.status != 404 {
					t.Errorf("%s as %s in %s: %d", r.Name, role, lang, got.status)
				}
				for _, wrong := range malformed(got.body) {
					t.Errorf("%s as %s in %s (%s): %s", r.Name, role, lang, address, wrong)
				}
				if strings.HasPrefix(got.body, "<!") && !strings.Contains(got.body, `<html lang="`+lang) {
					t.Errorf("%s as %s: page is not in %s", r.Name, role, lang)
				}
				head, _, whole := strings.Cut(got.body, "<main")
				if who := full.people[role]; who != nil && whole && !strings.Contains(head, html.EscapeString(who.Name)) {
					t.Errorf("%s as %s: the head names somebody else", r.Name, role)
				}
			}
		}
	}
	b := empty.browser()
	signed := empty.signedIn(empty.person("anna.monti@example.it"))
	for _, r := range pages(empty.app) {
		if strings.ContainsAny(r.Path, ":*") {
			continue
		}
		for _, lang := range []string{"it", "en"} {
			for _, who := range []*browser{b, signed} {
				who.header.Set("Accept-Language", lang)
				got := who.get(r.Path)
				if got.status >= 500 {
					t.Errorf("%s on an empty desk: %d", r.Name, got.status)
				}
				if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
					for _, wrong := range malformed(got.body) {
						t.Errorf("%s on an empty desk in %s: %s", r.Name, lang, wrong)
					}
				}
			}
		}
	}
}

var void = map[string]bool{"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true,
	"source": true, "track": true, "wbr": true, "path": true, "circle": true, "rect": true, "line": true, "polyline": true, "use": true}

// malformed tells what is wrong with a page or a piece of one: tags that do not close, ids that stand twice, labels
// without a control, scripts or styles in the page, templates that failed.
func malformed(page string) []string {
	var wrong []string
	var open []string
	ids, fors := map[string]bool{}, map[string]bool{}
	h1 := 0
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		tok := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			if tok.Data == "h1" {
				h1++
			}
			for _, a := range tok.Attr {
				switch {
				case a.Key == "id" && ids[a.Val]:
					wrong = append(wrong, "id "+a.Val+" stands twice")
				case a.Key == "id":
					ids[a.Val] = true
				case a.Key == "for":
					fors[a.Val] = true
				case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
					wrong = append(wrong, fmt.Sprintf("<%s %s>", tok.Data, a.Key))
				case strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Val)), "javascript:"):
					wrong = append(wrong, "a javascript: address")
				}
			}
			if tok.Data == "script" && attr(tok, "src") == "" || tok.Data == "style" {
				wrong = append(wrong, "<"+tok.Data+"> in the page")
			}
			if kind == html.StartTagToken && !void[tok.Data] {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				wrong = append(wrong, fmt.Sprintf("</%s> closes %v", tok.Data, open[max(0, len(open)-3):]))
				return wrong
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		wrong = append(wrong, fmt.Sprintf("not closed: %v", open))
	}
	for f := range fors {
		if !ids[f] {
			wrong = append(wrong, "a label for "+f+", which is not there")
		}
	}
	if strings.HasPrefix(page, "<!") && h1 != 1 {
		wrong = append(wrong, fmt.Sprintf("%d headings of the first level", h1))
	}
	for _, s := range []string{"%!", "&lt;nil&gt;", "no value", "ZgotmplZ"} {
		if strings.Contains(page, s) {
			wrong = append(wrong, "it says "+s)
		}
	}
	return wrong
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
