// Package list serves the list of an organisation's people to programs.
package list

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/scope"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes by which a program brings a list in line with another system's, and confirms it.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	put := program.Do(http.MethodPut, "/organisations/:code/people", "list.put", program.Writes(scope.People), a.apiPut)
	const confirmation = "/organisations/:code/people/confirmation"
	return program.Describe([]web.Route{put.WithText(),
		program.Do(http.MethodGet, confirmation, "list.confirmation", program.Reads(scope.People), a.apiConfirmation),
		program.Do(http.MethodPost, confirmation, "list.confirm", program.Writes(scope.People), a.apiConfirm),
	}, operations)
}

// operations describes each route by its name.
var operations = map[string]schema.Operation{
	"api.list.put": {Summary: "Bring the list of an organisation's people in line with these lines. With preview it says what that would do and changes nothing; without it sum must be that of the preview, else the answer is 409 and the list stays as it is. Whoever is new is invited.",
		In: apiList{}, Out: apiPlan{}},
	"api.list.confirmation": {Summary: "When the list of an organisation's people was last confirmed, and until when it is to be confirmed again", Out: apiConfirmation{}},
	"api.list.confirm":      {Summary: "Say that the whole list of an organisation's people is right: for its coordinators and administrators. Ends that affiliations got because nobody said so are taken away.", Out: apiConfirmation{}},
}

// apiConfirmation is how it stands with the confirmation of a list.
type apiConfirmation struct {
	Confirmed string `json:"confirmed,omitempty"` // the last time; left out: never
	Until     string `json:"until"`               // the first moment at which it is late
	Asked     bool   `json:"asked"`               // its coordinators were asked to
	Fading    bool   `json:"fading"`              // affiliations are about to end because nobody did
}

// apiList is how the list shall be.
type apiList struct {
	People  []apiLine `json:"people"`
	Whole   bool      `json:"whole,omitempty"`   // whoever is not in it leaves
	Preview bool      `json:"preview,omitempty"` // change nothing
	Sum     string    `json:"sum,omitempty"`     // of the preview
}

// apiLine is what is said of one person; what is left out stays as it is.
type apiLine struct {
	Email    string   `json:"email"`
	Name     string   `json:"name,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Position string   `json:"position,omitempty"`
	Modules  []string `json:"modules,omitempty"`
	From     string   `json:"from,omitempty"`  // a moment, or the first day
	Until    string   `json:"until,omitempty"` // a moment, or the last day
}

// apiPlan is what a list would do, or did.
type apiPlan struct {
	New     []apiItem    `json:"new"`
	Changed []apiItem    `json:"changed"`
	Gone    []apiItem    `json:"gone"`
	Refused []apiRefusal `json:"refused"`
	Same    int          `json:"same"`
	Asked   int          `json:"asked"`   // invited already, and have yet to answer
	Missing int          `json:"missing"` // who are not in it and stay
	Sum     string       `json:"sum"`
	Done    *apiDone     `json:"done,omitempty"`
}

type apiItem struct {
	ID    uint64   `json:"id,omitempty"` // of the person; left out: whoever has the address
	Email string   `json:"email"`
	Name  string   `json:"name"`
	Was   *apiLine `json:"was,omitempty"`
	Is    *apiLine `json:"is,omitempty"`
}

type apiRefusal struct {
	Line  int    `json:"line"` // counted from 1
	Email string `json:"email"`
	Field string `json:"field"`
	Why   string `json:"why"`
}

// apiDone counts what was done. Passed are those of whom something else was said meanwhile.
type apiDone struct {
	Invited int `json:"invited"`
	Changed int `json:"changed"`
	Gone    int `json:"gone"`
	Passed  int `json:"passed"`
}

// organisation returns the organisation of the address, policy.Nowhere when there is none.
func (a pages) organisation(r *web.Request) (uint64, error) {
	code, err := url.PathUnescape(r.Param("code"))
	if err != nil {
		return 0, fault.New(fault.NotFound, "error.not-found")
	}
	id := policy.Nowhere
	err = a.Desk.Names(func(n desk.Names) {
		if o := n.OrganisationOf(code); o != nil {
			id = o.ID
		}
	})
	return id, err
}

func (a pages) apiConfirmation(r *web.Request) error {
	id, err := a.organisation(r)
	if err != nil {
		return err
	}
	s, err := a.Desk.People.ListState(r.Actor(), id)
	if err != nil {
		return err
	}
	out := apiConfirmation{Until: s.Until.UTC().Format(time.RFC3339), Asked: s.Asked, Fading: s.Fading}
	if !s.Confirmed.IsZero() {
		out.Confirmed = s.Confirmed.UTC().Format(time.RFC3339)
	}
	return r.JSON(out)
}

func (a pages) apiConfirm(r *web.Request) error {
	id, err := a.organisation(r)
	if err != nil {
		return err
	}
	if err := a.Desk.People.ConfirmList(r.Actor(), id); err != nil {
		return err
	}
	return a.apiConfirmation(r)
}

func (a pages) apiPut(r *web.Request) error {
	id, err := a.organisation(r)
	if err != nil {
		return err
	}
	if err := a.Desk.People.MayInvite(r.Actor(), id); err != nil {
		return err
	}
	var in apiList
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var entries []people.ListEntry
	for n, l := range in.People {
		entries = append(entries, people.ListEntry{Line: n + 1, Email: l.Email, Name: l.Name, Unit: l.Unit, Position: l.Position, Modules: l.Modules, From: l.From, Until: l.Until})
	}
	if in.Preview {
		plan, err := a.Desk.People.PlanList(r.Actor(), id, entries, in.Whole)
		if err != nil {
			return err
		}
		out, err := a.answer(r, plan)
		return program.Sends(r)(out, err)
	}
	done, plan, err := a.Desk.People.ApplyList(r.Actor(), id, entries, in.Whole, in.Sum)
	if err != nil {
		var why *fault.Error
		if plan != nil && errors.As(err, &why) {
			out, bad := a.answer(r, plan)
			if bad != nil {
				return bad
			}
			with := *why
			with.Args = map[string]any{"preview": out}
			return &with
		}
		return err
	}
	out, err := a.answer(r, plan)
	out.Done = &apiDone{done.Invited, done.Changed, done.Gone, done.Passed}
	return program.Sends(r)(out, err)
}

func (a pages) answer(r *web.Request, plan *people.ListPlan) (apiPlan, error) {
	out := apiPlan{Refused: []apiRefusal{}, Same: plan.Same, Asked: plan.Asked, Missing: plan.Missing, Sum: plan.Sum}
	for _, e := range plan.Refused {
		out.Refused = append(out.Refused, apiRefusal{e.Line, e.Email, e.Err.Field, a.Words.Explain(r.Lang(), e.Err)})
	}
	err := a.Desk.Names(func(n desk.Names) {
		items := func(list []people.ListItem) []apiItem {
			some := []apiItem{}
			for _, i := range list {
				some = append(some, apiItem{i.Person, i.Email, i.Name, lineOf(n, i.Email, i.Name, i.Was), lineOf(n, i.Email, i.Name, i.Is)})
			}
			return some
		}
		out.New, out.Changed, out.Gone = items(plan.New), items(plan.Changed), items(plan.Gone)
	})
	return out, err
}

// lineOf returns an affiliation as a line that says the same, nil for none.
func lineOf(n desk.Names, email, name string, h store.Affiliation) *apiLine {
	if h.Organisation == 0 {
		return nil
	}
	out := &apiLine{Email: email, Name: name, Position: h.Position}
	if u := n.Unit(h.Unit); u != nil {
		out.Unit = u.Name
	}
	for _, id := range h.Modules {
		if m := n.Module(id); m != nil {
			out.Modules = append(out.Modules, m.Code)
		}
	}
	for to, at := range map[*string]time.Time{&out.From: h.From, &out.Until: h.Until} {
		if !at.IsZero() {
			*to = at.UTC().Format(time.RFC3339)
		}
	}
	return out
}
