package mail

import (
	"regexp"
	"strings"
)

// maxReport bounds the recipients of a report, and the bytes that are
// searched where none is said in order.
const (
	maxReport     = 100
	maxReportText = 64 << 10
)

// report reads what a message says of the delivery of another one.
func (m *reading) report(root *entity) {
	var r Report
	original := ""
	for _, p := range m.msg.Parts {
		switch {
		case p.Role == RoleReport && strings.HasSuffix(p.Type, "delivery-status"):
			r.Recipients = append(r.Recipients, statusLines(p.Content)...)
		case p.Role == RoleReport && p.Type == "message/disposition-notification":
			if h := block(p.Content); original == "" {
				original = firstID(h.get("Original-Message-ID"))
			}
		case p.Role == RoleMessage && original == "":
			original = firstID(block(p.Content).get("Message-ID"))
		}
	}
	isReport := root.kind == "multipart/report"
	if len(r.Recipients) == 0 {
		r.Recipients = m.toldInWords(root)
		if len(r.Recipients) == 0 && !(isReport && original != "") {
			return
		}
	}
	if original == "" {
		original = returnedID(cut(m.msg.Text, 1<<20))
	}
	// Reports about a message answer it.
	if original == "" && len(m.msg.InReplyTo) > 0 {
		original = m.msg.InReplyTo[0]
	}
	if original == "" && len(m.msg.References) > 0 {
		original = m.msg.References[len(m.msg.References)-1]
	}
	if len(r.Recipients) == 0 && !strings.EqualFold(root.params["report-type"], "disposition-notification") {
		return
	}
	r.Original = original
	for _, l := range r.Recipients {
		r.Hard = r.Hard || l.Verdict() == Hard
	}
	m.msg.Report = &r
}

// only tells whether each recipient has one of these actions.
func (r *Report) only(actions ...string) bool {
	for _, l := range r.Recipients {
		found := false
		for _, a := range actions {
			found = found || l.Action == a
		}
		if !found {
			return false
		}
	}
	return len(r.Recipients) > 0
}

func block(b []byte) header {
	for len(b) > 0 && (b[0] == '\n' || b[0] == '\r') {
		b = b[1:]
	}
	h, _, _ := readHeader(b, 0)
	return h
}

func firstID(s string) string {
	if ids := MessageIDs(s); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// statusLines reads message/delivery-status (RFC 3464): a block about the
// message, then one for each recipient.
func statusLines(b []byte) []ReportLine {
	var list []ReportLine
	for len(list) < maxReport {
		for len(b) > 0 && (b[0] == '\n' || b[0] == '\r') {
			b = b[1:]
		}
		if len(b) == 0 {
			break
		}
		h, next, _ := readHeader(b, 0)
		if next == 0 || len(h) == 0 {
			// A line that is no field: go on behind it.
			if next, _ = line(b, 0); next == 0 {
				break
			}
			b = b[next:]
			continue
		}
		b = b[next:]
		address := typed(h.get("Final-Recipient"))
		if o := typed(h.get("Original-Recipient")); o != "" {
			// What we wrote to, when the mail was passed on from there.
			address = o
		}
		action, _, _ := strings.Cut(strings.ToLower(oneLine(h.get("Action"))), " ")
		l := ReportLine{Address: address, Action: cut(action, 20), Diagnostic: cut(untyped(h.text("Diagnostic-Code")), 1000)}
		l.Status = codeOf(h.get("Status"), l.Diagnostic)
		if l.Action == "" && strings.HasPrefix(l.Status, "5.") {
			l.Action = "failed"
		}
		if l.Address != "" && l.Action != "" {
			list = append(list, l)
		}
	}
	return list
}

var (
	returned = regexp.MustCompile(`(?im)^[> \t]*Message-ID:[ \t]*(<[^<>\s]{3,500}>)`)
	// "<a@b.it>: why", as Postfix, qmail and others write it.
	reasonLine = regexp.MustCompile(`(?m)^[ \t]*<?([^\s<>:;,()"]+@[^\s<>:;,()"]+)>?(?: \([^)\n]{0,200}\))?:?[ \t]*(.*)$`)
)

// typed returns the address of "rfc822; a@b.it".
func typed(v string) string {
	return cleanEmail(untyped(v))
}

func untyped(v string) string {
	if kind, rest, ok := strings.Cut(v, ";"); ok && !strings.ContainsAny(strings.TrimSpace(kind), " @") {
		v = rest
	}
	return strings.TrimSpace(v)
}

// toldInWords finds the recipients of a report that says in words what RFC
// 3464 says in fields, as qmail, Exim and old Exchange servers do. It looks
// only at what a mail system sent.
func (m *reading) toldInWords(root *entity) []ReportLine {
	msg := m.msg
	failed := ParseAddresses(strings.Join(root.header.all("X-Failed-Recipients"), ", "))
	system := daemon.MatchString(msg.From.Email) || msg.From.Email == "" && daemon.MatchString(msg.From.Name) || msg.HasReturnPath && msg.ReturnPath == ""
	if len(failed) == 0 && !(system && bounced.MatchString(msg.Subject)) {
		return nil
	}
	text := cut(msg.Text, maxReportText)
	if text == "" {
		text = cut(stripTags(msg.HTML), maxReportText)
	}
	// Below this line is the mail that came back, with addresses of its own.
	for _, mark := range []string{"--- Below this line is a copy", "------ This is a copy of", "----- Original message", "----- Messaggio originale", "Original message headers:", "Intestazioni del messaggio originale"} {
		if i := strings.Index(text, mark); i >= 0 {
			text = text[:i]
		}
	}
	delayed := strings.Contains(strings.ToLower(msg.Subject), "delay") || strings.Contains(strings.ToLower(msg.Subject), "ritardat") || strings.HasPrefix(strings.ToLower(msg.Subject), "warning")
	var list []ReportLine
	seen := map[string]bool{}
	add := func(address, why string) {
		if address == "" || seen[address] || len(list) >= maxReport || address == msg.From.Email {
			return
		}
		seen[address] = true
		l := ReportLine{Address: address, Action: "failed", Diagnostic: cut(oneLine(why), 1000)}
		if delayed {
			l.Action = "delayed"
		}
		l.Status = codeOf("", l.Diagnostic)
		list = append(list, l)
	}
	spots := reasonLine.FindAllStringSubmatchIndex(text, maxReport)
	for i, s := range spots {
		address := cleanEmail(text[s[2]:s[3]])
		if address == "" {
			continue
		}
		// The reason stands behind the address and in the lines below it, up
		// to the next one.
		end := min(len(text), s[1]+1000)
		if i+1 < len(spots) {
			end = min(end, spots[i+1][0])
		}
		why := text[s[4]:end]
		if para := strings.Index(why, "\n\n"); para > 2 {
			why = why[:para]
		}
		wanted := len(failed) == 0
		for _, f := range failed {
			wanted = wanted || f.Email == address
		}
		if wanted {
			add(address, why)
		}
	}
	for _, f := range failed {
		add(f.Email, text)
	}
	return list
}

// returnedID finds the Message-ID of a mail whose header was copied into the
// words of a report.
func returnedID(text string) string {
	if f := returned.FindStringSubmatch(text); f != nil {
		return firstID(f[1])
	}
	return ""
}

// stripTags returns the words of HTML, enough to search in.
func stripTags(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		end := strings.IndexByte(s[i:], '>')
		if end < 0 {
			s = ""
			break
		}
		b.WriteByte('\n')
		s = s[i+end+1:]
	}
	b.WriteString(s)
	return b.String()
}
