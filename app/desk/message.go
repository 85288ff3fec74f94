package desk

import (
	"slices"

	"sportello/app/markup"
	"sportello/store"
)

// phrase settles how a message that is about to be written is to be read, for every door. What its door knows stays: a
// mail has its own format, and a program may say so. Else the group writes Markdown, which it sees before it sends,
// and the requester's side writes text, of which no character means anything. Of HTML, Body becomes the text.
func phrase(m *store.Message) {
	switch {
	case m.Format == store.HTML && m.HTML == "":
		p := markup.FromHTML(m.Body)
		if m.Body, m.HTML = p.Text, p.HTML; m.HTML == "" {
			m.Format = store.Text
		}
	case m.Format != store.FormatNone:
	case m.Agent:
		m.Format = store.Markdown
	default:
		m.Format = store.Text
	}
}

// Speaks returns the format of a message that the actor would write in the ticket now, a note or a public one.
func (v *TicketView) Speaks(note bool) store.Format {
	m := store.Message{Agent: note || v.ForGroup}
	phrase(&m)
	return m.Format
}

// Words returns what the message says as text: what was typed, and of Markdown what it shows.
func Words(m *store.Message) string {
	if m.Written() == store.Markdown {
		return markup.Plain(markup.MessageFmt, m.Body)
	}
	return m.Body
}

// withoutQuoted leaves out the pictures of a mail that only stand in what it quotes and that the ticket holds for
// whoever reads the message. What lies beside the ticket may go elsewhere and keeps all.
func withoutQuoted(tx *store.Tx, m *store.Message, files []*store.File) ([]*store.File, error) {
	if m.RestHTML == "" || m.Beside != "" || len(files) == 0 {
		return files, nil
	}
	own, quoted := markup.Pictures(m.HTML), markup.Pictures(m.RestHTML)
	again := map[string]bool{} // sums of what is only quoted
	for _, f := range files {
		if f.ContentID != "" && slices.Contains(quoted, f.ContentID) && !slices.Contains(own, f.ContentID) {
			again[f.Sum] = false
		}
	}
	if len(again) == 0 {
		return files, nil
	}
	for f, err := range store.FilesByTicket.Rows(tx, store.Span{Prefix: store.Key(m.Ticket)}) {
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
