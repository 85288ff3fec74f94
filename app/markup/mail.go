package markup

import (
	"html/template"
	"regexp"
	"strings"
)

// FromMail turns the body of a mail into a message: own is what its sender
// wrote now, rest what they quoted, their signature and what their office puts
// under every mail. No word is lost between the two. The HTML is taken when it
// says anything, and becomes Markdown; else both are the plain text, line by
// line as it was typed. own is only empty when the mail has no text.
func FromMail(text, html string) (own, rest string, markdown bool) {
	if len(html) > MaxHTML {
		// Nobody writes that; what can be read of it still is.
		if strings.TrimSpace(text) == "" {
			text = htmlText(Clean(html))
		}
		html = ""
	}
	if html != "" {
		if own, rest = fromHTML(Clean(html)); own != "" {
			return own, rest, true
		}
	}
	own, rest = fromText(Clean(text))
	return own, rest, false
}

// fromText cuts plain text. Blank lines at the ends of what it cuts go.
func fromText(text string) (own, rest string) {
	var mine, theirs []string
	for _, p := range Split(text) {
		if p.Quoted {
			theirs = append(theirs, p.Text)
		} else if strings.TrimSpace(p.Text) != "" {
			mine = append(mine, p.Text)
		}
	}
	if len(mine) == 0 {
		mine, theirs = theirs, nil
	}
	return cutSignature(strings.Join(mine, "\n\n"), strings.Join(theirs, "\n\n"))
}

// cutSignature moves a signature, and what stands below it, from own to rest.
func cutSignature(own, rest string) (string, string) {
	own, rest = strings.Trim(own, "\n"), strings.Trim(rest, "\n")
	lines := strings.Split(own, "\n")
	at := signatureAt(lines)
	if at < 0 {
		return own, rest
	}
	signature := strings.Trim(strings.Join(lines[at:], "\n"), "\n")
	own = strings.TrimRight(strings.Join(lines[:at], "\n"), "\n ")
	if rest != "" {
		signature += "\n\n"
	}
	return own, signature + rest
}

// How long what is folded may be. A longer end of a mail is a part of it,
// whatever its first line looks like.
const (
	maxSignature  = 25 // lines below "-- "
	maxDisclaimer = 60
)

var (
	deviceLine = regexp.MustCompile(`(?i)^\W{0,4}(inviato (da|dal|con|tramite) (il mio |un |mio )?(iphone|ipad|smartphone|cellulare|telefono|dispositivo|tablet|samsung|huawei|xiaomi|galaxy|android|blackberry|outlook|posta|libero|yahoo|gmail|windows|mail|tiscali|proton|thunderbird|posta elettronica)|` +
		`(ottieni|scarica|get) \[?outlook (per|for)|sent (from|with|via) (my |an? |the )?(iphone|ipad|android|samsung|galaxy|mobile|smartphone|phone|blackberry|outlook|mail|yahoo|windows|huawei|xiaomi|proton|gmail|thunderbird)|` +
		`von meinem .{2,30} gesendet|gesendet von|envoyé (de|depuis)|enviado desde)`)
	disclaimerLine = regexp.MustCompile(`(?i)^\W{0,6}((avviso|clausola|nota|informativa) (di |sulla |legale|privacy)|le informazioni contenute (in|nel)|(il presente|questo|questa|la presente) (messaggio|e-?mail|comunicazione|documento|posta)[^.]{0,80}(riserva|confidenzial|destinat|contien|contener|allegat|informazion)|` +
		`ai sensi (e per gli effetti )?(del|della|dell'|degli|dell’)[^.]{0,60}(d\.? ?lgs|decreto|regolamento|gdpr|2016/679|196/2003|privacy)|informativa (sulla )?privacy|(d\.? ?lgs\.?|regolamento) ?(ue )?[^.]{0,20}(196/2003|2016/679)|` +
		`this (e-?mail|message|communication|transmission)[^.]{0,100}(confidential|intended|privileged)|the information (contained )?in this|confidentiality (notice|note)|disclaimer\b|privileged (and|/) ?confidential|` +
		`(prima di stampare|rispetta l'ambiente|rispetta l’ambiente|salva un albero|please consider the environment|before printing|think before you print)|diese (e-?mail|nachricht) enthält|ce (message|courriel)[^.]{0,60}confidentiel|(dona|destina) il (tuo )?5 ?(x|per) ?mille)`)
)

// signatureAt returns the line where a signature begins, or what devices and
// offices write below one, -1 if there is none with something above it.
func signatureAt(lines []string) int {
	written := -1
	for i, l := range lines {
		if s := strings.TrimSpace(l); s != "" && !isDashes(s) {
			written = i
			break
		}
	}
	if written < 0 {
		return -1
	}
	for i := written + 1; i < len(lines); i++ {
		s := strings.TrimSpace(lines[i])
		if s == "" || len(s) > 2000 && len(lines)-i > maxDisclaimer {
			continue
		}
		left := len(lines) - i
		switch head := cutRunes(s, 300); {
		case s == "--" && left <= maxSignature:
			return i
		case left <= maxSignature && len(s) < 200 && deviceLine.MatchString(head):
			return i
		case left <= maxDisclaimer && disclaimerLine.MatchString(head):
			return ruleAbove(lines, i, written)
		}
	}
	return -1
}

// ruleAbove returns the line of a rule that belongs to what begins at i, else
// i.
func ruleAbove(lines []string, i, written int) int {
	for k := i - 1; k > written && k >= i-2; k-- {
		s := strings.TrimSpace(lines[k])
		if s == "" {
			continue
		}
		if len(s) >= 3 && isDashes(s) {
			return k
		}
		break
	}
	return i
}

// isDashes tells a line of dashes, stars or underscores, escaped or not.
func isDashes(s string) bool { return strings.Trim(s, `\-_*=`) == "" }

// escapeLine makes Markdown that shows a line as it was typed. One that begins
// with ">" stays a quote.
func escapeLine(l string) string {
	var b strings.Builder
	l = strings.TrimRight(l, " \t\u00a0")
	// The marks of a quote, as deep as quotes are shown.
	for depth := 0; ; depth++ {
		t := strings.TrimLeft(l, " ")
		if len(l)-len(t) > 3 || !strings.HasPrefix(t, ">") {
			break
		}
		if l = t[1:]; depth < maxNesting {
			b.WriteString("> ")
		}
		l = strings.TrimPrefix(l, " ")
	}
	// Four spaces would begin code; spaces that do not break keep the place.
	body := strings.TrimLeft(l, " \t")
	if indent := l[:len(l)-len(body)]; strings.Contains(indent, "\t") || len(indent) > 3 {
		b.WriteString(strings.Repeat("\u00a0", min(len(strings.ReplaceAll(indent, "\t", "    ")), 40)))
	} else {
		b.WriteString(indent)
	}
	first, after, more := strings.Cut(body, " ")
	b.WriteString(escapeFirst(first))
	if more {
		b.WriteByte(' ')
		escapeInto(&b, after)
	}
	return b.String()
}

var listMark = regexp.MustCompile(`^[0-9]{1,9}[.)]$`)

// escapeFirst escapes the first word of a line, which may be the mark of a
// list, a heading or a rule.
func escapeFirst(w string) string {
	switch {
	case w == "":
		return ""
	case listMark.MatchString(w):
		return w[:len(w)-1] + `\` + w[len(w)-1:]
	case w == "+" || w == "-" || strings.Trim(w, "#") == "":
		return `\` + w
	case len(w) >= 5 && strings.Trim(w, "_") == "":
		// A rule, as Outlook puts above the message it answers.
		return w
	}
	var b strings.Builder
	escapeInto(&b, w)
	return b.String()
}

// escapeInto writes text so that no character in it is Markdown. Addresses of
// pages stay whole, for they become links.
func escapeInto(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case 'h', 'H', 'w', 'W':
			if i == 0 || !wordByte(s[i-1]) {
				if n := matchURL([]byte(s[i:min(len(s), i+maxAddress)])); n > 0 {
					b.WriteString(s[i : i+n])
					i += n - 1
					continue
				}
			}
		case '\\', '`', '*', '[', ']', '<', '~', '&', '|':
			b.WriteByte('\\')
		case '_':
			if i == 0 || i == len(s)-1 || !wordByte(s[i-1]) || !wordByte(s[i+1]) {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(c)
	}
}

// MailView says where the pictures of a mail are.
type MailView struct {
	// Picture returns the address of the inline picture of a Content-ID, a
	// path of this desk; "" when there is none. It may be nil.
	Picture func(cid string) string
	Remote  bool // load pictures from elsewhere
}

// MailHTML returns the HTML of a mail so that it may stand in a page, with
// everything its sender wrote: the same elements and attributes as an
// article, so no style, class, id or form. Inline pictures lead to where
// Picture says; pictures from elsewhere leave their alternative text unless
// Remote is set. Backgrounds and other ways to load something are always
// left out.
func MailHTML(html string, o MailView) template.HTML {
	html = Clean(html)
	if len(html) > MaxHTML {
		return template.HTML(textHTML(htmlText(html))) // #nosec G203 -- textHTML escapes
	}
	t := tidy{view: &o}
	t.run(html)
	t.level()
	return template.HTML(policy.Sanitize(string(t.out))) // #nosec G203 -- the policy is what makes it safe
}
