package ticket

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/desk/ticket"
	"sportello/app/message"
	"sportello/app/web"
	webqueue "sportello/app/web/queue"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// ticketAct is what one form of the ticket page asks to do.
type ticketAct struct {
	part  string // the form, so that it can be shown unfolded again
	step  ticket.Step
	asks  []string // fields whose rights the form needs even if the step does not change them
	flash string
	args  []any
	shown bool              // the handler has already answered; nothing more is done
	sent  bool              // the text of the editor has been sent
	moved map[string]string // fields that have one name on the page and another in the desk
}

// ticketHandler reads one form of the ticket page. It leaves the form's problems in the form.
type ticketHandler func(r *web.Request, n uint64, f *web.Form) (ticketAct, error)

// ticketPost returns the handler of a form of the ticket page. If the act fails, the page comes back with everything
// typed, the problems, and, when somebody else changed the ticket in the meantime, their changes.
func (a pages) ticketPost(h ticketHandler) func(*web.Request) error {
	return func(r *web.Request) error {
		n, err := r.Number()
		if err != nil {
			return err
		}
		f := r.Form()
		act, err := h(r, n, f)
		if err != nil || act.shown {
			return err
		}
		act.step.Rev = f.ID("rev")
		var done ticket.Done
		if err = a.Desk.Tickets.MayDo(r.Actor(), n, act.step, act.asks...); err == nil {
			err = f.Err()
		}
		if err == nil {
			done, err = a.Desk.Tickets.Do(r.Actor(), n, act.step)
		}
		if err != nil {
			return a.ticketAgain(r, n, act, f, err)
		}
		if act.sent {
			r.SetCookie("sent", strconv.FormatUint(n, 10), time.Minute)
		}
		if to := a.nextOf(r, f); to != "" {
			return r.Done("flash.sent-next", to, "number", done.Ticket.ID)
		}
		return r.Done(act.flash, a.afterStep(r, done.Ticket.ID, f), act.args...)
	}
}

// nextOf returns the address of the ticket to open after sending, if the button asks for it: the one that was next in the
// queue when the page was shown. It is empty if there is none or the actor may not see it.
func (a pages) nextOf(r *web.Request, f *web.Form) string {
	n := r.QueryForm().ID("next")
	from := fromQuery(a, r.Actor(), f.Raw("from"))
	if n == 0 || from == nil {
		return ""
	}
	if seen, err := a.Desk.Tickets.Revisions(r.Actor(), []uint64{n}); err != nil || !seen[n].Agents {
		return ""
	}
	return show.JoinQuery(address.Ticket(n), webqueue.QueryString(from, from.Raw("from")))
}

// afterStep returns the address that follows a form that was done: the ticket, or the queue when the actor may no
// longer see the ticket.
func (a pages) afterStep(r *web.Request, n uint64, f *web.Form) string {
	from := fromQuery(a, r.Actor(), f.Raw("from"))
	seen, err := a.Desk.Tickets.Revisions(r.Actor(), []uint64{n})
	if err == nil {
		if _, ok := seen[n]; !ok {
			return "/desk"
		}
	}
	if from == nil {
		// An agent who also belongs to the requester's side must ask for the agents' page.
		return address.Ticket(n) + "?as=agent"
	}
	return show.JoinQuery(address.Ticket(n), webqueue.QueryString(from, from.Raw("from")))
}

// ticketAgain shows the page again after a form that failed.
func (a pages) ticketAgain(r *web.Request, n uint64, act ticketAct, f *web.Form, err error) error {
	if kind := fault.KindOf(err); kind == fault.Internal || kind == fault.Unavailable {
		return err
	}
	if act.part == "merge" {
		// One that was finished in the meantime has no such page; the ticket's own keeps the text.
		if problem := a.mergePage(r, n, f, renamed(err, act.moved)); problem == nil || fault.KindOf(problem) != fault.Invalid {
			return problem
		}
	}
	t, problem := a.Desk.Tickets.Read(r.Actor(), n)
	if problem != nil {
		return problem
	}
	if !t.Agents {
		return err
	}
	from := ""
	if q := fromQuery(a, r.Actor(), f.Raw("from")); q != nil {
		from = webqueue.QueryString(q, q.Raw("from"))
	}
	return a.workTicket(r, t, from, &posted{form: f, part: act.part}, renamed(err, act.moved))
}

// renamed gives the problems in err the names that their fields have on the page.
func renamed(err error, names map[string]string) error {
	var many fault.Problems
	var one *fault.Error
	switch {
	case len(names) == 0:
		return err
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = fault.Problems{one}
	default:
		return err
	}
	out := make(fault.Problems, len(many))
	for i, e := range many {
		out[i] = e
		if to, ok := names[e.Field]; ok {
			out[i] = e.At(to)
		}
	}
	return out
}

// takeSent returns, once, the number of the ticket whose editor's text has just been sent; empty for none.
func (a pages) takeSent(r *web.Request) string {
	n := r.Cookie(a.CookieName("sent"))
	if _, err := strconv.ParseUint(n, 10, 64); err != nil || r.Method() != http.MethodGet {
		return ""
	}
	r.SetCookie("sent", "", -1)
	return n
}

// postStep sends the text of the editor: a reply with its change of state, or a note. A note never becomes public: in
// the note's mode every act but a note is refused, and in the reply's mode a note is.
func (a pages) postStep(r *web.Request, n uint64, f *web.Form) (ticketAct, error) {
	mode, act := f.Raw("mode"), f.Raw("act")
	note := mode == "note"
	if act == "" {
		act = "reply"
		if note {
			act = "note"
		}
	}
	done := ticketAct{part: "editor", sent: true, moved: map[string]string{"state": "body"}}
	text := &ticket.Text{Body: f.Body("body"), Internal: note, Files: f.Files("files")}
	done.step.Message = text
	if act == "preview" {
		return ticketAct{shown: true}, a.showPreview(r, n, f, text.Body)
	}
	if note != (act == "note") || mode != "note" && mode != "reply" {
		f.Refuse("mode", "error.note-public")
		return done, nil
	}
	if text.Body == "" {
		f.Refuse("body", "error.required")
	}
	s := &done.step
	switch act {
	case "reply":
		done.flash = "flash.ticket-replied"
	case "wait":
		s.To, done.flash = store.StateWaiting, "flash.ticket-waiting"
	case "resume":
		s.To, done.flash = store.StateOpen, "flash.ticket-resumed"
	case "plan":
		s.To, done.flash = store.StatePlanned, "flash.ticket-planned"
		s.Version, s.PlannedFor = f.Text("version", show.MaxVersion), f.Time("planned_for")
	case "resolve":
		s.To, done.flash = store.StateResolved, "flash.ticket-resolved"
		s.Outcome, s.Version = web.FormCode[store.Outcome](f, "outcome"), f.Text("resolve_version", show.MaxVersion)
		if s.Outcome == store.Duplicate {
			return a.duplicate(r, n, f, text)
		}
	case "note":
		mentioned, missing, err := a.mentions(r, text.Body)
		if err != nil {
			return done, err
		}
		done.flash = "flash.ticket-note"
		var names []string
		for _, p := range mentioned {
			text.Mentions = append(text.Mentions, p.ID)
			names = append(names, p.Name)
		}
		switch {
		case len(missing) > 0:
			done.flash, done.args = "flash.ticket-note-missing", []any{"names", show.Clip(strings.Join(missing, ", "), 200)}
		case len(names) > 0:
			done.flash, done.args = "flash.ticket-note-told", []any{"names", show.Clip(listWords(a.Words.Text(r.Lang(), "ticket.and"), names), 200)}
		}
	default:
		f.Refuse("mode", "error.choice")
	}
	return done, nil
}

// showPreview answers with the page and a preview of the text; nothing is sent.
func (a pages) showPreview(r *web.Request, n uint64, f *web.Form, body string) error {
	t, err := a.Desk.Tickets.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	from := ""
	if q := fromQuery(a, r.Actor(), f.Raw("from")); q != nil {
		from = webqueue.QueryString(q, q.Raw("from"))
	}
	page := r.Page("ticket.preview")
	preview := message.Passage(t.Speaks(f.Raw("mode") == "note"), body, "", page.T("ticket.quoted"), nil)
	if body == "" {
		preview = template.HTML("<p>" + template.HTMLEscapeString(page.T("ticket.preview-empty")) + "</p>") // #nosec G203 -- escaped
	}
	return a.workTicket(r, t, from, &posted{form: f, part: "editor", preview: preview}, nil)
}

// mentionMark matches @handle and @"Name Surname" unless a word precedes it: an e-mail address is not a mention.
var mentionMark = regexp.MustCompile(`(?:^|[^\pL\pN_.@-])@(?:"([^"\n]{2,80})"|([\pL\pN][\pL\pN._+-]{0,63}(?:@[\pL\pN.-]+)?))`)

// maxMentions limits how many mentions are looked up.
var maxMentions = store.Most("messages.mentions")

// mentions finds the agents whom a note names: by the part of their address before the @, by the whole address, or by
// their name in quotes. It returns the mentions that match nobody as written. The desk leaves out agents who may not
// read the note.
func (a pages) mentions(r *web.Request, body string) ([]people.Pick, []string, error) {
	var found []people.Pick
	var missing, looked []string
	for _, m := range mentionMark.FindAllStringSubmatch(body, -1) {
		name, handle := m[1], strings.TrimRight(m[2], ".-_+")
		if slices.Contains(looked, name+"@"+handle) {
			continue
		}
		if looked = append(looked, name+"@"+handle); len(looked) > maxMentions {
			break
		}
		search := handle
		if name != "" {
			search = name
		}
		picks, err := a.Desk.People.Pick(r.Actor(), search, 50)
		if err != nil {
			return nil, nil, err
		}
		some := false
		for _, p := range picks {
			local, _, _ := strings.Cut(p.Email, "@")
			if name != "" && !spelling.Same(p.Name, name) || name == "" && !strings.EqualFold(local, handle) && !strings.EqualFold(p.Email, handle) {
				continue
			}
			some = true
			if !slices.ContainsFunc(found, func(x people.Pick) bool { return x.ID == p.ID }) {
				found = append(found, p)
			}
		}
		if !some {
			missing = append(missing, "@"+name+handle)
		}
	}
	return found, missing, nil
}

func wantsReason(err error) bool {
	var one *fault.Error
	return errors.As(err, &one) && one.Kind == fault.Denied && one.Key == "error.reason-needed"
}

func (a pages) reasonPage(r *web.Request, n uint64, f *web.Form, err error) error {
	v := &show.ReasonPage{Page: r.Workbench("reason.title"), Action: address.Ticket(n) + "/reason", Cancel: "/desk"}
	v.Why, v.Hint, v.Open = v.T("reason.why"), v.T("reason.hint"), v.T("reason.open")
	v.Nav = "desk"
	v.Fill(url.Values{})
	v.Resume(r)
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	} else {
		v.Status = http.StatusForbidden
	}
	v.Crumb(v.T("nav.desk"), "/desk")
	v.Crumb("#"+strconv.FormatUint(n, 10), "")
	if err := show.QueueSide(a.Site, r, &v.Page, ""); err != nil {
		return err
	}
	return r.Render("page/reason", v)
}

// postReason lets an administrator see a confidential ticket for an hour and writes the reason into its history.
func (a pages) postReason(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	reason := f.Text("reason", show.MaxReason)
	if reason == "" {
		f.Refuse("reason", "error.required")
	}
	if err = f.Err(); err == nil {
		err = a.Desk.Rights.GiveReason(r.Actor(), n, reason)
	}
	if err != nil {
		return a.reasonPage(r, n, f, err)
	}
	return r.Done("flash.reason-given", address.Ticket(n))
}
