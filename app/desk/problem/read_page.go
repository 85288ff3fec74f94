package problem

import (
	"slices"
	"strings"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
)

// Count fills in how many each problem of a list concerns, as far as the actor may know.
func (ps *Problems) Count(a policy.Actor, list []*View) error {
	return ps.st.View(func(tx *db.Tx) (err error) {
		for _, v := range list {
			if v.Counts, err = ps.count(tx, a, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// Branch is a range of versions with a problem, and the version that mends it there; empty while there is none.
type Branch struct {
	From, Until, Fixed string
	Rest               bool // no range of its own: where else it is mended
}

// Branches returns the ranges of the problem in order, each with its fixing version: its end where that is one, else the
// first one from its beginning on, if it stands before the next range. Fixing versions of no range come last.
func (v *View) Branches() []Branch {
	order := v.order
	ranges, fixing := slices.Clone(v.Affected), slices.Clone(v.FixedIn)
	slices.SortStableFunc(ranges, func(x, y store.Range) int { return order.Compare(x.From, y.From) })
	slices.SortStableFunc(fixing, order.Compare)
	if len(ranges) == 0 {
		return []Branch{{Fixed: strings.Join(fixing, ", ")}}
	}
	var out []Branch
	for i, r := range ranges {
		b := Branch{From: r.From, Until: r.Until}
		at := slices.IndexFunc(fixing, func(f string) bool {
			if r.Until != "" && order.Compare(f, r.Until) == 0 {
				return true
			}
			last := i+1 == len(ranges) || order.Compare(f, ranges[i+1].From) < 0
			return (r.From == "" || order.Compare(f, r.From) >= 0) && last
		})
		if at >= 0 {
			b.Fixed = fixing[at]
			fixing = slices.Delete(fixing, at, at+1)
		}
		out = append(out, b)
	}
	if len(fixing) > 0 {
		out = append(out, Branch{Fixed: strings.Join(fixing, ", "), Rest: true})
	}
	return out
}
