package ticket

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sportello/app/desk/entry"
	"sportello/app/desk/file"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Opening is the data for opening a ticket. Defaults are: kind clarification, severity medium, urgency none, no
// module, and without a module the general group.
type Opening struct {
	Subject    string
	Body       string
	Kind       store.TicketKind
	Module     uint64
	Severity   store.Severity
	Urgency    store.Urgency
	Deadline   time.Time
	Answers    map[string]string
	Affected   string
	Regression bool
	WorkedIn   string
	Files      []uint64       // pending files of the actor
	Narrowed   bool           // kept from coordinators and colleagues; in the actor's own name alone
	Hat        store.Hat      // one of the requester's, under which it is opened; zero: the one that counts where nobody chooses
	For        uint64         // the person in whose name it is opened; 0 for the actor
	Group      uint64         // agents may choose one; otherwise the module's
	Language   string         // of the ticket; empty: the requester's, else the one the words suggest, else Browser
	Browser    string         // language of the requester's browser, "" when unknown or somebody else's
	Contact    store.Approach // how the person reached the agent who opens the ticket in their name
	Access     uint64         // the request for credentials that it stands for
	Then       []Step         // what happens to the new ticket in the same transaction, judged as Do judges it
	// Form says that the module's required questions must be answered: the page asks them; elsewhere agents ask later.
	Form bool
}

// Open opens a ticket. Everyone who is signed in may open one in their own name; agents and administrators may do so
// for anyone, coordinators for their people. It returns all problems of the fields as fault.Problems. For a module
// served elsewhere requesters get Invalid "error.module-elsewhere" with the arguments channel and address.
func (ts *Tickets) Open(a policy.Actor, n Opening) (*store.Ticket, error) {
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	var out *store.Ticket
	err := ts.st.Update(a.By(act.Open), func(tx *db.Tx) error {
		t, err := ts.OpenIn(tx, a, n)
		if err != nil {
			return err
		}
		out = t
		return people.Wear(tx, a, t)
	})
	return out, err
}

// OpenIn is Open within a transaction that does more. What it does is the act of opening alone.
func (ts *Tickets) OpenIn(tx *db.Tx, a policy.Actor, n Opening) (*store.Ticket, error) {
	t, m, files, err := ts.draft(tx, a, n)
	if err != nil {
		return nil, err
	}
	tx.Act(act.Open)
	if err := ts.Insert(tx, t, m, files); err != nil {
		return nil, err
	}
	for _, s := range n.Then {
		done, err := ts.step(tx, a, t, s)
		if err != nil {
			return nil, err
		}
		t = done.Ticket
	}
	return t, nil
}

// draft makes the rows of a new ticket and collects all problems.
func (ts *Tickets) draft(tx *db.Tx, a policy.Actor, n Opening) (*store.Ticket, *store.Message, []*store.File, error) {
	var wrong fault.Problems
	t := &store.Ticket{Subject: markup.Line(n.Subject), Kind: n.Kind, Severity: n.Severity, Urgency: n.Urgency, Module: n.Module, Requester: a.ID(),
		Affected: markup.Line(n.Affected), Regression: n.Regression, WorkedIn: markup.Line(n.WorkedIn), Language: n.Language, Access: n.Access, Via: a.By(act.Act{}).Via, Opened: tx.Now()}
	requester := a.Person
	if n.For != 0 && n.For != a.ID() {
		p, err := store.People.Get(tx, n.For)
		if err != nil || !policy.MayOpenFor(a, p, tx.Now()) {
			return nil, nil, nil, fault.New(fault.Denied, "error.open-for").At("requester")
		}
		requester, t.Requester, t.OpenedBy = p, p.ID, a.ID()
		if a.IsAgent() || a.IsAdministrator() {
			t.Contact = n.Contact
		}
	}
	if t.Narrowed = n.Narrowed; n.Narrowed && t.Requester != a.ID() {
		return nil, nil, nil, fault.New(fault.Denied, "error.narrow-own").At("narrowed")
	}
	hats := policy.HatsFor(a, requester, tx.Now())
	switch worn := n.Hat; {
	case worn == store.Hat{} && len(hats) > 0:
		t.Wear(hats[0].Hat())
	case worn != store.Hat{}:
		t.Wear(worn)
		if !slices.ContainsFunc(hats, func(h store.Affiliation) bool { return h.Hat() == worn }) {
			wrong.Add("hat", "error.hat")
		}
	}
	if t.Kind == store.KindNone {
		t.Kind = store.Clarification
	}
	if t.Severity == store.SeverityNone {
		t.Severity = store.Medium
	}
	if t.Urgency == store.UrgencyNone {
		t.Urgency = store.NoDate
	}
	entry.CheckText(&wrong, "subject", t.Subject, entry.MaxSubject)
	body := markup.Clean(n.Body)
	entry.CheckBody(&wrong, body)
	if t.Language == "" {
		t.Language = people.LanguageOf(requester, t.Subject+"\n"+body, n.Browser)
	}
	group, err := ts.placeOf(tx, a, n.Module, n.Group, &wrong)
	if err != nil {
		return nil, nil, nil, err
	}
	t.Group = group
	if n.Form || len(n.Answers) > 0 {
		t.Answers = checkAnswers(tx, n.Module, n.Answers, n.Form, &wrong)
	}
	t.Deadline = checkDeadline(t.Urgency, n.Deadline, n.Form, tx.Now(), &wrong)
	if t.Kind != store.Malfunction {
		t.Regression, t.WorkedIn = false, ""
	}
	files, err := file.Pending(tx, a, n.Files)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := wrong.Err(); err != nil {
		return nil, nil, nil, err
	}
	m := &store.Message{Author: requester.ID, At: tx.Now(), Body: body, Opening: true, Via: t.Via}
	entry.Phrase(m)
	return t, m, files, nil
}

// placeOf returns the group of a new ticket: the module's own or inherited one, another if an agent chose it, the
// general one without a module.
func (ts *Tickets) placeOf(tx *db.Tx, a policy.Actor, module, chosen uint64, wrong *fault.Problems) (uint64, error) {
	general, err := store.GroupsByCode.PeekFirst(tx, store.GeneralGroup)
	if err != nil {
		return 0, err
	}
	group := general.ID
	if !a.Reaches(tx, scope.Tickets, module) {
		wrong.Add("module", "error.token-module")
		return group, nil
	}
	if module != 0 {
		p, err := policy.Placement(tx, module)
		inside := a.IsAgent() || a.IsAdministrator()
		if err != nil || p.Retired && !inside { // only agents may learn of a retired module
			wrong.Add("module", "error.module-unknown")
			return group, nil
		}
		if p.Retired {
			wrong.Add("module", "error.module-retired")
		}
		if p.Group != 0 {
			group = p.Group
		}
		if p.Channel != store.Here && !inside {
			*wrong = append(*wrong, fault.New(fault.Invalid, "error.module-elsewhere", "channel", p.Channel.String(), "address", p.Address, "module", p.Code).At("module"))
		}
	}
	if chosen != 0 {
		if !a.IsAgent() && !a.IsAdministrator() {
			return 0, fault.New(fault.Denied, "error.group-agents-only").At("group")
		}
		g, err := store.Groups.Get(tx, chosen)
		if err != nil || g.Retired {
			wrong.Add("group", "error.group-unknown")
			return group, nil
		}
		group = g.ID
	}
	return group, nil
}

// checkAnswers returns the answers to the questions of the module and of the levels above it. A missing required answer
// is a problem only when bind is set.
func checkAnswers(tx *db.Tx, module uint64, given map[string]string, bind bool, wrong *fault.Problems) map[string]string {
	out := map[string]string{}
	for _, q := range policy.Questions(tx, module) {
		v := strings.TrimSpace(markup.Clean(given[q.Code]))
		field := "answer-" + q.Code
		switch {
		case v == "" && q.Required && bind:
			wrong.Add(field, "error.required")
			continue
		case v == "":
			continue
		case utf8.RuneCountInString(v) > entry.MaxAnswer:
			wrong.Add(field, "error.too-long", "max", entry.MaxAnswer, "have", utf8.RuneCountInString(v))
			continue
		}
		switch q.Type {
		case "choice":
			if !slices.Contains(q.Choices, v) {
				wrong.Add(field, "error.choice")
			}
		case "number":
			if _, err := strconv.ParseFloat(strings.ReplaceAll(v, ",", "."), 64); err != nil {
				wrong.Add(field, "error.number")
			}
		case "date":
			if _, err := time.Parse(time.DateOnly, v); err != nil {
				wrong.Add(field, "error.date")
			}
		}
		out[q.Code] = v
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// checkDeadline returns the date of the urgency. On the page, an urgency with a date requires one and "no date" allows
// none. A date without an hour means the end of that day's work.
func checkDeadline(u store.Urgency, date time.Time, bind bool, now time.Time, wrong *fault.Problems) time.Time {
	if u == store.NoDate || u == store.UrgencyNone {
		return time.Time{}
	}
	if date.IsZero() {
		if bind {
			wrong.Add("deadline", "error.deadline-needed")
		}
		return time.Time{}
	}
	if date.Before(now.Add(-time.Hour)) {
		wrong.Add("deadline", "error.deadline-past")
	} else if bind && u == store.Today && date.After(now.Add(24*time.Hour)) {
		wrong.Add("deadline", "error.deadline-today")
	} else if bind && u == store.Week && date.After(now.Add(8*24*time.Hour)) {
		wrong.Add("deadline", "error.deadline-week")
	}
	return date.UTC()
}

// Insert writes a new ticket with its first message and files. The ticket must have Subject, Kind, Group,
// Requester and Opened, the message Author, At and Body. Insert sets counts, public revision, priority, due time
// and wake-up.
func (ts *Tickets) Insert(tx *db.Tx, t *store.Ticket, first *store.Message, files []*store.File) error {
	if t.State == store.StateNone {
		t.State = store.StateNew
	}
	t.PublicRev, t.PublicUpdated = 1, t.Opened
	if t.Opened.Before(tx.Now()) {
		t.Created = t.Opened
	}
	t.Messages, t.LastBy = 1, first.Author
	t.Files = len(files)
	ts.due.Schedule(store.CurrentSettings(tx), t)
	if err := store.Tickets.Put(tx, t); err != nil {
		return err
	}
	if len(first.Brought) > 0 {
		first.Brought = []uint64{t.ID} // it still belongs to its author if it returns to where it was merged
	}
	first.Ticket, first.Opening = t.ID, true
	return putMessage(tx, first, files)
}

// AppendMessage writes a message or note of an existing ticket and updates the ticket's counts; the caller writes the
// ticket.
func (ts *Tickets) AppendMessage(tx *db.Tx, t *store.Ticket, m *store.Message, files []*store.File) error {
	m.Ticket = t.ID
	files, err := withoutQuoted(tx, m, files)
	if err != nil {
		return err
	}
	if m.Internal {
		t.Notes++
	} else {
		t.Messages++
		t.Files += len(files)
		t.LastBy, t.LastAgent = m.Author, m.Agent
		if m.Agent && m.Author != 0 && t.Answered.IsZero() { // a person answers
			t.Answered = m.At
		}
	}
	return putMessage(tx, m, files)
}

func putMessage(tx *db.Tx, m *store.Message, files []*store.File) error {
	if err := store.Messages.Put(tx, m); err != nil {
		return err
	}
	for _, f := range files {
		f.Ticket, f.Message = m.Ticket, m.ID
		if err := store.Files.Put(tx, f); err != nil {
			return err
		}
	}
	return nil
}

// Touch updates the time and revision that the requester's side sees.
func Touch(tx *db.Tx, t *store.Ticket) {
	t.PublicRev++
	t.PublicUpdated = tx.Now()
}
