package notice

import (
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// LetterPage is a page of letters, newest first.
type LetterPage struct {
	Letters []*store.Letter
	People  map[uint64]*store.Person
	Next    uint64
	Count   map[store.LetterState]int
}

// Letters returns the letters in the state, newest first, those about tickets that the actor may not see without their
// subject. Only administrators may call it.
func (ns *Notices) Letters(a policy.Actor, state store.LetterState, before uint64, limit int) (LetterPage, error) {
	page := LetterPage{Count: map[store.LetterState]int{}, People: map[uint64]*store.Person{}}
	if err := policy.MayAdminister(a); err != nil {
		return page, err
	}
	limit = entry.PageSize(limit)
	err := ns.st.View(func(tx *db.Tx) error {
		page.Letters, page.Next = nil, 0
		for _, s := range []store.LetterState{store.LetterQueued, store.LetterSent, store.LetterHeld, store.LetterFailed, store.LetterDropped, store.LetterBounced} {
			page.Count[s] = store.Letters.Count(tx, string(s))
		}
		span := db.Span{Prefix: key.Of(string(state)), Desc: true}
		if before != 0 {
			span.High = key.Of(before)
		}
		for l, err := range store.LettersByState.Rows(tx, span) {
			if err != nil {
				return err
			}
			if len(page.Letters) == limit {
				page.Next = page.Letters[limit-1].ID
				return nil
			}
			if l.Ticket != 0 && !ns.rights.Sees(tx, a, l.Ticket) {
				l.Subject = ""
			}
			page.Letters = append(page.Letters, l)
			if p, err := store.People.Peek(tx, l.Person); err == nil {
				page.People[p.ID] = p
			}
		}
		return nil
	})
	return page, err
}

// What an administrator may have happen to a letter.
const (
	LetterHold  = "hold"
	LetterRetry = "retry"
	LetterDrop  = "drop"
)

// decisions are the acts of deciding about a letter.
var decisions = map[string]act.Act{LetterHold: act.HoldLetter, LetterRetry: act.RetryLetter, LetterDrop: act.DropLetter}

// DecideLetter holds a letter that waits, sends one that waits, is held, failed or came back, at once, or drops any of
// these. Conflict for a letter that is past that.
func (ns *Notices) DecideLetter(a policy.Actor, id uint64, decision string) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	err := ns.st.Update(a.By(decisions[decision]), func(tx *db.Tx) error {
		l, err := store.Letters.Get(tx, id)
		if err != nil {
			return err
		}
		past := fault.New(fault.Conflict, "error.letter-past")
		switch {
		case l.State == store.LetterSent || l.State == store.LetterDropped:
			return past
		case decision == LetterHold && l.State == store.LetterQueued:
			l.State, l.Why = store.LetterHeld, post.WhyAdmin
		case decision == LetterRetry:
			l.State, l.Why, l.Next, l.Tries = store.LetterQueued, "", tx.Now(), 0
		case decision == LetterDrop:
			l.State, l.Why = store.LetterDropped, post.WhyAdmin
		default:
			return past
		}
		return store.Letters.Put(tx, l)
	})
	if err == nil {
		ns.post.Wake()
	}
	return err
}

// ReachAgain takes the mark off a person that mail to them comes back.
func (ns *Notices) ReachAgain(a policy.Actor, person uint64) error {
	return ns.st.Update(a.By(act.ReachAgain), func(tx *db.Tx) error {
		p, err := store.People.Get(tx, person)
		if err != nil {
			return err
		}
		if !a.IsAdministrator() && !a.IsAgent() && a.ID() != p.ID {
			return policy.Denied(a)
		}
		if p.MailFailed.IsZero() {
			return nil
		}
		p.MailFailed, p.MailFailedWhy = time.Time{}, ""
		return store.People.Put(tx, p)
	})
}
