package app_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"sportello/store"
)

// TestTheAuditLogIsReadByPageAndByProgram: an administrator opens it after saying who they are, filters it, takes it away as a
// file in which each entry follows the one before, and reads the same over the API.
func TestTheAuditLogIsReadByPageAndByProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.visitor("requester").get("/admin/audit") // refused, and written down
	root := w.visitor("administrator")
	page := root.get("/admin/audit")
	root.must(page, 200, "Registro di controllo")
	if !strings.Contains(page.body, "Rifiuto") || !strings.Contains(page.body, "/admin/audit") || !strings.Contains(page.body, w.people["requester"].Name) {
		t.Errorf("the refusal is not there:\n%s", page.body)
	}
	refused := "kind=refusal&person=" + url.QueryEscape(w.people["requester"].Email)
	root.must(root.get("/admin/audit?"+refused), 200, w.people["requester"].Name)
	if other := root.get("/admin/audit?kind=refusal&person=" + url.QueryEscape(w.people["agent"].Email)); strings.Contains(other.body, w.people["requester"].Name) {
		t.Error("the filter lets others through")
	}
	root.must(root.get("/admin/audit?person=nessuno@example.it"), 422, "Questa persona non c", `value="nessuno@example.it"`)
	root.must(root.get("/admin/audit?from=ieri"), 422, `value="ieri"`)
	root.must(root.get("/admin/audit?kind=refusal&until=2001-01-01"), 200, "Nessuna voce")

	file := root.post("/admin/audit/export", url.Values{})
	root.must(file, 200)
	type line struct {
		Number                  uint64
		Kind, What, Before, Sum string
		By                      uint64
		Words                   map[string]any
		Salt, Digest            string
		At                      time.Time
	}
	var lines []line
	for _, raw := range strings.Split(strings.TrimSpace(file.body), "\n") {
		var l line
		must(t, json.Unmarshal([]byte(raw), &l))
		if n := len(lines); n > 0 && (l.Before != lines[n-1].Sum || l.Number <= lines[n-1].Number) {
			t.Errorf("entry %d does not follow entry %d", l.Number, lines[n-1].Number)
		}
		lines = append(lines, l)
	}
	last := lines[len(lines)-1]
	if last.Kind != store.AuditExport.String() || last.By != w.people["administrator"].ID {
		t.Errorf("the export does not tell of itself: %+v", last)
	}

	c := w.caller(w.people["administrator"])
	got, list := c.call("GET", "/audit?"+refused+"&limit=1", nil)
	entries, _ := list["entries"].([]any)
	head, _ := list["head"].(map[string]any)
	if got.status != 200 || len(entries) != 1 || head["sum"] == "" || fmt.Sprint(entries[0].(map[string]any)["by"]) != fmt.Sprint(w.people["requester"].ID) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got, _ := w.caller(w.people["requester"]).call("GET", "/audit", nil); got.status != 403 {
		t.Errorf("a requester's token reads the log: %d", got.status)
	}
}

// TestTheAuditLogIsClosedToWhoSignedInLongAgo: who finds an open browser reads nothing.
func TestTheAuditLogIsClosedToWhoSignedInLongAgo(t *testing.T) {
	t.Parallel()
	d := newConfirmDesk(t)
	root := d.signedIn(d.admin)
	root.must(root.get("/admin/audit"), 200, "<table")
	d.pass(time.Hour)
	page := root.get("/admin/audit")
	root.must(page, 200, "Apri il registro")
	if strings.Contains(page.body, "<table") {
		t.Error("the log is shown")
	}
	root.must(root.post("/admin/audit/export", url.Values{}), 401, "password_now")
	root.must(root.post("/admin/audit", url.Values{}), 401, "password_now")
	root.must(root.post("/admin/audit", url.Values{"password_now": {testPassword}}), 303)
	root.must(root.get("/admin/audit"), 200, "<table")
}
