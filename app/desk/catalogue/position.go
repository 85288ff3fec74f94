package catalogue

import (
	"strconv"

	"sportello/app/desk/entry"
	"sportello/app/markup"
	"sportello/store"
)

// positions returns the list that the rows make, adding what is wrong with a row at "position-N", N from 1.
func positions(tx *store.Tx, old, rows []store.Position, wrong *store.Problems) ([]store.Position, error) {
	var out []store.Position
	taken := map[string]bool{}
	for i, row := range rows {
		field := "position-" + strconv.Itoa(i+1)
		p := store.Position{Code: markup.Line(row.Code), Name: store.Words{
			IT: entry.CleanLine(wrong, field, row.Name.IT, store.SettingsTable.Most("positions.name.it")),
			EN: entry.CleanLine(wrong, field, row.Name.EN, store.SettingsTable.Most("positions.name.en"))}}
		if p.Name.IT == "" && p.Name.EN == "" {
			continue
		}
		if p.Name.IT == "" || p.Name.EN == "" {
			wrong.Add(field, "error.position-languages")
			continue
		}
		if p.Code == "" {
			p.Code = entry.Cut(markup.Slug(p.Name.EN), store.SettingsTable.Most("positions.code"))
		}
		switch {
		case markup.Slug(p.Code) != p.Code || p.Code == "":
			wrong.Add(field, "error.code-form")
		case taken[p.Code]:
			wrong.Add(field, "error.code-taken")
		}
		taken[p.Code] = true
		out = append(out, p)
	}
	if len(out) == 0 {
		wrong.Add("positions", "error.required")
	}
	gone := map[string]store.Words{}
	for _, p := range old {
		if !taken[p.Code] {
			gone[p.Code] = p.Name
		}
	}
	if len(gone) == 0 || len(*wrong) > 0 {
		return out, nil
	}
	for p, err := range store.People.All(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		for h := range p.Open {
			if name, is := gone[h.Position]; is {
				return nil, store.Fail(store.Conflict, "error.position-in-use", "name", name.IT).At("positions")
			}
		}
	}
	return out, nil
}
