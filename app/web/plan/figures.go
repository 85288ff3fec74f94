package plan

import (
	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/plan"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// figuresPage is what plans teach those who supervise them.
type figuresPage struct {
	web.Page
	Tables []figureTable // without rows there is none
	Bands  bool          // plans say how others chose; IsAdministrator may change it
	Rev    uint64        // of the settings
}

// figureTable is a table of figures.
type figureTable struct {
	Key, Title, Hint string
	Heads            []string
	Rows             []figureRow
}

// figureRow is a row of a table of figures.
type figureRow struct {
	Name  string
	Cells []string
}

func (a pages) getFigures(r *web.Request) error {
	f, err := a.Desk.Plans.Figures(r.Actor())
	if err != nil {
		return err
	}
	v := &figuresPage{Page: r.Page("plan.figures")}
	p := &v.Page
	p.Nav = "plans"
	p.Crumb(p.T("plan.title"), address.Plans)
	p.Crumb(p.Title, "")
	names := map[string]string{}
	days := func(n *int) string {
		if n == nil {
			return p.T("plan.too-few")
		}
		return p.Plural("plan.working-days", *n)
	}
	var spans, choices, stuck []figureRow
	for _, s := range f.Spans {
		names[s.Template] = s.Name.In(p.Lang)
		spans = append(spans, figureRow{names[s.Template], []string{sizeText(p, s.Size), p.Number(s.Plans), days(s.Decisions), days(s.Steps)}})
	}
	for _, c := range f.Choices {
		choices = append(choices, figureRow{text(p, c.Question, c.Decision), []string{names[c.Template], text(p, c.Name, c.Option), bandText(p, c.Band)}})
	}
	for _, s := range f.Stuck {
		stuck = append(stuck, figureRow{text(p, s.Name, s.Code), []string{names[s.Template], p.Number(s.Plans), p.Number(s.Days)}})
	}
	add := func(key, title, hint string, rows []figureRow, heads ...string) {
		if len(rows) > 0 {
			v.Tables = append(v.Tables, figureTable{key, title, hint, heads, rows})
		}
	}
	template, plans := p.T("plan.template"), p.T("plan.load-plans")
	add("spans", p.T("plan.spans"), p.T("plan.spans-hint"), spans, template, p.T("plan.size"), plans, p.T("plan.days-decision"), p.T("plan.days-step"))
	add("stuck", p.T("plan.stuck"), p.T("plan.stuck-hint"), stuck, p.T("plan.where-stuck"), template, plans, p.T("plan.days-late-all"))
	add("chosen", p.T("plan.choices"), p.T("plan.choices-hint"), choices, p.T("plan.choice"), template, p.T("plan.option"), p.T("plan.chosen-by"))
	v.Bands, v.Rev = !r.Settings().BandsOff, r.Settings().Rev
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plans-figures", v)
}

// postBands switches off that plans say how others chose, or on again.
func (a pages) postBands(r *web.Request) error {
	f := r.Form()
	shown := f.Raw("act") == "show"
	err := f.Err()
	if err == nil {
		_, err = a.Desk.Catalogue.ChangeSettings(r.Actor(), f.ID("rev"), catalogue.SettingsForm{Bands: &shown})
	}
	if err != nil {
		return err
	}
	return r.Done("flash.plan-bands", "/plans/figures")
}

// text is the name of something of a template, or its code where the template has it no more.
func text(p *web.Page, name store.Words, code string) string {
	if s := name.In(p.Lang); s != "" {
		return s
	}
	return code
}

func bandText(p *web.Page, b plan.Band) string {
	switch b {
	case plan.Few:
		return p.T("plan.band-few")
	case plan.Half:
		return p.T("plan.band-half")
	}
	return p.T("plan.band-most")
}

func sizeText(p *web.Page, s plan.Size) string {
	switch s {
	case plan.Small:
		return p.T("plan.size-small")
	case plan.Middle:
		return p.T("plan.size-middle")
	case plan.Large:
		return p.T("plan.size-large")
	}
	return p.T("plan.size-unknown")
}
