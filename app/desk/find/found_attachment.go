package find

import (
	"strings"

	"sportello/app/desk/policy"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// maxLookedThrough limits how many files of one hit are searched for words.
const maxLookedThrough = 5

// showAttachment makes the hit show the file that contains its words, if the ticket or article itself lacks some of
// them.
func (fi *Finder) showAttachment(tx *db.Tx, a policy.Actor, f *Found, parsed query.Parsed) error {
	language := ""
	switch { // files of a mail are not read until it becomes a message, and those of an update never
	case f.Ticket != nil:
		language = f.Ticket.Language
	case f.Version != nil:
		language = f.Version.Language
	default:
		return nil
	}
	least := f.read.Missing()
	if least <= f.lacks {
		return nil
	}
	files, err := fi.filesOf(tx, a, f)
	if err != nil {
		return err
	}
	best := ""
	for i, file := range files {
		if i == maxLookedThrough || least <= f.lacks {
			break
		}
		words := ""
		switch text, err := store.TextOf(tx, file.ID); {
		case err == nil:
			words = record.FileText(text.Text)
		case fault.KindOf(err) != fault.NotFound:
			return err
		}
		if n := query.Missing(file.Name+"\n"+words, parsed, language); n < least {
			least, best, f.Attachment = n, words, file.Name
		}
	}
	if s := query.Snippet(best, parsed, language, snippetLength); strings.Contains(string(s), "<mark>") {
		f.Snippet = s // otherwise the file's name contains the words
	}
	return nil
}

// filesOf returns the files of the hit that the actor may open, of a ticket the first maxLookedThrough.
func (fi *Finder) filesOf(tx *db.Tx, a policy.Actor, f *Found) ([]*store.File, error) {
	if f.Ticket == nil {
		files, err := store.FilesByVersion.Find(tx, f.Version.ID)
		if err != nil {
			return nil, err
		}
		return fi.files.Readable(tx, a, files)
	}
	var out []*store.File
	for file, err := range fi.rights.Files(tx, f.Ticket, fi.rights.Stand(tx, a, f.Ticket)) {
		if err != nil {
			return nil, err
		}
		if out = append(out, file); len(out) == maxLookedThrough {
			break
		}
	}
	return out, nil
}
