package api

import (
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiPicture is a module with the places where it runs and what each says of its releases.
type apiPicture struct {
	Module   string          `json:"module"`
	Releases []apiAcross     `json:"releases"` // the newest first
	Places   []apiPlaceShown `json:"places"`
	Late     int             `json:"late"` // how many receipts of the environment, whatever is looked for
	Failed   int             `json:"failed"`
	Unread   int             `json:"unread"`
}

type apiAcross struct {
	Number    uint64             `json:"number"`
	Version   string             `json:"version"`
	State     store.ReleaseState `json:"state"`
	InstallBy apiDays            `json:"install_by"`
	Published *time.Time         `json:"published_at"`
}

type apiPlaceShown struct {
	Organisation string            `json:"organisation"`
	Unit         string            `json:"unit,omitempty"`
	Environment  store.Environment `json:"environment"`
	Version      string            `json:"version,omitempty"` // what runs there
	Receipts     []apiShown        `json:"receipts"`          // of the releases that went there
}

type apiShown struct {
	Release uint64             `json:"release"`
	State   store.ReceiptState `json:"state"`
	Asked   bool               `json:"asked"`
	Late    bool               `json:"late"`
	Newer   bool               `json:"up_to_date,omitempty"` // nobody has answered, and what runs there does: this version or a newer one
}

// apiPicture answers with the picture of a module, or the part of it that is looked for.
func (a pages) apiPicture(r *web.Request) error {
	var wrong fault.Problems
	code := r.Query("module")
	if code == "" {
		wrong.Add("module", "error.required")
	}
	only := entry.Coded[release.Only](&wrong, "only", r.Query("only"))
	environment := entry.Coded[store.Environment](&wrong, "environment", r.Query("environment"))
	if err := wrong.Err(); err != nil {
		return err
	}
	p, err := a.Desk.Releases.Picture(r.Actor(), code)
	if err != nil {
		return err
	}
	p = p.Narrowed(only, environment)
	out := apiPicture{Module: p.Module.Code, Releases: []apiAcross{}, Places: []apiPlaceShown{}, Late: p.Late, Failed: p.Failed, Unread: p.Unread}
	for _, one := range p.Releases {
		out.Releases = append(out.Releases, apiAcross{one.ID, one.Version, one.State, apiDays{program.Date(one.InstallBy.Test), program.Date(one.InstallBy.Production)}, program.Moment(one.Published)})
	}
	for _, row := range p.Rows {
		place := apiPlaceShown{Organisation: row.Organisation.Code, Environment: row.Environment, Version: row.Version, Receipts: []apiShown{}}
		if row.Unit != nil {
			place.Unit = row.Unit.Name
		}
		for n, c := range row.Cells {
			if c.Known {
				place.Receipts = append(place.Receipts, apiShown{p.Releases[n].ID, c.State, c.Asked, c.Late, c.Beyond})
			}
		}
		out.Places = append(out.Places, place)
	}
	return r.JSON(out)
}
