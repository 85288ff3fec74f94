package quote

import (
	"html"
	"strings"

	"sportello/app/markup"
)

// Passage is what somebody wrote: its text and, when it came as HTML, the HTML
// that MailHTML shows.
type Passage struct{ Text, HTML string }

// Thread says how a mail relates to others, as far as its header shows.
type Thread int

const (
	Alone   Thread = iota // nothing says that it answers anything
	Answer                // its subject, or the ids in it, say so
	Forward               // its subject says that it passes something on
)

// Header is what the header of a mail says that matters for its body.
type Header struct {
	Thread Thread
	Sender string // name, or address, of who wrote it: how they sign
}

// Divide divides the body of a mail: own is what its sender wrote now and
// what they pass on, rest what is surely old, their signature and what their
// office puts under every mail. What might be new is own. No word is lost
// between the two. The HTML is taken when it says anything; else both are the
// plain text, line by line as it was typed. own is only empty when the mail
// has no text.
func Divide(text, html string, h Header) (own, rest Passage) {
	if len(html) > markup.MaxHTML {
		// Nobody writes that; what can be read of it still is.
		if strings.TrimSpace(text) == "" {
			text = markup.Text(markup.Clean(html))
		}
		html = ""
	}
	if html != "" {
		own, rest = fromHTML(markup.Clean(html), h)
		switch {
		case own.Text != "" && own.HTML != "", own.HTML != "" && strings.TrimSpace(text) == "":
			return own, rest
		case own.Text != "":
			return Passage{Text: own.Text}, Passage{Text: rest.Text}
		}
	}
	own.HTML, rest.HTML = "", ""
	own.Text, rest.Text = fromText(markup.Clean(text), h)
	return own, rest
}

// PassOn puts below what somebody wrote a mail that they attached, under the
// lines of head, as a program would that passes it on inside the text.
func (p Passage) PassOn(head []string, inner Passage) Passage {
	out := Passage{Text: strings.TrimSpace(p.Text + "\n\n" + strings.Join(head, "\n") + "\n\n" + inner.Text)}
	if p.HTML == "" {
		return out
	}
	lines := func(s string) string { return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>") }
	body := inner.HTML
	if body == "" {
		body = "<p>" + lines(inner.Text) + "</p>"
	}
	if out.HTML = markup.Kept(p.HTML + "<p>" + lines(strings.Join(head, "\n")) + "</p>" + body); len(out.HTML) > maxKept {
		out.HTML = ""
	}
	return out
}

// fromText cuts plain text. Blank lines at the ends of what it cuts go.
func fromText(text string, h Header) (own, rest string) {
	lines := strings.Split(text, "\n")
	parts := make([]part, len(lines))
	for _, r := range quotedLines(lines, h.Thread) {
		for i := r[0]; i < r[1]; i++ {
			parts[i] = partBelow
		}
	}
	join := func(of part) string {
		var out []string
		for i := 0; i < len(lines); {
			from := i
			for i < len(lines) && parts[i] == parts[from] {
				i++
			}
			if s := strings.Trim(strings.Join(lines[from:i], "\n"), "\n"); parts[from] == of && strings.TrimSpace(s) != "" {
				out = append(out, s)
			}
		}
		return strings.Join(out, "\n\n")
	}
	if join(partOwn) == "" {
		clear(parts) // it is all there is
	}
	var left []string
	var at []int
	for i, p := range parts {
		if p == partOwn {
			left, at = append(left, lines[i]), append(at, i)
		}
	}
	for _, r := range signatures(left, h.Sender) {
		for _, i := range at[r[0]:r[1]] {
			parts[i] = partSignature
		}
	}
	own, rest = join(partOwn), join(partSignature)
	for i := strings.LastIndexByte(own, '\n'); i >= 0 && strings.TrimSpace(own[i:]) == ""; i = strings.LastIndexByte(own, '\n') {
		own = own[:i] // a line of blanks; those behind a word are the sender's
	}
	if quotes := join(partBelow); rest != "" && quotes != "" {
		rest += "\n\n" + quotes
	} else {
		rest += quotes
	}
	return own, rest
}
