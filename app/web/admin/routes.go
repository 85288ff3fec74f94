// Package admin serves the administration.
package admin

import (
	"sportello/app/delivery"
	"sportello/app/web"
)

// pages has what the handlers need.
type pages struct {
	*web.Site
	mail *delivery.Delivery
}

// Routes returns the routes of the administration. Supervisors may use those about people and groups, and see there
// only the groups they manage.
func Routes(s *web.Site, mail *delivery.Delivery) []web.Route {
	a := pages{s, mail}
	return []web.Route{
		web.Get("/admin", "admin.show", web.Supervisor, a.getAdmin),
		web.Get("/admin/index", "admin-index.show", web.Administrator, a.getAdminIndex),
		web.Post("/admin/index/rebuild", "admin-index.rebuild", web.Administrator, a.postRebuildIndex, "/admin/index"),
		web.Post("/admin/index/files", "admin-index.retry", web.Administrator, a.postRetryFiles, "/admin/index"),

		web.Get("/admin/people", "admin-people.list", web.Supervisor, a.getAdminPeople),
		web.Get("/admin/people/new", "admin-people.new", web.Supervisor, a.getNewPerson),
		web.Post("/admin/people", "admin-people.add", web.Supervisor, a.postNewPerson, "/admin/people/new").Confirmed(web.Lately),
		web.Get("/admin/people/:n<int>", "admin-people.show", web.Supervisor, a.getAdminPerson),
		web.Post("/admin/people/:n<int>", "admin-people.change", web.Supervisor, a.postAdminPerson, "/admin/people/:n").Confirmed(web.Lately),
		web.Get("/admin/people/:n<int>/sight", "admin-people.sight", web.Supervisor, a.getSight),
		web.Post("/admin/people/:n<int>/link", "admin-people.link", web.Supervisor, a.postPersonLink, "/admin/people/:n").Confirmed(web.Lately),
		web.Get("/admin/people/:n<int>/handover", "admin-people.handover", web.Supervisor, a.getHandover),
		web.Post("/admin/people/:n<int>/handover", "admin-people.hand-on", web.Supervisor, a.postHandover, "/admin/people/:n/handover").Confirmed(web.Lately),
		web.Post("/admin/people/:n<int>/disable", "admin-people.disable", web.Administrator, a.postDisablePerson, "/admin/people/:n").Confirmed(web.Lately),
		web.Post("/admin/people/:n<int>/enable", "admin-people.enable", web.Administrator, a.postEnablePerson, "/admin/people/:n").Confirmed(web.Lately),

		web.Get("/admin/organisations", "admin-organisations.list", web.Administrator, a.getOrganisations),
		web.Get("/admin/organisations/new", "admin-organisations.new", web.Administrator, a.getNewOrganisation),
		web.Post("/admin/organisations", "admin-organisations.add", web.Administrator, a.postNewOrganisation, "/admin/organisations/new").WithText(),
		web.Get("/admin/organisations/:n<int>", "admin-organisations.show", web.Administrator, a.getOrganisation),
		web.Post("/admin/organisations/:n<int>", "admin-organisations.change", web.Administrator, a.postOrganisation, "/admin/organisations/:n").WithText(),
		web.Post("/admin/organisations/:n<int>/remove", "admin-organisations.remove", web.Administrator, a.postRemoveOrganisation, "/admin/organisations/:n"),
		web.Get("/admin/organisations/:n<int>/sharing", "admin-sharing.show", web.Administrator, a.getSharing),
		web.Post("/admin/organisations/:n<int>/sharing", "admin-sharing.change", web.Administrator, a.postSharing, "/admin/organisations/:n/sharing").WithText().Confirmed(web.Lately),
		web.Post("/admin/organisations/:n<int>/units", "admin-units.add", web.Administrator, a.postNewUnit, "/admin/organisations/:n"),
		web.Post("/admin/organisations/:n<int>/units/rename", "admin-units.change", web.Administrator, a.postUnit, "/admin/organisations/:n"),
		web.Post("/admin/organisations/:n<int>/units/remove", "admin-units.remove", web.Administrator, a.postRemoveUnit, "/admin/organisations/:n"),

		web.Get("/admin/organisations/:n<int>/move", "relocation.show", web.Administrator, a.getRelocation),
		web.Post("/admin/organisations/:n<int>/move", "relocation.begin", web.Administrator, a.postRelocation, "/admin/organisations/:n/move").Confirmed(web.Lately),

		web.Get("/admin/groups", "admin-groups.list", web.Supervisor, a.getGroups),
		web.Get("/admin/groups/new", "admin-groups.new", web.Administrator, a.getNewGroup),
		web.Post("/admin/groups", "admin-groups.add", web.Administrator, a.postNewGroup, "/admin/groups/new"),
		web.Get("/admin/groups/:n<int>", "admin-groups.show", web.Supervisor, a.getGroup),
		web.Post("/admin/groups/:n<int>", "admin-groups.change", web.Administrator, a.postGroup, "/admin/groups/:n").Confirmed(web.Lately),
		web.Post("/admin/groups/:n<int>/members", "admin-groups.member", web.Supervisor, a.postMember, "/admin/groups/:n").Confirmed(web.Lately),
		web.Post("/admin/groups/:n<int>/members/remove", "admin-groups.remove-member", web.Supervisor, a.postRemoveMember, "/admin/groups/:n").Confirmed(web.Lately),
		web.Post("/admin/groups/:n<int>/remove", "admin-groups.remove", web.Administrator, a.postRemoveGroup, "/admin/groups/:n").Confirmed(web.Lately),

		web.Get("/admin/catalogue", "admin-catalogue.list", web.Administrator, a.getAdminCatalogue),
		web.Get("/admin/catalogue/file", "admin-catalogue.download", web.Administrator, a.getCatalogueFile),
		web.Post("/admin/catalogue/import", "admin-catalogue.import", web.Administrator, a.postCatalogueFile, "/admin/catalogue").WithFiles("file").ReadAtOnce(),
		web.Get("/admin/catalogue/new", "admin-catalogue.new", web.Administrator, a.getNewLevel),
		web.Post("/admin/catalogue", "admin-catalogue.add", web.Administrator, a.postNewLevel, "/admin/catalogue/new").WithText(),
		web.Get("/admin/catalogue/:n<int>", "admin-catalogue.show", web.Administrator, a.getLevel),
		web.Post("/admin/catalogue/:n<int>", "admin-catalogue.change", web.Administrator, a.postLevel, "/admin/catalogue/:n").WithText(),
		web.Post("/admin/catalogue/:n<int>/remove", "admin-catalogue.remove", web.Administrator, a.postRemoveLevel, "/admin/catalogue/:n"),

		web.Get("/admin/positions", "admin-positions.show", web.Administrator, a.getPositions),
		web.Post("/admin/positions", "admin-positions.save", web.Administrator, a.postPositions, "/admin/positions").WithText(),
		web.Get("/admin/priorities", "admin-priorities.show", web.Administrator, a.getPriorities),
		web.Post("/admin/priorities", "admin-priorities.save", web.Administrator, a.postPriorities, "/admin/priorities").WithText(),
		web.Get("/admin/branding", "admin-branding.show", web.Administrator, a.getBranding),
		web.Get("/admin/branding/colour", "admin-branding.colour", web.Administrator, a.getColourAdvice),
		web.Post("/admin/branding", "admin-branding.save", web.Administrator, a.postBranding, "/admin/branding").WithFiles("logo"),
		web.Get("/admin/home", "admin-home.show", web.Administrator, a.getHomeTexts),
		web.Post("/admin/home", "admin-home.save", web.Administrator, a.postHomeTexts, "/admin/home").WithText(),

		web.Get("/admin/synonyms", "admin-synonyms.show", web.Administrator, a.getSynonyms),
		web.Post("/admin/synonyms", "admin-synonyms.save", web.Administrator, a.postSynonyms, "/admin/synonyms").WithText(),

		web.Get("/admin/mailboxes", "mailboxes.show", web.Administrator, a.getMailboxes),
		web.Post("/admin/mailboxes/try", "mailboxes.try", web.Administrator, a.postTryMailbox, "/admin/mailboxes"),
		web.Post("/admin/mailboxes/try-sender", "mailboxes.try-sender", web.Administrator, a.postTrySender, "/admin/mailboxes"),
		web.Get("/admin/mailboxes/new", "mail-servers.new", web.Administrator, a.getNewMailbox),
		web.Get("/admin/mailboxes/outgoing", "mail-servers.new-outgoing", web.Administrator, a.getNewOutgoing),
		web.Post("/admin/mailboxes", "mail-servers.add", web.Administrator, a.postNewServer, "/admin/mailboxes").WithText().Confirmed(web.Anew),
		web.Get("/admin/mailboxes/:n<int>", "mail-servers.show", web.Administrator, a.getServer),
		web.Post("/admin/mailboxes/:n<int>", "mail-servers.change", web.Administrator, a.postServer, "/admin/mailboxes/:n").WithText().Confirmed(web.Anew),
		web.Post("/admin/mailboxes/:n<int>/remove", "mail-servers.remove", web.Administrator, a.postRemoveServer, "/admin/mailboxes/:n").Confirmed(web.Lately),
		web.Get("/admin/letters", "letters.list", web.Administrator, a.getLetters),
		web.Post("/admin/letters/:n<int>", "letters.decide", web.Administrator, a.postLetter, "/admin/letters"),
		web.Get("/admin/mail-texts", "mail-texts.show", web.Administrator, a.getMailTexts),
		web.Post("/admin/mail-texts/:event", "mail-texts.save", web.Administrator, a.postMailText, "/admin/mail-texts").WithText().Confirmed(web.Lately),

		web.Get("/admin/service-accounts", "admin-service-accounts.list", web.Administrator, a.getServices),
		web.Post("/admin/service-accounts", "admin-service-accounts.add", web.Administrator, a.postNewService, "/admin/service-accounts").Confirmed(web.Lately),
		web.Get("/admin/tokens", "admin-tokens.list", web.Administrator, a.getAdminTokens),
		web.Post("/admin/tokens/wake", "admin-tokens.wake-all", web.Administrator, a.postWakeTokens, "/admin/tokens").Confirmed(web.Lately),
		web.Post("/admin/tokens/:n<int>/wake", "admin-tokens.wake", web.Administrator, a.postWakeToken, "/admin/tokens").Confirmed(web.Lately),

		web.Get("/admin/audit", "admin-audit.list", web.Administrator, a.getAudit),
		web.Post("/admin/audit", "admin-audit.open", web.Administrator, a.postAudit, "/admin/audit").Confirmed(web.Lately),
		web.Post("/admin/audit/export", "admin-audit.export", web.Administrator, a.postExportAudit, "/admin/audit").Confirmed(web.Lately),
		web.Get("/admin/changes", "admin-changes.list", web.Administrator, a.getChanges),
	}
}
