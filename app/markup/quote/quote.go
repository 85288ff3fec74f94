// Package quote says what of a message its sender wrote now, what they quoted or passed on, and what is their signature:
// of plain text, of the HTML of mail programs, and of messages as they are shown. What might be new is never hidden. It
// reads HTML with package markup and shows nothing itself but the fold.
package quote

import (
	"html"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"sportello/app/markup"
)

// Folded renders the body of a ticket message or note as markup does one (Markdown in which line breaks count,
// #123 leads to the ticket), with quoted earlier text folded into <details class="quote">. summary stands on the fold,
// in the reader's language ("Testo citato"). A body above markup.MaxMessage is plain text, folded the same way.
func Folded(body, summary string) template.HTML {
	body = markup.Clean(body)
	format := markup.MessageFmt
	if len(body) > markup.MaxMessage {
		format = markup.PlainText
	}
	parts := Split(body)
	if len(parts) == 1 && !parts[0].Quoted {
		return markup.HTML(format, body)
	}
	// Somebody who only forwards has written nothing else: it stays open.
	fold := `<details class="quote" open>`
	for _, p := range parts {
		if !p.Quoted {
			fold = `<details class="quote">`
		}
	}
	fold += "<summary>" + html.EscapeString(summary) + "</summary>\n"
	var b strings.Builder
	for _, p := range parts {
		shown := string(markup.HTML(format, p.Text))
		if p.Quoted {
			shown = fold + shown + "</details>\n"
		}
		b.WriteString(shown)
	}
	return template.HTML(b.String()) // #nosec G203 -- what HTML returned, and tags of our own
}

// Part is a piece of a message: what its author wrote, or what they quoted.
type Part struct {
	Quoted bool
	Text   string
}

// Split cuts a message into what its author wrote and what they quoted, in
// order. Parts of white space alone are left out; nothing else is lost. An
// empty body gives one empty part.
//
// Quoted is what quotedLines says of an answer. What is passed on is the
// author's matter: "---------- Forwarded message ---------" and all below it
// are never quoted. Lines in fenced code are never quotes.
func Split(body string) []Part {
	body = markup.Clean(body)
	lines := strings.SplitAfter(body, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var parts []Part
	add := func(quoted bool, from, to int) {
		if s := strings.Trim(strings.Join(lines[from:to], ""), "\n"); strings.TrimSpace(s) != "" {
			parts = append(parts, Part{quoted, s})
		}
	}
	begin := 0
	for _, r := range quotedLines(lines, Answer) {
		add(false, begin, r[0])
		add(true, r[0], r[1])
		begin = r[1]
	}
	add(false, begin, len(lines))
	if len(parts) == 0 {
		parts = []Part{{}}
	}
	return parts
}

// quotedLines returns where quotes begin and end among the lines. Quoted is
// only what is surely old: a run of lines beginning with ">" after a line such
// as "Il giorno ... ha scritto:", and later runs of more than three lines or
// at the end; in an answer also one at the end without such a line, and a long
// one at its head; everything after a line that says who wrote when, unless
// the sender says that answers stand in it; in an answer everything after
// "-----Messaggio originale-----" and after a block of "Da: ... Inviato: ..."
// lines. Of a mail that passes something on, nothing is.
func quotedLines(lines []string, of Thread) [][2]int {
	if of == Forward {
		return nil
	}
	q := quoting{lines: lines, of: of, last: -1}
	for i := len(lines) - 1; i >= 0 && q.last < 0; i-- {
		if quoted(lines[i]) {
			q.last = i
		}
	}
	fence := ""
	for i := 0; i < len(lines); {
		if mark := fenceMark(lines[i]); mark != "" || fence != "" {
			fence = afterFence(fence, mark, lines[i])
			i++
			continue
		}
		if strings.TrimSpace(lines[i]) != "" && forwarded(lines[i]) {
			break // what is passed on is the matter itself
		}
		end, fold := q.at(i)
		if fold {
			q.found = append(q.found, [2]int{i, end})
		} else {
			q.own = append(q.own, lines[i:max(end, i+1)]...)
		}
		i = max(end, i+1)
	}
	return q.found
}

// quoting is the search for quotes in the lines of a mail.
type quoting struct {
	lines  []string
	of     Thread
	last   int      // the last line with ">"
	said   bool     // a line said who wrote what is quoted
	own    []string // lines of the sender that within has not read yet
	inside bool     // one that it read says so
	found  [][2]int
}

// within reports whether the sender said above that answers stand in what is
// quoted. The words are read only when something would be folded: most
// messages quote nothing, and are divided each time they are shown.
func (q *quoting) within() bool {
	q.inside = q.inside || answersInside(q.own)
	q.own = nil
	return q.inside
}

// fenceMark returns the backticks or tildes that begin a line of fenced code.
func fenceMark(line string) string {
	s := strings.TrimLeft(line, " ")
	if len(line)-len(s) > 3 || len(s) < 3 || s[0] != '`' && s[0] != '~' {
		return ""
	}
	n := len(s) - len(strings.TrimLeft(s, s[:1]))
	if n < 3 || s[0] == '`' && strings.Contains(s[n:], "`") {
		return ""
	}
	return s[:n]
}

// afterFence returns the fence that is open after a line.
func afterFence(fence, mark, line string) string {
	if fence == "" {
		return mark
	}
	if strings.HasPrefix(mark, fence) && strings.TrimSpace(line) == mark {
		return ""
	}
	return fence
}

// shortQuote is how many quoted lines stay open above an answer.
const shortQuote = 3

// at looks for a quote that begins at line i. It returns the line after it (0
// if none begins) and whether it is folded.
func (q *quoting) at(i int) (end int, fold bool) {
	lines := q.lines
	s := strings.TrimSpace(lines[i])
	if s == "" || len(s) > 500 && s[0] != '>' {
		return 0, false
	}
	if quoted(lines[i]) {
		end, n := quotedRun(lines, i)
		return end, q.folds(i, end, n)
	}
	if original(s) || headerBlock(lines, i) {
		return len(lines), q.of == Answer && !q.within()
	}
	if strings.Trim(s, "_-*") == "" && len(s) >= 5 {
		// A rule belongs to the headers that follow it.
		if k := skipBlank(lines, i+1, 2); k < len(lines) && headerBlock(lines, k) {
			return len(lines), q.of == Answer && !q.within()
		}
		return 0, false
	}
	if n, certain := attribution(lines, i); n > 0 {
		k := skipBlank(lines, i+n, 3)
		if k < len(lines) && quoted(lines[k]) {
			q.said = true
			end, _ = quotedRun(lines, k)
			return end, true
		}
		if certain && k < len(lines) && !q.within() && q.last < k {
			return len(lines), true
		}
	}
	return 0, false
}

// folds judges a run of n lines with ">" that no line of its own announces.
func (q *quoting) folds(i, end, n int) bool {
	above := ""
	for k := i - 1; k >= 0 && above == ""; k-- {
		above = strings.TrimSpace(q.lines[k])
	}
	last := onlyBlank(q.lines, end)
	switch {
	case strings.HasSuffix(above, ":"):
		return false // the sender shows it
	case q.said:
		return n > shortQuote || last
	case q.of != Answer:
		return false
	case above == "":
		return n > shortQuote || last
	}
	return last && !slices.ContainsFunc(q.lines[i:end], machineLine)
}

// machineText is what programs print, and people paste.
var machineText = regexp.MustCompile(`(?i)(\b(error|errore|exception|fatal|warning|select|insert|update|from|where|null|failed|denied|stack|traceback|ORA-\d|0x[0-9a-f]+)\b.*[=*;:{}()\[\]<]|[;{}]\s*$|^</?[a-z!?]|=\s*["'\d]|\bat [\w.$]+\(|^[A-Z]:\\|^[$#%]\s|^\w+-\d{3,}|^(sudo|cd|ls|dir|ping|net|git|npm|docker|select|show|describe|import|export)\b)`)

// machineLine tells a line with ">" that a program printed, or a prompt.
func machineLine(line string) bool {
	s := strings.TrimLeft(line, "> \t")
	return len(s) < 2000 && machineText.MatchString(s)
}

func quoted(line string) bool {
	s := strings.TrimLeft(line, " ")
	return len(line)-len(s) <= 3 && strings.HasPrefix(s, ">")
}

// quotedRun returns the line after a run of quoted lines and how many of them
// have text; blank lines between quoted ones belong to it.
func quotedRun(lines []string, i int) (end, n int) {
	for end = i; i < len(lines); i++ {
		if quoted(lines[i]) {
			end = i + 1
			if strings.Trim(lines[i], "> \t\n") != "" {
				n++
			}
		} else if strings.TrimSpace(lines[i]) != "" {
			break
		}
	}
	return end, n
}

// skipBlank returns the first line from i on that has text, looking at no
// more than limit blank ones.
func skipBlank(lines []string, i, limit int) int {
	for ; i < len(lines) && limit > 0 && strings.TrimSpace(lines[i]) == ""; i++ {
		limit--
	}
	return i
}

func onlyBlank(lines []string, i int) bool {
	for ; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != "" {
			return false
		}
	}
	return true
}

// hasTime tells a time of day as 10:12 or 10.12 in a line.
func hasTime(s string) bool {
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := range len(s) {
		if (s[i] == ':' || s[i] == '.') && digit(i-1) && digit(i+1) && digit(i+2) && !digit(i+3) && !digit(i-3) {
			return true
		}
	}
	return false
}
