// Package file keeps attachments: it takes what people send, opens it for those who may read what it belongs to, and has
// its text read for the search.
package file

import (
	"log/slog"

	"sportello/app/desk/policy"
	"sportello/store"
)

// Files are the attachments of one desk.
type Files struct {
	st      *store.Store
	log     *slog.Logger
	maxFile int64
	rights  *policy.Rights
}

// New returns the attachments of the store; one has at most maxFile bytes.
func New(st *store.Store, log *slog.Logger, maxFile int64, rights *policy.Rights) *Files {
	return &Files{st: st, log: log, maxFile: maxFile, rights: rights}
}
