package record

import (
	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Touched calls touch for each release, known problem and plan that is another record after the change.
func Touched(tx *db.Tx, c *db.Change, touch func(kind string, number uint64)) error {
	switch c.Table {
	case store.Releases.Name():
		touch(query.TypeRelease, c.ID)
	case store.Problems.Name():
		touch(query.TypeProblem, c.ID)
	case store.Plans.Name():
		touch(query.TypePlan, c.ID)
	case store.Files.Name():
		if c.Ticket != 0 {
			return nil
		}
		f, err := store.Files.Glance(tx, c.ID) // with one that is gone its release was changed
		if err == nil && f.Release != 0 {
			touch(query.TypeRelease, f.Release)
		}
		return fault.IgnoreNotFound(err)
	case store.Decisions.Name():
		d, err := store.Decisions.Glance(tx, c.ID)
		if err == nil {
			touch(query.TypePlan, d.Plan)
		}
		return fault.IgnoreNotFound(err)
	case store.Progresses.Name():
		p, err := store.Progresses.Glance(tx, c.ID)
		if err == nil {
			touch(query.TypePlan, p.Plan)
		}
		return fault.IgnoreNotFound(err)
	case store.Installations.Name():
		i, err := store.Installations.Glance(tx, c.ID)
		if err == nil && !moved(c) {
			plansOf(tx, i.Organisation, touch)
			return nil
		}
		return allPlans(tx, err, touch)
	case store.Units.Name():
		u, err := store.Units.Glance(tx, c.ID)
		if err == nil && !moved(c) {
			if c.Op == db.Insert { // its name is in no plan
				plansOf(tx, u.Organisation, touch)
			}
			return nil
		}
		return allPlans(tx, err, touch)
	case store.Modules.Name():
		if _, renamed := c.Field("name"); renamed {
			for e := range store.ReleasesByModule.Entries(tx, db.Span{Prefix: key.Of(c.ID)}) {
				touch(query.TypeRelease, e.ID)
			}
		}
		if _, renamed := c.Field("code"); renamed { // conditions of plans name modules by code
			return allPlans(tx, nil, touch)
		}
	}
	return nil
}

// moved reports whether the row went from one organisation to another.
func moved(c *db.Change) bool {
	_, is := c.Field("organisation")
	return is
}

func plansOf(tx *db.Tx, organisation uint64, touch func(string, uint64)) {
	for e := range store.PlansByOrganisation.Entries(tx, db.Span{Prefix: key.Of(organisation)}) {
		touch(query.TypePlan, e.ID)
	}
}

// allPlans touches every plan: whose the row was can no longer be told.
func allPlans(tx *db.Tx, err error, touch func(string, uint64)) error {
	if err := fault.IgnoreNotFound(err); err != nil {
		return err
	}
	for number := uint64(1); number <= store.Plans.Last(tx); number++ {
		touch(query.TypePlan, number)
	}
	return nil
}
