// Package calendar writes iCalendar feeds (RFC 5545) that Thunderbird, Outlook and Google subscribe to, and says which
// instants a time on the wall is. It hides zones and their changes of summer time, folding and escaping.
package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ContentType is what a calendar is served as.
const ContentType = "text/calendar; charset=utf-8"

// Calendar is what is written; subscribers fetch it again and again.
type Calendar struct {
	Name        string
	Description string         // optional
	Language    string         // it, en; of the program's name alone
	Location    *time.Location // in which times are written: Europe/Rome, with what programs need to know of it. Any other is written in UTC
	Refresh     time.Duration  // how often to fetch it again; a wish that Google does not hear. Optional
	Events      []Event
}

// Event is one of a calendar. A cancelled one stays in the feed for a while: what is merely gone stays on in some
// programs.
type Event struct {
	UID      string // the same for ever, whatever becomes of title and time
	Sequence int    // one more whenever begin, end or status changes; without it programs keep the old time
	Changed  time.Time
	Created  time.Time // optional

	Summary     string
	Description string   // optional, as all that follows
	Place       string   // where
	Link        string   // the page
	Categories  []string // words

	// AllDay says that Begin and End are days, as they read in their own zones: the first and the last one (the same if
	// End is zero). Else they are instants, and an event without End, or that ends when it begins, is a moment.
	AllDay     bool
	Begin, End time.Time

	Busy   bool // who has it in the calendar is not free meanwhile
	Status Status
}

// Status is how certain an event is.
type Status string

const (
	Confirmed Status = "CONFIRMED" // if nothing is said
	Tentative Status = "TENTATIVE"
	Cancelled Status = "CANCELLED"
)

// ICS returns the calendar as bytes: the same for the same calendar, so that an unchanged one can be known by them. Controls
// are left out. It is an error if the calendar has no name; if an event has no UID, that of another one, no summary, no
// time of change, no begin, an end before it, a negative sequence or a status that is none.
func ICS(c Calendar) ([]byte, error) {
	if line(c.Name) == "" {
		return nil, errors.New("calendar: the name is missing")
	}
	w := &writer{rome: c.Location != nil && c.Location.String() == rome, zone: c.Location}
	w.plain("BEGIN", "VCALENDAR")
	w.plain("VERSION", "2.0")
	w.plain("PRODID", "-//Sportello//Sportello//"+program(c.Language))
	w.plain("CALSCALE", "GREGORIAN")
	w.plain("METHOD", "PUBLISH")
	w.text("NAME", line(c.Name))
	w.text("X-WR-CALNAME", line(c.Name))
	if c.Description != "" {
		w.text("DESCRIPTION", clean(c.Description))
		w.text("X-WR-CALDESC", clean(c.Description))
	}
	if c.Refresh >= time.Minute {
		w.plain("REFRESH-INTERVAL;VALUE=DURATION", duration(c.Refresh))
		w.plain("X-PUBLISHED-TTL", duration(c.Refresh))
	}
	switch {
	case w.rome:
		w.plain("X-WR-TIMEZONE", rome)
		w.lines(zoneOfRome)
	case len(c.Events) == 0: // a calendar must hold something
		w.lines(zoneOfUTC)
	}
	uids := map[string]bool{}
	for i, e := range c.Events {
		uid := line(e.UID)
		switch {
		case uid == "", line(e.Summary) == "", e.Changed.IsZero(), e.Begin.IsZero(), e.Sequence < 0:
			return nil, fmt.Errorf("calendar: event %d lacks a UID, a summary or a time, or its sequence is negative", i)
		case uids[uid]:
			return nil, fmt.Errorf("calendar: two events have the UID %s", uid)
		case e.Status != "" && e.Status != Confirmed && e.Status != Tentative && e.Status != Cancelled:
			return nil, fmt.Errorf("calendar: there is no status %q", e.Status)
		}
		uids[uid] = true
		if err := w.event(e); err != nil {
			return nil, fmt.Errorf("calendar: event %d: %w", i, err)
		}
	}
	w.plain("END", "VCALENDAR")
	return w.out, nil
}

// program is a language as the program's name says it.
func program(language string) string {
	if len(language) < 2 || len(language) > 8 || strings.Trim(strings.ToLower(language), "abcdefghijklmnopqrstuvwxyz-") != "" {
		return "EN"
	}
	return strings.ToUpper(language)
}

func duration(d time.Duration) string {
	if d%time.Hour == 0 {
		return "PT" + strconv.FormatInt(int64(d/time.Hour), 10) + "H"
	}
	return "PT" + strconv.FormatInt(int64(d/time.Minute), 10) + "M"
}

type writer struct {
	out  []byte
	rome bool
	zone *time.Location
}

var errOrder = errors.New("it ends before it begins")

func (w *writer) event(e Event) error {
	w.plain("BEGIN", "VEVENT")
	w.text("UID", line(e.UID))
	w.plain("SEQUENCE", strconv.Itoa(e.Sequence))
	w.plain("DTSTAMP", utc(e.Changed))
	w.plain("LAST-MODIFIED", utc(e.Changed))
	if !e.Created.IsZero() {
		w.plain("CREATED", utc(e.Created))
	}
	if e.AllDay {
		first, last := dayOf(e.Begin), dayOf(e.Begin)
		if !e.End.IsZero() {
			last = dayOf(e.End)
		}
		if last.Before(first) {
			return errOrder
		}
		w.plain("DTSTART;VALUE=DATE", first.Format("20060102"))
		w.plain("DTEND;VALUE=DATE", last.AddDate(0, 0, 1).Format("20060102"))
	} else {
		begin, end := e.Begin.Truncate(time.Second), e.End.Truncate(time.Second)
		if !e.End.IsZero() && end.Before(begin) {
			return errOrder
		}
		local := w.rome && saidByRule(begin, w.zone) && (e.End.IsZero() || saidByRule(end, w.zone))
		w.moment("DTSTART", begin, local)
		if end.After(begin) {
			w.moment("DTEND", end, local)
		}
	}
	w.text("SUMMARY", line(e.Summary))
	if e.Description != "" {
		w.text("DESCRIPTION", clean(e.Description))
	}
	if e.Place != "" {
		w.text("LOCATION", line(e.Place))
	}
	if e.Link != "" {
		w.plain("URL", strings.ReplaceAll(line(e.Link), " ", "%20"))
	}
	if len(e.Categories) > 0 {
		words := make([]string, len(e.Categories))
		for i, c := range e.Categories {
			words[i] = escape.Replace(line(c))
		}
		w.plain("CATEGORIES", strings.Join(words, ","))
	}
	if e.Busy {
		w.plain("TRANSP", "OPAQUE")
	} else {
		w.plain("TRANSP", "TRANSPARENT")
	}
	if e.Status == "" {
		e.Status = Confirmed
	}
	w.plain("STATUS", string(e.Status))
	w.plain("END", "VEVENT")
	return nil
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

func (w *writer) moment(name string, t time.Time, local bool) {
	if local {
		w.plain(name+";TZID="+rome, t.In(w.zone).Format("20060102T150405"))
	} else {
		w.plain(name, utc(t))
	}
}

var escape = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)

func (w *writer) text(name, value string) { w.plain(name, escape.Replace(value)) }

func (w *writer) lines(text string) {
	for l := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(l), ":")
		w.plain(name, value)
	}
}

// mostOctets is how long a line may be, its end apart; what is longer goes on behind a space that counts.
const mostOctets = 75

// plain writes a line as it is, folded between characters.
func (w *writer) plain(name, value string) {
	room := mostOctets
	for _, r := range name + ":" + value {
		n := len(string(r))
		if n > room {
			w.out = append(w.out, "\r\n "...)
			room = mostOctets - 1
		}
		w.out = append(w.out, string(r)...)
		room -= n
	}
	w.out = append(w.out, "\r\n"...)
}

// clean leaves controls out, and makes all line ends those of Unix.
func clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
