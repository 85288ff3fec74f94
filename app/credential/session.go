package credential

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// How long a session lives.
const (
	SessionIdle = 14 * 24 * time.Hour // without use
	SessionLong = 30 * 24 * time.Hour // at most
	seenEach    = 5 * time.Minute     // how often its use is recorded
	mostOpen    = 100                 // sessions of one person; beyond it the least recently used one ends
)

// SignIn is SignInFrom for an unknown browser.
func (k *Keeper) SignIn(ctx context.Context, email, password, device, addr string) (string, *store.Person, error) {
	return k.SignInFrom(ctx, email, password, device, addr, "")
}

// SignInFrom checks address and password and opens a session. It returns the secret for the cookie and the person.
// device and addr are shown in the person's list of sessions. known is the cookie from KnowBrowser.
//
// An unknown address, a wrong password, and a person who may not enter or has no password all get the same Invalid
// "error.sign-in", after the same work. After 5 failures for one e-mail address, or 100 from one network, within 15
// minutes it returns TooMany "error.too-many" with Args "seconds" for a time that grows with each further failure,
// whether or not the password is right. Success clears the account's failures. A browser known to the person has 5
// failures of its own; other failures do not count for it.
func (k *Keeper) SignInFrom(ctx context.Context, email, password, device, addr, known string) (string, *store.Person, error) {
	account := cut(spelling.Address(email), 320)
	who, err := k.byAddress(account)
	if err != nil {
		return "", nil, err
	}
	now := k.clock()
	counts := []count{{k.places, place(addr), false}, {k.accounts, account, true}}
	name := k.known(who, known, now)
	if name != "" {
		counts = []count{{k.browsers, strconv.FormatUint(who.ID, 10) + " " + name, true}}
	}
	secret, person, err := counted(counts, now, func() (string, *store.Person, error) { return k.signIn(ctx, who, password, device, addr, name == "") })
	if fault.KindOf(err) == fault.Invalid && k.refused != nil {
		a := Attempt{Account: account, Address: cut(addr, 64), Device: cut(device, 200)}
		if who != nil {
			a.Person = who.ID
		}
		k.refused(a)
	}
	return secret, person, err
}

// count is a name in a limiter. Success clears its failures, or restores them to what they were before the attempt.
type count struct {
	limiter *limiter
	name    string
	forget  bool
}

// counted calls try unless one of the counts must wait. An Invalid error counts as a failure; other errors reveal
// nothing about the password and do not count.
func counted(counts []count, now time.Time, try func() (string, *store.Person, error)) (string, *store.Person, error) {
	for i, c := range counts {
		if wait := c.limiter.try(c.name, now); wait > 0 {
			for _, before := range counts[:i] {
				before.limiter.takeBack(before.name)
			}
			return "", nil, tooMany(wait)
		}
	}
	secret, person, err := try()
	for _, c := range counts {
		switch {
		case err == nil && c.forget:
			c.limiter.clear(c.name)
		case err == nil || fault.KindOf(err) != fault.Invalid:
			c.limiter.takeBack(c.name)
		}
	}
	return secret, person, err
}

// byAddress returns the person with the address, nil when there is none.
func (k *Keeper) byAddress(account string) (*store.Person, error) {
	var p *store.Person
	err := k.store.View(func(tx *db.Tx) (err error) {
		p, err = store.PeopleByEmail.First(tx, account)
		if errors.Is(err, fault.ErrNotFound) {
			p, err = nil, nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("credential: look up person: %w", err)
	}
	return p, nil
}

// How long a proof of identity counts for a signed-in person.
const (
	ConfirmLasts = 5 * time.Minute  // after confirming with the password
	FreshLasts   = 15 * time.Minute // after confirming or signing in, where that is enough
)

// Confirmed reports whether the person of the session has recently confirmed who they are. Signing in does not count:
// someone who finds an open browser has not signed in.
func (k *Keeper) Confirmed(s *store.Session) bool { return k.within(s.Confirmed, ConfirmLasts) }

// Fresh reports whether the person of the session has recently signed in or confirmed who they are.
func (k *Keeper) Fresh(s *store.Session) bool {
	return k.within(s.Created, FreshLasts) || k.within(s.Confirmed, FreshLasts)
}

// within reports whether the moment, if set, was at most long ago. A moment in the future, after the clock was set
// back, does not count.
func (k *Keeper) within(at time.Time, long time.Duration) bool {
	age := k.clock().Sub(at)
	return !at.IsZero() && age >= 0 && age < long
}

// Confirm records that the person of the session confirmed who they are, if the password is right. A wrong one is
// Invalid "error.sign-in". These failures have their own count per person: they prevent nobody from signing in, and
// nobody else can use them up.
func (k *Keeper) Confirm(ctx context.Context, session uint64, person uint64, password string) error {
	_, _, err := counted([]count{{k.owners, strconv.FormatUint(person, 10), true}}, k.clock(), func() (string, *store.Person, error) {
		var p *store.Person
		err := k.store.View(func(tx *db.Tx) (err error) {
			p, err = activePerson(tx, person)
			return err
		})
		if err != nil {
			return "", nil, err
		}
		if _, err := k.judge(ctx, p, password); err != nil {
			return "", nil, err
		}
		return "", p, k.store.Update(db.By{Person: person, Via: door.Page, Act: act.Confirm}, func(tx *db.Tx) error {
			s, err := store.Sessions.Get(tx, session)
			if err != nil {
				return err
			}
			s.Confirmed = tx.Now()
			return store.Sessions.Put(tx, s)
		})
	})
	return err
}

// judge returns the stored form of the person's password if the password matches, else Invalid "error.sign-in". It
// takes as long for nil and for people without a password.
func (k *Keeper) judge(ctx context.Context, known *store.Person, password string) (string, error) {
	phc := nobody
	if known != nil && known.MayEnter(k.clock()) && known.Password != "" {
		phc = known.Password
	}
	if len(password) > MaxPassword {
		phc, password = nobody, ""
	}
	release, err := takeCore(ctx)
	if err != nil {
		return "", err
	}
	ok, err := matches(password, phc)
	release()
	if err != nil {
		return "", err
	}
	if !ok || phc == nobody {
		return "", fault.New(fault.Invalid, "error.sign-in")
	}
	return phc, nil
}

func (k *Keeper) signIn(ctx context.Context, known *store.Person, password, device, addr string, strange bool) (string, *store.Person, error) {
	wrong := fault.New(fault.Invalid, "error.sign-in")
	phc, err := k.judge(ctx, known, password)
	if err != nil {
		return "", nil, err
	}
	secret, hash := newSecret()
	var person *store.Person
	err = k.store.Update(db.By{Person: known.ID, Via: door.Page, Act: act.SignIn}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, known.ID)
		if errors.Is(err, fault.ErrNotFound) {
			return wrong
		}
		if err != nil {
			return err
		}
		if !p.MayEnter(tx.Now()) || p.Password != phc {
			return wrong // changed during the comparison
		}
		strange := strange && !p.LastSeen.IsZero()
		p.LastSeen = tx.Now()
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		if err := endOldest(tx, p.ID); err != nil {
			return err
		}
		person = p
		s := &store.Session{Hash: hash, Person: p.ID, Device: cut(device, 200), Addr: cut(addr, 64), Seen: tx.Now(), Ends: tx.Now().Add(SessionIdle)}
		if err := store.Sessions.Put(tx, s); err != nil {
			return err
		}
		if k.entered != nil {
			if err := k.entered(tx, p, s); err != nil {
				return err
			}
		}
		if !strange || k.strange == nil {
			return nil
		}
		return k.strange(tx, p, s)
	})
	if err != nil {
		return "", nil, err
	}
	return secret, person, nil
}

// endOldest ends sessions to make room for one more of the person.
func endOldest(tx *db.Tx, person uint64) error {
	var ids []uint64
	for e := range store.SessionsByPerson.Entries(tx, db.Span{Prefix: key.Of(person)}) {
		ids = append(ids, e.ID)
	}
	if len(ids) < mostOpen {
		return nil
	}
	for _, id := range ids[:len(ids)-mostOpen+1] {
		if err := store.Sessions.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// Session returns the session with the secret and its person. It returns SignIn "error.sign-in-needed" when it does not
// exist or has ended, or the person may not enter. Its use is recorded at most every five minutes and extends it to 14
// days from now, but never beyond 30 days from its beginning.
func (k *Keeper) Session(ctx context.Context, secret string) (*store.Session, *store.Person, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var s *store.Session
	var p *store.Person
	var now time.Time
	err := k.store.View(func(tx *db.Tx) (err error) {
		now = tx.Now()
		s, p, err = k.SessionTx(tx, secret)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if now.Sub(s.Seen) < seenEach {
		return s, p, nil
	}
	seen := s
	err = k.store.Update(db.By{Person: p.ID, Via: door.Page, Act: act.Seen}, func(tx *db.Tx) error {
		row, err := store.Sessions.Get(tx, s.ID)
		if err != nil {
			return err
		}
		seen = row
		if tx.Now().Sub(row.Seen) < seenEach {
			return nil // another request of the same page has recorded it
		}
		row.Seen = tx.Now()
		row.Ends = row.Seen.Add(SessionIdle)
		if last := row.Created.Add(SessionLong); row.Ends.After(last) {
			row.Ends = last
		}
		return store.Sessions.Put(tx, row)
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil, nil, errSignIn() // ended in the meantime
	case err != nil:
		// A desk that cannot write can still be read.
		slog.WarnContext(ctx, "credential: note use of session", "session", s.ID, "err", err)
		return s, p, nil
	}
	return seen, p, nil
}

// SessionTx is Session inside the caller's transaction; it does not record the use.
func (k *Keeper) SessionTx(tx *db.Tx, secret string) (*store.Session, *store.Person, error) {
	s, err := sessionBySecret(tx, secret)
	if err != nil {
		return nil, nil, err
	}
	if !open(s, tx.Now()) {
		return nil, nil, errSignIn()
	}
	p, err := activePerson(tx, s.Person)
	if err != nil {
		return nil, nil, err
	}
	return s, p, nil
}

func sessionBySecret(tx *db.Tx, secret string) (*store.Session, error) {
	if !looksLikeSecret(secret) {
		return nil, errSignIn()
	}
	s, err := store.SessionsByHash.PeekFirst(tx, hashSecret(secret))
	if errors.Is(err, fault.ErrNotFound) {
		return nil, errSignIn()
	}
	return s, err
}

func open(s *store.Session, now time.Time) bool {
	return now.Before(s.Ends) && now.Before(s.Created.Add(SessionLong))
}

// activePerson returns the person's shared row, which callers must not change, or a SignIn error when they do not exist
// or may not enter.
func activePerson(tx *db.Tx, id uint64) (*store.Person, error) {
	p, err := store.People.Peek(tx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, errSignIn()
	}
	if err != nil {
		return nil, err
	}
	if !p.MayEnter(tx.Now()) {
		return nil, errSignIn()
	}
	return p, nil
}

// SignOut ends the session with the secret. A missing session is not an error: the person is signed out either way.
func (k *Keeper) SignOut(secret string) error {
	return k.store.Update(db.By{Via: door.Page, Act: act.SignOut}, func(tx *db.Tx) error {
		s, err := sessionBySecret(tx, secret)
		if errors.Is(err, fault.ErrSignIn) {
			return nil
		}
		if err != nil {
			return err
		}
		return store.Sessions.Delete(tx, s.ID)
	})
}

// SessionsOf returns the person's open sessions, most recently used first.
func (k *Keeper) SessionsOf(person uint64) ([]*store.Session, error) {
	var out []*store.Session
	err := k.store.View(func(tx *db.Tx) (err error) {
		out, err = k.SessionsOfTx(tx, person)
		return err
	})
	return out, err
}

// SessionsOfTx is SessionsOf inside the caller's transaction.
func (k *Keeper) SessionsOfTx(tx *db.Tx, person uint64) ([]*store.Session, error) {
	var out []*store.Session
	for s, err := range store.SessionsByPerson.Rows(tx, db.Span{Prefix: key.Of(person), Desc: true}) {
		if err != nil {
			return nil, err
		}
		if open(s, tx.Now()) {
			out = append(out, s)
		}
	}
	return out, nil
}

// EndSession ends one session of the person. It returns a NotFound error when the session does not exist or is not
// theirs.
func (k *Keeper) EndSession(person, session uint64) error {
	return k.store.Update(db.By{Person: person, Via: door.Page, Act: act.EndSession}, func(tx *db.Tx) error {
		s, err := store.Sessions.Get(tx, session)
		if err != nil {
			return err
		}
		if s.Person != person {
			return fault.New(fault.NotFound, "error.not-found")
		}
		return store.Sessions.Delete(tx, session)
	})
}

// EndOthers ends the person's sessions except those in keep, and returns how many it ended.
func (k *Keeper) EndOthers(person uint64, keep ...uint64) (int, error) {
	n := 0
	err := k.store.Update(db.By{Person: person, Via: door.Page, Act: act.EndSessions}, func(tx *db.Tx) (err error) {
		n, err = k.EndOthersTx(tx, person, keep...)
		return err
	})
	return n, err
}

// EndOthersTx is EndOthers inside the caller's transaction, for instance the one that disables the person.
func (k *Keeper) EndOthersTx(tx *db.Tx, person uint64, keep ...uint64) (int, error) {
	sessions, err := store.SessionsByPerson.Find(tx, person)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, s := range sessions {
		if slices.Contains(keep, s.ID) {
			continue
		}
		if err := store.Sessions.Delete(tx, s.ID); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// cut returns at most n bytes of s without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
