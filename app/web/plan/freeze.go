package plan

import (
	"sportello/app/address"
	"sportello/app/web"
)

// postFreeze says that the reader read of the freeze of the address.
func (a pages) postFreeze(r *web.Request) error {
	one, err := a.plan(r, nil)
	if err == nil {
		err = a.Desk.Plans.ReadFreeze(r.Actor(), one.Plan.ID, code(r))
	}
	if err != nil {
		return err
	}
	return r.Done("flash.plan-freeze", address.Plan(one.Plan.ID))
}
