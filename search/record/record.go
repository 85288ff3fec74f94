// Package record says what search knows of the rows it finds: the texts of each, and of releases, known problems and
// plans also who sees them.
//
//	piece.go     the texts of tickets, mail and versions of articles
//	record.go    releases, known problems and plans as records: texts, traits, terms that say who sees them
//	sight.go     which records a reader sees
//	touch.go     which records a change is about
package record

import (
	"slices"
	"strings"
	"time"

	"sportello/app/markup"
	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// The fields of the index that say who sees a record, and what filters and counts go by.
const (
	FieldAccess = "access"
	FieldTag    = "tag"
)

// Record is a release, known problem or plan as it is read in one language.
type Record struct {
	Type     string
	Number   uint64
	Language string
	Title    string
	Also     string   // what is as good as the title, to be found by
	Texts    []string // everything else that all may read who see it
	Inside   []string // what those of the desk read who look after it
	Access   []string // terms; see sight.go
	Tags     []string
	Day      time.Time
	Changed  time.Time
}

// Heading is the title with what is as good.
func (r *Record) Heading() []string {
	if r.Also == "" {
		return []string{r.Title}
	}
	return []string{r.Title, r.Also}
}

// Pieces are the texts of the record, as a phrase may stand in them.
func (r *Record) Pieces() Pieces {
	return Pieces{Public: slices.Concat(r.Heading(), r.Texts), Notes: r.Inside}
}

// PlanTexts returns what can be read in a plan in the language, as its facts and answers make it now; nothing when the
// plan is not written in it. Its result rests on the rows of the plan, its decisions and steps, its template, and on the
// units and installations of its organisation.
type PlanTexts func(tx *db.Tx, p *store.Plan, language string) ([]string, error)

// Noun is a noun whose rows are found as records. An id of the index names a row in one language.
type Noun struct {
	Type   string
	Letter string // before the id, in the names of documents
	last   func(*db.Tx) uint64
	read   func(*db.Tx, uint64, string, PlanTexts) (*Record, error)
}

// Nouns are all of them, in the order in which the index has them.
var Nouns = []Noun{
	{query.TypeRelease, "r", store.Releases.Last, release},
	{query.TypeProblem, "p", store.Problems.Last, problem},
	{query.TypePlan, "l", store.Plans.Last, plan},
}

// IDs returns the ids of the row, one for each language.
func IDs(number uint64) []uint64 {
	var out []uint64
	for i := range analysis.Languages {
		out = append(out, number*uint64(len(analysis.Languages))+uint64(i)) // #nosec G115 -- two languages
	}
	return out
}

// Row returns the number of the row and the language of an id.
func Row(id uint64) (number uint64, language string) {
	n := uint64(len(analysis.Languages))
	return id / n, analysis.Languages[id%n]
}

// Last returns the highest id that there may be.
func (n Noun) Last(tx *db.Tx) uint64 {
	ids := IDs(n.last(tx))
	return ids[len(ids)-1]
}

// Read returns the record of the id, nil when there is nothing to be read: no row, or nothing in this language.
func (n Noun) Read(tx *db.Tx, id uint64, plans PlanTexts) (*Record, error) {
	number, language := Row(id)
	r, err := n.read(tx, number, language, plans)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return r, err
}

// Of returns the noun of the type, and whether there is one.
func Of(kind string) (Noun, bool) {
	i := slices.IndexFunc(Nouns, func(n Noun) bool { return n.Type == kind })
	if i < 0 {
		return Noun{}, false
	}
	return Nouns[i], true
}

// Types are the types of all records.
func Types() []string {
	var out []string
	for _, n := range Nouns {
		out = append(out, n.Type)
	}
	return out
}

// written reports whether one of the texts is written in the language.
func written(language string, texts ...store.Words) bool {
	return slices.ContainsFunc(texts, func(w store.Words) bool { return language == "it" && w.IT != "" || language == "en" && w.EN != "" })
}

// begin returns a record of the row with its traits, the modules and the language among them.
func begin(kind string, number uint64, language string, modules []uint64, tags ...string) *Record {
	r := &Record{Type: kind, Number: number, Language: language}
	r.Tags = append(tags, "type:"+kind, "lang:"+language)
	for _, m := range modules {
		r.Tags = append(r.Tags, "module:"+analysis.Decimal(m))
	}
	if len(modules) > 1 {
		r.Tags = append(r.Tags, Several)
	}
	return r
}

// Several is the tag of what belongs to several modules.
const Several = "modules:several"

// add adds texts in the language that are not empty; those of Markdown as they are read.
func (r *Record) add(texts ...store.Words) {
	for _, w := range texts {
		r.say(markup.Plain(markup.Markdown, w.In(r.Language)))
	}
}

func (r *Record) say(texts ...string) {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			r.Texts = append(r.Texts, t)
		}
	}
}

func versionTags(versions ...string) []string {
	var out []string
	for _, v := range versions {
		out = append(out, query.VersionTag(v))
	}
	return out
}

func release(tx *db.Tx, number uint64, language string, _ PlanTexts) (*Record, error) {
	row, err := store.Releases.Get(tx, number)
	if err != nil || !written(language, row.Title, row.Notes, row.News, row.Corrected, row.Before, row.After, row.Otherwise, row.Stop.Text, row.WayBack.Text) {
		return nil, err
	}
	r := begin(query.TypeRelease, number, language, row.Modules, "state:"+row.State.String(), "kind:"+row.Kind.String())
	r.Tags = append(r.Tags, versionTags(row.Version)...)
	r.Title, r.Also = row.Title.In(language), row.Version
	for _, m := range row.Modules {
		module, err := store.Modules.Peek(tx, m)
		if err != nil {
			return nil, err
		}
		r.Also += " " + module.Name.In(language)
	}
	r.add(row.Notes, row.News, row.Corrected, row.Before, row.After, row.Otherwise, row.Stop.Text, row.WayBack.Text)
	r.say(row.Norm.Text, row.Reason)
	for f, err := range store.FilesByRelease.Rows(tx, db.Span{Prefix: key.Of(row.ID)}) {
		if err != nil {
			return nil, err
		}
		r.say(f.Name)
		r.Tags = append(r.Tags, "files:yes")
	}
	if row.External != "" {
		r.Inside = []string{row.External}
	}
	r.Day, r.Changed = row.Created, row.Updated
	if row.Out() {
		r.Day, r.Changed = row.Published, row.Published
		for _, t := range []time.Time{row.Reworded, row.Withdrawn} {
			if t.After(r.Changed) {
				r.Changed = t
			}
		}
		r.Access = append(r.Access, releaseOut)
		for _, o := range row.To {
			r.Access = append(r.Access, wentTo(o))
		}
	}
	return r, nil
}

func problem(tx *db.Tx, number uint64, language string, _ PlanTexts) (*Record, error) {
	row, err := store.Problems.Get(tx, number)
	if err != nil || !written(language, row.Title, row.Text, row.Workaround, row.Outage.News) {
		return nil, err
	}
	r := begin(query.TypeProblem, number, language, []uint64{row.Module}, "state:"+row.State.String(), "group:"+analysis.Decimal(row.Group))
	r.Tags = append(r.Tags, versionTags(row.FixedIn...)...)
	r.Title = row.Title.In(language)
	r.add(row.Text, row.Workaround, row.Outage.News)
	r.say(row.Reason, row.Regression.Good, row.Regression.IntroducedBy)
	r.say(row.FixedIn...)
	for _, a := range row.Affected {
		r.say(a.From, a.Until)
	}
	for _, s := range []string{row.Supplier.Number, row.Supplier.Address} {
		if s != "" {
			r.Inside = append(r.Inside, s)
		}
	}
	r.Day, r.Changed = row.Created, row.Updated
	r.Access = []string{inGroup(row.Group)}
	if !row.Gone() {
		r.Access = append(r.Access, problemStands, problemFor(row.Audience))
	}
	return r, nil
}

func plan(tx *db.Tx, number uint64, language string, texts PlanTexts) (*Record, error) {
	row, err := store.Plans.Get(tx, number)
	if err != nil {
		return nil, err
	}
	r := begin(query.TypePlan, number, language, row.Modules, "state:"+row.State.String(), "group:"+analysis.Decimal(row.Group), "organisation:"+analysis.Decimal(row.Organisation))
	r.Title = row.Name
	if texts != nil {
		said, err := texts(tx, row, language)
		if err != nil || len(said) == 0 {
			return nil, err
		}
		r.say(said...)
	} else if language != analysis.Languages[0] {
		return nil, nil
	}
	r.Day, r.Changed = row.Created, row.Updated
	r.Access = []string{inGroup(row.Group), covered(store.Hat{Organisation: row.Organisation}), memberOf(row.Organisation)}
	if row.Unit != 0 {
		r.Access = append(r.Access, covered(store.Hat{Organisation: row.Organisation, Unit: row.Unit}))
	}
	for _, p := range row.People {
		r.Access = append(r.Access, named(p.Person))
	}
	return r, nil
}
