package store

import (
	"sportello/store/key"
	"sportello/store/limit"
)

// tables are all kinds of record there are, in the order in which Check and the inventory of a backup walk them. What
// a kind of record asks of the store stands in its declaration below, and nowhere else.
var tables = []anyTable{
	Articles, Versions, Notices, SavedReplies, Drafts, SettingsTable, Mails, MailIDs, Letters, TicketLinks, Mailboxes,
	MailServers,
	Misses, UsedKeys, People, Organisations, Units, Groups, Modules, Sessions, Tokens, Links, Synonyms, Texts, Tickets,
	Messages, Files, Views,
}

// Tickets holds one row for each ticket.
var Tickets = declare(Table[Ticket]{
	name:   "tickets",
	ticket: func(t *Ticket) uint64 { return t.ID },
	apart:  []string{"answers", "wishes", "added_by"},
	refs: func(t *Ticket, to refer) {
		to("requester", "people", t.Requester)
		to("assignee", "people", t.Assignee)
		to("group", "groups", t.Group)
		to("module", "modules", t.Module)
		to("organisation", "organisations", t.Organisation)
		to("unit", "units", t.Unit)
		to("duplicate_of", "tickets", t.DuplicateOf)
	},
	counts: shown(func(t *Ticket) [][]byte {
		out := [][]byte{key.Of(CountGroup, t.Group, t.State), key.Of(CountAssignee, t.Assignee, t.State), key.Of(CountState, t.State),
			key.Of(CountModule, t.Module, t.State)}
		if !t.Unclaimed {
			out = append(out, key.Of(CountSide, t.Requester, t.State))
		}
		if t.Assignee == 0 {
			out = append(out, key.Of(CountUnassigned, t.Group, t.State))
		}
		if t.Beside > 0 {
			out = append(out, key.Of(CountBeside, t.Group))
		}
		for _, p := range t.Participants {
			out = append(out, key.Of(CountSide, p, t.State))
		}
		return out
	}),
	limits: limit.Fields{
		"subject": text(250), "participants": entries(50), "added_by": entries(100), "wishes": texts(50, maxEmail), "language": text(8),
		"version": text(maxShort), "affected": text(maxShort), "worked_in": text(maxShort), "links": entries(1000), "answers": named(80, maxShort, 2000),
		"external": text(250),
	},
})

// Messages holds one row for each message and note.
var Messages = declare(Table[Message]{
	name:   "messages",
	ticket: func(m *Message) uint64 { return m.Ticket },
	refs: func(m *Message, to refer) {
		to("ticket", "tickets", m.Ticket)
		to("author", "people", m.Author)
		to("origin", "tickets", m.Origin)
		to("mail", "mails", m.Mail)
	},
	limits: limit.Fields{
		"body": bytesOf(maxBody), "mentions": entries(20), "brought": entries(100), "rest": {Text: maxBody, Bytes: true, Observed: true},
		"html": bytesOf(maxBody), "rest_html": {Text: maxBody, Bytes: true, Observed: true},
		"automatic": observed(maxWord), "copied": {Entries: 50, Observed: true}, "pec": observed(maxWord), "beside": text(maxWord), "beside_why": text(maxShort),
	},
})

// Files holds one row for each attachment.
var Files = declare(Table[File]{
	name:   "files",
	ticket: func(f *File) uint64 { return f.Ticket },
	blobs:  func(f *File) []string { return []string{f.Sum} },
	refs: func(f *File, to refer) {
		to("ticket", "tickets", f.Ticket)
		to("message", "messages", f.Message)
		to("article", "articles", f.Article)
		to("person", "people", f.Person)
		for _, v := range f.Versions {
			to("versions", "versions", v)
		}
	},
	limits: limit.Fields{"name": text(255), "type": observed(255), "sum": text(maxHash), "cid": observed(maxDetail), "versions": entries(10000)},
})

// Texts holds one row for each file that was read.
var Texts = declare(Table[FileText]{
	name:   "texts",
	ticket: func(t *FileText) uint64 { return t.Ticket },
	refs:   func(t *FileText, to refer) { to("file", "files", t.File) },
	limits: limit.Fields{"text": {Text: 64 << 20, Bytes: true, Observed: true}, "failed": observed(maxDetail)},
})

// Articles holds one row for each article, whatever its languages.
var Articles = declare(Table[Article]{
	name:   "articles",
	refs:   func(a *Article, to refer) { to("module", "modules", a.Module) },
	limits: limit.Fields{"slug": text(80), "external": text(250)},
})

// Versions holds one row for each article and language.
var Versions = declare(Table[Version]{
	name:  "versions",
	apart: []string{"body"},
	refs: func(v *Version, to refer) {
		to("article", "articles", v.Article)
		to("module", "modules", v.Module)
	},
	counts: func(v *Version) [][]byte {
		if v.Publication != Published {
			return nil
		}
		return key.One(CountPublished, v.Module, v.Audience, v.Language)
	},
	limits: limit.Fields{"language": text(8), "title": text(250), "body": bytesOf(maxBody), "labels": texts(20, 60)},
})

// Notices holds one row for each notice.
var Notices = declare(Table[Notice]{
	name:   "notices",
	silent: true,
	refs: func(n *Notice, to refer) {
		to("person", "people", n.Person)
		to("ticket", "tickets", n.Ticket)
	},
	counts: func(n *Notice) [][]byte {
		if n.Read {
			return nil
		}
		return key.One(CountUnread, n.Person)
	},
	limits: limit.Fields{"why": observed(maxWhy)},
})

// SavedReplies holds one row for each saved reply.
var SavedReplies = declare(Table[SavedReply]{
	name: "replies",
	refs: func(r *SavedReply, to refer) {
		to("group", "groups", r.Group)
		to("person", "people", r.Person)
	},
	crowds: []crowd[SavedReply]{
		{"group", func(r *SavedReply) []byte { return under(r.Group) }, 1000, "title"},
		{"person", func(r *SavedReply) []byte { return under(r.Person) }, 1000, "title"},
	},
	limits: limit.Fields{"title.it": text(maxShort), "title.en": text(maxShort), "body.it": text(20000), "body.en": text(20000)},
})

// Drafts holds forms that wait to be shown again.
var Drafts = declare(Table[Form]{
	name:   "drafts",
	silent: true,
	refs:   func(f *Form, to refer) { to("person", "people", f.Person) },
	limits: limit.Fields{"path": observed(2000), "values": {Entries: 1000, Key: 200}, "values.": {Entries: 1000, Text: 2 << 20, Bytes: true}},
})

// SettingsTable holds the one row of settings.
var SettingsTable = declare(Table[Settings]{
	name: "settings",
	blobs: func(s *Settings) []string {
		if s.Logo == "" {
			return nil
		}
		return []string{s.Logo}
	},
	limits: limit.Fields{
		"name": text(60), "short": text(MaxShort), "institution": text(maxName), "colour": text(32), "logo": text(maxHash), "logo_type": text(maxWord), "footer": entries(12),
		"footer.label.it": text(maxShort), "footer.label.en": text(maxShort), "footer.address": text(maxAddress), "welcome.it": text(maxName), "welcome.en": text(maxName),
		"home_text.it": text(20000), "home_text.en": text(20000), "positions": entries(30), "positions.code": text(40), "positions.name.it": text(maxShort), "positions.name.en": text(maxShort),
		"searches": texts(12, 60), "hours.it": text(maxName), "hours.en": text(maxName),
		"matrix": named(20, maxWord, 0), "hours_due": named(10, maxWord, 0), "review": entries(10000), "mail_texts": named(200, maxShort, 0), "mails_off": texts(50, maxWord),
		"mail_texts.it": text(5000), "mail_texts.en": text(5000), "extra": named(200, maxShort, 20000),
	},
})

// Mails holds one row for each mail that came. The change log records when people have to judge one, and when they no
// longer have to; of the others it records the messages they become.
var Mails = declare(Table[Mail]{
	name:   "mails",
	silent: true,
	told:   func(old, m *Mail) bool { return m.Judged() || old != nil && old.Judged() },
	apart:  []string{"to", "text"},
	blobs:  func(m *Mail) []string { return []string{m.Sum} },
	refs: func(m *Mail, to refer) {
		to("ticket", "tickets", m.Ticket)
		to("message", "messages", m.Message)
	},
	counts: func(m *Mail) [][]byte {
		out := key.One(string(m.State))
		if m.Judged() {
			out = append(out, key.Of(CountGroup, m.Group, string(m.State)))
		}
		return out
	},
	limits: limit.Fields{
		"state": observed(maxWord), "why": observed(maxWord), "detail": observed(maxDetail), "sum": text(maxHash), "source": observed(maxWord), "mailbox": observed(320),
		"return": observed(320), "to": observedTexts(1000, 320), "print": observed(maxHash), "message_id": observed(500), "from": observed(320), "from_name": observed(maxName),
		"subject": observed(250), "addressed": observedTexts(maxShort, 320), "automatic": observed(maxWord), "pec": observed(maxWord), "joined": observed(maxWord),
		"joined_by": observed(maxName), "text": {Text: MaxMailText, Bytes: true, Observed: true},
	},
})

// MailIDs holds one row for each Message-ID and ticket.
var MailIDs = declare(Table[MailID]{
	name:   "mail_ids",
	silent: true,
	refs: func(m *MailID, to refer) {
		to("ticket", "tickets", m.Ticket)
		to("message", "messages", m.Message)
		to("letter", "letters", m.Letter)
	},
	limits: limit.Fields{"hash": text(maxHash), "value": observed(1000), "kind": observed(maxWord)},
})

// Letters holds one row for each letter.
var Letters = declare(Table[Letter]{
	name:   "letters",
	silent: true,
	refs: func(l *Letter, to refer) {
		to("person", "people", l.Person)
		to("ticket", "tickets", l.Ticket)
	},
	counts: func(l *Letter) [][]byte { return key.One(string(l.State)) },
	limits: limit.Fields{
		"state": observed(maxWord), "why": observed(maxWord), "to": text(320), "language": text(8), "tells": {Entries: 10000, Observed: true},
		"tells.why": observed(maxWhy), "tells.rights": {Entries: 2100, Observed: true}, "tells.rights.right": observed(maxWord), "tells.device": observed(200),
		"tells.addr": observed(maxWord), "message_id": text(500), "error": observed(maxDetail), "subject": observed(500), "answers": observed(500),
	},
})

// TicketLinks holds one row for each ticket and person.
var TicketLinks = declare(Table[TicketLink]{
	name:   "ticket_links",
	silent: true,
	refs: func(l *TicketLink, to refer) {
		to("person", "people", l.Person)
		to("ticket", "tickets", l.Ticket)
	},
})

// Mailboxes holds one row for each mailbox.
var Mailboxes = declare(Table[Mailbox]{
	name:   "mailboxes",
	silent: true,
	limits: limit.Fields{"name": text(320), "position": text(maxDetail)},
})

// MailServers holds one row for each mail server entered by an administrator.
var MailServers = declare(Table[MailServer]{
	name:   "mail_servers",
	secret: []string{"password", "oauth_secret", "oauth_refresh", "dkim_key"},
	crowds: []crowd[MailServer]{{"address", func(m *MailServer) []byte { return key.Of(m.Out) }, 200, "address"}},
	limits: limit.Fields{
		"address": text(maxEmail), "host": text(253), "tls": text(maxWord), "user": text(maxEmail), "authority": text(20000), "oauth_url": text(maxAddress),
		"oauth_client": text(maxName), "oauth_scope": text(maxAddress), "group": text(40), "module": text(maxCode), "who": text(maxWord), "domains": texts(100, 253),
		"folder": text(maxName), "after": text(maxWord), "move_to": text(maxName), "helo": text(253), "dkim_domain": text(253), "dkim_selector": text(63),
		"password.sealed": text(20000), "password.file": text(maxName), "oauth_secret.sealed": text(20000), "oauth_secret.file": text(maxName),
		"oauth_refresh.sealed": text(20000), "oauth_refresh.file": text(maxName), "dkim_key.sealed": text(20000), "dkim_key.file": text(maxName),
	},
})

// Misses holds one row for each text, module and month. They leave no trace in the change log.
var Misses = declare(Table[Miss]{
	name:   "misses",
	silent: true,
	counts: func(m *Miss) [][]byte { return key.One(CountMisses, m.Month) },
	limits: limit.Fields{"text": text(100), "month": text(16)},
})

// UsedKeys holds one row for each key that was used up, until it ends.
var UsedKeys = declare(Table[UsedKey]{
	name:   "usedkeys",
	silent: true,
	limits: limit.Fields{"hash": text(64), "same": text(64), "table": text(50), "to": text(2000), "type": text(200), "answer": entries(MaxUsedAnswer)},
})

// People holds one row for each person.
var People = declare(Table[Person]{
	name:   "people",
	secret: []string{"password"},
	whole:  []string{"groups", "affiliations"}, // whoever is told of their rights is told of all that changed
	quiet:  []string{"wore"},
	refs: func(p *Person, to refer) {
		for _, h := range p.Affiliations {
			to("affiliations", "organisations", h.Organisation)
			to("affiliations", "units", h.Unit)
			for _, m := range h.Modules {
				to("affiliations", "modules", m)
			}
		}
	},
	limits: limit.Fields{
		"email": text(maxEmail), "name": text(maxName), "language": text(8), "phone": text(maxShort), "groups": entries(500), "affiliations": entries(500),
		"affiliations.position": text(40), "affiliations.modules": entries(500),
		"password": text(500), "theme": text(maxWord), "notices": text(maxWord), "mail_failed_why": observed(maxWhy),
	},
})

// Organisations holds one row for each organisation.
var Organisations = declare(Table[Organisation]{
	name:   "organisations",
	limits: limit.Fields{"code": text(maxOrganisationCode), "name": text(maxName), "domains": texts(100, 253)},
})

// Units holds one row for each unit of an organisation.
var Units = declare(Table[Unit]{
	name:   "units",
	refs:   func(u *Unit, to refer) { to("organisation", "organisations", u.Organisation) },
	crowds: []crowd[Unit]{{"name", func(u *Unit) []byte { return key.Of(u.Organisation) }, 5000, "name"}},
	limits: limit.Fields{"name": text(maxName)},
})

// Groups holds one row for each support group.
var Groups = declare(Table[Group]{
	name: "groups",
	limits: limit.Fields{
		"code": text(40), "name.it": text(maxShort), "name.en": text(maxShort), "description.it": text(2000), "description.en": text(2000), "email": text(maxEmail),
		"phone": text(maxShort), "hours.it": text(maxName), "hours.en": text(maxName), "signature.it": text(500), "signature.en": text(500),
	},
})

// Modules holds one row for each level of the catalogue.
var Modules = declare(Table[Module]{
	name: "modules",
	refs: func(m *Module, to refer) {
		to("parent", "modules", m.Parent)
		to("group", "groups", m.Group)
	},
	limits: limit.Fields{
		"code": text(maxCode), "name.it": text(maxShort), "name.en": text(maxShort), "description.it": text(2000), "description.en": text(2000), "address": text(maxAddress),
		"reason.it": text(2000), "reason.en": text(2000), "versions": texts(100, 40), "questions": entries(20), "questions.code": text(40),
		"questions.label.it": text(maxName), "questions.label.en": text(maxName), "questions.type": text(maxWord), "questions.choices": texts(200, maxName),
	},
})

// Sessions holds one row for each browser that is signed in.
var Sessions = declare(Table[Session]{
	name:   "sessions",
	silent: true,
	refs:   func(s *Session, to refer) { to("person", "people", s.Person) },
	limits: limit.Fields{"hash": text(maxHash), "device": observed(200), "addr": observed(maxWord)},
})

// Tokens holds one row for each token that has not been taken back.
var Tokens = declare(Table[Token]{
	name:   "tokens",
	secret: []string{"hash"},
	quiet:  []string{"seen"},
	refs:   func(t *Token, to refer) { to("person", "people", t.Person) },
	crowds: []crowd[Token]{{"person", func(t *Token) []byte { return key.Of(t.Person) }, 100, "name"}},
	limits: limit.Fields{"hash": text(maxHash), "name": text(maxShort)},
})

// Links holds one row for each link that is still good.
var Links = declare(Table[Link]{
	name:   "links",
	secret: []string{"hash"},
	refs:   func(l *Link, to refer) { to("person", "people", l.Person) },
	limits: limit.Fields{"hash": text(maxHash), "for": text(maxWord)},
})

// Synonyms holds the sets that the administrator keeps.
var Synonyms = declare(Table[SynonymSet]{
	name:   "synonyms",
	limits: limit.Fields{"language": text(8), "words": texts(12, 60)},
})

// Views holds one row for each saved search. Nobody's rights depend on them: they leave no trace in the change log.
var Views = declare(Table[View]{
	name:   "views",
	silent: true,
	refs: func(v *View, to refer) {
		to("person", "people", v.Person)
		to("group", "groups", v.Group)
	},
	crowds: []crowd[View]{
		{"person", func(v *View) []byte { return under(v.Person) }, 500, "name"},
		{"group", func(v *View) []byte { return under(v.Group) }, 500, "name"},
	},
	limits: limit.Fields{"name": text(maxShort), "text": text(2000), "queue": text(maxWord), "known": {Entries: 1000, Observed: true}},
})
