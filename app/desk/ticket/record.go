package ticket

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// Record is a ticket in imports, exports and the API. Codes and times are text, so that all problems can be reported
// together. Number is written by exports and ignored when read.
type Record struct {
	Number         uint64            `json:"number,omitempty"`
	Subject        string            `json:"subject"`
	Body           string            `json:"body"`
	Format         string            `json:"format,omitempty"` // of the body: text, markdown or html; default text
	RequesterEmail string            `json:"requester_email,omitempty"`
	RequesterName  string            `json:"requester_name,omitempty"`
	Organisation   string            `json:"organisation,omitempty"` // the code of the hat under which it is opened; left out, the last one
	Unit           string            `json:"unit,omitempty"`         // with the organisation
	Module         string            `json:"module,omitempty"`
	Kind           string            `json:"kind,omitempty"`
	Severity       string            `json:"severity,omitempty"`
	Urgency        string            `json:"urgency,omitempty"`
	Deadline       string            `json:"deadline,omitempty"`
	State          string            `json:"state,omitempty"`
	Outcome        string            `json:"outcome,omitempty"`
	Version        string            `json:"version,omitempty"`
	Group          string            `json:"group,omitempty"`
	Affected       string            `json:"affected,omitempty"`
	Regression     bool              `json:"regression,omitempty"`
	WorkedIn       string            `json:"worked_in,omitempty"`
	Language       string            `json:"language,omitempty"`
	CreatedAt      string            `json:"created_at,omitempty"`
	ExternalID     string            `json:"external_id,omitempty"`
	Answers        map[string]Scalar `json:"answers,omitempty"`
	Narrowed       bool              `json:"narrowed,omitempty"`  // kept from coordinators and colleagues; for its requester
	Unproven       bool              `json:"unproven,omitempty"`  // of the first message
	Unclaimed      bool              `json:"unclaimed,omitempty"` // a form named the requester, who sees nothing before confirming that it is theirs
	HTML           string            `json:"html,omitempty"`      // in an export: the HTML from which an HTML body is restored
	Messages       []MessageRecord   `json:"messages,omitempty"`
}

// MessageRecord is a later message or note of a Record.
type MessageRecord struct {
	AuthorEmail string `json:"author_email,omitempty"`
	AuthorName  string `json:"author_name,omitempty"`
	At          string `json:"at,omitempty"`
	Body        string `json:"body"`
	Format      string `json:"format,omitempty"` // default text on the requester's side and markdown on the agents'
	Internal    bool   `json:"internal,omitempty"`
	Desk        bool   `json:"desk,omitempty"`     // the desk itself wrote it, and nobody is its author
	HTML        string `json:"html,omitempty"`     // in an export: the HTML from which an HTML body is restored
	Unproven    bool   `json:"unproven,omitempty"` // it came by mail, and nothing proves its sender
}

// Scalar is a text that JSON may also contain as a number or boolean.
type Scalar string

// UnmarshalJSON reads a string, a number, a boolean or null.
func (s *Scalar) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var v string
		err := json.Unmarshal(b, &v)
		*s = Scalar(v)
		return err
	}
	switch b[0] {
	case '{', '[':
		return errors.New("desk: an answer is a text, a number or a boolean")
	case 'n':
		*s = ""
	default:
		*s = Scalar(b)
	}
	return nil
}

const maxMessages = 2000 // of one record

// read is a record after the checks that need no store.
type read struct {
	rec      Record
	subject  string
	body     string
	format   store.Format
	html     string
	external string
	kind     store.TicketKind
	severity store.Severity
	urgency  store.Urgency
	deadline time.Time
	state    store.State
	outcome  store.Outcome
	opened   time.Time
	messages []readMessage
	wrong    fault.Problems
	history  bool // it describes the past, so nobody is notified
}

type readMessage struct {
	MessageRecord
	at     time.Time
	format store.Format
}

// Put opens the ticket that the record describes. If a ticket with its external_id exists, Put changes that one
// instead: members that the record omits stay, and messages that are missing are appended. created says which. Without
// requester_email the ticket is the actor's own.
//
// Rights: requester_* requires the right to open tickets in that person's name, group an agent, and created_at, state,
// outcome, version, messages and external_id an administrator; without the right the error is Denied and names the
// field. A module served elsewhere takes tickets only from agents and administrators; others get Invalid
// "error.module-elsewhere" with channel and address. All other problems come as fault.Problems. What describes the past
// (state, messages, created_at, and everything imported) notifies nobody.
func (ts *Tickets) Put(a policy.Actor, rec Record) (t *store.Ticket, created bool, err error) {
	if err := ts.MayOpenWith(a, rec.given()); err != nil {
		return nil, false, err
	}
	r := ts.readTicket(rec)
	r.history = a.Via == door.Import || rec.CreatedAt != "" || rec.State != "" || len(rec.Messages) > 0
	did := act.Open
	if r.history {
		did = act.Import
	}
	err = ts.st.Update(a.By(did), func(tx *db.Tx) error {
		t, created = nil, false
		old, err := store.TicketsByExternal.First(tx, r.external)
		if r.external != "" && err == nil {
			t = old
			return ts.updateFromRecord(tx, a, r, t)
		}
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		created = true
		if t, err = ts.openFromRecord(tx, a, r); err != nil || r.history {
			return err
		}
		return people.Wear(tx, a, t)
	})
	if err != nil {
		return nil, false, err
	}
	return t, created, nil
}

func (ts *Tickets) readTicket(rec Record) *read {
	r := &read{rec: rec, subject: markup.Line(rec.Subject), external: strings.TrimSpace(rec.ExternalID)}
	w := &r.wrong
	entry.CheckText(w, "subject", r.subject, entry.MaxSubject)
	r.body, r.format, r.html = readBody(w, "", rec.Body, rec.Format, rec.HTML)
	r.kind = entry.Coded[store.TicketKind](w, "kind", rec.Kind)
	r.severity = entry.Coded[store.Severity](w, "severity", rec.Severity)
	r.urgency = entry.Coded[store.Urgency](w, "urgency", rec.Urgency)
	r.state = entry.Coded[store.State](w, "state", rec.State)
	r.outcome = entry.Coded[store.Outcome](w, "outcome", rec.Outcome)
	entry.CleanLanguage(w, "language", rec.Language)
	if r.external != "" {
		entry.CleanLine(w, "external_id", r.external, entry.MaxExternal)
	}
	r.opened = ts.readTime(w, "created_at", rec.CreatedAt)
	if rec.Deadline != "" {
		t, err := parseTime(rec.Deadline, ts.loc)
		if err != nil {
			w.Add("deadline", "error.date")
		}
		r.deadline = t
	}
	for field, v := range map[string]string{"affected": rec.Affected, "worked_in": rec.WorkedIn, "version": rec.Version} {
		entry.CleanLine(w, field, v, entry.MaxShort)
	}
	for c, v := range rec.Answers {
		if len(c) == 0 || len(c) > 100 || utf8.RuneCountInString(string(v)) > entry.MaxAnswer {
			w.Add("answers."+entry.Cut(markup.Line(c), 60), "error.too-long", "max", entry.MaxAnswer, "have", utf8.RuneCountInString(string(v)))
		}
	}
	if r.outcome != store.OutcomeNone && r.state != store.StateResolved && r.state != store.StateClosed {
		w.Add("outcome", "error.outcome-state")
	}
	if r.outcome == store.Spam {
		w.Add("outcome", "error.outcome-spam")
	}
	if len(rec.Messages) > maxMessages {
		w.Add("messages", "error.too-many-of", "max", maxMessages)
		return r
	}
	for i, m := range rec.Messages {
		field := "messages[" + strconv.Itoa(i) + "]."
		var format store.Format
		m.Body, format, m.HTML = readBody(w, field, m.Body, m.Format, m.HTML)
		if m.Desk {
			m.AuthorEmail, m.AuthorName = "", ""
		} else if !entry.IsAddress(spelling.Address(m.AuthorEmail)) {
			w.Add(field+"author_email", "error.email")
		}
		r.messages = append(r.messages, readMessage{m, ts.readTime(w, field+"at", m.At), format})
	}
	return r
}

// readBody returns the text of a message and its format; for HTML also the HTML that is shown.
func readBody(wrong *fault.Problems, prefix, body, word, html string) (string, store.Format, string) {
	m := store.Message{Body: markup.Clean(body), Format: entry.Coded[store.Format](wrong, prefix+"format", word)}
	if m.Format == store.HTML {
		if html != "" {
			m.Body = html
		}
		entry.Phrase(&m)
	}
	var own fault.Problems
	entry.CheckBody(&own, m.Body)
	for _, e := range own {
		*wrong = append(*wrong, e.At(prefix+"body"))
	}
	return m.Body, m.Format, m.HTML
}

// readTime parses a time in the past; the zero time when the text is empty.
func (ts *Tickets) readTime(wrong *fault.Problems, field, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := parseTime(s, ts.loc)
	switch {
	case err != nil:
		wrong.Add(field, "error.time")
	case t.After(ts.clock().Add(24 * time.Hour)): // clocks and time zones differ
		wrong.Add(field, "error.time-future")
	case t.Year() < 1970:
		wrong.Add(field, "error.time")
	}
	return t
}

// parseTime parses RFC 3339 and, in the desk's time zone, dates with or without a time.
func parseTime(s string, loc *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	for _, form := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, s, loc); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("desk: no time in " + strconv.Quote(entry.Cut(s, 40)))
}
