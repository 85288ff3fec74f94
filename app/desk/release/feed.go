package release

import (
	"cmp"
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// Feed is what somebody finds at the secret address of their feeds.
type Feed struct {
	Reader *store.Person // name and language alone
	Made   time.Time     // the address
	News   []News        // the latest told first, at most mostNews
	Dates  []Date        // by release, the newest first
}

// News is a release as somebody outside of the desk may read it.
type News struct {
	*store.Release
	Modules    []*store.Module // in the order of Release.Modules
	ReplacedBy *store.Release  // nil for none, and for one that the reader may not see
	Told       time.Time       // when the reader was last told of it; see toldAt
}

// Date is the stop of a release, or a day by which an organisation of the reader was asked to install it.
type Date struct {
	News
	Environment store.Environment // where it is to be installed by that day; none: it is the stop
	Cancelled   bool              // the release was withdrawn or replaced before it came
}

const (
	feedPurpose = "feed"
	feedMAC     = 16
	mostNews    = 50
)

// How long dates stay in a calendar behind their end: those that were cancelled until every program has heard of it.
const (
	keptDates     = 366 * 24 * time.Hour
	keptCancelled = 30 * 24 * time.Hour
)

// FeedToken returns the secret of the address of the person's feeds, empty if they have none or all access to the account
// ended since it was made.
func (rs *Releases) FeedToken(p *store.Person) string {
	if !feeds(p, p.Feed) {
		return ""
	}
	return rs.post.Token(feedPurpose, feedMAC, p.ID, p.Feed)
}

// feeds reports whether an address of that serial is the person's, and good.
func feeds(p *store.Person, serial uint64) bool {
	made := time.Unix(0, int64(serial)) // #nosec G115 -- a moment
	return serial != 0 && p.Feed == serial && !p.Disabled && made.After(p.Ended)
}

// MakeFeed gives the actor's feeds an address; one of before is good no longer.
func (rs *Releases) MakeFeed(a policy.Actor) error {
	return rs.changeFeed(a, act.MakeFeed, func(now time.Time, serial uint64) uint64 {
		return max(serial+1, uint64(now.UnixNano())) // #nosec G115 -- after 1970
	})
}

// EndFeed takes the address of the actor's feeds away.
func (rs *Releases) EndFeed(a policy.Actor) error {
	return rs.changeFeed(a, act.EndFeed, func(time.Time, uint64) uint64 { return 0 })
}

func (rs *Releases) changeFeed(a policy.Actor, by act.Act, next func(now time.Time, serial uint64) uint64) error {
	if !a.SignedIn() || a.Person.IsService() {
		return policy.Denied(a)
	}
	return rs.st.Update(a.By(by), func(tx *db.Tx) error {
		p, err := store.People.Get(tx, a.ID())
		if err != nil {
			return err
		}
		serial := next(tx.Now(), p.Feed)
		if serial == p.Feed {
			return nil
		}
		p.Feed = serial
		return store.People.Put(tx, p)
	})
}

// Feed returns what is to be read at the address of the token, judged at this moment: releases that went out to an
// organisation of the reader, those of their groups, and those of modules that they follow, as far as they may see them.
// NotFound for a token that is not good.
func (rs *Releases) Feed(token string) (*Feed, error) {
	var out *Feed
	err := rs.st.View(func(tx *db.Tx) error {
		p, err := rs.feedReader(tx, token)
		if err != nil {
			return err
		}
		out = &Feed{Reader: &store.Person{Row: p.Row, Name: p.Name, Language: p.Language}, Made: time.Unix(0, int64(p.Feed))} // #nosec G115 -- a moment
		a := policy.Actor{Person: p, Via: door.Link}
		list, err := rs.concerning(tx, a)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := rs.dates(tx, a, r, out); err != nil {
				return err
			}
		}
		told := map[uint64]time.Time{}
		for _, r := range list {
			if told[r.ID], err = toldAt(tx, a, r); err != nil {
				return err
			}
		}
		slices.SortStableFunc(list, func(x, y *store.Release) int {
			return cmp.Or(told[y.ID].Compare(told[x.ID]), cmp.Compare(y.ID, x.ID))
		})
		for _, r := range list[:min(len(list), mostNews)] {
			whole, err := store.Releases.Get(tx, r.ID)
			if err != nil {
				return err
			}
			n, err := rs.news(tx, a, whole)
			if err != nil {
				return err
			}
			n.Told = told[r.ID]
			out.News = append(out.News, n)
		}
		return nil
	})
	return out, err
}

// feedReader returns whose feeds are at the address of the token now; NotFound for one that is not good.
func (rs *Releases) feedReader(tx *db.Tx, token string) (*store.Person, error) {
	gone := fault.New(fault.NotFound, "error.not-found")
	numbers, ok := rs.post.OpenToken(feedPurpose, feedMAC, token)
	if !ok || len(numbers) != 2 {
		return nil, gone
	}
	p, err := store.People.Get(tx, numbers[0])
	if err != nil || !feeds(p, numbers[1]) {
		return nil, gone
	}
	return p, nil
}

// FeedReader returns whose feeds are at the address of the token now, for feeds of other things; NotFound for one that is not good.
func (rs *Releases) FeedReader(token string) (p *store.Person, err error) {
	err = rs.st.View(func(tx *db.Tx) error {
		p, err = rs.feedReader(tx, token)
		return err
	})
	return p, err
}

// concerning returns the releases that went out and have to do with the actor, of those they may see, without their long
// texts.
func (rs *Releases) concerning(tx *db.Tx, a policy.Actor) ([]*store.Release, error) {
	all, err := rs.reachable(tx, a, Filter{})
	if err != nil {
		return nil, err
	}
	var followed []uint64
	for f, err := range store.FollowingsByPerson.PeekRows(tx, db.Span{Prefix: key.Of(a.ID())}) {
		if err != nil {
			return nil, err
		}
		followed = append(followed, f.Module)
	}
	hats := a.Person.Hats(tx.Now())
	var out []*store.Release
	for _, r := range all {
		if !r.Out() {
			continue
		}
		mine := slices.ContainsFunc(hats, func(h store.Affiliation) bool { return r.WentTo(h.Organisation) }) ||
			slices.ContainsFunc(r.Modules, func(m uint64) bool {
				return slices.ContainsFunc(followed, func(f uint64) bool { return policy.Under(tx, m, f) })
			})
		if !mine {
			facts, err := policy.FactsOfRelease(tx, r)
			if err != nil {
				return nil, err
			}
			mine = slices.ContainsFunc(facts.Groups(), a.Person.InGroup)
		}
		if mine {
			out = append(out, r)
		}
	}
	return out, nil
}

func (rs *Releases) news(tx *db.Tx, a policy.Actor, r *store.Release) (News, error) {
	n := News{Release: r}
	for _, id := range r.Modules {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return n, err
		}
		n.Modules = append(n.Modules, m)
	}
	by, err := rs.seen(tx, a, []uint64{r.ReplacedBy})
	if err == nil && len(by) > 0 {
		n.ReplacedBy = by[0]
	}
	return n, err
}

// dates adds the stop of the release, and the days that concern the reader.
func (rs *Releases) dates(tx *db.Tx, a policy.Actor, r *store.Release, out *Feed) error {
	cancelled, err := cancelledAt(tx, r)
	if err != nil {
		return err
	}
	add := func(e store.Environment, end time.Time) error {
		d := Date{Environment: e, Cancelled: !cancelled.IsZero() && cancelled.Before(end)}
		gone := end.Add(keptDates)
		if d.Cancelled {
			gone = end.Add(keptCancelled)
		}
		if tx.Now().After(gone) {
			return nil
		}
		var err error
		d.News, err = rs.news(tx, a, r)
		out.Dates = append(out.Dates, d)
		return err
	}
	if !r.Stop.From.IsZero() {
		if err := add(store.EnvironmentNone, r.Stop.Until); err != nil {
			return err
		}
	}
	for _, e := range []store.Environment{store.Test, store.Production} {
		day := r.InstallBy.In(e)
		if day.IsZero() {
			continue
		}
		asked, err := askedOf(tx, a.Person, r, e)
		if err == nil && asked {
			err = add(e, time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, rs.loc))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cancelledAt returns when the release was withdrawn or replaced, zero if it is neither.
func cancelledAt(tx *db.Tx, r *store.Release) (time.Time, error) {
	switch {
	case r.State == store.ReleaseWithdrawn && r.ReplacedBy == 0:
		return r.Withdrawn, nil
	case r.ReplacedBy != 0:
		by, err := store.Releases.Glance(tx, r.ReplacedBy)
		if err != nil {
			return time.Time{}, fault.IgnoreNotFound(err)
		}
		return by.Published, nil
	}
	return time.Time{}, nil
}

// askedOf reports whether an organisation or unit of the person was asked to install the release in the environment.
func askedOf(tx *db.Tx, p *store.Person, r *store.Release, e store.Environment) (bool, error) {
	for _, h := range p.Hats(tx.Now()) {
		for row, err := range store.ReceiptsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(r.ID, h.Organisation)}) {
			if err != nil {
				return false, err
			}
			if row.Asked && row.Environment == e && (row.Unit == 0 || h.Unit == 0 || row.Unit == h.Unit) {
				return true, nil
			}
		}
	}
	return false, nil
}
