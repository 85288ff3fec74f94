package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/entry"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/app/sheet"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// plan reads the plan of the address, for whoever may do what may says; nil is reading it.
func (a pages) plan(r *web.Request, may func(*plan.View) bool) (*plan.View, error) {
	number, err := r.NumberOf("number")
	if err != nil {
		return nil, err
	}
	v, err := a.Desk.Plans.Read(r.Actor(), number)
	if err == nil && may != nil && !may(v) {
		err = policy.Denied(r.Actor())
	}
	return v, err
}

func (a pages) answerPlan(r *web.Request, v *plan.View, status int) error {
	r.Status(status)
	if status == http.StatusCreated {
		r.SetLocation(program.Base + "/plans/" + strconv.FormatUint(v.Plan.ID, 10))
	}
	return r.JSON(planDocument(v))
}

func (a pages) apiPlans(r *web.Request) error {
	q := program.QueryOf(r)
	f := plan.Filter{Organisation: q.Raw("organisation"), Group: q.Raw("group"), Template: q.Raw("template"), State: web.FormCode[store.PlanState](q.Form, "state"), After: q.ID("after"), Limit: q.Limit()}
	if err := q.Err(); err != nil {
		return err
	}
	list, more, err := a.Desk.Plans.List(r.Actor(), f)
	if err != nil {
		return err
	}
	out := apiPlanList{Plans: []apiPlan{}}
	for _, v := range list {
		out.Plans = append(out.Plans, planAnswer(v))
	}
	if more {
		out.Next = &list[len(list)-1].Plan.ID
	}
	return r.JSON(out)
}

func (a pages) apiPlanOverview(r *web.Request) error {
	o, err := a.Desk.Plans.Overview(r.Actor())
	if err != nil {
		return err
	}
	out := apiPlanOverview{Groups: append([]plan.Load{}, o.Groups...), Plans: []apiPlan{}}
	for _, l := range o.Lines() {
		out.Plans = append(out.Plans, planAnswer(l))
	}
	return r.JSON(out)
}

func (a pages) apiPlanFigures(r *web.Request) error {
	return program.Sends(r)(a.Desk.Plans.Figures(r.Actor()))
}

// apiBands says whether plans say how others chose.
type apiBands struct {
	Shown bool   `json:"shown"`
	Rev   uint64 `json:"rev,omitempty"` // of the settings of the desk
}

func (a pages) apiBands(r *web.Request) error {
	set, err := a.Desk.Catalogue.Settings()
	if err != nil {
		return err
	}
	return r.JSON(apiBands{!set.BandsOff, set.Rev})
}

func (a pages) apiPutBands(r *web.Request) error {
	if err := policy.MayAdminister(r.Actor()); err != nil {
		return err
	}
	set, err := a.Desk.Catalogue.Settings()
	if err != nil {
		return err
	}
	in := apiBands{Rev: set.Rev}
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	if _, err := a.Desk.Catalogue.ChangeSettings(r.Actor(), in.Rev, catalogue.SettingsForm{Bands: &in.Shown}); err != nil {
		return err
	}
	return a.apiBands(r)
}

func (a pages) apiPlan(r *web.Request) error {
	v, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusOK)
}

func (a pages) apiReason(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	if !r.Actor().IsAdministrator() {
		return fault.New(fault.NotFound, "error.not-found")
	}
	var in program.Reason
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	if err := a.Desk.Rights.GiveReasonForPlan(r.Actor(), number, strings.TrimSpace(in.Reason)); err != nil {
		return err
	}
	return a.apiPlan(r)
}

// change puts the form into a change, whose members a new plan has as well.
func (in *apiPlanForm) change() (plan.Change, error) {
	var wrong fault.Problems
	c := plan.Change{Rev: in.Rev, Name: in.Name, Group: in.Group, Lead: in.Lead, State: entry.Coded[store.PlanState](&wrong, "state", in.State), Reason: in.Reason}
	for _, d := range []struct {
		field string
		in    *string
		out   **time.Time
	}{{"start", in.Start, &c.Start}, {"go_live", in.GoLive, &c.GoLive}} {
		if d.in != nil {
			t := program.DayOf(&wrong, d.field, *d.in)
			*d.out = &t
		}
	}
	if in.People != nil {
		c.People = &[]plan.Named{}
		for _, x := range *in.People {
			*c.People = append(*c.People, plan.Named{Email: x.Email, Role: x.Role})
		}
	}
	if in.Facts != nil {
		c.Facts = map[string][]string{}
		for name, v := range in.Facts {
			var ok bool
			if c.Facts[name], ok = plan.Values(v); !ok {
				wrong.Add("facts", "error.fact-value", "fact", name, "value", "{}")
			}
		}
	}
	return c, wrong.Err()
}

// readPlan is readJSON with the digits of numbers as they were sent.
func (a pages) readPlan(r *web.Request, in *apiPlanForm) error {
	var raw json.RawMessage
	if err := program.ReadJSON(r, &raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(in); err != nil {
		return schema.JSONProblem(err)
	}
	return nil
}

// given returns what is there, else the zero value.
func given[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (a pages) apiBeginPlan(r *web.Request) error {
	if who := r.Actor(); !who.IsAgent() && !who.IsAdministrator() {
		return policy.Denied(who)
	}
	var in apiPlanForm
	if err := a.readPlan(r, &in); err != nil {
		return err
	}
	c, err := in.change()
	if err != nil {
		return err
	}
	if c.Group != nil {
		return fault.Problems{fault.New(fault.Invalid, "error.choice").At("group")}
	}
	f := plan.Beginning{Template: in.Template, Organisation: in.Organisation, Unit: in.Unit, Facts: c.Facts, Name: given(c.Name), Start: given(c.Start), GoLive: given(c.GoLive), Lead: given(c.Lead), People: given(c.People)}
	v, err := a.Desk.Plans.Begin(r.Actor(), f)
	if err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusCreated)
}

func (a pages) apiChangePlan(r *web.Request) error {
	v, err := a.plan(r, func(v *plan.View) bool { return v.MayArrange || v.MaySay })
	if err != nil {
		return err
	}
	var in apiPlanForm
	if err := a.readPlan(r, &in); err != nil {
		return err
	}
	c, err := in.change()
	if err != nil {
		return err
	}
	if c.Rev == 0 {
		c.Rev = v.Plan.Rev
	}
	if v, err = a.Desk.Plans.Arrange(r.Actor(), v.Plan.ID, c); err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusOK)
}

func changesAnswer(c plan.Changes) apiChanges {
	out := apiChanges{Appear: append([]string{}, c.Appear...), Disappear: append([]string{}, c.Disappear...), Move: []apiMovedStep{}}
	for _, m := range c.Move {
		out.Move = append(out.Move, apiMovedStep{m.Code, m.From.String(), m.To.String()})
	}
	return out
}

func (a pages) apiDecide(r *web.Request) error {
	v, err := a.plan(r, func(v *plan.View) bool { return v.MayDecide || v.MayPropose })
	if err != nil {
		return err
	}
	var in apiSaying
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	if in.Preview {
		c, err := a.Desk.Plans.Preview(r.Actor(), v.Plan.ID, r.Param("code"), in.Option)
		if err != nil {
			return err
		}
		return r.JSON(changesAnswer(c))
	}
	var wrong fault.Problems
	s := plan.Saying{Option: in.Option, State: entry.Coded[store.DecisionState](&wrong, "state", in.State), Reason: in.Reason, Until: program.DayOf(&wrong, "until", in.Until), For: in.For, Ticket: in.Ticket, Rev: in.Rev}
	if err := wrong.Err(); err != nil {
		return err
	}
	v, c, err := a.Desk.Plans.Decide(r.Actor(), v.Plan.ID, r.Param("code"), s)
	if err != nil {
		return err
	}
	out, now := changesAnswer(c), planDocument(v)
	out.Plan = &now
	return r.JSON(out)
}

func (a pages) apiDecisionHistory(r *web.Request) error {
	v, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	code := r.Param("code")
	if !v.HasDecision(code) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	answers, err := a.Desk.Plans.History(r.Actor(), v.Plan.ID, code)
	if err != nil {
		return err
	}
	out := apiDecisionHistory{Answers: []apiDecisionAnswer{}}
	if out.Others, err = a.Desk.Plans.Chosen(r.Actor(), v.Plan.ID, code); err != nil {
		return err
	}
	if out.Others == nil {
		out.Others = map[string]plan.Band{}
	}
	for _, d := range answers {
		out.Answers = append(out.Answers, apiDecisionAnswer{Rev: d.Number, State: d.State, Option: d.Option, Reason: d.Reason, For: d.For, By: d.By, At: program.Moment(d.At), Known: d.Known})
	}
	return r.JSON(out)
}

func (a pages) apiDoStep(r *web.Request) error {
	v, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	may, there := v.MayDo(r.Param("code"))
	switch {
	case !there:
		return fault.New(fault.NotFound, "error.not-found")
	case !may:
		return policy.Denied(r.Actor())
	}
	var in apiDoing
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	f := plan.Doing{State: entry.Coded[store.StepState](&wrong, "state", in.State), Reason: in.Reason, On: entry.Coded[store.Side](&wrong, "on", in.On), Figure: in.Figure, Units: in.Units,
		Checked: in.Checked, Done: program.DayOf(&wrong, "done", in.Done), Ticket: in.Ticket}
	if err := wrong.Err(); err != nil {
		return err
	}
	if v, err = a.Desk.Plans.Do(r.Actor(), v.Plan.ID, r.Param("code"), f); err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusOK)
}

// keepFile keeps a body that is a file of the step of the address, for whoever may send one.
func (a pages) keepFile(r *web.Request, name string, body io.Reader) (*store.File, error) {
	if _, err := a.sends(r); err != nil {
		return nil, err
	}
	return a.Desk.Files.Keep(r.Actor(), name, body)
}

// sends reads the plan of the address, for whoever may send a file to its step.
func (a pages) sends(r *web.Request) (*plan.View, error) {
	v, err := a.plan(r, nil)
	if err != nil {
		return nil, err
	}
	switch s := v.Step(r.Param("code")); {
	case s == nil:
		return nil, fault.New(fault.NotFound, "error.not-found")
	case !v.MayDoOwn && !v.MayDoDesk:
		return nil, policy.Denied(r.Actor())
	}
	return v, nil
}

// apiAttachStep puts files to a step, with ?asked= as what it asks for.
func (a pages) apiAttachStep(r *web.Request) error {
	v, err := a.sends(r)
	if err != nil {
		return err
	}
	kept, err := program.Files(r, a.keepFile)
	if err != nil {
		return err
	}
	var ids []uint64
	for _, f := range kept {
		ids = append(ids, f.ID)
	}
	if v, err = a.Desk.Plans.Attach(r.Actor(), v.Plan.ID, r.Param("code"), r.QueryForm().Raw("asked"), ids); err != nil {
		return err
	}
	return a.answerPlan(r, v, http.StatusCreated)
}

func (a pages) apiDetachStep(r *web.Request) error {
	v, err := a.plan(r, func(v *plan.View) bool { return v.MayDoOwn || v.MayDoDesk })
	if err != nil {
		return err
	}
	id, err := r.NumberOf("file")
	if err != nil {
		return err
	}
	if _, err := a.Desk.Plans.Detach(r.Actor(), v.Plan.ID, id); err != nil {
		return err
	}
	return r.SendStatus(http.StatusNoContent)
}

func (a pages) apiAddStep(r *web.Request) error {
	v, err := a.plan(r, func(v *plan.View) bool { return v.MayArrange })
	if err != nil {
		return err
	}
	var in apiAddition
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	f := plan.Addition{Phase: in.Phase, Name: in.Name, Text: in.Text, Day: in.Day, Side: entry.Coded[store.Side](&wrong, "side", in.Side), Takes: in.Takes, Waits: in.Waits, Ticket: in.Ticket}
	if err := wrong.Err(); err != nil {
		return err
	}
	if v, _, err = a.Desk.Plans.Add(r.Actor(), v.Plan.ID, f); err != nil {
		return err
	}
	r.Status(http.StatusCreated)
	r.SetLocation(program.Base + "/plans/" + strconv.FormatUint(v.Plan.ID, 10))
	return r.JSON(planDocument(v))
}

// apiPlanRecord answers with the record of a plan: html (when nothing is said), md, json or xlsx.
func (a pages) apiPlanRecord(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	rec, err := a.Desk.Plans.Record(r.Actor(), number)
	if err != nil {
		return err
	}
	send := func(kind string, b []byte) error {
		r.SetHeader("Content-Type", kind)
		return r.Send(b)
	}
	switch format := r.Query("format"); format {
	case "json":
		return r.JSON(rec)
	case "md":
		return send("text/markdown; charset=utf-8", []byte(rec.Markdown(show.RecordWords(a.Site, rec.Language))))
	case "xlsx":
		b, err := sheet.XLSX(rec.Name, rec.Rows(show.RecordWords(a.Site, rec.Language)))
		if err != nil {
			return err
		}
		return send(sheet.XLSXType, b)
	case "", "html":
		body := markup.HTML("markdown", rec.Markdown(show.RecordWords(a.Site, rec.Language)))
		return send("text/html; charset=utf-8", fmt.Appendf(nil, "<!doctype html>\n<html lang=\"%s\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n<main>\n%s\n</main>\n</html>\n", rec.Language,
			template.HTMLEscapeString(rec.Name), body))
	}
	return fault.Problems{fault.New(fault.Invalid, "error.choice").At("format")}
}
