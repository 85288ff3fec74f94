package search

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sportello/store"
)

const (
	maxTerms    = 20   // words, phrases and filters of one question; what follows is left out
	maxQuestion = 2000 // bytes
	minPrefix   = 3    // letters in front of *
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
}

// choice is a run of units that must all be there, a phrase also side by side.
type choice struct {
	units  []unit
	phrase []string // neutral parts in order; nil unless they were quoted
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

var filterNames = map[string]string{
	"state": "state", "stato": "state", "kind": "kind", "tipo": "kind", "module": "module", "modulo": "module",
	"group": "group", "gruppo": "group", "from": "from", "da": "from", "before": "before", "prima": "before",
	"after": "after", "dopo": "after", "in": "in", "attachment": "files", "allegato": "files", "number": "number", "numero": "number",
}

// filterValues are the words for values that are not codes; several codes are separated by a bar.
var filterValues = map[string]map[string]string{
	"state": {"nuova": "new", "nuovo": "new", "nuove": "new", "ricevuta": "new", "aperta": "open", "aperto": "open", "aperte": "open",
		"in carico": "open", "in lavorazione": "open", "attesa": "waiting", "in attesa": "waiting", "pianificata": "planned",
		"pianificato": "planned", "pianificate": "planned", "risolta": "resolved", "risolto": "resolved", "risolte": "resolved",
		"chiusa": "closed", "chiuso": "closed", "chiuse": "closed", "active": "new|open|waiting|planned",
		"attiva": "new|open|waiting|planned", "attivo": "new|open|waiting|planned", "attive": "new|open|waiting|planned"},
	"kind": {"chiarimento": "clarification", "domanda": "clarification", "question": "clarification", "anomalia": "malfunction",
		"anomalie": "malfunction", "malfunzionamento": "malfunction", "errore": "malfunction", "bug": "malfunction",
		"richiesta": "request", "richieste": "request", "consulenza": "guidance", "configurazione": "guidance",
		"credenziali": "access", "accesso": "access", "credentials": "access"},
	"in": {"ticket": TypeTicket, "tickets": TypeTicket, "richiesta": TypeTicket, "richieste": TypeTicket, "guide": TypeArticle,
		"guida": TypeArticle, "article": TypeArticle, "articles": TypeArticle, "articolo": TypeArticle, "articoli": TypeArticle},
	"files": {"yes": "yes", "si": "yes", "no": "no"},
}

// parse understands a question. Every text is one; what is no filter is words. Names of modules and groups are looked
// up in the catalogue, days are those of the location.
func parse(text string, cat *catalogue, loc *time.Location, now time.Time) Parsed {
	var p Parsed
	if len(text) > maxQuestion {
		text, p.Cut = cutBytes(text, maxQuestion), true
	}
	r := reader{text: strings.ToValidUTF8(text, " "), cat: cat, loc: loc, now: now}
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
		choices, small := t.choices()
		if len(choices) == 0 {
			continue
		}
		n++
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
		if joined {
			last := &p.clauses[len(p.clauses)-1]
			last.choices = append(last.choices, choices...)
			last.optional = last.optional && small
		} else {
			c := clause{choices: choices, optional: small && !t.plus, plus: t.plus}
			if list := tokens(t.text); !t.quoted && len(list) == 1 {
				c.start, c.end = t.at+list[0].start, t.at+list[0].end
			}
			p.clauses = append(p.clauses, c)
		}
		joined = false
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

// filter reports whether the term is a filter, and which one.
func (r *reader) filter(t typed) (Filter, bool) {
	if t.quoted {
		return Filter{}, false
	}
	if digits, ok := strings.CutPrefix(t.text, "#"); ok && isNumber(digits) {
		return Filter{Name: "number", Value: strings.TrimLeft(digits, "0"), Not: t.not}, true
	}
	f := Filter{Name: filterNames[strings.ToLower(t.name)], Not: t.not}
	value := store.FoldName(t.value)
	if f.Name == "" || value == "" {
		return f, false
	}
	switch f.Name {
	case "module":
		f.Value, f.ids = r.cat.module(value)
		return f, len(f.ids) > 0
	case "group":
		f.Value, f.ids = r.cat.group(value)
		return f, len(f.ids) > 0
	case "before", "after":
		var ok bool
		f.day, f.Value, ok = r.date(value)
		return f, ok
	case "from":
		f.Value = strings.ToLower(t.value)
		return f, len(fromWords(f.Value)) > 0
	case "number":
		f.Value = strings.TrimLeft(strings.TrimPrefix(value, "#"), "0")
		return f, isNumber(f.Value)
	case "state":
		if s, err := store.Parse[store.State](value); err == nil && s != store.StateNone {
			f.Value = value
			return f, true
		}
	case "kind":
		if k, err := store.Parse[store.TicketKind](value); err == nil && k != store.KindNone {
			f.Value = value
			return f, true
		}
	}
	f.Value = filterValues[f.Name][value]
	return f, f.Value != ""
}

func isNumber(s string) bool {
	if s == "" || len(s) > 19 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// date understands a day, a month or a year as its first day.
func (r *reader) date(s string) (time.Time, string, bool) {
	today := r.now.In(r.loc)
	y, m, d := today.Date()
	switch s {
	case "oggi", "today":
		t := time.Date(y, m, d, 0, 0, 0, 0, r.loc)
		return t, t.Format(time.DateOnly), true
	case "ieri", "yesterday":
		t := time.Date(y, m, d-1, 0, 0, 0, 0, r.loc)
		return t, t.Format(time.DateOnly), true
	}
	for _, layout := range []string{"2006-1-2", "2/1/2006", "2.1.2006", "2006-1", "1/2006", "2006"} {
		if t, err := time.ParseInLocation(layout, s, r.loc); err == nil && t.Year() >= 1970 && t.Year() < 2200 {
			return t, t.Format(time.DateOnly), true
		}
	}
	return time.Time{}, "", false
}

// fromWords are the terms of a from: filter: an address or its beginning, or words of a name. "me" stays with the caller.
func fromWords(value string) []string {
	value = strings.TrimSuffix(value, "*")
	if strings.Contains(value, "@") {
		return []string{cutBytes(value, 200)}
	}
	var out []string
	for _, k := range tokens(value) {
		if k.parts == 0 && len(out) < 5 {
			out = append(out, k.term)
		}
	}
	return out
}

// dayTerms returns the terms of the field day that cover all days before the given one: years, then months, then days.
// The end of time is the year in front of which the first index was made.
func dayTerms(before time.Time) []string {
	var out []string
	y, m, d := before.Date()
	for i := 1970; i < y; i++ {
		out = append(out, time.Date(i, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006"))
	}
	for i := time.January; i < m; i++ {
		out = append(out, time.Date(y, i, 1, 0, 0, 0, 0, time.UTC).Format("200601"))
	}
	for i := 1; i < d; i++ {
		out = append(out, time.Date(y, m, i, 0, 0, 0, 0, time.UTC).Format("20060102"))
	}
	return out
}
