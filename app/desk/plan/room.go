// Package plan leads organisations through setting an application up: what is decided, by whom and why, what is done by
// when, and what comes of it.
//
//	walk.go     a plan as its facts and answers make it
//	read.go     reading and listing plans
//	arrange.go  beginning one, its days, people, facts, state, steps by hand
//	decide.go   decisions: before, taken, taken back; how others chose
//	step.go     steps
//	record.go   the document that a plan ends in
//	search.go   what search reads of plans
package plan

import (
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/app/worktime"
	"sportello/store/db"
)

// Plans are the plans of one desk.
type Plans struct {
	st        *db.Store
	loc       *time.Location // whose days count
	rights    *policy.Rights
	templates *template.Templates
}

// New returns the plans of the store. Their days are those of loc.
func New(st *db.Store, loc *time.Location, rights *policy.Rights, templates *template.Templates) *Plans {
	return &Plans{st: st, loc: loc, rights: rights, templates: templates}
}

func (ps *Plans) today(tx *db.Tx) timeline.Day { return timeline.Date(tx.Now().In(ps.loc).Date()) }

// calendar returns the working days of the desk: Monday to Friday without national holidays.
func calendar() *timeline.Calendar {
	holidays := worktime.Calendar{}
	return timeline.NewCalendar(func(d timeline.Day) bool {
		t := d.Time()
		return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || holidays.Holiday(t)
	})
}
