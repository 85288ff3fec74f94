package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"sportello/store/db"
)

// notNames are the numbers in rows that name no row, or one that may be gone, each with the reason.
var notNames = map[string]string{
	"revisions and counts":                                     "tickets.public_rev people.feed ticket_links.serial notices.seq views.edits views.seen",
	"may be gone; whoever reads it looks":                      "erasures.of erasures.next tickets.links tickets.may_belong messages.brought notices.reply mails.same_as views.known usedkeys.made looks.ticket releases.articles releases.tickets receipts.ticket handovers.groups letters.contact notices.round texts.ticket texts.article tickets.access articles.author versions.author templates.author",
	"whoever did it stays named by the number alone":           "tickets.opened_by tickets.last_by notices.by mails.decided installations.by releases.author releases.checker releases.publisher wordings.by rounds.by contacts.by template_versions.by decisions.by progresses.by audit.by audit.of_id audit.change audit_words.people",
	"as above, of known problems":                              "errands.at cases.ticket cases.message problems.author cases.by errands.by",
	"judged by the desk, and only shown to whom may still see": "tickets.participants messages.mentions messages.copied mails.group misses.module views.of views.module views.assignee rounds.organisations rounds.nobody rounds.people",
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

// edge is one row that another names.
type edge struct {
	field, table string
	id           uint64
}

// references returns the references of a row of the table in which every number is 1, and the fields that hold numbers.
func references(table db.AnyTable) (refs []edge, fields []string) {
	declared := reflect.ValueOf(table).Elem().FieldByName("Refs")
	row := reflect.New(declared.Type().In(0).Elem())
	fields = filled(row.Interface())
	if !declared.IsNil() {
		declared.Call([]reflect.Value{row, reflect.ValueOf(db.Refer(func(field, table string, id uint64) {
			refs = append(refs, edge{field, table, id})
		}))})
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
		refs, fields := references(table)
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
