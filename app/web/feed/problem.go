package feed

import (
	"cmp"
	"fmt"
	"html"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk/problem"
	"sportello/app/desk/release"
	"sportello/app/feed"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/store"
)

func (a pages) getProblems(r *web.Request) error {
	private(r)
	who, err := a.Desk.Releases.FeedReader(r.Param("token"))
	if err != nil {
		return err
	}
	list, err := a.Desk.Problems.Feed(who)
	if err != nil {
		return err
	}
	v, err := a.reading(r, &release.Feed{Reader: who, Made: time.Unix(0, int64(who.Feed))}) // #nosec G115 -- a moment
	if err != nil {
		return err
	}
	home, tag := a.BaseURL(), "tag:"+a.Store.ID()+",2026:"
	f := feed.Feed{ID: tag + "problems", Title: v.T("feed.problems", "desk", r.Settings().Name), Subtitle: v.T("feed.problems-subtitle"), Author: r.Settings().Name,
		Self: home + address.ProblemFeed(r.Param("token")), Page: home + "/", Language: v.Lang}
	if len(list) == 0 {
		f.Updated = v.Made
	}
	for _, one := range list {
		name := cmp.Or(v.modules[one.Module.ID], one.Module.Name.In(v.Lang), one.Module.Code)
		state := v.T("problems.state-" + one.State.String())
		e := feed.Entry{ID: tag + fmt.Sprintf("problem/%d", one.ID), Title: v.T("feed.problem", "name", name, "title", one.Title.In(v.Lang), "state", state),
			Link: home + address.Problem(one.ID), Updated: one.Fresh, Published: one.Created, ContentHTML: v.problem(one),
			Categories: []feed.Category{{Term: one.State.String(), Label: state}, {Term: one.Module.Code, Label: name}}}
		if one.Outage.Runs(v.Now) {
			e.Title = v.T("feed.problem-out", "name", name, "title", one.Title.In(v.Lang))
		}
		f.Entries = append(f.Entries, e)
	}
	body, err := feed.Atom(f)
	if err != nil {
		return err
	}
	return r.SendSame(feed.ContentType, body)
}

// problem is what the known problem says to everybody whom it is for, safe to show: what matters first, then its texts.
func (v *reading) problem(one problem.Item) string {
	var b strings.Builder
	line := func(said string) {
		if said != "" {
			b.WriteString("<p>" + html.EscapeString(said) + "</p>\n")
		}
	}
	if one.Outage.Runs(v.Now) {
		line(one.Outage.News.In(v.Lang))
		if !one.Outage.Expected.IsZero() {
			line(v.T("feed.problem-until", "until", v.Moment(v.Lang, one.Outage.Expected.In(v.Now.Location()), v.Now).Exact))
		}
	}
	line(one.Reason)
	line(v.T("feed.problem-versions", "versions", v.versions(one.Affected)))
	if len(one.FixedIn) > 0 {
		line(v.T("feed.problem-fixed", "versions", strings.Join(one.FixedIn, ", ")))
	}
	for _, part := range []struct {
		heading string
		text    store.Words
	}{{v.T("feed.problem-way"), one.Workaround}, {"", one.Text}} {
		text := part.text.In(v.Lang)
		if text == "" {
			continue
		}
		if part.heading != "" {
			b.WriteString("<h2>" + html.EscapeString(part.heading) + "</h2>\n")
		}
		b.WriteString(string(markup.HTML(markup.Markdown, text)) + "\n")
	}
	return b.String()
}

// versions says which versions the ranges have.
func (v *reading) versions(ranges []store.Range) string {
	var out []string
	for _, r := range ranges {
		switch {
		case r.From == "" && r.Until == "":
		case r.From == "":
			out = append(out, v.T("problems.before", "until", r.Until))
		case r.Until == "":
			out = append(out, v.T("problems.since", "from", r.From))
		default:
			out = append(out, v.T("problems.between", "from", r.From, "until", r.Until))
		}
	}
	return cmp.Or(strings.Join(out, ", "), v.T("problems.all-versions"))
}
