package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"

	"sportello/store/db"
)

// rebuild makes a new index beside the one that answers and puts it in its place. The old one, if it is sound, is kept
// in step meanwhile. A rebuild that is broken off leaves a folder that the next start sweeps away.
func (ix *Index) rebuild(ctx context.Context, reason error) (err error) {
	begun := time.Now()
	if !errors.Is(reason, errNoIndex) {
		ix.log.Warn("search: building a new index", "why", reason)
	}
	ix.mu.Lock()
	ix.asked, ix.reason, ix.building = false, nil, true
	ix.phase, ix.failure, ix.done, ix.total = Rebuilding, nil, 0, 0
	ix.mu.Unlock()
	name := "ix-" + strconv.Itoa(slices.Max(append(ix.folders(), 0))+1)
	dir := filepath.Join(ix.dir, name)
	if err := os.MkdirAll(ix.dir, 0o700); err != nil {
		return ix.again(reason, fmt.Errorf("search: make folder: %w", err))
	}
	h, err := createHandle(dir)
	if err != nil {
		return ix.again(reason, err)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("search: panic while building: %v", p)
		}
		if err != nil {
			err = ix.again(reason, errors.Join(err, h.close(), os.RemoveAll(dir)))
		}
	}()
	seq := ix.st.Last()
	h.seq.Store(seq)
	if err := ix.fill(ctx, h); err != nil {
		return err
	}
	b := h.index.NewBatch()
	b.SetInternal(keySeq, seqBytes(seq))
	b.SetInternal(keyStore, []byte(ix.st.ID()))
	b.SetInternal(keyFingerprint, []byte(ix.fingerprint()))
	if err := h.index.Batch(b); err != nil {
		return fmt.Errorf("search: finish %s: %w", name, err)
	}
	for h.seq.Load() < ix.st.Last() {
		if err := ix.round(ctx, h); err != nil {
			return err
		}
		ix.tend(ctx)
	}
	if err := h.fault(); err != nil {
		return err
	}
	if err := ix.setCurrent(name); err != nil {
		return err
	}
	old := ix.install(h)
	if old != nil {
		if err := errors.Join(old.close(), os.RemoveAll(old.dir)); err != nil {
			ix.log.Warn("search: remove old index", "err", err)
		}
	}
	ix.mu.Lock()
	ix.rebuilds++ // whoever waits for it may rely on the old one being gone
	ix.building = false
	done := ix.done
	ix.mu.Unlock()
	ix.forward()
	ix.log.Info("search: new index", "index", name, "rows", done, "took", time.Since(begun).Round(time.Millisecond))
	return nil
}

// again keeps the wish for a rebuild that failed.
func (ix *Index) again(reason, err error) error {
	ix.mu.Lock()
	ix.asked, ix.reason, ix.building = true, reason, false
	ix.mu.Unlock()
	return err
}

// page is how many row numbers a rebuild reads at once.
const page = 4000

// fill writes all documents. Rows that change meanwhile are indexed again by the rounds that follow.
func (ix *Index) fill(ctx context.Context, h *handle) error {
	last := make([]uint64, len(sources))
	total := uint64(0)
	err := ix.st.View(func(tx *db.Tx) error {
		for kind, from := range sources {
			last[kind] = from.last(tx)
			total += last[kind]
		}
		return nil
	})
	if err != nil {
		return err
	}
	ix.mu.Lock()
	ix.total = int(total) // #nosec G115 -- rows are counted in an int everywhere
	ix.mu.Unlock()
	rows := func(yield func(source) bool) {
		for kind, last := range last {
			for id := uint64(1); id <= last; id++ {
				if !yield(source{kind, id}) {
					return
				}
			}
		}
	}
	next, stop := iter.Pull(rows)
	defer stop()
	var todo []source
	refill := func() {
		for len(todo) < page {
			row, ok := next()
			if !ok {
				return
			}
			todo = append(todo, row)
		}
	}
	// While the engine writes one batch the documents of the next are made.
	type made struct {
		batch *bleve.Batch
		rows  int
		err   error
	}
	making := func() <-chan made {
		refill()
		if len(todo) == 0 {
			return nil
		}
		rows := slices.Clone(todo)
		out := make(chan made, 1)
		go func() {
			var m made
			defer func() {
				if p := recover(); p != nil {
					m.err = fmt.Errorf("search: panic while building: %v\n%s", p, debug.Stack())
				}
				out <- m
			}()
			m.batch, m.rows, m.err = ix.prepare(h, rows, true)
		}()
		return out
	}
	for coming := making(); coming != nil; {
		m := <-coming
		if m.err != nil {
			return m.err
		}
		todo = todo[m.rows:]
		coming = making()
		err := cmp.Or(ctx.Err(), h.write(m.batch))
		if err != nil {
			if coming != nil {
				<-coming
			}
			return err
		}
		ix.mu.Lock()
		ix.done += m.rows
		ix.mu.Unlock()
		ix.tend(ctx)
	}
	return nil
}

// tend brings the index that answers a step forward while another one is being built.
func (ix *Index) tend(ctx context.Context) {
	h := ix.current.Load()
	if h == nil || h.fault() != nil || h.seq.Load() >= ix.st.Last() || ctx.Err() != nil || time.Since(ix.tended) < ix.o.Delay {
		return
	}
	ix.tended = time.Now()
	if err := ix.round(ctx, h); err != nil && ctx.Err() == nil {
		ix.spoil(h, err)
	}
}

// setCurrent names the index that the next start opens: written aside, synced, renamed.
func (ix *Index) setCurrent(name string) error {
	path := filepath.Join(ix.dir, "CURRENT")
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- in the index's own folder
	if err != nil {
		return fmt.Errorf("search: write CURRENT: %w", err)
	}
	_, err = f.WriteString(name + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		var d *os.File
		if d, err = os.Open(ix.dir); err == nil {
			err = errors.Join(d.Sync(), d.Close())
		}
	}
	if err != nil {
		return fmt.Errorf("search: write CURRENT: %w", err)
	}
	return nil
}

// sweep removes what rebuilds that were broken off and indexes that were set aside left behind.
func (ix *Index) sweep() {
	keep := ""
	if h := ix.current.Load(); h != nil {
		keep = filepath.Base(h.dir)
	}
	for _, n := range ix.folders() {
		if name := "ix-" + strconv.Itoa(n); name != keep {
			if err := os.RemoveAll(filepath.Join(ix.dir, name)); err != nil {
				ix.log.Warn("search: remove old index", "err", err)
			}
		}
	}
}

// number reads an id as it stands in a changed field.
func number(raw []byte) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
	return n, err == nil && n != 0
}
