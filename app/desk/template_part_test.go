package desk

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/template"
	"sportello/store"
	"sportello/store/fault"
)

// parting is a desk with the draft of a template, and its source.
func parting(t testing.TB) (*office, *template.View) {
	o := installed(t)
	v, err := o.Templates.Save(o.as("agente"), "", template.Form{Source: []byte(trial)})
	if err != nil {
		t.Fatal(err)
	}
	return o, v
}

// fields returns at which fields something was refused.
func fields(err error) (out []string) {
	var many fault.Problems
	if errors.As(err, &many) {
		for _, e := range many {
			out = append(out, e.Field+" "+e.Key)
		}
	} else if err != nil {
		out = append(out, err.Error())
	}
	return out
}

func both(it, en string) store.Words { return store.Words{IT: it, EN: en} }

func TestWhoMayNotWriteATemplateWritesNoPartOfIt(t *testing.T) {
	o, v := parting(t)
	step := template.Part{Phase: "work", Step: &template.StepForm{Name: both("Uno", "One"), Day: "start+1"}}
	for who, kind := range map[string]fault.Kind{"estraneo": fault.NotFound, "ada": fault.NotFound, "referente": fault.NotFound, "altrove": fault.NotFound, "redattore": fault.NotFound} {
		_, err := o.Templates.SavePart(o.as(who), "prova", step, v.Rev)
		o.wantKind(who+" adds", err, kind)
		_, err = o.Templates.RemovePart(o.as(who), "prova", "pay", v.Rev)
		o.wantKind(who+" removes", err, kind)
	}
	_, err := o.Templates.SavePart(o.as("agente"), "prova", step, v.Rev+1)
	o.wantKind("of another revision", err, fault.Conflict)
	_, err = o.Templates.RemovePart(o.as("agente"), "prova", "none", v.Rev)
	o.wantKind("what is not there", err, fault.NotFound)
	_, err = o.Templates.SavePart(o.as("agente"), "prova", template.Part{Was: "none", Phase: "work", Step: step.Step}, v.Rev)
	o.wantKind("in place of what is not there", err, fault.NotFound)
}

// TestAPartThatIsPutBackLeavesTheTemplateAsItWas: for every decision and step of every built-in template.
func TestAPartThatIsPutBackLeavesTheTemplateAsItWas(t *testing.T) {
	o := installed(t)
	all, err := template.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		f.Modules = nil
		raw, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		v, err := o.Templates.Save(o.as("amministratore"), "", template.Form{Source: raw})
		if err != nil {
			t.Fatal(err)
		}
		for _, ph := range f.Phases[:2] {
			var parts []template.Part
			for i, d := range ph.Decisions {
				p := template.Part{Was: d.Code, Phase: ph.Code, Decision: &d}
				if i+1 < len(ph.Decisions) {
					p.Before = ph.Decisions[i+1].Code
				}
				parts = append(parts, p)
			}
			for i, s := range ph.Steps {
				p := template.Part{Was: s.Code, Phase: ph.Code, Step: &s}
				if i+1 < len(ph.Steps) {
					p.Before = ph.Steps[i+1].Code
				}
				parts = append(parts, p)
			}
			for _, p := range parts {
				now, err := o.Templates.SavePart(o.as("amministratore"), f.Code, p, v.Rev)
				if err != nil {
					t.Fatalf("%s %s: %v", f.Code, p.Was, fields(err))
				}
				if v = now; v.Source != string(raw) {
					t.Fatalf("%s: putting %s back changed the text", f.Code, p.Was)
				}
			}
		}
	}
}

func TestAPartIsAddedMovedAndRemoved(t *testing.T) {
	o, v := parting(t)
	agent := o.as("agente")
	codes := func() (out []string) {
		for _, p := range v.File.Phases {
			out = append(out, p.Code+":")
			for _, d := range p.Decisions {
				out = append(out, d.Code)
			}
			for _, s := range p.Steps {
				out = append(out, s.Code)
			}
		}
		return out
	}
	before := codes()
	save := func(p template.Part) {
		t.Helper()
		now, err := o.Templates.SavePart(agent, "prova", p, v.Rev)
		if err != nil {
			t.Fatalf("%v", fields(err))
		}
		v = now
	}
	save(template.Part{Phase: "work", Before: "pay", Step: &template.StepForm{Name: both("Già fatto, 2 volte", "Done already, twice"), Day: "start+1", Waits: []string{"when"}}})
	if _, _, s := v.File.Part("done-already-twice"); s == nil || slices.Index(codes(), "done-already-twice")+1 != slices.Index(codes(), "pay") {
		t.Fatalf("added: %v", codes())
	}
	_, _, s := v.File.Part("done-already-twice")
	save(template.Part{Was: s.Code, Phase: "choices", Step: s})
	if ph, _, _ := v.File.Part(s.Code); ph.Code != "choices" {
		t.Errorf("it stands in %s", ph.Code)
	}
	save(template.Part{Phase: "choices", Before: "when", Decision: &template.DecisionForm{Question: both("Chi?", ""), Options: []template.Option{{Name: both("Noi", "We")}, {Name: both("Noi", "We")}}}})
	if _, d, _ := v.File.Part("chi"); d == nil || d.Options[0].Code != "we" || d.Options[1].Code != "we-2" {
		t.Errorf("codes of what has none: %+v", d)
	}
	for _, c := range []string{"chi", "done-already-twice"} {
		now, err := o.Templates.RemovePart(agent, "prova", c, v.Rev)
		if err != nil {
			t.Fatal(err)
		}
		v = now
	}
	wantTexts(t, "removed again", codes(), before...)
	// What others rest on may go: checking finds it.
	now, err := o.Templates.RemovePart(agent, "prova", "when", v.Rev)
	if err != nil || len(template.Check(&now.File.Course)) == 0 {
		t.Errorf("%v, and nothing is found wrong", err)
	}
}

func TestWhatCannotBeReadInAPartIsRefusedAtItsField(t *testing.T) {
	o, v := parting(t)
	step := func(change func(*template.StepForm)) template.Part {
		s := template.StepForm{Name: both("Uno", "One"), Who: []string{"cda"}, Day: "start+1", DoneWhen: both("È fatto.", "It is done.")}
		change(&s)
		return template.Part{Phase: "work", Step: &s}
	}
	decision := func(change func(*template.DecisionForm)) template.Part {
		d := template.DecisionForm{Question: both("Chi?", "Who?"), Options: []template.Option{{Code: "we", Name: both("Noi", "We")}, {Code: "they", Name: both("Loro", "They")}}}
		change(&d)
		return template.Part{Phase: "choices", Decision: &d}
	}
	for name, x := range map[string]struct {
		of   template.Part
		want []string
	}{
		"no name":         {step(func(s *template.StepForm) { s.Name = store.Words{} }), []string{"name.it error.required"}},
		"no phase":        {template.Part{Phase: "none", Step: &template.StepForm{Name: both("Uno", "One")}}, []string{"place error.choice"}},
		"before nothing":  {template.Part{Phase: "work", Before: "when", Step: &template.StepForm{Name: both("Uno", "One"), Day: "start"}}, []string{"place error.choice"}},
		"code of another": {step(func(s *template.StepForm) { s.Code = "staff" }), []string{"code error.code-taken"}},
		"no code":         {step(func(s *template.StepForm) { s.Code = "Non va" }), []string{"code template.code"}},
		"no day":          {step(func(s *template.StepForm) { s.Day = "domani" + "!" }), []string{"day template.day-expression"}},
		"day of nothing":  {step(func(s *template.StepForm) { s.Day = "none+3" }), []string{"day template.unknown"}},
		"condition":       {step(func(s *template.StepForm) { s.When = "staff>" }), []string{"when template.condition"}},
		"waits":           {step(func(s *template.StepForm) { s.Waits = []string{"none"} }), []string{"waits template.unknown"}},
		"too long":        {step(func(s *template.StepForm) { s.Takes = -1 }), []string{"takes template.takes"}},
		"itself":          {step(func(s *template.StepForm) { s.Code, s.Waits = "self", []string{"self"} }), []string{"waits template.circle"}},
		"another day":     {step(func(s *template.StepForm) { s.Moved = []template.MovedDay{{When: "staff>1", Day: "boh!"}} }), []string{"moved.1.day template.day-expression"}},
		"its condition": {step(func(s *template.StepForm) {
			s.Moved = []template.MovedDay{{When: "staff>1", Day: "start"}, {When: "boh>1", Day: "start"}}
		}), []string{"moved.2.when template.condition"}},
		"file": {step(func(s *template.StepForm) {
			s.Files = []template.FileForm{{Code: "a", Name: both("A", "A")}, {Code: "No", Name: both("B", "B")}}
		}), []string{"files.2.code template.code"}},
		"later":           {decision(func(d *template.DecisionForm) { d.When = "months:one" }), nil},
		"role":            {decision(func(d *template.DecisionForm) { d.Who = []string{"none"} }), []string{"who template.unknown"}},
		"back":            {decision(func(d *template.DecisionForm) { d.Back = "sometimes" }), []string{"back template.word"}},
		"option":          {decision(func(d *template.DecisionForm) { d.Options[1].When = "stuff=1" }), []string{"options.2.when template.condition"}},
		"option twice":    {decision(func(d *template.DecisionForm) { d.Options[1].Code = "we" }), []string{"options.2.code template.code-twice"}},
		"only unfinished": {decision(func(d *template.DecisionForm) { d.Options = nil }), nil},
		"what comes later": {func() template.Part {
			p := decision(func(d *template.DecisionForm) { d.After = []string{"months"} })
			p.Before = "when"
			return p
		}(), []string{"after template.asked-later"}},
	} {
		now, err := o.Templates.SavePart(o.as("agente"), "prova", x.of, v.Rev)
		if got := fields(err); !slices.Equal(got, x.want) {
			t.Errorf("%s: refused %q, want %q", name, got, x.want)
		}
		if err == nil {
			if v, err = o.Templates.Save(o.as("agente"), "prova", template.Form{Source: []byte(trial), Rev: now.Rev}); err != nil {
				t.Fatal(err)
			}
		}
	}
	long := step(func(s *template.StepForm) { s.Text = both(strings.Repeat("è", template.MaxFile/2), "") })
	if _, err := o.Templates.SavePart(o.as("agente"), "prova", long, v.Rev); !slices.Equal(fields(err), []string{"place error.too-long"}) {
		t.Errorf("more than fits: %v", fields(err))
	}
}
