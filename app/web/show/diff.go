package show

import (
	"slices"
	"strings"

	"sportello/app/words"
)

// DiffLine is one line of a difference between two texts, or several lines where the comparison was coarse. In a
// shortened difference it may stand for lines that are not shown.
type DiffLine struct {
	Text    string
	Added   bool   // only in the first text
	Removed bool   // only in the second text
	Same    int    // this many lines that both texts have are left out here
	More    int    // this many lines of the kind before, or at the end, are left out here
	Left    string // says in words what Same or More count; empty where nothing is left out
}

// Difference compares two texts line by line, as a page in the language shows it: what only theirs has is added, what
// only mine has is removed.
func Difference(w *words.Dictionary, lang, theirs, mine string) []DiffLine {
	out := shownDiff(diffLines(theirs, mine))
	for i, l := range out {
		switch {
		case l.Same > 0:
			out[i].Left = w.Plural(lang, "article.diff-same", l.Same)
		case l.More > 0:
			out[i].Left = w.Plural(lang, "article.diff-more", l.More)
		}
	}
	return out
}

// The limits of comparing two texts. Beyond them the comparison is coarse, which is also correct.
const (
	maxEdits     = 1000    // lines that differ
	maxDiffSteps = 2 << 20 // comparisons of lines
	maxCompared  = 50_000  // lines that are compared at all
)

// diffLines compares the texts line by line: a line that only theirs has is added, one that only mine has is removed.
// Added and kept lines together are theirs, removed and kept lines together are mine. Texts too different to compare
// within the limits have everything between their common beginning and end removed in one piece, then added in one
// piece.
func diffLines(theirs, mine string) []DiffLine {
	a, b := strings.Split(mine, "\n"), strings.Split(theirs, "\n")
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	changed := middle(a[head:len(a)-tail], b[head:len(b)-tail])
	out := make([]DiffLine, 0, head+len(changed)+tail)
	for _, s := range a[:head] {
		out = append(out, DiffLine{Text: s})
	}
	out = append(out, changed...)
	for _, s := range a[len(a)-tail:] {
		out = append(out, DiffLine{Text: s})
	}
	return out
}

// middle returns the fewest lines to remove from a and add to get b (Myers 1986). If that would exceed the limits, it
// removes all and adds all.
func middle(a, b []string) []DiffLine {
	var out []DiffLine
	var path [][2]int
	found := len(a) == 0 || len(b) == 0
	if !found && len(a)+len(b) <= maxCompared {
		path, found = shortest(numbered(a, b))
	}
	if !found || len(a)+len(b) > maxCompared {
		if len(a) > 0 {
			out = append(out, DiffLine{Text: strings.Join(a, "\n"), Removed: true})
		}
		if len(b) > 0 {
			out = append(out, DiffLine{Text: strings.Join(b, "\n"), Added: true})
		}
		return out
	}
	i, j := 0, 0
	for _, at := range path { // pairs of lines that are kept
		for ; i < at[0]; i++ {
			out = append(out, DiffLine{Text: a[i], Removed: true})
		}
		for ; j < at[1]; j++ {
			out = append(out, DiffLine{Text: b[j], Added: true})
		}
		out = append(out, DiffLine{Text: a[i]})
		i, j = i+1, j+1
	}
	for ; i < len(a); i++ {
		out = append(out, DiffLine{Text: a[i], Removed: true})
	}
	for ; j < len(b); j++ {
		out = append(out, DiffLine{Text: b[j], Added: true})
	}
	return out
}

// numbered gives equal lines equal numbers, so that comparing two takes one step however long they are.
func numbered(a, b []string) (x, y []int32) {
	numbers := map[string]int32{}
	number := func(lines []string) []int32 {
		out := make([]int32, len(lines))
		for i, s := range lines {
			n, ok := numbers[s]
			if !ok {
				n = int32(len(numbers)) // #nosec G115 -- a form has fewer bytes
				numbers[s] = n
			}
			out[i] = n
		}
		return out
	}
	return number(a), number(b)
}

// shortest returns the pairs of positions that are kept, in order; false when it would exceed the limits.
func shortest(x, y []int32) ([][2]int, bool) {
	bound := min(len(x)+len(y), maxEdits)
	reach := make([]int32, 2*bound+2) // by diagonal i-j, shifted by bound: how far d edits reach in x
	var trace [][]int32
	steps := 0
	for d := 0; d <= bound; d++ {
		trace = append(trace, slices.Clone(reach[bound-d:bound+d+1]))
		for k := -d; k <= d; k += 2 {
			i := 0
			if k == -d || k != d && reach[bound+k-1] < reach[bound+k+1] {
				i = int(reach[bound+k+1])
			} else {
				i = int(reach[bound+k-1]) + 1
			}
			for i < len(x) && i-k < len(y) && i-k >= 0 && x[i] == y[i-k] {
				i++
				steps++
			}
			reach[bound+k] = int32(i) // #nosec G115 -- a form has fewer bytes
			if i >= len(x) && i-k >= len(y) {
				return walkBack(trace, len(x), len(y)), true
			}
			if steps++; steps > maxDiffSteps {
				return nil, false
			}
		}
	}
	return nil, false
}

// walkBack follows the trace of shortest back from the end.
func walkBack(trace [][]int32, i, j int) [][2]int {
	var out [][2]int
	for d := len(trace) - 1; d > 0; d-- {
		reach := func(k int) int { return int(trace[d][k+d]) }
		k := i - j
		from := k - 1
		if k == -d || k != d && reach(k-1) < reach(k+1) {
			from = k + 1
		}
		pi := reach(from)
		pj := pi - from
		for i > pi && j > pj {
			i, j = i-1, j-1
			out = append(out, [2]int{i, j})
		}
		i, j = pi, pj
	}
	for i > 0 && j > 0 {
		i, j = i-1, j-1
		out = append(out, [2]int{i, j})
	}
	slices.Reverse(out)
	return out
}

// How much of a difference a page shows.
const (
	maxDiffShown = 128 << 10 // bytes
	maxDiffLines = 2000
	diffContext  = 3 // lines before and after each difference, when the page does not show everything
)

// shownDiff returns the difference as a page shows it: complete while it is short, else the differing lines with the
// lines around them, as far as there is room, and the number of lines left out.
func shownDiff(all []DiffLine) []DiffLine {
	size := 0
	for _, l := range all {
		size += len(l.Text) + 1
	}
	if size <= maxDiffShown && len(all) <= maxDiffLines {
		return all
	}
	var out []DiffLine
	room := maxDiffShown
	near := 0 // lines before this one are close to a difference
	for i, l := range all {
		for k := max(i, near-diffContext); k <= min(i+diffContext, len(all)-1); k++ {
			if all[k].Added || all[k].Removed {
				near = k + diffContext + 1
			}
		}
		switch {
		case i >= near && len(out) > 0 && out[len(out)-1].Same > 0:
			out[len(out)-1].Same++
		case i >= near:
			out = append(out, DiffLine{Same: 1})
		case room <= 0 || len(out) >= maxDiffLines:
			return append(out, DiffLine{More: diffLength(all[i:])})
		default:
			left := 0
			if most := maxDiffShown / 3; len(l.Text) > most { // leave room for what follows
				l.Text, left = beginning(l.Text, most)
			}
			room -= len(l.Text) + 1
			if out = append(out, l); left > 0 {
				out = append(out, DiffLine{More: left})
			}
		}
	}
	return out
}

// beginning cuts the text after at most n bytes, at a line end if there is one, and counts the remaining lines.
func beginning(s string, n int) (string, int) {
	if at := strings.LastIndexByte(s[:n], '\n'); at >= 0 {
		return s[:at], strings.Count(s[at+1:], "\n") + 1
	}
	return strings.ToValidUTF8(s[:n], "") + " …", strings.Count(s[n:], "\n")
}

func diffLength(diff []DiffLine) int {
	n := 0
	for _, l := range diff {
		n += strings.Count(l.Text, "\n") + 1
	}
	return n
}
