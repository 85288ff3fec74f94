package store

import (
	"maps"

	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/limit"
)

// tables are all kinds of record there are, in the order in which Check and the inventory of a backup walk them. What
// a kind of record asks of the store stands in its declaration below, and nowhere else.
var tables = []db.AnyTable{
	Articles, Versions, Notices, SavedReplies, Drafts, SettingsTable, Mails, MailIDs, Letters, TicketLinks, Mailboxes,
	MailServers,
	Misses, db.UsedKeys, People, Organisations, Units, Groups, Modules, Sessions, Tokens, Links, Synonyms, Texts, Tickets,
	Messages, Files, Views, Relocations, Looks, Installations, Handovers, Releases,
	Wordings, Receipts, Rounds, Downloads, Contacts, Followings, Invitations, Problems, Cases, Errands,
	Templates, TemplateVersions, Plans, Decisions, Progresses, Remindings, AccessRequests,
	AuditEntries, AuditTexts, Erasures,
}

// Limits that several fields share.
const (
	maxCode    = 200 // joined codes of the catalogue are the longest
	maxWord    = 64  // a word of the desk's own: states, doors, reasons
	maxHash    = 128
	maxName    = 200
	maxEmail   = 254
	maxWhy     = db.MaxReason
	maxBody    = 6 << 20 // bytes of a message or an article: more belongs in a file
	maxDetail  = 1000
	maxShort   = 100
	maxAddress = 500
)

// MaxMailText is how much is kept beside its bytes of what a mail says that somebody has to judge, in bytes.
const MaxMailText = 64 << 10

func under(id uint64) []byte {
	if id == 0 {
		return nil
	}
	return key.Of(id)
}

// Tickets holds one row for each ticket.
var Tickets = db.Declare("tickets", db.Table[Ticket]{
	Ticket: func(t *Ticket) uint64 { return t.ID },
	Apart:  []string{"answers", "wishes", "added_by"},
	Refs: func(t *Ticket, to db.Refer) {
		to("requester", "people", t.Requester)
		to("assignee", "people", t.Assignee)
		to("group", "groups", t.Group)
		to("module", "modules", t.Module)
		to("organisation", "organisations", t.Organisation)
		to("unit", "units", t.Unit)
		to("duplicate_of", "tickets", t.DuplicateOf)
	},
	Counts: shown(func(t *Ticket) [][]byte {
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
	Limits: limit.Fields{
		"subject": limit.Text(250), "participants": limit.Entries(50), "added_by": limit.Entries(100), "wishes": limit.Texts(50, maxEmail), "language": limit.Text(8),
		"version": limit.Text(maxShort), "affected": limit.Text(maxShort), "worked_in": limit.Text(maxShort), "links": limit.Entries(1000), "answers": limit.Named(80, maxShort, 2000),
		"external": limit.Text(250),
	},
})

// Messages holds one row for each message and note.
var Messages = db.Declare("messages", db.Table[Message]{
	Ticket: func(m *Message) uint64 { return m.Ticket },
	Refs: func(m *Message, to db.Refer) {
		to("ticket", "tickets", m.Ticket)
		to("author", "people", m.Author)
		to("origin", "tickets", m.Origin)
		to("mail", "mails", m.Mail)
		to("errand", "errands", m.Errand)
	},
	Limits: limit.Fields{
		"body": limit.Bytes(maxBody), "mentions": limit.Entries(20), "brought": limit.Entries(100), "rest": {Text: maxBody, Bytes: true, Observed: true},
		"html": limit.Bytes(maxBody), "rest_html": {Text: maxBody, Bytes: true, Observed: true},
		"automatic": limit.Observed(maxWord), "copied": {Entries: 50, Observed: true}, "pec": limit.Observed(maxWord), "beside": limit.Text(maxWord), "beside_why": limit.Text(maxShort),
	},
})

// Files holds one row for each attachment.
var Files = db.Declare("files", db.Table[File]{
	Ticket: func(f *File) uint64 { return f.Ticket },
	Blobs:  func(f *File) []string { return []string{f.Sum} },
	Refs: func(f *File, to db.Refer) {
		to("ticket", "tickets", f.Ticket)
		to("message", "messages", f.Message)
		to("article", "articles", f.Article)
		to("person", "people", f.Person)
		for _, v := range f.Versions {
			to("versions", "versions", v)
		}
		to("release", "releases", f.Release)
		to("instead", "files", f.Instead)
		to("plan", "plans", f.Plan)
	},
	Limits: limit.Fields{"name": limit.Text(255), "step": limit.Text(maxWord), "asked": limit.Text(maxWord), "type": limit.Observed(255), "sum": limit.Text(maxHash), "cid": limit.Observed(maxDetail), "versions": limit.Entries(10000)},
})

// Texts holds one row for each file that was read.
var Texts = db.Declare("texts", db.Table[FileText]{
	Ticket: func(t *FileText) uint64 { return t.Ticket },
	Refs:   func(t *FileText, to db.Refer) { to("file", "files", t.File) },
	Limits: limit.Fields{"text": {Text: 64 << 20, Bytes: true, Observed: true}, "failed": limit.Observed(maxDetail)},
})

// Articles holds one row for each article, whatever its languages.
var Articles = db.Declare("articles", db.Table[Article]{
	Refs:   func(a *Article, to db.Refer) { to("module", "modules", a.Module) },
	Limits: limit.Fields{"slug": limit.Text(80), "external": limit.Text(250)},
})

// Versions holds one row for each article and language.
var Versions = db.Declare("versions", db.Table[Version]{
	Apart: []string{"body"},
	Refs: func(v *Version, to db.Refer) {
		to("article", "articles", v.Article)
		to("module", "modules", v.Module)
	},
	Counts: func(v *Version) [][]byte {
		if v.Publication != Published {
			return nil
		}
		return key.One(CountPublished, v.Module, v.Audience, v.Language)
	},
	Limits: limit.Fields{"language": limit.Text(8), "title": limit.Text(250), "body": limit.Bytes(maxBody), "labels": limit.Texts(20, 60)},
})

// Notices holds one row for each notice.
var Notices = db.Declare("notices", db.Table[Notice]{
	Silent: true,
	Refs: func(n *Notice, to db.Refer) {
		to("person", "people", n.Person)
		to("ticket", "tickets", n.Ticket)
		to("release", "releases", n.Release)
		to("problem", "problems", n.Problem)
		to("plan", "plans", n.Plan)
		to("errand", "errands", n.Errand)
	},
	Counts: func(n *Notice) [][]byte {
		if n.Read {
			return nil
		}
		return key.One(CountUnread, n.Person)
	},
	Limits: limit.Fields{"why": limit.Observed(maxWhy), "codes": limit.ObservedTexts(MaxCodes, maxWord)},
})

// SavedReplies holds one row for each saved reply.
var SavedReplies = db.Declare("replies", db.Table[SavedReply]{
	Refs: func(r *SavedReply, to db.Refer) {
		to("group", "groups", r.Group)
		to("person", "people", r.Person)
	},
	Crowds: []db.Crowd[SavedReply]{
		{Index: "group", Of: func(r *SavedReply) []byte { return under(r.Group) }, Most: 1000, Field: "title"},
		{Index: "person", Of: func(r *SavedReply) []byte { return under(r.Person) }, Most: 1000, Field: "title"},
	},
	Limits: limit.Fields{"title.it": limit.Text(maxShort), "title.en": limit.Text(maxShort), "body.it": limit.Text(20000), "body.en": limit.Text(20000)},
})

// Drafts holds forms that wait to be shown again.
var Drafts = db.Declare("drafts", db.Table[Form]{
	Silent: true,
	Refs:   func(f *Form, to db.Refer) { to("person", "people", f.Person) },
	Limits: limit.Fields{"path": limit.Observed(2000), "values": {Entries: 1000, Key: 200}, "values.": {Entries: 1000, Text: 2 << 20, Bytes: true}},
})

// SettingsTable holds the one row of settings.
var SettingsTable = db.Declare("settings", db.Table[Settings]{
	Blobs: func(s *Settings) []string {
		if s.Logo == "" {
			return nil
		}
		return []string{s.Logo}
	},
	Limits: limit.Fields{
		"name": limit.Text(60), "short": limit.Text(MaxShort), "institution": limit.Text(maxName), "colour": limit.Text(32), "logo": limit.Text(maxHash), "logo_type": limit.Text(maxWord), "footer": limit.Entries(12),
		"footer.label.it": limit.Text(maxShort), "footer.label.en": limit.Text(maxShort), "footer.address": limit.Text(maxAddress), "welcome.it": limit.Text(maxName), "welcome.en": limit.Text(maxName),
		"home_text.it": limit.Text(20000), "home_text.en": limit.Text(20000), "positions": limit.Entries(30), "positions.code": limit.Text(40), "positions.name.it": limit.Text(maxShort), "positions.name.en": limit.Text(maxShort),
		"searches": limit.Texts(12, 60), "hours.it": limit.Text(maxName), "hours.en": limit.Text(maxName),
		"matrix": limit.Named(20, maxWord, 0), "retention": limit.Entries(100), "hours_due": limit.Named(10, maxWord, 0), "review": limit.Entries(10000), "check": limit.Entries(10000), "reminders": limit.Named(10, maxWord, 0), "reminders.": limit.Entries(10), "mail_texts": limit.Named(200, maxShort, 0), "mails_off": limit.Texts(50, maxWord),
		"mail_texts.it": limit.Text(5000), "mail_texts.en": limit.Text(5000), "extra": limit.Named(200, maxShort, 20000),
	},
})

// Mails holds one row for each mail that came. The change log records when people have to judge one, and when they no
// longer have to; of the others it records the messages they become.
var Mails = db.Declare("mails", db.Table[Mail]{
	Silent: true,
	Told:   func(old, m *Mail) bool { return m.Judged() || old != nil && old.Judged() },
	Apart:  []string{"to", "text"},
	Blobs: func(m *Mail) []string {
		if m.Erased {
			return nil
		}
		return []string{m.Sum}
	},
	Refs: func(m *Mail, to db.Refer) {
		to("ticket", "tickets", m.Ticket)
		to("message", "messages", m.Message)
	},
	Counts: func(m *Mail) [][]byte {
		out := key.One(string(m.State))
		if m.Judged() {
			out = append(out, key.Of(CountGroup, m.Group, string(m.State)))
		}
		return out
	},
	Limits: limit.Fields{
		"state": limit.Observed(maxWord), "why": limit.Observed(maxWord), "detail": limit.Observed(maxDetail), "sum": limit.Text(maxHash), "source": limit.Observed(maxWord), "mailbox": limit.Observed(320),
		"return": limit.Observed(320), "to": limit.ObservedTexts(1000, 320), "print": limit.Observed(maxHash), "message_id": limit.Observed(500), "from": limit.Observed(320), "from_name": limit.Observed(maxName),
		"subject": limit.Observed(250), "addressed": limit.ObservedTexts(maxShort, 320), "automatic": limit.Observed(maxWord), "pec": limit.Observed(maxWord), "joined": limit.Observed(maxWord),
		"joined_by": limit.Observed(maxName), "text": {Text: MaxMailText, Bytes: true, Observed: true},
	},
})

// MailIDs holds one row for each Message-ID and ticket.
var MailIDs = db.Declare("mail_ids", db.Table[MailID]{
	Silent: true,
	Refs: func(m *MailID, to db.Refer) {
		to("ticket", "tickets", m.Ticket)
		to("message", "messages", m.Message)
		to("letter", "letters", m.Letter)
	},
	Limits: limit.Fields{"hash": limit.Text(maxHash), "value": limit.Observed(1000), "kind": limit.Observed(maxWord)},
})

// Letters holds one row for each letter.
var Letters = db.Declare("letters", db.Table[Letter]{
	Silent: true,
	Refs: func(l *Letter, to db.Refer) {
		to("person", "people", l.Person)
		to("ticket", "tickets", l.Ticket)
		to("release", "releases", l.Release)
		to("problem", "problems", l.Problem)
	},
	Counts: func(l *Letter) [][]byte { return key.One(string(l.State)) },
	Limits: limit.Fields{
		"state": limit.Observed(maxWord), "why": limit.Observed(maxWord), "to": limit.Text(320), "language": limit.Text(8), "tells": {Entries: 10000, Observed: true},
		"tells.why": limit.Observed(maxWhy), "tells.rights": {Entries: 2100, Observed: true}, "tells.receipts": {Entries: 2100, Observed: true}, "tells.rights.right": limit.Observed(maxWord), "tells.device": limit.Observed(200),
		"tells.addr": limit.Observed(maxWord), "tells.codes": limit.ObservedTexts(MaxCodes, maxWord), "message_id": limit.Text(500), "error": limit.Observed(maxDetail), "subject": limit.Observed(500), "answers": limit.Observed(500),
	},
})

// TicketLinks holds one row for each ticket and person.
var TicketLinks = db.Declare("ticket_links", db.Table[TicketLink]{
	Silent: true,
	Refs: func(l *TicketLink, to db.Refer) {
		to("person", "people", l.Person)
		to("ticket", "tickets", l.Ticket)
	},
})

// Mailboxes holds one row for each mailbox.
var Mailboxes = db.Declare("mailboxes", db.Table[Mailbox]{
	Silent: true,
	Limits: limit.Fields{"name": limit.Text(320), "position": limit.Text(maxDetail)},
})

// MailServers holds one row for each mail server entered by an administrator.
var MailServers = db.Declare("mail_servers", db.Table[MailServer]{
	Secret: []string{"password", "oauth_secret", "oauth_refresh", "dkim_key"},
	Crowds: []db.Crowd[MailServer]{{Index: "address", Of: func(m *MailServer) []byte { return key.Of(m.Out) }, Most: 200, Field: "address"}},
	Limits: limit.Fields{
		"address": limit.Text(maxEmail), "host": limit.Text(253), "tls": limit.Text(maxWord), "user": limit.Text(maxEmail), "authority": limit.Text(20000), "oauth_url": limit.Text(maxAddress),
		"oauth_client": limit.Text(maxName), "oauth_scope": limit.Text(maxAddress), "group": limit.Text(40), "module": limit.Text(maxCode), "who": limit.Text(maxWord), "domains": limit.Texts(100, 253),
		"folder": limit.Text(maxName), "after": limit.Text(maxWord), "move_to": limit.Text(maxName), "helo": limit.Text(253), "dkim_domain": limit.Text(253), "dkim_selector": limit.Text(63),
		"password.sealed": limit.Text(20000), "password.file": limit.Text(maxName), "oauth_secret.sealed": limit.Text(20000), "oauth_secret.file": limit.Text(maxName),
		"oauth_refresh.sealed": limit.Text(20000), "oauth_refresh.file": limit.Text(maxName), "dkim_key.sealed": limit.Text(20000), "dkim_key.file": limit.Text(maxName),
	},
})

// Misses holds one row for each text, module and month. They leave no trace in the change log.
var Misses = db.Declare("misses", db.Table[Miss]{
	Silent: true,
	Counts: func(m *Miss) [][]byte { return key.One(CountMisses, m.Month) },
	Limits: limit.Fields{"text": limit.Text(100), "month": limit.Text(16)},
})

// People holds one row for each person.
var People = db.Declare("people", db.Table[Person]{
	Secret: []string{"password"},
	Whole:  []string{"groups", "affiliations"}, // whoever is told of their rights is told of all that changed
	Quiet:  []string{"wore"},
	Refs: func(p *Person, to db.Refer) {
		for _, o := range p.Owners {
			to("owners", "people", o)
		}
		for _, h := range p.Affiliations {
			to("affiliations", "organisations", h.Organisation)
			to("affiliations", "units", h.Unit)
			for _, m := range h.Modules {
				to("affiliations", "modules", m)
			}
		}
	},
	Limits: limit.Fields{
		"email": limit.Text(maxEmail), "name": limit.Text(maxName), "language": limit.Text(8), "phone": limit.Text(maxShort), "groups": limit.Entries(500), "affiliations": limit.Entries(500), "owners": limit.Entries(2),
		"affiliations.position": limit.Text(40), "affiliations.modules": limit.Entries(500),
		"password": limit.Text(500), "theme": limit.Text(maxWord), "notices": limit.Text(maxWord), "mail_failed_why": limit.Observed(maxWhy),
	},
})

// Organisations holds one row for each organisation.
var Organisations = db.Declare("organisations", db.Table[Organisation]{
	Refs: func(o *Organisation, to db.Refer) { o.Share.refs(to) },
	Limits: limit.Fields{
		"code": limit.Text(maxOrganisationCode), "name": limit.Text(maxName), "domains": limit.Texts(100, 253), "former": limit.Entries(500),
		"former.code": limit.Text(maxOrganisationCode), "former.name": limit.Text(maxName), "share.chosen": limit.Entries(maxChosen),
	},
})

// Relocations holds one row for each move of a unit, and for each organisation that another one took in.
var Relocations = db.Declare("relocations", db.Table[Relocation]{
	Refs: func(r *Relocation, to db.Refer) {
		to("by", "people", r.By)
		if r.Ended.IsZero() { // later it may have been taken in itself
			to("to", "organisations", r.To)
		}
	},
	Limits: limit.Fields{"into": limit.Entries(5000), "sum": limit.Text(maxHash)},
})

// Units holds one row for each unit of an organisation.
var Units = db.Declare("units", db.Table[Unit]{
	Refs: func(u *Unit, to db.Refer) {
		to("organisation", "organisations", u.Organisation)
		u.Share.refs(to)
	},
	Crowds: []db.Crowd[Unit]{{Index: "name", Of: func(u *Unit) []byte { return key.Of(u.Organisation) }, Most: 5000, Field: "name"}},
	Limits: limit.Fields{"name": limit.Text(maxName), "share.chosen": limit.Entries(maxChosen)},
})

// Groups holds one row for each support group.
var Groups = db.Declare("groups", db.Table[Group]{
	Limits: limit.Fields{
		"code": limit.Text(40), "name.it": limit.Text(maxShort), "name.en": limit.Text(maxShort), "description.it": limit.Text(2000), "description.en": limit.Text(2000), "email": limit.Text(maxEmail),
		"phone": limit.Text(maxShort), "hours.it": limit.Text(maxName), "hours.en": limit.Text(maxName), "signature.it": limit.Text(500), "signature.en": limit.Text(500),
	},
})

// Modules holds one row for each level of the catalogue.
var Modules = db.Declare("modules", db.Table[Module]{
	Refs: func(m *Module, to db.Refer) {
		to("parent", "modules", m.Parent)
		to("group", "groups", m.Group)
	},
	Limits: limit.Fields{
		"code": limit.Text(maxCode), "name.it": limit.Text(maxShort), "name.en": limit.Text(maxShort), "description.it": limit.Text(2000), "description.en": limit.Text(2000), "address": limit.Text(maxAddress),
		"reason.it": limit.Text(2000), "reason.en": limit.Text(2000), "versions": limit.Texts(100, 40), "schemes": limit.Entries(10), "schemes.from": limit.Text(40), "schemes.until": limit.Text(40), "questions": limit.Entries(20), "questions.code": limit.Text(40),
		"questions.label.it": limit.Text(maxName), "questions.label.en": limit.Text(maxName), "questions.type": limit.Text(maxWord), "questions.choices": limit.Texts(200, maxName),
	},
})

// Installations holds one row for each place, module and environment.
var Installations = db.Declare("installations", db.Table[Installation]{
	Refs: func(i *Installation, to db.Refer) {
		to("organisation", "organisations", i.Organisation)
		to("unit", "units", i.Unit)
		to("module", "modules", i.Module)
	},
	Crowds: []db.Crowd[Installation]{{Index: "place", Of: func(i *Installation) []byte { return key.Of(i.Organisation) }, Most: 5000, Field: "module"}},
	Limits: limit.Fields{"version": limit.Text(maxShort)},
})

// Sessions holds one row for each browser that is signed in.
var Sessions = db.Declare("sessions", db.Table[Session]{
	Silent: true,
	Refs:   func(s *Session, to db.Refer) { to("person", "people", s.Person) },
	Limits: limit.Fields{"hash": limit.Text(maxHash), "device": limit.Observed(200), "addr": limit.Observed(maxWord)},
})

// Tokens holds one row for each token that has not been taken back.
var Tokens = db.Declare("tokens", db.Table[Token]{
	Secret: []string{"hash"},
	Quiet:  []string{"seen", "from"},
	Refs:   func(t *Token, to db.Refer) { to("person", "people", t.Person) },
	Crowds: []db.Crowd[Token]{{Index: "person", Of: func(t *Token) []byte { return key.Of(t.Person) }, Most: 100, Field: "name"}},
	Limits: limit.Fields{
		"hash": limit.Text(maxHash), "name": limit.Text(maxShort), "scope.access": limit.Text(maxWord), "scope.nouns": limit.Texts(50, maxWord),
		"scope.modules": limit.Entries(500), "addresses": limit.Texts(50, maxWord), "from": limit.Observed(maxWord), "known": limit.ObservedTexts(50, maxWord),
	},
})

// Links holds one row for each link that is still good.
var Links = db.Declare("links", db.Table[Link]{
	Secret: []string{"hash"},
	Refs:   func(l *Link, to db.Refer) { to("person", "people", l.Person) },
	Limits: limit.Fields{"hash": limit.Text(maxHash), "for": limit.Text(maxWord)},
})

// Synonyms holds the sets that the administrator keeps.
var Synonyms = db.Declare("synonyms", db.Table[SynonymSet]{
	Limits: limit.Fields{"language": limit.Text(8), "words": limit.Texts(12, 60)},
})

// Views holds one row for each saved search. Nobody's rights depend on them: they leave no trace in the change log.
var Views = db.Declare("views", db.Table[View]{
	Silent: true,
	Refs: func(v *View, to db.Refer) {
		to("person", "people", v.Person)
		to("group", "groups", v.Group)
	},
	Crowds: []db.Crowd[View]{
		{Index: "person", Of: func(v *View) []byte { return under(v.Person) }, Most: 500, Field: "name"},
		{Index: "group", Of: func(v *View) []byte { return under(v.Group) }, Most: 500, Field: "name"},
	},
	Limits: limit.Fields{"name": limit.Text(maxShort), "text": limit.Text(2000), "queue": limit.Text(maxWord), "known": {Entries: 1000, Observed: true}},
})

// Handovers holds one row for each handing on of somebody's work.
var Handovers = db.Declare("handovers", db.Table[Handover]{
	Refs: func(h *Handover, to db.Refer) {
		to("person", "people", h.Person)
		to("by", "people", h.By) // who gets it stands in what they got; a group may go
	},
	Limits: limit.Fields{"groups": limit.Entries(500)},
})

// Looks holds one row for each administrator who gave a reason to see a confidential ticket, and that ticket.
var Looks = db.Declare("looks", db.Table[Look]{
	Refs: func(l *Look, to db.Refer) {
		to("person", "people", l.Person) // the ticket may be gone as spam; the reason stays
		to("plan", "plans", l.Plan)
	},
})

// Invitations holds one row for each invitation that was not accepted, until some time after its end.
var Invitations = db.Declare("invitations", db.Table[Invitation]{
	Secret: []string{"hash"},
	Refs: func(i *Invitation, to db.Refer) {
		to("organisation", "organisations", i.Organisation)
		to("unit", "units", i.Unit)
		for _, m := range i.Modules {
			to("modules", "modules", m)
		}
		to("by", "people", i.By)
	},
	Limits: limit.Fields{
		"email": limit.Text(maxEmail), "name": limit.Text(maxName), "language": limit.Text(8), "position": limit.Text(40), "modules": limit.Entries(500), "hash": limit.Text(maxHash),
	},
})

// maxNotes is the longest text of a release in one language, in characters.
const maxNotes = 40000

// wording are the limits of what a release says.
func wording(more limit.Fields) limit.Fields {
	out := limit.Fields{}
	for _, language := range []string{".it", ".en"} {
		out["title"+language], out["otherwise"+language] = limit.Text(250), limit.Text(2000)
		for _, part := range []string{"notes", "news", "corrected", "before", "after"} {
			out[part+language] = limit.Text(maxNotes)
		}
	}
	maps.Copy(out, more)
	return out
}

// Releases holds one row for each release.
var Releases = db.Declare("releases", db.Table[Release]{
	Apart: []string{"notes", "news", "corrected", "before", "after"},
	Refs: func(r *Release, to db.Refer) {
		for _, m := range r.Modules {
			to("modules", "modules", m)
		}
		for _, other := range r.Replaces {
			to("replaces", "releases", other)
		}
		for _, p := range r.Corrects {
			to("corrects", "problems", p)
		}
		to("replaced_by", "releases", r.ReplacedBy)
		for _, o := range r.To {
			to("to", "organisations", o)
		}
	},
	Limits: wording(limit.Fields{
		"modules": limit.Entries(50), "version": limit.Text(maxShort), "key": limit.Observed(2000), "language": limit.Text(8), "norm.text": limit.Text(500), "needs": limit.Entries(50), "needs.version": limit.Text(maxShort),
		"replaces": limit.Entries(50), "corrects": limit.Entries(500), "way_back.text.it": limit.Text(2000), "way_back.text.en": limit.Text(2000), "stop.text.it": limit.Text(2000), "stop.text.en": limit.Text(2000),
		"audience.organisations": limit.Entries(5000), "audience.installed": limit.Entries(50), "audience.installed.from": limit.Text(maxShort), "audience.installed.until": limit.Text(maxShort),
		"to": limit.Entries(5000), "articles": limit.Entries(100), "tickets": limit.Entries(1000), "reason": limit.Text(2000), "external": limit.Text(250),
	}),
})

// Wordings holds one row for each time the text of a published release was corrected.
var Wordings = db.Declare("wordings", db.Table[Wording]{
	Apart:  []string{"notes", "news", "corrected", "before", "after"},
	Refs:   func(w *Wording, to db.Refer) { to("release", "releases", w.Release) },
	Crowds: []db.Crowd[Wording]{{Index: "release", Of: func(w *Wording) []byte { return key.Of(w.Release) }, Most: 200, Field: "notes"}},
	Limits: wording(nil),
})

// Receipts holds one row for each release, place, module and environment.
var Receipts = db.Declare("receipts", db.Table[Receipt]{
	Apart: []string{"earlier"},
	Refs: func(r *Receipt, to db.Refer) {
		to("release", "releases", r.Release)
		to("organisation", "organisations", r.Organisation)
		to("unit", "units", r.Unit)
		to("module", "modules", r.Module)
	},
	Limits: limit.Fields{"last.reason": limit.Text(2000), "earlier": limit.Entries(200), "earlier.reason": limit.Text(2000)},
})

// Rounds holds one row for each time that people were told of a release.
var Rounds = db.Declare("rounds", db.Table[Round]{
	Refs: func(r *Round, to db.Refer) { to("release", "releases", r.Release) },
	Limits: limit.Fields{
		"organisations": limit.Entries(5000), "people": limit.Entries(100_000), "nobody": limit.Entries(5000), "reason": limit.Text(2000),
	},
})

// Downloads holds one row for each file of a release, person and day. They leave no trace in the change log.
var Downloads = db.Declare("downloads", db.Table[Download]{
	Silent: true,
	Refs: func(d *Download, to db.Refer) {
		to("release", "releases", d.Release)
		to("file", "files", d.File)
		to("person", "people", d.Person)
	},
	Limits: limit.Fields{"day": limit.Text(10)},
})

// Contacts holds one row for each address, organisation and module.
var Contacts = db.Declare("contacts", db.Table[Contact]{
	Refs: func(c *Contact, to db.Refer) {
		to("organisation", "organisations", c.Organisation)
		to("module", "modules", c.Module)
	},
	Crowds: []db.Crowd[Contact]{{Index: "organisation", Of: func(c *Contact) []byte { return key.Of(c.Organisation) }, Most: 200, Field: "email"}},
	Limits: limit.Fields{"email": limit.Text(maxEmail), "name": limit.Text(maxName), "language": limit.Text(8)},
})

// Followings holds one row for each person and module that they follow.
var Followings = db.Declare("followings", db.Table[Following]{
	Refs: func(f *Following, to db.Refer) {
		to("person", "people", f.Person)
		to("module", "modules", f.Module)
	},
	Crowds: []db.Crowd[Following]{{Index: "person", Of: func(f *Following) []byte { return key.Of(f.Person) }, Most: 500, Field: "module"}},
})

// Problems holds one row for each known problem.
var Problems = db.Declare("problems", db.Table[Problem]{
	Apart: []string{"text", "workaround"},
	Refs: func(p *Problem, to db.Refer) {
		to("module", "modules", p.Module)
		to("group", "groups", p.Group)
		to("owner", "people", p.Owner)
		to("merged_into", "problems", p.MergedInto)
	},
	Limits: limit.Fields{
		"title.it": limit.Text(250), "title.en": limit.Text(250), "text.it": limit.Text(maxNotes), "text.en": limit.Text(maxNotes), "workaround.it": limit.Text(maxNotes), "workaround.en": limit.Text(maxNotes),
		"moves": limit.Entries(50), "affected": limit.Entries(50), "affected.from": limit.Text(maxShort), "affected.until": limit.Text(maxShort), "fixed_in": limit.Texts(50, maxShort), "reason": limit.Text(2000),
		"regression.good": limit.Text(maxShort), "regression.introduced_by": limit.Text(250), "supplier.number": limit.Text(maxShort), "supplier.address": limit.Text(maxAddress),
		"outage.news.it": limit.Text(2000), "outage.news.en": limit.Text(2000),
	},
})

// Cases holds one row for each problem and ticket, or person without one.
var Cases = db.Declare("cases", db.Table[Case]{
	Refs: func(c *Case, to db.Refer) {
		to("problem", "problems", c.Problem)
		to("from", "problems", c.From)
		to("person", "people", c.Person)
	},
	Limits: limit.Fields{"text": limit.Text(500), "versions": {Text: 1000, Observed: true}, "told": limit.Observed(maxWord), "knew": limit.Observed(maxWord)},
})

// Errands holds one row for each thing that was done to all cases of a problem.
var Errands = db.Declare("errands", db.Table[Errand]{
	Refs: func(e *Errand, to db.Refer) {
		to("problem", "problems", e.Problem)
		to("takes", "errands", e.Takes)
	},
	Limits: limit.Fields{"text.it": limit.Text(maxNotes), "text.en": limit.Text(maxNotes)},
})
