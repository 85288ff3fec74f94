package delivery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"sportello/app/address"
	"sportello/app/desk/entry"
	"sportello/app/desk/notice"
	"sportello/app/desk/problem"
	inbound "sportello/app/mail"
	"sportello/app/mail/transport"
	"sportello/app/markup"
	"sportello/app/message"
	"sportello/app/words"
	"sportello/assets"
	"sportello/store"
	"sportello/store/event"
)

// Letters are written when they are sent: text and HTML with the same words, in the reader's language, from the
// sentences mail.EVENT.subject and mail.EVENT.text, or from the administrator's texts in their place.

// letterPage is the data of mail/letter.html.
type letterPage struct {
	Language  string
	Subject   string
	Lines     []letterLine
	Files     *letterFiles
	Reply     string
	Links     []letterLink
	Signature []string
}

type letterLine struct {
	Intro  []letterParagraph
	Body   template.HTML
	Quoted []string // the reader's own lines, quoted
	text   string
}

// letterParagraph is a paragraph the desk wrote: its words, with the desk's own addresses as links.
type letterParagraph struct {
	HTML  template.HTML
	text  string
	leads string // the address that becomes a link
}

type letterFiles struct {
	Title string
	List  []letterFile
}

type letterFile struct{ Name, Address, Size string }

var letterHTML = sync.OnceValues(func() (*template.Template, error) {
	t, err := template.ParseFS(assets.FS, "mail/letter.html")
	if err == nil {
		assets.SqueezeTemplate(t.Tree)
	}
	return t, err
})

// human reports whether the letter carries what a person wrote to its reader. Such a letter is not automatic mail. What the desk
// writes of itself into a ticket is nobody's.
func human(o *notice.Outgoing) bool {
	return slices.ContainsFunc(o.Lines, func(l notice.OutgoingLine) bool { return l.Text != nil && l.Text.Author != 0 && l.Desk && !o.Agents })
}

// WriteLetter returns the mail of a letter.
func (d *Delivery) WriteLetter(o *notice.Outgoing) (*transport.Letter, error) {
	set, err := d.Desk.Catalogue.Settings()
	if err != nil {
		return nil, err
	}
	w := &letterWriter{delivery: d, o: o, set: set, lang: o.Person.Language, now: d.Desk.Now().In(d.Desk.Location()), attach: int64(d.Config.SMTP.AttachMB) << 20}
	if out, _ := d.now(); out != nil {
		w.attach = out.attach
	}
	if w.lang == "" && o.Ticket != nil {
		w.lang = o.Ticket.Language
	}
	if w.lang != "en" {
		w.lang = words.Languages[0]
	}
	return w.letter()
}

type letterWriter struct {
	delivery *Delivery
	o        *notice.Outgoing
	set      *store.Settings
	lang     string
	now      time.Time

	attach  int64   // bytes of files that go with it
	greeted bool    // the greeting was written
	written written // what stands where the sentences have its mark
}

func (w *letterWriter) t(key string, args ...any) string {
	return w.delivery.Words.Text(w.lang, key, args...)
}

func (w *letterWriter) date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return w.delivery.Words.Date(w.lang, t.In(w.now.Location()))
}

// rights says which rights the reader was given and which were removed, one sentence each; nothing without changes.
func (w *letterWriter) rights(changes []notice.NamedRight) string {
	var given, taken []string
	for _, r := range changes {
		s := w.t("letter.right-"+r.Right, "over", r.Over.In(w.lang))
		if r.Taken {
			taken = append(taken, s)
		} else {
			given = append(given, s)
		}
	}
	var out []string
	if len(given) > 0 {
		out = append(out, w.t("letter.rights-given", "rights", strings.Join(given, "; ")))
	}
	if len(taken) > 0 {
		out = append(out, w.t("letter.rights-taken", "rights", strings.Join(taken, "; ")))
	}
	return strings.Join(out, " ")
}

// or returns the name, or the sentence of the key when the name is empty.
func (w *letterWriter) or(name, key string) string {
	if name == "" {
		return w.t(key)
	}
	return name
}

// base returns the full address of a page of the desk.
func (w *letterWriter) base(path string) string { return w.delivery.Base() + path }

func (w *letterWriter) group() string {
	if w.o.Group == nil {
		return w.set.Name
	}
	return w.o.Group.Name.In(w.lang)
}

// fields returns the placeholders that the sentences of an event may use, with their values.
func (w *letterWriter) fields(l notice.OutgoingLine) map[string]string {
	who := l.Who
	if who == "" {
		who = w.t("letter.the-desk")
	}
	f := map[string]string{"greeting": "", "name": notice.ShownName(w.o.Person), "number": fmt.Sprint(l.Ticket), "subject": l.Subject, "who": who, "group": w.group(), "desk": w.set.Name,
		"why": l.Why, "version": "", "date": w.date(w.o.Closes), "link": w.link(), "token": w.or(l.Named, "me.token-without-name"), "place": l.Named, "person": l.Of,

		"device": w.or(l.Device, "me.unknown-device"), "address": w.or(l.Addr, "letter.unknown-address"), "time": w.delivery.Words.Moment(w.lang, l.At, w.now).Exact, "rights": w.rights(l.Rights), "headline": "", "facts": "", "notes": ""}
	if name := notice.Greeted(w.o.Person); name != "" && !w.greeted {
		f["greeting"] = w.t("letter.greeting", "name", name)
	}
	if w.o.Account == event.Service && l.Why != "" {
		f["why"] = w.t("letter.service-" + l.Why)
	}
	if l.Release != nil {
		w.release(f, l.Release)
	}
	if l.Access != nil {
		f["facts"] = w.access(l.Access)
	}
	if p := w.o.Problem; p != nil {
		f["headline"] = p.Module.Name.In(w.lang) + ": " + p.Title.In(w.lang)
		if f["facts"] = w.write([]passage{{text: p.Text.In(w.lang)}}); p.News != "" {
			f["facts"] = problem.Say(p.Problem, p.News, p.Fixed, w.lang)
		}
	}
	if t := w.o.Ticket; t != nil {
		f["subject"] = cmp.Or(l.Subject, t.Subject)
		switch {
		case t.Version != "":
			f["version"] = w.t("letter.in-version", "version", t.Version)
		case !t.PlannedFor.IsZero():
			f["version"] = w.t("letter.on-date", "date", w.date(t.PlannedFor))
		}
	} else if l.Release == nil {
		f["date"] = w.date(w.now)
	}
	if !l.Ends.IsZero() {
		f["date"] = w.date(l.Ends)
	}
	return f
}

// say returns the subject or text of an event's letter: the administrator's, else the built-in one. A line with a label and an empty
// placeholder stays as the administrator wrote it.
func (w *letterWriter) say(name string, f map[string]string) string {
	s := w.set.MailTexts[name].IT // each language separately: without a text in one language, its built-in one is used
	if w.lang == "en" {
		s = w.set.MailTexts[name].EN
	}
	if s == "" {
		args := make([]any, 0, 2*len(f))
		for k, v := range f {
			args = append(args, k, v)
		}
		return w.t("mail."+name, args...)
	}
	pairs := make([]string, 0, 2*len(f))
	for k, v := range f {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// numbered is the number of a ticket at the beginning of a subject.
func numbered(ticket uint64) string { return fmt.Sprintf("[#%d]", ticket) }

// named puts the desk's short name before the ticket number in a subject if the catalogue lists another desk of the
// same kind, whose numbers look alike.
func (w *letterWriter) named(subject string, ticket uint64) string {
	mark := numbered(ticket)
	if rest, ok := strings.CutPrefix(subject, mark); ok && ticket != 0 && w.o.Named {
		return fmt.Sprintf("[%s #%d]", w.set.ShortName(), ticket) + rest
	}
	return subject
}

func (w *letterWriter) letter() (*transport.Letter, error) {
	o := w.o
	p := letterPage{Language: w.lang}
	own, also := ofItsTicket(o)
	first := own[len(own)-1]
	tells := first.Event
	digest := o.Ticket == nil && o.Release == nil && o.Problem == nil && !o.Account.OfAccount() && tells != event.Received && tells != event.ContactAsked
	if digest {
		tells = event.Digest
	}
	if p.Subject = markup.Line(strings.ReplaceAll(w.say(tells.Subject(), w.fields(first)), mark, "")); first.Secret && !digest {
		p.Subject = numbered(first.Ticket)
	}
	p.Subject = w.named(p.Subject, first.Ticket)
	if digest {
		p.Lines = w.digest(first)
	} else {
		for _, l := range own {
			p.Lines = append(p.Lines, w.line(l)...)
		}
		p.Lines = append(p.Lines, w.also(also)...)
	}
	attached, ids := w.files(&p)
	w.inline(&p, attached, ids)
	if o.ReplyTo != "" && o.Ticket != nil && !inbound.Unanswerable(o.ReplyTo) {
		p.Reply = w.t("letter.reply")
		if o.Purpose == notice.PurposeInternal {
			p.Reply = w.t("letter.reply-note")
		}
	}
	if tells != event.Received {
		w.links(&p)
	}
	p.Signature = w.signature()

	html, err := w.html(p)
	if err != nil {
		return nil, err
	}
	l := &transport.Letter{From: mail.Address{Name: w.from(), Address: o.From}, To: mail.Address{Name: notice.Greeted(o.Person), Address: o.Letter.To}, MessageID: o.Letter.MessageID,
		InReplyTo: o.InReplyTo, References: o.References, Subject: p.Subject, Text: p.text(), HTML: html, Date: w.now, Language: w.lang,
		Desk: w.delivery.Store.ID(), Attachments: attached}
	if o.Ticket != nil && !human(o) {
		l.Ticket = fmt.Sprint(o.Ticket.ID) // by this header other desks recognise automatic mail
	}
	if o.ReplyTo != "" && o.ReplyTo != o.From {
		l.ReplyTo = &mail.Address{Name: w.from(), Address: o.ReplyTo}
	}
	switch {
	case first.Event == event.Opened, tells == event.Received:
		l.AutoReplied = true
	case !human(o):
		l.Automatic = true
	}
	return l, nil
}

// from returns the name under which the desk writes.
func (w *letterWriter) from() string {
	if w.o.Group == nil || w.group() == "" {
		return w.set.Name
	}
	return w.t("letter.from", "group", w.group(), "desk", w.set.Name)
}

func (w *letterWriter) line(l notice.OutgoingLine) []letterLine {
	fields := w.fields(l)
	said, rest, marked := strings.Cut(w.say(l.Event.Text(), fields), mark)
	out := letterLine{Intro: w.paragraphs(said)}
	w.greeted = true
	if l.Opening != "" {
		label := "letter.opening"
		if w.o.Ticket.OpenedBy != 0 {
			label = "letter.opening-for-you"
		}
		out.Intro, out.Quoted = append(out.Intro, w.paragraph(w.t(label), "")), strings.Split(l.Opening, "\n")
	}
	if l.Unproven {
		warning := "letter.unproven"
		if w.o.Ticket != nil && l.Event == event.Opened {
			warning = "letter.unproven-own"
		}
		at := 0
		if len(out.Intro) > 0 && out.Intro[0].text == fields["greeting"] {
			at = 1
		}
		out.Intro = slices.Insert(out.Intro, at, w.paragraph(w.t(warning), ""))
	}
	if marked {
		out.Body, out.text = w.written.html, w.written.text
		lines := []letterLine{out}
		if after := w.paragraphs(strings.ReplaceAll(rest, mark, "")); len(after) > 0 {
			lines = append(lines, letterLine{Intro: after})
		}
		return lines
	}
	if l.Text == nil || l.Event == event.Opened {
		return []letterLine{out}
	}
	out.Body = w.absolute(message.HTML(l.Text, "…", l.Files))
	if out.text = entry.Words(l.Text); l.Text.Written() != store.Text {
		out.text = markup.LetterText(string(out.Body)) // including the addresses of its links
	}
	return []letterLine{out}
}

// letterPicture matches the pictures in a text.
var letterPicture = regexp.MustCompile(`<img src="/files/([0-9]+)"`)

// inline shows the texts' pictures inside the letter if they are attached; otherwise they are links to the desk.
func (w *letterWriter) inline(p *letterPage, attached []transport.Attachment, ids []uint64) {
	for i := range p.Lines {
		l := &p.Lines[i]
		l.Body = template.HTML(letterPicture.ReplaceAllStringFunc(string(l.Body), func(tag string) string { // #nosec G203 -- only addresses of safe HTML change
			for k, id := range ids {
				if tag == fmt.Sprintf(`<img src="/files/%d"`, id) {
					attached[k].Inline = fmt.Sprintf("file-%d", id)
					return fmt.Sprintf(`<img src="cid:file-%d"`, id)
				}
			}
			return `<img src="` + w.base(strings.TrimSuffix(strings.TrimPrefix(tag, `<img src="`), `"`)) + `"`
		}))
	}
}

func (w *letterWriter) paragraphs(s string) []letterParagraph {
	var out []letterParagraph
	for _, p := range strings.Split(s, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, w.paragraph(p, w.link()))
		}
	}
	return out
}

// paragraph returns a paragraph in which the address, one of ours, is a link wherever it stands alone. Addresses that
// others wrote are not links.
func (w *letterWriter) paragraph(s, address string) letterParagraph {
	shown := template.HTMLEscapeString(s)
	out := letterParagraph{text: s}
	before, after, found := strings.Cut(s, address)
	if found && address != "" && (before == "" || strings.HasSuffix(before, " ") || strings.HasSuffix(before, "\n")) && (strings.Trim(after, ".,;:)") == "" || strings.ContainsAny(after[:1], " \n.,;:)")) {
		a := template.HTMLEscapeString(address)
		out.leads = address
		shown = template.HTMLEscapeString(before) + `<a href="` + a + `">` + a + `</a>` + template.HTMLEscapeString(after)
	}
	out.HTML = template.HTML(strings.ReplaceAll(shown, "\n", "<br>\n")) // #nosec G203 -- escaped, and the link is our own
	return out
}

// digest returns one line for each ticket's event.
func (w *letterWriter) digest(first notice.OutgoingLine) []letterLine {
	out := []letterLine{{Intro: w.paragraphs(w.say(event.Digest.Text(), w.fields(first)))}}
	for _, l := range w.o.Lines {
		who := l.Who
		if who == "" {
			who = w.t("letter.the-desk")
		}
		event := w.t(l.Event.InBell(), "who", who)
		if l.Unproven {
			event += " (" + w.t("bell.unproven") + ")"
		}
		if l.Release != nil {
			address := w.base(address.Release(l.Release.ID))
			said := w.t(l.Event.InBell(), "release", w.headline(l.Release))
			out = append(out, letterLine{Intro: []letterParagraph{w.paragraph(said+"\n"+address, address)}})
			continue
		}
		if l.Plan != nil {
			out = append(out, w.plan(l, who))
			continue
		}
		address := w.base(address.Ticket(l.Ticket))
		out = append(out, letterLine{Intro: []letterParagraph{w.paragraph(w.t("letter.digest-line", "number", l.Ticket, "subject", l.Subject, "event", event)+"\n"+address, address)}})
	}
	return out
}

// files returns the files of the messages: attached if they are small enough together, else listed with their
// addresses.
func (w *letterWriter) files(p *letterPage) (out []transport.Attachment, ids []uint64) {
	var all []*store.File
	total := int64(0)
	for _, l := range w.o.Lines {
		if l.Text == nil || l.Event == event.Opened {
			continue
		}
		for _, f := range l.Files {
			all = append(all, f)
			total += f.Size
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	files := &letterFiles{Title: w.t("letter.files")}
	attach := total <= w.attach
	if !attach {
		files.Title = w.t("letter.files-at-desk")
	}
	for _, f := range all {
		line := letterFile{Name: f.Name, Size: words.Size(w.lang, f.Size)}
		if attach {
			ids = append(ids, f.ID)
			out = append(out, transport.Attachment{Name: f.Name, Type: f.Type, Size: f.Size, Open: func() (io.ReadCloser, error) { return w.delivery.Store.OpenBlob(f.Sum) }})
		} else if w.o.Link != "" {
			line.Address = w.base(fmt.Sprintf("/r/%s/files/%d", w.o.Link, f.ID))
		} else {
			line.Address = w.base(fmt.Sprintf("/files/%d", f.ID))
		}
		files.List = append(files.List, line)
	}
	p.Files = files
	return out, ids
}

// signature returns the closing lines: the group that handles the ticket, and the desk.
func (w *letterWriter) signature() []string {
	var out []string
	if g := w.o.Group; g != nil {
		out = append(out, g.Name.In(w.lang))
		for _, line := range strings.Split(g.Signature.In(w.lang), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, line)
			}
		}
	}
	name := w.set.Name
	if w.set.Institution != "" && w.set.Institution != name {
		name += ", " + w.set.Institution
	}
	return append(out, name)
}

func (w *letterWriter) html(p letterPage) (string, error) {
	t, err := letterHTML()
	if err != nil {
		return "", fmt.Errorf("app: read the frame of letters: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return "", fmt.Errorf("app: write letter: %w", err)
	}
	return b.String(), nil
}

// text returns the letter as plain text.
func (p letterPage) text() string {
	var b strings.Builder
	for _, l := range p.Lines {
		for _, p := range l.Intro {
			b.WriteString(p.text + "\n\n")
		}
		if len(l.Quoted) > 0 {
			for _, line := range l.Quoted {
				b.WriteString(strings.TrimRight("> "+line, " ") + "\n")
			}
			b.WriteString("\n")
		}
		if l.text != "" {
			b.WriteString(l.text + "\n\n")
		}
	}
	if p.Files != nil {
		b.WriteString(p.Files.Title + ":\n")
		for _, f := range p.Files.List {
			b.WriteString("- " + strings.TrimSpace(f.Name+" ("+f.Size+") "+f.Address) + "\n")
		}
		b.WriteString("\n")
	}
	if p.Reply != "" {
		b.WriteString(p.Reply + "\n")
	}
	for _, l := range p.Links {
		b.WriteString(l.text + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n\n-- \n" + strings.Join(p.Signature, "\n") + "\n"
}

// sendLetter writes a letter and passes it to the mail server.
func (d *Delivery) sendLetter(ctx context.Context, o *notice.Outgoing) notice.Sent {
	l, err := d.WriteLetter(o)
	if err != nil {
		return notice.Sent{Text: err.Error()}
	}
	s := notice.Sent{Subject: l.Subject}
	out, _ := d.now()
	if out == nil {
		s.Text = "no mail leaves any more"
		return s
	}
	raw, err := l.Bytes()
	if err == nil {
		raw, err = out.sign(raw)
	}
	if err != nil {
		s.Text, s.Permanent = err.Error(), true
		return s
	}
	var refused *transport.SendError
	if err = out.sender.Send(ctx, o.Return, o.Letter.To, raw); o.Return != o.From && errors.As(err, &refused) && refused.Sender {
		err = out.sender.Send(ctx, o.From, o.Letter.To, raw) // some servers accept only the bare address of the account as sender
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		s.OK = true
		d.sentAt, d.sendErr = d.Desk.Now(), nil
	case errors.As(err, &refused):
		s.Text, s.Permanent, s.Status, s.Unsure = refused.Error(), refused.Permanent, refused.Status(), refused.Sent
		if refused.Server {
			d.sendErr, d.sendErrAt = err, d.Desk.Now()
		}
	default:
		s.Text = err.Error()
	}
	return s
}
