package db

import (
	"sync/atomic"
	"time"

	"sportello/store/key"
	"sportello/store/limit"
)

// UsedKeyLife is how long a used key returns what was made under it.
const UsedKeyLife = 24 * time.Hour

// MaxUsedAnswer bounds, in bytes, the answer that is kept with a used key.
const MaxUsedAnswer = 64 << 10

// UsedKey records that an act was done under a key, and its result. The transaction of the act writes it, so that
// neither exists without the other; the answer follows in a second transaction and may be missing after a crash.
type UsedKey struct {
	Row
	Hash   string    `json:"hash"`            // of who acted, where, and the key
	Same   string    `json:"same"`            // hash of what was sent with it
	Table  string    `json:"table,omitzero"`  // of the first row that was made, if one was
	Made   uint64    `json:"made,omitzero"`   // its id
	Status int       `json:"status,omitzero"` // of the answer; 0 as long as none is kept
	To     string    `json:"to,omitzero"`     // where the answer led
	Type   string    `json:"type,omitzero"`
	Answer []byte    `json:"answer,omitempty"`
	Ends   time.Time `json:"ends"`
}

// UsedKeys holds one row for each key that was used up, until it ends.
var UsedKeys = Declare("usedkeys", Table[UsedKey]{
	Silent: true,
	Limits: limit.Fields{"hash": limit.Text(64), "same": limit.Text(64), "table": limit.Text(50), "to": limit.Text(2000), "type": limit.Text(200), "answer": limit.Entries(MaxUsedAnswer)},
})

// The ways into the used keys: by hash, and by their end to be removed.
var (
	UsedKeysByHash = UsedKeys.UniqueIndex("hash", func(k *UsedKey) [][]byte { return key.One(k.Hash) })
	UsedKeysByEnd  = UsedKeys.Index("ends", func(k *UsedKey) [][]byte { return key.One(k.Ends) })
)

// Once is the key of an act. The first transaction under it that writes anything uses the key up; those that the same
// act needs after it pass. Another act under a used key fails with Conflict "error.taken" and changes nothing.
type Once struct {
	Key  string // kept as UsedKey.Hash
	Same string
	used atomic.Pointer[UsedKey]
}

// Used returns the row of the key once the act has been done, else nil.
func (o *Once) Used() *UsedKey { return o.used.Load() }

// within has the closure use the key up in its own transaction. The caller calls done once that is on disk.
func (o *Once) within(fn func(*Tx) error) (within func(*Tx) error, done func()) {
	var row *UsedKey
	within = func(tx *Tx) error {
		row = nil
		if err := fn(tx); err != nil || !tx.wrote || o.Used() != nil {
			return err
		}
		k := &UsedKey{Hash: o.Key, Same: o.Same, Table: tx.made.table, Made: tx.made.id, Ends: tx.now.Add(UsedKeyLife)}
		if err := UsedKeys.Put(tx, k); err != nil {
			return err
		}
		row = k
		return nil
	}
	return within, func() {
		if row != nil {
			o.used.Store(row)
		}
	}
}
