package release

import (
	"io"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// publishPage shows whom an update tells, before it does.
type publishPage struct {
	web.Page
	Action  string
	Cancel  string
	Rev     uint64
	Update  string
	Blocked string
	told
}

// told says whom an update tells.
type told struct {
	Counts   []string
	Nobody   string // a sentence about organisations with nobody to tell; empty: there are none
	Lines    []addressed
	Audience string   // the sum of what is shown
	Warnings []string // about the days of the update
}

// addressed is an organisation that an update tells.
type addressed struct {
	Name    string
	Nobody  bool
	Places  []string
	People  []string
	Bounced []string
}

func (a pages) getPublish(r *web.Request) error {
	one, err := a.publishable(r)
	if err == nil && !yetToGo(one.State) {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	if err != nil {
		return err
	}
	return a.publishPage(r, one, nil, nil, nil)
}

// yetToGo reports whether the update may still be published.
func yetToGo(s store.ReleaseState) bool {
	return s == store.ReleaseDraft || s == store.ReleaseChecked || s == store.ReleaseScheduled
}

// publishable returns the update of the address, for those who may publish it.
func (a pages) publishable(r *web.Request) (*release.View, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	one, err := a.Desk.Releases.Read(r.Actor(), n)
	if err == nil && !one.MayPublish {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	return one, err
}

func (a pages) publishPage(r *web.Request, one *release.View, f *web.Form, seen *release.Preview, wrong error) error {
	n := one.Release.ID
	if seen == nil {
		now, err := a.Desk.Releases.Preview(r.Actor(), n)
		if err != nil {
			return err
		}
		seen = &now
	}
	v := &publishPage{Page: r.Page("releases.publish"), Action: address.Release(n) + "/publish", Cancel: address.Release(n), Rev: one.Rev, told: toldOf(r, seen)}
	var err error
	if v.Warnings, err = a.warnings(r, &v.Page, one.Release, seen); err != nil {
		return err
	}
	v.Nav, v.Update = "releases", show.ShortName(one.Modules[0].Name.In(v.Lang))+" "+one.Version
	v.Crumb(v.T("releases.title"), address.Releases)
	v.Crumb(v.Update, v.Cancel)
	v.Crumb(v.Title, "")
	if one.NeedsCheck && one.State == store.ReleaseDraft {
		v.Blocked = v.T("error.release-unchecked")
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else {
		v.Resume(r)
	}
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/release-publish", v)
}

func toldOf(r *web.Request, seen *release.Preview) told {
	p := r.Page("releases.publish")
	v := told{Audience: seen.Sum, Counts: []string{p.Plural("releases.organisations", len(seen.Organisations)), p.Plural("releases.people", seen.People), p.Plural("releases.contacts", seen.Contacts)}}
	if seen.Followers > 0 {
		v.Counts = append(v.Counts, p.Plural("releases.followers", seen.Followers))
	}
	if seen.Bounced > 0 {
		v.Counts = append(v.Counts, p.Plural("releases.bounced", seen.Bounced))
	}
	if seen.Nobody > 0 {
		v.Nobody = p.Plural("releases.nobody", seen.Nobody)
	}
	for _, o := range seen.Organisations {
		v.Lines = append(v.Lines, addressedOf(&p, o))
	}
	return v
}

func addressedOf(p *web.Page, o release.Addressed) addressed {
	out := addressed{Name: o.Name, Nobody: o.Nobody(), Bounced: o.Bounced}
	for _, at := range o.Places {
		said := p.T("installations.in-" + at.Environment.String())
		if at.Version != "" {
			said += " " + at.Version
		}
		out.Places = append(out.Places, said)
	}
	for _, one := range o.People {
		out.People = append(out.People, one.Name+" ("+one.Email+")")
	}
	for _, c := range o.Contacts {
		out.People = append(out.People, c.Email)
	}
	return out
}

func (a pages) postPublish(r *web.Request) error {
	one, err := a.publishable(r)
	if err != nil {
		return err
	}
	f := r.Form()
	p := release.Publication{Rev: f.ID("rev"), Audience: f.Raw("audience"), Nobody: f.Bool("nobody")}
	if f.Raw("when") == "later" {
		if p.At = f.Moment("at"); p.At.IsZero() && len(f.Problems) == 0 {
			f.Refuse("at", "error.required")
		} else if !p.At.IsZero() && !p.At.After(a.Desk.Now()) {
			f.Refuse("at", "error.date-past")
		}
	}
	err = f.Err()
	var seen *release.Preview
	if err == nil {
		_, seen, err = a.Desk.Releases.Publish(r.Actor(), one.Release.ID, p)
	}
	if err != nil {
		return a.publishPage(r, one, f, seen, err)
	}
	if !p.At.IsZero() {
		return r.Done("flash.release-scheduled", address.Release(one.Release.ID))
	}
	return r.Done("flash.release-published", address.Release(one.Release.ID))
}

// decidePage asks for the reason of a decision about an update that was published.
type decidePage struct {
	web.Page
	Action, Cancel string
	Rev            uint64
	What, Do       string
}

// decisions are the decisions that need a reason, by the last part of their address.
var decisions = map[string]func(a pages, r *web.Request, number, rev uint64, reason string) error{
	"withdraw": func(a pages, r *web.Request, number, rev uint64, reason string) error {
		_, err := a.Desk.Releases.Withdraw(r.Actor(), number, rev, reason)
		return err
	},
	"tell-again": func(a pages, r *web.Request, number, rev uint64, reason string) error {
		_, err := a.Desk.Releases.TellAgain(r.Actor(), number, rev, reason)
		return err
	},
}

func (a pages) getWithdraw(r *web.Request) error   { return a.decide(r, "withdraw") }
func (a pages) postWithdraw(r *web.Request) error  { return a.decided(r, "withdraw") }
func (a pages) getTellAgain(r *web.Request) error  { return a.decide(r, "tell-again") }
func (a pages) postTellAgain(r *web.Request) error { return a.decided(r, "tell-again") }

func (a pages) decide(r *web.Request, what string) error {
	one, err := a.publishable(r)
	if err == nil && !one.Out() {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	if err != nil {
		return err
	}
	return a.decidePage(r, one, what, nil, nil)
}

func (a pages) decidePage(r *web.Request, one *release.View, what string, f *web.Form, wrong error) error {
	n := one.Release.ID
	v := &decidePage{Action: address.Release(n) + "/" + what, Cancel: address.Release(n), Rev: one.Rev}
	if what == "withdraw" {
		v.Page = r.Page("releases.withdraw")
		v.What, v.Do = v.T("releases.withdraw-what"), v.T("releases.withdraw-do")
	} else {
		v.Page = r.Page("releases.tell-again")
		v.What, v.Do = v.T("releases.tell-again-what"), v.T("releases.tell-again-do")
	}
	v.Nav = "releases"
	v.Crumb(v.T("releases.title"), address.Releases)
	v.Crumb(show.ShortName(one.Modules[0].Name.In(v.Lang))+" "+one.Version, v.Cancel)
	v.Crumb(v.Title, "")
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else {
		v.Resume(r)
	}
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/release-decide", v)
}

func (a pages) decided(r *web.Request, what string) error {
	one, err := a.publishable(r)
	if err != nil {
		return err
	}
	f := r.Form()
	if err = f.Err(); err == nil {
		err = decisions[what](a, r, one.Release.ID, f.ID("rev"), f.Body("reason"))
	}
	if err != nil {
		return a.decidePage(r, one, what, f, err)
	}
	if what == "withdraw" {
		return r.Done("flash.release-withdrawn", address.Release(one.Release.ID))
	}
	return r.Done("flash.release-told-again", address.Release(one.Release.ID))
}

func (a pages) postCheck(r *web.Request) error {
	n, err := r.Number()
	if err == nil {
		_, err = a.Desk.Releases.Check(r.Actor(), n, r.Form().ID("rev"))
	}
	if err != nil {
		return err
	}
	return r.Done("flash.release-checked", address.Release(n))
}

func (a pages) postTakeBack(r *web.Request) error {
	n, err := r.Number()
	if err == nil {
		_, err = a.Desk.Releases.TakeBack(r.Actor(), n, r.Form().ID("rev"))
	}
	if err != nil {
		return err
	}
	return r.Done("flash.release-taken-back", address.Release(n))
}

func (a pages) postDelete(r *web.Request) error {
	n, err := r.Number()
	if err == nil {
		err = a.Desk.Releases.Delete(r.Actor(), n, r.Form().ID("rev"))
	}
	if err != nil {
		return err
	}
	return r.Done("flash.release-deleted", address.Releases)
}

// keepFile keeps a part of the form as a file of the update of the address, as its bytes come.
func (a pages) keepFile(r *web.Request, name string, body io.Reader) (*store.File, error) {
	one, err := a.mine(r)
	if err != nil {
		return nil, err
	}
	return a.Desk.Releases.Attach(r.Actor(), one.Release.ID, name, 0, body)
}

// postFiles keeps files of the update: keepFile did so as they came.
func (a pages) postFiles(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if _, err := a.mine(r); err != nil {
		return err
	}
	f := r.Form()
	sent := f.Uploads["files"]
	for _, u := range sent {
		if u.Err != nil {
			return u.Err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if len(sent) == 0 {
		return r.Done("flash.release-no-file", address.Release(n)+"#files")
	}
	return r.Done("flash.release-file", address.Release(n)+"#files", "n", strconv.Itoa(len(sent)))
}

func (a pages) postDetach(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(r.Param("file"), 10, 64)
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if err := a.Desk.Releases.Detach(r.Actor(), n, id); err != nil {
		return err
	}
	return r.Done("flash.release-file-removed", address.Release(n)+"#files")
}

// acts are the buttons of those who look after the update.
func (v *page) acts(one *release.View) {
	here := address.Release(v.ID)
	link := func(key, to string) { v.Acts = append(v.Acts, web.Link{Label: v.T(key), Address: here + "/" + to}) }
	post := func(key, to string) { v.Posts = append(v.Posts, web.Link{Label: v.T(key), Address: here + "/" + to}) }
	draft := one.State == store.ReleaseDraft || one.State == store.ReleaseChecked
	if draft && one.MayWrite || one.Out() && one.MayPublish {
		link("releases.edit", "edit")
	}
	if one.State == store.ReleaseDraft && one.NeedsCheck && one.MayCheck {
		post("releases.check", "check")
	}
	if (draft || one.State == store.ReleaseScheduled) && one.MayPublish {
		link("releases.publish", "publish")
	}
	if (one.State == store.ReleaseScheduled || one.State == store.ReleaseChecked) && one.MayWrite {
		post("releases.take-back", "take-back")
	}
	if one.State == store.ReleasePublished && one.MayPublish {
		link("releases.widen", "widen")
		link("releases.tell-again", "tell-again")
	}
	if (one.State == store.ReleasePublished || one.State == store.ReleaseReplaced) && one.MayPublish {
		link("releases.withdraw", "withdraw")
	}
	if draft && one.MayWrite {
		post("releases.delete", "delete")
	}
	v.MaySend = draft && one.MayWrite || one.Out() && one.State != store.ReleaseWithdrawn && one.MayPublish
	v.MayDetach = draft && one.MayWrite
}
