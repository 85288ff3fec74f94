package notice

import (
	"sportello/store"
	"sportello/store/db"
)

// Purpose is what the answer to a letter becomes.
type Purpose uint8

// The purposes. The reply address of a letter carries it.
const (
	PurposeUnknown  Purpose = iota // of reply addresses of releases before: internal for whom may write notes
	PurposePublic                  // a message
	PurposeInternal                // a note, which an agent may publish
)

// PurposeOf is what the answer to the letter becomes: a note as soon as it tells of anything internal, whatever else it
// tells, and whatever event is named for it. What tells agents of their own affairs is internal: notes, who works, whose
// it is, what came back, what waits for them, their account.
func PurposeOf(tx *db.Tx, l *store.Letter) Purpose {
	for _, tell := range l.Tells {
		if !tell.Event.Answered() {
			return PurposeInternal
		}
		if tell.Message == 0 {
			continue
		}
		if m, err := store.Messages.Get(tx, tell.Message); err != nil || m.Internal {
			return PurposeInternal // what is gone may have been a note
		}
	}
	return PurposePublic
}
