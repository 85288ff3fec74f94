package desk

import (
	"context"
	"slices"
	"strconv"
	"time"

	"sportello/app/desk/article"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
)

// exportAtOnce is how many rows one read transaction returns, so that a slow reader does not keep old pages of the file
// in use.
const exportAtOnce = 100

// Exports are for administrators and the command line. Each passes records to give in the order of their numbers, in
// several read transactions: changes made meanwhile may or may not be included. An error of give ends the export and is
// returned. Records do not contain files.

// ExportTickets exports every ticket that is not spam, with all its messages and notes. Confidential ones are among them
// only with a reason, which is written into the log of the administration; without one it returns how many were left out.
func (d *Desk) ExportTickets(ctx context.Context, a policy.Actor, reason string, give func(ticket.Record) error) (left int, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return 0, err
	}
	if reason != "" {
		if err := d.Rights.GiveReasonToExport(a, reason); err != nil {
			return 0, err
		}
	}
	err = export(ctx, d.st, func(tx *db.Tx, from uint64) (list []ticket.Record, next uint64, err error) {
		n := exporter{tx: tx, people: map[uint64]*store.Person{}}
		read := 0
		for t, err := range store.Tickets.All(tx, from, false) {
			if err != nil {
				return nil, 0, err
			}
			if read++; read > exportAtOnce {
				return list, t.ID, nil
			}
			if t.IsSpam() {
				continue
			}
			if reason == "" && policy.Confidential(tx, t.Group, t.Module) {
				left++
				continue
			}
			r, err := n.ticket(t)
			if err != nil {
				return nil, 0, err
			}
			list = append(list, r)
		}
		return list, 0, nil
	}, give)
	return left, err
}

// ExportArticles exports every language version of every article, including drafts.
func (d *Desk) ExportArticles(ctx context.Context, a policy.Actor, give func(article.Record) error) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	return export(ctx, d.st, func(tx *db.Tx, from uint64) (list []article.Record, next uint64, err error) {
		read := 0
		for v, err := range store.Versions.All(tx, from, false) {
			if err != nil {
				return nil, 0, err
			}
			if read++; read > exportAtOnce {
				return list, v.ID, nil
			}
			art, err := store.Articles.Get(tx, v.Article)
			if err != nil {
				return nil, 0, err
			}
			r := article.Record{Slug: art.Slug, Title: v.Title, Body: v.Body, Format: v.Format.String(), Language: v.Language, Audience: art.Audience.String(),
				State: v.Publication.String(), ExternalID: art.External, Labels: v.Labels}
			if art.Module != 0 {
				m, err := store.Modules.Get(tx, art.Module)
				if err != nil {
					return nil, 0, err
				}
				r.Module = m.Code
			}
			list = append(list, r)
		}
		return list, 0, nil
	}, give)
}

// ExportPeople exports everyone except disabled people, without passwords.
func (d *Desk) ExportPeople(ctx context.Context, a policy.Actor, give func(people.Record) error) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	return export(ctx, d.st, func(tx *db.Tx, from uint64) (list []people.Record, next uint64, err error) {
		read := 0
		for p, err := range store.People.All(tx, from, false) {
			if err != nil {
				return nil, 0, err
			}
			if read++; read > exportAtOnce {
				return list, p.ID, nil
			}
			if p.Disabled {
				continue
			}
			records, err := personRecords(tx, p)
			if err != nil {
				return nil, 0, err
			}
			list = append(list, records...)
		}
		return list, 0, nil
	}, give)
}

// export reads pages and calls give with their records outside the transactions.
func export[R any](ctx context.Context, st *db.Store, page func(tx *db.Tx, from uint64) ([]R, uint64, error), give func(R) error) error {
	from := uint64(1)
	for from != 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		var list []R
		err := st.View(func(tx *db.Tx) (err error) {
			list, from, err = page(tx, from)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := give(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// exporter makes the records of one page; it reads each person once.
type exporter struct {
	tx     *db.Tx
	people map[uint64]*store.Person
}

func (n *exporter) person(id uint64) (*store.Person, error) {
	if p := n.people[id]; p != nil {
		return p, nil
	}
	p, err := store.People.Get(n.tx, id)
	if err == nil {
		n.people[id] = p
	}
	return p, err
}

func (n *exporter) ticket(t *store.Ticket) (ticket.Record, error) {
	requester, err := n.person(t.Requester)
	if err != nil {
		return ticket.Record{}, err
	}
	group, err := store.Groups.Get(n.tx, t.Group)
	if err != nil {
		return ticket.Record{}, err
	}
	r := ticket.Record{Number: t.ID, Subject: t.Subject, RequesterEmail: requester.Email, RequesterName: requester.Name, Kind: t.Kind.String(),
		Severity: t.Severity.String(), Urgency: t.Urgency.String(), State: t.State.String(), Outcome: t.Outcome.String(), Version: t.Version, Group: group.Code,
		Affected: t.Affected, Regression: t.Regression, WorkedIn: t.WorkedIn, Language: t.Language, CreatedAt: written3339(t.Opened), ExternalID: t.External, Unclaimed: t.Unclaimed, Narrowed: t.Narrowed}
	if !t.Deadline.IsZero() {
		r.Deadline = written3339(t.Deadline)
	}
	if t.Module != 0 {
		m, err := store.Modules.Get(n.tx, t.Module)
		if err != nil {
			return ticket.Record{}, err
		}
		r.Module = m.Code
	}
	for c, v := range t.Answers {
		if r.Answers == nil {
			r.Answers = map[string]ticket.Scalar{}
		}
		r.Answers[c] = ticket.Scalar(v)
	}
	own, err := store.OwnMessages(n.tx, t) // messages that a duplicate gave away are in its own record, for its own people
	if err != nil {
		return ticket.Record{}, err
	}
	for _, m := range own {
		if m.Opening && r.Body == "" {
			r.Body, r.Format, r.HTML, r.Unproven = m.Body, m.Written().String(), m.HTML, m.NotVerified()
			continue
		}
		author := &store.Person{}
		if m.Author != 0 {
			if author, err = n.person(m.Author); err != nil {
				return ticket.Record{}, err
			}
		}
		r.Messages = append(r.Messages, ticket.MessageRecord{AuthorEmail: author.Email, AuthorName: author.Name, Desk: m.Author == 0, At: written3339(m.At), Body: m.Body, Format: m.Written().String(), HTML: m.HTML, Internal: m.Internal, Unproven: m.NotVerified()})
	}
	if r.Body == "" {
		// All messages were moved to another ticket, but a record needs a body.
		r.Body = "#" + strconv.FormatUint(t.DuplicateOf, 10)
	}
	return r, nil
}

func written3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// personRecords returns a record for each affiliation of the person that is not over, one without when there is none. Each
// has all their roles and groups; that they coordinate stands where they do.
func personRecords(tx *db.Tx, p *store.Person) ([]people.Record, error) {
	r := people.Record{Email: p.Email, Name: p.Name, Language: p.Language, Roles: []string{"requester"}}
	for _, role := range []struct {
		name string
		has  bool
	}{{"agent", p.IsAgent()}, {"supervisor", p.IsSupervisor()}, {"editor", p.Editor}, {"administrator", p.Administrator}} {
		if role.has {
			r.Roles = append(r.Roles, role.name)
		}
	}
	for _, m := range p.Groups {
		g, err := store.Groups.Get(tx, m.Group)
		if err != nil {
			return nil, err
		}
		r.Groups = append(r.Groups, g.Code)
	}
	var out []people.Record
	for h := range p.Open {
		if h.Past(tx.Now()) {
			continue
		}
		of := r
		if h.Coordinator {
			of.Roles = slices.Insert(slices.Clone(r.Roles), 1, "coordinator")
		}
		o, err := store.Organisations.Get(tx, h.Organisation)
		if err != nil {
			return nil, err
		}
		of.Organisation, of.Position = o.Name, h.Position
		if h.Unit != 0 {
			u, err := store.Units.Get(tx, h.Unit)
			if err != nil {
				return nil, err
			}
			of.Unit = u.Name
		}
		if !h.From.IsZero() {
			of.From = h.From.Format(time.RFC3339)
		}
		if !h.Until.IsZero() {
			of.Until = h.Until.Format(time.RFC3339)
		}
		out = append(out, of)
	}
	if out == nil {
		out = []people.Record{r}
	}
	return out, nil
}
