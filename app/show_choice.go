package app

import (
	"fmt"
	"strconv"

	"sportello/app/desk"
	"sportello/app/web"
	"sportello/store"
)

// option is one thing that can be chosen.
type option struct {
	Value, Label, Hint string
	Chosen, Off        bool
}

// levelOption names a level of the catalogue with those above it.
func levelOption(l desk.Level, lang string, chosen bool) option {
	return option{Value: strconv.FormatUint(l.ID, 10), Label: l.Path.In(lang), Chosen: chosen}
}

var ticketKinds = []store.TicketKind{store.Clarification, store.Malfunction, store.Request, store.Guidance, store.Access}

// outcomeOptions are the outcomes an agent may choose; a duplicate needs the number of the other ticket and is left
// out where there is no field for it.
func outcomeOptions(p *web.Page, chosen func(name, value string) bool, duplicate bool) []option {
	out := []store.Outcome{store.Solved, store.Answered, store.KnownProblem, store.NotReproducible, store.Refused}
	if duplicate {
		out = append(out, store.Duplicate)
	}
	var list []option
	for _, o := range out {
		list = append(list, option{Value: o.String(), Label: p.T("outcome." + o.String()), Chosen: chosen("outcome", o.String())})
	}
	return list
}

// choice is one entry of a list to choose from; choices is a headed group of them.
type choice struct {
	Code, Label, Hint string
	Chosen            bool
}

type choices struct {
	Label   string
	Entries []choice
}

// moduleChoices lists the catalogue for a select, a group for each product with levels below it. all keeps the levels
// that are served elsewhere without saying so, for filters.
func moduleChoices(p *web.Page, levels []desk.Level, chosen string, all bool) []choices {
	var out []choices
	for i := range levels {
		l := &levels[i]
		if l.Retired && l.Code != chosen {
			continue
		}
		entry := choice{Code: l.Code, Label: l.Name.In(p.Lang), Chosen: l.Code == chosen}
		if !l.Here() && !all {
			entry.Hint = p.T("module.hint-desk")
			if l.Channel == store.ByEmail {
				entry.Hint = p.T("module.hint-email")
			}
			entry.Label = p.T("module.option-away", "name", entry.Label, "hint", entry.Hint)
		}
		switch {
		case l.Depth == 0 && l.Below == 0:
			out = append(out, choices{Entries: []choice{entry}})
			continue
		case l.Depth == 0:
			entry.Label = p.T("module.in-general", "name", l.Name.In(p.Lang))
			out = append(out, choices{Label: l.Name.In(p.Lang), Entries: []choice{entry}})
			continue
		case l.Depth > 1:
			entry.Label = "\u2003" + entry.Label // stands under its area
		}
		if n := len(out); n > 0 {
			out[n-1].Entries = append(out[n-1].Entries, entry)
		}
	}
	return out
}

func boxed(yes bool) []string {
	if yes {
		return []string{"1"}
	}
	return nil
}

func itoaOrEmpty(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func idValue(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 10)
}

// clip bounds a text that goes into a cookie.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
