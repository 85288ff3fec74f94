package release

import (
	"cmp"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// Record is a release that is taken in from elsewhere.
type Record struct {
	Form
	Published time.Time // zero: it is a draft
	Withdrawn bool      // its supplier took it back
	Reason    string    // why
}

// Import writes the release of the record. What was published elsewhere is published as of then, for its audience to read,
// and nobody is told. A release that another system calls the same is changed; what was published stays so. Only
// administrators and the desk itself may call it. It returns what Save returns.
func (rs *Releases) Import(a policy.Actor, rec Record) (r *store.Release, created bool, err error) {
	if !a.System && !a.IsAdministrator() {
		return nil, false, policy.Denied(a)
	}
	err = rs.st.Update(a.By(act.WriteRelease), func(tx *db.Tx) error {
		r, created = &store.Release{State: store.ReleaseDraft, Language: a.Lang()}, true
		if external := strings.TrimSpace(rec.External); external != "" {
			there, err := store.ReleasesByExternal.First(tx, external)
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			if err == nil {
				r, created = there, false
			}
		}
		if !created {
			switch {
			case r.State == store.ReleaseScheduled:
				return fault.New(fault.Conflict, "error.release-scheduled")
			case r.Out(): // see keep
				was, err := audienceOf(tx, r)
				if err != nil {
					return err
				}
				rec.Audience = was
			}
		}
		if err := rs.write(tx, a, r, rec.Form); err != nil {
			return err
		}
		return rs.asOfThen(tx, r, rec)
	})
	return r, created, err
}

// asOfThen publishes and withdraws the release as it was elsewhere.
func (rs *Releases) asOfThen(tx *db.Tx, r *store.Release, rec Record) error {
	before := r.State
	if !rec.Published.IsZero() && !r.Out() {
		if err := move(r, store.ReleasePublished); err != nil {
			return err
		}
		to, err := reach(tx, r)
		if err != nil {
			return err
		}
		r.To, r.Published = to, rec.Published.UTC()
	}
	if rec.Withdrawn && r.State != store.ReleaseWithdrawn && r.Out() {
		if err := move(r, store.ReleaseWithdrawn); err != nil {
			return err
		}
		reason, err := because(tx, cmp.Or(strings.TrimSpace(rec.Reason), "Ritirata da chi la fornisce."))
		if err != nil {
			return err
		}
		r.Reason, r.Withdrawn, r.Sequence = reason, r.Published, r.Sequence+1
	}
	if r.State == before {
		return nil
	}
	return store.Releases.Put(tx, r)
}
