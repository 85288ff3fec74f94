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
	for _, h := range a.Person.Coordinated(tx.Now()) {
		for row, err := range store.ReceiptsByOrganisation.PeekRows(tx, db.Span{Prefix: key.Of(h.Organisation)}) {
			if err != nil {
				return nil, err
			}
			if !row.Asked || row.Answered() || seen[row.ID] || !a.Person.Covers(row.Organisation, row.Unit, tx.Now()) {
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
			if r.State != store.ReleasePublished || !reaches(tx, a, r) {
				continue
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
			out[n].Late = out[n].Late || rs.late(tx, r, row)
			if !row.Due.IsZero() && (out[n].Due.IsZero() || row.Due.Before(out[n].Due)) {
				out[n].Due = row.Due
			}
		}
	}
	return out, nil
}

// deskWork returns what waits for the agents who look after a module.
func (rs *Releases) deskWork(tx *db.Tx, a policy.Actor) ([]work.Item, error) {
	var out []work.Item
	for _, state := range []store.ReleaseState{store.ReleaseDraft, store.ReleasePublished} {
		for r, err := range store.ReleasesByState.GlanceRows(tx, db.Span{Prefix: key.Of(state)}) {
			if err != nil {
				return nil, err
			}
			facts, err := policy.FactsOfRelease(tx, r)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(facts.Groups(), a.Person.InGroup) || !reaches(tx, a, r) {
				continue
			}
			called, err := name(tx, r, a.Lang())
			if err != nil {
				return nil, err
			}
			item := work.Item{Noun: "releases", Number: r.ID, Name: called, Count: 1}
			if state == store.ReleaseDraft {
				if facts.NeedsCheck() && facts.May(tx, a, policy.CheckRelease, store.Hat{}) == nil {
					item.Why = work.Check
					out = append(out, item)
				}
				continue
			}
			more, err := rs.lacking(tx, r, item)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

// lacking returns what is late, what failed, and who cannot be told, of a release that went out.
func (rs *Releases) lacking(tx *db.Tx, r *store.Release, item work.Item) ([]work.Item, error) {
	late, failed, nobody := item, item, item
	late.Why, late.Late, late.Count = work.LateReceipt, true, 0
	failed.Why, failed.Count = work.FailedReceipt, 0
	nobody.Why, nobody.Count = work.NobodyToTell, 0
	places := map[uint64][]Place{}
	for row, err := range store.ReceiptsByPlace.PeekRows(tx, db.Span{Prefix: key.Of(r.ID)}) {
		if err != nil {
			return nil, err
		}
		if rs.late(tx, r, row) && rs.passed(tx, row, r) >= len(store.ReminderDays(store.CurrentSettings(tx), r.Kind)) {
			late.Count++
			if late.Due.IsZero() || row.Due.Before(late.Due) {
				late.Due = row.Due
			}
		}
		if row.Last.State == store.ReceiptFailed {
			failed.Count++
		}
		if row.Asked && row.Last.State == store.ReceiptTold {
			places[row.Organisation] = append(places[row.Organisation], Place{Hat: store.Hat{Organisation: row.Organisation, Unit: row.Unit}, Module: row.Module})
		}
	}
	for organisation, at := range places {
		people, err := peopleOf(tx, nil, organisation, at)
		if err != nil {
			return nil, err
		}
		contacts, err := contactsOf(tx, r, organisation)
		if fault.IgnoreNotFound(err) != nil {
			return nil, err
		}
		if len(people)+len(contacts) == 0 {
			nobody.Count++
		}
	}
	return slices.DeleteFunc([]work.Item{late, failed, nobody}, func(i work.Item) bool { return i.Count == 0 }), nil
}
