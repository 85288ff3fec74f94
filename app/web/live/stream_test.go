package live

import "testing"

func TestAStreamGivesItsPlaceBackOnce(t *testing.T) {
	var s streams
	for range liveOfNetwork + 1 {
		leave, ok := s.enter("s", "p", "n")
		if !ok {
			t.Fatal("a place was not given back")
		}
		leave()
		leave() // a second call does nothing
	}
	if s.all != 0 || len(s.of) != 0 {
		t.Errorf("%d, %v are left", s.all, s.of)
	}
}
