package find

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// What people did not find shows writers which articles are missing. It is stored without who searched: counts of words
// per month, written in batches, so that a search itself writes nothing.
//
// A random name in the links of one answer (?s=NAME) shows whether a result was opened. The name is kept only in
// memory, for ten minutes, with the words and nothing else. Opening such a link forgets it; a search whose name is
// still there after ten minutes counts as one without a click. This is a GET that changes something, but nothing
// lasting or visible: a number that would have grown by one does not. The count is approximate: a result opened in a
// new window counts as opened, one read in its extract does not.

const (
	missHolds = 10 * time.Minute // how long after a search opening a result counts
	missFlush = 30 * time.Second
	maxAsked  = 10000 // searches waiting for a click at one time; more are not counted
	maxMisses = 1000  // different misses between two writes; more are not counted
	maxMonth  = 10000 // rows of one month, so that searching for nonsense cannot fill the disk
	minMiss   = 3     // minimum characters of words that are stored
	maxMiss   = 100
)

type missKey struct {
	text   string
	module uint64
}

type missCount struct{ none, unclicked int }

type asked struct {
	missKey
	at time.Time
}

// missWork holds searches that are not written yet.
type missWork struct {
	mu       sync.Mutex
	asked    map[string]asked  // by the name in the links
	latest   map[string]string // the newest name for the words
	gathered map[missKey]missCount
}

// Asked is one answered search, for the count of what people did not find.
type Asked struct {
	Words  []string // without filters
	Module uint64   // the module it was limited to
	Guide  bool     // only articles were searched
	First  bool     // a new search, not another page, order or part of an earlier one
	Found  int
}

// Asked records an answered search in memory and returns the name for the links of the answer, empty when the search is
// not counted. It leaves out what may identify a person: addresses, long numbers, and everything that agents and
// administrators search for among tickets.
func (fi *Finder) Asked(a policy.Actor, q Asked) string {
	text := missText(q.Words)
	if text == "" || fi.missMonths == 0 || (a.IsAgent() || a.IsAdministrator()) && !q.Guide {
		return ""
	}
	key := missKey{text, q.Module}
	now := fi.clock()
	w := &fi.misses
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(now)
	if !q.First {
		return w.latest[text] // another page of the same search, perhaps somebody else's, but it is only a number
	}
	if q.Found == 0 {
		w.gather(key, missCount{none: 1})
		return ""
	}
	if len(w.asked) >= maxAsked {
		return ""
	}
	raw := make([]byte, 9)
	rand.Read(raw)
	name := base64.RawURLEncoding.EncodeToString(raw)
	if w.asked == nil {
		w.asked, w.latest = map[string]asked{}, map[string]string{}
	}
	w.asked[name] = asked{key, now}
	w.latest[text] = name
	return name
}

// Opened records that a result was opened from the answer with the name. An unknown name does nothing.
func (fi *Finder) Opened(name string) {
	if name == "" {
		return
	}
	w := &fi.misses
	w.mu.Lock()
	defer w.mu.Unlock()
	if q, ok := w.asked[name]; ok {
		w.forget(name, q.missKey)
	}
}

func (w *missWork) forget(name string, key missKey) {
	delete(w.asked, name)
	if w.latest[key.text] == name {
		delete(w.latest, key.text)
	}
}

// settle counts the searches whose time for a click is over.
func (w *missWork) settle(now time.Time) {
	for name, q := range w.asked {
		if now.Sub(q.at) > missHolds {
			w.forget(name, q.missKey)
			w.gather(q.missKey, missCount{unclicked: 1})
		}
	}
}

func (w *missWork) gather(key missKey, c missCount) {
	if w.gathered == nil {
		w.gathered = map[missKey]missCount{}
	}
	if now, ok := w.gathered[key]; ok || len(w.gathered) < maxMisses {
		w.gathered[key] = missCount{now.none + c.none, now.unclicked + c.unclicked}
	}
}

// take returns the counts to be written, and starts new ones.
func (w *missWork) take(now time.Time) map[missKey]missCount {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(now)
	out := w.gathered
	w.gathered = nil
	return out
}

// missText returns the form in which words are counted, empty for words that are not stored.
func missText(words []string) string {
	s := strings.ToLower(norm.NFC.String(strings.Join(strings.Fields(strings.Join(words, " ")), " ")))
	if n := utf8.RuneCountInString(s); n < minMiss || n > maxMiss || strings.Contains(s, "@") {
		return ""
	}
	letters, digits := 0, 0 // digits count even when they are written in groups
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			if digits++; digits >= 5 {
				return ""
			}
		case unicode.IsLetter(r):
			letters++
			digits = 0
		case unicode.IsControl(r):
			return ""
		}
	}
	if letters < minMiss {
		return ""
	}
	return strings.Clone(s) // it outlives the request, whose memory is reused
}

// RunMisses writes the counts every half minute, and once more when the context ends. Every hour it removes counts
// older than the configured time.
func (fi *Finder) RunMisses(ctx context.Context) error {
	tick := time.NewTicker(missFlush)
	defer tick.Stop()
	var erased time.Time
	for {
		if err := fi.WriteMisses(); err != nil {
			return err
		}
		if now := fi.clock(); now.Sub(erased) >= time.Hour {
			if err := fi.EraseMisses(); err != nil {
				return err
			}
			erased = now
		}
		select {
		case <-ctx.Done():
			return cmp.Or(fi.WriteMisses(), ctx.Err())
		case <-tick.C:
		}
	}
}

// month returns the name of the month in the desk's time zone.
func (fi *Finder) month(t time.Time) string { return t.In(fi.loc).Format("2006-01") }

// WriteMisses writes the counts now. On failure it keeps them for the next time.
func (fi *Finder) WriteMisses() error {
	list := fi.misses.take(fi.clock())
	if len(list) == 0 {
		return nil
	}
	err := fi.st.Update(db.By{Via: door.Desk, Act: act.CountMisses}, func(tx *db.Tx) error {
		month := fi.month(tx.Now())
		y, m, day := tx.Now().In(fi.loc).Date()
		today := time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
		for key, c := range list {
			row, err := store.MissesByMonth.First(tx, month, key.text, key.module)
			if fault.KindOf(err) == fault.NotFound {
				if store.Misses.Count(tx, store.CountMisses, month) >= maxMonth {
					continue
				}
				row, err = &store.Miss{Text: key.text, Module: key.module, Month: month}, nil
			}
			if err != nil {
				return err
			}
			row.None += c.none
			row.Unclicked += c.unclicked
			row.Last = today
			row.Created = today
			if err := store.Misses.Put(tx, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		fi.misses.mu.Lock()
		defer fi.misses.mu.Unlock()
		for key, c := range list {
			fi.misses.gather(key, c)
		}
	}
	return err
}

// EraseMisses removes the months older than the configured time, in batches.
func (fi *Finder) EraseMisses() error {
	for {
		n := 0
		err := fi.st.Update(db.By{Via: door.Desk, Act: act.EraseMisses}, func(tx *db.Tx) error {
			n = 0
			y, m, _ := tx.Now().In(fi.loc).Date()
			// The current month is one of those that are kept.
			first := time.Date(y, m+1-time.Month(fi.missMonths), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
			var old []uint64
			for e := range store.MissesByMonth.Entries(tx, db.Span{High: key.Beginning(first)}) {
				if old = append(old, e.ID); len(old) == 500 {
					break
				}
			}
			for _, id := range old {
				if err := store.Misses.Delete(tx, id); err != nil {
					return err
				}
			}
			n = len(old)
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// Missing is something that people did not find, over the requested months.
type Missing struct {
	Text      string
	Module    uint64
	Path      store.Words // of the module; empty when there is none, or it no longer exists
	None      int
	Unclicked int
	Last      time.Time // a day
}

// MissingQuery selects what to list. Zero values do not filter.
type MissingQuery struct {
	Module uint64 // this level or one below it
	Month  string // 2026-11
	Limit  int    // 100 when 0, at most 500
}

// MissingPage lists what was not found, the most frequent first, and the available months, the newest first. More says
// that there are more than the limit.
type MissingPage struct {
	List   []Missing
	Months []string
	More   bool
}

// Missing returns what people searched for without finding it. It returns a Denied error to people who may not write
// articles: nobody else sees what a person typed.
func (fi *Finder) Missing(a policy.Actor, q MissingQuery) (MissingPage, error) {
	var page MissingPage
	if err := policy.MayDraft(a); err != nil {
		return page, err
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	err := fi.st.View(func(tx *db.Tx) error {
		page = MissingPage{}
		at := map[missKey]int{}
		span := db.Span{}
		if q.Month != "" {
			span.Prefix = key.Of(q.Month)
		}
		for m, err := range store.MissesByMonth.Rows(tx, span) {
			if err != nil {
				return err
			}
			if q.Module != 0 && !policy.Under(tx, m.Module, q.Module) {
				continue
			}
			key := missKey{m.Text, m.Module}
			i, ok := at[key]
			if !ok {
				i = len(page.List)
				at[key] = i
				page.List = append(page.List, Missing{Text: m.Text, Module: m.Module})
			}
			e := &page.List[i]
			e.None += m.None
			e.Unclicked += m.Unclicked
			if m.Last.After(e.Last) {
				e.Last = m.Last
			}
		}
		slices.SortStableFunc(page.List, func(x, y Missing) int {
			return cmp.Or(cmp.Compare(y.None+y.Unclicked, x.None+x.Unclicked), cmp.Compare(y.None, x.None), cmp.Compare(x.Text, y.Text))
		})
		if most := min(q.Limit, 500); len(page.List) > most {
			page.List, page.More = page.List[:most], true
		}
		now := tx.Now().In(fi.loc)
		for n := range fi.missMonths {
			month := time.Date(now.Year(), now.Month()-time.Month(n), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
			if store.Misses.Count(tx, store.CountMisses, month) > 0 {
				page.Months = append(page.Months, month)
			}
		}
		levels, err := catalogue.All(tx)
		if err != nil {
			return err
		}
		paths := map[uint64]store.Words{}
		for _, l := range levels {
			paths[l.ID] = l.Path
		}
		for i := range page.List {
			page.List[i].Path = paths[page.List[i].Module]
		}
		return nil
	})
	return page, err
}
