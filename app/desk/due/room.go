// Package due computes a ticket's dates: its priority, its working time, how long its clock was paused, when it is due,
// and when something happens to it automatically.
package due

import "time"

// Clock computes in the working time of one desk.
type Clock struct{ loc *time.Location }

// New returns the clock of a desk in the time zone.
func New(loc *time.Location) *Clock { return &Clock{loc: loc} }
