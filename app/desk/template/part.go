package template

import (
	"fmt"
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/fault"
)

// Part is one decision or one step of a template as somebody submits it by itself.
type Part struct {
	Was      string        // code of what it replaces; empty: it is new
	Phase    string        // code of the phase in which it stands from now on
	Before   string        // code of the one of its kind before which it stands there; empty: after all
	Decision *DecisionForm // this one
	Step     *StepForm     // or that one
}

func (p *Part) code() *string {
	if p.Decision != nil {
		return &p.Decision.Code
	}
	return &p.Step.Code
}

// Part returns the decision or the step of the code and its phase; of neither there is any where the phase is nil.
func (c *Course) Part(code string) (*Phase, *DecisionForm, *StepForm) {
	for i := range c.Phases {
		p := &c.Phases[i]
		if j := slices.IndexFunc(p.Decisions, func(d DecisionForm) bool { return d.Code == code }); j >= 0 {
			return p, &p.Decisions[j], nil
		}
		if j := slices.IndexFunc(p.Steps, func(s StepForm) bool { return s.Code == code }); j >= 0 {
			return p, nil, &p.Steps[j]
		}
	}
	return nil, nil, nil
}

// SavePart writes one decision or step into the draft of the template of the code. What cannot be read is refused as
// fault.Problems, each at the JSON name of its field, with the number of an entry where there are several: "options.2.when".
// What is only missing keeps the template from being published, as in its text.
func (ts *Templates) SavePart(a policy.Actor, code string, p Part, rev uint64) (*View, error) {
	return ts.rewrite(a, code, rev, func(f *File) error { return f.put(&p) })
}

// RemovePart takes the decision or the step out of the draft of the template of the code. What referred to it stays, and is
// found when the template is checked.
func (ts *Templates) RemovePart(a policy.Actor, code, part string, rev uint64) (*View, error) {
	return ts.rewrite(a, code, rev, func(f *File) error {
		if !f.take(part) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		return nil
	})
}

// rewrite changes the text of a template, while nobody who writes waits for that.
func (ts *Templates) rewrite(a policy.Actor, code string, rev uint64, change func(*File) error) (*View, error) {
	v, err := ts.Read(a, code)
	if err != nil {
		return nil, err
	}
	if !v.MayWrite {
		return nil, policy.Denied(a)
	}
	if err := entry.SameRev(rev, v.Rev); err != nil {
		return nil, err
	}
	f, err := Parse([]byte(v.Source))
	if err != nil {
		return nil, err
	}
	if err := change(f); err != nil {
		return nil, err
	}
	raw, err := f.Bytes()
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxFile {
		return nil, fault.Problems{fault.New(fault.Invalid, "error.too-long", "max", MaxFile, "have", len(raw)).At("place")}
	}
	return ts.Save(a, code, Form{Source: raw, Rev: v.Rev})
}

// take removes the decision or step of the code and reports whether there was one.
func (f *File) take(code string) bool {
	for i := range f.Phases {
		p := &f.Phases[i]
		had := len(p.Decisions) + len(p.Steps)
		p.Decisions = slices.DeleteFunc(p.Decisions, func(d DecisionForm) bool { return d.Code == code })
		p.Steps = slices.DeleteFunc(p.Steps, func(s StepForm) bool { return s.Code == code })
		if len(p.Decisions)+len(p.Steps) < had {
			return true
		}
	}
	return false
}

// put writes the part into the file.
func (f *File) put(p *Part) error {
	var wrong fault.Problems
	at, named := p.code(), "name"
	label := store.Words{}
	if p.Decision != nil {
		named, label = "question", p.Decision.Question
		for i := range p.Decision.Options {
			o := &p.Decision.Options[i]
			if o.Code == "" {
				o.Code = freeCode(o.Name, func(c string) bool {
					return slices.ContainsFunc(p.Decision.Options, func(x Option) bool { return x.Code == c })
				})
			}
		}
	} else {
		label = p.Step.Name
		for i := range p.Step.Files {
			x := &p.Step.Files[i]
			if x.Code == "" {
				x.Code = freeCode(x.Name, func(c string) bool {
					return slices.ContainsFunc(p.Step.Files, func(y FileForm) bool { return y.Code == c })
				})
			}
		}
	}
	if label.IT == "" && label.EN == "" {
		wrong.Add(named+".it", "error.required")
	}
	if p.Was != "" && !f.take(p.Was) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if *at == "" {
		*at = freeCode(label, f.taken)
	} else if f.taken(*at) {
		wrong.Add("code", "error.code-taken")
	}
	i := slices.IndexFunc(f.Phases, func(x Phase) bool { return x.Code == p.Phase })
	if i < 0 {
		wrong.Add("place", "error.choice")
		return wrong
	}
	if !f.Phases[i].insert(p) {
		wrong.Add("place", "error.choice")
	}
	wrong = append(wrong, f.unreadable(p)...)
	return wrong.Err()
}

// insert puts the part where it stands, and reports whether there is such a place.
func (ph *Phase) insert(p *Part) bool {
	n := len(ph.Steps)
	if p.Decision != nil {
		n = len(ph.Decisions)
	}
	if p.Before != "" {
		if n = slices.IndexFunc(ph.Steps, func(s StepForm) bool { return s.Code == p.Before }); p.Decision != nil {
			n = slices.IndexFunc(ph.Decisions, func(d DecisionForm) bool { return d.Code == p.Before })
		}
	}
	switch {
	case n < 0:
		return false
	case p.Decision != nil:
		ph.Decisions = slices.Insert(ph.Decisions, n, *p.Decision)
	default:
		ph.Steps = slices.Insert(ph.Steps, n, *p.Step)
	}
	return true
}

// taken reports whether a fact, decision, step or freeze has the code.
func (f *File) taken(c string) bool {
	if p, _, _ := f.Part(c); p != nil {
		return true
	}
	if slices.ContainsFunc(f.Facts, func(x FactKind) bool { return x.Code == c }) {
		return true
	}
	return slices.ContainsFunc(f.Phases, func(p Phase) bool {
		return slices.ContainsFunc(p.Freezes, func(x FreezeForm) bool { return x.Code == c })
	})
}

// freeCode makes a code of a name that is not taken.
func freeCode(w store.Words, taken func(string) bool) string {
	name := w.EN
	if name == "" {
		name = w.IT
	}
	base := strings.Trim(strings.TrimLeft(markup.Slug(name), "0123456789-"), "-")
	if len(base) > 32 {
		base = strings.TrimRight(base[:32], "-")
	}
	if !code.MatchString(base) || slices.Contains(reserved, base) {
		base = "new-" + base
	}
	base = strings.TrimRight(base, "-")
	for n, c := 2, base; ; n++ {
		if !taken(c) {
			return c
		}
		c = fmt.Sprintf("%s-%d", base, n)
	}
}

// unfinished are findings that say what is missing, and not that something cannot be read.
var unfinished = []string{"template.words-missing", "template.few-options", "template.nobody", "template.unreachable", "template.because"}

// unreadable returns what Check finds in the part that is not only unfinished, at its fields.
func (f *File) unreadable(p *Part) fault.Problems {
	var wrong fault.Problems
	path := p.Phase + "/" + *p.code()
	for _, x := range Check(&f.Course) {
		inner, within := strings.CutPrefix(x.Path, path+"/")
		field := argument(x, "field")
		switch {
		case x.Key == "template.circle" && slices.Contains(strings.Split(argument(x, "codes"), ", "), *p.code()):
			field = "waits"
		case slices.Contains(unfinished, x.Key) || !within && x.Path != path:
			continue
		case x.Key == "template.code" || x.Key == "template.code-twice":
			field = "code"
		case x.Key == "template.takes":
			field = "takes"
		}
		if within {
			field = p.entry(inner, field)
		} else if field == "moved" {
			field = p.moved(x)
		}
		if x.Key == "template.code-twice" && field == "code" {
			continue // said already
		}
		wrong.Add(field, x.Key, append([]any{"path", x.Path}, x.Args...)...)
	}
	return wrong
}

func argument(x Finding, name string) string {
	for i := 0; i+1 < len(x.Args); i += 2 {
		if x.Args[i] == name {
			s, _ := x.Args[i+1].(string)
			return s
		}
	}
	return ""
}

// entry names a field of the option or the file of the code: of the last one that has it.
func (p *Part) entry(code, field string) string {
	name, at := "files", 0
	if p.Decision != nil {
		name = "options"
		for i, o := range p.Decision.Options {
			if o.Code == code {
				at = i
			}
		}
	} else {
		for i, x := range p.Step.Files {
			if x.Code == code {
				at = i
			}
		}
	}
	return fmt.Sprintf("%s.%d.%s", name, at+1, field)
}

// moved names the field of another day in which something was found: its condition or the day itself.
func (p *Part) moved(x Finding) string {
	day := argument(x, "value") + argument(x, "code")
	for i, m := range p.Step.Moved {
		if x.Key == "template.day-expression" && m.Day == day || x.Key == "template.unknown" && strings.HasPrefix(m.Day, day) {
			return fmt.Sprintf("moved.%d.day", i+1)
		}
	}
	for i, m := range p.Step.Moved {
		if _, ok := DayOf(m.Day); ok && m.When != "" && strings.Contains(m.When, argument(x, "found")) {
			return fmt.Sprintf("moved.%d.when", i+1)
		}
	}
	return "moved.1.when"
}
