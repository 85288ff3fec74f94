package desk

import (
	"time"

	"sportello/app/credential"
	"sportello/app/markup"
	"sportello/store"
)

// endWithChange ends what opens the account when the change is one that ends it, before the row p is written: all of it
// when access is taken away, and once more when it is given back; what was sent to the address when that is another.
func (ps *People) endWithChange(tx *store.Tx, before, p *store.Person) error {
	switch {
	case p.ID == 0:
		return nil
	case p.Disabled != before.Disabled:
		return ps.keeper.EndAllTx(tx, p)
	case p.Email != before.Email:
		return ps.keeper.EndLinksTx(tx, p)
	}
	return nil
}

// SendPasswordLink has a link, good once and for three days, with which a password is chosen, sent to the person's own
// address; nobody else sees it. Administrators may for everybody, supervisors for agents whose rights all come from
// groups they look after. Invalid "error.link-not-sent" where no mail goes out to the person.
func (ps *People) SendPasswordLink(a Actor, id uint64) error {
	err := ps.st.Update(a.By("send-link"), func(tx *store.Tx) error {
		p, err := ps.linkable(tx, a, SendLink, id, "")
		if err != nil {
			return err
		}
		if !ps.post.reaches(tx, p) {
			return store.Fail(store.Invalid, "error.link-not-sent")
		}
		return ps.post.planAccountLetter(tx, p, p.Email, store.Telling{Event: "link", By: a.ID()})
	})
	if err == nil {
		ps.post.wakeOut()
	}
	return err
}

// HandPasswordLink returns the secret of such a link to be handed over; earlier ones become worthless. Administrators
// alone may, and where mail goes out to the person only with a reason. It is logged with the reason, and the person is
// told.
func (ps *People) HandPasswordLink(a Actor, id uint64, reason string) (string, error) {
	reason = cutRunes(markup.Line(reason), maxName)
	link := ""
	err := ps.st.Update(a.By("hand-link"), func(tx *store.Tx) error {
		p, err := ps.linkable(tx, a, HandLink, id, reason)
		if err != nil {
			return err
		}
		tx.Because(reason)
		if link, err = ps.keeper.NewLinkTx(tx, p.ID, credential.ForPassword); err != nil {
			return err
		}
		tx.Because("")
		return ps.post.tellAccount(tx, p, store.Telling{Event: "handed", By: a.ID(), Why: reason}, reason)
	})
	if err != nil {
		return "", err
	}
	ps.post.wakeOut()
	return link, nil
}

// linkable returns the person if the actor may have a link made for them in that way.
func (ps *People) linkable(tx *store.Tx, a Actor, act AccountAct, id uint64, reason string) (*store.Person, error) {
	if !maySeePeople(a) {
		return nil, denied(a)
	}
	p, err := store.People.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if to := (account{person: p, mails: ps.post.reaches(tx, p), reason: reason}); !mayAccount(a, act, to) {
		to.reason = "any"
		if mayAccount(a, act, to) {
			return nil, store.Fail(store.Invalid, "error.required").At("reason")
		}
		return nil, denied(a)
	}
	if p.Disabled {
		return nil, store.Fail(store.Invalid, "error.person-disabled")
	}
	return p, nil
}

// MayLink reports whether SendPasswordLink, and whether HandPasswordLink with a reason, would be allowed.
func (ps *People) MayLink(a Actor, p *store.Person) (send, hand bool) {
	if p.Disabled || p.ID == 0 {
		return false, false
	}
	mails, err := ps.post.MailReaches(p)
	if err != nil {
		return false, false
	}
	to := account{person: p, mails: mails, reason: "any"}
	return to.mails && mayAccount(a, SendLink, to), mayAccount(a, HandLink, to)
}

// SleepingToken is a token that waits for an administrator, and whose it is.
type SleepingToken struct {
	*store.Token
	Who *store.Person // without password
}

// mostSleeping bounds how many sleeping tokens are listed at once.
const mostSleeping = 200

// SleepingTokens lists the tokens that sleep since the desk was restored, and how many there are, for administrators.
func (ps *People) SleepingTokens(a Actor) (out []SleepingToken, all int, err error) {
	if !mayAccount(a, WakeToken, account{person: &store.Person{}}) {
		return nil, 0, denied(a)
	}
	err = ps.st.View(func(tx *store.Tx) error {
		out, all = nil, 0
		for e := range store.TokensAsleep.Entries(tx, store.Span{}) {
			if all++; len(out) == mostSleeping {
				continue
			}
			t, err := store.Tokens.Get(tx, e.ID)
			if err != nil {
				return err
			}
			p, err := store.People.Get(tx, t.Person)
			if err != nil {
				return err
			}
			out = append(out, SleepingToken{t, bare(p)})
		}
		return nil
	})
	return out, all, err
}

// WakeToken lets a sleeping token act again. Administrators only; NotFound when none of that number sleeps.
func (ps *People) WakeToken(a Actor, id uint64) error {
	return ps.st.Update(a.By("wake-token"), func(tx *store.Tx) error {
		if !mayAccount(a, WakeToken, account{person: &store.Person{}}) {
			return denied(a)
		}
		t, err := store.Tokens.Get(tx, id)
		if err != nil {
			return err
		}
		if t.Asleep.IsZero() {
			return store.Fail(store.NotFound, "error.not-found")
		}
		t.Asleep = time.Time{}
		return store.Tokens.Put(tx, t)
	})
}

// WakeTokens lets all sleeping tokens act again, and returns how many did. Administrators only.
func (ps *People) WakeTokens(a Actor) (int, error) {
	if !mayAccount(a, WakeToken, account{person: &store.Person{}}) {
		return 0, denied(a)
	}
	woken := 0
	for {
		n := 0
		err := ps.st.Update(a.By("wake-tokens"), func(tx *store.Tx) error {
			n = 0
			var ids []uint64
			for e := range store.TokensAsleep.Entries(tx, store.Span{}) {
				if ids = append(ids, e.ID); len(ids) == mostSleeping {
					break
				}
			}
			for _, id := range ids {
				t, err := store.Tokens.Get(tx, id)
				if err != nil {
					return err
				}
				t.Asleep = time.Time{}
				if err := store.Tokens.Put(tx, t); err != nil {
					return err
				}
			}
			n = len(ids)
			return nil
		})
		if woken += n; err != nil || n == 0 {
			return woken, err
		}
	}
}
