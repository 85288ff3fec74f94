package admin

import (
	"fmt"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/leave"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// handoverPage shows what somebody has, and hands it on.
type handoverPage struct {
	show.AdminPage
	Path    string
	Kinds   []handoverKind
	Tickets []web.Link // those that come first
	More    string     // how many are not listed
	Moving  bool       // something is being handed on now
}

// handoverKind is one kind of things, and who may get them.
type handoverKind struct {
	Field, Label, Count string
	None                bool // there are none: nothing is asked
	Choices             []show.ChoiceGroup
}

// The values of the choices: back to the group of each, a person, a group.
const (
	toBack   = "back"
	toPerson = "person-"
	toGroup  = "group-"
)

func (a pages) getHandover(r *web.Request) error { return a.handoverPage(r, nil, nil) }

func (a pages) handoverPage(r *web.Request, f *web.Form, err error) error {
	n, bad := r.Number()
	if bad != nil {
		return bad
	}
	has, bad := a.Desk.Leaving.Holding(r.Actor(), n)
	if bad != nil {
		return bad
	}
	people, bad := a.Desk.Leaving.Receivers(r.Actor(), n)
	if bad != nil {
		return bad
	}
	groups, bad := a.Desk.People.Groups(r.Actor())
	if bad != nil {
		return bad
	}
	v := &handoverPage{AdminPage: show.Admin(a.Site, r, "people", "leave.title", "name", has.Person.Name), Path: address.Person(n) + "/handover", Moving: has.Moving != nil}
	if policy.MaySeeAccount(r.Actor(), has.Person) {
		v.Crumb(has.Person.Name, address.Person(n))
	}
	v.End(v.T("leave.short"))
	if f == nil && !v.Resume(r) {
		v.Fill(nil)
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	for _, t := range has.First {
		v.Tickets = append(v.Tickets, web.Link{Label: fmt.Sprintf("#%d %s", t.ID, t.Subject), Address: address.Ticket(t.ID)})
	}
	if more := has.Tickets - len(has.First); more > 0 {
		v.More = v.Plural("leave.more", more)
	}
	for _, k := range []struct {
		field    string
		n        int
		back, to bool // to the group of each; to a group, which only who hands on everything may
	}{{"tickets", has.Tickets, true, false}, {"drafts", has.Drafts, true, false}, {"views", has.Views, false, true}, {"replies", has.Replies, false, true}} {
		if k.to && !has.Whole {
			continue
		}
		kind := handoverKind{Field: k.field, Label: v.T("leave." + k.field), Count: v.Number(k.n), None: k.n == 0}
		option := func(value, label string) show.Choice {
			return show.Choice{Value: value, Label: label, Chosen: v.Chosen(k.field, value)}
		}
		first := []show.Choice{option("", v.T("leave.stay"))}
		if k.back {
			first = append(first, option(toBack, v.T("leave.back-"+k.field)))
		}
		kind.Choices = append(kind.Choices, show.ChoiceGroup{Options: first})
		var some show.ChoiceGroup
		some.Label = v.T("leave.to-person")
		for _, p := range people {
			if k.field == "drafts" || p.IsAgent() || p.Administrator {
				some.Options = append(some.Options, option(toPerson+strconv.FormatUint(p.ID, 10), p.Name))
			}
		}
		kind.Choices = append(kind.Choices, some)
		if k.to {
			all := show.ChoiceGroup{Label: v.T("leave.to-group")}
			for _, g := range groups {
				if !g.Retired {
					all.Options = append(all.Options, option(toGroup+strconv.FormatUint(g.ID, 10), g.Name.In(v.Lang)))
				}
			}
			kind.Choices = append(kind.Choices, all)
		}
		v.Kinds = append(v.Kinds, kind)
	}
	return r.Render("page/admin-handover", v)
}

// receiver reads who gets the things of one kind.
func receiver(f *web.Form, field string) store.Receiver {
	var out store.Receiver
	value := f.Raw(field)
	number := func(prefix string) (id uint64) {
		s, ok := strings.CutPrefix(value, prefix)
		if !ok {
			return 0
		}
		id, err := strconv.ParseUint(s, 10, 64)
		if err != nil || id == 0 {
			f.Refuse(field, "error.choice")
		}
		return id
	}
	switch out = (store.Receiver{Person: number(toPerson), Group: number(toGroup), Back: value == toBack}); {
	case value != "" && out == store.Receiver{}, out.Group != 0 && field != "views" && field != "replies", out.Back && field != "tickets" && field != "drafts":
		f.Refuse(field, "error.choice")
	}
	return out
}

func (a pages) postHandover(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if _, err := a.Desk.Leaving.Holding(r.Actor(), n); err != nil {
		return err
	}
	f := r.Form()
	form := leave.Form{Tickets: receiver(f, "tickets"), Drafts: receiver(f, "drafts"), Views: receiver(f, "views"), Replies: receiver(f, "replies")}
	var done *store.Handover
	if err = f.Err(); err == nil {
		done, err = a.Desk.Leaving.HandOn(r.Ctx(), r.Actor(), n, form)
	}
	if err != nil {
		return a.handoverPage(r, f, err)
	}
	to := address.Person(n) + "/handover"
	if _, err := a.Desk.Leaving.Holding(r.Actor(), n); fault.KindOf(err) == fault.NotFound && err != nil {
		to = "/admin/people" // the last of somebody who is no longer in the supervisor's groups
	}
	return r.Done("flash.handed-on", to, "n", strconv.Itoa(done.Moved))
}

// doneLeaving answers an act by which somebody left a group or the desk: it leads to the page that hands on what they have,
// and says how much that is, where the reader may hand it on and there is something; else it answers as Done does.
func (a pages) doneLeaving(r *web.Request, person uint64, flash, to string, args ...any) error {
	has, err := a.Desk.Leaving.Holding(r.Actor(), person)
	if kind := fault.KindOf(err); err != nil && kind != fault.NotFound && kind != fault.Denied {
		return err
	}
	left := err == nil && has.Tickets+has.Drafts+has.Views+has.Replies > 0
	if left && !policy.MaySeeAccount(r.Actor(), has.Person) {
		left = has.Drafts > 0 // tickets go back to the group by themselves, and then there would be no page
	}
	if !left {
		return r.Done(flash, to, args...)
	}
	return r.Done("flash.left-work", address.Person(person)+"/handover", "name", has.Person.Name, "tickets", strconv.Itoa(has.Tickets), "drafts", strconv.Itoa(has.Drafts),
		"views", strconv.Itoa(has.Views), "replies", strconv.Itoa(has.Replies))
}
