package release

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// atOnce is how many people or organisations one transaction of a round serves: another write waits for no more.
const atOnce = 8

// Run publishes what is due, goes the rounds and reminds, until the context ends.
func (rs *Releases) Run(ctx context.Context) error {
	for {
		next, err := rs.publishDue()
		if err != nil {
			return err
		}
		for more := true; more && ctx.Err() == nil; {
			if more, err = rs.Step(); err != nil {
				return err
			}
		}
		if _, err := rs.Remind(); err != nil {
			return err
		}
		wait := time.Minute
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(rs.st.Now()), 10*time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rs.begun:
		case <-time.After(wait):
		}
	}
}

// errand is what one step of a round does: it writes the receipts of some places, or tells some people and contacts.
type errand struct {
	dated    []uint64 // receipts that get the days of the release
	places   []Place
	placed   int // organisations whose receipts stand after it
	people   []*store.Person
	optional map[uint64]bool // those of them who are told because they follow the module alone
	contacts []*store.Contact
	at       int // organisations that are told after it
	nobody   []uint64
	done     bool
}

// Step does a part of the oldest round that is open, and reports whether there is more to do. Receipts come first, so that
// whoever speaks for several organisations gets one letter that names all of them.
func (rs *Releases) Step() (more bool, err error) {
	rs.going.Lock()
	defer rs.going.Unlock()
	var round *store.Round
	var e errand
	err = rs.st.View(func(tx *db.Tx) error {
		round = nil
		for r, err := range store.RoundsOpen.Rows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			round = r
			break
		}
		if round == nil {
			return nil
		}
		r, err := store.Releases.Get(tx, round.Release)
		if err != nil {
			return err
		}
		e, err = rs.errand(tx, r, round)
		return err
	})
	if err != nil || round == nil {
		return false, err
	}
	err = rs.st.Update(db.By{Person: round.By, Via: door.Desk, Act: act.GoRound}, func(tx *db.Tx) error {
		now, err := store.Rounds.Get(tx, round.ID)
		if err != nil || !now.Done.IsZero() {
			return fault.IgnoreNotFound(err)
		}
		r, err := store.Releases.Get(tx, now.Release)
		if err != nil {
			return err
		}
		for _, id := range e.dated {
			if err := rs.date(tx, r, id); err != nil {
				return err
			}
		}
		for _, p := range e.places {
			if err := ask(tx, r, p); err != nil {
				return err
			}
		}
		for _, p := range e.people {
			if err := rs.tell(tx, r, now, p, e.optional[p.ID]); err != nil {
				return err
			}
		}
		for _, c := range e.contacts {
			if err := rs.tellContact(tx, r, now, c); err != nil {
				return err
			}
		}
		now.Nobody = append(now.Nobody, e.nobody...)
		now.Placed, now.At, now.Told = e.placed, e.at, now.Told+len(e.people)+len(e.contacts)
		if e.done {
			now.Done = tx.Now()
		}
		return store.Rounds.Put(tx, now)
	})
	if err == nil && len(e.people)+len(e.contacts) > 0 {
		rs.post.Wake()
	}
	return err == nil, err
}

func (rs *Releases) errand(tx *db.Tx, r *store.Release, round *store.Round) (errand, error) {
	e := errand{placed: round.Placed, at: round.At, optional: map[uint64]bool{}}
	if round.Of == store.RoundDates {
		for row, err := range store.ReceiptsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(r.ID)}) {
			if err != nil {
				return e, err
			}
			if !row.Due.Equal(r.InstallBy.In(row.Environment)) && len(e.dated) < atOnce {
				e.dated = append(e.dated, row.ID)
			}
		}
		e.done = len(e.dated) == 0
		return e, nil
	}
	for e.placed < len(round.Organisations) && len(e.places) < atOnce && round.Of != store.RoundWithdrawn {
		places, err := placesOf(tx, r, round.Organisations[e.placed])
		if err != nil {
			return e, err
		}
		e.places, e.placed = append(e.places, places...), e.placed+1
	}
	if len(e.places) > 0 {
		return e, nil
	}
	crowd, err := followers(tx, r)
	if err != nil {
		return e, err
	}
	for e.at < len(round.Organisations) {
		if full, err := rs.organisation(tx, r, round, crowd, round.Organisations[e.at], &e); err != nil || full {
			return e, err
		}
		e.at++
	}
	others, err := others(tx, r, round.People, crowd)
	if err != nil {
		return e, err
	}
	for _, p := range others {
		if len(e.people) == atOnce {
			return e, nil
		}
		if !rs.told(tx, round, p) && !slices.ContainsFunc(e.people, func(o *store.Person) bool { return o.ID == p.ID }) {
			e.people, e.optional[p.ID] = append(e.people, p), !slices.Contains(round.People, p.ID)
		}
	}
	e.done = true
	return e, nil
}

// others returns who is told besides those of the organisations: agents who follow a module, and the people that are named,
// as far as they may see the release.
func others(tx *db.Tx, r *store.Release, named []uint64, crowd []*store.Person) ([]*store.Person, error) {
	var all []*store.Person
	for _, p := range crowd {
		if p.IsAgent() {
			all = append(all, p)
		}
	}
	for _, id := range named {
		p, err := store.People.Peek(tx, id)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return nil, err
			}
			continue
		}
		if !p.Disabled {
			all = append(all, p)
		}
	}
	facts, err := policy.FactsOfRelease(tx, r)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p *store.Person) bool {
		return facts.May(tx, policy.Actor{Person: p}, policy.SeeRelease, store.Hat{}) != nil
	}), nil
}

// organisation adds to the errand those of the organisation who are not told yet, and reports whether it is full.
func (rs *Releases) organisation(tx *db.Tx, r *store.Release, round *store.Round, crowd []*store.Person, id uint64, e *errand) (full bool, err error) {
	places, err := placesOf(tx, r, id)
	if err != nil {
		return false, err
	}
	people, err := peopleOf(tx, crowd, id, places)
	if err != nil {
		return false, err
	}
	for _, p := range people {
		if rs.told(tx, round, p) || slices.ContainsFunc(e.people, func(o *store.Person) bool { return o.ID == p.ID }) {
			continue
		}
		if len(e.people)+len(e.contacts) >= atOnce {
			return true, nil
		}
		e.people, e.optional[p.ID] = append(e.people, p), !speaks(tx, p, places)
	}
	contacts, err := contactsOf(tx, r, id)
	if err != nil {
		return false, err
	}
	if len(people)+len(contacts) == 0 && round.Of != store.RoundWithdrawn {
		e.nobody = append(e.nobody, id)
	}
	for _, c := range contacts {
		if store.LettersByRelease.Has(tx, r.ID, round.ID, uint64(0), c.ID) || slices.ContainsFunc(e.contacts, func(o *store.Contact) bool { return o.ID == c.ID }) {
			continue
		}
		if rs.post.Mail().From == "" {
			continue
		}
		if len(e.people)+len(e.contacts) >= atOnce {
			return true, nil
		}
		e.contacts = append(e.contacts, c)
	}
	return false, nil
}

// speaks reports whether the person answers for one of the places.
func speaks(tx *db.Tx, p *store.Person, places []Place) bool {
	return slices.ContainsFunc(places, func(at Place) bool { return policy.AnswersFor(tx, p, at.Hat, at.Module) })
}

// told reports whether the person was told in the round, or is not to be: nobody is told of what they did themselves.
func (rs *Releases) told(tx *db.Tx, round *store.Round, p *store.Person) bool {
	return p.ID == round.By || store.NoticesByRelease.Has(tx, round.Release, round.ID, p.ID)
}

// ask writes the receipt of a place, unless it has one.
func ask(tx *db.Tx, r *store.Release, at Place) error {
	if store.ReceiptsByPlace.Has(tx, r.ID, at.Hat.Organisation, at.Hat.Unit, at.Module, at.Environment) {
		return nil
	}
	return store.Receipts.Put(tx, newReceipt(tx, r, at))
}

func newReceipt(tx *db.Tx, r *store.Release, at Place) *store.Receipt {
	return &store.Receipt{Release: r.ID, Organisation: at.Hat.Organisation, Unit: at.Hat.Unit, Module: at.Module, Environment: at.Environment,
		Asked: at.Asked, Due: r.InstallBy.In(at.Environment), Last: store.Statement{State: store.ReceiptTold, At: tx.Now()}}
}

// date gives a receipt the day of its release. Reminders before that day come again.
func (rs *Releases) date(tx *db.Tx, r *store.Release, id uint64) error {
	row, err := store.Receipts.Get(tx, id)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	row.Due = r.InstallBy.In(row.Environment)
	row.Remind = min(row.Remind, rs.passed(tx, row, r))
	return store.Receipts.Put(tx, row)
}

// eventOf is what people are told in a round.
func eventOf(round *store.Round) event.Event {
	switch round.Of {
	case store.RoundWithdrawn:
		return event.ReleaseWithdrawn
	case store.RoundAgain:
		return event.ReleaseAgain
	case store.RoundPublished, store.RoundWidened, store.RoundDates:
	}
	return event.Release
}

// tell plans the notice and the letter for one person. Who only follows the module may have turned it down, or wait for
// the daily mail, unless it hurries.
func (rs *Releases) tell(tx *db.Tx, r *store.Release, round *store.Round, p *store.Person, optional bool) error {
	e := eventOf(round)
	optional = optional && !r.Kind.Hurried() && e != event.ReleaseWithdrawn
	n := &store.Notice{Person: p.ID, Release: r.ID, Round: round.ID, Event: e, By: round.By, Seq: tx.LastChange(), At: tx.Now(), Why: entry.Cut(round.Reason, db.MaxReason)}
	if optional && p.Notices == store.NoticeAnswers {
		n.Read = true // it stands in the list, and disturbs nobody
		return store.Notices.Put(tx, n)
	}
	mail := rs.post.Mail().From != "" && entry.PlausibleAddress(p.Email) && !rs.post.Ours(tx, p.Email)
	n.Digest = mail && optional && p.Notices == store.NoticeDigest
	if err := store.Notices.Put(tx, n); err != nil || !mail || n.Digest {
		return err
	}
	return rs.letter(tx, &store.Letter{Person: p.ID, To: p.Email, Release: r.ID}, n, !p.MailFailed.IsZero())
}

func (rs *Releases) tellContact(tx *db.Tx, r *store.Release, round *store.Round, c *store.Contact) error {
	n := &store.Notice{Release: r.ID, Round: round.ID, Event: eventOf(round), By: round.By, At: tx.Now(), Why: entry.Cut(round.Reason, db.MaxReason)}
	return rs.letter(tx, &store.Letter{Contact: c.ID, To: c.Email, Language: c.Language, Release: r.ID}, n, !c.Failed.IsZero())
}

// letter plans the letter of a notice.
func (rs *Releases) letter(tx *db.Tx, l *store.Letter, n *store.Notice, unreachable bool) error {
	l.State, l.Next = store.LetterQueued, tx.Now()
	l.Tells = []store.Telling{{Event: n.Event, By: n.By, At: n.At, Why: n.Why, Release: n.Release, Round: n.Round}}
	if unreachable {
		l.State, l.Why = store.LetterHeld, post.WhyUnreachable
		return rs.post.Enqueue(tx, l)
	}
	until, err := rs.post.Crowded(tx, l)
	if err != nil {
		return err
	}
	if until.After(l.Next) {
		l.Next = until
	}
	return rs.post.Enqueue(tx, l)
}

// Gathering adds organisations to releases that went out, as they come to have what the release is for.
func (rs *Releases) Gathering() db.Follower {
	return db.Follower{
		Name:   "release audiences",
		By:     db.By{Via: door.Desk, Act: act.WidenRelease},
		Gather: 200 * time.Millisecond,
		Tells: func(_ *db.Tx, c *db.Change) bool {
			return c.Op != db.Remove && (c.Table == store.Installations.Name() || c.Table == store.Organisations.Name() && c.Op == db.Insert)
		},
		Plan: func(tx *db.Tx, changes []*db.Change) error {
			begun := false
			for r, err := range store.ReleasesByState.GlanceRows(tx, db.Span{Prefix: key.Of(store.ReleasePublished)}) {
				if err != nil {
					return err
				}
				if !r.Audience.All && len(r.Audience.Installed) == 0 {
					continue
				}
				comes, err := someComes(tx, r, changes)
				if err != nil {
					return err
				}
				if !comes {
					continue
				}
				whole, err := store.Releases.Get(tx, r.ID)
				if err != nil {
					return err
				}
				if err := widen(tx, whole, 0); err != nil {
					return err
				}
				if err := store.Releases.Put(tx, whole); err != nil {
					return err
				}
				begun = true
			}
			if begun {
				rs.wake()
			}
			return nil
		},
		Planned: rs.wake,
	}
}

// someComes reports whether one of the changes brings the release to an organisation that it did not go to.
func someComes(tx *db.Tx, r *store.Release, changes []*db.Change) (bool, error) {
	for _, c := range changes {
		if c.Table == store.Organisations.Name() {
			if r.Audience.All && !r.WentTo(c.ID) {
				return true, nil
			}
			continue
		}
		i, err := store.Installations.Peek(tx, c.ID)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return false, err
			}
			continue
		}
		if !slices.Contains(r.Modules, i.Module) || r.WentTo(i.Organisation) {
			continue
		}
		order, err := installation.Order(tx, i.Module)
		if err != nil {
			return false, err
		}
		if r.Audience.All || chosen(r, order, i) {
			return true, nil
		}
	}
	return false, nil
}

// RunGathering is Gathering as changes come, until the context ends.
func (rs *Releases) RunGathering(ctx context.Context) error { return rs.st.Follow(ctx, rs.Gathering()) }

// Remind reminds the places whose day is near or past and that have not answered, by the rules of the settings, and
// returns how many it reminded. Nobody gets more than one letter of a release on a day.
func (rs *Releases) Remind() (int, error) {
	reminded := 0
	var after uint64
	for {
		var due []uint64
		err := rs.st.View(func(tx *db.Tx) error {
			due = nil
			for e := range store.ReceiptsDue.Entries(tx, db.Span{}) {
				if e.ID > after {
					due = append(due, e.ID)
				}
			}
			slices.Sort(due)
			out := due[:0]
			for _, id := range due {
				row, err := store.Receipts.Peek(tx, id)
				if err != nil {
					return err
				}
				if is, err := rs.reminds(tx, row); err != nil {
					return err
				} else if is {
					out = append(out, id)
				}
				if len(out) == atOnce {
					break
				}
			}
			due = out
			return nil
		})
		if err != nil || len(due) == 0 {
			return reminded, err
		}
		after = due[len(due)-1]
		err = rs.st.Update(db.By{Via: door.Desk, Act: act.GoRound}, func(tx *db.Tx) error {
			n := 0
			for _, id := range due {
				row, err := store.Receipts.Get(tx, id)
				if err != nil {
					return err
				}
				if is, err := rs.reminds(tx, row); err != nil || !is {
					if err != nil {
						return err
					}
					continue
				}
				n++
				if err := rs.remind(tx, row); err != nil {
					return err
				}
			}
			reminded += n
			return nil
		})
		if err != nil {
			return reminded, err
		}
		rs.post.Wake()
	}
}

// passed is how many reminders of the receipt have their day behind them.
func (rs *Releases) passed(tx *db.Tx, row *store.Receipt, r *store.Release) int {
	n, today := 0, rs.today(tx)
	for _, days := range store.ReminderDays(store.CurrentSettings(tx), r.Kind) {
		if !row.Due.AddDate(0, 0, days).After(today) {
			n++
		}
	}
	return n
}

// reminds reports whether the place is to be reminded now: its word is awaited, and it has planned it for no day that is still to
// come.
func (rs *Releases) reminds(tx *db.Tx, row *store.Receipt) (bool, error) {
	r, err := store.Releases.Glance(tx, row.Release)
	if err != nil || row.Due.IsZero() {
		return false, err
	}
	if awaited, err := Waits(tx, r, row); err != nil || !awaited {
		return false, err
	}
	if row.Last.State == store.ReceiptPlanned && !row.Last.Date.Before(rs.today(tx)) && !row.Last.Date.After(row.Due) {
		return false, nil
	}
	return rs.passed(tx, row, r) > row.Remind, nil
}

func (rs *Releases) remind(tx *db.Tx, row *store.Receipt) error {
	r, err := store.Releases.Glance(tx, row.Release)
	if err != nil {
		return err
	}
	row.Remind = rs.passed(tx, row, r)
	if err := store.Receipts.Put(tx, row); err != nil {
		return err
	}
	places := []Place{{store.Hat{Organisation: row.Organisation, Unit: row.Unit}, row.Module, row.Environment, "", true}}
	people, err := peopleOf(tx, nil, row.Organisation, places)
	if err != nil {
		return err
	}
	for _, p := range people {
		if !policy.AnswersFor(tx, p, store.Hat{Organisation: row.Organisation, Unit: row.Unit}, row.Module) || remindedToday(tx, r, p.ID) {
			continue
		}
		n := &store.Notice{Person: p.ID, Release: r.ID, Event: event.ReleaseDue, Seq: tx.LastChange(), At: tx.Now()}
		if err := store.Notices.Put(tx, n); err != nil {
			return err
		}
		if rs.post.Mail().From == "" || !entry.PlausibleAddress(p.Email) || rs.post.Ours(tx, p.Email) {
			continue
		}
		if err := rs.letter(tx, &store.Letter{Person: p.ID, To: p.Email, Release: r.ID}, n, !p.MailFailed.IsZero()); err != nil {
			return err
		}
	}
	return nil
}

func remindedToday(tx *db.Tx, r *store.Release, person uint64) bool {
	for n := range store.NoticesByRelease.PeekRows(tx, db.Span{Prefix: key.Of(r.ID, uint64(0), person), Desc: true}) {
		return n != nil && tx.Now().Sub(n.At) < 20*time.Hour
	}
	return false
}

// Rounds returns the rounds of the release in which people were told, the newest first. Only those who may write it may call it.
func (rs *Releases) Rounds(a policy.Actor, number uint64) ([]*store.Round, error) {
	var out []*store.Round
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := store.Releases.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.WriteRelease, r); err != nil {
			return err
		}
		out, err = store.RoundsByRelease.Find(tx, r.ID)
		out = slices.DeleteFunc(out, func(r *store.Round) bool { return r.Of == store.RoundDates })
		slices.SortFunc(out, func(x, y *store.Round) int { return cmp.Compare(y.ID, x.ID) })
		return err
	})
	return out, err
}
