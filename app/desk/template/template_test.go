package template

import (
	"reflect"
	"slices"
	"testing"

	"sportello/app/condition"
	"sportello/store"
)

// TestABuiltInTemplateIsWhole holds each template that a desk begins with to what a good one has: nothing wrong, eight
// decisions of two to four options each, of which four change the plan, fifteen steps, and every text in both languages.
func TestABuiltInTemplateIsWhole(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range all {
		if seen[f.Code] {
			t.Errorf("%s is there twice", f.Code)
		}
		seen[f.Code] = true
		for _, wrong := range Check(&f.Course) {
			t.Errorf("%s: %v", f.Code, wrong)
		}
		decisions, steps, changing, freezes, milestones := 0, 0, 0, 0, 0
		asked := map[string]bool{} // decisions that something depends on
		read := func(texts ...string) {
			for _, text := range texts {
				for _, p := range f.Phases {
					for _, d := range p.Decisions {
						if c, err := condition.Parse(text, condition.Fields(AllFields(&f.Course))); err == nil && slices.Contains(c.Names(), d.Code) {
							asked[d.Code] = true
						}
					}
				}
			}
		}
		for _, p := range f.Phases {
			read(p.When)
			freezes += len(p.Freezes)
			for _, d := range p.Decisions {
				decisions++
				read(d.When)
				recommended := 0
				if len(d.Options) > 4 {
					t.Errorf("%s: %s has %d options", f.Code, d.Code, len(d.Options))
				}
				for _, o := range d.Options {
					if o.Recommended != "" {
						recommended++
					}
					for name, w := range map[string]store.Words{"allows": o.Allows, "rules_out": o.RulesOut, "costs": o.Costs, "suits": o.Suits} {
						if w.IT == "" || w.EN == "" {
							t.Errorf("%s: option %s of %s has no %s", f.Code, o.Code, d.Code, name)
						}
					}
				}
				if recommended == 0 || d.Back == "" || d.Price.IT == "" {
					t.Errorf("%s: %s recommends nothing, or does not say how it is changed later and at what price", f.Code, d.Code)
				}
			}
			for _, s := range p.Steps {
				steps++
				read(s.When)
				for _, m := range s.Moved {
					read(m.When)
				}
				if s.Milestone.IT != "" {
					milestones++
				}
			}
		}
		changing = len(asked)
		if decisions < 8 || steps < 15 || changing < 4 || freezes == 0 || milestones < 3 || len(f.Facts) < 3 {
			t.Errorf("%s has %d decisions, %d of which change the plan, %d steps, %d freezes, %d milestones, %d facts", f.Code, decisions, changing, steps, freezes, milestones, len(f.Facts))
		}
		raw, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(raw)
		if err != nil || !reflect.DeepEqual(again, f) {
			t.Errorf("%s is not the same after it was written and read again: %v", f.Code, err)
		}
	}
}
