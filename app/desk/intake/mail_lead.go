package intake

import (
	"errors"
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/notice"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// lead is a ticket to which a mail points, with the sender's relation to it.
type lead struct {
	t       *store.Ticket
	why, by string
	where   place
}

// find returns the ticket that the mail joins or, if its sender is outside, beside which it is kept; nil for a new
// ticket. Mail contained in a ticket takes precedence over mail it mentions; anything by which the sender belongs takes
// precedence over anything else.
func (j *joining) find() (*lead, error) {
	if seen, err := j.seen(); seen || err != nil {
		return nil, err
	}
	var beside *lead
	for _, id := range j.answered() {
		l, err := j.byID(id, false)
		if err != nil || l != nil && l.where != outside {
			return l, err
		}
		if beside == nil {
			beside = l
		}
	}
	if t, err := j.ticket(j.token.Ticket); err != nil {
		return nil, err
	} else if t != nil && !j.has(t) {
		l, err := j.lead(t, JoinedToken, "")
		if err != nil || l.where != outside {
			return l, err
		}
		if beside == nil {
			beside = l
		}
	}
	// Its own Message-ID is among those mentioned: a copy sent to somebody else first may have been answered.
	for _, id := range append(j.answered(), j.in.MessageID) {
		l, err := j.byID(id, true)
		if err != nil || l != nil && l.where != outside {
			return l, err
		}
		if l != nil && j.suggest == 0 {
			j.suggest = l.t.ID
		}
	}
	if n, ok := mail.Number(j.in.Subject, store.CurrentSettings(j.tx).ShortName()); ok {
		if t, err := j.ticket(n); err != nil {
			return nil, err
		} else if t != nil && !j.has(t) {
			l, err := j.lead(t, JoinedNumber, "#"+entry.Digits(n))
			if err != nil || l.where != outside {
				return l, err
			}
		}
	}
	return beside, nil
}

// seen reports whether a ticket already contains the mail's Message-ID with other content; copies are recognised
// before.
func (j *joining) seen() (bool, error) {
	if j.in.MessageID == "" {
		return false, nil
	}
	for m, err := range store.MailIDsByHash.Rows(j.tx, db.Span{Prefix: key.Of(store.HashMessageID(j.in.MessageID))}) {
		if err != nil {
			return false, err
		}
		if m.Kind == store.MailNear || slices.ContainsFunc(j.copies, func(c *store.Mail) bool { return c.Message != 0 && c.Message == m.Message }) {
			continue
		}
		return true, nil
	}
	return false, nil
}

// byID returns the ticket that contains the Message-ID, or mentions it: the newest to which the sender belongs, else
// the newest. Among those to which they belong it prefers one of the group for which the mail came. It ignores a ticket
// that has this mail through another mailbox.
func (j *joining) byID(id string, mentioned bool) (*lead, error) {
	if id == "" {
		return nil, nil
	}
	var out *lead
	n := 0
	var elsewhere *lead
	for m, err := range store.MailIDsByHash.Rows(j.tx, db.Span{Prefix: key.Of(store.HashMessageID(id)), Desc: true}) {
		if err != nil {
			return nil, err
		}
		if n++; n > post.MostOfID {
			break
		}
		if (m.Kind == store.MailNear) != mentioned {
			continue
		}
		t, err := j.ticketOf(m)
		if err != nil {
			return nil, err
		}
		if t == nil || j.has(t) {
			continue
		}
		why := JoinedMessageID
		if mentioned {
			why = JoinedNear
		}
		l, err := j.lead(t, why, entry.Cut(id, 200))
		switch {
		case err != nil || l.where != outside && t.Group == j.row.Group:
			return l, err
		case l.where != outside && elsewhere == nil:
			elsewhere = l
		case out == nil:
			out = l
		}
	}
	if elsewhere != nil {
		return elsewhere, nil
	}
	return out, nil
}

func (j *joining) lead(t *store.Ticket, why, by string) (*lead, error) {
	where, known := j.places[t.ID]
	if !known {
		var err error
		if where, err = j.placeIn(t); err != nil {
			return nil, err
		}
		if j.places == nil {
			j.places = map[uint64]place{}
		}
		j.places[t.ID] = where
	}
	return &lead{t, why, by, where}, nil
}

// ticket returns the ticket with the number, nil when it does not exist or no longer does.
func (j *joining) ticket(n uint64) (*store.Ticket, error) {
	if n == 0 {
		return nil, nil
	}
	t, err := store.Tickets.Get(j.tx, n)
	if errors.Is(err, fault.ErrNotFound) || err == nil && t.IsSpam() {
		return nil, nil
	}
	return t, err
}

// answered returns the Message-IDs that the mail answers, nearest first.
func (j *joining) answered() []string {
	var out []string
	add := func(ids ...string) {
		for _, id := range ids {
			if id != "" && !slices.Contains(out, id) && len(out) < 60 {
				out = append(out, id)
			}
		}
	}
	add(j.in.InReplyTo...)
	refs := slices.Clone(j.in.References)
	slices.Reverse(refs)
	add(refs...)
	return out
}

// ticketOf returns the ticket of a Message-ID as the sender knows it: where its message is now or, if that came there
// from a duplicate to whose people the sender belongs, the duplicate.
func (j *joining) ticketOf(m *store.MailID) (*store.Ticket, error) {
	t, err := j.ticket(m.Ticket)
	if err != nil || t == nil {
		return nil, err
	}
	if m.Message == 0 || j.person == nil || t.OnSide(j.person.ID) {
		return t, nil
	}
	msg, err := store.Messages.Get(j.tx, m.Message)
	if err != nil || !msg.Merged() {
		return t, fault.IgnoreNotFound(err)
	}
	if o, err := j.ticket(msg.Side()); err != nil || o != nil && o.OnSide(j.person.ID) {
		return o, err
	}
	return t, nil
}

// placeIn returns the sender's relation to the ticket. Only its people and its group belong to a confidential one.
func (j *joining) placeIn(t *store.Ticket) (place, error) {
	secret := policy.Confidential(j.tx, t.Group, t.Module)
	if j.person != nil {
		s := j.it.rights.Standing(j.tx, policy.Actor{Person: j.person}, t, secret)
		own := j.token.Person == j.person.ID && j.token.Ticket == t.ID
		if own && t.Unclaimed && t.Requester == j.person.ID {
			return addressed, nil // we wrote to them; their having read it proves nothing
		}
		switch {
		case s.Is[policy.AsRequester] || s.Is[policy.AsParticipant] || s.Is[policy.AsCoordinator] && !secret:
			return within, nil
		case s.Is[policy.AsAgentHere] || s.Is[policy.AsSupervisorHere]:
			return agent, nil
		case s.Is[policy.AsAgentElsewhere] && s.Allows(policy.WriteNote) && own && j.token.Purpose == notice.PurposeInternal:
			return noting, nil
		}
	}
	if secret {
		return outside, nil
	}
	for m, err := range store.MailsByTicket.Rows(j.tx, db.Span{Prefix: key.Of(t.ID)}) {
		if err != nil {
			return outside, err
		}
		if slices.Contains(m.Addressed, j.in.From.Email) {
			return addressed, nil
		}
	}
	return outside, nil
}
