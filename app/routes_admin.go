package app

// adminRoutes are the pages of the administration. Supervisors reach those about people, groups and mail that is held, and
// see there what concerns the groups they look after.
func (a *App) adminRoutes() []route {
	return []route{
		get("/admin", "admin.show", supervisor, a.getAdmin),
		get("/admin/index", "admin-index.show", administrator, a.getAdminIndex),
		post("/admin/index/rebuild", "admin-index.rebuild", administrator, a.postRebuildIndex, "/admin/index"),
		post("/admin/index/files", "admin-index.retry", administrator, a.postRetryFiles, "/admin/index"),

		get("/admin/people", "admin-people.list", supervisor, a.getAdminPeople),
		get("/admin/people/new", "admin-people.new", supervisor, a.getNewPerson),
		post("/admin/people", "admin-people.add", supervisor, a.postNewPerson, "/admin/people/new").confirmed(lately),
		get("/admin/people/:n<int>", "admin-people.show", supervisor, a.getAdminPerson),
		post("/admin/people/:n<int>", "admin-people.change", supervisor, a.postAdminPerson, "/admin/people/:n").confirmed(lately),
		post("/admin/people/:n<int>/link", "admin-people.link", supervisor, a.postPersonLink, "/admin/people/:n").confirmed(lately),
		post("/admin/people/:n<int>/disable", "admin-people.disable", administrator, a.postDisablePerson, "/admin/people/:n").confirmed(lately),
		post("/admin/people/:n<int>/enable", "admin-people.enable", administrator, a.postEnablePerson, "/admin/people/:n").confirmed(lately),

		get("/admin/organisations", "admin-organisations.list", administrator, a.getOrganisations),
		get("/admin/organisations/new", "admin-organisations.new", administrator, a.getNewOrganisation),
		post("/admin/organisations", "admin-organisations.add", administrator, a.postNewOrganisation, "/admin/organisations/new").withText(),
		get("/admin/organisations/:n<int>", "admin-organisations.show", administrator, a.getOrganisation),
		post("/admin/organisations/:n<int>", "admin-organisations.change", administrator, a.postOrganisation, "/admin/organisations/:n").withText(),
		post("/admin/organisations/:n<int>/remove", "admin-organisations.remove", administrator, a.postRemoveOrganisation, "/admin/organisations/:n"),
		post("/admin/organisations/:n<int>/units", "admin-units.add", administrator, a.postNewUnit, "/admin/organisations/:n"),
		post("/admin/organisations/:n<int>/units/rename", "admin-units.change", administrator, a.postUnit, "/admin/organisations/:n"),
		post("/admin/organisations/:n<int>/units/remove", "admin-units.remove", administrator, a.postRemoveUnit, "/admin/organisations/:n"),

		get("/admin/groups", "admin-groups.list", supervisor, a.getGroups),
		get("/admin/groups/new", "admin-groups.new", administrator, a.getNewGroup),
		post("/admin/groups", "admin-groups.add", administrator, a.postNewGroup, "/admin/groups/new"),
		get("/admin/groups/:n<int>", "admin-groups.show", supervisor, a.getGroup),
		post("/admin/groups/:n<int>", "admin-groups.change", administrator, a.postGroup, "/admin/groups/:n").confirmed(lately),
		post("/admin/groups/:n<int>/members", "admin-groups.member", supervisor, a.postMember, "/admin/groups/:n").confirmed(lately),
		post("/admin/groups/:n<int>/members/remove", "admin-groups.remove-member", supervisor, a.postRemoveMember, "/admin/groups/:n").confirmed(lately),
		post("/admin/groups/:n<int>/remove", "admin-groups.remove", administrator, a.postRemoveGroup, "/admin/groups/:n").confirmed(lately),

		get("/admin/catalogue", "admin-catalogue.list", administrator, a.getAdminCatalogue),
		get("/admin/catalogue/file", "admin-catalogue.download", administrator, a.getCatalogueFile),
		post("/admin/catalogue/import", "admin-catalogue.import", administrator, a.postCatalogueFile, "/admin/catalogue").withFiles("file").readAtOnce(),
		get("/admin/catalogue/new", "admin-catalogue.new", administrator, a.getNewLevel),
		post("/admin/catalogue", "admin-catalogue.add", administrator, a.postNewLevel, "/admin/catalogue/new").withText(),
		get("/admin/catalogue/:n<int>", "admin-catalogue.show", administrator, a.getLevel),
		post("/admin/catalogue/:n<int>", "admin-catalogue.change", administrator, a.postLevel, "/admin/catalogue/:n").withText(),
		post("/admin/catalogue/:n<int>/remove", "admin-catalogue.remove", administrator, a.postRemoveLevel, "/admin/catalogue/:n"),

		get("/admin/priorities", "admin-priorities.show", administrator, a.getPriorities),
		post("/admin/priorities", "admin-priorities.save", administrator, a.postPriorities, "/admin/priorities").withText(),
		get("/admin/branding", "admin-branding.show", administrator, a.getBranding),
		get("/admin/branding/colour", "admin-branding.colour", administrator, a.getColourAdvice),
		post("/admin/branding", "admin-branding.save", administrator, a.postBranding, "/admin/branding").withFiles("logo"),
		get("/admin/home", "admin-home.show", administrator, a.getHomeTexts),
		post("/admin/home", "admin-home.save", administrator, a.postHomeTexts, "/admin/home").withText(),

		get("/admin/synonyms", "admin-synonyms.show", administrator, a.getSynonyms),
		post("/admin/synonyms", "admin-synonyms.save", administrator, a.postSynonyms, "/admin/synonyms").withText(),

		get("/admin/mailboxes", "mailboxes.show", administrator, a.getMailboxes),
		post("/admin/mailboxes/try", "mailboxes.try", administrator, a.postTryMailbox, "/admin/mailboxes"),
		post("/admin/mailboxes/try-sender", "mailboxes.try-sender", administrator, a.postTrySender, "/admin/mailboxes"),
		get("/admin/mails", "mails.list", administrator, a.getMails),
		get("/admin/letters", "letters.list", administrator, a.getLetters),
		post("/admin/letters/:n<int>", "letters.decide", administrator, a.postLetter, "/admin/letters"),
		get("/admin/mail-texts", "mail-texts.show", administrator, a.getMailTexts),
		post("/admin/mail-texts/:event", "mail-texts.save", administrator, a.postMailText, "/admin/mail-texts").withText().confirmed(lately),

		get("/admin/tokens", "admin-tokens.list", administrator, a.getAdminTokens),
		post("/admin/tokens/wake", "admin-tokens.wake-all", administrator, a.postWakeTokens, "/admin/tokens").confirmed(lately),
		post("/admin/tokens/:n<int>/wake", "admin-tokens.wake", administrator, a.postWakeToken, "/admin/tokens").confirmed(lately),

		get("/admin/changes", "admin-changes.list", administrator, a.getChanges),
	}
}
