package plan

import (
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Lesson is an article that a decision teaches, as somebody of the desk begins to write it.
type Lesson struct {
	Module uint64 // 0: the plan is of none
	Title  string
	Body   string // Markdown
}

// LessonWords are the headings of a lesson.
type LessonWords struct{ Options, Chosen, Reason string }

// Lesson returns an article made from a decision that was taken: what was to be decided, what each option brings, and what one
// organisation chose and why, without its name, those of its units or of anybody of the plan. Of a confidential plan it says
// what the template does and nothing of the choice. Only who arranges the plan may ask. Nothing is written.
func (ps *Plans) Lesson(a policy.Actor, number uint64, code string, w LessonWords) (Lesson, error) {
	var out Lesson
	err := ps.st.View(func(tx *db.Tx) error {
		v, err := ps.read(tx, a, number, policy.ArrangePlan)
		if err != nil {
			return err
		}
		d := v.Decision(code)
		if d == nil || d.State != store.DecisionDecided {
			return fault.New(fault.NotFound, "error.not-found")
		}
		people, places, err := callings(tx, v)
		if err != nil {
			return err
		}
		lang := a.Lang()
		out = Lesson{Title: d.Question.In(lang)}
		if len(v.Plan.Modules) > 0 {
			out.Module = v.Plan.Modules[0]
		}
		parts := []string{d.Why.In(lang), "## " + w.Options}
		choice := ""
		for _, o := range d.Options {
			parts = append(parts, "- **"+plain(o.Name.In(lang))+"**"+suffix(": ", strings.TrimSpace(o.Allows.In(lang)+" "+o.RulesOut.In(lang)+" "+o.Costs.In(lang))))
			if o.Code == d.Last.Option {
				choice = o.Name.In(lang)
			}
		}
		if !policy.FactsOfPlan(tx, v.Plan).Confidential() {
			parts = append(parts, "## "+w.Chosen, plain(choice))
			if reason := entry.Nameless(markup.Clean(d.Last.Reason), people, places); reason != "" {
				parts = append(parts, w.Reason+": "+plain(reason))
			}
		}
		out.Body = strings.TrimSpace(strings.Join(parts, "\n\n"))
		return nil
	})
	return out, err
}

// callings returns what the people of a plan and its places are called.
func callings(tx *db.Tx, v *View) (people, places []string, err error) {
	c, err := crowdOf(tx, v.Plan)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range c.all {
		people = append(people, x.Name)
	}
	for _, d := range v.decisions {
		if d.Last == nil {
			continue
		}
		if x, err := store.People.Peek(tx, d.Last.By); err == nil {
			people = append(people, x.Name)
		} else if fault.IgnoreNotFound(err) != nil {
			return nil, nil, err
		}
	}
	places = []string{v.Organisation.Name, v.Organisation.Code, v.Plan.Name}
	for u, err := range store.UnitsByOrganisation.PeekRows(tx, db.Span{Prefix: key.Of(v.Plan.Organisation)}) {
		if err != nil {
			return nil, nil, err
		}
		places = append(places, u.Name)
	}
	return people, places, nil
}
