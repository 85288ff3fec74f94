package post

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/store"
)

// Reaches reports whether mail goes out to the person.
func (po *Post) Reaches(tx *store.Tx, p *store.Person) bool {
	return po.Mail.From != "" && entry.PlausibleAddress(p.Email) && !po.Ours(tx, p.Email) && p.MailFailed.IsZero()
}

// MailReaches reports whether mail goes out to the person, so that a link can be sent to them.
func (po *Post) MailReaches(p *store.Person) (yes bool, err error) {
	err = po.st.View(func(tx *store.Tx) error {
		yes = po.Reaches(tx, p)
		return nil
	})
	return yes, err
}

// What a person is told of their own account. Of some of it they are told although they did it themselves, by mail:
// whoever got hold of the account is to the desk that person.
var (
	// AccountEvents are all of them.
	AccountEvents = []string{"invited", "link", "handed", "rights", "password", "address", "token", "woken", "ending", "browser"}
	// ownToo are those told to who did it.
	ownToo = []string{"password", "address", "token", "woken", "browser"}
	// LinkEvents are those whose letter carries a link for choosing a password.
	LinkEvents = []string{"invited", "link"}
)

// AccountEvent reports whether the notice or letter is about the person's account, not about a ticket.
func AccountEvent(event string) bool { return slices.Contains(AccountEvents, event) }

// TellAccount tells the person by bell, with the words of why, and, where mail goes out, by letter.
func (po *Post) TellAccount(tx *store.Tx, p *store.Person, tell store.Telling, why string) error {
	if tell.By == p.ID && !slices.Contains(ownToo, tell.Event) {
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

// PlanAccountLetter plans a letter about the account to the address.
func (po *Post) PlanAccountLetter(tx *store.Tx, p *store.Person, to string, tell store.Telling) error {
	tell.At = tx.Now()
	l := &store.Letter{State: store.LetterQueued, Person: p.ID, To: to, Next: tx.Now(), Tells: []store.Telling{tell}}
	until, err := po.Crowded(tx, l)
	if err != nil {
		return err
	}
	if until.After(l.Next) {
		l.Next = until
		for o, err := range store.LettersGathering.Rows(tx, store.Span{Prefix: store.Key(p.ID, uint64(0))}) {
			if err != nil {
				return err
			}
			if OfAccount(o) == tell.Event && o.To == to && o.Tells[0].Token == tell.Token && slices.Equal(o.Tells[0].Rights, tell.Rights) {
				return nil // one that says the same waits already
			}
		}
	}
	return po.Enqueue(tx, l)
}

// OfAccount is the event of a letter about the account of its person, "" for other letters.
func OfAccount(l *store.Letter) string {
	if l.Ticket == 0 && len(l.Tells) == 1 && AccountEvent(l.Tells[0].Event) {
		return l.Tells[0].Event
	}
	return ""
}

// How much the desk sends by itself, so that no machine that answers it keeps it writing. What goes beyond waits until the
// hour has passed, gathered into one letter: it is delayed, never held. What a person writes at the desk goes at once,
// however much it is.
const (
	mostConfirmations = 5   // of tickets opened, to one address in an hour
	mostToAddress     = 60  // letters to one address in an hour
	mostOfTicket      = 20  // letters about one ticket to one address in an hour
	MostGathered      = 500 // events in one letter
)

// Reasons why a letter is held or was dropped.
const (
	WhyRate        = "rate"        // a limit of what the desk sent, in an older release; see releaseLetters
	WhyUnreachable = "unreachable" // mail to the address comes back
	WhyAdmin       = "admin"       // an administrator decided
	WhyMayNotSee   = "may-not-see" // the person may no longer see what it would tell
	WhyGone        = "gone"        // ticket or person are no more
	WhyRefused     = "refused"     // it failed: another server does not let ours in
)

// Enqueue writes a new letter with the Message-ID it will have.
func (po *Post) Enqueue(tx *store.Tx, l *store.Letter) error {
	var secret [12]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	_, host, _ := strings.Cut(po.Mail.From, "@")
	l.MessageID = hex.EncodeToString(secret[:]) + "." + entry.Digits(l.Ticket) + "@" + host
	if err := store.Letters.Put(tx, l); err != nil {
		return err
	}
	return PutMailID(tx, l.MessageID, store.MailOut, l.Ticket, 0, l.ID)
}

// Crowded returns until when the letter has to wait, for its address got as many within an hour as the desk sends by
// itself; the zero time when it need not.
func (po *Post) Crowded(tx *store.Tx, l *store.Letter) (time.Time, error) {
	var all, opened, same []time.Time
	for o, err := range store.LettersByTo.Rows(tx, store.Span{Prefix: store.Key(l.To), Low: store.Key(tx.Now().Add(-time.Hour))}) {
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
	return len(l.Tells) > 0 && (l.Tells[0].Event == "opened" || l.Tells[0].Event == EventReceived)
}

// EventReceived is what a plain acknowledgement tells: that a mail arrived, and nothing else.
const EventReceived = "received"

// EventCut tells the sender of a mail that only its beginning was taken.
const EventCut = "cut"

// Wake says that a letter may be due. It is said after the commit: before it, whoever looks would find nothing.
func (po *Post) Wake() {
	select {
	case po.Waits <- struct{}{}:
	default:
	}
}

// PutMailID writes down that a Message-ID belongs to the ticket, unless it is known as at least as sure already.
func PutMailID(tx *store.Tx, id string, kind store.MailKind, ticket, message, letter uint64) error {
	if id == "" || len(id) > 1000 {
		return nil
	}
	hash, n := store.HashMessageID(id), 0
	for m, err := range store.MailIDsByHash.Rows(tx, store.Span{Prefix: store.Key(hash)}) {
		if err != nil {
			return err
		}
		if m.Ticket == ticket && (kind == store.MailNear || m.Kind == kind) {
			return nil
		}
		if n++; kind == store.MailNear && n >= MostOfID {
			return nil // as many would be looked at
		}
	}
	return store.MailIDs.Put(tx, &store.MailID{Hash: hash, Value: id, Kind: kind, Ticket: ticket, Message: message, Letter: letter})
}

// MostOfID bounds how many tickets one Message-ID is looked for in: a whole university may answer one announcement.
const MostOfID = 50

// MarkUnreachable marks the person to whom the letter went: mail to them comes back.
func MarkUnreachable(tx *store.Tx, l *store.Letter, why string) error {
	l.State, l.Error = store.LetterBounced, entry.Cut(why, 300)
	if err := store.Letters.Put(tx, l); err != nil {
		return err
	}
	p, err := store.People.Get(tx, l.Person)
	if err != nil || p.Email != l.To || !p.MailFailed.IsZero() {
		return store.IgnoreNotFound(err) // a plain acknowledgement goes to nobody the desk knows
	}
	p.MailFailed, p.MailFailedWhy = tx.Now(), entry.Cut(why, 300)
	act := tx.By().Act
	tx.Act("mail-failed")
	err = store.People.Put(tx, p)
	tx.Act(act)
	return err
}
