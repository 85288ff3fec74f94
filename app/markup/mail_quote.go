package markup

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// stretch is a run of a mail's HTML that its sender wrote, or quoted.
type stretch struct {
	quoted bool
	text   string
}

// fromHTML is FromMail for HTML; own is empty when there is no text in it.
func fromHTML(s string) (own, rest string) {
	var list []stretch // of Markdown
	for _, p := range mailStretches(s) {
		md := mailMarkdown(p.text)
		switch n := len(list); {
		case strings.TrimSpace(md) == "":
		case n > 0 && list[n-1].quoted == p.quoted:
			list[n-1].text += "\n\n" + md
		default:
			list = append(list, stretch{p.quoted, md})
		}
	}
	var mine, theirs []string
	for i, p := range list {
		switch {
		case !p.quoted:
			mine = append(mine, p.text)
		case i+1 < len(list) && len(mine) > 0 && strings.Count(p.text, "\n") < shortQuote:
			// A line or two with the answer below them are read with it.
			md := p.text
			if !quoted(md) {
				md = "> " + strings.ReplaceAll(md, "\n", "\n> ")
			}
			mine = append(mine, md)
		default:
			if len(mine) > 0 {
				// "Il giorno ... ha scritto:" belongs to what follows it.
				head, said := cutAttribution(mine[len(mine)-1])
				mine[len(mine)-1] = head
				if said != "" {
					theirs = append(theirs, said)
				}
			}
			theirs = append(theirs, p.text)
		}
	}
	var kept, below []string
	for _, p := range Split(strings.Join(nonBlank(mine), "\n\n")) {
		if p.Quoted {
			below = append(below, p.Text)
		} else if strings.TrimSpace(p.Text) != "" {
			kept = append(kept, p.Text)
		}
	}
	theirs = append(below, theirs...)
	if len(kept) == 0 {
		kept, theirs = theirs, nil
	}
	return cutSignature(strings.Join(kept, "\n\n"), strings.Join(theirs, "\n\n"))
}

func nonBlank(list []string) []string {
	var out []string
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
	}
	return out
}

// cutAttribution takes lines such as "Il giorno ... ha scritto:" off the end.
func cutAttribution(md string) (head, said string) {
	lines := strings.Split(strings.TrimRight(md, "\n "), "\n")
	for i := len(lines) - 1; i >= max(0, len(lines)-4); i-- {
		if n, _ := attribution(lines, i); n > 0 && i+n == len(lines) {
			return strings.TrimRight(strings.Join(lines[:i], "\n"), "\n "), strings.Join(lines[i:], "\n")
		}
	}
	return md, ""
}

// Marks of the programs that people write mail with. Outlook puts "x_" in
// front of the classes of what it quotes.
var (
	quoteClasses = map[string]bool{
		"yahoo_quoted": true, "moz-cite-prefix": true, "moz-forward-container": true, "gmail_signature": true, "moz-signature": true, "protonmail_quote": true,
		"protonmail_signature_block": true, "gmail_attr": true, "zmail_extra": true, "tutanota_quote": true, "quote-pre": true,
		"applemailsignature": true, "zimbra_signature": true, "gmail_extra_quote": true, "gmail_quote_container": true, "ymail_signature": true,
	}
	quoteIDs = map[string]bool{
		"signature": true, "applemailsignature": true, "ms-outlook-mobile-signature": true, "mail-editor-reference-message-container": true, "reply-intro": true,
		"ymail_android_signature": true, "isforwardcontent": true, "isreplycontent": true, "protonmail_signature_block": true,
	}
	// What stands behind these is quoted to the end.
	lastClasses = map[string]bool{"outlookmessageheader": true}
	lastIDs     = map[string]bool{"divrplyfwdmsg": true, "appendonsend": true, "stopspelling": true, "orimsghtmlseperator": true, "replymessage": true, "divtagdefaultwrapper_reply": true}
	lineAbove   = regexp.MustCompile(`(?i)border(-top)?:\s*(none;\s*border-top:\s*)?(solid\s+#?[a-z0-9]+\s+1\.0pt|1\.0pt\s+solid\s+#?[a-z0-9]+)`)
	paddedAbove = regexp.MustCompile(`(?i)padding:\s*3\.0pt\s+0`)
	headWords   = regexp.MustCompile(`(?is)^.{0,400}?<(b|strong)>\s*(<[^>]*>\s*){0,3}(da|from|von|de)\s*(&nbsp;|\s)*:`)
	gmailQuote  = regexp.MustCompile(`(?i)<blockquote[^>]{0,200}gmail_quote`)
)

// mailStretches cuts the HTML of a mail where its program marked a quote or a
// signature. It reads tags one by one and builds no tree; pictures become
// their alternative text.
func mailStretches(s string) []stretch {
	var list []stretch
	var b strings.Builder
	quoted := false
	turn := func(to bool) {
		if b.Len() > 0 {
			list = append(list, stretch{quoted, b.String()})
			b.Reset()
		}
		quoted = to
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
			turn(false)
			return list
		}
		pos += len(raw)
		text := string(raw)
		switch kind {
		case html.StartTagToken:
			tok := z.Token()
			if tok.Data == "img" {
				text = pictureWords(tok.Attr)
				break
			}
			if last {
				break
			}
			if until != "" {
				if tok.Data == until {
					depth++
				}
				break
			}
			switch markOf(tok, s[pos:], &looks) {
			case markLast:
				turn(true)
				last = true
			case markQuote:
				if !voidElement(tok.Data) {
					turn(true)
					until, depth = tok.Data, 1
				}
			}
		case html.SelfClosingTagToken:
			if tok := z.Token(); tok.Data == "img" {
				text = pictureWords(tok.Attr)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if until == "" || last || string(name) != until {
				break
			}
			if depth--; depth == 0 {
				b.WriteString(text)
				text, until = "", ""
				turn(false)
			}
		case html.CommentToken, html.DoctypeToken:
			text = ""
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

// pictureWords returns the alternative text of a picture unless it is only
// the name of its file, or one that a program made up.
func pictureWords(attrs []html.Attribute) string {
	alt := Line(attr(attrs, "alt"))
	if low := strings.ToLower(alt); alt == "" || len(alt) > 300 || strings.HasSuffix(low, ".png") || strings.HasSuffix(low, ".jpg") ||
		strings.HasSuffix(low, ".gif") || strings.HasSuffix(low, ".jpeg") || strings.HasPrefix(low, "cid:") || low == "image" || low == "immagine" {
		return " "
	}
	return " " + html.EscapeString(alt) + " "
}

type mark int

const (
	markNone  mark = iota
	markQuote      // the element is quoted
	markLast       // all that follows is
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
	id := strings.TrimPrefix(strings.ToLower(attr(tok.Attr, "id")), "x_")
	if lastIDs[id] {
		return markLast
	}
	if quoteIDs[id] {
		return markQuote
	}
	if tok.Data == "blockquote" && strings.EqualFold(attr(tok.Attr, "type"), "cite") {
		return markQuote
	}
	for _, c := range strings.Fields(strings.ToLower(attr(tok.Attr, "class"))) {
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
		}
	}
	if style := attr(tok.Attr, "style"); tok.Data == "div" && len(style) < 500 && lineAbove.MatchString(style) && paddedAbove.MatchString(style) && ahead(headWords, 1000) {
		return markLast
	}
	return markNone
}
