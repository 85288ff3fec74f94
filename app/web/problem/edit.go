package problem

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/problem"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// editPage is the form of a known problem.
type editPage struct {
	web.Page
	Action     string
	Cancel     string
	Rev        uint64
	New        bool
	Tickets    []string // that a new one has from the beginning, by number
	Emptied    bool     // the ticket is confidential: its words were not taken over
	Modules    []show.ChoiceGroup
	States     []show.Choice
	Severities []show.Choice
	Places     []show.Choice
	Audiences  []show.Choice
	Texts      []textField
	Rows       []row
}

// textField is a text of the form in one language.
type textField struct{ Name, Label, Lang string }

// row is a row of the form's table of versions.
type row struct{ N, From, Until, Fixed string }

// How many rows of the table of versions the form has at first, how many more a button adds, and how many it has at most.
const (
	firstRows = 3
	moreRows  = 3
	mostRows  = 60
)

func (a pages) getNew(r *web.Request) error {
	if err := a.Desk.Problems.MayWrite(r.Actor(), ""); err != nil {
		return err
	}
	q := r.QueryForm()
	ticket := q.ID("ticket")
	if err := q.Err(); err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if ticket == 0 {
		return a.editPage(r, nil, valuesOf(problem.Form{Module: q.Raw("module")}), nil, nil)
	}
	form, err := a.Desk.Problems.Draft(r.Actor(), ticket)
	if err != nil {
		return err
	}
	return a.editPage(r, nil, valuesOf(form), nil, nil)
}

func (a pages) getEdit(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.editPage(r, one, valuesOf(problem.FormOf(one)), nil, nil)
}

// valuesOf are the values of the fields of the form; those of the table of versions are in rowsOf.
func valuesOf(f problem.Form) url.Values {
	v := url.Values{"module": {f.Module}, "title-it": {f.Title.IT}, "title-en": {f.Title.EN}, "text-it": {f.Text.IT}, "text-en": {f.Text.EN}, "workaround-it": {f.Workaround.IT}, "workaround-en": {f.Workaround.EN},
		"environment": {f.Environment.String()}, "severity": {f.Severity.String()}, "state": {f.State.String()}, "regression-good": {f.Regression.Good}, "regression-introduced-by": {f.Regression.IntroducedBy},
		"audience": {f.Audience.String()}, "owner": {f.Owner}, "supplier-number": {f.Supplier.Number}, "supplier-address": {f.Supplier.Address}}
	for _, n := range f.Tickets {
		v.Add("tickets", show.IDValue(n))
	}
	for _, r := range f.Affected {
		v.Add("affected-from", r.From)
		v.Add("affected-until", r.Until)
		v.Add("fixed-in", "")
	}
	return v
}

// editPage shows the form: with its first values, or as it was posted.
func (a pages) editPage(r *web.Request, one *problem.View, first url.Values, f *web.Form, wrong error) error {
	v := &editPage{Page: r.Page("problems.new"), Action: address.Problems + "/new", Cancel: address.Problems, New: one == nil}
	v.Nav = "problems"
	v.Crumb(v.T("problems.title"), address.Problems)
	if one != nil {
		here := address.Problem(one.ID)
		v.Title, v.Action, v.Cancel, v.Rev = v.T("problems.edit"), here+"/edit", here, one.Rev
		v.Crumb(v.T("problems.number", "number", show.IDValue(one.ID)), here)
		for _, name := range []string{"affected-from", "affected-until", "fixed-in"} {
			first.Del(name)
		}
		for _, b := range one.Branches() {
			first.Add("affected-from", b.From)
			first.Add("affected-until", b.Until)
			first.Add("fixed-in", b.Fixed)
		}
	}
	v.Crumb(v.Title, "")
	switch {
	case f != nil:
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	case v.Resume(r):
	default:
		v.Fill(first)
		if v.Emptied = len(first["tickets"]) > 0 && v.Chosen("audience", store.Agents.String()); !v.Emptied && v.Value("audience") == "" {
			v.Form.Values.Set("audience", store.SignedIn.String())
		}
	}
	v.Tickets = slices.DeleteFunc(slices.Clone(v.Form.Values["tickets"]), func(s string) bool { return s == "" })
	v.rows()
	if err := a.choices(v); err != nil {
		return err
	}
	if err := show.House(a.Site, r, &v.Page, address.Problems); err != nil {
		return err
	}
	return r.Render("page/problem-edit", v)
}

// rows are the rows of the table of versions: what there is, and some to write more into.
func (v *editPage) rows() {
	from, until, fixed := v.Form.Values["affected-from"], v.Form.Values["affected-until"], v.Form.Values["fixed-in"]
	n := max(len(from), len(until), len(fixed))
	at := func(list []string, i int) string {
		if i < len(list) {
			return strings.ToValidUTF8(list[i], "\uFFFD")
		}
		return ""
	}
	want := max(n, firstRows)
	if v.Value("act") == "row" || n > 0 && n >= firstRows && v.Value("act") == "" {
		want = n + moreRows
	}
	for i := range min(want, mostRows) {
		v.Rows = append(v.Rows, row{v.Number(i + 1), at(from, i), at(until, i), at(fixed, i)})
	}
}

// choices are what the form offers.
func (a pages) choices(v *editPage) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v.Modules = show.ModuleChoices(&v.Page, levels, v.Value("module"), true)
	for _, s := range states {
		v.States = append(v.States, show.Choice{Value: s.String(), Label: v.T("problems.state-" + s.String()), Chosen: v.Chosen("state", s.String())})
	}
	v.Severities = []show.Choice{{Label: v.T("problems.unsaid"), Chosen: v.Value("severity") == ""}}
	for s := store.Blocking; s <= store.Low; s++ {
		v.Severities = append(v.Severities, show.Choice{Value: s.String(), Label: v.T("severity." + s.String()), Chosen: v.Chosen("severity", s.String())})
	}
	v.Places = []show.Choice{{Label: v.T("problems.any-environment"), Chosen: v.Value("environment") == ""}}
	for _, e := range []store.Environment{store.Production, store.Test} {
		v.Places = append(v.Places, show.Choice{Value: e.String(), Label: v.T("installations.in-" + e.String()), Chosen: v.Chosen("environment", e.String())})
	}
	for _, s := range []store.Audience{store.SignedIn, store.Public, store.Agents} {
		v.Audiences = append(v.Audiences, show.Choice{Value: s.String(), Label: v.T("problems.audience-" + s.String()), Chosen: v.Chosen("audience", s.String())})
	}
	label := map[string]string{"text": v.T("problems.text"), "workaround": v.T("problems.workaround")}
	for _, name := range []string{"text", "workaround"} {
		for _, lang := range []string{"it", "en"} {
			v.Texts = append(v.Texts, textField{name + "-" + lang, label[name] + " (" + lang + ")", lang})
		}
	}
	return nil
}

// readForm reads the posted form over what there was.
func readForm(f *web.Form, out problem.Form) problem.Form {
	both := func(name string) store.Words { return store.Words{IT: f.Body(name + "-it"), EN: f.Body(name + "-en")} }
	out.Module, out.Title, out.Text, out.Workaround = f.Raw("module"), both("title"), both("text"), both("workaround")
	out.Environment, out.Severity, out.Audience = web.FormCode[store.Environment](f, "environment"), web.FormCode[store.Severity](f, "severity"), web.FormCode[store.Audience](f, "audience")
	out.Regression = store.Regression{Good: f.Raw("regression-good"), IntroducedBy: f.Raw("regression-introduced-by")}
	out.Supplier = store.Supplier{Number: f.Raw("supplier-number"), Address: f.Raw("supplier-address")}
	out.Owner, out.Rev = f.Raw("owner"), f.ID("rev")
	out.Affected, out.FixedIn = nil, versions(f.Values["fixed-in"])
	until := f.Values["affected-until"]
	for i, from := range f.Values["affected-from"] {
		one := store.Range{From: from}
		if i < len(until) {
			one.Until = until[i]
		}
		out.Affected = append(out.Affected, one)
	}
	return out
}

// versions returns the versions of fields that have some each, with commas.
func versions(fields []string) []string {
	var out []string
	for _, s := range fields {
		for _, one := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ';' }) {
			if one = strings.TrimSpace(one); one != "" {
				out = append(out, one)
			}
		}
	}
	return out
}

func (a pages) postNew(r *web.Request) error {
	if err := a.Desk.Problems.MayWrite(r.Actor(), ""); err != nil {
		return err
	}
	return a.save(r, nil)
}

func (a pages) postEdit(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.save(r, one)
}

func (a pages) save(r *web.Request, one *problem.View) error {
	f := r.Form()
	if f.Raw("act") == "row" { // the form comes back with more rows, and nothing is written
		return a.editPage(r, one, url.Values{}, f, nil)
	}
	var before problem.Form
	number := uint64(0)
	if one != nil {
		before, number = problem.FormOf(one), one.ID
	}
	form := readForm(f, before)
	if one == nil {
		form.State, form.Reason, form.Tickets = web.FormCode[store.ProblemState](f, "state"), f.Body("reason"), f.IDs("tickets")
	}
	err := f.Err()
	var saved *problem.View
	if err == nil {
		saved, err = a.Desk.Problems.Save(r.Actor(), number, form)
	}
	if err = besideField(err, f, "module", "error.problem-module"); err != nil {
		return a.editPage(r, one, url.Values{}, f, err)
	}
	return r.Done("flash.problem-saved", address.Problem(saved.ID))
}

// besideField returns the error as one of the form, with the sentence of the key, where it says that what the field names is another
// group's.
func besideField(err error, f *web.Form, field, key string) error {
	var one *fault.Error
	if errors.As(err, &one) && one.Kind == fault.Denied && one.Field == field {
		f.Refuse(field, key, "module", one.Args["module"])
		return f.Err()
	}
	return err
}
