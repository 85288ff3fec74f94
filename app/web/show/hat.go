package show

import (
	"net/url"
	"slices"
	"strconv"
	"time"

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
	MayCoord    bool // the reader may say that it makes a coordinator
	From, Until string
	Modules     string // names, for reading
	Source      string // where it comes from, for reading
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
// coordinator, from, until.
func HatField(number int, field string) string { return "hat-" + strconv.Itoa(number) + "-" + field }

// HatValues adds the form values that leave the affiliations unchanged.
func HatValues(v url.Values, hats []store.Affiliation, in *time.Location) {
	for i, h := range hats {
		set := func(field, value string) { v.Set(HatField(i+1, field), value) }
		set("place", HatValue(h.Hat()))
		set("position", h.Position)
		v[HatField(i+1, "coordinator")] = Boxed(h.Coordinator)
		set("from", firstDay(h.From, in))
		set("until", lastDay(h.Until, in))
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

// HatRows returns the rows of the page's form, and some empty ones. coordinators is whether the reader may make one.
func HatRows(p *web.Page, organisations []people.OrganisationView, positions []store.Position, coordinators bool) []HatRow {
	last := 0
	for n := 1; n <= mostHats; n++ {
		if p.Value(HatField(n, "place")) != "" {
			last = n
		}
	}
	var out []HatRow
	for n := 1; n <= last+spareHats; n++ {
		row := HatRow{Number: n, Places: HatChoices(organisations, p.Value(HatField(n, "place"))), Coordinator: p.Chosen(HatField(n, "coordinator"), "1"),
			MayCoord: coordinators, From: p.Value(HatField(n, "from")), Until: p.Value(HatField(n, "until"))}
		for _, o := range positions {
			row.Positions = append(row.Positions, Choice{Value: o.Code, Label: o.Name.In(p.Lang), Chosen: o.Code == p.Value(HatField(n, "position"))})
		}
		out = append(out, row)
	}
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

// ReadHats reads the affiliations of a form. What the form does not show, or shows less exactly, stays as it is in those
// that the person has. Without a box for coordinators an affiliation stays what it was.
func ReadHats(f *web.Form, organisations []people.OrganisationView, had []store.Affiliation, coordinators bool) []store.Affiliation {
	in := f.Site.Desk.Location()
	left := slices.Clone(had)
	var out []store.Affiliation
	for n := 1; n <= mostHats; n++ {
		place := f.Raw(HatField(n, "place"))
		if place == "" {
			continue
		}
		hat, known := hatOf(organisations, place)
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
			h.Modules, h.Coordinator, h.Position = o.Modules, o.Coordinator, o.Position
			if f.Raw(from) == firstDay(o.From, in) {
				h.From = o.From
			}
			if f.Raw(until) == lastDay(o.Until, in) {
				h.Until = o.Until
			}
		}
		if f.Has(HatField(n, "position")) {
			h.Position = f.Text(HatField(n, "position"), store.Most("people.affiliations.position"))
		}
		if coordinators {
			h.Coordinator = f.Bool(HatField(n, "coordinator"))
		}
		out = append(out, h)
	}
	return out
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
