package changelog

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// plainly are the headings of versions as anybody would look for them, with the date if there is one: of two signs or with a
// line under it. It knows nothing of what Read knows, and is right for changelogs that keep to one way of writing.
var plainly = regexp.MustCompile(`(?m)^(?:#{1,4} +(?:[A-Z][a-z]+ )?\[?v?(\d+(?:\.\d+)*(?:-(?:alpha|beta|rc)\.\d+)?)\b[^\n]*|(\d+\.\d+\.\d+) [^\n]*\n-{3,})$`)

var plainDate = regexp.MustCompile(`\d{4}-\d{2}-\d{1,2}`)

// plainSection are the headings of sections that say themselves whose they are.
var plainSection = regexp.MustCompile(`(?m)^#{2,4} +(Added|Changed|Fixed|Removed|Deprecated|Features|Bug Fixes|Bugfixes|Additions|Changes and fixes)$`)

// TestTheChangelogsOfWhatThisDeskIsMadeOfAreRead takes those that are in the module cache, which holds what the build
// needs, and counts each in another way.
func TestTheChangelogsOfWhatThisDeskIsMadeOfAreRead(t *testing.T) {
	list := exec.Command("go", "list", "-e", "-m", "-f", "{{.Dir}}", "all") // -e: those that are there, of all that the graph names
	list.Env = append(os.Environ(), "GOPROXY=off")
	out, err := list.Output()
	if err != nil {
		t.Skipf("the modules of the build are not to be had: go mod download (%v)", err)
	}
	read, versions, dates, sections := 0, 0, 0, 0
	for _, dir := range strings.Fields(string(out)) {
		for _, pattern := range []string{"CHANGELOG.md", "CHANGES.md", "CHANGELOG/*.md"} {
			paths, _ := filepath.Glob(filepath.Join(escaped(dir), pattern))
			for _, path := range paths {
				name := strings.TrimPrefix(path, filepath.Dir(filepath.Dir(dir)))
				raw, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				v, d, s := compare(t, name, string(raw))
				if v > 0 {
					read++
				}
				versions, dates, sections = versions+v, dates+d, sections+s
			}
		}
	}
	t.Logf("%d changelogs: %d versions, %d of them with a date, %d sections", read, versions, dates, sections)
	if read < 5 {
		t.Skipf("the module cache holds %d changelogs, not five: go mod download", read)
	}
	if versions < 100 || dates < 80 || sections < 30 {
		t.Errorf("only %d versions with %d dates and %d sections were compared", versions, dates, sections)
	}
}

// escaped is a folder in a pattern; names of modules have an exclamation mark for a capital, and nothing else that counts.
func escaped(dir string) string {
	return strings.NewReplacer("[", `\[`, "*", `\*`, "?", `\?`).Replace(dir)
}

// compare reads a changelog of somebody's and looks whether it says what plain patterns find in it: versions in their
// order, dates, and a section for each heading of one.
func compare(t *testing.T, name, text string) (versions, dates, sections int) {
	t.Helper()
	got, problems, err := Read(strings.NewReader(text))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return 0, 0, 0
	}
	for _, p := range problems {
		line := strings.Split(text, "\n")[p.Line-1]
		if p.Reason != NoVersion || !strings.Contains(strings.ReplaceAll(line, "[", ""), p.Text) || plainly.MatchString(line) {
			t.Errorf("%s: refused %v", name, p)
		}
	}
	places := plainly.FindAllStringSubmatchIndex(text, -1)
	numbered := got[:0:0]
	for _, v := range got {
		if v.Version != "" {
			numbered = append(numbered, v)
		}
	}
	if len(places) != len(numbered) {
		t.Errorf("%s: %d versions, and %d headings", name, len(numbered), len(places))
		return 0, 0, 0
	}
	for i, m := range places {
		heading := text[m[0]:m[1]]
		number := ""
		for _, g := range [][2]int{{m[2], m[3]}, {m[4], m[5]}} {
			if g[0] >= 0 {
				number = text[g[0]:g[1]]
			}
		}
		v := numbered[i]
		if v.Version != number || v.Line != 1+strings.Count(text[:m[0]], "\n") {
			t.Errorf("%s: line %d is %s, not %s", name, v.Line, v.Version, number)
		}
		if day := plainDate.FindString(heading); day != "" {
			dates++
			if got := v.Date.Format("2006-01-02"); got != day && v.Date.Format("2006-01-2") != day {
				t.Errorf("%s: %s is of %s, not %s", name, v.Version, got, day)
			}
		}
		body := text[m[1]:]
		if i+1 < len(places) {
			body = text[m[1]:places[i+1][0]]
		}
		for _, s := range plainSection.FindAllStringSubmatch(body, -1) {
			sections++
			part := v.New
			switch s[1] {
			case "Fixed", "Bug Fixes", "Bugfixes":
				part = v.Corrected
			case "Removed", "Deprecated":
				part = v.Before
			}
			// The first words under the heading are in the part that it names.
			_, after, _ := strings.Cut(body, s[0])
			first, _, _ := strings.Cut(strings.TrimLeft(after, "\n"), "\n")
			if !strings.Contains(part, first) {
				t.Errorf("%s: %s under %q is not in its part: %s", name, v.Version, s[1], first)
			}
		}
	}
	return len(numbered), dates, sections
}
