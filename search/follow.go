package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/blevesearch/bleve/v2"

	"sportello/search/record"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// A batch costs a sync of the disk and, later, merging; the larger it is, the fewer times a word is written.
const (
	maxChanges = 4000    // of the log in one round
	maxDocs    = 4000    // in one batch
	maxBytes   = 8 << 20 // of text in one batch
)

// Run keeps the index in step with the store until the context ends, and returns the context's error. Errors on the
// way, panics included, are logged, shown by State and retried with growing pauses.
func (ix *Index) Run(ctx context.Context) error {
	ix.sweep()
	pause := time.Second
	for ctx.Err() == nil {
		begun := time.Now()
		err := ix.runOnce(ctx)
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			h := ix.current.Load()
			if h == nil || !exhausted(h.fault()) {
				continue
			}
			err = h.fault() // building another at once would only meet the same
		}
		ix.log.Error("search: follower stopped", "err", err)
		ix.mu.Lock()
		ix.phase, ix.failure = Failed, err
		ix.failures++
		ix.mu.Unlock()
		ix.forward()
		if time.Since(begun) > 10*time.Minute {
			pause = time.Second
		}
		ix.rest(ctx, pause)
		longest := 5 * time.Minute
		if exhausted(err) {
			longest = 30 * time.Second
		}
		pause = min(2*pause, longest)
	}
	return ctx.Err()
}

// runOnce builds an index if one is needed and follows the store until something happens to it.
func (ix *Index) runOnce(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			ix.log.Error("search: panic while indexing", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("search: panic: %v", p)
			if h := ix.current.Load(); h != nil {
				h.spoil(err)
			}
		}
	}()
	if reason := ix.needed(); reason != nil {
		if err := ix.patience(); err != nil {
			return err
		}
		if err := ix.rebuild(ctx, reason); err != nil {
			return err
		}
	}
	return ix.follow(ctx)
}

// maxFaults is how many indexes may turn out damaged within an hour before the follower stops building new ones.
const maxFaults = 3

// patience returns an error when the index was damaged again and again: what damages it would damage the next as well.
func (ix *Index) patience() error {
	h := ix.current.Load()
	if h == nil || h.fault() == nil || exhausted(h.fault()) {
		return nil
	}
	ix.faults = slices.DeleteFunc(ix.faults, func(t time.Time) bool { return time.Since(t) > time.Hour })
	if len(ix.faults) >= maxFaults {
		return fmt.Errorf("search: damaged %d times within an hour, last by: %w", len(ix.faults), h.fault())
	}
	ix.faults = append(ix.faults, time.Now())
	return nil
}

// exhausted reports whether the machine had no more to give: room, file descriptors, a disk that can be written. It says
// nothing against the next index, once the cause is gone; until then the pauses between the attempts grow.
func exhausted(err error) bool {
	return err != nil && slices.ContainsFunc([]error{syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.ENFILE, syscall.EROFS, syscall.EIO}, func(e error) bool {
		return errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) // bleve passes on the words alone
	})
}

// needed returns why a new index is needed, nil when the one that is there will do.
func (ix *Index) needed() error {
	ix.mu.Lock()
	asked, reason := ix.asked, ix.reason
	ix.mu.Unlock()
	if asked {
		return reason
	}
	h := ix.current.Load()
	if h == nil {
		return errNoIndex
	}
	return h.fault()
}

func (ix *Index) follow(ctx context.Context) error {
	h := ix.current.Load()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if ix.needed() != nil {
			return nil
		}
		if h.seq.Load() >= ix.st.Last() {
			ix.enter(Following)
			if err := ix.await(ctx, h); err != nil {
				continue // the context ended or somebody wants something
			}
			ix.rest(ctx, ix.o.Delay)
			continue
		}
		begun := time.Now()
		if err := ix.round(ctx, h); err != nil {
			if errors.Is(err, errGap) {
				h.spoil(err)
			}
			return err
		}
		if h.seq.Load() < ix.st.Last() {
			// There is more: let the desk have its processor for as long as this took.
			ix.enter(CatchingUp)
			ix.rest(ctx, min(time.Since(begun), ix.o.Delay))
		}
	}
}

func (ix *Index) enter(phase string) {
	ix.mu.Lock()
	ix.phase, ix.failure = phase, nil
	ix.mu.Unlock()
}

// await returns when the store has a change the index does not know, and an error when it was woken for something else.
func (ix *Index) await(ctx context.Context, h *handle) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ix.mu.Lock()
	ix.stopWait = stop
	ix.mu.Unlock()
	if ix.needed() != nil {
		return errNoIndex
	}
	return ix.st.Wait(ctx, h.seq.Load())
}

// rest pauses, shorter when somebody waits for the index.
func (ix *Index) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ix.hurry:
	case <-ctx.Done():
	}
}

// work is what a run of changes asks to be indexed again, each row once.
type work struct {
	last     uint64
	tickets  map[uint64]struct{}
	versions map[uint64]struct{}
	mails    map[uint64]struct{}
	records  []map[uint64]struct{} // as record.Nouns has their types
	forget   bool                  // what a catalogue holds has changed
}

// rows are those of each table in sources.
func (w *work) rows() []map[uint64]struct{} {
	return append([]map[uint64]struct{}{w.tickets, w.versions, w.mails}, w.records...)
}

var errGap = errors.New("search: the change log has a gap behind the index")

// readChanges gathers what the changes after seq touch, at most maxChanges of them.
func (ix *Index) readChanges(tx *db.Tx, seq uint64) (*work, error) {
	w := &work{last: seq, tickets: map[uint64]struct{}{}, versions: map[uint64]struct{}{}, mails: map[uint64]struct{}{}}
	for range record.Nouns {
		w.records = append(w.records, map[uint64]struct{}{})
	}
	_, err := tx.ReadChanges(seq, maxChanges, func(c *db.Change) error {
		if c.Seq != w.last+1 {
			return errGap
		}
		w.last = c.Seq
		return cmp.Or(w.touch(tx, c), record.Touched(tx, c, w.touchRecord))
	})
	if err == nil && w.last == seq {
		err = errGap // the store says that there is a change
	}
	return w, err
}

func (w *work) touch(tx *db.Tx, c *db.Change) error {
	switch c.Table {
	case store.Tickets.Name(), store.Messages.Name(), store.Files.Name():
		if c.Ticket != 0 {
			w.tickets[c.Ticket] = struct{}{}
		}
		for _, name := range []string{"ticket", "article"} { // moved from one to another, or sent with an article
			if f, ok := c.Field(name); ok {
				for _, raw := range [][]byte{f.Old, f.New} {
					if err := w.moved(tx, name, raw); err != nil {
						return err
					}
				}
			}
		}
		if c.Table == store.Messages.Name() {
			if err := w.message(tx, c.ID); err != nil {
				return err
			}
		}
		if c.Table == store.Files.Name() && c.Ticket != 0 {
			return w.file(tx, c.ID)
		}
		if c.Table == store.Files.Name() && c.Ticket == 0 {
			f, err := store.Files.Get(tx, c.ID)
			if err == nil && f.Article != 0 {
				return w.article(tx, f.Article)
			}
			if fault.KindOf(err) != fault.NotFound {
				return err
			}
		}
	case store.Texts.Name():
		if t, err := store.Texts.Get(tx, c.ID); err == nil {
			return w.file(tx, t.File) // a text that is gone went with its file
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
	case store.Versions.Name():
		w.versions[c.ID] = struct{}{}
	case store.Articles.Name():
		return w.article(tx, c.ID)
	case store.Mails.Name():
		w.mails[c.ID] = struct{}{}
	case store.People.Name():
		_, name := c.Field("name")
		_, email := c.Field("email")
		if !name && !email {
			return nil
		}
		for e := range store.TicketsBySide.Entries(tx, db.Span{Prefix: key.Of(c.ID)}) {
			w.tickets[e.ID] = struct{}{}
		}
	case store.Modules.Name(), store.Groups.Name(), store.Organisations.Name(), store.Synonyms.Name():
		w.forget = true
	}
	return nil
}

func (w *work) touchRecord(kind string, number uint64) {
	for i, n := range record.Nouns {
		for _, id := range record.IDs(number) {
			if n.Type == kind {
				w.records[i][id] = struct{}{}
			}
		}
	}
}

// moved touches the ticket or article that a changed field names.
func (w *work) moved(tx *db.Tx, name string, raw []byte) error {
	id, ok := number(raw)
	if !ok {
		return nil
	}
	if name == "ticket" {
		w.tickets[id] = struct{}{}
		return nil
	}
	return w.article(tx, id)
}

// file touches what the file belongs to now.
func (w *work) file(tx *db.Tx, id uint64) error {
	f, err := store.Files.Get(tx, id)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	case f.Article != 0:
		return w.article(tx, f.Article)
	case f.Ticket != 0:
		w.tickets[f.Ticket] = struct{}{}
		return w.message(tx, f.Message)
	}
	return nil
}

// message touches the tickets from which merging brought the message, if it is still there: their people find it too.
func (w *work) message(tx *db.Tx, id uint64) error {
	m, err := store.Messages.Get(tx, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	for _, t := range m.Brought {
		w.tickets[t] = struct{}{}
	}
	return nil
}

func (w *work) article(tx *db.Tx, id uint64) error {
	for e := range store.VersionsByArticle.Entries(tx, db.Span{Prefix: key.Of(id)}) {
		w.versions[e.ID] = struct{}{}
	}
	return nil
}

// round brings the index forward by one run of changes. What it indexes may be newer than the run; the next one
// indexes it again, to the same result.
func (ix *Index) round(ctx context.Context, h *handle) error {
	var w *work
	err := ix.st.View(func(tx *db.Tx) (err error) {
		w, err = ix.readChanges(tx, h.seq.Load())
		return err
	})
	if err != nil {
		return err
	}
	if w.forget {
		ix.catalogue.Forget()
	}
	var todo []source
	for kind, ids := range w.rows() {
		for _, id := range sortedKeys(ids) {
			todo = append(todo, source{kind, id})
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := ix.batch(h, todo, w.last)
		if err != nil {
			return err
		}
		if todo = todo[n:]; len(todo) == 0 {
			break
		}
	}
	if w.forget || len(w.versions) > 0 {
		h.articles.Add(1) // after the batch: an answer that was found before it is kept under the mark from before
	}
	h.seq.Store(w.last)
	if ix.current.Load() == h {
		ix.forward()
	}
	return nil
}

// source is a row that a document is made of: its place in sources, and its number.
type source struct {
	kind int
	id   uint64
}

// sources are what documents are made of: tables, and of a record a row in a language.
var sources = func() []origin {
	out := []origin{
		{"ticket", ticketID, (*maker).ticket, store.Tickets.Last},
		{"article", versionID, (*maker).version, store.Versions.Last},
		{"mail", mailID, (*maker).mail, store.Mails.Last},
	}
	for _, n := range record.Nouns {
		out = append(out, origin{n.Type, func(id uint64) string { return n.Letter + strconv.FormatUint(id, 10) },
			func(m *maker, id uint64) (*draft, error) { return m.record(n, id) }, n.Last})
	}
	return out
}()

type origin struct {
	name string
	key  func(uint64) string
	make func(*maker, uint64) (*draft, error)
	last func(*db.Tx) uint64
}

// batch writes the documents of as many rows as fit and returns how many. With the last row the index has come to seq,
// if that is not 0.
func (ix *Index) batch(h *handle, rows []source, seq uint64) (n int, err error) {
	b, n, err := ix.prepare(h, rows, false)
	if err != nil {
		return 0, err
	}
	if n == len(rows) && seq != 0 {
		b.SetInternal(keySeq, seqBytes(seq))
	}
	return n, h.write(b)
}

// prepare makes the documents of as many rows as fit into a batch and returns it with their number. A fresh index has
// nothing to take out. A row that cannot be read is logged and left out: it must not keep all others from being found.
func (ix *Index) prepare(h *handle, rows []source, fresh bool) (b *bleve.Batch, n int, err error) {
	b = h.index.NewBatch()
	size := 0
	err = ix.st.View(func(tx *db.Tx) error {
		tx.PastDamage()
		m := ix.maker(tx)
		for n < len(rows) && n < maxDocs && size < maxBytes {
			from, id := sources[rows[n].kind], rows[n].id
			d, err := from.make(m, id)
			if err != nil {
				ix.log.Error("search: leave out "+from.name, "id", id, "err", err)
				d = &draft{id: from.key(id)}
			}
			n++
			if d.doc == nil {
				if !fresh {
					b.Delete(d.id)
				}
				continue
			}
			size += d.bytes
			if err := b.IndexAdvanced(d.doc); err != nil {
				return fmt.Errorf("search: add %s: %w", d.id, err)
			}
		}
		return nil
	})
	return b, n, err
}

func (h *handle) write(b *bleve.Batch) error {
	if b.Size() == 0 {
		return nil
	}
	if err := h.index.Batch(b); err != nil {
		err = fmt.Errorf("search: write to %s: %w", filepath.Base(h.dir), err)
		h.spoil(err)
		return err
	}
	h.count()
	return nil
}

func sortedKeys[K interface{ ~uint64 | ~string }, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
