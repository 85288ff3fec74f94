package admin

import (
	"strconv"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// sightPage says why a person may or may not see a ticket, rule by rule.
type sightPage struct {
	show.AdminPage
	Email   string
	Verdict string // empty until a ticket is named
	Sees    bool
	Ticket  string // address of the ticket
	Facts   []show.FactLine
	Rules   []sightRule
	Reason  string // address where the reader gives a reason first
}

type sightRule struct {
	Name, Words string
	Opens       bool
}

func sightPath(person uint64) string { return address.Person(person) + "/sight" }

func (a pages) getSight(r *web.Request) error {
	p, err := a.personInHand(r)
	if err != nil {
		return err
	}
	v := &sightPage{AdminPage: show.Admin(a.Site, r, "people", "sight.title", "name", p.Name), Email: p.Email}
	v.Crumb(p.Name, address.Person(p.ID))
	v.End(v.T("sight.short"))
	v.Path = sightPath(p.ID)
	q := r.QueryForm()
	v.Form = q
	if q.Raw("ticket") == "" {
		return r.Render("page/admin-sight", v)
	}
	number := q.ID("ticket")
	if err := q.Err(); err != nil || number == 0 {
		return a.sightRefused(r, v, q)
	}
	why, err := a.Desk.Tickets.Why(r.Actor(), p.ID, number)
	switch kind := fault.KindOf(err); {
	case err == nil:
	case kind == fault.Denied:
		v.Reason = address.Ticket(number)
		return r.Render("page/admin-sight", v)
	case kind == fault.NotFound:
		return a.sightRefused(r, v, q)
	default:
		return err
	}
	v.Sees, v.Ticket = why.Sees, address.Ticket(number)
	verdict := "sight.no"
	switch {
	case why.Notes:
		verdict = "sight.all"
	case why.Sees:
		verdict = "sight.yes"
	}
	v.Verdict = v.T(verdict, "name", p.Name, "number", strconv.FormatUint(number, 10))
	if err := a.sightFacts(v, why); err != nil {
		return err
	}
	return r.Render("page/admin-sight", v)
}

// sightRefused says that the reader sees no such ticket: the same whether there is none or they may not.
func (a pages) sightRefused(r *web.Request, v *sightPage, q *web.Form) error {
	q.Problems = nil
	q.Refuse("ticket", "error.sight-ticket")
	if err := v.Refill(q, q.Err()); err != nil {
		return err
	}
	return r.Render("page/admin-sight", v)
}

// sightFacts fills in what the decision rests on, and the rules.
func (a pages) sightFacts(v *sightPage, why *policy.Why) error {
	place, level := "", ""
	err := a.Desk.Names(func(n desk.Names) {
		place, level = n.Place(why.Ticket.Organisation, why.Ticket.Unit), n.Place(why.Share.At.Organisation, why.Share.At.Unit)
	})
	if err != nil {
		return err
	}
	add := func(name, text string) {
		v.Facts = append(v.Facts, show.FactLine{Name: v.T("sight." + name), Text: text})
	}
	yesNo := func(is bool) string {
		if is {
			return v.T("sight.is")
		}
		return v.T("sight.is-not")
	}
	if place == "" {
		add("opened-under", v.T("sight.nowhere"))
	} else {
		add("opened-under", place)
		add("shared", v.T("sight.shared-with", "place", level, "with", v.T("sharing.with-"+sharingValue(why.Share.With))))
	}
	add("narrowed", yesNo(why.Narrowed))
	add("confidential", yesNo(why.Confidential))
	if why.Reason {
		add("reason", v.T("sight.reason-given"))
	}
	if why.Spam {
		add("spam", v.T("sight.spam-hint"))
	}
	if why.Disabled || why.Outside {
		add("account", v.T("sight.account-closed"))
	}
	for _, rule := range why.Rules {
		line := sightRule{Name: v.T("sight.relation-" + rule.Relation), Opens: rule.Opens && why.Sees}
		switch {
		case rule.Bar != "":
			line.Words = v.T("sight.bar-"+string(rule.Bar), "place", level)
		case !rule.Is:
			line.Words = v.T("sight.relation-not")
		default:
			line.Words = v.T("sight.word-" + rule.Word)
		}
		v.Rules = append(v.Rules, line)
	}
	return nil
}
