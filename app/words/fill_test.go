package words

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestASentenceIsFilledAlikeInBothWays holds sentences of one form, which are filled in at once, to the way that the others go.
func TestASentenceIsFilledAlikeInBothWays(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	pieces := []string{"{a}", "{b}", "{c}", "{", "}", "{}", "{a", " di ", "è", "{{a}}"}
	values := []any{"uno", "{b}", 7, -1200, 2.5, nil, true, fmt.Errorf("x"), struct{ A int }{3}, ""}
	for range 50_000 {
		s := ""
		for range r.IntN(7) {
			s += pieces[r.IntN(len(pieces))]
		}
		var args []any
		for range r.IntN(4) {
			args = append(args, []any{"a", "b", "d", 3}[r.IntN(4)], values[r.IntN(len(values))])
		}
		if r.IntN(5) == 0 {
			args = append(args, "a")
		}
		want, err := sentence(s).Execute(pairs(args))
		if got := filled(s, args); got != want || err != nil {
			t.Fatalf("%q with %v: %q, want %q (%v)", s, args, got, want, err)
		}
	}
}
