package intake

import (
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"sportello/app/desk/notice"
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// A letter has its own envelope sender, desk+b.TOKEN@host, so that every report about it finds it, whatever the report
// says. A mail counts as a report about that letter only if it has the token, which only this desk can make, and a mail
// server wrote it. What it says applies only to the letter's recipient.
//
// This is done only for addresses at which mail with a tag is known to arrive; elsewhere reports would be lost.

// returned returns the letter to whose envelope sender a mail server sent this mail; nil for none. A person may write
// to that address too, and is read as usual.
func (j *joining) returned() (*store.Letter, error) {
	if j.in.Report == nil && j.in.AutomaticWhy != "Return-Path: <>" {
		return nil, nil
	}
	for _, address := range recipients(j.row, j.in.Message) {
		token := notice.ReturnToken(address)
		n, ok := j.it.post.OpenToken("return", post.ReturnMAC, token)
		if token == "" || !ok || len(n) != 1 {
			continue
		}
		l, err := store.Letters.Get(j.tx, n[0])
		if err != nil {
			return nil, fault.IgnoreNotFound(err)
		}
		if j.tx.Now().Sub(l.Created) <= notice.ReturnDays*24*time.Hour {
			return l, nil
		}
	}
	return nil, nil
}

// linesBack returns what a report to the letter's envelope sender says. The letter had one recipient, so a report
// without recipients is about that person. A report that names only others is about a forwarded copy: it did not
// arrive, which says nothing about the address.
func (j *joining) linesBack(l *store.Letter) []mail.ReportLine {
	if j.in.Report == nil {
		if line := j.in.Told(l.To); mail.NoSuch(line.Status) { // words alone may be about anybody
			return []mail.ReportLine{line}
		}
		return nil
	}
	if len(j.in.Report.Recipients) == 0 {
		return []mail.ReportLine{j.in.Told(l.To)}
	}
	if lines := j.lines(l); len(lines) > 0 {
		return lines
	}
	var out []mail.ReportLine
	for _, line := range j.in.Report.Recipients {
		if !sameMailbox(spelling.Address(line.Address), l.To) {
			continue
		}
		out = append(out, line)
	}
	return out
}

// sameMailbox reports whether both addresses are one name at hosts of one owner: mail servers name the machine behind
// the address.
func sameMailbox(a, b string) bool {
	x, xHost, _ := strings.Cut(a, "@")
	y, yHost, _ := strings.Cut(b, "@")
	xOwner, err := publicsuffix.EffectiveTLDPlusOne(xHost)
	if err != nil || x != y {
		return false
	}
	yOwner, err := publicsuffix.EffectiveTLDPlusOne(yHost)
	return err == nil && xOwner == yOwner
}

// seenAtBox records what the mail shows about the desk's addresses: that mail with a tag arrives, and that certified
// mail arrives whose provider could not be verified.
//
// What a sender could have written proves nothing. A tag counts in the envelope passed on by our mail server, if that
// server recorded it above everything it received, and with a token sent to this one address as a test.
func (j *joining) seenAtBox() error {
	arrived := slices.Clone(j.in.Arrived)
	if j.row.Source != "imap" && j.row.Source != "import" {
		arrived = append(arrived, j.row.To...)
	}
	seen := map[string]bool{} // true if it was sent as a test
	for _, address := range arrived {
		if at := post.WithoutTag(address); at != address && j.it.post.Ours(j.tx, at) {
			seen[at] = false
		}
	}
	for _, address := range recipients(j.row, j.in.Message) {
		if at := post.WithoutTag(address); notice.ReturnToken(address) != "" && j.it.isProbe(j.tx, at, notice.ReturnToken(address)) {
			seen[at] = true
		}
	}
	const enough = 24 * time.Hour
	now := j.tx.Now()
	for at, tried := range seen {
		err := keepBox(j.tx, at, func(box *store.Mailbox) bool {
			if !tried && !box.Probed.After(box.Tagged) && now.Sub(box.Tagged) < enough {
				return false
			}
			box.Tagged = now
			return true
		})
		if err != nil {
			return err
		}
	}
	if !j.in.carried() || j.row.PEC != "" {
		return nil
	}
	at := j.it.post.Mail().From
	if j.in.box != nil {
		at = j.in.box.Address
	}
	return keepBox(j.tx, at, func(box *store.Mailbox) bool {
		first := box.PEC.IsZero()
		if !first && now.Sub(box.PEC) < enough {
			return false
		}
		if first {
			j.it.log.Warn("certified mail (PEC) arrives from a provider that no certificate confirms: its senders count as not verified; set mail.pec_certificates", "mailbox", at)
		}
		box.PEC = now
		return true
	})
}

// keepBox changes what is known about the address; change reports whether there is anything to write.
func keepBox(tx *db.Tx, address string, change func(*store.Mailbox) bool) error {
	box, err := store.MailboxesByName.First(tx, address)
	if errors.Is(err, fault.ErrNotFound) {
		box, err = &store.Mailbox{Name: address}, nil
	}
	if err != nil || !change(box) {
		return err
	}
	return store.Mailboxes.Put(tx, box)
}

// isProbe reports whether the token belongs to a test mail of the last days for the address.
func (it *Intake) isProbe(tx *db.Tx, address, token string) bool {
	n, ok := it.post.OpenToken("probe "+address, post.ReturnMAC, token)
	if !ok || len(n) != 1 {
		return false
	}
	sent := time.Unix(int64(n[0]&(1<<40-1)), 0) // #nosec G115 -- 40 bits
	return tx.Now().Sub(sent) < notice.ProbeDays*24*time.Hour
}

// Tags says whether mail to an address of the desk with a tag arrives.
type Tags struct {
	Arrive bool
	Seen   time.Time // when such mail last arrived, as far as recorded
	Probed time.Time // when the desk last sent a test
}

// Tags returns what is known about the address.
func (it *Intake) Tags(address string) (t Tags, err error) {
	err = it.st.View(func(tx *db.Tx) error {
		box, err := store.MailboxesByName.PeekFirst(tx, spelling.Address(address))
		if err == nil {
			t = Tags{notice.TagsArrive(box, tx.Now()), box.Tagged, box.Probed}
		}
		return fault.IgnoreNotFound(err)
	})
	return t, err
}

// ProbeTags returns the recipient of a test mail that shows whether mail with a tag arrives at the address, "" if there
// can be none, and the time in its token.
func (it *Intake) ProbeTags(address string) (to string, at time.Time) {
	address, at = spelling.Address(address), it.clock()
	to = it.notices.Tagged(address, it.post.Token("probe "+address, post.ReturnMAC, uint64(at.Unix()))) // #nosec G115 -- after 1970
	if to == address {
		to = ""
	}
	return to, at
}

// ProbedTags records that a test mail was sent, so that its absence can be noticed.
func (it *Intake) ProbedTags(address string, at time.Time) error {
	return it.st.Update(db.By{Via: door.Desk, Act: act.Probe}, func(tx *db.Tx) error {
		return keepBox(tx, spelling.Address(address), func(box *store.Mailbox) bool { box.Probed = at; return true })
	})
}

// MailUncertified returns when certified mail last arrived whose provider could not be verified; the zero time when
// there was none in the last weeks.
func (it *Intake) MailUncertified() (last time.Time, err error) {
	const days = 30
	err = it.st.View(func(tx *db.Tx) error {
		last = time.Time{}
		for box, err := range store.Mailboxes.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if box.PEC.After(last) && tx.Now().Sub(box.PEC) < days*24*time.Hour {
				last = box.PEC
			}
		}
		return nil
	})
	return last, err
}
