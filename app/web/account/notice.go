package account

import (
	"fmt"
	"net/http"

	"sportello/app/address"
	"sportello/app/desk/notice"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/event"
	"sportello/store/fault"
)

// noticesPage is the page behind the bell: the notices grouped by ticket. Opening a ticket marks its notices as read.
type noticesPage struct {
	web.Page
	Groups []*noticeGroup
	Unread int
	Words  string // number of unread notices in words
}

// noticeGroup holds the notices about one ticket, or one notice about the person's own account.
type noticeGroup struct {
	Ticket  uint64 // 0 for a notice about the person's own account
	ID      uint64 // of the notice, where there is no ticket
	Address string
	Title   string
	Unread  bool
	Lines   []noticeLine // the newest first
	More    string       // how many older ones are not listed
	more    int
}

type noticeLine struct {
	Text string
	Why  string
	At   words.Moment

	Unproven bool // its sender is not verified
}

// How much the page lists; older notices no longer matter.
const (
	noticesShown = 100
	linesShown   = 3 // of one ticket
)

func (a pages) getNotices(r *web.Request) error {
	v := &noticesPage{Page: r.Page("bell.title")}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.Title, "")
	lines, unread, err := a.Desk.Notices.List(r.Actor(), noticesShown)
	if err != nil {
		return err
	}
	v.Unread, v.Words = unread, v.Plural("bell.unread", unread)
	of := map[uint64]*noticeGroup{}
	for _, n := range lines {
		line := v.line(n)
		g := of[n.Ticket]
		if g == nil {
			g = &noticeGroup{Ticket: n.Ticket, ID: n.ID, Address: address.Ticket(n.Ticket), Title: fmt.Sprintf("#%d %s", n.Ticket, n.Subject)}
			if n.Reply != 0 {
				g.Address = address.Message(n.Ticket, n.Reply)
			}
			if n.Ticket == 0 {
				g.Address, g.Title, line.Text = ofAccount(n.Notice), line.Text, ""
			} else {
				of[n.Ticket] = g
			}
			v.Groups = append(v.Groups, g)
		}
		g.Unread = g.Unread || !n.Read
		if len(g.Lines) < linesShown {
			g.Lines = append(g.Lines, line)
		} else {
			g.more++
			g.More = v.Plural("bell.more", g.more)
		}
	}
	if err := show.House(a.Site, r, &v.Page, "/notices"); err != nil {
		return err
	}
	return r.Render("page/notices", v)
}

// ofAccount returns the address of what a notice tells that is about no ticket.
func ofAccount(n *store.Notice) string {
	if n.Release != 0 {
		return address.Release(n.Release)
	}
	if n.Problem != 0 {
		return fmt.Sprintf("/problems/%d", n.Problem)
	}
	if n.Plan != 0 {
		return address.Plan(n.Plan)
	}
	if n.Event == event.HatOffered {
		return address.OwnInvitations
	}
	if n.Event.OfList() {
		return "/tickets?of=organisation"
	}
	if n.Event == event.AccessNew {
		return address.AccessRequests
	}
	return "/me"
}

// line says what the notice tells.
func (v *noticesPage) line(n notice.Line) noticeLine {
	who := n.Who
	if who == "" {
		who = v.T("bell.the-desk")
	}
	key := n.Event.InBell()
	if (n.Event == event.Waiting || n.Event == event.Resolved) && !n.Asks {
		key += "-told"
	}
	line := noticeLine{Text: v.T(key, "who", who), At: v.Moment(n.At), Unproven: n.Unproven}
	switch {
	case n.Event == event.View:
		line.Text = v.T(n.Event.InBell(), "view", n.Why) // the reason of such a notice is the view
	case n.Event == event.HatEnding, n.Event == event.HatsEnding, n.Event == event.HatOffered, n.Event.OfList(): // of these the place, with the person's name
		line.Text = v.T(n.Event.InBell(), "place", n.Why)
	case n.Event == event.AccessNew: // of this one who asks, and where
		line.Text = v.T(n.Event.InBell(), "place", n.Why)
	case n.Event.OfProblem():
		line.Text = v.T(n.Event.InBell(), "problem", n.Subject)
	case n.Event.OfPlan():
		line.Text = v.T(n.Event.InBell(), "plan", n.Subject, "who", who)
	case n.Event.OfRelease():
		line.Text = v.T(n.Event.InBell(), "release", n.Subject)
	case n.Event.OfWork(): // of these the person whose it was
		line.Text = v.T(n.Event.InBell(), "person", n.Why)
	case n.Event.OfService(): // of these the account
		line.Text = v.T(n.Event.InBell(), "account", n.Why)
	case n.Event == event.Ending && n.Why == "": // and of this one the token
		line.Text = v.T(n.Event.InBell(), "token", v.T("me.token-without-name"))
	case n.Event == event.Ending:
		line.Text = v.T(n.Event.InBell(), "token", n.Why)
	case n.Why != "":
		line.Why = v.T("bell.why", "reason", n.Why)
	}
	return line
}

// postReadNotices marks notices as read, those of one ticket or all, and leads to that ticket or back.
func (a pages) postReadNotices(r *web.Request) error {
	f := r.Form()
	n, one := f.ID("ticket"), f.ID("notice")
	if err := f.Err(); err != nil {
		return err
	}
	if one != 0 { // a notice about the person's own account, or a release, has no ticket
		read, err := a.Desk.Notices.Read(r.Actor(), one)
		if err != nil {
			return err
		}
		return r.Redirect(ofAccount(read), http.StatusSeeOther)
	}
	to := address.Ticket(n)
	if n != 0 { // once they are read nothing tells any more where the reader left off
		switch left, err := a.Desk.Tickets.LeftOff(r.Actor(), n); {
		case err == nil && left != 0:
			to = address.Message(n, left)
		case err != nil && fault.KindOf(err) != fault.NotFound:
			return err
		}
	}
	if err := a.Desk.Notices.ReadAll(r.Actor(), n); err != nil {
		return err
	}
	if n != 0 {
		return r.Redirect(to, http.StatusSeeOther)
	}
	return r.Done("flash.notices-read", "/notices")
}
