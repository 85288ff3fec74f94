package plan

import (
	"errors"
	"net/http"
	"net/url"

	"sportello/app/address"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// wantsReason reports whether the plan is confidential and shown to an administrator who says why.
func wantsReason(err error) bool {
	var one *fault.Error
	return errors.As(err, &one) && one.Kind == fault.Denied && one.Key == "error.plan-confidential"
}

func (a pages) reasonPage(r *web.Request, n uint64, f *web.Form, wrong error) error {
	v := &show.ReasonPage{Page: r.Page("plan.confidential"), Action: address.Plan(n) + "/reason", Cancel: address.Plans}
	v.Nav = "plans"
	v.Why, v.Hint, v.Open = v.T("plan.reason-why"), v.T("plan.reason-hint"), v.T("plan.reason-open")
	v.Fill(url.Values{})
	v.Resume(r)
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else {
		v.Status = http.StatusForbidden
	}
	v.Crumb(v.T("plan.title"), address.Plans)
	v.Crumb(v.Title, "")
	if err := show.House(a.Site, r, &v.Page, address.Plans); err != nil {
		return err
	}
	return r.Render("page/reason", v)
}

// postReason lets an administrator see a confidential plan for an hour.
func (a pages) postReason(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	f.Need("reason")
	reason := f.Text("reason", show.MaxReason)
	if err = f.Err(); err == nil {
		err = a.Desk.Rights.GiveReasonForPlan(r.Actor(), n, reason)
	}
	if err != nil {
		return a.reasonPage(r, n, f, err)
	}
	return r.Done("flash.plan-reason-given", address.Plan(n))
}
