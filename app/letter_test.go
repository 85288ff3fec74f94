package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk/intake"
	"sportello/app/desk/notice"
	"sportello/app/mail/transport"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
)

// letterOfEvent writes the letter of the event to the reader, as the desk would fill it.
func (w *world) letterOfEvent(reader *store.Person, tells event.Event, change func(*notice.Outgoing)) *transport.Letter {
	w.t.Helper()
	at := w.app.Desk.Now()
	agents := slices.Contains([]string{"new", "group", "assigned", "note", "beside", "mention", "bounce", "unconfirmed"}, tells.String())
	line := notice.OutgoingLine{Telling: store.Telling{Event: tells, By: w.people["agent"].ID, At: at, Why: "Gli stipendi partono domani"}, Who: "Bruno Agente", Desk: !agents}
	o := &notice.Outgoing{Letter: &store.Letter{To: reader.Email, MessageID: "x@desk.example"}, Person: reader, From: "csa@desk.example"}
	switch {
	case tells.OfAccount():
		o.Account = tells
		line.Named, line.Device, line.Addr, line.Token = "Cruscotto", "Firefox su Linux", "192.0.2.7", 0
		if tells == event.Ending {
			line.Token, line.Ends = 1, time.Date(2031, 2, 1, 12, 0, 0, 0, time.UTC)
		}
		if tells.WithLink() {
			o.Link = "segreto"
		}
		if tells == event.Rights {
			line.Rights = []notice.NamedRight{{Right: "supervisor", Over: store.Words{IT: "Stipendi", EN: "Payroll"}}, {Right: "editor", Taken: true}}
		}
	case tells.OfRelease(), tells == event.ReceiptUnclear:
		day := time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC)
		line.Release = &notice.OutgoingRelease{Answer: true, Module: &store.Module{Name: store.Words{IT: "CSA", EN: "CSA"}},
			Release: &store.Release{Row: db.Row{ID: 12}, Version: "24.01.00", Kind: store.Law, Title: store.Words{IT: "Conguaglio & <altro>", EN: "Balance & <more>"},
				Notes: store.Words{IT: "Si installa a servizio fermo.", EN: "Installed while the service stops."}, Otherwise: store.Words{IT: "la CU viene rifiutata.", EN: "the CU is rejected."},
				Norm: store.Norm{Text: "L. 207/2024", Date: day}, InstallBy: store.InstallBy{Production: day}, WayBack: store.WayBack{Kind: store.BackNone},
				Stop: store.Stop{From: day.Add(18 * time.Hour), Until: day.Add(20 * time.Hour), Latest: day.Add(22 * time.Hour)}},
			Places: []notice.OutgoingPlace{{Name: "Ateneo", Environment: store.Production, Version: "23.12.00", Asked: true}}}
		o.Release, o.ReplyTo = line.Release, "csa+x@desk.example"
		o.Group = &store.Group{Name: store.Words{IT: "Carriere e stipendi", EN: "Careers and payroll"}}
	case tells == event.ContactAsked:
		o.Letter.Contact, o.Link, line.Named, o.ReplyTo = 1, "segreto", "Ateneo", o.From
	case tells == event.Received:
		o.Person = &store.Person{Email: reader.Email, Name: reader.Email, Language: reader.Language}
		o.ReplyTo = o.From
	case tells == event.Digest:
		o.ReplyTo = o.From
		line.Event, line.Ticket, line.Subject = event.Message, 12, "Il cedolino non si apre"
		second := line
		second.Event, second.Ticket, second.Subject, second.Unproven = event.Resolved, 123, "Accesso a CSA & altro", true
		o.Lines = append(o.Lines, second)
	default:
		o.Ticket = &store.Ticket{Row: db.Row{ID: 12}, Subject: "Il cedolino di <marzo> non si apre", Version: "12.1", Language: reader.Language}
		o.Group = &store.Group{Name: store.Words{IT: "Carriere e stipendi", EN: "Careers and payroll"}, Signature: store.Words{IT: "Tel. 051 123456", EN: "Tel. 051 123456"}}
		o.ReplyTo, o.Agents, o.Closes = "csa+x@desk.example", agents, at.AddDate(0, 0, 14)
		if o.Agents {
			o.Purpose = notice.PurposeInternal
		} else {
			o.Link = "segreto"
		}
		line.Ticket = 12
		switch tells {
		case event.Opened:
			line.Opening = "Buongiorno, da ieri non si apre:\n\n> errore 500 & <altro>\n\nGrazie"
		case event.Message, event.Waiting, event.Resolved, event.New:
			line.Text = &store.Message{Format: store.Markdown, Body: "Prova così:\n\n1. apri [la guida](https://guida.example/cedolino)\n2. scrivi `SELECT 1`\n\n> citato da te\n\n| voce | euro |\n|---|---|\n| 810 | 1.500 |\n\n```\nfor i := range 3 {\n    fmt.Println(i)\n}\n```\n\nOppure https://csa.example/x & scrivi a aiuto@csa.example."}
			line.Files = []*store.File{{Row: db.Row{ID: 7}, Name: "schermata & co.png", Type: "image/png", Size: 1200}}
		}
	}
	o.Lines = append([]notice.OutgoingLine{line}, o.Lines...)
	if change != nil {
		change(o)
	}
	l, err := w.app.Mail.WriteLetter(o)
	must(w.t, err)
	return l
}

// partsOf are the sentences and addresses that the HTML of a letter shows, one for each run of text.
func partsOf(t *testing.T, page string) (texts, addresses []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	must(t, err)
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "title" && strings.TrimSpace(n.Data) != "" {
			texts = append(texts, strings.Fields(n.Data)...)
		}
		if href := nodeAttr(n, "href"); n.Data == "a" && href != "" {
			addresses = append(addresses, strings.TrimPrefix(href, "mailto:"))
		}
	}
	return texts, addresses
}

// inOrder reports the first of the words that does not follow those before it.
func inOrder(text string, words []string) string {
	for _, word := range words {
		i := strings.Index(text, word)
		if i < 0 {
			return word
		}
		text = text[i+len(word):]
	}
	return ""
}

var (
	markOfHTML = regexp.MustCompile(`</?(p|div|a|br|td|tr|li|ul|ol|pre|code|table|strong|em|blockquote)\b|&(amp|lt|gt|quot|nbsp|#\d+);`)
	opened     = regexp.MustCompile(`^(Gentile|Dear) Ada Neri,\n\n`)
)

// TestThePlainPartSaysWhatTheHTMLDoes writes each letter in each language, in each format of a message, and reads both parts.
func TestThePlainPartSaysWhatTheHTMLDoes(t *testing.T) {
	w := newWorld(t)
	formats := map[string]*store.Message{"": nil,
		"text": {Format: store.Text, Body: "Prova così:\n\n  riga rientrata <b>\n- uno\n- due\n\nhttps://csa.example/x?a=1&b=2 o scrivi a aiuto@csa.example"},
		"html": {Format: store.HTML, Body: "?", HTML: `<p>Prova <b>così</b>, <a href="https://guida.example/x?a=1&amp;b=2">qui</a>:</p><ul><li>uno</li><li>due</li></ul><blockquote><p>citato</p></blockquote><table><tr><td>a</td><td>b</td></tr></table><pre>x
  y</pre>`}}
	for _, tells := range event.Mailed() {
		for _, lang := range words.Languages {
			for format, m := range formats {
				p := *w.people["requester"]
				p.Language = lang
				l := w.letterOfEvent(&p, tells, func(o *notice.Outgoing) {
					if o.Lines[0].Text != nil && m != nil {
						o.Lines[0].Text = m
					}
				})
				name := fmt.Sprint(tells, " in ", lang, " ", format)
				words, addresses := partsOf(t, l.HTML)
				body, signature, ok := strings.Cut(l.Text, "\n-- \n")
				if !ok || strings.TrimSpace(signature) == "" || strings.Contains(signature, "\n-- \n") {
					t.Errorf("%s: no signature, or two", name)
				}
				if missing := inOrder(strings.ReplaceAll(l.Text, "\n> ", "\n"), words); missing != "" {
					t.Errorf("%s: the plain part does not say %q in its place:\n%s", name, missing, l.Text)
				}
				for _, a := range addresses {
					if n := len(regexp.MustCompile(regexp.QuoteMeta(a)+`\b`).FindAllString(body, -1)); n != 1 {
						t.Errorf("%s: %s stands %d times in\n%s", name, a, n, body)
					}
				}
				if strings.Contains(l.Text, "\n\n\n") || strings.HasPrefix(l.Text, "\n") || strings.Contains(l.Text, "\r") || strings.Contains(l.Subject, "{") || regexp.MustCompile(`\{[a-z]+\}`).MatchString(l.Text) {
					t.Errorf("%s leaves gaps:\n%q", name, l.Text)
				}
				if format != "text" && tells != event.Opened && markOfHTML.MatchString(l.Text) {
					t.Errorf("%s has marks of HTML: %s\n%s", name, markOfHTML.FindString(l.Text), l.Text)
				}
				if greets := opened.MatchString(l.Text); greets == (tells == event.Received) || strings.Count(l.Text, "Ada Neri") > 1 {
					t.Errorf("%s greets %t:\n%s", name, greets, l.Text)
				}
				reply := map[string]string{"it": "Puoi rispondere a questa e-mail.\n", "en": "You can reply to this email.\n"}[lang]
				if strings.Contains(l.Text, reply) != (!tells.OfAccount() && !tells.OfRelease() && tells != event.ReceiptUnclear && tells != event.Digest && tells != event.Received && l.ReplyTo != nil && !strings.Contains(l.Text, w.app.Words.Text(lang, "letter.reply-note"))) {
					t.Errorf("%s and answers:\n%s", name, l.Text)
				}
			}
		}
	}
}

func TestNobodyIsAskedToAnswerAnAddressThatTakesNone(t *testing.T) {
	w := newWorld(t)
	for _, from := range []string{"noreply@desk.example", "no-reply+token@desk.example", "nonrispondere+token@desk.example", ""} {
		l := w.letterOfEvent(w.people["requester"], event.Taken, func(o *notice.Outgoing) { o.ReplyTo = from })
		if strings.Contains(l.Text+l.HTML, "questa e-mail") {
			t.Errorf("%q: %s", from, l.Text)
		}
	}
}

func TestALetterOfSeveralEventsGreetsOnce(t *testing.T) {
	w := newWorld(t)
	l := w.letterOfEvent(w.people["requester"], event.Taken, func(o *notice.Outgoing) {
		second := o.Lines[0]
		second.Event = event.Moved
		o.Lines = append(o.Lines, second, second)
	})
	if strings.Count(l.Text, "Gentile") != 1 || strings.Count(l.HTML, "Gentile") != 1 || !strings.HasPrefix(l.Text, "Gentile Ada Neri,\n\n") {
		t.Errorf("%s", l.Text)
	}
}

// TestTextsOfBeforeStandAsTheyWere: what an administrator wrote under an earlier release is said as they wrote it, with
// a greeting of their own, the link where they put it, and it once.
func TestTextsOfBeforeStandAsTheyWere(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("administrator")
	write := func(event, text string) {
		t.Helper()
		set, err := w.app.Desk.Catalogue.Settings()
		must(t, err)
		got := b.post("/admin/mail-texts/"+event, url.Values{"rev": {itoa(set.Rev)}, "event": {event}, "subject-it": {""}, "subject-en": {""}, "text-it": {text}, "text-en": {""}})
		if got.status != 303 {
			t.Fatalf("%s: %d", event, got.status)
		}
	}
	write("resolved", "Caro {name},\nconferma qui: {link}.\n\nCiao")
	l := w.letterOfEvent(w.people["requester"], event.Resolved, nil)
	if !strings.HasPrefix(l.Text, "Caro Ada Neri,\nconferma qui: http") || strings.Contains(l.Text, "Gentile") || strings.Count(l.Text, "/r/segreto") != 1 ||
		strings.Count(l.HTML, `/r/segreto">`) != 1 || !strings.Contains(l.HTML, `/r/segreto</a>.`) {
		t.Errorf("%s\n%s", l.Text, l.HTML)
	}
	write("taken", "{greeting}\nci pensiamo noi.")
	if l := w.letterOfEvent(w.people["requester"], event.Taken, nil); !strings.HasPrefix(l.Text, "Gentile Ada Neri,\nci pensiamo noi.\n\n") {
		t.Errorf("%s", l.Text)
	}
	p := *w.people["requester"]
	p.Name = p.Email
	if l := w.letterOfEvent(&p, event.Taken, nil); !strings.HasPrefix(l.Text, "ci pensiamo noi.\n\n") || l.To.Name != "" {
		t.Errorf("to %q: %s", l.To.Name, l.Text)
	}
}

// TestNamesAndSubjectsOfOthersStayWords: whatever a name, a subject or the words of the matter are made of, a letter shows
// them as text, adds no line to its head, no link that is not the desk's own, and fills nothing in.
func TestNamesAndSubjectsOfOthersStayWords(t *testing.T) {
	w := newWorld(t)
	for _, evil := range []string{
		`<script>alert(1)</script>`, `<a href="https://male.example">premi</a>`, `"><img src=x onerror=alert(1)>`, "a\r\nBcc: vittima@altro.example", "a\n\nX: y", "{link}", "{greeting}{who}", "[premi](https://male.example)",
		"https://male.example/x", "\u202egnp.exe", "&lt;b&gt;", "</blockquote></div><h1>x</h1>", "http://desk.example@male.example/", strings.Repeat("è", 5000),
	} {
		for _, lang := range words.Languages {
			for _, tells := range []event.Event{event.Opened, event.Message, event.Taken, event.Resolved, event.Note, event.Digest, event.Invited} {
				p := *w.people["requester"]
				p.Language, p.Name = lang, evil
				l := w.letterOfEvent(&p, tells, func(o *notice.Outgoing) {
					for i := range o.Lines {
						o.Lines[i].Subject, o.Lines[i].Who, o.Lines[i].Why, o.Lines[i].Text, o.Lines[i].Files = evil, evil, evil, nil, nil
						if tells == event.Opened {
							o.Lines[i].Opening = evil
						}
					}
					if o.Ticket != nil {
						o.Ticket.Subject = evil
					}
				})
				_, addresses := partsOf(t, l.HTML)
				for _, a := range addresses {
					if !strings.HasPrefix(a, w.app.Site.BaseURL()+"/") {
						t.Errorf("%s of %q leads to %s", tells, evil, a)
					}
				}
				for _, mark := range []string{"<script", "<img", "<h1"} {
					if strings.Contains(l.HTML, mark) {
						t.Errorf("%s of %q has %s", tells, evil, mark)
					}
				}
				if strings.HasPrefix(l.Text, "Gentile") || strings.HasPrefix(l.Text, "Dear") {
					t.Errorf("%s greets %q", tells, evil)
				}
				raw, err := l.Bytes()
				must(t, err)
				head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
				if regexp.MustCompile(`(?mi)^(bcc|x):`).MatchString(head) {
					t.Errorf("%s of %q writes the head %s", tells, evil, head)
				}
			}
		}
	}
}

// deskWithoutServer is a desk on which nothing happens by itself, with the mailbox csa@desk.example and the organisation
// of example.it.
func deskWithoutServer(t *testing.T) *app.App {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Trial.NoSync = t.TempDir(), true
	withSending(&cfg)
	a, err := openServer(cfg, cfg.Logger(io.Discard))
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	must(t, a.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		return store.Organisations.Put(tx, &store.Organisation{Name: "Ateneo", Domains: []string{"example.it"}})
	}))
	return a
}

// goesTo has the mail come, sends what is due and returns the letter to the address, nil for none.
func goesTo(t *testing.T, a *app.App, l letter, address string) (out *transport.Letter) {
	t.Helper()
	l.id = fmt.Sprintf("mail-%d@altrove.example", mailNumber.Add(1))
	_, err := a.Desk.Intake.Take(intake.From{Source: "lmtp"}, bytes.NewReader(l.bytes()))
	must(t, err)
	must(t, a.Desk.Intake.Process(t.Context()))
	_, err = a.Desk.Notices.Plan()
	must(t, err)
	_, err = a.Desk.Notices.SendLetters(t.Context(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
		l, err := a.Mail.WriteLetter(o)
		if err != nil {
			t.Error(err)
		}
		if o.Letter.To == address {
			out = l
		}
		return notice.Sent{OK: true, Subject: "x"}
	})
	must(t, err)
	return out
}

// TestAConfirmationByMailIsWhatItsReaderWrote walks from the mail that comes to the letter that goes.
func TestAConfirmationByMailIsWhatItsReaderWrote(t *testing.T) {
	a := deskWithoutServer(t)
	for _, c := range []struct {
		from, subject, body string
		proven              bool
		want, not           []string
	}{
		{"Ada Neri <requester@example.it>", "Il cedolino", "Buongiorno, non si apre:\nhttps://csa.example/x", true,
			[]string{"Gentile Ada Neri,\n\nAbbiamo ricevuto la tua richiesta «Il cedolino»", "> Buongiorno, non si apre:\n> https://csa.example/x", "Puoi rispondere a questa e-mail."}, []string{"Mittente non verificato", "[…]"}},
		{"Ada Neri <requester@example.it>", "My payslip", "Hello, it does not open:\nhttps://csa.example/x", true,
			[]string{"Dear Ada Neri,\n\nWe have received your ticket “My payslip”", "> Hello, it does not open:", "You can reply to this email."}, []string{"Gentile"}},
		{"Vinci <requester@example.it>", "Premio https://male.example", "Buongiorno, premi https://male.example/x", false,
			[]string{"Gentile Ada Neri,\n\nMittente non verificato", "«Premio […]»", "> Buongiorno, premi […]"}, []string{"male.example", "Vinci"}},
		{"Anna Rossi <sconosciuta@altrove.example>", "Premio", "Buongiorno, premi qui", false, []string{"Il tuo messaggio è arrivato a "}, []string{"Anna", "Premio", "premi qui", "Gentile"}},
		{"Anna Rossi <anna@altrove.example>", "Accesso", "Buongiorno, vorrei accedere", true, []string{"Gentile Anna Rossi,\n\n", "> Buongiorno, vorrei accedere"}, nil},
	} {
		l := goesTo(t, a, letter{from: c.from, subject: c.subject, text: c.body, proven: c.proven}, strings.Trim(c.from[strings.IndexByte(c.from, '<'):], "<>"))
		if l == nil {
			t.Errorf("%s, %s: no letter", c.from, c.subject)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(l.Text, want) {
				t.Errorf("%s, %s: no %q in\n%s", c.from, c.subject, want, l.Text)
			}
		}
		for _, not := range c.not {
			if strings.Contains(l.Subject+l.Text+l.HTML+l.To.Name, not) {
				t.Errorf("%s, %s: %q in\n%s\n%s", c.from, c.subject, not, l.Subject, l.Text)
			}
		}
	}
}

// TestTheBrowserSaysTheLanguageWhereTheWordsDoNot opens tickets on the page, without a language of one's own.
func TestTheBrowserSaysTheLanguageWhereTheWordsDoNot(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ browser, subject, body, want string }{
		{"en-GB,en;q=0.9", "ORA-01722", "CED_VOCI 810", "en"}, {"it-IT", "ORA-01722", "CED_VOCI 810", "it"}, {"", "ORA-01722", "CED_VOCI 810", "it"},
		{"en-GB", "Cedolino", "Buongiorno, da ieri non si apre.", "it"}, {"it-IT", "Payslip", "Hello, it does not open since yesterday.", "en"},
	} {
		b := w.visitor("requester")
		b.header.Set("Accept-Language", c.browser)
		got := b.post("/tickets/new", url.Values{"kind": {"malfunction"}, "subject": {c.subject}, "body": {c.body}, "module": {"csa"}, "severity": {"medium"}, "urgency": {"none"}, "act": {"open"}})
		if got.status != 303 {
			t.Fatalf("%+v: %d", c, got.status)
		}
		var number uint64
		if _, err := fmt.Sscanf(got.header.Get("Location"), "/tickets/%d", &number); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if k := w.row(number); k.Language != c.want {
			t.Errorf("%+v is in %q", c, k.Language)
		}
	}
}

// TestALetterOfAReleaseSaysFirstWhatByWhenAndWhatHappensIfNot reads the first lines of the letter as a coordinator does.
func TestALetterOfAReleaseSaysFirstWhatByWhenAndWhatHappensIfNot(t *testing.T) {
	w := newWorld(t)
	for language, want := range map[string][]string{
		"it": {"Conguaglio & <altro>", "Riguarda voi. Oggi avete: Ateneo, produzione 23.12.00.", "Da installare: in produzione entro lunedì 3 febbraio.", "Lo chiede la norma: L. 207/2024, dal 3 febbraio 2031.",
			"Se non si installa: la CU viene rifiutata.", "Fermo del servizio: lunedì 3 febbraio, dalle 19:00 alle 21:00, al più tardi 23:00.",
			"non si torna alla versione di prima", "letto, pianificato, installato, non applicabile, non riuscito", "/releases/12", "Si installa a servizio fermo."},
		"en": {"Balance & <more>", "It concerns you. Today you have: Ateneo, production 23.12.00.", "To be installed: in production by Monday 3 February.", "The law asks for it: L. 207/2024, from 3 February 2031.",
			"If it is not installed: the CU is rejected.", "The service stops on Monday 3 February, from 19:00 to 21:00, at the latest until 23:00.",
			"there is no way back", "read, planned, installed, not applicable, failed", "/releases/12", "Installed while the service stops."},
	} {
		reader := &store.Person{Email: "referente@ateneo.example", Name: "Rita Referente", Language: language}
		l := w.letterOfEvent(reader, event.Release, nil)
		if len([]rune(l.Subject)) > 78 || !strings.HasPrefix(l.Subject, "CSA 24.01.00") || !strings.Contains(l.Subject, want[2][len(want[2])-12:len(want[2])-1]) {
			t.Errorf("%s: subject %q", language, l.Subject)
		}
		at := 0
		for _, words := range want {
			i := strings.Index(strings.Join(strings.Fields(l.Text), " ")[at:], words)
			if i < 0 {
				t.Errorf("%s: %q does not follow in\n%s", language, words, l.Text)
				break
			}
			at += i
		}
		if !strings.Contains(l.HTML, "Conguaglio &amp; &lt;altro&gt;") && language == "it" {
			t.Errorf("%s: the title is not escaped: %s", language, l.HTML)
		}
	}
}
