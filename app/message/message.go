// Package message knows what a message's words look like, for pages, letters and programs alike.
package message

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"sportello/app/markup"
	"sportello/store"
)

// shownInText holds the media types of pictures that may stand in the text of a message.
var shownInText = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// HTML shows a message in its format, for every page, the API and letters. quoted stands on the fold of what
// Markdown quotes; files are those whose pictures the text may show.
func HTML(m *store.Message, quoted string, files []*store.File) template.HTML {
	return Passage(m.Written(), m.Body, m.HTML, quoted, files)
}

// Rest shows what the mail quoted, and its signature.
func Rest(m *store.Message, quoted string, files []*store.File) template.HTML {
	return Passage(m.Written(), m.Rest, m.RestHTML, quoted, files)
}

// Passage shows a text, or the HTML of a mail, in its format. The HTML it returns is safe.
func Passage(format store.Format, text, html, quoted string, files []*store.File) template.HTML {
	switch {
	case format == store.Markdown:
		return markup.MessageFolded(text, quoted)
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

// Pictures are the files whose pictures a message may show: its own first, then those of the ticket that the reader
// sees, for an answer quotes pictures that are not attached again.
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
