// Package file stores attachments, opens them for people who may read the ticket or article they are attached to, and
// has their text read for the search.
package file

import (
	"log/slog"

	"sportello/app/desk/policy"
	"sportello/store/db"
)

// Files are the attachments of one desk.
type Files struct {
	st      *db.Store
	log     *slog.Logger
	maxFile int64
	rights  *policy.Rights
	readBy  func(a policy.Actor, ticket, file uint64) // see Witness
}

// New returns the attachments of the store; an attachment may have at most maxFile bytes.
func New(st *db.Store, log *slog.Logger, maxFile int64, rights *policy.Rights) *Files {
	return &Files{st: st, log: log, maxFile: maxFile, rights: rights}
}
