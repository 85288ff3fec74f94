package plan

import (
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/key"
)

// Texts returns what search reads of the plans of the store: what is to be decided and why, what was said, what is to be
// done and what became of it. Of what a plan does not ask, given its facts and answers, nothing is read, nor is anything
// of the norms: not everybody is shown those.
func Texts(st *db.Store, loc *time.Location) func(tx *db.Tx, p *store.Plan, language string) ([]string, error) {
	ps := New(st, loc, policy.New(st), template.New(st), nil)
	return func(tx *db.Tx, p *store.Plan, language string) ([]string, error) {
		m, err := ps.material(tx, p)
		if err != nil || !writtenIn(m.course.Name, language) {
			return nil, err
		}
		w, err := walk(m)
		if err != nil {
			return nil, err
		}
		said := map[string][]string{} // reasons of every answer, by decision
		for d, err := range store.DecisionsByPlan.Rows(tx, db.Span{Prefix: key.Of(p.ID)}) {
			if err != nil {
				return nil, err
			}
			said[d.Code] = append(said[d.Code], d.Reason)
		}
		files, err := filesOf(tx, p.ID)
		if err != nil {
			return nil, err
		}
		out := []string{m.course.Name.In(language)}
		say := func(texts ...store.Words) {
			for _, t := range texts {
				out = append(out, markup.Plain(markup.Markdown, t.In(language)))
			}
		}
		for _, phase := range w.Phases {
			if !phase.Shown {
				continue
			}
			say(phase.Name)
			for _, d := range phase.Decisions {
				if !d.Shown {
					continue
				}
				say(d.Question, d.Why)
				for _, o := range d.Options {
					if o.Offered {
						say(o.Name)
					}
				}
				out = append(out, said[d.Code]...)
			}
			for _, s := range phase.Steps {
				if !s.Shown && s.Progress == nil {
					continue
				}
				say(s.Name, s.Text, s.DoneWhen, s.Milestone)
				say(s.Checklist...)
				for _, f := range files[s.Code] {
					out = append(out, f.Name)
				}
				if s.Progress != nil {
					out = append(out, s.Progress.Reason)
				}
			}
		}
		return out, nil
	}
}

// writtenIn reports whether the plan with the name is read in the language. Each is in one.
func writtenIn(name store.Words, language string) bool {
	return language == "it" && (name.IT != "" || name.EN == "") || language == "en" && name.EN != ""
}
