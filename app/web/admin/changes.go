package admin

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
)

// adminChangesPage is the log of the administration, newest first.
type adminChangesPage struct {
	show.AdminPage
	Kinds    []show.Choice
	Lines    []changeLine
	Filtered bool
	Next     string
	First    string
}

type changeLine struct {
	At      words.Moment
	By, Via string
	Kind    string
	What    string
	Address string // address of what was changed, if it has a page
	Act     string
	Why     string
	Fields  []changeField
	More    string // heading of the fields when there are many
}

// changeField is one field before and after. Long values are folded.
type changeField struct {
	Name, Old, New string
	Long           bool
}

const (
	changesShown  = 50
	changesLooked = 4000 // rows of the log searched for one filtered page
	longValue     = 120  // characters
	manyFields    = 4
)

// changeKinds are the filters of the log, with the tables of each.
var changeKinds = []struct {
	code   string
	tables []string
}{
	{"people", []string{"people"}},
	{"groups", []string{"groups"}},
	{"organisations", []string{"organisations", "units", "installations"}},
	{"catalogue", []string{"modules"}},
	{"settings", []string{"settings"}},
	{"articles", []string{"articles", "versions"}},
	{"replies", []string{"replies"}},
	{"synonyms", []string{"synonyms"}},
	{"access", []string{"tokens", "links"}},
}

func (a pages) getChanges(r *web.Request) error {
	v := &adminChangesPage{AdminPage: show.Admin(a.Site, r, "changes", "admin-changes.title")}
	v.Top()
	f := r.QueryForm()
	v.Form = f
	var tables []string
	for _, k := range changeKinds {
		chosen := f.Raw("kind") == k.code
		if chosen {
			tables, v.Filtered = k.tables, true
		}
		v.Kinds = append(v.Kinds, show.Choice{Value: k.code, Label: v.T("admin-changes.kind-" + k.code), Chosen: chosen})
	}
	before := f.ID("before")
	lines, next, err := a.changesOf(r.Actor(), before, tables)
	if err != nil {
		return err
	}
	for _, l := range lines {
		v.Lines = append(v.Lines, v.changeLine(l))
	}
	if next != 0 {
		v.Next = withQuery(r, "before", strconv.FormatUint(next, 10))
	}
	if before != 0 {
		v.First = withQuery(r, "before", "")
	}
	return r.Render("page/admin-changes", v)
}

// changesOf reads the log until a page is full of lines about the tables; with no tables, about any.
func (a pages) changesOf(who policy.Actor, before uint64, tables []string) (out []desk.AuditLine, next uint64, err error) {
	for looked := 0; looked < changesLooked; {
		lines, further, err := a.Desk.Audit(who, before, 200)
		if err != nil {
			return nil, 0, err
		}
		looked += len(lines)
		for _, l := range lines {
			if len(tables) > 0 && !slices.Contains(tables, l.Table) || l.Table == "links" && l.Op == db.Remove {
				continue // a link disappears when it is used
			}
			if len(out) == changesShown {
				return out, out[len(out)-1].Seq, nil
			}
			out = append(out, l)
		}
		if before = further; before == 0 {
			return out, 0, nil
		}
	}
	return out, before, nil
}

func (v *adminChangesPage) changeLine(l desk.AuditLine) changeLine {
	out := changeLine{At: v.Moment(l.At), By: l.By, Kind: show.Known(&v.Page, "audit.table."+l.Table, l.Table), What: l.What, Address: changeAddress(l),
		Act: show.Known(&v.Page, l.Act.InLog(), show.Known(&v.Page, "audit.op."+l.Op.String(), l.Act.String())), Why: l.Why}
	if out.By == "" {
		out.By = v.T("admin-changes.desk")
	}
	if !l.Via.Usual() {
		out.Via = show.Known(&v.Page, l.Via.InLog(), l.Via.String())
	}
	switch {
	case l.Table == "settings":
		out.What = v.T("admin-changes.settings")
	case l.Table == "links" && strings.HasPrefix(out.What, "#"):
		out.What = v.T("admin-changes.link")
	}
	for _, field := range l.Fields {
		if was, ok := beforeSettings[field.Name]; ok && field.Old == "" && l.Table == "settings" {
			field.Old = was
		}
		f := changeField{Name: show.Known(&v.Page, "audit.field."+field.Name, field.Name), Old: v.changeValue(field.Name, field.Old), New: v.changeValue(field.Name, field.New)}
		if listFields[field.Name] {
			f.Old, f.New = onlyChanged(f.Old, f.New)
		}
		if l.Table == "settings" {
			f.Old, f.New = v.priorityWords(field.Name, f.Old), v.priorityWords(field.Name, f.New)
		}
		if f.Old == f.New {
			continue
		}
		f.Long = len(f.Old)+len(f.New) > 2*longValue
		out.Fields = append(out.Fields, f)
	}
	if len(out.Fields) > manyFields {
		out.More = v.Plural("admin-changes.fields", len(out.Fields))
	}
	return out
}

// changeValue returns a value of the domain in words.
func (v *adminChangesPage) changeValue(field, s string) string {
	switch s {
	case "true":
		return v.T("admin-changes.yes")
	case "false":
		return v.T("admin-changes.no")
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return v.Moment(t).Exact
	}
	switch field {
	case "channel":
		if s != "" {
			return show.Known(&v.Page, "admin-catalogue.channel-"+s, s)
		}
	case "notices":
		if s != "" {
			return show.Known(&v.Page, "notices."+s, s)
		}
	}
	return s
}

// listFields are fields with lists, of which only additions and removals are shown.
var listFields = map[string]bool{"matrix": true, "hours_due": true, "versions": true, "domains": true, "searches": true, "groups": true, "coordinates": true, "affiliations": true}

// beforeSettings has the values of a new desk, which apply until the settings are saved, in the words of the log.
var beforeSettings = map[string]string{"matrix": spelled(store.DefaultMatrix), "hours_due": spelled(store.DefaultHoursDue),
	"day_begins": strconv.Itoa(store.DefaultDayBegins), "day_ends": strconv.Itoa(store.DefaultDayEnds),
	"close_after": strconv.Itoa(store.DefaultCloseAfter), "reopen_within": strconv.Itoa(store.DefaultReopenWithin),
	"access_months": strconv.Itoa(store.DefaultAccessMonths), "fetched_months": strconv.Itoa(store.DefaultFetchedMonths),
	"list_months": strconv.Itoa(store.DefaultListMonths), "list_days": strconv.Itoa(store.DefaultListDays)}

func spelled(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+": "+strconv.Itoa(m[k]))
	}
	return strings.Join(parts, ", ")
}

// priorityWords returns the codes of the matrix and the priorities in the words of the pages.
func (v *adminChangesPage) priorityWords(field, s string) string {
	if s == "" || field != "matrix" && field != "hours_due" {
		return s
	}
	parts := strings.Split(s, ", ")
	for i, p := range parts {
		cell, value, _ := strings.Cut(p, ": ")
		if severity, urgency, ok := strings.Cut(cell, "/"); ok {
			parts[i] = show.Known(&v.Page, "severity."+severity, severity) + " / " + show.Known(&v.Page, "urgency."+urgency, urgency) + ": P" + value
		} else {
			parts[i] = "P" + cell + ": " + value
		}
	}
	return strings.Join(parts, ", ")
}

// onlyChanged removes the parts that two lists like "blocking/none: 2, blocking/today: 1" have in common.
func onlyChanged(was, is string) (string, string) {
	x, y := strings.Split(was, ", "), strings.Split(is, ", ")
	rest := func(a, b []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) }), ", ")
	}
	return rest(x, y), rest(y, x)
}

// changeAddress returns the page of what was changed, empty if it no longer exists.
func changeAddress(l desk.AuditLine) string {
	if l.Op == db.Remove {
		return ""
	}
	switch l.Table {
	case "people":
		return address.Admin("people", l.ID)
	case "groups":
		return address.Admin("groups", l.ID)
	case "organisations":
		return address.Admin("organisations", l.ID)
	case "modules":
		return address.Admin("catalogue", l.ID)
	case "settings":
		return "/admin/branding"
	case "synonyms":
		return "/admin/synonyms"
	case "articles":
		return "/articles/" + l.What
	}
	return ""
}
