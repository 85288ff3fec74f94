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
)

// A letter leaves with an address of its own as the sender of its envelope, desk+b.TOKEN@host, so that every report
// about it finds it, whatever the report says. Two signs make a mail a report about that letter: the token, which only
// this desk makes, and that a mail server wrote it. What it says counts for the person the letter went to and nobody
// else.
//
// That is done only for addresses where mail with a tag was seen to arrive: elsewhere reports would be lost.

// returned is the letter to the sender of whose envelope the mail came, where a mail server wrote it; nil for none. A
// person may write there, and is read like anywhere else.
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
			return nil, store.IgnoreNotFound(err)
		}
		if j.tx.Now().Sub(l.Created) <= notice.ReturnDays*24*time.Hour {
			return l, nil
		}
	}
	return nil, nil
}

// linesBack is what a report says that came to the sender of the letter's envelope. Nobody else was written to, so that
// one which names nobody is about that person. One that names others alone tells what became of a copy that was passed
// on: it did not arrive, and nothing is said against the address.
func (j *joining) linesBack(l *store.Letter) []mail.ReportLine {
	if j.in.Report == nil {
		if line := j.in.Told(l.To); mail.NoSuch(line.Status) { // words alone may be anybody's
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
		if !sameMailbox(store.Address(line.Address), l.To) {
			continue
		}
		out = append(out, line)
	}
	return out
}

// sameMailbox reports whether both are one name at hosts of one owner: mail servers name the machine behind the address.
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

// seenAtBox writes down what the mail shows of the addresses at which the desk takes mail: that mail with a tag arrives,
// and that certified mail comes whose provider nothing here confirms.
//
// What a sender may write shows nothing. A tag counts on the envelope as our mail server handed it on, where that server
// noted it above everything it got, and with a token that went to this one address to try it.
func (j *joining) seenAtBox() error {
	arrived := slices.Clone(j.in.Arrived)
	if j.row.Source != "imap" && j.row.Source != "import" {
		arrived = append(arrived, j.row.To...)
	}
	seen := map[string]bool{} // true where it was sent to try the address
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
	at := j.it.post.Mail.From
	if j.in.box != nil {
		at = j.in.box.Address
	}
	return keepBox(j.tx, at, func(box *store.Mailbox) bool {
		first := box.PEC.IsZero()
		if !first && now.Sub(box.PEC) < enough {
			return false
		}
		if first {
			j.it.log.Warn("certified mail (PEC) comes whose provider no certificate confirms: its senders count as not verified; set mail.pec_certificates", "mailbox", at)
		}
		box.PEC = now
		return true
	})
}

// keepBox changes what is known of the address; change tells whether there is anything to write.
func keepBox(tx *store.Tx, address string, change func(*store.Mailbox) bool) error {
	box, err := store.MailboxesByName.First(tx, address)
	if errors.Is(err, store.ErrNotFound) {
		box, err = &store.Mailbox{Name: address}, nil
	}
	if err != nil || !change(box) {
		return err
	}
	return store.Mailboxes.Put(tx, box)
}

// isProbe reports whether the token is that of mail sent in the last days to try the address.
func (it *Intake) isProbe(tx *store.Tx, address, token string) bool {
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
	Seen   time.Time // when it last did, as far as was written down
	Probed time.Time // when the desk last tried
}

// Tags returns what is known of the address.
func (it *Intake) Tags(address string) (t Tags, err error) {
	err = it.st.View(func(tx *store.Tx) error {
		box, err := store.MailboxesByName.PeekFirst(tx, store.Address(address))
		if err == nil {
			t = Tags{notice.TagsArrive(box, tx.Now()), box.Tagged, box.Probed}
		}
		return store.IgnoreNotFound(err)
	})
	return t, err
}

// ProbeTags returns the address to which mail is to be sent that tries whether mail with a tag arrives at the address,
// "" where there can be none, and when that was.
func (it *Intake) ProbeTags(address string) (to string, at time.Time) {
	address, at = store.Address(address), it.clock()
	to = it.notices.Tagged(address, it.post.Token("probe "+address, post.ReturnMAC, uint64(at.Unix()))) // #nosec G115 -- after 1970
	if to == address {
		to = ""
	}
	return to, at
}

// ProbedTags writes down that mail was sent to try the address, so that it tells something when none arrives.
func (it *Intake) ProbedTags(address string, at time.Time) error {
	return it.st.Update(store.By{Via: "desk", Act: "probe"}, func(tx *store.Tx) error {
		return keepBox(tx, store.Address(address), func(box *store.Mailbox) bool { box.Probed = at; return true })
	})
}

// MailUncertified returns when certified mail last came whose provider no certificate confirms; the zero time when none
// did in the last weeks.
func (it *Intake) MailUncertified() (last time.Time, err error) {
	const days = 30
	err = it.st.View(func(tx *store.Tx) error {
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
