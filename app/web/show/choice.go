package show

import (
	"strconv"

	"sportello/app/desk/catalogue"
	"sportello/app/web"
	"sportello/store"
)

// Choice is one entry of a list to choose from.
type Choice struct {
	Value, Label, Hint string
	Chosen, Off        bool
}

// ChoiceGroup is a group of choices with a heading.
type ChoiceGroup struct {
	Label   string
	Options []Choice
}

// LevelOption returns a level of the catalogue as a choice, named with the levels above it.
func LevelOption(l catalogue.Level, lang string, chosen bool) Choice {
	return Choice{Value: strconv.FormatUint(l.ID, 10), Label: l.Path.In(lang), Chosen: chosen}
}

// TicketKinds lists the kinds in the order in which they are shown.
var TicketKinds = []store.TicketKind{store.Clarification, store.Malfunction, store.Request, store.Guidance, store.Access}

// OutcomeOptions returns the outcomes that an agent may choose. "Duplicate" needs the number of the other ticket; it is
// left out where the form has no field for it.
func OutcomeOptions(p *web.Page, chosen func(name, value string) bool, duplicate bool) []Choice {
	out := []store.Outcome{store.Solved, store.Answered, store.KnownProblem, store.NotReproducible, store.Refused}
	if duplicate {
		out = append(out, store.Duplicate)
	}
	var list []Choice
	for _, o := range out {
		list = append(list, Choice{Value: o.String(), Label: p.T("outcome." + o.String()), Chosen: chosen("outcome", o.String())})
	}
	return list
}

// ModuleChoices returns the catalogue as choices, one group for each product with levels below it. With all, levels
// that are served elsewhere are listed like the others, for filters.
func ModuleChoices(p *web.Page, levels []catalogue.Level, chosen string, all bool) []ChoiceGroup {
	var out []ChoiceGroup
	for i := range levels {
		l := &levels[i]
		if l.Retired && l.Code != chosen {
			continue
		}
		entry := Choice{Value: l.Code, Label: l.Name.In(p.Lang), Chosen: l.Code == chosen}
		if !l.Here() && !all {
			entry.Hint = p.T("module.hint-desk")
			if l.Channel == store.ByEmail {
				entry.Hint = p.T("module.hint-email")
			}
			entry.Label = p.T("module.option-away", "name", entry.Label, "hint", entry.Hint)
		}
		switch {
		case l.Depth == 0 && l.Below == 0:
			out = append(out, ChoiceGroup{Options: []Choice{entry}})
			continue
		case l.Depth == 0:
			entry.Label = p.T("module.in-general", "name", l.Name.In(p.Lang))
			out = append(out, ChoiceGroup{Label: l.Name.In(p.Lang), Options: []Choice{entry}})
			continue
		case l.Depth > 1:
			entry.Label = "\u2003" + entry.Label // indented below its area
		}
		if n := len(out); n > 0 {
			out[n-1].Options = append(out[n-1].Options, entry)
		}
	}
	return out
}

// Boxed returns the form values of a box that is ticked, or not.
func Boxed(yes bool) []string {
	if yes {
		return []string{"1"}
	}
	return nil
}

// IDValue returns the choice value of a row's number, empty for none.
func IDValue(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 10)
}

// Clip shortens a text that goes into a cookie.
func Clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
