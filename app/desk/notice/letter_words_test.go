package notice

import (
	"testing"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// TestTheWordsOfAMatterAreForItsRequesterAlone: and for nobody as long as nobody has claimed it.
func TestTheWordsOfAMatterAreForItsRequesterAlone(t *testing.T) {
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	err = st.Update(db.By{Via: door.Page}, func(tx *db.Tx) error {
		ada, other := &store.Person{Name: "Ada", Email: "ada@ateneo.example"}, &store.Person{Name: "Ugo", Email: "ugo@ateneo.example"}
		group := &store.Group{Code: store.GeneralGroup}
		for _, p := range []*store.Person{ada, other} {
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
		}
		if err := store.Groups.Put(tx, group); err != nil {
			return err
		}
		k := &store.Ticket{Subject: "Il cedolino", Requester: ada.ID, Group: group.ID, Kind: store.Clarification, State: store.StateNew, Severity: store.Medium, Urgency: store.NoDate}
		if err := store.Tickets.Put(tx, k); err != nil {
			return err
		}
		if err := store.Messages.Put(tx, &store.Message{Ticket: k.ID, Author: ada.ID, Body: "Non si apre.", Opening: true, At: tx.Now()}); err != nil {
			return err
		}
		ns := &Notices{}
		for reader, want := range map[uint64]string{ada.ID: "Non si apre.", other.ID: "", 0: ""} {
			if words, err := ns.openingWords(tx, k, reader); err != nil || words != want {
				t.Errorf("person %d is told %q, %v; want %q", reader, words, err, want)
			}
		}
		k.Unclaimed = true
		if words, err := ns.openingWords(tx, k, ada.ID); err != nil || words != "" {
			t.Errorf("of a matter that nobody has claimed %q, %v", words, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
