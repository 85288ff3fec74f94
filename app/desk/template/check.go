package template

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sportello/app/condition"
	"sportello/app/timeline"
	"sportello/store"
)

// Finding is something that is wrong with a template. Path says where, by codes: "phase/decision/option". Key is that of a
// sentence, Args its placeholders.
type Finding struct {
	Path string
	Key  string
	Args []any
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s %v", f.Path, f.Key, f.Args) }

var code = regexp.MustCompile(`^[a-z][a-z0-9]*([-_][a-z0-9]+)*$`)

// reserved are codes that mean something in expressions.
var reserved = []string{"start", "golive", "and", "or", "not", "in"}

// The answers to how a decision can be changed later, and how a step is known to be done.
var (
	Backs    = []string{"free", "office", "boundary", "never"} // any day; by one office; at a boundary such as a year; never
	DoneBy   = []string{"tick", "figure", "file", "units"}
	Supports = []string{"ticket", "project"}
)

// checker gathers findings.
type checker struct {
	c     *Course
	found []Finding
	codes map[string]string // of facts, decisions, steps and freezes: where it stands
	roles map[string]bool
	norms map[string]bool
	steps map[string]bool
	asked map[string]bool // decisions
}

// Check returns everything that is wrong with a course before it may be published: what is missing, codes twice, conditions
// that cannot be read or ask for what is not asked before, options and phases that no answer leads to, steps that nobody
// does, circles. It returns nothing for a good one.
func Check(course *Course) []Finding {
	k := &checker{c: course, codes: map[string]string{}, roles: map[string]bool{}, norms: map[string]bool{}, steps: map[string]bool{}, asked: map[string]bool{}}
	k.words("", "name", course.Name)
	k.names()
	for _, p := range course.Phases {
		k.phase(&p)
	}
	if len(course.Phases) == 0 {
		k.add("", "template.no-phase")
	}
	k.circles()
	return k.found
}

func (k *checker) add(path, key string, args ...any) {
	k.found = append(k.found, Finding{path, key, args})
}

// words asks for a text in both languages.
func (k *checker) words(path, field string, w store.Words) {
	if w.IT == "" || w.EN == "" {
		k.add(path, "template.words-missing", "field", field)
	}
}

// both asks for both languages where one is there.
func (k *checker) both(path, field string, w store.Words) {
	if (w.IT == "") != (w.EN == "") {
		k.add(path, "template.words-missing", "field", field)
	}
}

func (k *checker) code(path, c string) {
	if !code.MatchString(c) || len(c) > 40 || slices.Contains(reserved, c) {
		k.add(path, "template.code", "code", c)
	}
}

// unique takes a code of the space that facts, decisions, steps and freezes share.
func (k *checker) unique(path, c string) {
	k.code(path, c)
	if other, there := k.codes[c]; there {
		k.add(path, "template.code-twice", "code", c, "other", other)
	}
	k.codes[c] = path
}

func (k *checker) one(path, field, value string, of []string) {
	if value != "" && !slices.Contains(of, value) {
		k.add(path, "template.word", "field", field, "value", value, "words", strings.Join(of, ", "))
	}
}

// names reads what other places refer to.
func (k *checker) names() {
	for _, r := range k.c.Roles {
		k.code("role/"+r.Code, r.Code)
		k.words("role/"+r.Code, "name", r.Name)
		if k.roles[r.Code] {
			k.add("role/"+r.Code, "template.code-twice", "code", r.Code, "other", "role/"+r.Code)
		}
		k.roles[r.Code] = true
	}
	for _, n := range k.c.Norms {
		path := "norm/" + n.Code
		k.code(path, n.Code)
		k.words(path, "text", n.Text)
		if n.Verified != "" {
			if _, err := timeline.ParseDay(n.Verified); err != nil {
				k.add(path, "template.day", "day", n.Verified)
			}
		}
		if k.norms[n.Code] {
			k.add(path, "template.code-twice", "code", n.Code, "other", path)
		}
		k.norms[n.Code] = true
	}
	for _, f := range k.c.Facts {
		path := "fact/" + f.Code
		k.unique(path, f.Code)
		k.words(path, "name", f.Name)
		if f.Kind == "" || !slices.Contains(FactKinds, f.Kind) {
			k.add(path, "template.word", "field", "kind", "value", f.Kind, "words", strings.Join(FactKinds, ", "))
		}
		if f.Kind == "choice" && len(f.Choices) < 2 {
			k.add(path, "template.few-choices")
		}
		var codes []string
		for _, c := range f.Choices {
			k.code(path+"/"+c.Code, c.Code)
			k.words(path+"/"+c.Code, "name", c.Name)
			if slices.Contains(codes, c.Code) {
				k.add(path, "template.code-twice", "code", c.Code, "other", path)
			}
			codes = append(codes, c.Code)
		}
	}
	phases := map[string]bool{}
	for _, p := range k.c.Phases {
		k.code(p.Code, p.Code)
		if phases[p.Code] {
			k.add(p.Code, "template.code-twice", "code", p.Code, "other", p.Code)
		}
		phases[p.Code] = true
		for _, d := range p.Decisions {
			k.unique(p.Code+"/"+d.Code, d.Code)
			k.asked[d.Code] = true
		}
		for _, s := range p.Steps {
			k.unique(p.Code+"/"+s.Code, s.Code)
			k.steps[s.Code] = true
		}
		for _, f := range p.Freezes {
			k.unique(p.Code+"/"+f.Code, f.Code)
		}
	}
}

func (k *checker) known(path, field string, codes []string, in map[string]bool) {
	for _, c := range codes {
		if !in[c] {
			k.add(path, "template.unknown", "field", field, "code", c)
		}
	}
}

// condition reads one; before is the decision before which it must be decidable, empty for all of them. It reports whether
// some answer makes it hold.
func (k *checker) condition(path, field, text, before string) bool {
	if text == "" {
		return true
	}
	c, err := condition.Parse(text, condition.Fields(Fields(k.c, before)))
	var wrong *condition.Error
	if errors.As(err, &wrong) {
		if wrong.Reason == condition.UnknownName && k.asked[wrong.Found] {
			k.add(path, "template.asked-later", "field", field, "code", wrong.Found)
			return true
		}
		k.add(path, "template.condition", "field", field, "at", wrong.At+1, "found", wrong.Found, "reason", string(wrong.Reason))
		return true
	}
	return k.reachable(c)
}

// maxTries bounds the search for answers that make a condition hold; beyond it one is taken to exist.
const maxTries = 2_000

// reachable tries the answers that can make a difference.
func (k *checker) reachable(c condition.Condition) bool {
	names := c.Names()
	domains := make([][]condition.Fact, len(names))
	tries := 1
	for i, name := range names {
		domains[i] = k.domain(c, name)
		if tries *= len(domains[i]); tries > maxTries {
			return true
		}
	}
	at := make([]int, len(names))
	for range tries {
		if c.Judge(func(name string) condition.Fact {
			i := slices.Index(names, name)
			return domains[i][at[i]]
		}) == condition.True {
			return true
		}
		for i := range at {
			if at[i]++; at[i] < len(domains[i]) {
				break
			}
			at[i] = 0
		}
	}
	return false
}

// domain returns values of a fact or decision among which every value behaves like one in this condition.
func (k *checker) domain(c condition.Condition, name string) []condition.Fact {
	out := []condition.Fact{condition.Missing()}
	field, _ := AllFields(k.c)(name)
	switch field.Kind {
	case condition.YesNo:
		return append(out, condition.Known("yes"), condition.Known("no"))
	case condition.Code:
		for _, v := range field.Codes {
			out = append(out, condition.Known(v))
		}
		if !k.asked[name] {
			out = append(out, condition.Known(c.Values(name)...)) // a list may have several
		}
	case condition.Number:
		for _, v := range c.Values(name) {
			out = append(out, condition.Known(v), condition.Known(beside(v, -1)), condition.Known(beside(v, 1)))
		}
	case condition.Day:
		for _, v := range c.Values(name) {
			if d, err := timeline.ParseDay(v); err == nil {
				out = append(out, condition.Known(v), condition.Known((d - 1).String()), condition.Known((d + 1).String()))
			}
		}
	default:
		for _, v := range c.Values(name) {
			out = append(out, condition.Known(strings.ReplaceAll(v, "*", "")))
		}
		out = append(out, condition.Known("", strings.Join(c.Values(name), " ")))
	}
	return out
}

// beside returns a number a little beside another one, as text.
func beside(text string, by int) string {
	var v float64
	if _, err := fmt.Sscan(text, &v); err != nil {
		return text
	}
	return fmt.Sprintf("%.6f", v+float64(by)*0.000001)
}

func (k *checker) phase(p *Phase) {
	k.words(p.Code, "name", p.Name)
	if !k.condition(p.Code, "when", p.When, first(p)) {
		k.add(p.Code, "template.unreachable", "field", "when")
	}
	if len(p.Decisions)+len(p.Steps) == 0 {
		k.add(p.Code, "template.empty-phase")
	}
	for i := range p.Decisions {
		k.decision(p, &p.Decisions[i])
	}
	for i := range p.Steps {
		k.step(p, &p.Steps[i])
	}
	for _, f := range p.Freezes {
		path := p.Code + "/" + f.Code
		k.words(path, "name", f.Name)
		k.words(path, "stops", f.Stops)
		k.day(path, "from", f.From)
		k.day(path, "until", f.Until)
		if !k.condition(path, "when", f.When, "") {
			k.add(path, "template.unreachable", "field", "when")
		}
	}
}

// first returns the first decision of a phase: its condition can ask only for what comes before.
func first(p *Phase) string {
	if len(p.Decisions) == 0 {
		return ""
	}
	return p.Decisions[0].Code
}

func (k *checker) decision(p *Phase, d *DecisionForm) {
	path := p.Code + "/" + d.Code
	k.words(path, "question", d.Question)
	k.words(path, "why", d.Why)
	k.both(path, "price", d.Price)
	k.one(path, "back", d.Back, Backs)
	k.known(path, "who", d.Who, k.roles)
	if len(d.Who) == 0 {
		k.add(path, "template.nobody")
	}
	k.known(path, "norms", d.Norms, k.norms)
	earlier := Fields(k.c, d.Code)
	for _, a := range d.After {
		if _, ok := earlier(a); !ok || !k.asked[a] {
			key := "template.unknown"
			if k.asked[a] {
				key = "template.asked-later"
			}
			k.add(path, key, "field", "after", "code", a)
		}
	}
	if d.Until != "" {
		k.day(path, "until", d.Until)
	}
	if !k.condition(path, "when", d.When, d.Code) {
		k.add(path, "template.unreachable", "field", "when")
	}
	if len(d.Options) < 2 {
		k.add(path, "template.few-options")
	}
	var codes []string
	for i := range d.Options {
		o := &d.Options[i]
		at := path + "/" + o.Code
		k.code(at, o.Code)
		if slices.Contains(codes, o.Code) {
			k.add(at, "template.code-twice", "code", o.Code, "other", at)
		}
		codes = append(codes, o.Code)
		k.words(at, "name", o.Name)
		for field, w := range map[string]store.Words{"allows": o.Allows, "rules_out": o.RulesOut, "costs": o.Costs, "suits": o.Suits, "because": o.Because} {
			k.both(at, field, w)
		}
		k.known(at, "norms", o.Norms, k.norms)
		if !k.condition(at, "when", o.When, d.Code) {
			k.add(at, "template.unreachable", "field", "when")
		}
		if o.Recommended != "" && o.Recommended != "yes" && !k.condition(at, "recommended", o.Recommended, d.Code) {
			k.add(at, "template.unreachable", "field", "recommended")
		}
		if (o.Recommended != "") != (o.Because != store.Words{}) {
			k.add(at, "template.because")
		}
	}
}

func (k *checker) day(path, field, text string) {
	d, ok := DayOf(text)
	if !ok {
		k.add(path, "template.day-expression", "field", field, "value", text)
	} else if d.Anchor == timeline.After && !k.steps[d.Of] {
		k.add(path, "template.unknown", "field", field, "code", d.Of)
	}
}

func (k *checker) step(p *Phase, s *StepForm) {
	path := p.Code + "/" + s.Code
	k.words(path, "name", s.Name)
	k.both(path, "text", s.Text)
	k.words(path, "done_when", s.DoneWhen)
	k.both(path, "milestone", s.Milestone)
	k.one(path, "done", s.Done, DoneBy)
	k.one(path, "by", s.By, Supports)
	k.known(path, "who", s.Who, k.roles)
	k.known(path, "norms", s.Norms, k.norms)
	if len(s.Who) == 0 {
		k.add(path, "template.nobody")
	}
	if s.Takes < 0 || s.Takes > timeline.MaxOffset {
		k.add(path, "template.takes")
	}
	k.day(path, "day", s.Day)
	for _, m := range s.Moved {
		k.day(path, "moved", m.Day)
		if m.When == "" || !k.condition(path, "moved", m.When, "") {
			k.add(path, "template.unreachable", "field", "moved")
		}
	}
	for _, w := range s.Waits {
		if !k.steps[w] && !k.asked[w] {
			k.add(path, "template.unknown", "field", "waits", "code", w)
		}
	}
	for _, w := range s.Checklist {
		k.words(path, "checklist", w)
	}
	var files []string
	for _, f := range s.Files {
		k.code(path+"/"+f.Code, f.Code)
		k.words(path+"/"+f.Code, "name", f.Name)
		if slices.Contains(files, f.Code) {
			k.add(path+"/"+f.Code, "template.code-twice", "code", f.Code, "other", path+"/"+f.Code)
		}
		files = append(files, f.Code)
	}
	if !k.condition(path, "when", s.When, "") {
		k.add(path, "template.unreachable", "field", "when")
	}
}

// circles looks whether steps rest on each other in a circle, by what they wait for or by any of the days that they may have:
// no answer of a plan can then close one.
func (k *checker) circles() {
	if len(k.found) > 0 {
		return // what is missing would be named again
	}
	var waits, days timeline.Plan
	for _, p := range k.c.Phases {
		for _, s := range p.Steps {
			waiting, counted := timeline.Step{Code: s.Code}, timeline.Step{Code: s.Code}
			for _, w := range s.Waits {
				if k.steps[w] {
					waiting.Waits = append(waiting.Waits, w)
				}
			}
			for _, text := range append([]string{s.Day}, movedDays(s)...) {
				if d, ok := DayOf(text); ok && d.Anchor == timeline.After {
					counted.Waits = append(counted.Waits, d.Of)
				}
			}
			waits.Steps, days.Steps = append(waits.Steps, waiting), append(days.Steps, counted)
		}
	}
	for _, plan := range []timeline.Plan{waits, days} {
		plan.Start, plan.GoLive = timeline.Date(2026, 1, 1), timeline.Date(2027, 1, 1)
		_, err := plan.Days(timeline.NewCalendar(func(timeline.Day) bool { return false }))
		var circle *timeline.CircleError
		if errors.As(err, &circle) {
			k.add(circle.Codes[0], "template.circle", "codes", strings.Join(circle.Codes, ", "))
			return
		}
	}
}

func movedDays(s StepForm) []string {
	var out []string
	for _, m := range s.Moved {
		out = append(out, m.Day)
	}
	return out
}
