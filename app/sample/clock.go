package sample

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that stands still between calls of Set. The store of a demo runs on it while it is filled, so that
// each act is recorded at its intended time.
type Clock struct{ at atomic.Pointer[time.Time] }

// NewClock returns a clock stopped at the time.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.Set(at)
	return c
}

// Now returns the time of the clock.
func (c *Clock) Now() time.Time { return *c.at.Load() }

// Set sets the clock.
func (c *Clock) Set(t time.Time) { c.at.Store(&t) }
