package store

import (
	"slices"
	"time"

	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/scope"
	"sportello/store/spelling"
)

// Person is anyone with a record. Rights add up: everybody is a requester, a Membership makes an agent or supervisor,
// an Affiliation may make a coordinator, the two flags an editor and an administrator.
type Person struct {
	db.Row
	Email         string        `json:"email"` // lower case, NFC; see Address
	Name          string        `json:"name"`
	Language      string        `json:"language,omitzero"` // it, en, or empty: the browser's
	Phone         string        `json:"phone,omitzero"`
	Administrator bool          `json:"administrator,omitzero"`
	Editor        bool          `json:"editor,omitzero"`
	Groups        []Membership  `json:"groups,omitempty"`
	Affiliations  []Affiliation `json:"affiliations,omitempty"`
	Wore          Hat           `json:"wore,omitzero"`     // the hat under which they last opened a ticket
	Password      string        `json:"password,omitzero"` // argon2id in PHC form; empty: has no credentials
	PasswordSet   time.Time     `json:"password_set,omitzero"`
	Ended         time.Time     `json:"ended,omitzero"` // when all access to the account was revoked: links sent before that time no longer open it
	Disabled      bool          `json:"disabled,omitzero"`
	Erased        time.Time     `json:"erased,omitzero"`  // when who they are was taken out of the desk
	Owners        []uint64      `json:"owners,omitempty"` // of a service account: the two people it belongs to
	Notices       NoticeChoice  `json:"notices,omitzero"`
	NoSingleKeys  bool          `json:"no_single_keys,omitzero"`
	Theme         string        `json:"theme,omitzero"` // light, dark, or empty: the browser's
	LastSeen      time.Time     `json:"last_seen,omitzero"`
	MailFailed    time.Time     `json:"mail_failed,omitzero"`     // since when mail to the address comes back; zero: it arrives
	MailFailedWhy string        `json:"mail_failed_why,omitzero"` // what the other mail server said
	Feed          uint64        `json:"feed,omitzero"`            // the moment in nanoseconds at which the secret address of their feeds was made; 0: there is none
}

// Membership puts a person into a support group, as agent or also as supervisor.
type Membership struct {
	Group      uint64 `json:"group"`
	Supervisor bool   `json:"supervisor,omitzero"`
}

// InGroup reports whether the person is an agent of the group.
func (p *Person) InGroup(group uint64) bool {
	return slices.ContainsFunc(p.Groups, func(m Membership) bool { return m.Group == group })
}

// Supervises reports whether the person is a supervisor of the group.
func (p *Person) Supervises(group uint64) bool {
	return slices.ContainsFunc(p.Groups, func(m Membership) bool { return m.Group == group && m.Supervisor })
}

// IsAgent reports whether the person works tickets in some group.
func (p *Person) IsAgent() bool { return len(p.Groups) > 0 }

// IsService reports whether the person is a service account: a program, which never signs in.
func (p *Person) IsService() bool { return len(p.Owners) > 0 }

// IsSupervisor reports whether the person supervises some group.
func (p *Person) IsSupervisor() bool {
	return slices.ContainsFunc(p.Groups, func(m Membership) bool { return m.Supervisor })
}

// The ways into the people.
var (
	PeopleByEmail = People.UniqueIndex("email", func(p *Person) [][]byte { return key.One(p.Email) })
	PeopleByName  = People.Index("name", func(p *Person) [][]byte { return key.One(spelling.Fold(p.Name)) })
	// the forms of the name and the address, to look people up by the NameBeginnings of a text: use
	// Span{Prefix: key.Beginning(word)}.
	PeopleByWord = People.Index("word", func(p *Person) [][]byte {
		var out [][]byte
		for _, w := range p.forms() {
			out = append(out, key.Of(w))
		}
		return append(out, key.Of(p.Email))
	})
	// the service accounts of a person.
	PeopleByOwner = People.Index("owner", func(p *Person) [][]byte {
		var out [][]byte
		for _, o := range p.Owners {
			out = append(out, key.Of(o))
		}
		return out
	})
	PeopleByGroup = People.Index("group", func(p *Person) [][]byte {
		var out [][]byte
		for _, m := range p.Groups {
			out = append(out, key.Of(m.Group, spelling.Fold(p.Name)))
		}
		return out
	})
	// administrators, editors, supervisors, agents and coordinators under their word, also while that is yet to begin.
	PeopleByRole = People.Index("role", func(p *Person) [][]byte {
		var out [][]byte
		if p.Administrator {
			out = append(out, key.Of("administrator"))
		}
		if p.Editor {
			out = append(out, key.Of("editor"))
		}
		if p.IsAgent() {
			out = append(out, key.Of("agent"))
		}
		if p.IsSupervisor() {
			out = append(out, key.Of("supervisor"))
		}
		if p.WillCoordinate() {
			out = append(out, key.Of("coordinator"))
		}
		return out
	})
)

// Organisation is a university or body whose people use the desk.
type Organisation struct {
	db.Row
	Code    string   `json:"code"` // what programs call it
	Name    string   `json:"name"`
	Domains []string `json:"domains,omitempty"` // mail domains that belong to it, lower case
	Share   Share    `json:"share,omitzero"`
	Former  []Former `json:"former,omitempty"` // organisations that it took in

	ListConfirmed time.Time `json:"list_confirmed,omitzero"` // when a coordinator last said that the list of its people is right
	ListUntil     time.Time `json:"list_until,omitzero"`     // the first moment at which that is late; zero: its coordinators were not asked since
	ListFading    bool      `json:"list_fading,omitzero"`    // some people's affiliations end because nobody said so
	Retired       bool      `json:"retired,omitzero"`        // it is no more: no update goes there, and no word is awaited from it
}

// Unit is a department or office inside an organisation.
type Unit struct {
	db.Row
	Organisation uint64 `json:"organisation"`
	Name         string `json:"name"`
	Share        Share  `json:"share,omitzero"`
}

// The ways into the organisations and their units.
var (
	OrganisationsByName   = Organisations.UniqueIndex("name", func(o *Organisation) [][]byte { return key.One(spelling.Fold(o.Name)) })
	OrganisationsByDomain = Organisations.UniqueIndex("domain", func(o *Organisation) [][]byte {
		var out [][]byte
		for _, d := range o.Domains {
			out = append(out, key.Of(d))
		}
		return out
	})
	UnitsByOrganisation = Units.UniqueIndex("name", func(u *Unit) [][]byte { return key.One(u.Organisation, spelling.Fold(u.Name)) })
)

// Group is a support group: it owns modules and tickets.
type Group struct {
	db.Row
	Code         string `json:"code"`
	Name         Words  `json:"name"`
	Description  Words  `json:"description,omitzero"`
	Email        string `json:"email,omitzero"` // how people reach it, shown on the sign-in page
	Phone        string `json:"phone,omitzero"`
	Hours        Words  `json:"hours,omitzero"`
	Signature    Words  `json:"signature,omitzero"` // stands below its answers by mail
	Confidential bool   `json:"confidential,omitzero"`
	Retired      bool   `json:"retired,omitzero"`
}

// GeneralGroup is the code of the group that takes tickets no other group takes; it cannot be removed.
const GeneralGroup = "generale"

// GroupsByCode leads to the group with the code.
var GroupsByCode = Groups.UniqueIndex("code", func(g *Group) [][]byte { return key.One(g.Code) })

// Words is a short text in the languages of the desk.
type Words struct {
	IT string `json:"it,omitzero" toml:"it"`
	EN string `json:"en,omitzero" toml:"en"`
}

// In returns the text in the language, else in the other one.
func (w Words) In(language string) string {
	if (language == "en" && w.EN != "") || w.IT == "" {
		return w.EN
	}
	return w.IT
}

// Module is one level of the catalogue: product, area or module. What it leaves empty it inherits from the level above.
type Module struct {
	db.Row
	Code         string     `json:"code"` // parts joined by /
	Parent       uint64     `json:"parent,omitzero"`
	Name         Words      `json:"name"`
	Description  Words      `json:"description,omitzero"`
	Channel      Channel    `json:"channel,omitzero"`
	Address      string     `json:"address,omitzero"` // of the other desk (https://...) or mailbox
	Reason       Words      `json:"reason,omitzero"`  // why it is served elsewhere
	Group        uint64     `json:"group,omitzero"`
	Versions     []string   `json:"versions,omitempty"` // in use, newest first
	Schemes      []Range    `json:"schemes,omitempty"`  // later ways of numbering versions, oldest first: each comes after those before it
	Questions    []Question `json:"questions,omitempty"`
	Confidential bool       `json:"confidential,omitzero"`
	Access       AccessRule `json:"access,omitzero"` // who must agree before somebody gets credentials for it
	Order        int        `json:"order,omitzero"`
	Retired      bool       `json:"retired,omitzero"`
}

// Question is an additional question in the ticket form of a module.
type Question struct {
	Code     string   `json:"code"`
	Label    Words    `json:"label"`
	Type     string   `json:"type"` // text, choice, number, date
	Choices  []string `json:"choices,omitempty"`
	Required bool     `json:"required,omitzero"`
}

// The ways into the modules.
var (
	ModulesByCode   = Modules.UniqueIndex("code", func(m *Module) [][]byte { return key.One(m.Code) })
	ModulesByParent = Modules.Index("parent", func(m *Module) [][]byte { return key.One(m.Parent, m.Code) })
)

// Session is a signed-in browser. The cookie holds 32 random bytes, the row their SHA-256.
type Session struct {
	db.Row
	Hash   string    `json:"hash"`
	Person uint64    `json:"person"`
	Device string    `json:"device,omitzero"`
	Addr   string    `json:"addr,omitzero"`
	Seen   time.Time `json:"seen"`
	Ends   time.Time `json:"ends"`
	// Confirmed is when the person last showed again who they are, after signing in.
	Confirmed time.Time `json:"confirmed,omitzero"`
}

// Token lets a program act with the rights that its person has at that moment, less by its scope, until it ends.
type Token struct {
	db.Row
	Hash      string      `json:"hash"`
	Person    uint64      `json:"person"`
	Name      string      `json:"name,omitzero"`
	Scope     scope.Scope `json:"scope"`
	Addresses []string    `json:"addresses,omitempty"` // prefixes of the addresses it is taken from; none: any
	Seen      time.Time   `json:"seen,omitzero"`
	From      string      `json:"from,omitzero"`   // the address it was last used from
	Known     []string    `json:"known,omitempty"` // of a service account: where it was used from, the latest last
	Ends      time.Time   `json:"ends"`
	Asleep    time.Time   `json:"asleep,omitzero"`   // since when it waits for an administrator, after the desk was restored from a backup
	Kept      bool        `json:"kept,omitzero"`     // made before tokens had a scope: its owner is yet to be told that it has all rights
	Reminded  int         `json:"reminded,omitzero"` // how many reminders of its end have been sent
}

// Link may be used once, before it ends, to choose a password.
type Link struct {
	db.Row
	Hash   string    `json:"hash"`
	Person uint64    `json:"person"`
	For    string    `json:"for"` // password
	Ends   time.Time `json:"ends"`
}

// The ways into the sessions, tokens and links, each found by the hash of its secret.
var (
	SessionsByHash   = Sessions.UniqueIndex("hash", func(s *Session) [][]byte { return key.One(s.Hash) })
	SessionsByPerson = Sessions.Index("person", func(s *Session) [][]byte { return key.One(s.Person, s.Seen) })
	SessionsByEnd    = Sessions.Index("ends", func(s *Session) [][]byte { return key.One(s.Ends) })
	TokensByHash     = Tokens.UniqueIndex("hash", func(t *Token) [][]byte { return key.One(t.Hash) })
	TokensByPerson   = Tokens.Index("person", func(t *Token) [][]byte { return key.One(t.Person) })
	// those that sleep, by when they fell asleep.
	TokensAsleep = Tokens.Index("asleep", func(t *Token) [][]byte {
		if t.Asleep.IsZero() {
			return nil
		}
		return key.One(t.Asleep)
	})
	LinksByHash   = Links.UniqueIndex("hash", func(l *Link) [][]byte { return key.One(l.Hash) })
	LinksByPerson = Links.Index("person", func(l *Link) [][]byte { return key.One(l.Person) })
	LinksByEnd    = Links.Index("ends", func(l *Link) [][]byte { return key.One(l.Ends) })
)
