package release

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// editPage is the form of an update.
type editPage struct {
	web.Page
	Action  string
	Cancel  string
	Rev     uint64
	Out     bool          // it was published: some of it stays as it is
	Ticket  uint64        // by whose mail it came, of a new one
	Carried []show.Choice // the files of that mail
	Modules []show.ChoiceGroup
	Kinds   []show.Choice
	Ways    []show.Choice
	Notes   []textField // what everybody reads
	Parts   []textField // the four parts with headings of their own
	audienceFields
}

// audienceFields are the choices of the part of a form that says whom an update is for.
type audienceFields struct {
	Whom   []show.Choice
	Places []show.Choice
	Bodies []show.Choice
}

// textField is a text of the form in one language.
type textField struct {
	Name, Label, Lang string
}

// texts are the long texts of an update, in the order of the form.
var texts = []string{"notes", "news", "corrected", "before", "after"}

func (a pages) getNew(r *web.Request) error {
	q := r.QueryForm()
	if q.ID("ticket"); q.Err() != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	return a.editPage(r, nil, nil, nil)
}

// fromMail fills the form with what came by the mail of the ticket, which leads to NotFound for whoever may make no update of it.
// It returns the values that the fields have at first.
func (a pages) fromMail(r *web.Request, v *editPage, ticket uint64) (url.Values, error) {
	form, files, err := a.Desk.Releases.Draft(r.Actor(), ticket)
	if fault.KindOf(err) == fault.Denied {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	if err != nil {
		return nil, err
	}
	v.Ticket = ticket
	first := a.values(form)
	for _, f := range files {
		v.Carried = append(v.Carried, show.Choice{Value: show.IDValue(f.ID), Label: f.Name, Hint: v.Size(f.Size)})
		first.Add("carry", show.IDValue(f.ID))
	}
	first.Set("kind", store.Ordinary.String())
	first.Set("whom", "installed")
	return first, nil
}

func (a pages) getEdit(r *web.Request) error {
	one, err := a.mine(r)
	if err != nil {
		return err
	}
	return a.editPage(r, one, nil, nil)
}

// mine returns the update of the address, for those who may change it.
func (a pages) mine(r *web.Request) (*release.View, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	one, err := a.Desk.Releases.Read(r.Actor(), n)
	if err == nil && !one.MayWrite || err == nil && one.Out() && !one.MayPublish {
		err = fault.New(fault.NotFound, "error.not-found")
	}
	return one, err
}

// editPage shows the form: empty, filled with the update, or as it was posted.
func (a pages) editPage(r *web.Request, one *release.View, f *web.Form, wrong error) error {
	v := &editPage{Page: r.Page("releases.new"), Action: address.Releases + "/new", Cancel: address.Releases}
	v.Nav = "releases"
	v.Crumb(v.T("releases.title"), address.Releases)
	values := url.Values{"kind": {store.Ordinary.String()}, "whom": {"installed"}, "module": {r.Query("module")}}
	if one != nil {
		here := address.Release(one.Release.ID)
		v.Title, v.Action, v.Cancel, v.Rev, v.Out = v.T("releases.edit"), here+"/edit", here, one.Rev, one.Out()
		v.Crumb(show.ShortName(one.Modules[0].Name.In(v.Lang))+" "+one.Version, here)
		form, err := a.Desk.Releases.FormOf(one)
		if err != nil {
			return err
		}
		values = a.values(form)
	}
	v.Crumb(v.Title, "")
	ticket := r.QueryForm().ID("ticket")
	if f != nil {
		ticket = f.ID("ticket")
	}
	if one == nil && ticket != 0 {
		var err error
		if values, err = a.fromMail(r, v, ticket); err != nil {
			return err
		}
	}
	switch {
	case f != nil:
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	case v.Resume(r):
	default:
		v.Fill(values)
	}
	for i, c := range v.Carried {
		v.Carried[i].Chosen = slices.Contains(v.Form.Values["carry"], c.Value)
	}
	if err := a.choices(v); err != nil {
		return err
	}
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/release-edit", v)
}

// choices are what the form offers.
func (a pages) choices(v *editPage) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	v.Modules = show.ModuleChoices(&v.Page, levels, v.Value("module"), true)
	for _, k := range []store.ReleaseKind{store.Ordinary, store.Urgent, store.Law} {
		v.Kinds = append(v.Kinds, show.Choice{Value: k.String(), Label: v.T("releases.kind-" + k.String()), Chosen: v.Chosen("kind", k.String())})
	}
	for _, b := range []struct{ value, label string }{{"", v.T("releases.back-unsaid")}, {"until", v.T("releases.back-some-time")}, {"restore", v.T("releases.back-restore")}, {"none", v.T("releases.back-none")}} {
		v.Ways = append(v.Ways, show.Choice{Value: b.value, Label: b.label, Chosen: v.Chosen("way-back", b.value)})
	}
	label := map[string]string{"notes": v.T("releases.part-notes"), "news": v.T("releases.part-news"), "corrected": v.T("releases.part-corrected"), "before": v.T("releases.part-before"), "after": v.T("releases.part-after")}
	for i, name := range texts {
		for _, lang := range []string{"it", "en"} {
			t := textField{name + "-" + lang, label[name] + " (" + lang + ")", lang}
			if i == 0 {
				v.Notes = append(v.Notes, t)
			} else {
				v.Parts = append(v.Parts, t)
			}
		}
	}
	v.audienceFields, err = a.audienceFields(&v.Page)
	return err
}

// audienceFields are what the form of the page offers of whom an update may be for.
func (a pages) audienceFields(v *web.Page) (audienceFields, error) {
	var out audienceFields
	for _, w := range []struct{ value, label, hint string }{{"installed", v.T("releases.whom-installed"), v.T("releases.whom-installed-hint")},
		{"organisations", v.T("releases.whom-organisations"), v.T("releases.whom-organisations-hint")}, {"all", v.T("releases.whom-all"), v.T("releases.whom-all-hint")}} {
		out.Whom = append(out.Whom, show.Choice{Value: w.value, Label: w.label, Hint: w.hint, Chosen: v.Chosen("whom", w.value)})
	}
	out.Places = []show.Choice{{Label: v.T("releases.any-environment"), Chosen: v.Value("environment") == ""}}
	for _, e := range []store.Environment{store.Production, store.Test} {
		out.Places = append(out.Places, show.Choice{Value: e.String(), Label: v.T("installations.in-" + e.String()), Chosen: v.Chosen("environment", e.String())})
	}
	chosen := v.Form.Values["organisation"]
	err := a.Desk.Names(func(n desk.Names) {
		for _, o := range n.Organisations() {
			out.Bodies = append(out.Bodies, show.Choice{Value: o.Code, Label: o.Name, Chosen: slices.Contains(chosen, o.Code)})
		}
	})
	return out, err
}

// values fill the form with an update.
func (a pages) values(f release.Form) url.Values {
	out := url.Values{"version": {f.Version}, "kind": {f.Kind.String()}, "norm": {f.Norm.Text}, "way-back": {f.WayBack.Kind.String()},
		"articles": {strings.Join(f.Articles, ", ")}}
	if len(f.Modules) > 0 {
		out.Set("module", f.Modules[0])
		out.Set("modules", strings.Join(f.Modules[1:], ", "))
	}
	for name, w := range map[string]store.Words{"title": f.Title, "notes": f.Notes, "news": f.News, "corrected": f.Corrected, "before": f.Before, "after": f.After, "otherwise": f.Otherwise,
		"way-back-text": f.WayBack.Text, "stop-text": f.Stop.Text} {
		out.Set(name+"-it", w.IT)
		out.Set(name+"-en", w.EN)
	}
	for name, day := range map[string]time.Time{"norm-date": f.Norm.Date, "install-by-test": f.InstallBy.Test, "install-by-production": f.InstallBy.Production} {
		if !day.IsZero() {
			out.Set(name, day.Format(time.DateOnly))
		}
	}
	for name, at := range map[string]time.Time{"stop-from": f.Stop.From, "stop-until": f.Stop.Until, "stop-latest": f.Stop.Latest, "way-back-until": f.WayBack.Until} {
		web.SetMoment(out, name, at, a.Desk.Location())
	}
	maps.Copy(out, valuesOfAudience(f.Audience))
	var needs, replaces, tickets []string
	for _, n := range f.Needs {
		if n.Release != 0 {
			needs = append(needs, "#"+show.IDValue(n.Release))
		} else {
			needs = append(needs, n.Version)
		}
	}
	for _, n := range f.Replaces {
		replaces = append(replaces, show.IDValue(n))
	}
	for _, n := range f.Tickets {
		tickets = append(tickets, show.IDValue(n))
	}
	for _, n := range f.Corrects {
		out.Add("corrects", show.IDValue(n))
	}
	out.Set("corrects", strings.Join(out["corrects"], ", "))
	out.Set("needs", strings.Join(needs, ", "))
	out.Set("replaces", strings.Join(replaces, ", "))
	out.Set("tickets", strings.Join(tickets, ", "))
	return out
}

// valuesOfAudience fill the part of a form that says whom an update is for.
func valuesOfAudience(of release.Audience) url.Values {
	out := url.Values{"whom": {"organisations"}, "organisation": of.Organisations}
	if of.All {
		out.Set("whom", "all")
	}
	for _, in := range of.Installed[:min(1, len(of.Installed))] {
		out.Set("whom", "installed")
		out.Set("environment", in.Environment.String())
		out.Set("from", in.From)
		out.Set("until", in.Until)
	}
	return out
}

// readForm reads an update from the form. before is what it says now, nil for a new one: what the form does not have stays.
func (a pages) readForm(f *web.Form, before *release.Form) release.Form {
	out := release.Form{}
	if before != nil {
		out = *before
	}
	if !f.Has("modules") { // what was published keeps these
		a.readTexts(f, &out)
		return out
	}
	out.Modules = append([]string{f.Raw("module")}, split(f.Raw("modules"))...)
	if out.Modules[0] == "" {
		out.Modules = out.Modules[1:]
	}
	out.Carried = f.IDs("carry")
	out.Version, out.Kind = f.Raw("version"), web.FormCode[store.ReleaseKind](f, "kind")
	out.Replaces = numbers(f, "replaces")
	out.Audience = readAudience(f, out.Audience)
	a.readTexts(f, &out)
	return out
}

// readAudience reads whom an update is for. Of several ranges of versions the form shows the first; the others stay.
func readAudience(f *web.Form, before release.Audience) release.Audience {
	switch f.Raw("whom") {
	case "all":
		return release.Audience{All: true}
	case "organisations":
		return release.Audience{Organisations: f.List("organisation")}
	case "installed":
		first := release.Installed{Environment: web.FormCode[store.Environment](f, "environment"), From: f.Raw("from"), Until: f.Raw("until")}
		return release.Audience{Installed: append([]release.Installed{first}, before.Installed[min(1, len(before.Installed)):]...)}
	}
	return release.Audience{}
}

// readTexts reads what may change at any time.
func (a pages) readTexts(f *web.Form, out *release.Form) {
	both := func(name string) store.Words { return store.Words{IT: f.Body(name + "-it"), EN: f.Body(name + "-en")} }
	out.Title, out.Notes, out.News, out.Corrected, out.Before, out.After, out.Otherwise = both("title"), both("notes"), both("news"), both("corrected"), both("before"), both("after"), both("otherwise")
	out.Norm = store.Norm{Text: f.Raw("norm"), Date: day(f, "norm-date")}
	out.InstallBy = store.InstallBy{Test: day(f, "install-by-test"), Production: day(f, "install-by-production")}
	out.Stop = store.Stop{From: f.Moment("stop-from"), Until: f.Moment("stop-until"), Latest: f.Moment("stop-latest"), Text: both("stop-text")}
	out.WayBack = store.WayBack{Kind: web.FormCode[store.Back](f, "way-back"), Until: f.Moment("way-back-until"), Text: both("way-back-text")}
	out.Articles, out.Tickets, out.Corrects = split(f.Raw("articles")), numbers(f, "tickets"), numbers(f, "corrects")
	out.Needs = nil
	for _, n := range split(f.Raw("needs")) {
		if number, err := strconv.ParseUint(strings.TrimPrefix(n, "#"), 10, 64); err == nil && strings.HasPrefix(n, "#") {
			out.Needs = append(out.Needs, store.Need{Release: number})
		} else {
			out.Needs = append(out.Needs, store.Need{Version: n})
		}
	}
}

// split returns the things of a list with commas.
func split(s string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ';' || c == '\n' }), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// numbers returns the numbers of a list with commas.
func numbers(f *web.Form, name string) []uint64 {
	var out []uint64
	for _, s := range split(f.Raw(name)) {
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(s), "#"), 10, 64)
		if err != nil {
			f.Refuse(name, "error.number")
			continue
		}
		out = append(out, n)
	}
	return out
}

// day returns the day of the field at its beginning in UTC.
func day(f *web.Form, name string) time.Time {
	t := f.Time(name)
	if t.IsZero() {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (a pages) postNew(r *web.Request) error {
	if err := a.Desk.Releases.MayDraft(r.Actor(), nil); err != nil {
		return err
	}
	return a.save(r, nil)
}

func (a pages) postEdit(r *web.Request) error {
	one, err := a.mine(r)
	if err != nil {
		return err
	}
	return a.save(r, one)
}

func (a pages) save(r *web.Request, one *release.View) error {
	f := r.Form()
	var before *release.Form
	number := uint64(0)
	if one != nil {
		form, err := a.Desk.Releases.FormOf(one)
		if err != nil {
			return err
		}
		before, number = &form, one.Release.ID
	}
	form := a.readForm(f, before)
	form.Rev = f.ID("rev")
	err := f.Err()
	var saved *release.View
	if err == nil {
		saved, err = a.Desk.Releases.Save(r.Actor(), number, form)
	}
	if fault.KindOf(err) == fault.Denied { // of a module of another group
		f.Refuse("module", "error.release-module-denied")
		err = f.Err()
	}
	if err != nil {
		return a.editPage(r, one, f, err)
	}
	return r.Done("flash.release-saved", address.Release(saved.Release.ID))
}
