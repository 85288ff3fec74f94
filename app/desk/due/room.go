// Package due says when a ticket is due: its priority, the working time it has, the time it stood still, and when
// something is to happen to it without anybody doing it.
package due

import "time"

// Clock reckons in the working time of one desk.
type Clock struct{ loc *time.Location }

// New returns the clock of a desk in the time zone.
func New(loc *time.Location) *Clock { return &Clock{loc: loc} }
