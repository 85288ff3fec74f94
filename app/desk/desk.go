// Package desk says what may be done at the desk and by whom: one method for each use case, each checking the one
// table of rights (policy.go) and the one table of moves (workflow.go), each changing the store in one transaction.
// Pages, API, mail, import and command line all come through here; there is no second way to change a ticket.
//
//	policy.go     who may do what: acts, relations, the table
//	workflow.go   the moves between states and what each needs
//	ticket.go     opening a ticket; step.go: every later change of one
//	view.go       what an actor sees of a ticket; queue.go: lists and counts
//	notice.go     who is told of what, planned from the change log
//	clock.go      priority, due time, and what happens by itself
//
// Methods return store.Error values: NotFound for what is not there and for what may not be seen alike.
package desk

import (
	"log/slog"
	"sync"
	"time"

	"sportello/app/credential"
	"sportello/search"
	"sportello/store"
)

// Options are what a desk is made of. Store is required; without Search every text search answers Unavailable.
type Options struct {
	Store    *store.Store
	Search   *search.Index
	Keeper   *credential.Keeper
	Log      *slog.Logger
	Location *time.Location // the desk's time zone; Europe/Rome when nil
	MaxFile  int64          // bytes of one attachment; 25 MiB when 0

	// Free returns how many bytes are free on the disk of the store, false when that is not known; nil: it never is.
	Free func() (bytes int64, known bool)

	MissMonths int // how many months what people did not find is kept; 0: nothing is
}

// Desk is one running desk. Its methods may be called by many goroutines at once.
type Desk struct {
	st      *store.Store
	ix      *search.Index
	keeper  *credential.Keeper
	log     *slog.Logger
	clock   func() time.Time
	loc     *time.Location
	maxFile int64
	free    func() (int64, bool)
	held    heldRoom

	missMonths int
	misses     missWork
	views      viewWork

	mail      MailOptions
	mailMu    sync.Mutex      // one mail is processed at a time: the order in which they came decides
	strangers strangers       // under mailMu
	mailWaits chan struct{}   // something may wait
	outMu     sync.Mutex      // held while letters are sent
	unwritten map[uint64]Sent // letters that went, where the store would not take it down; under outMu
	outWaits  chan struct{}

	reasonMu sync.Mutex
	reasons  map[reasonKey]time.Time // administrators who gave a reason to see a confidential ticket, until when
}

type reasonKey struct{ person, ticket uint64 }

// New returns the desk of the store. It writes nothing; Seed does.
func New(o Options) *Desk {
	d := &Desk{st: o.Store, ix: o.Search, keeper: o.Keeper, log: o.Log, clock: o.Store.Now, loc: o.Location, maxFile: o.MaxFile, free: o.Free, missMonths: o.MissMonths,
		reasons: map[reasonKey]time.Time{}, mailWaits: make(chan struct{}, 1), outWaits: make(chan struct{}, 1), unwritten: map[uint64]Sent{}}
	d.SetMail(MailOptions{})
	if d.log == nil {
		d.log = slog.Default()
	}
	if d.loc == nil {
		d.loc, _ = time.LoadLocation("Europe/Rome")
		if d.loc == nil {
			d.loc = time.UTC
		}
	}
	if d.maxFile == 0 {
		d.maxFile = 25 << 20
	}
	if d.keeper == nil {
		d.keeper = credential.New(o.Store)
	}
	d.keeper.TellStrange(d.tellStrange)
	return d
}

// Store returns the store of the desk, for reading what needs no rights: settings, catalogue, counts for metrics.
func (d *Desk) Store() *store.Store { return d.st }

// Index returns the index of the desk, nil when it has none.
func (d *Desk) Index() *search.Index { return d.ix }

// Keeper returns who keeps the credentials of the desk.
func (d *Desk) Keeper() *credential.Keeper { return d.keeper }

// Location returns the desk's time zone.
func (d *Desk) Location() *time.Location { return d.loc }

// Now returns the desk's clock.
func (d *Desk) Now() time.Time { return d.clock() }

// MaxFile returns the greatest size of one attachment in bytes.
func (d *Desk) MaxFile() int64 { return d.maxFile }
