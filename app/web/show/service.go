package show

import (
	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/app/web"
)

// ServiceLine is one service account in a list.
type ServiceLine struct {
	Name, Address string
	Belongs       string // names of the people it belongs to
	Alone         bool   // one of them may no longer sign in
	Off           bool   // it is disabled
	Tokens        int
}

// ServiceLineOf returns the line of the service account.
func ServiceLineOf(p *web.Page, s *people.Service) ServiceLine {
	line := ServiceLine{Name: s.Name, Address: address.Service(s.ID), Alone: s.Alone, Off: s.Disabled, Tokens: s.Tokens}
	switch len(s.Belongs) {
	case 1:
		line.Belongs = s.Belongs[0].Name
	case 2:
		line.Belongs = p.T("services.both", "one", s.Belongs[0].Name, "other", s.Belongs[1].Name)
	}
	return line
}
