package desk

import (
	"strings"
	"time"

	"sportello/store"
)

// What strangers can make is bounded: tickets by mail, in an hour, for each address and for each domain. What goes beyond
// is held for people to judge; nothing of it is lost. Mail domains of the desk's own organisations have no bound.

// WhyMany is why a mail is held that goes beyond the bounds.
const WhyMany = "many"

// maxStrangers bounds how many addresses and domains are counted at once; while there are more, strangers' mail is held.
const maxStrangers = 20000

// strangers counts the tickets that mail opened in the last hour. It is used by the one that processes mail, under
// mailMu, and is made anew from the rows after a start.
type strangers struct {
	begun  bool
	opened map[string][]time.Time // by address, and by domain with an @ before it
}

func strangerKeys(address string) []string {
	_, domain, _ := strings.Cut(address, "@")
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
	if j.row.Approved || j.d.mail.MostPerAddress == 0 && j.d.mail.MostPerDomain == 0 {
		return "", nil
	}
	own, err := organisationOf(j.tx, j.in.From.Email)
	if err != nil || own != 0 {
		return "", err
	}
	s := &j.d.strangers
	if err := s.begin(j.tx); err != nil {
		return "", err
	}
	keys := strangerKeys(j.in.From.Email)
	for i, most := range []int{j.d.mail.MostPerAddress, j.d.mail.MostPerDomain} {
		if most > 0 && s.count(keys[i], j.tx.Now()) >= most {
			return WhyMany, nil
		}
	}
	if len(s.opened) >= maxStrangers {
		return WhyMany, nil
	}
	return "", nil
}
