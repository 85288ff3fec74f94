package release

import (
	"slices"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// wordingsPage shows what an update said before its text was corrected, and compares two of its wordings.
type wordingsPage struct {
	web.Page
	Action   string
	Wordings []wording // the newest first
	From, To []show.Choice
	Heading  string // which two are compared; empty: the text was never corrected
	Parts    []comparison
}

// wording is one of the wordings, and since when it held.
type wording struct{ Name, Since string }

// comparison is a text of the update that differs between two wordings.
type comparison struct {
	Label string
	Lang  string
	Diff  []show.DiffLine
}

func (a pages) getWordings(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	one, err := a.Desk.Releases.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	kept, err := a.Desk.Releases.Wordings(r.Actor(), n)
	if err != nil {
		return err
	}
	if !one.Out() {
		return fault.New(fault.NotFound, "error.not-found")
	}
	all := append(slices.Clone(kept), wordingNow(one))
	v := &wordingsPage{Page: r.Page("releases.wordings"), Action: address.Release(n) + "/wordings"}
	v.Nav = "releases"
	v.Crumb(v.T("releases.title"), address.Releases)
	v.Crumb(show.ShortName(one.Modules[0].Name.In(v.Lang))+" "+one.Version, address.Release(n))
	v.Crumb(v.Title, "")
	if err := a.Desk.Names(func(names desk.Names) { v.list(one, kept, names) }); err != nil {
		return err
	}
	q := r.QueryForm()
	from, to := q.Int("from", 1, len(all), max(1, len(kept))), q.Int("to", 1, len(all), len(all))
	if err := q.Err(); err != nil {
		return err
	}
	for i := range all {
		name := v.Number(i + 1)
		v.From = append(v.From, show.Choice{Value: name, Label: v.T("releases.wording", "n", name), Chosen: i+1 == from})
		v.To = append(v.To, show.Choice{Value: name, Label: v.T("releases.wording", "n", name), Chosen: i+1 == to})
	}
	if len(kept) > 0 {
		v.Heading = v.T("releases.wordings-of", "from", v.Number(from), "to", v.Number(to))
	}
	v.compare(all[from-1], all[to-1])
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/release-wordings", v)
}

// list says since when each wording held; those of the desk see who wrote it.
func (v *wordingsPage) list(one *release.View, kept []*store.Wording, names desk.Names) {
	v.Wordings = append(v.Wordings, wording{v.T("releases.wording", "n", "1"), v.T("releases.wording-published", "when", v.When(one.Published))})
	for i, w := range kept {
		since := v.T("releases.reworded", "when", v.When(w.Created))
		if one.Inside {
			if p := names.Person(w.By); p != nil {
				since = v.T("releases.reworded-by", "when", v.When(w.Created), "who", p.Name)
			}
		}
		v.Wordings = append(v.Wordings, wording{v.T("releases.wording", "n", v.Number(i+2)), since})
	}
	slices.Reverse(v.Wordings)
}

// compare fills in the texts that differ.
func (v *wordingsPage) compare(from, to *store.Wording) {
	before, after := textsOfWording(from), textsOfWording(to)
	for i, now := range after {
		label := v.T("releases.wording-title")
		switch now.name {
		case "otherwise":
			label = v.T("releases.otherwise")
		case "notes", "news", "corrected", "before", "after":
			label = v.T("releases.part-" + now.name)
		}
		was := before[i].text
		if was.IT != now.text.IT {
			v.Parts = append(v.Parts, comparison{v.T("releases.wording-part", "part", label, "language", v.T("articles.language-it")), "it", show.Difference(v.Site.Words, v.Lang, now.text.IT, was.IT)})
		}
		if was.EN != now.text.EN {
			v.Parts = append(v.Parts, comparison{v.T("releases.wording-part", "part", label, "language", v.T("articles.language-en")), "en", show.Difference(v.Site.Words, v.Lang, now.text.EN, was.EN)})
		}
	}
}

// wordingNow is what the update says now.
func wordingNow(r *release.View) *store.Wording {
	return &store.Wording{Title: r.Title, Notes: r.Notes, News: r.News, Corrected: r.Corrected, Before: r.Before, After: r.After, Otherwise: r.Otherwise}
}

func textsOfWording(w *store.Wording) []namedText {
	return []namedText{{"title", w.Title}, {"notes", w.Notes}, {"news", w.News}, {"corrected", w.Corrected}, {"before", w.Before}, {"after", w.After}, {"otherwise", w.Otherwise}}
}
