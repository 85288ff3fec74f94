package search

import "github.com/blevesearch/bleve/v2/analysis"

// pieceEnd stands between the pieces of a document: another paragraph begins.
const pieceEnd = "\n\n"

// reading is a text that was taken apart once, for all fields that are made of it.
type reading struct {
	text     string
	language string
	tokens   []token
	stems    []string // of each token; empty for wholes and for words without a meaning of their own
}

func read(text, language string) *reading {
	r := &reading{text: cutBytes(text, maxField), language: language}
	if r.text == "" {
		return r
	}
	r.tokens = make([]token, 0, len(r.text)/6+8)
	scan(r.text, func(t token) { r.tokens = append(r.tokens, t) })
	r.stems = make([]string, len(r.tokens))
	for i := range r.tokens {
		if r.tokens[i].parts == 0 {
			r.stems[i] = stem(language, r.tokens[i].term)
		}
	}
	return r
}

// count returns how many tokens begin in front of the byte.
func (r *reading) count(end int) int {
	n := 0
	for n < len(r.tokens) && r.tokens[n].start < end {
		n++
	}
	return n
}

// until is the reading up to the byte.
func (r *reading) until(end int) *reading {
	n := r.count(end)
	return &reading{text: cutBytes(r.text, end), language: r.language, tokens: r.tokens[:n], stems: r.stems[:n]}
}

// readingAnalyser hands to the engine what was read before.
type readingAnalyser struct {
	analyser
	reading *reading
}

// Analyze implements analysis.Analyzer. The input is not looked at.
func (a readingAnalyser) Analyze([]byte) analysis.TokenStream {
	var terms slab
	terms.grow(len(a.reading.text))
	for i, t := range a.reading.tokens {
		switch s := a.reading.stems[i]; {
		case a.language == "":
			terms.add(t.term, t.start, t.end, t.pos)
		case s != "":
			terms.add(s, t.start, t.end, t.pos)
		}
	}
	return terms.stream
}
