package sample

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that stands where it was set. The store of a demo runs on it while it is filled, so that each act is
// recorded at the time it is meant to have happened.
type Clock struct{ at atomic.Pointer[time.Time] }

// NewClock returns a clock that stands at the time.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.Set(at)
	return c
}

// Now returns the time at which the clock stands.
func (c *Clock) Now() time.Time { return *c.at.Load() }

// Set puts the clock to the time.
func (c *Clock) Set(t time.Time) { c.at.Store(&t) }
