// Package desk says what may be done at the desk and by whom. It has one method for each use case; each method checks
// the table of rights and the table of moves, and changes the store in one transaction. Pages, API, mail, import and
// command line all use these methods; there is no second way to change a ticket.
//
// Each noun has a room below, and Desk has a part for each room:
//
//	entry       cleaning and checking what was typed
//	policy      who acts, and who may do what
//	post        the desk's own addresses, tokens, waiting letters
//	form        forms that were typed and not sent, or sent twice
//	file        attachments
//	people      people, organisations, units, groups, accounts
//	catalogue   modules, settings, branding, synonyms, mail texts
//	article     articles
//	find        searching the index with a person's rights; what was not found
//	due         working time, and when a ticket is due
//	ticket      opening, changing and reading a ticket
//	access      requests for credentials
//	relocation  moving a unit, merging organisations
//	leave       what becomes of the work of somebody who leaves
//	queue       lists and counts, saved views, saved replies
//	notice      who is notified of what, by bell and by letter
//	intake      incoming mail
//	installation    which versions are in use where
//	release     updates: whom they are for, who was told, what organisations answer
//	template    what plans are made from
//	plan        leading an organisation through setting an application up
//	problem     known problems: what the desk knows of malfunctions, and who met them
//	work        what waits for somebody
//	erasure     taking people and tickets out of the desk for good; what becomes of old tickets
//	owndata     all that the desk holds about a person, for them
//	audit       who signed in, was refused, read what is confidential, changed rights or settings
//
// Methods return fault.Error values. What does not exist and what the actor may not see are both NotFound.
package desk

import (
	"log/slog"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/access"
	"sportello/app/desk/article"
	"sportello/app/desk/audit"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/due"
	"sportello/app/desk/erasure"
	"sportello/app/desk/file"
	"sportello/app/desk/find"
	"sportello/app/desk/form"
	"sportello/app/desk/installation"
	"sportello/app/desk/intake"
	"sportello/app/desk/leave"
	"sportello/app/desk/notice"
	"sportello/app/desk/owndata"
	"sportello/app/desk/people"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/problem"
	"sportello/app/desk/queue"
	"sportello/app/desk/release"
	"sportello/app/desk/relocation"
	"sportello/app/desk/template"
	"sportello/app/desk/ticket"
	"sportello/app/desk/work"
	"sportello/search"
	"sportello/store"
	"sportello/store/db"
)

// Options are what a desk is made from. Store is required; without Search every text search returns an Unavailable
// error.
type Options struct {
	Store    *db.Store
	Search   *search.Index
	Keeper   *credential.Keeper
	Log      *slog.Logger
	Location *time.Location // the desk's time zone; Europe/Rome when nil
	MaxFile  int64          // maximum bytes of one attachment; 25 MiB when 0

	// Free returns the free bytes on the disk of the store, false when unknown; nil means always unknown.
	Free func() (bytes int64, known bool)

	// Say returns the sentence of the key in the language, for what the desk itself writes; nil means the key.
	Say func(lang, key string, args ...any) string

	MissMonths int // how many months to keep what people did not find; 0: it is not recorded
}

// Desk is one running desk, with a part for each of its rooms. It is safe for concurrent use.
type Desk struct {
	st      *db.Store
	ix      *search.Index
	keeper  *credential.Keeper
	loc     *time.Location
	maxFile int64

	Rights        *policy.Rights
	Post          *post.Post
	Forms         *form.Forms
	Files         *file.Files
	People        *people.People
	Catalogue     *catalogue.Catalogue
	Articles      *article.Articles
	Find          *find.Finder
	Tickets       *ticket.Tickets
	Access        *access.Requests
	Leaving       *leave.Leaving
	Queues        *queue.Queues
	Relocations   *relocation.Relocations
	Notices       *notice.Notices
	Intake        *intake.Intake
	Installations *installation.Installations
	Releases      *release.Releases
	Templates     *template.Templates
	Plans         *plan.Plans
	Problems      *problem.Problems
	Work          *work.Work
	Audits        *audit.Audits
	Erasures      *erasure.Erasures
	Own           *owndata.Own
}

// New returns the desk of the store. It writes nothing; Seed does.
func New(o Options) *Desk {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Location == nil {
		o.Location, _ = time.LoadLocation("Europe/Rome")
		if o.Location == nil {
			o.Location = time.UTC
		}
	}
	if o.Say == nil {
		o.Say = func(_, key string, _ ...any) string { return key }
	}
	if o.MaxFile == 0 {
		o.MaxFile = 25 << 20
	}
	if o.Keeper == nil {
		o.Keeper = credential.New(o.Store)
	}
	rights, post, clock := policy.New(o.Store), post.New(o.Store), due.New(o.Location)
	files := file.New(o.Store, o.Log, o.MaxFile, rights)
	people := people.New(o.Store, o.Keeper, post, o.Location)
	find := find.New(o.Store, o.Search, o.Location, o.MissMonths, rights, files)
	tickets := ticket.New(o.Store, o.Location, rights, post, people, clock)
	templates := template.New(o.Store)
	releases := release.New(o.Store, o.Location, rights, post, files, tickets, o.Say)
	plans := plan.New(o.Store, o.Location, rights, templates, tickets)
	notices := notice.New(o.Store, o.Keeper, o.Location, rights, post, files, tickets, releases, plans)
	audits := audit.New(o.Store, o.Log)
	o.Keeper.TellStrange(notices.TellStrange)
	o.Keeper.Witness(audits.SignedIn, audits.SignInRefused)
	tickets.Witness(audits.Reading(store.Tickets.Name()))
	plans.Witness(audits.Reading(store.Plans.Name()))
	files.Witness(audits.ReadFile)
	return &Desk{
		st: o.Store, ix: o.Search, keeper: o.Keeper, loc: o.Location, maxFile: o.MaxFile,
		Rights:        rights,
		Post:          post,
		Forms:         form.New(o.Store),
		Files:         files,
		People:        people,
		Catalogue:     catalogue.New(o.Store),
		Articles:      article.New(o.Store, o.MaxFile, files),
		Find:          find,
		Tickets:       tickets,
		Access:        access.New(o.Store, o.Keeper, rights, post, people, tickets, o.Say),
		Leaving:       leave.New(o.Store, post, tickets),
		Queues:        queue.New(o.Store, o.Search, o.Log, rights, find),
		Relocations:   relocation.New(o.Store, rights, tickets),
		Notices:       notices,
		Intake:        intake.New(o.Store, o.Log, o.Free, rights, post, people, tickets, notices, releases, clock),
		Installations: installation.New(o.Store, o.Location),
		Releases:      releases,
		Templates:     templates,
		Plans:         plans,
		Problems:      problem.New(o.Store, rights, tickets, post),
		Work:          work.New(o.Store, releases.Work, plans.Work),
		Audits:        audits,
		Erasures:      erasure.New(o.Store, o.Keeper, tickets, o.Location, o.Log),
		Own:           owndata.New(o.Store, o.Location, rights, files, audits, o.Say),
	}
}

// Store returns the store of the desk, for reading what requires no rights: settings, catalogue, counts for metrics.
func (d *Desk) Store() *db.Store { return d.st }

// Index returns the index of the desk, nil when it has none.
func (d *Desk) Index() *search.Index { return d.ix }

// Keeper returns the keeper of the desk's credentials.
func (d *Desk) Keeper() *credential.Keeper { return d.keeper }

// Location returns the desk's time zone.
func (d *Desk) Location() *time.Location { return d.loc }

// Now returns the time of the desk's clock.
func (d *Desk) Now() time.Time { return d.st.Now() }

// MaxFile returns the maximum size of one attachment in bytes.
func (d *Desk) MaxFile() int64 { return d.maxFile }
