package people

import (
	"bytes"
	"encoding/hex"
	"iter"
	"math/bits"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Query selects people; a zero field excludes nobody. Role is administrator, editor, supervisor, agent or coordinator.
// After is the Next of the previous page.
type Query struct {
	Text         string // beginnings of words in the name or address; all must match
	Organisation uint64
	Unit         uint64
	Group        uint64
	Role         string
	Disabled     *bool
	Quiet        bool // only those who have not signed in for a year
	After        string
	Limit        int      // 50 when 0, at most 200
	among        []uint64 // organisations, one of which whom the caller may see has
}

// Page is one page of people by name. Next is empty on the last one.
type Page struct {
	People []*store.Person
	Next   string
}

// List returns people by name, without their passwords. Only administrators and supervisors may call it.
func (ps *People) List(a policy.Actor, q Query) (Page, error) {
	if !maySeePeople(a) {
		return Page{}, policy.Denied(a)
	}
	var page Page
	err := ps.st.View(func(tx *db.Tx) (err error) {
		page, err = list(tx, q, func(*store.Person) bool { return true })
		return err
	})
	return page, err
}

// list returns a page of the people whom the query selects and may admits.
func list(tx *db.Tx, q Query, may func(*store.Person) bool) (Page, error) {
	limit := entry.PageSize(q.Limit)
	var page Page
	for p, err := range peopleByName(tx, q) {
		if err != nil {
			return page, err
		}
		if !q.fits(p, tx.Now()) || !may(p) {
			continue
		}
		if len(page.People) == limit {
			last := page.People[limit-1]
			page.Next = hex.EncodeToString(key.Of(spelling.Fold(last.Name), last.ID))
			break
		}
		page.People = append(page.People, Bare(p))
	}
	return page, nil
}

func maySeePeople(a policy.Actor) bool {
	return a.IsAdministrator() || a.Person != nil && a.Person.IsSupervisor()
}

// Bare returns a copy of a row without the password, for use outside the package.
func Bare(p *store.Person) *store.Person {
	p.Password = ""
	return p
}

// fewRead is up to how many people are read and sorted by name; more are taken from an index that is sorted already.
const fewRead = 256

// peopleByName returns the people who may match, by name, after the previous page. Who has the words of the text and the
// role is known from indexes alone: where those are few, they are read and sorted; where they are many, an index sorted by
// name is walked, and of its people only those are read, so that a page costs what it shows.
func peopleByName(tx *db.Tx, q Query) iter.Seq2[*store.Person, error] {
	q.Text = strings.TrimSpace(q.Text)
	after, _ := hex.DecodeString(q.After)
	var low []byte
	if len(after) > 0 {
		low = append(after, 0)
	}
	var found *ids // nil: everybody
	narrow := func(spans []db.Span, ix *db.Index[store.Person]) {
		both := &ids{}
		for _, s := range spans {
			for e := range ix.Entries(tx, s) {
				if found == nil || found.has(e.ID) {
					both.add(e.ID)
				}
			}
		}
		found = both
	}
	if q.Role != "" && q.Group == 0 {
		narrow([]db.Span{{Prefix: key.Of(q.Role)}}, store.PeopleByRole)
	}
	if q.Text != "" && (found == nil || found.n > fewRead) {
		var spans []db.Span // none for signs alone, which match nobody
		for _, w := range spelling.Beginnings(q.Text) {
			spans = append(spans, db.Span{Prefix: key.Beginning(w)})
		}
		narrow(spans, store.PeopleByWord)
	}
	if found != nil && found.n <= fewRead {
		return fewByName(tx, found, low)
	}
	sorted, spans := store.PeopleByName, []db.Span{{Low: low}}
	switch {
	case q.Group != 0:
		sorted, spans = store.PeopleByGroup, []db.Span{{Prefix: key.Of(q.Group), Low: low}}
	case q.Unit != 0:
		sorted, spans = store.PeopleByUnit, []db.Span{{Prefix: key.Of(q.Unit, false), Low: low}}
	case q.Organisation != 0:
		sorted, spans = store.PeopleByOrganisation, []db.Span{{Prefix: key.Of(q.Organisation, false), Low: low}}
	case q.among != nil:
		sorted, spans = store.PeopleByOrganisation, nil
		for _, o := range q.among {
			spans = append(spans, db.Span{Prefix: key.Of(o, false), Low: low})
		}
	}
	return func(yield func(*store.Person, error) bool) {
		for e := range sorted.MergeEntries(tx, spans) {
			if found != nil && !found.has(e.ID) {
				continue
			}
			p, err := store.People.Get(tx, e.ID)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// ids is a set of the numbers of rows, a bit for each: fifty thousand take 6 kB.
type ids struct {
	words []uint64
	n     int
}

func (s *ids) has(id uint64) bool {
	return id/64 < uint64(len(s.words)) && s.words[id/64]&(1<<(id%64)) != 0
}

func (s *ids) add(id uint64) {
	if s.has(id) {
		return
	}
	if short := int(id/64) + 1 - len(s.words); short > 0 { // #nosec G115 -- rows are numbered from 1
		s.words = append(s.words, make([]uint64, short)...)
	}
	s.words[id/64] |= 1 << (id % 64)
	s.n++
}

func (s *ids) all(yield func(uint64) bool) {
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			if !yield(uint64(i*64 + bits.TrailingZeros64(w))) { // #nosec G115 -- not negative
				return
			}
		}
	}
}

// fewByName reads people and returns those from low on, by name.
func fewByName(tx *db.Tx, found *ids, low []byte) iter.Seq2[*store.Person, error] {
	return func(yield func(*store.Person, error) bool) {
		type named struct {
			key    []byte // of PeopleByName
			person *store.Person
		}
		var people []named
		for id := range found.all {
			p, err := store.People.Get(tx, id)
			if err != nil {
				yield(nil, err)
				return
			}
			people = append(people, named{key.Of(spelling.Fold(p.Name), p.ID), p})
		}
		slices.SortFunc(people, func(x, y named) int { return bytes.Compare(x.key, y.key) })
		for _, n := range people {
			if low != nil && bytes.Compare(n.key, low) < 0 {
				continue
			}
			if !yield(n.person, nil) {
				return
			}
		}
	}
}

// fits reports whether the query selects the person. Somebody belongs to an organisation until that ends, also while it is
// yet to begin.
func (q Query) fits(p *store.Person, now time.Time) bool {
	under := func(h store.Affiliation) bool {
		return !h.Past(now) && (q.Organisation == 0 || h.Organisation == q.Organisation) && (q.Unit == 0 || h.Unit == q.Unit)
	}
	switch {
	case (q.Organisation != 0 || q.Unit != 0) && !slices.ContainsFunc(p.Affiliations, under),
		q.Group != 0 && !p.InGroup(q.Group),
		q.Disabled != nil && p.Disabled != *q.Disabled,
		q.Quiet && !quiet(p, now):
		return false
	}
	switch q.Role {
	case "":
	case "administrator":
		if !p.Administrator {
			return false
		}
	case "editor":
		if !p.Editor {
			return false
		}
	case "supervisor":
		if !p.IsSupervisor() {
			return false
		}
	case "agent":
		if !p.IsAgent() {
			return false
		}
	case "coordinator":
		if !p.IsCoordinator(now) {
			return false
		}
	default:
		return false
	}
	return p.Named(q.Text)
}

// quiet reports whether the person has not signed in for a year, and could have.
func quiet(p *store.Person, now time.Time) bool {
	last := p.LastSeen
	if last.IsZero() {
		last = p.Created
	}
	return last.Before(now.AddDate(-1, 0, 0))
}

// Pick is a person offered while somebody types a name.
type Pick struct {
	ID    uint64
	Name  string
	Email string
}

// Pick returns agents whose name or address begins like the text, for mentions and assignees. For callers other than
// agents and administrators the result is empty.
func (ps *People) Pick(a policy.Actor, text string, limit int) ([]Pick, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, nil
	}
	return ps.pick(text, limit, Query{Text: text, Role: "agent"}, func(*store.Person) bool { return true })
}

// PickRequesters returns people in whose name the actor may open a ticket: everybody for agents and administrators,
// their own people for coordinators, nobody for others.
func (ps *People) PickRequesters(a policy.Actor, text string, limit int) ([]Pick, error) {
	now := ps.st.Now()
	if !a.IsAgent() && !a.IsAdministrator() && (a.Person == nil || !a.Person.IsCoordinator(now)) {
		return nil, nil
	}
	q := Query{Text: text}
	if !a.IsAgent() && !a.IsAdministrator() {
		for _, h := range a.Person.Coordinated(now) {
			if !slices.Contains(q.among, h.Organisation) {
				q.among = append(q.among, h.Organisation)
			}
		}
	}
	return ps.pick(text, limit, q, func(p *store.Person) bool { return policy.MayOpenFor(a, p, now) })
}

// Requester returns a person in whose name the actor may open a ticket. NotFound for anybody else.
func (ps *People) Requester(a policy.Actor, id uint64) (Pick, error) {
	var out Pick
	err := ps.st.View(func(tx *db.Tx) error {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		if p.Disabled || !policy.MayOpenFor(a, p, tx.Now()) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		out = Pick{p.ID, p.Name, p.Email}
		return nil
	})
	return out, err
}

func (ps *People) pick(text string, limit int, q Query, may func(*store.Person) bool) ([]Pick, error) {
	if limit <= 0 || limit > 50 {
		limit = 8
	}
	var out []Pick
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		for p, err := range peopleByName(tx, q) {
			if err != nil {
				return err
			}
			if p.Disabled || !q.fits(p, tx.Now()) || !may(p) {
				continue
			}
			if out = append(out, Pick{p.ID, p.Name, p.Email}); len(out) == limit {
				return nil
			}
		}
		return nil
	})
	return out, err
}
