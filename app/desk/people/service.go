package people

import (
	"cmp"
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// A service account is a program's person. It never signs in and has no password; it belongs to two people, who make and
// end its tokens and are told of what happens to it. Rights are given to it as to everybody else.

// What a change of a service account was, as its letter says.
const (
	ServiceTokenMade  = "token-made"
	ServiceTokenEnded = "token-ended"
	ServiceTokenWoken = "token-woken"
	ServiceRights     = "rights"
	ServiceOwners     = "owners"
	ServiceOff        = "off"
	ServiceOn         = "on"
	ServiceRecord     = "record"
)

// ServiceForm is a service account as it is added: what it is called, its address, and the addresses of the two people it
// belongs to.
type ServiceForm struct {
	Name, Email string
	Owners      [2]string
}

// Service is a service account with the people it belongs to.
type Service struct {
	*store.Person                 // without password
	Belongs       []*store.Person // without password, in their order
	Alone         bool            // one of them may no longer sign in
	MayMake       bool            // the actor may make tokens for it
	MayName       bool            // the actor may change whom it belongs to
	Tokens        int
}

// AddService adds a service account without any right. Only administrators may call it. It returns all problems as
// store.Problems.
func (ps *People) AddService(a policy.Actor, f ServiceForm) (*store.Person, error) {
	if !policy.MayAccount(a, policy.MakeService, policy.Account{Person: &store.Person{}}) {
		return nil, policy.Denied(a)
	}
	var out *store.Person
	err := ps.st.Update(a.By(act.AddService), func(tx *db.Tx) error {
		var wrong fault.Problems
		p := &store.Person{Name: markup.Line(f.Name)}
		entry.CheckText(&wrong, "name", p.Name, entry.MaxName)
		p.Email = entry.CleanAddress(&wrong, "email", f.Email)
		_, err := store.PeopleByEmail.First(tx, p.Email)
		switch {
		case err == nil:
			wrong.Add("email", "error.email-taken")
		case fault.IgnoreNotFound(err) != nil:
			return err
		}
		if err := owners(tx, &wrong, p, f.Owners); err != nil {
			return err
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		out = p
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		return TellOwners(tx, ps.post, p, store.Telling{Event: event.Service, By: a.ID(), Why: ServiceOwners})
	})
	if err != nil {
		return nil, err
	}
	ps.post.Wake()
	return Bare(out), nil
}

// owners sets whom the service account belongs to, and adds a problem for an address of nobody, of somebody who may not
// sign in, or of another service account, and for one person twice.
func owners(tx *db.Tx, wrong *fault.Problems, p *store.Person, addresses [2]string) error {
	p.Owners = nil
	for i, field := range []string{"owner_1", "owner_2"} {
		o, err := store.PeopleByEmail.First(tx, spelling.Address(addresses[i]))
		if err := fault.IgnoreNotFound(err); err != nil {
			return err
		}
		switch {
		case addresses[i] == "":
			wrong.Add(field, "error.required")
		case err != nil || o.IsService() || !o.MayEnter(tx.Now()):
			wrong.Add(field, "error.owner-unknown")
		case slices.Contains(p.Owners, o.ID):
			wrong.Add(field, "error.owner-twice")
		default:
			p.Owners = append(p.Owners, o.ID)
		}
	}
	return nil
}

// ChangeOwners changes whom the service account belongs to. Administrators may change both; where one may no longer sign
// in, the other names somebody in their place. saw is the revision the actor saw. For others it is not there.
func (ps *People) ChangeOwners(a policy.Actor, id, saw uint64, addresses [2]string) error {
	err := ps.st.Update(a.By(act.ChangeService), func(tx *db.Tx) error {
		p, err := serviceOf(tx, a, policy.SeeService, id)
		if err != nil {
			return err
		}
		staying, err := present(tx, p)
		if err != nil {
			return err
		}
		if !policy.MayAccount(a, policy.NameOwner, policy.Account{Person: p, Alone: len(staying) < 2}) {
			return policy.Denied(a)
		}
		if err := entry.SameRev(saw, p.Rev); err != nil {
			return err
		}
		before := p.Owners
		var wrong fault.Problems
		if err := owners(tx, &wrong, p, addresses); err != nil {
			return err
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		if gone := slices.ContainsFunc(staying, func(o uint64) bool { return !slices.Contains(p.Owners, o) }); gone &&
			!policy.MayAccount(a, policy.MakeService, policy.Account{Person: p}) {
			return fault.New(fault.Denied, "error.owner-stays").At("owner_1")
		}
		if slices.Equal(before, p.Owners) {
			return nil
		}
		for _, o := range before { // whoever it no longer belongs to learns of it with the others
			if !slices.Contains(p.Owners, o) && slices.Contains(staying, o) {
				if err := tellOwner(tx, ps.post, o, p, store.Telling{Event: event.Service, By: a.ID(), Why: ServiceOwners}); err != nil {
					return err
				}
			}
		}
		return store.People.Put(tx, p)
	})
	if err == nil {
		ps.post.Wake()
	}
	return err
}

// serviceOf returns the service account when the actor may do the act to it, else a NotFound error.
func serviceOf(tx *db.Tx, a policy.Actor, act policy.AccountAct, id uint64) (*store.Person, error) {
	p, err := mayToken(tx, a, act, id)
	if err == nil && !p.IsService() {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return p, err
}

// present returns those of the people a service account belongs to who may sign in.
func present(tx *db.Tx, p *store.Person) ([]uint64, error) {
	var out []uint64
	for _, id := range p.Owners {
		o, err := store.People.Peek(tx, id)
		if err != nil {
			return nil, err
		}
		if o.MayEnter(tx.Now()) {
			out = append(out, id)
		}
	}
	return out, nil
}

// Service returns one service account, for administrators and those it belongs to.
func (ps *People) Service(a policy.Actor, id uint64) (*Service, error) {
	var out *Service
	err := ps.st.View(func(tx *db.Tx) error {
		p, err := serviceOf(tx, a, policy.SeeService, id)
		if err != nil {
			return err
		}
		out, err = serviceFor(tx, a, p)
		return err
	})
	return out, err
}

func serviceFor(tx *db.Tx, a policy.Actor, p *store.Person) (*Service, error) {
	staying, err := present(tx, p)
	if err != nil {
		return nil, err
	}
	to := policy.Account{Person: p, Alone: len(staying) < 2}
	s := &Service{Person: Bare(p), Alone: to.Alone, MayMake: policy.MayAccount(a, policy.MakeToken, to), MayName: policy.MayAccount(a, policy.NameOwner, to)}
	for _, id := range p.Owners {
		o, err := store.People.Get(tx, id)
		if err != nil {
			return nil, err
		}
		s.Belongs = append(s.Belongs, Bare(o))
	}
	for range store.TokensByPerson.Entries(tx, db.Span{Prefix: key.Of(p.ID)}) {
		s.Tokens++
	}
	return s, nil
}

// Services returns the service accounts that the actor may see, by name: all for administrators, for others those that
// belong to them.
func (ps *People) Services(a policy.Actor) ([]*Service, error) {
	var out []*Service
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		span := db.Span{Prefix: key.Of(a.ID())}
		if policy.MayAccount(a, policy.SeeService, policy.Account{Person: &store.Person{}}) {
			span = db.Span{}
		}
		seen := map[uint64]bool{}
		for e := range store.PeopleByOwner.Entries(tx, span) {
			if seen[e.ID] {
				continue
			}
			seen[e.ID] = true
			p, err := store.People.Get(tx, e.ID)
			if err != nil {
				return err
			}
			s, err := serviceFor(tx, a, p)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		slices.SortFunc(out, func(x, y *Service) int { return cmp.Compare(spelling.Fold(x.Name), spelling.Fold(y.Name)) })
		return nil
	})
	return out, err
}

// TellOwners tells the people a service account belongs to what happened to it.
func TellOwners(tx *db.Tx, po *post.Post, p *store.Person, tell store.Telling) error {
	for _, id := range p.Owners {
		if err := tellOwner(tx, po, id, p, tell); err != nil {
			return err
		}
	}
	return nil
}

func tellOwner(tx *db.Tx, po *post.Post, owner uint64, p *store.Person, tell store.Telling) error {
	o, err := store.People.Get(tx, owner)
	if err != nil || !o.MayEnter(tx.Now()) {
		return fault.IgnoreNotFound(err)
	}
	tell.Of = p.ID
	return po.TellAccount(tx, o, tell, p.Name)
}

// leaveServices says what becomes of the service accounts of somebody who may no longer sign in, before the row p is
// written: the other person it belongs to is told to name a second one; where there is no other, its tokens end.
func (ps *People) leaveServices(tx *db.Tx, p *store.Person) error {
	for e := range store.PeopleByOwner.Entries(tx, db.Span{Prefix: key.Of(p.ID)}) {
		s, err := store.People.Get(tx, e.ID)
		if err != nil {
			return err
		}
		staying, err := present(tx, s)
		if err != nil {
			return err
		}
		staying = slices.DeleteFunc(staying, func(o uint64) bool { return o == p.ID })
		if len(staying) > 0 {
			if err := tellOwner(tx, ps.post, staying[0], s, store.Telling{Event: event.ServiceLeft, By: tx.By().Person}); err != nil {
				return err
			}
			continue
		}
		did := tx.By().Act
		tx.Act(act.EndService)
		if err := ps.keeper.EndAllTx(tx, s); err != nil {
			return err
		}
		if err := store.People.Put(tx, s); err != nil {
			return err
		}
		tx.Act(did)
	}
	return nil
}
