package problem

import (
	"cmp"
	"math"
	"slices"

	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/search/analysis"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// matcher finds known problems by words: their texts in both languages, by how rare each word is among them (BM25). Titles weigh most. It is
// worked out when the desk begins, and after that for each problem that changed alone.
type matcher struct {
	mark    db.Mark
	read    map[uint64]uint64             // revision of each problem that was worked out, also of those that are none
	lengths map[uint64]float64            // of those that are problems
	found   map[string]map[uint64]float64 // term, problem: how often
}

// What the parts of a problem weigh, and the two constants of BM25.
const (
	titleWeight = 3.0
	k1          = 1.2
	b           = 0.6
)

// terms returns the stems of the text's words in each of the languages.
func terms(text string, languages ...string) []string {
	var out []string
	for _, t := range analysis.Tokens(text) {
		for _, language := range languages {
			if w := analysis.Stem(language, t.Term); len(w) > 2 {
				out = append(out, w)
			}
		}
	}
	return out
}

// match does something with the matcher as the transaction has the problems; it is not to keep it. Who changes it waits for those who read it.
func (ps *Problems) match(tx *db.Tx, do func(*matcher) error) error {
	mark, ok := store.Problems.Mark(tx)
	ps.matched.RLock()
	if m := ps.matcher; m != nil && ok && m.mark == mark {
		defer ps.matched.RUnlock()
		return do(m)
	}
	ps.matched.RUnlock()
	ps.matched.Lock()
	defer ps.matched.Unlock()
	if ps.matcher == nil {
		ps.matcher = &matcher{read: map[uint64]uint64{}, lengths: map[uint64]float64{}, found: map[string]map[uint64]float64{}}
	}
	m := ps.matcher
	for p, err := range store.Problems.PeekAll(tx, 0, false) {
		if err != nil {
			return err
		}
		if rev, is := m.read[p.ID]; is && rev == p.Rev {
			continue
		}
		whole, err := store.Problems.Get(tx, p.ID)
		if err != nil {
			return err
		}
		m.learn(whole)
	}
	if ok {
		m.mark = mark
	}
	return do(m)
}

// learn works the problem out, in place of what it was.
func (m *matcher) learn(p *store.Problem) {
	if m.lengths[p.ID] > 0 {
		for w, in := range m.found {
			if delete(in, p.ID); len(in) == 0 {
				delete(m.found, w)
			}
		}
	}
	delete(m.lengths, p.ID)
	if m.read[p.ID] = p.Rev; p.Gone() {
		return
	}
	for _, part := range []struct {
		text   store.Words
		weight float64
	}{{p.Title, titleWeight}, {p.Text, 1}, {p.Workaround, 0.5}} {
		for language, text := range map[string]string{"it": part.text.IT, "en": part.text.EN} {
			for _, w := range terms(text, language) {
				if m.found[w] == nil {
					m.found[w] = map[uint64]float64{}
				}
				m.found[w][p.ID] += part.weight
				m.lengths[p.ID] += part.weight
			}
		}
	}
}

// ready works the problems out before somebody asks.
func (ps *Problems) ready() error {
	return ps.st.View(func(tx *db.Tx) error { return ps.match(tx, func(*matcher) error { return nil }) })
}

// visible returns the known problems that the actor may see, by number.
func (m *matcher) visible(tx *db.Tx, a policy.Actor) (map[uint64]*store.Problem, error) {
	out := make(map[uint64]*store.Problem, len(m.lengths))
	for id := range m.lengths {
		p, err := store.Problems.Peek(tx, id)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return nil, err
			}
			continue // it is newer than the transaction
		}
		if policy.MayProblem(tx, a, policy.SeeProblem, p) == nil {
			out[id] = p
		}
	}
	return out, nil
}

// score returns how like the text each of these problems is. The others count for nothing: not in how rare a word is, not in how
// long a problem is on average.
func (m *matcher) score(text string, of map[uint64]*store.Problem) map[uint64]float64 {
	out := map[uint64]float64{}
	if len(of) == 0 {
		return out // a page asks for each ticket
	}
	all, total := float64(len(of)), 0.0
	for id := range of {
		total += m.lengths[id]
	}
	average := max(1, total/max(1, all))
	words := terms(text, "it", "en")
	slices.Sort(words)
	for _, w := range slices.Compact(words) {
		in := 0.0
		for id := range m.found[w] {
			if of[id] != nil {
				in++
			}
		}
		rare := math.Log(1 + (all-in+0.5)/(in+0.5))
		for id, n := range m.found[w] {
			if of[id] != nil {
				out[id] += rare * n * (k1 + 1) / (n + k1*(1-b+b*m.lengths[id]/average))
			}
		}
	}
	return out
}

// least is how like a text a problem must be to be offered: less than two words in common, as rare as words are among few problems, is no likeness.
const least = 1.5

// Offers returns the known problems that look like the text, the likeliest first: those of the module, the levels above and below it, that the
// actor may see. What is said to be in other versions than the one given, or mended where it was mended for everybody, is not offered; module 0
// and an empty version ask nothing.
func (ps *Problems) Offers(a policy.Actor, module uint64, version, text string, most int) ([]*View, error) {
	var out []*View
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		var seen map[uint64]*store.Problem
		var scores map[uint64]float64
		if err := ps.match(tx, func(m *matcher) (err error) {
			if seen, err = m.visible(tx, a); err == nil {
				scores = m.score(text, seen)
			}
			return err
		}); err != nil {
			return err
		}
		var ids []uint64
		for id, s := range scores {
			if s >= least {
				ids = append(ids, id)
			}
		}
		slices.SortFunc(ids, func(x, y uint64) int { return cmp.Or(cmp.Compare(scores[y], scores[x]), cmp.Compare(x, y)) })
		for _, id := range ids {
			if len(out) == most {
				break
			}
			p := seen[id]
			offered, err := offers(tx, p, module, version)
			if err != nil || !offered {
				if err != nil {
					return err
				}
				continue
			}
			v, err := ps.line(tx, a, p)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

// offers reports whether the problem may be that of somebody who asks about the module and runs the version.
func offers(tx *db.Tx, p *store.Problem, module uint64, version string) (bool, error) {
	if p.Gone() || module != 0 && !policy.Under(tx, p.Module, module) && !policy.Under(tx, module, p.Module) {
		return false, nil
	}
	if version == "" {
		return p.State != store.ProblemFixed, nil
	}
	order, err := installation.Order(tx, p.Module)
	if err != nil {
		return false, err
	}
	if p.State == store.ProblemFixed && len(p.Affected) == 0 {
		return !slices.ContainsFunc(p.FixedIn, func(v string) bool { return order.Compare(v, version) <= 0 }), nil
	}
	return affects(p, order, version), nil
}
