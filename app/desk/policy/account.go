package policy

import (
	"encoding/json"
	"slices"

	"sportello/store"
)

// Everybody is also a requester: who can act as a person reads that person's tickets, the confidential ones too. So a
// right over a person's account is a right over their tickets, and stands in the table below. The address of mail is
// where the links go with which a password is chosen: who may change it may, in the end, act as that person.

// AccountAct is something one may or may not do to somebody's account.
type AccountAct uint8

// The acts on accounts. Each has its row in accountRights.
const (
	SeeAccount      AccountAct = iota + 1 // the person's record in the administration
	AddAccount                            // add somebody who is not there yet
	MakeAgent                             // put into a group as agent, and take out again
	MakeSupervisor                        // make supervisor of a group, and agent again
	GiveRole                              // administrator, editor
	MakeCoordinator                       // and take that back
	Rename                                // name, telephone, language
	ChangeAddress                         // of mail
	ChangePlace                           // organisation and unit, which say whose coordinators read the tickets
	Disable                               // and enable again
	SendLink                              // have a link for choosing a password sent to the person's own address
	HandLink                              // see such a link, to hand it over
	WakeToken                             // that sleeps since a restore
	lastAccountAct  = WakeToken
)

// accountRelation is how somebody stands to a person.
type accountRelation uint8

const (
	asSelf       accountRelation = iota
	asSupervisor                 // of the group that the act is about
	asRunner                     // administrator
	accountRelations
)

// accountCell is what the table says where act and relation meet.
type accountCell uint8

const (
	never accountCell = iota
	always
	ofGroup  // the group that the act is about
	newcomer // while adding the person, who owns nothing yet
	inHands  // whose rights at the desk all come from groups that the supervisor looks after
	notSent  // where no mail goes out to the person; with a reason, which is logged, anywhere
)

// accountRights is the one table of rights over accounts. An act without a row is refused. Nobody is in it twice: what
// one may do to oneself as oneself is ChangeOwn, whatever else one is.
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

// Account is all that rights over an account depend on.
type Account struct {
	Person *store.Person // as they are now; without a number while they are added
	Group  uint64        // that the act is about
	Mails  bool          // mail goes out to the person
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

// accountChange is one thing that a form makes of a person: the act, the group that it is about, and the field.
type accountChange struct {
	act   AccountAct
	group uint64
	field string
}

// accountChanges tells which acts lead from the person as they were to what they shall be.
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

// MayChangeAccount returns nil when the actor may make p of the person, else Denied of the field of the first act that
// they may not do.
func MayChangeAccount(a Actor, before, p *store.Person) error {
	for _, c := range accountChanges(before, p) {
		if !MayAccount(a, c.act, Account{Person: before, Group: c.group}) {
			return store.Fail(store.Denied, "error.supervisor-only-agents").At(c.field)
		}
	}
	return nil
}

// inHand reports whether all that the person may do at the desk comes from groups the supervisor supervises.
func inHand(supervisor, p *store.Person) bool {
	if p.Administrator || p.Editor || len(p.Coordinates) > 0 || len(p.Groups) == 0 {
		return false
	}
	return !slices.ContainsFunc(p.Groups, func(m store.Membership) bool { return m.Supervisor || !supervisor.Supervises(m.Group) })
}

// RightChanges reads from a change of a person which rights it gave and took, those given first.
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

// rightsIn lists the rights on one side of the change, among the fields that it touched.
func rightsIn(c *store.Change, side func(store.Field) json.RawMessage) []store.RightChange {
	var p struct {
		Administrator bool                 `json:"administrator"`
		Editor        bool                 `json:"editor"`
		Groups        []store.Membership   `json:"groups"`
		Coordinates   []store.Coordination `json:"coordinates"`
	}
	for name, to := range map[string]any{"administrator": &p.Administrator, "editor": &p.Editor, "groups": &p.Groups, "coordinates": &p.Coordinates} {
		if f, ok := c.Field(name); ok && len(side(f)) > 0 {
			_ = json.Unmarshal(side(f), to) // the log was written from the same types; what it says otherwise names no right
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
