package show

import (
	"html/template"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/problem"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/store"
)

// ProblemLine is one known problem in a list.
type ProblemLine struct {
	Number   uint64
	ID       string // the number, as forms have it
	Name     string // its module
	Title    string
	Lang     string // of the title; empty when it is the reader's
	Address  string
	State    Mark
	Out      *Mark // because of it a service stands still
	Meta     string
	Concerns string
}

var problemMarks = map[store.ProblemState]Mark{
	store.ProblemSuspected:  {"info", "", ""},
	store.ProblemConfirmed:  {"warn", "badge-wait", ""},
	store.ProblemBeingFixed: {"clock", "badge-brand", ""},
	store.ProblemFixed:      {"check", "badge-calm", ""},
	store.ProblemWontFix:    {"close", "", ""},
}

// ProblemMark returns the sign of a state of a known problem.
func ProblemMark(p *web.Page, s store.ProblemState) Mark {
	m := problemMarks[s]
	m.Words = p.T("problems.state-" + s.String())
	return m
}

// OutMark returns the sign of a problem because of which a service stands still, nil for any other.
func OutMark(p *web.Page, is *store.Problem) *Mark {
	if !is.Outage.Runs(p.Now) {
		return nil
	}
	return &Mark{"warn", "badge-alarm", p.T("problems.out")}
}

// ProblemLineOf returns the line of a known problem in a list.
func ProblemLineOf(p *web.Page, one *problem.View, levels []catalogue.Level) ProblemLine {
	l := ProblemLine{Number: one.ID, ID: IDValue(one.ID), Name: ModuleName(p, one.Module, levels), Address: address.Problem(one.ID), State: ProblemMark(p, one.State), Out: OutMark(p, one.Problem), Concerns: Concerns(p, one.Counts)}
	l.Title, l.Lang = InLanguage(one.Title, p.Lang)
	l.Meta = AffectedWords(p, one.Affected)
	switch versions := Joined(", ", one.FixedIn...); {
	case versions == "" || one.State == store.ProblemWontFix:
	case one.State == store.ProblemFixed:
		l.Meta = Joined(" · ", l.Meta, p.T("problems.fixed-in", "versions", versions))
	default: // it is on its way, or its update was withdrawn
		l.Meta = Joined(" · ", l.Meta, p.T("problems.fixed-in-future", "versions", versions))
	}
	return l
}

// AffectedWords says which versions a problem is in.
func AffectedWords(p *web.Page, ranges []store.Range) string {
	out := ""
	for _, r := range ranges {
		out = Joined(", ", out, RangeWords(p, r.From, r.Until))
	}
	if out == "" {
		return p.T("problems.all-versions")
	}
	return out
}

// RangeWords says which versions a range has.
func RangeWords(p *web.Page, from, until string) string {
	switch {
	case from == "" && until == "":
		return p.T("problems.all-versions")
	case from == "":
		return p.T("problems.before", "until", until)
	case until == "":
		return p.T("problems.since", "from", from)
	}
	return p.T("problems.between", "from", from, "until", until)
}

// Concerns says how many a problem concerns; empty for nobody, as far as the reader may know.
func Concerns(p *web.Page, c problem.Counts) string {
	out := ""
	switch {
	case c.Few:
		out = p.T("problems.few")
	case c.Organisations > 0:
		out = p.Plural("problems.organisations", c.Organisations)
	}
	if c.Persons > 0 {
		out = Joined(", ", out, p.Plural("problems.persons", c.Persons))
	}
	if c.Tickets > 0 {
		out = Joined(", ", out, p.Plural("problems.cases", c.Tickets))
	}
	return out
}

// ModuleName is what people call a module: with its product, in short.
func ModuleName(p *web.Page, m *store.Module, levels []catalogue.Level) string {
	name := ShortName(m.Name.In(p.Lang))
	if l := LevelByCode(levels, m.Code); l != nil && len(l.Above) > 0 {
		if top := LevelOf(levels, l.Above[0]); top != nil {
			name = ShortName(top.Name.In(p.Lang)) + " " + name
		}
	}
	return name
}

// KnownOffer is a known problem as it is offered to somebody who is about to report one.
type KnownOffer struct {
	ProblemLine
	Workaround template.HTML
	Lang2      string // of the workaround; empty when it is the reader's
	MayJoin    bool
	Joined     bool
}

// KnownOfferOf returns the problem of a list as an offer, with what to do meanwhile.
func KnownOfferOf(s *web.Site, r *web.Request, p *web.Page, one *problem.View) (KnownOffer, error) {
	read, err := s.Desk.Problems.Read(r.Actor(), one.ID)
	if err != nil {
		return KnownOffer{}, err
	}
	o := KnownOffer{ProblemLine: ProblemLineOf(p, read, nil), MayJoin: read.MayJoin, Joined: read.Joined}
	if text, other := InLanguage(read.Workaround, p.Lang); text != "" {
		o.Workaround, o.Lang2 = markup.Part(text), other
	}
	return o, nil
}
