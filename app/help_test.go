package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTheHelpIsForWhoIsSignedInAndIsFoundBySearching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nobody := w.visitor("nobody")
	nobody.must(nobody.get("/search?q=token"), 200, "!how-to")
	for _, path := range []string{"/help", "/help/tokens"} {
		if got := nobody.get(path); got.status != 303 {
			t.Errorf("nobody at %s: %d", path, got.status)
		}
	}
	b := w.visitor("requester")
	b.must(b.get("/help/never"), 404)
	b.must(b.get("/"), 200, `href="/help"`)
	list := b.get("/help")
	b.must(list, 200, "Come creo un token?", "Come ritiro un invito?")
	for _, link := range regexp.MustCompile(`href="(/help/[^"]+)"`).FindAllStringSubmatch(list.body, -1) {
		path, id, at := strings.Cut(link[1], "#")
		b.must(b.get(path), 200)
		if at {
			b.must(b.get(path), 200, `id="`+id+`"`)
		}
	}
	b.must(b.get("/search?q=revocare+token"), 200, "how-to", "Come revoco un token?")
	b.must(b.get("/search?q=cedolino"), 200, "!how-to")
}

// TestTheHelpNamesNothingThatIsNotThere: what it says to press is what the desk says, and its links lead to pages.
func TestTheHelpNamesNothingThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor("administrator")
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	for lang, quoted := range map[string]*regexp.Regexp{"it": regexp.MustCompile(`«([^»]+)»`), "en": regexp.MustCompile(`“([^”]+)”`)} {
		said := map[string]bool{}
		for _, forms := range sentences(t)[lang] {
			for _, s := range forms {
				said[s] = true
			}
		}
		files, err := filepath.Glob("../assets/help/" + lang + "/*.md")
		if err != nil || len(files) < 6 {
			t.Fatalf("%v %v", files, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
				if !said[m[1]] {
					t.Errorf("%s: the desk nowhere says %q", f, m[1])
				}
			}
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				if got := b.get(m[1]); got.status != 200 {
					t.Errorf("%s: %s is answered %d", f, m[1], got.status)
				}
			}
			for _, m := range regexp.MustCompile(`(?:Amministrazione|Administration), ([\pL ]+)[,.]`).FindAllStringSubmatch(string(text), -1) {
				if !slices.Contains([]string{"Persone", "People"}, m[1]) && !said[m[1]] {
					t.Errorf("%s: the menu has no %q", f, m[1])
				}
			}
		}
	}
}
