package post

import (
	"slices"
	"time"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Leave has choose read the letter that is handed to a mail server next and return its number, 0 for none. The letter is under way
// until the next one leaves.
func (po *Post) Leave(choose func() (uint64, error)) (err error) {
	po.leaving.Lock()
	defer po.leaving.Unlock()
	po.leavingNow, err = choose()
	return err
}

// Leaving returns the letter that is under way, 0 for none. Every other letter that leaves later was read after the call, and so
// after whatever was committed before it.
func (po *Post) Leaving() uint64 {
	po.leaving.Lock()
	defer po.leaving.Unlock()
	return po.leavingNow
}

// Unsent returns the letters to the person that wait and say what of picks, which happened then or later; false where one that says it
// has left, may have, or is the one that leaves.
func (po *Post) Unsent(tx *db.Tx, person, leaving uint64, since time.Time, of func(store.Telling) bool) ([]*store.Letter, bool, error) {
	p, err := store.People.Peek(tx, person)
	if err != nil {
		return nil, true, fault.IgnoreNotFound(err)
	}
	var out []*store.Letter
	// What happened may have been added to a letter that waited already.
	for l, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(p.Email), Low: key.Of(since.AddDate(0, 0, -1))}) {
		switch {
		case err != nil:
			return nil, false, err
		case !slices.ContainsFunc(l.Tells, of), l.State == store.LetterDropped:
		case l.State == store.LetterSent, l.State == store.LetterBounced, l.Unsure, l.ID == leaving:
			return nil, false, nil
		default:
			out = append(out, l)
		}
	}
	return out, true, nil
}

// Unsay has the letter that waits say what of picks no more. One that says nothing else is dropped.
func (po *Post) Unsay(tx *db.Tx, l *store.Letter, of func(store.Telling) bool) error {
	if rest := slices.DeleteFunc(slices.Clone(l.Tells), of); len(rest) > 0 {
		l.Tells = rest
	} else {
		l.State, l.Why = store.LetterDropped, WhyTakenBack
	}
	return store.Letters.Put(tx, l)
}
