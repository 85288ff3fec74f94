// Package audit keeps the audit log: who signed in or was refused, what was read of confidential tickets and plans, and who changed
// rights and the desk's configuration, took much out of it, or both. Each entry holds the hash of the one before it, so that
// nobody who writes into the file of the desk changes the past unseen. Entries name people by number; what can be read of
// them lies beside the log and can be erased without breaking it.
//
//	audit.go    what is written at once: signing in, refusals, reading
//	follow.go   what is written from the change log: rights, configuration, exports
//	read.go     reading, verifying, forgetting
package audit

import (
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// Audits is the audit log of one desk.
type Audits struct {
	st  *db.Store
	log *slog.Logger

	mu   sync.Mutex
	said map[saying]time.Time // when it was last written that somebody did the same
}

// saying is what is written once in a while however often it happens.
type saying struct {
	kind store.AuditKind
	by   uint64
	what string
	of   uint64
}

// How often the same is written, and how many sayings are remembered.
const (
	refusalEach = time.Minute
	readingEach = time.Hour
	mostSaid    = 10_000
)

// New returns the audit log of the store.
func New(st *db.Store, log *slog.Logger) *Audits {
	return &Audits{st: st, log: log, said: map[saying]time.Time{}}
}

// words makes the words of an entry; what is empty is left out.
func words(people []uint64, text any) (*store.AuditWords, error) {
	raw, err := json.Marshal(text)
	if err != nil {
		return nil, err
	}
	out := &store.AuditWords{Text: string(raw)}
	for _, id := range people {
		if id != 0 {
			out.People = append(out.People, id)
		}
	}
	return out, nil
}

// attempt is what can be read of somebody who signs in, or tries to.
type attempt struct {
	Account string `json:"account,omitempty"` // what they wrote, of an attempt
	Address string `json:"address,omitempty"` // on the network; of a refusal, of what was asked for
	Device  string `json:"device,omitempty"`
}

// SignedIn writes in the transaction of a sign-in that the person signed in.
func (as *Audits) SignedIn(tx *db.Tx, p *store.Person, s *store.Session) error {
	w, err := words([]uint64{p.ID}, attempt{Address: s.Addr, Device: s.Device})
	if err != nil {
		return err
	}
	return store.AppendAudit(tx, &store.AuditEntry{Kind: store.AuditSignIn, What: act.SignIn.String(), By: p.ID, Via: door.Page, Table: store.People.Name(), Of: p.ID}, w)
}

// SignInRefused writes that somebody tried to sign in with a wrong address or password. Whether there is an account is told by the
// number alone, which administrators read.
func (as *Audits) SignInRefused(a credential.Attempt) {
	as.write(&store.AuditEntry{Kind: store.AuditSignInRefused, What: act.SignIn.String(), Via: door.Page, Table: store.People.Name(), Of: a.Person}, []uint64{a.Person},
		attempt{Account: a.Account, Address: a.Address, Device: a.Device})
}

// Refused writes that somebody signed in asked a route for what they may not; the same route once a minute.
func (as *Audits) Refused(a policy.Actor, route, address string) {
	if !a.SignedIn() || !as.first(saying{kind: store.AuditRefusal, by: a.ID(), what: route}, refusalEach) {
		return
	}
	as.write(&store.AuditEntry{Kind: store.AuditRefusal, What: route, By: a.ID(), Via: a.Via}, []uint64{a.ID()}, attempt{Address: address})
}

// Reading returns what writes that the actor read a confidential row of the table, a ticket or a plan; the same one once an
// hour. It has no words.
func (as *Audits) Reading(table string) func(a policy.Actor, of uint64) {
	return func(a policy.Actor, of uint64) {
		if as.first(saying{kind: store.AuditReading, by: a.ID(), what: table, of: of}, readingEach) {
			as.write(&store.AuditEntry{Kind: store.AuditReading, What: "read", By: a.ID(), Via: a.Via, Table: table, Of: of}, nil, nil)
		}
	}
}

// ReadFile writes that the actor opened a file of a confidential ticket; the same one once an hour.
func (as *Audits) ReadFile(a policy.Actor, ticket, file uint64) {
	if as.first(saying{kind: store.AuditReading, by: a.ID(), what: "read-file", of: file}, readingEach) {
		as.write(&store.AuditEntry{Kind: store.AuditReading, What: "read-file", By: a.ID(), Via: a.Via, Table: store.Tickets.Name(), Of: ticket}, nil, nil)
	}
}

// first reports whether the same was not written lately, and takes note of it.
func (as *Audits) first(s saying, each time.Duration) bool {
	now := as.st.Now()
	as.mu.Lock()
	defer as.mu.Unlock()
	if at, is := as.said[s]; is && now.Sub(at) < each && !now.Before(at) {
		return false
	}
	if len(as.said) >= mostSaid {
		clear(as.said) // something is written twice
	}
	as.said[s] = now
	return true
}

// write is append for what nobody waits for: who is refused, or reads, gets their answer also where it cannot be written. The
// log of the process says so.
func (as *Audits) write(e *store.AuditEntry, people []uint64, text any) {
	if err := as.append(db.By{Person: e.By, Via: e.Via}, e, people, text); err != nil {
		as.log.Error("the audit log cannot be written", "kind", e.Kind.String(), "what", e.What, "person", e.By, "err", err)
	}
}

// append appends an entry in a transaction of its own.
func (as *Audits) append(by db.By, e *store.AuditEntry, people []uint64, text any) error {
	return as.st.Update(by, func(tx *db.Tx) error {
		one := *e
		var w *store.AuditWords
		if text != nil {
			var err error
			if w, err = words(people, text); err != nil {
				return err
			}
		}
		return store.AppendAudit(tx, &one, w)
	})
}
