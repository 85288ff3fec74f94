package mail

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// largeRead is how many bytes are examined of a message above MaxParse.
const largeRead = 1 << 20

// Read parses one message of size bytes. It never fails because of the content: what cannot be parsed is left out and
// named in Problem, and the caller keeps the original. With any Problem but Broken, Text is what was found and Parts is
// empty, because an incomplete list would look complete. The error says only that r could not be read.
func Read(r io.ReaderAt, size int64, o Options) (*Message, error) {
	limit := o.MaxParse
	if limit <= 0 {
		limit = DefaultMaxParse
	}
	n := size
	if size > limit {
		n = min(limit, largeRead)
	}
	data := make([]byte, max(n, 0))
	got, err := r.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("mail: read message: %w", err)
	}
	if int64(got) < n {
		return nil, fmt.Errorf("mail: read message: %d bytes of %d: %w", got, n, io.ErrUnexpectedEOF)
	}
	problem := ""
	if size > limit {
		problem = TooLarge
	}
	return understand(unixLines(data), o, problem, 0), nil
}

// maxWrapped limits how deep messages inside messages are opened: PEC envelopes, signed data, winmail.dat.
const maxWrapped = 3

// reading is a message being parsed.
type reading struct {
	data     []byte
	o        Options
	wrapped  int // number of opened messages around this one
	msg      *Message
	segments []segment
	kept     int // bytes in Parts, for the tests
}

// segment is a passage of the body, in one form or two.
type segment struct{ plain, html string }

func understand(data []byte, o Options, problem string, wrapped int) *Message {
	s := scanMessage(data)
	m := &reading{data: data, o: o, wrapped: wrapped, msg: &Message{Problem: problem}}
	m.headers(s.root.header)
	if s.problem != "" && problem == "" {
		m.msg.Problem = s.problem
	}
	if m.msg.Problem == "" && wrapped == 0 {
		if inner := m.openPEC(s.root); inner != nil {
			return inner
		}
	}
	if wrapped == 0 {
		defer m.carry(s.root)
	}
	m.walk(s.root, place{})
	m.settle()
	if m.msg.Problem == "" && len(s.root.header) == 0 {
		m.msg.Problem = Broken
	}
	m.judge(s.root)
	if p := m.msg.Problem; p != "" && p != Broken {
		m.msg.Parts = nil
	}
	return m.msg
}

// headers reads what only the header of a message contains.
func (m *reading) headers(h header) {
	msg := m.msg
	if ids := MessageIDs(h.get("Message-ID")); len(ids) > 0 {
		msg.MessageID = ids[0]
	}
	msg.InReplyTo = MessageIDs(h.get("In-Reply-To"))
	msg.References = MessageIDs(strings.Join(h.all("References"), " "))
	if from := ParseAddresses(h.get("From")); len(from) > 0 {
		msg.From = from[0]
	} else {
		msg.From.Name = cut(h.text("From"), maxName)
	}
	if sender := ParseAddresses(h.get("Sender")); len(sender) > 0 {
		msg.Sender = sender[0]
	}
	msg.ReplyTo = ParseAddresses(h.get("Reply-To"))
	msg.To = ParseAddresses(strings.Join(h.all("To"), ", "))
	msg.Cc = ParseAddresses(strings.Join(h.all("Cc"), ", "))
	msg.Delivered, msg.Arrived = delivered(h), arrived(h)
	if msg.HasReturnPath = h.has("Return-Path"); msg.HasReturnPath {
		if a := ParseAddresses(h.get("Return-Path")); len(a) > 0 {
			msg.ReturnPath = a[0].Email
		}
	}
	msg.Subject = cut(h.text("Subject"), maxSubject)
	msg.Date = parseDate(h.get("Date"), m.o.Now)
	if lang, _, _ := strings.Cut(h.get("Content-Language"), ","); lang != "" {
		lang, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(lang)), "-")
		if language.MatchString(lang) {
			msg.Language = lang
		}
	}
	for _, v := range h.all("X-Sportello-Desk") {
		if v = cut(oneLine(v), 200); v != "" && len(msg.Desk) < 100 {
			msg.Desk = append(msg.Desk, v)
		}
	}
}

// maxSubject is the maximum length of a subject that is kept.
const maxSubject = 2000

var (
	language    = regexp.MustCompile(`^[a-z]{2,3}$`)
	receivedFor = regexp.MustCompile(`(?i)\bfor\s+<?([^\s<>;()]+@[^\s<>;()]+)>?`)
)

// maxReceived limits how many Received fields are examined.
const maxReceived = 100

func delivered(h header) []string {
	var list []string
	seen := map[string]bool{}
	add := func(v string) {
		for _, a := range ParseAddresses(v) {
			if !seen[a.Email] && len(list) < maxReceived {
				seen[a.Email] = true
				list = append(list, a.Email)
			}
		}
	}
	for _, name := range deliveredFields {
		for _, v := range h.all(name) {
			add(v)
		}
	}
	for i, v := range h.all("Received") {
		if i >= maxReceived {
			break
		}
		if f := receivedFor.FindStringSubmatch(cut(v, 2000)); f != nil {
			add(f[1])
		}
	}
	return list
}

// deliveredFields are the fields in which mail servers record the recipient at delivery.
var deliveredFields = []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To"}

// arrived returns the addresses above the first Received field. Without such a field it returns none, because the
// sender may have written all of them.
func arrived(h header) (list []string) {
	for i, f := range h {
		switch {
		case strings.EqualFold(f.name, "Received"):
			return list
		case i < maxReceived && slices.ContainsFunc(deliveredFields, func(name string) bool { return strings.EqualFold(name, f.name) }):
			for _, a := range ParseAddresses(f.value) {
				list = append(list, a.Email)
			}
		}
	}
	return nil
}

var (
	dateComment = regexp.MustCompile(`\(([^()]*)\)`)
	dateLayouts = []string{
		"2 Jan 2006 15:04:05 -0700", "2 Jan 06 15:04:05 -0700", "2 Jan 2006 15:04 -0700", "2 Jan 06 15:04 -0700", "2 January 2006 15:04:05 -0700", "2 January 2006 15:04 -0700",
		"2-Jan-2006 15:04:05 -0700", "2-Jan-06 15:04:05 -0700", "2-Jan-2006 15:04 -0700", "Jan 2 15:04:05 2006 -0700", "Jan 2 15:04 2006 -0700", "Jan 2 2006 15:04:05 -0700", "January 2 2006 15:04:05 -0700",
		"2006-01-02 15:04:05 -0700", "2006-01-02 15:04 -0700", "2006-01-02T15:04:05 -0700",
	}
	// zones are the names that programs write instead of an offset, in minutes.
	zones = map[string]int{
		"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MET": 60, "CEST": 120, "MEST": 120, "MESZ": 120, "MEZ": 60, "EET": 120, "EEST": 180, "MSK": 180,
		"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "JST": 540, "KST": 540,
	}
	zoneName   = regexp.MustCompile(`^[A-Za-z]{1,5}$`)
	zoneOffset = regexp.MustCompile(`^(?:GMT|UTC|UT)?([+-])(\d{1,2}?):?(\d\d)?$`)
)

// offsetOf returns the offset that a word of a date stands for, "" for other words. Under RFC 5322 unknown letters mean
// that the zone is unknown.
func offsetOf(word string) string {
	if m := zoneOffset.FindStringSubmatch(word); m != nil {
		hours, minutes := m[2], m[3]
		if minutes == "" {
			minutes = "00"
		}
		return m[1] + strings.Repeat("0", 2-len(hours)) + hours + minutes
	}
	if !zoneName.MatchString(word) {
		return ""
	}
	minutes := zones[strings.ToUpper(word)]
	sign := '+'
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%c%02d%02d", sign, minutes/60, minutes%60)
}

// parseDate parses a date as RFC 5322 defines it and as programs write it. It returns the zero time for a date before
// 1980 or more than two days after now. Without a zone it assumes UTC.
func parseDate(s string, now time.Time) time.Time {
	s = cut(s, 200)
	if t, err := time.Parse(time.RFC3339, strings.TrimSpace(s)); err == nil {
		return sensible(t, now)
	}
	beside := ""
	if m := dateComment.FindStringSubmatch(s); m != nil {
		beside = strings.ToUpper(strings.TrimSpace(m[1]))
	}
	s = dateComment.ReplaceAllString(s, " ")
	if i := strings.IndexByte(s, ','); i >= 0 && i < 12 {
		s = s[i+1:]
	}
	words := strings.Fields(s)
	if len(words) > 0 && len(words[0]) >= 3 && slices.ContainsFunc(weekdays, func(day string) bool { return strings.EqualFold(day, words[0][:3]) }) {
		words = words[1:]
	}
	// The zone follows the time, or stands between it and the year. A number takes precedence over a name.
	zone, clock := "", false
	for i := 0; i < len(words); i++ {
		if strings.Count(words[i], ":")+strings.Count(words[i], ".") > 0 && !strings.ContainsAny(words[i], "+-") {
			clock = true
			words[i] = strings.ReplaceAll(words[i], ".", ":")
			continue
		}
		z := offsetOf(words[i])
		if !clock || z == "" {
			continue
		}
		if zone == "" || !zoneName.MatchString(words[i]) {
			zone = z
		}
		words = slices.Delete(words, i, i+1)
		i--
	}
	if _, known := zones[beside]; zone == "" && known {
		zone = offsetOf(beside)
	}
	s = strings.ReplaceAll(strings.Join(words, " "), ",", "") + " " + cmp.Or(zone, "+0000")
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return sensible(t, now)
		}
	}
	return time.Time{}
}

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func sensible(t, now time.Time) time.Time {
	if t.Year() < 1980 || t.After(now.Add(48*time.Hour)) {
		return time.Time{}
	}
	return t
}

// keepSpaces preserves the lines and columns of plain text in HTML.
var keepSpaces = strings.NewReplacer("\n ", "<br>\n\u00a0", "\n", "<br>\n", "  ", "\u00a0 ", "\t", "\u00a0\u00a0\u00a0\u00a0")

// settle joins the passages that were found into text and HTML. If there is any HTML, it is complete: passages that
// exist only as plain text are added to it as typed.
func (m *reading) settle() {
	var text, rich strings.Builder
	hasHTML := false
	for _, s := range m.segments {
		hasHTML = hasHTML || s.html != ""
	}
	for _, s := range m.segments {
		if s.plain != "" {
			if text.Len() > 0 {
				text.WriteString("\n\n")
			}
			text.WriteString(strings.TrimRight(s.plain, "\n"))
		}
		switch {
		case s.html != "":
			rich.WriteString(s.html)
		case hasHTML:
			rich.WriteString("<div>" + keepSpaces.Replace(html.EscapeString(strings.Trim(s.plain, "\n"))) + "</div>\n")
		}
	}
	m.msg.Text, m.msg.HTML = strings.Trim(text.String(), "\n"), rich.String()
	if strings.TrimSpace(m.msg.Text) == "" {
		m.msg.Text = ""
	}
	if m.msg.Text == "" && m.msg.HTML == "" {
		for _, ev := range m.msg.Calendar {
			m.msg.Text = strings.TrimLeft(m.msg.Text+"\n\n"+ev.text(), "\n")
		}
	}
	m.pictures()
	m.pgpText()
}

// pgpText detects OpenPGP armour in the text.
func (m *reading) pgpText() {
	head := strings.TrimLeft(cut(m.msg.Text, 4096), "\n ")
	switch {
	case strings.HasPrefix(head, "-----BEGIN PGP MESSAGE-----") && m.msg.Encrypted == "":
		m.msg.Encrypted = "pgp"
	case strings.HasPrefix(head, "-----BEGIN PGP SIGNED MESSAGE-----") && m.msg.Signed == "":
		m.msg.Signed = "pgp"
	}
}

// pictures marks the parts that the HTML shows.
func (m *reading) pictures() {
	shown := map[string]bool{}
	low := strings.ToLower(m.msg.HTML)
	for {
		i := strings.Index(low, "cid:")
		if i < 0 {
			break
		}
		low = low[i+4:]
		end := strings.IndexAny(low[:min(len(low), maxID)], "\"'<> )\t\n")
		if end < 0 {
			end = min(len(low), maxID)
		}
		id := html.UnescapeString(low[:end])
		shown[id] = true
		shown[string(unpercent(id))] = true
	}
	for i := range m.msg.Parts {
		p := &m.msg.Parts[i]
		if p.Role == RoleFile && p.ContentID != "" && strings.HasPrefix(p.Type, "image/") && shown[strings.ToLower(p.ContentID)] {
			p.Role, p.Inline = RolePicture, true
		}
	}
}
