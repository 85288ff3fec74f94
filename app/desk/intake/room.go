// Package intake takes mail in. It comes in two steps: TakeMail puts the bytes and a row on disk; only then may whoever
// brought it acknowledge it. RunMail reads what waits, one after the other: what it is (package mail), whose it is and
// where it belongs (mail_join.go), and makes it a message in one transaction.
//
//	mail.go         taking and processing
//	mail_read.go    from bytes to text, files and what copies have in common
//	mail_join.go    which ticket, and as whom
//	mail_report.go  reports about what the desk sent
//	mail_return.go  what comes back to the sender of a letter's envelope, and whether mail comes back there
//	mail_judge.go   what people make of what became no message
//	mail_original.go  mails as they came
//	mail_import.go  years of mail at once
package intake

import (
	"log/slog"
	"sync"
	"time"

	"sportello/app/desk/due"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store"
)

// Intake takes the mail of one desk.
type Intake struct {
	st      *store.Store
	log     *slog.Logger
	clock   func() time.Time
	free    func() (int64, bool)
	rights  *policy.Rights
	post    *post.Post
	people  *people.People
	tickets *ticket.Tickets
	notices *notice.Notices
	due     *due.Clock
	held    heldRoom

	mailMu    sync.Mutex    // one mail is processed at a time: the order in which they came decides
	strangers strangers     // under mailMu
	mailWaits chan struct{} // something may wait
}

// New returns the intake of the store; free returns how many bytes are free on its disk.
func New(st *store.Store, log *slog.Logger, free func() (int64, bool), rights *policy.Rights, post *post.Post, people *people.People, tickets *ticket.Tickets, notices *notice.Notices, due *due.Clock) *Intake {
	return &Intake{st: st, log: log, clock: st.Now, free: free, rights: rights, post: post, people: people, tickets: tickets, notices: notices, due: due, mailWaits: make(chan struct{}, 1)}
}
