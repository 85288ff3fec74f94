package policy

import (
	"sportello/store"
	"sportello/store/db"
)

// Bar is what keeps a relation from counting: the person stands in it, and still it gives no right.
type Bar string

// The bars.
const (
	BarConfidential Bar = "confidential" // the group or module is
	BarNarrowed     Bar = "narrowed"     // the requester keeps the ticket to themselves and the desk
	BarSharing      Bar = "sharing"      // the organisation or unit does not share it so far
	BarUnclaimed    Bar = "unclaimed"    // a mail named the requester, who has yet to say that it is theirs
)

// Rule is what one relation gives somebody over a ticket.
type Rule struct {
	Relation string // the heading in the table of rights
	Is       bool   // the person stands in it, and it counts
	Bar      Bar    // what keeps it from counting, if they stand in it
	Word     string // what the table says of the act: yes, no, fresh, open, reason
	Opens    bool   // the act is allowed by it
}

// Why is why somebody may or may not see a ticket, rule by rule.
type Why struct {
	Sees, Notes  bool // what the rights say of the ticket and of its notes
	Rules        []Rule
	Disabled     bool // the account is, and so it stands in no relation
	Outside      bool // the person may not sign in: all their affiliations are over
	Spam         bool // only who may arrange the ticket sees it
	Confidential bool
	Narrowed     bool
	Reason       bool // an administrator gave a reason that still holds
	Ticket       store.Hat
	Share        Share
}

// WhyOf explains what the person may see of the ticket. It asks the rules by which the desk decides: May, and the table of
// rights relation by relation.
func (rs *Rights) WhyOf(tx *db.Tx, p *store.Person, t *store.Ticket) Why {
	a := Actor{Person: p}
	s := rs.Stand(tx, a, t)
	out := Why{Sees: rs.May(tx, a, See, t) == nil, Notes: rs.May(tx, a, SeeNotes, t) == nil, Disabled: p.Disabled, Outside: !p.Disabled && !p.MayEnter(tx.Now()),
		Spam: t.IsSpam(), Confidential: s.confidential, Narrowed: t.Narrowed, Reason: s.reason, Ticket: t.Hat()}
	if t.Organisation != 0 {
		out.Share = ShareOf(tx, t.Hat())
	}
	for r := range relations {
		out.Rules = append(out.Rules, Rule{Relation: relationNames[r], Is: s.Is[r], Bar: s.bars[r], Word: cellNames[rights[See][r]], Opens: s.grants(r, See)})
	}
	return out
}
