package app_test

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/door"
)

// holding returns the files of the data folder in which one of the words stands, whatever its capitals.
func holding(t *testing.T, dir string, words ...string) (out []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(bytes.ToLower(raw), []byte(w)) {
				out = append(out, filepath.Base(path)+" "+w)
			}
		}
		return err
	}))
	return out
}

// TestNoFileOfTheDeskHoldsWhatWasErased erases somebody and a ticket in the browser, and after the night reads every file of the
// data folder for their words. A word that stays is still there: the test would find it.
func TestNoFileOfTheDeskHoldsWhatWasErased(t *testing.T) {
	t.Parallel()
	var dir string
	d := newTestDesk(t, func(c *config.Config) { dir = c.Data })
	admin := d.add("Anna Monti", administratorForm)
	ada := d.add("Zoraide Querciagrossa", people.Form{Email: "zoraide.querciagrossa@example.it"})
	asks := func(subject, body, file string) uint64 {
		a := policy.Actor{Person: ada, Via: door.Page}
		var files []uint64
		if file != "" {
			f, err := d.app.Desk.Files.Keep(a, "nota.txt", strings.NewReader(file))
			must(t, err)
			files = []uint64{f.ID}
		}
		tk, err := d.app.Desk.Tickets.Open(a, ticket.Opening{Subject: subject, Body: body, Kind: store.Malfunction, Files: files})
		must(t, err)
		return tk.ID
	}
	kept := asks("Rimanente", "Parola rimanente di Zoraide Querciagrossa.", "dentro al file: querciagrossa")
	gone := asks("Prosopopea", "Una prosopopea.", "prosopopea anche qui")
	words := []string{"querciagrossa", "prosopopea"}
	if len(holding(t, dir, words...)) < 3 {
		t.Fatal("the words were nowhere: the test proves nothing")
	}
	b := d.signedIn(admin)
	b.must(b.get(address.Person(ada.ID)+"/erase"), http.StatusOK, "Zoraide Querciagrossa", "nota.txt")
	b.must(b.post(address.Person(ada.ID)+"/erase", url.Values{"files": {"1"}}), http.StatusSeeOther)
	b.must(b.post("/admin/tickets/"+itoa(gone)+"/erase", nil), http.StatusSeeOther)
	b.must(b.get(address.Ticket(gone)), http.StatusNotFound)
	must(t, d.app.Desk.Erasures.Clean(context.Background()))
	b.must(b.get("/admin/erasures"), http.StatusOK, "Tolta, ancora su disco", "!Querciagrossa")
	// An hour later nobody names the bytes of the files, and they are swept away.
	old := time.Now().Add(-2 * time.Hour)
	must(t, filepath.WalkDir(filepath.Join(dir, "blob"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chtimes(path, old, old)
	}))
	_, err := d.app.Store.Sweep()
	must(t, err)
	must(t, d.app.WriteAnew(context.Background()))
	if left := holding(t, dir, words...); len(left) > 0 {
		t.Errorf("still in %v", left)
	}
	if len(holding(t, dir, "rimanente")) == 0 {
		t.Error("what stays is gone too")
	}
	b.must(b.get(address.Ticket(kept)), http.StatusOK, "[omissis]", "!uerciagrossa")
}
