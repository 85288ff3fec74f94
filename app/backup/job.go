package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"sportello/app/listen"
	"sportello/app/words"
	"sportello/search"
	"sportello/store/db"
)

// Job makes the backups of a running desk, on schedule or when asked, and knows their state.
type Job struct {
	Plan
	Data     string // the data folder
	Program  string // the release that makes the backups
	Settings string // the configuration without its secrets
	Store    *db.Store
	Index    *search.Index
	Now      func() time.Time
	Zone     *time.Location
	Log      *slog.Logger
	Ran      func(took time.Duration) // called after each scheduled backup
	Failed   func(err error)          // called after each scheduled attempt that failed

	mu       sync.Mutex
	running  time.Time // when the current backup started; zero when none is running
	newest   *Manifest
	name     string
	all      int
	broken   []string // names of backups that cannot be used
	lookErr  error    // the error of reading the folder
	failed   error    // the error of the last attempt
	failedAt time.Time
	attempts int       // consecutive failed attempts
	made     time.Time // when this process last made one
}

// State is what the desk knows about its scheduled backups.
type State struct {
	Newest  *Manifest // nil when there is none
	Kept    int       // number of usable backups
	Running time.Time // when the current backup started; zero when none is running
	Due     time.Time // when the next one is due; not after now: at once
	Wrong   string    // the problem with them, in English; empty when there is none
}

const (
	jobTick    = 30 * time.Second // how often the job checks whether a backup is due
	retryFirst = 5 * time.Minute
	retryMost  = time.Hour
)

// retry returns how long to wait after a number of failed attempts.
func retry(attempts int) time.Duration {
	wait := retryFirst
	for range attempts - 1 {
		if wait *= 2; wait >= retryMost {
			return retryMost
		}
	}
	return wait
}

// State returns the state of the backups.
func (b *Job) State() State {
	now := b.Now()
	s := State{Due: b.due(now), Wrong: b.wrong(now)}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Newest, s.Kept, s.Running = b.newest, b.all, b.running
	return s
}

// Look reads the list of backups.
func (b *Job) Look() {
	all, err := Folder{Path: b.Path}.List()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.newest, b.name, b.all, b.broken, b.lookErr = nil, "", 0, nil, err
	for _, e := range all {
		switch {
		case e.Err != nil:
			b.broken = append(b.broken, e.Name)
			continue
		case b.newest == nil:
			b.newest, b.name = e.Manifest, e.Name
		}
		b.all++
	}
}

// due returns when the next backup is due; a time not after now means at once.
func (b *Job) due(now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		if next := b.failedAt.Add(retry(b.attempts)); b.failedAt.Before(now.Add(retryMost)) {
			return next
		}
		return now // the clock was set back
	}
	last := b.made
	if b.newest != nil && b.newest.At.After(last) && b.newest.At.Before(now.Add(time.Hour)) {
		last = b.newest.At // a time in the future means nothing: the clock was set back
	}
	if last.IsZero() || last.After(now.Add(time.Hour)) {
		return now
	}
	return b.After(last, b.Zone)
}

// Run makes a backup whenever one is due, including one missed while the desk was not running. It retries a failed
// attempt later itself and returns only when ctx ends.
func (b *Job) Run(ctx context.Context) error {
	t := time.NewTicker(jobTick)
	defer t.Stop()
	for {
		b.Look()
		if now := b.Now(); !b.due(now).After(now) {
			b.make(ctx)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// make makes the backup that is due.
func (b *Job) make(ctx context.Context) {
	b.mu.Lock()
	b.running = b.Now()
	b.mu.Unlock()
	m, err := b.Make(ctx, b.Path, nil)
	if err == nil {
		b.Log.Info("backup made", "path", b.Path, "took", m.Took, "bytes", m.Bytes(), "new_files", m.NewFiles)
	}
	if ctx.Err() != nil {
		err = nil // interrupted because the desk stops: the next start makes it
	}
	if err != nil {
		b.Log.Error("backup failed", "path", b.Path, "err", err)
	}
	b.Look()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = time.Time{}
	if err != nil {
		b.failed, b.failedAt = err, b.Now()
		b.attempts++
		b.Failed(err)
		return
	}
	b.failed, b.attempts = nil, 0
	if m != nil {
		b.made = m.At
		b.Ran(time.Duration(m.Took * float64(time.Second)))
	}
}

// Make makes one backup in the folder. In the folder of the plan it also removes the backups that need not be kept.
func (b *Job) Make(ctx context.Context, path string, progress func(done, total int64)) (*Manifest, error) {
	to, err := b.Recipients()
	if err != nil {
		return nil, err
	}
	if err := b.room(path, len(to) > 0); err != nil {
		return nil, err
	}
	folder := Folder{Path: path}
	p := &prover{store: b.Store, index: b.Index}
	m, err := folder.Make(ctx, Source{Store: b.Store, Program: b.Program, Config: b.Settings, Recipients: to, Named: b.AgeRecipients,
		Rate: int64(b.RateMB) * 1e6, Log: b.Log, Look: p.look, Proof: p.ask, Progress: progress})
	if err != nil || path != b.Path {
		return m, err
	}
	removed, err := folder.Keep(Rule{Daily: b.KeepDaily, Weekly: b.KeepWeekly, Monthly: b.KeepMonthly}, b.Zone)
	if len(removed) > 0 {
		b.Log.Info("old backups removed", "path", path, "names", removed)
	}
	if err != nil && !errors.Is(err, ErrBusy) {
		return m, fmt.Errorf("the backup is made, but old ones could not be removed: %w", err)
	}
	return m, nil
}

// room returns an error when a backup would fill the data disk: a desk that cannot write is worse than a missing
// backup.
func (b *Job) room(to string, aside bool) error {
	data := b.Data
	info, err := os.Stat(filepath.Join(data, "desk.db"))
	if err != nil {
		return fmt.Errorf("backup: look for room: %w", err)
	}
	need := int64(0)
	if aside {
		need += info.Size() // the copy of the rows before they are encrypted
	}
	for ; ; to = filepath.Dir(to) { // the folder may not exist yet
		if _, err := os.Stat(to); err == nil || to == filepath.Dir(to) {
			break
		}
	}
	if SameDisk(data, to) {
		need += info.Size()
	}
	if free, _, known := listen.DiskSpace(data); known && need > 0 && free < need+roomLeft {
		return fmt.Errorf("the backup needs %s on the disk of the data, where %s are free: make room, or have backups on another disk", words.Size("en", need+roomLeft), words.Size("en", free))
	}
	return nil
}

// roomLeft is how many bytes a backup leaves free on the data disk.
const roomLeft = 256 << 20

// SameDisk reports whether both paths are on the same file system.
func SameDisk(a, b string) bool {
	var x, y syscall.Stat_t
	return syscall.Stat(a, &x) == nil && syscall.Stat(b, &y) == nil && x.Dev == y.Dev
}

// wrong describes the problem with the backups, empty when there is none.
func (b *Job) wrong(now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.Scheduled():
		return ""
	case b.failed != nil:
		return fmt.Sprintf("the backup at %s failed: %v", b.failedAt.Format(time.DateTime), b.failed)
	case b.lookErr != nil:
		return b.lookErr.Error()
	case b.newest == nil:
		if b.running.IsZero() {
			return "there is no backup yet in " + b.Path
		}
	case now.Sub(b.newest.At) > b.Late() && b.running.IsZero():
		return fmt.Sprintf("the newest backup is of %s", b.newest.At.Local().Format(time.DateTime))
	case len(b.broken) > 0:
		return fmt.Sprintf("%d backups cannot be read, the first is %s", len(b.broken), b.broken[0])
	}
	return ""
}
