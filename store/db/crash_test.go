package db

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sportello/store/act"
	"sportello/store/door"
)

// playWrite makes requests with a line and a paper, from many goroutines, and prints a line for each as soon as Update
// has returned, until it is killed. Some are changed afterwards, some transactions fail on purpose.
func playWrite(dir string) error {
	st, err := tested.Open(dir, Options{})
	if err != nil {
		return err
	}
	if findings := st.Check(); len(findings) > 0 {
		return fmt.Errorf("found at the start: %v", findings)
	}
	return writeOn(st)
}

func writeOn(st *Store) error {
	fmt.Println("begins")
	var out sync.Mutex
	failures := make(chan error)
	for g := range 16 {
		go func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%d %d %d", os.Getpid(), g, i)
				line, err := writeRequest(st, text, i)
				if err != nil {
					failures <- err
					return
				}
				out.Lock()
				_, err = io.WriteString(os.Stdout, line+"\n")
				out.Unlock()
				if err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	return <-failures
}

func writeRequest(st *Store, text string, i int) (string, error) {
	sum := ""
	if i%4 == 0 {
		b, err := st.PutBlob(strings.NewReader(strings.Repeat(text, 50)), 0)
		if err != nil {
			return "", err
		}
		sum = b.Sum
	}
	onPurpose := fmt.Errorf("on purpose")
	var written *request
	write := func(fail bool) error {
		return st.Update(By{Via: door.API, Act: act.Open}, func(tx *Tx) error {
			r := &request{Subject: text}
			if err := requests.Put(tx, r); err != nil {
				return err
			}
			l := &line{Request: r.ID, Text: strings.Repeat(text+" ", 30)}
			if err := lines.Put(tx, l); err != nil {
				return err
			}
			if sum != "" {
				r.Files = 1
				if err := papers.Put(tx, &paper{Request: r.ID, Lines: []uint64{l.ID}, Sum: sum}); err != nil {
					return err
				}
				if err := requests.Put(tx, r); err != nil {
					return err
				}
			}
			if fail {
				return onPurpose
			}
			written = r
			return nil
		})
	}
	if i%7 == 3 {
		if err := write(true); err != onPurpose {
			return "", fmt.Errorf("failed with %w", err)
		}
	}
	if err := write(false); err != nil {
		return "", err
	}
	if i%3 == 0 {
		err := st.Update(By{Via: door.API, Act: act.Take}, func(tx *Tx) error {
			r, err := requests.Get(tx, written.ID)
			if err != nil {
				return err
			}
			r.Open = true
			written = r
			return requests.Put(tx, r)
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d|%t|%s|%s", written.ID, written.Open, sum, text), nil
}

// TestCrash kills a writing process again and again at random moments, on one folder, and demands of what is there
// after each: it opens, Check finds nothing, and every row that was acknowledged is there as it was acknowledged.
// SPORTELLO_CRASHES says how often; a kill does not lose what the kernel has, so it proves order and not sync.
func TestCrash(t *testing.T) { killed(t, "write") }

// killed is TestCrash with a child that plays so.
func killed(t *testing.T, play string) {
	t.Helper()
	crashes := 12
	if s := os.Getenv("SPORTELLO_CRASHES"); s != "" {
		var err error
		crashes, err = strconv.Atoi(s)
		must(t, err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("%d crashes, seed %d", crashes, seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	acknowledged := map[uint64]string{}
	for n := range crashes {
		if n%40 == 39 {
			dir, acknowledged = t.TempDir(), map[uint64]string{} // else the looking takes ever longer
		}
		for id, line := range crash(t, play, dir, r) {
			if acknowledged[id] != "" {
				t.Fatalf("number %d was given twice", id)
			}
			acknowledged[id] = line
		}
		lookAfterCrash(t, dir, acknowledged)
	}
	if len(acknowledged) == 0 && crashes > 0 {
		t.Error("nothing was ever written")
	}
}

// crash lets a child write, kills it and returns what it acknowledged.
func crash(t *testing.T, play, dir string, r *rand.Rand) map[uint64]string {
	t.Helper()
	cmd := child(t, play, dir)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewReader(stdout)
	if line, err := lines.ReadString('\n'); err != nil || line != "begins\n" {
		_ = cmd.Wait()
		t.Fatalf("the child says %q, %v: %s", line, err, &complaints)
	}
	moment := time.AfterFunc(time.Duration(r.Int64N(int64(120*time.Millisecond))), func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
	defer moment.Stop()
	out := map[uint64]string{}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what stands after the last line end was not acknowledged
		}
		number, _, _ := strings.Cut(line, "|")
		id, err := strconv.ParseUint(number, 10, 64)
		must(t, err)
		out[id] = strings.TrimSuffix(line, "\n")
	}
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended by itself: %v %s", cmd.ProcessState, &complaints)
	}
	return out
}

func lookAfterCrash(t *testing.T, dir string, acknowledged map[uint64]string) {
	t.Helper()
	st, err := tested.Open(dir, quick)
	must(t, err)
	defer st.Close()
	sound(t, st)
	must(t, st.View(func(tx *Tx) error {
		for id, line := range acknowledged {
			r, err := requests.Get(tx, id)
			if err != nil {
				return fmt.Errorf("acknowledged %s: %w", line, err)
			}
			sum := ""
			files, err := papersByRequest.Find(tx, id)
			if err != nil {
				return err
			}
			if len(files) == 1 {
				sum = files[0].Sum
			}
			if got := fmt.Sprintf("%d|%t|%s|%s", id, r.Open, sum, r.Subject); got != line {
				t.Errorf("acknowledged %s, there is %s", line, got)
			}
			under, err := linesByRequest.Find(tx, id)
			if err != nil {
				return err
			}
			if len(under) != 1 || len(files) != r.Files {
				t.Errorf("request %d has %d lines and %d papers", id, len(under), len(files))
			}
		}
		// Nothing is half there: each request has its line, each line its request.
		if requests, lines := countRows(tx, requests), countRows(tx, lines); requests != lines {
			t.Errorf("%d requests, %d lines", requests, lines)
		}
		return nil
	}))
	for _, left := range halfWritten(t, st) {
		must(t, os.Remove(dir+"/blob/new/"+left.Name()))
	}
}

func countRows[T any](tx *Tx, table *Table[T]) int {
	n := 0
	c := tx.bucket(table.name, "rows").Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		n++
	}
	return n
}
