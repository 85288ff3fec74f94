package mailroom

import (
	"bytes"
	"html/template"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"sportello/app/address"
	"sportello/app/desk/intake"
	"sportello/app/mail"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// originalView is a mail with everything its sender wrote: for the page of the message it became, and for the page
// where the reader decides about it.
type originalView struct {
	Page     *web.Page
	Download string // address of the original bytes
	Head     []show.FactLine
	Proof    []show.FactLine // the proofs of who sent it
	PEC      []show.FactLine
	Envelope []show.FactLine // for certified mail, the envelope around the mail
	Problem  string          // why part of it could not be read
	HTML     template.HTML
	Text     string // the plain text part, beside the HTML
	Parts    []originalPart
	Blocked  string // address of this page with remote pictures, when some are not loaded
	Loaded   bool   // remote pictures are loaded
	Lines    string // the header lines as received
}

type originalPart struct{ Name, Kind, Size string }

// originalPage is the original of a ticket's message.
type originalPage struct {
	web.Page
	Original originalView
	Ticket   string // its number and subject
	Address  string // of the ticket
	Joined   string
}

// maxHeaderShown limits how many bytes of header lines are shown as received.
const maxHeaderShown = 64 << 10

func (a pages) messageAddress(r *web.Request) (number, message uint64, err error) {
	if number, err = r.Number(); err != nil {
		return 0, 0, err
	}
	message, err = r.NumberOf("m")
	return number, message, err
}

// getOriginal shows the mail behind a message to those who may see more than its text.
func (a pages) getOriginal(r *web.Request) error {
	number, message, err := a.messageAddress(r)
	if err != nil {
		return err
	}
	actor := r.Actor()
	o, err := a.Desk.Intake.Original(actor, number, message)
	if err != nil {
		return err
	}
	t := o.Ticket
	v := &originalPage{Address: address.Message(number, message)}
	v.Ticket = "#" + strconv.FormatUint(number, 10) + " " + t.Subject
	notes := false
	if tv, err := a.Desk.Tickets.Read(actor, number); err == nil {
		notes = tv.Agents
	}
	if notes {
		v.Page = r.Workbench("original.title", "number", number)
		v.Nav, v.Live = "desk", false
		v.Crumb(v.T("nav.desk"), "/desk")
		v.Joined = show.JoinedWords(&v.Page, o.Mail)
		if err := show.QueueSide(a.Site, r, &v.Page, ""); err != nil {
			return err
		}
	} else {
		v.Page = r.Page("original.title", "number", number)
		v.Nav = "tickets"
		v.Crumb(v.T("own.title"), "/tickets")
	}
	v.Crumb("#"+strconv.FormatUint(number, 10), address.Ticket(number))
	v.Crumb(v.T("original.crumb"), "")
	a.fillOriginal(r, &v.Page, &v.Original, o, address.Original(number, message))
	return r.Render("page/original", v)
}

// fillOriginal reads the mail into the view. base is the address of the page, below which its pictures are. Remote
// pictures are loaded only when the address asks for them; only then does the page's policy allow them.
func (a pages) fillOriginal(r *web.Request, p *web.Page, v *originalView, o *intake.Original, base string) {
	m := o.Read
	v.Page, v.Download = p, base+".eml"
	remote := r.Query("pictures") == "1"
	v.HTML = markup.MailHTML(m.HTML, markup.MailView{Remote: remote, Picture: func(cid string) string {
		for i, part := range m.Parts {
			if part.ContentID == cid && cid != "" && rasterOf(part.Content) != "" {
				return base + "/pictures/" + strconv.Itoa(i)
			}
		}
		return ""
	}})
	if markup.HasRemote(m.HTML) {
		v.Blocked, v.Loaded = base+"?pictures=1", remote
		if remote {
			r.SetHeader("Content-Security-Policy", strings.Replace(web.Policy, "img-src 'self'", "img-src 'self' https:", 1))
		}
	}
	switch {
	case m.HTML == "":
		v.HTML = markup.HTML(markup.PlainText, m.Text)
	case strings.TrimSpace(m.Text) != "":
		v.Text = m.Text
	}
	v.Head = mailHead(p, m)
	if m.Problem != "" {
		v.Problem = p.T("original.problem-" + m.Problem)
	}
	proof := "original.unproven"
	switch {
	case m.PEC != nil && m.PEC.Kind == mail.PECTransport:
		proof = "original.proven-pec"
	case m.Proven:
		proof = "original.proven"
	case m.Envelope != nil:
		proof = "original.unproven-pec"
	}
	v.Proof = facts(p, "original.sender", p.T(proof), "original.proof", m.ProvenWhy, "original.automatic", m.AutomaticWhy, "original.signed", signedWords(p, m))
	v.PEC = pecFacts(p, m.PEC)
	if m.Envelope != nil {
		v.Envelope = mailHead(p, m.Envelope)
	}
	for _, part := range m.Parts {
		kind := part.Type
		if part.Role != mail.RoleFile {
			kind = p.T("original.role-" + part.Role)
		}
		v.Parts = append(v.Parts, originalPart{part.Name, kind, p.Size(int64(len(part.Content)))})
	}
	v.Lines = headerLines(o.Bytes)
}

// facts returns lines from pairs of key and value, without the empty values.
func facts(p *web.Page, pairs ...string) []show.FactLine {
	var out []show.FactLine
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, show.FactLine{Name: p.T(pairs[i]), Text: pairs[i+1]})
		}
	}
	return out
}

func mailHead(p *web.Page, m *mail.Message) []show.FactLine {
	date := ""
	if !m.Date.IsZero() {
		date = p.Moment(m.Date).Exact
	}
	sender := addressWords([]mail.Address{m.Sender})
	if m.Sender.Email == m.From.Email {
		sender = ""
	}
	reply := addressWords(m.ReplyTo)
	if len(m.ReplyTo) == 1 && m.ReplyTo[0].Email == m.From.Email {
		reply = ""
	}
	return facts(p, "original.from", addressWords([]mail.Address{m.From}), "original.sent-by", sender, "original.reply-to", reply,
		"original.to", addressWords(m.To), "original.cc", addressWords(m.Cc), "original.date", date, "original.subject", m.Subject)
}

// maxAddressesShown limits the addresses shown for one header; the header lines as received contain them all.
const maxAddressesShown = 100

func addressWords(list []mail.Address) string {
	var out []string
	for _, a := range list {
		switch {
		case a.Email == "":
			continue
		case a.Name == "" || a.Name == a.Email:
			out = append(out, a.Email)
		default:
			out = append(out, a.Name+" <"+a.Email+">")
		}
		if len(out) == maxAddressesShown {
			out = append(out, "…")
			break
		}
	}
	return strings.Join(out, ", ")
}

func signedWords(p *web.Page, m *mail.Message) string {
	var out []string
	if m.Signed != "" {
		out = append(out, p.T("original.signed-"+m.Signed))
	}
	if m.Encrypted != "" {
		out = append(out, p.T("original.encrypted-"+m.Encrypted))
	}
	return strings.Join(out, " ")
}

func pecFacts(p *web.Page, c *mail.PEC) []show.FactLine {
	if c == nil {
		return nil
	}
	date := ""
	if !c.Date.IsZero() {
		date = p.Moment(c.Date).Exact
	}
	return facts(p, "original.pec-kind", PECKind(p, c.Kind), "original.pec-provider", c.Provider, "original.pec-id", c.ID, "original.pec-date", date,
		"original.pec-recipient", c.Recipient, "original.pec-about", c.About, "original.pec-errors", c.Errors)
}

// PECKind returns the name of a kind of certified mail, or the kind itself when it is unknown.
func PECKind(p *web.Page, kind string) string { return show.Known(p, "pec."+kind, kind) }

// headerLines returns the header lines as received.
func headerLines(raw []byte) string {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(raw[:min(len(raw), maxHeaderShown)], []byte(end)); i >= 0 {
			raw = raw[:i]
			break
		}
	}
	return strings.TrimRight(markup.Clean(string(raw[:min(len(raw), maxHeaderShown)])), "\n")
}

// rasterOf returns the media type of a picture without scripts, detected from its content, and "" for anything else.
func rasterOf(content []byte) string {
	kind := mimetype.Detect(content[:min(len(content), 3072)]).String()
	if slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}, kind) {
		return kind
	}
	return ""
}

// getOriginalPicture answers with a picture from the text of the mail.
func (a pages) getOriginalPicture(r *web.Request) error {
	number, message, err := a.messageAddress(r)
	if err != nil {
		return err
	}
	o, err := a.Desk.Intake.Original(r.Actor(), number, message)
	if err != nil {
		return err
	}
	return sendPicture(r, o.Read)
}

func sendPicture(r *web.Request, m *mail.Message) error {
	gone := fault.New(fault.NotFound, "error.not-found")
	i, err := strconv.Atoi(r.Param("i"))
	if err != nil || i < 0 || i >= len(m.Parts) {
		return gone
	}
	part := m.Parts[i]
	kind := rasterOf(part.Content)
	if kind == "" {
		return gone
	}
	r.SetHeader("Content-Security-Policy", web.FilePolicy)
	r.SetHeader("Content-Type", kind)
	r.SetHeader("Content-Disposition", web.DispositionOf("inline", markup.FileName(part.Name)))
	r.SetHeader("Cache-Control", "private, no-cache")
	return r.Send(part.Content)
}

// getOriginalFile answers with the original bytes of the mail.
func (a pages) getOriginalFile(r *web.Request) error {
	number, message, err := a.messageAddress(r)
	if err != nil {
		return err
	}
	row, f, err := a.Desk.Intake.OpenOriginal(r.Actor(), number, message)
	if err != nil {
		return err
	}
	return sendMailFile(r, row, f)
}

// sendMailFile answers with the bytes of a mail as a download.
func sendMailFile(r *web.Request, row *store.Mail, f *os.File) error {
	size, err := web.FileSize(f)
	if err != nil {
		_ = f.Close()
		return err
	}
	name := markup.Excerpt(markup.Line(row.Subject), 80)
	if name == "" {
		name = "mail-" + strconv.FormatUint(row.ID, 10)
	}
	r.SetHeader("Content-Security-Policy", web.FilePolicy)
	r.SetHeader("Content-Type", "message/rfc822")
	r.SetHeader("Content-Disposition", web.DispositionOf("attachment", markup.FileName(name+".eml")))
	r.SetHeader("Cache-Control", "private, no-cache")
	return r.SendPiece(f, 0, size)
}
