package show

import "sportello/app/web"

// ReasonPage asks an administrator why they need to see something confidential.
type ReasonPage struct {
	web.Page
	Action, Cancel  string
	Why, Hint, Open string
}
