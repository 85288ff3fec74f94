package release

import (
	"slices"

	"sportello/app/desk/policy"
	"sportello/app/desk/work"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/scope"
)

// Work returns what of the releases waits for the actor: for a coordinator the answers of their places, for agents of a
// module's group what is late, what failed, organisations with nobody to tell, and what waits for a second person.
func (rs *Releases) Work(tx *db.Tx, a policy.Actor) ([]work.Item, error) {
	out, err := rs.answers(tx, a)
	if err != nil || !a.IsAgent() {
		return out, err
	}
	inside, err := rs.deskWork(tx, a)
	return append(out, inside...), err
}

// name is what people call a release.
func name(tx *db.Tx, r *store.Release, language string) (string, error) {
	m, err := store.Modules.Peek(tx, r.Modules[0])
	if err != nil {
		return "", err
	}
	return m.Name.In(language) + " " + r.Version, nil
}

// reaches reports whether the token of the actor, if there is one, reaches all modules of the release.
func reaches(tx *db.Tx, a policy.Actor, r *store.Release) bool {
	return !slices.ContainsFunc(r.Modules, func(m uint64) bool { return !a.Reaches(tx, scope.Releases, m) })
}

// answers returns the releases that wait for the actor's word, each once.
func (rs *Releases) answers(tx *db.Tx, a policy.Actor) ([]work.Item, error) {
	var out []work.Item
	if a.Person == nil {
		return nil, nil
	}
	at := map[uint64]int{}
	seen := map[uint64]bool{}
	for _, h := range a.Person.Answering(tx.Now()) {
		for row, err := range store.ReceiptsOpen.PeekRows(tx, db.Span{Prefix: key.Of(h.Organisation)}) {
			if err != nil {
				return nil, err
			}
			if seen[row.ID] || !policy.AnswersFor(tx, a.Person, store.Hat{Organisation: row.Organisation, Unit: row.Unit}, row.Module) {
				continue
			}
			seen[row.ID] = true
			if row.Last.State == store.ReceiptPlanned && !row.Last.Date.Before(rs.today(tx)) {
				continue
			}
			r, err := store.Releases.Glance(tx, row.Release)
			if err != nil {
				return nil, err
			}
			awaited, err := Waits(tx, r, row)
			if err != nil {
				return nil, err
			}
			if !awaited || !reaches(tx, a, r) {
				continue
			}
			late, err := rs.late(tx, r, row)
			if err != nil {
				return nil, err
			}
			n, known := at[r.ID]
			if !known {
				called, err := name(tx, r, a.Lang())
				if err != nil {
					return nil, err
				}
				n = len(out)
				at[r.ID], out = n, append(out, work.Item{Why: work.Answer, Noun: "releases", Number: r.ID, Name: called})
			}
			out[n].Count++
			out[n].Late = out[n].Late || late
			if !row.Due.IsZero() && (out[n].Due.IsZero() || row.Due.Before(out[n].Due)) {
				out[n].Due = row.Due
			}
		}
	}
	return out, nil
}

// deskWork returns what waits for the agents who look after a module. It reads what is late, failed or lacking and nothing
// else, however many receipts there are.
func (rs *Releases) deskWork(tx *db.Tx, a policy.Actor) ([]work.Item, error) {
	found := map[work.Why]map[uint64]*work.Item{work.LateReceipt: {}, work.FailedReceipt: {}, work.NobodyToTell: {}, work.Check: {}}
	find := func(why work.Why, release uint64) *work.Item {
		i := found[why][release]
		if i == nil {
			i = &work.Item{Why: why, Noun: "releases", Number: release, Late: why == work.LateReceipt}
			found[why][release] = i
		}
		return i
	}
	for m, err := range store.Modules.PeekAll(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		facts, err := policy.FactsOfRelease(tx, &store.Release{Modules: []uint64{m.ID}})
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(facts.Groups(), a.Person.InGroup) {
			if err := rs.lacking(tx, m.ID, find); err != nil {
				return nil, err
			}
		}
	}
	for r, err := range store.ReleasesByState.PeekRows(tx, db.Span{Prefix: key.Of(store.ReleaseDraft)}) {
		if err != nil {
			return nil, err
		}
		facts, err := policy.FactsOfRelease(tx, r)
		if err != nil {
			return nil, err
		}
		if facts.NeedsCheck() && facts.Inside(a) && facts.May(tx, a, policy.CheckRelease, store.Hat{}) == nil {
			find(work.Check, r.ID).Count = 1
		}
	}
	for round, err := range store.RoundsNobody.PeekRows(tx, db.Span{}) {
		if err != nil {
			return nil, err
		}
		n, err := rs.stillNobody(tx, a, round)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			find(work.NobodyToTell, round.Release).Count += n
		}
	}
	var out []work.Item
	for _, items := range found {
		for number, item := range items {
			r, err := store.Releases.Glance(tx, number)
			if err != nil {
				return nil, err
			}
			if !reaches(tx, a, r) {
				continue
			}
			if item.Name, err = name(tx, r, a.Lang()); err != nil {
				return nil, err
			}
			out = append(out, *item)
		}
	}
	return out, nil
}

// lacking finds what is late of the module after the last reminder, and what failed. What another release took the place
// of, or was withdrawn, waits for nobody.
func (rs *Releases) lacking(tx *db.Tx, module uint64, find func(work.Why, uint64) *work.Item) error {
	published := map[uint64]*store.Release{}
	of := func(id uint64) (row *store.Receipt, r *store.Release, err error) {
		if row, err = store.Receipts.Peek(tx, id); err != nil {
			return nil, nil, err
		}
		if r = published[row.Release]; r == nil {
			r, err = store.Releases.Glance(tx, row.Release)
			published[row.Release] = r
		}
		return row, r, err
	}
	for e := range store.ReceiptsDue.Entries(tx, db.Span{Prefix: key.Of(module), High: key.Of(rs.today(tx))}) {
		row, r, err := of(e.ID)
		if err != nil {
			return err
		}
		late, err := rs.late(tx, r, row)
		if err != nil {
			return err
		}
		if !late || rs.passed(tx, row, r) < len(store.ReminderDays(store.CurrentSettings(tx), r.Kind)) {
			continue
		}
		item := find(work.LateReceipt, r.ID)
		item.Count++
		if item.Due.IsZero() || row.Due.Before(item.Due) {
			item.Due = row.Due
		}
	}
	for e := range store.ReceiptsFailed.Entries(tx, db.Span{Prefix: key.Of(module)}) {
		_, r, err := of(e.ID)
		if err != nil {
			return err
		}
		if r.State == store.ReleasePublished {
			find(work.FailedReceipt, r.ID).Count++
		}
	}
	return nil
}

// stillNobody returns how many of the organisations that had nobody to tell in the round have nobody yet.
func (rs *Releases) stillNobody(tx *db.Tx, a policy.Actor, round *store.Round) (int, error) {
	r, err := store.Releases.Glance(tx, round.Release)
	if err != nil || r.State != store.ReleasePublished {
		return 0, err
	}
	facts, err := policy.FactsOfRelease(tx, r)
	if err != nil || !slices.ContainsFunc(facts.Groups(), a.Person.InGroup) {
		return 0, err
	}
	n := 0
	for _, id := range round.Nobody {
		if o, err := store.Organisations.Peek(tx, id); err != nil || o.Retired {
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return 0, err
			}
			continue
		}
		places, err := placesOf(tx, r, id)
		if err != nil {
			return 0, err
		}
		people, err := peopleOf(tx, nil, id, places)
		if err != nil {
			return 0, err
		}
		contacts, err := contactsOf(tx, r, id)
		if err != nil {
			return 0, err
		}
		if len(people)+len(contacts) == 0 {
			n++
		}
	}
	return n, nil
}
