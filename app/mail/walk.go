package mail

import (
	"bytes"
	"path"
	"strconv"
	"strings"
)

// place is the position of a part.
type place struct {
	depth       int
	alternative bool // one of several forms of the same text
	report      bool // inside multipart/report
	later       bool // not the first of its multipart
	parent      string
}

// walk reads a part and its subparts.
func (m *reading) walk(e *entity, at place) {
	if !strings.HasPrefix(e.kind, "multipart/") {
		m.leaf(e, at)
		return
	}
	if len(e.parts) == 0 {
		// A multipart without parts is text with a wrong type.
		m.asText(e, at)
		return
	}
	at.depth++
	switch e.kind {
	case "multipart/alternative":
		m.walkAlternative(e, at)
	case "multipart/signed":
		m.walkSigned(e, at)
	case "multipart/encrypted":
		m.msg.Encrypted = "pgp"
		if strings.Contains(strings.ToLower(e.params["protocol"]), "pkcs7") {
			m.msg.Encrypted = "smime"
		}
		for _, p := range e.parts {
			m.add(p, RoleEncrypted, at)
		}
	default:
		at.report = at.report || e.kind == "multipart/report"
		for i, p := range e.parts {
			at.later = i > 0
			m.walk(p, at)
		}
	}
	m.lateWords(e, at)
}

// lateWords takes the text after the last boundary, where some lists put theirs.
func (m *reading) lateWords(e *entity, at place) {
	const most = 64 << 10
	from, to := e.tail, e.end
	if at.depth != 1 || from == 0 || from >= to || to-from > most || m.msg.Problem != "" {
		return
	}
	if s := strings.TrimSpace(decodeText(m.data[from:to], "")); s != "" {
		m.segments = append(m.segments, segment{plain: s})
	}
}

// walkAlternative makes one passage from the alternative forms of a text.
func (m *reading) walkAlternative(e *entity, at place) {
	at.alternative = true
	outer := m.segments
	m.segments = nil
	for i, p := range e.parts {
		at.later = i > 0
		m.walk(p, at)
	}
	var one segment
	for _, s := range m.segments {
		if one.plain != "" && s.plain != "" {
			one.plain += "\n\n"
		}
		one.plain += s.plain
		one.html += s.html
	}
	m.segments = append(outer, one)
}

func (m *reading) walkSigned(e *entity, at place) {
	if m.msg.Signed == "" {
		m.msg.Signed = "smime"
		if strings.Contains(strings.ToLower(e.params["protocol"]), "pgp") {
			m.msg.Signed = "pgp"
		}
	}
	for i, p := range e.parts {
		if i == 1 {
			m.add(p, RoleSignature, at)
			continue
		}
		at.later = i > 0
		m.walk(p, at)
	}
}

// leaf reads a part without subparts.
func (m *reading) leaf(e *entity, at place) {
	disposition, dp := mediaType(e.header.get("Content-Disposition"))
	named := dp["filename"] != "" || e.params["name"] != ""
	attached := disposition == "attachment" || named && (at.later || disposition == "inline" && len(m.segments) > 0)
	name := strings.ToLower(partName(e))
	switch kind := e.kind; {
	case kind == "application/ms-tnef" || kind == "application/vnd.ms-tnef" || name == "winmail.dat":
		m.winmail(e, at)
	case kind == "application/pkcs7-mime" || kind == "application/x-pkcs7-mime":
		m.opaque(e, at)
	case kind == "application/pkcs7-signature" || kind == "application/x-pkcs7-signature" || kind == "application/pgp-signature":
		m.add(e, RoleSignature, at)
	case kind == "application/pgp-encrypted":
		m.msg.Encrypted = "pgp"
		m.add(e, RoleEncrypted, at)
	case kind == "message/rfc822" || kind == "message/global" || kind == "text/rfc822-headers" || kind == "message/rfc822-headers" || kind == "message/global-headers":
		m.add(e, RoleMessage, at)
	case kind == "message/delivery-status" || kind == "message/global-delivery-status" || kind == "message/disposition-notification" || kind == "message/feedback-report":
		m.add(e, RoleReport, at)
	case kind == "text/calendar" || strings.HasSuffix(name, ".ics") && (kind == "application/ics" || kind == "application/octet-stream"):
		m.calendar(e, at)
	case at.alternative && (kind == "text/x-amp-html" || kind == "text/watch-html"):
		// A third form of a text that is there in two.
	case kind == "application/applefile":
		// What a Macintosh records about the file that follows.
	case strings.HasPrefix(kind, "text/") && !attached:
		m.asText(e, at)
		if named && !at.alternative {
			m.add(e, RoleFile, at) // a file sent alone is a text to read and a file to keep
		}
	default:
		m.add(e, RoleFile, at)
	}
}

// asText adds a part to the body.
func (m *reading) asText(e *entity, at place) {
	s := m.text(e)
	if strings.TrimSpace(s) == "" {
		return
	}
	switch e.kind {
	case "text/html", "application/xhtml+xml":
		m.segments = append(m.segments, segment{html: s})
	case "text/enriched", "text/richtext":
		if at.alternative && at.later {
			return
		}
		m.segments = append(m.segments, segment{plain: plainEnriched(s)})
	default:
		m.segments = append(m.segments, segment{plain: s})
	}
}

// plainEnriched removes the commands from text/enriched (RFC 1896).
func plainEnriched(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		if strings.HasPrefix(s, "<<") {
			b.WriteByte('<')
			s = s[2:]
			continue
		}
		end := strings.IndexByte(s[:min(len(s), 62)], '>')
		if end < 0 {
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		s = s[end+1:]
	}
	b.WriteString(s)
	return b.String()
}

// add keeps a part with its content.
func (m *reading) add(e *entity, role string, at place) {
	content, shared := m.decode(e)
	if strings.HasPrefix(e.kind, "multipart/") {
		content, shared = m.data[e.start:e.end], true // it is kept complete, with its header
	}
	name := partName(e)
	if len(bytes.TrimSpace(content)) == 0 && name == "" {
		return
	}
	if role == RoleMessage && (name == "" || !strings.Contains(name, ".")) {
		if s := messageSubject(content); s != "" {
			name = fileName(cut(s, 120)) + ".eml"
		}
	}
	if shared {
		// The parts may outlive the message.
		content = bytes.Clone(content)
	}
	disposition, _ := mediaType(e.header.get("Content-Disposition"))
	p := Part{
		Name: name, Type: e.kind, Inline: disposition == "inline", Role: role,
		Content: content, Parent: at.parent,
	}
	if ids := MessageIDs(e.header.get("Content-ID")); len(ids) > 0 {
		p.ContentID = ids[0]
	} else {
		p.ContentID = strings.Trim(cut(oneLine(e.header.get("Content-ID")), maxID), "<> ")
	}
	if p.Name == "" {
		p.Name = m.inventName(p.Type, role)
	}
	m.keep(p)
}

func (m *reading) keep(p Part) {
	m.kept += len(p.Content)
	m.msg.Parts = append(m.msg.Parts, p)
}

// partName returns the name in a part's header, without directories, "" if there is none.
func partName(e *entity) string {
	_, dp := mediaType(e.header.get("Content-Disposition"))
	for _, s := range []string{dp["filename"], e.params["name"], e.header.text("Content-Description")} {
		if s = fileName(s); s != "" {
			if s == fileName(e.header.text("Content-Description")) && !strings.Contains(s, ".") {
				continue // a description, not a name
			}
			return s
		}
	}
	return ""
}

// fileName removes directories and characters that file systems refuse from a name.
func fileName(s string) string {
	s = oneLine(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		if t := strings.Trim(s[i+1:], ". "); t != "" {
			s = t
		}
	}
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*/\`, r) {
			return '_'
		}
		return r
	}, s)
	if len(s) > 150 {
		ext := path.Ext(s)
		if len(ext) > 16 {
			ext = ""
		}
		s = cut(s, 150-len(ext)) + ext
	}
	return strings.Trim(s, ". ")
}

func messageSubject(content []byte) string {
	h, _, _ := readHeader(content, skipMboxLine(content))
	return h.text("Subject")
}

var extensions = map[string]string{
	"text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif",
	"image/svg+xml": ".svg", "image/tiff": ".tif", "image/bmp": ".bmp", "application/pdf": ".pdf", "application/zip": ".zip", "message/rfc822": ".eml",
	"message/delivery-status": ".txt", "message/disposition-notification": ".txt", "text/rfc822-headers": ".txt", "application/pkcs7-signature": ".p7s",
	"application/pgp-signature": ".asc", "application/pkcs7-mime": ".p7m", "application/json": ".json", "application/xml": ".xml", "text/xml": ".xml",
	"application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/rtf": ".rtf", "audio/mpeg": ".mp3", "video/mp4": ".mp4",
}

// inventName makes a name for a part without one: its role or kind and a number.
func (m *reading) inventName(kind, role string) string {
	// The system's table is not used, because it differs between systems.
	ext := extensions[kind]
	base := "file"
	switch {
	case role == RoleMessage:
		base = "message"
	case role == RoleSignature:
		base = "signature"
	case role == RoleReport:
		base = "report"
	case role == RoleEncrypted:
		base = "encrypted"
	case role == RoleCalendar:
		base = "invite"
	case strings.HasPrefix(kind, "image/"):
		base = "image"
	}
	return base + "-" + strconv.Itoa(len(m.msg.Parts)+1) + ext
}
