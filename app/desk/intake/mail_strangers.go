package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// What strangers can cause is limited: the tickets opened by mail in an hour, for each address and each domain, and the
// disk space of their held mail. Mail above the first two limits is held for people to judge; mail above the third
// stays where it came from. Nothing is lost. Mail domains of the desk's own organisations have no limit.

// WhyMany is the reason for holding mail above the limits.
const WhyMany = "many"

// ErrMailRoom says that a stranger's mail cannot be accepted now, because held mail fills the disk space for strangers.
var ErrMailRoom = errors.New("desk: no room for more mail from strangers")

// maxStrangers limits how many addresses and domains are counted at once; beyond it, strangers' mail is held.
const maxStrangers = 20000

// strangers counts the tickets that mail opened in the last hour. It is protected by mailMu, and is rebuilt from the
// rows after a start.
type strangers struct {
	begun  bool
	opened map[string][]time.Time // by address, and by domain with an @ before it
}

// strangerKeys returns the keys under which an address is counted. A domain counts together with everything below the
// registered name, because names below that cost nothing (publicsuffix.org).
func strangerKeys(address string) []string {
	_, domain, _ := strings.Cut(address, "@")
	if owned, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		domain = owned
	}
	return []string{address, "@" + domain}
}

// begin counts what was opened in the past hour, newest first.
func (s *strangers) begin(tx *db.Tx) error {
	if s.begun {
		return nil
	}
	opened := map[string][]time.Time{}
	for m, err := range store.MailsByState.Rows(tx, db.Span{Prefix: key.Of(string(store.MailDone)), Desc: true}) {
		if err != nil {
			return err
		}
		if m.Created.Before(tx.Now().Add(-time.Hour)) || len(opened) >= maxStrangers {
			break
		}
		if m.Joined == JoinedNew && m.Source != "import" {
			for _, k := range strangerKeys(m.From) {
				opened[k] = append(opened[k], m.Created)
			}
		}
	}
	s.begun, s.opened = true, opened
	return nil
}

// count returns the number under the key in the last hour, and forgets older ones.
func (s *strangers) count(key string, now time.Time) int {
	var kept []time.Time
	for _, at := range s.opened[key] {
		if now.Sub(at) < time.Hour {
			kept = append(kept, at)
		}
	}
	if s.opened[key] = kept; len(kept) == 0 {
		delete(s.opened, key)
	}
	return len(kept)
}

// note counts a ticket opened by the address.
func (s *strangers) note(address string, now time.Time) {
	if !s.begun {
		return
	}
	if len(s.opened) >= maxStrangers {
		for k := range s.opened {
			s.count(k, now)
		}
	}
	for _, k := range strangerKeys(address) {
		if len(s.opened) < maxStrangers || s.opened[k] != nil {
			s.opened[k] = append(s.opened[k], now)
		}
	}
}

// tooMany returns why a new ticket of the sender is held, "" when it is not: the address or its domain has opened as
// many in the last hour as the configuration allows.
func (j *joining) tooMany() (string, error) {
	if j.row.Approved || j.it.post.Mail().MostPerAddress == 0 && j.it.post.Mail().MostPerDomain == 0 {
		return "", nil
	}
	own, err := people.OrganisationOf(j.tx, j.in.sender())
	if err != nil || own != 0 {
		return "", err
	}
	s := &j.it.strangers
	if err := s.begin(j.tx); err != nil {
		return "", err
	}
	keys := strangerKeys(j.in.sender())
	for i, most := range []int{j.it.post.Mail().MostPerAddress, j.it.post.Mail().MostPerDomain} {
		if most > 0 && s.count(keys[i], j.tx.Now()) >= most {
			return WhyMany, nil
		}
	}
	if len(s.opened) >= maxStrangers {
		return WhyMany, nil
	}
	return "", nil
}

// strangersPart is the part of the free disk space that strangers' held mail may use: one tenth.
const strangersPart = 10

// maxHeldCounted limits how many held mails are counted; more than that are too many anyway.
const maxHeldCounted = 50_000

// heldRoom is the size of all held mail, computed again after a minute.
type heldRoom struct {
	mu    sync.Mutex
	at    time.Time
	bytes int64
}

// take adds the bytes of one more mail, and reports whether they fit.
func (h *heldRoom) take(tx *db.Tx, size, room int64) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := tx.Now(); h.at.IsZero() || now.Before(h.at) || now.Sub(h.at) > time.Minute {
		h.at, h.bytes = now, 0
		n := 0
		for e := range store.MailsByState.Entries(tx, db.Span{Prefix: key.Of(string(store.MailHeld))}) {
			m, err := store.Mails.Glance(tx, e.ID)
			if err != nil {
				return false, err
			}
			if h.bytes += m.Size; n == maxHeldCounted {
				h.bytes = 1 << 62
				break
			}
			n++
		}
	}
	if size > room-h.bytes {
		return false, nil
	}
	h.bytes += size
	return true, nil
}

// noRoom reports whether a mail of the size must be refused: it comes from a stranger, and held mail leaves no room.
// The beginning of the mail shows its sender; if the sender cannot be read, it counts as a stranger's.
func (it *Intake) noRoom(size int64, beginning []byte) (refuse bool, err error) {
	if it.free == nil {
		return false, nil
	}
	free, known := it.free()
	if !known {
		return false, nil
	}
	err = it.st.View(func(tx *db.Tx) error {
		fits, err := it.held.take(tx, size, free/strangersPart)
		if err != nil || fits {
			refuse = false
			return err
		}
		refuse = true
		m, err := it.read(bytes.NewReader(beginning), int64(len(beginning)), 0)
		if err != nil || m.From.Email == "" {
			return nil // an unreadable sender is unknown
		}
		own, err := people.OrganisationOf(tx, m.From.Email)
		if err != nil || own != 0 {
			refuse = false
			return err
		}
		p, err := store.PeopleByEmail.PeekFirst(tx, m.From.Email)
		if errors.Is(err, fault.ErrNotFound) {
			return nil
		}
		refuse = err == nil && p.Disabled
		return err
	})
	return refuse, err
}

// beginningOf returns the first bytes of a stored mail.
func (it *Intake) beginningOf(sum string) ([]byte, error) {
	f, err := it.st.OpenBlob(sum)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 64<<10))
}
