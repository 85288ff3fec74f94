package search

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/search/searcher"

	"sportello/search/segment"
)

const (
	asyncName = "sportello"
	lockWait  = "2s"
	// maxClauses bounds what the engine's own searchers would build, should one ever be used.
	maxClauses = 1024
)

// handles leads from the folder of an open index to it, for errors that the engine reports from its own goroutines.
var handles sync.Map

func init() {
	searcher.DisjunctionMaxClauseCount = maxClauses
	scorch.RegistryAsyncErrorCallbacks[asyncName] = asyncError
}

// asyncError is called with errors of the engine's own goroutines, which end with them.
func asyncError(err error, path string) {
	for dir := path; len(dir) > 1; dir = filepath.Dir(dir) { // the engine names its folder below ours
		if h, ok := handles.Load(dir); ok {
			h.(*handle).spoil(fmt.Errorf("search: engine: %w", err))
			return
		}
	}
}

// handle is an open index. Searches hold mu for reading; closing it takes mu.
type handle struct {
	index bleve.Index
	dir   string
	seq   atomic.Uint64
	docs  atomic.Uint64 // documents after the last batch

	memory segment.Memory

	serial   uint64        // no two handles have the same
	articles atomic.Uint64 // counts batches with articles, and changes of what a catalogue holds

	mu     sync.RWMutex
	closed bool

	badMu sync.Mutex
	bad   error
	onBad func()
}

// opened counts the handles.
var opened atomic.Uint64

// ArticleMark tells states of the index apart in which a question for articles alone may have other answers. It changes
// with every change of an article, of the catalogue and of synonyms that the index has come to know, and with the index.
type ArticleMark struct{ index, articles uint64 }

// ArticleMark returns the mark of now. An answer that is given after it was asked for is one of that state or a later one.
func (ix *Index) ArticleMark() ArticleMark {
	h := ix.current.Load()
	if h == nil {
		return ArticleMark{}
	}
	return ArticleMark{h.serial, h.articles.Load()}
}

func (h *handle) spoil(err error) {
	h.badMu.Lock()
	first := h.bad == nil
	if first {
		h.bad = err
	}
	fn := h.onBad
	h.badMu.Unlock()
	if first && fn != nil {
		fn()
	}
}

func (h *handle) fault() error {
	h.badMu.Lock()
	defer h.badMu.Unlock()
	return h.bad
}

// openHandle opens the index in the folder. On failure bleve's value must not be touched, and it may panic.
func openHandle(dir string) (h *handle, err error) {
	defer func() {
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("search: open %s: panic: %v", filepath.Base(dir), p)
		}
	}()
	index, err := bleve.OpenUsing(dir, map[string]any{"bolt_timeout": lockWait, "asyncErrorCallbackName": asyncName})
	if err != nil {
		return nil, fmt.Errorf("search: open %s: %w", filepath.Base(dir), err)
	}
	return ours(dir, index)
}

func createHandle(dir string) (h *handle, err error) {
	defer func() {
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("search: make %s: panic: %v", filepath.Base(dir), p)
		}
	}()
	index, err := bleve.NewUsing(dir, newMapping(), scorch.Name, scorch.Name,
		map[string]any{"bolt_timeout": lockWait, "asyncErrorCallbackName": asyncName})
	if err != nil {
		return nil, fmt.Errorf("search: make %s: %w", filepath.Base(dir), err)
	}
	return ours(dir, index)
}

// ours is the handle of an index whose files are the desk's alone: bleve writes one that everybody may read.
func ours(dir string, index bleve.Index) (*handle, error) {
	if err := os.Chmod(filepath.Join(dir, "index_meta.json"), 0o600); err != nil { // #nosec G703 -- in the folder of the index, which is ours
		return nil, errors.Join(fmt.Errorf("search: keep %s from others: %w", filepath.Base(dir), err), index.Close())
	}
	return newHandle(dir, index), nil
}

func newHandle(dir string, index bleve.Index) *handle {
	h := &handle{index: index, dir: dir, serial: opened.Add(1)}
	handles.Store(dir, h)
	h.count()
	return h
}

// count notes how many documents there are. Only who writes may ask the engine: when a batch fails it closes a segment that
// it may have shown already.
func (h *handle) count() {
	if n, err := h.index.DocCount(); err == nil { // an index that cannot count is found out by the follower
		h.docs.Store(n)
	}
}

func (h *handle) close() (err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	h.closed = true
	handles.Delete(h.dir)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("search: close: panic: %v", p)
		}
	}()
	return h.index.Close()
}
