package app_test

import (
	"net/url"
	"regexp"
	"testing"

	"sportello/app/desk/people"
)

func TestSynonymsAreEditedInTheBrowser(t *testing.T) {
	d := newTestDesk(t)
	b := d.signedIn(d.add("Ada Neri", people.Form{Administrator: true}))
	page := b.get("/admin/synonyms")
	b.must(page, 200, "cedolino, busta paga", "payslip, pay slip", "Sinonimi")
	rev := regexp.MustCompile(`name="rev" value="([^"]+)"`).FindStringSubmatch(page.body)
	if rev == nil {
		t.Fatal("no mark")
	}
	form := url.Values{"rev": {rev[1]}, "synonyms-it": {"badge, tesserino\r\nsola"}, "synonyms-en": {""}}
	b.must(b.post("/admin/synonyms", form), 422, "sola", "badge, tesserino")
	form.Set("synonyms-it", "badge, tesserino")
	if got := b.post("/admin/synonyms", form); got.status != 303 {
		t.Fatalf("saving: %d", got.status)
	}
	b.must(b.get("/admin/synonyms"), 200, "badge, tesserino")
	b.must(b.post("/admin/synonyms", form), 409, "badge, tesserino") // the list is another one now
	b.must(b.get("/admin/changes"), 200, "ha modificato i sinonimi")
}
