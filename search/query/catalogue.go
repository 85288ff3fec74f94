package query

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"sportello/search/analysis"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/spelling"
)

// Catalogue holds what a search needs to know about modules and groups. Documents name only their own module and group;
// levels above and confidentiality are looked up here, so that a change there holds at once and no ticket has to be
// indexed again for it.
type Catalogue struct {
	Modules map[uint64]*store.Module
	Groups  map[uint64]*store.Group

	Organisations map[uint64]*store.Organisation
	synonyms      synonyms

	SecretModules, SecretGroups []uint64 // confidential ones; modules also by a level above
	Veiled                      []uint64 // modules that are confidential themselves, or by the group that looks after them
	keepers                     map[uint64][]uint64
}

// KeptBy returns the modules that the groups look after.
func (c *Catalogue) KeptBy(groups []uint64) []uint64 {
	var out []uint64
	for _, g := range groups {
		out = append(out, c.keepers[g]...)
	}
	return out
}

// keep works out who looks after each module: the group of the nearest level that has one, else the general one.
func (c *Catalogue) keep() {
	c.keepers = map[uint64][]uint64{}
	general := uint64(0)
	for id, g := range c.Groups {
		if g.Code == store.GeneralGroup {
			general = id
		}
	}
	for id := range c.Modules {
		group := general
		line := c.Line(id)
		if i := slices.IndexFunc(line, func(m *store.Module) bool { return m.Group != 0 }); i >= 0 {
			group = line[i].Group
		}
		c.keepers[group] = append(c.keepers[group], id)
		if slices.Contains(c.SecretModules, id) || slices.Contains(c.SecretGroups, group) {
			c.Veiled = append(c.Veiled, id)
		}
	}
	slices.Sort(c.Veiled)
}

// catalogueAge is how old a catalogue may be. The desk checks each hit itself; this bounds totals and counts.
const catalogueAge = time.Second

type CatalogueCache struct {
	mu   sync.Mutex
	cat  *Catalogue
	seq  uint64
	read time.Time
}

// Get returns the catalogue, read again when something has changed and a second has passed.
func (c *CatalogueCache) Get(st *db.Store) (*Catalogue, error) {
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

// Forget makes the next search read the catalogue again.
func (c *CatalogueCache) Forget() {
	c.mu.Lock()
	c.cat = nil
	c.mu.Unlock()
}

func readCatalogue(st *db.Store) (*Catalogue, error) {
	c := &Catalogue{Modules: map[uint64]*store.Module{}, Groups: map[uint64]*store.Group{}, Organisations: map[uint64]*store.Organisation{}}
	err := st.View(func(tx *db.Tx) error {
		for m, err := range store.Modules.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.Modules[m.ID] = m
		}
		for g, err := range store.Groups.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.Groups[g.ID] = g
			if g.Confidential {
				c.SecretGroups = append(c.SecretGroups, g.ID)
			}
		}
		for o, err := range store.Organisations.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.Organisations[o.ID] = o
		}
		for s, err := range store.Synonyms.All(tx, 0, false) {
			if err != nil {
				return err
			}
			c.synonyms.add(s.Language, s.Words)
		}
		return nil
	})
	for id := range c.Modules {
		if slices.ContainsFunc(c.Line(id), func(m *store.Module) bool { return m.Confidential }) {
			c.SecretModules = append(c.SecretModules, id)
		}
	}
	slices.Sort(c.SecretModules)
	c.keep()
	return c, err
}

// Line returns the module and the levels above it.
func (c *Catalogue) Line(id uint64) []*store.Module {
	var out []*store.Module
	for m := c.Modules[id]; m != nil && len(out) < 10; m = c.Modules[m.Parent] {
		out = append(out, m)
	}
	return out
}

// below returns the modules whose line has one of the ids.
func (c *Catalogue) below(ids []uint64) []uint64 {
	var out []uint64
	for id := range c.Modules {
		if slices.ContainsFunc(c.Line(id), func(m *store.Module) bool { return slices.Contains(ids, m.ID) }) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// module returns the modules that a folded name means, with all below them, and the code or name to show: an exact
// code, else the last part of codes, else a name, else the beginning of a name.
func (c *Catalogue) module(name string) (string, []uint64) {
	if c == nil {
		return "", nil
	}
	best, rank := []uint64(nil), 5
	for id, m := range c.Modules {
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
		name = c.Modules[best[0]].Code
	}
	return name, c.below(best)
}

// group returns the groups that a folded name means, and what to show.
func (c *Catalogue) group(name string) (string, []uint64) {
	if c == nil {
		return "", nil
	}
	best, rank := []uint64(nil), 5
	for id, g := range c.Groups {
		r := nameRank(name, g.Code, g.Name)
		if r < rank {
			best, rank = nil, r
		}
		if r == rank && r < 5 {
			best = append(best, id)
		}
	}
	if slices.Sort(best); len(best) == 1 {
		name = c.Groups[best[0]].Code
	}
	return name, best
}

// organisation returns the organisations that a number or a folded name means, the number to show when it is one.
func (c *Catalogue) organisation(name string) (string, []uint64) {
	if c == nil {
		return "", nil
	}
	best, rank := []uint64(nil), 5
	for id, o := range c.Organisations {
		r := nameRank(name, analysis.Decimal(id), store.Words{IT: o.Name, EN: o.Name})
		if r < rank {
			best, rank = nil, r
		}
		if r == rank && r < 5 {
			best = append(best, id)
		}
	}
	if slices.Sort(best); len(best) == 1 {
		name = analysis.Decimal(best[0])
	}
	return name, best
}

// nameRank is 0 for the code, 1 for its last part, 2 for a name, 3 for the beginning of a name, 4 of the last part, 5 for none.
func nameRank(name, code string, words store.Words) int {
	last := code[strings.LastIndexByte(code, '/')+1:]
	it, en := spelling.Fold(words.IT), spelling.Fold(words.EN)
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

// Named returns the modules in use whose name has all words of the text, the last one perhaps unfinished.
func (c *Catalogue) Named(text string) []uint64 {
	var wanted []string
	analysis.Scan(text, func(t analysis.Token) {
		if t.Parts == 0 {
			wanted = append(wanted, t.Term)
		}
	})
	if len(wanted) == 0 {
		return nil
	}
	var out []uint64
	for id, m := range c.Modules {
		if m.Retired {
			continue
		}
		var have []string
		whole := ""
		analysis.Scan(m.Name.IT+" "+m.Name.EN+" "+m.Code[strings.LastIndexByte(m.Code, '/')+1:], func(t analysis.Token) { have = append(have, t.Term) })
		analysis.Scan(m.Name.IT, func(t analysis.Token) {
			if t.Parts == 0 {
				whole += t.Term
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
		return cmp.Or(cmp.Compare(len(c.Line(a)), len(c.Line(b))), cmp.Compare(c.Modules[a].Code, c.Modules[b].Code))
	})
	return out[:min(len(out), mostNamed)]
}
