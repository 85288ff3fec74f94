package desk

import (
	"sportello/app/markup"
	"sportello/store"
)

// formatOf is how a message that is about to be written is to be read, for every door. What its door knows stays: a
// mail has its own format, and a program may say so. Else the group writes Markdown, which it sees before it sends,
// and the requester's side writes text, of which no character means anything.
func formatOf(m *store.Message) store.Format {
	switch {
	case m.Format != store.FormatNone:
		return m.Format
	case m.Agent:
		return store.Markdown
	}
	return store.Text
}

// Speaks returns the format of a message that the actor would write in the ticket now, a note or a public one.
func (v *TicketView) Speaks(note bool) store.Format {
	return formatOf(&store.Message{Agent: note || v.ForGroup})
}

// Words returns what the message says as text: what was typed, and of Markdown what it shows.
func Words(m *store.Message) string {
	if m.Written() == store.Markdown {
		return markup.Plain(markup.MessageFmt, m.Body)
	}
	return m.Body
}
