package queue

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sportello/app/desk/entry"
	"sportello/app/desk/find"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// A saved view is a search that an agent keeps beside the queues: a part of a queue selected by filters, or a search
// for words in tickets. It never extends what a person may see: everyone who opens it sees it with their own rights.
// Its number is counted in the background (view_count.go).

// SavedView is a saved view with what the actor may do with it.
type SavedView struct {
	*store.View
	GroupName string // the group it is shared with; empty for the actor's own
	Own       bool   // the actor owns it
	MayChange bool
}

// ViewForm is a view as somebody submits it. If Text is set, the filters of Query are ignored.
type ViewForm struct {
	Name   string
	Group  uint64 // group to share it with; 0 for none
	Notify bool   // notify the actor of tickets that are new in it
	Text   string
	Query  Query
}

// The limits of views; a longer list would help nobody.
const (
	maxViews = 50 // of one person, and of one group
)

var maxViewText = store.Views.Most("text")

func viewQuery(v *store.View) Query {
	return Query{View: v.Queue, Group: v.Of, Module: v.Module, State: v.State, Kind: v.Kind, Priority: v.Priority,
		Assignee: v.Assignee, Overdue: v.Overdue}
}

// Query returns the view's query of the queue; View is empty for a view with words.
func (v SavedView) Query() Query { return viewQuery(v.View) }

// Views returns the actor's own views by name, then those shared with their groups, and schedules them for counting. It
// returns a Denied error to everybody but agents and administrators.
func (qs *Queues) Views(a policy.Actor) ([]SavedView, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out []SavedView
	err := qs.st.View(func(tx *db.Tx) error {
		out = nil
		rows, err := store.ViewsByPerson.Find(tx, a.ID())
		if err != nil {
			return err
		}
		for _, v := range rows {
			out = append(out, savedView(tx, a, v))
		}
		all, err := people.Groups(tx)
		if err != nil {
			return err
		}
		for _, g := range all {
			if a.Person == nil || !a.Person.InGroup(g.ID) {
				continue
			}
			rows, err := store.ViewsByGroup.Find(tx, g.ID)
			if err != nil {
				return err
			}
			for _, v := range rows {
				out = append(out, savedView(tx, a, v))
			}
		}
		return nil
	})
	if err == nil {
		qs.views.show(out, qs.clock())
	}
	return out, err
}

func savedView(tx *db.Tx, a policy.Actor, v *store.View) SavedView {
	s := SavedView{View: v, Own: v.Person == a.ID(), MayChange: mayChangeView(a, v)}
	if v.Group != 0 {
		if g, err := store.Groups.Peek(tx, v.Group); err == nil {
			s.GroupName = g.Name.In(a.Lang())
		}
	}
	return s
}

// mayChangeView reports whether the actor may change the view: its owner while they may use it, and for a shared view
// also the group's supervisors and administrators.
func mayChangeView(a policy.Actor, v *store.View) bool {
	return v.Person == a.ID() || v.Group != 0 && policy.MaySupervise(a, v.Group) == nil
}

// viewOf returns a view that the actor may use, or a NotFound error.
func viewOf(tx *db.Tx, a policy.Actor, id uint64) (*store.View, error) {
	v, err := store.Views.Get(tx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case v.Group == 0 && v.Person == a.ID() && a.SignedIn():
	case v.Group != 0 && (a.IsAdministrator() || a.Person != nil && a.Person.InGroup(v.Group)):
	default:
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return v, nil
}

// View returns a view that the actor may use: their own, or one shared with one of their groups; administrators may use
// those of all groups. It returns a NotFound error for any other.
func (qs *Queues) View(a policy.Actor, id uint64) (SavedView, error) {
	var out SavedView
	if !a.IsAgent() && !a.IsAdministrator() {
		return out, policy.Denied(a)
	}
	err := qs.st.View(func(tx *db.Tx) error {
		v, err := viewOf(tx, a, id)
		if err != nil {
			return err
		}
		out = savedView(tx, a, v)
		return nil
	})
	return out, err
}

// AddView saves a view of the actor. Only agents and administrators may call it, and share the view with a group of
// their own.
func (qs *Queues) AddView(a policy.Actor, f ViewForm) (*store.View, error) {
	if !a.SignedIn() || !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *store.View
	err := qs.st.Update(a.By(act.SaveView), func(tx *db.Tx) error {
		v := &store.View{Person: a.ID(), Text: strings.TrimSpace(f.Text), Edits: 1, SeenNumber: store.Tickets.Last(tx)}
		if q := f.Query; v.Text == "" {
			v.Queue, v.Of, v.Module, v.State, v.Kind = q.View, q.Group, q.Module, q.State, q.Kind
			v.Priority, v.Assignee, v.Overdue = q.Priority, q.Assignee, q.Overdue
		}
		out = v
		var wrong fault.Problems
		if utf8.RuneCountInString(v.Text) > maxViewText {
			wrong.Add("name", "error.too-long", "max", maxViewText)
		}
		if v.Text == "" && !slices.Contains(Views, v.Queue) || v.Priority < 0 || v.Priority > 4 {
			wrong.Add("name", "error.view-nothing")
		}
		return fillView(tx, a, v, f, wrong)
	})
	return out, err
}

// ChangeView changes a view's name. Its owner may also change the group it is shared with and whether they get notices.
// edits is the value the form saw; ChangeView returns a Conflict error when somebody has changed the view since.
func (qs *Queues) ChangeView(a policy.Actor, id, edits uint64, f ViewForm) (*store.View, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *store.View
	err := qs.st.Update(a.By(act.ChangeView), func(tx *db.Tx) error {
		v, err := viewOf(tx, a, id)
		if err != nil {
			return err
		}
		if !mayChangeView(a, v) {
			return fault.New(fault.Denied, "error.denied")
		}
		if err := entry.SameRev(edits, v.Edits); err != nil {
			return err
		}
		v.Edits++
		out = v
		return fillView(tx, a, v, f, nil)
	})
	return out, err
}

// RemoveView removes a view. Everyone who may change it may remove it.
func (qs *Queues) RemoveView(a policy.Actor, id uint64) error {
	if !a.IsAgent() && !a.IsAdministrator() {
		return policy.Denied(a)
	}
	return qs.st.Update(a.By(act.RemoveView), func(tx *db.Tx) error {
		v, err := viewOf(tx, a, id)
		if err != nil {
			return err
		}
		if !mayChangeView(a, v) {
			return fault.New(fault.Denied, "error.denied")
		}
		return store.Views.Delete(tx, id)
	})
}

func fillView(tx *db.Tx, a policy.Actor, v *store.View, f ViewForm, wrong fault.Problems) error {
	if v.Name = entry.CleanLine(&wrong, "name", f.Name, entry.MaxShort); v.Name == "" {
		wrong.Add("name", "error.required")
	}
	if v.Person == a.ID() {
		if f.Group != v.Group || v.ID == 0 {
			if err := shareView(tx, a, v, f.Group); err != nil {
				wrong = append(wrong, err)
			}
		}
		if f.Notify && !v.Notify {
			v.SeenNumber = store.Tickets.Last(tx) // existing tickets are not new
			v.Known, v.Whole = nil, false
		}
		v.Notify = f.Notify
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return store.Views.Put(tx, v)
}

// shareView shares the view with the group, or with 0 returns it to its owner alone. A shared view shows the same
// tickets to the whole group: a view of the owner's own tickets cannot be shared, and one of "my groups" becomes that
// of the group.
func shareView(tx *db.Tx, a policy.Actor, v *store.View, group uint64) *fault.Error {
	n := 0
	v.Known, v.Whole = nil, false // other people see other tickets
	if v.Group = group; group == 0 {
		for range store.ViewsByPerson.Entries(tx, db.Span{Prefix: key.Of(v.Person)}) {
			n++
		}
	} else {
		if !a.IsAdministrator() && !a.Person.InGroup(group) {
			return fault.New(fault.Denied, "error.denied").At("share")
		}
		if _, err := store.Groups.Get(tx, group); err != nil {
			return fault.New(fault.Invalid, "error.group-unknown").At("share")
		}
		for range store.ViewsByGroup.Entries(tx, db.Span{Prefix: key.Of(group)}) {
			n++
		}
		switch {
		case v.Text != "" || v.Queue == ViewAll:
		case v.Queue == ViewMine:
			return fault.New(fault.Invalid, "error.view-mine").At("share")
		case v.Of == 0:
			v.Of = group
		case v.Of != group:
			return fault.New(fault.Invalid, "error.view-other-group").At("share")
		}
	}
	if n >= maxViews {
		return fault.New(fault.Invalid, "error.too-many-of", "max", maxViews).At("share")
	}
	return nil
}

// viewPage is how many tickets one page of a view with words shows.
const viewPage = 50

// ViewTickets returns a page of the view with the tickets the actor may see. A view without words is answered as by
// Queue; a view with words contains the tickets with all of them, the latest first. It returns a NotFound error for a
// view the actor may not use, and an Unavailable error for a view with words when there is no index.
func (qs *Queues) ViewTickets(ctx context.Context, a policy.Actor, id uint64, after string) (SavedView, Page, error) {
	v, err := qs.View(a, id)
	if err != nil {
		return v, Page{}, err
	}
	if v.Text == "" {
		q := v.Query()
		q.After = after
		page, err := qs.Queue(a, q)
		return v, page, err
	}
	page := newPage()
	offset, err := strconv.Atoi(after)
	if err != nil || offset < 0 || offset > 1000 {
		offset = 0
	}
	found, err := qs.find.Search(ctx, a, wordsOf(v.View, viewPage, offset))
	if err != nil {
		return v, page, err
	}
	page.Count = found.Total
	if reach := offset + viewPage; reach < found.Total && reach < 1000 {
		page.Next = strconv.Itoa(reach)
	}
	err = qs.st.View(func(tx *db.Tx) error {
		page.Tickets = nil
		for _, f := range found.Hits {
			if f.Ticket != nil {
				page.Tickets = append(page.Tickets, f.Ticket)
				page.name(tx, f.Ticket)
			}
		}
		return nil
	})
	return v, page, err
}

// wordsOf returns the search of a view with words.
func wordsOf(v *store.View, limit, offset int) find.Query {
	return find.Query{Text: everyWord(v.Text), Types: []string{query.TypeTicket}, Limit: limit, Offset: offset, Sort: "date"}
}

// everyWord puts a plus before each word of a search. For a single search, hits with most of the words are useful; a
// view that counts and notifies must mean all of them, as typed. Short words get no plus, because they only help to
// rank.
func everyWord(text string) string {
	var b strings.Builder
	quoted, begin := false, true
	for i, r := range text {
		if begin && !quoted && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			word := text[i:]
			if end := strings.IndexFunc(word, unicode.IsSpace); end >= 0 {
				word = word[:end]
			}
			if utf8.RuneCountInString(word) > 3 && !strings.Contains(word, ":") {
				b.WriteByte('+')
			}
		}
		if strings.ContainsRune("\"“”„«»", r) {
			quoted = !quoted
		}
		begin = unicode.IsSpace(r)
		b.WriteRune(r)
	}
	return b.String()
}
