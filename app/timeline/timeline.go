package timeline

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Anchor says what a step's day is counted from.
type Anchor uint8

const (
	Start  Anchor = iota // Offset working days after the plan begins
	GoLive               // Offset working days before it goes live, with a minus after it
	After                // Offset working days after the step Of is due
	Law                  // Month and Date of the year of going live plus Offset: a day of the calendar, which nothing moves
)

// Step is something to be done by a day.
type Step struct {
	Code   string
	Anchor Anchor
	Offset int
	Of     string // of After: a code
	Month  time.Month
	Date   int
	Takes  int      // working days that it needs at least once what it waits for is done
	Waits  []string // codes of what must be done before
	Fixed  bool     // its day counts as promised, also when other steps wait for it: a milestone
	Done   Day      // when it was done; none while it is open
	Aside  bool     // it is not in the plan; the days of others may be counted from its own
}

// Plan is what days are computed from.
type Plan struct {
	Start, GoLive Day
	Today         Day // what is open is not expected before
	Steps         []Step
}

// Place is where a step stands.
type Place struct {
	Due      Day
	Expected Day  // as things stand: when it was done, or can be at the earliest, and not before it is due
	Late     int  // working days that Expected lies after Due
	Room     int  // working days by which it may still slip before a promised day moves, or moves further
	Critical bool // open and without any room
}

// CircleError names steps that wait for each other, or are counted from each other, in a circle.
type CircleError struct{ Codes []string }

func (e *CircleError) Error() string { return "timeline: a circle: " + strings.Join(e.Codes, ", ") }

// MissingError names a step which another one waits for or is counted from, and that there is not.
type MissingError struct{ Code, Of string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("timeline: %s rests on %s, which is no step", e.Code, e.Of)
}

// Days returns the place of each step, in their order. It costs little more than one look at each step and each thing it
// waits for. The error is a *MissingError or a *CircleError.
func (p Plan) Days(c *Calendar) ([]Place, error) {
	at := make(map[string]int, len(p.Steps))
	for i, s := range p.Steps {
		at[s.Code] = i
	}
	waits := make([][]int, len(p.Steps))   // what must be done before
	counted := make([][]int, len(p.Steps)) // what the day is counted from
	for i, s := range p.Steps {
		for _, w := range s.Waits {
			j, ok := at[w]
			if !ok {
				return nil, &MissingError{s.Code, w}
			}
			waits[i] = append(waits[i], j)
		}
		if s.Anchor == After {
			j, ok := at[s.Of]
			if !ok {
				return nil, &MissingError{s.Code, s.Of}
			}
			counted[i] = []int{j}
		}
	}
	out := make([]Place, len(p.Steps))
	order, err := p.order(counted)
	if err != nil {
		return nil, err
	}
	for _, i := range order {
		out[i].Due = p.due(c, i, out, counted[i])
	}
	if order, err = p.order(waits); err != nil {
		return nil, err
	}
	for _, i := range order {
		p.expect(c, i, out, waits[i])
	}
	p.room(c, order, waits, out)
	return out, nil
}

func (p Plan) due(c *Calendar, i int, places []Place, counted []int) Day {
	switch s := p.Steps[i]; s.Anchor {
	case Start:
		return c.Add(p.Start, s.Offset)
	case GoLive:
		return c.Add(p.GoLive, -s.Offset)
	case Law:
		return Date(p.GoLive.Time().Year()+s.Offset, s.Month, s.Date)
	default:
		return c.Add(places[counted[0]].Due, s.Offset)
	}
}

func (p Plan) expect(c *Calendar, i int, places []Place, waits []int) {
	s, out := p.Steps[i], &places[i]
	if out.Expected = s.Done; s.Aside {
		out.Expected = out.Due
	} else if s.Done == 0 {
		out.Expected = max(out.Due, p.Today)
		for _, w := range waits {
			out.Expected = max(out.Expected, c.Add(places[w].Expected, s.Takes))
		}
	}
	out.Late = max(0, c.Between(out.Due, out.Expected))
}

// room goes from the last steps to the first: the latest day of each is the earliest that what is open and waits for it
// allows. Its own day counts where that is promised or nothing waits any more. A promise that is already broken counts from
// the day that is expected now.
func (p Plan) room(c *Calendar, order []int, waits [][]int, places []Place) {
	latest := make([]Day, len(places))
	for _, i := range slices.Backward(order) {
		own := max(places[i].Due, places[i].Expected)
		if latest[i] == 0 || p.Steps[i].Fixed {
			latest[i] = min(nonzero(latest[i], own), own)
		}
		if p.Steps[i].Done != 0 || p.Steps[i].Aside {
			continue // what is done cannot slip, and nothing before it can move it
		}
		places[i].Room = max(0, c.Between(places[i].Expected, latest[i]))
		places[i].Critical = places[i].Room == 0
		allows := c.Last(latest[i], p.Steps[i].Takes)
		for _, w := range waits[i] {
			latest[w] = min(nonzero(latest[w], allows), allows)
		}
	}
}

func nonzero(d, otherwise Day) Day {
	if d == 0 {
		return otherwise
	}
	return d
}

// order returns the steps so that each comes after those it rests on, otherwise as they stand.
func (p Plan) order(rests [][]int) ([]int, error) {
	const (
		fresh = iota
		open
		finished
	)
	state := make([]uint8, len(rests))
	out := make([]int, 0, len(rests))
	type frame struct{ step, next int }
	var path []frame // no recursion: a thousand steps may wait one for another
	for first := range rests {
		if state[first] != fresh {
			continue
		}
		state[first] = open
		path = append(path[:0], frame{first, 0})
		for len(path) > 0 {
			top := &path[len(path)-1]
			if top.next == len(rests[top.step]) {
				state[top.step] = finished
				out = append(out, top.step)
				path = path[:len(path)-1]
				continue
			}
			on := rests[top.step][top.next]
			top.next++
			switch state[on] {
			case fresh:
				state[on] = open
				path = append(path, frame{on, 0})
			case open:
				e := &CircleError{}
				from := slices.IndexFunc(path, func(f frame) bool { return f.step == on })
				for _, f := range path[from:] {
					e.Codes = append(e.Codes, p.Steps[f.step].Code)
				}
				return nil, e
			}
		}
	}
	return out, nil
}
