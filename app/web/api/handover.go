package api

import (
	"strings"

	"sportello/app/desk"
	"sportello/app/desk/leave"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiHolding is what somebody has, by kind.
type apiHolding struct {
	Tickets int `json:"tickets"`
	Drafts  int `json:"drafts"`
	Views   int `json:"views"`
	Replies int `json:"replies"`
}

// apiHandover says who gets what somebody has: "group" (tickets and drafts), a person's address, or a group's code (views
// and replies). What is left out stays.
type apiHandover struct {
	Tickets string `json:"tickets,omitempty"`
	Drafts  string `json:"drafts,omitempty"`
	Views   string `json:"views,omitempty"`
	Replies string `json:"replies,omitempty"`
}

type apiHandedOn struct {
	Moved int        `json:"moved"`
	Left  apiHolding `json:"left"`
}

func (a pages) holding(r *web.Request, id uint64) (apiHolding, error) {
	has, err := a.Desk.Leaving.Holding(r.Actor(), id)
	if err != nil {
		return apiHolding{}, err
	}
	return apiHolding{Tickets: has.Tickets, Drafts: has.Drafts, Views: has.Views, Replies: has.Replies}, nil
}

func (a pages) apiHolding(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	return program.Sends(r)(a.holding(r, id))
}

func (a pages) apiHandOn(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	if _, err := a.holding(r, id); err != nil {
		return err
	}
	var in apiHandover
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var form leave.Form
	var wrong fault.Problems
	err = a.Desk.Names(func(n desk.Names) {
		wrong = nil
		for _, k := range []struct {
			field, to string
			out       *store.Receiver
			own       bool // each goes back to a group of its own
		}{{"tickets", in.Tickets, &form.Tickets, true}, {"drafts", in.Drafts, &form.Drafts, true}, {"views", in.Views, &form.Views, false}, {"replies", in.Replies, &form.Replies, false}} {
			switch {
			case k.to == "":
			case k.own && k.to == "group":
				k.out.Back = true
			case strings.Contains(k.to, "@"):
				if p := n.PersonAt(k.to); p != nil {
					k.out.Person = p.ID
				} else {
					wrong.Add(k.field, "error.receiver")
				}
			case !k.own && n.GroupOf(k.to) != nil:
				k.out.Group = n.GroupOf(k.to).ID
			default:
				wrong.Add(k.field, "error.receiver")
			}
		}
	})
	if err == nil {
		err = wrong.Err()
	}
	if err != nil {
		return err
	}
	done, err := a.Desk.Leaving.HandOn(r.Ctx(), r.Actor(), id, form)
	if err != nil {
		return err
	}
	left, err := a.holding(r, id)
	if fault.IgnoreNotFound(err) != nil { // a supervisor who handed on the last of somebody who has left sees nothing of theirs any more
		return err
	}
	return r.JSON(apiHandedOn{Moved: done.Moved, Left: left})
}
