package app_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/event"
)

// machineTime are the places that may ask the machine what time it is: files, folders (ending with /), or what a file
// declares. All else asks the desk's clock, which the store holds: what a person sees, what is stored, and every rule.
var machineTime = map[string]string{
	"app/config/config.go Now":          "the source: the desk's clock where no other is given",
	"store/db/store.go Open":            "the same, for a store that is opened without a desk",
	"app/mail/transport/inbox.go clock": "the same, for a mailbox that is read without a desk",

	"app/web/admin/state.go processStart": "how long the process runs",
	"app/web/admin/state.go machineFacts": "how long the process runs",
	"app/watch/check.go checkConfig":      "the certificate is judged by those who connect, who go by the real time",
	"app/watch/check.go checkClock":       "this looks whether the machine's clock can be right",
	"app/watch/check.go checkErrors":      "against the time that the file system gave a file",
	"app/delivery/spool.go TakeSpool":     "against the time that the file system gave a file",
	"store/db/blob.go Sweep":              "against the time that the file system gave a file",
	"store/db/backup.go Inspect":          "a copy that belongs to no desk",
	"store/db/backup.go Inventory":        "breaks of a copy under way",
	"store/db/rewrite.go":                 "breaks of a copy under way, and how long writers waited",
	"app/web/body.go":                     "network deadlines, and how long a body takes",
	"app/web/send_file.go":                "how fast a download moves",
	"app/listen/listener.go":              "network deadlines",
	"app/listen/tls.go":                   "how often the file of the certificate is looked at",
	"app/mail/transport/conn.go":          "network deadlines",
	"app/mail/transport/listener.go":      "network deadlines",
	"app/web/server.go":                   "how long a request took",
	"app/jobs.go hourly":                  "how long a job took",
	"app/command/command.go withDesk":     "how long to wait for a lock",
	"app/command/progress.go":             "how often progress is shown",
	"app/command/demo.go":                 "how long filling took",
	"app/command/generate.go":             "how long filling took",
	"app/command/load.go":                 "measures",
	"app/command/load_play.go":            "measures",
	"app/command/load_page.go":            "measures",
	"app/backup/make.go":                  "how long a backup took",
	"app/backup/pace.go":                  "how fast a backup reads",
	"search/rebuild.go rebuild":           "how long a rebuild took, and how often the old index is brought forward meanwhile",
	"search/rebuild.go tend":              "how long a rebuild took, and how often the old index is brought forward meanwhile",
	"search/query/catalogue.go":           "how old what is kept in memory may be",
	"search/search.go Search":             "how long a search took",
	"search/follow.go Run":                "how long following took, and how often the index was damaged lately",
	"search/follow.go follow":             "how long following took, and how often the index was damaged lately",
	"search/follow.go patience":           "how long following took, and how often the index was damaged lately",
	"store/commit/commit.go":              "how long commits and waiting for a lock take",
	"store/disk/write.go Lock":            "how long commits and waiting for a lock take",
	"app/mail/peer/":                      "the other side, for tests",
	"store/torn/":                         "a bad machine, for tests",
}

func TestNothingAsksTheMachineForTheTimeThatAPersonSeesOrARuleGoesBy(t *testing.T) {
	used := map[string]bool{}
	allowed := func(file, name string) bool {
		for _, place := range []string{file, file + " " + name, path.Dir(file) + "/"} {
			if machineTime[place] != "" {
				used[place] = true
				return true
			}
		}
		return false
	}
	files := 0
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(file, ".."+string(filepath.Separator)))
		for _, decl := range f.Decls {
			for _, at := range asksMachine(f, decl) {
				if !allowed(name, declares(decl)) {
					t.Errorf("%s asks the machine for the time in %q: ask the desk's clock, or say in machineTime why not", set.Position(at), declares(decl))
				}
			}
		}
		return nil
	})
	if err != nil || files < 200 {
		t.Fatalf("%d files: %v", files, err)
	}
	for place := range machineTime {
		if !used[place] {
			t.Errorf("%s need not be in machineTime", place)
		}
	}
}

// declares returns the name of what is declared, of several the first.
func declares(decl ast.Decl) string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return decl.Name.Name
	case *ast.GenDecl:
		for _, s := range decl.Specs {
			if v, is := s.(*ast.ValueSpec); is {
				return v.Names[0].Name
			}
		}
	}
	return ""
}

// asksMachine returns where the node names time.Now, time.Since or time.Until, called or not, whatever the file calls
// the package.
func asksMachine(f *ast.File, node ast.Node) (at []token.Pos) {
	clock := ""
	for _, i := range f.Imports {
		if i.Path.Value == `"time"` {
			clock = "time"
			if i.Name != nil {
				clock = i.Name.Name
			}
		}
	}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, is := n.X.(*ast.Ident); is && x.Name == clock && asking[n.Sel.Name] {
				at = append(at, n.Pos())
			}
		case *ast.Ident:
			if clock == "." && asking[n.Name] {
				at = append(at, n.Pos())
			}
		}
		return true
	})
	return at
}

var asking = map[string]bool{"Now": true, "Since": true, "Until": true}

func TestTheWatchOverTheClockIsNotFooledByNames(t *testing.T) {
	for src, want := range map[string]int{
		`package p; import "time"; var t = time.Now()`:                                   1,
		`package p; import "time"; func f() { clock := time.Now; _ = clock }`:            1,
		`package p; import zeit "time"; func f() { _ = zeit.Since(zeit.Now()) }`:         2,
		`package p; import . "time"; func f() { _ = Until(Now()) }`:                      2,
		`package p; import "time"; func f(s store) { _ = s.Now(); _ = time.Unix(0, 0) }`: 0,
		`package p; type store struct{}; func f(time store) { _ = time.Now() }`:          0,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "p.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(asksMachine(f, f)); got != want {
			t.Errorf("%s: %d, not %d", src, got, want)
		}
	}
}

// TestWhatTheDeskShowsStoresAndAllowsGoesByItsClock moves a desk through a year that is not the machine's.
func TestWhatTheDeskShowsStoresAndAllowsGoesByItsClock(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	var clock atomic.Pointer[time.Time]
	set := func(at time.Time) { clock.Store(&at) }
	morning := time.Date(2031, 7, 4, 9, 30, 0, 0, rome)
	set(morning)
	d := newTestDesk(t, func(c *config.Config) { c.Trial.Clock = func() time.Time { return *clock.Load() } })
	p := d.add("Ada Neri", people.Form{})
	b, program := d.signedIn(p), d.caller(p)

	got, ticket := program.call("POST", "/tickets", box{"subject": "Il cedolino di luglio", "body": "Non si apre."})
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(ticket["created_at"])); got.status != http.StatusCreated || err != nil || !at.Equal(morning) {
		t.Fatalf("opened %v: %d %s", ticket["created_at"], got.status, got.body)
	}
	b.must(b.get("/tickets/1"), 200, "oggi alle 9.30", "2031-07-04T")
	if err := d.app.Index.CatchUp(t.Context(), d.app.Store.Last()); err != nil {
		t.Fatal(err)
	}
	b.must(b.get(searchFor("cedolino dopo:oggi")), 200, "1 risultato")
	b.must(b.get(searchFor("cedolino prima:oggi")), 200, "0 risultati")
	l, err := d.app.Mail.WriteLetter(&notice.Outgoing{Letter: &store.Letter{To: p.Email}, Person: p, Account: event.Link, Lines: []notice.OutgoingLine{{Telling: store.Telling{Event: event.Link}}}})
	if err != nil || !l.Date.Equal(morning) {
		t.Errorf("the letter is of %v, %v", l.Date, err)
	}

	for range 5 {
		d.browser().post("/sign-in", url.Values{"email": {p.Email}, "password": {"wrong"}})
	}
	enter := func() int {
		return d.browser().post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}).status
	}
	if got := enter(); got != http.StatusTooManyRequests {
		t.Errorf("after five wrong passwords: %d", got)
	}
	set(morning.Add(24 * time.Hour))
	if got := enter(); got != http.StatusSeeOther {
		t.Errorf("a day later: %d", got)
	}
	b.must(b.get("/tickets/1"), 200, "ieri alle 9.30")
	set(morning.AddDate(0, 0, 16))
	b.must(b.get("/tickets/1"), http.StatusSeeOther) // the session has ended
	program.must(program.get("/api/v1/tickets/1"), 200)
	set(morning.AddDate(1, 0, 1))
	program.must(program.get("/api/v1/tickets/1"), http.StatusUnauthorized) // and the token
}
