// Package changelog reads what suppliers write of their versions in Markdown: "Keep a Changelog" and the many ways in which
// people meant to follow it. It hides what a heading of a version looks like, how dates are written, and which words
// of a heading say what is new, what is corrected, and what to know before installing.
package changelog

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// What is read at most: bytes of a file, and versions and problems of it.
const (
	MostBytes    = 2 << 20
	MostVersions = 5000
	MostProblems = 1000
)

// mostHeadings is how many headings are looked at; what is over them is text. It bounds the time.
const mostHeadings = 8 * MostVersions

// ErrTooLarge says that a file has more than MostBytes.
var ErrTooLarge = errors.New("changelog: the file is too large")

// Version is what a changelog says of one version.
type Version struct {
	Line       int       // where its heading stands, from 1
	Version    string    // as it was written, without brackets and without the v before a number; empty only with Unreleased
	Date       time.Time // the day at midnight UTC; zero if there is none
	Title      string    // what else its heading says
	Yanked     bool      // its supplier took it back
	Unreleased bool      // it is still being made; Version is then what it may be called, if that is said

	// What its sections say, as Markdown: what is new or changed, what was corrected, what to know before installing
	// (removed, deprecated, breaking), and all else. Of sections that come together in one, each keeps its name as a
	// bold line. Links by reference bring their definitions along.
	New, Corrected, Before, Other string
}

// Problem is a heading that was refused with what stands below it.
type Problem struct {
	Line   int // from 1
	Text   string
	Reason Reason
}

// Reason is why a heading was refused; a word that sentences can be found by.
type Reason string

const (
	AmbiguousDate Reason = "ambiguous-date" // 03/04/2024, and no other date of the file says which is the month; or a year of two digits
	NoSuchDate    Reason = "no-such-date"   // 2024-02-30
	NoVersion     Reason = "no-version"     // a date among the versions, and no version
	Twice         Reason = "twice"          // the version has a heading above that is written alike
	TooMany       Reason = "too-many"       // the first that is over MostVersions; nothing was read from here
)

// Read reads a changelog: UTF-8 or UTF-16 with a byte order mark, else UTF-8 or, if it is not that, Windows-1252. The
// versions come in the order of the file. It takes time and memory in proportion to the text. An error is the
// reader's own, or ErrTooLarge; a text without any version is none.
func Read(r io.Reader) ([]Version, []Problem, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MostBytes+1))
	if err != nil {
		return nil, nil, err
	}
	if len(raw) > MostBytes {
		return nil, nil, ErrTooLarge
	}
	f := file{lines: split(decode(raw))}
	f.look()
	f.decide()
	f.read()
	return f.versions, f.problems, nil
}

func decode(raw []byte) string {
	marked := bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) || bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff"))
	if !marked && !utf8.Valid(raw) {
		raw, _ = charmap.Windows1252.NewDecoder().Bytes(raw) // every byte has a meaning
	} else if out, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), raw); err == nil {
		raw = out
	}
	return strings.ToValidUTF8(string(raw), "\uFFFD")
}

// split returns the lines, without controls and without white space at their ends.
func split(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff:
			return -1
		case r == 0xa0 || r == 0x202f || r == 0x2028 || r == 0x2029:
			return ' '
		}
		return r
	}, text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t")
	}
	return lines
}

// file is a changelog while it is read.
type file struct {
	lines []string
	kinds []kind // of each line
	heads []head
	defs  map[string]string // links by reference, by label

	versions []Version
	problems []Problem
	spare    int // bytes of definitions that may still be repeated
}

// kind is what a line is, as far as it matters here.
type kind byte

const (
	text       kind = iota
	code            // inside a fence, or the fence
	nothing         // in a comment or before the text: left out
	definition      // of a link by reference
	under           // the line under a heading, or the date of a version: told by the heading
	headline
)

// head is a heading.
type head struct {
	line, level int // level 7 is a line in bold
	text        string
	heading
	is fate
}

// fate is what was decided of a heading.
type fate byte

const (
	section fate = iota
	version
	refused
	end // of the version before it
)

func (f *file) refuse(line int, text string, why Reason) {
	if len(f.problems) < MostProblems {
		if r := []rune(text); len(r) > 200 {
			text = string(r[:200])
		}
		f.problems = append(f.problems, Problem{Line: line + 1, Text: text, Reason: why})
	}
}

// decide says of each heading whether it is a version. It is one by its content. Only where the content leaves doubt,
// others of the file decide: a version is not named deeper than most of them, and an application by one name.
func (f *file) decide() {
	levels, sure, bold := [8]int{}, 0, 0
	title, names := "", map[string]bool{}
	for _, h := range f.heads {
		switch {
		case h.looks == certain && h.level < 7:
			levels[h.level]++
			sure++
		case h.looks == certain:
			bold++
		case h.looks == named && h.level < 7:
			names[h.name] = true
		case title == "" && h.looks == other && sure == 0:
			title = strings.ToLower(h.text)
		}
	}
	usual := 6
	if sure > 0 {
		usual = 1
		for l, n := range levels {
			if n > levels[usual] {
				usual = l
			}
		}
	}
	dated := false
	for i, h := range f.heads {
		is := false
		switch h.looks {
		case certain:
			is = h.level < 7 || sure == 0
		case doubtful:
			is = h.level <= usual
		case named:
			is = h.level < 7 && (h.date.there || strings.Contains(title, h.name) || sure == 0 && bold == 0 && len(names) == 1)
		}
		if is {
			f.heads[i].is = version
		}
		dated = dated || is
	}
	last := 0 // the level of the version above
	for i := range f.heads {
		h := &f.heads[i]
		switch {
		case h.is == version:
			last = h.level
		case h.looks == onlyDate && !dated && h.level < 7:
			h.is, last = version, h.level
			h.version = h.text
		case h.looks == onlyWord && dated && h.level <= usual:
			h.is, last = refused, h.level
			f.refuse(h.line, h.text, NoVersion)
		case h.level < last && partOf(h.text) == others:
			h.is, last = end, 0
		}
	}
	f.settleDates()
}

// settleDates turns what is written into days. A day and a month that may be each other are taken as the other dates
// of the file say, if these say one thing.
func (f *file) settleDates() {
	dayFirst, monthFirst := false, false
	for i := range f.heads {
		h := &f.heads[i]
		if h.is != version {
			continue
		}
		if !h.date.there {
			f.dateBeneath(i)
		}
		dayFirst = dayFirst || h.date.dayFirst()
		monthFirst = monthFirst || h.date.monthFirst()
	}
	for i := range f.heads {
		h := &f.heads[i]
		if h.is != version || !h.date.there {
			continue
		}
		day, why := h.date.day(dayFirst, monthFirst)
		if why != "" {
			h.is = refused
			f.refuse(h.line, h.text, why)
			continue
		}
		h.on = day
	}
}

// dateBeneath looks for the date of a version in the first line under its heading.
func (f *file) dateBeneath(i int) {
	h := &f.heads[i]
	for n := h.line + 1; n < len(f.lines); n++ {
		if f.kinds[n] == under || f.kinds[n] == nothing || f.lines[n] == "" {
			continue
		}
		if f.kinds[n] != text && f.kinds[n] != headline {
			return
		}
		if f.kinds[n] == headline && (i+1 == len(f.heads) || f.heads[i+1].line != n || f.heads[i+1].looks != onlyDate) {
			return
		}
		if d, is := lineOfDate(f.lines[n]); is {
			h.date = d
			f.kinds[n] = under
			if i+1 < len(f.heads) && f.heads[i+1].line == n {
				f.heads[i+1].is = section
				f.heads[i+1].looks = onlyDate
			}
		}
		return
	}
}
