package plan

import (
	"sportello/app/desk/entry"
	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// maxFiles is how many files a step may have.
const maxFiles = 100

// Paper is a file that a step asks for. File is the last one that was sent as it, nil as long as it is missing.
type Paper struct {
	*template.FileForm
	File *store.File
}

// filesOf returns the files of the plan by step, each step's in the order in which they were sent.
func filesOf(tx *db.Tx, plan uint64) (map[string][]*store.File, error) {
	out := map[string][]*store.File{}
	for f, err := range store.FilesByPlan.Rows(tx, db.Span{Prefix: key.Of(plan)}) {
		if err != nil {
			return nil, err
		}
		out[f.Step] = append(out[f.Step], f)
	}
	return out, nil
}

// Papers returns the files that the step asks for, each with what was sent as it among the files.
func (s *Step) Papers(files []*store.File) []Paper {
	var out []Paper
	for i := range s.StepForm.Files {
		one := Paper{FileForm: &s.StepForm.Files[i]}
		for _, f := range files {
			if f.Asked == one.Code {
				one.File = f
			}
		}
		out = append(out, one)
	}
	return out
}

// missing returns how many of the files that the step asks for are not there.
func (s *Step) missing(files []*store.File) int {
	n := 0
	for _, p := range s.Papers(files) {
		if p.File == nil {
			n++
		}
	}
	return n
}

// Sends reports whether the reader may send a file as what the step asks for under the code, or a further one where the code
// is empty: who gives it decides, and a further one either side may give.
func (v *View) Sends(s *Step, asked string) bool {
	if !v.Plan.Goes() {
		return false
	}
	for _, p := range s.StepForm.Files {
		switch {
		case p.Code != asked:
		case p.From == store.OfOrganisation:
			return v.MayDoOwn
		default:
			return v.MayDoDesk
		}
	}
	return asked == "" && (v.MayDoOwn || v.MayDoDesk)
}

// Attach puts pending files of the actor to a step of the plan, as what it asks for under the code or, where the code is
// empty, as further ones. What was sent before under the code stays and no longer counts.
func (ps *Plans) Attach(a policy.Actor, number uint64, step, asked string, ids []uint64) (*View, error) {
	var out *View
	err := ps.st.Update(a.By(act.DoPlanStep), func(tx *db.Tx) error {
		v, s, err := ps.sends(tx, a, number, step, asked)
		if err != nil {
			return err
		}
		files, err := file.Pending(tx, a, ids)
		switch {
		case err != nil:
			return err
		case len(files) == 0:
			return fault.Problems{fault.New(fault.Invalid, "error.required").At("files")}
		case len(v.Files[step])+len(files) > maxFiles:
			return fault.Problems{fault.New(fault.Invalid, "error.plan-files", "max", maxFiles).At("files")}
		}
		for _, f := range files {
			f.Plan, f.Step, f.Asked = number, s.Code, asked
			if err := store.Files.Put(tx, f); err != nil {
				return err
			}
		}
		out, err = ps.touched(tx, a, v.Plan, step)
		return err
	})
	return out, err
}

// Detach takes a file away from the step that it belongs to, as long as the plan goes on, for whoever may send one in its
// place. What the record of a closed plan names is never taken away.
func (ps *Plans) Detach(a policy.Actor, number, id uint64) (*View, error) {
	var out *View
	err := ps.st.Update(a.By(act.DoPlanStep), func(tx *db.Tx) error {
		if _, err := ps.read(tx, a, number, policy.SeePlan); err != nil {
			return err
		}
		f, err := store.Files.Get(tx, id)
		if err != nil {
			return err
		}
		if f.Plan != number {
			return fault.New(fault.NotFound, "error.not-found")
		}
		v, _, err := ps.sends(tx, a, number, f.Step, f.Asked)
		if err != nil {
			return err
		}
		if err := store.DeleteFile(tx, id); err != nil {
			return err
		}
		out, err = ps.touched(tx, a, v.Plan, f.Step)
		return err
	})
	return out, err
}

// sends returns the plan and the step for whoever may send files to it, or take them away.
func (ps *Plans) sends(tx *db.Tx, a policy.Actor, number uint64, step, asked string) (*View, *Step, error) {
	v, err := ps.read(tx, a, number, policy.SeePlan)
	if err != nil {
		return nil, nil, err
	}
	s := v.Step(step)
	switch {
	case s == nil:
		return nil, nil, fault.New(fault.NotFound, "error.not-found")
	case v.Sends(s, asked):
		return v, s, nil
	case !v.MayDoOwn && !v.MayDoDesk:
		return nil, nil, policy.Denied(a)
	case !v.Plan.Goes():
		return nil, nil, entry.Conflict("error.plan-stands")
	case asked != "" && !s.asks(asked):
		return nil, nil, fault.Problems{fault.New(fault.Invalid, "error.choice").At("asked")}
	}
	return nil, nil, policy.Denied(a)
}

func (s *Step) asks(code string) bool {
	for _, p := range s.StepForm.Files {
		if p.Code == code {
			return true
		}
	}
	return false
}

// touched writes the row of the step, which is what everything that follows a plan looks at, and returns the plan as it is.
func (ps *Plans) touched(tx *db.Tx, a policy.Actor, p *store.Plan, step string) (*View, error) {
	row, err := progressOf(tx, p.ID, step)
	if err != nil {
		return nil, err
	}
	row.By = a.ID()
	if err := store.Progresses.Put(tx, row); err != nil {
		return nil, err
	}
	return ps.view(tx, a, p)
}
