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
)

// What strangers can make is bounded: tickets by mail, in an hour, for each address and for each domain, and the room on
// disk that their held mail takes. What goes beyond the first two is held for people to judge; what goes beyond the
// third stays where it came from. Nothing of it is lost. Mail domains of the desk's own organisations have no bound.

// WhyMany is why a mail is held that goes beyond the bounds.
const WhyMany = "many"

// ErrMailRoom is why a stranger's mail is not taken now: what is held of such fills the room that they have on the disk.
var ErrMailRoom = errors.New("desk: no room for more mail from strangers")

// maxStrangers bounds how many addresses and domains are counted at once; while there are more, strangers' mail is held.
const maxStrangers = 20000

// strangers counts the tickets that mail opened in the last hour. It is used by the one that processes mail, under
// mailMu, and is made anew from the rows after a start.
type strangers struct {
	begun  bool
	opened map[string][]time.Time // by address, and by domain with an @ before it
}

// strangerKeys are what the address counts under. A domain counts with all below what its owner registered: names below
// that cost nothing (publicsuffix.org).
func strangerKeys(address string) []string {
	_, domain, _ := strings.Cut(address, "@")
	if owned, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		domain = owned
	}
	return []string{address, "@" + domain}
}

// begin counts what was opened in the hour before, newest first.
func (s *strangers) begin(tx *store.Tx) error {
	if s.begun {
		return nil
	}
	opened := map[string][]time.Time{}
	for m, err := range store.MailsByState.Rows(tx, store.Span{Prefix: store.Key(string(store.MailDone)), Desc: true}) {
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

// count returns how many there were under the key in the last hour, forgetting those before.
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

// note counts a ticket that the address opened.
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

// tooMany says why a new ticket of the sender is held, "" when it is not: the sender's address, or its domain, opened as
// many in the last hour as the configuration allows.
func (j *joining) tooMany() (string, error) {
	if j.row.Approved || j.it.post.Mail.MostPerAddress == 0 && j.it.post.Mail.MostPerDomain == 0 {
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
	for i, most := range []int{j.it.post.Mail.MostPerAddress, j.it.post.Mail.MostPerDomain} {
		if most > 0 && s.count(keys[i], j.tx.Now()) >= most {
			return WhyMany, nil
		}
	}
	if len(s.opened) >= maxStrangers {
		return WhyMany, nil
	}
	return "", nil
}

// strangersPart is how much of the free disk held mail of strangers takes at most.
const strangersPart = 10

// maxHeldCounted bounds how many held mails are counted: more than that are too many.
const maxHeldCounted = 50_000

// heldRoom is how much held mail takes, counted anew after a minute.
type heldRoom struct {
	mu    sync.Mutex
	at    time.Time
	bytes int64
}

// take counts the bytes of one more mail, and reports whether they are within the room.
func (h *heldRoom) take(tx *store.Tx, size, room int64) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := tx.Now(); h.at.IsZero() || now.Before(h.at) || now.Sub(h.at) > time.Minute {
		h.at, h.bytes = now, 0
		n := 0
		for e := range store.MailsByState.Entries(tx, store.Span{Prefix: store.Key(string(store.MailHeld))}) {
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

// noRoom reports whether a mail of the size is a stranger's, while what is held leaves no more room for such. The
// beginning of the mail says who sent it; one whose sender cannot be read there is a stranger's.
func (it *Intake) noRoom(size int64, beginning []byte) (refuse bool, err error) {
	if it.free == nil {
		return false, nil
	}
	free, known := it.free()
	if !known {
		return false, nil
	}
	err = it.st.View(func(tx *store.Tx) error {
		fits, err := it.held.take(tx, size, free/strangersPart)
		if err != nil || fits {
			refuse = false
			return err
		}
		refuse = true
		m, err := it.read(bytes.NewReader(beginning), int64(len(beginning)), 0)
		if err != nil || m.From.Email == "" {
			return nil // a sender that cannot be read is nobody we know
		}
		own, err := people.OrganisationOf(tx, m.From.Email)
		if err != nil || own != 0 {
			refuse = false
			return err
		}
		p, err := store.PeopleByEmail.PeekFirst(tx, m.From.Email)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		refuse = err == nil && p.Disabled
		return err
	})
	return refuse, err
}

// beginningOf reads the first bytes of a stored mail.
func (it *Intake) beginningOf(sum string) ([]byte, error) {
	f, err := it.st.OpenBlob(sum)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 64<<10))
}
