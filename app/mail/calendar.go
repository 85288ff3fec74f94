package mail

import (
	"strconv"
	"strings"
	"time"
)

// maxEvents limits the events of one invitation, maxCalendar the bytes searched for them.
const (
	maxEvents   = 50
	maxCalendar = 1 << 20
)

// calendar keeps an invitation as a part and reads its events.
func (m *reading) calendar(e *entity, at place) {
	for _, ev := range readCalendar(cut(m.text(e), maxCalendar)) {
		// A mail contains the same invitation twice: as a form of its text and as a file.
		known := false
		for _, k := range m.msg.Calendar {
			known = known || k == ev
		}
		if !known && len(m.msg.Calendar) < maxEvents {
			m.msg.Calendar = append(m.msg.Calendar, ev)
		}
	}
	m.add(e, RoleCalendar, at)
}

// readCalendar returns the events of iCalendar text (RFC 5545).
func readCalendar(s string) []Event {
	s = strings.NewReplacer("\n ", "", "\n\t", "").Replace(s)
	var list []Event
	var ev *Event
	method, zone := "", ""
	var starting time.Duration
	offsets := map[string]*time.Location{}
	inside := 0 // depth of alarms and the like inside an event
	standard := false
	for s != "" && len(list) < maxEvents {
		var l string
		l, s, _ = strings.Cut(s, "\n")
		name, params, value := calendarLine(l)
		switch {
		case name == "METHOD":
			method = strings.ToLower(cut(value, 20))
		case name == "BEGIN" && strings.EqualFold(value, "VEVENT"):
			ev, starting = &Event{Method: method}, 0
		case name == "END" && strings.EqualFold(value, "VEVENT") && ev != nil:
			if starting != 0 && ev.End.IsZero() && !ev.Start.IsZero() {
				ev.End = ev.Start.Add(starting)
			}
			list = append(list, *ev)
			ev, inside = nil, 0
		case ev != nil && name == "BEGIN":
			inside++
		case ev != nil && name == "END":
			inside = max(0, inside-1)
		case ev == nil && name == "BEGIN":
			standard = strings.EqualFold(value, "STANDARD")
		case ev == nil && name == "TZID":
			zone = value
		case ev == nil && name == "TZOFFSETTO" && zone != "" && len(offsets) < 20:
			if d, ok := calendarOffset(value); ok && (standard || offsets[zone] == nil) {
				offsets[zone] = time.FixedZone(cut(oneLine(zone), 60), d)
			}
		case ev != nil && inside == 0:
			switch name {
			case "SUMMARY":
				ev.Summary = calendarText(value)
			case "DESCRIPTION":
				ev.What = calendarLines(value)
			case "URL":
				ev.Link = cut(oneLine(value), 1000)
			case "LOCATION":
				ev.Where = calendarText(value)
			case "UID":
				ev.UID = cut(oneLine(value), maxID)
			case "ORGANIZER":
				ev.Who = Address{Name: calendarText(params["CN"])}
				if len(value) > 7 && strings.EqualFold(value[:7], "mailto:") {
					ev.Who.Email = cleanEmail(value[7:])
				}
			case "DTSTART":
				ev.Start, ev.AllDay = calendarTime(params, value, offsets)
			case "DTEND":
				ev.End, _ = calendarTime(params, value, offsets)
			case "DURATION":
				starting = calendarDuration(value)
			}
		}
	}
	return list
}

// calendarLine splits a line into its name and parameters, both in upper case, and its value.
func calendarLine(l string) (name string, params map[string]string, value string) {
	l = strings.TrimRight(l, "\r")
	quoted := false
	colon := -1
	for i := 0; i < len(l) && colon < 0; i++ {
		switch l[i] {
		case '"':
			quoted = !quoted
		case ':':
			if !quoted {
				colon = i
			}
		}
	}
	if colon < 0 {
		return "", nil, ""
	}
	head, value := l[:colon], l[colon+1:]
	parts := strings.Split(cut(head, 1000), ";")
	for _, p := range parts[1:] {
		if k, v, ok := strings.Cut(p, "="); ok {
			if params == nil {
				params = map[string]string{}
			}
			params[strings.ToUpper(k)] = strings.Trim(v, `"`)
		}
	}
	return strings.ToUpper(strings.TrimSpace(parts[0])), params, value
}

// maxWhat limits the description of an event, which contains the link to the meeting.
const maxWhat = 8000

// calendarLines is calendarText for values that may have several lines.
func calendarLines(s string) string {
	s = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(cut(s, maxWhat))
	var lines []string
	for _, l := range strings.Split(s, "\n") {
		l = oneLine(l)
		if l != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, l)
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func calendarText(s string) string {
	return cut(oneLine(strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)), 500)
}

// windowsZones maps Outlook's names for the time zones of its users here. For other zones the invitation contains the
// offset.
var windowsZones = map[string]string{
	"W. Europe Standard Time": "Europe/Rome", "Romance Standard Time": "Europe/Paris", "Central Europe Standard Time": "Europe/Budapest",
	"Central European Standard Time": "Europe/Warsaw", "GMT Standard Time": "Europe/London", "E. Europe Standard Time": "Europe/Bucharest",
	"Eastern Standard Time": "America/New_York", "Pacific Standard Time": "America/Los_Angeles", "UTC": "UTC", "Greenwich Standard Time": "UTC",
}

func calendarTime(params map[string]string, value string, offsets map[string]*time.Location) (t time.Time, allDay bool) {
	value = strings.TrimSpace(value)
	if len(value) == 8 {
		t, err := time.Parse("20060102", value)
		return t, err == nil
	}
	loc := time.UTC
	if zone := params["TZID"]; zone != "" && !strings.HasSuffix(value, "Z") {
		name := zone
		if w, ok := windowsZones[zone]; ok {
			name = w
		}
		if l, err := time.LoadLocation(name); err == nil && name != "Local" {
			loc = l
		} else if l := offsets[zone]; l != nil {
			loc = l
		}
	}
	t, err := time.ParseInLocation("20060102T150405", strings.TrimSuffix(value, "Z"), loc)
	if err != nil || t.Year() < 1980 {
		return time.Time{}, false
	}
	return t, false
}

func calendarOffset(s string) (seconds int, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) < 5 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	n, err := strconv.Atoi(s[1:5])
	if err != nil || n > 1500 {
		return 0, false
	}
	seconds = n/100*3600 + n%100*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// calendarDuration parses "PT1H30M" and "P1D"; 0 for anything else.
func calendarDuration(s string) time.Duration {
	s = strings.ToUpper(strings.TrimSpace(s))
	s, ok := strings.CutPrefix(s, "P")
	if !ok {
		return 0
	}
	var d time.Duration
	n := 0
	for i := 0; i < len(s) && i < 40; i++ {
		unit := time.Duration(0)
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n = min(n*10+int(c-'0'), 100_000)
			continue
		case c == 'W':
			unit = 7 * 24 * time.Hour
		case c == 'D':
			unit = 24 * time.Hour
		case c == 'H':
			unit = time.Hour
		case c == 'M':
			unit = time.Minute
		case c == 'S':
			unit = time.Second
		}
		d += time.Duration(n) * unit
		n = 0
	}
	return d
}

// text returns an event in lines that need no language: what, when, where, who.
func (ev Event) text() string {
	var lines []string
	add := func(s string) {
		if s != "" {
			lines = append(lines, s)
		}
	}
	add(ev.Summary)
	if !ev.Start.IsZero() {
		layout := "2006-01-02 15:04 MST"
		if ev.AllDay {
			layout = "2006-01-02"
		}
		when := ev.Start.Format(layout)
		if !ev.End.IsZero() && !ev.AllDay {
			if y, m, d := ev.End.Date(); ev.Start.Day() == d && ev.Start.Month() == m && ev.Start.Year() == y {
				when = ev.Start.Format("2006-01-02 15:04") + " – " + ev.End.Format("15:04 MST")
			} else {
				when += " – " + ev.End.Format(layout)
			}
		}
		add(when)
	}
	add(ev.Where)
	if ev.Who.Name != "" && ev.Who.Email != "" {
		add(ev.Who.Name + " <" + ev.Who.Email + ">")
	} else {
		add(ev.Who.Name + ev.Who.Email)
	}
	if ev.Link != "" && !strings.Contains(ev.What, ev.Link) {
		add(ev.Link)
	}
	if ev.What != "" {
		add("\n" + ev.What)
	}
	return strings.Join(lines, "\n")
}
