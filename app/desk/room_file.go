// Package file keeps attachments: it takes what people send, opens it for those who may read what it belongs to, and has
// its text read for the search.
package desk

import (
	"log/slog"

	"sportello/store"
)

// Files are the attachments of one desk.
type Files struct {
	st      *store.Store
	log     *slog.Logger
	maxFile int64
	rights  *Rights
}

// NewFiles returns the attachments of the store; one has at most maxFile bytes.
func NewFiles(st *store.Store, log *slog.Logger, maxFile int64, rights *Rights) *Files {
	return &Files{st: st, log: log, maxFile: maxFile, rights: rights}
}
