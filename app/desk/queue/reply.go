package queue

import (
	"cmp"
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// Reply is a saved reply with what the actor may do with it.
type Reply struct {
	*store.SavedReply
	GroupName string // empty for the actor's own
	MayChange bool
}

// ReplyForm is a saved reply: of a group, or the actor's own when Group is 0.
type ReplyForm struct {
	Group uint64
	Title store.Words
	Body  store.Words // Markdown
}

var maxReplyBody = store.SavedReplies.Most("body.it")

// Replies returns the saved replies the actor may insert: their own first, then those of their groups; administrators
// get those of all groups.
func (qs *Queues) Replies(a policy.Actor) ([]Reply, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out []Reply
	err := qs.st.View(func(tx *db.Tx) (err error) {
		out, err = replies(tx, a)
		return err
	})
	return out, err
}

func replies(tx *db.Tx, a policy.Actor) ([]Reply, error) {
	var own, shared []Reply
	if a.SignedIn() {
		rows, err := store.SavedRepliesByPerson.Find(tx, a.ID())
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			own = append(own, Reply{SavedReply: r, MayChange: true})
		}
	}
	all, err := people.Groups(tx)
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		if !a.IsAdministrator() && !a.Person.InGroup(g.ID) {
			continue
		}
		rows, err := store.SavedRepliesByGroup.Find(tx, g.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			shared = append(shared, Reply{r, g.Name.In(a.Lang()), policy.MaySupervise(a, g.ID) == nil})
		}
	}
	for _, list := range [][]Reply{own, shared} {
		slices.SortStableFunc(list, func(x, y Reply) int {
			return cmp.Or(cmp.Compare(x.GroupName, y.GroupName), cmp.Compare(spelling.Fold(x.Title.In(a.Lang())), spelling.Fold(y.Title.In(a.Lang()))))
		})
	}
	return append(own, shared...), nil
}

// PickReplies returns saved replies in the language whose title has words beginning like each word of the text. It
// serves the editor's ::. For callers other than agents and administrators the result is empty.
func (qs *Queues) PickReplies(a policy.Actor, text, lang string, limit int) ([]Reply, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, nil
	}
	if limit <= 0 || limit > 50 {
		limit = 8
	}
	all, err := qs.Replies(a)
	if err != nil {
		return nil, err
	}
	want := strings.Fields(spelling.Fold(text))
	all = slices.DeleteFunc(all, func(r Reply) bool {
		return r.Body.In(lang) == "" || !entry.BeginWords(spelling.Fold(r.Title.In(lang)), want)
	})
	return all[:min(len(all), limit)], nil
}

// AddReply saves a reply. Every agent may save their own; a group's agents, its supervisors and administrators may save
// one for the group.
func (qs *Queues) AddReply(a policy.Actor, f ReplyForm) (*store.SavedReply, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	if f.Group != 0 && !a.IsAdministrator() && !a.Person.InGroup(f.Group) || f.Group == 0 && !a.SignedIn() {
		return nil, fault.New(fault.Denied, "error.denied").At("group")
	}
	var out *store.SavedReply
	err := qs.st.Update(a.By(act.AddReply), func(tx *db.Tx) error {
		r := &store.SavedReply{Group: f.Group}
		if f.Group == 0 {
			r.Person = a.ID()
		}
		out = r
		return fillReply(tx, r, f)
	})
	return out, err
}

// MayChangeReply returns nil when the actor may change the saved reply, whatever its texts, and the errors of ChangeReply
// otherwise.
func (qs *Queues) MayChangeReply(a policy.Actor, id uint64) error {
	if !a.SignedIn() && !a.System {
		return policy.Denied(a)
	}
	return qs.st.View(func(tx *db.Tx) error {
		_, err := ownReply(tx, a, id)
		return err
	})
}

// ChangeReply changes the texts of a saved reply, but not its owner. People may change their own; supervisors and
// administrators may change a group's.
func (qs *Queues) ChangeReply(a policy.Actor, id, saw uint64, f ReplyForm) (*store.SavedReply, error) {
	if !a.SignedIn() && !a.System {
		return nil, policy.Denied(a)
	}
	var out *store.SavedReply
	err := qs.st.Update(a.By(act.ChangeReply), func(tx *db.Tx) error {
		r, err := ownReply(tx, a, id)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, r.Rev); err != nil {
			return err
		}
		out = r
		return fillReply(tx, r, f)
	})
	return out, err
}

// RemoveReply removes a saved reply. Everyone who may change it may remove it.
func (qs *Queues) RemoveReply(a policy.Actor, id uint64) error {
	if !a.SignedIn() && !a.System {
		return policy.Denied(a)
	}
	return qs.st.Update(a.By(act.RemoveReply), func(tx *db.Tx) error {
		if _, err := ownReply(tx, a, id); err != nil {
			return err
		}
		return store.SavedReplies.Delete(tx, id)
	})
}

// ownReply returns a reply that the actor may change. It returns a NotFound error for one they may not insert, and a
// Denied error for one they may only insert.
func ownReply(tx *db.Tx, a policy.Actor, id uint64) (*store.SavedReply, error) {
	r, err := store.SavedReplies.Get(tx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Group == 0:
		if r.Person != a.ID() {
			return nil, fault.New(fault.NotFound, "error.not-found")
		}
	case a.IsAdministrator():
	case !a.Person.InGroup(r.Group):
		return nil, fault.New(fault.NotFound, "error.not-found")
	default:
		if err := policy.MaySupervise(a, r.Group); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func fillReply(tx *db.Tx, r *store.SavedReply, f ReplyForm) error {
	var wrong fault.Problems
	r.Title = entry.CleanName(&wrong, "title", f.Title, entry.MaxShort)
	r.Body = entry.CleanTexts(&wrong, "body", f.Body, maxReplyBody)
	if r.Body == (store.Words{}) {
		wrong.Add("body-it", "error.required")
	}
	if r.Group != 0 {
		if _, err := store.Groups.Get(tx, r.Group); err != nil {
			wrong.Add("group", "error.group-unknown")
		}
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return store.SavedReplies.Put(tx, r)
}
