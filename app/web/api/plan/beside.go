package plan

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiReaders is who read of a freeze.
type apiReaders struct {
	Mine    bool     `json:"mine"`
	Read    []string `json:"read,omitempty"`    // names, to the desk
	Missing []string `json:"missing,omitempty"` // the same
}

// apiAsk opens the ticket of a question beside the decision or step of the address.
func (a pages) apiAsk(r *web.Request) error {
	code := r.Param("code")
	v, err := a.plan(r, nil)
	if err == nil && (v.Decision(code) == nil && v.Step(code) == nil || strings.Contains(r.Path(), "/steps/") == (v.Decision(code) != nil)) {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	if err != nil {
		return err
	}
	var in apiQuestion
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	n, err := a.Desk.Plans.Ask(r.Actor(), v.Plan.ID, code, plan.Question{Text: in.Text, Subject: in.Subject})
	if err != nil {
		return err
	}
	r.Status(http.StatusCreated)
	r.SetLocation(program.Base + "/tickets/" + strconv.FormatUint(n, 10))
	return r.JSON(apiAsked{n})
}

// apiReadFreeze says that the token's person read of the freeze of the address.
func (a pages) apiReadFreeze(r *web.Request) error {
	v, err := a.plan(r, nil)
	if err == nil {
		err = a.Desk.Plans.ReadFreeze(r.Actor(), v.Plan.ID, r.Param("code"))
	}
	if err != nil {
		return err
	}
	readers, err := a.Desk.Plans.Readers(r.Actor(), v.Plan.ID)
	if err != nil {
		return err
	}
	said := readers[r.Param("code")]
	return r.JSON(apiReaders{said.Mine, said.Read, said.Missing})
}

// apiVerifyNorm says on which day the norm of the address was verified.
func (a pages) apiVerifyNorm(r *web.Request) error {
	v, err := a.Desk.Templates.Read(r.Actor(), r.Param("code"))
	if err == nil && !v.MayVerify {
		err = policy.Denied(r.Actor())
	}
	if err != nil {
		return err
	}
	var in apiVerified
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	day := program.DayOf(&wrong, "day", in.Day)
	if err := wrong.Err(); err != nil {
		return err
	}
	if in.Rev == 0 {
		in.Rev = v.Rev
	}
	if v, err = a.Desk.Templates.Verify(r.Actor(), v.Template.Code, r.Param("norm"), day, in.Rev); err != nil {
		return err
	}
	return a.answerTemplate(r, v, http.StatusOK)
}

// apiWalk answers with the plan that a template would be for an organisation that is made up.
func (a pages) apiWalk(r *web.Request) error {
	v, err := a.Desk.Templates.Read(r.Actor(), r.Param("code"))
	if err != nil {
		return err
	}
	q := r.QueryForm()
	var wrong fault.Problems
	as := plan.Assumed{Start: program.DayOf(&wrong, "start", q.Raw("start")), GoLive: program.DayOf(&wrong, "go_live", q.Raw("go_live")), Facts: map[string][]string{}, Answers: map[string]string{}}
	if size := q.Raw("size"); size != "" {
		usual := plan.OfSize(&v.File.Course, size)
		if usual == nil {
			wrong.Add("size", "error.choice")
		}
		maps.Copy(as.Facts, usual)
	}
	pairs := func(name string, take func(code, value string)) {
		for _, text := range q.Values[name] {
			code, value, ok := strings.Cut(text, ":")
			if !ok {
				wrong.Add(name, "error.choice")
				continue
			}
			take(code, value)
		}
	}
	given := map[string][]string{}
	pairs("fact", func(code, value string) { given[code] = append(given[code], value) })
	maps.Copy(as.Facts, given)
	pairs("answer", func(code, option string) { as.Answers[code] = option })
	if err := wrong.Err(); err != nil {
		return err
	}
	try := a.Desk.Plans.Try
	if q.Raw("recommended") == "1" {
		try = a.Desk.Plans.Recommended
	}
	t, err := try(r.Actor(), v.Template.Code, as)
	if err != nil {
		return err
	}
	t.Organisation, t.Group = &store.Organisation{}, &store.Group{}
	return r.JSON(planDocument(t.View))
}
