package disk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMigrate(t *testing.T) {
	read := func(db *bbolt.DB, key string) (out string) {
		must(t, db.View(func(tx *bbolt.Tx) error {
			out = string(tx.Bucket(meta).Get([]byte(key)))
			return nil
		}))
		return out
	}
	appends := func(name string) Step {
		return Step{name, func(tx *bbolt.Tx, _ time.Time) error {
			m := tx.Bucket(meta)
			return m.Put([]byte("trail"), append(bytes.Clone(m.Get([]byte("trail"))), name...))
		}}
	}
	broken := errors.New("broken")
	fails := Step{"fails", func(tx *bbolt.Tx, _ time.Time) error {
		return errors.Join(tx.Bucket(meta).Put([]byte("trail"), []byte("spoiled")), broken)
	}}
	path := filepath.Join(t.TempDir(), "desk.db")
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	defer db.Close()

	must(t, Migrate(db, path, nil, time.Now()))
	if v := read(db, "schema"); v != "1" {
		t.Fatalf("a new file has schema %s", v)
	}
	if err := Migrate(db, path, []Step{appends("a"), fails, appends("c")}, time.Now()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "schema 3 (fails)") {
		t.Fatalf("error %v", err)
	}
	if read(db, "schema") != "2" || read(db, "trail") != "a" {
		t.Fatalf("after a step that fails: schema %s, trail %s", read(db, "schema"), read(db, "trail"))
	}
	must(t, Migrate(db, path, []Step{appends("a"), appends("b"), appends("c")}, time.Now()))
	if read(db, "schema") != "4" || read(db, "trail") != "abc" {
		t.Fatalf("schema %s, trail %s", read(db, "schema"), read(db, "trail"))
	}
	for version, trail := range map[string]string{"1": "", "2": "a"} {
		c, err := bbolt.Open(path+".schema"+version, 0o600, nil)
		must(t, err)
		if read(c, "schema") != version || read(c, "trail") != trail {
			t.Errorf("copy of schema %s has schema %s, trail %s", version, read(c, "schema"), read(c, "trail"))
		}
		must(t, c.Close())
	}
	if _, err := os.Stat(path + ".schema4"); err == nil {
		t.Error("a copy was made although there was nothing to do")
	}
	if newer, is := errors.AsType[*Newer](Migrate(db, path, nil, time.Now())); !is || newer.Have != 4 || newer.Want != 1 {
		t.Errorf("of a newer file: %v", newer)
	}
	fresh := filepath.Join(t.TempDir(), "desk.db")
	n, err := bbolt.Open(fresh, 0o600, nil)
	must(t, err)
	defer n.Close()
	must(t, Migrate(n, fresh, []Step{fails}, time.Now()))
	if read(n, "schema") != "2" || read(n, "trail") != "" {
		t.Error("a new file went through the migrations")
	}
}
