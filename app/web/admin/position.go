package admin

import (
	"net/url"
	"strconv"

	"sportello/app/desk/catalogue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// positionsPage is the list of positions that people may have in an organisation.
type positionsPage struct {
	show.AdminPage
	Positions []positionRow
}

type positionRow struct {
	Number       int
	Field        string
	Code, It, En string
	Fixed        bool // it is in the list: its code stays
}

const mostPositions = 30

func positionField(n int) string { return "position-" + strconv.Itoa(n) }

func (a pages) getPositions(r *web.Request) error { return a.positionsPage(r, nil, nil) }

func (a pages) positionsPage(r *web.Request, f *web.Form, err error) error {
	v := &positionsPage{AdminPage: show.Admin(a.Site, r, "positions", "admin-positions.title")}
	v.Top()
	set, bad := a.savedSettings()
	if bad != nil {
		return bad
	}
	now := url.Values{"rev": {strconv.FormatUint(set.Rev, 10)}}
	for i, p := range set.Positions {
		now.Set(positionField(i+1)+"-code", p.Code)
		setWords(now, positionField(i+1), p.Name)
	}
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if err := v.Again(f, err, now, nil); err != nil {
			return err
		}
	}
	for n := 1; n <= min(len(set.Positions)+show.SpareRows, mostPositions); n++ {
		field := positionField(n)
		v.Positions = append(v.Positions, positionRow{Number: n, Field: field, Code: v.Value(field + "-code"), It: v.Value(field + "-it"), En: v.Value(field + "-en"),
			Fixed: n <= len(set.Positions)})
	}
	return r.Render("page/admin-positions", v)
}

func (a pages) postPositions(r *web.Request) error {
	f := r.Form()
	var rows []store.Position
	for n := 1; n <= mostPositions; n++ {
		field := positionField(n)
		rows = append(rows, store.Position{Code: f.Text(field+"-code", store.Most("settings.positions.code")), Name: wordsIn(f, field, store.Most("settings.positions.name.it"))})
	}
	err := f.Err()
	if err == nil {
		_, err = a.Desk.Catalogue.ChangeSettings(r.Actor(), f.ID("rev"), catalogue.SettingsForm{Positions: &rows})
	}
	if err != nil {
		return a.positionsPage(r, f, err)
	}
	return r.Done("flash.positions-saved", "/admin/positions")
}
