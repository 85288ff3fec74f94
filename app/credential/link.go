package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// LinkLife is how long a link is valid.
const LinkLife = 3 * 24 * time.Hour

// ForPassword is the purpose of a link with which a person chooses a password.
const ForPassword = "password"

// NewLink creates a link for the purpose, valid once and for three days, and returns its secret. Earlier links of the
// person for the same purpose become invalid. It returns a NotFound error when the person does not exist.
func (k *Keeper) NewLink(by db.By, person uint64, purpose string) (string, error) {
	secret := ""
	err := k.store.Update(by, func(tx *db.Tx) (err error) {
		secret, err = k.NewLinkTx(tx, person, purpose)
		return err
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// NewLinkTx is NewLink inside the caller's transaction, for instance the one that adds the person. If the closure runs
// again it creates another secret; the last one counts.
func (k *Keeper) NewLinkTx(tx *db.Tx, person uint64, purpose string) (string, error) {
	switch p, err := store.People.Get(tx, person); {
	case err != nil:
		return "", err
	case p.IsService():
		return "", fault.New(fault.Denied, "error.service-no-link")
	}
	if err := endLinks(tx, person, purpose); err != nil {
		return "", err
	}
	secret, hash := newSecret()
	err := store.Links.Put(tx, &store.Link{Hash: hash, Person: person, For: purpose, Ends: tx.Now().Add(LinkLife)})
	return secret, err
}

// endLinks removes the person's links for the purpose; "" means every purpose.
func endLinks(tx *db.Tx, person uint64, purpose string) error {
	links, err := store.LinksByPerson.Find(tx, person)
	if err != nil {
		return err
	}
	for _, l := range links {
		if purpose != "" && l.For != purpose {
			continue
		}
		if err := store.Links.Delete(tx, l.ID); err != nil {
			return err
		}
	}
	return nil
}

// MayAsk returns nil if somebody who is not signed in may request a link for the address now, and TooMany
// "error.too-many" with Args "seconds" otherwise. Requests are slowed down like failed sign-ins, with separate counts, so
// they keep nobody from signing in. It looks up no person: cost and answer are the same for every address.
func (k *Keeper) MayAsk(email, addr string) error {
	_, _, err := counted([]count{{k.askers, place(addr), false}, {k.asked, cut(spelling.Address(email), 320), false}}, k.clock(),
		func() (string, *store.Person, error) { return "", nil, fault.New(fault.Invalid, "error.sign-in") })
	if fault.KindOf(err) == fault.TooMany {
		return err
	}
	return nil
}

// Link returns the person the link is for, without using it up. It returns NotFound "error.link-ended" when the link
// does not exist, is used, expired or for another purpose, or the person is disabled.
func (k *Keeper) Link(secret, purpose string) (*store.Person, error) {
	var p *store.Person
	err := k.store.View(func(tx *db.Tx) (err error) {
		_, p, err = k.LinkTx(tx, secret, purpose)
		return err
	})
	return p, err
}

// LinkTx is Link inside the caller's transaction; it also returns the row.
func (k *Keeper) LinkTx(tx *db.Tx, secret, purpose string) (*store.Link, *store.Person, error) {
	ended := fault.New(fault.NotFound, "error.link-ended")
	if !looksLikeSecret(secret) {
		return nil, nil, ended
	}
	l, err := store.LinksByHash.First(tx, hashSecret(secret))
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil, ended
	}
	if err != nil {
		return nil, nil, err
	}
	if l.For != purpose || !tx.Now().Before(l.Ends) {
		return nil, nil, ended
	}
	p, err := activePerson(tx, l.Person)
	if errors.Is(err, fault.ErrSignIn) {
		return nil, nil, ended
	}
	if err != nil {
		return nil, nil, err
	}
	own := *p // callers change the row
	return l, &own, nil
}

// UseLink uses up the link and calls fn, in one transaction in the person's own name; when fn fails, the link stays
// valid. It returns the errors of Link and fn. fn may run twice (see Store.Update).
func (k *Keeper) UseLink(secret, purpose string, fn func(*db.Tx, *store.Person) error) error {
	p, err := k.Link(secret, purpose)
	if err != nil {
		return err
	}
	return k.store.Update(db.By{Person: p.ID, Via: door.Page, Act: act.UseLink}, func(tx *db.Tx) error {
		l, p, err := k.LinkTx(tx, secret, purpose)
		if err != nil {
			return err
		}
		if err := store.Links.Delete(tx, l.ID); err != nil {
			return err
		}
		return fn(tx, p)
	})
}

// SetPassword sets the person's password and ends everything that gave access before: sessions except those in keep,
// links and tokens. It returns the errors of Rule, and a NotFound error when the person does not exist.
func (k *Keeper) SetPassword(by db.By, person uint64, password string, keep ...uint64) error {
	var email, name string
	err := k.store.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		email, name = p.Email, p.Name
		return nil
	})
	if err != nil {
		return err
	}
	if err := Rule(password, email, name); err != nil {
		return err
	}
	hash, err := Hash(password)
	if err != nil {
		return err
	}
	err = k.store.Update(by, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		email = p.Email
		return k.SetPasswordTx(tx, p, hash, keep...)
	})
	if err != nil {
		return err
	}
	k.accounts.clear(cut(email, 320))
	return nil
}

// SetPasswordTx is SetPassword inside the caller's transaction, with the result of Hash. It writes the row p.
func (k *Keeper) SetPasswordTx(tx *db.Tx, p *store.Person, hash string, keep ...uint64) error {
	if p.IsService() {
		return fault.New(fault.Denied, "error.service-no-link")
	}
	p.Password, p.PasswordSet = hash, tx.Now()
	if err := k.EndAllTx(tx, p, keep...); err != nil {
		return err
	}
	return store.People.Put(tx, p)
}

// EndAllTx ends everything that gives access to the person's account, except the sessions in keep: sessions, tokens,
// links of every purpose, and mailed links to read a ticket. It changes the row p, which the caller writes.
func (k *Keeper) EndAllTx(tx *db.Tx, p *store.Person, keep ...uint64) error {
	if p.ID == 0 {
		return nil // a new person has nothing yet
	}
	if _, err := k.EndOthersTx(tx, p.ID, keep...); err != nil {
		return err
	}
	tokens, err := store.TokensByPerson.Find(tx, p.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := store.Tokens.Delete(tx, t.ID); err != nil {
			return err
		}
	}
	return k.EndLinksTx(tx, p)
}

// EndLinksTx ends everything sent to the person's address that gives access: links of every purpose. It changes the row
// p, which the caller writes.
func (k *Keeper) EndLinksTx(tx *db.Tx, p *store.Person) error {
	p.Ended = tx.Now()
	return endLinks(tx, p.ID, "")
}

// ChoosePassword uses up a link ForPassword, sets its person's password and returns the person. It returns the errors
// of Link and Rule; if the password is refused, the link stays valid.
func (k *Keeper) ChoosePassword(secret, password string) (*store.Person, error) {
	p, err := k.Link(secret, ForPassword)
	if err != nil {
		return nil, err
	}
	if err := Rule(password, p.Email, p.Name); err != nil {
		return nil, err
	}
	hash, err := Hash(password)
	if err != nil {
		return nil, err
	}
	err = k.UseLink(secret, ForPassword, func(tx *db.Tx, row *store.Person) error {
		tx.Act(act.SetPassword)
		p = row
		return k.SetPasswordTx(tx, row, hash)
	})
	if err != nil {
		return nil, err
	}
	k.accounts.clear(cut(p.Email, 320))
	return p, nil
}

// expireBatch limits what one transaction removes, so that writers do not wait for it.
const expireBatch = 200

// AfterRestore invalidates the credentials of a store restored from a backup: it removes sessions and links, ends
// mailed links to tickets, takes back invitations, and puts tokens to sleep until an administrator wakes them, because some were revoked since.
// It returns how many tokens sleep.
func (k *Keeper) AfterRestore() (int, error) {
	asleep := 0
	by := db.By{Via: door.Command, Act: act.Restore}
	for _, step := range []func(*db.Tx, uint64) (uint64, int, error){
		each(store.Sessions, func(tx *db.Tx, s *store.Session) error { return store.Sessions.Delete(tx, s.ID) }, func(s *store.Session) uint64 { return s.ID }),
		each(store.Links, func(tx *db.Tx, l *store.Link) error { return store.Links.Delete(tx, l.ID) }, func(l *store.Link) uint64 { return l.ID }),
		each(store.TicketLinks, func(tx *db.Tx, l *store.TicketLink) error {
			l.Withdrawn = true
			return store.TicketLinks.Put(tx, l)
		}, func(l *store.TicketLink) uint64 { return l.ID }),
		each(store.Invitations, func(tx *db.Tx, i *store.Invitation) error {
			if i.Answer == store.Unanswered {
				i.Answer, i.Hash = store.TakenBack, ""
			}
			return store.Invitations.Put(tx, i)
		}, func(i *store.Invitation) uint64 { return i.ID }),
		each(store.Tokens, func(tx *db.Tx, t *store.Token) error {
			t.Asleep = tx.Now()
			return store.Tokens.Put(tx, t)
		}, func(t *store.Token) uint64 { return t.ID }),
	} {
		after := uint64(0)
		for {
			n, next := 0, uint64(0)
			err := k.store.Update(by, func(tx *db.Tx) (err error) {
				next, n, err = step(tx, after)
				return err
			})
			if err != nil {
				return 0, fmt.Errorf("credential: end what the backup brought back: %w", err)
			}
			if n == 0 {
				break
			}
			after = next
		}
	}
	err := k.store.View(func(tx *db.Tx) error {
		asleep = 0
		for range store.TokensAsleep.Entries(tx, db.Span{}) {
			asleep++
		}
		return nil
	})
	return asleep, err
}

// each returns a function that calls do for up to expireBatch rows after a number, and returns the last number and how
// many rows there were.
func each[T any](table *db.Table[T], do func(*db.Tx, *T) error, id func(*T) uint64) func(*db.Tx, uint64) (uint64, int, error) {
	return func(tx *db.Tx, after uint64) (uint64, int, error) {
		var rows []*T
		last := after
		for r, err := range table.All(tx, after+1, false) {
			if err != nil {
				return 0, 0, err
			}
			if rows = append(rows, r); len(rows) == expireBatch {
				break
			}
		}
		for _, r := range rows {
			last = id(r)
			if err := do(tx, r); err != nil {
				return 0, 0, err
			}
		}
		return last, len(rows), nil
	}
}

// Expire removes expired sessions, links, invitations, drafts and used keys, and returns the number of rows.
func (k *Keeper) Expire(ctx context.Context) (int, error) {
	sum := 0
	for _, kind := range []struct {
		noun  string
		batch func(*db.Tx) (int, error)
	}{
		{"sessions", batch(store.Sessions, store.SessionsByEnd)},
		{"links", batch(store.Links, store.LinksByEnd)},
		{"invitations", batch(store.Invitations, store.InvitationsByEnd)},
		{"drafts", batch(store.Drafts, store.DraftsByEnd)},
		{"used keys", batch(db.UsedKeys, db.UsedKeysByEnd)},
	} {
		for {
			if err := ctx.Err(); err != nil {
				return sum, err
			}
			n := 0
			err := k.store.Update(db.By{Via: door.Desk, Act: act.Expire}, func(tx *db.Tx) (err error) {
				n, err = kind.batch(tx)
				return err
			})
			if err != nil {
				return sum, fmt.Errorf("credential: remove ended %s: %w", kind.noun, err)
			}
			sum += n
			if n < expireBatch {
				break
			}
		}
	}
	return sum, nil
}

// batch returns a function that removes up to expireBatch expired rows of the table, found by the index of their ends.
func batch[T any](table *db.Table[T], ends *db.Index[T]) func(*db.Tx) (int, error) {
	return func(tx *db.Tx) (int, error) {
		var ids []uint64
		for e := range ends.Entries(tx, db.Span{High: key.Of(tx.Now().Add(time.Nanosecond))}) {
			if ids = append(ids, e.ID); len(ids) == expireBatch {
				break
			}
		}
		for _, id := range ids {
			if err := table.Delete(tx, id); err != nil {
				return 0, err
			}
		}
		return len(ids), nil
	}
}
