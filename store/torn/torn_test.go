package torn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programs write "il testo" to DIR/lettera and then say that they did.
var programs = map[string]func(dir string) error{
	"careful": func(dir string) error {
		return errors.Join(put(dir+"/prova", true), os.Rename(dir+"/prova", dir+"/lettera"), syncFolder(dir))
	},
	"no sync": func(dir string) error {
		return errors.Join(put(dir+"/prova", false), os.Rename(dir+"/prova", dir+"/lettera"), syncFolder(dir))
	},
	"no sync of the name": func(dir string) error {
		return errors.Join(put(dir+"/prova", true), os.Rename(dir+"/prova", dir+"/lettera"))
	},
	"sync after the rename": func(dir string) error {
		return errors.Join(put(dir+"/prova", false), os.Rename(dir+"/prova", dir+"/lettera"), syncFile(dir+"/lettera"), syncFolder(dir))
	},
	"what day it is":         func(string) error { fmt.Println(time.Now()); return nil },
	"over the file it keeps": func(dir string) error { return errors.Join(put(dir+"/lettera", true), syncFolder(dir)) },
}

func put(path string, sync bool) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.WriteString("il testo")
	if sync {
		err = errors.Join(err, f.Sync())
	}
	return errors.Join(err, f.Close())
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func TestMain(m *testing.M) {
	if run := programs[os.Getenv("TORN_PROGRAM")]; run != nil {
		if err := run(os.Getenv("TORN_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("done")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Each folder that a failure leaves is one of these; a program shows a fault where it should not be one of them.
const (
	before  = "the old text"
	after   = "the new text"
	neither = "neither"
	missing = "missing"
)

func TestWhatEachProgramRisks(t *testing.T) {
	for name, want := range map[string]struct{ told, untold string }{
		"careful":                {after, before + ", " + after},
		"no sync":                {after + ", " + neither, before + ", " + after + ", " + neither},
		"no sync of the name":    {before + ", " + after, before + ", " + after},
		"sync after the rename":  {after, before + ", " + after + ", " + neither},
		"over the file it keeps": {after, before + ", " + after + ", " + neither},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "lettera"), []byte("vecchio"), 0o600); err != nil {
				t.Fatal(err)
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			rec, err := Record([]string{exe}, append(os.Environ(), "TORN_PROGRAM="+name, "TORN_DIR="+dir), nil, dir)
			if errors.Is(err, ErrCannot) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if told := rec.Told(len(rec.Events)); told != "done\nexit 0\n" {
				t.Fatalf("it said %q", told)
			}
			seen := map[bool]map[string]bool{true: {}, false: {}}
			r := rand.New(rand.NewPCG(1, 1))
			for cut := range len(rec.Events) + 1 {
				for n := range 40 {
					keep := Some(r)
					switch n {
					case 0:
						keep = Nothing
					case 1:
						keep = Everything
					}
					left := filepath.Join(t.TempDir(), "left")
					if err := rec.Leave(left, cut, keep); err != nil {
						t.Fatal(err)
					}
					seen[rec.Told(cut) != ""][look(left)] = true
				}
			}
			if got := said(seen[true]); got != want.told {
				t.Errorf("after it said so there is %s, want %s", got, want.told)
			}
			if got := said(seen[false]); got != want.untold {
				t.Errorf("before it said so there is %s, want %s", got, want.untold)
			}
		})
	}
}

func look(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "lettera"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return missing
	case string(b) == "vecchio":
		return before
	case string(b) == "il testo":
		return after
	}
	return neither
}

func said(seen map[string]bool) string {
	var out []string
	for _, s := range []string{before, after, neither, missing} {
		if seen[s] {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func TestAProcessMeetsTrouble(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		program string
		trouble Trouble
		status  int
		want    string
	}{
		"none":                          {"careful", Trouble{}, 0, "done"},
		"a disk that cannot be written": {"careful", Trouble{Refuse: syscall.EROFS}, 1, "read-only file system"},
		"a sync that fails":             {"careful", Trouble{RefuseSync: syscall.EIO}, 1, "input/output error"},
		"a sync of a folder that fails": {"no sync", Trouble{RefuseSync: syscall.EIO}, 1, "input/output error"},
		"a slow sync":                   {"careful", Trouble{Sync: 30 * time.Millisecond}, 0, "done"},
		"a clock put back":              {"what day it is", Trouble{Clock: -10 * 365 * 24 * time.Hour}, 0, fmt.Sprint(time.Now().Add(-10 * 365 * 24 * time.Hour).Year())},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			p, err := Start([]string{exe}, append(os.Environ(), "TORN_PROGRAM="+c.program, "TORN_DIR="+dir), out, out, dir, c.trouble)
			if errors.Is(err, ErrCannot) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			ws, err := p.Wait()
			said, _ := os.ReadFile(out.Name())
			if err != nil || ws.ExitStatus() != c.status || !strings.Contains(string(said), c.want) {
				t.Errorf("it ended with %d, %v, saying %s", ws.ExitStatus(), err, said)
			}
		})
	}
}
