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
)

// A saved view is a search that an agent keeps beside the queues: part of a queue by its filters, or a question of
// words over tickets. It never widens what somebody may see: everybody who opens it looks with their own eyes. Its
// number is counted in the background (view_count.go).

// SavedView is a saved view with what the actor may do with it.
type SavedView struct {
	*store.View
	GroupName string // with whom it is shared; empty for one's own
	Own       bool   // the actor saved it
	MayChange bool
}

// ViewForm is what somebody chooses of a view. With Text the filters of Query are not looked at: the question says all.
type ViewForm struct {
	Name   string
	Group  uint64 // to share it with; 0: with nobody
	Notify bool   // tell the actor of tickets that are new in it
	Text   string
	Query  Query
}

// Limits of views: a list that is longer helps nobody.
const (
	maxViews = 50 // of one person, and of one group
)

var maxViewText = store.Views.Most("text")

func viewQuery(v *store.View) Query {
	return Query{View: v.Queue, Group: v.Of, Module: v.Module, State: v.State, Kind: v.Kind, Priority: v.Priority,
		Assignee: v.Assignee, Overdue: v.Overdue}
}

// Query returns what the view asks of the queue; its View is empty for a view with words.
func (v SavedView) Query() Query { return viewQuery(v.View) }

// Views lists the actor's own views by name, then those shared with their groups. Denied for everybody but agents and
// administrators. Those that are listed are counted anew soon.
func (qs *Queues) Views(a policy.Actor) ([]SavedView, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out []SavedView
	err := qs.st.View(func(tx *store.Tx) error {
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

func savedView(tx *store.Tx, a policy.Actor, v *store.View) SavedView {
	s := SavedView{View: v, Own: v.Person == a.ID(), MayChange: mayChangeView(a, v)}
	if v.Group != 0 {
		if g, err := store.Groups.Peek(tx, v.Group); err == nil {
			s.GroupName = g.Name.In(a.Lang())
		}
	}
	return s
}

// mayChangeView: who saved it, as long as they may use it; of a shared one also the group's supervisors and
// administrators.
func mayChangeView(a policy.Actor, v *store.View) bool {
	return v.Person == a.ID() || v.Group != 0 && policy.MaySupervise(a, v.Group) == nil
}

// viewOf returns a view that the actor may use, NotFound for any other.
func viewOf(tx *store.Tx, a policy.Actor, id uint64) (*store.View, error) {
	v, err := store.Views.Get(tx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case v.Group == 0 && v.Person == a.ID() && a.SignedIn():
	case v.Group != 0 && (a.IsAdministrator() || a.Person != nil && a.Person.InGroup(v.Group)):
	default:
		return nil, store.Fail(store.NotFound, "error.not-found")
	}
	return v, nil
}

// View returns one view that the actor may use: their own, or one shared with a group of theirs; administrators may
// use those of all groups. NotFound for any other.
func (qs *Queues) View(a policy.Actor, id uint64) (SavedView, error) {
	var out SavedView
	if !a.IsAgent() && !a.IsAdministrator() {
		return out, policy.Denied(a)
	}
	err := qs.st.View(func(tx *store.Tx) error {
		v, err := viewOf(tx, a, id)
		if err != nil {
			return err
		}
		out = savedView(tx, a, v)
		return nil
	})
	return out, err
}

// AddView keeps a view of the actor's: agents and administrators may, and share it with a group of their own.
func (qs *Queues) AddView(a policy.Actor, f ViewForm) (*store.View, error) {
	if !a.SignedIn() || !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *store.View
	err := qs.st.Update(a.By("save-view"), func(tx *store.Tx) error {
		v := &store.View{Person: a.ID(), Text: strings.TrimSpace(f.Text), Edits: 1, SeenNumber: store.Tickets.Last(tx)}
		if q := f.Query; v.Text == "" {
			v.Queue, v.Of, v.Module, v.State, v.Kind = q.View, q.Group, q.Module, q.State, q.Kind
			v.Priority, v.Assignee, v.Overdue = q.Priority, q.Assignee, q.Overdue
		}
		out = v
		var wrong store.Problems
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

// ChangeView changes a view's name and, by who saved it, with whom it is shared and whether they are told of what is
// new. edits is what the form saw: Conflict when somebody changed the view since.
func (qs *Queues) ChangeView(a policy.Actor, id, edits uint64, f ViewForm) (*store.View, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *store.View
	err := qs.st.Update(a.By("change-view"), func(tx *store.Tx) error {
		v, err := viewOf(tx, a, id)
		if err != nil {
			return err
		}
		if !mayChangeView(a, v) {
			return store.Fail(store.Denied, "error.denied")
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

// RemoveView removes a view: who may change it may.
func (qs *Queues) RemoveView(a policy.Actor, id uint64) error {
	if !a.IsAgent() && !a.IsAdministrator() {
		return policy.Denied(a)
	}
	return qs.st.Update(a.By("remove-view"), func(tx *store.Tx) error {
		v, err := viewOf(tx, a, id)
		if err != nil {
			return err
		}
		if !mayChangeView(a, v) {
			return store.Fail(store.Denied, "error.denied")
		}
		return store.Views.Delete(tx, id)
	})
}

func fillView(tx *store.Tx, a policy.Actor, v *store.View, f ViewForm, wrong store.Problems) error {
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
			v.SeenNumber = store.Tickets.Last(tx) // what is there already is not new
			v.Known, v.Whole = nil, false
		}
		v.Notify = f.Notify
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return store.Views.Put(tx, v)
}

// shareView gives the view to the group, or with 0 back to who saved it. What is shared shows the same tickets to
// everybody in the group: a view of somebody's own tickets cannot be, and one of "my groups" becomes that of this one.
func shareView(tx *store.Tx, a policy.Actor, v *store.View, group uint64) *store.Error {
	n := 0
	v.Known, v.Whole = nil, false // other eyes see other tickets
	if v.Group = group; group == 0 {
		for range store.ViewsByPerson.Entries(tx, store.Span{Prefix: store.Key(v.Person)}) {
			n++
		}
	} else {
		if !a.IsAdministrator() && !a.Person.InGroup(group) {
			return store.Fail(store.Denied, "error.denied").At("share")
		}
		if _, err := store.Groups.Get(tx, group); err != nil {
			return store.Fail(store.Invalid, "error.group-unknown").At("share")
		}
		for range store.ViewsByGroup.Entries(tx, store.Span{Prefix: store.Key(group)}) {
			n++
		}
		switch {
		case v.Text != "" || v.Queue == ViewAll:
		case v.Queue == ViewMine:
			return store.Fail(store.Invalid, "error.view-mine").At("share")
		case v.Of == 0:
			v.Of = group
		case v.Of != group:
			return store.Fail(store.Invalid, "error.view-other-group").At("share")
		}
	}
	if n >= maxViews {
		return store.Fail(store.Invalid, "error.too-many-of", "max", maxViews).At("share")
	}
	return nil
}

// viewPage is how many tickets a page of a view with words has.
const viewPage = 50

// ViewTickets returns a page of the view with what the actor may see of it: of a view without words as Queue does,
// of one with words what has all of them, the latest first. NotFound for a view the actor may not use, Unavailable
// when there are words and no index.
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
	page := Page{People: map[uint64]*store.Person{}, Modules: map[uint64]*store.Module{}, Groups: map[uint64]*store.Group{}}
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
	err = qs.st.View(func(tx *store.Tx) error {
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

// wordsOf is the search that a view with words makes.
func wordsOf(v *store.View, limit, offset int) find.Query {
	return find.Query{Text: everyWord(v.Text), Types: []string{query.TypeTicket}, Limit: limit, Offset: offset, Sort: "date"}
}

// everyWord puts a plus before the words of a question. Somebody who searches once is glad of what has most of the
// words; a view that counts and tells what is new has to mean all of them, as they were typed. What is short is left
// as it is: small words are no more than a help.
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
