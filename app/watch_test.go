package app_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/watch"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

func TestTheStateOfTheDeskIsOnOnePageAndInFigures(t *testing.T) {
	d := newTestDesk(t, func(c *config.Config) { c.Data = filepath.Join(t.TempDir(), "data") })
	b := d.signedIn(d.add("Ada Neri", people.Form{Administrator: true}))
	d.app.Log.Error("something failed", "reference", "xyzzy", "err", errors.New("<script>broken</script>"))
	d.app.Watch.Jobs.Failed("sweep", errors.New("no such folder"))
	eventually(t, "the jobs do not begin", func() bool { return len(d.app.Watch.Jobs.All()) > 5 })
	page := b.get("/admin")
	for _, want := range []string{"Da sistemare", "no such folder", "something failed", "xyzzy", "&lt;script&gt;", "Lo sportello non fa copie da solo", "Ricerca", "File non più usati"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	eventually(t, "nothing follows the changes", func() bool { return strings.Contains(b.get("/metrics").body, "sportello_queue_behind{queue=") })
	figures := b.get("/metrics").body
	for _, want := range []string{`sportello_job_failures_total{job="sweep"} 1`, "sportello_store_commit_seconds_count",
		"sportello_store_writes_waiting 0", `sportello_request_seconds_count{method="GET",route="/admin",status="200"}`, "sportello_errors_last_day "} {
		if !strings.Contains(figures, want) {
			t.Errorf("the figures have no %s", want)
		}
	}
	if got := b.get("/readyz"); got.status != http.StatusOK || !strings.Contains(got.body, `{"part":"jobs","text":"sweep failed`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestDoctorNamesWhatIsWrongAndWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, data string) []string // more arguments
		status int
		want   []string
	}{
		"a new desk is well": {func(*testing.T, string) []string { return nil }, 0, []string{"the data is sound", "all is well", "note   backup: no backups"}},
		"a folder that others may read": {func(t *testing.T, data string) []string {
			if err := os.Chmod(data, 0o755); err != nil {
				t.Fatal(err)
			}
			return nil
		}, 1, []string{"WRONG  permissions: others can get at", "chmod 700 "}},
		"a configuration that is wrong": {func(t *testing.T, data string) []string {
			path := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(path, []byte("listn = 1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			return []string{"--config", path}
		}, 1, []string{"WRONG  configuration: listn: no such key"}},
		"a backup that is too old": {func(t *testing.T, data string) []string {
			path := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(path, []byte("[backup]\npath = \""+t.TempDir()+"\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			return []string{"--config", path}
		}, 1, []string{"WRONG  backup: there is no backup yet", "makes one now"}},
		"lost bytes": {func(t *testing.T, data string) []string {
			if err := os.RemoveAll(filepath.Join(data, "blob")); err != nil {
				t.Fatal(err)
			}
			return nil
		}, 1, []string{"WRONG  data: ", "lost blob", "restore the newest backup"}},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
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
			if name == "lost bytes" {
				b, err := a.Store.PutBlob(strings.NewReader("bytes"), 0)
				if err == nil {
					err = a.Store.Update(db.By{}, func(tx *db.Tx) error {
						return store.Files.Put(tx, &store.File{Sum: b.Sum, Size: b.Size, Person: p.ID})
					})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			more := c.before(t, data)
			status, out, errOut := commandLine(t, "", append([]string{"doctor", "--data", data}, more...)...)
			if status != c.status {
				t.Errorf("status %d\n%s\n%s", status, out, errOut)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s\n%s", want, out, errOut)
				}
			}
		})
	}
}

func TestACertificateIsLookedAtBeforeItEnds(t *testing.T) {
	cert, _ := makeCertificate(t, t.TempDir(), 1) // good from an hour ago for two hours
	now := time.Now()
	for _, c := range []struct {
		name string
		path string
		now  time.Time
		want watch.Level
	}{
		{"ends soon", cert, now, watch.Note},
		{"ended", cert, now.Add(2 * time.Hour), watch.Wrong},
		{"not yet", cert, now.Add(-2 * time.Hour), watch.Wrong},
		{"not there", cert + ".gone", now, watch.Wrong},
	} {
		if got := watch.Certificate(c.path, c.now); got.Level != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestEveryBackgroundWorkHasItsWords(t *testing.T) {
	d := newTestDesk(t, func(c *config.Config) {
		c.Backup.Path = filepath.Join(t.TempDir(), "backups")
		c.SMTP.Host, c.SMTP.Port, c.SMTP.TLS, c.SMTP.From = "127.0.0.1", freePort(t), "none", "sportello@desk.example"
		c.Mail.Listen = "127.0.0.1:0"
	})
	eventually(t, "the jobs do not begin", func() bool { return len(d.app.Watch.Jobs.All()) > 12 })
	for _, job := range d.app.Watch.Jobs.All() {
		key := "admin.job-" + strings.ReplaceAll(job.Name, " ", "-")
		for _, lang := range words.Languages {
			if !d.app.Words.Has(lang, key) {
				t.Errorf("%q has no words in %s (%s)", job.Name, lang, key)
			}
		}
	}
}
