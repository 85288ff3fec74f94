package sample

import (
	"fmt"
	"time"

	"sportello/app/desk/problem"
	"sportello/store"
)

// Problem is a known problem of the demo; the file with them says what its fields are.
type Problem struct {
	Module     string             `toml:"module"`
	Days       int                `toml:"days"`
	Fixed      int                `toml:"fixed"`
	Ended      int                `toml:"ended"`
	Reason     string             `toml:"reason"`
	Severity   store.Severity     `toml:"severity"`
	State      store.ProblemState `toml:"state"`
	Joined     []string           `toml:"joined"`
	Stop       int                `toml:"stop"`
	Title      store.Words        `toml:"title"`
	Text       store.Words        `toml:"text"`
	Workaround store.Words        `toml:"workaround"`
	News       store.Words        `toml:"news"`
}

// Problems returns the known problems of the demo in the order of the file.
func Problems() ([]Problem, error) {
	var all struct {
		Problem []Problem `toml:"problem"`
	}
	err := decodeFile("text/problems.toml", &all)
	return all.Problem, err
}

// problems plans a year of known problems, whom they concern, and one stop that is going on.
func (s *stage) problems() error {
	all, err := Problems()
	if err != nil {
		return err
	}
	for i := range all {
		p := &all[i]
		at := s.office(s.now.AddDate(0, 0, -p.Days), false).Add(time.Duration(i*7) * time.Minute)
		if at.After(s.now) {
			at = s.now.Add(-20 * time.Hour)
		}
		number := new(uint64)
		s.at(at, func() error { return s.describe(p, at, number) })
		if p.Fixed > 0 {
			s.at(at.AddDate(0, 0, p.Fixed), func() error {
				return s.turn(p, *number, store.ProblemFixed, versionAt(p.Module, at.AddDate(0, 0, p.Fixed), 0))
			})
		}
		if p.Ended > 0 {
			s.at(at.AddDate(0, 0, p.Ended), func() error { return s.turn(p, *number, store.ProblemWontFix, "") })
		}
		if p.Stop > 0 {
			s.at(s.now.Add(-time.Duration(p.Stop)*time.Hour), func() error { return s.halt(p, *number) })
		}
	}
	return nil
}

// describe writes a known problem, which runs from the version before that of its day on.
func (s *stage) describe(p *Problem, at time.Time, number *uint64) error {
	state := p.State
	if state == 0 {
		state = store.ProblemConfirmed
	}
	v, err := s.d.Problems.Save(s.writer(p.Module).actor(), 0, problem.Form{Module: p.Module, Title: p.Title, Text: p.Text, Workaround: p.Workaround, Severity: p.Severity, State: state,
		Affected: []store.Range{{From: versionAt(p.Module, at, -1)}}})
	if err != nil {
		return fmt.Errorf("sample: write a known problem of %s: %w", p.Module, err)
	}
	*number = v.Problem.ID
	for _, role := range p.Joined {
		if _, err := s.d.Problems.Join(s.shown(role).actor(), *number, "", ""); err != nil {
			return fmt.Errorf("sample: join a known problem of %s: %w", p.Module, err)
		}
	}
	return nil
}

// turn moves a known problem to another state.
func (s *stage) turn(p *Problem, number uint64, to store.ProblemState, version string) error {
	by := s.writer(p.Module).actor()
	v, err := s.d.Problems.Read(by, number)
	if err != nil {
		return fmt.Errorf("sample: read a known problem of %s: %w", p.Module, err)
	}
	f := problem.FormOf(v)
	f.State, f.Reason = to, p.Reason
	if version != "" {
		f.FixedIn = []string{version}
		f.Affected[0].Until = version
	}
	if _, err := s.d.Problems.Save(by, number, f); err != nil {
		return fmt.Errorf("sample: move a known problem of %s: %w", p.Module, err)
	}
	return nil
}

// halt says that a service is down.
func (s *stage) halt(p *Problem, number uint64) error {
	until := s.now.Add(3 * time.Hour)
	if _, err := s.d.Problems.Halt(s.writer(p.Module).actor(), number, problem.Halt{Until: &until, News: &p.News}); err != nil {
		return fmt.Errorf("sample: stop of %s: %w", p.Module, err)
	}
	return nil
}
