package app

import (
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk"
	"sportello/app/markup"
	"sportello/store"
)

// repliesPage lists the saved replies that an agent may insert: one's own, then each group's.
type repliesPage struct {
	Page
	Parts []repliesPart
}

type repliesPart struct {
	Heading string
	Replies []replyLine
}

type replyLine struct {
	Title     string
	Address   string
	Excerpt   string
	Languages string
}

// replyPage is the form of one saved reply, in both languages.
type replyPage struct {
	Page
	ID     uint64
	Act    string
	Rev    uint64
	Owner  string // to whom it belongs, which stays
	Fixed  bool   // a group's, which the reader may only insert
	Groups []option
}

// helpPage is what the shortcuts' window says, as a page of its own.
type helpPage struct{ Page }

func (a *App) getHelp(c *fiber.Ctx) error {
	v := &helpPage{a.workbench(c, "keys.help")}
	v.Nav = "desk"
	if err := a.queueSide(c, &v.Page, "/desk/help"); err != nil {
		return err
	}
	return a.render(c, "page/desk-help", v)
}

func (a *App) getReplies(c *fiber.Ctx) error {
	v := &repliesPage{Page: a.workbench(c, "replies.title")}
	v.Nav = "desk"
	all, err := a.desk.Replies(a.actor(c))
	if err != nil {
		return err
	}
	for _, r := range all {
		heading := r.GroupName
		if r.Group == 0 {
			heading = v.T("replies.own-list")
		}
		line := replyLine{Title: r.Title.In(v.Lang), Address: "/desk/replies/" + strconv.FormatUint(r.ID, 10), Excerpt: markup.Excerpt(markup.Plain(markup.MessageFmt, r.Body.In(v.Lang)), 160)}
		switch {
		case r.Body.IT != "" && r.Body.EN != "":
			line.Languages = "IT, EN"
		case r.Body.EN != "":
			line.Languages = "EN"
		default:
			line.Languages = "IT"
		}
		if n := len(v.Parts); n == 0 || v.Parts[n-1].Heading != heading {
			v.Parts = append(v.Parts, repliesPart{Heading: heading})
		}
		part := &v.Parts[len(v.Parts)-1]
		part.Replies = append(part.Replies, line)
	}
	if err := a.queueSide(c, &v.Page, "/desk/replies"); err != nil {
		return err
	}
	return a.render(c, "page/saved-replies", v)
}

// replyOf returns the saved reply of the address among those the actor may insert; nil for the form of a new one.
func (a *App) replyOf(c *fiber.Ctx) (*desk.Reply, error) {
	if c.Params("n") == "" {
		return nil, nil
	}
	all, err := a.desk.Replies(a.actor(c))
	if err != nil {
		return nil, err
	}
	for i := range all {
		if strconv.FormatUint(all[i].ID, 10) != c.Params("n") {
			continue
		}
		return &all[i], nil
	}
	return nil, store.Fail(store.NotFound, "error.not-found")
}

func (a *App) getReply(c *fiber.Ctx) error { return a.replyPage(c, nil, nil) }

func (a *App) replyPage(c *fiber.Ctx, f *Form, err error) error {
	r, problem := a.replyOf(c)
	if problem != nil {
		return problem
	}
	key := "replies.new"
	if r != nil {
		key = "replies.edit"
	}
	v := &replyPage{Page: a.workbench(c, key), Act: "/desk/replies"}
	v.Nav = "desk"
	v.Crumb(v.T("replies.title"), "/desk/replies")
	v.Crumb(v.Title, "")
	values := url.Values{}
	if r != nil {
		v.ID, v.Rev, v.Act, v.Fixed = r.ID, r.Rev, "/desk/replies/"+strconv.FormatUint(r.ID, 10), !r.MayChange
		if v.Owner = r.GroupName; v.Owner == "" {
			v.Owner = v.T("replies.own")
		}
		values = url.Values{"title-it": {r.Title.IT}, "title-en": {r.Title.EN}, "body-it": {r.Body.IT}, "body-en": {r.Body.EN}}
	}
	v.fill(values)
	if f == nil {
		v.resume(c)
	} else if problem := v.refillReply(f, err); problem != nil {
		return problem
	}
	if r == nil {
		groups, err := a.desk.Groups(a.actor(c))
		if err != nil {
			return err
		}
		for _, g := range groups {
			id := strconv.FormatUint(g.ID, 10)
			if !g.Retired && (a.actor(c).Person.InGroup(g.ID) || v.IsAdministrator) {
				v.Groups = append(v.Groups, option{id, g.Name.In(v.Lang), v.Chosen("group", id)})
			}
		}
	}
	if err := a.queueSide(c, &v.Page, v.Act); err != nil {
		return err
	}
	return a.render(c, "page/saved-reply", v)
}

// refillReply is refill with a conflict told above the form: the texts stay, the revision is the one there is now.
func (v *replyPage) refillReply(f *Form, err error) error {
	if store.KindOf(err) == store.Conflict {
		said := store.Fail(store.Invalid, "error.reply-changed")
		if problem := v.refill(f, said); problem != nil {
			return problem
		}
		v.Status = fiber.StatusConflict
		return nil
	}
	return v.refill(f, err)
}

// postReply adds or changes a saved reply.
func (a *App) postReply(c *fiber.Ctx) error {
	f := a.form(c)
	form := desk.ReplyForm{Group: f.ID("group"), Title: store.Words{IT: f.Text("title-it", store.Most("replies.title.it")), EN: f.Text("title-en", store.Most("replies.title.en"))},
		Body: store.Words{IT: f.Body("body-it"), EN: f.Body("body-en")}}
	rev := f.ID("rev")
	flash := "flash.reply-added"
	err := f.Err()
	switch {
	case err != nil:
	case c.Params("n") == "":
		_, err = a.desk.AddReply(a.actor(c), form)
	default:
		var n uint64
		flash = "flash.reply-changed"
		if n, err = ticketNumber(c); err == nil {
			_, err = a.desk.ChangeReply(a.actor(c), n, rev, form)
		}
	}
	if err != nil {
		return a.replyPage(c, f, err)
	}
	return a.done(c, flash, "/desk/replies")
}

func (a *App) postRemoveReply(c *fiber.Ctx) error {
	n, err := ticketNumber(c)
	if err != nil {
		return err
	}
	if err := a.desk.RemoveReply(a.actor(c), n); err != nil {
		return err
	}
	return a.done(c, "flash.reply-removed", "/desk/replies")
}
