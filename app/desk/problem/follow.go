package problem

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// deed is what a known problem does to one of its cases: moves of the ticket, and what is told. Nothing of it is written yet.
type deed struct {
	row    *store.Case
	ticket *store.Ticket // nil: a person alone
	moves  []ticket.Known
	told   bool // people learn of it
	now    time.Time
	ours   bool // the ticket was planned through a known problem
	held   bool // another problem of the ticket is not mended yet
}

// sumOf is what a case keeps of a way around: enough to know it again.
func sumOf(p *store.Problem) string {
	if p.Workaround == (store.Words{}) {
		return ""
	}
	sum := sha256.Sum256([]byte(p.Workaround.IT + "\x00" + p.Workaround.EN))
	return hex.EncodeToString(sum[:8])
}

// subject is whom the news of a case is for.
type subject struct {
	hat      store.Hat
	language string
	opened   time.Time
}

// deed returns what the problem makes of the case as things stand, nil for nothing. What a person or an agent did to the ticket
// stays: only what the desk planned through the problem moves on, and what is settled is never touched.
func (ps *Problems) deed(tx *db.Tx, k *known, c *store.Case) (*deed, error) {
	if k.MergedInto != 0 {
		return nil, nil
	}
	row := *c
	d := &deed{row: &row, now: tx.Now()}
	var who subject
	if c.Ticket != 0 {
		t, err := store.Tickets.Get(tx, c.Ticket)
		if err != nil || t.IsSpam() {
			return nil, fault.IgnoreNotFound(err)
		}
		d.ticket, who = t, subject{t.Hat(), t.Language, t.Opened}
		if err := d.beside(tx); err != nil {
			return nil, err
		}
	} else {
		p, err := store.People.Peek(tx, c.Person)
		if err != nil || p.Disabled {
			return nil, fault.IgnoreNotFound(err)
		}
		who = subject{language: p.Language, opened: c.Created}
		who.hat = p.Hat(tx.Now())
	}
	places, err := placesOf(tx, who.hat, k.Module)
	if err != nil {
		return nil, err
	}
	s := k.at(places)
	if c.Versions == "" && !s.since.IsZero() && who.opened.After(s.since.AddDate(0, 0, 1)) {
		s = standing{} // it was met where the version already ran: it is not mended by it
	}
	before := row
	d.follow(k, s, len(places) > 0, who.language)
	if !d.told && len(d.moves) == 0 && row == before {
		return nil, nil
	}
	return d, nil
}

// beside looks at the other problems of the ticket.
func (d *deed) beside(tx *db.Tx) error {
	for o, err := range store.CasesByTicket.PeekRows(tx, db.Span{Prefix: key.Of(d.ticket.ID)}) {
		if err != nil {
			return err
		}
		d.ours = d.ours || o.Planned && d.ticket.State == store.StatePlanned
		if o.ID == d.row.ID || !o.Solved.IsZero() {
			continue
		}
		p, err := store.Problems.Glance(tx, o.Problem)
		if err != nil {
			return err
		}
		d.held = d.held || !p.Gone() && p.State != store.ProblemWontFix
	}
	return nil
}

// follow decides.
func (d *deed) follow(k *known, s standing, known bool, language string) {
	c := d.row
	say := func(n News, v string) string {
		c.Told, d.told = string(n), true
		return Say(k.Problem, n, v, language)
	}
	gone, never := k.Gone(), k.State == store.ProblemWontFix
	solved := !c.Solved.IsZero() && (d.ticket == nil || d.ticket.State == store.StateResolved)
	switch {
	case d.ticket != nil && !d.ticket.State.Active() && !solved:
		return // it is settled
	case gone || never || s.version == "":
		d.without(k, say)
	case solved && !s.out:
		text := say(NewsTakenBack, c.Versions)
		c.Solved, c.Issued = time.Time{}, false
		d.move(store.StatePlanned, c.Versions, text)
		c.Planned = d.ticket != nil
	case solved:
		return
	case !c.Back.IsZero() && c.Versions == s.version:
		return // it came back from this version: people look at it
	case c.Issued && !s.out && c.Versions == s.version:
		text := say(NewsTakenBack, c.Versions)
		c.Issued = false
		d.move(store.StateNone, "", text)
	default:
		d.onward(s, known, say)
	}
	if sum := sumOf(k.Problem); sum != c.Knew {
		if c.Knew = sum; sum != "" && !gone && !never && c.Solved.IsZero() {
			d.move(store.StateNone, "", say(NewsWorkaround, ""))
		}
	}
}

// without is what happens where no version mends the problem.
func (d *deed) without(k *known, say func(News, string) string) {
	c := d.row
	news, was := NewsUnhelped, c.Versions
	switch {
	case k.Gone():
		news = NewsNone
	case k.State == store.ProblemWontFix:
		news = NewsNever
	case was == "":
		return
	}
	if !c.Solved.IsZero() || c.Told == string(news) && was == "" {
		return // what works stays; and once is enough
	}
	text := say(news, was)
	ours := c.Planned && d.ticket != nil && d.ticket.State == store.StatePlanned && d.ticket.Version == was
	c.Versions, c.Planned, c.Issued = "", false, false
	if ours {
		d.move(store.StateOpen, "", text)
		return
	}
	d.move(store.StateNone, "", text)
}

// onward is what happens where a version mends the problem.
func (d *deed) onward(s standing, known bool, say func(News, string) string) {
	c, t := d.row, d.ticket
	fresh := c.Versions != s.version
	if !fresh && (!s.out || c.Issued) && (!s.there || !c.Solved.IsZero()) {
		return
	}
	news := NewsPlanned
	switch {
	case s.there && known:
		news = NewsThere
	case s.there:
		news = NewsOut
	case s.out:
		news = NewsIssued
	}
	if fresh {
		c.Back, c.Solved = time.Time{}, time.Time{}
	}
	c.Versions, c.Issued = s.version, s.out
	text := say(news, s.version)
	if s.there {
		c.Solved = d.now
	}
	plannable := t != nil && (t.Kind == store.Malfunction || t.Kind == store.Request)
	mine := plannable && (t.State != store.StatePlanned || c.Planned || t.Version == s.version)
	c.Planned = mine || plannable && d.ours
	switch {
	case !c.Planned || s.there && d.held || !s.there && !mine:
		d.move(store.StateNone, "", text)
	case !s.there:
		d.move(store.StatePlanned, s.version, text)
	default:
		if t.State != store.StatePlanned {
			d.move(store.StatePlanned, s.version, "")
		}
		d.move(store.StateResolved, s.version, text)
	}
}

// move adds a move of the ticket, if there is one.
func (d *deed) move(to store.State, version, text string) {
	if d.ticket != nil {
		d.moves = append(d.moves, ticket.Known{To: to, Version: version, Text: text})
	}
}

// do writes the deed.
func (ps *Problems) do(tx *db.Tx, d *deed) error {
	did := tx.By().Act
	for _, m := range d.moves {
		if err := ps.tickets.Follow(tx, d.ticket, m); err != nil {
			return err
		}
	}
	tx.Act(act.FollowCase)
	if d.told && d.ticket == nil {
		tx.Act(act.TellCase)
	}
	if err := store.Cases.Put(tx, d.row); err != nil {
		return err
	}
	tx.Act(did)
	tx.Internally(false)
	return nil
}

// followAtOnce has a case follow the problem in the transaction that attached it.
func (ps *Problems) followAtOnce(tx *db.Tx, p *store.Problem, c *store.Case) error {
	k, err := ps.knowledge(tx, p)
	if err != nil {
		return err
	}
	d, err := ps.deed(tx, k, c)
	if err != nil || d == nil {
		return err
	}
	return ps.do(tx, d)
}

// letGo opens again what the desk planned through the case alone, for whoever takes the case away.
func (ps *Problems) letGo(tx *db.Tx, c *store.Case) error {
	t, err := store.Tickets.Get(tx, c.Ticket)
	if err != nil || !c.Planned || t.State != store.StatePlanned || t.Version != c.Versions {
		return fault.IgnoreNotFound(err)
	}
	did := tx.By().Act
	err = ps.tickets.Follow(tx, t, ticket.Known{To: store.StateOpen})
	tx.Act(did)
	tx.Internally(false)
	return err
}
