package markup

import (
	"html"
	"html/template"
	"strings"
)

// Message renders the body of a ticket message or note: Markdown in which
// line breaks count, "#123" leads to /tickets/123 (not in code) and bare
// addresses are links. Quoted earlier text is folded into
// <details class="quote">. A body above MaxMessage is shown as plain text in
// <div class="plain">, folded the same way.
func Message(body string) template.HTML {
	return MessageFolded(body, "…")
}

// MessageFolded is Message with the words that stand on the fold, in the
// reader's language ("Testo citato").
func MessageFolded(body, summary string) template.HTML {
	body = Clean(body)
	show := func(s string) string { return messageDialect.render(s, false) }
	if len(body) > MaxMessage {
		show = textHTML
	}
	parts := Split(body)
	if len(parts) == 1 && !parts[0].Quoted {
		return template.HTML(show(body)) // #nosec G203 -- show is markdown or textHTML: cleaned, or escaped
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
		if p.Quoted {
			b.WriteString(fold + show(p.Text) + "</details>\n")
		} else {
			b.WriteString(show(p.Text))
		}
	}
	return template.HTML(b.String()) // #nosec G203 -- what show made, and tags of our own
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
// Quoted is: a run of lines beginning with ">", at the end of the message,
// after a line such as "Il giorno ... ha scritto:" or "On ... wrote:", or of
// more than three lines (a shorter one with an answer below it stays where it
// is read); everything after "-----Messaggio originale-----" and its like;
// everything after a block of "Da: ... Inviato: ..." lines. Lines in fenced
// code are never quotes.
func Split(body string) []Part {
	body = Clean(body)
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
	for _, r := range quotedLines(lines) {
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

// quotedLines returns where quotes begin and end among the lines.
func quotedLines(lines []string) [][2]int {
	var out [][2]int
	fence := ""
	for i := 0; i < len(lines); {
		if mark := fenceMark(lines[i]); mark != "" || fence != "" {
			fence = afterFence(fence, mark, lines[i])
			i++
			continue
		}
		end, fold := quoteAt(lines, i)
		if fold {
			out = append(out, [2]int{i, end})
		}
		i = max(end, i+1)
	}
	return out
}

// Own returns what the author of a message wrote, without what they quoted;
// the whole message if they wrote nothing.
func Own(body string) string {
	parts := Split(body)
	var own []string
	for _, p := range parts {
		if !p.Quoted {
			own = append(own, p.Text)
		}
	}
	if len(own) == 0 {
		return strings.TrimSpace(Clean(body))
	}
	return strings.Join(own, "\n\n")
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

// quoteAt looks for a quote that begins at line i. It returns the line after
// it (0 if none begins) and whether it is folded.
func quoteAt(lines []string, i int) (end int, fold bool) {
	s := strings.TrimSpace(lines[i])
	if s == "" || len(s) > 500 && s[0] != '>' {
		return 0, false
	}
	if quoted(lines[i]) {
		end, n := quotedRun(lines, i)
		return end, n > shortQuote || onlyBlank(lines, end)
	}
	if forwarded(s) || headerBlock(lines, i) {
		return len(lines), true
	}
	if strings.Trim(s, "_-*") == "" && len(s) >= 5 {
		// A rule belongs to the headers that follow it.
		if k := skipBlank(lines, i+1, 2); k < len(lines) && headerBlock(lines, k) {
			return len(lines), true
		}
		return 0, false
	}
	if n, certain := attribution(lines, i); n > 0 {
		k := skipBlank(lines, i+n, 3)
		if k < len(lines) && quoted(lines[k]) {
			end, _ = quotedRun(lines, k)
			return end, true
		}
		if certain && k < len(lines) {
			return len(lines), true
		}
	}
	return 0, false
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

// forwarded tells the lines that mail programs write above what they pass on.
func forwarded(s string) bool {
	bare := strings.Trim(s, "-_ >*")
	if len(bare) > 40 {
		return false
	}
	switch strings.ToLower(strings.TrimSuffix(bare, ":")) {
	case "messaggio originale", "messaggio inoltrato", "original message", "forwarded message", "messaggio originario":
		return strings.HasPrefix(s, "--")
	case "inizio messaggio inoltrato", "inizio del messaggio inoltrato", "begin forwarded message":
		return true
	}
	return false
}

// headerBlock tells whether "Da: ..." at line i is followed by the other
// lines that make it the head of a quoted message.
func headerBlock(lines []string, i int) bool {
	if name := headerName(lines[i]); name != "da" && name != "from" {
		return false
	}
	date, to := false, false
	for k := i + 1; k < len(lines) && k <= i+8; k++ {
		switch headerName(lines[k]) {
		case "inviato", "sent", "data", "date":
			date = true
		case "a", "to", "oggetto", "subject", "cc":
			to = true
		}
		if date && to {
			return true
		}
	}
	return false
}

// headerName returns the lower-case word before the colon of a line such as
// "Inviato: lunedì" or "**Da:** Anna", "" if there is none.
func headerName(line string) string {
	s := strings.TrimLeft(line, " *_\t")
	i := strings.IndexByte(s[:min(len(s), 12)], ':')
	if i <= 0 {
		return ""
	}
	return strings.ToLower(strings.Trim(s[:i], " *_"))
}

// attribution tells how many lines from i on say who wrote what follows, 0 if
// they do not; certain if there is a time or an address in them, so that what
// follows is quoted even without ">".
func attribution(lines []string, i int) (n int, certain bool) {
	first := strings.TrimSpace(lines[i])
	single := !hasFold(first, "il ") && !hasFold(first, "on ") && !hasFold(first, "in data ")
	for n = 1; n <= 4 && i+n <= len(lines); n++ {
		s := strings.TrimSpace(lines[i+n-1])
		if s == "" || len(s) > 500 {
			return 0, false
		}
		certain = certain || strings.Contains(s, "@") || hasTime(s)
		low := strings.ToLower(s)
		for _, end := range []string{"ha scritto:", "scrive:", "wrote:", "writes:"} {
			if strings.HasSuffix(low, end) {
				if single && !strings.Contains(s, "@") {
					return 0, false
				}
				return n, certain
			}
		}
		if single {
			return 0, false
		}
	}
	return 0, false
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
