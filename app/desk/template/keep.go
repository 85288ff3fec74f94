package template

import (
	"context"
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// Templates are the templates of one desk.
type Templates struct {
	st   *db.Store
	read versions
}

// New returns the templates of the store.
func New(st *db.Store) *Templates { return &Templates{st: st} }

// View is a template with what the actor may know of it.
type View struct {
	*store.Template
	File       *File // the draft for whoever may write it, else what is published
	Source     string
	Drafted    bool // File is a draft that differs from what is published
	Group      *store.Group
	MayWrite   bool
	MayPublish bool
	MayVerify  bool // its norms
}

// List returns the templates that the actor may read, by code. Whoever may read none is refused.
func (ts *Templates) List(a policy.Actor) ([]*View, error) {
	var out []*View
	err := ts.st.View(func(tx *db.Tx) error {
		out = nil
		for t, err := range store.TemplatesByCode.Rows(tx, db.Span{}) {
			if err != nil {
				return err
			}
			v, err := ts.view(tx, a, t)
			switch fault.KindOf(err) {
			case fault.NotFound:
				continue
			}
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	if err == nil && len(out) == 0 && !a.IsAgent() && !a.IsAdministrator() && (a.Person == nil || !a.Person.Editor) {
		err = policy.Denied(a)
	}
	return out, err
}

// Read returns the template of the code. NotFound for whoever may not read it.
func (ts *Templates) Read(a policy.Actor, code string) (*View, error) {
	var out *View
	err := ts.st.View(func(tx *db.Tx) error {
		t, err := store.TemplatesByCode.First(tx, strings.ToLower(strings.TrimSpace(code)))
		if err != nil {
			return err
		}
		out, err = ts.view(tx, a, t)
		return err
	})
	return out, err
}

func (ts *Templates) view(tx *db.Tx, a policy.Actor, t *store.Template) (*View, error) {
	facts := policy.FactsOfTemplate(t)
	if err := facts.May(tx, a, policy.SeeTemplate); err != nil {
		return nil, err
	}
	v := &View{Template: t, MayWrite: facts.May(tx, a, policy.WriteTemplate) == nil, MayPublish: facts.May(tx, a, policy.PublishTemplate) == nil,
		MayVerify: facts.May(tx, a, policy.VerifyNorm) == nil}
	var err error
	if v.Group, err = store.Groups.Peek(tx, t.Group); err != nil {
		return nil, err
	}
	switch {
	case v.MayWrite && t.Draft != "":
		v.Drafted, v.Source = true, t.Draft
		v.File, err = Parse([]byte(t.Draft))
	case t.Published != 0:
		row, e := store.TemplateVersions.Get(tx, t.Published)
		if e != nil {
			return nil, e
		}
		v.Source = row.Source
		var p *Published
		if p, err = ts.VersionOf(tx, t.Published); err == nil {
			v.File = p.File
		}
	default:
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	if err != nil {
		return nil, err
	}
	v.File, v.Source, err = asVerified(t, v.File, v.Source)
	return v, err
}

// Form is a template as somebody submits it. The code, the modules and the name stand in the source.
type Form struct {
	Source []byte
	Group  string // code; empty: as it is, of a new one the group of its first module
	Rev    uint64
}

// Save writes the draft of a template: of a new one when code is empty, else of that of the code, which the source must
// name. It returns what is wrong with the fields as fault.Problems; what is wrong with the course says Check, and only
// publishing asks for it.
func (ts *Templates) Save(a policy.Actor, code string, f Form) (*View, error) {
	if code == "" && !a.System && !a.IsAgent() && !a.IsAdministrator() {
		return nil, policy.Denied(a)
	}
	var out *View
	err := ts.st.Update(a.By(act.WriteTemplate), func(tx *db.Tx) error {
		t := &store.Template{Author: a.ID()}
		if code != "" {
			var err error
			if t, err = store.TemplatesByCode.First(tx, code); err != nil {
				return err
			}
			if err := policy.FactsOfTemplate(t).May(tx, a, policy.WriteTemplate); err != nil {
				return err
			}
			if err := entry.SameRev(f.Rev, t.Rev); err != nil {
				return err
			}
		}
		if err := ts.write(tx, a, t, f); err != nil {
			return err
		}
		var err error
		out, err = ts.view(tx, a, t)
		return err
	})
	return out, err
}

func (ts *Templates) write(tx *db.Tx, a policy.Actor, t *store.Template, f Form) error {
	var wrong fault.Problems
	file, err := Parse(f.Source)
	if err != nil {
		if e, ok := err.(*ParseError); ok {
			return fault.Problems{fault.New(fault.Invalid, "error.template-text", "line", e.Line, "column", e.Column, "text", e.Text).At("source")}
		}
		return err
	}
	fresh := t.ID == 0
	switch {
	case !code.MatchString(file.Code) || len(file.Code) > 40 || slices.Contains(reserved, file.Code):
		wrong.Add("code", "template.code", "code", file.Code)
	case fresh:
		if _, err := store.TemplatesByCode.First(tx, file.Code); err == nil {
			wrong.Add("code", "error.code-taken")
		} else if fault.IgnoreNotFound(err) != nil {
			return err
		}
	case file.Code != t.Code:
		wrong.Add("code", "error.code-fixed")
	}
	if file.Name.IT == "" && file.Name.EN == "" {
		wrong.Add("name", "error.required")
	}
	var modules []uint64
	for _, c := range file.Modules {
		m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(c)))
		if fault.KindOf(err) == fault.NotFound {
			wrong.Add("modules", "error.module-unknown")
			continue
		}
		if err != nil {
			return err
		}
		modules = append(modules, m.ID)
	}
	group, err := groupOf(tx, t, f.Group, modules, &wrong)
	if err != nil {
		return err
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	t.Code, t.Group, t.Author = file.Code, group, a.ID()
	if t.Published == 0 {
		t.Name, t.Modules = file.Name, modules
	}
	if err := policy.FactsOfTemplate(&store.Template{Group: group, Modules: modules}).May(tx, a, policy.WriteTemplate); err != nil {
		return err
	}
	if err := ts.vouched(tx, a, t, file); err != nil {
		return err
	}
	raw, err := file.Bytes()
	if err != nil {
		return err
	}
	if t.Draft = string(raw); t.Published != 0 {
		v, err := store.TemplateVersions.Get(tx, t.Published)
		if err != nil {
			return err
		}
		old, err := Parse([]byte(v.Source))
		if err != nil {
			return err
		}
		if _, now, err := asVerified(t, old, v.Source); err != nil {
			return err
		} else if now == t.Draft {
			t.Draft = "" // as it is published
		}
	}
	return store.Templates.Put(tx, t)
}

// groupOf returns the group of the code; without one that of the template, else that which looks after the first module.
func groupOf(tx *db.Tx, t *store.Template, code string, modules []uint64, wrong *fault.Problems) (uint64, error) {
	if code != "" {
		g, err := store.GroupsByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(code)))
		if fault.KindOf(err) == fault.NotFound {
			wrong.Add("group", "error.group-unknown")
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return g.ID, nil
	}
	if t.Group != 0 {
		return t.Group, nil
	}
	if len(modules) > 0 {
		place, err := policy.Placement(tx, modules[0])
		if err == nil && place.Group != 0 {
			return place.Group, nil
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return 0, err
		}
	}
	g, err := store.GroupsByCode.PeekFirst(tx, store.GeneralGroup)
	if err != nil {
		return 0, err
	}
	return g.ID, nil
}

// Publish makes a version of the draft, with which plans begin from now on. It returns what Check finds as fault.Problems
// at "source", and Conflict "error.nothing-to-publish" where there is no draft.
func (ts *Templates) Publish(a policy.Actor, code string, rev uint64, reason string) (*View, error) {
	checked, file, wrong, err := ts.check(a, code)
	if err != nil {
		return nil, err
	}
	var out *View
	err = ts.st.Update(a.By(act.PublishTemplate), func(tx *db.Tx) error {
		t, err := store.TemplatesByCode.First(tx, code)
		if err != nil {
			return err
		}
		if err := policy.FactsOfTemplate(t).May(tx, a, policy.PublishTemplate); err != nil {
			return err
		}
		if err := entry.SameRev(rev, t.Rev); err != nil {
			return err
		}
		if t.Draft != checked {
			return entry.Conflict("error.changed-meanwhile")
		}
		wrong := slices.Clone(wrong)
		reason := entry.CleanLine(&wrong, "reason", reason, store.TemplateVersions.Most("reason"))
		if t.Draft == "" {
			return entry.Conflict("error.nothing-to-publish")
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		v := &store.TemplateVersion{Template: t.ID, Number: t.Number + 1, Source: t.Draft, By: a.ID(), At: tx.Now(), Reason: reason}
		if err := store.TemplateVersions.Put(tx, v); err != nil {
			return err
		}
		t.Name, t.Published, t.Number, t.Draft = file.Name, v.ID, v.Number, ""
		t.Modules = nil
		for _, c := range file.Modules {
			m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(c)))
			if err != nil {
				return err
			}
			t.Modules = append(t.Modules, m.ID)
		}
		if err := store.Templates.Put(tx, t); err != nil {
			return err
		}
		out, err = ts.view(tx, a, t)
		return err
	})
	return out, err
}

// Retire takes a published template out of use, so that no plan begins with it any more, or takes it into use again. Plans
// that began with it go on.
func (ts *Templates) Retire(a policy.Actor, code string, rev uint64, retired bool) (*View, error) {
	var out *View
	err := ts.st.Update(a.By(act.RetireTemplate), func(tx *db.Tx) error {
		t, err := store.TemplatesByCode.First(tx, code)
		if err != nil {
			return err
		}
		if err := policy.FactsOfTemplate(t).May(tx, a, policy.PublishTemplate); err != nil {
			return err
		}
		if err := entry.SameRev(rev, t.Rev); err != nil {
			return err
		}
		t.Retired = retired
		if err := store.Templates.Put(tx, t); err != nil {
			return err
		}
		out, err = ts.view(tx, a, t)
		return err
	})
	return out, err
}

// check reads the draft of a template and what is wrong with it, while nobody who writes waits for that. Without a draft
// there is no file.
func (ts *Templates) check(a policy.Actor, code string) (draft string, file *File, wrong fault.Problems, err error) {
	err = ts.st.View(func(tx *db.Tx) error {
		t, err := store.TemplatesByCode.First(tx, code)
		if err != nil {
			return err
		}
		draft = t.Draft
		return policy.FactsOfTemplate(t).May(tx, a, policy.PublishTemplate)
	})
	if err != nil || draft == "" {
		return draft, nil, nil, err
	}
	if file, err = Parse([]byte(draft)); err != nil {
		return draft, nil, nil, err
	}
	for _, f := range Check(&file.Course) {
		wrong = append(wrong, fault.New(fault.Invalid, f.Key, append([]any{"path", f.Path}, f.Args...)...).At("source"))
	}
	return draft, file, wrong, nil
}

// Seed writes the built-in templates into a desk that has none. A module that the catalogue does not have is left out.
func (ts *Templates) Seed(ctx context.Context) error {
	there := false
	err := ts.st.View(func(tx *db.Tx) error {
		for range store.TemplatesByCode.Entries(tx, db.Span{}) {
			there = true
			break
		}
		return nil
	})
	if err != nil || there {
		return err
	}
	files, err := Builtin()
	if err != nil {
		return err
	}
	return ts.st.Update(db.By{Via: door.Desk, Act: act.Seed}, func(tx *db.Tx) error {
		for range store.TemplatesByCode.Entries(tx, db.Span{}) {
			return nil
		}
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			here := *f
			here.Modules = slices.DeleteFunc(slices.Clone(f.Modules), func(c string) bool {
				_, err := store.ModulesByCode.PeekFirst(tx, c)
				return err != nil
			})
			raw, err := here.Bytes()
			if err != nil {
				return err
			}
			system := policy.Actor{System: true}
			t := &store.Template{}
			if err := ts.write(tx, system, t, Form{Source: raw}); err != nil {
				return err
			}
			v := &store.TemplateVersion{Template: t.ID, Number: 1, Source: t.Draft, At: tx.Now()}
			if err := store.TemplateVersions.Put(tx, v); err != nil {
				return err
			}
			t.Published, t.Number, t.Draft = v.ID, 1, ""
			if err := store.Templates.Put(tx, t); err != nil {
				return err
			}
		}
		return nil
	})
}
