package ticket

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/app/markup/quote"
	"sportello/app/web"
	webqueue "sportello/app/web/queue"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// ticketPage is a ticket as agents work on it: the thread, the editor, and a column of facts that can be changed in
// place.
type ticketPage struct {
	web.Page
	ID      uint64
	Rev     uint64
	Seen    string // the end of the thread when the page was made
	From    string // the queue this ticket was opened from, as a query string
	Act     string // address the forms post to: /tickets/1234
	Back    string
	Before  string
	After   string
	Next    uint64 // number of the next ticket; 0 for none
	Draft   string // the name under which the browser stores the text being written
	Sent    string // the name of a stored text that has been sent, of this ticket or the previous one
	Subject string

	State      show.Badge
	StateLong  string
	Priority   string
	PriorityIs string // severity and urgency in words, the two causes of the priority
	Kind       string
	ModulePath string
	Group      string
	Assignee   string
	Due        show.DueView
	Requester  personView
	Lost       *show.Unreachable // set when mail to the requester is returned
	OpenedBy   string
	Opened     words.Moment
	Taken      words.Moment
	Closes     string
	Language   string
	Others     string // other people who have the ticket open
	Duplicate  *ticketLine
	IsSpam     bool
	Narrowed   bool // its requester keeps it from coordinators and colleagues
	Secret     bool // its group or module is confidential
	OwnSide    bool // the reader also belongs to the requester's side

	Thread   []threadItem
	LeftOff  string // the anchor of what the reader has not read, where that is folded in
	mails    map[uint64]*store.Mail
	Conflict *conflictView
	Editor   *editorView

	MayTake    bool
	MayAssign  bool
	MayMove    bool
	MayWork    bool
	MayCorrect bool
	MayArrange bool
	MayAdd     bool
	Step       string // address of the page that makes it a step of a plan, empty for who leads none
	Merge      string // address of the page for merging it, empty for who may not
	OpenPart   string // the part of the facts that is unfolded

	Members    []show.Choice
	Groups     []show.Choice
	Moves      []show.Choice
	Severities []show.Choice
	Urgencies  []show.Choice
	Kinds      []show.Choice
	Modules    []show.Choice
	Versions   []string
	Questions  []questionView
	Extra      []fact // outcome, versions, regression
	Answers    []fact // to the questions of the module

	People      []participantView
	Wishes      []string
	Inner       *quote.Inner     // the author of a forwarded mail, as its text says
	Unclaimed   bool             // a form named the requester, who has not confirmed yet that the ticket is theirs
	Beside      []*messageView   // messages kept beside the ticket
	Unsent      []show.LetterRow // letters that were not sent
	UnsentWords string
	Words       string      // label of the fold of Beside
	Belongs     *ticketLine // the ticket to which it may belong
	Links       []ticketLine
	Known       knownBox
	Holders     []linkHolder // people who read the ticket through a link
	OtherOf     []ticketLine // other tickets of the same requester
	Articles    []web.Link
	NoArticle   bool // none fits
}

type personView struct{ ID, Name, Email, Place, Phone, Initials string }

type participantView struct {
	personView
	MayRemove bool
	Lost      *show.Unreachable
}

type ticketLine struct {
	ID      uint64
	Address string
	Subject string
	State   show.Badge
}

type fact struct{ Name, Value string }

type questionView struct {
	Name, Label, Type, Value string
	Choices                  []show.Choice
}

// conflictView describes what changed after the writer's page was made.
type conflictView struct {
	Editor bool // the editor contains what they wrote
	New    []threadItem
}

// getTicket shows the ticket to everyone who may see it: agents get the page for working on it, the requester's side
// gets its own. Agents get the requester's page for their own ticket in another group. The parameters from, which the
// queue adds, and as override the choice.
func (a pages) getTicket(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	q := r.QueryForm()
	v, err := a.Desk.Tickets.ReadPiece(r.Actor(), n, pieceOf(q))
	if wantsReason(err) {
		return a.reasonPage(r, n, nil, nil)
	}
	if fault.KindOf(err) == fault.NotFound && err != nil {
		if claim, fault := a.Desk.Tickets.MayClaim(r.Actor(), n); fault != nil || claim {
			if fault != nil {
				return fault
			}
			return a.claimPage(r, n)
		}
	}
	if err != nil {
		return err
	}
	show.OpenedHit(a.Site, r)
	a.readNotices(r, n)
	if asAgent(v, q) {
		return a.workTicket(r, v, webqueue.QueryString(q, q.Raw("from")), nil, nil)
	}
	return a.sideTicket(r, v, nil, nil)
}

// asAgent reports whether the query asks for the agents' page of the ticket.
func asAgent(v *ticket.View, q *web.Form) bool {
	as := q.Raw("as")
	return v.Agents && as != "requester" && (!v.Side || v.May[policy.Work] || q.Has("from") || as == "agent")
}

// readNotices marks the person's notices about the ticket as read. A browser that fetches the page in advance reads
// nothing.
func (a pages) readNotices(r *web.Request, n uint64) {
	if r.Header("Sec-Purpose") != "" || r.Header("Purpose") != "" {
		return
	}
	if err := a.Desk.Notices.ReadAll(r.Actor(), n); err != nil {
		a.Log.Error("read notices of a ticket", "ticket", n, "err", err)
	}
}

// posted is a posted form of the ticket page that failed.
type posted struct {
	form    *web.Form
	part    string // one of the page's forms
	preview template.HTML
}

// workTicket shows the ticket for agents to work on. from is the queue it was opened from; back and err are a form that
// failed, shown again with everything typed.
func (a pages) workTicket(r *web.Request, t *ticket.View, from string, back *posted, err error) error {
	v := &ticketPage{Page: r.Workbench("ticket.title", "number", t.Ticket.ID, "subject", t.Ticket.Subject)}
	row := t.Ticket
	v.Nav, v.ID, v.Rev, v.Subject = "desk", row.ID, row.Rev, row.Subject
	v.Act, v.From = address.Ticket(row.ID), from
	draft := strconv.FormatUint(v.Person, 10) + "-ticket-"
	v.Draft = draft + strconv.FormatUint(row.ID, 10)
	if n := a.takeSent(r); n != "" {
		v.Sent = draft + n
	}
	v.Seen, v.LeftOff = seenOf(t), leftOff(t)
	v.may(t)
	v.MayTake = v.MayAssign && r.Actor().Person.InGroup(row.Group) && row.State.Active() && row.Assignee != v.Person
	v.IsSpam, v.OwnSide, v.Narrowed, v.Secret = row.IsSpam(), t.Side, row.Narrowed, t.Secret
	if v.MayArrange && v.MayWork && row.State.Active() {
		v.Merge = show.JoinQuery(v.Act+"/merge", from)
	}
	if v.MayWork {
		leads, err := a.Desk.Plans.Arranges(r.Actor())
		if err != nil {
			return err
		}
		if leads {
			v.Step = address.TicketStep(row.ID)
		}
	}

	values := v.firstValues(t)
	kept := []web.KeptFile(nil)
	switch {
	case back != nil:
		if back.part == "kind" {
			delete(values, "regression")
		}
		for name, all := range back.form.Values {
			values[name] = all
		}
		kept, v.OpenPart = back.form.Kept, back.part
	default:
		if kept := r.Draft(); kept != nil {
			for name, all := range kept {
				values[name] = all
			}
			v.Flash, v.OpenPart = v.T("flash.resumed"), kept.Get("part")
		}
	}
	v.Form = a.FormWith(r.Actor(), values, kept)
	names, problem := a.ticketNames(t)
	if problem != nil {
		return problem
	}
	v.names(t, names)
	if v.mails, problem = a.Desk.Tickets.Mails(t); problem != nil {
		return problem
	}
	if err != nil {
		if problem := v.tell(t, back, names, err); problem != nil {
			return problem
		}
	}
	for _, m := range t.Beside {
		line := v.messageOf(m, t, names)
		line.MayMove, line.Anchor = false, "beside-"+line.Anchor
		v.Beside = append(v.Beside, line)
	}
	v.Words = v.Plural("ticket.beside", len(t.Beside))
	for _, l := range t.Unsent {
		v.Unsent = append(v.Unsent, show.LetterRowOf(&v.Page, l, t.People[l.Person]))
	}
	v.UnsentWords = v.Plural("ticket.unsent", len(t.Unsent))
	v.Thread = v.thread(t, names)
	if err := a.ticketChoices(r, v, t, names); err != nil {
		return err
	}
	if err := a.known(r, v, t); err != nil {
		return err
	}
	if err := a.updates(r, v); err != nil {
		return err
	}
	v.editor(t)
	if back != nil {
		v.Editor.Preview = back.preview
	}
	if err := a.ticketAround(r, v, t); err != nil {
		return err
	}
	return r.Render("page/ticket", v)
}

// may says what the actor may do.
func (v *ticketPage) may(t *ticket.View) {
	for act, to := range map[policy.Act]*bool{policy.Take: &v.MayAssign, policy.Work: &v.MayWork, policy.Correct: &v.MayCorrect, policy.Arrange: &v.MayArrange,
		policy.AddPerson: &v.MayAdd, policy.MoveHere: &v.MayMove} {
		*to = t.May[act]
	}
	v.MayMove = v.MayMove || v.MayAssign
}

// tell shows what went wrong on the page: a conflict with the changes made in the meantime, problems beside their
// fields, a refusal above the form. It returns the errors that no form can show.
func (v *ticketPage) tell(t *ticket.View, back *posted, names *ticketNames, err error) error {
	var one *fault.Error
	if errors.As(err, &one) && one.Kind == fault.Conflict && one.Key == "error.changed-meanwhile" {
		v.Status = http.StatusConflict
		v.Conflict = &conflictView{Editor: back.part == "editor", New: v.since(t, names, back.form.Raw("seen"))}
		return nil
	}
	if errors.As(err, &one) && one.Kind == fault.Denied {
		said := *one
		said.Kind = fault.Invalid
		err = &said
		v.Status = http.StatusForbidden
	}
	return v.Refill(v.Form, err)
}

// seenOf returns a mark of how far a reader of the view has read: the last change and the last message.
func seenOf(t *ticket.View) string {
	var change, message uint64
	for _, e := range t.History {
		change = max(change, e.Seq)
	}
	for _, m := range t.Messages {
		message = max(message, m.ID)
	}
	return strconv.FormatUint(change, 10) + "-" + strconv.FormatUint(message, 10)
}

// names fills in the people and things that the ticket is about.
func (v *ticketPage) names(t *ticket.View, n *ticketNames) {
	row := t.Ticket
	v.State = show.StateBadge(&v.Page, row)
	v.StateLong = stateLong(&v.Page, row)
	v.Priority = strconv.Itoa(row.Priority)
	v.PriorityIs = v.T("severity."+row.Severity.String()) + ", " + lowerFirst(v.T("urgency."+row.Urgency.String()))
	v.Kind = v.T("kind." + row.Kind.String())
	v.ModulePath = n.module(row.Module, v.Lang)
	if v.ModulePath == "" {
		v.ModulePath = v.T("ticket.no-module")
	}
	v.Group = t.Group.Name.In(v.Lang)
	v.Assignee = v.T("ticket.nobody")
	if row.Assignee != 0 {
		v.Assignee = n.person(row.Assignee)
	}
	v.Due = show.Due(&v.Page, row)
	v.Requester, v.Unclaimed, v.Inner = n.view(row.Requester), row.Unclaimed, t.Inner
	v.Lost = show.UnreachableOf(&v.Page, n.people[row.Requester])
	if row.OpenedBy != 0 {
		v.OpenedBy = n.person(row.OpenedBy)
	}
	v.Opened, v.Taken = v.Moment(row.Opened), v.Moment(row.Taken)
	if row.State == store.StateResolved {
		v.Closes = v.Day(t.Closes)
	}
	v.Language = row.Language
	if d := t.Duplicate; d != nil {
		line := lineOf(&v.Page, d)
		v.Duplicate = &line
	}
	for _, p := range row.Participants {
		v.People = append(v.People, participantView{n.view(p), t.MayRemove[p], show.UnreachableOf(&v.Page, n.people[p])})
	}
	v.Wishes = row.Wishes
	if t.MayBelong != nil {
		line := lineOf(&v.Page, t.MayBelong)
		v.Belongs = &line
	}
	for _, l := range t.Links {
		v.Links = append(v.Links, lineOf(&v.Page, l))
	}
	v.extraFacts(t)
}

func (v *ticketPage) extraFacts(t *ticket.View) {
	row := t.Ticket
	add := func(key, value string) {
		if value != "" {
			v.Extra = append(v.Extra, fact{v.T(key), value})
		}
	}
	if row.Outcome != store.OutcomeNone {
		words := v.T("outcome." + row.Outcome.String())
		if row.Outcome == store.Duplicate && t.Duplicate != nil {
			words = v.T("outcome.duplicate-of", "number", row.DuplicateOf)
		}
		add("ticket.outcome", words)
	}
	add("ticket.version", row.Version)
	if !row.PlannedFor.IsZero() {
		add("ticket.planned-for", v.Date(row.PlannedFor))
	}
	add("ticket.affected", row.Affected)
	if row.Regression {
		worked := row.WorkedIn
		if worked == "" {
			worked = v.T("ticket.regression-yes")
		}
		add("ticket.regression", worked)
	}
	for _, q := range t.Questions {
		answer := row.Answers[q.Code]
		if answer == "" {
			continue
		}
		if q.Type == "date" {
			if d, err := time.ParseInLocation(time.DateOnly, answer, v.Now.Location()); err == nil {
				answer = v.Date(d)
			}
		}
		v.Answers = append(v.Answers, fact{q.Label.In(v.Lang), answer})
	}
	add("ticket.external", row.External)
}

// stateLong returns the state with its details: the version, the outcome, or whom the ticket waits for.
func stateLong(p *web.Page, t *store.Ticket) string {
	switch {
	case t.State == store.StateWaiting:
		return p.T("state.agent.waiting-long")
	case t.State == store.StatePlanned && t.Version != "":
		return p.T("state.agent.planned-version", "version", t.Version)
	case t.State == store.StatePlanned && !t.PlannedFor.IsZero():
		return p.T("state.agent.planned-version", "version", p.Date(t.PlannedFor))
	}
	return p.T("state.agent." + t.State.String())
}

func lineOf(p *web.Page, t *store.Ticket) ticketLine {
	return ticketLine{t.ID, address.Ticket(t.ID), t.Subject, show.StateBadge(p, t)}
}

func lowerFirst(s string) string {
	for i := range s {
		if i > 0 {
			return strings.ToLower(s[:i]) + s[i:]
		}
	}
	return strings.ToLower(s)
}

// ticketChoices fills the lists of the facts.
func (a pages) ticketChoices(r *web.Request, v *ticketPage, t *ticket.View, names *ticketNames) error {
	actor := r.Actor()
	id := func(n uint64) string { return strconv.FormatUint(n, 10) }
	add := func(to *[]show.Choice, name, value, label string) {
		*to = append(*to, show.Choice{Value: value, Label: label, Chosen: v.Chosen(name, value)})
	}
	if v.MayAssign {
		add(&v.Members, "assignee", "0", v.T("ticket.nobody"))
		members, err := a.Desk.People.GroupMembers(actor, t.Ticket.Group)
		if err != nil {
			return err
		}
		for _, m := range members {
			if !m.Disabled || m.ID == t.Ticket.Assignee {
				add(&v.Members, "assignee", id(m.ID), m.Name)
			}
		}
	}
	if v.MayMove {
		for _, g := range names.groups {
			if g.ID == t.Ticket.Group || !g.Retired && (v.MayAssign || actor.Person.InGroup(g.ID)) {
				add(&v.Groups, "group", id(g.ID), g.Name.In(v.Lang))
			}
		}
		slices.SortFunc(v.Groups, func(x, y show.Choice) int { return strings.Compare(spelling.Fold(x.Label), spelling.Fold(y.Label)) })
	}
	if v.MayWork {
		if slices.Contains(t.Reachable, store.StateOpen) {
			add(&v.Moves, "to", "open", v.T("state.agent.open"))
		}
		if slices.Contains(t.Reachable, store.StatePlanned) || t.Ticket.State == store.StatePlanned {
			add(&v.Moves, "to", "planned", v.T("state.agent.planned"))
		}
	}
	if !v.MayCorrect {
		return nil
	}
	for _, s := range []store.Severity{store.Blocking, store.High, store.Medium, store.Low} {
		add(&v.Severities, "severity", s.String(), v.T("severity."+s.String()))
	}
	for _, u := range []store.Urgency{store.Today, store.Week, store.NoDate} {
		add(&v.Urgencies, "urgency", u.String(), v.T("urgency."+u.String()))
	}
	for _, k := range show.TicketKinds {
		add(&v.Kinds, "kind", k.String(), v.T("kind."+k.String()))
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	add(&v.Modules, "module", "0", v.T("ticket.no-module"))
	for _, l := range levels {
		if !l.Retired || l.ID == t.Ticket.Module {
			v.Modules = append(v.Modules, show.LevelOption(l, v.Lang, v.Chosen("module", id(l.ID))))
		}
		if l.ID == t.Ticket.Module {
			v.Versions = l.Versions
		}
	}
	for _, q := range t.Questions {
		view := questionView{Name: "answer-" + q.Code, Label: q.Label.In(v.Lang), Type: q.Type, Value: v.Value("answer-" + q.Code)}
		for _, choice := range q.Choices {
			view.Choices = append(view.Choices, show.Choice{Value: choice, Label: choice, Chosen: view.Value == choice})
		}
		v.Questions = append(v.Questions, view)
	}
	return nil
}

// ticketAround fills in what surrounds the ticket: the previous and next ticket of the queue, other readers, the
// requester's other tickets, related articles.
func (a pages) ticketAround(r *web.Request, v *ticketPage, t *ticket.View) error {
	actor := r.Actor()
	v.Back = "/desk"
	label := v.T("nav.desk")
	if q := fromQuery(a, actor, v.From); q != nil {
		view := q.Raw("from")
		v.Back = show.JoinQuery("/desk/"+view, webqueue.QueryString(q, ""))
		label = v.T("queue." + view)
		before, after, err := a.Desk.Queues.Neighbours(actor, webqueue.Query(q, view), v.ID)
		if err != nil {
			return err
		}
		if before != 0 {
			v.Before = show.JoinQuery(address.Ticket(before), v.From)
		}
		if after != 0 {
			v.After, v.Next = show.JoinQuery(address.Ticket(after), v.From), after
		}
	}
	v.Crumb(label, v.Back)
	v.Crumb("#"+strconv.FormatUint(v.ID, 10), "")
	v.Others = a.presence.Said(a.Words, r, v.ID, t.Ticket.Group, a.Desk.Now())
	more, err := a.Desk.Queues.RequesterTickets(actor, v.ID, 5)
	if err != nil {
		return err
	}
	for _, o := range more {
		v.OtherOf = append(v.OtherOf, lineOf(&v.Page, o))
	}
	if v.Holders, err = a.linkHolders(&v.Page, actor, v.ID); err != nil {
		return err
	}
	module := ""
	if t.Module != nil {
		module = t.Module.Code
	}
	found, err := a.Desk.Find.Fitting(r.Ctx(), actor, t.Ticket.Subject, module, 4)
	if err != nil {
		a.Log.Warn("find articles for a ticket", "ticket", v.ID, "err", err) // the page is useful without them
	}
	for _, f := range found {
		v.Articles = append(v.Articles, web.Link{Label: f.Title, Address: "/articles/" + f.Article.Slug})
	}
	v.NoArticle = err == nil && len(found) == 0
	return show.QueueSide(a.Site, r, &v.Page, v.Back)
}

// fromQuery returns the queue from which a ticket was opened, nil when there is none.
func fromQuery(a pages, actor policy.Actor, from string) *web.Form {
	values, err := url.ParseQuery(from)
	if err != nil || !slices.Contains(queue.Views, values.Get("from")) {
		return nil
	}
	return a.FormWith(actor, values, nil)
}
