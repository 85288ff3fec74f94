package release

import (
	"fmt"
	"strings"

	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/store"
)

// progress is how far an update is, for those of the desk: a bar for each thing that was said, and a line of what is
// installed over days, each with its numbers as text.
type progress struct {
	Asked string
	Bars  []bar
	Line  string // points of the line, empty with fewer than two days
	Told  string // what the line shows, in a sentence
	Days  []dayLine
}

type bar struct {
	Words string
	Width int // of 100
	Count string
}

type dayLine struct{ Day, Installed string }

// The box in which the line is drawn, in units of its own.
const (
	lineWide = 300
	lineHigh = 60
)

func progressOf(p *web.Page, of release.Progress) *progress {
	out := &progress{Asked: p.Plural("releases.asked", of.Asked)}
	all := of.Beyond + of.Told + of.Read + of.Planned + of.Installed + of.NotApplicable + of.Failed
	add := func(words string, n int) {
		if n > 0 {
			out.Bars = append(out.Bars, bar{words, max(1, n*100/max(all, 1)), p.Number(n)})
		}
	}
	for _, one := range []struct {
		state store.ReceiptState
		n     int
	}{{store.ReceiptInstalled, of.Installed}, {store.ReceiptPlanned, of.Planned}, {store.ReceiptRead, of.Read}, {store.ReceiptTold, of.Told},
		{store.ReceiptNotApplicable, of.NotApplicable}, {store.ReceiptFailed, of.Failed}} {
		add(p.T("releases.receipt-"+one.state.String()), one.n)
	}
	add(p.T("releases.receipt-beyond"), of.Beyond)
	add(p.T("releases.late"), of.Late)
	for _, d := range of.Days {
		out.Days = append(out.Days, dayLine{p.Site.Words.Date(p.Lang, d.Day), p.Number(d.Installed)})
	}
	if len(of.Days) < 2 || all == 0 {
		return out
	}
	last := of.Days[len(of.Days)-1]
	first := of.Days[0].Day
	span := last.Day.Sub(first).Hours()
	var points []string
	before := 0
	for _, d := range of.Days {
		x := int(d.Day.Sub(first).Hours() * lineWide / span)
		points = append(points, fmt.Sprintf("%d,%d", x, lineHigh-before*lineHigh/all), fmt.Sprintf("%d,%d", x, lineHigh-d.Installed*lineHigh/all))
		before = d.Installed
	}
	out.Line = strings.Join(points, " ")
	out.Told = p.Plural("releases.line", last.Installed, "all", p.Number(all), "from", out.Days[0].Day, "until", out.Days[len(out.Days)-1].Day)
	return out
}
