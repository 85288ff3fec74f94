package people

import (
	"context"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/post"
	"sportello/store"
)

// Who forgot their password asks for a link with their address alone. Whoever asks is answered before anybody looks whose
// the address is: neither what the answer says nor how long it takes nor what is written meanwhile tells who has an account.

const (
	mostAsked  = 200              // addresses that wait to be looked at; kept in memory alone, for strangers fill it
	askedAgain = 15 * time.Minute // within which no second letter goes: another link would end the one just sent
)

// AskPasswordLink notes that somebody at the network address asks for a link with which the person with the address of
// mail chooses a password; RunAsked has it sent. It says the same for every address. Invalid "error.email" for what is
// none, TooMany when it was asked too often, Unavailable "error.link-not-asked" where no mail leaves the desk.
func (ps *People) AskPasswordLink(email, addr string) error {
	email = store.Address(email)
	if ps.post.MailOptions().From == "" {
		return store.Fail(store.Unavailable, "error.link-not-asked")
	}
	if !entry.IsAddress(email) {
		return store.Fail(store.Invalid, "error.email").At("email")
	}
	if err := ps.keeper.MayAsk(email, addr); err != nil {
		return err
	}
	select {
	case ps.asked <- email:
		return nil
	default:
		return store.Fail(store.TooMany, "error.too-many", "seconds", 60)
	}
}

// RunAsked has the links sent that were asked for, until the context ends.
func (ps *People) RunAsked(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case email := <-ps.asked:
			if err := ps.sendAsked(email); err != nil {
				return err
			}
		}
	}
}

// SendAsked has the links sent that were asked for until now.
func (ps *People) SendAsked() error {
	for {
		select {
		case email := <-ps.asked:
			if err := ps.sendAsked(email); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// sendAsked plans the letter with a link for whoever has the address, unless there is nobody, no mail reaches them, they
// were never given access, or they were sent one just now.
func (ps *People) sendAsked(email string) error {
	err := ps.st.Update(store.By{Via: "page", Act: "ask-link"}, func(tx *store.Tx) error {
		p, err := store.PeopleByEmail.First(tx, email)
		if err != nil || p.Disabled || !ps.post.Reaches(tx, p) {
			return store.IgnoreNotFound(err)
		}
		has, lately, err := sentLinks(tx, p)
		if err != nil || lately || !has && p.Password == "" {
			return err
		}
		return ps.post.PlanAccountLetter(tx, p, p.Email, store.Telling{Event: post.EventAsked})
	})
	if err == nil {
		ps.post.Wake()
	}
	return err
}

// sentLinks reports whether the person was ever sent a link for choosing a password, and whether just now. Somebody who
// merely wrote to the desk has a record and was given no access: credentials are given by people.
func sentLinks(tx *store.Tx, p *store.Person) (ever, lately bool, err error) {
	since := tx.Now().Add(-askedAgain)
	for l, err := range store.LettersByTo.Rows(tx, store.Span{Prefix: store.Key(p.Email), Desc: true}) {
		if err != nil {
			return false, false, err
		}
		if l.Person != p.ID || !slices.Contains(post.LinkEvents, post.OfAccount(l)) {
			continue
		}
		gone := l.State == store.LetterDropped || l.State == store.LetterFailed || l.State == store.LetterBounced
		return true, l.Created.After(since) && !gone, nil
	}
	return false, false, nil
}
