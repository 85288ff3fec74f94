package show

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/store"
)

// HatRow is one affiliation in a form: where, as what, and from when until when. Its fields are named by HatField.
type HatRow struct {
	Number      int
	Places      []ChoiceGroup
	Positions   []Choice
	Coordinator bool
	Named       bool
	MayCoord    bool // the reader may say that it makes a coordinator
	From, Until string
	Modules     []Choice // those the person may work with there
	ModulesSaid string   // how many are chosen
	Hint        string   // stands above the first one
}

// HatForm is what the affiliations of a form are made from: where they can be, as what, and with what, and whether the
// reader may say that one makes a coordinator.
type HatForm struct {
	Organisations []people.OrganisationView
	Positions     []store.Position
	Levels        []catalogue.Level
	Coordinators  bool
}

// SpareRows is how many empty rows end a list of rows, so that the list can grow without scripts.
const SpareRows = 2

// spareHats is how many empty rows end the affiliations of a form: few people get two at once.
const spareHats = 1

// mostHats is how many affiliations one form has at most.
const mostHats = 100

// HatValue returns the value of an organisation, or of one of its units, in a list of places; empty for none.
func HatValue(h store.Hat) string {
	switch {
	case h.Unit != 0:
		return "u" + strconv.FormatUint(h.Unit, 10)
	case h.Organisation != 0:
		return "o" + strconv.FormatUint(h.Organisation, 10)
	}
	return ""
}

// HatField returns the name of a field of the affiliation with the number, which counts from 1: place, position,
// coordinator, named, from, until, module.
func HatField(number int, field string) string { return "hat-" + strconv.Itoa(number) + "-" + field }

// HatValues adds the form values that leave the affiliations unchanged.
func HatValues(v url.Values, hats []store.Affiliation, in *time.Location) {
	for i, h := range hats {
		set := func(field, value string) { v.Set(HatField(i+1, field), value) }
		set("place", HatValue(h.Hat()))
		set("position", h.Position)
		v[HatField(i+1, "coordinator")] = Boxed(h.Coordinator)
		v[HatField(i+1, "named")] = Boxed(h.Named)
		set("from", firstDay(h.From, in))
		set("until", lastDay(h.Until, in))
		set("modules", "1")
		for _, m := range h.Modules {
			v.Add(HatField(i+1, "module"), strconv.FormatUint(m, 10))
		}
	}
}

func firstDay(t time.Time, in *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(in).Format(time.DateOnly)
}

// lastDay is the last day on which something holds that is over at the moment.
func lastDay(until time.Time, in *time.Location) string {
	if until.IsZero() {
		return ""
	}
	return until.Add(-1).In(in).Format(time.DateOnly)
}

// Rows returns the rows of the page's form, and some empty ones.
func (hf HatForm) Rows(p *web.Page) []HatRow {
	last := 0
	for n := 1; n <= mostHats; n++ {
		if p.Value(HatField(n, "place")) != "" {
			last = n
		}
	}
	var out []HatRow
	for n := 1; n <= last+spareHats; n++ {
		row := HatRow{Number: n, Places: HatChoices(hf.Organisations, p.Value(HatField(n, "place"))), Coordinator: p.Chosen(HatField(n, "coordinator"), "1"),
			Named: p.Chosen(HatField(n, "named"), "1"), MayCoord: hf.Coordinators, From: p.Value(HatField(n, "from")), Until: p.Value(HatField(n, "until"))}
		chosen := 0
		for _, l := range hf.Levels {
			id := strconv.FormatUint(l.ID, 10)
			c := Choice{Value: id, Label: l.Path.In(p.Lang), Chosen: p.Chosen(HatField(n, "module"), id)}
			if c.Chosen {
				chosen++
			} else if l.Retired {
				continue
			}
			row.Modules = append(row.Modules, c)
		}
		if row.ModulesSaid = p.T("hats.modules-none"); chosen > 0 {
			row.ModulesSaid = p.Plural("hats.modules", chosen)
		}
		for _, o := range hf.Positions {
			row.Positions = append(row.Positions, Choice{Value: o.Code, Label: o.Name.In(p.Lang), Chosen: o.Code == p.Value(HatField(n, "position"))})
		}
		out = append(out, row)
	}
	out[0].Hint = p.T("hats.hint")
	return out
}

// HatChoices returns organisations and their units as one list, each organisation as a group with its units.
func HatChoices(organisations []people.OrganisationView, chosen string) []ChoiceGroup {
	var out []ChoiceGroup
	for _, o := range organisations {
		part := ChoiceGroup{Label: o.Name}
		add := func(h store.Hat, label string) {
			value := HatValue(h)
			part.Options = append(part.Options, Choice{Value: value, Label: label, Chosen: value == chosen})
		}
		add(store.Hat{Organisation: o.ID}, o.Name)
		for _, u := range o.Units {
			add(store.Hat{Organisation: o.ID, Unit: u.ID}, u.Name)
		}
		out = append(out, part)
	}
	return out
}

// Read reads the affiliations of a form. What the form does not show, or shows less exactly, stays as it is in those
// that the person has. Without a box for coordinators an affiliation stays what it was.
func (hf HatForm) Read(f *web.Form, had []store.Affiliation) []store.Affiliation {
	in := f.Site.Desk.Location()
	left := slices.Clone(had)
	var out []store.Affiliation
	for n := 1; n <= mostHats; n++ {
		place := f.Raw(HatField(n, "place"))
		if place == "" {
			continue
		}
		hat, known := hatOf(hf.Organisations, place)
		if !known {
			f.Refuse("affiliations", "error.choice")
			continue
		}
		h := store.Affiliation{Organisation: hat.Organisation, Unit: hat.Unit}
		from, until := HatField(n, "from"), HatField(n, "until")
		h.From, h.Until = day(f, from), day(f, until)
		if !h.Until.IsZero() {
			h.Until = h.Until.AddDate(0, 0, 1)
		}
		if i := slices.IndexFunc(left, func(o store.Affiliation) bool { return o.Hat() == hat }); i >= 0 {
			o := left[i]
			left = slices.Delete(left, i, i+1)
			h.Modules, h.Coordinator, h.Position, h.Named = o.Modules, o.Coordinator, o.Position, o.Named
			if f.Raw(from) == firstDay(o.From, in) {
				h.From = o.From
			}
			if f.Raw(until) == lastDay(o.Until, in) {
				h.Until = o.Until
			}
		}
		if f.Has(HatField(n, "position")) {
			h.Position = f.Text(HatField(n, "position"), store.Most("people.affiliations.position"))
			h.Named = f.Bool(HatField(n, "named")) // a form that shows one shows the other
		}
		if f.Has(HatField(n, "modules")) {
			h.Modules = hf.modules(f, HatField(n, "module"), h.Modules)
		}
		if hf.Coordinators {
			h.Coordinator = f.Bool(HatField(n, "coordinator"))
		}
		out = append(out, h)
	}
	return out
}

// modules reads the modules of an affiliation that had others. Those which the form could not offer stay.
func (hf HatForm) modules(f *web.Form, field string, had []uint64) []uint64 {
	chosen := f.IDs(field)
	for _, m := range had {
		if LevelOf(hf.Levels, m) == nil && !slices.Contains(chosen, m) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == len(had) && !slices.ContainsFunc(chosen, func(m uint64) bool { return !slices.Contains(had, m) }) {
		return had // in their order
	}
	return chosen
}

// day reads a date of an affiliation; what is wrong with it is a problem of the affiliations.
func day(f *web.Form, field string) time.Time {
	n := len(f.Problems)
	t := f.Time(field)
	for i := n; i < len(f.Problems); i++ {
		f.Problems[i] = f.Problems[i].At("affiliations")
	}
	return t
}

// hatOf parses a value of HatChoices and reports whether there is such a place.
func hatOf(organisations []people.OrganisationView, value string) (store.Hat, bool) {
	for _, o := range organisations {
		if h := (store.Hat{Organisation: o.ID}); HatValue(h) == value {
			return h, true
		}
		for _, u := range o.Units {
			if h := (store.Hat{Organisation: o.ID, Unit: u.ID}); HatValue(h) == value {
				return h, true
			}
		}
	}
	return store.Hat{}, false
}

// PositionName returns the name of the position in the language, its code where it is no longer in the list.
func PositionName(positions []store.Position, code, language string) string {
	for _, o := range positions {
		if o.Code == code {
			return o.Name.In(language)
		}
	}
	return code
}

// HatWords says where somebody belongs, as what, and from when or until when.
func HatWords(p *web.Page, place string, positions []store.Position, h store.Affiliation) string {
	out := place
	if h.Position != "" {
		out += ", " + PositionName(positions, h.Position, p.Lang)
	}
	if h.Coordinator {
		out += ", " + p.T("hats.as-coordinator")
	}
	if h.Named {
		out += ", " + p.T("hats.as-named")
	}
	switch {
	case p.Now.Before(h.From):
		out += ", " + p.T("hats.from-date", "date", p.Date(h.From))
	case !h.Until.IsZero():
		out += ", " + p.T("hats.until-date", "date", p.Date(h.Until.Add(-1)))
	}
	return out
}

// WholePlace returns the name of the organisation of an affiliation, with that of the unit if there is one.
func WholePlace(n desk.Names, h store.Affiliation) string {
	place := n.Place(h.Organisation, h.Unit)
	if o := n.Organisation(h.Organisation); o != nil && h.Unit != 0 {
		return Joined(catalogue.PathSeparator, o.Name, place)
	}
	return place
}
