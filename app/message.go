package app

import (
	"html/template"

	"sportello/app/markup"
	"sportello/store"
)

// messageHTML shows a text of a message in its format, for every page, the API and letters. quoted stands on the fold
// of what Markdown quotes.
func messageHTML(format store.Format, text, quoted string) template.HTML {
	if format == store.Markdown {
		return markup.MessageFolded(text, quoted)
	}
	return markup.MessageText(text)
}

// message shows a message as the thread does.
func (p *Page) message(m *store.Message) template.HTML {
	return messageHTML(m.Written(), m.Body, p.T("ticket.quoted"))
}
