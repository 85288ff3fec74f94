package ticket

import (
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/problem"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// knownBox has the known problems and updates of a ticket, for agents: those it is attached to, those that it may be, and the
// ways to make it one.
type knownBox struct {
	Attached []knownLine
	Likely   []knownLine
	New      string // address of the form that makes a known problem of the ticket; empty for whoever may write none
	Updates  []web.Link
	Update   string // address of the form that makes an update of the ticket's mail; empty for whoever may write none
}

type knownLine struct {
	ID    uint64
	Title string
	Link  string
	Lang  string // of the title; empty when it is the reader's
	State show.Mark
	May   bool // attach the ticket to it, or take the ticket away
}

// mostLikely is how many known problems are offered for a ticket.
const mostLikely = 3

func knownLineOf(p *web.Page, one *problem.View) knownLine {
	l := knownLine{ID: one.ID, Link: address.Problem(one.ID), State: show.ProblemMark(p, one.State), May: one.MayAttach}
	l.Title, l.Lang = show.InLanguage(one.Title, p.Lang)
	return l
}

// likely returns the known problems that may be the one of a text about the module and version: those that look like it, the
// likeliest first, then others of the module that are not fixed.
func (a pages) likely(r *web.Request, module uint64, version, text string, most int) ([]*problem.View, error) {
	if module == 0 {
		return nil, nil
	}
	out, err := a.Desk.Problems.Offers(r.Actor(), module, version, text, most)
	if err != nil {
		return nil, err
	}
	list, err := a.Desk.Problems.List(r.Actor(), problem.Filter{Module: module, Version: version, Limit: most})
	if err != nil {
		return nil, err
	}
	for _, one := range list.Problems {
		if one.State == store.ProblemFixed || one.State == store.ProblemWontFix { // these come last
			break
		}
		if len(out) < most && !slices.ContainsFunc(out, func(v *problem.View) bool { return v.ID == one.ID }) {
			out = append(out, one)
		}
	}
	return out, nil
}

// known fills in the known problems of the ticket.
func (a pages) known(r *web.Request, v *ticketPage, t *ticket.View) error {
	is, err := a.Desk.Problems.OfTicket(r.Actor(), v.ID)
	if err != nil {
		return err
	}
	attached := map[uint64]bool{}
	for _, one := range is {
		attached[one.ID] = true
		v.Known.Attached = append(v.Known.Attached, knownLineOf(&v.Page, one))
	}
	text := t.Ticket.Subject
	if len(t.Messages) > 0 {
		text += "\n" + t.Messages[0].Body
	}
	likely, err := a.likely(r, t.Ticket.Module, t.Ticket.Affected, text, mostLikely+len(is))
	if err != nil {
		return err
	}
	for _, one := range likely {
		if one.MayAttach && !attached[one.ID] && len(v.Known.Likely) < mostLikely {
			v.Known.Likely = append(v.Known.Likely, knownLineOf(&v.Page, one))
		}
	}
	if !v.MayWork {
		return nil
	}
	switch err := a.Desk.Problems.MayMake(r.Actor(), v.ID); fault.KindOf(err) {
	case fault.Denied, fault.NotFound, fault.SignIn:
	default:
		if err != nil {
			return err
		}
		v.Known.New = address.NewProblem(v.ID)
	}
	return nil
}

// updates fills in the updates that the ticket is linked to.
func (a pages) updates(r *web.Request, v *ticketPage) error {
	list, err := a.Desk.Releases.OfTicket(r.Actor(), v.ID)
	if err != nil {
		return err
	}
	if v.Known.Updates, err = show.ReleaseLinks(a.Site, &v.Page, list); err != nil || !v.MayWork {
		return err
	}
	switch err := a.Desk.Releases.MayTake(r.Actor(), v.ID); fault.KindOf(err) {
	case fault.Denied, fault.NotFound, fault.SignIn, fault.Invalid:
	default:
		if err != nil {
			return err
		}
		v.Known.Update = address.NewRelease(v.ID)
	}
	return nil
}

// postKnown attaches the ticket to a known problem, or takes it away from one.
func (a pages) postKnown(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	t, err := a.Desk.Tickets.Read(r.Actor(), n)
	if err == nil && !t.Agents {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	if err != nil {
		return err
	}
	f := r.Form()
	number, flash := f.ID("problem"), "flash.ticket-known"
	if number == 0 && len(f.Problems) == 0 {
		f.Refuse("problem", "error.required")
	}
	if err = f.Err(); err == nil {
		if f.Raw("act") == "detach" {
			flash = "flash.ticket-known-no-more"
			_, err = a.Desk.Problems.Detach(r.Actor(), number, n)
		} else {
			_, err = a.Desk.Problems.Attach(r.Actor(), number, n)
		}
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Denied) { // of the problem: the ticket was read
		f.Refuse("problem", "error.problem-unknown", "number", number)
		err = f.Err()
	}
	if err != nil {
		return a.ticketAgain(r, n, ticketAct{part: "problems", moved: map[string]string{"number": "problem"}}, f, err)
	}
	return r.Done(flash, a.afterStep(r, n, f), "number", show.IDValue(number))
}

// alikeKnown returns the known problems of the module with the code that somebody who opens a ticket is offered first.
func (a pages) alikeKnown(r *web.Request, p *web.Page, code, version, text string) ([]show.KnownOffer, error) {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return nil, err
	}
	l := show.LevelByCode(levels, code)
	if l == nil {
		return nil, nil
	}
	list, err := a.likely(r, l.ID, version, text, mostLikely)
	if err != nil {
		return nil, err
	}
	var out []show.KnownOffer
	for _, one := range list {
		offer, err := show.KnownOfferOf(a.Site, r, p, one)
		if err != nil {
			return nil, err
		}
		out = append(out, offer)
	}
	return out, nil
}

// joinKnown says that the reader met the known problem of the number instead of opening a ticket: the subject that they typed
// is the line of theirs.
func (a pages) joinKnown(r *web.Request, f *web.Form, known string) error {
	number, err := strconv.ParseUint(known, 10, 64)
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	line := show.Clip(strings.Join(strings.Fields(f.Raw("subject")), " "), store.Cases.Most("text")-1)
	if _, err := a.Desk.Problems.Join(r.Actor(), number, "", line); err != nil {
		return err
	}
	return r.Done("flash.problem-joined", address.Problem(number))
}
