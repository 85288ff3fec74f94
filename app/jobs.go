package app

import (
	"context"
	"errors"
	"time"
	_ "time/tzdata"

	"github.com/thejerf/suture/v4"

	"sportello/app/extract"
	"sportello/store/fault"
)

// job is background work that runs until its context ends. After a failure it starts again, each time after a longer wait.
type job struct {
	name string
	run  func(context.Context) error
	app  *App
}

func (j job) String() string { return j.name }

// Serve runs the work once. Suture treats a panic as a failure and starts the work again.
func (j job) Serve(ctx context.Context) error {
	j.app.Watch.Jobs.Began(j.name)
	defer func() {
		if p := recover(); p != nil {
			j.app.Watch.Jobs.Failed(j.name, p)
			panic(p)
		}
	}()
	err := j.run(ctx)
	for ctx.Err() == nil && errors.Is(err, fault.ErrUnavailable) && j.app.Store.Fault() != nil {
		// The work is not at fault. It would fail again at once and make all other work wait.
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

// awaitStore returns when the store can be written or the context ends.
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
	add := func(name string, run func(context.Context) error) (stop func()) {
		token := s.Add(job{name, run, a})
		return func() {
			if err := s.Remove(token); err != nil {
				a.Log.Error("background work cannot be stopped", "job", name, "err", err)
				return
			}
			a.Watch.Jobs.Stopped(name)
		}
	}
	add("search follower", a.Index.Run)
	add("notices", a.Desk.Notices.Run)
	add("clock", a.Desk.Tickets.RunClock)
	if extract.Able {
		add("attachments", func(ctx context.Context) error { return a.Desk.Files.RunAttachments(ctx, extract.ByItself) })
	} else {
		a.Log.Warn("the text of attachments is not read: this system cannot limit processes")
	}
	a.Mail.Jobs(add)
	add("password links", a.Desk.People.RunAsked)
	add("affiliations", a.Desk.People.RunAffiliations)
	add("relocations", a.Desk.Relocations.Run)
	add("leaving", a.Desk.Leaving.Run)
	add("handovers", a.Desk.Leaving.RunHandovers)
	add("releases", a.Desk.Releases.Run)
	add("release audiences", a.Desk.Releases.RunGathering)
	add("known problems", a.Desk.Problems.Run)
	add("known problem changes", a.Desk.Problems.RunFollowing)
	add("views", a.Desk.Queues.RunViews)
	add("misses", a.Desk.Find.RunMisses)
	add("audit log", a.Desk.Audits.Run)
	add("erasures", a.runErasures)
	if a.Config.Backup.Scheduled() {
		add("backup", a.Backups.Run)
	}
	add("expiry", a.hourly("expiry", func(ctx context.Context) error { _, err := a.Desk.Keeper().Expire(ctx); return err }))
	add("access requests", a.hourly("access requests", func(context.Context) error { _, err := a.Desk.Access.Expire(); return err }))
	add("list confirmations", a.hourly("list confirmations", func(context.Context) error { _, err := a.Desk.People.TurnLists(); return err }))
	add("token ends", a.hourly("token ends", func(context.Context) error {
		_, kept := a.Desk.People.TellKept()
		_, ends := a.Desk.People.RemindTokens()
		return errors.Join(kept, ends)
	}))
	add("downloads", a.hourly("downloads", func(context.Context) error { _, err := a.Desk.Releases.ForgetDownloads(); return err }))
	add("audit retention", a.hourly("audit retention", func(ctx context.Context) error {
		_, err := a.Desk.Audits.Forget(ctx, a.Config.AuditMonths)
		return err
	}))
	add("sweep", a.hourly("sweep", func(context.Context) error { _, err := a.Store.Sweep(); return err }))
	return s
}

// hourly runs the job's work at once and then every hour.
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
