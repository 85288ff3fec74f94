package desk

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
)

// paths returns the ways to each number in a row, through structs and lists, as the fields on the way.
func paths(t reflect.Type, way []int) (out [][]int) {
	switch t.Kind() {
	case reflect.Uint64:
		return [][]int{append([]int(nil), way...)}
	case reflect.Slice:
		return paths(t.Elem(), way)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !f.Anonymous {
				out = append(out, paths(f.Type, append(way, i))...)
			}
		}
	}
	return out
}

// set writes the number at the end of the way; a list on the way gets one entry.
func set(v reflect.Value, way []int, id uint64) {
	for {
		switch v.Kind() {
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			v = v.Index(0)
		case reflect.Struct:
			v, way = v.Field(way[0]), way[1:]
		default:
			v.SetUint(id)
			return
		}
	}
}

// TestNothingThatIsRemovedIsStillNamed removes each noun that can be removed while one row names it, for each way in which a
// row of any table can: either that is refused, or no row names it afterwards.
func TestNothingThatIsRemovedIsStillNamed(t *testing.T) {
	all := store.AllTables()
	nouns := map[string]struct {
		add    func(*db.Tx) (uint64, error)
		remove func(*office, uint64) error
	}{
		"modules": {func(tx *db.Tx) (uint64, error) {
			m := &store.Module{Code: "passeggero", Name: store.Words{IT: "Passeggero"}}
			err := store.Modules.Put(tx, m)
			return m.ID, err
		}, func(o *office, id uint64) error { return o.Catalogue.RemoveModule(o.as("amministratore"), id) }},
		"groups": {func(tx *db.Tx) (uint64, error) {
			g := &store.Group{Code: "passeggero", Name: store.Words{IT: "Passeggero"}}
			err := store.Groups.Put(tx, g)
			return g.ID, err
		}, func(o *office, id uint64) error { return o.People.RemoveGroup(o.as("amministratore"), id) }},
		"organisations": {func(tx *db.Tx) (uint64, error) {
			g := &store.Organisation{Code: "passeggero", Name: "Passeggero"}
			err := store.Organisations.Put(tx, g)
			return g.ID, err
		}, func(o *office, id uint64) error { return o.People.RemoveOrganisation(o.as("amministratore"), id) }},
		"units": {func(tx *db.Tx) (uint64, error) {
			u := &store.Unit{Organisation: 1, Name: "Passeggero"}
			err := store.Units.Put(tx, u)
			return u.ID, err
		}, func(o *office, id uint64) error { return o.People.RemoveUnit(o.as("amministratore"), id) }},
		"tickets": {func(tx *db.Tx) (uint64, error) {
			t := &store.Ticket{Requester: 1, State: store.StateNew}
			err := store.Tickets.Put(tx, t)
			return t.ID, err
		}, func(o *office, id uint64) error {
			if _, err := o.Erasures.EraseTicket(o.as("amministratore"), id); err != nil {
				return err
			}
			return o.Erasures.Clean(context.Background())
		}},
	}
	elsewhere := map[string]string{
		"versions.module": "it is its article's, which is asked",
	}
	for noun, of := range nouns {
		tried, refused := 0, 0
		for _, table := range all {
			v := reflect.ValueOf(table)
			refs := v.Elem().FieldByName("Refs")
			if refs.IsNil() {
				continue
			}
			for _, way := range paths(refs.Type().In(0).Elem(), nil) {
				field := ""
				row := reflect.New(refs.Type().In(0).Elem())
				set(row.Elem(), way, 1)
				refs.Call([]reflect.Value{row, reflect.ValueOf(db.Refer(func(f, to string, id uint64) {
					if to == noun && id == 1 {
						field = f
					}
				}))})
				if field == "" || elsewhere[table.Name()+"."+field] != "" {
					continue
				}
				o := newOffice(t)
				before := strings.Join(o.st.Check(), "\n")
				var id uint64
				err := o.st.Update(db.By{Act: act.Import}, func(tx *db.Tx) (err error) {
					if id, err = of.add(tx); err != nil {
						return err
					}
					row := reflect.New(refs.Type().In(0).Elem())
					set(row.Elem(), way, id)
					if place := row.Elem().FieldByName("Organisation"); noun == "units" && place.IsValid() {
						place.SetUint(1)
					}
					if failed := v.MethodByName("Put").Call([]reflect.Value{reflect.ValueOf(tx), row})[0]; !failed.IsNil() {
						return failed.Interface().(error)
					}
					return nil
				})
				if err != nil {
					t.Errorf("%s.%s names %s: %v", table.Name(), field, noun, err)
					continue
				}
				if tried++; of.remove(o, id) != nil {
					refused++
				}
				if after := strings.Join(o.st.Check(), "\n"); after != before {
					t.Errorf("%s.%s still names what was removed: %s", table.Name(), field, after)
				}
			}
		}
		if tried < 4 || refused == 0 && noun != "tickets" {
			t.Errorf("%s: %d tried, %d refused", noun, tried, refused)
		}
	}
}
