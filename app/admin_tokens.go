package app

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"sportello/app/words"
)

// adminTokensPage lists the tokens that sleep since the desk was restored from a backup.
type adminTokensPage struct {
	adminPage
	Tokens []sleepingLine
	Count  string
}

type sleepingLine struct {
	ID                 uint64
	Name, Who, Address string
	Made, Seen, Ends   words.Moment
}

func (a *App) getAdminTokens(c *fiber.Ctx) error {
	v := &adminTokensPage{adminPage: a.admin(c, "tokens", "admin-tokens.title")}
	v.top()
	list, all, err := a.desk.SleepingTokens(a.actor(c))
	if err != nil {
		return err
	}
	v.Count = v.Plural("admin-tokens.count", all)
	for _, t := range list {
		name := t.Name
		if name == "" {
			name = v.T("me.token-without-name")
		}
		v.Tokens = append(v.Tokens, sleepingLine{ID: t.ID, Name: name, Who: t.Who.Name, Address: personAddress(t.Who.ID), Made: v.Moment(t.Created),
			Seen: v.Moment(t.Seen), Ends: v.Moment(t.Ends)})
	}
	return a.render(c, "page/admin-tokens", v)
}

func (a *App) postWakeToken(c *fiber.Ctx) error {
	id, err := a.number(c)
	if err != nil {
		return err
	}
	if err := a.desk.WakeToken(a.actor(c), id); err != nil {
		return err
	}
	return a.done(c, "flash.token-woken", "/admin/tokens")
}

func (a *App) postWakeTokens(c *fiber.Ctx) error {
	n, err := a.desk.WakeTokens(a.actor(c))
	if err != nil {
		return err
	}
	return a.done(c, "flash.tokens-woken", "/admin/tokens", "n", strconv.Itoa(n))
}
