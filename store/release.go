package store

import (
	"slices"
	"time"

	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/key"
)

// Release is a version of one or several modules, with what there is to say of it and its files. It goes to the
// organisations of its audience.
type Release struct {
	db.Row
	Modules    []uint64     `json:"modules"`
	Version    string       `json:"version"` // as the supplier writes it
	VersionKey string       `json:"key"`     // the same for two ways of writing one version, in hexadecimal
	Kind       ReleaseKind  `json:"kind"`
	State      ReleaseState `json:"state"`
	Language   string       `json:"language,omitzero"` // in which it was written first
	Title      Words        `json:"title"`
	Notes      Words        `json:"notes,omitzero"`     // Markdown, and so are the four parts
	News       Words        `json:"news,omitzero"`      // what is new
	Corrected  Words        `json:"corrected,omitzero"` // what is corrected
	Before     Words        `json:"before,omitzero"`    // what to do before installing
	After      Words        `json:"after,omitzero"`     // and after
	Norm       Norm         `json:"norm,omitzero"`      // that asks for it, of one required by law
	Otherwise  Words        `json:"otherwise,omitzero"` // what happens to those who do not install it
	Needs      []Need       `json:"needs,omitempty"`
	Replaces   []uint64     `json:"replaces,omitempty"` // releases
	Corrects   []uint64     `json:"corrects,omitempty"` // known problems
	WayBack    WayBack      `json:"way_back,omitzero"`
	InstallBy  InstallBy    `json:"install_by,omitzero"`
	Stop       Stop         `json:"stop,omitzero"`
	Audience   Addressees   `json:"audience,omitzero"` // whom it is for, as somebody said it
	To         []uint64     `json:"to,omitempty"`      // the organisations it went to, in ascending order; nobody is taken out
	Articles   []uint64     `json:"articles,omitempty"`
	Tickets    []uint64     `json:"tickets,omitempty"`
	Author     uint64       `json:"author,omitzero"`
	Checker    uint64       `json:"checker,omitzero"` // who checked it
	Publisher  uint64       `json:"publisher,omitzero"`
	PublishAt  time.Time    `json:"publish_at,omitzero"` // of a scheduled one
	Published  time.Time    `json:"published,omitzero"`
	Told       time.Time    `json:"told,omitzero"`     // when people were last told of it: published, told again, withdrawn
	Reworded   time.Time    `json:"reworded,omitzero"` // when its text was last corrected after publishing
	Withdrawn  time.Time    `json:"withdrawn,omitzero"`
	Reason     string       `json:"reason,omitzero"` // why it was withdrawn, and what to do
	ReplacedBy uint64       `json:"replaced_by,omitzero"`
	Sequence   int          `json:"sequence,omitzero"` // of its entries in calendars: one more whenever a date or state of them changes
	External   string       `json:"external,omitzero"` // what the system it came from calls it
}

// Out reports whether people outside of the desk read the release: it was published once.
func (r *Release) Out() bool {
	return r.State == ReleasePublished || r.State == ReleaseReplaced || r.State == ReleaseWithdrawn
}

// WentTo reports whether the release went to the organisation.
func (r *Release) WentTo(organisation uint64) bool {
	_, found := slices.BinarySearch(r.To, organisation)
	return found
}

// Norm is the law that asks for a release.
type Norm struct {
	Text string    `json:"text"`
	Date time.Time `json:"date,omitzero"` // the day on which it takes effect
}

// Need is what must be there before a release is installed: another release, or a version.
type Need struct {
	Release uint64 `json:"release,omitzero"`
	Version string `json:"version,omitzero"`
}

// WayBack says how one returns to the version of before.
type WayBack struct {
	Kind  Back      `json:"kind,omitzero"`
	Until time.Time `json:"until,omitzero"` // of BackUntil
	Text  Words     `json:"text,omitzero"`
}

// InstallBy are the days by which a release is to be installed, each at its beginning in UTC; zero: no such day.
type InstallBy struct {
	Test       time.Time `json:"test,omitzero"`
	Production time.Time `json:"production,omitzero"`
}

// In returns the day for the environment.
func (d InstallBy) In(e Environment) time.Time {
	if e == Test {
		return d.Test
	}
	return d.Production
}

// Stop is the time in which the service stands still for a release.
type Stop struct {
	From   time.Time `json:"from,omitzero"`
	Until  time.Time `json:"until,omitzero"`  // expected
	Latest time.Time `json:"latest,omitzero"` // if all goes badly; zero: nothing was said
	Text   Words     `json:"text,omitzero"`   // what stops
}

// Addressees say whom a release is for: some organisations, those that have installed one of some versions, or all.
type Addressees struct {
	All           bool        `json:"all,omitzero"`
	Organisations []uint64    `json:"organisations,omitempty"`
	Installed     []Installed `json:"installed,omitempty"`
}

// Nobody reports whether nobody was said.
func (a *Addressees) Nobody() bool {
	return !a.All && len(a.Organisations) == 0 && len(a.Installed) == 0
}

// Installed is a range of versions of a module in an environment. From is included, until is not; an empty end is open.
type Installed struct {
	Module      uint64      `json:"module"`                // 0: any of the release's
	Environment Environment `json:"environment,omitempty"` // none: any
	From        string      `json:"from,omitzero"`
	Until       string      `json:"until,omitzero"`
}

// The ways into the releases.
var (
	ReleasesByVersion = Releases.UniqueIndex("version", func(r *Release) [][]byte {
		if r.State == ReleaseWithdrawn {
			return nil // its supplier may call the next one the same
		}
		return r.eachModule(func(m uint64) []byte { return key.Of(m, r.VersionKey) })
	})
	// state, then last change.
	ReleasesByState = Releases.Index("state", func(r *Release) [][]byte { return key.One(r.State, r.Updated) })
	// module, then publication; what is not published yet comes first.
	ReleasesByModule = Releases.Index("module", func(r *Release) [][]byte {
		return r.eachModule(func(m uint64) []byte { return key.Of(m, r.Published) })
	})
	// organisation, then publication.
	ReleasesByOrganisation = Releases.Index("organisation", func(r *Release) [][]byte {
		var out [][]byte
		for _, o := range r.To {
			out = append(out, key.Of(o, r.Published))
		}
		return out
	})
	// publication, of what was published.
	ReleasesByTime = Releases.Index("time", func(r *Release) [][]byte {
		if !r.Out() {
			return nil
		}
		return key.One(r.Published)
	})
	ReleasesScheduled = Releases.Index("scheduled", func(r *Release) [][]byte {
		if r.State != ReleaseScheduled {
			return nil
		}
		return key.One(r.PublishAt)
	})
	ReleasesByExternal = Releases.UniqueIndex("external", func(r *Release) [][]byte {
		if r.External == "" {
			return nil
		}
		return key.One(r.External)
	})
	ReleasesByTicket    = Releases.Index("ticket", func(r *Release) [][]byte { return keys(r.Tickets) })
	ReleasesByCorrected = Releases.Index("corrects", func(r *Release) [][]byte { return keys(r.Corrects) })
	ReleasesByArticle   = Releases.Index("article", func(r *Release) [][]byte { return keys(r.Articles) })
)

func keys(ids []uint64) [][]byte {
	var out [][]byte
	for _, id := range ids {
		out = append(out, key.Of(id))
	}
	return out
}

func (r *Release) eachModule(of func(module uint64) []byte) [][]byte {
	var out [][]byte
	for _, m := range r.Modules {
		out = append(out, of(m))
	}
	return out
}

// Wording is what a release said before somebody corrected it after publishing. There is one row for each time.
type Wording struct {
	db.Row
	Release   uint64 `json:"release"`
	By        uint64 `json:"by,omitzero"` // who corrected it
	Title     Words  `json:"title"`
	Notes     Words  `json:"notes,omitzero"`
	News      Words  `json:"news,omitzero"`
	Corrected Words  `json:"corrected,omitzero"`
	Before    Words  `json:"before,omitzero"`
	After     Words  `json:"after,omitzero"`
	Otherwise Words  `json:"otherwise,omitzero"`
}

// WordingsByRelease leads to the earlier wordings of a release, the oldest first.
var WordingsByRelease = Wordings.Index("release", func(w *Wording) [][]byte { return key.One(w.Release) })

// Round is one time that the people of some organisations are told of a release. It is done in steps: Placed and At say how
// far it is.
type Round struct {
	db.Row
	Release       uint64    `json:"release"`
	Of            RoundOf   `json:"of"`
	Organisations []uint64  `json:"organisations"`
	People        []uint64  `json:"people,omitempty"` // others who are told: those who downloaded what was withdrawn
	Placed        int       `json:"placed,omitzero"`  // organisations whose receipts stand
	At            int       `json:"at,omitzero"`      // organisations whose people are told; behind them come People
	Told          int       `json:"told,omitzero"`    // people and contacts so far
	Nobody        []uint64  `json:"nobody,omitempty"` // organisations that had nobody to tell
	Reason        string    `json:"reason,omitzero"`
	By            uint64    `json:"by,omitzero"`
	Done          time.Time `json:"done,omitzero"`
}

// The ways into the rounds.
var (
	RoundsByRelease = Rounds.Index("release", func(r *Round) [][]byte { return key.One(r.Release) })
	RoundsNobody    = Rounds.Index("nobody", func(r *Round) [][]byte {
		if len(r.Nobody) == 0 {
			return nil
		}
		return key.One(r.Release)
	})
	RoundsOpen = Rounds.Index("open", func(r *Round) [][]byte {
		if !r.Done.IsZero() {
			return nil
		}
		return key.One(r.Created)
	})
)

// DefaultFetchedMonths is for how many months it is kept who fetched which file, unless the settings say otherwise.
const DefaultFetchedMonths = 24

// Download says that somebody fetched a file of a release on a day.
type Download struct {
	db.Row
	Release uint64    `json:"release"`
	File    uint64    `json:"file"`
	Person  uint64    `json:"person"`
	Day     string    `json:"day"` // of the desk, 2006-01-02
	Last    time.Time `json:"last"`
	Times   int       `json:"times"`
}

// The ways into the downloads.
var (
	DownloadsByRelease = Downloads.Index("release", func(d *Download) [][]byte { return key.One(d.Release, d.Created) })
	DownloadsByDay     = Downloads.UniqueIndex("day", func(d *Download) [][]byte { return key.One(d.File, d.Person, d.Day) })
	DownloadsByTime    = Downloads.Index("time", func(d *Download) [][]byte { return key.One(d.Last) })
)

// Contact is an address without credentials that is told of the releases of an organisation. Nothing goes to it before
// whoever reads it has said so.
type Contact struct {
	db.Row
	Organisation uint64    `json:"organisation"`
	Module       uint64    `json:"module,omitzero"` // 0: of all
	Email        string    `json:"email"`
	Name         string    `json:"name,omitzero"`
	Language     string    `json:"language,omitzero"`
	By           uint64    `json:"by,omitzero"`
	Asked        time.Time `json:"asked,omitzero"`     // when the address was last asked whether it is right
	Confirmed    time.Time `json:"confirmed,omitzero"` // zero: not yet
	Failed       time.Time `json:"failed,omitzero"`    // since when mail to it comes back
}

// The ways into the contacts.
var (
	ContactsByOrganisation = Contacts.UniqueIndex("organisation", func(c *Contact) [][]byte { return key.One(c.Organisation, c.Email, c.Module) })
	ContactsByEmail        = Contacts.Index("email", func(c *Contact) [][]byte { return key.One(c.Email) })
)

// Following says that a person wants to be told of the releases of a module.
type Following struct {
	db.Row
	Person uint64 `json:"person"`
	Module uint64 `json:"module"`
}

// The ways into who follows what.
var (
	FollowingsByModule = Followings.UniqueIndex("module", func(f *Following) [][]byte { return key.One(f.Module, f.Person) })
	FollowingsByPerson = Followings.Index("person", func(f *Following) [][]byte { return key.One(f.Person) })
)

// ReleaseKind says how much hurry a release is in, and why.
type ReleaseKind uint8

// The kinds of release.
const (
	Ordinary ReleaseKind = iota + 1
	Urgent
	Law // required by law
)

var releaseKinds = []string{"", "ordinary", "urgent", "law"}

// Hurried reports whether releases of the kind wait for no daily mail.
func (v ReleaseKind) Hurried() bool { return v == Urgent || v == Law }

// ReleaseState is how far a release has got.
type ReleaseState uint8

// The states of a release.
const (
	ReleaseNone ReleaseState = iota
	ReleaseDraft
	ReleaseChecked
	ReleaseScheduled
	ReleasePublished
	ReleaseReplaced
	ReleaseWithdrawn
)

var releaseStates = []string{"", "draft", "checked", "scheduled", "published", "replaced", "withdrawn"}

// Back is the way back from a release.
type Back uint8

// The ways back; of BackUnsaid nothing was said.
const (
	BackUnsaid  Back = iota
	BackUntil        // possible until a moment
	BackRestore      // by restoring a copy
	BackNone
)

var backs = []string{"", "until", "restore", "none"}

// RoundOf says why people are told of a release.
type RoundOf uint8

// The reasons of a round.
const (
	RoundPublished RoundOf = iota + 1
	RoundWidened           // organisations that came to it later
	RoundAgain             // somebody decided to tell them again
	RoundWithdrawn
	RoundDates // nobody is told: its receipts get the days of the release
)

var roundsOf = []string{"", "published", "widened", "again", "withdrawn", "dates"}

func (v ReleaseKind) Byte() byte  { return byte(v) }
func (v ReleaseState) Byte() byte { return byte(v) }
func (v Back) Byte() byte         { return byte(v) }
func (v RoundOf) Byte() byte      { return byte(v) }

func (v ReleaseKind) String() string  { return enum.Word(releaseKinds, byte(v)) }
func (v ReleaseState) String() string { return enum.Word(releaseStates, byte(v)) }
func (v Back) String() string         { return enum.Word(backs, byte(v)) }
func (v RoundOf) String() string      { return enum.Word(roundsOf, byte(v)) }

// MarshalText writes the code.
func (v ReleaseKind) MarshalText() ([]byte, error)  { return []byte(v.String()), nil }
func (v ReleaseState) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
func (v Back) MarshalText() ([]byte, error)         { return []byte(v.String()), nil }
func (v RoundOf) MarshalText() ([]byte, error)      { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *ReleaseKind) UnmarshalText(b []byte) error  { return enum.Read(releaseKinds, b, v) }
func (v *ReleaseState) UnmarshalText(b []byte) error { return enum.Read(releaseStates, b, v) }
func (v *Back) UnmarshalText(b []byte) error         { return enum.Read(backs, b, v) }
func (v *RoundOf) UnmarshalText(b []byte) error      { return enum.Read(roundsOf, b, v) }
