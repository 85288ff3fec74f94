package intake

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/key"
	"sportello/store/spelling"
)

// report handles what mail servers say about the desk's mail: delivery reports (RFC 3464) and the receipts of certified
// mail (RFC 6109). A report counts only if it names a Message-ID that the desk sent to that address; others are set
// aside. A report that counts becomes a note of the ticket. If it says that the address cannot be reached, it marks the
// person and notifies the ticket's agents. A report sent to the envelope sender of a letter is about that letter,
// whatever it names: back is that letter, nil for other reports.
func (j *joining) report(back *store.Letter) error {
	original, named := "", []string{}
	if p := j.in.PEC; p != nil && p.About != "" {
		original = p.About
	}
	if r := j.in.Report; r != nil {
		original = cmp.Or(r.Original, original)
		for _, line := range r.Recipients {
			if line.Address != "" { // a receipt of acceptance names nobody
				named = append(named, spelling.Address(line.Address))
			}
		}
	}
	letter, err := back, error(nil)
	if letter == nil {
		letter, err = j.letter(original)
	}
	if err != nil {
		return err
	}
	// A receipt of acceptance names no recipient; it comes from the provider, and its signature was verified.
	accepted := j.in.PEC != nil && len(named) == 0
	if letter == nil || back == nil && !accepted && !slices.Contains(named, letter.To) {
		return j.aside("report-unknown")
	}
	if letter.Reports >= maxReports {
		return j.aside("report")
	}
	letter.Reports++
	lines := j.lines(letter)
	if back != nil {
		lines, original = j.linesBack(letter), letter.MessageID
	}
	verdict, why := judge(lines)
	if err := j.notArrived(letter, verdict, why); err != nil {
		return err
	}
	if letter.Ticket == 0 {
		return j.aside("report")
	}
	t, err := store.Tickets.Get(j.tx, letter.Ticket)
	if err != nil {
		return j.aside("report")
	}
	j.row.Joined, j.row.JoinedBy = JoinedReport, entry.Cut(original, 200)
	kind := j.in.Automatic
	if kind == mail.Personal || j.in.Report == nil && j.in.PEC == nil {
		kind = mail.Bounce
	}
	m := &store.Message{Author: letter.Person, At: j.tx.Now(), Body: j.in.body(), Format: j.in.format, Via: door.Mail, Mail: j.row.ID, Rest: j.in.rest, HTML: j.in.html, RestHTML: j.in.below, Internal: true,
		Automatic: string(kind), PEC: j.row.PEC}
	if verdict == mail.Hard {
		m.Automatic = string(mail.Bounce)
	}
	for _, f := range j.in.files {
		f.Person = letter.Person
	}
	j.tx.Act(act.Note)
	j.tx.Internally(true)
	if err := j.it.tickets.AppendMessage(j.tx, t, m, j.in.files); err != nil {
		return err
	}
	if err := store.Tickets.Put(j.tx, t); err != nil {
		return err
	}
	return j.done(t, m, false)
}

// letter returns the letter with the Message-ID, nil when there is none.
func (j *joining) letter(id string) (*store.Letter, error) {
	if id == "" {
		return nil, nil
	}
	for m, err := range store.MailIDsByHash.Rows(j.tx, db.Span{Prefix: key.Of(store.HashMessageID(id))}) {
		if err != nil {
			return nil, err
		}
		if m.Kind == store.MailOut && m.Letter != 0 {
			return store.Letters.Get(j.tx, m.Letter)
		}
	}
	return nil, nil
}

// maxReports limits how many reports about one letter count: a server that delays it sends only a few.
const maxReports = 20

// lines returns what the report says about the letter's recipient: each recipient has their own result.
func (j *joining) lines(l *store.Letter) (out []mail.ReportLine) {
	if j.in.Report == nil {
		return nil
	}
	for _, line := range j.in.Report.Recipients {
		if spelling.Address(line.Address) == l.To {
			out = append(out, line)
		}
	}
	return out
}

// judge returns the verdict of the lines and why the mail did not arrive; "" when they do not say so.
func judge(lines []mail.ReportLine) (verdict mail.Verdict, why string) {
	for _, line := range lines {
		if line.Action != "failed" {
			continue
		}
		if v := line.Verdict(); why == "" || v == mail.Hard {
			verdict, why = v, strings.TrimSpace(line.Status+" "+strings.TrimPrefix(line.Diagnostic, line.Status+" "))
		}
	}
	return verdict, why
}

// notArrived records that a letter did not arrive. Only an address that does not exist marks the person. If other
// servers refuse our server, the letter stays among the failed ones, where MailRefused finds it.
func (j *joining) notArrived(l *store.Letter, verdict mail.Verdict, why string) error {
	switch {
	case why == "":
		return store.Letters.Put(j.tx, l)
	case verdict == mail.Hard:
		return post.MarkUnreachable(j.tx, l, why)
	case l.State != store.LetterSent:
		return store.Letters.Put(j.tx, l)
	case verdict == mail.Refused:
		l.State, l.Why = store.LetterFailed, post.WhyRefused
	}
	l.Error = entry.Cut(why, 300)
	return store.Letters.Put(j.tx, l)
}

// MailRefused returns the last message of another server that refused the desk's own server, and when the letter was
// written; "" when there was none in the last days, or an administrator has decided about those letters.
func (it *Intake) MailRefused() (why string, at time.Time, err error) {
	const days, most = 7, 200
	err = it.st.View(func(tx *db.Tx) error {
		why, at = "", time.Time{}
		n := 0
		for l, err := range store.LettersByState.Rows(tx, db.Span{Prefix: key.Of(string(store.LetterFailed)), Desc: true}) {
			if err != nil {
				return err
			}
			if n++; n > most || it.clock().Sub(l.Created) > days*24*time.Hour {
				break
			}
			if l.Why == post.WhyRefused {
				why, at = l.Error, l.Created
				break
			}
		}
		return nil
	})
	return why, at, err
}
