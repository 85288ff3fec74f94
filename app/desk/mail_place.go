package desk

import (
	"slices"

	"sportello/app/mail"
	"sportello/store"
)

// Where mail arrives: the mailboxes of the configuration, and the addresses that groups have. Both are the desk's own.

// mailbox returns the mailbox of the address, tags aside: one of the configuration, or that of the group whose address
// it is; nil for none.
func (d *Desk) mailbox(tx *store.Tx, address string) *Mailbox {
	if address == "" {
		return nil
	}
	for i := range d.mail.Mailboxes {
		if m := &d.mail.Mailboxes[i]; m.Address == address || m.Address == withoutTag(address) {
			return m
		}
	}
	for e := range store.GroupsByCode.Entries(tx, store.Span{}) {
		g, err := store.Groups.Peek(tx, e.ID)
		if err != nil || g.Email == "" || g.Retired {
			continue
		}
		if at := store.Address(g.Email); (at == address || at == withoutTag(address)) && !somebodys(tx, at) {
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

// ours reports whether mail to the address comes to this desk.
func (d *Desk) ours(tx *store.Tx, address string) bool {
	return address != "" && (address == d.mail.From || withoutTag(address) == d.mail.From || d.mailbox(tx, address) != nil)
}

// boxesOf finds the mailboxes for which a mail came, those of one place once: the one it was fetched from, else those
// that the envelope names, else those that mail servers noted, else those of the header. Each of them has the mail of its
// own. None when nothing claims it.
func (d *Desk) boxesOf(tx *store.Tx, row *store.Mail, m *mail.Message) ([]*Mailbox, error) {
	var header []string
	for _, list := range [][]mail.Address{m.To, m.Cc} {
		for _, a := range list {
			header = append(header, a.Email)
		}
	}
	for _, addresses := range [][]string{{row.Mailbox}, row.To, m.Delivered, header} {
		var out []*Mailbox
		places := map[[2]uint64]bool{}
		for _, a := range addresses {
			box := d.mailbox(tx, a)
			if box == nil {
				continue
			}
			module, group, err := d.placeOfBox(tx, box)
			if err != nil {
				return nil, err
			}
			if p := [2]uint64{module, group}; !places[p] {
				places[p] = true
				out = append(out, box)
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, nil
}

// haveMail returns the mail with the bytes that came to the same mailboxes before, nil when it lacks one of them.
func (d *Desk) haveMail(tx *store.Tx, sum string, from MailFrom) (*store.Mail, error) {
	rows, err := store.MailsBySum.Find(tx, sum)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var wanted []string
	for _, a := range append([]string{from.Mailbox}, from.To...) {
		if box := d.mailbox(tx, store.Address(a)); box != nil {
			if wanted = append(wanted, box.Address); from.Mailbox != "" {
				break
			}
		}
	}
	for _, box := range wanted {
		covered := false
		for _, m := range rows {
			at := []string{m.Mailbox}
			if m.Mailbox == "" && len(m.To) > 0 {
				at = m.To // not looked at yet: it will be shared among them
			}
			for _, a := range at {
				same, err := d.samePlace(tx, a, box)
				if err != nil {
					return nil, err
				}
				covered = covered || same
			}
		}
		if !covered {
			return nil, nil
		}
	}
	return rows[0], nil
}

// samePlace reports whether mail of both rows comes to the same group and module. A row of which nobody knows where it
// arrived is taken to be.
func (d *Desk) samePlace(tx *store.Tx, a, b string) (bool, error) {
	if a == b || a == "" || b == "" {
		return true, nil
	}
	m, g, err := d.placeOfBox(tx, d.mailbox(tx, a))
	if err != nil {
		return false, err
	}
	n, h, err := d.placeOfBox(tx, d.mailbox(tx, b))
	return m == n && g == h, err
}

// sideOf are those on the requester's side who are told. In the place of an address of the desk's own, by which another
// office asked, stand the members of the group at that address: they are whom an answer reaches.
func (d *Desk) sideOf(tx *store.Tx, t *store.Ticket) ([]uint64, error) {
	var out []uint64
	for _, id := range append([]uint64{t.Requester}, t.Participants...) {
		p, err := store.People.Peek(tx, id)
		if ignoreNotFound(err) != nil {
			return nil, err
		}
		if err != nil || !d.ours(tx, p.Email) {
			out = append(out, id)
			continue
		}
		_, group, err := d.placeOfBox(tx, d.mailbox(tx, p.Email))
		if err != nil {
			return nil, err
		}
		if group != t.Group { // they have it in their queue
			out = append(out, members(tx, group)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// placeOfBox is the module and group of what opens through the mailbox; the general group without one.
func (d *Desk) placeOfBox(tx *store.Tx, box *Mailbox) (module, group uint64, err error) {
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
			if p, err := placement(tx, m.ID); err == nil && p.group != 0 {
				group = p.group
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
