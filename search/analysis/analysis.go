// Package analysis makes terms of texts and of what people type: words without accents and case, their stems in each
// language, and the forms in which identifiers (codes, amounts, dates, telephones) are remembered. Both sides of the index
// use it, so that what was written is found by what is asked. It knows nothing of documents or of the engine.
package analysis

import (
	"cmp"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/italian"
	"golang.org/x/text/unicode/norm"

	"sportello/store/spelling"
)

// Version goes into the fingerprint of an index: raise it with any change of this package that makes other terms.
const Version = 4

// Languages are those that have a stemmed field. The first one is taken for a text that does not show its language.
var Languages = []string{"it", "en"}

const (
	MaxTerm  = 64 // bytes; what is longer is cut, in texts and questions alike
	maxParts = 32 // parts joined by single signs, as in a long address

	MaxField  = 256 << 10 // bytes of text that are kept of one field
	MinPrefix = 3         // letters of a word that is only begun
)

// Token is one term of a text. Parts are the words; a whole stands at the position of its first part and is what
// several parts and the signs between them make together: a code, an address, a version, a file name.
type Token struct {
	Term       string
	Start, End int // bytes of the text it came from
	pos        int // counts parts, from 0
	Parts      int // of a whole, how many it covers; 0 for a part
	Strict     bool
	Loose      bool // a whole whose parts a space keeps apart: esse 3
	Form       bool // not what stands there, but another way to remember it (identifier.go); only where forms are asked for
}

// Scan calls emit for the tokens of the text in order, each whole before its parts. Terms are NFKC-folded lower case
// without accents. A word in front of an apostrophe that is only an article or preposition (dell', l', un') is no token.
func Scan(text string, emit func(Token)) {
	s := scanner{text: text, emit: emit}
	s.scan()
}

func (s *scanner) scan() {
	text := s.text
	for i := 0; i < len(text); {
		r, w := decodeRune(text, i)
		switch {
		case !IsWord(r):
			i += w
		case IsIdeograph(r):
			s.put(Token{Term: fold(text[i : i+w]), Start: i, End: i + w})
			i += w
		default:
			if s.forms && i >= s.grouped && (r < 'a' || r > 'z' || i+2 < len(text) && isDigit(text[i+2])) {
				s.groups(i)
			}
			i = s.chunk(i)
		}
	}
}

func Tokens(text string) []Token {
	var out []Token
	Scan(text, func(t Token) { out = append(out, t) })
	return out
}

type scanner struct {
	text  string
	emit  func(Token)
	pos   int
	parts []Token
	seps  []rune // seps[i] stands between parts[i] and parts[i+1]
	buf   []byte

	forms   bool // emit forms as well
	made    int  // forms emitted
	grouped int  // byte where the last row of groups ended
	atoms   []atom
	each    func(a, b int) // takes each run of parts instead
}

func (s *scanner) put(t Token) {
	if t.Term == "" {
		return
	}
	t.pos = s.pos
	s.pos++
	s.emit(t)
}

// chunk reads words joined by single signs from byte i on and returns where it ended.
func (s *scanner) chunk(i int) int {
	s.parts, s.seps = s.parts[:0], s.seps[:0]
	for {
		start := i
		for i < len(s.text) {
			r, w := decodeRune(s.text, i)
			if !IsWord(r) || IsIdeograph(r) {
				break
			}
			i += w
		}
		s.parts = append(s.parts, Token{Term: fold(s.text[start:i]), Start: start, End: i})
		if i >= len(s.text) || len(s.parts) == maxParts {
			break
		}
		sep, w := decodeRune(s.text, i)
		if !isJoint(sep) && !(sep == ',' && isDigit(s.text[i-1])) || i+w >= len(s.text) {
			break
		}
		if sep == ',' && !isDigit(s.text[i+w]) {
			break
		}
		if r, _ := decodeRune(s.text, i+w); !IsWord(r) || IsIdeograph(r) {
			break
		}
		s.seps = append(s.seps, sep)
		i += w
	}
	from := 0
	for k := range s.seps {
		if k >= from && isApostrophe(s.seps[k]) {
			from = s.apostrophe(from, k)
		}
	}
	if len(s.parts) == 1 && s.parts[0].Term != "" {
		s.beside(s.parts[0], i)
	}
	s.run(from, len(s.parts))
	return i
}

// beside emits what the word ending at byte i makes together with the next one, where people write both apart and as
// one: esse 3, u gov.
func (s *scanner) beside(left Token, i int) {
	if len(left.Term) > 10 || i+1 >= len(s.text) || s.text[i] != ' ' {
		return
	}
	from := i + 1
	for i = from; i < len(s.text) && i-from <= 10; i++ {
		c := s.text[i]
		if c >= utf8.RuneSelf || !IsWord(rune(c)) {
			break
		}
	}
	if i == from || i-from > 10 || i < len(s.text) && (s.text[i] >= utf8.RuneSelf || isJoint(rune(s.text[i])) && i+1 < len(s.text) && s.text[i+1] != ' ' && s.text[i+1] != '\n') {
		return
	}
	right := fold(s.text[from:i])
	first, _ := decodeRune(s.text, left.Start)
	second, _ := decodeRune(s.text, from)
	if s.forms && particles[left.Term] && unicode.IsUpper(first) && unicode.IsUpper(second) {
		s.form(left.Term+right, left.Start, i) // De Rosa
	}
	if IsNumber(right) && len(right) > 2 && !(IsLetters(left.Term) && strings.ToUpper(s.text[left.Start:left.End]) == s.text[left.Start:left.End]) {
		return // a number beside a word: only behind capitals it is the word's own, ORA 00942
	}
	if Together(left.Term, right) {
		s.emit(Token{Term: left.Term + right, Start: left.Start, End: i, pos: s.pos, Parts: 2, Loose: true})
	}
}

// Together reports whether two words may be one: a letter and a word, or a word and a number.
func Together(left, right string) bool {
	if IsLetters(left) && len(left) > 1 && IsNumber(right) && len(right) > 2 {
		return true
	}
	if ItalianStops[left] || EnglishStops[left] || ItalianStops[right] || EnglishStops[right] || !IsLetters(left) {
		return false
	}
	if IsNumber(right) {
		return len(left) > 1 && len(right) < 3
	}
	return len(left) == 1 && len(right) > 1 && IsLetters(right)
}

func IsLetters(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return s != ""
}

// apostrophe deals with the one between parts k and k+1 of a run that began at from, and returns where the next run begins.
func (s *scanner) apostrophe(from, k int) int {
	left, right := s.parts[k].Term, s.parts[k+1].Term
	if first, _ := decodeRune(s.text, s.parts[k+1].Start); s.forms && unicode.IsUpper(first) {
		s.form(left+right, s.parts[k].Start, s.parts[k+1].End) // D'Angelo, remembered as dangelo
	}
	switch {
	case elisions[left]:
		s.run(from, k)
	case right == "s": // the English genitive
		s.run(from, k+1)
		return k + 2
	case contractions[right]: // don't, we're: one word without its apostrophe
		s.parts[k+1].Term = left + right
		s.parts[k+1].Start = s.parts[k].Start
		s.run(from, k)
	default:
		s.run(from, k+1)
	}
	return k + 1
}

// run emits parts[a:b] and, when they make a code, its whole.
func (s *scanner) run(a, b int) {
	if a >= b {
		return
	}
	switch {
	case s.each != nil:
		s.each(a, b)
	case s.forms:
		s.identifier(a, b)
	}
	if b-a > 1 {
		if whole, strict := s.whole(a, b); whole != "" {
			s.emit(Token{Term: whole, Start: s.parts[a].Start, End: s.parts[b-1].End, pos: s.pos, Parts: b - a, Strict: strict})
		}
	}
	for _, p := range s.parts[a:b] {
		s.put(p)
	}
}

// whole returns what the parts make together, empty when they only happen to touch. The signs between them fall away,
// for people remember others: U-GOV is ugov, ORA-01722 ora01722, T_CED_VOCI tcedvoci; between two digits a dot stays,
// whatever the sign was. An address of mail stays as it is. Strict says that nothing but the whole means the same.
func (s *scanner) whole(a, b int) (string, bool) {
	digits, hyphens, signs, mail := false, true, false, false
	for k := a; k < b-1; k++ {
		mail = mail || s.seps[k] == '@'
	}
	s.buf = s.buf[:0]
	for k := a; k < b; k++ {
		t := s.parts[k].Term
		digits = digits || strings.ContainsAny(t, "0123456789")
		switch {
		case k == a:
		case mail:
			s.buf = utf8.AppendRune(s.buf, s.seps[k-1])
		case len(s.buf) > 0 && t != "" && isDigit(s.buf[len(s.buf)-1]) && isDigit(t[0]):
			s.buf = append(s.buf, '.')
		}
		s.buf = append(s.buf, t...)
		if k == b-1 {
			break
		}
		sep := s.seps[k]
		hyphens = hyphens && (sep == '-' || sep == 0x2010 || sep == 0x2011)
		signs = signs || sep == '_' || sep == '@' || sep == '\\'
	}
	last := s.parts[b-1].Term
	fileName := s.seps[b-2] == '.' && len(last) >= 2 && len(last) <= 4
	if len(s.buf) > MaxTerm || !(digits || signs || hyphens || fileName) {
		return "", false
	}
	return string(s.buf), digits || signs || fileName
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func decodeRune(s string, i int) (rune, int) {
	if c := s[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}

func IsWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mn, r) || r == 0xad)
}

func isJoint(r rune) bool {
	switch r {
	case '-', '_', '.', '/', '@', ':', '+', '&', '\\', 0x2010, 0x2011:
		return true
	}
	return isApostrophe(r)
}

func isApostrophe(r rune) bool { return r == '\'' || r == 0x2019 || r == 0x2bc || r == '`' }

// IsIdeograph reports whether the rune belongs to writing without spaces, where each sign is a token.
func IsIdeograph(r rune) bool {
	return r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// fold returns the form in which words are compared.
func fold(s string) string {
	lower := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return cut(foldUnicode(s))
		}
		lower = lower && (c < 'A' || c > 'Z')
	}
	if !lower {
		s = strings.ToLower(s)
	}
	return cut(s)
}

func foldUnicode(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		r = unicode.ToLower(r)
		if s := spelling.FoldLetter(r); s != "" {
			b.WriteString(s)
		} else if unicode.IsLetter(r) || unicode.IsNumber(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func cut(s string) string { return CutBytes(s, MaxTerm) }

// CutBytes returns at most n bytes of s, cut in front of a rune.
func CutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Stem returns the stem of a folded word in the language, empty when the word carries no meaning of its own there.
func Stem(language, word string) string {
	l := Lexicons[language]
	if l == nil || l.stop[word] {
		return ""
	}
	return l.stem(word)
}

// lexicon is what is known of a language. Stems are kept in a table without locks: texts use the same words again
// and again, and stemming is the dearest part of analysis.
type lexicon struct {
	stop map[string]bool
	algo func(*snowballstem.Env) bool
	// Where the algorithm cuts alike words to different stems: a word is mended before, a stem after.
	before, after func(string) string
	seed          maphash.Seed
	cache         [1 << 15]atomic.Pointer[stemmed]
}

type stemmed struct{ word, stem string }

var Lexicons = map[string]*lexicon{
	"it": {stop: ItalianStops, algo: italian.Stem, before: italianNoun, after: italianFamily, seed: maphash.MakeSeed()},
	"en": {stop: EnglishStops, algo: english.Stem, seed: maphash.MakeSeed()},
}

// italianNoun keeps the plural of a noun from being taken for a verb: stipendi, carriere.
func italianNoun(word string) string {
	switch {
	case len(word) > 6 && strings.HasSuffix(word, "endi"):
		return word + "o"
	case len(word) > 6 && strings.HasSuffix(word, "iere"):
		return word[:len(word)-1] + "a"
	}
	return word
}

// italianFamilies brings together what belongs to one verb: iscrizione, iscritto, iscrivere.
var italianFamilies = []struct{ end, verb string }{
	{"scrizion", "scriv"}, {"scritt", "scriv"}, {"duzion", "duc"}, {"dott", "duc"}, {"clusion", "clud"}, {"clus", "clud"},
	{"mmission", "mmett"}, {"smission", "smett"}, {"emission", "emett"}, {"rmission", "rmett"}, {"mess", "mett"},
}

func italianFamily(stem string) string {
	for _, f := range italianFamilies {
		if len(stem) > len(f.end) && strings.HasSuffix(stem, f.end) && !strings.HasPrefix(stem, "comm") {
			return stem[:len(stem)-len(f.end)] + f.verb
		}
	}
	return stem
}

func (l *lexicon) stem(word string) string {
	if len(word) < 3 {
		return word
	}
	for i := 0; i < len(word); i++ {
		if c := word[i]; c < 'a' || c > 'z' {
			return word
		}
	}
	slot := &l.cache[maphash.String(l.seed, word)&(1<<15-1)]
	if e := slot.Load(); e != nil && e.word == word {
		return e.stem
	}
	whole := word
	if l.before != nil {
		whole = l.before(word)
	}
	env := snowballstem.NewEnv(whole)
	l.algo(env)
	e := &stemmed{word: strings.Clone(word)}
	e.stem = strings.Clone(env.Current())
	if l.after != nil {
		e.stem = l.after(e.stem)
	}
	slot.Store(e)
	return e.stem
}

// GuessLanguage is Language, with the first of Languages where Language returns "".
func GuessLanguage(text string) string { return cmp.Or(Language(text), Languages[0]) }

// Language returns the language, it or en, whose small words are the more frequent in the beginning of the text; "" when
// they are as many, or none. A greeting says more than the error message that is pasted below it.
func Language(text string) string {
	text = CutBytes(text, 4096)
	var count [2]int
	Scan(text, func(t Token) {
		if t.Parts > 0 || len(t.Term) < 2 || ofCode(text, t) {
			return
		}
		for i, l := range Languages {
			switch {
			case greetings[l][t.Term]:
				count[i] += 10
			case Lexicons[l].stop[t.Term] || courtesies[l][t.Term]:
				count[i]++
			}
		}
	})
	switch {
	case count[0] > count[1]:
		return Languages[0]
	case count[1] > count[0]:
		return Languages[1]
	}
	return ""
}

// ofCode reports whether the token is a part of a code, such as ORA-01722, whose parts are words of no language.
func ofCode(text string, t Token) bool {
	const signs = "-_/\\@"
	return t.Start > 0 && strings.IndexByte(signs, text[t.Start-1]) >= 0 || t.End < len(text) && strings.IndexByte(signs, text[t.End]) >= 0
}

// greetings and courtesies are what the few words to a desk are made of: they tell their language as small words do.
var (
	greetings = map[string]map[string]bool{
		"it": set("buongiorno buonasera salve ciao gentile gentili gentilissimi spett spettabile egregio grazie cordiali saluti distinti"),
		"en": set("hello hi dear good thanks thank regards sincerely"),
	}
	courtesies = map[string]map[string]bool{
		"it": set("prego potete vorrei chiedo aiuto richiesta allego funziona riesco errore"),
		"en": set("please kind help need cannot works working request attached problem"),
	}
)
