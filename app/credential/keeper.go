// Package credential manages what proves a person's identity: passwords, sessions, tokens and one-time links. It hides
// how secrets are made, stored and compared, how long they live, and how failed sign-ins are slowed down.
//
// A secret is 32 random bytes in base64url. The store contains only its SHA-256, so that reading the store gives no
// access. Every request is checked in one read transaction: a credential that was ended, revoked or disabled stops
// counting as soon as that transaction is on disk.
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
	"sportello/store/db"
	"sportello/store/fault"
)

// Keeper checks the credentials of one desk. Its methods are safe for concurrent use.
type Keeper struct {
	store    *db.Store
	clock    func() time.Time
	accounts *limiter // failures of unknown browsers, by e-mail address
	browsers *limiter // failures of known browsers, by person and browser
	owners   *limiter // failures of signed-in people, by person
	places   *limiter // failures by network
	asked    *limiter // links requested without signing in, by e-mail address
	askers   *limiter // and by network

	deviceKey []byte // signs the marks of known browsers

	strange func(*db.Tx, *store.Person, *store.Session) error // see TellStrange
	entered func(*db.Tx, *store.Person, *store.Session) error // see Witness
	refused func(Attempt)

	setUpMu sync.Mutex
	setUp   []byte // SHA-256 of the secret of the set-up link, nil while there is none
}

// New returns a keeper over the store, whose clock it uses.
func New(st *db.Store) *Keeper {
	k := &Keeper{store: st, clock: st.Now, accounts: newLimiter(accountLimit), browsers: newLimiter(accountLimit), owners: newLimiter(accountLimit),
		places: newLimiter(placeLimit), asked: newLimiter(accountLimit), askers: newLimiter(placeLimit), deviceKey: make([]byte, sha256.Size)}
	rand.Read(k.deviceKey)
	return k
}

// KnowBrowsersBy sets the key that signs the marks of known browsers, so that they survive a restart. It is called
// before anything else.
func (k *Keeper) KnowBrowsersBy(key []byte) { k.deviceKey = key }

// TellStrange makes tell run in the transaction of each sign-in from a browser unknown to the person, except their very
// first sign-in. It is called before anything else.
func (k *Keeper) TellStrange(tell func(*db.Tx, *store.Person, *store.Session) error) {
	k.strange = tell
}

// Attempt is somebody who was refused with an address and a password.
type Attempt struct {
	Account string // the address as they wrote it
	Person  uint64 // whose it is; 0: nobody's
	Address string // theirs on the network
	Device  string
}

// Witness makes entered run in the transaction of each sign-in, and refused after each attempt with a wrong address or
// password; who is only made to wait was not judged. It is called before anything else.
func (k *Keeper) Witness(entered func(*db.Tx, *store.Person, *store.Session) error, refused func(Attempt)) {
	k.entered, k.refused = entered, refused
}

const secretBytes = 32

// newSecret returns a secret for the person and its hash for the store.
func newSecret() (secret, hash string) {
	b := make([]byte, secretBytes)
	rand.Read(b) // never fails: the program ends when the kernel provides no randomness
	secret = base64.RawURLEncoding.EncodeToString(b)
	return secret, hashSecret(secret)
}

// hashSecret returns the SHA-256 of a secret. It needs neither salt nor slowness: 32 random bytes cannot be guessed.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// looksLikeSecret reports whether s can be one of our secrets, so that other texts, however long, do not reach the
// store.
func looksLikeSecret(s string) bool {
	return len(s) == base64.RawURLEncoding.EncodedLen(secretBytes)
}

// NewSetUp returns a new secret for the link that sets up a desk without administrator. It is kept only in memory and
// replaces the previous one.
func (k *Keeper) NewSetUp() string {
	secret, _ := newSecret()
	sum := sha256.Sum256([]byte(secret))
	k.setUpMu.Lock()
	defer k.setUpMu.Unlock()
	k.setUp = sum[:]
	return secret
}

// CheckSetUp reports whether the secret belongs to the set-up link, false when there is none. It takes the same time
// for every wrong secret.
func (k *Keeper) CheckSetUp(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	k.setUpMu.Lock()
	defer k.setUpMu.Unlock()
	return k.setUp != nil && subtle.ConstantTimeCompare(sum[:], k.setUp) == 1
}

// EndSetUp invalidates the set-up link. It is called once there is an administrator.
func (k *Keeper) EndSetUp() {
	k.setUpMu.Lock()
	defer k.setUpMu.Unlock()
	k.setUp = nil
}

func errSignIn() error { return fault.New(fault.SignIn, "error.sign-in-needed") }
