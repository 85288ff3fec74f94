package post

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/spelling"
)

// Options is the mail configuration. The zero value accepts mail for the general group and sends none.
type Options struct {
	Mailboxes  []Mailbox
	From       string         // address of the desk itself; empty: no mail is sent
	Servers    []string       // names of our own mail servers, whose statements about senders are trusted
	Roots      *x509.CertPool // certificates of PEC providers; nil: no mail counts as certified
	Key        []byte         // signs reply addresses and reading links
	BaseURL    string         // the address of the desk, without a slash at its end; empty where it is not known
	Desk       string         // the desk's name for itself in its mail, by which it recognises it
	MaxMessage int64          // maximum bytes of one mail; 100 MiB when 0
	Gather     time.Duration  // how long events of one ticket are collected into one mail; a minute when 0
	// How many tickets mail may open in an hour for one address, and for one domain that belongs to no organisation of
	// the desk; mail above the limit is held. 0: no limit.
	MostPerAddress, MostPerDomain int
	Forms                         []string // addresses that nobody reads, besides noreply@ and the like: Reply-To names the author
	DigestAt                      int      // hour of the daily mail; 7 when 0
}

// Who may write to a mailbox. Mail from others is held until somebody approves it.
const (
	WhoEverybody = "everybody"
	WhoKnown     = "known"   // people the desk knows
	WhoDomains   = "domains" // people with an address in the named domains
	WhoHold      = "hold"    // everybody needs approval
)

// Mailbox is an address at which the desk accepts mail.
type Mailbox struct {
	Address string
	Group   string // code; empty: the module's group, or the general one
	Module  string // code; empty: none
	Who     string
	Domains []string
}

const defaultMaxMail = 100 << 20

// SetMail sets the mail options. It is called before anything else runs, and again whenever they change.
func (po *Post) SetMail(o Options) {
	if o.MaxMessage == 0 {
		o.MaxMessage = defaultMaxMail
	}
	if o.Gather == 0 {
		o.Gather = time.Minute
	}
	if o.DigestAt == 0 {
		o.DigestAt = 7
	}
	o.From = spelling.Address(o.From)
	o.Forms = slices.Clone(o.Forms)
	for i := range o.Forms {
		o.Forms[i] = spelling.Address(o.Forms[i])
	}
	for i := range o.Mailboxes {
		o.Mailboxes[i].Address = spelling.Address(o.Mailboxes[i].Address)
	}
	po.mail.Store(&o)
}

// Mail returns the options last given to SetMail.
func (po *Post) Mail() Options { return *po.mail.Load() }

// AddressOf returns the address for mail about the group and module: that of the mailbox of the module or a level above
// it, else the group's, else the desk's own.
func (po *Post) AddressOf(tx *db.Tx, group, module uint64) string {
	code := ""
	if g, err := store.Groups.Peek(tx, group); err == nil {
		code = g.Code
	}
	path := ""
	if m, err := store.Modules.Peek(tx, module); err == nil {
		path = m.Code
	}
	best, length := "", -1
	for _, box := range po.Mail().Mailboxes {
		switch {
		case box.Module != "" && (path == box.Module || strings.HasPrefix(path, box.Module+"/")) && len(box.Module) > length:
			best, length = box.Address, len(box.Module)
		case length < 0 && box.Module == "" && box.Group == code && code != "":
			best, length = box.Address, 0
		}
	}
	if best == "" {
		for _, box := range po.Mail().Mailboxes {
			if box.Group == code && code != "" {
				return box.Address
			}
		}
		best = po.Mail().From
	}
	return best
}

// Mailbox returns the mailbox of the address, ignoring tags: a configured one, or that of the group with the address;
// nil for none.
func (po *Post) Mailbox(tx *db.Tx, address string) *Mailbox {
	if address == "" {
		return nil
	}
	boxes := po.Mail().Mailboxes
	for i := range boxes {
		if m := &boxes[i]; m.Address == address || m.Address == WithoutTag(address) {
			return m
		}
	}
	for e := range store.GroupsByCode.Entries(tx, db.Span{}) {
		g, err := store.Groups.Peek(tx, e.ID)
		if err != nil || g.Email == "" || g.Retired {
			continue
		}
		if at := spelling.Address(g.Email); (at == address || at == WithoutTag(address)) && !somebodys(tx, at) {
			return &Mailbox{Address: at, Group: g.Code}
		}
	}
	return nil
}

// somebodys reports whether the address belongs to a person who works or signs in here. A group may give it for
// questions, and letters still go to it.
func somebodys(tx *db.Tx, address string) bool {
	p, err := store.PeopleByEmail.PeekFirst(tx, address)
	return err == nil && (p.Password != "" || p.IsAgent() || p.Editor || p.Administrator || p.WillCoordinate())
}

// Ours reports whether mail to the address arrives at this desk.
func (po *Post) Ours(tx *db.Tx, address string) bool {
	return address != "" && (address == po.Mail().From || WithoutTag(address) == po.Mail().From || po.Mailbox(tx, address) != nil)
}

// PlaceOfBox returns the module and group of tickets that the mailbox opens; the general group when it names none.
func (po *Post) PlaceOfBox(tx *db.Tx, box *Mailbox) (module, group uint64, err error) {
	general, err := store.GroupsByCode.PeekFirst(tx, store.GeneralGroup)
	if err != nil {
		return 0, 0, err
	}
	group = general.ID
	if box == nil {
		return 0, group, nil
	}
	if box.Module != "" {
		if m, err := store.ModulesByCode.PeekFirst(tx, box.Module); err == nil {
			module = m.ID
			if p, err := policy.Placement(tx, m.ID); err == nil && p.Group != 0 {
				group = p.Group
			}
		}
	}
	if box.Group != "" {
		if g, err := store.GroupsByCode.PeekFirst(tx, box.Group); err == nil && !g.Retired {
			group = g.ID
		}
	}
	return module, group, nil
}
