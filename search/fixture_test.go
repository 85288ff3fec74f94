package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/search/query"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// fixture is a real store with a real index that follows it.
type fixture struct {
	t    testing.TB
	dir  string
	st   *db.Store
	ix   *Index
	stop func()

	general, csa, secret            uint64 // groups
	ugov, accounting, csaModule     uint64 // modules
	ana, bruno, carla, agent, other uint64 // people
	polito, unibo, office           uint64 // organisations and a unit
	blob                            string // bytes for files to name
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir()}
	f.open()
	f.people()
	return f
}

// people fills an empty store.
func (f *fixture) people() {
	f.t.Helper()
	blob, err := f.st.PutBlob(strings.NewReader("x"), 1)
	if err != nil {
		f.t.Fatal(err)
	}
	f.blob = blob.Sum
	f.update(func(tx *db.Tx) error {
		put(tx, &store.Organisation{Name: "Politecnico"}, store.Organisations, &f.polito)
		put(tx, &store.Organisation{Name: "Ateneo"}, store.Organisations, &f.unibo)
		put(tx, &store.Unit{Organisation: f.polito, Name: "Ragioneria"}, store.Units, &f.office)
		put(tx, &store.Group{Code: "generale", Name: store.Words{IT: "Sportello", EN: "Desk"}}, store.Groups, &f.general)
		put(tx, &store.Group{Code: "csa", Name: store.Words{IT: "Carriere", EN: "Careers"}}, store.Groups, &f.csa)
		put(tx, &store.Group{Code: "riservato", Name: store.Words{IT: "Riservato"}, Confidential: true}, store.Groups, &f.secret)
		put(tx, &store.Module{Code: "u-gov", Name: store.Words{IT: "U-GOV"}}, store.Modules, &f.ugov)
		put(tx, &store.Module{Code: "u-gov/contabilita", Name: store.Words{IT: "Contabilità", EN: "Accounting"}, Parent: f.ugov}, store.Modules, &f.accounting)
		put(tx, &store.Module{Code: "csa", Name: store.Words{IT: "CSA, carriere"}}, store.Modules, &f.csaModule)
		put(tx, &store.Person{Email: "ana@polito.it", Name: "Ana Gallo", Affiliations: []store.Affiliation{{Organisation: f.polito, Unit: f.office}}}, store.People, &f.ana)
		put(tx, &store.Person{Email: "bruno@polito.it", Name: "Bruno Neri", Affiliations: []store.Affiliation{{Organisation: f.polito}}}, store.People, &f.bruno)
		put(tx, &store.Person{Email: "carla@unibo.it", Name: "Carla De Rossi", Affiliations: []store.Affiliation{{Organisation: f.unibo}}}, store.People, &f.carla)
		put(tx, &store.Person{Email: "agente@desk.it", Name: "Agente", Groups: []store.Membership{{Group: f.csa}}}, store.People, &f.agent)
		return put(tx, &store.Person{Email: "altra@desk.it", Name: "Altra", Groups: []store.Membership{{Group: f.general}}}, store.People, &f.other)
	})
}

// put writes the row and stores its id. A failure panics, which the store raises in the test.
func put[T any](tx *db.Tx, row *T, table *db.Table[T], id *uint64) error {
	if err := table.Put(tx, row); err != nil {
		panic(err)
	}
	if id != nil {
		*id = table.Last(tx)
	}
	return nil
}

func (f *fixture) open() {
	f.t.Helper()
	st, err := store.Open(f.dir, db.Options{NoSync: true, Log: quiet()})
	if err != nil {
		f.t.Fatal(err)
	}
	f.st = st
	f.start()
	f.t.Cleanup(f.close)
}

func (f *fixture) indexDir() string { return filepath.Join(f.dir, "search") }

func (f *fixture) start() {
	f.ix = Open(f.indexDir(), f.st, Options{Log: quiet(), Delay: time.Millisecond, Location: time.UTC, CrashFile: filepath.Join(f.dir, "crash.txt")})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f.ix.Run(ctx); !errors.Is(err, context.Canceled) {
			panic(err)
		}
	}()
	f.stop = func() {
		cancel()
		<-done
		if err := f.ix.Close(); err != nil {
			f.t.Error(err)
		}
	}
}

func (f *fixture) close() {
	if f.st == nil {
		return
	}
	f.stop()
	for _, finding := range f.st.Check() {
		f.t.Error("store:", finding)
	}
	if err := f.st.Close(); err != nil {
		f.t.Error(err)
	}
	f.st = nil
}

func (f *fixture) update(fn func(tx *db.Tx) error) {
	f.t.Helper()
	if err := f.st.Update(db.By{Via: door.Command, Act: act.Change}, fn); err != nil {
		f.t.Fatal(err)
	}
}

// catchUp waits until the index knows everything.
func (f *fixture) catchUp() {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := f.ix.CatchUp(ctx, f.st.Last()); err != nil {
		f.t.Fatal(err, f.ix.State())
	}
}

// ticket writes messages into a ticket: a text that begins with "note:" is a note.
func (f *fixture) ticket(t store.Ticket, messages ...string) uint64 {
	f.t.Helper()
	var id uint64
	f.update(func(tx *db.Tx) error {
		t := t
		t.Row = db.Row{}
		if t.Requester == 0 {
			t.Requester = f.ana
		}
		if t.Group == 0 {
			t.Group = f.csa
		}
		if t.Kind == 0 {
			t.Kind = store.Clarification
		}
		if t.State == 0 {
			t.State = store.StateOpen
		}
		t.Severity, t.Urgency, t.Priority = store.Medium, store.NoDate, 4
		if t.Opened.IsZero() {
			t.Opened = tx.Now()
		}
		if t.PublicUpdated.IsZero() {
			t.PublicUpdated = tx.Now()
		}
		put(tx, &t, store.Tickets, &id)
		return say(tx, id, t.Requester, messages...)
	})
	return id
}

func say(tx *db.Tx, ticket, author uint64, messages ...string) error {
	for _, m := range messages {
		body, internal := strings.CutPrefix(m, "note:")
		put(tx, &store.Message{Ticket: ticket, Author: author, At: tx.Now(), Body: strings.TrimSpace(body), Internal: internal}, store.Messages, nil)
	}
	return nil
}

// article writes an article with its versions, given as language, title and body in turn.
func (f *fixture) article(audience store.Audience, module uint64, state store.Publication, versions ...string) uint64 {
	f.t.Helper()
	var id uint64
	f.update(func(tx *db.Tx) error {
		put(tx, &store.Article{Slug: fmt.Sprintf("a%d", store.Articles.Last(tx)+1), Module: module, Audience: audience}, store.Articles, &id)
		for i := 0; i < len(versions); i += 3 {
			put(tx, &store.Version{Article: id, Module: module, Audience: audience, Language: versions[i], Title: versions[i+1],
				Body: versions[i+2], Format: store.Markdown, Publication: state}, store.Versions, nil)
		}
		return nil
	})
	return id
}

func (f *fixture) search(q Query) Result {
	f.t.Helper()
	f.catchUp()
	if q.Language == "" {
		q.Language = "it"
	}
	res, err := f.ix.Search(context.Background(), q)
	if err != nil {
		f.t.Fatalf("search %q: %v", q.Text, err)
	}
	return res
}

// all is an Access that sees everything a fixture makes.
func (f *fixture) all() Access {
	return Access{Person: f.agent, Groups: []uint64{f.general, f.csa, f.secret}, Agent: true, AllArticles: true, AllTickets: true}
}

// names turns hits into a sorted list like "t1 t3 a2it".
func names(hits []Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%c%d%s", h.Type[0], h.ID, h.Language))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func ids(kind string, n ...uint64) string {
	var out []string
	for _, id := range n {
		out = append(out, fmt.Sprintf("%s%d", kind, id))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// wants asks and compares what was found; total and facets must agree with the hits.
func (f *fixture) wants(a Access, text, want string) {
	f.t.Helper()
	res := f.search(Query{Text: text, Access: a, Limit: 100, Facets: true})
	if got := names(res.Hits); got != want {
		f.t.Errorf("search %q found %q, want %q", text, got, want)
	}
	if res.Total != len(res.Hits) {
		f.t.Errorf("search %q: total %d of %d hits", text, res.Total, len(res.Hits))
	}
	n := 0
	for _, v := range res.facet("type") {
		n += v.Count
	}
	if n != res.Total {
		f.t.Errorf("search %q: facet type counts %d of %d", text, n, res.Total)
	}
}

func (r Result) facet(name string) []FacetValue {
	for _, f := range r.Facets {
		if f.Name == name {
			return f.Values
		}
	}
	return nil
}

var testCatalogue = &query.Catalogue{
	Modules: map[uint64]*store.Module{
		1: {Row: db.Row{ID: 1}, Code: "u-gov", Name: store.Words{IT: "U-GOV"}},
		2: {Row: db.Row{ID: 2}, Code: "u-gov/contabilita", Parent: 1, Name: store.Words{IT: "Contabilità", EN: "Accounting"}},
		3: {Row: db.Row{ID: 3}, Code: "csa", Name: store.Words{IT: "CSA, carriere"}},
	},
	Groups: map[uint64]*store.Group{1: {Row: db.Row{ID: 1}, Code: "risorse-umane", Name: store.Words{IT: "Risorse Umane", EN: "Human Resources"}}},
}
