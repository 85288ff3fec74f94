package record

import (
	"maps"
	"slices"

	"sportello/app/markup"
	"sportello/search/analysis"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Pieces are the texts of a ticket or an article, as a phrase may stand in them: never across two.
type Pieces struct {
	Public, Notes []string
	Files         bool // public ones
	Foreign       int  // files that a duplicate brought in
}

// maxFileText is how much of the text of one file is found, in bytes.
const maxFileText = 64 << 10

// FileText returns the part of a file's text that is indexed.
func FileText(text string) string { return analysis.CutBytes(text, maxFileText) }

// fileText returns what was read out of a file, empty when nothing was.
func fileText(tx *db.Tx, file uint64) (string, error) {
	t, err := store.TextOf(tx, file)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return FileText(t.Text), nil
}

// OfTicket returns what can be read in a ticket: subject, messages, names of files, answers, and last, where a long
// text is cut, what stands in files. What a duplicate
// brought in belongs to other people and counts as notes do; the duplicate itself keeps the words it gave away.
func OfTicket(tx *db.Tx, t *store.Ticket) (Pieces, error) {
	p := Pieces{Public: []string{t.Subject}}
	public, foreign := map[uint64]bool{}, map[uint64]bool{} // messages that the requester's side reads; that the duplicate's does
	for m, err := range store.MessagesByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
		if err != nil {
			return p, err
		}
		foreign[m.ID] = !m.Internal && m.Merged()
		if public[m.ID] = !m.Internal && !m.Merged(); !public[m.ID] {
			p.Notes = append(p.Notes, m.Body)
			if m.Beside != "" {
				if row, err := store.Mails.Get(tx, m.Mail); err == nil {
					p.Notes = append(p.Notes, row.Subject)
				}
			}
		} else {
			p.Public = append(p.Public, m.Body)
			if m.Opening && m.Rest != "" {
				p.Public = append(p.Public, m.Rest) // what a first mail quotes stands in no other message
			}
		}
	}
	var files Pieces
	for f, err := range store.FilesByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
		if err != nil {
			return p, err
		}
		text, err := fileText(tx, f.ID)
		if err != nil {
			return p, err
		}
		if !public[f.Message] {
			if foreign[f.Message] {
				p.Foreign++
			}
			p.Notes = append(p.Notes, f.Name)
			files.Notes = append(files.Notes, text)
		} else {
			p.Files = true
			p.Public = append(p.Public, f.Name)
			files.Public = append(files.Public, text)
		}
	}
	for m, err := range store.MessagesByBrought.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
		if err != nil {
			return p, err
		}
		if m.Internal || m.Side() != t.ID || !m.Merged() {
			continue
		}
		p.Public = append(p.Public, m.Body)
		for f, err := range store.FilesByMessage.Rows(tx, db.Span{Prefix: key.Of(m.ID)}) {
			if err != nil {
				return p, err
			}
			text, err := fileText(tx, f.ID)
			if err != nil {
				return p, err
			}
			p.Files = true
			p.Public, files.Public = append(p.Public, f.Name), append(files.Public, text)
		}
	}
	for _, q := range slices.Sorted(maps.Keys(t.Answers)) {
		p.Public = append(p.Public, t.Answers[q])
	}
	for _, s := range []string{t.Version, t.Affected, t.WorkedIn, t.External} {
		if s != "" {
			p.Public = append(p.Public, s)
		}
	}
	p.Public = append(p.Public, files.Public...)
	p.Notes = append(p.Notes, files.Notes...)
	return p, nil
}

// OfMail returns what can be read of a mail that somebody has to judge.
func OfMail(m *store.Mail) Pieces { return Pieces{Public: []string{m.Subject, m.Text}} }

// OfVersion returns what can be read in a version of an article.
func OfVersion(tx *db.Tx, v *store.Version) (Pieces, error) {
	p := Pieces{Public: append([]string{v.Title, markup.Plain(v.Format.String(), v.Body)}, v.Labels...)}
	var files []string
	for f, err := range store.FilesByVersion.Rows(tx, db.Span{Prefix: key.Of(v.ID)}) {
		if err != nil {
			return p, err
		}
		text, err := fileText(tx, f.ID)
		if err != nil {
			return p, err
		}
		p.Public = append(p.Public, f.Name)
		files = append(files, text)
	}
	p.Public = append(p.Public, files...)
	return p, nil
}
