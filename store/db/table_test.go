package db

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/store/act"
	"sportello/store/fault"
	"sportello/store/key"
)

func TestPut(t *testing.T) {
	t.Run("numbers rows from one and never twice", func(t *testing.T) {
		st := fresh(t, quick)
		a, b := &item{}, &item{}
		add(t, st, a, b)
		must(t, st.Update(By{}, func(tx *Tx) error { return items.Delete(tx, b.ID) }))
		c := &item{}
		add(t, st, c)
		if a.ID != 1 || b.ID != 2 || c.ID != 3 {
			t.Errorf("numbers %d %d %d", a.ID, b.ID, c.ID)
		}
	})
	t.Run("keeps the date of creation that it is given", func(t *testing.T) {
		st := fresh(t, quick)
		then := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
		a, b := &item{Row: Row{Created: then}}, &item{}
		add(t, st, a, b)
		if !a.Created.Equal(then) || b.Created.IsZero() || a.Updated.Before(b.Created) {
			t.Errorf("created %v and %v, updated %v", a.Created, b.Created, a.Updated)
		}
	})
	t.Run("refuses a stale revision", func(t *testing.T) {
		st := fresh(t, quick)
		a := &item{}
		add(t, st, a)
		stale := *a
		add(t, st, a)
		err := st.Update(By{}, func(tx *Tx) error { c := stale; return items.Put(tx, &c) })
		wantKind(t, err, fault.Conflict, "error.changed-meanwhile")
	})
	t.Run("refuses a row that was only glanced at, for the rest of it would be lost", func(t *testing.T) {
		st := fresh(t, quick)
		a := &item{Secret: "s"}
		add(t, st, a)
		must(t, st.Update(By{}, func(tx *Tx) error {
			seen, err := items.Glance(tx, a.ID)
			must(t, err)
			if items.Put(tx, seen) == nil {
				t.Error("it was written")
			}
			return nil
		}))
	})
	t.Run("refuses a row that is not there", func(t *testing.T) {
		st := fresh(t, quick)
		err := st.Update(By{}, func(tx *Tx) error { return items.Put(tx, &item{Row: Row{ID: 7}}) })
		wantKind(t, err, fault.NotFound, "error.not-found")
		err = st.Update(By{}, func(tx *Tx) error { return items.Delete(tx, 7) })
		wantKind(t, err, fault.NotFound, "error.not-found")
	})
	t.Run("refuses a key that another row has, naming the field", func(t *testing.T) {
		st := fresh(t, quick)
		a, b := &item{Name: "a"}, &item{Name: "ab"}
		add(t, st, a, b)
		add(t, st, &item{}, &item{}) // without a name they do not meet
		b.Name = "a"
		err := st.Update(By{}, func(tx *Tx) error { c := *b; return items.Put(tx, &c) })
		wantKind(t, err, fault.Conflict, "error.taken")
		if e, _ := errors.AsType[*fault.Error](err); e.Field != "name" {
			t.Errorf("field %q", e.Field)
		}
		add(t, st, a) // its own name is no conflict
		must(t, st.Update(By{}, func(tx *Tx) error { return items.Delete(tx, a.ID) }))
		add(t, st, b)
	})
	t.Run("two rows may change names in one transaction over a third", func(t *testing.T) {
		st := fresh(t, quick)
		a, b := &item{Name: "a"}, &item{Name: "b"}
		add(t, st, a, b)
		a.Name = "c"
		add(t, st, a)
		b.Name, a.Name = "a", "b"
		add(t, st, b, a)
	})
	t.Run("rows handed out are copies", func(t *testing.T) {
		st := fresh(t, quick)
		add(t, st, &item{Tags: []uint64{1, 2}})
		must(t, st.View(func(tx *Tx) error {
			r, err := items.Get(tx, 1)
			if err != nil {
				return err
			}
			r.Tags[0] = 9
			again, err := items.Get(tx, 1)
			if err == nil && again.Tags[0] != 1 {
				t.Error("changed by its reader")
			}
			return err
		}))
	})
}

// model is what the table should hold.
type model struct {
	rows map[uint64]item
}

func (m *model) sorted(less func(a, b item) int) []item {
	var out []item
	for _, r := range m.rows {
		out = append(out, r)
	}
	slices.SortFunc(out, less)
	return out
}

func ids(rows []item) []uint64 {
	out := make([]uint64, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

func randomItem(r *rand.Rand, old item) item {
	old.Group = uint64(r.IntN(4))
	old.At = time.Unix(int64(r.IntN(40)), 0).UTC()
	old.Name = ""
	if r.IntN(3) == 0 {
		old.Name = fmt.Sprintf("n%d", r.IntN(60))
	}
	old.Tags = nil
	for range r.IntN(4) {
		old.Tags = append(old.Tags, uint64(r.IntN(5))) // may hold one twice
	}
	old.Secret = strings.Repeat("s", r.IntN(600))
	return old
}

// TestAgainstAModel does random things to the table and to a map, and asks both the same questions, inside the
// transaction that did them and after it.
func TestAgainstAModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 9))
			st := fresh(t, quick)
			m := &model{rows: map[uint64]item{}}
			abandoned := errors.New("abandoned")
			for round := range 150 {
				next := &model{rows: map[uint64]item{}}
				for id, row := range m.rows {
					next.rows[id] = row
				}
				give := r.IntN(5) == 0
				err := st.Update(By{Act: act.Change}, func(tx *Tx) error {
					for range 1 + r.IntN(20) {
						if err := step(tx, r, next); err != nil {
							return err
						}
					}
					if round%10 == 0 {
						if err := compare(tx, r, next); err != nil {
							return err
						}
					}
					if give {
						return abandoned
					}
					return nil
				})
				switch {
				case give && errors.Is(err, abandoned):
				case err != nil:
					t.Fatal(err)
				default:
					m = next
				}
				if round%5 == 0 {
					must(t, st.View(func(tx *Tx) error { return compare(tx, r, m) }))
				}
				if round%50 == 0 {
					sound(t, st)
				}
			}
		})
	}
}

func step(tx *Tx, r *rand.Rand, m *model) error {
	var known []uint64
	for id := range m.rows {
		known = append(known, id)
	}
	slices.Sort(known)
	what := r.IntN(10)
	if len(known) == 0 || what < 4 {
		row := randomItem(r, item{})
		return put(tx, m, row)
	}
	row := m.rows[known[r.IntN(len(known))]]
	switch {
	case what < 7:
		return put(tx, m, randomItem(r, row))
	case what < 8:
		row.Rev--
		if err := items.Put(tx, &row); !errors.Is(err, fault.ErrConflict) {
			return fmt.Errorf("stale put: %v", err)
		}
		return nil
	default:
		if what == 9 && len(known) > 30 {
			for _, id := range known[10:30] { // a run, so that pages of the tree fall empty
				if err := items.Delete(tx, id); err != nil {
					return err
				}
				delete(m.rows, id)
			}
			return nil
		}
		delete(m.rows, row.ID)
		return items.Delete(tx, row.ID)
	}
}

func put(tx *Tx, m *model, row item) error {
	taken := false
	for id, other := range m.rows {
		taken = taken || (row.Name != "" && id != row.ID && other.Name == row.Name)
	}
	err := items.Put(tx, &row)
	if taken {
		if !errors.Is(err, fault.ErrConflict) {
			return fmt.Errorf("name %s taken: %v", row.Name, err)
		}
		return nil
	}
	if err == nil {
		m.rows[row.ID] = row
	}
	return err
}

// compare asks table and model the same questions and returns the first that they answer differently.
func compare(tx *Tx, r *rand.Rand, m *model) (err error) {
	type difference struct{ error }
	fail := func(format string, args ...any) { panic(difference{fmt.Errorf(format, args...)}) }
	defer func() {
		if p := recover(); p != nil {
			d, ok := p.(difference)
			if !ok {
				panic(p)
			}
			err = d.error
		}
	}()
	collect := func(seq func(func(*item, error) bool)) []uint64 {
		out := []uint64{}
		seq(func(row *item, err error) bool {
			if err != nil {
				fail("walk: %w", err)
			}
			want := m.rows[row.ID]
			if row.Rev != want.Rev || row.Name != want.Name || !row.At.Equal(want.At) || !slices.Equal(row.Tags, want.Tags) || row.Secret != want.Secret {
				fail("row %d is %+v, want %+v", row.ID, row, want)
			}
			out = append(out, row.ID)
			return true
		})
		return out
	}
	same := func(what string, got, want []uint64) {
		if !slices.Equal(got, want) {
			fail("%s: %v, want %v", what, got, want)
		}
	}
	byID := m.sorted(func(a, b item) int { return cmp.Compare(a.ID, b.ID) })
	from := uint64(r.IntN(int(items.Last(tx)) + 2))
	same("all upwards", collect(items.All(tx, from, false)), ids(slices.DeleteFunc(slices.Clone(byID), func(i item) bool { return i.ID < from })))
	down := slices.Clone(byID)
	slices.Reverse(down)
	same("all downwards", collect(items.All(tx, from, true)), ids(slices.DeleteFunc(slices.Clone(down), func(i item) bool { return from != 0 && i.ID > from })))

	for row, err := range items.GlanceAll(tx, 0, false) {
		if err != nil || row.Secret != "" || row.Tags != nil || row.Name != m.rows[row.ID].Name || row.Rev != m.rows[row.ID].Rev {
			fail("a glance shows %+v, %v", row, err)
		}
	}
	for group := range uint64(4) {
		inGroup := slices.DeleteFunc(m.sorted(func(a, b item) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) }),
			func(i item) bool { return i.Group != group })
		if n := items.Count(tx, "group", group); n != len(inGroup) {
			fail("group %d counts %d, want %d", group, n, len(inGroup))
		}
		low, high := time.Unix(int64(r.IntN(40)), 0), time.Unix(int64(r.IntN(40)), 0)
		span := Span{Prefix: key.Of(group), Low: key.Of(low), High: key.Of(high)}
		between := slices.DeleteFunc(slices.Clone(inGroup), func(i item) bool { return i.At.Before(low) || !i.At.Before(high) })
		same("span upwards", collect(itemsByGroup.Rows(tx, span)), ids(between))
		span.Desc = true
		slices.Reverse(between)
		same("span downwards", collect(itemsByGroup.Rows(tx, span)), ids(between))
		slices.Reverse(inGroup)
		same("group downwards", collect(itemsByGroup.Rows(tx, Span{Prefix: key.Of(group), Desc: true})), ids(inGroup))
	}

	var spans []Span
	want := map[string]uint64{}
	desc := r.IntN(2) == 0
	for tag := range uint64(5) {
		n := 0
		for _, row := range m.rows {
			if slices.Contains(row.Tags, tag) {
				n++
			}
		}
		if got := items.Count(tx, "tag", tag); got != n {
			fail("tag %d counts %d, want %d", tag, got, n)
		}
		if r.IntN(2) == 0 {
			continue
		}
		spans = append(spans, Span{Prefix: key.Of(tag), Desc: desc})
		for _, row := range m.rows {
			if slices.Contains(row.Tags, tag) {
				want[string(key.Of(row.At, row.ID))] = row.ID
			}
		}
	}
	var keys []string
	for k := range want {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if desc {
		slices.Reverse(keys)
	}
	merged := []uint64{}
	for _, k := range keys {
		merged = append(merged, want[k])
	}
	same("merge", collect(itemsByTag.Merge(tx, spans)), merged)

	name := fmt.Sprintf("n%d", r.IntN(60))
	found, err := itemsByName.First(tx, name)
	var named uint64
	for _, row := range m.rows {
		if row.Name == name {
			named = row.ID
		}
	}
	if (named == 0) != errors.Is(err, fault.ErrNotFound) || (named != 0 && found.ID != named) || itemsByName.Has(tx, name) != (named != 0) {
		fail("%s: found %+v, %v, want %d", name, found, err, named)
	}
	return nil
}

// TestManyWritersAgainstTheirModels lets each of several goroutines play with rows of its own group while readers look.
func TestManyWritersAgainstTheirModels(t *testing.T) {
	st := fresh(t, quick)
	var wg, readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := st.View(func(tx *Tx) error {
					for group := range uint64(8) {
						n := 0
						for range itemsByGroup.Entries(tx, Span{Prefix: key.Of(group)}) {
							n++
						}
						if c := items.Count(tx, "group", group); c != n {
							return fmt.Errorf("group %d counts %d, has %d", group, c, n)
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for group := range uint64(8) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(group, 4))
			mine := map[uint64]item{}
			for i := range 60 {
				var row item
				for _, row = range mine {
					break
				}
				gone := row.ID != 0 && r.IntN(3) == 0
				fail := r.IntN(6) == 0
				row.Group, row.At = group, time.Unix(int64(i), 0)
				var written item
				err := st.Update(By{Act: act.Change}, func(tx *Tx) error {
					written = row
					var err error
					if gone {
						err = items.Delete(tx, row.ID)
					} else {
						err = items.Put(tx, &written)
					}
					if err == nil && fail {
						err = errors.New("on purpose")
					}
					return err
				})
				switch {
				case fail:
					if err == nil {
						t.Error("did not fail")
					}
				case err != nil:
					t.Error(err)
				case gone:
					delete(mine, row.ID)
				default:
					mine[written.ID] = written
				}
			}
			err := st.View(func(tx *Tx) error {
				rows, err := itemsByGroup.Find(tx, group)
				if len(rows) != len(mine) {
					t.Errorf("group %d has %d rows, want %d", group, len(rows), len(mine))
				}
				for _, row := range rows {
					if mine[row.ID].Rev != row.Rev {
						t.Errorf("row %d has revision %d, want %d", row.ID, row.Rev, mine[row.ID].Rev)
					}
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
}

func TestCountersThatComeToNothingAreGone(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 3})
	must(t, st.Update(By{}, func(tx *Tx) error { return items.Delete(tx, 1) }))
	must(t, st.View(func(tx *Tx) error {
		if k, _ := tx.bolt.Bucket(bucketCounts).Cursor().First(); k != nil {
			t.Errorf("counter %x is left", k)
		}
		return nil
	}))
}

func TestMergeRunsInTheDirectionOfTheFirstSpan(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 1, At: time.Unix(1, 0)}, &item{Group: 2, At: time.Unix(2, 0)}, &item{Group: 1, At: time.Unix(3, 0)})
	must(t, st.View(func(tx *Tx) error {
		var got []uint64
		for e := range itemsByGroup.MergeEntries(tx, []Span{{Prefix: key.Of(uint64(1)), Desc: true}, {Prefix: key.Of(uint64(2))}}) {
			got = append(got, e.ID)
			if !bytes.HasSuffix(e.Rest, key.ID(e.ID)) {
				t.Errorf("rest %x of %d", e.Rest, e.ID)
			}
		}
		if !slices.Equal(got, []uint64{3, 2, 1}) {
			t.Errorf("order %v", got)
		}
		return nil
	}))
}

func TestAPageContinuesWhereTheLastOneEnded(t *testing.T) {
	st := fresh(t, quick)
	var rows []*item
	for i := range 100 {
		rows = append(rows, &item{Group: 1, At: time.Unix(int64(i/7), 0)})
	}
	add(t, st, rows...)
	must(t, st.View(func(tx *Tx) error {
		var got []uint64
		var high []byte
		for range 20 {
			n := 0
			for e := range itemsByGroup.Entries(tx, Span{Prefix: key.Of(uint64(1)), High: high, Desc: true}) {
				got = append(got, e.ID)
				high = e.Rest
				if n++; n == 7 {
					break
				}
			}
		}
		if len(got) != 100 || !slices.IsSortedFunc(got, func(a, b uint64) int { return cmp.Compare(b, a) }) {
			t.Errorf("pages give %v", got)
		}
		return nil
	}))
}
