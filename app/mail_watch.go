package app

import (
	"context"
	"strings"
	"time"

	"sportello/app/mail/transport"
	"sportello/app/words"
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

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return words.GroupDigits("en", n) + " " + what
}
