// Package article reads, writes, reviews and translates articles.
package article

import (
	"sportello/app/desk/file"
	"sportello/store/db"
)

// Articles are the articles of one desk.
type Articles struct {
	st      *db.Store
	maxFile int64
	files   *file.Files
}

// New returns the articles of the store; a picture in an article may have at most maxFile bytes.
func New(st *db.Store, maxFile int64, files *file.Files) *Articles {
	return &Articles{st: st, maxFile: maxFile, files: files}
}
