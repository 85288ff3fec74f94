package access

import (
	"cmp"
	"slices"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// View is a request as those who decide see it.
type View struct {
	*store.AccessRequest
	Asks   []AskView
	Talk   []*store.Message // what people wrote about it
	Open   bool             // anybody can have an address of its domain
	Owner  uint64           // the organisation that owns the domain; 0: none
	Units  []*store.Unit    // of the organisation, to which the actor may let somebody in
	Whole  bool             // the actor may let somebody into the organisation as a whole
	Speaks bool             // somebody coordinates the place
	Assign bool             // the actor may say which organisation was meant
	MaySay bool             // the actor may do something about one of its modules that waits
}

// AskView is one module of a request.
type AskView struct {
	store.AccessAsk
	Of            *store.Module
	In            uint64 // the group that looks after it
	Needed        policy.Needed
	Asked         bool // whoever asked has yet to answer
	Gone          bool // the module is no longer served here
	MayDecide     bool // the actor may grant or refuse it
	MayAsk        bool // the actor may ask back
	MayCoordinate bool // the actor may make a coordinator with it
}

// mostListed limits how many requests are listed at once.
const mostListed = 200

// List is what an actor sees of the requests.
type List struct {
	Waiting []*View // the newest first
	Folded  []*View // of those that wait, what came when there were many
	Done    []*View
	More    bool // there are more than are listed
}

// List returns the requests that the actor sees; of one organisation, unless it is 0. It returns a NotFound error for whoever
// sees none by what they are: neither coordinator, nor of a group, nor administrator.
func (rs *Requests) List(a policy.Actor, organisation uint64) (*List, error) {
	var out *List
	err := rs.st.View(func(tx *db.Tx) error {
		out = &List{}
		if a.Person == nil {
			return policy.Denied(a)
		}
		if !a.IsAgent() && !a.IsAdministrator() && !a.Person.IsCoordinator(tx.Now()) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		for _, stage := range []byte{store.StageWaits, store.StageDecided} {
			ids, err := rs.seen(tx, a, stage)
			if err != nil {
				return err
			}
			listed := 0
			for _, id := range ids {
				r, err := store.AccessRequests.Get(tx, id)
				if err != nil {
					return err
				}
				if organisation != 0 && r.Organisation != organisation || !policy.MayAccess(tx, a, policy.SeeAccess, r, 0) {
					continue
				}
				if listed++; listed > mostListed {
					out.More = true
					break
				}
				v, err := rs.view(tx, a, r)
				if err != nil {
					return err
				}
				switch {
				case stage == store.StageDecided || !r.Waits():
					out.Done = append(out.Done, v)
				case r.Folded:
					out.Folded = append(out.Folded, v)
				default:
					out.Waiting = append(out.Waiting, v)
				}
			}
		}
		return nil
	})
	return out, err
}

// Folded returns how many of the requests that came when there were many wait for the actor: nothing else tells a group of them.
func (rs *Requests) Folded(a policy.Actor) (int, error) {
	n := 0
	err := rs.st.View(func(tx *db.Tx) error {
		n = 0
		if a.Person == nil {
			return policy.Denied(a)
		}
		ids, err := rs.seen(tx, a, store.StageWaits)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r, err := store.AccessRequests.Peek(tx, id)
			if err != nil {
				return err
			}
			if r.Folded && r.Waits() && policy.MayAccess(tx, a, policy.SeeAccess, r, 0) {
				n++
			}
		}
		return nil
	})
	return n, err
}

// seen returns the numbers of the requests in the stage that may be the actor's to see, the newest first: policy says of each.
func (rs *Requests) seen(tx *db.Tx, a policy.Actor, stage byte) ([]uint64, error) {
	found := map[uint64]bool{}
	take := func(ix *db.Index[store.AccessRequest], prefix []byte) {
		for e := range ix.Entries(tx, db.Span{Prefix: prefix}) {
			found[e.ID] = true
		}
	}
	for _, h := range a.Person.Coordinated(tx.Now()) {
		take(store.AccessRequestsByPlace, key.Of(h.Organisation, stage))
	}
	if a.IsAgent() || a.IsAdministrator() {
		for m, err := range store.Modules.PeekAll(tx, 0, false) {
			if err != nil {
				return nil, err
			}
			group, err := policy.GroupOf(tx, m.ID)
			if err != nil {
				return nil, err
			}
			if a.IsAdministrator() || a.Person.InGroup(group) {
				take(store.AccessRequestsByModule, key.Of(m.ID, stage))
				if stage == store.StageDecided { // of one that waits for other groups, this part may be done
					continue
				}
				take(store.AccessRequestsByModule, key.Of(m.ID, store.StageDecided))
			}
		}
	}
	var out []uint64
	for id := range found {
		out = append(out, id)
	}
	slices.SortFunc(out, func(x, y uint64) int { return cmp.Compare(y, x) })
	return out, nil
}

// Read returns the request of the number, or NotFound for whoever may not see it.
func (rs *Requests) Read(a policy.Actor, number uint64) (*View, error) {
	var out *View
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := rs.seenBy(tx, a, number)
		if err == nil {
			out, err = rs.view(tx, a, r)
		}
		return err
	})
	return out, err
}

// seenBy returns the request, or NotFound for whoever may not see it.
func (rs *Requests) seenBy(tx *db.Tx, a policy.Actor, number uint64) (*store.AccessRequest, error) {
	r, err := store.AccessRequests.Get(tx, number)
	if err != nil {
		return nil, err
	}
	if !policy.MayAccess(tx, a, policy.SeeAccess, r, 0) {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return r, nil
}

func (rs *Requests) view(tx *db.Tx, a policy.Actor, r *store.AccessRequest) (*View, error) {
	v := &View{AccessRequest: r, Open: people.IsOpen(r.Email), Assign: r.Waits() && policy.MayAccess(tx, a, policy.AssignPlace, r, 0)}
	var err error
	if v.Owner, err = people.OrganisationOf(tx, r.Email); err != nil {
		return nil, err
	}
	speakers, err := policy.Speakers(tx, r.Hat())
	if err != nil {
		return nil, err
	}
	v.Speaks = len(speakers) > 0
	if v.Talk, err = talk(tx, r); err != nil {
		return nil, err
	}
	all, err := store.UnitsByOrganisation.Peek(tx, r.Organisation)
	if err != nil {
		return nil, err
	}
	inside := a.IsAdministrator() || a.IsAgent()
	v.Whole = inside || a.Person.Covers(r.Organisation, 0, tx.Now())
	for _, u := range all {
		if inside || a.Person.Covers(r.Organisation, u.ID, tx.Now()) {
			v.Units = append(v.Units, u)
		}
	}
	for i := range r.Asks {
		k := AskView{AccessAsk: r.Asks[i]}
		if k.Of, err = store.Modules.Peek(tx, k.Module); err != nil {
			return nil, err
		}
		if k.In, err = policy.GroupOf(tx, k.Module); err != nil {
			return nil, err
		}
		if k.Asked, err = asked(tx, &k.AccessAsk); err != nil {
			return nil, err
		}
		place, err := policy.Placement(tx, k.Module)
		if err != nil {
			return nil, err
		}
		k.Gone = place.Retired || place.Channel != store.Here
		says, err := voiceOf(tx, a, r, k.Module, r.Unit)
		if err != nil {
			return nil, err
		}
		k.Needed = says.needed
		if k.State == store.AskWaits {
			k.MayDecide, k.MayCoordinate = says.decides(), says.alone
			k.MayAsk = policy.MayAccess(tx, a, policy.AskBack, r, k.Module)
			v.MaySay = v.MaySay || k.MayDecide || k.MayAsk
		}
		v.Asks = append(v.Asks, k)
	}
	return v, nil
}
