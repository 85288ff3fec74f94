package credential

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sportello/store"
)

// tokenSeenEach is how often the use of a token is written down.
const tokenSeenEach = time.Hour

// TokenLife is how long a token lives unless another time is chosen; TokenLongest is the longest there is.
const (
	TokenLife    = 365 * 24 * time.Hour
	TokenLongest = 2 * TokenLife
)

// NewToken is NewTokenFor with TokenLife.
func (k *Keeper) NewToken(by store.By, person uint64, name string) (string, *store.Token, error) {
	return k.NewTokenFor(by, person, name, TokenLife)
}

// NewTokenFor makes a token that acts for that long with the rights that the person has at each moment, and returns its
// secret, which cannot be read again, and its row. NotFound when there is no such person, Denied
// "error.person-disabled" when they are disabled, Invalid "error.token-life" for a life below an hour or over
// TokenLongest.
func (k *Keeper) NewTokenFor(by store.By, person uint64, name string, life time.Duration) (string, *store.Token, error) {
	if life < time.Hour || life > TokenLongest {
		return "", nil, store.Fail(store.Invalid, "error.token-life").At("token_life")
	}
	secret, hash := newSecret()
	var token *store.Token
	err := k.store.Update(by, func(tx *store.Tx) error {
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		if p.Disabled {
			return store.Fail(store.Denied, "error.person-disabled")
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

// Token returns the person with whose rights the token acts. It returns SignIn: "error.sign-in-needed" when there is no
// such token, when it was revoked or when the person is disabled, "error.token-ended" after its end,
// "error.token-asleep" while it waits for an administrator. Its use is recorded at most once an hour.
func (k *Keeper) Token(ctx context.Context, secret string) (*store.Person, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var t *store.Token
	var p *store.Person
	var now time.Time
	err := k.store.View(func(tx *store.Tx) (err error) {
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
	err = k.store.Update(store.By{Person: p.ID, Via: "api", Act: "seen"}, func(tx *store.Tx) error {
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
	case errors.Is(err, store.ErrNotFound):
		return nil, errSignIn() // revoked meanwhile
	case err != nil:
		slog.WarnContext(ctx, "credential: note use of token", "token", t.ID, "err", err)
	}
	return p, nil
}

// TokenTx is Token inside a transaction of the caller's; it also returns the row and does not note that it was used.
func (k *Keeper) TokenTx(tx *store.Tx, secret string) (*store.Token, *store.Person, error) {
	if !looksLikeSecret(secret) {
		return nil, nil, errSignIn()
	}
	t, err := store.TokensByHash.First(tx, hashSecret(secret))
	if errors.Is(err, store.ErrNotFound) {
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
		return nil, nil, store.Fail(store.SignIn, "error.token-ended")
	case !t.Asleep.IsZero():
		return nil, nil, store.Fail(store.SignIn, "error.token-asleep")
	}
	return t, p, nil
}

// TokensOf returns the tokens of the person, oldest first.
func (k *Keeper) TokensOf(person uint64) ([]*store.Token, error) {
	var out []*store.Token
	err := k.store.View(func(tx *store.Tx) (err error) {
		out, err = store.TokensByPerson.Find(tx, person)
		return err
	})
	return out, err
}

// RevokeToken revokes a token of the person at once; NotFound when it is not theirs or does not exist.
func (k *Keeper) RevokeToken(by store.By, person, token uint64) error {
	return k.store.Update(by, func(tx *store.Tx) error {
		t, err := store.Tokens.Get(tx, token)
		if err != nil {
			return err
		}
		if t.Person != person {
			return store.Fail(store.NotFound, "error.not-found")
		}
		return store.Tokens.Delete(tx, token)
	})
}
