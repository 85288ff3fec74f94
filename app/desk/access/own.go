package access

import (
	"errors"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// Whoever asked has a page by the secret link of their letters, as long as the desk keeps the request. By it they confirm
// their address, read what was decided, answer, withdraw, and have a new link for their password sent to that address.

// linkPurpose is that of the links to such a page.
const linkPurpose = "access"

// Token returns the secret of the link to the page of whoever made the request.
func Token(po *post.Post, request uint64) string {
	return po.Token(linkPurpose, post.ReadMAC, request)
}

// Token returns the secret of the link to the page of whoever made the request.
func (rs *Requests) Token(request uint64) string { return Token(rs.post, request) }

func gone() error { return fault.New(fault.NotFound, "error.access-gone") }

// linked returns the request of the link. What is done in the transaction is done by whoever asked, once it is known who they
// are: nobody is told of what they did themselves.
func (rs *Requests) linked(tx *db.Tx, token string) (*store.AccessRequest, error) {
	n, ok := rs.post.OpenToken(linkPurpose, post.ReadMAC, token)
	if !ok || len(n) != 1 {
		return nil, gone()
	}
	r, err := store.AccessRequests.Get(tx, n[0])
	if errors.Is(err, fault.ErrNotFound) || err == nil && r.Confirmed.IsZero() && tx.Now().Sub(r.Created) >= store.UnconfirmedLife {
		return nil, gone()
	}
	if err == nil {
		tx.As(r.Person)
	}
	return r, err
}

func unconfirmedOf(email string) db.Span { return db.Span{Prefix: key.Of(email, true)} }

// Own is a request as whoever made it sees it.
type Own struct {
	*store.AccessRequest
	Place   string // name of the organisation that it leads to; empty: none of the desk's
	Asks    []OwnAsk
	Talk    []*store.Message // what was written about it, but what the desk wrote of itself
	Answers bool             // somebody waits for an answer
	Link    bool             // a module was granted, and a password has yet to be chosen
}

// OwnAsk is one module of such a request.
type OwnAsk struct {
	store.AccessAsk
	Of    *store.Module
	Asked bool // somebody waits for an answer about it
}

// Own returns the request of the link, or NotFound "error.access-gone".
func (rs *Requests) Own(token string) (*Own, error) {
	var out *Own
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := rs.linked(tx, token)
		if err != nil {
			return err
		}
		out = &Own{AccessRequest: r}
		if r.Organisation != 0 {
			o, err := store.Organisations.Peek(tx, r.Organisation)
			if err != nil {
				return err
			}
			out.Place = o.Name
		}
		for _, k := range r.Asks {
			m, err := store.Modules.Peek(tx, k.Module)
			if err != nil {
				return err
			}
			asked, err := asked(tx, &k)
			if err != nil {
				return err
			}
			out.Asks = append(out.Asks, OwnAsk{k, m, asked})
			out.Answers = out.Answers || asked
		}
		if out.Talk, err = talk(tx, r); err != nil || r.Person == 0 {
			return err
		}
		p, err := store.People.Peek(tx, r.Person)
		if err != nil {
			return err
		}
		out.Link = r.Has(store.AskGranted) && p.MayEnter(tx.Now()) && p.Password == ""
		return nil
	})
	return out, err
}

// asked reports whether somebody waits for an answer about the module.
func asked(tx *db.Tx, k *store.AccessAsk) (bool, error) {
	if k.State != store.AskWaits || k.Ticket == 0 {
		return false, nil
	}
	t, err := store.Tickets.Peek(tx, k.Ticket)
	return err == nil && t.State == store.StateWaiting, fault.IgnoreNotFound(err)
}

// talk returns what people wrote about the request, the oldest first: the public messages of its tickets, without the first,
// which is the request itself, and without what the desk wrote.
func talk(tx *db.Tx, r *store.AccessRequest) ([]*store.Message, error) {
	var out []*store.Message
	for _, id := range ticketsOf(r) {
		t, err := store.Tickets.Peek(tx, id)
		if errors.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := store.SideMessages(tx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, slices.DeleteFunc(list, func(m *store.Message) bool { return m.Opening || m.Internal || m.Via == door.Desk })...)
	}
	slices.SortFunc(out, func(x, y *store.Message) int { return x.At.Compare(y.At) })
	return out, nil
}

// ticketsOf returns the tickets of the request, each once.
func ticketsOf(r *store.AccessRequest) []uint64 {
	var out []uint64
	for _, k := range r.Asks {
		if k.Ticket != 0 && !slices.Contains(out, k.Ticket) {
			out = append(out, k.Ticket)
		}
	}
	return out
}

// byLink is an act by the link of a letter.
func byLink(did act.Act) db.By { return db.By{Via: door.Page, Act: did} }

// Confirm says that the owner of the address asks, and returns the number of the request that stands: an earlier one that
// waits for the same modules, where there is one. Again it changes nothing. It returns NotFound "error.access-gone".
func (rs *Requests) Confirm(token string) (number uint64, err error) {
	err = rs.st.Update(byLink(act.ConfirmAccess), func(tx *db.Tx) error {
		r, err := rs.linked(tx, token)
		if err != nil {
			return err
		}
		if number = r.ID; !r.Confirmed.IsZero() {
			return nil
		}
		number, err = rs.confirm(tx, r)
		return err
	})
	return number, err
}

// Mails reports whether the desk sends letters, so that owners of addresses can confirm that they ask.
func (rs *Requests) Mails() bool { return rs.post.Mail().From != "" }

// Unproven returns the requests that no letter asks to confirm, because the desk sends none: the newest first, at most as many
// as a list has. Only administrators may call it.
func (rs *Requests) Unproven(a policy.Actor) ([]*store.AccessRequest, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out []*store.AccessRequest
	if rs.Mails() {
		return nil, nil
	}
	err := rs.st.View(func(tx *db.Tx) error {
		out = nil
		for r, err := range store.AccessRequestsByAge.Rows(tx, db.Span{Prefix: key.Of(false), Desc: true}) {
			if err != nil {
				return err
			}
			if out = append(out, r); len(out) == mostListed {
				break
			}
		}
		return nil
	})
	return out, err
}

// ConfirmFor says in the place of a letter that the owner of the address asks: an administrator found out in another way. It
// returns the number of the request that stands, as Confirm does. Only administrators may call it; where the desk sends letters
// it returns Conflict "error.access-mails".
func (rs *Requests) ConfirmFor(a policy.Actor, number uint64) (stands uint64, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return 0, err
	}
	err = rs.st.Update(a.By(act.ConfirmAccess), func(tx *db.Tx) error {
		r, err := store.AccessRequests.Get(tx, number)
		if err != nil {
			return err
		}
		if stands = r.ID; !r.Confirmed.IsZero() {
			return nil
		}
		if rs.Mails() {
			return fault.New(fault.Conflict, "error.access-mails")
		}
		stands, err = rs.confirm(tx, r)
		return err
	})
	return stands, err
}

// confirm puts the request before those who decide it.
func (rs *Requests) confirm(tx *db.Tx, r *store.AccessRequest) (uint64, error) {
	p, err := store.PeopleByEmail.First(tx, r.Email)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		p = &store.Person{Email: r.Email, Name: r.Name, Language: r.Language}
		if err := store.People.Put(tx, p); err != nil {
			return 0, err
		}
	case err != nil:
		return 0, err
	case p.Disabled || p.IsService():
		return 0, gone()
	}
	now := tx.Now()
	earlier := uint64(0)
	for o, err := range store.AccessRequestsByPerson.Rows(tx, db.Span{Prefix: key.Of(p.ID)}) {
		if err != nil {
			return 0, err
		}
		before := len(r.Asks)
		r.Asks = slices.DeleteFunc(r.Asks, func(k store.AccessAsk) bool {
			there := o.Ask(k.Module)
			return there != nil && there.State == store.AskWaits
		})
		if len(r.Asks) < before {
			earlier = o.ID
		}
	}
	if len(r.Asks) == 0 {
		return earlier, store.AccessRequests.Delete(tx, r.ID)
	}
	if r.Folded, err = many(tx, r); err != nil {
		return 0, err
	}
	r.Person, r.Confirmed = p.ID, now
	groups := map[uint64][]*store.AccessAsk{}
	var order []uint64
	for i := range r.Asks {
		k := &r.Asks[i]
		place, err := policy.Placement(tx, k.Module)
		if err != nil {
			return 0, err
		}
		if place.Retired || place.Channel != store.Here {
			k.State, k.At = store.AskVoid, now
			continue
		}
		group, err := policy.GroupOf(tx, k.Module)
		if err != nil {
			return 0, err
		}
		if groups[group] == nil {
			order = append(order, group)
		}
		groups[group] = append(groups[group], k)
	}
	for _, group := range order {
		if !r.Folded {
			if err := rs.open(tx, p, r, groups[group]); err != nil {
				return 0, err
			}
		}
	}
	if !r.Waits() {
		r.Decided = now
	}
	tx.Act(act.ConfirmAccess)
	return r.ID, store.AccessRequests.Put(tx, r)
}

// many reports whether as many requests came in the last hour as people may be told of one by one.
func many(tx *db.Tx, r *store.AccessRequest) (bool, error) {
	all, same := 0, 0
	for o, err := range store.AccessRequestsByTime.Rows(tx, db.Span{Low: key.Of(tx.Now().Add(-time.Hour))}) {
		if err != nil {
			return false, err
		}
		if o.Folded {
			continue
		}
		if all++; o.Organisation == r.Organisation {
			same++
		}
	}
	return all >= mostInHour || same >= mostOfPlace, nil
}

// open opens the ticket that stands for the request in the queue of the group of these modules.
func (rs *Requests) open(tx *db.Tx, p *store.Person, r *store.AccessRequest, asks []*store.AccessAsk) error {
	var names []string
	for _, k := range asks {
		m, err := store.Modules.Peek(tx, k.Module)
		if err != nil {
			return err
		}
		names = append(names, m.Name.In("it"))
	}
	lines := []string{rs.say("it", "access.ticket-who", "name", r.Name, "email", r.Email), rs.say("it", "access.ticket-place", "organisation", r.Named, "unit", r.UnitNamed),
		rs.say("it", "access.ticket-modules", "modules", strings.Join(names, ", ")), rs.say("it", "access.ticket-why", "why", r.Why)}
	if r.Voucher != "" {
		lines = append(lines, rs.say("it", "access.ticket-voucher", "voucher", r.Voucher))
	}
	subject := entry.Cut(rs.say("it", "access.ticket-subject", "name", r.Name, "organisation", r.Named), entry.MaxSubject)
	// The asker as a bare person: nothing that they are at the desk weighs on where the ticket goes.
	asker := policy.Actor{Person: &store.Person{Row: p.Row, Email: p.Email, Name: p.Name, Language: p.Language}}
	t, err := rs.tickets.OpenIn(tx, asker, ticket.Opening{Subject: subject, Body: strings.Join(lines, "\n\n"), Kind: store.Access, Module: asks[0].Module, Language: r.Language, Access: r.ID})
	if err != nil {
		return err
	}
	for _, k := range asks {
		k.Ticket = t.ID
	}
	return nil
}

// Answer writes an answer to those who asked back. It returns Conflict "error.access-nothing-asked" when nobody waits for one.
func (rs *Requests) Answer(token, text string) error {
	return rs.st.Update(byLink(act.Message), func(tx *db.Tx) error {
		r, err := rs.linked(tx, token)
		if err != nil {
			return err
		}
		var wrong fault.Problems
		text = markup.Clean(text)
		entry.CheckText(&wrong, "body", strings.TrimSpace(text), store.AccessRequests.Most("why"))
		if err := wrong.Err(); err != nil {
			return err
		}
		answered := map[uint64]bool{}
		for _, k := range r.Asks {
			waits, err := asked(tx, &k)
			if err != nil {
				return err
			}
			if !waits || answered[k.Ticket] {
				continue
			}
			answered[k.Ticket] = true
			p, err := store.People.Get(tx, r.Person)
			if err != nil {
				return err
			}
			t, err := store.Tickets.Get(tx, k.Ticket)
			if err != nil {
				return err
			}
			asker := policy.Actor{Person: &store.Person{Row: p.Row, Email: p.Email, Name: p.Name, Language: p.Language}}
			w := rs.tickets.Begin(tx, asker, t)
			if err := w.Speak(&store.Message{Author: p.ID, At: tx.Now(), Body: text, Via: door.Page}, nil); err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
		}
		if len(answered) == 0 {
			return fault.New(fault.Conflict, "error.access-nothing-asked")
		}
		return nil
	})
}

// Withdraw takes back what waits: before the address is confirmed the whole request, which is then nowhere. It reports whether
// the request still stands. What was decided stays.
func (rs *Requests) Withdraw(token string) (stands bool, err error) {
	err = rs.st.Update(byLink(act.WithdrawAccess), func(tx *db.Tx) error {
		r, err := rs.linked(tx, token)
		if err != nil {
			return err
		}
		if stands = !r.Confirmed.IsZero(); !stands {
			return rs.remove(tx, r)
		}
		if !r.Waits() {
			return fault.New(fault.Conflict, "error.access-decided")
		}
		for i := range r.Asks {
			if k := &r.Asks[i]; k.State == store.AskWaits {
				k.State, k.At = store.AskWithdrawn, tx.Now()
			}
		}
		r.Decided = tx.Now()
		for _, id := range ticketsOf(r) {
			if err := rs.conclude(tx, r, id); err != nil {
				return err
			}
		}
		tx.Act(act.WithdrawAccess)
		return store.AccessRequests.Put(tx, r)
	})
	return stands, err
}

// linkAgain is how long one link for the password is waited for before the next is sent: it would end the one before.
const linkAgain = 15 * time.Minute

// Renew sends whoever asked a new link for choosing a password, valid once and for three days. It returns Conflict
// "error.access-no-link" when nothing was granted or a password is there, and TooMany shortly after the last one.
func (rs *Requests) Renew(token string) error {
	err := rs.st.Update(byLink(act.AskLink), func(tx *db.Tx) error {
		r, err := rs.linked(tx, token)
		if err != nil {
			return err
		}
		if r.Person == 0 || !r.Has(store.AskGranted) {
			return fault.New(fault.Conflict, "error.access-no-link")
		}
		p, err := store.People.Get(tx, r.Person)
		if err != nil {
			return err
		}
		if people.CanSignIn(tx, p) || !p.MayEnter(tx.Now()) || !rs.post.Reaches(tx, p) {
			return fault.New(fault.Conflict, "error.access-no-link")
		}
		for l, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of(p.Email), Low: key.Of(tx.Now().Add(-linkAgain))}) {
			if err != nil {
				return err
			}
			if e, _ := post.OfAccount(l); e.WithLink() {
				return fault.New(fault.TooMany, "error.too-many", "seconds", int(l.Created.Add(linkAgain).Sub(tx.Now()).Seconds())+1)
			}
		}
		return rs.post.PlanAccountLetter(tx, p, p.Email, store.Telling{Event: event.AccessOpened, Access: r.ID})
	})
	if err == nil {
		rs.post.Wake()
	}
	return err
}
