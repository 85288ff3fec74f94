package plan

import (
	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// figuresPage is what plans teach those who supervise them.
type figuresPage struct {
	web.Page
	Spans   []figureRow
	Choices []figureRow
	Stuck   []figureRow
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
	for _, s := range f.Spans {
		names[s.Template] = s.Name.In(p.Lang)
		v.Spans = append(v.Spans, figureRow{names[s.Template], []string{sizeText(p, s.Size), p.Number(s.Plans), days(s.Decisions), days(s.Steps)}})
	}
	for _, c := range f.Choices {
		v.Choices = append(v.Choices, figureRow{text(p, c.Question, c.Decision), []string{names[c.Template], text(p, c.Name, c.Option), bandText(p, c.Band)}})
	}
	for _, s := range f.Stuck {
		v.Stuck = append(v.Stuck, figureRow{text(p, s.Name, s.Code), []string{names[s.Template], p.Number(s.Plans), p.Number(s.Days)}})
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plans-figures", v)
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
