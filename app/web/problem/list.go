package problem

import (
	"net/url"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/problem"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// perPage is how many known problems a page of the list shows.
const perPage = 50

// listPage lists the known problems that the reader may see.
type listPage struct {
	web.Page
	Lines    []show.ProblemLine
	Modules  []show.ChoiceGroup
	States   []show.Choice
	Filtered bool
	Write    string // address of the form for a new one; empty for whoever may not
	Count    string
	First    string
	Next     string
}

// states are the states of known problems in the order in which they follow.
var states = []store.ProblemState{store.ProblemSuspected, store.ProblemConfirmed, store.ProblemBeingFixed, store.ProblemFixed, store.ProblemWontFix}

func (a pages) getList(r *web.Request) error {
	v := &listPage{Page: r.Page("problems.title")}
	v.Nav = "problems"
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	q := r.QueryForm()
	v.Form = q
	f := problem.Filter{Limit: perPage, State: web.FormCode[store.ProblemState](q, "state"), Version: q.Text("version", store.Problems.MostOfEach("fixed_in")), After: q.ID("after")}
	module := q.Raw("module")
	if module != "" {
		f.Module = ^uint64(0) // no module
		if l := show.LevelByCode(levels, module); l != nil {
			f.Module = l.ID
		}
	}
	list, err := a.Desk.Problems.List(r.Actor(), f)
	if err == nil {
		err = a.Desk.Problems.Count(r.Actor(), list.Problems)
	}
	if err != nil {
		return err
	}
	for _, one := range list.Problems {
		v.Lines = append(v.Lines, show.ProblemLineOf(&v.Page, one, levels))
	}
	v.Modules = show.ModuleChoices(&v.Page, levels, module, true)
	for _, s := range states {
		v.States = append(v.States, show.Choice{Value: s.String(), Label: v.T("problems.state-" + s.String()), Chosen: f.State == s})
	}
	if a.Desk.Problems.MayWrite(r.Actor(), "") == nil {
		v.Write = address.Problems + "/new"
	}
	filter := url.Values{}
	for _, name := range []string{"module", "state", "version"} {
		if s := q.Raw(name); s != "" {
			filter.Set(name, s)
		}
	}
	v.Filtered = len(filter) > 0
	if f.After != 0 {
		v.First = show.JoinQuery(address.Problems, filter.Encode())
	}
	if list.Next != 0 {
		filter.Set("after", strconv.FormatUint(list.Next, 10))
		v.Next = show.JoinQuery(address.Problems, filter.Encode())
	}
	v.Count = v.Plural("problems.count", list.Total)
	if err := show.House(a.Site, r, &v.Page, v.Path); err != nil {
		return err
	}
	return r.Render("page/problems", v)
}
