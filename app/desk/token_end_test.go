package desk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/scope"
)

// remind runs the job every six hours for the given days, and returns the days, counted from the first, on which Ada
// was notified of a token by bell and by mail.
func (o *mailOffice) remind(days int) (heard []int) {
	o.t.Helper()
	ada := o.people["ada"].ID
	bells, _ := o.told(ada)
	was := strings.Count(bells, "ending")
	for quarter := range 4 * days {
		if _, err := o.People.RemindTokens(); err != nil {
			o.t.Fatal(err)
		}
		bell, mail := o.told(ada)
		now := strings.Count(bell, "ending")
		if letters := strings.Count(mail, "ending>ada@ateneo.example"); letters != now-was {
			o.t.Errorf("after %d days %d bells and %d letters", quarter/4, now-was, letters)
		}
		for range now - was {
			heard = append(heard, quarter/4)
		}
		was = now
		o.later(6 * time.Hour)
	}
	return heard
}

func TestNobodyHearsOfTheEndOfATokenTwice(t *testing.T) {
	for _, c := range []struct {
		days int
		want string
	}{
		{1, "[]"}, {3, "[]"}, {4, "[]"}, {5, "[2]"}, {7, "[4]"}, {13, "[10]"}, {14, "[11]"}, {15, "[1 12]"}, {30, "[16 27]"}, {90, "[76 87]"},
	} {
		o := newMailOffice(t)
		if _, _, err := o.keeper.NewTokenFor(db.By{Person: o.people["ada"].ID, Via: door.Page}, o.people["ada"].ID, credential.Grant{Name: "report", Scope: scope.Whole(), Life: time.Duration(c.days) * oneDay}); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(o.remind(c.days + 5)); got != c.want {
			t.Errorf("a token for %d days is spoken of on the days %s, want %s", c.days, got, c.want)
		}
	}
}

func TestNobodyHearsOfATokenThatActsForNobody(t *testing.T) {
	by := db.By{Via: door.Page}
	for name, end := range map[string]func(o *mailOffice, p *store.Person, id uint64) error{
		"revoked": func(o *mailOffice, p *store.Person, id uint64) error { return o.keeper.RevokeToken(by, p.ID, id) },
		"asleep":  func(o *mailOffice, _ *store.Person, _ uint64) error { _, err := o.keeper.AfterRestore(); return err },
		"of somebody disabled": func(o *mailOffice, p *store.Person, _ uint64) error {
			return o.st.Update(by, func(tx *db.Tx) error {
				p, err := store.People.Get(tx, p.ID)
				if err != nil {
					return err
				}
				p.Disabled = true
				return store.People.Put(tx, p)
			})
		},
	} {
		for when, at := range map[string]time.Duration{"before": oneDay, "between": 20 * oneDay} {
			o := newMailOffice(t)
			p := o.people["ada"]
			_, row, err := o.keeper.NewTokenFor(by, p.ID, credential.Grant{Name: "report", Scope: scope.Whole(), Life: 30 * oneDay})
			if err != nil {
				t.Fatal(err)
			}
			want := "[]"
			if when == "between" {
				want = "[16]"
			}
			first := o.remind(int(at / oneDay))
			if fmt.Sprint(first) != want {
				t.Fatalf("first %v", first)
			}
			if err := end(o, p, row.ID); err != nil {
				t.Fatal(err)
			}
			if got := o.remind(35); len(got) != 0 {
				t.Errorf("%s %s: spoken of on the days %v after", name, when, got)
			}
		}
	}
}

// TestALetterOfATokenThatIsGoneDoesNotLeave ends the token between the reminder and its letter.
func TestALetterOfATokenThatIsGoneDoesNotLeave(t *testing.T) {
	o := newMailOffice(t)
	p := o.people["ada"]
	_, row, err := o.keeper.NewTokenFor(db.By{Person: p.ID, Via: door.Page}, p.ID, credential.Grant{Name: "report", Scope: scope.Whole(), Life: 30 * oneDay})
	if err != nil {
		t.Fatal(err)
	}
	o.told(p.ID)
	o.later(28 * oneDay) // after a pause of the desk: only the last reminder
	if n, err := o.People.RemindTokens(); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if _, err := o.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	if err := o.keeper.RevokeToken(db.By{Person: p.ID, Via: door.Page}, p.ID, row.ID); err != nil {
		t.Fatal(err)
	}
	if bell, mail := o.told(p.ID); !strings.HasSuffix(bell, "ending") || mail != "" {
		t.Errorf("told %q, by mail %q", bell, mail)
	}
}

func TestMoreTokensThanOneTransactionTakesAreAllSpokenOf(t *testing.T) {
	o := newOffice(t)
	n := 0
	for _, p := range o.people {
		for range 60 {
			if _, _, err := o.keeper.NewTokenFor(db.By{Via: door.Command}, p.ID, credential.Grant{Name: "report", Scope: scope.Whole(), Life: 30 * oneDay}); err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	o.later(20 * oneDay)
	for _, want := range []int{n, 0} {
		if got, err := o.People.RemindTokens(); err != nil || got != want {
			t.Errorf("told of %d, want %d: %v", got, want, err)
		}
	}
}

const oneDay = 24 * time.Hour
