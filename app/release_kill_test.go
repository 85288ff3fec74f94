package app_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/desk/policy"
	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
)

// TestTellingFiveThousandOutlivesKills kills a serving process with SIGKILL at random moments while 5,000 people of 500
// organisations are told of an update. After each the data check is clean; in the end each has one notice and one letter, and
// each place one receipt.
func TestTellingFiveThousandOutlivesKills(t *testing.T) {
	const organisations, each = 500, 10
	d := newKilledDesk(t, "[smtp]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nfrom = \"csa@desk.example\"\n")
	d.open(func(a *app.App) {
		must(t, a.Store.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
			for i := range organisations {
				o := &store.Organisation{Code: fmt.Sprint("ente-", i), Name: fmt.Sprint("Ente ", i)}
				if err := store.Organisations.Put(tx, o); err != nil {
					return err
				}
				for n := range each {
					p := &store.Person{Email: fmt.Sprintf("r%d@ente%d.example", n, i), Name: "Referente", Affiliations: []store.Affiliation{{Organisation: o.ID, Coordinator: true}}}
					if err := store.People.Put(tx, p); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		_, err := a.Desk.Releases.SaveOut(policy.Actor{Via: door.Command, System: true}, release.Form{Modules: []string{"csa"}, Version: "24.1", Title: store.Words{IT: "Per tutti"}, Audience: release.Audience{All: true}})
		must(t, err)
	})
	told := func(a *app.App) (notices, letters map[uint64]int, receipts int, done bool) {
		must(t, a.Store.View(func(tx *db.Tx) error {
			notices, letters, receipts = map[uint64]int{}, map[uint64]int{}, 0
			for n, err := range store.NoticesByRelease.Rows(tx, db.Span{Prefix: key.Of(uint64(1))}) {
				if err != nil {
					return err
				}
				notices[n.Person]++
			}
			for l, err := range store.LettersByRelease.Rows(tx, db.Span{Prefix: key.Of(uint64(1))}) {
				if err != nil {
					return err
				}
				letters[l.Person]++
			}
			for range store.ReceiptsByPlace.Entries(tx, db.Span{Prefix: key.Of(uint64(1))}) {
				receipts++
			}
			round, err := store.Rounds.Get(tx, 1)
			done = err == nil && !round.Done.IsZero()
			return err
		}))
		return notices, letters, receipts, done
	}
	middle := 0
	for range 20 {
		d.serveAndKill(0, 150*time.Millisecond)
		var notices map[uint64]int
		var receipts int
		done := false
		d.open(func(a *app.App) { notices, _, receipts, done = told(a) })
		t.Logf("after a kill: %d receipts, %d notices", receipts, len(notices))
		if !done && receipts+len(notices) > 0 {
			middle++
		}
		if done || middle > 5 {
			break
		}
	}
	if middle == 0 {
		t.Error("no kill came in the middle")
	}
	d.open(func(a *app.App) {
		for more := true; more; {
			var err error
			more, err = a.Desk.Releases.Step()
			must(t, err)
		}
		notices, letters, receipts, done := told(a)
		if len(notices) != organisations*each || len(letters) != organisations*each || receipts != organisations || !done {
			t.Errorf("%d have notices, %d letters, there are %d receipts, done %v", len(notices), len(letters), receipts, done)
		}
		for _, of := range []map[uint64]int{notices, letters} {
			for p, n := range of {
				if n != 1 {
					t.Errorf("person %d was told %d times", p, n)
				}
			}
		}
	})
}

// TestAFileOfAnUpdateThatFillsTheDisk sends more than a disk of memory has, which only a process of its own sees.
func TestAFileOfAnUpdateThatFillsTheDisk(t *testing.T) {
	if dir := os.Getenv("FULL_RELEASE_TEST"); dir != "" {
		fullRelease(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAFileOfAnUpdateThatFillsTheDisk$", "-test.v")
	dir := t.TempDir()
	cmd.Env = append(os.Environ(), "FULL_RELEASE_TEST="+dir, "TMPDIR="+dir)
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

func fullRelease(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=96m"); err != nil {
		fmt.Println("no disk:", err)
		return
	}
	d := newReleaseDesk(t)
	path := d.draft("24.05", box{"organisations": []string{"ateneo"}})
	room := func() int64 {
		var s syscall.Statfs_t
		must(t, syscall.Statfs(dir, &s))
		return int64(s.Bavail) * s.Bsize
	}
	before := room()
	r, err := http.NewRequest("POST", d.url+"/api/v1"+path+"/files?name=grande.bin", readCloser{&steady{200 << 20, io.EOF}})
	must(t, err)
	r.Header, r.ContentLength = d.agent.header.Clone(), 200<<20
	got, err := http.DefaultTransport.RoundTrip(r)
	must(t, err)
	said, err := io.ReadAll(got.Body)
	must(t, err)
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(said), "disco") {
		t.Errorf("a full disk is answered with %d %s", got.StatusCode, said)
	}
	if read := d.mustCall(d.agent, "GET", path, nil, http.StatusOK); len(read["files"].([]any)) != 0 {
		t.Errorf("it left %v", read["files"])
	}
	if after := room(); before-after > 8<<20 {
		t.Errorf("%d MiB are gone", (before-after)>>20)
	}
	if got := d.send(d.agent, path, "piccolo.zip", "intero"); got.status != http.StatusCreated {
		t.Errorf("afterwards: %d %s", got.status, got.body)
	}
}

// TestABigFileOfAnUpdateTakesNoMemory sends a file and fetches it again, in one piece and going on after nine tenths:
// what is allocated does not grow with the file. SPORTELLO_BIG_MIB says how large it is; make bench takes 1,945.
func TestABigFileOfAnUpdateTakesNoMemory(t *testing.T) {
	size := int64(64) << 20
	if s := os.Getenv("SPORTELLO_BIG_MIB"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		must(t, err)
		size = n << 20
	}
	d := newReleaseDesk(t)
	path := d.draft("24.05", box{"organisations": []string{"ateneo"}})
	measured := func(what string, do func()) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		do()
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		allocated := int64(after.TotalAlloc - before.TotalAlloc)
		if allocated > 16<<20 {
			t.Errorf("%s: %d MiB were allocated for %d MiB", what, allocated>>20, size>>20)
		}
		t.Logf("%s: %d MiB in %.1f s, %d MiB/s, %d MiB allocated in all, heap %d MiB", what, size>>20, took.Seconds(), int64(float64(size>>20)/took.Seconds()), allocated>>20, after.HeapInuse>>20)
	}
	measured("up", func() {
		r, err := http.NewRequest("POST", d.url+"/api/v1"+path+"/files?name=grande.bin", readCloser{&steady{size, io.EOF}})
		must(t, err)
		r.Header, r.ContentLength = d.agent.header.Clone(), size
		got, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		must(t, got.Body.Close())
		if got.StatusCode != http.StatusCreated {
			t.Fatal(got.Status)
		}
	})
	for what, from := range map[string]int64{"down": 0, "the last tenth": size / 10 * 9} {
		measured(what, func() {
			r, err := http.NewRequest("GET", d.url+"/api/v1"+path+"/files/grande.bin", http.NoBody)
			must(t, err)
			r.Header = d.agent.header.Clone()
			if from > 0 {
				r.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
			}
			got, err := http.DefaultTransport.RoundTrip(r)
			must(t, err)
			n, err := io.Copy(io.Discard, got.Body)
			must(t, err)
			must(t, got.Body.Close())
			if n != size-from || got.StatusCode >= 300 {
				t.Errorf("%s: %d bytes of %d, %s", what, n, size-from, got.Status)
			}
		})
	}
}
