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
)

// What people did not find tells those who write which article is missing. It is kept without who asked: counts of
// words for each month, written in batches, so that searching itself writes nothing.
//
// Whether something that was found was opened is known by a random name that the links of one answer carry (?s=NAME).
// The name stands in memory alone, for ten minutes, beside the words and nothing else; opening such a link forgets it,
// and a search whose name is still there after ten minutes counts as one without a click. That is a GET that changes
// something, but nothing that lasts or that anybody sees: a number that would else grow by one does not. It is known
// to err: a page that was opened in a new window counts as opened, one that was read in its extract counts as not.

const (
	missHolds = 10 * time.Minute // so long after a search opening a hit counts
	missFlush = 30 * time.Second
	maxAsked  = 10000 // searches that wait for a click at one time; further ones are not counted
	maxMisses = 1000  // different misses between two flushes; further ones are not counted
	maxMonth  = 10000 // rows of one month: whoever searches for nonsense fills no disk
	minMiss   = 3     // characters of words that are kept
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

// missWork is what was searched for and is not written yet.
type missWork struct {
	mu       sync.Mutex
	asked    map[string]asked  // by the name in the links
	latest   map[string]string // the newest name for the words
	gathered map[missKey]missCount
}

// Asked is one answered search, as it concerns what people did not find.
type Asked struct {
	Words  []string // without filters
	Module uint64   // to which it was limited
	Guide  bool     // only articles were looked for
	First  bool     // a new question, not another page, order or part of the answer to one
	Found  int
}

// Asked notes an answered search and returns the name that the links of the answer are to carry, empty when the search
// is not counted. It writes nothing. What may tell of a person is left out: addresses and long numbers, and whatever
// agents and administrators look for among tickets.
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
		return w.latest[text] // the same question, seen from another side: by somebody else too, but it is only a number
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

// Opened notes that something was opened from the answer of the name. Any other name does nothing.
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

// settle counts the searches whose time for a click has passed.
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

// take returns what is to be written, and begins anew.
func (w *missWork) take(now time.Time) map[missKey]missCount {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(now)
	out := w.gathered
	w.gathered = nil
	return out
}

// missText is the form in which words are counted, empty for what is not kept.
func missText(words []string) string {
	s := strings.ToLower(norm.NFC.String(strings.Join(strings.Fields(strings.Join(words, " ")), " ")))
	if n := utf8.RuneCountInString(s); n < minMiss || n > maxMiss || strings.Contains(s, "@") {
		return ""
	}
	letters, digits := 0, 0 // digits also when they are written in groups
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
	return strings.Clone(s) // it outlives the request, whose memory is used again
}

// RunMisses writes what was gathered each half minute, and once more when the context ends; each hour it erases what
// is older than the configured time.
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

// month is how months are named, in the desk's time zone.
func (fi *Finder) month(t time.Time) string { return t.In(fi.loc).Format("2006-01") }

// WriteMisses writes what was gathered now. What could not be written is gathered again.
func (fi *Finder) WriteMisses() error {
	list := fi.misses.take(fi.clock())
	if len(list) == 0 {
		return nil
	}
	err := fi.st.Update(store.By{Via: "desk", Act: "count-misses"}, func(tx *store.Tx) error {
		month := fi.month(tx.Now())
		y, m, day := tx.Now().In(fi.loc).Date()
		today := time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
		for key, c := range list {
			row, err := store.MissesByMonth.First(tx, month, key.text, key.module)
			if store.KindOf(err) == store.NotFound {
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

// EraseMisses removes the months that are older than the configured time, in batches.
func (fi *Finder) EraseMisses() error {
	for {
		n := 0
		err := fi.st.Update(store.By{Via: "desk", Act: "erase-misses"}, func(tx *store.Tx) error {
			n = 0
			y, m, _ := tx.Now().In(fi.loc).Date()
			// The month that runs now counts as one of those that are kept.
			first := time.Date(y, m+1-time.Month(fi.missMonths), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
			var old []uint64
			for e := range store.MissesByMonth.Entries(tx, store.Span{High: store.Beginning(first)}) {
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

// Missing is one thing that people did not find, over the months that were asked for.
type Missing struct {
	Text      string
	Module    uint64
	Path      store.Words // of the module; empty for none, or for one that is gone
	None      int
	Unclicked int
	Last      time.Time // a day
}

// MissingQuery is which of them are wanted. Zero values do not filter.
type MissingQuery struct {
	Module uint64 // this level or one below it
	Month  string // 2026-11
	Limit  int    // 100 when 0, at most 500
}

// MissingPage lists what was not found, the most frequent first, and the months there are, the newest first. More
// says that there is more than the limit.
type MissingPage struct {
	List   []Missing
	Months []string
	More   bool
}

// Missing tells those who may write articles what people searched for and did not find. Denied for everybody else:
// what one person types is shown to no other.
func (fi *Finder) Missing(a policy.Actor, q MissingQuery) (MissingPage, error) {
	var page MissingPage
	if err := policy.MayDraft(a); err != nil {
		return page, err
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	err := fi.st.View(func(tx *store.Tx) error {
		page = MissingPage{}
		at := map[missKey]int{}
		span := store.Span{}
		if q.Month != "" {
			span.Prefix = store.Key(q.Month)
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
