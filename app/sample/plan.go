package sample

import (
	"fmt"
	"time"

	"sportello/app/condition"
	"sportello/app/desk/plan"
	"sportello/store"
)

// course is a plan of the demo: with which template, for whom, from when to when, and how far it has got.
type course struct {
	template, module, organisation string
	begun, live                    int // days from now
	facts                          map[string][]string
	decided, done                  int
	closed                         bool
}

// plans plans three plans: one in the middle, one that begins, one that is closed.
func (s *stage) plans() {
	for _, c := range []course{
		{template: "risorse-umane", module: "u-gov/risorse-umane", organisation: "montevelino", begun: -340, live: -95, decided: 30, done: 38, closed: true,
			facts: map[string][]string{"staff": {"1150"}, "staff_other": {"420"}, "payslips_month": {"1600"}, "contracts_local": {"3"}, "hospital": {"none"},
				"systems": {"ugov-accounting", "iris"}, "master_people": {"ugov-hr"}, "external_share": {"18"}}},
		{template: "contabilita", module: "u-gov/contabilita", organisation: "montevelino", begun: -200, live: 150, decided: 7, done: 10,
			facts: map[string][]string{"departments": {"14"}, "staff": {"1150"}}},
		{template: "ricerca", module: "u-gov/ricerca", organisation: "valfosca", begun: -12, live: 190, decided: 1},
	} {
		at := s.office(s.now.AddDate(0, 0, c.begun), true)
		number := new(uint64)
		s.at(at, func() error { return s.begin(&c, at, number) })
		for n := range c.decided {
			s.at(s.office(at.AddDate(0, 0, 3+4*n), true), func() error { return s.decide(&c, *number) })
		}
		for n := range c.done { // from its beginning until it is live, or until now
			after := 5 + n*(min(c.live, 0)-c.begun)/c.done
			s.at(s.office(at.AddDate(0, 0, after), true).Add(time.Hour), func() error { return s.stepOn(&c, *number) })
		}
		if c.closed {
			s.at(s.office(s.now.AddDate(0, 0, c.live+30), true), func() error {
				return s.state(&c, *number, store.PlanClosed)
			})
		}
	}
}

func (s *stage) failed(c *course, what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sample: plan %s, %s: %w", c.template, what, err)
}

func (s *stage) begin(c *course, at time.Time, number *uint64) error {
	if err := s.d.Templates.Seed(s.ctx); err != nil {
		return s.failed(c, "templates", err)
	}
	organisation, err := s.place(s.speaker(c.organisation))
	if err != nil {
		return err
	}
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	v, err := s.d.Plans.Begin(s.writer(c.module).actor(), plan.Beginning{Template: c.template, Organisation: organisation, Start: day(at), GoLive: day(s.office(s.now.AddDate(0, 0, c.live), true))})
	if err != nil {
		return s.failed(c, "begin", err)
	}
	*number = v.Plan.ID
	known := map[string][]string{}
	for _, f := range v.Course.Facts {
		if said := c.facts[f.Code]; said != nil {
			known[f.Code] = said
		}
	}
	if len(known) > 0 {
		if _, err := s.d.Plans.Arrange(s.speaker(c.organisation).actor(), *number, plan.Change{Rev: v.Plan.Rev, Facts: known}); err != nil {
			return s.failed(c, "facts", err)
		}
	}
	if c.done > 0 {
		return s.state(c, *number, store.PlanRunning)
	}
	return nil
}

func (s *stage) state(c *course, number uint64, to store.PlanState) error {
	by := s.writer(c.module).actor()
	v, err := s.d.Plans.Read(by, number)
	if err == nil {
		_, err = s.d.Plans.Arrange(by, number, plan.Change{Rev: v.Plan.Rev, State: to})
	}
	return s.failed(c, to.String(), err)
}

// decide takes the next decision of a plan: what is recommended, else the first option.
func (s *stage) decide(c *course, number uint64) error {
	by := s.speaker(c.organisation).actor()
	v, err := s.d.Plans.Read(by, number)
	if err != nil {
		return s.failed(c, "read", err)
	}
	d := v.First()
	if d == nil || v.Plan.State == store.PlanClosed {
		return nil
	}
	say := plan.Saying{Reason: "Ne abbiamo parlato con gli uffici interessati."}
	for _, o := range d.Options {
		if o.Offered && (say.Option == "" || o.Recommended == condition.True) {
			say.Option = o.Code
		}
	}
	_, _, err = s.d.Plans.Decide(by, number, d.Code, say)
	return s.failed(c, "decide "+d.Code, err)
}

// stepOn does the next step of a plan that waits for nothing.
func (s *stage) stepOn(c *course, number uint64) error {
	by := s.speaker(c.organisation).actor()
	v, err := s.d.Plans.Read(by, number)
	if err != nil {
		return s.failed(c, "read", err)
	}
	if v.Plan.State != store.PlanRunning {
		return nil
	}
	for _, p := range v.Phases {
		for _, step := range p.Steps {
			if !step.Shown || step.State != store.StepOpen || len(step.Opens) > 0 {
				continue
			}
			who := by
			if may, _ := v.MayDo(step.Code); !may {
				who = s.writer(c.module).actor()
			}
			_, err := s.d.Plans.Do(who, number, step.Code, plan.Doing{State: store.StepDone, Figure: "Verbale agli atti", Reason: "Tutti hanno risposto."})
			return s.failed(c, "step "+step.Code, err)
		}
	}
	return nil
}
