package app_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"sportello/app/words"
	"sportello/assets"
)

var (
	// shownText is what stands between two tags of a page, or in an attribute that people read.
	shownText = regexp.MustCompile(`>([^<>]+)<|(?:title|placeholder|aria-label|alt)="([^"]+)"`)
	likeKey   = regexp.MustCompile(`^[a-z][a-z0-9-]*(?:\.[a-z0-9_-]+)+$`)
)

// rawKeys returns what a page shows that has the form of a key: a sentence that is missing, or that nobody looked up. A
// key begins with the name of a table of sentences; a name of a file or an address does not, or it ends otherwise.
func rawKeys(t *testing.T, page string) []string {
	t.Helper()
	if !strings.HasPrefix(page, "<!") {
		return nil
	}
	tables := keyTables()
	var out []string
	for _, m := range shownText.FindAllStringSubmatch(page, -1) {
		text := strings.TrimSpace(m[1] + m[2])
		table, rest, _ := strings.Cut(text, ".")
		if likeKey.MatchString(text) && tables[table] && !slices.Contains([]string{"example", "txt", "csv", "xlsx", "png", "toml", "html"}, rest[strings.LastIndexByte(rest, '.')+1:]) && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// keyTables are the names of the tables of sentences.
var keyTables = sync.OnceValue(func() map[string]bool {
	tables := map[string]bool{}
	names, _ := fs.Glob(assets.FS, "locale/*.it.toml")
	for _, name := range names {
		messages, err := words.ReadSentences(assets.FS, name)
		if err != nil {
			panic(err)
		}
		for _, m := range messages {
			table, _, _ := strings.Cut(m.ID, ".")
			tables[table] = true
		}
	}
	return tables
})

func TestAKeyInThePlaceOfASentenceIsNoticed(t *testing.T) {
	page := `<!doctype html><h1>plan.title</h1><p aria-label="nav.never">Ada ha scritto</p><td>mail.example</td><a>note.txt</a><code>ada.neri</code><p>Il piano. plan.title</p>`
	if got := rawKeys(t, page); !slices.Equal(got, []string{"plan.title", "nav.never"}) {
		t.Errorf("%q", got)
	}
}
