package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors are the floors of the house from the ground up. A package imports only what stands on a floor below its own;
// what stands below a name (app/desk/policy) is on its floor, and has rules of its own in forbidden.
var floors = []struct {
	packages []string
	why      string
}{
	{[]string{"store", "assets", "app/markup", "app/extract", "app/worktime", "app/version", "app/changelog", "app/feed", "app/calendar", "app/sheet", "app/condition", "app/timeline", "app/mail", "app/web/press"}, "leaves, and the rows: each hides one hard thing and stands on nothing of ours"},
	{[]string{"search", "app/credential", "app/words", "app/message", "app/listen", "app/address", "app/web/schema"}, "leaves that know rows"},
	{[]string{"app/desk"}, "what may be done and by whom: no HTTP, no configuration, no sentences"},
	{[]string{"app/help"}, "what the built-in help says, for its pages and for search"},
	{[]string{"app/backup", "app/sample"}, "copies of a desk, and desks to try things on"},
	{[]string{"app/config"}, "read once; each part of the house gets its own"},
	{[]string{"app/watch"}, "how the desk is, asked by pages, programs and doctor alike"},
	{[]string{"app/delivery"}, "mail on its way in and out"},
	{[]string{"app/web"}, "one request and its answer"},
	{[]string{"app/web/show", "app/web/live", "app/web/program"}, "how nouns look wherever they appear, to people and to programs; what happens while a page is open"},
	{[]string{"app/web/access", "app/web/account", "app/web/admin", "app/web/api", "app/web/article", "app/web/erasure", "app/web/feed", "app/web/find", "app/web/health", "app/web/help", "app/web/home", "app/web/installation", "app/web/mailroom", "app/web/people", "app/web/plan", "app/web/problem", "app/web/queue", "app/web/release", "app/web/template", "app/web/ticket"},
		"a room for each noun: none knows another, so that each can be changed by itself"},
	{[]string{"app"}, "puts the parts together: nothing but the command line imports the process"},
	{[]string{"app/command"}, "the command line is a face of the process"},
	{[]string{""}, "main"},
}

// doors are the ways between packages of one floor.
var doors = map[string]string{
	"app/web/ticket -> app/web/queue":    "a ticket leads back to the list it was opened from",
	"app/web/ticket -> app/web/mailroom": "a message shows what is known of the mail it was",
}

// below are packages that may import only what is named, deeper though the rest may lie.
var below = map[string]struct {
	only []string
	why  string
}{
	"app/backup":  {[]string{"store", "search", "app/words", "app/listen"}, "a backup copies rows and files, whatever they mean"},
	"app/words":   {[]string{"store"}, "sentences know the one type of errors and nothing else"},
	"app/listen":  {nil, "sockets know no desk"},
	"app/address": {nil, "paths know no rows"},
	"app/message": {[]string{"store", "app/markup"}, "a message's words, for pages, letters and programs alike"},
	"search":      {[]string{"store", "app/markup", "app/version"}, "search answers questions of text, and of versions however they are written; who may ask is the desk's to say"},
	"app/help":    {[]string{"assets", "app/markup", "search"}, "the help is about every desk, and knows none"},
	"app/desk":    {[]string{"store", "search", "assets", "app/credential", "app/extract", "app/mail", "app/markup", "app/worktime", "app/version", "app/condition", "app/timeline"}, "the desk serves pages, mail and commands alike, and knows none of them"},
}

// forbidden are packages of others that only some of ours may import.
var forbidden = []struct {
	from, to string
	only     []string
	why      string
}{
	{"sportello/app/desk/", "net/http", nil, "the desk knows no HTTP: mail and command line use it too"},
	{"sportello/", "go.etcd.io/bbolt", []string{"sportello/store/db", "sportello/store/commit", "sportello/store/disk"}, "rows are reached through typed tables alone, so that no index is forgotten"},
	{"sportello/", "github.com/blevesearch/bleve/v2", []string{"sportello/search", "sportello/search/segment"}, "the index is a cache that only search may make, follow and throw away"},
	{"sportello/store/", "sportello/store", nil, "what stands under the nouns knows none: it holds any file, any row, any name"},
	{"sportello/app/markup", "sportello/app/markup/", nil, "HTML is cleaned and shown whoever wrote it: what is quoted is read above"},
	{"sportello/search/", "sportello/search", nil, "terms, questions and parts of an index are read without one"},
	{"sportello/search/query", "sportello/search/record", nil, "what is asked knows nothing of what there is"},
	{"sportello/search/analysis", "sportello/search/", nil, "both sides of the index stand on it"},
	{"sportello/", "github.com/gofiber/", []string{"sportello/app/web"}, "one face to HTTP"},
	{"sportello/", "github.com/valyala/fasthttp", []string{"sportello/app/web"}, "one face to HTTP"},
	{"sportello/", "github.com/knadh/koanf/", []string{"sportello/app/config"}, "the configuration is read once; packages get their own part of it"},
	{"sportello/", "github.com/spf13/cobra", []string{"sportello/app/command"}, "the command line is a face of the process"},
	{"sportello/", "filippo.io/age", []string{"sportello/app/command", "sportello/app/backup"}, "only backups are encrypted"},
	{"sportello/", "C", nil, "the release is one static binary"},
}

// deskRooms are the rooms of the desk, each with those that it may import. What a room is not allowed here it gets from
// whoever calls it, or it belongs lower.
var deskRooms = map[string]struct {
	may string
	why string
}{
	"entry":        {"", "what was typed is cleaned before anybody asks whose it is"},
	"due":          {"", "times in, times out: of a ticket it knows the row alone"},
	"policy":       {"entry", "rights are judged from rows; they hang on nothing that they are asked about"},
	"post":         {"policy entry", "below people and tickets: adding somebody writes them a letter, and an address of the desk's own takes part in no ticket"},
	"audit":        {"policy entry", "what was done is written down; nothing that is done hangs on it"},
	"erasure":      {"ticket policy", "a ticket is forgotten by its room, an account ended by its keeper; everything else is rows"},
	"owndata":      {"audit file policy entry", "rows about a person, judged by policy; files go along, and the audit log is told"},
	"form":         {"", "what was typed and not sent concerns nobody but who typed it"},
	"file":         {"policy entry", "a file is as visible as what it belongs to, which policy says"},
	"people":       {"post policy entry", "people are there before tickets"},
	"access":       {"people ticket post policy entry", "what is granted becomes an affiliation, and what waits a ticket"},
	"catalogue":    {"people post policy entry", "a catalogue brings its groups; no ticket is needed to describe what there is"},
	"template":     {"policy entry", "what plans are made from"},
	"plan":         {"policy entry template ticket work file", "a plan knows the template that it was made from, carries files, opens the tickets of its questions, and says what waits"},
	"work":         {"policy", "a list of what waits: each noun says what of its own"},
	"release":      {"installation work ticket file post policy entry", "a release goes to installations, carries files, opens a malfunction where one fails, and says what waits"},
	"problem":      {"installation ticket post policy entry", "a known problem knows which versions run where, its tickets follow it through ticket.Follow, and what no letter says yet it takes back"},
	"article":      {"catalogue file policy entry", "articles stand in the catalogue and carry files; no ticket changes one"},
	"find":         {"catalogue file policy entry", "what may be found is judged by policy, never by the room it is in"},
	"ticket":       {"catalogue people file due post policy entry", "a ticket tells nobody: notices are planned from the change log"},
	"leave":        {"ticket post policy entry", "work is given back and handed on through ticket.Begin; who leaves is judged by policy"},
	"queue":        {"find people policy entry", "lists and counts read tickets by their indexes and change none"},
	"relocation":   {"ticket people policy entry", "people and tickets go where their unit goes, through ticket.Begin"},
	"notice":       {"ticket catalogue people file post policy entry release problem plan access", "who is told is planned after the change, never before"},
	"intake":       {"notice ticket people file due post policy entry release", "mail changes a ticket as people do, through ticket.Begin"},
	"installation": {"policy entry", "what runs where is known before tickets, updates and problems, which ask it"},
}

type listedPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func matches(name, pattern string) bool {
	return name == pattern || strings.HasSuffix(pattern, "/") && strings.HasPrefix(name, pattern)
}

// ourName is the name of a package within the module, and whether it is ours.
func ourName(path string) (string, bool) {
	if path == "sportello" {
		return "", true
	}
	return strings.CutPrefix(path, "sportello/")
}

// floorOf returns the floor of a package and the name that stands there, -1 for none.
func floorOf(name string) (int, string) {
	at, best := -1, ""
	for i, f := range floors {
		for _, p := range f.packages {
			if (name == p || p != "" && strings.HasPrefix(name, p+"/")) && (at < 0 || len(p) > len(best)) {
				at, best = i, p
			}
		}
	}
	return at, best
}

func TestPackagesImportOnlyDownwards(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", "sportello/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	used, seen := map[string]bool{}, map[string]bool{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name, is := ourName(p.ImportPath)
		if p.Standard || !is {
			continue
		}
		ours++
		floor, room := floorOf(name)
		if floor < 0 || room == "app/web" && name != room || room == "app" && name != room {
			t.Errorf("%s stands on no floor: give it one", name)
			continue
		}
		desk, inDesk := strings.CutPrefix(name, "app/desk/")
		if _, known := deskRooms[desk]; inDesk && !known {
			t.Errorf("%s is a room without rules: say in deskRooms what it may import, and why", name)
		}
		seen[desk] = inDesk
		for _, to := range p.Imports {
			if other, is := strings.CutPrefix(to+"/", "sportello/app/desk/"); inDesk && is && !slices.Contains(strings.Fields(deskRooms[desk].may), strings.TrimSuffix(other, "/")) {
				t.Errorf("%s imports %s: %s", name, to, deskRooms[desk].why)
			}
			for _, rule := range forbidden {
				if (matches(p.ImportPath+"/", rule.from) || matches(p.ImportPath, rule.from)) && matches(to, rule.to) && !slices.Contains(rule.only, p.ImportPath) {
					t.Errorf("%s imports %s: %s", p.ImportPath, to, rule.why)
				}
			}
			other, is := ourName(to)
			if !is {
				continue
			}
			stands, of := floorOf(other)
			door := name + " -> " + other
			switch {
			case of == room: // rooms of one name have their own rules
			case doors[door] != "":
				used[door] = true
			case stands >= floor:
				t.Errorf("%s imports %s, which stands on a floor of its own height or above: %s", name, other, floors[floor].why)
			}
			if rule, is := below[room]; is && of != room && !slices.Contains(rule.only, of) {
				t.Errorf("%s imports %s: %s", name, other, rule.why)
			}
		}
	}
	for door := range doors {
		if !used[door] {
			t.Errorf("nobody goes through %s: shut it", door)
		}
	}
	for room := range deskRooms {
		if !seen[room] {
			t.Errorf("app/desk/%s has rules and is not there", room)
		}
	}
	if ours < 30 {
		t.Errorf("only %d packages of ours were looked at", ours)
	}
}
