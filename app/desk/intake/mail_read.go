package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"sportello/app/desk/entry"
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/app/markup"
	"sportello/app/markup/quote"
	"sportello/store"
	"sportello/store/db"
)

// incoming is a parsed mail with its files stored, before any decision.
type incoming struct {
	*mail.Message
	own    string // what its sender newly wrote
	rest   string // the quoted text and the signature
	format store.Format
	html   string // for HTML, what is shown of both
	below  string
	files  []*store.File
	print  string
	form   string          // address of the form that sent it; From is then the person the form names
	box    *post.Mailbox   // the mailbox it is processed for
	boxes  []*post.Mailbox // all mailboxes it came for
}

// read parses the bytes of a mail, up to most of them in memory (0: see mail.Options). An unverified envelope of
// certified mail is replaced by the message in it: its sender wrote nothing and waits for no answer.
func (it *Intake) read(r io.ReaderAt, size, most int64) (*mail.Message, error) {
	m, err := mail.Read(r, size, mail.Options{MaxParse: most, Servers: it.post.Mail().Servers, PECRoots: it.post.Mail().Roots, Now: it.clock()})
	if err == nil && m.Carried != nil {
		m = m.Carried
	}
	return m, err
}

// readMail parses the bytes of a mail and stores its files.
func (it *Intake) readMail(row *store.Mail) (*incoming, error) {
	f, err := it.st.OpenBlob(row.Sum)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return it.understand(f, row, true)
}

func (it *Intake) understand(r io.ReaderAt, row *store.Mail, keep bool) (*incoming, error) {
	m, err := it.read(r, row.Size, 0)
	if err != nil {
		return nil, fmt.Errorf("desk: read mail: %w", err)
	}
	if row.Cut && m.Problem == "" {
		m.Problem = mail.TooLarge // the stored part looks complete
	}
	senderOf(m, row)
	in := &incoming{Message: m}
	err = it.st.View(func(tx *db.Tx) (err error) {
		if in.boxes, err = it.boxesOf(tx, row, m); err == nil {
			in.form = it.writerOf(tx, m)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(in.boxes) > 0 {
		in.box = in.boxes[0]
	}
	own, rest := quote.Divide(m.Text, m.HTML, headerOf(m))
	own = passAttached(own, m)
	in.own, in.rest, in.format = own.Text, rest.Text, store.Text
	if own.HTML != "" {
		in.html, in.below, in.format = own.HTML, rest.HTML, store.HTML
	} else if strings.TrimSpace(in.own) == "" {
		in.own, in.rest = in.rest, ""
	}
	if len(in.own) > entry.MaxBody {
		in.own = strings.ToValidUTF8(in.own[:entry.MaxBody], "") // the original contains all of it
	}
	if len(in.rest) > entry.MaxBody {
		in.rest = strings.ToValidUTF8(in.rest[:entry.MaxBody], "")
	}
	in.print = printOf(m, in.own)
	if !keep {
		return in, nil
	}
	for _, p := range m.Parts {
		blob, err := it.st.PutBlob(bytes.NewReader(p.Content), 0)
		if err != nil {
			return nil, err
		}
		in.files = append(in.files, &store.File{Name: markup.FileName(p.Name), Type: mimetype.Detect(p.Content).String(), Size: blob.Size, Sum: blob.Sum,
			ContentID: p.ContentID, Inline: p.Inline && p.Role == mail.RolePicture})
	}
	return in, nil
}

// maxPassed limits the attached mails that are shown with the text.
const maxPassed = 3

// passAttached shows the mails that a person attached below their words, as forwarded mail. The mail attached to a
// report does not count.
func passAttached(own quote.Passage, m *mail.Message) quote.Passage {
	if m.Report != nil || m.Automatic != mail.Personal {
		return own
	}
	n := 0
	for _, p := range m.Parts {
		if p.Role != mail.RoleMessage || p.Type != "message/rfc822" && p.Type != "message/global" || n == maxPassed {
			continue
		}
		n++
		inner, err := mail.Read(bytes.NewReader(p.Content), int64(len(p.Content)), mail.Options{})
		if err != nil || inner.Problem != "" || len(inner.Desk) > 0 {
			continue // the file can be opened; an attached letter of a desk is what is being answered
		}
		body, _ := quote.Divide(inner.Text, inner.HTML, quote.Header{Thread: quote.Forward})
		if len(body.Text) > entry.MaxBody {
			continue
		}
		from := strings.TrimSpace(inner.From.Name + " <" + inner.From.Email + ">")
		head := []string{"---------- Messaggio inoltrato ----------", "Da: " + from, "Oggetto: " + inner.Subject}
		if !inner.Date.IsZero() {
			head = append(head, "Data: "+inner.Date.Format("2006-01-02 15:04 -0700"))
		}
		own = own.PassOn(head, body)
	}
	return own
}

// headerOf returns a mail's relation to others. The mark in its subject takes precedence over the ids, because programs
// add ids to forwarded mail too.
func headerOf(m *mail.Message) quote.Header {
	h := quote.Header{Sender: m.From.Name + " " + m.From.Email}
	switch answer, forward := mail.Marked(m.Subject); {
	case forward:
		h.Thread = quote.Forward
	case answer || len(m.InReplyTo) > 0 || len(m.References) > 0:
		h.Thread = quote.Answer
	}
	return h
}

// senderOf sets a sender for a mail without an author: who sent it, who wants the answers, or the envelope sender.
// Nothing proves them.
func senderOf(m *mail.Message, row *store.Mail) {
	if entry.IsAddress(m.From.Email) {
		return
	}
	m.Proven = false
	others := append([]mail.Address{m.Sender}, m.ReplyTo...)
	for _, a := range append(others, mail.Address{Email: m.ReturnPath}, mail.Address{Email: row.Return}) {
		if entry.IsAddress(a.Email) {
			m.From = mail.Address{Name: m.From.Name, Email: a.Email}
			return
		}
	}
}

// carried reports whether the mail came in an unverified envelope of certified mail.
func (in *incoming) carried() bool { return in.Envelope != nil && in.Envelope.Carried != nil }

// sender returns the address that counts for permission to write: that of the form or machine that sent the mail,
// whoever it names.
func (in *incoming) sender() string {
	switch {
	case in.carried():
		return in.Envelope.From.Email
	case in.form != "":
		return in.form
	}
	return in.From.Email
}

// writerOf handles a mail that a form sent from an address nobody reads: the one person in Reply-To becomes the sender.
// It returns the address of the form, "" for every other mail. Nothing proves that person.
func (it *Intake) writerOf(tx *db.Tx, m *mail.Message) string {
	form := m.From.Email
	if !mail.Unanswerable(form) && !slices.Contains(it.post.Mail().Forms, form) || len(m.ReplyTo) != 1 {
		return ""
	}
	writer := m.ReplyTo[0]
	if !entry.IsAddress(writer.Email) || writer.Email == form || mail.Unanswerable(writer.Email) || it.post.Ours(tx, writer.Email) {
		return ""
	}
	m.From, m.Proven = writer, false
	if m.Automatic == mail.Notification && strings.HasPrefix(m.AutomaticWhy, "From:") {
		m.Automatic, m.AutomaticWhy = mail.Personal, "" // a person filled in the form
	}
	return form
}

// printOf returns a fingerprint that copies of one message have in common, whichever way they came: servers add header
// lines, lists add lines below the signature. own is what its sender wrote; without a Message-ID the fingerprint covers
// the whole text.
func printOf(m *mail.Message, own string) string {
	h := sha256.New()
	lines := strings.Split(own, "\n")
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "--" }); i > 0 {
		own = strings.Join(lines[:i], "\n") // a list may have added what is below
	}
	fmt.Fprintf(h, "%s\x00%s\x00%d\x00%s\x00%s\x00", m.MessageID, m.From.Email, m.Date.Unix(), mail.BaseSubject(m.Subject, ""), strings.Join(strings.Fields(own), " "))
	for _, p := range m.Parts { // two mails that differ in a file are different
		fmt.Fprintf(h, "%s\x00%x\x00", p.Name, sha256.Sum256(p.Content))
	}
	if m.MessageID == "" {
		fmt.Fprintf(h, "%s\x00%s\x00", m.Text, m.HTML)
	}
	if m.PEC != nil {
		fmt.Fprintf(h, "pec\x00%s", m.PEC.ID)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// subject returns the ticket's subject: the mail's without Re: and the like, else the beginning of the text.
func (in *incoming) subject(short string) string {
	s := markup.Line(mail.BaseSubject(in.Subject, short))
	if s == "" {
		s = markup.Excerpt(entry.Words(&store.Message{Body: in.own, Format: in.format}), 80)
	}
	if s == "" {
		s = in.From.Email
	}
	return entry.Cut(s, entry.MaxSubject)
}

// body returns a text that is never empty, so that a mail with only files can be found.
func (in *incoming) body() string {
	if strings.TrimSpace(in.own) != "" {
		return in.own
	}
	var names []string
	for _, f := range in.files {
		names = append(names, f.Name)
	}
	if len(names) == 0 {
		return "—"
	}
	return "— " + strings.Join(names, ", ")
}

// addressed returns the addresses in To and Cc, without ours, the sender's and duplicates.
func (it *Intake) addressed(tx *db.Tx, in *incoming) []mail.Address {
	var out []mail.Address
	for _, list := range [][]mail.Address{in.To, in.Cc} {
		for _, a := range list {
			if a.Email == "" || a.Email == in.From.Email || it.post.Ours(tx, a.Email) || len(out) >= entry.MaxPeople ||
				slices.ContainsFunc(out, func(x mail.Address) bool { return x.Email == a.Email }) {
				continue
			}
			out = append(out, a)
		}
	}
	return out
}
