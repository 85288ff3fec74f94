package sample

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that stands where it was set until it is released; from then on it tells the real time. The store
// of a demo runs on it, so that what is played happened when it is said to have happened.
type Clock struct{ at atomic.Pointer[time.Time] }

// NewClock returns a clock that stands at the time.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.Set(at)
	return c
}

// Now returns the time at which the clock stands, the real one after Release.
func (c *Clock) Now() time.Time {
	if t := c.at.Load(); t != nil {
		return *t
	}
	return time.Now()
}

// Set puts the clock to the time.
func (c *Clock) Set(t time.Time) { c.at.Store(&t) }

// Release lets the clock run with the real time from now on.
func (c *Clock) Release() { c.at.Store(nil) }
