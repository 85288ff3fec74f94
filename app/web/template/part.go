package template

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sportello/app/address"
	"sportello/app/desk/template"
	"sportello/app/timeline"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// partPage is the form of one decision or one step of a template.
type partPage struct {
	web.Page
	Action, Cancel string
	Rev            uint64
	Kind           string // of a new one: decision or step
	Remove         string // what the button that removes it says; empty for a new one
	Groups         []group
}

// group is a part of the form.
type group struct {
	Key, Title string    // no title: what comes first
	Rows       [][]field // fields of a row stand beside each other
}

// field is one field of the form.
type field struct {
	ID, Label, Hint string
	Lang            string // of its text; empty: it is not in one language
	Kind            string // line, text, one, many, boxes, or mark: nothing to be seen
	Options         []show.Choice
	Places          []show.ChoiceGroup // of one in groups
}

// How long the texts of the form are, how many options, files and other days it takes, which is more than any template has, and
// from how many on what can be chosen is a list that scrolls.
const (
	mostLineText = 1000
	mostText     = 4000
	mostEntries  = 200
	mostBoxes    = 12
)

func (a pages) getNewPart(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	q := r.QueryForm()
	phase := q.Raw("phase")
	if phase == "" && len(one.File.Phases) > 0 {
		phase = one.File.Phases[0].Code
	}
	return a.partPage(r, one, "", url.Values{"kind": {q.Raw("kind")}, "place": {phase + "/"}}, nil, nil)
}

func (a pages) getPart(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	c := &one.File.Course
	code := param(r, "part")
	ph, d, s := c.Part(code)
	if ph == nil {
		return gone()
	}
	first := valuesOf(d, s)
	first.Set("place", ph.Code+"/"+after(ph, code))
	return a.partPage(r, one, code, first, nil, nil)
}

// kindDecision is the word for a decision; every other is for a step.
const kindDecision = "decision"

// after returns the code of what stands after the one of the code in its phase; empty: it is the last of its kind.
func after(ph *template.Phase, code string) string {
	for i, d := range ph.Decisions {
		if d.Code == code && i+1 < len(ph.Decisions) {
			return ph.Decisions[i+1].Code
		}
	}
	for i, s := range ph.Steps {
		if s.Code == code && i+1 < len(ph.Steps) {
			return ph.Steps[i+1].Code
		}
	}
	return ""
}

func (a pages) partPage(r *web.Request, one *template.View, code string, first url.Values, f *web.Form, wrong error) error {
	here := address.Template(one.Template.Code)
	c := &one.File.Course
	v := &partPage{Action: here + "/parts/" + url.PathEscape(code), Cancel: here, Rev: one.Rev}
	_, d, s := c.Part(code)
	decision := d != nil
	switch {
	case code == "":
		kind := first.Get("kind")
		if f != nil {
			kind = f.Raw("kind")
		}
		v.Kind, v.Action = "step", here+"/new-part"
		if v.Page = a.begin(r, one, "template.new-step"); kind == kindDecision {
			decision, v.Kind = true, kindDecision
			v.Page = a.begin(r, one, "template.new-decision")
		}
	case decision:
		v.Page = a.begin(r, one, "template.one", "name", d.Question.In(r.Visit().Lang))
		v.Remove = v.T("template.remove-decision")
	default:
		v.Page = a.begin(r, one, "template.one", "name", s.Name.In(r.Visit().Lang))
		v.Remove = v.T("template.remove-step")
	}
	p := &v.Page
	switch {
	case f != nil:
		p.Form = f
	case v.Resume(r):
	default:
		v.Fill(first)
	}
	if decision {
		v.Groups = decisionGroups(p, c, code)
	} else {
		v.Groups = stepGroups(p, c, code)
	}
	if f != nil {
		if err := v.Refill(f, besideFields(p, v.Groups, wrong)); err != nil {
			return err
		}
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/template-part", v)
}

// besideFields puts what was refused beside the fields of the form, and says it with their names.
func besideFields(p *web.Page, groups []group, err error) error {
	var many fault.Problems
	if !errors.As(err, &many) {
		return at(err, "place")
	}
	labels := map[string]string{}
	for _, g := range groups {
		for _, row := range g.Rows {
			for _, f := range row {
				labels[f.ID] = f.Label
			}
		}
	}
	id := strings.NewReplacer("options.", "option-", "files.", "file-", ".", "-", "_", "-")
	var out fault.Problems
	for _, e := range many {
		e = e.At(id.Replace(e.Field))
		args := []any{}
		for name, value := range e.Args {
			switch name {
			case "path", "field":
				value = labels[e.Field]
			case "reason":
				if key, ok := value.(string); ok {
					value = p.T(key)
				}
			}
			args = append(args, name, value)
		}
		if e.Key == "template.condition" {
			e = fault.New(e.Kind, "template.condition-at", args...).At(e.Field)
		} else {
			e = fault.New(e.Kind, e.Key, args...).At(e.Field)
		}
		out = append(out, e)
	}
	return out
}

func (a pages) postNewPart(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	f := r.Form()
	return a.savePart(r, one, "", f.Raw("kind") == kindDecision, f)
}

func (a pages) postPart(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	code := param(r, "part")
	ph, d, _ := one.File.Part(code)
	if ph == nil {
		return gone()
	}
	f := r.Form()
	if f.Raw("act") == "remove" {
		if _, err := a.Desk.Templates.RemovePart(r.Actor(), one.Template.Code, code, f.ID("rev")); err != nil {
			return a.partPage(r, one, code, nil, f, err)
		}
		return r.Done("flash.template-part-removed", address.Template(one.Template.Code))
	}
	return a.savePart(r, one, code, d != nil, f)
}

func (a pages) savePart(r *web.Request, one *template.View, code string, decision bool, f *web.Form) error {
	if f.Raw("act") == "row" { // the form comes back with more rows, and nothing is written
		return a.partPage(r, one, code, nil, f, nil)
	}
	_, d, s := one.File.Part(code)
	part := template.Part{Was: code}
	part.Phase, part.Before, _ = strings.Cut(f.Raw("place"), "/")
	if decision {
		part.Decision = readDecision(f, d)
	} else {
		part.Step = readStep(f, s)
	}
	rev := f.ID("rev")
	err := f.Err()
	if err == nil {
		_, err = a.Desk.Templates.SavePart(r.Actor(), one.Template.Code, part, rev)
	}
	if err != nil {
		return a.partPage(r, one, code, nil, f, err)
	}
	return r.Done("flash.template-saved", address.Template(one.Template.Code))
}

// reader reads the fields of the form.
type reader struct{ *web.Form }

func (f reader) line(id string) string { return f.Text(id, mostLineText) }

func (f reader) text(id string) string {
	s := f.Body(id)
	if n := utf8.RuneCountInString(s); n > mostText {
		f.Refuse(id, "error.too-long", "max", mostText, "have", n)
	}
	return s
}

func (f reader) lines(id string) store.Words {
	return store.Words{IT: f.line(id + "-it"), EN: f.line(id + "-en")}
}

func (f reader) texts(id string) store.Words {
	return store.Words{IT: f.text(id + "-it"), EN: f.text(id + "-en")}
}

// entries calls read with the beginning of the names of each entry of several, from 1.
func (f reader) entries(name string, read func(n int, id string)) {
	for n := 1; n <= mostEntries; n++ {
		id := name + "-" + strconv.Itoa(n)
		if !f.Has(id) {
			return
		}
		read(n, id)
	}
}

// codes returns the values of a field in which several are chosen: those that were there before in their order, for the first
// role says whose court a step is in, then the others.
func (f reader) codes(id string, was []string) []string {
	chosen := f.List(id)
	out := slices.DeleteFunc(slices.Clone(was), func(c string) bool { return !slices.Contains(chosen, c) })
	for _, c := range chosen {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

func readDecision(form *web.Form, was *template.DecisionForm) *template.DecisionForm {
	f := reader{form}
	if was == nil {
		was = &template.DecisionForm{Code: f.line("code")}
	}
	d := &template.DecisionForm{Code: was.Code, Question: f.lines("question"), Why: f.texts("why"), Who: f.codes("who", was.Who), After: f.codes("after", was.After), When: f.text("when"), Back: f.Raw("back"),
		Price: f.lines("price"), Until: f.line("until"), Norms: f.codes("norms", was.Norms), Articles: f.Lines("articles")}
	f.entries("option", func(n int, id string) {
		o := template.Option{Code: f.line(id + "-code"), Name: f.lines(id + "-name"), Allows: f.lines(id + "-allows"), RulesOut: f.lines(id + "-rules-out"), Costs: f.lines(id + "-costs"),
			Suits: f.lines(id + "-suits"), When: f.text(id + "-when"), Recommended: f.text(id + "-recommended"), Because: f.lines(id + "-because")}
		if o.Name == (store.Words{}) {
			return // it goes
		}
		if n <= len(was.Options) {
			o.Norms = was.Options[n-1].Norms
		}
		d.Options = append(d.Options, o)
	})
	return d
}

func readStep(form *web.Form, was *template.StepForm) *template.StepForm {
	f := reader{form}
	if was == nil {
		was = &template.StepForm{Code: f.line("code")}
	}
	s := &template.StepForm{Code: was.Code, Name: f.lines("name"), Text: f.texts("text"), Who: f.codes("who", was.Who), Day: f.line("day"), Takes: f.Int("takes", 0, timeline.MaxOffset, 0), Waits: f.codes("waits", was.Waits), When: f.text("when"),
		Done: f.Raw("done"), DoneWhen: f.lines("done-when"), Milestone: f.lines("milestone"), By: f.Raw("by"), Norms: f.codes("norms", was.Norms), Articles: f.Lines("articles")}
	f.entries("moved", func(_ int, id string) {
		if m := (template.MovedDay{When: f.text(id + "-when"), Day: f.line(id + "-day")}); m != (template.MovedDay{}) {
			s.Moved = append(s.Moved, m)
		}
	})
	f.entries("file", func(_ int, id string) {
		x := template.FileForm{Code: f.line(id + "-code"), Name: f.lines(id + "-name")}
		if x.Name == (store.Words{}) {
			return
		}
		if from := f.Raw(id + "-from"); from != "" && x.From.UnmarshalText([]byte(from)) != nil {
			f.Refuse(id+"-from", "error.choice")
		}
		s.Files = append(s.Files, x)
	})
	it, en := f.Lines("checklist-it"), f.Lines("checklist-en")
	for i := range max(len(it), len(en)) {
		var w store.Words
		if i < len(it) {
			w.IT = it[i]
		}
		if i < len(en) {
			w.EN = en[i]
		}
		s.Checklist = append(s.Checklist, w)
	}
	return s
}

// valuesOf are the values of the fields of the form.
func valuesOf(d *template.DecisionForm, s *template.StepForm) url.Values {
	v := url.Values{}
	words := func(id string, w store.Words) { v[id+"-it"], v[id+"-en"] = []string{w.IT}, []string{w.EN} }
	if d != nil {
		for id, text := range map[string]string{"when": d.When, "back": d.Back, "until": d.Until, "articles": strings.Join(d.Articles, "\n")} {
			v.Set(id, text)
		}
		v["who"], v["after"], v["norms"] = d.Who, d.After, d.Norms
		words("question", d.Question)
		words("why", d.Why)
		words("price", d.Price)
		for i, o := range d.Options {
			id := "option-" + strconv.Itoa(i+1)
			v.Set(id, "")
			for name, text := range map[string]string{"code": o.Code, "when": o.When, "recommended": o.Recommended} {
				v.Set(id+"-"+name, text)
			}
			for name, w := range map[string]store.Words{"name": o.Name, "allows": o.Allows, "rules-out": o.RulesOut, "costs": o.Costs, "suits": o.Suits, "because": o.Because} {
				words(id+"-"+name, w)
			}
		}
		return v
	}
	for id, text := range map[string]string{"day": s.Day, "when": s.When, "done": s.Done, "by": s.By, "articles": strings.Join(s.Articles, "\n")} {
		v.Set(id, text)
	}
	if s.Takes != 0 {
		v.Set("takes", strconv.Itoa(s.Takes))
	}
	v["who"], v["waits"], v["norms"] = s.Who, s.Waits, s.Norms
	words("name", s.Name)
	words("text", s.Text)
	words("done-when", s.DoneWhen)
	words("milestone", s.Milestone)
	var it, en []string
	for _, w := range s.Checklist {
		it, en = append(it, w.IT), append(en, w.EN)
	}
	words("checklist", store.Words{IT: strings.Join(it, "\n"), EN: strings.Join(en, "\n")})
	for i, m := range s.Moved {
		id := "moved-" + strconv.Itoa(i+1)
		v[id], v[id+"-when"], v[id+"-day"] = []string{""}, []string{m.When}, []string{m.Day}
	}
	for i, x := range s.Files {
		id := "file-" + strconv.Itoa(i+1)
		v[id], v[id+"-code"], v[id+"-from"] = []string{""}, []string{x.Code}, []string{x.From.String()}
		words(id+"-name", x.Name)
	}
	return v
}

// slots returns how many entries of several the form shows: what there is, and one more, or a few where more were asked for.
func slots(p *web.Page, name string, least int) int {
	n := 0
	for n < mostEntries && p.Form.Has(name+"-"+strconv.Itoa(n+1)) {
		n++
	}
	if p.Value("act") == "" || p.Value("act") == "row" {
		n++
	}
	return min(max(n, least), mostEntries)
}

// form makes the fields of a part of the template.
type form struct {
	p      *web.Page
	c      *template.Course
	groups []group
	marks  []field // that go with the next row
}

func (f *form) group(key, title string) {
	f.groups = append(f.groups, group{Key: key, Title: title})
}

func (f *form) add(row ...field) {
	last := &f.groups[len(f.groups)-1]
	last.Rows = append(last.Rows, append(f.marks, row...))
	f.marks = nil
}

// mark adds what says that the form has one more of several entries.
func (f *form) mark(id string) { f.marks = append(f.marks, field{ID: id, Kind: "mark"}) }

// both adds a field in each language.
func (f *form) both(id, label, hint, kind string) {
	var row []field
	for _, lang := range []string{"it", "en"} {
		row = append(row, field{ID: id + "-" + lang, Label: label + " (" + lang + ")", Hint: hint, Lang: lang, Kind: kind})
	}
	f.add(row...)
}

// choose adds a field in which several of the options are chosen; none where there are none.
func (f *form) choose(id, label string, options []show.Choice) {
	kind := "boxes"
	if len(options) > mostBoxes {
		kind = "many"
	}
	if len(options) > 0 {
		f.add(field{ID: id, Label: label, Kind: kind, Options: options})
	}
}

// one adds a field in which one of the words is chosen, or none.
func (f *form) one(id, label, none string, labels map[string]string, words []string) {
	options := []show.Choice{{Label: none, Chosen: f.p.Value(id) == ""}}
	for _, w := range words {
		options = append(options, show.Choice{Value: w, Label: labels[w], Chosen: f.p.Chosen(id, w)})
	}
	f.add(field{ID: id, Label: label, Kind: "one", Options: options})
}

func (f *form) choice(id, value, label string) show.Choice {
	return show.Choice{Value: value, Label: label, Chosen: f.p.Chosen(id, value)}
}

// head adds what decisions and steps have both: their place, and the code of a new one.
func (f *form) head(code string, decision bool) {
	p := f.p
	x := field{ID: "place", Label: p.T("template.place"), Kind: "one"}
	for _, ph := range f.c.Phases {
		g := show.ChoiceGroup{Label: ph.Name.In(p.Lang)}
		for _, d := range ph.Decisions {
			if decision && d.Code != code {
				g.Options = append(g.Options, f.choice("place", ph.Code+"/"+d.Code, p.T("template.place-before", "name", d.Question.In(p.Lang))))
			}
		}
		for _, s := range ph.Steps {
			if !decision && s.Code != code {
				g.Options = append(g.Options, f.choice("place", ph.Code+"/"+s.Code, p.T("template.place-before", "name", s.Name.In(p.Lang))))
			}
		}
		g.Options = append(g.Options, f.choice("place", ph.Code+"/", p.T("template.place-end", "name", ph.Name.In(p.Lang))))
		x.Places = append(x.Places, g)
	}
	f.add(x)
	if code == "" {
		f.add(field{ID: "code", Label: p.T("template.code-label"), Hint: p.T("template.code-hint"), Kind: "line"})
	}
}

// tail adds norms and articles.
func (f *form) tail() {
	p := f.p
	var norms []show.Choice
	for _, n := range f.c.Norms {
		norms = append(norms, f.choice("norms", n.Code, n.Text.In(p.Lang)))
	}
	f.choose("norms", p.T("plan.norms"), norms)
	f.add(field{ID: "articles", Label: p.T("template.articles"), Hint: p.T("template.articles-hint"), Kind: "text"})
}

func (f *form) roles(label string) {
	var out []show.Choice
	for _, x := range f.c.Roles {
		out = append(out, f.choice("who", x.Code, x.Name.In(f.p.Lang)))
	}
	f.choose("who", label, out)
}

func (f *form) when() {
	f.add(field{ID: "when", Label: f.p.T("template.only"), Hint: f.p.T("template.only-hint"), Kind: "line"})
}

func decisionGroups(p *web.Page, c *template.Course, code string) []group {
	f := &form{p: p, c: c}
	f.group("main", "")
	f.both("question", p.T("template.question"), "", "line")
	f.both("why", p.T("template.why"), "", "text")
	f.head(code, true)
	f.roles(p.T("template.who-decides"))
	var before []show.Choice
	later := false
	for _, ph := range c.Phases {
		for _, d := range ph.Decisions {
			if later = later || d.Code == code; !later || d.Code != code && p.Chosen("after", d.Code) {
				before = append(before, f.choice("after", d.Code, d.Question.In(p.Lang)))
			}
		}
	}
	f.choose("after", p.T("template.after-label"), before)
	f.when()
	for n := range slots(p, "option", 2) {
		id := "option-" + strconv.Itoa(n+1)
		f.group(id, p.T("template.option-n", "n", p.Number(n+1)))
		f.mark(id)
		f.both(id+"-name", p.T("template.option-name"), "", "line")
		f.both(id+"-allows", p.T("plan.allows"), "", "text")
		f.both(id+"-rules-out", p.T("plan.rules-out"), "", "text")
		f.both(id+"-costs", p.T("plan.costs"), "", "text")
		f.both(id+"-suits", p.T("plan.suits"), "", "text")
		f.add(field{ID: id + "-when", Label: p.T("template.option-when"), Kind: "line"})
		f.add(field{ID: id + "-recommended", Label: p.T("template.option-recommended"), Hint: p.T("template.recommended-hint"), Kind: "line"})
		f.both(id+"-because", p.T("template.option-because"), "", "text")
		f.add(field{ID: id + "-code", Label: p.T("template.code-label"), Hint: p.T("template.option-code-hint"), Kind: "line"})
	}
	f.group("later", p.T("plan.later"))
	f.one("back", p.T("template.back-how"), p.T("template.unsaid"), map[string]string{"free": p.T("plan.back-free"), "office": p.T("plan.back-office"), "boundary": p.T("plan.back-boundary"), "never": p.T("plan.back-never")}, template.Backs)
	f.both("price", p.T("template.price"), "", "line")
	f.add(field{ID: "until", Label: p.T("template.no-return"), Hint: p.T("template.day-hint"), Kind: "line"})
	f.tail()
	return f.groups
}

func stepGroups(p *web.Page, c *template.Course, code string) []group {
	f := &form{p: p, c: c}
	f.group("main", "")
	f.both("name", p.T("template.step-name"), "", "line")
	f.both("text", p.T("template.what-to-do"), "", "text")
	f.head(code, false)
	f.roles(p.T("template.who-does"))
	f.when()
	f.group("days", p.T("template.days"))
	f.add(field{ID: "day", Label: p.T("plan.due"), Hint: p.T("template.day-hint"), Kind: "line"})
	for n := range slots(p, "moved", 1) {
		id := "moved-" + strconv.Itoa(n+1)
		f.mark(id)
		f.add(field{ID: id + "-when", Label: p.T("template.moved-when", "n", p.Number(n+1)), Kind: "line"},
			field{ID: id + "-day", Label: p.T("template.moved-day", "n", p.Number(n+1)), Kind: "line"})
	}
	f.add(field{ID: "takes", Label: p.T("template.takes-label"), Kind: "line"})
	var waits []show.Choice
	for _, ph := range c.Phases {
		for _, d := range ph.Decisions {
			waits = append(waits, f.choice("waits", d.Code, d.Question.In(p.Lang)))
		}
		for _, s := range ph.Steps {
			if s.Code != code {
				waits = append(waits, f.choice("waits", s.Code, s.Name.In(p.Lang)))
			}
		}
	}
	f.choose("waits", p.T("plan.waits-for"), waits)
	f.group("done-title", p.T("template.done-title"))
	f.one("done", p.T("template.done-by"), p.T("template.done-tick"), map[string]string{"figure": p.T("template.done-figure"), "file": p.T("template.done-file"), "units": p.T("template.done-units")}, template.DoneBy[1:])
	f.both("done-when", p.T("template.done-when-label"), "", "line")
	f.both("milestone", p.T("plan.milestone"), p.T("template.milestone-hint"), "line")
	f.one("by", p.T("template.help"), p.T("template.unsaid"), map[string]string{"ticket": p.T("template.help-ticket"), "project": p.T("template.help-project")}, template.Supports)
	f.both("checklist", p.T("plan.checklist"), p.T("template.checklist-hint"), "text")
	for n := range slots(p, "file", 1) {
		id := "file-" + strconv.Itoa(n+1)
		f.group(id, p.T("template.file-n", "n", p.Number(n+1)))
		f.mark(id)
		f.both(id+"-name", p.T("template.file-name"), "", "line")
		f.one(id+"-from", p.T("template.file-from"), p.T("plan.side-organisation"), map[string]string{"desk": p.T("plan.side-desk"), "supplier": p.T("plan.side-supplier")}, []string{"desk", "supplier"})
		f.add(field{ID: id + "-code", Label: p.T("template.code-label"), Hint: p.T("template.option-code-hint"), Kind: "line"})
	}
	f.group("more", p.T("template.besides"))
	f.tail()
	return f.groups
}
