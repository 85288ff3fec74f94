package problem

import (
	"reflect"
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
	"sportello/store/spelling"
)

// Form is a known problem as somebody submits it: the module by code, the owner by address.
type Form struct {
	Module      string
	Title       store.Words
	Text        store.Words
	Workaround  store.Words
	Affected    []store.Range
	FixedIn     []string
	Environment store.Environment
	Severity    store.Severity
	State       store.ProblemState // suspected when none is chosen
	Reason      string             // of a move that needs one
	Regression  store.Regression
	Audience    store.Audience // signed in when none is chosen; of a confidential module, agents
	Owner       string
	Supplier    store.Supplier
	Tickets     []uint64 // of a new one: tickets to be attached
	Rev         uint64   // revision the actor saw; 0 for a new one
}

// FormOf returns the form that would change nothing of the problem, for whoever changes some of it.
func FormOf(v *View) Form {
	p := v.Problem
	f := Form{Module: v.Module.Code, Title: p.Title, Text: p.Text, Workaround: p.Workaround, Affected: slices.Clone(p.Affected), FixedIn: slices.Clone(p.FixedIn),
		Environment: p.Environment, Severity: p.Severity, State: p.State, Reason: p.Reason, Regression: p.Regression, Audience: p.Audience, Supplier: p.Supplier, Rev: p.Rev}
	if v.Owner != nil {
		f.Owner = v.Owner.Email
	}
	return f
}

// moves says which state may follow which. Every way back leads to confirmed, and needs a reason.
var moves = map[store.ProblemState][]store.ProblemState{
	store.ProblemNone:       {store.ProblemSuspected, store.ProblemConfirmed, store.ProblemBeingFixed, store.ProblemFixed, store.ProblemWontFix},
	store.ProblemSuspected:  {store.ProblemConfirmed, store.ProblemBeingFixed, store.ProblemFixed, store.ProblemWontFix},
	store.ProblemConfirmed:  {store.ProblemBeingFixed, store.ProblemFixed, store.ProblemWontFix},
	store.ProblemBeingFixed: {store.ProblemFixed, store.ProblemWontFix, store.ProblemConfirmed},
	store.ProblemFixed:      {store.ProblemConfirmed},
	store.ProblemWontFix:    {store.ProblemConfirmed},
}

// Ways returns the states to which the problem may be moved.
func Ways(p *store.Problem) []store.ProblemState { return slices.Clone(moves[p.State]) }

// Save writes a known problem: a new one when number is 0, else the one of the number. It returns all problems of the fields as
// fault.Problems, and Conflict "error.changed-meanwhile" when the row has another revision than the form's.
func (ps *Problems) Save(a policy.Actor, number uint64, f Form) (*View, error) {
	if number == 0 && !a.System && !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *View
	err := ps.st.Update(a.By(act.WriteProblem), func(tx *db.Tx) error {
		p := &store.Problem{Author: a.ID()}
		if number != 0 {
			var err error
			if p, err = store.Problems.Get(tx, number); err != nil {
				return err
			}
			if err := policy.MayProblem(tx, a, policy.WriteProblem, p); err != nil {
				return err
			}
			if err := entry.SameRev(f.Rev, p.Rev); err != nil {
				return err
			}
			if p.Gone() {
				return entry.Conflict("error.problem-gone")
			}
		}
		if err := ps.write(tx, a, p, f); err != nil {
			return err
		}
		var err error
		out, err = ps.view(tx, a, p)
		return err
	})
	return out, err
}

// place puts the module of the code and its group into the problem, which the actor must be allowed to write there.
func place(tx *db.Tx, a policy.Actor, p *store.Problem, code string, wrong *fault.Problems) error {
	if code = strings.ToLower(strings.TrimSpace(code)); code == "" {
		wrong.Add("module", "error.required")
		return nil
	}
	m, err := store.ModulesByCode.PeekFirst(tx, code)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		wrong.Add("module", "error.module-unknown")
		return nil
	}
	if err != nil {
		return err
	}
	if p.ID != 0 && m.ID == p.Module {
		return nil
	}
	if !a.Reaches(tx, scope.Problems, m.ID) {
		wrong.Add("module", "error.token-module")
		return nil
	}
	at, err := policy.Placement(tx, m.ID)
	if err != nil {
		return err
	}
	if at.Group == 0 {
		general, err := store.GroupsByCode.PeekFirst(tx, store.GeneralGroup)
		if err != nil {
			return err
		}
		at.Group = general.ID
	}
	there := &store.Problem{Module: m.ID, Group: at.Group}
	if err := policy.MayProblem(tx, a, policy.WriteProblem, there); err != nil {
		return fault.New(fault.Denied, "error.problem-module", "module", m.Code).At("module")
	}
	p.Module, p.Group = m.ID, at.Group
	return nil
}

func (ps *Problems) write(tx *db.Tx, a policy.Actor, p *store.Problem, f Form) error {
	var wrong fault.Problems
	before := *p
	if err := place(tx, a, p, f.Module, &wrong); err != nil {
		return err
	}
	table := store.Problems
	p.Title = entry.CleanName(&wrong, "title", f.Title, table.Most("title.it"))
	p.Text = entry.CleanTexts(&wrong, "text", f.Text, table.Most("text.it"))
	p.Workaround = entry.CleanTexts(&wrong, "workaround", f.Workaround, table.Most("workaround.it"))
	p.Environment, p.Severity = f.Environment, f.Severity
	p.Regression = store.Regression{Good: entry.CleanLine(&wrong, "regression-good", f.Regression.Good, table.Most("regression.good")),
		IntroducedBy: entry.CleanLine(&wrong, "regression-introduced-by", f.Regression.IntroducedBy, table.Most("regression.introduced_by"))}
	p.Supplier = store.Supplier{Number: entry.CleanLine(&wrong, "supplier-number", f.Supplier.Number, table.Most("supplier.number")), Address: strings.TrimSpace(f.Supplier.Address)}
	if p.Supplier.Address != "" && !entry.WebAddress(p.Supplier.Address, "https") {
		wrong.Add("supplier-address", "error.link")
	}
	if p.Audience = f.Audience; p.Audience == store.AudienceNone {
		p.Audience = store.SignedIn
		if policy.FactsOfProblem(tx, p).Confidential() {
			p.Audience = store.Agents
		}
	}
	if err := versions(tx, p, f, &wrong); err != nil {
		return err
	}
	if err := owner(tx, a, p, f.Owner, &wrong); err != nil {
		return err
	}
	move(tx, p, f, &wrong)
	if err := wrong.Err(); err != nil {
		return err
	}
	if p.Workaround != before.Workaround {
		p.WayAt = tx.Now()
	}
	if p.ID == 0 || !reflect.DeepEqual(before, *p) {
		if err := store.Problems.Put(tx, p); err != nil {
			return err
		}
	}
	if before.ID != 0 {
		return nil
	}
	for _, number := range f.Tickets {
		if err := ps.attach(tx, a, p, number, "tickets"); err != nil {
			return err
		}
	}
	return nil
}

// versions puts the ranges and the fixing versions of the form into the problem.
func versions(tx *db.Tx, p *store.Problem, f Form, wrong *fault.Problems) error {
	p.Affected, p.FixedIn = nil, nil
	if p.Module == 0 {
		return nil
	}
	order, err := installation.Order(tx, p.Module)
	if err != nil {
		return err
	}
	for _, r := range f.Affected {
		r.From = entry.CleanLine(wrong, "affected", r.From, store.Problems.MostOfEach("affected.from"))
		r.Until = entry.CleanLine(wrong, "affected", r.Until, store.Problems.MostOfEach("affected.until"))
		if r == (store.Range{}) || slices.Contains(p.Affected, r) {
			continue
		}
		if r.From != "" && r.Until != "" && order.Compare(r.From, r.Until) >= 0 {
			wrong.Add("affected", "error.range-empty", "from", r.From, "until", r.Until)
		}
		p.Affected = append(p.Affected, r)
	}
	for _, v := range f.FixedIn {
		v = entry.CleanLine(wrong, "fixed-in", v, store.Problems.MostOfEach("fixed_in"))
		if v != "" && !slices.ContainsFunc(p.FixedIn, func(o string) bool { return order.Compare(o, v) == 0 }) {
			p.FixedIn = append(p.FixedIn, v)
		}
	}
	return nil
}

// owner puts the agent of the address into the problem; of a new one without an address, whoever writes it.
func owner(tx *db.Tx, a policy.Actor, p *store.Problem, address string, wrong *fault.Problems) error {
	address = spelling.Address(address)
	if address == "" {
		if p.Owner = 0; p.ID == 0 && a.Person != nil && a.Person.InGroup(p.Group) {
			p.Owner = a.ID()
		}
		return nil
	}
	who, err := store.PeopleByEmail.PeekFirst(tx, address)
	if fault.IgnoreNotFound(err) != nil {
		return err
	}
	switch {
	case err == nil && who.ID == p.Owner:
	case err != nil || who.Disabled || !who.InGroup(p.Group):
		wrong.Add("owner", "error.problem-owner")
	default:
		p.Owner = who.ID
	}
	return nil
}

// move brings the problem into the state of the form.
func move(tx *db.Tx, p *store.Problem, f Form, wrong *fault.Problems) {
	to := f.State
	if to == store.ProblemNone {
		if to = p.State; to == store.ProblemNone {
			to = store.ProblemSuspected
		}
	}
	reason := entry.CleanTexts(wrong, "reason", store.Words{IT: f.Reason}, store.Problems.Most("reason")).IT
	for i := range *wrong {
		if (*wrong)[i].Field == "reason-it" {
			(*wrong)[i].Field = "reason"
		}
	}
	from := p.State
	back := from != store.ProblemNone && from != store.ProblemSuspected && to == store.ProblemConfirmed && from != to
	if from != to && !slices.Contains(moves[from], to) {
		wrong.Add("state", "error.problem-move", "from", from.String(), "to", to.String())
		return
	}
	switch {
	case to == store.ProblemWontFix && reason == "":
		wrong.Add("reason", "error.reason-needed")
	case back && (reason == "" || reason == p.Reason):
		wrong.Add("reason", "error.reason-needed")
	case to == store.ProblemFixed && len(p.FixedIn) == 0:
		wrong.Add("fixed-in", "error.problem-fixed-in")
	}
	if back {
		tx.Because(entry.Cut(reason, db.MaxReason))
	}
	p.MoveTo(to, tx.Now())
	p.Reason = reason
}

// Withdraw says that the problem was none, and why. It stays for those who look after it, with its tickets.
func (ps *Problems) Withdraw(a policy.Actor, number, saw uint64, reason string) (*View, error) {
	var out *View
	err := ps.st.Update(a.By(act.WithdrawProblem), func(tx *db.Tx) error {
		p, err := store.Problems.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayProblem(tx, a, policy.WriteProblem, p); err != nil {
			return err
		}
		if err := entry.SameRev(saw, p.Rev); err != nil {
			return err
		}
		if p.Gone() {
			return entry.Conflict("error.problem-gone")
		}
		var wrong fault.Problems
		if p.Reason = entry.CleanLine(&wrong, "reason", reason, store.Problems.Most("reason")); p.Reason == "" {
			wrong.Add("reason", "error.reason-needed")
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		tx.Because(entry.Cut(p.Reason, db.MaxReason))
		p.Withdrawn = tx.Now()
		if err := store.Problems.Put(tx, p); err != nil {
			return err
		}
		out, err = ps.view(tx, a, p)
		return err
	})
	return out, err
}
