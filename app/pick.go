package app

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk"
)

// What the editor offers while somebody types: JSON lists, at most eight long, empty for those who are offered nothing.

type pickedPerson struct {
	Name   string `json:"name"`
	Handle string `json:"handle"`
}

// getPeoplePick offers agents to mention in a note: by the part of the address before the @ where that names one
// person, else by the whole address.
func (a *App) getPeoplePick(c *fiber.Ctx) error {
	found, err := a.desk.PickPeople(a.actor(c), clip(a.query(c).Raw("q"), 100), 8)
	if err != nil {
		return err
	}
	out := make([]pickedPerson, 0, len(found))
	for _, p := range found {
		local, _, _ := strings.Cut(p.Email, "@")
		handle := local
		same, err := a.desk.PickPeople(a.actor(c), local, 50)
		if err != nil {
			return err
		}
		if len(sameLocal(same, local)) > 1 {
			handle = p.Email
		}
		out = append(out, pickedPerson{p.Name, handle})
	}
	return c.JSON(out)
}

func sameLocal(picks []desk.Pick, local string) []desk.Pick {
	var out []desk.Pick
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

// getRepliesPick offers saved replies in the language of the ticket, which the page names.
func (a *App) getRepliesPick(c *fiber.Ctx) error {
	q := a.query(c)
	lang := q.Raw("lang")
	if lang != "it" && lang != "en" {
		lang = a.lang(c)
	}
	found, err := a.desk.PickReplies(a.actor(c), clip(q.Raw("q"), 100), lang, 8)
	if err != nil {
		return err
	}
	out := make([]pickedReply, 0, len(found))
	for _, r := range found {
		out = append(out, pickedReply{r.Title.In(lang), r.Body.In(lang)})
	}
	return c.JSON(out)
}
