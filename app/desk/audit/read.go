package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// Filter chooses entries. What is zero chooses nothing out.
type Filter struct {
	Kind        store.AuditKind
	Person      string    // address of who did it
	From, Until time.Time // from included, until not
	Before      uint64    // number: only what is older
	Limit       int       // 1 to entry.PageSize's most
}

// Line is an entry with what can be read of it.
type Line struct {
	Entry *store.AuditEntry
	By    *store.Person // nil: nobody
	Text  string        // the words, as a JSON object; empty: there were none, or they were erased
	Of    string        // name of the person it was done to
}

// Erased reports whether the entry had words that nobody can read any more.
func (l *Line) Erased() bool { return l.Entry.Digest != "" && l.Text == "" }

// mostLooked is how many entries one page of a filtered list looks at.
const mostLooked = 5000

// List returns entries, the newest first, and the number before which the next page begins, 0 at the end. Only administrators
// may call it. An address that nobody has is an Invalid error of person.
func (as *Audits) List(a policy.Actor, f Filter) (out []Line, next uint64, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, 0, err
	}
	most := entry.PageSize(f.Limit)
	err = as.st.View(func(tx *db.Tx) error {
		out, next = nil, 0
		person, err := personOf(tx, f.Person)
		if err != nil {
			return err
		}
		looked := 0
		for e, err := range entries(tx, f, person) {
			if err != nil {
				return err
			}
			if len(out) == most || looked == mostLooked {
				next = e.ID + 1
				return nil
			}
			looked++
			if !f.chooses(e, person) {
				continue
			}
			l, err := line(tx, e)
			if err != nil {
				return err
			}
			out = append(out, l)
		}
		return nil
	})
	return out, next, err
}

func personOf(tx *db.Tx, address string) (uint64, error) {
	if address == "" {
		return 0, nil
	}
	p, err := store.PeopleByEmail.First(tx, address)
	if fault.KindOf(err) == fault.NotFound {
		return 0, fault.Problems{fault.New(fault.Invalid, "error.person-unknown").At("person")}
	}
	if err != nil {
		return 0, err
	}
	return p.ID, nil
}

// entries walks what may be chosen, the newest first, by the narrowest way in that there is.
func entries(tx *db.Tx, f Filter, person uint64) iter.Seq2[*store.AuditEntry, error] {
	ix, prefix := (*db.Index[store.AuditEntry])(nil), []byte(nil)
	switch {
	case person != 0:
		ix, prefix = store.AuditByPerson, key.Of(person)
	case f.Kind != store.AuditNone:
		ix, prefix = store.AuditByKind, key.Of(f.Kind)
	case f.Before == 0:
		return store.AuditEntries.All(tx, 0, true)
	default:
		return func(yield func(*store.AuditEntry, error) bool) {
			for e, err := range store.AuditEntries.All(tx, f.Before, true) {
				if err == nil && e.ID == f.Before {
					continue
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}
	s := db.Span{Prefix: prefix, Desc: true}
	if f.Before != 0 {
		s.High = key.Of(f.Before)
	}
	return ix.Rows(tx, s)
}

func (f Filter) chooses(e *store.AuditEntry, person uint64) bool {
	return (f.Kind == store.AuditNone || e.Kind == f.Kind) && (person == 0 || e.By == person) && (f.From.IsZero() || !e.At.Before(f.From)) && (f.Until.IsZero() || e.At.Before(f.Until))
}

func line(tx *db.Tx, e *store.AuditEntry) (Line, error) {
	l := Line{Entry: e}
	name := func(id uint64) (*store.Person, error) {
		p, err := store.People.Peek(tx, id)
		if fault.KindOf(err) == fault.NotFound {
			return nil, nil
		}
		return p, err
	}
	var err error
	if e.By != 0 {
		if l.By, err = name(e.By); err != nil {
			return l, err
		}
	}
	if e.Table == store.People.Name() && e.Of != 0 {
		p, err := name(e.Of)
		if err != nil {
			return l, err
		}
		if p != nil {
			l.Of = p.Name
		}
	}
	w, err := wordsOf(tx, e)
	if w != nil {
		l.Text = w.Text
	}
	return l, err
}

func wordsOf(tx *db.Tx, e *store.AuditEntry) (*store.AuditWords, error) {
	if e.Digest == "" {
		return nil, nil
	}
	w, err := store.WordsByEntry.First(tx, e.ID)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return w, err
}

// Head returns the newest entry, nil when there is none. Only administrators may call it.
func (as *Audits) Head(a policy.Actor) (e *store.AuditEntry, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	err = as.st.View(func(tx *db.Tx) error {
		e, err = store.LastAudit(tx)
		return err
	})
	return e, err
}

// Verdict is what verifying the log found.
type Verdict struct {
	Entries int
	Erased  int               // entries whose words were erased
	Head    *store.AuditEntry // nil: the log is empty. Whoever notes its Sum elsewhere can see later whether the end was cut off
	Wrong   []string          // the first of what is wrong, in English
}

// mostWrong is how many faults are named.
const mostWrong = 10

// Verify reads the whole log, in steps so that no reader holds the file long, and compares each entry with the one before it
// and with its words.
func (as *Audits) Verify(ctx context.Context) (Verdict, error) {
	var v Verdict
	var anchored bool
	say := func(format string, args ...any) {
		if len(v.Wrong) < mostWrong {
			v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
		}
	}
	var last *store.AuditEntry
	first, from, more := "", uint64(0), true
	for more {
		if err := ctx.Err(); err != nil {
			return v, err
		}
		more = false
		read := v
		err := as.st.View(func(tx *db.Tx) error {
			for e, err := range store.AuditEntries.All(tx, from, false) {
				if err != nil {
					return err
				}
				if v.Entries-read.Entries == 2000 {
					more = true
					return nil
				}
				w, err := wordsOf(tx, e)
				if err != nil {
					return err
				}
				if wrong := store.VerifyAudit(last, e, w); wrong != "" {
					say("entry %d %s", e.ID, wrong)
				}
				if last == nil {
					first = e.Before
				}
				if e.Kind == store.AuditRetention {
					anchored = anchored || e.What == first // a later one may have been written while this reads
				}
				if w == nil && e.Digest != "" {
					v.Erased++
				}
				v.Entries++
				last, v.Head, from = e, e, e.ID+1
			}
			return nil
		})
		if err != nil {
			return v, err
		}
	}
	if first != "" && !anchored {
		say("the beginning is missing, and no retention took it away")
	}
	return v, nil
}

// Forget removes entries that are older than the months, once the oldest is a month older still, and says so in an entry of
// its own. It returns how many it removed; the newest entry always stays.
func (as *Audits) Forget(ctx context.Context, months int) (int, error) {
	removed := 0
	for {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		n := 0
		err := as.st.Update(db.By{Via: door.Desk, Act: act.EraseAudit}, func(tx *db.Tx) error {
			n = 0
			limit := tx.Now().AddDate(0, -months, 0)
			var old []*store.AuditEntry
			end, err := store.LastAudit(tx)
			if err != nil || end == nil {
				return err
			}
			for e, err := range store.AuditEntries.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if e.ID == end.ID || !e.At.Before(limit) || removed == 0 && len(old) == 0 && !e.At.Before(limit.AddDate(0, -1, 0)) || len(old) == 200 {
					break
				}
				old = append(old, e)
			}
			if len(old) == 0 {
				return nil
			}
			for _, e := range old {
				w, err := wordsOf(tx, e)
				if err == nil && w != nil {
					err = store.AuditTexts.Delete(tx, w.ID)
				}
				if err == nil {
					err = store.AuditEntries.Delete(tx, e.ID)
				}
				if err != nil {
					return err
				}
			}
			n = len(old)
			return store.AppendAudit(tx, &store.AuditEntry{Kind: store.AuditRetention, What: old[n-1].Sum, Via: door.Desk}, nil)
		})
		if removed += n; err != nil || n == 0 {
			return removed, err
		}
	}
}

// document is an entry as JSON Lines have it.
type document struct {
	Number uint64          `json:"number"`
	At     time.Time       `json:"at"`
	Kind   string          `json:"kind"`
	What   string          `json:"what"`
	By     uint64          `json:"by,omitempty"`
	Via    string          `json:"via,omitempty"`
	Of     string          `json:"of,omitempty"`
	OfID   uint64          `json:"of_id,omitempty"`
	Change uint64          `json:"change,omitempty"`
	Digest string          `json:"digest,omitempty"`
	Before string          `json:"before,omitempty"`
	Sum    string          `json:"sum"`
	Salt   string          `json:"salt,omitempty"`
	Words  json.RawMessage `json:"words,omitempty"`
}

// Open writes that the actor opened the log for some minutes. Only administrators may call it.
func (as *Audits) Open(a policy.Actor) error {
	return as.tellOf(a, store.AuditReading, act.OpenAudit)
}

// BeginExport writes that the actor takes away what the filter chooses, and returns an error where they may not. Only
// administrators may call it.
func (as *Audits) BeginExport(a policy.Actor, f Filter) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	err := as.st.View(func(tx *db.Tx) error {
		_, err := personOf(tx, f.Person)
		return err
	})
	if err != nil {
		return err
	}
	return as.tellOf(a, store.AuditExport, act.ExportAudit)
}

// tellOf writes into the log what an administrator does with it.
func (as *Audits) tellOf(a policy.Actor, kind store.AuditKind, did act.Act) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	by := a.By(did)
	return as.append(by, &store.AuditEntry{Kind: kind, What: did.String(), By: by.Person, Via: by.Via}, nil, nil)
}

// TookOwn writes that the actor takes the archive of a person's data.
func (as *Audits) TookOwn(a policy.Actor, person uint64) error {
	by := a.By(act.TakeOwn)
	return as.append(by, &store.AuditEntry{Kind: store.AuditExport, What: act.TakeOwn.String(), By: by.Person, Via: by.Via, Table: store.People.Name(), Of: person}, nil, nil)
}

// Export writes the entries that the filter chooses as JSON Lines, the oldest first, with the words and salts that are left, so
// that the sums can be worked out again elsewhere. Only administrators may call it, after BeginExport.
func (as *Audits) Export(ctx context.Context, a policy.Actor, f Filter, out io.Writer) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	from, more := uint64(0), true
	for more {
		if err := ctx.Err(); err != nil {
			return err
		}
		more = false
		var step []document // written outside the transaction: a slow reader holds no page of the file
		err := as.st.View(func(tx *db.Tx) error {
			step = nil
			person, err := personOf(tx, f.Person)
			if err != nil {
				return err
			}
			looked, began := 0, from
			for e, err := range store.AuditEntries.All(tx, began, false) {
				if err != nil {
					return err
				}
				if looked++; looked > 1000 {
					more = true
					return nil
				}
				from = e.ID + 1
				if !f.chooses(e, person) {
					continue
				}
				d := document{Number: e.ID, At: e.At, Kind: e.Kind.String(), What: e.What, By: e.By, Via: e.Via.String(), Of: e.Table, OfID: e.Of, Change: e.Change, Digest: e.Digest, Before: e.Before, Sum: e.Sum}
				w, err := wordsOf(tx, e)
				if err != nil {
					return err
				}
				if w != nil {
					d.Salt, d.Words = w.Salt, json.RawMessage(w.Text)
				}
				step = append(step, d)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, d := range step {
			if err := enc.Encode(d); err != nil {
				return err
			}
		}
	}
	return nil
}
