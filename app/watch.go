package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// part is one thing whose state is watched: on /readyz, on the administrator's page and by doctor. A file that adds
// something worth watching appends its part to parts, in an init of its own. Each function may be nil.
type part struct {
	name string // as /readyz and doctor call it

	// wrong tells what is wrong now, in English, empty when nothing is. It is asked often and has to be quick.
	wrong func(*App) string
	// show makes the lines of the administrator's page.
	show func(*App, *Page) []overviewFact
	// check looks as closely as doctor does. It may take its time. beside tells that a server is running.
	check func(ctx context.Context, a *App, beside bool) []finding
}

var parts []part

// finding is one thing that doctor looked at.
type finding struct {
	level level
	text  string // how it is
	do    string // what to do about it
}

type level int

const (
	fine  level = iota
	note        // worth knowing
	wrong       // makes doctor fail
)

func (l level) String() string { return [...]string{"ok", "note", "WRONG"}[l] }

func ok(format string, args ...any) finding { return finding{fine, fmt.Sprintf(format, args...), ""} }

// causes asks every part what is wrong with it.
func (a *App) causes() []cause {
	var out []cause
	for _, p := range parts {
		if p.wrong == nil {
			continue
		}
		if s := p.wrong(a); s != "" {
			out = append(out, cause{p.name, s})
		}
	}
	return out
}

// jobLog remembers how background work goes.
type jobLog struct {
	now  func() time.Time
	mu   sync.Mutex
	jobs map[string]*jobState
}

// jobState is how one job goes. Work that follows something never ends, so that it has no runs.
type jobState struct {
	Name     string
	Began    time.Time     // when it was begun, or begun anew
	Runs     int           // that ended well
	Last     time.Time     // when the last of them ended
	Took     time.Duration // the last of them
	Failures int
	FailedAt time.Time
	Err      string
}

// troubled reports whether the job has failed lately and was not seen to go well since.
func (j jobState) troubled(now time.Time) bool {
	return j.Failures > 0 && !j.Last.After(j.FailedAt) && now.Sub(j.FailedAt) < time.Hour
}

func (l *jobLog) change(name string, f func(*jobState)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs == nil {
		l.jobs = map[string]*jobState{}
	}
	if l.jobs[name] == nil {
		l.jobs[name] = &jobState{Name: name}
	}
	f(l.jobs[name])
}

func (l *jobLog) began(name string) { l.change(name, func(j *jobState) { j.Began = l.now() }) }

func (l *jobLog) ran(name string, took time.Duration) {
	l.change(name, func(j *jobState) { j.Runs++; j.Last, j.Took = l.now(), took })
}

func (l *jobLog) failed(name string, err any) {
	l.change(name, func(j *jobState) { j.Failures++; j.FailedAt, j.Err = l.now(), fmt.Sprint(err) })
}

// all returns the jobs in order of their names.
func (l *jobLog) all() []jobState {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []jobState
	for _, j := range l.jobs {
		out = append(out, *j)
	}
	slices.SortFunc(out, func(a, b jobState) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// troubles remembers the errors of the last day that went to the log. The same error again counts up, so that one that
// comes a thousand times leaves room for others.
type troubles struct {
	now func() time.Time
	mu  sync.Mutex
	all []*trouble // the latest at the end
}

type trouble struct {
	Text  string
	First time.Time
	Last  time.Time
	Times int
	Named string // the reference that was shown with it the last time, if one was
}

const (
	maxTroubles   = 100
	troubleLength = 500 // characters kept of one
	troubleTime   = 24 * time.Hour
)

func (t *troubles) add(text, named string, at time.Time) {
	if r := []rune(text); len(r) > troubleLength {
		text = string(r[:troubleLength]) + "..."
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one := &trouble{Text: text, First: at}
	if i := slices.IndexFunc(t.all, func(x *trouble) bool { return x.Text == text }); i >= 0 {
		one = t.all[i]
		t.all = slices.Delete(t.all, i, i+1)
	}
	one.Last, one.Named = at, named
	one.Times++
	if t.all = append(t.all, one); len(t.all) > maxTroubles {
		t.all = slices.Delete(t.all, 0, 1)
	}
}

// lastDay returns them, the latest first.
func (t *troubles) lastDay(now time.Time) []trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []trouble
	for i := len(t.all) - 1; i >= 0; i-- {
		if now.Sub(t.all[i].Last) < troubleTime {
			out = append(out, *t.all[i])
		}
	}
	return out
}

// logger returns a logger that does what the given one does and remembers its errors.
func (t *troubles) logger(l *slog.Logger) *slog.Logger {
	return slog.New(&troubleHandler{next: l.Handler(), to: t})
}

type troubleHandler struct {
	next  slog.Handler
	to    *troubles
	attrs string
	group string
}

func (h *troubleHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError || h.next.Enabled(ctx, l)
}

func (h *troubleHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		var b strings.Builder
		b.WriteString(r.Message)
		b.WriteString(h.attrs)
		named := ""
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "reference" {
				named = a.Value.String()
			}
			b.WriteString(h.say(a))
			return true
		})
		h.to.add(b.String(), named, h.to.now())
		if !h.next.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return h.next.Handle(ctx, r)
}

// untold are attributes that differ each time or fill the page: with them no error would be the same again.
var untold = []string{"stack", "stacktrace", "detail", "took", "reference", "bytes", "from"}

func (h *troubleHandler) say(a slog.Attr) string {
	if a.Equal(slog.Attr{}) || slices.Contains(untold, a.Key) {
		return ""
	}
	line, _, _ := strings.Cut(a.Value.Resolve().String(), "\n") // below it stands where it happened
	return fmt.Sprintf(" %s%s=%s", h.group, a.Key, line)
}

func (h *troubleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *h
	out.next = h.next.WithAttrs(attrs)
	for _, a := range attrs {
		out.attrs += h.say(a)
	}
	return &out
}

func (h *troubleHandler) WithGroup(name string) slog.Handler {
	out := *h
	out.next = h.next.WithGroup(name)
	if name != "" {
		out.group += name + "."
	}
	return &out
}
