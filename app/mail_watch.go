package app

import (
	"context"
	"crypto/rand"
	"errors"
	"net/mail"
	"strings"
	"time"

	"sportello/app/mail/transport"
	"sportello/store"
)

func init() {
	parts = append(parts, part{name: "mail",
		wrong: func(a *App) string { return strings.Join(a.mailTrouble(), "; ") },
		show:  (*App).showMail,
		check: checkMail})
}

// mailFigures counts what waits, from the store's counters.
func (a *App) mailFigures() (waiting, held, failed, queued, stuck int, err error) {
	err = a.st.View(func(tx *store.Tx) error {
		waiting, held, failed = store.Mails.Count(tx, string(store.MailWaiting)), store.Mails.Count(tx, string(store.MailHeld)), store.Mails.Count(tx, string(store.MailFailed))
		queued = store.Letters.Count(tx, string(store.LetterQueued))
		stuck = store.Letters.Count(tx, string(store.LetterFailed)) + store.Letters.Count(tx, string(store.LetterHeld))
		return nil
	})
	return waiting, held, failed, queued, stuck, err
}

// showMail are the lines of mail on the administrator's page.
func (a *App) showMail(p *Page) []overviewFact {
	var out []overviewFact
	waiting, held, failed, queued, stuck, err := a.mailFigures()
	if err != nil {
		return out
	}
	add := func(label, words string, bad bool) {
		fact := overviewFact{Label: label, Text: words}
		if bad {
			fact.Text, fact.Bad = "", words
		}
		out = append(out, fact)
	}
	boxes := a.mailboxStates()
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
	if last, err := a.desk.MailUncertified(); err == nil && !last.IsZero() {
		add(p.T("mail-state.pec"), p.T("mail-state.pec-"+a.pecTrouble(), "date", p.Day(last), "list", pecList), false)
	}
	add(p.T("mail-state.in"), p.T("mail-state.in-figures", "waiting", waiting, "held", held, "failed", failed), failed > 0)
	if a.post.sender == nil {
		add(p.T("mail-state.out"), p.T("mail-state.out-none"), false)
		return out
	}
	a.post.mu.Lock()
	trouble := a.post.sendErr
	a.post.mu.Unlock()
	words := p.T("mail-state.out-figures", "queued", queued, "stuck", stuck)
	if trouble != nil {
		words += " " + trouble.Error()
	}
	add(p.T("mail-state.out"), words, trouble != nil || stuck > 0)
	return out
}

// serverTry bounds one attempt to reach a mail server.
const serverTry = 20 * time.Second

// checkMail signs in to every mail server.
func checkMail(ctx context.Context, a *App, beside bool) []finding {
	var out []finding
	try := func(name string, err error) {
		if err != nil {
			out = append(out, finding{wrong, name + ": " + err.Error(), "mend its part of the configuration, or the server; the desk tries again by itself"})
			return
		}
		out = append(out, ok("%s answers", name))
	}
	for _, in := range a.post.inboxes {
		c, cancel := context.WithTimeout(ctx, serverTry)
		try("mailbox "+in.inner.Name, in.inner.Try(c))
		cancel()
	}
	if a.post.sender != nil {
		c, cancel := context.WithTimeout(ctx, serverTry)
		try("the outgoing server "+a.cfg.SMTP.Host, a.post.sender.Try(c))
		cancel()
		for _, box := range a.cfg.Mailboxes {
			c, cancel := context.WithTimeout(ctx, serverTry)
			out = append(out, a.checkTags(c, store.Address(box.Address)))
			cancel()
		}
	} else {
		out = append(out, finding{note, "no mail leaves: people find their notices at the desk alone", "set host and from under [smtp]"})
	}
	if a.cfg.Mail.Listen != "" && beside {
		a.post.mu.Lock()
		err := a.post.listenErr
		a.post.mu.Unlock()
		try("the address "+a.cfg.Mail.Listen+" on which mail is taken", err)
	}
	if len(a.cfg.Mailboxes) > 0 && len(a.cfg.Mail.TrustedServers) == 0 {
		out = append(out, finding{note, "no sender of mail counts as proven", "name your own mail servers in trusted_servers under [mail], as they stand in Authentication-Results headers"})
	}
	if f, is := a.checkPEC(); is {
		out = append(out, f)
	}
	_, held, failed, _, stuck, err := a.mailFigures()
	switch {
	case err != nil:
		out = append(out, finding{wrong, "mail cannot be counted: " + err.Error(), "see the data"})
	case failed > 0:
		out = append(out, finding{wrong, plural(failed, "mail") + " could not be processed", "look at them under Administration, Mail, and have them tried again"})
	case held > 0 || stuck > 0:
		out = append(out, finding{note, plural(held, "mail") + " held, " + plural(stuck, "letter") + " not sent", "decide about them under Administration, Mail"})
	}
	return out
}

// pecList is where the public list of the providers of certified mail and what they sign with is.
const pecList = "https://www.agid.gov.it/it/piattaforme/posta-elettronica-certificata"

// pecTrouble says why certified mail is not verified: there are no certificates, or not those of its provider.
func (a *App) pecTrouble() string {
	if a.desk.MailOptions().Roots == nil {
		return "none"
	}
	return "unknown"
}

// checkPEC tells of certified mail that nothing here confirms, once however much of it came.
func (a *App) checkPEC() (finding, bool) {
	last, err := a.desk.MailUncertified()
	switch {
	case err != nil:
		return finding{wrong, "mail cannot be looked through: " + err.Error(), "see the data"}, true
	case last.IsZero():
		return finding{}, false
	}
	text := "certified mail (PEC) comes, last on " + last.UTC().Format(time.DateOnly) + ", and no certificates of its providers are installed: its senders count as not verified"
	if a.pecTrouble() == "unknown" {
		text = "certified mail (PEC) comes, last on " + last.UTC().Format(time.DateOnly) + ", whose signature none of the certificates installed confirms: its senders count as not verified"
	}
	return finding{note, text, "install the certificates with which the providers sign, and of who issued them (PEM), as pec_certificates under [mail]\nthe public list of providers is kept by AgID: " + pecList}, true
}

// checkTags tells whether mail to the address with a tag arrives, and sends some to try it when that is not known of the
// last days.
func (a *App) checkTags(ctx context.Context, address string) finding {
	const (
		lately = 7 * 24 * time.Hour
		soon   = time.Hour // what was sent may be on its way
		do     = "let your mail server deliver address+anything@ to the mailbox (Postfix: recipient_delimiter = +); without that, a report that does not name\nits letter finds it no more than before"
	)
	tags, err := a.desk.Tags(address)
	now := a.desk.Now()
	switch {
	case err != nil:
		return finding{wrong, address + ": " + err.Error(), "see the data"}
	case tags.Arrive && now.Sub(tags.Seen) < lately && !tags.Probed.After(tags.Seen):
		return ok("%s takes mail with a tag: letters carry theirs in the sender of the envelope", address)
	case tags.Probed.After(tags.Seen) && now.Sub(tags.Probed) < soon:
		return finding{note, address + ": mail was sent at " + tags.Probed.UTC().Format(time.TimeOnly) + " UTC to try whether an address with a tag arrives, and has not come yet", "run doctor again in some minutes, beside the server"}
	}
	came := !tags.Probed.After(tags.Seen)
	to, at := a.desk.ProbeTags(address)
	if to != "" {
		var refused *transport.SendError
		if err = a.sendProbe(ctx, address, to); err == nil || errors.As(err, &refused) && !refused.Server && refused.Permanent {
			err = errors.Join(err, a.desk.ProbedTags(address, at))
		}
	}
	switch {
	case err != nil:
		return finding{note, address + ": mail with a tag cannot be sent or does not arrive: " + err.Error(), do}
	case to == "":
		return finding{note, address + " is too long for a tag", ""}
	case !came:
		return finding{note, address + ": mail to the address with a tag, sent on " + tags.Probed.UTC().Format(time.DateOnly) + " to try it, did not arrive; some more was sent", do}
	}
	return finding{note, address + ": mail was sent to try whether the address arrives with a tag", "run doctor again in some minutes, beside the server"}
}

// sendProbe sends mail from the address to itself with a tag, and with the same sender on the envelope as letters have.
func (a *App) sendProbe(ctx context.Context, address, to string) error {
	_, host, _ := strings.Cut(address, "@")
	words := "The desk tries whether mail arrives at this address. It takes note of it by itself; there is nothing to do."
	l := transport.Letter{From: mail.Address{Address: address}, To: mail.Address{Address: to}, MessageID: "probe." + strings.ToLower(rand.Text()) + "@" + host,
		Subject: "Sportello: mail to an address with a tag", Text: words + "\n", Date: a.desk.Now(), Language: "en", Automatic: true, Desk: a.st.ID()}
	raw, err := l.Bytes()
	if err == nil && a.post.signer != nil {
		raw, err = a.post.signer.Sign(raw)
	}
	if err != nil {
		return err
	}
	return a.post.sender.Send(ctx, to, to, raw)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return groupDigits("en", n) + " " + what
}
