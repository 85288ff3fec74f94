package sample

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sportello/store"
)

// ending is how far a story is played.
type ending uint8

const (
	finished   ending = iota // to its outcome
	untouched                // opened, not assigned
	taken                    // assigned, not answered yet
	asked                    // the requester waits for an answer to a question
	answered                 // resolved, not confirmed yet
	asItStands               // to the end of a story without an outcome
)

// matter is one ticket of the demo: a story with people and values.
type matter struct {
	s       *stage
	story   *Ticket
	subject string
	opened  time.Time
	end     ending
	fill    *strings.Replacer

	requester *player
	agent     *player
	group     uint64
	number    uint64 // set once it is open

	byPhone   bool // an agent opens it in the requester's name
	astray    bool // it is opened without a module and moved
	colleague *player
	assigned  bool
	priority  bool
	mention   *player
	deadline  time.Time
	reopens   bool
	like      *matter // an earlier one to link
	twin      *matter // opened by a colleague about the same problem, to be marked as a duplicate
	twinOf    *matter
}

// matters plans all tickets, in the order in which they are opened.
func (s *stage) matters() ([]*matter, error) {
	stories, err := Tickets()
	if err != nil {
		return nil, err
	}
	updates, err := Updates()
	if err != nil {
		return nil, err
	}
	all := s.active(stories)
	all = append(all, s.past(stories, s.tickets-len(all)-duplicates-failing(updates))...)
	slices.SortStableFunc(all, func(a, b *matter) int { return a.opened.Compare(b.opened) })
	all = append(all, s.vary(all)...)
	slices.SortStableFunc(all, func(a, b *matter) int { return a.opened.Compare(b.opened) })
	return all, nil
}

// duplicates is how many tickets report what somebody else has reported.
const duplicates = 3

// groupOf returns the group that gets the story's ticket.
func (s *stage) groupOf(t *Ticket) uint64 {
	if l := s.modules[t.Module]; l != nil {
		return l.Group
	}
	return s.groups[store.GeneralGroup].ID
}

// new returns a ticket of the story; nth selects one of its subjects.
func (s *stage) new(t *Ticket, nth int, opened time.Time, end ending) *matter {
	m := &matter{s: s, story: t, opened: opened.Truncate(time.Second), end: end, group: s.groupOf(t), requester: s.requester(t)}
	m.agent = s.agent(m.group, t.Language)
	m.fill = values(s.r, t.Language, t.Module, opened.In(s.loc))
	subjects := append([]string{t.Subject}, t.Also...)
	m.subject = m.fill.Replace(subjects[nth%len(subjects)])
	l := s.modules[t.Module]
	m.byPhone = l != nil && !l.Here()
	m.deadline = s.deadlineFor(t, opened)
	return m
}

// deadlineFor returns the date that goes with the story's urgency.
func (s *stage) deadlineFor(t *Ticket, opened time.Time) time.Time {
	local := opened.In(s.loc)
	evening := time.Date(local.Year(), local.Month(), local.Day(), 18, 0, 0, 0, s.loc)
	switch t.Urgency {
	case "today":
		if opened.Add(2 * time.Hour).Before(evening) {
			return evening
		}
		return opened.Add(20 * time.Hour)
	case "week":
		day := evening.AddDate(0, 0, 2+s.r.IntN(5))
		for !s.cal.Working(day.Add(-time.Hour)) {
			day = day.AddDate(0, 0, -1)
		}
		if day.Before(opened.Add(3 * time.Hour)) {
			day = opened.AddDate(0, 0, 5)
		}
		return day
	}
	return time.Time{}
}

// inSeason reports whether the story can happen in that month.
func inSeason(t *Ticket, at time.Time) bool {
	return len(t.Months) == 0 || slices.Contains(t.Months, int(at.Month()))
}

// ago returns the moment that many working hours before now, with a random second.
func (s *stage) ago(hours float64) time.Time {
	return s.cal.Add(s.now, -time.Duration(hours*float64(time.Hour))-time.Duration(s.r.IntN(600))*time.Second)
}

// active plans the unfinished tickets: new unassigned ones in every group, assigned ones, ones waiting for an answer,
// and the stories without an outcome.
func (s *stage) active(stories []Ticket) []*matter {
	var all []*matter
	used := map[*Ticket]bool{}
	order := s.r.Perm(len(stories))
	find := func(group uint64, fits func(*Ticket) bool) *Ticket {
		for _, i := range order {
			t := &stories[i]
			if !used[t] && (group == 0 || s.groupOf(t) == group) && inSeason(t, s.now) && fits(t) {
				used[t] = true
				return t
			}
		}
		return nil
	}
	add := func(t *Ticket, hours float64, end ending) *matter {
		if t == nil {
			return nil
		}
		m := s.new(t, s.r.IntN(1+len(t.Also)), s.ago(hours), end)
		all = append(all, m)
		return m
	}
	ended := func(t *Ticket) bool { return t.Outcome != "" && t.Language == "it" }
	var groups []*store.Group
	for _, g := range s.groups {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *store.Group) int { return cmp.Compare(a.ID, b.ID) })
	for i := range stories {
		t := &stories[i]
		if t.Outcome != "" {
			continue
		}
		used[t] = true
		switch t.State {
		case "new":
			add(t, 0.4+4*s.r.Float64(), untouched)
		case "planned":
			add(t, 60+140*s.r.Float64(), asItStands)
		case "waiting":
			add(t, 12+30*s.r.Float64(), asItStands)
		default:
			hours := 6 + 24*s.r.Float64()
			if t.Urgency == "today" {
				hours = 1 + 2*s.r.Float64()
			}
			add(t, hours, asItStands)
		}
	}
	for i, g := range groups {
		add(find(g.ID, func(t *Ticket) bool { return ended(t) && t.Severity != "low" }), 0.3+3*s.r.Float64(), untouched)
		if i%2 == 0 {
			add(find(g.ID, ended), 9+8*s.r.Float64(), untouched)
		}
		m := add(find(g.ID, ended), 7+3*float64(i), taken)
		if m != nil && g.Code == "contabilita" {
			// Give something to the agent presented by the demo.
			m.agent = s.shown("agent")
		}
	}
	for range 3 {
		add(find(0, func(t *Ticket) bool {
			return ended(t) && followUp(t) >= 0 && s.modules[t.Module] != nil && s.modules[t.Module].Here()
		}), 5+20*s.r.Float64(), asked)
	}
	for i := range 4 {
		add(find(0, func(t *Ticket) bool {
			return ended(t) && t.Outcome == "solved" && s.modules[t.Module] != nil && s.modules[t.Module].Here()
		}), 12+6*float64(i)+3*s.r.Float64(), answered)
	}
	s.dueToday(all)
	for _, m := range all {
		if m.end != untouched && m.group == s.groups["contabilita"].ID && m.agent != s.shown("agent") {
			m.mention = s.shown("agent")
			break
		}
	}
	return all
}

// dueToday gives three tickets in progress a date today, or tomorrow noon when the day is over, and three others a date
// in the past.
func (s *stage) dueToday(all []*matter) {
	local := s.now.In(s.loc)
	due := time.Date(local.Year(), local.Month(), local.Day(), 18, 0, 0, 0, s.loc)
	if due.Before(s.now.Add(time.Hour)) {
		due = due.Add(18 * time.Hour)
	}
	passed := time.Date(local.Year(), local.Month(), local.Day()-1, 18, 0, 0, 0, s.loc)
	for !s.cal.Working(passed.Add(-time.Hour)) {
		passed = passed.AddDate(0, 0, -1)
	}
	today, late := 0, 0
	for _, m := range all {
		switch works := m.end == taken || m.end == asked; {
		case works && late < 3 && m.opened.Add(time.Hour).Before(passed):
			m.deadline = passed
			late++
		case works && today < 3:
			m.deadline = due
			today++
		}
	}
}

// followUp returns the index of a requester's message that an agent answers later in the story, -1 for none.
func followUp(t *Ticket) int {
	for i, r := range t.Replies {
		if r.By == "requester" && i+1 < len(t.Replies) && slices.ContainsFunc(t.Replies[i+1:], func(r Reply) bool { return r.By == "agent" && !r.Note }) {
			return i
		}
	}
	return -1
}

// past plans n finished tickets over the year. Each story is used about equally often, in its season.
func (s *stage) past(stories []Ticket, n int) []*matter {
	told := make([]int, len(stories))
	var days []time.Time
	for range n {
		days = append(days, s.workday())
	}
	slices.SortFunc(days, time.Time.Compare)
	var all []*matter
	for _, at := range days {
		best := -1
		for _, i := range s.r.Perm(len(stories)) {
			t := &stories[i]
			if t.Outcome == "" || !inSeason(t, at.In(s.loc)) {
				continue
			}
			// A seasonal story has fewer months, so it comes first in them.
			if best < 0 || told[i]*4-3*min(1, len(t.Months)) < told[best]*4-3*min(1, len(stories[best].Months)) {
				best = i
			}
		}
		all = append(all, s.new(&stories[best], told[best], at, finished))
		told[best]++
	}
	return all
}

// workday returns a moment of working time in the year: more often in busy months, not in the last days.
func (s *stage) workday() time.Time {
	busy := [13]float64{0, 1, .85, .8, .7, .75, .8, .65, .2, .8, .85, .9, .8}
	for {
		t := s.now.Add(-time.Duration(s.r.Int64N(int64((demoDays-4)*24*time.Hour)))).AddDate(0, 0, -6).In(s.loc)
		if s.cal.Working(t) && s.r.Float64() < busy[t.Month()] && (t.Hour() != 13 || s.r.IntN(3) == 0) {
			return t
		}
	}
}

// vary makes the finished tickets differ in what happens besides the conversation, and adds those that turn out to be
// duplicates.
func (s *stage) vary(all []*matter) []*matter {
	var twins []*matter
	earlier := map[*Ticket]*matter{}
	for i, m := range all {
		like := earlier[m.story]
		earlier[m.story] = m
		if s.r.IntN(9) == 0 {
			m.colleague = s.colleague(m)
		}
		if m.end != finished {
			continue
		}
		here := s.modules[m.story.Module] != nil && s.modules[m.story.Module].Here()
		m.assigned = s.r.IntN(7) == 0
		m.byPhone = m.byPhone || here && s.r.IntN(20) == 0
		switch {
		case here && !m.byPhone && s.r.IntN(28) == 0 && m.group != s.groups[store.GeneralGroup].ID:
			m.astray = true
		case m.story.Severity != "low" && s.r.IntN(28) == 0:
			m.priority = true
		case s.r.IntN(16) == 0:
			if p := s.agent(m.group, "it"); p != m.agent {
				m.mention = p
			}
		case like != nil && s.r.IntN(24) == 0:
			m.like = like
		}
		m.reopens = m.story.Kind == "malfunction" && m.story.Outcome == "solved" && s.r.IntN(9) == 0 && s.now.Sub(m.opened) > 60*24*time.Hour
		if len(twins) < duplicates && i > (len(twins)+1)*len(all)/(duplicates+1) && here && !m.astray && m.story.Kind == "malfunction" && len(m.story.Also) > 0 {
			if p := s.requester(m.story, m.requester); p != nil && p.Unit == m.requester.Unit {
				t := s.new(m.story, 1, m.opened.Add(time.Duration(5+s.r.IntN(20))*time.Minute), finished)
				t.requester, t.agent, t.twinOf, t.fill = p, m.agent, m, m.fill
				t.subject = m.fill.Replace(m.story.Also[0])
				m.twin = t
				twins = append(twins, t)
			}
		}
	}
	return twins
}

// colleague returns another person of the requester's organisation, of the same unit if there is one.
func (s *stage) colleague(m *matter) *player {
	var fit []*player
	for _, p := range s.known {
		if p != m.requester && p.Unit == m.requester.Unit && len(p.Groups) == 0 {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[s.r.IntN(len(fit))]
}
