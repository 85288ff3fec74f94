package article

import (
	"slices"
	"strings"
)

// diffLine is one line of two texts laid over each other, or several together where a coarse comparison took them so. In a difference made short for a page it may stand for lines
// that are not shown.
type diffLine struct {
	Text    string
	Added   bool // in the first text alone
	Removed bool // in the second text alone
	Same    int  // so many lines that both texts have are left out here
	More    int  // so many lines of what stands before, or at the end, are left out here
}

// What comparing two texts may cost. Beyond it the texts are laid over each other coarsely, which is as right.
const (
	maxEdits     = 1000    // lines that differ
	maxDiffSteps = 2 << 20 // comparisons of lines
	maxCompared  = 50_000  // lines that are compared at all
)

// diffLines lays the text theirs over mine, line by line: a line that only theirs has is added, one that only mine has
// is removed. What is added together with what is kept is theirs, what is removed together with what is kept is mine.
// Texts too different to compare within the bounds have all removed as one and then all added as one between the lines
// that they begin and end with alike.
func diffLines(theirs, mine string) []diffLine {
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
	out := make([]diffLine, 0, head+len(changed)+tail)
	for _, s := range a[:head] {
		out = append(out, diffLine{Text: s})
	}
	out = append(out, changed...)
	for _, s := range a[len(a)-tail:] {
		out = append(out, diffLine{Text: s})
	}
	return out
}

// middle finds the fewest lines to remove from a and add to make b (Myers 1986), or removes all and adds all where that
// would cost too much.
func middle(a, b []string) []diffLine {
	var out []diffLine
	var path [][2]int
	found := len(a) == 0 || len(b) == 0
	if !found && len(a)+len(b) <= maxCompared {
		path, found = shortest(numbered(a, b))
	}
	if !found || len(a)+len(b) > maxCompared {
		if len(a) > 0 {
			out = append(out, diffLine{Text: strings.Join(a, "\n"), Removed: true})
		}
		if len(b) > 0 {
			out = append(out, diffLine{Text: strings.Join(b, "\n"), Added: true})
		}
		return out
	}
	i, j := 0, 0
	for _, at := range path { // pairs of lines that are kept
		for ; i < at[0]; i++ {
			out = append(out, diffLine{Text: a[i], Removed: true})
		}
		for ; j < at[1]; j++ {
			out = append(out, diffLine{Text: b[j], Added: true})
		}
		out = append(out, diffLine{Text: a[i]})
		i, j = i+1, j+1
	}
	for ; i < len(a); i++ {
		out = append(out, diffLine{Text: a[i], Removed: true})
	}
	for ; j < len(b); j++ {
		out = append(out, diffLine{Text: b[j], Added: true})
	}
	return out
}

// numbered gives equal lines equal numbers, so that comparing two is one step however long they are.
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

// shortest returns the pairs of places that are kept, in order; false when it would take more than the bounds allow.
func shortest(x, y []int32) ([][2]int, bool) {
	bound := min(len(x)+len(y), maxEdits)
	reach := make([]int32, 2*bound+2) // by diagonal i-j, moved by bound: how far in x one comes with d edits
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

// walkBack follows from the end how shortest came there.
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

// What of a difference a page shows.
const (
	maxDiffShown = 128 << 10 // bytes
	maxDiffLines = 2000
	diffContext  = 3 // lines before and after what differs, once not all of it is shown
)

// shownDiff is the difference as a page shows it: whole while it is short, else what differs with the lines around it,
// as far as there is room, and how much is left out.
func shownDiff(all []diffLine) []diffLine {
	size := 0
	for _, l := range all {
		size += len(l.Text) + 1
	}
	if size <= maxDiffShown && len(all) <= maxDiffLines {
		return all
	}
	var out []diffLine
	room := maxDiffShown
	near := 0 // up to here lines stand near something that differs
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
			out = append(out, diffLine{Same: 1})
		case room <= 0 || len(out) >= maxDiffLines:
			return append(out, diffLine{More: diffLength(all[i:])})
		default:
			left := 0
			if most := maxDiffShown / 3; len(l.Text) > most { // what follows is to be seen too
				l.Text, left = beginning(l.Text, most)
			}
			room -= len(l.Text) + 1
			if out = append(out, l); left > 0 {
				out = append(out, diffLine{More: left})
			}
		}
	}
	return out
}

// beginning cuts the text after at most n bytes, behind a line if it has one there, and counts the lines left.
func beginning(s string, n int) (string, int) {
	if at := strings.LastIndexByte(s[:n], '\n'); at >= 0 {
		return s[:at], strings.Count(s[at+1:], "\n") + 1
	}
	return strings.ToValidUTF8(s[:n], "") + " …", strings.Count(s[n:], "\n")
}

func diffLength(diff []diffLine) int {
	n := 0
	for _, l := range diff {
		n += strings.Count(l.Text, "\n") + 1
	}
	return n
}
