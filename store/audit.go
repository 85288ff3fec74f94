package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/enum"
	"sportello/store/key"
	"sportello/store/limit"
)

// AuditKind is what an entry of the audit log tells of.
type AuditKind uint8

// The kinds of entry.
const (
	AuditNone          AuditKind = iota
	AuditSignIn                  // somebody signed in
	AuditSignInRefused           // somebody tried to
	AuditRefusal                 // somebody signed in asked for what they may not
	AuditReading                 // somebody of the desk read a confidential ticket or plan
	AuditRights                  // accounts, affiliations, groups, tokens
	AuditExport                  // much was taken out of the desk at once
	AuditConfiguration           // settings, catalogue, organisations, mailboxes
	AuditRetention               // older entries were removed, as the retention says
	AuditErasure                 // people or tickets were taken out of the desk for good
)

var auditKinds = []string{"", "sign-in", "sign-in-refused", "refusal", "reading", "rights", "export", "configuration", "retention", "erasure"}

// AuditKinds are the kinds there are.
func AuditKinds() (out []AuditKind) {
	for k := AuditSignIn; k <= AuditErasure; k++ {
		out = append(out, k)
	}
	return out
}

// Byte is the kind in index keys.
func (v AuditKind) Byte() byte { return byte(v) }

func (v AuditKind) String() string { return enum.Word(auditKinds, byte(v)) }

// MarshalText writes the code.
func (v AuditKind) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a code.
func (v *AuditKind) UnmarshalText(b []byte) error { return enum.Read(auditKinds, b, v) }

// AuditEntry is one link of the audit log. It names people by their numbers and nothing that can be read of them: words
// lie beside it, in AuditWords, and the entry holds their digest. It is never changed. It is removed only together with
// everything older.
type AuditEntry struct {
	db.Row
	At     time.Time `json:"at"`
	Kind   AuditKind `json:"kind"`
	What   string    `json:"what"`             // code of the act, name of the route; of a retention the sum of the last entry that was removed
	By     uint64    `json:"by,omitzero"`      // person; 0: nobody signed in, or the desk itself
	Via    door.Door `json:"via,omitzero"`     // by which way
	Table  string    `json:"of,omitzero"`      // the noun it was done to
	Of     uint64    `json:"of_id,omitzero"`   // and its number
	Change uint64    `json:"change,omitzero"`  // sequence number of the change that it tells of
	Digest string    `json:"digest,omitzero"`  // SHA-256 of salt and words, hex; empty: there were none
	Before string    `json:"before,omitempty"` // Sum of the entry before; empty: the very first one
	Sum    string    `json:"sum"`              // SHA-256 over all of the above, hex
}

// AuditWords are the words of an entry: names, addresses, values, as a JSON object. Removing the row makes them
// unreadable for ever, for nobody guesses the salt; the log stays whole.
type AuditWords struct {
	db.Row
	Entry  uint64   `json:"entry"`
	People []uint64 `json:"people,omitempty"` // whom they tell of
	Salt   string   `json:"salt"`             // 32 random bytes, hex
	Text   string   `json:"text"`
}

// AuditEntries holds the audit log. No change tells of it: it would tell of itself.
var AuditEntries = db.Declare("audit", db.Table[AuditEntry]{
	Silent: true,
	Limits: limit.Fields{"what": limit.Text(maxName), "of": limit.Text(maxWord), "digest": limit.Text(maxHash), "before": limit.Text(maxHash), "sum": limit.Text(maxHash)},
})

// MaxAuditWords is how much is kept of the words of an entry, in bytes.
const MaxAuditWords = 64 << 10

// AuditTexts holds the words of the audit log, apart from it so that they can be erased.
var AuditTexts = db.Declare("audit_words", db.Table[AuditWords]{
	Silent: true,
	Refs:   func(w *AuditWords, to db.Refer) { to("entry", "audit", w.Entry) },
	Limits: limit.Fields{"people": limit.Entries(100), "salt": limit.Text(maxHash), "text": limit.Text(MaxAuditWords)},
})

// The ways into the audit log.
var (
	AuditByTime   = AuditEntries.Index("time", func(e *AuditEntry) [][]byte { return key.One(e.At) })
	AuditByKind   = AuditEntries.Index("kind", func(e *AuditEntry) [][]byte { return key.One(e.Kind) })
	AuditByPerson = AuditEntries.Index("person", func(e *AuditEntry) [][]byte { return key.One(e.By) })
	WordsByEntry  = AuditTexts.UniqueIndex("entry", func(w *AuditWords) [][]byte { return key.One(w.Entry) })
	WordsByPerson = AuditTexts.Index("person", func(w *AuditWords) (out [][]byte) {
		for _, p := range w.People {
			out = append(out, key.Of(p))
		}
		return out
	})
)

// sum is the hash of the entry and, through Before, of all that are older. Each part goes in with its length, so that
// no two entries are the same bytes.
func (e *AuditEntry) sum() string {
	h := sha256.New()
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	for _, part := range []string{e.Before, e.At.UTC().Format(time.RFC3339Nano), e.Kind.String(), e.What, number(e.By), e.Via.String(), e.Table, number(e.Of), number(e.Change), e.Digest} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (w *AuditWords) digest() string {
	sum := sha256.Sum256([]byte(w.Salt + w.Text))
	return hex.EncodeToString(sum[:])
}

// AppendAudit appends the entry to the audit log, with the words, if there are any. It is the only way in.
func AppendAudit(tx *db.Tx, e *AuditEntry, words *AuditWords) error {
	last, err := LastAudit(tx)
	if err != nil {
		return err
	}
	if last != nil {
		e.Before = last.Sum
	}
	if words != nil {
		salt := make([]byte, 32)
		rand.Read(salt)
		words.Salt = hex.EncodeToString(salt)
		e.Digest = words.digest()
	}
	if e.At.IsZero() {
		e.At = tx.Now()
	}
	e.At = e.At.UTC()
	e.Sum = e.sum()
	if err := AuditEntries.Put(tx, e); err != nil || words == nil {
		return err
	}
	words.Entry = e.ID
	return AuditTexts.Put(tx, words)
}

// LastAudit returns the newest entry, nil when there is none. Its Sum stands for the whole log.
func LastAudit(tx *db.Tx) (*AuditEntry, error) {
	for e, err := range AuditEntries.All(tx, 0, true) {
		return e, err
	}
	return nil, nil
}

// VerifyAudit compares an entry with the one before it, nil for the oldest one there is, and its words with what it says
// of them; nil words may have been erased. It returns what is wrong, empty when nothing is.
func VerifyAudit(before, e *AuditEntry, words *AuditWords) string {
	switch {
	case e.Sum != e.sum():
		return "was changed"
	case before != nil && e.Before != before.Sum:
		return "does not follow the one before it"
	case words != nil && words.digest() != e.Digest:
		return "has other words than were written"
	}
	return ""
}
