package app_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"sportello/app/backup"
	"sportello/app/command"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
)

// filled is a served desk with two tickets, an article's worth of words and a file; followed by its index.
func filled(t *testing.T, configure ...func(*config.Config)) (d *testDesk, sum string) {
	t.Helper()
	d = newTestDesk(t, append([]func(*config.Config){func(c *config.Config) { c.Data = filepath.Join(t.TempDir(), "data") }}, configure...)...)
	p := d.add("Ada Neri", people.Form{Administrator: true})
	actor := policy.Actor{Person: p, Language: "it"}
	kept, err := d.app.Desk.Files.Keep(actor, "nota.txt", strings.NewReader("bytes of a file"))
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"Stampante bloccata in segreteria", "Fattura elettronica rifiutata"} {
		err := d.app.Store.Update(db.By{Act: act.Open}, func(tx *db.Tx) error {
			row := &store.Ticket{Subject: subject, Language: "it", State: store.StateNew, Requester: p.ID, Group: 1, Opened: tx.Now(), PublicUpdated: tx.Now()}
			if err := store.Tickets.Put(tx, row); err != nil {
				return err
			}
			return store.Messages.Put(tx, &store.Message{Ticket: row.ID, Author: p.ID, Body: subject + " da questa mattina", At: tx.Now()})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := d.app.Index.CatchUp(t.Context(), d.app.Store.Last()); err != nil {
		t.Fatal(err)
	}
	return d, kept.Sum
}

func holds(t *testing.T, data, sum string) {
	t.Helper()
	st, err := store.Open(data, db.Options{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	f, err := st.OpenBlob(sum)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "bytes of a file" {
		t.Errorf("%q %v", b, err)
	}
	for _, name := range []string{"key", "desk.db"} {
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestABackupBesideAServerVerifiesAndRestores(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(secret, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string][]string{"plain": {}, "encrypted": {id.Recipient().String()}} {
		t.Run(name, func(t *testing.T) {
			d, sum := filled(t, func(c *config.Config) { c.Backup.AgeRecipients = to })
			path := filepath.Join(t.TempDir(), "backups")
			for want := range 2 {
				status, out, errOut := commandLine(t, "", "backup", "--data", d.app.Config.Data, path)
				if status != 0 || !strings.Contains(out, "1 files of") || strings.Contains(out, "(1 new") != (want == 0) {
					t.Fatalf("%d %s %s", status, out, errOut)
				}
			}
			if status, out, errOut := commandLine(t, "", "backup", "list", path); status != 0 || strings.Count(out, "2 tickets") != 2 || strings.Contains(out, "encrypted") != (name == "encrypted") {
				t.Errorf("list: %d %s %s", status, out, errOut)
			}
			if status, out, errOut := commandLine(t, "", "backup", "verify", path, "--identity", secret); status != 0 || !strings.Contains(out, "restores: 2 tickets") || !strings.Contains(errOut, " questions asked") {
				t.Errorf("verify: %d %s %s", status, out, errOut)
			}
			if status, _, errOut := commandLine(t, "", "backup", "verify", path); (status == 0) != (name == "plain") {
				t.Errorf("verify without a key: %d %s", status, errOut)
			}
			other := filepath.Join(t.TempDir(), "other")
			if status, out, errOut := commandLine(t, "", "restore", "--data", other, path, "--identity", secret); status != 0 {
				t.Fatalf("restore: %d\n%s\n%s", status, out, errOut)
			}
			if status, _, _ := commandLine(t, "", "restore", "--data", other, path, "--identity", secret); status != 1 {
				t.Error("data are written over")
			}
			holds(t, other, sum)
			all, err := backup.Folder{Path: path}.List()
			if err != nil || len(all) != 2 {
				t.Fatal(all, err)
			}
			one := filepath.Join(t.TempDir(), "one")
			if status, out, errOut := commandLine(t, "", "restore", "--data", one, filepath.Join(path, all[1].Name), "--identity", secret); status != 0 || !strings.Contains(out, all[1].Name) {
				t.Errorf("restore of a named one: %d\n%s\n%s", status, out, errOut)
			}
		})
	}
}

func TestABackupOfADeskThatDoesNotRun(t *testing.T) {
	data, path := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	if status, _, errOut := commandLine(t, "", "person", "add", "--data", data, "--email", "ada@example.it", "--name", "Ada Neri", "--role", "requester"); status != 0 {
		t.Fatal(errOut)
	}
	if status, _, errOut := commandLine(t, "", "backup", "--data", data, path); status != 0 {
		t.Fatal(errOut)
	}
	if status, out, errOut := commandLine(t, "", "backup", "verify", path); status != 0 || !strings.Contains(out, "1 people") {
		t.Errorf("%d %s %s", status, out, errOut)
	}
	if status, _, errOut := commandLine(t, "", "backup", "verify", t.TempDir()); status != 1 || !strings.Contains(errOut, "holds no backup") {
		t.Errorf("a folder without backups: %d %s", status, errOut)
	}
	if status, _, errOut := commandLine(t, "", "backup", "list", t.TempDir()); status != 1 || !strings.Contains(errOut, "no backup") {
		t.Errorf("a list of none: %d %s", status, errOut)
	}
}

// TestVerifyFindsWhatARestoreWouldMiss changes the manifest or the answers, as a mistake in making them would.
func TestVerifyFindsWhatARestoreWouldMiss(t *testing.T) {
	d, _ := filled(t)
	for name, c := range map[string]struct {
		hurt func(dir string) error
		want string
	}{
		"a count": {func(dir string) error {
			return replace(filepath.Join(dir, "manifest.json"), `"tickets": 2`, `"tickets": 3`)
		}, "tickets: 2 rows, when the backup was made 3"},
		"a desk": {func(dir string) error {
			return replace(filepath.Join(dir, "manifest.json"), d.app.Store.ID(), "SOMEOTHERDESK")
		}, "another desk's"},
		"a file": {func(dir string) error { return os.RemoveAll(filepath.Join(filepath.Dir(dir), "blob")) }, "is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "backups")
			if status, _, errOut := commandLine(t, "", "backup", "--data", d.app.Config.Data, path); status != 0 {
				t.Fatal(errOut)
			}
			e, err := backup.Folder{Path: path}.Newest()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.hurt(filepath.Join(path, e.Name)); err != nil {
				t.Fatal(err)
			}
			if status, _, errOut := commandLine(t, "", "backup", "verify", path, "--without-search"); status != 1 || !strings.Contains(errOut, c.want) {
				t.Errorf("%d %s", status, errOut)
			}
		})
	}
}

func replace(path, old, new string) error {
	raw, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(raw, []byte(old)) {
		return fmt.Errorf("no %q in %s: %w", old, path, err)
	}
	return os.WriteFile(path, bytes.ReplaceAll(raw, []byte(old), []byte(new)), 0o600)
}

func TestAnswersAreComparedAsCloselyAsTheyCanBe(t *testing.T) {
	d, _ := filled(t)
	for name, c := range map[string]struct {
		proof backup.Proof
		wrong int
	}{
		"the same":                       {backup.Proof{Exact: true, Questions: []backup.Question{{Text: "stampante bloccata", Language: "it", Asked: true, Total: 1, Hits: []string{"ticket 1"}}}}, 0},
		"another number":                 {backup.Proof{Exact: true, Questions: []backup.Question{{Text: "stampante bloccata", Language: "it", Asked: true, Total: 2, Hits: []string{"ticket 1"}}}}, 1},
		"another number, not level then": {backup.Proof{Exact: false, Questions: []backup.Question{{Text: "stampante bloccata", Language: "it", Asked: true, Total: 2, Hits: []string{"ticket 1"}}}}, 0},
		"another ticket":                 {backup.Proof{Exact: false, Questions: []backup.Question{{Text: "stampante bloccata", Language: "it", Asked: true, Total: 1, Hits: []string{"ticket 9"}}}}, 1},
		"its own row":                    {backup.Proof{Exact: false, Questions: []backup.Question{{Text: "fattura elettronica", Language: "it", Hits: []string{"ticket 2"}}}}, 0},
		"its own row is gone":            {backup.Proof{Exact: false, Questions: []backup.Question{{Text: "fattura elettronica", Language: "it", Hits: []string{"ticket 7"}}}}, 1},
	} {
		if asked, wrong := c.proof.Compare(t.Context(), d.app.Index); asked != 1 || len(wrong) != c.wrong {
			t.Errorf("%s: asked %d, %v", name, asked, wrong)
		}
	}
}

// eventually asks again until the answer is yes: what happens in the background has no other sign.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if yes() {
			return
		}
	}
	t.Fatal(what)
}

func TestAServerMakesBackupsByItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backups")
	d := newTestDesk(t, func(c *config.Config) { c.Data, c.Backup.Path = filepath.Join(t.TempDir(), "data"), path })
	eventually(t, "no backup is made", func() bool { e, err := backup.Folder{Path: path}.Newest(); return err == nil && e.Name != "" })
	eventually(t, "the backup is not known", func() bool {
		return strings.Contains(d.browser().get("/metrics").body, "sportello_backup_failed 0") && strings.Contains(d.browser().get("/metrics").body, `sportello_job_runs_total{job="backup"} 1`)
	})
	if got := d.browser().get("/readyz"); strings.Contains(got.body, `"backup"`) {
		t.Errorf("%s", got.body)
	}
}

func TestABackupThatFailsIsShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := newTestDesk(t, func(c *config.Config) { c.Data, c.Backup.Path = filepath.Join(t.TempDir(), "data"), path })
	eventually(t, "the failure is not told of", func() bool {
		got := d.browser().get("/readyz")
		return got.status == http.StatusOK && strings.Contains(got.body, `"degraded"`) && strings.Contains(got.body, `"part":"backup"`)
	})
	b := d.signedIn(d.add("Ada Neri", people.Form{Administrator: true}))
	if got := b.get("/admin"); !strings.Contains(got.body, path) {
		t.Error("the page of the administration does not tell")
	}
	if status, out, _ := commandLine(t, "", "doctor", "--data", d.app.Config.Data); status != 1 || !strings.Contains(out, "WRONG  backup:") {
		t.Errorf("doctor: %d %s", status, out)
	}
}

// TestAKillDuringABackup kills a process in the middle of its backup: the folder has no half backup in its list, and
// the next one restores.
func TestAKillDuringABackup(t *testing.T) {
	if os.Getenv("SPORTELLO_CHILD") != "" {
		t.Skip("this is the child")
	}
	dir := t.TempDir()
	data, path := filepath.Join(dir, "data"), filepath.Join(dir, "backups")
	st, err := store.Open(data, db.Options{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		b, err := st.PutBlob(io.LimitReader(noise{}, 2<<20), 0)
		if err == nil {
			err = st.Update(db.By{}, func(tx *db.Tx) error { return store.Files.Put(tx, &store.File{Sum: b.Sum, Size: b.Size}) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(config, []byte("[backup]\nrate_mb = 1\n"), 0o600); err != nil { // slow enough to be met
		t.Fatal(err)
	}
	cmd := childCommand(t, "backup", "--config", config, "--data", data, path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no backup was begun", func() bool { half, _ := filepath.Glob(filepath.Join(path, ".new-*", "desk.db")); return len(half) == 1 })
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed: the status says so
	if half, _ := filepath.Glob(filepath.Join(path, ".new-*")); len(half) != 1 {
		t.Fatalf("the kill came too late: %v", half)
	}
	if all, err := (backup.Folder{Path: path}).List(); err != nil || len(all) != 0 {
		t.Errorf("half a backup is listed: %v %v", all, err)
	}
	if status, _, errOut := commandLine(t, "", "backup", "--data", data, path); status != 0 {
		t.Fatal(errOut)
	}
	if half, _ := filepath.Glob(filepath.Join(path, ".*")); len(half) != 0 {
		t.Errorf("half a backup stays: %v", half)
	}
	if status, out, errOut := commandLine(t, "", "backup", "verify", path); status != 0 || !strings.Contains(out, "4 files") {
		t.Errorf("%d %s %s", status, out, errOut)
	}
}

// noise gives bytes that differ from one another.
type noise struct{}

func (noise) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	copy(b, fmt.Appendf(nil, "%d", time.Now().UnixNano()))
	return len(b), nil
}

// childCommand is a command line of ours in a process of its own, which this test binary becomes.
func childCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildCommand$")
	cmd.Env = append(os.Environ(), "SPORTELLO_CHILD="+strings.Join(args, "\n"))
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill() // most have ended
		}
	})
	return cmd
}

// TestChildCommand is that process.
func TestChildCommand(t *testing.T) {
	args := os.Getenv("SPORTELLO_CHILD")
	if args == "" {
		t.Skip("only as a child")
	}
	os.Unsetenv("SPORTELLO_CHILD") // no key of the configuration
	os.Unsetenv("SPORTELLO_CRASHES")
	os.Exit(command.Run(strings.Split(args, "\n"), os.Stdin, os.Stdout, os.Stderr))
}

// firstLine reads what a child prints up to the line that begins as given.
func firstLine(t *testing.T, r io.Reader, begin string) string {
	t.Helper()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), begin) {
			return lines.Text()
		}
	}
	t.Fatalf("no line begins with %q: %v", begin, lines.Err())
	return ""
}
