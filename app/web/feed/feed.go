package feed

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/calendar"
	"sportello/app/desk/release"
	"sportello/app/feed"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
)

// reading is one answer: what is read, and in whose words.
type reading struct {
	words.Voice
	*release.Feed
	site    *web.Site
	modules map[uint64]string // names, with those of the levels above
}

// open returns what is to be read at the address of the request. Nothing on the way keeps the address, and programs that
// fetch feeds ask each time whether there is something else.
func (a pages) open(r *web.Request) (*reading, error) {
	private(r)
	f, err := a.Desk.Releases.Feed(r.Param("token"))
	if err != nil {
		return nil, err
	}
	return a.reading(r, f)
}

func private(r *web.Request) {
	r.SetHeader("X-Robots-Tag", "noindex, nofollow, noarchive")
	r.SetHeader("Referrer-Policy", "no-referrer")
}

// reading is the answer to the feed's reader.
func (a pages) reading(r *web.Request, f *release.Feed) (*reading, error) {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return nil, err
	}
	lang := cmp.Or(f.Reader.Language, "it")
	r.SetHeader("Cache-Control", "private, no-cache")
	r.SetHeader("Content-Language", lang)
	return &reading{Feed: f, site: a.Site, modules: show.LevelPaths(levels, lang),
		Voice: words.Voice{Dictionary: a.Words, Lang: lang, Now: a.Desk.Now().In(a.Desk.Location())}}, nil
}

func (v *reading) page(n release.News) string {
	return v.site.BaseURL() + address.Release(n.Release.ID)
}

// name is what people call the release: its modules and its version.
func (v *reading) name(n release.News) string {
	var names []string
	for _, m := range n.Modules {
		names = append(names, cmp.Or(v.modules[m.ID], m.Name.In(v.Lang), m.Code))
	}
	return strings.Join(names, ", ") + " " + n.Version
}

func (a pages) getNews(r *web.Request) error {
	v, err := a.open(r)
	if err != nil {
		return err
	}
	home := a.BaseURL()
	tag := "tag:" + a.Store.ID() + ",2026:"
	f := feed.Feed{ID: tag + "releases", Title: v.T("feed.title", "desk", r.Settings().Name), Subtitle: v.T("feed.subtitle"), Author: r.Settings().Name,
		Self: home + address.NewsFeed(r.Param("token")), Page: home + "/", Language: v.Lang}
	if len(v.News) == 0 {
		f.Updated = v.Made
	}
	for _, n := range v.News {
		e := feed.Entry{ID: tag + fmt.Sprintf("release/%d", n.Release.ID), Title: v.title(n), Link: v.page(n), Updated: n.Told, Published: n.Published, ContentHTML: v.content(n)}
		e.Categories = append(e.Categories, feed.Category{Term: n.Kind.String(), Label: v.T("feed.kind-" + n.Kind.String())})
		for _, m := range n.Modules {
			e.Categories = append(e.Categories, feed.Category{Term: m.Code, Label: v.modules[m.ID]})
		}
		f.Entries = append(f.Entries, e)
	}
	body, err := feed.Atom(f)
	if err != nil {
		return err
	}
	return r.SendSame(feed.ContentType, body)
}

func (v *reading) title(n release.News) string {
	key := "feed.entry-" + n.Kind.String()
	if n.State == store.ReleaseWithdrawn {
		key = "feed.entry-withdrawn"
	}
	return v.T(key, "name", v.name(n), "title", n.Title.In(v.Lang))
}

// content is what the release says, safe to show: what matters first, then its notes.
func (v *reading) content(n release.News) string {
	var b strings.Builder
	for _, l := range v.facts(n) {
		b.WriteString("<p>" + html.EscapeString(l) + "</p>\n")
	}
	for _, part := range []struct {
		heading string
		text    store.Words
	}{{"", n.Notes}, {"news", n.News}, {"corrected", n.Corrected}, {"before", n.Before}, {"after", n.After}} {
		text := part.text.In(v.Lang)
		if text == "" {
			continue
		}
		if part.heading != "" {
			b.WriteString("<h2>" + html.EscapeString(v.T("letter.release-"+part.heading)) + "</h2>\n")
		}
		b.WriteString(string(markup.HTML(markup.Markdown, text)) + "\n")
	}
	return b.String()
}

// facts are what a reader has to know at once, a sentence each.
func (v *reading) facts(n release.News) []string {
	var out []string
	add := func(key string, args ...any) { out = append(out, v.T(key, args...)) }
	if n.State == store.ReleaseWithdrawn {
		add("feed.withdrawn", "why", n.Reason)
		return out // what was to be done is so no longer
	} else if n.ReplacedBy != nil {
		add("feed.replaced", "version", n.ReplacedBy.Version)
	}
	var dates []string
	for _, e := range []store.Environment{store.Test, store.Production} {
		if day := n.InstallBy.In(e); !day.IsZero() {
			dates = append(dates, v.T("letter.release-by-date", "environment", v.T("letter.release-in-"+e.String()), "date", v.day(day)))
		}
	}
	if len(dates) > 0 {
		add("letter.release-by", "dates", strings.Join(dates, ", "))
	}
	switch {
	case n.Norm.Text != "" && !n.Norm.Date.IsZero():
		add("letter.release-norm-date", "norm", n.Norm.Text, "date", v.day(n.Norm.Date))
	case n.Norm.Text != "":
		add("letter.release-norm", "norm", n.Norm.Text)
	}
	if text := n.Otherwise.In(v.Lang); text != "" {
		add("letter.release-otherwise", "text", text)
	}
	out = append(out, v.stop(n.Stop)...)
	if n.WayBack.Kind == store.BackNone {
		add("letter.release-no-way-back")
	}
	return out
}

// day is a date with its weekday, which no preposition changes.
func (v *reading) day(t time.Time) string {
	return v.T(fmt.Sprintf("day.%d", t.Weekday())) + " " + v.Date(v.Lang, t)
}

// stop says when the service stands still, and what of it.
func (v *reading) stop(s store.Stop) []string {
	if s.From.IsZero() {
		return nil
	}
	at := func(t time.Time) string {
		t = t.In(v.Now.Location())
		return v.T(fmt.Sprintf("day.%d", t.Weekday())) + " " + v.Moment(v.Lang, t, v.Now).Exact
	}
	out := []string{v.T("letter.release-stop", "from", at(s.From), "until", at(s.Until))}
	if !s.Latest.IsZero() {
		out[0] = v.T("letter.release-stop-latest", "from", at(s.From), "until", at(s.Until), "latest", at(s.Latest))
	}
	if text := s.Text.In(v.Lang); text != "" {
		out = append(out, v.T("letter.release-stops", "text", text))
	}
	return out
}

func (a pages) getCalendar(r *web.Request) error {
	v, err := a.open(r)
	if err != nil {
		return err
	}
	c := calendar.Calendar{Name: v.T("feed.calendar", "desk", r.Settings().Name), Description: v.T("feed.calendar-what"), Language: v.Lang,
		Location: a.Desk.Location(), Refresh: time.Hour}
	for _, d := range v.Dates {
		c.Events = append(c.Events, v.event(d))
	}
	plans, err := a.Desk.Plans.Dates(v.Reader.ID)
	if err != nil {
		return err
	}
	for _, d := range plans {
		c.Events = append(c.Events, v.planEvent(d))
	}
	slices.SortFunc(c.Events, func(x, y calendar.Event) int { return cmp.Or(x.Begin.Compare(y.Begin), strings.Compare(x.UID, y.UID)) })
	body, err := calendar.ICS(c)
	if err != nil {
		return err
	}
	return r.SendSame(calendar.ContentType, body)
}

// event is the entry of a stop or a day in a calendar. What it is called never changes, whatever becomes of title and time.
func (v *reading) event(d release.Date) calendar.Event {
	name, what := v.name(d.News), "stop"
	e := calendar.Event{Sequence: d.Sequence, Changed: d.Updated, Created: d.Published, Link: v.page(d.News), Begin: d.Stop.From, End: d.Stop.Until}
	lines := []string{d.Title.In(v.Lang)}
	if d.Environment == store.EnvironmentNone {
		e.Summary = v.T("feed.stop", "name", name)
		if !d.Cancelled {
			lines = append(lines, v.stop(d.Stop)...)
		}
	} else {
		what = d.Environment.String()
		e.Summary = v.T("feed.day", "name", name, "environment", v.T("letter.release-in-"+what))
		e.AllDay, e.Begin, e.End = true, d.InstallBy.In(d.Environment), time.Time{}
		if text := d.Otherwise.In(v.Lang); text != "" && !d.Cancelled {
			lines = append(lines, v.T("letter.release-otherwise", "text", text))
		}
	}
	if d.Cancelled {
		e.Status, e.Summary = calendar.Cancelled, v.T("feed.cancelled", "what", e.Summary)
		switch {
		case d.State == store.ReleaseWithdrawn:
			lines = append([]string{v.T("feed.withdrawn", "why", d.Reason)}, lines...)
		case d.ReplacedBy != nil:
			lines = append([]string{v.T("feed.replaced", "version", d.ReplacedBy.Version)}, lines...)
		}
	}
	e.UID = fmt.Sprintf("release-%d-%s@%s", d.Release.ID, what, v.site.Store.ID())
	e.Description = strings.Join(append(lines, e.Link), "\n")
	return e
}
