package credential

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

const good = "tre lepri nel fieno"

// desk is an empty store with a stopped clock and one person.
type desk struct {
	*testing.T
	*Keeper
	st    *db.Store
	now   atomic.Int64
	giada uint64
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t}
	d.now.Store(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).UnixNano())
	clock := func() time.Time { return time.Unix(0, d.now.Load()).UTC() }
	st, err := store.Open(t.TempDir(), db.Options{Clock: clock, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, finding := range st.Check() {
			t.Error(finding)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	d.st, d.Keeper = st, New(st)
	d.giada = d.person("giada.conti@uni.example", "Giada Conti")
	return d
}

func (d *desk) pass(t time.Duration) { d.now.Add(int64(t)) }

func (d *desk) person(email, name string) uint64 {
	d.Helper()
	var id uint64
	err := d.st.Update(db.By{Via: door.Command, Act: act.AddPerson}, func(tx *db.Tx) error {
		p := &store.Person{Email: email, Name: name}
		err := store.People.Put(tx, p)
		id = p.ID
		return err
	})
	d.must(err)
	return id
}

func (d *desk) change(id uint64, fn func(*store.Person)) {
	d.Helper()
	d.must(d.st.Update(db.By{Via: door.Page, Act: act.Change}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		fn(p)
		return store.People.Put(tx, p)
	}))
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) fails(err error, kind fault.Kind, key string) *fault.Error {
	d.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != kind || e.Key != key {
		d.Fatalf("error %v, want %s %s", err, kind, key)
	}
	return e
}

func (d *desk) setPassword() {
	d.Helper()
	d.must(d.SetPassword(db.By{Person: d.giada, Via: door.Page, Act: act.SetPassword}, d.giada, good))
}

func (d *desk) signedIn() string {
	d.Helper()
	secret, _, err := d.SignIn(context.Background(), "giada.conti@uni.example", good, "Firefox", "192.0.2.1")
	d.must(err)
	return secret
}

func (d *desk) tryWrong(email, addr string) error {
	_, _, err := d.SignIn(context.Background(), email, "wrong horse battery", "", addr)
	return err
}

func TestRule(t *testing.T) {
	for _, tc := range []struct{ password, key string }{
		{good, ""},
		{"qz7#Lm2!vT", ""},
		{"perché così tardi", ""},
		{"corta", "error.password-short"},
		{"àèìòùàèìò", "error.password-short"},
		{strings.Repeat("ab3d", 257), "error.password-long"},
		{"Password2026!", "error.password-common"},
		{"P@ssw0rd2026", "error.password-common"},
		{"sportello2026", "error.password-common"},
		{"1234567890", "error.password-common"},
		{"aaaaaaaaaaaa", "error.password-common"},
		{"abcdefghijkl", "error.password-common"},
		{"qwertyuiop1", "error.password-common"},
		{"Juventus1897", "error.password-common"},
		{"viva-giada.conti", "error.password-common"},
		{"il cane di Conti", "error.password-common"},
		{"il cane di C0nt1", "error.password-common"},
	} {
		err := Rule(tc.password, "giada.conti@uni.example", "Giada Conti")
		if tc.key == "" {
			if err != nil {
				t.Errorf("%q: %v", tc.password, err)
			}
			continue
		}
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != fault.Invalid || e.Key != tc.key || e.Field != "password" {
			t.Errorf("%q: %v, want %s", tc.password, err, tc.key)
		}
	}
}

func TestHash(t *testing.T) {
	first, err := Hash("perch\u00e9 così tardi")
	if err != nil {
		t.Fatal(err)
	}
	second, _ := Hash("perch\u00e9 così tardi")
	if first == second {
		t.Error("two hashes of one password are equal")
	}
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("form %q", first)
	}
	for password, want := range map[string]bool{"perch\u00e9 così tardi": true, "perche\u0301 così tardi": true, "perche così tardi": false, "": false} {
		if ok, err := matches(password, first); err != nil || ok != want {
			t.Errorf("%q matches: %v, %v", password, ok, err)
		}
	}
	if ok, err := matches("", nobody); ok || err != nil {
		t.Errorf("nobody's password: %v, %v", ok, err)
	}
	if _, err := Hash(strings.Repeat("x", MaxPassword+1)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("too long: %v", err)
	}
	for _, broken := range []string{"", "plain", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA", "$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA"} {
		if ok, err := matches("x", broken); ok || err == nil {
			t.Errorf("%q: %v, %v", broken, ok, err)
		}
	}
}

func TestSignInOpensASession(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	secret, p, err := d.SignIn(context.Background(), "  Giada.Conti@UNI.example ", good, "Firefox", "192.0.2.1")
	d.must(err)
	if p.ID != d.giada || p.LastSeen.IsZero() {
		t.Errorf("person %d, seen %v", p.ID, p.LastSeen)
	}
	s, who, err := d.Session(context.Background(), secret)
	d.must(err)
	if who.ID != d.giada || s.Device != "Firefox" || s.Addr != "192.0.2.1" {
		t.Errorf("session %+v of %d", s, who.ID)
	}
	if strings.Contains(s.Hash, secret) || len(s.Hash) != 64 {
		t.Errorf("stored as %q", s.Hash)
	}
	d.must(d.SignOut(secret))
	_, _, err = d.Session(context.Background(), secret)
	d.fails(err, fault.SignIn, "error.sign-in-needed")
	d.must(d.SignOut(secret))
}

func TestSignInGivesOneAnswerToAllWhoMayNot(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	noPassword := "silvio@uni.example"
	d.person(noPassword, "Silvio")
	disabled := d.person("ex@uni.example", "Ex")
	d.must(d.SetPassword(db.By{}, disabled, good))
	d.change(disabled, func(p *store.Person) { p.Disabled = true })
	for rule, c := range map[string]struct{ email, password string }{
		"wrong password":     {"giada.conti@uni.example", "tre lepri nel grano"},
		"empty password":     {"giada.conti@uni.example", ""},
		"endless password":   {"giada.conti@uni.example", strings.Repeat("x", 1<<20)},
		"unknown":            {"nessuno@uni.example", good},
		"without password":   {noPassword, ""},
		"disabled":           {"ex@uni.example", good},
		"no address":         {"", ""},
		"an endless address": {strings.Repeat("è", 5000), good},
	} {
		t.Run(rule, func(t *testing.T) {
			_, _, err := d.SignIn(context.Background(), c.email, c.password, "", "192.0.2.9")
			d.fails(err, fault.Invalid, "error.sign-in")
		})
	}
}

func TestFailuresSlowAnAccount(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	for _, email := range []string{"giada.conti@uni.example", "unknown@uni.example"} {
		for range 5 {
			d.fails(d.tryWrong(email, "192.0.2.1"), fault.Invalid, "error.sign-in")
		}
		e := d.fails(d.tryWrong(email, "192.0.2.2"), fault.TooMany, "error.too-many")
		if e.Args["seconds"] != 15 {
			t.Errorf("%s: wait %v seconds", email, e.Args["seconds"])
		}
	}
	_, _, err := d.SignIn(context.Background(), "giada.conti@uni.example", good, "", "192.0.2.3")
	d.fails(err, fault.TooMany, "error.too-many")

	d.pass(15 * time.Second)
	d.fails(d.tryWrong("giada.conti@uni.example", "192.0.2.1"), fault.Invalid, "error.sign-in")
	e := d.fails(d.tryWrong("giada.conti@uni.example", "192.0.2.1"), fault.TooMany, "error.too-many")
	if e.Args["seconds"] != 30 {
		t.Errorf("the second wait is %v seconds", e.Args["seconds"])
	}
	d.pass(30 * time.Second)
	d.signedIn()
	for range 4 {
		d.fails(d.tryWrong("giada.conti@uni.example", "192.0.2.1"), fault.Invalid, "error.sign-in")
	}
	d.signedIn() // success has cleared the earlier failures
}

func TestManyTriesAtOnceDoNotSlipPast(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	var judged atomic.Int64
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if fault.KindOf(d.tryWrong("giada.conti@uni.example", "192.0.2.1")) == fault.Invalid {
				judged.Add(1)
			}
		})
	}
	wg.Wait()
	if judged.Load() != 5 {
		t.Errorf("%d of 40 tries at once were judged, want 5", judged.Load())
	}
}

func TestATryThatWasNotJudgedDoesNotCount(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	for range cap(cores) {
		cores <- struct{}{}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for range 10 {
		if _, _, err := d.SignIn(ended, "giada.conti@uni.example", good, "", "192.0.2.1"); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	for range cap(cores) {
		<-cores
	}
	d.signedIn()
	if len(d.accounts.tries) != 0 || len(d.places.tries) != 0 {
		t.Errorf("kept %d accounts, %d places", len(d.accounts.tries), len(d.places.tries))
	}
}

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	t.Run("an address has a hundred", func(t *testing.T) {
		l := newLimiter(placeLimit)
		for i := range 100 {
			if wait := l.try("x", now); wait != 0 {
				t.Fatalf("try %d waits %v", i, wait)
			}
		}
		if l.try("x", now) == 0 {
			t.Fatal("try 101 does not wait")
		}
		if l.try("y", now) != 0 {
			t.Fatal("another address waits")
		}
	})
	t.Run("spread out failures are forgotten", func(t *testing.T) {
		l := newLimiter(accountLimit)
		for i := range 100 {
			if l.try("x", now.Add(time.Duration(i)*4*time.Minute)) != 0 {
				t.Fatalf("try %d waits", i)
			}
		}
	})
	t.Run("the wait grows and has an end", func(t *testing.T) {
		l, at, last := newLimiter(accountLimit), now, time.Duration(0)
		for i := range 40 {
			if l.try("x", at) != 0 {
				t.Fatalf("try %d waits although its time has come", i+1)
			}
			if i < 4 {
				continue
			}
			wait := l.try("x", at)
			if wait > accountLimit.longest {
				t.Fatalf("wait %v", wait)
			}
			if i >= 4 && wait != min(max(2*last, accountLimit.first), accountLimit.longest) {
				t.Fatalf("after %d tries %v, before %v", i+1, wait, last)
			}
			last = wait
			at = at.Add(wait)
		}
		for range 2 {
			if l.try("x", at.Add(accountLimit.window)) != 0 {
				t.Error("not forgotten after a quiet window")
			}
		}
	})
	t.Run("memory is bounded", func(t *testing.T) {
		small := accountLimit
		small.size = 50
		l := newLimiter(small)
		for i := range 5000 {
			l.try(strings.Repeat("x", i), now.Add(time.Duration(i)*time.Millisecond))
		}
		if len(l.tries) > 50 {
			t.Errorf("%d names kept", len(l.tries))
		}
	})
}

func TestSessionEnds(t *testing.T) {
	day := 24 * time.Hour
	t.Run("after fourteen days unused", func(t *testing.T) {
		d := newDesk(t)
		d.setPassword()
		secret := d.signedIn()
		d.pass(14*day - time.Second)
		_, _, err := d.Session(context.Background(), secret)
		d.must(err)
		d.pass(14 * day)
		_, _, err = d.Session(context.Background(), secret)
		d.fails(err, fault.SignIn, "error.sign-in-needed")
	})
	t.Run("after thirty days, however much it is used", func(t *testing.T) {
		d := newDesk(t)
		d.setPassword()
		secret := d.signedIn()
		for range 29 {
			d.pass(day)
			_, _, err := d.Session(context.Background(), secret)
			d.must(err)
		}
		d.pass(day)
		_, _, err := d.Session(context.Background(), secret)
		d.fails(err, fault.SignIn, "error.sign-in-needed")
	})
	t.Run("when the person is disabled", func(t *testing.T) {
		d := newDesk(t)
		d.setPassword()
		secret := d.signedIn()
		d.change(d.giada, func(p *store.Person) { p.Disabled = true })
		_, _, err := d.Session(context.Background(), secret)
		d.fails(err, fault.SignIn, "error.sign-in-needed")
	})
	t.Run("when the password changes, but for the one that changed it", func(t *testing.T) {
		d := newDesk(t)
		d.setPassword()
		here, there := d.signedIn(), d.signedIn()
		s, _, err := d.Session(context.Background(), here)
		d.must(err)
		d.must(d.SetPassword(db.By{Person: d.giada}, d.giada, "quattro lepri nel fieno", s.ID))
		_, _, err = d.Session(context.Background(), here)
		d.must(err)
		_, _, err = d.Session(context.Background(), there)
		d.fails(err, fault.SignIn, "error.sign-in-needed")
	})
	t.Run("when the person ends it, and nobody else can", func(t *testing.T) {
		d := newDesk(t)
		d.setPassword()
		d.signedIn()
		d.pass(time.Minute)
		d.signedIn()
		list, err := d.SessionsOf(d.giada)
		d.must(err)
		if len(list) != 2 || !list[0].Seen.After(list[1].Seen) {
			t.Fatalf("sessions %+v", list)
		}
		other := d.person("altra@uni.example", "Altra")
		d.fails(d.EndSession(other, list[0].ID), fault.NotFound, "error.not-found")
		d.must(d.EndSession(d.giada, list[0].ID))
		d.signedIn()
		n, err := d.EndOthers(d.giada, list[1].ID)
		d.must(err)
		list, err = d.SessionsOf(d.giada)
		d.must(err)
		if n != 1 || len(list) != 1 {
			t.Errorf("ended %d, left %d", n, len(list))
		}
	})
	t.Run("for something that is no secret", func(t *testing.T) {
		d := newDesk(t)
		for _, s := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("x", 1<<16)} {
			_, _, err := d.Session(context.Background(), s)
			d.fails(err, fault.SignIn, "error.sign-in-needed")
		}
	})
}

func TestUseOfASessionIsWrittenAtMostEachFiveMinutes(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	secret := d.signedIn()
	first, _, err := d.Session(context.Background(), secret)
	d.must(err)
	d.pass(4 * time.Minute)
	s, _, err := d.Session(context.Background(), secret)
	d.must(err)
	if s.Rev != first.Rev {
		t.Error("written after four minutes")
	}
	d.pass(time.Minute)
	s, _, err = d.Session(context.Background(), secret)
	d.must(err)
	if s.Rev != first.Rev+1 || !s.Ends.Equal(s.Seen.Add(SessionIdle)) {
		t.Errorf("after five minutes %+v", s)
	}
}

func TestAPersonHasAHundredSessionsAtMost(t *testing.T) {
	d := newDesk(t)
	d.must(d.st.Update(db.By{}, func(tx *db.Tx) error {
		for i := range mostOpen + 5 {
			_, hash := newSecret()
			if err := endOldest(tx, d.giada); err != nil {
				return err
			}
			seen := tx.Now().Add(time.Duration(i) * time.Second)
			if err := store.Sessions.Put(tx, &store.Session{Hash: hash, Person: d.giada, Seen: seen, Ends: seen.Add(time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	}))
	list, err := d.SessionsOf(d.giada)
	d.must(err)
	if len(list) != mostOpen || list[0].ID != mostOpen+5 {
		t.Errorf("%d sessions, newest %d", len(list), list[0].ID)
	}
}

func TestTokens(t *testing.T) {
	d := newDesk(t)
	by := db.By{Person: d.giada, Via: door.Page, Act: act.AddPerson}
	secret, token, err := d.NewToken(by, d.giada, "invio notturno")
	d.must(err)
	_, p, err := d.Token(context.Background(), secret, netip.Addr{})
	d.must(err)
	if p.ID != d.giada || token.Name != "invio notturno" || strings.Contains(token.Hash, secret) {
		t.Errorf("token %+v of %d", token, p.ID)
	}
	list, err := d.TokensOf(d.giada)
	d.must(err)
	if len(list) != 1 || list[0].Seen.IsZero() {
		t.Fatalf("tokens %+v", list)
	}
	rev := list[0].Rev
	d.pass(59 * time.Minute)
	_, _, err = d.Token(context.Background(), secret, netip.Addr{})
	d.must(err)
	if list, _ = d.TokensOf(d.giada); list[0].Rev != rev {
		t.Error("its use was written within the hour")
	}

	d.change(d.giada, func(p *store.Person) { p.Disabled = true })
	_, _, err = d.Token(context.Background(), secret, netip.Addr{})
	d.fails(err, fault.SignIn, "error.sign-in-needed")
	_, _, err = d.NewToken(by, d.giada, "altro")
	d.fails(err, fault.Denied, "error.person-disabled")
	d.change(d.giada, func(p *store.Person) { p.Disabled = false })
	_, _, err = d.Token(context.Background(), secret, netip.Addr{})
	d.must(err)

	other := d.person("altra@uni.example", "Altra")
	d.fails(d.RevokeToken(by, other, token.ID), fault.NotFound, "error.not-found")
	d.must(d.RevokeToken(by, d.giada, token.ID))
	_, _, err = d.Token(context.Background(), secret, netip.Addr{})
	d.fails(err, fault.SignIn, "error.sign-in-needed")
	_, _, err = d.NewToken(by, 999, "nessuno")
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("token for nobody: %v", err)
	}
}

func TestLinks(t *testing.T) {
	by := db.By{Via: door.Page, Act: act.SendLink}
	t.Run("are good once, and looking does not use them up", func(t *testing.T) {
		d := newDesk(t)
		secret, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		for range 3 {
			p, err := d.Link(secret, ForPassword)
			d.must(err)
			if p.ID != d.giada {
				t.Fatalf("link of %d", p.ID)
			}
		}
		p, err := d.ChoosePassword(secret, good)
		d.must(err)
		if p.ID != d.giada {
			t.Errorf("chosen for %d", p.ID)
		}
		d.signedIn()
		_, err = d.ChoosePassword(secret, good)
		d.fails(err, fault.NotFound, "error.link-ended")
	})
	t.Run("end after three days", func(t *testing.T) {
		d := newDesk(t)
		secret, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		d.pass(LinkLife)
		_, err = d.Link(secret, ForPassword)
		d.fails(err, fault.NotFound, "error.link-ended")
	})
	t.Run("replace earlier ones of the same purpose alone", func(t *testing.T) {
		d := newDesk(t)
		first, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		other, err := d.NewLink(by, d.giada, "address")
		d.must(err)
		second, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		_, err = d.Link(first, ForPassword)
		d.fails(err, fault.NotFound, "error.link-ended")
		_, err = d.Link(second, ForPassword)
		d.must(err)
		_, err = d.Link(other, "address")
		d.must(err)
		_, err = d.Link(other, ForPassword)
		d.fails(err, fault.NotFound, "error.link-ended")
	})
	t.Run("stay good when what they are for fails", func(t *testing.T) {
		d := newDesk(t)
		secret, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		broken := errors.New("broken")
		if err := d.UseLink(secret, ForPassword, func(*db.Tx, *store.Person) error { return broken }); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		_, err = d.ChoosePassword(secret, "corta")
		d.fails(err, fault.Invalid, "error.password-short")
		_, err = d.ChoosePassword(secret, good)
		d.must(err)
	})
	t.Run("are used up by one of many at once", func(t *testing.T) {
		d := newDesk(t)
		secret, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		var used atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if d.UseLink(secret, ForPassword, func(*db.Tx, *store.Person) error { return nil }) == nil {
					used.Add(1)
				}
			})
		}
		wg.Wait()
		if used.Load() != 1 {
			t.Errorf("used %d times", used.Load())
		}
	})
	t.Run("serve no disabled person", func(t *testing.T) {
		d := newDesk(t)
		secret, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		d.change(d.giada, func(p *store.Person) { p.Disabled = true })
		_, err = d.Link(secret, ForPassword)
		d.fails(err, fault.NotFound, "error.link-ended")
	})
	t.Run("are worthless once a password was set", func(t *testing.T) {
		d := newDesk(t)
		secret, err := d.NewLink(by, d.giada, ForPassword)
		d.must(err)
		d.setPassword()
		_, err = d.Link(secret, ForPassword)
		d.fails(err, fault.NotFound, "error.link-ended")
	})
}

func TestNoSecretEntersTheChangeLog(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	token, row, err := d.NewToken(db.By{Person: d.giada}, d.giada, "x")
	d.must(err)
	_, _, err = d.Token(context.Background(), token, netip.Addr{})
	d.must(err)
	link, err := d.NewLink(db.By{Person: d.giada}, d.giada, ForPassword)
	d.must(err)
	d.signedIn()
	d.must(d.st.View(func(tx *db.Tx) error {
		for c, err := range tx.Changes(0) {
			if err != nil {
				return err
			}
			for _, f := range c.Fields {
				for _, secret := range []string{"argon2id", token, row.Hash, link, hashSecret(link)} {
					if strings.Contains(string(f.Old)+string(f.New), secret) {
						t.Errorf("change %d of %s %s says %s", c.Seq, c.Table, f.Name, f.New)
					}
				}
			}
		}
		return nil
	}))
}

func TestExpire(t *testing.T) {
	d := newDesk(t)
	d.must(d.st.Update(db.By{}, func(tx *db.Tx) error {
		for i := range 500 {
			_, hash := newSecret()
			ends := tx.Now().Add(time.Hour)
			if i%5 == 0 {
				ends = tx.Now().Add(3 * time.Hour)
			}
			if err := store.Sessions.Put(tx, &store.Session{Hash: hash, Person: d.giada, Seen: tx.Now(), Ends: ends}); err != nil {
				return err
			}
		}
		for i := range 3 {
			_, hash := newSecret()
			if err := store.Links.Put(tx, &store.Link{Hash: hash, Person: d.giada, For: "x", Ends: tx.Now().Add(time.Duration(i) * time.Hour)}); err != nil {
				return err
			}
			if err := store.Drafts.Put(tx, &store.Form{Person: d.giada, Path: "/", Ends: tx.Now().Add(time.Duration(i) * time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	}))
	d.pass(time.Hour)
	n, err := d.Expire(context.Background())
	d.must(err)
	if want := 400 + 2 + 2; n != want {
		t.Errorf("removed %d, want %d", n, want)
	}
	if n, err = d.Expire(context.Background()); n != 0 || err != nil {
		t.Errorf("removed %d more, %v", n, err)
	}
}

func TestSetUpLink(t *testing.T) {
	d := newDesk(t)
	if d.CheckSetUp("") {
		t.Error("nothing is the secret while there is none")
	}
	first := d.NewSetUp()
	second := d.NewSetUp()
	if first == second || d.CheckSetUp(first) || d.CheckSetUp("") || !d.CheckSetUp(second) {
		t.Error("only the newest is good")
	}
	d.EndSetUp()
	if d.CheckSetUp(second) {
		t.Error("good after its end")
	}
}

func BenchmarkHash(b *testing.B) {
	for b.Loop() {
		if _, err := Hash(good); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	st, err := store.Open(b.TempDir(), db.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	k := New(st)
	secret, hash := newSecret()
	err = st.Update(db.By{}, func(tx *db.Tx) error {
		p := &store.Person{Email: "a@uni.example", Name: "A"}
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		return store.Sessions.Put(tx, &store.Session{Hash: hash, Person: p.ID, Seen: tx.Now(), Ends: tx.Now().Add(time.Hour)})
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := k.Session(context.Background(), secret); err != nil {
			b.Fatal(err)
		}
	}
}
