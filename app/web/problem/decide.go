package problem

import (
	"sportello/app/address"
	"sportello/app/desk/problem"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// statePage moves a known problem on, or says that it was none.
type statePage struct {
	web.Page
	Action, Cancel string
	Rev            uint64
	About          string // the title of the problem
	Is             show.Mark
	Ways           []show.Choice // empty: it is withdrawn
	What, Do       string
}

func (a pages) getState(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.statePage(r, one, "state", nil, nil)
}

func (a pages) getWithdraw(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.statePage(r, one, "withdraw", nil, nil)
}

func (a pages) statePage(r *web.Request, one *problem.View, what string, f *web.Form, wrong error) error {
	here := address.Problem(one.ID)
	v := &statePage{Page: r.Page("problems.move"), Action: here + "/" + what, Cancel: here, Rev: one.Rev}
	if what == "withdraw" {
		v.Title, v.What, v.Do = v.T("problems.withdraw"), v.T("problems.withdraw-what"), v.T("problems.withdraw-do")
	} else {
		v.What, v.Do = v.T("problems.move-what"), v.T("problems.move-do")
	}
	v.Nav = "problems"
	v.About, _ = show.InLanguage(one.Title, v.Lang)
	v.Is = show.ProblemMark(&v.Page, one.State)
	v.Crumb(v.T("problems.title"), address.Problems)
	v.Crumb(v.T("problems.number", "number", show.IDValue(one.ID)), here)
	v.Crumb(v.Title, "")
	switch {
	case f != nil:
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	case v.Resume(r):
	default:
		v.Fill(map[string][]string{"fixed-in": {show.Joined(", ", one.FixedIn...)}})
	}
	if what == "state" {
		for _, s := range problem.Ways(one.Problem) {
			v.Ways = append(v.Ways, show.Choice{Value: s.String(), Label: v.T("problems.state-" + s.String()), Hint: v.T("problems.says-" + s.String()), Chosen: v.Chosen("state", s.String())})
		}
	}
	if err := show.House(a.Site, r, &v.Page, address.Problems); err != nil {
		return err
	}
	return r.Render("page/problem-state", v)
}

func (a pages) postState(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	f := r.Form()
	form := problem.FormOf(one)
	form.State, form.Reason, form.Rev = web.FormCode[store.ProblemState](f, "state"), f.Body("reason"), f.ID("rev")
	form.FixedIn = versions(f.Values["fixed-in"])
	if form.State == store.ProblemNone && len(f.Problems) == 0 {
		f.Refuse("state", "error.choice")
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Problems.Save(r.Actor(), one.ID, form)
	}
	if err != nil {
		return a.statePage(r, one, "state", f, err)
	}
	return r.Done("flash.problem-moved", address.Problem(one.ID))
}

func (a pages) postWithdraw(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	f := r.Form()
	reason := f.Body("reason")
	if err = f.Err(); err == nil {
		_, err = a.Desk.Problems.Withdraw(r.Actor(), one.ID, f.ID("rev"), reason)
	}
	if err != nil {
		return a.statePage(r, one, "withdraw", f, err)
	}
	return r.Done("flash.problem-withdrawn", address.Problem(one.ID))
}
