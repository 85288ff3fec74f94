package app_test

import (
	"regexp"
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/words"
	"sportello/assets"
	"sportello/store"
)

func TestSettlingChangesNoPage(t *testing.T) {
	d := newTestDesk(t)
	admin := d.add("Anna Neri", people.Form{Administrator: true, Groups: d.memberOf(store.GeneralGroup)})
	for range 3 {
		if _, err := d.app.Desk.Tickets.Open(policy.Actor{Person: admin}, ticket.Opening{Subject: `Una "prova" & <altro>`, Body: "Testo"}); err != nil {
			t.Fatal(err)
		}
	}
	settled := d.app.Site.Engine
	plain, err := web.NewEngine(assets.FS, nil, false)
	must(t, err)
	b, guest := d.signedIn(admin), d.browser()
	for _, lang := range words.Languages {
		for _, w := range []struct {
			b    *browser
			path string
		}{{guest, "/"}, {guest, "/sign-in"}, {guest, "/articles"}, {guest, "/nowhere"}, {b, "/"}, {b, "/tickets"}, {b, "/tickets/new?module=-"}, {b, "/tickets/1"},
			{b, "/desk/all"}, {b, "/desk/help"}, {b, "/search?q=prova"}, {b, "/notices"}, {b, "/me"}, {b, "/admin/people"}, {b, "/admin/mailboxes"}, {b, "/admin/groups"}, {b, "/admin/priorities"}} {
			w.b.header.Set("Accept-Language", lang)
			d.app.Site.Engine = plain
			want := w.b.get(w.path)
			d.app.Site.Engine = settled
			got := w.b.get(w.path)
			if strings.ReplaceAll(sameText(got.body), "\n", "") != strings.ReplaceAll(sameText(want.body), "\n", "") || got.body == "" {
				t.Errorf("%s %s differs: %s", lang, w.path, firstDifference(sameText(want.body), sameText(got.body)))
			}
		}
	}
}

var random = regexp.MustCompile(`[0-9a-f]{32,}|name="once" value="[^"]*"`)

// sameText leaves out what is random, and writes the quotes of both escapers alike.
func sameText(s string) string {
	return strings.ReplaceAll(random.ReplaceAllString(s, "x"), "&#34;", "&quot;")
}

func firstDifference(a, b string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			from := max(0, i-60)
			return "…" + a[from:min(len(a), i+60)] + "…\n…" + b[from:min(len(b), i+60)] + "…"
		}
	}
	return "one is longer"
}
