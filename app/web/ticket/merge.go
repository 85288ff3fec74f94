package ticket

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	webqueue "sportello/app/web/queue"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// mergePage is where an agent chooses the ticket into which one is merged, and what its requester is told.
type mergePage struct {
	web.Page
	ID       uint64
	Rev      uint64
	Act      string // address of the ticket
	Back     string // the ticket as it was left
	From     string // the queue from which it was opened, as a query string
	Subject  string
	ToWhom   string
	InEditor bool // the text comes from the ticket's editor
	Stale    bool // the ticket has changed since the form was shown
	Lists    []mergeList
	Nothing  string // why there is nothing for what was typed
}

type mergeList struct {
	Heading string
	Lines   []mergeLine
}

type mergeLine struct {
	ticketLine
	Requester string
	Age       show.AgeView
	Chosen    bool
}

// maxSought is how much of the words in the search field of a mergePage is read.
const maxSought = 200

func (a pages) getMerge(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	return a.mergePage(r, n, nil, nil)
}

// postMerge merges the ticket into the chosen one, or only looks for another when that is what was pressed.
func (a pages) postMerge(r *web.Request, n uint64, f *web.Form) (ticketAct, error) {
	text := &ticket.Text{Body: f.Body("body"), Files: f.Files("files")}
	if f.Raw("act") == "search" || f.Raw("duplicate_of") == "" && strings.TrimSpace(f.Raw("q")) != "" {
		return ticketAct{shown: true}, a.mergePage(r, n, f, nil)
	}
	if text.Body == "" {
		f.Refuse("body", "error.required")
	}
	if strings.TrimSpace(f.Raw("duplicate_of")) == "" {
		f.Refuse("duplicate_of", "error.merge-choose")
	}
	return merging(f, text), nil
}

// merging is the act that merges a ticket into the one which the form names, and tells its requester the text.
func merging(f *web.Form, text *ticket.Text) ticketAct {
	into := f.ID("duplicate_of")
	return ticketAct{part: "merge", asks: []string{"duplicate_of"}, sent: f.Has("mode"), flash: "flash.ticket-merged", args: []any{"number", into},
		step: ticket.Step{Message: text, To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: into}}
}

// duplicate goes on from the editor, where the outcome "duplicate" was chosen: to the page where the other ticket is,
// unless the form names it.
func (a pages) duplicate(r *web.Request, n uint64, f *web.Form, text *ticket.Text) (ticketAct, error) {
	if strings.TrimSpace(f.Raw("duplicate_of")) == "" {
		return ticketAct{shown: true}, a.mergePage(r, n, f, nil)
	}
	return merging(f, text), nil
}

// mergePage shows the page: as f was posted, with what is wrong with it, or for the first time.
func (a pages) mergePage(r *web.Request, n uint64, f *web.Form, wrong error) error {
	q := r.QueryForm()
	from := webqueue.QueryString(q, q.Raw("from"))
	if f != nil {
		if q, from = f, ""; fromQuery(a, r.Actor(), f.Raw("from")) != nil {
			from = f.Raw("from")
		}
	}
	words := show.Clip(strings.TrimSpace(q.Raw("q")), maxSought)
	m, err := a.Desk.Queues.Merge(r.Ctx(), r.Actor(), n, words)
	if err != nil {
		return err
	}
	t := m.Ticket
	v := &mergePage{Page: r.Workbench("merge.title", "number", n), ID: n, Subject: t.Subject, Rev: t.Rev, Act: address.Ticket(n), From: from}
	v.Nav = "desk"
	if v.Back = show.JoinQuery(v.Act, from); from == "" {
		v.Back = v.Act + "?as=agent"
	}
	if p := m.People[t.Requester]; p != nil {
		v.ToWhom = p.Name
	}
	told := a.Words.Text(t.Language, "ticket.belongs-merged")
	switch {
	case f == nil && !v.Resume(r):
		v.Fill(url.Values{"body": {told}, "q": {words}})
	case f != nil:
		if v.InEditor = f.Has("mode"); v.InEditor && f.Body("body") == "" {
			f.Values.Set("body", told)
		}
		if v.Stale = fault.KindOf(wrong) == fault.Conflict; v.Stale {
			v.Status, wrong = http.StatusConflict, nil
		}
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	}
	v.offer(m, words)
	v.Crumb(v.T("nav.desk"), "/desk")
	v.Crumb("#"+strconv.FormatUint(n, 10), v.Back)
	v.Crumb(v.T("merge.crumb"), "")
	if err := show.QueueSide(a.Site, r, &v.Page, ""); err != nil {
		return err
	}
	return r.Render("page/ticket-merge", v)
}

// offer lists the tickets to choose from.
func (v *mergePage) offer(m queue.Merge, words string) {
	if words != "" && len(m.Asked) == 0 {
		if v.Nothing = v.T("merge.nothing", "words", words); m.Blind {
			v.Nothing = v.T("merge.blind")
		}
	}
	requester := ""
	if p := m.People[m.Ticket.Requester]; p != nil {
		requester = p.Name
	}
	for _, l := range []struct {
		heading string
		rows    []*store.Ticket
	}{
		{v.T("merge.asked", "words", words), m.Asked}, {v.T("merge.similar"), m.Similar},
		{v.T("merge.theirs", "name", requester), m.Theirs}, {v.T("merge.lately"), m.Lately},
	} {
		list := mergeList{Heading: l.heading}
		for _, t := range l.rows {
			line := mergeLine{ticketLine: lineOf(&v.Page, t), Age: show.Age(&v.Page, t), Chosen: v.Chosen("duplicate_of", strconv.FormatUint(t.ID, 10))}
			if p := m.People[t.Requester]; p != nil {
				line.Requester = p.Name
			}
			list.Lines = append(list.Lines, line)
		}
		if len(list.Lines) > 0 {
			v.Lists = append(v.Lists, list)
		}
	}
}
