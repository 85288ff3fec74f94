package admin

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk/catalogue"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/app/worktime"
	"sportello/store"
)

// adminPrioritiesPage is the matrix of priorities with its consequences.
type adminPrioritiesPage struct {
	show.AdminPage
	Urgencies []string
	Rows      []priorityRow
	Hours     []priorityHours
	Periods   []period
	Preview   []priorityPreview
	Example   string
	Unsaved   string // says that the form is not saved yet, and why
}

// period is a field for how many days or months something takes or is kept.
type period struct{ Field, Label, Hint, Value string }

type priorityRow struct {
	Severity string
	Cells    []priorityCell
}

type priorityCell struct {
	Field, Label string
	Options      []show.Choice
}

type priorityHours struct{ Field, Prio, Value string }

// priorityPreview explains one priority in words.
type priorityPreview struct {
	Prio  string
	When  string // the severities and urgencies that lead to it
	Hours string
	Due   string // when a ticket opened now is due
}

var (
	severities = []store.Severity{store.Blocking, store.High, store.Medium, store.Low}
	urgencies  = []store.Urgency{store.Today, store.Week, store.NoDate}
)

func cellField(s store.Severity, u store.Urgency) string {
	return "matrix-" + s.String() + "-" + u.String()
}

func (a pages) getPriorities(r *web.Request) error {
	return a.prioritiesPage(r, &adminPrioritiesPage{}, nil, nil)
}

func priorityValues(s *store.Settings) url.Values {
	v := url.Values{"day-begins": {strconv.Itoa(s.DayBegins)}, "day-ends": {strconv.Itoa(s.DayEnds)}, "close-after": {strconv.Itoa(s.CloseAfter)},
		"reopen-within": {strconv.Itoa(s.ReopenWithin)}, "access-months": {strconv.Itoa(s.AccessMonths)},
		"fetched-months": {strconv.Itoa(s.FetchedMonths)}, "list-months": {strconv.Itoa(s.ListMonths)}, "list-days": {strconv.Itoa(s.ListDays)}, "rev": {strconv.FormatUint(s.Rev, 10)}}
	for cell, p := range s.Matrix {
		v.Set("matrix-"+strings.ReplaceAll(cell, "/", "-"), strconv.Itoa(p))
	}
	for p, hours := range s.WorkingHours {
		v.Set("hours-due-"+p, strconv.Itoa(hours))
	}
	return v
}

// savedSettings reads the settings again: those of the visit may be older than the conflict.
func (a pages) savedSettings() (*store.Settings, error) { return a.Desk.Catalogue.Settings() }

func (a pages) prioritiesPage(r *web.Request, v *adminPrioritiesPage, f *web.Form, err error) error {
	unsaved := v.Unsaved
	v.AdminPage = show.Admin(a.Site, r, "priorities", "admin-priorities.title")
	v.Top()
	v.Unsaved = unsaved
	set, bad := a.savedSettings()
	if bad != nil {
		return bad
	}
	now := priorityValues(set)
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if err := v.Again(f, err, now, v.priorityFields()); err != nil {
			return err
		}
	}
	for _, u := range urgencies {
		v.Urgencies = append(v.Urgencies, v.T("urgency."+u.String()))
	}
	for _, s := range severities {
		row := priorityRow{Severity: v.T("severity." + s.String())}
		for _, u := range urgencies {
			cell := priorityCell{Field: cellField(s, u), Label: v.T("severity."+s.String()) + ", " + v.T("urgency."+u.String())}
			for p := 1; p <= 4; p++ {
				n := strconv.Itoa(p)
				cell.Options = append(cell.Options, show.Choice{Value: n, Label: "P" + n, Chosen: v.Value(cell.Field) == n})
			}
			row.Cells = append(row.Cells, cell)
		}
		v.Rows = append(v.Rows, row)
	}
	for p := 1; p <= 4; p++ {
		field := "hours-due-" + strconv.Itoa(p)
		v.Hours = append(v.Hours, priorityHours{field, strconv.Itoa(p), v.Value(field)})
	}
	for _, one := range []period{
		{"close-after", v.T("admin-priorities.close-after"), v.T("admin-priorities.close-after-hint"), ""},
		{"reopen-within", v.T("admin-priorities.reopen-within"), v.T("admin-priorities.reopen-within-hint"), ""},
		{"access-months", v.T("admin-priorities.access-months"), v.T("admin-priorities.access-months-hint"), ""},
		{"fetched-months", v.T("admin-priorities.fetched-months"), v.T("admin-priorities.fetched-months-hint"), ""},
		{"list-months", v.T("admin-priorities.list-months"), v.T("admin-priorities.list-months-hint"), ""},
		{"list-days", v.T("admin-priorities.list-days"), v.T("admin-priorities.list-days-hint"), ""},
	} {
		one.Value = v.Value(one.Field)
		v.Periods = append(v.Periods, one)
	}
	v.preview(a)
	return r.Render("page/admin-priorities", v)
}

func (v *adminPrioritiesPage) priorityFields() []show.AdminField {
	return []show.AdminField{{Name: "day-begins", Key: "admin-priorities.day-begins"}, {Name: "day-ends", Key: "admin-priorities.day-ends"}, {Name: "close-after", Key: "admin-priorities.close-after"},
		{Name: "reopen-within", Key: "admin-priorities.reopen-within"}, {Name: "access-months", Key: "admin-priorities.access-months"}, {Name: "fetched-months", Key: "admin-priorities.fetched-months"},
		{Name: "list-months", Key: "admin-priorities.list-months"},
		{Name: "list-days", Key: "admin-priorities.list-days"}, {Name: "hours-due-1", Key: "admin-priorities.hours-1"}, {Name: "hours-due-2", Key: "admin-priorities.hours-2"},
		{Name: "hours-due-3", Key: "admin-priorities.hours-3"}, {Name: "hours-due-4", Key: "admin-priorities.hours-4"}}
}

// preview explains the values of the form, with a ticket opened now as the example.
func (v *adminPrioritiesPage) preview(a pages) {
	number := func(field string) int {
		n, _ := strconv.Atoi(v.Value(field))
		return n
	}
	calendar := worktime.Calendar{Begin: number("day-begins"), End: number("day-ends"), Location: a.Desk.Location()}
	now := a.Desk.Now().In(a.Desk.Location())
	v.Example = v.When(now)
	for p := 1; p <= 4; p++ {
		n := strconv.Itoa(p)
		var when []string
		for _, s := range severities {
			var by []string
			for _, u := range urgencies {
				if v.Value(cellField(s, u)) == n {
					by = append(by, strings.ToLower(v.T("urgency."+u.String())))
				}
			}
			if len(by) > 0 {
				when = append(when, v.T("severity."+s.String())+": "+strings.Join(by, ", "))
			}
		}
		line := priorityPreview{Prio: n, When: strings.Join(when, "; "), Due: v.T("admin-priorities.no-due")}
		if line.When == "" {
			line.When = v.T("admin-priorities.nothing")
		}
		if hours := number("hours-due-" + n); hours > 0 && hours <= 1000 {
			line.Hours = v.Plural("admin-priorities.hours", hours)
			if calendar.Begin >= 0 && calendar.Begin < calendar.End && calendar.End <= 24 {
				line.Due = v.When(calendar.Add(now, time.Duration(hours)*time.Hour))
			}
		}
		v.Preview = append(v.Preview, line)
	}
}

func readService(f *web.Form) catalogue.Service {
	out := catalogue.Service{Matrix: map[string]int{}, HoursDue: map[string]int{}, DayBegins: f.Int("day-begins", 0, 23, 0), DayEnds: f.Int("day-ends", 1, 24, 0),
		CloseAfter: f.Int("close-after", 1, 365, 0), ReopenWithin: f.Int("reopen-within", 1, 365, 0), AccessMonths: f.Int("access-months", 1, 120, 0),
		FetchedMonths: f.Int("fetched-months", 1, 120, 0), ListMonths: f.Int("list-months", 1, 120, 0), ListDays: f.Int("list-days", 1, 90, 0)}
	for _, s := range severities {
		for _, u := range urgencies {
			out.Matrix[s.String()+"/"+u.String()] = f.Int(cellField(s, u), 1, 4, 0)
		}
	}
	for p := 1; p <= 4; p++ {
		n := strconv.Itoa(p)
		out.HoursDue[n] = f.Int("hours-due-"+n, 1, 1000, 0)
	}
	f.Need("day-begins", "day-ends", "close-after", "reopen-within")
	return out
}

// postPriorities saves the form, or previews it, or fills it with the values of a new desk.
func (a pages) postPriorities(r *web.Request) error {
	f := r.Form()
	switch f.Raw("act") {
	case "preview":
		return a.prioritiesPage(r, &adminPrioritiesPage{Unsaved: "admin-priorities.unsaved-preview"}, f, nil)
	case "defaults":
		rev := f.Raw("rev")
		f.Values = priorityValues((&store.Settings{}).WithDefaults())
		f.Values.Set("rev", rev)
		return a.prioritiesPage(r, &adminPrioritiesPage{Unsaved: "admin-priorities.unsaved-defaults"}, f, nil)
	}
	service := readService(f)
	err := f.Err()
	if err == nil {
		_, err = a.Desk.Catalogue.ChangeSettings(r.Actor(), f.ID("rev"), catalogue.SettingsForm{Service: &service})
	}
	if err != nil {
		return a.prioritiesPage(r, &adminPrioritiesPage{}, f, err)
	}
	return r.Done("flash.priorities-saved", "/admin/priorities")
}

// adminHomePage has the texts of the home page.
type adminHomePage struct {
	show.AdminPage
	Preview []homePreview
}

type homePreview struct {
	Lang, Label, Welcome string
	HTML                 template.HTML
}

func (a pages) getHomeTexts(r *web.Request) error {
	return a.homeTextsPage(r, &adminHomePage{}, nil, nil)
}

func homeValues(s *store.Settings) url.Values {
	v := url.Values{"searches": {strings.Join(s.Searches, "\n")}, "rev": {strconv.FormatUint(s.Rev, 10)}}
	setWords(v, "welcome", s.Welcome)
	setWords(v, "text", s.HomeText)
	setWords(v, "hours", s.Hours)
	return v
}

var homeFields = []show.AdminField{{Name: "welcome-it", Key: "admin-home.welcome-it"}, {Name: "welcome-en", Key: "admin-home.welcome-en"}, {Name: "text-it", Key: "admin-home.text-it"},
	{Name: "text-en", Key: "admin-home.text-en"}, {Name: "searches", Key: "admin-home.searches"}, {Name: "hours-it", Key: "admin-home.hours-it"}, {Name: "hours-en", Key: "admin-home.hours-en"}}

func (a pages) homeTextsPage(r *web.Request, v *adminHomePage, f *web.Form, err error) error {
	v.AdminPage = show.Admin(a.Site, r, "home", "admin-home.title")
	v.Top()
	set, bad := a.savedSettings()
	if bad != nil {
		return bad
	}
	now := homeValues(set)
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if err := v.Again(f, err, now, homeFields); err != nil {
			return err
		}
		if f.Raw("act") == "preview" {
			for _, lang := range words.Languages {
				v.Preview = append(v.Preview, homePreview{Lang: lang, Label: v.T("admin.language-" + lang), Welcome: v.Value("welcome-" + lang),
					HTML: markup.HTML(markup.Markdown, v.Value("text-"+lang))})
			}
		}
	}
	return r.Render("page/admin-home", v)
}

// postHomeTexts saves the texts or previews them.
func (a pages) postHomeTexts(r *web.Request) error {
	f := r.Form()
	home := catalogue.Home{Welcome: wordsIn(f, "welcome", store.Most("settings.welcome.it")), Text: textsIn(f, "text"), Searches: f.Lines("searches"), Hours: wordsIn(f, "hours", store.Most("settings.hours.it"))}
	err := f.Err()
	if f.Raw("act") == "preview" {
		return a.homeTextsPage(r, &adminHomePage{}, f, err)
	}
	if err == nil {
		_, err = a.Desk.Catalogue.ChangeSettings(r.Actor(), f.ID("rev"), catalogue.SettingsForm{Home: &home})
	}
	if err != nil {
		return a.homeTextsPage(r, &adminHomePage{}, f, err)
	}
	return r.Done("flash.home-saved", "/admin/home")
}
