// Package watch knows how the desk is: its parts and what is wrong with them, background work, errors of the last day,
// figures, and what doctor looks at.
package watch

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sportello/app/backup"
	"sportello/app/config"
	"sportello/app/words"
	"sportello/search"
	"sportello/store"
)

// Part is one thing whose state is watched: on /readyz, on the administrator's page and by doctor. Each function may be nil.
type Part struct {
	Name string // as /readyz and doctor call it

	// Wrong returns what is wrong now, in English, empty when nothing is. It is called often and must be quick.
	Wrong func() string
	// Show makes the lines of the administrator's page.
	Show func(words.Voice) []Fact
	// Check looks as closely as doctor does. It may take its time. beside reports that a server is running.
	Check func(ctx context.Context, beside bool) []Finding
}

// Fact is one line about a part. What is bad about it stands in Bad instead of Text.
type Fact struct{ Label, Text, Bad string }

// Watch knows the state of the desk. Its fields are set before first use; Parts may be added until then.
type Watch struct {
	Config           config.Config
	Store            *store.Store
	Index            *search.Index
	Now              func() time.Time
	HasAdministrator func() (bool, error)
	Backups          *backup.Job
	Jobs             *Jobs
	Troubles         *Troubles
	Commits          *Commits
	Parts            []Part

	newest time.Time // of the changes that were there at the start
}

// Begin notes what was there at the start and makes the parts that every desk has. What else is worth watching is added
// to Parts by whoever has it.
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
	Text  string // how it is
	Do    string // what to do about it
}

// Level is how bad a finding is.
type Level int

const (
	Fine  Level = iota // as it should be
	Note               // worth knowing
	Wrong              // makes doctor fail
)

// String returns the word that doctor prints.
func (l Level) String() string { return [...]string{"ok", "note", "WRONG"}[l] }

// Good is a finding of something that is as it should be.
func Good(format string, args ...any) Finding { return Finding{Fine, fmt.Sprintf(format, args...), ""} }

// Causes asks every part what is wrong with it.
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

// Commits measures how long commits take, the last one included.
type Commits struct {
	took prometheus.Histogram
	last atomic.Int64 // nanoseconds
}

// NewCommits begins to count.
func NewCommits() *Commits {
	return &Commits{took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sportello_store_commit_seconds", Help: "Time of one commit, shared by all who wrote at once.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}})}
}

// Note counts one commit; the store calls it.
func (c *Commits) Note(took time.Duration) { c.took.Observe(took.Seconds()); c.last.Store(int64(took)) }

// LeastFree is the free space on the disk, in bytes, below which the desk warns.
const LeastFree = 2 << 30

// Cause says that a part is not well, and why.
type Cause struct {
	Part string `json:"part"`
	Text string `json:"text"`
}
