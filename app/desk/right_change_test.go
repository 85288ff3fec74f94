package desk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// TestNobodyIsToldOfFewerRightsThanChanged changes a person's rights at random, in a hundred groups among others, and
// compares the reported change with the rights before and after.
func TestNobodyIsToldOfFewerRightsThanChanged(t *testing.T) {
	o := newOffice(t)
	r := rand.New(rand.NewPCG(1, 9))
	all := func(p *store.Person) (out []string) {
		if p.Administrator {
			out = append(out, "administrator 0 0 0")
		}
		if p.Editor {
			out = append(out, "editor 0 0 0")
		}
		for _, m := range p.Groups {
			out = append(out, fmt.Sprintf("%s %d 0 0", map[bool]string{true: "supervisor", false: "agent"}[m.Supervisor], m.Group))
		}
		for _, c := range p.Coordinated(o.st.Now()) {
			out = append(out, fmt.Sprintf("coordinator 0 %d %d", c.Organisation, c.Unit))
		}
		return out
	}
	id := o.people["ada"].ID
	if err := o.st.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
		for n := range 120 {
			if err := store.Organisations.Put(tx, &store.Organisation{Code: fmt.Sprint("ente-", n), Name: fmt.Sprint("Ente ", n)}); err != nil {
				return err
			}
		}
		return store.Units.Put(tx, &store.Unit{Organisation: 1, Name: "Altra struttura"})
	}); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		var before, after []string
		var seq uint64
		err := o.st.Update(db.By{Via: door.Command, Act: act.Change}, func(tx *db.Tx) error {
			p, err := store.People.Get(tx, id)
			if err != nil {
				return err
			}
			before = all(p)
			p.Administrator, p.Editor = r.IntN(2) == 0, r.IntN(2) == 0
			p.Groups, p.Affiliations = nil, nil
			most := []int{3, 120}[r.IntN(2)]
			for g := 1; g <= most; g++ {
				if r.IntN(2) == 0 {
					p.Groups = append(p.Groups, store.Membership{Group: uint64(g), Supervisor: r.IntN(3) == 0})
				}
				if r.IntN(4) == 0 {
					p.Affiliations = append(p.Affiliations, store.Affiliation{Organisation: uint64(g), Unit: uint64(r.IntN(3)), Coordinator: true})
				}
			}
			after = all(p)
			err = store.People.Put(tx, p)
			seq = tx.LastChange()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, s := range after {
			if !slices.Contains(before, s) {
				want = append(want, s+" false")
			}
		}
		for _, s := range before {
			if !slices.Contains(after, s) {
				want = append(want, s+" true")
			}
		}
		if err := o.st.View(func(tx *db.Tx) error {
			for c, err := range tx.Changes(seq - 1) {
				if err != nil {
					return err
				}
				for _, k := range policy.RightChanges(c) {
					got = append(got, fmt.Sprintf("%s %d %d %d %t", k.Right, k.Group, k.Organisation, k.Unit, k.Taken))
				}
				break
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Fatalf("told of %v, want %v", got, want)
		}
	}
}

func TestTheLetterNamesTheRightsThatChanged(t *testing.T) {
	o := newMailOffice(t)
	a, p := o.as("amministratore"), o.people["altrove"]
	if err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for code, name := range map[string]string{"csa": "Stipendi", "legale": "Ufficio legale"} {
			g, err := store.Groups.Get(tx, o.group[code])
			if err != nil {
				return err
			}
			g.Name = store.Words{IT: name, EN: name}
			if err := store.Groups.Put(tx, g); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	o.told(p.ID)
	f := people.FormOf(o.stored(p.ID))
	f.Editor, f.Groups = true, []store.Membership{{Group: o.group["csa"], Supervisor: true}}
	f.Affiliations = append(f.Affiliations, store.Affiliation{Organisation: o.organis["Ateneo"], Coordinator: true})
	if _, err := o.People.Change(a, p.ID, 0, f); err != nil {
		t.Fatal(err)
	}
	if _, mail := o.told(p.ID); mail != "rights>altrove@ateneo.example" {
		t.Fatalf("told by %q", mail)
	}
	var said []string
	for _, r := range o.sent[0].Lines[0].Rights {
		said = append(said, fmt.Sprintf("%s %s %t", r.Right, r.Over.IT, r.Taken))
	}
	if got, want := strings.Join(said, ", "), "editor  false, supervisor Stipendi false, coordinator Ateneo false, agent Ufficio legale true"; got != want {
		t.Errorf("the letter names %q, want %q", got, want)
	}
}
