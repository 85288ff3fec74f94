package queue

import (
	"strings"

	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/web/show"
)

// What the editor offers while somebody types: JSON lists of at most eight entries, empty for people who may not use
// them.

type pickedPerson struct {
	Name   string `json:"name"`
	Handle string `json:"handle"`
}

// getPeoplePick offers agents to mention in a note: by the part of the address before the @ if only one person has it,
// else by the whole address.
func (a pages) getPeoplePick(r *web.Request) error {
	found, err := a.Desk.People.Pick(r.Actor(), show.Clip(r.QueryForm().Raw("q"), 100), 8)
	if err != nil {
		return err
	}
	out := make([]pickedPerson, 0, len(found))
	for _, p := range found {
		local, _, _ := strings.Cut(p.Email, "@")
		handle := local
		same, err := a.Desk.People.Pick(r.Actor(), local, 50)
		if err != nil {
			return err
		}
		if len(sameLocal(same, local)) > 1 {
			handle = p.Email
		}
		out = append(out, pickedPerson{p.Name, handle})
	}
	return r.JSON(out)
}

func sameLocal(picks []people.Pick, local string) []people.Pick {
	var out []people.Pick
	for _, p := range picks {
		if l, _, _ := strings.Cut(p.Email, "@"); l == local {
			out = append(out, p)
		}
	}
	return out
}

type pickedReply struct {
	Title string `json:"title"`
	Body  string `json:"body"`
}

// getRepliesPick offers saved replies in the ticket's language, which the page sends along.
func (a pages) getRepliesPick(r *web.Request) error {
	q := r.QueryForm()
	lang := q.Raw("lang")
	if lang != "it" && lang != "en" {
		lang = r.Lang()
	}
	found, err := a.Desk.Queues.PickReplies(r.Actor(), show.Clip(q.Raw("q"), 100), lang, 8)
	if err != nil {
		return err
	}
	out := make([]pickedReply, 0, len(found))
	for _, reply := range found {
		out = append(out, pickedReply{reply.Title.In(lang), reply.Body.In(lang)})
	}
	return r.JSON(out)
}
