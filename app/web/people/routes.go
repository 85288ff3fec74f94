// Package people serves the pages on which coordinators look after the people of their organisation.
package people

import "sportello/app/web"

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the people of an organisation and of a person's affiliations.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/organisations/:code/people", "organisation.people", web.Person, a.getMembers),
		web.Post("/organisations/:code/people/leave", "organisation.leave", web.Person, a.postLeave, "/organisations/:code/people"),
		web.Post("/organisations/:code/people/confirm", "organisation.confirm", web.Person, a.postConfirmList, "/organisations/:code/people"),
		web.Get("/organisations/:code/people/list", "list.show", web.Person, a.getList),
		web.Post("/organisations/:code/people/list", "list.preview", web.Person, a.postList, "/organisations/:code/people/list").WithFiles("file").ReadAtOnce(),
		web.Post("/organisations/:code/people/list/apply", "list.apply", web.Person, a.postApplyList, "/organisations/:code/people/list").WithText(),
		web.Get("/organisations/:code/people/list.csv", "list.table", web.Person, a.getListTable),
		web.Get("/organisations/:code/people/invitations", "invitations.list", web.Person, a.getInvitations),
		web.Post("/organisations/:code/people/invitations", "invitations.invite", web.Person, a.postInvitation, "/organisations/:code/people/invitations").WithText(),
		web.Post("/organisations/:code/people/invitations/:n<int>/take-back", "invitations.take-back", web.Person, a.postTakeInvitationBack, "/organisations/:code/people/invitations"),
		web.Get("/people/:n<int>/affiliations", "affiliations.show", web.Person, a.getAffiliations),
		web.Post("/people/:n<int>/affiliations", "affiliations.change", web.Person, a.postAffiliations, "/people/:n/affiliations").WithText(),
	}
}
