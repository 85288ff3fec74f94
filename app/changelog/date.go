package changelog

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// date is one as it was written.
type date struct {
	there       bool
	year        int
	month, days int
	either      bool // month and days stand for two numbers, of which nobody says which is which
	short       bool // a year of two digits
}

// dayFirst reports whether the date shows that its file writes the day before the month.
func (d date) dayFirst() bool { return d.there && d.either && d.month > 12 && d.days <= 12 && !d.short }

// monthFirst reports whether the date shows that its file writes the month before the day.
func (d date) monthFirst() bool {
	return d.there && d.either && d.days > 12 && d.month <= 12 && !d.short
}

// day returns the day, or why there is none. Of two numbers month is the first and days the second.
func (d date) day(dayFirst, monthFirst bool) (time.Time, Reason) {
	month, days := d.month, d.days
	if d.short {
		return time.Time{}, AmbiguousDate
	}
	if d.either {
		switch {
		case month > 12 || dayFirst && !monthFirst && days <= 12:
			month, days = days, month
		case days > 12 || monthFirst && !dayFirst || month == days:
		default:
			return time.Time{}, AmbiguousDate
		}
	}
	t := time.Date(d.year, time.Month(month), days, 0, 0, 0, 0, time.UTC)
	if month < 1 || month > 12 || t.Day() != days || d.year < 1970 || d.year > 2200 {
		return time.Time{}, NoSuchDate
	}
	return t, ""
}

const (
	monthWords = `(jan(?:uary)?|gen(?:naio)?|feb(?:ruary|braio)?|mar(?:ch|zo)?|apr(?:il|ile)?|may|mag(?:gio)?|june?|giu(?:gno)?|july?|lug(?:lio)?|aug(?:ust)?|ago(?:sto)?|sept?(?:ember)?|set(?:tembre)?|oct(?:ober)?|ott(?:obre)?|nov(?:ember|embre)?|dec(?:ember)?|dic(?:embre)?)`
	dayWords   = `(?:(?:mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|lun(?:edì)?|mar(?:tedì)?|mer(?:coledì)?|gio(?:vedì)?|ven(?:erdì)?|sab(?:ato)?|dom(?:enica)?)\.?,? )?`
)

// forms are the ways to write a date, each with the places of year, month and day among its groups.
var forms = []struct {
	form             *regexp.Regexp
	year, month, day int
	either, dotted   bool
	needs            string // what a line has that holds one
}{
	{form: regexp.MustCompile(`(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)? ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?`), year: 1, month: 2, day: 3, needs: "-"},
	{form: regexp.MustCompile(`(\d{4})/(\d{1,2})/(\d{1,2})`), year: 1, month: 2, day: 3, needs: "/"},
	{form: regexp.MustCompile(`(?i)` + dayWords + monthWords + `\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})`), year: 3, month: 1, day: 2, needs: " "},
	{form: regexp.MustCompile(`(?i)` + dayWords + `(\d{1,2})(?:st|nd|rd|th|[º°])?[ -](?:of )?` + monthWords + `\.?,?[ -](\d{4})`), year: 3, month: 2, day: 1},
	{form: regexp.MustCompile(`(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})`), year: 3, month: 1, day: 2, either: true, needs: "/"},
	{form: regexp.MustCompile(`(\d{1,2})-(\d{1,2})-(\d{4})`), year: 3, month: 1, day: 2, either: true, needs: "-"},
	{form: regexp.MustCompile(`(\d{4})\.(\d{1,2})\.(\d{1,2})`), year: 1, month: 2, day: 3, dotted: true, needs: "."},
	{form: regexp.MustCompile(`(\d{1,2})\.(\d{1,2})\.(\d{4})`), year: 3, month: 1, day: 2, either: true, dotted: true, needs: "."},
}

// findDate returns the first date of a line in one of the forms, and what stands around it. With dotted it looks for
// those alone that may be a version as well.
func findDate(s string, dotted bool) (d date, before, after string) {
	for _, f := range forms {
		if f.dotted != dotted || !strings.Contains(s, f.needs) {
			continue
		}
		for from := 0; from < len(s); {
			m := f.form.FindStringSubmatchIndex(s[from:])
			if m == nil {
				break
			}
			begin, stop := from+m[0], from+m[1]
			if begin > 0 && inWord(s[begin-1]) || stop < len(s) && (inWord(s[stop]) && s[stop] != '.' || s[stop] == '.' && stop+1 < len(s) && inWord(s[stop+1])) {
				from = begin + 1
				continue
			}
			group := func(n int) string { return s[from+m[2*n] : from+m[2*n+1]] }
			d.there, d.either, d.short = true, f.either, len(group(f.year)) == 2
			d.year, _ = strconv.Atoi(group(f.year))
			d.month = monthOf(group(f.month))
			d.days, _ = strconv.Atoi(group(f.day))
			return d, s[:begin], s[stop:]
		}
	}
	return date{}, s, ""
}

func inWord(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '.' || b == '_' || b == '+' || b == '~' || b == '-' || b >= 0x80
}

func monthOf(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	switch strings.ToLower(s)[:3] {
	case "jan", "gen":
		return 1
	case "feb":
		return 2
	case "mar":
		return 3
	case "apr":
		return 4
	case "may", "mag":
		return 5
	case "jun", "giu":
		return 6
	case "jul", "lug":
		return 7
	case "aug", "ago":
		return 8
	case "sep", "set":
		return 9
	case "oct", "ott":
		return 10
	case "nov":
		return 11
	}
	return 12
}

// saysOfDate are words that only lead to a date.
var saysOfDate = regexp.MustCompile(`(?i)^(?:(?:release|released|date|data|pubblicat[ao]|rilasciat[ao]|rilascio|on|il|del|of|di)\b[ :]*)+`)

// lineOfDate returns the date of a line that says nothing else.
func lineOfDate(line string) (date, bool) {
	if len(line) > 200 {
		return date{}, false
	}
	s := strings.TrimSpace(plain(strings.TrimLeft(line, "># \t")))
	s = strings.Trim(saysOfDate.ReplaceAllString(strings.Trim(s, "()[]"), ""), "()[] ")
	for _, dotted := range []bool{false, true} {
		if d, before, after := findDate(s, dotted); d.there {
			return d, strings.Trim(before+after, " .") == ""
		}
	}
	return date{}, false
}
