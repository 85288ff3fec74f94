package search

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/short"
)

// The best by their terms are put in order by what their texts tell. The figures were found on the index entries of
// real help pages in two languages, and hold on entries that were kept aside.
const (
	refined = 400 // documents whose texts are looked at

	nearSaturation  = 1.6 // how soon repeating a word stops counting
	nearLengthness  = 0.1 // how far a long text is held against its words
	nearUsual       = 400 // words of a usual text
	nearTitleWorth  = 1.0 // of a word in the title, beside the text
	nearTitleSat    = 2.0
	nearTitleLength = 5   // words of a usual title
	nearEarly       = 0.3 // of a word that stands at the beginning
	nearEarlyWords  = 50  // where that has become half
	nearPrecise     = 0.3 // of a title that says little else
	nearNamed       = 1.0 // of a title that has all of the question
	nearPair        = 0.8 // of two words that follow each other in the question and stand near in the text
	nearPairTitle   = 0.5 // of two that both stand in the title
	nearReach       = 12  // words between two that are near
	nearBent        = 5.0 // how soon distance counts
	nearBackwards   = 0.7 // of a pair in the other order
	freshness       = 0.1 // of a ticket that changed today
	freshDays       = 200
	codeWorth       = 2.0 // of a code, beside a word that is as rare
)

// wanted is a question as texts in short are read for it.
type wanted struct {
	tables []askedHashes
	idf    []float64 // of each clause
	small  []bool    // clauses that are not needed beside others
	total  float64   // of those that are
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

// want prepares the reading of texts in short.
func (r *run) want() *wanted {
	w := &wanted{tables: make([]askedHashes, len(analysis.Languages))}
	for i := range w.tables {
		w.tables[i].clause = map[uint16]int8{}
	}
	for i, c := range r.parsed.Clauses {
		idf := 0.0
		for _, ch := range c.Choices {
			for _, u := range ch.Units {
				k := slices.Index(r.units, u)
				v := r.rarity(r.found[k]) * r.weights[k]
				if c.IsCode() {
					v *= codeWorth
				}
				idf = max(idf, v)
				if u.Kind == query.UnitPrefix {
					continue
				}
				for l, language := range analysis.Languages {
					for _, term := range []string{u.Term, analysis.Stem(language, u.Term)} {
						if term != "" {
							w.tables[l].add(short.Hash(term), int8(i))
						}
					}
				}
			}
		}
		w.idf, w.small = append(w.idf, idf), append(w.small, c.Optional)
		if !c.Optional {
			w.total += idf
		}
	}
	return w
}

// spots are where one clause stands in a text.
type spots struct {
	title int
	text  []int32
}

// textSpots is one document as its text in short tells it.
type textSpots struct {
	clauses    []spots
	titleWords int // that carry meaning
	titleHits  int // of them, asked for
	words      int
	changed    uint32
}

func (t *textSpots) reset(n int) {
	for len(t.clauses) < n {
		t.clauses = append(t.clauses, spots{})
	}
	t.clauses = t.clauses[:n]
	for i := range t.clauses {
		t.clauses[i].title, t.clauses[i].text = 0, t.clauses[i].text[:0]
	}
	t.titleWords, t.titleHits, t.words, t.changed = 0, 0, 0, 0
}

// read takes the text in short apart. Notes are read only where they may be.
func (w *wanted) read(t *textSpots, near []byte, notes bool) {
	t.reset(len(w.idf))
	if len(near) < short.Header || int(near[0]) >= len(w.tables) {
		return
	}
	table := &w.tables[near[0]]
	t.changed = binary.BigEndian.Uint32(near[1:])
	title, whole := true, false
	pos := int32(0)
	for i := short.Header; i < len(near); i++ {
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
		case b == short.Whole:
			whole = true
		case b == short.Small:
			pos++
		case b == short.Break:
			pos += nearGap
		case b == short.Title:
			title, pos = false, 0
		case b == short.Notes:
			if !notes {
				return
			}
			pos += 1000 // a note is not the beginning of anything
		}
	}
}

// worth is the score of a text; has tells the clauses whose terms the document has.
func (w *wanted) worth(t *textSpots, has []bool, now uint32) float64 {
	score, have, titled := 0.0, 0.0, 0.0
	norm := 1 - nearLengthness + nearLengthness*float64(t.words)/nearUsual
	titleNorm := 1 - nearLengthness + nearLengthness*float64(t.titleWords)/nearTitleLength
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
		worth := n / (n + nearSaturation)
		if len(c.text) > 0 {
			worth += nearEarly / (1 + float64(c.text[0])/nearEarlyWords)
		}
		if c.title > 0 {
			n := float64(c.title) / titleNorm
			worth += nearTitleWorth * n / (n + nearTitleSat)
			titled += idf
		}
		score += idf * worth
	}
	if titled > 0 {
		score += nearPrecise*titled*float64(t.titleHits)/float64(max(1, t.titleWords)) + nearNamed*titled*titled/max(w.total, titled)
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
			if n := nearPairs(t.clauses[i].text, t.clauses[j].text) / norm; n > 0 {
				score += nearPair * idf * n / (n + 0.5)
			}
			if t.clauses[i].title > 0 && t.clauses[j].title > 0 {
				score += nearPairTitle * idf
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

// nearPairs counts the places where two words stand near each other, nearer ones for more.
func nearPairs(a, b []int32) float64 {
	n := 0.0
	for i, k := 0, 0; i < len(a) && k < len(b); {
		d, in := b[k]-a[i], 1.0
		if d < 0 {
			d, in = -d, nearBackwards
		}
		if d == 0 {
			d = 1 // a word and the code it is a part of
		}
		if d <= nearReach {
			n += in / (1 + float64(d-1)*float64(d-1)/nearBent)
		}
		if a[i] < b[k] {
			i++
		} else {
			k++
		}
	}
	return n
}

// refine orders the best of what was found by their texts in short, in front of all others.
func (r *run) refine() error {
	best, err := r.best(refined)
	if err != nil || len(best) == 0 {
		return err
	}
	floor := best[len(best)-1].score
	w := r.want()
	var t textSpots
	has := make([]bool, len(w.idf))
	now := uint32(r.st.Now().Unix() / 60) // #nosec G115 -- minutes fit until the year 10136
	for n, c := range best {
		if n%32 == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
		for i, cl := range r.parsed.Clauses {
			has[i] = r.has(c.part, c.doc, cl)
		}
		score := 0.0
		err := c.part.Segment.VisitStoredFields(uint64(c.doc), func(field string, _ byte, value []byte, _ []uint64) bool {
			if field != fieldNear {
				return true
			}
			w.read(&t, value, c.part.sight.notes.Contains(c.doc))
			score = w.worth(&t, has, now)
			return false
		})
		if err != nil {
			return fmt.Errorf("search: read text in short: %w", err)
		}
		i, _ := slices.BinarySearch(c.part.list, c.doc)
		c.part.scores[i] = floor + score
	}
	return nil
}

// has tells whether the document has one of the clause's choices.
func (r *run) has(p *partRun, doc uint32, c query.Clause) bool {
	for _, ch := range c.Choices {
		all := true
		for _, u := range ch.Units {
			k := slices.Index(r.units, u)
			if all = k >= 0 && p.units[k].Contains(doc); !all {
				break
			}
		}
		if all {
			return true
		}
	}
	return false
}
