package desk

import (
	"testing"

	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

func TestABatchOfRecordsKeepsItsOrderAndLosesOnlyWhatIsRefused(t *testing.T) {
	d := newDesk(t)
	record := func(subject, external string) ticket.Record {
		return ticket.Record{Subject: subject, Body: "Testo", RequesterEmail: "ada@ateneo.example", RequesterName: "Ada", ExternalID: external}
	}
	bad := record("modulo che non esiste", "b")
	bad.Module = "none"
	worse := record("", "")
	for _, c := range []struct {
		name string
		recs []ticket.Record
		want string // + created, = updated, - refused
	}{
		{"all good, one twice", []ticket.Record{record("uno", "1"), record("due", ""), record("uno ancora", "1")}, "++="},
		{"refused ones between", []ticket.Record{worse, record("tre", ""), bad, record("quattro", ""), worse}, "-+-+-"},
		{"more refused than a batch is begun anew for", []ticket.Record{bad, bad, record("cinque", ""), bad, bad, record("sei", "1"), bad}, "--+--=-"},
		{"nothing", nil, ""},
	} {
		results, err := d.Tickets.PutAll(policy.Actor{System: true, Via: door.Import}, c.recs)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := ""
		last := uint64(0)
		for _, r := range results {
			switch {
			case r.Refused != nil:
				got += "-"
			case r.Created:
				got += "+"
				if r.Ticket.ID <= last {
					t.Errorf("%s: #%d after #%d", c.name, r.Ticket.ID, last)
				}
				last = r.Ticket.ID
			default:
				got += "="
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	err := d.st.View(func(tx *db.Tx) error {
		if n := store.Tickets.Last(tx); n != 5 {
			t.Errorf("%d tickets", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
