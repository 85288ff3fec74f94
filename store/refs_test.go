package store

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/store/act"
)

// notNames are the numbers in rows that name no row, or one that may be gone, each with the reason.
var notNames = map[string]string{
	"revisions and counts":                                     "tickets.public_rev ticket_links.serial notices.seq views.edits views.seen",
	"whoever did it stays named by the number alone":           "tickets.opened_by tickets.last_by notices.by mails.decided",
	"may be gone; whoever reads it looks":                      "tickets.links tickets.may_belong messages.brought notices.reply mails.same_as views.known usedkeys.made texts.ticket texts.article articles.author versions.author",
	"judged by the desk, and only shown to whom may still see": "tickets.participants messages.mentions messages.copied mails.group misses.module views.of views.module views.assignee",
}

// filled sets each number and each list of numbers of the row to 1.
func filled(row any) (fields []string) {
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch f := v.Field(i); {
		case f.Kind() == reflect.Uint64:
			f.SetUint(1)
			fields = append(fields, name)
		case f.Type() == reflect.TypeFor[[]uint64]():
			f.Set(reflect.ValueOf([]uint64{1}))
			fields = append(fields, name)
		}
	}
	return fields
}

// references returns the references of a row in which every number is 1, and the fields that hold numbers.
func (t *Table[T]) references() (refs []reference, fields []string) {
	row := new(T)
	fields = filled(row)
	if t.refs != nil {
		t.refs(row, func(field, table string, id uint64) { refs = append(refs, reference{field, table, id}) })
	}
	return refs, fields
}

// TestEveryNumberOfARowIsDeclared finds a field that names a row without a word in the table's declaration.
func TestEveryNumberOfARowIsDeclared(t *testing.T) {
	var names, excused []string
	for _, table := range tables {
		names = append(names, table.Name())
	}
	for _, list := range notNames {
		excused = append(excused, strings.Fields(list)...)
	}
	for _, table := range tables {
		if strings.HasPrefix(table.Name(), "test.") {
			continue
		}
		refs, fields := table.(interface {
			references() ([]reference, []string)
		}).references()
		for _, r := range refs {
			if r.id != 1 || !slices.Contains(fields, r.field) || !slices.Contains(names, r.table) {
				t.Errorf("%s: reference %+v", table.Name(), r)
			}
			fields = slices.DeleteFunc(fields, func(f string) bool { return f == r.field })
		}
		for _, f := range fields {
			if i := slices.Index(excused, table.Name()+"."+f); i >= 0 {
				excused = slices.Delete(excused, i, i+1)
			} else {
				t.Errorf("%s.%s: declare which table it names, or here why none", table.Name(), f)
			}
		}
	}
	for _, f := range excused {
		t.Errorf("%s: excused for nothing", f)
	}
}

func TestARowThatNamesNothingIsRefused(t *testing.T) {
	st := fresh(t, quick)
	refused := func(err error, field string) {
		t.Helper()
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Conflict || e.Key != "error.reference-gone" || e.Field != field {
			t.Errorf("%v, want %s refused", err, field)
		}
	}
	var before uint64
	must(t, st.Update(By{Act: act.Change}, func(tx *Tx) error {
		return errors.Join(People.Put(tx, &Person{Email: "a@uni.example"}), Groups.Put(tx, &Group{Code: "g"}), Groups.Put(tx, &Group{Code: "h"}))
	}))
	before = st.Last()
	for field, row := range map[string]*Ticket{
		"requester":    {Requester: 404, Group: 1},
		"assignee":     {Requester: 1, Group: 1, Assignee: 404},
		"group":        {Requester: 1, Group: 404},
		"module":       {Requester: 1, Group: 1, Module: 404},
		"organisation": {Requester: 1, Group: 1, Organisation: 404},
		"unit":         {Requester: 1, Group: 1, Unit: 404},
		"duplicate_of": {Requester: 1, Group: 1, DuplicateOf: 404},
	} {
		refused(st.Update(By{Act: act.Open}, func(tx *Tx) error { return Tickets.Put(tx, row) }), field)
		if row.ID != 0 || row.Rev != 0 {
			t.Errorf("%s: the refused row has number %d", field, row.ID)
		}
	}
	refused(st.Update(By{Act: act.Change}, func(tx *Tx) error { return Files.Put(tx, &File{Person: 1, Versions: []uint64{404}}) }), "versions")
	if st.Last() != before {
		t.Error("a refused row left a change")
	}
	ticket := &Ticket{Requester: 1, Group: 1}
	must(t, st.Update(By{Act: act.Open}, func(tx *Tx) error {
		return errors.Join(Tickets.Put(tx, ticket), Messages.Put(tx, &Message{Ticket: ticket.ID, Author: 1})) // made in the same transaction
	}))
	// A reference that was there before is kept, moved to a row that is there, but not to another that is not.
	must(t, st.Update(By{Act: act.Change}, func(tx *Tx) error { return Groups.Delete(tx, 1) }))
	change := func(group uint64) error {
		return st.Update(By{Act: act.Move}, func(tx *Tx) error {
			row, err := Tickets.Get(tx, ticket.ID)
			if err != nil {
				return err
			}
			row.Messages++
			row.Group = group
			return Tickets.Put(tx, row)
		})
	}
	must(t, change(1))
	refused(change(3), "group")
	must(t, change(2))
	refused(change(1), "group")
}

// TestStoresShareNoRows holds two open stores apart: the same bytes under the same number are each store's own row.
func TestStoresShareNoRows(t *testing.T) {
	var rows [2]*Group
	for i := range rows {
		st := fresh(t, Options{NoSync: true, Log: quick.Log, Clock: func() time.Time { return time.Unix(0, 0) }})
		must(t, st.Update(By{}, func(tx *Tx) error { return Groups.Put(tx, &Group{Code: "g"}) }))
		must(t, st.View(func(tx *Tx) (err error) {
			rows[i], err = Groups.Peek(tx, 1)
			if err != nil {
				return err
			}
			again, err := Groups.Peek(tx, 1)
			if again != rows[i] {
				t.Error("a row that did not change is decoded again")
			}
			return err
		}))
	}
	if rows[0] == rows[1] {
		t.Error("two stores share a row")
	}
	if !reflect.DeepEqual(rows[0], rows[1]) {
		t.Errorf("the rows differ: %+v and %+v", rows[0], rows[1])
	}
}
