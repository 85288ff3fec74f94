package notice

import (
	"slices"
	"testing"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/post"
)

// TestEachLetterHasItsPurpose fails for an event or a mail without a row.
func TestEachLetterHasItsPurpose(t *testing.T) {
	public := []string{"opened", "message", "taken", "moved", "waiting", "planned", "resolved", "closing", "priority", "new", post.EventReceived, post.EventCut}
	for _, event := range slices.Concat(eventWeight, catalogue.MailEvents) {
		p, ok := purposes[event]
		if !ok || (p == PurposePublic) != slices.Contains(public, event) {
			t.Errorf("%s: purpose %d, %t", event, p, ok)
		}
		if slices.Contains(eventsOfNotes, event) && p != PurposeInternal {
			t.Errorf("%s tells of notes and its answer is public", event)
		}
	}
}
