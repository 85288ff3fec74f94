package queue

import (
	"net/http"
	"net/url"
	"strconv"

	"sportello/app/desk/queue"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// repliesPage lists the saved replies that an agent may insert: their own, then each group's.
type repliesPage struct {
	web.Page
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
	web.Page
	ID     uint64
	Act    string
	Rev    uint64
	Owner  string // the owner, which cannot be changed
	Fixed  bool   // a group's reply, which the reader may insert but not change
	Groups []show.Choice
}

// helpPage shows the keyboard shortcuts as a page.
type helpPage struct{ web.Page }

func (a pages) getHelp(r *web.Request) error {
	v := &helpPage{r.Workbench("keys.help")}
	v.Nav = "desk"
	if err := show.QueueSide(a.Site, r, &v.Page, "/desk/help"); err != nil {
		return err
	}
	return r.Render("page/desk-help", v)
}

func (a pages) getReplies(r *web.Request) error {
	v := &repliesPage{Page: r.Workbench("replies.title")}
	v.Nav = "desk"
	all, err := a.Desk.Queues.Replies(r.Actor())
	if err != nil {
		return err
	}
	for _, reply := range all {
		heading := reply.GroupName
		if reply.Group == 0 {
			heading = v.T("replies.own-list")
		}
		line := replyLine{Title: reply.Title.In(v.Lang), Address: "/desk/replies/" + strconv.FormatUint(reply.ID, 10), Excerpt: markup.Excerpt(markup.Plain(markup.MessageFmt, reply.Body.In(v.Lang)), 160)}
		switch {
		case reply.Body.IT != "" && reply.Body.EN != "":
			line.Languages = "IT, EN"
		case reply.Body.EN != "":
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
	if err := show.QueueSide(a.Site, r, &v.Page, "/desk/replies"); err != nil {
		return err
	}
	return r.Render("page/saved-replies", v)
}

// replyOf returns the saved reply named in the address if the actor may insert it, nil for the form of a new one.
func (a pages) replyOf(r *web.Request) (*queue.Reply, error) {
	if r.Param("n") == "" {
		return nil, nil
	}
	all, err := a.Desk.Queues.Replies(r.Actor())
	if err != nil {
		return nil, err
	}
	for i := range all {
		if strconv.FormatUint(all[i].ID, 10) != r.Param("n") {
			continue
		}
		return &all[i], nil
	}
	return nil, fault.New(fault.NotFound, "error.not-found")
}

func (a pages) getReply(r *web.Request) error { return a.replyPage(r, nil, nil) }

func (a pages) replyPage(r *web.Request, f *web.Form, err error) error {
	reply, problem := a.replyOf(r)
	if problem != nil {
		return problem
	}
	key := "replies.new"
	if reply != nil {
		key = "replies.edit"
	}
	v := &replyPage{Page: r.Workbench(key), Act: "/desk/replies"}
	v.Nav = "desk"
	v.Crumb(v.T("replies.title"), "/desk/replies")
	v.Crumb(v.Title, "")
	values := url.Values{}
	if reply != nil {
		v.ID, v.Rev, v.Act, v.Fixed = reply.ID, reply.Rev, "/desk/replies/"+strconv.FormatUint(reply.ID, 10), !reply.MayChange
		if v.Owner = reply.GroupName; v.Owner == "" {
			v.Owner = v.T("replies.own")
		}
		values = url.Values{"title-it": {reply.Title.IT}, "title-en": {reply.Title.EN}, "body-it": {reply.Body.IT}, "body-en": {reply.Body.EN}}
	}
	v.Fill(values)
	if f == nil {
		v.Resume(r)
	} else if problem := v.refillReply(f, err); problem != nil {
		return problem
	}
	if reply == nil {
		groups, err := a.Desk.People.Groups(r.Actor())
		if err != nil {
			return err
		}
		for _, g := range groups {
			id := strconv.FormatUint(g.ID, 10)
			if !g.Retired && (r.Actor().Person.InGroup(g.ID) || v.IsAdministrator) {
				v.Groups = append(v.Groups, show.Choice{Value: id, Label: g.Name.In(v.Lang), Chosen: v.Chosen("group", id)})
			}
		}
	}
	if err := show.QueueSide(a.Site, r, &v.Page, v.Act); err != nil {
		return err
	}
	return r.Render("page/saved-reply", v)
}

// refillReply is Refill with a conflict shown above the form: the texts stay, the revision is the current one.
func (v *replyPage) refillReply(f *web.Form, err error) error {
	if fault.KindOf(err) == fault.Conflict {
		said := fault.New(fault.Invalid, "error.reply-changed")
		if problem := v.Refill(f, said); problem != nil {
			return problem
		}
		v.Status = http.StatusConflict
		return nil
	}
	return v.Refill(f, err)
}

// postReply adds or changes a saved reply.
func (a pages) postReply(r *web.Request) error {
	if r.Param("n") != "" { // before the values are looked at
		n, err := r.Number()
		if err == nil {
			err = a.Desk.Queues.MayChangeReply(r.Actor(), n)
		}
		if err != nil {
			return err
		}
	}
	f := r.Form()
	form := queue.ReplyForm{Group: f.ID("group"), Title: store.Words{IT: f.Text("title-it", store.Most("replies.title.it")), EN: f.Text("title-en", store.Most("replies.title.en"))},
		Body: store.Words{IT: f.Body("body-it"), EN: f.Body("body-en")}}
	rev := f.ID("rev")
	flash := "flash.reply-added"
	err := f.Err()
	switch {
	case err != nil:
	case r.Param("n") == "":
		_, err = a.Desk.Queues.AddReply(r.Actor(), form)
	default:
		var n uint64
		flash = "flash.reply-changed"
		if n, err = r.Number(); err == nil {
			_, err = a.Desk.Queues.ChangeReply(r.Actor(), n, rev, form)
		}
	}
	if err != nil {
		return a.replyPage(r, f, err)
	}
	return r.Done(flash, "/desk/replies")
}

func (a pages) postRemoveReply(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.Queues.RemoveReply(r.Actor(), n); err != nil {
		return err
	}
	return r.Done("flash.reply-removed", "/desk/replies")
}
