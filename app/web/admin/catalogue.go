package admin

import (
	"bytes"
	"errors"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// adminCataloguePage is the tree of products, areas and modules.
type adminCataloguePage struct {
	show.AdminPage
	Levels   []*adminLevelLine
	Problems []importProblem
}

// adminLevelLine is one level with those below it.
type adminLevelLine struct {
	Name, Address string
	Group         string
	Inherited     bool // the group comes from the level above
	Channel       adminBadge
	NoAddress     bool // served elsewhere, but without an address
	Confidential  bool
	Retired       bool
	AddBelow      string // address, empty on the lowest level
	Below         []*adminLevelLine
	Page          *web.Page // for the sentences of the recursive template
}

type importProblem struct{ Where, Text string }

var channelBadges = map[store.Channel]string{store.Here: "badge-calm", store.OtherDesk: "badge-brand", store.ByEmail: "badge-wait"}

func (a pages) getAdminCatalogue(r *web.Request) error {
	return a.cataloguePage(r, &adminCataloguePage{})
}

func (a pages) cataloguePage(r *web.Request, v *adminCataloguePage) error {
	problems, status := v.Problems, v.Page.Status
	v.AdminPage = show.Admin(a.Site, r, "catalogue", "admin-catalogue.title")
	v.Top()
	v.Path, v.Problems, v.Page.Status = "/admin/catalogue", problems, status
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	s, err := a.surroundings(r)
	if err != nil {
		return err
	}
	last := map[int]*adminLevelLine{} // by depth
	for _, l := range levels {
		line := v.levelLine(s, &l)
		last[l.Depth] = line
		if above := last[l.Depth-1]; l.Depth > 0 && above != nil {
			above.Below = append(above.Below, line)
		} else {
			v.Levels = append(v.Levels, line)
		}
	}
	return r.Render("page/admin-catalogue", v)
}

func (v *adminCataloguePage) levelLine(s *surroundings, l *catalogue.Level) *adminLevelLine {
	line := &adminLevelLine{Name: l.Name.In(v.Lang), Address: address.Admin("catalogue", l.ID), Group: s.group(l.Group), Inherited: l.Module.Group == 0,
		Channel:   adminBadge{v.T("admin-catalogue.channel-" + l.Channel.String()), channelBadges[l.Channel]},
		NoAddress: !l.Here() && l.Address == "", Confidential: l.Confidential, Retired: l.Retired, Page: &v.Page}
	if !l.Here() && l.Module.Group == 0 {
		line.Group = "" // no group here is responsible for it
	}
	if l.Depth < 2 && !l.Retired {
		line.AddBelow = "/admin/catalogue/new?parent=" + strings.TrimPrefix(line.Address, "/admin/catalogue/")
	}
	return line
}

// getCatalogueFile answers with groups and catalogue as a file that can be loaded again.
func (a pages) getCatalogueFile(r *web.Request) error {
	var b bytes.Buffer
	if err := a.Desk.Catalogue.Export(r.Actor(), &b); err != nil {
		return err
	}
	r.SetHeader("Content-Type", "application/toml; charset=utf-8")
	r.SetHeader("Content-Disposition", `attachment; filename="catalogo.toml"`)
	r.SetHeader("Cache-Control", "no-store")
	return r.Send(b.Bytes())
}

// postCatalogueFile loads a file of groups and catalogue, either all of it or nothing.
func (a pages) postCatalogueFile(r *web.Request) error {
	f := r.Form()
	v := &adminCataloguePage{}
	if len(f.Uploads["file"]) == 0 {
		f.Refuse("file", "admin-catalogue.no-file")
	}
	err := f.Err()
	var n catalogue.Imported
	if err == nil {
		if err = f.Uploads["file"][0].Err; err == nil {
			n, err = a.Desk.Catalogue.Import(r.Actor(), bytes.NewReader(f.Uploads["file"][0].Bytes))
		}
	}
	if err == nil {
		return r.Done("flash.catalogue-imported", "/admin/catalogue", "added", n.Added, "updated", n.Updated)
	}
	var many fault.Problems
	var one *fault.Error
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one) && (one.Kind == fault.Invalid || one.Kind == fault.TooLarge):
		many = fault.Problems{one}
	default:
		return err
	}
	v.Page.Status = web.StatusOf[many[0].Kind]
	for _, e := range many {
		p := importProblem{Text: a.Words.Explain(r.Lang(), e)}
		if e.Field != "file" {
			p.Where = e.Field
		}
		v.Problems = append(v.Problems, p)
	}
	return a.cataloguePage(r, v)
}
