package ticket

import (
	"slices"

	"sportello/app/markup"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// withoutQuoted leaves out the pictures of a mail that only its quoted text shows and that every reader of the message
// can see elsewhere in the ticket. A message beside the ticket may move elsewhere and keeps all.
func withoutQuoted(tx *db.Tx, m *store.Message, files []*store.File) ([]*store.File, error) {
	if m.RestHTML == "" || m.Beside != "" || len(files) == 0 {
		return files, nil
	}
	own, quoted := markup.Pictures(m.HTML), markup.Pictures(m.RestHTML)
	again := map[string]bool{} // sums of pictures that are only quoted
	for _, f := range files {
		if f.ContentID != "" && slices.Contains(quoted, f.ContentID) && !slices.Contains(own, f.ContentID) {
			again[f.Sum] = false
		}
	}
	if len(again) == 0 {
		return files, nil
	}
	for f, err := range store.FilesByTicket.Rows(tx, db.Span{Prefix: key.Of(m.Ticket)}) {
		if err != nil {
			return nil, err
		}
		if _, asked := again[f.Sum]; !asked || f.Message == 0 {
			continue
		}
		of, err := store.Messages.Get(tx, f.Message)
		if err != nil {
			return nil, err
		}
		again[f.Sum] = again[f.Sum] || !of.Internal && !of.Merged() || m.Internal && of.Beside == ""
	}
	return slices.DeleteFunc(slices.Clone(files), func(f *store.File) bool {
		return again[f.Sum] && slices.Contains(quoted, f.ContentID) && !slices.Contains(own, f.ContentID)
	}), nil
}
