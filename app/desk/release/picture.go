package release

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Cell is what one place says of one release, in the picture.
type Cell struct {
	Known        bool // the release went there
	State        store.ReceiptState
	Asked        bool
	Beyond       bool // nobody has answered, and what runs there does: the release's version or a newer one
	Late, Unread bool // its word is awaited: the day is past; nobody has opened it
}

// Only is what somebody looks for in a picture.
type Only uint8

// What a picture may be narrowed to; 0 is the whole.
const (
	OnlyLate Only = iota + 1
	OnlyFailed
	OnlyUnread
)

var onlys = []string{"", "late", "failed", "unread"}

func (v Only) String() string { return enum.Word(onlys, byte(v)) }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *Only) UnmarshalText(b []byte) error { return enum.Read(onlys, b, v) }

// is reports whether the cell is what is looked for.
func (c Cell) is(only Only) bool {
	switch only {
	case OnlyLate:
		return c.Late
	case OnlyFailed:
		return c.State == store.ReceiptFailed
	case OnlyUnread:
		return c.Unread
	}
	return c.Known
}

// PictureRow is a place: an organisation or one of its units, in an environment.
type PictureRow struct {
	Organisation *store.Organisation
	Unit         *store.Unit // nil for the organisation as a whole
	Environment  store.Environment
	Version      string // what runs there
	Cells        []Cell // in the order of the releases
}

// Picture is a module with organisations down and its releases across.
type Picture struct {
	Module   *store.Module
	Releases []*store.Release // the newest first
	Rows     []PictureRow     // by name of organisation and unit, production first
	Late     int              // cells
	Failed   int
	Unread   int
}

// Narrowed returns the part of the picture with the places of the environment, 0 for all, in which there is something of
// what is looked for, and the releases of which there is. It counts the cells of the environment.
func (p Picture) Narrowed(only Only, e store.Environment) Picture {
	out := Picture{Module: p.Module}
	across := make([]bool, len(p.Releases))
	var rows []PictureRow
	for _, row := range p.Rows {
		if e != 0 && row.Environment != e {
			continue
		}
		wanted := only == 0
		for n, c := range row.Cells {
			out.count(c)
			if c.is(only) {
				across[n], wanted = true, true
			}
		}
		if wanted {
			rows = append(rows, row)
		}
	}
	for n, r := range p.Releases {
		if across[n] || only == 0 {
			out.Releases = append(out.Releases, r)
		}
	}
	for _, row := range rows {
		if len(out.Releases) < len(p.Releases) {
			cells := make([]Cell, 0, len(out.Releases))
			for n, c := range row.Cells {
				if across[n] {
					cells = append(cells, c)
				}
			}
			row.Cells = cells
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func (p *Picture) count(c Cell) {
	if c.Late {
		p.Late++
	}
	if c.State == store.ReceiptFailed {
		p.Failed++
	}
	if c.Unread {
		p.Unread++
	}
}

// Pictured returns the modules of which the actor may see a picture, by code.
func (rs *Releases) Pictured(a policy.Actor) ([]*store.Module, error) {
	var out []*store.Module
	err := rs.st.View(func(tx *db.Tx) error {
		out = nil
		own, err := rs.ownModules(tx, a)
		if err != nil {
			return err
		}
		for m, err := range store.Modules.All(tx, 0, false) {
			if err != nil {
				return err
			}
			facts, err := policy.FactsOfRelease(tx, &store.Release{Modules: []uint64{m.ID}})
			if err != nil {
				return err
			}
			shown := own[m.ID]
			if !shown && facts.Inside(a) {
				if shown, err = rs.anyOut(tx, a, m.ID); err != nil {
					return err
				}
			}
			if shown {
				out = append(out, m)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(x, y *store.Module) int { return strings.Compare(x.Code, y.Code) })
	return out, err
}

// ownModules are the modules of releases that went to places for which the actor answers.
func (rs *Releases) ownModules(tx *db.Tx, a policy.Actor) (map[uint64]bool, error) {
	out := map[uint64]bool{}
	if a.Person == nil {
		return out, nil
	}
	for _, h := range a.Person.Answering(tx.Now()) {
		for row, err := range store.ReceiptsByOrganisation.GlanceRows(tx, db.Span{Prefix: key.Of(h.Organisation)}) {
			if err != nil {
				return out, err
			}
			if out[row.Module] || !policy.AnswersFor(tx, a.Person, store.Hat{Organisation: row.Organisation, Unit: row.Unit}, row.Module) {
				continue
			}
			r, err := store.Releases.Glance(tx, row.Release)
			if err != nil {
				return out, err
			}
			out[row.Module] = r.Out() && policy.MayRelease(tx, a, policy.SeeRelease, r) == nil
		}
	}
	return out, nil
}

// anyOut reports whether a release of the module that the actor may see was published.
func (rs *Releases) anyOut(tx *db.Tx, a policy.Actor, module uint64) (bool, error) {
	for r, err := range store.ReleasesByModule.GlanceRows(tx, db.Span{Prefix: key.Of(module), Desc: true}) {
		if err != nil {
			return false, err
		}
		if r.Out() && policy.MayRelease(tx, a, policy.SeeRelease, r) == nil {
			return true, nil
		}
	}
	return false, nil
}

// maxAcross is how many releases a picture shows.
const maxAcross = 60

// Picture returns the picture of the module of the code: of all places to those who may see the receipts of its releases,
// to coordinators and whom they named that of their places. NotFound for everybody else. It is read from the keys of an index, so that it costs
// little with many organisations.
func (rs *Releases) Picture(a policy.Actor, code string) (Picture, error) {
	var out Picture
	err := rs.st.View(func(tx *db.Tx) (err error) {
		out, err = rs.picture(tx, a, code)
		return err
	})
	return out, err
}

type pictureKey struct {
	organisation, unit uint64
	environment        store.Environment
}

func (rs *Releases) picture(tx *db.Tx, a policy.Actor, code string) (Picture, error) {
	out := Picture{}
	gone := fault.New(fault.NotFound, "error.not-found")
	m, err := store.ModulesByCode.PeekFirst(tx, code)
	if err != nil {
		return out, err
	}
	out.Module = m
	facts, err := policy.FactsOfRelease(tx, &store.Release{Modules: []uint64{m.ID}})
	if err != nil {
		return out, err
	}
	whole := facts.Inside(a)
	if !whole && (a.Person == nil || len(a.Person.Answering(tx.Now())) == 0) {
		return out, gone
	}
	across := map[uint64]int{}
	for r, err := range store.ReleasesByModule.GlanceRows(tx, db.Span{Prefix: key.Of(m.ID), Desc: true}) {
		if err != nil {
			return out, err
		}
		if !r.Out() || policy.MayRelease(tx, a, policy.SeeRelease, r) != nil {
			continue
		}
		if len(out.Releases) == maxAcross {
			break
		}
		across[r.ID] = len(out.Releases)
		out.Releases = append(out.Releases, r)
	}
	rows := map[pictureKey]int{}
	order, err := installation.Order(tx, m.ID)
	if err != nil {
		return out, err
	}
	beyond := map[string][]bool{} // by what runs, of each release
	today := rs.today(tx)
	for n, r := range out.Releases {
		for e := range store.ReceiptsByModule.Entries(tx, db.Span{Prefix: key.Of(m.ID, r.ID)}) {
			k := pictureKey{binary.BigEndian.Uint64(e.Rest), binary.BigEndian.Uint64(e.Rest[8:]), store.Environment(e.Rest[16])}
			if !whole && !policy.AnswersFor(tx, a.Person, store.Hat{Organisation: k.organisation, Unit: k.unit}, m.ID) {
				continue
			}
			at, known := rows[k]
			if !known {
				row, err := rs.pictureRow(tx, k, m.ID)
				if err != nil {
					return out, err
				}
				row.Cells = make([]Cell, len(out.Releases))
				at = len(out.Rows)
				rows[k], out.Rows = at, append(out.Rows, row)
			}
			c := Cell{Known: true, State: store.ReceiptState(e.Rest[17]), Asked: e.Rest[18] != 0}
			due := r.InstallBy.In(k.environment)
			open := c.State == store.ReceiptTold || c.State == store.ReceiptRead || c.State == store.ReceiptPlanned
			c.Beyond = open && beyondOf(beyond, order, out.Rows[at].Version, out.Releases)[n]
			waits := open && c.Asked && r.State == store.ReleasePublished && !c.Beyond && !out.Rows[at].Organisation.Retired
			c.Late = waits && !due.IsZero() && due.Before(today)
			c.Unread = waits && c.State == store.ReceiptTold
			out.Rows[at].Cells[n] = c
			out.count(c)
		}
	}
	slices.SortStableFunc(out.Rows, func(x, y PictureRow) int {
		return cmp.Or(strings.Compare(spelling.Fold(x.Organisation.Name), spelling.Fold(y.Organisation.Name)), strings.Compare(unitName(x.Unit), unitName(y.Unit)),
			cmp.Compare(y.Environment, x.Environment))
	})
	if !whole && len(out.Rows) == 0 {
		return out, gone
	}
	return out, nil
}

// beyondOf returns of which releases the version is the same or a newer one. It compares each version once.
func beyondOf(known map[string][]bool, order version.Order, runs string, releases []*store.Release) []bool {
	out := known[runs]
	if out == nil {
		out = make([]bool, len(releases))
		for n, r := range releases {
			out[n] = has(order, runs, r)
		}
		known[runs] = out
	}
	return out
}

func (rs *Releases) pictureRow(tx *db.Tx, k pictureKey, module uint64) (PictureRow, error) {
	row := PictureRow{Environment: k.environment}
	var err error
	if row.Organisation, err = store.Organisations.Peek(tx, k.organisation); err != nil {
		return row, err
	}
	if k.unit != 0 {
		if row.Unit, err = store.Units.Peek(tx, k.unit); err != nil {
			return row, err
		}
	}
	i, err := store.InstallationsByPlace.PeekFirst(tx, k.organisation, k.unit, module, k.environment)
	if err == nil {
		row.Version = i.Version
	}
	return row, fault.IgnoreNotFound(err)
}

// Progress is how far the places that were asked are with a release.
type Progress struct {
	Asked, Told, Read, Planned, Installed, NotApplicable, Failed, Late int
	Beyond                                                             int   // places that run this version, or a newer one, and have not answered
	Days                                                               []Day // on which something was installed, the oldest first
}

// Day is how many places had installed the release by the end of a day.
type Day struct {
	Day       time.Time
	Installed int
}

// Progress returns how far the release is. NotFound for whoever may not see the receipts of all.
func (rs *Releases) Progress(a policy.Actor, number uint64) (Progress, error) {
	var out Progress
	err := rs.st.View(func(tx *db.Tx) error {
		out = Progress{}
		r, err := store.Releases.Glance(tx, number)
		if err != nil {
			return err
		}
		facts, err := policy.FactsOfRelease(tx, r)
		if err != nil {
			return err
		}
		if err := facts.May(tx, a, policy.SeeRelease, store.Hat{}); err != nil {
			return err
		}
		if !facts.Inside(a) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		days := map[time.Time]int{}
		for row, err := range store.ReceiptsByPlace.GlanceRows(tx, db.Span{Prefix: key.Of(r.ID)}) {
			if err != nil {
				return err
			}
			if row.Asked {
				out.Asked++
			}
			runs, err := BeyondAt(tx, r, row)
			if err != nil {
				return err
			}
			if runs != "" && row.Last.State != store.ReceiptPlanned {
				out.Beyond++
				continue
			}
			switch row.Last.State {
			case store.ReceiptTold:
				out.Told++
			case store.ReceiptRead:
				out.Read++
			case store.ReceiptPlanned:
				out.Planned++
			case store.ReceiptInstalled:
				out.Installed++
				days[row.Last.Date]++
			case store.ReceiptNotApplicable:
				out.NotApplicable++
			case store.ReceiptFailed:
				out.Failed++
			}
			late, err := rs.late(tx, r, row)
			if err != nil {
				return err
			}
			if late {
				out.Late++
			}
		}
		for day := range days {
			out.Days = append(out.Days, Day{Day: day})
		}
		slices.SortFunc(out.Days, func(x, y Day) int { return x.Day.Compare(y.Day) })
		n := 0
		for i := range out.Days {
			n += days[out.Days[i].Day]
			out.Days[i].Installed = n
		}
		return nil
	})
	return out, err
}
