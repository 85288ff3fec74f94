package account

import (
	"sportello/app/web"
)

// dataPage says what the archive of one's own data holds, and what it does not.
type dataPage struct {
	web.Page
	Inside []string
}

func (a pages) getMyData(r *web.Request) error {
	v := &dataPage{Page: r.Page("own-data.title")}
	v.Crumb(v.T("nav.home"), "/")
	v.Crumb(v.T("me.title"), "/me")
	v.Crumb(v.Title, "")
	for _, key := range []string{"own-data.in-account", "own-data.in-tickets", "own-data.in-sent", "own-data.in-work", "own-data.in-audit"} {
		v.Inside = append(v.Inside, v.T(key))
	}
	return r.Render("page/me-data", v)
}

// postMyData sends the archive to whoever confirmed who they are; see Confirmed in the routes.
func (a pages) postMyData(r *web.Request) error { return a.SendOwn(r, r.Actor().ID()) }
