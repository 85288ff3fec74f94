package release

import (
	"net/http"
	"slices"

	"sportello/app/address"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// page is an update, as one reader sees it.
type page struct {
	web.Page
	First    first
	ID       uint64
	Rev      uint64
	State    *show.Mark // for those of the desk, and where it is not simply published
	Sentence string     // where it is in its life, for those of the desk
	Own      []card     // of the places for which the reader speaks
	Others   string     // says who answers, to those of an organisation who do not
	Files    []file
	Sums     string // address of SHA256SUMS
	Check    string // the name of a file, to show how one is checked
	Curl     string // a line that fetches it with a token
	Needs    []web.Link
	Replaces []web.Link
	Articles []web.Link
	Tickets  []web.Link
	Corrects []web.Link // known problems
	Plain    string
	Notes    string // address of the plain text
	Reworded string
	Wordings string // address of what it said before; empty when its text was never corrected

	Acts      []web.Link // pages of what those of the desk may do with it
	Posts     []web.Link // and what a button does at once
	MaySend   bool       // files
	MayDetach bool

	Inside   bool
	Progress *progress
	Pictures []web.Link // of its modules
	Filters  []web.Link
	Receipts []receiptLine
	Rounds   []roundLine
	Fetches  []fetch
	MayLog   bool
}

// receiptLine is what one place says, in the table of those of the desk.
type receiptLine struct {
	Place, What, Running, Due, Said, Reason string
	State                                   show.Mark
	Late                                    *show.Mark
	Address                                 string
}

// roundLine is one time that people were told.
type roundLine struct{ Of, When, Told, Reason string }

func (a pages) getRelease(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	one, err := a.Desk.Releases.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	if r.Method() == http.MethodGet {
		if err := a.Desk.Releases.Opened(r.Actor(), n); err != nil {
			return err
		}
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	rows, err := a.Desk.Releases.Receipts(r.Actor(), n)
	if err != nil {
		return err
	}
	v := &page{Page: r.Page("releases.title"), ID: n, Rev: one.Rev, Inside: one.Inside, MayLog: one.MayLog}
	v.Nav = "releases"
	v.First = firstOf(&v.Page, one.Release, one.Modules, levels)
	v.Title = v.First.Name + ": " + v.First.Heading
	v.Crumb(v.T("releases.title"), address.Releases)
	v.Crumb(v.First.Name, "")
	if one.ReplacedBy != nil {
		link := linkTo(&v.Page, one.ReplacedBy)
		v.First.Replaced = &link
	}
	v.state(one)
	v.acts(one)
	for _, row := range rows {
		if row.Own {
			v.Own = append(v.Own, cardOf(&v.Page, len(v.Own)+1, row, address.ReleaseReceipts(n, row.Organisation.Code)))
		}
	}
	if len(rows) == 0 && !one.Inside && one.Out() {
		v.Others = v.T("releases.others-answer")
	}
	v.texts(a, one)
	if err := a.linked(r, v, one); err != nil {
		return err
	}
	if one.Inside {
		if err := a.inside(r, v, one, rows); err != nil {
			return err
		}
	}
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/release", v)
}

// state says where the update is in its life.
func (v *page) state(one *release.View) {
	if one.State == store.ReleasePublished && !one.Inside {
		return
	}
	m := show.StateMark(&v.Page, one.State)
	v.State = &m
	if !one.Inside {
		return
	}
	switch one.State {
	case store.ReleaseDraft:
		v.Sentence = v.T("releases.is-draft", "who", one.Author)
		if one.NeedsCheck {
			v.Sentence = v.T("releases.is-unchecked", "who", one.Author)
		}
	case store.ReleaseChecked:
		v.Sentence = v.T("releases.is-checked")
	case store.ReleaseScheduled:
		v.Sentence = v.T("releases.is-scheduled", "when", atTime(&v.Page, one.PublishAt))
	case store.ReleasePublished, store.ReleaseReplaced, store.ReleaseWithdrawn:
		v.Sentence = v.Plural("releases.is-published", len(one.To), "when", v.When(one.Published))
	}
}

// texts fills in the files, the plain text and when the text was corrected.
func (v *page) texts(a pages, one *release.View) {
	v.Files = filesOf(&v.Page, one.Release, one.Files, one.Superseded)
	if len(one.Files) > 0 && one.State != store.ReleaseWithdrawn {
		v.Sums = address.Release(v.ID) + "/SHA256SUMS"
		v.Check = one.Files[0].Name
		v.Curl = "curl -H 'Authorization: Bearer TOKEN' -O -C - '" + a.BaseURL() + "/api/v1" + address.ReleaseFile(v.ID, v.Check) + "'"
	}
	if len(v.First.Parts) > 0 {
		v.Plain = plainText(&v.Page, v.First, one.Release)
		v.Notes = address.Release(v.ID) + "/notes.txt"
	}
	if !one.Reworded.IsZero() {
		v.Reworded = v.T("releases.reworded", "when", v.When(one.Reworded))
		v.Wordings = address.Release(v.ID) + "/wordings"
	}
}

// linked fills in what the update needs and replaces, and what is linked to it.
func (a pages) linked(r *web.Request, v *page, one *release.View) error {
	for _, need := range one.Needs {
		if need.Release != nil {
			v.Needs = append(v.Needs, linkTo(&v.Page, need.Release))
		} else {
			v.Needs = append(v.Needs, web.Link{Label: need.Version})
		}
	}
	for _, old := range one.Replaces {
		v.Replaces = append(v.Replaces, linkTo(&v.Page, old))
	}
	for _, art := range one.Articles {
		read, err := a.Desk.Articles.Read(r.Actor(), art.Slug, v.Lang)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		v.Articles = append(v.Articles, web.Link{Label: read.Version.Title, Address: address.Article(art.Slug)})
	}
	for _, p := range one.Corrects {
		title, other := show.InLanguage(p.Title, v.Lang)
		v.Corrects = append(v.Corrects, web.Link{Label: title, Address: address.Problem(p.ID), Lang: other})
	}
	for _, t := range one.Tickets {
		v.Tickets = append(v.Tickets, web.Link{Label: "#" + show.IDValue(t.ID) + " " + t.Subject, Address: address.Ticket(t.ID)})
	}
	return nil
}

// inside fills in what those of the desk see besides.
func (a pages) inside(r *web.Request, v *page, one *release.View, rows []release.ReceiptView) error {
	here := address.Release(v.ID)
	if one.Out() {
		far, err := a.Desk.Releases.Progress(r.Actor(), v.ID)
		if err != nil {
			return err
		}
		v.Progress = progressOf(&v.Page, far)
		for _, m := range one.Modules {
			v.Pictures = append(v.Pictures, web.Link{Label: v.T("picture.link", "module", show.ShortName(m.Name.In(v.Lang))), Address: address.PictureOf(m.Code)})
		}
		want := r.Query("receipts")
		counts := map[string]int{}
		for _, row := range rows {
			for _, name := range receiptFilters {
				if passes(name, row) {
					counts[name]++
				}
			}
			if passes(want, row) {
				v.Receipts = append(v.Receipts, v.receiptLine(row))
			}
		}
		for _, name := range receiptFilters {
			l := web.Link{Label: v.T("releases.filter-" + name), Address: here + "?receipts=" + name + "#all-receipts", Count: v.Number(counts[name]), Current: want == name}
			if name == "all" {
				l.Address, l.Current = here+"#all-receipts", !slices.Contains(receiptFilters[1:], want)
			}
			v.Filters = append(v.Filters, l)
		}
	}
	rounds, err := a.Desk.Releases.Rounds(r.Actor(), v.ID)
	if fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound && err != nil {
		return err
	}
	for _, round := range rounds {
		v.Rounds = append(v.Rounds, roundLine{v.T("releases.round-" + round.Of.String()), v.When(round.Created),
			v.Plural("releases.round-told", round.Told, "organisations", v.Plural("releases.organisations", len(round.Organisations))), round.Reason})
	}
	if one.MayLog && len(one.Files) > 0 {
		v.Fetches, err = a.fetches(r, &v.Page, v.ID)
	}
	return err
}

// receiptFilters are the choices above the table of what places say.
var receiptFilters = []string{"all", "late", "failed", "unread"}

// passes reports whether what a place says passes the filter; a filter that is none lets all pass.
func passes(filter string, row release.ReceiptView) bool {
	switch filter {
	case "late":
		return row.Late
	case "failed":
		return row.Last.State == store.ReceiptFailed
	case "unread":
		return row.Asked && row.Last.State == store.ReceiptTold && row.Beyond == ""
	}
	return true
}

func (v *page) receiptLine(row release.ReceiptView) receiptLine {
	c := cardOf(&v.Page, 0, row, "")
	l := receiptLine{Place: c.Place, What: c.What, Running: c.Running, Due: c.Due, Said: c.Said, Reason: c.Reason, State: c.State}
	if row.Late {
		m := lateMark(&v.Page)
		l.Late = &m
	}
	if row.MayAnswer {
		l.Address = address.ReleaseReceipts(v.ID, row.Organisation.Code)
	}
	return l
}
