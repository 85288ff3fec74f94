package store

import (
	"sportello/store/db"
	"sportello/store/limit"
)

// Templates holds one row for each template of plans.
var Templates = db.Declare("templates", db.Table[Template]{
	Apart: []string{"draft"},
	Refs: func(t *Template, to db.Refer) {
		for _, m := range t.Modules {
			to("modules", "modules", m)
		}
		to("group", "groups", t.Group)
		to("published", "template_versions", t.Published)
	},
	Limits: limit.Fields{"code": limit.Text(maxShort), "name.it": limit.Text(maxName), "name.en": limit.Text(maxName), "modules": limit.Entries(50), "draft": limit.Bytes(maxTemplate),
		"verified": limit.Named(5000, maxHash, maxWord)},
})

// maxTemplate is how many bytes a template has as text at most: a thousand steps in two languages.
const maxTemplate = 1 << 20

// TemplateVersions holds one row for each publication of a template.
var TemplateVersions = db.Declare("template_versions", db.Table[TemplateVersion]{
	Apart:  []string{"source"},
	Refs:   func(v *TemplateVersion, to db.Refer) { to("template", "templates", v.Template) },
	Limits: limit.Fields{"source": limit.Bytes(maxTemplate), "reason": limit.Text(maxWhy)},
})

// Plans holds one row for each plan.
var Plans = db.Declare("plans", db.Table[Plan]{
	Blobs: func(p *Plan) []string {
		if p.Record == "" {
			return nil
		}
		return []string{p.Record}
	},
	Refs: func(p *Plan, to db.Refer) {
		to("template", "templates", p.Template)
		to("version", "template_versions", p.Version)
		to("organisation", "organisations", p.Organisation)
		to("unit", "units", p.Unit)
		for _, m := range p.Modules {
			to("modules", "modules", m)
		}
		to("group", "groups", p.Group)
		to("lead", "people", p.Lead)
		for _, x := range p.People {
			to("people", "people", x.Person)
		}
	},
	Limits: limit.Fields{
		"name": limit.Text(maxName), "modules": limit.Entries(50), "people": limit.Entries(200), "people.role": limit.Text(maxWord), "facts": {Entries: 200, Key: maxWord},
		"facts.values": limit.Texts(200, maxName), "reason": limit.Text(maxWhy), "record": limit.Text(maxHash),
	},
})

// Decisions holds one row for each thing that was said of a decision of a plan.
var Decisions = db.Declare("decisions", db.Table[Decision]{
	Refs: func(d *Decision, to db.Refer) {
		to("plan", "plans", d.Plan)
		to("ticket", "tickets", d.Ticket)
		to("of", "templates", d.Of)
	},
	Limits: limit.Fields{"code": limit.Text(maxWord), "option": limit.Text(maxWord), "reason": limit.Text(4000), "for": limit.Text(maxWord), "known": limit.Named(200, maxWord, 2000)},
})

// Progresses holds one row for each step of a plan that was touched, or added to it.
var Progresses = db.Declare("progresses", db.Table[Progress]{
	Refs: func(p *Progress, to db.Refer) {
		to("plan", "plans", p.Plan)
		to("ticket", "tickets", p.Ticket)
		for _, x := range p.Read {
			to("read", "people", x.Person)
		}
	},
	Limits: limit.Fields{
		"code": limit.Text(maxWord), "read": limit.Entries(1000), "reason": limit.Text(2000), "figure": limit.Text(maxName), "units": limit.Named(1000, maxCode, maxWhy), "checked": limit.Entries(100),
		"own.phase": limit.Text(maxWord), "own.name": limit.Text(maxName), "own.text": limit.Text(4000), "own.day": limit.Text(maxShort), "own.waits": limit.Texts(50, maxWord),
	},
})

// How many decisions, steps and freezes of a plan people are told of at once, and how many are remembered as told.
const (
	MaxCodes = 500
	MaxTold  = 20_000
)

// Remindings holds one row for each plan that runs or ran.
var Remindings = db.Declare("remindings", db.Table[Reminding]{
	Silent: true,
	Refs: func(r *Reminding, to db.Refer) {
		to("plan", "plans", r.Plan)
		for _, h := range r.Heard {
			for _, id := range h.People {
				to("heard", "people", id)
			}
		}
	},
	Limits: limit.Fields{"told": limit.ObservedTexts(MaxTold, maxShort), "heard": limit.Entries(MaxTold), "heard.of": limit.Text(maxWord), "heard.people": limit.Entries(MaxTold)},
})
