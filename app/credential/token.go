package credential

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// tokenSeenEach is how often the use of a token is recorded.
const tokenSeenEach = time.Hour

// TokenLife is the default life of a token; TokenLongest is the maximum.
const (
	TokenLife    = 365 * 24 * time.Hour
	TokenLongest = 2 * TokenLife
)

// NewToken is NewTokenFor with TokenLife.
func (k *Keeper) NewToken(by db.By, person uint64, name string) (string, *store.Token, error) {
	return k.NewTokenFor(by, person, name, TokenLife)
}

// NewTokenFor creates a token that acts for the given time with the person's current rights, and returns its secret,
// which cannot be read again, and its row. It returns a NotFound error when the person does not exist, Denied
// "error.person-disabled" when they are disabled, and Invalid "error.token-life" for a life below an hour or above
// TokenLongest.
func (k *Keeper) NewTokenFor(by db.By, person uint64, name string, life time.Duration) (string, *store.Token, error) {
	if life < time.Hour || life > TokenLongest {
		return "", nil, fault.New(fault.Invalid, "error.token-life").At("token_life")
	}
	secret, hash := newSecret()
	var token *store.Token
	err := k.store.Update(by, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		if p.Disabled {
			return fault.New(fault.Denied, "error.person-disabled")
		}
		if p.Lapsed(tx.Now()) {
			return fault.New(fault.Denied, "error.person-lapsed")
		}
		row := &store.Token{Hash: hash, Person: person, Name: cut(name, 200), Ends: tx.Now().Add(life)}
		if err := store.Tokens.Put(tx, row); err != nil {
			return err
		}
		token = row
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	return secret, token, nil
}

// Token returns the person with whose rights the token acts. It returns SignIn errors: "error.sign-in-needed" when the
// token does not exist or was revoked or the person is disabled, "error.token-ended" after its end, and
// "error.token-asleep" while it waits for an administrator. Its use is recorded at most once an hour.
func (k *Keeper) Token(ctx context.Context, secret string) (*store.Person, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var t *store.Token
	var p *store.Person
	var now time.Time
	err := k.store.View(func(tx *db.Tx) (err error) {
		now = tx.Now()
		t, p, err = k.TokenTx(tx, secret)
		return err
	})
	if err != nil {
		return nil, err
	}
	if now.Sub(t.Seen) < tokenSeenEach {
		return p, nil
	}
	err = k.store.Update(db.By{Person: p.ID, Via: door.API, Act: act.Seen}, func(tx *db.Tx) error {
		row, err := store.Tokens.Get(tx, t.ID)
		if err != nil {
			return err
		}
		if tx.Now().Sub(row.Seen) < tokenSeenEach {
			return nil
		}
		row.Seen = tx.Now()
		return store.Tokens.Put(tx, row)
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil, errSignIn() // revoked in the meantime
	case err != nil:
		slog.WarnContext(ctx, "credential: note use of token", "token", t.ID, "err", err)
	}
	return p, nil
}

// TokenTx is Token inside the caller's transaction; it also returns the row and does not record the use.
func (k *Keeper) TokenTx(tx *db.Tx, secret string) (*store.Token, *store.Person, error) {
	if !looksLikeSecret(secret) {
		return nil, nil, errSignIn()
	}
	t, err := store.TokensByHash.PeekFirst(tx, hashSecret(secret))
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil, errSignIn()
	}
	if err != nil {
		return nil, nil, err
	}
	p, err := activePerson(tx, t.Person)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !tx.Now().Before(t.Ends):
		return nil, nil, fault.New(fault.SignIn, "error.token-ended")
	case !t.Asleep.IsZero():
		return nil, nil, fault.New(fault.SignIn, "error.token-asleep")
	}
	return t, p, nil
}

// TokensOf returns the person's tokens, oldest first.
func (k *Keeper) TokensOf(person uint64) ([]*store.Token, error) {
	var out []*store.Token
	err := k.store.View(func(tx *db.Tx) (err error) {
		out, err = store.TokensByPerson.Find(tx, person)
		return err
	})
	return out, err
}

// RevokeToken revokes a token of the person at once. It returns a NotFound error when the token does not exist or is
// not theirs.
func (k *Keeper) RevokeToken(by db.By, person, token uint64) error {
	return k.store.Update(by, func(tx *db.Tx) error {
		t, err := store.Tokens.Get(tx, token)
		if err != nil {
			return err
		}
		if t.Person != person {
			return fault.New(fault.NotFound, "error.not-found")
		}
		return store.Tokens.Delete(tx, token)
	})
}
