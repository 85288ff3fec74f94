package app

import (
	"context"
	"time"

	"sportello/app/mail/transport"
	"sportello/app/watch"
	"sportello/app/words"
	"sportello/store"
)

// mailFigures counts what waits, from the store's counters.
func (a *App) mailFigures() (waiting, held, failed, queued, stuck int, err error) {
	err = a.Store.View(func(tx *store.Tx) error {
		waiting, held, failed = store.Mails.Count(tx, string(store.MailWaiting)), store.Mails.Count(tx, string(store.MailHeld)), store.Mails.Count(tx, string(store.MailFailed))
		queued = store.Letters.Count(tx, string(store.LetterQueued))
		stuck = store.Letters.Count(tx, string(store.LetterFailed)) + store.Letters.Count(tx, string(store.LetterHeld))
		return nil
	})
	return waiting, held, failed, queued, stuck, err
}

// showMail are the lines of mail on the administrator's page.
func (a *App) showMail(p words.Voice) []watch.Fact {
	var out []watch.Fact
	waiting, held, failed, queued, stuck, err := a.mailFigures()
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
	add(p.T("mail-state.in"), p.T("mail-state.in-figures", "waiting", waiting, "held", held, "failed", failed), failed > 0)
	if a.post.sender == nil {
		add(p.T("mail-state.out"), p.T("mail-state.out-none"), false)
		return out
	}
	a.post.mu.Lock()
	trouble := a.post.sendErr
	a.post.mu.Unlock()
	figures := p.T("mail-state.out-figures", "queued", queued, "stuck", stuck)
	if trouble != nil {
		figures += " " + trouble.Error()
	}
	add(p.T("mail-state.out"), figures, trouble != nil || stuck > 0)
	return out
}

// serverTry bounds one attempt to reach a mail server.
const serverTry = 20 * time.Second

// checkMail signs in to every mail server.
func (a *App) checkMail(ctx context.Context, beside bool) []watch.Finding {
	var out []watch.Finding
	try := func(name string, err error) {
		if err != nil {
			out = append(out, watch.Finding{Level: watch.Wrong, Text: name + ": " + err.Error(), Do: "mend its part of the configuration, or the server; the desk tries again by itself"})
			return
		}
		out = append(out, watch.Good("%s answers", name))
	}
	for _, in := range a.post.inboxes {
		c, cancel := context.WithTimeout(ctx, serverTry)
		try("mailbox "+in.inner.Name, in.inner.Try(c))
		cancel()
	}
	if a.post.sender != nil {
		c, cancel := context.WithTimeout(ctx, serverTry)
		try("the outgoing server "+a.Config.SMTP.Host, a.post.sender.Try(c))
		cancel()
	} else {
		out = append(out, watch.Finding{Level: watch.Note, Text: "no mail leaves: people find their notices at the desk alone", Do: "set host and from under [smtp]"})
	}
	if a.Config.Mail.Listen != "" && beside {
		a.post.mu.Lock()
		err := a.post.listenErr
		a.post.mu.Unlock()
		try("the address "+a.Config.Mail.Listen+" on which mail is taken", err)
	}
	if len(a.Config.Mailboxes) > 0 && len(a.Config.Mail.TrustedServers) == 0 {
		out = append(out, watch.Finding{Level: watch.Note, Text: "no sender of mail counts as proven", Do: "name your own mail servers in trusted_servers under [mail], as they stand in Authentication-Results headers"})
	}
	_, held, failed, _, stuck, err := a.mailFigures()
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

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return words.GroupDigits("en", n) + " " + what
}
