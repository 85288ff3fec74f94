package problem

import (
	"html/template"
	"slices"
	"time"

	"sportello/app/address"
	"sportello/app/desk/policy"
	"sportello/app/desk/problem"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// page is a known problem, as one reader sees it.
type page struct {
	web.Page
	ID         uint64
	Rev        uint64
	Module     web.Link
	Heading    string
	Lang2      string // of the heading; empty when it is the reader's
	State      show.Mark
	Out        *show.Mark
	Gone       string // says that it is none any more, and why
	Into       string // address of the one that it was merged into
	Unmerge    string // address that takes that back; empty for whoever may not
	Reason     string // why it will not be fixed, or why it was confirmed again
	Facts      []show.FactLine
	Supplier   *web.Link // what the supplier calls it, for those of the desk
	Branches   []branch
	Texts      []text
	Workaround *text
	Concerns   string
	Releases   []web.Link
	Events     []happened

	Acts      []web.Link // pages of what those of the desk may do with it
	MayJoin   bool
	Joined    bool
	JoinHint  string // what comes of saying so
	SignIn    bool   // who is not signed in is asked to, before they say that they met it
	MayAttach bool
	SeesWho   bool
	Cases     []caseLine
	Messages  []messageLine // to all of them, for those who may write
}

// messageLine is a message to all, and what became of it.
type messageLine struct {
	When, Who string
	Text      string
	Lang      string // empty when it is the reader's
	State     string
	Back      string // address that takes it back; empty when that is over
}

// text is a text of the problem in one of the languages.
type text struct {
	HTML template.HTML
	Lang string // empty when it is the reader's
}

// branch is a row of the table of versions.
type branch struct{ Versions, Fixed string }

// happened is one thing that happened, and when.
type happened struct {
	at   time.Time
	When string
	What string
}

// caseLine is a ticket of the problem, or a person who met it.
type caseLine struct {
	Ticket  *web.Link
	Person  string
	Text    string
	State   string
	Since   string
	Remove  string // address that takes the ticket away; empty for whoever may not
	Subject string
}

// read returns the known problem of the address, for those who may do what may says; nil is reading it. Whoever is not signed
// in is asked to be for every number that is not open to everybody.
func (a pages) read(r *web.Request, may func(*problem.View) bool) (*problem.View, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	v, err := a.Desk.Problems.Read(r.Actor(), n)
	if fault.KindOf(err) == fault.NotFound && !r.Actor().SignedIn() {
		return nil, policy.Denied(r.Actor())
	}
	if err == nil && may != nil && !may(v) {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	return v, err
}

func mayWrite(v *problem.View) bool { return v.MayWrite && !v.Gone() }

func (a pages) getProblem(r *web.Request) error {
	one, err := a.read(r, nil)
	if err != nil {
		return err
	}
	return a.page(r, one, nil, nil)
}

// page shows the problem; f and wrong are a form of the page that was posted, and its error.
func (a pages) page(r *web.Request, one *problem.View, f *web.Form, wrong error) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v := &page{Page: r.Page("problems.title"), ID: one.ID, Rev: one.Rev}
	v.Nav = "problems"
	v.State, v.Out = show.ProblemMark(&v.Page, one.State), show.OutMark(&v.Page, one.Problem)
	v.Heading, v.Lang2 = show.InLanguage(one.Title, v.Lang)
	v.Module = web.Link{Label: show.ModuleName(&v.Page, one.Module, levels), Address: "/modules/" + one.Module.Code}
	v.Title = v.Module.Label + ": " + v.Heading
	v.Path = address.Problem(one.ID)
	v.Crumb(v.T("problems.title"), address.Problems)
	v.Crumb(v.T("problems.number", "number", show.IDValue(one.ID)), "")
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	}
	v.describe(one)
	v.events(one)
	v.acts(one)
	if one.MayWrite {
		if err := a.messages(r, v, one); err != nil {
			return err
		}
	}
	if one.MaySeeWho {
		if err := a.cases(r, v, one); err != nil {
			return err
		}
	}
	if err := show.House(a.Site, r, &v.Page, address.Problems); err != nil {
		return err
	}
	return r.Render("page/problem", v)
}

// describe fills in what the problem is.
func (v *page) describe(one *problem.View) {
	fact := func(name, said string) {
		if said != "" {
			v.Facts = append(v.Facts, show.FactLine{Name: name, Text: said})
		}
	}
	switch {
	case !one.Withdrawn.IsZero():
		v.Gone = v.T("problems.withdrawn-on", "date", v.Date(one.Withdrawn))
	case one.MergedInto != 0:
		v.Gone = v.T("problems.merged", "number", show.IDValue(one.MergedInto))
		v.Into = address.Problem(one.MergedInto)
		if v.Reason = ""; one.MayWrite {
			v.Unmerge = address.Problem(one.ID) + "/unmerge"
		}
	}
	v.Reason = one.Reason
	v.Concerns = show.Concerns(&v.Page, one.Counts)
	if one.Environment != store.EnvironmentNone {
		fact(v.T("installations.environment"), v.T("installations.in-"+one.Environment.String()))
	}
	if one.Severity != 0 {
		fact(v.T("side.severity"), v.T("severity."+one.Severity.String()))
	}
	fact(v.T("problems.good"), one.Regression.Good)
	fact(v.T("problems.introduced-by"), one.Regression.IntroducedBy)
	if one.Desk {
		fact(v.T("problems.audience"), v.T("problems.audience-"+one.Audience.String()))
		if one.Owner != nil {
			fact(v.T("problems.owner"), one.Owner.Name)
		}
		if s := one.Supplier; s != (store.Supplier{}) {
			v.Supplier = &web.Link{Label: s.Number, Address: s.Address}
			if s.Number == "" {
				v.Supplier.Label = s.Address
			}
		}
	}
	for _, b := range one.Branches() {
		line := branch{Versions: show.RangeWords(&v.Page, b.From, b.Until), Fixed: b.Fixed}
		if b.Rest {
			line.Versions = v.T("problems.elsewhere")
		}
		v.Branches = append(v.Branches, line)
	}
	if written, other := show.InLanguage(one.Text, v.Lang); written != "" {
		v.Texts = append(v.Texts, text{markup.Part(written), other})
	}
	if written, other := show.InLanguage(one.Workaround, v.Lang); written != "" {
		v.Workaround = &text{markup.Part(written), other}
	}
	for _, rel := range one.Releases {
		title, other := show.InLanguage(rel.Title, v.Lang)
		v.Releases = append(v.Releases, web.Link{Label: rel.Version + ": " + title, Address: address.Release(rel.ID), Lang: other})
	}
}

// events is the line of what happened, as far as the reader may know.
func (v *page) events(one *problem.View) {
	add := func(at time.Time, what string) {
		if !at.IsZero() && !at.After(v.Now) {
			v.Events = append(v.Events, happened{at: at, When: v.When(at), What: what})
		}
	}
	add(one.Created, v.T("problems.event-written"))
	for _, m := range one.Moves {
		if m.To != store.ProblemSuspected {
			add(m.At, v.T("problems.event-moved", "state", v.T("problems.state-"+m.To.String())))
		}
	}
	if one.Workaround != (store.Words{}) {
		add(one.WayAt, v.T("problems.event-way"))
	}
	add(one.Outage.From, v.T("problems.event-out"))
	if news, _ := show.InLanguage(one.Outage.News, v.Lang); news != "" {
		add(one.Outage.NewsAt, news)
	}
	add(one.Outage.Ended, v.T("problems.event-back"))
	for _, rel := range one.Releases {
		if rel.Out() {
			add(rel.Published, v.T("problems.event-released", "version", rel.Version))
		}
	}
	add(one.Told, v.T("problems.event-told"))
	if one.Desk {
		add(one.Doubtful, v.T("problems.event-doubtful"))
	}
	add(one.Withdrawn, v.T("problems.event-withdrawn"))
	slices.SortStableFunc(v.Events, func(x, y happened) int { return x.at.Compare(y.at) })
}

// acts are what the reader may do with the problem.
func (v *page) acts(one *problem.View) {
	here := address.Problem(one.ID)
	if mayWrite(one) {
		for _, l := range []struct{ key, to string }{{"problems.edit", "edit"}, {"problems.move", "state"}, {"problems.message", "message"}, {"problems.outage", "outage"}, {"problems.merge", "merge"}, {"problems.withdraw", "withdraw"}} {
			v.Acts = append(v.Acts, web.Link{Label: v.T(l.key), Address: here + "/" + l.to})
		}
	}
	v.JoinHint = joinHint(&v.Page, one)
	v.MayJoin, v.Joined, v.MayAttach, v.SeesWho = one.MayJoin, one.Joined, one.MayAttach, one.MaySeeWho
	v.SignIn = !v.SignedIn
}

// messages fills in what was written to all.
func (a pages) messages(r *web.Request, v *page, one *problem.View) error {
	list, err := a.Desk.Problems.Messages(r.Actor(), one.ID)
	if err != nil {
		return err
	}
	for _, m := range list {
		line := messageLine{When: v.When(m.At), State: v.Plural("problems.reached", m.Told)}
		line.Text, line.Lang = show.InLanguage(m.Text, v.Lang)
		if m.By != nil {
			line.Who = m.By.Name
		}
		switch {
		case m.Back.IsZero() && m.Going:
			line.State = v.Plural("problems.reaching", m.Told)
		case m.Back.IsZero():
		case m.Going:
			line.State = v.T("problems.taking-back")
		case m.Kept == 0:
			line.State = v.T("problems.taken-back", "when", v.When(m.Back))
		default:
			line.State = v.T("problems.taken-back", "when", v.When(m.Back)) + " " + v.Plural("problems.kept", m.Kept)
		}
		if m.Fresh && !one.Gone() {
			line.Back = address.Problem(one.ID) + "/messages/" + show.IDValue(m.Number) + "/back"
		}
		v.Messages = append(v.Messages, line)
	}
	return nil
}

// cases fills in the tickets and people of the problem that the reader may see.
func (a pages) cases(r *web.Request, v *page, one *problem.View) error {
	list, err := a.Desk.Problems.Cases(r.Actor(), one.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		line := caseLine{Text: c.Text, Since: v.Date(c.Created)}
		if c.Person != nil {
			line.Person = c.Person.Name
		}
		if t := c.Ticket; t != nil {
			line.Ticket = &web.Link{Label: "#" + show.IDValue(t.ID) + " " + t.Subject, Address: address.Ticket(t.ID)}
			line.Subject = "#" + show.IDValue(t.ID)
			line.State = show.StateWords(&v.Page, t)
			if one.MayAttach {
				line.Remove = address.Problem(one.ID) + "/tickets/" + show.IDValue(t.ID) + "/remove"
			}
		}
		v.Cases = append(v.Cases, line)
	}
	return nil
}

// joinHint says what comes of saying "it happens to me too".
func joinHint(p *web.Page, one *problem.View) string {
	switch {
	case one.State == store.ProblemFixed && len(one.FixedIn) > 0:
		return p.T("problems.mine-fixed", "versions", show.Joined(", ", one.FixedIn...))
	case one.State == store.ProblemWontFix:
		return p.T("problems.mine-wont-fix")
	}
	return p.T("problems.mine-hint")
}

// postJoin says that the reader met the problem, with a line of theirs.
func (a pages) postJoin(r *web.Request) error {
	one, err := a.read(r, func(v *problem.View) bool { return v.MayJoin })
	if err != nil {
		return err
	}
	f := r.Form()
	line := f.Raw("text")
	if err = f.Err(); err == nil {
		_, err = a.Desk.Problems.Join(r.Actor(), one.ID, "", line)
	}
	if err != nil {
		return a.page(r, one, f, err)
	}
	return r.Done("flash.problem-joined", address.Problem(one.ID))
}

func (a pages) postLeave(r *web.Request) error {
	one, err := a.read(r, nil)
	if err == nil {
		_, err = a.Desk.Problems.Leave(r.Actor(), one.ID)
	}
	if err != nil {
		return err
	}
	return r.Done("flash.problem-left", address.Problem(one.ID))
}

// postAttach attaches the ticket of the number.
func (a pages) postAttach(r *web.Request) error {
	one, err := a.read(r, func(v *problem.View) bool { return v.MayAttach })
	if err != nil {
		return err
	}
	f := r.Form()
	number := f.ID("number")
	if number == 0 && len(f.Problems) == 0 {
		f.Refuse("number", "error.required")
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Problems.Attach(r.Actor(), one.ID, number)
	}
	if err != nil {
		return a.page(r, one, f, err)
	}
	return r.Done("flash.problem-attached", address.Problem(one.ID)+"#cases", "number", show.IDValue(number))
}

func (a pages) postDetach(r *web.Request) error {
	one, err := a.read(r, func(v *problem.View) bool { return v.MayAttach })
	if err != nil {
		return err
	}
	number, err := r.NumberOf("ticket")
	if err == nil {
		_, err = a.Desk.Problems.Detach(r.Actor(), one.ID, number)
	}
	if err != nil {
		return err
	}
	return r.Done("flash.problem-detached", address.Problem(one.ID)+"#cases", "number", show.IDValue(number))
}
