package credential

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/scope"
)

// How often the use of a token is recorded: at all, and from an address that is new.
const (
	tokenSeenEach = time.Hour
	strangeEach   = time.Minute
)

// TokenLife is the default life of a token; TokenLongest is the maximum.
const (
	TokenLife    = 365 * 24 * time.Hour
	TokenLongest = 2 * TokenLife
)

// Grant is what a new token is made with.
type Grant struct {
	Name      string
	Scope     scope.Scope
	Addresses []string // see Addresses; none: it is taken from everywhere
	Life      time.Duration
}

// NewToken creates a token with all rights of the person, for TokenLife.
func (k *Keeper) NewToken(by db.By, person uint64, name string) (string, *store.Token, error) {
	return k.NewTokenFor(by, person, Grant{Name: name, Scope: scope.Whole(), Life: TokenLife})
}

// NewTokenFor creates a token that acts with the person's current rights as far as the grant goes, and returns its secret,
// which cannot be read again, and its row. It returns a NotFound error when the person does not exist, Denied
// "error.person-disabled" when they are disabled, "error.service-alone" for a service account without anybody it belongs
// to, Invalid "error.token-life" for a life below an hour or above TokenLongest, and "error.token-nothing" for a scope
// that admits nothing.
func (k *Keeper) NewTokenFor(by db.By, person uint64, g Grant) (string, *store.Token, error) {
	switch {
	case g.Life < time.Hour || g.Life > TokenLongest:
		return "", nil, fault.New(fault.Invalid, "error.token-life").At("token_life")
	case !g.Scope.Valid():
		return "", nil, fault.New(fault.Invalid, "error.token-nothing").At("token_nouns")
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
		if owned, err := Owned(tx, p); err != nil || !owned {
			return cmp.Or(err, error(fault.New(fault.Denied, "error.service-alone")))
		}
		row := &store.Token{Hash: hash, Person: person, Name: cut(g.Name, 200), Scope: g.Scope, Addresses: g.Addresses, Ends: tx.Now().Add(g.Life)}
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

// Owned reports whether somebody answers for what the person's tokens do: everybody for themselves, for a service account
// one of the people it belongs to, while they may sign in.
func Owned(tx *db.Tx, p *store.Person) (bool, error) {
	if !p.IsService() {
		return true, nil
	}
	for _, id := range p.Owners {
		o, err := store.People.Peek(tx, id)
		if err != nil {
			return false, err
		}
		if o.MayEnter(tx.Now()) {
			return true, nil
		}
	}
	return false, nil
}

// Token returns the token with the secret and the person with whose rights it acts, used from the address. It returns
// SignIn errors: "error.sign-in-needed" when the token does not exist or was revoked or the person is disabled,
// "error.token-ended" after its end, "error.token-asleep" while it waits for an administrator, and "error.token-address"
// from an address that it is not taken from. Its use is recorded at most once an hour; that of a service account also
// when its address is new, at most once a minute.
func (k *Keeper) Token(ctx context.Context, secret string, from netip.Addr) (*store.Token, *store.Person, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var t *store.Token
	var p *store.Person
	var now time.Time
	err := k.store.View(func(tx *db.Tx) (err error) {
		now = tx.Now()
		t, p, err = k.TokenTx(tx, secret, from)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	place := network(from)
	due := func(t *store.Token, now time.Time) (seen, strange bool) {
		strange = p.IsService() && place != "" && !slices.Contains(t.Known, place) && now.Sub(t.Seen) >= strangeEach
		return now.Sub(t.Seen) >= tokenSeenEach || strange, strange
	}
	if seen, _ := due(t, now); !seen {
		return t, p, nil
	}
	err = k.store.Update(db.By{Person: p.ID, Via: door.API, Act: act.Seen}, func(tx *db.Tx) error {
		row, err := store.Tokens.Get(tx, t.ID)
		if err != nil {
			return err
		}
		seen, strange := due(row, tx.Now())
		if !seen {
			return nil
		}
		row.Seen = tx.Now()
		if from.IsValid() {
			row.From = from.Unmap().WithZone("").String()
		}
		if strange {
			tx.Act(act.TokenElsewhere)
			if row.Known = append(row.Known, place); len(row.Known) > mostKnown {
				row.Known = row.Known[1:]
			}
		}
		return store.Tokens.Put(tx, row)
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil, nil, errSignIn() // revoked in the meantime
	case err != nil:
		slog.WarnContext(ctx, "credential: note use of token", "token", t.ID, "err", err)
	}
	return t, p, nil
}

// TokenTx is Token inside the caller's transaction; it does not record the use.
func (k *Keeper) TokenTx(tx *db.Tx, secret string, from netip.Addr) (*store.Token, *store.Person, error) {
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
	if owned, err := Owned(tx, p); err != nil || !owned {
		return nil, nil, cmp.Or(err, errSignIn())
	}
	switch {
	case !tx.Now().Before(t.Ends):
		return nil, nil, fault.New(fault.SignIn, "error.token-ended")
	case !t.Asleep.IsZero():
		return nil, nil, fault.New(fault.SignIn, "error.token-asleep")
	case !takenFrom(t.Addresses, from):
		return nil, nil, fault.New(fault.SignIn, "error.token-address")
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
