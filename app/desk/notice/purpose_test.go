package notice

import (
	"slices"
	"testing"

	"sportello/store/event"
)

// TestEachLetterHasItsPurpose says once more, apart from the table of events, to which letters the answer is public.
func TestEachLetterHasItsPurpose(t *testing.T) {
	public := []string{"opened", "message", "taken", "moved", "waiting", "planned", "resolved", "closing", "priority", "new", "received", "cut"}
	for _, e := range event.All() {
		if e.Answered() != slices.Contains(public, e.String()) {
			t.Errorf("%s: the answer to its letter is public: %t", e, e.Answered())
		}
		if e.OfNotes() && e.Answered() {
			t.Errorf("%s tells of notes and its answer is public", e)
		}
	}
}
