package search

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/search/segment"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// run is one question being answered on one snapshot.
type run struct {
	ctx      context.Context
	st       *db.Store
	plans    record.PlanTexts
	snap     *segment.Snapshot
	cat      *query.Catalogue
	q        Query
	parsed   *query.Parsed
	language string
	fields   []weighed // where words are looked for
	own      bool      // of tickets, only those on whose side the person is
	least    int       // clauses a document must have, when any will do

	parts   []*partRun
	units   []query.Unit // every unit that is scored, once
	weights []float64
	clause  []int    // the clause each unit is of
	seen    uint64   // documents the reader may see
	found   []uint64 // of them, how many have each unit
	atLeast bool
}

// partRun is the state of a run for one segment.
type partRun struct {
	*segment.Part
	sight  sight
	few    bool              // few documents are seen
	base   *roaring.Bitmap   // what may be a hit, before words
	units  []*roaring.Bitmap // seen documents that have the unit
	match  *roaring.Bitmap
	list   []uint32  // match as it was when it was ordered
	scores []float64 // of list
	titled []uint32  // of list, a bit for each clause that stands in the title
}

// otherWorth is what a word is worth that means the same as one that was typed.
const otherWorth = 0.6

// prepare works out who sees what, filters, and the documents of each unit.
func (r *run) prepare() error {
	for i, c := range r.parsed.Clauses {
		for _, ch := range c.Choices {
			for _, u := range ch.Units {
				w := 1.0
				switch {
				case c.Optional:
					w = 0.2
				case ch.Other:
					w = otherWorth
				}
				if k := slices.Index(r.units, u); k >= 0 {
					r.weights[k] = max(r.weights[k], w)
					continue
				}
				r.units, r.weights, r.clause = append(r.units, u), append(r.weights, w), append(r.clause, i)
			}
		}
	}
	r.found = make([]uint64, len(r.units))
	me, err := r.me()
	if err != nil {
		return err
	}
	for _, p := range r.snap.Segments {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		pr := &partRun{Part: p}
		if r.articlesAlone() { // of tickets nothing is asked: not even how frequent a word is there
			pr.sight.notes = roaring.New()
			pr.sight.docs, err = r.q.Access.articles(p)
		} else {
			pr.sight, err = r.q.Access.see(p, r.cat, r.own)
		}
		if err != nil {
			return err
		}
		if pr.sight.docs.IsEmpty() {
			continue
		}
		pr.few = pr.sight.docs.GetCardinality() < fewSeen
		if err := r.filter(pr, me); err != nil {
			return err
		}
		for i, u := range r.units {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			docs, err := r.having(pr, u)
			if err != nil {
				return err
			}
			pr.units = append(pr.units, docs)
			r.found[i] += docs.GetCardinality()
		}
		for _, ch := range r.parsed.Not {
			if len(ch.Phrase) > 0 {
				continue // looked up in the texts, later
			}
			docs, err := r.allOf(pr, ch)
			if err != nil {
				return err
			}
			pr.base.AndNot(docs)
		}
		r.seen += pr.sight.docs.GetCardinality()
		r.parts = append(r.parts, pr)
	}
	return nil
}

// articlesAlone reports whether only articles are asked for: the answer rests on nothing else then.
func (r *run) articlesAlone() bool { return slices.Equal(r.q.Types, []string{query.TypeArticle}) }

// me returns the address that from:me stands for.
func (r *run) me() (address string, err error) {
	if r.q.Access.Person == 0 || !slices.ContainsFunc(r.parsed.Filters, isMe) {
		return "", nil
	}
	err = r.st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, r.q.Access.Person)
		if err == nil {
			address = p.Email
		}
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		err = nil
	}
	return address, err
}

func isMe(f query.Filter) bool { return f.Name == "from" && (f.Value == "me" || f.Value == "io") }

// filter sets base: what is seen, of the types asked for, and passes the filters. Filters of one name are
// alternatives, except for days.
func (r *run) filter(p *partRun, me string) error {
	p.base = p.sight.docs.Clone()
	if len(r.q.Types) > 0 {
		docs, err := p.Any(fieldTag, prefixAll("type:", r.q.Types)...)
		if err != nil {
			return err
		}
		p.base.And(docs)
	}
	alternatives := map[string]*roaring.Bitmap{}
	for _, f := range r.parsed.Filters {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		docs, err := r.passing(p, f, me)
		if err != nil {
			return err
		}
		not := f.Not != (f.Name == "after" || f.Name == "files" && f.Value == "no")
		switch {
		case not:
			p.base.AndNot(docs)
		case f.Name == "before" || f.Name == "after":
			p.base.And(docs)
		case alternatives[f.Name] == nil:
			alternatives[f.Name] = docs
		default:
			alternatives[f.Name].Or(docs)
		}
	}
	for _, docs := range alternatives {
		p.base.And(docs)
	}
	return nil
}

// passing returns the documents a filter names; for after:, those before the day, and for files:no, those with files.
func (r *run) passing(p *partRun, f query.Filter, me string) (*roaring.Bitmap, error) {
	switch f.Name {
	case "state", "kind":
		return p.Any(fieldTag, prefixAll(f.Name+":", strings.Split(f.Value, "|"))...)
	case "module", "group":
		return p.Any(fieldTag, tagged(f.Name+":", f.Ids)...)
	case "organisation":
		docs, err := p.Any(fieldAccess, tagged("o", f.Ids)...)
		if err != nil {
			return nil, err
		}
		plans, err := p.Any(fieldTag, tagged("organisation:", f.Ids)...)
		docs.Or(plans)
		return docs, err
	case "version":
		return p.Any(fieldTag, query.VersionTag(f.Value))
	case "year":
		return p.Any(fieldDay, f.Value)
	case "language":
		return p.Any(fieldTag, prefixAll("lang:", strings.Split(f.Value, "|"))...)
	case "in":
		return p.Any(fieldTag, prefixAll("type:", strings.Split(f.Value, "|"))...)
	case "files":
		return p.Any(fieldTag, "files:yes")
	case "number":
		return p.Any(fieldNumber, f.Value)
	case "before", "after":
		return p.Any(fieldDay, query.DayTerms(f.Day)...)
	}
	var out *roaring.Bitmap // from
	words := query.FromWords(f.Value)
	if isMe(f) && me != "" {
		words = []string{me}
	}
	for _, w := range words {
		docs, err := p.Any(fieldFrom, w)
		if err == nil && len(w) >= analysis.MinPrefix && !isMe(f) {
			err = p.beginning(fieldFrom, w, p.sight.docs, maxExpansion/5, docs)
		}
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = docs
		} else {
			out.And(docs)
		}
	}
	return out, nil
}

func prefixAll(prefix string, values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = prefix + v
	}
	return out
}

// maxExpansion bounds how many terms a beginning stands for in one segment.
const maxExpansion = 1000

// beginning adds to a bitmap the documents among those seen that have a term of the field that begins so, of at most so many terms. A term
// that stands in none of them takes no place from others: what somebody may not read changes nothing that they find.
func (p *partRun) beginning(field, prefix string, seen *roaring.Bitmap, most int, into *roaring.Bitmap) error {
	n, fail := 0, error(nil)
	err := p.Prefixed(field, prefix, func(t string) bool {
		var docs *roaring.Bitmap
		if docs, fail = p.Docs(field, t); fail != nil {
			return false
		}
		if docs.Intersects(seen) {
			into.Or(roaring.And(docs, seen))
			n++
		}
		return n < most
	})
	return cmp.Or(fail, err)
}

// having returns the documents that have the unit where the reader may read it, as a bitmap of the run's own.
func (r *run) having(p *partRun, u query.Unit) (*roaring.Bitmap, error) {
	out, notes := roaring.New(), roaring.New()
	for _, f := range r.fields {
		into := out
		if f.notes {
			if p.sight.notes.IsEmpty() {
				continue
			}
			into = notes
		}
		if err := r.inField(p, u, f, into); err != nil {
			return nil, err
		}
	}
	if !notes.IsEmpty() {
		notes.And(p.sight.notes)
		out.Or(notes)
	}
	out.And(p.sight.docs)
	return out, nil
}

func (r *run) inField(p *partRun, u query.Unit, f weighed, into *roaring.Bitmap) error {
	if f.scoreOnly {
		return nil
	}
	if u.Kind == query.UnitPrefix {
		if f.language != "" || f.name == fieldFrom {
			return nil
		}
		seen := p.sight.docs
		if f.notes {
			seen = p.sight.notes
		}
		return p.beginning(f.name, u.Term, seen, maxExpansion, into)
	}
	term := r.place(u, f)
	if term == "" {
		return nil
	}
	docs, err := p.Docs(f.name, term)
	if err == nil {
		if p.few && !docs.IsEmpty() { // most of what has the word is not seen: articles alone, or a requester's own
			docs = roaring.And(docs, p.sight.docs)
		}
		into.Or(docs)
	}
	return err
}

// fewSeen is the number of seen documents of a segment below which what has a word is cut down to them at once.
const fewSeen = 4096

// place returns the term under which a unit stands in the field, empty when it cannot.
func (r *run) place(u query.Unit, f weighed) string {
	switch {
	case f.language != "" && u.Kind == query.UnitWord:
		return analysis.Stem(f.language, u.Term)
	case f.language != "":
		return ""
	case f.name == fieldNumber && !analysis.IsNumber(u.Term):
		return ""
	}
	return u.Term
}

// allOf returns the documents that have all units of the choice.
func (r *run) allOf(p *partRun, c query.Choice) (*roaring.Bitmap, error) {
	var out *roaring.Bitmap
	for _, u := range c.Units {
		var docs *roaring.Bitmap
		if k := slices.Index(r.units, u); k >= 0 && k < len(p.units) {
			docs = p.units[k].Clone()
		} else {
			var err error
			if docs, err = r.having(p, u); err != nil {
				return nil, err
			}
		}
		if out == nil {
			out = docs
		} else {
			out.And(docs)
		}
	}
	return out, nil
}

// answer finds, orders and counts.
func (r *run) answer(res *Result) error {
	if r.own {
		if err := r.matchAny(); err != nil {
			return err
		}
	} else {
		total, err := r.matchAll()
		if err != nil {
			return err
		}
		res.All = int(total) // #nosec G115 -- documents are counted in 32 bits
		if total < enough && r.needed() > 1 {
			if err := r.matchMost(total == 0); err != nil {
				return err
			}
		}
	}
	byDate := r.q.Sort == "date" || len(r.parsed.Clauses) == 0
	if err := r.order(byDate); err != nil {
		return err
	}
	if err := r.oneVersion(); err != nil {
		return err
	}
	for _, p := range r.parts {
		res.Total += int(p.match.GetCardinality()) // #nosec G115 -- documents are counted in 32 bits
	}
	res.All = min(res.All, res.Total)
	res.AtLeast = r.atLeast
	var err error
	if r.q.Facets {
		if res.Facets, err = r.facets(); err != nil {
			return err
		}
	}
	res.Hits, err = r.top()
	return err
}

func (r *run) needed() int {
	n := 0
	for _, c := range r.parsed.Clauses {
		if !c.Optional {
			n += max(1, len(c.Choices[0].Phrase))
		}
	}
	return n
}

// matchAll sets match to what has every clause that is needed, and returns how many that are.
func (r *run) matchAll() (total uint64, err error) {
	for _, p := range r.parts {
		p.match = p.base.Clone()
		for _, c := range r.parsed.Clauses {
			if c.Optional {
				continue
			}
			docs, err := r.clauseDocs(p, c)
			if err != nil {
				return 0, err
			}
			p.match.And(docs)
		}
	}
	if err := r.checkPhrases(); err != nil {
		return 0, err
	}
	for _, p := range r.parts {
		total += p.match.GetCardinality()
	}
	return total, nil
}

// clauseDocs returns the documents that have one of the clause's choices.
func (r *run) clauseDocs(p *partRun, c query.Clause) (*roaring.Bitmap, error) {
	docs := roaring.New()
	for _, ch := range c.Choices {
		all, err := r.allOf(p, ch)
		if err != nil {
			return nil, err
		}
		docs.Or(all)
	}
	return docs, nil
}

// Where few documents have all the words, those with most of them are worth showing as well.
const (
	enough   = 10     // documents with all the words
	mostOf   = 0.5    // of what the words are worth that anything has
	someOf   = 0.3    // the same, where nothing has all
	maxLoose = 20_000 // documents looked at
)

// matchMost adds to match what has most of the words; where none has all, some of them. Phrases and words that were
// typed with a plus stay needed as long as anything has all.
func (r *run) matchMost(none bool) error {
	type part struct {
		docs [][]*roaring.Bitmap // of each clause, in each segment
		idf  []float64
		must []bool
	}
	var all part
	total := 0.0
	for _, c := range r.parsed.Clauses {
		if c.Optional {
			continue
		}
		var docs []*roaring.Bitmap
		n := uint64(0)
		for _, p := range r.parts {
			d, err := r.clauseDocs(p, c)
			if err != nil {
				return err
			}
			docs = append(docs, d)
			n += d.GetCardinality()
		}
		if n == 0 {
			continue
		}
		must := !none && c.Must()
		if !must {
			total += r.rarity(n)
		}
		all.docs, all.idf, all.must = append(all.docs, docs), append(all.idf, r.rarity(n)), append(all.must, must)
	}
	order := make([]int, 0, len(all.idf))
	for i := range all.idf {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all.idf[b], all.idf[a]) })
	least := total * mostOf
	if r.parsed.Any = none; none {
		least = total * someOf
	}
	left := maxLoose
	for k := len(r.parts) - 1; k >= 0; k-- {
		p := r.parts[k]
		loose := roaring.New()
		for _, i := range order {
			if all.must[i] {
				continue
			}
			docs := roaring.And(all.docs[i][k], p.base)
			n := int(docs.GetCardinality()) // #nosec G115 -- documents are counted in 32 bits
			if n > left {
				if !none || !loose.IsEmpty() {
					break // what has only the more frequent words can be done without
				}
				newest := docs.ToArray()[n-left:]
				docs, n, r.atLeast = roaring.BitmapOf(newest...), left, true
			}
			left -= n
			loose.Or(docs)
		}
		for i, must := range all.must {
			if must {
				loose.And(all.docs[i][k])
			}
		}
		list := loose.ToArray()
		has := make([]float64, len(list))
		for i, must := range all.must {
			if must {
				continue
			}
			at := 0
			for it := roaring.And(all.docs[i][k], loose).Iterator(); it.HasNext(); {
				doc := it.Next()
				for list[at] < doc {
					at++
				}
				has[at] += all.idf[i]
			}
		}
		for i, doc := range list {
			if has[i] < least*0.9999 {
				loose.Remove(doc)
			}
		}
		p.match.Or(loose)
	}
	return r.checkPhrases()
}

// matchAny sets match to what has any unit that is needed.
func (r *run) matchAny() error {
	for _, p := range r.parts {
		docs := roaring.New()
		for i, u := range p.units {
			if r.weights[i] >= 1 {
				docs.Or(u)
			}
		}
		p.match = roaring.And(p.base, docs)
	}
	return r.checkPhrases()
}
