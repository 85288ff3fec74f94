package queue

import (
	"net/url"
	"strconv"
	"strings"

	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// bulkResult says how an act on many tickets went: how many changed, and for each other one the reason.
type bulkResult struct {
	Done    int
	Words   string
	Refused []bulkRefusal
}

type bulkRefusal struct {
	ID      uint64
	Address string
	Reason  string
}

// maxBulk limits how many tickets one form changes; a page of the queue has no more.
const maxBulk = 200

// postBulk does one act to each ticket that was ticked. Each is a separate change: if one is refused, the others still
// happen. After a refusal the list comes back with the reasons, the refused tickets still ticked and the typed text
// kept.
func (a pages) postBulk(r *web.Request) error {
	f := r.Form()
	view, q := a.queueBack(f)
	tickets := f.IDs("ticket")
	if len(tickets) == 0 {
		f.Refuse("ticket", "error.choose-tickets")
	}
	if len(tickets) > maxBulk {
		f.Refuse("ticket", "error.too-many-of", "max", maxBulk)
	}
	step, flash := bulkStep(f)
	if err := f.Err(); err != nil {
		v := &queuePage{Result: &bulkResult{Words: show.ExplainAll(a.Site, r, err)}}
		return a.queuePage(r, view, q, v, f)
	}
	result := &bulkResult{}
	var left []string
	actor := r.Actor()
	known := uint64(0)
	if f.Raw("act") == "problem" {
		known = f.ID("problem")
	}
	for _, n := range tickets {
		var err error
		if known != 0 {
			_, err = a.Desk.Problems.Attach(actor, known, n)
		} else {
			_, err = a.Desk.Tickets.Do(actor, n, step)
		}
		if err == nil {
			result.Done++
			continue
		}
		if kind := fault.KindOf(err); kind == fault.Internal || kind == fault.Unavailable {
			return err
		}
		id := strconv.FormatUint(n, 10)
		result.Refused = append(result.Refused, bulkRefusal{n, "/tickets/" + id, show.ExplainAll(a.Site, r, err)})
		left = append(left, id)
	}
	if len(result.Refused) == 0 {
		return r.Done(flash, show.JoinQuery("/desk/"+view, QueryString(q, "")), "n", result.Done)
	}
	lang := r.Lang()
	result.Words = a.Words.Plural(lang, "queue.bulk-done", result.Done) + " " + a.Words.Plural(lang, "queue.bulk-refused", len(result.Refused))
	f.Values["ticket"] = left
	return a.queuePage(r, view, q, &queuePage{Result: result}, f)
}

// bulkStep returns the step and the key of the sentence that reports it.
func bulkStep(f *web.Form) (ticket.Step, string) {
	yes, no := true, false
	switch f.Raw("act") {
	case "take":
		return ticket.Step{Take: true}, "flash.bulk-take"
	case "assign":
		to := f.ID("assignee")
		if f.Raw("assignee") == "" {
			f.Refuse("assignee", "error.assignee-needed")
		}
		return ticket.Step{Assignee: &to}, "flash.bulk-assign"
	case "move":
		to := f.ID("group")
		if to == 0 {
			f.Refuse("group", "error.group-needed")
		}
		return ticket.Step{Group: &to, Reason: f.Text("reason", show.MaxReason)}, "flash.bulk-move"
	case "state":
		s := ticket.Step{To: web.FormCode[store.State](f, "to"), Version: f.Text("version", show.MaxVersion)}
		if s.To == store.StateResolved {
			s.Outcome = web.FormCode[store.Outcome](f, "outcome")
		}
		if s.To == store.StateNone {
			f.Refuse("to", "error.choice")
		}
		if body := f.Body("body"); body != "" {
			s.Message = &ticket.Text{Body: body}
		}
		return s, "flash.bulk-state"
	case "problem":
		if f.ID("problem") == 0 {
			f.Refuse("problem", "error.problem-needed")
		}
		return ticket.Step{}, "flash.bulk-problem"
	case "spam":
		return ticket.Step{Spam: &yes}, "flash.bulk-spam"
	case "not-spam":
		return ticket.Step{Spam: &no}, "flash.bulk-not-spam"
	}
	f.Refuse("act", "error.choice")
	return ticket.Step{}, ""
}

// queueBack returns the list from which the form was posted. It is always one of the desk's lists, whatever was sent.
func (a pages) queueBack(f *web.Form) (view string, q *web.Form) {
	q = a.FormWith(f.Actor, url.Values{}, nil)
	path, query, _ := strings.Cut(web.LocalPath(f.Raw("back")), "?")
	view, ok := strings.CutPrefix(path, "/desk/")
	for _, v := range queue.Views {
		if ok && v == view {
			if values, err := url.ParseQuery(query); err == nil {
				q.Values = values
			}
			return view, q
		}
	}
	return queue.ViewGroup, q
}
