package search

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"sportello/store"
)

// catalogue is what a search needs to know of modules and groups. Documents name only their own module and group;
// levels above and confidentiality are looked up here, so that a change there holds at once and no ticket has to be
// indexed again for it.
type catalogue struct {
	modules map[uint64]*store.Module
	groups  map[uint64]*store.Group

	organisations map[uint64]*store.Organisation
	synonyms      synonyms

	secretModules, secretGroups []uint64 // confidential ones; modules also by a level above
}

// catalogueAge is how old a catalogue may be. The desk checks each hit by itself; this bounds totals and counts.
const catalogueAge = time.Second

type catalogueCache struct {
	mu   sync.Mutex
	cat  *catalogue
	seq  uint64
	read time.Time
}

// get returns the catalogue, read anew when something has changed and a second has passed.
func (c *catalogueCache) get(st *store.Store) (*catalogue, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq := st.Last()
	if c.cat != nil && (c.seq == seq || time.Since(c.read) < catalogueAge) {
		return c.cat, nil
	}
	cat, err := readCatalogue(st)
	if err != nil {
		return nil, err
	}
	c.cat, c.seq, c.read = cat, seq, time.Now()
	return cat, nil
}

// forget makes the next search read the catalogue anew.
func (c *catalogueCache) forget() {
	c.mu.Lock()
	c.cat = nil
	c.mu.Unlock()
}

func readCatalogue(st *store.Store) (*catalogue, error) {
	c := &catalogue{modules: map[uint64]*store.Module{}, groups: map[uint64]*store.Group{}, organisations: map[uint64]*store.Organisation{}}
	err := st.View(func(tx *store.Tx) error {
		for m, err := range store.Modules.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.modules[m.ID] = m
		}
		for g, err := range store.Groups.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.groups[g.ID] = g
			if g.Confidential {
				c.secretGroups = append(c.secretGroups, g.ID)
			}
		}
		for o, err := range store.Organisations.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.organisations[o.ID] = o
		}
		for s, err := range store.Synonyms.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.synonyms.add(s.Language, s.Words)
		}
		return nil
	})
	for id := range c.modules {
		if slices.ContainsFunc(c.line(id), func(m *store.Module) bool { return m.Confidential }) {
			c.secretModules = append(c.secretModules, id)
		}
	}
	slices.Sort(c.secretModules)
	return c, err
}

// line returns the module and the levels above it.
func (c *catalogue) line(id uint64) []*store.Module {
	var out []*store.Module
	for m := c.modules[id]; m != nil && len(out) < 10; m = c.modules[m.Parent] {
		out = append(out, m)
	}
	return out
}

// below returns the modules whose line has one of the ids.
func (c *catalogue) below(ids []uint64) []uint64 {
	var out []uint64
	for id := range c.modules {
		if slices.ContainsFunc(c.line(id), func(m *store.Module) bool { return slices.Contains(ids, m.ID) }) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// module returns the modules that a folded name means, with all below them, and the code or name to show: an exact
// code, else the last part of codes, else a name, else the beginning of a name.
func (c *catalogue) module(name string) (string, []uint64) {
	if c == nil {
		return "", nil
	}
	best, rank := []uint64(nil), 5
	for id, m := range c.modules {
		r := nameRank(name, m.Code, m.Name)
		if r < rank {
			best, rank = nil, r
		}
		if r == rank && r < 5 {
			best = append(best, id)
		}
	}
	if len(best) == 0 {
		return "", nil
	}
	if slices.Sort(best); len(best) == 1 {
		name = c.modules[best[0]].Code
	}
	return name, c.below(best)
}

// group returns the groups that a folded name means, and what to show.
func (c *catalogue) group(name string) (string, []uint64) {
	if c == nil {
		return "", nil
	}
	best, rank := []uint64(nil), 5
	for id, g := range c.groups {
		r := nameRank(name, g.Code, g.Name)
		if r < rank {
			best, rank = nil, r
		}
		if r == rank && r < 5 {
			best = append(best, id)
		}
	}
	if slices.Sort(best); len(best) == 1 {
		name = c.groups[best[0]].Code
	}
	return name, best
}

// organisation returns the organisations that a number or a folded name means, the number to show when it is one.
func (c *catalogue) organisation(name string) (string, []uint64) {
	if c == nil {
		return "", nil
	}
	best, rank := []uint64(nil), 5
	for id, o := range c.organisations {
		r := nameRank(name, decimal(id), store.Words{IT: o.Name, EN: o.Name})
		if r < rank {
			best, rank = nil, r
		}
		if r == rank && r < 5 {
			best = append(best, id)
		}
	}
	if slices.Sort(best); len(best) == 1 {
		name = decimal(best[0])
	}
	return name, best
}

// nameRank is 0 for the code, 1 for its last part, 2 for a name, 3 for the beginning of a name, 4 of the last part, 5 for none.
func nameRank(name, code string, words store.Words) int {
	last := code[strings.LastIndexByte(code, '/')+1:]
	it, en := store.FoldName(words.IT), store.FoldName(words.EN)
	switch {
	case name == code:
		return 0
	case name == last:
		return 1
	case name == it || name == en:
		return 2
	case len(name) < 3:
		return 5
	case strings.HasPrefix(it, name) || strings.HasPrefix(en, name):
		return 3
	case strings.HasPrefix(last, name):
		return 4
	}
	return 5
}

// mostNamed bounds how many modules of a name are returned.
const mostNamed = 3

// named returns the modules in use whose name has all words of the text, the last one perhaps unfinished.
func (c *catalogue) named(text string) []uint64 {
	var wanted []string
	scan(text, func(t token) {
		if t.parts == 0 {
			wanted = append(wanted, t.term)
		}
	})
	if len(wanted) == 0 {
		return nil
	}
	var out []uint64
	for id, m := range c.modules {
		if m.Retired {
			continue
		}
		var have []string
		whole := ""
		scan(m.Name.IT+" "+m.Name.EN+" "+m.Code[strings.LastIndexByte(m.Code, '/')+1:], func(t token) { have = append(have, t.term) })
		scan(m.Name.IT, func(t token) {
			if t.parts == 0 {
				whole += t.term
			}
		})
		all := strings.HasPrefix(whole, strings.Join(wanted, "")) // ugov, esse3
		if !all {
			all = true
			for i, w := range wanted {
				all = all && slices.ContainsFunc(have, func(h string) bool {
					return h == w || i == len(wanted)-1 && strings.HasPrefix(h, w)
				})
			}
		}
		if all {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(len(c.line(a)), len(c.line(b))), cmp.Compare(c.modules[a].Code, c.modules[b].Code))
	})
	return out[:min(len(out), mostNamed)]
}
