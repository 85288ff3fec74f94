// Package intake processes incoming mail, in two steps. Take writes the bytes and a row to disk; only then may the
// sender's side acknowledge the mail. Run processes waiting mail one by one: it parses the mail (package mail), finds
// out whose it is and where it belongs (mail_join.go), and makes it a message in one transaction.
//
//	mail.go         taking and processing
//	mail_read.go    from bytes to text, files and a fingerprint
//	mail_join.go    which ticket, and as whom
//	mail_report.go  reports about the desk's mail
//	mail_return.go  mail to the envelope sender of a letter, and whether such mail arrives
//	mail_judge.go   people's decisions about mail that became no message
//	mail_original.go  original mails
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
	"sportello/app/desk/release"
	"sportello/app/desk/ticket"
	"sportello/store/db"
)

// Intake processes the mail of one desk.
type Intake struct {
	st       *db.Store
	log      *slog.Logger
	clock    func() time.Time
	free     func() (int64, bool)
	rights   *policy.Rights
	post     *post.Post
	people   *people.People
	tickets  *ticket.Tickets
	notices  *notice.Notices
	releases *release.Releases
	due      *due.Clock
	held     heldRoom

	mailMu    sync.Mutex    // held while a mail is processed: their order matters
	strangers strangers     // protected by mailMu
	mailWaits chan struct{} // signals that mail may be waiting
}

// New returns the intake of the store; free returns the free bytes on its disk.
func New(st *db.Store, log *slog.Logger, free func() (int64, bool), rights *policy.Rights, post *post.Post, people *people.People, tickets *ticket.Tickets, notices *notice.Notices, releases *release.Releases, due *due.Clock) *Intake {
	return &Intake{st: st, log: log, clock: st.Now, free: free, rights: rights, post: post, people: people, tickets: tickets, notices: notices, releases: releases, due: due, mailWaits: make(chan struct{}, 1)}
}
