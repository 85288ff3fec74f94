package plan

import (
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Saying is what somebody says of a decision.
type Saying struct {
	Option string
	State  store.DecisionState // decided when an option is given and nothing else is said
	Reason string
	Until  time.Time // of a postponed one
	For    string    // role of who decided, when somebody enters it for them
	Ticket uint64    // whose answer is the reason
	Rev    *int      // number of the last answer that the actor saw; nil: whichever
}

// Preview returns what would become of the plan if the option were chosen. It is computed by what does it, and changes
// nothing. Whoever may decide or propose may ask.
func (ps *Plans) Preview(a policy.Actor, number uint64, code, option string) (Changes, error) {
	var out Changes
	err := ps.st.View(func(tx *db.Tx) error {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := mayAnswer(tx, a, p); err != nil {
			return err
		}
		_, out, err = ps.answer(tx, a, p, code, Saying{Option: option, State: store.DecisionDecided, Reason: "-"})
		return err
	})
	return out, err
}

func mayAnswer(tx *db.Tx, a policy.Actor, p *store.Plan) error {
	err := policy.MayPlan(tx, a, policy.Decide, p)
	if fault.KindOf(err) == fault.Denied {
		err = policy.MayPlan(tx, a, policy.Propose, p)
	}
	return err
}

// Decide writes down what somebody says of a decision, and returns what becomes of the plan. Whoever may only propose
// proposes. It returns Conflict "error.changed-meanwhile" when somebody said something since the revision, and Conflict
// "error.decision-first" while a decision that this one needs is open.
func (ps *Plans) Decide(a policy.Actor, number uint64, code string, s Saying) (v *View, c Changes, err error) {
	err = ps.st.Update(a.By(act.DecidePlan), func(tx *db.Tx) error {
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := mayAnswer(tx, a, p); err != nil {
			return err
		}
		if !p.Goes() {
			return entry.Conflict("error.plan-stands")
		}
		if s.State == 0 && s.Option != "" {
			s.State = store.DecisionDecided
		}
		if s.Ticket != 0 && s.Reason == "" && ps.rights.Sees(tx, a, s.Ticket) { // its answer is the reason
			t, err := store.Tickets.Get(tx, s.Ticket)
			if err != nil {
				return err
			}
			if !secret(tx, p, t) {
				if s.Reason, err = answerOf(tx, s.Ticket); err != nil {
					return err
				}
			}
		}
		if policy.MayPlan(tx, a, policy.Decide, p) != nil {
			switch s.State {
			case store.DecisionDecided:
				s.State = store.DecisionProposed
			case store.DecisionProposed:
			default:
				return policy.Denied(a)
			}
		}
		var row *store.Decision
		if row, c, err = ps.answer(tx, a, p, code, s); err != nil {
			return err
		}
		if err := store.Decisions.Put(tx, row); err != nil {
			return err
		}
		v, err = ps.view(tx, a, p)
		return err
	})
	return v, c, err
}

// answer checks what is said and returns the row to be written, with what it changes in the plan.
func (ps *Plans) answer(tx *db.Tx, a policy.Actor, p *store.Plan, code string, s Saying) (*store.Decision, Changes, error) {
	m, err := ps.material(tx, p)
	if err != nil {
		return nil, Changes{}, err
	}
	before, err := walk(m)
	if err != nil {
		return nil, Changes{}, err
	}
	d := before.decisions[code]
	if d == nil || !d.Shown {
		return nil, Changes{}, fault.New(fault.NotFound, "error.not-found")
	}
	row := &store.Decision{Plan: p.ID, Code: code, State: s.State, Until: s.Until, For: s.For, By: a.ID(), At: tx.Now(), Ticket: s.Ticket, Number: 1}
	if d.Last != nil {
		row.Number = d.Last.Number + 1
	}
	if s.Rev != nil && *s.Rev != row.Number-1 {
		return nil, Changes{}, entry.Conflict("error.changed-meanwhile")
	}
	if err := ps.checkSaying(tx, a, m, d, s, row); err != nil {
		return nil, Changes{}, err
	}
	w := &walker{material: m, out: before, chosen: map[string]string{}, asked: map[string]bool{}}
	for name, other := range before.decisions {
		w.asked[name] = true
		if other.Shown && other.State == store.DecisionDecided {
			w.chosen[name] = other.Last.Option
		}
	}
	row.Known = w.known(d.DecisionForm)
	after, err := walk(m.with(row))
	if err != nil {
		return nil, Changes{}, err
	}
	return row, differ(before, after), nil
}

func (ps *Plans) checkSaying(tx *db.Tx, a policy.Actor, m material, d *Decision, s Saying, row *store.Decision) error {
	var wrong fault.Problems
	row.Reason = s.Reason
	checkText(&wrong, "reason", s.Reason, store.Decisions.Most("reason"))
	need := func(field string, missing bool) {
		if missing {
			wrong.Add(field, "error.required")
		}
	}
	if s.For != "" && !slices.Contains(d.Who, s.For) {
		wrong.Add("for", "error.role-unknown", "role", s.For)
	}
	if s.Ticket != 0 && !ps.rights.Sees(tx, a, s.Ticket) {
		wrong.Add("ticket", "error.ticket-unknown", "number", s.Ticket)
	}
	switch s.State {
	case store.DecisionDecided, store.DecisionProposed:
		i := slices.IndexFunc(d.Options, func(o Option) bool { return o.Code == s.Option && o.Offered })
		if i < 0 {
			wrong.Add("option", "error.option-unknown")
			break
		}
		row.Option = s.Option
		if s.State == store.DecisionDecided && len(d.Before) > 0 {
			return entry.Conflict("error.decision-first", "codes", len(d.Before), "first", d.Before[0])
		}
		if d.State == store.DecisionDecided && d.Last.Option != s.Option {
			need("reason", d.Passed && s.Reason == "")
		}
	case store.DecisionPostponed:
		need("until", s.Until.IsZero())
		if !s.Until.IsZero() && dayOf(s.Until) < m.today {
			wrong.Add("until", "error.date-past")
		}
	case store.DecisionOpen:
		need("reason", s.Reason == "")
	case store.DecisionNotNeeded:
		need("reason", s.Reason == "")
	default:
		need("option", true)
	}
	return wrong.Err()
}

// Band is how many chose an option, without a number that could name anybody.
type Band string

// The bands. None is said where there is nothing to learn.
const (
	NoBand  Band = ""
	Few     Band = "few"
	Half    Band = "half"
	Most    Band = "most"
	atLeast      = 8 // closed decisions before anything is said
)

// Chosen returns how others chose in a decision of the template, by option. Nothing is said of fewer than eight closed
// plans, nor where all chose alike, nor where the desk switched it off. It counts what was closed before the quarter began, so
// that no single plan shows.
func (ps *Plans) Chosen(a policy.Actor, number uint64, code string) (map[string]Band, error) {
	var out map[string]Band
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		p, err := store.Plans.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayPlan(tx, a, policy.SeePlan, p); err != nil {
			return err
		}
		if store.CurrentSettings(tx).BandsOff {
			return nil
		}
		now := tx.Now().In(ps.loc)
		quarter := time.Date(now.Year(), (now.Month()-1)/3*3+1, 1, 0, 0, 0, 0, ps.loc)
		counts := map[string]int{}
		for d, err := range store.DecisionsByTemplate.PeekRows(tx, db.Span{Prefix: key.Of(p.Template, code)}) {
			if err != nil {
				return err
			}
			if d.Closed.Before(quarter) && d.Plan != p.ID {
				counts[d.Option]++
			}
		}
		out = bandsOf(counts)
		return nil
	})
	return out, err
}

// bandsOf puts counts into bands; nil where there is nothing to learn.
func bandsOf(counts map[string]int) map[string]Band {
	all := 0
	for _, n := range counts {
		all += n
	}
	if all < atLeast || len(counts) < 2 {
		return nil
	}
	out := map[string]Band{}
	for option, n := range counts {
		switch {
		case n*3 <= all:
			out[option] = Few
		case n*3 <= all*2:
			out[option] = Half
		default:
			out[option] = Most
		}
	}
	return out
}
