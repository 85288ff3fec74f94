package intake

import (
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/spelling"
)

// Where mail arrives: the configured mailboxes and the groups' addresses. Both belong to the desk.

// boxesOf returns the mailboxes for which a mail came, one for each group and module: the one it was fetched from, else
// those named by the envelope, else those recorded by mail servers, else those in the header. Each gets the mail as its
// own. It returns none when no mailbox claims the mail.
func (it *Intake) boxesOf(tx *db.Tx, row *store.Mail, m *mail.Message) ([]*post.Mailbox, error) {
	var header []string
	for _, list := range [][]mail.Address{m.To, m.Cc} {
		for _, a := range list {
			header = append(header, a.Email)
		}
	}
	for _, addresses := range [][]string{{row.Mailbox}, row.To, m.Delivered, header} {
		var out []*post.Mailbox
		places := map[[2]uint64]bool{}
		for _, a := range addresses {
			box := it.post.Mailbox(tx, a)
			if box == nil {
				continue
			}
			module, group, err := it.post.PlaceOfBox(tx, box)
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

// haveMail returns the earlier mail with the same bytes for the same mailboxes, nil when one of them is missing there.
func (it *Intake) haveMail(tx *db.Tx, sum string, from From) (*store.Mail, error) {
	rows, err := store.MailsBySum.Find(tx, sum)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var wanted []string
	for _, a := range append([]string{from.Mailbox}, from.To...) {
		if box := it.post.Mailbox(tx, spelling.Address(a)); box != nil {
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
				at = m.To // not processed yet: it will be shared among them
			}
			for _, a := range at {
				same, err := it.samePlace(tx, a, box)
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

// samePlace reports whether mail to both addresses belongs to the same group and module. If the address of a row is
// unknown, it is assumed to.
func (it *Intake) samePlace(tx *db.Tx, a, b string) (bool, error) {
	if a == b || a == "" || b == "" {
		return true, nil
	}
	m, g, err := it.post.PlaceOfBox(tx, it.post.Mailbox(tx, a))
	if err != nil {
		return false, err
	}
	n, h, err := it.post.PlaceOfBox(tx, it.post.Mailbox(tx, b))
	return m == n && g == h, err
}
