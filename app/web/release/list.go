package release

import (
	"net/url"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/release"
	"sportello/app/desk/work"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// perPage is how many updates a page of the list shows.
const perPage = 50

// listPage lists the updates that the reader may see.
type listPage struct {
	web.Page
	Lines    []show.ReleaseLine
	Modules  []show.ChoiceGroup
	Kinds    []show.Choice
	States   []show.Choice
	Filtered bool
	Write    string // address of the form for a new one; empty for whoever may not
	Picture  string // address of the picture of the module, or of the first; empty for whoever may see none
	Count    string
	First    string
	Next     string
}

func (a pages) getList(r *web.Request) error {
	v := &listPage{Page: r.Page("releases.title")}
	v.Nav = "releases"
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	q := r.QueryForm()
	f := release.Filter{Limit: perPage, Kind: web.FormCode[store.ReleaseKind](q, "kind"), State: web.FormCode[store.ReleaseState](q, "state"), After: q.ID("after")}
	module := q.Raw("module")
	if module != "" {
		f.Module = ^uint64(0) // no module
		if l := show.LevelByCode(levels, module); l != nil {
			f.Module = l.ID
		}
	}
	list, err := a.Desk.Releases.List(r.Actor(), f)
	if err != nil {
		return err
	}
	waits, err := a.waiting(r)
	if err != nil {
		return err
	}
	for _, one := range list.Releases {
		v.Lines = append(v.Lines, show.ReleaseLineOf(&v.Page, one, levels, waits))
	}
	v.choices(levels, module, f)
	if a.Desk.Releases.MayDraft(r.Actor(), nil) == nil {
		v.Write = address.Releases + "/new"
	}
	pictured, err := a.Desk.Releases.Pictured(r.Actor())
	if err != nil {
		return err
	}
	for _, m := range pictured {
		if v.Picture == "" || m.Code == module {
			v.Picture = address.PictureOf(m.Code)
		}
	}
	filter := url.Values{}
	for _, name := range []string{"module", "kind", "state"} {
		if s := q.Raw(name); s != "" {
			filter.Set(name, s)
		}
	}
	v.Filtered = len(filter) > 0
	if f.After != 0 {
		v.First = show.JoinQuery(address.Releases, filter.Encode())
	}
	if list.Next != 0 {
		filter.Set("after", strconv.FormatUint(list.Next, 10))
		v.Next = show.JoinQuery(address.Releases, filter.Encode())
	}
	v.Count = v.Plural("releases.count", list.Total)
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/releases", v)
}

// waiting returns the updates for which the desk waits for the reader's word, by number; true: it waits too long.
func (a pages) waiting(r *web.Request) (map[uint64]bool, error) {
	items, err := a.Desk.Work.List(r.Actor())
	out := map[uint64]bool{}
	for _, i := range items {
		if i.Noun == "releases" && i.Why == work.Answer {
			out[i.Number] = i.Late
		}
	}
	return out, err
}

func (v *listPage) choices(levels []catalogue.Level, module string, f release.Filter) {
	v.Modules = show.ModuleChoices(&v.Page, levels, module, true)
	for _, k := range []store.ReleaseKind{store.Ordinary, store.Urgent, store.Law} {
		v.Kinds = append(v.Kinds, show.Choice{Value: k.String(), Label: v.T("releases.kind-" + k.String()), Chosen: f.Kind == k})
	}
	states := []store.ReleaseState{store.ReleasePublished, store.ReleaseReplaced, store.ReleaseWithdrawn}
	if v.IsAgent || v.IsAdministrator {
		states = append([]store.ReleaseState{store.ReleaseDraft, store.ReleaseChecked, store.ReleaseScheduled}, states...)
	}
	for _, s := range states {
		v.States = append(v.States, show.Choice{Value: s.String(), Label: v.T("releases.state-" + s.String()), Chosen: f.State == s})
	}
}
