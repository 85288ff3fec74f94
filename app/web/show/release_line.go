package show

import (
	"fmt"
	"time"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/store"
)

// ReleaseLine is one update in a list.
type ReleaseLine struct {
	Name    string // modules and version
	Title   string
	Lang    string // of the title; empty when it is the reader's
	Address string
	Kind    Mark
	State   *Mark // nil where it is as one expects: published
	Waits   *Mark // the desk waits for the reader's answer
	Meta    string
}

// Mark is a sign with its word.
type Mark struct{ Icon, Class, Words string }

var kindMarks = map[store.ReleaseKind]Mark{
	store.Ordinary: {"file", "", ""},
	store.Urgent:   {"warn", "badge-alarm", ""},
	store.Law:      {"book", "badge-wait", ""},
}

// KindMark returns the sign of a kind of update.
func KindMark(p *web.Page, k store.ReleaseKind) Mark {
	m := kindMarks[k]
	m.Words = p.T("releases.kind-" + k.String())
	return m
}

var stateMarks = map[store.ReleaseState]Mark{
	store.ReleaseDraft:     {"edit", "", ""},
	store.ReleaseChecked:   {"eye", "badge-inner", ""},
	store.ReleaseScheduled: {"clock", "badge-inner", ""},
	store.ReleasePublished: {"check", "badge-calm", ""},
	store.ReleaseReplaced:  {"right", "badge-wait", ""},
	store.ReleaseWithdrawn: {"close", "badge-alarm", ""},
}

// StateMark returns the sign of a state of an update.
func StateMark(p *web.Page, s store.ReleaseState) Mark {
	m := stateMarks[s]
	m.Words = p.T("releases.state-" + s.String())
	return m
}

// ReleaseLineOf returns the line of an update in a list.
func ReleaseLineOf(p *web.Page, one *release.View, levels []catalogue.Level, waits map[uint64]bool) ReleaseLine {
	r := one.Release
	l := ReleaseLine{Name: ReleaseName(p, one.Modules, r, levels), Address: address.Release(r.ID), Kind: KindMark(p, r.Kind)}
	l.Title, l.Lang = InLanguage(r.Title, p.Lang)
	if r.State != store.ReleasePublished {
		m := StateMark(p, r.State)
		l.State = &m
	}
	if late, is := waits[r.ID]; is {
		l.Waits = &Mark{"hand", "badge-brand", p.T("releases.waits-for-you")}
		if late {
			l.Waits = &Mark{"warn", "badge-alarm", p.T("releases.late-you")}
		}
	}
	when := p.T("releases.changed-on", "date", p.Date(r.Updated))
	if r.Out() {
		when = p.T("releases.published-on", "date", p.Date(r.Published))
	}
	l.Meta = when
	if by := InstallBy(p, r); r.State == store.ReleasePublished && len(by) > 0 {
		l.Meta = Joined(" · ", when, by[len(by)-1])
	}
	return l
}

// ReleaseName is what people call an update: its modules and its version.
func ReleaseName(p *web.Page, modules []*store.Module, r *store.Release, levels []catalogue.Level) string {
	var names []string
	for _, m := range modules {
		names = append(names, ModuleName(p, m, levels))
	}
	return Joined(", ", names...) + " " + r.Version
}

// ReleaseLinks leads to the updates, each by its name.
func ReleaseLinks(s *web.Site, p *web.Page, list []*release.View) ([]web.Link, error) {
	if len(list) == 0 {
		return nil, nil
	}
	levels, err := s.Desk.Catalogue.Levels()
	var out []web.Link
	for _, one := range list {
		out = append(out, web.Link{Label: ReleaseName(p, one.Modules, one.Release, levels), Address: address.Release(one.Release.ID)})
	}
	return out, err
}

// InLanguage returns the text for a reader, and its language where it is another one than the reader's.
func InLanguage(w store.Words, lang string) (text, other string) {
	text = w.In(lang)
	switch {
	case lang == "it" && w.IT == "" && text != "":
		return text, "en"
	case lang == "en" && w.EN == "" && text != "":
		return text, "it"
	}
	return text, ""
}

// InstallBy says by when the update is to be installed, for each environment with such a day: production comes last.
func InstallBy(p *web.Page, r *store.Release) []string {
	var out []string
	for _, e := range []store.Environment{store.Test, store.Production} {
		if day := r.InstallBy.In(e); !day.IsZero() {
			out = append(out, p.T("releases.by-"+e.String(), "date", Weekday(p, day)))
		}
	}
	return out
}

// Weekday returns a day with its name: lunedì 30 novembre 2026.
func Weekday(p *web.Page, day time.Time) string {
	return p.T(fmt.Sprintf("day.%d", day.Weekday())) + " " + p.Site.Words.Date(p.Lang, day)
}
