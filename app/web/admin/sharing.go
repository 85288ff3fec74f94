package admin

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// sharingPage says with whom the tickets of an organisation or unit are shared, and changes it in two steps: the first shows
// whose eyes change.
type sharingPage struct {
	show.AdminPage
	Place   string
	Unit    uint64
	Choices []show.Choice
	Units   []sharingUnit // of the organisation
	Eyes    *eyes         // what the setting in the form changes, before it is saved
}

type sharingUnit struct{ Name, Address, Words string }

// eyes says what a setting changes. Seen goes back with the form, so that what is saved is what was shown.
type eyes struct{ Opens, Closes, Seen string }

func sharingPath(organisation, unit uint64) string {
	path := address.Admin("organisations", organisation) + "/sharing"
	if unit != 0 {
		path += "?unit=" + strconv.FormatUint(unit, 10)
	}
	return path
}

func (a pages) getSharing(r *web.Request) error {
	return a.sharingPage(r, r.QueryForm().ID("unit"), nil, nil, nil)
}

// sharingPage shows the setting; f is the posted form, and seen what it changes.
func (a pages) sharingPage(r *web.Request, unit uint64, f *web.Form, seen *eyes, err error) error {
	n, bad := r.Number()
	if bad != nil {
		return bad
	}
	s, bad := a.Desk.People.Sharing(r.Actor(), n, unit)
	if bad != nil {
		return bad
	}
	place := s.Organisation.Name
	if s.Unit != nil {
		place = s.Unit.Name
	}
	v := &sharingPage{AdminPage: show.Admin(a.Site, r, "organisations", "sharing.title", "place", place), Place: place, Unit: unit, Eyes: seen}
	v.Path = sharingPath(n, unit)
	v.Crumb(s.Organisation.Name, address.Admin("organisations", n))
	if s.Unit != nil {
		v.Crumb(v.T("sharing.short"), sharingPath(n, 0))
		v.End(place)
	} else {
		v.End(v.T("sharing.short"))
	}
	with, chosen := s.Share.With, []string(nil)
	if with == store.SharedAbove && unit == 0 {
		with = store.SharedCoordinators
	}
	for _, p := range s.Chosen {
		chosen = append(chosen, p.Email)
	}
	now := url.Values{"with": {sharingValue(with)}, "chosen": {strings.Join(chosen, "\n")}, "rev": {strconv.FormatUint(s.Rev, 10)}, "unit": {strconv.FormatUint(unit, 10)}}
	if f == nil {
		v.Begin(r, now, "with")
	} else if err := v.Again(f, err, now, []show.AdminField{{Name: "chosen", Key: "sharing.chosen"}}); err != nil {
		return err
	}
	for w := store.SharedAbove; w <= store.SharedEverybody; w++ {
		if w == store.SharedAbove && unit == 0 {
			continue
		}
		word := sharingValue(w)
		hint := v.T("sharing.hint-" + word)
		if w == store.SharedAbove {
			above := s.Organisation.Share.With
			if above == store.SharedAbove {
				above = store.SharedCoordinators
			}
			hint = v.T("sharing.with-" + sharingValue(above))
		}
		v.Choices = append(v.Choices, show.Choice{Value: word, Label: v.T("sharing.with-" + word), Hint: hint, Chosen: v.Chosen("with", word)})
	}
	for _, u := range s.Units {
		v.Units = append(v.Units, sharingUnit{Name: u.Name, Address: sharingPath(n, u.ID), Words: v.T("sharing.with-" + sharingValue(u.Share.With))})
	}
	return r.Render("page/admin-sharing", v)
}

// sharingValue is the setting's value in the form: its code, above for that of the organisation.
func sharingValue(w store.Sharing) string {
	if w == store.SharedAbove {
		return "above"
	}
	return w.String()
}

func (a pages) postSharing(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	unit, form := f.ID("unit"), people.SharingForm{Chosen: f.Lines("chosen")}
	if f.Raw("with") != "above" || unit == 0 {
		if form.With = web.FormCode[store.Sharing](f, "with"); form.With == store.SharedAbove {
			f.Refuse("with", "error.choice")
		}
	}
	if err := f.Err(); err != nil {
		return a.sharingPage(r, unit, f, nil, err)
	}
	if seen := fmt.Sprint(form.With, form.Chosen, f.ID("rev")); f.Raw("seen") != seen { // counting takes seconds in a large organisation: once
		change, err := a.Desk.People.Eyes(r.Actor(), n, unit, form)
		if err != nil {
			return a.sharingPage(r, unit, f, nil, err)
		}
		p := r.Page("sharing.short")
		count := func(n int, key, nobody string) string {
			if n == 0 {
				return p.T(nobody)
			}
			return p.Plural(key, n)
		}
		return a.sharingPage(r, unit, f, &eyes{Opens: count(change.Opens, "sharing.opens", "sharing.opens-none"), Closes: count(change.Closes, "sharing.closes", "sharing.closes-none"), Seen: seen}, nil)
	}
	if err := a.Desk.People.Share(r.Actor(), n, unit, f.ID("rev"), form); err != nil {
		return a.sharingPage(r, unit, f, nil, err)
	}
	return r.Done("flash.sharing-saved", sharingPath(n, 0))
}
