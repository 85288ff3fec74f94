package release

import (
	"cmp"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// View is a release with what the actor may know of it.
type View struct {
	*store.Release
	Modules    []*store.Module // in the order of Release.Modules
	Groups     []*store.Group  // that look after it, each once
	Files      []*store.File   // in the order in which they were sent; what another file took the place of is not among them
	Superseded []*store.File   // and these are
	Replaces   []*store.Release
	Corrects   []*store.Problem // those the actor may see
	ReplacedBy *store.Release   // nil for none, and for one that the actor may not see
	Needs      []Needed
	Articles   []*store.Article // those the actor may read
	Tickets    []*store.Ticket  // those the actor may see
	Author     string
	Told       time.Time // when the reader, or the reader's organisations, were last told of it
	Inside     bool      // the actor sees it as somebody of the desk
	NeedsCheck bool      // a second person has to check it before it is published
	MayWrite   bool
	MayCheck   bool
	MayPublish bool // now, or once it is checked
	MayLog     bool // see who downloaded what
}

// Needed is what a release needs: one of the desk's releases, or a version of which the desk knows no more.
type Needed struct {
	Release *store.Release // nil for a version alone
	Version string
}

// Read returns the release of the number. NotFound for whoever may not see it.
func (rs *Releases) Read(a policy.Actor, number uint64) (*View, error) {
	var out *View
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := store.Releases.Get(tx, number)
		if err != nil {
			return err
		}
		out, err = rs.view(tx, a, r)
		return err
	})
	return out, err
}

func (rs *Releases) view(tx *db.Tx, a policy.Actor, r *store.Release) (*View, error) {
	facts, err := policy.FactsOfRelease(tx, r)
	if err != nil {
		return nil, err
	}
	if err := facts.May(tx, a, policy.SeeRelease, store.Hat{}); err != nil {
		return nil, err
	}
	may := func(act policy.ReleaseAct) bool { return facts.May(tx, a, act, store.Hat{}) == nil }
	v := &View{Release: r, NeedsCheck: facts.NeedsCheck(), Inside: facts.Inside(a),
		MayWrite: may(policy.WriteRelease), MayCheck: may(policy.CheckRelease), MayPublish: may(policy.PublishRelease), MayLog: may(policy.SeeDownloads)}
	for _, id := range r.Modules {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return nil, err
		}
		v.Modules = append(v.Modules, m)
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(facts.Groups()))) {
		g, err := store.Groups.Peek(tx, id)
		if err != nil {
			return nil, err
		}
		v.Groups = append(v.Groups, g)
	}
	if v.Files, v.Superseded, err = filesOf(tx, r.ID); err != nil {
		return nil, err
	}
	if v.Told, err = toldAt(tx, a, r); err != nil {
		return nil, err
	}
	if v.Replaces, err = rs.seen(tx, a, r.Replaces); err != nil {
		return nil, err
	}
	if by, err := rs.seen(tx, a, []uint64{r.ReplacedBy}); err != nil {
		return nil, err
	} else if len(by) > 0 {
		v.ReplacedBy = by[0]
	}
	for _, n := range r.Needs {
		need := Needed{Version: n.Version}
		if found, err := rs.seen(tx, a, []uint64{n.Release}); err != nil {
			return nil, err
		} else if len(found) > 0 {
			need = Needed{Release: found[0], Version: found[0].Version}
		}
		if need.Version != "" {
			v.Needs = append(v.Needs, need)
		}
	}
	if err := rs.linked(tx, a, v); err != nil {
		return nil, err
	}
	if p, err := store.People.Peek(tx, r.Author); err == nil && v.Inside {
		v.Author = p.Name
	}
	return v, nil
}

// seen returns those of the releases that the actor may see.
func (rs *Releases) seen(tx *db.Tx, a policy.Actor, numbers []uint64) ([]*store.Release, error) {
	var out []*store.Release
	for _, n := range numbers {
		r, err := store.Releases.Glance(tx, n)
		if err == nil {
			err = policy.MayRelease(tx, a, policy.SeeRelease, r)
		}
		switch fault.KindOf(err) {
		case fault.NotFound, fault.Denied, fault.SignIn:
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// linked fills in the known problems, articles and tickets that the actor may read, of those linked to the release.
func (rs *Releases) linked(tx *db.Tx, a policy.Actor, v *View) error {
	for _, id := range v.Release.Articles {
		art, err := store.Articles.Peek(tx, id)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			continue
		}
		versions, err := store.VersionsByArticle.Glance(tx, art.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(versions, func(o *store.Version) bool { return policy.MayRead(tx, a, art.Module, art.Audience, o.Publication) }) {
			v.Articles = append(v.Articles, art)
		}
	}
	for _, id := range v.Release.Corrects {
		p, err := store.Problems.Glance(tx, id)
		if err != nil {
			return err
		}
		if policy.MayProblem(tx, a, policy.SeeProblem, p) == nil {
			v.Corrects = append(v.Corrects, p)
		}
	}
	for _, id := range v.Release.Tickets {
		t, err := store.Tickets.Glance(tx, id)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			continue
		}
		if rs.rights.May(tx, a, policy.See, t) == nil {
			v.Tickets = append(v.Tickets, t)
		}
	}
	return nil
}

// Filter says which releases a list has. The zero value is all that the actor may see.
type Filter struct {
	Module       uint64 // and those below
	State        store.ReleaseState
	Kind         store.ReleaseKind
	Organisation uint64 // that it went to
	Out          bool   // was published once
	Limit        int
	After        uint64 // the number of the last one of the page before
}

// Page is a page of releases: drafts first, then the newest.
type Page struct {
	Releases []*View
	Next     uint64 // 0 at the end
	Total    int
}

// List returns the releases that the actor may see. Its views have no files and no links.
func (rs *Releases) List(a policy.Actor, f Filter) (Page, error) {
	var out Page
	if !a.SignedIn() && !a.System {
		return out, policy.Denied(a)
	}
	limit := entry.PageSize(f.Limit)
	err := rs.st.View(func(tx *db.Tx) error {
		out = Page{}
		list, err := rs.reachable(tx, a, f)
		if err != nil {
			return err
		}
		passed := f.After == 0
		for _, r := range list {
			if out.Total++; !passed {
				passed = r.ID == f.After
				continue
			}
			if len(out.Releases) == limit {
				out.Next = out.Releases[limit-1].Release.ID
				continue
			}
			v, err := listed(tx, r)
			if err != nil {
				return err
			}
			out.Releases = append(out.Releases, v)
		}
		return nil
	})
	return out, err
}

// listed is the view of a release in a list.
func listed(tx *db.Tx, r *store.Release) (*View, error) {
	v := &View{Release: r}
	for _, id := range r.Modules {
		m, err := store.Modules.Peek(tx, id)
		if err != nil {
			return nil, err
		}
		v.Modules = append(v.Modules, m)
	}
	return v, nil
}

// Lately is what a reader should know of releases today.
type Lately struct {
	Releases []*View         // those that wait first, then what was told last; without files and links
	Waits    map[uint64]bool // the numbers of those that wait for the reader's word; true: too long
}

// Lately returns the releases that wait for the actor's word, and those that have to do with the actor and that people
// were told of since then; at most the limit of both together.
func (rs *Releases) Lately(a policy.Actor, since time.Time, limit int) (Lately, error) {
	var out Lately
	if a.Person == nil {
		return out, policy.Denied(a)
	}
	err := rs.st.View(func(tx *db.Tx) error {
		out = Lately{Waits: map[uint64]bool{}}
		waiting, err := rs.answers(tx, a)
		if err != nil {
			return err
		}
		due := map[uint64]time.Time{}
		for _, i := range waiting {
			out.Waits[i.Number], due[i.Number] = i.Late, i.Due
		}
		list, err := rs.concerning(tx, a)
		if err != nil {
			return err
		}
		told := map[uint64]time.Time{}
		for _, r := range list {
			if told[r.ID], err = toldAt(tx, a, r); err != nil {
				return err
			}
		}
		list = slices.DeleteFunc(list, func(r *store.Release) bool {
			_, waits := out.Waits[r.ID]
			return !waits && (r.State == store.ReleaseReplaced || told[r.ID].Before(since))
		})
		slices.SortStableFunc(list, func(x, y *store.Release) int {
			return cmp.Or(byUrgency(out.Waits, due, x.ID, y.ID), told[y.ID].Compare(told[x.ID]), cmp.Compare(y.ID, x.ID))
		})
		for _, r := range list[:min(len(list), limit)] {
			v, err := listed(tx, r)
			if err != nil {
				return err
			}
			out.Releases = append(out.Releases, v)
		}
		return nil
	})
	return out, err
}

// toldAt returns when the actor was last told of a release that went out. Widening moves it for those alone whom it tells:
// the people of the organisations that came to it, and agents where somebody decided to.
func toldAt(tx *db.Tx, a policy.Actor, r *store.Release) (time.Time, error) {
	last := r.Told
	if a.Person == nil || !r.Out() {
		return last, nil
	}
	hats := a.Person.Hats(tx.Now())
	for round, err := range store.RoundsByRelease.PeekRows(tx, db.Span{Prefix: key.Of(r.ID)}) {
		if err != nil {
			return last, err
		}
		concerns := round.By != 0 && a.IsAgent() || slices.ContainsFunc(hats, func(h store.Affiliation) bool { return slices.Contains(round.Organisations, h.Organisation) })
		if round.Of == store.RoundWidened && round.Created.After(last) && concerns {
			last = round.Created
		}
	}
	return last, nil
}

// byUrgency compares two releases: those that wait come first, of these what is late, then by day, then what has none.
func byUrgency(waits map[uint64]bool, due map[uint64]time.Time, x, y uint64) int {
	rank := func(n uint64) int {
		late, waits := waits[n]
		switch {
		case late:
			return 0
		case waits && !due[n].IsZero():
			return 1
		case waits:
			return 2
		}
		return 3
	}
	return cmp.Or(cmp.Compare(rank(x), rank(y)), due[x].Compare(due[y]))
}

// reachable returns the releases of the filter that the actor may see, without their long texts.
func (rs *Releases) reachable(tx *db.Tx, a policy.Actor, f Filter) ([]*store.Release, error) {
	may := map[uint64]bool{}
	var out []*store.Release
	take := func(r *store.Release) error {
		if _, known := may[r.ID]; known {
			return nil
		}
		may[r.ID] = false
		if f.State != store.ReleaseNone && r.State != f.State || f.Kind != 0 && r.Kind != f.Kind || f.Organisation != 0 && !r.WentTo(f.Organisation) || f.Out && !r.Out() {
			return nil
		}
		if f.Module != 0 && !slices.ContainsFunc(r.Modules, func(m uint64) bool { return policy.Under(tx, m, f.Module) }) {
			return nil
		}
		err := policy.MayRelease(tx, a, policy.SeeRelease, r)
		switch fault.KindOf(err) {
		case fault.NotFound, fault.Denied, fault.SignIn:
			return nil
		}
		if err == nil {
			out = append(out, r)
		}
		return err
	}
	if a.System || a.IsAgent() || a.IsAdministrator() {
		for r, err := range store.Releases.GlanceAll(tx, 0, true) {
			if err != nil {
				return nil, err
			}
			if err := take(r); err != nil {
				return nil, err
			}
		}
	} else if a.Person != nil {
		for _, h := range a.Person.Hats(tx.Now()) {
			for r, err := range store.ReleasesByOrganisation.GlanceRows(tx, db.Span{Prefix: key.Of(h.Organisation)}) {
				if err != nil {
					return nil, err
				}
				if err := take(r); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.SortStableFunc(out, func(x, y *store.Release) int {
		if x.Out() != y.Out() {
			if y.Out() {
				return -1
			}
			return 1
		}
		return cmp.Or(y.Published.Compare(x.Published), y.Updated.Compare(x.Updated), cmp.Compare(y.ID, x.ID))
	})
	return out, nil
}

// Wordings returns what the release said before, the oldest first. NotFound for whoever may not see it.
func (rs *Releases) Wordings(a policy.Actor, number uint64) ([]*store.Wording, error) {
	var out []*store.Wording
	err := rs.st.View(func(tx *db.Tx) error {
		r, err := store.Releases.Glance(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.SeeRelease, r); err != nil {
			return err
		}
		out, err = store.WordingsByRelease.Find(tx, r.ID)
		return err
	})
	return out, err
}

// OfTicket returns the releases that are linked to the ticket and that the actor may see, the newest first.
func (rs *Releases) OfTicket(a policy.Actor, ticket uint64) ([]*View, error) {
	return rs.linkedTo(a, store.ReleasesByTicket, ticket)
}

// OfArticle returns the releases that are linked to the article and that the actor may see, the newest first.
func (rs *Releases) OfArticle(a policy.Actor, article uint64) ([]*View, error) {
	return rs.linkedTo(a, store.ReleasesByArticle, article)
}

func (rs *Releases) linkedTo(a policy.Actor, by *db.Index[store.Release], id uint64) ([]*View, error) {
	var out []*View
	err := rs.st.View(func(tx *db.Tx) error {
		out = nil
		for r, err := range by.Rows(tx, db.Span{Prefix: key.Of(id), Desc: true}) {
			if err != nil {
				return err
			}
			v, err := rs.view(tx, a, r)
			if fault.KindOf(err) == fault.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}
