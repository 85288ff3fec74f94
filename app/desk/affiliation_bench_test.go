package desk

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
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

// BenchmarkRightsOfAPage is what rights add to a page: for a ticket, everything that a page asks about it; for a list,
// whether each of fifty tickets may be seen. The person has two hats, one of a coordinator.
func BenchmarkRightsOfAPage(b *testing.B) {
	w := newSmallWorld(b, 1)
	w.crowd(60, 60)
	at := w.units[0].Organisation
	p := &store.Person{Email: "due@example.it", Name: "Due", Affiliations: []store.Affiliation{{Organisation: w.organisations[1]}, {Organisation: at, Coordinator: true}}}
	if err := w.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error { return store.People.Put(tx, p) }); err != nil {
		b.Fatal(err)
	}
	a := policy.Actor{Person: p, Via: door.Page}
	err := w.st.View(func(tx *db.Tx) error {
		var list []*store.Ticket
		for t, err := range store.TicketsByHat.Rows(tx, db.Span{Prefix: key.Of(at, uint64(0))}) {
			if err != nil {
				return err
			}
			if list = append(list, t); len(list) == 50 {
				break
			}
		}
		if len(list) < 50 {
			b.Fatalf("%d tickets", len(list))
		}
		b.Run("ticket", func(b *testing.B) {
			for b.Loop() {
				s := w.Rights.Stand(tx, a, list[0])
				for act := policy.See; act <= policy.LastAct; act++ {
					s.Allows(act)
				}
			}
		})
		b.Run("list of 50", func(b *testing.B) {
			for b.Loop() {
				for _, t := range list {
					_ = w.Rights.May(tx, a, policy.See, t)
				}
			}
		})
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkMergeOfOrganisations merges an organisation of 5,000 people and 10,000 tickets while somebody opens tickets, and
// reports how long the preview took, and how long the longest of their writes had to wait.
func BenchmarkMergeOfOrganisations(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := newSmallWorld(b, 1)
		for range 10 {
			w.crowd(500, 1000)
			w.folk += 500
		}
		from, to := store.Hat{Organisation: w.units[0].Organisation}, w.organisations[0]
		if to == from.Organisation {
			to = w.organisations[1]
		}
		admin := w.as("amministratore")
		b.StartTimer()
		began := time.Now()
		said, err := w.Relocations.Preview(admin, from, to)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "preview-ms")
		if _, _, err := w.Relocations.Begin(admin, from, to, said.Sum); err != nil {
			b.Fatal(err)
		}
		ended := make(chan int)
		go func() { ended <- w.run() }()
		longest, writes := time.Duration(0), 0
		for running := true; running; {
			select {
			case steps := <-ended:
				running = false
				b.ReportMetric(float64(steps), "steps")
			default:
				began := time.Now()
				w.open("csa")
				longest, writes = max(longest, time.Since(began)), writes+1
			}
		}
		b.ReportMetric(float64(longest.Microseconds())/1000, "longest-wait-ms")
		b.ReportMetric(float64(writes), "other-writes")
	}
}
