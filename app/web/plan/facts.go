package plan

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/app/markup"
	"sportello/app/sheet"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// factsPage is the form in which facts of the organisation are said.
type factsPage struct {
	web.Page
	Action string
	Back   string
	Rev    uint64
	Fields []factField
}

// factField asks for one fact.
type factField struct {
	Name, Label, Hint string
	Kind              string // number, choice, list, yes-no, day or text
	Choices           []show.Choice
	Value             string
	Asked             bool // something rests on it and nobody knows it
}

func (a pages) getFacts(r *web.Request) error {
	one, err := a.plan(r, func(v *plan.View) bool { return v.MaySay })
	if err != nil {
		return err
	}
	return a.factsPage(r, one, nil, nil)
}

func (a pages) factsPage(r *web.Request, one *plan.View, f *web.Form, wrong error) error {
	v := &factsPage{Page: a.begin(r, one, "plan.facts"), Action: address.PlanFacts(one.Plan.ID), Back: address.Plan(one.Plan.ID), Rev: one.Plan.Rev}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else if !v.Resume(r) {
		now := url.Values{}
		for name, known := range one.Plan.Facts {
			now["fact-"+name] = known.Values
		}
		v.Fill(now)
	}
	asked := map[string]bool{}
	for _, name := range one.Asks {
		asked[name] = true
	}
	for _, k := range one.Course.Facts {
		field := factField{Name: "fact-" + k.Code, Label: k.Name.In(v.Lang), Hint: k.Text.In(v.Lang), Kind: k.Kind, Asked: asked[k.Code]}
		given := v.Form.Values[field.Name]
		field.Value = strings.Join(given, ", ")
		add := func(value, label string) {
			c := show.Choice{Value: value, Label: label}
			for _, g := range given {
				c.Chosen = c.Chosen || g == value
			}
			field.Choices = append(field.Choices, c)
		}
		if k.Kind == "yes-no" {
			add("yes", v.T("plan.yes"))
			add("no", v.T("plan.no"))
		}
		for _, c := range k.Choices {
			add(c.Code, c.Name.In(v.Lang))
		}
		v.Fields = append(v.Fields, field)
	}
	if err := show.House(a.Site, r, &v.Page, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan-facts", v)
}

func (a pages) postFacts(r *web.Request) error {
	one, err := a.plan(r, func(v *plan.View) bool { return v.MaySay })
	if err != nil {
		return err
	}
	f := r.Form()
	facts := map[string][]string{}
	for _, k := range one.Course.Facts {
		name := "fact-" + k.Code
		if !f.Has(name) && !f.Has(name+"-there") {
			continue
		}
		values := []string{}
		for _, given := range f.Values[name] {
			for _, s := range split(k.Kind, len(k.Choices) > 0, given) {
				if s = strings.TrimSpace(s); s != "" {
					values = append(values, s)
				}
			}
		}
		facts[k.Code] = values
	}
	if err = f.Err(); err == nil && len(facts) > 0 {
		_, err = a.Desk.Plans.Arrange(r.Actor(), one.Plan.ID, plan.Change{Rev: f.ID("rev"), Facts: facts})
	}
	if err != nil {
		return a.again(r, f, err, "facts", a.factsPage)
	}
	return r.Done("flash.plan-facts", address.Plan(one.Plan.ID))
}

// split takes a list that was typed apart.
func split(kind string, ticked bool, given string) []string {
	if kind == "list" && !ticked {
		return strings.Split(given, ",")
	}
	return []string{given}
}

// recordPage is the record of a plan, to be read and printed.
type recordPage struct {
	web.Page
	InLang   string // of the record
	Contents []markup.Heading
	HTML     template.HTML
	Formats  []web.Link
}

// getRecord answers with the record: the page, or with ?format= md, json or xlsx a file.
func (a pages) getRecord(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	rec, err := a.Desk.Plans.Record(r.Actor(), one.Plan.ID)
	if err != nil {
		return err
	}
	words := show.RecordWords(a.Site, rec.Language)
	file := func(kind, ending string, b []byte) error {
		r.SetHeader("Content-Type", kind)
		r.SetHeader("Content-Disposition", web.DispositionOf("attachment", fmt.Sprintf("%s.%s", rec.Name, ending)))
		return r.Send(b)
	}
	switch r.Query("format") {
	case "md":
		return file("text/markdown; charset=utf-8", "md", []byte(rec.Markdown(words)))
	case "json":
		return r.JSON(rec)
	case "xlsx":
		b, err := sheet.XLSX(rec.Name, rec.Rows(words))
		if err != nil {
			return err
		}
		return file(sheet.XLSXType, "xlsx", b)
	case "":
	default:
		return fault.New(fault.NotFound, "error.not-found")
	}
	v := &recordPage{Page: a.begin(r, one, "plan.record"), InLang: rec.Language}
	text := rec.Markdown(words)
	v.HTML, v.Contents = markup.HTML(markup.Markdown, text), markup.Headings(markup.Markdown, text)
	if len(v.Contents) > 0 {
		v.Contents = v.Contents[1:] // the first one is the name of the plan
	}
	for _, f := range []struct{ format, label string }{{"md", "Markdown"}, {"xlsx", "Excel"}, {"json", "JSON"}} {
		v.Formats = append(v.Formats, web.Link{Label: f.label, Address: address.PlanRecord(one.Plan.ID) + "?format=" + f.format})
	}
	if err := show.House(a.Site, r, &v.Page, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan-record", v)
}
