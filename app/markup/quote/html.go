package quote

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"sportello/app/markup"
)

// stretch is a run of a mail's HTML that its sender wrote, or quoted.
type stretch struct {
	quoted bool
	mark   mark // what the program marked it as
	text   string
}

// cutMark stands in the HTML of what a sender wrote where a quote was taken
// out. Nobody types it: it is taken off before.
const (
	cutMark  = "\uE0F1"
	cutBlock = "<div>" + cutMark + "</div>"
)

// maxKept bounds the HTML of a mail that is kept. A longer one is its text.
const maxKept = 1 << 20

// Whole takes HTML that somebody wrote, whole.
func Whole(s string) Passage {
	s = markup.Clean(s)
	if len(s) > markup.MaxHTML {
		return Passage{Text: markup.Text(s)}
	}
	return passage(markup.Kept(markup.WithoutLayout(markup.Kept(strings.ReplaceAll(s, cutMark, "")))))
}

var quoteElement = regexp.MustCompile(`^\s*(?i:<blockquote)`)

// passage is the text of HTML that was kept, and the HTML unless it is too
// long to be shown on every page.
func passage(kept string) Passage {
	p := Passage{Text: markup.LetterText(kept), HTML: kept}
	if len(kept) > maxKept || p.Text == "" && !strings.Contains(kept, "<img") {
		p.HTML = ""
	}
	return p
}

// fromHTML is FromMail for HTML; own is empty when there is no text in it.
func fromHTML(s string, h Header) (own, rest Passage) {
	s = strings.ReplaceAll(s, cutMark, "")
	list := mailStretches(s)
	markMatter(list, h)
	showing := make([]bool, len(list))
	last := -1 // the last stretch of the sender's that shows something
	for i, p := range list {
		if showing[i] = markup.Shows(p.text); showing[i] && !p.quoted {
			last = i
		}
	}
	var mine strings.Builder
	var quotes []string
	words := false
	for i := 0; i < len(list); i++ {
		if !list[i].quoted {
			mine.WriteString(list[i].text)
			words = words || showing[i] && markup.Text(list[i].text) != ""
			continue
		}
		// One quote goes on over what shows nothing.
		end, quote, between, signed := i, "", "", false
		for k := i; k < len(list) && (list[k].quoted || !showing[k]); k++ {
			if list[k].quoted {
				quote, end, signed = quote+list[k].text, k, signed || list[k].mark == markSign
			}
		}
		for _, p := range list[i:end] {
			if !p.quoted {
				between += p.text
			}
		}
		i = end
		switch {
		case !markup.Shows(quote):
			mine.WriteString(between)
		case end < last && words && !signed && strings.Count(markup.Text(quote), "\n") < shortQuote:
			// A line or two with the answer below them are read with it.
			if !quoteElement.MatchString(quote) {
				quote = "<blockquote>" + quote + "</blockquote>"
			}
			mine.WriteString(quote + between)
		default:
			mine.WriteString(cutBlock + between)
			quotes = append(quotes, quote)
		}
	}
	d := division{html: markup.WithoutLayout(markup.Kept(mine.String()))}
	d.lines = markup.TextLines(d.html)
	d.divide(len(quotes), h)
	kept := d.part(partOwn)
	if own = passage(kept); own.Text == "" {
		// Who only forwards has written nothing else.
		return passage(markup.Kept(markup.WithoutLayout(markup.Kept(s)))), Passage{}
	}
	below := []string{d.part(partSignature), d.part(partBelow)}
	for i, q := range quotes {
		below = append(below, d.part(partSaid+part(i)), markup.Kept(markup.WithoutLayout(markup.Kept(q))))
	}
	rest = passage(strings.Join(below, ""))
	return own, rest
}

// part says to what a line of a mail belongs.
type part int

const (
	partOwn       part = iota
	partSignature      // and what stands below it
	partBelow          // what the words of the mail show to be quoted
	partMark           // where a quote was taken out
	partSaid           // what says who wrote the first quote, then the second...
)

// division says of each line of the HTML of a mail to which part it belongs.
type division struct {
	html  string
	lines []markup.TextLine
	of    []part
}

func (d *division) divide(quotes int, h Header) {
	d.of = make([]part, len(d.lines))
	texts := make([]string, len(d.lines))
	for i, l := range d.lines {
		texts[i] = l.Text
	}
	// "Il giorno ... ha scritto:" belongs to what follows it.
	found := 0
	for k, l := range d.lines {
		if strings.Trim(l.Text, "> |") != cutMark {
			continue
		}
		d.of[k] = partMark
		from := k
		for from > max(0, k-6) && d.of[from-1] == partOwn {
			from--
		}
		for i := from; i < k; i++ {
			if n, _ := attribution(texts[:k], i); n > 0 && onlyBlank(texts[:k], i+n) {
				for j := i; j < k; j++ {
					d.of[j] = partSaid + part(min(found, quotes-1))
				}
				break
			}
		}
		found++
	}
	// What is left is read like plain text, but that a sign in a table or in
	// preformatted text is the sender's, and so is what they set apart.
	var left []string
	var at []int
	said := false
	for i, l := range d.lines {
		if d.of[i] != partOwn {
			continue
		}
		s := l.Text
		switch bare := strings.TrimSpace(s); {
		case l.Fixed && (strings.HasPrefix(bare, ">") || isDashes(bare)):
			s = "| " + s
		case l.Quoted && !said:
			s = strings.TrimLeft(s, "> ")
			if strings.HasPrefix(s, ">") || isDashes(s) {
				s = "| " + s
			}
		}
		left, at = append(left, s), append(at, i)
		if !l.Quoted && strings.TrimSpace(s) != "" {
			low := strings.ToLower(strings.TrimSpace(s))
			said = strings.HasSuffix(low, "ha scritto:") || strings.HasSuffix(low, "scrive:") || strings.HasSuffix(low, "wrote:") || strings.HasSuffix(low, "writes:")
		}
	}
	for _, r := range quotedLines(left, h.Thread) {
		for _, i := range at[r[0]:r[1]] {
			d.of[i] = partBelow
		}
	}
	own := func() (texts []string, of []int) {
		for k, i := range at {
			if d.of[i] == partOwn {
				texts, of = append(texts, left[k]), append(of, i)
			}
		}
		return texts, of
	}
	texts, of := own()
	if onlyBlank(texts, 0) {
		for _, i := range at { // it is all there is
			d.of[i] = partOwn
		}
		texts, of = own()
	}
	for _, r := range signatures(texts, h.Sender) {
		for _, i := range of[r[0]:r[1]] {
			d.of[i] = partSignature
		}
	}
}

// opened is an element that is open: its name, its tag as written, and where that begins.
type opened struct {
	tag, text string
	from      int
}

// part returns the HTML of one part, balanced. An element that is cut goes on
// in each part that has a piece of it.
func (d *division) part(p part) string {
	var b strings.Builder
	var stack, have []opened
	z := html.NewTokenizer(strings.NewReader(d.html))
	pos, line := 0, -1
	here := func() bool { return line < 0 && p == d.first() || line >= 0 && d.of[line] == p }
	// reach has what is open in the output be what is open in the source.
	reach := func() {
		n := 0
		for n < len(have) && n < len(stack) && have[n].from == stack[n].from {
			n++
		}
		for i := len(have) - 1; i >= n; i-- {
			b.WriteString("</" + have[i].tag + ">")
		}
		for _, o := range stack[n:] {
			b.WriteString(o.text)
		}
		have = append(have[:n], stack[n:]...)
	}
	next := 0
	advance := func(to int) {
		for next < len(d.lines) && (d.lines[next].From < 0 || d.lines[next].From <= to) {
			if d.lines[next].From >= 0 {
				line = next
			}
			next++
		}
	}
	for {
		kind := z.Next()
		raw := string(z.Raw())
		from := pos
		pos += len(raw)
		switch kind {
		case html.ErrorToken:
			stack = nil
			reach()
			return markup.Kept(b.String())
		case html.TextToken:
			for raw != "" {
				advance(from)
				end := len(raw)
				for k := next; k < len(d.lines); k++ {
					if d.lines[k].From >= 0 {
						end = min(end, d.lines[k].From-from)
						break
					}
				}
				if here() {
					reach()
					b.WriteString(strings.ReplaceAll(raw[:end], cutMark, ""))
				}
				raw, from = raw[end:], from+end
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			advance(from)
			tok := z.Token()
			if voidElement(tok.Data) {
				if here() {
					reach()
					b.WriteString(raw)
				}
				continue
			}
			stack = append(stack, opened{tag: tok.Data, text: raw, from: from})
			if markup.MayBeEmpty(tok.Data) && here() {
				reach() // an empty cell has no line of its own
			}
		case html.EndTagToken:
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
			if len(have) > len(stack) {
				reach()
			}
		}
	}
}

// first is the part to which belongs what stands before the first line.
func (d *division) first() part {
	for i, l := range d.lines {
		if l.From >= 0 {
			return d.of[i]
		}
	}
	return partOwn
}
