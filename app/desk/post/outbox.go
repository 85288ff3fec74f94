package post

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// Reaches reports whether the desk can send mail to the person.
func (po *Post) Reaches(tx *db.Tx, p *store.Person) bool {
	return po.Mail().From != "" && entry.PlausibleAddress(p.Email) && !po.Ours(tx, p.Email) && p.MailFailed.IsZero()
}

// MailReaches reports whether the desk can send mail to the person, for instance a link.
func (po *Post) MailReaches(p *store.Person) (yes bool, err error) {
	err = po.st.View(func(tx *db.Tx) error {
		yes = po.Reaches(tx, p)
		return nil
	})
	return yes, err
}

// TellAccount notifies the person of their own account by bell, with why as the text, and by letter if mail can be sent.
// Some events are mailed even when the person caused them.
func (po *Post) TellAccount(tx *db.Tx, p *store.Person, tell store.Telling, why string) error {
	if tell.By == p.ID && !tell.Event.ToOneself() {
		return nil
	}
	if tell.By != p.ID {
		n := &store.Notice{Person: p.ID, Event: tell.Event, By: tell.By, Seq: tx.LastChange(), At: tx.Now(), Why: why}
		if err := store.Notices.Put(tx, n); err != nil {
			return err
		}
	}
	if !po.Reaches(tx, p) {
		return nil
	}
	return po.PlanAccountLetter(tx, p, p.Email, tell)
}

// PlanAccountLetter plans a letter about the account to the address. Of somebody whom the desk does not know yet the row has
// the language alone.
func (po *Post) PlanAccountLetter(tx *db.Tx, p *store.Person, to string, tell store.Telling) error {
	tell.At = tx.Now()
	l := &store.Letter{State: store.LetterQueued, Person: p.ID, To: to, Next: tx.Now(), Tells: []store.Telling{tell}}
	if p.ID == 0 {
		l.Language = p.Language
	}
	until, err := po.Crowded(tx, l)
	if err != nil {
		return err
	}
	if until.After(l.Next) {
		l.Next = until
		for o, err := range store.LettersGathering.Rows(tx, db.Span{Prefix: key.Of(p.ID, uint64(0))}) {
			if err != nil {
				return err
			}
			if e, _ := OfAccount(o); e == tell.Event && o.To == to && o.Tells[0].Token == tell.Token && o.Tells[0].Invites == tell.Invites && o.Tells[0].Access == tell.Access && o.Tells[0].Of == tell.Of && o.Tells[0].Hat == tell.Hat && slices.Equal(o.Tells[0].Rights, tell.Rights) {
				return nil // one with the same content is waiting already
			}
		}
	}
	return po.Enqueue(tx, l)
}

// OfAccount returns the event of a letter about its person's account, false for other letters.
func OfAccount(l *store.Letter) (event.Event, bool) {
	if l.Ticket == 0 && len(l.Tells) == 1 && l.Tells[0].Event.OfAccount() {
		return l.Tells[0].Event, true
	}
	return event.Event{}, false
}

// The limits of what the desk sends automatically, so that no machine that answers keeps it writing. Letters above a
// limit wait until the hour has passed and are gathered into one: they are delayed, never held. What a person writes at
// the desk is sent at once, whatever the number.
const (
	mostConfirmations = 5   // letters about opened tickets to one address in an hour
	mostToAddress     = 60  // letters to one address in an hour
	mostOfTicket      = 20  // letters about one ticket to one address in an hour
	MostGathered      = 500 // events in one letter
)

// The reasons why a letter is held or was dropped.
const (
	WhyRate        = "rate"        // a limit of an older release; see releaseLetters
	WhyUnreachable = "unreachable" // mail to the address is returned
	WhyAdmin       = "admin"       // an administrator decided
	WhyMayNotSee   = "may-not-see" // the person may no longer see the content
	WhyGone        = "gone"        // the ticket or the person no longer exists
	WhyRefused     = "refused"     // another server refuses mail from ours
	WhyTakenBack   = "taken-back"  // what it would say was taken back
)

// Enqueue writes a new letter with its Message-ID.
func (po *Post) Enqueue(tx *db.Tx, l *store.Letter) error {
	var secret [12]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	_, host, _ := strings.Cut(po.Mail().From, "@")
	l.MessageID = hex.EncodeToString(secret[:]) + "." + entry.Digits(l.Ticket) + "@" + host
	if err := store.Letters.Put(tx, l); err != nil {
		return err
	}
	return PutMailID(tx, l.MessageID, store.MailOut, l.Ticket, 0, l.ID)
}

// Crowded returns until when the letter must wait because its address has reached a limit of the hour; the zero time
// when it need not wait.
func (po *Post) Crowded(tx *db.Tx, l *store.Letter) (time.Time, error) {
	var all, opened, same []time.Time
	for o, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(l.To), Low: key.Of(tx.Now().Add(-time.Hour))}) {
		if err != nil {
			return time.Time{}, err
		}
		if o.State == store.LetterHeld || o.State == store.LetterDropped {
			continue
		}
		all = append(all, o.Created)
		if o.Ticket == l.Ticket && l.Ticket != 0 {
			same = append(same, o.Created)
		}
		if isConfirmation(o) {
			opened = append(opened, o.Created)
		}
	}
	if !isConfirmation(l) {
		opened = nil
	}
	var until time.Time
	for _, c := range []struct {
		were []time.Time
		most int
	}{{all, mostToAddress}, {same, mostOfTicket}, {opened, mostConfirmations}} {
		if n := len(c.were); n >= c.most {
			if t := c.were[n-c.most].Add(time.Hour); t.After(until) {
				until = t
			}
		}
	}
	return until, nil
}

func isConfirmation(l *store.Letter) bool {
	return len(l.Tells) > 0 && (l.Tells[0].Event == event.Opened || l.Tells[0].Event == event.Received)
}

// Wake signals that a letter may be due. Call it after the commit: before it, the sender would find nothing.
func (po *Post) Wake() {
	select {
	case po.Waits <- struct{}{}:
	default:
	}
}

// PutMailID records that a Message-ID belongs to the ticket, unless an entry at least as reliable exists.
func PutMailID(tx *db.Tx, id string, kind store.MailKind, ticket, message, letter uint64) error {
	if id == "" || len(id) > 1000 {
		return nil
	}
	hash, n := store.HashMessageID(id), 0
	for m, err := range store.MailIDsByHash.Rows(tx, db.Span{Prefix: key.Of(hash)}) {
		if err != nil {
			return err
		}
		if m.Ticket == ticket && (kind == store.MailNear || m.Kind == kind) {
			return nil
		}
		if n++; kind == store.MailNear && n >= MostOfID {
			return nil // no more than that are ever examined
		}
	}
	return store.MailIDs.Put(tx, &store.MailID{Hash: hash, Value: id, Kind: kind, Ticket: ticket, Message: message, Letter: letter})
}

// MostOfID limits how many tickets one Message-ID may belong to: a whole university may answer one announcement.
const MostOfID = 50

// MarkUnreachable marks the recipient of the letter as unreachable: mail to them is returned.
func MarkUnreachable(tx *db.Tx, l *store.Letter, why string) error {
	l.State, l.Error = store.LetterBounced, entry.Cut(why, 300)
	if err := store.Letters.Put(tx, l); err != nil {
		return err
	}
	if l.Contact != 0 {
		c, err := store.Contacts.Get(tx, l.Contact)
		if err != nil || c.Email != l.To || !c.Failed.IsZero() {
			return fault.IgnoreNotFound(err)
		}
		c.Failed = tx.Now()
		return store.Contacts.Put(tx, c)
	}
	p, err := store.People.Get(tx, l.Person)
	if err != nil || p.Email != l.To || !p.MailFailed.IsZero() {
		return fault.IgnoreNotFound(err) // the recipient of a plain acknowledgement may be unknown to the desk
	}
	p.MailFailed, p.MailFailedWhy = tx.Now(), entry.Cut(why, 300)
	did := tx.By().Act
	tx.Act(act.MailFailed)
	err = store.People.Put(tx, p)
	tx.Act(did)
	return err
}
