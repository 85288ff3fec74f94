package search

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/search/analysis"
	"sportello/search/segment"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// someWords are the words that random texts are made of.
var someWords = strings.Fields(`cedolino stipendio anagrafica iscrizione iscrizioni borsa docente protocollo fattura ordine missione rimborso
	payment student report errore ORA-01722 AN_ANAGRAFICA u-gov badge firma contratto delibera progetto bilancio dell'ateneo perché quando`)

func randomText(r *rand.Rand, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = someWords[r.IntN(len(someWords))]
	}
	return strings.Join(out, " ")
}

// randomStep changes the store somehow.
func (f *fixture) randomStep(r *rand.Rand) {
	pick := func(last uint64) uint64 { return 1 + r.Uint64N(max(last, 1)) }
	f.update(func(tx *db.Tx) error {
		tickets, versions := store.Tickets.Last(tx), store.Versions.Last(tx)
		switch n := r.IntN(27); {
		case n > 22:
			return f.randomRecord(tx, r)
		case n == 20:
			return put(tx, &store.Mail{State: store.MailHeld, Sum: f.blob, Source: "lmtp", Subject: randomText(r, 3), Text: randomText(r, 9), Group: []uint64{f.general, f.csa, f.secret}[r.IntN(3)]}, store.Mails, nil)
		case n > 20:
			m, err := store.Mails.Get(tx, pick(store.Mails.Last(tx)))
			if err != nil {
				return nil
			}
			m.State = []store.MailState{store.MailWaiting, store.MailDropped, store.MailAside, store.MailFailed}[r.IntN(4)]
			return put(tx, m, store.Mails, nil)
		case n < 6 || tickets == 0:
			t := &store.Ticket{Subject: randomText(r, 4), Kind: store.Request, State: store.StateNew, Group: []uint64{f.general, f.csa, f.secret}[r.IntN(3)],
				Module: []uint64{0, f.accounting, f.csaModule}[r.IntN(3)], Requester: []uint64{f.ana, f.bruno, f.carla}[r.IntN(3)], Opened: tx.Now(), PublicUpdated: tx.Now()}
			put(tx, t, store.Tickets, nil)
			return say(tx, t.ID, t.Requester, randomText(r, 10))
		case n < 10:
			text := randomText(r, 8)
			if r.IntN(3) == 0 {
				text = "note:" + text
			}
			return say(tx, pick(tickets), f.agent, text)
		case n < 13:
			t, err := store.Tickets.Get(tx, pick(tickets))
			if err != nil {
				return nil
			}
			t.State = []store.State{store.StateOpen, store.StateClosed, store.StateWaiting}[r.IntN(3)]
			t.Group = []uint64{f.general, f.csa, f.secret}[r.IntN(3)]
			t.SpamSince = time.Time{}
			if r.IntN(4) == 0 {
				t.SpamSince = tx.Now()
			}
			t.Participants = nil
			if r.IntN(2) == 0 {
				t.Participants = []uint64{f.carla}
			}
			return store.Tickets.Put(tx, t)
		case n < 14: // a message moves to another ticket
			m, err := store.Messages.Get(tx, pick(store.Messages.Last(tx)))
			if err != nil {
				return nil
			}
			m.Ticket = pick(tickets)
			return store.Messages.Put(tx, m)
		case n < 15:
			p, err := store.People.Get(tx, f.ana)
			if err != nil {
				return err
			}
			p.Name = "Ana " + randomText(r, 1)
			return store.People.Put(tx, p)
		case n < 16:
			a := &store.Article{Slug: fmt.Sprintf("r%d", store.Articles.Last(tx)+1), Audience: store.Public}
			put(tx, a, store.Articles, nil)
			for _, l := range analysis.Languages[:1+r.IntN(2)] {
				put(tx, &store.Version{Article: a.ID, Audience: a.Audience, Language: l, Title: randomText(r, 3), Body: randomText(r, 20), Format: store.Markdown, Publication: store.Published}, store.Versions, nil)
			}
			return nil
		case n < 17 && versions > 0:
			v, err := store.Versions.Get(tx, pick(versions))
			if err != nil {
				return nil
			}
			if r.IntN(3) == 0 {
				return store.Versions.Delete(tx, v.ID)
			}
			v.Body, v.Publication = randomText(r, 20), []store.Publication{store.Draft, store.Published}[r.IntN(2)]
			return store.Versions.Put(tx, v)
		case n < 18 && store.Articles.Last(tx) > 0:
			a, err := store.Articles.Get(tx, pick(store.Articles.Last(tx)))
			if err != nil {
				return nil
			}
			a.Audience = []store.Audience{store.Public, store.SignedIn, store.Agents}[r.IntN(3)]
			a.Module = []uint64{0, f.ugov}[r.IntN(2)]
			return store.Articles.Put(tx, a)
		case n < 19:
			m, err := store.Messages.Get(tx, pick(store.Messages.Last(tx)))
			if err != nil {
				return nil
			}
			return put(tx, &store.File{Ticket: m.Ticket, Message: m.ID, Person: f.ana, Name: randomText(r, 1) + ".pdf", Type: "application/pdf", Sum: f.blob, Size: 1}, store.Files, nil)
		default:
			last := store.Files.Last(tx)
			if last == 0 {
				return nil
			}
			id := pick(last)
			if _, err := store.Files.Get(tx, id); err != nil {
				return nil
			}
			return store.Files.Delete(tx, id)
		}
	})
}

// randomRecord writes a release, a known problem or a plan, or changes one, or what it is found by.
func (f *fixture) randomRecord(tx *db.Tx, r *rand.Rand) error {
	words := func() store.Words {
		return [...]store.Words{{IT: randomText(r, 3)}, {EN: randomText(r, 3)}, {IT: randomText(r, 3), EN: randomText(r, 3)}}[r.IntN(3)]
	}
	old := func(last uint64) uint64 { return r.Uint64N(last + 2) } // 0 and one too many: a new one
	modules := [][]uint64{{f.csaModule}, {f.ugov, f.accounting}, {f.accounting}}[r.IntN(3)]
	switch r.IntN(5) {
	case 0:
		row, err := store.Releases.Get(tx, old(store.Releases.Last(tx)))
		if err != nil {
			row = &store.Release{Version: fmt.Sprint("1.", store.Releases.Last(tx)), VersionKey: fmt.Sprintf("%04x", store.Releases.Last(tx)), Modules: modules}
		}
		row.Kind, row.Title, row.Notes, row.State = store.Urgent, words(), words(), []store.ReleaseState{store.ReleaseDraft, store.ReleasePublished, store.ReleaseWithdrawn}[r.IntN(3)]
		row.To = [][]uint64{nil, {f.polito}, {f.polito, f.unibo}}[r.IntN(3)]
		return store.Releases.Put(tx, row)
	case 1:
		row, err := store.Problems.Get(tx, old(store.Problems.Last(tx)))
		if err != nil {
			row = &store.Problem{Module: modules[0], Group: f.csa}
		}
		row.Title, row.Text, row.State, row.Audience = words(), words(), store.ProblemConfirmed, []store.Audience{store.Public, store.SignedIn, store.Agents}[r.IntN(3)]
		row.Withdrawn = []time.Time{{}, {}, tx.Now()}[r.IntN(3)]
		return store.Problems.Put(tx, row)
	case 2:
		last := store.Releases.Last(tx)
		if last == 0 {
			return nil
		}
		return put(tx, &store.File{Release: 1 + r.Uint64N(last), Person: f.ana, Name: randomText(r, 1) + ".zip", Type: "application/zip", Sum: f.blob, Size: 1}, store.Files, nil)
	case 3:
		m, err := store.Modules.Get(tx, f.accounting)
		if err != nil {
			return err
		}
		m.Name.IT = "Contabilità " + randomText(r, 1)
		return store.Modules.Put(tx, m)
	}
	row, err := store.Plans.Get(tx, old(store.Plans.Last(tx)))
	if err != nil {
		t := &store.Template{Code: fmt.Sprint("t", store.Templates.Last(tx)), Name: store.Words{IT: "x"}, Group: f.csa}
		put(tx, t, store.Templates, nil)
		v := &store.TemplateVersion{Template: t.ID, Number: 1, Source: "x", At: tx.Now()}
		put(tx, v, store.TemplateVersions, nil)
		row = &store.Plan{Template: t.ID, Version: v.ID, Organisation: f.polito, Start: tx.Now(), GoLive: tx.Now(), State: store.PlanRunning}
	}
	row.Name, row.Group, row.Unit, row.Modules = randomText(r, 3), []uint64{f.csa, f.secret}[r.IntN(2)], []uint64{0, f.office}[r.IntN(2)], modules
	return store.Plans.Put(tx, row)
}

func (f *fixture) digest() string {
	f.t.Helper()
	f.catchUp()
	d, err := f.ix.Digest(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

// rebuild asks for a new index and waits for it.
func (f *fixture) rebuild() {
	f.t.Helper()
	n := f.ix.Rebuilds()
	f.ix.Rebuild()
	f.until("a rebuild", func() bool { return f.ix.Rebuilds() > n })
}

func (f *fixture) until(what string, ok func() bool) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for !ok() {
		f.ix.mu.Lock()
		moved := f.ix.moved
		f.ix.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-moved:
		case <-time.After(20 * time.Millisecond): // for what is not announced
		case <-ctx.Done():
			f.t.Fatalf("waited for %s: %+v", what, f.ix.State())
		}
	}
}

func TestFollowingEqualsRebuilding(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := newFixture(t)
			r := rand.New(rand.NewPCG(seed, 7))
			for i := range 150 {
				f.randomStep(r)
				if i%40 == 0 {
					f.catchUp()
				}
			}
			followed := f.digest()
			f.rebuild()
			if rebuilt := f.digest(); rebuilt != followed {
				t.Errorf("followed %s, rebuilt %s", followed, rebuilt)
			}
		})
	}
}

func TestReopeningFollowsOn(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "prima"}, "x")
	f.catchUp()
	f.stop()
	f.ticket(store.Ticket{Subject: "dopo"}, "x") // while nobody follows
	f.start()
	f.wants(f.all(), "dopo", "t2")
	f.wants(f.all(), "prima", "t1")
	if n := f.ix.Rebuilds(); n != 0 {
		t.Errorf("%d rebuilds", n)
	}
	f.stop()
	f.start()
	f.stop()
	f.start()
	f.wants(f.all(), "prima", "t1")
}

// TestDamageEndsInARebuild: every way in which what is on disk can be wrong ends in a new index with the right
// answers.
func TestDamageEndsInARebuild(t *testing.T) {
	current := func(f *fixture) string {
		b, err := os.ReadFile(filepath.Join(f.indexDir(), "CURRENT"))
		if err != nil {
			f.t.Fatal(err)
		}
		return filepath.Join(f.indexDir(), strings.TrimSpace(string(b)))
	}
	must := func(f *fixture, err error) {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
	}
	segments := func(f *fixture, fn func(path string, size int64) error) {
		f.t.Helper()
		n := 0
		must(f, filepath.WalkDir(current(f), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".zap" {
				return err
			}
			n++
			info, err := d.Info()
			if err != nil {
				return err
			}
			return fn(path, info.Size())
		}))
		if n == 0 {
			f.t.Fatal("no segments")
		}
	}
	internal := func(f *fixture, key, value []byte) {
		f.t.Helper()
		h, err := openHandle(current(f))
		must(f, err)
		must(f, h.index.SetInternal(key, value))
		must(f, h.close())
	}
	for name, damage := range map[string]func(f *fixture){
		"missing":              func(f *fixture) { must(f, os.RemoveAll(current(f))) },
		"whole folder missing": func(f *fixture) { must(f, os.RemoveAll(f.indexDir())) },
		"CURRENT missing":      func(f *fixture) { must(f, os.Remove(filepath.Join(f.indexDir(), "CURRENT"))) },
		"CURRENT names a path": func(f *fixture) { must(f, os.WriteFile(filepath.Join(f.indexDir(), "CURRENT"), []byte("../x"), 0o600)) },
		"empty meta":           func(f *fixture) { must(f, os.Truncate(filepath.Join(current(f), "index_meta.json"), 0)) },
		"truncated root":       func(f *fixture) { must(f, os.Truncate(filepath.Join(current(f), "store", "root.bolt"), 100)) },
		"truncated segments":   func(f *fixture) { segments(f, func(p string, n int64) error { return os.Truncate(p, n/2) }) },
		"empty segments":       func(f *fixture) { segments(f, func(p string, n int64) error { return os.Truncate(p, 0) }) },
		"segments missing":     func(f *fixture) { segments(f, func(p string, n int64) error { return os.Remove(p) }) },
		"foreign store":        func(f *fixture) { internal(f, keyStore, []byte("another")) },
		"other mapping":        func(f *fixture) { internal(f, keyFingerprint, []byte("another")) },
		"ahead of the store":   func(f *fixture) { internal(f, keySeq, seqBytes(1<<40)) },
		"checkpoint missing":   func(f *fixture) { internal(f, keySeq, nil) },
		"engine crashed the run": func(f *fixture) {
			must(f, os.WriteFile(filepath.Join(f.dir, "crash.txt"), []byte("panic: x\n\ngoroutine 7:\ngithub.com/blevesearch/zapx/v17.(*Dict)"), 0o600))
		},
		"overwritten segments": func(f *fixture) {
			segments(f, func(p string, n int64) error { // as a bad disk would
				b, err := os.ReadFile(p)
				if err != nil {
					return err
				}
				for i := 0; i < len(b)-60; i++ {
					b[i] = 0xff
				}
				return os.WriteFile(p, b, 0o600)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.ticket(store.Ticket{Subject: "prova del danno"}, "testo")
			f.article(store.Public, 0, store.Published, "it", "Prova", "Testo.")
			want := f.digest()
			f.stop()
			damage(f)
			f.start()
			f.until("an answer", func() bool {
				_, err := f.ix.Search(context.Background(), Query{Text: "prova", Access: f.all()})
				if err != nil && fault.KindOf(err) != fault.Unavailable {
					t.Fatal(err)
				}
				return err == nil
			})
			f.wants(f.all(), "prova", "a1it t1")
			if got := f.digest(); got != want {
				t.Errorf("built %s, was %s", got, want)
			}
			// Of damaged segments the engine may have kept an older state, from which the follower goes on.
			if n := f.ix.Rebuilds(); n > 1 || n == 0 && !strings.Contains(name, "segments") {
				t.Errorf("%d rebuilds", n)
			}
			if got := len(f.ix.folders()); got != 1 {
				t.Errorf("%d index folders left", got)
			}
		})
	}
}

func TestCrashTextIsKeptAndReadOnce(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "x"}, "x")
	f.catchUp()
	path := filepath.Join(f.dir, "crash.txt")
	for _, c := range []struct {
		text     string
		rebuilds int
	}{{"panic: ours\n\ngoroutine 1 [running]:\nsportello/app.x()\n\ngoroutine 7 [select]:\ngithub.com/blevesearch/bleve/v2/index/scorch.(*Scorch)", 0}, {"fatal error: fault\ngithub.com/blevesearch/bleve/v2/index/scorch.(*Scorch)", 1}, {"", 0}} {
		f.stop()
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.start()
		f.catchUp()
		if n := f.ix.Rebuilds(); n != c.rebuilds {
			t.Errorf("%q: %d rebuilds, want %d", c.text, n, c.rebuilds)
		}
		kept, _ := filepath.Glob(filepath.Join(f.dir, "crash-search-*.txt"))
		if _, err := os.Stat(path); (err == nil) != (c.rebuilds == 0) || len(kept) == 0 && c.rebuilds > 0 {
			t.Errorf("%q: file there: %v, kept %v", c.text, err == nil, kept)
		}
	}
}

func TestAPanicIsAnErrorAndANewIndex(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "prova"}, "x")
	f.catchUp()
	n := f.ix.Rebuilds()
	err := f.ix.read(context.Background(), func(context.Context, *segment.Snapshot) error { panic("index out of range") })
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("panic became %v", err)
	}
	f.until("a rebuild", func() bool { return f.ix.Rebuilds() > n })
	f.wants(f.all(), "prova", "t1")

	// The same from a goroutine of the engine's.
	n = f.ix.Rebuilds()
	engine := f.ix.current.Load()
	asyncError(errors.New("persister: disk full"), filepath.Join(engine.dir, "store"))
	f.until("a rebuild", func() bool { return f.ix.Rebuilds() > n })
	f.wants(f.all(), "prova", "t1")

	// What damages every index is not tried for ever.
	for range maxFaults + 2 {
		n = f.ix.Rebuilds()
		f.ix.spoil(f.ix.current.Load(), errors.New("again"))
		f.until("a rebuild or a stop", func() bool { return f.ix.Rebuilds() > n || f.ix.State().State == Failed })
	}
	if s := f.ix.State(); s.State != Failed || s.Err == "" {
		t.Errorf("state %+v", s)
	}
}

// TestAnIndexThatCouldNotBeWrittenIsNoPanicToTellOf has a search fall into the segment that the engine takes away after a
// batch that it could not write. On a disk that is full, TestAFullDisk of the whole process meets the engine itself.
func TestAnIndexThatCouldNotBeWrittenIsNoPanicToTellOf(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "prova"}, "x")
	f.catchUp()
	var told bytes.Buffer
	ix := &Index{log: slog.New(slog.NewTextHandler(&told, nil))}
	h := &handle{index: f.ix.current.Load().index, dir: "ix-1"}
	h.spoil(errors.New("no space left on device"))
	ix.current.Store(h)
	err := ix.read(context.Background(), func(context.Context, *segment.Snapshot) error {
		panic("assignment to entry in nil map")
	})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("the search says %v", err)
	}
	if said := told.String(); strings.Contains(said, "panic") || strings.Contains(said, "is damaged") || !strings.Contains(said, "no space left") {
		t.Errorf("the log says %s", said)
	}
}

func TestWhoAsksForANewIndexIsToldWhenItIsThere(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "prova"}, "x")
	f.catchUp()
	none := func(int, int) {}
	before := f.ix.Rebuilds()
	if err := f.ix.RebuildNow(t.Context(), none); err != nil || f.ix.Rebuilds() != before+1 {
		t.Errorf("%d rebuilds, %v", f.ix.Rebuilds()-before, err)
	}
	f.wants(f.all(), "prova", "t1")

	// Or why it is not: nothing can be put beside the one that is there.
	aside := filepath.Join(f.dir, "aside")
	if err := errors.Join(os.Rename(f.indexDir(), aside), os.WriteFile(f.indexDir(), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := f.ix.RebuildNow(t.Context(), none); err == nil {
		t.Error("there is nowhere to build and it was built")
	}
	if err := errors.Join(os.Remove(f.indexDir()), os.Rename(aside, f.indexDir())); err != nil {
		t.Fatal(err)
	}
	if err := f.ix.RebuildNow(t.Context(), none); err != nil {
		t.Error(err)
	}
	f.wants(f.all(), "prova", "t1")
}

func TestSearchWhileRebuilding(t *testing.T) {
	f := newFixture(t)
	for i := range 300 {
		f.ticket(store.Ticket{Subject: fmt.Sprintf("prova %d", i)}, "testo")
	}
	f.catchUp()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := f.ix.Search(context.Background(), Query{Text: "prova", Access: f.all(), Facets: true})
				if err != nil || res.Total < 300 {
					t.Errorf("total %d, %v", res.Total, err)
					return
				}
			}
		})
	}
	for range 3 {
		f.rebuild()
		f.ticket(store.Ticket{Subject: "prova nuova"}, "testo")
	}
	close(stop)
	wg.Wait()
	f.wants(f.all(), "nuova", ids("t", 301, 302, 303))
}

func TestWithoutAnIndexTheStateSaysSo(t *testing.T) {
	f := newFixture(t)
	f.catchUp()
	f.stop()
	if err := os.RemoveAll(f.indexDir()); err != nil {
		t.Fatal(err)
	}
	ix := Open(f.indexDir(), f.st, Options{Log: quiet()})
	if _, err := ix.Search(context.Background(), Query{Text: "x"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("search: %v", err)
	}
	if s := ix.State(); s.State != Rebuilding || s.Behind != f.st.Last() {
		t.Errorf("state %+v", s)
	}
	// A folder that cannot be written to fails clearly and nothing else.
	blocked := filepath.Join(f.dir, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := Open(filepath.Join(blocked, "search"), f.st, Options{Log: quiet()})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- bad.Run(ctx) }()
	f.ix = bad
	f.until("failure", func() bool { return bad.State().State == Failed })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("run: %v", err)
	}
	f.start()
}

func TestARowThatCannotBeReadKeepsNothingElseFromBeingFound(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "prova"}, strings.Repeat("lungo ", 100_000), "\x00\xff\xfe", strings.Repeat("x", 300_000))
	f.wants(f.all(), "prova", "t1")
	f.wants(f.all(), "lungo", "t1")
}

// TestKilled kills a child that writes and indexes, again and again, and looks at what it left.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("SPORTELLO_SEARCH_CHILD"); dir != "" {
		killedChild(t, dir)
		return
	}
	dir := t.TempDir()
	for round := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "SPORTELLO_SEARCH_CHILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan() && n < 5+7*round; n++ { // one line for each batch that the child saw indexed
			if text := lines.Text(); strings.HasPrefix(text, "---") || strings.Contains(text, "rebuilt") && round > 0 {
				t.Errorf("round %d: %s", round, text)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
	}
	st, err := store.Open(dir, db.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, dir: dir, st: st}
	f.start()
	defer f.close()
	followed := f.digest()
	if n := f.ix.Rebuilds(); n != 0 {
		t.Errorf("%d rebuilds after kills", n)
	}
	f.rebuild()
	if rebuilt := f.digest(); rebuilt != followed {
		t.Errorf("followed %s, rebuilt %s", followed, rebuilt)
	}
}

func killedChild(t *testing.T, dir string) {
	st, err := store.Open(dir, db.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, dir: dir, st: st}
	f.start()
	var people int
	f.update(func(tx *db.Tx) error { people = int(store.People.Last(tx)); return nil })
	if people == 0 {
		f.update(func(tx *db.Tx) error {
			put(tx, &store.Group{Code: "generale", Name: store.Words{IT: "S"}}, store.Groups, nil)
			return put(tx, &store.Person{Email: "a@b.it", Name: "A"}, store.People, nil)
		})
	}
	f.ana, f.csa, f.general = 1, 1, 1
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for {
		f.ticket(store.Ticket{Subject: randomText(r, 5)}, randomText(r, 30), "note:"+randomText(r, 5))
		f.catchUp()
		if n := f.ix.Rebuilds(); n > 0 {
			fmt.Println("rebuilt", n)
		} else {
			fmt.Println("indexed", f.st.Last())
		}
	}
}
