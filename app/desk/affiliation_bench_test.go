package desk

import (
	"fmt"
	"path/filepath"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// BenchmarkPeopleOfAnOrganisation lists a page of 50,000 people with two affiliations each, by name: all of the desk, of one
// organisation, of one unit, and those whose name begins like a text.
func BenchmarkPeopleOfAnOrganisation(b *testing.B) {
	st, err := store.Open(filepath.Join(b.TempDir(), "desk"), db.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	d := New(Options{Store: st})
	for from := 0; from < 50_000; from += 5_000 {
		err := st.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
			if from == 0 {
				for n := range 50 {
					if err := store.Organisations.Put(tx, &store.Organisation{Code: fmt.Sprint("ente-", n), Name: fmt.Sprint("Ente ", n)}); err != nil {
						return err
					}
				}
				if err := store.Units.Put(tx, &store.Unit{Organisation: 1, Name: "Ufficio"}); err != nil {
					return err
				}
			}
			for n := from; n < from+5_000; n++ {
				p := &store.Person{Email: fmt.Sprintf("p%d@ente.example", n), Name: fmt.Sprintf("Nome%d Cognome%d", n%700, n%3000), Affiliations: []store.Affiliation{
					{Organisation: uint64(n%50) + 1}, {Organisation: 1, Unit: 1, Position: "student"}}}
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	a := policy.Actor{System: true, Via: door.Command}
	for name, q := range map[string]people.Query{"all": {}, "organisation": {Organisation: 7}, "crowded organisation": {Organisation: 1}, "unit": {Organisation: 1, Unit: 1}, "name": {Text: "cognome29"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if page, err := d.People.List(a, q); err != nil || len(page.People) == 0 {
					b.Fatalf("%d people, %v", len(page.People), err)
				}
			}
		})
	}
}
