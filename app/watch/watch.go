// Package watch knows the state of the desk: its parts and their problems, background jobs, errors of the last day,
// metrics, and the checks of doctor.
package watch

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sportello/app/backup"
	"sportello/app/config"
	"sportello/app/desk/audit"
	"sportello/app/words"
	"sportello/search"
	"sportello/store/db"
)

// Part is one thing whose state is watched: by /readyz, the administrator's page and doctor. Each function may be nil.
type Part struct {
	Name string // as /readyz and doctor call it

	// Wrong returns the current problem in English, empty when there is none. It is called often and must be quick.
	Wrong func() string
	// Show returns the lines for the administrator's page.
	Show func(words.Voice) []Fact
	// Check examines the part for doctor and may take its time. beside says that a server is running.
	Check func(ctx context.Context, beside bool) []Finding
}

// Fact is one line about a part. A problem is in Bad instead of Text.
type Fact struct{ Label, Text, Bad string }

// Watch knows the state of the desk. Its fields are set before first use; Parts may be added until then.
type Watch struct {
	Config           config.Config
	Store            *db.Store
	Index            *search.Index
	Now              func() time.Time
	HasAdministrator func() (bool, error)
	VerifyAudit      func(context.Context) (audit.Verdict, error)
	Backups          *backup.Job
	Jobs             *Jobs
	Troubles         *Troubles
	Commits          *Commits
	Parts            []Part

	newest time.Time // latest change that existed at the start
}

// Begin records the state at the start and makes the parts that every desk has. Owners of other parts add them to
// Parts.
func (w *Watch) Begin() (err error) {
	if w.newest, err = newestChange(w.Store, 1000); err != nil {
		return err
	}
	w.Parts = []Part{
		{Name: "configuration", Check: w.checkConfig},
		{Name: "permissions", Check: func(context.Context, bool) []Finding { return Permissions(w.Config) }},
		{Name: "disk", Wrong: w.wrongDisk, Check: w.checkDisk},
		{Name: "clock", Wrong: w.wrongClock, Check: w.checkClock},
		{Name: "data", Check: w.checkData},
		{Name: "audit log", Check: w.checkAudit},
		{Name: "index", Check: w.checkIndex},
		{Name: "backup", Wrong: func() string { return w.Backups.State().Wrong }, Check: w.checkBackup},
		{Name: "jobs", Wrong: w.wrongJobs, Check: w.checkJobs},
		{Name: "errors", Check: w.checkErrors},
		{Name: "descriptors", Wrong: wrongDescriptors, Check: checkDescriptors},
	}
	return nil
}

// Finding is the result of one of doctor's checks.
type Finding struct {
	Level Level
	Text  string // what was found
	Do    string // what to do about it
}

// Level is how serious a finding is.
type Level int

const (
	Fine  Level = iota // no problem
	Note               // worth knowing
	Wrong              // makes doctor fail
)

// String returns the word that doctor prints.
func (l Level) String() string { return [...]string{"ok", "note", "WRONG"}[l] }

// Good returns a finding without a problem.
func Good(format string, args ...any) Finding { return Finding{Fine, fmt.Sprintf(format, args...), ""} }

// Causes returns the current problem of every part that has one.
func (w *Watch) Causes() []Cause {
	var out []Cause
	for _, p := range w.Parts {
		if p.Wrong == nil {
			continue
		}
		if s := p.Wrong(); s != "" {
			out = append(out, Cause{p.Name, s})
		}
	}
	return out
}

// Commits measures the duration of commits and keeps the last one.
type Commits struct {
	took prometheus.Histogram
	last atomic.Int64 // nanoseconds
}

// NewCommits returns an empty measurement.
func NewCommits() *Commits {
	return &Commits{took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sportello_store_commit_seconds", Help: "Time of one commit, shared by all who wrote at once.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}})}
}

// Note records one commit; the store calls it.
func (c *Commits) Note(took time.Duration) { c.took.Observe(took.Seconds()); c.last.Store(int64(took)) }

// LeastFree is the free disk space in bytes below which the desk warns.
const LeastFree = 2 << 30

// Cause names a part with a problem, and the problem.
type Cause struct {
	Part string `json:"part"`
	Text string `json:"text"`
}
