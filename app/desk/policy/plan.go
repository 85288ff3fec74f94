package policy

import (
	"slices"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// PlanAct is something a person may or may not do with a plan or a template.
type PlanAct uint8

// The acts on plans and templates. Each has its row in planRights; see table.go.
const (
	SeePlan         PlanAct = iota + 1 // and its record
	Decide                             // postpone, reopen; enter what a body decided
	Propose                            // what the organisation is to decide
	DoOwnStep                          // of the organisation's side
	DoDeskStep                         // of the desk's side, or the supplier's
	ArrangePlan                        // its dates, people, facts, steps by hand, state
	SayFact                            // of the organisation
	SeeTemplate                        // as agents read it
	WriteTemplate                      // its draft
	PublishTemplate                    // and retire it
	VerifyNorm                         // say that a norm of a template is stated rightly
	lastPlanAct     = VerifyNorm
)

// planRelation is a person's relation to a plan, or to the group of a template.
type planRelation uint8

const (
	asNamed          planRelation = iota // named in the plan, and still of its organisation
	asPlanSpeaker                        // coordinator of its organisation or unit
	asPlanAgent                          // of its group
	asPlanOutsider                       // agent of other groups
	asPlanSupervisor                     // of its group
	asPlanEditor
	asPlanRunner // administrator
	planRelations
)

// PlanFacts are what rights over a plan, or over a template of a group, depend on besides the person.
type PlanFacts struct {
	plan         *store.Plan // nil for a template
	group        uint64
	modules      []uint64
	confidential bool
}

// FactsOfPlan gathers the facts of a plan.
func FactsOfPlan(tx *db.Tx, p *store.Plan) PlanFacts {
	f := PlanFacts{plan: p, group: p.Group, modules: p.Modules, confidential: Confidential(tx, p.Group, 0)}
	for _, m := range p.Modules {
		f.confidential = f.confidential || Confidential(tx, p.Group, m)
	}
	return f
}

// FactsOfTemplate gathers the facts of a template.
func FactsOfTemplate(t *store.Template) PlanFacts {
	return PlanFacts{group: t.Group, modules: t.Modules}
}

// Confidential reports whether the plan is of a group or module that is confidential.
func (f PlanFacts) Confidential() bool { return f.confidential }

// leave reports whether the person gave a reason to see the plan that still holds.
func (f PlanFacts) leave(tx *db.Tx, person uint64) bool {
	if f.plan == nil {
		return false
	}
	l, err := store.LooksByPlan.First(tx, person, f.plan.ID)
	return err == nil && tx.Now().Before(l.Until)
}

// may reports whether the actor may do the act with the plan or template.
func (f PlanFacts) may(tx *db.Tx, a Actor, act PlanAct) bool {
	if a.System {
		return true
	}
	row, ok := planRights[act]
	if !ok || a.Person == nil || a.Person.Disabled {
		return false
	}
	if !a.reachesAll(tx, scope.Plans, f.modules) {
		return false
	}
	p, now := a.Person, tx.Now()
	here := p.InGroup(f.group)
	is := [planRelations]bool{asPlanAgent: here, asPlanOutsider: p.IsAgent() && !here, asPlanSupervisor: p.Supervises(f.group), asPlanEditor: p.Editor, asPlanRunner: a.IsAdministrator()}
	if f.plan != nil {
		is[asPlanSpeaker] = p.Covers(f.plan.Organisation, f.plan.Unit, now)
		is[asNamed] = slices.ContainsFunc(f.plan.People, func(x store.PlanPerson) bool { return x.Person == p.ID }) &&
			slices.ContainsFunc(p.Affiliations, func(h store.Affiliation) bool { return h.Organisation == f.plan.Organisation && h.Holds(now) })
	}
	for r, has := range is {
		if has && (row[r] == planYes || row[r] == planReasoned && (!f.confidential || f.leave(tx, p.ID))) {
			return true
		}
	}
	return false
}

// May returns nil when the actor may do the act with the plan or template, else what Denied returns; NotFound when they may
// not even see it, and Denied "error.plan-confidential" when they are an administrator who has to say why, see GiveReasonForPlan.
func (f PlanFacts) May(tx *db.Tx, a Actor, act PlanAct) error {
	see := SeePlan
	if f.plan == nil {
		see = SeeTemplate
	}
	switch {
	case !f.may(tx, a, see):
		if f.confidential && a.IsAdministrator() {
			return fault.New(fault.Denied, "error.plan-confidential")
		}
		return fault.New(fault.NotFound, "error.not-found")
	case act != see && !f.may(tx, a, act):
		return Denied(a)
	}
	return nil
}

// OfDesk reports whether the actor has to do with the plan as somebody of the desk.
func (f PlanFacts) OfDesk(a Actor) bool {
	return a.System || a.IsAdministrator() || a.Person != nil && (a.Person.InGroup(f.group) || a.Person.Supervises(f.group))
}

// MayPlan returns nil when the actor may do the act with the plan.
func MayPlan(tx *db.Tx, a Actor, act PlanAct, p *store.Plan) error {
	return FactsOfPlan(tx, p).May(tx, a, act)
}
