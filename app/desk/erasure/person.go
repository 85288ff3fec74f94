package erasure

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Sample is a text of which something would go.
type Sample struct {
	Ticket        uint64
	Before, After string
}

// Person is what erasing somebody would take away.
type Person struct {
	Who     *store.Person // without password
	Why     string        // key of the sentence why it cannot be; empty: it can
	Alike   bool          // somebody else has the name
	Tickets int           // on whose requester's side they are, which stay
	Words   []string      // that are looked for in all texts
	Samples []Sample
	Files   []*store.File // that they sent
	More    bool          // there is more than was looked at
}

// How much a preview looks at and shows.
const (
	mostTickets = 300
	mostSamples = 12
	mostFiles   = 50
	aroundWords = 60 // bytes shown before and after what goes
)

// refusal returns the key of the sentence why the person cannot be erased, empty when they can.
func refusal(tx *db.Tx, a policy.Actor, p *store.Person) (string, error) {
	switch {
	case a.ID() == p.ID:
		return "erasure.refused-self", nil
	case !p.Erased.IsZero():
		return "erasure.refused-already", nil
	case p.IsService():
		return "erasure.refused-service", nil
	case p.Administrator || p.Editor || p.IsAgent():
		return "erasure.refused-roles", nil
	}
	for _, err := range store.PeopleByOwner.PeekRows(tx, db.Span{Prefix: key.Of(p.ID)}) {
		return "erasure.refused-owner", err
	}
	return "", nil
}

// Preview returns what erasing the person would take away. Only administrators may call it.
func (es *Erasures) Preview(a policy.Actor, id uint64) (out *Person, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	err = es.st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		p.Password = ""
		out = &Person{Who: p, Words: wordsOf(p.Email, p.Name, p.Phone)}
		if out.Why, err = refusal(tx, a, p); err != nil {
			return err
		}
		if out.Alike, err = alike(tx, p); err != nil {
			return err
		}
		return out.look(tx)
	})
	return out, err
}

// look reads the person's tickets for what would go.
func (out *Person) look(tx *db.Tx) error {
	e := newEraser(out.Words)
	sample := func(ticket uint64, texts ...string) {
		for _, text := range texts {
			if len(out.Samples) < mostSamples {
				if before, after, is := e.sample(text); is {
					out.Samples = append(out.Samples, Sample{ticket, before, after})
				}
			}
		}
	}
	for t, err := range store.TicketsBySide.Rows(tx, db.Span{Prefix: key.Of(out.Who.ID), Desc: true}) {
		if err != nil {
			return err
		}
		if out.Tickets++; out.Tickets > mostTickets {
			out.More = true
			return nil
		}
		sample(t.ID, t.Subject)
		messages, err := store.MessagesByTicket.Find(tx, t.ID)
		if err != nil {
			return err
		}
		for _, m := range messages {
			sample(t.ID, m.Body)
		}
		for f, err := range store.FilesByTicket.Rows(tx, db.Span{Prefix: key.Of(t.ID)}) {
			if err != nil {
				return err
			}
			if f.Person != out.Who.ID {
				continue
			}
			if len(out.Files) == mostFiles {
				out.More = true
				break
			}
			out.Files = append(out.Files, f)
		}
	}
	return nil
}

// sample returns the place of the text of which something goes, before and after; false when nothing does.
func (e *eraser) sample(text string) (before, after string, is bool) {
	after = e.clean(text)
	if after == text {
		return "", "", false
	}
	begin := 0
	for begin < len(text) && begin < len(after) && text[begin] == after[begin] {
		begin++
	}
	cut := func(s string) string {
		from, to := max(0, begin-aroundWords), min(len(s), begin+aroundWords)
		for from > 0 && !utf8.RuneStart(s[from]) {
			from--
		}
		for to < len(s) && !utf8.RuneStart(s[to]) {
			to++
		}
		return strings.ToValidUTF8(s[from:to], "")
	}
	return cut(text), cut(after), true
}

// ErasePerson takes out of the desk who the person is: at once their account, their name and address; then, in steps, whatever
// tells of them in any row, and the originals of their mails. Their tickets stay. With files, what they sent goes as well. It
// returns Conflict with the sentence of a Preview's Why. Only administrators may call it.
func (es *Erasures) ErasePerson(a policy.Actor, id uint64, files bool) (*store.Erasure, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Erasure
	err := es.st.Update(a.By(act.ErasePerson), func(tx *db.Tx) (err error) {
		out, err = es.erasePerson(tx, a, id, files)
		return err
	})
	if err == nil {
		es.poke()
	}
	return out, err
}

func (es *Erasures) erasePerson(tx *db.Tx, a policy.Actor, id uint64, files bool) (*store.Erasure, error) {
	p, err := store.People.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if !a.System {
		why, err := refusal(tx, a, p)
		if err != nil {
			return nil, err
		}
		if why != "" {
			return nil, fault.New(fault.Conflict, why)
		}
	}
	e := &store.Erasure{Kind: store.ErasePerson, Of: id, By: a.ID(), Files: files, State: store.ErasureRunning, Words: wordsOf(p.Email, p.Name, p.Phone)}
	if e.Alike, err = alike(tx, p); err != nil {
		return nil, err
	}
	tx.Erasing()
	if err := es.keeper.EndAllTx(tx, p); err != nil {
		return nil, err
	}
	*p = store.Person{Row: p.Row, Email: fmt.Sprintf("%d@omissis.invalid", id), Name: Omitted, Disabled: true, Ended: p.Ended, Erased: tx.Now()}
	if err := store.People.Put(tx, p); err != nil {
		return nil, err
	}
	return e, store.Erasures.Put(tx, e)
}
