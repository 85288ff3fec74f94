package problem

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/installation"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// known is what the desk knows of the mending of a problem: read once for many cases.
type known struct {
	*store.Problem
	order version.Order
	fixes []fix
}

// fix is a version that mends a problem in its branch.
type fix struct {
	version string
	out     bool // it is published
}

// standing is what the mending of a problem comes to where somebody works.
type standing struct {
	version string    // that mends it there; several where nobody knows what runs; empty: none does
	out     bool      // it is published
	there   bool      // it runs there; where no receipt can come, it is published
	since   time.Time // since when it runs there; zero: it does not, or nobody knows
}

// knowledge reads what is known of the mending of the problem. A problem that is none, that is suspected, or that will not be
// fixed is mended by nothing.
func (ps *Problems) knowledge(tx *db.Tx, p *store.Problem) (*known, error) {
	k := &known{Problem: p}
	switch {
	case p.Gone():
		return k, nil
	case p.State == store.ProblemConfirmed, p.State == store.ProblemBeingFixed, p.State == store.ProblemFixed:
	default:
		return k, nil
	}
	var err error
	if k.order, err = installation.Order(tx, p.Module); err != nil {
		return nil, err
	}
	add := func(v string) {
		if !slices.ContainsFunc(k.fixes, func(f fix) bool { return k.order.Compare(f.version, v) == 0 }) {
			k.fixes = append(k.fixes, fix{version: v})
		}
	}
	for _, v := range p.FixedIn {
		add(v)
	}
	// What mends a problem that was merged into this one mends this one.
	releases, err := correcting(tx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range releases {
		if r.State == store.ReleasePublished || r.State == store.ReleaseReplaced {
			add(r.Version)
		}
	}
	slices.SortFunc(k.fixes, func(x, y fix) int { return k.order.Compare(x.version, y.version) })
	carried := false
	for i := range k.fixes {
		f := &k.fixes[i]
		r, err := carrying(tx, p.Module, f.version, releases)
		if err != nil {
			return nil, err
		}
		if r != nil {
			carried, f.out = true, r.State == store.ReleasePublished || r.State == store.ReleaseReplaced
		}
	}
	for i := range k.fixes { // where no release tells, the word of whoever wrote the problem does
		k.fixes[i].out = k.fixes[i].out || !carried && p.State == store.ProblemFixed
	}
	return k, nil
}

// correcting returns the releases that correct the problem, or one that was merged into it.
func correcting(tx *db.Tx, problem uint64) ([]*store.Release, error) {
	all := []uint64{problem}
	for i := 0; i < len(all); i++ {
		for e := range store.ProblemsMerged.Entries(tx, db.Span{Prefix: key.Of(all[i])}) {
			if !slices.Contains(all, e.ID) {
				all = append(all, e.ID)
			}
		}
	}
	var out []*store.Release
	for _, id := range all {
		for r, err := range store.ReleasesByCorrected.GlanceRows(tx, db.Span{Prefix: key.Of(id)}) {
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, nil
}

// carrying returns the release of the version: one of those given, else one of the module or of a level above it; nil for none.
// What was withdrawn counts only where it is given.
func carrying(tx *db.Tx, module uint64, v string, given []*store.Release) (*store.Release, error) {
	key := hex.EncodeToString([]byte(version.KeyOf(v)))
	var withdrawn *store.Release
	for _, r := range given {
		if r.VersionKey == key && r.State != store.ReleaseWithdrawn {
			return r, nil
		}
		if r.VersionKey == key {
			withdrawn = r
		}
	}
	for range 10 {
		if module == 0 {
			break
		}
		r, err := store.ReleasesByVersion.PeekFirst(tx, module, key)
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return r, err
		}
		m, err := store.Modules.Peek(tx, module)
		if err != nil {
			return nil, err
		}
		module = m.Parent
	}
	return withdrawn, nil
}

// at returns what the mending comes to where the installations run; none: nobody knows.
func (k *known) at(places []*store.Installation) standing {
	if len(k.fixes) == 0 {
		return standing{}
	}
	s := standing{out: true, there: true}
	var names []string
	if len(places) == 0 {
		for _, f := range k.fixes {
			names = append(names, f.version)
			s.out = s.out && f.out
		}
		s.there = s.out
	}
	early := len(places) > 0
	for _, i := range places {
		f, has := k.fixFor(i.Version)
		if f == nil {
			return standing{}
		}
		if !slices.Contains(names, f.version) {
			names = append(names, f.version)
		}
		s.out = s.out && f.out
		s.there = s.there && f.out && (has || i.Installs != store.InstalledByOrganisation)
		early = early && has
	}
	if early {
		if s.since = places[0].Since; s.since.IsZero() {
			s.since = places[0].Updated
		}
	}
	s.version = entry.Cut(strings.Join(names, between), store.Tickets.Most("version"))
	return s
}

// fixFor returns the version that mends the problem for whoever runs v, and whether v has it. It is nil where none does: a fix
// in an older branch helps only those on it. Without ranges, what lies between two fixes may be either branch, and waits for
// the next one.
func (k *known) fixFor(v string) (f *fix, has bool) {
	var within *store.Range
	for i := range k.Affected {
		if r := &k.Affected[i]; k.order.Within(v, r.From, r.Until) || r.Until != "" && k.inBranch(v, r) {
			within = r
		}
	}
	last := len(k.fixes) - 1
	if within == nil {
		if last >= 0 && k.order.Compare(k.fixes[last].version, v) <= 0 {
			return &k.fixes[last], true
		}
		if len(k.Affected) > 0 {
			return nil, false // it is not there
		}
	}
	var next *fix
	for i := range k.fixes {
		f := &k.fixes[i]
		after := k.order.Compare(f.version, v) > 0
		if within != nil && !after && k.inBranch(f.version, within) {
			return f, true
		}
		if after && next == nil {
			next = f
		}
	}
	return next, false
}

// inBranch reports whether the version stands in the branch of the range: from its beginning up to where the next one begins.
func (k *known) inBranch(v string, r *store.Range) bool {
	if r.From != "" && k.order.Compare(v, r.From) < 0 {
		return false
	}
	for _, o := range k.Affected {
		if o.From != "" && (r.From == "" || k.order.Compare(o.From, r.From) > 0) && k.order.Compare(v, o.From) >= 0 {
			return false
		}
	}
	return true
}

// placesOf returns the installations in production that count for somebody who stands at the hat: what Running returns, else
// those of all units.
func placesOf(tx *db.Tx, hat store.Hat, module uint64) ([]*store.Installation, error) {
	i, err := installation.Running(tx, hat, module)
	if err != nil {
		return nil, err
	}
	if i != nil {
		return []*store.Installation{i}, nil
	}
	if hat.Organisation == 0 {
		return nil, nil
	}
	var out []*store.Installation
	for i, err := range store.InstallationsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(hat.Organisation)}) {
		if err != nil {
			return nil, err
		}
		if i.Environment == store.Production && i.Module == module {
			out = append(out, i)
		}
	}
	return out, nil
}
