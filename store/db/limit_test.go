package db

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// TestOldRowsOverTheLimit: what an older release let in can be read, and the row can be changed in every other field and
// made smaller, never larger.
func TestOldRowsOverTheLimit(t *testing.T) {
	st := fresh(t, quick)
	big := strings.Repeat("v", 5000)
	var id uint64
	must(t, st.Update(By{Via: door.Page}, func(tx *Tx) error {
		row := &plain{N: 1}
		if err := plains.Put(tx, row); err != nil {
			return err
		}
		id = row.ID
		row.Text, row.Words, row.List = big, map[string]string{"a": big}, make([]uint64, 200)
		for i := range row.List {
			row.List[i] = uint64(i + 1)
		}
		for i := range 200 {
			row.Words[strings.Repeat("k", 200)+string(rune('a'+i))] = "x"
		}
		raw, err := json.Marshal(row)
		if err != nil {
			return err
		}
		return tx.bucket(plains.name, "rows").Put(key.ID(id), raw)
	}))
	change := func(with func(*plain)) error {
		return st.Update(By{Via: door.Page}, func(tx *Tx) error {
			row, err := plains.Get(tx, id)
			if err != nil {
				return err
			}
			with(row)
			return plains.Put(tx, row)
		})
	}
	must(t, change(func(r *plain) { r.N = 2 }))
	must(t, change(func(r *plain) { r.List = r.List[1:] }))
	must(t, change(func(r *plain) { r.Words = maps.Clone(r.Words); r.Words["a"] = "short" }))
	must(t, change(func(r *plain) { r.Text = "short" }))
	wantKind(t, change(func(r *plain) { r.Text = big }), fault.Invalid, "error.too-long")
	wantKind(t, change(func(r *plain) { r.List = append(r.List, 999) }), fault.Invalid, "error.too-many-of")
	wantKind(t, change(func(r *plain) { r.Words = maps.Clone(r.Words); r.Words["new"] = "x" }), fault.Invalid, "error.too-many-of")
}
