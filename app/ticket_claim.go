package app

import (
	"strconv"

	"github.com/gofiber/fiber/v2"
)

// claimPage asks the person whom a form named whether the ticket is theirs. It shows nothing of it but its number.
type claimPage struct {
	Page
	ID uint64
}

func (a *App) claimPage(c *fiber.Ctx, n uint64) error {
	v := &claimPage{Page: a.page(c, "claim.title"), ID: n}
	v.Crumb("#"+strconv.FormatUint(n, 10), "")
	return a.render(c, "page/ticket-claim", v)
}

// postClaim makes the ticket the person's own.
func (a *App) postClaim(c *fiber.Ctx) error {
	n, err := ticketNumber(c)
	if err != nil {
		return err
	}
	if err := a.desk.Claim(a.actor(c), n); err != nil {
		return err
	}
	return a.done(c, "flash.claimed", ticketAddress(n))
}
