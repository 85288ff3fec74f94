package delivery

import (
	"html/template"
	"strings"

	"sportello/app/markup"
)

// mark stands in the sentences of a letter where a text with Markdown is to stand. No text that anybody enters has it.
const mark = "\x00"

// passage is a text with Markdown, below a heading or without one.
type passage struct{ heading, text string }

// written is a text with Markdown as both halves of a letter show it.
type written struct {
	html template.HTML
	text string
}

// write keeps the passages that say something for where the mark is, and returns the mark; nothing if none does.
func (w *letterWriter) write(passages []passage) string {
	var shown strings.Builder
	var text []string
	for _, p := range passages {
		if strings.TrimSpace(p.text) == "" {
			continue
		}
		if p.heading != "" {
			shown.WriteString("<h3>" + template.HTMLEscapeString(p.heading) + "</h3>")
			text = append(text, strings.ToUpper(p.heading))
		}
		body := string(w.absolute(markup.Part(p.text)))
		shown.WriteString(body)
		text = append(text, markup.LetterText(body))
	}
	if len(text) == 0 {
		return ""
	}
	w.written = written{template.HTML(shown.String()), strings.Join(text, "\n\n")} // #nosec G203 -- safe HTML of ours
	return mark
}

// absolute returns safe HTML of a page as a letter shows it: with whole addresses, and its styles in it.
func (w *letterWriter) absolute(shown template.HTML) template.HTML {
	return template.HTML(markup.Relink(forLetter(string(shown)), func(href string) string { // #nosec G203 -- only addresses that begin with / change
		if strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") {
			return w.base(href)
		}
		return href
	}))
}

// forLetter writes into the HTML itself the styles that pages take from their style sheets.
func forLetter(s string) string {
	s = strings.Replace(s, `<div class="plain">`, `<div style="white-space:pre-wrap">`, 1)
	return strings.ReplaceAll(s, "<table>", `<table border="1" cellpadding="4" style="border-collapse:collapse">`)
}
