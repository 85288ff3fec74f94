//go:build linux

package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"sportello/app"
	"sportello/app/command"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	mailpeer "sportello/app/mail/peer"
	"sportello/app/web"
	"sportello/app/web/health"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/torn"
)

// faultDesk is a data folder with a requester and an agent, and the process that serves it.
type faultDesk struct {
	*testDesk // of which only the address is used: the desk is in another process
	data      string
	environ   []string // more of it, for the server
	ada       *browser // a requester, signed in before anything goes wrong
	token     string   // of an agent
	acked     map[uint64]bool
	tries     int

	pid   int
	meet  *torn.Process // nil when it is not traced
	ended chan error
	said  string // path of what it said on standard error
}

const faultText = "Il cedolino di marzo non si apre.\nHo provato con due browser e non cambia nulla."

// serveFaulty makes the folder and serves it in a process of its own, traced if its disk or clock are to be troubled.
func serveFaulty(t *testing.T, data string, traced bool, environ ...string) *faultDesk {
	t.Helper()
	d := &faultDesk{testDesk: &testDesk{t: t}, data: data, environ: environ, acked: map[uint64]bool{}}
	cfg := config.Default()
	cfg.Data = data
	a, err := app.OpenDesk(cfg, discard())
	must(t, err)
	by := policy.Actor{Via: door.Command, System: true}
	p, _, err := a.Desk.People.Add(by, people.Form{Name: "Ada Neri", Email: "ada@example.it", Administrator: true})
	must(t, err)
	must(t, a.Desk.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, testPassword))
	d.token, _, err = a.Desk.Keeper().NewToken(db.By{Via: door.Command}, p.ID, "fault")
	must(t, err)
	must(t, a.Close())
	d.serve(traced, torn.Trouble{})
	d.ada = d.browser()
	d.ada.must(d.ada.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}), http.StatusSeeOther)
	d.open(http.StatusCreated)
	return d
}

func (d *faultDesk) serve(traced bool, first torn.Trouble) {
	t := d.t
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	must(t, err)
	defer out.Close()
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	must(t, err)
	defer said.Close()
	d.said, d.ended = said.Name(), make(chan error, 1)
	cmd := childCommand(t, "serve", "--data", d.data, "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, d.environ...)
	if traced {
		d.meet, err = torn.Start(cmd.Args, cmd.Env, out, said, d.data, first)
		if errors.Is(err, torn.ErrCannot) {
			t.Skip(err)
		}
		must(t, err)
		d.pid = d.meet.Pid
		go func() {
			ws, err := d.meet.Wait()
			if err == nil && (ws.Signaled() || ws.ExitStatus() != 0) {
				err = fmt.Errorf("status %d, signal %v", ws.ExitStatus(), ws.Signal())
			}
			d.ended <- err
		}()
	} else {
		cmd.Stdout, cmd.Stderr = out, said
		must(t, cmd.Start())
		d.pid = cmd.Process.Pid
		go func() { d.ended <- cmd.Wait() }()
	}
	t.Cleanup(func() {
		_ = syscall.Kill(d.pid, syscall.SIGKILL) // it has ended, unless the test failed
		if b, err := os.ReadFile(said.Name()); err == nil && t.Failed() {
			t.Logf("the server said ... %s", b[max(0, len(b)-8000):])
		}
	})
	eventually(t, "it does not serve", func() bool {
		b, err := os.ReadFile(out.Name())
		must(t, err)
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "http://") && strings.HasSuffix(line, "\n") {
				d.url = strings.TrimSpace(line)
				return true
			}
		}
		return false
	})
}

// open opens a ticket over the API, of which the answer must have one of the statuses, and returns it.
func (d *faultDesk) open(want ...int) (status int, body string) {
	d.t.Helper()
	d.tries++
	text, _ := json.Marshal(map[string]string{"subject": fmt.Sprintf("Richiesta zibaldone%d", d.tries), "body": faultText})
	q, err := http.NewRequest("POST", d.url+"/api/v1/tickets", bytes.NewReader(text))
	must(d.t, err)
	q.Header.Set("Authorization", "Bearer "+d.token)
	q.Header.Set("Content-Type", "application/json")
	resp, err := program.Do(q)
	must(d.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(d.t, err)
	if !slices.Contains(want, resp.StatusCode) {
		d.t.Errorf("a ticket over the API: %d %s", resp.StatusCode, raw)
	}
	if resp.StatusCode == http.StatusCreated {
		var made struct{ Number uint64 }
		must(d.t, json.Unmarshal(raw, &made))
		d.acked[made.Number] = true
	}
	return resp.StatusCode, string(raw)
}

// ready is what /readyz says; the names of the parts that are not well.
func (d *faultDesk) ready() (status int, parts []string, body string) {
	d.t.Helper()
	got := d.ada.get("/readyz")
	var r health.Readiness
	must(d.t, json.Unmarshal([]byte(got.body), &r))
	for _, c := range r.Causes {
		parts = append(parts, c.Part)
	}
	return got.status, parts, got.body
}

// refused demands that people are told and lose nothing: in their language, with what they wrote, while all that is there
// can be read, and /readyz names the part.
func (d *faultDesk) refused(part string) {
	t := d.t
	t.Helper()
	asked := url.Values{"subject": {"Cedolino"}, "body": {faultText}, "kind": {"clarification"}, "severity": {"medium"}, "urgency": {"none"}, "module": {"csa"}}
	for language, sentence := range map[string]string{"it": "Il disco dello sportello non accetta dati in questo momento.", "en": "The desk cannot save data at the moment."} {
		d.ada.header.Set("Accept-Language", language)
		got := d.ada.post("/tickets/new", asked)
		d.ada.must(got, http.StatusServiceUnavailable, sentence, "Ho provato con due browser")
		got = d.ada.upload("/tickets/new", "files", "nota.txt", []byte("una nota"), asked)
		d.ada.must(got, http.StatusServiceUnavailable, sentence, "Ho provato con due browser")
	}
	d.ada.header.Set("Accept-Language", "it")
	if status, body := d.open(http.StatusServiceUnavailable); !strings.Contains(body, "Il disco dello sportello") {
		t.Errorf("over the API: %d %s", status, body)
	}
	d.ada.must(d.ada.get("/tickets"), http.StatusOK)
	d.ada.must(d.ada.get("/tickets/1"), http.StatusOK, "Ho provato con due browser")
	if status, parts, body := d.ready(); status != http.StatusOK || !slices.Contains(parts, part) {
		t.Errorf("/readyz: %d %s", status, body)
	}
}

// well demands that the desk came back by itself: nothing is named any more, it writes, and search finds what was written.
func (d *faultDesk) well(part string) {
	t := d.t
	t.Helper()
	last := ""
	eventually(t, "the cause is gone and the desk is not well", func() bool {
		_, parts, body := d.ready()
		last = body
		return !slices.Contains(parts, part)
	})
	d.open(http.StatusCreated)
	word := fmt.Sprintf("zibaldone%d", d.tries)
	eventually(t, "search does not find what was written: "+last, func() bool {
		return strings.Contains(d.ada.get("/search?q="+word).body, "<mark>")
	})
}

// stop ends the server and looks at what it leaves: nothing half written, nothing lost that was acknowledged. more is how
// many tickets may be there that nobody was told of.
func (d *faultDesk) stop(more int) {
	t := d.t
	t.Helper()
	select {
	case err := <-d.ended:
		t.Errorf("the server had ended: %v", err)
		d.ended <- err
	default:
	}
	if d.meet != nil {
		d.meet.Meet(torn.Trouble{})
	}
	must(t, syscall.Kill(d.pid, syscall.SIGTERM))
	var err error
	select {
	case err = <-d.ended:
	case <-time.After(2 * time.Minute):
		must(t, syscall.Kill(d.pid, syscall.SIGQUIT)) // its stacks are what it says
		err = fmt.Errorf("it did not stop: %w", <-d.ended)
	}
	said, _ := os.ReadFile(d.said)
	if err != nil || bytes.Contains(said, []byte("panic")) || bytes.Contains(said, []byte("goroutine ")) {
		t.Errorf("it ended with %v, saying\n%s", err, said)
	}
	st, err := store.Open(d.data, db.Options{Log: discard()})
	must(t, err)
	defer st.Close()
	for _, f := range st.Check() {
		t.Errorf("the data: %s", f)
	}
	must(t, st.View(func(tx *db.Tx) error {
		for n := range d.acked {
			if _, err := store.Tickets.Get(tx, n); err != nil {
				t.Errorf("ticket %d was acknowledged: %v", n, err)
			}
		}
		for ticket, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if !d.acked[ticket.ID] {
				more--
			}
			if m, err := store.MessagesByTicket.Find(tx, ticket.ID); err != nil || len(m) != 1 || m[0].Body != faultText {
				t.Errorf("ticket %d is half there: %d messages, %v", ticket.ID, len(m), err)
			}
		}
		if more < 0 {
			t.Errorf("%d more tickets than anybody was told of", -more)
		}
		return nil
	}))
}

// TestAFullDisk fills the disk of a serving process, a disk of memory that only a process of its own sees.
func TestAFullDisk(t *testing.T) {
	if dir := os.Getenv("FULL_DISK_TEST"); dir != "" {
		fullDisk(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), "FULL_DISK_TEST="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil && len(out) == 0, strings.Contains(string(out), "no disk"):
		t.Skipf("this machine lets nobody make a disk: %v %s", err, out)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	}
}

func fullDisk(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=96m"); err != nil {
		fmt.Println("no disk:", err)
		return
	}
	os.Unsetenv("FULL_DISK_TEST")
	data := filepath.Join(dir, "data")
	d := serveFaulty(t, data, false)
	for round := range 2 {
		filler := filepath.Join(dir, "filler")
		f, err := os.Create(filler)
		must(t, err)
		for size := 1 << 20; size > 0; size /= 2 {
			for err = nil; err == nil; {
				_, err = f.Write(make([]byte, size))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
		}
		must(t, f.Close())
		for n := 0; ; n++ { // what room there is inside the files is used first
			if status, _ := d.open(http.StatusCreated, http.StatusServiceUnavailable); status != http.StatusCreated {
				break
			}
			if n > 2000 {
				t.Fatal("it is never full")
			}
		}
		d.refused("store")
		asked := url.Values{"subject": {"Cedolino"}, "body": {faultText}, "kind": {"clarification"}, "severity": {"medium"}, "urgency": {"none"}, "module": {"csa"}}
		got := d.ada.upload("/tickets/new", "files", "grande.bin", bytes.Repeat([]byte("grande "), 18<<20/7), asked)
		d.ada.must(got, http.StatusServiceUnavailable, "Il disco dello sportello") // what was typed is in the browser alone
		for path, size := range map[string]int{"/api/v1/tickets/1/attachments?name=grande.bin": 18 << 20, "/api/v1/tickets/1/attachments?name=piccolo.bin": 300 << 10} {
			q, err := http.NewRequest("POST", d.url+path, bytes.NewReader(make([]byte, size)))
			must(t, err)
			q.Header.Set("Authorization", "Bearer "+d.token)
			q.Header.Set("Content-Type", "application/octet-stream")
			resp, err := program.Do(q)
			must(t, err)
			var doc web.ProblemDocument
			err = json.NewDecoder(resp.Body).Decode(&doc)
			resp.Body.Close()
			if err != nil || resp.Header.Get("Content-Type") != "application/problem+json" || resp.StatusCode != http.StatusServiceUnavailable || doc.Status != resp.StatusCode {
				t.Errorf("a program is answered %d %s %+v: %v", resp.StatusCode, resp.Header.Get("Content-Type"), doc, err)
			}
		}
		if status, _, errOut := commandLine(t, "From: ada@example.it\r\nSubject: x\r\n\r\n"+strings.Repeat("testo ", 2000), "mail", "deliver", "--data", data); status != command.Later {
			t.Errorf("mail deliver: %d %s", status, errOut)
		}
		must(t, os.Remove(filler))
		d.well("store")
		t.Logf("round %d: %d tickets are there", round, len(d.acked))
	}
	d.stop(0)
}

// TestADiskThatTurnsReadOnly has the kernel refuse every change of the data folder, as it does after an error of the
// file system. Files that are open cannot be made so by a remount, which is why the calls themselves are refused.
func TestADiskThatTurnsReadOnly(t *testing.T) {
	d := serveFaulty(t, filepath.Join(t.TempDir(), "data"), true)
	d.meet.Meet(torn.Trouble{Refuse: syscall.EROFS})
	d.refused("store")
	eventually(t, "no repair was tried", func() bool {
		b, err := os.ReadFile(d.said)
		must(t, err)
		return bytes.Count(b, []byte("still not writing")) >= 2
	})
	d.refused("store")
	d.meet.Meet(torn.Trouble{})
	d.well("store")
	d.stop(0)
}

// TestADiskThatCannotSync has each sync fail after it was done. What was being written may be there all the same: nobody
// was told that it is.
func TestADiskThatCannotSync(t *testing.T) {
	d := serveFaulty(t, filepath.Join(t.TempDir(), "data"), true)
	d.meet.Meet(torn.Trouble{RefuseSync: syscall.EIO})
	d.refused("store")
	d.meet.Meet(torn.Trouble{})
	d.well("store")
	d.stop(1)
}

func TestAServerOnAReadOnlyDiskSaysSoAndEnds(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	d := serveFaulty(t, data, false)
	d.stop(0)
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	must(t, err)
	defer out.Close()
	cmd := childCommand(t, "serve", "--data", data, "--listen", "127.0.0.1:0")
	p, err := torn.Start(cmd.Args, cmd.Env, out, out, data, torn.Trouble{Refuse: syscall.EROFS})
	if errors.Is(err, torn.ErrCannot) {
		t.Skip(err)
	}
	must(t, err)
	ws, err := p.Wait()
	must(t, err)
	said, err := os.ReadFile(out.Name())
	must(t, err)
	if ws.ExitStatus() != command.Failed || !bytes.Contains(said, []byte("read-only file system")) || bytes.Contains(said, []byte("panic")) {
		t.Errorf("status %d, %s", ws.ExitStatus(), said)
	}
}

// TestASlowDisk makes every sync take more than a second. Writing waits, reading does not fail, and /readyz says why.
func TestASlowDisk(t *testing.T) {
	d := serveFaulty(t, filepath.Join(t.TempDir(), "data"), true)
	d.meet.Meet(torn.Trouble{Sync: 700 * time.Millisecond})
	d.open(http.StatusCreated)
	d.ada.must(d.ada.get("/tickets/1"), http.StatusOK, "Ho provato con due browser")
	if status, parts, body := d.ready(); status != http.StatusOK || !slices.Contains(parts, "disk") || !strings.Contains(body, "a write to the disk") {
		t.Errorf("/readyz: %d %s", status, body)
	}
	d.meet.Meet(torn.Trouble{})
	d.open(http.StatusCreated)
	eventually(t, "the disk is well and /readyz does not say so", func() bool {
		_, _, body := d.ready()
		return !strings.Contains(body, "a write to the disk")
	})
	d.stop(0)
}

// TestAClockPutBackAYear moves the clock of the serving process, and starts one with a clock that is wrong.
func TestAClockPutBackAYear(t *testing.T) {
	d := serveFaulty(t, filepath.Join(t.TempDir(), "data"), true)
	const year = -365 * 24 * time.Hour
	use := func() {
		t.Helper()
		d.open(http.StatusCreated)
		d.ada.must(d.ada.get("/tickets"), http.StatusOK)
		d.ada.must(d.ada.get("/tickets/1"), http.StatusOK, "Ho provato con due browser")
		other := d.browser()
		other.must(other.post("/sign-in", url.Values{"email": {"ada@example.it"}, "password": {testPassword}}), http.StatusSeeOther)
		other.must(other.get("/tickets/1"), http.StatusOK, "Ho provato con due browser")
		word := fmt.Sprintf("zibaldone%d", d.tries)
		eventually(t, "search does not find what was written", func() bool {
			return strings.Contains(other.get("/search?q="+word).body, "<mark>")
		})
	}
	d.meet.Meet(torn.Trouble{Clock: year})
	use()
	if status, parts, body := d.ready(); status != http.StatusOK || !slices.Contains(parts, "clock") {
		t.Errorf("/readyz: %d %s", status, body)
	}
	d.meet.Meet(torn.Trouble{})
	d.well("clock")
	d.stop(0)

	d.serve(true, torn.Trouble{Clock: year})
	use()
	if _, parts, body := d.ready(); !slices.Contains(parts, "clock") {
		t.Errorf("/readyz after a start: %s", body)
	}
	d.meet.Meet(torn.Trouble{})
	d.well("clock")
	d.stop(0)
}

// TestNoFileDescriptorsLeft takes from a serving process all that it has not in use.
func TestNoFileDescriptorsLeft(t *testing.T) {
	d := serveFaulty(t, filepath.Join(t.TempDir(), "data"), false)
	limit := func(n uint64) (was uint64) {
		t.Helper()
		var old syscall.Rlimit
		if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(d.pid), syscall.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&old)), 0, 0); e != 0 {
			t.Fatal(e)
		}
		was, old.Cur = old.Cur, n
		if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(d.pid), syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&old)), 0, 0, 0); e != 0 {
			t.Fatal(e)
		}
		return was
	}
	d.ready() // on the connection that is kept
	// One number above what the server keeps aside: of the lower ones hardly any is free.
	spare := 0
	for n := 3; spare == 0 && n < 1000; n++ {
		if path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", d.pid, n)); err == nil && path == os.DevNull {
			spare = n
		}
	}
	was := limit(uint64(spare) + 1)
	asked := url.Values{"subject": {"Cedolino"}, "body": {faultText}, "kind": {"clarification"}, "severity": {"medium"}, "urgency": {"none"}, "module": {"csa"}}
	got := d.ada.upload("/tickets/new", "files", "nota.txt", []byte("una nota"), asked)
	d.ada.must(got, http.StatusServiceUnavailable, "Non è possibile in questo momento", "Ho provato con due browser")
	if status, parts, body := d.ready(); status != http.StatusOK || !slices.Contains(parts, "descriptors") {
		t.Errorf("/readyz: %d %s", status, body)
	}
	d.ada.must(d.ada.get("/tickets/1"), http.StatusOK, "Ho provato con due browser")
	// Whoever comes now is told so, too, or, where something else of the server was quicker to take the last one, waits.
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(d.url, "http://"))
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	// It may have taken the place of a connection that was silent: who had that comes in the same way, and may wait as well.
	short := &http.Client{Transport: d.ada.client.Transport, Timeout: time.Second}
	for range 5 {
		resp, err := short.Get(d.url + "/healthz")
		if err != nil {
			continue // nobody has given one back yet
		}
		must(t, resp.Body.Close())
		if resp.StatusCode == http.StatusOK {
			break
		}
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("who was there before is answered %d", resp.StatusCode)
		}
	}
	limit(was)
	eventually(t, "who was there before is kept out", func() bool { return d.ada.get("/healthz").status == http.StatusOK })
	if raw, err := io.ReadAll(conn); err != nil || !bytes.HasPrefix(raw, []byte("HTTP/1.1 503 ")) && !bytes.HasPrefix(raw, []byte("HTTP/1.1 200 ")) {
		t.Errorf("a new connection is answered %q, %v", raw, err)
	}
	d.well("descriptors")
	d.stop(0)
}

// relayOnce takes mail and calls the function before it says that it took the first one.
func relayOnce(t *testing.T, first func()) (port int, taken func() int) {
	ln := mailpeer.Listen(t)
	var mu sync.Mutex
	n := 0
	serve := func(conn net.Conn) {
		defer conn.Close()
		c := textproto.NewConn(conn)
		for line, err := "", c.PrintfLine("220 relay"); err == nil; {
			if line, err = c.ReadLine(); err != nil {
				return
			}
			switch verb, _, _ := strings.Cut(line, " "); verb {
			case "DATA":
				if err = c.PrintfLine("354 go on"); err != nil {
					return
				}
				if _, err = c.ReadDotBytes(); err != nil {
					return
				}
				mu.Lock()
				n++
				if n == 1 {
					first()
				}
				mu.Unlock()
				err = c.PrintfLine("250 taken")
			case "QUIT":
				_ = c.PrintfLine("221 goodbye")
				return
			default:
				err = c.PrintfLine("250 yes")
			}
		}
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return mailpeer.Port(ln), func() int { mu.Lock(); defer mu.Unlock(); return n }
}

// TestALetterThatCannotBeWrittenDownIsNotSentAgain turns the disk read-only when the relay has taken a letter and has not
// said so: the desk cannot write down that it went, however often it tries.
func TestALetterThatCannotBeWrittenDownIsNotSentAgain(t *testing.T) {
	var d *faultDesk
	ready := make(chan struct{})
	port, taken := relayOnce(t, func() { <-ready; d.meet.Meet(torn.Trouble{Refuse: syscall.EROFS}) })
	d = serveFaulty(t, filepath.Join(t.TempDir(), "data"), true, fmt.Sprint("SPORTELLO_SMTP__PORT=", port), "SPORTELLO_SMTP__HOST="+mailpeer.Host,
		"SPORTELLO_SMTP__TLS=none", "SPORTELLO_SMTP__FROM=sportello@sportello.example")
	close(ready)
	eventually(t, "the disk takes no data and nobody says so", func() bool {
		_, parts, _ := d.ready()
		return slices.Contains(parts, "store")
	})
	d.meet.Meet(torn.Trouble{})
	d.well("store")
	eventually(t, "the second letter does not go", func() bool { return taken() >= 2 })
	d.stop(0)
	st, err := store.Open(d.data, db.Options{Log: discard()})
	must(t, err)
	defer st.Close()
	must(t, st.View(func(tx *db.Tx) error {
		if sent := store.Letters.Count(tx, string(store.LetterSent)); sent != taken() {
			t.Errorf("%d letters went, %d were taken", sent, taken())
		}
		return nil
	}))
}
