// Package plan leads organisations through setting an application up: what is decided, by whom and why, what is done by
// when, and what comes of it.
//
//	walk.go     a plan as its facts and answers make it
//	read.go     reading and listing plans
//	arrange.go  beginning one, its days, people, facts, state, steps by hand
//	decide.go   decisions: before, taken, taken back; how others chose
//	step.go     steps
//	file.go     files of steps, given and received
//	ask.go      questions beside decisions and steps: tickets, and their answers
//	trial.go    a walk through a template that belongs to no plan
//	record.go   the document that a plan ends in
//	crowd.go    who has to do with a plan, what waits for whom, who is reminded
//	article.go  what a decision teaches, as an article to be written
//	glance.go   what somebody reads first of plans, on the home page
//	search.go   what search reads of plans
package plan

import (
	"sync"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/desk/ticket"
	"sportello/app/timeline"
	"sportello/app/worktime"
	"sportello/store"
	"sportello/store/db"
)

// Plans are the plans of one desk.
type Plans struct {
	st        *db.Store
	loc       *time.Location // whose days count
	rights    *policy.Rights
	templates *template.Templates
	tickets   *ticket.Tickets
	readBy    func(a policy.Actor, plan uint64) // see Witness
}

// Witness makes read run after somebody of the desk has read a confidential plan or its record, each time they do. It is
// called before anything else.
func (ps *Plans) Witness(read func(a policy.Actor, plan uint64)) { ps.readBy = read }

// witness tells that the actor read the plan, where that is written down.
func (ps *Plans) witness(a policy.Actor, v *View) {
	if v.Confidential && v.OfDesk && !a.System && ps.readBy != nil {
		ps.readBy(a, v.Plan.ID)
	}
}

// New returns the plans of the store. Their days are those of loc, their questions are opened through tickets.
func New(st *db.Store, loc *time.Location, rights *policy.Rights, templates *template.Templates, tickets *ticket.Tickets) *Plans {
	return &Plans{st: st, loc: loc, rights: rights, templates: templates, tickets: tickets}
}

func (ps *Plans) today(tx *db.Tx) timeline.Day { return timeline.Date(tx.Now().In(ps.loc).Date()) }

// national knows the working days of the desk around now: Monday to Friday without national holidays. It is forked, never
// asked.
var national = sync.OnceValue(func() *timeline.Calendar {
	holidays := worktime.Calendar{}
	c := timeline.NewCalendar(func(d timeline.Day) bool {
		t := d.Time()
		return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || holidays.Holiday(t)
	})
	c.Know(timeline.Date(2005, time.January, 1), timeline.Date(2055, time.January, 1))
	return c
})

// patron is the fact that says on which day of each year an organisation celebrates the patron of its town.
const patron = "patron"

// calendar returns the working days of an organisation: those of the desk without its patron's day.
func calendar(facts map[string]store.KnownFact) *timeline.Calendar {
	every := national().Fork()
	known := facts[patron]
	if len(known.Values) != 1 {
		return every
	}
	feast, err := timeline.ParseDay(known.Values[0])
	if err != nil {
		return every
	}
	_, month, day := feast.Time().Date()
	return timeline.NewCalendar(func(d timeline.Day) bool {
		_, m, n := d.Time().Date()
		return m == month && n == day || !every.Works(d)
	})
}
