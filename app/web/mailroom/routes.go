// Package mailroom serves mail: the originals, and the mail that waits to be judged.
package mailroom

import (
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of original mail and of mail that waits to be judged.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return []web.Route{
		web.Get("/desk/mail", "mails.group", web.Agent, a.getGroupMails),
		web.Post("/desk/mail", "mails.judge", web.Agent, a.postJudgeMail, "/desk/mail"),
		web.Get("/desk/mail/:n<int>/original", "mails.show", web.Agent, a.getMailOriginal),
		web.Get("/desk/mail/:n<int>/original.eml", "mails.download", web.Agent, a.getMailFile),
		web.Get("/desk/mail/:n<int>/original/pictures/:i<int>", "mails.picture", web.Agent, a.getMailPicture),
		web.Get("/tickets/:n<int>/messages/:m<int>/original", "original.show", web.Person, a.getOriginal),
		web.Get("/tickets/:n<int>/messages/:m<int>/original.eml", "original.download", web.Person, a.getOriginalFile),
		web.Get("/tickets/:n<int>/messages/:m<int>/original/pictures/:i<int>", "original.picture", web.Person, a.getOriginalPicture),
		web.Get("/admin/mails", "mails.list", web.Administrator, a.getMails),
	}
}
