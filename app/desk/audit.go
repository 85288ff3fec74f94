package desk

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// AuditLine is one change made in the administration, in words.
type AuditLine struct {
	Seq    uint64
	At     time.Time
	By     string // name of the person; empty for the desk itself
	Via    door.Door
	Act    act.Act
	Table  string // people, groups, ...
	ID     uint64
	What   string // name of the row, or its number if it no longer exists
	Op     db.Op
	Why    string
	Fields []AuditField
}

// AuditField is one changed field with its values as text. Secret and long values are left out.
type AuditField struct {
	Name string
	Old  string
	New  string
}

// audited are the tables whose changes appear in the administration's log. Uploads do not.
var audited = map[string]bool{}

func init() {
	for _, t := range []string{store.People.Name(), store.Organisations.Name(), store.Units.Name(), store.Groups.Name(), store.Modules.Name(),
		store.SettingsTable.Name(), store.Articles.Name(), store.Versions.Name(), store.SavedReplies.Name(), store.Synonyms.Name(), store.Tokens.Name(), store.Links.Name(), store.MailServers.Name(), store.Looks.Name()} {
		audited[t] = true
	}
}

// passing are fields that change automatically and are not acts of administration.
var passing = map[string]bool{"last_seen": true, "seen": true}

// Audit returns changes made in the administration before the sequence number (0: the newest), newest first. Only
// administrators may call it. next is the sequence number for the next call, 0 at the end.
func (d *Desk) Audit(a policy.Actor, before uint64, limit int) (lines []AuditLine, next uint64, err error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, 0, err
	}
	limit = entry.PageSize(limit)
	err = d.st.View(func(tx *db.Tx) error {
		tx.PastDamage() // what is damaged is called by its number: whoever looks for what happened to it reads here
		lines, next = nil, 0
		n := namer{tx: tx, lang: a.Lang(), known: map[string]string{}}
		for c, err := range tx.AuditChanges(before) {
			if err != nil {
				return err
			}
			if !audited[c.Table] || c.Op == db.Modify && onlyPassing(c.Fields) {
				continue
			}
			if len(lines) == limit {
				next = lines[limit-1].Seq
				return nil
			}
			lines = append(lines, n.line(c))
		}
		return nil
	})
	return lines, next, err
}

func onlyPassing(fields []db.Field) bool {
	return !slices.ContainsFunc(fields, func(f db.Field) bool { return !passing[f.Name] })
}

// namer returns rows and values in words; it reads each row once.
type namer struct {
	tx    *db.Tx
	lang  string
	known map[string]string
}

func (n *namer) line(c *db.Change) AuditLine {
	l := AuditLine{Seq: c.Seq, At: c.At, Via: c.Via, Act: c.Act, Table: c.Table, ID: c.ID, What: n.name(c.Table, c.ID), Op: c.Op, Why: c.Why}
	if c.By != 0 {
		l.By = n.name("people", c.By)
	}
	for _, f := range c.Fields {
		if !passing[f.Name] {
			l.Fields = append(l.Fields, AuditField{f.Name, n.value(c.Table, f.Name, f.Old), n.value(c.Table, f.Name, f.New)})
		}
	}
	return l
}

// name returns the name of the row, or its number if it no longer exists.
func (n *namer) name(table string, id uint64) string {
	key := table + " " + strconv.FormatUint(id, 10)
	if s, ok := n.known[key]; ok {
		return s
	}
	s := n.look(table, id)
	if s == "" {
		s = "#" + strconv.FormatUint(id, 10)
	}
	n.known[key] = s
	return s
}

func (n *namer) look(table string, id uint64) string {
	switch table {
	case "people":
		if p, err := store.People.Get(n.tx, id); err == nil {
			return p.Name
		}
	case "organisations":
		if o, err := store.Organisations.Get(n.tx, id); err == nil {
			return o.Name
		}
	case "units":
		if u, err := store.Units.Get(n.tx, id); err == nil {
			return u.Name
		}
	case "groups":
		if g, err := store.Groups.Get(n.tx, id); err == nil {
			return g.Name.In(n.lang)
		}
	case "modules":
		if m, err := store.Modules.Get(n.tx, id); err == nil {
			return m.Name.In(n.lang)
		}
	case "articles":
		if a, err := store.Articles.Get(n.tx, id); err == nil {
			return a.Slug
		}
	case "versions":
		if v, err := store.Versions.Get(n.tx, id); err == nil {
			return v.Title
		}
	case "synonyms":
		if s, err := store.Synonyms.Get(n.tx, id); err == nil {
			return strings.Join(s.Words, ", ")
		}
	case "replies":
		if r, err := store.SavedReplies.Get(n.tx, id); err == nil {
			return r.Title.In(n.lang)
		}
	case "tokens":
		if t, err := store.Tokens.Get(n.tx, id); err == nil {
			return strings.TrimPrefix(n.name("people", t.Person)+": "+t.Name, ": ")
		}
	case "links":
		if l, err := store.Links.Get(n.tx, id); err == nil {
			return n.name("people", l.Person)
		}
	case "mail_servers":
		if m, err := store.MailServers.Get(n.tx, id); err == nil {
			return m.Address
		}
	case "looks":
		if l, err := store.Looks.Get(n.tx, id); err == nil {
			if l.Plan != 0 {
				return n.name("plans", l.Plan)
			}
			if l.Ticket == 0 {
				return "*"
			}
			return "#" + strconv.FormatUint(l.Ticket, 10)
		}
	case "settings":
		return "settings"
	}
	return ""
}

// namedFields are fields whose number refers to a row of the given table.
var namedFields = map[string]string{"organisation": "organisations", "unit": "units", "group": "groups", "parent": "modules", "module": "modules",
	"person": "people", "author": "people", "article": "articles"}

// value returns a field's JSON in words.
func (n *namer) value(table, field string, raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	if rows, ok := namedFields[field]; ok {
		var id uint64
		if json.Unmarshal(raw, &id) == nil {
			if id == 0 {
				return ""
			}
			return n.name(rows, id)
		}
	}
	switch {
	case field == "share":
		var s store.Share
		if json.Unmarshal(raw, &s) == nil {
			return joined(slices.Concat([]string{s.With.String()}, named(s.Chosen, func(id uint64) string { return n.name("people", id) })), func(s string) string { return s })
		}
	case table == "people" && field == "groups":
		var list []store.Membership
		if json.Unmarshal(raw, &list) == nil {
			return joined(list, func(m store.Membership) string {
				if m.Supervisor {
					return n.name("groups", m.Group) + " (supervisor)"
				}
				return n.name("groups", m.Group)
			})
		}
	case table == "people" && (field == "affiliations" || field == "coordinates"): // the second in older changes
		var list []store.Affiliation
		if json.Unmarshal(raw, &list) == nil {
			return joined(list, n.affiliation)
		}
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return ""
	}
	return plainValue(v)
}

func named(ids []uint64, name func(uint64) string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = name(id)
	}
	return out
}

// affiliation says where, as what and until when somebody belongs.
func (n *namer) affiliation(h store.Affiliation) string {
	out := n.name("organisations", h.Organisation)
	if h.Unit != 0 {
		out += catalogue.PathSeparator + n.name("units", h.Unit)
	}
	for _, word := range []struct {
		has  bool
		word string
	}{{h.Position != "", h.Position}, {h.Coordinator, "coordinator"}, {h.Named, "named"}, {!h.From.IsZero(), h.From.Format(time.DateOnly) + " →"}, {!h.Until.IsZero(), "→ " + h.Until.Format(time.DateOnly)},
		{!h.Ended.IsZero(), "ended"}} {
		if word.has {
			out += " (" + word.word + ")"
		}
	}
	return out
}

// plainValue formats decoded JSON as a person would: lists with commas, members as name: value.
func plainValue(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		return joined(v, plainValue)
	case map[string]any:
		return joined(slices.Sorted(maps.Keys(v)), func(k string) string { return k + ": " + plainValue(v[k]) })
	}
	return ""
}

func joined[T any](list []T, say func(T) string) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = say(x)
	}
	return strings.Join(out, ", ")
}
