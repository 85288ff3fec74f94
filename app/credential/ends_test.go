package credential

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// opened holds everything that gives access to one account.
type opened struct {
	d                    *desk
	session, token, link string
}

func (d *desk) open() *opened {
	d.Helper()
	d.setPassword()
	o := &opened{d: d, session: d.signedIn()}
	var err error
	o.token, _, err = d.NewToken(db.By{}, d.giada, "report")
	d.must(err)
	o.link, err = d.NewLink(db.By{}, d.giada, ForPassword)
	d.must(err)
	return o
}

// opens returns, in letters, which of them still give access: session, token, link.
func (o *opened) opens() string {
	out := ""
	if _, _, err := o.d.Session(context.Background(), o.session); err == nil {
		out += "s"
	}
	if _, _, err := o.d.Token(context.Background(), o.token, netip.Addr{}); err == nil {
		out += "t"
	}
	if _, err := o.d.Link(o.link, ForPassword); err == nil {
		out += "l"
	}
	return out
}

func TestWhatOpenedAnAccountEnds(t *testing.T) {
	for rule, c := range map[string]struct {
		act  func(*desk, *opened) error
		left string
	}{
		"with another password": {func(d *desk, _ *opened) error { return d.SetPassword(db.By{}, d.giada, "quattro lepri nel fieno") }, ""},
		"but for the session that chose it": {func(d *desk, o *opened) error {
			s, _, err := d.Session(context.Background(), o.session)
			d.must(err)
			return d.SetPassword(db.By{}, d.giada, "quattro lepri nel fieno", s.ID)
		}, "s"},
		"with a password chosen by link": {func(d *desk, o *opened) error {
			_, err := d.ChoosePassword(o.link, "quattro lepri nel fieno")
			return err
		}, ""},
		"while the person is disabled": {func(d *desk, _ *opened) error {
			d.change(d.giada, func(p *store.Person) { p.Disabled = true })
			return nil
		}, ""},
		"with a restore, where tokens sleep": {func(d *desk, _ *opened) error {
			n, err := d.AfterRestore()
			if n != 1 {
				t.Errorf("%d tokens sleep, want 1", n)
			}
			return err
		}, ""},
	} {
		t.Run(rule, func(t *testing.T) {
			d := newDesk(t)
			o := d.open()
			if got := o.opens(); got != "stl" {
				t.Fatalf("before: %q", got)
			}
			d.must(c.act(d, o))
			if got := o.opens(); got != c.left {
				t.Errorf("still open: %q, want %q", got, c.left)
			}
		})
	}
}

func TestATokenEnds(t *testing.T) {
	d := newDesk(t)
	for _, life := range []time.Duration{0, -time.Hour, time.Minute, TokenLongest + 1} {
		_, _, err := d.NewTokenFor(db.By{}, d.giada, Grant{Name: "", Scope: scope.Whole(), Life: life})
		d.fails(err, fault.Invalid, "error.token-life")
	}
	secret, row, err := d.NewTokenFor(db.By{}, d.giada, Grant{Name: "", Scope: scope.Whole(), Life: 48 * time.Hour})
	d.must(err)
	if row.Ends.IsZero() {
		t.Error("it has no end")
	}
	d.pass(48*time.Hour - 1)
	_, _, err = d.Token(context.Background(), secret, netip.Addr{})
	d.must(err)
	d.pass(1)
	_, _, err = d.Token(context.Background(), secret, netip.Addr{})
	d.fails(err, fault.SignIn, "error.token-ended")
}

func TestASleepingTokenSaysSo(t *testing.T) {
	d := newDesk(t)
	o := d.open()
	n, err := d.AfterRestore()
	d.must(err)
	if n != 1 {
		t.Errorf("%d sleep", n)
	}
	_, _, err = d.Token(context.Background(), o.token, netip.Addr{})
	d.fails(err, fault.SignIn, "error.token-asleep")
}

func TestARestoreEndsAllHoweverManyThereAre(t *testing.T) {
	d := newDesk(t)
	d.must(d.st.Update(db.By{}, func(tx *db.Tx) error {
		owner := uint64(0)
		for i := range 2*expireBatch + 7 {
			if i%50 == 0 { // nobody has that many
				p := &store.Person{Email: fmt.Sprintf("p%d@uni.example", i)}
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
				owner = p.ID
			}
			if err := store.Tokens.Put(tx, &store.Token{Hash: fmt.Sprint(i), Person: owner, Ends: tx.Now().Add(time.Hour)}); err != nil {
				return err
			}
			if err := store.Sessions.Put(tx, &store.Session{Hash: fmt.Sprint(i), Person: d.giada, Seen: tx.Now(), Ends: tx.Now().Add(time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	}))
	n, err := d.AfterRestore()
	d.must(err)
	left, err := d.SessionsOf(d.giada)
	d.must(err)
	if n != 2*expireBatch+7 || len(left) != 0 {
		t.Errorf("%d tokens sleep, %d sessions are left", n, len(left))
	}
}

// from tries to sign in as Giada from a browser with the cookie.
func (d *desk) from(cookie, addr, password string) error {
	_, _, err := d.SignInFrom(context.Background(), "giada.conti@uni.example", password, "", addr, cookie)
	return err
}

func (d *desk) row(id uint64) (p *store.Person) {
	d.Helper()
	d.must(d.st.View(func(tx *db.Tx) (err error) { p, err = store.People.Get(tx, id); return err }))
	return p
}

func TestNobodyKeepsTheOwnerOut(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	mine := d.KnowBrowser(d.row(d.giada), "")
	other := d.person("altra@uni.example", "Altra")
	d.must(d.SetPassword(db.By{}, other, good))
	theirs := d.KnowBrowser(d.row(other), "")
	for range 20 {
		d.pass(15 * time.Minute)
		for range 6 {
			_ = d.from("", "192.0.2.66", "wrong horse battery")
		}
	}
	d.fails(d.from("", "192.0.2.7", good), fault.TooMany, "error.too-many")
	for what, cookie := range map[string]string{"another person's mark": theirs, "a mark cut short": mine[:len(mine)-2], "nonsense": "x.y.z", "a mark changed": "A" + mine[1:] + "A"} {
		t.Run(what, func(t *testing.T) { d.fails(d.from(cookie, "192.0.2.7", good), fault.TooMany, "error.too-many") })
	}
	d.must(d.from(mine, "192.0.2.66", good))                                // even from the attacker's network
	d.fails(d.from("", "192.0.2.7", good), fault.TooMany, "error.too-many") // and that gives the attacker no new attempts

	// A known browser has its own attempts, and as few of them.
	for range 5 {
		d.fails(d.from(mine, "192.0.2.1", "wrong horse battery"), fault.Invalid, "error.sign-in")
	}
	d.fails(d.from(mine, "192.0.2.1", good), fault.TooMany, "error.too-many")
	d.pass(time.Hour)
	d.must(d.from(mine, "192.0.2.1", good))

	// A browser known for two people is known for both.
	both := d.KnowBrowser(d.row(other), mine)
	if !d.IsKnown(d.row(d.giada), both) || !d.IsKnown(d.row(other), both) {
		t.Error("the browser forgot somebody")
	}
	for range 2 * mostMarks {
		both = d.KnowBrowser(d.row(other), both)
	}
	if !d.IsKnown(d.row(d.giada), both) {
		t.Error("signing in again pushed out another person")
	}

	d.must(d.SetPassword(db.By{}, d.giada, "quattro lepri nel fieno"))
	if d.IsKnown(d.row(d.giada), mine) {
		t.Error("known by the password before")
	}
	d.pass(BrowserLife)
	if d.IsKnown(d.row(other), theirs) {
		t.Error("known for ever")
	}
}

func TestAnAddressCountsByItsNetwork(t *testing.T) {
	for _, same := range [][2]string{{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"}, {"192.0.2.1", "::ffff:192.0.2.1"}, {"fe80::1%eth0", "fe80::2"}} {
		if place(same[0]) != place(same[1]) {
			t.Errorf("%s and %s are two networks", same[0], same[1])
		}
	}
	for _, two := range [][2]string{{"2001:db8:1:2::1", "2001:db8:1:3::1"}, {"192.0.2.1", "192.0.2.2"}, {"", "unknown"}} {
		if place(two[0]) == place(two[1]) {
			t.Errorf("%s and %s are one network", two[0], two[1])
		}
	}
	d := newDesk(t)
	for i := range 100 {
		d.fails(d.tryWrong(fmt.Sprintf("x%d@uni.example", i), fmt.Sprintf("2001:db8::%x", i)), fault.Invalid, "error.sign-in")
	}
	d.fails(d.tryWrong("y@uni.example", "2001:db8::ffff"), fault.TooMany, "error.too-many")
	d.fails(d.tryWrong("y@uni.example", "2001:db8:0:1::1"), fault.Invalid, "error.sign-in")
}

func TestConfirmingHasACountOfItsOwn(t *testing.T) {
	d := newDesk(t)
	d.setPassword()
	s, _, err := d.Session(context.Background(), d.signedIn())
	d.must(err)
	if d.Confirmed(s) {
		t.Error("signing in counts as confirming")
	}
	for range 6 {
		_ = d.tryWrong("giada.conti@uni.example", "192.0.2.66")
	}
	d.must(d.Confirm(context.Background(), s.ID, d.giada, good)) // strangers cannot use up these attempts
	list, err := d.SessionsOf(d.giada)
	d.must(err)
	if !d.Confirmed(list[0]) {
		t.Error("it does not count")
	}
	d.pass(ConfirmLasts)
	if d.Confirmed(list[0]) {
		t.Error("it counts for ever")
	}
	d.pass(time.Hour)
	for range 5 {
		d.fails(d.Confirm(context.Background(), s.ID, d.giada, "wrong horse battery"), fault.Invalid, "error.sign-in")
	}
	d.fails(d.Confirm(context.Background(), s.ID, d.giada, good), fault.TooMany, "error.too-many")
	d.signedIn() // and it prevents nobody from signing in
}
