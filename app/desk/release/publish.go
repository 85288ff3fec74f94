package release

import (
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// moves is the one table of a release's life: from which state to which. What is not here is refused. Nothing returns from
// withdrawn.
var moves = map[store.ReleaseState][]store.ReleaseState{
	store.ReleaseDraft:     {store.ReleaseChecked, store.ReleaseScheduled, store.ReleasePublished},
	store.ReleaseChecked:   {store.ReleaseDraft, store.ReleaseScheduled, store.ReleasePublished},
	store.ReleaseScheduled: {store.ReleaseDraft, store.ReleasePublished},
	store.ReleasePublished: {store.ReleaseReplaced, store.ReleaseWithdrawn},
	store.ReleaseReplaced:  {store.ReleaseWithdrawn},
}

// move puts the release into the state, or returns Conflict "error.release-move".
func move(r *store.Release, to store.ReleaseState) error {
	if !slices.Contains(moves[r.State], to) {
		return entry.Conflict("error.release-move", "from", r.State.String(), "to", to.String())
	}
	r.State = to
	return nil
}

// change does something to the release of the number, in one transaction. saw is the revision that the actor saw; 0 skips
// the check.
func (rs *Releases) change(a policy.Actor, by act.Act, right policy.ReleaseAct, number, saw uint64, do func(tx *db.Tx, r *store.Release, f policy.ReleaseFacts) error) (*View, error) {
	var out *View
	err := rs.st.Update(a.By(by), func(tx *db.Tx) error {
		r, err := store.Releases.Get(tx, number)
		if err != nil {
			return err
		}
		facts, err := policy.FactsOfRelease(tx, r)
		if err != nil {
			return err
		}
		if err := facts.May(tx, a, right, store.Hat{}); err != nil {
			return err
		}
		if saw != 0 {
			if err := entry.SameRev(saw, r.Rev); err != nil {
				return err
			}
		}
		if err := do(tx, r, facts); err != nil {
			return err
		}
		if err := store.Releases.Put(tx, r); err != nil {
			return err
		}
		out, err = rs.view(tx, a, r)
		return err
	})
	rs.wake()
	return out, err
}

// Check says that a second person has looked at the draft.
func (rs *Releases) Check(a policy.Actor, number, saw uint64) (*View, error) {
	return rs.change(a, act.CheckRelease, policy.CheckRelease, number, saw, func(_ *db.Tx, r *store.Release, _ policy.ReleaseFacts) error {
		r.Checker = a.ID()
		return move(r, store.ReleaseChecked)
	})
}

// TakeBack makes a draft of what was checked or waits for its hour.
func (rs *Releases) TakeBack(a policy.Actor, number, saw uint64) (*View, error) {
	return rs.change(a, act.TakeBackRelease, policy.WriteRelease, number, saw, func(_ *db.Tx, r *store.Release, _ policy.ReleaseFacts) error {
		r.Checker, r.PublishAt = 0, time.Time{}
		return move(r, store.ReleaseDraft)
	})
}

// Publication is the decision to publish a release.
type Publication struct {
	Rev      uint64    // that the actor saw; 0 skips the check
	At       time.Time // when; zero, or past: now
	Audience string    // Sum of the preview that the actor saw; empty: they did not look
	Nobody   bool      // organisations with nobody to tell are known, and it is to go out all the same
}

// Publish publishes the release, now or at its hour. Who is told then is told by Run, in steps. It returns Conflict
// "error.audience-changed" with the new preview when the audience is another than the actor saw, and Conflict
// "error.nobody-to-tell" with the preview as long as nobody decided about organisations with nobody to tell.
func (rs *Releases) Publish(a policy.Actor, number uint64, p Publication) (*View, *Preview, error) {
	var shown *Preview
	var before foreseen
	if p.Audience != "" || !p.Nobody {
		before = rs.foresee(a, number, preview)
	}
	v, err := rs.change(a, act.PublishRelease, policy.PublishRelease, number, p.Rev, func(tx *db.Tx, r *store.Release, f policy.ReleaseFacts) error {
		shown = nil
		if f.NeedsCheck() && r.State == store.ReleaseDraft {
			return entry.Conflict("error.release-unchecked")
		}
		if r.Audience.Nobody() {
			return fault.Problems{fault.New(fault.Invalid, "error.audience-needed").At("audience")}
		}
		if p.Audience != "" || !p.Nobody {
			seen, err := before.now(tx, r, preview)
			if err != nil {
				return err
			}
			switch {
			case p.Audience != "" && p.Audience != seen.Sum:
				shown = &seen
				return entry.Conflict("error.audience-changed").At("audience")
			case seen.Nobody > 0 && !p.Nobody:
				shown = &seen
				return entry.Conflict("error.nobody-to-tell", "count", seen.Nobody).At("nobody")
			}
		}
		r.Publisher = a.ID()
		if p.At.After(tx.Now()) {
			if r.State == store.ReleaseScheduled {
				r.PublishAt = p.At.UTC()
				return nil
			}
			r.PublishAt = p.At.UTC()
			tx.Act(act.ScheduleRelease)
			return move(r, store.ReleaseScheduled)
		}
		return publish(tx, r, a.ID())
	})
	return v, shown, err
}

// SaveOut writes a new release and publishes it at once, both or neither, whether or not organisations have nobody to tell.
// It returns what Save and Publish return.
func (rs *Releases) SaveOut(a policy.Actor, f Form) (*View, error) {
	if err := rs.MayDraft(a, f.Modules); err != nil {
		return nil, err
	}
	var out *View
	err := rs.st.Update(a.By(act.PublishRelease), func(tx *db.Tx) error {
		r := &store.Release{State: store.ReleaseDraft, Author: a.ID(), Language: a.Lang()}
		if err := rs.write(tx, a, r, f); err != nil {
			return err
		}
		facts, err := policy.FactsOfRelease(tx, r)
		if err != nil {
			return err
		}
		switch err := facts.May(tx, a, policy.PublishRelease, store.Hat{}); {
		case err != nil:
			return err
		case facts.NeedsCheck():
			return entry.Conflict("error.release-unchecked")
		case r.Audience.Nobody():
			return fault.Problems{fault.New(fault.Invalid, "error.audience-needed").At("audience")}
		}
		r.Publisher = a.ID()
		if err := publish(tx, r, a.ID()); err != nil {
			return err
		}
		if err := store.Releases.Put(tx, r); err != nil {
			return err
		}
		out, err = rs.view(tx, a, r)
		return err
	})
	rs.wake()
	return out, err
}

// publish writes down whom the release goes to, and begins to tell them.
func publish(tx *db.Tx, r *store.Release, by uint64) error {
	if err := move(r, store.ReleasePublished); err != nil {
		return err
	}
	to, err := reach(tx, r)
	if err != nil {
		return err
	}
	r.To, r.Published, r.Told, r.PublishAt = to, tx.Now(), tx.Now(), time.Time{}
	for _, number := range r.Replaces {
		old, err := store.Releases.Get(tx, number)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			continue
		}
		if old.State != store.ReleasePublished {
			continue // drafts and what was withdrawn stay what they are
		}
		if err := move(old, store.ReleaseReplaced); err != nil {
			return err
		}
		old.ReplacedBy, old.Sequence = r.ID, old.Sequence+1
		if err := store.Releases.Put(tx, old); err != nil {
			return err
		}
	}
	return begin(tx, r, store.RoundPublished, to, nil, "", by)
}

// begin begins a round.
func begin(tx *db.Tx, r *store.Release, of store.RoundOf, to, people []uint64, reason string, by uint64) error {
	return store.Rounds.Put(tx, &store.Round{Release: r.ID, Of: of, Organisations: to, People: people, Reason: reason, By: by})
}

// publishDue publishes what waits for an hour that has come, one release, and returns when the next one's comes.
func (rs *Releases) publishDue() (next time.Time, err error) {
	var due *store.Release
	err = rs.st.View(func(tx *db.Tx) error {
		due, next = nil, time.Time{}
		for r, err := range store.ReleasesScheduled.GlanceRows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			if next = r.PublishAt; !r.PublishAt.After(tx.Now()) {
				due = r
			}
			break
		}
		return nil
	})
	if err != nil || due == nil {
		return next, err
	}
	err = rs.st.Update(db.By{Person: due.Publisher, Via: door.Desk, Act: act.PublishRelease}, func(tx *db.Tx) error {
		r, err := store.Releases.Get(tx, due.ID)
		if err != nil || r.State != store.ReleaseScheduled || r.PublishAt.After(tx.Now()) {
			return fault.IgnoreNotFound(err)
		}
		if err := publish(tx, r, r.Publisher); err != nil {
			return err
		}
		return store.Releases.Put(tx, r)
	})
	return due.PublishAt, err
}

// Widening is the decision to give a published release a wider audience.
type Widening struct {
	Rev      uint64 // that the actor saw; 0 skips the check
	Audience Audience
	Seen     string // Sum of the preview of Try that the actor saw; empty: they did not look
	Nobody   bool   // organisations with nobody to tell are known, and they are to be added all the same
}

// Widen gives a published release a wider audience, and tells those alone whom it did not go to. Nobody is taken out. It
// returns Conflict "error.audience-changed" with the new preview of Try when others are added than the actor saw, and
// Conflict "error.nobody-to-tell" with it as long as nobody decided about those among them with nobody to tell.
func (rs *Releases) Widen(a policy.Actor, number uint64, w Widening) (*View, *Preview, error) {
	var shown *Preview
	var before foreseen
	widened := func(tx *db.Tx, r *store.Release) (Preview, error) {
		if err := readdress(tx, r, w.Audience); err != nil {
			return Preview{}, err
		}
		return previewAdded(tx, r)
	}
	if w.Seen != "" || !w.Nobody {
		before = rs.foresee(a, number, widened)
	}
	v, err := rs.change(a, act.WidenRelease, policy.PublishRelease, number, w.Rev, func(tx *db.Tx, r *store.Release, _ policy.ReleaseFacts) error {
		shown = nil
		if err := readdress(tx, r, w.Audience); err != nil {
			return err
		}
		if w.Seen != "" || !w.Nobody {
			now, err := before.now(tx, r, widened)
			if err != nil {
				return err
			}
			switch {
			case w.Seen != "" && now.Sum != w.Seen:
				shown = &now
				return entry.Conflict("error.audience-changed").At("audience")
			case now.Nobody > 0 && !w.Nobody:
				shown = &now
				return entry.Conflict("error.nobody-to-tell", "count", now.Nobody).At("nobody")
			}
		}
		return widen(tx, r, a.ID())
	})
	return v, shown, err
}

// readdress gives a published release another audience, unless that is nobody.
func readdress(tx *db.Tx, r *store.Release, wider Audience) error {
	if r.State != store.ReleasePublished {
		return entry.Conflict("error.release-not-published")
	}
	var wrong fault.Problems
	var err error
	if r.Audience, err = audience(tx, wider, r.Modules, &wrong); err != nil {
		return err
	}
	if r.Audience.Nobody() && len(wrong) == 0 {
		wrong.Add("audience", "error.audience-needed")
	}
	return wrong.Err()
}

// widen adds the organisations that the audience has by now, and begins to tell them. Nobody is taken out.
func widen(tx *db.Tx, r *store.Release, by uint64) error {
	added, err := added(tx, r)
	if err != nil || len(added) == 0 {
		return err
	}
	r.To = append(slices.Clone(r.To), added...)
	slices.Sort(r.To)
	return begin(tx, r, store.RoundWidened, added, nil, "", by)
}

// TellAgain tells everybody once more whom the release went to, with a reason.
func (rs *Releases) TellAgain(a policy.Actor, number, saw uint64, reason string) (*View, error) {
	return rs.change(a, act.TellRelease, policy.PublishRelease, number, saw, func(tx *db.Tx, r *store.Release, _ policy.ReleaseFacts) error {
		if r.State != store.ReleasePublished {
			return entry.Conflict("error.release-not-published")
		}
		reason, err := because(tx, reason)
		if err != nil {
			return err
		}
		r.Told = tx.Now()
		return begin(tx, r, store.RoundAgain, r.To, nil, reason, a.ID())
	})
}

// Withdraw takes a published release back: its files are no longer given, its page says so first, and everybody who was
// told of it or had one of its files is told.
func (rs *Releases) Withdraw(a policy.Actor, number, saw uint64, reason string) (*View, error) {
	return rs.change(a, act.WithdrawRelease, policy.PublishRelease, number, saw, func(tx *db.Tx, r *store.Release, _ policy.ReleaseFacts) error {
		if err := move(r, store.ReleaseWithdrawn); err != nil {
			return err
		}
		reason, err := because(tx, reason)
		if err != nil {
			return err
		}
		r.Reason, r.Withdrawn, r.Told, r.Sequence = reason, tx.Now(), tx.Now(), r.Sequence+1
		var had []uint64
		for d, err := range store.DownloadsByRelease.Rows(tx, db.Span{Prefix: key.Of(r.ID)}) {
			if err != nil {
				return err
			}
			had = append(had, d.Person)
		}
		slices.Sort(had)
		return begin(tx, r, store.RoundWithdrawn, r.To, slices.Compact(had), reason, a.ID())
	})
}

// because returns the reason, which must be there and which the change log keeps.
func because(tx *db.Tx, reason string) (string, error) {
	var wrong fault.Problems
	words := entry.CleanTexts(&wrong, "reason", store.Words{IT: reason}, store.Releases.Most("reason"))
	if words.IT == "" {
		return "", fault.Problems{fault.New(fault.Invalid, "error.reason-needed").At("reason")}
	}
	for i := range wrong {
		wrong[i].Field = "reason"
	}
	tx.Because(entry.Cut(words.IT, db.MaxReason))
	return words.IT, wrong.Err()
}
