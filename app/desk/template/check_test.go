package template

import (
	"slices"
	"strings"
	"testing"
)

// good is a template with which nothing is wrong.
const good = `code = "t"
name = { it = "N", en = "N" }
role = [{ code = "desk", name = { it = "N", en = "N" } }]
fact = [{ code = "staff", name = { it = "N", en = "N" }, kind = "number" }]
[[phase]]
code = "p"
name = { it = "N", en = "N" }
[[phase.decision]]
code = "d"
question = { it = "N", en = "N" }
why = { it = "N", en = "N" }
who = ["desk"]
option = [{ code = "one", name = { it = "N", en = "N" } }, { code = "two", name = { it = "N", en = "N" }, when = "staff>5" }]
[[phase.decision]]
code = "e"
question = { it = "N", en = "N" }
why = { it = "N", en = "N" }
who = ["desk"]
option = [{ code = "one", name = { it = "N", en = "N" } }, { code = "two", name = { it = "N", en = "N" } }]
[[phase.step]]
code = "a"
name = { it = "N", en = "N" }
who = ["desk"]
day = "start+5"
done_when = { it = "N", en = "N" }
[[phase.step]]
code = "b"
name = { it = "N", en = "N" }
who = ["desk"]
day = "a+5"
waits = ["a", "d"]
when = "d:two"
done_when = { it = "N", en = "N" }
`

func TestWhatIsWrongWithATemplateIsFound(t *testing.T) {
	check := func(text string) []string {
		t.Helper()
		f, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range Check(&f.Course) {
			out = append(out, x.Key)
		}
		return out
	}
	if got := check(good); len(got) > 0 {
		t.Fatalf("nothing is wrong, and %v is found", got)
	}
	for _, c := range []struct{ from, to, want string }{
		{`kind = "number"`, `kind = "figure"`, "template.word"},
		{`code = "b"`, `code = "a"`, "template.code-twice"},
		{`code = "b"`, `code = "start"`, "template.code"},
		{`waits = ["a", "d"]`, `waits = ["z"]`, "template.unknown"},
		{`waits = ["a", "d"]`, `waits = ["b"]`, "template.circle"},
		{`day = "start+5"`, `day = "b+1"`, "template.circle"},
		{`day = "start+5"`, "day = \"start+5\"\nmoved = [{ when = \"d:one\", day = \"golive\" }, { when = \"d:two\", day = \"b-1\" }]", "template.circle"},
		{`day = "start+5"`, `day = "soon-ish"`, "template.unknown"},
		{`day = "start+5"`, `day = "02-30@0"`, "template.day-expression"},
		{`when = "d:two"`, `when = "d:three"`, "template.condition"},
		{`when = "d:two"`, `when = "d:two d:one"`, "template.unreachable"},
		{`when = "d:two"`, `when = "staff<3 staff>5"`, "template.unreachable"},
		{`when = "staff>5"`, `when = "e:one"`, "template.asked-later"},
		{`when = "staff>5"`, `recommended = "yes"`, "template.because"},
		{`done_when = { it = "N", en = "N" }`, `done_when = { it = "N" }`, "template.words-missing"},
		{`who = ["desk"]`, `who = []`, "template.nobody"},
		{`who = ["desk"]`, `who = ["board"]`, "template.unknown"},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		if got := check(text); text == good || !slices.Contains(got, c.want) {
			t.Errorf("%s instead of %s: %v, wanted %s", c.to, c.from, got, c.want)
		}
	}
}
