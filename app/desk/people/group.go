package people

import (
	"cmp"
	"errors"
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// Groups returns the support groups, the general one first, then by name. Everyone may read names and contacts, because
// the sign-in page shows whom to ask for credentials. Retired groups are listed only for agents and administrators.
func (ps *People) Groups(a policy.Actor) ([]*store.Group, error) {
	var out []*store.Group
	err := ps.st.View(func(tx *db.Tx) (err error) {
		out, err = Groups(tx)
		return err
	})
	if !a.IsAdministrator() && !a.IsAgent() {
		out = slices.DeleteFunc(out, func(g *store.Group) bool { return g.Retired })
	}
	byName(out, func(g *store.Group) string { return g.Name.In(a.Lang()) })
	slices.SortStableFunc(out, func(x, y *store.Group) int {
		switch {
		case x.Code == store.GeneralGroup && y.Code != store.GeneralGroup:
			return -1
		case y.Code == store.GeneralGroup && x.Code != store.GeneralGroup:
			return 1
		}
		return 0
	})
	return out, err
}

// Groups returns the groups of the desk. The rows are shared and must not be changed.
func Groups(tx *db.Tx) ([]*store.Group, error) {
	var out []*store.Group
	for g, err := range store.Groups.PeekAll(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// Group returns one group. Everyone may read names and contacts.
func (ps *People) Group(id uint64) (*store.Group, error) {
	var g *store.Group
	err := ps.st.View(func(tx *db.Tx) (err error) {
		g, err = store.Groups.Get(tx, id)
		return err
	})
	return g, err
}

// GroupByCode returns the group with the code, or a NotFound error. The row is shared and must not be changed.
func (ps *People) GroupByCode(code string) (*store.Group, error) {
	var g *store.Group
	err := ps.st.View(func(tx *db.Tx) (err error) {
		g, err = store.GroupsByCode.PeekFirst(tx, code)
		return err
	})
	return g, err
}

// Member is a person in a group.
type Member struct {
	*store.Person
	Supervisor bool
}

// GroupMembers returns the members of the group by name. Only agents and administrators may call it.
func (ps *People) GroupMembers(a policy.Actor, group uint64) ([]Member, error) {
	if !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out []Member
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		if _, err := store.Groups.Get(tx, group); err != nil {
			return err
		}
		people, err := store.PeopleByGroup.Find(tx, group)
		for _, p := range people {
			out = append(out, Member{Bare(p), p.Supervises(group)})
		}
		return err
	})
	return out, err
}

// PutMember makes the person an agent or, with supervisor, a supervisor of the group. Administrators may call it; the
// group's supervisors may add agents.
func (ps *People) PutMember(a policy.Actor, group, person uint64, supervisor bool) error {
	return ps.member(a, act.AddMember, group, person, func(p *store.Person) error {
		m := store.Membership{Group: group, Supervisor: supervisor}
		i := slices.IndexFunc(p.Groups, func(m store.Membership) bool { return m.Group == group })
		if i >= 0 {
			p.Groups[i] = m
		} else {
			p.Groups = append(p.Groups, m)
		}
		return nil
	})
}

// RemoveMember removes the person from the group. Administrators may call it; the group's supervisors may remove
// agents.
func (ps *People) RemoveMember(a policy.Actor, group, person uint64) error {
	return ps.member(a, act.RemoveMember, group, person, func(p *store.Person) error {
		p.Groups = slices.DeleteFunc(p.Groups, func(m store.Membership) bool { return m.Group == group })
		return nil
	})
}

func (ps *People) member(a policy.Actor, did act.Act, group, person uint64, change func(*store.Person) error) error {
	if err := policy.MaySupervise(a, group); err != nil {
		return err
	}
	return ps.st.Update(a.By(did), func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, group)
		if err != nil {
			return err
		}
		p, err := store.People.Get(tx, person)
		if errors.Is(err, fault.ErrNotFound) {
			return fault.New(fault.Invalid, "error.person-unknown").At("person")
		}
		if err != nil {
			return err
		}
		if did == act.AddMember && g.Retired {
			return fault.New(fault.Invalid, "error.group-retired").At("group")
		}
		before := *p
		before.Groups = slices.Clone(p.Groups)
		if err := change(p); err != nil {
			return err
		}
		slices.SortFunc(p.Groups, func(x, y store.Membership) int { return cmp.Compare(x.Group, y.Group) })
		if slices.Equal(before.Groups, p.Groups) {
			return nil
		}
		if err := policy.MayChangeAccount(a, &before, p, tx.Now()); err != nil {
			return err
		}
		return store.People.Put(tx, p)
	})
}

var maxSignature = store.Groups.Most("signature.it") // characters

// GroupForm is a group as the administration submits it. The code cannot be changed later.
type GroupForm struct {
	Code         string
	Name         store.Words
	Description  store.Words
	Email        string
	Phone        string
	Hours        store.Words
	Signature    store.Words // closing lines of its answers by mail
	Confidential bool
	Retired      bool
}

// AddGroup adds a group. Only administrators may call it.
func (ps *People) AddGroup(a policy.Actor, f GroupForm) (*store.Group, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Group
	err := ps.st.Update(a.By(act.AddGroup), func(tx *db.Tx) error {
		g := &store.Group{}
		var wrong fault.Problems
		g.Code = entry.CleanCode(&wrong, "code", f.Code, store.Groups.Most("code"))
		if store.GroupsByCode.Has(tx, g.Code) {
			wrong.Add("code", "error.code-taken")
		}
		if err := FillGroup(g, f, &wrong); err != nil {
			return err
		}
		out = g
		return store.Groups.Put(tx, g)
	})
	return out, err
}

// ChangeGroup changes the group to match the form; an empty code leaves the code. It returns Conflict
// "error.group-serves" when a group that still serves modules would be retired, and "error.group-general" for retiring
// the general group.
func (ps *People) ChangeGroup(a policy.Actor, id, saw uint64, f GroupForm) (*store.Group, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Group
	err := ps.st.Update(a.By(act.ChangeGroup), func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, id)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, g.Rev); err != nil {
			return err
		}
		var wrong fault.Problems
		if f.Code != "" && f.Code != g.Code {
			wrong.Add("code", "error.code-fixed")
		}
		if f.Retired && !g.Retired {
			if err := mayRetire(tx, g); err != nil {
				return err
			}
		}
		if err := FillGroup(g, f, &wrong); err != nil {
			return err
		}
		out = g
		return store.Groups.Put(tx, g)
	})
	return out, err
}

// FillGroup copies the form to the group and adds its problems to wrong.
func FillGroup(g *store.Group, f GroupForm, wrong *fault.Problems) error {
	g.Name = entry.CleanName(wrong, "name", f.Name, entry.MaxShort)
	g.Description = entry.CleanTexts(wrong, "description", f.Description, entry.MaxWords)
	g.Hours = entry.CleanWords(wrong, "hours", f.Hours, entry.MaxName)
	g.Signature = entry.CleanTexts(wrong, "signature", f.Signature, maxSignature)
	g.Phone = entry.CleanLine(wrong, "phone", f.Phone, entry.MaxShort)
	g.Email = ""
	if f.Email != "" {
		g.Email = entry.CleanAddress(wrong, "email", f.Email)
	}
	g.Confidential, g.Retired = f.Confidential, f.Retired
	return wrong.Err()
}

// mayRetire returns a Conflict error for the general group and for groups that modules still refer to.
func mayRetire(tx *db.Tx, g *store.Group) error {
	if g.Code == store.GeneralGroup {
		return entry.Conflict("error.group-general")
	}
	for m, err := range store.Modules.All(tx, 0, false) {
		if err != nil {
			return err
		}
		if m.Group == g.ID && !m.Retired {
			return entry.Conflict("error.group-serves", "module", m.Code)
		}
	}
	return nil
}

// RemoveGroup removes a group that is not in use. It returns Conflict "error.group-general" for the general group, and
// "error.group-in-use" while a module, ticket, person, known problem, saved reply or saved view refers to it; such a group can be
// retired.
func (ps *People) RemoveGroup(a policy.Actor, id uint64) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	return ps.st.Update(a.By(act.RemoveGroup), func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, id)
		if err != nil {
			return err
		}
		if g.Code == store.GeneralGroup {
			return entry.Conflict("error.group-general")
		}
		used := store.TicketsByGroup.Has(tx, id) || store.TicketsBySpam.Has(tx, id) || store.PeopleByGroup.Has(tx, id) ||
			store.SavedRepliesByGroup.Has(tx, id) || store.ViewsByGroup.Has(tx, id) || store.TemplatesByGroup.Has(tx, id) || store.PlansByGroup.Has(tx, id)
		for m, err := range store.Modules.All(tx, 0, false) {
			if err != nil {
				return err
			}
			used = used || m.Group == id
		}
		for p, err := range store.Problems.All(tx, 0, false) {
			if err != nil {
				return err
			}
			used = used || p.Group == id
		}
		if used {
			return entry.Conflict("error.group-in-use")
		}
		return store.Groups.Delete(tx, id)
	})
}
