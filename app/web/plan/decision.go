package plan

import (
	"sportello/app/address"
	"sportello/app/condition"
	"sportello/app/desk/article"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// decisionPage is one decision: the question, what may be chosen and with which consequences, and what was said of it.
type decisionPage struct {
	web.Page
	Action  string
	Rev     int
	State   show.Mark
	Why     string
	Facts   []term // price of a change, last day, what stands still
	Before  []web.Link
	Touched []string
	Asks    []string
	Say     string // address of the form for facts
	Norms   []norm
	Guides  []web.Link
	Options []option
	History []said
	May     bool // propose
	Decide  bool
	Roles   []show.Choice
	Back    string
	Beside  beside
	Takes   bool   // the answer of the question is the reason
	Article string // address that begins an article from the decision; empty: nobody decided, or the reader writes none
}

// option is what may be chosen.
type option struct {
	Code, Name  string
	Chosen      bool
	Recommended string // why; empty: it is not
	Terms       []term
	Changes     []string
	Others      string
}

// said is something that was said of the decision.
type said struct{ What, Reason, Who string }

// norm is a law that a decision or step rests on.
type norm struct {
	Text, Says, Address string
	Unverified          bool
}

func (a pages) getDecision(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	return a.decisionPage(r, one, nil, nil)
}

func (a pages) decisionPage(r *web.Request, one *plan.View, f *web.Form, wrong error) error {
	d := one.Decision(code(r))
	if d == nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	v := &decisionPage{Page: a.begin(r, one, "plan.decision", "question", d.Question.In(r.Visit().Lang)), Action: address.Decision(one.Plan.ID, d.Code), Back: address.Plan(one.Plan.ID)}
	p := &v.Page
	v.State, v.Why, v.Decide, v.May = decisionMark(p, d.State), d.Why.In(p.Lang), one.MayDecide, one.MayDecide || one.MayPropose
	if d.Last != nil {
		v.Rev = d.Last.Number
	}
	if one.MayArrange && d.State == store.DecisionDecided {
		v.Article = v.Action + "/article"
	}
	v.facts(one, d)
	v.Norms = normsOf(p, one, d.Norms)
	var err error
	if v.Guides, err = a.guides(r, d.Articles); err != nil {
		return err
	}
	if err := a.options(r, v, one, d); err != nil {
		return err
	}
	if err := a.history(r, v, one, d); err != nil {
		return err
	}
	for _, who := range d.Who {
		for _, role := range one.Course.Roles {
			if role.Code == who {
				v.Roles = append(v.Roles, show.Choice{Value: who, Label: role.Name.In(p.Lang), Chosen: f != nil && f.Raw("for") == who || f == nil && d.Last != nil && d.Last.For == who})
			}
		}
	}
	if v.Beside, err = a.besideOf(r, p, one, d.Code, v.Action); err != nil {
		return err
	}
	v.Beside.Reason = v.May && v.Beside.Answer != ""
	v.Takes = f != nil && f.Raw("ticket") != ""
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
		for i := range v.Options {
			v.Options[i].Chosen = v.Options[i].Code == f.Raw("option")
		}
	} else {
		v.Resume(r)
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/plan-decision", v)
}

func (v *decisionPage) facts(one *plan.View, d *plan.Decision) {
	p := &v.Page
	add := func(label, text string) {
		if text != "" {
			v.Facts = append(v.Facts, term{label, text})
		}
	}
	if d.By != 0 {
		add(p.T("plan.decide-by"), show.Weekday(p, d.By.Time()))
	}
	halts := ""
	for _, step := range d.Halts {
		halts = show.Joined(", ", halts, one.NameOf(step, p.Lang))
	}
	add(p.T("plan.halts"), halts)
	if d.Back != "" {
		add(p.T("plan.later"), show.Joined(" ", p.T("plan.back-"+d.Back), d.Price.In(p.Lang)))
	}
	for _, code := range d.Before {
		v.Before = append(v.Before, web.Link{Label: one.NameOf(code, p.Lang), Address: address.Decision(one.Plan.ID, code)})
	}
	for _, name := range d.Touched {
		v.Touched = append(v.Touched, factName(p, one, name))
	}
	for _, name := range asked(d) {
		v.Asks = append(v.Asks, factName(p, one, name))
	}
	if one.MaySay {
		v.Say = address.PlanFacts(one.Plan.ID)
	}
}

// asked returns the facts that a decision and its options ask for, each once.
func asked(d *plan.Decision) []string {
	seen := map[string]bool{}
	var out []string
	add := func(names []string) {
		for _, n := range names {
			if !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	add(d.Asks)
	for _, o := range d.Options {
		add(o.Asks)
	}
	return out
}

// normsOf returns the laws of the codes. One that nobody verified is shown to those of the desk alone.
func normsOf(p *web.Page, one *plan.View, codes []string) []norm {
	var out []norm
	for _, code := range codes {
		for _, n := range one.Course.Norms {
			if n.Code == code && (n.Verified != "" || one.OfDesk) {
				out = append(out, norm{Text: n.Text.In(p.Lang), Says: n.Says.In(p.Lang), Address: n.Address, Unverified: n.Verified == ""})
			}
		}
	}
	return out
}

// guides are the articles of the slugs that the reader may read, by their titles.
func (a pages) guides(r *web.Request, slugs []string) ([]web.Link, error) {
	var out []web.Link
	for _, slug := range slugs {
		v, err := a.Desk.Articles.Read(r.Actor(), slug, r.Visit().Lang)
		if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Denied || kind == fault.SignIn) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, web.Link{Label: v.Version.Title, Address: address.Article(v.Article.Slug)})
	}
	return out, nil
}

// options adds what may be chosen, and for whoever may choose what would become of the plan.
func (a pages) options(r *web.Request, v *decisionPage, one *plan.View, d *plan.Decision) error {
	p := &v.Page
	others, err := a.Desk.Plans.Chosen(r.Actor(), one.Plan.ID, d.Code)
	if err != nil {
		return err
	}
	for _, o := range d.Options {
		chosen := d.Last != nil && d.Last.Option == o.Code && d.State != store.DecisionOpen
		if !o.Offered && !chosen {
			continue
		}
		x := option{Code: o.Code, Name: o.Name.In(p.Lang), Chosen: chosen}
		if o.Recommended == condition.True {
			x.Recommended = o.Because.In(p.Lang)
		}
		for _, t := range []term{{p.T("plan.allows"), o.Allows.In(p.Lang)}, {p.T("plan.rules-out"), o.RulesOut.In(p.Lang)}, {p.T("plan.costs"), o.Costs.In(p.Lang)}, {p.T("plan.suits"), o.Suits.In(p.Lang)}} {
			if t.Text != "" {
				x.Terms = append(x.Terms, t)
			}
		}
		if band := others[o.Code]; band != "" {
			x.Others = p.T("plan.others-" + string(band))
		}
		if v.May && o.Offered && !(chosen && d.State == store.DecisionDecided) {
			c, err := a.Desk.Plans.Preview(r.Actor(), one.Plan.ID, d.Code, o.Code)
			switch fault.KindOf(err) {
			case fault.Conflict, fault.Invalid: // it cannot be chosen yet, which the page says
			default:
				if err != nil {
					return err
				}
				x.Changes = changes(p, one, c)
			}
		}
		v.Options = append(v.Options, x)
	}
	return nil
}

// mostChanges is how many changes of each sort are named; the rest is counted.
const mostChanges = 6

// changes says what would become of the plan.
func changes(p *web.Page, one *plan.View, c plan.Changes) []string {
	var out []string
	list := func(codes []string, say func(code string) string) {
		for i, code := range codes {
			if i == mostChanges {
				out = append(out, p.Plural("plan.and-more", len(codes)-i))
				return
			}
			out = append(out, say(code))
		}
	}
	list(c.Appear, func(code string) string { return p.T("plan.appears", "name", one.NameOf(code, p.Lang)) })
	list(c.Disappear, func(code string) string { return p.T("plan.disappears", "name", one.NameOf(code, p.Lang)) })
	moved := map[string]plan.Moved{}
	var codes []string
	for _, m := range c.Move {
		moved[m.Code] = m
		codes = append(codes, m.Code)
	}
	list(codes, func(code string) string {
		m := moved[code]
		return p.T("plan.moves", "name", one.NameOf(code, p.Lang), "from", show.Weekday(p, m.From.Time()), "to", show.Weekday(p, m.To.Time()))
	})
	return out
}

func (a pages) history(r *web.Request, v *decisionPage, one *plan.View, d *plan.Decision) error {
	p := &v.Page
	list, err := a.Desk.Plans.History(r.Actor(), one.Plan.ID, d.Code)
	if err != nil {
		return err
	}
	for i := len(list) - 1; i >= 0; i-- {
		x := list[i]
		s := said{What: p.T("plan.decision-" + x.State.String()), Reason: x.Reason}
		for _, o := range d.Options {
			if o.Code == x.Option {
				s.What = show.Joined(": ", s.What, o.Name.In(p.Lang))
			}
		}
		if !x.Until.IsZero() {
			s.What = show.Joined(" ", s.What, p.T("plan.until", "date", show.Weekday(p, x.Until)))
		}
		by := x.By
		for _, role := range one.Course.Roles {
			if role.Code == x.For {
				by = p.T("plan.by-for", "name", by, "role", role.Name.In(p.Lang))
			}
		}
		s.Who = show.Joined(", ", by, p.When(x.At))
		v.History = append(v.History, s)
	}
	return nil
}

func (a pages) postDecision(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err != nil {
		return err
	}
	switch {
	case one.Decision(code(r)) == nil:
		return fault.New(fault.NotFound, "error.not-found")
	case !one.MayDecide && !one.MayPropose:
		return policy.Denied(r.Actor())
	}
	f := r.Form()
	s := plan.Saying{Option: f.Raw("option"), State: web.FormCode[store.DecisionState](f, "state"), Reason: f.Body("reason"), Until: dayOf(f.Time("until")), For: f.Raw("for"), Ticket: f.ID("ticket")}
	if s.State == store.DecisionOpen || s.State == store.DecisionPostponed || s.State == store.DecisionNotNeeded {
		s.Option = ""
	}
	if f.Has("rev") {
		rev := f.Int("rev", 0, 1<<30, 0)
		s.Rev = &rev
	}
	if err = f.Err(); err == nil {
		_, _, err = a.Desk.Plans.Decide(r.Actor(), one.Plan.ID, code(r), s)
	}
	if err != nil {
		return a.again(r, f, err, "option", a.decisionPage)
	}
	return r.Done("flash.plan-decided", address.Plan(one.Plan.ID))
}

// postArticle writes the draft of an article from the decision of the address, and leads to it.
func (a pages) postArticle(r *web.Request) error {
	one, err := a.plan(r, func(v *plan.View) bool { return v.MayArrange })
	if err != nil {
		return err
	}
	p := r.Page("plan.decision", "question", "")
	l, err := a.Desk.Plans.Lesson(r.Actor(), one.Plan.ID, code(r), plan.LessonWords{Options: p.T("plan.options"), Chosen: p.T("plan.lesson-chosen"), Reason: p.T("plan.reason")})
	if err != nil {
		return err
	}
	v, err := a.Desk.Articles.Save(r.Actor(), article.Form{Module: l.Module, Audience: store.Agents, Language: p.Lang, Title: l.Title, Body: l.Body, Publication: store.Draft})
	if err != nil {
		return err
	}
	return r.Done("flash.plan-article", address.Article(v.Article.Slug)+"/edit?lang="+p.Lang)
}
