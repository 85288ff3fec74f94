package db

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sportello/store/act"
	"sportello/store/fault"
)

// TestAFullDisk runs in a child whose files the kernel lets grow no further: the honest way to make writes fail in the
// middle of a commit. What a sync reports cannot be made to fail like this; it takes the same road in the code.
func TestAFullDisk(t *testing.T) {
	out, err := child(t, "fault", t.TempDir()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func playFault(dir string) error {
	// Without this the kernel's signal ends the process before write returns its error.
	signal.Ignore(syscall.SIGXFSZ)
	st, err := tested.Open(dir, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	n := uint64(0)
	put := func() (uint64, error) {
		var id uint64
		err := st.Update(By{Act: act.Change}, func(tx *Tx) error {
			row := &item{Group: n, Secret: strings.Repeat("s", 3000)}
			err := items.Put(tx, row)
			id = row.ID
			return err
		})
		return id, err
	}
	acknowledged := map[uint64]uint64{}
	for range 20 {
		id, err := put()
		if err != nil {
			return err
		}
		acknowledged[id] = n
		n++
	}
	// No byte at all; only the two meta pages; into the middle of what is used.
	for _, limit := range []uint64{0, 8192, 40000} {
		n++
		if err := limitFiles(limit); err != nil {
			return err
		}
		var failed error
		for range 50 {
			if _, failed = put(); failed != nil {
				break
			}
			n++
		}
		if fault.KindOf(failed) != fault.Unavailable {
			return fmt.Errorf("limit %d: an update ended with %v", limit, failed)
		}
		if st.Fault() == nil {
			return fmt.Errorf("limit %d: no fault is named", limit)
		}
		var wg sync.WaitGroup
		refused := make([]error, 8)
		for i := range refused {
			wg.Go(func() { _, refused[i] = put() })
		}
		wg.Wait()
		for _, err := range refused {
			if fault.KindOf(err) != fault.Unavailable {
				return fmt.Errorf("limit %d: during the fault an update ended with %v", limit, err)
			}
		}
		if _, err := st.PutBlob(strings.NewReader(strings.Repeat("x", 100000)), 0); fault.KindOf(err) != fault.Unavailable {
			return fmt.Errorf("limit %d: a blob ended with %v", limit, err)
		}
		// Until a repair was tried in vain, which names the fault anew: reading goes on all the while.
		first := st.fault.Load()
		if err := until(func() (bool, error) {
			return st.fault.Load() != first, st.View(func(tx *Tx) error { return present(tx, acknowledged) })
		}); err != nil {
			return fmt.Errorf("limit %d: reading during the fault: %w", limit, err)
		}
		if err := limitFiles(unlimited); err != nil {
			return err
		}
		if err := until(func() (bool, error) { return st.Fault() == nil, nil }); err != nil {
			return fmt.Errorf("limit %d: after it was lifted: %w", limit, err)
		}
		id, err := put()
		if err != nil {
			return fmt.Errorf("limit %d: writing again: %w", limit, err)
		}
		acknowledged[id] = n
		if err := st.View(func(tx *Tx) error { return present(tx, acknowledged) }); err != nil {
			return fmt.Errorf("limit %d: %w", limit, err)
		}
		if findings := st.Check(); len(findings) > 0 {
			return fmt.Errorf("limit %d: %v", limit, findings)
		}
	}
	if err := st.Close(); err != nil {
		return err
	}
	if st, err = tested.Open(dir, Options{}); err != nil {
		return err
	}
	if findings := st.Check(); len(findings) > 0 {
		return fmt.Errorf("opened again: %v", findings)
	}
	return errors.Join(st.View(func(tx *Tx) error { return present(tx, acknowledged) }), st.Close())
}

func present(tx *Tx, want map[uint64]uint64) error {
	for id, group := range want {
		row, err := items.Get(tx, id)
		if err != nil {
			return err
		}
		if row.Group != group {
			return fmt.Errorf("row %d is of group %d, want %d", id, row.Group, group)
		}
	}
	return nil
}

// unlimited is the hard limit that the process began with.
const unlimited = ^uint64(0)

func limitFiles(bytes uint64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	l.Cur = min(bytes, l.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
}

// until asks again and again, for a repair that goes on in the background, and gives up after a minute.
func until(done func() (bool, error)) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-end:
			return errors.New("waited a minute in vain")
		}
	}
}

// TestPagesThatCannotBeReadEndNothing takes the end of the file away beneath a running store: reading it gives what a
// disk gives that fails, a fault of memory. It is no way to treat a file, but the only one that needs no broken disk.
func TestPagesThatCannotBeReadEndNothing(t *testing.T) {
	st := fresh(t, quick)
	put := func(n int) error {
		return st.Update(By{Act: act.Change}, func(tx *Tx) error {
			return items.Put(tx, &item{Group: uint64(n), Secret: strings.Repeat("s", 3000)})
		})
	}
	for n := range 100 {
		must(t, put(n))
	}
	read := func() error {
		return st.View(func(tx *Tx) error {
			for _, err := range items.All(tx, 0, false) {
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, read())
	whole, err := os.ReadFile(st.path())
	must(t, err)
	must(t, os.Truncate(st.path(), int64(4*os.Getpagesize())))
	wantKind(t, read(), fault.Unavailable, "error.disk")
	for n := range 3 {
		wantKind(t, put(n), fault.Unavailable, "error.disk")
	}
	must(t, until(func() (bool, error) { return fault.KindOf(read()) == fault.Unavailable, nil }))
	must(t, os.WriteFile(st.path(), whole, 0o600))
	must(t, until(func() (bool, error) { return st.Fault() == nil && read() == nil, nil }))
	must(t, put(1))
}
