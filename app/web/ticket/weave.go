package ticket

import (
	"iter"
	"time"
)

// spot is where a message or an event stands in time.
type spot struct {
	at    time.Time
	first bool // an event that comes before the message of the same moment: a reply takes charge first
	apart bool // a message that the reader has elsewhere or nowhere: it parts no events
}

// woven is one part of a thread: a message, a gap, or the events between two of them.
type woven struct {
	message      int // its place in the list, -1 for the others
	gap          *gap
	events, upTo int // the run of events from the one place to before the other
}

// weave puts messages, events and gaps, each in order of time, into the one order in which they happened. Every face of a
// ticket shows its thread in this order.
func weave(messages, events []spot, gaps []*gap) iter.Seq[woven] {
	return func(yield func(woven) bool) {
		i, told := 0, 0 // events that were met, and of them those that were told
		flush := func() bool {
			if told == i {
				return true
			}
			run := woven{message: -1, events: told, upTo: i}
			told = i
			return yield(run)
		}
		left := func(at int) bool {
			if len(gaps) == 0 || gaps[0].At != at {
				return true
			}
			g := gaps[0]
			gaps = gaps[1:]
			return flush() && yield(woven{message: -1, gap: g})
		}
		for k, m := range messages {
			if len(gaps) > 0 && gaps[0].At == k {
				for i < len(events) && events[i].at.Before(m.at) {
					i++
				}
			}
			if !left(k) {
				return
			}
			if m.apart {
				continue
			}
			for i < len(events) && (events[i].at.Before(m.at) || events[i].at.Equal(m.at) && events[i].first) {
				i++
			}
			if !flush() || !yield(woven{message: k}) {
				return
			}
		}
		i = len(events)
		if flush() {
			left(len(messages))
		}
	}
}
