package watch

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Jobs records the runs and failures of background jobs.
type Jobs struct {
	now  func() time.Time
	mu   sync.Mutex
	jobs map[string]*Job
}

// NewJobs returns an empty record that uses the clock now.
func NewJobs(now func() time.Time) *Jobs { return &Jobs{now: now, jobs: map[string]*Job{}} }

// Job is the state of one background job. A follower of the change log never ends, so it has no runs.
type Job struct {
	Name     string
	Began    time.Time     // when it was last started or restarted
	Runs     int           // number of successful runs
	Last     time.Time     // end of the last successful run
	Took     time.Duration // duration of that run
	Failures int
	FailedAt time.Time
	Err      string
}

// Troubled reports whether the job failed recently and has not succeeded since.
func (j Job) Troubled(now time.Time) bool {
	return j.Failures > 0 && !j.Last.After(j.FailedAt) && now.Sub(j.FailedAt) < time.Hour
}

func (l *Jobs) change(name string, f func(*Job)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs[name] == nil {
		l.jobs[name] = &Job{Name: name}
	}
	f(l.jobs[name])
}

// Began records that the job was started or restarted.
func (l *Jobs) Began(name string) { l.change(name, func(j *Job) { j.Began = l.now() }) }

// Ran records a successful run.
func (l *Jobs) Ran(name string, took time.Duration) {
	l.change(name, func(j *Job) { j.Runs++; j.Last, j.Took = l.now(), took })
}

// Failed records a failure.
func (l *Jobs) Failed(name string, err any) {
	l.change(name, func(j *Job) { j.Failures++; j.FailedAt, j.Err = l.now(), fmt.Sprint(err) })
}

// Stopped removes the job from the record. It was stopped because there is nothing left to do.
func (l *Jobs) Stopped(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, name)
}

// All returns the jobs in order of their names.
func (l *Jobs) All() []Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Job
	for _, j := range l.jobs {
		out = append(out, *j)
	}
	slices.SortFunc(out, func(a, b Job) int { return strings.Compare(a.Name, b.Name) })
	return out
}
