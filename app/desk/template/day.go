package template

import (
	"regexp"
	"strconv"
	"time"

	"sportello/app/condition"
	"sportello/app/timeline"
)

var (
	countedDay = regexp.MustCompile(`^([a-z][a-z0-9-]*?)(?:([+-])([0-9]{1,4}))?$`)
	lawDay     = regexp.MustCompile(`^([01][0-9])-([0-3][0-9])(?:@([+-]?[0-9]))?$`)
)

// DayOf reads the expression of a day, as StepForm has it, into a step of a timeline; false when it is none. The word
// start or golive, or else a code, is followed by a plus or a minus and working days.
func DayOf(text string) (timeline.Step, bool) {
	var out timeline.Step
	if m := lawDay.FindStringSubmatch(text); m != nil {
		month, _ := strconv.Atoi(m[1])
		day, _ := strconv.Atoi(m[2])
		out.Offset, _ = strconv.Atoi(m[3])
		out.Anchor, out.Month, out.Date = timeline.Law, time.Month(month), day
		t := time.Date(2024, out.Month, day, 0, 0, 0, 0, time.UTC) // a leap year
		return out, t.Month() == out.Month && t.Day() == day && month > 0
	}
	m := countedDay.FindStringSubmatch(text)
	if m == nil {
		return out, false
	}
	out.Offset, _ = strconv.Atoi(m[3])
	if out.Offset > timeline.MaxOffset {
		return out, false
	}
	if m[2] == "-" {
		out.Offset = -out.Offset
	}
	switch m[1] {
	case "start":
		out.Anchor = timeline.Start
	case "golive":
		out.Anchor, out.Offset = timeline.GoLive, -out.Offset
	default:
		out.Anchor, out.Of = timeline.After, m[1]
	}
	return out, true
}

// FieldsOf finds the field of a name in conditions.
type FieldsOf func(name string) (condition.Field, bool)

// AllFields returns what conditions of the course may ask for: its facts and its decisions.
func AllFields(c *Course) FieldsOf { return Fields(c, "") }

// Fields is AllFields without the decisions from the one of the code on.
func Fields(c *Course, before string) FieldsOf {
	known := map[string]condition.Field{}
	for _, f := range c.Facts {
		known[f.Code] = fieldOf(&f)
	}
decisions:
	for _, p := range c.Phases {
		for _, d := range p.Decisions {
			if d.Code == before {
				break decisions
			}
			var codes []string
			for _, o := range d.Options {
				codes = append(codes, o.Code)
			}
			known[d.Code] = condition.Field{Codes: codes}
		}
	}
	return func(name string) (condition.Field, bool) { f, ok := known[name]; return f, ok }
}
