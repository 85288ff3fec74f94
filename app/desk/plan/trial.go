package plan

import (
	"maps"
	"slices"
	"time"

	"sportello/app/condition"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Assumed is an organisation that somebody makes up to walk through a template: what is known of it, and how it answers.
type Assumed struct {
	Start, GoLive time.Time // zero: today, and a year on
	Facts         map[string][]string
	Answers       map[string]string // decision to option; what is not offered there is left out
}

// Trial is a walk through a template that belongs to no plan. It has no number, and nothing of it is kept.
type Trial struct {
	*View
	From     *template.View
	material material
}

// Try walks through a template as an organisation would that is made up: through the draft for whoever writes it, else
// through what is published. It is computed by what computes plans. It returns what is wrong with the facts and days as
// fault.Problems, and NotFound for whoever may not read the template.
func (ps *Plans) Try(a policy.Actor, code string, as Assumed) (*Trial, error) {
	from, err := ps.templates.Read(a, code)
	if err != nil {
		return nil, err
	}
	var out *Trial
	err = ps.st.View(func(tx *db.Tx) error {
		p := &store.Plan{Template: from.Template.ID, Name: from.File.Name.In(a.Lang()), Start: as.Start, GoLive: as.GoLive, State: store.PlanPrepared}
		m := material{Published: from.Ready(), course: &from.File.Course, plan: p, answers: map[string]*store.Decision{}, progress: map[string]*store.Progress{}, today: ps.today(tx)}
		if p.Start.IsZero() {
			p.Start = m.today.Time()
		}
		if p.GoLive.IsZero() {
			p.GoLive = p.Start.AddDate(1, 0, 0)
		}
		var wrong fault.Problems
		checkDays(p, &wrong)
		if err := ps.say(tx, a, p, m.course, as.Facts, &wrong); err != nil {
			return err
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		m.calendar = calendar(p.Facts)
		w, err := walk(m)
		if err != nil {
			return err
		}
		for _, phase := range m.course.Phases { // in their order: an answer may take later questions away
			for _, d := range phase.Decisions {
				option, said := as.Answers[d.Code]
				at := w.decisions[d.Code]
				if !said || at == nil || !at.Shown || !slices.ContainsFunc(at.Options, func(o Option) bool { return o.Code == option && o.Offered }) {
					continue
				}
				m.answers[d.Code] = &store.Decision{Code: d.Code, State: store.DecisionDecided, Option: option, Number: 1}
				if w, err = walk(m); err != nil {
					return err
				}
			}
		}
		for _, d := range m.answers { // what was answered here rests on nothing older
			if at := w.decisions[d.Code]; at != nil {
				at.Touched = nil
			}
		}
		out = &Trial{View: &View{Line: Line{Plan: p, Template: from.Template, Number: from.Template.Number}, Walk: w, OfDesk: true}, From: from, material: m}
		return nil
	})
	return out, err
}

// Would returns what becomes of the walk when an option is chosen.
func (t *Trial) Would(code, option string) (Changes, error) {
	d := &store.Decision{Code: code, State: store.DecisionDecided, Option: option, Number: 1}
	after, err := walk(t.material.with(d))
	if err != nil {
		return Changes{}, err
	}
	return differ(t.Walk, after), nil
}

// Known returns what is known of a fact in the walk.
func (t *Trial) Known(fact string) []string { return t.Plan.Facts[fact].Values }

// Sizes are the names of organisations that are often tried, from the smallest.
var Sizes = []string{"small", "middle", "large"}

// sized are numbers that are usual for organisations of each size, by the code of the fact that asks for them.
var sized = map[string][3]string{
	"staff": {"250", "1100", "3500"}, "staff_academic": {"120", "600", "1900"}, "staff_ta": {"110", "450", "1400"}, "staff_other": {"20", "50", "200"},
	"students": {"3500", "18000", "60000"}, "departments": {"4", "14", "32"}, "units": {"8", "30", "110"}, "sites": {"1", "2", "5"}, "aoo": {"1", "2", "33"}, "pec": {"2", "16", "40"},
	"registrations_year": {"8000", "60000", "250000"}, "invoices_year": {"3000", "15000", "60000"}, "open_items": {"500", "3000", "12000"}, "assets": {"8000", "45000", "180000"},
	"projects_active": {"60", "500", "2500"}, "proposals_year": {"30", "250", "1200"}, "external_share": {"15", "30", "45"}, "products": {"6000", "50000", "250000"},
	"payslips_month": {"300", "1300", "4200"}, "ict_people": {"5", "25", "80"}, "accounting_people": {"8", "30", "90"}, "library_people": {"4", "25", "110"},
}

// OfSize returns the facts of the course that are usual for an organisation of the size; nil for no such size.
func OfSize(c *template.Course, size string) map[string][]string {
	at := slices.Index(Sizes, size)
	if at < 0 {
		return nil
	}
	out := map[string][]string{}
	for _, f := range c.Facts {
		if v, ok := sized[f.Code]; ok && f.Kind == "number" {
			out[f.Code] = []string{v[at]}
		}
	}
	return out
}

// Recommended returns the walk of somebody who takes what is recommended in every decision, where something is, and the
// first option elsewhere.
func (ps *Plans) Recommended(a policy.Actor, code string, as Assumed) (*Trial, error) {
	as.Answers = maps.Clone(as.Answers)
	if as.Answers == nil {
		as.Answers = map[string]string{}
	}
	for {
		t, err := ps.Try(a, code, as)
		if err != nil {
			return nil, err
		}
		d := t.First()
		if d == nil || as.Answers[d.Code] != "" {
			return t, nil
		}
		for _, o := range d.Options {
			if o.Offered && (as.Answers[d.Code] == "" || o.Recommended == condition.True) {
				as.Answers[d.Code] = o.Code
			}
		}
		if as.Answers[d.Code] == "" {
			return t, nil
		}
	}
}
