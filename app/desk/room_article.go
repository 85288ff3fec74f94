// Package article reads, writes, reviews and translates articles.
package desk

import "sportello/store"

// Articles are the articles of one desk.
type Articles struct {
	st      *store.Store
	maxFile int64
	files   *Files
}

// NewArticles returns the articles of the store; a picture in one has at most maxFile bytes.
func NewArticles(st *store.Store, maxFile int64, files *Files) *Articles {
	return &Articles{st: st, maxFile: maxFile, files: files}
}
