package find

import (
	"fmt"
	"time"

	"sportello/app/address"
	"sportello/app/desk/find"
	"sportello/app/web"
	"sportello/store"
)

// recordLine is what a result says of an update, a known problem or a plan beside its title.
type recordLine struct {
	name, address, state string
	day                  time.Time
}

func recordLineOf(p *web.Page, f find.Found) recordLine {
	switch {
	case f.Release != nil:
		r := f.Release
		l := recordLine{p.T("search.release", "version", r.Version), address.Release(r.ID), p.T("releases.state-" + r.State.String()), r.Created}
		if r.Out() {
			l.day = r.Published
		}
		return l
	case f.Problem != nil:
		return recordLine{p.T("search.problem", "number", f.Problem.ID), fmt.Sprintf("/problems/%d", f.Problem.ID), p.T("search.problem-" + f.Problem.State.String()), f.Problem.Created}
	case f.Plan != nil:
		return recordLine{p.T("search.plan"), fmt.Sprintf("/plans/%d", f.Plan.ID), p.T("plan.state-" + f.Plan.State.String()), f.Plan.Created}
	}
	return recordLine{}
}

// recordNames adds to the words of each filter those for codes that updates, known problems and plans alone have.
func (v *searchPage) recordNames(names map[string]map[string]string) {
	add := func(name, code, word string) {
		if names[name][code] == "" { // a state that tickets have too is called as theirs
			names[name][code] = word
		}
	}
	for s := store.ReleaseDraft; s <= store.ReleaseWithdrawn; s++ {
		add("state", s.String(), v.T("releases.state-"+s.String()))
	}
	for s := store.ProblemSuspected; s <= store.ProblemWontFix; s++ {
		add("state", s.String(), v.T("search.problem-"+s.String()))
	}
	for s := store.PlanPrepared; s <= store.PlanCancelled; s++ {
		add("state", s.String(), v.T("plan.state-"+s.String()))
	}
	for k := store.Ordinary; k <= store.Law; k++ {
		add("kind", k.String(), v.T("releases.kind-"+k.String()))
	}
}
