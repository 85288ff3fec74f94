package ticket

import (
	"net/url"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/ticket"
	"sportello/app/web"
)

// gap is where messages of a long thread are left out, with the ways to them. Each is a link to the page, which then
// shows that piece; a script puts the piece alone in the place of the gap.
type gap struct {
	At    int // it stands before the message of this number in the list
	After uint64
	Words string
	Up    gapLink // to what comes right before the next message
	Down  gapLink // to what follows the message above
}

type gapLink struct{ Words, Address, Piece string }

// gaps are the folds of the view; base is the ticket's page.
func gaps(p *web.Page, t *ticket.View, base string, agents bool) []*gap {
	face := "requester"
	if agents {
		face = "agent"
	}
	var out []*gap
	for _, f := range t.Folds {
		id := func(n uint64) string { return strconv.FormatUint(n, 10) }
		link := func(key, name string, at uint64, back string) gapLink {
			q := url.Values{name: {id(at)}, "as": {face}}
			piece := url.Values{"after": {id(f.After)}, "before": {id(f.Before)}, "as": {face}}
			if back != "" {
				piece.Set("back", back)
			}
			return gapLink{p.T(key), base + "?" + q.Encode() + "#m" + id(at), base + "/thread?" + piece.Encode()}
		}
		g := &gap{At: f.At, After: f.After, Words: p.T("thread.left-out"), Up: link("thread.up", "before", f.Before, "1"), Down: link("thread.down", "after", f.After, "")}
		if f.Count > 0 {
			g.Words = p.Plural("thread.left-out-n", f.Count)
		}
		out = append(out, g)
	}
	return out
}

// pieceOf reads which piece of the thread a page's address asks for.
func pieceOf(q *web.Form) ticket.Piece {
	number := func(name string) uint64 {
		n, err := strconv.ParseUint(q.Raw(name), 10, 64)
		if err != nil {
			return 0 // the page shows where the reader left off
		}
		return n
	}
	return ticket.Piece{Message: number("message"), After: number("after"), Before: number("before")}
}

// leftOff is the anchor of the oldest message that the reader of a folded thread has not read, empty when there is none.
func leftOff(t *ticket.View) string {
	if t.LeftOff == 0 {
		return ""
	}
	return "#m" + strconv.FormatUint(t.LeftOff, 10)
}

// getThread answers with a piece of the ticket's messages, for a page that shows those around it.
func (a pages) getThread(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	q := r.QueryForm()
	t, err := a.Desk.Tickets.ReadBetween(r.Actor(), n, pieceOf(q), q.Has("back"))
	if err != nil {
		return err
	}
	if asAgent(t, q) {
		return a.workPiece(r, t)
	}
	v := &sidePage{Page: r.Page("side.thread"), Number: n, Rev: t.Ticket.PublicRev, Address: address.Ticket(n)}
	if t.Agents {
		v.Rev = t.Ticket.Rev
	}
	names, err := a.sideNames(t)
	if err != nil {
		return err
	}
	v.Fill(nil)
	v.thread(t, names)
	return r.Fragment("part/side-thread", v)
}

func (a pages) workPiece(r *web.Request, t *ticket.View) error {
	v := &ticketPage{Page: r.Page("ticket.facts"), ID: t.Ticket.ID, Rev: t.Ticket.Rev, Act: address.Ticket(t.Ticket.ID), Seen: seenOf(t)}
	v.may(t)
	v.Fill(nil)
	names, err := a.ticketNames(t)
	if err != nil {
		return err
	}
	if v.mails, err = a.Desk.Tickets.Mails(t); err != nil {
		return err
	}
	v.Thread = v.thread(t, names)
	return r.Fragment("page/ticket/piece", v)
}
