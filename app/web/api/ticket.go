package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/app/message"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/enum"
	"sportello/store/fault"
)

type apiTicket struct {
	Number       uint64            `json:"number"`
	Subject      string            `json:"subject"`
	Kind         store.TicketKind  `json:"kind"`
	Severity     store.Severity    `json:"severity"`
	Urgency      store.Urgency     `json:"urgency"`
	Priority     int               `json:"priority,omitempty"` // for agents
	State        store.State       `json:"state"`
	Outcome      store.Outcome     `json:"outcome,omitzero"`
	Module       string            `json:"module,omitempty"`
	Group        string            `json:"group"`
	Assignee     *apiPerson        `json:"assignee,omitempty"`
	Requester    *apiPerson        `json:"requester"`
	Participants []apiPerson       `json:"participants,omitempty"`
	Language     string            `json:"language,omitempty"`
	Version      string            `json:"version,omitempty"`
	PlannedFor   *time.Time        `json:"planned_for,omitempty"`
	Affected     string            `json:"affected,omitempty"`
	Regression   bool              `json:"regression,omitempty"`
	WorkedIn     string            `json:"worked_in,omitempty"`
	DuplicateOf  uint64            `json:"duplicate_of,omitempty"`
	Links        []uint64          `json:"links,omitempty"`
	Answers      map[string]string `json:"answers,omitempty"`
	ExternalID   string            `json:"external_id,omitempty"` // for agents and administrators
	CreatedAt    *time.Time        `json:"created_at"`
	UpdatedAt    *time.Time        `json:"updated_at"`
	Deadline     *time.Time        `json:"deadline,omitempty"`
	DueAt        *time.Time        `json:"due_at,omitempty"`
	ResolvedAt   *time.Time        `json:"resolved_at,omitempty"`
	ClosedAt     *time.Time        `json:"closed_at,omitempty"`
	Narrowed     bool              `json:"narrowed,omitempty"` // coordinators and colleagues do not see it
	Rev          uint64            `json:"rev"`
	Messages     []apiMessage      `json:"messages,omitempty"`
	Beside       *[]apiBeside      `json:"beside,omitempty"` // for those who see notes: mail from senders who do not belong to the ticket
}

type apiTicketList struct {
	Total   int         `json:"total"`
	TotalIs string      `json:"total_is"` // exact or at_least
	Next    *uint64     `json:"next"`
	Tickets []apiTicket `json:"tickets"`
}

// ticketAnswer returns what the actor may know about the ticket; agents says whether they are on the agents' side of
// it. The requester's side gets the public revision and time, and nothing of the agents'.
func ticketAnswer(n names, t *store.Ticket, agents bool) apiTicket {
	out := apiTicket{Number: t.ID, Subject: t.Subject, Kind: t.Kind, Severity: t.Severity, Urgency: t.Urgency, State: t.State, Outcome: t.Outcome,
		Module: n.module(t.Module), Group: n.group(t.Group), Assignee: n.person(t.Assignee), Requester: n.person(t.Requester), Language: t.Language,
		Version: t.Version, PlannedFor: program.Moment(t.PlannedFor), Affected: t.Affected, Regression: t.Regression, WorkedIn: t.WorkedIn, Answers: t.Answers,
		CreatedAt: program.Moment(t.Opened), Deadline: program.Moment(t.Deadline), DueAt: program.Moment(t.Due), ResolvedAt: program.Moment(t.Resolved),
		ClosedAt: program.Moment(t.Closed), Narrowed: t.Narrowed, UpdatedAt: program.Moment(t.PublicUpdated), Rev: t.PublicRev}
	if agents {
		out.Priority, out.ExternalID, out.UpdatedAt, out.Rev = t.Priority, t.External, program.Moment(t.Updated), t.Rev
	} else if out.Assignee != nil {
		out.Assignee.Email = "" // requesters write to the group, not to an agent's own mailbox
	}
	for _, p := range t.Participants {
		if who := n.person(p); who != nil {
			out.Participants = append(out.Participants, *who)
		}
	}
	return out
}

// ticketDocument returns a ticket with its messages, as the actor may see it.
func (a pages) ticketDocument(r *web.Request, number uint64) (*apiTicket, error) {
	v, err := a.Desk.Tickets.ReadAll(r.Actor(), number)
	if err != nil {
		return nil, err
	}
	mails, err := a.Desk.Tickets.Mails(v)
	if err != nil {
		return nil, err
	}
	var out apiTicket
	err = a.Desk.Names(func(known desk.Names) {
		n := names{known}
		out = ticketAnswer(n, v.Ticket, v.Agents)
		for _, o := range v.Links {
			out.Links = append(out.Links, o.ID)
		}
		if v.Duplicate != nil {
			out.DuplicateOf = v.Duplicate.ID
		}
		for _, m := range v.Messages {
			row := apiMessage{ID: m.ID, Author: n.person(m.Author), At: program.Moment(m.At), Body: m.Body, Format: m.Written().String(),
				HTML: string(message.HTML(m, "…", message.Pictures(v.Files, m))), Internal: m.Internal}
			if m.Mail != 0 {
				proven := !m.NotVerified()
				row.Proven = &proven
			}
			if m.Agent && !v.Agents && row.Author != nil {
				row.Author.Email = ""
			}
			for _, f := range v.Files[m.ID] {
				row.Attachments = append(row.Attachments, fileAnswer(f))
			}
			out.Messages = append(out.Messages, row)
		}
		if !v.Agents {
			return
		}
		list := []apiBeside{}
		for _, m := range v.Beside {
			row := apiBeside{ID: m.ID, From: n.person(m.Author), Body: m.Body, At: program.Moment(m.At), Attachments: []apiFile{}, Proven: !m.Unproven}
			row.Subject = mails[m.Mail].Subject
			for _, f := range v.Files[m.ID] {
				row.Attachments = append(row.Attachments, fileAnswer(f))
			}
			list = append(list, row)
		}
		out.Beside = &list
	})
	return &out, err
}

func (a pages) apiOpenTicket(r *web.Request) error {
	members, unreadable := a.membersOf(r)
	if err := a.Desk.Tickets.MayOpenWith(r.Actor(), members.given()); err != nil {
		return err
	}
	if unreadable != nil {
		return unreadable
	}
	var rec ticket.Record
	if err := program.ReadJSON(r, &rec); err != nil {
		return err
	}
	t, created, err := a.Desk.Tickets.Put(r.Actor(), rec)
	if err != nil {
		return err
	}
	agents, err := a.Desk.Tickets.AgentsSide(r.Actor(), t)
	if err != nil {
		return err
	}
	var out apiTicket
	err = a.Desk.Names(func(n desk.Names) { out = ticketAnswer(names{n}, t, agents[t.ID]) })
	if err != nil {
		return err
	}
	if created {
		r.Status(http.StatusCreated)
		r.SetLocation("/api/v1/tickets/" + strconv.FormatUint(t.ID, 10))
	}
	return r.JSON(out)
}

func (a pages) apiTickets(r *web.Request) error {
	q := program.QueryOf(r)
	f := queue.TicketFilter{Limit: q.Limit(), After: q.ID("after"), UpdatedSince: q.Moment("updated_since")}
	for _, word := range strings.FieldsFunc(strings.Join(q.List("state"), ","), func(ch rune) bool { return ch == ',' }) {
		s, err := enum.Parse[store.State](word)
		if err != nil {
			q.Refuse("state", "error.choice")
			continue
		}
		f.States = append(f.States, s)
	}
	// The answer must not reveal whether a person is known: there is simply nothing to list. Confidential groups and
	// retired modules exist only for those who work there and for those who have a ticket there; for others the code is
	// unknown.
	who := r.Actor()
	works := who.IsAgent() || who.IsAdministrator()
	nobody := false
	hidden := map[string]queue.TicketFilter{}
	unknown := map[string]bool{}
	err := a.Desk.Names(func(n desk.Names) {
		if code := q.Raw("group"); code != "" {
			if g := n.GroupOf(code); g == nil {
				unknown["group"] = true
			} else if f.Group = g.ID; g.Confidential && !works {
				hidden["group"] = queue.TicketFilter{Group: g.ID, Limit: 1}
			}
		}
		if code := q.Raw("module"); code != "" {
			if m := n.ModuleOf(code); m == nil {
				unknown["module"] = true
			} else if f.Module = m.ID; m.Retired && !works {
				hidden["module"] = queue.TicketFilter{Module: m.ID, Limit: 1}
			}
		}
		if address := q.Raw("requester"); address != "" {
			if p := n.PersonAt(address); p == nil {
				nobody = true
			} else {
				f.Requester = p.ID
			}
		}
	})
	if err != nil {
		return err
	}
	for name, own := range hidden {
		list, err := a.Desk.Queues.List(who, own)
		if err != nil {
			return err
		}
		unknown[name] = list.Total == 0
	}
	for _, name := range []string{"group", "module"} { // always in the same order, whatever the reason
		if unknown[name] {
			q.Refuse(name, "error."+name+"-unknown")
		}
	}
	if err := q.Err(); err != nil {
		return err
	}
	out := apiTicketList{TotalIs: "exact", Tickets: []apiTicket{}}
	if nobody {
		return r.JSON(out)
	}
	list, err := a.Desk.Queues.List(who, f)
	if err != nil {
		return err
	}
	out.Total = list.Total
	if !list.Exact {
		out.TotalIs = "at_least"
	}
	if list.Next != 0 {
		out.Next = &list.Next
	}
	agents, err := a.Desk.Tickets.AgentsSide(r.Actor(), list.Tickets...)
	if err != nil {
		return err
	}
	err = a.Desk.Names(func(n desk.Names) {
		for _, t := range list.Tickets {
			out.Tickets = append(out.Tickets, ticketAnswer(names{n}, t, agents[t.ID]))
		}
	})
	if err != nil {
		return err
	}
	return r.JSON(out)
}

func (a pages) apiTicket(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	return program.Sends(r)(a.ticketDocument(r, number))
}

// maxAttached limits the files of one message.
const maxAttached = 100

// apiChange is the body of a PATCH. Absent members are left unchanged.
type apiChange struct {
	Rev                *uint64           `json:"rev,omitempty"`
	Subject            *string           `json:"subject,omitempty"`
	Kind               *store.TicketKind `json:"kind,omitempty"`
	Severity           *store.Severity   `json:"severity,omitempty"`
	Urgency            *store.Urgency    `json:"urgency,omitempty"`
	Deadline           *time.Time        `json:"deadline,omitempty"`
	Module             *string           `json:"module,omitempty"`
	Group              *string           `json:"group,omitempty"`
	Assignee           *string           `json:"assignee,omitempty"` // an address, or empty to unassign
	State              *store.State      `json:"state,omitempty"`
	Outcome            *store.Outcome    `json:"outcome,omitempty"`
	Version            string            `json:"version,omitempty"`
	PlannedFor         *time.Time        `json:"planned_for,omitempty"`
	DuplicateOf        uint64            `json:"duplicate_of,omitempty"`
	Affected           *string           `json:"affected,omitempty"`
	Regression         *bool             `json:"regression,omitempty"`
	WorkedIn           *string           `json:"worked_in,omitempty"`
	Answers            map[string]string `json:"answers,omitempty"`
	Take               bool              `json:"take,omitempty"`
	Message            *apiText          `json:"message,omitempty"`
	AddParticipants    []string          `json:"add_participants,omitempty"`
	RemoveParticipants []string          `json:"remove_participants,omitempty"`
	Narrowed           *bool             `json:"narrowed,omitempty"` // keep it from coordinators and colleagues; for its requester
	Spam               *bool             `json:"spam,omitempty"`
	Reason             string            `json:"reason,omitempty"`
}

func (a pages) apiChangeTicket(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	members, unreadable := a.membersOf(r)
	if err := a.Desk.Tickets.MayChange(r.Actor(), number, members.fields()...); err != nil {
		return err
	}
	if unreadable != nil {
		return unreadable
	}
	var in apiChange
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	step, err := a.stepOf(in)
	if err != nil {
		return err
	}
	done, err := a.Desk.Tickets.Do(r.Actor(), number, step)
	if err != nil {
		return err
	}
	out, err := a.ticketDocument(r, done.Ticket.ID)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return r.SendStatus(http.StatusNoContent) // done, but the actor may no longer see the ticket: it moved to a confidential group
	}
	if err != nil {
		return err
	}
	return r.JSON(out)
}

// stepOf replaces the codes of a change with ids of rows. An unknown code becomes Nowhere, which the desk refuses after
// checking the rights, like any id that does not exist.
func (a pages) stepOf(in apiChange) (ticket.Step, error) {
	s := ticket.Step{Subject: in.Subject, Kind: in.Kind, Severity: in.Severity, Urgency: in.Urgency, Deadline: in.Deadline, Version: in.Version,
		DuplicateOf: in.DuplicateOf, Affected: in.Affected, Regression: in.Regression, WorkedIn: in.WorkedIn, Answers: in.Answers, Take: in.Take,
		Add: in.AddParticipants, Narrow: in.Narrowed, Spam: in.Spam, Reason: in.Reason}
	if in.Rev != nil {
		s.Rev = *in.Rev
	}
	if in.State != nil {
		s.To = *in.State
	}
	if in.Outcome != nil {
		s.Outcome = *in.Outcome
	}
	if in.PlannedFor != nil {
		s.PlannedFor = *in.PlannedFor
	}
	if in.Message != nil {
		text, err := a.text(in.Message)
		if err != nil {
			return s, err
		}
		s.Message = text
	}
	most := store.Tickets.Most("participants")
	for field, list := range map[string][]string{"add_participants": in.AddParticipants, "remove_participants": in.RemoveParticipants} {
		if len(list) > most {
			return s, fault.New(fault.Invalid, "error.too-many-of", "max", most).At(field)
		}
	}
	err := a.Desk.Names(func(n desk.Names) {
		person := func(address string) uint64 {
			if p := n.PersonAt(address); p != nil {
				return p.ID
			}
			return policy.Nowhere
		}
		if in.Module != nil {
			id := policy.Nowhere
			if m := n.ModuleOf(*in.Module); m != nil {
				id = m.ID
			} else if *in.Module == "" {
				id = 0
			}
			s.Module = &id
		}
		if in.Group != nil {
			id := policy.Nowhere
			if g := n.GroupOf(*in.Group); g != nil {
				id = g.ID
			}
			s.Group = &id
		}
		if in.Assignee != nil {
			id := uint64(0)
			if *in.Assignee != "" {
				id = person(*in.Assignee)
			}
			s.Assignee = &id
		}
		for _, address := range in.RemoveParticipants {
			s.Remove = append(s.Remove, person(address))
		}
	})
	return s, err
}
