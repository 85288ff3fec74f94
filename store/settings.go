package store

import (
	"errors"
	"maps"
	"strings"
	"unicode"

	"sportello/store/db"
	"sportello/store/fault"
)

// Defaults of a new desk (domain.md): the matrix of priorities and the working hours within which a ticket is due.
var (
	DefaultMatrix = map[string]int{
		"blocking/today": 1, "blocking/week": 1, "blocking/none": 2,
		"high/today": 1, "high/week": 2, "high/none": 3,
		"medium/today": 2, "medium/week": 3, "medium/none": 4,
		"low/today": 3, "low/week": 4, "low/none": 4,
	}
	DefaultHoursDue = map[string]int{"1": 4, "2": 8, "3": 24, "4": 60}
)

// Defaults in days and hours.
const (
	DefaultCloseAfter   = 10
	DefaultReopenWithin = 14
	DefaultListMonths   = 12
	DefaultListDays     = 30
	DefaultDayBegins    = 8
	DefaultDayEnds      = 18
)

// WithDefaults returns a copy in which every setting the administrator did not choose has the value of a new desk.
func (s *Settings) WithDefaults() *Settings {
	c := *s
	if c.Name == "" {
		c.Name = "Sportello"
	}
	if c.Colour == "" {
		c.Colour = "#0b4f9e"
	}
	c.Matrix = maps.Clone(DefaultMatrix)
	maps.Copy(c.Matrix, s.Matrix)
	c.WorkingHours = maps.Clone(DefaultHoursDue)
	maps.Copy(c.WorkingHours, s.WorkingHours)
	if c.CloseAfter == 0 {
		c.CloseAfter = DefaultCloseAfter
	}
	if c.ReopenWithin == 0 {
		c.ReopenWithin = DefaultReopenWithin
	}
	if c.AccessMonths == 0 {
		c.AccessMonths = DefaultAccessMonths
	}
	if c.ListMonths == 0 {
		c.ListMonths = DefaultListMonths
	}
	if c.ListDays == 0 {
		c.ListDays = DefaultListDays
	}
	if c.FetchedMonths == 0 {
		c.FetchedMonths = DefaultFetchedMonths
	}
	if len(c.Positions) == 0 {
		c.Positions = DefaultPositions
	}
	if c.DayEnds == 0 {
		c.DayBegins, c.DayEnds = DefaultDayBegins, DefaultDayEnds
	}
	return &c
}

// MaxShort is how many characters the short name of a desk has at most.
const MaxShort = 20

// ShortName is the desk's name in the subjects of its mail: the chosen one, else the first word of its name.
func (s *Settings) ShortName() string {
	if s.Short != "" {
		return s.Short
	}
	words := strings.FieldsFunc(s.Name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("[]()#", r) })
	if len(words) == 0 {
		return "Sportello"
	}
	if r := []rune(words[0]); len(r) > MaxShort {
		return string(r[:MaxShort])
	}
	return words[0]
}

// PriorityOf returns 1 to 4 for severity and urgency by the matrix; what is not chosen counts as medium and no date.
func (s *Settings) PriorityOf(severity Severity, urgency Urgency) int {
	if severity == SeverityNone {
		severity = Medium
	}
	if urgency == UrgencyNone {
		urgency = NoDate
	}
	if p := s.Matrix[severity.String()+"/"+urgency.String()]; p >= 1 && p <= 4 {
		return p
	}
	return 4
}

// CurrentSettings returns the row of settings, with the defaults of a new desk where it says nothing.
func CurrentSettings(tx *db.Tx) *Settings {
	s, err := SettingsTable.Peek(tx, 1)
	if err != nil {
		s = &Settings{}
	}
	return s.WithDefaults()
}

// StoredSettings returns the row as it is stored, a new one when there is none.
func StoredSettings(tx *db.Tx) (*Settings, error) {
	set, err := SettingsTable.Get(tx, 1)
	if errors.Is(err, fault.ErrNotFound) {
		return &Settings{}, nil
	}
	return set, err
}

// reminderDays are the days on which those who have not answered are reminded of a release, where the settings say
// nothing: before the day by which it is to be installed (negative), and after it.
var reminderDays = map[string][]int{"ordinary": {-7, 1, 8}, "urgent": {-2, 1, 3, 7}, "law": {-14, -3, 1, 5}, planReminders: {-5, 0, 5, 10, 20}}

// planReminders names the days of plans among the reminders of the settings.
const planReminders = "plan"

// ReminderDays returns the days on which those who have not answered are reminded of releases of the kind, counted from the
// day by which they are to be installed.
func ReminderDays(s *Settings, kind ReleaseKind) []int {
	if days, said := s.Reminders[kind.String()]; said {
		return days
	}
	return reminderDays[kind.String()]
}

// PlanReminderDays returns the working days on which people are reminded of what waits for them in a plan, counted from its
// last day.
func PlanReminderDays(s *Settings) []int {
	if days, said := s.Reminders[planReminders]; said {
		return days
	}
	return reminderDays[planReminders]
}
