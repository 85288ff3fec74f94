package store

import (
	"errors"
	"time"

	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// FileText is the text of a file, for search. Every file of a readable kind has one once it belongs to a ticket or an
// article; it is deleted with its file.
type FileText struct {
	db.Row
	File    uint64    `json:"file"`
	Ticket  uint64    `json:"ticket,omitzero"` // of the file when it was read: whose history the reading belongs to
	Article uint64    `json:"article,omitzero"`
	Text    string    `json:"text,omitzero"`
	Failed  string    `json:"failed,omitzero"` // why there is no text, in one word of package extract
	At      time.Time `json:"at"`              // zero: to be read again
}

// Waiting reports whether the file is to be read again.
func (t *FileText) Waiting() bool { return t.At.IsZero() }

// The ways into the texts.
var (
	TextsByFile = Texts.UniqueIndex("file", func(t *FileText) [][]byte { return key.One(t.File) })
	// what could not be read, by time.
	TextsFailed = Texts.Index("failed", func(t *FileText) [][]byte {
		if t.Failed == "" {
			return nil
		}
		return key.One(t.At)
	})
)

// TextOf returns the text of the file, NotFound when the file has not been read.
func TextOf(tx *db.Tx, file uint64) (*FileText, error) { return TextsByFile.First(tx, file) }

// DeleteFile removes the file and what was read out of it. Its bytes are deleted later, when no other file has them.
func DeleteFile(tx *db.Tx, id uint64) error {
	t, err := TextOf(tx, id)
	if err == nil {
		err = Texts.Delete(tx, t.ID)
	}
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	return Files.Delete(tx, id)
}
