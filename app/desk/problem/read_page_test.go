package problem

import (
	"fmt"
	"testing"

	"sportello/store"
)

func TestEachBranchHasTheVersionThatMendsIt(t *testing.T) {
	ranges := func(ends ...string) (out []store.Range) {
		for i := 0; i < len(ends); i += 2 {
			out = append(out, store.Range{From: ends[i], Until: ends[i+1]})
		}
		return out
	}
	for _, one := range []struct {
		affected []store.Range
		fixed    []string
		want     string
	}{
		{nil, nil, "[{   false}]"},
		{nil, []string{"24.02", "23.10.03"}, "[{  23.10.03, 24.02 false}]"},
		{ranges("24.01", "24.02", "23.10", "23.10.03"), []string{"23.10.03", "24.02"}, "[{23.10 23.10.03 23.10.03 false} {24.01 24.02 24.02 false}]"},
		{ranges("23.10", "", "24.01", ""), []string{"24.02"}, "[{23.10   false} {24.01  24.02 false}]"},
		{ranges("23.10", "24"), []string{"25.1", "25.2"}, "[{23.10 24 25.1 false} {  25.2 true}]"},
	} {
		v := &View{Problem: &store.Problem{Affected: one.affected, FixedIn: one.fixed}, Module: &store.Module{}}
		if got := fmt.Sprint(v.Branches()); got != one.want {
			t.Errorf("%v fixed in %v are %s, want %s", one.affected, one.fixed, got, one.want)
		}
	}
}
