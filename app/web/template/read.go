package template

import (
	"net/url"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// listPage lists the templates.
type listPage struct {
	web.Page
	Lines []line
	New   string // address of the form for a new one; empty for whoever may not
}

// line is a template in the list.
type line struct {
	Name, Address string
	Marks         []show.Mark
	Meta          string
}

func (a pages) getList(r *web.Request) error {
	list, err := a.Desk.Templates.List(r.Actor())
	if err != nil {
		return err
	}
	v := &listPage{Page: a.begin(r, nil, "template.title")}
	for _, t := range list {
		v.Lines = append(v.Lines, line{Name: nameOf(&v.Page, t), Address: address.Template(t.Template.Code), Marks: marks(&v.Page, t), Meta: show.Joined(" · ", t.Group.Name.In(v.Lang), strings.Join(t.File.Modules, ", "))})
	}
	if v.IsAgent || v.IsAdministrator {
		v.New = address.Templates + "/new"
	}
	if err := show.House(a.Site, r, &v.Page, address.Plans); err != nil {
		return err
	}
	return r.Render("page/templates", v)
}

// readPage is a template as people read it.
type readPage struct {
	web.Page
	Marks  []show.Mark
	Meta   string
	Text   string
	Acts   []web.Link
	Wrong  []wrong // what keeps its draft from being published
	Phases []phase
	Facts  []show.FactLine
	Norms  []norm
	Retire string // address that takes it out of use or into it again; empty for whoever may not
	Out    bool   // it is out of use
	Rev    uint64
}

// phase is a part of the template.
type phase struct {
	Key, Name, When string
	Decisions       []decision
	Steps           []step
	Freezes         []string
	Add             []web.Link // forms that add to it; none for whoever may not
}

type decision struct {
	Question, Who, Why, When string
	Options                  []string
	Form                     string // address of its form; empty for whoever may not write it
}

type step struct {
	Name, Who, Day, When, Milestone string
	Form                            string
}

// norm is a law that the template states.
type norm struct{ Text, Says, Address, Verified string }

func (a pages) getTemplate(r *web.Request) error {
	one, err := a.read(r, nil)
	if err != nil {
		return err
	}
	v := &readPage{Page: a.begin(r, one, "template.one", "name", one.File.Name.In(r.Visit().Lang))}
	p, c, here := &v.Page, &one.File.Course, address.Template(one.Template.Code)
	v.Marks, v.Text = marks(p, one), c.Text.In(p.Lang)
	v.Meta = show.Joined(" · ", one.Template.Code, show.Joined(" · ", one.Group.Name.In(p.Lang), strings.Join(one.File.Modules, ", ")))
	v.Acts = append(v.Acts, web.Link{Label: p.T("template.walk"), Address: here + "/walk"})
	if one.MayWrite {
		v.Acts = append(v.Acts, web.Link{Label: p.T("template.edit"), Address: here + "/edit"})
	}
	if one.MayPublish && one.Drafted {
		v.Acts = append(v.Acts, web.Link{Label: p.T("template.publish"), Address: here + "/publish"})
	}
	v.Acts = append(v.Acts, web.Link{Label: p.T("template.versions"), Address: here + "/versions"}, web.Link{Label: p.T("template.file"), Address: here + "/file"})
	if one.Drafted {
		v.Wrong = a.findings(p, one.Source, template.Check(c))
	}
	for i := range c.Phases {
		ph := phaseOf(p, c, &c.Phases[i])
		if one.MayWrite {
			ph.writable(p, here, &c.Phases[i])
		}
		v.Phases = append(v.Phases, ph)
	}
	for _, f := range c.Facts {
		v.Facts = append(v.Facts, show.FactLine{Name: f.Name.In(p.Lang), Text: show.Joined(" ", p.T("template.kind-"+f.Kind), f.Text.In(p.Lang))})
	}
	for _, n := range c.Norms {
		v.Norms = append(v.Norms, norm{Text: n.Text.In(p.Lang), Says: n.Says.In(p.Lang), Address: here + "/norms/" + n.Code, Verified: verifiedWords(p, n.Verified)})
	}
	if v.Out, v.Rev = one.Retired, one.Rev; one.MayPublish {
		v.Retire = here + "/retire"
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/template", v)
}

// postRetire takes the template of the address out of use, or into it again.
func (a pages) postRetire(r *web.Request) error {
	one, err := a.read(r, func(v *template.View) bool { return v.MayPublish })
	if err != nil {
		return err
	}
	f := r.Form()
	retired := f.Raw("act") == "retire"
	if !retired && f.Raw("act") != "again" {
		f.Refuse("act", "error.choice")
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Templates.Retire(r.Actor(), one.Template.Code, f.ID("rev"), retired)
	}
	if err != nil {
		return err
	}
	if retired {
		return r.Done("flash.template-retired", address.Template(one.Template.Code))
	}
	return r.Done("flash.template-again", address.Template(one.Template.Code))
}

// verifiedWords says when a norm was verified; empty: nobody did so.
func verifiedWords(p *web.Page, day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return p.T("template.verified-on", "date", show.Weekday(p, at))
}

func phaseOf(p *web.Page, c *template.Course, of *template.Phase) phase {
	out := phase{Key: of.Code, Name: of.Name.In(p.Lang), When: conditionWords(p, c, of.When)}
	for _, d := range of.Decisions {
		x := decision{Question: d.Question.In(p.Lang), Who: roleNames(p, c, d.Who), Why: d.Why.In(p.Lang), When: conditionWords(p, c, d.When)}
		for _, o := range d.Options {
			text := o.Name.In(p.Lang)
			if o.Recommended != "" {
				text = show.Joined(" · ", text, p.T("template.recommended", "when", conditionWords(p, c, o.Recommended)))
			}
			if o.When != "" {
				text = show.Joined(" · ", text, p.T("template.offered", "when", conditionWords(p, c, o.When)))
			}
			x.Options = append(x.Options, text)
		}
		out.Decisions = append(out.Decisions, x)
	}
	for _, s := range of.Steps {
		out.Steps = append(out.Steps, step{Name: s.Name.In(p.Lang), Who: roleNames(p, c, s.Who), Day: dayWords(p, c, s.Day), When: conditionWords(p, c, s.When), Milestone: s.Milestone.In(p.Lang)})
	}
	for _, f := range of.Freezes {
		out.Freezes = append(out.Freezes, p.T("template.freeze", "name", f.Name.In(p.Lang), "from", dayWords(p, c, f.From), "until", dayWords(p, c, f.Until), "stops", f.Stops.In(p.Lang)))
	}
	return out
}

// writable gives the phase the addresses of the forms of its parts.
func (ph *phase) writable(p *web.Page, here string, of *template.Phase) {
	for i := range ph.Decisions {
		ph.Decisions[i].Form = here + "/parts/" + url.PathEscape(of.Decisions[i].Code)
	}
	for i := range ph.Steps {
		ph.Steps[i].Form = here + "/parts/" + url.PathEscape(of.Steps[i].Code)
	}
	to := here + "/new-part?phase=" + url.QueryEscape(of.Code) + "&kind="
	ph.Add = []web.Link{{Label: p.T("template.new-decision"), Address: to + "decision"}, {Label: p.T("template.new-step"), Address: to + "step"}}
}

// dayWords says the expression of a day in words; what cannot be read stays as it is.
func dayWords(p *web.Page, c *template.Course, text string) string {
	d, ok := template.DayOf(text)
	if !ok {
		return text
	}
	switch n := d.Offset; d.Anchor {
	case timeline.Start:
		if n == 0 {
			return p.T("template.day-start")
		}
		return p.Plural("template.after-start", n)
	case timeline.GoLive:
		switch {
		case n == 0:
			return p.T("template.day-live")
		case n < 0:
			return p.Plural("template.after-live", -n)
		}
		return p.Plural("template.before-live", n)
	case timeline.Law:
		date := p.Site.Words.Date(p.Lang, time.Date(2024, d.Month, d.Date, 0, 0, 0, 0, time.UTC)) // a leap year
		date = date[:strings.LastIndexByte(date, ' ')]
		switch n {
		case 0:
			return p.T("template.law-this", "date", date)
		case 1:
			return p.T("template.law-next", "date", date)
		case -1:
			return p.T("template.law-last", "date", date)
		}
		return p.T("template.law-year", "date", date, "n", n)
	default:
		if n < 0 {
			return p.Plural("template.before-step", -n, "name", stepName(p, c, d.Of))
		}
		if n == 0 {
			return p.T("template.with-step", "name", stepName(p, c, d.Of))
		}
		return p.Plural("template.after-step", n, "name", stepName(p, c, d.Of))
	}
}

// stepName returns the name of the step or the decision of the code, which is the code when there is none.
func stepName(p *web.Page, c *template.Course, code string) string {
	for _, ph := range c.Phases {
		for _, s := range ph.Steps {
			if s.Code == code {
				return s.Name.In(p.Lang)
			}
		}
		for _, d := range ph.Decisions {
			if d.Code == code {
				return d.Question.In(p.Lang)
			}
		}
	}
	return code
}

func (a pages) getFile(r *web.Request) error {
	one, err := a.read(r, nil)
	if err != nil {
		return err
	}
	r.SetHeader("Content-Type", "application/toml; charset=utf-8")
	r.SetHeader("Content-Disposition", `attachment; filename="`+one.Template.Code+`.toml"`)
	return r.Send([]byte(one.Source))
}

// versionsPage lists the versions of a template and compares two of them.
type versionsPage struct {
	web.Page
	Action   string
	Versions []version // the newest first
	From, To []show.Choice
	Heading  string // which two are compared; empty: there is nothing to compare
	Diff     []show.DiffLine
}

type version struct{ Name, Reason, Who string }

func (a pages) getVersions(r *web.Request) error {
	one, err := a.read(r, nil)
	if err != nil {
		return err
	}
	all, err := a.Desk.Templates.Versions(r.Actor(), one.Template.Code)
	if err != nil {
		return err
	}
	v := &versionsPage{Page: a.begin(r, one, "template.versions"), Action: address.Template(one.Template.Code) + "/versions"}
	p := &v.Page
	var names, texts []string
	for _, x := range all {
		name := p.T("template.version", "n", p.Number(x.Number))
		names, texts = append(names, name), append(texts, x.Source)
		v.Versions = append([]version{{Name: name, Reason: x.Reason, Who: show.Joined(", ", x.By, p.When(x.At))}}, v.Versions...)
	}
	if one.Drafted {
		names, texts = append(names, p.T("template.draft")), append(texts, one.Source)
	}
	if len(texts) > 1 {
		q := r.QueryForm()
		from, to := q.Int("from", 1, len(texts), len(texts)-1), q.Int("to", 1, len(texts), len(texts))
		if q.Err() != nil {
			return gone()
		}
		for i, name := range names {
			n := show.IDValue(uint64(i + 1)) // #nosec G115 -- counted
			v.From = append(v.From, show.Choice{Value: n, Label: name, Chosen: i+1 == from})
			v.To = append(v.To, show.Choice{Value: n, Label: name, Chosen: i+1 == to})
		}
		v.Heading = p.T("template.compared", "from", names[from-1], "to", names[to-1])
		if texts[from-1] != texts[to-1] {
			v.Diff = show.Difference(a.Words, p.Lang, texts[to-1], texts[from-1])
		}
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/template-versions", v)
}

// normPage is a norm of a template, and since when it is known to be stated rightly.
type normPage struct {
	web.Page
	Action, Back string
	Rev          uint64
	Norm         norm
	Source       string
	May          bool
	Today        string
}

func (a pages) getNorm(r *web.Request) error {
	one, err := a.read(r, nil)
	if err != nil {
		return err
	}
	return a.normPage(r, one, nil, nil)
}

func normOf(one *template.View, code string) *template.Citation {
	for i := range one.File.Norms {
		if one.File.Norms[i].Code == code {
			return &one.File.Norms[i]
		}
	}
	return nil
}

func (a pages) normPage(r *web.Request, one *template.View, f *web.Form, wrong error) error {
	n := normOf(one, param(r, "norm"))
	if n == nil {
		return gone()
	}
	here := address.Template(one.Template.Code)
	v := &normPage{Page: a.begin(r, one, "template.one", "name", n.Text.In(r.Visit().Lang)), Action: here + "/norms/" + n.Code, Back: here, Rev: one.Rev, May: one.MayVerify}
	p := &v.Page
	v.Norm, v.Source = norm{n.Text.In(p.Lang), n.Says.In(p.Lang), n.Address, verifiedWords(p, n.Verified)}, n.Address
	v.Today = p.Now.Format(time.DateOnly)
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	} else {
		v.Fill(map[string][]string{"day": {v.Today}})
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/template-norm", v)
}

func (a pages) postNorm(r *web.Request) error {
	one, err := a.read(r, func(v *template.View) bool { return v.MayVerify })
	if err != nil {
		return err
	}
	n := normOf(one, param(r, "norm"))
	if n == nil {
		return gone()
	}
	f := r.Form()
	var day time.Time
	if f.Raw("act") != "again" {
		f.Need("day")
		if at := f.Time("day"); !at.IsZero() {
			day = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		}
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Templates.Verify(r.Actor(), one.Template.Code, n.Code, day, f.ID("rev"))
	}
	if err != nil {
		if fault.KindOf(err) == fault.Conflict {
			if one, bad := a.read(r, nil); bad == nil {
				return a.normPage(r, one, f, at(err, "day"))
			}
		}
		return a.normPage(r, one, f, err)
	}
	return r.Done("flash.norm-verified", address.Template(one.Template.Code))
}
