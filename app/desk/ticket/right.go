package ticket

import (
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// Rights before values: the fields named in a change are checked before any value is looked up, so that no answer
// reveals what the desk contains to people without the right.

// fieldRights lists the acts that a field of a change requires; one of them is enough. The names are those of the API.
// A field without a row cannot be changed. If a right covers only some values (the actor's own group, removing
// oneself), the code for the field checks it, also before it looks anything up.
var fieldRights = []struct {
	field string
	acts  []policy.Act
}{
	{"take", []policy.Act{policy.Take}},
	{"group", []policy.Act{policy.Take, policy.MoveHere}},
	{"assignee", []policy.Act{policy.Take, policy.MoveHere}}, // together with a move into the actor's own group
	{"subject", []policy.Act{policy.Correct}},
	{"kind", []policy.Act{policy.Correct}},
	{"module", []policy.Act{policy.Correct}},
	{"severity", []policy.Act{policy.Correct}},
	{"urgency", []policy.Act{policy.Correct}},
	{"deadline", []policy.Act{policy.Correct}},
	{"affected", []policy.Act{policy.Correct}},
	{"regression", []policy.Act{policy.Correct}},
	{"worked_in", []policy.Act{policy.Correct}},
	{"answers", []policy.Act{policy.Correct}},
	{"state", []policy.Act{policy.Work, policy.Settle, policy.Confirm, policy.Reopen}},
	{"outcome", []policy.Act{policy.Work, policy.Settle}},
	{"version", []policy.Act{policy.Work}},
	{"planned_for", []policy.Act{policy.Work}},
	{"duplicate_of", []policy.Act{policy.Work}},
	{"confirm", []policy.Act{policy.Confirm}},
	{"reopen", []policy.Act{policy.Reopen}},
	{"message", []policy.Act{policy.Write}},
	{"note", []policy.Act{policy.WriteNote}},
	{"requester", []policy.Act{policy.Arrange}},
	{"add_participants", []policy.Act{policy.AddPerson}},
	{"remove_participants", []policy.Act{policy.See}}, // everyone may leave; mayRemove checks the others
	{"narrowed", []policy.Act{policy.Narrow}},
	{"wish", []policy.Act{policy.Arrange, policy.AddPerson}}, // the requester's side may grant those it could add: see mayAnswerWish
	{"link", []policy.Act{policy.Arrange}},
	{"spam", []policy.Act{policy.Arrange}},
	{"undo_duplicate", []policy.Act{policy.Arrange}},
	{"move_message", []policy.Act{policy.Arrange}},
}

// fields returns the names of the fields that the step changes.
func (s *Step) fields() []string {
	var out []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"take", s.Take}, {"group", s.Group != nil}, {"assignee", s.Assignee != nil}, {"subject", s.Subject != nil}, {"kind", s.Kind != nil},
		{"module", s.Module != nil}, {"severity", s.Severity != nil}, {"urgency", s.Urgency != nil}, {"deadline", s.Deadline != nil},
		{"affected", s.Affected != nil}, {"regression", s.Regression != nil}, {"worked_in", s.WorkedIn != nil}, {"answers", s.Answers != nil},
		{"state", s.To != store.StateNone}, {"outcome", s.Outcome != store.OutcomeNone}, {"version", s.Version != ""},
		{"planned_for", !s.PlannedFor.IsZero()}, {"duplicate_of", s.DuplicateOf != 0}, {"confirm", s.Confirm}, {"reopen", s.Reopen},
		{"message", s.Message != nil && !s.Message.Internal}, {"note", s.Message != nil && s.Message.Internal},
		{"requester", s.For != ""}, {"add_participants", len(s.Add) > 0}, {"remove_participants", len(s.Remove) > 0}, {"narrowed", s.Narrow != nil},
		{"wish", s.Grant != "" || s.Refuse != ""},
		{"link", s.Link != 0 || s.Unlink != 0}, {"spam", s.Spam != nil}, {"undo_duplicate", s.UndoDuplicate}, {"move_message", s.MoveMessage != 0},
	} {
		if f.has {
			out = append(out, f.name)
		}
	}
	return out
}

// judge returns nil when the actor has the right to all the fields, else the error for the first one without: NotFound
// for a ticket they may not see, Denied naming the field. It looks at no value.
func (ts *Tickets) judge(tx *db.Tx, a policy.Actor, t *store.Ticket, fields []string) error {
	if err := ts.rights.May(tx, a, policy.See, t); err != nil {
		return err
	}
	s := ts.rights.Stand(tx, a, t)
	for _, f := range fieldRights {
		if slices.Contains(fields, f.field) && !slices.ContainsFunc(f.acts, s.Allows) {
			return fault.New(fault.Denied, "error.denied").At(f.field)
		}
	}
	return nil
}

// MayChange returns nil when the actor may change the named fields of the ticket, whatever the values. It returns a
// NotFound error for a ticket they may not see, and a Denied error naming the first field they may not change. Pages
// and API call it before they read the values. Do checks again.
func (ts *Tickets) MayChange(a policy.Actor, number uint64, fields ...string) error {
	return ts.st.View(func(tx *db.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		return ts.judge(tx, a, t, fields)
	})
}

// MayDo is MayChange for the fields of the step and for the additional ones whose values could not be read.
func (ts *Tickets) MayDo(a policy.Actor, number uint64, s Step, besides ...string) error {
	return ts.MayChange(a, number, append(s.fields(), besides...)...)
}

// MayAttach returns nil when the actor may write a message or a note with files in the ticket. It is called before any
// file is stored.
func (ts *Tickets) MayAttach(a policy.Actor, number uint64) error {
	err := ts.MayChange(a, number, "message")
	if fault.KindOf(err) == fault.Denied && ts.MayChange(a, number, "note") == nil {
		return nil
	}
	return err
}

// Given is what a record of a ticket or article contains: its members, and the address in requester_email.
type Given struct {
	Fields         []string
	RequesterEmail string
}

// administratorFields are the members of a record that only administrators may use.
var administratorFields = []string{"created_at", "state", "outcome", "version", "messages", "external_id"}

// MayOpenWith returns nil when the actor may open a ticket with the record's members, whatever the values. Otherwise it
// returns a Denied error naming the first member: requester_* requires the right to open tickets in another's name,
// group an agent, administratorFields an administrator. The actor's own address needs no right.
func (ts *Tickets) MayOpenWith(a policy.Actor, g Given) error {
	if !a.SignedIn() && !a.System {
		return policy.Denied(a)
	}
	if a.IsAdministrator() {
		return nil
	}
	for _, name := range administratorFields {
		if slices.Contains(g.Fields, name) {
			return fault.New(fault.Denied, "error.field-administrator", "field", name).At(name)
		}
	}
	if slices.Contains(g.Fields, "group") && !a.IsAgent() {
		return fault.New(fault.Denied, "error.group-agents-only").At("group")
	}
	address := spelling.Address(g.RequesterEmail)
	own := address == a.Person.Email
	if slices.Contains(g.Fields, "narrowed") && address != "" && !own {
		return fault.New(fault.Denied, "error.denied").At("narrowed")
	}
	if a.IsAgent() {
		return nil
	}
	if a.Person.IsCoordinator(ts.st.Now()) && (entry.IsAddress(address) || !slices.Contains(g.Fields, "requester_email")) {
		return nil // requesterOf checks whether it is one of their people
	}
	switch {
	case slices.Contains(g.Fields, "requester_email") && !own:
		return fault.New(fault.Denied, "error.open-for").At("requester_email")
	case slices.Contains(g.Fields, "requester_name") && !own:
		return fault.New(fault.Denied, "error.open-for").At("requester_name")
	}
	return nil
}

// given returns the members of the record that are not empty.
func (r *Record) given() Given {
	g := Given{RequesterEmail: r.RequesterEmail}
	for _, f := range []struct {
		name string
		has  bool
	}{{"created_at", r.CreatedAt != ""}, {"state", r.State != ""}, {"outcome", r.Outcome != ""}, {"version", r.Version != ""}, {"messages", len(r.Messages) > 0},
		{"external_id", r.ExternalID != ""}, {"group", r.Group != ""}, {"narrowed", r.Narrowed}, {"requester_email", strings.TrimSpace(r.RequesterEmail) != ""}, {"requester_name", r.RequesterName != ""}} {
		if f.has {
			g.Fields = append(g.Fields, f.name)
		}
	}
	return g
}

// MayWriteArticles returns nil for people who may write drafts of articles, and a SignIn or Denied error for others.
func (ts *Tickets) MayWriteArticles(a policy.Actor) error {
	if a.System {
		return nil
	}
	return policy.MayDraft(a)
}
