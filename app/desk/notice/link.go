package notice

import (
	"os"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// Tokens stand in addresses: in the reply address of a mail (desk+TOKEN@host) and in the link by which somebody without
// credentials reads their ticket. Both are numbers followed by a truncated HMAC-SHA-256 under the desk's key, written in
// lower-case base32 without padding, because mail servers may fold the case of a local part.
//
//	reply  uvarint ticket, uvarint person, uvarint purpose, 10 bytes of HMAC (80 bits): within the 64 characters of a
//	       local part; those of releases before have no purpose
//	read   uvarint ticket, uvarint person, uvarint serial, 16 bytes of HMAC
//	return uvarint letter, 10 bytes of HMAC: in the sender of a letter's envelope, desk+b.TOKEN@host
//	probe  uvarint time, 10 bytes of HMAC for the one address: in the same place, of the mail that tries it

// ReplyAddress returns the address for the person's answer by mail to a letter of the purpose about the ticket, "" when
// the desk has none.
func (ns *Notices) ReplyAddress(address string, ticket, person uint64, purpose Purpose) string {
	local, host, ok := strings.Cut(address, "@")
	if !ok || len(ns.post.Mail().Key) == 0 {
		return ""
	}
	local, _, _ = strings.Cut(local, "+")
	token := ns.post.Token("reply", post.ReplyMAC, ticket, person, uint64(purpose))
	if len(local)+1+len(token) > 64 { // RFC 5321, 4.5.3.1.1
		return address
	}
	return local + "+" + token + "@" + host
}

// ReplyToken is what a reply address says about its letter.
type ReplyToken struct {
	Ticket, Person uint64
	Purpose        Purpose
}

// OpenReply returns the first reply token of this desk in the addresses, with the purpose of the most internal one. A
// token whose purpose is not known to be public, such as one of an earlier release, counts as internal for people who
// may write notes.
func (ns *Notices) OpenReply(addresses []string) (t ReplyToken) {
	for _, address := range addresses {
		local, _, _ := strings.Cut(address, "@")
		i := strings.LastIndexByte(local, '+')
		if i < 0 {
			continue
		}
		n, ok := ns.post.OpenToken("reply", post.ReplyMAC, local[i+1:])
		if !ok || len(n) != 2 && len(n) != 3 {
			continue
		}
		purpose := PurposeUnknown
		if len(n) == 3 {
			purpose = PurposeInternal
			if n[2] == uint64(PurposePublic) {
				purpose = PurposePublic
			}
		}
		if t.Ticket == 0 {
			t = ReplyToken{n[0], n[1], purpose}
		}
		if purpose == PurposeInternal {
			t.Purpose = purpose
		}
	}
	return t
}

// readToken returns the secret of the person's link to read the ticket.
func (ns *Notices) readToken(l *store.TicketLink) string {
	return ns.post.Token("read", post.ReadMAC, l.Ticket, l.Person, l.Serial)
}

// LinkedTicket returns what the recipient of the link may read, the piece p of a long thread, and that person. It returns
// a NotFound error for a link that was withdrawn, has expired or never existed, and once the person may no longer see the
// ticket.
func (ns *Notices) LinkedTicket(token string, p ticket.Piece) (*ticket.View, *store.Person, error) {
	gone := fault.New(fault.NotFound, "error.link-gone")
	n, ok := ns.post.OpenToken("read", post.ReadMAC, token)
	if !ok || len(n) != 3 {
		return nil, nil, gone
	}
	var person *store.Person
	err := ns.st.View(func(tx *db.Tx) error {
		l, err := store.TicketLinksByTicket.First(tx, n[0], n[1])
		if err != nil || l.Withdrawn || l.Serial != n[2] || !tx.Now().Before(l.Ends) {
			return gone
		}
		p, err := store.People.Get(tx, l.Person)
		if err != nil || p.Disabled || l.Ends.AddDate(0, 0, -linkDays).Before(p.Ended) {
			return gone
		}
		t, err := store.Tickets.Get(tx, l.Ticket)
		if err != nil || !t.OnSide(p.ID) {
			return gone
		}
		person = &store.Person{Row: p.Row, Email: p.Email, Name: p.Name, Language: p.Language}
		return nil
	})
	if err != nil {
		return nil, nil, gone
	}
	// The bare person has neither groups nor roles: the link shows what the requester's side sees, whoever holds it.
	v, err := ns.tickets.ReadPiece(policy.Actor{Person: person, Via: door.Link}, n[0], p)
	if err != nil {
		return nil, nil, gone
	}
	return v, person, nil
}

// OpenLinkedFile opens a file of the linked ticket. The caller closes it. It returns a NotFound error for any other
// file.
func (ns *Notices) OpenLinkedFile(token string, id uint64) (*store.File, *os.File, error) {
	gone := fault.New(fault.NotFound, "error.not-found")
	message := uint64(0)
	err := ns.st.View(func(tx *db.Tx) error {
		f, err := store.Files.Get(tx, id)
		if err == nil {
			message = f.Message
		}
		return err
	})
	if err != nil || message == 0 {
		return nil, nil, gone
	}
	v, person, err := ns.LinkedTicket(token, ticket.Piece{Message: message})
	if err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(v.Files[message], func(f *store.File) bool { return f.ID == id }) {
		return nil, nil, gone
	}
	return ns.files.Open(policy.Actor{Person: person, Via: door.Link}, id)
}

// WithdrawLinks makes the links that people hold to the ticket open nothing. Whoever arranges the ticket may, and the
// requester. New notices carry new links.
func (ns *Notices) WithdrawLinks(a policy.Actor, number uint64) error {
	return ns.st.Update(a.By(act.WithdrawLinks), func(tx *db.Tx) error {
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		if err := ns.rights.May(tx, a, policy.See, t); err != nil {
			return err
		}
		if s := ns.rights.Stand(tx, a, t); !s.Allows(policy.Arrange) && !s.Is[policy.AsRequester] {
			return fault.New(fault.Denied, "error.denied")
		}
		links, err := store.TicketLinksByTicket.Find(tx, number)
		if err != nil {
			return err
		}
		for _, l := range links {
			l.Withdrawn = true
			if err := store.TicketLinks.Put(tx, l); err != nil {
				return err
			}
		}
		return nil
	})
}

// linkFor creates or prolongs the person's link to read the ticket: 30 days from this notice.
func (ns *Notices) linkFor(tx *db.Tx, ticket, person uint64) (*store.TicketLink, error) {
	l, err := store.TicketLinksByTicket.First(tx, ticket, person)
	if err != nil {
		l = &store.TicketLink{Ticket: ticket, Person: person, Serial: 1}
	}
	p, err := store.People.Peek(tx, person)
	if err != nil {
		return nil, err
	}
	if l.Withdrawn || l.ID != 0 && (!tx.Now().Before(l.Ends) || l.Ends.AddDate(0, 0, -linkDays).Before(p.Ended)) {
		l.Serial++
		l.Withdrawn = false
	}
	l.Ends = tx.Now().AddDate(0, 0, linkDays)
	return l, store.TicketLinks.Put(tx, l)
}

// linkDays is how many days after the last notice a reading link is valid.
const linkDays = 30

// LinkHolder is a person who can read a ticket without signing in, through a mailed link.
type LinkHolder struct {
	Person *store.Person
	Ends   time.Time
}

// LinkHolders returns the people with a valid link to the ticket, for those who may withdraw it (see WithdrawLinks);
// for others the result is empty.
func (ns *Notices) LinkHolders(a policy.Actor, number uint64) ([]LinkHolder, error) {
	var out []LinkHolder
	err := ns.st.View(func(tx *db.Tx) error {
		out = nil
		t, err := store.Tickets.Get(tx, number)
		if err != nil {
			return err
		}
		if s := ns.rights.Stand(tx, a, t); ns.rights.May(tx, a, policy.See, t) != nil || !s.Allows(policy.Arrange) && !s.Is[policy.AsRequester] {
			return nil
		}
		for l, err := range store.TicketLinksByTicket.Rows(tx, db.Span{Prefix: key.Of(number)}) {
			if err != nil {
				return err
			}
			p, err := store.People.Get(tx, l.Person)
			if err != nil || l.Withdrawn || !tx.Now().Before(l.Ends) || !t.OnSide(l.Person) || p.Disabled {
				continue
			}
			out = append(out, LinkHolder{people.Bare(p), l.Ends})
		}
		return nil
	})
	return out, err
}

// LinkFacts returns, for a valid link (see LinkedTicket), when it expires and the address for its person's answers by
// mail, "" when the desk has none.
func (ns *Notices) LinkFacts(token string) (ends time.Time, replyTo string, err error) {
	gone := fault.New(fault.NotFound, "error.link-gone")
	n, ok := ns.post.OpenToken("read", post.ReadMAC, token)
	if !ok || len(n) != 3 {
		return ends, "", gone
	}
	err = ns.st.View(func(tx *db.Tx) error {
		l, err := store.TicketLinksByTicket.First(tx, n[0], n[1])
		if err != nil || l.Withdrawn || l.Serial != n[2] {
			return gone
		}
		t, err := store.Tickets.Get(tx, l.Ticket)
		if err != nil {
			return gone
		}
		ends, replyTo = l.Ends, ns.ReplyAddress(ns.post.AddressOf(tx, t.Group, t.Module), t.ID, l.Person, PurposePublic)
		return nil
	})
	return ends, replyTo, err
}
