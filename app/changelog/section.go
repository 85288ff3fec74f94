package changelog

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	atx       = regexp.MustCompile(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?$`)
	squeezed  = regexp.MustCompile(`^(#{1,6})(\[?[vV]?\d.*)$`) // ##1.2.0
	setext    = regexp.MustCompile(`^ {0,3}(={2,}|-{3,})$`)
	strong    = regexp.MustCompile(`^ {0,3}(?:\*\*([^*]+)\*\*|__([^_]+)__)[: ]*$`)
	fence     = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})(.*)$")
	reference = regexp.MustCompile(`^ {0,3}\[([^\[\]^][^\[\]]{0,98})\]:[ \t]*\S`)
	label     = regexp.MustCompile(`\[([^\[\]]{1,99})\]`)
	item      = regexp.MustCompile(`^ {0,3}[-*+] +(?:\[([A-Za-z ]{2,30})\])?`)
	rule      = regexp.MustCompile(`(?i)^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,}|<hr ?/?>)$`)
	block     = regexp.MustCompile(`^ {0,3}(?:[-*+] |\d+[.)] |>|\|)`)
)

// look finds out what each line is, and takes the headings apart. Headings are those of Markdown, and lines that are
// bold as a whole; what stands in a fence, a comment, a list or a quotation is none. A fence or a comment that nobody
// ended is taken for text: it must not swallow the versions below.
func (f *file) look() {
	f.kinds = make([]kind, len(f.lines))
	f.defs = map[string]string{}
	lastComment := -1
	closes := map[byte][]int{'`': make([]int, 17), '~': make([]int, 17)} // the last line that ends a fence of that many signs
	for i, l := range f.lines {
		if strings.Contains(l, "-->") {
			lastComment = i
		}
		if m := fenced(l); m != nil && strings.TrimSpace(m[2]) == "" {
			for n := 3; n <= min(len(m[1]), 16); n++ {
				closes[m[1][0]][n] = i
			}
		}
	}
	for i := f.front(); i < len(f.lines); i++ {
		l := f.lines[i]
		if m := fenced(l); m != nil && len(m[1]) <= 16 && closes[m[1][0]][len(m[1])] > i && (m[1][0] != '`' || !strings.Contains(m[2], "`")) {
			for f.kinds[i] = code; ; {
				i++
				f.kinds[i] = code
				if e := fenced(f.lines[i]); e != nil && e[1][0] == m[1][0] && len(e[1]) >= len(m[1]) && strings.TrimSpace(e[2]) == "" {
					break
				}
			}
			continue
		}
		if strings.HasPrefix(strings.TrimLeft(l, " "), "<!--") && lastComment >= i {
			for f.kinds[i] = nothing; !strings.Contains(f.lines[i], "-->"); {
				i++
				f.kinds[i] = nothing
			}
			continue
		}
		if m := referring(l); m != nil {
			f.kinds[i] = definition
			if name := labelled(m[1]); f.defs[name] == "" && len(l) <= 1000 {
				f.defs[name] = strings.TrimSpace(l)
			}
			continue
		}
		f.heading(i)
	}
}

// fenced takes a line that begins or ends a fence apart: all, the signs, what follows.
func fenced(line string) []string {
	if s := strings.TrimLeft(line, " "); s == "" || s[0] != '`' && s[0] != '~' {
		return nil
	}
	return fence.FindStringSubmatch(line)
}

func referring(line string) []string {
	if s := strings.TrimLeft(line, " "); s == "" || s[0] != '[' {
		return nil
	}
	return reference.FindStringSubmatch(line)
}

// front returns the first line behind what some tools write before the text.
func (f *file) front() int {
	if f.lines[0] != "---" {
		return 0
	}
	for i := 1; i < min(len(f.lines), 100); i++ {
		if f.lines[i] == "---" {
			for n := range i + 1 {
				f.kinds[n] = nothing
			}
			return i + 1
		}
	}
	return 0
}

func (f *file) heading(i int) {
	add := func(line, level int, s string) {
		if len(f.heads) == mostHeadings {
			return
		}
		f.kinds[line] = headline
		f.heads = append(f.heads, head{line: line, level: level, text: shown(s), heading: take(s)})
	}
	l := f.lines[i]
	if s := strings.TrimLeft(l, " "); s == "" || !strings.ContainsRune("#*_=-", rune(s[0])) {
		return
	}
	if m := atx.FindStringSubmatch(l); m != nil {
		add(i, len(m[1]), m[2])
	} else if m := squeezed.FindStringSubmatch(l); m != nil {
		add(i, len(m[1]), m[2])
	} else if m := strong.FindStringSubmatch(l); m != nil && len(l) <= longestHeading {
		add(i, 7, m[1]+m[2])
	} else if m := setext.FindStringSubmatch(l); m != nil && i > 0 && f.kinds[i-1] == text {
		above, level := f.lines[i-1], 1
		if m[1][0] == '-' {
			level = 2
		}
		if above == "" || block.MatchString(above) || strings.HasPrefix(above, "    ") || strings.HasPrefix(above, "\t") {
			return
		}
		alone := i == 1 || f.lines[i-2] == "" || f.kinds[i-2] != text
		if alone || take(above).looks == certain {
			add(i-1, level, above)
			f.kinds[i] = under
		}
	}
}

// shown is a heading in plain words.
func shown(s string) string {
	return strings.TrimRight(strings.TrimSpace(brackets.Replace(plain(s))), ":")
}

var brackets = strings.NewReplacer("[", "", "]", "")

func labelled(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// part is one of the four that a version has.
type part byte

const (
	others part = iota
	news
	corrections
	warnings
)

var parts = map[part][]string{
	news: strings.Fields(`added add adds addition additions new feature features feat changed change changes enhancement enhancements improvement improvements improved
		performance updated update updates highlights what's novità nuovo nuova nuove nuovi aggiunto aggiunta aggiunte aggiunti modificato modifica modifiche cambiato
		cambiamenti miglioramento miglioramenti minor major`),
	corrections: strings.Fields(`fixed fix fixes bug bugs bugfix bugfixes security resolved corrected corrections patch sicurezza corretto corretta corrette corretti
		correzione correzioni risolto risolti risolte anomalie`),
	warnings: strings.Fields(`removed remove removals removal deprecated deprecation deprecations deprecate breaking upgrading upgrade migration migrating before requirements
		prerequisites prima rimosso rimossa rimossi rimosse rimozioni deprecato deprecati deprecate obsoleto obsoleti prerequisiti requisiti`),
}

var partOfWord = func() map[string]part {
	out := map[string]part{}
	for p, words := range parts {
		for _, w := range words {
			out[w] = p
		}
	}
	return out
}()

// partOf returns the part that a heading of a section names by one of its first words.
func partOf(heading string) part {
	words := strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(heading, "’", "'")), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
	if len(words) > 5 {
		return others
	}
	for _, w := range words {
		switch w {
		case "known", "contributors", "contributor", "thanks", "note", "noti", "dependencies", "dipendenze":
			return others
		}
	}
	for i, w := range words {
		if p, is := partOfWord[w]; is && i < 3 {
			return p
		}
	}
	return others
}

// chunk is what stands under one heading of a version.
type chunk struct {
	part  part
	name  string
	lines []string
}

// read gathers what each version says.
func (f *file) read() {
	seen := map[string]bool{}
	f.spare = MostBytes
	for i := 0; i < len(f.heads); i++ {
		h := &f.heads[i]
		if h.is != version {
			continue
		}
		next := i + 1
		for next < len(f.heads) && f.heads[next].is == section {
			next++
		}
		stop := len(f.lines)
		if next < len(f.heads) {
			stop = f.heads[next].line
		}
		sections := f.heads[i+1 : next]
		i = next - 1
		if len(f.versions) == MostVersions {
			f.refuse(h.line, h.text, TooMany)
			return
		}
		if h.version != "" && seen[h.version] {
			f.refuse(h.line, h.text, Twice)
			continue
		}
		seen[h.version] = true
		v := Version{Line: h.line + 1, Version: h.version, Date: h.on, Title: h.title, Yanked: h.isYanked, Unreleased: h.isUnreleased}
		chunks := f.chunks(h.line+1, stop, sections)
		v.New, v.Corrected, v.Before, v.Other = f.join(chunks, news), f.join(chunks, corrections), f.join(chunks, warnings), f.join(chunks, others)
		f.versions = append(f.versions, v)
	}
}

// chunks takes the lines under a version apart by its sections. A heading that names a part begins it, whatever its
// level; another one stays where it is if it is deeper than that. In a list without heading each item may
// name its part: * [FEATURE] ...
func (f *file) chunks(from, stop int, sections []head) []chunk {
	out := []chunk{{}}
	level := 0
	var tagged [4][]string
	at := others
	for i := from; i < stop; i++ {
		k, l := f.kinds[i], f.lines[i]
		if k == nothing || k == definition || k == under {
			continue
		}
		last := &out[len(out)-1]
		if k == headline {
			for len(sections) > 0 && sections[0].line < i {
				sections = sections[1:]
			}
			if len(sections) > 0 && sections[0].line == i {
				h := sections[0]
				p := partOf(h.text)
				if p != others || h.level < 7 && (level == 0 || h.level <= level) {
					out = append(out, chunk{part: p, name: h.text})
					level, at = h.level, others
					continue
				}
				if h.level < 7 { // setext headings lose what is under them
					l = strings.Repeat("#", h.level) + " " + h.text
				}
			}
		}
		if level == 0 && k == text {
			if m := item.FindStringSubmatch(l); m != nil {
				at = partOf(m[1])
			} else if l != "" && l[0] != ' ' && l[0] != '\t' {
				at = others
			}
		}
		if level == 0 && at != others {
			tagged[at] = append(tagged[at], l)
			continue
		}
		last.lines = append(last.lines, l)
	}
	for p, lines := range tagged {
		if len(lines) > 0 {
			out = append(out, chunk{part: part(p), lines: lines}) // #nosec G115 -- four
		}
	}
	return out
}

// join returns the text of a part.
func (f *file) join(chunks []chunk, p part) string {
	var mine []chunk
	for _, c := range chunks {
		if c.part == p {
			if c.lines = trimmed(c.lines); len(c.lines) > 0 {
				mine = append(mine, c)
			}
		}
	}
	var b strings.Builder
	for _, c := range mine {
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		if c.name != "" && (p == others || len(mine) > 1) {
			b.WriteString("**" + c.name + "**\n\n")
		}
		b.WriteString(strings.Join(c.lines, "\n"))
	}
	out := b.String()
	if len(f.defs) == 0 {
		return out
	}
	done := map[string]bool{}
	for _, m := range label.FindAllStringSubmatch(out, -1) {
		name := labelled(m[1])
		d := f.defs[name]
		if d == "" || done[name] || len(d) > f.spare {
			continue
		}
		if len(done) == 0 {
			b.WriteString("\n")
		}
		done[name] = true
		f.spare -= len(d)
		b.WriteString("\n" + d)
	}
	return b.String()
}

// trimmed drops empty lines and rules from both ends.
func trimmed(lines []string) []string {
	empty := func(s string) bool { return s == "" || rule.MatchString(s) }
	for len(lines) > 0 && empty(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && empty(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return lines
}
