// Package template serves the pages of the templates that plans are made from: reading one, writing it as text, checking and
// publishing it, comparing its versions, walking through it, and saying that its norms were verified.
package template

import (
	"net/url"
	"slices"
	"strings"

	"sportello/app/address"
	"sportello/app/condition"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the pages of templates.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get(address.Templates, "templates.list", web.Writer, a.getList),
		web.Get("/templates/new", "templates.new", web.Agent, a.getNew),
		web.Post("/templates/new", "templates.add", web.Agent, a.postNew, "/templates/new").WithText(),
		web.Get("/templates/:code", "templates.show", web.Writer, a.getTemplate),
		web.Get("/templates/:code/file", "templates.file", web.Writer, a.getFile),
		web.Get("/templates/:code/edit", "templates.edit", web.Agent, a.getEdit),
		web.Post("/templates/:code/edit", "templates.save", web.Agent, a.postEdit, "/templates/:code/edit").WithText(),
		web.Get("/templates/:code/new-part", "templates.new-part", web.Agent, a.getNewPart),
		web.Post("/templates/:code/new-part", "templates.add-part", web.Agent, a.postNewPart, "/templates/:code/new-part").WithText(),
		web.Get("/templates/:code/parts/:part", "templates.part", web.Agent, a.getPart),
		web.Post("/templates/:code/parts/:part", "templates.save-part", web.Agent, a.postPart, "/templates/:code/parts/:part").WithText(),
		web.Get("/templates/:code/publish", "templates.before-publishing", web.Supervisor, a.getPublish),
		web.Post("/templates/:code/publish", "templates.publish", web.Supervisor, a.postPublish, "/templates/:code/publish"),
		web.Post("/templates/:code/retire", "templates.retire", web.Supervisor, a.postRetire, "/templates/:code"),
		web.Get("/templates/:code/versions", "templates.versions", web.Writer, a.getVersions),
		web.Get("/templates/:code/walk", "templates.walk", web.Writer, a.getWalk),
		web.Get("/templates/:code/norms/:norm", "templates.norm", web.Writer, a.getNorm),
		web.Post("/templates/:code/norms/:norm", "templates.verify", web.Writer, a.postNorm, "/templates/:code/norms/:norm"),
	}
}

func param(r *web.Request, name string) string {
	s, err := url.PathUnescape(r.Param(name))
	if err != nil {
		return "" // there is none of this code
	}
	return s
}

// read reads the template of the address, for whoever may do what may says; nil is reading it.
func (a pages) read(r *web.Request, may func(*template.View) bool) (*template.View, error) {
	v, err := a.Desk.Templates.Read(r.Actor(), param(r, "code"))
	if err == nil && may != nil && !may(v) {
		err = policy.Denied(r.Actor())
	}
	return v, err
}

func mayWrite(v *template.View) bool { return v.MayWrite }

// begin makes the page of a part of the template, with the way back to it.
func (a pages) begin(r *web.Request, v *template.View, titleKey string, args ...any) web.Page {
	p := r.Page(titleKey, args...)
	p.Nav = "plans"
	p.Crumb(p.T("plan.title"), address.Plans)
	p.Crumb(p.T("template.title"), address.Templates)
	if v == nil {
		p.Crumb(p.Title, "")
		return p
	}
	name := nameOf(&p, v)
	if p.Path == address.Template(v.Template.Code) {
		p.Crumb(name, "")
		return p
	}
	p.Crumb(name, address.Template(v.Template.Code))
	p.Crumb(p.Title, "")
	return p
}

func nameOf(p *web.Page, v *template.View) string { return v.File.Name.In(p.Lang) }

// marks say how far a template has got.
func marks(p *web.Page, v *template.View) []show.Mark {
	var out []show.Mark
	if v.Template.Published != 0 {
		out = append(out, show.Mark{Icon: "check", Class: "badge-calm", Words: p.T("template.published", "n", p.Number(v.Template.Number))})
	}
	if v.Template.Retired {
		out = append(out, show.Mark{Icon: "close", Words: p.T("template.retired")})
	}
	if v.Drafted {
		out = append(out, show.Mark{Icon: "edit", Class: "badge-inner", Words: p.T("template.draft")})
	}
	n := 0
	for _, norm := range v.File.Norms {
		if norm.Verified == "" {
			n++
		}
	}
	if n > 0 {
		out = append(out, show.Mark{Icon: "warn", Class: "badge-wait", Words: p.Plural("template.unverified", n)})
	}
	return out
}

// conditionWords says a condition of the template as people read it; the text itself where it cannot be read.
func conditionWords(p *web.Page, c *template.Course, text string) string {
	if text == "" {
		return ""
	}
	if text == "yes" {
		return p.T("template.always")
	}
	read, err := condition.Parse(text, condition.Fields(template.AllFields(c)))
	if err != nil {
		return text
	}
	return read.Say(condition.Sentences{And: p.T("template.and"), Or: p.T("template.or"), Not: p.T("template.not"), Test: func(name, operator string, values []condition.Said) string {
		label, valueOf := named(p, c, name)
		var said []string
		for _, v := range values {
			if v.Ranged {
				said = append(said, p.T("template.between", "from", valueOf(v.From), "until", valueOf(v.To)))
			} else {
				said = append(said, valueOf(v.From))
			}
		}
		list := strings.Join(said, " "+p.T("template.or")+" ")
		switch operator {
		case "<":
			return p.T("template.less", "name", label, "value", list)
		case ">":
			return p.T("template.more", "name", label, "value", list)
		case "<=":
			return p.T("template.at-most", "name", label, "value", list)
		case ">=":
			return p.T("template.at-least", "name", label, "value", list)
		}
		return p.T("template.is", "name", label, "value", list)
	}})
}

// named returns what people call a fact or decision, and its values.
func named(p *web.Page, c *template.Course, code string) (string, func(string) string) {
	for _, f := range c.Facts {
		if f.Code == code {
			return f.Name.In(p.Lang), func(value string) string {
				for _, x := range f.Choices {
					if x.Code == value {
						return x.Name.In(p.Lang)
					}
				}
				if f.Kind == "yes-no" {
					return yesNo(p, value)
				}
				return value
			}
		}
	}
	for _, ph := range c.Phases {
		for _, d := range ph.Decisions {
			if d.Code == code {
				return d.Question.In(p.Lang), func(value string) string {
					for _, o := range d.Options {
						if o.Code == value {
							return o.Name.In(p.Lang)
						}
					}
					return value
				}
			}
		}
	}
	return code, func(value string) string { return value }
}

func yesNo(p *web.Page, value string) string {
	switch value {
	case "yes":
		return p.T("plan.yes")
	case "no":
		return p.T("plan.no")
	}
	return value
}

func roleNames(p *web.Page, c *template.Course, codes []string) string {
	out := ""
	for _, code := range codes {
		i := slices.IndexFunc(c.Roles, func(x template.Role) bool { return x.Code == code })
		if i < 0 {
			out = show.Joined(", ", out, code)
			continue
		}
		out = show.Joined(", ", out, c.Roles[i].Name.In(p.Lang))
	}
	return out
}

func gone() error { return fault.New(fault.NotFound, "error.not-found") }
