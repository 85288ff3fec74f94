package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"sportello/app/backup"
	"sportello/app/config"
	"sportello/app/listen"
	"sportello/app/words"
)

// backups is what the desk knows of the backups it makes by itself.
type backups struct {
	mu       sync.Mutex
	running  time.Time // since when one is being made; zero: none is
	newest   *backup.Manifest
	name     string
	all      int
	broken   []string // names of those that cannot be used
	lookErr  error    // the folder could not be read
	failed   error    // how the last attempt ended
	failedAt time.Time
	attempts int       // that failed one after the other
	made     time.Time // when this process last made one
}

const (
	backupTick = 30 * time.Second // how often is looked whether one is due
	retryFirst = 5 * time.Minute
	retryMost  = time.Hour
)

// retry is how long to wait after so many attempts that failed.
func retry(attempts int) time.Duration {
	wait := retryFirst
	for range attempts - 1 {
		if wait *= 2; wait >= retryMost {
			return retryMost
		}
	}
	return wait
}

// look reads what backups there are.
func (b *backups) look(folder backup.Folder) {
	all, err := folder.List()
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

// due returns when the next backup is to be made; what is not after now is due.
func (b *backups) due(cfg config.Backup, zone *time.Location, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		if next := b.failedAt.Add(retry(b.attempts)); b.failedAt.Before(now.Add(retryMost)) {
			return next
		}
		return now // the clock was put back
	}
	last := b.made
	if b.newest != nil && b.newest.At.After(last) && b.newest.At.Before(now.Add(time.Hour)) {
		last = b.newest.At // one from the future says nothing: the clock was put back
	}
	if last.IsZero() || last.After(now.Add(time.Hour)) {
		return now
	}
	return cfg.After(last, zone)
}

// runBackups makes a backup whenever one is due, and the one that was missed while the desk did not run. An attempt
// that fails is made again later; it is no reason to begin the work anew.
func (a *App) runBackups(ctx context.Context) error {
	t := time.NewTicker(backupTick)
	defer t.Stop()
	folder := backup.Folder{Path: a.cfg.Backup.Path}
	for {
		a.backups.look(folder)
		if now := a.desk.Now(); !a.backups.due(a.cfg.Backup, a.desk.Location(), now).After(now) {
			a.scheduledBackup(ctx, folder)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *App) scheduledBackup(ctx context.Context, folder backup.Folder) {
	b := a.backups
	b.mu.Lock()
	b.running = a.desk.Now()
	b.mu.Unlock()
	m, err := a.makeBackup(ctx, folder, nil)
	if err == nil {
		a.log.Info("backup made", "path", folder.Path, "took", m.Took, "bytes", m.Bytes(), "new_files", m.NewFiles)
	}
	if ctx.Err() != nil {
		err = nil // stopped with the desk: the next start makes it
	}
	if err != nil {
		a.log.Error("backup failed", "path", folder.Path, "err", err)
	}
	b.look(folder)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = time.Time{}
	if err != nil {
		b.failed, b.failedAt = err, a.desk.Now()
		b.attempts++
		a.jobLog.failed("backup", err)
		return
	}
	b.failed, b.attempts = nil, 0
	if m != nil {
		b.made = m.At
		a.jobLog.ran("backup", time.Duration(m.Took*float64(time.Second)))
	}
}

// makeBackup makes one backup and, in the folder of the configuration, removes those that need not be kept.
func (a *App) makeBackup(ctx context.Context, folder backup.Folder, progress func(done, total int64)) (*backup.Manifest, error) {
	cfg := a.cfg.Backup
	to, err := cfg.Recipients()
	if err != nil {
		return nil, err
	}
	if err := a.roomForBackup(folder.Path, len(to) > 0); err != nil {
		return nil, err
	}
	p := &prover{app: a}
	m, err := folder.Make(ctx, backup.Source{Store: a.st, Program: Version(), Config: a.cfg.Redacted(), Recipients: to, Named: cfg.AgeRecipients,
		Rate: int64(cfg.RateMB) * 1e6, Log: a.log, Look: p.look, Proof: p.ask, Progress: progress})
	if err != nil || folder.Path != cfg.Path {
		return m, err
	}
	removed, err := folder.Keep(backup.Rule{Daily: cfg.KeepDaily, Weekly: cfg.KeepWeekly, Monthly: cfg.KeepMonthly}, a.desk.Location())
	if len(removed) > 0 {
		a.log.Info("old backups removed", "path", folder.Path, "names", removed)
	}
	if err != nil && !errors.Is(err, backup.ErrBusy) {
		return m, fmt.Errorf("the backup is made, but old ones could not be removed: %w", err)
	}
	return m, nil
}

// roomForBackup refuses to begin what would fill the disk of the data: a desk that cannot write is worse than one
// without a new backup.
func (a *App) roomForBackup(to string, aside bool) error {
	data := a.cfg.DataFolder()
	info, err := os.Stat(filepath.Join(data, "desk.db"))
	if err != nil {
		return fmt.Errorf("app: back up: %w", err)
	}
	need := int64(0)
	if aside {
		need += info.Size() // a copy before it is encrypted
	}
	for ; ; to = filepath.Dir(to) { // the folder may have to be made yet
		if _, err := os.Stat(to); err == nil || to == filepath.Dir(to) {
			break
		}
	}
	if sameDisk(data, to) {
		need += info.Size()
	}
	if free, _, known := listen.DiskSpace(data); known && need > 0 && free < need+roomLeft {
		return fmt.Errorf("the backup needs %s on the disk of the data, where %s are free: make room, or have backups on another disk", words.Size("en", need+roomLeft), words.Size("en", free))
	}
	return nil
}

// roomLeft is what a backup leaves on the disk of the data for the desk.
const roomLeft = 256 << 20

// sameDisk reports whether both paths lie on one file system.
func sameDisk(a, b string) bool {
	var x, y syscall.Stat_t
	return syscall.Stat(a, &x) == nil && syscall.Stat(b, &y) == nil && x.Dev == y.Dev
}

// wrong says what is wrong with the backups, empty when nothing is.
func (b *backups) wrong(cfg config.Backup, now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !cfg.Scheduled():
		return ""
	case b.failed != nil:
		return fmt.Sprintf("the backup at %s failed: %v", b.failedAt.Format(time.DateTime), b.failed)
	case b.lookErr != nil:
		return b.lookErr.Error()
	case b.newest == nil:
		if b.running.IsZero() {
			return "there is no backup yet in " + cfg.Path
		}
	case now.Sub(b.newest.At) > cfg.Late() && b.running.IsZero():
		return fmt.Sprintf("the newest backup is of %s", b.newest.At.Local().Format(time.DateTime))
	case len(b.broken) > 0:
		return fmt.Sprintf("%d backups cannot be read, the first is %s", len(b.broken), b.broken[0])
	}
	return ""
}
