package show

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sportello/app/web"
	"sportello/store/fault"
)

// AdminPage is what the pages of the administration have in common: the menu at the side, and the messages about a
// change that was refused or came too late.
type AdminPage struct {
	web.Page
	Refused string // why the act is impossible, shown above the page
	Stale   *staleForm
}

// staleForm says that somebody else changed the row in the meantime. The form keeps what was typed; saving it again
// replaces the current values.
type staleForm struct {
	Address string // address of the page with the current values
	Now     []staleField
}

type staleField struct{ Label, Now string }

// Admin returns a new page of the administration; where is its part, as in its address.
func Admin(s *web.Site, r *web.Request, where, titleKey string, args ...any) AdminPage {
	v := AdminPage{Page: r.Workbench(titleKey, args...)}
	v.Nav, v.Live = "admin", false
	v.Side = adminMenu(&v.Page, where)
	v.Crumb(v.T("nav.admin"), "/admin")
	if where != "" {
		v.Crumb(v.T("admin.menu-"+where), "/admin/"+where)
	}
	return v
}

// End ends the path with the page itself.
func (v *AdminPage) End(label string) { v.Crumb(label, "") }

// Top makes the page the last step of its path, as the list of its part.
func (v *AdminPage) Top() {
	last := &v.Crumbs[len(v.Crumbs)-1]
	last.Address, last.Current = "", true
}

type adminEntry struct{ where, icon string }

var adminMenus = []struct {
	heading string
	entries []adminEntry
}{
	{"people", []adminEntry{{"people", "person"}, {"groups", "people"}, {"organisations", "list"}, {"positions", "list"}, {"service-accounts", "lock"}}},
	{"service", []adminEntry{{"catalogue", "book"}, {"priorities", "clock"}, {"synonyms", "search"}}},
	{"mail", []adminEntry{{"mailboxes", "inbox"}, {"mails", "mail"}, {"letters", "out"}, {"mail-texts", "edit"}}},
	{"look", []adminEntry{{"branding", "eye"}, {"home", "edit"}}},
	{"care", []adminEntry{{"", "chart"}, {"index", "search"}, {"tokens", "clock"}, {"changes", "list"}, {"audit", "lock"}, {"erasures", "trash"}}},
}

// adminMenu lists the parts of the administration the reader may enter.
func adminMenu(p *web.Page, where string) []web.SideGroup {
	var out []web.SideGroup
	for _, m := range adminMenus {
		g := web.SideGroup{Heading: p.T("admin.heading-" + m.heading)}
		for _, e := range m.entries {
			if !p.IsAdministrator && !slices.Contains([]string{"people", "groups"}, e.where) {
				continue
			}
			key, address := "admin.menu-"+e.where, "/admin/"+e.where
			if e.where == "" {
				key, address = "admin.menu-overview", "/admin"
			}
			g.Links = append(g.Links, web.Link{Label: p.T(key), Address: address, Icon: e.icon, Current: e.where == where})
		}
		if len(g.Links) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// AdminField names a field in words, to show its current value.
type AdminField struct{ Name, Key string }

// Again shows a posted form again. If somebody else changed the row in the meantime, the form keeps what was typed,
// shows the current values, and takes the new revision, so that saving again is a deliberate choice. A refusal that
// concerns no field is shown above the page. It returns the errors that no form can show.
func (v *AdminPage) Again(f *web.Form, err error, now url.Values, fields []AdminField) error {
	var one *fault.Error
	if !errors.As(err, &one) || one.Kind != fault.Conflict || one.Field != "" {
		return v.Refill(f, err)
	}
	v.Form, v.Page.Status = f, http.StatusConflict
	if one.Key != "error.changed-meanwhile" {
		v.Refused = v.Site.Words.Explain(v.Lang, one)
		return nil
	}
	v.Stale = &staleForm{Address: v.Path}
	for _, field := range fields {
		was, is := plainLines(f.Values.Get(field.Name)), plainLines(now.Get(field.Name))
		if was != is {
			v.Stale.Now = append(v.Stale.Now, staleField{v.T(field.Key), is})
		}
	}
	f.Values.Set("rev", now.Get("rev"))
	return nil
}

func plainLines(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// Refuse shows a refusal above a page whose form was not posted. It reports whether err is a refusal.
func (v *AdminPage) Refuse(err error) bool {
	var one *fault.Error
	if !errors.As(err, &one) || one.Kind != fault.Conflict && one.Kind != fault.Invalid {
		return false
	}
	v.Refused, v.Page.Status = v.Site.Words.Explain(v.Lang, one), web.StatusOf[one.Kind]
	return true
}

// Begin fills a page whose form was not posted: with what was typed before the session ended, else with the current
// values. main is a field of the page's main form; a draft of another form on the page does not change it.
func (v *AdminPage) Begin(r *web.Request, now url.Values, main string) {
	switch {
	case !v.Resume(r):
		v.Fill(now)
	case !v.Form.Has(main):
		v.Form.Values.Del("rev") // it belongs to the other form
		FieldUnder(v.Form, now)
	}
}

// FieldUnder adds the values that a posted form lacks because its page holds several forms.
func FieldUnder(f *web.Form, values url.Values) {
	for name, all := range values {
		if !f.Has(name) {
			f.Values[name] = all
		}
	}
}
