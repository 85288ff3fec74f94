package admin

import (
	"net/http"
	"strings"
	"time"

	"sportello/app/listen"
	"sportello/app/watch"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
)

// adminOverview is the first page of the administration: the state of the desk.
type adminOverview struct {
	show.AdminPage
	States  []overviewState
	Total   int
	Figures []overviewFigure
	Wrong   []watch.Fact // what needs attention
	Index   indexFacts
	Facts   []watch.Fact // the machine
	Backup  []watch.Fact
	Parts   []overviewPart // the parts that /readyz also reports
	Jobs    []overviewJob
	Errors  []overviewError
}

type overviewState struct {
	Code, Label, Count, Address string
	Width                       int // of the bar, 0 to 100
}

type overviewFigure struct{ Label, Count, Address string }

type overviewPart struct {
	Label string
	Facts []watch.Fact
}

type overviewJob struct {
	Name  string
	Text  string
	Badge string
	Last  words.Moment
	Took  string
	Error string
	At    words.Moment // of the error
}

type overviewError struct {
	Text, Named, Times string
	Last               words.Moment
}

var processStart = time.Now()

func (a pages) getAdmin(r *web.Request) error {
	if !r.Actor().IsAdministrator() {
		return r.Redirect("/admin/people", http.StatusSeeOther)
	}
	v := &adminOverview{AdminPage: show.Admin(a.Site, r, "", "admin.title")}
	v.Top()
	if err := a.countRows(v); err != nil {
		return err
	}
	v.Index = a.indexFacts(&v.Page)
	for _, c := range a.Watch.Causes() {
		v.Wrong = append(v.Wrong, watch.Fact{Label: partLabel(&v.Page, c.Part), Bad: c.Text})
	}
	v.Facts, v.Backup = a.machineFacts(&v.Page), a.backupFacts(&v.Page)
	for _, p := range a.Watch.Parts {
		if p.Show != nil {
			v.Parts = append(v.Parts, overviewPart{partLabel(&v.Page, p.Name), p.Show(v.Voice())})
		}
	}
	v.Jobs = a.jobFacts(&v.Page)
	for _, t := range a.Watch.Troubles.LastDay(v.Now) {
		v.Errors = append(v.Errors, overviewError{t.Text, t.Named, v.Number(t.Times), v.Moment(t.Last)})
	}
	return r.Render("page/admin", v)
}

// countRows counts tickets by state, people and articles. The counts name nobody and no subject, so they include
// confidential tickets.
func (a pages) countRows(v *adminOverview) error {
	have, err := a.Desk.Figures()
	if err != nil {
		return err
	}
	counts := have.Tickets
	most := 1
	for _, n := range counts {
		v.Total += n
		most = max(most, n)
	}
	for s := store.StateNew; s <= store.StateClosed; s++ {
		v.States = append(v.States, overviewState{Code: s.String(), Label: v.T("state.agent." + s.String()), Count: v.Number(counts[s]),
			Address: "/desk/all?state=" + s.String(), Width: counts[s] * 100 / most})
	}
	v.Figures = []overviewFigure{
		{v.Plural("admin.tickets", v.Total), v.Number(v.Total), "/desk/all"},
		{v.Plural("admin.people", have.People), v.Number(have.People), "/admin/people"},
		{v.Plural("admin.articles", have.Articles), v.Number(have.Articles), "/articles"},
	}
	return nil
}

// partLabel names a part in words, or by its code when it has none.
func partLabel(p *web.Page, name string) string {
	return show.Known(p, "watch.part-"+name, name)
}

// jobFacts describes each background job.
func (a pages) jobFacts(v *web.Page) []overviewJob {
	var out []overviewJob
	for _, state := range a.Watch.Jobs.All() {
		j := overviewJob{Name: show.Known(v, "admin.job-"+strings.ReplaceAll(state.Name, " ", "-"), state.Name), Text: v.T("watch.job-follows"), Badge: "badge-calm", Error: state.Err, At: v.Moment(state.FailedAt)}
		if address, ok := strings.CutPrefix(state.Name, "mailbox "); ok {
			j.Name = v.T("admin.job-mailbox", "address", address)
		}
		if state.Runs > 0 {
			j.Last, j.Took = v.Moment(state.Last), state.Took.Round(time.Millisecond).String()
		}
		switch {
		case state.Troubled(v.Now):
			j.Text, j.Badge = v.T("watch.job-fails"), "badge-alarm"
		case state.Failures > 0:
			j.Text, j.Badge = v.Plural("admin.job-failed", state.Failures), "badge-wait"
		}
		out = append(out, j)
	}
	return out
}

// backupFacts describes the desk's automatic backups; it returns nothing when there are none.
func (a pages) backupFacts(v *web.Page) []watch.Fact {
	b := a.Watch.Backups
	if !b.Scheduled() {
		return nil
	}
	out := []watch.Fact{{Label: v.T("watch.backup-folder"), Text: b.Path}}
	add := func(key, text string) { out = append(out, watch.Fact{Label: v.T(key), Text: text}) }
	s := b.State()
	newest := v.T("watch.backup-none")
	if s.Newest != nil {
		newest = v.When(s.Newest.At)
		if len(s.Newest.EncryptedTo) > 0 {
			newest += ", " + v.T("watch.backup-secret")
		}
	}
	add("watch.backup-newest", newest)
	if s.Newest != nil {
		add("watch.backup-size", v.Size(s.Newest.Bytes()))
		add("watch.backup-kept", v.Number(s.Kept))
	}
	if !s.Running.IsZero() {
		add("watch.backup-next", v.T("watch.backup-running", "minutes", v.Number(int(v.Now.Sub(s.Running).Minutes()))))
	} else {
		add("watch.backup-next", v.When(s.Due))
	}
	return out
}

func (a pages) machineFacts(v *web.Page) []watch.Fact {
	var out []watch.Fact
	data := watch.Fact{Label: v.T("admin.store"), Text: v.T("admin.store-fine")}
	if err := a.Store.Fault(); err != nil {
		data.Text, data.Bad = "", v.T("admin.store-fault", "reason", err.Error())
	}
	out = append(out, data)
	disk := watch.Fact{Label: v.T("admin.disk"), Text: v.T("admin.disk-unknown")}
	if free, total, ok := listen.DiskSpace(a.Config.DataFolder()); ok {
		disk.Text = v.T("admin.disk-free", "free", v.Size(free), "total", v.Size(total))
		if free < watch.LeastFree {
			disk.Text, disk.Bad = "", v.T("admin.disk-short", "free", v.Size(free), "total", v.Size(total))
		}
	}
	return append(out, disk,
		watch.Fact{Label: v.T("admin.folder"), Text: a.Config.DataFolder()},
		watch.Fact{Label: v.T("admin.version"), Text: strings.TrimPrefix(watch.Version(), "sportello ")},
		watch.Fact{Label: v.T("admin.uptime"), Text: lasted(v, time.Since(processStart))})
}

// lasted returns a duration in its two largest units.
func lasted(p *web.Page, d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return p.Plural("admin.days", days) + " " + p.Plural("admin.hours", hours)
	case hours > 0:
		return p.Plural("admin.hours", hours) + " " + p.Plural("admin.minutes", minutes)
	}
	return p.Plural("admin.minutes", minutes)
}
