package admin

import (
	"strconv"

	"sportello/app/address"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
)

// adminTokensPage lists the tokens that have been asleep since the desk was restored from a backup.
type adminTokensPage struct {
	show.AdminPage
	Tokens []sleepingLine
	Count  string
}

type sleepingLine struct {
	ID                 uint64
	Name, Who, Address string
	Made, Seen, Ends   words.Moment
}

func (a pages) getAdminTokens(r *web.Request) error {
	v := &adminTokensPage{AdminPage: show.Admin(a.Site, r, "tokens", "admin-tokens.title")}
	v.Top()
	list, all, err := a.Desk.People.SleepingTokens(r.Actor())
	if err != nil {
		return err
	}
	v.Count = v.Plural("admin-tokens.count", all)
	for _, t := range list {
		name := t.Name
		if name == "" {
			name = v.T("me.token-without-name")
		}
		v.Tokens = append(v.Tokens, sleepingLine{ID: t.ID, Name: name, Who: t.Who.Name, Address: address.Person(t.Who.ID), Made: v.Moment(t.Created),
			Seen: v.Moment(t.Seen), Ends: v.Moment(t.Ends)})
	}
	return r.Render("page/admin-tokens", v)
}

func (a pages) postWakeToken(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.People.WakeToken(r.Actor(), id); err != nil {
		return err
	}
	return r.Done("flash.token-woken", "/admin/tokens")
}

func (a pages) postWakeTokens(r *web.Request) error {
	n, err := a.Desk.People.WakeTokens(r.Actor())
	if err != nil {
		return err
	}
	return r.Done("flash.tokens-woken", "/admin/tokens", "n", strconv.Itoa(n))
}
