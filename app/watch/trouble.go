package watch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Troubles keeps the logged errors of the last day. It counts a repeated error, so that one that occurs a thousand
// times leaves room for others.
type Troubles struct {
	now func() time.Time
	mu  sync.Mutex
	all []*Trouble // the latest last
}

// NewTroubles returns an empty record that uses the clock now.
func NewTroubles(now func() time.Time) *Troubles { return &Troubles{now: now} }

// Trouble is one logged error.
type Trouble struct {
	Text  string
	First time.Time
	Last  time.Time
	Times int
	Named string // the reference most recently shown with it, if any
}

const (
	maxTroubles   = 100
	troubleLength = 500 // characters kept of one error
	troubleTime   = 24 * time.Hour
)

func (t *Troubles) add(text, named string, at time.Time) {
	if r := []rune(text); len(r) > troubleLength {
		text = string(r[:troubleLength]) + "..."
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one := &Trouble{Text: text, First: at}
	if i := slices.IndexFunc(t.all, func(x *Trouble) bool { return x.Text == text }); i >= 0 {
		one = t.all[i]
		t.all = slices.Delete(t.all, i, i+1)
	}
	one.Last, one.Named = at, named
	one.Times++
	if t.all = append(t.all, one); len(t.all) > maxTroubles {
		t.all = slices.Delete(t.all, 0, 1)
	}
}

// LastDay returns the errors of the last day, the latest first.
func (t *Troubles) LastDay(now time.Time) []Trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []Trouble
	for i := len(t.all) - 1; i >= 0; i-- {
		if now.Sub(t.all[i].Last) < troubleTime {
			out = append(out, *t.all[i])
		}
	}
	return out
}

// Logger returns a logger that passes everything to l and records its errors.
func (t *Troubles) Logger(l *slog.Logger) *slog.Logger {
	return slog.New(&troubleHandler{next: l.Handler(), to: t})
}

type troubleHandler struct {
	next  slog.Handler
	to    *Troubles
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

// untold are attributes that differ each time or are long: with them no two errors would be equal.
var untold = []string{"stack", "stacktrace", "detail", "took", "reference", "bytes", "from"}

func (h *troubleHandler) say(a slog.Attr) string {
	if a.Equal(slog.Attr{}) || slices.Contains(untold, a.Key) {
		return ""
	}
	line, _, _ := strings.Cut(a.Value.Resolve().String(), "\n") // the lines below are a stack
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
