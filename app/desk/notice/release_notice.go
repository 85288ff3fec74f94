package notice

import (
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// OutgoingRelease is a release with what a letter says of it to its reader.
type OutgoingRelease struct {
	*store.Release
	Module *store.Module // the first one
	Places []OutgoingPlace
	Answer bool // the reader is asked for an answer
}

// OutgoingPlace is a place for which the reader speaks.
type OutgoingPlace struct {
	Name        string // of the organisation, and of the unit
	Environment store.Environment
	Version     string // what runs there; empty: nobody said
	Asked       bool
	Beyond      bool // it is asked, and what runs there answers for the release
}

// outgoingRelease gathers a letter about a release: to a person what they may see at this moment, to a contact what is of
// its organisation.
func (ns *Notices) outgoingRelease(tx *db.Tx, o *Outgoing) (*Outgoing, string, error) {
	r, err := store.Releases.Get(tx, o.Letter.Release)
	if err != nil {
		return nil, post.WhyGone, fault.IgnoreNotFound(err)
	}
	out := &OutgoingRelease{Release: r}
	facts, err := policy.FactsOfRelease(tx, r)
	if err != nil {
		return nil, "", err
	}
	var mine func(row *store.Receipt) bool
	switch {
	case o.Letter.Contact != 0:
		c, err := store.Contacts.Get(tx, o.Letter.Contact)
		if err != nil || c.Confirmed.IsZero() || !r.WentTo(c.Organisation) {
			return nil, post.WhyGone, fault.IgnoreNotFound(err)
		}
		o.Person.Name, o.Link = c.Name, ns.releases.LinkToken(c.ID, r.ID, tx.Now())
		mine = func(row *store.Receipt) bool {
			return row.Organisation == c.Organisation && (c.Module == 0 || policy.Under(tx, row.Module, c.Module))
		}
	case facts.May(tx, policy.Actor{Person: o.Person}, policy.SeeRelease, store.Hat{}) != nil:
		return nil, post.WhyMayNotSee, nil
	default:
		mine = func(row *store.Receipt) bool {
			return policy.AnswersFor(tx, o.Person, store.Hat{Organisation: row.Organisation, Unit: row.Unit}, row.Module)
		}
	}
	if out.Module, err = store.Modules.Peek(tx, r.Modules[0]); err != nil {
		return nil, "", err
	}
	for row, err := range store.ReceiptsByPlace.GlanceRows(tx, db.Span{Prefix: key.Of(r.ID)}) {
		if err != nil {
			return nil, "", err
		}
		if !mine(row) {
			continue
		}
		p, err := outgoingPlace(tx, row)
		if err != nil {
			return nil, "", err
		}
		if runs, err := release.BeyondAt(tx, r, row); err != nil {
			return nil, "", err
		} else if p.Beyond = runs != "" && row.Asked; p.Beyond {
			out.Places = append(out.Places, p)
			continue
		}
		out.Places = append(out.Places, p)
		awaited, err := release.Waits(tx, r, row)
		if err != nil {
			return nil, "", err
		}
		out.Answer = out.Answer || awaited
	}
	if o.Group, err = store.Groups.Peek(tx, facts.Groups()[0]); err != nil {
		return nil, "", err
	}
	if from := ns.post.AddressOf(tx, o.Group.ID, r.Modules[0]); from != "" {
		o.From, o.ReplyTo = from, from
	}
	if out.Answer {
		if to := ns.releases.ReplyAddress(o.From, release.ReplyTo{Release: r.ID, Person: o.Letter.Person, Contact: o.Letter.Contact}); to != "" {
			o.ReplyTo = to
		}
	}
	o.Release = out
	for _, tell := range o.Letter.Tells {
		line, err := releaseLine(tx, tell, out)
		if err != nil {
			return nil, "", err
		}
		o.Lines = append(o.Lines, line)
	}
	return o, "", nil
}

func outgoingPlace(tx *db.Tx, row *store.Receipt) (OutgoingPlace, error) {
	p := OutgoingPlace{Environment: row.Environment, Asked: row.Asked}
	place, err := rightName(tx, store.RightChange{Organisation: row.Organisation, Unit: row.Unit})
	if err != nil {
		return p, err
	}
	p.Name = place.IT
	i, err := store.InstallationsByPlace.PeekFirst(tx, row.Organisation, row.Unit, row.Module, row.Environment)
	if err == nil {
		p.Version = i.Version
	}
	return p, fault.IgnoreNotFound(err)
}

// releaseLine returns the line of an event about a release.
func releaseLine(tx *db.Tx, tell store.Telling, r *OutgoingRelease) (OutgoingLine, error) {
	line := OutgoingLine{Telling: tell, Desk: true, Release: r}
	if p, err := store.People.Peek(tx, tell.By); err == nil {
		line.Who = ShownName(p)
	} else if fault.IgnoreNotFound(err) != nil {
		return line, err
	}
	if tell.Round != 0 {
		if round, err := store.Rounds.Get(tx, tell.Round); err == nil && round.Reason != "" {
			line.Why = round.Reason // the notice has its beginning alone
		} else if fault.IgnoreNotFound(err) != nil {
			return line, err
		}
	}
	return line, nil
}

// digestRelease returns the line of a release in a daily mail, false when the reader may not see it any more.
func (ns *Notices) digestRelease(tx *db.Tx, o *Outgoing, tell store.Telling) (OutgoingLine, bool, error) {
	r, err := store.Releases.Glance(tx, tell.Release)
	if err != nil {
		return OutgoingLine{}, false, fault.IgnoreNotFound(err)
	}
	switch err := policy.MayRelease(tx, policy.Actor{Person: o.Person}, policy.SeeRelease, r); fault.KindOf(err) {
	case fault.NotFound, fault.Denied, fault.SignIn:
		return OutgoingLine{}, false, nil
	}
	out := &OutgoingRelease{Release: r}
	if out.Module, err = store.Modules.Peek(tx, r.Modules[0]); err != nil {
		return OutgoingLine{}, false, err
	}
	line, err := releaseLine(tx, tell, out)
	return line, err == nil, err
}

// outgoingContact gathers the letter that asks a contact whether its address is right.
func (ns *Notices) outgoingContact(tx *db.Tx, o *Outgoing) (*Outgoing, string, error) {
	c, err := store.Contacts.Get(tx, o.Letter.Contact)
	if err != nil || !c.Confirmed.IsZero() || c.Email != o.Letter.To {
		return nil, post.WhyGone, fault.IgnoreNotFound(err)
	}
	place, err := rightName(tx, store.RightChange{Organisation: c.Organisation})
	if err != nil {
		return nil, "", err
	}
	o.Person.Name, o.Link = c.Name, ns.releases.ContactToken(c.ID, tx.Now())
	line := OutgoingLine{Telling: o.Letter.Tells[0], Named: place.IT}
	if p, err := store.People.Peek(tx, c.By); err == nil {
		line.Who = ShownName(p)
	} else if fault.IgnoreNotFound(err) != nil {
		return nil, "", err
	}
	o.Lines = []OutgoingLine{line}
	return o, "", nil
}

// asksContact reports whether the letter asks a contact whether its address is right.
func asksContact(l *store.Letter) bool {
	return len(l.Tells) == 1 && l.Tells[0].Event == event.ContactAsked
}

// InstallBy returns the next day by which the reader has to install the release, with its environment; zero when there is
// none, and then the last one that is past.
func (r *OutgoingRelease) InstallBy() (store.Environment, time.Time) {
	for _, e := range []store.Environment{store.Production, store.Test} {
		if day := r.Release.InstallBy.In(e); !day.IsZero() && r.Concerns(e) {
			return e, day
		}
	}
	return store.EnvironmentNone, time.Time{}
}

// Concerns reports whether the reader has a place in the environment, or none that is known.
func (r *OutgoingRelease) Concerns(e store.Environment) bool {
	return len(r.Places) == 0 || slices.ContainsFunc(r.Places, func(p OutgoingPlace) bool { return p.Environment == e })
}

// Done reports whether nothing is left to do for the reader, because at one of their places what runs answers for the release and no
// other one is awaited.
func (r *OutgoingRelease) Done() bool {
	return !r.Answer && slices.ContainsFunc(r.Places, func(p OutgoingPlace) bool { return p.Beyond })
}
