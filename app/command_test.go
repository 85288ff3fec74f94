package app_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/command"
	"sportello/app/config"
	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/db"
)

// commandLine runs a command line as a process would and returns its status and what it printed.
func commandLine(t *testing.T, in string, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = command.Run(args, strings.NewReader(in), &o, &e)
	return status, o.String(), e.String()
}

func TestStatusesOfTheCommandLine(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		name   string
		args   []string
		in     string
		status int
		want   string
	}{
		{"help", []string{"help"}, "", 0, "serve"},
		{"nothing", nil, "", 0, "serve"},
		{"version", []string{"version"}, "", 0, "sportello "},
		{"an unknown command", []string{"fly"}, "", 2, "unknown command"},
		{"an unknown flag", []string{"serve", "--fly"}, "", 2, "unknown flag"},
		{"a group of commands alone", []string{"person"}, "", 2, "needs one of its commands"},
		{"a required flag left out", []string{"person", "add", "--email", "a@b.it"}, "", 2, "required flag"},
		{"an unknown role", []string{"person", "add", "--email", "a@b.it", "--name", "A", "--role", "king", "--data", data}, "", 2, "king"},
		{"a missing argument", []string{"backup"}, "", 2, "accepts 1 arg"},
		{"a token for ever", []string{"token", "create", "--person", "a@b.it", "--expires", "9y", "--data", data}, "", 2, "--expires"},
		{"a token for no time", []string{"token", "create", "--person", "a@b.it", "--expires", "", "--data", data}, "", 2, "--expires"},
		{"a bad address", []string{"person", "add", "--email", "nobody", "--name", "A", "--role", "requester", "--data", data}, "", 1, "email: This is not a valid e-mail address."},
		{"a bad password", []string{"person", "add", "--email", "a@b.it", "--name", "A", "--role", "requester", "--password-stdin", "--data", data}, "short\n", 1, "fewer than 10"},
		{"a folder that cannot be written", []string{"doctor", "--data", "/proc/nowhere"}, "", 1, "make data folder"},
		{"nobody for a token", []string{"token", "create", "--person", "x@y.it", "--data", data}, "", 1, "nobody has the address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errOut := commandLine(t, c.in, c.args...)
			if status != c.status || !strings.Contains(out+errOut, c.want) {
				t.Errorf("status %d, want %d\nout: %s\nerr: %s", status, c.status, out, errOut)
			}
		})
	}
}

func TestPeopleAndTokensAreMadeAlone(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	status, out, errOut := commandLine(t, testPassword+"\r\n", "person", "add", "--data", data, "--email", "Ada@Example.it", "--name", "Ada Neri",
		"--role", "agent", "--role", "coordinator", "--group", "csa", "--organisation", "Università di Prova", "--unit", "Chimica", "--password-stdin")
	if status != 0 {
		t.Fatal(out, errOut)
	}
	status, token, errOut := commandLine(t, "", "token", "create", "--data", data, "--person", "ada@example.it")
	if status != 0 || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}\n$`).MatchString(token) {
		t.Fatalf("token %q, %s", token, errOut)
	}
	status, out, _ = commandLine(t, "", "person", "add", "--data", data, "--email", "luca@example.it", "--name", "Luca Bassi", "--role", "requester")
	if status != 0 || strings.Contains(out, "/password/") {
		t.Errorf("status %d, %s", status, out)
	}
	// Somebody who is there keeps their password and rights, whoever says so.
	status, _, errOut = commandLine(t, "un'altra frase lunga\n", "person", "add", "--data", data, "--email", "ADA@example.it", "--name", "Ada Neri",
		"--role", "administrator", "--password-stdin")
	if status != 1 || !strings.Contains(errOut, "email") {
		t.Errorf("adding an address that is there: status %d, %s", status, errOut)
	}
	st, err := store.Open(data, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, _, err := credential.New(st).SignIn(t.Context(), "ada@example.it", testPassword, "", ""); err != nil {
		t.Errorf("the password from before: %v", err)
	}
	err = st.View(func(tx *db.Tx) error {
		p, err := store.PeopleByEmail.First(tx, "ada@example.it")
		if err != nil {
			return err
		}
		if len(p.Groups) != 1 || len(p.Affiliations) != 1 || p.Affiliations[0].Unit == 0 || !p.Affiliations[0].Coordinator || p.Password == "" {
			t.Errorf("%+v", p)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data folder: %v %v", info.Mode(), err)
	}
}

func TestCommandsWorkBesideAServerWhoseFolderHasALongName(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("a-rather-long-name-", 8))
	d := newTestDesk(t, func(c *config.Config) { c.Data = long })
	info, err := os.Stat(filepath.Join(long, "run", "control.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("socket: %v, %v", info, err)
	}
	status, out, errOut := commandLine(t, testPassword+"\n", "person", "add", "--data", long, "--email", "ada@example.it", "--name", "Ada Neri", "--role", "administrator", "--password-stdin")
	if status != 0 || !strings.Contains(out, "ada@example.it") {
		t.Fatalf("status %d\n%s\n%s", status, out, errOut)
	}
	b := d.browser()
	b.must(b.post("/sign-in", map[string][]string{"email": {"ada@example.it"}, "password": {testPassword}}), http.StatusSeeOther)
	if status, out, errOut := commandLine(t, "", "token", "create", "--data", long, "--person", "ada@example.it"); status != 0 || len(out) != 44 {
		t.Errorf("token: %d %q %s", status, out, errOut)
	}
	if status, _, errOut := commandLine(t, "", "person", "add", "--data", long, "--email", "ada@example.it", "--name", "Ada", "--role", "requester"); status != 1 || !strings.Contains(errOut, "belongs to another person") {
		t.Errorf("twice: %d %s", status, errOut)
	}
	if status, _, errOut := commandLine(t, "", "person", "add", "--data", long, "--fly"); status != 2 {
		t.Errorf("wrong usage: %d %s", status, errOut)
	}
	if status, out, errOut := commandLine(t, "", "doctor", "--data", long); status != 0 || !strings.Contains(out, "the data is sound") {
		t.Errorf("doctor: %d\n%s\n%s", status, out, errOut)
	}
	if status, out, errOut := commandLine(t, "", "reindex", "--data", long); status != 0 || !strings.Contains(out, "indexed") {
		t.Errorf("reindex: %d\n%s\n%s", status, out, errOut)
	}
	if status, _, errOut := commandLine(t, "", "serve", "--data", long, "--listen", "127.0.0.1:0"); status != 1 || !strings.Contains(errOut, "in use by process") {
		t.Errorf("a second server: %d %s", status, errOut)
	}
	if status, _, errOut := commandLine(t, "", "restore", "--data", long, t.TempDir()); status != 1 {
		t.Errorf("restore: %d %s", status, errOut)
	}
}

func TestAServerStopsWithAStreamAndAnIdleConnectionOpen(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Trial.NoSync = t.TempDir(), "127.0.0.1:0", true
	a, err := openServer(cfg, discard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan app.Serving, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(s app.Serving) { ready <- s }) }()
	s := <-ready
	if !strings.HasPrefix(s.SetUp, s.Address+"/set-up/") {
		t.Errorf("set-up link %q", s.SetUp)
	}
	d := &testDesk{t: t, app: a, url: s.Address}
	b := d.signedIn(d.add("Ada Neri", people.Form{}))
	q, err := http.NewRequest(http.MethodGet, d.url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Logf("stopped after %v", time.Since(began))
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "run", "control.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket stays: %v", err)
	}
}
