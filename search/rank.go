package search

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/analysis"
	"sportello/search/query"
)

// weighed is a field in which words are looked for, and what finding one there is worth. Length is what is usual for
// the field, in words, 0 where it is not counted how often a word stands there: a constant, for an average over all texts would tell of texts the reader may not see.
type weighed struct {
	name      string
	language  string // of the stems it holds; empty: words as they are
	weight    float64
	length    float64
	notes     bool // counts only where the reader may read notes
	scoreOnly bool // what it holds is also in another field
	title     bool // is weighed by itself: a word in a title is worth something however often the text repeats it
}

// inStems is the field that holds the stems of a language. Each document has stems of its own language alone; a
// question is looked for in all.
func inStems(f weighed) []weighed {
	var out []weighed
	for _, l := range analysis.Languages {
		g := f
		g.name, g.language = stemField(f.name, l), l
		out = append(out, g)
	}
	return out
}

var textFields = slices.Concat(
	[]weighed{{name: fieldText, weight: 0.2}},
	inStems(weighed{name: fieldText, weight: 1}),
	[]weighed{{name: fieldTitle, weight: 0.2, length: 8, scoreOnly: true, title: true}},
	inStems(weighed{name: fieldTitle, weight: 1, length: 6, scoreOnly: true, title: true}),
	[]weighed{{name: fieldFrom, weight: 0.5}, {name: fieldNumber, weight: 5}, {name: fieldNote, weight: 0.2, notes: true}},
	inStems(weighed{name: fieldNote, weight: 0.5, notes: true}),
)

var titleFields = slices.Concat(
	[]weighed{{name: fieldTitle, weight: 1, length: 8}},
	inStems(weighed{name: fieldTitle, weight: 2, length: 6}),
)

// The usual constants of BM25.
const (
	saturation = 1.6
	lengthness = 0.1
	titleWorth = 1.2 // of a title, beside the text
)

// order sets list and scores of the matches: by BM25 over the weighed fields, or by date. Rarity is reckoned among
// the documents the reader may see, so that neither order nor score tells of others. The best of them are then put in
// their final order by what their texts in short tell (nearness.go).
func (r *run) order(byDate bool) error {
	for _, p := range r.parts {
		p.list = p.match.ToArray()
		p.scores = make([]float64, len(p.list))
	}
	if byDate {
		return r.byDate()
	}
	for _, p := range r.parts {
		if len(p.list) == 0 {
			continue
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := r.score(p); err != nil {
			return err
		}
	}
	if r.own {
		return nil
	}
	if err := r.refine(); err != nil {
		return err
	}
	return r.numbered()
}

// numbered puts the ticket first whose number is all that is asked.
func (r *run) numbered() error {
	if len(r.parsed.Clauses) != 1 {
		return nil
	}
	number := r.parsed.Clauses[0].Choices[0].Units[0]
	if number.Kind == query.UnitPrefix || !analysis.IsNumber(number.Term) || len(r.parsed.Clauses[0].Choices[0].Units) > 1 {
		return nil
	}
	for _, p := range r.parts {
		docs, err := p.Docs(fieldNumber, number.Term)
		if err != nil {
			return err
		}
		for it := docs.Iterator(); it.HasNext(); {
			if i, ok := slices.BinarySearch(p.list, it.Next()); ok {
				p.scores[i] = math.Max(0, p.scores[i]) + first
			}
		}
	}
	return nil
}

// first is more than any score that words make.
const first = 1e6

// manyByDate is how many documents are read one by one to put them in order; of more the latest are looked for.
const manyByDate = 20_000

// byDate scores by the last public change. Of very many documents only the latest get a score, as many as can be paged
// through: the others stand behind them whatever their order.
func (r *run) byDate() error {
	total := 0
	for _, p := range r.parts {
		total += len(p.list)
	}
	if total > manyByDate {
		return r.latest(2 * maxReach) // some fall away later: another version of an article
	}
	for _, p := range r.parts {
		if len(p.list) == 0 {
			continue
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := p.byDate(); err != nil {
			return err
		}
	}
	return nil
}

// latest scores at least n documents that changed last, going back in time by steps that grow.
func (r *run) latest(n int) error {
	stampOf := func(minutes int64) string { return fmt.Sprintf(stamp, min(max(0, minutes), 1<<32-1)) }
	begin := r.st.Now().Unix() / 60
	end := "" // all that is later, which is nothing unless clocks differ
	for step := int64(24 * 60); ; step *= 2 {
		from := stampOf(begin)
		for _, p := range r.parts {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			found, err := p.between(from, end)
			if err != nil {
				return err
			}
			n -= found
		}
		if n <= 0 || begin <= 0 {
			return nil
		}
		begin, end = begin-step, from
	}
}

// between scores the matches whose last change is not before from and, unless end is empty, before end, and returns
// how many they are.
func (p *partRun) between(from, end string) (n int, err error) {
	var last []byte
	if end != "" {
		last = []byte(end)
	}
	var terms []string
	if err := p.Ranged(fieldWhen, []byte(from), last, func(t string) bool { terms = append(terms, t); return true }); err != nil {
		return 0, err
	}
	for _, t := range terms {
		docs, err := p.Docs(fieldWhen, t)
		if err != nil {
			return 0, err
		}
		minutes, err := strconv.ParseUint(t, 16, 32)
		if err != nil {
			continue
		}
		for it := docs.Iterator(); it.HasNext(); {
			if i, ok := slices.BinarySearch(p.list, it.Next()); ok {
				p.scores[i] = float64(minutes)
				n++
			}
		}
	}
	return n, nil
}

func (p *partRun) byDate() error {
	i := 0
	return p.Values(fieldWhen, p.match.Iterator(), func(doc uint32, value string) {
		for p.list[i] != doc {
			i++
		}
		n, err := strconv.ParseUint(value, 16, 32)
		if err == nil {
			p.scores[i] = float64(n)
		}
	})
}

func (r *run) score(p *partRun) error {
	text, title := make([]float64, len(p.list)), make([]float64, len(p.list))
	p.titled = make([]uint32, len(p.list))
	var had []uint32 // a bit for each clause
	if r.least > 1 {
		had = make([]uint32, len(p.list))
	}
	for i, u := range r.units {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		clear(text)
		clear(title)
		if err := r.weigh(p, u, p.units[i], text, title); err != nil {
			return err
		}
		idf := r.rarity(r.found[i]) * r.weights[i]
		for k, w := range text {
			if title[k] > 0 && r.clause[i] < maxTitled {
				p.titled[k] |= 1 << r.clause[i]
			}
			if w += title[k]; w > 0 {
				p.scores[k] += idf * (text[k]/(text[k]+saturation) + titleWorth*title[k]/(title[k]+saturation))
				if had != nil {
					had[k] |= 1 << (r.clause[i] & 31)
				}
			}
		}
	}
	for k, set := range had {
		if bits.OnesCount32(set) < r.least {
			p.match.Remove(p.list[k])
		}
	}
	return nil
}

// rarity is what a word is worth that df of the documents have which the reader may see.
func (r *run) rarity(df uint64) float64 {
	n, d := float64(r.seen), float64(df)
	return math.Log(1 + (n-d+0.5)/(d+0.5))
}

// weigh adds to text and title, for each of p.list, what the unit is worth in its fields.
func (r *run) weigh(p *partRun, u query.Unit, having *roaring.Bitmap, text, title []float64) error {
	having = roaring.And(having, p.match)
	if having.IsEmpty() {
		return nil
	}
	if u.Kind == query.UnitPrefix {
		k := 0
		for it := having.Iterator(); it.HasNext(); {
			doc := it.Next()
			for p.list[k] < doc {
				k++
			}
			text[k] += 0.7
		}
		return nil
	}
	for _, f := range r.fields {
		only := having
		if f.notes {
			if only = roaring.And(having, p.sight.notes); only.IsEmpty() {
				continue
			}
		}
		term := r.place(u, f)
		if term == "" {
			continue
		}
		weight := text
		if f.title {
			weight = title
		}
		if f.length == 0 {
			docs, err := p.Docs(f.name, term)
			if err != nil {
				return err
			}
			k := 0
			for it := roaring.And(docs, only).Iterator(); it.HasNext(); {
				doc := it.Next()
				for p.list[k] < doc {
					k++
				}
				weight[k] += f.weight
			}
			continue
		}
		k := 0
		err := p.Freqs(f.name, term, only, func(doc uint32, freq uint64, length float64) {
			for p.list[k] < doc {
				k++
			}
			weight[k] += f.weight * float64(freq) / (1 - lengthness + lengthness*length/f.length)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
