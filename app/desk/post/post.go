package post

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
)

// Options is what the configuration says of mail. The zero value takes mail for the general group and sends none.
type Options struct {
	Mailboxes  []Mailbox
	From       string         // address of the desk itself; empty: no mail leaves
	Servers    []string       // names of our own mail servers, whose word on the sender is believed
	Roots      *x509.CertPool // certificates of PEC providers; nil: nothing is certified
	Key        []byte         // signs reply addresses and reading links
	Desk       string         // what the desk calls itself in its mail, to know it again
	MaxMessage int64          // bytes taken of one mail; 100 MiB when 0
	Gather     time.Duration  // how long events of one ticket are gathered into one mail; a minute when 0
	// How many tickets mail opens in an hour for one address and for one domain that is of no organisation of the desk;
	// what goes beyond is held. 0: any number.
	MostPerAddress, MostPerDomain int
	Forms                         []string // addresses nobody answers, beside noreply@ and its like: Reply-To names who wrote
	DigestAt                      int      // hour at which the daily mail goes; 7 when 0
}

// Who may write to a mailbox. What others write is held until somebody approves it.
const (
	WhoEverybody = "everybody"
	WhoKnown     = "known"   // people the desk knows
	WhoDomains   = "domains" // people of the named domains
	WhoHold      = "hold"    // nobody without approval
)

// Mailbox is an address at which the desk takes mail.
type Mailbox struct {
	Address string
	Group   string // code; empty: the module's, or the general one
	Module  string // code; empty: none
	Who     string
	Domains []string
}

const defaultMaxMail = 100 << 20

// SetMail tells the desk what the configuration says of mail. It is called once, before anything else runs.
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
	o.From = store.Address(o.From)
	o.Forms = slices.Clone(o.Forms)
	for i := range o.Forms {
		o.Forms[i] = store.Address(o.Forms[i])
	}
	for i := range o.Mailboxes {
		o.Mailboxes[i].Address = store.Address(o.Mailboxes[i].Address)
	}
	po.Mail = o
}

// MailOptions returns what SetMail was told.
func (po *Post) MailOptions() Options { return po.Mail }

// AddressOf returns the address at which mail about the group and module comes to the desk: that of the mailbox of the
// module or a level above it, else the group's, else the desk's own.
func (po *Post) AddressOf(tx *store.Tx, group, module uint64) string {
	code := ""
	if g, err := store.Groups.Peek(tx, group); err == nil {
		code = g.Code
	}
	path := ""
	if m, err := store.Modules.Peek(tx, module); err == nil {
		path = m.Code
	}
	best, length := "", -1
	for _, box := range po.Mail.Mailboxes {
		switch {
		case box.Module != "" && (path == box.Module || strings.HasPrefix(path, box.Module+"/")) && len(box.Module) > length:
			best, length = box.Address, len(box.Module)
		case length < 0 && box.Module == "" && box.Group == code && code != "":
			best, length = box.Address, 0
		}
	}
	if best == "" {
		for _, box := range po.Mail.Mailboxes {
			if box.Group == code && code != "" {
				return box.Address
			}
		}
		best = po.Mail.From
	}
	return best
}

// Mailbox returns the mailbox of the address, tags aside: one of the configuration, or that of the group whose address
// it is; nil for none.
func (po *Post) Mailbox(tx *store.Tx, address string) *Mailbox {
	if address == "" {
		return nil
	}
	for i := range po.Mail.Mailboxes {
		if m := &po.Mail.Mailboxes[i]; m.Address == address || m.Address == WithoutTag(address) {
			return m
		}
	}
	for e := range store.GroupsByCode.Entries(tx, store.Span{}) {
		g, err := store.Groups.Peek(tx, e.ID)
		if err != nil || g.Email == "" || g.Retired {
			continue
		}
		if at := store.Address(g.Email); (at == address || at == WithoutTag(address)) && !somebodys(tx, at) {
			return &Mailbox{Address: at, Group: g.Code}
		}
	}
	return nil
}

// somebodys reports whether the address is that of a person who works or signs in here: a group may give it for questions,
// and letters go there all the same.
func somebodys(tx *store.Tx, address string) bool {
	p, err := store.PeopleByEmail.PeekFirst(tx, address)
	return err == nil && (p.Password != "" || p.IsAgent() || p.Editor || p.Administrator || len(p.Coordinates) > 0)
}

// Ours reports whether mail to the address comes to this desk.
func (po *Post) Ours(tx *store.Tx, address string) bool {
	return address != "" && (address == po.Mail.From || WithoutTag(address) == po.Mail.From || po.Mailbox(tx, address) != nil)
}

// PlaceOfBox is the module and group of what opens through the mailbox; the general group without one.
func (po *Post) PlaceOfBox(tx *store.Tx, box *Mailbox) (module, group uint64, err error) {
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
