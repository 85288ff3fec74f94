package app_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	neturl "net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk/find"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/sample"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// benchSize is how many tickets the desk of a benchmark holds: 10,000 unless SPORTELLO_BENCH_TICKETS says otherwise.
// BENCHMARKS.md names the size of each figure.
func benchSize() int {
	if n, err := strconv.Atoi(os.Getenv("SPORTELLO_BENCH_TICKETS")); err == nil {
		return n
	}
	return 10_000
}

var benchOnce struct {
	sync.Mutex
	dir string
}

// benchDesk serves a synced desk with generated tickets, index following. The folder is made once for all benchmarks
// of a run; with SPORTELLO_BENCH_DATA it is kept there between runs.
func benchDesk(b *testing.B) (a *app.App, url, agent, requester string) {
	b.Helper()
	benchOnce.Lock()
	defer benchOnce.Unlock()
	if benchOnce.dir == "" {
		dir := os.Getenv("SPORTELLO_BENCH_DATA")
		if dir == "" {
			var err error
			if dir, err = os.MkdirTemp("", "sportello-bench-"); err != nil {
				b.Fatal(err)
			}
		}
		benchOnce.dir = dir
	}
	cfg := config.Default()
	cfg.Data, cfg.Listen = benchOnce.dir, "127.0.0.1:0"
	log := cfg.Logger(io.Discard)
	cfg.Trial.NoSync = true
	made, err := app.OpenDesk(cfg, log)
	if err != nil {
		b.Fatal(err)
	}
	have := 0
	if err := made.Store.View(func(tx *db.Tx) error { have = int(store.Tickets.Last(tx)); return nil }); err != nil {
		b.Fatal(err)
	}
	if have < benchSize() {
		if err := sample.Generate(b.Context(), made.Store, sample.GenerateOptions{Tickets: benchSize() - have, Seed: 1, Now: time.Now()}); err != nil {
			b.Fatal(err)
		}
	}
	if err := made.Close(); err != nil {
		b.Fatal(err)
	}
	cfg.Trial.NoSync = false
	a, err = openServer(cfg, log)
	if err != nil {
		b.Fatal(err)
	}
	url = served(b, a)
	if err := a.Index.CatchUp(b.Context(), a.Store.Last()); err != nil {
		b.Fatal(err)
	}
	token := func(form people.Form) string {
		var p *store.Person
		err := a.Store.View(func(tx *db.Tx) error {
			var err error
			p, err = store.PeopleByEmail.First(tx, form.Email)
			return err
		})
		if fault.KindOf(err) == fault.NotFound {
			p, _, err = a.Desk.People.Add(policy.Actor{Via: door.Command, System: true}, form)
		}
		if err != nil {
			b.Fatal(err)
		}
		secret, _, err := a.Desk.Keeper().NewToken(db.By{Via: door.Command}, p.ID, "bench")
		if err != nil {
			b.Fatal(err)
		}
		return secret
	}
	csa, err := a.Desk.People.GroupByCode("csa")
	if err != nil {
		b.Fatal(err)
	}
	agent = token(people.Form{Name: "Bruno Galli", Email: "bruno.galli@bench.example", Groups: []store.Membership{{Group: csa.ID}}})
	requester = token(people.Form{Name: "Ada Neri", Email: "ada.neri@bench.example"})
	return a, url, agent, requester
}

// served serves the desk until the benchmark ends, and returns its address.
func served(b *testing.B, a *app.App) string {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan app.Serving, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(s app.Serving) { ready <- s }) }()
	url := (<-ready).Address
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		if err := a.Close(); err != nil {
			b.Error(err)
		}
	})
	return url
}

func benchClient(clients int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, DialContext: (&net.Dialer{}).DialContext}}
}

func benchCall(b *testing.B, client *http.Client, method, address, token, body string, status int) {
	q, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	q.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(q)
	if err != nil {
		b.Error(err)
		return
	}
	raw, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != status {
		b.Errorf("%s %s: %d %v %.200s", method, address, resp.StatusCode, err, raw)
	}
}

// BenchmarkCreateOverHTTP is durable ticket creation (POST /tickets) with the index following.
func BenchmarkCreateOverHTTP(b *testing.B) {
	_, url, _, requester := benchDesk(b)
	body := `{"subject":"Il cedolino di ottobre non si apre","module":"csa","kind":"malfunction","body":"` + strings.Repeat("Da ieri il cedolino di ottobre non si apre e compare un errore. ", 10) + `"}`
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			client := benchClient(clients)
			work := make(chan struct{})
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					for range work {
						benchCall(b, client, "POST", url+"/api/v1/tickets", requester, body, 201)
					}
				})
			}
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
		})
	}
}

// quantiles reports the median and the 99th percentile of the times, in milliseconds.
func quantiles(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	ms := func(q float64) float64 {
		return float64(times[min(len(times)-1, int(q*float64(len(times))))].Microseconds()) / 1000
	}
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
}

// BenchmarkPages is what a page costs at the desk's size, seen by a client on the same machine: the agent's and the
// requester's ticket page, a queue, the home page, suggestions, and search with the access filter, without and with facets.
func BenchmarkPages(b *testing.B) {
	a, url, _, _ := benchDesk(b)
	client := benchClient(1)
	sign := func(address string) string {
		var p *store.Person
		err := a.Store.View(func(tx *db.Tx) error {
			var err error
			p, err = store.PeopleByEmail.First(tx, address)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		raw := make([]byte, 32)
		rand.Read(raw)
		secret := base64.RawURLEncoding.EncodeToString(raw)
		sum := sha256.Sum256([]byte(secret))
		now := time.Now()
		err = a.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
			return store.Sessions.Put(tx, &store.Session{Hash: hex.EncodeToString(sum[:]), Person: p.ID, Seen: now, Ends: now.Add(time.Hour)})
		})
		if err != nil {
			b.Fatal(err)
		}
		return "sportello=" + secret
	}
	var words []string
	var owner string
	var owned []uint64
	tickets := uint64(0)
	err := a.Store.View(func(tx *db.Tx) error {
		tickets = store.Tickets.Last(tx)
		for t, err := range store.Tickets.All(tx, tickets/2, false) {
			if err != nil {
				return err
			}
			if len(words) < 400 {
				words = append(words, strings.Fields(t.Subject)...)
			}
			if owner == "" {
				p, err := store.People.Get(tx, t.Requester)
				if err != nil {
					return err
				}
				owner = p.Email
				for e := range store.TicketsBySide.Entries(tx, db.Span{Prefix: key.Of(p.ID)}) {
					owned = append(owned, e.ID)
				}
			}
			if len(words) >= 400 {
				break
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var long []string
	for _, w := range words {
		if w = strings.Trim(w, ".,;:!?\"'()#"); len(w) > 4 {
			long = append(long, w)
		}
	}
	agent, requester := sign("bruno.galli@bench.example"), sign(owner)
	pick := func(i, n int) int { return (i*7919 + 13) % n }
	two := func(i int) string {
		return neturl.QueryEscape(long[pick(i, len(long))] + " " + long[pick(i+5, len(long))])
	}
	typing := func(i int) string { // three letters of a word, or a word and three to five of the next
		w := long[pick(i, len(long))]
		if i%2 == 0 {
			return neturl.QueryEscape(strings.ToValidUTF8(w[:3], ""))
		}
		return neturl.QueryEscape(long[pick(i+5, len(long))] + " " + strings.ToValidUTF8(w[:min(len(w), 3+i%3)], ""))
	}
	for _, page := range []struct {
		name, cookie string
		address      func(i int) string
	}{
		{"ticket-agent", agent, func(i int) string { return fmt.Sprintf("/tickets/%d", 1+pick(i, int(tickets))) }},
		{"ticket-requester", requester, func(i int) string { return fmt.Sprintf("/tickets/%d", owned[pick(i, len(owned))]) }},
		{"queue-group", agent, func(int) string { return "/desk/group" }},
		{"queue-all", agent, func(int) string { return "/desk/all" }},
		{"queue-closed", agent, func(int) string { return "/desk/closed" }},
		{"home-requester", requester, func(int) string { return "/" }},
		{"search-agent-page", agent, func(i int) string { return "/search?q=" + two(i) }},
		{"search-requester-page", requester, func(i int) string { return "/search?q=" + two(i) }},
		{"suggest-agent", agent, func(i int) string { return "/suggest?q=" + typing(i) }},
		{"suggest-requester", requester, func(i int) string { return "/suggest?q=" + typing(i) }},
	} {
		b.Run(page.name, func(b *testing.B) {
			var times []time.Duration
			for i := 0; b.Loop(); i++ {
				q, err := http.NewRequest(http.MethodGet, url+page.address(i), nil)
				if err != nil {
					b.Fatal(err)
				}
				q.Header.Set("Cookie", page.cookie)
				began := time.Now()
				resp, err := client.Do(q)
				if err != nil {
					b.Fatal(err)
				}
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				times = append(times, time.Since(began))
				if err != nil || resp.StatusCode != 200 {
					b.Fatalf("%s: %d %v", q.URL, resp.StatusCode, err)
				}
			}
			quantiles(b, times)
		})
	}
	access := a.Desk
	person := func(address string) policy.Actor {
		var p *store.Person
		if err := a.Store.View(func(tx *db.Tx) error {
			var err error
			p, err = store.PeopleByEmail.First(tx, address)
			return err
		}); err != nil {
			b.Fatal(err)
		}
		return policy.Actor{Person: p, Via: door.API, Language: "it"}
	}
	for _, s := range []struct {
		name   string
		who    policy.Actor
		facets bool
	}{
		{"search-agent", person("bruno.galli@bench.example"), false}, {"search-agent-facets", person("bruno.galli@bench.example"), true},
		{"search-requester", person(owner), false}, {"search-requester-facets", person(owner), true},
	} {
		b.Run(s.name, func(b *testing.B) {
			var times []time.Duration
			for i := 0; b.Loop(); i++ {
				q, err := neturl.QueryUnescape(two(i))
				if err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				if _, err := access.Find.Search(b.Context(), s.who, find.Query{Text: q, Facets: s.facets}); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(began))
			}
			quantiles(b, times)
		})
	}
}
