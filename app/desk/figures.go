package desk

import (
	"sportello/store"
	"sportello/store/db"
)

// Figures are how much a desk holds. They name nobody and no matter, so confidential tickets count too.
type Figures struct {
	Tickets          map[store.State]int
	People, Articles int
}

// Figures counts what there is.
func (d *Desk) Figures() (Figures, error) {
	var out Figures
	err := d.st.View(func(tx *db.Tx) error {
		out = Figures{Tickets: map[store.State]int{}}
		for s := store.StateNew; s <= store.StateClosed; s++ {
			out.Tickets[s] = store.Tickets.Count(tx, store.CountState, s)
		}
		for range store.PeopleByName.Entries(tx, db.Span{}) {
			out.People++
		}
		for range store.ArticlesByModule.Entries(tx, db.Span{}) {
			out.Articles++
		}
		return nil
	})
	return out, err
}
