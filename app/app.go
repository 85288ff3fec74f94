// Package app is the process and its HTTP face: pages, API, background work, command line. It is the only importer of
// fiber and koanf. What may be done, and by whom, is the desk's to say; here requests become calls of its methods, and
// their results become pages.
//
//	app.go       start and stop, in one order
//	routes.go    every address
//	server.go    what surrounds each request; errors.go: what errors become
//	session.go   who acts, in which language; page.go, form.go, words.go, engine.go: how pages are made
//	NOUN.go      the pages of one noun: routes, handlers, view models
//	command*.go  the command line
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // a bare machine, or an empty image, has no time zones of its own

	"github.com/thejerf/suture/v4"

	"sportello/app/backup"
	"sportello/app/config"
	"sportello/app/delivery"
	"sportello/app/desk"
	"sportello/app/extract"
	"sportello/app/listen"
	"sportello/app/watch"
	"sportello/app/web"
	"sportello/app/web/live"
	"sportello/app/words"
	"sportello/assets"
	"sportello/search"
	"sportello/store"
)

// App is one desk with its HTTP face. Open makes it, Run serves until its context ends, Close ends it.
type App struct {
	*web.Site
	presence *live.Presence

	endWork context.CancelFunc
	endLive context.CancelFunc
	crash   *os.File

	mail    *delivery.Delivery
	backups *backup.Job
}

// How long stopping may take: what is running gets stopTime, background work that does not listen gets jobTime.
const (
	stopTime = 15 * time.Second
	jobTime  = 5 * time.Second
)

// Open opens the data folder of the configuration, making it with its built-in catalogue when it is new, and all that
// stands on it. Nothing is served yet. The order is the reverse of Close's.
func Open(cfg config.Config, log *slog.Logger) (*App, error) {
	a, err := openDesk(cfg, log)
	if err != nil {
		return nil, err
	}
	if err := a.Site.Open(assetsOf(a.Config), a.routes()); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	for _, f := range watch.Permissions(cfg) {
		if f.Level == watch.Wrong {
			a.Log.Warn("permissions: "+f.Text, "do", f.Do)
		}
	}
	return a, nil
}

// openDesk opens all but the HTTP face: enough for a command that works alone.
func openDesk(cfg config.Config, log *slog.Logger) (*App, error) {
	if log == nil {
		log = slog.Default()
	}
	a := &App{presence: &live.Presence{}, Site: &web.Site{Config: cfg, Watch: &watch.Watch{Config: cfg, Commits: watch.NewCommits(), Jobs: watch.NewJobs(cfg.Now), Troubles: watch.NewTroubles(cfg.Now)}}}
	a.Log = a.Watch.Troubles.Logger(log)
	a.Work, a.endWork = context.WithCancel(context.Background())
	a.Live, a.endLive = context.WithCancel(context.Background())
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
	if a.Store, err = store.Open(a.Config.DataFolder(), store.Options{Log: a.Log, Clock: a.Config.Now, NoSync: a.Config.NoSync,
		Committed: a.Watch.Commits.Note}); err != nil {
		return err
	}
	a.openCrashFile()
	a.Index = search.Open(filepath.Join(a.Config.DataFolder(), "index"), a.Store, search.Options{Log: a.Log, Location: zone})
	a.Desk = desk.New(desk.Options{Store: a.Store, Search: a.Index, Log: a.Log, Location: zone, MaxFile: int64(a.Config.MaxFileMB) << 20,
		Free: func() (int64, bool) {
			free, _, known := listen.DiskSpace(a.Config.DataFolder())
			return free, known
		},
		MissMonths: a.Config.MissesMonths})
	a.backups = &backup.Job{Plan: a.Config.Backup, Data: a.Config.DataFolder(), Program: watch.Version(), Settings: a.Config.Redacted(), Store: a.Store, Index: a.Index,
		Now: a.Desk.Now, Zone: zone, Log: a.Log, Ran: func(took time.Duration) { a.Watch.Jobs.Ran("backup", took) }, Failed: func(err error) { a.Watch.Jobs.Failed("backup", err) }}
	w := a.Watch
	w.Store, w.Index, w.Now, w.HasAdministrator, w.Backups = a.Store, a.Index, a.Desk.Now, a.Desk.HasAdministrator, a.backups
	if err := w.Begin(); err != nil {
		return err
	}
	if a.Words, err = words.Load(assetsOf(a.Config), a.Log); err != nil {
		return err
	}
	a.mail = &delivery.Delivery{Config: a.Config, Log: a.Log, Store: a.Store, Desk: a.Desk, Words: a.Words, Base: a.BaseURL}
	w.Parts = append(w.Parts, a.mail.Part())
	if err := a.mail.Open(); err != nil {
		return err
	}
	if err := a.Desk.Seed(a.Work); err != nil {
		return fmt.Errorf("app: seed the desk: %w", err)
	}
	return nil
}

// openCrashFile has the runtime write what it says at its end into the data folder too: standard error is often lost.
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
	a.Stopping.Store(true)
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

// Serving is told to whoever waits for it once requests are answered.
type Serving struct {
	Address string // what to open in a browser
	SetUp   string // the set-up link, empty once there is an administrator
}

// Run serves until the context ends, then stops in the reverse order of the start: streams, requests, background
// work. ready is called once, when requests are answered. The App is still to be closed.
func (a *App) Run(ctx context.Context, ready func(Serving)) error {
	watch.CollectSeldom()
	watch.LimitMemory(a.Config.MemoryLimitMB)
	ln, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	serving := Serving{Address: a.Address(ln.Addr())}
	if a.Origin == "" {
		a.Origin = serving.Address
		a.Secure = strings.HasPrefix(serving.Address, "https:")
	}
	sparing := listen.New(ln, a.Config.TLSCert != "", a.Log)
	sparing.Most, sparing.MostOf = listen.Most(a.Config.MaxConnections), a.Config.MaxConnectionsPerAddress
	sparing.Trusted = func(addr netip.Addr) bool { return addr.IsLoopback() || web.Within(addr, a.Proxies) }
	var inner net.Listener = sparing
	if a.Config.TLSCert != "" {
		certs, err := listen.OpenCertificate(a.Config.TLSCert, a.Config.TLSKey, a.Log)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		inner = listen.TLS{Listener: tls.NewListener(inner, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.Get})}
	} else if tcp, ok := ln.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		a.Log.Warn("serving plain http beyond this machine: put a proxy with https in front, or set tls_cert and tls_key", "listen", a.Config.Listen)
	}
	has, err := a.Desk.HasAdministrator()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	if !has {
		serving.SetUp = a.BaseURL() + "/set-up/" + a.Desk.Keeper().NewSetUp()
	}

	control, err := a.openControl()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	redirect, err := a.startRedirect()
	if err != nil {
		control.close()
		return errors.Join(err, ln.Close())
	}
	jobsCtx, endJobs := context.WithCancel(context.Background())
	defer endJobs()
	jobsDone := a.jobs().ServeBackground(jobsCtx)
	failed := make(chan error, 1)
	go func() { failed <- a.Fiber.Listener(inner) }()
	if ready != nil {
		ready(serving)
	}
	a.Log.Info("serving", "address", serving.Address, "listen", ln.Addr().String(), "data", a.Config.DataFolder())

	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("app: serve: %w", err)
	}

	a.Log.Info("stopping")
	a.Stopping.Store(true)
	a.endLive()
	stop, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if e := a.Fiber.ShutdownWithContext(stop); e != nil {
		a.Log.Warn("requests were cut off", "err", e)
	}
	_ = redirect.Close()
	control.close()
	a.endWork()
	endJobs()
	select {
	case <-jobsDone:
	case <-time.After(jobTime):
		a.Log.Warn("background work did not end in time")
	}
	return err
}

// job is background work that runs until its context ends and is begun again, later each time, when it fails.
type job struct {
	name string
	run  func(context.Context) error
	app  *App
}

func (j job) String() string { return j.name }

// Serve runs the work once. Suture makes a failure of a panic and begins anew.
func (j job) Serve(ctx context.Context) error {
	j.app.Watch.Jobs.Began(j.name)
	defer func() {
		if p := recover(); p != nil {
			j.app.Watch.Jobs.Failed(j.name, p)
			panic(p)
		}
	}()
	err := j.run(ctx)
	for ctx.Err() == nil && errors.Is(err, store.ErrUnavailable) && j.app.Store.Fault() != nil {
		// No fault of the work: it would fail again at once, and have all other work wait with it.
		j.app.Log.Warn("background work waits until the store can be written", "job", j.name, "err", err)
		j.app.awaitStore(ctx)
		err = j.run(ctx)
	}
	if ctx.Err() != nil {
		return suture.ErrDoNotRestart
	}
	if err == nil {
		err = errors.New("ended by itself")
	}
	j.app.Watch.Jobs.Failed(j.name, err)
	return err
}

// awaitStore returns when the store can be written, or the context ends.
func (a *App) awaitStore(ctx context.Context) {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for a.Store.Fault() != nil {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) jobs() *suture.Supervisor {
	s := suture.New("sportello", suture.Spec{
		EventHook: func(e suture.Event) {
			a.Log.Error("background work failed", "event", e.String(), "detail", e.Map()["stacktrace"])
		},
		FailureBackoff:   15 * time.Second,
		FailureThreshold: 5,
		FailureDecay:     60,
		Timeout:          jobTime,
	})
	add := func(name string, run func(context.Context) error) { s.Add(job{name, run, a}) }
	add("search follower", a.Index.Run)
	add("notices", a.Desk.RunNotices)
	add("clock", a.Desk.RunClock)
	if extract.Able {
		add("attachments", func(ctx context.Context) error { return a.Desk.RunAttachments(ctx, readApart) })
	} else {
		a.Log.Warn("the text of attachments is not read: this system sets no limits to processes")
	}
	a.mail.Jobs(add)
	add("views", a.Desk.RunViews)
	add("misses", a.Desk.RunMisses)
	if a.Config.Backup.Scheduled() {
		add("backup", a.backups.Run)
	}
	add("expiry", a.hourly("expiry", func(ctx context.Context) error { _, err := a.Desk.Keeper().Expire(ctx); return err }))
	add("token ends", a.hourly("token ends", func(context.Context) error { _, err := a.Desk.RemindTokens(); return err }))
	add("sweep", a.hourly("sweep", func(context.Context) error { _, err := a.Store.Sweep(); return err }))
	return s
}

// hourly does the work of the job at once and then each hour.
func (a *App) hourly(name string, work func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		t := time.NewTicker(time.Hour)
		defer t.Stop()
		for {
			began := time.Now()
			if err := work(ctx); err != nil {
				return err
			}
			a.Watch.Jobs.Ran(name, time.Since(began))
			select {
			case <-t.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// startRedirect sends plain http to the desk's own address, if it is to.
func (a *App) startRedirect() (io.Closer, error) {
	if a.Config.HTTPRedirect == "" {
		return io.NopCloser(nil), nil
	}
	ln, err := net.Listen("tcp", a.Config.HTTPRedirect)
	if err != nil {
		return nil, fmt.Errorf("http_redirect: %w", err)
	}
	base := a.BaseURL()
	s := &http.Server{ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// What is asked for may be no path at all: "x:@elsewhere" would become a host with ours as its user.
			http.Redirect(w, r, base+web.LocalPath(r.URL.RequestURI()), http.StatusMovedPermanently) // #nosec G710 -- the desk's own address and a path
		})}
	go func() {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			a.Log.Error("http_redirect", "err", err)
		}
	}()
	return s, nil
}

// assetsOf returns the files that pages and letters are made of: those of the program, or a folder while developing.
func assetsOf(cfg config.Config) fs.FS {
	if cfg.Reload != "" {
		return os.DirFS(cfg.Reload)
	}
	return assets.FS
}
