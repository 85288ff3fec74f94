package find

import (
	"fmt"
	"testing"
	"time"

	"sportello/app/desk/policy"
)

func TestADeskThatKeepsNothingHoldsNothing(t *testing.T) {
	fi := &Finder{clock: time.Now}
	for _, found := range []int{0, 3} {
		if fi.Asked(policy.Actor{}, Asked{Words: []string{"altro ancora"}, First: true, Found: found}); len(fi.misses.asked)+len(fi.misses.gathered) != 0 {
			t.Error("a desk that keeps nothing keeps something")
		}
	}
}

func TestNonsenseSearchedForWithoutEndFillsNothing(t *testing.T) {
	fi := &Finder{clock: time.Now, missMonths: 12}
	for i := range maxMisses + 500 {
		fi.Asked(policy.Actor{}, Asked{Words: []string{fmt.Sprintf("parola %c%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676, 'x')}, First: true})
	}
	if n := len(fi.misses.gathered); n != maxMisses {
		t.Errorf("%d are held, want %d", n, maxMisses)
	}
	for i := range maxAsked + 500 {
		fi.Asked(policy.Actor{}, Asked{Words: []string{fmt.Sprintf("cosa %c%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, 'a'+i/17576)}, First: true, Found: 1})
	}
	if n := len(fi.misses.asked); n != maxAsked {
		t.Errorf("%d wait, want %d", n, maxAsked)
	}
}
