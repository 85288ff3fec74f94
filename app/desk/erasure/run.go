package erasure

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// How much one step looks at and changes: looking holds nobody up, changing holds writers up for some milliseconds.
const (
	stepLooks   = 20_000
	stepChanges = 50
)

// The hours of the night, from included, until not, in which file and index are written anew.
const (
	nightFrom  = 1
	nightUntil = 5
)

// settled is how long after the last row was cleaned the file is written anew: by then the bytes of files that nothing names
// have been swept away.
const settled = 2 * time.Hour

var itself = db.By{Via: door.Desk, Act: act.Clean, Internal: true}

// Run cleans what is to be erased as it comes, after keep wrote down the list of what must be removed, and at night applies the
// retention and has fresh write file and index anew, until the context ends.
func (es *Erasures) Run(ctx context.Context, keep func() error, fresh func(context.Context) error) error {
	t := time.NewTicker(10 * time.Minute)
	defer t.Stop()
	for {
		running, err := es.inState(store.ErasureRunning)
		if err == nil && len(running) > 0 {
			err = keep()
		}
		if err != nil {
			return err
		}
		if err := es.Clean(ctx); err != nil {
			return err
		}
		if h := es.st.Now().In(es.loc).Hour(); h >= nightFrom && h < nightUntil {
			err := es.Night(ctx, fresh)
			if errors.Is(err, db.ErrBusy) { // a backup is being made: the next look comes while it is still night
				es.log.Info("the file of the desk is written anew later", "why", err)
			} else if err != nil {
				return err
			}
		}
		select {
		case <-t.C:
		case <-es.kick:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Night applies the retention, cleans, and has fresh write file and index anew if anything was erased since they last were.
func (es *Erasures) Night(ctx context.Context, fresh func(context.Context) error) error {
	if _, err := es.ApplyRetention(ctx); err != nil {
		return err
	}
	if err := es.Clean(ctx); err != nil {
		return err
	}
	onDisk, err := es.inState(store.ErasureOnDisk)
	if err != nil {
		return err
	}
	var waiting []uint64
	err = es.st.View(func(tx *db.Tx) error {
		waiting = nil
		for _, id := range onDisk {
			e, err := store.Erasures.Get(tx, id)
			if err != nil {
				return err
			}
			if tx.Now().Sub(e.Clean) >= settled {
				waiting = append(waiting, id)
			}
		}
		return nil
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	if err := fresh(ctx); err != nil {
		return err
	}
	return es.st.Update(itself, func(tx *db.Tx) error {
		for _, id := range waiting {
			e, err := store.Erasures.Get(tx, id)
			if err != nil {
				return err
			}
			e.State, e.Ended = store.ErasureDone, tx.Now()
			if err := store.Erasures.Put(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (es *Erasures) inState(s store.ErasureState) (out []uint64, err error) {
	err = es.st.View(func(tx *db.Tx) error {
		out = nil
		for e := range store.ErasuresByState.Entries(tx, db.Span{Prefix: key.Of(s)}) {
			out = append(out, e.ID)
		}
		return nil
	})
	return out, err
}

// Clean cleans all rows and the change log of what is to be erased, and returns when nothing is left to clean.
func (es *Erasures) Clean(ctx context.Context) error {
	running, err := es.inState(store.ErasureRunning)
	if err != nil {
		return err
	}
	for _, id := range running {
		if err := es.clean(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// clean goes on with one erasure from where it is, to its end.
func (es *Erasures) clean(ctx context.Context, id uint64) error {
	var e *store.Erasure
	err := es.st.View(func(tx *db.Tx) (err error) {
		e, err = store.Erasures.Get(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	if e.Kind == store.ErasePerson && e.Table == "" && e.Next == 0 && !e.Log {
		if err := es.rememberFormer(e); err != nil {
			return err
		}
	}
	c, err := es.cleaning(e)
	if err != nil {
		return err
	}
	for e.State == store.ErasureRunning {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e, err = es.step(id, c); err != nil {
			return err
		}
	}
	return nil
}

// step looks at some rows, cleans those that need it and notes how far it has come, which it returns.
func (es *Erasures) step(id uint64, c *db.Cleaning) (*store.Erasure, error) {
	tables := store.AllTables()
	var e *store.Erasure
	var table db.AnyTable // nil: the change log
	var found []uint64
	err := es.st.View(func(tx *db.Tx) (err error) {
		if e, err = store.Erasures.Get(tx, id); err != nil {
			return err
		}
		looks := stepLooks
		for looks > 0 && len(found) == 0 {
			if e.Log {
				table = nil
				if found, e.Next = tx.UncleanChanges(e.Next, looks, stepChanges, c); e.Next == 0 {
					e.State, e.Words, e.Clean = store.ErasureOnDisk, nil, tx.Now()
					return nil
				}
				break
			}
			at := max(0, slices.IndexFunc(tables, func(t db.AnyTable) bool { return t.Name() == e.Table }))
			if table, e.Table = tables[at], tables[at].Name(); e.Table != store.Erasures.Name() {
				found, e.Next = table.Unclean(tx, e.Next, looks, stepChanges, c)
			} else {
				e.Next = 0
			}
			if e.Next != 0 {
				break
			}
			if at+1 == len(tables) {
				e.Table, e.Log = "", true
			} else {
				e.Table = tables[at+1].Name()
			}
			looks -= stepLooks / 50 // small tables are looked at together
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = es.st.Update(itself, func(tx *db.Tx) error {
		now, err := store.Erasures.Get(tx, id)
		if err != nil {
			return err
		}
		n := 0
		tx.Erasing()
		switch {
		case table != nil:
			n, err = table.Clean(tx, found, c)
		default:
			n, err = tx.CleanChanges(found, c)
		}
		if err != nil {
			return err
		}
		now.Table, now.Next, now.Log, now.State, now.Words, now.Clean = e.Table, e.Next, e.Log, e.State, e.Words, e.Clean
		now.Rows += n
		return store.Erasures.Put(tx, now)
	})
	return e, err
}

// rememberFormer adds to the words of the erasure what the change log says the person was called before.
func (es *Erasures) rememberFormer(e *store.Erasure) error {
	var words []string
	err := es.st.View(func(tx *db.Tx) error {
		words = e.Words
		for c, err := range tx.RowChanges(store.People.Name(), e.Of) {
			if err != nil {
				return err
			}
			name, email, phone := text(c, "name"), text(c, "email"), text(c, "phone")
			for i := range 2 {
				for _, w := range wordsOf(email[i], name[i], phone[i]) {
					if !slices.Contains(words, w) && len(words) < 100 {
						words = append(words, w)
					}
				}
			}
		}
		return nil
	})
	if err != nil || len(words) == len(e.Words) {
		return err
	}
	e.Words = words
	return es.st.Update(itself, func(tx *db.Tx) error {
		now, err := store.Erasures.Get(tx, e.ID)
		if err != nil {
			return err
		}
		now.Words = words
		return store.Erasures.Put(tx, now)
	})
}

// cleaning is what the erasure takes out.
func (es *Erasures) cleaning(e *store.Erasure) (*db.Cleaning, error) {
	if e.Kind != store.ErasePerson {
		return &db.Cleaning{Dangling: store.Tickets.Name()}, nil
	}
	p := &cleaned{id: e.Of, files: e.Files, all: newEraser(e.Words)}
	for _, w := range e.Words {
		if strings.Contains(w, "@") {
			p.addresses = append(p.addresses, spelling.Address(w))
		}
	}
	if p.elsewhere = p.all; e.Alike {
		p.elsewhere = newEraser(slices.DeleteFunc(slices.Clone(e.Words), func(w string) bool { return !strings.Contains(w, "@") }))
		p.own = map[uint64]bool{}
		err := es.st.View(func(tx *db.Tx) error {
			for t := range store.TicketsBySide.Entries(tx, db.Span{Prefix: key.Of(e.Of)}) {
				p.own[t.ID] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	id := string(number(e.Of))
	return p.cleaning(append(near(e.Words), []byte(`"t":"people","id":`+id), []byte(`"person":`+id), []byte(`"author":`+id))), nil
}

// Apply applies a list of what must be removed to a desk that was restored from an older backup, and cleans. Entries that the desk
// knows already are passed over. It returns how many were applied.
func (es *Erasures) Apply(ctx context.Context, list []store.Removal) (int, error) {
	n := 0
	a := policy.Actor{Via: door.Command, System: true}
	for _, m := range list {
		err := es.st.Update(db.By{Via: door.Command, Act: map[store.ErasureKind]act.Act{store.ErasePerson: act.ErasePerson, store.EraseTicket: act.EraseTicket}[m.Kind]}, func(tx *db.Tx) error {
			if store.ErasuresOf.Has(tx, m.Kind, m.Of) {
				return fault.New(fault.NotFound, "error.not-found")
			}
			if m.Kind == store.EraseTicket {
				return es.eraseTicket(tx, &store.Erasure{Kind: m.Kind, Of: m.Of, State: store.ErasureRunning})
			}
			_, err := es.erasePerson(tx, a, m.Of, m.Files)
			return err
		})
		if fault.KindOf(err) == fault.NotFound {
			continue // done, or not there yet when the backup was made
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, es.Clean(ctx)
}
