package catalogue

import (
	"slices"
	"strconv"

	"sportello/app/desk/entry"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// positions returns the list that the rows make, adding what is wrong with a row at "position-N", N from 1.
func positions(rows []store.Position, wrong *fault.Problems) []store.Position {
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
	return out
}

// positionsUnused returns Conflict "error.position-in-use" when somebody has a position that the rows leave out. It reads
// every person, so it runs in a read transaction before the change and holds no writer up. Whoever is given the position
// meanwhile keeps its code.
func (ct *Catalogue) positionsUnused(rows []store.Position) error {
	return ct.st.View(func(tx *db.Tx) error {
		gone := map[string]store.Words{}
		for _, p := range store.CurrentSettings(tx).Positions {
			if !slices.ContainsFunc(rows, func(r store.Position) bool { return r.Code == p.Code && r.Name != store.Words{} }) {
				gone[p.Code] = p.Name
			}
		}
		if len(gone) == 0 {
			return nil
		}
		for p, err := range store.People.All(tx, 0, false) {
			if err != nil {
				return err
			}
			for h := range p.Open {
				if name, is := gone[h.Position]; is {
					return fault.New(fault.Conflict, "error.position-in-use", "name", name.IT).At("positions")
				}
			}
		}
		return nil
	})
}
