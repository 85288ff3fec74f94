package mail

import (
	"bytes"
	"cmp"
	"html"
	"regexp"
	"strings"
)

// maxReport limits the recipients of a report, and the bytes that are searched when it has no machine-readable part.
const (
	maxReport     = 100
	maxReportText = 64 << 10
)

// report reads what a message says about the delivery of another one.
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
	disposition := root.kind == "multipart/report" && strings.EqualFold(root.params["report-type"], "disposition-notification")
	feedback := m.feedback(root)
	isReport := root.kind == "multipart/report" && !disposition && !feedback || m.saysReturned()
	if len(r.Recipients) == 0 && !feedback {
		r.Recipients = m.toldInWords(root, isReport)
	}
	if len(r.Recipients) == 0 && !isReport && !(disposition && original != "") && !(feedback && m.msg.From.Email == "") {
		return
	}
	if original == "" {
		original = returnedID(cut(cmp.Or(m.msg.Text, stripTags(cut(m.msg.HTML, 1<<20))), 1<<20))
	}
	// Reports about a message are answers to it.
	if original == "" && len(m.msg.InReplyTo) > 0 {
		original = m.msg.InReplyTo[0]
	}
	if original == "" && len(m.msg.References) > 0 {
		original = m.msg.References[len(m.msg.References)-1]
	}
	r.Original = original
	for _, l := range r.Recipients {
		r.Hard = r.Hard || l.Verdict() == Hard
	}
	m.msg.Report = &r
}

// feedback reports whether a message is an abuse report (RFC 5965).
func (m *reading) feedback(root *entity) bool {
	if root.kind == "multipart/report" && strings.EqualFold(root.params["report-type"], "feedback-report") {
		return true
	}
	for _, p := range m.msg.Parts {
		if p.Type == "message/feedback-report" {
			return true
		}
	}
	return false
}

// fromSystem reports whether the sender is a mail system, by its address or its name.
func (m *reading) fromSystem() bool {
	msg := m.msg
	if msg.From.Email != "" {
		return daemon.MatchString(msg.From.Email) || daemonName.MatchString(msg.From.Name)
	}
	name := strings.Trim(msg.From.Name, `<>"' `)
	return daemon.MatchString(name) || daemonName.MatchString(name)
}

// saysReturned reports whether a mail system says that a mail did not arrive. The words of the subject alone are not
// enough, because people write them too. A postmaster counts as a person, unless nobody could answer.
func (m *reading) saysReturned() bool {
	msg := m.msg
	nobody := msg.HasReturnPath && msg.ReturnPath == ""
	system := m.fromSystem() || msg.From.Email+msg.Sender.Email+msg.ReturnPath == ""
	switch {
	case system && nobody:
		return true
	case !system && !nobody || OutOfOfficeSubject(msg.Subject):
		return false
	case bounced.MatchString(msg.Subject):
		return true
	}
	person := strings.HasPrefix(msg.From.Email, "postmaster") && msg.ReturnPath != ""
	return system && !person && returning.MatchString(msg.Subject)
}

// only reports whether each recipient has one of these actions.
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

// statusLines parses message/delivery-status (RFC 3464): a block about the message, then one for each recipient.
func statusLines(b []byte) []ReportLine {
	var list []ReportLine
	b = blankLine.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), nil) // lines of blanks between recipients count as empty
	for len(list) < maxReport {
		for len(b) > 0 && (b[0] == '\n' || b[0] == '\r') {
			b = b[1:]
		}
		if len(b) == 0 {
			break
		}
		h, next, _ := readHeader(b, 0)
		if next == 0 || len(h) == 0 {
			// A line that is not a field: continue after it.
			if next, _ = line(b, 0); next == 0 {
				break
			}
			b = b[next:]
			continue
		}
		b = b[next:]
		address := typed(h.get("Final-Recipient"))
		if o := typed(h.get("Original-Recipient")); o != "" {
			// The address we wrote to, when the mail was forwarded from there.
			address = o
		}
		if address == "" {
			address = typed(h.get("X-Actual-Recipient"))
		}
		action, _, _ := strings.Cut(strings.ToLower(oneLine(h.get("Action"))), " ")
		l := ReportLine{Address: address, Action: cut(action, 20), Diagnostic: cut(untyped(h.text("Diagnostic-Code")), 1000)}
		l.Status = codeOf(h.get("Status"), l.Diagnostic)
		switch {
		case l.Action == "" && strings.HasPrefix(l.Status, "5."):
			l.Action = "failed"
		case l.Action == "" && strings.HasPrefix(l.Status, "4."):
			l.Action = "delayed"
		}
		if l.Address != "" && l.Action != "" {
			list = append(list, l)
		}
	}
	return list
}

var (
	blankLine = regexp.MustCompile(`(?m)^[ \t]+$`)
	returned  = regexp.MustCompile(`(?im)^[> \t]*Message-ID:[ \t]*(<[^<>\s]{3,500}>)`)
	// "<a@b.it>: why", as Postfix, qmail, GMX and others write it.
	reasonLine = regexp.MustCompile(`(?m)^[ \t>*]*(?:[0-9]{3}[ -](?:[245]\.[0-9]+\.[0-9]+ )?)?[<"'\[]{0,2}(` + anAddress + `)[>"'\]]{0,2}((?: ?\([^)\n]{0,200}\))?(?:(?::|\.\.\.|[ \t]).*)?)$`)
	// "Unknown user: a@b.it", "RCPT TO:<a@b.it>", "your mail to a@b.it": what
	// IMail, dma, EZweb, Domino, James and many a remote server say.
	namedIn = regexp.MustCompile(`(?im)\b(?:rcpt to|(?:failed |final |original )?recipients?(?: address)?|unknown user|user unknown|user|mailbox|account|address|utente|casella|destinatario|indirizzo|` +
		`(?:deliver(?:y|ed|ing|able)?|consegna\w*|recapita\w*|send|sent)\b[^\n@]{0,60}\b(?:to|for|at|a|ad)|exceeds allowed size|(?:message|mail|messaggio) (?:to|for|per|a))\b[ \t]*:?(?:[ \t]+[\w.\-]{1,40}[ \t(]+|[ \t]*)[<"'(\[]{0,2}(` + anAddress + `)()`)
	anyAddress = regexp.MustCompile(`(?:^|[\s<"'(\[:])(` + anAddress + `)()`)
	// Below such a line is the returned mail, which contains addresses of its own.
	cameBack = regexp.MustCompile(`(?im)^[ \t>*=_\-]*(?:below this line is a copy|this is a copy of|original message|messaggio originale|(?:the )?(?:original |unsent |returned |failed )?(?:message|e-?mail|header)s?\b[^\n]{0,60}\bfollow(?:s|ing)?[ .:*=_\-]*$|` +
		`unsent message|returned message|message header|intestazioni del messaggio originale|received: (?:from|by|\()|return-path: ?<|message-id: ?<)`)
	// Recipients follow such a line.
	goesOn = regexp.MustCompile(`(?i)\b(?:to|for|by|of|with|reach(?:ed|ing)?|from) (?:all |each |any )?(?:of )?the following\b`)
	// A server that says so retries automatically.
	goesOnTrying = regexp.MustCompile(`(?i)delivery attempts will continue|will (?:be retried|continue to (?:try|be)|keep trying|try again|retry)|still being retried|do(?: not|n't) need to re-?send|no action is required on your part|this is a warning message only|continuer[aà] a tentare|tenter[aà] ancora`)
	delaying     = regexp.MustCompile(`(?i)delay|ritard|^warning`)
)

// anAddress matches an address among words.
const anAddress = `[^\s<>:;,()"'\[\]|]+@[^\s<>:;,()"'\[\]|@]+`

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

// toldInWords finds the recipients of a report that says in words what RFC 3464 puts into fields, as qmail, Exim and
// old Exchange servers write them. It examines only mail sent by a mail system.
func (m *reading) toldInWords(root *entity, isReport bool) []ReportLine {
	msg := m.msg
	failed := ParseAddresses(strings.Join(root.header.all("X-Failed-Recipients"), ", "))
	if len(failed) == 0 && !isReport {
		return nil
	}
	text := msg.said()
	delayed := delaying.MatchString(msg.Subject) || goesOnTrying.MatchString(text)
	var list []ReportLine
	seen := map[string]bool{msg.From.Email: true}
	if len(failed) == 0 {
		// The recipients of the report are not its subject.
		for _, a := range append(msg.To, msg.Cc...) {
			seen[a.Email] = true
		}
	}
	add := func(address, why string) {
		if address == "" || seen[address] || len(list) >= maxReport || daemon.MatchString(address) {
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
	wanted := func(address string) bool {
		for _, f := range failed {
			if f.Email == address {
				return true
			}
		}
		return len(failed) == 0
	}
	for _, how := range []*regexp.Regexp{reasonLine, namedIn, anyAddress} {
		var order []string
		reasons := map[string]string{}
		spots := how.FindAllStringSubmatchIndex(text, maxReport)
		for i, s := range spots {
			address := cleanEmail(strings.TrimRight(text[s[2]:s[3]], "."))
			if address == "" || !wanted(address) {
				continue
			}
			why := text[max(0, s[0]-300):min(len(text), s[1]+700)] // it may also precede the address
			if how == reasonLine {
				// It follows the address, precedes it as a code, or is in the lines below, up to the next address.
				end := min(len(text), s[1]+1000)
				if i+1 < len(spots) {
					end = min(end, spots[i+1][0])
				}
				why = strings.TrimLeft(text[s[4]:end], ":. \t")
				if para := strings.Index(why, "\n\n"); para > 2 {
					why = why[:para]
				}
				if code := strings.Trim(text[s[0]:s[2]], " \t\n>*<\"'["); code != "" {
					why = code + " " + why
				}
			}
			if _, have := reasons[address]; !have {
				order = append(order, address)
			}
			if len(reasons[address]) < 1000 {
				reasons[address] += why + "\n"
			}
		}
		for _, address := range order {
			why := reasons[address]
			if len(order) == 1 && codeOf("", why) == "" && Judge("", why) == Soft {
				why += text // with one recipient, everything is about them
			}
			add(address, why)
		}
		if len(list) > 0 {
			break
		}
	}
	for _, f := range failed {
		add(f.Email, text)
	}
	return list
}

// said returns the text of a report before the returned mail.
func (m *Message) said() string {
	text := cut(m.Text, maxReportText)
	if text == "" {
		text = html.UnescapeString(cut(stripTags(m.HTML), maxReportText))
	}
	for _, at := range cameBack.FindAllStringIndex(text, maxReport) {
		if !goesOn.MatchString(text[at[0]:at[1]]) {
			return text[:at[0]]
		}
	}
	return text
}

// Told returns what a report without recipients says about the one address to which its mail was sent.
func (m *Message) Told(address string) ReportLine {
	text := m.said()
	l := ReportLine{Address: address, Action: "failed", Status: codeOf("", text), Diagnostic: cut(oneLine(text), 1000)}
	if delaying.MatchString(m.Subject) || goesOnTrying.MatchString(text) {
		l.Action = "delayed"
	}
	return l
}

// returnedID finds the Message-ID of a mail whose header was copied into the text of a report.
func returnedID(text string) string {
	if f := returned.FindStringSubmatch(text); f != nil {
		return firstID(f[1])
	}
	return ""
}

// stripTags returns the words of HTML, for searching.
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
