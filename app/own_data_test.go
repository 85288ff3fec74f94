package app_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"sportello/store"
	"sportello/store/db"
)

// TestPeopleTakeTheirOwnData: by page after the password, by program with a token; others are answered as for a number that
// does not exist.
func TestPeopleTakeTheirOwnData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, id := w.visitor("requester"), w.people["requester"].ID

	stranger := w.caller(w.people["stranger"])
	there, of := stranger.call("GET", fmt.Sprintf("/people/%d/data", id), nil)
	not, nobody := stranger.call("GET", "/people/999999/data", nil)
	if there.status != 404 || not.status != 404 || fmt.Sprint(of["title"], of["key"]) != fmt.Sprint(nobody["title"], nobody["key"]) {
		t.Errorf("a stranger is told %d %v, and %d %v of nobody", there.status, of, not.status, nobody)
	}
	for _, role := range []string{"agent", "coordinator", "supervisor"} {
		if got, _ := w.caller(w.people[role]).call("GET", fmt.Sprintf("/people/%d/data", id), nil); got.status != 404 {
			t.Errorf("the %s is answered %d", role, got.status)
		}
	}

	ada.must(ada.get("/me/data"), 200, "<h1>I tuoi dati</h1>", `action="/me/data/export"`, "note interne")
	files := unzipped(t, ada.post("/me/data/export", url.Values{}).body)
	if !strings.Contains(files["index.html"], `lang="it"`) || !strings.Contains(files["people.html"], w.people["requester"].Email) {
		t.Errorf("the archive is not theirs: %.300s", files["people.html"])
	}
	for name, text := range files {
		if strings.Contains(text, w.people["stranger"].Email) || strings.Contains(text, "argon2id") {
			t.Errorf("%s holds what is not theirs, or a secret", name)
		}
	}

	root := w.caller(w.people["administrator"])
	got := root.do("GET", fmt.Sprintf("/api/v1/people/%d/data", id), nil, "")
	if got.status != 200 || len(unzipped(t, got.body)) != len(files) {
		t.Errorf("an administrator is answered %d", got.status)
	}
	var by []uint64
	must(t, w.app.Store.View(func(tx *db.Tx) error {
		for e, err := range store.AuditEntries.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if e.Kind == store.AuditExport && e.Of == id {
				by = append(by, e.By)
			}
		}
		return nil
	}))
	if fmt.Sprint(by) != fmt.Sprint([]uint64{id, w.people["administrator"].ID}) {
		t.Errorf("the audit log tells of %v", by)
	}

}

// unzipped returns the files of an archive by their names.
func unzipped(t *testing.T, body string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	must(t, err)
	out := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		must(t, err)
		raw, err := io.ReadAll(in)
		must(t, err)
		out[f.Name] = string(raw)
	}
	return out
}
