package release

import (
	"sportello/app/address"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// widenPage is the form that gives a published update a wider audience, and below it whom that tells newly.
type widenPage struct {
	web.Page
	Action  string
	Cancel  string
	Rev     uint64
	Went    string // how many organisations it went to so far
	Shown   bool   // whom it tells is shown, and it may be widened
	Nothing bool   // nobody is told newly
	audienceFields
	told
}

// widenable returns the update of the address, for those who may widen it.
func (a pages) widenable(r *web.Request) (*release.View, error) {
	one, err := a.publishable(r)
	if err == nil && one.State != store.ReleasePublished {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	return one, err
}

func (a pages) getWiden(r *web.Request) error {
	one, err := a.widenable(r)
	if err != nil {
		return err
	}
	return a.widenPage(r, one, nil, nil, nil)
}

// widenPage shows the form: with the audience of the update, or as it was posted, and with the preview if there is one.
func (a pages) widenPage(r *web.Request, one *release.View, f *web.Form, seen *release.Preview, wrong error) error {
	n := one.Release.ID
	v := &widenPage{Page: r.Page("releases.widen"), Action: address.Release(n) + "/widen", Cancel: address.Release(n), Rev: one.Rev}
	v.Nav, v.Went = "releases", v.Plural("releases.went", len(one.To))
	v.Crumb(v.T("releases.title"), address.Releases)
	v.Crumb(show.ShortName(one.Modules[0].Name.In(v.Lang))+" "+one.Version, v.Cancel)
	v.Crumb(v.Title, "")
	var err error
	if seen != nil {
		v.Shown, v.Nothing, v.told = true, len(seen.Organisations) == 0, toldOf(r, seen)
		if v.Warnings, err = a.warnings(r, &v.Page, one.Release, seen); err != nil {
			return err
		}
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else if !v.Resume(r) {
		now, err := a.Desk.Releases.AudienceOf(one)
		if err != nil {
			return err
		}
		v.Fill(valuesOfAudience(now))
	}
	if v.audienceFields, err = a.audienceFields(&v.Page); err != nil {
		return err
	}
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/release-widen", v)
}

// postWiden shows whom the audience of the form tells newly, and widens the update for whoever has seen that.
func (a pages) postWiden(r *web.Request) error {
	one, err := a.widenable(r)
	if err != nil {
		return err
	}
	f := r.Form()
	now, err := a.Desk.Releases.AudienceOf(one)
	if err != nil {
		return err
	}
	w := release.Widening{Rev: f.ID("rev"), Audience: readAudience(f, now), Seen: f.Raw("audience"), Nobody: f.Bool("nobody")}
	err = f.Err()
	if err == nil && (w.Seen == "" || f.Has("show")) {
		seen, err := a.Desk.Releases.Try(r.Actor(), one.Release.ID, w.Audience)
		if err != nil {
			return a.widenPage(r, one, f, nil, err)
		}
		return a.widenPage(r, one, f, &seen, nil)
	}
	var seen *release.Preview
	if err == nil {
		_, seen, err = a.Desk.Releases.Widen(r.Actor(), one.Release.ID, w)
	}
	if err != nil {
		return a.widenPage(r, one, f, seen, err)
	}
	return r.Done("flash.release-widened", address.Release(one.Release.ID))
}
