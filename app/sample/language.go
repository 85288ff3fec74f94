package sample

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many different words the generated texts of each language use. The first are those of the built-in articles, in
// order of frequency; the rest are made from their syllables.
const (
	italianWords = 45000
	englishWords = 22000
)

// language writes text with the word frequencies of real text: few words are everywhere, most are rare.
type language struct {
	code   string
	words  []string
	titles []string // the same with a capital letter
	choose []uint32 // for each word, the chance out of 2^32 that it is chosen itself rather than its alias
	alias  []uint32
}

// languages returns the models of Italian and English. The same seed gives the same words.
func languages(seed uint64) (it, en *language, err error) {
	articles, err := Articles()
	if err != nil {
		return nil, nil, err
	}
	counts := map[string]map[string]int{"it": {}, "en": {}}
	for _, a := range articles {
		for _, v := range a.Versions {
			for w := range strings.FieldsFuncSeq(v.Title+" "+v.Body, func(r rune) bool { return !unicode.IsLetter(r) }) {
				counts[v.Language][strings.ToLower(w)]++
			}
		}
	}
	it = newLanguage("it", counts["it"], italianWords, rand.New(rand.NewPCG(seed, 1))) // #nosec G404 -- the same words each time
	en = newLanguage("en", counts["en"], englishWords, rand.New(rand.NewPCG(seed, 2))) // #nosec G404 -- the same words each time
	return it, en, nil
}

func newLanguage(code string, counts map[string]int, n int, r *rand.Rand) *language {
	l := &language{code: code}
	for w := range counts {
		l.words = append(l.words, w)
	}
	slices.SortFunc(l.words, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	l.words = grow(l.words, n, r)
	for _, w := range l.words {
		first, size := utf8.DecodeRuneInString(w)
		l.titles = append(l.titles, string(unicode.ToUpper(first))+w[size:])
	}
	l.weigh()
	return l
}

// grow makes new words from beginnings, middles and ends of existing ones until there are n.
func grow(words []string, n int, r *rand.Rand) []string {
	var begins, middles, ends []string
	known := make(map[string]bool, n)
	for _, w := range words {
		known[w] = true
		s := syllables(w)
		if len(s) < 2 {
			continue
		}
		begins = append(begins, s[0])
		ends = append(ends, s[len(s)-1])
		middles = append(middles, s[1:len(s)-1]...)
	}
	for len(words) < n {
		var w strings.Builder
		w.WriteString(begins[r.IntN(len(begins))])
		for range []int{0, 1, 1, 1, 2, 2, 3}[r.IntN(7)] {
			w.WriteString(middles[r.IntN(len(middles))])
		}
		w.WriteString(ends[r.IntN(len(ends))])
		if s := w.String(); !known[s] && len(s) >= 4 && len(s) <= 18 {
			known[s] = true
			words = append(words, s)
		}
	}
	return words
}

// syllables splits a word after each run of vowels; final consonants stay with the last syllable.
func syllables(w string) []string {
	var out []string
	var s strings.Builder
	vowel := false
	for _, r := range w {
		v := strings.ContainsRune("aeiouyàèéìòù", r)
		if vowel && !v {
			out = append(out, s.String())
			s.Reset()
		}
		s.WriteRune(r)
		vowel = v
	}
	if !vowel && len(out) > 0 {
		out[len(out)-1] += s.String()
		return out
	}
	return append(out, s.String())
}

// weigh gives the word of rank n the frequency 1/(n+2.7)^1.1, after Zipf and Mandelbrot, as a table of aliases
// (Vose), so that choosing a word takes one random number.
func (l *language) weigh() {
	n := len(l.words)
	p := make([]float64, n)
	sum := 0.0
	for i := range p {
		p[i] = 1 / math.Pow(float64(i)+3.7, 1.1)
		sum += p[i]
	}
	l.choose, l.alias = make([]uint32, n), make([]uint32, n)
	var small, large []int
	for i := range p {
		p[i] *= float64(n) / sum
		if p[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, g := small[len(small)-1], large[len(large)-1]
		small, large = small[:len(small)-1], large[:len(large)-1]
		l.choose[s], l.alias[s] = uint32(p[s]*(1<<32-1)), uint32(g) // #nosec G115 -- a place among some ten thousand words
		if p[g] -= 1 - p[s]; p[g] < 1 {
			small = append(small, g)
		} else {
			large = append(large, g)
		}
	}
	for _, i := range append(small, large...) {
		l.choose[i], l.alias[i] = math.MaxUint32, uint32(i) // #nosec G115 -- a place among some ten thousand words
	}
}

// word returns a random word: the high half of the number selects the entry of the table, the low half word or alias.
func (l *language) word(random uint64) uint32 {
	i := uint32((random >> 32) * uint64(len(l.words)) >> 32)
	if uint32(random) <= l.choose[i] { // #nosec G115 -- the low half is what is wanted
		return i
	}
	return l.alias[i]
}

// text appends n words as sentences and paragraphs. One word in seventy is a number: of a document, an amount, a year.
func (l *language) text(b []byte, r *rand.Rand, n int) []byte {
	sentence := 0
	paragraph := 0
	for i := range n {
		begin := sentence == 0
		if begin {
			sentence = min(6+r.IntN(15), n-i)
			if n-i-sentence < 3 {
				sentence = n - i
			}
			if i > 0 {
				if paragraph++; paragraph%4 == 3 {
					b = append(b, '\n', '\n')
				} else {
					b = append(b, ' ')
				}
			}
		} else {
			b = append(b, ' ')
		}
		random := r.Uint64()
		if !begin && random%70 == 0 {
			b = fmt.Appendf(b, "%d", 1+random>>40%99999)
		} else if w := l.word(random); begin {
			b = append(b, l.titles[w]...)
		} else {
			b = append(b, l.words[w]...)
		}
		if sentence--; sentence == 0 {
			b = append(b, '.')
		} else if random>>8%13 == 0 {
			b = append(b, ',')
		}
	}
	return b
}

// title returns n words as a subject.
func (l *language) title(r *rand.Rand, n int) string {
	var b []byte
	for i := range n {
		w := l.word(r.Uint64())
		if i == 0 {
			b = append(b, l.titles[w]...)
			continue
		}
		b = append(append(b, ' '), l.words[w]...)
	}
	return string(b)
}
