package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Doing is what somebody says of a step.
type Doing struct {
	State   store.StepState   // 0: as it is
	Reason  string            // why it is not needed, what blocks it
	On      store.Side        // of a waiting one: whom it waits for
	Figure  string            // how one knows that it is done, of a step that asks for a figure; of one that asks for a file, where it is kept
	Units   map[string]string // name of a unit to its answer; an empty answer takes it back
	Checked *[]int            // places of the checklist, from 0
	Done    time.Time         // the day on which it was done; zero: today
	Ticket  uint64            // that stands for it
}

// Do writes down where a step of the plan is. Whose side it is on decides who may.
func (ps *Plans) Do(a policy.Actor, number uint64, code string, f Doing) (*View, error) {
	var out *View
	err := ps.st.Update(a.By(act.DoPlanStep), func(tx *db.Tx) error {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayPlan(tx, a, policy.SeePlan, p); err != nil {
			return err
		}
		m, err := ps.material(tx, p)
		if err != nil {
			return err
		}
		w, err := walk(m)
		if err != nil {
			return err
		}
		s := w.steps[code]
		if s == nil || !s.Shown && s.Progress == nil {
			return fault.New(fault.NotFound, "error.not-found")
		}
		need := policy.DoDeskStep
		if s.Side == store.OfOrganisation {
			need = policy.DoOwnStep
		}
		if err := policy.MayPlan(tx, a, need, p); err != nil {
			return err
		}
		if !p.Goes() {
			return entry.Conflict("error.plan-stands")
		}
		row := s.Progress
		if row == nil {
			row = &store.Progress{Plan: p.ID, Code: code, State: store.StepOpen}
		}
		files, err := filesOf(tx, p.ID)
		if err != nil {
			return err
		}
		if err := ps.do(tx, a, m, s, files[code], row, f); err != nil {
			return err
		}
		if err := store.Progresses.Put(tx, row); err != nil {
			return err
		}
		out, err = ps.view(tx, a, p)
		return err
	})
	return out, err
}

func (ps *Plans) do(tx *db.Tx, a policy.Actor, m material, s *Step, files []*store.File, row *store.Progress, f Doing) error {
	var wrong fault.Problems
	row.By = a.ID()
	if f.Figure != "" {
		row.Figure = entry.CleanLine(&wrong, "figure", f.Figure, store.Progresses.Most("figure"))
	}
	if f.Checked != nil {
		row.Checked = slices.Compact(slices.Sorted(slices.Values(*f.Checked)))
		if slices.ContainsFunc(row.Checked, func(i int) bool { return i < 0 || i >= len(s.Checklist) }) {
			wrong.Add("checked", "error.choice")
		}
	}
	if f.Ticket != 0 {
		if row.Ticket = f.Ticket; !ps.rights.Sees(tx, a, f.Ticket) {
			wrong.Add("ticket", "error.ticket-unknown", "number", f.Ticket)
		}
	}
	units, err := unitNames(tx, m.plan.Organisation)
	if err != nil {
		return err
	}
	if len(f.Units) > 0 {
		row.Units = maps.Clone(row.Units)
		if row.Units == nil {
			row.Units = map[string]string{}
		}
		for name, said := range f.Units {
			if !slices.Contains(units, name) {
				wrong.Add("units", "error.unit-unknown")
				continue
			}
			if row.Units[name] = entry.CleanLine(&wrong, "units", said, store.Progresses.Most("reason")); row.Units[name] == "" {
				delete(row.Units, name)
			}
		}
	}
	if f.State == 0 {
		return wrong.Err()
	}
	row.State, row.Done, row.On = f.State, time.Time{}, f.On
	row.Reason = strings.TrimSpace(f.Reason)
	checkText(&wrong, "reason", row.Reason, store.Progresses.Most("reason"))
	switch f.State {
	case store.StepNotNeeded, store.StepBlocked:
		if row.Reason == "" {
			wrong.Add("reason", "error.required")
		}
	case store.StepDone:
		if row.Done = f.Done; row.Done.IsZero() {
			row.Done = m.today.Time()
		}
		if dayOf(row.Done) > m.today {
			wrong.Add("done", "error.date-future")
		}
		switch missing := s.missing(files); {
		case missing > 0 && row.Reason == "" && row.Figure == "":
			wrong.Add("files", "error.files-missing", "count", missing)
		case s.StepForm.Done == "file" && len(files) == 0 && row.Figure == "":
			wrong.Add("figure", "error.file-or-place")
		case s.StepForm.Done == "figure" && row.Figure == "":
			wrong.Add("figure", "error.required")
		}
		if missing := len(units) - len(row.Units); s.StepForm.Done == "units" && missing > 0 && row.Reason == "" {
			wrong.Add("units", "error.units-missing", "count", missing)
		}
	}
	return wrong.Err()
}

func unitNames(tx *db.Tx, organisation uint64) ([]string, error) {
	var out []string
	for u, err := range store.UnitsByOrganisation.PeekRows(tx, db.Span{Prefix: key.Of(organisation)}) {
		if err != nil {
			return nil, err
		}
		out = append(out, u.Name)
	}
	return out, nil
}
