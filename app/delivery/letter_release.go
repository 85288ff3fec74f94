package delivery

import (
	"slices"
	"strings"
	"time"

	"sportello/app/desk/notice"
	"sportello/app/desk/release"
	"sportello/app/markup"
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
	args := []any{"module", r.Module.Name.In(w.lang), "version", r.Release.Version}
	e, day := r.InstallBy()
	withDay := append(slices.Clone(args), "environment", w.environment(e), "date", w.day(day))
	short, long := "", ""
	switch r.Kind {
	case store.Urgent:
		short, long = w.t("letter.release-headline-urgent", args...), w.t("letter.release-headline-urgent-by", withDay...)
	case store.Law:
		short, long = w.t("letter.release-headline-law", args...), w.t("letter.release-headline-law-by", withDay...)
	default:
		short, long = w.t("letter.release-headline", args...), w.t("letter.release-headline-by", withDay...)
	}
	if e == store.EnvironmentNone || len([]rune(long)) > mostHeadline {
		return short
	}
	return long
}

// release fills in what the texts of a letter may say of the release.
func (w *letterWriter) release(f map[string]string, r *notice.OutgoingRelease) {
	f["headline"], f["version"], f["subject"] = w.headline(r), r.Release.Version, r.Title.In(w.lang)
	_, day := r.InstallBy()
	f["date"] = w.day(day)
	f["facts"] = strings.Join(w.facts(r), "\n\n")
	f["notes"] = strings.Join(w.notes(r), "\n\n")
}

// facts are the first lines.
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
	var days []string
	for _, e := range []store.Environment{store.Test, store.Production} {
		if day := r.Release.InstallBy.In(e); !day.IsZero() {
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
	case r.State == store.ReleaseWithdrawn:
	case r.Answer && w.o.ReplyTo != w.o.From:
		out = append(out, w.t("letter.release-answer", "words", strings.Join(release.ReplyWords[w.lang], ", ")))
	case r.Answer:
		out = append(out, w.t("letter.release-answer-page"))
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
	args := []any{"from", w.moment(s.From), "until", w.moment(s.Until)}
	out := w.t("letter.release-stop", args...)
	if !s.Latest.IsZero() {
		out = w.t("letter.release-stop-latest", append(args, "latest", w.moment(s.Latest))...)
	}
	if text := s.Text.In(w.lang); text != "" {
		return []string{out, w.t("letter.release-stops", "text", text)}
	}
	return []string{out}
}

// notes are the texts of the release, as plain text. Their Markdown is readable as it stands.
func (w *letterWriter) notes(r *notice.OutgoingRelease) []string {
	var out []string
	for _, part := range []struct {
		heading string
		text    store.Words
	}{{"", r.Notes}, {"letter.release-news", r.News}, {"letter.release-corrected", r.Corrected}, {"letter.release-before", r.Before}, {"letter.release-after", r.After}} {
		text := strings.TrimSpace(part.text.In(w.lang))
		if text == "" {
			continue
		}
		if part.heading != "" {
			out = append(out, strings.ToUpper(w.t(part.heading)))
		}
		out = append(out, markup.Clean(text))
	}
	return out
}
