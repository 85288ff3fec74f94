package policy

import (
	"math/rand/v2"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// TestWhatAListShowsIsWhatTheRightsSay holds the quick answer to the whole one, for people and tickets at random.
func TestWhatAListShowsIsWhatTheRightsSay(t *testing.T) {
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true, Prove: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	r := rand.New(rand.NewPCG(11, 1))
	share := func() store.Share {
		return store.Share{With: []store.Sharing{store.SharedAbove, store.SharedNobody, store.SharedCoordinators, store.SharedChosen, store.SharedEverybody}[r.IntN(5)]}
	}
	const most = 4 // of each
	if err := st.Update(db.By{Via: door.Command, Act: act.Change}, func(tx *db.Tx) error {
		for i := range most {
			if err := store.Organisations.Put(tx, &store.Organisation{Name: string(rune('A' + i)), Code: string(rune('a' + i)), Share: share()}); err != nil {
				return err
			}
		}
		for i := range most {
			if err := store.Units.Put(tx, &store.Unit{Organisation: uint64(1 + i%2), Name: string(rune('A' + i)), Share: share()}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	id := func() uint64 { return uint64(1 + r.IntN(most)) }
	yes := func() bool { return r.IntN(3) == 0 }
	shown, hidden := 0, 0
	for range 20_000 {
		p := &store.Person{Row: db.Row{ID: id()}, Editor: yes(), Administrator: r.IntN(10) == 0, Disabled: r.IntN(20) == 0}
		if yes() {
			p.Groups = []store.Membership{{Group: id(), Supervisor: yes()}}
		}
		for range r.IntN(3) {
			p.Affiliations = append(p.Affiliations, store.Affiliation{Organisation: id(), Unit: id() * uint64(r.IntN(2)), Coordinator: yes()})
		}
		k := &store.Ticket{Row: db.Row{ID: id()}, State: store.StateNew, Requester: id(), Unclaimed: yes(), Participants: []uint64{id()}, Group: id(),
			Organisation: id(), Unit: id() * uint64(r.IntN(2)), Narrowed: yes()}
		if yes() {
			k.Taken = time.Unix(1, 0)
		}
		a, secret := Actor{Person: p}, yes()
		switch r.IntN(20) {
		case 0:
			a = Actor{}
		case 1:
			a = Actor{System: true}
		}
		if err := st.View(func(tx *db.Tx) error {
			rs := &Rights{}
			want := rs.Standing(tx, a, k, secret).Allows(See)
			if got := rs.Shows(tx, a, k, secret); got != want {
				t.Errorf("%+v and %+v, confidential %v: shown %v, want %v", p, k, secret, got, want)
			}
			if want {
				shown++
			} else {
				hidden++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if min(shown, hidden) < 1000 {
		t.Errorf("%d are shown, %d hidden", shown, hidden)
	}
}
