package app_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sportello/app/changelog"
	"sportello/store"
	"sportello/store/db"
)

// inData calls look with the store of the data folder.
func inData(t *testing.T, data string, look func(tx *db.Tx) error) {
	t.Helper()
	st, err := store.Open(data, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.View(look); err != nil {
		t.Fatal(err)
	}
}

func TestImportOfReleasesTellsNobodyAndUpdatesWhatItKnows(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	people := "email,name,organisation,role\nada@uni.example,Ada,Ateneo,coordinator\n"
	if status, out, errOut := commandLine(t, people, "import", "people", "-", "--data", data); status != 0 {
		t.Fatal(out, errOut)
	}
	lines := strings.Join([]string{
		`{"external_id":"r1","modules":["csa"],"version":"24.01","title":{"it":"Gennaio"},"notes":"Note","kind":"law","norm":{"text":"L. 1/2026","date":"2026-01-01"},"state":"published","published_at":"2026-01-15","audience":{"all":true}}`,
		`{"external_id":"r2","modules":["csa"],"version":"24.02","title":"February","language":"en","state":"withdrawn","published_at":"2026-02-15T10:00:00+01:00","reason":"Errore"}`,
		`{"external_id":"r3","modules":["csa"],"version":"24.03","title":"Bozza"}`,
		`{"modules":["csa"],"version":"24.03","title":"Doppia"}`,
		`{"modules":["mai"],"version":"1","title":"x"}`,
		`{"modules":["csa"],"version":"25","title":"x","stop":{"from":"ieri"}}`,
		`{"modules":["csa"],"version":"26","title":"x","state":"published"}`,
		`{"modules":["csa"],"version":"27","titolo":"x"}`,
		`no`}, "\n")
	status, out, errOut := commandLine(t, lines, "import", "releases", "-", "--data", data)
	if status != 0 || lastLine(out) != "imported 3, updated 0, refused 6" {
		t.Fatalf("%d %s %s", status, out, errOut)
	}
	for _, want := range []string{"4: version:", "5: modules:", "6: stop.from:", "7: published_at:", "8: titolo:", "9: record:"} {
		if !strings.Contains(errOut, want) {
			t.Errorf("no line %q in\n%s", want, errOut)
		}
	}
	again := `{"external_id":"r1","notes":"Corrette"}` + "\n" + `{"external_id":"r3","title":"Marzo"}`
	if _, out, errOut := commandLine(t, again, "import", "releases", "-", "--data", data); lastLine(out) != "imported 0, updated 2, refused 0" {
		t.Fatalf("%s %s", out, errOut)
	}
	inData(t, data, func(tx *db.Tx) error {
		var got []string
		for r, err := range store.Releases.All(tx, 0, false) {
			if err != nil {
				return err
			}
			got = append(got, fmt.Sprint(r.Version, " ", r.State, " ", r.Title, " ", r.Notes.IT, " ", len(r.To), " ", r.Published.Format(time.DateOnly), " ", r.Reason))
		}
		want := "24.01 published {Gennaio } Corrette 1 2026-01-15  | 24.02 withdrawn { February}  0 2026-02-15 Errore | 24.03 draft {Marzo }  0 0001-01-01 "
		if strings.Join(got, " | ") != want {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, " | "), want)
		}
		if n := store.Rounds.Last(tx) + store.Receipts.Last(tx) + store.Notices.Last(tx) + store.Letters.Last(tx); n != 0 {
			t.Errorf("somebody is told: %d", n)
		}
		return nil
	})
}

// TestTheChangelogsOfWhatThisDeskIsMadeOfBecomeReleases imports those that are in the module cache, and looks whether each
// version became a release with its date and its sections.
func TestTheChangelogsOfWhatThisDeskIsMadeOfBecomeReleases(t *testing.T) {
	list := exec.Command("go", "list", "-e", "-m", "-f", "{{.Dir}}", "all")
	list.Env = append(os.Environ(), "GOPROXY=off")
	out, err := list.Output()
	if err != nil {
		t.Skipf("the modules of the build are not to be had: go mod download (%v)", err)
	}
	files, versions, dates, sections := 0, 0, 0, 0
	for _, dir := range strings.Fields(string(out)) {
		raw, err := os.ReadFile(filepath.Join(dir, "CHANGELOG.md"))
		if err != nil || files == 8 {
			continue
		}
		read, problems, err := changelog.Read(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(dir, err)
		}
		if len(read) == 0 || len(read) > 60 {
			continue
		}
		data := filepath.Join(t.TempDir(), "data")
		_, said, errOut := commandLine(t, string(raw), "import", "releases", "--module", "csa", "--language", "en", "-", "--data", data)
		var imported, updated, refused int
		if _, err := fmt.Sscanf(lastLine(said), "imported %d, updated %d, refused %d", &imported, &updated, &refused); err != nil || updated != 0 {
			t.Fatal(dir, said, errOut)
		}
		named := 0
		inData(t, data, func(tx *db.Tx) error {
			csa, err := store.ModulesByCode.First(tx, "csa")
			if err != nil {
				return err
			}
			for _, v := range read {
				if v.Version == "" {
					continue
				}
				named++
				r, err := store.ReleasesByExternal.First(tx, "changelog csa "+v.Version)
				if err != nil {
					if !strings.Contains(errOut, fmt.Sprint(v.Line, ": ")) {
						t.Errorf("%s: version %s is neither there nor refused", dir, v.Version)
					}
					continue
				}
				state := store.ReleaseDraft
				if !v.Date.IsZero() && !v.Unreleased {
					state = store.ReleasePublished
					dates++
				}
				if state == store.ReleasePublished && v.Yanked {
					state = store.ReleaseWithdrawn
				}
				same := func(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }
				if r.State != state || state == store.ReleasePublished && !r.Published.Equal(v.Date) || !same(r.News.EN, v.New) || !same(r.Corrected.EN, v.Corrected) || !same(r.Before.EN, v.Before) || !same(r.Notes.EN, v.Other) {
					t.Errorf("%s: %s became %+v", dir, v.Version, r)
				}
				for _, s := range []string{v.New, v.Corrected, v.Before} {
					if s != "" {
						sections++
					}
				}
				versions++
				if state == store.ReleasePublished && !store.ReleasesByVersion.Has(tx, csa.ID, r.VersionKey) {
					t.Errorf("%s: %s is not found by its version", dir, v.Version)
				}
			}
			return nil
		})
		if imported+refused != named+len(problems) {
			t.Errorf("%s: %d imported and %d refused of %d versions\n%s", dir, imported, refused, named, errOut)
		}
		files++
	}
	t.Logf("%d changelogs: %d versions, %d of them with a date, %d sections", files, versions, dates, sections)
	if files < 5 {
		t.Skipf("the module cache holds %d changelogs, not five: go mod download", files)
	}
	if versions < 50 || dates < 30 || sections < 30 {
		t.Errorf("only %d versions with %d dates and %d sections", versions, dates, sections)
	}
}
