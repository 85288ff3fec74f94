package show

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// applied returns the two texts of a difference.
func applied(diff []DiffLine) (theirs, mine string) {
	var t, m []string
	for _, l := range diff {
		if !l.Removed {
			t = append(t, l.Text)
		}
		if !l.Added {
			m = append(m, l.Text)
		}
	}
	return strings.Join(t, "\n"), strings.Join(m, "\n")
}

func changes(diff []DiffLine) int {
	n := 0
	for _, l := range diff {
		if l.Added || l.Removed {
			n += strings.Count(l.Text, "\n") + 1
		}
	}
	return n
}

// fewest returns the smallest number of differing lines, computed with the plain table of longest common subsequences.
func fewest(theirs, mine string) int {
	a, b := strings.Split(mine, "\n"), strings.Split(theirs, "\n")
	same := make([][]int, len(a)+1)
	for i := range same {
		same[i] = make([]int, len(b)+1)
	}
	for i := range a {
		for j := range b {
			if a[i] == b[j] {
				same[i+1][j+1] = same[i][j] + 1
			} else {
				same[i+1][j+1] = max(same[i][j+1], same[i+1][j])
			}
		}
	}
	return len(a) + len(b) - 2*same[len(a)][len(b)]
}

func someText(r *rand.Rand, lines, words int) string {
	out := make([]string, lines)
	for i := range out {
		out[i] = fmt.Sprint(r.IntN(words))
	}
	return strings.Join(out, "\n")
}

func TestDifferenceGivesBothTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		theirs, mine := someText(r, r.IntN(30), 1+r.IntN(8)), someText(r, r.IntN(30), 1+r.IntN(8))
		diff := diffLines(theirs, mine)
		if a, b := applied(diff); a != theirs || b != mine {
			t.Fatalf("the difference of %q and %q gives %q and %q", theirs, mine, a, b)
		}
		if n := changes(diff); n != fewest(theirs, mine) {
			t.Fatalf("%q and %q differ in %d lines, said %d", theirs, mine, fewest(theirs, mine), n)
		}
	}
}

// hugeTexts are pairs of one megabyte each that are the most expensive to compare: nothing alike, nearly all lines
// empty, lines moved.
func hugeTexts() map[string][2]string {
	r := rand.New(rand.NewPCG(3, 4))
	long := func(words int) string { return someText(r, (1<<20)/3, words) }
	return map[string][2]string{
		"nothing alike":   {strings.Repeat("a\n", 1<<19), strings.Repeat("b\n", 1<<19)},
		"few words":       {long(2), long(2)},
		"many words":      {long(1000), long(1000)},
		"one line":        {strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20)},
		"shifted":         {"x\n" + strings.Repeat("a\nb\n", 1<<18), strings.Repeat("a\nb\n", 1<<18)},
		"a word repeated": {strings.Repeat("a\na\nb\n", 170_000), strings.Repeat("a\nb\nb\n", 170_000)},
	}
}

func TestDifferenceOfHugeTextsIsRightAndShownShort(t *testing.T) {
	for name, pair := range hugeTexts() {
		diff := diffLines(pair[0], pair[1])
		if a, b := applied(diff); a != pair[0] || b != pair[1] {
			t.Errorf("%s: the difference does not give the texts", name)
		}
		size, counted := 0, 0
		shown := shownDiff(diff)
		for _, l := range shown {
			size += len(l.Text) + 1
			if counted += l.Same + l.More; l.Same+l.More == 0 {
				counted += strings.Count(l.Text, "\n") + 1
			}
		}
		if size > maxDiffShown+2*maxDiffLines || len(shown) > maxDiffLines+2 || counted != diffLength(diff) {
			t.Errorf("%s: shows %d lines of %d bytes, which stand for %d of %d", name, len(shown), size, counted, diffLength(diff))
		}
	}
}

func FuzzDifference(f *testing.F) {
	f.Add("a\nb", "b\na")
	f.Add("", "\n\n")
	f.Fuzz(func(t *testing.T, theirs, mine string) {
		if a, b := applied(diffLines(theirs, mine)); a != theirs || b != mine {
			t.Fatalf("%q and %q give %q and %q", theirs, mine, a, b)
		}
	})
}

func BenchmarkDifference(b *testing.B) {
	for name, pair := range hugeTexts() {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				shownDiff(diffLines(pair[0], pair[1]))
			}
		})
	}
}
