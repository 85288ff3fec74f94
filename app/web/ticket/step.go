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
	"sportello/store/spelling"
)

// ticketAct is what one form of the ticket page asks for.
type ticketAct struct {
	part  string // which form it is, to be shown open again
	step  ticket.Step
	asks  []string // fields whose rights the form needs even where the step is left without them
	flash string
	args  []any
	shown bool              // the page was answered already: nothing is done
	sent  bool              // what was written in the editor has been taken
	moved map[string]string // fields whose names differ on the page from those of the desk
}

// ticketHandler reads one form of the ticket page. What is wrong with the form it leaves in the form.
type ticketHandler func(r *web.Request, n uint64, f *web.Form) (ticketAct, error)

// ticketPost does what a form of the ticket page asks for. When that cannot be done the page comes back with all that
// was typed, what is wrong, and, when somebody else changed the ticket meanwhile, what they did.
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
		var t *store.Ticket
		if err = a.Desk.Tickets.MayDo(r.Actor(), n, act.step, act.asks...); err == nil {
			err = f.Err()
		}
		if err == nil {
			t, err = a.Desk.Tickets.Do(r.Actor(), n, act.step)
		}
		if err != nil {
			return a.ticketAgain(r, n, act, f, err)
		}
		if act.sent {
			r.SetCookie("sent", strconv.FormatUint(n, 10), time.Minute)
		}
		return r.Done(act.flash, a.afterStep(r, t.ID, f), act.args...)
	}
}

// afterStep is where a form leads when it was done: back to the ticket, or to the queue when the ticket has gone where
// the actor may not follow.
func (a pages) afterStep(r *web.Request, n uint64, f *web.Form) string {
	from := fromQuery(a, r.Actor(), f.Raw("from"))
	seen, err := a.Desk.Tickets.Revisions(r.Actor(), []uint64{n})
	if err == nil {
		if _, ok := seen[n]; !ok {
			return "/desk"
		}
	}
	if from == nil {
		// An agent who stands on the requester's side too is shown this side by saying so.
		return address.Ticket(n) + "?as=agent"
	}
	return show.JoinQuery(address.Ticket(n), webqueue.QueryString(from, from.Raw("from")))
}

// ticketAgain shows the page again after a form that could not be done.
func (a pages) ticketAgain(r *web.Request, n uint64, act ticketAct, f *web.Form, err error) error {
	if kind := store.KindOf(err); kind == store.Internal || kind == store.Unavailable {
		return err
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

// renamed gives the problems the names that their fields have on the page.
func renamed(err error, names map[string]string) error {
	var many store.Problems
	var one *store.Error
	switch {
	case len(names) == 0:
		return err
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = store.Problems{one}
	default:
		return err
	}
	out := make(store.Problems, len(many))
	for i, e := range many {
		out[i] = e
		if to, ok := names[e.Field]; ok {
			out[i] = e.At(to)
		}
	}
	return out
}

// takeSent tells whether the editor's text of this ticket was taken just now, once.
func (a pages) takeSent(r *web.Request, n uint64) bool {
	if r.Method() != http.MethodGet || r.Cookie(a.CookieName("sent")) != strconv.FormatUint(n, 10) {
		return false
	}
	r.SetCookie("sent", "", -1)
	return true
}

// postStep sends what was written in the editor: a reply with what it does to the state, or a note. A note is never
// public: with the note's mode every other act is refused, and the other way round.
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
			if s.DuplicateOf = f.ID("duplicate_of"); s.DuplicateOf == 0 {
				f.Refuse("duplicate_of", "error.duplicate-of-needed")
			}
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

// showPreview answers with the page and the text as it would look; nothing is sent.
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

// mentionMark finds @handle and @"Name Surname" where no word stands before it: an address is no mention.
var mentionMark = regexp.MustCompile(`(?:^|[^\pL\pN_.@-])@(?:"([^"\n]{2,80})"|([\pL\pN][\pL\pN._+-]{0,63}(?:@[\pL\pN.-]+)?))`)

// maxMentions bounds how many are looked up.
var maxMentions = store.Most("messages.mentions")

// mentions finds the agents whom a note names: by the part of their address before the @, by the whole address, or by
// their name in quotes. What names nobody is returned as it was written. Who may not read the note is left out by the
// desk.
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

// reasonPage asks an administrator why they must see a confidential ticket.
type reasonPage struct {
	web.Page
	ID uint64
}

func wantsReason(err error) bool {
	var one *store.Error
	return errors.As(err, &one) && one.Kind == store.Denied && one.Key == "error.reason-needed"
}

func (a pages) reasonPage(r *web.Request, n uint64, f *web.Form, err error) error {
	v := &reasonPage{Page: r.Workbench("reason.title"), ID: n}
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
	return r.Render("page/ticket-reason", v)
}

// postReason opens a confidential ticket to an administrator for an hour; the reason is written into its history.
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
