package ticket

import (
	"strconv"

	"sportello/app/address"
	"sportello/app/web"
)

// claimPage asks a person whom a form named as the requester whether the ticket is theirs. It shows only its number.
type claimPage struct {
	web.Page
	ID uint64
}

func (a pages) claimPage(r *web.Request, n uint64) error {
	v := &claimPage{Page: r.Page("claim.title"), ID: n}
	v.Crumb("#"+strconv.FormatUint(n, 10), "")
	return r.Render("page/ticket-claim", v)
}

// postClaim confirms that the ticket is the person's own.
func (a pages) postClaim(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.Tickets.Claim(r.Actor(), n); err != nil {
		return err
	}
	return r.Done("flash.claimed", address.Ticket(n))
}
