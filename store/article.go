package store

import (
	"strconv"
	"strings"
	"time"

	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Article is a page of the knowledge base. Its text is in its versions, one for each language.
type Article struct {
	db.Row
	Slug     string   `json:"slug"`
	Module   uint64   `json:"module,omitzero"`
	Audience Audience `json:"audience"`
	External string   `json:"external,omitzero"`
	Author   uint64   `json:"author,omitzero"`
}

// Version is an article in one language.
type Version struct {
	db.Row
	Article     uint64      `json:"article"`
	Module      uint64      `json:"module,omitzero"`   // the article's, so that lists need one index
	Audience    Audience    `json:"audience,omitzero"` // the article's
	Language    string      `json:"language"`
	Title       string      `json:"title"`
	Body        string      `json:"body,omitzero"`
	Labels      []string    `json:"labels,omitempty"` // words to find it by that the text lacks
	Format      Format      `json:"format"`
	Publication Publication `json:"state"`
	Published   time.Time   `json:"published,omitzero"`
	Author      uint64      `json:"author,omitzero"`
}

// Names reports whether the version's text shows the file or links to it.
func (v *Version) Names(file uint64) bool {
	address := "/files/" + strconv.FormatUint(file, 10)
	for rest := v.Body; ; {
		i := strings.Index(rest, address)
		if i < 0 {
			return false
		}
		if rest = rest[i+len(address):]; rest == "" || rest[0] < '0' || rest[0] > '9' {
			return true
		}
	}
}

// The ways into the articles and their versions.
var (
	ArticlesBySlug     = Articles.UniqueIndex("slug", func(a *Article) [][]byte { return key.One(a.Slug) })
	ArticlesByModule   = Articles.Index("module", func(a *Article) [][]byte { return key.One(a.Module) })
	ArticlesByExternal = Articles.UniqueIndex("external", func(a *Article) [][]byte {
		if a.External == "" {
			return nil
		}
		return key.One(a.External)
	})

	VersionsByArticle = Versions.UniqueIndex("article", func(v *Version) [][]byte { return key.One(v.Article, v.Language) })
	// publication, module, language, then title.
	VersionsByModule = Versions.Index("module", func(v *Version) [][]byte {
		return key.One(v.Publication, v.Module, v.Language, spelling.Fold(v.Title))
	})
	// publication, then update: drafts, and what is new.
	VersionsByUpdate = Versions.Index("update", func(v *Version) [][]byte { return key.One(v.Publication, v.Updated) })
)

// CountPublished keys the counter of published versions: module, audience, language.
const CountPublished = "published" // module, audience, language

// Notice notifies one person of one event, under the bell and by mail.
type Notice struct {
	db.Row
	Person  uint64      `json:"person"`
	Ticket  uint64      `json:"ticket,omitzero"`
	Release uint64      `json:"release,omitzero"`
	Round   uint64      `json:"round,omitzero"` // in which the person was told of the release
	Problem uint64      `json:"problem,omitzero"`
	Plan    uint64      `json:"plan,omitzero"`
	Codes   []string    `json:"codes,omitempty"` // of decisions, steps and freezes of the plan
	Errand  uint64      `json:"errand,omitzero"` // the message to all cases of the problem, until that was taken back
	Event   event.Event `json:"event"`
	By      uint64      `json:"by,omitzero"`     // who caused it
	Seq     uint64      `json:"seq"`             // the change it comes from
	At      time.Time   `json:"at"`              // of the change
	Why     string      `json:"why,omitzero"`    // the reason that was given
	Read    bool        `json:"read,omitzero"`   // opened or marked as read
	Reply   uint64      `json:"reply,omitzero"`  // the message it is about
	Digest  bool        `json:"digest,omitzero"` // waits for the person's daily mail
}

// CountUnread keys the counter of unread notices: person.
const CountUnread = "unread"

// The ways into the notices.
var (
	NoticesByPerson = Notices.Index("person", func(n *Notice) [][]byte { return key.One(n.Person, n.At) })
	NoticesUnread   = Notices.Index("unread", func(n *Notice) [][]byte {
		if n.Read {
			return nil
		}
		return key.One(n.Person, n.Ticket)
	})
	NoticesByTicket = Notices.Index("ticket", func(n *Notice) [][]byte {
		if n.Ticket == 0 {
			return nil
		}
		return key.One(n.Ticket)
	})
	NoticesByErrand = Notices.Index("errand", func(n *Notice) [][]byte {
		if n.Errand == 0 {
			return nil
		}
		return key.One(n.Errand)
	})
	NoticesByRelease = Notices.Index("release", func(n *Notice) [][]byte {
		if n.Release == 0 {
			return nil
		}
		return key.One(n.Release, n.Round, n.Person)
	})
	NoticesByTime = Notices.Index("time", func(n *Notice) [][]byte { return key.One(n.At) })
	// what waits for the daily mail of its person.
	NoticesDigest = Notices.Index("digest", func(n *Notice) [][]byte {
		if !n.Digest {
			return nil
		}
		return key.One(n.Person, n.At)
	})
)

// SavedReply is a text agents insert by typing ::, of a group or one's own.
type SavedReply struct {
	db.Row
	Group  uint64 `json:"group,omitzero"`
	Person uint64 `json:"person,omitzero"`
	Title  Words  `json:"title"`
	Body   Words  `json:"body"`
}

// The ways into the saved replies.
var (
	SavedRepliesByGroup  = SavedReplies.Index("group", func(r *SavedReply) [][]byte { return key.One(r.Group) })
	SavedRepliesByPerson = SavedReplies.Index("person", func(r *SavedReply) [][]byte { return key.One(r.Person) })
)

// Form keeps what somebody had typed into a form when their session ended; after signing in again they return to it.
type Form struct {
	db.Row
	Person uint64              `json:"person"`
	Path   string              `json:"path"`
	Values map[string][]string `json:"values"`
	Ends   time.Time           `json:"ends"`
}

// The ways into the drafts.
var (
	DraftsByPerson = Drafts.Index("person", func(f *Form) [][]byte { return key.One(f.Person) })
	DraftsByEnd    = Drafts.Index("ends", func(f *Form) [][]byte { return key.One(f.Ends) })
)

// Settings are what the administrator chose for the whole desk. There is one row, with ID 1.
type Settings struct {
	db.Row
	Name          string            `json:"name"`           // of the desk
	Short         string            `json:"short,omitzero"` // the desk's name in the subject of its mail: [Short #12]; empty: made from Name
	Institution   string            `json:"institution"`    // whose desk it is, in the top bar
	Colour        string            `json:"colour,omitzero"`
	Logo          string            `json:"logo,omitzero"`      // sum of the picture's blob
	LogoType      string            `json:"logo_type,omitzero"` // image/png, image/jpeg or image/webp
	Footer        []FooterLink      `json:"footer,omitempty"`
	Welcome       Words             `json:"welcome,omitzero"`   // heading of the home page
	HomeText      Words             `json:"home_text,omitzero"` // Markdown below it
	Searches      []string          `json:"searches,omitempty"` // often searched
	Hours         Words             `json:"hours,omitzero"`     // usual times, in words
	Retention     []Retention       `json:"retention,omitempty"`
	Matrix        map[string]int    `json:"matrix,omitempty"` // "blocking/today" -> 1..4
	WorkingHours  map[string]int    `json:"hours_due,omitempty"`
	DayBegins     int               `json:"day_begins,omitzero"` // hour
	DayEnds       int               `json:"day_ends,omitzero"`   // hour
	CloseAfter    int               `json:"close_after,omitzero"`
	ReopenWithin  int               `json:"reopen_within,omitzero"`
	AccessMonths  int               `json:"access_months,omitzero"`  // for how many months a decided request for credentials is kept
	ListMonths    int               `json:"list_months,omitzero"`    // after how many months coordinators confirm the list of their people again
	ListDays      int               `json:"list_days,omitzero"`      // how many days before they are asked to
	FetchedMonths int               `json:"fetched_months,omitzero"` // for how many months it is kept who fetched which file of an update
	ReviewModules map[uint64]bool   `json:"review,omitempty"`        // products whose articles need a review before publishing
	CheckModules  map[uint64]bool   `json:"check,omitempty"`         // products whose releases a second person checks before publishing
	Reminders     map[string][]int  `json:"reminders,omitempty"`     // kind of release -> days before (negative) and after the install-by date; see ReminderDays
	Positions     []Position        `json:"positions,omitempty"`     // that a person may have in an organisation
	MailTexts     map[string]Words  `json:"mail_texts,omitempty"`    // "opened.subject", "opened.text" -> the text that replaces the built-in words
	MailsOff      []string          `json:"mails_off,omitempty"`     // events of which the desk sends no mail, of those that may be switched off
	BandsOff      bool              `json:"bands_off,omitzero"`      // plans do not say how others chose
	Extra         map[string]string `json:"extra,omitempty"`
}

// FooterLink is a link at the foot of every page.
type FooterLink struct {
	Label   Words  `json:"label"`
	Address string `json:"address"`
}
