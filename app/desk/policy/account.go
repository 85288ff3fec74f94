package policy

import (
	"encoding/json"
	"slices"
	"time"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// Everybody is also a requester: anyone who can act as a person reads that person's tickets, including confidential
// ones. So a right over a person's account is a right over their tickets, and is in the table below. Links for choosing
// a password go to the person's e-mail address, so anyone who may change that address can in the end act as the person.

// AccountAct is something a person may or may not do to an account.
type AccountAct uint8

// The acts on accounts. Each has its row in accountRights; see table.go. What people may do to themselves is ChangeOwn,
// whatever their role.
const (
	SeeAccount       AccountAct = iota + 1 // the person's record in the administration
	AddAccount                             // add a new person
	MakeAgent                              // add to a group as agent, and remove again
	MakeSupervisor                         // make supervisor of a group, and agent again
	GiveRole                               // administrator, editor
	GiveHat                                // give, change and end an affiliation, which decides whose coordinators read the tickets
	MakeCoordinator                        // the same with one that makes a coordinator
	Rename                                 // name, telephone, language
	ChangeAddress                          // the e-mail address
	Disable                                // and enable again
	SendLink                               // mail a link for choosing a password to the person's own address
	HandLink                               // see such a link, to hand it over
	WakeToken                              // one that has been asleep since a restore
	MakeToken                              // with which a program acts as the person
	EndToken                               // at once and for good
	SeeService                             // a service account: its tokens, and whom it belongs to
	MakeService                            // add a service account, and change whom it belongs to
	NameOwner                              // name a person it belongs to, in the place of one who left
	HandOnWork                             // hand on the tickets, drafts, views and saved replies of the person
	Invite                                 // offer an affiliation to an address, see such invitations and take them back
	AnswerInvitation                       // accept or decline an invitation to the person's address
	ConfirmList                            // say that the whole list of an organisation's people is right
	lastAccountAct   = ConfirmList
)

// accountRelation is a person's relation to an account.
type accountRelation uint8

const (
	asSelf       accountRelation = iota
	asOwner                      // one of the two people that a service account belongs to
	asKeeper                     // coordinator of the organisation or unit that the act is about, and not oneself
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
	ofHat    // the organisation or unit that the act is about
	newcomer // while the person is being added and owns nothing yet
	inHands  // the person's rights at the desk all come from groups that the supervisor manages
	notSent  // if no mail can be sent to the person; with a logged reason, always
	alone    // if the other person that the service account belongs to may no longer sign in
)

// Account is everything on which rights over an account depend.
type Account struct {
	Person *store.Person // the current row; its id is 0 while they are being added
	Group  uint64        // the group the act is about
	Hat    store.Hat     // the organisation and unit the act is about
	At     time.Time     // when; affiliations hold for a time
	Mails  bool          // mail can be sent to the person
	Reason string
	Alone  bool // of a service account: one of the people it belongs to may no longer sign in
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
		is[asOwner] = slices.Contains(to.Person.Owners, a.Person.ID)
		is[asKeeper] = !is[asSelf] && a.Person.IsCoordinator(to.At)
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
		case ofHat:
			if a.Person.Covers(to.Hat.Organisation, to.Hat.Unit, to.At) {
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
		case alone:
			if to.Alone {
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

// HandsOnOf returns the groups of which the actor, as their supervisor, may hand on what the person has.
func HandsOnOf(a Actor, p *store.Person) []uint64 {
	if a.Person == nil {
		return nil
	}
	var out []uint64
	for _, m := range a.Person.Groups {
		if MayAccount(a, HandOnWork, Account{Person: p, Group: m.Group}) {
			out = append(out, m.Group)
		}
	}
	return out
}

// HatsSeen returns the person's affiliations whose end is not recorded and that the actor may see, and whether that is all
// there is: it is for the person themselves, for agents and for administrators; a coordinator sees those they cover.
func HatsSeen(a Actor, p *store.Person, now time.Time) (hats []store.Affiliation, all bool) {
	all = a.IsAdministrator() || a.IsAgent() || a.Person != nil && a.ID() == p.ID
	for h := range p.Open {
		if all || a.Person != nil && a.Person.Covers(h.Organisation, h.Unit, now) {
			hats = append(hats, h)
		}
	}
	return hats, all
}

// accountChange is one change that a form makes to a person: the act, its group, and the field.
type accountChange struct {
	act   AccountAct
	group uint64
	hat   store.Hat
	field string
}

// accountChanges returns the acts that turn the person before into p.
func accountChanges(before, p *store.Person) []accountChange {
	var out []accountChange
	add := func(differs bool, act AccountAct, field string) {
		if differs {
			out = append(out, accountChange{act: act, field: field})
		}
	}
	add(p.Administrator != before.Administrator, GiveRole, "administrator")
	add(p.Editor != before.Editor, GiveRole, "editor")
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
			out = append(out, accountChange{act: act, group: m.Group, field: "groups"})
		}
		for _, h := range pair[0].Affiliations {
			if slices.ContainsFunc(pair[1].Affiliations, h.Same) || pair[0] == before && !h.Ended.IsZero() {
				continue // unchanged, or long over
			}
			act := GiveHat
			if h.Coordinator {
				act = MakeCoordinator
			}
			out = append(out, accountChange{act: act, hat: h.Hat(), field: "affiliations"})
		}
	}
	add(p.Email != before.Email, ChangeAddress, "email")
	add(p.Name != before.Name, Rename, "name")
	add(p.Language != before.Language, Rename, "language")
	add(p.Phone != before.Phone, Rename, "phone")
	return out
}

// MayChangeAccount returns nil when the actor may turn the person before into p, else a Denied error of the field of
// the first act they may not do.
func MayChangeAccount(a Actor, before, p *store.Person, at time.Time) error {
	for _, c := range accountChanges(before, p) {
		if !MayAccount(a, c.act, Account{Person: before, Group: c.group, Hat: c.hat, At: at}) {
			key := "error.denied"
			if a.Person != nil && a.Person.IsSupervisor() {
				key = "error.supervisor-only-agents"
			}
			return fault.New(fault.Denied, key).At(c.field)
		}
	}
	return nil
}

// inHand reports whether all the person's rights at the desk come from groups that the supervisor supervises.
func inHand(supervisor, p *store.Person) bool {
	if p.Administrator || p.Editor || p.WillCoordinate() || len(p.Groups) == 0 {
		return false
	}
	return !slices.ContainsFunc(p.Groups, func(m store.Membership) bool { return m.Supervisor || !supervisor.Supervises(m.Group) })
}

// RightChanges returns the rights that a change of a person gave and removed, those given first.
func RightChanges(c *db.Change) []store.RightChange {
	was, is := rightsIn(c, func(f db.Field) json.RawMessage { return f.Old }), rightsIn(c, func(f db.Field) json.RawMessage { return f.New })
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
	// Whoever coordinates a place or answers for it belongs there: that is said once.
	return slices.DeleteFunc(slices.Clone(out), func(r store.RightChange) bool {
		return r.Right == "member" && slices.ContainsFunc(out, func(o store.RightChange) bool {
			return o.Right != r.Right && o.Organisation == r.Organisation && o.Unit == r.Unit && o.Taken == r.Taken
		})
	})
}

// rightsIn returns the rights on one side of the change, among the fields that it changed.
func rightsIn(c *db.Change, side func(db.Field) json.RawMessage) []store.RightChange {
	var p struct {
		Administrator bool                `json:"administrator"`
		Editor        bool                `json:"editor"`
		Groups        []store.Membership  `json:"groups"`
		Affiliations  []store.Affiliation `json:"affiliations"`
	}
	for name, to := range map[string]any{"administrator": &p.Administrator, "editor": &p.Editor, "groups": &p.Groups, "affiliations": &p.Affiliations} {
		if f, ok := c.Field(name); ok && len(side(f)) > 0 {
			_ = json.Unmarshal(side(f), to) // the log was written from the same types; anything else is no right
		}
	}
	// Where somebody belongs decides which coordinators read their tickets. Of whom a coordinator or administrator puts
	// somewhere or takes off a list, that is a right; an end that comes by itself was told before.
	belongs := c.Act == act.ChangeHats || c.Act == act.ChangePerson
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
	for _, h := range p.Affiliations {
		right := store.RightChange{Right: "coordinator", Organisation: h.Organisation, Unit: h.Unit}
		if h.Coordinator && h.Ended.IsZero() && !slices.Contains(out, right) {
			out = append(out, right)
		}
		if right.Right = "named"; h.Named && h.Ended.IsZero() && !slices.Contains(out, right) {
			out = append(out, right)
		}
		if right.Right = "member"; belongs && h.Ended.IsZero() && !slices.Contains(out, right) {
			out = append(out, right)
		}
	}
	return out
}
