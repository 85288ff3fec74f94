// Package message renders the text of messages, for pages, letters and programs alike.
package message

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"sportello/app/markup"
	"sportello/app/markup/quote"
	"sportello/store"
)

// shownInText lists the media types of pictures that the text of a message may show.
var shownInText = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// HTML returns a message as HTML in its format, for pages, the API and letters. quoted is the label of the fold around
// text that Markdown quotes; files are those whose pictures the text may show.
func HTML(m *store.Message, quoted string, files []*store.File) template.HTML {
	return Passage(m.Written(), m.Body, m.HTML, quoted, files)
}

// Rest returns as HTML what the mail quoted, and its signature.
func Rest(m *store.Message, quoted string, files []*store.File) template.HTML {
	return Passage(m.Written(), m.Rest, m.RestHTML, quoted, files)
}

// written is all that the HTML of a text in Markdown rests on.
type written struct{ text, quoted string }

var folded markup.Rendered[written, template.HTML]

// Passage returns a text, or the HTML of a mail, as HTML in its format. The result is safe.
func Passage(format store.Format, text, html, quoted string, files []*store.File) template.HTML {
	switch {
	case format == store.Markdown:
		return folded.Get(written{text, quoted}, len(text), func() (template.HTML, int) {
			out := quote.Folded(text, quoted)
			return out, len(out)
		})
	case html == "":
		return markup.MessageText(text)
	}
	return markup.MailHTML(html, markup.MailView{Picture: func(cid string) string {
		for _, f := range files {
			if f.ContentID == cid && cid != "" && slices.Contains(shownInText, f.Type) {
				return fmt.Sprintf("/files/%d", f.ID)
			}
		}
		return ""
	}})
}

// Pictures returns the files whose pictures a message may show: its own first, then those of the ticket that the reader
// may see, because answers quote pictures without attaching them again.
func Pictures(all map[uint64][]*store.File, m *store.Message) []*store.File {
	if m.HTML == "" && m.RestHTML == "" {
		return nil
	}
	out := all[m.ID]
	if !strings.Contains(m.HTML+m.RestHTML, "<img") {
		return out
	}
	for id, files := range all {
		if id != m.ID {
			out = append(slices.Clip(out), files...)
		}
	}
	return out
}
