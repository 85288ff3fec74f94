// Package markup turns what people wrote (Markdown, HTML, plain text) into
// HTML that may stand in a page, into plain text, and cuts content out of
// whole HTML pages.
//
// The HTML it returns is safe under a strict Content-Security-Policy: no
// script, no event handler, no style, no class or id that somebody else
// chose, every element closed. Links lead to http, https, mailto, tel or a
// path of this desk; pictures are loaded from this desk alone. All functions
// are safe for concurrent use and take time linear in their input.
package markup

import (
	"html/template"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// The formats a body can have. Message is Markdown as tickets use it: line
// breaks count, #123 is a ticket, and nothing that was typed is hidden.
const (
	Markdown   = "markdown"
	RichText   = "html"
	PlainText  = "text"
	MessageFmt = "message"
)

// Sizes in bytes above which a body is shown as plain text, because nobody
// writes that much markup by hand and it has to stay fast.
const (
	MaxMessage = 256 << 10
	MaxArticle = 1 << 20
	MaxHTML    = 4 << 20
)

// Heading is one heading of a body as HTML renders it.
type Heading struct {
	Level int    // 2 to 6
	ID    string // the id attribute, "s-..."
	Text  string // plain text on one line
}

// HTML renders an article body. Its headings begin at h2 and carry ids that
// begin with "s-". An unknown format is plain text.
func HTML(format, body string) template.HTML {
	return template.HTML(render(format, body, true)) // #nosec G203 -- all that render returns went through the policy or was escaped
}

func render(format, body string, ids bool) string {
	body = Clean(body)
	switch format {
	case Markdown:
		if len(body) <= MaxArticle {
			return articleDialect.render(body, ids)
		}
	case MessageFmt:
		if len(body) <= MaxMessage {
			return messageDialect.render(body, false)
		}
	case RichText:
		if len(body) <= MaxHTML {
			return cleanHTML(body, ids)
		}
		body = Text(body)
	}
	return textHTML(body)
}

// Part renders Markdown as a part of a page that has a heading of its own: as HTML does, but its headings begin at h3
// and carry no ids, so that several parts stand in one page.
func Part(body string) template.HTML {
	body = Clean(body)
	if len(body) > MaxArticle {
		return template.HTML(textHTML(body)) // #nosec G203 -- escaped
	}
	return template.HTML(partDialect.render(body, false)) // #nosec G203 -- render goes through the policy
}

// Plain renders a body as readable text: no tags, entities decoded, one line
// per heading, paragraph or row, list items after "- " or their number,
// blank lines between blocks outside lists, no space at either end.
func Plain(format, body string) string {
	switch format {
	case RichText:
		return Text(Clean(body))
	case Markdown:
		if len(body) <= MaxArticle {
			return balancedText(render(Markdown, body, false))
		}
	case MessageFmt:
		if len(body) <= MaxMessage {
			return balancedText(render(MessageFmt, body, false))
		}
	}
	return strings.TrimSpace(Clean(body))
}

// Headings lists the headings of a body in order, with the ids that HTML
// gives them. Plain text and messages have none.
func Headings(format, body string) []Heading {
	if format != Markdown && format != RichText {
		return nil
	}
	var list []Heading
	var cur *Heading
	var text strings.Builder
	z := html.NewTokenizer(strings.NewReader(render(format, body, true)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return list
		case html.TextToken:
			if cur != nil {
				text.WriteString(html.UnescapeString(string(z.Raw())))
			}
		case html.SelfClosingTagToken, html.StartTagToken:
			tok := z.Token()
			if cur != nil && tok.Data == "img" {
				text.WriteString(" " + Attr(tok.Attr, "alt") + " ")
			} else if n := headingLevel(tok.Data); n > 0 {
				text.Reset()
				cur = &Heading{Level: n, ID: Attr(tok.Attr, "id")}
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if cur != nil && headingLevel(string(name)) > 0 {
				cur.Text = Line(text.String())
				list = append(list, *cur)
				cur = nil
			}
		}
	}
}

func Attr(attrs []html.Attribute, key string) string {
	for _, a := range attrs {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// headingLevel returns 1 to 6 for h1 to h6 and 0 for any other element.
func headingLevel(name string) int {
	if len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' {
		return int(name[1] - '0')
	}
	return 0
}

// headingIDs hands out the ids of one document. The zero value is ready.
type headingIDs struct {
	next map[string]int
	used map[string]bool
}

// id returns "s-" and the text as a slug, made unique by a number.
func (h *headingIDs) id(text string) string {
	if h.next == nil {
		h.next, h.used = map[string]int{}, map[string]bool{}
	}
	base := Slug(text)
	if base == "" {
		base = "0"
	}
	base = "s-" + base
	id := base
	// next remembers where counting stopped: ten thousand equal headings
	// would otherwise be counted from 2 each time.
	for n := max(h.next[base], 1); h.used[id]; {
		n++
		h.next[base] = n
		id = base + "-" + strconv.Itoa(n)
	}
	h.used[id] = true
	return id
}

// HeadingID returns the id of a heading with the words, if it is the first of
// its page that has them.
func HeadingID(words string) string { return (&headingIDs{}).id(words) }
