package notice

import (
	"sportello/app/desk/post"
	"sportello/store"
)

// Purpose is what the answer to a letter becomes.
type Purpose uint8

// The purposes. The reply address of a letter carries it.
const (
	PurposeUnknown  Purpose = iota // of reply addresses of releases before: internal for whom may write notes
	PurposePublic                  // a message
	PurposeInternal                // a note, which an agent may publish
)

// purposes says of each event what the answer to its letter becomes. What tells agents of their own affairs is
// internal: notes, who works, whose it is, what came back, what waits for them, their account. An event that does not stand here is
// internal.
var purposes = map[string]Purpose{
	"opened": PurposePublic, "message": PurposePublic, "taken": PurposePublic, "moved": PurposePublic, "waiting": PurposePublic, "planned": PurposePublic,
	"resolved": PurposePublic, "closing": PurposePublic, "priority": PurposePublic, "new": PurposePublic,
	"group": PurposeInternal, "assigned": PurposeInternal, "note": PurposeInternal, "mention": PurposeInternal, "bounce": PurposeInternal,
	"unconfirmed": PurposeInternal, "beside": PurposeInternal, "digest": PurposeInternal, post.EventReceived: PurposePublic, post.EventCut: PurposePublic,
	"invited": PurposeInternal, "link": PurposeInternal, post.EventAsked: PurposeInternal, "handed": PurposeInternal, "rights": PurposeInternal, "password": PurposeInternal,
	"address": PurposeInternal, "token": PurposeInternal, "woken": PurposeInternal, "ending": PurposeInternal, "browser": PurposeInternal,
}

// PurposeOf is what the answer to the letter becomes: a note as soon as it tells of anything internal, whatever else it
// tells, and whatever event is named for it.
func PurposeOf(tx *store.Tx, l *store.Letter) Purpose {
	for _, tell := range l.Tells {
		if purposes[tell.Event] != PurposePublic {
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
