package sample

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/enum"
	"sportello/store/fault"
)

// open opens the ticket and plans what follows.
func (m *matter) open() error {
	s, t := m.s, m.story
	n := ticket.Opening{Subject: m.subject, Body: m.fill.Replace(t.Body), Language: t.Language, Deadline: m.deadline, Affected: m.fill.Replace(t.Version)}
	var err error
	if n.Kind, err = enum.Parse[store.TicketKind](t.Kind); err != nil {
		return err
	}
	if n.Severity, err = enum.Parse[store.Severity](t.Severity); err != nil {
		return err
	}
	if n.Urgency, err = enum.Parse[store.Urgency](t.Urgency); err != nil {
		return err
	}
	if !n.Deadline.After(m.opened) {
		n.Deadline = time.Time{} // nobody enters a date in the past
	} else if n.Urgency == store.NoDate {
		n.Urgency = store.Week
	}
	if t.LastWorked != "" {
		n.Regression, n.WorkedIn = true, m.fill.Replace(t.LastWorked)
	}
	if l := s.modules[t.Module]; l != nil && !m.astray {
		n.Module = l.ID
		n.Answers = m.answers(l)
	}
	by := m.requester
	if m.byPhone {
		by, n.For = m.agent, m.requester.row.ID
	} else if t.Attachment != "" {
		if err := m.enclose(&n); err != nil {
			return err
		}
	}
	row, err := s.d.Tickets.Open(by.actor(), n)
	if err != nil {
		return fmt.Errorf("sample: open %q: %w", m.subject, err)
	}
	m.number = row.ID
	m.plan()
	return nil
}

func (m *matter) enclose(n *ticket.Opening) error {
	window := "Sportello"
	if l := m.s.modules[m.story.Module]; l != nil {
		window = l.Path.In(m.story.Language)
	}
	raw, err := m.s.attach(m.story.Attachment, window, m.fill.Replace(m.story.Subject), m.story.Language, m.opened.In(m.s.loc))
	if err != nil {
		return err
	}
	kind := "text/plain; charset=utf-8"
	switch {
	case strings.HasSuffix(m.story.Attachment, ".png"):
		kind = "image/png"
	case strings.HasSuffix(m.story.Attachment, ".csv"):
		kind = "text/csv"
	}
	id, err := m.s.upload(m.requester, m.story.Attachment, kind, raw)
	n.Files = []uint64{id}
	return err
}

// answers returns answers to the questions of the module's form; not everybody fills them in.
func (m *matter) answers(l *catalogue.Level) map[string]string {
	out := map[string]string{}
	for _, q := range l.Questions {
		if !q.Required && m.s.r.IntN(3) == 0 {
			continue
		}
		switch q.Type {
		case "number":
			out[q.Code] = m.fill.Replace("{anno}")
		case "date":
			out[q.Code] = m.opened.In(m.s.loc).AddDate(0, 0, -1-m.s.r.IntN(3)).Format(time.DateOnly)
		case "choice":
			if c := choose(m.subject+" "+m.story.Body, q.Choices); c != "" {
				out[q.Code] = c
			}
		default:
			if text := texts[q.Code]; text != "" {
				out[q.Code] = m.fill.Replace(text)
			}
		}
	}
	return out
}

// texts are answers to the questions of the built-in catalogue, by code.
var texts = map[string]string{"prodotto": "11{codice}", "progetto": "{progetto}", "documento": "DG {codice}", "struttura": "Dipartimento, segreteria amministrativa",
	"analisi": "Costi per progetto, filtro anno {anno}", "ciclo": "Ciclo {anno}, primo semestre", "cruscotto": "Andamento della spesa", "matricola": "{matricola}"}

// hints map words in a ticket to the choice its writer would make.
var hints = []struct {
	choice string
	words  []string
}{
	{"Ordinativi", []string{"ordinativ", "distinta", "cassiere"}}, {"Missioni e compensi", []string{"mission", "compens"}}, {"IVA", []string{"iva"}},
	{"Chiusura", []string{"chiusura", "riport"}}, {"Ciclo passivo", []string{"fattur", "ordin", "fornitor"}}, {"Budget", []string{"budget", "variazion", "storn"}},
	{"Fisco e previdenza", []string{"conguagli", "certificaz", "detrazion", "irpef", "previden"}}, {"Carriera", []string{"inquadr", "carrier", "cessaz", "servizio"}},
	{"Stipendio", []string{"cedolin", "stipend", "calcolo", "voc"}}, {"Valutatore", []string{"valutator", "assegn"}}, {"Valutato", []string{"scheda", "obiettiv"}},
}

func choose(text string, choices []string) string {
	text = strings.ToLower(text)
	for _, h := range hints {
		if slices.Contains(choices, h.choice) && slices.ContainsFunc(h.words, func(w string) bool { return strings.Contains(text, w) }) {
			return h.choice
		}
	}
	if slices.Contains(choices, "Altro") {
		return "Altro"
	}
	return ""
}

// say returns a sentence that only the demo has.
func (m *matter) say(key string) string { return extra[m.story.Language][key] }

// step plans a change of the ticket by a person. When its time comes, they look at the ticket first and skip what its
// page no longer offers: it may have been closed automatically, or be a duplicate. So nothing is refused, and any error
// is a fault.
func (m *matter) step(at time.Time, by *player, what ticket.Step) {
	m.s.at(at, func() error {
		fits, err := m.offered(by, what)
		if err == nil && fits {
			_, err = m.s.d.Tickets.Do(by.actor(), m.number, what)
		}
		if err != nil {
			return fmt.Errorf("sample: #%d %q at %s by %s: %w", m.number, m.subject, at.Format(time.DateTime), by.Email, err)
		}
		m.s.played++
		if !fits {
			m.s.left++
		}
		return nil
	})
}

// offered reports whether the ticket in its current state offers the step to the person.
func (m *matter) offered(by *player, what ticket.Step) (bool, error) {
	v, err := m.s.d.Tickets.Read(by.actor(), m.number)
	if err != nil {
		return false, err
	}
	if err := m.s.d.Tickets.MayDo(by.actor(), m.number, what); err != nil {
		if fault.KindOf(err) == fault.Denied {
			return false, nil
		}
		return false, err
	}
	reachable := func(to store.State) bool { return slices.Contains(v.Reachable, to) }
	for _, other := range []uint64{what.Link, what.DuplicateOf} {
		if fits, err := m.joins(by, other); err != nil || !fits {
			return false, err
		}
	}
	switch {
	case what.Confirm:
		return v.Ticket.State == store.StateResolved && reachable(store.StateClosed), nil
	case what.Reopen:
		return reachable(store.StateOpen) && (v.Ticket.State != store.StateClosed || v.InGrace), nil
	case what.To != store.StateNone:
		return reachable(what.To), nil
	case what.Message != nil && what.Message.Internal:
		return true, nil
	}
	return v.Ticket.State.Active(), nil
}

// joins reports whether the person may link another ticket or mark this one as its duplicate; 0 means none.
func (m *matter) joins(by *player, other uint64) (bool, error) {
	if other == 0 {
		return true, nil
	}
	v, err := m.s.d.Tickets.Read(by.actor(), other)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil // they may not see the other ticket
	}
	return err == nil && v.May[policy.Arrange] && v.Ticket.DuplicateOf == 0 && !v.Ticket.IsSpam(), err
}

func public(body string) *ticket.Text { return &ticket.Text{Body: body} }
func note(body string) *ticket.Text   { return &ticket.Text{Body: body, Internal: true} }

// pace is how time passes between two steps of a conversation.
type pace struct {
	m    *matter
	at   time.Time
	step time.Duration // working time between steps of an unfinished ticket; 0: a random time
}

// later advances by the time a person takes: an agent according to the priority, a requester half a day.
func (p *pace) later(agent bool) time.Time {
	s := p.m.s
	if p.step > 0 {
		p.at = s.cal.Add(p.at, time.Duration(float64(p.step)*(0.7+0.5*s.r.Float64()))).Truncate(time.Second)
		return p.at
	}
	hours := 5.0
	if agent {
		hours = map[string]float64{"blocking": 0.7, "high": 2.2, "medium": 5, "low": 11}[p.m.story.Severity]
		if p.m.story.Urgency == "today" {
			hours /= 2
		}
	}
	wait := time.Duration((0.15 + s.r.ExpFloat64()) * hours * float64(time.Hour))
	p.at = s.cal.Add(p.at, min(wait, time.Duration(5*hours*float64(time.Hour)))+time.Minute).Truncate(time.Second)
	return p.at
}

// plan plans what happens to the ticket after its opening.
func (m *matter) plan() {
	s := m.s
	p := &pace{m: m, at: m.opened}
	if m.colleague != nil {
		p.at = s.cal.Add(m.opened, time.Duration(3+s.r.IntN(25))*time.Minute) // before the first answer: later it would reopen the ticket
		m.step(p.at, m.requester, ticket.Step{Message: public(m.say("colleague")), Add: []string{m.colleague.Email}})
	}
	switch m.end {
	case untouched:
		return
	case taken:
		p.step = s.cal.Between(m.opened, s.now) / 4
		m.step(p.later(true), m.agent, ticket.Step{Take: true})
		if r := m.story.Replies; len(r) > 0 && r[0].Note {
			m.step(p.later(true), m.agent, ticket.Step{Message: note(m.fill.Replace(r[0].Text))})
		}
		m.mentioned(p)
		return
	case asked:
		last := followUp(m.story)
		p.step = s.cal.Between(m.opened, s.now) / time.Duration(last+3)
		m.talk(p, m.story.Replies[:last+1], -1, ticket.Step{})
		m.mentioned(p)
		return
	case answered:
		last := m.lastAnswer()
		p.step = s.cal.Between(m.opened, s.now) / time.Duration(last+3)
		m.talk(p, m.story.Replies[:last+1], last, ticket.Step{To: store.StateResolved, Outcome: store.Solved})
		return
	case asItStands:
		p.step = s.cal.Between(m.opened, s.now) / time.Duration(len(m.story.Replies)+2)
		if m.story.State == "planned" {
			p.step /= 3 // that is some time ago
		}
		last := m.lastAnswer()
		switch m.story.State {
		case "waiting":
			m.talk(p, m.story.Replies, last, ticket.Step{To: store.StateWaiting})
		case "planned":
			m.talk(p, m.story.Replies, last, ticket.Step{To: store.StatePlanned, Version: m.fill.Replace(m.story.FixedIn)})
		default:
			m.talk(p, m.story.Replies, -1, ticket.Step{})
		}
		m.mentioned(p)
		return
	}
	if m.twinOf != nil {
		m.joinTwin(p)
		return
	}
	m.finish(p)
}

// finish plays the story to its outcome and what may follow.
func (m *matter) finish(p *pace) {
	s := m.s
	switch {
	case m.astray:
		first := s.agent(s.groups[store.GeneralGroup].ID, m.story.Language)
		level := s.modules[m.story.Module].ID
		m.step(p.later(true), first, ticket.Step{Message: public(m.say("moved")), Group: &m.group, Module: &level})
	case m.assigned:
		m.step(p.later(true), s.supervisor(m.group), ticket.Step{Assignee: &m.agent.row.ID})
	}
	if m.twin != nil && p.at.Before(m.twin.opened) {
		p.at = m.twin.opened.Add(30 * time.Minute) // the answer comes after both have written
	}
	if m.priority {
		lower, _ := enum.Parse[store.Severity](m.story.Severity)
		lower++
		m.step(p.later(true), m.agent, ticket.Step{Take: true, Severity: &lower, Reason: m.say("priority")})
	} else if s.r.IntN(2) == 0 || len(m.story.Replies) > 0 && m.story.Replies[0].Note {
		m.step(p.later(true), m.agent, ticket.Step{Take: true})
	}
	m.mentioned(p)
	outcome, _ := enum.Parse[store.Outcome](m.story.Outcome)
	end := ticket.Step{To: store.StateResolved, Outcome: outcome}
	if outcome == store.KnownProblem {
		end.Version = m.fill.Replace("{prossima}")
	}
	if m.like != nil && m.like.number != 0 {
		number := strconv.FormatUint(m.like.number, 10)
		m.step(p.later(true), m.agent, ticket.Step{Link: m.like.number, Message: note(strings.ReplaceAll(m.say("linked"), "{n}", number))})
	}
	confirmed := m.talk(p, m.story.Replies, m.lastAnswer(), end)
	if !confirmed && s.r.IntN(100) < 35 {
		p.at = s.cal.Add(p.at, time.Duration(2+s.r.IntN(40))*time.Hour)
		m.step(p.at, m.requester, ticket.Step{Confirm: true})
		confirmed = true
	}
	if m.reopens {
		p.at = s.cal.Add(p.at, time.Duration(9+s.r.IntN(30))*time.Hour)
		m.step(p.at, m.requester, ticket.Step{Message: public(m.say("reopen")), Reopen: true})
		m.step(p.later(true), m.agent, ticket.Step{Message: public(m.say("reopened")), To: store.StateResolved, Outcome: store.Solved})
	}
}

// joinTwin makes the agent discover that a colleague has reported the same problem.
func (m *matter) joinTwin(p *pace) {
	at := m.s.cal.Add(p.at, time.Duration(8+m.s.r.IntN(10))*time.Minute)
	m.step(at, m.agent, ticket.Step{Message: public(m.say("duplicate")), To: store.StateResolved, Outcome: store.Duplicate, DuplicateOf: m.twinOf.number})
}

// mentioned makes the agent ask a colleague in a note; the colleague answers with another.
func (m *matter) mentioned(p *pace) {
	if m.mention == nil {
		return
	}
	first, _, _ := strings.Cut(m.mention.Name, " ")
	ask := note(strings.ReplaceAll(m.say("mention"), "{chi}", first))
	ask.Mentions = []uint64{m.mention.row.ID}
	m.step(p.later(true), m.agent, ticket.Step{Message: ask})
	if m.end == finished {
		m.step(p.later(true), m.mention, ticket.Step{Message: note(m.say("mentioned"))})
	}
}

// lastAnswer returns the index of an agent's last public message.
func (m *matter) lastAnswer() int {
	last := -1
	for i, r := range m.story.Replies {
		if r.By == "agent" && !r.Note {
			last = i
		}
	}
	return last
}

// talk plays the replies. The reply with the index last carries the end; a requester's message after a resolution
// confirms it. talk reports whether that happened.
func (m *matter) talk(p *pace, replies []Reply, last int, end ticket.Step) (confirmed bool) {
	for i, r := range replies {
		body := m.fill.Replace(r.Text)
		at := p.later(r.By == "agent")
		switch {
		case r.Note:
			m.step(at, m.agent, ticket.Step{Message: note(body)})
		case r.By == "agent" && i == last:
			if end.To == store.StatePlanned {
				m.step(at, m.agent, ticket.Step{Take: true}) // a new ticket cannot be planned
			}
			final := end
			final.Message = public(body)
			m.step(at, m.agent, final)
		case r.By == "agent":
			ask := ticket.Step{Message: public(body)}
			if strings.Contains(body, "?") && i+1 < len(replies) && replies[i+1].By == "requester" {
				ask.To = store.StateWaiting
			}
			m.step(at, m.agent, ask)
		case confirmed:
		case last >= 0 && i > last && end.To == store.StateResolved:
			m.step(at, m.requester, ticket.Step{Message: public(body), Confirm: true})
			confirmed = true
		default:
			m.step(at, m.requester, ticket.Step{Message: public(body)})
		}
	}
	return confirmed
}
