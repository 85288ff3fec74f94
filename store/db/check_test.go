package db

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sportello/store/key"
)

// TestCheckFinds breaks a store in one way after another, past the functions that would not.
func TestCheckFinds(t *testing.T) {
	for _, tc := range []struct {
		rule  string
		spoil func(*testing.T, *Tx) error
		want  string
	}{
		{"an index entry that is missing", func(t *testing.T, tx *Tx) error {
			c := tx.bucket("test.items", "ix.group").Cursor()
			c.First()
			return c.Delete()
		}, "no entry in ix.group"},
		{"an index entry too many", func(t *testing.T, tx *Tx) error {
			return tx.bucket("test.items", "ix.group").Put(key.Of(uint64(9), uint64(9)), nil)
		}, "entries in ix.group"},
		{"a counter that is wrong", func(t *testing.T, tx *Tx) error {
			return tx.bolt.Bucket(bucketCounts).Put(items.counterKey(key.Of("group", uint64(1))), key.ID(5))
		}, "rows call for"},
		{"a counter of nothing", func(t *testing.T, tx *Tx) error {
			return tx.bolt.Bucket(bucketCounts).Put(items.counterKey(key.Of("group", uint64(77))), key.ID(1))
		}, "counter"},
		{"a counter that is missing", func(t *testing.T, tx *Tx) error {
			return tx.bolt.Bucket(bucketCounts).Delete(items.counterKey(key.Of("group", uint64(1))))
		}, "counters, rows call for"},
		{"a row that cannot be read", func(t *testing.T, tx *Tx) error {
			return tx.bucket("test.items", "rows").Put(key.ID(1), []byte("{"))
		}, "read test.items 1"},
		{"a row above the sequence", func(t *testing.T, tx *Tx) error {
			return tx.bucket("test.items", "rows").bolt.SetSequence(0)
		}, "above the sequence"},
		{"a reference to nothing", func(t *testing.T, tx *Tx) error {
			return orphan(tx)
		}, "names test.requests 404"},
		{"a lost blob", func(t *testing.T, tx *Tx) error {
			b, err := tx.store.PutBlob(strings.NewReader("bytes"), 0)
			if err != nil {
				return err
			}
			if err := papers.Put(tx, &paper{Sum: b.Sum}); err != nil {
				return err
			}
			return os.Remove(tx.store.blobs.Path(b.Sum))
		}, "lost blob"},
		{"a change that is missing", func(t *testing.T, tx *Tx) error {
			return tx.bucket("changes", "rows").Delete(key.ID(1))
		}, "changes:"},
		{"a change without index entry", func(t *testing.T, tx *Tx) error {
			return tx.bucket("changes", "ix.audit").Delete(key.Of(uint64(0), uint64(1)))
		}, "no entry in ix.audit"},
		{"a cursor beyond the last change", func(t *testing.T, tx *Tx) error {
			return tx.SetCursor("x", 1000)
		}, "cursor x"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			st, err := tested.Open(t.TempDir(), quick)
			must(t, err)
			defer st.Close()
			add(t, st, &item{Group: 1, Name: "a", Tags: []uint64{1, 1}}, &item{Group: 2})
			sound(t, st)
			must(t, st.Update(By{}, func(tx *Tx) error {
				tx.wrote = true
				return tc.spoil(t, tx)
			}))
			if got := strings.Join(st.Check(), "\n"); !strings.Contains(got, tc.want) {
				t.Errorf("found %q, want %q", got, tc.want)
			}
		})
	}
}

// orphan writes a line of a request that is not there, as a file of another release may hold one.
func orphan(tx *Tx) error {
	rows := tx.bucket(lines.name, "rows")
	id, err := rows.NextSequence()
	if err != nil {
		return err
	}
	m := &line{Row: Row{ID: id}, Request: 404}
	raw, err := lines.encode(m)
	if err != nil {
		return err
	}
	tx.wrote = true
	return errors.Join(rows.Put(key.ID(id), raw), lines.reindex(tx, id, nil, m))
}

func TestCheckIsBounded(t *testing.T) {
	st, err := tested.Open(t.TempDir(), quick)
	must(t, err)
	defer st.Close()
	must(t, st.Update(By{}, func(tx *Tx) error {
		for range 3 * maxFindings {
			if err := orphan(tx); err != nil {
				return err
			}
		}
		return nil
	}))
	if n := len(st.Check()); n != maxFindings {
		t.Errorf("%d findings", n)
	}
}

func TestRebuildMakesIndexesAndCountersAnew(t *testing.T) {
	st := fresh(t, quick)
	add(t, st, &item{Group: 1, Name: "a", Tags: []uint64{1, 2}}, &item{Group: 2, Name: "b"})
	must(t, st.Update(By{}, func(tx *Tx) error {
		tx.wrote = true
		if err := tx.bolt.Bucket([]byte("test.items")).DeleteBucket([]byte("ix.tag")); err != nil {
			return err
		}
		if err := tx.bucket("test.items", "ix.group").Put(key.Of(uint64(9), uint64(9)), nil); err != nil {
			return err
		}
		if err := tx.bolt.Bucket(bucketCounts).Put(items.counterKey(key.Of("group", uint64(1))), key.ID(5)); err != nil {
			return err
		}
		return items.Rebuild(tx)
	}))
}
