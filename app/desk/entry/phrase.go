package entry

import (
	"sportello/app/markup"
	"sportello/store"
)

// Phrase settles how a message that is about to be written is to be read, for every door. What its door knows stays: a
// mail has its own format, and a program may say so. Else the group writes Markdown, which it sees before it sends,
// and the requester's side writes text, of which no character means anything. Of HTML, Body becomes the text.
func Phrase(m *store.Message) {
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

// Words returns what the message says as text: what was typed, and of Markdown what it shows.
func Words(m *store.Message) string {
	if m.Written() == store.Markdown {
		return markup.Plain(markup.MessageFmt, m.Body)
	}
	return m.Body
}
