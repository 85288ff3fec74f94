package template

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
)

// sum is that of everything that a template says of a norm, the day on which it was verified apart.
func (n *Citation) sum() string {
	h := sha256.New()
	for _, text := range []string{n.Text.IT, n.Text.EN, n.Says.IT, n.Says.EN, n.Address} {
		h.Write([]byte(text))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// verified returns the day on which the norm was verified as it is stated; empty: nobody did so.
func verified(t *store.Template, n *Citation) string {
	if day, ok := t.Verified[n.sum()]; ok {
		return day
	}
	return n.Verified
}

// normsOf returns the norms of the course with the days on which they were verified, and whether any differs.
func normsOf(t *store.Template, c *Course) ([]Citation, bool) {
	if len(t.Verified) == 0 {
		return c.Norms, false
	}
	out, differs := slices.Clone(c.Norms), false
	for i := range out {
		day := verified(t, &out[i])
		differs = differs || day != out[i].Verified
		out[i].Verified = day
	}
	return out, differs
}

// asVerified returns a file of the template, and its text, with the norms as they were verified since. It leaves what it
// is given as it is.
func asVerified(t *store.Template, f *File, source string) (*File, string, error) {
	norms, differs := normsOf(t, &f.Course)
	if !differs {
		return f, source, nil
	}
	now := *f
	now.Norms = norms
	raw, err := now.Bytes()
	return &now, string(raw), err
}

// VersionAs is VersionOf of a template, with its norms as they were verified since it was published.
func (ts *Templates) VersionAs(tx *db.Tx, id, version uint64) (*Published, error) {
	p, err := ts.VersionOf(tx, version)
	if err != nil {
		return nil, err
	}
	t, err := store.Templates.Peek(tx, id)
	if err != nil {
		return nil, err
	}
	norms, differs := normsOf(t, &p.Course)
	if !differs {
		return p, nil
	}
	now, file := *p, *p.File
	file.Norms = norms
	now.File = &file
	return &now, nil
}

// Ready returns the file of the view with its conditions read.
func (v *View) Ready() *Published { return ready(v.File) }

// vouched lets only whoever may verify norms say in the text of a template that one was. What is known of a norm that is
// stated as before stays.
func (ts *Templates) vouched(tx *db.Tx, a policy.Actor, t *store.Template, f *File) error {
	may := policy.FactsOfTemplate(t).May(tx, a, policy.VerifyNorm) == nil
	known := map[string]string{} // by the sum of a norm
	for _, source := range []string{t.Draft, ts.published(tx, t)} {
		if source == "" {
			continue
		}
		if old, err := Parse([]byte(source)); err == nil {
			for i := range old.Norms {
				known[old.Norms[i].sum()] = verified(t, &old.Norms[i])
			}
		}
	}
	var wrong fault.Problems
	said := maps.Clone(t.Verified)
	for i := range f.Norms {
		n := &f.Norms[i]
		day, there := known[n.sum()]
		switch {
		case n.Verified == "" && there:
			n.Verified = day
		case n.Verified == "" || there && n.Verified == day:
		case !may:
			wrong.Add("source", "error.norm-unverified", "norm", n.Code)
		default:
			if _, err := time.Parse(time.DateOnly, n.Verified); err == nil { // what is no day says Check
				said = with(said, n.sum(), n.Verified)
			}
		}
	}
	t.Verified = said
	return wrong.Err()
}

func with(said map[string]string, sum, day string) map[string]string {
	if said == nil {
		said = map[string]string{}
	}
	said[sum] = day
	return said
}

// published returns the text that plans begin with; empty when there is none.
func (ts *Templates) published(tx *db.Tx, t *store.Template) string {
	if t.Published == 0 {
		return ""
	}
	v, err := store.TemplateVersions.Get(tx, t.Published)
	if err != nil {
		return ""
	}
	return v.Source
}

// Verify says on which day a norm of a template was read and found to be stated rightly; without a day it has to be verified
// again. Organisations are shown verified norms alone, in plans that are under way as well. A day to come is refused at "day".
func (ts *Templates) Verify(a policy.Actor, code, norm string, day time.Time, rev uint64) (*View, error) {
	var out *View
	err := ts.st.Update(a.By(act.VerifyNorm), func(tx *db.Tx) error {
		t, err := store.TemplatesByCode.First(tx, code)
		if err != nil {
			return err
		}
		if err := policy.FactsOfTemplate(t).May(tx, a, policy.VerifyNorm); err != nil {
			return err
		}
		v, err := ts.view(tx, a, t)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(v.File.Norms, func(n Citation) bool { return n.Code == norm })
		if i < 0 {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if err := entry.SameRev(rev, t.Rev); err != nil {
			return err
		}
		if day.After(tx.Now()) {
			return fault.Problems{fault.New(fault.Invalid, "error.date-future").At("day")}
		}
		on := ""
		if !day.IsZero() {
			on = day.Format(time.DateOnly)
		}
		t.Verified = with(maps.Clone(t.Verified), v.File.Norms[i].sum(), on)
		if err := store.Templates.Put(tx, t); err != nil {
			return err
		}
		out, err = ts.view(tx, a, t)
		return err
	})
	return out, err
}

// Version is one publication of a template.
type Version struct {
	*store.TemplateVersion
	By string // name of who published it; empty: the desk itself, or somebody who is gone
}

// Versions returns the publications of the template of the code, the oldest first. NotFound for whoever may not read it.
func (ts *Templates) Versions(a policy.Actor, code string) ([]Version, error) {
	var out []Version
	err := ts.st.View(func(tx *db.Tx) error {
		out = nil
		t, err := store.TemplatesByCode.First(tx, code)
		if err != nil {
			return err
		}
		if err := policy.FactsOfTemplate(t).May(tx, a, policy.SeeTemplate); err != nil {
			return err
		}
		list, err := store.TemplateVersionsByOrder.Find(tx, t.ID)
		if err != nil {
			return err
		}
		for _, v := range list {
			one := Version{TemplateVersion: v}
			who, err := store.People.Peek(tx, v.By)
			if fault.IgnoreNotFound(err) != nil {
				return err
			}
			if err == nil {
				one.By = who.Name
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}
