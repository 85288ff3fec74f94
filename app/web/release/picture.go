package release

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/release"
	"sportello/app/sheet"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// How much of a picture stands on a page. The files have the whole.
const (
	placesOnPage = 50
	acrossOnPage = 10
)

// picturePage is a module with organisations down and its updates across.
type picturePage struct {
	web.Page
	Code     string // of the module
	Modules  []show.Choice
	Places   []show.Choice // environments
	Narrows  []web.Link
	Only     string
	Filtered bool
	Across   []acrossHead
	Rows     []pictureRow
	Count    string // of the places
	Pages    []web.Link
	Times    []web.Link // earlier and later updates
	Versions string     // address of which versions run where, for those of the desk
	CSV      string
	XLSX     string
}

// acrossHead is an update above its column.
type acrossHead struct {
	Version, Address, When string
	State                  *show.Mark
}

// pictureRow is a place.
type pictureRow struct {
	Place, What, Running string
	Cells                []pictureCell
}

// pictureCell is what a place says of an update; without an address the update did not go there.
type pictureCell struct {
	Under   string // the version, where no head stands above
	Address string
	Of      string // place and update, for those who hear the links alone
	State   show.Mark
	Late    *show.Mark
}

// asked is what of a picture somebody asks for.
type asked struct {
	module      string
	only        release.Only
	environment store.Environment
}

// picture returns the picture that the request asks for, the part of it that is looked for, and the modules that the
// reader may choose; without a module in the address it is of the first.
func (a pages) picture(r *web.Request) (whole, part release.Picture, in asked, modules []*store.Module, err error) {
	q := r.QueryForm()
	in = asked{q.Raw("module"), web.FormCode[release.Only](q, "only"), web.FormCode[store.Environment](q, "environment")}
	if modules, err = a.Desk.Releases.Pictured(r.Actor()); err != nil {
		return whole, part, in, modules, err
	}
	if in.module == "" {
		if len(modules) == 0 {
			return whole, part, in, modules, fault.New(fault.NotFound, "error.not-found")
		}
		in.module = modules[0].Code
	}
	whole, err = a.Desk.Releases.Picture(r.Actor(), in.module)
	return whole, whole.Narrowed(in.only, in.environment), in, modules, err
}

// values are the query of the picture's own address.
func (in asked) values() url.Values {
	out := url.Values{"module": {in.module}}
	if in.only != 0 {
		out.Set("only", in.only.String())
	}
	if in.environment != 0 {
		out.Set("environment", in.environment.String())
	}
	return out
}

func (a pages) getPicture(r *web.Request) error {
	whole, part, in, modules, err := a.picture(r)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	name := modulePath(levels, whole.Module, r.Lang())
	v := &picturePage{Page: r.Page("picture.of", "module", name), Code: in.module, Only: in.only.String(), Filtered: in.only != 0 || in.environment != 0}
	v.Nav = "releases"
	v.Crumb(v.T("releases.title"), address.Releases)
	v.Crumb(v.T("picture.title"), "")
	v.choices(in, modules, levels)
	v.narrows(in, whole.Narrowed(0, in.environment))
	if v.IsAgent || v.IsAdministrator {
		v.Versions = address.AllInstallations
	}
	q := in.values()
	v.CSV, v.XLSX = address.Picture+".csv?"+q.Encode(), address.Picture+".xlsx?"+q.Encode()
	asked := r.QueryForm()
	v.Count = v.Plural("picture.places", len(part.Rows))
	link := func(label, name string, n int) web.Link {
		to := in.values()
		for _, other := range []string{"page", "across"} {
			if s := asked.Raw(other); s != "" && other != name {
				to.Set(other, s)
			}
		}
		if n > 1 {
			to.Set(name, strconv.Itoa(n))
		}
		return web.Link{Label: label, Address: show.JoinQuery(address.Picture, to.Encode())}
	}
	page, from, to := pieceOf(len(part.Rows), placesOnPage, asked.Raw("page"))
	rows := part.Rows[from:to]
	if page > 1 {
		v.Pages = append(v.Pages, link(v.T("picture.before"), "page", page-1))
	}
	if to < len(part.Rows) {
		v.Pages = append(v.Pages, link(v.T("picture.after"), "page", page+1))
	}
	page, from, to = pieceOf(len(part.Releases), acrossOnPage, asked.Raw("across"))
	if page > 1 {
		v.Times = append(v.Times, link(v.T("picture.later"), "across", page-1))
	}
	if to < len(part.Releases) {
		v.Times = append(v.Times, link(v.T("picture.earlier"), "across", page+1))
	}
	v.fill(part, rows, from, to)
	if err := show.House(a.Site, r, &v.Page, address.Releases); err != nil {
		return err
	}
	return r.Render("page/picture", v)
}

// pieceOf returns the number of a page that was asked for, from 1, and where it begins and ends.
func pieceOf(all, most int, asked string) (page, from, to int) {
	page, err := strconv.Atoi(asked)
	if last := max(1, (all+most-1)/most); err != nil || page < 1 {
		page = 1
	} else if page > last {
		page = last
	}
	return page, (page - 1) * most, min(page*most, all)
}

// modulePath is the name of a module with those of the levels above it.
func modulePath(levels []catalogue.Level, m *store.Module, lang string) string {
	if l := show.LevelByCode(levels, m.Code); l != nil {
		return l.Path.In(lang)
	}
	return m.Name.In(lang)
}

func (v *picturePage) choices(in asked, modules []*store.Module, levels []catalogue.Level) {
	for _, m := range modules {
		v.Modules = append(v.Modules, show.Choice{Value: m.Code, Label: modulePath(levels, m, v.Lang), Chosen: m.Code == in.module})
	}
	v.Places = append(v.Places, show.Choice{Label: v.T("picture.any-environment"), Chosen: in.environment == 0})
	for _, e := range []store.Environment{store.Production, store.Test} {
		v.Places = append(v.Places, show.Choice{Value: e.String(), Label: environmentName(&v.Page, e), Chosen: in.environment == e})
	}
}

// narrows are the links that show what is late, what failed, what nobody has read.
func (v *picturePage) narrows(in asked, of release.Picture) {
	for _, one := range []struct {
		only  release.Only
		name  string
		count int
	}{{0, "all", -1}, {release.OnlyLate, "late", of.Late}, {release.OnlyFailed, "failed", of.Failed}, {release.OnlyUnread, "unread", of.Unread}} {
		to := in
		to.only = one.only
		l := web.Link{Label: v.T("releases.filter-" + one.name), Address: show.JoinQuery(address.Picture, to.values().Encode()), Current: in.only == one.only}
		if one.count >= 0 {
			l.Count = v.Number(one.count)
		}
		v.Narrows = append(v.Narrows, l)
	}
}

// fill puts the places and the updates into the table.
func (v *picturePage) fill(of release.Picture, rows []release.PictureRow, from, to int) {
	for _, r := range of.Releases[from:to] {
		h := acrossHead{Version: r.Version, Address: address.Release(r.ID), When: v.Date(r.Published)}
		if r.State != store.ReleasePublished {
			m := show.StateMark(&v.Page, r.State)
			h.State = &m
		}
		v.Across = append(v.Across, h)
	}
	states := map[store.ReceiptState]show.Mark{}
	for s := range receiptMarks {
		states[s] = receiptMark(&v.Page, s)
	}
	late, beyond := lateMark(&v.Page), beyondMark(&v.Page)
	for _, row := range rows {
		out := pictureRow{Place: placeName(row), What: environmentName(&v.Page, row.Environment), Running: row.Version}
		for n := from; n < to; n++ {
			c := pictureCell{}
			if cell := row.Cells[n]; cell.Known {
				c = pictureCell{Under: of.Releases[n].Version, Address: address.ReleaseReceipts(of.Releases[n].ID, row.Organisation.Code), State: states[cell.State],
					Of: show.Joined(", ", of.Releases[n].Version, out.Place, out.What)}
				switch {
				case cell.Beyond && cell.State != store.ReceiptPlanned:
					c.State = beyond
				case cell.Late:
					c.Late = &late
				}
			}
			out.Cells = append(out.Cells, c)
		}
		v.Rows = append(v.Rows, out)
	}
}

func placeName(row release.PictureRow) string {
	if row.Unit != nil {
		return show.Joined(", ", row.Organisation.Name, row.Unit.Name)
	}
	return row.Organisation.Name
}

// table returns the picture for a spreadsheet: a row for each place, a column for each update.
func (a pages) table(r *web.Request) (name string, rows [][]string, err error) {
	_, part, _, _, err := a.picture(r)
	if err != nil {
		return "", nil, err
	}
	p := r.Page("picture.title")
	head := []string{p.T("releases.place"), p.T("installations.unit"), p.T("installations.environment"), p.T("picture.running")}
	for _, one := range part.Releases {
		head = append(head, one.Version)
	}
	states := map[store.ReceiptState]string{}
	for s := range receiptMarks {
		states[s] = p.T("releases.receipt-" + s.String())
	}
	late := p.T("releases.late")
	rows = append(rows, head)
	for _, row := range part.Rows {
		line := []string{row.Organisation.Name, "", environmentName(&p, row.Environment), row.Version}
		if row.Unit != nil {
			line[1] = row.Unit.Name
		}
		for _, c := range row.Cells {
			switch {
			case !c.Known:
				line = append(line, "")
			case c.Beyond && c.State != store.ReceiptPlanned:
				line = append(line, p.T("releases.receipt-beyond"))
			case c.Late:
				line = append(line, show.Joined(", ", states[c.State], strings.ToLower(late)))
			default:
				line = append(line, states[c.State])
			}
		}
		rows = append(rows, line)
	}
	return show.Joined("-", strings.ReplaceAll(part.Module.Code, "/", "-"), p.Now.Format(time.DateOnly)), rows, nil
}

func (a pages) getPictureCSV(r *web.Request) error {
	name, rows, err := a.table(r)
	if err != nil {
		return err
	}
	b, err := sheet.CSV(rows)
	if err != nil {
		return err
	}
	return download(r, name+".csv", sheet.CSVType, b)
}

func (a pages) getPictureXLSX(r *web.Request) error {
	name, rows, err := a.table(r)
	if err != nil {
		return err
	}
	b, err := sheet.XLSX(name, rows)
	if err != nil {
		return err
	}
	return download(r, name+".xlsx", sheet.XLSXType, b)
}

// download answers with the bytes as a file of the name.
func download(r *web.Request, name, mediaType string, b []byte) error {
	r.SetHeader("Content-Disposition", web.DispositionOf("attachment", name))
	r.SetHeader("Content-Type", mediaType)
	r.SetHeader("Cache-Control", "no-store")
	r.SetHeader("X-Content-Type-Options", "nosniff")
	return r.Send(b)
}
