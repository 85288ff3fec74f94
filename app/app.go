// Package app puts the parts of a desk together: it opens them in one order and closes them in the reverse.
//
//	app.go     App: what a desk is made of
//	serve.go   listening, serving and stopping
//	jobs.go    all background work, supervised
//	doors.go   every address
//
// Package desk decides what may be done and by whom. Package web turns requests into calls of its methods, and package command
// starts everything. The tests in this folder run the whole process and see what its users see.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"
	_ "time/tzdata" // a bare machine, or an empty image, has no time zones of its own

	"sportello/app/backup"
	"sportello/app/config"
	"sportello/app/delivery"
	"sportello/app/desk"
	"sportello/app/desk/plan"
	"sportello/app/listen"
	"sportello/app/watch"
	"sportello/app/web"
	"sportello/app/web/live"
	"sportello/app/words"
	"sportello/assets"
	"sportello/search"
	"sportello/store"
	"sportello/store/db"
)

// App is one desk with its HTTP server. Open creates it, Run serves until its context ends, Close ends it.
type App struct {
	Config  config.Config
	Log     *slog.Logger
	Store   *db.Store
	Index   *search.Index
	Desk    *desk.Desk
	Words   *words.Dictionary
	Watch   *watch.Watch
	Mail    *delivery.Delivery
	Backups *backup.Job
	Site    *web.Site

	// Beside, if set, is opened when the desk starts to serve and closed when it stops. It takes the commands of other
	// processes.
	Beside func(*App) (io.Closer, error)

	presence *live.Presence
	work     context.Context // ends when requests have had their time to finish
	endWork  context.CancelFunc
	live     context.Context // ends first; streams use it
	endLive  context.CancelFunc
	stopping atomic.Bool
	crash    *os.File
}

// Open opens the data folder of the configuration and all parts that use it. It creates a new folder with the built-in
// catalogue. It serves nothing yet. Close ends the parts in the reverse order.
func Open(cfg config.Config, log *slog.Logger) (*App, error) {
	a, err := OpenDesk(cfg, log)
	if err != nil {
		return nil, err
	}
	if err := a.Site.Open(assetsOf(cfg), a.routes()); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	for _, f := range watch.Permissions(cfg) {
		if f.Level == watch.Wrong {
			a.Log.Warn("permissions: "+f.Text, "do", f.Do)
		}
	}
	return a, nil
}

// OpenDesk opens everything except the HTTP server: enough for a command that runs alone.
func OpenDesk(cfg config.Config, log *slog.Logger) (*App, error) {
	if log == nil {
		log = slog.Default()
	}
	a := &App{Config: cfg, presence: &live.Presence{},
		Watch: &watch.Watch{Config: cfg, Commits: watch.NewCommits(), Jobs: watch.NewJobs(cfg.Now), Troubles: watch.NewTroubles(cfg.Now)}}
	a.Log = a.Watch.Troubles.Logger(log)
	a.work, a.endWork = context.WithCancel(context.Background())
	a.live, a.endLive = context.WithCancel(context.Background())
	if err := a.open(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) open() error {
	zone, err := time.LoadLocation(a.Config.TimeZone)
	if err != nil {
		return fmt.Errorf("app: load time zone: %w", err)
	}
	if a.Store, err = store.Open(a.Config.DataFolder(), db.Options{Log: a.Log, Space: listen.DiskSpace, Clock: a.Config.Now, NoSync: a.Config.Trial.NoSync, Prove: a.Config.Trial.Twice,
		Committed: a.Watch.Commits.Note}); err != nil {
		return err
	}
	a.openCrashFile()
	a.Index = search.Open(filepath.Join(a.Config.DataFolder(), "index"), a.Store, search.Options{Log: a.Log, Location: zone, Plans: plan.Texts(a.Store, zone)})
	a.Desk = desk.New(desk.Options{Store: a.Store, Search: a.Index, Log: a.Log, Location: zone, MaxFile: int64(a.Config.MaxFileMB) << 20,
		Free: func() (int64, bool) {
			free, _, known := listen.DiskSpace(a.Config.DataFolder())
			return free, known
		},
		Say:        func(lang, key string, args ...any) string { return a.Words.Text(lang, key, args...) },
		MissMonths: a.Config.MissesMonths})
	a.Backups = &backup.Job{Plan: a.Config.Backup, Data: a.Config.DataFolder(), Program: watch.Version(), Settings: a.Config.Redacted(), Store: a.Store, Index: a.Index,
		Now: a.Desk.Now, Zone: zone, Log: a.Log, Ran: func(took time.Duration) { a.Watch.Jobs.Ran("backup", took) }, Failed: func(err error) { a.Watch.Jobs.Failed("backup", err) }}
	w := a.Watch
	w.Store, w.Index, w.Now, w.HasAdministrator, w.Backups = a.Store, a.Index, a.Desk.Now, a.Desk.People.HasAdministrator, a.Backups
	w.VerifyAudit = a.Desk.Audits.Verify
	if err := w.Begin(); err != nil {
		return err
	}
	if a.Words, err = words.Load(assetsOf(a.Config), a.Log); err != nil {
		return err
	}
	a.Site = &web.Site{Config: a.Config, Log: a.Log, Store: a.Store, Index: a.Index, Desk: a.Desk, Words: a.Words, Watch: a.Watch, Work: a.work, Live: a.live, Stopping: &a.stopping}
	a.Mail = &delivery.Delivery{Config: a.Config, Log: a.Log, Store: a.Store, Desk: a.Desk, Words: a.Words, Base: a.Site.BaseURL}
	w.Parts = append(w.Parts, a.Mail.Part())
	if err := a.Mail.Open(); err != nil {
		return err
	}
	if err := a.Desk.Catalogue.Seed(a.work); err != nil {
		return fmt.Errorf("app: seed the desk: %w", err)
	}
	if err := a.Desk.Templates.Seed(a.work); err != nil {
		return fmt.Errorf("app: write the built-in templates: %w", err)
	}
	return nil
}

// openCrashFile makes the runtime write its last words to a file in the data folder too, because standard error is often lost.
func (a *App) openCrashFile() {
	f, err := os.OpenFile(filepath.Join(a.Config.DataFolder(), "crash.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		err = debug.SetCrashOutput(f, debug.CrashOptions{})
		a.crash = f
	}
	if err != nil {
		a.Log.Warn("no crash file", "err", err)
	}
}

// Close ends what Open began, in reverse. It may be called on an App that failed to open.
func (a *App) Close() error {
	a.stopping.Store(true)
	a.endLive()
	a.endWork()
	var errs []error
	if a.Index != nil {
		errs = append(errs, a.Index.Close())
	}
	if a.Store != nil {
		errs = append(errs, a.Store.Close())
	}
	if a.crash != nil {
		errs = append(errs, debug.SetCrashOutput(nil, debug.CrashOptions{}), a.crash.Close())
	}
	return errors.Join(errs...)
}

// assetsOf returns the files for pages and letters: those in the program, or a folder during development.
func assetsOf(cfg config.Config) fs.FS {
	if cfg.Trial.Reload != "" {
		return os.DirFS(cfg.Trial.Reload)
	}
	return assets.FS
}
