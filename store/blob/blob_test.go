package blob

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWhatIsJustBeingSentIsNeverRemoved holds the lock that Put holds while it gives the bytes their name.
func TestWhatIsJustBeingSentIsNeverRemoved(t *testing.T) {
	f, err := Open(filepath.Join(t.TempDir(), "blob"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Put(strings.NewReader("sent again after a long time"), 0)
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(f.Path(b.Sum), old, old.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		if f.Remove(b.Sum, old) {
			t.Error("removed")
		}
	})
	for range 10000 { // leave it every occasion to go wrong
		if f.Has(b.Sum) != nil {
			break
		}
		runtime.Gosched()
	}
	now := time.Now()
	if err := os.Chtimes(f.Path(b.Sum), now, now); err != nil {
		t.Errorf("removed while it was being sent: %v", err)
	}
	f.mu.Unlock()
	sweeper.Wait()
}

// TestOnlySumsReachTheDisk: whatever else is asked for is not there.
func TestOnlySumsReachTheDisk(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(filepath.Join(dir, "blob"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sum := range []string{"", "..", "../secret", "ne/w", strings.Repeat("A", 64), strings.Repeat("0", 63), strings.Repeat("../", 21) + "a"} {
		if _, err := f.Get(sum); !os.IsNotExist(err) {
			t.Errorf("Get(%q): %v", sum, err)
		}
		if f.Has(sum) == nil {
			t.Errorf("Has(%q)", sum)
		}
	}
}
