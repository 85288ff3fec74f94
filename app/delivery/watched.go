package delivery

import (
	"context"
	"crypto/rand"
	"errors"
	"net/mail"
	"strings"
	"time"

	"sportello/app/mail/transport"
	"sportello/app/watch"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
)

// Part returns mail as one of the parts whose state is watched.
func (d *Delivery) Part() watch.Part {
	return watch.Part{Name: "mail", Wrong: func() string { return strings.Join(d.trouble(), "; ") }, Show: d.show, Check: d.check}
}

// mailFigures returns counts of mail and letters, from the store's counters.
func (d *Delivery) mailFigures() (waiting, held, failed, queued, stuck int, err error) {
	err = d.Store.View(func(tx *db.Tx) error {
		waiting, held, failed = store.Mails.Count(tx, string(store.MailWaiting)), store.Mails.Count(tx, string(store.MailHeld)), store.Mails.Count(tx, string(store.MailFailed))
		queued = store.Letters.Count(tx, string(store.LetterQueued))
		stuck = store.Letters.Count(tx, string(store.LetterFailed)) + store.Letters.Count(tx, string(store.LetterHeld))
		return nil
	})
	return waiting, held, failed, queued, stuck, err
}

// show returns the lines about mail for the administrator's page.
func (d *Delivery) show(p words.Voice) []watch.Fact {
	var out []watch.Fact
	waiting, held, failed, queued, stuck, err := d.mailFigures()
	if err != nil {
		return out
	}
	add := func(label, text string, bad bool) {
		fact := watch.Fact{Label: label, Text: text}
		if bad {
			fact.Text, fact.Bad = "", text
		}
		out = append(out, fact)
	}
	boxes := d.Mailboxes()
	bad := 0
	for _, b := range boxes {
		if b.State == transport.InboxFailed {
			bad++
		}
	}
	if bad > 0 {
		add(p.T("mail-state.mailboxes"), p.Plural("mail-state.failed", bad), true)
	} else {
		add(p.T("mail-state.mailboxes"), p.Plural("mail-state.well", len(boxes)), false)
	}
	if last, err := d.Desk.Intake.MailUncertified(); err == nil && !last.IsZero() {
		add(p.T("mail-state.pec"), p.T("mail-state.pec-"+d.pecTrouble(), "date", p.Day(last), "list", PECList), false)
	}
	add(p.T("mail-state.in"), p.T("mail-state.in-figures", "waiting", waiting, "held", held, "failed", failed), failed > 0)
	if d.Server().Host == "" {
		add(p.T("mail-state.out"), p.T("mail-state.out-none"), false)
		return out
	}
	d.mu.Lock()
	trouble := d.sendErr
	d.mu.Unlock()
	figures := p.T("mail-state.out-figures", "queued", queued, "stuck", stuck)
	if trouble != nil {
		figures += " " + trouble.Error()
	}
	add(p.T("mail-state.out"), figures, trouble != nil || stuck > 0)
	return out
}

// serverTry limits one attempt to reach a mail server.
const serverTry = 20 * time.Second

// check signs in to every mail server.
func (d *Delivery) check(ctx context.Context, beside bool) []watch.Finding {
	var out []watch.Finding
	try := func(name string, err error) {
		if err != nil {
			out = append(out, watch.Finding{Level: watch.Wrong, Text: name + ": " + err.Error(), Do: "mend what was entered or its part of the configuration, or the server; the desk tries again by itself"})
			return
		}
		out = append(out, watch.Good("%s answers", name))
	}
	sends, boxes := d.now()
	for _, b := range boxes {
		if b.unusable != nil {
			try("mailbox "+b.Address, b.unusable)
		}
		if b.inbox == nil {
			continue
		}
		c, cancel := context.WithTimeout(ctx, serverTry)
		try("mailbox "+b.Address, b.inbox.inner.Try(c))
		cancel()
	}
	if bad := d.Server().Unusable; bad != nil {
		try("the outgoing server", bad)
	}
	if sends != nil {
		c, cancel := context.WithTimeout(ctx, serverTry)
		try("the outgoing server "+sends.sender.Host, sends.sender.Try(c, sends.from))
		cancel()
		for _, b := range boxes {
			c, cancel := context.WithTimeout(ctx, serverTry)
			out = append(out, d.checkTags(c, sends, b.Address))
			cancel()
		}
	} else {
		out = append(out, watch.Finding{Level: watch.Note, Text: "no mail leaves: people find their notices at the desk alone", Do: "enter a server under Administration, Mailboxes, or set host and from under [smtp]"})
	}
	if d.Config.Mail.Listen != "" && beside {
		d.mu.Lock()
		err := d.listenErr
		d.mu.Unlock()
		try("the address "+d.Config.Mail.Listen+" on which mail is taken", err)
	}
	if len(boxes) > 0 && len(d.Config.Mail.TrustedServers) == 0 {
		out = append(out, watch.Finding{Level: watch.Note, Text: "no sender of mail counts as proven", Do: "name your own mail servers in trusted_servers under [mail], as they stand in Authentication-Results headers"})
	}
	if f, is := d.checkPEC(); is {
		out = append(out, f)
	}
	_, held, failed, _, stuck, err := d.mailFigures()
	switch {
	case err != nil:
		out = append(out, watch.Finding{Level: watch.Wrong, Text: "mail cannot be counted: " + err.Error(), Do: "see the data"})
	case failed > 0:
		out = append(out, watch.Finding{Level: watch.Wrong, Text: plural(failed, "mail") + " could not be processed", Do: "look at them under Administration, Mail, and have them tried again"})
	case held > 0 || stuck > 0:
		out = append(out, watch.Finding{Level: watch.Note, Text: plural(held, "mail") + " held, " + plural(stuck, "letter") + " not sent", Do: "decide about them under Administration, Mail"})
	}
	return out
}

// PECList is the address of the public list of certified mail providers and their signing certificates.
const PECList = "https://www.agid.gov.it/it/piattaforme/posta-elettronica-certificata"

// pecTrouble says why certified mail is not verified: there are no certificates, or those of its provider are missing.
func (d *Delivery) pecTrouble() string {
	if d.Desk.Post.Mail().Roots == nil {
		return "none"
	}
	return "unknown"
}

// checkPEC returns one finding about certified mail that could not be verified, however much there was.
func (d *Delivery) checkPEC() (watch.Finding, bool) {
	last, err := d.Desk.Intake.MailUncertified()
	switch {
	case err != nil:
		return watch.Finding{Level: watch.Wrong, Text: "mail cannot be looked through: " + err.Error(), Do: "see the data"}, true
	case last.IsZero():
		return watch.Finding{}, false
	}
	text := "certified mail (PEC) comes, last on " + last.UTC().Format(time.DateOnly) + ", and no certificates of its providers are installed: its senders count as not verified"
	if d.pecTrouble() == "unknown" {
		text = "certified mail (PEC) comes, last on " + last.UTC().Format(time.DateOnly) + ", whose signature none of the certificates installed confirms: its senders count as not verified"
	}
	return watch.Finding{Level: watch.Note, Text: text, Do: "install the certificates with which the providers sign, and of who issued them (PEM), as pec_certificates under [mail]\nthe public list of providers is kept by AgID: " + PECList}, true
}

// checkTags reports whether mail to the address with a tag arrives. If that is not known from the last days, it sends a
// test mail.
func (d *Delivery) checkTags(ctx context.Context, sends *outgoing, address string) watch.Finding {
	const (
		lately = 7 * 24 * time.Hour
		soon   = time.Hour // a test mail may still be on its way
		do     = "let your mail server deliver address+anything@ to the mailbox (Postfix: recipient_delimiter = +); without that, a report that does not name\nits letter finds it no more than before"
	)
	tags, err := d.Desk.Intake.Tags(address)
	now := d.Desk.Now()
	switch {
	case err != nil:
		return watch.Finding{Level: watch.Wrong, Text: address + ": " + err.Error(), Do: "see the data"}
	case tags.Arrive && now.Sub(tags.Seen) < lately && !tags.Probed.After(tags.Seen):
		return watch.Good("%s takes mail with a tag: letters carry theirs in the sender of the envelope", address)
	case tags.Probed.After(tags.Seen) && now.Sub(tags.Probed) < soon:
		return watch.Finding{Level: watch.Note, Text: address + ": mail was sent at " + tags.Probed.UTC().Format(time.TimeOnly) + " UTC to try whether an address with a tag arrives, and has not come yet", Do: "run doctor again in some minutes, beside the server"}
	}
	came := !tags.Probed.After(tags.Seen)
	to, at := d.Desk.Intake.ProbeTags(address)
	if to != "" {
		var refused *transport.SendError
		if err = d.sendProbe(ctx, sends, address, to); err == nil || errors.As(err, &refused) && !refused.Server && refused.Permanent {
			err = errors.Join(err, d.Desk.Intake.ProbedTags(address, at))
		}
	}
	switch {
	case err != nil:
		return watch.Finding{Level: watch.Note, Text: address + ": mail with a tag cannot be sent or does not arrive: " + err.Error(), Do: do}
	case to == "":
		return watch.Finding{Level: watch.Note, Text: address + " is too long for a tag", Do: ""}
	case !came:
		return watch.Finding{Level: watch.Note, Text: address + ": mail to the address with a tag, sent on " + tags.Probed.UTC().Format(time.DateOnly) + " to try it, did not arrive; some more was sent", Do: do}
	}
	return watch.Finding{Level: watch.Note, Text: address + ": mail was sent to try whether the address arrives with a tag", Do: "run doctor again in some minutes, beside the server"}
}

// sendProbe sends mail from the address to itself with a tag, with the envelope sender that letters have.
func (d *Delivery) sendProbe(ctx context.Context, sends *outgoing, address, to string) error {
	_, host, _ := strings.Cut(address, "@")
	words := "The desk tries whether mail arrives at this address. It takes note of it by itself; there is nothing to do."
	l := transport.Letter{From: mail.Address{Address: address}, To: mail.Address{Address: to}, MessageID: "probe." + strings.ToLower(rand.Text()) + "@" + host,
		Subject: "Sportello: mail to an address with a tag", Text: words + "\n", Date: d.Desk.Now(), Language: "en", Automatic: true, Desk: d.Store.ID()}
	raw, err := l.Bytes()
	if err == nil {
		raw, err = sends.sign(raw)
	}
	if err != nil {
		return err
	}
	return sends.sender.Send(ctx, to, to, raw)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return words.GroupDigits("en", n) + " " + what
}
