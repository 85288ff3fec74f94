// Package query understands questions: words, phrases, filters and what is to be left out, with the names of the catalogue
// and the synonyms of the desk. It also marks in a text what a question asked for. It asks no index.
package query

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sportello/search/analysis"
)

const (
	MaxTerms    = 20   // words, phrases and filters of one question; what follows is left out
	MaxQuestion = 2000 // bytes
	maxPrefixes = 4    // beginnings in one question; further ones are taken as words
)

// Parsed is a question as it was understood.
type Parsed struct {
	Words    []string // to be found, as typed, stars included
	Phrases  []string // to be found as they stand, without quotation marks
	Excluded []string // words and phrases that must not be there
	Filters  []Filter
	Any      bool // no text has all the words: those with any of them were taken
	Cut      bool // there was more than is looked at

	Clauses []Clause
	Not     []Choice
	Cleaned bool // the text had to be cut or mended: clauses do not know where they stand in it
}

// Filter is one name:value of a question. Name and Value are in the form the desk uses in English: state open, kind
// malfunction, module u-gov/contabilita, group csa, from ana@, before 2026-01-31, after 2026-01-31, in ticket, files
// yes, number 4521.
type Filter struct {
	Name, Value string
	Not         bool

	Ids []uint64  // modules or groups
	Day time.Time // before, after
}

// Empty reports whether nothing is asked for.
func (p *Parsed) Empty() bool { return len(p.Clauses) == 0 && len(p.Not) == 0 && len(p.Filters) == 0 }

// Clause is one thing that has to be found: any of the choices will do.
type Clause struct {
	Choices  []Choice
	Optional bool // a small word: helps the order and is not needed beside others
	Plus     bool // typed with a plus: needed, however few have it
	Start    int  // bytes of the question, of a clause that is one word
	End      int
	from, to int  // bytes of the question of what was typed without quotation marks
	code     bool // an identifier: its choices are forms of one
}

// Choice is a run of units that must all be there, a phrase also side by side.
type Choice struct {
	Units  []Unit
	Phrase []string // neutral parts in order; nil unless they were quoted
	Other  bool     // not what was typed, but what means the same
}

type unitKind uint8

const (
	UnitWord   unitKind = iota // the word, or one of the same stem
	UnitExact                  // the term as it is: a code, a word of a phrase
	UnitPrefix                 // what begins so
)

type Unit struct {
	Kind unitKind
	Term string
}

// The types of record that are found.
const (
	TypeTicket  = "ticket"
	TypeArticle = "article"
	TypeMail    = "mail" // became no message: somebody of its group has to judge it
	TypeRelease = "release"
	TypeProblem = "problem" // a known one
	TypePlan    = "plan"
)

// Parse understands a question. Every text is one; what is no filter is words. Names of modules and groups are looked
// up in the catalogue, days are those of the location. For a person outside the desk, a filter that is of use to agents
// is always a filter, whether what it names exists or not.
func Parse(text string, cat *Catalogue, loc *time.Location, now time.Time, outside bool) Parsed {
	var p Parsed
	if len(text) > MaxQuestion {
		text, p.Cut = analysis.CutBytes(text, MaxQuestion), true
	}
	r := reader{text: strings.ToValidUTF8(text, " "), cat: cat, loc: loc, now: now, outside: outside}
	p.Cleaned = p.Cut || r.text != text
	prefixes := 0
	joined := false // the term before was followed by OR
	for n := 0; ; {
		t, ok := r.next()
		if !ok {
			break
		}
		if t.or {
			joined = len(p.Clauses) > 0
			continue
		}
		if n >= MaxTerms {
			p.Cut = true
			break
		}
		if f, ok := r.filter(t); ok {
			p.Filters = append(p.Filters, f)
			n, joined = n+1, false
			continue
		}
		var forms []Choice
		choices, small := t.choices()
		if len(choices) == 0 {
			continue
		}
		n++
		if !t.quoted && !t.not {
			for _, c := range t.remembered() {
				if c.Units[len(c.Units)-1].Kind == UnitPrefix {
					if prefixes++; prefixes > maxPrefixes {
						continue
					}
				}
				forms = append(forms, c)
			}
		}
		if u := &choices[len(choices)-1].Units[0]; u.Kind == UnitPrefix {
			if prefixes++; prefixes > maxPrefixes {
				u.Kind = UnitWord
			}
		}
		switch {
		case t.not:
			p.Excluded = append(p.Excluded, t.text)
			p.Not = append(p.Not, choices...)
			joined = false
			continue
		case t.quoted:
			p.Phrases = append(p.Phrases, t.text)
		default:
			p.Words = append(p.Words, t.text)
		}
		choices = append(choices, forms...)
		if joined {
			last := &p.Clauses[len(p.Clauses)-1]
			last.Choices = append(last.Choices, choices...)
			last.Optional = last.Optional && small
		} else {
			c := Clause{Choices: choices, Optional: small && !t.plus, Plus: t.plus}
			if !t.quoted {
				c.from, c.to = t.at, t.at+len(t.text)
				list := analysis.Tokens(t.text)
				if len(list) == 1 {
					c.Start, c.End = t.at+list[0].Start, t.at+list[0].End
				}
				c.code = len(list) > 1 && list[0].Strict && list[0].Parts == len(list)-1
			}
			p.Clauses = append(p.Clauses, c)
		}
		joined = false
	}
	p.join()
	p.group(r.text)
	if cat != nil {
		cat.synonyms.put(&p)
	}
	required := false
	for _, c := range p.Clauses {
		required = required || !c.Optional
	}
	for i := range p.Clauses {
		p.Clauses[i].Optional = p.Clauses[i].Optional && required
	}
	return p
}

// join lets two words that stand side by side also be one, as people write them: esse 3, u gov.
func (p *Parsed) join() {
	plain := func(c Clause) (string, bool) {
		if c.End == 0 || len(c.Choices) > 1 || len(c.Choices[0].Units) > 1 || c.Choices[0].Units[0].Kind != UnitWord {
			return "", false
		}
		return c.Choices[0].Units[0].Term, true
	}
	for i := 0; i+1 < len(p.Clauses); i++ {
		left, ok := plain(p.Clauses[i])
		right, also := plain(p.Clauses[i+1])
		if ok && also && len(left)+len(right) <= analysis.MaxTerm && analysis.Together(left, right) {
			one := Choice{Units: []Unit{{UnitExact, left + right}}}
			p.Clauses[i].Choices = append(p.Clauses[i].Choices, one)
			p.Clauses[i+1].Choices = append(p.Clauses[i+1].Choices, one)
		}
	}
}

// typed is one term as it stands in a question.
type typed struct {
	text   string
	at     int    // byte of the question where it begins
	name   string // of what may be a filter: name:value
	value  string
	not    bool
	plus   bool
	quoted bool
	or     bool
}

type reader struct {
	text string
	at   int
	cat  *Catalogue
	loc  *time.Location
	now  time.Time

	outside bool
}

func closing(r rune) string {
	switch r {
	case '"', '“', '”', '„':
		return "\"“”„"
	case '«':
		return "»"
	}
	return ""
}

func (r *reader) next() (typed, bool) {
	rest := strings.TrimLeftFunc(r.text[r.at:], unicode.IsSpace)
	r.at = len(r.text) - len(rest)
	if rest == "" {
		return typed{}, false
	}
	var t typed
	if len(rest) > 1 && (rest[0] == '-' || rest[0] == '+') {
		if c, _ := utf8.DecodeRuneInString(rest[1:]); analysis.IsWord(c) || c == '#' || closing(c) != "" {
			t.not, t.plus = rest[0] == '-', rest[0] == '+'
			r.at++
			rest = rest[1:]
		}
	}
	if text, ok := r.quotation(); ok {
		t.text, t.quoted = text, true
		return t, true
	}
	end := strings.IndexFunc(rest, func(c rune) bool { return unicode.IsSpace(c) || closing(c) != "" })
	if end < 0 {
		end = len(rest)
	}
	t.text, t.at = rest[:end], r.at
	r.at += end
	if name, value, ok := strings.Cut(t.text, ":"); ok && name != "" {
		t.name, t.value = name, value
		if value == "" {
			if q, ok := r.quotation(); ok {
				t.value = q
				t.text += q
			}
		}
	}
	t.or = (t.text == "OR" || t.text == "|") && !t.not
	return t, true
}

// quotation reads the text in quotation marks; without a closing mark it reads to the end.
func (r *reader) quotation() (string, bool) {
	rest := r.text[r.at:]
	c, w := utf8.DecodeRuneInString(rest)
	marks := closing(c)
	if marks == "" {
		return "", false
	}
	rest = rest[w:]
	r.at += w
	end := strings.IndexAny(rest, marks)
	if end < 0 {
		r.at = len(r.text)
		return rest, true
	}
	_, w = utf8.DecodeRuneInString(rest[end:])
	r.at += end + w
	return rest[:end], true
}

// choices turns the typed term into units, none when it holds no word; small says that it is a small word of a language.
func (t *typed) choices() (out []Choice, small bool) {
	list := analysis.Tokens(t.text)
	var c Choice
	if t.quoted {
		for _, k := range list {
			if k.Parts == 0 && len(c.Phrase) < MaxTerms {
				c.Phrase = append(c.Phrase, k.Term)
				c.Units = append(c.Units, Unit{UnitExact, k.Term})
			}
		}
		if len(c.Phrase) == 1 {
			c.Phrase = nil
		}
	} else if len(list) == 1 && strings.HasSuffix(t.text, "*") && utf8.RuneCountInString(list[0].Term) >= analysis.MinPrefix {
		c.Units = []Unit{{UnitPrefix, list[0].Term}}
	} else if len(list) > 1 && list[0].Parts == len(list)-1 && !list[0].Strict {
		// Joined by hyphens alone: u-gov is looked for as ugov, auto-formazione also as two words.
		out = append(out, Choice{Units: []Unit{{UnitWord, list[0].Term}}})
		for _, k := range list[1:] {
			c.Units = append(c.Units, Unit{UnitWord, k.Term})
		}
	} else {
		skip := 0
		for _, k := range list {
			switch {
			case skip > 0: // a part of a code; the code that was typed means itself and nothing else
				skip--
			case k.Parts > 0:
				c.Units = append(c.Units, Unit{UnitExact, k.Term})
				skip = k.Parts
			case len(c.Units) < MaxTerms:
				c.Units = append(c.Units, Unit{UnitWord, k.Term})
			}
		}
	}
	if len(c.Units) == 0 {
		return out, false
	}
	small = len(c.Units) == 1 && c.Units[0].Kind == UnitWord && (analysis.ItalianStops[c.Units[0].Term] || analysis.EnglishStops[c.Units[0].Term])
	return append(out, c), small && len(out) == 0
}

// remembered returns the ways in which an identifier that was typed may stand in a text, beside its whole.
func (t *typed) remembered() []Choice {
	var out []Choice
	for _, r := range analysis.Remember(t.text) {
		c := Choice{Other: true}
		for _, term := range r.Terms {
			c.Units = append(c.Units, Unit{UnitExact, term})
		}
		if r.Open {
			c.Units[len(c.Units)-1].Kind = UnitPrefix
		}
		out = append(out, c)
	}
	return out
}

// group lets what was typed in groups also be one: IT60 X054 2811.
func (p *Parsed) group(text string) {
	analysis.Grouped(text, func(term string, start, end int) {
		for k := range p.Clauses {
			if c := &p.Clauses[k]; c.to > start && c.from < end {
				c.Choices = append(c.Choices, Choice{Units: []Unit{{UnitExact, term}}, Other: true})
			}
		}
	})
}

// IsCode reports whether the clause is a single code.
func (c Clause) IsCode() bool {
	return c.code || len(c.Choices) == 1 && len(c.Choices[0].Phrase) == 0 && len(c.Choices[0].Units) == 1 && c.Choices[0].Units[0].Kind == UnitExact
}

// Must reports whether every answer needs the clause, however few answers there are.
func (c Clause) Must() bool {
	return c.Plus || c.IsCode() || slices.ContainsFunc(c.Choices, func(ch Choice) bool { return len(ch.Phrase) > 0 })
}

func ReaderLanguage(l string) string {
	if analysis.Lexicons[l] != nil {
		return l
	}
	return analysis.Languages[0]
}
