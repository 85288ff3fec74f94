package app

import (
	"strconv"
)

// claimPage asks the person whom a form named whether the ticket is theirs. It shows nothing of it but its number.
type claimPage struct {
	Page
	ID uint64
}

func (a *App) claimPage(r *Request, n uint64) error {
	v := &claimPage{Page: r.page("claim.title"), ID: n}
	v.Crumb("#"+strconv.FormatUint(n, 10), "")
	return r.render("page/ticket-claim", v)
}

// postClaim makes the ticket the person's own.
func (a *App) postClaim(r *Request) error {
	n, err := ticketNumber(r)
	if err != nil {
		return err
	}
	if err := a.desk.Claim(r.actor(), n); err != nil {
		return err
	}
	return r.done("flash.claimed", ticketAddress(n))
}
