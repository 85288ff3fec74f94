package account

import (
	"net/http"

	"sportello/app/address"
	"sportello/app/desk/post"
	"sportello/app/web"
	"sportello/app/words"
)

// noticesPage is what stands behind the bell. Opening an unread notice is a button, because it changes something.
type noticesPage struct {
	web.Page
	Lines  []noticeLine
	Unread int
	Words  string // how many are unread
}

type noticeLine struct {
	ID      uint64
	Ticket  uint64 // 0 about one's own account
	Address string
	Text    string
	Subject string
	Why     string
	At      words.Moment
	Unread  bool

	Unproven bool // its sender is not verified
}

// noticesShown is how many notices the page lists; older ones have had their time.
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
		if n.Ticket == 0 && post.AccountEvent(n.Event) {
			line.Address = "/me"
		}
		line.Unproven = n.Unproven
		if n.Event == "view" {
			line.Text = v.T("bell.event-view", "view", n.Why) // the reason of such a notice is the view
		} else if n.Event == "ending" {
			line.Text = v.T("bell.event-ending", "token", n.Why) // and of this one the token
			if n.Why == "" {
				line.Text = v.T("bell.event-ending", "token", v.T("me.token-without-name"))
			}
		} else if n.Why != "" {
			line.Why = v.T("bell.why", "reason", n.Why)
		}
		v.Lines = append(v.Lines, line)
	}
	return r.Render("page/notices", v)
}

// postReadNotices marks notices as read, those of one ticket or all, and leads to that ticket or back.
func (a pages) postReadNotices(r *web.Request) error {
	f := r.Form()
	n, one := f.ID("ticket"), f.ID("notice")
	if err := f.Err(); err != nil {
		return err
	}
	if one != 0 { // it is about no ticket: one's own account
		if err := a.Desk.Notices.ReadNotice(r.Actor(), one); err != nil {
			return err
		}
		return r.Redirect("/me", http.StatusSeeOther)
	}
	if err := a.Desk.Notices.ReadNotices(r.Actor(), n); err != nil {
		return err
	}
	if n != 0 {
		return r.Redirect(address.Ticket(n), http.StatusSeeOther)
	}
	return r.Done("flash.notices-read", "/notices")
}
