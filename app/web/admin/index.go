package admin

import (
	"fmt"
	"strconv"

	"sportello/app/address"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/search"
)

// indexFacts describes the state of the search index.
type indexFacts struct {
	State    string // in words
	Badge    string
	Text     string // what it means
	Behind   string // number of changes not yet indexed, empty for none
	Failed   string // the error
	Progress bool
	Done     int
	Total    int
	Words    string // the progress in words
	Docs     string
	Size     string
	Rebuilds string
}

// adminIndexPage is the page of the search index.
type adminIndexPage struct {
	show.AdminPage
	Index  indexFacts
	Failed []failedFile
	More   string // total number, when not all are shown
}

// failedFile is an attachment without text.
type failedFile struct {
	Name, Size, Why string
	Where, Address  string
	When            words.Moment
}

// failedShown is how many attachments without text the page shows.
const failedShown = 50

func (a pages) getAdminIndex(r *web.Request) error {
	v := &adminIndexPage{AdminPage: show.Admin(a.Site, r, "index", "admin-index.title")}
	v.Top()
	v.Index = a.indexFacts(&v.Page)
	failed, total, err := a.Desk.Files.FailedAttachments(r.Actor(), failedShown)
	if err != nil {
		return err
	}
	for _, f := range failed {
		line := failedFile{Name: f.File.Name, Size: v.Size(f.File.Size), Why: v.T("admin-index.failed-" + f.Reason), When: v.Moment(f.At)}
		if line.Name == "" {
			line.Name = v.T("admin-index.failed-hidden")
		}
		if f.Article != nil {
			line.Where, line.Address = f.Article.Slug, address.Article(f.Article.Slug)
		} else {
			line.Where, line.Address = fmt.Sprintf("#%d", f.File.Ticket), fmt.Sprintf("/tickets/%d", f.File.Ticket)
		}
		v.Failed = append(v.Failed, line)
	}
	if total > len(failed) {
		v.More = v.Plural("admin-index.failed-total", total)
	}
	return r.Render("page/admin-index", v)
}

var indexBadges = map[string]string{search.Following: "badge-calm", search.CatchingUp: "badge-wait", search.Rebuilding: "badge-wait", search.Failed: "badge-alarm"}

func (a pages) indexFacts(p *web.Page) indexFacts {
	s := a.Index.State()
	f := indexFacts{State: p.T("admin-index.state-" + s.State), Text: p.T("admin-index.text-" + s.State), Badge: indexBadges[s.State], Failed: s.Err,
		Docs: p.Number(int(s.Docs)), Size: p.Size(s.Bytes), Rebuilds: p.Number(a.Index.Rebuilds())} // #nosec G115 -- an index counts its documents in 32 bits
	if s.Behind > 0 {
		f.Behind = p.Plural("admin-index.behind", int(s.Behind)) // #nosec G115 -- changes are counted from one
	}
	if s.State == search.Rebuilding && s.Total > 0 {
		f.Progress, f.Done, f.Total = true, s.Done, s.Total
		f.Words = p.T("admin-index.progress", "done", p.Number(s.Done), "total", p.Number(s.Total), "percent", strconv.Itoa(s.Done*100/s.Total))
	}
	return f
}

// postRebuildIndex starts a new index; the old one answers until it is ready.
func (a pages) postRebuildIndex(r *web.Request) error {
	a.Index.Rebuild()
	a.Log.Info("rebuild of the index requested", "person", r.Actor().ID())
	return r.Done("flash.index-rebuild", "/admin/index")
}

// postRetryFiles queues attachments whose text could not be read, to be read again.
func (a pages) postRetryFiles(r *web.Request) error {
	if _, err := a.Desk.Files.RetryAttachments(r.Actor()); err != nil {
		return err
	}
	return r.Done("flash.index-retry", "/admin/index")
}
