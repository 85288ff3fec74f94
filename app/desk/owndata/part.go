package owndata

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// part is what is taken from one table.
type part struct {
	name  string // of its files, and of the table
	title string // key of its sentence
	scan  func(r *Archive, tx *db.Tx, from uint64) (step []entry, next uint64, err error)
}

// of takes the rows of the table that are the person's, and of each the named fields: none that is new gets in by itself.
func of[T any](t *db.Table[T], title, fields string, mine func(r *Archive, tx *db.Tx, row *T) (bool, error)) part {
	names := strings.Fields(fields)
	return part{t.Name(), title, func(r *Archive, tx *db.Tx, from uint64) (step []entry, next uint64, err error) {
		looked, size := 0, 0
		for row, err := range t.All(tx, from, false) {
			if err != nil {
				return nil, 0, err
			}
			id := reflect.ValueOf(row).Elem().FieldByName("ID").Uint()
			if looked++; looked > rowsAtOnce || size > bytesAtOnce {
				return step, id, nil
			}
			if is, err := mine(r, tx, row); err != nil {
				return nil, 0, err
			} else if !is {
				continue
			}
			e, err := r.entry(tx, id, row, names)
			if err != nil {
				return nil, 0, err
			}
			size += len(e.raw)
			step = append(step, e)
		}
		return step, 0, nil
	}}
}

// by takes the rows that name the person.
func by[T any](t *db.Table[T], title, fields string, names func(row *T, person uint64, email string) bool) part {
	return of(t, title, fields, func(r *Archive, _ *db.Tx, row *T) (bool, error) { return names(row, r.who.ID, r.who.Email), nil })
}

// parts are what an archive has, in the order of its first page. With leftOut they are all tables that there are.
var parts = []part{
	by(store.People, "own-data.part-account", "email name language phone administrator editor groups affiliations.organisation+unit+position+modules+coordinator+named+from+until+source+given+ended password_set ended disabled notices no_single_keys theme last_seen mail_failed mail_failed_why",
		func(p *store.Person, id uint64, _ string) bool { return p.ID == id || slices.Contains(p.Owners, id) }),
	by(store.Sessions, "own-data.part-sessions", "device addr seen ends confirmed", func(s *store.Session, id uint64, _ string) bool { return s.Person == id }),
	by(store.Tokens, "own-data.part-tokens", "name scope addresses seen from known ends asleep", func(t *store.Token, id uint64, _ string) bool { return t.Person == id }),
	by(store.Links, "own-data.part-links", "for ends", func(l *store.Link, id uint64, _ string) bool { return l.Person == id }),
	by(store.TicketLinks, "own-data.part-ticket-links", "ticket ends withdrawn last_opened", func(l *store.TicketLink, id uint64, _ string) bool { return l.Person == id }),
	of(store.Tickets, "own-data.part-tickets", "subject kind severity urgency state outcome module group organisation unit language via opened deadline due answered resolved closed version planned_for affected regression worked_in answers wishes narrowed",
		func(r *Archive, _ *db.Tx, t *store.Ticket) (bool, error) { return r.sides[t.ID], nil }),
	of(store.Messages, "own-data.part-messages", "ticket at body format via internal agent opening rest", func(r *Archive, tx *db.Tx, m *store.Message) (bool, error) { return r.sees(tx, m) }),
	of(store.Files, "own-data.part-files", "ticket message article release plan step name type size", (*Archive).takeFile),
	by(store.Mails, "own-data.part-mails", "state from from_name subject date mailbox proven text", func(m *store.Mail, _ uint64, email string) bool {
		return m.Proven && strings.EqualFold(m.From, email) // anybody can write an address
	}),
	by(store.Letters, "own-data.part-letters", "state to ticket release problem subject sent next", func(l *store.Letter, id uint64, email string) bool {
		return l.Person == id || strings.EqualFold(l.To, email)
	}),
	of(store.Notices, "own-data.part-notices", "event at ticket release problem plan why read", func(r *Archive, tx *db.Tx, n *store.Notice) (bool, error) {
		return n.Person == r.who.ID && (n.Ticket == 0 || r.o.rights.Sees(tx, r.actor, n.Ticket)), nil
	}),
	by(store.AccessRequests, "own-data.part-access", "email name language organisation named unit unit_named position why voucher confirmed decided asks.module+state+at+reason",
		func(a *store.AccessRequest, id uint64, email string) bool {
			return a.Person == id || a.Email == email
		}),
	by(store.Invitations, "own-data.part-invitations", "email name organisation unit position modules from until answer ends", func(i *store.Invitation, _ uint64, email string) bool { return i.Email == email }),
	by(store.Contacts, "own-data.part-contacts", "organisation module email name language asked confirmed failed", func(c *store.Contact, _ uint64, email string) bool { return c.Email == email }),
	by(store.Drafts, "own-data.part-drafts", "path values ends", func(f *store.Form, id uint64, _ string) bool { return f.Person == id }),
	by(store.Views, "own-data.part-views", "name text notify queue of module state kind priority overdue group", func(v *store.View, id uint64, _ string) bool { return v.Person == id }),
	by(store.SavedReplies, "own-data.part-replies", "title body", func(s *store.SavedReply, id uint64, _ string) bool { return s.Person == id }),
	by(store.Followings, "own-data.part-followings", "module", func(f *store.Following, id uint64, _ string) bool { return f.Person == id }),
	by(store.Downloads, "own-data.part-downloads", "release file day last times", func(d *store.Download, id uint64, _ string) bool { return d.Person == id }),
	of(store.Receipts, "own-data.part-receipts", "release organisation unit module environment last earlier", ownStatements),
	by(store.Installations, "own-data.part-installations", "organisation unit module environment version since", func(i *store.Installation, id uint64, _ string) bool { return i.By == id }),
	by(store.Cases, "own-data.part-cases", "problem ticket text back backs", func(c *store.Case, id uint64, _ string) bool { return c.Person == id }),
	by(store.Plans, "own-data.part-plans", "name organisation unit modules state start go_live ended", func(p *store.Plan, id uint64, _ string) bool {
		return p.Lead == id || slices.ContainsFunc(p.People, func(x store.PlanPerson) bool { return x.Person == id })
	}),
	by(store.Decisions, "own-data.part-decisions", "plan code state option reason at", func(d *store.Decision, id uint64, _ string) bool { return d.By == id }),
	of(store.Progresses, "own-data.part-steps", "plan code state reason figure done read.at+from", ownSteps),
	by(store.Versions, "own-data.part-articles", "article language title body labels format state published", func(v *store.Version, id uint64, _ string) bool { return v.Author == id }),
	of(store.Releases, "own-data.part-releases", "version kind state title published", func(r *Archive, tx *db.Tx, x *store.Release) (bool, error) {
		if r.who.ID != x.Author && r.who.ID != x.Checker && r.who.ID != x.Publisher {
			return false, nil
		}
		return readable(policy.MayRelease(tx, r.actor, policy.SeeRelease, x))
	}),
	of(store.Problems, "own-data.part-problems", "module title state severity", func(r *Archive, tx *db.Tx, p *store.Problem) (bool, error) {
		if r.who.ID != p.Author && r.who.ID != p.Owner {
			return false, nil
		}
		return readable(policy.MayProblem(tx, r.actor, policy.SeeProblem, p))
	}),
	by(store.TemplateVersions, "own-data.part-templates", "template number at reason", func(v *store.TemplateVersion, id uint64, _ string) bool { return v.By == id }),
	by(store.Looks, "own-data.part-looks", "ticket until", func(l *store.Look, id uint64, _ string) bool { return l.Person == id }),
	by(store.Handovers, "own-data.part-handovers", "moved done", func(h *store.Handover, id uint64, _ string) bool { return h.Person == id || h.By == id }),
	auditPart(),
}

// leftOut are the tables that nothing is taken from, each with the reason.
var leftOut = map[string]string{
	"articles":      "who began an article is said with its versions",
	"erasures":      "what was taken out of the desk is named by numbers",
	"audit_words":   "the words of an entry stand with the entry",
	"texts":         "what a file says is in the file",
	"mail_ids":      "names of mails: the mails are taken",
	"usedkeys":      "sums for a day that say who did what twice: nothing is read from them",
	"misses":        "words without a person",
	"settings":      "the desk's",
	"synonyms":      "the desk's",
	"mailboxes":     "the desk's",
	"mail_servers":  "the desk's, with secrets",
	"organisations": "of no person",
	"units":         "of no person",
	"groups":        "of no person",
	"modules":       "of no person",
	"relocations":   "of places; who confirmed it is in the audit log",
	"wordings":      "the text of an update as it was; who corrected it is in the acts of the audit log",
	"rounds":        "whom an update went to: the letters and notices of the person are taken",
	"errands":       "what was done to all cases of a problem: what reached the person are messages and notices",
	"templates":     "who writes a draft is said with its versions",
	"remindings":    "of plans",
}

// refused reports whether the error says that the person may not read something.
func refused(err error) bool {
	return err != nil && (fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Denied)
}

// readable reports, of what the rights said of a row, whether the person may read it.
func readable(err error) (bool, error) {
	if refused(err) {
		return false, nil
	}
	return err == nil, err
}

// takeFile takes the files that the person sent, and those of their tickets. The bytes go along where they may be opened.
func (r *Archive) takeFile(tx *db.Tx, f *store.File) (bool, error) {
	mine := f.Person == r.who.ID
	if !mine {
		if f.Message == 0 {
			return false, nil
		}
		m, err := store.Messages.Get(tx, f.Message)
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if mine, err = r.sees(tx, m); !mine || err != nil {
			return false, err
		}
	}
	switch err := r.o.files.MayRead(tx, r.actor, f); {
	case refused(err):
		return f.Ticket == 0, nil // of a ticket that they do not see any more not even the name
	case err != nil:
		return false, err
	}
	r.files = append(r.files, attached{safeName(f.ID, f.Name), f.Sum, f.Created})
	return true, nil
}

// ownStatements leaves of a receipt what the person said.
func ownStatements(r *Archive, _ *db.Tx, c *store.Receipt) (bool, error) {
	others := func(s store.Statement) bool { return s.By != r.who.ID }
	c.Earlier = slices.DeleteFunc(c.Earlier, others)
	is := !others(c.Last)
	if !is {
		c.Last = store.Statement{}
	}
	return is || len(c.Earlier) > 0, nil
}

// ownSteps leaves of a step what the person said of it, and when they said that they read it.
func ownSteps(r *Archive, _ *db.Tx, p *store.Progress) (bool, error) {
	p.Read = slices.DeleteFunc(p.Read, func(x store.PlanRead) bool { return x.Person != r.who.ID })
	is := p.By == r.who.ID
	if !is {
		p.Reason, p.Figure = "", ""
	}
	return is || len(p.Read) > 0, nil
}

// audited is an entry of the audit log as the person gets it.
type audited struct {
	db.Row
	At    time.Time       `json:"at"`
	Kind  store.AuditKind `json:"kind"`
	What  string          `json:"what"`
	Via   string          `json:"via"`
	Words json.RawMessage `json:"words,omitempty"`
}

// auditPart takes the entries of what the person did and of what was done to their account. The words of the latter are of
// others too, and stay; those of attempts to sign in tell addresses of strangers.
func auditPart() part {
	names := []string{"at", "kind", "what", "via", "words"}
	return part{store.AuditEntries.Name(), "own-data.part-audit", func(r *Archive, tx *db.Tx, from uint64) (step []entry, next uint64, err error) {
		looked := 0
		for e, err := range store.AuditEntries.All(tx, from, false) {
			if err != nil {
				return nil, 0, err
			}
			if looked++; looked > rowsAtOnce {
				return step, e.ID, nil
			}
			about := e.Table == store.People.Name() && e.Of == r.who.ID
			if e.By != r.who.ID && !about {
				continue
			}
			row := audited{At: e.At, Kind: e.Kind, What: e.What, Via: e.Via.String()}
			if e.By == r.who.ID && (e.Kind == store.AuditSignIn || e.Kind == store.AuditRefusal) {
				w, err := store.WordsByEntry.First(tx, e.ID)
				if err != nil && fault.KindOf(err) != fault.NotFound {
					return nil, 0, err
				}
				if err == nil && json.Valid([]byte(w.Text)) {
					row.Words = json.RawMessage(w.Text)
				}
			}
			one, err := r.entry(tx, e.ID, row, names)
			if err != nil {
				return nil, 0, err
			}
			step = append(step, one)
		}
		return step, 0, nil
	}}
}
