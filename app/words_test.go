package app_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/words"
	"sportello/assets"
)

func dictionaryOf(t *testing.T) *words.Dictionary {
	t.Helper()
	d, err := words.Load(assets.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sentences lists language -> key -> every form of it.
func sentences(t *testing.T) map[string]map[string][]string {
	t.Helper()
	out := map[string]map[string][]string{"it": {}, "en": {}}
	names, err := fs.Glob(assets.FS, "locale/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		parts := strings.Split(name, ".")
		lang := parts[len(parts)-2]
		messages, err := words.ReadSentences(assets.FS, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, m := range messages {
			for _, form := range []string{m.One, m.Other} {
				if form != "" {
					out[lang][m.ID] = append(out[lang][m.ID], form)
				}
			}
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{[a-z_-]+\}`)

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	all := sentences(t)
	for _, pair := range [][2]string{{"it", "en"}, {"en", "it"}} {
		for key, forms := range all[pair[0]] {
			other, ok := all[pair[1]][key]
			if !ok {
				t.Errorf("%s has %s, %s has not", pair[0], key, pair[1])
				continue
			}
			if a, b := placeholders(forms), placeholders(other); !slices.Equal(a, b) {
				t.Errorf("%s fills in %v in %s, %v in %s", key, a, pair[0], b, pair[1])
			}
			if len(forms) != len(other) {
				t.Errorf("%s has %d forms in %s, %d in %s", key, len(forms), pair[0], len(other), pair[1])
			}
		}
	}
}

// placeholders lists what the forms fill in, without the number, which a form for one may leave out.
func placeholders(forms []string) []string {
	var out []string
	for _, s := range forms {
		for _, p := range placeholder.FindAllString(s, -1) {
			if p != "{n}" {
				out = append(out, p)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestSentencesAreWrittenAsAnOfficeWrites(t *testing.T) {
	for lang, all := range sentences(t) {
		for key, forms := range all {
			for _, s := range forms {
				if strings.TrimSpace(s) == "" || s != strings.TrimSpace(s) {
					t.Errorf("%s %s: %q is empty or has space around it", lang, key, s)
				}
				if strings.Contains(s, "!") {
					t.Errorf("%s %s: %q exclaims", lang, key, s)
				}
				if strings.Contains(s, "{{") {
					t.Errorf("%s %s: %q is a program", lang, key, s)
				}
			}
		}
	}
}

// keyLiteral is a string of the sources that looks like a key, or like the beginning of one.
var keyLiteral = regexp.MustCompile(`"([a-z][a-z0-9-]*(?:\.[a-z0-9_-]+)*[.-]?)(?:"|%[a-z])`)

// TestEveryKeyThatIsUsedIsThereAndNoneIsIdle reads the sources: a literal that is a key uses it, one that is none uses
// every key that begins with it and a hyphen, or with its dot at the end. What is passed to T, Plural and their like must be there.
func TestEveryKeyThatIsUsedIsThereAndNoneIsIdle(t *testing.T) {
	all := sentences(t)["it"]
	literals := map[string]bool{}
	asked := regexp.MustCompile(`(?:\.T|\.Plural|\.text\(lang,|\.Page\(|\.Done\(|\.setFlash\(|New\([A-Za-z.]+,|\.Refuse\([^,]+,|rong\.Add\([^,]+,)\s*\(?"([a-z][a-z0-9-]*\.[a-z0-9._-]*[a-z0-9])"`)
	for _, root := range []string{"../app", "../search", "../store", "../assets"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".html") {
				return err
			}
			raw, err := os.ReadFile(path)
			for _, m := range keyLiteral.FindAllStringSubmatch(string(raw), -1) {
				literals[m[1]] = true
			}
			for _, m := range asked.FindAllStringSubmatch(string(raw), -1) {
				if _, ok := all[m[1]]; !ok && !strings.HasSuffix(m[1], ".go") {
					t.Errorf("%s uses the sentence %s, which is not there", path, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var beginnings []string
	for s := range literals {
		if _, whole := all[s]; !whole && strings.Count(s, ".") > 0 && !strings.HasSuffix(s, ".") {
			beginnings = append(beginnings, strings.TrimSuffix(s, "-")+"-") // put together further on
		}
		if strings.Contains(s, ".") && (strings.HasSuffix(s, ".") || strings.HasSuffix(s, "-")) {
			beginnings = append(beginnings, s)
		}
	}
	for key := range all {
		if literals[key] || slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(key, b) }) || namedByTheProgram(key) {
			continue
		}
		t.Errorf("nobody uses the sentence %s", key)
	}
}

// namedByTheProgram knows the keys that are put together otherwise than with a literal beginning.
func namedByTheProgram(key string) bool {
	return strings.HasPrefix(key, "day.") || strings.HasPrefix(key, "month.") || slices.Contains([]string{"error.internal", "error.invalid",
		"error.not-found", "error.conflict", "error.denied", "error.sign-in", "error.too-large", "error.too-many", "error.unavailable"}, key)
}

func TestSentencesAreFilledIn(t *testing.T) {
	d := dictionaryOf(t)
	for _, c := range []struct{ got, want string }{
		{d.Text("it", "time.today", "clock", "9.05"), "oggi alle 9.05"},
		{d.Text("en", "time.today", "clock", "9:05"), "today at 9:05"},
		{d.Text("it", "time.today"), "oggi alle {clock}"},
		{d.Text("it", "no.such.key"), "no.such.key"},
		{d.Plural("it", "nav.notices", 1), "1 avviso da leggere"},
		{d.Plural("it", "nav.notices", 0), "0 avvisi da leggere"},
		{d.Plural("it", "nav.notices", 12345), "12.345 avvisi da leggere"},
		{d.Plural("it", "nav.notices", 1000000), "1.000.000 avvisi da leggere"},
		{d.Plural("en", "nav.notices", 1), "1 unread notice"},
		{d.Plural("en", "presence.others", 2, "names", "{n} & <b>"), "{n} & <b> are looking at it"},
		{words.GroupDigits("it", 1234), "1234"},
		{words.GroupDigits("en", 1234), "1,234"},
		{words.GroupDigits("it", -12345), "-12.345"},
		{words.Size("it", 0), "0 byte"},
		{words.Size("it", 95_600), "96 kB"},
		{words.Size("it", 2_400_000), "2,4 MB"},
		{words.Size("en", 25<<20), "26.2 MB"},
		{words.Size("it", 3_000_000), "3 MB"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestTimesAreSaidAsPeopleSayThem(t *testing.T) {
	d := dictionaryOf(t)
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 12, 10, 42, 0, 0, rome) // a Thursday
	for _, c := range []struct {
		at     time.Time
		it, en string
	}{
		{now, "oggi alle 10.42", "today at 10:42"},
		{now.Add(-11 * time.Hour), "ieri alle 23.42", "yesterday at 23:42"},
		{time.Date(2026, 3, 12, 0, 5, 0, 0, rome), "oggi alle 0.05", "today at 0:05"},
		{time.Date(2026, 3, 11, 23, 30, 0, 0, time.UTC), "oggi alle 0.30", "today at 0:30"}, // in Rome it is the 12th
		{now.AddDate(0, 0, 1), "domani alle 10.42", "tomorrow at 10:42"},
		{now.AddDate(0, 0, -2), "martedì alle 10.42", "Tuesday at 10:42"},
		{now.AddDate(0, 0, -7), "5 marzo 2026", "5 March 2026"},
		{time.Date(2025, 12, 1, 9, 0, 0, 0, rome), "1º dicembre 2025", "1 December 2025"},
		{time.Time{}, "", ""},
	} {
		if got := d.Moment("it", c.at, now).Words; got != c.it {
			t.Errorf("%v: %q, want %q", c.at, got, c.it)
		}
		if got := d.Moment("en", c.at, now).Words; got != c.en {
			t.Errorf("%v: %q, want %q", c.at, got, c.en)
		}
	}
	m := d.Moment("it", time.Date(2026, 3, 11, 9, 41, 0, 0, time.UTC), now)
	if m.Machine != "2026-03-11T10:41:00+01:00" || m.Exact != "11 marzo 2026, 10.41" || !m.Is() {
		t.Errorf("%+v", m)
	}
	if d.Day("it", now.AddDate(0, 0, 1), now) != "domani" || d.Day("it", now.AddDate(0, 0, 4), now) != "lunedì" || d.Day("en", now.AddDate(1, 0, 0), now) != "12 March 2027" {
		t.Error("days are said wrongly")
	}
}
