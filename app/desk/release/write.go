package release

import (
	"cmp"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/file"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Form is a release as somebody submits it. Things are named as programs and people name them: modules and organisations
// by code, articles by slug, releases and tickets by number.
type Form struct {
	Modules   []string
	Version   string
	Kind      store.ReleaseKind // ordinary when none is chosen
	Title     store.Words
	Notes     store.Words
	News      store.Words
	Corrected store.Words
	Before    store.Words
	After     store.Words
	Otherwise store.Words
	Norm      store.Norm
	Needs     []store.Need
	Replaces  []uint64
	Corrects  []uint64 // known problems
	WayBack   store.WayBack
	InstallBy store.InstallBy
	Stop      store.Stop
	Audience  Audience
	Articles  []string
	Tickets   []uint64
	Files     []uint64 // pending files of the actor, to be attached
	Carried   []uint64 // of a new release: files of mail, to be attached as well; see Draft
	External  string
	Rev       uint64 // revision the actor saw; 0 for a new release
}

// Audience is whom a release is for, by codes.
type Audience struct {
	All           bool
	Organisations []string
	Installed     []Installed
}

// Installed is store.Installed by codes.
type Installed struct {
	Module      string // empty: any of the release's
	Environment store.Environment
	From, Until string
}

// FormOf returns the form that would change nothing of the release, for whoever changes some of it.
func (rs *Releases) FormOf(v *View) (Form, error) {
	r := v.Release
	f := Form{Version: r.Version, Kind: r.Kind, Title: r.Title, Notes: r.Notes, News: r.News, Corrected: r.Corrected, Before: r.Before, After: r.After,
		Otherwise: r.Otherwise, Norm: r.Norm, Needs: slices.Clone(r.Needs), Replaces: slices.Clone(r.Replaces), Corrects: slices.Clone(r.Corrects), WayBack: r.WayBack, InstallBy: r.InstallBy,
		Stop: r.Stop, Tickets: slices.Clone(r.Tickets), External: r.External, Rev: r.Rev}
	for _, m := range v.Modules {
		f.Modules = append(f.Modules, m.Code)
	}
	err := rs.st.View(func(tx *db.Tx) (err error) {
		if f.Audience, err = audienceOf(tx, r); err != nil {
			return err
		}
		f.Articles = nil
		for _, id := range r.Articles {
			art, err := store.Articles.Peek(tx, id)
			if err != nil {
				if fault.IgnoreNotFound(err) != nil {
					return err
				}
				continue
			}
			f.Articles = append(f.Articles, art.Slug)
		}
		return nil
	})
	return f, err
}

// AudienceOf returns whom the release is for, by codes.
func (rs *Releases) AudienceOf(v *View) (Audience, error) {
	var out Audience
	err := rs.st.View(func(tx *db.Tx) (err error) { out, err = audienceOf(tx, v.Release); return err })
	return out, err
}

func audienceOf(tx *db.Tx, r *store.Release) (Audience, error) {
	out := Audience{All: r.Audience.All}
	for _, id := range r.Audience.Organisations {
		o, err := store.Organisations.Peek(tx, id)
		if err != nil {
			if fault.IgnoreNotFound(err) != nil {
				return out, err
			}
			continue // merged into another one, or gone
		}
		out.Organisations = append(out.Organisations, o.Code)
	}
	for _, i := range r.Audience.Installed {
		in := Installed{Environment: i.Environment, From: i.From, Until: i.Until}
		if i.Module != 0 {
			m, err := store.Modules.Peek(tx, i.Module)
			if err != nil {
				return out, err
			}
			in.Module = m.Code
		}
		out.Installed = append(out.Installed, in)
	}
	return out, nil
}

// Save writes a release: a new one when number is 0, else the one of the number. What was published keeps its modules,
// version, kind, audience and files: see Publish, Widen and Attach; its texts, dates and links may be corrected, and what
// it said before is kept. A draft that was checked has to be checked again. It returns all problems of the fields as
// fault.Problems, Conflict "error.changed-meanwhile" when the release has another revision than the form's, and Conflict
// "error.release-scheduled" while it waits for its hour.
func (rs *Releases) Save(a policy.Actor, number uint64, f Form) (*View, error) {
	if number == 0 && !a.System && !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *View
	err := rs.st.Update(a.By(act.WriteRelease), func(tx *db.Tx) error {
		r := &store.Release{State: store.ReleaseDraft, Author: a.ID(), Language: a.Lang()}
		if number != 0 {
			var err error
			if r, err = store.Releases.Get(tx, number); err != nil {
				return err
			}
			need := policy.WriteRelease
			if r.Out() {
				need = policy.PublishRelease
			}
			if err := policy.MayRelease(tx, a, need, r); err != nil {
				return err
			}
			if err := entry.SameRev(f.Rev, r.Rev); err != nil {
				return err
			}
			if r.State == store.ReleaseScheduled {
				return entry.Conflict("error.release-scheduled")
			}
		}
		if err := rs.write(tx, a, r, f); err != nil {
			return err
		}
		var err error
		out, err = rs.view(tx, a, r)
		return err
	})
	rs.wake()
	return out, err
}

// write checks the form, and writes what differs.
func (rs *Releases) write(tx *db.Tx, a policy.Actor, r *store.Release, f Form) error {
	var wrong fault.Problems
	before := *r
	modules, err := rs.modulesOf(tx, a, f.Modules, &wrong)
	if err != nil {
		return err
	}
	after := *r
	after.Modules, after.Kind = modules, f.Kind
	if after.Kind == 0 {
		after.Kind = store.Ordinary
	}
	after.Version = entry.CleanLine(&wrong, "version", f.Version, store.Releases.Most("version"))
	if after.Version == "" {
		wrong.Add("version", "error.required")
	}
	after.VersionKey = hex.EncodeToString([]byte(version.KeyOf(after.Version)))
	after.Title = entry.CleanWords(&wrong, "title", f.Title, store.Releases.Most("title.it"))
	if after.Title == (store.Words{}) {
		wrong.Add("title-it", "error.required")
	}
	for _, part := range []struct {
		name string
		in   store.Words
		out  *store.Words
	}{{"notes", f.Notes, &after.Notes}, {"news", f.News, &after.News}, {"corrected", f.Corrected, &after.Corrected}, {"before", f.Before, &after.Before},
		{"after", f.After, &after.After}, {"otherwise", f.Otherwise, &after.Otherwise}} {
		*part.out = entry.CleanTexts(&wrong, part.name, part.in, store.Releases.Most(part.name+".it"))
	}
	after.Norm = store.Norm{Text: entry.CleanLine(&wrong, "norm", f.Norm.Text, store.Releases.Most("norm.text")), Date: f.Norm.Date}
	if after.Kind == store.Law && after.Norm.Text == "" {
		wrong.Add("norm", "error.required")
	}
	after.WayBack = store.WayBack{Kind: f.WayBack.Kind, Until: f.WayBack.Until, Text: entry.CleanTexts(&wrong, "way-back-text", f.WayBack.Text, store.Releases.Most("way_back.text.it"))}
	if (after.WayBack.Kind == store.BackUntil) == after.WayBack.Until.IsZero() {
		wrong.Add("way-back-until", "error.way-back-until")
	}
	if after.InstallBy = f.InstallBy; !f.InstallBy.Test.IsZero() && !f.InstallBy.Production.IsZero() && f.InstallBy.Production.Before(f.InstallBy.Test) {
		wrong.Add("install-by-production", "error.production-before-test")
	}
	after.Stop = checkStop(f.Stop, &wrong)
	after.External = strings.TrimSpace(f.External)
	if err := rs.relate(tx, a, &after, f, &wrong); err != nil {
		return err
	}
	if after.Audience, err = audience(tx, f.Audience, modules, &wrong); err != nil {
		return err
	}
	if err := sameVersion(tx, &after, &wrong); err != nil {
		return err
	}
	if before.Out() {
		keep(&before, &after, &wrong)
	}
	files, err := file.Pending(tx, a, f.Files)
	if err != nil {
		return err
	}
	if len(files) > 0 && before.Out() {
		wrong.Add("files", "error.release-locked")
	}
	if before.ID == 0 {
		carried, err := rs.carried(tx, a, f.Carried, &wrong)
		if err != nil {
			return err
		}
		files = append(files, carried...)
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if !reflect.DeepEqual(before, after) || after.ID == 0 {
		if err := reword(tx, a, &before, &after); err != nil {
			return err
		}
		if before.State == store.ReleaseChecked {
			after.State, after.Checker = store.ReleaseDraft, 0
		}
		if before.Out() && (before.InstallBy != after.InstallBy || before.Stop != after.Stop) {
			after.Sequence++
		}
		if err := store.Releases.Put(tx, &after); err != nil {
			return err
		}
		if before.Out() && before.InstallBy != after.InstallBy {
			if err := begin(tx, &after, store.RoundDates, nil, nil, "", a.ID()); err != nil {
				return err
			}
		}
	}
	*r = after
	return attach(tx, r, files, 0)
}

// modulesOf returns the modules of the codes, each of which the actor may write releases for.
func (rs *Releases) modulesOf(tx *db.Tx, a policy.Actor, codes []string, wrong *fault.Problems) ([]uint64, error) {
	var out []uint64
	for _, code := range codes {
		m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(code)))
		if fault.KindOf(err) == fault.NotFound {
			wrong.Add("modules", "error.module-unknown")
			continue
		}
		if err != nil {
			return nil, err
		}
		if !a.Reaches(tx, scope.Releases, m.ID) {
			wrong.Add("modules", "error.token-module")
			continue
		}
		if slices.Contains(out, m.ID) {
			continue
		}
		if err := policy.MayRelease(tx, a, policy.WriteRelease, &store.Release{Modules: []uint64{m.ID}}); err != nil {
			return nil, fault.New(fault.Denied, "error.release-module", "module", m.Code).At("modules")
		}
		out = append(out, m.ID)
	}
	if len(out) == 0 && len(*wrong) == 0 {
		wrong.Add("modules", "error.required")
	}
	return out, nil
}

func checkStop(s store.Stop, wrong *fault.Problems) store.Stop {
	s.Text = entry.CleanTexts(wrong, "stop-text", s.Text, store.Releases.Most("stop.text.it"))
	switch {
	case s.From.IsZero() && s.Until.IsZero() && s.Latest.IsZero():
	case s.From.IsZero():
		wrong.Add("stop-from", "error.required")
	case s.Until.IsZero():
		wrong.Add("stop-until", "error.required")
	case !s.From.Before(s.Until):
		wrong.Add("stop-until", "error.stop-order")
	case !s.Latest.IsZero() && s.Latest.Before(s.Until):
		wrong.Add("stop-latest", "error.stop-order")
	}
	s.From, s.Until, s.Latest = s.From.UTC(), s.Until.UTC(), s.Latest.UTC()
	return s
}

// relate fills in what the release needs and replaces, and what is linked to it.
func (rs *Releases) relate(tx *db.Tx, a policy.Actor, r *store.Release, f Form, wrong *fault.Problems) error {
	r.Needs, r.Replaces, r.Articles, r.Tickets, r.Corrects = nil, nil, nil, nil, nil
	mine := func(number uint64) bool { return number != 0 && number != r.ID }
	for _, n := range f.Needs {
		n.Version = entry.CleanLine(wrong, "needs", n.Version, store.Releases.MostOfEach("needs.version"))
		if found, err := rs.seen(tx, a, []uint64{n.Release}); err != nil {
			return err
		} else if n.Release != 0 && (len(found) == 0 || !mine(n.Release)) {
			wrong.Add("needs", "error.release-unknown", "number", n.Release)
			continue
		}
		if n != (store.Need{}) {
			r.Needs = append(r.Needs, n)
		}
	}
	for _, number := range f.Replaces {
		found, err := rs.seen(tx, a, []uint64{number})
		if err != nil {
			return err
		}
		if len(found) == 0 || !mine(number) || policy.MayRelease(tx, a, policy.WriteRelease, found[0]) != nil {
			wrong.Add("replaces", "error.release-unknown", "number", number)
			continue
		}
		r.Replaces = append(r.Replaces, number)
	}
	for _, number := range f.Corrects {
		p, err := store.Problems.Glance(tx, number)
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil || p.Gone() || policy.MayProblem(tx, a, policy.SeeProblem, p) != nil || !slices.Contains(r.Modules, p.Module) {
			wrong.Add("corrects", "error.problem-unknown", "number", number)
			continue
		}
		if !slices.Contains(r.Corrects, number) {
			r.Corrects = append(r.Corrects, number)
		}
	}
	for _, slug := range f.Articles {
		art, err := store.ArticlesBySlug.PeekFirst(tx, strings.TrimSpace(slug))
		if fault.KindOf(err) == fault.NotFound {
			wrong.Add("articles", "error.article-unknown", "slug", slug)
			continue
		}
		if err != nil {
			return err
		}
		r.Articles = append(r.Articles, art.ID)
	}
	for _, number := range f.Tickets {
		if !rs.rights.Sees(tx, a, number) {
			wrong.Add("tickets", "error.ticket-unknown", "number", number)
			continue
		}
		r.Tickets = append(r.Tickets, number)
	}
	return nil
}

// audience reads whom a release is for.
func audience(tx *db.Tx, in Audience, modules []uint64, wrong *fault.Problems) (store.Addressees, error) {
	out := store.Addressees{All: in.All}
	for _, code := range in.Organisations {
		o, err := store.OrganisationsByCode.First(tx, strings.ToLower(strings.TrimSpace(code)))
		if fault.KindOf(err) == fault.NotFound {
			wrong.Add("audience", "error.organisation-code-unknown", "code", code)
			continue
		}
		if err != nil {
			return out, err
		}
		if !slices.Contains(out.Organisations, o.ID) {
			out.Organisations = append(out.Organisations, o.ID)
		}
	}
	for _, i := range in.Installed {
		row := store.Installed{Environment: i.Environment,
			From:  entry.CleanLine(wrong, "audience", i.From, store.Releases.MostOfEach("audience.installed.from")),
			Until: entry.CleanLine(wrong, "audience", i.Until, store.Releases.MostOfEach("audience.installed.until"))}
		if i.Module != "" {
			m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(i.Module)))
			if fault.KindOf(err) == fault.NotFound {
				wrong.Add("audience", "error.module-unknown")
				continue
			}
			if err != nil {
				return out, err
			}
			row.Module = m.ID
		}
		empty, err := emptyRange(tx, row, modules)
		if err != nil {
			return out, err
		}
		if empty {
			wrong.Add("audience", "error.range-empty", "from", row.From, "until", row.Until)
		}
		out.Installed = append(out.Installed, row)
	}
	return out, nil
}

// emptyRange reports whether no version of a module stands in the range of the audience; without one of its own it is of the
// modules of the release.
func emptyRange(tx *db.Tx, in store.Installed, modules []uint64) (bool, error) {
	if in.From == "" || in.Until == "" {
		return false, nil
	}
	if in.Module != 0 {
		modules = []uint64{in.Module}
	}
	empty := false
	for _, m := range modules {
		order, err := installation.Order(tx, m)
		if err != nil {
			return false, err
		}
		if order.Compare(in.From, in.Until) < 0 {
			return false, nil
		}
		empty = true
	}
	return empty, nil
}

// sameVersion adds a problem when one of the modules has a release of the version already.
func sameVersion(tx *db.Tx, r *store.Release, wrong *fault.Problems) error {
	for _, m := range r.Modules {
		same, err := store.ReleasesByVersion.PeekFirst(tx, m, r.VersionKey)
		if fault.KindOf(err) == fault.NotFound || err == nil && same.ID == r.ID {
			continue
		}
		if err != nil {
			return err
		}
		wrong.Add("version", "error.version-twice", "there", same.Version, "version", r.Version, "number", same.ID)
	}
	return nil
}

// keep adds a problem for each field that stays as it was published.
func keep(before, after *store.Release, wrong *fault.Problems) {
	for field, changed := range map[string]bool{
		"modules": !slices.Equal(before.Modules, after.Modules), "version": before.Version != after.Version, "kind": before.Kind != after.Kind,
		"audience": !reflect.DeepEqual(before.Audience, after.Audience), "replaces": !slices.Equal(before.Replaces, after.Replaces),
	} {
		if changed {
			wrong.Add(field, "error.release-locked")
		}
	}
	slices.SortFunc(*wrong, func(x, y *fault.Error) int { return cmp.Compare(x.Field, y.Field) })
}

// reword keeps what a published release said, when its words change.
func reword(tx *db.Tx, a policy.Actor, before, after *store.Release) error {
	was := wordingOf(before)
	if !before.Out() || was == wordingOf(after) {
		return nil
	}
	was.Release, was.By = before.ID, a.ID()
	after.Reworded = tx.Now()
	tx.Act(act.RewordRelease)
	return store.Wordings.Put(tx, &was)
}

func wordingOf(r *store.Release) store.Wording {
	return store.Wording{Title: r.Title, Notes: r.Notes, News: r.News, Corrected: r.Corrected, Before: r.Before, After: r.After, Otherwise: r.Otherwise}
}

// Delete removes a draft.
func (rs *Releases) Delete(a policy.Actor, number, saw uint64) error {
	return rs.st.Update(a.By(act.DeleteRelease), func(tx *db.Tx) error {
		r, err := store.Releases.Get(tx, number)
		if err != nil {
			return err
		}
		if err := policy.MayRelease(tx, a, policy.WriteRelease, r); err != nil {
			return err
		}
		if err := entry.SameRev(saw, r.Rev); err != nil {
			return err
		}
		if r.State != store.ReleaseDraft && r.State != store.ReleaseChecked {
			return entry.Conflict("error.release-out")
		}
		files, err := store.FilesByRelease.Find(tx, r.ID)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := deleteFile(tx, f.ID); err != nil {
				return err
			}
		}
		return store.Releases.Delete(tx, r.ID)
	})
}
