package watch

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Jobs remembers the runs and failures of background work.
type Jobs struct {
	now  func() time.Time
	mu   sync.Mutex
	jobs map[string]*Job
}

// NewJobs returns the memory of a desk with that clock.
func NewJobs(now func() time.Time) *Jobs { return &Jobs{now: now, jobs: map[string]*Job{}} }

// Job is how one job goes. Work that follows something never ends, so that it has no runs.
type Job struct {
	Name     string
	Began    time.Time     // when it was started, or started again
	Runs     int           // that ended well
	Last     time.Time     // when the last of them ended
	Took     time.Duration // the last of them
	Failures int
	FailedAt time.Time
	Err      string
}

// Troubled reports whether the job has failed lately and has not succeeded since.
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

// Began records that the job was started, or started again.
func (l *Jobs) Began(name string) { l.change(name, func(j *Job) { j.Began = l.now() }) }

// Ran records a successful run.
func (l *Jobs) Ran(name string, took time.Duration) {
	l.change(name, func(j *Job) { j.Runs++; j.Last, j.Took = l.now(), took })
}

// Failed records a failure.
func (l *Jobs) Failed(name string, err any) {
	l.change(name, func(j *Job) { j.Failures++; j.FailedAt, j.Err = l.now(), fmt.Sprint(err) })
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
