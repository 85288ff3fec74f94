package search

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// TestAFullDiskIsAClearStateAndEndsWithTheRoom builds an index on a disk that is too small for it. The disk is one of
// memory, seen only by a process of its own.
func TestAFullDiskIsAClearStateAndEndsWithTheRoom(t *testing.T) {
	if dir := os.Getenv("SPORTELLO_SEARCH_FULL"); dir != "" {
		fullDisk(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAFullDisk", "-test.v")
	cmd.Env = append(os.Environ(), "SPORTELLO_SEARCH_FULL="+t.TempDir())
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
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f := &fixture{t: t, dir: dir}
	if err := os.MkdirAll(f.indexDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	room := func(flags uintptr, kb int) error {
		return syscall.Mount("tmpfs", f.indexDir(), "tmpfs", flags, fmt.Sprintf("size=%dk", kb))
	}
	if err := room(0, 700); err != nil {
		fmt.Println("no disk:", err)
		return
	}
	st, err := store.Open(dir, db.Options{NoSync: true, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	f.st = st
	f.people()
	f.start()
	defer f.close()
	first := f.ticket(store.Ticket{Subject: "prova"}, "la prima")
	f.wants(f.all(), "prova", ids("t", first))

	size := f.fillTickets(1000)
	f.until("the disk to be full", func() bool { return f.ix.State().State == Failed })
	if s := f.ix.State(); !strings.Contains(s.Err, "no space left") {
		t.Errorf("of %d bytes the index says %+v", size, s)
	}
	// What was there before is still found, or search says that it cannot; the store does not notice.
	if res, err := f.ix.Search(context.Background(), Query{Text: "prova", Access: f.all()}); fault.KindOf(err) != fault.Unavailable && (err != nil || res.Total != 1) {
		t.Errorf("on a full disk: %d, %v", res.Total, err)
	}
	last := f.ticket(store.Ticket{Subject: "prova sul disco pieno"}, "x")
	if err := room(syscall.MS_REMOUNT, 90_000); err != nil {
		t.Fatal(err)
	}
	f.ix.Rebuild() // what the follower would do by itself some minutes later
	f.wants(f.all(), "prova", ids("t", first, last))
	if s := f.ix.State(); s.State == Failed {
		t.Errorf("with room again: %+v", s)
	}
}
