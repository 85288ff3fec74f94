// Package credential keeps what proves who somebody is: passwords, sessions, tokens and links that are good once. It
// hides how secrets are made, stored and compared, how long they live, and how failed sign-ins are slowed down.
//
// A secret is 32 random bytes in base64url; the store has only its SHA-256, so that who reads the store cannot act for
// anybody. Whether somebody may act is decided at each request, in one read transaction: what was ended, revoked or
// disabled no longer counts from the moment its transaction is on disk.
package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"time"

	"sportello/store"
)

// Keeper judges the credentials of one desk. Its methods may be used by many goroutines at once.
type Keeper struct {
	store    *store.Store
	clock    func() time.Time
	accounts *limiter // failures of strangers, by address of mail
	browsers *limiter // failures of browsers that are known, by person and browser
	owners   *limiter // failures of people who are signed in, by person
	places   *limiter // failures by network

	deviceKey []byte // signs what makes a browser known

	strange func(*store.Tx, *store.Person, *store.Session) error // see TellStrange

	setUpMu sync.Mutex
	setUp   []byte // SHA-256 of the secret of the set-up link, nil while there is none
}

// New returns a keeper over the store, by whose clock it goes.
func New(st *store.Store) *Keeper {
	k := &Keeper{store: st, clock: st.Now, accounts: newLimiter(accountLimit), browsers: newLimiter(accountLimit), owners: newLimiter(accountLimit),
		places: newLimiter(placeLimit), deviceKey: make([]byte, sha256.Size)}
	rand.Read(k.deviceKey)
	return k
}

// KnowBrowsersBy gives the key that signs what makes a browser known, so that browsers stay known when the program is
// started again. It is called before anything else.
func (k *Keeper) KnowBrowsersBy(key []byte) { k.deviceKey = key }

// TellStrange has tell called in the transaction of each sign-in from a browser that is not known for the person, their
// very first sign-in excepted. It is called before anything else.
func (k *Keeper) TellStrange(tell func(*store.Tx, *store.Person, *store.Session) error) {
	k.strange = tell
}

const secretBytes = 32

// newSecret returns a secret for the person and the hash of it for the store.
func newSecret() (secret, hash string) {
	b := make([]byte, secretBytes)
	rand.Read(b) // never fails: the program ends when the kernel has no randomness
	secret = base64.RawURLEncoding.EncodeToString(b)
	return secret, hashSecret(secret)
}

// hashSecret needs neither salt nor slowness: 32 random bytes cannot be guessed.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// looksLikeSecret spares the store what cannot be a secret of ours, however long.
func looksLikeSecret(s string) bool {
	return len(s) == base64.RawURLEncoding.EncodedLen(secretBytes)
}

// NewSetUp makes the secret of the link with which a desk without administrator is set up, and returns it. It lives in
// memory alone and replaces the one before it.
func (k *Keeper) NewSetUp() string {
	secret, _ := newSecret()
	sum := sha256.Sum256([]byte(secret))
	k.setUpMu.Lock()
	defer k.setUpMu.Unlock()
	k.setUp = sum[:]
	return secret
}

// CheckSetUp reports whether the secret is that of the set-up link, false when there is none. It takes the same time
// for every wrong one.
func (k *Keeper) CheckSetUp(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	k.setUpMu.Lock()
	defer k.setUpMu.Unlock()
	return k.setUp != nil && subtle.ConstantTimeCompare(sum[:], k.setUp) == 1
}

// EndSetUp makes the set-up link worthless; called once there is an administrator.
func (k *Keeper) EndSetUp() {
	k.setUpMu.Lock()
	defer k.setUpMu.Unlock()
	k.setUp = nil
}

func errSignIn() error { return store.Fail(store.SignIn, "error.sign-in-needed") }
