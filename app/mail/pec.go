package mail

import (
	"bytes"
	"encoding/xml"
	"strings"
	"time"

	"golang.org/x/net/html/charset"
)

// maxCertData is far larger than any daticert.xml, in bytes.
const maxCertData = 1 << 20

// openPEC returns the content of a verified PEC message: for a transport envelope the message in it, for a receipt the
// receipt. It returns nil for everything else, which is then read as ordinary mail.
//
// Only what was signed is trusted. The header of an envelope is not, so the kind, the Message-ID and the addresses come
// from daticert.xml, and From must be an address of the certificate.
func (m *reading) openPEC(root *entity) *Message {
	h := root.header
	if m.o.PECRoots == nil || root.kind != "multipart/signed" || len(root.parts) != 2 || !h.has("X-Trasporto") && !h.has("X-Ricevuta") {
		return nil
	}
	content, signature := root.parts[0], root.parts[1]
	cert, err := verifyDetached(m.content(signature), canonical(m.data[content.start:content.end]), m.o.PECRoots, m.o.Now)
	if err != nil {
		return nil
	}
	from := h.all("From")
	if len(from) != 1 || len(ParseAddresses(from[0])) != 1 || m.msg.From.Email == "" {
		return nil
	}
	ours := false
	for _, e := range certificateEmails(cert) {
		ours = ours || e == m.msg.From.Email
	}
	if !ours {
		return nil
	}
	mail, data := pecParts(content)
	if data == nil {
		if mail == nil || !strings.EqualFold(strings.TrimSpace(h.get("X-Trasporto")), "errore") {
			return nil
		}
		// Ordinary mail that was passed on: nobody vouches for its sender.
		out := m.plain(root)
		out.PEC = &PEC{Kind: PECAnomaly}
		m.carry(root)
		return out
	}
	raw := m.content(data)
	pec, sender, ok := readCertData(raw)
	if !ok {
		return nil
	}
	if pec.Kind != PECTransport {
		return m.receipt(root, pec)
	}
	if mail == nil {
		return nil
	}
	inner := understand(unixLines(bytes.Clone(m.content(mail))), m.o, "", m.wrapped+1)
	if inner.From.Email != sender || sender == "" {
		// The provider vouches for a different sender.
		return nil
	}
	envelope := m.plain(root)
	envelope.Parts, envelope.PEC = nil, pec
	inner.Envelope, inner.PEC = envelope, pec
	inner.Delivered, inner.ReturnPath, inner.HasReturnPath = envelope.Delivered, sender, true
	inner.Proven, inner.ProvenWhy = true, "PEC "+cut(pec.Provider, 200)
	inner.Parts = append(inner.Parts, Part{Name: "daticert.xml", Type: "application/xml", Role: RolePECData, Content: bytes.Clone(raw)})
	return inner
}

// carry finds the message in an envelope that is not proved to come from a provider of certified mail. Its sender is
// the one it names or, if it cannot be read, the one who wants the answers; that counts as much as any From. What the
// envelope says about automatic mail and desks applies to the message too.
func (m *reading) carry(root *entity) {
	how := strings.ToLower(strings.TrimSpace(root.header.get("X-Trasporto")))
	if how != "posta-certificata" && how != "errore" || root.header.has("X-Ricevuta") || m.msg.Report != nil {
		return
	}
	envelope := m.msg
	content := root
	if root.kind == "multipart/signed" && len(root.parts) > 0 {
		content = root.parts[0]
	}
	var inner *Message
	if mail, _ := pecParts(content); mail != nil && envelope.Problem == "" {
		inner = understand(unixLines(bytes.Clone(m.content(mail))), m.o, "", m.wrapped+1)
	} else {
		same := *envelope
		same.From, inner = Address{}, &same
	}
	if inner.From.Email == "" {
		if len(envelope.ReplyTo) != 1 {
			if envelope.Automatic == Personal { // it remains automatic mail, which needs no answer
				envelope.Automatic, envelope.AutomaticWhy = Notification, "X-Trasporto: "+how
			}
			return
		}
		inner.From = envelope.ReplyTo[0]
	}
	inner.Envelope, inner.PEC, inner.Proven, inner.ProvenWhy = envelope, envelope.PEC, false, "X-Trasporto: "+how
	inner.Delivered, inner.Arrived, inner.ReturnPath, inner.HasReturnPath = envelope.Delivered, envelope.Arrived, envelope.ReturnPath, envelope.HasReturnPath
	if len(inner.Desk) < 100 && inner.MessageID != envelope.MessageID {
		inner.Desk = append(inner.Desk, envelope.Desk...)
	}
	switch {
	case inner.Automatic != Personal:
	case how == "errore": // its provider vouches for nobody
		inner.Automatic, inner.AutomaticWhy = Notification, "X-Trasporto: errore"
	case envelope.Automatic != Personal && !strings.HasPrefix(envelope.AutomaticWhy, "From:"):
		inner.Automatic, inner.AutomaticWhy = envelope.Automatic, envelope.AutomaticWhy
	}
	envelope.Carried = inner
}

// plain reads the envelope like any other mail.
func (m *reading) plain(root *entity) *Message {
	m.walk(root, place{})
	m.settle()
	m.judge(root)
	for i := range m.msg.Parts {
		if p := &m.msg.Parts[i]; strings.EqualFold(p.Name, "daticert.xml") {
			p.Role = RolePECData
		}
	}
	return m.msg
}

func (m *reading) receipt(root *entity, pec *PEC) *Message {
	out := m.plain(root)
	out.PEC = pec
	out.Automatic = Receipt
	if out.AutomaticWhy == "" {
		out.AutomaticWhy = "daticert.xml: " + pec.Kind
	}
	// A receipt may contain the mail it is about; that adds nothing.
	l := ReportLine{Address: pec.Recipient, Diagnostic: pec.Errors}
	switch pec.Kind {
	case PECDelivered:
		l.Action, l.Status = "delivered", "2.0.0"
	case PECUndelivered:
		l.Action, l.Status = "failed", codeOf("5.0.0", pec.Errors)
	case PECRefused, PECVirus:
		l.Action, l.Status = "failed", "5.7.0"
	case PECLate:
		l.Action, l.Status = "delayed", "4.0.0"
	default:
		l.Action, l.Status = "relayed", "2.0.0"
	}
	out.Report = &Report{Original: pec.About, Recipients: []ReportLine{l}, Hard: l.Verdict() == Hard}
	return out
}

// pecParts finds the message and the data of an envelope by their names, among its own parts. If there are two of a
// kind, it returns neither.
func pecParts(content *entity) (mail, data *entity) {
	if !strings.HasPrefix(content.kind, "multipart/") {
		return nil, nil
	}
	mails, datas := 0, 0
	for _, p := range content.parts {
		switch strings.ToLower(partName(p)) {
		case "postacert.eml":
			mail = p
			mails++
		case "daticert.xml":
			data = p
			datas++
		}
	}
	if mails > 1 {
		mail = nil
	}
	if datas > 1 {
		data = nil
	}
	return mail, data
}

// certData is daticert.xml (RFC 6109, 4.4).
type certData struct {
	XMLName xml.Name `xml:"postacert"`
	Kind    string   `xml:"tipo,attr"`
	Error   string   `xml:"errore,attr"`
	Head    struct {
		From string   `xml:"mittente"`
		To   []string `xml:"destinatari"`
	} `xml:"intestazione"`
	Data struct {
		Provider string `xml:"gestore-emittente"`
		When     struct {
			Zone string `xml:"zona,attr"`
			Day  string `xml:"giorno"`
			Time string `xml:"ora"`
		} `xml:"data"`
		ID        string `xml:"identificativo"`
		MessageID string `xml:"msgid"`
		Delivery  string `xml:"consegna"`
		Errors    string `xml:"errore-esteso"`
	} `xml:"dati"`
}

// readCertData parses daticert.xml and returns its content and the certified sender.
func readCertData(raw []byte) (pec *PEC, sender string, ok bool) {
	if len(raw) > maxCertData {
		return nil, "", false
	}
	var d certData
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = charset.NewReaderLabel
	if err := dec.Decode(&d); err != nil {
		return nil, "", false
	}
	pec = &PEC{
		Kind: strings.ToLower(strings.TrimSpace(d.Kind)), Provider: cut(oneLine(d.Data.Provider), 300),
		About: firstID(d.Data.MessageID), ID: cut(oneLine(d.Data.ID), 300), Recipient: cleanEmail(d.Data.Delivery),
		Data: bytes.Clone(raw), Errors: cut(oneLine(d.Data.Errors), 2000),
	}
	if pec.About == "" {
		pec.About = strings.Trim(cut(oneLine(d.Data.MessageID), maxID), "<> ")
	}
	if e := oneLine(d.Error); pec.Errors == "" && e != "nessuno" {
		pec.Errors = cut(e, 300)
	}
	if pec.Recipient == "" && len(d.Head.To) == 1 {
		pec.Recipient = cleanEmail(d.Head.To[0])
	}
	when := strings.TrimSpace(d.Data.When.Day) + " " + strings.TrimSpace(d.Data.When.Time)
	if t, err := time.Parse("02/01/2006 15:04:05 -0700", when+" "+strings.TrimSpace(d.Data.When.Zone)); err == nil {
		pec.Date = t
	}
	switch pec.Kind {
	case "posta-certificata":
		pec.Kind = PECTransport
	case PECAccepted, PECRefused, PECInCharge, PECDelivered, PECUndelivered, PECVirus, PECLate:
	default:
		if !strings.HasPrefix(pec.Kind, "preavviso-errore") {
			return nil, "", false
		}
		pec.Kind = PECLate
	}
	return pec, cleanEmail(d.Head.From), true
}
