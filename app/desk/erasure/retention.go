package erasure

import (
	"context"
	"slices"
	"strconv"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// MostYears is how long a retention may be.
const MostYears = 100

// Rules returns what becomes of closed tickets after some years. Only administrators may call it.
func (es *Erasures) Rules(a policy.Actor) (out []store.Retention, rev uint64, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, 0, err
	}
	err = es.st.View(func(tx *db.Tx) error {
		set := store.CurrentSettings(tx)
		out, rev = set.Retention, set.Rev
		return nil
	})
	return out, rev, err
}

// Affected is how many closed tickets a rule would take at the next night.
type Affected struct {
	Tickets int
	More    bool // that is as many as were counted
}

// mostCounted limits how many old tickets a preview looks at.
const mostCounted = 100_000

// PreviewRules returns how many closed tickets each of the rules would take at the next night. Rules that do not fit are
// Problems, each in its place. Only administrators may call it.
func (es *Erasures) PreviewRules(a policy.Actor, rules []store.Retention) (out []Affected, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	err = es.st.View(func(tx *db.Tx) error {
		if err := fits(tx, rules); err != nil {
			return err
		}
		out = make([]Affected, len(rules))
		looked := 0
		return due(tx, rules, tx.Now(), func(_ *store.Ticket, rule int) (bool, error) {
			out[rule].Tickets++
			looked++
			for i := range out {
				out[i].More = looked >= mostCounted
			}
			return looked < mostCounted, nil
		})
	})
	return out, err
}

// SetRules writes the rules. They are applied the next night. It returns what PreviewRules returns of rules that do not fit. Only
// administrators may call it.
func (es *Erasures) SetRules(a policy.Actor, saw uint64, rules []store.Retention) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	return es.st.Update(a.By(act.ChangeSettings), func(tx *db.Tx) error {
		set := store.CurrentSettings(tx)
		if set.Rev != saw {
			return fault.New(fault.Conflict, "error.changed-meanwhile")
		}
		if err := fits(tx, rules); err != nil {
			return err
		}
		set.Retention = rules
		return store.SettingsTable.Put(tx, set)
	})
}

func fits(tx *db.Tx, rules []store.Retention) error {
	var wrong fault.Problems
	seen := map[[2]uint64]bool{}
	for i, r := range rules {
		at := func(field string) string { return field + "-" + strconv.Itoa(i) }
		if r.Years < 1 || r.Years > MostYears {
			wrong.Add(at("years"), "error.number-between", "least", 1, "most", MostYears)
		}
		if r.Module != 0 {
			if _, err := store.Modules.Peek(tx, r.Module); err != nil {
				wrong.Add(at("module"), "error.module-unknown")
			}
		}
		if which := [2]uint64{r.Module, uint64(r.Kind)}; seen[which] {
			wrong.Add(at("module"), "erasure.rule-twice")
		} else {
			seen[which] = true
		}
	}
	return wrong.Err()
}

// rule returns which of the rules is for the ticket, -1 for none: the one of the nearest level of the catalogue, there the one of its
// kind before the one of every kind.
func rule(tx *db.Tx, rules []store.Retention, t *store.Ticket) (int, error) {
	for module, first := t.Module, true; ; first = false {
		for _, kind := range []store.TicketKind{t.Kind, 0} {
			if i := slices.IndexFunc(rules, func(r store.Retention) bool { return r.Module == module && r.Kind == kind }); i >= 0 {
				return i, nil
			}
		}
		if module == 0 {
			return -1, nil
		}
		m, err := store.Modules.Peek(tx, module)
		if fault.KindOf(err) == fault.NotFound && !first {
			return -1, nil
		}
		if err != nil {
			return -1, fault.IgnoreNotFound(err)
		}
		module = m.Parent
	}
}

// over returns which of the rules takes the ticket now, -1 for none.
func over(tx *db.Tx, rules []store.Retention, t *store.Ticket, now time.Time) (int, error) {
	if t.State != store.StateClosed || t.Closed.IsZero() || t.Anonymous {
		return -1, nil
	}
	i, err := rule(tx, rules, t)
	if err != nil || i < 0 || t.Closed.After(now.AddDate(-rules[i].Years, 0, 0)) {
		return -1, err
	}
	return i, nil
}

// due gives take each closed ticket that is older than its rule says, with the number of the rule, until it returns false.
func due(tx *db.Tx, rules []store.Retention, now time.Time, take func(*store.Ticket, int) (bool, error)) error {
	if len(rules) == 0 {
		return nil
	}
	least := slices.MinFunc(rules, func(a, b store.Retention) int { return a.Years - b.Years }).Years
	for t, err := range store.TicketsByUpdate.GlanceRows(tx, db.Span{High: key.Of(now.AddDate(-least, 0, 0))}) {
		if err != nil {
			return err
		}
		i, err := over(tx, rules, t, now)
		if err != nil {
			return err
		}
		if i < 0 {
			continue
		}
		if more, err := take(t, i); err != nil || !more {
			return err
		}
	}
	return nil
}

// retentionAtOnce limits how many old tickets one transaction takes.
const retentionAtOnce = 20

// ApplyRetention applies the rules to closed tickets and returns how many it took, mostCounted at most: the rest is for the next
// look. They are looked for while others write, and taken in steps. Tickets that were merged keep their words where others
// read them, and are left alone.
func (es *Erasures) ApplyRetention(ctx context.Context) (int, error) {
	var old []uint64
	err := es.st.View(func(tx *db.Tx) error {
		old = nil
		return due(tx, store.CurrentSettings(tx).Retention, tx.Now(), func(t *store.Ticket, _ int) (bool, error) {
			why, err := mergedWith(tx, t.ID)
			if err == nil && why == "" {
				old = append(old, t.ID)
			}
			return len(old) < mostCounted, err
		})
	})
	if err != nil {
		return 0, err
	}
	sum := 0
	for list := range slices.Chunk(old, retentionAtOnce) {
		if ctx.Err() != nil {
			return sum, ctx.Err()
		}
		n := 0
		err := es.st.Update(db.By{Via: door.Desk, Act: act.EraseOld, Internal: true}, func(tx *db.Tx) (err error) {
			n, err = es.takeOld(tx, list)
			return err
		})
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}

// takeOld takes those of the tickets that a rule still takes, and returns how many they were.
func (es *Erasures) takeOld(tx *db.Tx, list []uint64) (int, error) {
	rules := store.CurrentSettings(tx).Retention
	n := 0
	for _, number := range list {
		t, err := store.Tickets.Get(tx, number)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return 0, err
		}
		i, err := over(tx, rules, t, tx.Now())
		if err != nil {
			return 0, err
		}
		if i < 0 {
			continue // reopened, or the rule went, meanwhile
		}
		why, err := mergedWith(tx, number)
		if err != nil {
			return 0, err
		}
		if why != "" {
			continue
		}
		tx.Erasing()
		if n++; rules[i].Remove {
			err = es.forget(tx, number)
		} else {
			err = es.anonymise(tx, number)
		}
		if err != nil {
			return 0, err
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, es.note(tx, n)
}

// forget removes the ticket with everything that belongs to it, and what other rows say of it by number.
func (es *Erasures) forget(tx *db.Tx, number uint64) error {
	if err := es.tickets.Forget(tx, number); err != nil {
		return err
	}
	_, err := tx.BlankTicketChanges(number)
	return err
}

// note writes down how many tickets the retention took today.
func (es *Erasures) note(tx *db.Tx, n int) error {
	day, err := strconv.ParseUint(tx.Now().In(es.loc).Format("20060102"), 10, 64)
	if err != nil {
		return err
	}
	e, err := store.ErasuresOf.First(tx, store.EraseByAge, day)
	if fault.KindOf(err) == fault.NotFound {
		e, err = &store.Erasure{Kind: store.EraseByAge, Of: day}, nil
	}
	if err != nil {
		return err
	}
	e.State, e.Table, e.Next, e.Log = store.ErasureRunning, "", 0, false // what others say of them by number is cleaned anew
	e.Rows += n
	return store.Erasures.Put(tx, e)
}

// nobody returns the person in whose place those stand who were taken out of old tickets.
func nobody(tx *db.Tx) (*store.Person, error) {
	const email = "0@omissis.invalid"
	p, err := store.PeopleByEmail.First(tx, email)
	if fault.KindOf(err) != fault.NotFound {
		return p, err
	}
	p = &store.Person{Email: email, Name: Omitted, Disabled: true, Erased: tx.Now()}
	return p, store.People.Put(tx, p)
}

// anonymise takes the people of the requester's side out of the ticket: their names and addresses out of its texts, the originals
// of its mails, the files they sent, and what the change log says of its values.
func (es *Erasures) anonymise(tx *db.Tx, number uint64) error {
	t, err := store.Tickets.Get(tx, number)
	if err != nil {
		return err
	}
	none, err := nobody(tx)
	if err != nil {
		return err
	}
	messages, err := store.MessagesByTicket.Find(tx, number)
	if err != nil {
		return err
	}
	people := append([]uint64{t.Requester}, t.Participants...)
	for _, m := range messages {
		if !m.Agent && m.Author != 0 {
			people = append(people, m.Author)
		}
	}
	slices.Sort(people)
	people = slices.Compact(people)
	words := append([]string{}, t.Wishes...)
	for _, id := range people {
		p, err := store.People.Peek(tx, id)
		if err != nil {
			return err
		}
		words = append(words, wordsOf(p.Email, p.Name, p.Phone)...)
	}
	e := newEraser(words)
	c := &db.Cleaning{Words: func(_ uint64, s string) string { return e.clean(s) }}
	t.Requester, t.Participants, t.Wishes, t.AddedBy, t.Anonymous = none.ID, nil, nil, nil, true
	t.Subject = e.clean(t.Subject)
	if err := store.Tickets.Put(tx, t); err != nil {
		return err
	}
	for _, m := range messages {
		if !m.Agent && m.Author != 0 {
			m.Author, m.Rest, m.RestHTML = none.ID, "", ""
		}
		m.Copied, m.Mail = nil, 0
		if err := store.Messages.Put(tx, m); err != nil {
			return err
		}
	}
	files, err := store.FilesByTicket.Find(tx, number)
	if err != nil {
		return err
	}
	for _, f := range files {
		if slices.Contains(people, f.Person) {
			if err := store.DeleteFile(tx, f.ID); err != nil {
				return err
			}
		}
	}
	if err := es.tickets.ForgetMail(tx, number); err != nil {
		return err
	}
	ids := make([]uint64, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	if _, err := store.Messages.Clean(tx, ids, c); err != nil {
		return err
	}
	if _, err := store.Tickets.Clean(tx, []uint64{number}, c); err != nil {
		return err
	}
	_, err = tx.BlankTicketChanges(number)
	return err
}
