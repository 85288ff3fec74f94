package desk

import (
	"encoding/json"
	"slices"
	"time"

	"sportello/app/credential"
	"sportello/app/markup"
	"sportello/store"
)

// Everybody is also a requester: who can act as a person reads that person's tickets, the confidential ones too. So a
// right over a person's account is a right over their tickets, and stands in the table below. The address of mail is
// where the links go with which a password is chosen: who may change it may, in the end, act as that person.

// AccountAct is something one may or may not do to somebody's account.
type AccountAct uint8

// The acts on accounts. Each has its row in accountRights.
const (
	SeeAccount      AccountAct = iota + 1 // the person's record in the administration
	AddAccount                            // add somebody who is not there yet
	MakeAgent                             // put into a group as agent, and take out again
	MakeSupervisor                        // make supervisor of a group, and agent again
	GiveRole                              // administrator, editor
	MakeCoordinator                       // and take that back
	Rename                                // name, telephone, language
	ChangeAddress                         // of mail
	ChangePlace                           // organisation and unit, which say whose coordinators read the tickets
	Disable                               // and enable again
	SendLink                              // have a link for choosing a password sent to the person's own address
	HandLink                              // see such a link, to hand it over
	WakeToken                             // that sleeps since a restore
	lastAccountAct  = WakeToken
)

// accountRelation is how somebody stands to a person.
type accountRelation uint8

const (
	asSelf       accountRelation = iota
	asSupervisor                 // of the group that the act is about
	asRunner                     // administrator
	accountRelations
)

// accountCell is what the table says where act and relation meet.
type accountCell uint8

const (
	never accountCell = iota
	always
	ofGroup  // the group that the act is about
	newcomer // while adding the person, who owns nothing yet
	inHands  // whose rights at the desk all come from groups that the supervisor looks after
	notSent  // where no mail goes out to the person; with a reason, which is logged, anywhere
)

// accountRights is the one table of rights over accounts. An act without a row is refused. Nobody is in it twice: what
// one may do to oneself as oneself is ChangeOwn, whatever else one is.
var accountRights = map[AccountAct][accountRelations]accountCell{
	//               self    supervisor administrator
	SeeAccount:      {always, ofGroup, always},
	AddAccount:      {never, ofGroup, always},
	MakeAgent:       {never, ofGroup, always},
	MakeSupervisor:  {never, never, always},
	GiveRole:        {never, never, always},
	MakeCoordinator: {never, never, always},
	Rename:          {always, newcomer, always},
	ChangeAddress:   {never, newcomer, always},
	ChangePlace:     {never, newcomer, always},
	Disable:         {never, never, always},
	SendLink:        {never, inHands, always},
	HandLink:        {never, newcomer, notSent},
	WakeToken:       {never, never, always},
}

// account is all that rights over an account depend on.
type account struct {
	person *store.Person // as they are now; without a number while they are added
	group  uint64        // that the act is about
	mails  bool          // mail goes out to the person
	reason string
}

// mayAccount reports whether the actor may do the act to the account.
func mayAccount(a Actor, act AccountAct, to account) bool {
	row, ok := accountRights[act]
	if !ok {
		return false
	}
	is := [accountRelations]bool{asRunner: a.IsAdministrator()}
	if a.Person != nil && !a.Person.Disabled {
		is[asSelf] = a.Person.ID == to.person.ID && a.Person.ID != 0
		is[asSupervisor] = a.Person.IsSupervisor()
	}
	for r, has := range is {
		if !has {
			continue
		}
		switch row[r] {
		case always:
			return true
		case ofGroup:
			if a.Person.Supervises(to.group) {
				return true
			}
		case newcomer:
			if to.person.ID == 0 {
				return true
			}
		case inHands:
			if inHand(a.Person, to.person) {
				return true
			}
		case notSent:
			if !to.mails || to.reason != "" {
				return true
			}
		}
	}
	return false
}

// MaySeeAccount reports whether the actor may see the person's record in the administration.
func MaySeeAccount(a Actor, p *store.Person) bool {
	if mayAccount(a, SeeAccount, account{person: p}) {
		return true
	}
	return slices.ContainsFunc(p.Groups, func(m store.Membership) bool { return mayAccount(a, SeeAccount, account{person: p, group: m.Group}) })
}

// accountChange is one thing that a form makes of a person: the act, the group that it is about, and the field.
type accountChange struct {
	act   AccountAct
	group uint64
	field string
}

// accountChanges tells which acts lead from the person as they were to what they shall be.
func accountChanges(before, p *store.Person) []accountChange {
	var out []accountChange
	add := func(differs bool, act AccountAct, field string) {
		if differs {
			out = append(out, accountChange{act, 0, field})
		}
	}
	add(p.Administrator != before.Administrator, GiveRole, "administrator")
	add(p.Editor != before.Editor, GiveRole, "editor")
	add(!slices.Equal(p.Coordinates, before.Coordinates), MakeCoordinator, "coordinates")
	add(p.Disabled != before.Disabled, Disable, "disabled")
	for _, pair := range [][2]*store.Person{{before, p}, {p, before}} {
		for _, m := range pair[0].Groups {
			if slices.Contains(pair[1].Groups, m) {
				continue
			}
			act := MakeAgent
			if m.Supervisor {
				act = MakeSupervisor
			}
			out = append(out, accountChange{act, m.Group, "groups"})
		}
	}
	add(p.Email != before.Email, ChangeAddress, "email")
	add(p.Name != before.Name, Rename, "name")
	add(p.Language != before.Language, Rename, "language")
	add(p.Phone != before.Phone, Rename, "phone")
	add(p.Organisation != before.Organisation, ChangePlace, "organisation")
	add(p.Unit != before.Unit, ChangePlace, "unit")
	return out
}

// mayChangeAccount returns nil when the actor may make p of the person, else Denied of the field of the first act that
// they may not do.
func mayChangeAccount(a Actor, before, p *store.Person) error {
	for _, c := range accountChanges(before, p) {
		if !mayAccount(a, c.act, account{person: before, group: c.group}) {
			return store.Fail(store.Denied, "error.supervisor-only-agents").At(c.field)
		}
	}
	return nil
}

// endWithChange ends what opens the account when the change is one that ends it, before the row p is written: all of it
// when access is taken away, and once more when it is given back; what was sent to the address when that is another.
func (d *Desk) endWithChange(tx *store.Tx, before, p *store.Person) error {
	switch {
	case p.ID == 0:
		return nil
	case p.Disabled != before.Disabled:
		return d.keeper.EndAllTx(tx, p)
	case p.Email != before.Email:
		return d.keeper.EndLinksTx(tx, p)
	}
	return nil
}

// mailReaches reports whether mail goes out to the person.
func (d *Desk) mailReaches(tx *store.Tx, p *store.Person) bool {
	return d.mail.From != "" && plausibleAddress(p.Email) && !d.ours(tx, p.Email) && p.MailFailed.IsZero()
}

// MailReaches reports whether mail goes out to the person, so that a link can be sent to them.
func (d *Desk) MailReaches(p *store.Person) (yes bool, err error) {
	err = d.st.View(func(tx *store.Tx) error {
		yes = d.mailReaches(tx, p)
		return nil
	})
	return yes, err
}

// SendPasswordLink has a link, good once and for three days, with which a password is chosen, sent to the person's own
// address; nobody else sees it. Administrators may for everybody, supervisors for agents whose rights all come from
// groups they look after. Invalid "error.link-not-sent" where no mail goes out to the person.
func (d *Desk) SendPasswordLink(a Actor, id uint64) error {
	err := d.st.Update(a.by("send-link"), func(tx *store.Tx) error {
		p, err := d.linkable(tx, a, SendLink, id, "")
		if err != nil {
			return err
		}
		if !d.mailReaches(tx, p) {
			return store.Fail(store.Invalid, "error.link-not-sent")
		}
		return d.planAccountLetter(tx, p, p.Email, store.Telling{Event: "link", By: a.ID()})
	})
	if err == nil {
		d.wakeOut()
	}
	return err
}

// HandPasswordLink returns the secret of such a link to be handed over; earlier ones become worthless. Administrators
// alone may, and where mail goes out to the person only with a reason. It is logged with the reason, and the person is
// told.
func (d *Desk) HandPasswordLink(a Actor, id uint64, reason string) (string, error) {
	reason = cutRunes(markup.Line(reason), maxName)
	link := ""
	err := d.st.Update(a.by("hand-link"), func(tx *store.Tx) error {
		p, err := d.linkable(tx, a, HandLink, id, reason)
		if err != nil {
			return err
		}
		tx.Because(reason)
		if link, err = d.keeper.NewLinkTx(tx, p.ID, credential.ForPassword); err != nil {
			return err
		}
		tx.Because("")
		return d.tellAccount(tx, p, store.Telling{Event: "handed", By: a.ID(), Why: reason}, reason)
	})
	if err != nil {
		return "", err
	}
	d.wakeOut()
	return link, nil
}

// linkable returns the person if the actor may have a link made for them in that way.
func (d *Desk) linkable(tx *store.Tx, a Actor, act AccountAct, id uint64, reason string) (*store.Person, error) {
	if !maySeePeople(a) {
		return nil, denied(a)
	}
	p, err := store.People.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if to := (account{person: p, mails: d.mailReaches(tx, p), reason: reason}); !mayAccount(a, act, to) {
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

// inHand reports whether all that the person may do at the desk comes from groups the supervisor supervises.
func inHand(supervisor, p *store.Person) bool {
	if p.Administrator || p.Editor || len(p.Coordinates) > 0 || len(p.Groups) == 0 {
		return false
	}
	return !slices.ContainsFunc(p.Groups, func(m store.Membership) bool { return m.Supervisor || !supervisor.Supervises(m.Group) })
}

// MayLink reports whether SendPasswordLink, and whether HandPasswordLink with a reason, would be allowed.
func (d *Desk) MayLink(a Actor, p *store.Person) (send, hand bool) {
	if p.Disabled || p.ID == 0 {
		return false, false
	}
	mails, err := d.MailReaches(p)
	if err != nil {
		return false, false
	}
	to := account{person: p, mails: mails, reason: "any"}
	return to.mails && mayAccount(a, SendLink, to), mayAccount(a, HandLink, to)
}

// What a person is told of their own account. Of some of it they are told although they did it themselves, by mail:
// whoever got hold of the account is to the desk that person.
var (
	// accountEvents are all of them.
	accountEvents = []string{"invited", "link", "handed", "rights", "password", "address", "token", "woken", "ending", "browser"}
	// ownToo are those told to who did it.
	ownToo = []string{"password", "address", "token", "woken", "browser"}
	// linkEvents are those whose letter carries a link for choosing a password.
	linkEvents = []string{"invited", "link"}
)

// AccountEvent reports whether the notice or letter is about the person's account, not about a ticket.
func AccountEvent(event string) bool { return slices.Contains(accountEvents, event) }

// accountEvent is what a change of the log means to the person whose account it is, "" for nothing.
func accountEvent(c *store.Change) string {
	switch {
	case c.Table == store.Tokens.Name() && c.Op == store.Insert:
		return "token"
	case c.Table == store.Tokens.Name() && c.Op == store.Modify:
		if f, ok := c.Field("asleep"); ok && len(f.Old) > 0 && len(f.New) == 0 {
			return "woken"
		}
		if _, ok := c.Field("reminded"); ok {
			return "ending"
		}
		return ""
	case c.Table != store.People.Name() || c.Op != store.Modify:
		return ""
	}
	if _, ok := c.Field("email"); ok {
		return "address"
	}
	if f, ok := c.Field("password_set"); ok && len(f.Old) > 0 {
		return "password"
	}
	for _, name := range []string{"groups", "administrator", "editor", "coordinates"} {
		if _, ok := c.Field(name); ok {
			return "rights"
		}
	}
	return ""
}

// planAccount tells the person what a change did to their account.
func (d *Desk) planAccount(tx *store.Tx, c *store.Change, event string) error {
	id, tell, why := c.ID, store.Telling{Event: event, By: c.By, Why: c.Why}, c.Why
	if c.Table == store.Tokens.Name() {
		t, err := store.Tokens.Get(tx, c.ID)
		if err != nil {
			return ignoreNotFound(err)
		}
		id = t.Person
		if event == "ending" {
			if !acts(t, tx.Now()) {
				return nil
			}
			tell.Token, why = t.ID, t.Name
		}
	}
	p, err := store.People.Get(tx, id)
	if err != nil || p.Disabled {
		return ignoreNotFound(err)
	}
	if event == "rights" {
		tell.Rights = rightChanges(c)
	}
	if event == "address" {
		// The address that was is told too: who was sent the links until now must learn that somebody else is.
		if f, _ := c.Field("email"); len(f.Old) > 0 {
			var was string
			if err := json.Unmarshal(f.Old, &was); err == nil && was != p.Email && d.mail.From != "" && plausibleAddress(was) && !d.ours(tx, was) {
				if err := d.planAccountLetter(tx, p, was, store.Telling{Event: "address", By: c.By}); err != nil {
					return err
				}
			}
		}
	}
	return d.tellAccount(tx, p, tell, why)
}

// tellStrange tells the person by letter, at most once an hour, that they signed in from a browser that is not known.
// It stands behind no bell: whoever signed in would read it first.
func (d *Desk) tellStrange(tx *store.Tx, p *store.Person, s *store.Session) error {
	const event = "browser"
	if MailOff(settings(tx), event) {
		return nil
	}
	for o, err := range store.LettersByTo.Rows(tx, store.Span{Prefix: store.Key(p.Email), Low: store.Key(tx.Now().Add(-time.Hour))}) {
		if err != nil {
			return err
		}
		if ofAccount(o) == event && o.Person == p.ID {
			return nil
		}
	}
	return d.tellAccount(tx, p, store.Telling{Event: event, By: p.ID, Device: s.Device, Addr: s.Addr}, "")
}

// tellAccount tells the person by bell, with the words of why, and, where mail goes out, by letter.
func (d *Desk) tellAccount(tx *store.Tx, p *store.Person, tell store.Telling, why string) error {
	if tell.By == p.ID && !slices.Contains(ownToo, tell.Event) {
		return nil
	}
	if tell.By != p.ID {
		n := &store.Notice{Person: p.ID, Event: tell.Event, By: tell.By, Seq: tx.LastChange(), At: tx.Now(), Why: why}
		if err := store.Notices.Put(tx, n); err != nil {
			return err
		}
	}
	if !d.mailReaches(tx, p) {
		return nil
	}
	return d.planAccountLetter(tx, p, p.Email, tell)
}

// planAccountLetter plans a letter about the account to the address.
func (d *Desk) planAccountLetter(tx *store.Tx, p *store.Person, to string, tell store.Telling) error {
	tell.At = tx.Now()
	l := &store.Letter{State: store.LetterQueued, Person: p.ID, To: to, Next: tx.Now(), Tells: []store.Telling{tell}}
	until, err := d.crowded(tx, l)
	if err != nil {
		return err
	}
	if until.After(l.Next) {
		l.Next = until
		for o, err := range store.LettersGathering.Rows(tx, store.Span{Prefix: store.Key(p.ID, uint64(0))}) {
			if err != nil {
				return err
			}
			if ofAccount(o) == tell.Event && o.To == to && o.Tells[0].Token == tell.Token && slices.Equal(o.Tells[0].Rights, tell.Rights) {
				return nil // one that says the same waits already
			}
		}
	}
	return d.putLetter(tx, l)
}

// ofAccount is the event of a letter about the account of its person, "" for other letters.
func ofAccount(l *store.Letter) string {
	if l.Ticket == 0 && len(l.Tells) == 1 && AccountEvent(l.Tells[0].Event) {
		return l.Tells[0].Event
	}
	return ""
}

// outgoingAccount gathers a letter about an account. A link goes to the address of its person as of now and to no other,
// and not once they have chosen a password since.
func (d *Desk) outgoingAccount(tx *store.Tx, o *Outgoing, event string) (*Outgoing, string, error) {
	if slices.Contains(linkEvents, event) && (o.Letter.To != o.Person.Email || o.Person.PasswordSet.After(o.Letter.Created)) {
		return nil, WhyGone, nil
	}
	tell := o.Letter.Tells[0]
	line := OutgoingLine{Telling: tell}
	if tell.Token != 0 {
		t, err := store.Tokens.Get(tx, tell.Token)
		if err != nil || !acts(t, tx.Now()) {
			return nil, WhyGone, ignoreNotFound(err)
		}
		line.Named, line.Ends = t.Name, t.Ends
	}
	for _, c := range tell.Rights {
		name, err := rightName(tx, c)
		if err != nil {
			return nil, "", err
		}
		if name == (store.Words{}) && (c.Group != 0 || c.Organisation != 0) {
			continue // it is gone
		}
		line.Rights = append(line.Rights, NamedRight{c.Right, name, c.Taken})
	}
	by, err := store.People.Peek(tx, tell.By)
	if err == nil {
		line.Who = ShownName(by)
	} else if err := ignoreNotFound(err); err != nil {
		return nil, "", err
	}
	o.Account, o.Lines = event, []OutgoingLine{line}
	return o, "", nil
}

// passwordLink makes the link that the letter carries. It is nowhere but in the letter: each try to send makes another.
func (d *Desk) passwordLink(l *store.Letter) (string, error) {
	return d.keeper.NewLink(store.By{Via: "desk", Act: "send-link"}, l.Person, credential.ForPassword)
}

// SleepingToken is a token that waits for an administrator, and whose it is.
type SleepingToken struct {
	*store.Token
	Who *store.Person // without password
}

// mostSleeping bounds how many sleeping tokens are listed at once.
const mostSleeping = 200

// SleepingTokens lists the tokens that sleep since the desk was restored, and how many there are, for administrators.
func (d *Desk) SleepingTokens(a Actor) (out []SleepingToken, all int, err error) {
	if !mayAccount(a, WakeToken, account{person: &store.Person{}}) {
		return nil, 0, denied(a)
	}
	err = d.st.View(func(tx *store.Tx) error {
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
func (d *Desk) WakeToken(a Actor, id uint64) error {
	return d.st.Update(a.by("wake-token"), func(tx *store.Tx) error {
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
func (d *Desk) WakeTokens(a Actor) (int, error) {
	if !mayAccount(a, WakeToken, account{person: &store.Person{}}) {
		return 0, denied(a)
	}
	woken := 0
	for {
		n := 0
		err := d.st.Update(a.by("wake-tokens"), func(tx *store.Tx) error {
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
