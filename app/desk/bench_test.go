package desk

import (
	"fmt"
	"sync"
	"testing"

	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// BenchmarkOpenTicket opens tickets durably through the desk, with one writer and with sixty-four: the cost of a POST
// without HTTP.
func BenchmarkOpenTicket(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			st, err := store.Open(b.TempDir(), db.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			d := New(Options{Store: st})
			p := &store.Person{Email: "ada@ateneo.example", Name: "Ada Neri"}
			err = st.Update(db.By{}, func(tx *db.Tx) error {
				c := *p
				if err := store.Groups.Put(tx, &store.Group{Code: store.GeneralGroup}); err != nil {
					return err
				}
				if err := store.People.Put(tx, &c); err != nil {
					return err
				}
				p.Row = c.Row
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			a := policy.Actor{Person: p, Via: door.API}
			work := make(chan int)
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for range work {
						if _, err := d.Tickets.Open(a, ticket.Opening{Subject: "Il cedolino non si apre", Body: "Da ieri esce l'errore 500 quando apro il cedolino di ottobre."}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			for i := 0; b.Loop(); i++ {
				work <- i
			}
			close(work)
			wg.Wait()
		})
	}
}
