// Package notice decides who is notified of what. It plans notices and letters from the change log, composes and sends
// letters, and makes the reply addresses and reading links that lead back to the ticket.
package notice

import (
	"sync"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/file"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/release"
	"sportello/app/desk/ticket"
	"sportello/store/db"
)

// Notices are the notices and letters of one desk.
type Notices struct {
	st       *db.Store
	keeper   *credential.Keeper
	clock    func() time.Time
	loc      *time.Location
	rights   *policy.Rights
	post     *post.Post
	files    *file.Files
	tickets  *ticket.Tickets
	releases *release.Releases
	plans    *plan.Plans

	outMu     sync.Mutex      // held while letters are sent
	unwritten map[uint64]Sent // letters that were sent but could not be recorded in the store; protected by outMu
}

// New returns the notices of the store.
func New(st *db.Store, keeper *credential.Keeper, loc *time.Location, rights *policy.Rights, post *post.Post, files *file.Files, tickets *ticket.Tickets, releases *release.Releases, plans *plan.Plans) *Notices {
	return &Notices{st: st, keeper: keeper, clock: st.Now, loc: loc, rights: rights, post: post, files: files, tickets: tickets, releases: releases, plans: plans, unwritten: map[uint64]Sent{}}
}
