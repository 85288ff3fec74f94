package short

import (
	"encoding/binary"
	"math"
)

const gapBetween = 3 // positions that a new paragraph is away

// What a text is worth. The figures were found on the index entries of real help pages in two languages, and hold on
// entries that were kept aside.
const (
	saturation  = 1.6 // how soon repeating a word stops counting
	lengthness  = 0.1 // how far a long text is held against its words
	usual       = 400 // words of a usual text
	titleWorth  = 1.0 // of a word in the title, beside the text
	titleSat    = 2.0
	titleLength = 5   // words of a usual title
	early       = 0.3 // of a word that stands at the beginning
	earlyWords  = 50  // where that has become half
	precise     = 0.3 // of a title that says little else
	named       = 1.0 // of a title that has all of the question
	pair        = 0.8 // of two words that follow each other in the question and stand near in the text
	pairTitle   = 0.5 // of two that both stand in the title
	reach       = 12  // words between two that are near
	bent        = 5.0 // how soon distance counts
	backwards   = 0.7 // of a pair in the other order
	freshness   = 0.1 // of a ticket that changed today
	freshDays   = 200
)

// Question is what somebody asked, as texts in short are read for it. Its clauses are added in order, each after its terms.
type Question struct {
	tables []askedHashes
	idf    []float64 // of each clause
	small  []bool    // clauses that are not needed beside others
	total  float64   // of those that are
}

// NewQuestion returns a question of no clauses yet, for texts in so many languages.
func NewQuestion(languages int) *Question {
	w := &Question{tables: make([]askedHashes, languages)}
	for i := range w.tables {
		w.tables[i].clause = map[uint16]int8{}
	}
	return w
}

// Ask looks for a term of the clause in texts of the language.
func (w *Question) Ask(language int, term string, clause int) {
	w.tables[language].add(Hash(term), int8(clause)) // #nosec G115 -- a question has few clauses
}

// Clause adds the next clause: how rare it is, and whether it is not needed beside others.
func (w *Question) Clause(idf float64, small bool) {
	w.idf, w.small = append(w.idf, idf), append(w.small, small)
	if !small {
		w.total += idf
	}
}

// askedHashes are the hashes of one language that are asked for, each with its clause. Nearly every word of a text is not
// asked for, which the bits tell without a look into the map.
type askedHashes struct {
	bits   [1 << 15 / 64]uint64
	clause map[uint16]int8
}

func (a *askedHashes) add(hash uint16, clause int8) {
	if _, taken := a.clause[hash]; !taken {
		a.clause[hash] = clause
		a.bits[hash/64] |= 1 << (hash % 64)
	}
}

func (a *askedHashes) find(hash uint16) (clause int8, asked bool) {
	if a.bits[hash/64]&(1<<(hash%64)) == 0 {
		return 0, false
	}
	return a.clause[hash], true
}

// places are where one clause stands in a text.
type places struct {
	title int
	text  []int32
}

// Spots is one document as its text in short tells it.
type Spots struct {
	clauses    []places
	titleWords int // that carry meaning
	titleHits  int // of them, asked for
	words      int
	changed    uint32
}

func (t *Spots) reset(n int) {
	for len(t.clauses) < n {
		t.clauses = append(t.clauses, places{})
	}
	t.clauses = t.clauses[:n]
	for i := range t.clauses {
		t.clauses[i].title, t.clauses[i].text = 0, t.clauses[i].text[:0]
	}
	t.titleWords, t.titleHits, t.words, t.changed = 0, 0, 0, 0
}

// Read takes the text in short apart. Notes are read only where they may be.
func (w *Question) Read(t *Spots, near []byte, notes bool) {
	t.reset(len(w.idf))
	if len(near) < Header || int(near[0]) >= len(w.tables) {
		return
	}
	table := &w.tables[near[0]]
	t.changed = binary.BigEndian.Uint32(near[1:])
	title, whole := true, false
	pos := int32(0)
	for i := Header; i < len(near); i++ {
		b := near[i]
		switch {
		case b&0x80 != 0 && i+1 < len(near):
			i++
			k, asked := table.find(uint16(b&0x7f)<<8 | uint16(near[i]))
			switch {
			case asked && title:
				t.clauses[k].title++
			case asked:
				t.clauses[k].text = append(t.clauses[k].text, pos)
			}
			switch {
			case whole: // its parts follow at the same place
				whole = false
				continue
			case title:
				t.titleWords++
				if asked {
					t.titleHits++
				}
			default:
				t.words++
			}
			pos++
		case b == Whole:
			whole = true
		case b == Small:
			pos++
		case b == Break:
			pos += gapBetween
		case b == Title:
			title, pos = false, 0
		case b == Notes:
			if !notes {
				return
			}
			pos += 1000 // a note is not the beginning of anything
		}
	}
}

// Worth is the score of a text; has tells the clauses whose terms the document has.
func (w *Question) Worth(t *Spots, has []bool, now uint32) float64 {
	score, have, titled := 0.0, 0.0, 0.0
	norm := 1 - lengthness + lengthness*float64(t.words)/usual
	titleNorm := 1 - lengthness + lengthness*float64(t.titleWords)/titleLength
	for i, c := range t.clauses {
		if !has[i] {
			continue
		}
		idf := w.idf[i]
		if !w.small[i] {
			have += idf
		}
		n := float64(len(c.text))
		if n == 0 && c.title == 0 {
			n = 1 // found where the text in short does not reach
		}
		n /= norm
		worth := n / (n + saturation)
		if len(c.text) > 0 {
			worth += early / (1 + float64(c.text[0])/earlyWords)
		}
		if c.title > 0 {
			n := float64(c.title) / titleNorm
			worth += titleWorth * n / (n + titleSat)
			titled += idf
		}
		score += idf * worth
	}
	if titled > 0 {
		score += precise*titled*float64(t.titleHits)/float64(max(1, t.titleWords)) + named*titled*titled/max(w.total, titled)
	}
	for i := range t.clauses {
		for j := i + 1; j < len(t.clauses) && j <= i+2; j++ {
			if !has[i] || !has[j] {
				continue
			}
			idf := min(w.idf[i], w.idf[j])
			if j > i+1 {
				idf /= 2
			}
			if n := pairs(t.clauses[i].text, t.clauses[j].text) / norm; n > 0 {
				score += pair * idf * n / (n + 0.5)
			}
			if t.clauses[i].title > 0 && t.clauses[j].title > 0 {
				score += pairTitle * idf
			}
		}
	}
	if w.total > 0 {
		score *= min(1, have/w.total)
	}
	if t.changed > 0 {
		days := max(0, (int64(now)-int64(t.changed))/(24*60))
		score *= 1 + freshness*math.Exp(-float64(days)/freshDays)
	}
	return score
}

// Most is more than any text is worth of a document that has these clauses, some of them in its title.
func (w *Question) Most(has, titled []bool) float64 {
	score, have, inTitle := 0.0, 0.0, 0.0
	for i, idf := range w.idf {
		if !has[i] {
			continue
		}
		if !w.small[i] {
			have += idf
		}
		worth := 1 + early
		if titled[i] {
			worth += titleWorth
			inTitle += idf
		}
		score += idf * worth
		for j := i + 1; j < len(w.idf) && j <= i+2; j++ {
			if !has[j] {
				continue
			}
			both := min(idf, w.idf[j])
			if j > i+1 {
				both /= 2
			}
			score += pair * both
			if titled[i] && titled[j] {
				score += pairTitle * both
			}
		}
	}
	if inTitle > 0 {
		score += precise*inTitle + named*inTitle*inTitle/max(w.total, inTitle)
	}
	if w.total > 0 {
		score *= min(1, have/w.total)
	}
	return score * (1 + freshness)
}

// pairs counts the places where two words stand near each other, nearer ones for more.
func pairs(a, b []int32) float64 {
	n := 0.0
	for i, k := 0, 0; i < len(a) && k < len(b); {
		d, in := b[k]-a[i], 1.0
		if d < 0 {
			d, in = -d, backwards
		}
		if d == 0 {
			d = 1 // a word and the code it is a part of
		}
		if d <= reach {
			n += in / (1 + float64(d-1)*float64(d-1)/bent)
		}
		if a[i] < b[k] {
			i++
		} else {
			k++
		}
	}
	return n
}
