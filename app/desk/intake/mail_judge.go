package intake

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// Mail that became no message is judged by people: by the group at whose mailbox it arrived. Its agents find it beside
// their queue and through search, and decide about one mail or several. Administrators see the mail of all groups.

// MailPage is a page of incoming mail, newest first. Before is the Next of the previous page.
type MailPage struct {
	Mails  []*store.Mail
	Groups map[uint64]*store.Group
	Next   uint64
	Count  map[store.MailState]int
}

// Mails returns the mails in the state, newest first, without those of confidential groups and tickets that the actor may
// not see. Only administrators may call it.
func (it *Intake) Mails(a policy.Actor, state store.MailState, before uint64, limit int) (MailPage, error) {
	page := MailPage{Count: map[store.MailState]int{}}
	if err := policy.MayAdminister(a); err != nil {
		return page, err
	}
	err := it.st.View(func(tx *db.Tx) error {
		for _, s := range []store.MailState{store.MailWaiting, store.MailDone, store.MailHeld, store.MailFailed, store.MailAside, store.MailReceipt, store.MailDropped, store.MailSame} {
			page.Count[s] = store.Mails.Count(tx, string(s))
		}
		may := func(m *store.Mail) bool { return it.rights.MayJudge(tx, a, m) == nil }
		return page.fill(tx, store.MailsByState, [][]byte{key.Of(string(state))}, before, limit, may)
	})
	return page, err
}

// GroupMails returns the mails in the state that the actor judges, newest first: those of their groups, or for an
// administrator without groups those of all groups that are not confidential. It returns a Denied error to everybody
// but agents and administrators.
func (it *Intake) GroupMails(a policy.Actor, state store.MailState, before uint64, limit int) (MailPage, error) {
	page := MailPage{Count: map[store.MailState]int{}}
	if !a.IsAgent() && !a.IsAdministrator() {
		return page, policy.Denied(a)
	}
	if !slices.Contains(store.JudgedMail, state) {
		state = store.MailHeld
	}
	err := it.st.View(func(tx *db.Tx) error {
		var spans [][]byte
		for _, g := range it.rights.OwnGroups(tx, a) {
			spans = append(spans, key.Of(g, string(state)))
			for _, s := range store.JudgedMail {
				page.Count[s] += store.Mails.Count(tx, store.CountGroup, g, string(s))
			}
		}
		return page.fill(tx, store.MailsByGroup, spans, before, limit, func(*store.Mail) bool { return true })
	})
	return page, err
}

// fill reads one page of the rows under the keys that the actor may see.
func (p *MailPage) fill(tx *db.Tx, index *db.Index[store.Mail], keys [][]byte, before uint64, limit int, may func(*store.Mail) bool) error {
	p.Mails, p.Groups, p.Next = nil, map[uint64]*store.Group{}, 0
	limit = entry.PageSize(limit)
	spans := make([]db.Span, len(keys))
	for i, k := range keys {
		spans[i] = db.Span{Prefix: k, Desc: true}
		if before != 0 {
			spans[i].High = binary.BigEndian.AppendUint64(nil, before)
		}
	}
	if len(spans) == 0 {
		return nil
	}
	for e := range index.MergeEntries(tx, spans) {
		if len(p.Mails) == limit {
			p.Next = p.Mails[limit-1].ID
			return nil
		}
		m, err := store.Mails.Glance(tx, e.ID)
		if err != nil {
			return err
		}
		if !may(m) {
			continue
		}
		p.Mails = append(p.Mails, m)
		if g, err := store.Groups.Peek(tx, m.Group); err == nil {
			p.Groups[g.ID] = g
		}
	}
	return nil
}

// MailCount returns how many mails wait for the actor's decision.
func (it *Intake) MailCount(a policy.Actor) (n int, err error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return 0, nil
	}
	err = it.st.View(func(tx *db.Tx) error {
		n = 0
		for _, g := range it.rights.OwnGroups(tx, a) {
			n += store.Mails.Count(tx, store.CountGroup, g, string(store.MailHeld)) + store.Mails.Count(tx, store.CountGroup, g, string(store.MailFailed))
		}
		return nil
	})
	return n, err
}

// MailAwaits returns how many mails are held or failed in the whole desk, and since when the oldest one is.
func (it *Intake) MailAwaits() (n int, since time.Time, err error) {
	err = it.st.View(func(tx *db.Tx) error {
		n, since = 0, time.Time{}
		for _, s := range []store.MailState{store.MailHeld, store.MailFailed} {
			n += store.Mails.Count(tx, string(s))
			for e := range store.MailsByState.Entries(tx, db.Span{Prefix: key.Of(string(s))}) {
				m, err := store.Mails.Glance(tx, e.ID)
				if err != nil {
					return err
				}
				if since.IsZero() || m.Created.Before(since) {
					since = m.Created
				}
				break
			}
		}
		return nil
	})
	return n, since, err
}

// The decisions about a mail.
const (
	MailApprove = "approve" // it is processed again, whoever sent it
	MailDrop    = "drop"    // refused; it is kept and stays in the list
)

// judgements are the acts of judging.
var judgements = map[string]act.Act{MailApprove: act.ApproveMail, MailDrop: act.DropMail}

// maxJudged limits how many mails are judged at once.
const maxJudged = 200

// Judge has a mail processed again, or refuses it. A failed mail is tried again; a held mail or one set aside is
// approved and then becomes a message, whoever sent it. It returns a Conflict error for a mail that is already done.
func (it *Intake) Judge(a policy.Actor, id uint64, decision string) error {
	err := it.st.Update(a.By(judgements[decision]), func(tx *db.Tx) error {
		m, err := store.Mails.Get(tx, id)
		if err != nil {
			return err
		}
		if err := it.rights.MayJudge(tx, a, m); err != nil {
			return err
		}
		switch {
		case !m.Judged():
			return fault.New(fault.Conflict, "error.mail-decided")
		case decision == MailDrop:
			m.State = store.MailDropped
		case decision == MailApprove:
			m.Approved = m.Approved || m.State != store.MailFailed
			m.State, m.Why, m.Detail = store.MailWaiting, "", ""
		default:
			return fault.New(fault.Invalid, "error.choice").At("do")
		}
		m.Decided = a.ID()
		return store.Mails.Put(tx, m)
	})
	if err == nil && decision == MailApprove {
		it.wakeMail()
	}
	return err
}

// JudgeAll judges several mails and returns how many it judged, and the error of each other one.
func (it *Intake) JudgeAll(a policy.Actor, ids []uint64, decision string) (done int, refused map[uint64]error, err error) {
	if len(ids) > maxJudged {
		return 0, nil, fault.New(fault.Invalid, "error.too-many-of", "max", maxJudged, "have", len(ids)).At("mail")
	}
	refused = map[uint64]error{}
	for _, id := range ids {
		switch err := it.Judge(a, id, decision); {
		case err == nil:
			done++
		case fault.KindOf(err) == fault.Internal || fault.KindOf(err) == fault.Unavailable:
			return done, refused, err
		default:
			refused[id] = err
		}
	}
	return done, refused, nil
}

// groupOfMail returns the group that judges a mail of which only the mailbox is known.
func (it *Intake) groupOfMail(tx *db.Tx, m *store.Mail) (uint64, error) {
	box := it.post.Mailbox(tx, m.Mailbox)
	for _, to := range m.To {
		if box == nil {
			box = it.post.Mailbox(tx, to)
		}
	}
	_, group, err := it.post.PlaceOfBox(tx, box)
	return group, err
}

// adoptMail assigns mail that has waited for a decision since before mail had groups to the group at whose mailbox it
// arrived.
func (it *Intake) adoptMail(ctx context.Context) error {
	for ctx.Err() == nil {
		n := 0
		err := it.st.Update(db.By{Via: door.Desk, Act: act.AdoptMail}, func(tx *db.Tx) error {
			n = 0
			var orphans []*store.Mail
			for _, s := range []store.MailState{store.MailHeld, store.MailFailed} {
				for m, err := range store.MailsByGroup.Rows(tx, db.Span{Prefix: key.Of(uint64(0), string(s))}) {
					if err != nil {
						return err
					}
					if m.Source != "import" {
						orphans = append(orphans, m)
					}
					if len(orphans) == 500 {
						break
					}
				}
			}
			for _, m := range orphans {
				var err error
				if m.Group, err = it.groupOfMail(tx, m); err != nil {
					return err
				}
				if err := store.Mails.Put(tx, m); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return ctx.Err()
}
