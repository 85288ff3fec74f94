package desk

import (
	"slices"
	"strings"

	"sportello/app/mail"
	"sportello/store"
)

// report handles what mail servers say about mail the desk sent: reports of delivery (RFC 3464) and the receipts of
// certified mail (RFC 6109). It is believed only about a Message-ID that the desk sent to the address it names; anything
// else is kept aside. What is believed becomes a note of the ticket; one that says that the address cannot be reached
// marks the person and tells who works the ticket.
func (j *joining) report() error {
	original, named, hard, why := "", []string{}, false, ""
	if p := j.in.PEC; p != nil && p.About != "" {
		original, why = p.About, p.Errors
		if p.Recipient != "" {
			named = append(named, store.Address(p.Recipient))
		}
		hard = p.Kind == "errore-consegna" || p.Kind == "non-accettazione"
	}
	if r := j.in.Report; r != nil {
		original, hard = r.Original, r.Hard
		for _, line := range r.Recipients {
			named = append(named, store.Address(line.Address))
			if why == "" {
				why = strings.TrimSpace(line.Status + " " + line.Diagnostic)
			}
		}
	}
	letter, err := j.letter(original)
	if err != nil {
		return err
	}
	// A receipt of acceptance names no recipient; it comes from the provider, and its signature was verified.
	accepted := j.in.PEC != nil && len(named) == 0
	if letter == nil || !accepted && !slices.Contains(named, letter.To) {
		return j.aside("report-unknown")
	}
	if hard {
		if err := j.unreachable(letter, why); err != nil {
			return err
		}
	}
	if letter.Ticket == 0 {
		return j.aside("report")
	}
	t, err := store.Tickets.Get(j.tx, letter.Ticket)
	if err != nil {
		return j.aside("report")
	}
	j.row.Joined, j.row.JoinedBy = JoinedReport, cutRunes(original, 200)
	kind := j.in.Automatic
	if kind == mail.Personal {
		kind = mail.Bounce
	}
	m := &store.Message{Author: letter.Person, At: j.tx.Now(), Body: j.in.body(), Format: j.in.format, Via: "mail", Mail: j.row.ID, Rest: j.in.rest, HTML: j.in.html, RestHTML: j.in.below, Internal: true,
		Automatic: string(kind), PEC: j.row.PEC}
	if hard {
		m.Automatic = string(mail.Bounce)
	}
	for _, f := range j.in.files {
		f.Person = letter.Person
	}
	j.tx.Act("note")
	j.tx.Internally(true)
	if err := j.d.appendMessage(j.tx, t, m, j.in.files); err != nil {
		return err
	}
	if err := store.Tickets.Put(j.tx, t); err != nil {
		return err
	}
	return j.done(t, m, false)
}

// letter is the letter that carried the Message-ID, nil when none did.
func (j *joining) letter(id string) (*store.Letter, error) {
	if id == "" {
		return nil, nil
	}
	for m, err := range store.MailIDsByHash.Rows(j.tx, store.Span{Prefix: store.Key(store.HashMessageID(id))}) {
		if err != nil {
			return nil, err
		}
		if m.Kind == store.MailOut && m.Letter != 0 {
			return store.Letters.Get(j.tx, m.Letter)
		}
	}
	return nil, nil
}

// unreachable marks the person to whom the letter went: mail to them comes back.
func (j *joining) unreachable(l *store.Letter, why string) error {
	return markUnreachable(j.tx, l, why)
}

func markUnreachable(tx *store.Tx, l *store.Letter, why string) error {
	l.State, l.Error = store.LetterBounced, cutRunes(why, 300)
	if err := store.Letters.Put(tx, l); err != nil {
		return err
	}
	p, err := store.People.Get(tx, l.Person)
	if err != nil || p.Email != l.To || !p.MailFailed.IsZero() {
		return err
	}
	p.MailFailed, p.MailFailedWhy = tx.Now(), cutRunes(why, 300)
	act := tx.By().Act
	tx.Act("mail-failed")
	err = store.People.Put(tx, p)
	tx.Act(act)
	return err
}
