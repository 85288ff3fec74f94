package markup

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// htmlText returns the text of HTML as Plain describes it.
func htmlText(s string) string {
	var w plainWriter
	w.b.Grow(len(s) / 2)
	z := html.NewTokenizer(strings.NewReader(s))
	skip := false
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			return strings.TrimSpace(Clean(w.b.String()))
		case html.TextToken:
			if !skip {
				w.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			skip = kind == html.StartTagToken && hidden[tag]
			w.start(tag, z, more)
		case html.EndTagToken:
			skip = false
			name, _ := z.TagName()
			w.end(string(name))
		}
	}
}

type plainWriter struct {
	b     strings.Builder
	lines int   // line ends owed before the next text
	space bool  // a space is owed
	empty bool  // a bullet was written and its text is still to come
	pre   int   // depth of pre
	lists []int // per open list: -1 bullets, else the last number
}

// gap asks for the next text to begin n line ends further.
func (w *plainWriter) gap(n int) {
	if n == 0 || w.empty {
		return
	}
	if len(w.lists) > 0 {
		n = 1
	}
	w.lines = max(w.lines, n)
	w.space = false
}

func (w *plainWriter) text(s string) {
	if w.pre > 0 {
		// Line ends at the end are owed like any other, so that the gap after
		// the block does not come on top of them.
		body := strings.TrimRight(s, "\n")
		if w.lines > 0 {
			w.write(strings.TrimLeft(body, "\n"))
		} else {
			w.write(body)
		}
		w.lines += len(s) - len(body)
		return
	}
	for s != "" {
		i := strings.IndexFunc(s, unicode.IsSpace)
		if i == 0 {
			w.space = true
			s = strings.TrimLeftFunc(s, unicode.IsSpace)
			continue
		}
		if i < 0 {
			i = len(s)
		}
		w.write(s[:i])
		s = s[i:]
	}
}

// write pays what is owed, then writes s as it is.
func (w *plainWriter) write(s string) {
	if s == "" {
		return
	}
	if w.b.Len() > 0 {
		switch {
		case w.lines > 0:
			w.b.WriteString(strings.Repeat("\n", w.lines))
		case w.space && !w.empty:
			w.b.WriteByte(' ')
		}
	}
	w.lines, w.space, w.empty = 0, false, false
	w.b.WriteString(s)
}

func (w *plainWriter) start(tag string, z *html.Tokenizer, more bool) {
	switch tag {
	case "br":
		if w.b.Len() > 0 && !w.empty {
			w.lines, w.space = min(w.lines+1, 2), false
		}
	case "img":
		for more {
			var key, val []byte
			key, val, more = z.TagAttr()
			if string(key) == "alt" {
				w.space = true
				w.text(string(val))
				w.space = true
			}
		}
	case "ul", "ol", "menu", "dir":
		if len(w.lists) == 0 {
			w.gap(2)
		} else {
			w.empty = false
			w.gap(1)
		}
		n := -1
		if tag == "ol" {
			n = 0
			for more {
				var key, val []byte
				key, val, more = z.TagAttr()
				if start, err := strconv.Atoi(string(val)); err == nil && string(key) == "start" {
					n = start - 1
				}
			}
		}
		if len(w.lists) < maxOpen {
			w.lists = append(w.lists, n)
		}
	case "li":
		w.item()
	case "td", "th":
		if w.lines == 0 && w.b.Len() > 0 {
			w.space = true
			w.write("|")
			w.space = true
		}
	case "pre":
		w.gap(2)
		w.pre++
	default:
		w.gap(blockGap(tag))
	}
}

func (w *plainWriter) item() {
	w.empty = false
	w.gap(1)
	bullet, indent := "- ", 0
	if n := len(w.lists); n > 0 {
		if w.lists[n-1] >= 0 {
			w.lists[n-1]++
			bullet = strconv.Itoa(w.lists[n-1]) + ". "
		}
		indent = 2 * (n - 1)
	}
	w.write(strings.Repeat(" ", indent) + bullet)
	w.empty = true
}

func (w *plainWriter) end(tag string) {
	switch tag {
	case "ul", "ol", "menu", "dir":
		if n := len(w.lists); n > 0 {
			w.lists = w.lists[:n-1]
		}
		w.empty = false
		if len(w.lists) == 0 {
			w.gap(2)
		} else {
			w.gap(1)
		}
	case "pre":
		w.pre = max(0, w.pre-1)
		w.gap(2)
	case "td", "th", "br", "img":
	case "li":
		w.empty = false
		w.gap(1)
	default:
		w.gap(blockGap(tag))
	}
}

// blockGap returns how many line ends stand before and after an element.
func blockGap(tag string) int {
	switch tag {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "dl", "figure", "hr", "details":
		return 2
	case "dt", "dd", "tr", "caption", "thead", "tbody", "tfoot", "figcaption", "summary", "option":
		return 1
	}
	if e, ok := elements[tag]; ok && e.block {
		return 1
	}
	return 0
}
