package quote

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"sportello/app/markup"
)

// Marks of the programs that people write mail with. Outlook puts "x_" in
// front of the classes of what it quotes.
var (
	quoteClasses = wordSet("yahoo_quoted|moz-cite-prefix|moz-forward-container|protonmail_quote|gmail_attr|zmail_extra|zmail_extra_hr|tutanota_quote|quote-pre|gmail_extra_quote|gmail_quote_container")
	quoteIDs     = wordSet("mail-editor-reference-message-container|reply-intro|isforwardcontent|isreplycontent")
	signClasses  = wordSet("gmail_signature|moz-signature|protonmail_signature_block|applemailsignature|zimbra_signature|ymail_signature")
	signIDs      = wordSet("signature|applemailsignature|ms-outlook-mobile-signature|ymail_android_signature|protonmail_signature_block")
	// What stands behind these is quoted to the end.
	lastClasses = wordSet("outlookmessageheader")
	lastIDs     = wordSet("divrplyfwdmsg|appendonsend|stopspelling|orimsghtmlseperator|replymessage|divtagdefaultwrapper_reply")
	lineAbove   = regexp.MustCompile(`(?i)border(-top)?:\s*(none;\s*border-top:\s*)?(solid\s+#?[a-z0-9]+\s+1\.0pt|1\.0pt\s+solid\s+#?[a-z0-9]+)`)
	paddedAbove = regexp.MustCompile(`(?i)padding:\s*3\.0pt\s+0`)
	headWords   = regexp.MustCompile(`(?is)^.{0,400}?<(b|strong)>\s*(<[^>]*>\s*){0,3}(da|from|von|de|van|od|от|від|från|fra|lähettäjä|mittente)\s*(&nbsp;|\s)*:`)
	gmailQuote  = regexp.MustCompile(`(?i)<blockquote[^>]{0,200}gmail_quote`)
)

// mailStretches cuts the HTML of a mail where its program marked a quote or a
// signature. It reads tags one by one and builds no tree.
func mailStretches(s string) []stretch {
	var list []stretch
	var b strings.Builder
	now := markNone
	turn := func(to mark) {
		if b.Len() > 0 {
			list = append(list, stretch{now != markNone, now, b.String()})
			b.Reset()
		}
		now = to
	}
	until := "" // the element that ends the quote
	depth := 0  // how many of its name are open inside it
	last := false
	looks := maxLooks
	z := html.NewTokenizer(strings.NewReader(s))
	pos := 0
	for {
		kind := z.Next()
		raw := z.Raw()
		if kind == html.ErrorToken {
			b.Write(raw)
			turn(markNone)
			return list
		}
		pos += len(raw)
		text := string(raw)
		switch kind {
		case html.StartTagToken:
			tok := z.Token()
			if last {
				break
			}
			if until != "" {
				if tok.Data == until {
					depth++
				}
				break
			}
			switch m := markOf(tok, s[pos:], &looks); m {
			case markNone:
			case markLast:
				turn(m)
				last = true
			default:
				if !voidElement(tok.Data) {
					turn(m)
					until, depth = tok.Data, 1
				}
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if until == "" || last || string(name) != until {
				break
			}
			if depth--; depth == 0 {
				b.WriteString(text)
				text, until = "", ""
				turn(markNone)
			}
		case html.CommentToken, html.DoctypeToken:
			text = ""
		case html.TextToken:
			text = strings.ReplaceAll(text, "<", "&lt;") // or it would begin a tag with what follows a comment that is left out
		}
		b.WriteString(text)
	}
}

func voidElement(name string) bool {
	switch name {
	case "br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "wbr":
		return true
	}
	return false
}

type mark int

const (
	markNone  mark = iota
	markQuote      // the element is quoted
	markCited      // it is set apart as people can do too
	markSign       // it is a signature
	markLast       // all that follows is quoted
)

// maxLooks bounds how often markOf looks ahead in one mail.
const maxLooks = 30

// markOf judges an element by what programs put on it; next is the HTML that
// follows its tag.
func markOf(tok html.Token, next string, looks *int) mark {
	ahead := func(re *regexp.Regexp, n int) bool {
		*looks--
		return *looks >= 0 && re.MatchString(next[:min(len(next), n)])
	}
	id := strings.TrimPrefix(strings.ToLower(markup.Attr(tok.Attr, "id")), "x_")
	if lastIDs[id] {
		return markLast
	}
	if quoteIDs[id] {
		return markQuote
	}
	if signIDs[id] {
		return markSign
	}
	if tok.Data == "blockquote" && strings.EqualFold(markup.Attr(tok.Attr, "type"), "cite") && !strings.Contains(strings.ToLower(markup.Attr(tok.Attr, "class")), "gmail_quote") {
		return markCited
	}
	for _, c := range strings.Fields(strings.ToLower(markup.Attr(tok.Attr, "class"))) {
		c = strings.TrimPrefix(c, "x_")
		switch {
		case lastClasses[c]:
			return markLast
		case c == "gmail_quote" || c == "gmail_extra":
			// Answers stand between the quotes inside this element, so it is
			// the quotes that count, unless there are none: a forward.
			if tok.Data == "blockquote" || c == "gmail_quote" && !ahead(gmailQuote, 8<<10) {
				return markQuote
			}
		case c == "gmail_quote_container":
		case quoteClasses[c]:
			return markQuote
		case signClasses[c]:
			return markSign
		}
	}
	if style := markup.Attr(tok.Attr, "style"); tok.Data == "div" && len(style) < 500 && lineAbove.MatchString(style) && paddedAbove.MatchString(style) && ahead(headWords, 1000) {
		return markLast
	}
	return markNone
}

// markMatter takes the mark of a quote off what is the sender's matter: what
// is passed on, and what might be new.
func markMatter(list []stretch, h Header) {
	matter, said, within := false, false, false
	for i := range list {
		p := &list[i]
		lines := strings.Split(markup.Text(p.text), "\n")
		first := headLines(lines)
		switch {
		case matter:
			p.quoted = false
			continue
		case p.mark == markNone:
			within = within || answersInside(lines)
			for k, l := range lines {
				n, _ := attribution(lines, k)
				said = said || n > 0
				matter = matter || forwarded(l)
			}
		case p.mark == markSign:
			for _, l := range lines {
				if postscript.MatchString(markup.Cut(l, 300)) || asking.MatchString(markup.Cut(l, 300)) {
					p.quoted = false
				}
			}
			continue
		default:
			for k := range first {
				n, _ := attribution(first, k)
				said = said || n > 0
				matter = matter || forwarded(first[k]) || h.Thread != Answer && (original(first[k]) || headerBlock(first, k))
			}
			matter = matter || h.Thread == Forward || h.Thread == Alone && (p.mark == markLast || p.mark == markCited && !said) || within
			p.quoted = !matter
		}
	}
}

// headLines are the first lines that say something, without marks of quotes.
func headLines(lines []string) []string {
	var out []string
	for _, l := range lines {
		if l = strings.TrimLeft(l, "> |"); strings.TrimSpace(l) != "" {
			if out = append(out, l); len(out) == 10 {
				break
			}
		}
	}
	return out
}
