package account

import (
	"net/http"

	"sportello/app/address"
	"sportello/app/desk/post"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
)

// noticesPage is the page behind the bell. Opening an unread notice is a button, because it changes something.
type noticesPage struct {
	web.Page
	Lines  []noticeLine
	Unread int
	Words  string // number of unread notices in words
}

type noticeLine struct {
	ID      uint64
	Ticket  uint64 // 0 for a notice about the person's own account
	Address string
	Text    string
	Subject string
	Why     string
	At      words.Moment
	Unread  bool

	Unproven bool // its sender is not verified
}

// noticesShown is how many notices the page lists; older ones no longer matter.
const noticesShown = 50

func (a pages) getNotices(r *web.Request) error {
	v := &noticesPage{Page: r.Page("bell.title")}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	lines, unread, err := a.Desk.Notices.List(r.Actor(), noticesShown)
	if err != nil {
		return err
	}
	v.Unread, v.Words = unread, v.Plural("bell.unread", unread)
	for _, n := range lines {
		who := n.Who
		if who == "" {
			who = v.T("bell.the-desk")
		}
		line := noticeLine{ID: n.ID, Ticket: n.Ticket, Address: address.Ticket(n.Ticket), Text: v.T("bell.event-"+n.Event, "who", who), Subject: n.Subject,
			At: v.Moment(n.At), Unread: !n.Read}
		if n.Reply != 0 {
			line.Address = address.Message(n.Ticket, n.Reply)
		}
		if n.Ticket == 0 && post.AccountEvent(n.Event) {
			line.Address = "/me"
		}
		line.Unproven = n.Unproven
		if n.Event == "view" {
			line.Text = v.T("bell.event-view", "view", n.Why) // for this event the reason is the name of the view
		} else if n.Event == "ending" {
			line.Text = v.T("bell.event-ending", "token", n.Why) // and for this one the name of the token
			if n.Why == "" {
				line.Text = v.T("bell.event-ending", "token", v.T("me.token-without-name"))
			}
		} else if n.Why != "" {
			line.Why = v.T("bell.why", "reason", n.Why)
		}
		v.Lines = append(v.Lines, line)
	}
	if err := show.House(a.Site, r, &v.Page, "/notices"); err != nil {
		return err
	}
	return r.Render("page/notices", v)
}

// postReadNotices marks the notices of one ticket, or all, as read, and redirects to that ticket or back.
func (a pages) postReadNotices(r *web.Request) error {
	f := r.Form()
	n, one := f.ID("ticket"), f.ID("notice")
	if err := f.Err(); err != nil {
		return err
	}
	if one != 0 { // a notice about the person's own account has no ticket
		if err := a.Desk.Notices.ReadNotice(r.Actor(), one); err != nil {
			return err
		}
		return r.Redirect("/me", http.StatusSeeOther)
	}
	to := address.Ticket(n)
	if n != 0 { // once they are read nothing tells any more where the reader left off
		switch left, err := a.Desk.Tickets.LeftOff(r.Actor(), n); {
		case err == nil && left != 0:
			to = address.Message(n, left)
		case err != nil && store.KindOf(err) != store.NotFound:
			return err
		}
	}
	if err := a.Desk.Notices.ReadNotices(r.Actor(), n); err != nil {
		return err
	}
	if n != 0 {
		return r.Redirect(to, http.StatusSeeOther)
	}
	return r.Done("flash.notices-read", "/notices")
}
