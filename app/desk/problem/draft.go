package problem

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// left is what stands where a name stood.
const left = "[…]"

// personal finds what tells who somebody is, whatever they are called: addresses, telephone numbers, tax codes.
var personal = regexp.MustCompile(`(?i)[^\s<>()"',;:]+@[^\s<>()"',;:]+|\b[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z]\b|(\+\d{1,3}[ -]?\d|\b[03]\d)[\d -]{5,}\d`)

// Draft returns the form of a known problem made from the ticket, which it has attached: its words without the names of its
// people. Of a confidential ticket only its group gets one, and its texts are empty. Nothing is written.
func (ps *Problems) Draft(a policy.Actor, ticket uint64) (Form, error) {
	var out Form
	err := ps.st.View(func(tx *db.Tx) error {
		out = Form{Tickets: []uint64{ticket}}
		t, err := store.Tickets.Get(tx, ticket)
		if err != nil {
			return err
		}
		if err := ps.rights.May(tx, a, policy.SeeNotes, t); err != nil {
			return err
		}
		secret := ps.rights.Stand(tx, a, t).Confidential()
		if secret && (a.Person == nil || !a.Person.InGroup(t.Group)) {
			return policy.Denied(a)
		}
		if m, err := store.Modules.Peek(tx, t.Module); err == nil {
			out.Module = m.Code
		} else if fault.IgnoreNotFound(err) != nil {
			return err
		}
		out.Severity = t.Severity
		if t.Affected != "" {
			out.Affected = []store.Range{{From: t.Affected}}
		}
		if t.Regression {
			out.Regression.Good = t.WorkedIn
		}
		if secret {
			out.Audience = store.Agents
			return nil
		}
		messages, err := store.SideMessages(tx, t)
		if err != nil {
			return err
		}
		names, err := ps.names(tx, t, messages)
		if err != nil {
			return err
		}
		text := ""
		if len(messages) > 0 {
			text = nameless(entry.Words(messages[0]), names)
		}
		title := entry.Cut(nameless(t.Subject, names), store.Problems.Most("title.it"))
		if t.Language == "en" {
			out.Title.EN, out.Text.EN = title, text
		} else {
			out.Title.IT, out.Text.IT = title, text
		}
		return nil
	})
	return out, err
}

// names returns what the people of the ticket and their places are called, the longest first.
func (ps *Problems) names(tx *db.Tx, t *store.Ticket, messages []*store.Message) ([]string, error) {
	ids := append([]uint64{t.Requester, t.Assignee}, t.Participants...)
	for _, m := range messages {
		ids = append(ids, m.Author)
	}
	slices.Sort(ids)
	var out []string
	for _, id := range slices.Compact(ids) {
		p, err := store.People.Peek(tx, id)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return nil, err
			}
			continue
		}
		out = append(out, p.Name)
		for _, part := range strings.Fields(p.Name) {
			if utf8.RuneCountInString(part) > 2 {
				out = append(out, part)
			}
		}
	}
	if o, err := store.Organisations.Peek(tx, t.Organisation); err == nil {
		out = append(out, o.Name)
	} else if fault.IgnoreNotFound(err) != nil {
		return nil, err
	}
	slices.SortFunc(out, func(x, y string) int { return len(y) - len(x) })
	return slices.Compact(out), nil
}

// nameless returns the text without the names, and without what else tells who somebody is.
func nameless(text string, names []string) string {
	text = personal.ReplaceAllString(text, left)
	for _, n := range names {
		if n == "" {
			continue
		}
		name := regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}])` + regexp.QuoteMeta(n) + `($|[^\p{L}\p{N}])`)
		for range 2 { // names side by side share what stands between them
			text = name.ReplaceAllString(text, "${1}"+left+"${2}")
		}
	}
	return strings.TrimSpace(text)
}
