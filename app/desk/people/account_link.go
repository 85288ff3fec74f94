package people

import (
	"time"

	"sportello/app/credential"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
)

// endWithChange ends the credentials that a change of the person invalidates, before the row p is written: all of them
// when access is removed or restored, and with the last affiliation of somebody who has nothing else; links sent to the
// address when the address changes.
func (ps *People) endWithChange(tx *db.Tx, before, p *store.Person) error {
	switch {
	case p.ID == 0:
		return nil
	case p.Disabled != before.Disabled, p.Lapsed(tx.Now()) && !before.Lapsed(tx.Now()):
		if !p.MayEnter(tx.Now()) {
			if err := ps.leaveServices(tx, p); err != nil {
				return err
			}
		}
		return ps.keeper.EndAllTx(tx, p)
	case p.Email != before.Email:
		return ps.keeper.EndLinksTx(tx, p)
	}
	return nil
}

// SendPasswordLink mails the person a link for choosing a password, valid once and for three days; nobody else sees it.
// Administrators may call it for everybody, supervisors for agents whose rights all come from groups they manage. It
// returns Invalid "error.link-not-sent" when no mail can be sent to the person.
func (ps *People) SendPasswordLink(a policy.Actor, id uint64) error {
	err := ps.st.Update(a.By(act.SendLink), func(tx *db.Tx) error {
		p, err := ps.linkable(tx, a, policy.SendLink, id, "")
		if err != nil {
			return err
		}
		if !ps.post.Reaches(tx, p) {
			return fault.New(fault.Invalid, "error.link-not-sent")
		}
		return ps.post.PlanAccountLetter(tx, p, p.Email, store.Telling{Event: event.Link, By: a.ID()})
	})
	if err == nil {
		ps.post.Wake()
	}
	return err
}

// HandPasswordLink returns the secret of such a link, to be handed over; earlier links become invalid. Only
// administrators may call it, and only with a reason if the person can get mail. It is logged with the reason, and the
// person is notified.
func (ps *People) HandPasswordLink(a policy.Actor, id uint64, reason string) (string, error) {
	reason = entry.Cut(markup.Line(reason), entry.MaxName)
	link := ""
	err := ps.st.Update(a.By(act.HandLink), func(tx *db.Tx) error {
		p, err := ps.linkable(tx, a, policy.HandLink, id, reason)
		if err != nil {
			return err
		}
		tx.Because(reason)
		if link, err = ps.keeper.NewLinkTx(tx, p.ID, credential.ForPassword); err != nil {
			return err
		}
		tx.Because("")
		return ps.post.TellAccount(tx, p, store.Telling{Event: event.Handed, By: a.ID(), Why: reason}, reason)
	})
	if err != nil {
		return "", err
	}
	ps.post.Wake()
	return link, nil
}

// linkable returns the person, or an error when the actor may not create a link for them in this way.
func (ps *People) linkable(tx *db.Tx, a policy.Actor, act policy.AccountAct, id uint64, reason string) (*store.Person, error) {
	if !maySeePeople(a) {
		return nil, policy.Denied(a)
	}
	p, err := store.People.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if to := (policy.Account{Person: p, Mails: ps.post.Reaches(tx, p), Reason: reason}); !policy.MayAccount(a, act, to) {
		to.Reason = "any"
		if policy.MayAccount(a, act, to) {
			return nil, fault.New(fault.Invalid, "error.required").At("reason")
		}
		return nil, policy.Denied(a)
	}
	if p.IsService() {
		return nil, fault.New(fault.Invalid, "error.service-no-link")
	}
	if p.Lapsed(tx.Now()) {
		return nil, fault.New(fault.Invalid, "error.person-lapsed")
	}
	if p.Disabled {
		return nil, fault.New(fault.Invalid, "error.person-disabled")
	}
	return p, nil
}

// MayLink reports whether SendPasswordLink, and HandPasswordLink with a reason, would be allowed.
func (ps *People) MayLink(a policy.Actor, p *store.Person) (send, hand bool) {
	if p.ID == 0 || p.IsService() || !p.MayEnter(ps.st.Now()) {
		return false, false
	}
	mails, err := ps.post.MailReaches(p)
	if err != nil {
		return false, false
	}
	to := policy.Account{Person: p, Mails: mails, Reason: "any"}
	return to.Mails && policy.MayAccount(a, policy.SendLink, to), policy.MayAccount(a, policy.HandLink, to)
}

// SleepingToken is a token that waits for an administrator, with its owner.
type SleepingToken struct {
	*store.Token
	Who *store.Person // without password
}

// mostSleeping limits how many sleeping tokens are listed at once.
const mostSleeping = 200

// SleepingTokens returns the tokens that have been asleep since the desk was restored, and their total number. Only
// administrators may call it.
func (ps *People) SleepingTokens(a policy.Actor) (out []SleepingToken, all int, err error) {
	if !policy.MayAccount(a, policy.WakeToken, policy.Account{Person: &store.Person{}}) {
		return nil, 0, policy.Denied(a)
	}
	err = ps.st.View(func(tx *db.Tx) error {
		out, all = nil, 0
		for e := range store.TokensAsleep.Entries(tx, db.Span{}) {
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
			out = append(out, SleepingToken{t, Bare(p)})
		}
		return nil
	})
	return out, all, err
}

// WakeToken makes a sleeping token valid again. Only administrators may call it. It returns a NotFound error when no
// token with the id sleeps.
func (ps *People) WakeToken(a policy.Actor, id uint64) error {
	return ps.st.Update(a.By(act.WakeToken), func(tx *db.Tx) error {
		if !policy.MayAccount(a, policy.WakeToken, policy.Account{Person: &store.Person{}}) {
			return policy.Denied(a)
		}
		t, err := store.Tokens.Get(tx, id)
		if err != nil {
			return err
		}
		if t.Asleep.IsZero() {
			return fault.New(fault.NotFound, "error.not-found")
		}
		t.Asleep = time.Time{}
		return store.Tokens.Put(tx, t)
	})
}

// WakeTokens makes all sleeping tokens valid again, and returns how many there were. Only administrators may call it.
func (ps *People) WakeTokens(a policy.Actor) (int, error) {
	if !policy.MayAccount(a, policy.WakeToken, policy.Account{Person: &store.Person{}}) {
		return 0, policy.Denied(a)
	}
	woken := 0
	for {
		n := 0
		err := ps.st.Update(a.By(act.WakeTokens), func(tx *db.Tx) error {
			n = 0
			var ids []uint64
			for e := range store.TokensAsleep.Entries(tx, db.Span{}) {
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
