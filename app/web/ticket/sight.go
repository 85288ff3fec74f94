package ticket

import (
	"sportello/app/desk"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/store"
)

// sight says to the requester who sees their ticket besides them, and offers to narrow that or to open it again.
type sight struct {
	Words    string
	Narrowed bool
	May      bool // there is something to narrow, or to open again
}

// sightWords are the keys of the sentences, by the setting of the organisation or unit.
var sightWords = map[store.Sharing]string{store.SharedCoordinators: "side.seen-coordinators", store.SharedChosen: "side.seen-chosen", store.SharedEverybody: "side.seen-everybody"}

// sightOf returns what the requester reads about who sees the ticket; nil for everybody else.
func (a pages) sightOf(v *sidePage, tv *ticket.View) (*sight, error) {
	if !tv.May[policy.Narrow] {
		return nil, nil
	}
	out := &sight{Narrowed: tv.Ticket.Narrowed, May: tv.Ticket.Narrowed}
	key, shared := sightWords[tv.Share.With]
	switch {
	case tv.Secret:
		out.Words = v.T("side.seen-confidential", "group", tv.Group.Name.In(v.Lang))
		return out, nil
	case tv.Ticket.Narrowed, !shared:
		out.Words = v.T("side.seen-nobody")
		return out, nil
	}
	out.May = true
	err := a.Desk.Names(func(n desk.Names) { out.Words = v.T(key, "place", n.Place(tv.Share.At.Organisation, tv.Share.At.Unit)) })
	return out, err
}

// postSideNarrow keeps the ticket from coordinators and colleagues, or opens it to them again.
func (a pages) postSideNarrow(r *web.Request) error {
	f := r.Form()
	narrow, flash := f.Bool("narrowed"), "flash.side-narrowed"
	if f.Raw("narrowed") == "" {
		f.Refuse("", "error.choice")
	}
	if !narrow {
		flash = "flash.side-widened"
	}
	return a.sideStep(r, f, ticket.Step{Narrow: &narrow}, flash)
}
