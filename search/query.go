package search

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxTerms    = 20   // words, phrases and filters of one question; what follows is left out
	maxQuestion = 2000 // bytes
	maxPrefixes = 4    // beginnings in one question; further ones are taken as words
)

// Parsed is what was understood of a question.
type Parsed struct {
	Words    []string // to be found, as typed, stars included
	Phrases  []string // to be found as they stand, without quotation marks
	Excluded []string // words and phrases that must not be there
	Filters  []Filter
	Any      bool // no text has all the words: those with any of them were taken
	Cut      bool // there was more than is looked at

	clauses []clause
	not     []choice
	cleaned bool // the text had to be cut or mended: clauses do not know where they stand in it
}

// Filter is one name:value of a question. Name and Value are in the form the desk uses in English: state open, kind
// malfunction, module u-gov/contabilita, group csa, from ana@, before 2026-01-31, after 2026-01-31, in ticket, files
// yes, number 4521.
type Filter struct {
	Name, Value string
	Not         bool

	ids []uint64  // modules or groups
	day time.Time // before, after
}

// Empty reports whether nothing is asked for.
func (p *Parsed) Empty() bool { return len(p.clauses) == 0 && len(p.not) == 0 && len(p.Filters) == 0 }

// clause is one thing that has to be found: any of the choices will do.
type clause struct {
	choices  []choice
	optional bool // a small word: helps the order and is not needed beside others
	plus     bool // typed with a plus: needed, however few have it
	start    int  // bytes of the question, of a clause that is one word
	end      int
	from, to int  // bytes of the question of what was typed without quotation marks
	code     bool // an identifier: its choices are forms of one
}

// choice is a run of units that must all be there, a phrase also side by side.
type choice struct {
	units  []unit
	phrase []string // neutral parts in order; nil unless they were quoted
	other  bool     // not what was typed, but what means the same
}

type unitKind uint8

const (
	unitWord   unitKind = iota // the word, or one of the same stem
	unitExact                  // the term as it is: a code, a word of a phrase
	unitPrefix                 // what begins so
)

type unit struct {
	kind unitKind
	term string
}

// The types of record that are found.
const (
	TypeTicket  = "ticket"
	TypeArticle = "article"
	TypeMail    = "mail" // became no message: somebody of its group has to judge it
)

// parse understands a question. Every text is one; what is no filter is words. Names of modules and groups are looked
// up in the catalogue, days are those of the location. For a person outside the desk, a filter that is of use to agents
// is always a filter, whether what it names exists or not.
func parse(text string, cat *catalogue, loc *time.Location, now time.Time, outside bool) Parsed {
	var p Parsed
	if len(text) > maxQuestion {
		text, p.Cut = cutBytes(text, maxQuestion), true
	}
	r := reader{text: strings.ToValidUTF8(text, " "), cat: cat, loc: loc, now: now, outside: outside}
	p.cleaned = p.Cut || r.text != text
	prefixes := 0
	joined := false // the term before was followed by OR
	for n := 0; ; {
		t, ok := r.next()
		if !ok {
			break
		}
		if t.or {
			joined = len(p.clauses) > 0
			continue
		}
		if n >= maxTerms {
			p.Cut = true
			break
		}
		if f, ok := r.filter(t); ok {
			p.Filters = append(p.Filters, f)
			n, joined = n+1, false
			continue
		}
		var forms []choice
		choices, small := t.choices()
		if len(choices) == 0 {
			continue
		}
		n++
		if !t.quoted && !t.not {
			for _, c := range t.remembered() {
				if c.units[len(c.units)-1].kind == unitPrefix {
					if prefixes++; prefixes > maxPrefixes {
						continue
					}
				}
				forms = append(forms, c)
			}
		}
		if u := &choices[len(choices)-1].units[0]; u.kind == unitPrefix {
			if prefixes++; prefixes > maxPrefixes {
				u.kind = unitWord
			}
		}
		switch {
		case t.not:
			p.Excluded = append(p.Excluded, t.text)
			p.not = append(p.not, choices...)
			joined = false
			continue
		case t.quoted:
			p.Phrases = append(p.Phrases, t.text)
		default:
			p.Words = append(p.Words, t.text)
		}
		choices = append(choices, forms...)
		if joined {
			last := &p.clauses[len(p.clauses)-1]
			last.choices = append(last.choices, choices...)
			last.optional = last.optional && small
		} else {
			c := clause{choices: choices, optional: small && !t.plus, plus: t.plus}
			if !t.quoted {
				c.from, c.to = t.at, t.at+len(t.text)
				list := tokens(t.text)
				if len(list) == 1 {
					c.start, c.end = t.at+list[0].start, t.at+list[0].end
				}
				c.code = len(list) > 1 && list[0].strict && list[0].parts == len(list)-1
			}
			p.clauses = append(p.clauses, c)
		}
		joined = false
	}
	p.join()
	p.group(r.text)
	if cat != nil {
		cat.synonyms.put(&p)
	}
	required := false
	for _, c := range p.clauses {
		required = required || !c.optional
	}
	for i := range p.clauses {
		p.clauses[i].optional = p.clauses[i].optional && required
	}
	return p
}

// join lets two words that stand side by side also be one, as people write them: esse 3, u gov.
func (p *Parsed) join() {
	plain := func(c clause) (string, bool) {
		if c.end == 0 || len(c.choices) > 1 || len(c.choices[0].units) > 1 || c.choices[0].units[0].kind != unitWord {
			return "", false
		}
		return c.choices[0].units[0].term, true
	}
	for i := 0; i+1 < len(p.clauses); i++ {
		left, ok := plain(p.clauses[i])
		right, also := plain(p.clauses[i+1])
		if ok && also && len(left)+len(right) <= maxTerm && together(left, right) {
			one := choice{units: []unit{{unitExact, left + right}}}
			p.clauses[i].choices = append(p.clauses[i].choices, one)
			p.clauses[i+1].choices = append(p.clauses[i+1].choices, one)
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
	cat  *catalogue
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
		if c, _ := utf8.DecodeRuneInString(rest[1:]); isWord(c) || c == '#' || closing(c) != "" {
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

// quotation reads what stands in quotation marks; without a closing mark it goes to the end.
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
func (t *typed) choices() (out []choice, small bool) {
	list := tokens(t.text)
	var c choice
	if t.quoted {
		for _, k := range list {
			if k.parts == 0 && len(c.phrase) < maxTerms {
				c.phrase = append(c.phrase, k.term)
				c.units = append(c.units, unit{unitExact, k.term})
			}
		}
		if len(c.phrase) == 1 {
			c.phrase = nil
		}
	} else if len(list) == 1 && strings.HasSuffix(t.text, "*") && utf8.RuneCountInString(list[0].term) >= minPrefix {
		c.units = []unit{{unitPrefix, list[0].term}}
	} else if len(list) > 1 && list[0].parts == len(list)-1 && !list[0].strict {
		// Joined by hyphens alone: u-gov is looked for as ugov, auto-formazione also as two words.
		out = append(out, choice{units: []unit{{unitWord, list[0].term}}})
		for _, k := range list[1:] {
			c.units = append(c.units, unit{unitWord, k.term})
		}
	} else {
		skip := 0
		for _, k := range list {
			switch {
			case skip > 0: // a part of a code; the code that was typed means itself and nothing else
				skip--
			case k.parts > 0:
				c.units = append(c.units, unit{unitExact, k.term})
				skip = k.parts
			case len(c.units) < maxTerms:
				c.units = append(c.units, unit{unitWord, k.term})
			}
		}
	}
	if len(c.units) == 0 {
		return out, false
	}
	small = len(c.units) == 1 && c.units[0].kind == unitWord && (italianStops[c.units[0].term] || englishStops[c.units[0].term])
	return append(out, c), small && len(out) == 0
}

// remembered returns the ways in which an identifier that was typed may stand in a text, beside its whole.
func (t *typed) remembered() []choice {
	var out []choice
	for _, r := range remember(t.text) {
		c := choice{other: true}
		for _, term := range r.terms {
			c.units = append(c.units, unit{unitExact, term})
		}
		if r.open {
			c.units[len(c.units)-1].kind = unitPrefix
		}
		out = append(out, c)
	}
	return out
}

// group lets what was typed in groups also be one: IT60 X054 2811.
func (p *Parsed) group(text string) {
	grouped(text, func(term string, start, end int) {
		for k := range p.clauses {
			if c := &p.clauses[k]; c.to > start && c.from < end {
				c.choices = append(c.choices, choice{units: []unit{{unitExact, term}}, other: true})
			}
		}
	})
}

// isCode tells whether the clause is one code and nothing else.
func (c clause) isCode() bool {
	return c.code || len(c.choices) == 1 && len(c.choices[0].phrase) == 0 && len(c.choices[0].units) == 1 && c.choices[0].units[0].kind == unitExact
}

// must tells what no answer goes without, however few there are.
func (c clause) must() bool {
	return c.plus || c.isCode() || slices.ContainsFunc(c.choices, func(ch choice) bool { return len(ch.phrase) > 0 })
}

func readerLanguage(l string) string {
	if lexicons[l] != nil {
		return l
	}
	return languages[0]
}
