package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	mailpeer "sportello/app/mail/peer"
	"sportello/search"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// crashes is how often the server is killed: twelve times in make test, as often as SPORTELLO_CRASHES says in make crash.
func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("SPORTELLO_CRASHES")); err == nil && n > 0 {
		return n
	}
	return 12
}

// crashSeries is how often one folder is used: looking at all that was ever acknowledged takes longer each time.
const crashSeries = 25

// acknowledged is what a client was told to be on disk.
type acknowledged struct {
	sync.Mutex
	tickets  map[uint64]string // number -> subject
	tried    map[uint64]string // number -> subject of a change that may have been made
	messages map[uint64]string // id -> body
	files    map[uint64]string // id -> bytes
	mails    map[string]string // Message-ID -> address of who wrote it; taken over LMTP or by mail deliver
}

// crashDesk is a data folder that outlives the processes which serve it, and the mail servers around it.
type crashDesk struct {
	t       *testing.T
	config  string
	cfg     config.Config
	token   string
	lmtp    string
	relay   *mailpeer.Relay
	acked   *acknowledged
	piped   atomic.Int64
	slowest time.Duration
}

// TestCrashOfTheServer kills a serving process with SIGKILL at random moments while clients open tickets, change them,
// write messages, attach files, deliver mail over LMTP and through the pipe, and the desk sends its letters. After each:
// it opens, the data check is clean, everything that was acknowledged is there, each mail once, and the index that was
// left is followed on, without a rebuild, to be the same as one made anew. At the end every letter was sent, and where
// one was sent twice, because nobody wrote down the first time, both bear one Message-ID.
func TestCrashOfTheServer(t *testing.T) {
	if os.Getenv("SPORTELLO_CHILD") != "" {
		t.Skip("this is the child")
	}
	r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	var slowest time.Duration
	var tickets, messages, files, mails, piped, letters, again int
	for left := crashes(); left > 0; left -= crashSeries {
		d := newCrashDesk(t)
		for round := range min(left, crashSeries) {
			d.round(round, time.Duration(50+r.IntN(500))*time.Millisecond)
			d.after()
			if t.Failed() {
				return
			}
		}
		n, more := d.letters()
		letters, again = letters+n, again+more
		slowest = max(slowest, d.slowest)
		tickets, messages, files = tickets+len(d.acked.tickets), messages+len(d.acked.messages), files+len(d.acked.files)
		mails, piped = mails+len(d.acked.mails), piped+int(d.piped.Load())
	}
	t.Logf("%d crashes, %d tickets, %d messages, %d files, %d mails (%d through the pipe), %d letters (%d of them sent twice); slowest opening %v",
		crashes(), tickets, messages, files, mails, piped, letters, again, slowest)
	if mails == 0 || letters == 0 || tickets == 0 {
		t.Error("something was never done")
	}
}

func newCrashDesk(t *testing.T) *crashDesk {
	t.Helper()
	d := &crashDesk{t: t, relay: mailpeer.NewRelay(t, nil), lmtp: fmt.Sprintf("%s:%d", mailpeer.Host, freePort(t)),
		acked: &acknowledged{tickets: map[uint64]string{}, tried: map[uint64]string{}, messages: map[uint64]string{}, files: map[uint64]string{}, mails: map[string]string{}}}
	dir := t.TempDir()
	d.config = filepath.Join(dir, "config.toml")
	must(t, os.WriteFile(d.config, fmt.Appendf(nil, `
data = %q
listen = "127.0.0.1:0"
base_url = "http://sportello.example"
[mail]
most_per_domain = 0
most_per_address = 0
listen = %q
[smtp]
host = %q
port = %d
tls = "none"
from = "sportello@sportello.example"
[[mailbox]]
address = "csa@sportello.example"
group = "csa"
`, filepath.Join(dir, "data"), d.lmtp, mailpeer.Host, d.relay.Port), 0o600))
	var err error
	d.cfg, err = config.Load(d.config, nil)
	must(t, err)
	a, err := app.OpenDesk(d.cfg, discard())
	must(t, err)
	var member []store.Membership
	must(t, a.Store.View(func(tx *db.Tx) error {
		g, err := store.GroupsByCode.First(tx, "generale")
		member = []store.Membership{{Group: g.ID}}
		return err
	}))
	p, _, err := a.Desk.People.Add(policy.Actor{Via: door.Command, System: true}, people.Form{Name: "Ada Neri", Email: "ada@example.it", Groups: member})
	must(t, err)
	d.token, _, err = a.Desk.Keeper().NewToken(db.By{Via: door.Command}, p.ID, "crash")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Index.Run(ctx) }()
	must(t, a.Index.CatchUp(ctx, a.Store.Last())) // there is an index from here on
	stop()
	<-ended
	must(t, a.Close())
	return d
}

// round serves the folder in a child process, writes to it in every way, and kills it after the time.
func (d *crashDesk) round(round int, alive time.Duration) {
	t := d.t
	t.Helper()
	cmd := childCommand(t, "serve", "--config", d.config)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var said bytes.Buffer
	cmd.Stderr = &said
	must(t, cmd.Start())
	url := ""
	for line := bufio.NewScanner(out); url == "" && line.Scan(); {
		if strings.HasPrefix(line.Text(), "http://127") {
			url = line.Text()
		}
	}
	if url == "" {
		cmd.Wait()
		t.Fatalf("the child did not serve: %s", said.String())
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for client := range 6 {
		wg.Go(func() { crashClient(ctx, url, d.token, fmt.Sprintf("%d-%d", round, client), d.acked) })
	}
	for client := range 2 {
		wg.Go(func() { d.writeOverLMTP(ctx, fmt.Sprintf("%d-lmtp%d", round, client)) })
	}
	wg.Go(func() { d.writeThroughPipe(ctx, fmt.Sprintf("%d-pipe", round)) })
	time.Sleep(alive) // the moment of the kill is what is tried
	cmd.Process.Signal(syscall.SIGKILL)
	stop()
	wg.Wait()  // also for a mail deliver that is under way: it goes on without the server
	cmd.Wait() // killed: the status says so
	if strings.Contains(said.String(), "panic") {
		t.Errorf("the server said %s", said.String())
	}
}

// crashMail is a mail from somebody new, who gets a confirmation of their own.
func crashMail(name string) (id, from, text string) {
	id, from = name+"@ateneo.example", "p"+name+"@ateneo.example"
	return id, from, fmt.Sprintf("From: %s\r\nTo: csa@sportello.example\r\nSubject: Posta %s\r\nMessage-ID: <%s>\r\n\r\nTesto di %s.\r\n", from, name, id, name)
}

// writeOverLMTP delivers mail until the server is gone and notes what it took.
func (d *crashDesk) writeOverLMTP(ctx context.Context, name string) {
	var c *textproto.Conn
	for c == nil && ctx.Err() == nil { // it listens a moment after the pages are there
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.lmtp)
		if err != nil {
			continue
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		c = textproto.NewConn(conn)
	}
	if c == nil {
		return
	}
	defer c.Close()
	say := func(code int, format string, args ...any) bool {
		if format != "" && c.PrintfLine(format, args...) != nil {
			return false
		}
		_, _, err := c.ReadResponse(code)
		return err == nil
	}
	if !say(220, "") || !say(250, "LHLO ateneo.example") {
		return
	}
	for i := 0; ; i++ {
		id, from, text := crashMail(fmt.Sprintf("%s-%d", name, i))
		if !say(250, "MAIL FROM:<%s>", from) || !say(250, "RCPT TO:<csa@sportello.example>") || !say(354, "DATA") {
			return
		}
		w := c.DotWriter()
		io.WriteString(w, text)
		if w.Close() != nil || !say(250, "") {
			return
		}
		d.acked.Lock()
		d.acked.mails[id] = from
		d.acked.Unlock()
	}
}

// writeThroughPipe runs mail deliver, as a mail server's pipe does, and notes what it exited 0 for.
func (d *crashDesk) writeThroughPipe(ctx context.Context, name string) {
	for i := 0; ctx.Err() == nil; i++ {
		id, from, text := crashMail(fmt.Sprintf("%s-%d", name, i))
		cmd := childCommand(d.t, "mail", "deliver", "--config", d.config)
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		if err != nil {
			d.t.Errorf("mail deliver: %v %s", err, out)
			return
		}
		d.acked.Lock()
		d.acked.mails[id] = from
		d.acked.Unlock()
		d.piped.Add(1)
	}
}

// crashClient writes until the server is gone and notes what it was told to be stored.
func crashClient(ctx context.Context, url, token, name string, acked *acknowledged) {
	client := &http.Client{Timeout: 10 * time.Second}
	call := func(method, path, kind string, body []byte, status int) (map[string]any, bool) {
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
		if err != nil || resp.StatusCode != status || json.Unmarshal(raw, &out) != nil {
			return nil, false
		}
		return out, true
	}
	id := func(v any) uint64 { f, _ := v.(float64); return uint64(f) }
	for i := 0; ctx.Err() == nil; i++ {
		subject := fmt.Sprintf("Richiesta %s-%d", name, i)
		body, _ := json.Marshal(map[string]string{"subject": subject, "body": "Testo di " + subject})
		ticket, ok := call("POST", "/api/v1/tickets", "application/json", body, http.StatusCreated)
		if !ok {
			return
		}
		number := id(ticket["number"])
		acked.Lock()
		acked.tickets[number] = subject
		acked.Unlock()
		text := "Messaggio di " + subject
		body, _ = json.Marshal(map[string]string{"body": text})
		message, ok := call("POST", fmt.Sprintf("/api/v1/tickets/%d/messages", number), "application/json", body, http.StatusCreated)
		if !ok {
			return
		}
		acked.Lock()
		acked.messages[id(message["id"])] = text
		acked.Unlock()
		content := "contenuto di " + subject
		file, ok := call("POST", fmt.Sprintf("/api/v1/tickets/%d/attachments?name=nota.txt", number), "text/plain", []byte(content), http.StatusCreated)
		if !ok {
			return
		}
		list, _ := file["attachments"].([]any)
		if len(list) == 1 {
			acked.Lock()
			acked.files[id(list[0].(map[string]any)["id"])] = content
			acked.Unlock()
		}
		changed := subject + ", cambiata"
		acked.Lock()
		acked.tried[number] = changed
		acked.Unlock()
		body, _ = json.Marshal(map[string]string{"subject": changed})
		if _, ok := call("PATCH", fmt.Sprintf("/api/v1/tickets/%d", number), "application/json", body, http.StatusOK); !ok {
			return
		}
		acked.Lock()
		acked.tickets[number] = changed
		acked.Unlock()
	}
}

// after opens what the killed process left and looks at everything.
func (d *crashDesk) after() {
	t, acked := d.t, d.acked
	t.Helper()
	began := time.Now()
	a, err := app.OpenDesk(d.cfg, discard())
	must(t, err)
	d.slowest = max(d.slowest, time.Since(began))
	defer a.Close()
	ctx, stop := context.WithCancel(t.Context())
	if _, err := a.Mail.TakeSpool(ctx); err != nil {
		t.Errorf("spool: %v", err)
	}
	if err := a.Desk.Intake.Process(ctx); err != nil {
		t.Errorf("mail: %v", err)
	}
	for _, finding := range a.Store.Check() {
		t.Errorf("check: %s", finding)
	}
	err = a.Store.View(func(tx *db.Tx) error {
		for number, subject := range acked.tickets {
			if row, err := store.Tickets.Get(tx, number); err != nil || row.Subject != subject && row.Subject != acked.tried[number] {
				t.Errorf("ticket %d was acknowledged as %q: %+v, %v", number, subject, row, err)
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
			r, err := a.Store.OpenBlob(f.Sum)
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
		for id := range acked.mails {
			name, _, _ := strings.Cut(id, "@")
			rows, err := store.MailIDsByHash.Find(tx, store.HashMessageID(id))
			if err != nil || len(rows) != 1 || rows[0].Kind != store.MailIn {
				t.Errorf("mail %s was taken: it stands in %d tickets, %v", id, len(rows), err)
				continue
			}
			m, err := store.Messages.Get(tx, rows[0].Message)
			if err != nil || !strings.Contains(m.Body, "Testo di "+name+".") {
				t.Errorf("mail %s was taken: %+v, %v", id, m, err)
			}
		}
		if n := store.Mails.Count(tx, string(store.MailWaiting)) + store.Mails.Count(tx, string(store.MailFailed)); n != 0 {
			t.Errorf("%d mails were not processed", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); a.Index.Run(ctx) }()
	if err := a.Index.CatchUp(ctx, a.Store.Last()); err != nil {
		t.Error(err)
	}
	followed, err := a.Index.Digest(ctx)
	if err != nil {
		t.Error(err)
	}
	if n := a.Index.Rebuilds(); n != 0 {
		t.Errorf("a kill made the index be built anew %d times", n)
	}
	stop()
	<-ended
	fresh := search.Open(filepath.Join(t.TempDir(), "fresh"), a.Store, search.Options{Log: discard(), Location: a.Desk.Location(), Plans: plan.Texts(a.Store, a.Desk.Location())})
	ctx, stop = context.WithCancel(t.Context())
	ended = make(chan struct{})
	go func() { defer close(ended); fresh.Run(ctx) }()
	if err := fresh.CatchUp(ctx, a.Store.Last()); err != nil {
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
}

// letters serves the folder until nothing is left to send, and returns how many letters there are and how many of them
// the relay took more than once.
func (d *crashDesk) letters() (sent, again int) {
	t := d.t
	t.Helper()
	a, err := app.Open(d.cfg, discard())
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx, nil) }()
	defer func() {
		stop()
		if err := errors.Join(<-ended, a.Close()); err != nil {
			t.Error(err)
		}
	}()
	_, err = a.Desk.Notices.Plan()
	must(t, err)
	eventually(t, "letters are left", func() bool {
		n := 1
		must(t, a.Store.View(func(tx *db.Tx) error { n = store.Letters.Count(tx, string(store.LetterQueued)); return nil }))
		return n == 0
	})
	copies, writers := map[string]int{}, map[string]map[string]bool{} // of a Message-ID; of who they went to
	for _, taken := range d.relay.Taken() {
		id := messageID.FindSubmatch(taken.Data)
		if id == nil {
			t.Fatalf("a letter without a Message-ID:\n%s", taken.Data)
		}
		copies[string(id[1])]++
		to := strings.Trim(taken.To, "<>")
		if writers[to] == nil {
			writers[to] = map[string]bool{}
		}
		writers[to][string(id[1])] = true
	}
	for id, from := range d.acked.mails {
		if n := len(writers[from]); n != 1 {
			t.Errorf("who wrote %s was sent %d different confirmations", id, n)
		}
	}
	must(t, a.Store.View(func(tx *db.Tx) error {
		for l, err := range store.Letters.All(tx, 0, false) {
			if err != nil {
				return err
			}
			n := copies[l.MessageID]
			delete(copies, l.MessageID)
			switch {
			case l.State == store.LetterSent && n == 0:
				t.Errorf("letter %d to %s was never sent", l.ID, l.To)
			case l.State != store.LetterSent && n > 0:
				t.Errorf("letter %d to %s was sent and is %s", l.ID, l.To, l.State)
			case n > 0:
				sent++
			}
			if n > 1 {
				again++
			}
		}
		return nil
	}))
	if len(copies) > 0 {
		t.Errorf("nobody knows of %d letters that were sent", len(copies))
	}
	return sent, again
}
