package credential

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// TestSigningInWorksAsMuchForWhoeverItIs counts, for everyone whose sign-in fails, the hashed passwords and the writes.
// An unknown address must cost as much as a known one.
func TestSigningInWorksAsMuchForWhoeverItIs(t *testing.T) {
	var commits atomic.Int64
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true, Committed: func(time.Duration) { commits.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d := &desk{T: t, st: st, Keeper: New(st)}
	for _, name := range []string{"signs", "waits", "disabled", "forgot"} {
		id := d.person(name+"@uni.example", "Giada Conti")
		if name == "waits" {
			continue
		}
		d.must(d.SetPassword(db.By{}, id, good))
		if name == "signs" {
			continue
		}
		d.must(st.Update(db.By{}, func(tx *db.Tx) error {
			p, err := store.People.Get(tx, id)
			if err != nil {
				return err
			}
			if p.Disabled = name == "disabled"; name == "forgot" {
				p.Password = ""
			}
			return store.People.Put(tx, p)
		}))
	}
	for _, password := range []string{"sbagliata e lunga", "", good, strings.Repeat("x", MaxPassword+1)} {
		for _, email := range []string{"signs@uni.example", " SIGNS@uni.example ", "waits@uni.example", "disabled@uni.example", "forgot@uni.example", "nobody@uni.example",
			"", "no address", "\x00", "\xff@uni.example", strings.Repeat("l", 400) + "@uni.example"} {
			for _, cookie := range []string{"", strings.Repeat("A", 54) + ".x"} {
				if password == good && strings.Contains(strings.ToLower(email), "signs") {
					continue
				}
				worked, wrote, last := Hashed(), commits.Load(), st.Last()
				_, p, err := New(st).SignInFrom(t.Context(), email, password, "Firefox", "192.0.2.1", cookie)
				if fault.KindOf(err) != fault.Invalid || p != nil || err.Error() != fault.New(fault.Invalid, "error.sign-in").Error() {
					t.Errorf("%q: %v", email, err)
				}
				if n := Hashed() - worked; n != 1 {
					t.Errorf("%q with %d bytes of password: %d passwords are worked on, want 1", email, len(password), n)
				}
				if commits.Load() != wrote || st.Last() != last {
					t.Errorf("%q: something is written", email)
				}
			}
		}
	}
	// Attempts that must wait all wait alike, before any work.
	for range 5 {
		for _, email := range []string{"signs@uni.example", "nobody@uni.example"} {
			_, _, _ = d.SignInFrom(t.Context(), email, "sbagliata e lunga", "", "192.0.2.1", "")
		}
	}
	worked := Hashed()
	_, _, one := d.SignInFrom(t.Context(), "signs@uni.example", good, "", "192.0.2.1", "")
	_, _, other := d.SignInFrom(t.Context(), "nobody@uni.example", good, "", "192.0.2.1", "")
	if fault.KindOf(one) != fault.TooMany || fault.KindOf(other) != fault.TooMany || Hashed() != worked {
		t.Errorf("after five failures: %v, %v, %d passwords worked on", one, other, Hashed()-worked)
	}
}

// TestNobodysPasswordCostsWhatAPasswordCosts compares the cost parameters.
func TestNobodysPasswordCostsWhatAPasswordCosts(t *testing.T) {
	phc, err := Hash(good)
	if err != nil {
		t.Fatal(err)
	}
	a, b := strings.Split(phc, "$"), strings.Split(nobody, "$")
	if len(a) != len(b) || strings.Join(a[:4], "$") != strings.Join(b[:4], "$") || len(a[4]) != len(b[4]) || len(a[5]) != len(b[5]) {
		t.Errorf("a password is stored as %s, nobody's is %s", phc, nobody)
	}
}
