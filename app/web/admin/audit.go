package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/audit"
	"sportello/app/desk/entry"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
)

// auditPage is the audit log, newest first, for whoever proved lately who they are.
type auditPage struct {
	show.AdminPage
	Open     bool // the person has; else a button asks
	Kinds    []show.Choice
	Lines    []auditLine
	Filtered bool
	Export   []auditValue // the filter, once more
	Head     string       // sum of the newest entry
	Newest   uint64       // its number
	Next     string
	First    string
}

type auditValue struct{ Name, Value string }

type auditLine struct {
	Number  uint64
	At      words.Moment
	By      string
	Via     string
	Kind    string
	What    string
	On      string
	Address string
	Words   []string
	Erased  bool
}

// mostWord is how much of a value is shown, in characters; the file has all of it.
const mostWord = 120

// auditFilter reads the filter of a form.
func auditFilter(f *web.Form) audit.Filter {
	out := audit.Filter{Kind: web.FormCode[store.AuditKind](f, "kind"), Person: strings.TrimSpace(f.Raw("person")), From: f.Time("from"), Until: f.Time("until")}
	if !out.Until.IsZero() {
		out.Until = out.Until.AddDate(0, 0, 1) // the day itself as well
	}
	return out
}

func (a pages) getAudit(r *web.Request) error {
	v := &auditPage{AdminPage: show.Admin(a.Site, r, "audit", "audit-log.title"), Open: r.IsConfirmed(web.Lately)}
	v.Top()
	f := r.QueryForm()
	v.Form = f
	if !v.Open {
		return r.Render("page/admin-audit", v)
	}
	for _, k := range store.AuditKinds() {
		v.Kinds = append(v.Kinds, show.Choice{Value: k.String(), Label: v.T("audit-log.kind-" + k.String()), Chosen: f.Raw("kind") == k.String()})
	}
	for _, name := range []string{"kind", "person", "from", "until"} {
		if s := f.Raw(name); s != "" {
			v.Filtered = true
			v.Export = append(v.Export, auditValue{name, s})
		}
	}
	filter := auditFilter(f)
	filter.Before, filter.Limit = f.ID("before"), changesShown
	lines, next, err := []audit.Line(nil), uint64(0), f.Err()
	if err == nil {
		lines, next, err = a.Desk.Audits.List(r.Actor(), filter)
	}
	if err != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
		return r.Render("page/admin-audit", v)
	}
	for i := range lines {
		v.Lines = append(v.Lines, v.auditLine(&lines[i]))
	}
	head, err := a.Desk.Audits.Head(r.Actor())
	if err != nil {
		return err
	}
	if head != nil {
		v.Head, v.Newest = head.Sum, head.ID
	}
	if next != 0 {
		v.Next = withQuery(r, "before", strconv.FormatUint(next, 10))
	}
	if filter.Before != 0 {
		v.First = withQuery(r, "before", "")
	}
	return r.Render("page/admin-audit", v)
}

// auditLine puts an entry in words.
func (v *auditPage) auditLine(l *audit.Line) auditLine {
	e := l.Entry
	out := auditLine{Number: e.ID, At: v.Moment(e.At), Kind: v.T("audit-log.kind-" + e.Kind.String()), By: v.T("audit-log.nobody"), Erased: l.Erased()}
	switch {
	case l.By != nil:
		out.By = l.By.Name
	case e.By != 0:
		out.By = "#" + strconv.FormatUint(e.By, 10)
	case e.Change != 0 || e.Kind == store.AuditRetention:
		out.By = v.T("admin-changes.desk")
	}
	if !e.Via.Usual() {
		out.Via = show.Known(&v.Page, e.Via.InLog(), e.Via.String())
	}
	switch e.Kind {
	case store.AuditRefusal:
		out.What = e.What
	case store.AuditRights, store.AuditConfiguration, store.AuditExport, store.AuditReading:
		out.What = show.Known(&v.Page, "audit.act."+e.What, show.Known(&v.Page, "audit-log.what-"+e.What, ""))
	}
	switch e.Table {
	case store.Tickets.Name():
		out.On, out.Address = "#"+strconv.FormatUint(e.Of, 10), address.Ticket(e.Of)
	case store.Plans.Name():
		out.On, out.Address = v.T("audit-log.plan", "number", e.Of), address.Plan(e.Of)
	case store.People.Name():
		if out.On = l.Of; e.Of != 0 && out.On == "" {
			out.On = "#" + strconv.FormatUint(e.Of, 10)
		}
	case "":
	default:
		out.On = show.Known(&v.Page, "audit.table."+e.Table, e.Table)
	}
	out.Words = v.auditWords(l.Text)
	return out
}

// auditWords are the words of an entry, a line each.
func (v *auditPage) auditWords(text string) (out []string) {
	var w struct {
		Account, Address, Device, Why string
		Fields                        []db.Field
	}
	if text == "" || json.Unmarshal([]byte(text), &w) != nil {
		return nil
	}
	for _, s := range []string{w.Account, w.Address, w.Device, w.Why} {
		if s != "" {
			out = append(out, entry.Cut(s, mostWord))
		}
	}
	for _, f := range w.Fields {
		line := show.Known(&v.Page, "audit.field."+f.Name, f.Name) + ": "
		value := func(raw json.RawMessage) string { return entry.Cut(strings.Trim(string(raw), `"`), mostWord) }
		if len(f.Old) > 0 {
			line += value(f.Old) + " → "
		}
		out = append(out, line+value(f.New))
	}
	return out
}

// postAudit opens the log for whoever confirmed who they are; see Confirmed in the routes.
func (a pages) postAudit(r *web.Request) error {
	if err := a.Desk.Audits.Open(r.Actor()); err != nil {
		return err
	}
	return r.SeeOther("/admin/audit")
}

// postExportAudit sends the entries as JSON Lines.
func (a pages) postExportAudit(r *web.Request) error {
	f := r.Form()
	filter := auditFilter(f)
	if err := f.Err(); err != nil {
		return err
	}
	if err := a.Desk.Audits.BeginExport(r.Actor(), filter); err != nil {
		return err
	}
	actor := r.Actor()
	r.SetHeader("Content-Type", "application/jsonl; charset=utf-8")
	r.SetHeader("Content-Disposition", web.DispositionOf("attachment", "audit.jsonl"))
	r.Stream(func(w *bufio.Writer) {
		if err := a.Desk.Audits.Export(context.Background(), actor, filter, w); err != nil {
			a.Log.Error("the export of the audit log broke off", "person", actor.ID(), "err", err)
		}
		_ = w.Flush()
	})
	return nil
}
