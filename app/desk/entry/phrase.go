package entry

import (
	"sportello/app/markup"
	"sportello/app/markup/quote"
	"sportello/store"
)

// Phrase sets the format of a message about to be written, however it arrives. A known format stays: mail has its own,
// and a program may name one. Otherwise the group writes Markdown, which it previews before sending, and the
// requester's side writes plain text, in which no character has a special meaning. For HTML, Body becomes its text.
func Phrase(m *store.Message) {
	switch {
	case m.Format == store.HTML && m.HTML == "":
		p := quote.Whole(m.Body)
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

// Words returns the message as text: what was typed and, for Markdown, what it shows.
func Words(m *store.Message) string {
	if m.Written() == store.Markdown {
		return markup.Plain(markup.MessageFmt, m.Body)
	}
	return m.Body
}
