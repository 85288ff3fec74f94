package calendar

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode/utf8"

	"github.com/emersion/go-ical"
	"github.com/google/go-cmp/cmp"
)

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func example(t testing.TB) Calendar {
	changed := at(t, "2026-11-20T08:00:00Z")
	return Calendar{Name: "Fermi e scadenze", Language: "it", Location: location(t, "Europe/Rome"), Refresh: time.Hour, Events: []Event{
		{UID: "release-42-stop-production@d1f3", Sequence: 2, Changed: changed, Created: changed.Add(-time.Hour), Summary: "U-GOV Contabilità 23.10: fermo", Description: "Non si potranno emettere ordinativi;\r\nné reversali, \\ né F24.",
			Link: "https://desk.example/releases/42", Categories: []string{"fermo", "U-GOV, contabilità"}, Begin: at(t, "2026-11-24T17:00:00Z"), End: at(t, "2026-11-24T19:00:00Z")},
		{UID: "release-42-install-production@d1f3", Changed: changed, Summary: "U-GOV Contabilità 23.10: installare in produzione entro oggi", AllDay: true, Begin: at(t, "2026-11-30T00:00:00+01:00"), Busy: true, Status: Cancelled},
	}}
}

func TestACalendarIsWrittenAsProgramsTakeIt(t *testing.T) {
	const want = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Sportello//Sportello//IT
CALSCALE:GREGORIAN
METHOD:PUBLISH
NAME:Fermi e scadenze
X-WR-CALNAME:Fermi e scadenze
REFRESH-INTERVAL;VALUE=DURATION:PT1H
X-PUBLISHED-TTL:PT1H
X-WR-TIMEZONE:Europe/Rome
BEGIN:VTIMEZONE
TZID:Europe/Rome
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:release-42-stop-production@d1f3
SEQUENCE:2
DTSTAMP:20261120T080000Z
LAST-MODIFIED:20261120T080000Z
CREATED:20261120T070000Z
DTSTART;TZID=Europe/Rome:20261124T180000
DTEND;TZID=Europe/Rome:20261124T200000
SUMMARY:U-GOV Contabilità 23.10: fermo
DESCRIPTION:Non si potranno emettere ordinativi\;\nné reversali\, \\ né F
 24.
URL:https://desk.example/releases/42
CATEGORIES:fermo,U-GOV\, contabilità
TRANSP:TRANSPARENT
STATUS:CONFIRMED
END:VEVENT
BEGIN:VEVENT
UID:release-42-install-production@d1f3
SEQUENCE:0
DTSTAMP:20261120T080000Z
LAST-MODIFIED:20261120T080000Z
DTSTART;VALUE=DATE:20261130
DTEND;VALUE=DATE:20261201
SUMMARY:U-GOV Contabilità 23.10: installare in produzione entro oggi
TRANSP:OPAQUE
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
`
	got, err := ICS(example(t))
	if d := cmp.Diff(strings.ReplaceAll(want, "\n", "\r\n"), string(got)); d != "" || err != nil {
		t.Error(d, err)
	}
	again, _ := ICS(example(t))
	if !bytes.Equal(got, again) {
		t.Error("the same calendar is not the same bytes")
	}
}

func TestACalendarThatProgramsWouldTakeWronglyIsRefused(t *testing.T) {
	for rule, spoil := range map[string]func(*Calendar){
		"no name":                    func(c *Calendar) { c.Name = "\x07" },
		"no UID":                     func(c *Calendar) { c.Events[1].UID = " " },
		"one UID for two events":     func(c *Calendar) { c.Events[1].UID = c.Events[0].UID },
		"no summary":                 func(c *Calendar) { c.Events[0].Summary = "\n" },
		"no time of change":          func(c *Calendar) { c.Events[0].Changed = time.Time{} },
		"no begin":                   func(c *Calendar) { c.Events[0].Begin = time.Time{} },
		"an end before the begin":    func(c *Calendar) { c.Events[0].End = c.Events[0].Begin.Add(-time.Second) },
		"a last day before a first":  func(c *Calendar) { c.Events[1].End = c.Events[1].Begin.AddDate(0, 0, -1) },
		"a sequence below zero":      func(c *Calendar) { c.Events[0].Sequence = -1 },
		"a status that there is not": func(c *Calendar) { c.Events[0].Status = "confirmed\r\nX:1" },
	} {
		c := example(t)
		spoil(&c)
		if got, err := ICS(c); err == nil {
			t.Errorf("%s: written: %s", rule, got)
		}
	}
}

// TestTimesSayTheirInstantWhateverTheZone has the times of an event as they are written.
func TestTimesSayTheirInstantWhateverTheZone(t *testing.T) {
	rome := location(t, "Europe/Rome")
	for _, c := range []struct {
		rule       string
		zone       *time.Location
		begin, end string
		want       string
	}{
		{"in winter", rome, "2026-01-24T17:00:00Z", "2026-01-24T19:00:00Z", "DTSTART;TZID=Europe/Rome:20260124T180000 DTEND;TZID=Europe/Rome:20260124T200000"},
		{"in summer", rome, "2026-07-24T17:00:00Z", "2026-07-24T19:00:00Z", "DTSTART;TZID=Europe/Rome:20260724T190000 DTEND;TZID=Europe/Rome:20260724T210000"},
		{"a moment has no end", rome, "2026-01-24T17:00:00Z", "2026-01-24T17:00:00Z", "DTSTART;TZID=Europe/Rome:20260124T180000"},
		{"over the end of summer time: three hours", rome, "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z", "DTSTART;TZID=Europe/Rome:20261025T013000 DTEND;TZID=Europe/Rome:20261025T033000"},
		{"the first of two times that read alike", rome, "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z", "DTSTART;TZID=Europe/Rome:20261025T023000 DTEND;TZID=Europe/Rome:20261025T033000"},
		{"the second, which a time on the wall cannot say", rome, "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z", "DTSTART:20261025T013000Z DTEND:20261025T023000Z"},
		{"the second as an end", rome, "2026-10-24T20:00:00Z", "2026-10-25T01:59:00Z", "DTSTART:20261024T200000Z DTEND:20261025T015900Z"},
		{"over the begin of summer time", rome, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "DTSTART;TZID=Europe/Rome:20260329T013000 DTEND;TZID=Europe/Rome:20260329T030000"},
		{"before the rule was law", rome, "1995-10-10T08:00:00Z", "1995-10-10T09:00:00Z", "DTSTART:19951010T080000Z DTEND:19951010T090000Z"},
		{"in another zone", location(t, "Europe/Berlin"), "2026-07-24T17:00:00Z", "2026-07-24T19:00:00Z", "DTSTART:20260724T170000Z DTEND:20260724T190000Z"},
		{"in the machine's own", time.Local, "2026-07-24T17:00:00Z", "2026-07-24T19:00:00Z", "DTSTART:20260724T170000Z DTEND:20260724T190000Z"},
		{"in none", nil, "2026-07-24T17:00:00Z", "2026-07-24T19:00:00Z", "DTSTART:20260724T170000Z DTEND:20260724T190000Z"},
		{"in what only calls itself Rome", time.FixedZone("Europe/Rome", 3600), "2026-07-24T17:00:00Z", "2026-07-24T19:00:00Z", "DTSTART:20260724T170000Z DTEND:20260724T190000Z"},
	} {
		raw, err := ICS(Calendar{Name: "c", Location: c.zone, Events: []Event{{UID: "1", Changed: at(t, c.begin), Summary: "s", Begin: at(t, c.begin), End: at(t, c.end)}}})
		if err != nil {
			t.Fatal(err)
		}
		_, event, _ := strings.Cut(string(raw), "BEGIN:VEVENT")
		var got []string
		for l := range strings.SplitSeq(event, "\r\n") {
			if strings.HasPrefix(l, "DTSTART") || strings.HasPrefix(l, "DTEND") {
				got = append(got, l)
			}
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %s, not %s", c.rule, g, c.want)
		}
		if zone := strings.Contains(string(raw), "BEGIN:VTIMEZONE"); zone != (c.zone != nil && c.zone.String() == "Europe/Rome") {
			t.Errorf("%s: the zone is told: %v", c.rule, zone)
		}
	}
}

func TestDaysAreThoseTheyReadAndTheEndIsTheDayAfter(t *testing.T) {
	rome := location(t, "Europe/Rome")
	for want, e := range map[string]Event{
		"20261130 20261201": {Begin: time.Date(2026, 11, 30, 0, 0, 0, 0, rome)},
		"20261231 20270101": {Begin: time.Date(2026, 12, 31, 23, 59, 0, 0, rome)},
		"20260328 20260331": {Begin: time.Date(2026, 3, 28, 0, 0, 0, 0, rome), End: time.Date(2026, 3, 30, 0, 0, 0, 0, rome)},
		"20280228 20280229": {Begin: time.Date(2028, 2, 28, 12, 0, 0, 0, time.UTC), End: time.Date(2028, 2, 28, 0, 0, 0, 0, time.UTC)},
	} {
		e.UID, e.Summary, e.AllDay, e.Changed = "1", "s", true, e.Begin
		raw, err := ICS(Calendar{Name: "c", Location: rome, Events: []Event{e}})
		first, last, _ := strings.Cut(want, " ")
		if err != nil || !strings.Contains(string(raw), "\r\nDTSTART;VALUE=DATE:"+first+"\r\nDTEND;VALUE=DATE:"+last+"\r\n") {
			t.Errorf("%s: %v %s", want, err, raw)
		}
	}
}

func TestAnEmptyCalendarHoldsSomethingAllTheSame(t *testing.T) {
	for _, zone := range []*time.Location{nil, location(t, "Europe/Rome"), time.UTC} {
		raw, err := ICS(Calendar{Name: "c", Location: zone})
		if err != nil {
			t.Fatal(err)
		}
		c, err := ical.NewDecoder(bytes.NewReader(raw)).Decode()
		if err != nil {
			t.Fatal(err)
		}
		if err := ical.NewEncoder(&bytes.Buffer{}).Encode(c); err != nil { // it judges what must be there
			t.Error(err)
		}
	}
}

// TestTheZoneThatIsToldIsTheOneThatTheMachineKnows lets another library read the rules, and walks through the years.
func TestTheZoneThatIsToldIsTheOneThatTheMachineKnows(t *testing.T) {
	rome := location(t, "Europe/Rome")
	raw, err := ICS(Calendar{Name: "c", Location: rome})
	if err != nil {
		t.Fatal(err)
	}
	c, err := ical.NewDecoder(bytes.NewReader(raw)).Decode()
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]string{} // a time on the wall: offsets before and after
	for _, part := range c.Children[0].Children {
		set, err := part.RecurrenceSet(time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range set.Between(at(t, "1997-01-01T00:00:00Z"), at(t, "2060-01-01T00:00:00Z"), true) {
			changes[on.Format("2006-01-02 15:04")] = part.Props.Get(ical.PropTimezoneOffsetFrom).Value + part.Props.Get(ical.PropTimezoneOffsetTo).Value
		}
	}
	known := 0
	_, from := time.Date(1997, 1, 1, 0, 0, 0, 0, rome).Zone()
	for on := at(t, "1997-01-01T00:00:00Z"); on.Year() < 2060; on = on.Add(time.Hour) {
		_, to := on.In(rome).Zone()
		if to == from {
			continue
		}
		wall := on.Add(time.Duration(from) * time.Second).Format("2006-01-02 15:04")
		if want := fmt.Sprintf("+%02d00+%02d00", from/3600, to/3600); changes[wall] != want {
			t.Errorf("%s: told %q, not %s", wall, changes[wall], want)
		}
		known++
		from = to
	}
	if known != 126 || len(changes) != 126 {
		t.Errorf("%d changes are known and %d told of 63 years", known, len(changes))
	}
}

func TestLinesAreFoldedBetweenCharactersAndEndAsTheyMust(t *testing.T) {
	for _, char := range []string{"a", "è", "€", "𝄞", "é\u0301", ",", "\\", "\n"} {
		for lead := range 6 {
			c := example(t)
			text := strings.Repeat("x", lead) + strings.Repeat(char, 300) + "."
			c.Events[0].Description = text
			raw, err := ICS(c)
			if err != nil {
				t.Fatal(err)
			}
			checkLines(t, raw)
			got, err := ical.NewDecoder(bytes.NewReader(raw)).Decode()
			if err != nil {
				t.Fatal(err)
			}
			if d, err := got.Events()[0].Props.Text(ical.PropDescription); d != text || err != nil {
				t.Errorf("%q: read %q, %v", char, d, err)
			}
		}
	}
}

// checkLines looks that each line is of characters, ends with CRLF, and is short.
func checkLines(t *testing.T, raw []byte) {
	t.Helper()
	rest, ok := strings.CutSuffix(string(raw), "\r\n")
	if !ok {
		t.Fatalf("%q does not end with CRLF", raw)
	}
	for l := range strings.SplitSeq(rest, "\r\n") {
		if len(l) > 75 || !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n\x00") || l == "" || l == " " {
			t.Fatalf("%d octets: %q", len(l), l)
		}
	}
}

// TestWhateverIsWrittenIsReadAgain writes hostile words and any times, and reads them with another library.
func TestWhateverIsWrittenIsReadAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 5545))
	rome := location(t, "Europe/Rome")
	alphabet := []string{"a", "è", "€", "𝄞", ";", ",", ":", "\\", "\\n", "\"", "\n", "\r", "\r\n", "\t", " ", "\x00", "\x0b", "\x7f", "\u0085", "\u2028", "\xff", "END:VEVENT", "\r\nEND:VCALENDAR\r\n", "=", "'", "^"}
	words := func(most int) string {
		var b strings.Builder
		for range r.IntN(most) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	for range 1500 {
		c := Calendar{Name: "n" + words(20), Description: words(20), Location: []*time.Location{rome, time.UTC, nil}[r.IntN(3)], Refresh: time.Duration(r.IntN(5000)) * time.Second}
		for n := range 1 + r.IntN(4) {
			e := Event{UID: fmt.Sprintf("%d-%s@x", n, words(5)), Sequence: r.IntN(100), Changed: time.Unix(r.Int64N(4e9), 0), Summary: "s" + words(60), Description: words(200), Place: words(10), Link: "https://a/" + words(5),
				Categories: []string{"c" + words(4), "d"}, AllDay: r.IntN(2) == 0, Busy: r.IntN(2) == 0, Status: []Status{Confirmed, Tentative, Cancelled}[r.IntN(3)]}
			e.Begin = time.Unix(r.Int64N(4e9), 0).In(rome)
			if r.IntN(2) == 0 { // near a change of summer time
				e.Begin = lastSunday(1990+r.IntN(60), []time.Month{time.March, time.October}[r.IntN(2)]).Add(time.Duration(r.IntN(6*3600)-3*3600) * time.Second).In(rome)
			}
			e.End = e.Begin.Add(time.Duration(r.IntN(200000)) * time.Second)
			c.Events = append(c.Events, e)
		}
		raw, err := ICS(c)
		if err != nil {
			t.Fatal(err)
		}
		checkLines(t, raw)
		got, err := ical.NewDecoder(bytes.NewReader(raw)).Decode()
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if err := ical.NewEncoder(&bytes.Buffer{}).Encode(got); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		events := got.Events()
		if len(events) != len(c.Events) {
			t.Fatalf("%d events of %d: %s", len(events), len(c.Events), raw)
		}
		for i, e := range c.Events {
			var back Event
			p := events[i].Props
			text := func(name string) string {
				if p.Get(name) == nil {
					return ""
				}
				s, err := p.Text(name)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			back.UID, back.Summary, back.Description, back.Place = text(ical.PropUID), text(ical.PropSummary), text(ical.PropDescription), text(ical.PropLocation)
			back.Sequence, _ = p.Get(ical.PropSequence).Int()
			back.Changed, _ = p.DateTime(ical.PropLastModified, time.UTC)
			back.Link = p.Get(ical.PropURL).Value
			back.Categories, _ = p.Get(ical.PropCategories).TextList()
			back.Status = Status(text(ical.PropStatus))
			back.Busy = text(ical.PropTransparency) == "OPAQUE"
			back.AllDay = p.Get(ical.PropDateTimeStart).ValueType() == ical.ValueDate
			begin, _ := p.DateTime(ical.PropDateTimeStart, time.UTC)
			want := e
			want.UID, want.Summary, want.Description, want.Place, want.Link = line(e.UID), line(e.Summary), clean(e.Description), line(e.Place), strings.ReplaceAll(line(e.Link), " ", "%20")
			want.Categories = []string{line(e.Categories[0]), "d"}
			want.Changed, want.Begin, want.End = e.Changed.UTC(), time.Time{}, time.Time{}
			if d := cmp.Diff(want, back); d != "" {
				t.Fatalf("%s in %s", d, raw)
			}
			end := begin
			if p.Get(ical.PropDateTimeEnd) != nil {
				end, _ = p.DateTime(ical.PropDateTimeEnd, time.UTC)
			}
			if e.AllDay {
				if !begin.Equal(dayOf(e.Begin)) || !end.Equal(dayOf(e.End).AddDate(0, 0, 1)) {
					t.Fatalf("%v to %v became %v to %v", e.Begin, e.End, begin, end)
				}
				continue
			}
			for _, m := range []struct {
				name       string
				read, want time.Time
			}{{ical.PropDateTimeStart, begin, e.Begin}, {ical.PropDateTimeEnd, end, e.End}} {
				local := p.Get(m.name) != nil && p.Get(m.name).Params.Get("TZID") != ""
				// Of two times that read alike the first is meant (RFC 5545, 3.3.5); the library may take the other.
				if !m.read.Equal(m.want) && !(local && m.read.Equal(m.want.Add(time.Hour)) && m.read.Format("1504") == m.want.Format("1504")) {
					t.Fatalf("%s %v became %v", m.name, m.want, m.read)
				}
			}
		}
	}
}
