package app_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/door"
)

// crowd adds people with long names and addresses, all of them agents of the group.
func (w *world) crowd(n int, group uint64) {
	w.t.Helper()
	for i := range n {
		f := people.Form{Groups: []store.Membership{{Group: group}}, Email: fmt.Sprintf("annamaria.bartolomeipasquinelli.%03d@dipartimento.ateneo.example.it", i)}
		f.Name = fmt.Sprintf("Annamaria Vittoria Bartolomei Pasquinelli della Rovere %03d", i)
		_, _, err := w.app.Desk.People.Add(policy.Actor{Via: door.Command, System: true}, f)
		must(w.t, err)
	}
}

var crowdName = regexp.MustCompile(`>(Annamaria Vittoria Bartolomei Pasquinelli della Rovere \d{3})</a>`)

var nextPeople = regexp.MustCompile(`<a class="btn btn-s" href="([^"]+[?&;]after=[^"]+)"`)

// TestListsOfPeopleComeInPages: however many there are, a page shows some and leads on, and each stands on one page.
func TestListsOfPeopleComeInPages(t *testing.T) {
	w := newWorld(t)
	w.crowd(120, w.group["csa"])
	for _, list := range []string{"/admin/people", address.Admin("groups", w.group["csa"])} {
		for _, role := range []string{"administrator", "supervisor"} {
			seen, b, pages := map[string]int{}, w.visitor(role), 0
			for at := list; at != ""; pages++ {
				got := b.get(at)
				if got.status != 200 || pages > 20 {
					t.Fatalf("%s, %s: %d after %d pages", role, at, got.status, pages)
				}
				names := crowdName.FindAllStringSubmatch(got.body, -1)
				if len(names) > 60 {
					t.Errorf("%s, %s: a page of %d", role, at, len(names))
				}
				for _, m := range names {
					seen[m[1]]++
				}
				at = ""
				if m := nextPeople.FindStringSubmatch(got.body); m != nil {
					at = strings.ReplaceAll(m[1], "&amp;", "&")
				}
			}
			if len(seen) != 120 || pages < 3 {
				t.Errorf("%s, %s: %d of 120 on %d pages", role, list, len(seen), pages)
			}
			for name, n := range seen {
				if n != 1 {
					t.Errorf("%s, %s: %s stands there %d times", role, list, name, n)
				}
			}
		}
	}
}

// TestListsOfPeopleFit: nothing has to be scrolled sideways, on a telephone or on a desk.
func TestListsOfPeopleFit(t *testing.T) {
	w := newWorld(t)
	w.crowd(3, w.group["csa"])
	s := w.walkAs(t, "administrator", true)
	for _, list := range []string{"/admin/people", address.Admin("groups", w.group["csa"])} {
		for _, width := range []int64{360, 1280} {
			var over string
			s.run(emulation.SetDeviceMetricsOverride(width, 900, 1, false), chromedp.Navigate(w.url+list), chromedp.WaitReady("main"),
				chromedp.Evaluate(`[...document.querySelectorAll('.table-box')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.tagName + ' ' + e.scrollWidth + ' > ' + e.clientWidth).join(', ')`, &over))
			if over != "" {
				t.Errorf("%s at %d: %s", list, width, over)
			}
		}
	}
}
