package db

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// noted is a key that was written, with its bucket.
type noted struct {
	in  bucketName
	key string
}

// journal holds which keys have been written since a Rewrite last looked. It holds no values: what a key has now is read
// from the file when its turn comes, so that the order of the writes does not matter.
type journal struct {
	open []noted // by the transaction under way; only the committer touches it

	mu   sync.Mutex
	keys map[noted]struct{}
}

func newJournal() *journal { return &journal{keys: map[noted]struct{}{}} }

// note adds a key of the transaction under way.
func (j *journal) note(in bucketName, key []byte) { j.open = append(j.open, noted{in, string(key)}) }

// drop forgets what the transaction noted, which was not committed.
func (j *journal) drop() { j.open = j.open[:0] }

// keep has what the transaction noted, which was committed, taken by the next take. A reader that begins after that take
// sees what was written.
func (j *journal) keep() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, n := range j.open {
		j.keys[n] = struct{}{}
	}
	clear(j.open) // it must not hold the keys of one long transaction for ever
	j.open = j.open[:0]
}

// size returns how many keys there are to take.
func (j *journal) size() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.keys)
}

// take returns the keys in the order of the file and holds them no more.
func (j *journal) take() []noted {
	j.mu.Lock()
	keys := j.keys
	j.keys = map[noted]struct{}{}
	j.mu.Unlock()
	return slices.SortedFunc(maps.Keys(keys), func(a, b noted) int {
		return cmp.Or(cmp.Compare(a.in.table, b.in.table), cmp.Compare(a.in.part, b.in.part), cmp.Compare(a.key, b.key))
	})
}

// missing returns the first of the keys that are not to be taken, and whether there is one.
func (j *journal) missing(keys []noted) (noted, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, n := range keys {
		if _, ok := j.keys[n]; !ok {
			return n, true
		}
	}
	return noted{}, false
}
