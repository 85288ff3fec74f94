package policy

import (
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// ProblemAct is something a person may or may not do with a known problem.
type ProblemAct uint8

// The acts on known problems. Each has its row in problemRights; see table.go.
const (
	SeeProblem     ProblemAct = iota + 1
	SeeSupplier               // what the desk alone knows of it: the supplier's number, its owner
	WriteProblem              // move it, merge it, tell all its cases, say that a service stands still
	AttachTicket              // and take it away
	JoinProblem               // say that one has met it oneself
	JoinFor                   // say that for somebody else
	SeeCases                  // the tickets and people of it, as far as one may see each
	lastProblemAct = SeeCases
)

// problemRelation is a person's relation to a known problem.
type problemRelation uint8

const (
	asProblemReader     problemRelation = iota // anybody: to whom it is open, its audience says
	asProblemMember                            // is signed in, and it is open to them
	asProblemAgent                             // of its group
	asProblemOutsider                          // an agent of another group
	asProblemSupervisor                        // of its group
	asProblemEditor
	asProblemRunner
	problemRelations
)

// problemCell is the entry of the table of rights over known problems.
type problemCell uint8

const (
	neverProblem  problemCell = iota
	alwaysProblem             // yes
	toAudience                // if it is for them
	openProblem               // unless its module or group is confidential
)

// ProblemFacts are what rights over a known problem depend on besides the person.
type ProblemFacts struct {
	module, group uint64
	audience      store.Audience
	gone          bool // it is one no more: only those who see it as somebody of the desk do
	confidential  bool
}

// FactsOfProblem gathers the facts of a known problem.
func FactsOfProblem(tx *db.Tx, p *store.Problem) ProblemFacts {
	return ProblemFacts{module: p.Module, group: p.Group, audience: p.Audience, gone: p.Gone(), confidential: Confidential(tx, p.Group, p.Module)}
}

// Group returns the group that looks after the problem.
func (f ProblemFacts) Group() uint64 { return f.group }

// Confidential reports whether the problem's group or module is confidential.
func (f ProblemFacts) Confidential() bool { return f.confidential }

// Inside reports whether the actor has to do with the problem as somebody of the desk who looks after it.
func (f ProblemFacts) Inside(a Actor) bool {
	return a.System || a.IsAdministrator() || a.Person != nil && !a.Person.Disabled && a.Person.InGroup(f.group)
}

// reads reports whether the audience of the problem includes the actor.
func (f ProblemFacts) reads(a Actor) bool {
	if f.gone {
		return false
	}
	switch f.audience {
	case store.Public:
		return true
	case store.SignedIn:
		return a.SignedIn()
	case store.Agents:
		return a.Person != nil && (a.Person.Editor || a.IsAgent() && !f.confidential)
	case store.AudienceNone:
	}
	return false
}

// may reports whether the actor may do the act with the problem.
func (f ProblemFacts) may(a Actor, act ProblemAct) bool {
	if a.System {
		return true
	}
	row, ok := problemRights[act]
	if !ok || a.Person != nil && a.Person.Disabled {
		return false
	}
	is := [problemRelations]bool{asProblemReader: true, asProblemMember: a.SignedIn(), asProblemRunner: a.IsAdministrator()}
	if p := a.Person; p != nil {
		is[asProblemAgent] = p.InGroup(f.group)
		is[asProblemOutsider] = p.IsAgent() && !is[asProblemAgent] && !f.gone
		is[asProblemSupervisor] = p.Supervises(f.group)
		is[asProblemEditor] = p.Editor
	}
	for r, has := range is {
		if !has {
			continue
		}
		switch row[r] {
		case alwaysProblem:
			return true
		case toAudience:
			if f.reads(a) {
				return true
			}
		case openProblem:
			if !f.confidential {
				return true
			}
		case neverProblem:
		}
	}
	return false
}

// May returns nil when the actor may do the act with the problem, else what Denied returns; NotFound when they may not even
// see it.
func (f ProblemFacts) May(tx *db.Tx, a Actor, act ProblemAct) error {
	switch {
	case !a.Reaches(tx, scope.Problems, f.module) || !f.may(a, SeeProblem):
		return fault.New(fault.NotFound, "error.not-found")
	case !f.may(a, act):
		return Denied(a)
	}
	return nil
}

// MayProblem is ProblemFacts.May for a problem that is not written yet, or of which nothing else is asked.
func MayProblem(tx *db.Tx, a Actor, act ProblemAct, p *store.Problem) error {
	f := FactsOfProblem(tx, p)
	if p.ID == 0 {
		if !a.Reaches(tx, scope.Problems, f.module) || !f.may(a, act) {
			return Denied(a)
		}
		return nil
	}
	return f.May(tx, a, act)
}
