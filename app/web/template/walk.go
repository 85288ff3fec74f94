package template

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/condition"
	"sportello/app/desk/plan"
	"sportello/app/desk/template"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// walkPage walks through a template as an organisation would that is made up. All that it knows stands in its address: it is
// looked at, and nothing is kept.
type walkPage struct {
	web.Page
	Action, Back string
	Sizes        []web.Link
	Facts        []factField
	Next         *question // the decision that comes now; nil: all are taken
	Taken        []taken
	Rest         string // address of the walk that takes what is recommended from here on
	Asks         []string
	Phases       []walked
	Ends         string
}

// factField asks for something that is known of the organisation.
type factField struct {
	Name, Label, Value string
	Number             bool
	Choices            []show.Choice
}

// question is a decision that the made-up organisation has to take.
type question struct {
	Name, Question, Why string
	Options             []choice
}

type choice struct {
	Code, Name, Because string
	Terms               []show.FactLine
	Changes             []string
}

// taken is a decision that was taken on the walk.
type taken struct{ Name, Code, Question, Option string }

// walked is a phase with what the walk made of it.
type walked struct {
	Key, Name string
	Steps     []walkedStep
}

type walkedStep struct{ Name, Side, Due string }

func assumedOf(q *web.Form, c *template.Course) plan.Assumed {
	as := plan.Assumed{Facts: map[string][]string{}, Answers: map[string]string{}}
	dayOf := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	as.Start, as.GoLive = dayOf(q.Time("start")), dayOf(q.Time("go_live"))
	for _, f := range c.Facts {
		var values []string
		for _, v := range q.Values["f-"+f.Code] {
			if f.Kind != "list" {
				if v = strings.TrimSpace(v); v != "" {
					values = append(values, v)
				}
				continue
			}
			for _, one := range strings.Split(v, ",") {
				if one = strings.TrimSpace(one); one != "" {
					values = append(values, one)
				}
			}
		}
		if len(values) > 0 {
			as.Facts[f.Code] = values
		}
	}
	for _, p := range c.Phases {
		for _, d := range p.Decisions {
			if list := q.Values["d-"+d.Code]; len(list) > 0 {
				as.Answers[d.Code] = list[len(list)-1]
			}
		}
	}
	return as
}

func (a pages) getWalk(r *web.Request) error {
	one, err := a.read(r, nil)
	if err != nil {
		return err
	}
	c, here := &one.File.Course, address.Template(one.Template.Code)
	v := &walkPage{Page: a.begin(r, one, "template.walk"), Action: here + "/walk", Back: here}
	p, q := &v.Page, r.QueryForm()
	as := assumedOf(q, c)
	if size := plan.OfSize(c, q.Raw("size")); size != nil {
		as.Facts = size
	}
	bad := q.Err()
	try := a.Desk.Plans.Try
	if q.Raw("rest") == "recommended" {
		try = a.Desk.Plans.Recommended
	}
	var walk *plan.Trial
	if bad == nil {
		walk, bad = try(r.Actor(), one.Template.Code, as)
	}
	if bad != nil { // what was typed is said to be wrong beside the walk of an organisation of which nothing is known
		if err := v.Refill(q, bad); err != nil {
			return err
		}
		if walk, err = a.Desk.Plans.Try(r.Actor(), one.Template.Code, plan.Assumed{}); err != nil {
			return err
		}
	} else {
		v.Fill(url.Values{"start": {walk.Plan.Start.Format(time.DateOnly)}, "go_live": {walk.Plan.GoLive.Format(time.DateOnly)}})
	}
	for _, size := range plan.Sizes {
		v.Sizes = append(v.Sizes, web.Link{Label: p.T("template.size-" + size), Address: v.Action + "?size=" + size})
	}
	v.facts(c, walk, as)
	v.decisions(one, walk)
	v.steps(walk)
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/template-walk", v)
}

func (v *walkPage) facts(c *template.Course, walk *plan.Trial, as plan.Assumed) {
	for _, f := range c.Facts {
		values := walk.Known(f.Code)
		if len(values) == 0 {
			values = as.Facts[f.Code]
		}
		x := factField{Name: "f-" + f.Code, Label: f.Name.In(v.Lang), Value: strings.Join(values, ", "), Number: f.Kind == "number"}
		switch f.Kind {
		case "choice", "list":
			for _, o := range f.Choices {
				x.Choices = append(x.Choices, show.Choice{Value: o.Code, Label: o.Name.In(v.Lang), Chosen: slices.Contains(values, o.Code)})
			}
		case "yes-no":
			for _, o := range []string{"yes", "no"} {
				x.Choices = append(x.Choices, show.Choice{Value: o, Label: yesNo(&v.Page, o), Chosen: slices.Contains(values, o)})
			}
		}
		v.Facts = append(v.Facts, x)
	}
	for _, name := range walk.Asks {
		label, _ := named(&v.Page, c, name)
		v.Asks = append(v.Asks, label)
	}
}

// decisions says what was answered, and asks the next one.
func (v *walkPage) decisions(one *template.View, walk *plan.Trial) {
	p, c := &v.Page, &one.File.Course
	again := url.Values{}
	for name, f := range walk.Plan.Facts {
		again.Set("f-"+name, strings.Join(f.Values, ","))
	}
	again.Set("start", walk.Plan.Start.Format(time.DateOnly))
	again.Set("go_live", walk.Plan.GoLive.Format(time.DateOnly))
	for _, ph := range walk.Phases {
		for _, d := range ph.Decisions {
			if d.Shown && d.State == store.DecisionDecided {
				_, valueOf := named(p, c, d.Code)
				v.Taken = append(v.Taken, taken{"d-" + d.Code, d.Last.Option, d.Question.In(p.Lang), valueOf(d.Last.Option)})
				again.Set("d-"+d.Code, d.Last.Option)
			}
		}
	}
	d := walk.First()
	if d == nil {
		return
	}
	again.Set("rest", "recommended")
	v.Rest = show.JoinQuery(v.Action, again.Encode())
	v.Next = &question{Name: "d-" + d.Code, Question: d.Question.In(p.Lang), Why: d.Why.In(p.Lang)}
	for _, o := range d.Options {
		if !o.Offered {
			continue
		}
		x := choice{Code: o.Code, Name: o.Name.In(p.Lang)}
		if o.Recommended == condition.True {
			x.Because = o.Because.In(p.Lang)
		}
		for _, t := range []show.FactLine{{Name: p.T("plan.allows"), Text: o.Allows.In(p.Lang)}, {Name: p.T("plan.rules-out"), Text: o.RulesOut.In(p.Lang)}, {Name: p.T("plan.costs"), Text: o.Costs.In(p.Lang)}} {
			if t.Text != "" {
				x.Terms = append(x.Terms, t)
			}
		}
		if changes, err := walk.Would(d.Code, o.Code); err == nil {
			x.Changes = changesOf(p, walk, changes)
		}
		v.Next.Options = append(v.Next.Options, x)
	}
}

// mostChanges is how many changes are named; the rest is counted.
const mostChanges = 8

func changesOf(p *web.Page, walk *plan.Trial, c plan.Changes) []string {
	var out []string
	for _, code := range c.Appear {
		out = append(out, p.T("plan.appears", "name", walk.NameOf(code, p.Lang)))
	}
	for _, code := range c.Disappear {
		out = append(out, p.T("plan.disappears", "name", walk.NameOf(code, p.Lang)))
	}
	for _, m := range c.Move {
		out = append(out, p.T("plan.moves", "name", walk.NameOf(m.Code, p.Lang), "from", show.Weekday(p, m.From.Time()), "to", show.Weekday(p, m.To.Time())))
	}
	if n := len(out) - mostChanges; n > 0 {
		out = append(out[:mostChanges], p.Plural("plan.and-more", n))
	}
	return out
}

// steps lists what the organisation and the desk would have to do, by phase.
func (v *walkPage) steps(walk *plan.Trial) {
	p := &v.Page
	for _, ph := range walk.Phases {
		x := walked{Key: ph.Code, Name: ph.Name.In(p.Lang)}
		for _, s := range ph.Steps {
			if s.Shown {
				x.Steps = append(x.Steps, walkedStep{s.Name.In(p.Lang), p.T("plan.side-" + s.Side.String()), show.Weekday(p, s.Due.Time())})
			}
		}
		if len(x.Steps) > 0 {
			v.Phases = append(v.Phases, x)
		}
	}
	if walk.Ends != 0 {
		v.Ends = show.Weekday(p, walk.Ends.Time())
	}
}
