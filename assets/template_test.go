package assets_test

import (
	"bytes"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"unicode/utf8"

	"sportello/assets"
)

// templates calls see with the name and the text of every template file.
func templates(t *testing.T, see func(path, text string)) {
	t.Helper()
	err := fs.WalkDir(assets.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".html") {
			return err
		}
		raw, err := fs.ReadFile(assets.FS, path)
		see(path, string(raw))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTemplatesAreWrittenForPeople(t *testing.T) {
	templates(t, func(path, text string) {
		for i, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > 160 {
				t.Errorf("%s:%d: a line of %d characters, at most 160", path, i+1, n)
			}
			if strings.TrimRight(line, " \t\r") != line || strings.Contains(line, "\t") {
				t.Errorf("%s:%d: a tab, or white space at the end", path, i+1)
			}
		}
		if strings.Contains(text, "{{-") || strings.Contains(text, "-}}") {
			t.Errorf("%s: trims what is squeezed anyway", path)
		}
	})
}

func TestWhatIsSentHoldsNoLineBreak(t *testing.T) {
	templates(t, func(path, text string) {
		trees := map[string]*parse.Tree{}
		tree := parse.New(path)
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(text, "", "", trees); err != nil {
			t.Fatal(err)
		}
		for name, tree := range trees {
			assets.SqueezeTemplate(tree)
			texts(tree.Root, func(n *parse.TextNode) {
				b := bytes.ReplaceAll(n.Text, []byte(">\n"), []byte(">")) // the first of a textarea, which browsers leave out
				if bytes.ContainsAny(b, "\n\t") || bytes.Contains(b, []byte("  ")) {
					t.Errorf("%s: sends %q", name, n.Text)
				}
			})
		}
	})
}

// fetched are the parts that scripts ask for and put into a page.
var fetched = []string{"part/admin-colour", "part/callers", "part/look-alike", "part/preview", "part/suggest"}

func TestAPartIsAPartWhenTwoPagesUseIt(t *testing.T) {
	called := regexp.MustCompile(`{{template "(part/[^"]+)"`)
	users := map[string][]string{} // of each part: the files that call it
	parts := []string{}
	templates(t, func(path, text string) {
		name := strings.TrimSuffix(path, ".html")
		if strings.HasPrefix(name, "part/") {
			parts = append(parts, name)
		}
		for _, m := range called.FindAllStringSubmatch(text, -1) {
			users[m[1]] = append(users[m[1]], name)
		}
	})
	var reach func(part string, pages, seen map[string]bool)
	reach = func(part string, pages, seen map[string]bool) {
		for _, user := range users[part] {
			switch {
			case !strings.HasPrefix(user, "part/"):
				// page/ticket/facts is of the page ticket.
				pages[strings.Join(strings.SplitN(user, "/", 3)[:2], "/")] = true
			case !seen[user]:
				seen[user] = true
				reach(user, pages, seen)
			}
		}
	}
	for _, part := range parts {
		pages := map[string]bool{}
		reach(part, pages, map[string]bool{})
		if len(pages) < 2 && !slices.Contains(fetched, part) {
			t.Errorf("%s is used by %v only: it belongs to that page", part, slices.Sorted(maps.Keys(pages)))
		}
	}
}

func texts(l *parse.ListNode, see func(*parse.TextNode)) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		var b *parse.BranchNode
		switch n := n.(type) {
		case *parse.TextNode:
			see(n)
		case *parse.IfNode:
			b = &n.BranchNode
		case *parse.RangeNode:
			b = &n.BranchNode
		case *parse.WithNode:
			b = &n.BranchNode
		}
		if b != nil {
			texts(b.List, see)
			texts(b.ElseList, see)
		}
	}
}

func TestAKeyDoesOneThing(t *testing.T) {
	raw, err := fs.ReadFile(assets.FS, "part/key-list.html")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, m := range regexp.MustCompile(`data-key="([^"]*)"`).FindAllStringSubmatch(string(raw), -1) {
		if keys[m[1]] {
			t.Errorf("%s stands for two things", m[1])
		}
		keys[m[1]] = true
	}
	if len(keys) < 10 {
		t.Errorf("%d keys", len(keys))
	}
}
