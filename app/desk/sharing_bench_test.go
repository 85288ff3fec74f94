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

// BenchmarkSharing judges a ticket of a colleague, finds all that is shared with somebody of two affiliations in an
// organisation of 60 units, and counts whose eyes a change of sharing opens among its 50,000 people.
func BenchmarkSharing(b *testing.B) {
	st, err := store.Open(filepath.Join(b.TempDir(), "desk"), db.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	d := New(Options{Store: st})
	for from := 0; from < 50_000; from += 5_000 {
		err := st.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
			if from == 0 {
				if err := store.Organisations.Put(tx, &store.Organisation{Code: "ente", Name: "Ente", Share: store.Share{With: store.SharedEverybody}}); err != nil {
					return err
				}
				for n := range 60 {
					u := &store.Unit{Organisation: 1, Name: fmt.Sprint("Ufficio ", n)}
					if n%3 == 0 {
						u.Share.With = store.SharedNobody
					}
					if err := store.Units.Put(tx, u); err != nil {
						return err
					}
				}
			}
			for n := from; n < from+5_000; n++ {
				p := &store.Person{Email: fmt.Sprintf("p%d@ente.example", n), Name: fmt.Sprintf("Nome%d Cognome%d", n%700, n%3000), Affiliations: []store.Affiliation{
					{Organisation: 1, Unit: uint64(n%60) + 1}, {Organisation: 1, Unit: uint64(n*7%60) + 1}}}
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
	err = st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, 30)
		if err != nil {
			return err
		}
		a := policy.Actor{Person: p}
		b.Run("ticket", func(b *testing.B) {
			t := &store.Ticket{Requester: 1, Organisation: 1, Unit: 2}
			for b.Loop() {
				if !d.Rights.Stand(tx, a, t).Allows(policy.See) {
					b.Fatal("a colleague does not see it")
				}
			}
		})
		b.Run("reach", func(b *testing.B) {
			for b.Loop() {
				if r, err := policy.ReachOf(tx, a); err != nil || len(r.Closed) != 20 {
					b.Fatal(r, err)
				}
			}
		})
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("eyes", func(b *testing.B) {
		for b.Loop() {
			if e, err := d.People.Eyes(policy.Actor{System: true, Via: door.Command}, 1, 0, people.SharingForm{With: store.SharedNobody}); err != nil || e.Closes == 0 {
				b.Fatal(e, err)
			}
		}
	})
}
