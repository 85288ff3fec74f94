package app_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sportello/store/db"
	"sportello/store/door"
)

// TestNobodysNameIsTooShortTooLongOrTooStrange adds people of unusual names on the page, and finds each whole on every page
// and in every answer that names people, and in the list of the organisation by the first letters of the name.
func TestNobodysNameIsTooShortTooLongOrTooStrange(t *testing.T) {
	t.Parallel()
	d := newHatDesk(t)
	admin := d.signedIn(d.person("anna.monti@example.it"))
	for i, name := range []string{"D'Angelo", "De' Medici", "O", "王", "Ni\u00f1a O\u2019Brien-\u0141\u00f3\u015b", strings.Repeat("L", 200)} {
		email := fmt.Sprintf("nome%d@example.it", i)
		form := url.Values{"name": {name}, "email": {email}, "language": {"it"}, "hat-1-place": {"o" + itoa(d.ada.Affiliations[0].Organisation)}, "hat-2-place": {"o" + itoa(d.ada.Affiliations[1].Organisation)}}
		if got := admin.post("/admin/people", form); got.status >= 400 {
			t.Errorf("%.20s cannot be added: %d", name, got.status)
			continue
		}
		shown := html.EscapeString(name)
		p := d.person(email)
		first := url.QueryEscape(string([]rune(name)[:1]))
		admin.must(admin.get(fmt.Sprintf("/admin/people/%d", p.ID)), http.StatusOK, shown)
		admin.must(admin.get("/admin/people?q="+first), http.StatusOK, shown)
		rita := d.signedIn(d.person("rita@example.it"))
		rita.must(rita.get("/organisations/ateneo/people?q="+first), http.StatusOK, shown)
		must(t, d.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, testPassword))
		who := d.signedIn(p)
		who.must(who.get("/"), http.StatusOK, shown)
		who.must(who.get("/me"), http.StatusOK, shown)
		if got := d.rita.do("GET", "/api/v1/organisations/ateneo/people", nil, ""); !strings.Contains(got.body, `"name":"`+name+`"`) {
			t.Errorf("%.20s is not in the answer %.300s", name, got.body)
		}
	}
	for _, name := range []string{"", " \t ", strings.Repeat("L", 201)} {
		if got := admin.post("/admin/people", url.Values{"name": {name}, "email": {"nessuno@example.it"}, "language": {"it"}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%.20q is taken: %d", name, got.status)
		}
	}
}
