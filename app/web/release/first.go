package release

import (
	"html/template"
	"time"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// first is what an update says first, to whoever reads it signed in or by a link: what it is, by when, what happens if
// not, what stops. Parts come further down.
type first struct {
	Withdrawn string
	Reason    string    // why it was withdrawn, and what to do
	Replaced  *web.Link // the update that took its place
	Name      string
	Heading   string
	Lang2     string // of the heading; empty when it is the reader's
	Kind      show.Mark
	By        []string
	Norm      string
	Otherwise passage
	Stop      string
	Stops     passage
	NoWayBack bool
	WayBack   string
	BackText  passage
	Parts     []part
}

// passage is a text that somebody wrote in one of the languages.
type passage struct {
	Text string
	Lang string // empty when it is the reader's
}

// part is one part of an update's text.
type part struct {
	Name string // for anchors
	What string // its heading
	Text template.HTML
	Lang string
}

func passageOf(w store.Words, lang string) passage {
	text, other := show.InLanguage(w, lang)
	return passage{text, other}
}

func firstOf(p *web.Page, r *store.Release, modules []*store.Module, levels []catalogue.Level) first {
	f := first{Name: show.ReleaseName(p, modules, r, levels), Kind: show.KindMark(p, r.Kind), By: show.InstallBy(p, r), Otherwise: passageOf(r.Otherwise, p.Lang), Stops: passageOf(r.Stop.Text, p.Lang),
		NoWayBack: r.WayBack.Kind == store.BackNone, BackText: passageOf(r.WayBack.Text, p.Lang)}
	f.Heading, f.Lang2 = show.InLanguage(r.Title, p.Lang)
	if r.State == store.ReleaseWithdrawn {
		f.Withdrawn, f.Reason = p.T("releases.withdrawn-on", "date", p.Date(r.Withdrawn)), r.Reason
	}
	if r.Norm.Text != "" {
		f.Norm = r.Norm.Text
		if !r.Norm.Date.IsZero() {
			f.Norm = p.T("releases.norm-from", "norm", r.Norm.Text, "date", show.Weekday(p, r.Norm.Date))
		}
	}
	if !r.Stop.From.IsZero() {
		f.Stop = stopOf(p, r.Stop)
	}
	switch r.WayBack.Kind {
	case store.BackUntil:
		f.WayBack = p.T("releases.back-until", "when", atTime(p, r.WayBack.Until))
	case store.BackRestore:
		f.WayBack = p.T("releases.back-restore")
	case store.BackNone:
		f.WayBack = p.T("releases.back-none")
	case store.BackUnsaid:
	}
	for _, one := range textsOf(r) {
		if text, other := show.InLanguage(one.text, p.Lang); text != "" {
			f.Parts = append(f.Parts, part{one.name, p.T("releases.part-" + one.name), markup.Part(text), other})
		}
	}
	return f
}

// namedText is one of the long texts of an update.
type namedText struct {
	name string
	text store.Words
}

func textsOf(r *store.Release) []namedText {
	return []namedText{{"notes", r.Notes}, {"news", r.News}, {"corrected", r.Corrected}, {"before", r.Before}, {"after", r.After}}
}

// plainText is the text of an update as one copies it into a mail.
func plainText(p *web.Page, f first, r *store.Release) string {
	out := show.Joined("\n", f.Name+": "+f.Heading, f.Kind.Words)
	facts := ""
	for _, by := range f.By {
		facts = show.Joined("\n", facts, by)
	}
	line := func(key, text string) {
		if text != "" {
			facts = show.Joined("\n", facts, p.T(key)+": "+text)
		}
	}
	line("releases.norm", f.Norm)
	line("releases.otherwise", f.Otherwise.Text)
	line("releases.stop", show.Joined(". ", f.Stop, f.Stops.Text))
	line("releases.way-back", show.Joined(" ", f.WayBack, f.BackText.Text))
	out = show.Joined("\n\n", out, facts)
	for _, one := range textsOf(r) {
		if text, _ := show.InLanguage(one.text, p.Lang); text != "" {
			out = show.Joined("\n\n", out, p.T("releases.part-"+one.name)+"\n\n"+markup.Plain(markup.Markdown, text))
		}
	}
	return out + "\n"
}

// clock returns the hour and minute at the desk.
func clock(p *web.Page, t time.Time) string {
	if p.Lang == "en" {
		return t.In(p.Now.Location()).Format("15:04")
	}
	return t.In(p.Now.Location()).Format("15.04")
}

// atTime returns the day and the hour at the desk.
func atTime(p *web.Page, t time.Time) string {
	return p.T("releases.at", "day", show.Weekday(p, t.In(p.Now.Location())), "clock", clock(p, t))
}

func stopOf(p *web.Page, s store.Stop) string {
	from, until := s.From.In(p.Now.Location()), s.Until.In(p.Now.Location())
	said := p.T("releases.stop-between", "from", atTime(p, from), "until", atTime(p, until))
	sameDay := func(t time.Time) bool { return t.YearDay() == from.YearDay() && t.Year() == from.Year() }
	if sameDay(until) {
		said = p.T("releases.stop-on", "day", show.Weekday(p, from), "from", clock(p, from), "until", clock(p, until))
	}
	if s.Latest.IsZero() {
		return said
	}
	latest := atTime(p, s.Latest)
	if sameDay(s.Latest.In(p.Now.Location())) {
		latest = clock(p, s.Latest)
	}
	return p.T("releases.stop-latest", "stop", said, "latest", latest)
}

// linkTo returns a link to another update.
func linkTo(p *web.Page, r *store.Release) web.Link {
	title, other := show.InLanguage(r.Title, p.Lang)
	return web.Link{Label: r.Version + ": " + title, Address: address.Release(r.ID), Lang: other}
}
