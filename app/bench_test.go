package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sportello/app/desk"
	"sportello/app/sample"
	"sportello/store"
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
func benchDesk(b *testing.B) (a *App, url, agent, requester string) {
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
	cfg := defaultConfig()
	cfg.Data, cfg.Listen = benchOnce.dir, "127.0.0.1:0"
	log := slog.New(slog.DiscardHandler)
	cfg.noSync = true
	made, err := openDesk(cfg, log)
	if err != nil {
		b.Fatal(err)
	}
	have := 0
	if err := made.st.View(func(tx *store.Tx) error { have = int(store.Tickets.Last(tx)); return nil }); err != nil {
		b.Fatal(err)
	}
	if have < benchSize() {
		if err := sample.Generate(b.Context(), made.st, sample.GenerateOptions{Tickets: benchSize() - have, Seed: 1, Now: time.Now()}); err != nil {
			b.Fatal(err)
		}
	}
	if err := made.Close(); err != nil {
		b.Fatal(err)
	}
	cfg.noSync = false
	a, err = Open(cfg, log)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan Serving, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(s Serving) { ready <- s }) }()
	url = (<-ready).Address
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		if err := a.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := a.ix.CatchUp(b.Context(), a.st.Last()); err != nil {
		b.Fatal(err)
	}
	token := func(form desk.PersonForm) string {
		var p *store.Person
		err := a.st.View(func(tx *store.Tx) error {
			var err error
			p, err = store.PeopleByEmail.First(tx, form.Email)
			return err
		})
		if store.KindOf(err) == store.NotFound {
			p, _, err = a.desk.AddPerson(desk.Actor{Via: "command", System: true}, form)
		}
		if err != nil {
			b.Fatal(err)
		}
		secret, _, err := a.desk.Keeper().NewToken(store.By{Via: "command"}, p.ID, "bench")
		if err != nil {
			b.Fatal(err)
		}
		return secret
	}
	csa, err := a.desk.GroupByCode("csa")
	if err != nil {
		b.Fatal(err)
	}
	agent = token(desk.PersonForm{Name: "Bruno Galli", Email: "bruno.galli@bench.example", Groups: []store.Membership{{Group: csa.ID}}})
	requester = token(desk.PersonForm{Name: "Ada Neri", Email: "ada.neri@bench.example"})
	return a, url, agent, requester
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
