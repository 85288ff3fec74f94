package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sportello/app/condition"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// Record is the document that a plan ends in: what was decided, by whom and why, what was weighed, what stayed open.
type Record struct {
	Number       uint64           `json:"number"`
	Name         string           `json:"name"`
	Language     string           `json:"language"`
	Template     string           `json:"template"`
	Version      int              `json:"version"`
	Organisation string           `json:"organisation"`
	Unit         string           `json:"unit,omitempty"`
	State        string           `json:"state"`
	Start        string           `json:"start"`
	GoLive       string           `json:"go_live"`
	Made         time.Time        `json:"made"`
	People       []RecordPerson   `json:"people,omitempty"`
	Facts        []RecordFact     `json:"facts,omitempty"`
	Decisions    []RecordDecision `json:"decisions,omitempty"`
	Open         []string         `json:"open,omitempty"` // questions without an answer
	Steps        []RecordStep     `json:"steps,omitempty"`
	Attachments  []RecordFile     `json:"attachments,omitempty"`
	Norms        []RecordNorm     `json:"norms,omitempty"`
}

// RecordPerson is somebody of the plan.
type RecordPerson struct {
	Name string `json:"name"`
	Role string `json:"role,omitempty"`
}

// RecordFact is something that was known of the organisation.
type RecordFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	AsOf  string `json:"as_of,omitempty"`
}

// RecordDecision is a decision with what was weighed.
type RecordDecision struct {
	Code      string         `json:"code"`
	Phase     string         `json:"phase"`
	Question  string         `json:"question"`
	State     string         `json:"state"`
	Choice    string         `json:"choice,omitempty"`
	Reason    string         `json:"reason,omitempty"`
	By        string         `json:"by,omitempty"`
	For       string         `json:"for,omitempty"` // the body that decided
	At        string         `json:"at,omitempty"`
	Deviates  bool           `json:"deviates"` // another option was recommended
	Options   []RecordOption `json:"options"`
	Revisions int            `json:"revisions"` // how often something was said of it
}

// RecordOption is an option that was weighed.
type RecordOption struct {
	Code        string `json:"code"`
	Name        string `json:"name"`
	Allows      string `json:"allows,omitempty"`
	RulesOut    string `json:"rules_out,omitempty"`
	Costs       string `json:"costs,omitempty"`
	Recommended bool   `json:"recommended"`
	Chosen      bool   `json:"chosen"`
}

// RecordStep is a step and what became of it.
type RecordStep struct {
	Code   string `json:"code"`
	Phase  string `json:"phase"`
	Name   string `json:"name"`
	Due    string `json:"due"`
	State  string `json:"state"`
	Done   string `json:"done,omitempty"`
	Figure string `json:"figure,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// RecordFile is a file that was given or received with a step, by the SHA-256 of its bytes.
type RecordFile struct {
	Number uint64 `json:"number"`
	Step   string `json:"step"`
	Asked  string `json:"asked,omitempty"` // what it is, of what the step asks for
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	By     string `json:"by,omitempty"`
	At     string `json:"at"`
}

// RecordNorm is a law that the plan names. What nobody verified is told to the desk alone.
type RecordNorm struct {
	Text     string `json:"text"`
	Says     string `json:"says,omitempty"`
	Verified string `json:"verified,omitempty"`
}

// Record returns the document as the plan is now, in the actor's language.
func (ps *Plans) Record(a policy.Actor, number uint64) (*Record, error) {
	var out *Record
	var v *View
	err := ps.st.View(func(tx *db.Tx) (err error) {
		if v, err = ps.read(tx, a, number, policy.SeePlan); err != nil {
			return err
		}
		out, err = ps.record(tx, v, a.Lang())
		return err
	})
	if err == nil {
		ps.witness(a, v)
	}
	return out, err
}

// keepRecord keeps the record of a plan that is being closed, and returns the sum of its bytes. It is the desk's: what only
// the organisation may read is not in it, nor what only the desk may. It is written inside the transaction that closes the
// plan, so that it holds every answer that was given before and none that comes later; other writers wait for one small file.
func (ps *Plans) keepRecord(tx *db.Tx, a policy.Actor, p *store.Plan) (string, error) {
	v, err := ps.view(tx, a, p)
	if err != nil {
		return "", err
	}
	v.OfDesk = false
	r, err := ps.record(tx, v, "it")
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	blob, err := ps.st.PutBlob(bytes.NewReader(raw), 0)
	return blob.Sum, err
}

func (ps *Plans) record(tx *db.Tx, v *View, lang string) (*Record, error) {
	r := &Record{Number: v.Plan.ID, Name: v.Plan.Name, Language: lang, Template: v.Template.Code, Version: v.Number, Organisation: v.Organisation.Name, State: v.Plan.State.String(),
		Start: dayOf(v.Plan.Start).String(), GoLive: dayOf(v.Plan.GoLive).String(), Made: tx.Now()}
	if v.Unit != nil {
		r.Unit = v.Unit.Name
	}
	role := func(code string) string {
		for _, x := range v.Course.Roles {
			if x.Code == code {
				return x.Name.In(lang)
			}
		}
		return ""
	}
	for _, p := range v.People {
		r.People = append(r.People, RecordPerson{p.Name, role(p.Role)})
	}
	for _, f := range v.Course.Facts {
		if known, ok := v.Plan.Facts[f.Code]; ok {
			r.Facts = append(r.Facts, RecordFact{f.Name.In(lang), factValue(f, known.Values, lang), dayOf(known.AsOf).String()})
		}
	}
	for _, p := range v.Phases {
		if !p.Shown {
			continue
		}
		for _, d := range p.Decisions {
			if !d.Shown {
				continue
			}
			one, err := ps.recordDecision(tx, d, lang)
			if err != nil {
				return nil, err
			}
			one.Phase, one.For = p.Name.In(lang), role(one.For)
			if r.Decisions = append(r.Decisions, one); d.State != store.DecisionDecided && d.State != store.DecisionNotNeeded {
				r.Open = append(r.Open, one.Question)
			}
		}
		for _, s := range p.Steps {
			if !s.Shown && s.Progress == nil {
				continue
			}
			one := RecordStep{Code: s.Code, Phase: p.Name.In(lang), Name: s.Name.In(lang), Due: s.Due.String(), State: s.State.String()}
			if s.Progress != nil {
				one.Done, one.Figure, one.Reason = dayOf(s.Progress.Done).String(), s.Progress.Figure, s.Progress.Reason
			}
			r.Steps = append(r.Steps, one)
			if err := r.attach(tx, v, s); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range v.Course.Norms {
		if n.Verified != "" || v.OfDesk {
			r.Norms = append(r.Norms, RecordNorm{n.Text.In(lang), n.Says.In(lang), n.Verified})
		}
	}
	return r, nil
}

// attach adds the files of a step, and what it asks for and nobody sent to what is open.
func (r *Record) attach(tx *db.Tx, v *View, s *Step) error {
	asked := map[string]string{}
	for _, p := range s.Papers(v.Files[s.Code]) {
		asked[p.Code] = p.Name.In(r.Language)
		if p.File == nil && s.there() {
			r.Open = append(r.Open, s.Name.In(r.Language)+": "+asked[p.Code])
		}
	}
	for _, f := range v.Files[s.Code] {
		one := RecordFile{Number: f.ID, Step: s.Name.In(r.Language), Asked: asked[f.Asked], Name: f.Name, Size: f.Size, SHA256: f.Sum, At: dayOf(f.Created).String()}
		who, err := store.People.Peek(tx, f.Person)
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		if err == nil {
			one.By = who.Name
		}
		r.Attachments = append(r.Attachments, one)
	}
	return nil
}

func (ps *Plans) recordDecision(tx *db.Tx, d *Decision, lang string) (RecordDecision, error) {
	one := RecordDecision{Code: d.Code, Question: d.Question.In(lang), State: d.State.String()}
	if d.Last != nil {
		one.Reason, one.At, one.For, one.Revisions = d.Last.Reason, dayOf(d.Last.At).String(), d.Last.For, d.Last.Number
		who, err := store.People.Peek(tx, d.Last.By)
		if fault.IgnoreNotFound(err) != nil {
			return one, err
		}
		if err == nil {
			one.By = who.Name
		}
	}
	recommended, chosen := false, false
	for _, o := range d.Options {
		x := RecordOption{Code: o.Code, Name: o.Name.In(lang), Allows: o.Allows.In(lang), RulesOut: o.RulesOut.In(lang), Costs: o.Costs.In(lang),
			Recommended: o.Recommended == condition.True, Chosen: d.State == store.DecisionDecided && d.Last.Option == o.Code}
		if x.Chosen {
			one.Choice, chosen = x.Name, x.Recommended
		}
		recommended = recommended || x.Recommended
		if o.Offered || x.Chosen {
			one.Options = append(one.Options, x)
		}
	}
	one.Deviates = one.Choice != "" && recommended && !chosen
	return one, nil
}

// factValue writes the values of a fact as people read them.
func factValue(f template.FactKind, values []string, lang string) string {
	var out []string
	for _, v := range values {
		for _, c := range f.Choices {
			if c.Code == v {
				v = c.Name.In(lang)
			}
		}
		if f.Kind == "yes-no" {
			v = map[string]string{"yesit": "sì", "yesen": "yes", "noit": "no", "noen": "no"}[v+lang]
		}
		out = append(out, v)
	}
	return strings.Join(out, ", ")
}

// Words are the headings of the record in one language.
type Words struct {
	People, Facts, Decisions, Open, Steps, Files, Norms, Weighed, Choice, Reason, By, Deviates, Recommended, GoLive, AsOf, Unverified, Template string

	State   func(noun, code string) string
	Version func(n int) string
	Day     func(day string) string // of a year, month and day; of none nothing
	Until   func(day string) string // the last day, the same
}

// Markdown writes the record for people. What they typed is text and never markup.
func (r *Record) Markdown(w Words) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	title := r.Organisation
	if r.Unit != "" {
		title += ", " + r.Unit
	}
	line("# %s: %s\n", plain(r.Name), plain(title))
	line("%s: %s. %s. %s: %s, %s.\n", w.GoLive, w.Day(r.GoLive), w.State("plan", r.State), w.Template, plain(r.Template), w.Version(r.Version))
	if len(r.People) > 0 {
		line("## %s\n", w.People)
		for _, p := range r.People {
			line("- %s%s", plain(p.Name), suffix(": ", plain(p.Role)))
		}
		line("")
	}
	if len(r.Facts) > 0 {
		line("## %s\n", w.Facts)
		for _, f := range r.Facts {
			line("- %s: %s%s", plain(f.Name), plain(f.Value), suffix(" ("+w.AsOf+" ", w.Day(f.AsOf), ")"))
		}
		line("")
	}
	line("## %s\n", w.Decisions)
	for i, d := range r.Decisions {
		line("### %d. %s\n", i+1, plain(d.Question))
		if d.Choice == "" {
			line("%s.\n", w.State("decision", d.State))
		} else {
			line("**%s: %s**%s\n", w.Choice, plain(d.Choice), map[bool]string{true: " (" + w.Deviates + ")"}[d.Deviates])
		}
		if d.Reason != "" {
			line("%s: %s\n", w.Reason, plain(d.Reason))
		}
		if d.By != "" {
			line("%s %s%s, %s\n", w.By, plain(d.By), suffix(", ", plain(d.For)), w.Day(d.At))
		}
		line("%s:\n", w.Weighed)
		for _, o := range d.Options {
			said := strings.Join(slices.DeleteFunc([]string{plain(o.Allows), plain(o.RulesOut), plain(o.Costs)}, func(s string) bool { return s == "" }), " ")
			line("- %s%s%s", plain(o.Name), map[bool]string{true: " (" + w.Recommended + ")"}[o.Recommended], suffix(": ", said))
		}
		line("")
	}
	if len(r.Open) > 0 {
		line("## %s\n", w.Open)
		for _, o := range r.Open {
			line("- %s", plain(o))
		}
		line("")
	}
	line("## %s\n", w.Steps)
	for _, s := range r.Steps {
		when := w.Until(s.Due)
		if s.Done != "" {
			when = w.Day(s.Done)
		}
		line("- %s: %s, %s%s%s", plain(s.Name), w.State("step", s.State), when, suffix(", ", plain(s.Figure)), suffix(" (", plain(s.Reason), ")"))
	}
	if len(r.Attachments) > 0 {
		line("\n## %s\n", w.Files)
		for _, f := range r.Attachments {
			line("- %s (%s%s, %s%s)\n  SHA-256 `%s`", plain(f.Name), plain(f.Step), suffix(": ", plain(f.Asked)), w.Day(f.At), suffix(", ", plain(f.By)), f.SHA256)
		}
	}
	if len(r.Norms) > 0 {
		line("\n## %s\n", w.Norms)
		for _, n := range r.Norms {
			verified := w.Day(n.Verified)
			if verified == "" {
				verified = w.Unverified
			}
			line("- %s (%s)%s", plain(n.Text), verified, suffix(": ", plain(n.Says)))
		}
	}
	return b.String()
}

// Rows are the decisions and steps of the record as a table.
func (r *Record) Rows(w Words) [][]string {
	rows := [][]string{{w.Decisions, w.Choice, w.Reason, w.By, w.GoLive}}
	for _, d := range r.Decisions {
		rows = append(rows, []string{d.Question, d.Choice, d.Reason, d.By, d.At})
	}
	rows = append(rows, nil, []string{w.Steps})
	for _, s := range r.Steps {
		rows = append(rows, []string{s.Name, w.State("step", s.State), s.Figure, s.Reason, s.Due, s.Done})
	}
	if len(r.Attachments) > 0 {
		rows = append(rows, nil, []string{w.Files})
	}
	for _, f := range r.Attachments {
		rows = append(rows, []string{f.Step, f.Name, f.Asked, f.By, f.At, f.SHA256})
	}
	return rows
}

// suffix joins the parts, nothing when the second is empty.
func suffix(parts ...string) string {
	if parts[1] == "" {
		return ""
	}
	return strings.Join(parts, "")
}

// plain takes the meaning of Markdown from what somebody typed, and puts it on one line.
func plain(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]", "<", "\\<", ">", "\\>", "&", "\\&", "#", "\\#", "|", "\\|", "~", "\\~", "!", "\\!", "$", "\\$").Replace(text)
}
