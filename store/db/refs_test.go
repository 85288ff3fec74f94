package db

import (
	"errors"
	"testing"

	"sportello/store/act"
	"sportello/store/fault"
)

func TestARowThatNamesNothingIsRefused(t *testing.T) {
	st := fresh(t, quick)
	refused := func(err error, field string) {
		t.Helper()
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != fault.Conflict || e.Key != "error.reference-gone" || e.Field != field {
			t.Errorf("%v, want %s refused", err, field)
		}
	}
	must(t, st.Update(By{Act: act.Change}, func(tx *Tx) error {
		return errors.Join(requests.Put(tx, &request{}), requests.Put(tx, &request{}), lines.Put(tx, &line{Request: 1}))
	}))
	before := st.Last()
	for field, row := range map[string]*paper{
		"request": {Request: 404, Lines: []uint64{1}},
		"lines":   {Request: 1, Lines: []uint64{1, 404}},
	} {
		refused(st.Update(By{Act: act.Open}, func(tx *Tx) error { return papers.Put(tx, row) }), field)
		if row.ID != 0 || row.Rev != 0 {
			t.Errorf("%s: the refused row has number %d", field, row.ID)
		}
	}
	if st.Last() != before {
		t.Error("a refused row left a change")
	}
	row := &line{}
	must(t, st.Update(By{Act: act.Open}, func(tx *Tx) error {
		r := &request{}
		must(t, requests.Put(tx, r))
		row.Request = r.ID // made in the same transaction
		return lines.Put(tx, row)
	}))
	// A reference that was there before is kept, moved to a row that is there, but not to another that is not.
	must(t, st.Update(By{Act: act.Change}, func(tx *Tx) error { return requests.Delete(tx, row.Request) }))
	change := func(to uint64) error {
		return st.Update(By{Act: act.Move}, func(tx *Tx) error {
			r, err := lines.Get(tx, row.ID)
			if err != nil {
				return err
			}
			r.Text += "x"
			r.Request = to
			return lines.Put(tx, r)
		})
	}
	must(t, change(row.Request))
	refused(change(404), "request")
	must(t, change(2))
	refused(change(row.Request), "request")
}
