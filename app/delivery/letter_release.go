package delivery

import (
	"slices"
	"strings"
	"time"

	"sportello/app/desk/notice"
	"sportello/app/desk/release"
	"sportello/store"
)

// A letter about a release says in its first lines what it is, for which module and version, by when, and what happens if
// it is not installed. Everything else stands below the link.

// mostHeadline is how long a subject may be, in characters, before its date is left out: longer ones are cut by programs.
const mostHeadline = 78

// day says a day of the calendar with its weekday.
func (w *letterWriter) day(t time.Time) string { return w.delivery.Words.Weekday(w.lang, t) }

// moment says an hour of a day in the desk's zone.
func (w *letterWriter) moment(t time.Time) string {
	return w.day(t.In(w.now.Location())) + ", " + t.In(w.now.Location()).Format("15:04")
}

func (w *letterWriter) environment(e store.Environment) string {
	if e == store.Test {
		return w.t("letter.release-in-test")
	}
	return w.t("letter.release-in-production")
}

// headline is the subject of a letter about the release.
func (w *letterWriter) headline(r *notice.OutgoingRelease) string {
	name := r.Module.Name.In(w.lang)
	whole, dated := w.headlines(r, name)
	if len([]rune(dated)) <= mostHeadline {
		return dated
	}
	name, _, _ = strings.Cut(name, ", ") // "CSA, carriere e stipendi"
	if _, dated = w.headlines(r, name); len([]rune(dated)) <= mostHeadline {
		return dated
	}
	return whole
}

// headlines are the headline without and with the day, which are the same where there is none.
func (w *letterWriter) headlines(r *notice.OutgoingRelease, name string) (short, long string) {
	if r.State == store.ReleaseWithdrawn { // neither new nor in a hurry
		name += " " + r.Release.Version
		return name, name
	}
	args := []any{"module", name, "version", r.Release.Version}
	e, day := r.InstallBy()
	withDay := append(slices.Clone(args), "environment", w.environment(e), "date", w.day(day))
	switch r.Kind {
	case store.Urgent:
		short, long = w.t("letter.release-headline-urgent", args...), w.t("letter.release-headline-urgent-by", withDay...)
	case store.Law:
		short, long = w.t("letter.release-headline-law", args...), w.t("letter.release-headline-law-by", withDay...)
	default:
		short, long = w.t("letter.release-headline", args...), w.t("letter.release-headline-by", withDay...)
	}
	if e == store.EnvironmentNone {
		return short, short
	}
	return short, long
}

// release fills in what the texts of a letter may say of the release.
func (w *letterWriter) release(f map[string]string, r *notice.OutgoingRelease) {
	f["headline"], f["version"], f["subject"] = w.headline(r), r.Release.Version, r.Title.In(w.lang)
	_, day := r.InstallBy()
	f["date"] = w.day(day)
	f["facts"] = strings.Join(w.facts(r), "\n\n")
	f["notes"] = w.write(w.notes(r))
}

// facts are the first lines. Of what was withdrawn they name the places alone: nothing is to be installed, nor stands still.
func (w *letterWriter) facts(r *notice.OutgoingRelease) []string {
	out := []string{w.t("letter.release-title", "title", r.Title.In(w.lang))}
	var places []string
	for _, p := range r.Places {
		if p.Version == "" {
			places = append(places, w.t("letter.release-place-unknown", "place", p.Name, "environment", w.environment(p.Environment)))
		} else {
			places = append(places, w.t("letter.release-place", "place", p.Name, "environment", w.environment(p.Environment), "version", p.Version))
		}
	}
	if len(places) > 0 {
		out = append(out, w.t("letter.release-about", "places", strings.Join(slices.Compact(places), "; ")))
	}
	if r.State == store.ReleaseWithdrawn {
		return out
	}
	var days []string
	for _, e := range []store.Environment{store.Test, store.Production} {
		if day := r.Release.InstallBy.In(e); !day.IsZero() && r.Concerns(e) && !r.Done() {
			days = append(days, w.t("letter.release-by-date", "environment", w.environment(e), "date", w.day(day)))
		}
	}
	if len(days) > 0 {
		out = append(out, w.t("letter.release-by", "dates", strings.Join(days, ", ")))
	}
	switch {
	case r.Norm.Text == "":
	case r.Norm.Date.IsZero():
		out = append(out, w.t("letter.release-norm", "norm", r.Norm.Text))
	default:
		out = append(out, w.t("letter.release-norm-date", "norm", r.Norm.Text, "date", w.date(r.Norm.Date)))
	}
	if text := r.Otherwise.In(w.lang); text != "" {
		out = append(out, w.t("letter.release-otherwise", "text", text))
	}
	out = append(out, w.stop(r)...)
	if r.WayBack.Kind == store.BackNone {
		out = append(out, w.t("letter.release-no-way-back"))
	}
	switch {
	case r.Answer && w.o.ReplyTo != w.o.From:
		out = append(out, w.t("letter.release-answer", "words", strings.Join(release.ReplyWords[w.lang], ", ")))
	case r.Answer:
		out = append(out, w.t("letter.release-answer-page"))
	case r.Done():
		out = append(out, w.t("letter.release-done"))
	case len(r.Places) > 0 && !slices.ContainsFunc(r.Places, func(p notice.OutgoingPlace) bool { return p.Asked }):
		out = append(out, w.t("letter.release-told-only"))
	}
	return out
}

func (w *letterWriter) stop(r *notice.OutgoingRelease) []string {
	s := r.Release.Stop
	if s.From.IsZero() {
		return nil
	}
	from, until, latest := w.moment(s.From), w.moment(s.Until), ""
	if !s.Latest.IsZero() {
		latest = w.moment(s.Latest)
	}
	out := ""
	switch day, hour := w.day(s.From.In(w.now.Location())), func(t time.Time) string { return t.In(w.now.Location()).Format("15:04") }; {
	case w.day(s.Until.In(w.now.Location())) != day, latest != "" && w.day(s.Latest.In(w.now.Location())) != day:
		if out = w.t("letter.release-stop", "from", from, "until", until); latest != "" {
			out = w.t("letter.release-stop-latest", "from", from, "until", until, "latest", latest)
		}
	case latest != "":
		out = w.t("letter.release-stop-day-latest", "day", day, "from", hour(s.From), "until", hour(s.Until), "latest", hour(s.Latest))
	default:
		out = w.t("letter.release-stop-day", "day", day, "from", hour(s.From), "until", hour(s.Until))
	}
	if text := s.Text.In(w.lang); text != "" {
		return []string{out, w.t("letter.release-stops", "text", text)}
	}
	return []string{out}
}

// notes are the texts of the release.
func (w *letterWriter) notes(r *notice.OutgoingRelease) []passage {
	return []passage{{"", r.Notes.In(w.lang)}, {w.t("letter.release-news"), r.News.In(w.lang)}, {w.t("letter.release-corrected"), r.Corrected.In(w.lang)},
		{w.t("letter.release-before"), r.Before.In(w.lang)}, {w.t("letter.release-after"), r.After.In(w.lang)}}
}
