package template

import (
	"fmt"
	"sync"

	"sportello/app/condition"
	"sportello/store"
	"sportello/store/db"
)

// Published is a template as it was published, with its conditions read. It is shared and must not be changed.
type Published struct {
	*File
	Fields     FieldsOf // those of AllFields
	conditions map[string]condition.Condition
}

// Condition returns a condition of the template; false for one that cannot be read.
func (p *Published) Condition(text string) (condition.Condition, bool) {
	c, ok := p.conditions[text]
	return c, ok
}

// ready reads the conditions of a file.
func ready(f *File) *Published {
	p := &Published{File: f, Fields: AllFields(&f.Course), conditions: map[string]condition.Condition{}}
	read := func(texts ...string) {
		for _, text := range texts {
			if _, done := p.conditions[text]; done || text == "" || text == "yes" {
				continue
			}
			if c, err := condition.Parse(text, condition.Fields(p.Fields)); err == nil {
				p.conditions[text] = c
			}
		}
	}
	for _, ph := range f.Phases {
		read(ph.When)
		for _, d := range ph.Decisions {
			read(d.When)
			for _, o := range d.Options {
				read(o.When, o.Recommended)
			}
		}
		for _, s := range ph.Steps {
			read(s.When)
			for _, m := range s.Moved {
				read(m.When)
			}
		}
		for _, z := range ph.Freezes {
			read(z.When)
		}
	}
	return p
}

// maxRead is how many bytes the versions that are kept read may have as text; beyond it all are forgotten. As rows in
// memory they have a few times as many.
const maxRead = 8 << 20

// versionKey names a version as it stands in the store: a row that is changed has another revision.
type versionKey struct{ id, rev uint64 }

// versions are template versions that were read. Only what a reader of the store saw is kept: what a writer sees may
// never come to be.
type versions struct {
	mu    sync.Mutex
	of    map[versionKey]*Published
	bytes int
}

func (vs *versions) get(k versionKey) (*Published, bool) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	p, ok := vs.of[k]
	return p, ok
}

func (vs *versions) put(k versionKey, p *Published, size int) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if vs.of == nil || vs.bytes+size > maxRead {
		vs.of, vs.bytes = map[versionKey]*Published{}, 0
	}
	if _, there := vs.of[k]; !there {
		vs.of[k] = p
		vs.bytes += size
	}
}

// Forget drops every version that is kept read.
func (ts *Templates) Forget() {
	ts.read.mu.Lock()
	defer ts.read.mu.Unlock()
	ts.read.of, ts.read.bytes = nil, 0
}

// VersionOf returns a template as it was published.
func (ts *Templates) VersionOf(tx *db.Tx, id uint64) (*Published, error) {
	near, err := store.TemplateVersions.Glance(tx, id)
	if err != nil {
		return nil, err
	}
	k := versionKey{id, near.Rev}
	if p, ok := ts.read.get(k); ok {
		return p, nil
	}
	v, err := store.TemplateVersions.Get(tx, id)
	if err != nil {
		return nil, err
	}
	f, err := Parse([]byte(v.Source))
	if err != nil {
		return nil, fmt.Errorf("template: version %d: %w", id, err)
	}
	p := ready(f)
	if _, committed := store.TemplateVersions.Mark(tx); committed {
		ts.read.put(k, p, len(v.Source))
	}
	return p, nil
}
