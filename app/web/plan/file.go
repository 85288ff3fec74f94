package plan

import (
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// paper is a file that a step asks for, or the place for further ones.
type paper struct {
	ID     string // of its place on the page
	Title  string // empty: further ones
	From   string // who gives it
	Mark   show.Mark
	Files  []file
	Action string // address that takes one; empty: not from the reader, or not now
}

// file is one file of a step.
type file struct {
	Title, Address, Meta, Sum string
	Counts                    bool   // of those sent as the same
	Remove                    string // address that takes it away; empty for whoever may not
}

// papers returns the files that a step asks for, and what was sent.
func papers(p *web.Page, one *plan.View, s *plan.Step) []paper {
	here := address.Step(one.Plan.ID, s.Code) + "/files"
	files := one.Files[s.Code]
	var out []paper
	add := func(x paper, asked string, counts *store.File) {
		if x.ID = "files-" + asked; one.Sends(s, asked) {
			x.Action = here
			if asked != "" {
				x.Action += "?asked=" + asked
			}
		}
		for _, f := range files {
			if f.Asked != asked {
				continue
			}
			y := file{Title: f.Name, Address: address.File(f.ID), Meta: show.Joined(", ", p.Size(f.Size), p.When(f.Created)), Sum: f.Sum, Counts: counts == nil || counts.ID == f.ID}
			if x.Action != "" {
				y.Remove = address.Plan(one.Plan.ID) + "/files/" + show.IDValue(f.ID) + "/remove"
			}
			x.Files = append(x.Files, y)
		}
		if asked != "" || x.Action != "" || len(x.Files) > 0 {
			out = append(out, x)
		}
	}
	for _, a := range s.Papers(files) {
		x := paper{Title: a.Name.In(p.Lang), From: p.T("plan.file-from-" + a.From.String()), Mark: show.Mark{Icon: "clock", Class: "badge-wait", Words: p.T("plan.file-missing")}}
		if a.File != nil {
			x.Mark = show.Mark{Icon: "check", Class: "badge-calm", Words: p.T("plan.file-there")}
		}
		add(x, a.Code, a.File)
	}
	add(paper{}, "", nil)
	return out
}

// postFiles puts files to the step of the address.
func (a pages) postFiles(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	switch {
	case one.Step(code(r)) == nil:
		return fault.New(fault.NotFound, "error.not-found")
	case !one.MayDoOwn && !one.MayDoDesk:
		return policy.Denied(r.Actor())
	}
	f := r.Form()
	ids := f.Files("files")
	if err = f.Err(); err == nil {
		_, err = a.Desk.Plans.Attach(r.Actor(), one.Plan.ID, code(r), r.QueryForm().Raw("asked"), ids)
	}
	if err != nil {
		return a.again(r, f, err, "files", a.stepPage)
	}
	return r.Done("flash.plan-files", address.Step(one.Plan.ID, code(r))+"#files")
}

// postRemoveFile takes a file away from its step.
func (a pages) postRemoveFile(r *web.Request) error {
	one, err := a.plan(r, func(v *plan.View) bool { return v.MayDoOwn || v.MayDoDesk })
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(r.Param("file"), 10, 64)
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	step := ""
	for at, files := range one.Files {
		for _, f := range files {
			if f.ID == id {
				step = at
			}
		}
	}
	if _, err := a.Desk.Plans.Detach(r.Actor(), one.Plan.ID, id); err != nil {
		return err
	}
	return r.Done("flash.plan-file-removed", address.Step(one.Plan.ID, step)+"#files")
}
