package app

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"sportello/store"
)

// adminPage is what the pages of the administration share: the menu at the side, and what is said when a change was
// refused or came too late.
type adminPage struct {
	Page
	Refused string // why something cannot be done at all, above the page
	Stale   *staleForm
}

// staleForm says that a form was changed by somebody else meanwhile. The form itself keeps what was typed, and saving
// it again replaces what is there now.
type staleForm struct {
	Address string // the page as it is now
	Now     []staleField
}

type staleField struct{ Label, Now string }

// adminOption is an entry of a select.
type adminOption struct {
	Value, Label string
	Chosen       bool
}

// adminOptions is a headed part of a select.
type adminOptions struct {
	Label   string
	Options []adminOption
}

// admin begins a page of the administration; where is the part of it, as in its address.
func (a *App) admin(c *fiber.Ctx, where, titleKey string, args ...any) adminPage {
	v := adminPage{Page: a.workbench(c, titleKey, args...)}
	v.Nav, v.Live = "admin", false
	v.Side = v.adminMenu(where)
	v.Crumb(v.T("nav.admin"), "/admin")
	if where != "" {
		v.Crumb(v.T("admin.menu-"+where), "/admin/"+where)
	}
	return v
}

// end closes the path with the page itself.
func (v *adminPage) end(label string) { v.Crumb(label, "") }

// top makes the page the last step of its path: the list of its part.
func (v *adminPage) top() {
	last := &v.Crumbs[len(v.Crumbs)-1]
	last.Address, last.Current = "", true
}

type adminEntry struct{ where, icon string }

var adminMenus = []struct {
	heading string
	entries []adminEntry
}{
	{"people", []adminEntry{{"people", "person"}, {"groups", "people"}, {"organisations", "list"}}},
	{"service", []adminEntry{{"catalogue", "book"}, {"priorities", "clock"}, {"synonyms", "search"}}},
	{"look", []adminEntry{{"branding", "eye"}, {"home", "edit"}}},
	{"care", []adminEntry{{"", "chart"}, {"index", "search"}, {"changes", "lock"}}},
}

// adminMenu lists the parts of the administration the reader may enter.
func (p *Page) adminMenu(where string) []SideGroup {
	var out []SideGroup
	for _, m := range adminMenus {
		g := SideGroup{Heading: p.T("admin.heading-" + m.heading)}
		for _, e := range m.entries {
			if !p.IsAdministrator && e.where != "people" && e.where != "groups" {
				continue
			}
			key, address := "admin.menu-"+e.where, "/admin/"+e.where
			if e.where == "" {
				key, address = "admin.menu-overview", "/admin"
			}
			g.Links = append(g.Links, Link{Label: p.T(key), Address: address, Icon: e.icon, Current: e.where == where})
		}
		if len(g.Links) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// adminField names a field in words, for saying what it holds now.
type adminField struct{ name, key string }

// again shows a posted form once more. When somebody else changed the row meanwhile, the form keeps what was typed,
// says what the fields hold now, and takes the new revision so that saving once more is a choice. A refusal that
// concerns no field stands above the page. What no form can show is returned.
func (v *adminPage) again(f *Form, err error, now url.Values, fields []adminField) error {
	var one *store.Error
	if !errors.As(err, &one) || one.Kind != store.Conflict || one.Field != "" {
		return v.refill(f, err)
	}
	v.form, v.Page.Status = f, fiber.StatusConflict
	if one.Key != "error.changed-meanwhile" {
		v.Refused = v.app.explain(v.Lang, one)
		return nil
	}
	v.Stale = &staleForm{Address: v.Path}
	for _, field := range fields {
		was, is := plainLines(f.values.Get(field.name)), plainLines(now.Get(field.name))
		if was != is {
			v.Stale.Now = append(v.Stale.Now, staleField{v.T(field.key), is})
		}
	}
	f.values.Set("rev", now.Get("rev"))
	return nil
}

func plainLines(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// refuse puts a refusal above a page whose form was not posted, and reports whether it is one that can stand there.
func (v *adminPage) refuse(err error) bool {
	var one *store.Error
	if !errors.As(err, &one) || one.Kind != store.Conflict && one.Kind != store.Invalid {
		return false
	}
	v.Refused, v.Page.Status = v.app.explain(v.Lang, one), statusOf[one.Kind]
	return true
}

// begin fills a page that was not posted: with what was typed before the session ended, else with the values as they
// are. A page with several forms has main as a field of its own one; the others leave that as it is.
func (v *adminPage) begin(c *fiber.Ctx, now url.Values, main string) {
	switch {
	case !v.resume(c):
		v.fill(now)
	case !v.form.Has(main):
		v.form.values.Del("rev") // of the other form
		v.form.under(now)
	}
}

// under gives the form the values it was not sent with, from a page that holds several forms.
func (f *Form) under(values url.Values) {
	for name, all := range values {
		if !f.Has(name) {
			f.values[name] = all
		}
	}
}

// moveProblems gives problems to the fields that the page calls otherwise.
func moveProblems(err error, to func(field string) string) error {
	var many store.Problems
	var one *store.Error
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = store.Problems{one}
	default:
		return err
	}
	out := make(store.Problems, len(many))
	for i, e := range many {
		out[i] = e.At(to(e.Field))
	}
	return out
}

// words reads a text in both languages from the fields name-it and name-en.
func (f *Form) words(name string, most int) store.Words {
	return store.Words{IT: f.Text(name+"-it", most), EN: f.Text(name+"-en", most)}
}

// texts is words for texts of several lines.
func (f *Form) texts(name string) store.Words {
	return store.Words{IT: f.Body(name + "-it"), EN: f.Body(name + "-en")}
}

func setWords(v url.Values, name string, w store.Words) {
	v.Set(name+"-it", w.IT)
	v.Set(name+"-en", w.EN)
}

// adminOverview is the first page of the administration: how the desk is.
type adminOverview struct {
	adminPage
	States  []overviewState
	Total   int
	Figures []overviewFigure
	Index   indexFacts
	Jobs    []overviewJob
	Facts   []overviewFact
}

type overviewState struct {
	Code, Label, Count, Address string
	Width                       int // of the bar, 0 to 100
}

type overviewFigure struct{ Label, Count, Address string }

type overviewFact struct{ Label, Text, Bad string }

type overviewJob struct {
	Name  string
	Text  string
	Badge string
}

var processStart = time.Now()

func (a *App) getAdmin(c *fiber.Ctx) error {
	if !a.actor(c).IsAdministrator() {
		return c.Redirect("/admin/people", fiber.StatusSeeOther)
	}
	v := &adminOverview{adminPage: a.admin(c, "", "admin.title")}
	v.top()
	if err := a.countRows(v); err != nil {
		return err
	}
	v.Index = a.indexFacts(&v.Page)
	v.Jobs = a.jobFacts(&v.Page)
	v.Facts = a.machineFacts(&v.Page)
	return a.render(c, "page/admin", v)
}

// countRows counts tickets by state, people and articles. The figures name nobody and no matter, so they count
// confidential tickets too.
func (a *App) countRows(v *adminOverview) error {
	counts := map[store.State]int{}
	people, articles := 0, 0
	err := a.st.View(func(tx *store.Tx) error {
		for s := store.StateNew; s <= store.StateClosed; s++ {
			counts[s] = store.Tickets.Count(tx, store.CountState, s)
		}
		people, articles = 0, 0
		for range store.PeopleByName.Entries(tx, store.Span{}) {
			people++
		}
		for range store.ArticlesByModule.Entries(tx, store.Span{}) {
			articles++
		}
		return nil
	})
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
		{v.Plural("admin.people", people), v.Number(people), "/admin/people"},
		{v.Plural("admin.articles", articles), v.Number(articles), "/articles"},
	}
	return err
}

// jobFacts says of each background work whether it had to be begun anew since the start.
func (a *App) jobFacts(v *Page) []overviewJob {
	failures := map[string]int{}
	families, err := a.metrics.registry.Gather()
	if err != nil {
		a.log.Warn("gather figures", "err", err)
	}
	for _, f := range families {
		if f.GetName() != "sportello_job_failures_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				failures[l.GetValue()] = int(m.GetCounter().GetValue())
			}
		}
	}
	var out []overviewJob
	for _, name := range []string{"search follower", "notices", "clock", "expiry", "sweep"} {
		j := overviewJob{Name: v.T("admin.job-" + strings.ReplaceAll(name, " ", "-")), Text: v.T("admin.job-runs"), Badge: "badge-calm"}
		if n := failures[name]; n > 0 {
			j.Text, j.Badge = v.Plural("admin.job-failed", n), "badge-alarm"
		}
		out = append(out, j)
	}
	return out
}

// leastFree is how little room on the disk is worth a warning, in bytes.
const leastFree = 2 << 30

func (a *App) machineFacts(v *Page) []overviewFact {
	var out []overviewFact
	data := overviewFact{Label: v.T("admin.store"), Text: v.T("admin.store-fine")}
	if err := a.st.Fault(); err != nil {
		data.Text, data.Bad = "", v.T("admin.store-fault", "reason", err.Error())
	}
	out = append(out, data)
	disk := overviewFact{Label: v.T("admin.disk"), Text: v.T("admin.disk-unknown")}
	if free, total, ok := diskSpace(a.cfg.dataFolder()); ok {
		disk.Text = v.T("admin.disk-free", "free", v.Size(free), "total", v.Size(total))
		if free < leastFree {
			disk.Text, disk.Bad = "", v.T("admin.disk-short", "free", v.Size(free), "total", v.Size(total))
		}
	}
	return append(out, disk,
		overviewFact{Label: v.T("admin.folder"), Text: a.cfg.dataFolder()},
		overviewFact{Label: v.T("admin.version"), Text: strings.TrimPrefix(Version(), "sportello ")},
		overviewFact{Label: v.T("admin.uptime"), Text: v.lasted(time.Since(processStart))})
}

// lasted says a length of time by its two greatest parts.
func (p *Page) lasted(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return p.Plural("admin.days", days) + " " + p.Plural("admin.hours", hours)
	case hours > 0:
		return p.Plural("admin.hours", hours) + " " + p.Plural("admin.minutes", minutes)
	}
	return p.Plural("admin.minutes", minutes)
}
