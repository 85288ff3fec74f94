// Package search finds text in tickets, articles, releases, known problems and plans. It and its package segment are the only importers of bleve.
//
// The index is a cache of the store: its place in the change log lies inside it, committed with the documents it
// covers. Whatever is wrong with it (another mapping, another store, a gap, damage, a panic) takes one road: a new
// index is built beside the old one and takes its place. A kill is not wrong.
//
//	DIR/CURRENT      the name of the index that answers
//	DIR/ix-N/        an index: one document for each ticket (t12), each version of an article (v34), each
//	                 release (r), known problem (p) and plan (l) in each of its languages, and inside it
//	  seq            the last change it knows, 8 bytes
//	  store          the store it was made from
//	  fingerprint    fields, analysis, documents, libraries and time zone it was made with
//
// Who may see what is decided inside each search, from terms in the documents and from what the store says now of
// modules and groups, before anything is counted, weighed or ordered.
package search

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/store/db"
)

// Options configure an index when it is opened.
type Options struct {
	Log      *slog.Logger   // slog.Default when nil
	Location *time.Location // whose days before: and after: mean; UTC when nil
	Delay    time.Duration  // how long changes are gathered after the first; 250 ms when 0
	// CrashFile is where the runtime writes a fatal error (debug.SetCrashOutput, to be called after Open). When the
	// text of the last run is there and names the engine, the index is set aside and rebuilt, and the file is kept
	// under another name. Empty: no such file.
	CrashFile string
	// Plans says what can be read in a plan. Without it plans are found by their names alone.
	Plans record.PlanTexts
}

// State describes the index. Behind counts changes it does not know yet, Done of Total rows a rebuild has read.
type State struct {
	State  string // following, catching-up, rebuilding, failed
	Behind uint64
	Done   int
	Total  int
	Err    string
	Docs   uint64
	Bytes  int64
}

// The states.
const (
	Following  = "following"
	CatchingUp = "catching-up"
	Rebuilding = "rebuilding"
	Failed     = "failed"
)

var (
	keySeq         = []byte("seq")
	keyStore       = []byte("store")
	keyFingerprint = []byte("fingerprint")
)

// Index is the index of one store. Its methods may be used by many goroutines at once.
type Index struct {
	dir string
	st  *db.Store
	o   Options
	log *slog.Logger

	current   atomic.Pointer[handle]
	catalogue query.CatalogueCache
	hurry     chan struct{} // somebody waits: do not gather
	faults    []time.Time   // when damage was found; only Run touches it
	tended    time.Time     // when a rebuild last brought the old index forward; only Run touches it

	mu       sync.Mutex
	asked    bool // for a rebuild
	reason   error
	phase    string
	done     int
	total    int
	failure  error
	moved    chan struct{} // closed when the index comes forward
	stopWait context.CancelFunc
	rebuilds int // since Open
	building bool
	failures int // the same
	closed   bool
}

// Open opens the index in dir, which belongs to it alone. It never fails and does no work that grows with the data: an
// index that cannot be used is left to Run, which builds a new one.
func Open(dir string, st *db.Store, o Options) *Index {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Delay <= 0 {
		o.Delay = 250 * time.Millisecond
	}
	ix := &Index{dir: dir, st: st, o: o, log: o.Log, phase: CatchingUp, hurry: make(chan struct{}, 1), moved: make(chan struct{})}
	if err := ix.crashed(); err != nil {
		ix.ask(err)
		return ix
	}
	h, err := ix.openCurrent()
	if err != nil {
		ix.ask(err)
		return ix
	}
	ix.install(h)
	return ix
}

var indexName = regexp.MustCompile(`^ix-[0-9]{1,9}$`)

var errNoIndex = errors.New("search: there is no index yet")

func (ix *Index) openCurrent() (*handle, error) {
	b, err := os.ReadFile(filepath.Join(ix.dir, "CURRENT"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoIndex
	}
	if err != nil {
		return nil, fmt.Errorf("search: read CURRENT: %w", err)
	}
	name := strings.TrimSpace(string(b))
	if !indexName.MatchString(name) {
		return nil, fmt.Errorf("search: CURRENT names %.40q", name)
	}
	h, err := openHandle(filepath.Join(ix.dir, name))
	if err != nil {
		return nil, err
	}
	if err := ix.verify(h); err != nil {
		_ = h.close()
		return nil, err
	}
	return h, nil
}

// verify checks that the index was made by this program from this store, and reads how far it came.
func (ix *Index) verify(h *handle) error {
	get := func(key []byte) []byte {
		v, err := h.index.GetInternal(key)
		if err != nil {
			return nil
		}
		return v
	}
	if !bytes.Equal(get(keyFingerprint), []byte(ix.fingerprint())) {
		return errors.New("search: the index was made by another version")
	}
	if string(get(keyStore)) != ix.st.ID() {
		return errors.New("search: the index was made from another store")
	}
	seq := get(keySeq)
	if len(seq) != 8 {
		return errors.New("search: the index does not say how far it came")
	}
	h.seq.Store(binary.BigEndian.Uint64(seq))
	if h.seq.Load() > ix.st.Last() {
		return fmt.Errorf("search: the index knows change %d, the store has %d", h.seq.Load(), ix.st.Last())
	}
	return nil
}

// fingerprint tells indexes apart that hold other terms for the same rows.
func (ix *Index) fingerprint() string {
	return fmt.Sprint(made(), " ", ix.o.Location, " ", ix.o.Plans != nil)
}

// maker makes documents as this index has them.
func (ix *Index) maker(tx *db.Tx) *maker {
	m := newMaker(tx, ix.o.Location)
	m.plans = ix.o.Plans
	return m
}

// Record returns the release, known problem or plan of the number as it is read in the language now, nil when there is
// nothing to be read. Whose it is to read is not asked.
func (ix *Index) Record(tx *db.Tx, kind string, number uint64, language string) (*record.Record, error) {
	n, _ := record.Of(kind)
	i := max(0, slices.Index(analysis.Languages, language))
	return n.Read(tx, record.IDs(number)[i], ix.o.Plans)
}

var made = sync.OnceValue(func() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %+v %q", analysis.Version, documentVersion, fields, libraries)
	return hex.EncodeToString(h.Sum(nil))
})

// libraries are what makes terms and files of an index besides our own code, with their versions: a binary that was
// built without such notes, as tests are, has to open what another one made. A test compares them with go.mod.
var libraries = []string{
	"github.com/blevesearch/bleve/v2 v2.6.3",
	"github.com/blevesearch/snowballstem v0.9.0",
	"github.com/blevesearch/zapx/v17 v17.2.5",
	"golang.org/x/text v0.43.0",
}

var engineNames = regexp.MustCompile(`blevesearch|/scorch|zapx`)

// firstStack returns a crash text up to the end of the stack that crashed; the engine's idle goroutines may follow.
func firstStack(text []byte) []byte {
	if i := bytes.Index(text, []byte("goroutine ")); i >= 0 {
		if n := bytes.Index(text[i:], []byte("\n\n")); n >= 0 {
			return text[:i+n]
		}
	}
	return text
}

// crashed returns an error when the text of the last run's crash names the engine; it takes CURRENT away, so that the
// index is not opened even if this run ends here as well.
func (ix *Index) crashed() error {
	if ix.o.CrashFile == "" {
		return nil
	}
	text, err := os.ReadFile(ix.o.CrashFile)
	if err != nil || !engineNames.Match(firstStack(text)) {
		return nil
	}
	ix.log.Error("search: the last run died in the search engine; the index is built anew", "file", ix.o.CrashFile)
	if err := os.Remove(filepath.Join(ix.dir, "CURRENT")); err != nil && !errors.Is(err, os.ErrNotExist) {
		ix.log.Error("search: set index aside", "err", err)
	}
	ext := filepath.Ext(ix.o.CrashFile)
	kept := strings.TrimSuffix(ix.o.CrashFile, ext) + "-search-" + ix.st.Now().UTC().Format("20060102-150405") + ext
	if err := os.Rename(ix.o.CrashFile, kept); err != nil {
		ix.log.Error("search: keep crash text", "err", err)
	}
	return errors.New("search: the last run died in the search engine")
}

// install makes h the index that answers and returns the one that did.
func (ix *Index) install(h *handle) *handle {
	h.badMu.Lock()
	h.onBad = ix.wake
	h.badMu.Unlock()
	old := ix.current.Swap(h)
	ix.catalogue.Forget()
	ix.forward()
	return old
}

// acquire returns the index that answers, held for reading, nil when there is none.
func (ix *Index) acquire() *handle {
	for {
		h := ix.current.Load()
		if h == nil {
			return nil
		}
		h.mu.RLock()
		if !h.closed {
			return h
		}
		h.mu.RUnlock()
		if ix.current.Load() == h {
			return nil
		}
	}
}

func (ix *Index) spoil(h *handle, err error) {
	ix.log.Error("search: index is damaged", "index", filepath.Base(h.dir), "err", err)
	h.spoil(err)
}

// forward wakes whoever waits for the index to come forward.
func (ix *Index) forward() {
	ix.mu.Lock()
	close(ix.moved)
	ix.moved = make(chan struct{})
	ix.mu.Unlock()
}

// wake makes a waiting follower look again.
func (ix *Index) wake() {
	ix.mu.Lock()
	stop := ix.stopWait
	ix.mu.Unlock()
	if stop != nil {
		stop()
	}
	ix.press()
}

func (ix *Index) press() {
	select {
	case ix.hurry <- struct{}{}:
	default:
	}
}

func (ix *Index) ask(reason error) {
	ix.mu.Lock()
	ix.asked, ix.reason = true, reason
	ix.mu.Unlock()
	ix.wake()
}

// Rebuild asks for a new index; the one that is there answers until it is ready.
func (ix *Index) Rebuild() { ix.ask(errors.New("search: asked for")) }

// RebuildNow asks for a new index and returns when one that was finished since then answers, or why it could not be
// built; Run goes on trying. The files of the old index are gone then, with all that was ever taken out of it: a merge of
// the engine keeps the segments in which nothing else has changed. Meanwhile it tells step, each second, how many rows of how many are read.
// It needs Run to be running.
func (ix *Index) RebuildNow(ctx context.Context, step func(done, total int)) error {
	ix.mu.Lock()
	rebuilds, failures := ix.rebuilds, ix.failures
	if ix.building { // that one read rows before it was asked
		rebuilds++
	}
	ix.mu.Unlock()
	ix.Rebuild()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		ix.mu.Lock()
		built, failed, err := ix.rebuilds > rebuilds, ix.failures > failures, ix.failure
		done, total := ix.done, ix.total
		moved := ix.moved
		ix.mu.Unlock()
		if built {
			return nil
		}
		if failed && err != nil {
			return err
		}
		select {
		case <-moved:
		case <-tick.C:
			step(done, total)
		case <-ctx.Done():
			return fmt.Errorf("search: wait for new index: %w", ctx.Err())
		}
	}
}

// Rebuilds returns how many indexes were built since Open.
func (ix *Index) Rebuilds() int {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.rebuilds
}

// State returns the state of the index.
func (ix *Index) State() State {
	ix.mu.Lock()
	s := State{State: ix.phase, Done: ix.done, Total: ix.total}
	if ix.failure != nil {
		s.Err = ix.failure.Error()
	}
	ix.mu.Unlock()
	h := ix.acquire()
	if h == nil {
		s.Behind = ix.st.Last()
		if s.State == Following || s.State == CatchingUp {
			s.State = Rebuilding
		}
		return s
	}
	defer h.mu.RUnlock()
	if last, seq := ix.st.Last(), h.seq.Load(); last > seq {
		s.Behind = last - seq
	}
	s.Docs = h.docs.Load()
	files, _ := filepath.Glob(filepath.Join(h.dir, "store", "*"))
	for _, f := range files {
		if fi, err := os.Stat(f); err == nil {
			s.Bytes += fi.Size()
		}
	}
	return s
}

// CatchUp waits until the index knows the change, without the time of gathering. It needs Run to be running.
func (ix *Index) CatchUp(ctx context.Context, seq uint64) error {
	for {
		ix.mu.Lock()
		moved := ix.moved
		ix.mu.Unlock()
		if h := ix.current.Load(); h != nil && h.seq.Load() >= seq {
			return nil
		}
		ix.press()
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("search: catch up: %w", ctx.Err())
		}
	}
}

// Close closes the index. Run must have returned.
func (ix *Index) Close() error {
	ix.mu.Lock()
	ix.closed = true
	ix.mu.Unlock()
	if h := ix.current.Swap(nil); h != nil {
		if err := h.close(); err != nil {
			return fmt.Errorf("search: close: %w", err)
		}
	}
	return nil
}

func seqBytes(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// folders returns the numbers of the index folders that are there.
func (ix *Index) folders() []int {
	var out []int
	entries, err := os.ReadDir(ix.dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if indexName.MatchString(e.Name()) {
			n, _ := strconv.Atoi(strings.TrimPrefix(e.Name(), "ix-"))
			out = append(out, n)
		}
	}
	return out
}
