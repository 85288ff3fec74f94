package policy

import (
	"encoding/json"
	"slices"

	"sportello/store"
)

// Everybody is also a requester: anyone who can act as a person reads that person's tickets, including confidential
// ones. So a right over a person's account is a right over their tickets, and is in the table below. Links for choosing
// a password go to the person's e-mail address, so anyone who may change that address can in the end act as the person.

// AccountAct is something a person may or may not do to an account.
type AccountAct uint8

// The acts on accounts. Each has its row in accountRights.
const (
	SeeAccount      AccountAct = iota + 1 // the person's record in the administration
	AddAccount                            // add a new person
	MakeAgent                             // add to a group as agent, and remove again
	MakeSupervisor                        // make supervisor of a group, and agent again
	GiveRole                              // administrator, editor
	MakeCoordinator                       // and undo that
	Rename                                // name, telephone, language
	ChangeAddress                         // the e-mail address
	ChangePlace                           // organisation and unit, which decide whose coordinators read the tickets
	Disable                               // and enable again
	SendLink                              // mail a link for choosing a password to the person's own address
	HandLink                              // see such a link, to hand it over
	WakeToken                             // one that has been asleep since a restore
	lastAccountAct  = WakeToken
)

// accountRelation is a person's relation to an account.
type accountRelation uint8

const (
	asSelf       accountRelation = iota
	asSupervisor                 // of the group that the act is about
	asRunner                     // administrator
	accountRelations
)

// accountCell is the entry of the table for an act and a relation.
type accountCell uint8

const (
	never accountCell = iota
	always
	ofGroup  // the group that the act is about
	newcomer // while the person is being added and owns nothing yet
	inHands  // the person's rights at the desk all come from groups that the supervisor manages
	notSent  // if no mail can be sent to the person; with a logged reason, always
)

// accountRights is the only table of rights over accounts. An act without a row is refused. Each person has one
// relation: what people may do to themselves is ChangeOwn, whatever their role.
var accountRights = map[AccountAct][accountRelations]accountCell{
	//               self    supervisor administrator
	SeeAccount:      {always, ofGroup, always},
	AddAccount:      {never, ofGroup, always},
	MakeAgent:       {never, ofGroup, always},
	MakeSupervisor:  {never, never, always},
	GiveRole:        {never, never, always},
	MakeCoordinator: {never, never, always},
	Rename:          {always, newcomer, always},
	ChangeAddress:   {never, newcomer, always},
	ChangePlace:     {never, newcomer, always},
	Disable:         {never, never, always},
	SendLink:        {never, inHands, always},
	HandLink:        {never, newcomer, notSent},
	WakeToken:       {never, never, always},
}

// Account is everything on which rights over an account depend.
type Account struct {
	Person *store.Person // the current row; its id is 0 while they are being added
	Group  uint64        // the group the act is about
	Mails  bool          // mail can be sent to the person
	Reason string
}

// MayAccount reports whether the actor may do the act to the account.
func MayAccount(a Actor, act AccountAct, to Account) bool {
	row, ok := accountRights[act]
	if !ok {
		return false
	}
	is := [accountRelations]bool{asRunner: a.IsAdministrator()}
	if a.Person != nil && !a.Person.Disabled {
		is[asSelf] = a.Person.ID == to.Person.ID && a.Person.ID != 0
		is[asSupervisor] = a.Person.IsSupervisor()
	}
	for r, has := range is {
		if !has {
			continue
		}
		switch row[r] {
		case always:
			return true
		case ofGroup:
			if a.Person.Supervises(to.Group) {
				return true
			}
		case newcomer:
			if to.Person.ID == 0 {
				return true
			}
		case inHands:
			if inHand(a.Person, to.Person) {
				return true
			}
		case notSent:
			if !to.Mails || to.Reason != "" {
				return true
			}
		}
	}
	return false
}

// MaySeeAccount reports whether the actor may see the person's record in the administration.
func MaySeeAccount(a Actor, p *store.Person) bool {
	if MayAccount(a, SeeAccount, Account{Person: p}) {
		return true
	}
	return slices.ContainsFunc(p.Groups, func(m store.Membership) bool { return MayAccount(a, SeeAccount, Account{Person: p, Group: m.Group}) })
}

// accountChange is one change that a form makes to a person: the act, its group, and the field.
type accountChange struct {
	act   AccountAct
	group uint64
	field string
}

// accountChanges returns the acts that turn the person before into p.
func accountChanges(before, p *store.Person) []accountChange {
	var out []accountChange
	add := func(differs bool, act AccountAct, field string) {
		if differs {
			out = append(out, accountChange{act, 0, field})
		}
	}
	add(p.Administrator != before.Administrator, GiveRole, "administrator")
	add(p.Editor != before.Editor, GiveRole, "editor")
	add(!slices.Equal(p.Coordinates, before.Coordinates), MakeCoordinator, "coordinates")
	add(p.Disabled != before.Disabled, Disable, "disabled")
	for _, pair := range [][2]*store.Person{{before, p}, {p, before}} {
		for _, m := range pair[0].Groups {
			if slices.Contains(pair[1].Groups, m) {
				continue
			}
			act := MakeAgent
			if m.Supervisor {
				act = MakeSupervisor
			}
			out = append(out, accountChange{act, m.Group, "groups"})
		}
	}
	add(p.Email != before.Email, ChangeAddress, "email")
	add(p.Name != before.Name, Rename, "name")
	add(p.Language != before.Language, Rename, "language")
	add(p.Phone != before.Phone, Rename, "phone")
	add(p.Organisation != before.Organisation, ChangePlace, "organisation")
	add(p.Unit != before.Unit, ChangePlace, "unit")
	return out
}

// MayChangeAccount returns nil when the actor may turn the person before into p, else a Denied error of the field of
// the first act they may not do.
func MayChangeAccount(a Actor, before, p *store.Person) error {
	for _, c := range accountChanges(before, p) {
		if !MayAccount(a, c.act, Account{Person: before, Group: c.group}) {
			return store.Fail(store.Denied, "error.supervisor-only-agents").At(c.field)
		}
	}
	return nil
}

// inHand reports whether all the person's rights at the desk come from groups that the supervisor supervises.
func inHand(supervisor, p *store.Person) bool {
	if p.Administrator || p.Editor || len(p.Coordinates) > 0 || len(p.Groups) == 0 {
		return false
	}
	return !slices.ContainsFunc(p.Groups, func(m store.Membership) bool { return m.Supervisor || !supervisor.Supervises(m.Group) })
}

// RightChanges returns the rights that a change of a person gave and removed, those given first.
func RightChanges(c *store.Change) []store.RightChange {
	was, is := rightsIn(c, func(f store.Field) json.RawMessage { return f.Old }), rightsIn(c, func(f store.Field) json.RawMessage { return f.New })
	var out []store.RightChange
	for _, r := range is {
		if !slices.Contains(was, r) {
			out = append(out, r)
		}
	}
	for _, r := range was {
		if !slices.Contains(is, r) {
			r.Taken = true
			out = append(out, r)
		}
	}
	return out
}

// rightsIn returns the rights on one side of the change, among the fields that it changed.
func rightsIn(c *store.Change, side func(store.Field) json.RawMessage) []store.RightChange {
	var p struct {
		Administrator bool                 `json:"administrator"`
		Editor        bool                 `json:"editor"`
		Groups        []store.Membership   `json:"groups"`
		Coordinates   []store.Coordination `json:"coordinates"`
	}
	for name, to := range map[string]any{"administrator": &p.Administrator, "editor": &p.Editor, "groups": &p.Groups, "coordinates": &p.Coordinates} {
		if f, ok := c.Field(name); ok && len(side(f)) > 0 {
			_ = json.Unmarshal(side(f), to) // the log was written from the same types; anything else is no right
		}
	}
	var out []store.RightChange
	if p.Administrator {
		out = append(out, store.RightChange{Right: "administrator"})
	}
	if p.Editor {
		out = append(out, store.RightChange{Right: "editor"})
	}
	for _, m := range p.Groups {
		right := "agent"
		if m.Supervisor {
			right = "supervisor"
		}
		out = append(out, store.RightChange{Right: right, Group: m.Group})
	}
	for _, k := range p.Coordinates {
		out = append(out, store.RightChange{Right: "coordinator", Organisation: k.Organisation, Unit: k.Unit})
	}
	return out
}
