package people

import (
	"context"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// A person who forgot their password requests a link with only their address. The request is answered before anybody
// looks up the address: neither the answer nor its duration nor what is written in the meantime reveals who has an
// account.

const (
	mostAsked  = 200              // addresses waiting to be looked up; only in memory, because strangers can fill it
	askedAgain = 15 * time.Minute // no second letter within this time: another link would end the one just sent
)

// AskPasswordLink records that somebody at the network address requests a link for the person with the e-mail address
// to choose a password; RunAsked sends it. The answer is the same for every address. It returns Invalid "error.email"
// for an invalid address, TooMany after too many requests, and Unavailable "error.link-not-asked" when the desk sends
// no mail.
func (ps *People) AskPasswordLink(email, addr string) error {
	email = spelling.Address(email)
	if ps.post.Mail().From == "" {
		return fault.New(fault.Unavailable, "error.link-not-asked")
	}
	if !entry.IsAddress(email) {
		return fault.New(fault.Invalid, "error.email").At("email")
	}
	if err := ps.keeper.MayAsk(email, addr); err != nil {
		return err
	}
	select {
	case ps.asked <- email:
		return nil
	default:
		return fault.New(fault.TooMany, "error.too-many", "seconds", 60)
	}
}

// RunAsked sends the requested links until the context ends.
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

// SendAsked sends the links requested so far.
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

// sendAsked plans the letter with a link for the person with the address, unless there is none, they cannot get mail,
// were never given access, or have just been sent one.
func (ps *People) sendAsked(email string) error {
	err := ps.st.Update(db.By{Via: door.Page, Act: act.AskLink}, func(tx *db.Tx) error {
		p, err := store.PeopleByEmail.First(tx, email)
		if err != nil || !p.MayEnter(tx.Now()) || !ps.post.Reaches(tx, p) {
			return fault.IgnoreNotFound(err)
		}
		has, lately, err := sentLinks(tx, p)
		if err != nil || lately || !has && p.Password == "" {
			return err
		}
		return ps.post.PlanAccountLetter(tx, p, p.Email, store.Telling{Event: event.Asked})
	})
	if err == nil {
		ps.post.Wake()
	}
	return err
}

// sentLinks reports whether the person was ever sent a link for choosing a password, and whether recently. People who
// only wrote to the desk have a record but no access: people issue credentials.
func sentLinks(tx *db.Tx, p *store.Person) (ever, lately bool, err error) {
	since := tx.Now().Add(-askedAgain)
	for l, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(p.Email), Desc: true}) {
		if err != nil {
			return false, false, err
		}
		if event, _ := post.OfAccount(l); l.Person != p.ID || !event.WithLink() {
			continue
		}
		gone := l.State == store.LetterDropped || l.State == store.LetterFailed || l.State == store.LetterBounced
		return true, l.Created.After(since) && !gone, nil
	}
	return false, false, nil
}
