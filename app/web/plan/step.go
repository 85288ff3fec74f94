package plan

import (
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// stepPage is one step: what is to be done, by whom, until when, and where it is.
type stepPage struct {
	web.Page
	Action    string
	Back      string
	Marks     []show.Mark
	Text      string
	Facts     []term
	Waits     []web.Link
	Norms     []norm
	Guides    []web.Link
	Checklist []show.Choice
	Units     []unit
	Figure    bool // a figure, or where a file is kept, says that it is done
	File      bool // it is where a file is kept
	DoneWhen  string
	May       bool
	Today     string
	States    []show.Choice
	Sides     []show.Choice
	Reason    string
	Beside    beside
	Papers    []paper
}

// unit is a unit that answers for itself.
type unit struct{ Field, Name, Said string }

func (a pages) getStep(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	return a.stepPage(r, one, nil, nil)
}

func (a pages) stepPage(r *web.Request, one *plan.View, f *web.Form, wrong error) error {
	may, there := one.MayDo(code(r))
	s := one.Step(code(r))
	if !there || s == nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	v := &stepPage{Page: a.begin(r, one, "plan.step", "name", s.Name.In(r.Visit().Lang)), Action: address.Step(one.Plan.ID, s.Code), Back: address.Plan(one.Plan.ID), May: may,
		File: s.StepForm.Done == "file"}
	v.Figure = v.File || s.StepForm.Done == "figure"
	p := &v.Page
	x := stepRow(p, one, s)
	v.Marks, v.Text, v.DoneWhen, v.Today = append([]show.Mark{x.Mark}, x.More...), s.Text.In(p.Lang), s.DoneWhen.In(p.Lang), p.Now.Format("2006-01-02")
	v.facts(one, s, x)
	v.Norms, v.Papers = normsOf(p, one, s.Norms), papers(p, one, s)
	var err error
	if v.Guides, err = a.guides(r, s.Articles); err != nil {
		return err
	}
	if v.Beside, err = a.besideOf(r, p, one, s.Code, v.Action); err != nil {
		return err
	}
	if err := a.parts(r, v, one, s); err != nil {
		return err
	}
	chosen := s.State
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else if !v.Resume(r) {
		v.Fill(map[string][]string{"figure": {figure(s)}})
	}
	for _, st := range []store.StepState{store.StepOpen, store.StepWaiting, store.StepBlocked, store.StepDone, store.StepNotNeeded} {
		v.States = append(v.States, show.Choice{Value: st.String(), Label: p.T("plan.step-" + st.String()), Chosen: f == nil && st == chosen || f != nil && f.Raw("state") == st.String()})
	}
	for _, side := range []store.Side{store.OfOrganisation, store.OfDesk, store.OfSupplier} {
		v.Sides = append(v.Sides, show.Choice{Value: side.String(), Label: p.T("plan.side-" + side.String()), Chosen: v.Chosen("on", side.String()) || f == nil && s.Progress != nil && s.Progress.On == side})
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan-step", v)
}

func figure(s *plan.Step) string {
	if s.Progress == nil {
		return ""
	}
	return s.Progress.Figure
}

func (v *stepPage) facts(one *plan.View, s *plan.Step, x row) {
	p := &v.Page
	add := func(label, text string) {
		if text != "" {
			v.Facts = append(v.Facts, term{label, text})
		}
	}
	who := ""
	for _, code := range s.Who {
		for _, role := range one.Course.Roles {
			if role.Code == code {
				who = show.Joined(", ", who, role.Name.In(p.Lang))
			}
		}
	}
	add(p.T("plan.who"), show.Joined(": ", x.Side, who))
	add(p.T("plan.due"), x.Due)
	if x.Expected != x.Due {
		add(p.T("plan.expected"), x.Expected)
	}
	if s.Room > 0 {
		add(p.T("plan.room"), p.Plural("plan.working-days", s.Room))
	}
	add(p.T("plan.milestone"), s.Milestone.In(p.Lang))
	if pr := s.Progress; pr != nil {
		if v.Reason = pr.Reason; !pr.Done.IsZero() {
			add(p.T("plan.done-on"), show.Weekday(p, pr.Done))
		}
		add(p.T("plan.figure"), pr.Figure)
	}
	for _, code := range s.Opens {
		link := web.Link{Label: one.NameOf(code, p.Lang), Address: address.Step(one.Plan.ID, code)}
		if one.HasDecision(code) {
			link.Address = address.Decision(one.Plan.ID, code)
		}
		v.Waits = append(v.Waits, link)
	}
}

// parts adds the checklist, and the units that answer one by one.
func (a pages) parts(r *web.Request, v *stepPage, one *plan.View, s *plan.Step) error {
	for i, text := range s.Checklist {
		on := false
		if s.Progress != nil {
			for _, n := range s.Progress.Checked {
				on = on || n == i
			}
		}
		v.Checklist = append(v.Checklist, show.Choice{Value: strconv.Itoa(i), Label: text.In(v.Lang), Chosen: on})
	}
	if s.StepForm.Done != "units" {
		return nil
	}
	names, err := a.Desk.Plans.Units(r.Actor(), one.Plan.ID)
	if err != nil {
		return err
	}
	for i, name := range names {
		u := unit{Field: "unit-" + strconv.Itoa(i), Name: name}
		if s.Progress != nil {
			u.Said = s.Progress.Units[name]
		}
		v.Units = append(v.Units, u)
	}
	return nil
}

func (a pages) postStep(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	may, there := one.MayDo(code(r))
	switch {
	case !there:
		return fault.New(fault.NotFound, "error.not-found")
	case !may:
		return policy.Denied(r.Actor())
	}
	f := r.Form()
	s := one.Step(code(r))
	done := plan.Doing{State: web.FormCode[store.StepState](f, "state"), Reason: f.Body("reason"), On: web.FormCode[store.Side](f, "on"), Figure: f.Raw("figure"), Done: dayOf(f.Time("done"))}
	if len(s.Checklist) > 0 {
		checked := []int{}
		for _, text := range f.List("checked") {
			n, err := strconv.Atoi(text)
			if err != nil {
				n = -1 // refused by the desk
			}
			checked = append(checked, n)
		}
		done.Checked = &checked
	}
	if s.StepForm.Done == "units" {
		names, err := a.Desk.Plans.Units(r.Actor(), one.Plan.ID)
		if err != nil {
			return err
		}
		done.Units = map[string]string{}
		for i, name := range names {
			if field := "unit-" + strconv.Itoa(i); f.Has(field) {
				done.Units[name] = f.Raw(field)
			}
		}
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Plans.Do(r.Actor(), one.Plan.ID, code(r), done)
	}
	if err != nil {
		return a.again(r, f, err, "state", a.stepPage)
	}
	return r.Done("flash.plan-step", address.Plan(one.Plan.ID))
}
