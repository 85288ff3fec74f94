package app_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/command"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// servedProcess is a server in a process of its own, with a token of an administrator.
type servedProcess struct {
	cmd   *exec.Cmd
	said  *bytes.Buffer
	url   string
	token string
}

func serveInProcess(t *testing.T, data string) *servedProcess {
	t.Helper()
	cfg := config.Default()
	cfg.Data = data
	a, err := app.OpenDesk(cfg, discard())
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := a.Desk.People.Add(policy.Actor{Via: door.Command, System: true}, people.Form{Name: "Ada Neri", Email: "ada@example.it", Administrator: true})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := a.Desk.Keeper().NewToken(db.By{Via: door.Command}, p.ID, "stop")
	if err := errors.Join(err, a.Close()); err != nil {
		t.Fatal(err)
	}
	s := &servedProcess{cmd: childCommand(t, "serve", "--data", data, "--listen", "127.0.0.1:0"), said: &bytes.Buffer{}, token: token}
	s.cmd.Stderr = s.said
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.url = firstLine(t, out, "http://")
	return s
}

// begin sends all but the last byte of a ticket, so that the server is in the middle of reading it; end sends that and
// returns the status of the answer.
func (s *servedProcess) begin(t *testing.T, subject string) (end func() (status int)) {
	t.Helper()
	host := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	lines := bufio.NewReader(conn)
	answer := func() int {
		resp, err := http.ReadResponse(lines, nil)
		if err != nil {
			t.Fatal(err, s.said.String())
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	body := fmt.Sprintf(`{"subject":%q,"body":"Testo"}`, subject)
	if _, err := fmt.Fprintf(conn, "POST /api/v1/tickets HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		host, s.token, len(body)); err != nil {
		t.Fatal(err)
	}
	if got := answer(); got != http.StatusContinue { // it has read that far
		t.Fatalf("asked whether to go on: %d", got)
	}
	if _, err := io.WriteString(conn, body[:len(body)-1]); err != nil {
		t.Fatal(err)
	}
	return func() int {
		if _, err := io.WriteString(conn, body[len(body)-1:]); err != nil {
			t.Fatal(err, s.said.String())
		}
		return answer()
	}
}

// stopping waits until the server takes no connection any more.
func (s *servedProcess) stopping(t *testing.T) {
	t.Helper()
	eventually(t, "it still listens", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

func TestAStopFinishesWhatWasBegun(t *testing.T) {
	if os.Getenv("SPORTELLO_CHILD") != "" {
		t.Skip("this is the child")
	}
	data := filepath.Join(t.TempDir(), "data")
	s := serveInProcess(t, data)
	end := s.begin(t, "La richiesta che arriva mentre si chiude")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.stopping(t)
	if status := end(); status != http.StatusCreated {
		t.Errorf("status %d", status)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("it ended with %v\n%s", err, s.said.String())
	}
	st, err := store.Open(data, db.Options{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.View(func(tx *db.Tx) error { _, err := store.Tickets.Get(tx, 1); return err }); err != nil {
		t.Errorf("the ticket that was answered is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(data, "run", "control.sock")); err == nil {
		t.Error("the socket stays")
	}
}

func TestTwoStopsEndItAtOnce(t *testing.T) {
	if os.Getenv("SPORTELLO_CHILD") != "" {
		t.Skip("this is the child")
	}
	data := filepath.Join(t.TempDir(), "data")
	s := serveInProcess(t, data)
	s.begin(t, "La richiesta che non finisce mai")
	for range 2 {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		s.stopping(t)
	}
	began := time.Now()
	var status *exec.ExitError
	if err := s.cmd.Wait(); !errors.As(err, &status) || status.ExitCode() != command.Failed {
		t.Errorf("it ended with %v", err)
	}
	t.Logf("ended after %v", time.Since(began))
	if strings.Contains(s.said.String(), "panic") {
		t.Error(s.said.String())
	}
	st, err := store.Open(data, db.Options{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if findings := st.Check(); len(findings) > 0 {
		t.Errorf("the data: %v", findings)
	}
}
