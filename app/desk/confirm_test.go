package desk

import (
	"errors"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/fault"
)

// TestThereIsNothingToConfirmBeforeASolution: who confirms a ticket that nobody resolved, or that is closed, is told so;
// nobody asks them how it ended.
func TestThereIsNothingToConfirmBeforeASolution(t *testing.T) {
	o := newOffice(t)
	for _, state := range []store.State{store.StateNew, store.StateOpen, store.StateWaiting, store.StatePlanned, store.StateClosed} {
		for _, text := range []*ticket.Text{nil, {Body: "Grazie, va bene così."}} {
			row := &store.Ticket{Subject: "Il cedolino non si apre", Kind: store.Malfunction, State: state, Messages: 1}
			o.stood(row)
			_, err := o.Tickets.Do(o.as("ada"), row.ID, ticket.Step{Confirm: true, Message: text})
			var one *fault.Error
			if !errors.As(err, &one) || one.Kind != fault.Invalid || one.Key != "error.nothing-to-confirm" {
				t.Errorf("%s, with words %v: %v", state, text != nil, err)
			}
		}
	}
}
