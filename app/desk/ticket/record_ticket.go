package ticket

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/scope"
	"sportello/store/spelling"
)

// openFromRecord opens the ticket that the record describes. A refused record adds no person.
func (ts *Tickets) openFromRecord(tx *db.Tx, a policy.Actor, r *read) (*store.Ticket, error) {
	wrong := slices.Clone(r.wrong)
	var err error
	t := &store.Ticket{Subject: r.subject, Kind: r.kind, Severity: r.severity, Urgency: r.urgency, External: r.external, Via: a.By(act.Act{}).Via, Opened: r.opened,
		Language: r.rec.Language, Affected: markup.Line(r.rec.Affected), Regression: r.rec.Regression, WorkedIn: markup.Line(r.rec.WorkedIn), Version: markup.Line(r.rec.Version), Narrowed: r.rec.Narrowed}
	if t.Kind == store.KindNone {
		t.Kind = store.Clarification
	}
	if t.Severity == store.SeverityNone {
		t.Severity = store.Medium
	}
	if t.Urgency == store.UrgencyNone {
		t.Urgency = store.NoDate
	}
	if t.Urgency != store.NoDate {
		t.Deadline = r.deadline
		if !r.history && !t.Deadline.IsZero() && t.Deadline.Before(tx.Now().Add(-time.Hour)) {
			wrong.Add("deadline", "error.deadline-past")
		}
	}
	if t.Kind != store.Malfunction {
		t.Regression, t.WorkedIn = false, ""
	}
	if t.Opened.IsZero() {
		t.Opened = tx.Now()
	}
	if t.Module, t.Group, err = ts.placeOfRecord(tx, a, r, &wrong); err != nil {
		return nil, err
	}
	t.Answers = r.answers(nil)
	checkImportedState(&wrong, t.Kind, r.state)
	requester, err := ts.requesterOf(tx, a, r, &wrong)
	if err != nil {
		return nil, err
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	t.Requester = requester.ID
	hat, err := r.hat(tx, policy.HatsFor(a, requester, tx.Now()))
	if err != nil {
		return nil, err
	}
	t.Wear(hat)
	if t.Unclaimed = r.rec.Unclaimed && r.history; t.Unclaimed {
		t.Wear(store.Hat{})
	}
	if t.Language == "" {
		t.Language = people.LanguageOf(requester, t.Subject+"\n"+r.body, "")
	}
	if a.SignedIn() && a.ID() != requester.ID && !r.history {
		t.OpenedBy = a.ID()
	}
	list, err := ts.messagesOf(tx, t, r)
	if err != nil {
		return nil, err
	}
	ts.enterImported(store.CurrentSettings(tx), t, r, lastOf(t.Opened, list))
	first := &store.Message{Author: requester.ID, At: t.Opened, Body: r.body, Format: r.format, HTML: r.html, Via: t.Via, Unproven: r.rec.Unproven}
	entry.Phrase(first)
	if err := ts.Insert(tx, t, first, nil); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return t, nil
	}
	if err := ts.appendImported(tx, t, list); err != nil {
		return nil, err
	}
	return t, store.Tickets.Put(tx, t)
}

// hat returns the hat that the record names, of those under which the ticket may be opened, or the first of them when it
// names none. Whatever is not among them is refused alike: the answer does not say which organisations there are.
func (r *read) hat(tx *db.Tx, hats []store.Affiliation) (store.Hat, error) {
	code, unit := strings.TrimSpace(r.rec.Organisation), markup.Line(r.rec.Unit)
	if code == "" && unit == "" {
		if len(hats) == 0 {
			return store.Hat{}, nil
		}
		return hats[0].Hat(), nil
	}
	if named := (store.Hat{Organisation: store.OrganisationsByCode.ID(tx, code)}); named.Organisation != 0 {
		if unit != "" {
			named.Unit = store.UnitsByOrganisation.ID(tx, named.Organisation, spelling.Fold(unit))
		}
		for _, h := range hats {
			if h.Hat() == named && (unit == "") == (named.Unit == 0) {
				return named, nil
			}
		}
	}
	return store.Hat{}, fault.New(fault.Invalid, "error.hat").At("organisation")
}

// requesterOf returns the ticket's requester. It adds a person for a new address if the actor may do so.
func (ts *Tickets) requesterOf(tx *db.Tx, a policy.Actor, r *read, wrong *fault.Problems) (*store.Person, error) {
	email := spelling.Address(r.rec.RequesterEmail)
	switch {
	case email == "" && markup.Line(r.rec.RequesterName) != "" && !a.System:
		wrong.Add("requester_email", "error.required")
		return a.Person, nil
	case email == "" && a.SignedIn():
		return a.Person, nil
	case email == "":
		wrong.Add("requester_email", "error.required")
		return &store.Person{}, nil
	case a.SignedIn() && email == a.Person.Email:
		return a.Person, nil
	}
	refused := fault.New(fault.Denied, "error.open-for").At("requester_email")
	if !a.IsAgent() && !a.IsAdministrator() && !a.Person.IsCoordinator(tx.Now()) {
		return nil, refused
	}
	if !entry.IsAddress(email) {
		if !a.IsAgent() && !a.IsAdministrator() {
			return nil, refused
		}
		wrong.Add("requester_email", "error.email")
		return &store.Person{}, nil
	}
	if !a.IsAgent() && !a.IsAdministrator() {
		// The refusal is the same whether or not the address is known.
		p, err := store.PeopleByEmail.First(tx, email)
		if errors.Is(err, fault.ErrNotFound) {
			p = &store.Person{}
			p.Affiliations, err = people.ByAddress(tx, email)
		}
		if err != nil {
			return nil, err
		}
		if !policy.MayOpenFor(a, p, tx.Now()) {
			return nil, refused
		}
	}
	if len(*wrong) > 0 {
		return &store.Person{}, nil // a refused record adds no person
	}
	return ts.people.EnsureRequester(tx, email, r.rec.RequesterName)
}

// placeOfRecord returns module and group. An imported ticket may belong to a module that has been retired since.
func (ts *Tickets) placeOfRecord(tx *db.Tx, a policy.Actor, r *read, wrong *fault.Problems) (module, group uint64, err error) {
	if code := strings.TrimSpace(r.rec.Module); code != "" {
		m, err := store.ModulesByCode.First(tx, code)
		if err != nil {
			wrong.Add("module", "error.module-unknown")
		} else {
			module = m.ID
		}
	}
	chosen := uint64(0)
	if r.rec.Group != "" {
		g, err := store.GroupsByCode.First(tx, strings.TrimSpace(r.rec.Group))
		if err != nil {
			wrong.Add("group", "error.group-unknown")
		} else {
			chosen = g.ID
		}
	}
	var found fault.Problems
	if group, err = ts.placeOf(tx, a, module, chosen, &found); err != nil {
		return 0, 0, err
	}
	for _, e := range found {
		if r.history && e.Key == "error.module-retired" {
			continue
		}
		*wrong = append(*wrong, e)
	}
	return module, group, nil
}

// answers merges the record's answers into the existing ones.
func (r *read) answers(have map[string]string) map[string]string {
	if len(r.rec.Answers) == 0 {
		return have
	}
	out := map[string]string{}
	for c, v := range have {
		out[c] = v
	}
	for c, v := range r.rec.Answers {
		if s := strings.TrimSpace(markup.Clean(string(v))); s != "" {
			out[markup.Line(c)] = s
		}
	}
	return out
}

// checkImportedState adds a problem for a state that the kind cannot have under the table of moves.
func checkImportedState(wrong *fault.Problems, kind store.TicketKind, state store.State) {
	if state != store.StatePlanned {
		return
	}
	if err := (attempt{kind: kind, version: true}).has(correction); err != nil {
		if e, ok := errors.AsType[*fault.Error](err); ok {
			*wrong = append(*wrong, e)
		}
	}
}

// imported is a message to be imported, with its author.
type imported struct {
	*store.Message
	said bool // the record contains its time
}

// messagesOf makes rows from the record's messages, by time; one without a time gets that of the previous one.
func (ts *Tickets) messagesOf(tx *db.Tx, t *store.Ticket, r *read) ([]imported, error) {
	var out []imported
	at := t.Opened
	for _, m := range r.messages {
		author := &store.Person{}
		if !m.Desk {
			var err error
			if author, err = ts.people.EnsureRequester(tx, m.AuthorEmail, m.AuthorName); err != nil {
				return nil, err
			}
		}
		said := !m.at.IsZero()
		if said {
			at = m.at
		}
		agent := m.Desk || m.Internal || author.IsAgent() && author.ID != t.Requester
		row := &store.Message{Author: author.ID, At: at, Body: m.Body, Format: m.format, HTML: m.HTML, Internal: m.Internal, Agent: agent, Via: door.Import, Unproven: m.Unproven}
		entry.Phrase(row)
		out = append(out, imported{row, said})
	}
	slices.SortStableFunc(out, func(x, y imported) int { return x.At.Compare(y.At) })
	return out, nil
}

func lastOf(opened time.Time, list []imported) time.Time {
	last := opened
	for _, m := range list {
		if !m.Internal && m.At.After(last) {
			last = m.At
		}
	}
	return last
}

// appendImported writes the messages; the ticket's public time is that of the newest public one.
func (ts *Tickets) appendImported(tx *db.Tx, t *store.Ticket, list []imported) error {
	for _, m := range list {
		if err := ts.AppendMessage(tx, t, m.Message, nil); err != nil {
			return err
		}
		if !m.Internal && m.At.After(t.PublicUpdated) {
			t.PublicUpdated = m.At
		}
	}
	return nil
}

// enterImported puts the ticket into the record's state with plausible dates: it was taken and resolved, as far as is
// known, when the last public message was written.
func (ts *Tickets) enterImported(set *store.Settings, t *store.Ticket, r *read, at time.Time) {
	if r.state == store.StateNone {
		return
	}
	if r.state == store.StateClosed {
		ts.due.Enter(set, t, store.StateResolved, at)
	}
	ts.due.Enter(set, t, r.state, at)
	if r.state != store.StateNew && t.Taken.IsZero() {
		t.Taken = at
	}
	if r.state == store.StateResolved || r.state == store.StateClosed {
		t.Outcome = r.outcome
		if t.Outcome == store.OutcomeNone {
			t.Outcome = store.Solved
			if t.Kind == store.Clarification || t.Kind == store.Guidance {
				t.Outcome = store.Answered
			}
		}
	}
}

// updateFromRecord changes the ticket to match the record, and writes it only if something differs.
func (ts *Tickets) updateFromRecord(tx *db.Tx, a policy.Actor, r *read, t *store.Ticket) error {
	if !a.Reaches(tx, scope.Tickets, t.Module) {
		return fault.New(fault.NotFound, "error.not-found")
	}
	wrong := slices.Clone(r.wrong)
	before := *t
	t.Subject = r.subject
	if r.kind != store.KindNone {
		t.Kind = r.kind
	}
	if r.severity != store.SeverityNone {
		t.Severity = r.severity
	}
	if r.urgency != store.UrgencyNone {
		t.Urgency = r.urgency
	}
	if !r.deadline.IsZero() && t.Urgency != store.NoDate {
		t.Deadline = r.deadline
	}
	if t.Urgency == store.NoDate {
		t.Deadline = time.Time{}
	}
	if !r.opened.IsZero() {
		t.Opened = r.opened
	}
	t.Answers, t.Narrowed = r.answers(t.Answers), t.Narrowed || r.rec.Narrowed // a record that says nothing opens nothing
	if r.rec.Version != "" {
		t.Version = markup.Line(r.rec.Version)
	}
	if r.rec.Module != "" || r.rec.Group != "" {
		module, group, err := ts.placeOfRecord(tx, a, r, &wrong)
		if err != nil {
			return err
		}
		if r.rec.Module != "" && module != t.Module {
			t.Module = module
			if r.rec.Group == "" && group != t.Group {
				t.Group, t.Assignee = group, 0
			}
		}
		if r.rec.Group != "" && group != t.Group {
			t.Group, t.Assignee = group, 0
		}
	}
	checkImportedState(&wrong, t.Kind, r.state)
	if r.rec.RequesterEmail != "" {
		p, err := ts.requesterOf(tx, a, r, &wrong)
		if err != nil {
			return err
		}
		if p.ID != 0 && p.ID != t.Requester {
			t.Requester = p.ID
			t.Wear(p.Hat(tx.Now()))
			t.Participants = db.Without(t.Participants, p.ID)
		}
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	tx.Act(act.Import)
	rewritten, err := rewriteOpening(tx, t.ID, r)
	if err != nil {
		return err
	}
	news, err := ts.newMessages(tx, t, r)
	if err != nil {
		return err
	}
	set := store.CurrentSettings(tx)
	if r.state != store.StateNone && (r.state != t.State || r.outcome != store.OutcomeNone && r.outcome != t.Outcome) {
		ts.enterImported(set, t, r, lastOf(lastPublic(t), news))
	}
	if err := ts.appendImported(tx, t, news); err != nil {
		return err
	}
	if !rewritten && len(news) == 0 && reflect.DeepEqual(&before, t) {
		return nil
	}
	// Notes alone change only the agents' revision.
	shown := *t
	shown.Notes = before.Notes
	public := rewritten || !reflect.DeepEqual(&before, &shown)
	tx.Internally(!public)
	if public {
		t.PublicRev++
	}
	if rewritten {
		t.PublicUpdated = tx.Now()
	}
	ts.due.Schedule(set, t)
	return store.Tickets.Put(tx, t)
}

func lastPublic(t *store.Ticket) time.Time {
	if t.PublicUpdated.After(t.Opened) {
		return t.PublicUpdated
	}
	return t.Opened
}

func rewriteOpening(tx *db.Tx, ticket uint64, r *read) (bool, error) {
	for m, err := range store.MessagesByTicket.Rows(tx, db.Span{Prefix: key.Of(ticket)}) {
		if err != nil {
			return false, err
		}
		if !m.Opening || m.Merged() {
			continue
		}
		if m.Body == r.body && (r.format == store.FormatNone || r.format == m.Written()) {
			return false, nil
		}
		m.Body, m.Format, m.HTML = r.body, r.format, r.html
		entry.Phrase(m)
		return true, store.Messages.Put(tx, m)
	}
	return false, nil
}

// newMessages returns the record's messages that the ticket lacks. Two messages are the same if author, text and, where
// given, time are equal.
func (ts *Tickets) newMessages(tx *db.Tx, t *store.Ticket, r *read) ([]imported, error) {
	if len(r.messages) == 0 {
		return nil, nil
	}
	have, err := store.MessagesByTicket.Find(tx, t.ID)
	if err != nil {
		return nil, err
	}
	list, err := ts.messagesOf(tx, t, r)
	if err != nil {
		return nil, err
	}
	used := map[uint64]bool{}
	return slices.DeleteFunc(list, func(m imported) bool {
		for _, h := range have {
			if !used[h.ID] && !h.Opening && h.Author == m.Author && h.Internal == m.Internal && h.Body == m.Body && (!m.said || h.At.Equal(m.At)) {
				used[h.ID] = true
				return true
			}
		}
		return false
	}), nil
}
