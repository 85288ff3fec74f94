package search

import (
	"strings"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"sportello/search/analysis"
	"sportello/search/short"
)

// pieceEnd stands between the pieces of a document: another paragraph begins.
const pieceEnd = "\n\n"

// vocabulary numbers the words of one batch of documents. Texts use the same words again and again: what a word's stem
// is and how it is written in short is worked out once, and a document keeps numbers alone until the engine asks for
// its words. It serves one goroutine at a time.
type vocabulary struct {
	numbers map[string]uint32
	words   []vocabularyWord
	field   uint32 // counts the fields that were gathered
	tokens  [2][]readWord
	ready   map[string]*vocabularyField
}

type vocabularyWord struct {
	text  string
	stems []uint32 // number of the stem in each language; 0 is none, and unstemmed that it was not looked for
	near  uint16   // the word in short
	field uint32   // the last field it stood in
	at    uint32   // and where in that field's list
}

const unstemmed = 1<<32 - 1

// vocabularyField holds the words of one field as the engine wants them, one document at a time.
type vocabularyField struct {
	terms  index.TokenFrequencies
	counts []index.TokenFreq
}

func newVocabulary() *vocabulary {
	v := &vocabulary{numbers: make(map[string]uint32, 1<<14), ready: map[string]*vocabularyField{}}
	v.number("") // no word has the number 0
	return v
}

func (v *vocabulary) number(text string) uint32 {
	n, ok := v.numbers[text]
	if !ok {
		n = uint32(len(v.words))   // #nosec G115 -- words of one search, which is bounded
		text = strings.Clone(text) // it may be a piece of a long one
		stems := make([]uint32, len(analysis.Languages))
		for i := range stems {
			stems[i] = unstemmed
		}
		v.numbers[text] = n
		v.words = append(v.words, vocabularyWord{text: text, stems: stems, near: short.Hash(text)})
	}
	return n
}

// stem returns the number of the word's stem, 0 when it carries no meaning of its own in the language.
func (v *vocabulary) stem(language int, word uint32) uint32 {
	n := v.words[word].stems[language]
	if n == unstemmed {
		n = v.number(analysis.Stem(analysis.Languages[language], v.words[word].text))
		v.words[word].stems[language] = n
	}
	return n
}

// reading is a text that was taken apart once, for all fields that are made of it. It holds until its vocabulary reads
// the next one in the same place.
type reading struct {
	*vocabulary
	text     string
	language int // as languages counts them
	tokens   []readWord
}

type readWord struct {
	start, end uint32
	word       uint32
	stem       uint32 // 0 for wholes and for words without a meaning of their own
	whole      bool
	form       bool
}

// read takes a text apart. There are two places for readings.
func (v *vocabulary) read(place int, text, language string) *reading {
	r := &reading{vocabulary: v, text: analysis.CutBytes(text, analysis.MaxField)}
	for i, l := range analysis.Languages {
		if l == language {
			r.language = i
		}
	}
	list := v.tokens[place][:0]
	analysis.ScanForms(r.text, func(t analysis.Token) {
		w := readWord{start: uint32(t.Start), end: uint32(t.End), word: v.number(t.Term), whole: t.Parts > 0, form: t.Form} // #nosec G115 -- a text is far below 4 GiB
		if !w.whole {
			w.stem = v.stem(r.language, w.word)
		}
		list = append(list, w)
	})
	r.tokens, v.tokens[place] = list, list
	return r
}

// count returns how many tokens begin in front of the byte.
func (r *reading) count(end int) int {
	n := 0
	for n < len(r.tokens) && int(r.tokens[n].start) < end {
		n++
	}
	return n
}

// until is the reading up to the byte.
func (r *reading) until(end int) *reading {
	out := *r
	out.text, out.tokens = analysis.CutBytes(r.text, end), r.tokens[:r.count(end)]
	return &out
}

// wordField is a field of a document whose words are numbers of a vocabulary.
type wordField struct {
	name    string
	options index.FieldIndexingOptions
	from    *vocabulary
	words   []uint32
	counts  []uint16 // how often each stands there; nil where that does not matter
	length  int
}

var _ document.Field = (*wordField)(nil)

// gather makes a field of words that come one after the other.
func (v *vocabulary) gather(f field, words func(yield func(uint32) bool)) *wordField {
	v.field++
	out := &wordField{name: f.name, options: f.options(), from: v}
	for n := range words {
		out.length++
		w := &v.words[n]
		if w.field != v.field {
			w.field, w.at = v.field, uint32(len(out.words)) // #nosec G115 -- words of one text, which is bounded
			out.words = append(out.words, n)
			if f.counted {
				out.counts = append(out.counts, 0)
			}
		}
		if f.counted && out.counts[w.at] < 1<<16-1 {
			out.counts[w.at]++
		}
	}
	return out
}

// present is the count of a word where it does not matter how often it stands there.
var present = &index.TokenFreq{}

// AnalyzedTokenFrequencies implements index.Field. What it returns holds until it is asked of the field of the same
// name in another document: the engine goes through the documents one by one, and asks again when it needs it again.
func (f *wordField) AnalyzedTokenFrequencies() index.TokenFrequencies {
	r := f.from.ready[f.name]
	if r == nil {
		r = &vocabularyField{terms: index.TokenFrequencies{}}
		f.from.ready[f.name] = r
	}
	clear(r.terms)
	if f.counts == nil {
		for _, n := range f.words {
			r.terms[f.from.words[n].text] = present
		}
		return r.terms
	}
	if cap(r.counts) < len(f.words) {
		r.counts = make([]index.TokenFreq, 2*len(f.words))
	}
	for i, n := range f.words {
		c := &r.counts[:cap(r.counts)][i]
		c.SetFrequency(int(f.counts[i]))
		r.terms[f.from.words[n].text] = c
	}
	return r.terms
}

// The rest of index.Field. There is nothing to analyse any more.

func (f *wordField) Name() string                        { return f.name }
func (f *wordField) ArrayPositions() []uint64            { return nil }
func (f *wordField) Options() index.FieldIndexingOptions { return f.options }
func (f *wordField) Analyze()                            {}
func (f *wordField) Value() []byte                       { return nil }
func (f *wordField) NumPlainTextBytes() uint64           { return 0 }
func (f *wordField) Size() int                           { return 4*len(f.words) + 2*len(f.counts) + 128 }
func (f *wordField) EncodedFieldType() byte              { return 't' }
func (f *wordField) AnalyzedLength() int                 { return f.length }
