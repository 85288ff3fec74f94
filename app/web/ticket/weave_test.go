package ticket

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAThreadIsInTheOrderInWhichItHappened compares weave with a plain sorting of the same: whatever the moments, every
// event and message comes once, and runs are broken by what is shown between them alone.
func TestAThreadIsInTheOrderInWhichItHappened(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	moment := func() time.Time { return time.Unix(r.Int64N(8), 0) }
	sorted := func(n int) []spot {
		out := make([]spot, n)
		for i := range out {
			out[i] = spot{at: moment(), first: r.IntN(2) == 0, apart: r.IntN(4) == 0}
		}
		slices.SortStableFunc(out, func(a, b spot) int { return a.at.Compare(b.at) })
		return out
	}
	for range 3000 {
		messages, events := sorted(r.IntN(6)), sorted(r.IntN(6))
		for i := 1; i < len(events); i++ { // one step's events stand together: those that come first before the others
			if events[i].at.Equal(events[i-1].at) && !events[i-1].first {
				events[i].first = false
			}
		}
		var gaps []*gap
		if r.IntN(2) == 0 {
			gaps = []*gap{{At: r.IntN(len(messages) + 1)}}
		}
		var got []string
		last := ""
		for part := range weave(messages, events, gaps) {
			switch {
			case part.message >= 0:
				got = append(got, fmt.Sprint("m", part.message))
			case part.gap != nil:
				got = append(got, "gap")
			default:
				if last == "run" || part.events >= part.upTo {
					t.Fatalf("a run %d to %d after a %s", part.events, part.upTo, last)
				}
				for i := part.events; i < part.upTo; i++ {
					got = append(got, fmt.Sprint("e", i))
				}
				last = "run"
				continue
			}
			last = ""
		}
		if want := plainly(messages, events, gaps); !slices.Equal(got, want) {
			t.Fatalf("messages %v, events %v, gaps %v: %s, want %s", messages, events, len(gaps), strings.Join(got, " "), strings.Join(want, " "))
		}
	}
}

// plainly is the order that weave has to find: each event stands before the first shown message that is not older, unless
// both are of one moment and it is no event that comes first. A gap stands before the message of its number, and after
// the events that are older than that.
func plainly(messages, events []spot, gaps []*gap) []string {
	var out []string
	used := make([]bool, len(events))
	take := func(which func(spot) bool) {
		for i, e := range events {
			if !used[i] && which(e) {
				used[i] = true
				out = append(out, fmt.Sprint("e", i))
			}
		}
	}
	for k, m := range messages {
		if len(gaps) > 0 && gaps[0].At == k {
			take(func(e spot) bool { return e.at.Before(m.at) })
			out = append(out, "gap")
		}
		if m.apart {
			continue
		}
		take(func(e spot) bool { return e.at.Before(m.at) || e.at.Equal(m.at) && e.first })
		out = append(out, fmt.Sprint("m", k))
	}
	take(func(spot) bool { return true })
	if len(gaps) > 0 && gaps[0].At == len(messages) {
		out = append(out, "gap")
	}
	return out
}
