package app

import "strings"

// diffLine is one line of two texts laid over each other.
type diffLine struct {
	Text    string
	Added   bool // in the first text alone
	Removed bool // in the second text alone
}

// maxDiff bounds the work of comparing two texts, in pairs of lines.
const maxDiff = 4 << 20

// diffLines lays the text theirs over mine, line by line: a line that only theirs has is added, one that only mine has
// is removed. Of texts too different to compare, all of mine is removed and all of theirs added.
func diffLines(theirs, mine string) []diffLine {
	a, b := strings.Split(mine, "\n"), strings.Split(theirs, "\n")
	var head, tail []diffLine
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, diffLine{Text: a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, diffLine{Text: a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	out := head
	i, j := 0, 0
	if len(a)*len(b) <= maxDiff {
		same := commonAfter(a, b)
		for i < len(a) && j < len(b) {
			switch {
			case a[i] == b[j]:
				out = append(out, diffLine{Text: a[i]})
				i, j = i+1, j+1
			case same[i+1][j] >= same[i][j+1]:
				out = append(out, diffLine{Text: a[i], Removed: true})
				i++
			default:
				out = append(out, diffLine{Text: b[j], Added: true})
				j++
			}
		}
	}
	for ; i < len(a); i++ {
		out = append(out, diffLine{Text: a[i], Removed: true})
	}
	for ; j < len(b); j++ {
		out = append(out, diffLine{Text: b[j], Added: true})
	}
	for k := len(tail) - 1; k >= 0; k-- {
		out = append(out, tail[k])
	}
	return out
}

// commonAfter returns for each pair of places how many lines the rests of a and b have in common, in order.
func commonAfter(a, b []string) [][]int32 {
	same := make([][]int32, len(a)+1)
	cells := make([]int32, (len(a)+1)*(len(b)+1))
	for i := range same {
		same[i] = cells[i*(len(b)+1) : (i+1)*(len(b)+1)]
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				same[i][j] = same[i+1][j+1] + 1
			} else {
				same[i][j] = max(same[i+1][j], same[i][j+1])
			}
		}
	}
	return same
}
