package store

import (
	"slices"
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
)

// Problem is a malfunction that the desk knows of a module. Its ID is its number. The tickets of it, and the people who met
// it without opening one, are its cases.
type Problem struct {
	db.Row
	Module      uint64       `json:"module"`
	Group       uint64       `json:"group"` // that looks after the module; of a confidential ticket, the ticket's
	Title       Words        `json:"title"`
	Text        Words        `json:"text,omitzero"` // Markdown, and so is the workaround
	Workaround  Words        `json:"workaround,omitzero"`
	WayAt       time.Time    `json:"way_at,omitzero"`    // when the workaround became what it is
	Affected    []Range      `json:"affected,omitempty"` // versions of the module, a range for each branch
	FixedIn     []string     `json:"fixed_in,omitempty"` // a version for each branch, as the supplier writes it
	Environment Environment  `json:"environment,omitzero"`
	Severity    Severity     `json:"severity,omitzero"`
	State       ProblemState `json:"state"`
	Reason      string       `json:"reason,omitzero"` // why it will not be fixed, or why it was confirmed again
	Regression  Regression   `json:"regression,omitzero"`
	Audience    Audience     `json:"audience"`
	Owner       uint64       `json:"owner,omitzero"`
	Supplier    Supplier     `json:"supplier,omitzero"`
	Outage      Outage       `json:"outage,omitzero"`
	Told        time.Time    `json:"told,omitzero"`     // when its cases were last told of something
	Doubtful    time.Time    `json:"doubtful,omitzero"` // since when it may not be fixed after all: too many said so
	MergedInto  uint64       `json:"merged_into,omitzero"`
	Withdrawn   time.Time    `json:"withdrawn,omitzero"` // it was no problem
	Author      uint64       `json:"author,omitzero"`
	Moves       []Moved      `json:"moves,omitempty"` // the last ones, the oldest first; see MoveTo
}

// Moved is a state that a problem got to, and when.
type Moved struct {
	To ProblemState `json:"to"`
	At time.Time    `json:"at"`
}

// keptMoves is how many moves a problem remembers.
const keptMoves = 40

// MoveTo brings the problem into the state, and has it remember when it got there.
func (p *Problem) MoveTo(to ProblemState, now time.Time) {
	if p.State == to {
		return
	}
	p.State = to
	p.Moves = append(slices.Clone(p.Moves[max(0, len(p.Moves)-keptMoves+1):]), Moved{to, now})
}

// Gone reports whether the problem is one no more: it was none, or it was found to be another one.
func (p *Problem) Gone() bool { return !p.Withdrawn.IsZero() || p.MergedInto != 0 }

// Range is a range of versions. From is included, until is not; an empty end is open.
type Range struct {
	From  string `json:"from,omitzero"`
	Until string `json:"until,omitzero"`
}

// Regression says since when something that worked does not.
type Regression struct {
	Good         string `json:"good,omitzero"`          // the last version in which it worked
	IntroducedBy string `json:"introduced_by,omitzero"` // the version, or what in it
}

// Supplier is where the supplier keeps the problem.
type Supplier struct {
	Number  string `json:"number,omitzero"`
	Address string `json:"address,omitzero"` // of its page
}

// Outage says that a service stands still because of a problem.
type Outage struct {
	From     time.Time `json:"from,omitzero"`
	Expected time.Time `json:"expected,omitzero"` // when it is expected to end
	News     Words     `json:"news,omitzero"`     // the last there is to say
	NewsAt   time.Time `json:"news_at,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
}

// Runs reports whether the service stands still now.
func (o *Outage) Runs(now time.Time) bool {
	return !o.From.IsZero() && !o.From.After(now) && o.Ended.IsZero()
}

// The ways into the problems.
var (
	// module, state, then last change.
	ProblemsByModule = Problems.Index("module", func(p *Problem) [][]byte { return key.One(p.Module, p.State, p.Updated) })
	ProblemsByUpdate = Problems.Index("update", func(p *Problem) [][]byte { return key.One(p.Updated) })
	// those whose outage nobody has ended, the first that began first.
	ProblemsOut = Problems.Index("outage", func(p *Problem) [][]byte {
		if p.Gone() || p.Outage.From.IsZero() || !p.Outage.Ended.IsZero() {
			return nil
		}
		return key.One(p.Outage.From)
	})
	ProblemsMerged = Problems.Index("merged", func(p *Problem) [][]byte {
		if p.MergedInto == 0 {
			return nil
		}
		return key.One(p.MergedInto)
	})
)

// Case is a ticket of a known problem, or somebody who met the problem and opened no ticket.
type Case struct {
	db.Row
	Problem  uint64    `json:"problem"`
	Ticket   uint64    `json:"ticket,omitzero"`   // 0: a person alone
	Person   uint64    `json:"person,omitzero"`   // who met it; of a ticket 0, its requester may change
	Text     string    `json:"text,omitzero"`     // a line of theirs
	By       uint64    `json:"by,omitzero"`       // who attached it
	From     uint64    `json:"from,omitzero"`     // the problem that was merged into this one and brought it
	Versions string    `json:"versions,omitzero"` // what was told to be the version that fixes it
	Planned  bool      `json:"planned,omitzero"`  // the desk planned the ticket for these versions
	Issued   bool      `json:"issued,omitzero"`   // it was told that the versions are there
	Solved   time.Time `json:"solved,omitzero"`   // when the desk resolved the ticket
	Told     string    `json:"told,omitzero"`     // what was last told to it
	Knew     string    `json:"knew,omitzero"`     // the way around that it was told of, or found there: a sum of its text
	Message  uint64    `json:"message,omitzero"`  // the last errand with a message that reached it
	Back     time.Time `json:"back,omitzero"`     // when its requester said that it is not solved
	Backs    int       `json:"backs,omitzero"`    // and how often
}

// The ways into the cases.
var (
	// problem, then ticket and person: each once.
	CasesByProblem = Cases.UniqueIndex("problem", func(c *Case) [][]byte { return key.One(c.Problem, c.Ticket, c.Person) })
	CasesByTicket  = Cases.Index("ticket", func(c *Case) [][]byte {
		if c.Ticket == 0 {
			return nil
		}
		return key.One(c.Ticket)
	})
	CasesByPerson = Cases.Index("person", func(c *Case) [][]byte {
		if c.Person == 0 {
			return nil
		}
		return key.One(c.Person)
	})
	CasesByFrom = Cases.Index("from", func(c *Case) [][]byte {
		if c.From == 0 {
			return nil
		}
		return key.One(c.From)
	})
	// those that came back.
	CasesBack = Cases.Index("back", func(c *Case) [][]byte {
		if c.Backs == 0 {
			return nil
		}
		return key.One(c.Problem)
	})
)

// Errand is something that is done to all cases of a problem, a few at a time.
type Errand struct {
	db.Row
	Problem uint64    `json:"problem"`
	Of      ErrandOf  `json:"of"`
	At      uint64    `json:"at,omitzero"`     // the last case that it was done to; cases that come later are done too
	Text    Words     `json:"text,omitzero"`   // of a message
	Told    int       `json:"told,omitzero"`   // how many cases it reached; of a message taken back, how many had it by then and keep it
	Hidden  int       `json:"hidden,omitzero"` // of those told, confidential ones of other groups than the problem's, which is not to know of them
	By      uint64    `json:"by,omitzero"`
	Done    time.Time `json:"done,omitzero"`
	Back    time.Time `json:"back,omitzero"`  // when the message was taken back
	Takes   uint64    `json:"takes,omitzero"` // the message that it takes back
}

// The ways into the errands.
var (
	ErrandsByProblem = Errands.Index("problem", func(e *Errand) [][]byte { return key.One(e.Problem) })
	ErrandsOpen      = Errands.Index("open", func(e *Errand) [][]byte {
		if !e.Done.IsZero() {
			return nil
		}
		return key.One(e.Problem, e.Of)
	})
)

// ProblemState is how far a known problem has got.
type ProblemState uint8

// The states of a known problem.
const (
	ProblemNone ProblemState = iota
	ProblemSuspected
	ProblemConfirmed
	ProblemBeingFixed
	ProblemFixed
	ProblemWontFix
)

var problemStates = []string{"", "suspected", "confirmed", "being-fixed", "fixed", "will-not-be-fixed"}

// ErrandOf says what an errand does.
type ErrandOf uint8

// What errands do.
const (
	ErrandFollow   ErrandOf = iota + 1 // each case becomes what the problem makes of it now
	ErrandMessage                      // each case gets a message
	ErrandMerge                        // each case goes to the problem that this one was merged into
	ErrandTakeBack                     // a message is taken back from each case whose people have not got it yet
)

var errandsOf = []string{"", "follow", "message", "merge", "take-back"}

func (v ProblemState) Byte() byte { return byte(v) }
func (v ErrandOf) Byte() byte     { return byte(v) }

func (v ProblemState) String() string { return enum.Word(problemStates, byte(v)) }
func (v ErrandOf) String() string     { return enum.Word(errandsOf, byte(v)) }

// MarshalText writes the code.
func (v ProblemState) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
func (v ErrandOf) MarshalText() ([]byte, error)     { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *ProblemState) UnmarshalText(b []byte) error { return enum.Read(problemStates, b, v) }
func (v *ErrandOf) UnmarshalText(b []byte) error     { return enum.Read(errandsOf, b, v) }
