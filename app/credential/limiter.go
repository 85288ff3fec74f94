package credential

import (
	"math"
	"sync"
	"time"

	"sportello/store/fault"
)

// limit says how many failures are free within the window, and how long the next attempt must wait after each further
// one: first, then twice as long each time, up to longest.
type limit struct {
	free    int
	window  time.Duration
	first   time.Duration
	longest time.Duration
	size    int // names kept in memory
}

// A whole university may share one address, so an address is slowed down much later, and less, than an account.
var (
	accountLimit = limit{free: 5, window: 15 * time.Minute, first: 15 * time.Second, longest: 15 * time.Minute, size: 20000}
	placeLimit   = limit{free: 100, window: 15 * time.Minute, first: 5 * time.Second, longest: 5 * time.Minute, size: 20000}
)

// limiter counts failures by name, in memory only.
type limiter struct {
	limit limit
	mu    sync.Mutex
	tries map[string]*tries
}

type tries struct {
	since time.Time // start of the window
	until time.Time // no attempt before
	count int
}

func newLimiter(l limit) *limiter { return &limiter{limit: l, tries: map[string]*tries{}} }

// try counts an attempt as failed before it is made, so that many at once cannot get past the count. If it does not
// fail, the caller takes it back or clears the name. try returns how long to wait, in which case nothing was counted
// and no attempt may be made, or 0.
func (l *limiter) try(name string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tries[name]
	if t != nil && now.Before(t.until) {
		return t.until.Sub(now)
	}
	if t == nil || l.over(t, now) {
		if t == nil && len(l.tries) >= l.limit.size {
			l.forget(now)
		}
		t = &tries{since: now}
		l.tries[name] = t
	}
	t.count++
	if t.count >= l.limit.free {
		wait := l.limit.longest
		if n := t.count - l.limit.free; n < 20 {
			wait = min(wait, l.limit.first<<n)
		}
		t.until = now.Add(wait)
	}
	return 0
}

// takeBack undoes one counted attempt that did not fail.
func (l *limiter) takeBack(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tries[name]
	if t == nil {
		return
	}
	if t.count--; t.count < l.limit.free {
		t.until = time.Time{}
	}
	if t.count <= 0 {
		delete(l.tries, name)
	}
}

func (l *limiter) clear(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tries, name)
}

// over reports whether the attempts can be forgotten: after the window or, once they had to wait, a whole window after
// the wait.
func (l *limiter) over(t *tries, now time.Time) bool {
	from := t.since
	if t.until.After(from) {
		from = t.until
	}
	return now.Sub(from) >= l.limit.window
}

// forget makes room: it removes everything that is over and, if nothing is, the oldest name of a random sample.
func (l *limiter) forget(now time.Time) {
	for name, t := range l.tries {
		if l.over(t, now) {
			delete(l.tries, name)
		}
	}
	if len(l.tries) < l.limit.size {
		return
	}
	oldest, seen := "", 0
	for name := range l.tries {
		if oldest == "" || l.tries[name].since.Before(l.tries[oldest].since) {
			oldest = name
		}
		if seen++; seen == 16 {
			break
		}
	}
	delete(l.tries, oldest)
}

func tooMany(wait time.Duration) error {
	return fault.New(fault.TooMany, "error.too-many", "seconds", int(math.Ceil(wait.Seconds())))
}
