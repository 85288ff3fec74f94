// Package release brings updates to those who must install them: what an update is, whom it is for, who was told of it, and
// what each organisation says of it.
//
//	release.go   reading and listing releases
//	write.go     drafts, and corrections of what was published
//	audience.go  whom a release is for, and whom that tells
//	publish.go   checking, publishing, withdrawing, telling again
//	round.go     telling people, a few at a time
//	receipt.go   what organisations answer; newer.go: what answers for them
//	file.go      the files, who may have them, who had them
//	may.go       what is asked before a form is read
//	import.go    what comes from elsewhere, of which nobody is told
//	mail.go      drafts made from the mail of a supplier
//	contact.go   addresses without credentials, and who follows a module
//	picture.go   organisations down, releases across
package release

import (
	"sync"
	"time"

	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store/db"
)

// Releases are the releases of one desk.
type Releases struct {
	st      *db.Store
	loc     *time.Location // whose days count
	rights  *policy.Rights
	post    *post.Post
	files   *file.Files
	tickets *ticket.Tickets
	say     func(lang, key string, args ...any) string
	going   sync.Mutex    // held by a step: each goes on where the one before it ended
	begun   chan struct{} // a round began, or something was scheduled
}

// New returns the releases of the store. Their days are those of loc, and say returns the sentence of the key.
func New(st *db.Store, loc *time.Location, rights *policy.Rights, post *post.Post, files *file.Files, tickets *ticket.Tickets, say func(lang, key string, args ...any) string) *Releases {
	return &Releases{st: st, loc: loc, rights: rights, post: post, files: files, tickets: tickets, say: say, begun: make(chan struct{}, 1)}
}

// today returns the day of the desk, at its beginning in UTC.
func (rs *Releases) today(tx *db.Tx) time.Time {
	now := tx.Now().In(rs.loc)
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
}

func (rs *Releases) wake() {
	select {
	case rs.begun <- struct{}{}:
	default:
	}
}
