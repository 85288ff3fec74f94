package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sportello/app/desk"
	"sportello/search"
	"sportello/store"
)

// crashes is how often the server is killed: four times in make test, as often as SPORTELLO_CRASHES says in make crash.
func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("SPORTELLO_CRASHES")); err == nil && n > 0 {
		return n
	}
	return 4
}

// acknowledged is what a client was told to be on disk.
type acknowledged struct {
	sync.Mutex
	tickets  map[uint64]string // number -> subject
	messages map[uint64]string // id -> body
	files    map[uint64]string // id -> bytes
}

// TestCrashOfTheServer kills a serving process with SIGKILL at random moments while clients open tickets, write
// messages and attach files. After each: the data check is clean, everything that was acknowledged is there, and the
// index that was left is followed on, without a rebuild, to be the same as one made anew.
func TestCrashOfTheServer(t *testing.T) {
	if os.Getenv("SPORTELLO_CRASH_SERVE") != "" {
		t.Skip("the child serves, see crashChild")
	}
	dir := filepath.Join(t.TempDir(), "data")
	cfg := defaultConfig()
	cfg.Data = dir
	a, err := openDesk(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := a.desk.AddPerson(desk.Actor{Via: "command", System: true}, desk.PersonForm{Name: "Ada Neri", Email: "ada@example.it"})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := a.desk.Keeper().NewToken(store.By{Via: "command"}, p.ID, "crash")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.ix.Run(ctx) }()
	if err := a.ix.CatchUp(ctx, a.st.Last()); err != nil { // there is an index from here on
		t.Fatal(err)
	}
	stop()
	<-ended
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	acked := &acknowledged{tickets: map[uint64]string{}, messages: map[uint64]string{}, files: map[uint64]string{}}
	r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	var slowest time.Duration
	for round := range crashes() {
		crashRound(t, dir, token, round, acked, time.Duration(100+r.IntN(900))*time.Millisecond)
		took := afterCrash(t, dir, acked)
		slowest = max(slowest, took)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d crashes, %d tickets, %d messages, %d files; slowest opening %v", crashes(), len(acked.tickets), len(acked.messages), len(acked.files), slowest)
}

// crashRound serves the folder in a child process, writes to it with eight clients, and kills it after the time.
func crashRound(t *testing.T, dir, token string, round int, acked *acknowledged, alive time.Duration) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), "SPORTELLO_CRASH_SERVE="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := bufio.NewScanner(out)
	url := ""
	for line.Scan() {
		if strings.HasPrefix(line.Text(), "http://") {
			url = line.Text()
			break
		}
	}
	if url == "" {
		cmd.Wait()
		t.Fatalf("the child did not serve: %s", said.String())
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for client := range 8 {
		wg.Go(func() { crashClient(ctx, url, token, fmt.Sprintf("%d-%d", round, client), acked) })
	}
	timer := time.NewTimer(alive)
	<-timer.C
	cmd.Process.Signal(syscall.SIGKILL)
	stop()
	wg.Wait()
	cmd.Wait() // killed: the status says so
}

// crashClient writes until the server is gone and notes what it was told to be stored.
func crashClient(ctx context.Context, url, token, name string, acked *acknowledged) {
	client := &http.Client{Timeout: 10 * time.Second}
	call := func(method, path, kind string, body []byte) (map[string]any, bool) {
		q, err := http.NewRequestWithContext(ctx, method, url+path, bytes.NewReader(body))
		if err != nil {
			return nil, false
		}
		q.Header.Set("Authorization", "Bearer "+token)
		q.Header.Set("Content-Type", kind)
		resp, err := client.Do(q)
		if err != nil {
			return nil, false
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		out := map[string]any{}
		if err != nil || resp.StatusCode != http.StatusCreated || json.Unmarshal(raw, &out) != nil {
			return nil, false
		}
		return out, true
	}
	id := func(v any) uint64 { f, _ := v.(float64); return uint64(f) }
	for i := 0; ctx.Err() == nil; i++ {
		subject := fmt.Sprintf("Richiesta %s-%d", name, i)
		body, _ := json.Marshal(map[string]string{"subject": subject, "body": "Testo di " + subject})
		ticket, ok := call("POST", "/api/v1/tickets", "application/json", body)
		if !ok {
			return
		}
		number := id(ticket["number"])
		acked.Lock()
		acked.tickets[number] = subject
		acked.Unlock()
		text := "Messaggio di " + subject
		body, _ = json.Marshal(map[string]string{"body": text})
		message, ok := call("POST", fmt.Sprintf("/api/v1/tickets/%d/messages", number), "application/json", body)
		if !ok {
			return
		}
		acked.Lock()
		acked.messages[id(message["id"])] = text
		acked.Unlock()
		content := "contenuto di " + subject
		file, ok := call("POST", fmt.Sprintf("/api/v1/tickets/%d/attachments?name=nota.txt", number), "text/plain", []byte(content))
		if !ok {
			return
		}
		list, _ := file["attachments"].([]any)
		if len(list) == 1 {
			acked.Lock()
			acked.files[id(list[0].(map[string]any)["id"])] = content
			acked.Unlock()
		}
	}
}

// TestCrashChild is the process that gets killed: it serves the folder the environment names.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv("SPORTELLO_CRASH_SERVE")
	if dir == "" {
		t.Skip("only as the child of TestCrashOfTheServer")
	}
	cfg := defaultConfig()
	cfg.Data, cfg.Listen = dir, "127.0.0.1:0"
	a, err := Open(cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context(), func(s Serving) { fmt.Println(s.Address) }); err != nil {
		t.Fatal(err)
	}
}

// afterCrash opens what the killed process left and tells how long that took.
func afterCrash(t *testing.T, dir string, acked *acknowledged) time.Duration {
	t.Helper()
	cfg := defaultConfig()
	cfg.Data = dir
	began := time.Now()
	a, err := openDesk(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	defer a.Close()
	for _, finding := range a.st.Check() {
		t.Errorf("check: %s", finding)
	}
	err = a.st.View(func(tx *store.Tx) error {
		for number, subject := range acked.tickets {
			if row, err := store.Tickets.Get(tx, number); err != nil || row.Subject != subject {
				t.Errorf("ticket %d was acknowledged: %v", number, err)
			}
		}
		for id, body := range acked.messages {
			if m, err := store.Messages.Get(tx, id); err != nil || m.Body != body {
				t.Errorf("message %d was acknowledged: %v", id, err)
			}
		}
		for id, content := range acked.files {
			f, err := store.Files.Get(tx, id)
			if err != nil {
				t.Errorf("file %d was acknowledged: %v", id, err)
				continue
			}
			r, err := a.st.OpenBlob(f.Sum)
			if err != nil {
				t.Errorf("bytes of file %d: %v", id, err)
				continue
			}
			raw, err := io.ReadAll(r)
			r.Close()
			if err != nil || string(raw) != content {
				t.Errorf("bytes of file %d: %q, %v", id, raw, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.ix.Run(ctx) }()
	if err := a.ix.CatchUp(ctx, a.st.Last()); err != nil {
		t.Error(err)
	}
	followed, err := a.ix.Digest(ctx)
	if err != nil {
		t.Error(err)
	}
	if n := a.ix.Rebuilds(); n != 0 {
		t.Errorf("a kill made the index be built anew %d times", n)
	}
	stop()
	<-ended
	fresh := search.Open(filepath.Join(t.TempDir(), "fresh"), a.st, search.Options{Log: slog.New(slog.DiscardHandler), Location: a.desk.Location()})
	ctx, stop = context.WithCancel(t.Context())
	ended = make(chan struct{})
	go func() { defer close(ended); fresh.Run(ctx) }()
	if err := fresh.CatchUp(ctx, a.st.Last()); err != nil {
		t.Error(err)
	}
	anew, err := fresh.Digest(ctx)
	if err != nil || anew != followed {
		t.Errorf("the followed index is not what a fresh one is: %v", err)
	}
	stop()
	<-ended
	if err := fresh.Close(); err != nil {
		t.Error(err)
	}
	return took
}
