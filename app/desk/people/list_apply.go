package people

import (
	"slices"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// atOnce is how many people one transaction of ApplyList handles: no other writer waits for the whole list.
const atOnce = 100

// ListDone says what became of a plan. Passed counts the people of whom something else was said in the meantime.
type ListDone struct{ Invited, Changed, Gone, Passed int }

// ApplyList does what PlanList returned with the sum, for the same entries. It returns the plan as it is now and a Conflict
// "error.list-changed" when that is another one, and then does nothing; Conflict "error.invitation-no-mail" when somebody is to be
// invited and the desk sends no mail. It goes in steps, and may be repeated after an interruption.
func (ps *People) ApplyList(a policy.Actor, organisation uint64, entries []ListEntry, whole bool, sum string) (ListDone, *ListPlan, error) {
	var done ListDone
	plan, err := ps.PlanList(a, organisation, entries, whole)
	if err != nil {
		return done, nil, err
	}
	if plan.Sum != sum {
		return done, plan, fault.New(fault.Conflict, "error.list-changed")
	}
	if len(plan.New) > 0 && ps.post.Mail().From == "" {
		return done, plan, fault.New(fault.Conflict, "error.invitation-no-mail")
	}
	for some := range slices.Chunk(plan.New, atOnce) {
		n := 0
		err := ps.st.Update(a.By(act.Invite), func(tx *db.Tx) error {
			n = 0
			o, err := store.Organisations.Get(tx, organisation)
			if err != nil {
				return err
			}
			guests, err := guestsOf(tx, o)
			if err != nil {
				return err
			}
			for _, item := range some {
				if !mayInvite(tx, a, item.Is.Hat()) {
					return policy.Denied(a)
				}
				i, err := ps.invitation(tx, a, InvitationForm{Email: item.Email, Name: item.Name, Hat: item.Is})
				if err == nil {
					err = guests.room(tx, i)
				}
				if kind := fault.KindOf(err); kind == fault.Conflict || kind == fault.Invalid {
					continue
				}
				if err != nil {
					return err
				}
				if err := store.Invitations.Put(tx, i); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			return done, plan, err
		}
		done.Invited += n
		done.Passed += len(some) - n
	}
	var people []uint64
	of := map[uint64][]ListItem{}
	for _, item := range slices.Concat(plan.Changed, plan.Gone) {
		if of[item.Person] == nil {
			people = append(people, item.Person)
		}
		of[item.Person] = append(of[item.Person], item)
	}
	for some := range slices.Chunk(people, atOnce) {
		var step ListDone
		err := ps.st.Update(a.By(act.ChangeHats), func(tx *db.Tx) error {
			step = ListDone{}
			for _, id := range some {
				if err := ps.relist(tx, a, id, of[id], &step); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return done, plan, err
		}
		done.Changed += step.Changed
		done.Gone += step.Gone
		done.Passed += step.Passed
	}
	return done, plan, nil
}

// relist does the items of one person, if what they change is still there.
func (ps *People) relist(tx *db.Tx, a policy.Actor, id uint64, items []ListItem, done *ListDone) error {
	p, err := store.People.Get(tx, id)
	if err != nil {
		done.Passed += len(items)
		return fault.IgnoreNotFound(err)
	}
	before := *p
	given := slices.Collect(p.Open)
	changed, gone := 0, 0
	for _, item := range items {
		at := slices.IndexFunc(given, item.Was.Same)
		switch {
		case item.Was.Organisation == 0:
			given = append(given, item.Is)
			changed++
		case at < 0:
			done.Passed += len(items)
			return nil
		case item.Is.Organisation == 0:
			given = slices.Delete(given, at, at+1)
			gone++
		default:
			given[at] = item.Is
			changed++
		}
	}
	var wrong fault.Problems
	p.Affiliations = affiliations(tx, a, &wrong, given, before.Affiliations, store.FromList)
	if err := policy.MayChangeAccount(a, &before, p, tx.Now()); err != nil {
		return err
	}
	if len(wrong) > 0 {
		done.Passed += len(items)
		return nil
	}
	if err := ps.endWithChange(tx, &before, p); err != nil {
		return err
	}
	done.Changed += changed
	done.Gone += gone
	return store.People.Put(tx, p)
}

// LeaveList ends what these people have in the organisation, of what the actor may end, at once. It returns how many of them it was
// something for, and errors as MayInvite does.
func (ps *People) LeaveList(a policy.Actor, organisation uint64, who []uint64) (int, error) {
	if err := ps.MayInvite(a, organisation); err != nil {
		return 0, err
	}
	n := 0
	for some := range slices.Chunk(who, atOnce) {
		left := 0
		err := ps.st.Update(a.By(act.ChangeHats), func(tx *db.Tx) error {
			left = 0
			for _, id := range some {
				p, err := store.People.Get(tx, id)
				if err != nil {
					if err = fault.IgnoreNotFound(err); err != nil {
						return err
					}
					continue
				}
				if hats := mayEnd(a, p, organisation, tx.Now()); len(hats) > 0 {
					var items []ListItem
					for _, h := range hats {
						items = append(items, ListItem{Person: id, Was: h})
					}
					var step ListDone
					if err := ps.relist(tx, a, id, items, &step); err != nil {
						return err
					}
					if step.Gone > 0 {
						left++
					}
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += left
	}
	return n, nil
}

// MayLeave reports whether LeaveList would end something of the person.
func (ps *People) MayLeave(a policy.Actor, p *store.Person, organisation uint64) bool {
	return len(mayEnd(a, p, organisation, ps.st.Now())) > 0
}

// mayEnd returns the person's affiliations in the organisation that the actor may end, but for those of coordinators.
func mayEnd(a policy.Actor, p *store.Person, organisation uint64, now time.Time) []store.Affiliation {
	hats, _ := policy.HatsSeen(a, p, now)
	return slices.DeleteFunc(slices.Clone(hats), func(h store.Affiliation) bool {
		return h.Organisation != organisation || h.Past(now) || h.Coordinator || !policy.MayAccount(a, policy.GiveHat, policy.Account{Person: p, Hat: h.Hat(), At: now})
	})
}
